-- What happened to the parcels of one order, the newest first.
SELECT e.at, e.kind, e.carrier
FROM shipment_events AS e
WHERE e.shop_id = $shop_id AND e.order_id = $order_id
ORDER BY e.at DESC, e.kind

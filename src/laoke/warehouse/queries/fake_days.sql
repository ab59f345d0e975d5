-- The days of placing whose orders an import after $import_id brought or changed: the orders themselves, or what is known
-- of their parcels and refunds. Null when there are none.
SELECT min(o.created_day) AS first_day, max(o.created_day) AS last_day
FROM orders AS o
WHERE o.shop_id = $shop_id AND (
  o.import_id > $import_id
  OR o.order_id IN (
    SELECT order_id FROM shipment_events WHERE shop_id = $shop_id AND import_id > $import_id
    UNION
    SELECT order_id FROM refunds WHERE shop_id = $shop_id AND import_id > $import_id
  )
)

-- Orders of a period that tell no price of one item: their lines are not known and they hold more than one piece.
SELECT count(*) AS orders
FROM orders_counted AS o
WHERE o.shop_id = $shop_id AND o.paid_day BETWEEN $from_day AND $to_day AND o.item_count <> 1
  AND NOT EXISTS (SELECT 1 FROM order_lines AS l WHERE l.shop_id = o.shop_id AND l.order_id = o.order_id)

-- The customers who are expected to bring most within the next 365 days.
SELECT person_id, p_alive, orders_365, orders_365_low, orders_365_high, spend_365, spend_365_low, spend_365_high
FROM customer_value
WHERE shop_id = $shop_id
ORDER BY spend_365 DESC, person_id
LIMIT $page_rows

-- What one person is expected to buy, from the newest day on which values were computed.
SELECT * FROM customer_value
WHERE shop_id = $shop_id AND person_id = $person_id

-- Everything the features say of one person, for every day kept, the newest first.
SELECT * FROM customer_features
WHERE shop_id = $shop_id AND person_id = $person_id
ORDER BY as_of_day DESC

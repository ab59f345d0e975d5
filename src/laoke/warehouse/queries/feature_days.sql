-- The days for which a shop's customer_features are kept: today and month ends, newest first.
SELECT DISTINCT as_of_day
FROM customer_features
WHERE shop_id = $shop_id AND as_of_day <= $to_day
ORDER BY as_of_day DESC

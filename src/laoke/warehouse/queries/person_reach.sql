-- By channel whether a person can be reached, why not, and what they were sent: from the mirror. Whose rows are wanted is
-- said by a statement around it. A person about whom nothing was decided has no row.
SELECT person_id, channel, reachable, reason, last_marketing_day, touches_7, touches_30
FROM customer_reach
WHERE shop_id = $shop_id

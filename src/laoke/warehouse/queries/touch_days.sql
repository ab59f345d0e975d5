-- Messages by day from $from_day to $to_day whose state is in a list as ',sending,delivered,': those that may have reached
-- their person, say.
SELECT day, count(*) AS messages
FROM touches
WHERE shop_id = $shop_id AND day BETWEEN $from_day AND $to_day AND contains($states, concat(',', state, ','))
GROUP BY day
ORDER BY day

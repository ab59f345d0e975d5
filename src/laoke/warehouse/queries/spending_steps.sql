-- How much persons of each stage of life spend a purchase, in steps: net money per purchase day up to now, from step 0 (below
-- $step_1, in cents) to step 6 (from $step_6 on), with persons and net money, as of one day. What offers take their steps from.
WITH per_person AS (
  SELECT lifecycle, net_cents, net_cents // orders AS each_cents
  FROM customer_features
  WHERE shop_id = $shop_id AND as_of_day = $as_of_day AND orders > 0
),
stepped AS (
  SELECT
    lifecycle, net_cents,
    CASE
      WHEN each_cents >= $step_6 THEN 6 WHEN each_cents >= $step_5 THEN 5 WHEN each_cents >= $step_4 THEN 4
      WHEN each_cents >= $step_3 THEN 3 WHEN each_cents >= $step_2 THEN 2 WHEN each_cents >= $step_1 THEN 1
      ELSE 0
    END AS step
  FROM per_person
)
SELECT lifecycle, step, count(*) AS persons, CAST(sum(net_cents) AS BIGINT) AS net_cents
FROM stepped
GROUP BY lifecycle, step
ORDER BY lifecycle, step

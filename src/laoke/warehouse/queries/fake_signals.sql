-- Signals of fake orders, one row per paid order that carries enough of them, with what was found as numbers.
-- Orders placed from $from_day to $to_day are judged; two days on either side are read with them, because a window of
-- an hour or a day may begin before or end after. A signal that was not found is null (or false). Windows end at any
-- moment and hold what was placed within 3,600 or 86,400 seconds up to it; an order counts the fullest one it lies in.
-- Distinct buyers of a moving window, in one pass: an order adds a buyer when it is placed, and takes it away when the
-- window leaves it or the same buyer orders again, whichever is sooner. Buyers are persons. Only rows whose points
-- ($p_…), $elsewhere for what is not asked here included, reach $floor come back; who asks adds them up. $flags is
-- ',4,5,' of memo flags that the shop uses for such orders, or ''.
WITH placed AS (
  SELECT
    o.order_id, coalesce(m.person_id, o.customer_id) AS person_id, o.titles, o.month, o.created_day,
    concat(o.province, ' ', o.city, ' ', o.district) AS place, o.district,
    CAST(o.created_day AS BIGINT) * 86400 + CAST(o.created_hour AS BIGINT) * 3600
      + CAST(extract(minute FROM o.created_at) AS BIGINT) * 60 + CAST(extract(second FROM o.created_at) AS BIGINT) AS secs
  FROM orders AS o
  LEFT JOIN person_map AS m ON m.shop_id = o.shop_id AND m.customer_id = o.customer_id
  WHERE o.shop_id = $shop_id AND o.paid_at IS NOT NULL AND o.customer_id IS NOT NULL
    AND o.created_day BETWEEN $from_day - 2 AND $to_day + 2
),
-- One hour: of the whole shop (kind 0), of the same goods (1), of the same goods to the same district (2).
members AS (
  SELECT 0 AS kind, '' AS goods, '' AS place, order_id, person_id, secs FROM placed
  UNION ALL
  SELECT 1 AS kind, titles AS goods, '' AS place, order_id, person_id, secs FROM placed WHERE titles <> ''
  UNION ALL
  SELECT 2 AS kind, titles AS goods, place, order_id, person_id, secs FROM placed WHERE titles <> '' AND district <> ''
),
followed AS (
  SELECT
    kind, goods, place, secs,
    lead(secs) OVER (PARTITION BY kind, goods, place, person_id ORDER BY secs, order_id) AS next_secs
  FROM members
),
steps AS (
  SELECT kind, goods, place, secs AS ends, 1 AS orders, 1 AS buyers FROM followed
  UNION ALL
  SELECT kind, goods, place, secs + 3600 AS ends, -1 AS orders, 0 AS buyers FROM followed
  UNION ALL
  SELECT
    kind, goods, place, CASE WHEN next_secs < secs + 3600 THEN next_secs ELSE secs + 3600 END AS ends, 0 AS orders,
    -1 AS buyers
  FROM followed
),
windows AS (
  SELECT
    kind, goods, place, ends,
    CAST(sum(orders) OVER (PARTITION BY kind, goods, place ORDER BY ends) AS BIGINT) AS orders,
    CAST(sum(buyers) OVER (PARTITION BY kind, goods, place ORDER BY ends) AS BIGINT) AS buyers
  FROM (
    SELECT kind, goods, place, ends, sum(orders) AS orders, sum(buyers) AS buyers
    FROM steps GROUP BY kind, goods, place, ends
  ) AS changes
),
crowded AS (
  -- Orders and buyers in one number, so that the fullest window keeps both.
  SELECT kind, goods, place, ends, orders * 10000000 + buyers AS size
  FROM windows
  WHERE (kind < 2 AND buyers >= 2 AND orders >= $burst_orders AND orders >= $burst_ratio * buyers)
    OR (kind = 2 AND buyers >= $cluster_buyers)
),
-- Two buyers at least must have ordered so often in it: one who orders again at a better price makes no burst.
repeaters AS (
  SELECT kind, goods, place, ends
  FROM (
    SELECT c.kind, c.goods, c.place, c.ends, m.person_id
    FROM (
      SELECT kind, goods, place, ends, ends // 3600 AS slot FROM crowded WHERE kind < 2
      UNION ALL
      SELECT kind, goods, place, ends, ends // 3600 - 1 AS slot FROM crowded WHERE kind < 2
    ) AS c
    JOIN members AS m
      ON m.kind = c.kind AND m.goods = c.goods AND m.place = c.place AND m.secs // 3600 = c.slot
      AND m.secs > c.ends - 3600 AND m.secs <= c.ends
    GROUP BY c.kind, c.goods, c.place, c.ends, m.person_id
    HAVING count(*) >= $burst_each
  ) AS often
  GROUP BY kind, goods, place, ends
  HAVING count(*) >= 2
),
full_windows AS (
  SELECT * FROM crowded WHERE kind = 2
  UNION ALL
  SELECT c.* FROM crowded AS c
  JOIN repeaters AS r ON r.kind = c.kind AND r.goods = c.goods AND r.place = c.place AND r.ends = c.ends
),
reaching AS (
  SELECT kind, goods, place, ends, size, ends // 3600 AS slot FROM full_windows
  UNION ALL
  SELECT kind, goods, place, ends, size, ends // 3600 - 1 AS slot FROM full_windows
),
-- How often the buyer placed an order within an hour around it, in the shop and of the same goods; and within a day.
ended AS (
  SELECT
    kind, goods, place, order_id, person_id, secs,
    count(*) OVER (
      PARTITION BY kind, goods, place, person_id ORDER BY secs RANGE BETWEEN 3599 PRECEDING AND CURRENT ROW
    ) AS in_hour,
    count(*) OVER (
      PARTITION BY kind, goods, place, person_id ORDER BY secs RANGE BETWEEN 86399 PRECEDING AND CURRENT ROW
    ) AS in_day
  FROM members
),
repeated AS (
  SELECT
    kind, goods, place, order_id, secs,
    max(in_hour) OVER (
      PARTITION BY kind, goods, place, person_id ORDER BY secs RANGE BETWEEN CURRENT ROW AND 3599 FOLLOWING
    ) AS in_hour,
    max(in_day) OVER (
      PARTITION BY kind, goods, place, person_id ORDER BY secs RANGE BETWEEN CURRENT ROW AND 86399 FOLLOWING
    ) AS in_day
  FROM ended
),
hourly AS (
  SELECT
    r.order_id,
    max(CASE WHEN r.kind = 0 AND r.in_hour >= $burst_each THEN f.size END) AS shop_burst,
    max(CASE WHEN r.kind = 1 AND r.in_hour >= $burst_each THEN f.size END) AS goods_burst,
    max(CASE WHEN r.kind = 2 THEN f.size END) AS cluster
  FROM repeated AS r
  JOIN reaching AS f
    ON f.kind = r.kind AND f.goods = r.goods AND f.place = r.place AND f.slot = r.secs // 3600
    AND f.ends >= r.secs AND f.ends < r.secs + 3600
  GROUP BY r.order_id
),
daily AS (
  SELECT order_id, in_day FROM repeated WHERE kind = 1 AND in_day >= $same_goods
),
-- Accounts with a single order in their lives, where they crowd on one product and day against the shop's own share.
lives AS (
  SELECT coalesce(m.person_id, o.customer_id) AS person_id, count(*) AS orders
  FROM orders AS o
  LEFT JOIN person_map AS m ON m.shop_id = o.shop_id AND m.customer_id = o.customer_id
  WHERE o.shop_id = $shop_id AND o.paid_at IS NOT NULL AND o.customer_id IS NOT NULL
  GROUP BY coalesce(m.person_id, o.customer_id)
),
usual AS (
  SELECT count(CASE WHEN orders = 1 THEN 1 END) * 100 // greatest(count(*), 1) AS percent FROM lives
),
newcomers AS (
  SELECT p.titles, p.created_day, count(*) AS orders, count(CASE WHEN l.orders = 1 THEN 1 END) AS single
  FROM placed AS p
  JOIN lives AS l ON l.person_id = p.person_id
  WHERE p.titles <> ''
  GROUP BY p.titles, p.created_day
),
new_accounts AS (
  SELECT p.order_id, n.orders, n.single
  FROM placed AS p
  JOIN lives AS l ON l.person_id = p.person_id AND l.orders = 1
  JOIN newcomers AS n ON n.titles = p.titles AND n.created_day = p.created_day
  CROSS JOIN usual AS u
  WHERE n.orders >= $new_orders AND n.single * 100 >= n.orders * $new_percent
    AND n.single * 100 >= n.orders * (u.percent + $new_above)
),
-- Parcels: when they left and arrived, whether anybody saw them on the way, and whose waybill it is.
parcels AS (
  SELECT
    order_id, min(CASE WHEN kind = 'shipped' THEN "at" END) AS left_at,
    min(CASE WHEN kind = 'signed' THEN "at" END) AS signed_at,
    count(CASE WHEN kind IN ('in_transit', 'arrived_city', 'out_for_delivery', 'exception') THEN 1 END) AS seen
  FROM shipment_events
  WHERE shop_id = $shop_id AND day BETWEEN $from_day - 2 AND $to_day + 120
  GROUP BY order_id
),
waybills AS (
  SELECT e.waybill_digest, count(DISTINCT coalesce(m.person_id, o.customer_id)) AS buyers
  FROM shipment_events AS e
  JOIN orders AS o ON o.shop_id = e.shop_id AND o.order_id = e.order_id AND o.customer_id IS NOT NULL
  LEFT JOIN person_map AS m ON m.shop_id = o.shop_id AND m.customer_id = o.customer_id
  WHERE e.shop_id = $shop_id AND e.kind = 'shipped' AND e.waybill_digest <> ''
  GROUP BY e.waybill_digest
  HAVING count(DISTINCT coalesce(m.person_id, o.customer_id)) >= $waybill_buyers
),
reused AS (
  SELECT e.order_id, max(w.buyers) AS buyers
  FROM shipment_events AS e
  JOIN waybills AS w ON w.waybill_digest = e.waybill_digest
  WHERE e.shop_id = $shop_id AND e.kind = 'shipped'
  GROUP BY e.order_id
),
paid_back AS (
  SELECT order_id, min(created_at) AS asked_at, CAST(sum(amount_cents) AS BIGINT) AS amount_cents
  FROM refunds
  WHERE shop_id = $shop_id AND order_id <> '' AND kind = 'money' AND finished_at IS NOT NULL
  GROUP BY order_id
),
found AS (
  SELECT
    o.order_id, coalesce(m.person_id, o.customer_id) AS person_id, o.customer_id, o.created_day, o.created_at,
    o.paid_at, o.paid_cents, h.shop_burst, h.goods_burst, h.cluster, d.in_day AS same_goods, w.buyers AS waybill_buyers,
    n.orders AS new_orders, n.single AS new_single, p.left_at, p.signed_at, o.shipped_at, o.finished_at,
    b.asked_at, coalesce(b.amount_cents, o.refunded_cents) AS back_cents,
    -- Where most arrived parcels of a month have a course, one without is a gap and not a kind of file.
    coalesce(
      o.status IN ('signed', 'finished') AND coalesce(p.seen, 0) = 0
      AND 2 * sum(CASE WHEN o.status IN ('signed', 'finished') AND p.seen > 0 THEN 1 ELSE 0 END) OVER (PARTITION BY o.month)
        >= sum(CASE WHEN o.status IN ('signed', 'finished') THEN 1 ELSE 0 END) OVER (PARTITION BY o.month), false
    ) AS no_trace,
    coalesce(p.signed_at < p.left_at + INTERVAL 12 HOUR, false) AS signed_soon,
    coalesce(o.status = 'finished' AND o.finished_at < coalesce(p.signed_at, o.shipped_at) + INTERVAL 24 HOUR, false)
      AS quick_confirm,
    coalesce(
      o.paid_cents > 0 AND CASE
        WHEN b.order_id IS NOT NULL
          THEN o.shipped_at IS NOT NULL AND b.amount_cents * 100 >= o.paid_cents * 95
            AND b.asked_at < o.paid_at + INTERVAL 72 HOUR
        ELSE o.status = 'finished' AND o.refunded_cents * 100 >= o.paid_cents * 95
      END, false
    ) AS paid_back,
    CASE WHEN o.memo_flag > 0 AND contains($flags, concat(',', CAST(o.memo_flag AS VARCHAR), ',')) THEN o.memo_flag END
      AS memo_flag
  FROM orders AS o
  LEFT JOIN person_map AS m ON m.shop_id = o.shop_id AND m.customer_id = o.customer_id
  LEFT JOIN hourly AS h ON h.order_id = o.order_id
  LEFT JOIN daily AS d ON d.order_id = o.order_id
  LEFT JOIN new_accounts AS n ON n.order_id = o.order_id
  LEFT JOIN parcels AS p ON p.order_id = o.order_id
  LEFT JOIN reused AS w ON w.order_id = o.order_id
  LEFT JOIN paid_back AS b ON b.order_id = o.order_id
  WHERE o.shop_id = $shop_id AND o.paid_at IS NOT NULL AND o.created_day BETWEEN $from_day - 2 AND $to_day + 2
)
SELECT *
FROM found
WHERE created_day BETWEEN $from_day AND $to_day
  AND $elsewhere
    + CASE WHEN shop_burst IS NOT NULL OR goods_burst IS NOT NULL THEN $p_burst ELSE 0 END
    + CASE WHEN cluster IS NOT NULL THEN $p_cluster ELSE 0 END
    + CASE WHEN same_goods IS NOT NULL THEN $p_same_goods ELSE 0 END
    + CASE WHEN waybill_buyers IS NOT NULL THEN $p_reused_waybill ELSE 0 END
    + CASE WHEN new_orders IS NOT NULL THEN $p_new_accounts ELSE 0 END
    + CASE WHEN no_trace THEN $p_no_trace ELSE 0 END
    + CASE WHEN signed_soon THEN $p_signed_soon ELSE 0 END
    + CASE WHEN quick_confirm THEN $p_quick_confirm ELSE 0 END
    + CASE WHEN paid_back THEN $p_paid_back ELSE 0 END
    + CASE WHEN memo_flag IS NOT NULL THEN $p_memo_flag ELSE 0 END >= $floor
ORDER BY order_id

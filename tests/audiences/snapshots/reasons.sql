-- $t1 = sms
WITH reach_1 AS (
  SELECT
    customer_reach.person_id,
    customer_reach.reason
  FROM customer_reach
  WHERE
    customer_reach.shop_id = 1 AND customer_reach.channel = $t1
), contacts_2 AS (
  SELECT
    COALESCE(m.person_id, c.customer_id) AS person_id,
    MAX(CASE WHEN c.has_phone THEN 1 ELSE 0 END) AS has_phone,
    MAX(CASE WHEN c.has_email THEN 1 ELSE 0 END) AS has_email,
    MAX(CASE WHEN c.has_nick THEN 1 ELSE 0 END) AS has_nick,
    MAX(
      CASE
        WHEN c.phone_state = 'valid'
        THEN 3
        WHEN c.phone_state = 'invalid'
        THEN 2
        WHEN c.phone_state = 'masked'
        THEN 1
        ELSE 0
      END
    ) AS phone_rank
  FROM customers AS c
  LEFT JOIN person_map AS m
    ON m.shop_id = c.shop_id AND m.customer_id = c.customer_id
  WHERE
    c.shop_id = 1
  GROUP BY
    COALESCE(m.person_id, c.customer_id)
)
SELECT
  COALESCE(
    reach_1.reason,
    CASE
      WHEN COALESCE(contacts_2.phone_rank, 0) = 0
      THEN 'no_contact'
      WHEN COALESCE(contacts_2.phone_rank, 0) = 1
      THEN 'masked'
      WHEN COALESCE(contacts_2.phone_rank, 0) = 2
      THEN 'invalid'
      ELSE 'no_consent'
    END
  ) AS reason,
  COUNT(*) AS n
FROM customer_features AS f
LEFT JOIN reach_1
  ON reach_1.person_id = f.person_id
LEFT JOIN contacts_2
  ON contacts_2.person_id = f.person_id
WHERE
  (
    f.shop_id = 1 AND f.as_of_day = 20400
  ) AND f.orders >= 2
GROUP BY
  COALESCE(
    reach_1.reason,
    CASE
      WHEN COALESCE(contacts_2.phone_rank, 0) = 0
      THEN 'no_contact'
      WHEN COALESCE(contacts_2.phone_rank, 0) = 1
      THEN 'masked'
      WHEN COALESCE(contacts_2.phone_rank, 0) = 2
      THEN 'invalid'
      ELSE 'no_consent'
    END
  )

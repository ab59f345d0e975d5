WITH contacts_1 AS (
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
  COUNT(*) AS n
FROM customer_features AS f
LEFT JOIN contacts_1
  ON contacts_1.person_id = f.person_id
WHERE
  (
    f.shop_id = 1 AND f.as_of_day = 20400
  )
  AND COALESCE(contacts_1.has_phone, 0) = 1

"""The list of functions: what both engines answer alike is let in, the rest is refused by name."""

import pytest

from laoke.warehouse.functions import RefusedQuery, check_functions, complaints_about
from laoke.warehouse.named import query_names, query_text

GOOD = [
    "SELECT count(DISTINCT a), min(b), max(c) FROM t WHERE a IN (1, 2) AND b LIKE '杭%' AND c IS NOT NULL",
    "SELECT CAST(sum(paid_cents) AS BIGINT) AS s FROM t",
    "SELECT CAST(coalesce(sum(paid_cents) FILTER (WHERE a), 0) AS BIGINT) AS s FROM t",
    "SELECT CAST(sum(paid_cents) OVER (ORDER BY day) AS BIGINT) AS s FROM t",
    "SELECT ntile(5) OVER (ORDER BY net_cents, person_id) FROM t",
    "SELECT rank() OVER (ORDER BY net_cents) FROM t",
    "SELECT (day + 3) % 7, day // 7, 1 << 3, $city FROM t WHERE EXISTS (SELECT 1 FROM u WHERE u.a = t.a)",
]
BAD = [
    ("SELECT random()", "unknown_function", "rand"),
    ("SELECT list(a) FROM t", "unknown_function", "list"),
    ("SELECT [a, b] FROM t", "unknown_function", "list"),
    ("SELECT first(a) FROM t", "unknown_function", "first"),
    ("SELECT any_value(a) FROM t", "unknown_function", "any_value"),
    ("SELECT date_diff('day', a, b) FROM t", "unknown_function", "datediff"),
    ("SELECT dayofweek(a) FROM t", "unknown_function", "day_of_week"),
    ("SELECT hash(a) FROM t", "unknown_function", "hash"),
    ("SELECT log(a) FROM t", "unknown_function", "log"),
    ("SELECT now()", "unknown_function", "now"),
    ("SELECT * FROM read_csv('/etc/passwd')", "unknown_function", "read_csv"),
    ("SELECT * FROM t USING SAMPLE 5", "unknown_function", "tablesample"),
    ("SELECT ntile(5) OVER () FROM t", "needs_total_order", "ntile"),
    ("SELECT ntile(5) OVER (ORDER BY net_cents) FROM t", "needs_total_order", "ntile"),
    (
        "SELECT row_number() OVER (PARTITION BY person_id ORDER BY day) FROM t",
        "needs_total_order",
        "row_number",
    ),
    ("SELECT rank() OVER () FROM t", "needs_order", "rank"),
    ("SELECT sum(paid_cents) FROM t", "money_sum_not_bigint", "SUM(paid_cents)"),
    ("SELECT CAST(sum(paid_cents) AS DOUBLE) FROM t", "money_sum_not_bigint", "SUM(paid_cents)"),
    ("DROP TABLE t", "not_one_select", "1 statements"),
    ("SELECT 1; SELECT 2", "not_one_select", "2 statements"),
]


@pytest.mark.parametrize("sql", GOOD)
def test_what_both_engines_share_is_let_in(sql):
    assert complaints_about(sql) == []


@pytest.mark.parametrize(("sql", "code", "detail"), BAD)
def test_what_they_do_not_share_is_refused_by_name(sql, code, detail):
    with pytest.raises(RefusedQuery) as refusal:
        check_functions(sql)

    assert [(one.code, one.detail) for one in refusal.value.complaints] == [(code, detail)]


@pytest.mark.parametrize("name", query_names())
def test_every_named_query_keeps_to_the_list(name):
    assert complaints_about(query_text(name)) == []

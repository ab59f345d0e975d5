"""The SQL of segments, kept beside the tests and reviewed like code. LAOKE_WRITE_SQL=1 writes it anew."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from laoke.audiences.compiled import Compiled
from laoke.audiences.compiling import count_query, explain_query, members_query, steps_query
from laoke.audiences.figures import reach_query, shape_query
from laoke.audiences.text import parse

FOLDER = Path(__file__).parent / "snapshots"
DESIGN = (
    "bought(2+, within 365d) and spent(>= 500, within 365d) and last_order(90d..365d) "
    'and city in ("杭州", "上海") and not used_coupon and not tag("挑剔")'
)
FACTS = "bought(within 14d) or average_order(50..100, in 2025-11-01..2025-11-11)"
QUERIES = {
    "fast_path": lambda: count_query(parse(DESIGN), 1, 20_400),
    "reach": lambda: count_query(parse("reachable(sms) and not consent(email)"), 1, 20_400),
    "facts": lambda: count_query(parse(FACTS), 1, 20_400),
    "net": lambda: count_query(parse("net_spent(>= 500, within 90d)"), 1, 20_400),
    "product": lambda: count_query(parse('bought_product("四件套", within 90d)'), 1, 20_400),
    "contact": lambda: count_query(parse("has(phone)"), 1, 20_400),
    "members_with_values": lambda: members_query(parse(DESIGN), 1, 20_400, True),
    "steps": lambda: steps_query(parse('bought(2+) and tag("挑剔")'), 1, 20_400),
    "explain": lambda: explain_query(parse('bought(2+) or not tag("挑剔")'), 1, 20_400, 7),
    "shape": lambda: shape_query(parse("bought(2+)"), 1, 20_400),
    "reasons": lambda: reach_query(parse("bought(2+)"), 1, 20_400, "sms"),
}


def written(query: Compiled) -> str:
    params = "".join(f"-- ${name} = {value}\n" for name, value in query.params.items())
    return f"{params}{query.sql}\n"


@pytest.mark.parametrize("name", QUERIES)
def test_the_sql_is_the_one_that_was_reviewed(name: str) -> None:
    path = FOLDER / f"{name}.sql"
    found = written(QUERIES[name]())
    if os.environ.get("LAOKE_WRITE_SQL"):
        FOLDER.mkdir(exist_ok=True)
        path.write_text(found, encoding="utf-8", newline="\n")
    assert found == path.read_text(encoding="utf-8")


def test_the_fast_path_reads_no_facts() -> None:
    sql = count_query(parse(DESIGN + " and reachable(sms)"), 1, 20_400).sql
    assert "orders_counted" not in sql and "customers" not in sql
    assert "orders_counted" in count_query(parse("bought(within 14d)"), 1, 20_400).sql


def test_two_conditions_of_one_window_share_one_pass() -> None:
    sql = count_query(
        parse("bought(2+, within 14d) and spent(>= 5, within 14d) and bought(< 9, within 14d)"), 1, 1
    ).sql
    assert sql.count("orders_counted") == 1

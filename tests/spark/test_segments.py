"""Segments count the same people on a Spark cluster as in DuckDB."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from laoke.audiences.compiled import Compiled
from laoke.audiences.compiling import count_query, explain_query, members_query, steps_query
from laoke.audiences.figures import (
    bands_query,
    categories_query,
    overlap_query,
    profiles_query,
    reach_query,
    shape_query,
)
from laoke.audiences.text import parse
from laoke.warehouse.engine_setting import SparkSetting
from tests.spark.asking import Facts, assert_equal, is_ordered

DESIGN = (
    "bought(2+, within 365d) and spent(>= 50, within 365d) and last_order(0d..365d) "
    'and city in ("杭州", "上海", "广州市") and not used_coupon and not tag("挑剔")'
)
FILTERS = (
    "spent(>= 0)",
    DESIGN,
    "bought(within 45d) or average_order(50..100, within 200d)",
    "net_spent(>= 100, within 77d) and not refunded(> 0)",
    'bought_product("套", within 300d) or bought_product("a\\\\b\'c")',
    "has(phone) and not reachable(sms)",
    'group in ("loyal") and lifecycle in ("active", "silent")',
    "consent(sms) or reachable(handover)",
    "full_price(within 90d) or coupon_share(>= 50%) or refund_share(> 0%, within 200d)",
    'bought_category("套") or items_of_product("枕", 2+, within 300d) or spent_on_category("被", >= 50)',
    "bought_priced(50..300, 2+) or refund_times(goods, within 365d) or reviewed(rating 4+, photo, within 365d)",
    "bought then bought within 60d or touched then bought within 7d or touched(sms) or delivered(2+)",
    'bought_product("套") then not bought_category("枕") within 30d',
    "mean_gap(20d..90d) and overdue(>= 150%) or usual_hour(20..23) and usual_weekday in (sat, sun)",
    "r_score(4+) and fm_score(3..5) or rfm_spent(>= 100) and high(money) or bought_month in (6, 11)",
    'birthday(within 60d) or birthday_month in (1) or city_tier in (first) or platform_level in ("VIP")',
    'random_share(30%, "甲")',
    "answered or answered(2+, sms, within 90d) or touched then not answered within 7d",
    "expected_orders(>= 0.5, within 90d) or expected_spend(>= 50, within 365d) and active_probability(>= 30%)",
    "had_case(2+, within 90d) or had_case(quality, open) or had_case(0, closed, within 365d)",
    'holds_coupon or used_code("双11 券", within 90d)',
    "points_held(100+) or points_ending(within 30d) or points_earned(100+, within 90d) or points_used(within 90d)",
    'drew(2+, "双11 抽奖", within 30d) or won or brought(2+, within 365d) or was_brought',
)


def day_of(facts: Facts) -> int:
    found: int = facts.reader().rows("SELECT max(as_of_day) AS day FROM customer_features")[0]["day"]
    return found


def assert_same(facts: Facts, cluster: SparkSetting, query: Compiled) -> list[dict[str, Any]]:
    ours = facts.reader(None).answer(query.sql, query.params)
    theirs = facts.reader(cluster).answer(query.sql, query.params)
    assert_equal(ours, theirs, ordered=is_ordered(query.sql))
    rows: list[dict[str, Any]] = theirs.to_pylist()
    return rows


@pytest.mark.parametrize("text", FILTERS)
def test_the_members_of_a_demo_shop_with_what_the_filter_saw(
    demo_shop: Facts, cluster: SparkSetting, text: str
) -> None:
    day = day_of(demo_shop)

    assert_same(demo_shop, cluster, members_query(parse(text), 1, day, values=True))


@pytest.mark.parametrize("text", FILTERS)
def test_the_count_of_a_real_shop(bookshop: Facts, cluster: SparkSetting, text: str) -> None:
    day = day_of(bookshop)

    assert len(assert_same(bookshop, cluster, count_query(parse(text), 1, day))) == 1


def test_a_window_of_dates(demo_shop: Facts, cluster: SparkSetting) -> None:
    day = day_of(demo_shop)
    last = date(1970, 1, 1) + timedelta(days=day)
    text = f"spent(>= 10, in {last - timedelta(days=100)}..{last})"

    assert assert_same(demo_shop, cluster, count_query(parse(text), 1, day))[0]["n"] > 0


def test_the_figures_around_a_segment(demo_shop: Facts, cluster: SparkSetting) -> None:
    day, node = day_of(demo_shop), parse("bought(2+)")
    person = assert_same(demo_shop, cluster, members_query(node, 1, day))[0]["person_id"]

    assert assert_same(demo_shop, cluster, steps_query(parse(DESIGN), 1, day))
    assert assert_same(demo_shop, cluster, shape_query(node, 1, day))
    assert assert_same(demo_shop, cluster, reach_query(node, 1, day, "sms"))
    assert len(assert_same(demo_shop, cluster, explain_query(parse(DESIGN), 1, day, person))) == 1
    assert len(assert_same(demo_shop, cluster, profiles_query(1, day, (person,)))) == 1
    assert assert_same(demo_shop, cluster, bands_query(node, 1, day))
    assert len(assert_same(demo_shop, cluster, categories_query(1, day, 3))) == 3
    assert len(assert_same(demo_shop, cluster, overlap_query((node, parse(DESIGN)), 1, day))) == 1

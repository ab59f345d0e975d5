"""Every named query gives the same answer on a Spark cluster as in DuckDB: on the demo shop and on a real one."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pyarrow as pa
import pytest

from laoke.warehouse.contracts import CONTRACTS
from laoke.warehouse.engine import Overlay
from laoke.warehouse.engine_setting import SparkSetting
from laoke.warehouse.named import query_names
from tests.spark.asking import Facts, assert_both_answer

# Every order has its lines, and nothing was sent yet.
EMPTY_IN_DEMO = {"backtest_totals", "review_arms"}
# Orders alone: no lines, products or refunds came with them.
EMPTY_IN_BOOKSHOP = {
    "backtest_lines", "goods_on_offer", "open_refunds", "person_reach", "reach_counts", "review_arms", "top_products",
}  # fmt: skip


@pytest.fixture(scope="module")
def demo_parameters(demo_shop: Facts) -> dict[str, Any]:
    return demo_shop.parameters()


@pytest.fixture(scope="module")
def bookshop_parameters(bookshop: Facts) -> dict[str, Any]:
    return bookshop.parameters()


@pytest.mark.parametrize("name", query_names())
def test_of_the_demo_shop(
    demo_shop: Facts, demo_parameters: dict[str, Any], cluster: SparkSetting, name: str
) -> None:
    rows = assert_both_answer(demo_shop, cluster, name, demo_parameters)

    assert (rows == 0) == (name in EMPTY_IN_DEMO)


@pytest.mark.parametrize("name", query_names())
def test_of_a_real_shop(
    bookshop: Facts, bookshop_parameters: dict[str, Any], cluster: SparkSetting, name: str
) -> None:
    rows = assert_both_answer(bookshop, cluster, name, bookshop_parameters)

    assert (rows == 0) == (name in EMPTY_IN_BOOKSHOP)


@pytest.mark.parametrize("sort", ["last", "first", "orders", "net_365", "refunded", "gap", "net"])
def test_a_page_of_customers_in_any_order_and_filtered(
    demo_shop: Facts, demo_parameters: dict[str, Any], cluster: SparkSetting, sort: str
) -> None:
    given = demo_parameters | {"sort": sort, "persons": "", "group3": "loyal", "orders_from": 2}

    assert assert_both_answer(demo_shop, cluster, "customers_page", given) == 20


def test_features_by_median_and_fixed_lines(
    demo_shop: Facts, demo_parameters: dict[str, Any], cluster: SparkSetting
) -> None:
    given = demo_parameters | {"high_by": "median", "score_by": "fixed"}

    assert assert_both_answer(demo_shop, cluster, "customer_features", given) > 1_000


def test_what_the_ledger_decided_since_is_laid_over(
    demo_shop: Facts, demo_parameters: dict[str, Any], cluster: SparkSetting
) -> None:
    person = demo_parameters["person_id"]
    dirty = pa.table({"shop_id": pa.array([1], pa.int64()), "person_id": pa.array([person], pa.int64())})
    row = {
        "shop_id": 1, "person_id": person, "channel": "sms", "reachable": True, "consented": True, "reason": "",
        "last_marketing_day": 20_000, "touches_7": 3, "touches_30": 4,
    }  # fmt: skip
    rows = CONTRACTS["customer_reach"].conform(pa.Table.from_pylist([row]))

    found = assert_both_answer(
        demo_shop, cluster, "person_reach", demo_parameters | {"persons": f",{person},"},
        overlays={"customer_reach": Overlay(dirty, rows)},
    )  # fmt: skip

    assert found == 1


def test_the_arms_of_a_review_over_given_touches(
    demo_shop: Facts, demo_parameters: dict[str, Any], cluster: SparkSetting
) -> None:
    people = demo_shop.reader().sql("SELECT DISTINCT person_id FROM customer_features ORDER BY 1 LIMIT 400")
    contract = CONTRACTS["touches"]
    neutral = {"VARCHAR": "", "TIMESTAMP": datetime(2000, 1, 1), "BOOLEAN": False}
    plain = {c.name: None if c.nullable else neutral.get(c.kind.duckdb, 0) for c in contract.columns}
    touches = [
        plain | {"shop_id": 1, "campaign_id": 1, "person_id": n, "arm": "treated" if n % 3 else "held_out"}
        for n in people["person_id"].to_pylist()
    ]
    table = pa.Table.from_pylist(touches, schema=contract.arrow_schema())

    arms = assert_both_answer(demo_shop, cluster, "review_arms", demo_parameters, overlays={"touches": table})

    assert arms == 2

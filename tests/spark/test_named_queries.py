"""Every named query gives the same answer on a Spark cluster as in DuckDB: on the demo shop and on a real one."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pyarrow as pa
import pytest

from laoke.insights import people
from laoke.warehouse.contracts import CONTRACTS
from laoke.warehouse.engine import Overlay, Reader
from laoke.warehouse.engine_setting import SparkSetting
from laoke.warehouse.features import build_features
from laoke.warehouse.named import query_names, query_text
from tests.spark.asking import Facts, assert_both_answer, assert_equal
from tests.warehouse.crooked import crooked_shop

# What came with a real shop's export of orders, and what was computed of it. A query that reads more than this is
# asked of the demo shop too.
BOOKSHOP_HAS = {
    "orders", "order_states", "customers", "feature_lines", "customer_features", "customer_value",
}  # fmt: skip
DISAGREEING = {
    "lines_against_orders", "money_against_orders", "refunds_against_orders", "shop_days_against_orders",
}  # fmt: skip
EMPTY_IN_BOOKSHOP = DISAGREEING | {
    "backtest_levels", "backtest_lines", "goods_on_offer", "list_prices", "open_refunds", "order_goods",
    "order_parcels", "order_refunds", "order_reviews", "person_lines", "person_refunds", "person_reviews",
    "platform_levels", "priced_goods", "reach_counts", "review_arms", "setup_sent", "top_products", "touch_days",
    "waiting_orders",
}  # fmt: skip
# Its sources agree, every order has its lines, and nothing was sent yet.
EMPTY_IN_DEMO = DISAGREEING | {
    "backtest_totals", "review_arms", "setup_sent", "touch_days", "waiting_orders",
}  # fmt: skip


def reads_more(name: str) -> bool:
    return not set(Reader("", {}).tables_named(query_text(name))) <= BOOKSHOP_HAS | {
        "orders_counted",
        "person_map",
    }


@pytest.fixture(scope="module")
def crooked(tmp_path_factory: pytest.TempPathFactory) -> Facts:
    return Facts.newest(crooked_shop(tmp_path_factory.mktemp("crooked")).root)


@pytest.fixture(scope="module")
def demo_parameters(demo_shop: Facts) -> dict[str, Any]:
    return demo_shop.parameters()


@pytest.fixture(scope="module")
def bookshop_parameters(bookshop: Facts) -> dict[str, Any]:
    return bookshop.parameters()


@pytest.mark.parametrize("name", [name for name in query_names() if reads_more(name)])
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


def test_what_a_real_shop_has(bookshop: Facts) -> None:
    reader = bookshop.reader()

    found = {name: reader.rows(f"SELECT count(*) AS n FROM {name}")[0]["n"] for name in bookshop.versions}
    assert {name for name, rows in found.items() if rows} == BOOKSHOP_HAS


@pytest.mark.parametrize("name", sorted(DISAGREEING | {"fact_days", "waiting_orders"}))
def test_of_a_shop_whose_sources_disagree(crooked: Facts, cluster: SparkSetting, name: str) -> None:
    assert assert_both_answer(crooked, cluster, name, {"shop_id": 1}) > 0


def test_the_days_that_a_newer_import_touched(
    demo_shop: Facts, demo_parameters: dict[str, Any], cluster: SparkSetting
) -> None:
    given = demo_parameters | {"import_id": -1}

    assert assert_both_answer(demo_shop, cluster, "fake_days", given) == 1
    assert demo_shop.reader().query("fake_days", **given)["first_day"][0].as_py() > 0


@pytest.mark.parametrize("descending", [True, False])
@pytest.mark.parametrize("sort", ["last", "first", "orders", "net_365", "refunded", "gap", "net"])
def test_a_page_of_customers_in_any_order_and_filtered(
    demo_shop: Facts, demo_parameters: dict[str, Any], cluster: SparkSetting, sort: str, descending: bool
) -> None:
    wanted = people.Wanted(group3="loyal", orders_from=2)

    def page(engine: SparkSetting | None, **at: str) -> people.PeoplePage:
        return people.page_of_people(
            demo_shop.reader(engine), 1, demo_parameters["as_of_day"], wanted, people.Order(sort, descending),
            rows=20, **at,
        )  # fmt: skip

    first = page(None)
    assert page(cluster) == first and len(first.rows) == 20
    second = page(cluster, after=first.following)
    assert second == page(None, after=first.following)
    assert page(cluster, before=second.previous).rows == first.rows


def test_a_page_of_customers_with_a_tag_who_can_be_reached(
    demo_shop: Facts, demo_parameters: dict[str, Any], cluster: SparkSetting
) -> None:
    wanted = people.Wanted(tag="挑剔", reach="sms")

    def page(engine: SparkSetting | None) -> people.PeoplePage:
        day = demo_parameters["as_of_day"]
        return people.page_of_people(demo_shop.reader(engine), 1, day, wanted, people.Order(), rows=20)

    assert page(cluster) == page(None)


@pytest.mark.parametrize("persons", [None, 3, 0])
def test_the_second_page_of_a_list_of_everybody_or_of_some(
    demo_shop: Facts, demo_parameters: dict[str, Any], cluster: SparkSetting, persons: int | None
) -> None:
    day = demo_parameters["as_of_day"]
    known = people.all_people(demo_shop.reader(), 1, day, people.Wanted())
    wanted = people.Wanted(persons=None if persons is None else known[:persons])

    def second(engine: SparkSetting | None) -> people.PeoplePage:
        def page(after: str) -> people.PeoplePage:
            return people.page_of_people(
                demo_shop.reader(engine), 1, day, wanted, people.Order("orders"), rows=2, after=after
            )

        return page(page("").following)

    ours = second(None)
    assert second(cluster) == ours
    assert (len(ours.rows), ours.matched) == {None: (2, len(known)), 3: (1, 3), 0: (0, 0)}[persons]


def test_features_by_median_and_fixed_lines(
    demo_shop: Facts, demo_parameters: dict[str, Any], cluster: SparkSetting
) -> None:
    given = demo_parameters | {"high_by": "median", "score_by": "fixed"}

    assert assert_both_answer(demo_shop, cluster, "customer_features", given) > 1_000


@pytest.mark.parametrize("shop", ["demo_shop", "bookshop"])
def test_features_built_anew_with_their_scores(
    request: pytest.FixtureRequest, cluster: SparkSetting, shop: str
) -> None:
    facts: Facts = request.getfixturevalue(shop)
    day = facts.parameters()["as_of_day"]

    theirs, ours = (build_features(reader, day, 1) for reader in (facts.reader(cluster), facts.reader()))

    assert_equal(ours.rows, theirs.rows, ordered=True)
    assert_equal(ours.lines, theirs.lines, ordered=True)
    assert theirs.rows.num_rows > 1_000


def test_scores_are_drawn_from_the_lines_by_both(demo_shop: Facts, cluster: SparkSetting) -> None:
    text = "SELECT * FROM customer_features ORDER BY as_of_day, person_id"

    ours = demo_shop.reader().answer(text)

    assert_equal(ours, demo_shop.reader(cluster).answer(text), ordered=True)
    assert ours.num_rows > 1_000
    assert set(ours["r_score"].to_pylist()) == {None, 1, 2, 3, 4, 5}


def test_figures_with_fake_orders_in_them(
    demo_shop: Facts, demo_parameters: dict[str, Any], cluster: SparkSetting
) -> None:
    ours, theirs = (demo_shop.reader(engine).counting_all() for engine in (None, cluster))

    assert theirs.engine == cluster
    assert_equal(
        ours.query("money_by_month", shop_id=1), theirs.query("money_by_month", shop_id=1), ordered=True
    )


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

    text = "SELECT * FROM customer_reach WHERE shop_id = $shop_id AND person_id = $person_id"
    ours, theirs = (
        demo_shop.reader(engine, overlays={"customer_reach": Overlay(dirty, rows)}).rows(
            text, {"shop_id": 1, "person_id": person}
        )
        for engine in (None, cluster)
    )

    assert theirs == ours == rows.to_pylist()


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

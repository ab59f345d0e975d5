"""The named queries on one small shop whose figures can be counted by hand."""

import re
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from laoke.insights import people
from laoke.insights.fake_orders.rules import Rules
from laoke.insights.summary import customer_summary
from laoke.warehouse.features import DEFAULT_CUT_POINTS, build_features, write_features
from laoke.warehouse.named import (
    UnknownQuery,
    query_comment,
    query_names,
    query_parameters,
    query_text,
    without_comments,
)
from laoke.warehouse.reference import queries_page
from laoke.warehouse.store import Warehouse
from tests.warehouse.shops import order, orders, table

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "queries.md"
TODAY = 18_000
PARAMS = DEFAULT_CUT_POINTS.params() | {
    "shop_id": 1,
    "as_of_day": TODAY,
    "before_day": TODAY - 30,
    "from_day": TODAY - 30,
    "to_day": TODAY,
    "year_before_from_day": TODAY - 395,
    "year_before_to_day": TODAY - 365,
    "page_rows": 10,
    **{f"line_{at}": 10**at for at in range(1, 7)},
    # Lists of customers: one order forwards, no condition.
    "sort": "net",
    "sign": -1,
    "tie": 1,
    "persons": "",
    "states": ",delivered,",
    "province": "",
    "tag": "",
    "reach": "",
    **dict.fromkeys(("r_score", "f_score", "orders_from", "net_365_from", "days_from", "days_to"), -1),
    "after_cents": 10**15,
    "after_person_id": 0,
    "after_day": 10**6,
    "person_id": 1,
    "lifecycle": "",
    "group3": "",
    "rfm": "",
    "city": "",
    "campaign_id": 1,
    "round_id": 0,
    "order_id": "A1",
    "product_id": "",
    "order_ids": ",A1,",
    "import_id": 0,
    "until": datetime(2019, 4, 15),
    # Prices before a campaign that starts at the end of TODAY.
    "start_at": datetime(2019, 4, 15),
    "seven_at": datetime(2019, 4, 8),
    "thirty_at": datetime(2019, 3, 16),
    "since_at": datetime(2018, 4, 15),
    # Analyses: the stretch before, months (year × 12 + month − 1), steps of money and lines of scores.
    "before_from_day": TODAY - 61,
    "before_to_day": TODAY - 31,
    "from_month": 0,
    "to_month": 100_000,
    **{f"step_{n}": 5_000 * n for n in range(1, 7)},
    **{f"r_{n}": TODAY - 100 + 10 * n for n in range(2, 6)},
    **{f"f_{n}": n for n in range(2, 6)},
    **{f"m_{n}": 5_000 * n for n in range(2, 6)},
    **Rules().params(),
}

# What reads orders, or what hangs on them, without leaving fake ones out, and why that is right.
GROSS = {
    "fake_buyers": "suspects with how many of their orders are",
    "fake_days": "which days to score: all of them",
    "fact_days": "which days are missing, whoever bought",
    "fake_signals": "judges every order",
    "find_orders": "an order is found by its number, whatever it is",
    "import_days": "what an import brought",
    "import_orders": "what an import brought, each order by its number",
    "lines_against_orders": "two files about one order, fake or not",
    "money_against_orders": "what came into the account for every order",
    "money_by_month": "reconciled with the platform's own sums",
    "open_refunds": "who waits for money is not written to, fake or not",
    "order_customer": "whose order it is",
    "order_goods": "one order by its number, whatever it is",
    "order_history": "one order by its number, whatever it is",
    "order_parcels": "one order by its number, whatever it is",
    "order_refunds": "one order by its number, whatever it is",
    "order_reviews": "one order by its number, whatever it is",
    "order_whole": "one order by its number, with its flag",
    "orders_span": "the first and last day of facts, no sum",
    "orders_without_customer": "what imports could not name",
    "paid_orders": "who ever bought is no new friend, fake or not",
    "person_orders": "the raw history, each with its flag",
    "person_refunds": "the raw history of what was asked back",
    "person_reviews": "what somebody wrote, no sum of anything",
    "person_lines": "lines of orders that were chosen as counted ones before",
    "refunds_against_orders": "two files about one order, fake or not",
    "setup_orders": "the back office counts fake orders too: each with its flag",
    "setup_sent": "which of orders that were chosen as counted ones before",
    "shop_days_against_orders": "the platform's report counts every order too",
    "suspect_orders": "counts those that are left out",
    "waiting_orders": "what waits for an order, whoever bought",
}
FROM = re.compile(r"\b(FROM|JOIN)\s+(\w+)")
OF_ORDERS = {
    "orders", "order_lines", "order_states", "refunds", "product_days", "traffic_days", "shipment_events", "reviews",
}  # fmt: skip


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """Alice (1, also nick 11) bought a year ago and now; Bob (2) now, half refunded; one order without buyer."""
    warehouse = Warehouse(tmp_path_factory.mktemp("warehouse"))
    rows = orders(
        order("A1", 1, day=TODAY - 370, paid_cents=5_000),
        order("A2", 11, day=TODAY - 10, paid_cents=20_000, titles="茶", city="杭州市"),
        order("B1", 2, day=TODAY - 40, paid_cents=7_000),
        order("B2", 2, day=TODAY - 10, paid_cents=8_000, refunded_cents=4_000, titles="杯"),
        order("N1", None, day=TODAY - 9, paid_cents=1_000, titles="茶"),
        order("U1", 2, day=TODAY - 8, status="unpaid"),
        order("F1", 2, day=TODAY - 7, paid_cents=99_000),
        order("X1", 1, day=TODAY - 7, shop_id=2),
    )
    warehouse.append("orders", rows, app_id="1")
    line = {
        "month": "2019-04",
        "shop_id": 1,
        "order_id": "A2",
        "product_id": "P1",
        "sku": "",
        "outer_code": "",
        "title": "茶",
        "quantity": 2,
        "unit_price_cents": 10_000,
        "paid_cents": 20_000,
        "refunded_cents": 0,
        "line_status": "",
        "created_day": TODAY - 10,
    }
    warehouse.append("order_lines", table("order_lines", [line | {"line": "1"}]), app_id="1")
    at = datetime(2019, 4, 10)
    back = {"shop_id": 1, "order_id": "B2", "paid_cents": 8_000}
    states = [
        {**back, "seen_at": at, "status": "paid", "refunded_cents": 0, "import_id": 7},
        {
            **back,
            "seen_at": datetime(2019, 4, 12),
            "status": "finished",
            "refunded_cents": 4_000,
            "import_id": 8,
        },
    ]
    warehouse.append("order_states", table("order_states", states), app_id="1")
    mine = {"shop_id": 1, "order_id": "A2", "month": "2019-04", "import_id": 7}
    review = {
        **mine,
        "product_id": "P1",
        "rating": 4,
        "at": at,
        "day": 17_996,
        "has_photo": True,
        "topics": "",
    }
    warehouse.append("reviews", table("reviews", [review]), app_id="1")
    parcel = {**mine, "at": at, "kind": "signed", "day": 17_996, "carrier": "", "waybill_digest": ""}
    warehouse.append("shipment_events", table("shipment_events", [parcel]), app_id="1")
    refund = {
        **mine, "order_id": "B2", "refund_id": "R1", "line": "", "amount_cents": 4_000, "kind": "money", "phase": "",
        "reason": "", "state": "退款成功", "created_at": at, "created_day": 17_996,
    }  # fmt: skip
    warehouse.append("refunds", table("refunds", [refund]), app_id="1")
    flag = {"shop_id": 1, "order_id": "F1", "flag": "suspect", "score": 9, "reasons": ""}
    warehouse.append("order_flags", table("order_flags", [flag]), app_id="1")
    link = {"shop_id": 1, "customer_id": 11, "person_id": 1, "owner_id": 1}
    warehouse.append("person_map", table("person_map", [link]), app_id="1")
    for day in (TODAY - 30, TODAY):
        write_features(warehouse, build_features(warehouse.reader(), day, 1), day, 1, app_id=f"f{day}")
    return warehouse.reader()


def ask(shop, name, **changed):
    return shop.query(name, **(PARAMS | changed)).to_pylist()


@pytest.mark.parametrize("name", query_names())
def test_every_query_runs_explains_itself_and_gives_whole_money(shop, name):
    result = shop.query(name, **PARAMS)

    assert len(query_comment(name)) > 40
    assert set(query_parameters(name)) <= PARAMS.keys()
    for field in result.schema:
        assert not pa.types.is_decimal(field.type)
        assert not field.name.endswith("_cents") or field.type == pa.int64()


def test_every_figure_of_orders_leaves_fake_ones_out_or_says_why_not():
    reading = {}
    for name in query_names():
        text = without_comments(query_text(name))
        tables = {table for _verb, table in FROM.findall(text)}
        reading[name] = tables
    plain = {
        name
        for name, tables in reading.items()
        if "orders" in tables or (tables & OF_ORDERS and "orders_counted" not in tables)
    }
    assert plain == set(GROSS)
    assert all(len(reason) > 15 for reason in GROSS.values())


def test_the_overview_of_two_periods(shop):
    now, before = ask(shop, "overview")

    assert now == {
        "period": "now",
        "orders": 3,
        "paid_cents": 29_000,
        "refunded_cents": 4_000,
        "net_cents": 25_000,
        "items": 3,
        "buyers": 2,
        "buyers_paid_cents": 28_000,
        "old_buyers": 2,
        "old_paid_cents": 28_000,
    }
    assert (before["period"], before["paid_cents"], before["buyers"], before["old_buyers"]) == (
        "year_before",
        5_000,
        1,
        0,
    )


def test_daily_sales_by_old_new_and_unknown_buyers(shop):
    days = ask(shop, "daily_sales", from_day=TODAY - 400)

    assert [(d["day"] - TODAY, d["buyer_kind"], d["buyers"], d["paid_cents"]) for d in days] == [
        (-370, "new", 1, 5_000),
        (-40, "new", 1, 7_000),
        (-10, "old", 2, 28_000),
        (-9, "unknown", 0, 1_000),
    ]


def test_weeks_tell_the_money_of_known_buyers_from_all_money(shop):
    weeks = ask(shop, "weekly_sales", from_day=TODAY - 13, to_day=TODAY)

    assert [(w["week"], w["paid_cents"], w["buyers"], w["buyers_paid_cents"]) for w in weeks] == [
        (1, 29_000, 2, 28_000)
    ]


def test_stages_of_life_and_how_people_moved_in_30_days(shop):
    assert ask(shop, "lifecycle_counts") == [{"lifecycle": "active", "persons": 2, "net_cents": 36_000}]
    assert [
        (m["from_lifecycle"], m["to_lifecycle"], m["persons"]) for m in ask(shop, "lifecycle_movement")
    ] == [
        ("dormant", "active", 1),
        ("new_customer", "active", 1),
    ]


def test_the_three_groups(shop):
    assert ask(shop, "group_counts") == [{"group3": "loyal", "persons": 2, "net_cents": 36_000, "orders": 4}]


def orders_of(shop, person_id=1):
    return people.orders_of(shop, 1, people.own_customers(shop, 1, person_id))


def test_a_person_is_all_customers_that_the_mirror_joins(shop):
    assert [people.own_customers(shop, 1, person) for person in (1, 11, 2)] == [[1, 11], [], [2]]


def test_the_orders_of_a_person_over_all_nicks_with_flags(shop):
    assert [row["order_id"] for row in orders_of(shop)] == ["A2", "A1"]
    assert orders_of(shop, 11) == []
    assert [(row["order_id"], row["flag"]) for row in orders_of(shop, 2)][:2] == [
        ("F1", "suspect"),
        ("U1", ""),
    ]


def test_one_order_with_its_states_goods_refunds_reviews_and_parcels(shop):
    whole = ask(shop, "order_whole", order_id="F1")
    assert [(row["person_id"], row["paid_cents"], row["flag"]) for row in whole] == [(2, 99_000, "suspect")]
    assert [row["person_id"] for row in ask(shop, "order_whole", order_id="A2")] == [1]
    assert ask(shop, "order_whole", order_id="X1") == []
    assert [row["title"] for row in ask(shop, "order_goods", order_id="A2")] == ["茶"]
    states = ask(shop, "order_history", order_id="B2")
    assert [(row["status"], row["refunded_cents"], row["import_id"]) for row in states] == [
        ("finished", 4_000, 8),
        ("paid", 0, 7),
    ]
    assert [row["order_id"] for row in ask(shop, "import_orders", import_id=7)] == ["B2"]
    assert [row["amount_cents"] for row in ask(shop, "order_refunds", order_id="B2")] == [4_000]
    assert [row["rating"] for row in ask(shop, "order_reviews", order_id="A2")] == [4]
    assert [row["kind"] for row in ask(shop, "order_parcels", order_id="A2")] == ["signed"]


def test_the_reviews_of_a_person_over_all_nicks(shop):
    found = people.reviews_of(shop, 1, orders_of(shop))
    assert [(row["order_id"], row["rating"], row["has_photo"]) for row in found] == [("A2", 4, True)]
    assert people.reviews_of(shop, 1, orders_of(shop, 2)) == people.reviews_of(shop, 1, []) == []


def test_the_refunds_of_a_person_and_of_nobody_else(shop):
    found = people.refunds_of(shop, 1, [2], orders_of(shop, 2))
    assert [(row["refund_id"], row["amount_cents"]) for row in found] == [("R1", 4_000)]
    assert people.refunds_of(shop, 1, [1, 11], orders_of(shop)) == people.refunds_of(shop, 1, [], []) == []


def test_what_a_person_bought_by_category_without_fake_orders(shop):
    assert people.categories_of(shop, 1, orders_of(shop)) == [
        {"category": "", "orders": 1, "pieces": 2, "net_cents": 20_000}
    ]
    assert people.categories_of(shop, 1, orders_of(shop, 11)) == []


def test_an_order_number_with_signs_of_the_query_is_only_a_number(shop):
    strange = [{"order_id": "A2' OR true -- $shop_id {rows}", "month": "1970-01"}]
    assert people.reviews_of(shop, 1, strange) == []


def test_customers_page_by_page(shop):
    first = ask(shop, "customers_by_money", page_rows=1)
    last = first[-1]
    second = ask(
        shop,
        "customers_by_money",
        page_rows=1,
        after_cents=last["net_cents"],
        after_person_id=last["person_id"],
    )

    assert [(row["person_id"], row["net_cents"]) for row in first + second] == [(1, 25_000), (2, 11_000)]
    assert [row["person_id"] for row in ask(shop, "customers_by_recency", city="杭州市")] == [1]
    assert ask(shop, "customers_by_recency", after_day=TODAY - 10, after_person_id=2) == []


def test_refunds_products_and_titles(shop):
    assert ask(shop, "refund_rate") == [
        {
            "paid_orders": 3,
            "refunded_orders": 1,
            "fully_refunded_orders": 0,
            "paid_cents": 29_000,
            "refunded_cents": 4_000,
        }
    ]
    assert [(r["product_id"], r["units"], r["net_cents"]) for r in ask(shop, "top_products")] == [
        ("P1", 2, 20_000)
    ]
    assert [(r["titles"], r["orders"], r["paid_cents"]) for r in ask(shop, "top_titles")] == [
        ("茶", 2, 21_000),
        ("杯", 1, 8_000),
    ]


def test_money_by_month_and_orders_without_a_buyer(shop):
    months = ask(shop, "money_by_month")

    assert sum(m["paid_cents"] for m in months) == 140_000
    assert sum(m["orders"] for m in months) == 7
    assert sum(m["without_customer"] for m in ask(shop, "orders_without_customer")) == 1


def test_repurchase_of_a_period(shop):
    assert ask(shop, "repurchase", from_day=TODAY - 60) == [
        {"buyers": 2, "repeat_buyers": 1, "net_cents": 31_000, "repeat_net_cents": 11_000}
    ]


def test_the_buyers_of_a_backtest_are_counted_by_their_earlier_orders(shop):
    assert ask(shop, "backtest_buyers") == [
        {"order_id": "A2", "person_id": 1, "earlier": 1},
        {"order_id": "B2", "person_id": 2, "earlier": 1},
    ]


def test_the_orders_of_a_backtest_stand_in_the_order_of_payment_with_whose_they_are(shop):
    found = {row["order_id"]: (row["place"], row["person_id"]) for row in ask(shop, "backtest_times")}
    assert found["A2"][1] == 1 and found["B2"][1] == 2
    assert sorted(place for place, _person in found.values()) == list(range(1, len(found) + 1))


def test_an_unknown_query_is_named_with_those_there_are():
    with pytest.raises(UnknownQuery, match="no query 'overvew'; there are backtest_buyers, "):
        query_text("overvew")


def test_the_reference_page_of_queries_is_current():
    assert PAGE.read_text(encoding="utf-8") == queries_page()


def test_the_customer_summary_counts_days_of_repeat_purchases(shop):
    assert ask(shop, "customer_summary") == [
        {"person_id": 1, "frequency": 1, "recency_days": 360, "age_days": 370, "repeat_cents": 20_000},
        {"person_id": 2, "frequency": 1, "recency_days": 30, "age_days": 40, "repeat_cents": 4_000},
    ]


@given(
    st.lists(
        st.tuples(st.integers(1, 4), st.integers(0, 30), st.integers(0, 900), st.integers(0, 1000)),
        max_size=40,
    )
)
@settings(max_examples=25, deadline=None)
def test_the_customer_summary_says_what_a_plain_rival_says(bought):
    rows = [
        order(f"O{n}", who, day=TODAY - ago, paid_cents=paid, refunded_cents=back)
        for n, (who, ago, paid, back) in enumerate(bought)
    ]
    with TemporaryDirectory() as folder:
        warehouse = Warehouse(folder)
        warehouse.append("orders", orders(*rows), app_id="1")
        reader = warehouse.reader()
        found = reader.query("customer_summary", shop_id=1, as_of_day=TODAY).to_pylist()
        assert customer_summary(reader, 1, TODAY).to_pylist() == found

    by_day: dict[int, dict[int, int]] = {}
    for who, ago, paid, back in bought:
        days = by_day.setdefault(who, {})
        days[TODAY - ago] = days.get(TODAY - ago, 0) + max(paid - back, 0)
    assert found == [
        {
            "person_id": who, "frequency": len(days) - 1, "recency_days": max(days) - min(days),
            "age_days": TODAY - min(days), "repeat_cents": sum(days.values()) - days[min(days)],
        }
        for who, days in sorted(by_day.items())
    ]  # fmt: skip


def test_prices_before_a_start_come_from_lines_and_from_orders_of_one_piece(shop):
    found = ask(shop, "deal_prices")

    # A2's line paid 200 for two; B2 and N1 hold one piece and no lines; B1 and A1 lie outside 30 days; F1 is a fake.
    told = {
        (row["product_id"], row["title"]): (
            row["lowest_7_cents"], row["lowest_30_cents"], row["last_cents"], row["units"],
        )
        for row in found
    }  # fmt: skip
    assert told == {
        ("P1", "茶"): (None, 10_000, 10_000, 2),
        ("", "杯"): (None, 8_000, 8_000, 1),
        ("", "茶"): (None, 1_000, 1_000, 1),
        ("", ""): (None, None, 7_000, 0),
    }


def test_a_deal_in_the_last_seven_days_is_told_apart_and_one_after_the_start_is_not_told(shop):
    found = ask(shop, "deal_prices", start_at=datetime(2019, 4, 6), seven_at=datetime(2019, 3, 30))

    assert {(row["title"], row["lowest_7_cents"], row["last_cents"]) for row in found} == {
        ("茶", 10_000, 10_000),
        ("杯", 8_000, 8_000),
        ("茶", 1_000, 1_000),
        ("", None, 7_000),
    }
    early = ask(shop, "deal_prices", start_at=datetime(2019, 4, 1), seven_at=datetime(2019, 3, 25))
    assert {(row["title"], row["last_cents"], row["units"]) for row in early if row["title"]} == {
        ("茶", None, 2),
        ("杯", None, 1),
        ("茶", None, 1),
    }


def test_orders_that_tell_no_price_are_counted(shop):
    assert ask(shop, "unsplit_orders") == [{"orders": 0}]


def test_who_paid_what_for_which_item_is_told_by_person_and_price(shop):
    found = ask(shop, "protected_deals")

    # Nick 11 is Alice; what Bob had half back still counts; nobody knows who paid N1, and F1 is a fake.
    assert [tuple(row.values()) for row in found] == [
        ("", "", "杯", 2, 8_000, 1),
        ("P1", "", "", 1, 10_000, 2),
    ]
    assert [row["person_id"] for row in ask(shop, "protected_deals", to_day=TODAY - 11)] == []

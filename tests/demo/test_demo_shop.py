"""The demo shop adds up to the cent, looks like a shop, and comes out the same whenever it is made."""

from __future__ import annotations

import hashlib
from dataclasses import fields
from datetime import datetime

import duckdb
import pyarrow as pa
import pytest

from laoke.intake.demo import DemoShop, generate, plan
from laoke.warehouse.contracts import CONTRACTS

END = datetime(2026, 10, 31, 12)
CUSTOMERS, ORDERS = 3_000, 9_000
FACTS = (
    "orders", "order_lines", "refunds", "products", "shipment_events", "reviews", "traffic_days", "product_days",
)  # fmt: skip
TABLES = (*FACTS, "review_texts", "people", "order_people", "planted_fakes")


@pytest.fixture(scope="module")
def shop() -> DemoShop:
    return generate(7, CUSTOMERS, ORDERS, END)


@pytest.fixture(scope="module")
def db(shop: DemoShop) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    for name in TABLES:
        connection.register(name, getattr(shop, name))
    return connection


def one(db: duckdb.DuckDBPyConnection, query: str) -> object:
    row = db.execute(query).fetchone()
    assert row is not None
    return row[0]


def digest(shop: DemoShop) -> str:
    """A hash over every cell of every table."""
    found = hashlib.blake2b()
    for name in TABLES:
        for column in getattr(shop, name).columns:
            found.update(repr(column.to_pylist()).encode())
    return found.hexdigest()


# --- Repeatable


def test_the_same_seed_gives_the_same_shop_in_runs_of_any_size() -> None:
    first = generate(11, 200, 600, END)
    assert digest(first) == digest(generate(11, 200, 600, END, run_orders=70))
    assert digest(first) != digest(generate(12, 200, 600, END))


def test_runs_hand_out_the_same_rows_as_the_whole_shop(shop: DemoShop) -> None:
    runs = list(plan(7, CUSTOMERS, ORDERS, END).runs(4_000))
    assert [run.orders.num_rows for run in runs] == [4_000, 4_000, 1_000]
    for column in fields(runs[0]):
        together = pa.concat_tables([getattr(run, column.name) for run in runs])
        assert together.equals(getattr(shop, column.name)), column.name


def test_people_can_be_asked_for_in_parts(shop: DemoShop) -> None:
    parts = [shop.plan.people(0, 1_000), shop.plan.people(1_000)]
    assert pa.concat_tables(parts).equals(shop.people)


# --- As many as asked for


@pytest.mark.parametrize("customers, orders", [(1, 1), (1, 8), (40, 40), (40, 320), (700, 2_100)])
def test_shops_of_any_size_have_exactly_the_orders_asked_for(customers: int, orders: int) -> None:
    shop = generate(3, customers, orders, END)
    assert shop.orders.num_rows == orders
    assert shop.people.num_rows == customers
    assert set(shop.order_people["buyer_no"].to_pylist()) == set(range(1, customers + 1))


@pytest.mark.parametrize("customers, orders", [(0, 0), (10, 9), (10, 81)])
def test_numbers_that_do_not_fit_are_refused(customers: int, orders: int) -> None:
    with pytest.raises(ValueError, match="need 1 to 8 orders per customer"):
        plan(1, customers, orders, END)


def test_an_end_with_a_zone_is_refused() -> None:
    from datetime import UTC

    with pytest.raises(ValueError, match="carries a zone"):
        plan(1, 10, 20, END.replace(tzinfo=UTC))


# --- Contracts and keys


@pytest.mark.parametrize("name", FACTS)
def test_every_table_keeps_its_contract(shop: DemoShop, name: str) -> None:
    table, contract = getattr(shop, name), CONTRACTS[name]
    given = {"shop_id": 1, "import_id": 0, "customer_id": 1}
    for column in contract.columns:
        if column.name not in table.column_names:
            value = pa.array([given[column.name]] * table.num_rows, pa.int64())
            table = table.append_column(column.name, value)
    contract.check(table.select([column.name for column in contract.columns]))


@pytest.mark.parametrize(
    "table, key",
    [
        ("orders", "order_id"),
        ("order_lines", "order_id, line"),
        ("order_lines", "order_id, product_id"),
        ("refunds", "refund_id"),
        ("products", "product_id"),
        ("products", "title"),
        ("shipment_events", 'order_id, "at", kind'),
        ("reviews", "order_id, product_id"),
        ("review_texts", "order_id, product_id"),
        ("traffic_days", "date_day, source"),
        ("product_days", "product_id, date_day"),
        ("people", "buyer_no"),
        ("people", "nick"),
        ("order_people", "order_id"),
    ],
)
def test_keys_are_unique(db: duckdb.DuckDBPyConnection, table: str, key: str) -> None:
    assert one(db, f"SELECT count(*) - count(DISTINCT ({key})) FROM {table}") == 0


@pytest.mark.parametrize(
    "table",
    ["order_lines", "refunds", "shipment_events", "reviews", "review_texts", "order_people", "planted_fakes"],
)
def test_every_row_belongs_to_an_order(db: duckdb.DuckDBPyConnection, table: str) -> None:
    assert one(db, f"SELECT count(*) FROM {table} ANTI JOIN orders USING (order_id)") == 0


def test_every_line_is_of_a_product_listed_when_it_was_bought(db: duckdb.DuckDBPyConnection) -> None:
    late = "SELECT count(*) FROM order_lines JOIN products USING (product_id) JOIN orders USING (order_id)"
    assert one(db, late) == one(db, "SELECT count(*) FROM order_lines")
    assert one(db, f"{late} WHERE listed_at > created_at") == 0


def test_order_ids_have_nineteen_digits(db: duckdb.DuckDBPyConnection) -> None:
    assert one(db, r"SELECT count(*) FROM orders WHERE NOT regexp_full_match(order_id, '[1-9]\d{18}')") == 0


# --- Money


@pytest.mark.parametrize(
    "rule",
    [
        "total_cents = goods_cents - seller_discount_cents - platform_discount_cents + postage_cents",
        "paid_cents = CASE WHEN paid_at IS NULL THEN 0 ELSE total_cents END",
        "refunded_cents <= paid_cents",
        "status <> 'closed_refunded' OR refunded_cents = paid_cents",
        "status <> 'closed_refunded' OR paid_cents > 0",
        "status <> 'closed_unpaid' OR paid_at IS NULL",
        "deposit_cents = 0 OR deposit_cents + balance_cents = total_cents",
        "NOT coupon_used OR seller_discount_cents > 0",
    ],
)
def test_the_money_of_every_order_adds_up(db: duckdb.DuckDBPyConnection, rule: str) -> None:
    assert one(db, f"SELECT count(*) FROM orders WHERE NOT ({rule})") == 0


def test_lines_add_up_to_their_order_to_the_cent(db: duckdb.DuckDBPyConnection) -> None:
    wrong = """
        SELECT count(*) FROM orders JOIN (
            SELECT order_id, sum(quantity * unit_price_cents) AS goods, sum(paid_cents) AS paid,
                   sum(refunded_cents) AS refunded, sum(quantity) AS pieces, min(paid_cents) AS least
            FROM order_lines GROUP BY order_id
        ) AS lines USING (order_id)
        WHERE goods <> goods_cents OR pieces <> item_count OR least < 0
           OR paid <> CASE WHEN paid_cents > 0 THEN paid_cents - postage_cents ELSE 0 END
           OR refunded <> refunded_cents - CASE WHEN status = 'closed_refunded' THEN postage_cents ELSE 0 END
    """
    assert one(db, wrong) == 0
    assert one(db, "SELECT count(DISTINCT order_id) FROM order_lines") == ORDERS


def test_granted_refunds_are_the_money_given_back(db: duckdb.DuckDBPyConnection) -> None:
    wrong = """
        SELECT count(*) FROM orders LEFT JOIN (
            SELECT order_id, sum(amount_cents) AS amount FROM refunds WHERE state = '退款成功' GROUP BY order_id
        ) AS granted USING (order_id) WHERE coalesce(amount, 0) <> refunded_cents
    """
    assert one(db, wrong) == 0
    assert one(db, "SELECT count(*) FROM refunds WHERE amount_cents <= 0") == 0


def test_traffic_counts_every_paid_order_and_its_money(db: duckdb.DuckDBPyConnection) -> None:
    wrong = """
        SELECT count(*) FROM (
            SELECT date_day, sum(orders) AS orders, sum(sales_cents) AS sales FROM traffic_days GROUP BY date_day
        ) AS days FULL JOIN (
            SELECT paid_day AS date_day, count(*) AS paid, sum(paid_cents) AS money
            FROM orders WHERE paid_at IS NOT NULL GROUP BY paid_day
        ) AS facts USING (date_day)
        WHERE coalesce(days.orders, -1) <> coalesce(paid, 0) OR coalesce(sales, -1) <> coalesce(money, 0)
    """
    assert one(db, wrong) == 0
    assert one(db, "SELECT count(*) FROM traffic_days WHERE visitors < orders") == 0


def test_product_days_count_every_paid_line(db: duckdb.DuckDBPyConnection) -> None:
    lines = "FROM order_lines JOIN orders USING (order_id) WHERE paid_at IS NOT NULL"
    for day, line in (("sum(units)", "sum(quantity)"), ("sum(sales_cents)", "sum(order_lines.paid_cents)")):
        assert one(db, f"SELECT {day} FROM product_days") == one(db, f"SELECT {line} {lines}")


# --- Time


@pytest.mark.parametrize(
    "rule",
    [
        "created_at BETWEEN TIMESTAMP '2024-10-31' AND TIMESTAMP '2026-10-31 12:00'",
        "greatest(paid_at, shipped_at, finished_at, modified_at) <= seen_at",
        "paid_at >= created_at",
        "shipped_at > paid_at",
        "finished_at >= created_at",
        "status NOT IN ('finished', 'closed_unpaid', 'closed_refunded') OR finished_at IS NOT NULL",
        "status <> 'unpaid' OR deposit_cents > 0 OR seen_at - created_at <= INTERVAL 24 HOUR",
        "status <> 'paid' OR shipped_at IS NULL",
        "strftime(created_at, '%Y-%m') = month AND created_hour = hour(created_at)",
        "created_day = date_diff('day', DATE '1970-01-01', created_at::DATE)",
        "created_weekday = isodow(created_at) - 1",
    ],
)
def test_times_are_in_order(db: duckdb.DuckDBPyConnection, rule: str) -> None:
    assert one(db, f"SELECT count(*) FROM orders WHERE ({rule}) = false") == 0


def test_old_orders_are_settled_and_young_ones_are_on_their_way(db: duckdb.DuckDBPyConnection) -> None:
    open_states = "status IN ('unpaid', 'paid', 'partly_shipped', 'shipped', 'signed')"
    assert (
        one(db, f"SELECT count(*) FROM orders WHERE {open_states} AND seen_at - created_at > INTERVAL 60 DAY")
        == 0
    )
    young = "seen_at - created_at <= INTERVAL 12 DAY"
    assert one(db, f"SELECT count(DISTINCT status) FROM orders WHERE {open_states} AND {young}") >= 4


def test_parcels_go_their_way_in_order(db: duckdb.DuckDBPyConnection) -> None:
    wrong = """
        SELECT count(*) FROM shipment_events AS a JOIN shipment_events AS b USING (order_id)
        WHERE (a.kind = 'shipped' AND b.kind <> 'shipped' AND b."at" <= a."at")
           OR (b.kind = 'signed' AND a.kind <> 'signed' AND b."at" <= a."at")
    """
    assert one(db, wrong) == 0
    finished = "SELECT count(*) FROM orders WHERE status = 'finished'"
    assert one(db, finished) == one(
        db, "SELECT count(*) FROM orders SEMI JOIN (FROM shipment_events WHERE kind = 'signed') USING (order_id) "
        "WHERE status = 'finished'",
    )  # fmt: skip


# --- Looks like a shop


@pytest.mark.parametrize(
    "what, query, low, high",
    [
        ("closed unpaid", "SELECT avg((status = 'closed_unpaid')::INT) FROM orders", 0.03, 0.08),
        ("refunded", "SELECT avg((refunded_cents > 0)::INT) FROM orders WHERE paid_at IS NOT NULL", 0.035, 0.09),
        ("coupons", "SELECT avg(coupon_used::INT) FROM orders", 0.10, 0.30),
        ("one line", "SELECT avg((titles NOT LIKE '%，%')::INT) FROM orders", 0.5, 0.75),
        ("order value in yuan", "SELECT avg(total_cents) / 100 FROM orders", 150, 500),
        ("margin", "SELECT 1 - sum(quantity * cost_cents) / sum(quantity * unit_price_cents) FROM order_lines "
         "JOIN products USING (product_id)", 0.3, 0.65),
        ("consent", "SELECT avg(consent::INT) FROM people", 0.57, 0.67),
        ("gifts", "SELECT avg(gift::INT) FROM order_people", 0.005, 0.03),
        ("five stars", "SELECT avg((rating = 5)::INT) FROM reviews", 0.7, 0.9),
        ("conversion", "SELECT sum(orders) / sum(visitors) FROM traffic_days", 0.02, 0.05),
    ],
)  # fmt: skip
def test_shares_are_those_of_a_shop(
    db: duckdb.DuckDBPyConnection, what: str, query: str, low: float, high: float
) -> None:
    assert low <= one(db, query) <= high, what  # type: ignore[operator]


def test_people_come_back_and_drop_out(db: duckdb.DuckDBPyConnection) -> None:
    counts = """
        SELECT count(*) AS n, max(created_at) AS last FROM order_people JOIN orders USING (order_id)
        ANTI JOIN planted_fakes USING (order_id) WHERE paid_at IS NOT NULL GROUP BY buyer_no
    """
    assert 0.40 <= one(db, f"SELECT avg((n > 1)::INT) FROM ({counts})") <= 0.60  # type: ignore[operator]
    assert one(db, f"SELECT max(n) FROM ({counts})") >= 15  # type: ignore[operator]
    silent = f"SELECT avg((last < TIMESTAMP '2026-05-01')::INT) FROM ({counts}) WHERE n > 1"
    assert 0.2 <= one(db, silent) <= 0.7  # type: ignore[operator]


def test_double_11_and_618_are_the_peaks_and_the_festival_is_the_lull(db: duckdb.DuckDBPyConnection) -> None:
    by_day = "SELECT created_at::DATE AS day, count(*) AS n FROM orders GROUP BY day ORDER BY n DESC"
    top = [str(row[0]) for row in db.execute(f"{by_day} LIMIT 4").fetchall()]
    assert set(top) == {"2024-11-11", "2025-11-11", "2025-06-18", "2026-06-18"}
    year = "created_at >= TIMESTAMP '2025-10-31'"
    share = one(db, f"SELECT avg((created_at::DATE = DATE '2025-11-11')::INT) FROM orders WHERE {year}")
    assert 0.04 <= share <= 0.10  # type: ignore[operator]
    week = "SELECT count(*) FROM orders WHERE created_at::DATE BETWEEN DATE '{}' AND DATE '{}'"
    festival, ordinary = (
        one(db, week.format(*days)) for days in (("2026-02-15", "2026-02-21"), ("2026-03-15", "2026-03-21"))
    )
    assert festival < 0.5 * ordinary  # type: ignore[operator]


def test_parcels_of_double_11_are_slower_and_late_ones_are_rated_lower(db: duckdb.DuckDBPyConnection) -> None:
    db.execute(
        """CREATE OR REPLACE VIEW ways AS SELECT order_id, paid_at, date_diff('hour', paid_at, "at") / 24.0 AS took
        FROM orders JOIN shipment_events USING (order_id) ANTI JOIN planted_fakes USING (order_id)
        WHERE kind = 'signed'"""
    )
    peak = one(db, "SELECT median(took) FROM ways WHERE paid_at::DATE = DATE '2025-11-11'")
    usual = one(
        db, "SELECT median(took) FROM ways WHERE paid_at::DATE BETWEEN DATE '2025-10-01' AND '2025-10-20'"
    )
    assert peak > usual + 1  # type: ignore[operator]
    rating = "SELECT avg(rating) FROM ways JOIN reviews USING (order_id) WHERE took {}"
    assert one(db, rating.format("> 8")) < one(db, rating.format("<= 4")) - 0.5  # type: ignore[operator]


# --- Nobody real


def test_phones_and_mails_can_reach_nobody(db: duckdb.DuckDBPyConnection) -> None:
    phones = "SELECT phone FROM people UNION SELECT phone FROM order_people"
    assert one(db, rf"SELECT count(*) FROM ({phones}) WHERE NOT regexp_full_match(phone, '100\d{{8}}')") == 0
    assert one(db, "SELECT count(*) FROM people WHERE email NOT LIKE 'u%@example.com'") == 0


def test_some_people_use_two_nicks_with_one_phone_and_some_send_gifts(db: duckdb.DuckDBPyConnection) -> None:
    own = "FROM order_people WHERE NOT gift GROUP BY buyer_no"
    assert one(db, f"SELECT count(*) FROM (SELECT count(DISTINCT phone) AS n {own}) WHERE n > 1") == 0
    two = one(db, f"SELECT count(*) FROM (SELECT count(DISTINCT nick) AS n {own}) WHERE n = 2")
    assert 0.015 <= two / CUSTOMERS <= 0.04  # type: ignore[operator]
    strangers = """
        SELECT count(*) FROM order_people JOIN people USING (buyer_no)
        WHERE order_people.nick <> people.nick AND order_people.nick IS DISTINCT FROM second_nick
    """
    assert one(db, strangers) == 0
    gifts = "SELECT count(*) FROM order_people JOIN people USING (buyer_no) WHERE gift"
    assert one(db, f"{gifts} AND order_people.phone = people.phone") == 0


# --- Planted fakes


def test_fakes_show_the_published_signals(db: duckdb.DuckDBPyConnection, shop: DemoShop) -> None:
    assert shop.planted_fakes.num_rows == round(0.015 * ORDERS)
    db.execute(
        """CREATE OR REPLACE VIEW fakes AS
        SELECT * FROM planted_fakes JOIN orders USING (order_id) JOIN order_people USING (order_id)"""
    )
    per_hour = (
        "SELECT burst, count(*) / count(DISTINCT buyer_no) AS rate, max(created_at) - min(created_at) AS span"
    )
    assert one(db, f"SELECT min(rate) FROM ({per_hour} FROM fakes GROUP BY burst)") >= 3  # type: ignore[operator]
    assert one(db, f"SELECT max(span) < INTERVAL 1 HOUR FROM ({per_hour} FROM fakes GROUP BY burst)")
    shared = "SELECT phone, count(DISTINCT nick) AS nicks FROM fakes GROUP BY phone"
    assert one(db, f"SELECT min(nicks) FROM ({shared})") == 3
    assert one(db, "SELECT count(*) FROM fakes WHERE coupon_used OR status <> 'finished'") == 0
    quick = "SELECT fakes.order_id FROM fakes JOIN shipment_events USING (order_id) WHERE kind = 'signed'"
    assert one(db, f"""SELECT count(*) FROM ({quick} AND finished_at > "at" + INTERVAL 24 HOUR)""") == 0
    parcels = "SELECT waybill_digest, count(DISTINCT order_id) AS n FROM shipment_events"
    reused = f"{parcels} SEMI JOIN planted_fakes USING (order_id) GROUP BY waybill_digest"
    assert one(db, f"SELECT avg(n) FROM ({reused})") >= 3  # type: ignore[operator]
    honest = f"{parcels} ANTI JOIN planted_fakes USING (order_id) GROUP BY waybill_digest"
    assert one(db, f"SELECT max(n) FROM ({honest})") == 1
    words = "SELECT count(DISTINCT text) FROM review_texts SEMI JOIN planted_fakes USING (order_id)"
    assert one(db, words) <= 3  # type: ignore[operator]
    assert one(db, "SELECT min(rating) FROM reviews SEMI JOIN planted_fakes USING (order_id)") == 5


def test_a_small_shop_is_not_brushed() -> None:
    assert generate(7, 200, 600, END).planted_fakes.num_rows == 0

"""Lines joined with their orders beforehand: the same lines whether it was done, half done, outdated or not begun."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from laoke.warehouse import joined_lines
from laoke.warehouse.joined_lines import FOLDER, join_next, kept, sweep
from laoke.warehouse.renumbering import renumber
from laoke.warehouse.store import Warehouse
from tests.warehouse.shops import at, order, orders, table

JAN, FEB = 16_440, 16_470  # 2015-01-05 and 2015-02-04
HOUR = 3600.0


def line(order_id, day, product="p", **given):
    return {
        "month": at(day).strftime("%Y-%m"), "shop_id": 1, "order_id": order_id, "line": "1", "product_id": product,
        "sku": "", "outer_code": "", "title": f"商品 {product}", "quantity": 2, "unit_price_cents": 500,
        "paid_cents": 900, "refunded_cents": 0, "line_status": "", "created_day": day, "import_id": 1,
    } | given  # fmt: skip


def flag(order_id, kind):
    return {"shop_id": 1, "order_id": order_id, "flag": kind, "score": 9, "reasons": ""}


@pytest.fixture
def shop(warehouse):
    """Two months: bought, unpaid, by nobody known, flagged; a line whose order is in no file."""
    rows = [
        order("A", 1, day=JAN), order("B", 2, day=JAN), order("C", None, day=JAN),
        order("D", 3, day=FEB), order("E", 4, day=FEB, status="unpaid"), order("F", 5, day=FEB),
    ]  # fmt: skip
    warehouse.append("orders", orders(*rows), app_id="orders")
    lines = [line(row["order_id"], row["created_at"].toordinal() - at(0).toordinal()) for row in rows]
    warehouse.append("order_lines", table("order_lines", lines), app_id="lines")
    flags = [flag("B", "suspect"), flag("F", "confirmed"), flag("D", "cleared")]
    warehouse.append("order_flags", table("order_flags", flags), app_id="flags")
    return warehouse


def join_all(warehouse, versions=None):
    months = 0
    while join_next(warehouse.root, versions or warehouse.versions(), least_bytes=0):
        months += 1
    return months


def counted(warehouse, versions=None, **options):
    """(buyer, day, product) of every counted line."""
    text = "SELECT customer_id, paid_day, product_id FROM lines_counted ORDER BY ALL"
    return [tuple(row.values()) for row in warehouse.reader(versions, **options).sql(text).to_pylist()]


def test_joined_or_not_the_lines_are_those_of_counted_orders_that_somebody_known_has_paid(shop):
    apart = counted(shop)
    assert apart == [(1, JAN, "p"), (3, FEB, "p")]

    assert join_all(shop) == 2

    assert len(kept(shop.root, shop.versions()).files) == 2
    assert counted(shop) == apart
    assert counted(shop, exclude=("confirmed",)) == [(1, JAN, "p"), (2, JAN, "p"), (3, FEB, "p")]
    assert counted(shop, exclude=()) == [(1, JAN, "p"), (2, JAN, "p"), (3, FEB, "p"), (5, FEB, "p")]
    assert shop.reader().counting_all().sql("SELECT count(*) AS n FROM lines_counted").to_pylist() == [
        {"n": 4}
    ]


def test_all_columns_come_from_where_they_belong(shop):
    text = "SELECT * FROM lines_counted ORDER BY customer_id"
    apart = shop.reader().sql(text)
    join_all(shop)

    assert shop.reader().sql(text).equals(apart)
    assert apart.to_pylist()[0] == {
        "shop_id": 1, "customer_id": 1, "paid_day": JAN, "product_id": "p", "title": "商品 p", "quantity": 2,
        "unit_price_cents": 500, "paid_cents": 900,
    }  # fmt: skip


def test_a_flag_that_is_not_mirrored_yet_leaves_its_lines_out_at_once(shop):
    join_all(shop)
    laid_over = {"order_flags": table("order_flags", [flag("A", "confirmed")])}

    assert counted(shop, overlays=laid_over) == [(3, FEB, "p")]


def test_a_month_that_changed_is_joined_as_asked_until_it_is_joined_anew(shop):
    join_all(shop)
    before = shop.versions()
    shop.append("orders", orders(order("G", 6, day=FEB)), app_id="more orders")
    shop.append("order_lines", table("order_lines", [line("G", FEB, "q")]), app_id="more lines")
    half = kept(shop.root, shop.versions())
    assert (len(half.files), half.missing) == (1, ("2015-02",))

    told = counted(shop)
    assert told == [(1, JAN, "p"), (3, FEB, "p"), (6, FEB, "q")]
    assert join_all(shop) == 1
    assert counted(shop) == told
    assert counted(shop, before) == [(1, JAN, "p"), (3, FEB, "p")]  # an older entry reads as it did


def test_an_order_that_is_paid_later_brings_its_lines_with_it(shop):
    join_all(shop)
    paid = order("E", 4, day=FEB)
    shop.upsert("orders", orders(paid), app_id="paid")

    assert (4, FEB, "p") in counted(shop)
    join_all(shop)
    assert (4, FEB, "p") in counted(shop)


def test_lines_whose_order_lies_in_another_month_are_found_all_the_same(shop):
    shop.append("order_lines", table("order_lines", [line("A", FEB, "far", line="2")]), app_id="far")
    apart = counted(shop)
    assert (1, JAN, "far") in apart

    assert join_all(shop) == 2

    assert kept(shop.root, shop.versions()).missing == ("2015-02",)
    assert counted(shop) == apart


def test_lines_that_wait_for_their_order_are_joined_when_it_has_come(shop):
    shop.append("order_lines", table("order_lines", [line("late", JAN, "w")]), app_id="early")
    join_all(shop)
    assert kept(shop.root, shop.versions()).missing == ("2015-01",)

    shop.append("orders", orders(order("late", 7, day=JAN)), app_id="late")
    join_all(shop)

    assert kept(shop.root, shop.versions()).missing == ()
    assert (7, JAN, "w") in counted(shop)


def test_a_shop_with_few_lines_and_tables_in_object_storage_have_no_joined_files(shop, storage):
    assert not join_next(shop.root, shop.versions())
    assert not (shop.root / FOLDER).exists()

    far = Warehouse(storage.root())
    far.append("orders", orders(order("A", 1, day=JAN)), app_id="orders")
    far.append("order_lines", table("order_lines", [line("A", JAN)]), app_id="lines")
    assert not join_next(far.root, far.versions(), least_bytes=0)
    assert counted(far) == [(1, JAN, "p")]


def test_readers_of_one_thread_see_new_files_without_a_new_version(shop):
    versions = shop.versions()
    reader = shop.reader(versions)
    told = reader.sql("SELECT count(*) AS n FROM lines_counted").to_pylist()
    assert "read_parquet" not in joined_lines.counted_sql(kept(shop.root, versions), "")

    join_all(shop)

    assert reader.sql("SELECT count(*) AS n FROM lines_counted").to_pylist() == told
    [view] = reader.sql("SELECT sql FROM duckdb_views() WHERE view_name = 'lines_counted'").to_pylist()
    assert FOLDER in view["sql"]


def test_two_workers_join_the_same_month_without_harm(shop):
    versions, start = shop.versions(), threading.Barrier(2)

    def work():
        start.wait()
        return join_all(shop, versions)

    with ThreadPoolExecutor(2) as pool:
        done = [one.result() for one in (pool.submit(work), pool.submit(work))]

    assert 2 <= sum(done) <= 4
    assert sorted(path.suffix for path in (shop.root / FOLDER).iterdir()) == [".parquet", ".parquet"]
    assert counted(shop) == [(1, JAN, "p"), (3, FEB, "p")]


def test_a_file_that_was_being_written_when_the_worker_died_is_no_file(shop, monkeypatch):
    def die(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("pathlib.Path.replace", die)
    with pytest.raises(KeyboardInterrupt):
        join_all(shop)
    monkeypatch.undo()

    [left] = (shop.root / FOLDER).iterdir()
    assert left.suffix == ".part"
    assert kept(shop.root, shop.versions()).files == ()
    assert counted(shop) == [(1, JAN, "p"), (3, FEB, "p")]
    assert join_all(shop) == 2
    assert (
        sweep(shop.root, shop.versions(), now=left.stat().st_mtime + 49 * HOUR, keep_seconds=48 * HOUR) == 1
    )
    assert not left.exists()


def test_files_go_when_no_version_in_use_has_needed_them_for_two_days(shop):
    join_all(shop)
    [january, february] = sorted((shop.root / FOLDER).iterdir())
    born = february.stat().st_mtime
    shop.append("orders", orders(order("G", 6, day=FEB)), app_id="more orders")
    join_all(shop)
    versions = shop.versions()

    assert sweep(shop.root, versions, now=born + 47 * HOUR, keep_seconds=48 * HOUR) == 0
    assert sweep(shop.root, versions, now=born + 49 * HOUR, keep_seconds=48 * HOUR) == 1
    assert january.exists() and not february.exists()
    assert january.stat().st_mtime == born + 49 * HOUR  # in use then
    assert kept(shop.root, versions).missing == ()


def test_they_can_be_thrown_away_and_are_made_again(shop):
    join_all(shop)
    joined_lines.forget(shop.root)

    assert list((shop.root / FOLDER).iterdir()) == []
    assert counted(shop) == [(1, JAN, "p"), (3, FEB, "p")]
    assert join_all(shop) == 2


def test_without_joined_files_there_is_nothing_to_sweep(shop):
    assert sweep(shop.root, shop.versions(), now=at(JAN).timestamp(), keep_seconds=0) == 0


def test_an_erased_number_takes_the_joined_files_with_it_that_hold_it(shop):
    join_all(shop)
    assert renumber(shop, {3: 999}) == []

    [left] = (shop.root / FOLDER).iterdir()
    assert left.name.startswith("2015-01")
    assert counted(shop) == [(1, JAN, "p"), (999, FEB, "p")]
    join_all(shop)
    assert counted(shop) == [(1, JAN, "p"), (999, FEB, "p")]

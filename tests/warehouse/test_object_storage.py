"""Tables on object storage, against a real S3 server: written, read, kept up, killed, fought over, out of reach."""

from __future__ import annotations

import multiprocessing
import os
from pathlib import Path

import pytest

from laoke.shops.place import Place
from laoke.shops.unavailable_words import _words, told
from laoke.warehouse import delta, upkeep
from laoke.warehouse.renumbering import renumber
from laoke.warehouse.storage import Storage, StorageProblem, configured_storage
from laoke.warehouse.store import Warehouse
from tests.warehouse.s3 import BUCKET, KEY, SECRET, client, s3_server
from tests.warehouse.shops import order, orders


@pytest.fixture
def warehouse(storage: Storage) -> Warehouse:
    return Warehouse(storage.root())


def sums(warehouse: Warehouse, **given: object) -> tuple[int, int]:
    row = warehouse.reader(**given).query("money_by_month", shop_id=1).to_pylist()  # type: ignore[arg-type]
    return sum(one["orders"] for one in row), sum(one["paid_cents"] for one in row)


def parquet_keys(storage: Storage) -> list[str]:
    listed = client(storage.endpoint).list_objects_v2(Bucket=BUCKET, Prefix=storage.url.rpartition("/")[2])
    return [one["Key"] for one in listed.get("Contents", []) if one["Key"].endswith(".parquet")]


# What it does


def test_rows_are_written_changed_taken_back_and_read_by_version(warehouse: Warehouse) -> None:
    rows = orders(order("A1", 1, day=17_000), order("A2", 2, day=17_100), order("A3", 3, day=17_100))
    first = warehouse.append("orders", rows, app_id="1")
    second = warehouse.upsert("orders", orders(order("A2", 2, day=17_100, paid_cents=500)), app_id="2")

    assert (first.rows_new, second.rows_changed, second.rows_unchanged) == (3, 1, 0)
    assert sums(warehouse) == (3, 20_500)
    assert sums(warehouse, versions={"orders": first.version}) == (3, 30_000)
    # A repeat is skipped; what no entry names is taken back.
    assert warehouse.upsert("orders", rows, app_id="2").skipped is True
    assert warehouse.align({"orders": first.version}) == ["orders"]
    assert sums(warehouse) == (3, 30_000)
    assert warehouse.damage(warehouse.versions()) == []


def test_months_lie_in_folders_of_their_own(warehouse: Warehouse, storage: Storage) -> None:
    warehouse.append("orders", orders(order("A1", day=17_000), order("A2", day=17_100)), app_id="1")

    folders = [key.rpartition("/")[0].rpartition("/")[2] for key in parquet_keys(storage)]
    assert sorted(folders) == ["month=2016-07", "month=2016-10"]
    assert warehouse.reader().rows("SELECT month FROM orders WHERE month = '2016-10'") == [
        {"month": "2016-10"}
    ]


def test_many_rows_are_read_by_many_threads(storage: Storage) -> None:
    warehouse = Warehouse(storage.root(), threads=4)
    rows = [order(f"A{n}", n + 1, day=17_000 + n % 300, paid_cents=n) for n in range(20_000)]
    warehouse.append("orders", orders(*rows), app_id="1")

    assert sums(warehouse) == (20_000, sum(range(20_000)))


def test_upkeep_joins_files_and_sweeps_what_nothing_names(warehouse: Warehouse, storage: Storage) -> None:
    for number in range(5):
        warehouse.append("orders", orders(order(f"A{number}")), app_id=str(number))
    assert len(parquet_keys(storage)) == 5

    version = upkeep.compact(warehouse, "orders")
    upkeep.checkpoint(warehouse, "orders")
    assert version is not None
    later = max(path.stat().st_mtime for path in storage.root().rglob("*")) + 49 * 3600
    gone = upkeep.vacuum(warehouse, "orders", keep_versions=[version], now=later)
    trimmed = upkeep.trim_log(warehouse, "orders", oldest_version=version)

    delta.forget_snapshots()
    assert (len(gone), trimmed) == (5, 6)
    assert sums(warehouse, versions={"orders": version}) == (5, 50_000)


def test_young_files_and_kept_versions_stay(warehouse: Warehouse, storage: Storage) -> None:
    first = warehouse.append("orders", orders(order("A1")), app_id="1").version
    warehouse.replace("orders", orders(order("A2")), app_id="2")

    assert upkeep.vacuum(warehouse, "orders", keep_versions=[]) == []
    later = max(path.stat().st_mtime for path in storage.root().rglob("*")) + 49 * 3600
    assert upkeep.vacuum(warehouse, "orders", keep_versions=[first], now=later) == []
    assert len(parquet_keys(storage)) == 2


def test_numbers_of_erased_people_are_replaced_in_place(warehouse: Warehouse) -> None:
    version = warehouse.append("orders", orders(order("A1", 7), order("A2", 8)), app_id="1").version
    assert sums(warehouse) == (2, 20_000)

    assert renumber(warehouse, {7: 77}) == []

    found = warehouse.reader({"orders": version}).rows("SELECT customer_id AS c FROM orders ORDER BY c")
    assert found == [{"c": 8}, {"c": 77}]


# Two at once, and one that dies


def _append(storage: Storage, number: int, begin: object) -> None:
    warehouse = Warehouse(storage.root())
    begin.wait()  # type: ignore[attr-defined]
    warehouse.append("orders", orders(order(f"P{number}", number + 1)), app_id=f"p{number}")


def test_two_writers_at_once_lose_nothing_and_double_nothing(warehouse: Warehouse, storage: Storage) -> None:
    warehouse.create("orders")
    context = multiprocessing.get_context("spawn")
    begin = context.Barrier(2)
    both = [context.Process(target=_append, args=(storage, number, begin)) for number in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join(60)

    assert [one.exitcode for one in both] == [0, 0]
    assert warehouse.version("orders") == 2
    assert sums(warehouse) == (2, 20_000)


def test_a_commit_never_replaces_another(warehouse: Warehouse, storage: Storage) -> None:
    """The put of a log entry says 'only if it is not there'; the loser plans anew from what the winner wrote."""
    warehouse.create("orders")
    rival = Warehouse(storage.root())
    beaten = []

    def beat(step: str) -> None:
        if step == "files_written" and not beaten:
            beaten.append(rival.append("orders", orders(order("R1", 5)), app_id="rival").version)

    warehouse.failpoint = beat
    written = warehouse.append("orders", orders(order("A1", 1)), app_id="1")

    assert (beaten, written.version) == ([1], 2)
    assert sums(warehouse) == (2, 20_000)


def _die(storage: Storage, where: str) -> None:
    def die(step: str) -> None:
        if step == where:
            os._exit(9)

    Warehouse(storage.root(), failpoint=die).append("orders", orders(order("A1")), app_id="1")


@pytest.mark.parametrize(("where", "visible"), [("files_written", 0), ("committed", 1)])
def test_an_importer_killed_at_a_step_is_completed_by_the_next(
    warehouse: Warehouse, storage: Storage, where: str, visible: int
) -> None:
    warehouse.create("orders")
    killed = multiprocessing.get_context("spawn").Process(target=_die, args=(storage, where))
    killed.start()
    killed.join(60)

    assert killed.exitcode == 9
    assert sums(warehouse)[0] == visible
    again = warehouse.append("orders", orders(order("A1")), app_id="1")
    assert again.skipped is bool(visible)
    assert sums(warehouse) == (1, 10_000)
    # The file that nobody committed is swept when the retention is over.
    later = max(path.stat().st_mtime for path in storage.root().rglob("*")) + 49 * 3600
    assert len(upkeep.vacuum(warehouse, "orders", keep_versions=[], now=later)) == 1 - visible


# Out of reach


def assert_told(storage: Storage, code: str) -> str:
    with pytest.raises(StorageProblem) as refused:
        Warehouse(storage.root()).append("orders", orders(order("A1")), app_id="1")
    assert refused.value.code == code
    sentence = told(refused.value)
    assert SECRET not in f"{sentence}{refused.value}{storage!r}"
    return sentence


def test_a_bucket_that_is_not_there(endpoint: str) -> None:
    sentence = assert_told(Storage("s3://nobody/shop", endpoint, KEY, SECRET), "no_bucket")
    assert "nobody" in sentence


def test_a_server_that_is_away() -> None:
    assert_told(Storage("s3://facts/shop", "http://127.0.0.1:1", KEY, SECRET), "storage_away")


def test_a_reader_whose_server_went_away(tmp_path: Path) -> None:
    with s3_server() as address:
        client(address).create_bucket(Bucket=BUCKET)
        warehouse = Warehouse(Storage(f"s3://{BUCKET}/gone", address, KEY, SECRET).root())
        warehouse.append("orders", orders(order("A1")), app_id="1")
        versions = warehouse.versions()
        assert sums(warehouse, versions=versions) == (1, 10_000)
    delta.forget_snapshots()
    with pytest.raises(StorageProblem) as refused:
        Warehouse(warehouse.root).reader(versions).query("orders_span", shop_id=1)
    assert refused.value.code == "storage_away"


def test_a_key_that_the_server_does_not_take() -> None:
    import urllib.request

    with s3_server() as address:
        client(address).create_bucket(Bucket=BUCKET)
        # moto checks keys after so many actions without; the answer is the one that S3 gives.
        request = urllib.request.Request(
            f"{address}/moto-api/reset-auth", data=b"0", headers={"Content-Type": "text/plain"}
        )
        with urllib.request.urlopen(request):
            assert_told(Storage(f"s3://{BUCKET}/shop", address, KEY, SECRET), "wrong_key")


# Settings


def test_where_the_tables_lie_is_a_setting(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert Place(tmp_path).warehouse == tmp_path / "warehouse"
    monkeypatch.setenv("LAOKE_TABLES", "s3://shop/tables/")
    monkeypatch.setenv("LAOKE_TABLES_ENDPOINT", "http://minio:9000")
    monkeypatch.setenv("LAOKE_TABLES_KEY", KEY)
    monkeypatch.setenv("LAOKE_TABLES_SECRET", SECRET)

    assert Place(tmp_path).warehouse == Storage("s3://shop/tables", "http://minio:9000", KEY, SECRET).root()
    assert SECRET not in repr(Place(tmp_path).warehouse)


@pytest.mark.parametrize("value", ["oss://x/y", "s3://", "/srv/tables", "s3://key@bucket/x"])
def test_anything_else_is_refused(value: str) -> None:
    with pytest.raises(StorageProblem) as refused:
        configured_storage({"LAOKE_TABLES": value})
    assert refused.value.code == "tables_setting"


def test_every_problem_has_its_sentence() -> None:
    assert set(StorageProblem.CODES) <= set(_words())

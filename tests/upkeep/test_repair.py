"""Facts go back to before an import, or to the newest that can be read; what the ledger decided stays."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from laoke.config import migrating, upkeep
from laoke.config.importing import import_file
from laoke.config.refreshing import refresh_shop
from laoke.config.repairing import RepairRefused, repair, roll_back
from laoke.customers import erasure, tags
from laoke.customers.models import Erasure, Tag
from laoke.intake.loading.run import Options
from laoke.intake.models import ImportRun, ImportState
from laoke.intake.undoing import UndoRefused, undo_of
from laoke.shops import catalog
from laoke.shops.models import AuditEvent, CatalogEntry
from laoke.shops.setup import add_shop
from laoke.warehouse import migrations
from laoke.warehouse.columns import Contract, column
from laoke.warehouse.contracts import CONTRACTS
from laoke.warehouse.delta import forget_snapshots
from laoke.warehouse.migrations import TableMigration
from laoke.warehouse.store import Warehouse
from laoke.web import health
from tests.crash.imports_files import file
from tests.people import Demo

pytestmark = pytest.mark.django_db
Import = Callable[[int], int]
SUMS = "SELECT count(*) AS n, CAST(sum(paid_cents) AS BIGINT) AS cents FROM orders"


def versions() -> dict[str, int]:
    entry = catalog.current()
    assert entry is not None
    return dict(entry.versions)


def sums(demo: Demo) -> dict[str, Any]:
    forget_snapshots()
    [row] = Warehouse(demo.place.warehouse).reader(versions()).rows(SUMS)
    return row


def feature_cents(demo: Demo) -> int:
    reader = Warehouse(demo.place.warehouse).reader(versions())
    [row] = reader.rows(
        "SELECT CAST(sum(paid_cents) AS BIGINT) AS cents FROM customer_features "
        "WHERE as_of_day = (SELECT max(as_of_day) FROM customer_features)"
    )
    return int(row["cents"])


@pytest.fixture
def take(demo: Demo, tmp_path: Path) -> Import:
    """Import the file of a number; the import's own number."""

    def one(number: int) -> int:
        path = tmp_path / f"ExportOrderList2018110108{number:02}.csv"
        if not path.exists():
            file(tmp_path, number)
        told = import_file(demo.shop, path, Options(file_name=path.name), now=lambda: demo.now)
        return int(told["import"])

    return one


def cut_in_half(demo: Demo, table: str) -> int:
    """Cut the newest log entry of a table in half; its number."""
    log = max((demo.place.warehouse / table / "_delta_log").glob("*.json"))
    content = log.read_bytes()
    log.write_bytes(content[: len(content) // 2])
    forget_snapshots()
    return int(log.stem)


def tables_finding(demo: Demo) -> health.Finding:
    return next(
        one for one in health.look(demo.place, now=demo.now, wall=time.time()) if one.name == "tables"
    )


def test_an_import_is_taken_back_and_its_file_can_come_again(demo: Demo, take: Import) -> None:
    refresh_shop(demo.shop, demo.place, now=demo.now)
    before, features = sums(demo), feature_cents(demo)
    number = take(1)
    after = sums(demo)
    assert after["n"] == before["n"] + 5

    told = roll_back(demo.place, number, yes=False, by=demo.owner, now=demo.now)

    assert sums(demo) == before and feature_cents(demo) == features
    assert told["imports"] == [number] and "orders" in told["tables"]
    assert ImportRun.objects.get(pk=number).state == ImportState.UNDONE
    event = AuditEvent.objects.get(act="tables.rollback")
    assert (event.shop, event.actor, event.count) == (demo.shop, demo.owner, 1)
    assert event.subject == "ExportOrderList201811010801.csv"
    take(1)
    assert sums(demo) == after


def test_a_later_import_is_named_before_it_goes_too(demo: Demo, take: Import) -> None:
    before = sums(demo)
    first, second = take(1), take(2)
    after = sums(demo)

    with pytest.raises(UndoRefused) as refused:
        roll_back(demo.place, first, yes=False, by=None, now=demo.now)

    assert refused.value.code == "later"
    assert f"  导入 {second}：ExportOrderList201811010802.csv，5 行" in refused.value.text
    assert sums(demo) == after
    roll_back(demo.place, first, yes=True, by=None, now=demo.now)
    assert sums(demo) == before
    assert set(ImportRun.objects.filter(state=ImportState.UNDONE).values_list("pk", flat=True)) == {
        first,
        second,
    }


def test_the_last_import_alone_goes_back_to_the_one_before(demo: Demo, take: Import) -> None:
    take(1)
    between = sums(demo)
    last = take(2)
    roll_back(demo.place, last, yes=False, by=None, now=demo.now)
    assert sums(demo) == between


def test_what_is_no_import_or_taken_back_already_is_refused(demo: Demo, take: Import) -> None:
    number = take(1)
    roll_back(demo.place, number, yes=False, by=None, now=demo.now)
    for wrong in (number, 999_999):
        with pytest.raises(UndoRefused) as refused:
            roll_back(demo.place, wrong, yes=True, by=None, now=demo.now)
        assert refused.value.code == "no_import"


def test_an_import_of_another_shop_since_is_told_and_its_facts_are_not_taken_along(
    demo: Demo, take: Import
) -> None:
    first, second = take(1), take(2)
    other = add_shop("别家", now=demo.now)
    ImportRun.objects.filter(pk=second).update(shop=other)
    after = sums(demo)

    assert undo_of(first).touches_others
    with pytest.raises(UndoRefused) as refused:
        roll_back(demo.place, first, yes=True, by=None, now=demo.now, own_only=True)

    assert refused.value.code == "other_shop" and f"--before-import {first}" in refused.value.text
    assert sums(demo) == after


def test_a_tag_set_after_the_import_stays(demo: Demo, take: Import) -> None:
    number = take(1)
    person = (
        Warehouse(demo.place.warehouse)
        .reader(versions())
        .rows("SELECT customer_id AS id FROM customers")[0]["id"]
    )
    tag = Tag.objects.create(shop=demo.shop, name="挑剔", created_at=demo.now)
    tags.set_tag(tag, [person], by=demo.owner, now=demo.now)
    from laoke.config.mirroring import write_all_mirrors

    write_all_mirrors(demo.place, demo.now)
    roll_back(demo.place, number, yes=False, by=None, now=demo.now)
    rows = Warehouse(demo.place.warehouse).reader(versions()).rows("SELECT person_id, tag FROM customer_tags")
    assert {"person_id": person, "tag": "挑剔"} in rows


def test_whoever_was_erased_since_is_not_brought_back(demo: Demo, take: Import) -> None:
    number = take(1)
    reader = Warehouse(demo.place.warehouse).reader(versions())
    person = reader.rows(
        "SELECT customer_id AS id FROM orders WHERE import_id <> $new AND customer_id IS NOT NULL",
        {"new": number},
    )[0]["id"]
    erasure.request_erasure(demo.shop, person, by=demo.owner, now=demo.now)
    erasure.delete_records(now=demo.now)
    erasure.rewrite_facts(demo.place, now=demo.now)

    roll_back(demo.place, number, yes=True, by=None, now=demo.now)

    reader = Warehouse(demo.place.warehouse).reader(versions())
    for table in ("orders", "customers"):
        found = reader.rows(f"SELECT count(*) AS n FROM {table} WHERE customer_id = $id", {"id": person})
        assert found == [{"n": 0}]
    assert Erasure.objects.get().facts_rewritten_at == demo.now


def test_versions_that_were_swept_away_are_not_promised(demo: Demo, take: Import) -> None:
    number = take(1)
    entry = catalog.current()
    later = demo.now + timedelta(days=5)
    upkeep.run(demo.place, now=later, wall=time.time() + 100 * 3600.0)
    for path in sorted(demo.place.warehouse.glob("orders/_delta_log/*.json"))[:2]:
        path.unlink(missing_ok=True)
    forget_snapshots()
    with pytest.raises(UndoRefused) as refused:
        roll_back(demo.place, number, yes=True, by=None, now=later)
    assert refused.value.code == "gone"
    assert entry is not None and ImportRun.objects.get(pk=number).state == ImportState.DONE


def test_a_log_cut_in_half_is_told_with_the_good_version_and_mended(demo: Demo, take: Import) -> None:
    take(1)
    before = sums(demo)
    # A power cut in the next write: nothing names that version yet.
    Warehouse(demo.place.warehouse).replace("orders", CONTRACTS["orders"].empty(), app_id="cut")
    bad = cut_in_half(demo, "orders")

    found = tables_finding(demo)
    assert found.state == health.BAD
    assert found.text == (
        f"orders 的日志第 {bad} 号断了一截，到第 {bad - 1} 号为止是好的、"
        "现在的数据都读得到，但写不进新的。运行 laoke doctor --repair"
    )

    told = repair(demo.place, by=None, now=demo.now)

    assert (told["mended"], told["imports"]) == (["orders"], [])
    assert sums(demo) == before
    assert tables_finding(demo).state == health.GOOD
    take(2)
    assert sums(demo)["n"] == before["n"] + 4


def test_a_cut_that_the_newest_entry_names_goes_back_to_the_entry_before(demo: Demo, take: Import) -> None:
    take(1)
    before = sums(demo)
    lost = take(2)
    whole = sums(demo)
    cut_in_half(demo, "orders")

    found = tables_finding(demo)
    assert "运行 laoke doctor --repair 回到它，或用备份：laoke restore" in found.text
    newest = CatalogEntry.objects.get(pk=found.detail["whole_entry"])
    assert newest.pk < found.detail["entry"]

    told = repair(demo.place, by=demo.owner, now=demo.now)

    assert told["imports"] == [lost]
    assert sums(demo) == before
    take(2)
    assert sums(demo) == whole


def test_a_lost_data_file_goes_back_to_where_it_was_not_needed(demo: Demo, take: Import) -> None:
    take(1)
    before, old = sums(demo), set(Warehouse(demo.place.warehouse).files("orders", versions()["orders"]))
    lost = take(2)
    new = set(Warehouse(demo.place.warehouse).files("orders", versions()["orders"])) - old
    sorted(new)[0].unlink()
    forget_snapshots()
    files = sorted(path for path in demo.place.warehouse.rglob("*.parquet"))

    told = repair(demo.place, by=None, now=demo.now)

    assert (told["imports"], told["mended"]) == ([lost], [])
    assert sums(demo) == before
    assert set(files) <= set(demo.place.warehouse.rglob("*.parquet"))  # repair deletes nothing
    take(2)
    assert tables_finding(demo).state == health.GOOD


def test_a_damaged_mirror_is_written_anew_from_the_ledger(demo: Demo) -> None:
    from laoke.config.mirroring import mirror_shop

    mirror_shop(demo.shop, demo.place, demo.now)
    reader = Warehouse(demo.place.warehouse).reader(versions())
    before = reader.rows("SELECT * FROM customer_reach ORDER BY ALL")
    [reach, *_] = Warehouse(demo.place.warehouse).files("customer_reach", versions()["customer_reach"])
    reach.write_bytes(reach.read_bytes()[:40])
    forget_snapshots()

    told = repair(demo.place, by=None, now=demo.now)

    assert told["imports"] == [] and "customer_reach" in told["mirrored"]
    reader = Warehouse(demo.place.warehouse).reader(versions())
    assert reader.rows("SELECT * FROM customer_reach ORDER BY ALL") == before


def test_where_nothing_is_broken_nothing_is_repaired(demo: Demo) -> None:
    entry = catalog.current()
    with pytest.raises(RepairRefused) as refused:
        repair(demo.place, by=None, now=demo.now)
    assert refused.value.code == "nothing"
    assert catalog.current() == entry


def test_old_tables_gain_their_columns_by_one_entry(demo: Demo, monkeypatch: pytest.MonkeyPatch) -> None:
    before = sums(demo)
    new = CONTRACTS["orders"]
    columns = (*new.columns[:-1], column("points", "int64", "points", default=3), new.columns[-1])
    grown = Contract("orders", columns, new.partition, new.meaning, month_from=new.month_from)
    monkeypatch.setitem(CONTRACTS, "orders", grown)
    monkeypatch.setattr(migrations, "MIGRATIONS", (TableMigration(1, "orders", ("points",), "points"),))

    [step] = migrating.migrate_tables(demo.place, now=demo.now)

    entry = catalog.current()
    assert entry is not None and (step.number, entry.reason) == (1, "migration")
    reader = Warehouse(demo.place.warehouse).reader(entry.versions)
    assert reader.rows("SELECT DISTINCT points FROM orders") == [{"points": 3}]
    assert sums(demo) == before
    assert migrating.migrate_tables(demo.place, now=demo.now) == []
    assert AuditEvent.objects.filter(act="tables.migrate", subject="orders", count=1).count() == 1


def test_an_import_from_before_a_migration_is_taken_back_into_the_new_columns(
    demo: Demo, take: Import, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = sums(demo)
    number = take(1)
    after = sums(demo)
    new = CONTRACTS["orders"]
    columns = (*new.columns, column("gift?", "text", "gift"))
    grown = Contract("orders", columns, new.partition, new.meaning, month_from=new.month_from)
    monkeypatch.setitem(CONTRACTS, "orders", grown)
    monkeypatch.setattr(migrations, "MIGRATIONS", (TableMigration(1, "orders", ("gift",), "gift"),))
    migrating.migrate_tables(demo.place, now=demo.now)

    told = roll_back(demo.place, number, yes=False, by=None, now=demo.now)

    assert told["imports"] == [number] and sums(demo) == before
    assert migrations.pending(Warehouse(demo.place.warehouse), versions()) == []
    reader = Warehouse(demo.place.warehouse).reader(versions())
    assert reader.rows("SELECT DISTINCT gift FROM orders") == [{"gift": None}]
    assert AuditEvent.objects.filter(act="tables.migrate", subject="orders").count() == 2
    again = take(1)
    assert sums(demo) == after
    roll_back(demo.place, again, yes=False, by=None, now=demo.now)
    assert sums(demo) == before


@pytest.mark.parametrize("at", ["schema_changed", "files_widened", "before_publish"])
def test_a_killed_migration_is_seen_by_nobody_and_completed_later(
    demo: Demo, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    entry = catalog.current()
    new = CONTRACTS["orders"]
    grown = Contract(
        "orders", (*new.columns, column("gift?", "text", "gift")), new.partition, month_from=new.month_from
    )
    monkeypatch.setitem(CONTRACTS, "orders", grown)
    monkeypatch.setattr(migrations, "MIGRATIONS", (TableMigration(1, "orders", ("gift",), "gift"),))
    before = sums(demo)

    def die(name: str) -> None:
        if name == at:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        migrating.migrate_tables(demo.place, now=demo.now, step=die)

    assert catalog.current() == entry and sums(demo) == before
    assert len(migrating.migrate_tables(demo.place, now=demo.now)) == 1
    assert sums(demo) == before

"""An import: sums that add up, the same file twice, overlapping files in any order, people, quarantine."""

from __future__ import annotations

import itertools
import threading
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pytest
from django.conf import settings

from laoke.config.importing import import_file, result_of
from laoke.customers.models import ContactIndex, Customer, Identity, OrderText, Tombstone, VaultRecord
from laoke.customers.names import index_waiting
from laoke.customers.vault import open_contact, open_order_text
from laoke.intake.loading import quarantine
from laoke.intake.loading.people import People
from laoke.intake.loading.run import Options
from laoke.intake.models import ImportRun, ImportState
from laoke.intake.reading.refusals import IntakeRefused, ReadingStopped
from laoke.shops import catalog
from laoke.shops.models import Owner, Shop
from laoke.shops.setup import add_shop
from laoke.warehouse.store import Warehouse
from tests.intake.seller_files import FINISHED, SHIPPED, Row, write

NOW = datetime(2018, 11, 1, 9, 0)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shop(home: Path) -> Shop:
    return add_shop("书店", now=NOW)


def take(shop: Shop, path: Path, **options: object) -> dict[str, object]:
    return import_file(shop, path, Options(file_name=path.name, **options), now=lambda: NOW)  # type: ignore[arg-type]


def stored(table: str = "orders") -> list[dict[str, object]]:
    entry = catalog.current()
    assert entry is not None
    reader = Warehouse(settings.PLACE.warehouse).reader(entry.versions)
    return reader.rows(f"SELECT * FROM {table} ORDER BY ALL")


def business(table: str = "orders") -> list[dict[str, object]]:
    """Stored rows without the numbers of the imports that brought them."""
    return [{k: v for k, v in row.items() if k not in ("import_id", "customer_id")} for row in stored(table)]


def test_the_sums_of_a_file_add_up_to_the_cent(shop: Shop, tmp_path: Path) -> None:
    rows = [
        Row("1001"),
        Row("1002", total="59.85", paid="59.85"),
        Row("1003", created="昨天"),
        Row("", total="7.00"),
    ]
    result = take(shop, write(tmp_path / "a.csv", rows))

    assert (result["rows_read"], result["accepted"], result["quarantined"], result["unchanged"]) == (
        4,
        2,
        2,
        0,
    )
    assert result["total_cents"] == {
        "read": 26685, "accepted": 15985, "new": 15985, "changed": 0, "unchanged": 0, "quarantined": 10700,
        "held_back": 0,
    }  # fmt: skip
    assert [row["order_id"] for row in stored()] == ["1001", "1002"]


def test_an_order_of_2099_does_not_keep_later_files_from_changing_the_others(
    shop: Shop, tmp_path: Path
) -> None:
    first = [Row("1", status=SHIPPED), Row("2", created="2099-01-01 08:00:00")]
    assert take(shop, write(tmp_path / "a.csv", first))["quarantined"] == 1
    take(
        shop, write(tmp_path / "b.csv", [Row("1", status=FINISHED), Row("3", created="2018-10-20 08:00:00")])
    )
    assert [(row["order_id"], row["status"]) for row in stored()] == [("1", "finished"), ("3", "finished")]


def test_the_same_file_twice_changes_nothing(shop: Shop, tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", [Row("1001"), Row("1002")])
    take(shop, path)
    before = stored(), stored("customers"), Customer.objects.count(), VaultRecord.objects.count()

    again = take(shop, path)

    assert (again["accepted"], again["unchanged"]) == (0, 2)
    assert again["total_cents"]["unchanged"] == 20000  # type: ignore[index]
    assert (stored(), stored("customers"), Customer.objects.count(), VaultRecord.objects.count()) == before


def test_overlapping_files_give_the_same_facts_in_any_order(shop: Shop, tmp_path: Path) -> None:
    early = [Row("1", status=SHIPPED), Row("2", status=SHIPPED, total="20.00", paid="20.00")]
    late = [
        Row("2", status=FINISHED, total="20.00", paid="20.00"),
        Row("3", nick="阿布", created="2018-10-09 08:00:00"),
    ]
    later = [Row("3", nick="阿布", created="2018-10-09 08:00:00", refunded="30.00")]
    files = [
        write(tmp_path / f"ExportOrderList2018{month}011200.csv", rows)
        for month, rows in (("10", early), ("11", late), ("12", later))
    ]
    seen = []
    for number, order in enumerate(itertools.permutations(files)):
        other = add_shop(f"店{number}", now=NOW, owner=Owner.objects.create(name=f"主{number}"))
        for path in order:
            take(other, path)
        seen.append([{**row, "shop_id": 0} for row in business() if row["shop_id"] == other.pk])
    assert all(facts == seen[0] for facts in seen)
    assert [(row["order_id"], row["status"], row["refunded_cents"]) for row in seen[0]] == [
        ("1", "shipped", 0), ("2", "finished", 0), ("3", "finished", 3000),
    ]  # fmt: skip


def test_a_newer_state_replaces_the_older_and_its_history_stays(shop: Shop, tmp_path: Path) -> None:
    take(shop, write(tmp_path / "ExportOrderList201810011200.csv", [Row("1", status=SHIPPED)]))
    result = take(shop, write(tmp_path / "ExportOrderList201811011200.csv", [Row("1", status=FINISHED)]))

    assert (result["new"], result["changed"]) == (0, 1)
    assert [row["status"] for row in stored()] == ["finished"]
    assert [row["status"] for row in stored("order_states")] == ["shipped", "finished"]


def test_people_are_known_by_nick_and_their_contacts_are_sealed(shop: Shop, tmp_path: Path) -> None:
    rows = [
        Row("1", nick="小棉花", message="请发韵达"),
        Row("2", nick="小棉花"),
        Row("3", nick="t**8"),
        Row("4", nick=""),
    ]
    result = take(shop, write(tmp_path / "a.csv", rows))

    assert result["orders_without_customer"] == {"missing": 1, "masked": 1}
    assert Customer.objects.count() == Identity.objects.count() == 1
    record = VaultRecord.objects.get()
    assert (record.nick_mask, record.phone_mask, record.phone_state) == ("小**花", "138 **** **01", "valid")
    assert open_contact(record).phone == "13800000001"
    assert b"13800000001" not in bytes(record.sealed)
    assert open_order_text(OrderText.objects.get()) == {"buyer_message": "请发韵达"}
    assert [row["customer_id"] is None for row in stored()] == [False, False, True, True]


def test_people_that_wait_for_the_last_row_are_sealed_once_with_their_newest_contact(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("laoke.intake.loading.people.FLUSH_PEOPLE", 2)
    monkeypatch.setattr("laoke.intake.loading.people.LAST_PEOPLE", 1)
    people = People(shop, NOW)

    def told(*rows: tuple[str, str]) -> None:
        found = pa.table({"nick": [nick for nick, _ in rows], "phone": [phone for _, phone in rows]})
        created = pa.chunked_array([pa.array([NOW] * len(rows), pa.timestamp("us"))])
        people.note_contacts(found, people.customers_of(found), created)

    def phones() -> list[str]:
        return sorted(open_contact(record).phone for record in VaultRecord.objects.all())

    told(*((f"买家{n}", f"1380000000{n}") for n in range(1, 5)))
    assert phones() == []
    told(("买家1", "13800000001"))
    assert len(phones()) == 3
    told(("买家5", "13800000005"), *((f"买家{n}", f"1380000000{n}") for n in range(1, 5)))
    assert people.flags().num_rows == 5
    assert phones() == [f"1380000000{n}" for n in range(1, 6)]
    assert (people.counts.contacts_new, people.counts.contacts_unchanged) == (5, 3)


def test_whoever_is_sealed_by_an_import_that_dies_is_found_by_their_phone_soon_after(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(*_: object) -> None:
        raise KeyboardInterrupt

    def killed(path: Path) -> None:
        with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
            patched.setattr("laoke.customers.vault._Index.write", dies)
            take(shop, path)

    def found() -> set[str]:
        return set(ContactIndex.objects.values_list("digest", flat=True))

    def sealed() -> set[str]:
        return set(VaultRecord.objects.values_list("phone_digest", flat=True))

    first = write(tmp_path / "a.csv", [Row("1"), Row("2", nick="另一位", phone="'13800000002")])
    killed(first)
    assert (found(), len(sealed())) == (set(), 2)
    take(shop, first)
    assert found() == sealed()
    before = found()
    second = write(tmp_path / "b.csv", [Row("3", phone="'13800000003", created="2018-10-09 10:00:00")])
    killed(second)
    # The number that was replaced finds nobody from that moment on, the new one not yet.
    assert found() == before & sealed() != before
    # Another file of the same people will do as well as the same one.
    third = [Row("3", phone="'13800000003", created="2018-10-09 10:00:00"), Row("4", nick="第三位")]
    take(shop, write(tmp_path / "c.csv", third))
    assert found() == sealed()
    killed(write(tmp_path / "d.csv", [Row("5", phone="'13800000005", created="2018-10-10 10:00:00")]))
    assert found() != sealed()
    # And so will the worker, when nobody brings a file.
    while index_waiting():
        pass
    assert found() == sealed()


def test_goods_sent_back_are_no_orders_without_a_buyer(shop: Shop, tmp_path: Path) -> None:
    header = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country"
    lines = [
        "536365,85123A,HEART,6,2010-12-01 08:26:00,2.55,17850,France",
        "536366,22632,MUG,2,2010-12-01 08:27:00,1.00,,France",
        "C536379,22632,MUG,-1,2010-12-01 08:28:00,1.00,,France",
        "C536379,85123A,HEART,-1,2010-12-01 08:28:00,2.55,,France",
        "C536380,85123A,HEART,-2,2010-12-01 08:29:00,2.55,17850,France",
    ]
    path = tmp_path / "lines.csv"
    path.write_text("\n".join([header, *lines]), encoding="utf-8")
    result = take(shop, path)

    assert (result["orders"]["new"], result["accepted"]) == (2, 5)  # type: ignore[index]
    assert result["orders_without_customer"] == {"missing": 1, "masked": 0}
    assert sum(row["customer_id"] is None for row in stored("refunds")) == 2


def test_two_shops_of_one_owner_know_a_person_across_them(shop: Shop, tmp_path: Path) -> None:
    second = add_shop("文具店", now=NOW, owner=shop.owner)
    path = write(tmp_path / "a.csv", [Row("1")])
    take(shop, path)
    take(second, path)

    assert Customer.objects.count() == 1
    assert sorted(row["shop_id"] for row in stored()) == [shop.pk, second.pk]
    features = stored("customer_features")
    assert [(row["shop_id"], row["orders"]) for row in features] == [(shop.pk, 1), (second.pk, 1)]


def test_an_erased_person_stays_forgotten(shop: Shop, tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", [Row("1")])
    take(shop, path)
    digest = Identity.objects.get().digest
    Identity.objects.all().delete()
    Tombstone.objects.create(digest=digest, owner=shop.owner, created_at=NOW)

    result = take(shop, write(tmp_path / "b.csv", [Row("2")]))

    assert result["people"]["erased"] == 1  # type: ignore[index]
    assert [row["customer_id"] for row in stored() if row["order_id"] == "2"] == [None]


def test_quarantined_rows_can_be_mended_and_imported_again(shop: Shop, tmp_path: Path) -> None:
    result = take(
        shop, write(tmp_path / "a.csv", [Row("1"), Row("2", created="昨天", total="12.30", paid="12.30")])
    )
    run = ImportRun.objects.get(pk=result["import"])
    assert [(row.line, row.reason, row.cents) for row in run.quarantined.all()] == [
        (3, "time_unreadable", 1230)
    ]

    text = quarantine.as_csv(run, actor=None, now=NOW)
    mended = tmp_path / "mended.csv"
    mended.write_bytes(text.replace("昨天", "2018-10-02 09:00:00").encode("utf-8-sig"))
    again = take(shop, mended)

    assert (again["new"], again["total_cents"]["new"]) == (1, 1230)  # type: ignore[index]
    assert [row["order_id"] for row in stored()] == ["1", "2"]


def test_orders_after_the_cut_are_held_back_and_counted(shop: Shop, tmp_path: Path) -> None:
    rows = [Row("1"), Row("2", created="2018-11-11 00:00:01", paid_at="2018-11-11 00:01:00")]
    result = take(shop, write(tmp_path / "a.csv", rows), until=datetime(2018, 10, 31, 23, 59, 59))

    assert (result["accepted"], result["held_back"]) == (1, 1)
    assert result["total_cents"]["held_back"] == 10000  # type: ignore[index]


def test_a_refused_file_leaves_nothing_behind(shop: Shop, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"%PDF-1.7 not a table")
    with pytest.raises(IntakeRefused):
        take(shop, path)

    assert ImportRun.objects.get().state == ImportState.REFUSED
    assert catalog.current() is None
    assert Customer.objects.count() == 0


def test_what_a_killed_writer_left_is_taken_back_by_the_next_import(shop: Shop, tmp_path: Path) -> None:
    first = write(tmp_path / "a.csv", [Row("1")])
    take(shop, first)

    class Killed(Exception):
        pass

    def die(step: str) -> None:
        if step == "wrote_orders":
            raise Killed

    second = write(tmp_path / "b.csv", [Row("2")])
    with pytest.raises(Killed):
        import_file(shop, second, Options(file_name="b.csv"), now=lambda: NOW, step=die)
    assert [row["order_id"] for row in stored()] == ["1"]

    take(shop, write(tmp_path / "c.csv", [Row("3")]))
    assert [row["order_id"] for row in stored()] == ["1", "3"]

    result = take(shop, second)
    assert [row["order_id"] for row in stored()] == ["1", "2", "3"]
    assert result_of(ImportRun.objects.get(pk=result["import"]))["new"] == 1


def test_orders_are_written_while_contacts_are_sealed_and_seen_by_nobody_until_both_are_done(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    take(shop, write(tmp_path / "a.csv", [Row("1")]))
    written, flags = threading.Event(), People.flags
    seen_meanwhile: list[object] = []

    def step(name: str) -> None:
        if name == "wrote_order_states":
            written.set()

    def sealed_late(people: People) -> pa.Table:
        assert written.wait(60)
        seen_meanwhile.extend(row["order_id"] for row in stored())
        return flags(people)

    monkeypatch.setattr(People, "flags", sealed_late)
    second = write(tmp_path / "b.csv", [Row("2", nick="另一位")])
    import_file(shop, second, Options(file_name="b.csv"), now=lambda: NOW, step=step)
    assert seen_meanwhile == ["1"]
    assert [row["order_id"] for row in stored()] == ["1", "2"]
    assert len(stored("customers")) == 2


def test_orders_written_beside_contacts_that_could_not_be_sealed_are_taken_back(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    take(shop, write(tmp_path / "a.csv", [Row("1")]))
    second = write(tmp_path / "b.csv", [Row("2")])

    def broken(people: People) -> pa.Table:
        raise OSError("the ledger is away")

    with monkeypatch.context() as patched, pytest.raises(OSError, match="the ledger is away"):
        patched.setattr(People, "flags", broken)
        take(shop, second)
    assert [row["order_id"] for row in stored()] == ["1"]
    take(shop, write(tmp_path / "c.csv", [Row("3")]))
    assert [row["order_id"] for row in stored()] == ["1", "3"]
    assert take(shop, second)["new"] == 1
    assert [row["order_id"] for row in stored()] == ["1", "2", "3"]


def test_an_import_stopped_while_orders_are_written_leaves_nothing_to_see(shop: Shop, tmp_path: Path) -> None:
    asked: list[str] = []

    def cancelled() -> bool:
        return "people_stored" in asked

    with pytest.raises(ReadingStopped):
        import_file(
            shop, write(tmp_path / "a.csv", [Row("1")]), Options(file_name="a.csv"), now=lambda: NOW,
            cancelled=cancelled, step=asked.append,
        )  # fmt: skip
    assert ImportRun.objects.get().state == ImportState.CANCELLED
    assert catalog.current() is None

"""The watched folder: files put there are imported by themselves, once, and nothing of them is lost."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.conf import settings

from laoke.config.worker import run_job
from laoke.intake.dropped import NOT_TAKEN, TAKEN, folder_of, take_dropped
from laoke.intake.models import ImportRun, ImportState
from laoke.shops import jobs
from laoke.shops.locks import held_file
from laoke.shops.models import Job, Shop, Upload
from laoke.shops.setup import add_shop
from tests.intake.facts import NOW, olist_texts, stored
from tests.intake.seller_files import Row, write

pytestmark = pytest.mark.django_db(transaction=True)

DAY = 86_400.0


def drop(shop: Shop, name: str, rows: list[Row]) -> Path:
    folder = folder_of(settings.PLACE, shop)
    folder.mkdir(parents=True, exist_ok=True)
    return write(folder / name, rows)


def look(path: Path | None = None, *, later: float = 6.0) -> list[Job]:
    """A worker looks into the folders so many seconds after a file was written."""
    moment = (
        path.stat().st_mtime if path is not None and path.exists() else settings.PLACE.home.stat().st_mtime
    )
    return take_dropped(settings.PLACE, lambda: NOW, lambda: moment + later)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.is_file())


def test_a_file_in_the_folder_is_imported_and_moves_away(shop: Shop) -> None:
    path = drop(shop, "订单.csv", [Row("1001"), Row("1002")])
    queued = look(path)

    assert [job.params["options"]["file_name"] for job in queued] == ["订单.csv"]
    run_job(jobs.claim("tester", NOW), lambda: NOW)  # type: ignore[arg-type]
    assert [row["order_id"] for row in stored("orders")] == ["1001", "1002"]
    assert ImportRun.objects.get().state == ImportState.DONE
    folder = folder_of(settings.PLACE, shop)
    assert names(folder) == []
    assert names(folder / TAKEN) == ["订单.csv"]
    assert look() == []


def test_a_file_that_still_grows_is_left_alone(shop: Shop) -> None:
    path = drop(shop, "订单.csv", [Row("1001")])

    assert look(path, later=2.0) == []
    assert path.exists()
    assert len(look(path)) == 1


def test_a_file_that_cannot_be_read_is_put_aside_with_the_reason(shop: Shop) -> None:
    folder = folder_of(settings.PLACE, shop)
    folder.mkdir(parents=True)
    strange = folder / "别家.csv"
    strange.write_text("单号,时间\nA1,昨天\n", encoding="utf-8")
    (folder / "空.csv").write_bytes(b"")

    assert look(strange) == []
    assert names(folder / NOT_TAKEN) == ["别家.csv", "别家.csv.txt", "空.csv", "空.csv.txt"]
    why = (folder / NOT_TAKEN / "别家.csv.txt").read_text(encoding="utf-8")
    assert why.startswith("认不出这份报表。缺：订单编号、下单时间、总金额（应付）。文件里有：单号、时间。")
    assert (folder / NOT_TAKEN / "空.csv.txt").read_text(
        encoding="utf-8"
    ) == "空.csv 是空的，换一个有数据的文件\n"
    assert Upload.objects.count() == 0
    assert list(settings.PLACE.uploads.glob("*.sealed")) == []


def test_what_is_no_export_stays_where_it_is(shop: Shop) -> None:
    folder = folder_of(settings.PLACE, shop)
    folder.mkdir(parents=True)
    for name in ("~$订单.xlsx", ".hidden.csv", "说明.docx"):
        (folder / name).write_bytes(b"x")

    assert look(folder / "说明.docx") == []
    assert names(folder) == [".hidden.csv", "~$订单.xlsx", "说明.docx"]


def test_each_shop_has_a_folder_of_its_own_that_keeps_its_place_when_the_shop_is_renamed(shop: Shop) -> None:
    other = add_shop('花/店: "二"', now=NOW)
    assert folder_of(settings.PLACE, other).name == f"{other.pk}-花-店- -二-"
    path = drop(other, "a.csv", [Row("7")])
    other.name = "花店"
    other.save()

    queued = look(path)

    assert [job.shop_id for job in queued] == [other.pk]
    assert folder_of(settings.PLACE, other).name == f"{other.pk}-花-店- -二-"


def test_two_files_of_one_name_are_both_kept_and_old_ones_go_after_a_week(shop: Shop) -> None:
    for number in ("1001", "1002"):
        look(drop(shop, "订单.csv", [Row(number)]))
    taken = folder_of(settings.PLACE, shop) / TAKEN
    assert names(taken) == ["订单(1).csv", "订单.csv"]

    look(taken / "订单.csv", later=6 * DAY)
    assert names(taken) == ["订单(1).csv", "订单.csv"]
    look(taken / "订单.csv", later=8 * DAY)
    assert names(taken) == []


def test_a_worker_that_dies_before_the_file_moved_takes_it_again_without_harm(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = drop(shop, "订单.csv", [Row("1001")])

    def dies(*_words: object) -> None:
        raise SystemExit

    with monkeypatch.context() as patched:
        patched.setattr("laoke.intake.dropped._move", dies)
        with pytest.raises(SystemExit):
            look(path)
    look(path)
    while (job := jobs.claim("tester", NOW)) is not None:
        run_job(job, lambda: NOW)

    assert [row["order_id"] for row in stored("orders")] == ["1001"]
    assert [run.counts["unchanged"] for run in ImportRun.objects.order_by("pk")] == [0, 1]


def test_only_one_worker_looks_at_a_time(shop: Shop) -> None:
    path = drop(shop, "订单.csv", [Row("1001")])

    with held_file(settings.PLACE.home / "drop.lock", 0.0):
        assert look(path) == []
    assert len(look(path)) == 1


def test_files_that_tell_orders_together_wait_for_each_other(shop: Shop) -> None:
    folder = folder_of(settings.PLACE, shop)
    folder.mkdir(parents=True)
    first = folder / "orders.csv"
    for name, text in olist_texts().items():
        if name == "payments.csv":
            assert look(first) == []
            assert names(folder) == ["items.csv", "orders.csv"]
        (folder / name).write_text(text, encoding="utf-8")

    queued = look(folder / "payments.csv")

    assert [job.params["options"]["file_name"] for job in queued] == ["orders + items + payments.csv"]
    assert names(folder / TAKEN) == ["items.csv", "orders.csv", "payments.csv"]
    run_job(jobs.claim("tester", NOW), lambda: NOW)  # type: ignore[arg-type]
    assert [(row["order_id"], row["paid_cents"]) for row in stored("orders")] == [("a", 1_250)]
    assert [row["product_id"] for row in stored("order_lines")] == ["cup"]
    assert list(settings.PLACE.staging.iterdir()) == []


def test_a_part_whose_others_never_come_is_put_aside_with_their_names(shop: Shop) -> None:
    folder = folder_of(settings.PLACE, shop)
    folder.mkdir(parents=True)
    path = folder / "items.csv"
    path.write_text(olist_texts()["items.csv"], encoding="utf-8")

    assert look(path, later=599.0) == []
    assert names(folder) == ["items.csv"]
    assert look(path, later=601.0) == []
    assert names(folder / NOT_TAKEN) == ["items.csv", "items.csv.txt"]
    why = (folder / NOT_TAKEN / "items.csv.txt").read_text(encoding="utf-8")
    assert "一部分：商品。" in why and "订单、商品、付款" in why
    assert Upload.objects.count() == 0


def test_parts_that_cannot_be_joined_are_put_aside_together(shop: Shop) -> None:
    folder = folder_of(settings.PLACE, shop)
    folder.mkdir(parents=True)
    for name, text in olist_texts().items():
        (folder / name).write_bytes(text.replace("cup", "杯").encode("gb18030"))

    assert look(folder / "items.csv") == []
    assert names(folder) == []
    assert [name for name in names(folder / NOT_TAKEN) if name.endswith(".txt")] == [
        "items.csv.txt", "orders.csv.txt", "payments.csv.txt",
    ]  # fmt: skip
    assert Job.objects.count() == 0


def test_parts_with_long_names_are_joined_under_a_name_that_was_cut(shop: Shop) -> None:
    folder = folder_of(settings.PLACE, shop)
    folder.mkdir(parents=True)
    for name, text in olist_texts().items():
        (folder / f"{'很长的名字' * 14}{name}").write_text(text, encoding="utf-8")  # 210 bytes and more each

    (job,) = look(next(folder.glob("*.csv")))

    assert job.params["options"]["file_name"].endswith(".csv")
    run_job(jobs.claim("tester", NOW), lambda: NOW)  # type: ignore[arg-type]
    assert [row["order_id"] for row in stored("orders")] == ["a"]

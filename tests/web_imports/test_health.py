"""The page that tells how a shop's data keep, and the way back from an import, as people use them."""

from __future__ import annotations

import html
import re
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse

from laoke.config import repairing
from laoke.config.importing import import_file
from laoke.config.worker import run_job
from laoke.insights.data_health import COMPARISONS, coverage, sources
from laoke.intake.loading.run import Options
from laoke.intake.models import ImportRun, ImportState
from laoke.shops import catalog, jobs
from laoke.shops.models import AuditEvent, Job, JobState, Role, Shop, User
from laoke.shops.setup import add_shop, add_user
from laoke.warehouse.engine import Reader
from laoke.warehouse.store import Warehouse
from laoke.web.pages.data import differences as page
from laoke.web.pages.data import waits as awaiting
from tests.intake.facts import table
from tests.intake.seller_files import Row, write
from tests.people import NOW, Demo

pytestmark = pytest.mark.django_db


@pytest.fixture
def small(demo: Demo) -> Shop:
    """A shop of its own beside the demo shop, with its owner signed up."""
    shop = add_shop("小店", now=NOW)
    add_user("xiaodian", shops=[shop], role=Role.OWNER, now=NOW, password="kaituozhe-2026")
    return shop


@pytest.fixture
def client(small: Shop, demo: Demo) -> Client:
    return demo.client(User.objects.get(username="xiaodian"))


def take(shop: Shop, path: Path) -> ImportRun:
    result = import_file(shop, path, Options(file_name=path.name), now=lambda: NOW)
    return ImportRun.objects.get(pk=result["import"])


def sales(folder: Path, name: str, days: range, *, first: int = 1) -> Path:
    """Two orders on each day of October 2018."""
    rows = [
        Row(
            f"{day:02d}{n:04d}", nick=f"客{day}", total="100.00", paid="100.00",
            created=f"2018-10-{day:02d} 1{n}:00:00", paid_at=f"2018-10-{day:02d} 1{n}:05:00",
        )
        for day in days
        for n in range(first, first + 2)
    ]  # fmt: skip
    return write(folder / name, rows)


def text_of(client: Client, name: str = "imports_health", *args: object) -> str:
    answer = client.get(reverse(name, args=args))
    assert answer.status_code == 200
    return answer.content.decode()


def work() -> Job:
    job = jobs.claim("tester", NOW)
    assert job is not None
    run_job(job, lambda: NOW)
    job.refresh_from_db()
    return job


def test_an_empty_shop_is_told_so(client: Client) -> None:
    text = text_of(client)
    assert "还没有数据" in text and "从千牛导出订单报表" in text


def test_days_between_two_files_are_named_and_go_when_a_file_brings_them(
    client: Client, small: Shop, tmp_path: Path
) -> None:
    take(small, sales(tmp_path, "ExportOrderList201810060900.csv", range(1, 6)))
    take(small, sales(tmp_path, "ExportOrderList201810110900.csv", range(9, 11)))

    text = text_of(client)
    assert "订单缺 3 天" in text and "2018-10-06 – 2018-10-08" in text and "没有文件说到这些天" in text

    take(small, sales(tmp_path, "ExportOrderList201810111000.csv", range(4, 10)))
    assert "订单不缺天，都对得上" in text_of(client)


def test_half_a_day_that_an_early_export_left_out_is_named(
    client: Client, small: Shop, tmp_path: Path
) -> None:
    take(small, sales(tmp_path, "ExportOrderList201810051500.csv", range(1, 6)))
    take(small, sales(tmp_path, "ExportOrderList201810110900.csv", range(6, 11)))

    text = text_of(client)
    assert "订单缺 1 天" in text and "导出时这天还没过完" in text and "2018-10-05" in text


def test_a_report_that_says_more_than_the_orders_is_shown_day_by_day(
    client: Client, small: Shop, tmp_path: Path
) -> None:
    take(small, sales(tmp_path, "ExportOrderList201810060900.csv", range(1, 4)))
    days = [{"统计日期": f"2018-10-0{day}", "访客数": "9", "支付金额": "200.00"} for day in (1, 2)]
    days.append({"统计日期": "2018-10-03", "访客数": "9", "支付金额": "300.00"})
    take(small, table(tmp_path / "shop.csv", "sycm_shop_daily", days))

    assert "订单不缺天，有 1 处对不上" in text_of(client)
    text = text_of(client, "imports_health_differences", "shop_days_against_orders")
    assert (
        "2018-10-03" in text and "300.00" in text and "200.00" in text and "-100.00" in text.replace("−", "-")
    )
    sheet = client.get(
        reverse("imports_health_differences", args=["shop_days_against_orders"]), {"export": "xlsx"}
    )
    assert sheet["Content-Type"].startswith("application/vnd.openxmlformats")
    event = AuditEvent.objects.get(act="list.export")
    assert (event.shop, event.count) == (small, 1)
    assert client.get(reverse("imports_health_differences", args=["orders"])).status_code == 404


def test_orders_that_are_waited_for_are_listed_with_their_days_until_they_come(
    client: Client, small: Shop, tmp_path: Path
) -> None:
    take(small, sales(tmp_path, "ExportOrderList201810060900.csv", range(1, 6)))
    back = {"退款状态": "退款成功", "买家退款金额": "100.00"}
    asked = [
        ("070001", "2018-10-07"),
        ("070001", "2018-10-08"),
        ("090002", "2018-10-09"),
        ("010001", "2018-10-02"),
    ]
    refunds = [
        {**back, "退款编号": f"9{at}", "订单编号": number, "退款的申请时间": f"{day} 08:00:00"}
        for at, (number, day) in enumerate(asked)
    ]
    take(small, table(tmp_path / "refunds.csv", "tm_refund_15_2017", refunds))
    address = reverse("imports_health_waits", args=["refunds_without_order"])
    assert address in text_of(client) and "3 行，2 单" in text_of(client)

    text = text_of(client, "imports_health_waits", "refunds_without_order")
    assert "没有订单的退款" in text and "说的是 2018-10-08 – 2018-10-09" in text and "共 2 单" in text
    assert re.findall(r">(0\d{5})<", text) == ["090002", "070001"]
    assert f"{reverse('order')}?no=070001" in text
    assert client.get(address, {"export": "xlsx"})["Content-Type"].startswith(
        "application/vnd.openxmlformats"
    )
    assert AuditEvent.objects.get(act="list.export").count == 2

    take(small, sales(tmp_path, "ExportOrderList201810110900.csv", range(6, 11)))
    assert "都对上了" in text_of(client, "imports_health_waits", "refunds_without_order")
    assert address not in text_of(client)
    assert client.get(reverse("imports_health_waits", args=["orders"])).status_code == 404


def test_orders_that_are_waited_for_are_paged_forth_and_back(
    client: Client, small: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(awaiting, "PAGE_ROWS", 2)
    goods = tmp_path / "items.csv"
    lines = "".join(f"W{at},杯子,1,3.00\n" for at in range(1, 6))
    goods.write_text(f"订单编号,商品标题,购买数量,商品价格\n{lines}", encoding="utf-8")
    options = Options(
        file_name=goods.name, grain="item",
        mapping={"order_id": "订单编号", "title": "商品标题", "quantity": "购买数量", "unit_price": "商品价格"},
    )  # fmt: skip
    import_file(small, goods, options, now=lambda: NOW)
    address = reverse("imports_health_waits", args=["lines_without_order"])

    def at(url: str) -> tuple[list[str], str, str]:
        text = client.get(url).content.decode()
        assert "共 5 单" in text and "说的是" not in text  # items tell no day
        links = {rel: re.search(rf'rel="{rel}" href="([^"]*)"', text) for rel in ("prev", "next")}
        prev, following = (address + html.unescape(found[1]) if found else "" for found in links.values())
        return re.findall(r">(W\d)<", text), prev, following

    pages = [at(address)]
    while pages[-1][2]:
        pages.append(at(pages[-1][2]))
    assert [rows for rows, _, _ in pages] == [["W1", "W2"], ["W3", "W4"], ["W5"]]
    assert at(pages[2][1])[0] == ["W3", "W4"] and at(pages[1][1])[0] == ["W1", "W2"]
    assert at(f"{address}?after=never") == pages[0]


def test_orders_without_a_buyer_are_told_by_month(client: Client, small: Shop, tmp_path: Path) -> None:
    rows = [
        Row(
            f"6{month}{n}", nick="" if n else "客", total="10.00", paid="10.00",
            created=f"2018-0{month}-0{n + 1} 10:00:00",
        )
        for month in (7, 8)
        for n in range(month - 5)
    ]  # fmt: skip
    take(small, write(tmp_path / "ExportOrderList201810060900.csv", rows))
    address = reverse("imports_health_nameless")
    assert address in text_of(client)

    text = text_of(client, "imports_health_nameless")
    assert text.index("2018-08") < text.index("2018-07")
    cells = re.findall(r">([\d,]+(?:\.\d+)?%?)</td>", text)
    assert cells == ["2", "3", "66.7%", "20.00", "30.00", "1", "2", "50.0%", "10.00", "20.00"]
    assert client.get(address, {"export": "xlsx"}).status_code == 200
    assert AuditEvent.objects.get(act="list.export").count == 2


def test_repairs_stand_on_the_page_for_whoever_may_do_them(demo: Demo) -> None:
    text = text_of(demo.client())
    for name in ("import_new", "imports_health_recount", "settings_upkeep"):
        assert reverse(name) in text
    assert f"{reverse('imports')}?state=done" in text and "撤回一次导入" in text
    assert "撤回一次导入" not in text_of(demo.client(demo.analyst))


def test_differences_are_paged_forth_and_back_in_one_order(
    client: Client, small: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page, "PAGE_ROWS", 3)
    take(small, sales(tmp_path, "ExportOrderList201810060900.csv", range(1, 5)))
    numbers = [f"{day:02d}{n:04d}" for day in range(1, 5) for n in (1, 2)]
    too_much = {"退款状态": "退款成功", "买家退款金额": "100.01", "退款的申请时间": "2018-10-05 08:00:00"}
    refunds = [{**too_much, "退款编号": f"9{number}", "订单编号": number} for number in numbers]
    take(small, table(tmp_path / "refunds.csv", "tm_refund_15_2017", refunds))
    address = reverse("imports_health_differences", args=["refunds_against_orders"])

    def at(url: str) -> tuple[list[str], str, str]:
        text = client.get(url).content.decode()
        assert "共 8 处" in text
        links = {rel: re.search(rf'rel="{rel}" href="([^"]*)"', text) for rel in ("prev", "next")}
        prev, following = (address + html.unescape(found[1]) if found else "" for found in links.values())
        return re.findall(r">(0[1-4]000[12])<", text), prev, following

    pages = [at(address)]
    while pages[-1][2]:
        pages.append(at(pages[-1][2]))
    assert [rows for rows, _, _ in pages] == [
        ["040001", "040002", "030001"], ["030002", "020001", "020002"], ["010001", "010002"]
    ]  # fmt: skip
    back = [at(pages[2][1])]
    while back[-1][1]:
        back.append(at(back[-1][1]))
    assert [rows for rows, _, _ in back] == [pages[1][0], pages[0][0]]
    assert at(f"{address}?after=never") == pages[0]


def test_rows_put_aside_are_counted_by_reason_over_all_files(
    client: Client, small: Shop, tmp_path: Path
) -> None:
    for number in (1, 2):
        rows = [Row(f"7{number}"), Row("", total="4.00", paid="4.00")]
        take(small, write(tmp_path / f"ExportOrderList20181{number}010900.csv", rows))

    text = text_of(client)
    assert "没有订单编号" in text and "8.00" in text and ">2<" in text


def test_features_are_counted_anew_on_demand(demo: Demo) -> None:
    client = demo.client()
    assert client.post(reverse("imports_health_recount")).url == reverse("imports_health")
    assert "正在重算" in text_of(client)
    client.post(reverse("imports_health_recount"))
    assert Job.objects.filter(kind="features").count() == 1
    assert work().state == JobState.DONE


def test_who_may_look_and_who_may_act(demo: Demo) -> None:
    run = ImportRun.objects.first()
    assert run is not None
    for user, looks, acts in ((demo.owner, 200, 302), (demo.analyst, 200, 403), (demo.service, 403, 403)):
        client = demo.client(user)
        assert client.get(reverse("imports_health")).status_code == looks
        assert client.post(reverse("imports_health_recount")).status_code == acts
        undo = client.get(reverse("import_undo", args=[run.pk])).status_code
        assert undo == (200 if acts == 302 else 403)
    assert "重算客户特征" not in text_of(demo.client(demo.analyst))


def orders_of(shop: Shop) -> int:
    entry = catalog.current()
    assert entry is not None
    reader = Warehouse(catalog_place()).reader(entry.versions)
    [row] = reader.rows("SELECT count(*) AS n FROM orders WHERE shop_id = $shop_id", {"shop_id": shop.pk})
    return int(row["n"])


def catalog_place() -> Path:
    from django.conf import settings

    return Path(settings.PLACE.warehouse)


def test_an_import_is_taken_back_with_those_that_stand_on_it(
    client: Client, small: Shop, tmp_path: Path
) -> None:
    first = take(small, sales(tmp_path, "ExportOrderList201810060900.csv", range(1, 6)))
    second = take(small, sales(tmp_path, "ExportOrderList201810110900.csv", range(6, 11)))
    page = reverse("import_undo", args=[first.pk])

    assert page in text_of(client, "import_result", first.pk)
    asked = client.get(page).content.decode()
    assert "撤回“ExportOrderList201810060900.csv”" in asked and "ExportOrderList201810110900.csv" in asked
    assert orders_of(small) == 20

    told = {"seen": re.findall(r'name="seen" value="(\d+)"', asked)[0]}
    assert client.post(page, told).url == reverse("import_result", args=[first.pk])
    client.post(page, told)  # twice is once
    assert Job.objects.filter(kind="undo_import").count() == 1
    waiting = text_of(client, "import_result", first.pk)
    assert "正在撤回" in waiting and page not in waiting
    assert work().state == JobState.DONE

    assert orders_of(small) == 0
    assert set(ImportRun.objects.filter(shop=small).values_list("state", flat=True)) == {ImportState.UNDONE}
    assert "已撤回" in text_of(client, "import_result", second.pk)
    assert client.get(page).status_code == 404
    assert coverage(small, Warehouse(catalog_place()).reader(catalog.current().versions)) == []  # type: ignore[union-attr]


def test_facts_of_another_shop_are_not_taken_along(
    client: Client, small: Shop, demo: Demo, tmp_path: Path
) -> None:
    first = take(small, sales(tmp_path, "ExportOrderList201810060900.csv", range(1, 6)))
    take(demo.shop, sales(tmp_path, "ExportOrderList201810110900.csv", range(6, 11)))
    page = reverse("import_undo", args=[first.pk])

    text = client.get(page).content.decode()
    assert "不能在这里撤回" in text and "ExportOrderList201810110900.csv" not in text
    assert client.post(page).status_code == 200
    assert not Job.objects.filter(kind="undo_import").exists()

    job = jobs.queue(
        "undo_import", shop=small, now=NOW, **{"import": first.pk, "seen": 0}
    )  # asked before the other shop's came
    work()
    job.refresh_from_db()
    assert (job.state, job.error["code"]) == (JobState.FAILED, "other_shop")
    assert "没有撤回" in text_of(client, "import_result", first.pk)
    assert orders_of(small) == 10


def test_what_came_after_the_question_is_not_taken_along(client: Client, small: Shop, tmp_path: Path) -> None:
    first = take(small, sales(tmp_path, "ExportOrderList201810060900.csv", range(1, 6)))
    page = reverse("import_undo", args=[first.pk])
    asked = client.get(page).content.decode()
    take(small, sales(tmp_path, "ExportOrderList201810110900.csv", range(6, 11)))

    client.post(page, {"seen": re.findall(r'name="seen" value="(\d+)"', asked)[0]})
    job = work()

    assert (job.state, job.error["code"]) == (JobState.FAILED, "more_since")
    assert "你看过以后又导进来 1 次" in text_of(client, "import_result", first.pk)
    assert orders_of(small) == 20


def test_an_undo_whose_process_died_after_it_was_visible_is_brought_to_its_end(
    client: Client, small: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = take(small, sales(tmp_path, "ExportOrderList201810060900.csv", range(1, 6)))
    after: list[int] = []

    def dies(*_given: object) -> None:
        after.append(len(after))
        if len(after) == 1:
            raise OSError("the machine went away")

    monkeypatch.setattr(repairing, "_after", dies)
    for outcome in (JobState.FAILED, JobState.DONE):
        jobs.queue("undo_import", shop=small, now=NOW, **{"import": first.pk, "seen": 0})
        assert work().state == outcome
    assert after == [0, 1] and orders_of(small) == 0


def test_nobody_takes_back_what_belongs_to_another_shop(client: Client, demo: Demo) -> None:
    run = ImportRun.objects.filter(shop=demo.shop).first()
    assert run is not None
    assert client.post(reverse("import_undo", args=[run.pk])).status_code == 404


def test_the_page_reads_no_table_again_until_something_is_imported(
    client: Client, small: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    plain = Reader.query

    def counted(reader: Reader, name: str, around: str = "", **params: object) -> object:
        asked.append(name)
        return plain(reader, name, around, **params)

    monkeypatch.setattr(Reader, "query", counted)
    take(small, sales(tmp_path, "a.csv", range(1, 4)))
    asked.clear()
    first = text_of(client)
    assert sorted(asked) == sorted(["fact_days", "orders_without_customer", "waiting_orders", *COMPARISONS])

    asked.clear()
    secret = re.compile("[A-Za-z0-9]{64}")  # the token of the form, another each time
    assert secret.sub("", text_of(client)) == secret.sub("", first)
    assert asked == []

    take(small, sales(tmp_path, "b.csv", range(4, 6)))
    asked.clear()
    assert "10 月 5 日" in text_of(client) or "2018-10-05" in text_of(client)
    assert "fact_days" in asked


def test_a_kind_names_its_sources_the_most_frequent_first(
    client: Client, small: Shop, tmp_path: Path
) -> None:
    take(small, sales(tmp_path, "a.csv", range(1, 3)))
    take(small, sales(tmp_path, "b.csv", range(3, 5)))
    costs = tmp_path / "goods.csv"
    costs.write_text("商品编码,商品名称,成本\nA,杯子,3.00\n", encoding="utf-8")
    take(small, costs)

    came = sources(small)
    assert {kind: [(one.profile, one.imports) for one in of_kind] for kind, of_kind in came.items()} == {
        "order": [("tb_orderlist_46_2017", 2)], "product": [("laoke_products", 1)],
    }  # fmt: skip

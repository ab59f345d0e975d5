"""The way of a file through the pages: chosen, recognised or explained, loaded by a worker, shown with its sums."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from laoke.config.worker import run_job
from laoke.intake.models import ImportRun, ImportState, SavedMapping
from laoke.intake.preview import look_at, masked_sample
from laoke.intake.reading import profiles
from laoke.shops import jobs
from laoke.shops.models import AuditEvent, Job, JobState, Owner, Role, Shop, Upload
from tests.intake.facts import olist_texts
from tests.people import NOW, Demo, person

pytestmark = pytest.mark.django_db

HEADER = "订单编号,买家会员名,总金额,买家实际支付金额,订单状态,订单创建时间,订单付款时间,收货人姓名,收货地址,联系手机"


def _rows(count: int) -> list[str]:
    return [
        f"20261100{n:04d},旺旺{n},{100 + n}.00,{100 + n}.00,交易成功,2026-11-0{1 + n % 7} 10:00:00,"
        f"2026-11-0{1 + n % 7} 10:05:00,王{n},浙江省 杭州市 西湖区 某路 {n} 号,1380000{n:04d}"
        for n in range(count)
    ]


def _known_file(rows: list[str] | None = None) -> SimpleUploadedFile:
    text = "\r\n".join([HEADER, *(_rows(6) if rows is None else rows)])
    return SimpleUploadedFile("今早的订单.csv", text.encode("gb18030"), content_type="text/csv")


def _strange_file(name: str = "别家.csv") -> SimpleUploadedFile:
    lines = [
        "单号,时间,应付,客户,手机",
        *(f"A{n},2026-11-01 10:00:00,{10 + n}.00,小花{n},1380000{n:04d}" for n in range(4)),
    ]
    return SimpleUploadedFile(name, "\n".join(lines).encode(), content_type="text/csv")


def _choose(client: Client, *files: SimpleUploadedFile) -> str:
    answer = client.post(reverse("import_new"), {"files": list(files)})
    assert answer.status_code == 302, answer.content.decode()
    return str(answer.url)


def _start(client: Client, files_url: str, **options: str) -> str:
    answer = client.post(f"{files_url}start/", options)
    assert answer.status_code == 302
    return str(answer.url)


def _work() -> Job:
    job = jobs.claim("tester", NOW)
    assert job is not None
    run_job(job, lambda: NOW)
    job.refresh_from_db()
    return job


def test_a_known_file_goes_all_the_way_to_its_sums(demo: Demo) -> None:
    client = demo.client()
    bad = _rows(6)
    bad[2] = bad[2].replace("2026110", "2026/13/0", 1).replace("202611000002", "")
    bad[2] = "," + bad[2].split(",", 1)[1]
    bad[4] = bad[4].replace("104.00,104.00", "一百,104.00")
    files_url = _choose(client, _known_file(bad))
    page = client.get(files_url).content.decode()
    assert "认出来了" in page
    assert "13800000001" not in page
    assert ImportRun.objects.filter(file_name="今早的订单.csv").count() == 0
    running = _start(client, files_url)
    assert "排队" in client.get(running).content.decode()
    assert _work().state == JobState.DONE
    run = ImportRun.objects.get(file_name="今早的订单.csv")
    over = client.get(running, headers={"HX-Request": "true"})
    assert over["HX-Redirect"] == reverse("import_result", args=[run.pk])
    text = client.get(over["HX-Redirect"]).content.decode()
    assert "导入完成，全部对得上" in text
    assert "行数与金额守恒" in text
    assert "隔离的 2 行" in text
    assert "没有订单编号" in text
    assert "一百" in text
    assert run.counts["read"] == 6
    assert run.counts["accepted"] == 4
    assert run.counts["quarantined"] == 2
    assert run.money["read"] == sum(
        run.money[name] for name in ("accepted", "unchanged", "quarantined", "held_back")
    )
    assert not Upload.objects.exists()


def test_the_same_file_again_changes_nothing(demo: Demo) -> None:
    client = demo.client()
    for _ in range(2):
        _start(client, _choose(client, _known_file()))
        _work()
    first, second = ImportRun.objects.filter(file_name="今早的订单.csv").order_by("pk")
    assert (first.counts["accepted"], second.counts["accepted"], second.counts["unchanged"]) == (6, 0, 6)
    assert "没有变化" in client.get(reverse("import_result", args=[second.pk])).content.decode()


def test_rows_put_aside_are_downloaded_mended_and_imported(demo: Demo) -> None:
    client = demo.client()
    rows = _rows(3)
    rows[1] = "," + rows[1].split(",", 1)[1]
    _start(client, _choose(client, _known_file(rows)))
    _work()
    run = ImportRun.objects.get(file_name="今早的订单.csv")
    assert client.get(reverse("import_quarantine", args=[run.pk])).status_code == 405
    answer = client.post(reverse("import_quarantine", args=[run.pk]))
    assert answer["Cache-Control"] == "no-store"
    text = answer.content.decode("utf-8-sig")
    assert text.count("\r\n") == 2
    assert AuditEvent.objects.filter(act="quarantine.export", actor=demo.owner, count=1).count() == 1
    mended = text.replace("\r\n,旺旺1", "\r\n202611000001,旺旺1").replace('\r\n"",', "\r\n202611000001,")
    again = SimpleUploadedFile("修好.csv", mended.encode("utf-8-sig"))
    _start(client, _choose(client, again))
    _work()
    assert ImportRun.objects.get(file_name="修好.csv").counts["new"] == 1


def test_a_strange_header_is_explained_once_and_remembered(demo: Demo) -> None:
    client = demo.client()
    files_url = _choose(client, _strange_file(), _known_file())
    page = client.get(files_url).content.decode()
    assert "认不出来" in page
    assert "认不出这份报表。缺：" in page
    upload = Upload.objects.get(name="别家.csv")
    columns = reverse("import_columns", args=[upload.pk]) + f"?of={files_url.strip('/').rsplit('/', 1)[-1]}"
    assert "138 **** **01" in client.get(columns).content.decode().replace("\xa0", " ")
    refused = client.post(columns, {"order_id": "单号", "created_at": "时间"})
    assert refused.status_code == 422
    assert "还没指定：总金额（应付）" in refused.content.decode()
    nothing = client.post(columns, {})
    assert "选出哪一列是它" in nothing.content.decode()
    told = {"order_id": "单号", "created_at": "时间", "total": "应付", "nick": "客户", "phone": "手机"}
    assert client.post(columns, told).url == files_url
    assert SavedMapping.objects.get(shop=demo.shop).mapping == told
    assert "按上次的对应" in client.get(files_url).content.decode()
    running = _start(client, files_url)
    assert _work().state == _work().state == JobState.DONE
    assert client.get(running, headers={"HX-Request": "true"})["HX-Redirect"] == reverse("imports")
    assert ImportRun.objects.get(file_name="别家.csv").counts["accepted"] == 4
    assert "按上次的对应" in client.get(_choose(client, _strange_file("下个月.csv"))).content.decode()


def test_a_strange_file_of_lines_is_explained_by_order_line_and_buyer(demo: Demo) -> None:
    client = demo.client()
    lines = (
        "单号,下单,品名,几件,付了,客户\n"
        "X1,2026-10-01 10:00,杯,2,18.00,阿一\nX1,2026-10-01 10:00,壶,1,19.00,阿一\n"
    )
    files_url = _choose(client, SimpleUploadedFile("几行一单.csv", lines.encode()))
    upload = Upload.objects.get(name="几行一单.csv")
    columns = reverse("import_columns", args=[upload.pk]) + "?grain=line"
    page = client.get(columns).content.decode()
    order, line, buyer = (
        page.index(title) for title in ("整单的：每行都一样", "这一行的</h3>", "买家和收货")
    )
    assert order < page.index('name="postage"') < line < page.index('name="line_refunded"') < buyer
    assert buyer < page.index('name="nick"') and 'name="titles"' not in page
    told = {
        "order_id": "单号", "created_at": "下单", "title": "品名", "quantity": "几件", "line_paid": "付了",
        "nick": "客户",
    }  # fmt: skip
    refused = client.post(columns, told | {"line_paid": ""})
    assert (refused.status_code, "还没指定：单价" in refused.content.decode()) == (422, True)
    assert client.post(columns, told).url == reverse("import_files", args=[upload.pk])
    _start(client, files_url)
    _work()
    run = ImportRun.objects.get(file_name="几行一单.csv")
    assert (run.counts["accepted"], run.money["accepted"], run.detail["orders"]["new"]) == (2, 3700, 1)


def test_the_page_of_the_upload_lists_every_known_export(demo: Demo) -> None:
    page = demo.client().get(reverse("import_new")).content.decode()
    titles = [profile.title_zh for profile in profiles().values()]
    assert [title for title in titles if title not in page] == []
    assert "大致准，先核对几单" in page


def test_only_orders_up_to_a_day_are_taken_when_asked(demo: Demo) -> None:
    client = demo.client()
    _start(client, _choose(client, _known_file()), until="2026-11-03")
    _work()
    run = ImportRun.objects.get(file_name="今早的订单.csv")
    assert (run.counts["accepted"], run.counts["held_back"]) == (3, 3)
    assert "截止后未导" in client.get(reverse("import_result", args=[run.pk])).content.decode()
    assert "截止后未导 3" in client.get(reverse("imports")).content.decode()
    bad = client.post(_choose(client, _known_file()) + "start/", {"until": "morgen"})
    assert bad.status_code == 422
    assert "看不懂这个日期" in bad.content.decode()


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("图.csv", b"\x89PNG\r\n\x1a\n" + b"\x00" * 40, "这是图片，不是表格"),
        ("表头.csv", HEADER.encode(), "下面没有数据"),
        ("乱.csv", b"\x01\x02\x03\x00" * 200, "文件内容不是文字"),
        ("坏.xlsx", b"PK\x03\x04" + b"\x00" * 300, "文件"),
        ("一句.csv", "你好".encode(), "没有找到表头"),
    ],
)
def test_a_file_that_is_no_report_says_why(demo: Demo, name: str, content: bytes, says: str) -> None:
    client = demo.client()
    files_url = _choose(client, SimpleUploadedFile(name, content))
    page = client.get(files_url).content.decode()
    assert says in page
    assert "Traceback" not in page
    assert "start/" not in page


def test_an_empty_file_and_no_file_are_refused_at_the_field(demo: Demo) -> None:
    client = demo.client()
    empty = client.post(reverse("import_new"), {"files": [SimpleUploadedFile("空.csv", b"")]})
    assert empty.status_code == 422
    assert "空.csv 是空的" in empty.content.decode()
    none = client.post(reverse("import_new"), {})
    assert none.status_code == 422
    assert "先选文件" in none.content.decode()
    assert Upload.objects.count() == 0


def test_a_queued_import_is_cancelled_and_nothing_is_loaded(demo: Demo) -> None:
    client = demo.client()
    running = _start(client, _choose(client, _known_file()))
    job = Job.objects.get(kind="import")
    assert client.get(reverse("job_cancel", args=[job.pk])).status_code == 405
    assert client.post(reverse("job_cancel", args=[job.pk])).status_code == 302
    assert jobs.claim("tester", NOW) is None
    assert "已取消，没有导入任何订单" in client.get(running).content.decode()
    assert not ImportRun.objects.filter(file_name="今早的订单.csv").exists()


def test_a_running_import_stops_at_its_next_step(demo: Demo) -> None:
    client = demo.client()
    running = _start(client, _choose(client, _known_file()))
    job = jobs.claim("tester", NOW)
    assert job is not None
    client.post(reverse("job_cancel", args=[job.pk]))
    assert "正在停下" in client.get(running).content.decode()
    run_job(job, lambda: NOW)
    job.refresh_from_db()
    assert job.state == JobState.CANCELLED
    assert not ImportRun.objects.filter(file_name="今早的订单.csv", state=ImportState.DONE).exists()


def test_a_refused_import_tells_why_and_leads_back_to_the_file(demo: Demo) -> None:
    client = demo.client()
    damaged = [row.replace("20261100", "2.02611E+1") for row in _rows(3)]
    damaged = [row.replace(row.split(",", 1)[0], "2.38416E+18") for row in damaged]
    files_url = _choose(client, _known_file(damaged))
    running = _start(client, files_url)
    assert _work().state == JobState.FAILED
    text = client.get(running).content.decode()
    assert "2.38416E+18" in text
    assert "从后台重新导出" in text
    assert files_url in text
    run = ImportRun.objects.get(file_name="今早的订单.csv")
    result = client.get(reverse("import_result", args=[run.pk])).content.decode()
    assert "文件没有导入，已有的数据没有变" in result


def test_the_job_part_reloads_its_page_when_it_is_over(demo: Demo) -> None:
    job = jobs.queue("import", shop=demo.shop, now=NOW, upload=1, options={"file_name": "a.csv"})
    address = reverse("job_progress", args=[job.pk])
    client = demo.client()
    part = client.get(address)
    assert 'hx-trigger="every 1s"' in part.content.decode()
    assert "HX-Refresh" not in part
    jobs.cancel(job, NOW)
    assert client.get(address)["HX-Refresh"] == "true"


def test_the_list_pages_filters_and_counts_its_queries(
    demo: Demo, django_assert_max_num_queries: Any
) -> None:
    for n in range(60):
        ImportRun.objects.create(
            shop=demo.shop, file_name=f"文件{n:02d}.csv", file_sha256="0" * 64, file_size=1, created_at=NOW,
            state=ImportState.REFUSED if n % 2 else ImportState.DONE, counts={"read": n}, money={"read": n},
        )  # fmt: skip
    client = demo.client()
    with django_assert_max_num_queries(18):
        first = client.get(reverse("imports")).content.decode()
    assert "文件59.csv" in first
    assert "文件00.csv" not in first
    after = ImportRun.objects.get(file_name="文件10.csv").pk
    assert "文件09.csv" in client.get(reverse("imports"), {"after": after}).content.decode()
    assert "文件58.csv" not in client.get(reverse("imports"), {"state": "refused"}).content.decode()
    assert "没有符合的" in client.get(reverse("imports"), {"q": "不存在"}).content.decode()
    part = client.get(reverse("imports"), {"q": "文件33"}, headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in part
    assert "文件33.csv" in part


def test_who_may_look_and_who_may_import(demo: Demo) -> None:
    assert demo.client(demo.analyst).get(reverse("imports")).status_code == 200
    assert demo.client(demo.analyst).get(reverse("import_new")).status_code == 403
    assert demo.client(demo.service).get(reverse("imports")).status_code == 403
    answer = demo.client(demo.analyst).post(reverse("import_new"), {"files": [_known_file()]})
    assert answer.status_code == 403
    assert Upload.objects.count() == 0


def test_files_jobs_and_results_of_another_shop_are_not_there(demo: Demo) -> None:
    foreign = Shop.objects.create(owner=Owner.objects.create(name="别家"), name="别家店", created_at=NOW)
    run = ImportRun.objects.create(
        shop=foreign,
        file_name="别家.csv",
        file_sha256="0" * 64,
        file_size=1,
        created_at=NOW,
        state=ImportState.DONE,
    )
    upload = Upload.objects.create(shop=foreign, name="a", path="a", size=1, sha256="0" * 64, created_at=NOW)
    job = jobs.queue("import", shop=foreign, now=NOW)
    client = demo.client()
    for address in (
        reverse("import_result", args=[run.pk]),
        reverse("import_rows", args=[run.pk]),
        reverse("import_files", args=[upload.pk]),
        reverse("import_columns", args=[upload.pk]),
        reverse("import_running", args=[job.pk]),
        reverse("job_progress", args=[job.pk]),
        reverse("import_files", args=["1-x"]),
    ):
        assert client.get(address).status_code == 404
    assert client.post(reverse("import_quarantine", args=[run.pk])).status_code == 404
    assert client.post(reverse("job_cancel", args=[job.pk])).status_code == 404


def test_hostile_names_and_cells_are_text(demo: Demo) -> None:
    client = demo.client()
    rows = _rows(1)
    rows[0] = rows[0].replace("旺旺0", "<img src=x onerror=alert(1)>")
    name = "<b>a</b>.csv"
    files_url = _choose(client, SimpleUploadedFile(name, "\n".join([HEADER, *rows]).encode()))
    page = client.get(files_url).content.decode()
    assert "<img src=x" not in page
    assert "<b>a</b>" not in page


def test_samples_are_masked_by_role_and_by_look() -> None:
    assert masked_sample("phone", "13812345621") == "138 **** **21"
    assert masked_sample("", "联系 13812345621") == "联系 138 **** **21"
    assert masked_sample("", "写信到 xiaohua@example.com") != "写信到 xiaohua@example.com"
    assert masked_sample("nick", "小花朵朵").startswith("小")
    assert "花朵" not in masked_sample("nick", "小花朵朵")
    assert masked_sample("titles", "很长" * 40).endswith("…")


def test_a_preview_of_a_large_workbook_reads_the_whole_file(demo: Demo, tmp_path: Any) -> None:
    import xlsxwriter

    path = tmp_path / "订单.xlsx"
    book = xlsxwriter.Workbook(path)
    sheet = book.add_worksheet()
    for at, line in enumerate([HEADER, *_rows(3)]):
        for column, cell in enumerate(line.split(",")):
            sheet.write_string(at, column, cell)
    book.close()
    from laoke.shops.uploads import store_upload

    upload = store_upload(
        demo.shop, SimpleUploadedFile("订单.xlsx", path.read_bytes()), by=demo.owner, now=NOW
    )
    preview = look_at(upload)
    assert preview.ready
    assert preview.kind == "xlsx"


def test_a_demo_run_without_sums_still_has_its_page(demo: Demo) -> None:
    run = ImportRun.objects.get(profile="demo")
    answer = demo.client(person(demo, "shenji", Role.AUDITOR)).get(reverse("import_result", args=[run.pk]))
    assert answer.status_code == 200


def test_the_script_that_sends_files_is_told_where_to_go_or_what_is_wrong(demo: Demo) -> None:
    client, asked = demo.client(), {"Accept": "application/json"}
    good = SimpleUploadedFile("订单.csv", "订单编号,总金额\n1,2\n".encode())

    kept = client.post(reverse("import_new"), {"files": [good]}, headers=asked)
    refused = client.post(
        reverse("import_new"), {"files": [SimpleUploadedFile("空.csv", b"")]}, headers=asked
    )
    missing = client.post(reverse("import_new"), {}, headers=asked)

    upload = Upload.objects.get(name="订单.csv")
    assert kept.json() == {"to": reverse("import_files", args=[upload.pk])}
    assert refused.status_code == 422 and refused.json() == {"errors": ["空.csv 是空的，换一个有数据的文件"]}
    assert missing.json() == {"errors": ["先选文件"]}
    assert Upload.objects.filter(name="空.csv").count() == 0


def _goods(
    text: str = "商品ID,商品名称,成本价,库存\n601,四件套,95.50,80\n602,毛巾,,许多\n",
) -> SimpleUploadedFile:
    return SimpleUploadedFile("商品成本.csv", text.encode("gb18030"), content_type="text/csv")


def test_a_list_of_goods_goes_all_the_way_and_is_not_told_as_orders(demo: Demo) -> None:
    client = demo.client()
    files_url = _choose(client, _goods())
    page = client.get(files_url).content.decode()
    assert "商品清单（成本、库存）" in page
    assert "和这种表头" in page
    _start(client, files_url)
    assert _work().state == JobState.DONE
    run = ImportRun.objects.get(file_name="商品成本.csv")
    assert (run.grain, run.counts["new"], run.counts["quarantined"]) == ("product", 1, 1)
    page = client.get(reverse("import_result", args=[run.pk])).content.decode()
    assert "以这份文件为准；文件没有的列不动" in page or "新的" in page
    assert "“库存”是“许多”，不是件数。写成整数。" in page
    assert "认出了谁" not in page
    assert "新订单" not in page
    assert "没有客户标识的订单" not in page


def test_what_one_row_is_can_be_chosen_on_the_mapping_page(demo: Demo) -> None:
    client = demo.client()
    answer = client.post(
        reverse("import_new"),
        {
            "files": [
                SimpleUploadedFile("流量.csv", "天,人数,花掉\n2026-11-01,300,20.50\n".encode(), "text/csv")
            ]
        },
    )
    upload = Upload.objects.latest("pk")
    assert "认不出来" in client.get(str(answer.url)).content.decode()
    url = f"{reverse('import_columns', args=[upload.pk])}?grain=traffic_day"
    page = client.get(url).content.decode()
    assert "“访客数”、“成本或花费”、“支付金额”，有一个就行。" in page
    assert "有昵称或会员号，才认得出老客" not in page
    assert client.post(url, {"date": "天", "visitors": "人数", "cost": "花掉"}).status_code == 302
    saved = SavedMapping.objects.get(name="流量.csv")
    assert (saved.grain, saved.mapping) == ("traffic_day", {"date": "天", "visitors": "人数", "cost": "花掉"})
    _start(client, str(answer.url))
    assert _work().state == JobState.DONE
    assert ImportRun.objects.get(file_name="流量.csv").counts["new"] == 1


def test_an_unknown_kind_of_row_shows_that_of_orders(demo: Demo) -> None:
    client = demo.client()
    _choose(client, _strange_file())
    url = f"{reverse('import_columns', args=[Upload.objects.latest('pk').pk])}?grain=nonsense"
    assert "“总金额（应付）”、“实付金额”，有一个就行。" in client.get(url).content.decode()


def test_files_that_tell_orders_together_are_one_import(demo: Demo) -> None:
    client = demo.client()
    parts = [SimpleUploadedFile(name, text.encode()) for name, text in olist_texts().items()]
    where = _choose(client, *parts, _known_file())

    assert [upload.name for upload in Upload.objects.order_by("pk")] == [
        "今早的订单.csv", "orders + items + payments.csv",
    ]  # fmt: skip
    page = client.get(where).content.decode()
    assert "orders + items + payments.csv" in page
    assert "Olist 订单（订单、商品、付款三个文件合成）" in page


def test_a_part_alone_says_which_files_belong_to_it(demo: Demo) -> None:
    client = demo.client()
    where = _choose(client, SimpleUploadedFile("items.csv", olist_texts()["items.csv"].encode()))

    page = client.get(where).content.decode()
    assert "把几部分（订单、商品、付款）的文件一起选进来" in page


def test_parts_that_cannot_be_joined_stay_as_they_are_and_say_why(demo: Demo) -> None:
    client = demo.client()
    texts = {name: text.replace("cup", "杯") for name, text in olist_texts().items()}
    where = _choose(client, *(SimpleUploadedFile(n, text.encode("gb18030")) for n, text in texts.items()))

    assert Upload.objects.count() == 3
    assert "“商品”的文件读不了" in client.get(where).content.decode()

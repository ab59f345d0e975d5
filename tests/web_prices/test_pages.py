"""Price sheets in the browser: made, read, changed, sent out as Excel and taken back, and who may not."""

from __future__ import annotations

import io
from datetime import datetime
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from laoke.campaigns.models import CompetitorPrice, PriceSheet
from laoke.campaigns.price_sheets import items_of, newest
from laoke.shops.models import AuditEvent, Role, Upload
from tests.people import Demo
from tests.web_campaigns.planned import planned

SHEET = {
    "name": "双11价格", "starts_at": "2026-11-11T00:00", "best": "5", "campaign": "", "postage_cents": "8",
    "fee_bp": "5", "margin_bp": "20", "closest_bp": "10", "widest_bp": "100", "anchor_bp": "200",
}  # fmt: skip
ITEM = {
    "title": "云朵被",
    "price_cents": "199",
    "product_id": "X1",
    "sku": "",
    "group": "被子",
    "role": "anchor",
}


def made(demo: Demo, **fields: str) -> PriceSheet:
    answer = demo.client().post(reverse("price_new"), {**SHEET, **fields})
    assert answer.status_code == 302, answer.context["page"].form.errors
    return PriceSheet.objects.latest("pk")


def page_of(demo: Demo, sheet: PriceSheet, query: str = "") -> str:
    return demo.client().get(reverse("price_sheet", args=[sheet.pk]) + query).content.decode()


def with_item(demo: Demo, sheet: PriceSheet, **fields: str) -> Any:
    url = reverse("price_item_new", args=[sheet.pk])
    return demo.client().post(url, {**ITEM, "base": str(newest(sheet).number), **fields})


def upload(demo: Demo, sheet: PriceSheet, body: bytes | str, name: str = "价格.csv") -> Any:
    raw = body if isinstance(body, bytes) else body.encode("utf-8-sig")
    file = SimpleUploadedFile(name, raw)
    return demo.client().post(reverse("price_upload", args=[sheet.pk]), {"file": file})


def book(answer: Any) -> list[list[Any]]:
    from python_calamine import CalamineWorkbook

    return CalamineWorkbook.from_filelike(io.BytesIO(answer.content)).get_sheet_by_index(0).to_python()


def test_a_sheet_is_made_of_what_sells_and_shows_its_ladder(demo: Demo) -> None:
    sheet = made(demo)

    answer = demo.client().get(reverse("price_sheet", args=[sheet.pk]))
    page, shown = answer.content.decode(), answer.context["page"]
    assert sheet.starts_at == datetime(2026, 11, 11)
    assert newest(sheet).terms["postage_cents"] == 800
    assert len(items_of(newest(sheet))) == 5
    assert [row.cells[3] for row in shown.shares.rows] == ["2", "2", "1", "0"]
    assert shown.kpis.kpis[0].value.text == "5"
    # Prices stand at the list price: no cut against what was paid lately, and that is said by its number.
    assert "L7 活动价" in page and "价格阶梯" in page
    assert "双11价格" in demo.client().get(reverse("prices")).content.decode()


def test_an_item_is_typed_in_yuan_and_warned_of_by_number(demo: Demo) -> None:
    sheet = made(demo, best="0")
    assert with_item(demo, sheet, cost_cents="200", was_cents="999").status_code == 302

    [item] = items_of(newest(sheet))
    assert (item.price_cents, item.cost_cents, item.was_cents, item.fee_bp) == (19_900, 20_000, 99_900, None)
    page = page_of(demo, sheet)
    assert "L2 活动价 199.00 低于成本 200.00" in page
    assert "L6 没有成交过，划线价 999.00 没有依据，只能写现价" in page


@pytest.mark.parametrize(
    ("fields", "field", "message"),
    [
        ({"price_cents": "0"}, "price_cents", "要大于 0"),
        ({"price_cents": "便宜"}, "price_cents", "写一个金额"),
        ({"fee_bp": "100"}, "fee_bp", "0 到 99.99 的百分数"),
        ({"fee_bp": "60", "margin_bp": "40"}, "margin_bp", "到了 100%，什么价都不够"),
        ({"role": "hero"}, "role", ""),
        ({"base": "0"}, "__all__", "有人刚改过这张表"),
    ],
)
def test_a_wrong_field_of_an_item_is_refused_where_it_stands(
    demo: Demo, fields: dict[str, str], field: str, message: str
) -> None:
    sheet = made(demo, best="0")
    answer = with_item(demo, sheet, **fields)

    assert answer.status_code == 422
    assert message in " ".join(answer.context["page"].form.errors[field])
    assert newest(sheet).number == 1


def test_terms_that_leave_nothing_are_refused(demo: Demo) -> None:
    answer = demo.client().post(reverse("price_new"), {**SHEET, "fee_bp": "60", "margin_bp": "40"})

    assert answer.status_code == 422
    assert answer.context["page"].form.errors["margin_bp"] == ["和扣点加起来要不到 100%"]
    assert not PriceSheet.objects.exists()


def test_the_file_comes_back_as_it_went_and_changes_nothing(demo: Demo) -> None:
    sheet = made(demo)
    with_item(demo, sheet, cost_cents="80.05", fee_bp="4.25", title="=1+1", product_id="")
    before = items_of(newest(sheet))

    answer = demo.client().get(reverse("price_file", args=[sheet.pk]))
    body = answer.content
    preview = demo.client().get(upload(demo, sheet, body, "价格.xlsx").url)

    assert preview.context["page"].nothing
    assert dict(preview.context["page"].facts.facts)["没变"] == "6 件"
    assert items_of(newest(sheet)) == before
    [event] = AuditEvent.objects.filter(act="price_sheet.file")
    assert (event.subject, event.count) == (f"{sheet.pk}/2", 6)


def test_a_hostile_title_is_text_in_the_file_and_on_the_page(demo: Demo) -> None:
    from zipfile import ZipFile

    sheet = made(demo, best="0")
    with_item(demo, sheet, title="=HYPERLINK(1)<script>")

    answer = demo.client().get(reverse("price_file", args=[sheet.pk]))
    body = answer.content
    with ZipFile(io.BytesIO(body)) as parts:
        assert b"<f>" not in parts.read("xl/worksheets/sheet1.xml")
    page = page_of(demo, sheet)
    assert "HYPERLINK(1)<script>" not in page and "HYPERLINK(1)&lt;script&gt;" in page


def test_an_uploaded_file_is_shown_first_and_kept_when_one_says_so(demo: Demo) -> None:
    sheet = made(demo, best="0")
    with_item(demo, sheet)
    with_item(demo, sheet, product_id="X2", title="枕头", price_cents="30")
    text = "商品编号,活动价,成本\nX1,189,90\nX3,25,\nX2,贵,\n"

    url = upload(demo, sheet, text).url
    preview = demo.client().get(url)
    page = preview.content.decode()

    assert "活动价（元） 199.00 → 189.00；成本（元） — → 90.00" in page
    assert "新加" in page and newest(sheet).number == 3
    assert [row.cells for row in preview.context["page"].refused.rows] == [
        ["4", "活动价（元）", "贵", "金额，最多到分，例如 39.90"]
    ]
    refused = book(demo.client().get(url, {"export": "xlsx"}))
    assert refused[1] == ["X2", "贵", "", "4", "活动价（元）", "金额，最多到分，例如 39.90"]

    demo.client().post(url, {"base": "3"})
    assert [(one.product_id, one.price_cents) for one in items_of(newest(sheet))] == [
        ("X1", 18_900),
        ("X2", 3_000),
        ("X3", 2_500),
    ]
    version = newest(sheet)
    assert (version.number, version.file_name, len(version.sha256)) == (4, "价格.csv", 64)
    assert not Upload.objects.exists()


def test_items_that_the_file_leaves_out_go_only_when_asked(demo: Demo) -> None:
    sheet = made(demo, best="0")
    with_item(demo, sheet)
    with_item(demo, sheet, product_id="X2", title="枕头")
    text = "商品编号,活动价\nX1,100\n"

    url = upload(demo, sheet, text).url
    assert "文件里没有的 1 件从表里拿掉：枕头" in demo.client().get(url).content.decode()
    demo.client().post(url, {"base": "3", "absent": "drop"})

    assert [one.product_id for one in items_of(newest(sheet))] == ["X1"]


def test_a_file_over_a_sheet_that_changed_meanwhile_is_shown_anew(demo: Demo) -> None:
    sheet = made(demo, best="0")
    with_item(demo, sheet)
    url = upload(demo, sheet, "商品编号,活动价\nX1,100\n").url
    with_item(demo, sheet, product_id="X2", title="枕头")

    answer = demo.client().post(url, {"base": "2"})

    assert "有人刚改过这张表" in answer.content.decode()
    assert answer.context["page"].base == 3 and newest(sheet).number == 3
    demo.client().post(url, {"act": "drop"})
    assert newest(sheet).number == 3 and not Upload.objects.exists()


def test_competitors_prices_by_file_warn_on_the_sheet(demo: Demo) -> None:
    sheet = made(demo, best="0")
    with_item(demo, sheet, cost_cents="10")
    text = "商品编号,对手,对手价,日期,来源\nX1,隔壁店,150,2026-11-08,隔壁店首页\n"

    url = upload(demo, sheet, text).url
    assert "隔壁店首页" in demo.client().get(url).content.decode()
    demo.client().post(url, {"base": "2"})

    assert CompetitorPrice.objects.get().price_cents == 15_000
    assert "L13 隔壁店卖 150.00，便宜 49.00" in page_of(demo, sheet)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("会员名,地址\n甲,乙\n", "要有「商品编号」或「名称」一列"),
        ("", "是空的"),
        (b"PK\x03\x04" + b"x" * 40, ""),
    ],
)
def test_a_file_that_is_no_price_sheet_is_refused_and_forgotten(demo: Demo, body: Any, said: str) -> None:
    sheet = made(demo, best="0")
    raw = body if isinstance(body, bytes) else body.encode()
    client = demo.client()
    answer = client.post(
        reverse("price_upload", args=[sheet.pk]), {"file": SimpleUploadedFile("价.csv", raw)}, follow=True
    )

    assert said in answer.content.decode()
    assert not Upload.objects.exists() and newest(sheet).number == 1


def test_an_older_version_is_shown_and_can_be_taken_back(demo: Demo) -> None:
    sheet = made(demo, best="0")
    with_item(demo, sheet)
    client = demo.client()
    client.post(reverse("price_item_remove", args=[sheet.pk, 0]), {"base": "2"})

    assert "云朵被" not in page_of(demo, sheet)
    old = page_of(demo, sheet, "?version=2")
    assert "云朵被" in old and "用回这一版" in old
    client.post(reverse("price_restore", args=[sheet.pk]), {"number": "2"})
    assert (newest(sheet).number, newest(sheet).restored) == (4, 2)
    assert client.get(reverse("price_sheet", args=[sheet.pk]) + "?version=9").status_code == 404


def test_a_campaign_leads_to_its_sheet_and_lends_its_name_and_day(demo: Demo) -> None:
    campaign = planned(demo)
    home = reverse("campaign", args=[campaign.pk])
    new = f"{reverse('price_new')}?campaign={campaign.pk}"

    assert new in demo.client().get(home).content.decode()
    initial = demo.client().get(new).context["page"].form.initial
    assert (initial["name"], initial["starts_at"]) == ("双11 2026", datetime(2026, 11, 11))
    sheet = made(demo, campaign=str(campaign.pk))
    assert sheet.campaign == campaign
    assert reverse("price_sheet", args=[sheet.pk]) in demo.client().get(home).content.decode()
    assert "不在活动里" not in page_of(demo, sheet)
    PriceSheet.objects.update(starts_at=datetime(2026, 12, 24))
    page = page_of(demo, sheet)
    assert "活动价却从 12月24日 00:00 开始" in page and "改开始时间" in page
    again = demo.client().post(
        reverse("price_new"), {**SHEET, "name": "又一张", "campaign": str(campaign.pk)}
    )
    assert again.status_code == 422


def test_an_analyst_looks_and_changes_nothing(demo: Demo) -> None:
    sheet = made(demo)
    client = demo.client(demo.analyst)

    page = client.get(reverse("price_sheet", args=[sheet.pk])).content.decode()
    assert "下载 Excel" in page and "改设定" not in page and "by-file" not in page
    assert len(book(client.get(reverse("price_file", args=[sheet.pk])))) == 6
    for name, args in (
        ("price_new", []), ("price_edit", [sheet.pk]), ("price_item_new", [sheet.pk]), ("price_item", [sheet.pk, 0]),
    ):  # fmt: skip
        assert client.get(reverse(name, args=args)).status_code == 403
    for name, args in (
        ("price_upload", [sheet.pk]), ("price_preview", [sheet.pk, 1]), ("price_restore", [sheet.pk]),
        ("price_archive", [sheet.pk]), ("price_item_remove", [sheet.pk, 0]),
    ):  # fmt: skip
        assert client.post(reverse(name, args=args)).status_code == 403
    assert demo.client(demo.service).get(reverse("prices")).status_code == 403


def test_another_shops_sheet_is_not_there(demo: Demo) -> None:
    from laoke.shops.setup import add_shop, add_user

    sheet = made(demo)
    other = add_shop("别家店", now=demo.now)
    stranger, _password = add_user("bieren", shops=[other], role=Role.OWNER, now=demo.now, full_name="别家")
    stranger.must_change_password = False
    stranger.save()

    for name in ("price_sheet", "price_edit", "price_file"):
        assert demo.client(stranger).get(reverse(name, args=[sheet.pk])).status_code == 404


def test_a_sheet_is_moved_renamed_and_put_away(demo: Demo) -> None:
    sheet = made(demo)
    client = demo.client()
    change = {**SHEET, "name": "双12价格", "starts_at": "2026-12-12T20:00", "fee_bp": "6"}

    assert client.post(reverse("price_edit", args=[sheet.pk]), change).status_code == 302
    sheet.refresh_from_db()
    assert (sheet.name, sheet.starts_at) == ("双12价格", datetime(2026, 12, 12, 20))
    assert (newest(sheet).number, newest(sheet).terms["fee_bp"]) == (2, 600)
    client.post(reverse("price_archive", args=[sheet.pk]), {"archived": "1"})
    assert "双12价格" not in client.get(reverse("prices")).content.decode()
    assert "双12价格" in client.get(reverse("prices") + "?archived=1").content.decode()

"""Set-up sheets in the browser: what to fill in, where an offer stands, reports by file, and who may not."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from laoke.promotions.models import Offer, OfferReport, OfferSetup
from laoke.shops.models import AuditEvent, Shop, Upload
from laoke.work.models import Task
from tests.people import Demo
from tests.web_campaigns.planned import planned

if TYPE_CHECKING:
    from laoke.campaigns.models import Campaign

HOSTILE = '=HYPERLINK("http://evil.example","x")<script>'


def offers_of(campaign: Campaign) -> list[Offer]:
    return [link.offer for link in campaign.campaign_offers.order_by("pk").select_related("offer")]


def page(demo: Demo, campaign: Campaign, row: Offer | None = None) -> Any:
    if row is None:
        return demo.client().get(reverse("campaign_setup", args=[campaign.pk]))
    return demo.client().get(reverse("campaign_setup_offer", args=[campaign.pk, row.pk]))


def post(demo: Demo, name: str, campaign: Campaign, row: Offer, **data: str) -> Any:
    return demo.client().post(reverse(f"campaign_setup_{name}", args=[campaign.pk, row.pk]), data)


def running(demo: Demo, campaign: Campaign, name: str = "开场满减") -> Offer:
    """An offer of the campaign that has begun, with the step that the demo shop's sale has."""
    from laoke.campaigns.models import CampaignOffer
    from laoke.promotions.offers import add_offer

    row = add_offer(
        demo.shop,
        {
            "offer_id": "new", "name": name, "layer": "shop", "mechanic": "threshold_discount",
            "terms": {"steps": [{"threshold_cents": 29_900, "off_cents": 3_000}]},
            "window": {"start": "2026-11-01T00:00:00", "end": "2026-11-04T00:00:00"},
        },
        by=demo.owner, now=demo.now,
    )  # fmt: skip
    CampaignOffer.objects.create(campaign=campaign, offer=row)
    return row


def upload(demo: Demo, campaign: Campaign, text: str | bytes) -> Any:
    raw = text if isinstance(text, bytes) else text.encode("utf-8-sig")
    return demo.client().post(
        reverse("campaign_setup_report", args=[campaign.pk]), {"file": SimpleUploadedFile("报表.csv", raw)}
    )


def test_every_offer_of_the_plan_has_its_tool_and_what_speaks_against_it(demo: Demo) -> None:
    campaign = planned(demo)
    threshold, coupon = offers_of(campaign)
    answer = page(demo, campaign)

    rows = answer.context["page"].table.rows
    assert [row.cells[0].value for row in rows] == [threshold.name, coupon.name]
    assert [str(row.cells[1]) for row in rows] == ["店铺宝", "优惠券"]
    assert [row.cells[2].text for row in rows] == ["设不了 1 项", "要注意 1 项"]
    assert "后台设置" in demo.client().get(reverse("campaign", args=[campaign.pk])).content.decode()


def test_one_offer_is_copied_field_by_field_with_the_interfaces_words(demo: Demo) -> None:
    campaign = planned(demo)
    threshold, _coupon = offers_of(campaign)
    answer = page(demo, campaign, threshold)
    text = answer.content.decode()

    fields = {str(row.cells[0]): row.cells[1].value for row in answer.context["page"].parts[0].fields.rows}
    step = threshold.terms["terms"]["steps"][0]
    assert fields["满多少元"] == str(step["threshold_cents"] // 100)
    assert fields["每满都减，上不封顶"] == "是"
    assert "decrease_amount" in text and f"{step['off_cents']}" in text
    # The cap has no field; what comes to the same is written out.
    [cap] = [row for row in answer.context["page"].findings.rows if row.cells[0] == "M2"]
    assert cap.cells[4].startswith("不选每满都减，写成几档：满 ")


def test_where_an_offer_stands_is_noted_and_it_is_said_to_be_set_up(demo: Demo) -> None:
    campaign = planned(demo)
    _threshold, coupon = offers_of(campaign)
    assert "先记下活动号" in page(demo, campaign, coupon).content.decode()
    assert post(demo, "state", campaign, coupon, state="done").status_code == 302
    assert OfferSetup.objects.count() == 0

    link = "https://taoquan.taobao.com/coupon?activityId=k1"
    answer = post(demo, "place", campaign, coupon, activity_id="123", link=link, planned_issued="500")
    assert answer.status_code == 302
    post(demo, "state", campaign, coupon, state="done")
    setup = OfferSetup.objects.get(offer=coupon)
    assert (setup.state, setup.link, setup.planned_issued, setup.set_by) == ("done", link, 500, demo.owner)
    shown = page(demo, campaign, coupon).content.decode()
    assert f'<span id="link">{link}</span>' in shown
    assert f'href="{link}"' not in shown
    assert "林夏" in shown and "总领用量" not in shown
    # The link stands here and on no other page of the offer.
    assert link not in demo.client().get(reverse("offer", args=[coupon.pk])).content.decode()
    assert page(demo, campaign).context["page"].table.rows[1].cells[6].value.text == "已设置"


@pytest.mark.parametrize(
    ("given", "field", "said"),
    [
        ({"link": "http://taobao.com/x"}, "link", "要以 https:// 开头"),
        ({"link": "javascript:alert(1)"}, "link", "要以 https:// 开头"),
        ({"link": "https://taobao.com@evil.example/"}, "link", "带了用户名"),
        ({"link": 'https://taobao.com/"><script>'}, "link", "不该有的字"),
        ({"activity_id": "12 34"}, "activity_id", "只能有数字"),
        ({"planned_issued": "0"}, "planned_issued", "1"),
    ],
)
def test_what_is_not_what_it_claims_is_not_kept(
    demo: Demo, given: dict[str, str], field: str, said: str
) -> None:
    campaign = planned(demo)
    _threshold, coupon = offers_of(campaign)
    data = {"activity_id": "1", "link": "", "planned_issued": "5"} | given
    answer = post(demo, "place", campaign, coupon, **data)

    assert answer.status_code == 422
    assert said in str(answer.context["page"].form.errors[field])
    assert b"><script>" not in answer.content.replace(b'"><script src=', b"")
    assert OfferSetup.objects.count() == 0


def test_the_sheets_are_one_workbook_that_runs_nothing(demo: Demo) -> None:
    from python_calamine import CalamineWorkbook

    campaign = planned(demo)
    running(demo, campaign, name=HOSTILE)
    answer = demo.client().get(reverse("campaign_setup_file", args=[campaign.pk]))

    book = CalamineWorkbook.from_filelike(io.BytesIO(answer.content))
    assert book.sheet_names == ["要填的", "商品", "检查"]
    fields = book.get_sheet_by_index(0).to_python()
    assert fields[0] == ["优惠", "后台工具", "第几个活动", "项目", "后台填", "接口字段", "接口值"]
    mine = [row for row in fields if row[0] == HOSTILE]
    assert ["满多少元", "299", "total_price", "29900"] in [row[3:] for row in mine]
    assert book.get_sheet_by_index(2).to_python()[1][1] == "M2"
    import zipfile

    with zipfile.ZipFile(io.BytesIO(answer.content)) as parts:
        sheets = b"".join(parts.read(name) for name in parts.namelist() if "worksheets/" in name)
    assert b"<f>" not in sheets and b"hyperlink" not in sheets
    assert AuditEvent.objects.filter(act="campaign.setup_file").count() == 1


def test_reminders_come_into_the_table_of_the_campaign_once(demo: Demo) -> None:
    campaign = planned(demo)
    before = Task.objects.filter(source_id=campaign.pk).count()
    url = reverse("campaign_setup_remind", args=[campaign.pk])
    demo.client().post(url)
    demo.client().post(url)

    assert Task.objects.filter(source_id=campaign.pk).count() == before + 2
    table = demo.client().get(reverse("campaign_tasks", args=[campaign.pk])).content.decode()
    assert "在后台设置「" in table


def test_numbers_are_typed_in_and_stand_beside_the_orders(demo: Demo) -> None:
    campaign = planned(demo)
    row = running(demo, campaign)
    answer = post(demo, "numbers", campaign, row, issued="", taken="", used="9", as_of="2026-11-08T10:00")
    assert answer.status_code == 302

    answer = page(demo, campaign, row)
    shown = answer.context["page"]
    facts = dict(shown.orders.facts)
    assert facts["后台说用了"] == "9 次"
    assert "没有带这个优惠的轮次发出去" in answer.content.decode()
    assert OfferReport.objects.get().used == 9
    fragment = reverse("campaign_setup_orders", args=[campaign.pk])
    assert f'hx-get="{fragment}"' in page(demo, campaign).content.decode()
    summary = demo.client().get(fragment).context["table"]
    assert [one.cells[0] for one in summary.rows][-1] == "开场满减"
    assert summary.rows[-1].cells[3] == "9"
    # What has not begun yet is not compared.
    assert summary.rows[0].cells[4] == "—"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"used": "", "as_of": "2026-11-08T10:00"}, "至少写一个数"),
        ({"used": "5", "as_of": "2026-11-10T10:00"}, "还没到这个时间"),
        ({"used": "-5", "as_of": "2026-11-08T10:00"}, "0"),
        ({"used": "99999999999999999999", "as_of": "2026-11-08T10:00"}, "1000000000"),
        ({"used": "5", "as_of": "昨天"}, ""),
    ],
)
def test_numbers_that_cannot_be_are_not_kept(demo: Demo, data: dict[str, str], said: str) -> None:
    campaign = planned(demo)
    row = running(demo, campaign)
    answer = post(demo, "numbers", campaign, row, issued="", taken="", **data)

    assert answer.status_code == 422
    assert said in str(answer.context["page"].numbers.errors)
    assert OfferReport.objects.count() == 0


def test_a_report_is_looked_at_before_it_is_kept(demo: Demo) -> None:
    campaign = planned(demo)
    row = running(demo, campaign)
    answer = upload(
        demo, campaign, "名称,发行量,领取量,使用量\n开场满减,100,60,12\n别的券,1,1,1\n双11,x,1,1\n"
    )
    preview = answer["Location"]
    shown = demo.client().get(preview)
    assert (OfferReport.objects.count(), Upload.objects.count()) == (0, 1)
    assert [one.cells[0] for one in shown.context["page"].rows.rows] == ["开场满减"]
    assert "没见过真的导出" in shown.content.decode()

    columns = {
        "offer_name": "名称",
        "issued": "发行量",
        "taken": "领取量",
        "used": "使用量",
        "until": "2026-11-08T10:00",
    }
    assert demo.client().post(preview, {**columns, "act": "look"}).status_code == 200
    assert OfferReport.objects.count() == 0
    assert demo.client().post(preview, {**columns, "act": "keep"}).status_code == 302
    kept = OfferReport.objects.get()
    assert (kept.offer, kept.issued, kept.taken, kept.used, kept.file_name) == (row, 100, 60, 12, "报表.csv")
    assert f"{kept.as_of:%m-%d %H:%M}" == "11-08 10:00"
    assert Upload.objects.count() == 0


def test_columns_that_nobody_knows_are_chosen_by_hand(demo: Demo) -> None:
    campaign = planned(demo)
    running(demo, campaign)
    preview = upload(demo, campaign, "什么券,回来了\n开场满减,12\n")["Location"]
    first = demo.client().get(preview)
    assert first.context["page"].incomplete
    assert "认不出来" in first.content.decode()
    chosen = {"offer_name": "什么券", "used": "回来了", "until": "2026-11-08T10:00", "act": "keep"}
    assert demo.client().post(preview, chosen).status_code == 302
    assert OfferReport.objects.get().used == 12


def test_a_file_that_is_none_is_said_and_not_kept(demo: Demo) -> None:
    campaign = planned(demo)
    for raw in (b"", b"%PDF-1.7 \x00\x01", "优惠券ID,使用量\n1.23E+17,5\n".encode(), b"PK\x03\x04broken"):
        answer = upload(demo, campaign, raw)
        assert answer["Location"] == reverse("campaign_setup", args=[campaign.pk])
    none = demo.client().post(reverse("campaign_setup_report", args=[campaign.pk]), {})
    assert none["Location"] == reverse("campaign_setup", args=[campaign.pk])
    assert (Upload.objects.count(), OfferReport.objects.count()) == (0, 0)


def test_hostile_cells_are_shown_as_text(demo: Demo) -> None:
    campaign = planned(demo)
    running(demo, campaign)
    preview = upload(demo, campaign, "名称,使用量\n开场满减,<script>x</script>\n")["Location"]
    text = demo.client().get(preview).content.decode()
    assert "&lt;script&gt;x&lt;/script&gt;" in text
    assert "<script>x" not in text


def test_a_preview_is_its_bringers_and_may_be_dropped(demo: Demo) -> None:
    campaign = planned(demo)
    preview = upload(demo, campaign, "名称,使用量\n开场满减,1\n")["Location"]
    assert demo.client(demo.operator).get(preview).status_code == 404
    assert demo.client().post(preview, {"act": "drop"}).status_code == 302
    assert (Upload.objects.count(), OfferReport.objects.count()) == (0, 0)


def test_who_looks_changes_nothing(demo: Demo) -> None:
    campaign = planned(demo)
    row = offers_of(campaign)[0]
    analyst, service = demo.client(demo.analyst), demo.client(demo.service)
    home, one = (
        reverse("campaign_setup", args=[campaign.pk]),
        reverse("campaign_setup_offer", args=[campaign.pk, row.pk]),
    )
    assert analyst.get(home).status_code == 200
    assert b"place-form" not in analyst.get(one).content
    for name in ("place", "state", "numbers"):
        assert analyst.post(reverse(f"campaign_setup_{name}", args=[campaign.pk, row.pk])).status_code == 403
    for name in ("remind", "report"):
        assert analyst.post(reverse(f"campaign_setup_{name}", args=[campaign.pk])).status_code == 403
    assert service.get(home).status_code == 403
    assert "后台设置" not in service.get(reverse("campaign", args=[campaign.pk])).content.decode()


def test_an_offer_of_another_campaign_is_not_there(demo: Demo) -> None:
    campaign, other = planned(demo), planned(demo, "另一个")
    row = offers_of(other)[0]
    assert page(demo, campaign, row).status_code == 404
    assert post(demo, "state", campaign, row, state="ended").status_code == 404


def test_a_shop_elsewhere_is_told_that_its_platform_is_not_known(demo: Demo) -> None:
    campaign = planned(demo)
    assert "不在淘宝或天猫" not in page(demo, campaign).content.decode()
    Shop.objects.filter(pk=demo.shop.pk).update(platform="other")
    assert "不在淘宝或天猫" in page(demo, campaign).content.decode()


def test_the_number_on_the_offers_own_page_is_checked_too(demo: Demo) -> None:
    campaign = planned(demo)
    row = offers_of(campaign)[0]
    url = reverse("offer_activity", args=[row.pk])
    answer = demo.client().post(url, {"platform_activity_id": "<b>"}, follow=True)
    assert "只能有数字" in answer.content.decode()
    demo.client().post(url, {"platform_activity_id": "77"})
    row.refresh_from_db()
    assert row.platform_activity_id == "77"

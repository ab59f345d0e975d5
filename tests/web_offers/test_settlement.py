"""Settling an offer in the browser: a file is shown, settled to the cent, taken along, and goes again."""

from __future__ import annotations

from collections import OrderedDict
from io import BytesIO
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from python_calamine import CalamineWorkbook

from laoke.campaigns.models import CampaignOffer
from laoke.promotions.models import Offer
from laoke.promotions.offers import add_offer, edit_offer
from laoke.shops.models import AuditEvent, Role, Upload
from laoke.web import figures, lists
from laoke.web.pages.offers import settlement
from laoke.web.pages.offers.settlement import read_payments
from tests.people import Demo, person
from tests.web_campaigns.planned import planned

WINDOW = {"start": "2026-11-01T00:00:00", "end": "2026-11-08T00:00:00"}
TERMS: dict[str, dict[str, Any]] = {
    "deposit_expansion": {
        "deposit_cents": 5_000, "counts_cents": 10_000, "deposit_until": "2026-11-05T00:00:00",
        "balance_from": "2026-11-06T00:00:00",
    },
    "group_buy": {"price_cents": 5_900, "people": 2, "hours": 24},
    "more_cheaper": {"steps": [{"buyers": 2, "pay_bp": 9_000}, {"buyers": 3, "pay_bp": 7_777}]},
}  # fmt: skip
AT = "2026-11-08T00:00"
GROUPS = """订单号,买家,付款时间,付款（元）,跟哪一单的团
1,小圆圆,2026-11-01 10:00,59.00,
2,大方方,2026-11-01 11:00,59.00,1
3,小明明,2026-11-02 10:00,118.00,
4,小红红,2026-11-02 11:00,59.00,77
5,小红红,昨天,59.00,
"""
DEPOSITS = """订单号,买家,付定金时间,定金,付尾款时间,尾款
1,a,2026-11-01 20:00,50,2026-11-06 20:00,299.99
2,b,2026-11-04 20:00,100,,
"""
PIECES = """订单号,买家,付款时间,单价,件数,其他优惠减,已退货
1,a,2026-11-01 10:00,99.99,1,,
2,b,2026-11-01 11:00,99.99,2,10.00,
3,c,2026-11-01 12:00,99.99,1,,
4,d,2026-11-01 13:00,20,1,,是
"""


def offer_of(demo: Demo, mechanic: str, name: str = "结算的") -> Offer:
    data = {"name": name, "layer": "item", "mechanic": mechanic, "terms": TERMS[mechanic], "window": WINDOW}
    return add_offer(demo.shop, data, by=demo.owner, now=demo.now)


def brought(demo: Demo, row: Offer, text: str, name: str = "付款.csv") -> Any:
    file = SimpleUploadedFile(name, text.encode("utf-8-sig"))
    return demo.client().post(reverse("offer_settlement_file", args=[row.pk]), {"file": file})


def settled(demo: Demo, row: Offer, text: str, **query: str) -> Any:
    place = brought(demo, row, text).url
    return demo.client().get(place, {"at": AT, **query})


def sums(page: Any) -> list[list[str]]:
    """What became of how many orders, with what was paid, kept, goes back and is open; the total last."""

    def words(cells: Any) -> list[str]:
        return [str(getattr(cell, "text", getattr(cell, "value", cell))) for cell in cells]

    return [words(line.cells) for line in page.states.rows]


def test_the_page_says_how_a_file_is_written_and_gives_a_template(demo: Demo) -> None:
    row = offer_of(demo, "deposit_expansion")
    home = demo.client().get(reverse("offer_settlement", args=[row.pk]))
    text = home.content.decode()

    assert "付定金截止以后才付的不算定金" in text and "付尾款时间" in text
    assert (
        reverse("offer_settlement", args=[row.pk])
        in demo.client().get(reverse("offer", args=[row.pk])).content.decode()
    )
    answer = demo.client().get(reverse("offer_settlement_template", args=[row.pk]))
    book = CalamineWorkbook.from_filelike(BytesIO(answer.content))
    assert book.get_sheet_by_index(0).to_python() == [
        ["订单号", "买家", "付定金时间", "定金（元）", "付尾款时间", "尾款（元）"]
    ]


def test_the_campaigns_set_up_page_leads_there(demo: Demo) -> None:
    campaign, row = planned(demo), offer_of(demo, "group_buy")
    url = reverse("campaign_setup", args=[campaign.pk])
    assert "谁完成、谁要退、退多少" not in demo.client().get(url).content.decode()
    CampaignOffer.objects.create(campaign=campaign, offer=row)

    assert f'href="{reverse("offer_settlement", args=[row.pk])}"' in demo.client().get(url).content.decode()


def test_a_file_is_shown_before_it_is_settled(demo: Demo) -> None:
    row = offer_of(demo, "group_buy")
    answer = brought(demo, row, GROUPS)
    upload = Upload.objects.get()
    assert answer.url == reverse("offer_settled", args=[row.pk, upload.pk])
    event = AuditEvent.objects.get(act="offer.settlement")
    assert (event.subject, event.count, event.detail["sha256"]) == (str(row.pk), 5, upload.sha256)

    page = demo.client().get(answer.url).context["page"]
    assert [str(said) for _label, said in page.facts.facts] == ["付款.csv", "5 行", "4 单", "1 行"]
    assert [line.cells for line in page.columns.rows][4] == ["跟哪一单的团", "跟哪一单的团"]
    [refused] = page.refused.rows
    assert list(refused.cells) == ["6", "付款时间", "昨天", "时间，例如 2026-11-11 20:00", "改好这一格再传"]


def test_groups_that_fill_are_kept_and_those_that_do_not_go_back(demo: Demo) -> None:
    row = offer_of(demo, "group_buy")
    answer = settled(demo, row, GROUPS)
    page, text = answer.context["page"], answer.content.decode()

    assert sums(page) == [
        ["成团", "2", "118.00", "118.00", "0.00", "0.00"],
        ["没成团，全退", "2", "177.00", "0.00", "177.00", "0.00"],
        ["合计", "4", "295.00", "118.00", "177.00", "0.00"],
    ]
    assert page.facts[1:] == ["成了 1 个团", "没成 2 个团", "还在等 0 个团"]
    assert [str(notice.title) for notice in page.notices] == ["有 1 行没有算", "1 单跟的团找不到"]
    assert [kpi.note for kpi in page.kpis.kpis if kpi.label == "要退"] == ["2 单"]
    assert "小**圆" in text and "小圆圆" not in text


def test_a_deposit_without_its_balance_stays_with_the_shop(demo: Demo) -> None:
    row = offer_of(demo, "deposit_expansion")
    page = settled(demo, row, DEPOSITS).context["page"]

    assert sums(page) == [
        ["完成", "1", "349.99", "349.99", "0.00", "0.00"],
        ["没付尾款，定金不退", "1", "100.00", "100.00", "0.00", "0.00"],
        ["合计", "2", "449.99", "449.99", "0.00", "0.00"],
    ]
    assert [(str(kpi.label), kpi.amount.text) for kpi in page.kpis.kpis][2] == ("不退的定金", "100.00")
    waiting = settled(demo, row, DEPOSITS, at="2026-11-07T00:00").context["page"]
    assert [str(notice.title) for notice in waiting.notices] == [f"还有 {figures.yuan(10_000)} 没定"]


def test_what_was_paid_too_much_goes_back_when_more_buyers_come(demo: Demo) -> None:
    row = offer_of(demo, "more_cheaper")
    page = settled(demo, row, PIECES).context["page"]

    # 99.99 alone, 2 × 89.99 − 10, then 77.76; at the end all pay 77.76 a piece, and d got 15.55 back whole.
    assert sums(page) == [
        ["完成", "3", "347.73", "301.04", "46.69", "0.00"],
        ["已退货，全退", "1", "15.55", "0.00", "15.55", "0.00"],
        ["合计", "4", "363.28", "301.04", "62.24", "0.00"],
    ]
    assert page.facts[1:] == ["3 个买家", "最后按原价的 77.77%"]


def test_orders_are_found_by_number_and_result_and_paged(demo: Demo, monkeypatch: pytest.MonkeyPatch) -> None:
    row = offer_of(demo, "group_buy")
    lines = [f"{n:03},b{n},2026-11-01 10:{n % 60:02},59.00," for n in range(120)]
    place = brought(demo, row, "\n".join(["订单号,买家,付款时间,付款,跟团", *lines])).url
    client, url = demo.client(), f"{place}?at={AT}"

    first = client.get(url)
    assert [len(first.context["page"].table.rows), first.context["page"].table.rows[0].cells[0]] == [
        50,
        "000",
    ]
    second = client.get(place + first.context["page"].table.pager.next_url)
    third = client.get(place + second.context["page"].table.pager.next_url)
    assert [len(one.context["page"].table.rows) for one in (second, third)] == [50, 20]
    assert third.context["page"].table.pager.next_url == ""
    back = client.get(place + third.context["page"].table.pager.previous_url).context["page"].table
    assert [line.cells for line in back.rows] == [line.cells for line in second.context["page"].table.rows]
    assert [tab.count for tab in first.context["page"].tabs.tabs] == ["120", "120", "120"]
    found = client.get(f"{url}&q=11").context["page"].table.rows
    assert [line.cells[0] for line in found] == [
        "011", *[f"11{n}" for n in range(10)],
    ]  # fmt: skip
    assert "没有符合的单" in client.get(f"{url}&q=x&view=due").content.decode()
    assert lists.PAGE_ROWS == 50


def test_the_result_is_taken_along_as_a_workbook(demo: Demo) -> None:
    row = offer_of(demo, "group_buy", "三人团")
    answer = settled(demo, row, GROUPS, export="xlsx", view="due")
    book = CalamineWorkbook.from_filelike(BytesIO(answer.content))

    assert book.sheet_names == ["合计", "每一单", "没有算的行"]
    assert book.get_sheet_by_name("合计").to_python()[-1] == ["合计", 4, 295, 118, 177, 0]
    rows = book.get_sheet_by_name("每一单").to_python()
    assert [line[0] for line in rows] == ["订单号", "3", "4"]
    assert [line[7] for line in rows[1:]] == [118, 59]
    assert "小明明" not in str(rows)
    assert AuditEvent.objects.get(act="list.export").subject == "三人团 结算"


@pytest.mark.parametrize(("at", "said"), [("2999-01-01T00:00", "不能晚于现在"), ("gestern", ""), ("", "")])
def test_one_settles_as_of_a_moment_that_has_come(demo: Demo, at: str, said: str) -> None:
    row = offer_of(demo, "group_buy")
    answer = settled(demo, row, GROUPS, at=at)

    assert answer.status_code == 422
    assert said in str(answer.context["page"].form.errors["at"])


def test_a_file_is_read_once_for_all_its_pages_and_again_when_the_offer_changed(
    demo: Demo, monkeypatch: pytest.MonkeyPatch
) -> None:
    row, read = offer_of(demo, "group_buy"), []
    monkeypatch.setattr(settlement, "read_payments", lambda *given: read.append(1) or read_payments(*given))
    monkeypatch.setattr(settlement, "_kept", OrderedDict())
    place, client = brought(demo, row, GROUPS).url, demo.client()
    assert read == [1], "when it was brought"
    first = client.get(place, {"at": AT})
    again = client.get(place, {"at": AT})
    assert read == [1] and sums(first.context["page"]) == sums(again.context["page"])

    edit_offer(
        row, {**row.terms, "terms": {"price_cents": 5_900, "people": 3, "hours": 24}}, by=None, now=demo.now
    )
    changed = client.get(place, {"at": AT})
    assert read == [1, 1] and sums(changed.context["page"]) != sums(first.context["page"])
    for number in range(settlement.MOST_KEPT):
        brought(demo, row, GROUPS.replace("小圆圆", f"买家 {number}"))
    client.get(place, {"at": AT})
    assert len(read) == 2 + settlement.MOST_KEPT + 1, "only the last few stay"


def test_the_file_goes_when_somebody_says_so(demo: Demo) -> None:
    row = offer_of(demo, "group_buy")
    place = brought(demo, row, GROUPS).url
    answer = demo.client().post(place)

    assert answer.url == reverse("offer_settlement", args=[row.pk])
    assert not Upload.objects.exists()
    assert demo.client().get(place).status_code == 404


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("订单号,买家\n1,a\n", "文件缺这些列：付款时间、付款（元）、跟哪一单的团"),
        ("", "是空的"),
        ("{}", "JSON 读不懂"),
    ],
)
def test_a_file_that_is_none_of_payments_is_not_kept(demo: Demo, text: str, said: str) -> None:
    row = offer_of(demo, "group_buy")
    answer = demo.client().post(
        reverse("offer_settlement_file", args=[row.pk]),
        {"file": SimpleUploadedFile("付款.csv", text.encode())},
        follow=True,
    )
    assert said in answer.content.decode()
    assert not Upload.objects.exists()
    assert not AuditEvent.objects.filter(act="offer.settlement").exists()
    nothing = demo.client().post(reverse("offer_settlement_file", args=[row.pk]), follow=True)
    assert "选一个文件" in nothing.content.decode()


def test_only_who_may_sell_settles_and_only_what_he_brought_himself(demo: Demo) -> None:
    row = offer_of(demo, "group_buy")
    place = brought(demo, row, GROUPS).url
    operator = person(demo, "operator2", Role.OPERATOR)
    analyst = person(demo, "analyst2", Role.ANALYST)

    assert demo.client(operator).get(place).status_code == 404
    assert demo.client(analyst).get(place).status_code == 403
    home = demo.client(analyst).get(reverse("offer_settlement", args=[row.pk]))
    assert home.status_code == 200 and 'type="file"' not in home.content.decode()
    file = {"file": SimpleUploadedFile("付款.csv", GROUPS.encode())}
    assert demo.client(analyst).post(reverse("offer_settlement_file", args=[row.pk]), file).status_code == 403
    assert demo.client(demo.service).get(reverse("offer_settlement", args=[row.pk])).status_code == 403


def test_what_has_nothing_to_settle_has_no_such_page(demo: Demo) -> None:
    data = {
        "name": "八折",
        "layer": "item",
        "mechanic": "percent_off",
        "terms": {"pay_bp": 8_000},
        "window": WINDOW,
    }
    row = add_offer(demo.shop, data, by=demo.owner, now=demo.now)

    assert demo.client().get(reverse("offer_settlement", args=[row.pk])).status_code == 404
    assert (
        reverse("offer_settlement", args=[row.pk])
        not in demo.client().get(reverse("offer", args=[row.pk])).content.decode()
    )

"""The pages of orders that look fake: who sees and who decides, evidence in words, the line, the overview's switch."""

from __future__ import annotations

import re
from html import unescape
from io import BytesIO
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from django.http import HttpResponse

    from tests.people import Demo

pytestmark = pytest.mark.django_db
LIST = "/fake-orders/"


@pytest.fixture
def flagged(demo: Demo) -> Demo:
    """The demo shop with its 27 suspect orders out of every figure."""
    from laoke.config.refreshing import refresh_shop

    refresh_shop(demo.shop, demo.place, now=demo.now)
    return demo


def text(response) -> str:
    return unescape(re.sub(r"<[^>]+>", " ", response.content.decode()))


def rows(demo: Demo):
    from laoke.insights.models import OrderFlag

    return OrderFlag.objects.filter(shop=demo.shop).order_by("-score", "order_id")


def test_the_list_shows_every_suspect_with_its_evidence_and_its_buyer(flagged: Demo) -> None:
    page = text(flagged.client().get(LIST))
    assert "27 行" in page and rows(flagged)[0].order_id in page
    assert "1 小时里同款 27 单只来自 9 个买家，每人 3.0 单（线 3）" in page
    assert "3 个买家同一电话或邮箱（线 3）" in page
    assert "3 单里 3 单不计入" in page


def test_before_the_first_import_there_is_nothing_to_judge(flagged: Demo) -> None:
    from laoke.shops.models import CatalogEntry

    CatalogEntry.objects.all().delete()
    assert "还没有订单" in text(flagged.client().get(LIST))


def test_many_are_confirmed_at_once_cleared_again_and_taken_back(flagged: Demo) -> None:
    client = flagged.client(flagged.operator)
    query = "state=suspect"
    answer = client.post("/fake-orders/decide/confirmed/", {"all": "1", "query": query}, follow=True)
    assert "确认了 27 单是刷单" in text(answer)
    assert set(rows(flagged).values_list("decision", "decided_by__username")) == {("confirmed", "yunying")}
    first = rows(flagged)[0].order_id
    client.post("/fake-orders/decide/cleared/", {"ids": [first, "unknown"], "query": "state=confirmed"})
    assert rows(flagged).get(order_id=first).decision == "cleared"
    assert "26 行" in text(client.get(LIST + "?state=confirmed"))
    assert "不是刷单" in text(client.get(LIST + "?state=cleared"))
    client.post("/fake-orders/decide/undecide/", {"ids": [first]})
    assert rows(flagged).get(order_id=first).decision == ""


def test_who_only_looks_sees_the_list_and_decides_nothing(flagged: Demo) -> None:
    from laoke.shops.models import AuditEvent

    analyst, service = flagged.client(flagged.analyst), flagged.client(flagged.service)
    assert analyst.get(LIST).status_code == 200
    assert b"fake-orders/decide" not in analyst.get(LIST).content
    assert service.get(LIST).status_code == 403
    before = AuditEvent.objects.count()
    for client in (analyst, service):
        assert client.post("/fake-orders/decide/confirmed/", {"all": "1"}).status_code == 403
        assert client.post("/fake-orders/threshold/", {"threshold": "90"}).status_code == 403
        assert client.post("/fake-orders/again/").status_code == 403
        assert client.post("/fake-orders/rules/", {"burst": "0"}).status_code == 403
    assert set(rows(flagged).values_list("decision", flat=True)) == {""}
    assert AuditEvent.objects.count() == before


def test_nothing_chosen_or_an_unknown_act_changes_nothing(flagged: Demo) -> None:
    client = flagged.client()
    assert "没有选订单" in text(client.post("/fake-orders/decide/confirmed/", {}, follow=True))
    assert client.post("/fake-orders/decide/hide/", {"all": "1"}).status_code == 404
    assert client.get("/fake-orders/decide/confirmed/").status_code == 405
    assert set(rows(flagged).values_list("decision", flat=True)) == {""}


def test_orders_of_another_shop_are_out_of_reach(flagged: Demo) -> None:
    from laoke.insights.models import OrderFlag
    from laoke.shops.setup import add_shop

    other = add_shop("别家", now=flagged.now)
    row = rows(flagged)[0]
    OrderFlag.objects.create(
        shop=other, order_id="OTHER", placed_at=row.placed_at, paid_cents=1, score=90, scored_at=flagged.now
    )
    assert "OTHER" not in text(flagged.client().get(LIST + "?q=OTHER"))
    flagged.client().post("/fake-orders/decide/confirmed/", {"ids": ["OTHER"]})
    assert OrderFlag.objects.get(order_id="OTHER").decision == ""


def test_the_line_says_at_once_what_would_leave_and_moves_only_when_told(flagged: Demo) -> None:
    client = flagged.client()
    rows(flagged).filter(order_id=rows(flagged)[0].order_id).update(score=60)
    assert "门槛 50 分：不计入 27 单" in text(client.get("/fake-orders/line/?threshold=50"))
    moved = text(client.get("/fake-orders/line/?threshold=61"))
    assert "不计入 26 单" in moved and "比现在少 1 单" in moved
    for nonsense in ("", "x", "29", "101", "²", "9" * 9):
        assert "门槛 50 分" in text(client.get("/fake-orders/line/", {"threshold": nonsense}))
    assert "门槛是 61 分，1 单换了边" in text(
        client.post("/fake-orders/threshold/", {"threshold": "61"}, follow=True)
    )
    assert "1" in text(client.get(LIST + "?state=below")) and rows(flagged).filter(score=60).count() == 1
    assert "门槛要在 30 到 100 之间" in text(
        client.post("/fake-orders/threshold/", {"threshold": "20"}, follow=True)
    )


def test_the_list_is_narrowed_by_signal_score_and_number(flagged: Demo) -> None:
    client = flagged.client()
    carrying = rows(flagged).filter(signals__contains=",signed_soon,").count()
    assert 0 < carrying <= 27
    assert f"{carrying} 行" in text(client.get(LIST + "?signal=signed_soon"))
    assert "0 行" in text(client.get(LIST + "?signal=paid_back"))
    assert "27 行" in text(client.get(LIST + "?signal=nonsense&least=abc&state=what"))
    order = rows(flagged)[3].order_id
    assert "1 行" in text(client.get(f"{LIST}?q={order}&state=cleared"))


def test_pages_follow_each_other_without_a_gap(flagged: Demo, monkeypatch: pytest.MonkeyPatch) -> None:
    from laoke.web import lists

    monkeypatch.setattr(lists, "PAGE_ROWS", 10)
    client, seen, url = flagged.client(), [], LIST
    for _ in range(3):
        page = client.get(url).content.decode()
        seen += re.findall(r'name="ids" value="(\d+)"', page)
        following = re.findall(r'href="(\?[^"]*after=[^"]+)"', page)
        url = LIST + unescape(following[-1]) if following else url
    assert seen == list(rows(flagged).values_list("order_id", flat=True))


def test_the_list_leaves_as_a_workbook_with_one_audit_row(flagged: Demo) -> None:
    from python_calamine import CalamineWorkbook

    from laoke.shops.models import AuditEvent

    answer = flagged.client().get(LIST + "?export=xlsx")
    found = CalamineWorkbook.from_filelike(BytesIO(answer.content)).get_sheet_by_index(0).to_python()
    assert found[0] == ["订单", "买家", "付款（元）", "得分", "依据", "状态"]
    assert [row[0] for row in found[1:]] == list(rows(flagged).values_list("order_id", flat=True))
    assert found[1][5] == "疑似" and found[1][3] == 100
    assert AuditEvent.objects.get(act="list.export").count == 27


def test_other_weights_queue_a_new_scoring_and_wrong_ones_do_not(flagged: Demo) -> None:
    from laoke.insights.fake_orders.flags import rules_of
    from laoke.insights.fake_orders.rules import POINTS
    from laoke.shops.models import Job

    client = flagged.client()
    assert "各信号的分" in text(client.get("/fake-orders/rules/"))
    good = {name: str(points) for name, points in POINTS.items()} | {"burst": "40", "memo_flags": ["4"]}
    assert client.post("/fake-orders/rules/", good | {"burst": "101"}).status_code == 422
    assert not Job.objects.filter(kind="fake_orders").exists()
    assert "正在给全部订单重新打分" in text(client.post("/fake-orders/rules/", good, follow=True))
    flagged.shop.refresh_from_db()
    assert (rules_of(flagged.shop).points["burst"], rules_of(flagged.shop).memo_flags) == (40, (4,))
    assert Job.objects.filter(kind="fake_orders").count() == 1


def numbers_of(page: HttpResponse) -> dict[str, str]:
    """The numbers in a page's form, and those it was opened with."""
    found = re.findall(r'<input type="(?:number|hidden)" name="([^"]+)" value="(\d+)"', page.content.decode())
    return dict(found)


def test_two_who_opened_the_weights_at_once_keep_what_each_changed(flagged: Demo) -> None:
    from laoke.insights.fake_orders.flags import rules_of
    from laoke.insights.fake_orders.rules import POINTS

    client = flagged.client()
    opened = numbers_of(client.get("/fake-orders/rules/"))
    assert {name for name in opened if name.startswith("initial-")} == {f"initial-{name}" for name in POINTS}

    client.post("/fake-orders/rules/", opened | {"burst": "41"})
    client.post("/fake-orders/rules/", opened | {"cluster": "21", "memo_flags": ["4"]})
    wrong = client.post("/fake-orders/rules/", opened | {"no_trace": "101", "paid_back": "19"})
    assert wrong.status_code == 422
    again = numbers_of(wrong)
    assert (again["paid_back"], again["initial-paid_back"]) == ("19", "20")

    flagged.shop.refresh_from_db()
    rules = rules_of(flagged.shop)
    assert rules.points == POINTS | {"burst": 41, "cluster": 21}
    assert rules.memo_flags == (4,)


def test_the_worker_scores_anew_when_told(flagged: Demo) -> None:
    from laoke.config.worker import run_job
    from laoke.insights.fake_orders import flags
    from laoke.shops import jobs

    flagged.client().post("/fake-orders/again/")
    flags.change_rules(
        flagged.shop, {"points": dict.fromkeys(flags.rules_of(flagged.shop).points, 0)}, by=flagged.owner,
        now=flagged.now,
    )  # fmt: skip
    job = jobs.claim("test", flagged.now, ["fake_orders"])
    assert job is not None
    run_job(job, lambda: flagged.now)
    job.refresh_from_db()
    assert (job.state, job.result) == ("done", {"kept": 0, "changed": 27})
    assert rows(flagged).count() == 0


def test_the_overview_says_which_figures_it_shows_and_switches(flagged: Demo) -> None:
    from laoke.audiences.readings import reading_of
    from laoke.web.pages.overview.figures import suspects_of
    from laoke.web.pages.overview.periods import period_of

    reading = reading_of(flagged.shop, flagged.now.date())
    (burst_day,) = {row.placed_at.date() for row in rows(flagged)}
    year = period_of("year", "year", flagged.now.date())
    assert burst_day < flagged.now.date()
    fakes = suspects_of(reading, year)
    client = flagged.client()
    without = text(client.get("/?period=year"))
    with_them = text(client.get("/?period=year&fakes=with"))
    assert f"不含疑似和已确认的刷单 {fakes.orders} 单" in without
    assert f"现在的数字含疑似和已确认的刷单 {fakes.orders} 单" in with_them


def test_a_shop_without_flagged_orders_needs_no_switch(demo: Demo) -> None:
    page = demo.client().get("/").content.decode()
    assert "fakes=with" not in page


def test_the_pages_speak_english_too(flagged: Demo) -> None:
    flagged.owner.language = "en"
    flagged.owner.save()
    client = flagged.client()
    client.cookies["django_language"] = "en"
    page = text(client.get(LIST, headers={"accept-language": "en"}))
    assert "27 orders of one article within an hour by only 9 buyers, 3.0 each (limit 3)" in page

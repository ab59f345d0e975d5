"""The page of RFM: groups, a proposal tried and taken over by the owner alone, movement from month end to month end."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING
from urllib.parse import unquote_plus

import pytest

if TYPE_CHECKING:
    from tests.people import Demo

pytestmark = pytest.mark.django_db
URL = "/analysis/rfm/"


def text(response) -> str:
    return response.content.decode()


def sheet_rows(response) -> list[list[object]]:
    """The rows of a workbook without its heads."""
    from python_calamine import CalamineWorkbook

    book = CalamineWorkbook.from_filelike(io.BytesIO(response.content))
    return book.get_sheet_by_index(0).to_python()[1:]


def hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found is not None
    return found[1]


def test_the_page_shows_groups_a_proposal_and_movement(demo: Demo) -> None:
    page = text(demo.client().get(URL, {"part": "whole"}))
    for words in (
        "十一个分组",
        "冠军",
        "曾经忠诚",
        "潜在客户",
        "换一种打分先看看",
        "从数据学",
        "谁在组间移动",
        "底",
    ):
        assert words in page
    assert 'name="from"' not in page and "含疑似刷单" not in page


def test_the_groups_are_all_customers(demo: Demo) -> None:
    from laoke.audiences.readings import reading_of
    from laoke.insights import analysis, rfm

    reading = reading_of(demo.shop, demo.now.date())
    found = rfm.groups(reading.reader, demo.shop.pk, reading.as_of_day)
    assert sum(one.persons for one in found) == reading.people
    payers = analysis.rfm(reading.reader, demo.shop.pk, reading.as_of_day)
    assert sum(one.persons for one in found if one.name != "prospects") == payers.persons


def test_each_group_leads_to_its_people(demo: Demo) -> None:
    from laoke.audiences.counting import count
    from laoke.audiences.readings import reading_of
    from laoke.insights import rfm

    reading = reading_of(demo.shop, demo.now.date())
    persons = [one.persons for one in rfm.groups(reading.reader, demo.shop.pk, reading.as_of_day)]
    page = text(demo.client().get(URL))
    table = page[page.index('<caption class="vh">十一个分组') :]
    texts = [unquote_plus(found) for found in re.findall(r'data-href="/segments/new/\?text=([^"]+)"', table)]
    assert len(texts) == 11
    assert [count(demo.shop, one, demo.now.date()).n for one in texts] == persons


def test_a_proposal_says_how_many_move_and_changes_nothing(demo: Demo) -> None:
    from laoke.audiences.readings import reading_of
    from laoke.insights import rfm
    from laoke.insights.refresh import cut_points
    from laoke.shops.models import Job, Shop

    page = text(demo.client().get(URL, {"way": "fixed"}))
    reading = reading_of(demo.shop, demo.now.date())
    cuts = rfm.proposal("fixed", cut_points(demo.shop), None)
    assert cuts is not None
    tried = rfm.preview(reading.reader, demo.shop.pk, reading.as_of_day, cuts)
    assert 0 < tried.other_groups <= tried.other_scores < tried.persons
    assert (
        f"换成这种，{tried.persons} 人里有 {tried.other_scores} 人的分会变，{tried.other_groups} 人换分组"
        in page
    )
    assert "现在用的就是这种" in text(demo.client().get(URL, {"way": "quintile"}))
    assert "cut_points" not in Shop.objects.get(pk=demo.shop.pk).settings
    assert not Job.objects.filter(kind="features").exists()


def test_the_owner_takes_over_what_he_saw_and_customers_are_scored_by_it(demo: Demo) -> None:
    from laoke.audiences.readings import reading_of
    from laoke.config.worker import run_job
    from laoke.insights import rfm
    from laoke.insights.refresh import cut_points
    from laoke.shops import jobs
    from laoke.shops.models import AuditEvent, Shop

    client = demo.client()
    reading = reading_of(demo.shop, demo.now.date())
    learnt = rfm.learn(reading.reader, demo.shop.pk, reading.as_of_day)
    assert learnt is not None
    page = text(client.get(URL, {"way": "learnt"}))
    seen = hidden(page, "seen").replace("&#x27;", "'")
    answer = client.post(URL + "take/", {"way": "learnt", "seen": seen}, follow=True)
    assert "已存，客户正在重新打分" in text(answer)

    shop = Shop.objects.get(pk=demo.shop.pk)
    assert cut_points(shop) == learnt.taken_into(cut_points(demo.shop))
    assert AuditEvent.objects.filter(act="shop.settings", subject="cut_points").count() == 1
    promised = rfm.preview(reading.reader, shop.pk, reading.as_of_day, cut_points(shop))
    job = jobs.claim("tester", demo.now)
    assert job is not None and job.kind == "features"
    run_job(job, lambda: demo.now)
    newer = reading_of(shop, demo.now.date())
    after = rfm.preview(newer.reader, shop.pk, newer.as_of_day, cut_points(shop))
    assert after.other_scores == 0 and after.scores == promised.scores
    assert "现在用的就是这种" in text(client.get(URL, {"way": "learnt"}))
    # The settings keep the lines when somebody changes something else there.
    assert "按学来的线" in text(client.get("/analysis/"))


@pytest.mark.parametrize("given", [{"way": "learnt", "seen": "other"}, {"way": "dice", "seen": ""}, {}])
def test_another_proposal_than_the_one_seen_is_not_taken(demo: Demo, given: dict[str, str]) -> None:
    from laoke.shops.models import Job, Shop

    answer = demo.client().post(URL + "take/", given, follow=True)
    assert "线和你看到的不一样了" in text(answer)
    assert "cut_points" not in Shop.objects.get(pk=demo.shop.pk).settings
    assert not Job.objects.filter(kind="features").exists()


def test_who_is_not_the_owner_looks_but_does_not_change(demo: Demo) -> None:
    from laoke.shops.models import Shop

    page = text(demo.client(demo.operator).get(URL, {"way": "fixed"}))
    assert "只有店长能改" in page and "用这种打分" not in page
    assert demo.client(demo.operator).post(URL + "take/", {"way": "fixed"}).status_code == 403
    assert demo.client(demo.service).get(URL).status_code == 403
    assert demo.client().get(URL + "take/").status_code == 405
    assert "cut_points" not in Shop.objects.get(pk=demo.shop.pk).settings


def test_the_movement_goes_from_month_end_to_month_end(demo: Demo) -> None:
    page = text(demo.client().get(URL, {"part": "later", "months": "6"}))
    # The demo keeps two month ends.
    assert "2026-09 底 到 2026-11-09，2 次" in page
    assert "2026-10 底 到 2026-11-09，1 次" in text(demo.client().get(URL, {"part": "later", "months": "1"}))


def test_the_course_shows_people_or_money_of_every_group_at_each_kept_day(demo: Demo) -> None:
    page = text(demo.client().get(URL, {"part": "later"}))
    assert "各组的走势" in page and "发出的消息" in page
    rows = sheet_rows(demo.client().get(URL, {"export": "xlsx", "card": "course"}))
    # Three kept days of eleven groups, the newest first; together they are everybody of that day.
    assert len(rows) == 3 * 11
    assert [row[0] for row in rows[::11]] == ["2026-11-09", "2026-10 底", "2026-09 底"]
    groups = sheet_rows(demo.client().get(URL, {"export": "xlsx", "card": "groups"}))
    assert [row[2] for row in rows[:11]] == [row[1] for row in groups]
    assert text(demo.client().get(URL, {"part": "later", "course": "net"})) != page


def test_without_a_month_end_the_movement_says_when_it_comes(demo: Demo) -> None:
    from laoke.insights.refresh import refresh_features

    demo.shop.settings["cut_points"] = {"active_days": 30}
    demo.shop.save()
    refresh_features(demo.shop, demo.place, now=demo.now)
    page = text(demo.client().get(URL, {"part": "later"}))
    assert "下个月起能看到谁在移动" in page and "下个月起能看到走势" in page


def test_charts_of_groups_are_data() -> None:
    from laoke.web.charts.analysis import group_bars, group_flows, group_trend

    bars = group_bars(["冠军", "沉寂"], [1, 3], [300, 100], "人", "钱")
    assert [one["data"] for one in bars["series"]] == [[0.25, 0.75], [0.75, 0.25]]
    assert group_bars(["冠军"], [0], [0], "人", "钱")["series"][1]["data"] == [0]
    trend = group_trend(
        ["冠军", "沉寂"],
        ["9 月底", "10 月底"],
        [[2, 4], [300, 150]],
        value="exact",
        messages=[None, 80],
        sent="消息",
    )
    heat, dots = trend["series"]
    assert [(one["value"], one["shown"]) for one in heat["data"]] == [
        ([0, 0, 0.5], 2), ([1, 0, 1.0], 4), ([0, 1, 1.0], 300), ([1, 1, 0.5], 150),
    ]  # fmt: skip
    assert [(one["value"], one["shown"], one["symbolSize"]) for one in dots["data"]] == [([1, 2], 80, 20.0)]
    assert trend["yAxis"]["data"] == ["冠军", "沉寂", "消息"]
    quiet = group_trend(["冠军"], ["9 月底"], [[0]], value="exact", messages=[0], sent="消息")
    assert (quiet["yAxis"]["data"], len(quiet["series"])) == (["冠军"], 1)
    flows = [(0, "loyal", "at_risk", 2), (0, None, "new", 5), (1, "at_risk", "loyal", 1)]
    names = {"new": "新客户", "loyal": "忠诚", "at_risk": "风险"}
    (series,) = group_flows(flows, names, "新来的")["series"]
    assert [(one["name"], one["depth"]) for one in series["data"]] == [
        ("0 loyal", 0), ("0 None", 0), ("1 new", 1), ("1 at_risk", 1), ("2 loyal", 2),
    ]  # fmt: skip
    assert [(one["source"], one["target"], one["value"], one["title"]) for one in series["links"]] == [
        ("0 loyal", "1 at_risk", 2, "忠诚 → 风险"), ("0 None", "1 new", 5, "新来的 → 新客户"),
        ("1 at_risk", "2 loyal", 1, "风险 → 忠诚"),
    ]  # fmt: skip

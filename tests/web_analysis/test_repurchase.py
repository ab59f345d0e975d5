"""The page of repurchase: the curve with its intervals, the gaps, the triangle."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.people import Demo

URL = "/analysis/repurchase/"


def text(response) -> str:
    return response.content.decode()


@pytest.mark.django_db
def test_the_page_shows_the_curve_the_gaps_and_the_triangle(demo: Demo) -> None:
    page = text(demo.client().get(URL, {"part": "whole"}))
    for words in (
        "30 天内再买",
        "365 天内再买",
        "多久以内再买",
        "还在看",
        "隔多久再买",
        "各月新客后来的回头",
    ):
        assert words in page
    # The demo's data end on 8 November: the month is not over.
    assert "2026-11 还没过完，表里带 * 的格子还会涨" in page and "% *" in page


@pytest.mark.django_db
def test_the_shares_are_those_of_the_estimate(demo: Demo) -> None:
    from laoke.audiences.readings import reading_of
    from laoke.insights import repurchase
    from laoke.web.figures import percent
    from laoke.web.pages.overview.periods import day_number

    page = text(demo.client().get(URL, {"period": "all"}))
    reading = reading_of(demo.shop, demo.now.date())
    last = day_number(demo.now.date()) - 1
    waits = repurchase.second_purchases(reading.reader, demo.shop.pk, 0, last, last)
    point = repurchase.curve([*waits[False], *waits[True]]).at(90)
    assert point is not None and 0 < point.share < 1 and point.watched > 20
    row = re.search(r'<tr><th scope="row"[^>]*>90</th>(.*?)</tr>', page)
    assert (
        row is not None and f">{percent(point.share)}</td>" in row[1] and f">{point.watched}</td>" in row[1]
    )


@pytest.mark.django_db
def test_a_stretch_with_too_few_says_so(demo: Demo) -> None:
    page = text(demo.client().get(URL, {"from": "2026-11-08", "to": "2026-11-08"}))
    assert "看满这么久的人还太少" in page and "第一次买的人还太少" in page
    assert "还没有人买第二次" in page


def test_the_curve_and_the_triangle_are_data() -> None:
    from laoke.insights.repurchase import Cohort, Triangle, Wait, curve
    from laoke.web.charts.analysis import cohort_map, return_curve

    found = curve([Wait(10, 20, 0), Wait(14, 0, 80)])
    option = return_curve([("再买", found)])
    assert option["xAxis"]["data"] == ["0", "5", "10"]
    low, band, line = option["series"]
    assert line["data"] == [0.0, 0.0, 0.2]
    assert (low["name"], band["name"], low["data"][0]) == ("_low", "_band", 0.0)
    two = return_curve([("有券", found), ("没券", curve([]))])
    assert [one["data"] for one in two["series"]] == [[0.0, 0.0, 0.2], [None, None, None]]

    triangle = Triangle((Cohort(24_000, {0: 4, 1: 1}, {}), Cohort(24_001, {0: 2}, {})), 24_001, False)
    drawn = cohort_map(triangle, triangle.cohorts, 1)
    assert drawn["yAxis"]["data"] == ["2000-01", "2000-02"]
    assert [one["value"] for one in drawn["series"][0]["data"]] == [[0, 0, 0.25]]

"""The page of all customers: its figures add up, its charts are data, its cells lead to the people."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.people import Demo

pytestmark = pytest.mark.django_db


def reading(demo: Demo):
    from laoke.audiences.readings import reading_of

    found = reading_of(demo.shop, demo.now.date())
    return found.reader, found.shop_id, found.as_of_day


def text(response) -> str:
    return response.content.decode()


def test_the_page_shows_every_part(demo: Demo) -> None:
    page = text(demo.client().get("/analysis/"))
    for words in (
        "RFM 五乘五",
        "八类客户",
        "三大分组",
        "生命周期",
        "隔多久再买",
        "哪些月份卖得多",
        "什么时候买",
        "用的是哪些线",
    ):
        assert words in page


def test_cells_classes_groups_and_stages_are_the_same_people(demo: Demo) -> None:
    from laoke.insights import analysis

    at = reading(demo)
    rfm = analysis.rfm(*at)
    assert len(rfm.cells) == 25 and len(rfm.classes) == 8
    assert sum(cell.persons for cell in rfm.cells) == sum(one.persons for one in rfm.classes) == rfm.persons
    assert (
        sum(cell.net_cents for cell in rfm.cells)
        == sum(one.net_cents for one in rfm.classes)
        == rfm.net_cents
    )
    assert sum(part.persons for part in analysis.groups(*at)) == rfm.persons
    paid = sum(part.persons for part in analysis.stages(*at) if part.name != "prospect")
    assert paid == rfm.persons


def test_a_cell_leads_to_as_many_people_as_it_counts(demo: Demo) -> None:
    client = demo.client()
    page = text(client.get("/analysis/"))
    url, n = re.findall(r'href="(/customers/\?r_score=\d&amp;f_score=\d)"><b>([\d,]+)</b>', page)[0]
    assert f"共 {n} 人" in text(client.get(url.replace("&amp;", "&")))


def test_the_movement_is_against_a_kept_month_end(demo: Demo) -> None:
    from datetime import date, timedelta

    from laoke.insights import analysis

    reader, shop_id, today = reading(demo)
    kept = [
        row["as_of_day"]
        for row in reader.query("feature_days", shop_id=shop_id, to_day=today - 1).to_pylist()
    ]
    nearest = min(kept, key=lambda day: abs(today - 30 - day))
    moved = analysis.movement(reader, shop_id, today)
    assert moved is not None and moved.since == date(1970, 1, 1) + timedelta(days=nearest)
    assert sum(moved.moves.values()) == sum(part.persons for part in analysis.stages(*reading(demo)))
    stays = sum(n for (before, after), n in moved.moves.items() if before == after)
    came = sum(moved.into(stage) for stage in {after for _before, after in moved.moves})
    assert stays + came == sum(moved.moves.values())


def test_gaps_agree_with_a_plain_count(demo: Demo) -> None:
    from laoke.insights import analysis

    reader, shop_id, today = reading(demo)
    first = analysis.first_day(reader, shop_id)
    assert first is not None
    found = analysis.gaps(reader, shop_id, first, today)
    days: dict[int, set[int]] = {}
    for row in reader.rows("SELECT customer_id, paid_day FROM orders_counted WHERE paid_day IS NOT NULL"):
        if row["customer_id"] is not None and row["paid_day"] <= today:
            days.setdefault(row["customer_id"], set()).add(row["paid_day"])
    expected = sorted(
        later - earlier
        for bought in days.values()
        for earlier, later in zip(sorted(bought), sorted(bought)[1:], strict=False)
    )
    assert found.total == len(expected)
    assert [d for d, n in found.counts for _one in range(n)] == expected
    assert found.quantile(0.5) == expected[(len(expected) + 1) // 2 - 1]


def test_a_quantile_of_nothing_is_nothing() -> None:
    from laoke.insights.analysis import Gaps

    assert Gaps(()).quantile(0.5) is None
    assert Gaps(((1, 1), (31, 2), (400, 1))).by_width(30, 3) == [1, 2, 1]


def test_the_best_hours_lie_together() -> None:
    from laoke.insights.analysis import best_hours

    week = [[0] * 24 for _day in range(7)]
    week[0][20], week[3][21], week[6][9] = 5, 5, 2
    assert best_hours(week) == (19, 10 / 12)
    assert best_hours([[0] * 24]) is None


def test_months_add_up_to_all_paid_orders(demo: Demo) -> None:
    from laoke.insights import analysis

    reader, shop_id, today = reading(demo)
    first = analysis.first_day(reader, shop_id)
    assert first is not None
    found = analysis.months(reader, shop_id, first, today)
    counted = reader.rows("SELECT count(*) AS n FROM orders_counted WHERE paid_day IS NOT NULL")[0]["n"]
    assert sum(month.orders for month in found) == counted
    assert sum(sum(row) for row in analysis.week(reader, shop_id, first, today)) == counted


def test_service_does_not_see_the_analysis(demo: Demo) -> None:
    assert demo.client(demo.service).get("/analysis/").status_code == 403
    assert demo.client(demo.analyst).get("/analysis/").status_code == 200


def test_charts_are_data() -> None:
    from laoke.web.charts.analysis import gap_columns, gap_names, month_bars, stage_bars
    from laoke.web.charts.customers import heat_levels, order_dots

    assert gap_names(3, 30, "更久") == ["1–30", "31–60", "更久"]
    option = gap_columns([5, 2, 1], 30, 31, label="次", median_label="一半", more="更久")
    assert option["series"][0]["data"] == [5, 2, 1]
    assert option["series"][0]["markLine"]["data"] == [{"xAxis": "31–60"}]
    assert "markLine" not in gap_columns([0], 30, None, label="次", median_label="", more="更久")["series"][0]
    assert stage_bars(["新客", "活跃"], [3, 4], "人")["series"][0]["data"] == [3, 4]
    months = month_bars(["1月"], [(2025, [7]), (2026, [None])])
    assert [one["name"] for one in months["series"]] == ["2025", "2026"]
    assert heat_levels([[0, 1, 8]]) == [[0, 1, 4]]
    from datetime import date

    today = date(2026, 3, 1)
    bought, name = [(date(2026, 1, 1), 100)], "该来"
    for due, place in (
        ((date(2026, 1, 5), date(2026, 1, 9)), "insideTopLeft"),
        ((date(2026, 1, 20), date(2026, 2, 9)), "insideTop"),
        ((date(2026, 3, 5), date(2026, 3, 30)), "insideTopRight"),
    ):
        (series,) = order_dots(bought, today, "今天", (*due, name))["series"]
        assert series["markArea"]["label"]["position"] == place
    dots = order_dots([(date(2026, 1, 1), 100), (date(2026, 2, 1), 400)], date(2026, 3, 1), "今天")["series"][
        0
    ]
    assert [dot["symbolSize"] for dot in dots["data"]] == [17, 26]
    assert dots["data"][1]["value"] == ["2026-02-01", 0, 4.0]

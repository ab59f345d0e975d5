"""The analyses beside demand and repurchase: each shows its cards, says when there is nothing, gives its rows out."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.people import Demo

# What stands on the whole page, and what on days without an order.
PAGES = {
    "demand": (("星期 × 钟点", "各类目涨跌"), "这些天没有付款的单"),
    "repurchase": (("多久以内再买", "各月新客后来的回头"), "第一次买的人还太少"),
    "concentration": (
        ("前 20% 的买家占净付", "买家的集中度", "商品的集中度", "各阶段一次花多少"),
        "这些天没有净付",
    ),
    "regions": (("净付最多的省份", "浙江", "杭州"), "这些天的单没有写地方"),
    "coupons": (
        ("用券的单占", "每月有多少用券", "谁离不开券", "第一次用券的人，后来回不回头"),
        "没有用券的单",
    ),
    "returning": (("老客的净付占", "新客和老客每月的净付", "从哪类到哪类", "还没再买"), "这些天没有付款的单"),
}


def text(response) -> str:
    return response.content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize("name", PAGES)
def test_every_page_shows_its_cards_and_all_tabs(demo: Demo, name: str) -> None:
    page = text(demo.client().get(f"/analysis/{name}/", {"part": "whole", "period": "all"}))
    for words in PAGES[name][0]:
        assert words in page, words
    for other in PAGES:
        assert f'href="/analysis/{other}/"' in page
    assert f'<a href="/analysis/{name}/" aria-current="page">' in page


@pytest.mark.django_db
@pytest.mark.parametrize("name", PAGES)
def test_days_without_an_order_say_so(demo: Demo, name: str) -> None:
    answer = demo.client().get(
        f"/analysis/{name}/", {"part": "whole", "from": "2010-01-01", "to": "2010-01-31"}
    )
    assert answer.status_code == 200
    assert PAGES[name][1] in text(answer)


@pytest.mark.django_db
@pytest.mark.parametrize("name", PAGES)
def test_every_card_with_rows_is_a_workbook(demo: Demo, name: str) -> None:
    from python_calamine import CalamineWorkbook

    client = demo.client()
    page = text(client.get(f"/analysis/{name}/", {"part": "whole"}))
    links = [url.replace("&amp;", "&") for url in re.findall(r'href="([^"]*export=xlsx[^"]*)"', page)]
    assert links
    for url in links:
        answer = client.get(url)
        rows = CalamineWorkbook.from_filelike(io.BytesIO(answer.content)).get_sheet_by_index(0).to_python()
        assert len(rows) > 1, url


@pytest.mark.django_db
@pytest.mark.parametrize("name", PAGES)
def test_a_shop_without_facts_is_told_where_they_come_in(demo: Demo, name: str) -> None:
    from laoke.shops.models import CatalogEntry, FeatureBasis

    FeatureBasis.objects.all().delete()
    CatalogEntry.objects.all().delete()
    assert "还没有订单" in text(demo.client().get(f"/analysis/{name}/"))


@pytest.mark.django_db
@pytest.mark.parametrize("name", PAGES)
def test_fake_orders_are_in_the_figures_only_where_asked(demo: Demo, name: str) -> None:
    from laoke.insights.fake_orders.flags import decide
    from laoke.insights.models import OrderFlag

    client = demo.client()
    order = newest_order(demo)
    OrderFlag.objects.filter(shop=demo.shop).delete()
    without = text(client.get(f"/analysis/{name}/", {"part": "whole"}))
    assert "含疑似刷单" not in without
    OrderFlag.objects.create(
        shop=demo.shop, order_id=order, placed_at=demo.now, paid_cents=1, score=100, scored_at=demo.now
    )  # fmt: skip
    assert decide(demo.shop, [order], "confirmed", by=demo.owner, now=demo.now) == 1
    page = text(client.get(f"/analysis/{name}/", {"part": "whole"}))
    assert "疑似和确认刷单的不算在内" in page and "fakes=with" in page
    with_them = text(client.get(f"/analysis/{name}/", {"part": "whole", "fakes": "with"}))
    assert "疑似和确认刷单的也算在内" in with_them


def newest_order(demo: Demo) -> str:
    from laoke.audiences.readings import reading_of

    reader = reading_of(demo.shop, demo.now.date()).reader
    row = reader.rows(
        "SELECT order_id FROM orders WHERE paid_day IS NOT NULL ORDER BY paid_at DESC, order_id LIMIT 1"
    )
    found: str = row[0]["order_id"]
    return found


@pytest.mark.django_db
def test_regions_and_newness_hold_all_the_money(demo: Demo) -> None:
    from laoke.audiences.readings import reading_of
    from laoke.insights import buying, concentration, regions

    reading = reading_of(demo.shop, demo.now.date())
    reader, span = reading.reader, (demo.shop.pk, 0, reading.as_of_day)
    paid = reader.rows("SELECT CAST(sum(paid_cents - refunded_cents) AS BIGINT) AS net_cents FROM orders_counted"
                       " WHERE paid_day IS NOT NULL")[0]["net_cents"]  # fmt: skip
    places = regions.regions(reader, *span)
    kinds = buying.newness(reader, *span)
    assert places.net_cents == sum(one.net_cents for one in places.cities) == paid
    assert sum(one.net_cents for by in kinds.values() for one in by.values()) == paid
    buyers = concentration.pareto(reader, *span)
    unknown = sum(by["unknown"].net_cents for by in kinds.values() if "unknown" in by)
    assert buyers.net_cents == paid - unknown


def test_charts_of_the_analyses_are_data() -> None:
    from laoke.web.charts.analysis import (
        habit_bars,
        newness_bars,
        pareto_lines,
        region_bars,
        share_lines,
        step_map,
        transition_flows,
    )

    pareto = pareto_lines([(0.0, 0.0), (0.5, 0.9), (1.0, 1.0)], "占净付", "一样多")
    assert pareto["xAxis"]["data"] == ["0%", "50%", "100%"]
    assert [one["data"] for one in pareto["series"]] == [[0.0, 0.9, 1.0], [0.0, 0.5, 1.0]]
    assert len(pareto_lines([(n / 999, n / 999) for n in range(1_000)], "a", "b")["xAxis"]["data"]) <= 102
    assert pareto_lines([], "a", "b")["xAxis"]["data"] == []
    steps = step_map(["新客"], ["50 以下", "以上"], [[1, 3]])
    assert [one["value"] for one in steps["series"][0]["data"]] == [[0, 0, 0.25], [1, 0, 0.75]]
    assert region_bars(["浙江"], [12_345], "净付")["series"][0]["data"] == [123.45]
    shares = share_lines(["2026-10"], [("单", [0.25]), ("净付", [None])])
    assert [one["data"] for one in shares["series"]] == [[0.25], [None]]
    assert habit_bars(["从不"], [3], "人")["series"][0]["data"] == [3]
    assert [one["data"] for one in newness_bars(["10"], [200], [100], [0])["series"]] == [[2.0], [1.0]]
    assert len(newness_bars(["10"], [200], [100], [50])["series"]) == 3
    (flow,) = transition_flows([("床品", "床品", 3), ("床品", "毛巾", 1)])["series"]
    assert [one["name"] for one in flow["data"]] == ["0 床品", "1 床品", "1 毛巾"]
    assert [(one["source"], one["target"], one["value"]) for one in flow["links"]] == [
        ("0 床品", "1 床品", 3),
        ("0 床品", "1 毛巾", 1),
    ]

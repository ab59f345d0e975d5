"""The history of a list price on the page of an item, and as evidence beside the launch checks."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.conf import settings
from django.urls import reverse

from laoke.campaigns.editing import use_offer
from laoke.campaigns.launching import check_launch
from laoke.intake.models import ImportRun, ImportState
from laoke.promotions.facts import day_number
from laoke.promotions.ladder import Told
from laoke.promotions.offers import add_offer
from laoke.shops import catalog
from laoke.warehouse.store import Warehouse
from laoke.web.charts.prices import list_price_steps
from tests.people import Demo
from tests.warehouse.shops import table
from tests.web_campaigns.planned import planned
from tests.web_prices.test_pages import made, with_item

WINDOW = {"start": "2026-11-11T00:00:00", "end": "2026-11-12T00:00:00"}


def told(demo: Demo, *prices: tuple[date, int]) -> ImportRun:
    """An import told that X1 is listed so from these days on."""
    run = ImportRun.objects.create(
        shop=demo.shop, file_name="商品清单.csv", file_sha256="0" * 64, file_size=1, state=ImportState.DONE,
        created_at=demo.now,
    )  # fmt: skip
    rows = [
        {
            "shop_id": demo.shop.pk, "product_id": "X1", "told_day": day_number(on), "list_price_cents": cents,
            "import_id": run.pk,
        }
        for on, cents in prices
    ]  # fmt: skip
    warehouse = Warehouse(settings.PLACE.warehouse)
    warehouse.upsert("list_prices", table("list_prices", rows), app_id=f"told-{run.pk}")
    entry = catalog.current()
    assert entry is not None
    catalog.publish(
        {**entry.versions, "list_prices": warehouse.versions()["list_prices"]},
        as_of_day=demo.now.date(), now=demo.now, reason="test",
    )  # fmt: skip
    return run


def test_the_page_of_an_item_shows_its_list_price_as_steps_and_who_told_it(demo: Demo) -> None:
    run = told(demo, (date(2026, 9, 1), 29_900), (date(2026, 9, 8), 29_900), (date(2026, 10, 1), 39_900))
    sheet = made(demo, best="0")
    with_item(demo, sheet)
    page = demo.client().get(reverse("price_item", args=[sheet.pk, 0]))

    history = page.context["page"].history
    assert [[row.cells[2], row.cells[3].value] for row in history.table.rows] == [
        ["399.00", "商品清单.csv"],
        ["299.00", "商品清单.csv"],
    ]
    assert reverse("import_result", args=[run.pk]) in page.content.decode()
    series = history.option["series"][0]
    assert (series["step"], series["data"][0], series["data"][-1]) == ("end", 299.0, 399.0)


def test_an_item_of_which_nothing_was_told_says_how_to_begin(demo: Demo) -> None:
    sheet = made(demo, best="0")
    with_item(demo, sheet)
    text = demo.client().get(reverse("price_item", args=[sheet.pk, 0])).content.decode()
    assert "没有标价的记录" in text
    assert demo.client().get(reverse("price_item_new", args=[sheet.pk])).context["page"].history is None


def test_between_two_tellings_a_price_stands_as_it_was_told_last() -> None:
    option = list_price_steps(
        [Told(date(2026, 9, 1), 29_900, 1), Told(date(2026, 9, 3), 25_900, 1)], date(2026, 9, 4)
    )
    assert option["xAxis"]["data"] == ["2026-09-01", "2026-09-02", "2026-09-03", "2026-09-04"]
    assert option["series"][0]["data"] == [299.0, 299.0, 259.0, 259.0]


def test_a_price_that_was_told_today_for_the_first_time_is_a_point() -> None:
    first = list_price_steps([Told(date(2026, 9, 1), 29_900, 1)], date(2026, 9, 1))["series"][0]
    later = list_price_steps([Told(date(2026, 9, 1), 29_900, 1)], date(2026, 9, 2))["series"][0]
    assert (first["data"], first["showSymbol"], later["showSymbol"]) == ([299.0], True, False)


def test_of_a_long_history_the_last_two_years_are_drawn_from_the_price_that_stood_then() -> None:
    option = list_price_steps(
        [Told(date(2020, 1, 1), 9_900, 1), Told(date(2021, 1, 1), 19_900, 1)], date(2026, 9, 1)
    )
    assert len(option["xAxis"]["data"]) == 731
    assert set(option["series"][0]["data"]) == {199.0}


def with_was(demo: Demo, was: int) -> Any:
    campaign = planned(demo)
    data = {
        "name": "原价现价", "layer": "item", "mechanic": "was_now", "window": WINDOW,
        "terms": {"prices": [{"product_id": "X1", "price_cents": 19_900, "was_cents": was}]},
    }  # fmt: skip
    use_offer(campaign, add_offer(demo.shop, data, by=demo.owner, now=demo.now), by=demo.owner, now=demo.now)
    page = demo.client().get(reverse("campaign_checks", args=[campaign.pk])).context["page"]
    return page, {one.code: one for one, _ in check_launch(campaign, demo.now).weighed.findings}


def test_the_launch_check_cites_when_a_struck_out_price_was_really_listed(demo: Demo) -> None:
    run = told(demo, (date(2026, 9, 1), 29_900), (date(2026, 9, 8), 29_900))
    page, findings = with_was(demo, 29_900)

    assert "ladder.was_not_listed" not in findings
    [row] = page.was.rows
    assert row.cells[1] == "299.00"
    assert row.cells[3].sub == "商品清单.csv"
    assert row.cells[3].url == reverse("import_result", args=[run.pk])
    assert "9" in str(row.cells[3].value)


def test_a_struck_out_price_that_was_never_listed_and_a_rise_before_the_cut_are_told(demo: Demo) -> None:
    told(demo, (date(2026, 9, 1), 25_900), (date(2026, 10, 20), 29_900))
    page, findings = with_was(demo, 39_900)

    assert findings["ladder.was_not_listed"].severity == "warn"
    assert findings["ladder.list_raised"].params["count"] == 1
    assert page.was.rows[0].cells[3].value == "没有标过的记录"


def test_a_campaign_without_struck_out_prices_has_no_such_card(demo: Demo) -> None:
    page = demo.client().get(reverse("campaign_checks", args=[planned(demo).pk])).context["page"]
    assert page.was is None

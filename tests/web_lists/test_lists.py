"""Every list pages both ways, can be searched, and comes as a workbook with all its rows and nothing that runs."""

from __future__ import annotations

import io
import re
import zipfile
from html import unescape
from pathlib import Path

import pytest
from django.test import Client
from django.urls import resolve, reverse
from python_calamine import CalamineWorkbook

import laoke.web.pages
from laoke.shops.models import AuditEvent
from laoke.web import lists, sheets
from laoke.web.pages.customers import listing as customer_list
from tests.people import Demo
from tests.web_lists.filled import HOSTILE, MADE, Place, filled

PAGES = Path(laoke.web.pages.__file__).parent
SIZE = 3
# Entries of the rail that lead to no list of rows.
NO_LISTS = {"overview", "today", "order", "analysis", "value", "calendar", "settings", "shop_switch"}


def test_every_list_pages_both_ways_is_searched_and_given_out_whole(
    demo: Demo, monkeypatch: pytest.MonkeyPatch
) -> None:
    places, client = filled(demo), demo.client()
    monkeypatch.setattr(lists, "PAGE_ROWS", SIZE)
    monkeypatch.setattr(lists, "PIECE", SIZE)
    monkeypatch.setattr(customer_list, "ROWS", 200)

    for name, place in places.items():
        told = walked(client, place)
        rows = workbook(client, place.url, told.export)

        assert told.backward == told.forward, name
        assert len(rows) - 1 == told.rows == told.count, name
        if place.search:
            found = client.get(place.url, {"q": place.search}).content.decode()
            nothing = client.get(place.url, {"q": "没有这样的东西"}).content.decode()
            assert 0 < counted(found) <= told.count, name
            assert counted(nothing) == 0, name


def test_a_list_of_the_site_is_walked_here(demo: Demo) -> None:
    places = set(filled(demo))
    source = "".join(path.read_text(encoding="utf-8") for path in PAGES.rglob("*.py"))
    rail = (
        demo.client().get(reverse("templates")).content.decode().split('class="rail"')[1].split("</nav>")[0]
    )
    in_rail = {resolve(url).url_name for url in re.findall(r'<a [^>]*href="(/[^"]*)"', rail)}

    assert in_rail - NO_LISTS <= places
    # The audit trail, the consent, the rows of an import and the people of a round stand in no rail; customers are read
    # from the facts and page by themselves.
    assert source.count("lists.Listing(") == len(places) - 1


def test_a_name_that_a_spreadsheet_would_run_stays_a_text(demo: Demo) -> None:
    places, client = filled(demo), demo.client()

    for name in ("campaigns", "tasks", "templates", "offers", "imports", "segments", "settings_audit"):
        answer = client.get(export_link(client.get(places[name].url).content.decode(), places[name].url))
        with zipfile.ZipFile(io.BytesIO(content(answer))) as book:
            sheet = book.read("xl/worksheets/sheet1.xml").decode()
            whole = (
                sheet + book.read("xl/sharedStrings.xml").decode()
                if "xl/sharedStrings.xml" in book.namelist()
                else sheet
            )
            links = [part for part in book.namelist() if "_rels/sheet" in part]
        assert "HYPERLINK(" in whole, name
        assert "<f>" not in sheet and "<hyperlink" not in sheet and links == [], name


def test_a_list_too_long_for_one_workbook_says_so(demo: Demo, monkeypatch: pytest.MonkeyPatch) -> None:
    places, client = filled(demo), demo.client()
    monkeypatch.setattr(sheets, "MOST_ROWS", 3)
    before = AuditEvent.objects.filter(act="list.export").count()

    answer = client.get(reverse("templates"), {"export": "xlsx", "q": HOSTILE}, follow=True)

    assert f"有 {MADE} 行，一次最多导出 3 行" in answer.content.decode()
    assert AuditEvent.objects.filter(act="list.export").count() == before
    assert places["templates"].url == answer.redirect_chain[0][0].split("?")[0]


@pytest.mark.parametrize("place", ["", "|", "x|y", "2026-11-09T09:40:00+08:00|1", "9" * 30, "2026-11-09|1|1"])
def test_a_place_nobody_can_read_is_the_first_page(demo: Demo, place: str) -> None:
    filled(demo)
    client = demo.client()
    for key in ("after", "before"):
        answer = client.get(reverse("campaigns"), {key: place})
        assert answer.status_code == 200
        assert 'rel="prev"' not in answer.content.decode()


def test_a_page_whose_rows_are_gone_leads_back(demo: Demo, monkeypatch: pytest.MonkeyPatch) -> None:
    from laoke.dispatch.models import MessageTemplate

    filled(demo)
    monkeypatch.setattr(lists, "PAGE_ROWS", SIZE)
    client = demo.client()
    second = link(client.get(reverse("templates")).content.decode(), "next", reverse("templates"))
    kept = MessageTemplate.objects.order_by("-pk").values_list("pk", flat=True)[:SIZE]
    MessageTemplate.objects.exclude(pk__in=list(kept)).delete()

    page = client.get(second).content.decode()

    assert "没有模板" in page or 'rel="prev"' in page


class Walked:
    """What one sees when one pages to the end of a list and back."""

    def __init__(self) -> None:
        self.forward: list[list[str]] = []
        self.backward: list[list[str]] = []
        self.count = 0
        self.export = ""

    @property
    def rows(self) -> int:
        return sum(len(page) for page in self.forward)


def walked(client: Client, place: Place) -> Walked:
    told, url = Walked(), place.url
    while url:
        page = client.get(url).content.decode()
        told.forward.append(lines(page))
        last, url = url, link(page, "next", place.url)
    first = client.get(place.url).content.decode()
    told.count, told.export = counted(first), export_link(first, place.url)
    assert 'type="search"' in first
    url = last
    while url:
        page = client.get(url).content.decode()
        told.backward.insert(0, lines(page))
        url = link(page, "prev", place.url)
    assert len(told.forward) > 1
    return told


def lines(page: str) -> list[str]:
    """The rows of the list, each as its text; a chart above it has a table too, so it is the one after the search."""
    found = (
        re.findall(
            r"<tr[ >].*?</tr>",
            page.split('type="search"')[-1].split("<tbody>")[1].split("</tbody>")[0],
            re.DOTALL,
        )
        if "<tbody>" in page
        else re.findall(r'<li id="reply-.*?</li>', page, re.DOTALL)
    )
    return [re.sub(r"<[^>]+>", " ", one) for one in found]


def counted(page: str) -> int:
    """What the filter bar says: so many rows."""
    found = re.search(r'aria-live="polite">[^<\d]*([\d,]+)', page)
    assert found is not None
    return int(found[1].replace(",", ""))


def link(page: str, rel: str, url: str) -> str:
    found = re.search(rf'rel="{rel}" href="([^"]+)"', page)
    return url + unescape(found[1]) if found else ""


def export_link(page: str, url: str) -> str:
    found = re.search(r"<a[^>]*data-export[^>]*>", page)
    assert found is not None, url
    target = unescape(re.search(r'href="([^"]+)"', found[0])[1])  # type: ignore[index]
    return target if target.startswith("/") else url + target


def workbook(client: Client, url: str, export: str) -> list[list[object]]:
    answer = client.get(export)
    assert answer.status_code == 200, export
    return CalamineWorkbook.from_filelike(io.BytesIO(content(answer))).get_sheet_by_index(0).to_python()


def content(answer) -> bytes:  # type: ignore[no-untyped-def]
    return b"".join(answer.streaming_content) if answer.streaming else answer.content

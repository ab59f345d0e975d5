"""Every page that links lead to keeps what a page must keep. New pages are found by themselves.

A page that is fine today can burst tomorrow: the same shop is seen on several days, and a shop without anything in it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.urls import Resolver404, resolve
from playwright.sync_api import Browser, Page

from tests.browser.conftest import signed_in
from tests.browser.shop import Shop, empty_shop
from tests.browser.watching import Watcher, complaints_of, settled

# What a link gives as a file, and where a session ends.
NO_PAGES = (
    "logout", "import_quarantine", "import_layout_file", "settings_audit_export", "customers_export",
    "campaign_setup_file", "offer_settlement_template",
)  # fmt: skip
LINKS = "() => [...document.querySelectorAll('a[href]:not([download])')].map(link => link.href)"
OLD_DATA = "数据只到"
# Days since the last order, and whether the overview must say that its figures end there.
DAYS = {"the day after": (1, False), "a week without orders": (7, False), "the year after": (70, True)}


@dataclass
class Walk:
    """What one found by following the links of a shop from its overview."""

    seen: set[str] = field(default_factory=lambda: {"overview"})
    rail: set[str] = field(default_factory=set)
    trouble: list[str] = field(default_factory=list)


def _name(url: str) -> str:
    try:
        return resolve(urlsplit(url).path).url_name or ""
    except Resolver404:
        return ""


def walk(page: Page, watcher: Watcher, web: str, *, depth: int = 99) -> Walk:
    """One page of every kind that can be reached by so many links."""
    found = Walk()
    waiting = [(f"{web}/", 0)]
    while waiting:
        url, far = waiting.pop(0)
        answer = page.goto(url)
        assert answer is not None
        if "text/html" not in (answer.header_value("content-type") or ""):
            continue
        settled(page)
        complaints = [*watcher.taken(), *complaints_of(page), *watcher.taken()]
        found.trouble += [f"{url.removeprefix(web)}: {complaint}" for complaint in complaints]
        found.rail = found.rail or {
            _name(link) for link in page.evaluate(LINKS.replace("a[href]", ".rail a[href]"))
        } - {"", *NO_PAGES}
        for link in page.evaluate(LINKS) if far < depth else ():
            name = _name(link)
            if link.startswith(web) and name and name not in found.seen and name not in NO_PAGES:
                found.seen.add(name)
                waiting.append((link, far + 1))
    print(f"{len(found.seen)} pages: {', '.join(sorted(found.seen))}")
    assert len(found.rail) >= 8
    assert found.rail <= found.seen
    return found


def test_every_page_keeps_what_a_page_must_keep(page: Page, shop: Shop, watcher: Watcher) -> None:
    if not shop.laoke("campaign", "list")["campaigns"]:
        shop.laoke("plan", "double11", "--on", "2026-11-11")
    found = walk(page, watcher, shop.web)
    assert {
        "campaign",
        "round",
        "segment",
        "customer",
        "order",
        "import_result",
        "import_layouts",
    } <= found.seen
    assert len(found.seen) >= 40
    assert not found.trouble, "\n".join(found.trouble)


@pytest.mark.parametrize("day", DAYS)
def test_the_pages_of_the_shop_on_another_day(page: Page, shop: Shop, watcher: Watcher, day: str) -> None:
    days, says_so = DAYS[day]
    moment = datetime.combine(shop.newest_sale(), time(10, 0)) + timedelta(days=days)
    with shop.seen_on(f"{moment:%Y-%m-%d %H:%M}") as web:
        found = walk(page, watcher, web, depth=1)
        page.goto(f"{web}/")
        assert (OLD_DATA in page.locator("main").inner_text()) is says_so
    assert not found.trouble, "\n".join(found.trouble)


def test_the_pages_of_a_shop_with_nothing_in_it(browser: Browser, watcher: Watcher, tmp_path: Path) -> None:
    with empty_shop(tmp_path) as (web, password), signed_in(browser, web, "owner", password) as context:
        page = context.new_page()
        watcher.watch(page)
        found = walk(page, watcher, web)
        page.close()
    assert len(found.seen) >= 25
    assert not found.trouble, "\n".join(found.trouble)

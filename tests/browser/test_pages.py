"""Every page that links lead to keeps what a page must keep. New pages are found by themselves."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.urls import Resolver404, resolve
from playwright.sync_api import Page

from tests.browser.shop import Shop
from tests.browser.watching import Watcher, complaints_of, settled

# What a link gives as a file, and where a session ends.
NO_PAGES = ("logout", "import_quarantine", "settings_audit_export", "customers_export")
LINKS = "() => [...document.querySelectorAll('a[href]:not([download])')].map(link => link.href)"


def _name(url: str) -> str:
    try:
        return resolve(urlsplit(url).path).url_name or ""
    except Resolver404:
        return ""


def test_every_page_keeps_what_a_page_must_keep(page: Page, shop: Shop, watcher: Watcher) -> None:
    waiting, seen, trouble = ["/"], {"overview"}, {}
    rail: list[str] = []
    while waiting:
        path = waiting.pop(0)
        answer = page.goto(path)
        assert answer is not None
        if "text/html" not in (answer.header_value("content-type") or ""):
            continue
        settled(page)
        found = [*watcher.taken(), *complaints_of(page), *watcher.taken()]
        if found:
            trouble[path] = found
        links = [link for link in page.evaluate(LINKS) if link.startswith(shop.web)]
        rail = rail or [_name(link) for link in page.evaluate(LINKS.replace("a[href]", ".rail a[href]"))]
        for link in links:
            name = _name(link)
            if name and name not in seen and name not in NO_PAGES:
                seen.add(name)
                waiting.append(link.removeprefix(shop.web))
    print(f"{len(seen)} pages: {', '.join(sorted(seen))}")
    assert set(filter(None, rail)) - set(NO_PAGES) <= seen
    assert len(seen) >= 25
    told = [f"{path}: {complaint}" for path, found in trouble.items() for complaint in found]
    assert not told, "\n".join(told)

"""One shop, one browser and one sign-in for the whole tier."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect, sync_playwright

from tests.browser.shop import PASSWORD, Shop, running_shop
from tests.browser.watching import REPORTS, WIDE, Watcher

ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
PATIENCE = 60_000  # milliseconds; what passes waits for none of it


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with running_shop(tmp_path_factory.mktemp("shop")) as running:
        yield running


@pytest.fixture(scope="session")
def _playwright() -> Iterator[Playwright]:
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="session")
def browser(_playwright: Playwright) -> Iterator[Browser]:
    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    assert path is not None, "no Chromium: scripts/test installs it"
    found = _playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
    yield found
    found.close()


@pytest.fixture(scope="session")
def _context(browser: Browser, shop: Shop) -> Iterator[BrowserContext]:
    with signed_in(browser, shop.web, "owner", shop.one_time_password) as context:
        yield context


@contextmanager
def signed_in(browser: Browser, web: str, username: str, one_time_password: str) -> Iterator[BrowserContext]:
    """Signed in as somebody who chose a password of their own on the way."""
    context = new_context(browser, web)
    page = context.new_page()
    watcher = Watcher()
    watcher.watch(page)
    page.goto("/login/")
    page.fill("[name=username]", username)
    page.fill("[name=password]", one_time_password)
    page.click("#sign-in button[type=submit]")
    page.wait_for_url("**/account/password/**")
    # Nothing else opens before the one-time password is replaced.
    page.goto("/customers/")
    assert "/account/password/" in page.url
    page.fill("[name=old]", one_time_password)
    page.fill("[name=new]", PASSWORD)
    page.fill("[name=again]", PASSWORD)
    page.click("form button[type=submit]")
    page.wait_for_selector(".rail")
    assert watcher.taken() == []
    page.close()
    yield context
    context.close()


def new_context(browser: Browser, web: str) -> BrowserContext:
    context = browser.new_context(base_url=web, viewport=WIDE, locale="zh-CN", reduced_motion="reduce")  # type: ignore[arg-type]
    context.set_default_timeout(PATIENCE)
    context.add_init_script(REPORTS)
    return context


@pytest.fixture
def watcher() -> Watcher:
    return Watcher()


@pytest.fixture
def page(_context: BrowserContext, watcher: Watcher, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page of the signed-in owner; what it complained of during the test fails the test."""
    opened = _context.new_page()
    watcher.watch(opened)
    yield opened
    opened.close()
    assert watcher.taken() == []

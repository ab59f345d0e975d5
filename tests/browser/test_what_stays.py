"""What the script keeps in a browser: drafts and places of one person and one shop, none after signing out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route

import laoke.web

SCRIPT = Path(laoke.web.__file__).parent / "static" / "laoke" / "app.js"
SITE = "http://laoke.test"
PAGE = """<!doctype html><html lang="zh" data-whose="{whose}"><head><title>客户 · 老客</title></head><body>
<nav class="rail"></nav><script id="words" type="application/json">{{}}</script>
<form data-guard id="note"><input name="text"></form>
<form method="post" action="/logout/" data-sign-out><button>退出登录</button></form>
<script src="/app.js"></script></body></html>"""
KEPT = "() => [...Object.keys(sessionStorage), ...Object.keys(localStorage)].sort()"


@pytest.fixture
def desk(browser: Browser) -> Iterator[Page]:
    """One browser in front of pages whose address says whose they are: `/1.1/` is person 1 in shop 1."""
    context = browser.new_context()

    def answer(route: Route) -> None:
        path = route.request.url.removeprefix(SITE)
        if path == "/app.js":
            route.fulfill(path=SCRIPT, content_type="text/javascript")
        else:
            whose = "" if path == "/logout/" else path.strip("/")
            route.fulfill(body=PAGE.format(whose=whose), content_type="text/html; charset=utf-8")

    context.route("**/*", answer)
    page = context.new_page()
    page.on("dialog", lambda dialog: dialog.accept())
    yield page
    context.close()


def test_a_draft_is_found_by_its_writer_alone(desk: Page) -> None:
    desk.goto(f"{SITE}/1.1/")
    desk.fill("input", "13800138000")
    desk.goto(f"{SITE}/2.1/")
    assert desk.input_value("input") == ""
    assert desk.evaluate(KEPT) == ["draft.1.1./1.1/#note", "laoke.recent.1.1", "laoke.recent.2.1"]
    desk.goto(f"{SITE}/1.1/")
    assert desk.input_value("input") == "13800138000"


def test_nothing_stays_after_signing_out(desk: Page) -> None:
    desk.goto(f"{SITE}/1.1/")
    desk.fill("input", "13800138000")
    desk.goto(f"{SITE}/1.2/")
    desk.fill("input", "小圆")
    desk.click("button")
    desk.wait_for_url(f"{SITE}/logout/")
    assert [key for key in desk.evaluate(KEPT) if "nobody" not in key] == []

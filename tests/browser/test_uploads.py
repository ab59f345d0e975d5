"""Choosing and sending files: dropped or chosen, listed, sent with the bytes that went, stopped at will."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page, Route

from tests.browser.watching import Watcher

CSV = "订单编号,买家会员名,总金额,订单状态,订单创建时间\n"
DROP = """
([form, name, text]) => { const held = new DataTransfer(); held.items.add(new File([text], name, {type: 'text/csv'}));
  const drop = new DragEvent('drop', {dataTransfer: held, bubbles: true, cancelable: true});
  document.querySelector(form).dispatchEvent(drop); }
"""
SLOW = {"offline": False, "latency": 20, "downloadThroughput": -1, "uploadThroughput": 3_000_000}


def test_a_large_file_shows_its_bytes_and_can_be_stopped_and_sent_again(page: Page, tmp_path: Path) -> None:
    large = tmp_path / "订单.csv"
    large.write_text(CSV + "1,小圆,9.00,交易成功,2026-10-01 10:00:00\n" * 300_000, encoding="utf-8")
    page.goto("/imports/new/")
    page.set_input_files("form[data-upload] input[type=file]", large)
    assert "订单.csv" in page.inner_text("[data-chosen]") and "MB" in page.inner_text("[data-chosen]")
    net = page.context.new_cdp_session(page)
    net.send("Network.enable")
    net.send("Network.emulateNetworkConditions", SLOW)

    page.click("form[data-upload] button[type=submit]")
    page.wait_for_function(
        "() => /[1-9]/.test(document.querySelector('[data-sent]').textContent.split('/')[0])"
    )
    assert "MB" in page.inner_text("[data-sent]") and "%" in page.inner_text("[data-sent]")
    page.click("[data-stop]")
    page.wait_for_selector("[data-said]:visible")

    assert "什么都没有存" in page.inner_text("[data-said]")
    assert not page.is_visible("[data-sending]") and page.url.endswith("/imports/new/")
    net.send("Network.emulateNetworkConditions", {**SLOW, "uploadThroughput": -1})
    page.click("form[data-upload] button[type=submit]")
    page.wait_for_url("**/imports/files/**")
    assert "订单.csv" in page.inner_text("main")


def test_several_files_are_dropped_and_one_is_taken_back(page: Page) -> None:
    page.goto("/imports/new/")
    for name in ("一月.csv", "二月.csv", "二月.csv", "三月.csv"):
        page.evaluate(DROP, ["form[data-upload]", name, CSV + name])
    page.click("[data-chosen] li:nth-child(1) button")

    assert page.eval_on_selector_all("[data-chosen] b", "all => all.map(b => b.textContent)")[0] == "二月.csv"
    page.click("form[data-upload] button[type=submit]")
    page.wait_for_url("**/imports/files/**")
    told = page.inner_text("main")
    assert "一月.csv" not in told and "二月.csv" in told and "三月.csv" in told


def test_an_empty_file_is_refused_where_it_was_chosen_and_a_broken_line_says_so(
    page: Page, watcher: Watcher, tmp_path: Path
) -> None:
    page.goto("/imports/new/")
    page.evaluate(DROP, ["form[data-upload]", "空.csv", ""])
    page.click("form[data-upload] button[type=submit]")
    page.wait_for_selector("[data-said]:visible")
    assert "空.csv 是空的" in page.inner_text("[data-said]")
    assert [told.split(":")[0] for told in watcher.taken()] == ["422"]

    def cut(route: Route) -> None:
        route.abort("connectionreset")

    page.route("**/imports/new/", cut)
    page.click("form[data-upload] button[type=submit]")
    page.wait_for_function("() => document.querySelector('[data-said]').textContent.includes('没有传上去')")
    assert any("connection" in told.lower() for told in watcher.taken())


def test_without_the_script_the_form_sends_its_files(page: Page, tmp_path: Path) -> None:
    file = tmp_path / "订单.csv"
    file.write_text(CSV + "1,小圆,9.00,交易成功,2026-10-01 10:00:00\n", encoding="utf-8")
    page.route("**/upload.js", lambda route: route.fulfill(body="", content_type="text/javascript"))
    page.goto("/imports/new/")
    page.set_input_files("form[data-upload] input[type=file]", file)
    page.click("form[data-upload] button[type=submit]")
    page.wait_for_url("**/imports/files/**")
    assert "订单.csv" in page.inner_text("main")

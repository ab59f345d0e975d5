"""Going back and forth in the segment builder, and what it keeps when one leaves it."""

from __future__ import annotations

from playwright.sync_api import Dialog, Page

from tests.browser.watching import Watcher, settled

START = "bought(2+, within 365d)"


def text(page: Page) -> str:
    return page.input_value("#text-box")


def reads(page: Page, wanted: str) -> None:
    page.wait_for_function("wanted => document.getElementById('text-box').value === wanted", arg=wanted)
    settled(page)


def type_low(page: Page, value: str) -> None:
    """Type into the first row and wait until the text has followed."""
    before = text(page)
    page.fill("#low-0", value)
    page.wait_for_function("before => document.getElementById('text-box').value !== before", arg=before)
    settled(page)


def test_rows_and_text_go_back_and_forth_by_keys_and_buttons(page: Page) -> None:
    page.goto("/segments/new/")
    settled(page)
    assert (
        text(page) == START and page.is_disabled("[data-step-back]") and page.is_disabled("[data-step-forth]")
    )

    type_low(page, "3")
    three = text(page)
    page.fill("#text-box", "bought(5+)")
    page.wait_for_function("() => document.querySelector('#low-0')?.value === '5'")
    settled(page)

    page.keyboard.press("Control+z")
    reads(page, three)
    page.wait_for_function("() => document.querySelector('#low-0').value === '3'")
    page.focus("#low-0")
    page.keyboard.press("Control+z")
    reads(page, START)
    page.wait_for_function("() => document.querySelector('#low-0').value === '2'")
    assert page.is_disabled("[data-step-back]") and not page.is_visible("[data-unsaved]")

    page.keyboard.press("Control+Shift+z")
    reads(page, three)
    page.click("[data-step-forth]")
    reads(page, "bought(5+)")
    assert page.is_disabled("[data-step-forth]") and page.is_visible("[data-unsaved]")
    page.click("[data-step-back]")
    reads(page, three)
    page.click("[data-step-back]")
    reads(page, START)


def test_a_row_that_was_dropped_or_cannot_be_read_comes_back(page: Page) -> None:
    page.goto("/segments/new/")
    settled(page)
    page.click("[data-add-rule]")
    page.wait_for_function("() => document.querySelectorAll('#rules .rule').length === 2")
    settled(page)
    both = text(page)
    page.click("#rules .rule:nth-child(1) button[value='drop:0']")
    page.wait_for_function("() => document.querySelectorAll('#rules .rule').length === 1")
    settled(page)

    page.click("[data-step-back]")
    reads(page, both)
    page.wait_for_function("() => document.querySelectorAll('#rules .rule').length === 2")

    page.fill("#text-box", "bought(")
    page.wait_for_selector("#says .c-bad")
    page.click("[data-step-back]")
    reads(page, both)
    assert page.is_visible("#says .c-ok")


def test_who_leaves_by_accident_is_asked_and_finds_it_again(page: Page) -> None:
    page.goto("/segments/new/")
    settled(page)
    type_low(page, "7")
    changed = text(page)
    asked: list[str] = []

    def leave(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.accept()

    page.on("dialog", leave)
    page.goto("/segments/")
    assert asked == ["beforeunload"]

    page.goto("/segments/new/")
    reads(page, changed)
    page.wait_for_function("() => document.querySelector('#low-0').value === '7'")
    assert page.is_visible("[data-unsaved]")
    page.click("#toasts .toast button")
    page.wait_for_load_state("load")
    reads(page, START)
    assert asked == ["beforeunload"]


def test_a_missing_name_is_said_at_the_name_and_nothing_typed_is_lost(page: Page, watcher: Watcher) -> None:
    page.goto("/segments/new/")
    settled(page)
    type_low(page, "9")
    changed = text(page)
    page.click("[data-dialog-open=save]")
    page.fill("#s-name", "")
    page.fill("#s-note", "试一试")
    with page.expect_response("**/segments/save/") as told:
        page.click("#save button.primary")

    assert told.value.status == 422
    page.wait_for_selector("#s-name-error")
    assert page.evaluate("() => document.activeElement.id") == "s-name"
    assert page.input_value("#s-note") == "试一试" and text(page) == changed
    assert [complaint.split(":")[0] for complaint in watcher.taken()] == ["422"]


def test_older_shares_go_while_the_text_is_wrong_and_come_back_with_it(page: Page) -> None:
    page.goto("/segments/new/")
    settled(page)
    page.wait_for_selector("#figures-more dl.facts")
    page.fill("#text-box", "bought(3+")
    page.wait_for_selector("#says .c-bad")
    assert page.locator("#figures-more dl.facts").count() == 0
    assert "写法还不对" in page.inner_text("#figures-more") and not page.inner_text("#sample").strip()
    page.fill("#text-box", "bought(3+)")
    page.wait_for_selector("#figures-more dl.facts")
    page.wait_for_selector("#sample table")

"""The parts of a customer's page that come after it: into the room kept for them, by keyboard, and without scripts."""

from __future__ import annotations

import re

from playwright.sync_api import Browser, Page, expect

from tests.browser.watching import PHONE, complaints_of, settled

# How far what stands around moved while nobody touched anything; 0.1 is what counts as good.
SHIFTS = """
window.__shifts = 0;
new PerformanceObserver(list => {
  for (const one of list.getEntries()) if (!one.hadRecentInput) window.__shifts += one.value;
}).observe({ type: 'layout-shift', buffered: true });
"""
MOST_SHIFT = 0.1


def best_customer(page: Page) -> str:
    """The address of whoever bought most."""
    page.goto("/customers/?sort=-orders")
    href = page.locator("tr[data-href]").first.get_attribute("data-href")
    assert href
    return href


def test_the_parts_come_into_the_room_that_is_kept_for_them(page: Page) -> None:
    page.add_init_script(SHIFTS)
    address = best_customer(page)
    for size in ({"width": 1440, "height": 900}, PHONE):
        page.set_viewport_size(size)  # type: ignore[arg-type]
        page.goto(address)
        expect(page.locator("#history[aria-busy]")).to_have_count(0)
        expect(page.locator("#habits[aria-busy]")).to_have_count(0)
        settled(page)
        expect(page.locator("#history .timeline li").first).to_be_visible()
        expect(page.locator("#habits")).to_contain_text("两次之间")
        expect(page.locator("#next-order")).not_to_contain_text("…")
        assert page.evaluate("() => window.__shifts") <= MOST_SHIFT, size
        assert complaints_of(page) == []


def test_the_line_is_narrowed_by_keyboard_and_the_address_keeps_it(page: Page) -> None:
    page.goto(best_customer(page))
    page.locator("#kind-order").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#kind-order")).to_have_attribute("aria-current", "true")
    assert page.evaluate("() => document.activeElement.id") == "kind-order"
    assert page.url.endswith("?kind=order")
    page.reload()
    expect(page.locator("#kind-order")).to_have_attribute("aria-current", "true")
    assert complaints_of(page) == []
    # A look at some of it is no step of its own: back leads to where one came from.
    page.go_back()
    assert "?sort=-orders" in page.url


def test_without_scripts_the_parts_are_pages_that_links_lead_to(browser: Browser, page: Page) -> None:
    address = best_customer(page)
    bare = browser.new_context(
        base_url=page.url.split("/customers/")[0], java_script_enabled=False,
        storage_state=page.context.storage_state(),
    )  # fmt: skip
    plain = bare.new_page()
    plain.goto(address)
    plain.get_by_role("link", name="看来往").click()
    plain.wait_for_url(re.compile("/history/"))
    assert "下单" in plain.locator("#history").inner_text()
    plain.get_by_role("link", name="回到这位客户").click()
    plain.get_by_role("link", name="看习惯").first.click()
    plain.wait_for_url(re.compile("/habits/"))
    assert "两次之间" in plain.locator("#habits").inner_text()
    bare.close()

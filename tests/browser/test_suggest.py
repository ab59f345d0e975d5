"""What the text box of the builder offers while one types: by keys, by touch, and for who listens to the page."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.watching import settled

BOX, LIST = "#text-box", "#suggestions"


def opened(page: Page) -> None:
    page.goto("/segments/new/")
    settled(page)
    page.click(BOX)
    page.fill(BOX, "")


def typed(page: Page, text: str, first: str) -> None:
    """Type, and wait until the first option is this one."""
    page.keyboard.type(text)
    expect(page.locator(f"{LIST} [role=option] code").first).to_have_text(first)


def test_a_filter_is_written_with_the_keys_alone(page: Page) -> None:
    opened(page)
    typed(page, "cit", "city in (")
    box, options = page.locator(BOX), page.locator(f"{LIST} [role=option]")
    expect(box).to_have_attribute("role", "combobox")
    expect(box).to_have_attribute("aria-expanded", "true")
    expect(box).to_have_attribute("aria-activedescendant", "suggestion-0")
    page.keyboard.press("ArrowDown")
    expect(options.nth(1)).to_have_attribute("aria-selected", "true")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    expect(box).to_have_value("city in (")
    # At an empty place nothing is chosen yet: the first city takes one arrow.
    expect(page.locator(f"{LIST} code").first).to_contain_text('"')
    expect(box).not_to_have_attribute("aria-activedescendant", "suggestion-0")
    city = page.locator(f"{LIST} code").first.inner_text()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    expect(box).to_have_value(f"city in ({city}")
    typed(page, ") an", "and")
    page.keyboard.press("Tab")
    typed(page, "answ", "answered")
    page.keyboard.press("Escape")
    expect(page.locator(LIST)).to_be_hidden()
    expect(box).to_have_attribute("aria-expanded", "false")
    expect(box).to_have_value(f"city in ({city}) and answ")
    page.keyboard.type("ered ")
    expect(page.locator(f"{LIST} code").first).to_have_text("and")
    page.keyboard.press("Enter")  # nothing is chosen: a new line, as in any text
    expect(box).to_have_value(f"city in ({city}) and answered \n")
    expect(page.locator("#rules .rule")).to_have_count(2)
    settled(page)


def test_ctrl_and_space_ask_and_leaving_puts_the_list_away(page: Page) -> None:
    opened(page)
    page.keyboard.type("not ")
    expect(page.locator(LIST)).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("Control+Space")
    expect(page.locator(LIST)).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.locator(LIST)).to_be_hidden()
    expect(page.locator(BOX)).not_to_be_focused()
    settled(page)


def test_on_a_phone_one_tap_uses_an_option(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    opened(page)
    typed(page, "expected", "expected_orders(")
    option = page.locator(f"{LIST} [role=option]").nth(1)
    bounds = page.locator(LIST).bounding_box()
    assert bounds is not None and bounds["x"] >= 0 and bounds["x"] + bounds["width"] <= 390
    box = option.bounding_box()
    assert box is not None and box["height"] >= 44
    option.click()
    expect(page.locator(BOX)).to_have_value("expected_spend(")
    expect(page.locator(BOX)).to_be_focused()
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 390
    settled(page)

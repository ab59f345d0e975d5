"""Lists on a phone: each row is a card, and no card is wider than the list it stands in."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from tests.browser.watching import PHONE, settled

CUT = "() => Math.max(...[...document.querySelectorAll('.table-wrap')].map(el => el.scrollWidth - el.clientWidth))"


@pytest.mark.parametrize("address", ["/fake-orders/", "/customers/"])
def test_rows_that_can_be_chosen_fit_a_phone(page: Page, address: str) -> None:
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    page.goto(address)
    settled(page)

    assert page.locator("tbody input[name=ids]").count() > 0
    assert page.evaluate(CUT) <= 0

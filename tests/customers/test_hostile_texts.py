"""Texts made to be slow: what masks and looks through foreign text takes time in step with its length."""

from __future__ import annotations

import time

import pytest

from laoke.customers.contacts import mask_within
from laoke.intake.reading.sheets import refuse_formulas_without_results

LONG = 100_000
# The patterns of before took 26 s (masking) and 1.1 s (a sheet) for this length, and four times that for twice of it.
ALLOWED_SECONDS = 0.5


@pytest.mark.parametrize(
    "text",
    ["a" * LONG, "a" * (LONG // 2) + "@" + "b" * (LONG // 2), "a@" * (LONG // 2), "1" * LONG, " " * LONG],
)
def test_masking_a_long_text_is_quick_and_leaves_what_is_no_address(text: str) -> None:
    began = time.process_time()
    assert mask_within(text) == text
    assert time.process_time() - began < ALLOWED_SECONDS


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("写给 anna@post.cn 吧", "写给 an***@post.cn 吧"),
        ("x@anna@post.cn", "x@an***@post.cn"),
        ("a.b@c.d,e@f.g", "a.***@c.d,e@f.g"),
    ],
)
def test_addresses_are_still_found_wherever_they_stand(text: str, masked: str) -> None:
    assert mask_within(text) == masked


@pytest.mark.parametrize("cell", [b'<c r="A1" ', b'<c r="A1"><f ', b'<c r="A1"><f>'])
def test_a_sheet_of_cells_that_never_close_is_looked_through_quickly(cell: bytes) -> None:
    xml = cell * (LONG * 10 // len(cell)) + b"<v></v></c>" + b"</f></c>"
    began = time.process_time()
    refuse_formulas_without_results(xml)
    assert time.process_time() - began < ALLOWED_SECONDS

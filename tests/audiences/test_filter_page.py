"""The reference page of the language: every example is a filter, every name of the language stands in it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from laoke.audiences.names import ALLOWED_VALUES, CHINESE_CONDITIONS, CHINESE_VALUES, CONDITION_NAMES
from laoke.audiences.text import UNIT_DAYS, parse

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "reference" / "filter-language.md").read_text(
    encoding="utf-8"
)
EXAMPLES = re.findall(r"^    (\S.*)$", PAGE, re.MULTILINE)


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_is_a_filter(example: str) -> None:
    assert parse(example)


def test_every_name_stands_on_the_page() -> None:
    values = [value for allowed in ALLOWED_VALUES.values() for value in allowed]
    missing = [name for name in (*CONDITION_NAMES, *values) if not re.search(rf"\b{name}\b", PAGE)]
    assert missing == []


def test_chinese_twins_lead_to_names_that_exist() -> None:
    assert set(CHINESE_CONDITIONS.values()) <= set(CONDITION_NAMES)
    assert all(set(twins.values()) <= set(ALLOWED_VALUES[kind]) for kind, twins in CHINESE_VALUES.items())
    assert UNIT_DAYS["天"] == 1

"""The reference page of the language: every example is a filter, every name of the language stands in it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.utils.translation import override

from laoke.audiences import city_tiers, wording
from laoke.audiences.compiling import count_query
from laoke.audiences.names import ALLOWED_VALUES, CHINESE_CONDITIONS, CHINESE_VALUES, CONDITION_NAMES
from laoke.audiences.printing import print_filter
from laoke.audiences.serial import from_json, to_json
from laoke.audiences.text import UNIT_DAYS, parse
from laoke.audiences.tree import Everyone

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "reference" / "filter-language.md").read_text(
    encoding="utf-8"
)
EXAMPLES = re.findall(r"^    (\S.*)$", PAGE, re.MULTILINE)

NUMBERED = re.findall(r"^(\d+)\. `(.*)`\n   (.*)$", PAGE, re.MULTILINE)


def test_there_are_more_than_forty_numbered_examples() -> None:
    numbers = [int(number) for number, _text, _said in NUMBERED]
    assert numbers == list(range(1, len(numbers) + 1)) and len(numbers) > 40


@pytest.mark.parametrize(("number", "text", "said"), NUMBERED, ids=[number for number, _, _ in NUMBERED])
def test_a_numbered_example_reads_prints_compiles_and_says_what_stands_there(
    number: str, text: str, said: str
) -> None:
    node = parse(text)
    assert print_filter(node) == text
    with override("zh-hans"):
        assert wording.describe(node) == said
    assert from_json(to_json(node)) == node
    filled = Everyone() if number == "40" else node
    assert count_query(filled, 1, 20_400).sql  # refused when it uses a function that the engines do not share


def test_the_page_names_the_cities_of_each_tier_and_their_source() -> None:
    assert city_tiers.SOURCE in PAGE and city_tiers.PUBLISHED.isoformat() in PAGE
    for cities in city_tiers.CITIES.values():
        assert "、".join(cities) in PAGE.replace("\n", "")


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

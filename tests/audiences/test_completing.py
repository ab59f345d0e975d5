"""What may come next in a filter: whatever is offered there is something the parser takes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from laoke.audiences.completing import Place, opened, place_at
from laoke.audiences.names import CONDITION_NAMES
from laoke.audiences.text import parse
from laoke.audiences.tokens import FilterError
from tests.audiences.test_language import TEXTS


def wanted(head: str) -> Place:
    place = place_at(head)
    assert place is not None
    return place


@pytest.mark.parametrize(
    ("head", "word", "first", "slot"),
    [
        ("", "", "bought", ""),
        ("bo", "bo", "bought", ""),
        ("bought ", "", "and", ""),
        ("bought(2+) an", "an", "and", ""),
        ("not ", "", "bought", ""),
        ("(bought ", "", ")", ""),
        ("bought(", "", "2+", ""),
        ("bought(2+", "", ")", ""),
        ("bought(2+, wi", "wi", "within", ""),
        ("bought then ", "", "bought", ""),
        ("reviewed(2+, ", "", "2+", ""),
        ("expected_spend(>= 100, ", "", "within", ""),
        ("group in (lo", "lo", "loyal", "group"),
        ("bought_month in (", "", "1", "bought_month"),
        ("touched(", "", "2+", ""),
        ("reachable(", "", "sms", "channel"),
        ("tag(", "", '"…"', "tag"),
        ('tag("挑', '"挑', '"…"', "tag"),
        ("tag(“挑", "“挑", '"…"', "tag"),
        ('city in ("杭州", ', "", '"…"', "city"),
        ('bought_product("四件', '"四件', '"…"', "product"),
        ('spent_on_category("', '"', '"…"', "category"),
        ("买过 且 城", "城", "bought", ""),
        ("holds_coupon(", "", "2+", ""),
        ('holds_coupon("双', '"双', '"…"', "issue"),
        ("had_case(", "", "2+", ""),
        ("had_case(2+, qua", "qua", "2+", ""),
        ("points_held(", "", "2+", ""),
        ("points_ending(", "", "2+", ""),
        ("points_ending(100+, ", "", "within", ""),
        ("drew(2+, ", "", "2+", ""),
        ('won("双', '"双', '"…"', "lottery"),
    ],
)
def test_the_place_at_the_end_of_a_text(head: str, word: str, first: str, slot: str) -> None:
    place = wanted(head)
    assert (place.word, place.allowed[0], place.slot) == (word, first, slot)


def test_then_is_offered_after_what_may_begin_a_sequence_only() -> None:
    assert wanted("bought ").allowed == ("and", "or", "then")
    assert wanted("bought and answered(sms) ").allowed == ("and", "or", "then")
    assert wanted('tag("晒单") ').allowed == ("and", "or")
    assert wanted("bought(2+) ").allowed == ("and", "or")


@pytest.mark.parametrize(
    "head", ["bougt(2+) and ", "bought(9..2) and ", "bought(2+; ", 'random_share(10%, "甲', "a" * 10_001]
)
def test_nothing_is_offered_where_nothing_is_sure(head: str) -> None:
    place = place_at(head)
    assert place is None or place.allowed == ()


def test_a_name_that_is_being_typed_is_offered_no_number() -> None:
    assert wanted('drew("2').allowed == ('"…"',)
    assert "within" in wanted("drew(").allowed and "within" not in wanted("points_held(").allowed


def test_kinds_and_ends_of_cases_are_offered() -> None:
    assert {"quality", "open", "closed", "within", "in"} <= set(wanted("had_case(").allowed)
    assert wanted("had_case ").allowed == ("and", "or")


@given(TEXTS)
def test_no_text_at_all_breaks_it(text: str) -> None:
    place = place_at(text)
    assert place is None or text.endswith(place.word)


@given(
    st.sampled_from(["", "bought(2+) and ", "(not ", 'tag("晒单") or (']), st.sampled_from(CONDITION_NAMES)
)
def test_a_condition_may_be_gone_on_from_as_it_is_written(before: str, name: str) -> None:
    assert name in wanted(before).allowed
    try:
        parse(before + opened(name))
    except FilterError as error:
        assert error.position == len(before + opened(name))

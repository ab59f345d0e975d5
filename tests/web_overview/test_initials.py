"""Pinyin initials."""

from __future__ import annotations

import pytest

from laoke.web.charts.overview import heat_levels
from laoke.web.pages.overview.initials import initials, matches


@pytest.mark.parametrize(
    ("words", "letters"),
    [
        ("人群", "rq"),
        ("店铺总览", "dpzl"),
        ("双11 换季", "s11hj"),
        ("安心", "ax"),
        ("座", "z"),
        ("😀", ""),
        ("", ""),
    ],
)
def test_words_have_initials(words: str, letters: str) -> None:
    assert initials(words) == letters


def test_a_query_meets_words_or_the_beginning_of_their_initials() -> None:
    assert matches("人群", "RQ")
    assert matches("新建人群", "人群")
    assert not matches("新建人群", "rq")
    assert not matches("人群", " ")


def test_heat_has_five_levels() -> None:
    assert heat_levels([0, 1, 25, 50, 75, 100]) == [0, 1, 1, 2, 3, 4]
    assert heat_levels([0, 0]) == [0, 0]
    assert heat_levels([]) == []

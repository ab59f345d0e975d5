"""The history of list prices: stretches, what a struck-out price leans on, and rules L15 and L16."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from laoke.promotions.ladder import (
    Item,
    Known,
    Listed,
    Raised,
    Terms,
    Told,
    listed_at,
    price_item,
    raised_before,
    stretches,
    warnings_of,
)

START = date(2026, 11, 11)


def day(month: int, number: int) -> date:
    return date(2026, month, number)


CALM = (Told(day(8, 1), 29_900, 1), Told(day(8, 8), 29_900, 2), Told(day(9, 1), 25_900, 3))


def warned(item: Item, known: Known) -> dict[str, Any]:
    found = warnings_of([price_item(item, known, Terms())], Terms()).get(item.key, [])
    return {one.code: dict(one.params) for one in found if one.code in ("was_not_listed", "list_raised")}


def item(price: int, was: int | None = None) -> Item:
    return Item("P1", "云朵被", price, was_cents=was, cost_cents=1_000)


def test_tellings_of_one_price_are_one_stretch_and_keep_the_first_that_told() -> None:
    assert stretches(reversed(CALM)) == (
        Listed(29_900, day(8, 1), day(8, 8), 1),
        Listed(25_900, day(9, 1), day(9, 1), 3),
    )
    assert stretches([]) == ()


def test_of_two_tellings_of_one_day_the_later_counts() -> None:
    twice = [Told(day(8, 1), 29_900, 1), Told(day(8, 1), 28_900, 2)]
    assert stretches(twice) == (Listed(28_900, day(8, 1), day(8, 1), 2),)


def test_a_price_is_found_in_its_newest_stretch() -> None:
    again = stretches([*CALM, Told(day(10, 1), 29_900, 4)])
    assert listed_at(again, 29_900) == Listed(29_900, day(10, 1), day(10, 1), 4)
    assert listed_at(again, 39_900) is None


@pytest.mark.parametrize(
    ("told", "raised"),
    [
        ((), None),
        (((10, 1), 25_900, (10, 20), 29_900), Raised(25_900, 29_900, day(10, 20))),
        (((10, 1), 25_900, (10, 12), 29_900), Raised(25_900, 29_900, day(10, 12))),
        (((10, 1), 25_900, (10, 11), 29_900), None),
        (((10, 1), 29_900, (10, 20), 25_900), None),
        (((10, 1), 25_900, (11, 11), 29_900), None),
    ],
    ids=["nothing told", "raised", "thirty days before", "thirty-one days before", "lowered", "at the start"],
)
def test_a_rise_counts_within_the_thirty_days_before_the_start(
    told: tuple[Any, ...], raised: Raised | None
) -> None:
    pairs = zip(told[::2], told[1::2], strict=True)
    found = stretches(Told(day(*when), cents, 1) for when, cents in pairs)
    assert raised_before(found, START) == raised


def test_of_a_rise_and_a_cut_after_it_the_rise_is_still_told() -> None:
    found = stretches([*CALM, Told(day(10, 20), 39_900, 4), Told(day(11, 1), 29_900, 5)])
    assert raised_before(found, START) == Raised(25_900, 39_900, day(10, 20))


def test_a_struck_out_price_that_was_never_listed_is_told() -> None:
    known = Known(listed=stretches(CALM))
    assert warned(item(19_900, 39_900), known) == {
        "was_not_listed": {"was_cents": 39_900, "list_cents": 25_900}
    }
    assert warned(item(19_900, 29_900), known) == {}
    assert warned(item(19_900), known) == {}
    assert warned(item(19_900, 39_900), Known()) == {}, "nothing was ever told, so nothing is said"


def test_a_rise_before_the_cut_is_told_unless_the_price_is_no_cut_of_it() -> None:
    known = Known(raised=Raised(25_900, 29_900, day(10, 20)))
    assert warned(item(19_900), known) == {
        "list_raised": {"from_cents": 25_900, "to_cents": 29_900, "on": "2026-10-20"}
    }
    assert warned(item(29_900), known) == {}

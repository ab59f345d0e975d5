"""The arithmetic of points: what is earned, what is worth, how much an order may use, from which lots."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from laoke.promotions.rewards.points_rules import Burning, Earning, take

RULE = Burning(points=100, cents=100, least=500, share_bp=3_000)
LOTS = st.lists(st.integers(0, 10_000), max_size=12).map(lambda left: list(enumerate(left)))


@pytest.mark.parametrize(
    ("earning", "paid", "points"),
    [
        (Earning(1, 100), 99, 0),
        (Earning(1, 100), 12_999, 129),
        (Earning(3, 1_000), 12_999, 38),
        (Earning(5, 1), 7, 35),
    ],
)
def test_points_are_earned_in_proportion_and_rounded_down(earning: Earning, paid: int, points: int) -> None:
    assert earning.of(paid) == points


@pytest.mark.parametrize(
    ("usable", "payable", "today", "most"),
    [
        (9_999, 10_000, None, 3_000),  # three tenths of 100 yuan
        (9_999, 10_333, None, 3_000),  # whole steps
        (2_345, 100_000, None, 2_300),  # what there is
        (9_999, 10_000, 1_250, 1_200),  # what is left today
        (499, 100_000, None, 0),  # below the smallest use
        (9_999, 1_500, None, 0),  # its share is below the smallest use
    ],
)
def test_an_order_uses_what_there_is_up_to_its_share(
    usable: int, payable: int, today: int | None, most: int
) -> None:
    assert RULE.most(usable, payable, today) == most


@given(st.integers(0, 10**9), st.integers(0, 10**9))
def test_points_never_pay_more_than_their_share_nor_more_than_there_are(usable: int, payable: int) -> None:
    most = RULE.most(usable, payable)

    assert most <= usable and most % RULE.points == 0
    assert RULE.worth(most) * 10_000 <= payable * RULE.share_bp


@given(LOTS, st.integers(0, 50_000))
def test_lots_give_in_their_order_and_add_up(lots: list[tuple[int, int]], wanted: int) -> None:
    taken = dict(take(lots, wanted))

    assert sum(taken.values()) == min(wanted, sum(left for _, left in lots))
    assert all(0 < part <= dict(lots)[number] for number, part in taken.items())
    # Nothing comes out of a lot while an earlier one still holds something.
    for number, left in lots[: max(taken, default=0)]:
        assert taken.get(number, 0) == left


@given(st.lists(st.integers(1, 10_000), min_size=1, max_size=6), st.integers(1, 500), st.integers(1, 500))
def test_an_order_that_is_refunded_in_parts_loses_all_its_points_and_no_more(
    parts: list[int], points: int, cents: int
) -> None:
    earning, paid = Earning(points, cents), sum(parts)
    kept, back = earning.of(paid), 0
    for part in parts:
        paid -= part
        due = kept - earning.of(paid)
        kept, back = kept - due, back + due
        assert due >= 0
    assert (kept, back) == (0, earning.of(sum(parts)))

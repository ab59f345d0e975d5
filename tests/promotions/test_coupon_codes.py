"""Coupon codes: what they look like, that slips are seen, and which moves a coupon may make."""

from __future__ import annotations

import random
from datetime import datetime

import pytest

from laoke.promotions.coupons import states
from laoke.promotions.coupons.codes import ALPHABET, make_codes, read_code, shown_code


def drawn(count: int, seed: int = 7) -> list[str]:
    return make_codes(count, random.Random(seed).randbytes)


def test_codes_of_one_source_are_the_same_and_of_another_are_not() -> None:
    assert drawn(3) == drawn(3)
    assert not set(drawn(200)) & set(drawn(200, seed=8))


def test_ten_thousand_codes_differ_and_are_read_back() -> None:
    found = drawn(10_000)

    assert len(set(found)) == 10_000
    assert all(read_code(code) == code and len(code) == 12 for code in found)
    assert set("".join(found)) == set(ALPHABET)


def test_no_sign_can_be_taken_for_another() -> None:
    assert not set("01ILO") & set(ALPHABET)
    assert len(ALPHABET) == 31


def test_every_sign_is_drawn_about_as_often() -> None:
    signs = "".join(code[:11] for code in drawn(20_000))
    counts = [signs.count(sign) for sign in ALPHABET]

    # 220,000 draws of 31: 7,097 each, within five standard deviations of 83
    assert min(counts) > 6_680 and max(counts) < 7_515


@pytest.mark.parametrize("typed", ["rwwr-hv9j-9z2t", " RWWR HV9J 9Z2T ", "RWWRHV9J9Z2T", "RWWR–HV9J—9Z2T"])
def test_a_code_is_read_in_whatever_case_and_grouping(typed: str) -> None:
    assert read_code(typed) == "RWWRHV9J9Z2T"


def test_every_single_slip_and_every_swap_of_neighbours_is_seen() -> None:
    code = drawn(1)[0]
    slips = [code[:at] + sign + code[at + 1 :] for at in range(12) for sign in ALPHABET if sign != code[at]]
    swaps = [
        code[:at] + code[at + 1] + code[at] + code[at + 2 :] for at in range(11) if code[at] != code[at + 1]
    ]

    assert len(slips) == 360
    assert [typed for typed in slips + swaps if read_code(typed)] == []


@pytest.mark.parametrize(
    "typed", ["", "RWWR-HV9J", "RWWR-HV9J-9Z2T-2", "RWWR-HV9J-9Z20", "０RWWRHV9J9Z2", "x" * 400]
)
def test_what_is_no_code_is_none(typed: str) -> None:
    assert read_code(typed) is None


def test_a_code_is_shown_in_three_groups() -> None:
    assert shown_code("RWWRHV9J9Z2T") == "RWWR-HV9J-9Z2T"


def test_the_moves_of_a_coupon_are_these_and_no_others() -> None:
    allowed = {
        (before, after)
        for before in states.STATES
        for after in states.STATES
        if states.may_move(before, after)
    }

    assert allowed == {
        ("issued", "claimed"), ("issued", "reserved"), ("issued", "expired"), ("issued", "blocked"),
        ("claimed", "reserved"), ("claimed", "expired"), ("claimed", "blocked"),
        ("reserved", "redeemed"), ("reserved", "claimed"), ("reserved", "issued"),
        ("redeemed", "claimed"), ("redeemed", "issued"),
    }  # fmt: skip


def test_days_after_the_claim_and_the_end_of_the_issue_the_sooner_counts() -> None:
    end, claimed = datetime(2026, 11, 20), datetime(2026, 11, 9, 10, 0)

    assert states.good_until(end, None, claimed) == end
    assert states.good_until(None, 7, claimed) == datetime(2026, 11, 16, 10, 0)
    assert states.good_until(end, 7, claimed) == datetime(2026, 11, 16, 10, 0)
    assert states.good_until(end, 30, claimed) == end
    assert states.good_until(None, 7, None) is None

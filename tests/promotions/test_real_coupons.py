"""Every figure of docs/why/real-coupons.md, from the files of Complete Journey where they lie beside the project."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from laoke.money import format_cents
from tests.promotions.doc_examples import tables
from tests.promotions.journey import Journey, cause_of, doubled, taken_off, value_of

PAGE = Path(__file__).resolve().parents[2] / "docs" / "why" / "real-coupons.md"
TABLES = tables(PAGE.read_text(encoding="utf-8"))
NO_VALUE = "value not in the number"


def counted(number: int) -> dict[str, int]:
    """A table of the page with a name and a count per row."""
    return {row[""]: int(list(row.values())[1]) for row in TABLES[number]}


@pytest.fixture(scope="module")
def journey(shared: Path) -> Journey:
    return Journey(shared / "completejourney")


def test_who_redeems_and_when_is_as_the_rules_want_it(journey: Journey) -> None:
    assert journey.rules_held() == counted(1)


def test_how_many_redemptions_have_their_goods_in_the_sample(journey: Journey) -> None:
    assert journey.found_in_sample() == counted(2)


def test_what_the_engine_takes_off_is_compared_with_the_file_by_cause(journey: Journey) -> None:
    rows: dict[str, Counter[str]] = {}
    for case in journey.cases():
        cause = cause_of(case, journey.covers)
        row = rows.setdefault(cause, Counter())
        row["cases"] += 1
        row["booked"] += case.booked_cents
        if cause != NO_VALUE:
            row["computed"] += taken_off(case, journey.covers, granted=False)
            row["computed, pieces granted"] += taken_off(case, journey.covers, granted=True)
    told = {row["cause"]: row for row in TABLES[3]}
    assert set(rows) == set(told)
    for cause, row in rows.items():
        assert int(told[cause]["cases"]) == row["cases"]
        for name in ("booked", "computed", "computed, pieces granted"):
            shown = "" if cause == NO_VALUE and name != "booked" else format_cents(row[name])
            assert told[cause][name] == shown, (cause, name)


def test_most_discounts_belong_to_no_redemption_of_the_file(journey: Journey) -> None:
    assert journey.explained() == counted(4)


def test_the_grocer_doubles_small_coupons_up_to_a_dollar(journey: Journey) -> None:
    lines = [line for baskets in journey.baskets.values() for sold in baskets.values() for line in sold]
    assert doubled(lines) == counted(5)
    assert len(lines) == 75_000
    with_coupon = [line for line in lines if line.coupon_cents]
    assert len(with_coupon) == 1_135
    assert sum(line.coupon_cents > line.base_cents for line in with_coupon) == 160


def test_a_coupons_number_says_what_it_is_worth() -> None:
    assert value_of(("51600070033", "13")) == (2, 100)
    assert value_of(("51862700076", "18")) == (1, 100)
    assert value_of(("10000085361", "8")) is None
    assert value_of(("51600070001", "8")) is None

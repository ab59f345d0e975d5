"""The price ladder: margins and floors to the cent, roles, rules L1 to L14 (list prices: `test_list_history`)."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from laoke.money import FULL_BP
from laoke.promotions.ladder import (
    RULES,
    Competitor,
    Item,
    Known,
    Role,
    RoleShare,
    Terms,
    Warned,
    advised_counts,
    expected,
    floor_of,
    margin_of,
    nearest_competitor,
    price_item,
    proposed_roles,
    shares,
    warnings_of,
)

TERMS = Terms(postage_cents=800)
DAY = date(2026, 11, 11)


def item(product: str = "P1", price: int = 10_000, **given: Any) -> Item:
    return Item(product, given.pop("title", product), price, **{"cost_cents": 4_000, **given})


def told(one: Item, known: Known | None = None, terms: Terms = TERMS) -> list[Warned]:
    """The warnings of one item alone on its sheet."""
    return warnings_of([price_item(one, known or Known(), terms)], terms).get(one.key, [])


def codes(one: Item, known: Known | None = None) -> list[str]:
    return [warned.code for warned in told(one, known)]


def test_a_piece_leaves_its_price_less_fee_postage_and_cost() -> None:
    one = price_item(item(price=9_990, list_cents=19_900), Known(), TERMS)

    assert (one.fee_cents, one.margin_cents, one.margin_bp) == (500, 4_690, 4_695)
    # Half of 199.00 is 99.50; fee 4.98, postage 8.00, cost 40.00.
    assert one.half_cents == 4_652
    assert one.floor_cents == 6_400


def test_what_an_item_says_itself_goes_before_the_sheet() -> None:
    own = item(postage_cents=0, fee_bp=200, margin_bp=5_000)
    one = price_item(own, Known(), TERMS)

    assert (one.postage_cents, one.fee_bp, one.wanted_bp) == (0, 200, 5_000)
    assert (one.fee_cents, one.margin_cents, one.floor_cents) == (200, 5_800, 8_334)


def test_without_a_cost_there_is_no_margin_and_no_floor() -> None:
    one = price_item(item(cost_cents=None), Known(), TERMS)

    assert (one.margin_cents, one.margin_bp, one.floor_cents, one.half_cents) == (None, None, None, None)
    assert one.fee_cents == 500


@given(
    cost=st.integers(0, 2_000_000), postage=st.integers(0, 5_000),
    fee=st.integers(0, 5_000), margin=st.integers(0, 4_900),
)  # fmt: skip
def test_the_floor_is_the_lowest_price_that_leaves_what_is_wanted(
    cost: int, postage: int, fee: int, margin: int
) -> None:
    floor = floor_of(cost, postage, fee, margin)

    def enough(price: int) -> bool:
        return FULL_BP * margin_of(price, cost, postage, fee) >= margin * price

    assert enough(floor)
    assert not any(enough(price) for price in range(max(0, floor - 200), floor))


def test_fee_and_margin_that_take_the_whole_price_have_no_floor() -> None:
    with pytest.raises(ValueError, match="take the whole price"):
        floor_of(1_000, 0, 5_000, 5_000)


@pytest.mark.parametrize(
    ("known", "baseline"),
    [
        (Known(lowest_7_cents=9_000, last_cents=9_500), ("lowest_7", 9_000)),
        (Known(last_cents=9_500), ("last", 9_500)),
        (Known(), ("unknown", None)),
    ],
)
def test_a_cut_is_measured_against_seven_days_then_the_last_deal(
    known: Known, baseline: tuple[str, int | None]
) -> None:
    found = price_item(item(), known, TERMS).baseline

    assert (found.kind, found.cents) == baseline


@pytest.mark.parametrize(
    ("one", "known", "warned"),
    [
        (item(cost_cents=None), Known(), Warned("missing_cost")),
        (item(price=3_999), Known(), Warned("below_cost", {"price_cents": 3_999, "cost_cents": 4_000})),
        (item(price=4_500), Known(), Warned("loss", {"loss_cents": 525, "floor_cents": 6_400})),
        (item(price=6_399), Known(), Warned("below_floor", {"price_cents": 6_399, "floor_cents": 6_400})),
        (
            item(was_cents=20_000),
            Known(lowest_7_cents=15_000),
            Warned("invented_was", {"was_cents": 20_000, "baseline_cents": 15_000, "kind": "lowest_7"}),
        ),
        (item(was_cents=20_000), Known(), Warned("no_baseline", {"was_cents": 20_000})),
        (
            item(),
            Known(lowest_7_cents=10_000),
            Warned("no_cut", {"price_cents": 10_000, "baseline_cents": 10_000}),
        ),
        (
            item(),
            Known(lowest_7_cents=12_000, lowest_30_cents=10_000),
            Warned("sold_lower", {"price_cents": 10_000, "lowest_cents": 10_000}),
        ),
        (item(list_cents=9_900), Known(), Warned("above_list", {"price_cents": 10_000, "list_cents": 9_900})),
        (
            item(),
            Known(competitor=Competitor("甲店", 9_500, DAY, "甲店首页")),
            Warned("competitor_cheaper", {"name": "甲店", "price_cents": 9_500, "less_cents": 500}),
        ),
        (item(), Known(stock=9, units=10), Warned("stock_short", {"stock": 9, "units": 10})),
    ],
)  # fmt: skip
def test_each_rule_warns_with_its_figures(one: Item, known: Known, warned: Warned) -> None:
    assert told(one, known) == [warned]


@pytest.mark.parametrize(
    ("one", "known"),
    [
        (item(price=6_400), Known()),
        (item(was_cents=15_000), Known(lowest_7_cents=15_000)),
        (item(), Known(lowest_7_cents=12_000, lowest_30_cents=10_001)),
        (item(list_cents=10_000), Known()),
        (item(), Known(competitor=Competitor("甲店", 10_000, DAY, "首页"), stock=10, units=10)),
        (item(), Known(stock=0)),
    ],
)
def test_what_just_holds_is_not_warned_of(one: Item, known: Known) -> None:
    assert codes(one, known) == []


def test_an_invented_former_price_and_no_cut_are_told_together_by_their_numbers() -> None:
    found = told(item(was_cents=20_000), Known(last_cents=9_000))

    assert [(one.rule, one.code, one.severity) for one in found] == [
        ("L5", "invented_was", "bad"),
        ("L7", "no_cut", "warn"),
    ]
    assert found[1].params == {"price_cents": 10_000, "baseline_cents": 9_000}


def test_the_rules_are_numbered_without_a_gap() -> None:
    assert [number for number, _severity in RULES.values()] == [f"L{n}" for n in range(1, 17)]


def ladder(*steps: tuple[str, int, Role | None], group: str = "") -> dict[str, list[str]]:
    """Codes by product of items with a cost that no price is below."""
    items = [Item(name, name, price, role=role, group=group, cost_cents=0) for name, price, role in steps]
    terms = Terms(margin_bp=0)
    found = warnings_of([price_item(one, Known(), terms) for one in items], terms)
    return {key.product_id: [warned.code for warned in warned_of] for key, warned_of in found.items()}


def test_an_anchor_cheaper_than_what_shows_value_contradicts_itself() -> None:
    found = ladder(("形象", 9_000, Role.ANCHOR), ("甲", 9_900, Role.VALUE), ("乙", 3_000, Role.LOW))

    assert found == {"形象": ["role_order"], "甲": ["too_far"]}


def test_a_contradiction_names_the_dearest_item_of_a_lower_role() -> None:
    items = [
        Item("A", "形象", 9_000, role=Role.ANCHOR, cost_cents=0),
        Item("B", "甲", 9_100, role=Role.VALUE, cost_cents=0),
        Item("C", "乙", 9_900, role=Role.NORMAL, cost_cents=0),
    ]
    found = warnings_of([price_item(one, Known(), TERMS) for one in items], TERMS)

    assert found[items[0].key][0].params == {
        "role": Role.ANCHOR, "price_cents": 9_000, "other": "乙", "other_role": Role.NORMAL, "other_cents": 9_900,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("higher", "role", "found"),
    [
        (10_999, Role.VALUE, {"高": ["too_close"]}),
        (11_000, Role.VALUE, {}),
        (20_000, Role.VALUE, {}),
        (20_001, Role.VALUE, {"高": ["too_far"]}),
        (30_000, Role.ANCHOR, {}),
        (30_001, Role.ANCHOR, {"高": ["too_far"]}),
        (10_000, Role.NORMAL, {"高": ["too_close"]}),
    ],
)
def test_a_step_may_be_neither_too_close_nor_too_far(
    higher: int, role: Role, found: dict[str, list[str]]
) -> None:
    assert ladder(("低", 10_000, Role.LOW), ("高", higher, role)) == found


def test_items_of_other_groups_or_without_a_role_stand_on_no_common_ladder() -> None:
    terms = Terms(margin_bp=0)
    items = [
        Item("A", "被子", 90_000, role=Role.LOW, group="被子", cost_cents=0),
        Item("B", "枕头", 9_000, role=Role.ANCHOR, group="枕头", cost_cents=0),
        Item("C", "枕套", 10, group="枕头", cost_cents=0),
    ]

    assert warnings_of([price_item(one, Known(), terms) for one in items], terms) == {}


def test_roles_are_advised_three_three_three_one() -> None:
    assert [list(advised_counts(n).values()) for n in (0, 1, 2, 4, 5, 10, 13, 20)] == [
        [0, 0, 0, 0], [1, 0, 0, 0], [1, 1, 0, 0], [1, 1, 1, 1], [2, 2, 1, 0], [3, 3, 3, 1], [4, 4, 4, 1],
        [6, 6, 6, 2],
    ]  # fmt: skip


def test_shares_stand_beside_what_is_advised_and_count_items_without_a_role() -> None:
    items = [item("A", role=Role.LOW), item("B", role=Role.LOW), item("C", role=Role.ANCHOR), item("D")]

    assert shares(items) == [
        RoleShare(Role.LOW, 2, 1),
        RoleShare(Role.VALUE, 0, 1),
        RoleShare(Role.NORMAL, 0, 1),
        RoleShare(Role.ANCHOR, 1, 1),
        RoleShare(None, 1, 0),
    ]


def test_roles_are_proposed_by_price_in_each_group() -> None:
    items = [item(f"P{n}", price=n * 1_000, group="被子") for n in range(10, 0, -1)]
    items.append(item("Q", price=50_000, group="枕头"))

    found = {key.product_id: role for key, role in proposed_roles(items).items()}

    assert [found[f"P{n}"] for n in range(1, 11)] == [
        *[Role.LOW] * 3, *[Role.VALUE] * 3, *[Role.NORMAL] * 3, Role.ANCHOR,
    ]  # fmt: skip
    assert found["Q"] is Role.LOW


def test_what_a_sheet_would_bring_counts_margin_only_where_the_cost_is_known() -> None:
    priced = [
        price_item(item("A"), Known(units=3), TERMS),
        price_item(item("B", price=5_000, cost_cents=None), Known(units=10), TERMS),
        price_item(item("C"), Known(units=0), TERMS),
        price_item(item("D"), Known(), TERMS),
    ]

    found = expected(priced)

    # One A leaves 100.00 − 5.00 − 8.00 − 40.00 = 47.00.
    assert (found.items, found.units, found.sales_cents) == (2, 13, 80_000)
    assert (found.margin_cents, found.without_cost) == (14_100, 1)
    assert expected(priced[2:]).margin_cents is None


def test_the_nearest_competitor_is_the_cheapest_of_the_newest_prices_within_thirty_days() -> None:
    seen = [
        Competitor("甲店", 8_000, date(2026, 10, 20), "旧"),
        Competitor("甲店", 9_500, date(2026, 11, 1), "新"),
        Competitor("乙店", 9_000, date(2026, 11, 10), "网页"),
        Competitor("丙店", 1_000, date(2026, 10, 11), "太旧"),
        Competitor("丁店", 1_000, date(2026, 11, 12), "还没到"),
    ]

    assert nearest_competitor(seen, DAY) == seen[2]
    assert nearest_competitor(seen[3:], DAY) is None

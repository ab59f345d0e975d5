"""Limits in a backtest: what the columns give is what quoting the orders one after the other gives (R41, E55)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from laoke.promotions.columnar import PricedBaskets, columns_from_lines, price_baskets
from laoke.promotions.columnar.in_time import NOBODY, Cap, InTime, Part, cap_of, price_in_time
from laoke.promotions.engine import (
    Basket,
    FlashSale,
    GiftChoice,
    GroupBuy,
    Layer,
    LevelReward,
    Limits,
    MoreCheaper,
    Offer,
    PercentOff,
    Quote,
    ShopCoupon,
    ThresholdGift,
    quote,
)
from laoke.promotions.engine.beside import PIECES
from tests.promotions.doc_examples import cents, mechanic_of, sections, tables
from tests.promotions.rival import is_open
from tests.promotions.strategies import AT, baskets, offers
from tests.promotions.test_pricing_properties import asked_columns

Offers = tuple[Offer, ...]


@dataclass
class Order:
    """A past order: its basket, whose it was, and when it came."""

    basket: Basket
    person: int
    place: int


@dataclass
class Till:
    """Quotes orders one after the other and remembers what each used: the rule as it is written."""

    offers: Offers
    caps: dict[str, Cap]
    uses: dict[str, int] = field(default_factory=dict)
    cents: dict[str, int] = field(default_factory=dict)
    by_person: dict[tuple[str, int], int] = field(default_factory=dict)
    taken: dict[str, int] = field(default_factory=dict)

    def sell(self, order: Order) -> tuple[Quote, set[str]]:
        """The quote, and the offers that were used up for this order."""
        over = {name for name, cap in self.caps.items() if self._is_over(name, cap, order.person)}
        left = [offer for offer in self.offers if offer.offer_id not in over]
        basket = replace(order.basket, taken={**order.basket.taken, **self.taken})
        basket = replace(basket, chosen_gifts=self._dearest(quote(basket, left, AT), basket))
        found = quote(basket, left, AT)
        for use in found.consumed:
            self.uses[use.offer_id] = self.uses.get(use.offer_id, 0) + 1
            self.cents[use.offer_id] = self.cents.get(use.offer_id, 0) + use.discount_cents
            mine = (use.offer_id, order.person)
            self.by_person[mine] = self.by_person.get(mine, 0) + 1
        for gift in found.gifts:
            self._take(f"{gift.offer_id}/{gift.product_id}", gift.pieces)
        flash = {offer.offer_id for offer in self.offers if isinstance(offer.mechanic, FlashSale)}
        for line in found.lines:
            if line.item_offer_id in flash:
                self._take(line.item_offer_id, line.quantity)
        return found, over | {one.offer_id for one in found.refused if one.code == "sold_out"}

    def _is_over(self, name: str, cap: Cap, person: int) -> bool:
        if cap.total is not None and self.uses.get(name, 0) >= cap.total:
            return True
        if cap.budget_cents is not None:
            [face] = [offer.mechanic.face_cents for offer in self.offers if offer.offer_id == name]  # type: ignore[union-attr]
            if self.cents.get(name, 0) + face > cap.budget_cents:
                return True
        known = person != NOBODY and cap.per_person is not None
        return known and self.by_person.get((name, person), 0) >= (cap.per_person or 0)

    def _take(self, name: str, pieces: int) -> None:
        self.taken[name] = self.taken.get(name, 0) + pieces

    def _dearest(self, first: Quote, basket: Basket) -> dict[str, str]:
        """Of the gifts that are left of the step that is reached, the one that costs most, unknown ones first."""
        found = {}
        for offer in self.offers:
            step = reached_step(offer, first, basket)
            if step is None:
                continue
            left = [
                one
                for one in step.choices
                if one.stock is None
                or one.stock - self.taken.get(f"{offer.offer_id}/{one.product_id}", 0) >= step.pieces
            ]
            if left:
                found[offer.offer_id] = max(left, key=dearness).product_id
        return found


def dearness(one: GiftChoice) -> tuple[bool, int]:
    return one.cost_cents is None, one.cost_cents or 0


def reached_step(offer: Offer, found: Quote, basket: Basket):  # type: ignore[no-untyped-def]
    """The step of a gift offer that an order reaches, None for other offers and where none is."""
    mechanic = offer.mechanic
    if not isinstance(mechanic, ThresholdGift):
        return None
    category = {line.line_id: line.category for line in basket.lines}
    mine = [line for line in found.lines if offer.scope.covers(line.product_id, category[line.line_id])]
    measure = sum(line.quantity if mechanic.by == PIECES else line.base_cents for line in mine)
    steps = [step for step in mechanic.steps if step.threshold <= measure]
    return steps[-1] if mine and steps else None


def reaches_gift(offer: Offer, found: Quote, basket: Basket) -> bool:
    """Whether an order would get a gift if there were any left: at the prices that it has in the end."""
    return is_open(offer, basket, AT) and reached_step(offer, found, basket) is not None


def part_of(orders: list[Order], given_offers: Offers) -> Part:
    columns, eligible, variant = asked_columns([one.basket for one in orders], given_offers)
    flash = {offer.offer_id for offer in given_offers if isinstance(offer.mechanic, FlashSale)}
    variant = {name: steps for name, steps in variant.items() if name not in flash}
    persons, places = ([getattr(one, name) for one in orders] for name in ("person", "place"))
    return Part(columns, eligible, variant, np.array(persons, np.int64), np.array(places, np.int64))


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[Order], Offers, dict[str, Cap], int]:
    """Orders of few people in any order of time, offers of which most are limited, and where the first part ends."""
    given_offers = tuple(
        offer for offer in draw(offers()) if not isinstance(offer.mechanic, MoreCheaper | LevelReward)
    )
    caps = {
        offer.offer_id: cap_of(
            offer,
            draw(st.sampled_from([None, None, 1])),
            draw(st.sampled_from([None, 1, 2, 3])),
            draw(st.sampled_from([None, None, 0, 1_000, 2_500, 6_000])),
        )
        for offer in given_offers
    }
    drawn = draw(st.lists(baskets(), min_size=2, max_size=7))
    places = draw(st.permutations(range(len(drawn))))
    groups = {offer.offer_id for offer in given_offers if isinstance(offer.mechanic, GroupBuy)}
    orders = [
        Order(
            replace(
                basket,
                buyer=replace(basket.buyer, used={}),
                # Of pieces and gifts nothing went before the first order.
                taken={name: count for name, count in basket.taken.items() if name in groups},
            ),
            draw(st.sampled_from([NOBODY, 1, 1, 2])),
            place,
        )
        for basket, place in zip(drawn, places, strict=True)
    ]
    return orders, given_offers, caps, draw(st.integers(1, len(orders) - 1))


def check_in_time(orders: list[Order], given_offers: Offers, caps: dict[str, Cap], cut: int) -> None:
    parts = [part_of(orders[:cut], given_offers), part_of(orders[cut:], given_offers)]
    found = price_in_time(parts, given_offers, caps)
    free = [price_baskets(part.columns, given_offers, part.eligible, variant=part.variant) for part in parts]
    till = Till(given_offers, caps)
    held_orders = 0
    for number in sorted(range(len(orders)), key=lambda one: orders[one].place):
        result, over = till.sell(orders[number])
        part, place = (0, number) if number < cut else (1, number - cut)
        check_order(found.priced[part], place, result)
        held = {name for name in caps if name in found.held_back and bool(found.held_back[name][part][place])}
        rows = {offer.offer_id: row for row, offer in enumerate(free[part].offers)}
        gone = {one.offer_id for one in result.refused if one.code == "gift_gone"}
        assert (
            held
            == {
                offer.offer_id
                for offer in given_offers
                if offer.offer_id in over
                and (
                    reaches_gift(offer, result, orders[number].basket)
                    if offer.layer is Layer.GIFT
                    else free[part].reached[rows[offer.offer_id], place]
                )
            }
            | gone
        )
        held_orders += bool(held)
    assert found.orders == held_orders


def check_order(priced: PricedBaskets, place: int, result: Quote) -> None:
    assert priced.payable_cents[place] == result.goods_cents
    assert priced.postage_off_cents[place] == result.postage_off_cents
    taken = {use.offer_id: use.discount_cents for use in result.consumed}
    pieces = {gift.offer_id: gift.pieces for gift in result.gifts}
    pieces |= {benefit.offer_id: 1 for benefit in result.benefits}
    for row, offer in enumerate(priced.offers):
        assert priced.discount_cents[row, place] == taken.get(offer.offer_id, 0)
        if row in priced.gift_pieces:
            assert priced.gift_pieces[row][place] == pieces.get(offer.offer_id, 0)
    costs = [gift.cost_cents for gift in result.gifts]
    if None not in costs:
        stated = sum((gift.cost_cents or 0) * gift.pieces for gift in result.gifts)
        stated += sum(benefit.cost_cents or 0 for benefit in result.benefits)
        if priced.gift_cost_known[place]:
            assert priced.gift_cost_cents[place] >= stated
    for offer in priced.offers:
        if isinstance(offer.mechanic, ThresholdGift) and any(
            choice.stock is not None for step in offer.mechanic.steps for choice in step.choices
        ):
            mine = [gift for gift in result.gifts if gift.offer_id == offer.offer_id]
            assert not mine or mine[0].cost_cents is not None or not priced.gift_cost_known[place]


@settings(max_examples=300, deadline=None)
@given(histories())
def test_the_columns_use_limits_up_as_quotes_one_after_the_other_do(
    history: tuple[list[Order], Offers, dict[str, Cap], int],
) -> None:
    check_in_time(*history)


@pytest.mark.prove
def test_the_columns_use_limits_up_as_quotes_do_in_twenty_thousand_histories(
    record_property: Callable[[str, object], None],
) -> None:
    priced = 0

    @settings(max_examples=20_000, deadline=None)
    @given(histories())
    def check(history: tuple[list[Order], Offers, dict[str, Cap], int]) -> None:
        nonlocal priced
        check_in_time(*history)
        priced += len(history[0])

    check()
    assert priced >= 60_000
    record_property("limited orders priced twice", priced)


def plain(goods: list[int], persons: list[int], given_offers: Offers, caps: dict[str, Cap]) -> InTime:
    """Orders of one piece each, in the order of time."""
    count = len(goods)
    columns, _ = columns_from_lines(range(count), ["p"] * count, [1] * count, goods, [-1] * count, {})
    part = Part(columns, {}, {}, np.array(persons, np.int64), np.arange(count))
    return price_in_time([part], given_offers, caps)


def test_e55_what_is_limited_goes_to_those_who_came_first() -> None:
    (rows,) = tables(sections()["E55"])
    terms = {
        "coupon": Offer("coupon", Layer.COUPON, ShopCoupon(0, 1_000), limits=Limits(1)),
        "gift": Offer(
            "gift",
            Layer.GIFT,
            mechanic_of(
                Layer.GIFT, "from 100 gift cup (9.90, cost 5, stock 2) or bag (9.90, cost 3, stock 1)"
            ),
        ),
    }
    caps = {"coupon": cap_of(terms["coupon"], total=3), "gift": cap_of(terms["gift"])}
    people = [NOBODY if not row["buyer"] else ord(row["buyer"]) for row in rows]
    found = plain([cents(row["goods"]) for row in rows], people, tuple(terms.values()), caps)
    [priced] = found.priced
    assert priced.payable_cents.tolist() == [cents(row["payable"]) for row in rows]
    assert priced.gift_cost_cents.tolist() == [cents(row["gift cost"]) for row in rows]
    assert (found.by_offer(), found.orders) == ({"coupon": 3, "gift": 1}, 3)


def test_an_offer_that_is_used_up_leaves_its_place_to_the_next_best() -> None:
    better = Offer("better", Layer.SHOP, mechanic_of(Layer.SHOP, "100 − 30"), limits=Limits(1))
    other = Offer("other", Layer.SHOP, mechanic_of(Layer.SHOP, "100 − 20"), limits=Limits(1))
    both = (better, other)
    found = plain([10_000] * 4, [1, 1, 1, 2], both, {one.offer_id: cap_of(one) for one in both})
    assert found.priced[0].payable_cents.tolist() == [7_000, 8_000, 10_000, 7_000]
    assert found.by_offer() == {"better": 2, "other": 1}


def test_a_coupon_is_given_while_its_budget_holds_a_whole_one() -> None:
    coupon = Offer("coupon", Layer.COUPON, ShopCoupon(0, 1_000))

    def payable(budget: int, *goods: int) -> list[int]:
        found = plain(
            list(goods), [1] * len(goods), (coupon,), {"coupon": cap_of(coupon, budget_cents=budget)}
        )
        paid: list[int] = found.priced[0].payable_cents.tolist()
        return paid

    assert payable(2_500, 10_000, 10_000, 10_000) == [9_000, 9_000, 10_000], (
        "5.00 are left, a coupon is 10.00"
    )
    assert payable(2_600, 600, 10_000, 10_000, 10_000) == [0, 9_000, 9_000, 10_000], (
        "the first took 6.00 only"
    )
    assert payable(1_999, 600, 10_000) == [0, 9_000]
    assert payable(999, 600) == [600]


def test_only_a_coupon_has_a_budget() -> None:
    assert cap_of(Offer("off", Layer.ITEM, PercentOff(9_000)), budget_cents=500).is_none
    assert not cap_of(Offer("coupon", Layer.COUPON, ShopCoupon(0, 1_000)), budget_cents=500).is_none


def test_pieces_at_a_flash_price_are_sold_until_too_few_are_left() -> None:
    flash = Offer("flash", Layer.ITEM, FlashSale(5_000, 3))
    columns, _ = columns_from_lines(range(4), ["p"] * 4, [2, 2, 1, 1], [9_000] * 4, [-1] * 4, {})
    part = Part(columns, {}, {}, np.array([1, 2, 3, 4]), np.array([1, 2, 3, 4]))
    found = price_in_time([part], [flash], {"flash": cap_of(flash)})
    assert found.priced[0].payable_cents.tolist() == [10_000, 18_000, 5_000, 9_000]
    assert found.by_offer() == {"flash": 2}


def test_without_a_limit_orders_are_priced_once(monkeypatch: pytest.MonkeyPatch) -> None:
    from laoke.promotions.columnar import in_time

    times = []
    monkeypatch.setattr(
        in_time, "price_baskets", lambda *given, **more: times.append(1) or price_baskets(*given, **more)
    )
    off = Offer("off", Layer.ITEM, PercentOff(9_000))
    assert plain([10_000], [1], (off,), {"off": cap_of(off)}).held_back == {}
    assert len(times) == 1
    once = replace(off, limits=Limits(1))
    assert plain([10_000] * 2, [1, 2], (once,), {"off": cap_of(once)}).by_offer() == {"off": 0}
    assert len(times) == 2, "nobody came twice, so nothing is priced again"
    assert plain([10_000] * 2, [1, 1], (once,), {"off": cap_of(once)}).by_offer() == {"off": 1}
    assert len(times) == 4

"""The best combination of coupons: no choice there is costs less, whoever works it out, and each other has a reason."""

from datetime import datetime
from itertools import combinations
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from laoke.promotions.engine import (
    MOST_COUPONS,
    Basket,
    Buyer,
    DepositExpansion,
    DiscountStep,
    EngineError,
    Layer,
    Line,
    Offer,
    Scope,
    ShopCoupon,
    ThresholdDiscount,
    best_quote,
    quote,
    refusal_sentence,
)
from tests.promotions.rival import payable_by_line
from tests.promotions.strategies import AT, baskets, coupons, deposits, offers, scopes

Offers = tuple[Offer, ...]
NOON = datetime(2026, 11, 11, 12)
REASONS = {"dearer_with_it", "no_cheaper", "same_as_other"}


@st.composite
def several_coupons(draw: st.DrawFn) -> Offers:
    """Up to three coupons of each layer, often on few products, so that they reach for the same lines."""
    return tuple(
        Offer(f"{layer.value} {number}", layer, draw(coupons()), scope=draw(st.just(Scope()) | scopes))
        for layer in (Layer.COUPON, Layer.CATEGORY_COUPON)
        for number in range(draw(st.integers(0, 3)))
    )


def with_coupons(basket: Basket, held: Offers) -> Basket:
    buyer = Buyer(basket.buyer.groups, basket.buyer.first_order, frozenset(one.offer_id for one in held))
    return Basket(basket.lines, basket.postage_cents, buyer, basket.region)


def cheapest_of_all_subsets(basket: Basket, others: Offers, coupons: Offers) -> int:
    """The slow way: the rival prices the order with every subset of the coupons, and the others leave the basket."""
    return min(
        sum(payable_by_line(basket, (*others, *chosen), AT).values())
        for size in range(len(coupons) + 1)
        for chosen in combinations(coupons, size)
    )


@settings(max_examples=250, deadline=None)
@given(baskets(), offers(), several_coupons())
def test_no_choice_of_coupons_is_cheaper_than_the_best_one(
    basket: Basket, given_offers: Offers, coupons: Offers
) -> None:
    others = tuple(offer for offer in given_offers if not offer.layer.one_per_order)
    held = with_coupons(basket, coupons)
    best = best_quote(held, (*others, *coupons), AT)
    assert best.quote.goods_cents == cheapest_of_all_subsets(held, others, coupons)
    assert best.quote.payable_cents <= quote(held, (*others, *coupons), AT).payable_cents
    assert best.quote.worst_case_cents <= best.quote.payable_cents


@given(baskets(), several_coupons(), st.randoms(use_true_random=False))
def test_the_choice_does_not_depend_on_the_order_of_the_coupons(
    basket: Basket, coupons: Offers, random: Random
) -> None:
    held, shuffled = with_coupons(basket, coupons), list(coupons)
    random.shuffle(shuffled)
    assert best_quote(held, shuffled, AT) == best_quote(held, coupons, AT)


@given(baskets(), offers(), several_coupons())
def test_every_coupon_is_used_or_has_its_reason(
    basket: Basket, given_offers: Offers, coupons: Offers
) -> None:
    others = tuple(offer for offer in given_offers if not offer.layer.one_per_order)
    best = best_quote(with_coupons(basket, coupons), (*others, *coupons), AT)
    used = [use.offer_id for use in best.quote.consumed]
    answered = used + [refusal.offer_id for refusal in best.quote.refused]
    assert sorted(answered) == sorted(offer.offer_id for offer in (*others, *coupons))
    assert {one.offer_id for one in coupons} & set(used) == set(best.coupon_ids)
    for language in ("zh", "en"):
        assert all(refusal_sentence(refusal, language) for refusal in best.quote.refused)


@given(baskets(), several_coupons(), st.integers(0, 120))
def test_no_coupon_takes_more_than_its_budget_has(basket: Basket, coupons: Offers, cap: int) -> None:
    caps = {offer.offer_id: cap for offer in coupons[::2]}
    best = best_quote(with_coupons(basket, coupons), coupons, AT, caps)
    for use in best.quote.consumed:
        assert use.discount_cents <= caps.get(use.offer_id, use.discount_cents)


@given(baskets(), offers(), several_coupons(), deposits())
def test_budgets_that_bear_the_best_combination_leave_it_the_best(
    basket: Basket, given_offers: Offers, coupons: Offers, deposit: DepositExpansion
) -> None:
    others = (offer for offer in given_offers if not offer.layer.one_per_order)
    everything = (*others, *coupons, Offer("deposit", Layer.ITEM, deposit))
    held = with_coupons(basket, coupons)
    best = best_quote(held, everything, AT)
    taken = {use.offer_id: use.discount_cents for use in best.quote.consumed}
    capped = best_quote(held, everything, AT, {coupon_id: taken[coupon_id] for coupon_id in best.coupon_ids})
    assert capped.quote.payable_cents == best.quote.payable_cents


def coupon(offer_id: str, face: int, threshold: int = 0, *products: str) -> Offer:
    return Offer(
        offer_id, Layer.COUPON, ShopCoupon(threshold, face), scope=Scope(product_ids=frozenset(products))
    )


CUP_AND_COAT = (Line("1", "cup", 2_000), Line("2", "coat", 10_000))


def order(*offers: Offer, lines: tuple[Line, ...] = CUP_AND_COAT) -> Basket:
    return Basket(lines, buyer=Buyer(held_coupons=frozenset(offer.offer_id for offer in offers)))


def reasons(*offers: Offer, caps: dict[str, int] | None = None) -> dict[str, str]:
    best = best_quote(order(*offers), offers, NOON, caps)
    return {refusal.offer_id: refusal_sentence(refusal, "en") for refusal in best.quote.refused}


def test_each_coupon_that_is_not_used_says_why() -> None:
    category = Offer(
        "c", Layer.CATEGORY_COUPON, ShopCoupon(0, 2_000), scope=Scope(product_ids=frozenset({"cup"}))
    )
    given_offers = (
        coupon("a", 2_000, 0, "cup"),
        coupon("b", 1_500),
        category,
        coupon("d", 1_500),
        coupon("e", 9_000, 20_000),
    )
    assert reasons(*given_offers) == {
        "a": "with it the order would cost 12.50 more",
        "d": "it takes off what “b” does, and an order takes one of them",
        "e": "80.00 short of 200.00",
    }


def test_a_coupon_whose_budget_does_not_bear_it_leaves_its_place_to_the_next() -> None:
    large, small = coupon("large", 3_000), coupon("small", 1_000)
    best = best_quote(order(large, small), (large, small), NOON, {"large": 2_999})
    assert best.coupon_ids == ("small",)
    assert reasons(large, small, caps={"large": 2_999}) == {
        "large": "29.99 are left of its budget, this order would take 30.00"
    }
    assert best_quote(order(large, small), (large, small), NOON, {"large": 3_000}).coupon_ids == ("large",)


def test_a_deposit_is_no_part_of_what_a_coupon_takes() -> None:
    deposit = Offer("deposit", Layer.ITEM, DepositExpansion(1_000, 3_000, NOON, NOON))
    small = coupon("small", 1_500)
    held = Basket(CUP_AND_COAT, buyer=Buyer(held_coupons=frozenset({"small"}), deposits={"deposit": 2}))
    best = best_quote(held, (deposit, small), NOON, {"small": 1_500})
    assert (best.coupon_ids, best.quote.deposit_cents) == (("small",), 1_000)
    assert best.quote.payable_cents == 12_000 - 2_000 - 1_500


def test_of_coupons_that_do_the_same_the_one_with_budget_is_used() -> None:
    first, second = coupon("a", 1_000), coupon("b", 1_000)
    best = best_quote(order(first, second), (first, second), NOON, {"a": 500})
    assert best.coupon_ids == ("b",)


def cross(offer_id: str, off: int, *products: str) -> Offer:
    scope = Scope(product_ids=frozenset(products))
    return Offer(offer_id, Layer.CROSS_SHOP, ThresholdDiscount((DiscountStep(500, off),)), scope=scope)


def test_a_coupon_that_would_make_the_order_dearer_is_left_out() -> None:
    """It takes some of the tea, so the cross-shop discount on tea loses to the one on everything, which takes some of
    the pot, and the category coupon on the pot finds that much less."""
    pot = Scope(product_ids=frozenset({"pot"}))
    given_offers = (
        coupon("small", 200),
        cross("everything", 450, "tea", "pot"),
        cross("tea", 500, "tea"),
        Offer("z", Layer.CATEGORY_COUPON, ShopCoupon(0, 1_000), scope=pot),
    )
    held = order(*given_offers, lines=(Line("1", "tea", 500), Line("2", "pot", 1_000)))
    assert quote(held, given_offers, NOON).payable_cents == 284
    best = best_quote(held, given_offers, NOON)
    assert (best.quote.payable_cents, best.coupon_ids) == (0, ("z",))
    assert best.quote.refused[0].params == {"more_cents": 284}


def test_forty_coupons_of_a_layer_are_tried_and_more_are_refused() -> None:
    many = [coupon(f"c{number:02}", 100 + number) for number in range(MOST_COUPONS)]
    best = best_quote(order(*many), many, NOON)
    assert best.coupon_ids == ("c39",)
    assert best.tried == 41
    too_many = [*many, coupon("more", 5)]
    with pytest.raises(EngineError) as refused:
        best_quote(order(*too_many), too_many, NOON)
    assert (refused.value.code, refused.value.params) == (
        "too_many_offers", {"layer": "coupon", "found": 41, "most": 40},
    )  # fmt: skip


def test_what_the_order_keeps_is_used_and_no_other_of_its_layer() -> None:
    """Kept is used although another one takes more, and although the order would be cheaper without it."""
    small, large = coupon("small", 1_000), coupon("large", 3_000)
    best = best_quote(order(small, large), (small, large), NOON, kept=frozenset({"small"}))
    assert (best.coupon_ids, best.quote.payable_cents) == (("small",), 11_000)
    assert [refusal_sentence(one, "en") for one in best.quote.refused] == [
        "the order keeps “small” already, and takes one of a layer"
    ]
    pot = Scope(product_ids=frozenset({"pot"}))
    dearer = (
        coupon("small", 200),
        cross("everything", 450, "tea", "pot"),
        cross("tea", 500, "tea"),
        Offer("z", Layer.CATEGORY_COUPON, ShopCoupon(0, 1_000), scope=pot),
    )
    held = order(*dearer, lines=(Line("1", "tea", 500), Line("2", "pot", 1_000)))
    best = best_quote(held, dearer, NOON, kept=frozenset({"small", "gone"}))
    assert (best.coupon_ids, best.quote.payable_cents) == (("small", "z"), 284)
    # What is not reached holds no place.
    short = coupon("short", 9_000, 20_000)
    best = best_quote(order(short, small), (short, small), NOON, kept=frozenset({"short"}))
    assert best.coupon_ids == ("small",)

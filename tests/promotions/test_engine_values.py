"""Values check themselves, JSON is read strictly, and worst cases are set against cost."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from laoke.promotions.engine import (
    Basket,
    Buyer,
    DiscountStep,
    EngineError,
    Layer,
    Limits,
    Line,
    Offer,
    PercentOff,
    Refusal,
    Scope,
    ShopCoupon,
    ThresholdDiscount,
    Window,
    basket_from_dict,
    check_offers,
    exposure,
    offer_from_dict,
    quote,
    quote_to_dict,
    refusal_sentence,
    request_from_dict,
    step_sentence,
)

NOON = datetime(2026, 11, 11, 12)
COAT = Line("1", "coat", 40_000, cost_cents=15_000)
SHOP = Offer("shop", Layer.SHOP, ThresholdDiscount((DiscountStep(20_000, 3_000),)))


@pytest.mark.parametrize(
    ("build", "code"),
    [
        (lambda: PercentOff(0), "out_of_range"),
        (lambda: PercentOff(10_000), "out_of_range"),
        (lambda: PercentOff(True), "not_a_whole_number"),
        (lambda: DiscountStep(100, 101), "off_above_threshold"),
        (lambda: ThresholdDiscount(()), "no_steps"),
        (lambda: ThresholdDiscount((DiscountStep(200, 20), DiscountStep(100, 30))), "steps_must_rise"),
        (lambda: ThresholdDiscount((DiscountStep(100, 20), DiscountStep(200, 20))), "steps_must_rise"),
        (
            lambda: ThresholdDiscount((DiscountStep(1, 1), DiscountStep(2, 2)), True),
            "repeating_needs_one_step",
        ),
        (lambda: ThresholdDiscount((DiscountStep(2, 1),), cap_cents=5), "cap_needs_repeating"),
        (lambda: ShopCoupon(100, 101), "off_above_threshold"),
        (lambda: ShopCoupon(0, 0), "out_of_range"),
        (lambda: Window(NOON, NOON), "window_ends_before_start"),
        (lambda: Window(NOON.replace(tzinfo=UTC)), "time_with_zone"),
        (lambda: Limits(0), "out_of_range"),
        (lambda: Offer("", Layer.SHOP, SHOP.mechanic), "empty"),
        (lambda: Offer("o", Layer.COUPON, SHOP.mechanic), "mechanic_not_in_layer"),
        (lambda: Line("", "p", 1), "empty"),
        (lambda: Line("1", "p", -1), "out_of_range"),
        (lambda: Line("1", "p", 1, 0), "out_of_range"),
        (lambda: Line("1", "p", 1, cost_cents=-1), "out_of_range"),
        (lambda: Line("1", "p", 1.5), "not_a_whole_number"),  # type: ignore[arg-type]
        (lambda: Basket(()), "no_lines"),
        (lambda: Basket((COAT, COAT)), "duplicate_line_id"),
        (lambda: check_offers([SHOP, SHOP]), "duplicate_offer_id"),
        (lambda: check_offers([replace(SHOP, offer_id=str(n)) for n in range(9)]), "too_many_offers"),
    ],
)
def test_a_broken_value_cannot_exist(build: Any, code: str) -> None:
    with pytest.raises(EngineError) as refused:
        build()
    assert refused.value.code == code


def test_a_coupon_without_threshold_may_exceed_nothing_but_zero() -> None:
    assert ShopCoupon(0, 500).face_cents == 500


OFFER: dict[str, Any] = {
    "offer_id": "shop",
    "layer": "shop",
    "mechanic": "threshold_discount",
    "terms": {"steps": [{"threshold_cents": 20_000, "off_cents": 3_000}]},
}
BASKET: dict[str, Any] = {"lines": [{"line_id": "1", "product_id": "coat", "unit_price_cents": 40_000}]}


def test_a_short_offer_and_basket_are_read_with_their_defaults() -> None:
    basket, offers, at = request_from_dict({"basket": BASKET, "offers": [OFFER], "at": "2026-11-11T12:00"})
    assert basket == Basket((Line("1", "coat", 40_000),))
    assert offers == (SHOP,)
    assert at == NOON
    assert request_from_dict({"basket": BASKET, "offers": []})[2] is None


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"layer": "planet"}, "offer.layer", "unknown_choice"),
        ({"mechanic": "magic"}, "offer.mechanic", "unknown_choice"),
        ({"offer_id": 7}, "offer.offer_id", "not_a_text"),
        ({"terms": []}, "offer.terms", "not_an_object"),
        ({"terms": {}}, "offer.terms.steps", "missing"),
        ({"terms": {"steps": {}}}, "offer.terms.steps", "not_a_list"),
        (
            {"terms": {"steps": [{"threshold_cents": 1.5, "off_cents": 1}]}},
            "offer.terms.steps[0].threshold_cents",
            None,
        ),
        (
            {"terms": {"steps": [{"threshold_cents": 5, "off_cents": 9}]}},
            "offer.terms.steps[0].off_cents",
            None,
        ),
        ({"terms": {**OFFER["terms"], "repeating": 1}}, "offer.terms.repeating", "not_true_or_false"),
        ({"terms": {**OFFER["terms"], "face_cents": 1}}, "offer.terms.face_cents", "unknown_field"),
        ({"scope": {"product_ids": "coat"}}, "offer.scope.product_ids", "not_a_list_of_texts"),
        ({"scope": {"colour": "red"}}, "offer.scope.colour", "unknown_field"),
        ({"window": {"start": "soon"}}, "offer.window.start", "not_a_time"),
        ({"window": {"start": 5}}, "offer.window.start", "not_a_time"),
        ({"window": {"start": "2026-11-11T00:00:00+08:00"}}, "offer.window.start", "time_with_zone"),
        (
            {"window": {"start": "2026-11-11", "end": "2026-11-10"}},
            "offer.window.end",
            "window_ends_before_start",
        ),
        ({"limits": {"per_person": 0}}, "offer.limits.per_person", "out_of_range"),
        ({"price": 1}, "offer.price", "unknown_field"),
    ],
)
def test_a_wrong_offer_is_refused_with_the_path_of_its_field(
    change: Any, field: str, code: str | None
) -> None:
    with pytest.raises(EngineError) as refused:
        offer_from_dict(OFFER | change)
    assert refused.value.field == field
    assert code is None or refused.value.code == code


@pytest.mark.parametrize(
    ("data", "field", "code"),
    [
        ([], "basket", "not_an_object"),
        ({}, "basket.lines", "missing"),
        ({"lines": []}, "basket.lines", "no_lines"),
        ({"lines": [{}]}, "basket.lines[0].line_id", "missing"),
        ({"lines": [BASKET["lines"][0] | {"quantity": 0}]}, "basket.lines[0].quantity", "out_of_range"),
        (BASKET | {"postage_cents": "10"}, "basket.postage_cents", "not_a_whole_number"),
        (BASKET | {"postage_cents": -1}, "basket.postage_cents", "out_of_range"),
        (BASKET | {"buyer": {"used": {"shop": "1"}}}, "basket.buyer.used.shop", "not_a_whole_number"),
        (BASKET | {"buyer": {"name": "x"}}, "basket.buyer.name", "unknown_field"),
    ],
)
def test_a_wrong_basket_is_refused_with_the_path_of_its_field(data: Any, field: str, code: str) -> None:
    with pytest.raises(EngineError) as refused:
        basket_from_dict(data)
    assert (refused.value.field, refused.value.code) == (field, code)


def test_margin_is_known_only_when_every_cost_is() -> None:
    known = quote(Basket((COAT,), 1_000), [SHOP], NOON)
    assert (known.payable_cents, known.margin_cents) == (38_000, 37_000 - 15_000)
    unknown = quote(Basket((COAT, Line("2", "cap", 100))), [SHOP], NOON)
    assert (unknown.cost_cents, unknown.margin_cents) == (None, None)


def test_the_worst_case_counts_offers_the_buyer_cannot_use_today() -> None:
    coupon = Offer("coupon", Layer.COUPON, ShopCoupon(40_000, 38_000))
    later = replace(SHOP, window=Window(start=datetime(2026, 12, 1)))
    basket = Basket((COAT,), buyer=Buyer())
    assert quote(basket, [coupon, later], NOON).payable_cents == 40_000
    worst = exposure(basket, [coupon, later])
    assert (worst.goods_cents, worst.discount_cents, worst.margin_cents) == (0, 40_000, -15_000)
    assert worst.below_cost is True
    assert worst.offer_ids == ("shop", "coupon")
    assert exposure(Basket((Line("1", "coat", 1),)), []).below_cost is None


def test_the_worst_case_of_many_item_offers_is_found_without_trying_every_set() -> None:
    offers = [Offer(f"sale{n}", Layer.ITEM, PercentOff(9_000 + n)) for n in range(40)]
    shop = Offer("shop", Layer.SHOP, ThresholdDiscount((DiscountStep(40_000, 10_000),)))
    assert exposure(Basket((COAT,)), [*offers, shop]).goods_cents == 30_000


def test_a_quote_is_plain_data_and_reads_as_sentences() -> None:
    result = quote(
        Basket((COAT,)),
        [SHOP, Offer("more", Layer.CROSS_SHOP, ThresholdDiscount((DiscountStep(50_000, 1),)))],
        NOON,
    )
    data = quote_to_dict(result)
    assert data["payable_cents"] == 37_000
    assert data["lines"][0]["shares"] == ({"offer_id": "shop", "layer": "shop", "cents": 3_000},)
    assert [(step.rule, step.amount_cents) for step in result.trace] == [
        ("R1", 40_000),
        ("R5", -3_000),
        ("R12", 0),
        ("R1", 37_000),
    ]
    assert step_sentence(result.trace[1]) == "店铺满减「shop」，按 400.00 计，1 次"
    assert step_sentence(result.trace[1], "en") == "shop discount “shop” on 400.00, 1 times"
    assert refusal_sentence(result.refused[0]) == "满 500.00 可用，还差 100.00"
    assert refusal_sentence(Refusal("x", "coupon_not_held"), "en") == "the buyer does not hold this coupon"


def test_a_scope_names_products_and_categories_and_exclusions_win() -> None:
    scope = Scope(frozenset({"a"}), frozenset({"hats"}), frozenset({"b"}))
    assert [scope.covers(*product) for product in (("a", ""), ("c", "hats"), ("b", "hats"), ("c", ""))] == [
        True,
        True,
        False,
        False,
    ]

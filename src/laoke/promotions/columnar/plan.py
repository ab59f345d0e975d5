"""Offers as flat arrays, in pricing order, for the kernel.

Everything that can be decided once per offer or product (scope, layer, steps) is decided here, so that the kernel
meets only numbers.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from laoke.promotions.columnar.columns import Ints
from laoke.promotions.columnar.kinds import (
    ADDON,
    AMOUNT,
    ANY_BUNDLE,
    CHEAPEST,
    COUNT_PERCENT,
    COUNT_REPEATING,
    COUNT_STEPS,
    DEPOSIT,
    FIXED,
    NOTHING,
    OUTSIDE,
    PERCENT,
    PERCENT_STEPS,
    REPEATING,
    SET_BUNDLE,
    STEPS,
)
from laoke.promotions.engine import (
    AddonPurchase,
    AmountOff,
    AnyBundle,
    BuyGet,
    CountDiscount,
    CountOff,
    DepositExpansion,
    FixedPrice,
    GroupBuy,
    Layer,
    Mechanic,
    NthPiece,
    Offer,
    PercentOff,
    SetBundle,
    ShopCoupon,
    ThresholdDiscount,
    ThresholdRate,
    WasNow,
    check_offers,
)


@dataclass(frozen=True, slots=True)
class Plan:
    """k offers sorted by layer and id. A coupon is a 满减 of one step; `covers` is (k, products).

    `layer_start[i]` is the first offer of layer i (item first); `step_start[j]` the first step of offer j. `pay_bp`
    of a 直降 is its amount, of a deposit what it grows by. Gifts, postage and benefits have no kind.
    `terms` is (k, 5): rate, group, cut or parts, most times or least price, price, cap or deposit. `products` is
    (k, products), or without columns where no offer has figures by product: a price, or pieces of a set.
    """

    offers: tuple[Offer, ...]
    layer_start: Ints
    one_per_order: npt.NDArray[np.bool_]
    kind: Ints
    pay_bp: Ints
    cap_cents: Ints
    terms: Ints
    products: Ints
    step_start: Ints
    threshold_cents: Ints
    off_cents: Ints
    covers: npt.NDArray[np.bool_]


def make_plan(offers: Iterable[Offer], product_ids: Sequence[str], categories: Sequence[str]) -> Plan:
    """The plan for `offers` over these products. Raises EngineError as `check_offers` does."""
    ordered = check_offers(offers)
    steps = [_steps(offer.mechanic) for offer in ordered]
    layers = list(Layer)
    of_layer = [layers.index(offer.layer) for offer in ordered]
    covers = np.zeros((len(ordered), len(product_ids)), dtype=np.bool_)
    for row, offer in enumerate(ordered):
        reach = offer.reach
        for column, (product_id, category) in enumerate(zip(product_ids, categories, strict=True)):
            covers[row, column] = reach.covers(product_id, category)
    return Plan(
        offers=ordered,
        layer_start=np.searchsorted(of_layer, np.arange(len(layers) + 1)).astype(np.int64),
        one_per_order=np.array([layer.one_per_order for layer in layers]),
        kind=_ints(_kind(offer.mechanic) for offer in ordered),
        pay_bp=_ints(_piece_cut(offer.mechanic) for offer in ordered),
        cap_cents=_ints(_cap(offer.mechanic) for offer in ordered),
        terms=np.array([_terms(offer.mechanic) for offer in ordered], dtype=np.int64).reshape(-1, 5),
        products=_products(ordered, product_ids, categories),
        step_start=_ints(sum(len(found) for found in steps[:row]) for row in range(len(steps) + 1)),
        threshold_cents=_ints(threshold for found in steps for threshold, _ in found),
        off_cents=_ints(off for found in steps for _, off in found),
        covers=covers,
    )


def _steps(mechanic: Mechanic) -> list[tuple[int, int]]:
    """(threshold in cents or pieces, cents or rate) of each step."""
    match mechanic:
        case ThresholdDiscount():
            return [(step.threshold_cents, step.off_cents) for step in mechanic.steps]
        case ShopCoupon():
            return [(mechanic.threshold_cents, mechanic.face_cents)]
        case ThresholdRate():
            return [(step.threshold_cents, step.pay_bp) for step in mechanic.steps]
        case CountDiscount():
            return [(step.pieces, step.pay_bp) for step in mechanic.steps]
        case CountOff():
            return [(step.pieces, step.off_cents) for step in mechanic.steps]
        case AddonPurchase():
            return [(mechanic.threshold_cents, 0)]
    return []


_KINDS: dict[type, int] = {
    PercentOff: PERCENT,
    AmountOff: AMOUNT,
    FixedPrice: FIXED,
    WasNow: FIXED,
    GroupBuy: FIXED,
    DepositExpansion: DEPOSIT,
    ThresholdDiscount: STEPS,
    ShopCoupon: STEPS,
    ThresholdRate: PERCENT_STEPS,
    CountDiscount: COUNT_PERCENT,
    CountOff: COUNT_STEPS,
    NthPiece: CHEAPEST,
    BuyGet: CHEAPEST,
    AnyBundle: ANY_BUNDLE,
    SetBundle: SET_BUNDLE,
    AddonPurchase: ADDON,
}


def _kind(mechanic: Mechanic) -> int:
    if isinstance(mechanic, ThresholdDiscount) and mechanic.repeating:
        return REPEATING
    if isinstance(mechanic, CountOff) and mechanic.repeating:
        return COUNT_REPEATING
    return _KINDS.get(type(mechanic), NOTHING)


def _piece_cut(mechanic: Mechanic) -> int:
    if isinstance(mechanic, AmountOff | DepositExpansion):
        return mechanic.off_cents
    return mechanic.pay_bp if isinstance(mechanic, PercentOff) else 0


def _cap(mechanic: Mechanic) -> int:
    cap = mechanic.cap_cents if isinstance(mechanic, ThresholdDiscount) else None
    return NOTHING if cap is None else cap


def _terms(mechanic: Mechanic) -> tuple[int, int, int, int, int]:
    """(rate, group, cut or parts, most times or least price, price, cap or deposit); −1 where there is no limit."""
    match mechanic:
        case NthPiece():
            return mechanic.pay_bp, mechanic.nth, 1, _or_nothing(mechanic.most_times), 0
        case BuyGet():
            return 0, mechanic.buy + mechanic.get, mechanic.get, _or_nothing(mechanic.most_times), 0
        case AnyBundle():
            return 0, mechanic.pieces, 0, _or_nothing(mechanic.most_times), mechanic.price_cents
        case SetBundle():
            return 0, 0, len(mechanic.parts), _or_nothing(mechanic.most_times), mechanic.price_cents
        case AddonPurchase():
            return 0, 0, 0, mechanic.most_pieces, 0
        case CountOff():
            return 0, 0, 0, 0, _or_nothing(mechanic.cap_cents)
        case DepositExpansion():
            return 0, 0, 0, mechanic.least_price_cents, mechanic.deposit_cents
    return 0, 0, 0, 0, 0


def _products(offers: Sequence[Offer], product_ids: Sequence[str], categories: Sequence[str]) -> Ints:
    """Figures by product: the price of a 一口价, the pieces of a set, the price of an add-on."""
    if not any(isinstance(offer.mechanic, _BY_PRODUCT) for offer in offers):
        return np.zeros((len(offers), 0), dtype=np.int64)
    figures = np.full((len(offers), len(product_ids)), OUTSIDE, dtype=np.int64)
    for row, offer in enumerate(offers):
        given = _by_product(offer.mechanic)
        for column, (product_id, category) in enumerate(zip(product_ids, categories, strict=True)):
            if isinstance(offer.mechanic, FixedPrice | GroupBuy):
                figures[row, column] = offer.mechanic.price_cents
            elif product_id in given:
                figures[row, column] = given[product_id]
            elif isinstance(offer.mechanic, AddonPurchase) and offer.counts(product_id, category):
                figures[row, column] = NOTHING
    return figures


_BY_PRODUCT = (FixedPrice, GroupBuy, WasNow, SetBundle, AddonPurchase)


def _by_product(mechanic: Mechanic) -> dict[str, int]:
    match mechanic:
        case WasNow():
            return {one.product_id: one.price_cents for one in mechanic.prices}
        case SetBundle():
            return {part.product_id: part.pieces for part in mechanic.parts}
        case AddonPurchase():
            return {choice.product_id: choice.price_cents for choice in mechanic.choices}
    return {}


def _or_nothing(limit: int | None) -> int:
    return NOTHING if limit is None else limit


def _ints(values: Iterable[int]) -> Ints:
    return np.fromiter(values, dtype=np.int64)

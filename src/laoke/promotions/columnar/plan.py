"""Offers as flat arrays, in pricing order, for the kernel.

Everything that can be decided once per offer or product (scope, layer, steps) is decided here, so that the kernel
meets only numbers.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from laoke.promotions.columnar.columns import Ints
from laoke.promotions.engine import Layer, Offer, PercentOff, ShopCoupon, ThresholdDiscount, check_offers

PERCENT, STEPS, REPEATING = 0, 1, 2
NO_CAP = -1


@dataclass(frozen=True, slots=True)
class Plan:
    """k offers sorted by layer and id. A coupon is a 满减 of one step; `covers` is (k, products).

    `layer_start[i]` is the first offer of layer i (item first); `step_start[j]` the first step of offer j.
    """

    offers: tuple[Offer, ...]
    layer_start: Ints
    one_per_order: npt.NDArray[np.bool_]
    kind: Ints
    pay_bp: Ints
    cap_cents: Ints
    step_start: Ints
    threshold_cents: Ints
    off_cents: Ints
    covers: npt.NDArray[np.bool_]


def make_plan(offers: Iterable[Offer], product_ids: Sequence[str], categories: Sequence[str]) -> Plan:
    """The plan for `offers` over these products. Raises EngineError as `check_offers` does."""
    ordered = check_offers(offers)
    steps = [_steps(offer) for offer in ordered]
    layers = list(Layer)
    of_layer = [layers.index(offer.layer) for offer in ordered]
    covers = np.zeros((len(ordered), len(product_ids)), dtype=np.bool_)
    for row, offer in enumerate(ordered):
        for column, (product_id, category) in enumerate(zip(product_ids, categories, strict=True)):
            covers[row, column] = offer.scope.covers(product_id, category)
    return Plan(
        offers=ordered,
        layer_start=np.searchsorted(of_layer, np.arange(len(layers) + 1)).astype(np.int64),
        one_per_order=np.array([layer.one_per_order for layer in layers]),
        kind=_ints(_kind(offer) for offer in ordered),
        pay_bp=_ints(o.mechanic.pay_bp if isinstance(o.mechanic, PercentOff) else 0 for o in ordered),
        cap_cents=_ints(_cap(offer) for offer in ordered),
        step_start=_ints(sum(len(found) for found in steps[:row]) for row in range(len(steps) + 1)),
        threshold_cents=_ints(threshold for found in steps for threshold, _ in found),
        off_cents=_ints(off for found in steps for _, off in found),
        covers=covers,
    )


def _steps(offer: Offer) -> list[tuple[int, int]]:
    mechanic = offer.mechanic
    if isinstance(mechanic, ThresholdDiscount):
        return [(step.threshold_cents, step.off_cents) for step in mechanic.steps]
    if isinstance(mechanic, ShopCoupon):
        return [(mechanic.threshold_cents, mechanic.face_cents)]
    return []


def _kind(offer: Offer) -> int:
    if isinstance(offer.mechanic, PercentOff):
        return PERCENT
    return REPEATING if isinstance(offer.mechanic, ThresholdDiscount) and offer.mechanic.repeating else STEPS


def _cap(offer: Offer) -> int:
    cap = offer.mechanic.cap_cents if isinstance(offer.mechanic, ThresholdDiscount) else None
    return NO_CAP if cap is None else cap


def _ints(values: Iterable[int]) -> Ints:
    return np.fromiter(values, dtype=np.int64)

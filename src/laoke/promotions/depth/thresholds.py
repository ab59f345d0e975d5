"""Where a step would earn the most, if buyers filled up to it as the operator assumes. Nothing here is measured but the
orders: how far buyers go and how many of them is stated by people, and shown as such."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from laoke.money import FULL_BP, divide_half_up
from laoke.promotions.depth.values import OrderValues
from laoke.promotions.engine import Offer, ShopCoupon, ThresholdDiscount


@dataclass(frozen=True, slots=True)
class FillUp:
    """One step 'from T on `off_cents` off', once per order, and what is assumed of buyers.

    reach_bp   who lies at most this share of T below it is near; the border is rounded up to the next edge
    low_bp, likely_bp, high_bp   of those who are near, this share buys on to exactly T
    rate_bp    what a yuan of goods leaves after cost and fee
    fee_bp     the platform's share: it is not paid on what is taken off
    """

    off_cents: int
    rate_bp: int
    fee_bp: int = 0
    reach_bp: int = 2_000
    low_bp: int = 1_000
    likely_bp: int = 2_000
    high_bp: int = 3_000


@dataclass(frozen=True, slots=True)
class StepFigures:
    """One threshold. `over` have reached it as they are, `near` could be lifted, and lack `gap_cents` together.

    The changes are what is earned more than without this step (negative: less), at the likely share and at the ends of
    the assumed span. `needed_bp` is the share of the near that must fill up so that the step pays, rounded up; None
    where not even all of them would do.
    """

    threshold_cents: int
    over: int
    near: int
    gap_cents: int
    change_cents: int
    low_cents: int
    high_cents: int
    needed_bp: int | None


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """The best step under one pair of assumptions; None where every step costs more than it brings."""

    reach_bp: int
    share_bp: int
    best: StepFigures | None


def step_figures(values: OrderValues, threshold_cents: int, fill: FillUp) -> StepFigures:
    """The figures of the step at an edge of the distribution."""
    low = -(-threshold_cents * (FULL_BP - fill.reach_bp) // FULL_BP)
    near, near_cents = values.between(low, threshold_cents)
    over = values.from_on(threshold_cents)
    gap = near * threshold_cents - near_cents
    each = fill.off_cents * (FULL_BP - fill.fee_bp)
    # In ten-thousandths of a cent: what the step costs anyway, and what it brings if all who are near fill up.
    cost, brought = each * over, fill.rate_bp * gap - each * near
    ends = [_change(cost, brought, share) for share in (fill.low_bp, fill.high_bp)]
    needed = -(-cost * FULL_BP // brought) if brought > 0 else (0 if not cost and not brought else None)
    return StepFigures(
        threshold_cents, over, near, gap, _change(cost, brought, fill.likely_bp), min(ends), max(ends),
        needed if needed is not None and needed <= FULL_BP else None,
    )  # fmt: skip


def _change(cost: int, brought: int, share_bp: int) -> int:
    return divide_half_up(brought * share_bp - cost * FULL_BP, FULL_BP * FULL_BP)


def steps_of(values: OrderValues, fill: FillUp) -> list[StepFigures]:
    """Every step that is dearer than what it takes off, ascending."""
    return [step_figures(values, step, fill) for step in values.steps if step > fill.off_cents]


def own_steps(offers: Iterable[Offer]) -> list[tuple[int, int]]:
    """The steps of a plan as (threshold, off) in cents: of a 满减 what each takes off more than the one below it, of a
    coupon its face. A rate takes off no fixed amount and is not among them."""
    found = []
    for offer in offers:
        terms = offer.mechanic
        if isinstance(terms, ThresholdDiscount):
            below = 0
            for step in terms.steps:
                found.append((step.threshold_cents, step.off_cents - below))
                below = step.off_cents
        elif isinstance(terms, ShopCoupon) and terms.threshold_cents:
            found.append((terms.threshold_cents, terms.face_cents))
    return found


def best_of(steps: Iterable[StepFigures]) -> StepFigures | None:
    """The step that earns the most more than none, the lowest of equals; None where none earns anything."""
    best = max(steps, key=lambda one: (one.change_cents, -one.threshold_cents), default=None)
    return best if best is not None and best.change_cents > 0 else None


def sensitivity(values: OrderValues, fill: FillUp) -> list[Sensitivity]:
    """The best step under half, all and one and a half times the reach, each with the low, likely and high share."""
    found = []
    for reach in (fill.reach_bp // 2, fill.reach_bp, min(fill.reach_bp * 3 // 2, FULL_BP)):
        for share in (fill.low_bp, fill.likely_bp, fill.high_bp):
            assumed = replace(fill, reach_bp=reach, likely_bp=share)
            found.append(Sensitivity(reach, share, best_of(steps_of(values, assumed))))
    return found

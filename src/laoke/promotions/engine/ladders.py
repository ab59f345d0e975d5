"""Order-level mechanics with steps: from an amount or a number of pieces on, an amount or a rate comes off.

Steps of one offer do not add up: the highest that is reached counts (rule R5).
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from laoke.money import FULL_BP, MAX_CENTS
from laoke.promotions.engine.errors import EngineError, check_between

MOST_PIECES = 1_000


@dataclass(frozen=True, slots=True)
class DiscountStep:
    """One step of a 满减: from `threshold_cents` on, `off_cents` come off."""

    threshold_cents: int
    off_cents: int

    def __post_init__(self) -> None:
        check_between("threshold_cents", self.threshold_cents, 1, MAX_CENTS)
        check_between("off_cents", self.off_cents, 1, MAX_CENTS)
        if self.off_cents > self.threshold_cents:
            raise EngineError("off_above_threshold", "off_cents", threshold_cents=self.threshold_cents)


@dataclass(frozen=True, slots=True)
class ThresholdDiscount:
    """满减: the highest reached step counts; a repeating one (每满) has one step, times as often as it is reached.

    `cap_cents` bounds the discount of a repeating one (上不封顶 = None).
    """

    steps: tuple[DiscountStep, ...]
    repeating: bool = False
    cap_cents: int | None = None

    def __post_init__(self) -> None:
        if not self.steps:
            raise EngineError("no_steps", "steps")
        if self.repeating and len(self.steps) != 1:
            raise EngineError("repeating_needs_one_step", "steps", found=len(self.steps))
        for lower, upper in zip(self.steps, self.steps[1:], strict=False):
            if upper.threshold_cents <= lower.threshold_cents or upper.off_cents <= lower.off_cents:
                raise EngineError("steps_must_rise", "steps", threshold_cents=upper.threshold_cents)
        if self.cap_cents is not None:
            check_between("cap_cents", self.cap_cents, 1, MAX_CENTS)
            if not self.repeating:
                raise EngineError("cap_needs_repeating", "cap_cents")


@dataclass(frozen=True, slots=True)
class ShopCoupon:
    """优惠券: `face_cents` off from `threshold_cents` on (0 = no threshold); must be held unless `must_hold` is off."""

    threshold_cents: int
    face_cents: int
    must_hold: bool = True

    def __post_init__(self) -> None:
        check_between("threshold_cents", self.threshold_cents, 0, MAX_CENTS)
        check_between("face_cents", self.face_cents, 1, MAX_CENTS)
        if 0 < self.threshold_cents < self.face_cents:
            raise EngineError("off_above_threshold", "face_cents", threshold_cents=self.threshold_cents)


@dataclass(frozen=True, slots=True)
class RateStep:
    """One step of a 满折: from `threshold_cents` on, the buyer pays `pay_bp`."""

    threshold_cents: int
    pay_bp: int

    def __post_init__(self) -> None:
        check_between("threshold_cents", self.threshold_cents, 1, MAX_CENTS)
        check_between("pay_bp", self.pay_bp, 1, FULL_BP - 1)


@dataclass(frozen=True, slots=True)
class ThresholdRate:
    """满折: the rate of the highest step that the sum reaches, on every piece in scope."""

    steps: tuple[RateStep, ...]

    def __post_init__(self) -> None:
        _check_rates([(step.threshold_cents, step.pay_bp) for step in self.steps])


@dataclass(frozen=True, slots=True)
class CountDiscountStep:
    """One step of a 满件折: from `pieces` on, the buyer pays `pay_bp`."""

    pieces: int
    pay_bp: int

    def __post_init__(self) -> None:
        check_between("pieces", self.pieces, 1, MOST_PIECES)
        check_between("pay_bp", self.pay_bp, 1, FULL_BP - 1)


@dataclass(frozen=True, slots=True)
class CountDiscount:
    """满件折: the rate of the highest step that the number of pieces reaches, on every piece in scope."""

    steps: tuple[CountDiscountStep, ...]

    def __post_init__(self) -> None:
        _check_rates([(step.pieces, step.pay_bp) for step in self.steps])


@dataclass(frozen=True, slots=True)
class CountOffStep:
    """One step of a 满件减: from `pieces` on, `off_cents` come off the order."""

    pieces: int
    off_cents: int

    def __post_init__(self) -> None:
        check_between("pieces", self.pieces, 1, MOST_PIECES)
        check_between("off_cents", self.off_cents, 1, MAX_CENTS)


@dataclass(frozen=True, slots=True)
class CountOff:
    """满件减: as 满减, by the number of pieces. A repeating one (每 N 件) has one step and may have a cap."""

    steps: tuple[CountOffStep, ...]
    repeating: bool = False
    cap_cents: int | None = None

    def __post_init__(self) -> None:
        if not self.steps:
            raise EngineError("no_steps", "steps")
        if self.repeating and len(self.steps) != 1:
            raise EngineError("repeating_needs_one_step", "steps", found=len(self.steps))
        for lower, upper in zip(self.steps, self.steps[1:], strict=False):
            if upper.pieces <= lower.pieces or upper.off_cents <= lower.off_cents:
                raise EngineError("steps_must_rise", "steps")
        if self.cap_cents is not None:
            check_between("cap_cents", self.cap_cents, 1, MAX_CENTS)
            if not self.repeating:
                raise EngineError("cap_needs_repeating", "cap_cents")


def _check_rates(steps: Sequence[tuple[int, int]]) -> None:
    """Steps of a rate: thresholds rise, what is paid falls."""
    if not steps:
        raise EngineError("no_steps", "steps")
    for (lower, paid), (upper, next_paid) in itertools.pairwise(steps):
        if upper <= lower or next_paid >= paid:
            raise EngineError("rates_must_fall", "steps")

"""How much a buyer has to understand: points by what makes an offer hard to read, each with its name.

The weights are this product's own. Up to 4 is read at a glance, up to 8 must be explained, above that buyers ask the
service or leave.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from laoke.promotions.engine import (
    CountOff,
    MemberPrice,
    Offer,
    ShopCoupon,
    ThresholdDiscount,
    ThresholdGift,
)

EASY, FAIR = 4, 8
Part = Literal[
    "offers", "steps", "repeating", "cap", "claim", "goods", "left_out", "buyers", "per_person", "times", "choice"
]  # fmt: skip


@dataclass(frozen=True)
class Complexity:
    """Points by part; parts without points are absent."""

    parts: tuple[tuple[Part, int], ...]

    @property
    def points(self) -> int:
        """All together."""
        return sum(points for _, points in self.parts)

    @property
    def band(self) -> Literal["easy", "fair", "hard"]:
        return "easy" if self.points <= EASY else "fair" if self.points <= FAIR else "hard"


def own_offers(offers: Iterable[Offer]) -> list[Offer]:
    """Those that the shop itself runs: the platform's it neither chooses nor explains."""
    return [one for one in offers if not one.layer.is_platforms]


def complexity_of(offers: Sequence[Offer]) -> Complexity:
    """One point for each offer and for each thing about it that a buyer must keep in mind."""
    counted: Counter[Part] = Counter()
    own = own_offers(offers)
    for offer in own:
        counted["offers"] += 1
        counted.update(_parts(offer))
    # One time for all needs no word; every further one does.
    counted["times"] += max(0, len({(one.window.start, one.window.end) for one in own}) - 1)
    return Complexity(tuple((part, counted[part]) for part in counted if counted[part]))


def _parts(offer: Offer) -> dict[Part, int]:
    terms, scope = offer.mechanic, offer.scope
    steps = getattr(terms, "steps", ())
    found: dict[Part, int] = {"steps": max(0, len(steps) - 1)}
    if isinstance(terms, ThresholdDiscount | CountOff):
        found["repeating"], found["cap"] = int(terms.repeating), int(terms.cap_cents is not None)
    if isinstance(terms, ShopCoupon):
        found["claim"] = int(terms.must_hold)
    if isinstance(terms, ThresholdGift):
        found["choice"] = int(any(len(step.choices) > 1 for step in terms.steps))
    named = offer.reach.product_ids or scope.categories
    found["goods"], found["left_out"] = int(bool(named)), int(bool(scope.excluded_product_ids))
    found["buyers"] = int(bool(offer.audience) or isinstance(terms, MemberPrice))
    found["per_person"] = int(offer.limits.per_person is not None)
    return found

"""The least any buyer could pay for a basket (rule R16): the cheapest of the outcomes with item-level offers left out.

All of them are looked at, few are worked out: what offers promise on the prices of an outcome bounds what it can cost.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import combinations
from operator import and_, attrgetter, itemgetter

from laoke.promotions.engine.checking import Layered
from laoke.promotions.engine.pricing import apply_layer, price
from laoke.promotions.engine.promises import promise
from laoke.promotions.engine.selection import best_set
from laoke.promotions.engine.state import Ground, Pricing
from laoke.promotions.engine.values import Layer, Offer

_ADDON, _POSTAGE = Layer.ADDON, Layer.POSTAGE
_MOST_TRIED_EXACTLY = 6
_FIRST, _MOST = itemgetter(0), attrgetter("most_cents")

Chosen = tuple[Offer, ...]


def worst_outcome(
    ground: Ground, items: Sequence[Offer], later: Layered, with_all: Pricing | None
) -> Pricing:
    """The cheapest outcome for the buyer of offers on items and later ones; `with_all` is that of all of them where
    it is known already."""
    touching = tuple([offer for offer in items if ground.part(offer).positions])
    best = price(ground, touching, later, told=False) if with_all is None else with_all
    if not touching or not later:
        return best
    # No promise shrinks when a price rises, and no item-level price lies above the list price: what offers promise on
    # list prices is the most that they take off in any outcome, and what is not reached there is reached nowhere.
    listed = price(ground, (), [], told=False)
    later, bounds = _bounded(listed, later)
    most_cents = sum(map(_MOST, bounds)) + _waivable_cents(ground, later)
    least_cents = listed.total_cents - most_cents
    # A line takes one item-level price, so a set of offers saves at most what each of them saves alone.
    saved = [_saved_cents(ground, offer) for offer in touching]
    far = best.total_cents - least_cents
    for size in _sizes(len(touching)):
        sets = zip(combinations(touching, size), combinations(saved, size), strict=True)
        near = [chosen for chosen, cents in sets if sum(cents) + far > 0]
        # Fewer offers save no more: where no set of a size is near, no smaller one is.
        if not near:
            break
        for chosen in near:
            outcome = price(ground, chosen, [], told=False) if chosen else listed
            if _may_be_below(best.total_cents, outcome, bounds, most_cents):
                for layer, offers in later:
                    apply_layer(outcome, layer, offers)
                if outcome.total_cents < best.total_cents:
                    best = outcome
    return best


@dataclass(frozen=True, slots=True)
class _Bound:
    """What one layer takes off at most: its offers with what they promise on list prices, the most first.

    `rivals` says that only one of them can apply, `most_cents` what they take off on list prices, in sets that R7
    allows.
    """

    offers: Sequence[tuple[int, Offer]]
    rivals: bool
    most_cents: int

    def promised(self, pricing: Pricing) -> int:
        """What the layer takes off at most on the prices of an outcome."""
        if not self.rivals:
            return _most_of_sets(
                [(_promised(pricing, offer), offer) for _most, offer in self.offers], pricing
            )
        found = 0
        for most, offer in self.offers:
            if most <= found:
                break
            found = max(found, _promised(pricing, offer))
        return found


def _bounded(listed: Pricing, later: Layered) -> tuple[Layered, list[_Bound]]:
    """The layers with those offers that are reached in any outcome, and what each takes off, the largest first."""
    layers, bounds = [], []
    for layer, offers in later:
        if not layer.changes_goods:
            layers.append((layer, offers))
            continue
        found = [(most, offer) for offer in offers if (most := _promised(listed, offer))]
        if not found:
            continue
        layers.append((layer, [offer for _most, offer in found]))
        found.sort(key=_FIRST, reverse=True)
        rivals = layer.one_per_order or bool(
            reduce(and_, [listed.ground.part(offer).mask for _, offer in found])
        )
        bounds.append(_Bound(found, rivals, found[0][0] if rivals else _most_of_sets(found, listed)))
    bounds.sort(key=_MOST, reverse=True)
    return layers, bounds


def _promised(pricing: Pricing, offer: Offer) -> int:
    """What an offer promises on the prices of an outcome; 0 when it is not reached."""
    ground = pricing.ground
    part = ground.part(offer)
    if not part.positions:
        return 0
    wares = pricing.wares_of(part)
    counted = pricing.wares_of(ground.counted(offer)) if offer.layer is _ADDON else wares
    found = promise(offer.mechanic, wares, counted)
    return found.face_cents if found.times else 0


def _most_of_sets(promised: Sequence[tuple[int, Offer]], pricing: Pricing) -> int:
    """The most that offers of a layer promise together, without two on one line (rule R7)."""
    values = [cents for cents, _offer in promised]
    masks = [pricing.ground.part(offer).mask for _cents, offer in promised]
    chosen = best_set(values, masks, one_per_order=False)
    return sum(cents for place, cents in enumerate(values) if chosen >> place & 1)


def _may_be_below(limit_cents: int, outcome: Pricing, bounds: Sequence[_Bound], most_cents: int) -> bool:
    """Whether it may cost less than the limit: each layer's bound gives way to what the layer promises here."""
    least = outcome.total_cents - most_cents
    for bound in bounds:
        if least >= limit_cents:
            return False
        least += bound.most_cents - bound.promised(outcome)
    return least < limit_cents


def _waivable_cents(ground: Ground, later: Layered) -> int:
    """The postage, where there are offers that take it off."""
    postage_cents = ground.basket.postage_cents
    return postage_cents if postage_cents and any(layer is _POSTAGE for layer, _offers in later) else 0


def _saved_cents(ground: Ground, offer: Offer) -> int:
    """What an item-level offer takes off when it is the only one (rule R3)."""
    lines = ground.lines
    return sum(
        (lines[position].unit_price_cents - unit) * lines[position].quantity
        for position, unit in ground.prices(offer).items()
    )


def _sizes(count: int) -> Iterator[int]:
    """How many item-level offers to leave in beside all of them, the most first: any number up to six offers that
    touch the basket, with more all but one of them, and none."""
    return iter(range(count - 1, -1, -1) if count <= _MOST_TRIED_EXACTLY else (count - 1, 0))

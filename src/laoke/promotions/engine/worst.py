"""The least any buyer could pay for a basket (rule R16): the cheapest of the outcomes with item-level offers left out.

All of them are looked at, few are worked out: what offers promise on the prices of an outcome bounds what it can cost.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

from laoke.promotions.engine.pricing import (
    Layered,
    Reached,
    apply_layer,
    apply_reached,
    by_layer,
    price,
    reached,
)
from laoke.promotions.engine.selection import best_set
from laoke.promotions.engine.state import Ground, Pricing
from laoke.promotions.engine.values import Layer, Offer

_MOST_TRIED_EXACTLY = 6

Chosen = tuple[Offer, ...]


def worst_outcome(ground: Ground, ordered: Sequence[Offer], with_all: Pricing | None) -> Pricing:
    """The cheapest outcome for the buyer; `with_all` is that of all offers where it is known already."""
    touching = tuple(offer for offer in ordered if offer.layer is Layer.ITEM and ground.part(offer).positions)
    later = by_layer(offer for offer in ordered if offer.layer is not Layer.ITEM)
    best = price(ground, touching, later, told=False) if with_all is None else with_all
    if not touching or not later:
        return best
    # No promise shrinks when a price rises, and no item-level price lies above the list price: what offers promise on
    # list prices is the most that they take off in any outcome.
    listed = _Outcome(ground, (), later)
    at_most = listed.at_most()
    most_cents = sum(most for _place, most in at_most)
    # A line takes one item-level price, so a set of offers saves at most what each of them saves alone.
    saved = {offer.offer_id: _saved_cents(ground, offer) for offer in touching}
    far = best.total_cents - (listed.goods_cents - most_cents)
    for choices in _choices_by_size(touching):
        near = [chosen for chosen in choices if sum(saved[one.offer_id] for one in chosen) + far > 0]
        # Fewer offers save no more: where no set of a size is near, no smaller one is.
        if not near:
            break
        for chosen in near:
            outcome = _Outcome(ground, chosen, later) if chosen else listed
            if outcome.may_be_below(best.total_cents, at_most, most_cents):
                found = outcome.finished()
                if found.total_cents < best.total_cents:
                    best = found
    return best


class _Outcome:
    """A basket under some item-level offers, with what the later layers promise on these prices.

    Layers are named by their place among the later ones.
    """

    def __init__(self, ground: Ground, item_offers: Chosen, later: Layered) -> None:
        self._pricing = price(ground, item_offers, [], told=False)
        self._later = later
        self._reached: list[list[Reached]] = [[]] * len(later)

    @property
    def goods_cents(self) -> int:
        """The sum of its item-level prices, until it is finished."""
        return self._pricing.goods_cents

    def at_most(self) -> list[tuple[int, int]]:
        """(place, what the layer takes off at most: its promises, in sets that R7 allows), the largest first."""
        found = [
            (place, self._promised(place))
            for place, (layer, _offers) in enumerate(self._later)
            if layer.changes_goods
        ]
        return sorted(found, key=_negative_cents)

    def may_be_below(self, limit_cents: int, at_most: Sequence[tuple[int, int]], most_cents: int) -> bool:
        """Whether it may cost less than the limit: each layer's bound gives way to what the layer promises here."""
        least = self.goods_cents - most_cents
        for place, most in at_most:
            if least >= limit_cents:
                return False
            least += most - self._promised(place)
        return least < limit_cents

    def finished(self) -> Pricing:
        """The outcome worked out, once."""
        for (layer, offers), found in zip(self._later, self._reached, strict=True):
            if layer.changes_goods:
                apply_reached(self._pricing, layer, found)
            else:
                apply_layer(self._pricing, layer, offers)
        return self._pricing

    def _promised(self, place: int) -> int:
        layer, offers = self._later[place]
        found = [one for offer in offers if (one := reached(self._pricing, offer)) is not None]
        self._reached[place] = found
        if not found:
            return 0
        faces = [one.promise.face_cents for one in found]
        if layer.one_per_order or len(found) == 1:
            return max(faces)
        chosen = best_set(faces, [one.wares.mask for one in found], one_per_order=False)
        return sum(cents for number, cents in enumerate(faces) if chosen >> number & 1)


def _negative_cents(row: tuple[int, int]) -> int:
    return -row[1]


def _saved_cents(ground: Ground, offer: Offer) -> int:
    """What an item-level offer takes off when it is the only one (rule R3)."""
    lines = ground.lines
    return sum(
        (lines[position].unit_price_cents - unit) * lines[position].quantity
        for position, unit in ground.prices(offer).items()
    )


def _choices_by_size(touching: Chosen) -> Iterator[Iterator[Chosen]]:
    """The sets of item-level offers to try beside all of them, the large ones first: every set up to six offers that
    touch the basket, with more those without one of them, and none."""
    count = len(touching)
    sizes = range(count - 1, -1, -1) if count <= _MOST_TRIED_EXACTLY else (count - 1, 0)
    return (combinations(touching, size) for size in sizes)

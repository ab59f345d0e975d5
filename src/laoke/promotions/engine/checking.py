"""Offers checked and sorted once, for as many baskets as are priced with the same ones.

A shop asks for prices all day under the same few offers. Their order, their layers and what can close each hang on
nothing in a basket. The last sets are kept, not only the last one: a process answers for several shops in turn, and
for buyers with different coupons.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import is_
from typing import NamedTuple

from laoke.promotions.engine.opening import BY_BUYERS, Gate, at_lowest, gate_of
from laoke.promotions.engine.values import MAX_OFFERS_PER_LAYER, Layer, Offer, check_offers

MOST_KEPT = 64

_ITEM = Layer.ITEM

Layered = list[tuple[Layer, list[Offer]]]


class Checked(NamedTuple):
    """Offers in pricing order, by layer, and by layer with the lowest price of each; `one_price` says that none has
    several.

    `gates` say what can close each, `by_buyers` are those that want more buyers (R32, R33). `given` are the offers as
    they came: no other one gets the identity of one of them while they are kept.
    """

    given: tuple[Offer, ...]
    ordered: tuple[Offer, ...]
    by_layer: tuple[Sequence[Offer], Layered]
    at_lowest: tuple[Sequence[Offer], Layered]
    one_price: bool
    gates: Sequence[Gate]
    by_buyers: Sequence[Offer]


_kept: dict[tuple[int, ...], Checked] = {}


def checked(offers: Iterable[Offer], *, most_coupons: int = MAX_OFFERS_PER_LAYER) -> Checked:
    """The offers as `check_offers` gives and refuses them; worked out once while the same ones are asked for again.

    They are found by identity: offers are values that never change, and to compare what they say takes longer than to
    price a basket.
    """
    given = tuple(offers)
    key = (most_coupons, *map(id, given))
    found = _kept.get(key)
    if found is None:
        found = _checked(given, most_coupons)
        if len(_kept) >= MOST_KEPT:
            _kept.clear()
        _kept[key] = found
    return found


def _checked(given: tuple[Offer, ...], most_coupons: int) -> Checked:
    ordered = check_offers(given, most_coupons=most_coupons)
    lowest = [at_lowest(offer) for offer in ordered]
    one_price = all(map(is_, lowest, ordered))
    layers = by_layer(ordered)
    return Checked(
        given,
        ordered,
        layers,
        layers if one_price else by_layer(lowest),
        one_price,
        gates=[gate_of(offer) for offer in ordered],
        by_buyers=[offer for offer in ordered if type(offer.mechanic) in BY_BUYERS],
    )


def by_layer(ordered: Sequence[Offer]) -> tuple[Sequence[Offer], Layered]:
    """Of offers in pricing order those on items, and the later ones, a list per layer."""
    items: list[Offer] = []
    later: Layered = []
    last = None
    for offer in ordered:
        layer = offer.layer
        if layer is _ITEM:
            items.append(offer)
        elif layer is last:
            later[-1][1].append(offer)
        else:
            later.append((layer, [offer]))
            last = layer
    return items, later

"""Offers checked and sorted once, for as many baskets as are priced with the same ones."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from operator import attrgetter, is_
from typing import NamedTuple

from laoke.promotions.engine.opening import at_lowest
from laoke.promotions.engine.values import MAX_OFFERS_PER_LAYER, Layer, Offer, check_offers

_ITEM = Layer.ITEM
_LAYER = attrgetter("layer")

Layered = list[tuple[Layer, list[Offer]]]


class Checked(NamedTuple):
    """Offers in pricing order, by layer, and by layer with the lowest price of each; `one_price` says that none has
    several."""

    ordered: tuple[Offer, ...]
    by_layer: tuple[Sequence[Offer], Layered]
    at_lowest: tuple[Sequence[Offer], Layered]
    one_price: bool


class _Last:
    """What was checked last: the offers themselves, so that they are compared by identity and none can come back as
    another."""

    def __init__(self) -> None:
        self.found: tuple[tuple[Offer, ...], int, Checked] | None = None


_last = _Last()


def checked(offers: Iterable[Offer], *, most_coupons: int = MAX_OFFERS_PER_LAYER) -> Checked:
    """The offers as `check_offers` gives and refuses them; worked out once while the same ones are asked for again."""
    given = tuple(offers)
    if (last := _last.found) is not None:
        before, most, found = last
        if most == most_coupons and len(before) == len(given) and all(map(is_, before, given)):
            return found
    ordered = check_offers(given, most_coupons=most_coupons)
    lowest = [at_lowest(offer) for offer in ordered]
    one_price = all(map(is_, lowest, ordered))
    layers = by_layer(ordered)
    found = Checked(ordered, layers, layers if one_price else by_layer(lowest), one_price)
    _last.found = given, most_coupons, found
    return found


def by_layer(ordered: Sequence[Offer]) -> tuple[Sequence[Offer], Layered]:
    """Of offers in pricing order those on items, and the later ones, a list per layer."""
    items = [offer for offer in ordered if offer.layer is _ITEM]
    later = groupby(ordered[len(items) :], key=_LAYER)
    return items, [(layer, list(of_layer)) for layer, of_layer in later]

"""The coupons that bring an order to its lowest price, and what speaks against each of the others (rules R36 to R38).

`quote` takes of each coupon layer the one that takes most off there (R8). Where coupons reach for the same lines that
is not always the cheapest order: what one takes of a line, a later one cannot take again. Here every choice is priced.
There are few, because an order takes one coupon of a layer: with m and n that are reached, (m + 1) · (n + 1) and not
2^(m + n).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from laoke.promotions.engine.checking import Layered, by_layer, checked
from laoke.promotions.engine.opening import open_offers
from laoke.promotions.engine.pricing import apply_layer, price
from laoke.promotions.engine.promises import promise
from laoke.promotions.engine.quoting import told_quote
from laoke.promotions.engine.results import Quote, Refusal
from laoke.promotions.engine.state import Ground, Pricing
from laoke.promotions.engine.values import Basket, Layer, Offer

MOST_COUPONS = 40
"""Coupons of one layer that are tried: 41 · 41 prices at most."""

Ids = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Combination:
    """The cheapest order: its quote, the coupons that make it, and how many combinations were priced to find it.

    `quote.refused` says of every other coupon why it is not used.
    """

    quote: Quote
    coupon_ids: Ids
    tried: int


@dataclass(slots=True)
class _Search:
    """What is found while choices are priced. Ranks are (cents for the goods, coupons, ids): the lowest is the best."""

    layers: Layered
    choices: Mapping[Layer, Sequence[Offer]]
    caps: Mapping[str, int]
    kept: frozenset[str]
    tried: int = 0
    best: tuple[int, int, Ids] | None = None
    least_with: dict[str, int] = field(default_factory=dict)
    wanted: dict[str, int] = field(default_factory=dict)


def best_quote(
    basket: Basket,
    offers: Iterable[Offer],
    at: datetime,
    caps: Mapping[str, int] | None = None,
    kept: frozenset[str] = frozenset(),
) -> Combination:
    """Price `basket` at `at` (shop time) with those of the open coupons that make it cheapest.

    `caps` names by offer id what a coupon may take at most, in cents: what is left of its budget. A combination in
    which one would take more is none (R38). `kept` names by offer id the coupons that the order has already: what is
    reached of them is used, and no other one of their layer. Raises EngineError as `quote` does, but `too_many_offers`
    only for more than `MOST_COUPONS` coupons of one layer.
    """
    asked = checked(offers, most_coupons=MOST_COUPONS)
    ground = Ground(basket)
    opened, refused = open_offers(asked.gates, ground, at)
    items, layers = by_layer(opened)
    start = price(ground, items, [], told=False)
    reached = {layer: _reached(start, of_layer) for layer, of_layer in layers if layer.one_per_order}
    open_to = {layer: _kept_of(of_layer, kept) or of_layer for layer, of_layer in reached.items()}
    twins = _twins([offer for of_layer in open_to.values() for offer in of_layer], ground, caps or {})
    choices = {
        layer: [offer for offer in of_layer if offer.offer_id not in twins]
        for layer, of_layer in open_to.items()
    }
    search = _Search(layers, choices, caps or {}, kept)
    for goods_cents, chosen in _outcomes(search, start, 0, ()):
        _note(search, goods_cents, chosen)
    if search.best is None:
        raise AssertionError("an order without any coupon can always be priced")
    coupon_ids = search.best[2]
    left_out = [
        offer for of_layer in reached.values() for offer in of_layer if offer.offer_id not in coupon_ids
    ]
    ids = {offer.offer_id for offer in left_out}
    refused += [_against(offer, search, twins) for offer in left_out]
    used = [offer for offer in opened if offer.offer_id not in ids]
    return Combination(told_quote(basket, ground, asked, used, refused, at), coupon_ids, search.tried)


def _kept_of(coupons: Sequence[Offer], kept: frozenset[str]) -> list[Offer]:
    return [offer for offer in coupons if offer.offer_id in kept]


def _reached(start: Pricing, coupons: Sequence[Offer]) -> list[Offer]:
    """R37: coupons whose sum is reached. It is one of item-level prices (R4), so no other coupon changes it."""
    found = []
    for offer in coupons:
        wares = start.wares_of(start.ground.part(offer))
        if wares.positions and promise(offer.mechanic, wares, wares).times:
            found.append(offer)
    return found


def _twins(coupons: Sequence[Offer], ground: Ground, caps: Mapping[str, int]) -> dict[str, str]:
    """R37: coupons that do the same as another one that is tried, with its id: same layer, face and lines.

    Tried is the one that may take most, of equals the first by id.
    """
    first: dict[tuple[object, ...], Offer] = {}
    twins = {}
    for offer in sorted(coupons, key=lambda one: (-caps.get(one.offer_id, _NO_CAP), one.offer_id)):
        terms = offer.layer, ground.part(offer).mask, getattr(offer.mechanic, "face_cents", None)
        if terms in first:
            twins[offer.offer_id] = first[terms].offer_id
        else:
            first[terms] = offer
    return twins


_NO_CAP = 1 << 62


def _outcomes(search: _Search, pricing: Pricing, place: int, chosen: Ids) -> Iterator[tuple[int, Ids]]:
    """What the goods cost under every choice of coupons of the layers from `place` on, and the choice."""
    for number in range(place, len(search.layers)):
        layer, offers = search.layers[number]
        if layer.one_per_order:
            if not _kept_of(search.choices[layer], search.kept):
                yield from _outcomes(search, pricing.branch(), number + 1, chosen)
            for coupon in search.choices[layer]:
                with_it = pricing.branch()
                apply_layer(with_it, layer, [coupon])
                if _is_paid_for(search, coupon, pricing.goods_cents - with_it.goods_cents):
                    yield from _outcomes(search, with_it, number + 1, (*chosen, coupon.offer_id))
            return
        if layer.changes_goods:
            apply_layer(pricing, layer, offers)
    yield pricing.goods_cents, chosen


def _is_paid_for(search: _Search, coupon: Offer, cents: int) -> bool:
    """R38: whether the coupon may take as much; the least that it would have taken is kept for the reason."""
    coupon_id = coupon.offer_id
    if cents <= search.caps.get(coupon_id, cents):
        return True
    search.wanted[coupon_id] = min(cents, search.wanted.get(coupon_id, cents))
    return False


def _note(search: _Search, goods_cents: int, chosen: Ids) -> None:
    """R36: the cheapest, of equals the fewest coupons, of those the ids that sort first."""
    search.tried += 1
    rank = goods_cents, len(chosen), chosen
    if search.best is None or rank < search.best:
        search.best = rank
    for coupon_id in chosen:
        search.least_with[coupon_id] = min(goods_cents, search.least_with.get(coupon_id, goods_cents))


def _against(coupon: Offer, search: _Search, twins: Mapping[str, str]) -> Refusal:
    """Why a coupon that is reached is not used."""
    coupon_id = coupon.offer_id
    kept = _kept_of(search.choices[coupon.layer], search.kept)
    if kept:
        return Refusal(coupon_id, "kept_other", {"other": kept[0].offer_id})
    if coupon_id in twins:
        return Refusal(coupon_id, "same_as_other", {"other": twins[coupon_id]})
    if coupon_id not in search.least_with:
        return Refusal(
            coupon_id,
            "budget_too_small",
            {"left_cents": search.caps[coupon_id], "wanted_cents": search.wanted[coupon_id]},
        )
    best_cents = search.best[0] if search.best else 0
    more_cents = search.least_with[coupon_id] - best_cents
    return Refusal(coupon_id, "dearer_with_it" if more_cents else "no_cheaper", {"more_cents": more_cents})

"""The calculation behind a quote: the layers in order on the lines of one basket.

The same calculation is told (with shares, reasons and trace) for a quote, and untold for the many outcomes that the
worst case is chosen from.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from laoke.money import allocate_capped
from laoke.promotions.engine.checking import Layered
from laoke.promotions.engine.giving import apply_benefits, apply_gifts, apply_postage
from laoke.promotions.engine.promises import Promise, Wares, promise, shortfall
from laoke.promotions.engine.results import Consumed, Share
from laoke.promotions.engine.selection import best_set
from laoke.promotions.engine.state import Ground, Pricing
from laoke.promotions.engine.values import Layer, Offer

_ADDON = Layer.ADDON
_GIVING = {Layer.GIFT: apply_gifts, Layer.POSTAGE: apply_postage, Layer.BENEFIT: apply_benefits}


class Reached(NamedTuple):
    """An offer that is reached: its lines, and what it promises on them."""

    offer: Offer
    wares: Wares
    promise: Promise


def price(ground: Ground, item_offers: Sequence[Offer], later: Layered, *, told: bool) -> Pricing:
    """Apply the layers in order to the lines (rules R2, R3, R20)."""
    lines = ground.lines
    shares: list[list[Share]] = [[] for _ in lines] if told else []
    listed = ground.listed
    pricing = Pricing(ground, told, list(ground.units), list(listed), list(listed), [""] * len(lines), shares)
    if told:
        pricing.note("R1", "list_price", sum(listed), lines=len(lines))
    if item_offers:
        _apply_item_layer(pricing, item_offers)
    for layer, offers in later:
        apply_layer(pricing, layer, offers)
    return pricing


def apply_layer(pricing: Pricing, layer: Layer, offers: Sequence[Offer]) -> None:
    """Apply one layer after the item layer to the state that those before it left."""
    if layer.changes_goods:
        _apply_goods(pricing, layer, offers)
    else:
        _GIVING[layer](pricing, offers)


def _apply_item_layer(pricing: Pricing, offers: Sequence[Offer]) -> None:
    """Rule R3: each line takes the lowest price per piece, the first offer id of equals."""
    ground = pricing.ground
    for offer in offers:
        for position, unit in ground.prices(offer).items():
            if unit < pricing.units[position]:
                pricing.units[position] = unit
                pricing.item_offer[position] = offer.offer_id
    for position, line in enumerate(ground.lines):
        pricing.base[position] = pricing.room[position] = pricing.units[position] * line.quantity
    winners = set(pricing.item_offer)
    for offer in offers:
        if offer.offer_id in winners:
            pricing.used.append(offer.offer_id)
        if pricing.told:
            _report_item_offer(pricing, offer)
    if ground.deposits:
        _set_aside(pricing)


def _set_aside(pricing: Pricing) -> None:
    """Rule R31: the deposit of a piece is paid beforehand, so that what later offers can take is the balance."""
    ground = pricing.ground
    pricing.deposits = {
        position: ground.deposits[winner] * ground.lines[position].quantity
        for position, winner in enumerate(pricing.item_offer)
        if winner in ground.deposits
    }
    pricing.deposit_cents = sum(pricing.deposits.values())
    for position, cents in pricing.deposits.items():
        pricing.room[position] -= cents


def _report_item_offer(pricing: Pricing, offer: Offer) -> None:
    """Write down what an item-level offer took off, or why nothing."""
    lines, covered = pricing.ground.lines, pricing.ground.part(offer).positions
    if not covered:
        pricing.refuse(offer, "nothing_in_scope")
        return
    won = [position for position in covered if pricing.item_offer[position] == offer.offer_id]
    if not won:
        winners = [pricing.item_offer[position] for position in covered if pricing.item_offer[position]]
        if winners:
            pricing.refuse(offer, "loses_to_better", better=winners[0])
        else:
            pricing.refuse(offer, "nothing_to_take")
    else:
        before = sum(lines[position].unit_price_cents * lines[position].quantity for position in won)
        off = before - sum(pricing.base[position] for position in won)
        ids = tuple(lines[position].line_id for position in won)
        pricing.consumed.append(Consumed(offer.offer_id, offer.layer, ids, before, 1, off, off))
        pricing.note("R3", "item_price", -off, offer_id=offer.offer_id, lines=len(won))


def _apply_goods(pricing: Pricing, layer: Layer, offers: Sequence[Offer]) -> None:
    """Rules R4 to R11 for one order-level layer: test thresholds, choose, split over the lines."""
    found = [one for offer in offers if (one := reached(pricing, offer)) is not None]
    if found:
        apply_reached(pricing, layer, found)


def reached(pricing: Pricing, offer: Offer) -> Reached | None:
    """What an offer promises, or None after noting why it promises nothing.

    That is settled by item-level prices (R4): it is the same whatever the layers before it take off.
    """
    ground = pricing.ground
    part = counting = ground.part(offer)
    if offer.layer is _ADDON:
        counting = ground.counted(offer)
    if not counting.positions:
        pricing.refuse(offer, "nothing_in_scope")
        return None
    wares = counted = pricing.wares_of(part)
    if counting is not part:
        counted = pricing.wares_of(counting)
    found = promise(offer.mechanic, wares, counted)
    times = found.times
    if pricing.told and (missing := shortfall(offer.mechanic, counted)) is not None:
        pricing.missing(offer, missing, reached=times > 0)
    if not times:
        return None
    if not part.positions:
        pricing.refuse(offer, "no_addon_picked")
        return None
    return Reached(offer, wares, found)


def apply_reached(pricing: Pricing, layer: Layer, offers: Sequence[Reached]) -> None:
    """Of the offers of one layer that are reached choose, by what is left on their lines, and split."""
    candidates, values = [], []
    for one in offers:
        room = sum(map(pricing.room.__getitem__, one.wares.positions))
        value_cents = min(one.promise.face_cents, room)
        if value_cents:
            candidates.append(one)
            values.append(value_cents)
        else:
            pricing.refuse(one.offer, "nothing_to_take")
    if len(candidates) <= 1:
        for candidate in candidates:
            _take(pricing, candidate, values[0])
        return
    chosen = best_set(values, [one.wares.mask for one in candidates], one_per_order=layer.one_per_order)
    for place, (candidate, value_cents) in enumerate(zip(candidates, values, strict=True)):
        if chosen >> place & 1:
            _take(pricing, candidate, value_cents)
        elif pricing.told:
            rivals = [one for other, one in enumerate(candidates) if chosen >> other & 1]
            better = _winner(candidate, rivals, layer)
            pricing.refuse(candidate.offer, "loses_to_better", better=better, own_cents=value_cents)


def _take(pricing: Pricing, taken: Reached, value_cents: int) -> None:
    """Rules R10 and R11: split the discount over the lines in scope, never below zero."""
    offer, wares, found = taken
    positions, room = wares.positions, pricing.room
    shares = allocate_capped(found.face_cents, found.weights, [room[position] for position in positions])
    pricing.used.append(offer.offer_id)
    for position, cents in zip(positions, shares, strict=True):
        room[position] -= cents
    if pricing.told:
        _tell(pricing, taken, value_cents, shares)


def _tell(pricing: Pricing, taken: Reached, value_cents: int, shares: Sequence[int]) -> None:
    """Write down what an offer took off each line, on what sum and by which rule."""
    offer, wares, found = taken
    for position, cents in zip(wares.positions, shares, strict=True):
        pricing.shares[position].append(Share(offer.offer_id, offer.layer, cents))
    pricing.consumed.append(
        Consumed(
            offer.offer_id,
            offer.layer,
            wares.line_ids,
            wares.cents,
            found.times,
            found.face_cents,
            value_cents,
        )
    )
    pricing.note(
        found.rule,
        found.code or offer.layer.code,
        -value_cents,
        offer_id=offer.offer_id,
        scope_cents=wares.cents,
        times=found.times,
        lines=len(wares.line_ids),
    )
    lost = found.face_cents - value_cents
    if lost:
        pricing.note("R11", "no_room_left", 0, offer_id=offer.offer_id, lost_cents=lost)


def _winner(candidate: Reached, chosen: Sequence[Reached], layer: Layer) -> str:
    """The first chosen offer that stands in the candidate's way."""
    for rival in chosen:
        if layer.one_per_order or rival.wares.mask & candidate.wares.mask:
            return rival.offer.offer_id
    raise AssertionError("an offer without a rival is always chosen")

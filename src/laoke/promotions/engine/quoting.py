"""Pricing one basket by the numbered rules of docs/pricing.md.

`quote` answers what a buyer pays at a moment, `exposure` the least any buyer could pay. Nothing is changed by
pricing: the same basket and offers always give the same answer, in any order of lines and offers.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import combinations, groupby
from operator import attrgetter

from laoke.money import allocate_capped, pay_cents
from laoke.promotions.engine.results import (
    Consumed,
    Exposure,
    Params,
    Quote,
    QuotedLine,
    Refusal,
    Share,
    TraceStep,
)
from laoke.promotions.engine.selection import Candidate, best_set
from laoke.promotions.engine.values import (
    Basket,
    Buyer,
    Layer,
    Line,
    Offer,
    PercentOff,
    ShopCoupon,
    ThresholdDiscount,
    check_offers,
)

_MOST_TRIED_EXACTLY = 6
_LINE_ID, _LAYER = attrgetter("line_id"), attrgetter("layer")


def quote(basket: Basket, offers: Iterable[Offer], at: datetime) -> Quote:
    """Price `basket` at the moment `at` (shop time) with those of `offers` that are open to its buyer.

    Every offer comes back either as consumed or as refused with a reason. Raises EngineError for offers with the
    same id or more in one layer than can be tried.
    """
    ordered = check_offers(offers)
    refused = [refusal for offer in ordered if (refusal := _closed(offer, basket.buyer, at)) is not None]
    closed = {refusal.offer_id for refusal in refused}
    pricing = _price(basket, [offer for offer in ordered if offer.offer_id not in closed])
    # With nothing closed, what the buyer pays is one of the outcomes that the worst case is chosen from.
    worst = _worst(basket, ordered, None if closed else pricing)
    return _finished(basket, pricing, refused, sum(worst.room))


def exposure(basket: Basket, offers: Iterable[Offer]) -> Exposure:
    """The least a buyer could pay for the goods of `basket`: windows, audiences, coupons and limits all open.

    Thresholds are still tested. An item-level price can cost a buyer a threshold, so outcomes with item-level
    offers left out are tried too (rule R16) and the cheapest is the answer.
    """
    worst = _worst(basket, check_offers(offers), None)
    return Exposure(
        list_cents=sum(line.unit_price_cents * line.quantity for line in basket.lines),
        goods_cents=sum(worst.room),
        cost_cents=_cost(basket.lines),
        offer_ids=tuple(use.offer_id for use in worst.consumed),
    )


def _worst(basket: Basket, ordered: Sequence[Offer], with_all: _Pricing | None) -> _Pricing:
    """The cheapest outcome for the buyer; `with_all` is that of all offers where it is known already."""
    later = [offer for offer in ordered if offer.layer is not Layer.ITEM]
    choices = _item_level_choices(basket, ordered)
    outcomes = [_price(basket, [*choices[0], *later]) if with_all is None else with_all]
    outcomes += [_price(basket, [*chosen, *later]) for chosen in choices[1:]]
    return min(outcomes, key=lambda pricing: sum(pricing.room))


def _item_level_choices(basket: Basket, offers: Sequence[Offer]) -> list[tuple[Offer, ...]]:
    """The sets of item-level offers to try: every set up to six that touch the basket, else all, none, all but one.

    All of them stand first.
    """
    touching = [
        offer
        for offer in offers
        if offer.layer is Layer.ITEM
        and any(offer.scope.covers(line.product_id, line.category) for line in basket.lines)
    ]
    count = len(touching)
    sizes = range(count, -1, -1) if count <= _MOST_TRIED_EXACTLY else (count, count - 1, 0)
    return [chosen for size in sizes for chosen in combinations(touching, size)]


@dataclass(slots=True)
class _Pricing:
    """The state of one calculation: lines in pricing order with what is still payable on each."""

    lines: tuple[Line, ...]
    unit_base: list[int]
    base: list[int]
    room: list[int]
    item_offer: list[str]
    shares: list[list[Share]]
    consumed: list[Consumed] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)
    trace: list[TraceStep] = field(default_factory=list)

    def in_scope(self, offer: Offer) -> tuple[int, ...]:
        covers = offer.scope.covers
        return tuple(
            [position for position, line in enumerate(self.lines) if covers(line.product_id, line.category)]
        )

    def refuse(self, offer: Offer, code: str, **params: int | str) -> None:
        self.refused.append(Refusal(offer.offer_id, code, params))

    def note(self, rule: str, code: str, amount_cents: int, **params: int | str) -> None:
        self.trace.append(TraceStep(rule, code, params, amount_cents))


def _closed(offer: Offer, buyer: Buyer, at: datetime) -> Refusal | None:
    """Why the offer is not open to this buyer now (rule R13), or None."""
    if not offer.window.includes(at):
        moments: Params = {
            name: moment.isoformat(sep=" ")
            for name, moment in (("start", offer.window.start), ("end", offer.window.end))
            if moment is not None
        }
        return Refusal(offer.offer_id, "out_of_window", {**moments, "at": at.isoformat(sep=" ")})
    if not buyer.belongs_to(offer.audience):
        return Refusal(offer.offer_id, "not_in_audience", {"audience": offer.audience})
    mechanic = offer.mechanic
    if isinstance(mechanic, ShopCoupon) and mechanic.must_hold and offer.offer_id not in buyer.held_coupons:
        return Refusal(offer.offer_id, "coupon_not_held")
    used = buyer.used.get(offer.offer_id, 0)
    if offer.limits.per_person is not None and used >= offer.limits.per_person:
        return Refusal(offer.offer_id, "limit_reached", {"used": used, "per_person": offer.limits.per_person})
    return None


def _price(basket: Basket, offers: Sequence[Offer]) -> _Pricing:
    """Apply the layers in order to the lines sorted by line id (rules R2, R3, R20); offers come in layer order."""
    lines = tuple(sorted(basket.lines, key=_LINE_ID))
    units = [line.unit_price_cents for line in lines]
    base = [line.unit_price_cents * line.quantity for line in lines]
    pricing = _Pricing(lines, units, base, list(base), [""] * len(lines), [[] for _ in lines])
    pricing.note("R1", "list_price", sum(base), lines=len(lines))
    for layer, of_layer in groupby(offers, key=_LAYER):
        if layer is Layer.ITEM:
            _apply_item_layer(pricing, list(of_layer))
        else:
            _apply_layer(pricing, layer, list(of_layer))
    return pricing


def _apply_item_layer(pricing: _Pricing, offers: Sequence[Offer]) -> None:
    """Rule R3: each line takes the lowest price per piece, the first offer id of equals."""
    covered = {offer.offer_id: pricing.in_scope(offer) for offer in offers}
    for position, line in enumerate(pricing.lines):
        for offer in offers:
            if position not in covered[offer.offer_id]:
                continue
            unit = pay_cents(line.unit_price_cents, _percent(offer).pay_bp)
            if unit < pricing.unit_base[position]:
                pricing.unit_base[position] = unit
                pricing.item_offer[position] = offer.offer_id
    for position, line in enumerate(pricing.lines):
        pricing.base[position] = pricing.room[position] = pricing.unit_base[position] * line.quantity
    for offer in offers:
        _report_item_offer(pricing, offer, covered[offer.offer_id])


def _report_item_offer(pricing: _Pricing, offer: Offer, covered: tuple[int, ...]) -> None:
    """Write down what an item-level offer took off, or why nothing."""
    won = [position for position in covered if pricing.item_offer[position] == offer.offer_id]
    if not covered:
        pricing.refuse(offer, "nothing_in_scope")
    elif not won:
        winners = [pricing.item_offer[position] for position in covered if pricing.item_offer[position]]
        if winners:
            pricing.refuse(offer, "loses_to_better", better=winners[0])
        else:
            pricing.refuse(offer, "nothing_to_take")
    else:
        before = sum(
            pricing.lines[position].unit_price_cents * pricing.lines[position].quantity for position in won
        )
        off = before - sum(pricing.base[position] for position in won)
        ids = tuple(pricing.lines[position].line_id for position in won)
        pricing.consumed.append(Consumed(offer.offer_id, offer.layer, ids, before, 1, off, off))
        pricing.note("R3", "item_price", -off, offer_id=offer.offer_id, lines=len(won))


def _apply_layer(pricing: _Pricing, layer: Layer, offers: Sequence[Offer]) -> None:
    """Rules R4 to R11 for one order-level layer: test thresholds, choose, split over the lines."""
    candidates = [found for offer in offers if (found := _candidate(pricing, offer)) is not None]
    chosen = best_set(candidates, one_per_order=layer.one_per_order)
    for candidate in candidates:
        if candidate in chosen:
            _take(pricing, candidate)
        else:
            pricing.refuse(
                candidate.offer,
                "loses_to_better",
                better=_winner(candidate, chosen, layer),
                own_cents=candidate.value_cents,
            )


def _candidate(pricing: _Pricing, offer: Offer) -> Candidate | None:
    """The offer with what it could take, or None after noting why it cannot take anything."""
    lines = pricing.in_scope(offer)
    if not lines:
        pricing.refuse(offer, "nothing_in_scope")
        return None
    scope_cents = sum(pricing.base[position] for position in lines)
    times, face_cents, weights = _promise(pricing, offer, lines, scope_cents)
    if times == 0:
        threshold = _lowest_threshold(offer)
        pricing.refuse(
            offer,
            "threshold_not_met",
            threshold_cents=threshold,
            scope_cents=scope_cents,
            missing_cents=threshold - scope_cents,
        )
        return None
    value_cents = min(face_cents, sum(pricing.room[position] for position in lines))
    if value_cents == 0:
        pricing.refuse(offer, "nothing_to_take")
        return None
    return Candidate(offer, lines, scope_cents, times, face_cents, value_cents, weights)


def _promise(
    pricing: _Pricing, offer: Offer, lines: tuple[int, ...], scope_cents: int
) -> tuple[int, int, tuple[int, ...]]:
    """How often the offer is reached, what it promises in cents, and the weights to split it by."""
    mechanic = offer.mechanic
    weights = tuple([pricing.base[position] for position in lines])
    if isinstance(mechanic, PercentOff):
        cuts = tuple([_cut(pricing, position, mechanic) for position in lines])
        return 1, sum(cuts), cuts
    if isinstance(mechanic, ShopCoupon):
        return int(scope_cents >= mechanic.threshold_cents), mechanic.face_cents, weights
    times, face_cents = _threshold_promise(mechanic, scope_cents)
    return times, face_cents, weights


def _threshold_promise(mechanic: ThresholdDiscount, scope_cents: int) -> tuple[int, int]:
    """Rules R5 and R6: how often, and how much."""
    if mechanic.repeating:
        step = mechanic.steps[0]
        times = scope_cents // step.threshold_cents
        off = times * step.off_cents
        return times, off if mechanic.cap_cents is None else min(off, mechanic.cap_cents)
    reached = [step.off_cents for step in mechanic.steps if step.threshold_cents <= scope_cents]
    return (1, reached[-1]) if reached else (0, 0)


def _cut(pricing: _Pricing, position: int, mechanic: PercentOff) -> int:
    """Rule R9: what a percentage takes off one line, rounded per piece."""
    unit = pricing.unit_base[position]
    return (unit - pay_cents(unit, mechanic.pay_bp)) * pricing.lines[position].quantity


def _take(pricing: _Pricing, candidate: Candidate) -> None:
    """Rules R10 and R11: split the discount over the lines in scope, never below zero."""
    offer = candidate.offer
    room = [pricing.room[position] for position in candidate.lines]
    for position, cents in zip(
        candidate.lines, allocate_capped(candidate.face_cents, candidate.weights, room), strict=True
    ):
        pricing.room[position] -= cents
        pricing.shares[position].append(Share(offer.offer_id, offer.layer, cents))
    ids = tuple([pricing.lines[position].line_id for position in candidate.lines])
    pricing.consumed.append(
        Consumed(
            offer.offer_id,
            offer.layer,
            ids,
            candidate.scope_cents,
            candidate.times,
            candidate.face_cents,
            candidate.value_cents,
        )
    )
    pricing.note(
        _rule_of(offer),
        offer.layer.value,
        -candidate.value_cents,
        offer_id=offer.offer_id,
        scope_cents=candidate.scope_cents,
        times=candidate.times,
        lines=len(ids),
    )
    lost = candidate.face_cents - candidate.value_cents
    if lost:
        pricing.note("R11", "no_room_left", 0, offer_id=offer.offer_id, lost_cents=lost)


def _winner(candidate: Candidate, chosen: Sequence[Candidate], layer: Layer) -> str:
    """The first chosen offer that stands in the candidate's way."""
    for rival in chosen:
        if layer.one_per_order or not set(rival.lines).isdisjoint(candidate.lines):
            return rival.offer.offer_id
    raise AssertionError("an offer without a rival is always chosen")


def _lowest_threshold(offer: Offer) -> int:
    mechanic = offer.mechanic
    if isinstance(mechanic, ThresholdDiscount):
        return mechanic.steps[0].threshold_cents
    return mechanic.threshold_cents if isinstance(mechanic, ShopCoupon) else 0


def _rule_of(offer: Offer) -> str:
    """The rule that gave the amount."""
    mechanic = offer.mechanic
    if isinstance(mechanic, PercentOff):
        return "R9"
    if isinstance(mechanic, ShopCoupon):
        return "R8"
    return "R6" if mechanic.repeating else "R5"


def _percent(offer: Offer) -> PercentOff:
    if not isinstance(offer.mechanic, PercentOff):
        raise TypeError(f"offer {offer.offer_id} is no percentage")
    return offer.mechanic


def _cost(lines: Sequence[Line]) -> int | None:
    """The cost of all pieces, or None when one is unknown (rule R18)."""
    costs = [None if line.cost_cents is None else line.cost_cents * line.quantity for line in lines]
    known = [cost for cost in costs if cost is not None]
    return sum(known) if len(known) == len(costs) else None


def _finished(basket: Basket, pricing: _Pricing, refused: list[Refusal], worst_case_cents: int) -> Quote:
    """The quote, its lines in the order in which the basket has them."""
    quoted = {line.line_id: _quoted_line(pricing, position) for position, line in enumerate(pricing.lines)}
    goods_cents = sum(pricing.room)
    list_cents = sum(line.list_cents for line in quoted.values())
    pricing.note("R12", "postage", basket.postage_cents)
    pricing.note("R1", "payable", goods_cents + basket.postage_cents)
    return Quote(
        lines=tuple(quoted[line.line_id] for line in basket.lines),
        gifts=(),
        consumed=tuple(pricing.consumed),
        refused=tuple(refused + pricing.refused),
        trace=tuple(pricing.trace),
        list_cents=list_cents,
        base_cents=sum(pricing.base),
        goods_cents=goods_cents,
        postage_cents=basket.postage_cents,
        payable_cents=goods_cents + basket.postage_cents,
        discount_cents=list_cents - goods_cents,
        cost_cents=_cost(basket.lines),
        worst_case_cents=worst_case_cents + basket.postage_cents,
    )


def _quoted_line(pricing: _Pricing, position: int) -> QuotedLine:
    line = pricing.lines[position]
    return QuotedLine(
        line_id=line.line_id,
        product_id=line.product_id,
        quantity=line.quantity,
        list_cents=line.unit_price_cents * line.quantity,
        base_cents=pricing.base[position],
        item_offer_id=pricing.item_offer[position],
        shares=tuple(pricing.shares[position]),
        payable_cents=pricing.room[position],
        cost_cents=None if line.cost_cents is None else line.cost_cents * line.quantity,
    )

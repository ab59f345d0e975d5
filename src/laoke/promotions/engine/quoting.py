"""Pricing one basket by the numbered rules of docs/pricing.md.

`quote` answers what a buyer pays at a moment, `exposure` the least any buyer could pay. Nothing is changed by
pricing: the same basket and offers always give the same answer, in any order of lines and offers.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from operator import is_

from laoke.promotions.engine.checking import Checked, Layered, by_layer, checked
from laoke.promotions.engine.opening import next_buyers, open_offers
from laoke.promotions.engine.pricing import apply_layer, price
from laoke.promotions.engine.results import Benefit, Exposure, Gift, Quote, QuotedLine, Refusal
from laoke.promotions.engine.state import Ground, Pricing
from laoke.promotions.engine.values import Basket, Layer, Line, Offer
from laoke.promotions.engine.worst import worst_outcome

_POSTAGE = Layer.POSTAGE


def quote(basket: Basket, offers: Iterable[Offer], at: datetime) -> Quote:
    """Price `basket` at the moment `at` (shop time) with those of `offers` that are open to its buyer.

    Every offer comes back either as consumed or as refused with a reason. Raises EngineError for offers with the
    same id or more in one layer than can be tried.
    """
    asked = checked(offers)
    ground = Ground(basket)
    opened, refused = open_offers(asked.gates, ground, at)
    return told_quote(basket, ground, asked, opened, refused, at)


def told_quote(
    basket: Basket,
    ground: Ground,
    asked: Checked,
    opened: Sequence[Offer],
    refused: list[Refusal],
    at: datetime,
) -> Quote:
    """The quote of `opened` with its worst case among all that were asked for, both in pricing order."""
    all_open = len(opened) == len(asked.ordered) and all(map(is_, opened, asked.ordered))
    items, later = asked.by_layer if all_open else by_layer(opened)
    pricing = price(ground, items, [], told=True)
    if asked.by_buyers:
        pricing.next_steps += next_buyers(asked.by_buyers, ground, at)
    all_items, all_later = asked.at_lowest
    # With all open at their only price, what the buyer pays is one of the outcomes the worst case is chosen from.
    with_all = pricing if all_open else None
    if all_open or not asked.one_price or items != all_items:
        _apply(pricing, later)
    else:
        # What is open and all offers go the same way as long as their layers are the same.
        same = _same_layers(later, all_later)
        _apply(pricing, later[:same])
        with_all = pricing.branch()
        _apply(with_all, all_later[same:])
        _apply(pricing, later[same:])
    # What offers cover stays known; their prices do not where one has others.
    worst = worst_outcome(ground if asked.one_price else Ground(basket), all_items, all_later, with_all)
    # A combination of coupons that was chosen for its price can lie below what R8 makes of all of them (R36).
    return _finished(basket, pricing, refused, min(worst.total_cents, pricing.total_cents))


def _apply(pricing: Pricing, later: Layered) -> None:
    for layer, offers in later:
        apply_layer(pricing, layer, offers)


def _same_layers(some: Layered, others: Layered) -> int:
    """How many layers from the first on are the same."""
    same = 0
    for one, other in zip(some, others, strict=False):
        if one != other:
            break
        same += 1
    return same


def exposure(basket: Basket, offers: Iterable[Offer]) -> Exposure:
    """The least a buyer could pay for the goods of `basket`: windows, audiences, coupons and limits all open.

    Thresholds are still tested. An item-level price can cost a buyer a threshold, so outcomes with item-level
    offers left out are tried too (rule R16) and the cheapest is the answer.
    """
    worst = worst_outcome(Ground(basket), *checked(offers).at_lowest, None)
    return Exposure(
        list_cents=sum(line.unit_price_cents * line.quantity for line in basket.lines),
        goods_cents=worst.goods_cents,
        cost_cents=_cost(basket.lines, worst.gifts, worst.benefits),
        offer_ids=tuple(worst.used),
    )


def _cost(lines: Sequence[Line], gifts: Sequence[Gift], benefits: Sequence[Benefit]) -> int | None:
    """The cost of all pieces and gifts, or None when one is unknown (R18); of benefits what is stated (R34)."""
    whole = 0
    for line in lines:
        if line.cost_cents is None:
            return None
        whole += line.cost_cents * line.quantity
    for gift in gifts:
        if gift.cost_cents is None:
            return None
        whole += gift.cost_cents * gift.pieces
    return whole + sum(benefit.cost_cents or 0 for benefit in benefits)


def _finished(basket: Basket, pricing: Pricing, refused: list[Refusal], worst_case_cents: int) -> Quote:
    """The quote, its lines in the order in which the basket has them."""
    ground = pricing.ground
    quoted = [_quoted_line(pricing, position) for position in range(len(ground.lines))]
    if ground.lines != basket.lines:
        by_id = {line.line_id: line for line in quoted}
        quoted = [by_id[line.line_id] for line in basket.lines]
    goods_cents = pricing.goods_cents
    payable_cents = goods_cents + basket.postage_cents - pricing.postage_off
    list_cents = sum(ground.listed)
    pricing.note("R12", "postage", basket.postage_cents)
    if pricing.postage_off:
        (waiver,) = [use.offer_id for use in pricing.consumed if use.layer is _POSTAGE]
        pricing.note("R27", "free_postage", -pricing.postage_off, offer_id=waiver)
    if pricing.deposit_cents:
        balance_cents = payable_cents - pricing.deposit_cents
        pricing.note("R31", "deposit", 0, deposit_cents=pricing.deposit_cents, balance_cents=balance_cents)
    pricing.note("R1", "payable", payable_cents)
    return Quote(
        lines=tuple(quoted),
        gifts=tuple(pricing.gifts),
        benefits=pricing.benefits,
        consumed=tuple(pricing.consumed),
        refused=(*refused, *pricing.refused),
        next_steps=tuple(pricing.next_steps),
        trace=tuple(pricing.trace),
        list_cents=list_cents,
        base_cents=sum(pricing.base),
        goods_cents=goods_cents,
        postage_cents=basket.postage_cents,
        postage_off_cents=pricing.postage_off,
        payable_cents=payable_cents,
        deposit_cents=pricing.deposit_cents,
        discount_cents=list_cents - goods_cents,
        cost_cents=_cost(basket.lines, pricing.gifts, pricing.benefits),
        worst_case_cents=worst_case_cents,
    )


def _quoted_line(pricing: Pricing, position: int) -> QuotedLine:
    line = pricing.ground.lines[position]
    return QuotedLine(
        line_id=line.line_id,
        product_id=line.product_id,
        quantity=line.quantity,
        list_cents=pricing.ground.listed[position],
        base_cents=pricing.base[position],
        item_offer_id=pricing.item_offer[position],
        shares=tuple(pricing.shares[position]),
        payable_cents=pricing.payable(position) if pricing.deposits else pricing.room[position],
        cost_cents=None if line.cost_cents is None else line.cost_cents * line.quantity,
    )

"""Which offers are open to a buyer at a moment (R13), and with which of their prices (R28, R29, R31 to R33)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from laoke.promotions.engine.by_buyer import EarlyBird, FlashSale, MemberPrice
from laoke.promotions.engine.ladders import ShopCoupon
from laoke.promotions.engine.results import NextStep, Params, Refusal
from laoke.promotions.engine.state import Ground
from laoke.promotions.engine.together import DepositExpansion, GroupBuy, MoreCheaper
from laoke.promotions.engine.values import Buyer, Offer

VARIED = (MemberPrice, EarlyBird, FlashSale, MoreCheaper)
_VARIED = frozenset(VARIED)
BY_BUYERS = frozenset({GroupBuy, MoreCheaper})
"""The mechanics that say how many more buyers they want."""
_NOT_PLAIN = frozenset({*VARIED, DepositExpansion, GroupBuy})


class Gate(NamedTuple):
    """An offer with what can close it: its window, and whether there is anything else."""

    offer: Offer
    start: datetime | None
    end: datetime | None
    window_only: bool


def gate_of(offer: Offer) -> Gate:
    """What can close an offer, which is the same for every buyer."""
    mechanic = offer.mechanic
    held = isinstance(mechanic, ShopCoupon) and mechanic.must_hold
    asks = offer.audience or held or offer.limits.per_person is not None or type(mechanic) in _NOT_PLAIN
    return Gate(offer, offer.window.start, offer.window.end, not asks)


def open_offers(gates: Sequence[Gate], ground: Ground, at: datetime) -> tuple[list[Offer], list[Refusal]]:
    """The offers that are open with their plain prices, and why the others are not."""
    opened, refused = [], []
    buyer = ground.basket.buyer
    for offer, start, end, window_only in gates:
        if window_only and (start is None or start <= at) and (end is None or at < end):
            opened.append(offer)
            continue
        found: Offer | Refusal = _closed(offer, buyer, at) or offer
        if found is offer and type(offer.mechanic) in _NOT_PLAIN:
            found = _plain(offer, ground, at)
        if isinstance(found, Refusal):
            refused.append(found)
        else:
            opened.append(found)
    return opened, refused


def at_lowest(offer: Offer) -> Offer:
    """The offer with the lowest of its prices, as if every level, step and piece of stock were open (rule R16)."""
    return with_variant(offer, 0) if type(offer.mechanic) in _VARIED else offer


def with_variant(offer: Offer, number: int) -> Offer:
    """The offer with one of its plain prices."""
    if not isinstance(offer.mechanic, VARIED):
        raise TypeError(f"offer {offer.offer_id} has one price")
    return replace(offer, mechanic=offer.mechanic.variants[number])


def open_variant(offer: Offer, ground: Ground, at: datetime) -> int | Refusal:
    """The number of the price that is open, or why none is."""
    mechanic, basket = offer.mechanic, ground.basket
    if isinstance(mechanic, MemberPrice):
        for number, level in enumerate(mechanic.ranked):
            if level.group in basket.buyer.groups:
                return number
        return Refusal(offer.offer_id, "no_member_level")
    if isinstance(mechanic, EarlyBird):
        for number, step in enumerate(mechanic.steps):
            if at < step.until:
                return number
        return Refusal(
            offer.offer_id, "early_bird_over", {"until": mechanic.steps[-1].until.isoformat(sep=" ")}
        )
    if isinstance(mechanic, MoreCheaper):
        return _by_buyers(offer, mechanic, _buyers(offer, ground))
    if not isinstance(mechanic, FlashSale):
        raise TypeError(f"offer {offer.offer_id} has one price")
    # What costs no more anyway takes none of the stock.
    dearer = (line for line in ground.part(offer).lines if line.unit_price_cents > mechanic.price_cents)
    wanted = sum(line.quantity for line in dearer)
    left = max(0, mechanic.stock - basket.taken.get(offer.offer_id, 0))
    return 0 if wanted <= left else Refusal(offer.offer_id, "sold_out", {"left": left, "wanted": wanted})


def next_buyers(ordered: Sequence[Offer], ground: Ground, at: datetime) -> list[NextStep]:
    """How many more buyers it takes to fill a group, or to the next price that falls with their number (R32, R33)."""
    steps = []
    buyer = ground.basket.buyer
    for offer in ordered:
        mechanic = offer.mechanic
        if type(mechanic) not in BY_BUYERS or _closed(offer, buyer, at):
            continue
        if isinstance(mechanic, GroupBuy):
            missing = mechanic.people - ground.basket.taken.get(offer.offer_id, 0) - 1
            if missing > 0 and offer.offer_id in buyer.joined:
                steps.append(NextStep(offer.offer_id, "buyers", missing, None, None, "group"))
        elif (
            isinstance(mechanic, MoreCheaper)
            and (step := mechanic.next_step(buyers := _buyers(offer, ground))) is not None
        ):
            steps.append(NextStep(offer.offer_id, "buyers", step.buyers - buyers, None, step.pay_bp))
    return steps


def _buyers(offer: Offer, ground: Ground) -> int:
    """How many have bought with this order; who bought before is among them already (R33)."""
    bought, taken = (
        ground.basket.buyer.used.get(offer.offer_id, 0),
        ground.basket.taken.get(offer.offer_id, 0),
    )
    return max(1, taken + (0 if bought else 1))


def _by_buyers(offer: Offer, mechanic: MoreCheaper, buyers: int) -> int | Refusal:
    reached = mechanic.reached(buyers)
    if reached is not None:
        return reached
    least = mechanic.steps[0].buyers
    return Refusal(offer.offer_id, "too_few_buyers", {"buyers": least, "missing": least - buyers})


def _plain(offer: Offer, ground: Ground, at: datetime) -> Offer | Refusal:
    if type(offer.mechanic) not in _VARIED:
        return _not_together(offer, ground, at) or offer
    found = open_variant(offer, ground, at)
    return found if isinstance(found, Refusal) else with_variant(offer, found)


def _not_together(offer: Offer, ground: Ground, at: datetime) -> Refusal | None:
    """Why a deposit or a group does not count for this order now (rules R31 and R32), or None."""
    mechanic, buyer = offer.mechanic, ground.basket.buyer
    if isinstance(mechanic, GroupBuy):
        if offer.offer_id not in buyer.joined:
            return Refusal(offer.offer_id, "group_not_joined", {"people": mechanic.people})
        if ground.basket.taken.get(offer.offer_id, 0) >= mechanic.people:
            return Refusal(offer.offer_id, "group_full", {"people": mechanic.people})
        return None
    if not isinstance(mechanic, DepositExpansion) or at < mechanic.deposit_until:
        return None
    paid = buyer.deposits.get(offer.offer_id, 0)
    if not paid:
        until = mechanic.deposit_until.isoformat(sep=" ", timespec="minutes")
        return Refusal(offer.offer_id, "deposit_over", {"until": until})
    if at < mechanic.balance_from:
        start = mechanic.balance_from.isoformat(sep=" ", timespec="minutes")
        return Refusal(offer.offer_id, "balance_not_yet", {"start": start})
    least = mechanic.least_price_cents
    wanted = sum(line.quantity for line in ground.part(offer).lines if line.unit_price_cents >= least)
    if wanted > paid:
        return Refusal(offer.offer_id, "deposit_short", {"paid": paid, "wanted": wanted})
    return None


def _closed(offer: Offer, buyer: Buyer, at: datetime) -> Refusal | None:
    """Why the offer is not open to this buyer now (rule R13), or None."""
    window = offer.window
    if not window.includes(at):
        moments: Params = {
            name: moment.isoformat(sep=" ")
            for name, moment in (("start", window.start), ("end", window.end))
            if moment is not None
        }
        return Refusal(offer.offer_id, "out_of_window", {**moments, "at": at.isoformat(sep=" ")})
    if offer.audience and not buyer.belongs_to(offer.audience):
        return Refusal(offer.offer_id, "not_in_audience", {"audience": offer.audience})
    mechanic = offer.mechanic
    if isinstance(mechanic, ShopCoupon) and mechanic.must_hold and offer.offer_id not in buyer.held_coupons:
        return Refusal(offer.offer_id, "coupon_not_held")
    most = offer.limits.per_person
    if most is not None and (used := buyer.used.get(offer.offer_id, 0)) >= most:
        return Refusal(offer.offer_id, "limit_reached", {"used": used, "per_person": most})
    return None

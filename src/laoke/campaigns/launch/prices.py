"""Rules L1 to L16 on the sheet and on the prices of offers, and C4: whether the deals before the start are known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import astuple
from typing import Any

from laoke.campaigns.launch.finding import Finding
from laoke.campaigns.launch.rules import LADDER
from laoke.campaigns.launch.values import Plan, Priced, Ware
from laoke.money import pay_cents
from laoke.promotions.engine import (
    AmountOff,
    DepositExpansion,
    EarlyBird,
    FixedPrice,
    FlashSale,
    GroupBuy,
    MemberPrice,
    MoreCheaper,
    Offer,
    PercentOff,
    WasNow,
)
from laoke.promotions.ladder import Item, Key, Warned, warnings_of

NAMED = 3
BASELINE_DAYS = 7
# An offer's prices say nothing of cost, roles or stock: only these rules speak of what a page claims.
CLAIMS = frozenset(
    {"invented_was", "no_baseline", "no_cut", "sold_lower", "above_list", "was_not_listed", "list_raised"}
)


def check_prices(plan: Plan) -> Iterator[Finding]:
    """Every rule of the ladder once per sheet or offer, with how many items it speaks of."""
    for priced in plan.priced:
        yield from _of(priced)
    until = plan.orders_until
    if plan.priced and (until is None or (plan.starts_at.date() - until).days > BASELINE_DAYS):
        told = {} if until is None else {"until": str(until)}
        yield Finding("baseline_not_known", "campaign", {"days": BASELINE_DAYS, **told}, str(plan.starts_at))


def _of(priced: Priced) -> Iterator[Finding]:
    found = warnings_of(priced.items, priced.terms)
    by_code: dict[str, list[tuple[Key, Warned]]] = {}
    for key, told in found.items():
        for one in told:
            if priced.is_sheet or one.code in CLAIMS:
                by_code.setdefault(one.code, []).append((key, one))
    wares = {one.item.key: one.item for one in priced.items}
    for code, found_of in by_code.items():
        titles = [wares[key].title or wares[key].product_id for key, _ in found_of]
        params: dict[str, Any] = {"about": priced.about, "count": len(titles), "names": titles[:NAMED]}
        items = [[*astuple(key), dict(one.params), astuple(wares[key])] for key, one in found_of]
        read = [priced.holds, astuple(priced.terms), items]
        yield Finding(f"{LADDER}{code}", priced.subject, params, read)


def claimed_items(offer: Offer, wares: Sequence[Ware]) -> list[Item]:
    """The price of a piece of every product that an offer of the item layer prices, as the ladder reads it.

    A rate needs a list price. Of several steps the dearest counts: it is what the last buyer is promised.
    """
    terms = offer.mechanic
    if isinstance(terms, WasNow):
        titles = {ware.product_id: ware.title for ware in wares}
        return [
            Item(one.product_id, titles.get(one.product_id, ""), one.price_cents, was_cents=one.was_cents)
            for one in terms.prices
        ]
    items = []
    for ware in wares:
        if not offer.reach.covers(ware.product_id, ware.category):
            continue
        price = _price(terms, ware.list_cents)
        if price:
            items.append(Item(ware.product_id, ware.title, price, list_cents=ware.list_cents))
    return items


def _price(terms: object, listed: int | None) -> int | None:
    if isinstance(terms, FixedPrice | FlashSale | GroupBuy):
        return terms.price_cents if listed is None else min(terms.price_cents, listed)
    if listed is None:
        return None
    if isinstance(terms, AmountOff):
        # A piece that costs no more than what comes off takes no part.
        return listed - terms.off_cents if listed > terms.off_cents else None
    if isinstance(terms, DepositExpansion):
        grown = terms.counts_cents - terms.deposit_cents
        return listed - grown if listed >= terms.least_price_cents else None
    match terms:
        case PercentOff():
            return pay_cents(listed, terms.pay_bp)
        case EarlyBird() | MoreCheaper():
            # The last step in time; how many come nobody knows, the first step is what the page can promise.
            return pay_cents(listed, max(step.pay_bp for step in terms.steps))
        case MemberPrice():
            return pay_cents(listed, max(level.pay_bp for level in terms.levels))
    return None


def supported_was(priced: Sequence[Priced]) -> frozenset[int]:
    """The former prices that a deal supports."""
    return frozenset(
        one.item.was_cents
        for group in priced
        for one in group.items
        if one.item.was_cents is not None
        and one.baseline.cents is not None
        and one.item.was_cents <= one.baseline.cents
    )


def planned_prices(priced: Sequence[Priced]) -> frozenset[int]:
    """Every price of a piece that the campaign plans."""
    return frozenset(one.item.price_cents for group in priced for one in group.items)

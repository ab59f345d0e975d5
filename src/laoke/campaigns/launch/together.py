"""Rules C1 to C3 and C33 to C35: offers at the same time, in this campaign and beside it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from laoke.campaigns.launch.complexity import FAIR, complexity_of, own_offers
from laoke.campaigns.launch.finding import Finding
from laoke.campaigns.launch.values import Plan, Ware
from laoke.promotions.engine import Offer, Scope, offer_to_dict

MOST_AT_ONCE = 2
NAMED = 3


def check_together(plan: Plan) -> Iterator[Finding]:
    """How many offers a buyer meets at once, how hard they are, and which are over already."""
    offers = [one.offer for one in plan.offers]
    read = [offer_to_dict(one) for one in offers]
    at_once = most_at_once(own_offers(offers))
    if len(at_once) > MOST_AT_ONCE:
        params = {"count": len(at_once), "most": MOST_AT_ONCE, "names": [one.name for one in at_once]}
        yield Finding("too_many_offers", "campaign", params, read)
    hard = complexity_of(offers)
    if hard.band == "hard":
        parts = [list(part) for part in hard.parts]
        yield Finding("too_complex", "campaign", {"points": hard.points, "most": FAIR, "parts": parts}, read)
    for one in plan.offers:
        if one.over:
            yield Finding(
                "offer_over", f"offer:{one.number}", {"name": one.offer.name}, offer_to_dict(one.offer)
            )


def most_at_once(offers: Sequence[Offer]) -> list[Offer]:
    """The largest number of offers that are open at one moment; the first such moment."""
    most: list[Offer] = []
    for moment in sorted({one.window.start or datetime.min for one in offers}):
        open_then = [one for one in offers if one.window.includes(moment)]
        if len(open_then) > len(most):
            most = open_then
    return most


def check_beside(plan: Plan) -> Iterator[Finding]:
    """What else runs in the same days on the same goods."""
    for planned in plan.offers:
        for other in plan.others:
            if not _meet_in_time(planned.offer, other.offer):
                continue
            shared = shared_goods(planned.offer.reach, other.offer.reach, plan.wares)
            if shared is None:
                continue
            same = planned.offer.layer is other.offer.layer
            params = {
                "name": planned.offer.name, "other": other.offer.name, "campaign": other.campaign,
                "count": len(shared), "names": shared[:NAMED],
            }  # fmt: skip
            yield Finding(
                "same_layer_elsewhere" if same else "stacks_elsewhere",
                f"offer:{planned.number}/{other.number}",
                params,
                [offer_to_dict(planned.offer), offer_to_dict(other.offer)],
            )
    yield from _two_prices(plan)


def _meet_in_time(one: Offer, other: Offer) -> bool:
    starts = max(one.window.start or datetime.min, other.window.start or datetime.min)
    return starts < min(one.window.end or datetime.max, other.window.end or datetime.max)


def shared_goods(one: Scope, other: Scope, wares: Sequence[Ware]) -> list[str] | None:
    """Titles of the goods that both cover; empty where both cover the whole shop; None where they share none."""
    if one.is_all and other.is_all:
        return []
    both = [
        ware.title
        for ware in wares
        if one.covers(ware.product_id, ware.category) and other.covers(ware.product_id, ware.category)
    ]
    # What the list of products does not bring may still be named.
    ids = (one.product_ids | other.product_ids) - {ware.product_id for ware in wares}
    categories = (one.categories | other.categories) - {ware.category for ware in wares}
    named = [number for number in sorted(ids) if one.covers(number, "") and other.covers(number, "")]
    named += [name for name in sorted(categories) if one.covers("", name) and other.covers("", name)]
    return [*both, *named] or None


def _two_prices(plan: Plan) -> Iterator[Finding]:
    here = {item.item.key: item.item for priced in plan.priced if priced.is_sheet for item in priced.items}
    by_sheet: dict[str, list[tuple[str, int, int]]] = {}
    for other in plan.other_prices:
        item = here.get(other.key)
        if item is not None and item.price_cents != other.price_cents:
            name = item.title or item.product_id
            by_sheet.setdefault(other.sheet, []).append((name, item.price_cents, other.price_cents))
    for sheet, prices in by_sheet.items():
        name, ours, theirs = prices[0]
        params = {
            "sheet": sheet, "count": len(prices), "names": [one[0] for one in prices[:NAMED]],
            "first": name, "price_cents": ours, "other_cents": theirs,
        }  # fmt: skip
        yield Finding("priced_elsewhere", f"sheet/{sheet}", params, [list(one) for one in prices])

"""Rules C15 to C27: coupons that can be used, prizes within the law, gifts that are there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import astuple
from datetime import datetime, timedelta

from laoke.campaigns.launch.finding import Finding
from laoke.campaigns.launch.values import CouponTerms, Draw, Plan, Planned
from laoke.promotions.engine import GiftChoice, Layer, Offer, ShopCoupon, ThresholdGift, offer_to_dict
from laoke.promotions.rewards.fair_draws import MOST_PRIZE_CENTS, ODDS_BASE

MINUTE = "%Y-%m-%d %H:%M"
DRAW_PARTS = ("organiser", "starts_at", "ends_at")


def check_coupons(plan: Plan) -> Iterator[Finding]:
    """A coupon in somebody's hands is a promise; and what an issue may cost is said beforehand."""
    for issue in plan.coupons:
        offer = plan.offer(issue.offer)
        if offer is None or not isinstance(offer.mechanic, ShopCoupon):
            continue
        subject, read = f"coupon:{issue.number}", [astuple(issue), offer_to_dict(offer)]
        params = {"name": issue.name, "offer": offer.name}
        ends, good_until = offer.window.end, _good_until(issue, offer)
        # It may be good for longer than the offer only on paper: nobody can use it then.
        if ends is not None and good_until is not None and good_until > ends:
            told = params | {"valid_to": f"{good_until:{MINUTE}}", "ends": f"{ends:{MINUTE}}"}
            yield Finding("coupon_not_usable", subject, told, [issue.promised, offer_to_dict(offer)])
        if all(_is_used_up(other) for other in plan.coupons if other.offer == issue.offer):
            yield Finding("coupon_used_up", subject, params, read)
        most_cents = issue.total * offer.mechanic.face_cents
        if issue.per_person is None and offer.limits.per_person is None:
            yield Finding("coupon_unlimited", subject, params | {"total": issue.total}, read)
        if issue.budget_cents is None:
            yield Finding("coupon_without_budget", subject, params | {"most_cents": most_cents}, read)
        elif issue.wanted_cents is not None and issue.wanted_cents > issue.budget_cents - issue.taken_cents:
            money = {"left_cents": issue.budget_cents - issue.taken_cents, "wanted_cents": issue.wanted_cents}
            yield Finding("coupon_budget_short", subject, params | money, read)
    yield from _free_goods(plan)


def _good_until(issue: CouponTerms, offer: Offer) -> datetime | None:
    """When its coupons end by what it says: on its day, else by its days for whoever claims as soon as they count."""
    if issue.valid_to is not None or issue.days_after_claim is None:
        return issue.valid_to
    first = max(issue.valid_from, offer.window.start or issue.valid_from)
    return first + timedelta(days=issue.days_after_claim)


def _is_used_up(issue: CouponTerms) -> bool:
    """Whether nobody can use a coupon of it any more."""
    return issue.stopped or (issue.budget_cents is not None and issue.taken_cents >= issue.budget_cents)


def _free_goods(plan: Plan) -> Iterator[Finding]:
    for one in plan.offers:
        terms = one.offer.mechanic
        if not isinstance(terms, ShopCoupon) or one.offer.layer is not Layer.COUPON:
            continue
        covered = [
            (ware.list_cents, ware.title)
            for ware in plan.wares
            if ware.list_cents and one.offer.reach.covers(ware.product_id, ware.category)
        ]
        free = sorted(found for found in covered if terms.threshold_cents <= found[0] <= terms.face_cents)
        if free:
            params = {
                "name": one.offer.name, "count": len(free), "names": [title for _, title in free[:3]],
                "face_cents": terms.face_cents,
            }  # fmt: skip
            yield Finding("coupon_free_goods", f"offer:{one.number}", params, [list(two) for two in free])


def check_draws(plan: Plan) -> Iterator[Finding]:
    """The cap of the law, and what must be published before a draw begins."""
    for draw in plan.draws:
        subject, read = f"draw:{draw.name}", astuple(draw)
        above = [prize for prize in draw.prizes if prize.value_cents > MOST_PRIZE_CENTS]
        for prize in above:
            params = {
                "draw": draw.name, "prize": prize.name, "value_cents": prize.value_cents,
                "most_cents": MOST_PRIZE_CENTS,
            }  # fmt: skip
            yield Finding("prize_above_cap", f"{subject}/{prize.name}", params, read)
        if missing := _unsaid(draw):
            yield Finding("draw_unclear", subject, {"draw": draw.name, "missing": missing}, read)
        odds = [prize.odds_ppm for prize in draw.prizes if prize.odds_ppm is not None]
        if sum(odds) > ODDS_BASE or any(one <= 0 for one in odds):
            yield Finding("odds_wrong", subject, {"draw": draw.name, "odds_ppm": sum(odds)}, read)


def _unsaid(draw: Draw) -> list[str]:
    missing = [part for part in DRAW_PARTS if not getattr(draw, part)]
    if not draw.prizes:
        missing.append("prizes")
    if any(not prize.name.strip() for prize in draw.prizes):
        missing.append("name")
    # The law lets the number or the odds be published; a winner must be possible by one of them.
    if any(prize.odds_ppm is None and prize.stock is None for prize in draw.prizes):
        missing.append("odds")
    return missing


def check_gifts(plan: Plan) -> Iterator[Finding]:
    """Gifts are named with their number, are there, and are worth what the page says."""
    wares = {ware.product_id: ware for ware in plan.wares}
    for one in plan.offers:
        if not isinstance(one.offer.mechanic, ThresholdGift):
            continue
        choices = {choice.product_id: choice for step in one.offer.mechanic.steps for choice in step.choices}
        for choice in choices.values():
            ware = wares.get(choice.product_id)
            held = ware.stock if ware is not None else None
            subject = f"offer:{one.number}/{choice.product_id}"
            params = {"offer": one.offer.name, "gift": choice.title}
            read = [astuple(choice), held, one.gifts]
            if choice.stock is None:
                yield Finding("gift_number_unsaid", subject, params, read)
            elif held is not None and held < choice.stock:
                told = params | {"promised": choice.stock, "stock": held}
                yield Finding("gift_not_in_stock", subject, told, read)
            prices = () if ware is None else (ware.list_cents, ware.sold_cents)
            worth = max((cents for cents in prices if cents), default=None)
            if worth is not None and choice.value_cents > worth:
                told = params | {"value_cents": choice.value_cents, "price_cents": worth}
                yield Finding("gift_value", subject, told, [astuple(choice), worth])
        yield from _short(one, list(choices.values()), {key: ware.stock for key, ware in wares.items()})


def _short(one: Planned, choices: list[GiftChoice], stocks: dict[str, int | None]) -> Iterator[Finding]:
    """Fewer gifts than the same orders took in the backtest, over all choices together."""
    had = [choice.stock if choice.stock is not None else stocks.get(choice.product_id) for choice in choices]
    known = [pieces for pieces in had if pieces is not None]
    if one.gifts is None or len(known) < len(had) or sum(known) >= one.gifts:
        return
    params = {"offer": one.offer.name, "stock": sum(known), "wanted": one.gifts}
    yield Finding("gift_short", f"offer:{one.number}", params, [offer_to_dict(one.offer), known, one.gifts])

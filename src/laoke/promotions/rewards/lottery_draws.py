"""One draw: limits looked at, its price in points taken, the prize computed from the seed, and handed over.

A draw is one transaction that holds the lottery, then what its prize needs (the scheme of points, the issue of
coupons): its number follows the one before it, stock and limits hold whatever runs beside it. A prize that cannot be
handed over at once is due and stays won.

    RewardRefused    there is no draw; nothing was done
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F

from laoke.customers.erasure import Traces
from laoke.promotions.coupons import moves, pricing
from laoke.promotions.coupons.refusals import CouponRefused
from laoke.promotions.rewards import fair_draws, lotteries, points
from laoke.promotions.rewards.lottery_models import Lottery, LotteryDraw, LotteryPrize
from laoke.promotions.rewards.points_rows import same_person
from laoke.promotions.rewards.refusals import RewardRefused
from laoke.shops import audit, dirty
from laoke.shops.models import Shop, User

MIRROR = "lottery_draws"
NONE, DUE, GIVEN, FORGONE = "none", "due", "given", "forgone"
STATES = (NONE, DUE, GIVEN, FORGONE)
LONGEST_TEXT = 100


def draw(lottery: Lottery, customer_id: int, text: str, *, now: datetime, by: str) -> LotteryDraw:
    """Draw once for a customer, with a text of their own.

    Raises
    ------
    RewardRefused
    """
    if len(text) > LONGEST_TEXT:
        raise RewardRefused("text_too_long", most=LONGEST_TEXT)
    with transaction.atomic():
        row = lotteries.locked(lottery.pk)
        _check_open(row, now)
        _check_limits(row, customer_id, now)
        prizes = list(row.prizes.select_related("issue__offer").order_by("place"))
        _check_whom(row, prizes, customer_id)
        if row.cost_points:
            points.spend(row.shop, customer_id, row.cost_points, note=row.name, now=now, by=by)
        number, digest = row.drawn + 1, fair_draws.text_digest(text)
        rolled = fair_draws.roll(lotteries.seed_of(row), number, digest)
        given = [one.given for one in prizes]
        place = fair_draws.prize_of(fair_draws.Deck.of(row.terms), given, row.drawn, rolled)
        prize = None if place is None else prizes[place]
        link = fair_draws.link(lotteries.last_link(row), number, digest, place)
        Lottery.objects.filter(pk=row.pk).update(drawn=number, link=link)
        found = LotteryDraw.objects.create(
            lottery=row, number=number, customer_id=customer_id, text_sha256=digest, prize=prize, link=link,
            state=NONE if prize is None else DUE, at=now, by=by[:80],
        )  # fmt: skip
        if prize is not None:
            LotteryPrize.objects.filter(pk=prize.pk).update(given=F("given") + 1)
            _hand_over(found, prize, now=now, by=by)
        dirty.mark(row.shop_id, MIRROR, [found.pk])
    return found


def _check_open(lottery: Lottery, now: datetime) -> None:
    if lottery.published_at is None:
        raise RewardRefused("lottery_not_open")
    if lottery.over_at is not None or lotteries.is_through(lottery, now):
        raise RewardRefused("lottery_over")
    if lottery.starts_at > now:
        raise RewardRefused("lottery_not_yet", at=lottery.starts_at.isoformat(sep=" ", timespec="minutes"))


def _check_limits(lottery: Lottery, customer_id: int, now: datetime) -> None:
    draws = LotteryDraw.objects.filter(
        lottery=lottery, customer_id__in=same_person(lottery.shop, customer_id)
    )
    if draws.count() >= lottery.per_person_limit:
        raise RewardRefused("lottery_person", most=lottery.per_person_limit)
    if lottery.per_day_limit is not None:
        begun = now.replace(hour=0, minute=0, second=0, microsecond=0)
        today = draws.filter(at__gte=begun, at__lt=begun + timedelta(days=1))
        if today.count() >= lottery.per_day_limit:
            raise RewardRefused("lottery_day", most=lottery.per_day_limit)


def _check_whom(lottery: Lottery, prizes: Sequence[LotteryPrize], customer_id: int) -> None:
    """Who could not claim one of the coupons draws no lot for it either: what they win has to be of use to them."""
    for offer in {one.issue.offer_id: one.issue.offer for one in prizes if one.issue is not None}.values():
        try:
            pricing.check_claim(lottery.shop, offer, customer_id)
        except CouponRefused as refused:
            raise RewardRefused("lottery_not_for_them", name=offer.name, why=refused.params["why"]) from None


def _hand_over(found: LotteryDraw, prize: LotteryPrize, *, now: datetime, by: str) -> None:
    """Give points and coupons at once; goods are due until somebody has handed them over. What cannot be given now,
    say because the issue has no coupon left, is due too, with the reason."""
    assert found.customer_id is not None  # whoever was erased has nothing due
    if prize.kind == lotteries.POINTS:
        lottery = found.lottery
        found.points_lot = points.give(
            lottery.shop,
            found.customer_id,
            prize.points,
            source=points.PRIZE,
            note=lottery.name,
            now=now,
            by=by,
        )
    elif prize.kind == lotteries.COUPON:
        assert prize.issue is not None  # checked when the prize was written
        try:
            found.coupon = moves.claim_new(prize.issue, found.customer_id, now=now, by=by, is_prize=True)
        except CouponRefused as refused:
            found.reason = refused.message[:200]
            found.save(update_fields=["reason"])
            return
    else:
        return
    _settled(found, now, by)


def _settled(found: LotteryDraw, now: datetime, by: str) -> None:
    found.state, found.reason, found.settled_at, found.settled_by = GIVEN, "", now, by[:80]
    found.save(update_fields=["state", "reason", "settled_at", "settled_by", "coupon", "points_lot"])


def settle(found: LotteryDraw, *, note: str, actor: User, now: datetime) -> LotteryDraw:
    """Goods are handed over, with how as `note`; what could not be given before is tried again, and where it still
    cannot be given a `note` of what they got instead settles it.

    Raises
    ------
    RewardRefused
        when nothing is due, or it still cannot be given.
    """
    with transaction.atomic():
        lottery = lotteries.locked(found.lottery_id)
        row = LotteryDraw.objects.select_related("lottery__shop", "prize__issue").get(pk=found.pk)
        if row.state != DUE or row.prize is None:
            raise RewardRefused("nothing_due")
        if row.prize.kind == lotteries.GOODS:
            if not note.strip():
                raise RewardRefused("reason_missing")
            _settled(row, now, actor.username)
            row.reason = note.strip()[:200]
            row.save(update_fields=["reason"])
        else:
            _hand_over(row, row.prize, now=now, by=actor.username)
            if row.state == DUE and note.strip():
                _settled(row, now, actor.username)
                row.reason = note.strip()[:200]
                row.save(update_fields=["reason"])
        dirty.mark(lottery.shop_id, MIRROR, [row.pk])
        audit.record(
            "lottery.settle", shop=lottery.shop, actor=actor, at=now, subject=str(lottery.pk), number=row.number,
            state=row.state,
        )  # fmt: skip
    return row


def forget_person(shop: Shop, traces: Traces, now: datetime) -> int:
    """Draws of an erased person stay, so that all others can be checked, and name nobody; what was due is forgone, and
    how it was handed over goes. In every shop of the owner."""
    mine = LotteryDraw.objects.filter(lottery__shop__owner_id=shop.owner_id, customer_id__in=traces.people)
    for lottery_id in sorted(set(mine.values_list("lottery_id", flat=True))):
        held = lotteries.locked(lottery_id)
        dirty.mark(held.shop_id, MIRROR, mine.filter(lottery=held).values_list("pk", flat=True))
    mine.filter(state=DUE).update(state=FORGONE, settled_at=now, settled_by="erasure")
    return mine.update(customer_id=None, reason="")

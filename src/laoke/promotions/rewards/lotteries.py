"""Lotteries and scratch cards: drafts, then published with odds, stock and the hash of a seed, at last with the seed.

draft → published (the commitment stands, nothing changes any more) → over (the seed is published)
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F, Q

from laoke.customers.resealing import SealedKind
from laoke.customers.sealing import VaultError, open_sealed, seal
from laoke.promotions import engine
from laoke.promotions.models import CouponIssue, Offer
from laoke.promotions.offers import offer_value
from laoke.promotions.rewards import fair_draws, promised
from laoke.promotions.rewards.fair_draws import LOTTERY, MOST_PRIZE_CENTS, ODDS_BASE, SCRATCH, SEED_BYTES
from laoke.promotions.rewards.lottery_models import Lottery, LotteryDraw, LotteryPrize
from laoke.promotions.rewards.models import PointsScheme
from laoke.promotions.rewards.points_rules import MOST_POINTS
from laoke.promotions.rewards.refusals import RewardRefused
from laoke.shops import audit
from laoke.shops.models import Shop, User

MOST_PRIZES = 10
MOST_CARDS = 10_000_000
MOST_LIMIT = 1_000
GOODS, POINTS, COUPON = "goods", "points", "coupon"
PRIZE_KINDS = (GOODS, POINTS, COUPON)

Random = Callable[[int], bytes]

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Prize:
    """One kind of prize. `value_cents` is given for goods; of points and coupons it is computed."""

    title: str
    kind: str
    stock: int
    value_cents: int = 0
    odds_ppm: int = 0
    points: int = 0
    issue: CouponIssue | None = None


@dataclass(frozen=True)
class Rules:
    """What a draft says. Times are the shop's, the end is excluded; None = no limit for a day."""

    kind: str
    name: str
    organiser: str
    conditions: str
    starts_at: datetime
    ends_at: datetime
    per_person_limit: int
    prizes: Sequence[Prize]
    per_day_limit: int | None = None
    cost_points: int = 0
    cards: int = 0

    def check(self) -> None:
        """
        Raises
        ------
        RewardRefused
            with the first wrong part; what the law wants told is all there afterwards.
        """
        for name, text in (
            ("name", self.name),
            ("organiser", self.organiser),
            ("conditions", self.conditions),
        ):
            if not text.strip():
                raise RewardRefused(f"{name}_missing")
        if self.ends_at <= self.starts_at:
            raise RewardRefused("lottery_times")
        if not 1 <= self.per_person_limit <= MOST_LIMIT:
            raise RewardRefused("lottery_person_wrong", most=MOST_LIMIT)
        if self.per_day_limit is not None and not 1 <= self.per_day_limit <= self.per_person_limit:
            raise RewardRefused("lottery_day_wrong", most=self.per_person_limit)
        if not 0 <= self.cost_points <= MOST_POINTS:
            raise RewardRefused("points_wrong", most=MOST_POINTS)
        if not 1 <= len(self.prizes) <= MOST_PRIZES:
            raise RewardRefused("lottery_prizes", most=MOST_PRIZES)
        self._check_odds()

    def _check_odds(self) -> None:
        stock = sum(one.stock for one in self.prizes)
        if any(one.stock < 1 or not one.title.strip() for one in self.prizes):
            raise RewardRefused("prize_wrong")
        if self.kind == SCRATCH and not stock <= self.cards <= MOST_CARDS:
            raise RewardRefused("lottery_cards", stock=stock, most=MOST_CARDS)
        if self.kind == LOTTERY and (
            any(one.odds_ppm < 1 for one in self.prizes)
            or sum(one.odds_ppm for one in self.prizes) > ODDS_BASE
        ):
            raise RewardRefused("lottery_odds")


def save_draft(
    shop: Shop, rules: Rules, *, by: User | None, now: datetime, lottery: Lottery | None = None
) -> Lottery:
    """A new draft, or another content of one that was not published yet.

    Raises
    ------
    RewardRefused
    """
    rules.check()
    values = [_value(shop, one) for one in rules.prizes]
    with transaction.atomic():
        row = Lottery(shop=shop, created_by=by, created_at=now) if lottery is None else locked(lottery.pk)
        if row.published_at is not None:
            raise RewardRefused("lottery_published")
        for name in (
            "kind", "starts_at", "ends_at", "per_person_limit", "per_day_limit", "cost_points",
        ):  # fmt: skip
            setattr(row, name, getattr(rules, name))
        row.name, row.organiser = rules.name.strip()[:80], rules.organiser.strip()[:120]
        row.conditions, row.cards = rules.conditions.strip(), rules.cards if rules.kind == SCRATCH else 0
        row.save()
        row.prizes.all().delete()
        for place, (one, value) in enumerate(zip(rules.prizes, values, strict=True)):
            LotteryPrize.objects.create(
                lottery=row, place=place, title=one.title.strip()[:80], kind=one.kind, value_cents=value,
                odds_ppm=one.odds_ppm if rules.kind == LOTTERY else 0, stock=one.stock, points=one.points,
                issue=one.issue,
            )  # fmt: skip
        audit.record("lottery.save", shop=shop, actor=by, at=now, subject=str(row.pk), count=len(values))
    return row


def _value(shop: Shop, prize: Prize) -> int:
    """What one is worth: of goods as it is told, of points by the shop's rule, of a coupon its face.

    Raises
    ------
    RewardRefused
        also when it is worth more than the law lets anybody win.
    """
    value = prize.value_cents
    if prize.kind == POINTS:
        scheme = PointsScheme.objects.filter(shop=shop).first()
        if scheme is None:
            raise RewardRefused("no_points_scheme")
        if not 1 <= prize.points <= MOST_POINTS:
            raise RewardRefused("prize_points", title=prize.title)
        value = prize.points * scheme.burn_cents // scheme.burn_points
    if prize.kind == COUPON:
        if prize.issue is None or prize.issue.shop_id != shop.pk:
            raise RewardRefused("prize_issue", title=prize.title)
        mechanic = offer_value(prize.issue.offer).mechanic
        if not isinstance(mechanic, engine.ShopCoupon):  # it was one when the issue was made
            raise RewardRefused("prize_issue", title=prize.title)
        value = mechanic.face_cents
    if prize.kind == GOODS and value < 1:
        raise RewardRefused("prize_value", title=prize.title)
    if value > MOST_PRIZE_CENTS:
        raise RewardRefused(
            "prize_too_high", title=prize.title, value_cents=value, most_cents=MOST_PRIZE_CENTS
        )
    return value


def lottery_names(shop: Shop) -> list[str]:
    """The names under which lotteries of the shop were published, the newest first."""
    published = Lottery.objects.filter(shop=shop, published_at__isnull=False).order_by("-pk")
    return list(dict.fromkeys(published.values_list("name", flat=True)))


def locked(pk: int) -> Lottery:
    """The lottery, held until the transaction ends."""
    return Lottery.objects.select_related("shop").select_for_update(of=("self",), no_key=True).get(pk=pk)


def publish(
    lottery: Lottery, *, by: User | None, now: datetime, random: Random = secrets.token_bytes
) -> Lottery:
    """Draw the seed, seal it, and write down the hash that binds it and all that is promised.

    Raises
    ------
    RewardRefused
        when it was published, its end is past, a prize is worth too much by now, or a coupon that can be won would not
        be there until then.
    """
    with transaction.atomic():
        row = locked(lottery.pk)
        if row.published_at is not None:
            raise RewardRefused("lottery_published")
        if row.ends_at <= now:
            raise RewardRefused("lottery_past")
        prizes = _held_prizes(row)
        for prize in prizes:
            _value_anew(row.shop, prize)
        _check_issues(row, prizes, now)
        seed = random(SEED_BYTES).hex()
        row.terms = terms_of(row)
        row.commitment = fair_draws.commitment(seed, row.terms)
        row.sealed, row.key_id = seal({"seed": seed}, bound_to(row.pk))
        row.published_at = now
        row.save()
        audit.record(
            "lottery.publish", shop=row.shop, actor=by, at=now, subject=str(row.pk), sha256=row.commitment
        )
    return row


def _held_prizes(lottery: Lottery) -> list[LotteryPrize]:
    """Its prizes; their issues and then the offers of these are held until the transaction ends, each in order."""
    wanted = list(lottery.prizes.exclude(issue=None).values_list("issue_id", flat=True))
    issues = CouponIssue.objects.select_for_update(no_key=True).filter(pk__in=wanted).order_by("pk")
    offers = {one.offer_id for one in issues}
    list(Offer.objects.select_for_update(no_key=True).filter(pk__in=offers).order_by("pk"))
    return list(lottery.prizes.select_related("issue__offer").order_by("place"))


def _value_anew(shop: Shop, prize: LotteryPrize) -> None:
    """What one is worth by the offers and the rule of points as they are now, and no longer as the draft was saved."""
    value = _value(
        shop,
        Prize(
            prize.title, prize.kind, prize.stock, prize.value_cents, prize.odds_ppm, prize.points, prize.issue
        ),
    )
    if value != prize.value_cents:
        prize.value_cents = value
        prize.save(update_fields=["value_cents"])


def _check_issues(lottery: Lottery, prizes: Sequence[LotteryPrize], now: datetime) -> None:
    """Each issue lasts until the end, with room for all prizes of this lottery beside what others promise of it."""
    by_issue: dict[CouponIssue, list[LotteryPrize]] = {}
    for prize in prizes:
        if prize.issue is not None:
            by_issue.setdefault(prize.issue, []).append(prize)
    for issue, of_it in by_issue.items():
        ends = [issue.offer.ends_at, *([issue.valid_to] if issue.valid_to else [])]
        room = issue.total_limit - issue.made - promised.owed(issue.pk, now)
        stock = sum(one.stock for one in of_it)
        gone = issue.stopped_at is not None or issue.offer.archived or min(ends) < lottery.ends_at
        if gone or room < stock:
            title = " / ".join(one.title for one in of_it)
            raise RewardRefused("prize_issue_short", title=title, stock=stock, left=max(0, room))


def terms_of(lottery: Lottery) -> dict[str, Any]:
    """All that is promised, as it is published and hashed."""
    scheme = PointsScheme.objects.filter(shop=lottery.shop).first()
    return {
        "lottery": str(lottery.pk),
        "name": lottery.name,
        "organiser": lottery.organiser,
        "conditions": lottery.conditions,
        "kind": lottery.kind,
        "starts_at": lottery.starts_at.isoformat(sep=" ", timespec="seconds"),
        "ends_at": lottery.ends_at.isoformat(sep=" ", timespec="seconds"),
        "per_person_limit": lottery.per_person_limit,
        "per_day_limit": lottery.per_day_limit,
        "cost_points": lottery.cost_points,
        "cards": lottery.cards,
        # Bound with the rest: a document whose draws carry no links is not of this lottery.
        "linked": True,
        "prizes": [
            {
                "title": one.title,
                "kind": one.kind,
                "value_cents": one.value_cents,
                "odds_ppm": one.odds_ppm,
                "stock": one.stock,
                "points": one.points,
                **_given_as(one, scheme),
            }
            for one in lottery.prizes.select_related("issue__offer").order_by("place")
        ],
    }


def _given_as(prize: LotteryPrize, scheme: PointsScheme | None) -> dict[str, Any]:
    """Of a coupon its issue and all of its offer; of points how many are worth how much."""
    if prize.kind == POINTS and scheme is not None:
        return {"points_worth": {"points": scheme.burn_points, "cents": scheme.burn_cents}}
    issue = prize.issue
    if issue is None:
        return {}
    until = issue.valid_to
    return {
        "coupon": {
            "issue": str(issue.pk),
            "valid_from": issue.valid_from.isoformat(sep=" ", timespec="seconds"),
            "valid_to": until.isoformat(sep=" ", timespec="seconds") if until else None,
            "days_after_claim": issue.days_after_claim,
            "per_person_limit": issue.per_person_limit,
            "offer": engine.offer_to_dict(offer_value(issue.offer)),
        }
    }


def bound_to(pk: int) -> str:
    """What a sealed seed belongs to."""
    return f"lottery:{pk}"


SEALED = (SealedKind(Lottery, "sealed", lambda row: bound_to(row.pk)),)


def seed_of(lottery: Lottery) -> str:
    """The seed, for a draw or at the end."""
    return str(open_sealed(bytes(lottery.sealed), lottery.key_id, bound_to(lottery.pk))["seed"])


def is_through(lottery: Lottery, now: datetime) -> bool:
    """Whether nothing more can be drawn: its time is over, or no card is left."""
    return lottery.ends_at <= now or (lottery.kind == SCRATCH and lottery.drawn >= lottery.cards)


def end(lottery: Lottery, *, why: str = "", by: User | None, now: datetime) -> Lottery:
    """Publish the seed; nothing is drawn any more. Before its time only with a reason: whoever was promised a draw
    loses it, and the law allows changes only in favour of the buyers.

    Raises
    ------
    RewardRefused
    """
    with transaction.atomic():
        row = locked(lottery.pk)
        if row.published_at is None or row.over_at is not None:
            raise RewardRefused("lottery_not_open")
        if not is_through(row, now) and not why.strip():
            raise RewardRefused("reason_missing")
        row.seed, row.over_at, row.over_reason = seed_of(row), now, why.strip()[:200]
        row.save(update_fields=["seed", "over_at", "over_reason"])
        audit.record(
            "lottery.end",
            shop=row.shop,
            actor=by,
            at=now,
            subject=str(row.pk),
            count=row.drawn,
            link=row.link,
            early=bool(why),
        )
    return row


def end_due(now: datetime) -> int:
    """End what is through, so that its seed is there for all to see; how many.

    One that cannot be ended, say because its seed cannot be opened, is logged and keeps no other one open.
    """
    through = Q(ends_at__lte=now) | Q(kind=SCRATCH, drawn__gte=F("cards"))
    due = Lottery.objects.filter(through, published_at__isnull=False, over_at=None).order_by("pk")
    ended = 0
    for one in due:
        try:
            end(one, by=None, now=now)
        except (VaultError, RewardRefused):
            # Refused: somebody ended it meanwhile.
            log.exception("lottery %s cannot be ended", one.pk)
        else:
            ended += 1
    return ended


def head(lottery: Lottery) -> dict[str, Any]:
    """What is published of it beside its draws; the seed only after the end."""
    return {
        "terms": lottery.terms,
        "commitment": lottery.commitment,
        "seed": lottery.seed or None,
        "drawn": lottery.drawn,
        "link": lottery.link or None,
        "over_at": lottery.over_at.isoformat(sep=" ", timespec="seconds") if lottery.over_at else None,
        "over_reason": lottery.over_reason,
    }


def published(lottery: Lottery) -> dict[str, Any]:
    """The document that anybody can check with `fair_draws.verify`: no customer stands in it.

    How many draws there were, and why it ended before its time, are told beside them: none can be left out unseen.
    """
    draws = LotteryDraw.objects.filter(lottery=lottery).order_by("number")
    found = draws.values_list("number", "text_sha256", "prize__place", "link")
    told = [
        {"number": number, "text_sha256": text, "prize": place, "link": link or None}
        for number, text, place, link in found
    ]
    return head(lottery) | {"draws": told}


def last_link(lottery: Lottery) -> str:
    """What the next draw follows: the link of the last one, of the first the commitment.

    Draws from before there were links are bound by the first that has one, as they stand then.
    """
    if lottery.link or not lottery.drawn:
        return lottery.link or lottery.commitment
    last = lottery.commitment
    draws = LotteryDraw.objects.filter(lottery=lottery).order_by("number")
    for number, text, place in draws.values_list("number", "text_sha256", "prize__place").iterator():
        last = fair_draws.link(last, number, text, place)
    return last

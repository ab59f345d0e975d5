"""Referrals: a customer invites, a friend comes and buys, and after the window both get points. One level by law.

    waiting → counting (the first paid order) → rewarded (the window is over and it was not refunded)
    counting → waiting (the order was refunded)      waiting, counting → void (the rule speaks against it)

Every move is one transaction that holds the shop's rule, then that of points. Whether the two are one person or share
a phone or an address is asked when the friend comes, and again before anything is given.

    RewardRefused    it cannot be; nothing was done
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from functools import partial

from django.db import transaction
from django.db.models import Q, QuerySet, Sum

from laoke.customers.erasure import Traces
from laoke.customers.models import ContactIndex
from laoke.money import MAX_CENTS
from laoke.promotions.coupons.codes import Random, make_codes, read_code
from laoke.promotions.facts import reader_at
from laoke.promotions.rewards import points
from laoke.promotions.rewards.models import PointsLot, PointsScheme
from laoke.promotions.rewards.points_rows import CLOCK, same_person
from laoke.promotions.rewards.referral_models import (
    Invitation,
    Referral,
    ReferralScheme,
    RefundedOrder,
    Share,
)
from laoke.promotions.rewards.refusals import RewardRefused
from laoke.shops import audit, catalog, dirty
from laoke.shops.models import Shop, User

MIRROR = "referrals"
WAITING, COUNTING, REWARDED, VOID = "waiting", "counting", "rewarded", "void"
STATES = (WAITING, COUNTING, REWARDED, VOID)
SAME_PERSON, HOUSEHOLD, ALREADY, LIMIT, ERASED = "same_person", "household", "already", "limit", "erased"
MOST_STEPS = 5
MOST_DAYS = 365
MOST_POINTS_EACH = 10_000_000
MOST_LIKES = 100_000
REWARDED_AT_ONCE = 100
# What a move writes; never whose the referral is, which erasing empties.
MOVED = ("state", "order_id", "paid_cents", "due_at")
SETTLED = ("state", "reason", "points", "due_at", "settled_at")


@dataclass(frozen=True)
class Terms:
    """What the rule promises; `steps` = ((from how many friends on, points), …). None = as many as come."""

    steps: tuple[tuple[int, int], ...]
    window_days: int
    friend_points: int = 0
    least_cents: int = 0
    most_rewards: int | None = None
    like_points: int = 0
    most_likes_a_day: int = 0

    def check(self) -> None:
        """
        Raises
        ------
        RewardRefused
            with the first wrong part.
        """
        starts, given = [one for one, _ in self.steps], [one for _, one in self.steps]
        rising = starts == sorted(set(starts)) and given == sorted(set(given))
        if not 1 <= len(self.steps) <= MOST_STEPS or starts[0] != 1 or not rising:
            raise RewardRefused("referral_steps", most=MOST_STEPS)
        if (
            not 1 <= given[0] <= given[-1] <= MOST_POINTS_EACH
            or not 0 <= self.friend_points <= MOST_POINTS_EACH
        ):
            raise RewardRefused("points_wrong", most=MOST_POINTS_EACH)
        if not 0 <= self.window_days <= MOST_DAYS:
            raise RewardRefused("referral_window", most=MOST_DAYS)
        if not 0 <= self.least_cents <= MAX_CENTS:
            raise RewardRefused("referral_least")
        if self.most_rewards is not None and self.most_rewards < 1:
            raise RewardRefused("referral_most")
        if not (0 <= self.like_points <= MOST_POINTS_EACH and 0 <= self.most_likes_a_day <= MOST_LIKES):
            raise RewardRefused("referral_likes", most=MOST_LIKES)

    def points_of(self, friend: int) -> int:
        """What the referrer gets for their so-many-th friend.

        >>> Terms(((1, 1_000), (5, 1_500)), 15).points_of(5)
        1500
        """
        return max((points for start, points in self.steps if start <= friend), default=0)


def set_scheme(shop: Shop, terms: Terms, *, by: User | None, now: datetime) -> ReferralScheme:
    """Write the rule, or change it; what is under way is rewarded by the new one.

    Raises
    ------
    RewardRefused
        also when the shop has no rule for points, in which rewards are given.
    """
    terms.check()
    told = asdict(terms) | {"steps": [list(one) for one in terms.steps], "updated_by": by, "updated_at": now}
    if not PointsScheme.objects.filter(shop=shop).exists():
        raise RewardRefused("no_points_scheme")
    with transaction.atomic():
        scheme, _made = ReferralScheme.objects.update_or_create(
            shop=shop, defaults=told, create_defaults={**told, "created_at": now}
        )
        audit.record("referral.rule", shop=shop, actor=by, at=now, subject=str(scheme.pk), **asdict(terms))
    return scheme


def set_open(shop: Shop, is_open: bool, *, by: User | None, now: datetime) -> None:
    """Take no new friends, or go on. Who has come already is rewarded: it was promised."""
    with transaction.atomic():
        if ReferralScheme.objects.filter(shop=shop).exclude(is_open=is_open).update(is_open=is_open):
            act = "referral.resume" if is_open else "referral.stop"
            audit.record(act, shop=shop, actor=by, at=now)


def terms_of(scheme: ReferralScheme) -> Terms:
    """The rule as it stands."""
    found = {name: getattr(scheme, name) for name in Terms.__dataclass_fields__}
    return Terms(**found | {"steps": tuple((int(start), int(given)) for start, given in scheme.steps)})


def locked_scheme(shop: Shop) -> ReferralScheme:
    """The rule, held until the transaction ends.

    Raises
    ------
    RewardRefused
        `no_referral_scheme` when the shop has none.
    """
    found = ReferralScheme.objects.select_related("shop").select_for_update(of=("self",), no_key=True)
    scheme = found.filter(shop=shop).first()
    if scheme is None:
        raise RewardRefused("no_referral_scheme")
    return scheme


def _open_scheme(shop: Shop) -> ReferralScheme:
    scheme = locked_scheme(shop)
    if not scheme.is_open:
        raise RewardRefused("referral_stopped")
    return scheme


def invite(
    shop: Shop, customer_id: int, *, now: datetime, random: Random = secrets.token_bytes
) -> Invitation:
    """The code by which a person invites: the one they have, or a new one.

    Raises
    ------
    RewardRefused
    """
    with transaction.atomic():
        _open_scheme(shop)
        mine = Invitation.objects.filter(shop=shop, customer_id__in=same_person(shop, customer_id))
        if (known := mine.order_by("pk").first()) is not None:
            return known
        [code] = make_codes(1, random)
        while Invitation.objects.filter(shop=shop, code=code).exists():
            [code] = make_codes(1, random)
        return Invitation.objects.create(shop=shop, customer_id=customer_id, code=code, at=now)


def accept(shop: Shop, typed: str, friend_id: int, *, now: datetime) -> Referral:
    """A friend comes by an invitation.

    Raises
    ------
    RewardRefused
        when the code is none, or the friend is no new one, is the inviter, or lives in the same household.
    """
    code = read_code(typed)
    with transaction.atomic():
        _open_scheme(shop)
        invitation = Invitation.objects.filter(shop=shop, code=code or "").first()
        if invitation is None or invitation.customer_id is None:
            raise RewardRefused("invitation_unknown")
        friends = same_person(shop, friend_id)
        if (against := _why_not(shop, invitation.customer_id, friend_id)) is not None:
            raise RewardRefused(f"referral_{against}")
        if Referral.objects.filter(shop=shop, friend_id__in=friends).exists():
            raise RewardRefused("referral_already")
        if PointsLot.objects.filter(shop=shop, customer_id__in=friends, source=points.ORDER).exists():
            raise RewardRefused("referral_not_new")
        if _has_bought(shop, friends):
            raise RewardRefused("referral_not_new")
        found = Referral.objects.create(
            shop=shop, invitation=invitation, referrer_id=invitation.customer_id, friend_id=friend_id,
            state=WAITING, at=now,
        )  # fmt: skip
        dirty.mark(shop.pk, MIRROR, [found.pk])
    return found


def _has_bought(shop: Shop, customers: Sequence[int]) -> bool:
    """Whether the facts know a paid order of these customers, by whichever import; nothing imported = no."""
    entry = catalog.current()
    if entry is None or "orders" not in entry.versions:
        return False
    # One equality after the other: a number that stands in a query is found fast among ten million orders.
    found = " UNION ALL ".join(
        f"(SELECT 1 FROM {{rows}} AS o WHERE o.customer_id = {int(one)} LIMIT 1)" for one in customers
    )
    around = f"SELECT count(*) AS found FROM ({found}) AS f"
    return bool(reader_at(entry).query("paid_orders", around, shop_id=shop.pk)["found"][0].as_py())


def _why_not(shop: Shop, referrer_id: int, friend_id: int) -> str | None:
    """What speaks against a reward between two: one person, or one household by a phone or an address they share."""
    referrers, friends = same_person(shop, referrer_id), same_person(shop, friend_id)
    if set(referrers) & set(friends):
        return SAME_PERSON
    theirs = ContactIndex.objects.filter(customer_id__in=friends).values("digest")
    if ContactIndex.objects.filter(customer_id__in=referrers, digest__in=theirs).exists():
        return HOUSEHOLD
    return None


def paid(shop: Shop, friend_id: int, *, order_id: str, paid_cents: int, now: datetime) -> Referral | None:
    """A customer has paid an order: if they came by an invitation and it is their first that is large enough, its
    window begins. None when it means nothing to any referral, or was refunded: told again, it is still the same order.

    Raises
    ------
    RewardRefused
    """
    with transaction.atomic():
        scheme = locked_scheme(shop)
        waiting = Referral.objects.filter(
            shop=shop, friend_id__in=same_person(shop, friend_id), state=WAITING
        ).first()
        if waiting is None or paid_cents < max(1, scheme.least_cents):
            return None
        if RefundedOrder.objects.filter(shop=shop, order_id=order_id).exists():
            return None
        waiting.state, waiting.order_id, waiting.paid_cents = COUNTING, order_id, paid_cents
        waiting.due_at = now + timedelta(days=scheme.window_days)
        waiting.save(update_fields=MOVED)
        dirty.mark(shop.pk, MIRROR, [waiting.pk])
    return waiting


def refunded(shop: Shop, *, order_id: str, now: datetime) -> Referral | None:
    """An order was refunded: if its window still runs, the friend's next one may count. None when it means nothing yet:
    it is remembered, for the payment may be told later."""
    with transaction.atomic():
        locked_scheme(shop)
        RefundedOrder.objects.get_or_create(shop=shop, order_id=order_id, defaults={"at": now})
        counting = Referral.objects.filter(shop=shop, order_id=order_id, state=COUNTING).first()
        # Whose window is over was earned, whether a worker has given it yet or not.
        if counting is None or (counting.due_at is not None and counting.due_at <= now):
            return None
        counting.state, counting.order_id, counting.paid_cents, counting.due_at = WAITING, "", 0, None
        counting.save(update_fields=MOVED)
        dirty.mark(shop.pk, MIRROR, [counting.pk])
    return counting


def reward_due(now: datetime) -> int:
    """Give what is due: the windows that are over; how many. In short transactions."""
    done = 0
    for scheme in ReferralScheme.objects.select_related("shop").order_by("pk"):
        while some := _reward_some(scheme.shop, now):
            done += some
    return done


def _reward_some(shop: Shop, now: datetime) -> int:
    with transaction.atomic():
        terms = terms_of(locked_scheme(shop))
        due = Referral.objects.filter(shop=shop, state=COUNTING, due_at__lte=now).order_by("due_at", "pk")
        found = list(due[:REWARDED_AT_ONCE])
        for one in found:
            _reward(shop, one, terms, now)
        dirty.mark(shop.pk, MIRROR, [one.pk for one in found])
    return len(found)


def _reward(shop: Shop, one: Referral, terms: Terms, now: datetime) -> None:
    """Both get their points, unless the two turned out to be one, or the referrer has had all there is for one."""
    assert one.referrer_id is not None and one.friend_id is not None  # erasing makes it void
    before = rewarded_of(shop, one.referrer_id).count()
    against = _why_not(shop, one.referrer_id, one.friend_id)
    if against is None and _was_rewarded(shop, one.friend_id):
        against = ALREADY
    if against is None and terms.most_rewards is not None and before >= terms.most_rewards:
        against = LIMIT
    one.due_at, one.settled_at = None, now
    if against is not None:
        one.state, one.reason = VOID, against
        one.save(update_fields=SETTLED)
        return
    one.state, one.points = REWARDED, terms.points_of(before + 1)
    one.save(update_fields=SETTLED)
    give = partial(points.give, shop, source=points.REFERRAL, note="", now=now, by=CLOCK)
    give(one.referrer_id, one.points)
    if terms.friend_points:
        give(one.friend_id, terms.friend_points)


def _was_rewarded(shop: Shop, friend_id: int) -> bool:
    """Whether a friend earned somebody a reward before, by a number that was another person's then."""
    friends = same_person(shop, friend_id)
    return Referral.objects.filter(shop=shop, friend_id__in=friends, state=REWARDED).exists()


def rewarded_of(shop: Shop, customer_id: int) -> QuerySet[Referral]:
    """What a person was rewarded for, by whichever of their numbers."""
    return Referral.objects.filter(shop=shop, referrer_id__in=same_person(shop, customer_id), state=REWARDED)


def liked(
    shop: Shop, customer_id: int, share_id: str, likes: int, *, now: datetime, by: str
) -> tuple[Share, int]:
    """Something shared has so many likes now: the new ones are rewarded, up to the day's limit; with how many points.

    Raises
    ------
    RewardRefused
        when likes are not rewarded, or another person shared it.
    """
    with transaction.atomic():
        scheme = _open_scheme(shop)
        if not scheme.like_points:
            raise RewardRefused("likes_not_rewarded")
        customers = same_person(shop, customer_id)
        share, _made = Share.objects.get_or_create(
            shop=shop, share_id=share_id, defaults={"customer_id": customer_id, "at": now}
        )
        if share.customer_id not in customers:
            raise RewardRefused("share_of_another")
        room = scheme.most_likes_a_day - _rewarded_likes(shop, customers, share.at)
        more = min(max(0, likes - share.rewarded), max(0, room))
        share.likes, share.rewarded = max(likes, share.likes), share.rewarded + more
        share.save(update_fields=["likes", "rewarded"])
        given = more * scheme.like_points
        if given:
            points.give(shop, customer_id, given, source=points.SHARE, note=share_id, now=now, by=by)
    return share, given


def _rewarded_likes(shop: Shop, customers: Sequence[int], at: datetime) -> int:
    """The likes that were rewarded of all that a person shared on a day."""
    begun = at.replace(hour=0, minute=0, second=0, microsecond=0)
    day = Share.objects.filter(
        shop=shop, customer_id__in=customers, at__gte=begun, at__lt=begun + timedelta(days=1)
    )
    return int(day.aggregate(n=Sum("rewarded"))["n"] or 0)


def forget_person(shop: Shop, traces: Traces, now: datetime) -> int:
    """Referrals of an erased person name them no more, in every shop of the owner; what was under way is void."""
    rules = ReferralScheme.objects.select_for_update(of=("self",), no_key=True)
    shops = [rule.shop_id for rule in rules.filter(shop__owner_id=shop.owner_id).order_by("pk")]
    mine = Q(referrer_id__in=traces.people) | Q(friend_id__in=traces.people)
    for shop_id in shops:
        named = Referral.objects.filter(mine, shop_id=shop_id)
        dirty.mark(shop_id, MIRROR, named.values_list("pk", flat=True))
    Referral.objects.filter(mine, shop__in=shops, state__in=(WAITING, COUNTING)).update(
        state=VOID, reason=ERASED, due_at=None, settled_at=now
    )
    done = Referral.objects.filter(shop__in=shops, referrer_id__in=traces.people).update(referrer_id=None)
    done += Referral.objects.filter(shop__in=shops, friend_id__in=traces.people).update(friend_id=None)
    done += Invitation.objects.filter(shop__in=shops, customer_id__in=traces.people).update(customer_id=None)
    return done + Share.objects.filter(shop__in=shops, customer_id__in=traces.people).update(customer_id=None)

"""Issues of coupons: which offer, how many, how many each, for how much, until when; and their codes, made in bulk."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Count, F, Sum

from laoke.money import MAX_CENTS
from laoke.promotions import engine
from laoke.promotions.coupons import rows, states
from laoke.promotions.coupons.codes import Random, make_codes
from laoke.promotions.coupons.refusals import CouponRefused
from laoke.promotions.models import Coupon, CouponBatch, CouponIssue, Offer
from laoke.promotions.offers import offer_value
from laoke.promotions.rewards import promised
from laoke.shops import audit
from laoke.shops.bulk import write_in_batches
from laoke.shops.models import User

MOST_COUPONS = 10_000_000
MOST_PER_PERSON = 1_000
MOST_DAYS = 3_650
MOST_AT_ONCE = 1_000_000
# Codes are drawn so many at a time: enough for the statement, few enough for the memory.
DRAWN_AT_ONCE = 20_000


@dataclass(frozen=True)
class Terms:
    """What an issue promises. Times are the shop's; `valid_to` is excluded. None = no such limit.

    One of `valid_to` and `days_after_claim` must be there; with both the sooner one counts.
    """

    name: str
    total_limit: int
    valid_from: datetime
    valid_to: datetime | None = None
    days_after_claim: int | None = None
    per_person_limit: int | None = None
    budget_cents: int | None = None

    def check(self) -> None:
        """
        Raises
        ------
        CouponRefused
            with the first wrong part.
        """
        if not self.name.strip():
            raise CouponRefused("name_empty")
        if not 1 <= self.total_limit <= MOST_COUPONS:
            raise CouponRefused("total_wrong", most=MOST_COUPONS)
        if self.per_person_limit is not None and not 1 <= self.per_person_limit <= MOST_PER_PERSON:
            raise CouponRefused("per_person_wrong", most=MOST_PER_PERSON)
        if self.budget_cents is not None and not 1 <= self.budget_cents <= MAX_CENTS:
            raise CouponRefused("budget_wrong")
        if self.days_after_claim is not None and not 1 <= self.days_after_claim <= MOST_DAYS:
            raise CouponRefused("days_wrong", most=MOST_DAYS)
        if self.valid_to is None and self.days_after_claim is None:
            raise CouponRefused("validity_missing")
        if self.valid_to is not None and self.valid_to <= self.valid_from:
            raise CouponRefused("validity_empty")


def is_held_coupon(offer: Offer) -> bool:
    """Whether the offer is one that people must hold, so that codes of it mean something."""
    mechanic = offer_value(offer).mechanic
    return isinstance(mechanic, engine.ShopCoupon) and mechanic.must_hold


def add_issue(offer: Offer, terms: Terms, *, by: User | None, now: datetime) -> CouponIssue:
    """A new issue without codes yet.

    Raises
    ------
    CouponRefused
        when the offer is no coupon or is over, or the terms are wrong.
    """
    terms.check()
    if not is_held_coupon(offer):
        raise CouponRefused("offer_not_coupon")
    if offer.archived or offer.ends_at <= now:
        raise CouponRefused("offer_over", name=offer.name)
    with transaction.atomic():
        issue = CouponIssue.objects.create(
            shop=offer.shop, offer=offer, name=terms.name.strip()[:80], total_limit=terms.total_limit,
            per_person_limit=terms.per_person_limit, budget_cents=terms.budget_cents, valid_from=terms.valid_from,
            valid_to=terms.valid_to, days_after_claim=terms.days_after_claim, created_by=by, created_at=now,
        )  # fmt: skip
        audit.record(
            "coupon.issue", shop=offer.shop, actor=by, at=now, subject=str(issue.pk), count=terms.total_limit,
            offer=offer.pk, budget_cents=terms.budget_cents,
        )  # fmt: skip
    return issue


def stop_issue(issue: CouponIssue, *, by: User | None, now: datetime) -> bool:
    """No coupon of the issue is claimed or reserved any more; what is reserved may still be redeemed. False when it
    was stopped already.

    Raises
    ------
    CouponRefused
        while a published lottery that is not over promises coupons of it.
    """
    with transaction.atomic():
        rows.locked_issue(issue.pk)
        if (lottery := promised.promising(now, issue=issue.pk)) is not None:
            raise CouponRefused("promised", **promised.told_of(lottery))
        stopped = CouponIssue.objects.filter(pk=issue.pk, stopped_at=None).update(stopped_at=now)
        if stopped:
            rows.mark_issue(issue)
            audit.record("coupon.stop", shop=issue.shop, actor=by, at=now, subject=str(issue.pk))
    return bool(stopped)


def order_codes(issue: CouponIssue, count: int, *, by: User | None, now: datetime) -> CouponBatch:
    """Set aside room for `count` codes; `make_batch` makes them, a worker does that.

    Raises
    ------
    CouponRefused
        when the issue has no room for them beside what lotteries promise of it, is stopped or over.
    """
    if not 1 <= count <= MOST_AT_ONCE:
        raise CouponRefused("count_wrong", most=MOST_AT_ONCE)
    with transaction.atomic():
        locked = rows.locked_issue(issue.pk)
        rows.check_running(locked, now)
        rows.take_room(locked, count, promised.owed(locked.pk, now))
        batch = CouponBatch.objects.create(issue=locked, wanted=count, created_by=by, created_at=now)
        audit.record(
            "coupon.codes",
            shop=locked.shop,
            actor=by,
            at=now,
            subject=str(issue.pk),
            count=count,
            batch=batch.pk,
        )
    return batch


def make_batch(
    batch: CouponBatch,
    *,
    now: datetime,
    random: Random = secrets.token_bytes,
    told: Callable[[int], None] = lambda made: None,
) -> int:
    """Make the codes that a batch still lacks, each with its event, in short transactions; how many it has then.

    Killed anywhere it goes on from what is there. A code that the shop has already is drawn anew. `told` hears how many
    there are; what it raises ends the making.
    """
    issue, have = batch.issue, _made_of(batch)

    def write(piece: Sequence[str]) -> None:
        nonlocal have
        have += rows.insert_codes(issue, batch.pk, piece, now)

    while have < batch.wanted:
        told(have)
        write_in_batches(make_codes(min(batch.wanted - have, DRAWN_AT_ONCE), random), write)
    CouponBatch.objects.filter(pk=batch.pk, done_at=None).update(done_at=now)
    return have


def cut_batch(batch: CouponBatch, now: datetime) -> None:
    """Leave a batch at what it has; the room of the others is the issue's again."""
    with transaction.atomic():
        issue = rows.locked_issue(batch.issue_id)
        have = _made_of(batch)
        CouponIssue.objects.filter(pk=issue.pk).update(made=F("made") - (batch.wanted - have))
        CouponBatch.objects.filter(pk=batch.pk).update(wanted=have, done_at=now)


def _made_of(batch: CouponBatch) -> int:
    return Coupon.objects.filter(issue_id=batch.issue_id, batch=batch).count()


@dataclass(frozen=True)
class Counts:
    """The coupons of an issue by state, and its money: `taken_cents` are reserved and redeemed together."""

    by_state: dict[str, int]
    made: int
    taken_cents: int
    redeemed_cents: int
    budget_cents: int | None

    def __getitem__(self, state: str) -> int:
        return self.by_state.get(state, 0)


def counts_of(issue: CouponIssue) -> Counts:
    """How the issue stands."""
    found = Coupon.objects.filter(issue=issue).values("state").annotate(n=Count("pk"), cents=Sum("cents"))
    by_state = {row["state"]: row for row in found}
    fresh = CouponIssue.objects.get(pk=issue.pk)
    return Counts(
        {state: row["n"] for state, row in by_state.items()},
        sum(row["n"] for row in by_state.values()),
        fresh.taken_cents,
        int(by_state[states.REDEEMED]["cents"]) if states.REDEEMED in by_state else 0,
        fresh.budget_cents,
    )

"""Coupon budgets: how segments answered coupons in past rounds, and who should get which next.

A response counts as measured where a round with a coupon wrote to the segment, some of it were held out, and the review
gave a difference with its interval. Everything else is an assumption of whoever typed it, and stays marked as one.

    BudgetRefused    `no_facts`, `no_segment` (one of them is gone or named twice), `too_many`, `no_response`
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from laoke.audiences.counting import count_in, tree_of
from laoke.audiences.models import Segment
from laoke.audiences.printing import print_filter
from laoke.audiences.readings import reading_of
from laoke.audiences.tokens import FilterError
from laoke.audiences.tree import And, InSegment, Node, Not, TreeError
from laoke.campaigns.models import CouponBudget, Review, Round
from laoke.money import MoneyError, parse_cents
from laoke.promotions.coupon_budget import (
    MILLION,
    MOST_GROUPS,
    MOST_LEVELS,
    BudgetPlan,
    Group,
    NoResponse,
    Option,
    Response,
    Terms,
    best_plan,
    options_of,
)
from laoke.shops import audit, catalog
from laoke.shops.clock import Clock
from laoke.shops.models import Shop, User


class BudgetRefused(Exception):
    """A budget that cannot be planned; `code` as above."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Measured:
    """How a segment answered a coupon: orders per million people held out and written to, the ends of the latter's
    95 % interval, how many people that rests on, and the round it comes from."""

    base_ppm: int
    treated_ppm: int
    low_ppm: int
    high_ppm: int
    people: int
    source: str
    days: int


Responses = Mapping[tuple[int, int], Measured]


def measured_responses(shop: Shop) -> dict[tuple[int, int], Measured]:
    """By segment and face in cents, what the newest review of a round says whose window is over."""
    rounds = {
        (row.campaign_id, row.key): row
        for row in Round.objects.filter(campaign__shop=shop, offer__isnull=False, segment__isnull=False)
        .select_related("offer", "campaign__shop", "segment", "snapshot")
        .order_by("pk")
    }
    found: dict[tuple[int, int], Measured] = {}
    seen: set[int] = set()
    for review in Review.objects.filter(campaign__shop=shop).order_by("-pk"):
        if review.campaign_id in seen:
            continue  # an older review of the same campaign
        seen.add(review.campaign_id)
        for told in review.result["rounds"]:
            row = rounds.get((review.campaign_id, told["key"]))
            if row is None or row.segment_id is None or _is_another_segment(row):
                continue
            face, measured = _face(row), _measured(told, review, row)
            if face and measured:
                found.setdefault((row.segment_id, face), measured)
    return found


def _face(row: Round) -> int | None:
    """The coupon that people got, in cents: what the text said, where it said a value, else the offer's face. The offer
    may have been changed since."""
    told = row.variables.get("coupon_value")
    if told and "${coupon_value}" in row.body:
        try:
            return parse_cents(str(told))
        except MoneyError:
            return None
    return row.offer.terms["terms"].get("face_cents") if row.offer else None


def _is_another_segment(row: Round) -> bool:
    """Whether the segment was changed after the round was frozen: who answered then is not who is in it now."""
    if row.segment is None or row.snapshot is None:
        return False
    try:
        return print_filter(tree_of(row.campaign.shop, row.segment.text)) != row.snapshot.text
    except (FilterError, TreeError):
        return True


def _measured(told: Mapping[str, Any], review: Review, row: Round) -> Measured | None:
    orders = told["metrics"]["orders"]
    if not told["window_over"] or not orders.get("difference"):
        return None
    base, found = orders["held_out_per_person"], orders["difference"]

    def ppm(value: float) -> int:
        return max(0, round(value * MILLION))

    return Measured(
        ppm(base),
        ppm(base + found["estimate"]),
        ppm(base + found["low"]),
        ppm(base + found["high"]),
        told["treated"] + told["held_out"],
        f"{row.campaign.name} · {row.title}",
        review.result["attribution_days"],
    )


def make(
    shop: Shop,
    *,
    name: str,
    budget_cents: int,
    margin_cents: int,
    message_millis: int,
    used_bp: int,
    segments: Sequence[int],
    faces: Sequence[int],
    by: User,
    now: datetime,
) -> CouponBudget:
    """A budget over segments of the shop, in the order in which they take people.

    Raises
    ------
    BudgetRefused
        `no_segment` or `too_many`.
    """
    if len(segments) > MOST_GROUPS or len(faces) > MOST_LEVELS:
        raise BudgetRefused("too_many")
    known = set(Segment.objects.filter(shop=shop, archived=False).values_list("pk", flat=True))
    if not segments or len(set(segments)) < len(segments) or not set(segments) <= known:
        raise BudgetRefused("no_segment")
    with transaction.atomic():
        row = CouponBudget.objects.create(
            shop=shop, name=name, budget_cents=budget_cents, margin_cents=margin_cents, used_bp=used_bp,
            message_millis=message_millis, segments=list(segments), faces=sorted(set(faces)), created_by=by,
            created_at=now,
        )  # fmt: skip
        audit.record("coupon_budget.make", shop=shop, actor=by, at=now, subject=name)
    return row


def segments_of(row: CouponBudget) -> list[Segment]:
    """Its segments that are still there, in its order."""
    known = Segment.objects.filter(shop=row.shop, archived=False).in_bulk(row.segments)
    return [known[number] for number in row.segments if number in known]


def counted(row: CouponBudget, segments: Sequence[Segment], clock: Clock) -> dict[int, int]:
    """How many people each segment brings that no segment before it has.

    Raises
    ------
    BudgetRefused
        `no_facts`.
    """
    if catalog.current() is None:
        raise BudgetRefused("no_facts")
    reading = reading_of(row.shop, clock.now().date())
    before: list[Node] = []
    people = {}
    for segment in segments:
        mine = InSegment(segment.name)
        tree = And((mine, *(Not(one) for one in before))) if before else mine
        people[segment.pk] = count_in(reading, tree_of(row.shop, tree)).n
        before.append(mine)
    return people


def work_out(row: CouponBudget, assumed: Mapping[str, Any], *, by: User, clock: Clock) -> CouponBudget:
    """Choose, with what was measured and with `assumed` for the rest, and keep both with the result.

    Raises
    ------
    BudgetRefused
        `no_facts`, `no_segment` when one is gone, `no_response` when nothing was measured nor assumed.
    """
    segments = segments_of(row)
    if len(segments) < len(row.segments):
        raise BudgetRefused("no_segment")
    people, responses = counted(row, segments, clock), measured_responses(row.shop)
    terms = Terms(row.budget_cents, row.used_bp, row.message_millis)
    groups = [_group(row, one, people[one.pk], responses, assumed.get(str(one.pk), {})) for one in segments]
    try:
        plan = best_plan(groups, terms)
    except NoResponse:
        raise BudgetRefused("no_response") from None
    entry = catalog.current()
    row.assumed = dict(assumed)
    row.result = _told(plan, groups, segments, terms) | {"catalog": entry.pk if entry else None}
    row.worked_out_at = clock.now()
    with transaction.atomic():
        row.save(update_fields=["assumed", "result", "worked_out_at"])
        audit.record("coupon_budget.work_out", shop=row.shop, actor=by, at=clock.now(), subject=row.name)
    return row


def _group(
    row: CouponBudget, segment: Segment, people: int, responses: Responses, assumed: Mapping[str, Any]
) -> Group:
    """A segment with every response that is known; without what it buys anyway none of them says anything."""
    base = base_of(segment, row.faces, responses, assumed)
    found: dict[int, Response] = {}
    if base is not None:
        for face in row.faces:
            measured, typed = responses.get((segment.pk, face)), assumed.get("faces", {}).get(str(face))
            if measured is not None:
                # What the coupon added then is added to what they buy anyway by the newest measure.
                moved = base - measured.base_ppm
                found[face] = Response(
                    max(0, measured.treated_ppm + moved),
                    max(0, measured.low_ppm + moved),
                    max(0, measured.high_ppm + moved),
                    measured.source,
                )
            elif typed is not None:
                found[face] = Response(typed, typed, typed)
    return Group(str(segment.pk), people, base or 0, row.margin_cents, found)


def base_of(
    segment: Segment, faces: Sequence[int], responses: Responses, assumed: Mapping[str, Any]
) -> int | None:
    """Orders per million people without a coupon: measured on most people, else assumed, else not known."""
    measured = [responses[(segment.pk, face)] for face in faces if (segment.pk, face) in responses]
    if measured:
        return max(measured, key=lambda one: one.people).base_ppm
    base: int | None = assumed.get("base")
    return base


def _told(
    plan: BudgetPlan, groups: Sequence[Group], segments: Sequence[Segment], terms: Terms
) -> dict[str, Any]:
    return {
        "spent_cents": plan.spent_cents,
        "gained_cents": plan.gained_cents,
        "low_cents": plan.low_cents,
        "high_cents": plan.high_cents,
        "bound_cents": plan.bound_cents,
        "free_cents": plan.free_cents,
        "proven": plan.proven,
        "measured": plan.measured,
        "groups": [
            {
                "segment": segment.pk,
                "name": segment.name,
                "people": group.people,
                "base_ppm": group.base_ppm if group.responses else None,
                "why": chosen.why,
                "chosen": _option(chosen.option),
                "wanted": _option(chosen.wanted),
                "options": [
                    {**asdict(one), "treated_ppm": group.responses[one.face_cents].treated_ppm,
                     "source": group.responses[one.face_cents].source}
                    for one in options_of(group, terms)
                ],
            }
            for segment, group, chosen in zip(segments, groups, plan.groups, strict=True)
        ],
    }  # fmt: skip


def _option(one: Option | None) -> dict[str, Any] | None:
    return None if one is None else asdict(one)

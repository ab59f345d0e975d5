"""From a segment to rows: everyone of it becomes one message row, sent, held out or left out with a counted reason.

Gates that do not depend on the arm come first, arms are drawn among those who pass them all. Planning writes in slices
and may be killed and run again: rows that are there stay, the rest is added.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count

from laoke.dispatch.failpoints import passing
from laoke.dispatch.gates import (
    CAP_REASONS,
    LAST_REASON,
    LEDGER_REASONS,
    FactGate,
    fact_gates_of,
    ledger_reasons,
)
from laoke.dispatch.gates import capped as capped_people
from laoke.dispatch.models import Arm, Message, MessageState, Occasion, OccasionState
from laoke.dispatch.recipients import Address, addresses_of
from laoke.dispatch.sets import many, stamp
from laoke.shops.bulk import write_in_batches

ArmFunction = Callable[[Sequence[int]], Sequence[str]]


class PlanRefused(Exception):
    """A plan that cannot be made; `code` is `not_draft` or `person_twice`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class PlannedPerson:
    """One person of the segment and the customer that stands for them in this shop."""

    person_id: int
    customer_id: int | None = None


@dataclass(frozen=True)
class Funnel:
    """segment − left out (reasons in the order of asking, with counts) = treated + held out.

    `later` are treated people who were left out after planning, by reason: kept back before sending, cancelled,
    expired. They stay treated for the review.
    """

    segment: int
    left_out: tuple[tuple[str, int], ...]
    treated: int
    held_out: int
    later: tuple[tuple[str, int], ...] = ()

    @property
    def passed(self) -> int:
        """How many people passed every gate before arms were drawn."""
        return self.treated + self.held_out

    def __post_init__(self) -> None:
        lost = sum(count for _, count in self.left_out)
        if self.segment - lost != self.passed:
            raise ValueError(f"the funnel does not add up: {self.segment} − {lost} ≠ {self.passed}")


def all_treated(people: Sequence[int]) -> list[str]:
    """The arms of a notice: nobody is held out."""
    return [Arm.TREATED] * len(people)


def plan_occasion(
    occasion: Occasion,
    people: Sequence[PlannedPerson],
    *,
    arms: ArmFunction,
    now: datetime,
    extra_gates: Sequence[FactGate] = (),
    stopped: Callable[[], bool] | None = None,
) -> Funnel:
    """Write one row per person of a drafted occasion, and say what became of the segment.

    `arms` gives 'treated' or 'held_out' for persons in the order asked. 20,000 people take about a second. When
    `stopped` says so, planning ends with fewer rows and may be run again.

    Raises
    ------
    PlanRefused
        when the occasion is no draft, or a person stands in `people` twice.
    """
    if not Occasion.objects.filter(pk=occasion.pk, state=OccasionState.DRAFT).exists():
        raise PlanRefused("not_draft")
    verdicts = _judge(occasion, people, arms, now, extra_gates)
    due = stamp(max(now, occasion.not_before))
    rows = [_row(occasion, verdict, due, now) for verdict in verdicts]
    whole = write_in_batches(rows, _insert, stopped=stopped) == len(rows)
    if whole:
        _add_missing(occasion, verdicts, due, now)
        Occasion.objects.filter(pk=occasion.pk).update(planned_at=now)
        occasion.planned_at = now
    return funnel(occasion)


def preview_funnel(
    occasion: Occasion,
    people: Sequence[PlannedPerson],
    *,
    arms: ArmFunction,
    now: datetime,
    extra_gates: Sequence[FactGate] = (),
) -> Funnel:
    """The same counts without writing; `occasion` may be unsaved (shop, channel, kind of text and rules are read)."""
    verdicts = _judge(occasion, people, arms, now, extra_gates)
    left_out = Counter(verdict.reason for verdict in verdicts if verdict.reason)
    drawn = Counter(verdict.arm for verdict in verdicts if not verdict.reason)
    order = _order(occasion, extra_gates)
    return Funnel(len(verdicts), _ordered(left_out, order), drawn[Arm.TREATED], drawn[Arm.HELD_OUT])


def discard_plan(occasion: Occasion) -> int:
    """Take the rows of a draft back, to plan it anew; how many there were.

    Raises
    ------
    PlanRefused
        when it is no draft any more: what was launched is history.
    """
    if not Occasion.objects.filter(pk=occasion.pk, state=OccasionState.DRAFT).update(planned_at=None):
        raise PlanRefused("not_draft")
    ids = list(occasion.messages.order_by("pk").values_list("pk", flat=True))
    write_in_batches(ids, lambda piece: Message.objects.filter(pk__in=list(piece)).delete())
    occasion.planned_at = None
    return len(ids)


def funnel(occasion: Occasion) -> Funnel:
    """The funnel as the rows say it, at any time."""
    counted = occasion.messages.values_list("arm", "state", "reason").annotate(n=Count("pk"))
    left_out: Counter[str] = Counter()
    later: Counter[str] = Counter()
    drawn: Counter[str] = Counter()
    for arm, state, reason, n in counted:
        if arm == Arm.NONE:
            left_out[reason] += n
            continue
        drawn[arm] += n
        if state == MessageState.SUPPRESSED:
            later[reason] += n
        elif state in (MessageState.CANCELLED, MessageState.EXPIRED):
            later[state] += n
    order = _order(occasion, ())
    return Funnel(
        sum(left_out.values()) + sum(drawn.values()), _ordered(left_out, order), drawn[Arm.TREATED],
        drawn[Arm.HELD_OUT], _ordered(later, order),
    )  # fmt: skip


@dataclass(frozen=True)
class _Verdict:
    person: int
    customer: int | None
    digest: str | None
    arm: str
    reason: str


def _judge(
    occasion: Occasion, people: Sequence[PlannedPerson], arms: ArmFunction, now: datetime,
    extra_gates: Sequence[FactGate],
) -> list[_Verdict]:  # fmt: skip
    ids = [person.person_id for person in people]
    if len(set(ids)) != len(ids):
        raise PlanRefused("person_twice")
    addresses = addresses_of(occasion.shop, occasion.channel, ids)
    reasons = _reasons(occasion, ids, addresses, now, extra_gates)
    passing_ids = [person for person in ids if person not in reasons]
    drawn = dict(zip(passing_ids, arms(passing_ids), strict=True))
    verdicts = []
    for person in people:
        address = addresses.get(person.person_id)
        verdicts.append(
            _Verdict(
                person.person_id,
                address.customer_id if address else person.customer_id,
                address.digest if address else None,
                drawn.get(person.person_id, Arm.NONE),
                reasons.get(person.person_id, ""),
            )
        )
    return verdicts


def _reasons(
    occasion: Occasion, ids: Sequence[int], addresses: dict[int, Address], now: datetime,
    extra_gates: Sequence[FactGate],
) -> dict[int, str]:  # fmt: skip
    """The first gate that keeps each person away; the order is that of `_order`."""
    shop, rank = occasion.shop, LEDGER_REASONS.index
    digests = {person: addresses[person].digest if person in addresses else None for person in ids}
    reasons = ledger_reasons(shop, occasion.channel, marketing=occasion.is_marketing, people=digests, now=now)
    for person in ids:
        unusable = addresses[person].reason if person in addresses else "no_contact"
        if unusable and (person not in reasons or rank(unusable) < rank(reasons[person])):
            reasons[person] = unusable
    left = [person for person in ids if person not in reasons]
    for gate in (*fact_gates_of(occasion), *extra_gates):
        for person in gate.hits(left):
            reasons.setdefault(person, gate.code)
    if occasion.is_marketing:
        for person, reason in capped_people(shop, left, now).items():
            reasons.setdefault(person, reason)
    taken: set[str] = set()
    for person in left:
        digest = digests[person]
        if person in reasons or digest is None:
            continue
        if digest in taken:
            reasons[person] = LAST_REASON
        taken.add(digest)
    return reasons


def _order(occasion: Occasion, extra_gates: Sequence[FactGate]) -> list[str]:
    fact_codes = [*occasion.rules.get("gates", []), *(gate.code for gate in extra_gates)]
    return [*LEDGER_REASONS, *fact_codes, *CAP_REASONS, LAST_REASON]


def _ordered(counts: Counter[str], order: Sequence[str]) -> tuple[tuple[str, int], ...]:
    """Codes in the order of asking; what only a later plan knew stands at the end, by name."""
    known = [code for code in order if counts[code]]
    rest = sorted(code for code in counts if code not in order and counts[code])
    return tuple((code, counts[code]) for code in dict.fromkeys([*known, *rest]))


COLUMNS = (
    "occasion_id", "person_id", "customer_id", "arm", "contact_digest", "state", "reason", "due_at", "settled_at",
    "lease_owner", "lease_token", "alone", "attempts", "segments", "cost_millis",
)  # fmt: skip
INSERT = (
    f"INSERT INTO dispatch_message ({', '.join(COLUMNS)}) VALUES ({', '.join(['%s'] * len(COLUMNS))}) "
    "ON CONFLICT DO NOTHING"
)
_MARK = (
    "INSERT INTO shops_dirty (shop_id, mirror, key, revision) VALUES (%s, 'touches', %s, 1) "
    "ON CONFLICT (shop_id, mirror, key) DO UPDATE SET revision = shops_dirty.revision + 1"
)


def _row(occasion: Occasion, verdict: _Verdict, due: object, now: datetime) -> tuple[Any, ...]:
    if verdict.reason:
        state: str = MessageState.SUPPRESSED
    elif verdict.arm == Arm.HELD_OUT:
        state = MessageState.HELD_OUT
    else:
        state = MessageState.PLANNED
    settled = None if state == MessageState.PLANNED else stamp(now)
    return (
        occasion.pk, verdict.person, verdict.customer, str(verdict.arm), verdict.digest, str(state), verdict.reason,
        due, settled, "", 0, False, 0, 0, 0,
    )  # fmt: skip


def _insert(piece: Sequence[tuple[Any, ...]]) -> None:
    many(INSERT, piece)
    shop_id = Occasion.objects.values_list("shop_id", flat=True).get(pk=piece[0][0])
    many(_MARK, [(shop_id, f"{row[1]}:{row[0]}") for row in piece])
    passing("plan.slice")


def _add_missing(occasion: Occasion, verdicts: Sequence[_Verdict], due: object, now: datetime) -> None:
    """A plan that was cut short and judged anew may have given a contact to someone else meanwhile: nobody is lost."""
    there = set(occasion.messages.values_list("person_id", flat=True))
    missing = [
        _row(occasion, _Verdict(v.person, v.customer, v.digest, Arm.NONE, LAST_REASON), due, now)
        for v in verdicts
        if v.person not in there
    ]
    write_in_batches(missing, _insert)

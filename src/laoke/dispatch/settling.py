"""Steps 7 and 8: what has no answer becomes 'unknown', and is asked about until it is known or a person decides.

Found at the provider is proof; not found is proof only from the moment the channel states. Asking happens at 2, 10 and
30 minutes, 2 and 6 hours after the attempt, and in the same steps from the moment on when absence can be proven. Where
nobody was there at those times (the PC was off), it happens once as soon as somebody is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import F

from laoke.dispatch.channels.base import Channel, QueryResult, Recipient
from laoke.dispatch.failpoints import passing
from laoke.dispatch.inbox import Verdict, report_deliveries
from laoke.dispatch.models import Attempt, Message, Occasion, OccasionState
from laoke.dispatch.models import MessageState as S
from laoke.dispatch.occasions import close_waiting, finish_if_done
from laoke.dispatch.recipients import open_recipient
from laoke.dispatch.recording import accept, back_to_planned
from laoke.dispatch.sets import among, listed, moment, rows, stamp, transacted
from laoke.dispatch.states import move
from laoke.shops import audit
from laoke.shops.models import User

SCHEDULE: tuple[timedelta, ...] = (
    timedelta(minutes=2),
    timedelta(minutes=10),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=6),
)
# Two workers must not ask the same at once; one that died while asking leaves the question for later.
ASKING = timedelta(seconds=60)
REAP_AT_ONCE = 500


@dataclass(frozen=True)
class Question:
    """One unknown attempt to ask about."""

    attempt_id: int
    message_id: int
    batch_id: int
    out_id: str
    sealed: bytes
    key_id: str
    written_at: datetime
    deadline: datetime
    queries: int


def next_query(
    written_at: datetime,
    deadline: datetime,
    now: datetime,
    channel: Channel,
    schedule: Sequence[timedelta] = SCHEDULE,
    *,
    asked_at: datetime | None = None,
) -> datetime | None:
    """When to ask next; None when asking is no use any more (or never was) and a person has to decide.

    `asked_at` is when it was asked last. A question at or after the last of the times is owed in any case.
    """
    if channel.power != "queryable":
        return None
    times = [written_at + step for step in schedule]
    if channel.absence_proof_after_s is not None:
        proof = deadline + timedelta(seconds=channel.absence_proof_after_s)
        # And on from there in the same steps: the question of that moment may get no answer.
        times += [proof, *(proof + step for step in schedule)]
    if any(time > now for time in times):
        return min(time for time in times if time > now)
    return now if asked_at is None or asked_at < max(times) else None


def reap(now: datetime, by: str, channel: Channel | None, occasion: Occasion,
         schedule: Sequence[timedelta] = SCHEDULE) -> int:  # fmt: skip
    """Look at what an occasion's workers left behind: leases that ran out with nothing written wait again, calls
    without an answer become unknown, accepted ones without a report end as 'no receipt'. How many moved."""

    def work() -> int:
        found = rows(
            "SELECT id, state FROM dispatch_message WHERE look_at <= %s "
            "AND state IN ('claimed', 'sending', 'accepted') AND occasion_id = %s ORDER BY look_at LIMIT %s",
            [stamp(now), occasion.pk, REAP_AT_ONCE],
        )
        states: dict[str, list[int]] = defaultdict(list)
        for message, state in found:
            states[state].append(message)
        due = " AND look_at <= %s"
        moved = move(
            states[S.CLAIMED], S.CLAIMED, S.PLANNED, at=now, by=by, reason="lease_over",
            sets=", lease_token = lease_token + 1, lease_owner = '', look_at = NULL", guard=due,
            guard_params=[stamp(now)],
        )  # fmt: skip
        lost = move(
            states[S.SENDING], S.SENDING, S.UNKNOWN, at=now, by=by, reason="no_answer", sets=", look_at = NULL",
            guard=due, guard_params=[stamp(now)],
        )  # fmt: skip
        _open_attempts_unknown(lost, now, channel, schedule)
        silent = move(
            states[S.ACCEPTED], S.ACCEPTED, S.NO_RECEIPT, at=now, by=by, sets=", look_at = NULL", guard=due,
            guard_params=[stamp(now)],
        )  # fmt: skip
        if found:
            passing("reap.before_commit")
        return len(moved) + len(lost) + len(silent)

    done = transacted(work)
    if done:
        passing("reap.after")
    return done


def _open_attempts_unknown(
    ids: Sequence[int], now: datetime, channel: Channel | None, schedule: Sequence[timedelta]
) -> None:
    attempts = Attempt.objects.filter(message_id__in=list(ids), outcome=Attempt.Outcome.OPEN)
    for attempt in attempts:
        query_at = (
            next_query(attempt.written_at, attempt.deadline, now, channel, schedule) if channel else None
        )
        Attempt.objects.filter(pk=attempt.pk, outcome=Attempt.Outcome.OPEN).update(
            outcome=Attempt.Outcome.UNKNOWN, code="no_answer", next_query_at=query_at
        )


def take_questions(gateway_id: int, limit: int, now: datetime, asking: timedelta = ASKING) -> list[Question]:
    """Unknown attempts of a gateway whose time to ask has come; a conditional update decides between two workers."""
    due = rows(
        "SELECT a.id FROM dispatch_attempt a JOIN dispatch_batch b ON b.id = a.batch_id "
        "WHERE a.outcome = 'unknown' AND a.next_query_at <= %s AND b.gateway_id = %s ORDER BY a.next_query_at LIMIT %s",
        [stamp(now), gateway_id, limit],
    )
    if not due:
        return []

    def work() -> list[int]:
        taken = rows(
            f"UPDATE dispatch_attempt SET next_query_at = %s, queries = queries + 1 WHERE {among('id')} "
            "AND outcome = 'unknown' AND next_query_at <= %s RETURNING id",
            [stamp(now + asking), listed([row[0] for row in due]), stamp(now)],
        )
        return [row[0] for row in taken]

    return _read_questions(transacted(work))


def _read_questions(ids: Sequence[int]) -> list[Question]:
    found = rows(
        "SELECT a.id, a.message_id, a.batch_id, b.out_id, a.sealed_recipient, a.key_id, a.written_at, a.deadline, "
        f"a.queries FROM dispatch_attempt a JOIN dispatch_batch b ON b.id = a.batch_id WHERE {among('a.id')} "
        "ORDER BY a.id",
        [listed(ids)],
    )
    return [
        Question(pk, message, batch, out_id, bytes(sealed), key_id, _time(written), _time(deadline), queries)
        for pk, message, batch, out_id, sealed, key_id, written, deadline, queries in found
    ]


def _time(value: object) -> datetime:
    found = moment(value)
    assert found is not None  # both columns are NOT NULL
    return found


def ask(channel: Channel, shop_id: int, question: Question) -> QueryResult:
    """Put one question to the provider; no row is touched."""
    address = open_recipient(shop_id, question.message_id, question.sealed, question.key_id)
    recipient = Recipient(str(question.message_id), address)
    result = channel.query_sent(recipient, question.written_at, question.out_id)
    passing("settle.asked")
    return result


def settle(
    occasion: Occasion,
    question: Question,
    result: QueryResult,
    channel: Channel,
    *,
    asked_at: datetime,
    now: datetime,
    by: str,
    schedule: Sequence[timedelta] = SCHEDULE,
) -> None:
    """Draw the conclusion of one answer. `asked_at` is a time before the question was put: proof counts from it."""

    def work() -> None:
        if result.answer == "found":
            _settle_found(occasion, question, result, by, now)
        elif result.answer == "not_found" and proves_absence(channel, question, asked_at):
            _settle_absent(occasion, question, by, now)
        else:
            query_at = next_query(
                question.written_at, question.deadline, now, channel, schedule, asked_at=asked_at
            )
            _unknown(question).update(next_query_at=query_at)
        passing("settle.before_commit")

    transacted(work)
    passing("settle.after")


def proves_absence(channel: Channel, question: Question, asked_at: datetime) -> bool:
    """Whether 'not found', asked then, means that nothing was taken."""
    if channel.absence_proof_after_s is None:
        return False
    return asked_at >= question.deadline + timedelta(seconds=channel.absence_proof_after_s)


def _unknown(question: Question):  # type: ignore[no-untyped-def]
    return Attempt.objects.filter(pk=question.attempt_id, outcome=Attempt.Outcome.UNKNOWN)


def _settle_found(
    occasion: Occasion, question: Question, result: QueryResult, by: str, now: datetime
) -> None:
    Attempt.objects.filter(pk=question.attempt_id).update(
        outcome=Attempt.Outcome.ACCEPTED, code=result.code[:80], settled_at=now, next_query_at=None
    )
    accept(occasion, [question.message_id], by=by, now=now)
    if result.status in ("delivered", "undelivered"):
        verdict = Verdict(result.status, result.reason or result.code, result.code, None, result.dead_contact,
                          result.opt_out)  # fmt: skip
        report_deliveries(occasion, [question.message_id], verdict, by=by, now=now)


def _settle_absent(occasion: Occasion, question: Question, by: str, now: datetime) -> None:
    if not _unknown(question).update(
        outcome=Attempt.Outcome.ABSENT, code="not_found", settled_at=now, next_query_at=None
    ):
        return
    token = Attempt.objects.values_list("lease_token", flat=True).get(pk=question.attempt_id)
    back_to_planned(
        occasion, [question.message_id], by=by, now=now, due=now, reason="absence_proven", token=token
    )
    reopen(occasion, now)


def reopen(occasion: Occasion, now: datetime) -> None:
    """A finished occasion runs again when one of its people still has to be reached in time."""
    Occasion.objects.filter(pk=occasion.pk, state=OccasionState.FINISHED, not_after__gt=now).update(
        state=OccasionState.RUNNING, finished_at=None
    )


def decide_unknown(message: Message, *, sent: bool, by: User, reason: str, now: datetime) -> bool:
    """A person signs what became of an unknown message: sent (it counts as sent), or not (it goes again).

    False when it is known meanwhile. Raises ValueError without a reason.
    """
    if not reason.strip():
        raise ValueError("a decision names its reason")
    occasion = Occasion.objects.select_related("shop", "gateway").get(pk=message.occasion_id)

    def work() -> bool:
        attempts = Attempt.objects.filter(message_id=message.pk, outcome=Attempt.Outcome.UNKNOWN)
        if sent:
            moved = move([message.pk], S.UNKNOWN, S.GIVEN_UP, at=now, by=by.username, reason="decided_sent")
            attempts.update(next_query_at=None)
        else:
            moved = back_to_planned(
                occasion, [message.pk], by=by.username, now=now, due=now, reason="decided_not_sent"
            )
            attempts.update(
                outcome=Attempt.Outcome.ABSENT, code="decided", settled_at=now, next_query_at=None
            )
            reopen(occasion, now)
        if moved:
            audit.record(
                "message.decide", shop=occasion.shop, actor=by, at=now, subject=str(message.pk), sent=sent,
                reason=reason.strip()[:200],
            )  # fmt: skip
        return bool(moved)

    return transacted(work)


def decide_all_unknown(occasion: Occasion, *, sent: bool, by: User, reason: str, now: datetime) -> int:
    """The same signature for every unknown message of an occasion; how many it decided."""
    waiting = occasion.messages.filter(state=S.UNKNOWN).order_by("pk")
    return sum(decide_unknown(message, sent=sent, by=by, reason=reason, now=now) for message in waiting)


def unknown_messages(occasion: Occasion) -> list[Message]:
    """The messages listed by name because nobody knows: those that are not asked about any more come first."""
    asked = Attempt.objects.filter(
        message__occasion=occasion, outcome=Attempt.Outcome.UNKNOWN, next_query_at__isnull=False
    ).values_list("message_id", flat=True)
    still = set(asked)
    found = list(occasion.messages.filter(state=S.UNKNOWN).order_by("sent_at", "pk"))
    return sorted(found, key=lambda message: message.pk in still)


def expire(occasion: Occasion, now: datetime, by: str) -> int:
    """End what can no longer go out: past `not_after`, or left over from a cancel that a crash cut short."""
    state = Occasion.objects.values_list("state", flat=True).get(pk=occasion.pk)
    moved = 0
    if state == OccasionState.CANCELLED:
        moved = close_waiting(occasion, S.CANCELLED, now, by, "cancelled")
    elif occasion.not_after <= now and state != OccasionState.DRAFT:
        moved = close_waiting(occasion, S.EXPIRED, now, by, "expired")
        # A paused round whose time is over has nothing to be resumed for.
        Occasion.objects.filter(pk=occasion.pk, state=OccasionState.PAUSED).update(
            state=OccasionState.RUNNING, epoch=F("epoch") + 1
        )
    if moved:
        passing("expire.after")
    finish_if_done(occasion, now)
    return moved

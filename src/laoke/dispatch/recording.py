"""Step 6 of sending: what a call answered is written by attempt, even when the lease is long gone.

A true answer is never thrown away. 'Accepted' always counts; every other outcome moves the message only when no later
attempt has begun.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.db.models import F, Sum

from laoke.customers.models import DeadContact
from laoke.dispatch.channels.base import Outcome
from laoke.dispatch.failpoints import passing
from laoke.dispatch.models import Attempt, Gateway, Message, Occasion, OccasionState
from laoke.dispatch.models import MessageState as S
from laoke.dispatch.sets import among, listed, many, rows, stamp, transacted
from laoke.dispatch.states import mark_reach, move
from laoke.shops.models import Shop

RECEIPT_WITHIN = timedelta(hours=72)
DEFAULT_RETRY_S = 60.0
NOT_SENT_RETRY_S = 30.0
LATE = "late_answer"

_OUTCOMES = {
    "accepted": Attempt.Outcome.ACCEPTED,
    "rejected": Attempt.Outcome.REJECTED,
    "not_accepted_retry": Attempt.Outcome.NOT_ACCEPTED,
    "not_sent": Attempt.Outcome.NOT_SENT,
    "stop_account": Attempt.Outcome.NOT_ACCEPTED,
    "unknown": Attempt.Outcome.UNKNOWN,
}
# What an answer may overwrite on the attempt: an acceptance everything, the rest only what was open.
_OPEN_OUTCOMES = "('open', 'unknown')"
_ANY_BUT_ACCEPTED = "('open', 'unknown', 'not_sent', 'absent')"


@dataclass(frozen=True)
class Recorded:
    """How many people each kind of outcome met, and the code that stopped the account ('' = none)."""

    kinds: Mapping[str, int]
    stopped: str = ""


def record(
    answers: Mapping[int, Mapping[int, Outcome]],
    occasion: Occasion,
    *,
    by: str,
    now: datetime,
    first_query_at: datetime | None,
) -> Recorded:
    """Write what is known of each message of calls of one occasion: {batch: {message: outcome}}. Safe to repeat."""

    def work() -> Recorded:
        groups: dict[Outcome, list[int]] = defaultdict(list)
        kinds: dict[Outcome, Outcome] = {}  # a call of a thousand people has one or two different outcomes
        for outcomes in answers.values():
            for message, outcome in outcomes.items():
                if outcome not in kinds:
                    kinds[outcome] = replace(outcome, provider_id="", message="")
                groups[kinds[outcome]].append(message)
        for outcome, ids in groups.items():
            _record_group(list(answers), occasion, outcome, ids, by, now, first_query_at)
        many(_FINISH_BATCH, [(stamp(now), _provider_id(answers[batch]), batch) for batch in answers])
        passing("record.before_commit")
        return _summary(groups)

    recorded = transacted(work)
    passing("record.after")
    return recorded


_FINISH_BATCH = "UPDATE dispatch_batch SET finished_at = %s, provider_id = %s WHERE id = %s"


def _provider_id(outcomes: Mapping[int, Outcome]) -> str:
    return next((outcome.provider_id for outcome in outcomes.values() if outcome.provider_id), "")[:80]


def _summary(groups: Mapping[Outcome, Sequence[int]]) -> Recorded:
    kinds: dict[str, int] = defaultdict(int)
    for outcome, ids in groups.items():
        kinds[outcome.kind] += len(ids)
    stopped = next((o.code or "stopped" for o in groups if o.kind == "stop_account"), "")
    return Recorded(dict(kinds), stopped)


def _record_group(
    batches: Sequence[int], occasion: Occasion, outcome: Outcome, ids: Sequence[int], by: str, now: datetime,
    first_query_at: datetime | None,
) -> None:  # fmt: skip
    kind = outcome.kind
    query_at = first_query_at if kind == "unknown" else None
    tokens = _write_outcome(batches, ids, _OUTCOMES[kind], outcome.code, now, query_at)
    if kind == "accepted":
        accept(occasion, ids, by=by, now=now)
    elif kind == "unknown":
        _by_token(tokens, S.SENDING, S.UNKNOWN, now, by, outcome.code or "no_answer", ", look_at = NULL")
    elif kind == "rejected":
        _by_token(
            tokens, (S.SENDING, S.UNKNOWN), S.REJECTED, now, by, outcome.code or "rejected",
            ", look_at = NULL, cost_millis = 0",
        )  # fmt: skip
    else:
        wait = {"not_sent": NOT_SENT_RETRY_S, "stop_account": 0.0}.get(kind, outcome.retry_after_s)
        due = now + timedelta(seconds=DEFAULT_RETRY_S if wait is None else wait)
        for token, group in tokens.items():
            back_to_planned(
                occasion, group, token=token, by=by, now=now, due=due, reason=outcome.code or kind,
                alone=outcome.alone,
            )  # fmt: skip
    if outcome.dead_contact:
        mark_dead(occasion, ids, outcome.code, now)
    if kind == "stop_account" and occasion.gateway_id:
        Gateway.objects.filter(pk=occasion.gateway_id).update(stopped_reason=(outcome.code or "stopped")[:60])


def _write_outcome(
    batches: Sequence[int],
    ids: Sequence[int],
    outcome: str,
    code: str,
    now: datetime,
    query_at: datetime | None,
) -> dict[int, list[int]]:
    """Update the attempts; {lease token: messages} of those that were really updated."""
    overwritten = _ANY_BUT_ACCEPTED if outcome == Attempt.Outcome.ACCEPTED else _OPEN_OUTCOMES
    settled = None if outcome == Attempt.Outcome.UNKNOWN else stamp(now)
    found = rows(
        "UPDATE dispatch_attempt SET outcome = %s, code = %s, settled_at = %s, next_query_at = %s "
        f"WHERE {among('batch_id')} AND {among('message_id')} AND outcome IN {overwritten} "
        "RETURNING message_id, lease_token",
        [outcome, code[:80], settled, stamp(query_at), listed(batches), listed(ids)],
    )
    tokens: dict[int, list[int]] = defaultdict(list)
    for message, token in found:
        tokens[token].append(message)
    return tokens


def _by_token(
    tokens: Mapping[int, Sequence[int]], before: str | Sequence[str], after: str, now: datetime, by: str,
    reason: str, sets: str,
) -> None:  # fmt: skip
    for token, ids in tokens.items():
        move(
            ids, before, after, at=now, by=by, reason=reason, sets=sets, guard=" AND lease_token = %s",
            guard_params=[token],
        )  # fmt: skip


def accept(occasion: Occasion, ids: Sequence[int], *, by: str, now: datetime) -> list[int]:
    """The provider has taken these messages: known from its answer or from asking. Call it within a transaction.

    One that waits to be sent again is taken back: an answer that comes late is as true as one in time.
    """
    until = stamp(now + RECEIPT_WITHIN)
    moved = move(
        ids, (S.SENDING, S.UNKNOWN), S.ACCEPTED, at=now, by=by, sets=", look_at = %s", set_params=[until]
    )
    left = sorted(set(ids) - set(moved))
    moved += move(
        left, REOPENED_BY_TRUTH, S.ACCEPTED, at=now, by=by, reason=LATE, sets=_LATE_SETS, set_params=[until, stamp(now)]
    )  # fmt: skip
    _use_quota(occasion, moved)
    return moved


# States of a message whose earlier attempt turns out to have been taken after all.
REOPENED_BY_TRUTH = (S.PLANNED, S.CLAIMED, S.GIVEN_UP, S.CANCELLED, S.EXPIRED, S.SUPPRESSED, S.REJECTED)
_LATE_SETS = ", lease_token = lease_token + 1, look_at = %s, sent_at = COALESCE(sent_at, %s)"


def _use_quota(occasion: Occasion, ids: Sequence[int]) -> None:
    gateway = Gateway.objects.filter(pk=occasion.gateway_id or 0, quota_left__isnull=False)
    if ids and gateway.exists():
        used = Message.objects.filter(pk__in=list(ids)).aggregate(n=Sum("segments"))["n"] or 0
        gateway.update(quota_left=F("quota_left") - used)


def back_to_planned(
    occasion: Occasion,
    ids: Sequence[int],
    *,
    by: str,
    now: datetime,
    due: datetime,
    reason: str,
    token: int | None = None,
    alone: bool = False,
) -> list[int]:
    """Nothing was taken for these messages: they wait again, or end when the occasion is over.

    `alone` sends each in a call of its own next time. Call it within a transaction.
    """
    guard, guard_params = ("", []) if token is None else (" AND lease_token = %s", [token])
    moved = move(
        ids, (S.SENDING, S.UNKNOWN), S.PLANNED, at=now, by=by, reason=reason,
        sets=", due_at = %s, sent_at = NULL, look_at = NULL, lease_owner = '', segments = 0, cost_millis = 0"
        + (", alone = TRUE" if alone else ""),
        set_params=[stamp(due)], guard=guard, guard_params=guard_params,
    )  # fmt: skip
    if occasion.is_marketing and moved:
        mark_reach(occasion.shop_id, moved)
    state, not_after = Occasion.objects.values_list("state", "not_after").get(pk=occasion.pk)
    if state == OccasionState.CANCELLED:
        move(moved, S.PLANNED, S.CANCELLED, at=now, by=by, reason="cancelled")
    elif not_after <= now:
        move(moved, S.PLANNED, S.EXPIRED, at=now, by=by, reason="expired")
    return moved


def effects_are_real(shop: Shop, gateway: Gateway | None) -> bool:
    """Whether what a gateway says of a person may be kept: a rehearsal of a real shop knows nothing of real people."""
    return gateway is None or shop.is_demo or not gateway.is_loopback


def mark_dead(occasion: Occasion, ids: Sequence[int], code: str, now: datetime) -> None:
    """The numbers of these messages do not exist: no message goes there any more."""
    if not effects_are_real(occasion.shop, occasion.gateway):
        return
    digests = Message.objects.filter(pk__in=list(ids), contact_digest__isnull=False).values_list(
        "contact_digest", flat=True
    )
    dead = [
        DeadContact(channel=occasion.channel, contact_digest=digest, reason=code[:40], at=now)
        for digest in sorted({digest for digest in digests if digest})
    ]
    DeadContact.objects.bulk_create(dead, ignore_conflicts=True)
    mark_reach(occasion.shop_id, list(ids))

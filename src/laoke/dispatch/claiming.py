"""Steps 1 to 3 of sending: claim, ask every gate for the whole claim, write the attempts before any call is made.

    1 claim   conditional update, token + 1, only of running occasions within their window
    2 gates   whoever may not be written to any more leaves the claim, with the reason
    3 write   one transaction: 'sending' only where state, token and epoch are unchanged and nothing refuses it

Whoever is not updated in step 3 is not in the request.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection

from laoke.customers.sealing import Sealer
from laoke.dispatch.failpoints import passing
from laoke.dispatch.gates import capped, reasons_now
from laoke.dispatch.models import MessageState as S
from laoke.dispatch.models import Occasion
from laoke.dispatch.recipients import sealed_recipients
from laoke.dispatch.sets import among, listed, rows, stamp, transacted
from laoke.dispatch.states import mark_reach, move
from laoke.shops.bulk import insert_many, is_sqlite

CAP_LOCK = 7_120_013


@dataclass(frozen=True)
class Timing:
    """Seconds of a claim. A call may begin until half the lease after its attempt was written, and must end within
    the other half: so nothing is in flight any more when the reaper looks."""

    lease_s: float
    call_timeout_s: float

    def __post_init__(self) -> None:
        if self.lease_s <= 2 * self.call_timeout_s:
            raise ValueError(f"a lease of {self.lease_s} s needs calls below {self.lease_s / 2} s")

    def lease_end(self, now: datetime) -> datetime:
        return now + timedelta(seconds=self.lease_s)

    def deadline(self, written_at: datetime) -> datetime:
        """The last moment at which the call may begin."""
        return written_at + timedelta(seconds=self.lease_s / 2)

    def look_at(self, written_at: datetime) -> datetime:
        """When an attempt without an answer is looked at."""
        return written_at + timedelta(seconds=self.lease_s)


@dataclass(frozen=True)
class Claimed:
    """One claimed message."""

    id: int
    person_id: int
    customer_id: int | None
    digest: str | None
    token: int
    alone: bool


@dataclass(frozen=True)
class Prepared:
    """A claimed message ready for its call: address in clear, values, billed segments, cost in 1/1000 yuan."""

    claimed: Claimed
    address: str
    values: dict[str, str]
    segments: int
    cost_millis: int


@dataclass(frozen=True, eq=False)
class Call:
    """One provider call as written: its ids, its people, and until when it may begin."""

    batch_id: int
    out_id: str
    people: tuple[Prepared, ...]
    written_at: datetime
    deadline: datetime


def claim(occasion: Occasion, worker: str, limit: int, now: datetime, timing: Timing) -> list[Claimed]:
    """Take up to `limit` messages that are due. Two workers never get the same one."""

    def work() -> list[Claimed]:
        skip = "" if is_sqlite() else " FOR UPDATE SKIP LOCKED"
        due = rows(
            "SELECT id FROM dispatch_message WHERE occasion_id = %s AND state = 'planned' AND due_at <= %s "
            f"ORDER BY due_at, id LIMIT %s{skip}",
            [occasion.pk, stamp(now), limit],
        )
        taken = move(
            [row[0] for row in due], S.PLANNED, S.CLAIMED, at=now, by=worker,
            sets=", lease_owner = %s, lease_token = lease_token + 1, look_at = %s",
            set_params=[worker[:80], stamp(timing.lease_end(now))],
            guard=_RUNNING + " AND o.not_before <= %s AND o.not_after > %s)",
            guard_params=[occasion.epoch, stamp(now), stamp(now)],
        )  # fmt: skip
        found = _read_claimed(taken)
        passing("claim.before_commit")
        return found

    found = transacted(work)
    if found:
        passing("claim.after")
    return found


_RUNNING = (
    " AND EXISTS (SELECT 1 FROM dispatch_occasion o WHERE o.id = dispatch_message.occasion_id "
    "AND o.state = 'running' AND o.epoch = %s"
)


def _read_claimed(ids: Sequence[int]) -> list[Claimed]:
    if not ids:
        return []
    sql = (
        "SELECT id, person_id, customer_id, contact_digest, lease_token, alone FROM dispatch_message "
        f"WHERE {among('id')} ORDER BY due_at, id"
    )
    return [
        Claimed(pk, person, customer, digest, token, bool(alone))
        for pk, person, customer, digest, token, alone in rows(sql, [listed(ids)])
    ]


def ask_gates(occasion: Occasion, claimed: Sequence[Claimed], worker: str, now: datetime) -> list[Claimed]:
    """Those of a claim who may be written to; the others are suppressed with their reason."""
    reasons = reasons_now(occasion, {one.person_id: one.digest for one in claimed}, now)
    refused = {one.id: reasons[one.person_id] for one in claimed if one.person_id in reasons}
    suppress(refused, worker, now)
    return [one for one in claimed if one.id not in refused]


def suppress(refused: dict[int, str], worker: str, now: datetime) -> None:
    """Claimed messages that will not be sent: {message: reason}."""
    if not refused:
        return
    by_reason = _grouped(refused)

    def work() -> None:
        for reason, ids in by_reason.items():
            move(
                ids, S.CLAIMED, S.SUPPRESSED, at=now, by=worker, reason=reason,
                sets=", lease_owner = '', look_at = NULL",
            )  # fmt: skip
        passing("gates.before_commit")

    transacted(work)
    passing("gates.after")


def release(ids: Sequence[int], worker: str, now: datetime, reason: str) -> None:
    """Give claimed messages back that this worker will not send now."""

    def work() -> None:
        move(
            ids, S.CLAIMED, S.PLANNED, at=now, by=worker, reason=reason,
            sets=", lease_owner = '', look_at = NULL",
            guard=" AND lease_owner = %s", guard_params=[worker[:80]],
        )  # fmt: skip

    if ids:
        transacted(work)


def write_calls(
    occasion: Occasion,
    calls: Sequence[Sequence[Prepared]],
    worker: str,
    now: datetime,
    timing: Timing,
    new_out_id: Callable[[], str],
) -> list[Call]:
    """Write batch and attempts of each call in one transaction; the calls with exactly the people that were updated.

    An opt-out that commits before this is spared; one that commits after it may still get this one message.
    """
    if not any(calls):
        return []

    def work() -> list[Call]:
        written = _write(occasion, calls, worker, now, timing, new_out_id)
        passing("write.before_commit")
        return written

    written = transacted(work)
    passing("write.after")
    return written


def _write(
    occasion: Occasion,
    calls: Sequence[Sequence[Prepared]],
    worker: str,
    now: datetime,
    timing: Timing,
    new_out_id: Callable[[], str],
) -> list[Call]:
    everyone = [person for call in calls for person in call]
    _settle_caps_one_by_one(occasion)
    full = (
        capped(occasion.shop, [p.claimed.person_id for p in everyone], now) if occasion.is_marketing else {}
    )
    going = _begin(occasion, [p for p in everyone if p.claimed.person_id not in full], worker, now, timing)
    written = []
    for call in calls:
        people = tuple([person for person in call if person.claimed.id in going])
        if people:
            written.append(_write_batch(occasion, people, worker, now, timing, new_out_id()))
    _write_attempts(occasion, written)
    if occasion.is_marketing and going:
        mark_reach(occasion.shop_id, sorted(going))
    return written


def _settle_caps_one_by_one(occasion: Occasion) -> None:
    """Two occasions must not both see that a person's cap has room. SQLite writes one by one anyway."""
    if occasion.is_marketing and not is_sqlite():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [CAP_LOCK, occasion.shop_id % 2**31])


def _not_refused(*purposes: str) -> str:
    """The guard against refusals of these purposes, which are words of ours, and against who is gone."""
    of_purpose = "AND x.purpose IN (" + ", ".join(f"'{purpose}'" for purpose in purposes) + ") "
    return (
        " AND NOT EXISTS (SELECT 1 FROM customers_optout x WHERE x.shop_id = %s AND x.channel = %s "
        f"{of_purpose}AND x.person_id = dispatch_message.person_id AND x.ended_at IS NULL)"
        " AND NOT EXISTS (SELECT 1 FROM customers_optout x WHERE x.shop_id = %s AND x.channel = %s "
        f"{of_purpose}AND x.contact_digest = dispatch_message.contact_digest AND x.ended_at IS NULL)"
        " AND NOT EXISTS (SELECT 1 FROM customers_deadcontact x"
        " WHERE x.contact_digest = dispatch_message.contact_digest)"
        " AND NOT EXISTS (SELECT 1 FROM customers_erasure x WHERE x.person_id = dispatch_message.person_id)"
    )


# Rounds pick people by what they bought, and that may be refused as well as the marketing itself.
_NOT_REFUSED = {True: _not_refused("all", "marketing", "profiling"), False: _not_refused("all", "care")}
_CONSENTED = (
    " AND EXISTS (SELECT 1 FROM customers_consent x WHERE x.shop_id = %s AND x.channel = %s "
    "AND x.purpose = 'marketing' AND x.person_id = dispatch_message.person_id AND x.withdrawn_at IS NULL)"
)


def _begin(
    occasion: Occasion, people: Sequence[Prepared], worker: str, now: datetime, timing: Timing
) -> set[int]:
    """Move to 'sending' whoever still may be sent to; their ids."""
    shop_channel = [occasion.shop_id, occasion.channel]
    guard = _RUNNING + " AND o.not_after > %s) AND lease_token = %s" + _NOT_REFUSED[occasion.is_marketing]
    after_token: list[object] = [*shop_channel, *shop_channel]
    if occasion.is_marketing:
        guard += _CONSENTED
        after_token += shop_channel
    going: set[int] = set()
    groups: dict[tuple[int, int, int], list[int]] = defaultdict(list)
    for person in people:
        groups[person.claimed.token, person.segments, person.cost_millis].append(person.claimed.id)
    for (token, segments, cost), ids in groups.items():
        going.update(
            move(
                ids, S.CLAIMED, S.SENDING, at=now, by=worker,
                sets=", sent_at = %s, look_at = %s, attempts = attempts + 1, segments = %s, cost_millis = %s",
                set_params=[stamp(now), stamp(timing.look_at(now)), segments, cost],
                guard=guard, guard_params=[occasion.epoch, stamp(now), token, *after_token],
            )
        )  # fmt: skip
    return going


def _write_batch(
    occasion: Occasion, people: tuple[Prepared, ...], worker: str, now: datetime, timing: Timing, out_id: str
) -> Call:
    deadline = timing.deadline(now)
    at, until = stamp(now), stamp(deadline)
    batch_id = rows(
        "INSERT INTO dispatch_batch (occasion_id, gateway_id, out_id, worker, people, written_at, deadline, "
        "provider_id) VALUES (%s, %s, %s, %s, %s, %s, %s, '') RETURNING id",
        [occasion.pk, occasion.gateway_id, out_id, worker[:80], len(people), at, until],
    )[0][0]
    return Call(batch_id, out_id, people, now, deadline)


_ATTEMPT = (
    "dispatch_attempt (message_id, batch_id, lease_token, sealed_recipient, key_id, written_at, deadline, "
    "outcome, code, queries)"
)


def _write_attempts(occasion: Occasion, calls: Sequence[Call]) -> None:
    sealer = Sealer()
    people = [person for call in calls for person in call.people]
    sealed = iter(
        sealed_recipients(sealer, occasion.shop_id, [(one.claimed.id, one.address) for one in people])
    )
    attempts = []
    for call in calls:
        at, until = stamp(call.written_at), stamp(call.deadline)
        attempts += [
            (
                one.claimed.id, call.batch_id, one.claimed.token, next(sealed), sealer.key_id, at, until, "open", "", 0
            )
            for one in call.people
        ]  # fmt: skip
    insert_many(_ATTEMPT, attempts)


def _grouped(reasons: dict[int, str]) -> dict[str, list[int]]:
    groups: dict[str, list[int]] = defaultdict(list)
    for message, reason in reasons.items():
        groups[reason].append(message)
    return groups

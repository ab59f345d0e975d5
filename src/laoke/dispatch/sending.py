"""Steps 1 to 6 of one cycle: claim, gates, write, deadline, call, record. Rows are touched by the caller's thread only;
the calls of one cycle run beside each other and touch none.
"""

from __future__ import annotations

import base64
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from laoke.customers.sealing import open_sealed
from laoke.dispatch import claiming, occasions
from laoke.dispatch.channels.base import Channel, ChannelSettingsError, Outcome, Recipient, SendRequest
from laoke.dispatch.claiming import Call, Claimed, Prepared, Timing
from laoke.dispatch.failpoints import passing
from laoke.dispatch.gates import reasons_now
from laoke.dispatch.models import Attempt, Gateway, Occasion
from laoke.dispatch.recipients import contacts_by_digest, values_for
from laoke.dispatch.recording import Recorded, record
from laoke.dispatch.sets import rest
from laoke.dispatch.settling import SCHEDULE, next_query
from laoke.dispatch.text.length import received_length, segments_of
from laoke.dispatch.text.numbers import is_accepted
from laoke.dispatch.text.template import Template, parse

TEST_KIND = "test"
STOP_SHARE, STOP_AFTER, STOP_LOOKS_AT = 0.5, 50, 200
_BAD_KINDS = ("rejected", "unknown", "not_sent")
_BAD = (Attempt.Outcome.REJECTED, Attempt.Outcome.UNKNOWN, Attempt.Outcome.NOT_SENT)


def clock_with_sleep() -> float:
    """Seconds of a clock that goes on while the machine sleeps."""
    if hasattr(time, "CLOCK_BOOTTIME"):
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.monotonic()


def random_out_id() -> str:
    """Our id of a provider call, new for every call."""
    return f"lk{secrets.token_hex(12)}"


@dataclass(frozen=True)
class SendSettings:
    """How a worker sends. Times in seconds; `parallel` calls at once (one on a blind channel, where each call in
    flight at a crash stays unknown). A question whose worker died is put again after `asking_s`."""

    lease_s: float = 60.0
    parallel: int = 8
    turn_seconds: float = 1.0
    questions_at_once: int = 40
    asking_s: float = 60.0
    schedule: Sequence[timedelta] = SCHEDULE
    new_out_id: Callable[[], str] = random_out_id


@dataclass
class Sender:
    """One worker's way through one occasion."""

    worker: str
    now: Callable[[], datetime]
    occasion: Occasion
    channel: Channel
    settings: SendSettings = field(default_factory=SendSettings)

    def __post_init__(self) -> None:
        gateway = self.occasion.gateway
        if gateway is None:
            raise ValueError("an occasion without a gateway is not sent")
        self.gateway: Gateway = gateway
        self.timing = Timing(
            max(self.settings.lease_s, 2 * self.channel.call_timeout_s + 1), self.channel.call_timeout_s
        )
        self.template: Template = parse(self.occasion.body)
        self.stopped = False
        self.parallel = 1 if self.channel.power == "blind" else self.settings.parallel

    def cycle(self) -> bool:
        """One claim and all that follows from it; False when there was nothing to claim, or the account stopped."""
        if self.stopped:
            return False
        limit = self.channel.max_batch * self.parallel
        claimed = claiming.claim(self.occasion, self.worker, limit, self.now(), self.timing)
        if not claimed:
            return False
        rest()
        prepared = self._prepare(self._passed(claimed))
        begun, written_at = clock_with_sleep(), self.now()
        calls = claiming.write_calls(
            self.occasion, list(split(prepared, self.channel.max_batch)), self.worker, written_at, self.timing,
            self.settings.new_out_id,
        )  # fmt: skip
        rest()
        going = {person.claimed.id for call in calls for person in call.people}
        self._let_go([person.claimed for person in prepared if person.claimed.id not in going])
        self._make(calls, begun)
        return True

    def _passed(self, claimed: Sequence[Claimed]) -> list[Claimed]:
        if self.occasion.kind == TEST_KIND:
            return list(claimed)
        passed = claiming.ask_gates(self.occasion, claimed, self.worker, self.now())
        return passed

    def _prepare(self, passed: Sequence[Claimed]) -> list[Prepared]:
        """Open the contacts and fill the texts; who has none any more is suppressed with the reason."""
        if self.occasion.kind == TEST_KIND:
            return [self._prepared(one, own_number(self.occasion), self.occasion.variables) for one in passed]
        wanted = {one.customer_id: one.digest for one in passed if one.customer_id and one.digest}
        contacts = contacts_by_digest(self.occasion.shop_id, wanted)
        ready, refused = [], {}
        for one in passed:
            contact = contacts.get(one.customer_id or 0)
            values = (
                values_for(self.occasion, self.template, contact, self.gateway.provider) if contact else None
            )
            if contact is None:
                refused[one.id] = "contact_changed"
            elif not is_accepted(contact.phone, loopback=self.channel.loopback):
                refused[one.id] = "invalid_contact"
            elif values is None:
                refused[one.id] = "missing_value"
            else:
                ready.append(self._prepared(one, contact.phone, values))
        claiming.suppress(refused, self.worker, self.now())
        return ready

    def _prepared(self, one: Claimed, number: str, values: dict[str, str]) -> Prepared:
        used = {name: values.get(name, "") for name in self.template.names}
        length = received_length(self.occasion.signature, self.template.render(used))
        segments = segments_of(length)
        return Prepared(one, number, used, segments, segments * self.gateway.price_millis)

    def _let_go(self, left: Sequence[Claimed]) -> None:
        """Whoever was refused at the last moment is suppressed; the rest of the claim waits again."""
        if not left:
            return
        now = self.now()
        reasons = reasons_now(self.occasion, {one.person_id: one.digest for one in left}, now)
        refused = {one.id: reasons[one.person_id] for one in left if one.person_id in reasons}
        claiming.suppress(refused, self.worker, now)
        claiming.release([one.id for one in left if one.id not in refused], self.worker, now, "not_written")

    def _make(self, calls: Sequence[Call], begun: float) -> None:
        """Make the calls, each in a thread of its own, and record each answer as it comes."""
        if not calls:
            return
        recorded = []
        with ThreadPoolExecutor(max_workers=min(self.parallel, len(calls))) as pool:
            running = {pool.submit(self._call, call, begun): call for call in calls}
            left = set(running)
            while left:
                # What came in together is written together.
                done, left = wait(left, return_when=FIRST_COMPLETED)
                recorded.append(self._record({running[one]: one.result() for one in done}))
        self.stopped = any(one.stopped for one in recorded)
        if any(kind in _BAD_KINDS for one in recorded for kind in one.kinds):
            self._pause_after_trouble()

    def _call(self, call: Call, begun: float) -> dict[int, Outcome]:
        """Steps 4 and 5: not after the deadline; and whatever happens is an outcome."""
        passing("call.before")
        ids = [person.claimed.id for person in call.people]
        request = self._request(call)
        waited = clock_with_sleep() - begun
        if self.now() >= call.deadline or waited >= self.timing.lease_s / 2:
            return dict.fromkeys(ids, Outcome("not_sent", code="too_late"))
        try:
            answered = self.channel.send(request).outcomes
        except ChannelSettingsError:
            return dict.fromkeys(ids, Outcome("stop_account", code="channel_settings"))
        except Exception as error:  # noqa: BLE001 - a broken adapter may have sent: only asking can tell
            return dict.fromkeys(ids, Outcome("unknown", code=type(error).__name__))
        passing("call.after")
        return {message: answered.get(str(message), Outcome("unknown", code="no_outcome")) for message in ids}

    def _request(self, call: Call) -> SendRequest:
        recipients = tuple(
            Recipient(str(person.claimed.id), person.address, person.values) for person in call.people
        )
        return SendRequest(
            request_id=call.out_id, sign=self.occasion.signature, template_code=self.occasion.provider_code,
            template_text=self.occasion.body, recipients=recipients, out_id=call.out_id,
        )  # fmt: skip

    def _record(self, answers: dict[Call, dict[int, Outcome]]) -> Recorded:
        now = self.now()
        # The calls of one cycle were written at the same time.
        call = next(iter(answers))
        first = next_query(call.written_at, call.deadline, now, self.channel, self.settings.schedule)
        recorded = record(
            {one.batch_id: outcomes for one, outcomes in answers.items()}, self.occasion, by=self.worker, now=now,
            first_query_at=first,
        )  # fmt: skip
        rest()
        return recorded

    def _pause_after_trouble(self) -> None:
        """A round whose calls mostly fail stops by itself; someone should look before more is spent."""
        rules = self.occasion.rules
        last = list(
            Attempt.objects.filter(batch__occasion=self.occasion)
            .exclude(outcome=Attempt.Outcome.OPEN)
            .order_by("-pk")
            .values_list("outcome", flat=True)[:STOP_LOOKS_AT]
        )
        bad = sum(outcome in _BAD for outcome in last)
        if len(last) >= rules.get("stop_after", STOP_AFTER) and bad > len(last) * rules.get(
            "stop_share", STOP_SHARE
        ):
            occasions.pause(self.occasion, by=None, now=self.now(), reason="too_many_errors")


def split(prepared: Sequence[Prepared], size: int) -> Iterator[list[Prepared]]:
    """Calls of at most `size` people, no number twice in one; those marked `alone` in a call of their own."""
    together = [person for person in prepared if not person.claimed.alone]
    yield from ([person] for person in prepared if person.claimed.alone)
    call: list[Prepared] = []
    numbers: set[str] = set()
    for person in together:
        if len(call) == size or person.address in numbers:
            yield call
            call, numbers = [], set()
        call.append(person)
        numbers.add(person.address)
    if call:
        yield call


def own_number(occasion: Occasion) -> str:
    """The number a test goes to; it stands sealed on the test's occasion."""
    sealed = base64.b64decode(occasion.rules["sealed_to"])
    return str(open_sealed(sealed, occasion.rules["key_id"], f"test|{occasion.shop_id}")["to"])

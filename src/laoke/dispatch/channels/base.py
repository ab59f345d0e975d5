"""What every channel promises, without Django and without I/O: values in, values out.

A channel never decides whether a person may be reached and never repeats a call; it makes one call,
says truthfully what is known about it afterwards, and reads what the provider pushes back.
The ledger draws its conclusions from `Outcome.kind` and from the channel's declared power.
"""

from __future__ import annotations

import abc
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Literal

Power = Literal["idempotent", "queryable", "blind"]
OutcomeKind = Literal["accepted", "rejected", "not_accepted_retry", "not_sent", "unknown", "stop_account"]
Answer = Literal["found", "not_found", "no_answer"]
DeliveryStatus = Literal["accepted", "delivered", "undelivered"]
Reason = Literal[
    "",
    "failed_invalid_number",
    "failed_suspended",
    "failed_unreachable",
    "failed_blacklist",
    "failed_limit",
    "failed_content",
    "failed_expired",
    "unknown",
]

# A call that starts seconds before midnight may be booked on the next day by the provider, and the
# clocks of two machines differ: within this margin both days are asked.
MIDNIGHT_MARGIN = timedelta(minutes=30)


class ChannelError(Exception):
    """Root of the channel errors: `ChannelSettingsError`, `UnreadablePush`."""


class ChannelSettingsError(ChannelError):
    """The channel cannot be built or asked this way; nothing was sent."""


class UnreadablePush(ChannelError):
    """A pushed body, or some of its entries, could not be read.

    `readable` holds the entries that could: apply them, then answer the provider with an error
    only when the list is empty, because a repeated push will not become more readable.
    """

    def __init__(self, message: str, readable: Sequence[Any] = ()) -> None:
        super().__init__(message)
        self.readable = list(readable)


@dataclass(frozen=True)
class Recipient:
    """One person of a call; `attempt_id` is ours, `address` the phone or mail in plain."""

    attempt_id: str
    address: str
    variables: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class SendRequest:
    """One provider call. `out_id` is echoed by the provider and must be new for every call.

    No address may stand in a request twice: the provider's answers are told apart by
    (out_id, address) alone.
    """

    request_id: str
    sign: str
    template_code: str
    template_text: str
    recipients: tuple[Recipient, ...]
    out_id: str

    def __post_init__(self) -> None:
        if not self.recipients:
            raise ChannelSettingsError("a request needs at least one recipient")
        if not self.out_id or len(self.out_id) > 255:
            raise ChannelSettingsError(f"out_id must have 1 to 255 characters, has {len(self.out_id)}")
        if len({recipient.address for recipient in self.recipients}) != len(self.recipients):
            raise ChannelSettingsError("an address stands in the request twice")


@dataclass(frozen=True)
class Outcome:
    """What is known about one recipient after the call.

    kind                 meaning for the ledger
    accepted             the provider took it; `provider_id` is its id of the call
    rejected             documented as refused; `permanent`, and `dead_contact` when the number is bad
    not_accepted_retry   documented as not taken; may go again after `retry_after_s` seconds
    not_sent             no byte left this machine
    unknown              it may have been taken: ask, never repeat
    stop_account         documented as not taken, and nothing else will be either until a person acts

    `alone` says that the refusal met a call of many and may be the fault of one of them: send this
    recipient in a call of its own next time.
    """

    kind: OutcomeKind
    provider_id: str = ""
    code: str = ""
    message: str = ""
    permanent: bool = False
    retry_after_s: float | None = None
    dead_contact: bool = False
    alone: bool = False


@dataclass(frozen=True)
class SendResult:
    """Outcomes by attempt id: every recipient of the request has exactly one."""

    outcomes: Mapping[str, Outcome]
    provider_id: str = ""

    @classmethod
    def same_for_all(cls, recipients: Sequence[Recipient], outcome: Outcome) -> SendResult:
        """The result of a call whose answer names no single recipient."""
        return cls({recipient.attempt_id: outcome for recipient in recipients}, outcome.provider_id)

    def including(self, others: Mapping[str, Outcome]) -> SendResult:
        """This result with the outcomes of recipients that never entered the call."""
        return SendResult({**others, **self.outcomes}, self.provider_id)


@dataclass(frozen=True)
class QueryResult:
    """The provider's answer about one recipient; `no_answer` means ask again later.

    `not_found` is no proof of absence unless the channel's `absence_proof_after_s` has passed.
    """

    answer: Answer
    status: DeliveryStatus | None = None
    reason: Reason = ""
    code: str = ""
    at: datetime | None = None
    dead_contact: bool = False
    opt_out: bool = False
    message: str = ""


@dataclass(frozen=True)
class Receipt:
    """A pushed delivery report. Match it by (out_id, address) first: a call whose answer was lost
    has no provider id on our side.

    `event_key` is the same for every repetition of one report and holds no plain number; it is
    not keyed, so store it under the ledger's own keyed digest.
    """

    event_key: str
    address: str
    provider_id: str
    out_id: str
    status: DeliveryStatus
    reason: Reason
    code: str
    message: str
    at: datetime | None
    segments: int | None = None
    dead_contact: bool = False
    opt_out: bool = False


@dataclass(frozen=True)
class Reply:
    """A message that a person sent back. `event_key` as in `Receipt`."""

    event_key: str
    address: str
    content: str
    at: datetime | None
    sequence_id: str = ""
    sign: str = ""
    dest_code: str = ""


class Channel(abc.ABC):
    """One configured way to reach people.

    power                  how an unknown outcome is settled (DESIGN 9, step 8)
    max_batch              most recipients of one `send`
    call_timeout_s         longest time `send` may block, in seconds
    absence_proof_after_s  seconds after an attempt's deadline from which 'not found' proves that
                           nothing was taken; None: it never does, a person decides
    loopback               True when nobody outside this machine can be reached
    """

    name: str
    medium: str
    power: Power
    max_batch: int
    call_timeout_s: float
    absence_proof_after_s: float | None
    loopback: bool

    @abc.abstractmethod
    def send(self, request: SendRequest) -> SendResult:
        """Make one call. Raises `ChannelSettingsError` only before a byte was written."""

    @abc.abstractmethod
    def query(self, recipient: Recipient, day: date, out_id: str) -> QueryResult:
        """Ask what became of one recipient of the call `out_id` on one local day of the provider."""

    @abc.abstractmethod
    def parse_receipts(self, body: bytes) -> list[Receipt]:
        """Read a pushed report. Raises `UnreadablePush`."""

    @abc.abstractmethod
    def parse_replies(self, body: bytes) -> list[Reply]:
        """Read pushed replies. Raises `UnreadablePush`."""

    def query_sent(self, recipient: Recipient, sent_at: datetime, out_id: str) -> QueryResult:
        """Ask about a call made at `sent_at` (local time), on both days when it was near midnight.

        Found on any day wins; a day without an answer keeps 'not found' from being said.
        """
        silent: QueryResult | None = None
        absent: QueryResult | None = None
        for day in days_to_ask(sent_at):
            result = self.query(recipient, day, out_id)
            if result.answer == "found":
                return result
            if result.answer == "no_answer":
                silent = result
            else:
                absent = result
        answer = silent or absent
        assert answer is not None  # days_to_ask is never empty
        return answer


def days_to_ask(sent_at: datetime, margin: timedelta = MIDNIGHT_MARGIN) -> tuple[date, ...]:
    """The local days on which a call made at `sent_at` may have been booked, the likely one first."""
    days = [sent_at.date()]
    for moment in (sent_at - margin, sent_at + margin):
        if moment.date() not in days:
            days.append(moment.date())
    return tuple(days)


@dataclass(frozen=True)
class ChannelKind:
    """An entry of the registry: how a channel is called and built.

    `build` takes the stored settings (names in `settings`, those in `secrets` sealed at rest).
    """

    name: str
    medium: str
    build: Callable[[Mapping[str, Any]], Channel]
    settings: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()

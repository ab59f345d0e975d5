"""The memory of the loopback gateway: every accepted message, in an append-only file and in tables.

A message is written and flushed before its acceptance is answered, so the file is the truth that a
kill test asks. What the carrier 'does' with a message follows from seed, number and ordinal alone.
"""

from __future__ import annotations

import bisect
import hashlib
import json
import random
import threading
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

# A plausible mix of final results over the carrier codes of RULES 1.8; a trial may set another.
DEFAULT_RESULTS: dict[str, float] = {
    "DELIVERED": 0.93,
    "MK:0001": 0.03,
    "MK:0005": 0.01,
    "UNDELIV": 0.02,
    "DB:0144": 0.005,
    "EXPIRED": 0.005,
}


@dataclass(frozen=True)
class LoopbackConfig:
    """What the gateway plays; all times in seconds, all shares from 0 to 1.

    query_lag_s        a message is findable only so long after its acceptance
    accept_within_s    a call is taken only within this time of its signing; the vendor says 900
    results            carrier code → weight
    silent_share       messages that never get a report
    duplicate_share    reports that are pushed twice
    reply_share        delivered messages that are answered; opt_out_share of these with R or 退订
    known_templates    code → text; empty accepts any SMS_… code
    known_signs        empty accepts any signature without brackets
    """

    seed: int = 1
    query_lag_s: float = 0.0
    accept_within_s: float = 900.0
    report_delay_s: float = 1.0
    results: Mapping[str, float] = field(default_factory=lambda: dict(DEFAULT_RESULTS))
    silent_share: float = 0.0
    duplicate_share: float = 0.0
    reply_share: float = 0.0
    opt_out_share: float = 0.5
    reply_delay_s: float = 1.0
    retry_delays_s: tuple[float, ...] = (60.0, 300.0, 600.0)
    accept_real: bool = False
    per_number_day_limit: int = 50
    account_day_limit: int | None = None
    balance: int | None = None
    known_templates: Mapping[str, str] = field(default_factory=dict)
    known_signs: tuple[str, ...] = ()

    @property
    def absence_proof_after_s(self) -> float:
        """From so long after a send on, 'not found' proves absence: a call can be taken no later than
        `accept_within_s` after its signing (to the second) and is findable `query_lag_s` later."""
        return self.accept_within_s + self.query_lag_s + 2.0

    def changed(self, changes: Mapping[str, Any]) -> LoopbackConfig:
        """A copy with some fields replaced. Raises ValueError on a field that does not exist."""
        known = {entry.name for entry in fields(self)}
        unknown = sorted(set(changes) - known)
        if unknown:
            raise ValueError(f"no setting {unknown[0]!r}; there are: {', '.join(sorted(known))}")
        tuples = {name: tuple(changes[name]) for name in ("retry_delays_s", "known_signs") if name in changes}
        return replace(self, **{**changes, **tuples})

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "absence_proof_after_s": self.absence_proof_after_s}


@dataclass(frozen=True)
class SmsMessage:
    """One accepted number. `accepted_real` is wall time in seconds since 1970, `accepted_at` shop time."""

    biz_id: str
    out_id: str
    phone: str
    sign: str
    template_code: str
    content: str
    accepted_at: datetime
    accepted_real: float
    result: str
    report_real: float
    report_at: datetime
    ordinal: int

    @property
    def key(self) -> str:
        """What tells this message from all others."""
        return f"{self.biz_id}|{self.phone}"


def share_of(seed: int, *parts: object) -> float:
    """A number in [0, 1) that follows from the seed and the parts alone."""
    digest = hashlib.sha256("|".join(map(str, (seed, *parts))).encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


class Journal:
    """An append-only file of JSON lines, flushed line by line; without a path it remembers nothing."""

    def __init__(self, path: Path | None) -> None:
        self._file = None
        self.entries: list[dict[str, Any]] = []
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            self.entries = _read_lines(path)
            self._file = path.open("ab")

    def append(self, entry: Mapping[str, Any]) -> None:
        """Write and flush: the line outlives a killed process once this returns."""
        if self._file is not None:
            self._file.write(json.dumps(entry, ensure_ascii=False).encode("utf-8") + b"\n")
            self._file.flush()

    def close(self) -> None:
        """Later writes raise ValueError, so nothing is accepted that the file does not hold."""
        if self._file is not None:
            self._file.close()


def _read_lines(path: Path) -> list[dict[str, Any]]:
    """The whole lines of the file. A last line cut by a kill was never answered: it is cut off."""
    if not path.exists():
        return []
    raw = path.read_bytes()
    whole = raw[: raw.rfind(b"\n") + 1]
    if len(whole) != len(raw):
        with path.open("r+b") as file:
            file.truncate(len(whole))
    return [json.loads(line) for line in whole.splitlines()]


class GatewayState:
    """Accepted messages by number, their order, and what has been pushed. Methods are thread-safe."""

    def __init__(
        self,
        config: LoopbackConfig,
        path: Path | None,
        clock: Callable[[], datetime],
        wall: Callable[[], float],
    ) -> None:
        self.config = config
        self.clock = clock
        self.wall = wall
        self.lock = threading.RLock()
        self.by_phone: dict[str, list[SmsMessage]] = defaultdict(list)
        self.calls = 0
        self._accepted_times: list[float] = []
        self.pushed: dict[str, int] = {}
        self.sequence = 0
        self.journal = Journal(path)
        for entry in self.journal.entries:
            self._replay(entry)
        self.journal.entries = []

    def accept(self, out_id: str, template_code: str, items: list[tuple[str, str, str]]) -> list[SmsMessage]:
        """Take one call of (phone, sign, content); durable when this returns."""
        with self.lock:
            self.calls += 1
            biz_id = (
                f"{random.Random(f'{self.config.seed}|{self.calls}').randrange(10**17, 10**18)}{self.calls}^0"
            )
            at, real = self.clock(), self.wall()
            messages = [
                self._planned(biz_id, out_id, phone, sign, template_code, content, at, real)
                for phone, sign, content in items
            ]
            self.journal.append({"kind": "accepted", "messages": [as_json(message) for message in messages]})
            self._take(messages)
            return messages

    def counts(self) -> dict[str, int]:
        """How often each number was accepted."""
        with self.lock:
            return {phone: len(messages) for phone, messages in self.by_phone.items()}

    def messages(self, phone: str | None = None) -> list[SmsMessage]:
        """Accepted messages in order of acceptance, of one number or of all."""
        with self.lock:
            if phone is not None:
                return list(self.by_phone.get(phone, ()))
            every = [message for messages in self.by_phone.values() for message in messages]
        return sorted(every, key=lambda message: message.accepted_real)

    def findable(self, phone: str, day: str) -> list[SmsMessage]:
        """What QuerySendDetails may show of one number and day (yyyymmdd), newest first."""
        known_until = self.wall() - self.config.query_lag_s
        return [
            message
            for message in reversed(self.messages(phone))
            if message.accepted_at.strftime("%Y%m%d") == day and message.accepted_real <= known_until
        ]

    def accepted_since(self, since: float) -> int:
        """Numbers accepted at or after a wall time (seconds since 1970)."""
        with self.lock:
            return len(self._accepted_times) - bisect.bisect_left(self._accepted_times, since)

    def sent_since(self, seconds: float, phone: str, sign: str, template_code: str) -> int:
        """Messages of the same sign and template to a number in the last `seconds`."""
        since = self.wall() - seconds
        return sum(
            message.accepted_real >= since and (message.sign, message.template_code) == (sign, template_code)
            for message in self.messages(phone)
        )

    def mark_pushed(self, key: str) -> None:
        """Remember that a report or reply was taken by the receiver, or dropped after its retries."""
        with self.lock:
            self.pushed[key] = self.pushed.get(key, 0) + 1
            self.journal.append({"kind": "pushed", "key": key})

    def next_sequence(self) -> int:
        """A number that no reply had before, restarts included."""
        with self.lock:
            self.sequence += 1
            self.journal.append({"kind": "sequence", "value": self.sequence})
            return self.sequence

    def _planned(
        self,
        biz_id: str,
        out_id: str,
        phone: str,
        sign: str,
        template_code: str,
        content: str,
        at: datetime,
        real: float,
    ) -> SmsMessage:
        ordinal = len(self.by_phone.get(phone, ()))
        seed, results = self.config.seed, self.config.results
        delay = self.config.report_delay_s * (0.5 + share_of(seed, "delay", phone, ordinal))
        result = _weighted(results, share_of(seed, "result", phone, ordinal))
        if share_of(seed, "silent", phone, ordinal) < self.config.silent_share:
            result = ""
        report_at = at + timedelta(seconds=delay)
        return SmsMessage(
            biz_id,
            out_id,
            phone,
            sign,
            template_code,
            content,
            at,
            real,
            result,
            real + delay,
            report_at,
            ordinal,
        )

    def _take(self, messages: list[SmsMessage]) -> None:
        for message in messages:
            self.by_phone[message.phone].append(message)
            self._accepted_times.append(message.accepted_real)

    def _replay(self, entry: Mapping[str, Any]) -> None:
        if entry["kind"] == "accepted":
            self.calls += 1
            self._take([_from_json(message) for message in entry["messages"]])
        elif entry["kind"] == "pushed":
            self.pushed[entry["key"]] = self.pushed.get(entry["key"], 0) + 1
        elif entry["kind"] == "sequence":
            self.sequence = entry["value"]


def _weighted(weights: Mapping[str, float], share: float) -> str:
    left = share * sum(weights.values())
    for name, weight in weights.items():
        left -= weight
        if left < 0:
            return name
    return next(iter(weights), "DELIVERED")


def as_json(message: SmsMessage) -> dict[str, Any]:
    """One message as the journal keeps it and `/_messages` shows it."""
    return {
        **asdict(message),
        "accepted_at": message.accepted_at.isoformat(),
        "report_at": message.report_at.isoformat(),
    }


def _from_json(entry: Mapping[str, Any]) -> SmsMessage:
    times = {name: datetime.fromisoformat(entry[name]) for name in ("accepted_at", "report_at")}
    return SmsMessage(**{**entry, **times})

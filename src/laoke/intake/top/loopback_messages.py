"""The message service of the loopback: tells what happens in the made-up shop, at least once, and worse on demand.

What is not confirmed is told again: to a new line at once, to the same one after a minute of the platform's clock.
"""

from __future__ import annotations

import contextlib
import json
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from laoke.intake.top.frames import (
    CONFIRM,
    CONNECT,
    CONNECTACK,
    DATA,
    KIND,
    PULL,
    SEND,
    Byte,
    Frame,
    FrameUnreadable,
    packed,
    unpacked,
)
from laoke.intake.top.line import GROUP, stamp
from laoke.intake.top.loopback_shop import SELLER_ID, Happening
from laoke.intake.top.signing import sign_line

if TYPE_CHECKING:
    from websockets.sync.server import Server, ServerConnection

    from laoke.intake.top.loopback import Fault, LoopbackTop

MESSAGE_MODES = ("repeat", "reorder", "delay", "drop", "deaf")
TOLD_AGAIN = timedelta(minutes=1)
AT_ONCE = 100


@dataclass
class _Waiting:
    """A message that is not confirmed yet: when it may be told (again)."""

    happening: Happening
    at: datetime


@dataclass
class MessageService:
    """Serves one platform's messages. Kept apart from its calls, as the platform does."""

    platform: LoopbackTop
    host: str
    port: int
    sent: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        from websockets.sync.server import serve

        self._lock = threading.Lock()
        self._since: datetime | None = None
        self._waiting: dict[int, _Waiting] = {}
        self._known: set[int] = set()
        self._server: Server = serve(self._line, self.host, self.port, compression=None, close_timeout=1.0)
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        self._thread = threading.Thread(target=self._server.serve_forever, name="tmc-loopback", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        if self._thread is None:
            self._server.socket.close()
            return
        self._server.shutdown()
        self._thread.join(5.0)

    @property
    def unconfirmed(self) -> int:
        with self._lock:
            return len(self._waiting)

    def permit(self, now: datetime) -> None:
        """From now on what happens to this seller's trades is told."""
        with self._lock:
            if self._since is None:
                self._since = now

    def _line(self, socket: ServerConnection) -> None:
        from websockets.exceptions import WebSocketException

        with contextlib.suppress(WebSocketException, FrameUnreadable, OSError):
            if not self._sign_in(socket):
                return
            with self._lock:
                for one in self._waiting.values():
                    one.at = min(one.at, self.platform.platform_now())
            while True:
                data = socket.recv(decode=False)
                frame = unpacked(data)
                if frame.kind == SEND and frame.about == PULL and not self._tell(socket):
                    return
                if frame.kind == SEND and frame.about == CONFIRM:
                    self._confirmed(int(frame.content["id"]))

    def _sign_in(self, socket: ServerConnection) -> bool:
        frame = unpacked(socket.recv(timeout=10.0, decode=False))
        phrase = self._refusal(frame)
        answer = (
            Frame(CONNECTACK, status=401, phrase=phrase)
            if phrase
            else Frame(CONNECTACK, token="loopback-line")
        )
        socket.send(packed(answer))
        return not phrase

    def _refusal(self, frame: Frame) -> str:
        platform, told = self.platform, frame.content
        at = str(told.get("timestamp") or "")
        if frame.kind != CONNECT or told.get("app_key") != platform.app_key:
            return "Invalid app key"
        if told.get("sign") != sign_line(platform.app_key, GROUP, at, platform.secret):
            return "Invalid sign"
        now = int(stamp(platform.platform_now()))
        if not at.isdecimal() or abs(int(at) - now) > platform.allowed_skew.total_seconds() * 1000:
            return "Invalid timestamp"
        return ""

    def _tell(self, socket: ServerConnection) -> bool:
        """Send what is due, as the faults want it; False when the line is dropped."""
        platform = self.platform
        now = platform.platform_now()
        with self._lock:
            due = self._due(now)
            fault = platform.striking_messages() if due else None
            for one in due:
                one.at = now + TOLD_AGAIN
            frames = [packed(_frame(one.happening)) for one in due]
            frames = self._spoiled(frames, due, fault, now)
        mode = fault.mode if fault else ""
        for data in frames[: len(frames) // 2] if mode == "drop" else frames:
            self.sent["told"] += 1
            socket.send(data)
        if mode == "drop":
            socket.close()
            return False
        return True

    def _due(self, now: datetime) -> list[_Waiting]:
        if self._since is not None:
            for happening in self.platform.shop.happenings(self._since, now):
                if happening.number not in self._known:
                    self._known.add(happening.number)
                    self._waiting[happening.number] = _Waiting(happening, now)
            self._since = now
        due = [one for one in self._waiting.values() if one.at <= now]
        return sorted(due, key=lambda one: (one.happening.at, one.happening.number))[:AT_ONCE]

    def _spoiled(
        self, frames: list[bytes], due: list[_Waiting], fault: Fault | None, now: datetime
    ) -> list[bytes]:
        if fault is None:
            return frames
        self.sent[fault.mode] += 1
        if fault.mode == "repeat":
            return [data for data in frames for _ in (1, 2)]
        if fault.mode == "reorder":
            return frames[::-1]
        if fault.mode == "delay":
            for one in due:
                one.at = now + timedelta(seconds=fault.seconds)
            return []
        return frames

    def _confirmed(self, number: int) -> None:
        with self._lock:
            fault = self.platform.striking_messages("deaf")
            self.sent["deaf" if fault else "confirmed"] += 1
            if fault is None:
                self._waiting.pop(number, None)


def _frame(happening: Happening) -> Frame:
    """As the platform tells it: the order's number among things that Laoke does not take."""
    body: dict[str, Any] = {
        "tid": int(happening.tid), "seller_nick": "演练店", "buyer_nick": "买**", "type": "guarantee_trade",
    }  # fmt: skip
    if happening.refund_id:
        body["refund_id"] = int(happening.refund_id)
    return Frame(
        SEND,
        {
            KIND: Byte(DATA), "id": happening.number, "topic": happening.topic, "content": json.dumps(body),
            "userid": int(SELLER_ID), "publisher": "loopback", "time": happening.at.strftime("%Y-%m-%d %H:%M:%S"),
        },
    )  # fmt: skip


def beside(
    make_calls: Callable[[int], Any], platform: LoopbackTop, host: str, port: int
) -> tuple[Any, MessageService]:
    """The server of calls at a port and the message service one above it; with port 0 a free pair is looked for."""
    for attempt in range(20):
        calls = make_calls(port)
        try:
            return calls, MessageService(platform, host, calls.server_address[1] + 1)
        except OSError:
            calls.server_close()
            if port or attempt == 19:
                raise
    raise AssertionError("the last attempt returns or raises")

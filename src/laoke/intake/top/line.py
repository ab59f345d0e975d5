"""An open line to the platform's message service: ask for messages, hear them, confirm those that are stored.

The service tells at least once and in any order, also what was confirmed, and to whoever of an app is on the line. What
a message says of an order is not believed: its number is a reason to read that order again.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from laoke.intake.top.call import GATEWAY, Account, Kind, TopTrouble, plain_text
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
from laoke.intake.top.signing import sign_line

if TYPE_CHECKING:
    from websockets.sync.client import ClientConnection

SERVICE = "ws://mc.api.taobao.com/"
GROUP = "default"
PLATFORM_ZONE = timezone(timedelta(hours=8))
OPEN_SECONDS = 10.0
LARGEST_FRAME = 1_000_000
_METHOD = "tmc"


@dataclass(frozen=True, slots=True)
class Told:
    """A message: its number, what it is about, which seller and which order."""

    number: str
    topic: str
    seller: str
    order_id: str


def service_of(gateway: str) -> str:
    """Where the messages of a gateway come from; a loopback serves them one port above its calls."""
    if gateway == GATEWAY:
        return SERVICE
    parts = urlsplit(gateway)
    return f"ws://{parts.hostname}:{(parts.port or 80) + 1}/"


def stamp(now: datetime) -> str:
    """A moment of the platform's clock in milliseconds, as the service wants it."""
    return str(int(now.replace(tzinfo=PLATFORM_ZONE).timestamp() * 1000))


class Line:
    """Opened by `Line.open`. Close it."""

    def __init__(self, socket_: ClientConnection, token: str, close: Callable[[], object]) -> None:
        self._socket, self._token, self._close = socket_, token, close

    @classmethod
    def open(cls, account: Account, now: datetime, *, seconds: float = OPEN_SECONDS) -> Line:
        """Connect and sign in.

        Raises
        ------
        TopTrouble
            when nobody answers (`away`), or the service does not want this app or this clock.
        """
        from websockets.exceptions import WebSocketException
        from websockets.sync.client import connect

        address = service_of(account.gateway)
        parts = urlsplit(address)
        try:
            # A socket of our own: a redirect would carry the signature elsewhere, a proxy would see it.
            raw = socket.create_connection((parts.hostname or "", parts.port or 80), timeout=seconds)
            raw.settimeout(None)
            opening = connect(
                address, sock=raw, proxy=None, compression=None, open_timeout=seconds, close_timeout=1.0,
                max_size=LARGEST_FRAME,
            )  # fmt: skip
            opened = opening.__enter__()
        except (OSError, WebSocketException, ValueError) as error:
            raise TopTrouble("away", _METHOD, code=type(error).__name__) from None

        line = cls(opened, "", lambda: opening.__exit__(None, None, None))
        try:
            line._sign_in(account, now, seconds)
        except TopTrouble:
            line.close()
            raise
        return line

    def _sign_in(self, account: Account, now: datetime, seconds: float) -> None:
        at = stamp(now)
        told = {
            "app_key": account.app_key, "group_name": GROUP, "timestamp": at,
            "sign": sign_line(account.app_key, GROUP, at, account.secret), "sdk": "laoke",
        }  # fmt: skip
        self._send(Frame(CONNECT, told))
        answer = self._receive(seconds)
        if answer is None or answer.kind != CONNECTACK:
            raise TopTrouble("away", _METHOD, code="unreadable")
        if not answer.token:
            raise TopTrouble(
                _kind_of(answer.phrase),
                _METHOD,
                code=str(answer.status or ""),
                text=plain_text(answer.phrase),
            )
        self._token = answer.token

    def ask(self) -> None:
        """Ask for what is waiting; the answer is heard later. The service forgets who does not ask for long."""
        self._send(Frame(SEND, {KIND: Byte(PULL)}, token=self._token))

    def heard(self, most: int, seconds: float = 0.0) -> list[Told]:
        """What came in since then, so many at most; waits so long for the first."""
        found: list[Told] = []
        while len(found) < most:
            frame = self._receive(seconds if not found else 0.0)
            if frame is None:
                break
            if frame.kind == SEND and frame.about == DATA:
                found.append(_told(frame.content))
        return found

    def confirm(self, numbers: Iterable[str]) -> None:
        """Say that these are stored, so that they are not told again."""
        for number in numbers:
            if number:
                self._send(Frame(SEND, {KIND: Byte(CONFIRM), "id": int(number)}, token=self._token))

    def close(self) -> None:
        self._close()

    def _send(self, frame: Frame) -> None:
        from websockets.exceptions import WebSocketException

        try:
            self._socket.send(packed(frame))
        except (OSError, WebSocketException) as error:
            raise TopTrouble("away", _METHOD, code=type(error).__name__) from None

    def _receive(self, seconds: float) -> Frame | None:
        """The next frame; None when there is none in time."""
        from websockets.exceptions import WebSocketException

        try:
            data = self._socket.recv(timeout=seconds, decode=False)
            return unpacked(data)
        except TimeoutError:
            return None
        except FrameUnreadable:
            raise TopTrouble("away", _METHOD, code="unreadable") from None
        except (OSError, WebSocketException) as error:
            raise TopTrouble("away", _METHOD, code=type(error).__name__) from None


def _kind_of(phrase: str) -> Kind:
    """The service answers a refused CONNECT with a sentence only."""
    word = phrase.lower()
    if "timestamp" in word:
        return "clock"
    if "sign" in word or "app" in word:
        return "keys"
    return "refused" if word else "away"


def _told(content: dict[str, Any]) -> Told:
    """Only numbers are taken from a message: buyers' names that stand in it go no further."""
    try:
        body = json.loads(str(content.get("content") or "{}"))
    except (ValueError, RecursionError):
        body = {}
    return Told(
        number=number_in(content.get("id")), topic=plain_text(str(content.get("topic") or ""))[:80],
        seller=number_in(content.get("userid")),
        order_id=number_in(body.get("tid")) if isinstance(body, dict) else "",
    )  # fmt: skip


def number_in(told: object) -> str:
    """A number of the platform's, which fits eight bytes; '' for anything else."""
    text = str(told)
    return text if text.isascii() and text.isdecimal() and len(text) < 20 and int(text) < 2**63 else ""

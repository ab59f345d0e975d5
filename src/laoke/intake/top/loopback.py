"""A server on this machine that speaks the protocol of the Taobao Open Platform, for tests and trials.

It checks signature, session and clock as the platform does, tells a made-up shop, and fails on demand (`/_control`).
Nothing leaves the machine, and nothing in it is of a real shop.
"""

from __future__ import annotations

import json
import os
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from laoke.intake.top.loopback_messages import MESSAGE_MODES, MessageService, beside
from laoke.intake.top.loopback_rules import METHODS, Refused
from laoke.intake.top.loopback_shop import TIME_FORMAT, MadeShop
from laoke.intake.top.signing import is_signed
from laoke.intake.top.trials import HOST, PATH, address_of
from laoke.shops.loopback_http import Loopback, LoopbackServer

SKEW = timedelta(minutes=10)
MAX_BODY = 1_000_000
APP_KEY, SECRET, SESSION = "12345678", "loopback-secret", "loopback-session"
CALL_MODES = ("slow", "reset", "http500", "unreadable", "busy", "away", "signed_out", "forbidden", "touch")
FAULT_MODES = (*CALL_MODES, *MESSAGE_MODES)
_ERRORS = {
    "busy": Refused(7, "App Call Limited", "accesscontrol.limited-by-api-access-count",
                    "This ban will last for 1 more seconds"),
    "away": Refused(15, "Remote service error", "isp.top-remote-connection-timeout", "远程服务超时"),
    "signed_out": Refused(27, "Invalid session", "invalid-sessionkey", "SessionKey非法"),
    "forbidden": Refused(11, "Insufficient isv permissions", "isv.permission-api-package-limit", "没有这个接口的权限"),
}  # fmt: skip


@dataclass
class Fault:
    """A failure on demand: for the next `left` calls of `methods` (empty: of all), once `after` of them went through;
    with `every` again and again, so many calls apart.

    slow        answered after `seconds`                    reset        the connection is reset
    http500     HTTP 500                                    unreadable   half an answer
    busy        code 7                                      away         code 15 with an isp code
    signed_out  code 27                                     forbidden    code 11
    touch       before the answer a trade is modified, as when the seller works while we read

    Of messages, each `left` is one delivery (of `deaf` one confirmation):

    repeat      every message twice                          reorder      the latest first
    delay       told `seconds` later                         drop         the line is cut after half of it
    deaf        a confirmation is not heard
    """

    mode: str
    left: int = 1
    after: int = 0
    seconds: float = 5.0
    methods: tuple[str, ...] = ()
    every: int = 0

    @classmethod
    def from_json(cls, wish: Mapping[str, Any]) -> Fault:
        """`{"mode", "next", "after", "seconds", "methods", "every"}`. Raises ValueError."""
        known = {"mode", "next", "after", "seconds", "methods", "every"}
        if wish.get("mode") not in FAULT_MODES or set(wish) - known:
            raise ValueError(
                f"mode is one of {', '.join(FAULT_MODES)}; fields are {', '.join(sorted(known))}"
            )
        return cls(
            str(wish["mode"]), int(wish.get("next", 1)), int(wish.get("after", 0)), float(wish.get("seconds", 5.0)),
            tuple(wish.get("methods", ())), int(wish.get("every", 0)),
        )  # fmt: skip

    def strikes(self, method: str) -> bool:
        """Whether this call is one to fail; counts down."""
        if self.left <= 0 or (self.methods and method not in self.methods):
            return False
        if self.after > 0:
            self.after -= 1
            return False
        if self.every:
            self.after = self.every - 1
            return True
        self.left -= 1
        return True


SKEWED = "skew"
# How many calls apart a fault that does not end strikes, where it is not ten.
_APART = {"slow": 60, "busy": 25, "signed_out": 400, "forbidden": 400, "delay": 3, "drop": 3, "deaf": 3}
PASSING = tuple(mode for mode in FAULT_MODES if mode not in ("signed_out", "forbidden"))


def standing_faults(names: str) -> tuple[list[Fault], timedelta]:
    """Faults that come again and again, by their names with commas between, and how far the clock is off; `all` are
    those that pass by themselves. Raises ValueError on a name that there is none of."""
    wanted = [name.strip() for name in names.split(",") if name.strip()]
    if wanted == ["all"]:
        wanted = [*PASSING, SKEWED]
    if unknown := [name for name in wanted if name not in (*FAULT_MODES, SKEWED)]:
        raise ValueError(f"{unknown[0]}: {', '.join((*FAULT_MODES, SKEWED))}, all")
    faults = [
        Fault(mode, after=place, seconds=25.0, every=_APART.get(mode, 10))
        for place, mode in enumerate(wanted)
        if mode != SKEWED
    ]
    return faults, timedelta(minutes=6 if SKEWED in wanted else 0)


@dataclass
class LoopbackTop(Loopback):
    """The platform. `start()` serves from a thread; port 0 takes a free one.

    `now` is the platform's clock (GMT+8, without zone); `skew` is how far it is ahead of that. `calls_each_second` is
    the limit after which code 7 is answered, 0 for none.
    """

    shop: MadeShop
    now: Callable[[], datetime]
    port: int = 0
    app_key: str = APP_KEY
    secret: str = SECRET
    session: str = SESSION
    skew: timedelta = timedelta(0)
    calls_each_second: int = 0
    faults: list[Fault] = field(default_factory=list)
    calls: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._this_second: tuple[int, int] = (0, 0)
        self._server: _Server
        self.messages: MessageService
        self._server, self.messages = beside(lambda port: _Server((HOST, port), self), self, HOST, self.port)

    @property
    def bound_port(self) -> int:
        """The port of the calls, also where a free one was taken."""
        return int(self._server.server_address[1])

    @property
    def gateway(self) -> str:
        """The address as a connection's settings want it."""
        return address_of(self.bound_port)

    def serve(self) -> None:
        """Serve calls and messages until `stop()`."""
        self.messages.start()
        super().serve()

    def close(self) -> None:
        """Close what is open after `serve` has ended."""
        self.messages.stop()
        super().close()

    @property
    def allowed_skew(self) -> timedelta:
        return SKEW

    def platform_now(self) -> datetime:
        return self.now() + self.skew

    def striking(self, method: str) -> Fault | None:
        """The fault that this call meets, if any."""
        with self._lock:
            self.calls[method] += 1
            faults = [fault for fault in self.faults if fault.mode in CALL_MODES]
            return next((fault for fault in faults if fault.strikes(method)), None)

    def striking_messages(self, mode: str = "") -> Fault | None:
        """The fault that a delivery meets, if any; with a mode only one of that."""
        modes = (mode,) if mode else MESSAGE_MODES[:-1]
        return next((fault for fault in self.faults if fault.mode in modes and fault.strikes("")), None)

    def perform(self, params: Mapping[str, str], fault: Fault | None) -> dict[str, Any]:
        """The answer to one call, wrapped as the platform wraps it."""
        method = params.get("method", "")
        try:
            self._check(params)
            if fault is not None and fault.mode in _ERRORS:
                raise _ERRORS[fault.mode]
            with self._lock:
                now = self.platform_now()
                if fault is not None and fault.mode == "touch":
                    self._touch_one(now)
                answer = METHODS[method](self.shop, params, now)
            if method == "taobao.tmc.user.permit":
                self.messages.permit(now)
        except Refused as refused:
            return {"error_response": {**refused.body, "request_id": "loopback"}}
        name = method.removeprefix("taobao.").replace(".", "_") + "_response"
        return {name: {**answer, "request_id": "loopback"}}

    def _check(self, params: Mapping[str, str]) -> None:
        """Key, signature, clock, method, session and limit, in the platform's order."""
        if not params.get("sign"):
            raise Refused(24, "Missing signature")
        if params.get("app_key") != self.app_key:
            raise Refused(29, "Invalid app Key", "isv.appkey-not-exists", "无效的AppKey")
        if not is_signed(params, self.secret):
            raise Refused(25, "Invalid signature", "isv.invalid-signature", "签名无效")
        try:
            signed_at = datetime.strptime(params.get("timestamp", ""), TIME_FORMAT)
        except ValueError:
            raise Refused(31, "Invalid timestamp") from None
        if abs(self.platform_now() - signed_at) > SKEW:
            raise Refused(31, "Invalid timestamp", "isv.invalid-timestamp", "时间戳和服务器相差超过10分钟")
        if params.get("method") not in METHODS:
            raise Refused(22, "Invalid method", "isv.invalid-method", "不存在的方法名")
        if params.get("format") != "json":
            raise Refused(23, "Invalid format")
        if not params.get("session"):
            raise Refused(26, "Missing session")
        if params["session"] != self.session:
            raise _ERRORS["signed_out"]
        self._count_this_second()

    def _count_this_second(self) -> None:
        if not self.calls_each_second:
            return
        second = int(time.monotonic())
        with self._lock:
            before, count = self._this_second
            self._this_second = (second, count + 1 if before == second else 1)
            if self._this_second[1] > self.calls_each_second:
                raise _ERRORS["busy"]

    def _touch_one(self, now: datetime) -> None:
        """The latest modified trade on the first page of the last day is modified now, so that pages shift."""
        recent = [
            (at, trade.tid)
            for trade in self.shop.visible(now)
            if now - timedelta(days=1) < (at := self.shop.modified(trade, now)) < now - timedelta(minutes=5)
        ]
        if recent:
            self.shop.touch(max(recent)[1], now)

    def control(self, wish: object) -> dict[str, Any]:
        """Order failures (`fail`: one or a list, null ends them), move the clock (`skew_seconds`), `touch` a trade,
        sign the seller out (`session`), set the limit (`calls_each_second`). Returns the state after it.

        Raises ValueError on an unknown wish.
        """
        if not isinstance(wish, Mapping):
            raise ValueError(f"a wish is a JSON object, found {type(wish).__name__}")
        known = {"fail", "skew_seconds", "touch", "session", "calls_each_second"}
        if unknown := sorted(set(wish) - known):
            raise ValueError(f"no control {unknown[0]!r}; there are: {', '.join(sorted(known))}")
        with self._lock:
            if "fail" in wish:
                wanted = wish["fail"] or []
                self.faults = [
                    Fault.from_json(one) for one in (wanted if isinstance(wanted, list) else [wanted])
                ]
            if "skew_seconds" in wish:
                self.skew = timedelta(seconds=float(wish["skew_seconds"]))
            if "touch" in wish:
                self.shop.touch(self.shop.trades[str(wish["touch"])].tid, self.platform_now())
            self.session = str(wish.get("session", self.session))
            self.calls_each_second = int(wish.get("calls_each_second", self.calls_each_second))
        return self.overview()

    def overview(self) -> dict[str, Any]:
        """Counts as `/_control` shows them."""
        now = self.platform_now()
        return {
            "now": now.strftime(TIME_FORMAT), "trades": len(self.shop.visible(now)),
            "refunds": len(self.shop.refunds(now)), "calls": dict(self.calls),
            "faults": [fault.mode for fault in self.faults if fault.left], "messages": dict(self.messages.sent),
            "unconfirmed": self.messages.unconfirmed,
        }  # fmt: skip


class _Server(LoopbackServer):
    def __init__(self, address: tuple[str, int], platform: LoopbackTop) -> None:
        self.platform = platform
        super().__init__(address, _Handler)


def _bytes_of(answer: object) -> bytes:
    """Halves of characters too, which a hostile platform may tell."""
    return json.dumps(answer, ensure_ascii=False).encode("utf-8", "surrogatepass")


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 120
    server: _Server

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length") or "0"
        if not length.isdecimal() or int(length) > MAX_BODY or self.headers.get("Transfer-Encoding"):
            self.close_connection = True
            self._answer(400, {"error": "the body is missing or too long"})
            return
        body, parts = self.rfile.read(int(length)), urlsplit(self.path)
        if parts.path == PATH:
            form = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)
            self._call({**dict(parse_qsl(parts.query, keep_blank_values=True)), **dict(form)})
        elif parts.path == "/_control":
            self._control(body)
        else:
            self._answer(404, {"error": f"there are {PATH} and /_control"})

    do_GET = do_POST

    def _call(self, params: dict[str, str]) -> None:
        platform = self.server.platform
        fault = platform.striking(params.get("method", ""))
        mode = fault.mode if fault is not None else ""
        if mode == "reset":
            self._reset()
        elif mode == "http500":
            self._answer(500, {"error": "on demand"})
        elif mode == "unreadable":
            self._answer(200, None)
        else:
            if fault is not None and mode == "slow":
                time.sleep(fault.seconds)
            self._answer(200, platform.perform(params, fault))

    def _control(self, body: bytes) -> None:
        """A web page in a browser must not reach this: foreign origins are refused."""
        if self.headers.get("Origin") or not str(self.headers.get("Host", "")).startswith(f"{HOST}:"):
            self._answer(403, {"error": "only for programs on this machine"})
            return
        try:
            self._answer(200, self.server.platform.control(json.loads(body) if body else {}))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            self._answer(400, {"error": f"{type(error).__name__}: {error}"})

    def _answer(self, status: int, answer: object) -> None:
        """One write for head and body; None: half a body."""
        body = b'{"trades_sold' if answer is None else _bytes_of(answer)
        lines = (
            f"HTTP/1.1 {status} -",
            "Content-Type: application/json;charset=utf-8",
            f"Content-Length: {len(body)}",
        )
        self.wfile.write("\r\n".join((*lines, "", "")).encode("latin-1") + body)

    def _reset(self) -> None:
        """Break the connection with a reset instead of a polite end."""
        linger = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.close_connection = True
        self.rfile.close()
        self.connection.close()

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: a line for each call would hide what the user wants to see."""

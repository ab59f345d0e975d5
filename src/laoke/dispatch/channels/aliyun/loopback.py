"""A gateway on this machine that speaks the protocol of Aliyun SMS, for tests, trials and the demo shop.

It checks signatures as the vendor does, keeps its own durable count per number, pushes reports and
replies, and fails on demand (`/_control`). It reaches nobody: no message leaves the machine.
"""

from __future__ import annotations

import hashlib
import json
import os
import socket
import struct
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from zoneinfo import ZoneInfo

from laoke.dispatch.channels.aliyun import loopback_rules, signing
from laoke.dispatch.channels.aliyun.adapter import is_loopback
from laoke.dispatch.channels.aliyun.loopback_push import Pusher
from laoke.dispatch.channels.aliyun.loopback_state import GatewayState, LoopbackConfig, as_json, share_of
from laoke.shops.loopback_http import Loopback, LoopbackServer

VERSION = "2017-05-25"
SKEW_S = 900.0
MAX_BODY = 5_000_000
SENDS = ("SendSms", "SendBatchSms")
FAULT_MODES = (
    "lost_after_accept",
    "reset_before_read",
    "http500",
    "slow",
    "accept_late",
    "code",
    "unreadable",
    "redirect",
)


@dataclass
class Fault:
    """A failure on demand: for the next `left` calls, or for a share `rate` of them, once `after` calls went through.

    lost_after_accept   taken, then the connection is reset       reset_before_read  reset, not taken
    http500             HTTP 500, not taken                       slow               taken, answered after `seconds`
    accept_late         taken only after `seconds`                code               HTTP 200 with `code`, not taken
    unreadable          taken, half an answer                     redirect           HTTP 307, not taken
    """

    mode: str
    code: str = "isp.SYSTEM_ERROR"
    message: str = "on demand"
    rate: float = 0.0
    left: int = 0
    after: int = 0
    seconds: float = 5.0
    actions: tuple[str, ...] = SENDS
    seen: int = field(default=0, repr=False)

    @classmethod
    def from_json(cls, wish: Mapping[str, Any]) -> Fault:
        """`{"mode", "code", "message", "rate" or "next", "after", "seconds", "actions"}`. Raises ValueError."""
        known = {"mode", "code", "message", "rate", "next", "after", "seconds", "actions"}
        if wish.get("mode") not in FAULT_MODES or set(wish) - known:
            raise ValueError(
                f"mode is one of {', '.join(FAULT_MODES)}; fields are {', '.join(sorted(known))}"
            )
        chosen = {name: wish[name] for name in ("mode", "code", "message", "rate", "seconds") if name in wish}
        default_left = 0 if "rate" in wish else 1
        return cls(
            **chosen, left=int(wish.get("next", default_left)), after=int(wish.get("after", 0)),
            actions=tuple(wish.get("actions", SENDS)),
        )  # fmt: skip

    def strikes(self, action: str, seed: int) -> bool:
        """Whether this call is the one to fail; counts down."""
        if action not in self.actions:
            return False
        if self.after > 0:
            self.after -= 1
            return False
        self.seen += 1
        if self.left > 0:
            self.left -= 1
            return True
        return share_of(seed, "fault", self.mode, self.seen) < self.rate


class LoopbackAliyun(Loopback):
    """The gateway. `start()` serves from a thread, `serve()` from the caller's; port 0 takes a free one.

    `clock` gives the shop's local time (the day of QuerySendDetails and the times in reports);
    `wall` seconds since 1970, for lags and signing times. Raises ValueError on an address that
    is not of this machine.
    """

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        state_path: Path | None = None,
        config: LoopbackConfig | None = None,
        *,
        access_key: str = "loopback",
        secret: str = "loopback-secret",
        callback_url: str | None = None,
        clock: Callable[[], datetime] | None = None,
        wall: Callable[[], float] = time.time,
    ) -> None:
        if not is_loopback(f"{host}:{port}"):
            raise ValueError(f"a loopback gateway listens on this machine only, not on {host}")
        self.keys = {access_key: secret}
        self.state = GatewayState(config or LoopbackConfig(), state_path, clock or _shanghai_now, wall)
        self.pusher = Pusher(self.state, callback_url)
        self.fault: Fault | None = None
        self._nonces: dict[str, float] = {}
        self._nonce_order: deque[tuple[float, str]] = deque()
        self._lock = threading.Lock()
        self._server = _Server((host, port), self)

    @property
    def endpoint(self) -> str:
        """host:port as the adapter's settings want it."""
        host, port = self._server.server_address[:2]
        return f"{host!s}:{port}"

    def serve(self) -> None:
        """Serve, and push reports and replies, until `stop()`."""
        self.pusher.start()
        super().serve()

    def close(self) -> None:
        """Close connections, pushes and journal after `serve` has ended."""
        super().close()
        self.pusher.stop()
        self.state.journal.close()

    def verify(self, call: HttpCall) -> signing.SignedCall:
        """Signature, time and nonce. Raises `SignatureRefused`."""
        if call.headers.get("authorization", "").startswith(signing.ACS3):
            signed = signing.check_acs3(call.method, call.query, call.headers, call.body, self.keys)
            version = call.headers["x-acs-version"]
        else:
            signed = signing.check_rpc_v1(call.method, [*call.query, *call.form], self.keys)
            version = call.params.get("Version", "")
        if version != VERSION:
            raise signing.SignatureRefused(400, "InvalidVersion", "Specified parameter Version is not valid.")
        self.check_age(signed)
        self._use_nonce(signed.nonce)
        return signed

    def check_age(self, signed: signing.SignedCall) -> None:
        """Refuse a call signed too long ago, or in the future. Raises `SignatureRefused`."""
        age = self.state.wall() - signed.signed_at.timestamp()
        # Signing times are whole seconds: a call of this very second looks up to one second old.
        if age > self.state.config.accept_within_s + 1.0 or age < -SKEW_S:
            raise signing.SignatureRefused(
                400, "InvalidTimeStamp.Expired", "Specified time stamp is expired."
            )

    def _use_nonce(self, nonce: str) -> None:
        now = self.state.wall()
        with self._lock:
            while self._nonce_order and self._nonce_order[0][0] < now - 2 * SKEW_S:
                self._nonces.pop(self._nonce_order.popleft()[1], None)
            if nonce in self._nonces:
                raise signing.SignatureRefused(
                    400, "SignatureNonceUsed", "Specified signature nonce was used."
                )
            self._nonces[nonce] = now
            self._nonce_order.append((now, nonce))

    def striking_fault(self, action: str) -> Fault | None:
        """The fault that this call meets, if any."""
        with self._lock:
            if self.fault is not None and self.fault.strikes(action, self.state.config.seed):
                return self.fault
        return None

    def perform(self, signed: signing.SignedCall, params: Mapping[str, str]) -> dict[str, Any]:
        """The vendor's answer to one verified call; business refusals are answers too."""
        answer = {"Code": "OK", "Message": "OK", "RequestId": _request_id(signed.nonce)}
        try:
            if signed.action == "QuerySendDetails":
                return {**answer, **loopback_rules.query_send_details(self.state, params)}
            send = {"SendSms": loopback_rules.send_sms, "SendBatchSms": loopback_rules.send_batch_sms}
            if signed.action not in send:
                raise signing.SignatureRefused(404, "InvalidAction.NotFound", "Specified api is not found.")
            messages = send[signed.action](self.state, params)
        except loopback_rules.Refused as refusal:
            return {**answer, "Code": refusal.code, "Message": str(refusal)}
        self.pusher.schedule_reports(messages)
        return {**answer, "BizId": messages[0].biz_id}

    def control(self, wish: object) -> dict[str, Any]:
        """Change settings (`config`), order failures (`fail`, null ends them), provoke a `reply`.

        Returns the state after it. Raises ValueError on an unknown wish.
        """
        if not isinstance(wish, Mapping):
            raise ValueError(f"a wish is a JSON object, found {type(wish).__name__}")
        unknown = sorted(set(wish) - {"config", "fail", "reply"})
        if unknown:
            raise ValueError(f"no control {unknown[0]!r}; there are: config, fail, reply")
        with self._lock:
            if "config" in wish:
                self.state.config = self.state.config.changed(wish["config"])
            if "fail" in wish:
                self.fault = Fault.from_json(wish["fail"]) if wish["fail"] else None
        if "reply" in wish:
            self.pusher.reply(str(wish["reply"]["phone"]), str(wish["reply"]["content"]))
        return self.overview()

    def overview(self) -> dict[str, Any]:
        """Counts and settings as `/_control` shows them."""
        return {
            "accepted": self.state.accepted_since(0.0),
            "calls": self.state.calls,
            "waiting_pushes": self.pusher.waiting,
            "dropped_pushes": self.pusher.dropped,
            "fault": None if self.fault is None else self.fault.mode,
            "config": self.state.config.as_json(),
        }


@dataclass(frozen=True)
class HttpCall:
    """One received request: `query` and `form` as pairs, headers by lower-case name."""

    method: str
    path: str
    query: list[tuple[str, str]]
    form: list[tuple[str, str]]
    headers: Mapping[str, str]
    body: bytes

    @property
    def params(self) -> dict[str, str]:
        """Query and form merged, as old and new clients place parameters differently."""
        return dict([*self.query, *self.form])


class _Server(LoopbackServer):
    def __init__(self, address: tuple[str, int], gateway: LoopbackAliyun) -> None:
        self.gateway = gateway
        super().__init__(address, _Handler)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 120
    server: _Server

    def do_POST(self) -> None:
        gateway = self.server.gateway
        action = self.headers.get("x-acs-action") or dict(parse_qsl(urlsplit(self.path).query)).get(
            "Action", ""
        )
        fault = gateway.striking_fault(action) if urlsplit(self.path).path == "/" else None
        if fault is not None and fault.mode == "reset_before_read":
            self._reset()
            return
        call = self._read_call()
        if call is None:
            self._answer(
                400, {"Code": "InvalidBody", "Message": "the body is missing, too long or not a form"}
            )
        elif call.path == "/":
            self._rpc(call, fault)
        elif call.path.startswith("/_"):
            self._own(call)
        else:
            self._answer(404, {"Code": "InvalidAction.NotFound", "Message": "path is /"})

    do_GET = do_POST

    def _rpc(self, call: HttpCall, fault: Fault | None) -> None:
        gateway = self.server.gateway
        try:
            signed = gateway.verify(call)
            if fault is not None and fault.mode in ("http500", "redirect", "code"):
                self._refuse_on_demand(fault, signed)
                return
            if fault is not None and fault.mode == "accept_late":
                time.sleep(fault.seconds)
                gateway.check_age(signed)
            answer = gateway.perform(signed, call.params)
        except signing.SignatureRefused as refusal:
            self._answer(refusal.status, _gateway_error(refusal.code, str(refusal), call))
            return
        self._answer_under(fault, answer)

    def _refuse_on_demand(self, fault: Fault, signed: signing.SignedCall) -> None:
        error = {"Code": fault.code, "Message": fault.message, "RequestId": _request_id(signed.nonce)}
        if fault.mode == "code":
            self._answer(200, error)
        elif fault.mode == "redirect":
            self._answer(307, {"Code": "OK", "Message": "moved"}, {"Location": self.path})
        else:
            self._answer(500, {**error, "Code": "ServiceUnavailable"})

    def _answer_under(self, fault: Fault | None, answer: dict[str, Any]) -> None:
        mode = fault.mode if fault is not None else ""
        if mode == "lost_after_accept":
            self._reset()
        elif mode == "unreadable":
            self._answer(200, None)
        else:
            if fault is not None and mode == "slow":
                time.sleep(fault.seconds)
            self._answer(200, answer)

    def _own(self, call: HttpCall) -> None:
        """The gateway's own pages. A web page in a browser must not reach them: foreign hosts are refused."""
        gateway = self.server.gateway
        if call.headers.get("origin") or not is_loopback(call.headers.get("host", "")):
            self._answer(403, {"error": "only for programs on this machine"})
        elif call.path == "/_count":
            self._answer(200, gateway.state.counts())
        elif call.path == "/_messages":
            messages = gateway.state.messages(call.params.get("phone"))
            self._answer(200, {"messages": [as_json(message) for message in messages]})
        elif call.path == "/_control":
            try:
                wish = json.loads(call.body) if call.method == "POST" else {}
                self._answer(200, gateway.control(wish))
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                self._answer(400, {"error": f"{type(error).__name__}: {error}"})
        else:
            self._answer(404, {"error": "there are /_count, /_messages, /_control"})

    def _read_call(self) -> HttpCall | None:
        length = self.headers.get("Content-Length") or "0"
        if not length.isdecimal() or int(length) > MAX_BODY or self.headers.get("Transfer-Encoding"):
            self.close_connection = True
            return None
        body = self.rfile.read(int(length))
        parts = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        try:
            is_form = "form-urlencoded" in headers.get("content-type", "")
            form = parse_qsl(body.decode("utf-8"), keep_blank_values=True) if is_form else []
            query = parse_qsl(parts.query, keep_blank_values=True)
        except ValueError:
            return None
        return HttpCall(self.command, parts.path, query, form, headers, body)

    def _answer(self, status: int, answer: object, headers: Mapping[str, str] | None = None) -> None:
        """One write for head and body: two small ones would wait for each other (Nagle). None: half a body."""
        body = (
            b'{"Code":"OK","Mess'
            if answer is None
            else json.dumps(answer, ensure_ascii=False).encode("utf-8")
        )
        lines = [
            f"HTTP/1.1 {status} -",
            "Content-Type: application/json;charset=utf-8",
            f"Content-Length: {len(body)}",
            *(f"{name}: {value}" for name, value in (headers or {}).items()),
        ]
        self.wfile.write("\r\n".join([*lines, "", ""]).encode("latin-1") + body)

    def _reset(self) -> None:
        """Break the connection with a reset instead of a polite end."""
        linger = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.close_connection = True
        self.rfile.close()
        self.connection.close()

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: request lines carry numbers."""


def run_loopback(
    host: str,
    port: int,
    home: Path,
    access_key: str,
    secret: str,
    callback_url: str | None = None,
    config: LoopbackConfig | None = None,
    clock: Callable[[], datetime] | None = None,
    ready: Callable[[LoopbackAliyun], None] | None = None,
) -> None:
    """Serve until interrupted, with the journal in `home`/gateway/aliyun.jsonl.

    `ready` is called once with the listening gateway (to print its endpoint, or to keep a way to
    stop it). For `laoke gateway aliyun`; the caller maps SIGTERM to KeyboardInterrupt.
    """
    gateway = LoopbackAliyun(
        host,
        port,
        home / "gateway" / "aliyun.jsonl",
        config,
        access_key=access_key,
        secret=secret,
        callback_url=callback_url,
        clock=clock,
    )
    if ready is not None:
        ready(gateway)
    try:
        gateway.serve()
    except KeyboardInterrupt:
        return
    finally:
        gateway.close()


def _shanghai_now() -> datetime:
    return datetime.now(ZoneInfo("Asia/Shanghai")).replace(tzinfo=None)


def _request_id(nonce: str) -> str:
    digest = hashlib.sha256(nonce.encode()).hexdigest().upper()
    return "-".join((digest[:8], digest[8:12], digest[12:16], digest[16:20], digest[20:32]))


def _gateway_error(code: str, message: str, call: HttpCall) -> dict[str, str]:
    return {
        "Code": code,
        "Message": message,
        "RequestId": _request_id(message + code),
        "HostId": call.headers.get("host", ""),
        "Recommend": "",
    }

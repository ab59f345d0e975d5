"""A loopback gateway on a free port, a client for its own pages, and a receiver for its pushes."""

from __future__ import annotations

import json
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from laoke.dispatch.channels.aliyun.adapter import AliyunSms
from laoke.dispatch.channels.aliyun.loopback import LoopbackAliyun
from laoke.dispatch.channels.aliyun.loopback_state import LoopbackConfig
from laoke.dispatch.channels.base import Recipient, SendRequest

ACCESS_KEY, SECRET = "testid", "testsecret"
NOON = datetime(2018, 10, 31, 12, 0)
TEXT = "${name}，双十一满300减40，拒收请回复R"


def gateway_at_noon(config: LoopbackConfig | None = None, **options: Any) -> LoopbackAliyun:
    """A gateway that lives at noon of 2018-10-31 and knows one key."""
    options.setdefault("clock", lambda: NOON)
    return LoopbackAliyun(config=config, access_key=ACCESS_KEY, secret=SECRET, **options)


def adapter_for(gateway: LoopbackAliyun, **options: Any) -> AliyunSms:
    options = {"access_key": ACCESS_KEY, "secret": SECRET, "read_timeout_s": 3.0, **options}
    return AliyunSms(endpoint=gateway.endpoint, **options)


def phone(number: int) -> str:
    """A number of the range that is never assigned."""
    return f"100{number:08d}"


def request_to(*numbers: int, out_id: str = "call-1", **changes: Any) -> SendRequest:
    recipients = tuple(
        Recipient(f"a{number}", phone(number), {"name": f"客户{number}"}) for number in numbers
    )
    fields: dict[str, Any] = {
        "request_id": out_id,
        "sign": "老客书店",
        "template_code": "SMS_1",
        "template_text": TEXT,
        "recipients": recipients,
        "out_id": out_id,
    }
    return SendRequest(**{**fields, **changes})


def control(gateway: LoopbackAliyun, wish: dict[str, Any]) -> dict[str, Any]:
    """POST to `/_control`, as a person or a test of another process would."""
    return own_page(gateway, "_control", json.dumps(wish).encode())


def own_page(gateway: LoopbackAliyun, page: str, body: bytes | None = None) -> dict[str, Any]:
    with urllib.request.urlopen(f"http://{gateway.endpoint}/{page}", data=body, timeout=5) as response:
        answer: dict[str, Any] = json.loads(response.read())
    return answer


def wait_until(met: Callable[[], bool], seconds: float = 5.0) -> None:
    """Wait for a thing another thread does; fails when it does not happen."""
    end = time.monotonic() + seconds
    while not met():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.01)


class Receiver:
    """Where pushes go: keeps every body and answers with `answers` in turn, then with the last one."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.answers: list[tuple[int, object]] = [(200, {"code": 0, "msg": "接收成功"})]
        self.url = ""

    def next_answer(self) -> tuple[int, object]:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@contextmanager
def receiver() -> Iterator[Receiver]:
    """A receiving web server on a free port."""
    received = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            status, answer = received.next_answer()
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(answer).encode())

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    received.url = f"http://127.0.0.1:{server.server_address[1]}/push"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield received
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5.0)

"""Pushes reports (SmsReport) and replies (SmsUp) to the receiver's address, repeating as the vendor does.

One thread works off a heap of due pushes. A push counts as taken when the receiver answers HTTP 200
with a JSON object whose `code` is the number 0; else it is repeated and, after the last delay, dropped.
"""

from __future__ import annotations

import heapq
import http.client
import json
import threading
import urllib.error
import urllib.request
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

from laoke.dispatch.channels.aliyun.loopback_state import GatewayState, SmsMessage, share_of

MAX_PER_PUSH = 100
ANSWER_TIMEOUT_S = 10.0
OPT_OUT_WORDS = ("R", "退订", "r", "TD", "回T退订")
OTHER_WORDS = ("好的", "有货吗", "谢谢", "什么时候发货")


@dataclass(order=True)
class _Due:
    """A group of entries for one POST; ordered by time, then by age."""

    real: float
    number: int
    kind: Literal["report", "reply"] = field(compare=False)
    entries: list[tuple[str, dict[str, Any]]] = field(compare=False)
    tries: int = field(default=0, compare=False)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A receiver that redirects has not taken the push."""

    def redirect_request(self, *args: Any) -> None:
        return None


class Pusher:
    """The pushing thread. Without a callback address nothing is scheduled."""

    def __init__(self, state: GatewayState, callback_url: str | None) -> None:
        self.state = state
        self.callback_url = callback_url
        self.dropped = 0
        self._heap: list[_Due] = []
        self._number = 0
        self._changed = threading.Condition()
        self._stopping = False
        self._thread: threading.Thread | None = None
        # A proxy of the environment has no business between two processes of one machine.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirect())

    def start(self) -> None:
        """Start, and take up again what an earlier life of the gateway had not pushed."""
        self.schedule_reports(self.state.messages())
        self._thread = threading.Thread(target=self._run, name="aliyun-loopback-push", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join(ANSWER_TIMEOUT_S + 1.0)

    @property
    def waiting(self) -> int:
        """Entries that are not yet taken by the receiver."""
        with self._changed:
            return sum(len(due.entries) for due in self._heap)

    def schedule_reports(self, messages: Iterable[SmsMessage]) -> None:
        """Plan the reports, and by the configured shares repetitions and replies, of these messages."""
        config = self.state.config
        if self.callback_url is None:
            return
        for message in messages:
            if not message.result:
                continue
            who = (message.phone, message.ordinal)
            if message.key not in self.state.pushed:
                self._add(message.report_real, "report", message.key, report_entry(message))
                if share_of(config.seed, "duplicate", *who) < config.duplicate_share:
                    self._add(message.report_real + 0.05, "report", message.key, report_entry(message))
            replies = (
                message.result == "DELIVERED" and share_of(config.seed, "reply", *who) < config.reply_share
            )
            if replies and f"reply|{message.key}" not in self.state.pushed:
                self._plan_reply(message)

    def reply(self, phone: str, content: str) -> dict[str, Any]:
        """Push a reply of this number at once; returns the pushed entry."""
        entry = self._reply_entry(phone, content, sign="")
        self._add(self.state.wall(), "reply", f"reply|{entry['sequence_id']}|{phone}", entry)
        return entry

    def _plan_reply(self, message: SmsMessage) -> None:
        config = self.state.config
        opts_out = share_of(config.seed, "word", message.phone, message.ordinal) < config.opt_out_share
        words = OPT_OUT_WORDS if opts_out else OTHER_WORDS
        chosen = words[int(share_of(config.seed, "which", message.phone) * len(words))]
        due = message.report_real + config.reply_delay_s
        self._add(
            due, "reply", f"reply|{message.key}", self._reply_entry(message.phone, chosen, message.sign)
        )

    def _reply_entry(self, phone: str, content: str, sign: str) -> dict[str, Any]:
        return {
            "phone_number": phone,
            "content": content,
            "send_time": f"{self.state.clock():%Y-%m-%d %H:%M:%S}",
            "dest_code": "10690000",
            "sequence_id": str(self.state.next_sequence()),
            "sign_name": sign,
        }

    def _add(self, real: float, kind: Literal["report", "reply"], key: str, entry: dict[str, Any]) -> None:
        with self._changed:
            self._number += 1
            heapq.heappush(self._heap, _Due(real, self._number, kind, [(key, entry)]))
            if self._heap[0].number == self._number:
                self._changed.notify_all()

    def _run(self) -> None:
        while True:
            group = self._next_group()
            if group is None:
                return
            self._deliver(group)

    def _next_group(self) -> _Due | None:
        """Wait for the next due push and join with it what is due of the same kind; None at the end."""
        with self._changed:
            while not self._stopping:
                wait = self._heap[0].real - self.state.wall() if self._heap else None
                if wait is None or wait > 0:
                    self._changed.wait(wait)
                    continue
                group = heapq.heappop(self._heap)
                while self._joins(group):
                    group.entries += heapq.heappop(self._heap).entries
                return group
        return None

    def _joins(self, group: _Due) -> bool:
        """Whether the next push is due, of the same kind and age, and names no number twice."""
        if not self._heap or len(group.entries) >= MAX_PER_PUSH or group.tries:
            return False
        following = self._heap[0]
        known = {key for key, _ in group.entries[-MAX_PER_PUSH:]}
        return (
            following.real <= self.state.wall()
            and (following.kind, following.tries) == (group.kind, 0)
            and following.entries[0][0] not in known
        )

    def _deliver(self, group: _Due) -> None:
        taken = self._post([entry for _, entry in group.entries])
        delays = self.state.config.retry_delays_s
        if not taken and group.tries < len(delays):
            group.real = self.state.wall() + delays[group.tries]
            group.tries += 1
            with self._changed:
                heapq.heappush(self._heap, group)
            return
        self.dropped += 0 if taken else len(group.entries)
        for key, _ in group.entries:
            self.state.mark_pushed(key)

    def _post(self, entries: list[dict[str, Any]]) -> bool:
        assert self.callback_url is not None  # nothing is scheduled without one
        request = urllib.request.Request(
            self.callback_url,
            data=json.dumps(entries, ensure_ascii=False).encode("utf-8"),
            headers={"Content-Type": "application/json;charset=utf-8"},
        )
        try:
            with self._opener.open(request, timeout=ANSWER_TIMEOUT_S) as response:
                answer = json.loads(response.read(65536))
                return response.status == 200 and isinstance(answer, dict) and answer.get("code") == 0
        except urllib.error.HTTPError as error:
            error.close()
            return False
        except (OSError, ValueError, http.client.HTTPException):
            return False


def report_entry(message: SmsMessage) -> dict[str, Any]:
    """One SmsReport entry as the vendor documents it."""
    delivered = message.result == "DELIVERED"
    length = len(message.content)
    return {
        "phone_number": message.phone,
        "send_time": f"{message.accepted_at:%Y-%m-%d %H:%M:%S}",
        "report_time": f"{message.report_at:%Y-%m-%d %H:%M:%S}",
        "success": delivered,
        "err_code": message.result,
        "err_msg": "用户接收成功" if delivered else "发送失败",
        "sms_size": str(1 if length <= 70 else -(-length // 67)),
        "biz_id": message.biz_id,
        "out_id": message.out_id,
    }

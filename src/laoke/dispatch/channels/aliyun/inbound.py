"""Reads what Aliyun pushes: SmsReport (delivery reports) and SmsUp (replies), both JSON arrays.

Repetitions of one report give the same event key. The answer that stops the repeating is `ANSWER`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, TypeVar

from laoke.dispatch.channels.aliyun.codes import carrier_verdict
from laoke.dispatch.channels.base import Receipt, Reply, UnreadablePush

ANSWER = {"code": 0, "msg": "接收成功"}

_Item = TypeVar("_Item", Receipt, Reply)


def parse_receipts(body: bytes) -> list[Receipt]:
    """The reports of one push. Raises `UnreadablePush` with the entries that could be read."""
    return _entries(body, _receipt)


def parse_replies(body: bytes) -> list[Reply]:
    """The replies of one push; `sequence_id` may be text or number. Raises `UnreadablePush`."""
    return _entries(body, _reply)


def local_time(text: object) -> datetime | None:
    """A pushed or queried time ('2024-01-01 10:00:03', Shanghai) as naive local time; None if unreadable."""
    try:
        return datetime.strptime(str(text), "%Y-%m-%d %H:%M:%S")
    except ValueError:
        return None


def _entries(body: bytes, read: Callable[[Mapping[str, Any]], _Item]) -> list[_Item]:
    try:
        entries = json.loads(body.decode("utf-8"))
    except (UnicodeDecodeError, ValueError, RecursionError):
        raise UnreadablePush("the pushed body is not JSON in UTF-8") from None
    if not isinstance(entries, list):
        raise UnreadablePush(f"the pushed body is no JSON array but {type(entries).__name__}")
    items: list[_Item] = []
    refused: list[int] = []
    for number, entry in enumerate(entries):
        try:
            items.append(read(entry))
        except (TypeError, KeyError, ValueError, AttributeError):
            refused.append(number)
    if refused:
        raise UnreadablePush(
            f"{len(refused)} of {len(entries)} entries unreadable, first {refused[0]}", items
        )
    return items


def _receipt(entry: Mapping[str, Any]) -> Receipt:
    phone, biz_id = _needed(entry, "phone_number"), _needed(entry, "biz_id")
    code, message = _text(entry.get("err_code", "")), _text(entry.get("err_msg", ""))
    verdict = carrier_verdict(code, message, _flag(entry.get("success")))
    size = _text(entry.get("sms_size", ""))
    return Receipt(
        event_key=_event_key("report", biz_id, phone),
        address=phone,
        provider_id=biz_id,
        out_id=_text(entry.get("out_id", "")),
        status="delivered" if verdict.delivered else "undelivered",
        reason=verdict.reason,
        code=code,
        message=message,
        at=local_time(entry.get("report_time")),
        segments=int(size) if size.isdecimal() else None,
        dead_contact=verdict.dead_contact,
        opt_out=verdict.opt_out,
    )


def _reply(entry: Mapping[str, Any]) -> Reply:
    phone, content = _needed(entry, "phone_number"), _text(entry["content"])
    sequence_id, sent = _text(entry.get("sequence_id", "")), _text(entry.get("send_time", ""))
    identity = ("reply", phone, sent, sequence_id or content)
    return Reply(
        event_key=_event_key(*identity),
        address=phone,
        content=content,
        at=local_time(sent),
        sequence_id=sequence_id,
        sign=_text(entry.get("sign_name", "")),
        dest_code=_text(entry.get("dest_code", "")),
    )


def _needed(entry: Mapping[str, Any], name: str) -> str:
    text = _text(entry[name])
    if not text:
        raise ValueError(f"{name} is empty")
    return text


def _text(value: object) -> str:
    """Text of a scalar: the vendor's documents differ on numbers and strings, None means absent."""
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise ValueError(f"text expected, found {type(value).__name__}")
    return str(value)


def _flag(value: object) -> bool | None:
    if isinstance(value, bool):
        return value
    return {"true": True, "false": False}.get(str(value).lower())


def _event_key(*parts: str) -> str:
    """A key without plain numbers; equal for every repetition of the same event."""
    return hashlib.sha256("|".join(parts).encode()).hexdigest()

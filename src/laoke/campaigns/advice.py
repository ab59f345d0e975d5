"""Notes that planning leaves on a round: what was changed against the playbook and why, to be shown and not lost."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext, gettext_noop

from laoke.dispatch.text.issues import Issue
from laoke.dispatch.text.messages import say as say_issue

SENTENCES: dict[str, str] = {
    "why": gettext_noop("%(why)s"),
    "hours_moved": gettext_noop(
        "玩法写的是 %(wanted_start)s 到 %(wanted_end)s，不在这个通道的可发时段 %(window)s 内，"
        "已改到 %(start)s 到 %(end)s"
    ),
    "hours_override": gettext_noop("要晚发，得通道允许，并由店长或运营签字写理由"),
    "hours_fixed": gettext_noop("这个通道不接受更晚的时间"),
    "channel_fallback": gettext_noop("玩法想用%(wanted)s，现在还没有这个渠道，先导出名单交给平台的工具发"),
    "no_gateway": gettext_noop("店里还没有短信通道，先加一个；没有之前可以改成名单导出"),
    "window_past": gettext_noop("计划时这一轮的时间已经过了，先改时间"),
    "coupon_unknown": gettext_noop("文字里的券面额还没有定，先定优惠"),
}
CHANNEL_LABELS = {
    "sms": gettext_noop("短信"),
    "email": gettext_noop("邮件"),
    "call": gettext_noop("电话"),
    "handover": gettext_noop("名单导出"),
}


def note(code: str, **params: Any) -> dict[str, Any]:
    """An advice as it is stored with a round."""
    return {
        "code": code,
        "params": {
            name: value.isoformat(sep=" ", timespec="minutes") if isinstance(value, datetime) else value
            for name, value in params.items()
        },
    }


def say_advice(stored: Mapping[str, Any], translate: Callable[[str], str] = gettext) -> str:
    """The sentence of a stored advice."""
    params = {
        name: translate(CHANNEL_LABELS.get(value, value)) if name == "wanted" else value
        for name, value in stored["params"].items()
    }
    return translate(SENTENCES[stored["code"]]) % params


def say_issues(issues: list[Issue]) -> list[str]:
    """The sentences of text or hours findings."""
    return [say_issue(issue) for issue in issues]

"""States of rounds and messages as words with a shape."""

from __future__ import annotations

from django.utils.translation import gettext

from laoke.campaigns.checks import reason_label
from laoke.campaigns.models import Round, RoundState
from laoke.customers.models import Channel
from laoke.dispatch.models import MessageState
from laoke.web import components as ui
from laoke.web.components.words import State

ROUND_SHAPES: dict[str, State] = {
    RoundState.DRAFT: "",
    RoundState.FROZEN: "",
    RoundState.RUNNING: "run",
    RoundState.PAUSED: "warn",
    RoundState.DONE: "ok",
    RoundState.CANCELLED: "",
}
MESSAGE_SHAPES: dict[str, State] = {
    MessageState.DELIVERED: "ok",
    MessageState.ACCEPTED: "run",
    MessageState.HANDED_OVER: "ok",
    MessageState.SENDING: "run",
    MessageState.CLAIMED: "run",
    MessageState.UNKNOWN: "warn",
    MessageState.GIVEN_UP: "warn",
    MessageState.NO_RECEIPT: "warn",
    MessageState.UNDELIVERED: "bad",
    MessageState.REJECTED: "bad",
}


def round_status_word(row: Round, percent: int | None = None, *, sent: int = 0) -> ui.Status:
    """`发送中 72%`, `发完`, …; a round by lists sends nothing itself, somebody builds its lists."""
    text = str(row.get_state_display())
    if row.channel == Channel.HANDOVER and row.state in (RoundState.RUNNING, RoundState.DONE):
        return ui.Status(gettext("名单已交") if sent else gettext("等备名单"), ROUND_SHAPES[row.state])
    if percent is not None and row.state in (RoundState.RUNNING, RoundState.PAUSED):
        text = gettext("%(state)s %(percent)s%%") % {"state": text, "percent": percent}
    return ui.Status(text, ROUND_SHAPES[row.state])


def message_status(state: str) -> ui.Status:
    """A message's state in words."""
    return ui.Status(MessageState(state).label, MESSAGE_SHAPES.get(state, ""))


def reason_word(code: str) -> str:
    """Why a message did not arrive or was kept back, in words; a provider's own code stays as it is."""
    known = {
        "failed_invalid_number": gettext("空号"),
        "failed_suspended": gettext("停机"),
        "failed_unreachable": gettext("关机或不在服务区"),
        "failed_blacklist": gettext("在运营商黑名单里"),
        "failed_limit": gettext("超过运营商限制"),
        "failed_content": gettext("内容被运营商拦下"),
        "failed_expired": gettext("运营商没等到"),
        "unknown": gettext("运营商没说原因"),
        "list_result": gettext("平台名单说的"),
        "decided_sent": gettext("有人签字按已发计"),
        "decided_not_sent": gettext("有人签字没发出去"),
        "absence_proven": gettext("网关证明没收到"),
        "paused": gettext("暂停过"),
        "not_written": gettext("没来得及发"),
    }
    return known.get(code) or (reason_label(code) if code else "")

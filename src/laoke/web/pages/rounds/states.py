"""States of rounds and messages as words with a shape."""

from __future__ import annotations

from django.utils.translation import gettext

from laoke.campaigns.models import Round, RoundState
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


def round_status_word(row: Round, percent: int | None = None) -> ui.Status:
    """`发送中 72%`, `发完`, …"""
    text = str(row.get_state_display())
    if percent is not None and row.state in (RoundState.RUNNING, RoundState.PAUSED):
        text = gettext("%(state)s %(percent)s%%") % {"state": text, "percent": percent}
    return ui.Status(text, ROUND_SHAPES[row.state])


def message_status(state: str) -> ui.Status:
    """A message's state in words."""
    return ui.Status(MessageState(state).label, MESSAGE_SHAPES.get(state, ""))

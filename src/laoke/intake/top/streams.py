"""The streams that are pulled by windows of time: how each is asked, how long its windows are, what of it is known.

Trades and refunds belong together: what of them is refused stops the connection. The others stand alone: an app that
may not read ratings still brings orders.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from laoke.intake.models import PullStream
from laoke.intake.top import asking
from laoke.intake.top.asking import Page
from laoke.intake.top.call import TopClient
from laoke.intake.top.staging import Gathered
from laoke.intake.top.trades import plain

# What the platform tells a little late, and clocks that differ a little: the end of a window is asked for once more.
OVERLAP = timedelta(minutes=10)
RATINGS_KEPT = timedelta(days=180)
# The platform's own default for where members begin.
FIRST_MEMBERS = datetime(2008, 1, 1)

Ask = Callable[[TopClient, datetime, datetime, int | None], Page]
Gather = Callable[[TopClient, Sequence[Mapping[str, Any]], Gathered], None]


@dataclass(frozen=True)
class Stream:
    """`name` is what the list of imports calls a batch; `key` names a row and `version` what was read of it, '' where
    rows are read again whenever they are listed. `rest` is how long a stream that is up to date is left alone."""

    name: str
    span: timedelta
    ask: Ask
    gather: Gather
    key: tuple[str, ...]
    version: tuple[str, ...] = ()
    overlap: timedelta = OVERLAP
    rest: timedelta = timedelta(0)

    def key_of(self, row: Mapping[str, Any]) -> str:
        return "-".join(plain(row.get(name) or "") for name in self.key)

    def version_of(self, row: Mapping[str, Any]) -> str:
        """Begins with a time, by which it is forgotten."""
        return " ".join(plain(row.get(name) or "") for name in self.version)


STREAMS: dict[str, Stream] = {
    PullStream.CHANGES: Stream(
        "淘宝订单变动", timedelta(minutes=30), asking.changed_page, asking.gather_trades, ("tid",), ("modified",)
    ),
    PullStream.REFUNDS: Stream(
        "淘宝退款", timedelta(days=1), asking.refund_page, asking.gather_refunds, ("refund_id",), ("modified",)
    ),
    PullStream.HISTORY: Stream(
        "淘宝近三个月订单", timedelta(days=1), asking.created_page, asking.gather_trades, ("tid",), ("modified",),
        overlap=timedelta(0),
    ),
    PullStream.RATINGS: Stream(
        "淘宝评价", timedelta(days=7), asking.rating_page, asking.gather_ratings, ("tid", "oid"), ("created", "result"),
        rest=timedelta(minutes=30),
    ),
    PullStream.MEMBERS: Stream(
        "淘宝会员等级", timedelta(days=90), asking.member_page, asking.gather_members, (), rest=timedelta(hours=6)
    ),
}  # fmt: skip
CORE = (PullStream.CHANGES, PullStream.REFUNDS, PullStream.HISTORY)
ALONE = (PullStream.TRACES, PullStream.RATINGS, PullStream.MEMBERS)

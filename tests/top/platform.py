"""The loopback of the platform for tests: one made-up shop, a clock that is moved by hand, sleeps that are counted."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from laoke.intake.top.call import Account, TopClient
from laoke.intake.top.loopback import APP_KEY, SECRET, SESSION, LoopbackTop
from laoke.intake.top.loopback_shop import MadeShop, make_shop

NOW = datetime(2026, 10, 31, 10, 0)


@dataclass
class MovedClock:
    """A clock that stands until it is moved."""

    at: datetime = NOW

    def __call__(self) -> datetime:
        return self.at

    def move(self, **by: float) -> None:
        self.at += timedelta(**by)


@dataclass
class Sleeps:
    """Instead of sleeping: what was asked for."""

    slept: list[float] = field(default_factory=list)

    def __call__(self, seconds: float) -> None:
        self.slept.append(seconds)


def small_shop(trades: int = 400, days: int = 100, ahead: int = 10, seed: int = 11) -> MadeShop:
    """Trades from so many days before NOW to some days after it."""
    return make_shop(seed, trades=trades, start=NOW - timedelta(days=days), end=NOW + timedelta(days=ahead))


def client_of(
    platform: LoopbackTop, clock: MovedClock, sleeps: Sleeps | None = None, **account: Any
) -> TopClient:
    told = {"app_key": APP_KEY, "secret": SECRET, "session": SESSION, "gateway": platform.gateway, **account}
    return TopClient(Account(**told), now=clock, sleep=sleeps or Sleeps(), timeout_seconds=2.0)


STATES = {
    "WAIT_BUYER_PAY": "unpaid", "WAIT_SELLER_SEND_GOODS": "paid", "WAIT_BUYER_CONFIRM_GOODS": "shipped",
    "TRADE_FINISHED": "finished", "TRADE_CLOSED": "closed_refunded", "TRADE_CLOSED_BY_TAOBAO": "closed_unpaid",
}  # fmt: skip


def true_orders(platform: LoopbackTop, until: datetime, since: datetime) -> list[tuple[Any, ...]]:
    """What the platform's shop says of every trade that was created or changed from `since` to `until`, as facts."""
    shop, told = platform.shop, []
    for trade in shop.visible(until):
        modified = shop.modified(trade, until)
        if trade.created >= since:
            paid = trade.paid if trade.paid and trade.paid <= until else None
            flag = shop.touched.get(trade.tid, (until, 0))[1] % 6
            told.append(
                (trade.tid, STATES[trade.status(until)], trade.created, modified, paid, trade.due_cents,
                 trade.due_cents if paid else 0, flag)
            )  # fmt: skip
    return sorted(told)


def true_refunds(platform: LoopbackTop, until: datetime) -> list[tuple[Any, ...]]:
    rows = [(r.refund_id, t.tid, r.oid, r.cents) for t, r in platform.shop.refunds(until)]
    return sorted(rows)

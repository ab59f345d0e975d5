"""The loopback of the platform for tests: one made-up shop, a clock that is moved by hand, sleeps that are counted."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings

from laoke.intake.models import Connection
from laoke.intake.top import pulling
from laoke.intake.top.call import Account, TopClient
from laoke.intake.top.loopback import APP_KEY, SECRET, SESSION, LoopbackTop
from laoke.intake.top.loopback_shop import MadeShop, make_shop
from laoke.intake.top.pulling import pull
from laoke.intake.top.turns import Pulling, Turn
from laoke.shops import catalog
from laoke.shops.models import Shop
from laoke.warehouse.store import Warehouse

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


def pull_once(connection: Connection, clock: MovedClock, **told: Any) -> Turn:
    turn = pull(connection, Pulling(settings.PLACE, clock, sleep=Sleeps(), **told))
    assert turn is not None
    return turn


def stored(table: str, columns: str, shop: Shop) -> list[tuple[Any, ...]]:
    entry = catalog.current()
    assert entry is not None
    reader = Warehouse(settings.PLACE.warehouse).reader(entry.versions)
    rows = reader.rows(f"SELECT {columns} FROM {table} WHERE shop_id = {shop.pk} ORDER BY ALL")
    return [tuple(row.values()) for row in rows]


ORDERS = "order_id, status, created_at, modified_at, paid_at, total_cents, paid_cents, memo_flag"


def check_truth(shop: Shop, platform: LoopbackTop, clock: MovedClock, began: datetime = NOW) -> None:
    """Facts equal the truth of a minute ago: what happened since then is for the next turn."""
    until, first = clock() - timedelta(minutes=1), began - pulling.HISTORY - timedelta(minutes=1)
    found = [row for row in stored("orders", ORDERS, shop) if row[2] >= first]
    assert found == true_orders(platform, until, first)
    assert len(stored("orders", "DISTINCT order_id", shop)) == len(stored("orders", "order_id", shop))
    since = {trade.tid for trade in platform.shop.visible(until) if trade.created >= first}
    refunds = [
        row for row in stored("refunds", "refund_id, order_id, line, amount_cents", shop) if row[1] in since
    ]
    assert refunds == [row for row in true_refunds(platform, until) if row[1] in since]
    granted = {
        trade.tid: refund.cents
        for trade, refund in platform.shop.refunds(until)
        if refund.status(until) == "SUCCESS"
    }
    back = {tid: cents for tid, cents in stored("orders", "order_id, refunded_cents", shop) if tid in since}
    assert back == {tid: granted.get(tid, 0) for tid in since}

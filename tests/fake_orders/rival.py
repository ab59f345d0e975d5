"""A second, slow implementation of the signals, straight from their definitions: the rival of the query."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

HOUR, DAY = 3_600, 86_400
Row = dict[str, Any]


def windows(rows: Sequence[Row], seconds: int) -> Iterator[list[Row]]:
    """What each window holds that ends at an order, or just as one leaves it: every set of orders a window can hold."""
    ends = {row["created_at"] for row in rows}
    ends |= {row["created_at"] + timedelta(seconds=seconds) for row in rows}
    for end in sorted(ends):
        yield [row for row in rows if end - timedelta(seconds=seconds) < row["created_at"] <= end]


def signals(
    orders: Sequence[Row], events: Sequence[Row], refunds: Sequence[Row], flags: Sequence[int]
) -> dict[str, dict]:
    """Order → signal → values, for paid orders; customers stand for persons."""
    paid = [row for row in orders if row["paid_at"] is not None]
    known = [row for row in paid if row["customer_id"] is not None]
    found: dict[str, dict] = {row["order_id"]: {} for row in paid}
    for row in known:
        mine = found[row["order_id"]]
        goods = [r for r in known if row["titles"] and r["titles"] == row["titles"]]
        burst = _burst(row, known, 0) or {}
        mine.update(_burst(row, goods, 1) or burst)
        if row["district"]:
            mine.update(_cluster(row, [r for r in goods if _place(r) == _place(row)]))
        own = [r for r in goods if r["customer_id"] == row["customer_id"]]
        most = max((len(w) for w in windows(own, DAY) if row in w), default=0)
        if most >= 3:
            mine["same_goods"] = {"orders": most}
        mine.update(_new_accounts(row, known))
    for row in paid:
        found[row["order_id"]].update(_parcel(row, orders, events))
        found[row["order_id"]].update(_paid_back(row, refunds))
        if row["memo_flag"] in flags:
            found[row["order_id"]]["memo_flag"] = {"flag": row["memo_flag"]}
    return found


def _place(row: Row) -> tuple[str, str, str]:
    return row["province"], row["city"], row["district"]


def _burst(row: Row, among: Sequence[Row], goods: int) -> dict | None:
    own = [r for r in among if r["customer_id"] == row["customer_id"]]
    if max((len(w) for w in windows(own, HOUR) if row in w), default=0) < 3:
        return None
    best = (0, 0)
    for window in windows(among, HOUR):
        times = Counter(r["customer_id"] for r in window)
        often = [buyer for buyer, orders in times.items() if orders >= 3]
        if row in window and len(often) >= 2 and len(window) >= 6 and len(window) >= 3 * len(times):
            best = max(best, (len(window), len(times)))
    return {"burst": {"orders": best[0], "buyers": best[1], "goods": goods}} if best[0] else None


def _cluster(row: Row, among: Sequence[Row]) -> dict:
    best = (0, 0)
    for window in windows(among, HOUR):
        buyers = len({r["customer_id"] for r in window})
        if row in window and buyers >= 3:
            best = max(best, (len(window), buyers))
    return {"cluster": {"orders": best[0], "buyers": best[1]}} if best[0] else {}


def _new_accounts(row: Row, known: Sequence[Row]) -> dict:
    lives: dict[int, int] = {}
    for one in known:
        lives[one["customer_id"]] = lives.get(one["customer_id"], 0) + 1
    if not row["titles"] or lives[row["customer_id"]] != 1:
        return {}
    group = [r for r in known if (r["titles"], r["created_day"]) == (row["titles"], row["created_day"])]
    single = sum(1 for r in group if lives[r["customer_id"]] == 1)
    usual = sum(1 for n in lives.values() if n == 1) * 100 // len(lives)
    share = single * 100 / len(group)
    if len(group) < 10 or share < 80 or share < usual + 20:
        return {}
    return {"new_accounts": {"orders": len(group), "single": single}}


def _parcel(row: Row, orders: Sequence[Row], events: Sequence[Row]) -> dict:
    found: dict[str, dict] = {}
    at = {kind: [e["at"] for e in events if e["order_id"] == row["order_id"] and e["kind"] == kind] for kind in
          ("shipped", "signed", "in_transit")}  # fmt: skip
    left, signed = min(at["shipped"], default=None), min(at["signed"], default=None)
    paid = [r for r in orders if r["paid_at"] is not None]
    arrived = [r for r in paid if r["status"] in ("signed", "finished")]
    seen = {e["order_id"] for e in events if e["kind"] == "in_transit"}
    usual = 2 * sum(1 for r in arrived if r["order_id"] in seen) >= len(arrived)
    if usual and row in arrived and row["order_id"] not in seen:
        found["no_trace"] = {}
    if left and signed and signed - left < timedelta(hours=12):
        found["signed_soon"] = {"minutes": (signed - left) // timedelta(minutes=1)}
    since = signed or row["shipped_at"]
    if row["status"] == "finished" and since and row["finished_at"] - since < timedelta(hours=24):
        minutes = (row["finished_at"] - since) // timedelta(minutes=1)
        found["quick_confirm"] = {"minutes": minutes, "signed": int(signed is not None)}
    buyers = {r["order_id"]: r["customer_id"] for r in orders if r["customer_id"] is not None}
    shipped = [e for e in events if e["kind"] == "shipped"]
    for mine in (e for e in shipped if e["order_id"] == row["order_id"]):
        others = {buyers[e["order_id"]] for e in shipped
                  if e["waybill_digest"] == mine["waybill_digest"] and e["order_id"] in buyers}  # fmt: skip
        if len(others) >= 2:
            found["reused_waybill"] = {"buyers": len(others)}
    return found


def _paid_back(row: Row, refunds: Sequence[Row]) -> dict:
    mine = [
        r for r in refunds if r["order_id"] == row["order_id"] and r["kind"] == "money" and r["finished_at"]
    ]
    paid = row["paid_cents"]
    if mine:
        cents = sum(r["amount_cents"] for r in mine)
        soon = min(r["created_at"] for r in mine) < row["paid_at"] + timedelta(hours=72)
        right = row["shipped_at"] is not None and soon
    else:
        cents, right = row["refunded_cents"], row["status"] == "finished"
    if paid > 0 and right and cents * 100 >= paid * 95:
        return {"paid_back": {"cents": cents, "paid_cents": paid}}
    return {}

"""Beside its trades: what buyers of the made-up shop said, where parcels are, and who has which level.

All of it follows from the trades and the time, so it can be asked for at any moment and is always the same. Names of
couriers and buyers stand where the platform puts them, to be left behind by whoever reads.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from laoke.intake.top.loopback_shop import TIME_FORMAT, MadeShop, MadeTrade

CARRIERS = ("中通快递", "圆通速递", "韵达快递")
# Action, words with a made-up courier, hours after shipping.
_STEPS = (
    ("CONSIGN", "商家已发货", 0), ("GOT", "已揽收，揽投员：演练员", 2), ("DEPARTURE", "快件离开集散点", 6),
    ("ARRIVAL", "快件到达集散点", 20), ("SENT_CITY", "快件到达目的城市", 30),
    ("SENT_SCAN", "派件中，派件员：演练员", 44), ("SIGNED", "已签收，签收人：本人", 50),
)  # fmt: skip
_RESULTS = ("good", "good", "good", "good", "good", "good", "neutral", "bad")
_WORDS = {"good": "手感软，尺寸正合适", "neutral": "一般，颜色比图片深", "bad": "洗了一次就起球"}
GRADE_NAMES = ("普通会员", "高级会员", "VIP会员", "至尊VIP会员")


@dataclass(frozen=True)
class MadeRating:
    """What a buyer said of one line."""

    tid: str
    oid: str
    num_iid: str
    result: str
    at: datetime

    def row(self) -> dict[str, Any]:
        return {
            "tid": int(self.tid), "oid": int(self.oid), "role": "buyer", "nick": "买**", "result": self.result,
            "created": self.at.strftime(TIME_FORMAT), "content": _WORDS[self.result], "num_iid": int(self.num_iid),
            "rated_nick": "演练店",
        }  # fmt: skip


@dataclass(frozen=True)
class MadeMember:
    """A buyer with a deal, and the level that the deals give."""

    buyer: int
    deals: int
    cents: int
    modified: datetime

    @property
    def grade(self) -> int:
        return min(self.deals, len(GRADE_NAMES))

    def row(self) -> dict[str, Any]:
        return {
            "buyer_nick": f"买**{self.buyer % 10}", "open_uid": f"AAloop{self.buyer:08d}",
            "ouid": f"OUloop{self.buyer:08d}", "status": "normal", "grade": self.grade,
            "grade_name": GRADE_NAMES[self.grade - 1], "trade_count": self.deals, "trade_amount": self.cents / 100,
            "last_trade_time": self.modified.strftime(TIME_FORMAT), "relation_source": 1,
        }  # fmt: skip


def _number(trade: MadeTrade) -> int:
    """The how manyth trade it is."""
    return int(trade.tid) // 1000 % 10**6


def ratings_of(shop: MadeShop, now: datetime) -> Iterator[MadeRating]:
    """Every other finished trade is rated, line by line, some days after."""
    for trade in shop.trades.values():
        number = _number(trade)
        if trade.finished is None or number % 2:
            continue
        for place, line in enumerate(trade.lines):
            at = trade.finished + timedelta(hours=5 + number % 200, minutes=place)
            if at <= now:
                result = _RESULTS[(number // 2 + place) % len(_RESULTS)]
                yield MadeRating(trade.tid, line.oid, line.product[0], result, at)


def trace_row(trade: MadeTrade, now: datetime) -> dict[str, Any]:
    """The steps of a parcel that have passed."""
    assert trade.shipped is not None
    number = _number(trade)
    steps = [
        {"status_time": at.strftime(TIME_FORMAT), "status_desc": words, "action": action}
        for action, words, hours in _STEPS
        if (at := trade.shipped + timedelta(hours=hours)) <= now
    ]
    signed = len(steps) == len(_STEPS)
    return {
        "tid": int(trade.tid), "out_sid": f"78{number:011d}", "company_name": CARRIERS[number % len(CARRIERS)],
        "status": "对方已签收" if signed else "运输中", "trace_list": {"transit_step_info": steps},
    }  # fmt: skip


def members_of(shop: MadeShop, now: datetime) -> list[MadeMember]:
    """Whoever has finished trades; the last one changed them."""
    deals: dict[int, list[MadeTrade]] = {}
    for trade in shop.trades.values():
        if trade.finished is not None and trade.finished <= now:
            deals.setdefault(trade.buyer, []).append(trade)
    return [
        MadeMember(
            buyer,
            len(trades),
            sum(trade.due_cents for trade in trades),
            max(trade.finished for trade in trades if trade.finished),
        )
        for buyer, trades in deals.items()
    ]

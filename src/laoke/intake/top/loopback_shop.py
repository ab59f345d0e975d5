"""The made-up shop behind the loopback of the platform: what happens to each trade and when, from one seed.

A trade is a list of moments; what it looks like at a given time follows from those that have passed. So the shop lives
on as its clock goes, trades are modified by themselves, and the truth at any time can be asked for. Nobody in it
exists: there is no name, no phone and no street, and its ids are of no shop.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

TIME_FORMAT = "%Y-%m-%d %H:%M:%S"
_GOODS = (
    ("620010000001", "半亩棉 全棉四件套 1.8m", 39900), ("620010000002", "半亩棉 纯棉枕套 一对", 5900),
    ("620010000003", "半亩棉 夏凉被 水洗棉", 19900), ("620010000004", "半亩棉 羽绒被 加厚", 89900),
    ("620010000005", "半亩棉 浴巾 三条装", 8990), ("620010000006", "半亩棉 床笠 防滑", 12900),
)  # fmt: skip
_PLACES = (
    ("浙江省", "杭州市", "西湖区"), ("上海", "上海市", "徐汇区"), ("广东省", "深圳市", "南山区"),
    ("湖北省", "", "仙桃市"), ("四川省", "成都市", "武侯区"), ("江苏省", "苏州市", "姑苏区"),
)  # fmt: skip
SELLER_ID = "2200000000001"
_REASONS = ("7天无理由退换货", "多拍/错拍/不想要", "颜色/款式与描述不符")
_COUPON_CENTS = 1000


@dataclass(frozen=True)
class MadeLine:
    """A sub order of a made-up trade; cents."""

    oid: str
    product: tuple[str, str, int]
    quantity: int
    share_cents: int  # of the shop's discount
    paid_cents: int

    @property
    def goods_cents(self) -> int:
        return self.product[2] * self.quantity


@dataclass(frozen=True)
class MadeRefund:
    """A refund of one line."""

    refund_id: str
    oid: str
    cents: int
    asked: datetime
    settled: datetime
    granted: bool
    goods: bool
    reason: str

    def status(self, now: datetime) -> str:
        if now < self.settled:
            return "WAIT_SELLER_AGREE"
        return "SUCCESS" if self.granted else "CLOSED"

    def modified(self, now: datetime) -> datetime:
        return self.settled if now >= self.settled else self.asked


@dataclass(frozen=True)
class MadeTrade:
    """A trade with its moments; those that never come are None."""

    tid: str
    buyer: int
    created: datetime
    paid: datetime | None
    shipped: datetime | None
    finished: datetime | None
    closed: datetime | None
    lines: tuple[MadeLine, ...]
    postage_cents: int
    coupon: bool
    mobile: bool
    place: tuple[str, str, str]
    memo: str
    refund: MadeRefund | None = None

    @property
    def due_cents(self) -> int:
        return sum(line.paid_cents for line in self.lines) + self.postage_cents

    def status(self, now: datetime) -> str:
        """The platform's word for the state at that time."""
        if self.closed is not None and now >= self.closed:
            return "TRADE_CLOSED" if self.paid is not None else "TRADE_CLOSED_BY_TAOBAO"
        for moment, status in (
            (self.finished, "TRADE_FINISHED"), (self.shipped, "WAIT_BUYER_CONFIRM_GOODS"),
            (self.paid, "WAIT_SELLER_SEND_GOODS"),
        ):  # fmt: skip
            if moment is not None and now >= moment:
                return status
        return "WAIT_BUYER_PAY"

    def moments(self) -> Iterable[datetime]:
        told = (self.created, self.paid, self.shipped, self.finished, self.closed)
        yield from (moment for moment in told if moment is not None)
        if self.refund is not None:
            yield from (self.refund.asked, self.refund.settled)


@dataclass(frozen=True)
class Happening:
    """Something that the message service tells: its number is the same whenever it is asked for."""

    number: int
    at: datetime
    topic: str
    tid: str
    refund_id: str = ""


@dataclass
class MadeShop:
    """All trades by number, and those that somebody touched: when, and how often."""

    trades: dict[str, MadeTrade]
    touched: dict[str, tuple[datetime, int]] = field(default_factory=dict)
    touches: list[tuple[datetime, str]] = field(default_factory=list)

    def modified(self, trade: MadeTrade, now: datetime) -> datetime:
        last = max(moment for moment in trade.moments() if moment <= now)
        at, _ = self.touched.get(trade.tid, (last, 0))
        return max(last, at)

    def touch(self, tid: str, now: datetime) -> None:
        """The seller sets another flag on a trade: it is modified now."""
        at = now.replace(microsecond=0)
        self.touched[tid] = (at, self.touched.get(tid, (now, 0))[1] + 1)
        self.touches.append((at, tid))

    def happenings(self, since: datetime, until: datetime) -> list[Happening]:
        """What happened after the one moment and not after the other."""
        found = [
            one for trade in self.trades.values() for one in _happenings(trade) if since < one.at <= until
        ]
        found += [
            Happening(_TOUCH_NUMBERS + place, at, "taobao_trade_TradeMemoModified", tid)
            for place, (at, tid) in enumerate(self.touches)
            if since <= at <= until
        ]
        return found

    def visible(self, now: datetime) -> list[MadeTrade]:
        return [trade for trade in self.trades.values() if trade.created <= now]

    def row(self, trade: MadeTrade, now: datetime) -> dict[str, Any]:
        """The trade as the platform tells it at that time, every field."""
        status = trade.status(now)
        passed = {
            name: moment.strftime(TIME_FORMAT)
            for name, moment in (
                ("pay_time", trade.paid), ("consign_time", trade.shipped), ("end_time", trade.closed or trade.finished),
            )
            if moment is not None and moment <= now
        }  # fmt: skip
        row: dict[str, Any] = {
            "tid": int(trade.tid), "status": status, "type": "fixed", "created": trade.created.strftime(TIME_FORMAT),
            "modified": self.modified(trade, now).strftime(TIME_FORMAT), **passed, "payment": yuan(trade.due_cents),
            "total_fee": yuan(sum(line.goods_cents for line in trade.lines)), "post_fee": yuan(trade.postage_cents),
            "adjust_fee": "0.00", "discount_fee": yuan(sum(line.share_cents for line in trade.lines)), "coupon_fee": 0,
            "buyer_nick": f"买**{trade.buyer % 10}", "buyer_open_uid": f"AAloop{trade.buyer:08d}",
            "ouid": f"OUloop{trade.buyer:08d}", "receiver_state": trade.place[0], "receiver_city": trade.place[1],
            "receiver_district": trade.place[2], "seller_flag": self.touched.get(trade.tid, (now, 0))[1] % 6,
            "trade_from": "WAP,WAP" if trade.mobile else "TAOBAO",
            "orders": {"order": [self._line(trade, line, status, now) for line in trade.lines]},
        }  # fmt: skip
        if trade.memo:
            row["seller_memo"] = trade.memo
        if trade.coupon:
            row["promotion_details"] = {
                "promotion_detail": [
                    {"id": int(trade.tid), "promotion_name": "店铺优惠券", "promotion_id": "shopbonus-1",
                     "discount_fee": yuan(sum(line.share_cents for line in trade.lines))}
                ]
            }  # fmt: skip
        return row

    def _line(self, trade: MadeTrade, line: MadeLine, status: str, now: datetime) -> dict[str, Any]:
        refund = trade.refund
        of_line = refund is not None and refund.asked <= now and refund.oid == line.oid
        return {
            "oid": int(line.oid), "num_iid": int(line.product[0]), "title": line.product[1], "num": line.quantity,
            "price": yuan(line.product[2]), "total_fee": yuan(line.goods_cents), "discount_fee": "0.00",
            "payment": yuan(line.goods_cents), "part_mjz_discount": yuan(line.share_cents),
            "divide_order_fee": yuan(line.paid_cents), "outer_iid": f"BM-{line.product[0][-3:]}", "status": status,
            "sku_properties_name": "颜色:本白",
            "refund_status": refund.status(now) if refund and of_line else "NO_REFUND",
            **({"refund_id": refund.refund_id} if refund and of_line else {}),
        }  # fmt: skip

    def refunds(self, now: datetime) -> list[tuple[MadeTrade, MadeRefund]]:
        """The refunds asked for by that time."""
        return [(t, t.refund) for t in self.trades.values() if t.refund is not None and t.refund.asked <= now]

    def refund_row(self, trade: MadeTrade, refund: MadeRefund, now: datetime) -> dict[str, Any]:
        """A refund as the platform tells it at that time."""
        return {
            "refund_id": refund.refund_id, "tid": int(trade.tid), "oid": int(refund.oid),
            "status": refund.status(now), "created": refund.asked.strftime(TIME_FORMAT), "reason": refund.reason,
            "modified": refund.modified(now).strftime(TIME_FORMAT), "refund_fee": yuan(refund.cents),
            "has_good_return": refund.goods, "buyer_nick": f"买**{trade.buyer % 10}",
            "refund_phase": "aftersale" if trade.finished and refund.asked > trade.finished else "onsale",
        }  # fmt: skip


_TOUCH_NUMBERS = 5_000_000_000_000_000_000


def _happenings(trade: MadeTrade) -> Iterable[Happening]:
    """All that ever happens to a trade, numbered by place."""
    refund = trade.refund
    closed = "taobao_trade_TradeClose"
    told = [
        (trade.created, "taobao_trade_TradeCreate"), (trade.paid, "taobao_trade_TradeBuyerPay"),
        (trade.shipped, "taobao_trade_TradeSellerShip"), (trade.finished, "taobao_trade_TradeSuccess"),
        (trade.closed, closed), (refund.asked if refund else None, "taobao_refund_RefundCreated"),
        (refund.settled if refund else None,
         f"taobao_refund_Refund{'Success' if refund and refund.granted else 'Closed'}"),
    ]  # fmt: skip
    for place, (at, topic) in enumerate(told):
        if at is not None:
            number = int(trade.tid) // 100 % 10**16 * 10 + place
            yield Happening(number, at, topic, trade.tid, refund.refund_id if refund and place > 4 else "")


def yuan(cents: int) -> str:
    """Cents as the platform writes an amount."""
    return f"{cents // 100}.{cents % 100:02d}"


def make_shop(seed: int, *, trades: int, start: datetime, end: datetime) -> MadeShop:
    """So many trades created between two moments; the same arguments give the same shop."""
    draw = random.Random(f"top-{seed}")
    seconds = int((end - start).total_seconds())
    created = sorted(start + timedelta(seconds=draw.randrange(seconds)) for _ in range(trades))
    buyers = max(1, trades * 2 // 3)
    made = [_trade(draw, number, moment, draw.randrange(buyers)) for number, moment in enumerate(created)]
    return MadeShop({trade.tid: trade for trade in made})


def _trade(draw: random.Random, number: int, created: datetime, buyer: int) -> MadeTrade:
    tid = str(9_100_000_000_000_000_000 + number * 1_000)
    coupon, fate = draw.random() < 0.3, draw.random()
    goes_back = 0.1 <= fate < 0.17
    lines = _lines(draw, tid, coupon, 1 if goes_back else draw.choice((1, 1, 1, 2, 3)))
    shipped = finished = closed = None
    paid: datetime | None = created + timedelta(seconds=draw.randrange(20, 1800))
    refund = None
    if fate < 0.1:
        paid, closed = None, created + timedelta(hours=24)
    elif goes_back:
        asked = created + timedelta(hours=1, seconds=draw.randrange(7200))
        closed = asked + timedelta(seconds=draw.randrange(600, 7200))
        only = lines[0]
        refund = _refund(draw, tid, only.oid, only.paid_cents, asked, closed, granted=True, goods=False)
    else:
        shipped = created + timedelta(hours=3, seconds=draw.randrange(40 * 3600))
        finished = shipped + timedelta(days=3, seconds=draw.randrange(7 * 86400))
        if fate < 0.25:
            line, asked = lines[0], finished + timedelta(seconds=draw.randrange(3600, 5 * 86400))
            refund = _refund(
                draw, tid, line.oid, max(1, line.paid_cents // 2), asked, asked + timedelta(hours=20),
                granted=draw.random() < 0.8, goods=draw.random() < 0.5,
            )  # fmt: skip
    postage = 0 if draw.random() < 0.8 or refund else 800
    return MadeTrade(
        tid, buyer, created, paid, shipped, finished, closed, lines, postage, coupon, draw.random() < 0.88,
        draw.choice(_PLACES), "送礼袋" if draw.random() < 0.05 else "", refund,
    )  # fmt: skip


def _lines(draw: random.Random, tid: str, coupon: bool, count: int) -> tuple[MadeLine, ...]:
    chosen = draw.sample(_GOODS, count)
    # A trade of one line has the trade's own number as that of its line, as on the platform.
    oids = [tid] if len(chosen) == 1 else [str(int(tid) + place + 1) for place in range(len(chosen))]
    made = []
    left = _COUPON_CENTS if coupon else 0
    for place, (oid, product) in enumerate(zip(oids, chosen, strict=True)):
        quantity = draw.choice((1, 1, 1, 2))
        share = left if place == len(chosen) - 1 else left // 2
        left -= share
        made.append(MadeLine(oid, product, quantity, share, product[2] * quantity - share))
    return tuple(made)


def _refund(
    draw: random.Random,
    tid: str,
    oid: str,
    cents: int,
    asked: datetime,
    settled: datetime,
    *,
    granted: bool,
    goods: bool,
) -> MadeRefund:
    number = str(int(tid) // 10 + 7)
    return MadeRefund(number, oid, cents, asked, settled, granted, goods, draw.choice(_REASONS))

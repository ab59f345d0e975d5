"""From the arrays of a run of orders to the tables of the warehouse contracts, and the people behind the orders.

`shop_id`, `import_id` and `customer_id` are missing on purpose: whoever loads the demo gives them, as for an import.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from laoke.intake.demo import progress as life
from laoke.intake.demo import texts
from laoke.intake.demo.baskets import LINES, Baskets, baskets
from laoke.intake.demo.buying import Purchases, fake_mask
from laoke.intake.demo.draws import Bools, Draws, Ints, shuffled
from laoke.intake.demo.goods import SKUS, Goods, outer_codes, sku_texts
from laoke.intake.demo.people import TEAM_SIZE, People
from laoke.intake.demo.progress import Progress
from laoke.intake.demo.seasons import Calendar

CARRIERS = ("中通快递", "圆通速递", "韵达快递", "申通快递", "顺丰速运", "邮政快递包裹")
_CARRIER_SHARES = (0.34, 0.2, 0.18, 0.14, 0.08, 0.06)
STATUS_TEXTS = (
    "等待买家付款", "买家已付款，等待卖家发货", "部分发货", "卖家已发货，等待买家确认",
    "卖家已发货，等待买家确认", "交易成功", "交易关闭", "交易关闭",
)  # fmt: skip
_UNPAID_REASONS = ("买家未付款", "我不想买了", "信息填写错误，重新拍", "未及时付款")
_REFUND_REASONS = {
    life.CANCELLED: ("多拍/错拍/不想要", "地址信息填写错误", "未按约定时间发货"),
    life.RETURN_ALL: ("7天无理由退换货", "颜色/款式与描述不符", "尺寸不合适", "做工瑕疵", "未按时收到"),
    life.RETURN_LINE: ("7天无理由退换货", "颜色/款式与描述不符", "尺寸不合适", "做工瑕疵", "收到时破损"),
    life.AFTER_SALE: ("掉色/缩水", "起球/跑绒", "少件/漏发", "价格保护"),
}
_UNIX_2015 = 1_420_070_400


@dataclass(frozen=True)
class Run:
    """A run of consecutive orders, number `first` and following, with all that was computed for them."""

    draws: Draws
    days: Calendar
    goods: Goods
    people: People
    placed: Purchases
    first: int
    everything: int  # orders of the whole shop

    def __len__(self) -> int:
        return len(self.placed)

    @cached_property
    def index(self) -> Ints:
        return self.first + np.arange(len(self.placed))

    @cached_property
    def end(self) -> int:
        return self.days.end_seconds

    @cached_property
    def gift(self) -> Bools:
        return self.people.sends_gifts(self.placed.buyer) & self.draws.chance("gift", self.index, 0.35)

    @cached_property
    def second_nick(self) -> Bools:
        return self.people.has_second_nick(self.placed.buyer) & self.draws.chance(
            "second nick", self.index, 0.45
        )

    @cached_property
    def household(self) -> Ints:
        buyer = self.placed.buyer
        return np.where(self.gift, self.people.gift_household(buyer), self.people.home(buyer))

    @cached_property
    def basket(self) -> Baskets:
        return baskets(self.draws, self.days, self.goods, self.placed, self.first)

    @cached_property
    def life(self) -> Progress:
        city = self.people.city_of(self.household)
        return life.progress(self.draws, self.days, self.placed, self.basket, self.first, city)

    @cached_property
    def order_ids(self) -> pa.Array:
        """19 digits: the second of placing, then the order's number scattered one to one."""
        moment = texts.digits(10**9 + self.placed.created - _UNIX_2015, 10)
        return texts.joined(moment, texts.digits(shuffled(self.index, 10**9), 9))

    @cached_property
    def paid(self) -> Bools:
        return self.life.paid <= self.end

    @cached_property
    def line_refunds(self) -> Ints:
        """Cents given back by line (orders × 4), for refunds that were or will be granted."""
        due, kind = self.basket.due, self.life.refund_kind
        whole = np.isin(kind, (life.CANCELLED, life.RETURN_ALL))
        one = np.arange(LINES)[None, :] == self.life.refund_line[:, None]
        part = np.maximum((due * self.life.part[:, None]).astype(np.int64) // 100 * 100, np.minimum(due, 100))
        single = np.where((kind == life.RETURN_LINE)[:, None], due, part)
        some = np.isin(kind, (life.RETURN_LINE, life.AFTER_SALE))[:, None] & one
        return np.where(whole[:, None], due, np.where(some, single, 0))

    @cached_property
    def refund_amount(self) -> Ints:
        """Cents asked back by order: a whole order gets its postage back too."""
        whole = np.isin(self.life.refund_kind, (life.CANCELLED, life.RETURN_ALL))
        return self.line_refunds.sum(axis=1) + np.where(whole, self.basket.postage, 0)

    @cached_property
    def refunded(self) -> Ints:
        """Cents given back by `end`, by order."""
        return np.where(self.life.refund_paid(self.end), self.refund_amount, 0)

    @cached_property
    def titles(self) -> pa.Array:
        titles = pa.array(self.goods.titles)
        used, product = self.basket.used, self.basket.product
        cells = [titles.take(pa.array(product[:, n], mask=~used[:, n])) for n in range(LINES)]
        return texts.joined(*cells, separator="，")

    @cached_property
    def close_reasons(self) -> pa.Array:
        status, choices = self.life.status, ("", "退款", *_UNPAID_REASONS)
        reason = 2 + self.draws.weighted("close reason", self.index, (6, 2, 1, 1))
        reason = np.where(status == life.CLOSED_UNPAID, reason, (status == life.CLOSED_REFUNDED).astype(int))
        return texts.picked(choices, reason)

    @cached_property
    def mobile(self) -> Bools:
        return self.draws.chance("channel", self.index, 0.88)

    @cached_property
    def memo_flag(self) -> Ints:
        """Few orders are flagged; the shop marks some of its fake ones."""
        share = np.where(fake_mask(self.placed), 0.3, 0.02)
        flagged = self.draws.chance("flag", self.index, share)
        colour = 1 + self.draws.integers("flag colour", self.index, 5)
        return np.where(flagged, np.where(fake_mask(self.placed), 4, colour), 0)

    @cached_property
    def waybill(self) -> Ints:
        """Number of the parcel; four fake orders of a burst share one."""
        shared = self.everything + np.maximum(self.placed.burst, 0) * TEAM_SIZE + self.index % TEAM_SIZE
        return np.where(fake_mask(self.placed), shared, self.index)

    @cached_property
    def carrier(self) -> pa.Array:
        number = self.draws.weighted("carrier", self.index, _CARRIER_SHARES)
        return texts.picked(CARRIERS, np.where(fake_mask(self.placed), 3, number))

    def seen(self, times: Ints) -> pa.Array:
        """Timestamps, null where they lie after `end`."""
        return texts.moments(times, times <= self.end)


def _time_parts(stem: str, seconds: Ints, known: Bools) -> dict[str, pa.Array]:
    day = seconds // 86400
    return {
        f"{stem}_day": texts.masked(day, known, pa.int32()),
        f"{stem}_weekday": texts.masked((day + 3) % 7, known, pa.int8()),
        f"{stem}_hour": texts.masked(seconds % 86400 // 3600, known, pa.int8()),
    }


def orders(run: Run) -> pa.Table:
    """The orders as they stand at `end`."""
    placed, basket, lived, end = run.placed, run.basket, run.life, run.end
    created, always = placed.created, np.ones(len(run), dtype=bool)
    done = np.minimum(lived.finished, lived.closed)
    steps = (lived.paid, lived.shipped, lived.signed, done, np.where(run.refunded > 0, lived.refund_done, 0))
    modified = np.maximum.reduce([created, *(np.where(step <= end, step, 0) for step in steps)])
    total, presale = basket.total, placed.balance > 0
    return pa.table(
        {
            "month": texts.month_names(created),
            "order_id": run.order_ids,
            "status": texts.picked(life.STATUSES, lived.status),
            "created_at": texts.moments(created),
            "paid_at": run.seen(lived.paid),
            "shipped_at": run.seen(lived.shipped),
            "finished_at": run.seen(done),
            "modified_at": texts.moments(modified),
            **_time_parts("created", created, always),
            **_time_parts("paid", lived.paid, run.paid),
            "goods_cents": basket.goods,
            "postage_cents": basket.postage,
            "seller_discount_cents": basket.seller_discount,
            "platform_discount_cents": basket.platform_discount,
            "deposit_cents": basket.deposit,
            "balance_cents": np.where(presale, total - basket.deposit, 0),
            "total_cents": total,
            "paid_cents": np.where(run.paid, total, 0),
            "refunded_cents": run.refunded,
            "item_count": pa.array(basket.quantity.sum(axis=1), pa.int32()),
            "channel": texts.picked(("pc", "mobile"), run.mobile.astype(int)),
            **run.people.places(run.household),
            "coupon_used": pa.array(basket.coupon),
            "close_reason": run.close_reasons,
            "memo_flag": pa.array(run.memo_flag, pa.int8()),
            "titles": run.titles,
            "seen_at": texts.moments(np.full(len(run), end)),
            "state_rank": pa.array(life.RANKS[lived.status], pa.int8()),
        }
    )


def order_lines(run: Run) -> pa.Table:
    """One row per line; what was paid for the lines adds up to the order's goods."""
    basket, used = run.basket, run.basket.used
    order, line = np.nonzero(used)
    cell = (order, line)
    paid = np.where(run.paid[order], basket.due[cell], 0)
    refunded = np.where(run.life.refund_paid(run.end)[order], run.line_refunds[cell], 0)
    variant = basket.product[cell] * SKUS + basket.variant[cell]
    status = np.where(refunded > 0, len(STATUS_TEXTS), run.life.status[order])
    created = run.placed.created[order]
    return pa.table(
        {
            "month": texts.month_names(created),
            "order_id": run.order_ids.take(pa.array(order)),
            "line": texts.picked([str(n + 1) for n in range(LINES)], line),
            "product_id": run.goods.ids.take(pa.array(basket.product[cell])),
            "sku": texts.picked(sku_texts(), basket.variant[cell]),
            "outer_code": outer_codes(run.goods).take(pa.array(variant)),
            "title": texts.picked(run.goods.titles, basket.product[cell]),
            "quantity": pa.array(basket.quantity[cell], pa.int32()),
            "unit_price_cents": basket.unit[cell],
            "paid_cents": paid,
            "refunded_cents": refunded,
            "line_status": texts.picked((*STATUS_TEXTS, "退款成功"), status),
            "created_day": pa.array(created // 86400, pa.int32()),
        }
    )


def refunds(run: Run) -> pa.Table:
    """The refunds asked for by `end`, settled or not."""
    lived, end = run.life, run.end
    row = np.flatnonzero(lived.refund_seen(end))
    kind, at, done = lived.refund_kind[row], lived.refund_at[row], lived.refund_done[row]
    settled, granted = done <= end, lived.refund_granted[row]
    goods = np.isin(kind, (life.RETURN_ALL, life.RETURN_LINE))
    goods &= run.draws.chance("sends back", run.index[row], 0.88)
    waiting = np.where(goods & (end - at > 86400), 3, 2)
    state = np.where(settled, np.where(granted, 0, 1), waiting)
    line = np.where(np.isin(kind, (life.CANCELLED, life.RETURN_ALL)), 0, lived.refund_line[row] + 1)
    return pa.table(
        {
            "month": texts.month_names(at),
            "refund_id": texts.digits(9 * 10**17 + shuffled(run.index[row], 10**9), 18),
            "order_id": run.order_ids.take(pa.array(row)),
            "line": texts.picked(["", *(str(n + 1) for n in range(LINES))], line),
            "amount_cents": run.refund_amount[row],
            "kind": texts.picked(("money", "goods"), goods.astype(int)),
            "phase": texts.picked(("during", "after"), (kind == life.AFTER_SALE).astype(int)),
            "reason": _reasons(run, row, kind),
            "state": texts.picked(
                ("退款成功", "退款关闭", "买家已经申请退款，等待卖家同意", "卖家已同意退款，等待买家退货"),
                state,
            ),
            "created_at": texts.moments(at),
            "finished_at": texts.moments(done, settled),
            "created_day": pa.array(at // 86400, pa.int32()),
        }
    )


def _reasons(run: Run, row: Ints, kind: Ints) -> pa.Array:
    choices = [reason for reasons in _REFUND_REASONS.values() for reason in reasons]
    sizes = np.array([0, *(len(reasons) for reasons in _REFUND_REASONS.values())])
    starts = np.concatenate([[0, 0], np.cumsum(sizes[1:])[:-1]])
    return texts.picked(choices, starts[kind] + run.draws.integers("reason", run.index[row], sizes[kind]))


def shipment_events(run: Run) -> pa.Table:
    """What happened to the parcels up to `end`."""
    lived = run.life
    way = np.where(lived.signed < life.NEVER, lived.signed - lived.shipped, 0)
    times = np.stack(
        [
            lived.shipped,
            lived.shipped + way * 30 // 100,
            lived.stuck,
            lived.shipped + way * 70 // 100,
            lived.out,
            lived.signed,
        ],
        axis=1,
    )
    # A parcel on its last short way may be out before it would have been booked into the city.
    times[:, 3] = np.minimum(times[:, 3], np.maximum(lived.out - 1800, lived.shipped + 1))
    happened = (times <= run.end) & (lived.shipped <= run.end)[:, None]
    order, step = np.nonzero(happened)
    at = times[order, step]
    kinds = ("shipped", "in_transit", "exception", "arrived_city", "out_for_delivery", "signed")
    digest = texts.hexes(run.draws.bits("waybill", run.waybill))
    return pa.table(
        {
            "month": texts.month_names(at),
            "order_id": run.order_ids.take(pa.array(order)),
            "at": texts.moments(at),
            "kind": texts.picked(kinds, step),
            "day": pa.array(at // 86400, pa.int32()),
            "carrier": run.carrier.take(pa.array(order)),
            "waybill_digest": digest.take(pa.array(order)),
        }
    )


def order_people(run: Run) -> pa.Table:
    """Who placed each order under which nick, and who receives it: what an export would tell of them."""
    buyer, home = run.placed.buyer, run.household
    return pa.table(
        {
            "order_id": run.order_ids,
            "buyer_no": buyer + 1,
            "nick": run.people.nicks(buyer, run.second_nick),
            "email": run.people.emails(buyer),
            "gift": pa.array(run.gift),
            "phone": run.people.phones(home),
            "receiver_name": run.people.receivers(home),
            **run.people.places(home),
            "street": run.people.streets(home),
        }
    )


def planted_fakes(run: Run) -> pa.Table:
    """The truth about brushed orders, kept apart from the facts: order and burst."""
    row = np.flatnonzero(fake_mask(run.placed))
    return pa.table({"order_id": pc.take(run.order_ids, pa.array(row)), "burst": run.placed.burst[row]})

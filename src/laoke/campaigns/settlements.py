"""Payments of a file settled by the engine (rules R31 to R33), and a way out for those that cannot be.

The settlement itself is `engine.settle`; here each order that it would refuse becomes a row with its line.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from laoke.campaigns.settlement_files import MEND, Payments, columns_of
from laoke.campaigns.table_files import FileRefused, RefusedRow
from laoke.promotions import engine
from laoke.shops.joins import listed

FILE_REFUSALS: dict[str, Promise] = {
    "payment_columns": _("文件缺这些列：%(missing)s。现有的列：%(found)s。下载模板，照着列名改"),
    "empty": _("表头下面没有一行写了东西"),
    "no_orders": _("文件里没有一单"),
    "too_long": _("最多 %(most)s 行，分几份再传"),
    "not_json": _("这个文件开头像 JSON，可是读不懂。用模板那样的 Excel 或 CSV 传"),
    "json": _("JSON 读不懂：%(said)s"),
    "other_offer": _(
        "文件里写的优惠「%(name)s」和这个优惠的条件或时间不一样。去掉文件里的 offer 一项，或到那个优惠去结算"
    ),
}
NOT_OURS = _("不是这个优惠的单就删掉这一行；时间写错了就改")


@dataclass(frozen=True)
class SettledPayments:
    """What became of the orders of a file, in time order; `orders` are those that were settled, by their id.

    `refused` are all rows that count for nothing, in the order of the file. `astray` orders name the group of an order
    that is not there: they open their own (R32).
    """

    settlement: engine.Settlement
    orders: dict[str, engine.PaidOrder]
    refused: list[RefusedRow]
    astray: int


def settle_payments(offer: engine.Offer, payments: Payments, at: datetime) -> SettledPayments:
    """Settle what can be settled at a moment, of an offer in `engine.SETTLED`."""
    fit, unsettled = engine.sift(offer, payments.orders, at)
    refused = [*payments.refused, *(_row(offer, payments, one, at) for one in unsettled)]
    orders = {order.order_id: order for order in fit}
    return SettledPayments(
        engine.settle(offer, fit, at),
        orders,
        sorted(refused, key=lambda one: one.line),
        sum(bool(order.joins) and order.joins not in orders for order in fit),
    )


def _row(offer: engine.Offer, payments: Payments, unsettled: engine.Unsettled, at: datetime) -> RefusedRow:
    """An order that the engine refuses, as a row of the file."""
    order, reason = unsettled.order, unsettled.reason
    name = reason.field if reason.field in ("at", "balance_at") else "order_id"
    heads = {one.name: one.head for one in columns_of(offer)}
    moment = order.balance_at if name == "balance_at" else order.at
    expected, todo = _way_out(offer, reason.code, at)
    return RefusedRow(payments.lines[order.order_id], heads[name], _time(moment), expected, (), todo)


def _way_out(offer: engine.Offer, code: str, at: datetime) -> tuple[Promise | str, Promise | str]:
    """What was expected of the time, and what to do."""
    window, mechanic = offer.window, offer.mechanic
    if code == "order_after_settling":
        until = format_lazy(_("不晚于结算的时间 {at}"), at=_time(at))
        return until, _("时间写错了就改；没写错，结算的时间就要晚一些")
    if code == "deposit_out_of_time" and isinstance(mechanic, engine.DepositExpansion):
        until = format_lazy(_("早于付定金的截止 {until}"), until=_time(mechanic.deposit_until))
        return until, _("晚付的不算定金，这一单按平常的付款办，删掉这一行；时间写错了就改")
    if code == "balance_out_of_time" and isinstance(mechanic, engine.DepositExpansion):
        last = min(at, window.end) if window.end is not None else at
        between = format_lazy(_("{first} 到 {last}"), first=_time(mechanic.balance_from), last=_time(last))
        return between, _("不在这段时间里付的尾款不算付了：清掉这一单的尾款和时间；时间写错了就改")
    if window.start is not None and window.end is not None:
        between = format_lazy(_("{first} 到 {last}"), first=_time(window.start), last=_time(window.end))
        return between, NOT_OURS
    return _("优惠的时间里"), NOT_OURS


def _time(moment: datetime | None) -> str:
    """`2026-11-11 20:00`, with seconds where there are any."""
    if moment is None:
        return ""
    return moment.isoformat(sep=" ", timespec="seconds" if moment.second else "minutes")


def todo_of(row: RefusedRow) -> Promise | str:
    """What to do about a row."""
    return row.todo or MEND


def file_refusal_text(refused: FileRefused) -> str:
    """Why a file is no file of payments, and what to do."""
    params = {
        name: listed(value) if isinstance(value, list) else f"{value:,}" if isinstance(value, int) else value
        for name, value in refused.params.items()
    }
    return str(FILE_REFUSALS[refused.code]) % params

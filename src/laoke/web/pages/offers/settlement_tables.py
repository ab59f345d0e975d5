"""What a settlement looks like: headline sums, sums by result, the orders, and the rows that do not count."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.http import HttpRequest
from django.utils.translation import gettext, ngettext, pgettext
from django.utils.translation import gettext_lazy as _

from laoke.campaigns.settlement_files import Payments, columns_of, is_needed
from laoke.campaigns.settlements import SettledPayments, todo_of
from laoke.campaigns.table_files import RefusedRow
from laoke.promotions import engine
from laoke.web import components as ui
from laoke.web import figures, lists
from laoke.web.components.base import Words
from laoke.web.components.tables import CellValue
from laoke.web.components.words import State

MOST_SHOWN = 200
STATES: dict[str, tuple[Words, State]] = {
    "completed": (_("完成"), "ok"),
    "formed": (_("成团"), "ok"),
    "forfeited": (_("没付尾款，定金不退"), "warn"),
    "failed": (_("没成团，全退"), "warn"),
    "returned": (_("已退货，全退"), ""),
    "waiting": (_("还没结束"), "run"),
}
"""Every state of an order, in the order in which they are told."""


DUE = "due"
"""The view of orders of which something goes back."""


def named_states(settled: SettledPayments) -> dict[str, str]:
    """The states that occur, with their words."""
    found = {order.state for order in settled.settlement.orders}
    return {state: str(word) for state, (word, _tone) in STATES.items() if state in found}


def kpis_of(settled: SettledPayments, offer: engine.Offer) -> ui.Kpis:
    """What was paid and where it goes: what is kept, goes back and is open makes up what was paid."""
    found = settlement_sums(settled.settlement)
    due = sum(order.back_cents > 0 for order in settled.settlement.orders)
    orders = len(settled.settlement.orders)
    kpis = [
        ui.Kpi(gettext("收到"), figures.Amount.money(found[0]), note=orders_text(orders)),
        ui.Kpi(gettext("店里留下"), figures.Amount.money(found[1])),
        ui.Kpi(gettext("要退"), figures.Amount.money(found[2]), note=orders_text(due)),
        ui.Kpi(gettext("还没定"), figures.Amount.money(found[3])),
    ]
    if isinstance(offer.mechanic, engine.DepositExpansion):
        lost = [one for one in settled.settlement.orders if one.state == "forfeited"]
        kept = sum(one.kept_cents for one in lost)
        said = ngettext("%(n)s 单没付尾款，算在留下的里面", "%(n)s 单没付尾款，算在留下的里面", len(lost))
        note = said % {"n": figures.exact(len(lost))}
        kpis.insert(2, ui.Kpi(gettext("不退的定金"), figures.Amount.money(kept), note=note))
    return ui.Kpis(kpis)


def orders_text(count: int) -> str:
    """So many orders."""
    return ngettext("%(n)s 单", "%(n)s 单", count) % {"n": figures.exact(count)}


def settlement_sums(settlement: engine.Settlement) -> tuple[int, int, int, int]:
    """Paid, kept, back, open, in cents; the last three add up to the first."""
    return settlement.paid_cents, settlement.kept_cents, settlement.back_cents, settlement.open_cents


def states_table(settled: SettledPayments) -> ui.Table:
    """The sums of each state, and in the last row of all of them."""
    settlement = settled.settlement
    rows = []
    for state in named_states(settled):
        orders = [one for one in settlement.orders if one.state == state]
        money = ((one.paid_cents, one.kept_cents, one.back_cents, one.open_cents) for one in orders)
        sums = [sum(column) for column in zip(*money, strict=True)]
        rows.append(ui.Row([state_of(state), figures.exact(len(orders)), *map(figures.cents, sums)]))
    total = [gettext("合计"), figures.exact(len(settlement.orders))]
    total += map(figures.cents, settlement_sums(settlement))
    return ui.Table(
        [
            ui.Column("state", gettext("结果")),
            ui.Column("orders", gettext("订单"), "num", label_on_card=gettext("订单")),
            *_money_columns(),
        ],
        [*rows, ui.Row([ui.Cell(value, tone="b") for value in total])],
        caption=gettext("按结果"),
    )


def state_of(state: str) -> ui.Status:
    """What became of an order, in words."""
    word, tone = STATES[state]
    return ui.Status(word, tone)


def _money_columns() -> list[ui.Column]:
    heads = (
        ("paid", gettext("收（元）"), gettext("收")),
        ("kept", gettext("留（元）"), gettext("留")),
        ("back", gettext("退（元）"), gettext("退")),
        ("open", gettext("没定（元）"), gettext("没定")),
    )
    return [ui.Column(key, label, "num", label_on_card=short) for key, label, short in heads]


def chosen_orders(settled: SettledPayments, view: str, wanted: str) -> list[engine.SettledOrder]:
    """The orders of a view (`all`, `due` or a state) whose number or group holds what is searched for."""
    orders = settled.settlement.orders
    if view == DUE:
        orders = tuple(one for one in orders if one.back_cents > 0)
    elif view != "all":
        orders = tuple(one for one in orders if one.state == view)
    return [one for one in orders if wanted in one.order_id or wanted in one.group]


def orders_table(
    settled: SettledPayments,
    offer: engine.Offer,
    orders: Sequence[engine.SettledOrder],
    now: datetime,
    pager: ui.Pager | None = None,
    empty: ui.Empty | None = None,
) -> ui.Table:
    """Who gets what back: an order a row, its buyer with the middle hidden."""
    in_groups = isinstance(offer.mechanic, engine.GroupBuy)
    group = [ui.Column("group", gettext("哪个团"), "nowrap", priority=2, card="hide")] if in_groups else []
    rows = []
    for one in orders:
        order = settled.orders[one.order_id]
        cells: list[CellValue] = [
            one.order_id,
            figures.masked(order.buyer),
            figures.when(order.at, now),
            *([one.group] if in_groups else []),
            state_of(one.state),
            figures.cents(one.paid_cents),
            figures.cents(one.kept_cents),
            ui.Cell(figures.cents(one.back_cents), tone="b" if one.back_cents else ""),
            figures.cents(one.open_cents),
        ]
        rows.append(ui.Row(cells))
    return ui.Table(
        [
            ui.Column("order", gettext("订单号"), "nowrap"),
            ui.Column("buyer", pgettext("one of a list", "买家"), "nowrap", priority=2, card="hide"),
            ui.Column("at", gettext("付款时间"), "nowrap", priority=3, card="hide"),
            *group,
            ui.Column("state", gettext("结果"), "nowrap", card="end"),
            *_money_columns(),
        ],
        rows,
        caption=gettext("每一单"),
        empty=empty,
        pager=pager,
    )


def order_page(
    request: HttpRequest, orders: Sequence[engine.SettledOrder], size: int = 50
) -> lists.Found[engine.SettledOrder]:
    """The page of orders that the address asks for, by their place in the list."""

    def place(key: str) -> int | None:
        text = request.GET.get(key, "")
        return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None

    numbers = range(len(orders))
    found = lists.found_page(
        request,
        size,
        place("after"),
        place("before"),
        on=lambda at, most: list(numbers[0 if at is None else at + 1 :][:most]),
        back=lambda at, most: list(numbers[:at][-most:]),
        mark=str,
    )
    return lists.Found([orders[at] for at in found.rows], found.previous_url, found.next_url)


def columns_table(payments: Payments) -> ui.Table | None:
    """Which column of the file was taken for which of ours; None of a JSON file."""
    if not payments.columns:
        return None
    return ui.Table(
        [ui.Column("ours", gettext("要的列")), ui.Column("file", gettext("文件里的列"))],
        [
            ui.Row([str(column.head), head or gettext("没有，当作没减、没退")])
            for column, head in payments.columns
        ],
        caption=gettext("认出的列"),
        cards=False,
    )


def template_table(offer: engine.Offer) -> ui.Table:
    """How a file is written: our columns, what stands in each, and whether one may leave it out."""
    return ui.Table(
        [
            ui.Column("head", gettext("列")),
            ui.Column("what", gettext("写什么"), "wrap", card="wide"),
            ui.Column("needed", gettext("要不要"), "nowrap", card="end"),
        ],
        [
            ui.Row(
                [
                    str(column.head),
                    str(WHAT[column.name]),
                    gettext("一定要") if is_needed(column) else gettext("可以没有这一列"),
                ]
            )
            for column in columns_of(offer)
        ],
        caption=gettext("文件怎么写"),
    )


WHAT: dict[str, Words] = {
    "order_id": _("平台的订单号；Excel 里先把这一列设成文本"),
    "buyer": _("昵称或买家编号，同一个人写得一样"),
    "at": _("例如 2026-11-01 20:00"),
    "paid_cents": _("付了多少，例如 50.00"),
    "balance_at": _("没付尾款就空着"),
    "balance_cents": _("没付尾款就空着"),
    "joins": _("跟团的写团长那一单的订单号；开团的空着"),
    "unit_price_cents": _("一件在这个优惠之前的价；一单有几种商品就写几行"),
    "quantity": _("几件"),
    "off_cents": _("别的优惠在这一行减了多少"),
    "returned": _("整单退了写「是」"),
}


def refused_table(rows: Sequence[RefusedRow], most: int | None = MOST_SHOWN) -> ui.Table | None:
    """The rows that do not count, with what was found, what was expected and what to do."""
    if not rows:
        return None
    return ui.Table(
        [
            ui.Column("line", pgettext("one of a list", "行"), "num", label_on_card=gettext("行")),
            ui.Column("column", gettext("列"), "nowrap"),
            ui.Column("found", gettext("写的是"), "wrap", card="wide", label_on_card=gettext("写的是")),
            ui.Column("expected", gettext("应该是"), "wrap", card="wide", label_on_card=gettext("应该是")),
            ui.Column("todo", gettext("怎么办"), "wrap", card="wide", label_on_card=gettext("怎么办")),
        ],
        [ui.Row(_refused_cells(one)) for one in rows[:most]],
        caption=gettext("没有算的行"),
    )


def _refused_cells(one: RefusedRow) -> list[str]:
    found = one.found[:80] or gettext("空的")
    return [figures.exact(one.line), str(one.column), found, str(one.expected), str(todo_of(one))]


def facts_of(settled: SettledPayments, offer: engine.Offer) -> list[str]:
    """What the page says under its head, of this kind of offer."""
    found = settled.settlement
    if isinstance(offer.mechanic, engine.GroupBuy):
        states = [group.state for group in found.groups]
        words = {
            "formed": ngettext("成了 %(n)s 个团", "成了 %(n)s 个团", states.count("formed")),
            "failed": ngettext("没成 %(n)s 个团", "没成 %(n)s 个团", states.count("failed")),
            "waiting": ngettext("还在等 %(n)s 个团", "还在等 %(n)s 个团", states.count("waiting")),
        }
        return [said % {"n": figures.exact(states.count(state))} for state, said in words.items()]
    if isinstance(offer.mechanic, engine.MoreCheaper):
        buyers = ngettext("%(n)s 个买家", "%(n)s 个买家", found.buyers) % {"n": figures.exact(found.buyers)}
        if found.pay_bp is None:
            return [buyers, gettext("没到第一档，都是原价")]
        return [buyers, gettext("最后按原价的 %(rate)s") % {"rate": f"{found.pay_bp / 100:g}%"}]
    return []

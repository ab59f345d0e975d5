"""Payments for one offer as a file: deposits and balances, orders of groups, pieces whose price fell with the buyers.

A table has a row per order, with a price that falls a row per kind of goods; a JSON file is what `laoke settle` takes.
A row that cannot be read is put aside with what was found, what was expected and what to do. So are all rows of an
order of which one was put aside: half an order would be settled wrongly.

    FileRefused   payment_columns (what is needed was not found), not_json, json (a field outside the orders),
                  other_offer (the file names another one), no_orders, empty, too_long; what is no table at all is an
                  IntakeRefused
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from laoke.campaigns.price_columns import AMOUNT, read_amount
from laoke.campaigns.table_files import (
    MOST_BYTES,
    CellRefused,
    FileRefused,
    FileRows,
    RefusedRow,
    SheetColumn,
    columns_at,
    read_row,
    rows_of,
)
from laoke.intake.reading.cells import EPOCH, OK, time_micros
from laoke.intake.reading.refusals import storable
from laoke.promotions import engine
from laoke.promotions.offers import OfferRefused

MOST_ROWS = 20_000
LONGEST_ORDER, LONGEST_BUYER = 64, 200
# What Excel makes of a number with more digits than it holds.
_DAMAGED = re.compile(r"\d(\.\d+)?[eE]\+?\d+")
_YES = frozenset({"是", "已退", "已退货", "退货", "y", "yes", "true", "1", "returned"})
_NO = frozenset({"", "否", "没退", "未退货", "-", "—", "n", "no", "false", "0"})
A_TIME = _("时间，例如 2026-11-11 20:00")
ABOVE_ZERO = _("大于 0 的金额，例如 50.00")
PIECES = _("大于 0 的整数，例如 2")
OFF_WITHIN = _("一单的优惠加起来不超过单价乘件数")
YES_OR_NO = _("是或否，空着当没退")
MEND = _("改好这一格再传")


@dataclass
class Payments:
    """A file as it was read. `columns` are our columns with the head that each has in the file (empty: it has none).

    `lines` says in which line of the file an order begins; `rows` how many rows hold anything; `at` is the moment that
    a JSON file names.
    """

    columns: list[tuple[SheetColumn, str]] = field(default_factory=list)
    orders: list[engine.PaidOrder] = field(default_factory=list)
    refused: list[RefusedRow] = field(default_factory=list)
    lines: dict[str, int] = field(default_factory=dict)
    rows: int = 0
    at: datetime | None = None


def read_payments(path: Path, offer: engine.Offer) -> Payments:
    """Read a table or a JSON file of payments for this offer, which must be one of `engine.SETTLED`.

    Raises
    ------
    FileRefused, IntakeRefused
    """
    with path.open("rb") as file:
        begins = file.read(64).removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
        if begins in (b"{", b"["):
            file.seek(0)
            found = _from_json(file.read(MOST_BYTES + 1), offer)
        else:
            found = _from_table(path, columns_of(offer), isinstance(offer.mechanic, engine.MoreCheaper))
    found.refused.sort(key=lambda one: one.line)
    return found


def columns_of(offer: engine.Offer) -> tuple[SheetColumn, ...]:
    """The columns of a table of payments for this offer, in the order of the template."""
    for mechanic, columns in _COLUMNS:
        if isinstance(offer.mechanic, mechanic):
            return columns
    raise TypeError(f"offer {offer.offer_id} is not settled")


def is_needed(column: SheetColumn) -> bool:
    """Whether a table must have the column; without the others nothing was taken off, and nothing came back."""
    return column.name not in _OPTIONAL


def _order_number(cell: str) -> str:
    if not cell or len(cell) > LONGEST_ORDER:
        raise CellRefused(_("订单号，最多 64 个字"))
    if _DAMAGED.fullmatch(cell):
        raise CellRefused(_("订单号的每一位"), _("Excel 里先把这一列设成文本，再从后台重新粘贴"))
    return cell


def _buyer(cell: str) -> str:
    if not cell or len(cell) > LONGEST_BUYER:
        raise CellRefused(_("买家昵称或编号，最多 200 个字"))
    return cell


def _moment(cell: str) -> datetime | None:
    if not cell:
        return None
    micros, state = time_micros(cell, serials=True)
    if state != OK:
        raise CellRefused(A_TIME)
    return EPOCH + timedelta(microseconds=micros)


def _needed(read: Callable[[str], Any], expected: Promise) -> Callable[[str], Any]:
    """The same, and nothing is refused too."""

    def needed(cell: str) -> Any:
        value = read(cell)
        if value is None:
            raise CellRefused(expected)
        return value

    return needed


def _paid(cell: str) -> int:
    cents = read_amount(cell)
    if not cents:
        raise CellRefused(ABOVE_ZERO)
    return cents


def _pieces(cell: str) -> int:
    if not cell.isascii() or not cell.isdigit() or not 1 <= len(cell) <= 6 or not int(cell):
        raise CellRefused(PIECES)
    return int(cell)


def _returned(cell: str) -> bool:
    word = cell.lower()
    if word not in _YES | _NO:
        raise CellRefused(YES_OR_NO)
    return word in _YES


def _column(name: str, head: Promise, others: str, read: Callable[[str], Any]) -> SheetColumn:
    return SheetColumn(name, head, tuple(others.split(",")), read)


_ORDER = _column(
    "order_id", _("订单号"), "订单号,订单编号,主订单编号,order,order id,order number,order_id", _order_number
)
_BUYER = _column("buyer", _("买家"), "买家,买家昵称,买家会员名,用户,buyers,buyer,buyer nick", _buyer)
_time = _needed(_moment, A_TIME)
_amount = _needed(read_amount, AMOUNT)
_PAID_AT = "付款时间,订单付款时间,下单时间,订单创建时间,paid at,payment time,at"
_DEPOSIT = (
    _ORDER,
    _BUYER,
    _column(
        "at",
        _("付定金时间"),
        f"付定金时间,定金付款时间,预售定金付款时间,deposit paid at,{_PAID_AT}",
        _time,
    ),
    _column("paid_cents", _("定金（元）"), "定金,定金（元）,定金金额,deposit,deposit (¥)", _paid),
    _column(
        "balance_at", _("付尾款时间"), "付尾款时间,尾款付款时间,预售尾款付款时间,balance paid at", _moment
    ),
    _column("balance_cents", _("尾款（元）"), "尾款,尾款（元）,尾款金额,balance,balance (¥)", read_amount),
)
_GROUP = (
    _ORDER,
    _BUYER,
    _column("at", _("付款时间"), _PAID_AT, _time),
    _column("paid_cents", _("付款（元）"), "付款,付款（元）,实付,实付金额,paid,paid (¥)", _paid),
    _column(
        "joins", _("跟哪一单的团"), "跟哪一单的团,跟团,团长订单号,开团订单号,joins,joins the group of", str
    ),
)  # fmt: skip
_MORE = (
    _ORDER,
    _BUYER,
    _column("at", _("付款时间"), _PAID_AT, _time),
    _column("unit_price_cents", _("单价（元）"), "单价,单价（元）,商品单价,unit price,price (¥)", _amount),
    _column("quantity", _("件数"), "件数,数量,宝贝数量,pieces,quantity", _pieces),
    _column(
        "off_cents", _("其他优惠减（元）"), "其他优惠减,其他优惠减（元）,优惠,other discounts,other discounts (¥)",
        read_amount,
    ),
    _column("returned", _("已退货"), "已退货,退货,是否退货,returned", _returned),
)  # fmt: skip
_OPTIONAL = frozenset({"off_cents", "returned"})
_COLUMNS = ((engine.DepositExpansion, _DEPOSIT), (engine.GroupBuy, _GROUP), (engine.MoreCheaper, _MORE))


@dataclass(frozen=True)
class _Line:
    """A row whose cells could be read."""

    number: int
    row: tuple[str, ...]
    cells: dict[str, Any]

    def refused(
        self, head: Promise, found: str, expected: Promise | str, todo: Promise | str = ""
    ) -> RefusedRow:
        return RefusedRow(self.number, head, found, expected, self.row, todo)


def _from_table(path: Path, columns: tuple[SheetColumn, ...], several: bool) -> Payments:
    """`several`: whether an order may have several rows."""
    table = rows_of(path, {head for one in columns for head in (str(one.head), *one.others)}, MOST_ROWS)
    at = columns_at(columns, table.header)
    missing = [str(one.head) for one in columns if is_needed(one) and one.name not in at]
    if missing:
        raise FileRefused(
            "payment_columns", missing=missing, found=[head for head in table.header if head.strip()]
        )
    found = Payments(
        [(one, table.header[at[one.name]] if one.name in at else "") for one in columns],
        rows=len(table.lines),
    )
    spoilt: dict[str, int] = {}
    whole: dict[str, list[_Line]] = {}
    for line in _readable(found, table, columns, at, spoilt):
        name = line.cells["order_id"]
        before = whole.get(name)
        against = _against(line, columns, before, several)
        if against is not None:
            found.refused.append(against)
            if several:
                spoilt.setdefault(name, line.number)
        else:
            whole.setdefault(name, []).append(line)
    for name, lines in whole.items():
        if name in spoilt:
            found.refused += [_spoilt(line, spoilt[name]) for line in lines]
        elif _is_above_goods(order := _order(lines)):
            found.refused += [_too_much_off(line) for line in lines]
        else:
            found.lines[name] = lines[0].number
            found.orders.append(order)
    return found


def _readable(
    found: Payments,
    table: FileRows,
    columns: tuple[SheetColumn, ...],
    at: Mapping[str, int],
    spoilt: dict[str, int],
) -> Iterable[_Line]:
    """The rows that can be read; the others are put aside, and their orders are spoilt."""
    for number, row in table.lines:
        read = read_row(columns, at, number, row)
        if isinstance(read, RefusedRow):
            found.refused.append(read)
            if name := row[at["order_id"]] if at["order_id"] < len(row) else "":
                spoilt.setdefault(name, number)
        else:
            yield _Line(number, row, read)


def _against(
    line: _Line, columns: tuple[SheetColumn, ...], before: list[_Line] | None, several: bool
) -> RefusedRow | None:
    """Why a row of readable cells is put aside: it says half of a balance, or not what the row before says."""
    heads = {one.name: one.head for one in columns}
    cells = line.cells
    if (cells.get("balance_at") is None) != (cells.get("balance_cents") is None):
        empty = "balance_at" if cells.get("balance_at") is None else "balance_cents"
        both = _("尾款和付尾款时间都写，或都空着")
        return line.refused(heads[empty], "", both)
    if before is None:
        return None
    first = before[0]
    if not several:
        once = format_lazy(_("一单写一行；第 {line} 行已经有它"), line=first.number)
        return line.refused(heads["order_id"], cells["order_id"], once, _("留一行，别的删掉"))
    for name in ("buyer", "at", "returned"):
        if cells.get(name) != first.cells.get(name):
            same = format_lazy(_("和第 {line} 行的一样，它们是同一单"), line=first.number)
            return line.refused(heads[name], _said(cells.get(name)), same)
    return None


def _said(value: object) -> str:
    """A cell's value as one writes it."""
    if isinstance(value, bool):
        return gettext("是") if value else gettext("否")
    return str(value)


def _spoilt(line: _Line, number: int) -> RefusedRow:
    """A row of an order of which another row was put aside."""
    todo = format_lazy(_("第 {line} 行改好，这一单才能算"), line=number)
    return line.refused(_ORDER.head, line.cells["order_id"], _("同一单的每一行都读得懂"), todo)


def _is_above_goods(order: engine.PaidOrder) -> bool:
    """Whether other offers took off more than the goods cost: then one of the two is wrong, and so is any refund."""
    return bool(order.goods) and order.off_cents > sum(
        goods.unit_price_cents * goods.quantity for goods in order.goods
    )


def _too_much_off(line: _Line) -> RefusedRow:
    """A row of an order whose other offers took off more than its goods cost."""
    head = next(one.head for one in _MORE if one.name == "off_cents")
    cents = line.cells.get("off_cents") or 0
    return line.refused(head, f"{cents // 100}.{cents % 100:02d}", OFF_WITHIN)


def _order(lines: list[_Line]) -> engine.PaidOrder:
    """The order that these rows tell of."""
    cells = lines[0].cells
    goods = tuple(
        engine.Goods(line.cells["unit_price_cents"], line.cells["quantity"])
        for line in lines
        if "quantity" in line.cells
    )
    return engine.PaidOrder(
        cells["order_id"],
        cells["buyer"],
        cells["at"],
        cells.get("paid_cents") or 0,
        cells.get("balance_at"),
        cells.get("balance_cents") or 0,
        cells.get("joins", ""),
        goods,
        sum(line.cells.get("off_cents") or 0 for line in lines),
        cells.get("returned", False),
    )


def _from_json(raw: bytes, offer: engine.Offer) -> Payments:
    if len(raw) > MOST_BYTES:
        raise FileRefused("too_long", most=MOST_ROWS)
    try:
        # Nothing that no page could show and no ledger hold: halves of character pairs become question marks.
        data = storable(json.loads(raw.decode("utf-8-sig")))
    except (ValueError, RecursionError):
        raise FileRefused("not_json") from None
    try:
        named, items, moment = engine.settling_parts_from_dict(data)
    except engine.EngineError as error:
        raise FileRefused("json", said=OfferRefused.of(error).message) from None
    if named is not None and (named.mechanic, named.window) != (offer.mechanic, offer.window):
        raise FileRefused("other_offer", name=named.name or named.offer_id)
    if not items:
        raise FileRefused("no_orders")
    if len(items) > MOST_ROWS:
        raise FileRefused("too_long", most=MOST_ROWS)
    found = Payments(rows=len(items), at=moment)
    for number, item in enumerate(items, 1):
        _add_json(found, item, number)
    return found


def _add_json(found: Payments, item: Any, number: int) -> None:
    try:
        order = engine.paid_order_from_dict(item, "order")
    except engine.EngineError as error:
        name = error.field.rpartition(".")[2]
        value = item.get(name, "") if isinstance(item, Mapping) else item
        wanted = OfferRefused.of(error).message
        found.refused.append(
            RefusedRow(number, error.field.removeprefix("order."), _short(value), wanted, ())
        )
        return
    if order.order_id in found.lines:
        once = format_lazy(_("一单写一次；第 {line} 个已经是它"), line=found.lines[order.order_id])
        found.refused.append(
            RefusedRow(number, "order_id", order.order_id[:80], once, (), _("留一个，别的删掉"))
        )
        return
    if _is_above_goods(order):
        found.refused.append(RefusedRow(number, "off_cents", str(order.off_cents), OFF_WITHIN, ()))
        return
    found.lines[order.order_id] = number
    found.orders.append(order)


def _short(value: object) -> str:
    return value[:80] if isinstance(value, str) else json.dumps(value, ensure_ascii=False)[:80]

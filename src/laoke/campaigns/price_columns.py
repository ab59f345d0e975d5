"""The columns of a price sheet's file: how each is called in Chinese and English, and how its cells are read.

A cell that cannot be read gives what was found and what was expected; it never becomes a guess.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from laoke.campaigns.table_files import CellRefused, SheetColumn
from laoke.intake.reading.cells import EPOCH, OK, time_micros
from laoke.money import FULL_BP, MAX_CENTS, MoneyError, parse_cents
from laoke.promotions.ladder import Role

LONGEST = {"product_id": 64, "sku": 120, "title": 1_000, "group": 60, "competitor": 60, "source": 300}

ROLE_WORDS: dict[Role, Promise] = {
    Role.LOW: _("引流款"),
    Role.VALUE: _("性价比款"),
    Role.NORMAL: _("正常款"),
    Role.ANCHOR: _("形象款"),
}
_ROLES = {
    **{role.value: role for role in Role},
    "引流款": Role.LOW, "引流": Role.LOW, "性价比款": Role.VALUE, "性价比": Role.VALUE, "正常款": Role.NORMAL,
    "正常": Role.NORMAL, "形象款": Role.ANCHOR, "形象": Role.ANCHOR, "traffic": Role.LOW, "image": Role.ANCHOR,
}  # fmt: skip


def read_text(name: str) -> Callable[[str], str]:
    """Text of at most so many characters as the field holds."""

    def read(cell: str) -> str:
        if len(cell) > LONGEST[name]:
            raise CellRefused(TOO_LONG[name])
        return cell

    return read


TOO_LONG: dict[str, Promise] = {
    "product_id": _("最多 64 个字"),
    "sku": _("最多 120 个字"),
    "title": _("最多 1000 个字"),
    "group": _("最多 60 个字"),
    "competitor": _("最多 60 个字"),
    "source": _("最多 300 个字"),
}
AMOUNT = _("金额，最多到分，例如 39.90")
ABOVE_ZERO = _("大于 0 的金额，例如 39.90")
RATE = _("0 到 99.99 的百分数，例如 5")
A_ROLE = _("引流款、性价比款、正常款或形象款")
A_DAY = _("日期，例如 2026-11-01")


def read_amount(cell: str) -> int | None:
    """Cents, None where nothing stands."""
    try:
        cents = parse_cents(cell)
    except MoneyError:
        raise CellRefused(AMOUNT) from None
    if cents is not None and not 0 <= cents <= MAX_CENTS // 1_000_000:
        raise CellRefused(AMOUNT)
    return cents


def read_price(cell: str) -> int | None:
    """Cents above zero, None where nothing stands."""
    cents = read_amount(cell)
    if cents == 0:
        raise CellRefused(ABOVE_ZERO)
    return cents


def read_rate(cell: str, most_bp: int = FULL_BP - 1) -> int | None:
    """A percentage as ten-thousandths: `5`, `5%`, `4.25`; None where nothing stands."""
    text = cell.replace("％", "%").strip().removesuffix("%")
    try:
        hundredths = parse_cents(text)
    except MoneyError:
        raise CellRefused(RATE) from None
    if hundredths is not None and not 0 <= hundredths <= most_bp:
        raise CellRefused(RATE)
    return hundredths


def read_role(cell: str) -> Role | None:
    """A role by its word in either language, None where nothing stands."""
    if not cell:
        return None
    role = _ROLES.get(cell.lower())
    if role is None:
        role = next((role for role, word in ROLE_WORDS.items() if str(word).lower() == cell.lower()), None)
    if role is None:
        raise CellRefused(A_ROLE)
    return role


def read_day(cell: str) -> date | None:
    """A day as people or Excel write it, None where nothing stands."""
    if not cell:
        return None
    micros, state = time_micros(cell, serials=True)
    if state != OK:
        raise CellRefused(A_DAY)
    return (EPOCH + timedelta(microseconds=micros)).date()


def _column(name: str, head: Promise, others: str, read: Callable[[str], Any] | None = None) -> SheetColumn:
    return SheetColumn(name, head, tuple(others.split(",")), read or read_text(name))


NAMING = (
    _column(
        "product_id",
        _("商品编号"),
        "商品编号,商品id,宝贝id,商品ID,product id,product number,item id,item ids",
    ),
    _column("sku", _("规格"), "规格,sku,规格编号,variant"),
    _column("title", _("名称"), "名称,商品名称,标题,宝贝标题,商品标题,title,name"),
)
ITEM_COLUMNS: tuple[SheetColumn, ...] = (
    *NAMING,
    _column("group", _("分组"), "分组,类目,group,category"),
    _column("role", _("角色"), "角色,role", read_role),
    _column("list_cents", _("标价（元）"), "标价,标价（元）,吊牌价,list price,list price (yuan)", read_price),
    _column(
        "price_cents", _("活动价（元）"), "活动价,活动价（元）,campaign price,campaign price (yuan)", read_price
    ),
    _column("was_cents", _("划线价（元）"), "划线价,划线价（元）,原价,was price,was (yuan)", read_price),
    _column("cost_cents", _("成本（元）"), "成本,成本（元）,cost,cost (yuan)", read_amount),
    _column("postage_cents", _("邮费（元）"), "邮费,邮费（元）,运费,postage,postage (yuan)", read_amount),
    _column("fee_bp", _("平台扣点（%）"), "扣点,平台扣点,平台扣点（%）,fee,platform fee (%)", read_rate),
    _column(
        "margin_bp", _("想要的毛利率（%）"), "毛利率要求,想要的毛利率（%）,wanted margin,wanted margin (%)", read_rate
    ),
)  # fmt: skip
COMPETITOR_COLUMNS: tuple[SheetColumn, ...] = (
    *NAMING,
    _column("competitor", _("对手"), "对手,竞品,对手店铺,竞店,competitor"),
    _column(
        "price_cents",
        _("对手价（元）"),
        "对手价,对手价（元）,竞品价,价格,competitor price,competitor price (yuan),price",
        read_price,
    ),
    _column("seen_on", _("看到的日期"), "日期,看到的日期,采集日期,date,seen on", read_day),
    _column("source", _("出处"), "来源,出处,链接,source,link"),
)

"""Warnings, refusals and figures of price sheets in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from laoke.campaigns.price_columns import ROLE_WORDS
from laoke.campaigns.price_sheets import PriceRefused
from laoke.campaigns.table_files import FileRefused
from laoke.promotions.ladder import Role, Warned
from laoke.shops.joins import listed
from laoke.web import figures
from laoke.web.components.base import Words

WARNINGS: dict[str, Words] = {
    "missing_cost": _("没写成本，算不出毛利和底价"),
    "below_cost": _("活动价 %(price)s 低于成本 %(cost)s"),
    "loss": _("扣掉邮费和扣点，每件亏 %(loss)s；不低于 %(floor)s 才有想要的毛利"),
    "below_floor": _("活动价 %(price)s 低于底价 %(floor)s"),
    "invented_was": _("划线价 %(was)s 高过%(kind)s %(baseline)s，算虚构原价"),
    "no_baseline": _("没有成交过，划线价 %(was)s 没有依据，只能写现价"),
    "no_cut": _("活动价 %(price)s 不低于比较的价 %(baseline)s，不能说成降价"),
    "sold_lower": _("30 天内卖过 %(lowest)s，活动价 %(price)s 不比它低，像先涨后降"),
    "above_list": _("活动价 %(price)s 高过标价 %(list)s"),
    "role_order": _("%(role)s卖 %(price)s，比%(other_role)s「%(other)s」的 %(cents)s 还便宜"),
    "too_close": _("只比下一档「%(other)s」贵 %(gap)s，不到 %(bound)s，看不出差别"),
    "too_far": _("比下一档「%(other)s」贵 %(gap)s，超过 %(bound)s，中间缺一档"),
    "competitor_cheaper": _("%(name)s卖 %(price)s，便宜 %(less)s"),
    "stock_short": _("库存 %(stock)s 件，上次同期卖了 %(units)s 件"),
    "was_not_listed": _("划线价 %(was)s 没有标过的记录，导入过的标价是 %(list)s"),
    "list_raised": _("标价 %(on)s 从 %(from)s 提到 %(to)s，开始前 30 天里提的，像先涨后降"),
}
BASELINES: dict[str, Words] = {
    "lowest_7": _("近 7 天最低成交价"),
    "last": _("最近一次成交价"),
    "unknown": _("没有成交价"),
}
REFUSALS: dict[str, Words] = {
    "name_taken": _("已有叫「%(name)s」的价格表，换个名字"),
    "campaign_taken": _("活动「%(name)s」已经有价格表"),
    "too_many": _("有 %(found)s 件，一张价格表最多 %(most)s 件"),
    "twice": _("「%(name)s」在表里已经有了"),
    "not_positive": _("「%(name)s」的活动价要大于 0"),
    "no_room": _("扣点 %(fee)s 加毛利率 %(margin)s 到了 100%%，什么价都不够"),
    "changed": _("有人刚改过这张表，看看新的再改"),
    "unknown": _("没有这个版本"),
}
FILE_REFUSALS: dict[str, Words] = {
    "columns": _("要有「商品编号」或「名称」一列，再加要改的列，比如「活动价」。现有的列：%(found)s"),
    "competitor_columns": _("对手价的文件缺这些列：%(missing)s。现有的列：%(found)s"),
    "empty": _("表头下面没有一行写了东西"),
    "too_long": _("最多 %(most)s 行，分几份再传"),
}


def warning_text(warned: Warned) -> str:
    """`L4 活动价 39.00 低于底价 45.30`."""
    return f"{warned.rule} {str(WARNINGS[warned.code]) % _said(warned.params)}"


def _said(params: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters as a sentence shows them: amounts in yuan, shares in percent, roles and baselines in words."""
    said: dict[str, Any] = {}
    for name, value in params.items():
        if name.endswith("_cents"):
            said[name.removesuffix("_cents")] = figures.cents(value)
        elif name.endswith("_bp"):
            said[name.removesuffix("_bp")] = rate_text(value)
        elif name in ("role", "other_role"):
            said[name] = ROLE_WORDS[value]
        elif name == "kind":
            said[name] = BASELINES[value]
        else:
            said[name] = value
    if "other_cents" in params:
        said |= {"other": params["other"], "cents": figures.cents(params["other_cents"])}
    return said


def refusal_text(refused: PriceRefused) -> str:
    """Why a change of a sheet was not kept."""
    params = dict(refused.params)
    for name in ("fee", "margin"):
        if f"{name}_bp" in params:
            params[name] = rate_text(params[f"{name}_bp"])
    return str(REFUSALS[refused.code]) % params


def file_refusal_text(refused: FileRefused) -> str:
    """Why a file is no price sheet."""
    params = {
        name: listed(value) if isinstance(value, list) else figures.exact(value)
        for name, value in refused.params.items()
    }
    return str(FILE_REFUSALS[refused.code]) % params


def rate_text(bp: int | None) -> str:
    """Ten-thousandths as percent without empty places: `5%`, `4.25%`."""
    return figures.NOTHING if bp is None else f"{bp / 100:g}%"


def role_text(role: Role | None) -> str:
    """The role's word, a dash without one."""
    return str(ROLE_WORDS[role]) if role is not None else figures.NOTHING

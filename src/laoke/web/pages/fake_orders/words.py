"""Signals and their evidence in words: what was found, and against which limit. Never who it was."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from laoke.insights.fake_orders.rules import LIMITS, SHARED_CONTACT
from laoke.shops.joins import clauses
from laoke.web import figures
from laoke.web.components.base import Words

SIGNALS: dict[str, Words] = {
    "memo_flag": _("备注插旗"),
    "burst": _("扎堆下单"),
    "reused_waybill": _("运单号重复用"),
    "shared_contact": _("多号同一联系方式"),
    "cluster": _("同地同时同款"),
    "no_trace": _("没有物流轨迹"),
    "paid_back": _("付完又退"),
    "same_goods": _("同款反复下单"),
    "new_accounts": _("新号扎堆"),
    "signed_soon": _("发出就签收"),
    "quick_confirm": _("很快确认收货"),
}
# What each signal looks at, for who sets its points.
MEANINGS: dict[str, Words] = {
    "memo_flag": _("卖家备注的旗帜是本店用来记刷单的颜色"),
    "burst": _("1 小时里，订单数 ÷ 买家数到了 3，这位和至少另一位买家各下了 3 单"),
    "reused_waybill": _("同一个运单号出现在两位以上买家的订单上"),
    "shared_contact": _("3 位以上买家用同一个电话或邮箱（只比摘要，不解密）"),
    "cluster": _("1 小时里，同一个区有 3 位以上买家买同一款"),
    "no_trace": _("签收了却没有任何在途记录，而同月大多数包裹都有"),
    "paid_back": _("发货后 3 天内把钱几乎全退了，没有退货"),
    "same_goods": _("同一买家 24 小时里把同一款下了 3 单以上"),
    "new_accounts": _("同一天同一款的买家大多只买过这一单，比本店平常多得多"),
    "signed_soon": _("从发出到签收不到 12 小时"),
    "quick_confirm": _("签收（不知道就按发货）后 24 小时内确认收货"),
}
DECISIONS: dict[str, Words] = {
    "confirmed": _("确认刷单"),
    "cleared": _("不是刷单"),
    "undecide": _("撤回决定"),
}


def evidence(reasons: list[dict[str, Any]]) -> str:
    """All reasons of an order on one line."""
    return clauses(_reason(reason) for reason in reasons)


def _reason(reason: Mapping[str, Any]) -> str:
    tell = _TOLD.get(reason["signal"])
    return tell(reason) if tell else str(SIGNALS.get(reason["signal"], reason["signal"]))


def _burst(found: Mapping[str, Any]) -> str:
    said = (
        gettext("1 小时里同款 %(orders)s 单只来自 %(buyers)s 个买家，每人 %(each)s 单（线 %(limit)s）")
        if found["goods"]
        else gettext("1 小时里全店 %(orders)s 单只来自 %(buyers)s 个买家，每人 %(each)s 单（线 %(limit)s）")
    )
    return said % {
        "orders": found["orders"], "buyers": found["buyers"],
        "each": f"{found['orders'] / found['buyers']:.1f}", "limit": LIMITS["burst_ratio"],
    }  # fmt: skip


def _cluster(found: Mapping[str, Any]) -> str:
    return gettext("1 小时里同区同款 %(orders)s 单、%(buyers)s 个买家（线 %(limit)s）") % {
        "orders": found["orders"], "buyers": found["buyers"], "limit": LIMITS["cluster_buyers"],
    }  # fmt: skip


def _waybill(found: Mapping[str, Any]) -> str:
    return gettext("运单号和另外 %(n)s 个买家的订单相同") % {"n": found["buyers"] - 1}


def _contact(found: Mapping[str, Any]) -> str:
    return gettext("%(n)s 个买家同一电话或邮箱（线 %(limit)s）") % {
        "n": found["buyers"], "limit": SHARED_CONTACT,
    }  # fmt: skip


def _same_goods(found: Mapping[str, Any]) -> str:
    return gettext("24 小时里自己把同款下了 %(n)s 单（线 %(limit)s）") % {
        "n": found["orders"], "limit": LIMITS["same_goods"],
    }  # fmt: skip


def _new_accounts(found: Mapping[str, Any]) -> str:
    return gettext("当天同款 %(orders)s 单里 %(single)s 单的买家只买过这一次（线 %(limit)s%%）") % {
        "orders": found["orders"], "single": found["single"], "limit": LIMITS["new_percent"],
    }  # fmt: skip


def _signed(found: Mapping[str, Any]) -> str:
    return gettext("发出 %(time)s就签收（线 12 小时）") % {"time": _spent(found["minutes"])}


def _confirmed(found: Mapping[str, Any]) -> str:
    said = (
        gettext("签收后 %(time)s确认收货（线 24 小时）")
        if found["signed"]
        else gettext("发货后 %(time)s确认收货（线 24 小时）")
    )
    return said % {"time": _spent(found["minutes"])}


def _paid_back(found: Mapping[str, Any]) -> str:
    return gettext("付 %(paid)s，发货后没退货就退了 %(back)s（线 95%%）") % {
        "paid": figures.yuan(found["paid_cents"]), "back": figures.yuan(found["cents"]),
    }  # fmt: skip


def _spent(minutes: int) -> str:
    return figures.duration(minutes * 60)


_TOLD: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "memo_flag": lambda found: gettext("备注插了 %(n)s 号旗") % {"n": found["flag"]},
    "burst": _burst,
    "reused_waybill": _waybill,
    "shared_contact": _contact,
    "cluster": _cluster,
    "no_trace": lambda found: gettext("签收了，没有一条在途记录"),
    "paid_back": _paid_back,
    "same_goods": _same_goods,
    "new_accounts": _new_accounts,
    "signed_soon": _signed,
    "quick_confirm": _confirmed,
}


def left_out(orders: int, cents: int) -> str:
    """`900 单、¥ 13.3万`."""
    said = ngettext("%(n)s 单、%(money)s", "%(n)s 单、%(money)s", orders)
    return said % {"n": figures.exact(orders), "money": figures.yuan_short(cents)}

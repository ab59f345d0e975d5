"""Words of the data's health: tables, kinds of facts, ways of missing, and what is compared with what."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from laoke.intake.reading.messages import row_is
from laoke.web.components.base import Words

TABLES: dict[str, Words] = {
    "orders": pgettext_lazy("table", "订单"),
    "order_states": _("订单的历史状态"),
    "order_lines": _("订单里的商品"),
    "waiting_lines": _("等着订单的商品行"),
    "refunds": pgettext_lazy("table", "退款"),
    "products": pgettext_lazy("table", "商品"),
    "list_prices": _("标价的历史"),
    "product_days": _("商品每日流量"),
    "traffic_days": _("店铺每日流量"),
    "ad_days": _("推广报表"),
    "money_moves": _("动账"),
    "shipment_events": _("物流轨迹"),
    "reviews": pgettext_lazy("table", "评价"),
    "customers": pgettext_lazy("table", "客户"),
    "person_map": _("谁和谁是一个人"),
    "customer_tags": pgettext_lazy("table", "标签"),
    "customer_reach": _("能不能触达"),
    "group_members": _("谁在群里"),
    "touches": _("触达记录"),
    "replies": _("谁回复过"),
    "service_cases": _("谁有过售后"),
    "order_flags": _("疑似刷单的标记"),
    "coupon_events": _("自有券的领用"),
    "points_events": _("积分的变动"),
    "lottery_draws": _("谁抽过奖"),
    "referrals": _("谁带来了谁"),
    "customer_features": _("客户特征"),
    "feature_lines": _("打分的线"),
    "customer_value": _("客户价值"),
}

GAPS: dict[str, tuple[Words, Words]] = {
    "uncovered": (_("没有文件说到这些天"), _("导出这些天的再导进来；重叠几天没关系，不会算两遍")),
    "partial": (_("导出时这天还没过完"), _("把这天再导出一次，补上后半天")),
    "silent": (_("文件里有这些天，却一行也没有"), _("看看导出时是不是选错了条件；真的没有就不用管")),
}


@dataclass(frozen=True)
class ComparisonWords:
    """What is compared: a title, what differs, what the two columns are, what to do."""

    title: Words
    left: Words
    right: Words
    advice: Words


COMPARED: dict[str, ComparisonWords] = {
    "lines_against_orders": ComparisonWords(
        _("商品行加起来不等于实付"),
        _("订单实付"),
        _("商品行合计"),
        _("多半是商品明细和订单报表导出的时间不同：把两份在同一天重新导出，先后导进来"),
    ),
    "refunds_against_orders": ComparisonWords(
        _("退成的钱比实付还多"),
        _("订单实付"),
        _("退款合计"),
        _("在卖家后台看这几单的售后；同一笔退款有两个编号时，留一个"),
    ),
    "money_against_orders": ComparisonWords(
        _("到账和订单对不上"),
        _("实付减退款"),
        _("到账"),
        _("收多了的看是不是补过差价；没到账的看是不是账单没导全"),
    ),
    "shop_days_against_orders": ComparisonWords(
        _("每日报表和订单差 5% 以上"),
        _("报表支付金额"),
        _("订单实付合计"),
        _("订单少了就补导那几天的订单；报表少了就重新导出报表"),
    ),
}

WAITING: dict[str, tuple[Words, Words]] = {
    "orders_without_customer": (
        _("没有买家的订单"),
        _("金额照算，认不出是谁；用带昵称或会员号的导出再导一次"),
    ),
    "lines_without_order": (_("等着订单的商品行"), _("把这些天的订单报表导进来就对上")),
    "refunds_without_order": (_("没有订单的退款"), _("把这些天的订单报表导进来就对上")),
    "moves_without_order": (_("没有订单的动账"), _("多半是更早的订单；要对账就补导那时的订单")),
    "shipments_without_order": (_("没有订单的物流"), _("把这些天的订单报表导进来就对上")),
    "reviews_without_order": (_("没有订单的评价"), _("把这些天的订单报表导进来就对上，评价的文字也认到人")),
}


def table_name(table: str) -> str:
    """A table in words; one that has none yet shows its name."""
    return str(TABLES.get(table, table))


def kind_name(kind: str) -> str:
    """What one row of a kind of fact is."""
    return str(TABLES["orders"]) if kind == "order" else row_is(kind)

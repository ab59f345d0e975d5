"""What a column can mean to Laoke: the roles of a mapping, their names, and which a file cannot do without."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from laoke.intake.reading.kinds import FACT_KINDS, FactGrain

# What one row of a file is: an order, a line of an order, or a fact of one of the kinds in `kinds.py`.
# `offer_report` counts what became of offers in the seller's back office: campaigns read it, no import does.
Grain = Literal["order", "line", "offer_report"] | FactGrain
# Files of orders: they alone tell who bought.
ORDER_GRAINS: tuple[Grain, ...] = ("order", "line")
GRAINS: tuple[Grain, ...] = (*ORDER_GRAINS, *get_args(FactGrain))
RoleKind = Literal["id", "money", "time", "count", "rate", "choice", "place", "text", "identity"]


@dataclass(frozen=True, slots=True)
class Role:
    """A meaning a column may have. `grains` says in which files of orders or lines it occurs; files of other facts name
    their roles in `kinds.py`."""

    name: str
    kind: RoleKind
    zh: str
    en: str
    grains: tuple[Grain, ...] = ("order", "line")


_BOTH: tuple[Grain, ...] = ("order", "line")
_ORDER: tuple[Grain, ...] = ("order",)
_LINE: tuple[Grain, ...] = ("line",)
_REPORT: tuple[Grain, ...] = ("offer_report",)

ROLES: dict[str, Role] = {
    role.name: role
    for role in (
        Role("order_id", "id", "订单编号", "order number", _BOTH),
        Role("created_at", "time", "下单时间", "placed at", _BOTH),
        Role("paid_at", "time", "付款时间", "paid at"),
        Role("shipped_at", "time", "发货时间", "shipped at"),
        Role("finished_at", "time", "确认收货时间", "receipt confirmed at"),
        Role("modified_at", "time", "最后修改时间", "last changed at"),
        Role("total", "money", "总金额（应付）", "total due"),
        Role("paid", "money", "实付金额", "paid"),
        Role("refunded", "money", "退款金额", "refunded"),
        Role("goods", "money", "货款", "goods"),
        Role("postage", "money", "邮费", "postage"),
        Role("seller_discount", "money", "店铺优惠", "shop discount"),
        Role("platform_discount", "money", "平台优惠", "platform discount"),
        Role("deposit", "money", "定金", "deposit"),
        Role("balance", "money", "尾款", "balance"),
        Role("settled", "money", "确认收货打款金额", "paid out to the shop"),
        Role("outstanding", "money", "还没付的金额", "still to be paid"),
        Role("status", "choice", "订单状态", "status"),
        Role("fulfilment", "choice", "发货状态", "fulfilment status"),
        Role("close_reason", "choice", "关闭原因", "close reason"),
        Role("channel", "choice", "是否手机订单", "placed on a phone"),
        Role("coupon_used", "choice", "用了优惠券", "coupon used"),
        Role("memo_flag", "choice", "旗帜", "memo flag"),
        Role("item_count", "count", "件数", "pieces", _ORDER),
        Role("titles", "text", "商品标题", "product titles", _ORDER),
        Role("address", "identity", "收货地址", "address"),
        Role("province", "place", "省份（国家）", "province or country", _BOTH),
        Role("city", "place", "城市", "city"),
        Role("district", "place", "区县", "district"),
        Role("nick", "identity", "买家昵称", "buyer nick", _BOTH),
        Role("member_id", "identity", "会员号", "customer number", _BOTH),
        Role("ouid", "identity", "买家 ouid", "buyer ouid"),
        Role("omid", "identity", "买家 omid", "buyer omid"),
        Role("phone", "identity", "手机", "mobile phone", _BOTH),
        Role("landline", "identity", "电话", "landline"),
        Role("email", "identity", "邮箱", "e-mail", _BOTH),
        Role("alipay_account", "identity", "支付宝账号", "Alipay account"),
        Role("receiver_name", "identity", "收货人", "receiver"),
        Role("buyer_message", "identity", "买家留言", "buyer's message"),
        Role("seller_memo", "identity", "商家备注", "shop's memo"),
        Role("waybill", "identity", "物流单号", "waybill"),
        Role("product_id", "id", "商品编码", "product code", _LINE),
        Role("title", "text", "商品名称", "product title", _LINE),
        Role("quantity", "count", "数量", "quantity", _LINE),
        Role("unit_price", "money", "单价", "unit price", _LINE),
        Role("line_id", "id", "子订单编号", "number of the line", _LINE),
        Role("sku", "text", "规格", "variant", _LINE),
        Role("outer_code", "text", "商家编码", "the shop's own code", _LINE),
        Role("line_paid", "money", "这一行的实付金额", "paid for the line", _LINE),
        Role("line_refunded", "money", "这一行的退款金额", "refunded for the line", _LINE),
        Role("line_status", "text", "这件的状态", "state of the item", ()),
        Role("category", "text", "类目", "category", ()),
        Role("list_price", "money", "标价", "list price", ()),
        Role("cost", "money", "成本或花费", "cost", ()),
        Role("season", "text", "季节", "season", ()),
        Role("listed_at", "time", "上架时间", "listed at", ()),
        Role("stock", "count", "库存", "stock", ()),
        Role("date", "time", "日期", "date", ()),
        Role("impressions", "count", "展现量", "impressions", ()),
        Role("clicks", "count", "点击量", "clicks", ()),
        Role("visitors", "count", "访客数", "visitors", ()),
        Role("dwell_average", "rate", "平均停留（秒）", "average seconds on the page", ()),
        Role("bounce_rate", "rate", "跳出率", "bounce rate", ()),
        Role("inquiries", "count", "咨询人数", "visitors who asked", ()),
        Role("favourites", "count", "收藏人数", "favourites", ()),
        Role("cart_adds", "count", "加购人数", "cart adds", ()),
        Role("buyers", "count", "支付买家数", "paying buyers", ()),
        Role("units", "count", "支付件数", "pieces paid", ()),
        Role("orders", "count", "支付订单数", "paid orders", ()),
        Role("sales", "money", "支付金额", "paid amount", ()),
        Role("source", "text", "流量来源", "traffic source", ()),
        Role("plan", "text", "推广计划", "advertising plan", ()),
        Role("cost_site", "money", "全站推广花费", "spent on site-wide advertising", ()),
        Role("cost_keyword", "money", "关键词推广花费", "spent on keywords", ()),
        Role("cost_crowd", "money", "人群推广花费", "spent on audiences", ()),
        Role("cost_scene", "money", "场景推广花费", "spent on scenes", ()),
        Role("refund_id", "id", "退款编号", "refund number", ()),
        Role("refund_amount", "money", "退款金额", "amount refunded", ()),
        Role("refund_kind", "choice", "退款类型", "kind of refund", ()),
        Role("refund_phase", "choice", "售中或售后", "during or after the sale", ()),
        Role("refund_reason", "text", "退款原因", "reason for the refund", ()),
        Role("refund_state", "choice", "退款状态", "state of the refund", ()),
        Role("asked_at", "time", "申请时间", "asked for at", ()),
        Role("settled_at", "time", "完结时间", "settled at", ()),
        Role("flow_id", "id", "流水号", "flow number", ()),
        Role("move_kind", "text", "收支类型", "kind of movement", ()),
        Role("booked_at", "time", "入账时间", "booked at", ()),
        Role("booked_day", "text", "入账日期", "day it was booked", ()),
        Role("income", "money", "收入", "income", ()),
        Role("expense", "money", "支出", "expense", ()),
        Role("amount", "money", "金额（有正负）", "amount with its sign", ()),
        Role("event", "choice", "物流状态", "what happened", ()),
        Role("event_at", "time", "物流时间", "when it happened", ()),
        Role("carrier", "text", "快递公司", "carrier", ()),
        Role("rating", "choice", "评分", "rating", ()),
        Role("score_description", "choice", "描述相符", "as described", ()),
        Role("score_service", "choice", "服务态度", "service", ()),
        Role("score_logistics", "choice", "物流服务", "logistics", ()),
        Role("reviewed_at", "time", "评价时间", "reviewed at", ()),
        Role("photos", "choice", "晒图", "pictures", ()),
        Role("joined_at", "time", "成为客户的时间", "customer since", ()),
        Role("level", "text", "会员等级", "level", ()),
        Role("birthday", "identity", "生日", "birthday", ()),
        Role("tags", "identity", "标签", "tags", ()),
        Role("accepts_sms", "identity", "愿意收短信", "wants text messages", ()),
        Role("accepts_email", "identity", "愿意收邮件", "wants e-mail", ()),
        Role("accepts_for", "identity", "愿意用于什么", "for what purposes", ()),
        Role("review_title", "identity", "评价标题", "title of the review", ()),
        Role("review_text", "identity", "评价内容", "words of the review", ()),
        Role("review_more", "identity", "追评内容", "words added later", ()),
        Role("activity_id", "id", "活动号或券号", "number of the activity or coupon", _REPORT),
        Role("offer_name", "text", "活动或券的名称", "name of the activity or coupon", _REPORT),
        Role("issued", "count", "发行", "issued", _REPORT),
        Role("taken", "count", "领取", "taken", _REPORT),
        Role("used", "count", "使用", "used", _REPORT),
        Role("counted_until", "time", "统计到", "counted until", _REPORT),
    )
}

# Each group is satisfied by any one of its roles.
REQUIRED: dict[Grain, tuple[tuple[str, ...], ...]] = {
    "order": (("order_id",), ("created_at",), ("total", "paid")),
    "line": (
        ("order_id",),
        ("created_at",),
        ("product_id", "outer_code", "title"),
        ("quantity",),
        ("unit_price", "line_paid", "total", "paid"),
    ),
    "offer_report": (("activity_id", "offer_name"), ("issued", "taken", "used")),
    **{kind.grain: kind.required for kind in FACT_KINDS.values()},
}

# Where a file of lines tells any of these, its orders have a state and money of their own; else every row is a sale
# that is over.
TELLS_ORDERS = ("status", "paid_at", "total", "paid", "line_paid")

IDENTITY_ROLES = tuple(role.name for role in ROLES.values() if role.kind == "identity")

# Of these nothing is kept from a file whose rows are orders.
UNKEPT_ROLES = frozenset({"landline", "waybill"})

# Of an address the first word tells the province, the first three the district.
ADDRESS_HEAD = 3
PRICE_PLACES = 4


def decimal_places(role: str) -> int:
    """Decimal places that a number of this role is read with: none of a count, cents of money, more of a unit price."""
    if ROLES[role].kind == "count":
        return 0
    return PRICE_PLACES if role == "unit_price" else 2


def roles_of(grain: Grain) -> tuple[Role, ...]:
    """The roles a file of this grain may map, in the order a mapping page shows them."""
    if grain in FACT_KINDS:
        return tuple(ROLES[name] for name in FACT_KINDS[grain].roles)
    return tuple(role for role in ROLES.values() if grain in role.grains)


def plays(role: str, grain: Grain) -> bool:
    """Whether a file of this grain may map the role."""
    if grain in FACT_KINDS:
        return role in FACT_KINDS[grain].roles
    return role in ROLES and grain in ROLES[role].grains


def missing_roles(mapped: set[str], grain: Grain) -> tuple[str, ...]:
    """One role per unsatisfied requirement, the first of its group."""
    return tuple(group[0] for group in REQUIRED[grain] if mapped.isdisjoint(group))

"""What a column can mean to Laoke: the roles of a mapping, their names, and which a file cannot do without."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Grain = Literal["order", "line"]
RoleKind = Literal["id", "money", "time", "count", "choice", "place", "text", "identity"]


@dataclass(frozen=True, slots=True)
class Role:
    """A meaning a column may have. `grains` are the kinds of file it occurs in."""

    name: str
    kind: RoleKind
    zh: str
    en: str
    grains: tuple[Grain, ...] = ("order",)


_BOTH: tuple[Grain, ...] = ("order", "line")
_LINE: tuple[Grain, ...] = ("line",)

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
        Role("status", "choice", "订单状态", "status"),
        Role("close_reason", "choice", "关闭原因", "close reason"),
        Role("channel", "choice", "是否手机订单", "placed on a phone"),
        Role("coupon_used", "choice", "用了优惠券", "coupon used"),
        Role("memo_flag", "choice", "旗帜", "memo flag"),
        Role("item_count", "count", "件数", "pieces"),
        Role("titles", "text", "商品标题", "product titles"),
        Role("address", "identity", "收货地址", "address", ("order",)),
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
    )
}

# Each group is satisfied by any one of its roles.
REQUIRED: dict[Grain, tuple[tuple[str, ...], ...]] = {
    "order": (("order_id",), ("created_at",), ("total", "paid")),
    "line": (("order_id",), ("created_at",), ("product_id",), ("quantity",), ("unit_price",)),
}

IDENTITY_ROLES = tuple(role.name for role in ROLES.values() if role.kind == "identity")

# Of an address the first word tells the province, the first three the district.
ADDRESS_HEADS = (1, 3)
PRICE_PLACES = 4


def decimal_places(role: str) -> int:
    """Decimal places that a number of this role is read with: none of a count, cents of money, more of a unit price."""
    if ROLES[role].kind == "count":
        return 0
    return PRICE_PLACES if role == "unit_price" else 2


def roles_of(grain: Grain) -> tuple[Role, ...]:
    """The roles a file of this grain may map, in the order a mapping page shows them."""
    return tuple(role for role in ROLES.values() if grain in role.grains)


def missing_roles(mapped: set[str], grain: Grain) -> tuple[str, ...]:
    """One role per unsatisfied requirement, the first of its group."""
    return tuple(group[0] for group in REQUIRED[grain] if mapped.isdisjoint(group))

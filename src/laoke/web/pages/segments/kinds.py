"""What a row of the builder may ask, in the groups of its menu, and which controls it then has."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from laoke.audiences.tree import (
    CHANNELS,
    CONTACTS,
    COUPON_MEASURES,
    DRAW_MEASURES,
    EXPECTED,
    GOODS,
    HIGHS,
    MONTHS,
    POINT_MEASURES,
    REFUND_KINDS,
    REWARD_MEASURES,
    TRAITS,
)
from laoke.audiences.wording import CASE_NAMES, CASE_STATE_NAMES
from laoke.web.components.base import Words
from laoke.web.pages.customers import words

KIND_GROUPS: tuple[tuple[Words, dict[str, Words]], ...] = (
    (
        _("购买"),
        {
            "bought": _("购买次数"), "spent": _("消费金额"), "net_spent": _("减退款后的消费"),
            "average_order": _("平均每次消费"), "items": _("购买件数"), "full_price": _("全价下单数"),
            "last_order": _("最近一次购买"), "first_order": _("首次购买"),
        },
    ),
    (
        _("商品"),
        {
            "bought_product": _("买过商品"), "bought_category": _("买过类目"), "items_of_product": _("商品件数"),
            "items_of_category": _("类目件数"), "spent_on_product": _("花在商品上"),
            "spent_on_category": _("花在类目上"),
            "bought_priced": _("买过的单价"), "sequence": _("买了这个再买那个"),
        },
    ),
    (
        _("优惠、退款、评价"),
        {
            "used_coupon": _("用券单数"), "coupon_share": _("用券订单占比"), "refunded": _("退款金额"),
            "refund_share": _("退款占消费"), "refund_times": _("退款次数"), "reviewed": _("评价次数"),
            "holds_coupon": _("手里的自有券"), "used_code": _("用掉的自有券"),
            "had_case": _("售后次数"),
        },
    ),
    (
        _("积分、抽奖、老带新"),
        {
            "points_held": _("手里能用的积分"), "points_ending": _("快到期的积分"), "points_earned": _("得到的积分"),
            "points_used": _("用掉的积分"), "drew": _("抽奖次数"), "won": _("中奖次数"), "brought": _("带来的朋友"),
            "was_brought": _("被老客带来的次数"),
        },
    ),
    (
        _("阶段和分数"),
        {
            "lifecycle": _("生命周期"), "group": _("分组"), "rfm": _("RFM 分类"), "r_score": _("R 分"),
            "f_score": _("F 分"), "m_score": _("M 分"), "fm_score": _("F 与 M 的平均分"), "high": _("高于店铺的线"),
            "rfm_orders": _("计入 F 的次数"), "rfm_spent": _("计入 M 的金额"),
        },
    ),
    (
        _("习惯"),
        {
            "mean_gap": _("平均隔几天买"), "overdue": _("该来没来"), "usual_hour": _("常买的钟点"),
            "usual_weekday": _("常买的星期"), "bought_month": _("买过的月份"),
        },
    ),
    (
        _("这个人"),
        {
            "city": _("城市"), "province": _("省份"), "city_tier": _("城市级别"), "platform_level": _("平台等级"),
            "birthday": _("快到生日"), "birthday_month": _("生日月份"), "tag": _("标签"), "in_group": _("在群里"),
            "has": _("留有"),
        },
    ),
    (
        _("触达"),
        {
            "reachable": _("可触达"), "consent": _("同意接收"), "touched": _("触达次数"), "delivered": _("送达次数"),
            "answered": _("回复次数"),
        },
    ),
    (
        _("往后"),
        {
            "expected_orders": _("预计购买次数"), "expected_spend": _("预计消费"),
            "active_probability": _("还是客户的机会"),
        },
    ),
    (
        _("其他"),
        {
            "segment": _("在另一个人群里"), "random_share": _("随机抽一部分"), "everyone": _("所有人"),
            "text": _("文字写法"),
        },
    ),
)  # fmt: skip
KINDS: dict[str, Words] = {kind: label for _label, kinds in KIND_GROUPS for kind, label in kinds.items()}
CLOSED: dict[str, Mapping[str, Words]] = {
    "lifecycle": words.LIFECYCLES,
    "group": words.GROUPS,
    "rfm": words.RFM,
    "city_tier": {"first": _("一线城市"), "new_first": _("新一线城市")},
    "usual_weekday": dict(
        zip(("mon", "tue", "wed", "thu", "fri", "sat", "sun"), words.WEEKDAYS, strict=True)
    ),
    "bought_month": {month: month for month in MONTHS},
    "birthday_month": {month: month for month in MONTHS},
}
CONTACT_WORDS: dict[str, Words] = {"phone": _("手机号"), "email": _("邮箱"), "nick": _("昵称")}
_HIGH_WORDS: dict[str, Words] = {"recency": _("最近购买"), "frequency": _("购买次数"), "money": _("金额")}
_REFUND_WORDS: dict[str, Words] = {"money": _("仅退款"), "goods": _("退货退款")}
_CHANNELS: dict[str, Words] = {name: words.CHANNELS[name] for name in CHANNELS}
_ANY_CHANNEL: dict[str, Words] = {"": _("哪个渠道都算"), **_CHANNELS}
# What a row's select offers, '' first where any will do.
CHOICES: dict[str, Mapping[str, Words]] = {
    "has": {name: CONTACT_WORDS[name] for name in CONTACTS},
    "high": {name: _HIGH_WORDS[name] for name in HIGHS},
    "refund_times": {"": _("哪种都算"), **{name: _REFUND_WORDS[name] for name in REFUND_KINDS}},
    "had_case": {"": _("哪种都算"), **CASE_NAMES},
    "reachable": _CHANNELS,
    "consent": _CHANNELS,
    "touched": _ANY_CHANNEL,
    "delivered": _ANY_CHANNEL,
    "answered": _ANY_CHANNEL,
}
CASE_STATES: dict[str, Words] = {"": _("办没办完都算"), **CASE_STATE_NAMES}
STEPS: dict[str, Words] = {
    "bought": _("买过"), "product": _("买过标题含"), "category": _("买过类目含"), "touched": _("收到过消息"),
    "answered": _("回复过"),
}  # fmt: skip
UNITS: dict[str, Words] = {
    "had_case": _("次"),
    "bought": _("次"), "items": _("件"), "used_coupon": _("单"), "full_price": _("单"), "refund_times": _("次"),
    "touched": _("次"), "delivered": _("次"), "answered": _("次"), "reviewed": _("次"), "bought_product": _("次"),
    "bought_category": _("次"), "bought_priced": _("次"), "items_of_product": _("件"), "items_of_category": _("件"),
    "spent_on_product": _("元"), "spent_on_category": _("元"), "mean_gap": _("天"), "overdue": "%",
    "expected_orders": _("次"), "expected_spend": _("元"), "active_probability": "%",
    "holds_coupon": _("张"), "used_code": _("张"), "usual_hour": _("点"), "rfm_orders": _("次"), "rfm_spent": _("元"),
    **dict.fromkeys(("r_score", "f_score", "m_score", "fm_score", *POINT_MEASURES), _("分")),
    "drew": _("次"), "won": _("次"), "brought": _("位"), "was_brought": _("次"),
}  # fmt: skip
_FORMS: dict[str, str] = {
    "had_case": "cases",
    **dict.fromkeys(("reachable", "consent", "has", "high"), "choice"),
    **dict.fromkeys(("refund_times", "touched", "delivered", "answered"), "kinded"),
    **dict.fromkeys(("bought_product", *GOODS), "product"),
    **dict.fromkeys(COUPON_MEASURES, "coupons"),
    **dict.fromkeys(REWARD_MEASURES, "rewards"),
    **dict.fromkeys(DRAW_MEASURES, "draws"),
    "points_ending": "points_ending",
    **dict.fromkeys(EXPECTED, "expected"),
    **dict.fromkeys(TRAITS, "trait"),
    **dict.fromkeys(("coupon_share", "refund_share"), "share"),
    **dict.fromkeys(CLOSED, "closed"),
    **dict.fromkeys(("city", "province", "platform_level"), "values"),
    **dict.fromkeys(("last_order", "first_order"), "day"),
    **dict.fromkeys(("bought", "items", "used_coupon", "full_price"), "count"),
    **dict.fromkeys(("spent", "net_spent", "refunded", "average_order"), "money"),
}


def form_of(kind: str) -> str:
    """Which controls a row of this kind has; the rest have their own."""
    return _FORMS.get(kind, kind)

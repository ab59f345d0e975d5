"""The words of the filter language: canonical names, their Chinese twins, and which name was probably meant."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from laoke.audiences.tree import (
    CASE_KINDS,
    CASE_STATES,
    CHANNELS,
    CLOSED_VALUES,
    CONTACTS,
    COUPON_MEASURES,
    DAY_FIELDS,
    EXPECTED,
    GOODS,
    HIGHS,
    MEASURES,
    REFUND_KINDS,
    REWARD_MEASURES,
    TEXT_FIELDS,
    TOUCH_MEASURES,
    TRAITS,
)

CONDITION_NAMES = (
    *MEASURES, *DAY_FIELDS, *TEXT_FIELDS, *TRAITS, *GOODS, *TOUCH_MEASURES, *EXPECTED, "tag", "in_group", "consent",
    "reachable", "has", "bought_product", "bought_priced", "reviewed", "refund_times", "high", "birthday", "segment",
    "random_share", "had_case",
    "everyone", *COUPON_MEASURES, *REWARD_MEASURES,
)  # fmt: skip
# Longer words are no misspelling of ours, and the distance of long words takes long.
LONGEST_GUESSED = 40

# A word as typed → the word of the language.
CHINESE_CONDITIONS: Mapping[str, str] = {
    "买过": "bought", "购买": "bought", "件数": "items", "用过券": "used_coupon", "消费": "spent", "花费": "spent",
    "净消费": "net_spent", "退款": "refunded", "笔单价": "average_order",
    "最近购买": "last_order", "首次购买": "first_order",
    "城市": "city", "省份": "province", "生命周期": "lifecycle", "分组": "group", "标签": "tag", "同意": "consent",
    "可触达": "reachable", "有": "has", "买过商品": "bought_product", "所有人": "everyone", "全部": "everyone",
    "全价单": "full_price", "用券占比": "coupon_share", "退款占比": "refund_share",
    "买过类目": "bought_category", "商品件数": "items_of_product", "类目件数": "items_of_category",
    "商品消费": "spent_on_product", "类目消费": "spent_on_category", "买过单价": "bought_priced",
    "评价": "reviewed", "评价过": "reviewed", "退款次数": "refund_times", "触达": "touched", "触达过": "touched",
    "送达": "delivered", "平均间隔": "mean_gap", "超期": "overdue", "最近分": "r_score", "频次分": "f_score",
    "金额分": "m_score", "综合分": "fm_score", "常买钟点": "usual_hour", "计分次数": "rfm_orders",
    "计分金额": "rfm_spent", "高于": "high", "生日": "birthday", "生日月": "birthday_month",
    "常买星期": "usual_weekday", "购买月份": "bought_month", "城市级别": "city_tier", "平台等级": "platform_level",
    "售后": "had_case", "有过售后": "had_case",
    "人群": "segment", "随机": "random_share", "在群": "in_group", "持有券": "holds_coupon", "用过券码": "used_code",
    "回复": "answered", "回复过": "answered", "预计次数": "expected_orders", "预计消费": "expected_spend",
    "活跃概率": "active_probability",
    "持有积分": "points_held", "到期积分": "points_ending", "得到积分": "points_earned", "用掉积分": "points_used",
    "抽奖": "drew", "抽过奖": "drew", "中奖": "won", "中过奖": "won", "带来朋友": "brought", "被带来": "was_brought",
}  # fmt: skip
KEYWORDS: Mapping[str, str] = {
    "and": "and", "or": "or", "not": "not", "in": "in", "within": "within",
    "且": "and", "并且": "and", "或": "or", "或者": "or",
    "非": "not", "不": "not", "没有": "not", "属于": "in", "近": "within", "then": "then", "然后": "then",
    "未来": "ahead",
}  # fmt: skip
# Words that stand inside the brackets of one condition only.
OPTIONS: Mapping[str, str] = {"rating": "rating", "星级": "rating", "photo": "photo", "有图": "photo"}
CHINESE_VALUES: Mapping[str, Mapping[str, str]] = {
    "group": {"忠诚": "loyal", "活跃": "active", "一般": "ordinary"},
    "lifecycle": {
        "潜客": "prospect", "新客": "new_customer", "活跃": "active", "沉默": "silent", "沉睡": "dormant",
        "预流失": "nearly_lost", "流失": "lost",
    },
    "rfm": {
        "重要价值": "key_value", "重要唤回": "key_recall", "重要发展": "key_develop", "重要挽留": "key_retain",
        "一般价值": "general_value", "一般保持": "general_keep", "一般发展": "general_new", "一般挽留": "general_lost",
    },
    "channel": {"短信": "sms", "邮件": "email", "电话": "call", "名单导出": "handover", "名单": "handover"},
    "contact": {"手机": "phone", "手机号": "phone", "邮箱": "email", "昵称": "nick"},
    "high": {"最近": "recency", "频次": "frequency", "金额": "money"},
    "refund": {"仅退款": "money", "退货退款": "goods", "退货": "goods"},
    "case": {
        "退换货": "return", "退款": "refund", "物流": "delay", "质量": "quality", "差评": "review", "别的": "other",
    },
    "case_state": {"没完": "open", "办完": "closed"},
    "city_tier": {"一线": "first", "新一线": "new_first"},
    "usual_weekday": {
        "周一": "mon", "周二": "tue", "周三": "wed", "周四": "thu", "周五": "fri", "周六": "sat", "周日": "sun",
    },
    "bought_month": {}, "birthday_month": {},
}  # fmt: skip
ALLOWED_VALUES: Mapping[str, tuple[str, ...]] = {
    **CLOSED_VALUES, "channel": CHANNELS, "contact": CONTACTS, "high": HIGHS, "refund": REFUND_KINDS,
    "case": CASE_KINDS, "case_state": CASE_STATES,
}  # fmt: skip


def condition_name(word: str) -> str | None:
    """The condition a word stands for, or None."""
    lowered = word.lower()
    return lowered if lowered in CONDITION_NAMES else CHINESE_CONDITIONS.get(word)


def keyword(word: str) -> str | None:
    """The joining word a word stands for, or None."""
    return KEYWORDS.get(word.lower())


def closed_value(field: str, word: str) -> str | None:
    """The value of a closed list that a word stands for, or None."""
    if word.lower() in ALLOWED_VALUES[field]:
        return word.lower()
    twins = CHINESE_VALUES[field]
    return twins.get(word) or twins.get(word.removesuffix("客户"))


def nearest(word: str, known: Iterable[str], most: int = 6) -> tuple[str, ...]:
    """The known words by edit distance, the nearest first; letters shared at the beginning count for a word."""
    typed = word[:LONGEST_GUESSED].lower()

    def far(one: str) -> int:
        return _distance(typed, one) - _shared(typed, one)

    return tuple(sorted(known, key=lambda one: (far(one), one))[:most])


def _shared(first: str, second: str) -> int:
    """How many letters the words share at the beginning."""
    return next(
        (at for at, (one, other) in enumerate(zip(first, second, strict=False)) if one != other),
        min(len(first), len(second)),
    )


def _distance(first: str, second: str) -> int:
    """Letters to insert, delete or replace (Levenshtein)."""
    above = list(range(len(second) + 1))
    for row, letter in enumerate(first, start=1):
        line = [row]
        for column, other in enumerate(second, start=1):
            line.append(min(above[column] + 1, line[-1] + 1, above[column - 1] + (letter != other)))
        above = line
    return above[-1]

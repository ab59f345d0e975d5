"""The words of an export for the state of an order, for its channel and for flags, as Laoke's own values."""

from __future__ import annotations

from typing import Final

STATUSES: Final = (
    "unpaid",
    "paid",
    "partly_shipped",
    "shipped",
    "signed",
    "finished",
    "closed_unpaid",
    "closed_refunded",
)
RANKS: Final = (0, 1, 2, 3, 4, 5, 5, 5)
UNPAID, PAID, PARTLY_SHIPPED, SHIPPED, FINISHED, CLOSED_UNPAID, CLOSED_REFUNDED = 0, 1, 2, 3, 5, 6, 7
CLOSED, NOT_TOLD, UNKNOWN = 8, 9, 10  # one word for both ways of closing; no word; a word we do not know

_WORDS: Final = {
    "unpaid": (
        "等待买家付款 待付款 未付款 付款确认中 "
        "TRADE_NO_CREATE_PAY WAIT_BUYER_PAY PAY_PENDING WAIT_PRE_AUTH_CONFIRM "
        "待支付 等待付款 等待付款确认 PENDING AUTHORIZED ON-HOLD CREATED"
    ),
    "paid": (
        "买家已付款,等待卖家发货 买家已付款 等待卖家发货 待发货 已付款 等待发货 "
        "WAIT_SELLER_SEND_GOODS PAID_FORBID_CONSIGN "
        "已支付 备货中 待配货 待成团 等待出库 锁定 锁定订单 "
        "PAID PARTIALLY_PAID PARTIALLY_REFUNDED PROCESSING APPROVED INVOICED"
    ),
    "partly_shipped": "部分发货 卖家部分发货 SELLER_CONSIGNED_PART PARTIAL",
    "shipped": (
        "卖家已发货,等待买家确认 卖家已发货 等待买家确认收货 等待买家确认 已发货 待收货 WAIT_BUYER_CONFIRM_GOODS "
        "已发货,待收货 已发货,待签收 等待确认收货 SHIPPED FULFILLED"
    ),
    "signed": "买家已签收 已签收 TRADE_BUYER_SIGNED DELIVERED",
    "finished": "交易成功 已完成 交易完成 已收货 完成 TRADE_FINISHED COMPLETED",
    "closed_unpaid": "TRADE_CLOSED_BY_TAOBAO VOIDED EXPIRED FAILED",
    "closed_refunded": (
        "TRADE_CLOSED 退款成功 已退款 未发货,退款成功 已发货,退款成功 已收货,退款成功 已签收,退款成功 未成交,退款成功 "
        "已取消,退款成功 REFUNDED"
    ),
}
_CODES: Final = {
    word: STATUSES.index(status) for status, words in _WORDS.items() for word in words.split()
} | dict.fromkeys(
    ("交易关闭", "已关闭", "交易取消", "已取消", "关闭", "CANCELLED", "CANCELED", "UNAVAILABLE"), CLOSED
)
# JD writes what it did to an order before the state that the order had then.
_TAKEN_BACK, _LOCKED = "(删除)", "(锁定)"
_HALF_WIDTH: Final = str.maketrans("，（）", ",()")
_YES: Final = frozenset(["是", "有", "y", "yes", "true", "1", "已使用", "使用"])
_NO: Final = frozenset(["", "否", "无", "n", "no", "false", "0", "未使用"])
_FLAGS: Final = {"红": 1, "黄": 2, "绿": 3, "蓝": 4, "紫": 5}


def status_code(text: str) -> int:
    """Index into STATUSES, or CLOSED, NOT_TOLD, UNKNOWN. Full and half-width commas and blanks do not matter."""
    word = "".join(text.translate(_HALF_WIDTH).split()).removeprefix(_LOCKED).removeprefix("wc-")
    if not word or word in ("-", "—", "——"):
        return NOT_TOLD
    if word.startswith(_TAKEN_BACK):
        return CLOSED
    return _CODES.get(word, _CODES.get(word.upper(), UNKNOWN))


def tells_refund(close_reason: str) -> bool:
    """Whether a reason for closing speaks of money given back."""
    return "退款" in close_reason or "退货" in close_reason


def channel_of(text: str) -> str:
    """mobile for 手机订单 and its like, pc for anything else in the column."""
    word = text.strip().lower()
    return (
        "mobile"
        if word in _YES or any(mark in word for mark in ("手机", "无线", "移动", "mobile", "wap", "app"))
        else "pc"
    )


def is_yes(text: str) -> bool:
    """是 and its like; any other filled cell (a coupon's name or amount) counts as yes too."""
    word = text.strip().lower()
    return word in _YES or word not in _NO


def flag_of(text: str) -> int:
    """Colour of the seller's flag: 1 red, 2 yellow, 3 green, 4 blue, 5 purple, 0 none."""
    word = text.strip()
    if word.isascii() and word.isdigit() and len(word) == 1:
        return int(word)
    return next((flag for mark, flag in _FLAGS.items() if mark in word), 0)

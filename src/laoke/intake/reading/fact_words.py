"""The words of exports for refunds, parcels and reviews, as the tables' own values. An unknown word gives None."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

REFUNDED, REFUND_CLOSED = "退款成功", "退款关闭"

_EVENTS: Final = {
    "exception": "异常 拒签 拒收 退回 丢失 破损 FAILED LOST",
    "signed": "签收 妥投 已取件 SIGNED",
    "out_for_delivery": "派送 派件 投递 SENT_SCAN",
    "arrived_city": "到达目的 SENT_CITY",
    "in_transit": "运输 中转 在途 到达 离开 ARRIVAL DEPARTURE",
    "shipped": "发货 揽收 揽件 收件 CONSIGN GOT CREATE",
}


def refund_kind(text: str) -> str | None:
    """goods when something is sent back, else money. A column 是否需要退货 says 是 or 否."""
    word = text.strip()
    if word in ("是", "需要", "需要退货", "TRUE", "true", "1"):
        return "goods"
    return "goods" if "退货" in word and not word.startswith(("不", "无需", "未", "仅")) else "money"


def refund_phase(text: str) -> str | None:
    """during (before the receipt was confirmed), after, or '' where the file does not tell."""
    word = text.strip()
    if "售后" in word or word == "aftersale":
        return "after"
    return "during" if "售中" in word or word == "onsale" else ""


def refund_state(text: str) -> str | None:
    """One word each for money given back and for a case closed without; other states stay as exported."""
    word = text.strip().replace(",", "，")
    if "退款成功" in word or word in ("success", "SUCCESS"):
        return REFUNDED
    if word.endswith("关闭") or word in ("CLOSED", "已撤销", "换货成功", "补寄成功", "维修成功"):
        return REFUND_CLOSED
    return word[:200] or None


def shipment_event(text: str) -> str | None:
    """What happened to a parcel, from the platform's code or the words of a trace."""
    word = text.strip()
    for kind, marks in _EVENTS.items():
        if any(mark in word for mark in marks.split()):
            return kind
    return None


_STARS: Final = {
    "5": "好评 很好 非常好 五星 GOOD POSITIVE",
    "4": "四星",
    "3": "中评 一般 三星 NEUTRAL",
    "2": "二星 两星",
    "1": "差评 很差 一星 BAD NEGATIVE",
}
_NO_PHOTO: Final = frozenset({"", "0", "否", "无", "没有", "FALSE", "NO", "N", "-", "——", "[]"})


def stars(text: str) -> str | None:
    """1 … 5: a figure, with its word behind it or not; 好评 is 5, 中评 3, 差评 1."""
    word = text.strip().upper().removesuffix("颗星").removesuffix("星").removesuffix("分").strip()
    figure, _, cents = word.partition(".")
    if figure in _STARS and not cents.strip("0"):
        return figure
    words = (text.strip().upper(), word)
    return next((star for star, known in _STARS.items() if any(one in known.split() for one in words)), None)


def part_score(text: str) -> str | None:
    """Stars of one side of a sale; '' where none are given."""
    return "" if text.strip() in ("", "-", "——", "0") else stars(text)


def has_photo(text: str) -> str | None:
    """Whether pictures belong to it: a yes, how many there are, or where they lie. The pictures are not read."""
    return "false" if text.strip().upper() in _NO_PHOTO else "true"


WORDS: Final[dict[str, Callable[[str], str | None]]] = {
    "refund_kind": refund_kind,
    "refund_phase": refund_phase,
    "refund_state": refund_state,
    "event": shipment_event,
    "rating": stars,
    "score_description": part_score,
    "score_service": part_score,
    "score_logistics": part_score,
    "photos": has_photo,
}

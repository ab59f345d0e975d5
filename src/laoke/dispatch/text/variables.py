"""The variables a message may carry, how long their values usually are, and what stands in for a missing one.

Lengths follow RULES 8.3 and decide the preview; `fallback` replaces values that are missing or masked.
"""

from dataclasses import dataclass

from laoke.dispatch.text.length import has_emoji


@dataclass(frozen=True)
class Variable:
    """One variable. Lengths are characters; `fallback` "" means that a message without a value cannot go."""

    name: str
    shortest: int
    usual: int
    longest: int
    sample: str
    fallback: str = ""
    shortens: bool = False

    def example(self, length: int) -> str:
        """A value of exactly that many characters: the sample, cut or repeated."""
        return (self.sample * (length // len(self.sample) + 1))[:length]


VARIABLES: dict[str, Variable] = {
    variable.name: variable
    for variable in (
        Variable("buyer_nick", 1, 8, 25, "小雨的花园", fallback="亲"),
        Variable("receiver_name", 1, 3, 25, "王小圆", fallback="亲"),
        Variable("shop_name", 2, 6, 12, "老客旗舰店"),
        Variable("item_title", 2, 10, 20, "加厚羊毛围巾女秋冬款", shortens=True),
        Variable("order_no", 15, 19, 19, "2018110112345678901"),
        Variable("order_time", 6, 8, 8, "11日10:30"),
        Variable("ship_time", 5, 7, 7, "11月12日"),
        Variable("carrier", 2, 4, 5, "圆通速递"),
        Variable("waybill", 10, 13, 20, "7312345678901"),
        Variable("city", 2, 3, 10, "杭州市"),
        Variable("amount", 1, 5, 9, "128.5"),
        Variable("coupon_name", 2, 6, 12, "满减优惠券", shortens=True),
        Variable("coupon_value", 1, 2, 4, "20"),
        Variable("coupon_end", 4, 6, 11, "11月12日"),
        Variable("points", 1, 3, 7, "320"),
        Variable("member_level", 2, 3, 6, "金牌会员"),
        Variable("birthday", 4, 5, 6, "11月11日"),
        Variable("short_link", 20, 20, 20, "https://t.cn/A6x9Kq2"),
    )
}


def fitting_value(variable: Variable, raw: str | None, value_max: int | None) -> str | None:
    """The value as it may stand in a text; None when there is none and nothing may stand in for it.

    Masked values (张**), emoji and values above the gateway's limit give way to the fallback; titles are
    shortened with an ellipsis instead.
    """
    value = " ".join((raw or "").split())
    if variable.shortens and len(value) > variable.longest:
        value = value[: variable.longest - 1] + "…"
    too_long = value_max is not None and len(value) > value_max
    if not value or "*" in value or has_emoji(value) or too_long:
        return variable.fallback or None
    return value

"""What each SMS gateway demands, as data: hours, opt-out wording, lengths, billing (RULES 1.1-1.5, 1.7).

A gateway that is not listed gets the strictest usual rules. Figures are those of the vendors' documents
seen up to December 2025; where none was found the house's own, stricter default stands.
"""

from dataclasses import dataclass, replace
from typing import Literal

from laoke.dispatch.text.window import Window

_EIGHT_TO_EIGHT = Window(8 * 60, 20 * 60)
_EIGHT_TO_TEN = Window(8 * 60, 22 * 60)


@dataclass(frozen=True)
class GatewayRules:
    """One gateway. Lengths are characters; `value_max` None = no published limit for one variable's value."""

    name: str
    marketing: Window = _EIGHT_TO_EIGHT
    opt_out_suffix: str = "，拒收请回复R"
    sign_min: int = 2
    sign_max: int = 12
    value_max: int | None = 35
    promotion_variables: bool = True
    billing: Literal["on_delivery", "on_submit"] = "on_submit"
    is_loopback: bool = False


DEFAULT = GatewayRules("default")
_ALIYUN = GatewayRules("aliyun", billing="on_delivery")

GATEWAYS: dict[str, GatewayRules] = {
    rules.name: rules
    for rules in (
        _ALIYUN,
        GatewayRules("tencent", marketing=_EIGHT_TO_TEN, value_max=None),
        GatewayRules("huawei", marketing=_EIGHT_TO_TEN, sign_max=16, promotion_variables=False),
        GatewayRules(
            "huawei_iotcom", marketing=Window(8 * 60, 21 * 60), sign_max=16, promotion_variables=False
        ),
        GatewayRules("qiniu", opt_out_suffix="，回T退订", value_max=None),
        replace(_ALIYUN, name="loopback", is_loopback=True),
    )
}


def rules_of(gateway: str) -> GatewayRules:
    """The rules of a gateway by its name; the strict default for one that is not listed."""
    return GATEWAYS.get(gateway, DEFAULT)

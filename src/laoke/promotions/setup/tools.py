"""Which tool executes which kind of offer. A kind that is not named here has no tool that is known to execute it."""

from __future__ import annotations

from laoke.promotions import engine
from laoke.promotions.setup.values import Tool

_TOOLS: dict[type, Tool] = {
    engine.PercentOff: Tool.ITEM,
    engine.AmountOff: Tool.ITEM,
    engine.FixedPrice: Tool.ITEM,
    engine.WasNow: Tool.ITEM,
    engine.EarlyBird: Tool.ITEM,
    engine.FlashSale: Tool.ITEM,
    engine.MemberPrice: Tool.MEMBER,
    engine.ThresholdDiscount: Tool.SHOP,
    engine.ThresholdRate: Tool.SHOP,
    engine.CountDiscount: Tool.SHOP,
    engine.CountOff: Tool.SHOP,
    engine.NthPiece: Tool.SHOP,
    engine.ThresholdGift: Tool.SHOP,
    engine.FreePostage: Tool.SHOP,
    engine.SetBundle: Tool.BUNDLE,
    engine.ShopCoupon: Tool.COUPON,
}

# What comes nearest, for a kind that no tool is known to execute.
NEAREST: dict[str, str] = {
    "buy_get": "threshold_gift",
    "any_bundle": "count_off",
    "addon_purchase": "threshold_gift",
}


def tool_of(offer: engine.Offer) -> Tool:
    """The tool that executes an offer on Taobao and Tmall."""
    if offer.layer.is_platforms:
        return Tool.PLATFORM
    return _TOOLS.get(type(offer.mechanic), Tool.NONE)

"""The pricing engine: what a basket costs under a set of offers, by the numbered rules of docs/pricing.md.

Pure values in, pure values out: no Django, no files, no clock. `quote` prices one basket, `exposure` finds the
worst case, `laoke.promotions.columnar` prices millions by the same rules.
"""

from laoke.promotions.engine.quoting import exposure, quote
from laoke.promotions.engine.results import (
    Consumed,
    Exposure,
    Quote,
    QuotedLine,
    Refusal,
    Share,
    TraceStep,
)
from laoke.promotions.engine.serial import (
    basket_from_dict,
    basket_to_dict,
    offer_from_dict,
    offer_to_dict,
    quote_to_dict,
    request_from_dict,
)
from laoke.promotions.engine.sufficiency import DiscountSums, TooFewOrders, needed_orders, too_few_orders
from laoke.promotions.engine.values import (
    FIRST_ORDER,
    Basket,
    Buyer,
    DiscountStep,
    EngineError,
    Layer,
    Limits,
    Line,
    Offer,
    PercentOff,
    Scope,
    ShopCoupon,
    ThresholdDiscount,
    Window,
    check_offers,
)
from laoke.promotions.engine.wording import refusal_sentence, step_sentence

__all__ = [
    "FIRST_ORDER",
    "Basket",
    "Buyer",
    "Consumed",
    "DiscountStep",
    "DiscountSums",
    "EngineError",
    "Exposure",
    "Layer",
    "Limits",
    "Line",
    "Offer",
    "PercentOff",
    "Quote",
    "QuotedLine",
    "Refusal",
    "Scope",
    "Share",
    "ShopCoupon",
    "ThresholdDiscount",
    "TooFewOrders",
    "TraceStep",
    "Window",
    "basket_from_dict",
    "basket_to_dict",
    "check_offers",
    "exposure",
    "needed_orders",
    "offer_from_dict",
    "offer_to_dict",
    "quote",
    "quote_to_dict",
    "refusal_sentence",
    "request_from_dict",
    "step_sentence",
    "too_few_orders",
]

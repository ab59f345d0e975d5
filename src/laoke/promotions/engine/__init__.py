"""The pricing engine: what a basket costs under a set of offers, by the numbered rules of docs/pricing.md.

Pure values in, pure values out: no Django, no files, no clock. `quote` prices one basket, `exposure` finds the
worst case, `laoke.promotions.columnar` prices millions by the same rules.
"""

from laoke.promotions.engine.benefits import BENEFIT_KINDS, LevelReward, LevelStep, ServiceBenefit
from laoke.promotions.engine.beside import FreePostage, GiftChoice, GiftStep, ThresholdGift
from laoke.promotions.engine.by_buyer import EarlyBird, EarlyStep, FlashSale, MemberLevel, MemberPrice
from laoke.promotions.engine.by_pieces import (
    AddonChoice,
    AddonPurchase,
    AnyBundle,
    BuyGet,
    NthPiece,
    Part,
    SetBundle,
)
from laoke.promotions.engine.combining import MOST_COUPONS, Combination, best_quote
from laoke.promotions.engine.errors import EngineError
from laoke.promotions.engine.item_prices import AmountOff, FixedPrice, PercentOff, ProductPrice, WasNow
from laoke.promotions.engine.ladders import (
    CountDiscount,
    CountDiscountStep,
    CountOff,
    CountOffStep,
    DiscountStep,
    RateStep,
    ShopCoupon,
    ThresholdDiscount,
    ThresholdRate,
)
from laoke.promotions.engine.mechanics import MECHANICS, Mechanic
from laoke.promotions.engine.opening import VARIED, at_lowest, open_variant, with_variant
from laoke.promotions.engine.quoting import exposure, quote
from laoke.promotions.engine.refunds import Refund, RefundedLine, refund
from laoke.promotions.engine.results import (
    Benefit,
    Consumed,
    Exposure,
    Gift,
    NextStep,
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
from laoke.promotions.engine.settlement_json import settlement_to_dict, settling_request_from_dict
from laoke.promotions.engine.settling import (
    Goods,
    PaidOrder,
    SettledGroup,
    SettledOrder,
    Settlement,
    settle,
)
from laoke.promotions.engine.state import Ground
from laoke.promotions.engine.sufficiency import DiscountSums, TooFewOrders, needed_orders, too_few_orders
from laoke.promotions.engine.together import BuyersStep, DepositExpansion, GroupBuy, MoreCheaper
from laoke.promotions.engine.values import (
    FIRST_ORDER,
    OLD_CUSTOMER,
    Basket,
    Buyer,
    Layer,
    Limits,
    Line,
    Offer,
    Scope,
    Window,
    check_offers,
)
from laoke.promotions.engine.wording import next_step_sentence, refusal_sentence, step_sentence

__all__ = [
    "BENEFIT_KINDS",
    "FIRST_ORDER",
    "MECHANICS",
    "MOST_COUPONS",
    "OLD_CUSTOMER",
    "VARIED",
    "AddonChoice",
    "AddonPurchase",
    "AmountOff",
    "AnyBundle",
    "Basket",
    "Benefit",
    "BuyGet",
    "Buyer",
    "BuyersStep",
    "Combination",
    "Consumed",
    "CountDiscount",
    "CountDiscountStep",
    "CountOff",
    "CountOffStep",
    "DepositExpansion",
    "DiscountStep",
    "DiscountSums",
    "EarlyBird",
    "EarlyStep",
    "EngineError",
    "Exposure",
    "FixedPrice",
    "FlashSale",
    "FreePostage",
    "Gift",
    "GiftChoice",
    "GiftStep",
    "Goods",
    "Ground",
    "GroupBuy",
    "Layer",
    "LevelReward",
    "LevelStep",
    "Limits",
    "Line",
    "Mechanic",
    "MemberLevel",
    "MemberPrice",
    "MoreCheaper",
    "NextStep",
    "NthPiece",
    "Offer",
    "PaidOrder",
    "Part",
    "PercentOff",
    "ProductPrice",
    "Quote",
    "QuotedLine",
    "RateStep",
    "Refund",
    "RefundedLine",
    "Refusal",
    "Scope",
    "ServiceBenefit",
    "SetBundle",
    "SettledGroup",
    "SettledOrder",
    "Settlement",
    "Share",
    "ShopCoupon",
    "ThresholdDiscount",
    "ThresholdGift",
    "ThresholdRate",
    "TooFewOrders",
    "TraceStep",
    "WasNow",
    "Window",
    "at_lowest",
    "basket_from_dict",
    "basket_to_dict",
    "best_quote",
    "check_offers",
    "exposure",
    "needed_orders",
    "next_step_sentence",
    "offer_from_dict",
    "offer_to_dict",
    "open_variant",
    "quote",
    "quote_to_dict",
    "refund",
    "refusal_sentence",
    "request_from_dict",
    "settle",
    "settlement_to_dict",
    "settling_request_from_dict",
    "step_sentence",
    "too_few_orders",
    "with_variant",
]

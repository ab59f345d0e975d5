"""All mechanics of offers, by the names under which they are written as JSON.

Each is a value that checks itself; the rules that it follows stand in docs/pricing.md. Amounts are cents, rates are
what the buyer pays in ten-thousandths (8 折 = 8000).
"""

from laoke.promotions.engine.benefits import LevelReward, ServiceBenefit
from laoke.promotions.engine.beside import FreePostage, ThresholdGift
from laoke.promotions.engine.by_buyer import EarlyBird, FlashSale, MemberPrice
from laoke.promotions.engine.by_pieces import AddonPurchase, AnyBundle, BuyGet, NthPiece, SetBundle
from laoke.promotions.engine.item_prices import AmountOff, FixedPrice, PercentOff, WasNow
from laoke.promotions.engine.ladders import (
    CountDiscount,
    CountOff,
    ShopCoupon,
    ThresholdDiscount,
    ThresholdRate,
)
from laoke.promotions.engine.together import DepositExpansion, GroupBuy, MoreCheaper

Mechanic = (
    PercentOff
    | AmountOff
    | FixedPrice
    | WasNow
    | MemberPrice
    | EarlyBird
    | FlashSale
    | DepositExpansion
    | GroupBuy
    | MoreCheaper
    | ThresholdDiscount
    | ShopCoupon
    | ThresholdRate
    | CountDiscount
    | CountOff
    | NthPiece
    | BuyGet
    | AnyBundle
    | SetBundle
    | AddonPurchase
    | ThresholdGift
    | FreePostage
    | ServiceBenefit
    | LevelReward
)

MECHANICS: dict[str, type[Mechanic]] = {
    "percent_off": PercentOff,
    "amount_off": AmountOff,
    "fixed_price": FixedPrice,
    "was_now": WasNow,
    "member_price": MemberPrice,
    "early_bird": EarlyBird,
    "flash_sale": FlashSale,
    "deposit_expansion": DepositExpansion,
    "group_buy": GroupBuy,
    "more_cheaper": MoreCheaper,
    "threshold_discount": ThresholdDiscount,
    "threshold_rate": ThresholdRate,
    "count_discount": CountDiscount,
    "count_off": CountOff,
    "nth_piece": NthPiece,
    "buy_get": BuyGet,
    "any_bundle": AnyBundle,
    "set_bundle": SetBundle,
    "addon_purchase": AddonPurchase,
    "threshold_gift": ThresholdGift,
    "free_postage": FreePostage,
    "service_benefit": ServiceBenefit,
    "level_reward": LevelReward,
    "shop_coupon": ShopCoupon,
}

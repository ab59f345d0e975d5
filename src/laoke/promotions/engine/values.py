"""What the engine prices: baskets, buyers and offers, as frozen values that check themselves.

A value that exists is valid; a broken one raises EngineError with a code, the field and parameters, for the edge
to translate. Amounts are cents, times are the shop's local time without zone.

    EngineError (ValueError)   every refusal of a value: .code, .field, .params
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from itertools import groupby
from operator import attrgetter

from laoke.money import MAX_CENTS
from laoke.promotions.engine.benefits import LevelReward, ServiceBenefit
from laoke.promotions.engine.beside import FreePostage, ThresholdGift
from laoke.promotions.engine.by_buyer import EarlyBird, FlashSale, MemberPrice
from laoke.promotions.engine.by_pieces import AddonPurchase, AnyBundle, BuyGet, NthPiece, SetBundle
from laoke.promotions.engine.errors import EngineError, check_between
from laoke.promotions.engine.item_prices import AmountOff, FixedPrice, PercentOff, WasNow
from laoke.promotions.engine.ladders import (
    CountDiscount,
    CountOff,
    ShopCoupon,
    ThresholdDiscount,
    ThresholdRate,
)
from laoke.promotions.engine.mechanics import Mechanic
from laoke.promotions.engine.together import DepositExpansion, GroupBuy, MoreCheaper

MAX_OFFERS_PER_LAYER = 8
"""Order-level layers try every set of offers, 255 at most; a shop runs one or two."""

MAX_ITEM_OFFERS = 200
FIRST_ORDER, OLD_CUSTOMER = "first_order", "old_customer"
"""The audience keys that Buyer.first_order answers; every other key is looked up in Buyer.groups."""


class Layer(StrEnum):
    """Where an offer acts; the order of the members is the order of pricing (rule R2).

    place          its place in that order
    one_per_order  True where an order takes a single offer of the layer, False where each line may have its own
    changes_goods  False where what goods cost stays as it is: gifts, postage and benefits, which are worked out last
    is_platforms   True where the platform makes the offer: a shop signs goods up for it and sets nothing up
    code           its name, as in a trace

    To ask the class for a member, or a member for its `value`, takes a third of a microsecond and more on Python 3.11.
    A quote compares layers a hundred times, so whoever prices keeps the members in names of its own.
    """

    ITEM = "item"
    ADDON = "addon"
    SHOP = "shop"
    COUPON = "coupon"
    OFFICIAL_CUT = "official_cut"
    CROSS_SHOP = "cross_shop"
    CATEGORY_COUPON = "category_coupon"
    GIFT = "gift"
    POSTAGE = "postage"
    BENEFIT = "benefit"

    def __init__(self, name: str) -> None:
        self.code = name
        self.place = len(type(self).__members__)
        self.one_per_order = name in ("coupon", "category_coupon")
        self.changes_goods = name not in ("gift", "postage", "benefit")
        self.is_platforms = name in ("official_cut", "cross_shop", "category_coupon")


_ITEM_PRICES = (
    PercentOff,
    AmountOff,
    FixedPrice,
    WasNow,
    MemberPrice,
    EarlyBird,
    FlashSale,
    DepositExpansion,
    GroupBuy,
    MoreCheaper,
)
_SHOP_OFFERS = (
    ThresholdDiscount,
    ThresholdRate,
    CountDiscount,
    CountOff,
    NthPiece,
    BuyGet,
    AnyBundle,
    SetBundle,
)
_NAMING_PRODUCTS = (WasNow, SetBundle, AddonPurchase)
_MECHANICS: dict[Layer, tuple[type, ...]] = {
    Layer.ITEM: _ITEM_PRICES,
    Layer.ADDON: (AddonPurchase,),
    Layer.SHOP: _SHOP_OFFERS,
    Layer.COUPON: (ShopCoupon,),
    Layer.OFFICIAL_CUT: (PercentOff,),
    Layer.CROSS_SHOP: (ThresholdDiscount,),
    Layer.CATEGORY_COUPON: (ShopCoupon,),
    Layer.GIFT: (ThresholdGift,),
    Layer.POSTAGE: (FreePostage,),
    Layer.BENEFIT: (ServiceBenefit, LevelReward),
}


@dataclass(frozen=True, slots=True)
class Scope:
    """The products an offer covers: all when nothing is named, else those ids or categories; exclusions win."""

    product_ids: frozenset[str] = frozenset()
    categories: frozenset[str] = frozenset()
    excluded_product_ids: frozenset[str] = frozenset()

    @property
    def is_all(self) -> bool:
        """True when nothing is named and nothing left out."""
        return not (self.product_ids or self.categories or self.excluded_product_ids)

    def covers(self, product_id: str, category: str) -> bool:
        """True when a product with this id and category is in scope."""
        if product_id in self.excluded_product_ids:
            return False
        if not self.product_ids and not self.categories:
            return True
        return product_id in self.product_ids or category in self.categories


@dataclass(frozen=True, slots=True)
class Window:
    """When an offer runs: from `start` (included) to `end` (excluded), shop time; None = open."""

    start: datetime | None = None
    end: datetime | None = None

    def __post_init__(self) -> None:
        for name, moment in (("start", self.start), ("end", self.end)):
            if moment is not None and moment.tzinfo is not None:
                raise EngineError("time_with_zone", f"window.{name}")
        if self.start is not None and self.end is not None and self.end <= self.start:
            raise EngineError("window_ends_before_start", "window.end")

    def includes(self, at: datetime) -> bool:
        """True when `at` lies in the window."""
        return (self.start is None or self.start <= at) and (self.end is None or at < self.end)


@dataclass(frozen=True, slots=True)
class Limits:
    """How often one person may use an offer (每人限用); None = no limit."""

    per_person: int | None = None

    def __post_init__(self) -> None:
        if self.per_person is not None:
            check_between("limits.per_person", self.per_person, 1, MAX_CENTS)


@dataclass(frozen=True, slots=True)
class Offer:
    """One offer as data: what it takes off, from what, when, for whom and in which layer.

    `reach` are the products that it takes something off: its scope, or those that its mechanic names itself.
    """

    offer_id: str
    layer: Layer
    mechanic: Mechanic
    name: str = ""
    scope: Scope = Scope()
    window: Window = Window()
    limits: Limits = Limits()
    audience: str = ""
    reach: Scope = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "reach", self._reach())
        if not self.offer_id:
            raise EngineError("empty", "offer_id")
        if not isinstance(self.mechanic, _MECHANICS[self.layer]):
            raise EngineError("mechanic_not_in_layer", "layer", layer=self.layer.value)
        if isinstance(self.mechanic, WasNow | SetBundle) and (
            self.scope.product_ids or self.scope.categories
        ):
            raise EngineError("scope_in_terms", "scope")
        if isinstance(self.mechanic, DepositExpansion):
            self._check_deposit(self.mechanic)

    def _check_deposit(self, mechanic: DepositExpansion) -> None:
        """The window of the offer reaches from before the last deposit to after the first balance."""
        if self.window.start is not None and self.window.start >= mechanic.deposit_until:
            raise EngineError("deposit_outside_window", "deposit_until")
        if self.window.end is not None and self.window.end <= mechanic.balance_from:
            raise EngineError("balance_outside_window", "balance_from")

    def _reach(self) -> Scope:
        if isinstance(self.mechanic, _NAMING_PRODUCTS):
            return Scope(self.mechanic.own_products, excluded_product_ids=self.scope.excluded_product_ids)
        return self.scope

    def counts(self, product_id: str, category: str) -> bool:
        """Rule R25: whether a product counts towards the threshold of an add-on purchase, choices do not."""
        if isinstance(self.mechanic, AddonPurchase) and product_id in self.mechanic.own_products:
            return False
        return self.scope.covers(product_id, category)


@dataclass(frozen=True, slots=True)
class Buyer:
    """What the engine must know of the buyer: groups, held coupons and earlier uses, by offer id.

    `deposits` says for how many pieces a deposit was paid, `joined` which group buys the order is a part of, `spent`
    what was spent in the term of a level reward before this order, cents; each by offer id.
    """

    groups: frozenset[str] = frozenset()
    first_order: bool = False
    held_coupons: frozenset[str] = frozenset()
    used: Mapping[str, int] = field(default_factory=dict)
    deposits: Mapping[str, int] = field(default_factory=dict)
    joined: frozenset[str] = frozenset()
    spent: Mapping[str, int] = field(default_factory=dict)

    def belongs_to(self, audience: str) -> bool:
        """True when an offer with this audience key is meant for the buyer ("" = everyone)."""
        if audience == FIRST_ORDER:
            return self.first_order
        if audience == OLD_CUSTOMER:
            return not self.first_order
        return not audience or audience in self.groups


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a basket: `quantity` pieces at `unit_price_cents` (the price before any offer of ours)."""

    line_id: str
    product_id: str
    unit_price_cents: int
    quantity: int = 1
    sku: str = ""
    category: str = ""
    cost_cents: int | None = None

    def __post_init__(self) -> None:
        if not self.line_id:
            raise EngineError("empty", "line_id")
        check_between("unit_price_cents", self.unit_price_cents, 0, MAX_CENTS)
        check_between("quantity", self.quantity, 1, 1_000_000)
        if self.cost_cents is not None:
            check_between("cost_cents", self.cost_cents, 0, MAX_CENTS)


@dataclass(frozen=True, slots=True)
class Basket:
    """The lines of one order, its postage (outside every threshold), its buyer and where it goes.

    `region` is a province ("" = not known yet). `chosen_gifts` names the gift that the buyer picked by offer id;
    `taken` says how many of a gift went out before, by "offer id/product id"; by offer id: how many pieces at a flash
    price, how many people are in the group that the order joins, how many have bought what gets cheaper with buyers
    (each counted once; the buyer of this order too, where it is used before).
    """

    lines: tuple[Line, ...]
    postage_cents: int = 0
    buyer: Buyer = field(default_factory=Buyer)
    region: str = ""
    chosen_gifts: Mapping[str, str] = field(default_factory=dict)
    taken: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.lines:
            raise EngineError("no_lines", "lines")
        seen: set[str] = set()
        for line in self.lines:
            if line.line_id in seen:
                raise EngineError("duplicate_line_id", "lines", line_id=line.line_id)
            seen.add(line.line_id)
        check_between("postage_cents", self.postage_cents, 0, MAX_CENTS)


_ITEM = Layer.ITEM
_LAYER = attrgetter("layer")
_PRICING_ORDER = attrgetter("layer.place", "offer_id")


def check_offers(offers: Iterable[Offer], *, most_coupons: int = MAX_OFFERS_PER_LAYER) -> tuple[Offer, ...]:
    """The offers in pricing order: by layer, then offer id. Refuses twins and too many in one layer.

    Of coupons an order takes one, so whoever tries them one by one may allow more (`most_coupons`).
    """
    ordered = tuple(sorted(offers, key=_PRICING_ORDER))
    ids = [offer.offer_id for offer in ordered]
    if len(set(ids)) < len(ids):
        twin = next(offer_id for place, offer_id in enumerate(ids) if offer_id in ids[:place])
        raise EngineError("duplicate_offer_id", "offers", offer_id=twin)
    for layer, of_layer in groupby(ordered, key=_LAYER):
        count = len(list(of_layer))
        most = MAX_ITEM_OFFERS if layer is _ITEM else MAX_OFFERS_PER_LAYER
        if layer.one_per_order:
            most = most_coupons
        if count > most:
            raise EngineError("too_many_offers", "offers", layer=layer.value, found=count, most=most)
    return ordered

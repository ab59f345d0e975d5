"""Random baskets and offers for the property tests: small amounts, so that thresholds, ties and zeros are common."""

from datetime import datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from laoke.promotions.engine import (
    AddonChoice,
    AddonPurchase,
    AmountOff,
    AnyBundle,
    Basket,
    Buyer,
    BuyersStep,
    BuyGet,
    CountDiscount,
    CountDiscountStep,
    CountOff,
    CountOffStep,
    DepositExpansion,
    DiscountStep,
    EarlyBird,
    EarlyStep,
    FixedPrice,
    FlashSale,
    FreePostage,
    GiftChoice,
    GiftStep,
    GroupBuy,
    Layer,
    LevelReward,
    LevelStep,
    Limits,
    Line,
    Mechanic,
    MemberLevel,
    MemberPrice,
    MoreCheaper,
    NthPiece,
    Offer,
    Part,
    PercentOff,
    ProductPrice,
    RateStep,
    Scope,
    ServiceBenefit,
    SetBundle,
    ShopCoupon,
    ThresholdDiscount,
    ThresholdGift,
    ThresholdRate,
    WasNow,
    Window,
)

AT = datetime(2026, 11, 11, 20)
PRODUCTS = {"p1": "shoes", "p2": "shoes", "p3": "hats", "p4": ""}

some_products = st.frozensets(st.sampled_from(sorted(PRODUCTS)), max_size=2)
scopes = st.builds(
    Scope,
    product_ids=some_products,
    categories=st.frozensets(st.sampled_from(["shoes", "hats"]), max_size=1),
    excluded_product_ids=st.frozensets(st.sampled_from(sorted(PRODUCTS)), max_size=1),
)
percentages = st.builds(PercentOff, st.integers(1, 9999) | st.sampled_from([8000, 8500, 9000]))


@st.composite
def step_discounts(draw: st.DrawFn) -> ThresholdDiscount:
    count = draw(st.integers(1, 3))
    thresholds = sorted(draw(st.sets(st.integers(10, 400), min_size=count, max_size=count)))
    offs = sorted(draw(st.sets(st.integers(1, thresholds[0]), min_size=count, max_size=count)))
    return ThresholdDiscount(tuple(DiscountStep(*pair) for pair in zip(thresholds, offs, strict=True)))


@st.composite
def repeating_discounts(draw: st.DrawFn) -> ThresholdDiscount:
    threshold = draw(st.integers(5, 300))
    step = DiscountStep(threshold, draw(st.integers(1, threshold)))
    return ThresholdDiscount((step,), repeating=True, cap_cents=draw(st.none() | st.integers(1, 200)))


@st.composite
def coupons(draw: st.DrawFn) -> ShopCoupon:
    threshold = draw(st.just(0) | st.integers(1, 300))
    return ShopCoupon(threshold, draw(st.integers(1, threshold or 100)), must_hold=draw(st.booleans()))


product_names = st.sampled_from(sorted(PRODUCTS))
times = st.none() | st.integers(1, 3)
rates = st.integers(1, 9999) | st.sampled_from([8000, 8500, 9000])


@st.composite
def rate_ladders(draw: st.DrawFn, most: int) -> list[tuple[int, int]]:
    """(threshold, rate) with rising thresholds and falling rates."""
    count = draw(st.integers(1, 3))
    thresholds = sorted(draw(st.sets(st.integers(1, most), min_size=count, max_size=count)))
    falling = sorted(draw(st.sets(rates, min_size=count, max_size=count)), reverse=True)
    return list(zip(thresholds, falling, strict=True))


@st.composite
def count_offs(draw: st.DrawFn) -> CountOff:
    count, repeating = draw(st.integers(1, 3)), draw(st.booleans())
    if repeating:
        step = CountOffStep(draw(st.integers(1, 5)), draw(st.integers(1, 100)))
        return CountOff((step,), True, draw(st.none() | st.integers(1, 200)))
    pieces = sorted(draw(st.sets(st.integers(1, 8), min_size=count, max_size=count)))
    offs = sorted(draw(st.sets(st.integers(1, 200), min_size=count, max_size=count)))
    return CountOff(tuple(CountOffStep(*pair) for pair in zip(pieces, offs, strict=True)))


def by_product(kind: type, least: int = 1, most: int = 3, **other: Any) -> st.SearchStrategy[tuple[Any, ...]]:
    """One to three products, each once, as values of `kind`."""
    return st.lists(
        st.builds(kind, product_id=product_names, **other),
        min_size=least,
        max_size=most,
        unique_by=lambda one: one.product_id,
    ).map(tuple)


item_prices = (
    percentages
    | st.builds(AmountOff, st.integers(1, 60))
    | st.builds(FixedPrice, st.integers(1, 150))
    | st.builds(WasNow, by_product(ProductPrice, price_cents=st.integers(1, 150)))
)
member_prices = st.lists(
    st.builds(MemberLevel, group=st.sampled_from(["vip", "gold", "new"]), pay_bp=rates),
    min_size=1,
    max_size=3,
    unique_by=lambda level: level.group,
).map(lambda levels: MemberPrice(tuple(levels)))
early_birds = st.lists(rates, min_size=1, max_size=3, unique=True).map(
    lambda found: EarlyBird(
        tuple(EarlyStep(AT + timedelta(hours=hour), rate) for hour, rate in enumerate(sorted(found)))
    )
)
flash_sales = st.builds(FlashSale, st.integers(1, 150), st.integers(1, 8))


@st.composite
def deposits(draw: st.DrawFn) -> DepositExpansion:
    """The deposit is open, over and its balance not due, or its balance is due at AT."""
    deposit = draw(st.integers(1, 20))
    hour = timedelta(hours=1)
    until, start = draw(st.sampled_from([(AT + hour, AT + hour), (AT - hour, AT + hour), (AT, AT)]))
    return DepositExpansion(deposit, deposit + draw(st.integers(1, 60)), until, start)


group_buys = st.builds(GroupBuy, st.integers(1, 150), st.integers(2, 5), st.just(24))
more_cheaper = rate_ladders(6).map(lambda rows: MoreCheaper(tuple(BuyersStep(*row) for row in rows)))
shop_offers = (
    step_discounts()
    | repeating_discounts()
    | rate_ladders(400).map(lambda rows: ThresholdRate(tuple(RateStep(*row) for row in rows)))
    | rate_ladders(8).map(lambda rows: CountDiscount(tuple(CountDiscountStep(*row) for row in rows)))
    | count_offs()
    | st.builds(NthPiece, st.integers(2, 4), st.integers(0, 9999), times)
    | st.builds(BuyGet, st.integers(1, 3), st.integers(1, 2), times)
    | st.builds(AnyBundle, st.integers(2, 4), st.integers(1, 300), times)
    | st.builds(
        SetBundle,
        by_product(Part, 2, pieces=st.integers(1, 2)),
        st.integers(1, 300),
        times,
    )
)
addons = st.builds(
    AddonPurchase,
    st.integers(1, 300),
    by_product(AddonChoice, price_cents=st.integers(1, 100)),
    st.integers(1, 3),
)
TAKEN = {f"o{n}/{product}": 2 for n in range(5) for product in PRODUCTS} | {"o0": 3, "o3": 4}
REGIONS = ("", "新疆", "浙江")


@st.composite
def gifts(draw: st.DrawFn) -> ThresholdGift:
    count = draw(st.integers(1, 2))
    thresholds = sorted(draw(st.sets(st.integers(1, 300), min_size=count, max_size=count)))
    by = draw(st.sampled_from(["cents", "pieces"]))
    choice = st.builds(
        GiftChoice,
        product_id=product_names,
        title=st.just("杯子"),
        value_cents=st.integers(1, 100),
        cost_cents=st.none() | st.integers(0, 60),
        stock=st.none() | st.integers(1, 5),
    )
    choices = st.lists(choice, min_size=1, max_size=2, unique_by=lambda one: one.product_id).map(tuple)
    return ThresholdGift(
        tuple(GiftStep(threshold, draw(choices), draw(st.integers(1, 2))) for threshold in thresholds), by
    )


postages = st.builds(
    FreePostage,
    st.integers(0, 300),
    st.sampled_from(["cents", "pieces"]),
    st.sampled_from([(), ("新疆",), ("新疆", "西藏")]),
)
costs = st.none() | st.integers(0, 60)
benefits = (
    st.builds(ServiceBenefit, st.just("gift"), st.just("卡"), value_cents=st.just(990), cost_cents=costs)
    | st.builds(ServiceBenefit, st.just("longer_return"), days=st.integers(1, 30), cost_cents=costs)
    | st.builds(ServiceBenefit, st.just("service"), st.just("改裤脚"), cost_cents=costs)
)


@st.composite
def level_rewards(draw: st.DrawFn) -> LevelReward:
    spends = sorted(draw(st.sets(st.integers(1, 900), min_size=1, max_size=3)))
    return LevelReward(tuple(LevelStep(f"l{spend}", spend, "杯", draw(costs)) for spend in spends))


MECHANICS: dict[Layer, st.SearchStrategy[Mechanic]] = {
    Layer.ITEM: item_prices
    | member_prices
    | early_birds
    | flash_sales
    | deposits()
    | group_buys
    | more_cheaper,
    Layer.ADDON: addons,
    Layer.SHOP: shop_offers,
    Layer.COUPON: coupons(),
    Layer.OFFICIAL_CUT: percentages,
    Layer.CROSS_SHOP: step_discounts() | repeating_discounts(),
    Layer.CATEGORY_COUPON: coupons(),
    Layer.GIFT: gifts(),
    Layer.POSTAGE: postages,
    Layer.BENEFIT: benefits | level_rewards(),
}


@st.composite
def offers(draw: st.DrawFn) -> tuple[Offer, ...]:
    """Up to five offers over all layers, some for few and some out of their time."""
    return tuple(
        draw(_offers(f"o{number}")) for number in draw(st.permutations(range(draw(st.integers(0, 5)))))
    )


@st.composite
def _offers(draw: st.DrawFn, offer_id: str) -> Offer:
    """Half of them in the layers that have many mechanics."""
    layer = draw(st.sampled_from([*Layer, Layer.ITEM, Layer.SHOP, Layer.SHOP, Layer.SHOP, Layer.ADDON]))
    mechanic = draw(MECHANICS[layer])
    scope = draw(st.just(Scope()) | scopes)
    if isinstance(mechanic, WasNow | SetBundle):
        scope = Scope(excluded_product_ids=scope.excluded_product_ids)
    windows = [Window(), Window(), Window(), Window(end=AT), Window(AT)]
    return Offer(
        offer_id=offer_id,
        layer=layer,
        mechanic=mechanic,
        name=draw(st.sampled_from(["", "双11满减"])),
        scope=scope,
        window=draw(st.sampled_from(windows[:1] if isinstance(mechanic, DepositExpansion) else windows)),
        limits=draw(st.sampled_from([Limits(), Limits(), Limits(1), Limits(2)])),
        audience=draw(st.sampled_from(["", "", "", "vip", "first_order", "old_customer"])),
    )


@st.composite
def baskets(draw: st.DrawFn) -> Basket:
    """One to five lines of four products, prices from nothing to 1.50, some costs unknown."""
    ids = draw(st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=5, unique=True))
    lines = []
    for line_id in ids:
        product = draw(st.sampled_from(sorted(PRODUCTS)))
        price, cost = draw(st.integers(0, 150)), draw(st.none() | st.integers(0, 150))
        quantity = draw(st.integers(1, 4))
        lines.append(Line(line_id, product, price, quantity, "", PRODUCTS[product], cost))
    buyer = Buyer(
        groups=draw(st.sampled_from([frozenset(), frozenset({"vip"}), frozenset({"gold", "new"})])),
        first_order=draw(st.booleans()),
        held_coupons=draw(st.sampled_from([frozenset(), frozenset(f"o{number}" for number in range(5))])),
        used=draw(st.sampled_from([{}, {"o1": 1, "o2": 2}])),
        deposits=draw(st.sampled_from([{}, {f"o{n}": 5 for n in range(5)}])),
        joined=draw(st.sampled_from([frozenset(), frozenset(f"o{n}" for n in range(5))])),
        spent=draw(st.sampled_from([{}, {"o0": 300, "o1": 600, "o2": 899, "o3": 900}])),
    )
    return Basket(
        tuple(lines),
        draw(st.sampled_from([0, 1000])),
        buyer,
        draw(st.sampled_from(REGIONS)),
        draw(st.sampled_from([{}, {"o1": "p1", "o2": "p2"}])),
        draw(st.sampled_from([{}, TAKEN])),
    )

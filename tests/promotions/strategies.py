"""Random baskets and offers for the property tests: small amounts, so that thresholds, ties and zeros are common."""

from datetime import datetime

from hypothesis import strategies as st

from laoke.promotions.engine import (
    Basket,
    Buyer,
    DiscountStep,
    Layer,
    Limits,
    Line,
    Offer,
    PercentOff,
    Scope,
    ShopCoupon,
    ThresholdDiscount,
    Window,
)

AT = datetime(2026, 11, 11, 20)
PRODUCTS = {"p1": "shoes", "p2": "shoes", "p3": "hats", "p4": ""}
COUPON_LAYERS = (Layer.COUPON, Layer.CATEGORY_COUPON)

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


@st.composite
def offers(draw: st.DrawFn) -> tuple[Offer, ...]:
    """Up to five offers over all layers, some for few and some out of their time."""
    return tuple(
        draw(_offer(f"o{number}")) for number in draw(st.permutations(range(draw(st.integers(0, 5)))))
    )


def _offer(offer_id: str) -> st.SearchStrategy[Offer]:
    def with_layer(layer: Layer) -> st.SearchStrategy[Offer]:
        if layer in (Layer.ITEM, Layer.OFFICIAL_CUT):
            mechanics: st.SearchStrategy[PercentOff | ThresholdDiscount | ShopCoupon] = percentages
        elif layer in COUPON_LAYERS:
            mechanics = coupons()
        else:
            mechanics = step_discounts() | repeating_discounts()
        return st.builds(
            Offer,
            offer_id=st.just(offer_id),
            layer=st.just(layer),
            mechanic=mechanics,
            name=st.sampled_from(["", "双11满减"]),
            scope=st.just(Scope()) | scopes,
            window=st.sampled_from([Window(), Window(), Window(), Window(end=AT), Window(AT)]),
            limits=st.sampled_from([Limits(), Limits(), Limits(1), Limits(2)]),
            audience=st.sampled_from(["", "", "", "vip", "first_order"]),
        )

    return st.sampled_from(list(Layer)).flatmap(with_layer)


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
        groups=draw(st.sampled_from([frozenset(), frozenset({"vip"})])),
        first_order=draw(st.booleans()),
        held_coupons=draw(st.sampled_from([frozenset(), frozenset(f"o{number}" for number in range(5))])),
        used=draw(st.sampled_from([{}, {"o1": 1, "o2": 2}])),
    )
    return Basket(tuple(lines), draw(st.sampled_from([0, 1000])), buyer)

"""Pricing baskets: a year of past ones by columns, and single ones as a page does."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from laoke.config.bench.measures import Bench, Figure, Measured, Size, spent

if TYPE_CHECKING:
    from laoke.promotions.engine import Basket, Offer

PAST = {"small": 2_000, "full": 1_000_000}
SINGLE = {"small": 50, "full": 5_000}
AT = datetime(2026, 11, 11, 0, 30)


def _offers() -> list[Offer]:
    from laoke.promotions.engine import DiscountStep, Layer, Offer, PercentOff, ShopCoupon, ThresholdDiscount

    repeating = ThresholdDiscount((DiscountStep(30_000, 4_000),), repeating=True, cap_cents=12_000)
    return [
        Offer("fifth off", Layer.ITEM, PercentOff(8_000)),
        Offer("300-40", Layer.SHOP, repeating),
        Offer("coupon", Layer.COUPON, ShopCoupon(20_000, 1_500, must_hold=False)),
    ]


def _campaign() -> list[Offer]:
    """满300减40 up to three times, 20 % off a category, a coupon, and a gift."""
    from laoke.promotions.engine import GiftChoice, GiftStep, Layer, Offer, PercentOff, Scope, ThresholdGift

    _item, shop, coupon = _offers()
    mug = GiftChoice("mug", "马克杯", 1_990, 600)
    return [
        Offer("fifth off", Layer.ITEM, PercentOff(8_000), scope=Scope(categories=frozenset({"tea"}))),
        shop,
        coupon,
        Offer("gift", Layer.GIFT, ThresholdGift((GiftStep(50_000, (mug,)),))),
    ]


def three_offers() -> list[Offer]:
    """Those that django-oscar applies beside us: of 60 products three for the price of two, every 300 save 40 up to
    three times, and 20 % off for whoever has a voucher."""
    from laoke.promotions.engine import BuyGet, Layer, Offer, PercentOff, Scope

    some = Scope(product_ids=frozenset(f"p{n}" for n in range(60)))
    return [
        Offer("3 for 2", Layer.SHOP, BuyGet(2, 1), scope=some),
        _offers()[1],
        Offer("20 %", Layer.OFFICIAL_CUT, PercentOff(8_000), audience="voucher"),
    ]


def twenty_offers() -> list[Offer]:
    """Twenty open offers: item-level prices, ladders, pieces, coupons, an official cut, cross-shop and a gift."""
    from laoke.promotions.engine import (
        CountDiscount,
        CountDiscountStep,
        DiscountStep,
        Layer,
        NthPiece,
        Offer,
        PercentOff,
        Scope,
        ShopCoupon,
        ThresholdDiscount,
    )

    def of(product: int) -> Scope:
        return Scope(product_ids=frozenset({f"p{product}"}))

    ladder = ThresholdDiscount((DiscountStep(20_000, 2_000), DiscountStep(30_000, 4_000)))
    return [
        *(Offer(f"item {n}", Layer.ITEM, PercentOff(8_000 + 100 * n), scope=of(n)) for n in range(6)),
        Offer("ladder", Layer.SHOP, ladder),
        Offer("pieces", Layer.SHOP, CountDiscount((CountDiscountStep(3, 9_000),))),
        *(Offer(f"second {n}", Layer.SHOP, NthPiece(2, 5_000), scope=of(n)) for n in range(2)),
        *(Offer(f"coupon {n}", Layer.COUPON, ShopCoupon(10_000 * n, 800 * n, False)) for n in range(1, 5)),
        *(Offer(f"cut {n}", Layer.OFFICIAL_CUT, PercentOff(9_000 + n)) for n in range(2)),
        Offer("cross", Layer.CROSS_SHOP, ThresholdDiscount((DiscountStep(30_000, 5_000),), True)),
        *(
            Offer(f"category {n}", Layer.CATEGORY_COUPON, ShopCoupon(20_000, 1_000 + n, False))
            for n in range(2)
        ),
        _campaign()[-1],
    ]


def _laoke(size: Size, folder: Path) -> Iterator[Measured]:
    yield _past("pricing_past", _offers(), PAST[size], "3 offers, 1-4 lines")
    yield _past("pricing_campaign", _campaign(), PAST[size], "4 offers with a gift, 1-4 lines")
    yield _single(SINGLE[size])
    yield _twenty_open(SINGLE[size])


def _past(figure: str, offers: list[Offer], count: int, note: str) -> Measured:
    """Warm: the kernels are compiled (or loaded) by a first run that is not counted."""
    import numpy as np

    from laoke.promotions.columnar import BasketColumns, price_baskets

    draw = np.random.default_rng(3)
    per_basket = draw.integers(1, 5, count)
    lines = int(per_basket.sum())
    columns = BasketColumns(
        offsets=np.concatenate(([0], np.cumsum(per_basket))).astype(np.int64),
        product=draw.integers(0, 100, lines).astype(np.int32),
        quantity=draw.integers(1, 4, lines),
        unit_price_cents=draw.integers(1_000, 40_000, lines),
        cost_cents=np.full(lines, 900, np.int64),
        product_ids=tuple(f"p{n}" for n in range(100)),
        categories=("tea", "pots", "cups", "") * 25,
    )
    price_baskets(columns, offers)
    with spent() as time:
        price_baskets(columns, offers)
    return Measured(figure, count / time.wall, count, time.wall, time.cpu, note=note)


def _single(count: int) -> Measured:
    from laoke.promotions.engine import quote

    baskets, offers = small_baskets(count), three_offers()
    with spent() as time:
        for basket in baskets:
            quote(basket, offers, AT)
    note = "3 for 2, 300-40 capped, 20 % of three in ten, with trace"
    return Measured("pricing_single", count / time.wall, count, time.wall, time.cpu, note=note)


def _twenty_open(count: int) -> Measured:
    """The median of single quotes: what a page waits for that shows one."""
    from statistics import median
    from time import perf_counter

    from laoke.promotions.engine import quote

    baskets, offers, each = some_baskets(count), twenty_offers(), []
    with spent() as time:
        for basket in baskets:
            began = perf_counter()
            quote(basket, offers, AT)
            each.append(perf_counter() - began)
    return Measured(
        "pricing_twenty", median(each) * 1000, count, time.wall, time.cpu, note="20 offers, with trace"
    )


def some_baskets(count: int) -> list[Basket]:
    import random

    from laoke.promotions.engine import Basket, Line

    draw = random.Random(3)
    return [
        Basket(
            lines=tuple(
                Line(
                    line_id=str(n),
                    product_id=f"p{n}",
                    quantity=draw.randint(1, 3),
                    unit_price_cents=draw.randint(1_000, 40_000),
                )
                for n in range(draw.randint(1, 4))
            )
        )
        for _ in range(count)
    ]


def small_baskets(count: int) -> list[Basket]:
    """Baskets as the peer draws them: one to four of 300 products, mostly one, three in ten with a voucher."""
    import random

    from laoke.promotions.engine import Basket, Buyer, Line

    draw = random.Random(3)
    prices = [round(100 * min(max(draw.lognormvariate(4.3, 0.9), 5), 900)) for _ in range(300)]

    def basket() -> Basket:
        picked = draw.sample(range(300), draw.choices((1, 2, 3, 4), (52, 27, 14, 7))[0])
        pieces = [draw.choices((1, 2, 3), (70, 20, 10))[0] for _ in picked]
        lines = tuple(
            Line(str(n), f"p{product}", prices[product], quantity)
            for n, (product, quantity) in enumerate(zip(picked, pieces, strict=True))
        )
        return Basket(lines, buyer=Buyer(groups=frozenset({"voucher"} if draw.random() < 0.3 else ())))

    return [basket() for _ in range(count)]


BENCH = Bench(
    figures={
        "pricing_past": Figure("baskets/s", limit=2_000_000, less_is_better=False),
        "pricing_campaign": Figure("baskets/s", limit=500_000, less_is_better=False),
        "pricing_twenty": Figure("ms", limit=0.3),
        "pricing_single": Figure("baskets/s", limit=10_000, less_is_better=False),
    },
    sides={"laoke": _laoke},
)

"""Pricing baskets: a year of past ones by columns, and single ones as a page does."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from laoke.config.bench.measures import Bench, Figure, Measured, Size, spent

if TYPE_CHECKING:
    from laoke.promotions.engine import Offer

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


def _laoke(size: Size, folder: Path) -> Iterator[Measured]:
    yield _past(PAST[size])
    yield _single(SINGLE[size])


def _past(count: int) -> Measured:
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
        categories=("",) * 100,
    )
    offers = _offers()
    price_baskets(columns, offers)
    with spent() as time:
        price_baskets(columns, offers)
    return Measured("pricing_past", count / time.wall, count, time.wall, time.cpu, note="3 offers, 1-4 lines")


def _single(count: int) -> Measured:
    import random

    from laoke.promotions.engine import Basket, Line, quote

    draw = random.Random(3)
    baskets = [
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
    offers = _offers()
    with spent() as time:
        for basket in baskets:
            quote(basket, offers, AT)
    return Measured(
        "pricing_single", count / time.wall, count, time.wall, time.cpu, note="3 offers, with trace"
    )


BENCH = Bench(
    figures={
        "pricing_past": Figure("baskets/s", limit=2_000_000, less_is_better=False),
        "pricing_single": Figure("baskets/s", limit=10_000, less_is_better=False),
    },
    sides={"laoke": _laoke},
)

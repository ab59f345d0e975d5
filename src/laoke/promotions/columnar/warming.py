"""Compiling the pricing kernel before anyone waits for it: it takes seconds once, and numba keeps the result."""

from __future__ import annotations

from laoke.promotions.columnar.columns import columns_from_totals
from laoke.promotions.columnar.pricing import price_baskets
from laoke.promotions.engine import DiscountStep, Layer, Offer, ThresholdDiscount


def compile_kernels() -> None:
    """Price one made-up basket."""
    off = ThresholdDiscount((DiscountStep(10_000, 1_000),), repeating=False, cap_cents=None)
    price_baskets(columns_from_totals([20_000]), [Offer("warm", Layer.SHOP, off)])

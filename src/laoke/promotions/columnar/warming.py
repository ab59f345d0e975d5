"""Compiling the pricing kernel before anyone waits for it: it takes seconds once, and numba keeps the result."""

from __future__ import annotations

from laoke.promotions.columnar.columns import columns_from_totals
from laoke.promotions.columnar.pricing import price_baskets
from laoke.promotions.engine import DiscountStep, Layer, NthPiece, Offer, ThresholdDiscount


def compile_kernels() -> None:
    """Price one made-up basket in both loops: the plain one, and the one for what is worked out before."""
    off = ThresholdDiscount((DiscountStep(10_000, 1_000),), repeating=False, cap_cents=None)
    basket = columns_from_totals([20_000])
    price_baskets(basket, [Offer("warm", Layer.SHOP, off)])
    price_baskets(basket, [Offer("warmer", Layer.SHOP, NthPiece(2, 5_000))])

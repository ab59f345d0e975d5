"""Warming compiles what pricing needs, so that nothing is left to compile at the first replay."""

from __future__ import annotations

from laoke.promotions.columnar import kernel, price_baskets
from laoke.promotions.columnar.columns import columns_from_totals
from laoke.promotions.columnar.warming import compile_kernels
from laoke.promotions.engine import Layer, Offer, PercentOff


def test_no_kernel_is_compiled_anew_after_warming() -> None:
    compile_kernels()
    before = len(kernel.price_baskets.signatures)
    assert before == 1
    price_baskets(
        columns_from_totals([20_000, 5_000], [1_000, 2_000]), [Offer("x", Layer.ITEM, PercentOff(8_000))]
    )
    assert len(kernel.price_baskets.signatures) == before

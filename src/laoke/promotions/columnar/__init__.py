"""Millions of baskets priced at once, and the figures of a backtest.

Columns in, columns out, by the same rules as `laoke.promotions.engine`. numpy is needed to import this package;
the compiled kernel is loaded when the first basket is priced.
"""

from laoke.promotions.columnar.columns import (
    UNKNOWN_COST,
    BasketColumns,
    columns_from_lines,
    columns_from_totals,
)
from laoke.promotions.columnar.figures import BacktestFigures, OfferFigures, backtest_figures, loss_baskets
from laoke.promotions.columnar.pricing import PricedBaskets, price_baskets

__all__ = [
    "UNKNOWN_COST",
    "BacktestFigures",
    "BasketColumns",
    "OfferFigures",
    "PricedBaskets",
    "backtest_figures",
    "columns_from_lines",
    "columns_from_totals",
    "loss_baskets",
    "price_baskets",
]

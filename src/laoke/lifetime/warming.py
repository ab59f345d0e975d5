"""Compiling the kernels of fits, forecasts and intervals before anyone waits for them: it takes seconds once, and numba
keeps the result."""

from __future__ import annotations

import numpy as np

from laoke.lifetime.fitting import Fit, fit_orders, fit_spend
from laoke.lifetime.geometric import BetaGeometric
from laoke.lifetime.intervals import intervals
from laoke.lifetime.prediction import expected
from laoke.lifetime.simulation import draw_geometric, draw_spend
from laoke.lifetime.summing import summarize


def compile_kernels() -> None:
    """Sum up a made-up purchase, and value some customers drawn from a model."""
    summarize(np.array([1]), np.array([1], np.int32), np.array([1]), 2)
    rng = np.random.default_rng(1)
    drawn = draw_geometric(rng, (0.6, 40.0, 0.9, 2.5), rng.uniform(30, 540, 1_000))
    histories = draw_spend(rng, (4.0, 4.5, 260.0), drawn)
    model = BetaGeometric()
    fit, amounts = fit_orders(model, histories), fit_spend(histories)
    if isinstance(fit, Fit) and isinstance(amounts, Fit):
        expected(model, fit, amounts, histories, [30.0])
        intervals(model, fit, amounts, histories, [30.0])

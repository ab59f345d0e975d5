"""Customer value of a million customers, the whole way, beside the package lifetimes: parameters of BG/NBD and of
Gamma-Gamma, and each customer's expected purchases and spend in 90 days.

Customers are drawn from the models with CDNOW's published parameters, over two years, in whole days. Both sides get
the same columns in memory and must find the same parameters. `customer_value_2357` is the same for as many customers as
CDNOW's sample has; `customer_value_intervals` what Laoke does besides: 30, 90, 180 and 365 days, each with intervals.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from laoke.config.bench.measures import Bench, Figure, Measured, Size, Spent, peak_mb, spent

if TYPE_CHECKING:
    from laoke.lifetime.customers import Histories

CUSTOMERS = {"small": 4_000, "full": 1_000_000}
CDNOW_CUSTOMERS, TIMES = 2_357, 20
DAYS, SEED, HORIZON = 730, 2_005, 90.0
HORIZONS = (30.0, 90.0, 180.0, 365.0)
# CDNOW's published parameters; weeks made days.
ORDERS_TRUE, SPEND_TRUE = (0.243, 4.414 * 7, 0.793, 2.426), (6.25, 3.74, 15.44)


Clock = Callable[[], AbstractContextManager[Any]]


def prepare(size: Size, folder: Path) -> None:
    """Draw the customers."""
    import numpy as np

    from laoke.lifetime.simulation import draw_geometric, draw_spend, in_days

    if (folder / "value").exists():
        return
    (folder / "value").mkdir()
    for name, customers in (("shop", CUSTOMERS[size]), ("cdnow", CDNOW_CUSTOMERS)):
        rng = np.random.default_rng(SEED)
        ages = rng.uniform(0, DAYS, customers)
        drawn = in_days(draw_spend(rng, SPEND_TRUE, draw_geometric(rng, ORDERS_TRUE, ages)))
        np.save(
            folder / "value" / f"{name}.npy",
            np.stack((drawn.frequency.astype(np.float64), drawn.recency, drawn.age, drawn.spend)),
        )


def _customers(folder: Path, name: str) -> Histories:
    import numpy as np

    from laoke.lifetime.customers import Histories

    return Histories.of(*np.load(folder / "value" / f"{name}.npy"))


def _measured(part: str, time: Spent, n: int, note: str = "") -> Measured:
    return Measured(f"customer_value{part}", time.wall, n, time.wall, time.cpu, note=note)


def _told(orders: Any, amounts: Any) -> str:
    """What both sides must agree on."""
    found = ", ".join(f"{value:.3f}" for value in (*orders, *amounts))
    return f"r, alpha, a, b, p, q, gamma = {found}"


def _laoke(size: Size, folder: Path) -> Iterator[Measured]:
    from laoke.lifetime.intervals import intervals

    _chain(_customers(folder, "cdnow"))  # loads what it computes with
    yield _few(_chain, _customers(folder, "cdnow"))
    histories = _customers(folder, "shop")
    with spent() as time:
        (fit, amounts, model), times = _chain(histories)
    yield _measured("", time, len(histories), _told(fit.theta, amounts.theta))
    for part, share in zip(("_orders_fit", "_spend_fit", "_predict"), times, strict=True):
        yield _measured(part, share, len(histories))
    yield Measured("customer_value_memory", peak_mb() or 1.0, len(histories), time.wall, time.cpu)
    with spent() as time:
        intervals(model, fit, amounts, histories, HORIZONS)
    yield _measured("_intervals", time, len(histories), "four horizons, purchases and spend")


def _few(chain: Callable[..., Any], histories: Histories) -> Measured:
    """The whole way for few customers: the mean of many, because a clock is looked at for as long as one takes."""
    with spent() as time:
        for _ in range(TIMES):
            chain(histories, clock=nullcontext)
    each = Spent(time.wall / TIMES, time.cpu / TIMES)
    return _measured("_2357", each, len(histories))


def _chain(histories: Histories, clock: Clock = spent) -> tuple[Any, tuple[Any, ...]]:
    from laoke.lifetime.fitting import Fit, fit_orders, fit_spend
    from laoke.lifetime.geometric import BetaGeometric
    from laoke.lifetime.prediction import expected

    model = BetaGeometric()
    with clock() as orders:
        fit = fit_orders(model, histories)
    with clock() as money:
        amounts = fit_spend(histories)
    if not isinstance(fit, Fit) or not isinstance(amounts, Fit):
        raise AssertionError(f"customers drawn from the models were refused: {fit}, {amounts}")
    with clock() as told:
        expected(model, fit, amounts, histories, [HORIZON])
    return (fit, amounts, model), (orders, money, told)


def _lifetimes(size: Size, folder: Path) -> Iterator[Measured]:
    import warnings

    warnings.simplefilter("ignore")
    _their_chain(_customers(folder, "cdnow"))
    yield _few(_their_chain, _customers(folder, "cdnow"))
    histories = _customers(folder, "shop")
    with spent() as time:
        told, times = _their_chain(histories)
    yield _measured("", time, len(histories), told)
    for part, share in zip(("_orders_fit", "_spend_fit", "_predict"), times, strict=True):
        yield _measured(part, share, len(histories))
    yield Measured("customer_value_memory", peak_mb() or 1.0, len(histories), time.wall, time.cpu)


def _their_chain(histories: Histories, clock: Clock = spent) -> tuple[str, tuple[Any, ...]]:
    """Its own classes as its documentation uses them, without a penalty."""
    package, pandas = import_module("lifetimes"), import_module("pandas")
    x, t_x, age = histories.frequency, histories.recency, histories.age
    again = (x > 0) & (histories.spend > 0)
    fitter = package.BetaGeoFitter(penalizer_coef=0.0)
    with clock() as orders:
        fitter.fit(x, t_x, age)
    amounts = package.GammaGammaFitter(penalizer_coef=0.0)
    with clock() as money:
        amounts.fit(pandas.Series(x[again]), pandas.Series(histories.spend[again]))
    with clock() as told:
        count = fitter.conditional_expected_number_of_purchases_up_to_time(HORIZON, x, t_x, age)
        fitter.conditional_probability_alive(x, t_x, age)
        each = amounts.conditional_expected_average_profit(pandas.Series(x), pandas.Series(histories.spend))
        _ = count * each
    found = [fitter.params_[name] for name in ("r", "alpha", "a", "b")]
    return _told(found, [amounts.params_[name] for name in ("p", "q", "v")]), (orders, money, told)


BENCH = Bench(
    figures={
        "customer_value": Figure("s"),
        "customer_value_orders_fit": Figure("s"),
        "customer_value_spend_fit": Figure("s"),
        "customer_value_predict": Figure("s"),
        "customer_value_2357": Figure("s"),
        "customer_value_intervals": Figure("s"),
        "customer_value_memory": Figure("MB", limit=1_024),
    },
    sides={"laoke": _laoke, "lifetimes": _lifetimes},
    prepare=prepare,
    needs={"lifetimes": "lifetimes"},
)

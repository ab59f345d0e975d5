"""Frequency, recency, age and repeat money of every customer of ten million orders, beside the package lifetimes."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from laoke.config.bench.measures import Bench, Figure, Measured, Size, spent

if TYPE_CHECKING:
    import pyarrow as pa

CUSTOMERS = {"small": 4_000, "full": 1_000_000}
ORDERS = {"small": 20_000, "full": 10_000_000}
SHOP, SEED = 1, 20_181_031


def prepare(size: Size, folder: Path) -> None:
    """The orders of the segment bench, without their lines and people."""
    import numpy as np

    from laoke.audiences.bench_orders import draw_orders, write_orders
    from laoke.config.bench.house import NOW
    from laoke.warehouse.store import Warehouse

    if (folder / "summary").exists():
        return
    draw, last = np.random.default_rng(SEED), NOW.date()
    drawn = draw_orders(CUSTOMERS[size], ORDERS[size], last, draw)
    write_orders(Warehouse(folder / "summary"), drawn, SHOP, last, draw)


def _orders(folder: Path) -> pa.Table:
    """Buyer, day and money of the orders that count, as the other package is given them."""
    from laoke.warehouse.store import Warehouse

    return Warehouse(folder / "summary").reader().sql(
        "SELECT customer_id, paid_at, greatest(paid_cents - refunded_cents, 0) AS cents FROM orders_counted"
    )  # fmt: skip


def today() -> int:
    from laoke.audiences.bench_orders import EPOCH
    from laoke.config.bench.house import NOW

    return (NOW.date() - EPOCH).days


def _laoke(size: Size, folder: Path) -> Iterator[Measured]:
    from laoke.insights.summary import customer_summary
    from laoke.warehouse.store import Warehouse

    reader = Warehouse(folder / "summary").reader()
    # Nobody's, so that libraries and kernels are loaded, as the other side's are.
    customer_summary(reader, shop_id=0, as_of_day=today())
    with spent() as time:
        found = customer_summary(reader, SHOP, today())
    yield Measured("customer_summary", time.wall, ORDERS[size], time.wall, time.cpu, note=_sums(found))


def _sums(found: pa.Table) -> str:
    """What both sides must agree on."""
    import pyarrow.compute as pc

    def total(name: str) -> int:
        return int(pc.sum(found[name]).as_py())

    return (
        f"{found.num_rows:,} customers, {total('frequency'):,} repeat days, {total('repeat_cents'):,} cents"
    )


def _lifetimes(size: Size, folder: Path) -> Iterator[Measured]:
    """Its own summary function on a frame that lies in memory; reading is not measured."""
    from laoke.config.bench.house import NOW

    frame: Any = _orders(folder).to_pandas()
    summary = import_module("lifetimes.utils").summary_data_from_transaction_data
    with spent() as time:
        found = summary(
            frame, "customer_id", "paid_at", monetary_value_col="cents", observation_period_end=NOW.date()
        )
    repeats = found["frequency"]
    money = round(float((found["monetary_value"] * repeats).sum()))
    note = f"{len(found):,} customers, {int(repeats.sum()):,} repeat days, {money:,} cents"
    yield Measured("customer_summary", time.wall, ORDERS[size], time.wall, time.cpu, note=note)


BENCH = Bench(
    figures={"customer_summary": Figure("s")},
    sides={"laoke": _laoke, "lifetimes": _lifetimes},
    prepare=prepare,
    needs={"lifetimes": "lifetimes"},
)

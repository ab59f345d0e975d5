"""Making the demo shop: generated, people and contacts stored, facts written, features computed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from laoke.config.bench.measures import Bench, Figure, Measured, Size, spent

CUSTOMERS = {"small": 300, "full": 20_000}
ORDERS = {"small": 900, "full": 60_000}


def _laoke(size: Size, folder: Path) -> Iterator[Measured]:
    from laoke.config.bench.house import open_house

    open_house()
    from laoke.config.demo import make_demo_shop

    with spent() as time:
        made = make_demo_shop(customers=CUSTOMERS[size], orders=ORDERS[size])
    note = ", ".join(f"{part} {seconds} s" for part, seconds in made["parts"].items())
    yield Measured("demo_shop", time.wall, ORDERS[size], time.wall, time.cpu, note=note)


BENCH = Bench(figures={"demo_shop": Figure("s", limit=20)}, sides={"laoke": _laoke})

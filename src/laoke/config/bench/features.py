"""Computing and publishing every customer's features of one day from stored orders."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from laoke.config.bench.exports import WIDE, import_measured, write_exports
from laoke.config.bench.measures import Bench, Figure, Measured, Size, spent


def _laoke(size: Size, folder: Path) -> Iterator[Measured]:
    run, whole = import_measured(folder / WIDE, mapping=None)
    from django.conf import settings

    from laoke.config.bench.house import NOW
    from laoke.insights.refresh import refresh_features

    with spent() as time:
        refresh_features(run.shop, settings.PLACE, now=NOW)
    note = f"{run.detail['people']['new']:,} customers"
    yield Measured("features", time.wall, whole.n, time.wall, time.cpu, note=note)


BENCH = Bench(figures={"features": Figure("s")}, sides={"laoke": _laoke}, prepare=write_exports, runs=1)

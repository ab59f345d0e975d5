"""The message ledger without any provider: claim, write attempts, record answers, on SQLite."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from laoke.config.bench.measures import Bench, Figure, Measured, Size, spent

MESSAGES = {"small": 1_000, "full": 50_000}


def _laoke(size: Size, folder: Path) -> Iterator[Measured]:
    from laoke.config.bench.house import open_house

    open_house()
    from laoke.dispatch.bench import bench_ledger

    with spent() as time:
        found = bench_ledger(MESSAGES[size])
    parts = ", ".join(f"{step} {found[f'{step}_seconds']} s" for step in ("claim", "write", "record"))
    note = f"{parts}, longest step {found['longest_step_ms']} ms"
    yield Measured(
        "ledger_alone", found["messages_per_second"], MESSAGES[size], time.wall, time.cpu, note=note
    )


BENCH = Bench(
    figures={"ledger_alone": Figure("messages/s", limit=20_000, less_is_better=False)},
    sides={"laoke": _laoke},
)

"""The message ledger without any provider, on SQLite: claim, write attempts, record answers; then apply reports."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from laoke.config.bench.measures import Bench, Figure, Measured, Size

MESSAGES = {"small": 1_000, "full": 50_000}
ANSWERED = ("claim", "write", "record")
LIMIT = 20_000


def _laoke(size: Size, folder: Path) -> Iterator[Measured]:
    from laoke.config.bench.house import open_house

    open_house()
    from laoke.dispatch.bench import bench_ledger

    n = MESSAGES[size]
    found = bench_ledger(n)
    yield _measured("ledger_alone", found, n, ANSWERED, f"longest step {found['longest_step_ms']} ms")
    stored = f"storing the pushed reports, in the web server: {found['store_cpu']} CPU s"
    yield _measured("ledger_with_reports", found, n, (*ANSWERED, "settle"), stored)


def _measured(figure: str, found: dict[str, float], n: int, steps: tuple[str, ...], note: str) -> Measured:
    wall = sum(found[f"{step}_seconds"] for step in steps)
    cpu = sum(found[f"{step}_cpu"] for step in steps)
    parts = ", ".join(f"{step} {found[f'{step}_seconds']} s ({found[f'{step}_cpu']} CPU)" for step in steps)
    return Measured(figure, n / wall, n, wall, cpu, note=f"{parts}; {note}")


BENCH = Bench(
    figures={
        "ledger_alone": Figure("messages/s", limit=LIMIT, less_is_better=False),
        "ledger_with_reports": Figure("messages/s", limit=LIMIT, less_is_better=False),
    },
    sides={"laoke": _laoke},
)

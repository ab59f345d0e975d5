"""The most memory an import takes, and how much more of it a file of twice the size needs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from laoke.config.bench.exports import PEOPLE, ROWS, SEED, import_measured
from laoke.config.bench.measures import Bench, Figure, Measured, Size, peak_mb


def _prepare(size: Size, folder: Path) -> None:
    from laoke.intake.demo import write_gbk_bench_export

    for share in (4, 2):
        write_gbk_bench_export(folder / f"of_{share}.csv", ROWS[size] // share, PEOPLE[size] // share, SEED)


def _importing(share: int, figure: str) -> Callable[[Size, Path], Iterator[Measured]]:
    def side(size: Size, folder: Path) -> Iterator[Measured]:
        path = folder / f"of_{share}.csv"
        _, whole = import_measured(path, narrow=False)
        peak = peak_mb()
        if peak is not None:
            yield Measured(
                figure,
                peak,
                whole.n,
                whole.wall,
                whole.cpu,
                peak,
                f"file of {path.stat().st_size / 1e6:,.0f} MB",
            )

    return side


BENCH = Bench(
    figures={"import_memory_quarter": Figure("MB"), "import_memory_half": Figure("MB")},
    sides={
        "laoke": _importing(4, "import_memory_quarter"),
        "laoke, file twice as large": _importing(2, "import_memory_half"),
    },
    prepare=_prepare,
    runs=1,
)

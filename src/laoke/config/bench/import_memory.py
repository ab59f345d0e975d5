"""The most memory an import takes: of files of a quarter, a half and four times the bench's million orders (2 GB)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from laoke.config.bench.exports import PEOPLE, ROWS, SEED, import_measured
from laoke.config.bench.measures import Bench, Figure, Measured, Size, peak_mb

# figure, then its share of the bench's rows and people
FILES = {"import_memory_quarter": 0.25, "import_memory_half": 0.5, "import_memory_2gb": 4.0}


def _prepare(size: Size, folder: Path) -> None:
    from laoke.intake.demo import write_gbk_bench_export

    for figure, share in FILES.items():
        path = folder / f"{figure}.csv"
        write_gbk_bench_export(path, int(ROWS[size] * share), int(PEOPLE[size] * share), SEED)


def _importing(figure: str) -> Callable[[Size, Path], Iterator[Measured]]:
    def side(size: Size, folder: Path) -> Iterator[Measured]:
        path = folder / f"{figure}.csv"
        run, whole = import_measured(path, mapping=None)
        peak = peak_mb()
        if peak is not None:
            told = f"file of {path.stat().st_size / 1e6:,.0f} MB, {run.detail['people']['new']:,} new people"
            yield Measured(figure, peak, whole.n, whole.wall, whole.cpu, peak, told)

    return side


BENCH = Bench(
    figures={figure: Figure("MB", limit=2000 if share > 1 else None) for figure, share in FILES.items()},
    sides={"laoke": _importing("import_memory_quarter")}
    | {
        f"laoke, {share:g} of the rows": _importing(figure)
        for figure, share in FILES.items()
        if share != 0.25
    },
    prepare=_prepare,
    runs=1,
)

"""A shop of ten million orders: taken in by ten exports of a million, then exports of 100,000 of them that changed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from laoke.config.bench.measures import Bench, Figure, Measured, Size, peak_mb, spent

if TYPE_CHECKING:
    from laoke.intake.loading.run import Options
    from laoke.shops.models import Shop

STEPS = 10
ROWS = {"small": 300, "full": 1_000_000}  # of each step
PEOPLE = {"small": 1_000, "full": 3_000_000}
CHANGED = {"small": 60, "full": 100_000}
SEED = 7
# Orders are written newest first, so the first file holds the newest months.
RECENT, SPREAD = "changed_recent.csv", "changed_all.csv"


def _step(number: int) -> str:
    return f"orders_{number:02d}.csv"


def _prepare(size: Size, folder: Path) -> None:
    """The exports, oldest last, and two in which orders have more pieces than they had."""
    if (folder / SPREAD).exists():
        return
    from laoke.intake.demo import plan, write_export

    whole = folder / "orders_all.csv"
    write_export(plan(SEED, PEOPLE[size], ROWS[size] * STEPS, datetime(2018, 10, 31, 12)), whole)
    with whole.open("rb") as lines:
        header = next(lines)
        recent, spread = [], []
        for number in range(STEPS):
            with (folder / _step(number)).open("wb") as out:
                out.write(header)
                for place in range(ROWS[size]):
                    line = next(lines)
                    out.write(line)
                    if number == 0 and place < CHANGED[size]:
                        recent.append(line)
                    if place % (STEPS * ROWS[size] // CHANGED[size]) == 0:
                        spread.append(line)
    for name, kept in ((RECENT, recent), (SPREAD, spread)):
        (folder / name).write_bytes(header + b"".join(_changed(header, line) for line in kept))
    whole.unlink()


def _changed(header: bytes, line: bytes) -> bytes:
    """The order with one piece more than it had."""
    place = header.split(b",").index('"宝贝总数量"'.encode("gb18030"))
    cells = line.split(b'",')
    cells[place] = b'"9'
    return b'",'.join(cells)


def _laoke(size: Size, folder: Path) -> Iterator[Measured]:
    from laoke.config.bench.house import NOW, new_shop, open_house

    open_house()
    shop, rows = new_shop(), ROWS[size] * STEPS
    slowest = 0.0
    with spent() as time:
        for number in reversed(range(STEPS)):
            with spent() as step:
                _take(shop, folder / _step(number), NOW)
            slowest = max(slowest, step.wall)
    note = f"{STEPS} files; the slowest {slowest:.1f} s"
    yield Measured("large_shop_load", time.wall, rows, time.wall, time.cpu, note=note)
    for figure, name in (("large_shop_again_recent", RECENT), ("large_shop_again_spread", SPREAD)):
        with spent() as time:
            changed = _take(shop, folder / name, NOW + timedelta(hours=1))
        yield Measured(figure, time.wall, CHANGED[size], time.wall, time.cpu, note=f"{changed:,} changed")
    peak = peak_mb()
    if peak is not None:
        yield Measured("large_shop_memory", peak, rows, time.wall, time.cpu, peak, "the whole of it")


def _take(shop: Shop, path: Path, now: datetime) -> int:
    """Import a file up to the visible catalog entry; how many orders changed."""
    from django.conf import settings

    from laoke.intake.loading.run import Options, Surroundings, begin, run_import

    options: Options = Options(file_name=path.name, seen_at=now)
    run = begin(shop, path, options, by=None, now=now)
    return int(
        run_import(run, path, options, Surroundings(place=settings.PLACE, now=lambda: now)).counts["changed"]
    )


BENCH = Bench(
    figures={
        "large_shop_load": Figure("s"),
        "large_shop_again_recent": Figure("s", limit=5),
        "large_shop_again_spread": Figure("s", limit=20),
        "large_shop_memory": Figure("MB", limit=1500),
    },
    sides={"laoke": _laoke},
    prepare=_prepare,
    runs=1,
)

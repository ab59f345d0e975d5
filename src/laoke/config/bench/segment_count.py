"""Counting a segment over features and mirrors of a million customers, warm."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from laoke.config.bench.measures import Bench, Figure, Measured, Size, spent

CUSTOMERS = {"small": 5_000, "full": 1_000_000}
RUNS = {"small": 3, "full": 40}


def _laoke(size: Size, folder: Path) -> Iterator[Measured]:
    from laoke.audiences.bench import bench_segments

    with spent() as time:
        found = list(bench_segments(CUSTOMERS[size], RUNS[size]))
    for one in found:
        note = f"p95 of {one['runs']}, median {one['median_ms']} ms; {one['count']:,} people"
        yield Measured(one["bench"], one["p95_ms"], one["customers"], time.wall, time.cpu, note=note)


BENCH = Bench(
    figures={
        "segment_count_features": Figure("ms", limit=100),
        "segment_count_features_tag_reach": Figure("ms", limit=100),
    },
    sides={"laoke": _laoke},
)

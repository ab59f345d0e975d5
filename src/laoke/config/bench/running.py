"""Running benches: each run of each side in a process and a home of its own, sides taking turns, medians at the end."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from laoke.config.bench import bench_named, peers
from laoke.config.bench.measures import Bench, Figure, Measured, Size

OURS = "laoke"


class BenchFailed(Exception):
    """A measured process ended badly; the message is the end of what it said."""


@dataclass(frozen=True)
class Line:
    """One figure as printed: the median of its runs, and our value over the peer's (seconds) where there is one."""

    figure: str
    side: str
    value: float
    unit: str
    n: int
    runs: int
    wall_seconds: float
    cpu_seconds: float
    peak_mb: float | None
    limit: float | None
    ratio_to_ours: float | None
    note: str
    machine: str
    date: str


def run_benches(
    names: Sequence[str],
    size: Size,
    *,
    day: date,
    runs: int | None = None,
    peers_folder: Path | None = None,
) -> Iterator[Line]:
    """The figures of the named benches, one after the other; with a folder of peers also theirs, right after ours."""
    machine = machine_note()
    with TemporaryDirectory(prefix="laoke-bench-", ignore_cleanup_errors=True) as folder:
        for name in names:
            bench = bench_named(name)
            shared = Path(folder)
            if peers_folder is not None:
                peers.link_data(peers_folder, shared)
            bench.prepare(size, shared)
            found = _take_turns(name, bench, size, shared, runs or (1 if size == "small" else bench.runs))
            for peer in peers.peers_of(name, peers_folder):
                assert peers_folder is not None
                found[peer.ours, peer.side].extend(peers.measured(peer, peers_folder))
            yield from _lines(bench, found, machine, day)


def _take_turns(
    name: str, bench: Bench, size: Size, shared: Path, runs: int
) -> dict[tuple[str, str], list[Measured]]:
    found: dict[tuple[str, str], list[Measured]] = defaultdict(list)
    sides = _sides(name, bench)
    for _ in range(runs):
        for side in sides:
            for measured in _in_a_process(name, side, size, shared):
                found[measured.figure, side].append(measured)
    return found


def _sides(name: str, bench: Bench) -> list[str]:
    """The sides that can run here; of the others it is said why not."""
    found = []
    for side in bench.sides:
        if why := _why_not(bench, side):
            sys.stderr.write(f"{name}: without {side}: {why}\n")
        else:
            found.append(side)
    return found


def _why_not(bench: Bench, side: str) -> str:
    """Why a side cannot run here, '' when it can."""
    module = bench.needs.get(side)
    if module is not None and find_spec(module) is None:
        return f"{module} is not installed"
    return bench.lacks[side]() if side in bench.lacks else ""


def _in_a_process(name: str, side: str, size: Size, shared: Path) -> list[Measured]:
    """One run of one side, in a home that is made for it and thrown away."""
    with TemporaryDirectory(prefix="laoke-bench-home-", ignore_cleanup_errors=True) as home:
        environment = {
            **os.environ,
            "LAOKE_HOME": home,
            "DJANGO_SETTINGS_MODULE": "laoke.config.settings",
            "DATABASE_URL": "",
            "PYTHONUTF8": "1",
        }
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        done = subprocess.run(
            [sys.executable, "-m", "laoke.config.bench.child", name, side, size, str(shared)],
            env=environment, capture_output=True, text=True, encoding="utf-8", check=False,
        )  # fmt: skip
    if done.returncode:
        raise BenchFailed(f"{name} ({side}): {done.stderr[-2000:]}")
    return [Measured(**json.loads(line)) for line in done.stdout.splitlines() if line.startswith("{")]


def _lines(
    bench: Bench, found: dict[tuple[str, str], list[Measured]], machine: str, day: date
) -> Iterator[Line]:
    for (name, side), runs in found.items():
        figure = bench.figures[name]
        value = median(run.value for run in runs)
        ours = found.get((name, OURS), [])
        ratio = None
        if side != OURS and ours and value:
            ratio = round(median(run.value for run in ours) / value, 3)
        peaks = [run.peak_mb for run in runs if run.peak_mb is not None]
        yield Line(
            name, side, _rounded(value), figure.unit, runs[-1].n, len(runs),
            round(median(run.wall for run in runs), 3), round(median(run.cpu for run in runs), 3),
            max(peaks) if peaks else None, figure.limit if side == OURS else None, ratio, runs[-1].note,
            machine, day.isoformat(),
        )  # fmt: skip


def _rounded(value: float) -> float:
    return round(value, 3) if abs(value) < 1000 else round(value)


def machine_note() -> str:
    """The machine in a few words: processors, memory, system, Python, and how busy it is right now."""
    memory = load = ""
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        memory = f", {os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE') / 2**30:.0f} GiB"
    if hasattr(os, "getloadavg"):
        load = f", load {os.getloadavg()[0]:.1f}"
    return f"{os.cpu_count()} CPUs{memory}, {platform.system()}, Python {platform.python_version()}{load}"


def as_json(line: Line) -> str:
    return json.dumps(asdict(line), ensure_ascii=False)


def verdict(line: Line, figure: Figure) -> str:
    """'kept' or 'missed' against the figure's limit, nothing where there is none."""
    if line.limit is None:
        return ""
    kept = line.value <= line.limit if figure.less_is_better else line.value >= line.limit
    return "kept" if kept else "missed"


def table(lines: Sequence[Line], names: Sequence[str]) -> str:
    """All figures as text for people."""
    figures = {name: figure for bench in names for name, figure in bench_named(bench).figures.items()}
    rows = [("figure", "side", "value", "unit", "n", "limit", "", "cpu s", "peak MB", "laoke/peer", "note")]
    for line in lines:
        limit = (
            ""
            if line.limit is None
            else f"{'≤' if figures[line.figure].less_is_better else '≥'} {line.limit:,g}"
        )
        rows.append(
            (
                line.figure, line.side, f"{line.value:,}", line.unit, f"{line.n:,}", limit,
                verdict(line, figures[line.figure]), f"{line.cpu_seconds:,}",
                "" if line.peak_mb is None else f"{line.peak_mb:,.0f}",
                "" if line.ratio_to_ours is None else f"{line.ratio_to_ours}", line.note,
            )
        )  # fmt: skip
    widths = [max(len(row[n]) for row in rows) for n in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )

"""What a bench is, and what one run of one side of it says."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

Size = Literal["small", "full"]


@dataclass(frozen=True)
class Measured:
    """One value of one run. `wall` and `cpu` are the seconds of the measured part (cpu with children)."""

    figure: str
    value: float
    n: int
    wall: float
    cpu: float
    peak_mb: float | None = None
    note: str = ""


@dataclass(frozen=True)
class Figure:
    """A figure of the table: its unit, its limit where the project sets one, and whether less is better."""

    unit: str
    limit: float | None = None
    less_is_better: bool = True


Side = Callable[[Size, Path], Iterator[Measured]]


@dataclass(frozen=True)
class Bench:
    """Sides that do the same work; the first is Laoke's, the others are peers and run only where installed.

    `prepare` makes what all sides share in the folder of the run, unless another bench did, and is not measured.
    `needs` names the module that a peer's side imports, `lacks` says what else a side misses here ('' = nothing).
    Sides take turns, `runs` times each.
    """

    figures: Mapping[str, Figure]
    sides: Mapping[str, Side]
    prepare: Callable[[Size, Path], None] = lambda size, folder: None
    needs: Mapping[str, str] = field(default_factory=dict)
    lacks: Mapping[str, Callable[[], str]] = field(default_factory=dict)
    runs: int = 3


@dataclass
class Spent:
    """Seconds of a measured part, known when it has ended."""

    wall: float = 0.0
    cpu: float = 0.0


@contextmanager
def spent() -> Iterator[Spent]:
    """Measure the block: wall and CPU seconds of this process and of children that ended in it."""
    result = Spent()
    wall, cpu = time.perf_counter(), _cpu()
    try:
        yield result
    finally:
        result.wall, result.cpu = time.perf_counter() - wall, _cpu() - cpu


def _cpu() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def peak_mb() -> float | None:
    """The most memory this process has held, in MB; None where the system does not tell (only Linux does)."""
    try:
        told = Path("/proc/self/status").read_text(encoding="ascii")
    except OSError:
        return None
    peak = next((line for line in told.splitlines() if line.startswith("VmHWM:")), "")
    return round(int(peak.split()[1]) / 1024, 1) if peak else None

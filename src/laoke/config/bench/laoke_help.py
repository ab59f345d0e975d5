"""How long `laoke --help` takes, as a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from laoke.config.bench.measures import Bench, Figure, Measured, Size, spent

RUNS = {"small": 1, "full": 7}


def _laoke(size: Size, folder: Path) -> Iterator[Measured]:
    walls, cpus = [], []
    for _ in range(RUNS[size] + 1):
        with spent() as time:
            subprocess.run(
                [sys.executable, "-m", "laoke", "--help"],
                check=True,
                stdout=subprocess.DEVNULL,
                env=os.environ,
            )
        walls.append(time.wall)
        cpus.append(time.cpu)
    # The first run may have to compile modules; it is not counted.
    yield Measured("laoke_help", median(walls[1:]), RUNS[size], median(walls[1:]), median(cpus[1:]))


BENCH = Bench(figures={"laoke_help": Figure("s", limit=0.5)}, sides={"laoke": _laoke}, runs=1)

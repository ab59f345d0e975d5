"""One run of one side of one bench, in this process: figures as JSON lines on standard output."""

from __future__ import annotations

import dataclasses
import json
import os
import sys
from pathlib import Path
from typing import cast

from laoke.config.bench import bench_named
from laoke.config.bench.measures import Size, peak_mb


def main(name: str, side: str, size: str, shared: str) -> None:
    """Run and print; the peak of memory is this process's."""
    for measured in bench_named(name).sides[side](cast(Size, size), Path(shared)):
        if measured.peak_mb is None:
            measured = dataclasses.replace(measured, peak_mb=peak_mb())
        sys.stdout.write(json.dumps(dataclasses.asdict(measured)) + "\n")
    sys.stdout.flush()
    os._exit(0)  # as the `laoke` script does: see cli.main


if __name__ == "__main__":
    main(*sys.argv[1:])

"""The record of a proof run: what each test counted, and on which machine.

Tests hand their figures over with pytest's own `record_property("kills", 1000)`; this plugin collects them
with the outcome and the seconds, and writes one JSON file that the docs quote.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
LONGEST_WHY = 3_000
QUOTED = ("django", "duckdb", "deltalake", "pyarrow", "numpy", "scipy", "numba")


def _first(path: str, prefix: str) -> str:
    """What stands after `prefix` in a file of the system, empty where there is no such file."""
    try:
        lines = Path(path).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(prefix)), "")


def machine_note() -> dict[str, Any]:
    """What a reader needs to judge a figure: processor, memory, system, versions."""
    return {
        "processor": _first("/proc/cpuinfo", "model name") or platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "memory": _first("/proc/meminfo", "MemTotal"),
        "system": platform.platform(),
        "python": platform.python_version(),
        "packages": {name: version(name) for name in QUOTED},
    }


def _why(told: str) -> str:
    """The end of what a test said, without where on this machine it said so."""
    told = "\n".join(line for line in told.splitlines() if sys.executable not in line)
    return told.replace(f"{ROOT}/", "")[-LONGEST_WHY:]


def _git(*words: str) -> str:
    done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip()


def source_note() -> dict[str, Any]:
    """The commit that was proven, and whether the checkout differed from it by more than the record itself."""
    return {
        "commit": _git("rev-parse", "HEAD"),
        "changed": bool(_git("status", "--porcelain", "--untracked-files=no", "--", ".", ":!docs/proof")),
    }


def cut_short(folder: Path, source: dict[str, Any]) -> Path | None:
    """The record of a run over the same sources that was stopped before its end, where nothing had failed yet.

    A run that saw a failure begins anew: what failed once is not made good by a second try.
    """
    for path in sorted(folder.glob("????-??-??.json"), reverse=True):
        told = json.loads(path.read_text(encoding="utf-8"))
        passed = all(test["outcome"] == "passed" for test in told["tests"])
        if told["passed"] is None and told["source"] == source and not source["changed"] and passed:
            return path
    return None


class ProofRecord:
    """A pytest plugin that remembers every test's outcome, seconds and figures.

    Hours are long: a run that was cut short goes on in its own record, without the tests that passed. `sittings` says
    when it was begun and gone on with.
    """

    def __init__(self, path: Path, started: datetime, *, goes_on: bool = False) -> None:
        self.path = path
        self.sittings = [started.isoformat(timespec="seconds")]
        self.tests: list[dict[str, Any]] = []
        self.source = source_note()
        if goes_on:
            before = json.loads(path.read_text(encoding="utf-8"))
            self.tests, self.sittings = before["tests"], [*before["sittings"], *self.sittings]

    def deselected(self) -> list[str]:
        """Words for pytest that leave out what has passed."""
        return [word for test in self.tests for word in ("--deselect", test["test"])]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """One entry per test: its call, or the setup that kept it from running."""
        if report.when != "call" and report.passed:
            return
        entry = {
            "test": report.nodeid,
            "outcome": report.outcome,
            "seconds": round(report.duration, 3),
            "figures": dict(report.user_properties),
        }
        if report.failed:
            entry["why"] = _why(report.longreprtext)
        self.tests.append(entry)
        self._write(passed=None)

    def pytest_sessionfinish(self, exitstatus: int) -> None:
        """Write the file, passed or not: a failed proof is a result too. One that was stopped is neither."""
        stopped = exitstatus == pytest.ExitCode.INTERRUPTED
        self._write(passed=None if stopped else int(exitstatus) == 0)

    def _write(self, *, passed: bool | None) -> None:
        """The file as far as the run is; `passed` is null until it has ended."""
        content = {
            "date": self.sittings[0][:10],
            "sittings": self.sittings,
            "passed": passed,
            "machine": machine_note(),
            "source": self.source,
            # By name: parts that run beside each other end in another order every time.
            "tests": sorted(self.tests, key=lambda test: str(test["test"])),
        }
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")

"""The tiers of a test run, in order, each with its time and its closing line.

A tier is one pytest process over one marker (tests/conftest.py gives every test exactly one). All
tiers run even when one fails: a run tells everything it knows. Tiers that leave a processor idle run beside
each other.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from threading import Thread
from typing import TypeAlias

ROOT = Path(__file__).resolve().parent.parent
CLOSING = re.compile(
    r"\b\d+ (passed|failed|skipped|error|errors|deselected)\b.* in [\d.]+s|no tests (ran|collected)"
)
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
# Two processes, each with a home and ledgers of its own. A file stays whole where its tests share what was made for the
# first of them or follow each other; long tests that stand alone go to whoever is free.
PARALLEL = ("-n", "2", "--dist", "loadfile")
SPREAD = ("-n", "2", "--dist", "worksteal")
LONG = ("--timeout", "600")
# Folders that are tiers of their own need not be read to find the tests of another.
ELSEWHERE = tuple(f"--ignore=tests/{folder}" for folder in ("browser", "crash", "flows", "spark"))
# The checks take one processor, kills wait for clocks, and one process asks the Spark cluster and waits for it. Pages
# in a browser and the ways through the product are given the machine alone: they say how long something may take.
BESIDE = ({"check", "pure"}, {"crash", "spark"})

# When a tier began, and its process.
_Running: TypeAlias = tuple[float, "subprocess.Popen[str]"]


@dataclass(frozen=True)
class Tier:
    """A name, the command that runs it, and the environment it needs on top of ours."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]


@dataclass(frozen=True)
class Outcome:
    """How a tier ended: seconds, exit status, and the last thing its runner said.

    `processor_seconds` is what it took of all processors, without the database server: less than two for each second
    mean that it waited, for itself or for others on the machine.
    """

    tier: str
    seconds: float
    status: int
    closing: str
    processor_seconds: float

    def line(self) -> str:
        """One row of the closing table."""
        mark = "ok    " if self.status == 0 else "FAILED"
        busy = f"{self.processor_seconds:6.0f} s of processor"
        return f"{mark} {self.tier:<16} {self.seconds:6.1f} s {busy}  {self.closing}"


def pytest_command(marker: str, *more: str) -> tuple[str, ...]:
    """pytest over the tests of one marker, in the interpreter that runs this."""
    return (sys.executable, "-m", "pytest", "-q", "-m", marker, *more)


def all_tiers() -> tuple[Tier, ...]:
    """What make test runs. Only tests that touch the ledger run twice; a tier that is a folder reads that one only."""
    sqlite = {"LAOKE_TEST_DATABASE": "sqlite"}
    postgres = {"LAOKE_TEST_DATABASE": "postgres"}
    return (
        Tier("check", ("scripts/check", "--quick"), {}),
        Tier("pure", pytest_command("pure", *PARALLEL, *ELSEWHERE), sqlite),
        Tier("ledger-sqlite", pytest_command("ledger", *PARALLEL, *ELSEWHERE), sqlite),
        Tier("ledger-postgres", pytest_command("ledger", *PARALLEL, *ELSEWHERE), postgres),
        Tier("flows", pytest_command("flow", "tests/flows", *SPREAD, *LONG), sqlite),
        Tier("browser", pytest_command("browser", "tests/browser", *PARALLEL, *LONG), sqlite),
        Tier("crash", pytest_command("crash", "tests/crash", *SPREAD, *LONG), sqlite),
        Tier("spark", pytest_command("spark", "tests/spark", *LONG), sqlite),
    )


def chosen_tiers(names: Sequence[str]) -> tuple[Tier, ...]:
    """The named tiers in their fixed order, all when none is named. Raises ValueError with the known names."""
    tiers = all_tiers()
    unknown = set(names) - {tier.name for tier in tiers}
    if unknown:
        known = ", ".join(tier.name for tier in tiers)
        raise ValueError(f"no tier {', '.join(sorted(unknown))}; there are: {known}")
    return tuple(tier for tier in tiers if not names or tier.name in names)


def side_by_side(tiers: Sequence[Tier]) -> list[tuple[Tier, ...]]:
    """The tiers in their order, those that run beside each other together."""

    def place(tier: Tier) -> str:
        return next((min(names) for names in BESIDE if tier.name in names), tier.name)

    return [tuple(group) for _, group in groupby(tiers, key=place)]


def run_beside(tiers: Sequence[Tier], environment: Mapping[str, str]) -> list[Outcome]:
    """Run tiers at the same time. The first tells as it goes, every other when those before it have ended."""
    with _started(tiers, environment) as processes:
        print(f"\n=== {tiers[0].name}", flush=True)
        others = [_Beside(tier, process) for tier, process in zip(tiers[1:], processes[1:], strict=True)]
        outcomes = [_followed(tiers[0], processes[0], _tell)]
        for other in others:
            other.join()
            outcomes.append(other.outcome.pop())
            print(f"\n=== {other.name}", *other.lines, sep="\n", flush=True)
    return outcomes


@contextmanager
def _started(tiers: Sequence[Tier], environment: Mapping[str, str]) -> Iterator[list[_Running]]:
    """The process of every tier with the moment it began; stopped from outside, none outlives the run's database."""
    processes: list[_Running] = []
    try:
        for tier in tiers:
            process = subprocess.Popen(
                tier.command,
                cwd=ROOT,
                env={**os.environ, **environment, **tier.environment},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                encoding="utf-8",
                errors="replace",
            )
            processes.append((time.monotonic(), process))
        yield processes
    except BaseException:
        for _, process in processes:
            process.terminate()
        for _, process in processes:
            process.wait()
        raise


class _Beside(Thread):
    """A tier that is followed while another tells: its lines, and its outcome when it has ended.

    A stopped run does not wait for it.
    """

    def __init__(self, tier: Tier, running: _Running) -> None:
        super().__init__(name=tier.name, daemon=True)
        self._tier, self._running = tier, running
        self.lines: list[str] = []
        self.outcome: list[Outcome] = []
        self.start()

    def run(self) -> None:
        self.outcome.append(_followed(self._tier, self._running, self.lines.append))


def _tell(line: str) -> None:
    print(line, flush=True)


def _followed(tier: Tier, running: _Running, tell: Callable[[str], None]) -> Outcome:
    """Tell every line of a tier's process until it ends, and how it ended."""
    began, process = running
    closing = ""
    assert process.stdout is not None
    with process.stdout:
        for line in process.stdout:
            tell(line.rstrip("\n"))
            plain = COLOUR.sub("", line).strip()
            if CLOSING.search(plain):
                closing = plain.strip("= ")
    # Asked of this one process, with what it waited for itself: another tier may run beside it.
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.monotonic() - began
    return Outcome(tier.name, seconds, process.returncode, closing, used.ru_utime + used.ru_stime)


def report(outcomes: Sequence[Outcome], seconds: float) -> int:
    """Print the table and the seconds of all together; the exit status of the whole run."""
    print("\n=== summary")
    for outcome in outcomes:
        print(outcome.line())
    failed = [outcome.tier for outcome in outcomes if outcome.status != 0]
    print(f"{'FAILED: ' + ', '.join(failed) if failed else 'all passed'} in {seconds:.0f} s", flush=True)
    return 1 if failed else 0

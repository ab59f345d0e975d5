"""The tiers of a test run, in order, each with its time and its closing line.

A tier is one pytest process over one marker (tests/conftest.py gives every test exactly one). All
tiers run even when one fails: a run tells everything it knows.
"""

from __future__ import annotations

import os
import re
import resource
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

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


def run_tier(tier: Tier, environment: Mapping[str, str]) -> Outcome:
    """Run one tier, its output passed through as it comes."""
    print(f"\n=== {tier.name}", flush=True)
    started, before = time.monotonic(), _processor_seconds()
    closing = ""
    with subprocess.Popen(
        tier.command,
        cwd=ROOT,
        env={**os.environ, **environment, **tier.environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
    ) as process:
        assert process.stdout is not None
        try:
            for line in process.stdout:
                print(line, end="", flush=True)
                plain = COLOUR.sub("", line).strip()
                if CLOSING.search(plain):
                    closing = plain.strip("= ")
        except BaseException:
            # Stopped from outside: the tier must not outlive the run and its database.
            process.terminate()
            raise
    seconds, busy = time.monotonic() - started, _processor_seconds() - before
    return Outcome(tier.name, seconds, process.returncode, closing, busy)


def _processor_seconds() -> float:
    """What the processes that were waited for have taken."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def report(outcomes: Sequence[Outcome]) -> int:
    """Print the table; the exit status of the whole run."""
    print("\n=== summary")
    for outcome in outcomes:
        print(outcome.line())
    total = sum(outcome.seconds for outcome in outcomes)
    failed = [outcome.tier for outcome in outcomes if outcome.status != 0]
    print(f"{'FAILED: ' + ', '.join(failed) if failed else 'all passed'} in {total:.0f} s", flush=True)
    return 1 if failed else 0

"""The Makefile, the scripts and the tiers say the same."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tiers import CLOSING, Outcome, Tier, all_tiers, chosen_tiers, report, run_tier

ROOT = Path(__file__).resolve().parents[2]
TARGETS = ("up", "test", "check", "bench", "prove", "clean")


def test_help_names_every_target() -> None:
    said = subprocess.run(
        ["make", "--no-print-directory", "help"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert [line.split()[1] for line in said.stdout.splitlines()] == ["help", *TARGETS]


@pytest.mark.parametrize(
    "script", [".ci/run", "scripts/environment", "scripts/check", "scripts/test", "scripts/prove"]
)
def test_scripts_can_be_run(script: str) -> None:
    assert os.access(ROOT / script, os.X_OK)


def test_the_tiers_run_in_order_and_only_the_ledger_runs_twice() -> None:
    names = [tier.name for tier in all_tiers()]
    assert names == [
        "check",
        "pure",
        "ledger-sqlite",
        "ledger-postgres",
        "flows",
        "browser",
        "crash",
        "spark",
    ]


@pytest.mark.parametrize("name", ["flows", "browser", "crash"])
def test_a_tier_that_is_a_folder_reads_that_one_only(name: str) -> None:
    (tier,) = chosen_tiers([name])
    assert [word for word in tier.command if word.startswith("tests")] == [f"tests/{name}"]
    assert list((ROOT / "tests" / name).glob("test_*.py"))


def test_named_tiers_keep_their_order() -> None:
    assert [tier.name for tier in chosen_tiers(["flows", "pure"])] == ["pure", "flows"]


def test_an_unknown_tier_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match="no tier fast; there are: check, pure"):
        chosen_tiers(["fast"])


@pytest.mark.parametrize(
    "line",
    [
        "5 passed in 0.12s",
        "1 failed, 5 passed, 2 skipped in 61.02s (0:01:01)",
        "3 skipped, 40 deselected in 1.20s",
        "40 deselected in 1.20s",
        "no tests ran in 0.01s",
    ],
)
def test_the_closing_line_of_pytest_is_recognised(line: str) -> None:
    assert CLOSING.search(line)


def test_one_failed_tier_fails_the_run(capsys: pytest.CaptureFixture[str]) -> None:
    good = Outcome("pure", 1.0, 0, "5 passed in 1.00s", 1.9)
    bad = Outcome("crash", 2.0, 1, "1 failed in 2.00s", 0.4)
    assert report([good]) == 0
    assert report([good, bad]) == 1
    assert "FAILED: crash" in capsys.readouterr().out


def test_a_tier_without_tests_fails_the_run() -> None:
    """pytest ends with 5 then: a tier that runs nothing proves nothing."""
    assert report([Outcome("browser", 0.1, 5, "no tests ran in 0.01s", 0.1)]) == 1


def test_a_tier_tells_what_it_took_of_the_processors_beside_its_time() -> None:
    told = Outcome("crash", 450.04, 0, "40 passed in 449.00s", 310.4).line()
    assert told == "ok     crash             450.0 s    310 s of processor  40 passed in 449.00s"


def test_what_the_processes_of_a_tier_take_is_counted_and_waiting_is_not() -> None:
    work = "import time; until = time.process_time() + 0.3\nwhile time.process_time() < until: pass"
    waiting = run_tier(Tier("waits", (sys.executable, "-S", "-c", "import time; time.sleep(1)"), {}), {})
    working = run_tier(Tier("works", (sys.executable, "-S", "-c", work), {}), {})
    assert waiting.seconds > 1.0 > waiting.processor_seconds
    assert working.processor_seconds > 0.3

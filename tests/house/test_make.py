"""The Makefile, the scripts and the tiers say the same."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tiers import CLOSING, Outcome, Tier, all_tiers, chosen_tiers, report, run_beside, side_by_side

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
    assert report([good], 1.0) == 0
    assert report([good, bad], 2.0) == 1
    assert "FAILED: crash in 2 s" in capsys.readouterr().out


def test_a_tier_without_tests_fails_the_run() -> None:
    """pytest ends with 5 then: a tier that runs nothing proves nothing."""
    assert report([Outcome("browser", 0.1, 5, "no tests ran in 0.01s", 0.1)], 0.1) == 1


def test_a_tier_tells_what_it_took_of_the_processors_beside_its_time() -> None:
    told = Outcome("crash", 450.04, 0, "40 passed in 449.00s", 310.4).line()
    assert told == "ok     crash             450.0 s    310 s of processor  40 passed in 449.00s"


def _saying(name: str, work: str, **environment: str) -> Tier:
    return Tier(name, (sys.executable, "-S", "-c", work), environment)


def test_what_the_processes_of_a_tier_take_is_counted_and_waiting_is_not() -> None:
    work = "import time; until = time.process_time() + 0.3\nwhile time.process_time() < until: pass"
    waiting, working = run_beside(
        [_saying("waits", "import time; time.sleep(1)"), _saying("works", work)], {}
    )
    assert waiting.seconds > 1.0 > waiting.processor_seconds
    assert working.processor_seconds > 0.3


def test_checks_run_beside_pure_tests_and_kills_beside_the_cluster() -> None:
    groups = [[tier.name for tier in group] for group in side_by_side(all_tiers())]
    assert groups == [
        ["check", "pure"],
        ["ledger-sqlite"],
        ["ledger-postgres"],
        ["flows"],
        ["browser"],
        ["crash", "spark"],
    ]


def test_tiers_that_were_named_run_alone_where_the_other_was_not() -> None:
    groups = side_by_side(chosen_tiers(["spark", "flows", "pure"]))
    assert [[tier.name for tier in group] for group in groups] == [["pure"], ["flows"], ["spark"]]


def test_tiers_beside_each_other_wait_for_each_other_and_tell_one_after_the_other(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Each ends only when the other has begun, so neither could pass alone."""
    meet = (
        "import os, sys, time; open(os.environ['MINE'], 'w').close()\n"
        "while not os.path.exists(os.environ['OTHER']): time.sleep(0.01)\n"
        "print('met'); print(os.environ['SAYS']); sys.exit(int(os.environ['STATUS']))"
    )
    one, two = str(tmp_path / "one"), str(tmp_path / "two")
    tiers = [
        _saying("crash", meet, MINE=one, OTHER=two, SAYS="2 passed in 1.00s", STATUS="0"),
        _saying("spark", meet, MINE=two, OTHER=one, SAYS="1 failed in 1.00s", STATUS="1"),
    ]

    outcomes = run_beside(tiers, {})

    assert [(found.tier, found.status, found.closing) for found in outcomes] == [
        ("crash", 0, "2 passed in 1.00s"),
        ("spark", 1, "1 failed in 1.00s"),
    ]
    said = "\n=== crash\nmet\n2 passed in 1.00s\n\n=== spark\nmet\n1 failed in 1.00s\n"
    assert capfd.readouterr().out == said


def test_a_stopped_run_takes_all_its_tiers_along(tmp_path: Path) -> None:
    work = "import os, time; print(os.getpid(), file=open(os.environ['MINE'], 'w')); time.sleep(60)"
    run = (
        "import signal, sys; from tiers import Tier, run_beside\n"
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))\n"
        f"tiers = [Tier(n, (sys.executable, '-S', '-c', {work!r}), {{'MINE': n}}) for n in sys.argv[1:]]\n"
        "run_beside(tiers, {})"
    )
    names = [str(tmp_path / "one"), str(tmp_path / "two")]
    with subprocess.Popen([sys.executable, "-c", run, *names], cwd=ROOT / "scripts") as process:
        until = time.monotonic() + 60
        while not all(Path(name).is_file() and Path(name).read_text(encoding="utf-8") for name in names):
            assert time.monotonic() < until
            time.sleep(0.01)
        process.terminate()

        assert process.wait(timeout=30) == 143
    for name in names:
        with pytest.raises(ProcessLookupError):
            os.kill(int(Path(name).read_text(encoding="utf-8")), 0)

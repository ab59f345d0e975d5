"""Workers die while they price queued backtests and comparisons: the next one finishes, and nothing is made twice."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.crash.backtest_tasks import KILLED
from tests.crash.nursery import Nursery
from tests.crash.small_shop import seen, shop_in


@pytest.fixture
def nursery(ledger_url: str, tmp_path: Path) -> Iterator[Nursery]:
    with shop_in(ledger_url, tmp_path, "tests.crash.backtest_tasks") as found:
        yield found


# Before the end of its transaction nothing of it stays.
@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("what", "steps", "made"),
    [
        ("replay", ("step 0", "step 1", "step 2", "keeping", "kept"), {"backtests": 1, "comparisons": 0}),
        (
            "compare",
            ("step 0", "step 1", "step 2", "step 3", "keeping", "kept"),
            {"backtests": 2, "comparisons": 1},
        ),
    ],
)
def test_a_worker_killed_at_every_step_leaves_a_job_that_the_next_one_finishes_once(
    nursery: Nursery, tmp_path: Path, what: str, steps: tuple[str, ...], made: dict[str, int]
) -> None:
    assert nursery.run("ask", what=what) == 0
    before = seen(nursery, tmp_path)
    for minutes, step in enumerate(steps):
        # A minute and a bit later the lease of the one that died has run out.
        assert nursery.run("work", die_at=step, minutes=2 * minutes) == KILLED, f"{step} was never passed"
        after = seen(nursery, tmp_path)
        if step != "kept":
            assert {**after, "state": before["state"]} == before, f"something stayed after {step}"
    assert nursery.run("work", minutes=2 * len(steps)) == 0

    found = seen(nursery, tmp_path)
    assert found["state"] == "done"
    assert found["result"] == [{"replay": "backtest", "compare": "comparison"}[what]]
    for name, count in made.items():
        assert found[name] == before[name] + count
    assert found["facts"] == found["made"] == found["backtests"]
    assert found["compared"] == found["comparisons"]
    assert found["given"] == ([120 * 4_000] if what == "replay" else [120 * 2_000, 120 * 4_000])

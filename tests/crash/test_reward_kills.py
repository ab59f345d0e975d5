"""Requests about rewards die at every step: each is done once when sent again, and nothing stays held for ever."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.crash.reward_tasks import KILLED, REFUSED
from tests.crash.small_shop import seen, shop_in
from tests.crash.test_coupon_kills import STANDS, STEPS

TASKS = "tests.crash.reward_tasks"


@pytest.mark.timeout(600)
def test_a_request_about_points_killed_at_every_step_is_done_once_when_it_is_sent_again(
    ledger_url: str, tmp_path: Path
) -> None:
    with shop_in(ledger_url, tmp_path, TASKS) as nursery:
        left = 0
        for number, step in enumerate(STEPS):
            order = f"A-{number}"
            for act, change in (
                ("earn", 100),
                ("reserve", -100),
                ("redeem", 0),
                ("rollback", 100),
                ("refund", -100),
            ):
                key = f"{number}-{act}"
                before = seen(nursery, tmp_path)
                assert nursery.run("ask", act=act, order=order, key=key, die_at=step) == KILLED
                assert (seen(nursery, tmp_path) == before) == (step not in STANDS)
                for _ in range(2):
                    assert nursery.run("ask", act=act, order=order, key=key) == 0
                left += change
                found = seen(nursery, tmp_path)
                assert (found["left"], found["keys"]) == (left, before["keys"] + 1)
                assert found["audited"] == found["keys"]
        assert found["holds"] == ["rolled_back"] * len(STEPS)
        assert found["events"] == [
            ["earned", 100], ["used", -100], ["returned", 100], ["taken_back", -100],
        ] * len(STEPS)  # fmt: skip

        # Killed after it reserved and never heard of again: the points are held until the time is over, and no longer.
        assert nursery.run("ask", act="earn", order="B-0", key="b0") == 0
        assert nursery.run("ask", act="reserve", order="B-1", key="lost", die_at="done") == KILLED
        assert nursery.run("ask", act="reserve", order="B-2", key="next", minutes=29) == REFUSED
        assert nursery.run("ask", act="reserve", order="B-2", key="next", minutes=31) == 0
        assert nursery.run("tick", minutes=62) == 0
        found = seen(nursery, tmp_path)
        assert (found["left"], found["holds"][-2:]) == (100, ["rolled_back", "rolled_back"])


@pytest.mark.timeout(600)
def test_a_draw_killed_at_every_step_costs_and_wins_once_and_the_draws_can_be_checked(
    ledger_url: str, tmp_path: Path
) -> None:
    with shop_in(ledger_url, tmp_path, TASKS) as nursery:
        assert nursery.run("open_lottery") == 0
        for number, step in enumerate(STEPS):
            before = seen(nursery, tmp_path)
            given = {"act": "lotteries.draw", "order": f"text {number}", "key": f"draw-{number}"}
            assert nursery.run("ask", **given, die_at=step) == KILLED
            assert (seen(nursery, tmp_path) == before) == (step not in STANDS)
            for _ in range(2):
                assert nursery.run("ask", **given) == 0
            found = seen(nursery, tmp_path)
            assert (found["draws"], found["left"]) == (number + 1, 10)
        assert nursery.run("check_fairness") == 0


@pytest.mark.timeout(600)
def test_a_friend_killed_at_every_step_comes_and_counts_once(ledger_url: str, tmp_path: Path) -> None:
    with shop_in(ledger_url, tmp_path, TASKS) as nursery:
        assert nursery.run("take_friends") == 0
        for act, state in (("referrals.accept", "waiting"), ("referrals.paid", "counting")):
            for step in STEPS:
                before = seen(nursery, tmp_path)
                assert nursery.run("ask", act=act, order="B-1", key=act, die_at=step) == KILLED
                assert (seen(nursery, tmp_path) == before) == (step not in STANDS)
            for _ in range(2):
                assert nursery.run("ask", act=act, order="B-1", key=act) == 0
            assert seen(nursery, tmp_path)["referrals"] == [state]
        for _ in range(2):
            assert nursery.run("reward", days=15) == 0
        found = seen(nursery, tmp_path)
        assert (found["referrals"], found["left"]) == (["rewarded"], 1_000)

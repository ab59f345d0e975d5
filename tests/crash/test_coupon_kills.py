"""Requests about coupons die at every step: each is done once when sent again, and nothing stays held for ever."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.crash.coupon_tasks import KILLED, REFUSED
from tests.crash.small_shop import seen, shop_in

STEPS = ("checked", "noted", "moved", "answered", "done")
# Before the end of its transaction nothing of a request stays.
STANDS = ("done",)


@pytest.mark.timeout(600)
def test_a_request_killed_at_every_step_is_done_once_when_it_is_sent_again(
    ledger_url: str, tmp_path: Path
) -> None:
    with shop_in(ledger_url, tmp_path, "tests.crash.coupon_tasks", coupons=len(STEPS) + 1) as nursery:
        for number, step in enumerate(STEPS):
            for act, state in (("reserve", "reserved"), ("redeem", "redeemed")):
                key = f"{number}-{act}"
                before = seen(nursery, tmp_path)
                assert nursery.run("ask", act=act, number=number, key=key, die_at=step) == KILLED
                after = seen(nursery, tmp_path)
                assert (after == before) == (step not in STANDS)
                assert nursery.run("ask", act=act, number=number, key=key) == 0
                assert nursery.run("ask", act=act, number=number, key=key) == 0
                found = seen(nursery, tmp_path)
                assert (found["states"][number], found["taken"]) == (state, 2_000)
                assert found["events"][state] == number + 1
            assert nursery.run("ask", act="rollback", number=number, key=f"{number}-back") == 0
        found = seen(nursery, tmp_path)
        assert (found["taken"], found["keys"], found["audited"]) == (0, 3 * len(STEPS), 2 * len(STEPS))

        # Killed after it reserved and never heard of again: the budget is held until the time is over, and no longer.
        assert nursery.run("ask", act="reserve", number=0, key="lost", die_at="done") == KILLED
        last = len(STEPS)
        assert nursery.run("ask", act="reserve", number=last, key="next", minutes=29) == REFUSED
        assert nursery.run("ask", act="reserve", number=last, key="next", minutes=31) == 0
        assert seen(nursery, tmp_path)["states"][0] == "claimed"
        assert nursery.run("tick", minutes=62) == 0
        found = seen(nursery, tmp_path)
        assert (set(found["states"]), found["taken"]) == ({"claimed"}, 0)

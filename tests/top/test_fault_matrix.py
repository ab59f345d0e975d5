"""Whatever fails, and wherever: in the end every fact is the platform's, once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from laoke.intake.models import Connection, ConnectionState, PullCursor
from laoke.intake.top import pulling
from laoke.intake.top.call import TopClient
from laoke.intake.top.loopback import FAULT_MODES, PASSING, Fault, LoopbackTop, standing_faults
from laoke.shops.models import Shop
from tests.top.platform import MovedClock, check_truth, pull_once, small_shop, stored
from tests.top.test_streams import REVIEWS, true_ratings

pytestmark = pytest.mark.django_db(transaction=True)

CALL_FAULTS = ("slow", "reset", "http500", "unreadable", "busy", "away", "touch")


@pytest.fixture
def platform(clock: MovedClock, three_weeks: None) -> Iterator[LoopbackTop]:
    """A smaller shop: there are many ways to fail."""
    with LoopbackTop(small_shop(trades=50, days=23), clock) as platform:
        yield platform


def pull_to_the_end(connection: Connection, clock: MovedClock, most: int = 40) -> int:
    """Turn after turn, each as much later as the last one's trouble wants; how many it took."""
    for turns in range(1, most + 1):
        turn = pull_once(connection, clock, waits=())
        assert turn.trouble is None or turn.trouble.may_pass
        if turn.done:
            return turns
        clock.at = max(connection.next_pull_at, clock())
    raise AssertionError(f"not at the end after {most} turns")


@pytest.mark.parametrize("mode", CALL_FAULTS)
def test_calls_that_fail_again_and_again_leave_nothing_out_and_nothing_twice(
    connection: Connection, shop: Shop, platform: LoopbackTop, clock: MovedClock, mode: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    began = clock()
    monkeypatch.setattr(pulling, "BATCH_TRADES", 15)
    monkeypatch.setattr(pulling, "TopClient", partial(TopClient, timeout_seconds=0.3))
    platform.faults = [Fault(mode, after=5, seconds=0.5, every=37)]
    turns = pull_to_the_end(connection, clock)
    platform.faults = []
    assert (turns == 1) == (mode == "touch")
    assert bool(platform.shop.touched) == (mode == "touch")

    clock.move(minutes=35)
    assert pull_once(connection, clock).done
    assert connection.state == ConnectionState.ACTIVE
    check_truth(shop, platform, clock, began)
    assert stored("reviews", REVIEWS, shop) == true_ratings(platform, clock)
    events = stored("shipment_events", 'order_id, "at", kind', shop)
    assert len(events) == len(set(events)) > 40
    levels = [row for row in stored("customers", "customer_id, level", shop) if row[1]]
    assert (
        len(levels) == len({row[0] for row in levels}) == PullCursor.objects.get(stream="members").rows > 10
    )


@pytest.mark.parametrize("minutes", [-9, -3, 3, 9])
def test_a_clock_that_is_off_by_less_than_the_platform_bears_leaves_nothing_out(
    connection: Connection, shop: Shop, platform: LoopbackTop, clock: MovedClock, minutes: int
) -> None:
    platform.skew = timedelta(minutes=minutes)
    pull_once(connection, clock)
    clock.move(hours=6)
    pull_once(connection, clock)
    platform.skew = timedelta(0)
    clock.move(minutes=10)
    assert pull_once(connection, clock).done
    check_truth(shop, platform, clock)


def test_a_clock_that_is_off_by_more_is_said_and_nothing_is_stored(
    connection: Connection, platform: LoopbackTop, clock: MovedClock
) -> None:
    platform.skew = timedelta(minutes=11)
    turn = pull_once(connection, clock)
    assert turn.trouble is not None
    assert (turn.trouble.kind, connection.state, turn.imports) == ("clock", ConnectionState.ACTIVE, [])
    assert not PullCursor.objects.exists()


def test_standing_faults_are_named_and_an_unknown_one_is_refused() -> None:
    def told(names: str) -> tuple[list[Any], float]:
        faults, skew = standing_faults(names)
        return [(one.mode, one.every) for one in faults], skew.total_seconds()

    assert told("") == ([], 0.0)
    assert told("busy, drop,skew") == ([("busy", 25), ("drop", 3)], 360.0)
    everything, skew = told("all")
    assert [mode for mode, _ in everything] == list(PASSING)
    assert set(FAULT_MODES) - set(PASSING) == {"signed_out", "forbidden"}
    assert skew == 360.0
    with pytest.raises(ValueError, match="thunder"):
        standing_faults("busy,thunder")


def test_a_standing_fault_strikes_so_many_calls_apart() -> None:
    fault = Fault("busy", after=1, every=3)
    assert [fault.strikes("x") for _ in range(8)] == [False, True, False, False, True, False, False, True]

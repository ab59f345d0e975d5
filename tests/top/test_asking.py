"""Pages that shift while they are read: from the last to the first nothing is left out, the other way round it is."""

from __future__ import annotations

from datetime import timedelta

import pytest

from laoke.intake.top import asking
from laoke.intake.top.call import TopClient
from laoke.intake.top.loopback import Fault, LoopbackTop
from laoke.intake.top.trades import listed
from tests.top.platform import NOW, MovedClock, client_of, small_shop

INCREMENT = "taobao.trades.sold.increment.get"
SINCE, UNTIL = NOW - timedelta(hours=20), NOW - timedelta(minutes=1)


def from_the_front(client: TopClient) -> list[str]:
    """How one must not read."""
    found, page, more = [], 1, True
    while more:
        told = {
            "fields": "tid",
            "start_modified": SINCE,
            "end_modified": UNTIL,
            "page_no": page,
            "page_size": 5,
        }
        answer = client.call(INCREMENT, {**told, "use_has_next": True})
        found += [str(row["tid"]) for row in listed(answer, "trades", "trade")]
        page, more = page + 1, answer["has_next"]
    return found


def from_the_back(client: TopClient) -> list[str]:
    found, page = [], None
    while True:
        one = asking.changed_page(client, SINCE, UNTIL, page)
        found += [str(row["tid"]) for row in one.rows]
        page = one.following
        if page is None:
            return found


def test_only_reading_from_the_last_page_leaves_nothing_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "PAGE_SIZE", 5)
    clock = MovedClock()
    with LoopbackTop(small_shop(trades=900, days=6), clock) as platform, client_of(platform, clock) as client:
        there = {
            trade.tid
            for trade in platform.shop.visible(NOW)
            if SINCE <= platform.shop.modified(trade, NOW) <= UNTIL
        }
        platform.faults = [Fault("touch", left=20, after=1, methods=(INCREMENT,))]
        missed_from_the_front = there - set(from_the_front(client)) - set(platform.shop.touched)
        platform.shop.touched.clear()
        platform.faults = [Fault("touch", left=20, after=1, methods=(INCREMENT,))]
        missed_from_the_back = there - set(from_the_back(client)) - set(platform.shop.touched)

    assert (len(missed_from_the_front), missed_from_the_back) == (15, set())


def test_trades_are_listed_by_the_day_they_were_created_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "PAGE_SIZE", 7)
    clock = MovedClock()
    with (
        LoopbackTop(small_shop(trades=300, days=10), clock) as platform,
        client_of(platform, clock) as client,
    ):
        since, until = NOW - timedelta(days=3), NOW - timedelta(days=2)
        first = asking.created_page(client, since, until, None)
        rest, page = [], first.following
        while page is not None:
            one = asking.created_page(client, since, until, page)
            rest, page = rest + one.rows, one.following
        found = [str(row["tid"]) for row in first.rows + rest]
        assert len(first.rows) == 7
        assert sorted(found) == sorted(
            trade.tid for trade in platform.shop.visible(NOW) if since <= trade.created <= until
        )

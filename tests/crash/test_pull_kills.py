"""A pull is killed at random moments: the next one goes on from the cursor, leaves nothing out, has nothing twice."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from laoke.intake.top.loopback import LoopbackTop
from laoke.intake.top.trials import announced
from laoke.shops.keys import make_key_file
from laoke.shops.place import Place
from tests.crash.nursery import Nursery
from tests.top.platform import NOW, MovedClock, small_shop, true_orders, true_refunds

KILLS, MANY_KILLS = 12, 100
HISTORY = timedelta(days=12)
# The first moments of a child are spent on connecting; one pull of this shop takes a few seconds.
LONGEST_LIFE = 2.5
Recorder = Callable[[str, object], None]


def test_pulls_killed_at_random(ledger_url: str, tmp_path: Path, record_property: Recorder) -> None:
    _kill_at_random(ledger_url, tmp_path, record_property, kills=KILLS, seed=1)


@pytest.mark.prove
@pytest.mark.timeout(7200)
def test_pulls_killed_at_random_many_times(
    ledger_url: str, tmp_path: Path, record_property: Recorder
) -> None:
    _kill_at_random(ledger_url, tmp_path, record_property, kills=MANY_KILLS, seed=2)


def _kill_at_random(ledger_url: str, folder: Path, record: Recorder, *, kills: int, seed: int) -> None:
    """The shop lives on between the kills, so every pull has something to do."""
    draw, clock = random.Random(seed), MovedClock()
    place = Place(folder / "home")
    place.make()
    make_key_file(place.keys)
    environment = {"LAOKE_HOME": str(place.home)}
    # As many trades for a day whatever the number of kills.
    shop = small_shop(trades=12 * (14 + kills // 12), days=13, ahead=kills // 12 + 2, seed=seed)
    with (
        LoopbackTop(shop, clock) as platform,
        announced(place.home, platform.bound_port),
        Nursery(ledger_url, environment, "tests.crash.pull_tasks") as nursery,
    ):
        assert nursery.run("connect", gateway=platform.gateway, now=clock().isoformat()) == 0
        died = 0
        while died < kills:
            clock.move(hours=2)
            pid = nursery.fork("pull_all", now=clock().isoformat())
            time.sleep(draw.uniform(0.05, LONGEST_LIFE))
            status = nursery.kill(pid)
            assert status in (0, -9), status
            died += status == -9
        clock.move(hours=2)
        _wait_for_a_quiet_minute(platform, clock)
        assert nursery.run("pull_all", seconds=300.0, now=clock().isoformat()) == 0
        for task in ("look", "where"):
            assert nursery.run(task, path=str(folder / f"{task}.json")) == 0
    record("killed_pulls", died)
    _holds_the_truth(_read(folder / "look.json")["facts"], platform, clock())
    _adds_up(_read(folder / "where.json"), clock())


def _wait_for_a_quiet_minute(platform: LoopbackTop, clock: MovedClock) -> None:
    """A pull takes what was changed until a minute ago, and a platform tells a trade as it is now: what it changed
    within that minute is the next pull's. What time it is differs, for some pulls end before they are killed."""
    moments = [moment for trade in platform.shop.trades.values() for moment in trade.moments()]
    while any(clock() - timedelta(minutes=1) < moment <= clock() for moment in moments):
        clock.move(minutes=1)


def _read(path: Path) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return told


def _holds_the_truth(facts: dict[str, list[dict[str, Any]]], platform: LoopbackTop, now: datetime) -> None:
    """Every trade since the first pull's three months once, as the platform tells it, with its lines and refunds."""
    until, first = now - timedelta(minutes=1), NOW + timedelta(hours=2) - HISTORY - timedelta(minutes=1)
    wanted = {row[0]: row for row in true_orders(platform, until, first)}
    found = {row["order_id"]: row for row in facts["orders"] if row["created_at"] >= first.isoformat()}
    assert len({row["order_id"] for row in facts["orders"]}) == len(facts["orders"])
    assert {key: (row["status"], row["total_cents"], row["paid_cents"]) for key, row in found.items()} == {
        key: (row[1], row[5], row[6]) for key, row in wanted.items()
    }
    lines = [(row["order_id"], row["line"]) for row in facts["order_lines"] if row["order_id"] in wanted]
    trades = platform.shop.trades
    assert sorted(lines) == sorted((tid, line.oid) for tid in wanted for line in trades[tid].lines)
    paid = sum(row["paid_cents"] for row in facts["order_lines"] if row["order_id"] in wanted)
    postage = sum(trades[tid].postage_cents for tid, row in wanted.items() if row[6])
    assert paid + postage == sum(row[6] for row in wanted.values())
    refunds = [
        (row["refund_id"], row["order_id"], row["line"], row["amount_cents"])
        for row in facts["refunds"]
        if row["order_id"] in wanted
    ]
    assert sorted(refunds) == [row for row in true_refunds(platform, until) if row[1] in wanted]


def _adds_up(told: dict[str, Any], now: datetime) -> None:
    """No import hangs, those that are done say what became of each row, and every cursor stands at the end."""
    assert {run["state"] for run in told["imports"]} == {"done", "cancelled"}
    for run in told["imports"]:
        for sums in (run["counts"], run["money"]) if run["state"] == "done" else ():
            assert sums["read"] == sums["accepted"] + sums["unchanged"] + sums["quarantined"]
    for stream in ("changes", "refunds"):
        assert told["reached"][stream] == (now - timedelta(minutes=1)).isoformat()

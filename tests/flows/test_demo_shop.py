"""The demo shop by commands alone: planned, checked, sent by SMS through a gateway that counts for itself, reviewed.

Gateway and web run as processes of their own, as `make up` starts them, so reports and replies come back by HTTP.
"""

from __future__ import annotations

import json
import os
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from laoke.config.bench.ports import free_port
from laoke.experiments.assignment import arm_of, salt_of
from tests.flows.commands import Laoke

pytestmark = pytest.mark.timeout(600)

NAME, OWN_NUMBER = "双11 2026", "10000000001"
START, BEFORE_1B, AT_1B = "2026-10-31 10:00", "=2026-11-01 09:00", "2026-11-02 15:01"
AT_1C, AT_3, AFTERWARDS = "2026-11-03 08:01", "2026-11-10 18:01", "2026-11-28 10:00"


@dataclass(frozen=True)
class Rehearsal:
    """A demo shop with its gateway and its pages."""

    laoke: Laoke
    gateway: str

    def own(self, page: str, wish: dict[str, Any] | None = None) -> Any:
        """A page of the gateway's own."""
        body = None if wish is None else json.dumps(wish).encode("utf-8")
        with urllib.request.urlopen(f"http://{self.gateway}/{page}", data=body, timeout=10) as answer:
            return json.loads(answer.read())

    def work(self) -> None:
        """One worker, until nothing is left to do now."""
        done = self.laoke.run("worker", "--once")
        assert done.returncode == 0, done.stderr[-3000:]

    def work_until_reported(self) -> None:
        """Send what is due, and take in what the gateway pushes back."""
        self.work()
        wait_until(lambda: self.own("_control")["waiting_pushes"] == 0)
        self.work()

    def round(self, key: str) -> dict[str, Any]:
        found: dict[str, Any] = self.laoke("status", NAME, "--round", key)["rounds"][0]
        return found

    def ledger(self, sql: str, *given: object) -> list[tuple[Any, ...]]:
        """Rows of the ledger, as they stand in its file."""
        path = (self.laoke.home / "db.sqlite3").as_uri()
        with closing(sqlite3.connect(f"{path}?mode=ro", uri=True)) as ledger:
            return ledger.execute(sql, given).fetchall()

    def _occasion(self, key: str) -> int:
        [(occasion,)] = self.ledger("SELECT occasion_id FROM campaigns_round WHERE key = ?", key)
        return int(occasion)

    def arms(self, key: str) -> dict[int, str]:
        """The arm of each person whom a round drew."""
        rows = self.ledger(
            "SELECT person_id, arm FROM dispatch_message WHERE occasion_id = ? AND arm <> ''",
            self._occasion(key),
        )
        return dict(rows)

    def drawn(self, people: Iterable[int]) -> dict[int, str]:
        """Where the campaign's draw of a tenth puts each of these, by their number alone."""
        [(shop, campaign, percent)] = self.ledger(
            "SELECT shop_id, id, holdout_percent FROM campaigns_campaign"
        )
        assert float(percent) == 10.0
        salt = salt_of("campaign", shop, campaign)
        return {person: arm_of(person, salt, {"held_out": 1_000, "treated": 9_000}) for person in people}

    def left_out_people(self, key: str, reason: str) -> set[int]:
        rows = self.ledger(
            "SELECT person_id FROM dispatch_message WHERE occasion_id = ? AND reason = ?",
            self._occasion(key),
            reason,
        )
        return {person for (person,) in rows}

    def people_of_the_refused_phone(self, key: str) -> set[int]:
        """Everybody of a round who has the one phone that was refused: two people may share one."""
        rows = self.ledger(
            "SELECT DISTINCT c.person_id FROM customers_optout o "
            "JOIN customers_contactindex i ON i.digest = o.contact_digest "
            "JOIN customers_customer c ON c.id = i.customer_id "
            "JOIN dispatch_message m ON m.person_id = c.person_id WHERE m.occasion_id = ?",
            self._occasion(key),
        )
        return {person for (person,) in rows}

    def check(self, key: str, now: str) -> dict[str, Any]:
        found: dict[str, Any] = self.laoke("check", NAME, "--round", key, now=now)["rounds"][0]
        return found


def wait_until(met: Callable[[], bool], seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not met():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.1)


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def running(home: Path, port: int, *words: str) -> Iterator[None]:
    """A command that keeps running meanwhile."""
    with (home.parent / f"{words[0]}.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "laoke", "--home", str(home), *words, "--port", str(port)],
            stdout=log, stderr=log, stdin=subprocess.DEVNULL,
            env={**{k: v for k, v in os.environ.items() if k != "DJANGO_SETTINGS_MODULE"}, "DATABASE_URL": ""},
        )  # fmt: skip
        try:
            wait_until(lambda: process.poll() is not None or answers(port))
            assert process.poll() is None, f"{words[0]} ended by itself"
            yield
        finally:
            process.terminate()
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@pytest.fixture(scope="module")
def rehearsal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsal]:
    """A small demo shop on the eve of Double 11, its gateway and its pages."""
    home = tmp_path_factory.mktemp("demo") / "home"
    gateway_port, web_port = free_port(), free_port()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LAOKE_LOOPBACK", f"127.0.0.1:{gateway_port}")
        laoke = Laoke(home)
        made = laoke("demo", "--customers", "3000", "--orders", "9000", "--start", START)
        assert (made["now"], made["customers"], made["orders"]) == (f"{START}:00", 3000, 9000)
        callback = f"http://127.0.0.1:{web_port}"
        with (
            running(home, web_port, "web"),
            running(home, gateway_port, "gateway", "aliyun", "--callback", callback),
        ):
            found = Rehearsal(laoke, f"127.0.0.1:{gateway_port}")
            # Reports at once, and no replies but those that a test provokes.
            found.own("_control", {"config": {"report_delay_s": 0.0, "reply_share": 0.0}})
            yield found


def sums_up(funnel: dict[str, Any]) -> bool:
    left_out = sum(loss["count"] for loss in funnel["left_out"])
    return bool(funnel["segment"] == funnel["treated"] + funnel["held_out"] + left_out)


def left_out(funnel: dict[str, Any], reason: str) -> int:
    return sum(loss["count"] for loss in funnel["left_out"] if loss["reason"] == reason)


def missing(checked: dict[str, Any]) -> list[str]:
    return [point["code"] for point in checked["checks"] if point["state"] == "missing"]


def test_the_demo_shop_from_plan_to_review(rehearsal: Rehearsal) -> None:
    laoke = rehearsal.laoke
    assert laoke("demo", refused=True)["error"] == "demo_exists"
    everyone = laoke("segment", "count", "bought")["count"]
    lapsed = laoke("segment", "count", "bought(2+, within 365d) and not bought(within 90d)")["count"]
    assert 0 < lapsed < everyone <= 3000

    planned = laoke("plan", "double11", "--on", "2026-11-11")
    assert (planned["campaign"]["name"], len(planned["rounds"]), len(planned["tasks"])) == (NAME, 5, 14)

    # A round is not sent before its text was tried on oneself.
    assert missing(rehearsal.check("1b", BEFORE_1B)) == ["test"]
    assert laoke("launch", NAME, "--round", "1b", refused=True)["error"] == "checks_failed"
    for key in ("1b", "1c", "3"):
        laoke("test-message", NAME, "--round", key, "--to", OWN_NUMBER)
    rehearsal.work_until_reported()
    assert rehearsal.own("_count") == {OWN_NUMBER: 3}
    ready = rehearsal.check("1b", BEFORE_1B)
    assert (ready["ready"], missing(ready)) == (True, [])

    # Launched before its hour it waits; then it is paused, goes on, and reaches each person once.
    laoke("demo", "--to", AT_1B)
    sent = laoke("launch", NAME, "--round", "1b", now=f"={AT_1B}")["rounds"][0]["funnel"]
    assert sums_up(sent)
    arms = rehearsal.arms("1b")
    assert (len(arms), list(arms.values()).count("held_out")) == (
        sent["treated"] + sent["held_out"],
        sent["held_out"],
    )
    assert arms == rehearsal.drawn(arms)
    assert laoke("launch", NAME, "--round", "1b", refused=True)["error"] == "round_state"
    assert laoke("pause", NAME, "--round", "1b")["rounds"] == [{"key": "1b", "state": "paused"}]
    rehearsal.work_until_reported()
    assert rehearsal.own("_count") == {OWN_NUMBER: 3}
    assert laoke("resume", NAME, "--round", "1b")["rounds"] == [{"key": "1b", "state": "running"}]
    rehearsal.work_until_reported()

    done = rehearsal.round("1b")
    states = done["states"]
    assert done["state"] == "done"
    assert states["delivered"] + states["undelivered"] == sent["treated"]
    assert states["held_out"] == sent["held_out"]
    counted = rehearsal.own("_count")
    assert (len(counted), sum(counted.values())) == (sent["treated"] + 1, sent["treated"] + 3)
    assert laoke("pause", NAME, "--round", "1b", refused=True)["error"] == "not_running"
    assert laoke("cancel", NAME, "--round", "1b", refused=True)["error"] == "over"

    # A round that is called off reaches nobody.
    laoke("demo", "--to", AT_1C)
    called_off = laoke("launch", NAME, "--round", "1c", now=f"={AT_1C}")["rounds"][0]["funnel"]
    assert laoke("cancel", NAME, "--round", "1c")["not_sent"] == called_off["treated"]
    rehearsal.work_until_reported()
    assert rehearsal.own("_count") == counted
    assert laoke("resume", NAME, "--round", "1c", refused=True)["error"] == "not_paused"

    # A round with an offer waits until its price on past orders was looked at; whoever answers R is left out.
    laoke("demo", "--to", AT_3)
    assert missing(rehearsal.check("3", f"={AT_3}")) == ["backtest"]
    priced = laoke("backtest", NAME, "--from", "2025-01-01", "--to", "2025-12-31")
    assert priced["refused"] is None
    assert priced["list_cents"] - priced["revenue_after_cents"] == priced["discount_cents"]
    before = rehearsal.check("3", f"={AT_3}")["funnel"]
    reached = [m["phone"] for m in rehearsal.own("_messages")["messages"] if m["phone"] != OWN_NUMBER]
    rehearsal.own("_control", {"reply": {"phone": reached[0], "content": "R"}})
    rehearsal.work_until_reported()
    last = laoke("launch", NAME, "--round", "3", now=f"={AT_3}")["rounds"][0]["funnel"]
    assert sums_up(last)
    refused = rehearsal.people_of_the_refused_phone("3")
    assert len(refused) == left_out(last, "opted_out") - left_out(before, "opted_out") > 0
    assert rehearsal.left_out_people("3", "opted_out") == refused
    rehearsal.work_until_reported()
    assert rehearsal.own("_count")[reached[0]] == 1
    assert sum(rehearsal.own("_count").values()) == 3 + sent["treated"] + last["treated"]

    # What followed: orders of people who were written to and of those who were not.
    moved = laoke("demo", "--to", AFTERWARDS)
    assert moved["reached"] == sent["treated"] + last["treated"]
    assert moved["planted_orders"] == pytest.approx(moved["reached"] * 0.03, rel=0.5)
    assert laoke("demo", "--to", AT_3, refused=True)["error"] == "not_forward"

    review = laoke("review", NAME, now=f"={AFTERWARDS}")["result"]
    whole = review["campaign"]
    assert whole["srm"]["even"] is True
    assert whole["merged_left_out"] == 0
    # A tenth of a small shop may be too few to judge by; then it says so and gives no figure.
    orders = whole["metrics"]["orders"]
    assert orders["treated_per_person"] == pytest.approx(orders["treated_total"] / whole["treated"])
    assert (orders["difference"] is None) == (
        orders["verdict"] == "not_enough" and orders["missing"]["code"] == "too_few_outcomes"
    )

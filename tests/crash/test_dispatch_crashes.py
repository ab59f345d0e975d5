"""Workers die at every step and at random moments, answers get lost, asking lags: everyone is reached exactly once.

The count is the gateway's own: what it took, number by number.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from laoke.dispatch.channels.aliyun.loopback import LoopbackAliyun
from laoke.dispatch.channels.aliyun.loopback_state import LoopbackConfig
from laoke.dispatch.failpoints import FAILPOINTS, KILLED
from laoke.shops.clock import parse_clock
from tests.crash.nursery import Nursery

PER_ROUND = 24
ELSEWHERE = ("plan.slice", "handover.taken", "handover.written")
WORKER_FAILPOINTS = [name for name in FAILPOINTS if name not in ELSEWHERE]
# The reaper has nothing to find before a lease is over.
SLOW = ("reap.before_commit", "reap.after")
KILLS = 50
Recorder = Callable[[str, object], None]
LEASE_S = 4.0
LOST = {"mode": "lost_after_accept", "rate": 0.25}
NEVER_READ = {"mode": "reset_before_read", "rate": 0.25}


@dataclass
class Stage:
    """One ledger, one gateway, one nursery, and the people nobody has written to yet."""

    nursery: Nursery
    gateway: LoopbackAliyun
    spool: Path
    workers: int
    _next: Iterator[int] = field(default_factory=lambda: count(1))
    expected: set[int] = field(default_factory=set)
    names: Iterator[int] = field(default_factory=lambda: count(1))

    def people(self, n: int, *, reached: bool = True) -> list[int]:
        numbers = [next(self._next) for _ in range(n)]
        if reached:
            self.expected.update(numbers)
        return numbers

    def round(self, name: str, n: int = PER_ROUND, **options: Any) -> None:
        numbers = self.people(n, reached=options.pop("reached", True))
        assert self.nursery.run("plan", seconds=600.0, name=name, numbers=numbers, **options) == 0
        assert self.nursery.run("launch", name=name) == 0

    def worker(self, failpoint: str = "", seconds: float = 60.0, **options: Any) -> int:
        return self.nursery.fork(
            "work", failpoint, name=f"w{next(self.names)}", seconds=seconds, spool=str(self.spool), **options
        )

    def settle(self, seconds: float = 60.0) -> None:
        """Let healthy workers finish everything."""
        pids = [self.worker(seconds=seconds, until_done=True) for _ in range(self.workers)]
        assert [self.nursery.wait(pid, seconds + 10.0) for pid in pids] == [0] * self.workers

    def said(self) -> dict[str, Any]:
        path = self.spool.parent / "report.json"
        assert self.nursery.run("report", path=str(path)) == 0
        report: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return report

    def check(self) -> dict[str, Any]:
        """Nobody skipped, nobody doubled, nothing left open."""
        said, counted = self.said(), self.counted()
        assert (counted.doubled, counted.skipped, counted.strangers) == ((), (), ()), said
        assert said["open_attempts"] == 0
        assert said["open_messages"] == 0
        return said

    def more_than(self, taken: int) -> int:
        """Wait until the gateway has taken more than so many; how many it has."""
        until = time.monotonic() + 120.0
        while (now := self.counted().taken) <= taken:
            assert time.monotonic() < until, f"nothing went out after {taken}"
            time.sleep(0.02)
        return now

    def counted(self) -> Counted:
        """What the gateway took, held against who was to be reached."""
        counts = self.gateway.state.counts()
        wanted = {f"100{number:08d}" for number in self.expected}
        return Counted(
            taken=sum(counts.values()),
            doubled=tuple(sorted(number for number, n in counts.items() if n > 1)),
            skipped=tuple(sorted(wanted - set(counts))),
            strangers=tuple(sorted(set(counts) - wanted)),
        )


@dataclass(frozen=True)
class Counted:
    """Messages the gateway took, and the numbers that got more than one, none, or one they should not have."""

    taken: int
    doubled: tuple[str, ...]
    skipped: tuple[str, ...]
    strangers: tuple[str, ...]


@contextmanager
def on_stage(ledger_url: str, folder: Path, workers: int, people: int) -> Iterator[Stage]:
    spool = folder / "spool"
    spool.mkdir()
    clock_text = f"2026-10-31 12:00@{time.time()}"
    clock = parse_clock(clock_text)
    config = LoopbackConfig(
        query_lag_s=0.3, accept_within_s=3.0, report_delay_s=0.2, per_number_day_limit=0, duplicate_share=0.2,
        silent_share=0.3, results={"DELIVERED": 1.0}, retry_delays_s=(0.5, 1.0),
    )  # fmt: skip
    with _receiver(spool) as url:
        gateway = LoopbackAliyun(
            config=config, state_path=folder / "gateway.jsonl", access_key="loopback", secret="loopback-secret",
            callback_url=url, clock=clock.now,
        )  # fmt: skip
        environment = {"LAOKE_LOOPBACK": gateway.endpoint, "CRASH_CLOCK": clock_text}
        with gateway, Nursery(ledger_url, environment) as nursery:
            proof = config.absence_proof_after_s
            assert nursery.run("make_shop", seconds=600.0, people=people, absence_proof_s=proof) == 0
            yield Stage(nursery, gateway, spool, workers)


@contextmanager
def _receiver(spool: Path) -> Iterator[str]:
    """Takes pushes and lays them into the spool, from which workers store them."""
    numbers = count(1)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            part = spool / f"{next(numbers):08d}.part"
            part.write_bytes(body)
            part.rename(part.with_suffix(".json"))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'{"code": 0, "msg": "ok"}')

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/push"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5.0)


@pytest.mark.parametrize("workers", [1, 2], ids=["one_worker", "two_workers"])
def test_a_worker_killed_at_every_failpoint(ledger_url: str, workers: int, tmp_path: Path) -> None:
    with on_stage(ledger_url, tmp_path, workers, people=PER_ROUND * (len(WORKER_FAILPOINTS) + 2)) as stage:
        unhit = []
        for number, failpoint in enumerate(sorted(WORKER_FAILPOINTS, key=lambda name: name in SLOW)):
            stage.gateway.control({"fail": LOST if number % 2 else NEVER_READ})
            _prepare(stage, failpoint)
            others = [stage.worker() for _ in range(workers - 1)]
            # Beside a second worker, who may do the step first, there is no use in waiting long for it.
            patience = 9.0 if workers == 1 else 2.0
            status = stage.nursery.wait(armed := stage.worker(failpoint, seconds=patience), patience + 5.0)
            if status != KILLED:
                unhit.append((failpoint, status))
            for pid in others:
                stage.nursery.kill(pid)
            assert status is not None, f"{armed} hangs at {failpoint}"
        # A second worker may have done the step first; alone, every failpoint must have been reached.
        assert workers == 2 or unhit == []
        stage.gateway.control({"fail": None})
        stage.settle()
        said = stage.check()
        assert said["stopped"] == ""
        assert said["states"]["expire.after"] == {"expired": PER_ROUND}


def _prepare(stage: Stage, failpoint: str) -> None:
    """A round that leads a worker past the failpoint."""
    if failpoint == "expire.after":
        stage.round(failpoint, lasts=1.5, starts_in=3600.0, reached=False)
        time.sleep(1.5)
        return
    stage.round(failpoint)
    if failpoint in SLOW:
        # Someone died with attempts written and no call made; nobody else looks until the lease is over.
        assert stage.nursery.wait(stage.worker("write.after", seconds=9.0), 12.0) == KILLED
        time.sleep(LEASE_S + 0.3)
    if failpoint in ("gates.before_commit", "gates.after"):
        stage.expected.difference_update(refuse_two(stage, failpoint))


def refuse_two(stage: Stage, name: str) -> list[int]:
    """Two people of a planned round opt out: the gates have something to find."""
    numbers = sorted(stage.expected)[-2:]
    assert stage.nursery.run("opt_out", numbers=numbers) == 0
    return numbers


@pytest.mark.parametrize("workers", [1, 2], ids=["one_worker", "two_workers"])
def test_random_kills(ledger_url: str, workers: int, tmp_path: Path, record_property: Recorder) -> None:
    _kill_at_random(ledger_url, workers, tmp_path, record_property, kills=KILLS, seed=workers)


@pytest.mark.prove
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("workers", [1, 2], ids=["one_worker", "two_workers"])
def test_a_thousand_random_kills(
    ledger_url: str, workers: int, tmp_path: Path, record_property: Recorder
) -> None:
    _kill_at_random(ledger_url, workers, tmp_path, record_property, kills=1000, seed=10 + workers)


def _kill_at_random(
    ledger_url: str, workers: int, folder: Path, record: Recorder, *, kills: int, seed: int
) -> None:
    chance = random.Random(seed)
    # Two workers were through with 20 people for each kill before the last of a thousand; none may run out of work.
    people = kills * 20 * workers
    with on_stage(ledger_url, folder, workers, people=people) as stage:
        stage.gateway.control({"fail": LOST})
        stage.round("kills", people)
        pids = [stage.worker(seconds=7200.0) for _ in range(workers)]
        taken = 0
        for number in range(kills):
            time.sleep(chance.uniform(0.03, 0.25))
            if number % 20 == 19:
                # On a busy machine all would die before their first call, and nothing would be proven.
                taken = stage.more_than(taken)
            victim = chance.randrange(workers)
            assert stage.nursery.kill(pids[victim]) == -9
            pids[victim] = stage.worker(seconds=7200.0)
        for pid in pids:
            stage.nursery.kill(pid)
        left, taken = stage.said()["open_messages"], stage.counted().taken
        stage.gateway.control({"fail": None})
        # Nearly every kill leaves a call without an answer, and each of its people is asked about.
        stage.settle(seconds=60.0 + kills)
        said, counted = stage.said(), stage.counted()
        figures = {
            "database": ledger_url.partition(":")[0],
            "workers": workers,
            "kills": kills,
            "people": people,
            "people still open at the last kill": left,
            "messages taken before the last kill": taken,
            "attempts": said["attempts"],
            "messages the gateway counted": counted.taken,
            "people written to twice": len(counted.doubled),
            "people skipped": len(counted.skipped),
        }
        for name, value in figures.items():
            record(name, value)
        assert stage.check()["stopped"] == ""
        assert left > 0, "the last kills hit workers that had nothing to do"


def test_planning_killed_in_the_middle_is_completed(ledger_url: str, tmp_path: Path) -> None:
    with on_stage(ledger_url, tmp_path, 1, people=1200) as stage:
        numbers = stage.people(1200)
        assert stage.nursery.run("plan", "plan.slice:2", name="cut", numbers=numbers) == KILLED
        assert 0 < sum(stage.said()["states"]["cut"].values()) < 1200
        assert stage.nursery.run("plan", name="cut", numbers=numbers) == 0
        assert stage.said()["states"]["cut"] == {"planned": 1200}


@pytest.mark.parametrize("failpoint", ["handover.taken", "handover.written"])
def test_a_list_killed_in_the_middle_is_completed(ledger_url: str, failpoint: str, tmp_path: Path) -> None:
    with on_stage(ledger_url, tmp_path, 1, people=20) as stage:
        numbers = stage.people(20, reached=False)
        assert stage.nursery.run("plan", name="list", numbers=numbers, channel="handover") == 0
        assert stage.nursery.run("launch", name="list") == 0
        assert stage.nursery.run("hand_lists_over", failpoint, name="list") == KILLED
        assert stage.nursery.run("hand_lists_over", name="list") == 0
        said = stage.said()
        assert said["states"]["list"] == {"handed_over": 20}
        assert [people for people, _ in said["lists"]] == [7, 7, 6]
        assert all(path for _, path in said["lists"])

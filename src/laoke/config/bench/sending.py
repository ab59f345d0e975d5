"""Sending as a whole: a worker takes a planned round through claim, gates, attempts, signed calls to the rehearsal
gateway over HTTP and their answers, a row per message and synchronous=FULL on SQLite.

The clock runs from the first claim to the last answer; 100 people stand in one call, as with the provider.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from laoke.config.bench.installation import command, process, wait_for
from laoke.config.bench.measures import Bench, Figure, Measured, Size, spent
from laoke.config.bench.ports import free_port

CUSTOMERS = {"small": 400, "full": 60_000}
ORDERS = {"small": 1_200, "full": 180_000}
START, AT_ROUND, EVENT = "2026-10-31 10:00", "2026-11-02 15:01", "2026-11-11"
CAMPAIGN, ROUND, OWN_NUMBER = "双11 2026", "1b", "10000000001"
LONGEST_SECONDS = 180


def _laoke(size: Size, folder: Path) -> Iterator[Measured]:
    port = free_port()
    os.environ["LAOKE_LOOPBACK"] = f"127.0.0.1:{port}"
    command("demo", "--customers", CUSTOMERS[size], "--orders", ORDERS[size], "--start", START)
    command("plan", "double11", "--on", EVENT)
    with ExitStack() as running:
        running.enter_context(process("gateway", "aliyun", "--port", port))
        wait_for(port)
        command("test-message", CAMPAIGN, "--round", ROUND, "--to", OWN_NUMBER)
        command("worker", "--once")
        command("demo", "--to", AT_ROUND)
        sent = command("launch", CAMPAIGN, "--round", ROUND, "--now", f"={AT_ROUND}")
        people = sent["rounds"][0]["funnel"]["treated"]
        with spent() as cpu:
            with ExitStack() as working:
                working.enter_context(process("worker"))
                seconds = _watch(people)
    yield Measured(
        "sending",
        people / seconds,
        people,
        seconds,
        cpu.cpu,
        note=f"{people:,} people, 100 to a call, a row each",
    )


def _watch(people: int) -> float:
    """Seconds from when the first message was seen claimed to when the last had its answer."""
    from laoke.config.bench.house import open_house

    open_house()
    from laoke.dispatch.models import Arm, Message, MessageState

    treated = Message.objects.filter(occasion__kind="round", arm=Arm.TREATED)
    open_states = (MessageState.CLAIMED, MessageState.SENDING, MessageState.UNKNOWN)
    begun, until = 0.0, time.monotonic() + LONGEST_SECONDS
    while time.monotonic() < until:
        planned = treated.filter(state=MessageState.PLANNED).count()
        if not begun and planned < people:
            begun = time.perf_counter()
        if begun and not planned and not treated.filter(state__in=open_states).exists():
            return time.perf_counter() - begun
        time.sleep(0.01)
    raise AssertionError(f"{planned} of {people} messages are not sent after {LONGEST_SECONDS} s")


BENCH = Bench(
    figures={"sending": Figure("messages/s", less_is_better=False)}, sides={"laoke": _laoke}, runs=1
)

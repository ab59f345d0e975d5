"""How `laoke up` ends its parts where signals are what Windows has."""

from __future__ import annotations

import signal
import subprocess
import threading
import time
from typing import Any

import pytest
from granian.server import Server

from laoke.config import ending
from laoke.config.serve import Wakeable

CTRL_BREAK, NEW_GROUP = 1, 0x200


class Child:
    """A started process that remembers what it was told."""

    def __init__(self, *, console: bool = True) -> None:
        self.console = console
        self.told: list[object] = []

    def send_signal(self, number: int) -> None:
        if not self.console:
            raise OSError(6, "The handle is invalid")
        self.told.append(number)

    def terminate(self) -> None:
        self.told.append("terminate")


def told(child: Child) -> list[object]:
    ending.ask_to_end(child)  # type: ignore[arg-type]
    return child.told


def test_on_windows_a_child_gets_ctrl_break_and_is_not_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert told(Child()) == ["terminate"]
    monkeypatch.setattr(signal, "CTRL_BREAK_EVENT", CTRL_BREAK, raising=False)
    assert told(Child()) == [CTRL_BREAK]


def test_without_a_console_it_is_ended_the_hard_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signal, "CTRL_BREAK_EVENT", CTRL_BREAK, raising=False)
    assert told(Child(console=False)) == ["terminate"]


def test_on_windows_a_child_has_a_group_that_ctrl_break_reaches(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[dict[str, Any]] = []
    monkeypatch.setattr(subprocess, "Popen", lambda _command, **named: made.append(named))
    ending.start("worker")
    monkeypatch.setattr(subprocess, "CREATE_NEW_PROCESS_GROUP", NEW_GROUP, raising=False)
    ending.start("worker")
    assert [named["creationflags"] for named in made] == [0, NEW_GROUP]


def test_every_way_to_end_is_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    heard: dict[int, Any] = {}
    monkeypatch.setattr(signal, "signal", heard.__setitem__)
    monkeypatch.setattr(ending, "ENDINGS", (signal.SIGINT, signal.SIGTERM, 21))  # 21 is SIGBREAK
    stopped: list[bool] = []
    ending.on_ending(lambda: stopped.append(True))
    assert list(heard) == [signal.SIGINT, signal.SIGTERM, 21]
    heard[21](21, None)
    assert stopped == [True]


def test_the_server_waits_on_what_we_give_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """granian's own name, not documented: when it goes, Ctrl-C on Windows goes with it."""
    assert isinstance(Server("laoke.config.wsgi:application").main_loop_interrupt, threading.Event)
    waits: list[float | None] = []

    def wait(_event: threading.Event, timeout: float | None = None) -> bool:
        waits.append(timeout)
        return len(waits) == 3

    monkeypatch.setattr(threading.Event, "wait", wait)
    assert Wakeable().wait() is True
    assert waits == [0.2, 0.2, 0.2]


def test_the_waiting_server_is_woken_and_a_short_wait_stays_short() -> None:
    event = Wakeable()
    assert event.wait(0.0) is False
    begun = time.monotonic()
    threading.Timer(0.05, event.set).start()
    assert event.wait() is True
    assert time.monotonic() - begun < 5.0

"""A fault in one of the worker's turns is told and does not stop the others."""

from __future__ import annotations

import pytest

from laoke.config import pipelines
from laoke.config.worker import Worker
from tests.people import NOW, Demo

pytestmark = pytest.mark.django_db


def test_a_broken_turn_does_not_stop_the_sending(demo: Demo, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []

    def breaks(worker: Worker) -> bool:
        done.append("breaks")
        raise KeyError("what nobody thought of")

    def sends(worker: Worker) -> bool:
        done.append("sends")
        return True

    ticks = [pipelines.Tick("pull", 5.0, breaks), pipelines.Tick("send", 0.3, sends)]
    monkeypatch.setattr(pipelines, "TICKS", ticks)

    assert Worker("tester", lambda: NOW).turn(all_ticks=True)
    assert done == ["breaks", "sends"]

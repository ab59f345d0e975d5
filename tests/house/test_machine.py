"""What the tests need from the machine: installed by root, named to anyone else, never asked of a shop."""

from __future__ import annotations

import os

import machine
import pytest
from machine import MachineLacks, Need


def _need(there: bool) -> Need:
    return Need("Chromium", lambda: there, ("chromium",))


def test_nothing_is_installed_where_nothing_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "NEEDS", (_need(True),))
    monkeypatch.setattr(machine, "_apt_install", lambda packages: pytest.fail("installed"))
    assert machine.prepare() == []


def test_anyone_but_root_is_told_the_one_line_to_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "NEEDS", (_need(False),))
    monkeypatch.setattr(machine, "_apt_install", lambda packages: pytest.fail("installed"))
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(MachineLacks, match=r"need Chromium\. As root: apt-get install chromium$"):
        machine.prepare()


def test_what_is_still_missing_afterwards_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(machine, "NEEDS", (_need(False),))
    monkeypatch.setattr(machine, "_apt_install", asked.extend)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}")
    with pytest.raises(MachineLacks, match="Chromium still missing"):
        machine.prepare()
    assert asked == ["chromium"]

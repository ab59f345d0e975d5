"""What the harness promises every other test."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest
from django.conf import settings
from django.utils import translation

from laoke.shops.clock import Clock
from laoke.shops.keys import load_keys
from tests.ledgers import TEMPLATE, chosen_engine
from tests.offline import NetworkRefused, is_loopback


def test_the_session_has_a_home_of_its_own_outside_the_checkout() -> None:
    assert settings.PLACE.home == Path(os.environ["LAOKE_HOME"]).resolve()
    assert not settings.PLACE.home.is_relative_to(Path(__file__).parents[2])


def test_a_test_home_has_keys_and_is_seen_by_child_processes(home: Path) -> None:
    load_keys(home / "keys" / "laoke-keys.json")
    seen = subprocess.run(
        [sys.executable, "-c", "import os; print(os.environ['LAOKE_HOME'])"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert Path(seen.stdout.strip()) == home == settings.PLACE.home


def test_the_clock_stands_still(clock: Clock) -> None:
    assert clock.now() == clock.now() == datetime(2026, 10, 31, 10, 0)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.8.9.1", "::1", "", None])
def test_this_machine_can_be_reached(host: str | None) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["192.0.2.1", "gateway.example", "2001:db8::1", "localhost.example"])
def test_nothing_else_can(host: str) -> None:
    with pytest.raises(NetworkRefused):
        socket.create_connection((host, 80), timeout=0.1)


@pytest.mark.parametrize("spoken", ["en", "en"])
def test_a_test_begins_in_the_language_of_the_shop_whatever_the_one_before_spoke(spoken: str) -> None:
    assert translation.get_language() == "zh-hans"
    translation.activate(spoken)


def test_a_test_without_the_ledger_is_pure(request: pytest.FixtureRequest) -> None:
    assert request.node.get_closest_marker("pure")
    assert not request.node.get_closest_marker("ledger")


def test_a_test_with_the_ledger_runs_on_the_chosen_database(request: pytest.FixtureRequest, db: None) -> None:
    from django.db import connection

    assert request.node.get_closest_marker("ledger")
    assert connection.vendor == {"sqlite": "sqlite", "postgres": "postgresql"}[chosen_engine()]


def test_a_child_process_gets_an_empty_migrated_ledger(ledger_url: str, home: Path) -> None:
    count = "from laoke.shops.models import User; print(User.objects.count())"
    seen = subprocess.run(
        [sys.executable, "-c", f"import django; django.setup(); {count}"],
        env={**os.environ, "DATABASE_URL": ledger_url},
        capture_output=True,
        text=True,
        check=True,
    )
    assert seen.stdout.strip() == "0"


def test_the_ledger_of_a_test_is_a_copy_of_one_that_was_migrated_for_the_whole_run(db: None) -> None:
    folder = Path(os.environ["LAOKE_TEST_TEMPLATES"])
    suffix = ".sqlite3" if chosen_engine() == "sqlite" else ""
    assert [path.name for path in folder.glob(f"{TEMPLATE}*{suffix}")]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("turn", ["first", "second"])
def test_rows_that_others_see_are_gone_after_their_test_and_rights_are_not(turn: str) -> None:
    from django.contrib.auth.models import Permission

    from laoke.shops.models import Owner, Shop

    assert not Shop.objects.exists()
    assert Permission.objects.filter(codename="add_shop").count() == 1
    Shop.objects.create(
        owner=Owner.objects.create(name="老王"), name="书店", created_at=datetime(2026, 10, 31)
    )

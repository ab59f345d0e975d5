"""A trial address: only that of a trial gateway that runs is called, whatever else listens on this machine."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from laoke.config.pulling import status_of
from laoke.intake.models import Connection, ConnectionState, Listener, PullCursor
from laoke.intake.top import connections
from laoke.intake.top.listening import Listening
from laoke.intake.top.loopback import APP_KEY, SECRET, SESSION, LoopbackTop
from laoke.intake.top.trials import address_of, announced, running
from laoke.intake.top.words import refusal_text
from laoke.shops.locks import WriterBusy
from laoke.shops.models import Shop
from tests.top.platform import NOW, MovedClock, pull_once

pytestmark = pytest.mark.django_db(transaction=True)


def connect(shop: Shop, gateway: str) -> Connection:
    return connections.connect(
        shop, app_key=APP_KEY, secret=SECRET, session=SESSION, by=None, now=NOW, gateway=gateway
    )


@pytest.fixture
def stranger() -> Iterator[socket.socket]:
    """Another service of this machine."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0.2)
        yield listening


def port_of(stranger: socket.socket) -> int:
    return int(stranger.getsockname()[1])


def nobody_called(stranger: socket.socket) -> bool:
    try:
        stranger.accept()
    except TimeoutError:
        return True
    return False


def test_another_service_of_this_machine_is_refused_and_never_called(
    shop: Shop, home: Path, stranger: socket.socket
) -> None:
    address = address_of(port_of(stranger))
    with pytest.raises(connections.ConnectionRefused) as refused:
        connect(shop, address)
    assert (refused.value.code, Connection.objects.count()) == ("trial_away", 0)
    assert refusal_text(refused.value.code, refused.value.params) == (
        f"演练地址 {address} 上没有演练平台，开着的是：—。先开 laoke gateway top，填它打印的地址。"
    )
    with announced(home, 8028), pytest.raises(connections.ConnectionRefused) as refused:
        connect(shop, address)
    assert refused.value.params == {"found": address, "expected": "http://127.0.0.1:8028/router/rest"}
    assert nobody_called(stranger)
    assert not (home / "trials" / f"{port_of(stranger)}.lock").exists()


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1:8028/admin", "http://127.0.0.1:8028/router/rest?x=1", "https://127.0.0.1:8028/router/rest",
        "http://127.0.0.2:8028/router/rest", "http://[::1]:8028/router/rest", "http://u:p@127.0.0.1:8028/router/rest",
        "http://127.0.0.1:08028/router/rest", "http://127.0.0.1:6379/router/rest", "http://127.0.0.1/router/rest",
    ],
)  # fmt: skip
def test_nothing_but_the_very_address_that_is_announced_will_do(shop: Shop, home: Path, address: str) -> None:
    with announced(home, 8028):
        with pytest.raises(connections.ConnectionRefused, match="trial_away"):
            connect(shop, address)
        assert connect(shop, "http://127.0.0.1:8028/router/rest").is_loopback


def test_an_address_that_is_none_is_refused_in_words(shop: Shop) -> None:
    with pytest.raises(connections.ConnectionRefused, match="gateway"):
        connect(shop, "http://[127.0.0.1/router/rest")


def test_a_gateway_that_ended_or_was_killed_is_trusted_no_more_and_locks_nobody_out(home: Path) -> None:
    with announced(home, 8028), announced(home, 9000):
        assert running(home) == [address_of(8028), address_of(9000)]
    assert running(home) == []
    assert not (home / "trials" / "8028.lock").exists()

    held = (
        "import sys, time, pathlib; from laoke.intake.top.trials import announced\n"
        "with announced(pathlib.Path(sys.argv[1]), 8028): print('there', flush=True); time.sleep(600)"
    )
    command = [sys.executable, "-c", held, str(home)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "there\n"
        assert running(home) == [address_of(8028)]
        process.kill()
    assert (home / "trials" / "8028.lock").exists()
    assert running(home) == []
    with announced(home, 8028):
        assert running(home) == [address_of(8028)]


def test_many_who_look_at_what_a_crash_left_take_nobody_for_the_gateway(home: Path) -> None:
    (home / "trials").mkdir()
    (home / "trials" / "8028.lock").touch()
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: running(home), range(80)))
    assert found == [[]] * 80


def test_files_that_are_no_announcement_are_passed_over(home: Path) -> None:
    (home / "trials").mkdir()
    for name in ("x.lock", "80 28.lock", "²8.lock", "99999999.lock"):
        (home / "trials" / name).touch()
    assert running(home) == []


def test_one_port_is_announced_by_one_gateway(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("laoke.intake.top.trials.LOOK_SECONDS", 0.1)
    with announced(home, 8028), pytest.raises(WriterBusy), announced(home, 8028):
        pass


def test_when_the_gateway_has_stopped_nobody_at_its_address_is_asked_and_later_all_goes_on(
    shop: Shop, home: Path, platform: LoopbackTop, clock: MovedClock
) -> None:
    with announced(home, platform.bound_port):
        connection = connect(shop, platform.gateway)

    turn = pull_once(connection, clock)

    assert (turn.done, turn.calls, sum(platform.calls.values())) == (False, 0, 0)
    assert connection.trouble == {
        "kind": "trial", "method": "", "code": "", "text": "", "found": platform.gateway, "expected": "—",
        "at": "2026-10-31 10:00:00",
    }  # fmt: skip
    assert (connection.state, connection.next_pull_at) == (ConnectionState.ACTIVE, NOW + timedelta(minutes=3))
    assert status_of(connection)["message"] == (
        f"演练地址 {platform.gateway} 上没有演练平台，开着的是：—。先开 laoke gateway top，会自己再拉。"
    )
    assert not PullCursor.objects.exists()

    listening = Listening(clock)
    listening.turn()
    listener = Listener.objects.get()
    assert (listener.trouble["kind"], listener.next_at) == ("trial", NOW + timedelta(seconds=5))
    assert (sum(platform.calls.values()), platform.messages.sent) == (0, {})

    with announced(home, platform.bound_port):
        assert pull_once(connection, clock).done
    assert (connection.trouble, PullCursor.objects.count()) == ({}, 6)

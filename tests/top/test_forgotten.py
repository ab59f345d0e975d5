"""A connection that is forgotten while it is at work: the work ends quietly, and nothing more is written for it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import typer
from django.db import transaction

from laoke.config import pulling as worker_pulling
from laoke.config.commands import connecting
from laoke.intake.models import Connection, ImportRun, Listener, PlatformMessage, PullCursor
from laoke.intake.top import connections, pulling
from laoke.intake.top.call import TopClient
from laoke.intake.top.listening import Listening
from laoke.intake.top.loopback import APP_KEY, SECRET, SESSION, Fault, LoopbackTop
from laoke.shops import catalog
from laoke.shops.models import Shop
from tests.top.platform import NOW, MovedClock, pull_once, small_shop, stored
from tests.top.test_listening import Ticks, hear
from tests.top.test_pulling import STEPS

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def platform(clock: MovedClock, monkeypatch: pytest.MonkeyPatch) -> Iterator[LoopbackTop]:
    """A small shop in small batches: many steps, little to do in each."""
    monkeypatch.setattr(pulling, "HISTORY", timedelta(days=4))
    monkeypatch.setattr(pulling, "BATCH_TRADES", 10)
    with LoopbackTop(small_shop(trades=24, days=4), clock) as platform:
        yield platform


@pytest.fixture
def listening(clock: MovedClock) -> Iterator[Listening]:
    lines = Listening(clock, monotonic=Ticks())
    yield lines
    lines.close()


def forget() -> None:
    connections.forget(Connection.objects.get(), by=None, now=NOW)


def check_gone(shop: Shop) -> None:
    """Nothing is of the connection, no import hangs, and what is stored is whole."""
    for model in (Connection, PullCursor, Listener, PlatformMessage):
        assert not model.objects.exists()
    assert set(ImportRun.objects.values_list("state", flat=True)) <= {"done", "cancelled"}
    if catalog.current() is not None:
        orders = {row[0] for row in stored("orders", "order_id", shop)}
        assert {row[0] for row in stored("order_lines", "order_id", shop)} == orders


@pytest.mark.parametrize("step", STEPS)
def test_forgotten_after_any_step_of_a_pull_it_ends_there_and_what_was_stored_stays(
    connection: Connection, shop: Shop, clock: MovedClock, step: str
) -> None:
    kept: list[Any] = []

    def gone(name: str) -> None:
        if name == step and not kept:
            kept.append(catalog.current())
            forget()

    with pytest.raises(connections.Forgotten):
        pull_once(connection, clock, step=gone)

    assert catalog.current() == kept[0]
    check_gone(shop)


def test_forgotten_between_any_two_looks_at_the_clock_it_ends_there(
    shop: Shop, home: Path, platform: LoopbackTop, connection: Connection
) -> None:
    """Every write of a pull reads the clock before it; so each place is tried, farther apart the later it is."""
    place, tried = 1, 0
    while True:
        count = 0

        def clock() -> datetime:
            """Others wait while a transaction holds the row; nobody forgets inside of one."""
            nonlocal count
            count += 1
            outside = not transaction.get_connection().in_atomic_block
            if count >= place and outside and Connection.objects.exists():  # noqa: B023 - this round only
                forget()
            return NOW

        try:
            turn = pull_once(connection, clock)  # type: ignore[arg-type]
        except connections.Forgotten:
            check_gone(shop)
        else:
            assert turn.done
            break
        tried += 1
        place += 1 + place // 6
        connection = connections.connect(
            shop, app_key=APP_KEY, secret=SECRET, session=SESSION, by=None, now=NOW, gateway=platform.gateway
        )
    assert tried > 15


@pytest.mark.parametrize(
    "method",
    [
        "taobao.time.get", "taobao.trades.sold.increment.get", "taobao.refunds.receive.get", "taobao.trades.sold.get",
        "taobao.trade.fullinfo.get", "taobao.logistics.trace.search", "taobao.traderates.get",
        "taobao.crm.members.increment.get",
    ],
)  # fmt: skip
@pytest.mark.parametrize("refused", [False, True])
def test_forgotten_while_the_platform_answers_it_asks_for_no_further_page(
    connection: Connection, shop: Shop, platform: LoopbackTop, clock: MovedClock, method: str, refused: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Refused too: a stream that the app may not read writes that down, and so does the connection."""
    if refused:
        platform.faults = [Fault("forbidden", left=1, methods=(method,))]
    whole, since = TopClient.call, []

    def call(client: TopClient, called: str, params: dict[str, Any] | None = None) -> dict[str, Any]:
        since.append(called)
        try:
            return whole(client, called, params)
        finally:
            if called == method and Connection.objects.exists():
                forget()
                since.clear()

    monkeypatch.setattr(TopClient, "call", call)
    core = ("time.get", "sold", "refunds", "fullinfo")
    if refused and any(word in method for word in core):
        # The trouble ends the turn, and is written nowhere.
        try:
            turn = pull_once(connection, clock)
        except connections.Forgotten:
            pass
        else:
            assert turn.trouble is not None and turn.trouble.kind == "permission"
    else:
        with pytest.raises(connections.Forgotten):
            pull_once(connection, clock)

    assert not {name for name in since if name.endswith(("sold.get", "increment.get", "receive.get"))}
    check_gone(shop)


def test_a_connection_that_is_gone_before_the_pull_begins_is_told_as_such(
    connection: Connection, shop: Shop, platform: LoopbackTop, clock: MovedClock
) -> None:
    forget()
    with pytest.raises(connections.Forgotten):
        pull_once(connection, clock)
    assert not platform.calls
    check_gone(shop)


def test_the_worker_goes_on_with_other_things(
    connection: Connection, clock: MovedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    due = connections.due(clock())
    forget()
    monkeypatch.setattr(connections, "due", lambda now: due)
    assert worker_pulling.pull_turn(clock)


def test_the_command_says_that_it_was_forgotten_and_what_stays(
    connection: Connection, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def gone(*_: object) -> None:
        raise connections.Forgotten

    monkeypatch.setattr(worker_pulling, "pull_all", gone)
    with pytest.raises(typer.Exit):
        connecting.pull(None)
    assert "拉到一半连接被忘掉了：手上的一批没有存，之前拉来的都在" in "".join(capsys.readouterr())


@pytest.mark.parametrize("step", ["opened", "heard", "stored", "confirmed"])
def test_forgotten_after_any_step_of_listening_the_line_is_closed_and_nothing_is_kept(
    connection: Connection,
    shop: Shop,
    platform: LoopbackTop,
    clock: MovedClock,
    listening: Listening,
    step: str,
) -> None:
    if step != "opened":
        hear(listening, platform)
        clock.move(hours=30)

    def gone(name: str) -> None:
        if name == step and Connection.objects.exists():
            forget()

    listening.step = gone
    hear(listening, platform)

    assert not Connection.objects.exists()
    assert listening._lines == {}
    check_gone(shop)


@pytest.mark.parametrize("method", ["taobao.tmc.user.permit", "taobao.user.seller.get"])
@pytest.mark.parametrize("refused", [False, True])
def test_forgotten_while_the_line_is_opened_it_is_closed_again(
    connection: Connection, shop: Shop, platform: LoopbackTop, clock: MovedClock, listening: Listening, method: str,
    refused: bool, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    if refused:
        platform.faults = [Fault("forbidden", left=1, methods=(method,))]
    whole = TopClient.call

    def call(client: TopClient, called: str, params: dict[str, Any] | None = None) -> dict[str, Any]:
        try:
            return whole(client, called, params)
        finally:
            if called == method:
                forget()

    monkeypatch.setattr(TopClient, "call", call)
    listening.turn()
    assert listening._lines == {}
    check_gone(shop)


@pytest.mark.parametrize("place", range(1, 6))
def test_forgotten_between_any_two_looks_at_the_clock_listening_goes_on_without_it(
    connection: Connection,
    shop: Shop,
    platform: LoopbackTop,
    clock: MovedClock,
    listening: Listening,
    place: int,
) -> None:
    count = 0

    def now() -> datetime:
        nonlocal count
        count += 1
        if count == place:
            forget()
        return clock()

    listening.now = now
    until = time.monotonic() + 5.0
    while Connection.objects.exists() and time.monotonic() < until:
        listening.turn()
    listening.turn()
    assert listening._lines == {}
    check_gone(shop)


def test_forgotten_before_it_was_ever_listened_to_no_listener_is_made(
    connection: Connection, shop: Shop, listening: Listening, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker knows of a connection that is gone by the time it looks for its line."""
    from laoke.intake.top import listening as module

    whole = module._listener_of

    def gone(one: Connection) -> Listener | None:
        forget()
        return whole(one)

    monkeypatch.setattr(module, "_listener_of", gone)
    assert not listening.turn()
    check_gone(shop)


def test_a_message_for_another_connection_of_the_app_that_is_forgotten_is_not_kept(
    connection: Connection, shop: Shop, platform: LoopbackTop, clock: MovedClock, listening: Listening,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """It is gone between the look for whom a message is and the writing of it."""
    from laoke.intake.top import listening as module

    hear(listening, platform)
    clock.move(hours=30)
    whole = module._keep

    def gone(*told: Any) -> None:
        if Connection.objects.exists():
            forget()
        whole(*told)

    monkeypatch.setattr(module, "_keep", gone)
    hear(listening, platform)
    assert not Connection.objects.exists()
    check_gone(shop)

"""Messages: stored before they are confirmed, once whatever is told twice, and only a reason to read an order again."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from laoke.config.pipelines import TICKS
from laoke.config.worker import Worker
from laoke.intake.models import Connection, Listener, PlatformMessage
from laoke.intake.top import connections
from laoke.intake.top.call import Account, TopTrouble
from laoke.intake.top.line import Line, service_of
from laoke.intake.top.listening import Listening, forget_read
from laoke.intake.top.loopback import APP_KEY, SECRET, SESSION, Fault, LoopbackTop
from laoke.intake.top.trials import announced
from laoke.shops.models import Shop
from laoke.shops.setup import add_shop
from tests.top.platform import NOW, MovedClock, check_truth, pull_once, small_shop, stored

pytestmark = pytest.mark.django_db(transaction=True)


class Ticks:
    """A worker's own clock: every turn comes after the time in which a line is asked."""

    def __init__(self) -> None:
        self.at = 0.0

    def __call__(self) -> float:
        self.at += 10.0
        return self.at


@pytest.fixture
def listening(clock: MovedClock) -> Iterator[Listening]:
    lines = Listening(clock, monotonic=Ticks())
    yield lines
    lines.close()


def hear(listening: Listening, platform: LoopbackTop, seconds: float = 3.0) -> None:
    """Take turns until everything told is confirmed, or nothing comes any more."""
    until, quiet = time.monotonic() + seconds, 0
    while time.monotonic() < until and quiet < 8:
        quiet = 0 if listening.turn() or platform.messages.unconfirmed else quiet + 1
        time.sleep(0.02)


def truth(platform: LoopbackTop, clock: MovedClock) -> set[str]:
    """The numbers of all that happened since the first turn."""
    return {str(one.number) for one in platform.shop.happenings(NOW, clock())}


def test_what_happens_is_heard_once_and_read_before_anything_else(
    connection: Connection, shop: Shop, platform: LoopbackTop, clock: MovedClock, listening: Listening
) -> None:
    pull_once(connection, clock)
    hear(listening, platform)
    clock.move(hours=9)
    connection.refresh_from_db()
    Connection.objects.update(next_pull_at=clock() + timedelta(minutes=3))

    hear(listening, platform)

    messages = list(PlatformMessage.objects.all())
    assert {one.number for one in messages} == truth(platform, clock)
    assert len(messages) == Listener.objects.get().heard > 5
    assert platform.messages.unconfirmed == 0
    assert Connection.objects.get().next_pull_at == clock() + timedelta(seconds=5)
    kept = {field.name for field in PlatformMessage._meta.fields}
    assert kept == {"id", "connection", "number", "topic", "order_id", "heard_at", "read_at"}

    platform.calls.clear()
    named = {one.order_id for one in messages}
    connection.refresh_from_db()
    turn = pull_once(connection, clock)
    assert named <= turn.orders
    # The changes list them too, and do not ask for them again.
    assert platform.calls["taobao.trade.fullinfo.get"] < 2 * len(turn.orders)
    check_truth(shop, platform, clock)
    assert not PlatformMessage.objects.filter(read_at=None).exists()


@pytest.mark.parametrize("mode", ["repeat", "reorder", "delay", "drop", "deaf"])
def test_however_messages_come_the_orders_are_the_platforms(
    connection: Connection,
    shop: Shop,
    platform: LoopbackTop,
    clock: MovedClock,
    listening: Listening,
    mode: str,
) -> None:
    pull_once(connection, clock)
    hear(listening, platform)
    platform.faults = [Fault(mode, left=3, seconds=60.0)]
    for _ in range(4):
        clock.move(hours=3)
        hear(listening, platform, 1.0)
        clock.move(minutes=2)
        hear(listening, platform, 1.0)
    platform.faults = []
    clock.move(minutes=2)
    hear(listening, platform)

    assert platform.messages.sent[mode] > 0
    assert set(PlatformMessage.objects.values_list("number", flat=True)) == truth(platform, clock)
    assert platform.messages.unconfirmed == 0
    if mode in ("repeat", "deaf"):
        assert Listener.objects.get().again > 0
    connection.refresh_from_db()
    pull_once(connection, clock)
    check_truth(shop, platform, clock)


def test_without_any_message_the_changes_bring_everything(
    connection: Connection, shop: Shop, platform: LoopbackTop, clock: MovedClock, listening: Listening
) -> None:
    pull_once(connection, clock)
    hear(listening, platform)
    platform.faults = [Fault("delay", left=100, seconds=10**7)]
    clock.move(hours=9)
    hear(listening, platform, 0.5)
    assert not PlatformMessage.objects.exists()
    pull_once(connection, clock)
    check_truth(shop, platform, clock)


class Killed(BaseException):
    """The process dies here."""


@pytest.mark.parametrize("step", ["heard", "stored", "confirmed"])
def test_killed_between_hearing_and_confirming_nothing_is_lost(
    connection: Connection, platform: LoopbackTop, clock: MovedClock, listening: Listening, step: str
) -> None:
    pull_once(connection, clock)
    hear(listening, platform)
    clock.move(hours=9)

    def die(name: str) -> None:
        if name == step:
            raise Killed

    listening.step = die
    with pytest.raises(Killed):
        hear(listening, platform)
    lines = dict(listening._lines)
    listening._lines.clear()
    for held in lines.values():
        held.line.close()

    other = Listening(clock, monotonic=Ticks())
    assert not other.turn()  # the dead one's lease stands
    clock.move(minutes=3)
    hear(other, platform)
    other.close()
    assert set(PlatformMessage.objects.values_list("number", flat=True)) == truth(platform, clock)
    assert platform.messages.unconfirmed == 0


def test_a_service_that_is_away_is_tried_again_later_and_later_while_orders_are_pulled(
    connection: Connection, shop: Shop, platform: LoopbackTop, clock: MovedClock, listening: Listening
) -> None:
    platform.messages.stop()
    waits = []
    for _ in range(9):
        listening.turn()
        listener = Listener.objects.get()
        assert listener.next_at is not None
        waits.append((listener.next_at - clock()).total_seconds())
        assert not listening.turn()
        clock.at = listener.next_at
    assert waits == [5.0, 10.0, 20.0, 40.0, 80.0, 160.0, 320.0, 600.0, 600.0]
    assert (listener.trouble["kind"], listener.trouble["method"], listener.since) == ("away", "tmc", None)
    assert pull_once(connection, clock).done


def test_an_app_without_the_permission_listens_to_nothing_and_pulls_on(
    connection: Connection, platform: LoopbackTop, clock: MovedClock, listening: Listening
) -> None:
    platform.faults = [Fault("forbidden", left=100, methods=("taobao.tmc.user.permit",))]
    listening.turn()
    listener = Listener.objects.get()
    assert (listener.trouble["kind"], listener.next_at) == ("permission", NOW + timedelta(hours=6))
    assert pull_once(connection, clock).done


@pytest.mark.parametrize(
    ("change", "skew", "kind"),
    [({"secret": "wrong"}, 0, "keys"), ({"app_key": "99"}, 0, "keys"), ({}, 11, "clock"), ({}, -11, "clock")],
)
def test_a_line_is_refused_for_a_wrong_signature_or_clock(
    platform: LoopbackTop, change: dict[str, str], skew: int, kind: str
) -> None:
    platform.skew = timedelta(minutes=skew)
    told = {"app_key": APP_KEY, "secret": SECRET, "session": SESSION, "gateway": platform.gateway, **change}
    with pytest.raises(TopTrouble) as refused:
        Line.open(Account(**told), NOW)
    assert (refused.value.kind, refused.value.method) == (kind, "tmc")
    assert SECRET not in str(vars(refused.value))


def test_a_clock_some_minutes_off_is_no_trouble(platform: LoopbackTop) -> None:
    platform.skew = timedelta(minutes=9)
    with closing(Line.open(Account(APP_KEY, SECRET, SESSION, platform.gateway), NOW)) as line:
        assert line.heard(10) == []


def test_messages_of_a_seller_who_is_not_here_are_confirmed_and_left(
    connection: Connection, platform: LoopbackTop, clock: MovedClock, listening: Listening
) -> None:
    hear(listening, platform)
    Listener.objects.update(seller="2200000000777")
    clock.move(hours=9)
    hear(listening, platform)
    assert platform.messages.unconfirmed == 0
    assert not PlatformMessage.objects.exists()


def test_two_workers_share_no_line_and_one_that_stops_leaves_it_to_the_other(
    connection: Connection, platform: LoopbackTop, clock: MovedClock, listening: Listening
) -> None:
    assert listening.turn()
    other = Listening(clock, monotonic=Ticks())
    assert not other.turn()
    listening.close()
    assert other.turn()
    other.close()


def test_a_paused_connection_is_not_listened_to(
    connection: Connection, platform: LoopbackTop, clock: MovedClock, listening: Listening
) -> None:
    hear(listening, platform)
    connections.pause(connection, by=None, now=clock())
    clock.move(hours=9)
    hear(listening, platform, 0.3)
    assert not PlatformMessage.objects.exists()
    assert Listener.objects.get().since is None

    connections.resume(connection, by=None, now=clock())
    hear(listening, platform)
    assert set(PlatformMessage.objects.values_list("number", flat=True)) == truth(platform, clock)
    assert Listener.objects.get().since == clock()


def test_numbers_are_known_for_a_week_after_their_orders_were_read(
    connection: Connection, platform: LoopbackTop, clock: MovedClock, listening: Listening
) -> None:
    hear(listening, platform)
    clock.move(hours=9)
    hear(listening, platform)
    count = PlatformMessage.objects.count()
    pull_once(connection, clock)
    assert forget_read(clock() + timedelta(days=7)) == 0
    assert forget_read(clock() + timedelta(days=7, seconds=1)) == count > 0


def test_messages_never_go_anywhere_but_to_the_platform_or_this_machine(home: object) -> None:
    assert service_of("https://eco.taobao.com/router/rest") == "ws://mc.api.taobao.com/"
    assert service_of("http://127.0.0.1:8028/router/rest") == "ws://127.0.0.1:8029/"


def test_one_shop_of_an_app_hears_what_the_line_of_the_other_told(
    connection: Connection, platform: LoopbackTop, clock: MovedClock, listening: Listening
) -> None:
    other_shop = add_shop("另一家", now=NOW)
    other = connections.connect(
        other_shop,
        app_key=APP_KEY,
        secret=SECRET,
        session=SESSION,
        by=None,
        now=NOW,
        gateway=platform.gateway,
    )
    hear(listening, platform)
    Listener.objects.filter(connection=connection).update(seller="2200000000777")
    clock.move(hours=9)
    hear(listening, platform)
    assert set(PlatformMessage.objects.values_list("connection_id", flat=True)) == {other.pk}
    assert set(PlatformMessage.objects.values_list("number", flat=True)) == truth(platform, clock)


def test_a_pull_takes_messages_of_closed_trades_as_the_platform_tells_them_now(
    shop: Shop, home: Path, clock: MovedClock, listening: Listening, three_weeks: None
) -> None:
    with (
        LoopbackTop(small_shop(trades=60, days=3, ahead=3), clock) as platform,
        announced(home, platform.bound_port),
    ):
        connection = connections.connect(
            shop, app_key=APP_KEY, secret=SECRET, session=SESSION, by=None, now=NOW, gateway=platform.gateway
        )
        hear(listening, platform)
        clock.move(hours=20)
        hear(listening, platform)
        pull_once(connection, clock)
        check_truth(shop, platform, clock)
        topics = set(PlatformMessage.objects.values_list("topic", flat=True))
        assert {"taobao_trade_TradeCreate", "taobao_trade_TradeBuyerPay"} <= topics
        assert len(stored("orders", "order_id", shop)) > 20
        listening.close()


def test_trouble_while_named_orders_are_read_keeps_those_that_were_read(
    connection: Connection, shop: Shop, platform: LoopbackTop, clock: MovedClock, listening: Listening
) -> None:
    pull_once(connection, clock)
    hear(listening, platform)
    clock.move(hours=9)
    hear(listening, platform)
    heard = PlatformMessage.objects.count()
    platform.faults = [Fault("away", left=1, after=3, methods=("taobao.trade.fullinfo.get",))]
    turn = pull_once(connection, clock, waits=())
    assert turn.trouble is not None
    assert len(turn.orders) == 3
    assert 0 < PlatformMessage.objects.filter(read_at=None).count() < heard
    clock.move(minutes=5)
    assert pull_once(connection, clock).done
    assert not PlatformMessage.objects.filter(read_at=None).exists()
    check_truth(shop, platform, clock)


def test_a_worker_keeps_its_lines_between_turns_and_leaves_them_when_it_ends(
    connection: Connection, platform: LoopbackTop, clock: MovedClock
) -> None:
    worker = Worker("w", clock)
    listen = next(tick for tick in TICKS if tick.name == "listen")
    assert listen.run(worker)
    assert Listener.objects.get().since == clock()
    assert not listen.run(worker)
    for kept in worker.kept.values():
        kept.close()
    assert Listener.objects.get().lease_until is None

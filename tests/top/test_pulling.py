"""Pulling: the facts are the platform's truth, whatever moves, fails or dies in between, and nothing is there twice."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings

from laoke.config import pulling
from laoke.customers.models import Customer, Identity, OrderText, ReviewText
from laoke.dispatch.models import Occasion, OccasionState
from laoke.intake.loading.pulled import forget_pulls
from laoke.intake.models import Connection, ConnectionState, ImportRun, ImportState, PullCursor
from laoke.intake.top import connections
from laoke.intake.top.loopback import APP_KEY, SECRET, SESSION, Fault, LoopbackTop
from laoke.intake.top.loopback_others import members_of, ratings_of
from laoke.intake.top.pulling import pull
from laoke.intake.top.staging import PULLED
from laoke.intake.top.trials import announced
from laoke.intake.top.turns import Pulling
from laoke.shops import catalog
from laoke.shops.models import Shop
from tests.intake.facts import take
from tests.intake.test_item_files import old_items
from tests.top.platform import NOW, MovedClock, Sleeps, check_truth, pull_once, small_shop, stored

pytestmark = pytest.mark.django_db(transaction=True)


class Killed(BaseException):
    """The process dies here."""


def test_the_first_pull_brings_what_the_platform_still_tells_and_names_nobody_twice(
    connection: Connection, shop: Shop, platform: LoopbackTop, clock: MovedClock
) -> None:
    turn = pull_once(connection, clock)

    assert (turn.done, turn.aside, turn.trouble) == (True, 0, None)
    assert turn.trades == len(stored("orders", "order_id", shop))
    check_truth(shop, platform, clock)
    lines = stored("order_lines", "order_id, line, paid_cents, quantity", shop)
    visible = {row[0] for row in stored("orders", "order_id", shop)}
    until = clock() - timedelta(minutes=1)
    assert lines == sorted(
        (t.tid, line.oid, line.paid_cents if t.paid and t.paid <= until else 0, line.quantity)
        for t in platform.shop.trades.values()
        if t.tid in visible
        for line in t.lines
    )
    buyers = {t.buyer for t in platform.shop.trades.values() if t.tid in visible}
    members = {one.buyer for one in members_of(platform.shop, until)}
    assert Customer.objects.count() == len(buyers | members)
    assert set(Identity.objects.values_list("kind", flat=True)) == {"open_uid", "ouid"}
    noted = {t.tid for t in platform.shop.trades.values() if t.memo and t.tid in visible}
    rated = {one.tid for one in ratings_of(platform.shop, until) if one.tid in visible}
    assert set(OrderText.objects.values_list("order_id", flat=True)) == noted
    owned = ReviewText.objects.exclude(customer=None)
    assert set(owned.values_list("order_id", flat=True)) == rated
    assert noted and rated


def test_pulled_again_with_nothing_new_nothing_is_written(
    connection: Connection, shop: Shop, platform: LoopbackTop, clock: MovedClock
) -> None:
    pull_once(connection, clock)
    before, runs = stored("orders", "*", shop), ImportRun.objects.count()
    entry = catalog.current()
    platform.calls.clear()

    clock.move(seconds=20)
    turn = pull_once(connection, clock)

    assert (turn.done, turn.trades, turn.imports) == (True, 0, [])
    assert (stored("orders", "*", shop), ImportRun.objects.count(), catalog.current()) == (
        before,
        runs,
        entry,
    )
    assert platform.calls["taobao.trade.fullinfo.get"] == 0


def test_later_turns_follow_the_shop_as_it_lives_on(
    connection: Connection, shop: Shop, platform: LoopbackTop, clock: MovedClock
) -> None:
    pull_once(connection, clock)
    for hours in (0.1, 1, 30):
        clock.move(hours=hours)
        assert pull_once(connection, clock).done
        check_truth(shop, platform, clock)
    assert {row[0] for row in stored("order_states", "order_id", shop)} == {
        row[0] for row in stored("orders", "order_id", shop)
    }


def test_a_trade_that_changes_while_pages_are_read_leaves_no_other_out(
    shop: Shop, home: Path, clock: MovedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("laoke.intake.top.asking.PAGE_SIZE", 5)
    with (
        LoopbackTop(small_shop(trades=500, days=5, ahead=2), clock) as platform,
        announced(home, platform.bound_port),
    ):
        connection = connections.connect(
            shop, app_key=APP_KEY, secret=SECRET, session=SESSION, by=None, now=NOW, gateway=platform.gateway
        )
        pull_once(connection, clock)
        clock.move(hours=3)
        platform.faults = [Fault("touch", left=60, methods=("taobao.trades.sold.increment.get",))]
        pull_once(connection, clock)
        touched = len(platform.shop.touched)
        assert touched > 5
        clock.move(minutes=5)
        platform.faults = []
        pull_once(connection, clock)
        check_truth(shop, platform, clock)


STEPS = (
    "page_read", "people_stored", "compared", "wrote_orders", "wrote_order_states", "wrote_customers",
    "wrote_order_lines", "wrote_refunds", "before_publish", "published", "cursor_moved",
)  # fmt: skip


@pytest.mark.parametrize("step", STEPS)
def test_killed_after_any_step_the_next_turn_ends_where_an_unbroken_one_does(
    connection: Connection,
    shop: Shop,
    platform: LoopbackTop,
    clock: MovedClock,
    step: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("laoke.intake.top.pulling.BATCH_TRADES", 40)
    kills = 0
    for wanted in (1, 2):
        met = 0

        def die(name: str) -> None:
            nonlocal met, kills
            met += name == step
            if name == step and met == wanted:  # noqa: B023 - called within this round only
                kills += 1
                raise Killed

        try:
            pull_once(connection, clock, step=die)
        except Killed:
            # A killed process says nothing more: the lease stands until it runs out.
            Connection.objects.update(lease_until=clock() + timedelta(minutes=5))
            connection.refresh_from_db()
            assert pull(connection, Pulling(settings.PLACE, clock, sleep=Sleeps())) is None
        clock.move(minutes=11)
    assert kills >= 1
    clock.move(minutes=11)
    connection.refresh_from_db()
    assert pull_once(connection, clock).done
    check_truth(shop, platform, clock)
    assert not ImportRun.objects.filter(state__in=("reading", "people", "facts")).exists()


@pytest.mark.parametrize(
    ("mode", "state", "kind"),
    [
        ("signed_out", ConnectionState.SIGN_IN, "sign_in"),
        ("forbidden", ConnectionState.STOPPED, "permission"),
        ("busy", ConnectionState.ACTIVE, "busy"),
        ("http500", ConnectionState.ACTIVE, "away"),
    ],
)
def test_trouble_in_the_middle_keeps_what_was_stored_and_goes_on_from_there(
    connection: Connection, shop: Shop, platform: LoopbackTop, clock: MovedClock, mode: str, state: str, kind: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr("laoke.intake.top.pulling.BATCH_TRADES", 30)
    platform.faults = [Fault(mode, left=4, after=90)]

    turn = pull_once(connection, clock)

    assert (turn.done, turn.trouble.kind if turn.trouble else "") == (False, kind)
    assert (connection.state, connection.trouble["kind"], connection.failures) == (state, kind, 1)
    assert connection.lease_until is None
    assert connection.next_pull_at == clock() + timedelta(minutes=3)
    kept = len(stored("orders", "order_id", shop))
    assert 0 < kept < 90

    platform.faults = []
    connections.sign_in(connection, SESSION, by=None, now=clock())
    assert pull_once(connection, clock).done
    assert (connection.state, connection.trouble, connection.failures) == (ConnectionState.ACTIVE, {}, 0)
    check_truth(shop, platform, clock)


def test_a_trade_that_cannot_be_read_is_put_aside_and_holds_up_no_other(
    connection: Connection,
    shop: Shop,
    platform: LoopbackTop,
    clock: MovedClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    strange = next(
        t for t in platform.shop.visible(NOW - timedelta(days=1)) if t.created > NOW - timedelta(days=15)
    )
    whole = type(platform.shop).row
    monkeypatch.setattr(
        type(platform.shop),
        "row",
        lambda self, trade, now: (
            whole(self, trade, now) | ({"payment": "一百"} if trade.tid == strange.tid else {})
        ),
    )

    turn = pull_once(connection, clock)

    assert (turn.done, turn.aside) == (True, 1)
    assert strange.tid not in {row[0] for row in stored("orders", "order_id", shop)}
    run = ImportRun.objects.get(pk__in=turn.imports, quarantined__isnull=False)
    [row] = run.quarantined.all()
    assert (row.reason, row.params) == ("money_unreadable", {"column": "payment", "found": "一百"})
    assert run.counts["read"] == run.counts["accepted"] + run.counts["unchanged"] + run.counts["quarantined"]
    assert run.state == ImportState.DONE


def test_a_connection_that_is_paused_while_it_pulls_stores_nothing_more(
    connection: Connection, shop: Shop, clock: MovedClock
) -> None:
    def pause(name: str) -> None:
        if name == "before_publish":
            connections.pause(Connection.objects.get(pk=connection.pk), by=None, now=clock())

    with pytest.raises(connections.LeaseLost):
        pull_once(connection, clock, step=pause)

    assert catalog.current() is None
    assert PullCursor.objects.get(connection=connection, stream="history").reached == NOW - timedelta(
        days=21, minutes=1
    )
    assert Connection.objects.get().state == ConnectionState.PAUSED


def test_a_pause_longer_than_the_platform_remembers_is_a_gap_with_its_dates(
    connection: Connection, shop: Shop, clock: MovedClock
) -> None:
    pull_once(connection, clock)
    clock.move(days=31)

    pull_once(connection, clock)

    changes = PullCursor.objects.get(connection=connection, stream="changes")
    assert changes.gaps == [["2026-10-31 09:59:00", "2026-11-10 09:59:00"]]
    assert changes.reached == clock() - timedelta(minutes=1)


def test_a_clock_ahead_of_the_platforms_skips_nothing(
    connection: Connection, shop: Shop, platform: LoopbackTop, clock: MovedClock
) -> None:
    platform.skew = timedelta(minutes=-8)
    pull_once(connection, clock)
    changes = PullCursor.objects.get(connection=connection, stream="changes")
    assert changes.reached == NOW - timedelta(minutes=9)
    clock.move(minutes=30)
    platform.skew = timedelta(0)
    pull_once(connection, clock)
    check_truth(shop, platform, clock)


def test_rows_of_old_batches_are_forgotten_but_the_last_of_each_kind(
    connection: Connection, shop: Shop, platform: LoopbackTop, clock: MovedClock
) -> None:
    pull_once(connection, clock)
    clock.move(hours=5)
    pull_once(connection, clock)
    last = {run.grain: run.pk for run in ImportRun.objects.order_by("pk")}
    newest = max(row[0] for row in stored("orders", "modified_at, order_id", shop))
    assert ImportRun.objects.filter(grain="order").order_by("pk").last().seen_at == newest  # type: ignore[union-attr]
    cut_short = ImportRun.objects.create(
        shop=shop, file_name="f", file_sha256="0" * 64, file_size=0, profile="top_trial", created_at=NOW,
        state=ImportState.CANCELLED,
    )  # fmt: skip
    of_a_file = ImportRun.objects.create(
        shop=shop, file_name="f", file_sha256="0" * 64, file_size=0, profile="tb", created_at=NOW,
        state=ImportState.DONE,
    )  # fmt: skip
    count = ImportRun.objects.count()

    assert forget_pulls(PULLED, NOW + timedelta(days=30)) == 0
    assert forget_pulls(PULLED, NOW + timedelta(days=31)) == count - len(last) - 1
    assert set(ImportRun.objects.values_list("pk", flat=True)) == {*last.values(), of_a_file.pk}
    assert not ImportRun.objects.filter(pk=cut_short.pk).exists()
    check_truth(shop, platform, clock)


def test_facts_that_are_taken_back_are_pulled_again(
    connection: Connection, shop: Shop, platform: LoopbackTop, clock: MovedClock
) -> None:
    turn = pull_once(connection, clock)
    assert connections.start_over([]) == 0
    assert PullCursor.objects.count() == 6
    assert connections.start_over(turn.imports[-1:]) == 1
    assert PullCursor.objects.count() == 0
    connection.refresh_from_db()
    again = pull_once(connection, clock)
    assert (again.done, again.orders) == (True, turn.orders)
    check_truth(shop, platform, clock)


def test_lines_that_an_item_file_told_give_way_to_those_of_the_platform(
    connection: Connection, shop: Shop, platform: LoopbackTop, clock: MovedClock, tmp_path: Path
) -> None:
    trades = [
        t for t in platform.shop.visible(NOW - timedelta(days=1)) if t.created > NOW - timedelta(days=20)
    ]
    rows = [(t.tid, "别的名字", "9.90", "1", "交易成功") for t in trades[:3]]
    take(shop, old_items(tmp_path / "items.csv", rows))
    assert len(stored("waiting_lines", "order_id", shop)) == 3

    pull_once(connection, clock)
    told = [(t.tid, line.oid, line.product[1]) for t in trades[:3] for line in t.lines]
    lines = stored("order_lines", "order_id, line, title", shop)
    assert [row for row in lines if row[0] in {t.tid for t in trades[:3]}] == sorted(told)
    assert stored("waiting_lines", "order_id", shop) == []


def test_a_turn_of_the_worker_is_short_while_messages_are_being_sent(
    connection: Connection, shop: Shop, clock: MovedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[float | None] = []
    monkeypatch.setattr(pulling, "pull", lambda connection, around: given.append(around.seconds))
    round_ = Occasion.objects.create(
        shop=shop, kind="round", name="第一轮", channel="sms", state=OccasionState.RUNNING,
        not_before=NOW, not_after=NOW + timedelta(hours=2), created_at=NOW,
    )  # fmt: skip
    pulling.pull_turn(clock)
    Occasion.objects.filter(pk=round_.pk).update(state=OccasionState.FINISHED)
    pulling.pull_turn(clock)
    assert given == [1.0, 10.0]

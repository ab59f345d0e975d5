"""A connection: its secrets are sealed and told nowhere, a trial never meets real orders, every act is audited."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from laoke.config.key_care import SEALED
from laoke.config.pulling import features_can_wait, pull_turn, status_of
from laoke.intake.models import Connection, ConnectionState, ImportRun, ImportState
from laoke.intake.top import connections
from laoke.intake.top.call import GATEWAY
from laoke.intake.top.loopback import APP_KEY, SECRET, SESSION, LoopbackTop
from laoke.intake.top.trials import address_of, announced
from laoke.shops.models import AuditEvent, CatalogEntry, Shop
from laoke.shops.setup import add_shop
from tests.top.platform import NOW, MovedClock, small_shop

pytestmark = pytest.mark.django_db(transaction=True)

TRIAL = address_of(8028)


@pytest.fixture
def shop(home: Path) -> Iterator[Shop]:
    """A shop, and a trial gateway that says it serves."""
    with announced(home, 8028):
        yield add_shop("试用店", now=NOW)


def connected(shop: Shop, gateway: str = TRIAL, **told: str) -> Connection:
    given = {"app_key": APP_KEY, "secret": SECRET, "session": SESSION, **told}
    return connections.connect(shop, **given, by=None, now=NOW, gateway=gateway)  # type: ignore[arg-type]


def imported(shop: Shop, profile: str) -> None:
    ImportRun.objects.create(
        shop=shop, file_name="f", file_sha256="0" * 64, file_size=0, profile=profile, state=ImportState.DONE,
        created_at=NOW,
    )  # fmt: skip


def test_secret_and_session_are_sealed_and_told_nowhere(shop: Shop) -> None:
    connection = connected(shop)
    assert connections.account_of(connection).session == SESSION
    told = f"{status_of(connection)} {list(AuditEvent.objects.values_list('detail', flat=True))}"
    raw = b"".join(bytes(row) for row in Connection.objects.values_list("sealed_secret", flat=True))
    for secret in (SECRET, SESSION):
        assert secret not in told
        assert secret.encode() not in raw
    assert any(kind.model is Connection for kind in SEALED)


@pytest.mark.parametrize(
    ("gateway", "code"),
    [
        ("https://eco.taobao.com.evil.example/router/rest", "gateway"),
        ("http://192.168.1.9/router/rest", "gateway"),
        ("http://eco.taobao.com/router/rest", "gateway"),
        ("file:///etc/passwd", "gateway"),
    ],
)
def test_only_the_platform_and_this_machine_may_be_called(shop: Shop, gateway: str, code: str) -> None:
    with pytest.raises(connections.ConnectionRefused) as refused:
        connected(shop, gateway)
    assert (refused.value.code, Connection.objects.count()) == (code, 0)


def test_a_demo_shop_connects_to_nothing(home: Path) -> None:
    demo = add_shop("示例", now=NOW, is_demo=True)
    for gateway in (TRIAL, GATEWAY):
        with pytest.raises(connections.ConnectionRefused, match="demo_shop"):
            connected(demo, gateway)


def test_a_trial_never_meets_real_orders(shop: Shop) -> None:
    imported(shop, "tb_orderlist_46_2017")
    with pytest.raises(connections.ConnectionRefused, match="trial_needs_own_shop"):
        connected(shop, TRIAL)
    assert not connected(shop, GATEWAY).is_loopback


def test_a_shop_of_trials_is_never_connected_to_the_platform(shop: Shop) -> None:
    imported(shop, "top_trial")
    with pytest.raises(connections.ConnectionRefused, match="trial_shop"):
        connected(shop, GATEWAY)
    assert connected(shop, TRIAL).is_loopback


def test_a_shop_has_one_connection_and_no_field_is_empty(shop: Shop) -> None:
    for name in ("app_key", "secret", "session"):
        with pytest.raises(connections.ConnectionRefused, match="empty"):
            connected(shop, **{name: " "})
    connected(shop)
    with pytest.raises(connections.ConnectionRefused, match="connected"):
        connected(shop)


def test_every_act_is_audited_and_forgetting_leaves_no_secret(shop: Shop) -> None:
    connection = connected(shop)
    connections.pause(connection, by=None, now=NOW)
    assert connections.due(NOW) == []
    connections.resume(connection, by=None, now=NOW)
    connections.sign_in(connection, "another", by=None, now=NOW)
    assert connections.account_of(connection).session == "another"
    connections.forget(connection, by=None, now=NOW)

    assert Connection.objects.count() == 0
    acts = (
        AuditEvent.objects.filter(act__startswith="connection.").order_by("pk").values_list("act", flat=True)
    )
    assert list(acts) == [
        "connection.make", "connection.pause", "connection.resume", "connection.sign_in", "connection.forget",
    ]  # fmt: skip


def test_the_worker_pulls_when_it_is_time_and_then_rests_some_minutes(
    shop: Shop, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("laoke.intake.top.pulling.HISTORY", timedelta(days=3))
    monkeypatch.setattr("laoke.config.pulling.TURN_SECONDS", None)
    clock = MovedClock()
    with (
        LoopbackTop(small_shop(trades=12, days=3), clock) as platform,
        announced(home, platform.bound_port),
    ):
        connection = connected(shop, platform.gateway)
        assert pull_turn(clock)
        assert not pull_turn(clock)
        connection.refresh_from_db()
        rest = connection.next_pull_at - NOW
        assert timedelta(minutes=3) * 0.8 <= rest <= timedelta(minutes=3) * 1.2
        clock.move(minutes=4)
        assert pull_turn(clock)
    assert (connection.state, connection.pulled_at) == (ConnectionState.ACTIVE, NOW)


def test_pulled_orders_sort_the_customers_anew_every_quarter_of_an_hour_only(shop: Shop) -> None:
    def done(profile: str, entry: int) -> ImportRun:
        run = ImportRun.objects.create(
            shop=shop, file_name="f", file_sha256="0" * 64, file_size=0, profile=profile, state=ImportState.DONE,
            created_at=NOW, catalog_ref=entry,
        )  # fmt: skip
        return run

    first = done("top", 1)
    assert not features_can_wait(shop, NOW)
    CatalogEntry.objects.create(
        versions={}, as_of_day=NOW.date(), created_at=NOW, reason="features", import_ref=first.pk
    )
    done("top", 3)
    assert features_can_wait(shop, NOW + timedelta(minutes=14))
    assert not features_can_wait(shop, NOW + timedelta(minutes=15))
    done("tb_orderlist_46_2017", 4)
    assert not features_can_wait(shop, NOW + timedelta(minutes=1))

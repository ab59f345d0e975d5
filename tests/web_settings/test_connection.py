"""The platform connection in the settings: the owner makes it, everyone who looks sees how far it is, secrets stay."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from laoke.intake.models import Connection, ConnectionState, Listener, PlatformMessage, PullCursor
from laoke.intake.top import connections
from laoke.shops.models import AuditEvent, Role, Shop, Staff
from laoke.shops.setup import add_shop
from tests.people import NOW, Demo, person

pytestmark = pytest.mark.django_db

GIVEN = {"app_key": "23456789", "secret": "geheim-geheim", "session": "sitzung-sitzung", "gateway": ""}


@pytest.fixture
def real_shop(demo: Demo) -> Shop:
    shop = add_shop("青禾旗舰店", now=NOW, category="女装")
    Staff.objects.update_or_create(user=demo.owner, shop=shop, defaults={"role": Role.OWNER})
    return shop


@pytest.fixture
def owner(demo: Demo, real_shop: Shop) -> Client:
    client = demo.client()
    client.post(reverse("shop_switch"), {"shop": real_shop.pk})
    return client


def page(client: Client) -> str:
    return client.get(reverse("settings_connection")).content.decode()


def test_a_connection_is_made_and_its_secrets_are_never_shown(owner: Client, real_shop: Shop) -> None:
    assert owner.post(reverse("settings_connection"), GIVEN).status_code == 302
    connection = Connection.objects.get(shop=real_shop)
    assert (connection.app_key, connection.state, connection.is_loopback) == ("23456789", "active", False)
    shown = page(owner)
    assert "23456789" in shown
    assert "加密保存，不显示" in shown
    for secret in ("geheim", "sitzung"):
        assert secret not in shown
        assert secret.encode() not in bytes(connection.sealed_secret)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"app_key": ""}, "填上 App Key"),
        ({"session": ""}, "填上 session"),
        ({"gateway": "http://192.168.1.9/router/rest"}, "只能是平台自己的地址"),
        (
            {"gateway": "http://127.0.0.1:6379/router/rest"},
            "演练地址 http://127.0.0.1:6379/router/rest 上没有演练平台，开着的是：—。先开 laoke gateway top",
        ),
    ],
)
def test_what_cannot_work_is_said_and_nothing_is_kept(
    owner: Client, changed: dict[str, str], words: str
) -> None:
    answer = owner.post(reverse("settings_connection"), {**GIVEN, **changed})
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert "geheim" not in answer.content.decode()
    assert Connection.objects.count() == 0


def test_the_page_says_how_far_it_is_and_what_is_wrong(owner: Client, real_shop: Shop) -> None:
    owner.post(reverse("settings_connection"), GIVEN)
    connection = Connection.objects.get(shop=real_shop)
    Connection.objects.update(
        state=ConnectionState.SIGN_IN,
        trouble={"kind": "sign_in", "method": "taobao.time.get", "code": "27", "text": "SessionKey非法"},
    )
    began = NOW - timedelta(days=90)
    PullCursor.objects.create(
        connection=connection,
        stream="history",
        began=began,
        reached=NOW - timedelta(days=30),
        goal=NOW,
        rows=1234,
        answered_at=NOW,
    )
    PullCursor.objects.create(
        connection=connection, stream="changes", began=began, reached=NOW, rows=56, answered_at=NOW,
        gaps=[["2026-01-02 00:00:00", "2026-02-03 00:00:00"]],
    )  # fmt: skip

    shown = page(owner)

    assert "授权过期了。到平台重新授权，把新的 session 填进来。" in shown
    assert "taobao.time.get 27 SessionKey非法" in shown
    assert "30 天" in shown
    assert "1,234" in shown
    assert "2026-01-02 到 2026-02-03 的变动平台不再给，用导出的文件补" in shown

    answer = owner.post(reverse("settings_connection_sign_in"), {"session": ""})
    assert answer.status_code == 422
    owner.post(reverse("settings_connection_sign_in"), {"session": "neue-sitzung"})
    connection.refresh_from_db()
    assert (connection.state, connection.trouble) == ("active", {})
    assert connections.account_of(connection).session == "neue-sitzung"


def test_a_new_session_beside_a_secret_that_does_not_open_is_refused_in_words(
    owner: Client, real_shop: Shop
) -> None:
    owner.post(reverse("settings_connection"), GIVEN)
    Connection.objects.update(sealed_secret=b"x" * 40)
    answer = owner.post(reverse("settings_connection_sign_in"), {"session": "neue-sitzung"})
    assert answer.status_code == 422
    assert "存着的 App Secret 打不开。" in answer.content.decode()


def test_every_stream_says_when_it_answered_and_why_it_does_not(owner: Client, real_shop: Shop) -> None:
    owner.post(reverse("settings_connection"), GIVEN)
    connection = Connection.objects.get(shop=real_shop)
    refused = {"kind": "permission", "method": "taobao.traderates.get", "code": "11", "text": "没有权限"}
    PullCursor.objects.create(
        connection=connection, stream="ratings", began=NOW - timedelta(days=180), reached=NOW - timedelta(days=180),
        trouble=refused, next_at=NOW + timedelta(hours=6),
    )  # fmt: skip
    PullCursor.objects.create(
        connection=connection, stream="members", began=NOW, reached=NOW - timedelta(days=40), rows=7,
        answered_at=NOW - timedelta(hours=1),
    )  # fmt: skip
    listener = Listener.objects.create(
        connection=connection, since=NOW, heard=12, again=3, heard_at=NOW, answered_at=NOW, seller="22"
    )
    PlatformMessage.objects.create(
        connection=connection, number="1", topic="taobao_trade_TradeCreate", order_id="91", heard_at=NOW
    )

    shown = page(owner)
    assert "这个应用没有读这一项的权限，别的照拉。在开放平台申请好了，暂停再继续，马上再试。" in shown
    assert "taobao.traderates.get 11 没有权限" in shown
    assert "还差 40 天" in shown
    assert "在听，1 条等着去读，3 条重复的没有再记" in shown

    listener.since, listener.next_at = None, NOW + timedelta(hours=6)
    listener.trouble = {"kind": "permission", "method": "taobao.tmc.user.permit", "code": "11", "text": ""}
    listener.save()
    assert "这个应用没有开通消息服务。订单照常每几分钟拉一次；开通了，暂停再继续，马上再连。" in page(owner)

    for act in ("pause", "resume"):
        owner.post(reverse(f"settings_connection_{act}"))
    assert set(PullCursor.objects.values_list("next_at", flat=True)) == {None}
    assert Listener.objects.get().next_at is None


def test_pause_go_on_and_forget_are_audited(owner: Client, demo: Demo) -> None:
    owner.post(reverse("settings_connection"), GIVEN)
    for act, state in (("pause", "paused"), ("resume", "active")):
        owner.post(reverse(f"settings_connection_{act}"))
        assert Connection.objects.get().state == state
    owner.post(reverse("settings_connection_forget"))
    assert Connection.objects.count() == 0
    acts = AuditEvent.objects.filter(act__startswith="connection.", actor=demo.owner).values_list(
        "act", flat=True
    )
    assert sorted(acts) == ["connection.forget", "connection.make", "connection.pause", "connection.resume"]


def test_an_operator_looks_and_changes_nothing(owner: Client, demo: Demo, real_shop: Shop) -> None:
    owner.post(reverse("settings_connection"), GIVEN)
    worker = demo.client(person(demo, "jemand", Role.OPERATOR))
    Staff.objects.update_or_create(
        user=demo.operator.__class__.objects.get(username="jemand"),
        shop=real_shop,
        defaults={"role": Role.OPERATOR},
    )
    worker.post(reverse("shop_switch"), {"shop": real_shop.pk})
    shown = page(worker)
    assert "23456789" in shown
    for act in ("pause", "resume", "forget", "sign_in"):
        assert reverse(f"settings_connection_{act}") not in shown
        assert worker.post(reverse(f"settings_connection_{act}"), {"session": "x"}).status_code == 403
    assert worker.post(reverse("settings_connection"), GIVEN).status_code == 403
    assert Connection.objects.get().state == "active"


def test_a_demo_shop_is_offered_no_platform(demo: Demo) -> None:
    client = demo.client()
    assert "App Secret" not in page(client)
    assert "示例店不接平台。另建一家店。" in page(client)
    assert client.post(reverse("settings_connection"), GIVEN).status_code == 422
    assert Connection.objects.count() == 0

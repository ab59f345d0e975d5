"""What doctor tells: damage is bad, what somebody should look at is named, the rest is good."""

from __future__ import annotations

import shutil
import time
from collections import namedtuple
from datetime import timedelta

import pytest
from django.urls import reverse

from laoke.customers.models import Consent, Customer
from laoke.dispatch.gateways import make_loopback_gateway
from laoke.dispatch.models import Gateway, HandoverFile, Occasion
from laoke.shops import audit, catalog
from laoke.shops.models import AuditEvent, Owner, Shop, UpkeepRun, WorkerSeen
from laoke.shops.setup import add_shop
from laoke.warehouse.delta import forget_snapshots
from laoke.warehouse.store import Warehouse
from laoke.web import health
from laoke.web.health import BAD, GOOD, LOOK, Finding
from tests.people import Demo

pytestmark = pytest.mark.django_db


def look(demo: Demo) -> dict[str, Finding]:
    return {one.name: one for one in health.look(demo.place, now=demo.now, wall=time.time())}


def states(demo: Demo) -> dict[str, str]:
    return {name: one.state for name, one in look(demo).items()}


@pytest.fixture
def well(demo: Demo) -> Demo:
    """The demo shop with a worker that is there and an upkeep of last night."""
    WorkerSeen.objects.create(name="w", at=demo.now)
    UpkeepRun.objects.create(started_at=demo.now, finished_at=demo.now)
    audit.record("backup", shop=None, actor=None, at=demo.now, subject="a.backup", bytes=2_046_000)
    return demo


def test_a_shop_in_order_has_nothing_to_tell(well: Demo) -> None:
    assert states(well) == dict.fromkeys(
        (
            "keys", "audit", "engine", "tables", "agreement", "room", "worker", "upkeep", "backup", "clear_files",
            "gateways",
        ),
        GOOD,
    )  # fmt: skip
    entry = catalog.current()
    assert entry is not None
    buyers = (
        Warehouse(well.place.warehouse).reader(entry.versions).rows("SELECT count(*) AS n FROM customers")
    )
    assert look(well)["agreement"].text == f"{buyers[0]['n']} 个客户号都认识"


def test_a_page_tells_of_the_gateways_of_its_readers_shops_alone(well: Demo) -> None:
    other = add_shop("隔壁店", now=well.now, owner=Owner.objects.create(name="隔壁"))
    foreign = make_loopback_gateway(other, now=well.now)
    Gateway.objects.filter(pk=foreign.pk).update(name="隔壁的通道", stopped_reason="balance")
    assert "隔壁的通道" in look(well)["gateways"].text
    UpkeepRun.objects.all().delete()
    page = well.client().get(reverse("settings_upkeep")).content.decode()
    assert "隔壁的通道" not in page
    seen = health.glance(well.place, now=well.now, wall=time.time(), shops=[well.shop])[-1]
    ours = Gateway.objects.filter(shop=well.shop)
    assert seen.detail == {
        "real": ours.filter(is_loopback=False).count(),
        "rehearsal": ours.filter(is_loopback=True).count(),
    }


def test_a_changed_audit_row_is_damage(well: Demo) -> None:
    row = AuditEvent.objects.order_by("pk")[1]
    AuditEvent.objects.filter(pk=row.pk).update(subject="another")
    found = look(well)["audit"]
    assert (found.state, found.text) == (BAD, f"从第 {row.pk} 条起对不上")


def test_a_missing_file_is_damage_and_ends_the_comparing(well: Demo) -> None:
    entry = catalog.current()
    assert entry is not None
    Warehouse(well.place.warehouse).files("orders", entry.versions["orders"])[0].unlink()
    forget_snapshots()
    found = look(well)
    assert found["tables"].state == BAD and "orders" in found["tables"].text
    assert "agreement" not in found


def test_a_buyer_that_the_ledger_does_not_know_is_damage(well: Demo) -> None:
    Customer.objects.filter(pk=Consent.objects.order_by("pk")[0].person_id).delete()
    found = look(well)["agreement"]
    assert (found.state, found.text) == (BAD, "事实里有 1 个客户号，数据库不认识")


def test_without_a_worker_somebody_should_look(demo: Demo) -> None:
    assert look(demo)["worker"].state == LOOK
    WorkerSeen.objects.create(name="w", at=demo.now - timedelta(minutes=5))
    found = look(demo)["worker"]
    assert (found.state, found.text) == (LOOK, "2026-11-09 09:35 以后没有动静。运行 laoke worker")


def test_an_upkeep_that_was_cut_short_counts_for_nothing(demo: Demo) -> None:
    UpkeepRun.objects.create(started_at=demo.now)
    assert look(demo)["upkeep"].state == LOOK
    UpkeepRun.objects.create(started_at=demo.now, finished_at=demo.now - timedelta(days=4))
    assert look(demo)["upkeep"].text == "上次是 2026-11-05 09:40，三天没做了"


def test_the_last_backup_is_told_with_its_size_and_missed_after_a_week(demo: Demo) -> None:
    assert look(demo)["backup"].text == "还没做过。运行 laoke backup"
    audit.record("backup", shop=None, actor=None, at=demo.now, subject="a.backup", bytes=2_046_000)
    assert (look(demo)["backup"].state, look(demo)["backup"].text) == (GOOD, "上次 2026-11-09 09:40，2.0 MB")
    later = health.look(demo.place, now=demo.now + timedelta(days=8), wall=time.time())
    found = next(one for one in later if one.name == "backup")
    assert (found.state, found.text) == (LOOK, "上次是 2026-11-09 09:40，2.0 MB，七天没做了")


def test_little_room_is_told_before_it_is_none(well: Demo, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(10**12, 10**12 - 10**9, 10**9))
    found = look(well)["room"]
    assert (found.state, found.detail) == (LOOK, {"free_bytes": 10**9})
    assert found.text.startswith("剩 0.9 GB，太少")


def test_a_list_that_should_be_gone_is_told(well: Demo) -> None:
    occasion = Occasion.objects.create(
        shop=well.shop, kind="round", name="名单", channel="handover", state="running", not_before=well.now,
        not_after=well.now + timedelta(days=1), created_at=well.now,
    )  # fmt: skip
    HandoverFile.objects.create(
        occasion=occasion, number=1, people=1, created_at=well.now, path="handover-1/list.xlsx",
        sha256="0" * 64, written_at=well.now - timedelta(days=8),
    )  # fmt: skip
    found = look(well)["clear_files"]
    assert (found.state, found.text) == (LOOK, "该清的还在：1 份名单。关掉打开着的文件，后台会再清")


def test_a_rehearsal_gateway_in_a_real_shop_is_told(well: Demo) -> None:
    make_loopback_gateway(well.shop, now=well.now)
    assert look(well)["gateways"].detail == {"real": 0, "rehearsal": 1}
    Shop.objects.update(is_demo=False)
    found = look(well)["gateways"]
    assert found.state == LOOK and found.text.startswith("演练，什么都不会真的发出去")

"""Who had which case, in the mirror that filters read: as opened, as moved, and gone with its customer."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings

from laoke.config.mirroring import write_all_mirrors
from laoke.customers.erasure import Traces
from laoke.customers.models import Customer
from laoke.service import cases
from laoke.service.mirroring import mark_all, write_cases
from laoke.service.models import ServiceCase
from laoke.shops import catalog
from laoke.shops.models import Dirty, Owner, Shop, User
from laoke.warehouse.service_cases import SERVICE_CASES
from laoke.warehouse.store import Warehouse
from tests.service.test_cases import DRAFT, LATER, NOW

pytestmark = pytest.mark.django_db
DAY = (NOW.date() - date(1970, 1, 1)).days


@pytest.fixture
def shop(home: Path) -> Shop:
    owner = Owner.objects.create(name="半亩棉")
    for number in (7, 8):
        Customer.objects.create(id=number, owner=owner, person_id=number, created_at=NOW)
    return Shop.objects.create(owner=owner, name="旗舰店", created_at=NOW)


@pytest.fixture
def boss() -> User:
    return User.objects.create(username="boss")


def mirrored() -> list[tuple[Any, ...]]:
    entry = catalog.current()
    assert entry is not None
    reader = Warehouse(settings.PLACE.warehouse).reader(entry.versions)
    rows = reader.rows("SELECT * FROM service_cases ORDER BY case_id")
    return [(row["person_id"], row["kind"], row["is_open"], row["opened_day"]) for row in rows]


def write(shop: Shop, now: datetime = NOW) -> bool:
    return write_cases(shop, Warehouse(settings.PLACE.warehouse), now)


def move(case: ServiceCase, state: str, boss: User, hours: int) -> None:
    cases.move(
        case, state, words="退了货", promised_by=case.promised_by, in_charge=None, by=boss,
        now=NOW + timedelta(hours=hours),
    )  # fmt: skip


def test_a_case_reaches_the_mirror_as_it_is_opened_and_moved(shop: Shop, boss: User) -> None:
    first = cases.open_case(shop, 7, DRAFT, by=boss, now=NOW)
    assert not write(shop), "no catalog entry yet: the marks wait"
    catalog.publish({}, as_of_day=NOW.date(), now=NOW, reason="import")
    late = replace(DRAFT, kind="quality", promised_by=LATER + timedelta(days=3))
    cases.open_case(shop, 8, late, by=boss, now=NOW + timedelta(days=2))
    assert write(shop) and not write(shop)
    assert mirrored() == [(7, "delay", True, DAY), (8, "quality", True, DAY + 2)]
    move(first, "waiting", boss, 1)
    write(shop)
    assert mirrored()[0] == (7, "delay", True, DAY)
    move(first, "solved", boss, 2)
    assert write_all_mirrors(settings.PLACE, NOW)
    assert mirrored()[0] == (7, "delay", False, DAY), "opened when it was opened"
    move(first, "open", boss, 3)
    write(shop)
    assert mirrored()[0] == (7, "delay", True, DAY)


def test_the_kinds_of_the_mirror_are_those_of_cases() -> None:
    assert SERVICE_CASES.by_name["kind"].values == tuple(ServiceCase.Kind.values)


def test_cases_of_an_erased_person_leave_the_mirror(shop: Shop, boss: User) -> None:
    catalog.publish({}, as_of_day=NOW.date(), now=NOW, reason="import")
    for person in (7, 8):
        cases.open_case(shop, person, DRAFT, by=boss, now=NOW)
    write(shop)
    cases.forget_person(shop, Traces((7,), frozenset(), frozenset()), NOW)
    assert write(shop)
    assert [row[0] for row in mirrored()] == [8]


def test_cases_from_before_the_mirror_and_after_a_restore_wait_for_it(shop: Shop, boss: User) -> None:
    case = cases.open_case(shop, 7, DRAFT, by=boss, now=NOW)
    told = [(shop.pk, "service_cases", str(case.pk))]
    for again in (
        lambda: import_module("laoke.service.migrations.0002_cases_are_mirrored").mark_all(apps, None),
        lambda: mark_all(shop),
    ):
        Dirty.objects.all().delete()
        again()
        assert list(Dirty.objects.values_list("shop_id", "mirror", "key")) == told

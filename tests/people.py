"""People and shops of the tests: a made-up shop of 600 customers and 1,800 orders with its staff, made once per run.

The shop is generated, loaded and written down once; every test gets it back as rows in its own transaction and as a
folder of its own, so a test may change everything. The conftest of all tests imports `demo` and `demo_rows`, and no
other: a fixture that is imported twice is made twice. Models are imported late, because a conftest is read before
Django is ready.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings
from django.core.management.color import no_style
from django.db import connection, transaction

from laoke.shops.keys import make_key_file
from laoke.shops.place import Place

if TYPE_CHECKING:
    from django.test import Client

    from laoke.shops.models import Shop, User

# A week after the demo shop's Double 11 warm-up began: the day the design's pages show.
NOW = datetime(2026, 11, 9, 9, 40)
CUSTOMERS, ORDERS = 600, 1_800
PASSWORD = "kaituozhe-2026"


@dataclass(frozen=True)
class Demo:
    """The demo shop with one person for every kind of work. `now` is the time its data ends."""

    shop: Shop
    place: Place
    owner: User
    operator: User
    analyst: User
    service: User
    now: datetime = NOW

    def client(self, user: User | None = None) -> Client:
        """A browser in which the user (the owner when none is named) has signed in."""
        from django.test import Client

        client = Client()
        client.force_login(user or self.owner, backend="django.contrib.auth.backends.ModelBackend")
        return client


@dataclass(frozen=True)
class DemoRows:
    """The folder of the demo shop's facts, and the tables whose rows of it stand beside them in the database."""

    home: Path
    tables: tuple[str, ...]


def _make_demo(place: Place) -> None:
    from laoke.insights.refresh import add_month_end, refresh_features
    from laoke.intake.demo import plan
    from laoke.intake.loading.demo import load_demo
    from laoke.shops.models import Role
    from laoke.shops.setup import add_shop, add_user

    shop = add_shop("半亩棉旗舰店", now=NOW, category="家纺", is_demo=True)
    for username, name, role in (
        ("boss", "林夏", Role.OWNER),
        ("yunying", "周禾", Role.OPERATOR),
        ("fenxi", "沈言", Role.ANALYST),
        ("kefu", "许安", Role.SERVICE),
    ):
        add_user(username, shops=[shop], role=role, now=NOW, password=PASSWORD, full_name=name)
    loaded = load_demo(
        shop, plan(11, CUSTOMERS, ORDERS, NOW), place, now=NOW, progress=lambda done, total: None
    )
    _give_consent(shop, loaded.consenting)
    refresh_features(shop, place, now=NOW)
    for _ in range(2):
        add_month_end(shop, place, now=NOW)


def _give_consent(shop: Shop, people: list[int]) -> None:
    from datetime import date

    from laoke.customers import consent
    from laoke.shops.models import User

    owner = User.objects.get(username="boss")
    declared = consent.Declaration(
        channel="sms",
        role="seller",
        wording="我同意半亩棉旗舰店向我发送优惠短信，可随时退订。",
        wording_version="2024-01",
        collected_from=date(2024, 1, 1),
        collected_to=date(2026, 11, 8),
        proof="示例店自动生成",
    )
    consent.declare(shop, declared, by=owner, now=NOW, only=people)


OURS = (
    "shops_",
    "customers_",
    "intake_",
    "work_",
    "promotions_",
    "insights_",
    "audiences_",
    "dispatch_",
    "campaigns_",
)


def _dump() -> dict[str, tuple[list[str], list[tuple[Any, ...]]]]:
    """Every row of our own tables, as the database holds it."""
    found = {}
    with connection.cursor() as cursor:
        tables = [name for name in connection.introspection.table_names(cursor) if name.startswith(OURS)]
        for table in tables:
            cursor.execute(f"SELECT * FROM {table}")
            rows = cursor.fetchall()
            if rows:
                found[table] = ([column[0] for column in cursor.description], rows)
    return found


def _keep(rows: dict[str, tuple[list[str], list[tuple[Any, ...]]]]) -> None:
    """Put the rows beside the tables: copying them within the database takes a tenth of sending them."""
    with connection.cursor() as cursor:
        for table, (columns, found) in rows.items():
            cursor.execute(f"CREATE TABLE kept_{table} AS SELECT * FROM {table} WHERE 1 = 0")
            names = ", ".join(f'"{column}"' for column in columns)
            marks = ", ".join(["%s"] * len(columns))
            cursor.executemany(f"INSERT INTO kept_{table} ({names}) VALUES ({marks})", found)


@pytest.fixture(scope="session")
def demo_rows(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[DemoRows]:
    """The demo shop, made once and taken back out of the ledger at once."""
    place = Place(tmp_path_factory.mktemp("demo") / "home")
    place.make()
    make_key_file(place.keys)
    before, settings.PLACE = settings.PLACE, place
    try:
        with django_db_blocker.unblock(), transaction.atomic():
            _make_demo(place)
            rows = _dump()
            transaction.set_rollback(True)
        with django_db_blocker.unblock(), transaction.atomic():
            _keep(rows)
    finally:
        settings.PLACE = before
    yield DemoRows(place.home, tuple(rows))


@pytest.fixture
def demo(db: None, demo_rows: DemoRows, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Demo:
    """The demo shop in this test's own ledger and folder, with the clock standing at `NOW`."""
    from laoke.shops.models import Shop, User

    home = tmp_path / "示例 店"
    # Files of facts are never changed in place, so a link is as good as a copy and much faster.
    shutil.copytree(demo_rows.home, home, copy_function=os.link)
    place = Place(home)
    monkeypatch.setenv("LAOKE_HOME", str(home))
    monkeypatch.setenv("LAOKE_NOW", f"={NOW:%Y-%m-%d %H:%M}")
    monkeypatch.setattr(settings, "PLACE", place)
    # WhiteNoise warns of a folder that is not there, and warnings are errors.
    Path(settings.STATIC_ROOT).mkdir(exist_ok=True)
    _restore(demo_rows)
    users = {user.username: user for user in User.objects.all()}
    shop = Shop.objects.get(name="半亩棉旗舰店")
    return Demo(shop, place, users["boss"], users["yunying"], users["fenxi"], users["kefu"])


def _restore(kept: DemoRows) -> None:
    from django.apps import apps

    models = [model for model in apps.get_models() if model._meta.db_table in kept.tables]
    with connection.cursor() as cursor:
        for table in kept.tables:
            cursor.execute(f"INSERT INTO {table} SELECT * FROM kept_{table}")
        for sql in connection.ops.sequence_reset_sql(no_style(), models):
            cursor.execute(sql)


def person(demo: Demo, username: str, role: str) -> User:
    """One more account of the demo shop."""
    from laoke.shops.models import Staff, User

    user = User.objects.create_user(username, password=PASSWORD)
    Staff.objects.create(user=user, shop=demo.shop, role=role)
    return user

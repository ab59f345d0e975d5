"""Making an installation: folders and keys exist, the ledger is migrated, an owner can sign in."""

from __future__ import annotations

import secrets
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db import transaction

from laoke.shops import audit
from laoke.shops.clock import clear_demo_clock
from laoke.shops.keys import KINDS, KeyFileError, load_keys
from laoke.shops.models import KeyCheck, Owner, Platform, Role, Shop, Staff, User


def check_keys(path: Path) -> None:
    """Refuse a key file that is not the one this ledger was made with; remember the values at the first run.

    Raises
    ------
    KeyFileError
        naming the key whose value differs.
    """
    keys = load_keys(path)
    for kind in KINDS:
        for key_id, key in getattr(keys, kind).keys.items():
            row, new = KeyCheck.objects.get_or_create(
                kind=kind, key_id=key_id, defaults={"check_value": key.check_value()}
            )
            if not new and row.check_value != key.check_value():
                raise KeyFileError(f"钥匙 {key_id} 和这个数据库对不上。换回建库时的钥匙文件：{path}")


def add_shop(
    name: str,
    *,
    now: datetime,
    owner: Owner | None = None,
    platform: str = Platform.TMALL,
    category: str = "",
    is_demo: bool = False,
    currency: str = "CNY",
    by: User | None = None,
) -> Shop:
    """A new shop of an owner; every owner account of that owner's shops gets access.

    A real shop lives in real time: the demo shop's own clock ends with it.
    """
    if not is_demo:
        clear_demo_clock(settings.PLACE.home)
    with transaction.atomic():
        owner = owner or Owner.objects.order_by("pk").first() or Owner.objects.create(name=name)
        shop = Shop.objects.create(
            owner=owner,
            name=name,
            platform=platform,
            category=category,
            is_demo=is_demo,
            currency=currency,
            created_at=now,
        )
        users = User.objects.filter(staff__shop__owner=owner, staff__role=Role.OWNER).distinct()
        Staff.objects.bulk_create([Staff(user=user, shop=shop, role=Role.OWNER) for user in users])
        audit.record("shop.add", shop=shop, actor=by, at=now, subject=name)
    return shop


def add_user(
    username: str,
    *,
    shops: list[Shop],
    role: str,
    now: datetime,
    password: str | None = None,
    full_name: str = "",
) -> tuple[User, str]:
    """A new account with a one-time password (returned once, never stored in clear, never logged)."""
    once = password or secrets.token_urlsafe(9)
    with transaction.atomic():
        user = User(username=username, first_name=full_name, must_change_password=password is None)
        user.set_password(once)
        user.save()
        Staff.objects.bulk_create([Staff(user=user, shop=shop, role=role) for shop in shops])
        audit.record(
            "user.add", shop=shops[0] if shops else None, actor=None, at=now, subject=username, role=role
        )
    return user, once

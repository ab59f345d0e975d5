"""What a shop has chosen for itself (`Shop.settings`): changed key by key, each change one audit row."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from laoke.shops import audit
from laoke.shops.models import Shop, User


def change(shop: Shop, chosen: Mapping[str, Any], *, by: User, now: datetime) -> list[str]:
    """Set keys of the shop's settings; other keys stay as somebody else may just have set them.

    Returns the keys whose value changed. Nothing is recorded when none did.
    """
    with transaction.atomic():
        row = locked(shop)
        changed = [name for name, value in chosen.items() if row.settings.get(name) != value]
        if changed:
            before = {name: row.settings.get(name) for name in changed}
            row.settings = {**row.settings, **chosen}
            row.save(update_fields=["settings"])
            after = {name: chosen[name] for name in changed}
            audit.record(
                "shop.settings",
                shop=row,
                actor=by,
                at=now,
                subject=", ".join(changed),
                before=before,
                after=after,
            )
    shop.settings = row.settings
    return changed


def locked(shop: Shop) -> Shop:
    """The shop as it stands now; until the transaction ends nobody else changes what it has chosen."""
    return Shop.objects.select_for_update().get(pk=shop.pk)


def rename(shop: Shop, *, name: str, category: str, by: User, now: datetime) -> bool:
    """Another name or trade; False when both are as before."""
    if (shop.name, shop.category) == (name, category):
        return False
    with transaction.atomic():
        before = {"name": shop.name, "category": shop.category}
        shop.name, shop.category = name, category
        shop.save(update_fields=["name", "category"])
        audit.record("shop.rename", shop=shop, actor=by, at=now, subject=name, before=before)
    return True

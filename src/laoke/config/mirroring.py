"""Bringing together what mirrors need: the ledger's people from below, and who was written to from dispatch."""

from __future__ import annotations

from datetime import datetime

from laoke.audiences.mirroring import mirror_everything, write_mirrors
from laoke.dispatch.touches import counts_of, write_touches
from laoke.insights.refresh import refresh_features
from laoke.shops import dirty
from laoke.shops.clock import Clock
from laoke.shops.models import Shop
from laoke.shops.place import Place
from laoke.warehouse.store import Warehouse


def mirror_shop(shop: Shop, place: Place, now: datetime) -> None:
    """Write all mirrors of a shop anew, for its first day and after a restore."""
    mirror_everything(shop, Warehouse(place.warehouse), Clock(start=now, frozen=True), counts_of)


def write_all_mirrors(place: Place, now: datetime) -> bool:
    """Write what is marked in every shop; True when there was anything."""
    warehouse = Warehouse(place.warehouse)
    clock = Clock(start=now, frozen=True)
    worked = False
    for shop in Shop.objects.select_related("owner"):
        joined = bool(dirty.waiting("person_map", shop.pk, limit=1))
        worked = write_mirrors(shop, warehouse, clock, counts_of) or worked
        if joined:
            # Features are by person: who was joined or split needs them computed by the new map.
            refresh_features(shop, place, now=now)
        worked = write_touches(shop, warehouse, now) or worked
    return worked

"""What is derived from facts, in the order in which one rests on the other: flags of fake orders, then features."""

from __future__ import annotations

from datetime import datetime

from laoke.insights.fake_orders.mirroring import write_flags
from laoke.insights.fake_orders.scanning import Scan, scan_orders
from laoke.insights.refresh import refresh_features
from laoke.shops.models import CatalogEntry, Shop
from laoke.shops.place import Place
from laoke.warehouse.store import Warehouse

# As long as features wait for another writer.
LOCK_SECONDS = 600.0


def refresh_shop(shop: Shop, place: Place, *, now: datetime, everything: bool = False) -> CatalogEntry | None:
    """Bring what is derived from a shop's facts up to them; None when there are none yet.

    `everything` where facts went away: nothing newer tells then which orders are to be scored again.
    """
    flag_orders(shop, place, now=now, everything=everything)
    return refresh_features(shop, place, now=now)


def flag_orders(shop: Shop, place: Place, *, now: datetime, everything: bool = False) -> Scan:
    """Score orders and write what changed to the mirror. The features still rest on the flags before."""
    scan = scan_orders(shop, place, now=now, everything=everything)
    warehouse = Warehouse(place.warehouse)
    while write_flags(shop, warehouse, now, lock_seconds=LOCK_SECONDS):
        pass  # so many at once; features must not be computed by half of them
    return scan

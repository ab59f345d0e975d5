"""Bringing together what mirrors need: people, flags of orders, who was written to, each from the package it is of."""

from __future__ import annotations

from datetime import datetime

from laoke.audiences.mirroring import mirror_everything, write_mirrors
from laoke.dispatch.replies import write_replies
from laoke.dispatch.touches import counts_of, write_touches
from laoke.insights.fake_orders.mirroring import mirror_all_flags, write_flags
from laoke.insights.refresh import refresh_features
from laoke.promotions.coupons.mirroring import mirror_all_coupons, write_coupons
from laoke.promotions.rewards.mirroring import mirror_all_rewards, write_rewards
from laoke.service.mirroring import write_cases
from laoke.shops import dirty
from laoke.shops.clock import Clock
from laoke.shops.models import Shop
from laoke.shops.place import Place
from laoke.warehouse.store import Warehouse


def mirror_shop(shop: Shop, place: Place, now: datetime) -> None:
    """Write all mirrors of a shop anew, for its first day and after a restore."""
    warehouse = Warehouse(place.warehouse)
    mirror_everything(shop, warehouse, Clock(start=now, frozen=True), counts_of)
    mirror_all_flags(shop, warehouse, now)
    mirror_all_coupons(shop, warehouse, now)
    mirror_all_rewards(shop, warehouse, now)


def write_all_mirrors(place: Place, now: datetime) -> bool:
    """Write what is marked in every shop; True when there was anything."""
    warehouse = Warehouse(place.warehouse)
    clock = Clock(start=now, frozen=True)
    worked = False
    for shop in Shop.objects.select_related("owner"):
        joined = bool(dirty.waiting("person_map", shop.pk, limit=1))
        worked = write_mirrors(shop, warehouse, clock, counts_of) or worked
        flagged = write_flags(shop, warehouse, now)
        if joined or flagged:
            # Features are by person and without fake orders: a new map or flag needs them computed anew.
            refresh_features(shop, place, now=now)
        worked = write_touches(shop, warehouse, now) or flagged or worked
        worked = write_coupons(shop, warehouse, now) or worked
        worked = write_rewards(shop, warehouse, now) or worked
        worked = write_replies(shop, warehouse, now) or worked
        worked = write_cases(shop, warehouse, now) or worked
    return worked

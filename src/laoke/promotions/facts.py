"""The facts at one catalog entry, as backtests, plans and reviews read them."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from django.conf import settings

from laoke.shops.models import CatalogEntry

if TYPE_CHECKING:
    from laoke.warehouse.engine import Reader

EPOCH = date(1970, 1, 1)


def reader_at(entry: CatalogEntry) -> Reader:
    """A reader of the versions that a catalog entry names."""
    from laoke.warehouse.store import Warehouse

    return Warehouse(settings.PLACE.warehouse).reader(entry.versions)


def day_number(day: date) -> int:
    """Days since 1970-01-01, as facts count them."""
    return (day - EPOCH).days


def day_of(number: int) -> date:
    """The date of a day number."""
    return EPOCH + timedelta(days=number)

"""Files of facts in known layouts, taken in by the same way as a command does, and what is stored then."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings

from laoke.config.importing import import_file
from laoke.intake.loading.run import Options
from laoke.intake.reading.profiles import profiles
from laoke.shops import catalog
from laoke.shops.models import Shop
from laoke.warehouse.store import Warehouse

NOW = datetime(2018, 11, 1, 9, 0)
KEPT_APART = ("import_id", "shop_id")


def table(path: Path, profile: str, rows: Sequence[dict[str, str]], *, above: Sequence[str] = ()) -> Path:
    """A file in a known layout; `above` are lines of a title before the header."""
    header = list(profiles()[profile].header)
    with path.open("w", encoding="gb18030", newline="") as file:
        writer = csv.writer(file)
        writer.writerows([line] for line in above)
        writer.writerow(header)
        writer.writerows([row.get(name, "") for name in header] for row in rows)
    return path


def take(shop: Shop, path: Path, **options: Any) -> dict[str, Any]:
    return import_file(shop, path, Options(file_name=path.name, **options), now=lambda: NOW)


def stored(name: str) -> list[dict[str, Any]]:
    entry = catalog.current()
    assert entry is not None
    rows = (
        Warehouse(settings.PLACE.warehouse).reader(entry.versions).rows(f"SELECT * FROM {name} ORDER BY ALL")
    )
    return [{k: v for k, v in row.items() if k not in KEPT_APART} for row in rows]


def counts(result: dict[str, Any]) -> tuple[int, ...]:
    return tuple(result[name] for name in ("rows_read", "new", "changed", "unchanged", "quarantined"))


def olist_texts() -> dict[str, str]:
    """One order of 12.50 as Olist spreads it over three files."""
    return {
        "orders.csv": "order_id,customer_id,order_status,order_purchase_timestamp,order_approved_at\n"
        "a,kim,delivered,2018-01-02 10:00:00,2018-01-02 10:05:00\n",
        "items.csv": "order_id,order_item_id,product_id,price,freight_value\na,1,cup,10.00,2.50\n",
        "payments.csv": "order_id,payment_sequential,payment_type,payment_value\na,1,boleto,12.50\n",
    }

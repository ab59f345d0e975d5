"""What products were listed at over time, as imports told it: the history of one, and the evidence for a sheet."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING

from laoke.intake.models import ImportRun
from laoke.promotions.facts import day_of, reader_at
from laoke.promotions.ladder import Listed, Told, stretches
from laoke.shops import catalog
from laoke.shops.models import Shop

if TYPE_CHECKING:
    import pyarrow as pa


def listings(shop: Shop, product_ids: Iterable[str], until: date) -> dict[str, tuple[Listed, ...]]:
    """What each of these products was listed at before a day; those of which nothing was told are absent."""
    import pyarrow as pa
    import pyarrow.compute as pc

    entry, wanted = catalog.current(), sorted({one for one in product_ids if one})
    if entry is None or not wanted:
        return {}
    rows = reader_at(entry).remembered("list_prices", shop_id=shop.pk, product_id="")
    told = _by_product(rows.filter(pc.is_in(rows["product_id"], value_set=pa.array(wanted, pa.string()))))
    before = {product: [one for one in found if one.on < until] for product, found in told.items()}
    return {product: stretches(found) for product, found in before.items() if found}


def told_of(shop: Shop, product_id: str) -> list[Told]:
    """What was ever told of one product, the oldest first."""
    entry = catalog.current()
    if entry is None or not product_id:
        return []
    rows = reader_at(entry).query("list_prices", shop_id=shop.pk, product_id=product_id)
    return _by_product(rows).get(product_id, [])


def _by_product(rows: pa.Table) -> dict[str, list[Told]]:
    found: dict[str, list[Told]] = defaultdict(list)
    for row in rows.to_pylist():
        one = Told(day_of(row["told_day"]), row["list_price_cents"], row["import_id"])
        found[row["product_id"]].append(one)
    return dict(found)


def sources_of(shop: Shop, numbers: Iterable[int]) -> dict[int, str]:
    """The names of the files that told, by the number of their import."""
    rows = ImportRun.objects.filter(shop=shop, pk__in=set(numbers))
    return dict(rows.values_list("pk", "file_name"))

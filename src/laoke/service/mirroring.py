"""The mirror `service_cases`, for filters: who had which case when. The words stay sealed in the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING

from laoke.service.models import UNDONE, ServiceCase
from laoke.shops import dirty
from laoke.shops.bulk import pieces
from laoke.shops.mirroring import MirrorRows, keys_table, write_marked
from laoke.shops.models import Shop
from laoke.warehouse.service_cases import SERVICE_CASES

if TYPE_CHECKING:
    import pyarrow as pa

    from laoke.warehouse.store import Warehouse

MIRROR = SERVICE_CASES.name
EPOCH = date(1970, 1, 1)


def case_rows(shop: Shop, ids: Sequence[int]) -> pa.Table:
    """The present rows of `service_cases` for these cases; one that is gone has none."""
    import pyarrow as pa

    found = []
    for piece in pieces(ids):
        rows = ServiceCase.objects.filter(shop=shop, pk__in=piece).order_by("pk")
        found += [
            {
                "shop_id": shop.pk, "case_id": case, "person_id": person, "kind": kind, "is_open": state in UNDONE,
                "opened_day": (opened.date() - EPOCH).days, "import_id": 0,
            }
            for case, person, kind, state, opened in rows.values_list(
                "pk", "person_id", "kind", "state", "opened_at"
            )
        ]  # fmt: skip
    return (
        pa.Table.from_pylist(found, schema=SERVICE_CASES.arrow_schema()) if found else SERVICE_CASES.empty()
    )


def mark(shop_id: int, cases: Sequence[int]) -> None:
    """The mirror is behind for these cases, from this transaction on."""
    dirty.mark(shop_id, MIRROR, cases)


def mark_all(shop: Shop) -> None:
    """Every case of the shop, after a restore."""
    mark(shop.pk, list(ServiceCase.objects.filter(shop=shop).values_list("pk", flat=True)))


def write_cases(shop: Shop, warehouse: Warehouse, now: datetime) -> bool:
    """Write the marked cases to the mirror; True when there were any.

    Raises
    ------
    WriterBusy
        while an import writes the warehouse; the marks stay until the next time.
    """
    return write_marked(MIRROR, shop, warehouse, now, _rows)


def _rows(shop: Shop, keys: Sequence[str]) -> MirrorRows:
    ids = [int(key) for key in keys]
    return MirrorRows(keys_table(MIRROR, shop, "case_id", ids), case_rows(shop, ids))

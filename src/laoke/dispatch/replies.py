"""Who wrote back, for queries: the mirror `replies`. The words stay sealed in the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from laoke.dispatch.models import Reply
from laoke.dispatch.touches import day_of
from laoke.shops.bulk import pieces
from laoke.shops.mirroring import MirrorRows, keys_table, write_marked
from laoke.shops.models import Shop
from laoke.warehouse.replies import REPLIES

if TYPE_CHECKING:
    import pyarrow as pa

    from laoke.warehouse.store import Warehouse

MIRROR = REPLIES.name


def reply_rows(shop: Shop, ids: Sequence[int]) -> pa.Table:
    """The present rows of `replies` for these replies; one that is gone or of nobody known has none."""
    import pyarrow as pa

    found = []
    for piece in pieces(ids):
        rows = Reply.objects.filter(shop=shop, pk__in=piece).exclude(person_id=None)
        found += [
            {
                "shop_id": shop.pk, "reply_id": reply, "person_id": person, "channel": channel, "opts_out": refused,
                "day": day_of(at), "import_id": 0,
            }
            for reply, person, channel, refused, at in rows.values_list(
                "pk", "person_id", "channel", "is_opt_out", "received_at"
            )
        ]  # fmt: skip
    return pa.Table.from_pylist(found, schema=REPLIES.arrow_schema()) if found else REPLIES.empty()


def write_replies(shop: Shop, warehouse: Warehouse, now: datetime) -> bool:
    """Write the marked replies to the mirror; True when there were any.

    Raises
    ------
    WriterBusy
        while an import writes the warehouse; the marks stay until the next time.
    """
    return write_marked(MIRROR, shop, warehouse, now, _rows)


def _rows(shop: Shop, keys: Sequence[str]) -> MirrorRows:
    ids = [int(key) for key in keys]
    return MirrorRows(keys_table(MIRROR, shop, "reply_id", ids), reply_rows(shop, ids))

"""The mirror `order_flags`: written from the ledger by the steps of every mirror, laid over it in between."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from laoke.insights.fake_orders.flags import MIRROR, flag_of, rules_of
from laoke.insights.models import OrderFlag
from laoke.shops import catalog
from laoke.shops.bulk import pieces
from laoke.shops.mirroring import LOCK_SECONDS, MirrorRows, keys_table, write_marked, write_whole
from laoke.shops.models import Shop

if TYPE_CHECKING:
    import pyarrow as pa

    from laoke.warehouse.engine import Overlay
    from laoke.warehouse.store import Warehouse


def flag_rows(shop: Shop, orders: Sequence[str] | None = None) -> pa.Table:
    """The present rows of the mirror for these orders (all of the shop when None); an order without flag has none."""
    import pyarrow as pa

    from laoke.warehouse.contracts import CONTRACTS

    threshold = rules_of(shop).threshold
    rows = OrderFlag.objects.filter(shop=shop).order_by("order_id")
    chosen = (
        [rows] if orders is None else [rows.filter(order_id__in=p) for p in pieces(sorted(set(orders)), 500)]
    )
    found = []
    for some in chosen:
        for order, decision, score, signals in some.values_list("order_id", "decision", "score", "signals"):
            flag = flag_of(decision, score, threshold)
            if flag:
                reasons = " ".join(filter(None, signals.split(",")))
                found.append(
                    {
                        "shop_id": shop.pk, "order_id": order, "flag": flag, "score": score, "reasons": reasons,
                        "import_id": 0,
                    }
                )  # fmt: skip
    contract = CONTRACTS[MIRROR]
    return pa.Table.from_pylist(found, schema=contract.arrow_schema()) if found else contract.empty()


def laid_over(shop: Shop, orders: Sequence[str]) -> Overlay:
    """The present flags of orders whose rows in the mirror are out of date."""
    from laoke.warehouse.mirrors import overlay_of

    return overlay_of(MIRROR, flag_rows(shop, orders), keys_table(MIRROR, shop, "order_id", orders))


def write_flags(
    shop: Shop, warehouse: Warehouse, now: datetime, *, lock_seconds: float = LOCK_SECONDS
) -> bool:
    """Write the marked orders to the mirror; True when there were any. Features, which rest on flags, are the caller's.

    Raises
    ------
    WriterBusy
        while an import writes the warehouse for longer than `lock_seconds`; the marks stay until the next time.
    """
    return write_marked(MIRROR, shop, warehouse, now, _marked, lock_seconds=lock_seconds)


def _marked(shop: Shop, orders: Sequence[str]) -> MirrorRows:
    return MirrorRows(keys_table(MIRROR, shop, "order_id", orders), flag_rows(shop, orders))


def mirror_all_flags(shop: Shop, warehouse: Warehouse, now: datetime) -> bool:
    """Write the whole mirror of a shop anew, whatever is marked: after a restore. False before the first import."""
    if catalog.current() is None:
        return False
    write_whole(MIRROR, shop, warehouse, now, flag_rows)
    return True

"""The mirror `order_flags`: written from the ledger by the steps of every mirror, laid over it in between."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction

from laoke.insights.fake_orders.flags import MIRROR, flag_of, rules_of
from laoke.insights.models import OrderFlag
from laoke.shops import catalog, dirty
from laoke.shops.bulk import pieces, write_in_batches
from laoke.shops.locks import warehouse_writer
from laoke.shops.models import Shop

if TYPE_CHECKING:
    import pyarrow as pa

    from laoke.warehouse.engine import Overlay
    from laoke.warehouse.store import Warehouse

MOST_MARKS = 50_000
LOCK_SECONDS = 2.0


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

    return overlay_of(MIRROR, flag_rows(shop, orders), _keys(shop, orders))


def write_flags(
    shop: Shop, warehouse: Warehouse, now: datetime, *, lock_seconds: float = LOCK_SECONDS
) -> bool:
    """Write the marked orders to the mirror; True when there were any. Features, which rest on flags, are the caller's.

    Raises
    ------
    WriterBusy
        while an import writes the warehouse for longer than `lock_seconds`; the marks stay until the next time.
    """
    from laoke.warehouse.mirrors import apply_mirror

    if catalog.current() is None or not dirty.waiting(MIRROR, shop.pk, limit=1):
        return False
    with warehouse_writer(settings.PLACE.home, lock_seconds):
        entry = catalog.current()
        assert entry is not None  # an entry never goes away
        marks = dirty.waiting(MIRROR, shop.pk, limit=MOST_MARKS)
        orders = [key for _pk, _shop, key, _revision in marks]
        warehouse.align(entry.versions)
        app_id, number = _app(shop, warehouse)
        written = apply_mirror(
            warehouse, MIRROR, flag_rows(shop, orders), _keys(shop, orders), app_id=app_id, app_version=number
        )
        _publish({MIRROR: written.version}, now)
        write_in_batches(marks, dirty.clear)
    return True


def mirror_all_flags(shop: Shop, warehouse: Warehouse, now: datetime) -> bool:
    """Write the whole mirror of a shop anew, whatever is marked: after a restore. False before the first import."""
    if catalog.current() is None:
        return False
    marks = dirty.waiting(MIRROR, shop.pk)
    with warehouse_writer(settings.PLACE.home):
        app_id, number = _app(shop, warehouse)
        where = {"shop_id": shop.pk}
        written = warehouse.replace(MIRROR, flag_rows(shop), where=where, app_id=app_id, app_version=number)
        _publish({MIRROR: written.version}, now)
        write_in_batches(marks, dirty.clear)
    return True


def _app(shop: Shop, warehouse: Warehouse) -> tuple[str, int]:
    """Rows are read anew each time, so no write may be skipped as a repeat; the writer's lock makes this safe."""
    app_id = f"mirror-{MIRROR}-{shop.pk}"
    return app_id, (warehouse.applied(MIRROR, app_id) or 0) + 1


def _publish(versions: dict[str, int], now: datetime) -> None:
    with transaction.atomic():
        before = catalog.current()
        assert before is not None  # an entry never goes away
        catalog.publish(versions, as_of_day=before.as_of_day, now=now, reason="order_flags")


def _keys(shop: Shop, orders: Sequence[str]) -> pa.Table:
    import pyarrow as pa

    return pa.table(
        {
            "shop_id": pa.array([shop.pk] * len(orders), pa.int64()),
            "order_id": pa.array(list(orders), pa.string()),
        }
    )

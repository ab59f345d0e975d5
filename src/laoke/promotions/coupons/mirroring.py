"""The mirror `coupon_events`: written from the ledger by the steps of every mirror, laid over it in between.

Its key is the coupon: all that happened to one is written anew together.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction

from laoke.promotions.coupons.rows import MIRROR
from laoke.promotions.models import Coupon, CouponEvent
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
AT_ONCE = 500
EPOCH = date(1970, 1, 1)


def coupon_rows(shop: Shop, coupons: Sequence[int] | None = None) -> pa.Table:
    """The present rows of the mirror for these coupons (all of the shop when None); one of nobody has none."""
    from laoke.warehouse.contracts import CONTRACTS

    held = Coupon.objects.filter(shop=shop, customer_id__isnull=False)
    if coupons is None:
        coupons = list(held.order_by("pk").values_list("pk", flat=True))
    found: list[dict[str, Any]] = []
    for piece in pieces(sorted(set(coupons)), AT_ONCE):
        found += _told(shop, held.filter(pk__in=piece).select_related("issue__offer"))
    import pyarrow as pa

    contract = CONTRACTS[MIRROR]
    return pa.Table.from_pylist(found, schema=contract.arrow_schema()) if found else contract.empty()


def _told(shop: Shop, held: Iterable[Coupon]) -> list[dict[str, Any]]:
    by_pk = {coupon.pk: coupon for coupon in held}
    events = list(CouponEvent.objects.filter(coupon_id__in=by_pk).order_by("coupon_id", "pk"))
    last = {event.coupon_id: event.pk for event in events}
    rows = []
    for event in events:
        coupon = by_pk[event.coupon_id]
        rows.append(
            {
                "shop_id": shop.pk, "coupon_id": coupon.pk, "event_id": event.pk, "issue_id": coupon.issue_id,
                "issue": coupon.issue.name, "customer_id": coupon.customer_id, "kind": event.kind,
                "latest": event.pk == last[coupon.pk], "at": event.at, "day": _day(event.at),
                "from_day": _day(coupon.issue.valid_from), "to_day": _last_day(coupon), "order_id": event.order_id,
                "off_cents": event.cents, "import_id": 0,
            }
        )  # fmt: skip
    return rows


def _last_day(coupon: Coupon) -> int:
    """The last day on which a coupon is good: its own, its offer's, or the one before its issue was stopped."""
    ends = [coupon.valid_to, coupon.issue.offer.ends_at]
    # These are excluded: at midnight the day before is the last one.
    days = [_day(end - timedelta(microseconds=1)) for end in ends if end is not None]
    if coupon.issue.stopped_at is not None:
        days.append(_day(coupon.issue.stopped_at) - 1)
    return min(days)


def laid_over(shop: Shop, coupons: Sequence[int]) -> Overlay:
    """The present rows of coupons whose rows in the mirror are out of date."""
    from laoke.warehouse.mirrors import overlay_of

    return overlay_of(MIRROR, coupon_rows(shop, coupons), _keys(shop, coupons))


def write_coupons(shop: Shop, warehouse: Warehouse, now: datetime) -> bool:
    """Write the marked coupons to the mirror; True when there were any.

    Raises
    ------
    WriterBusy
        while an import writes the warehouse; the marks stay until the next time.
    """
    from laoke.warehouse.mirrors import apply_mirror

    if catalog.current() is None or not dirty.waiting(MIRROR, shop.pk, limit=1):
        return False
    with warehouse_writer(settings.PLACE.home, LOCK_SECONDS):
        entry = catalog.current()
        assert entry is not None  # an entry never goes away
        marks = dirty.waiting(MIRROR, shop.pk, limit=MOST_MARKS)
        coupons = [int(key) for _pk, _shop, key, _revision in marks]
        warehouse.align(entry.versions)
        app_id, number = _app(shop, warehouse)
        written = apply_mirror(
            warehouse,
            MIRROR,
            coupon_rows(shop, coupons),
            _keys(shop, coupons),
            app_id=app_id,
            app_version=number,
        )
        _publish({MIRROR: written.version}, now)
        write_in_batches(marks, dirty.clear)
    return True


def mirror_all_coupons(shop: Shop, warehouse: Warehouse, now: datetime) -> bool:
    """Write the whole mirror of a shop anew, whatever is marked: after a restore. False when there is nothing to
    write, or before the first import."""
    entry = catalog.current()
    if entry is None or (MIRROR not in entry.versions and not Coupon.objects.filter(shop=shop).exists()):
        return False
    marks = dirty.waiting(MIRROR, shop.pk)
    with warehouse_writer(settings.PLACE.home):
        app_id, number = _app(shop, warehouse)
        where = {"shop_id": shop.pk}
        written = warehouse.replace(MIRROR, coupon_rows(shop), where=where, app_id=app_id, app_version=number)
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
        catalog.publish(versions, as_of_day=before.as_of_day, now=now, reason="coupon_events")


def _keys(shop: Shop, coupons: Sequence[int]) -> pa.Table:
    import pyarrow as pa

    return pa.table(
        {
            "shop_id": pa.array([shop.pk] * len(coupons), pa.int64()),
            "coupon_id": pa.array(list(coupons), pa.int64()),
        }
    )


def _day(at: datetime) -> int:
    return (at.date() - EPOCH).days

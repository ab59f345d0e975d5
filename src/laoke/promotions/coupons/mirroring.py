"""The mirror `coupon_events`: written from the ledger by the steps of every mirror, laid over it in between.

Its key is the coupon: all that happened to one is written anew together.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from laoke.promotions.coupons.rows import MIRROR
from laoke.promotions.models import Coupon, CouponEvent
from laoke.shops import catalog
from laoke.shops.bulk import pieces
from laoke.shops.mirroring import MirrorRows, keys_table, write_marked, write_whole
from laoke.shops.models import Shop

if TYPE_CHECKING:
    import pyarrow as pa

    from laoke.warehouse.engine import Overlay
    from laoke.warehouse.store import Warehouse

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
    """The last day on which a coupon is good: its own, its offer's, or the one before its issue was stopped or its
    offer put away."""
    ends = [coupon.valid_to, coupon.issue.offer.ends_at]
    # These are excluded: at midnight the day before is the last one.
    days = [_day(end - timedelta(microseconds=1)) for end in ends if end is not None]
    if coupon.issue.stopped_at is not None:
        days.append(_day(coupon.issue.stopped_at) - 1)
    if coupon.issue.offer.archived:
        days.append(_day(coupon.issue.offer.updated_at) - 1)
    return min(days)


def laid_over(shop: Shop, coupons: Sequence[int]) -> Overlay:
    """The present rows of coupons whose rows in the mirror are out of date."""
    from laoke.warehouse.mirrors import overlay_of

    return overlay_of(MIRROR, coupon_rows(shop, coupons), keys_table(MIRROR, shop, "coupon_id", coupons))


def write_coupons(shop: Shop, warehouse: Warehouse, now: datetime) -> bool:
    """Write the marked coupons to the mirror; True when there were any.

    Raises
    ------
    WriterBusy
        while an import writes the warehouse; the marks stay until the next time.
    """
    return write_marked(MIRROR, shop, warehouse, now, _marked)


def _marked(shop: Shop, keys: Sequence[str]) -> MirrorRows:
    coupons = [int(key) for key in keys]
    return MirrorRows(keys_table(MIRROR, shop, "coupon_id", coupons), coupon_rows(shop, coupons))


def mirror_all_coupons(shop: Shop, warehouse: Warehouse, now: datetime) -> bool:
    """Write the whole mirror of a shop anew, whatever is marked: after a restore. False when there is nothing to
    write, or before the first import."""
    entry = catalog.current()
    if entry is None or (MIRROR not in entry.versions and not Coupon.objects.filter(shop=shop).exists()):
        return False
    write_whole(MIRROR, shop, warehouse, now, coupon_rows)
    return True


def _day(at: datetime) -> int:
    return (at.date() - EPOCH).days

"""The mirrors of rewards, of points, of draws, of referrals: written from the ledger by the steps of every mirror, laid
over them in between.

What is marked is a customer with their points, a draw, a referral: all rows of one are written anew together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db.models import Q, QuerySet

from laoke.promotions.rewards import lottery_draws, points_rows, referrals
from laoke.promotions.rewards.lottery_models import LotteryDraw
from laoke.promotions.rewards.models import PointsEvent, PointsLot, PointsPart
from laoke.promotions.rewards.referral_models import Referral
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
Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Mirror:
    """One mirror: its table and the column that is marked, what of a shop has rows in it and by what it is marked, and
    the rows of some of that."""

    name: str
    key: str
    by: str
    held: Callable[[Shop], QuerySet[Any]]
    told: Callable[[Shop, QuerySet[Any]], Iterable[dict[str, Any]]]

    def rows(self, shop: Shop, keys: Sequence[int] | None = None) -> pa.Table:
        """The present rows for these keys (all of the shop when None); what is nobody's has none."""
        import pyarrow as pa

        from laoke.warehouse.contracts import CONTRACTS

        held = self.held(shop)
        if keys is None:
            keys = list(held.values_list(self.by, flat=True))
        found: Rows = []
        for piece in pieces(sorted(set(keys)), AT_ONCE):
            found += self.told(shop, held.filter(**{f"{self.by}__in": piece}).order_by("pk"))
        contract = CONTRACTS[self.name]
        return pa.Table.from_pylist(found, schema=contract.arrow_schema()) if found else contract.empty()

    def keys(self, shop: Shop, keys: Sequence[int]) -> pa.Table:
        """Keys as the warehouse wants them."""
        return keys_table(self.name, shop, self.key, keys)

    def laid_over(self, shop: Shop, keys: Sequence[int]) -> Overlay:
        """The present rows of keys whose rows in the mirror are out of date."""
        from laoke.warehouse.mirrors import overlay_of

        return overlay_of(self.name, self.rows(shop, keys), self.keys(shop, keys))

    def marked(self, shop: Shop, marks: Sequence[str]) -> MirrorRows:
        """The marked keys with their present rows, to be written."""
        keys = [int(mark) for mark in marks]
        return MirrorRows(self.keys(shop, keys), self.rows(shop, keys))


def _lots(shop: Shop) -> QuerySet[PointsLot]:
    return PointsLot.objects.filter(shop=shop, customer_id__isnull=False)


def _points(shop: Shop, lots: QuerySet[PointsLot]) -> Rows:
    by_pk = {lot.pk: lot for lot in lots}
    events = list(PointsEvent.objects.filter(lot_id__in=by_pk).order_by("lot_id", "pk"))
    undone = _undone(list(by_pk), events)
    rows = []
    for event in events:
        lot = by_pk[event.lot_id or 0]
        rows.append(
            {
                "shop_id": shop.pk, "customer_id": lot.customer_id, "event_id": event.pk, "lot_id": lot.pk,
                "kind": event.kind, "source": lot.source, "points": event.points, "stands": event.pk not in undone,
                "at": event.at, "day": _day(event.at), "from_day": _first_day(lot), "to_day": _last_day(lot),
                "order_id": event.order_id, "import_id": 0,
            }
        )  # fmt: skip
    return rows


def _undone(lots: Sequence[int], events: Sequence[PointsEvent]) -> set[int]:
    """The uses that do not stand: what came back of an order, and what an order only keeps so far.

    An order takes of a lot once at a time and gives back just that, so the last use is the one that is given back.
    """
    undone: set[int] = set()
    uses: dict[tuple[int | None, str], list[int]] = {}
    for event in events:
        of_order = event.lot_id, event.order_id
        # What pays for a draw has a note; it never comes back.
        if event.kind == points_rows.USED and not event.note:
            uses.setdefault(of_order, []).append(event.pk)
        elif event.kind == points_rows.RETURNED and uses.get(of_order):
            undone.add(uses[of_order].pop())
    reserved = PointsPart.objects.filter(lot_id__in=lots, hold__state=points_rows.RESERVED)
    for of_order in reserved.values_list("lot_id", "hold__order_id"):
        undone.update(uses.get(of_order, [])[-1:])
    return undone


def _first_day(lot: PointsLot) -> int | None:
    return None if lot.usable_from <= lot.at else _day(lot.usable_from)


def _last_day(lot: PointsLot) -> int | None:
    # The end is excluded: at midnight the day before is the last one.
    return None if lot.good_until is None else _day(lot.good_until - timedelta(microseconds=1))


def _draws(shop: Shop) -> QuerySet[LotteryDraw]:
    return LotteryDraw.objects.filter(lottery__shop=shop, customer_id__isnull=False)


def _drawn(shop: Shop, draws: QuerySet[LotteryDraw]) -> Rows:
    return [
        {
            "shop_id": shop.pk, "draw_id": one.pk, "lottery_id": one.lottery_id, "lottery": one.lottery.name,
            "customer_id": one.customer_id, "won": one.prize is not None, "prize": one.prize.title if one.prize else "",
            "state": one.state, "at": one.at, "day": _day(one.at), "import_id": 0,
        }
        for one in draws.select_related("lottery", "prize")
    ]  # fmt: skip


def _referrals(shop: Shop) -> QuerySet[Referral]:
    return Referral.objects.filter(Q(referrer_id__isnull=False) | Q(friend_id__isnull=False), shop=shop)


def _brought(shop: Shop, found: QuerySet[Referral]) -> Rows:
    return [
        {
            "shop_id": shop.pk, "referral_id": one.pk, "part": part, "customer_id": customer, "state": one.state,
            "reason": one.reason, "at": one.at, "day": _day(one.at), "import_id": 0,
        }
        for one in found
        for part, customer in (("referrer", one.referrer_id), ("friend", one.friend_id))
        if customer is not None
    ]  # fmt: skip


def _day(at: datetime) -> int:
    return (at.date() - EPOCH).days


POINTS = Mirror(points_rows.MIRROR, "customer_id", "customer_id", _lots, _points)
DRAWS = Mirror(lottery_draws.MIRROR, "draw_id", "pk", _draws, _drawn)
REFERRALS = Mirror(referrals.MIRROR, "referral_id", "pk", _referrals, _brought)
MIRRORS = {mirror.name: mirror for mirror in (POINTS, DRAWS, REFERRALS)}


def write_rewards(shop: Shop, warehouse: Warehouse, now: datetime) -> bool:
    """Write what is marked to the mirrors; True when there was anything.

    Raises
    ------
    WriterBusy
        while an import writes the warehouse; the marks stay until the next time.
    """
    worked = False
    for name, mirror in MIRRORS.items():
        worked = write_marked(name, shop, warehouse, now, mirror.marked) or worked
    return worked


def mirror_all_rewards(shop: Shop, warehouse: Warehouse, now: datetime) -> None:
    """Write the whole mirrors of a shop anew, whatever is marked: after a restore. Nothing is written of what the shop
    never had, nor before the first import."""
    entry = catalog.current()
    for name, mirror in MIRRORS.items():
        if entry is not None and (name in entry.versions or mirror.held(shop).exists()):
            write_whole(name, shop, warehouse, now, mirror.rows)

"""What a segment is counted over: one catalog entry, the shop's features of one day, and what the ledger decided since.

A reading is kept for as long as neither the catalog nor a dirty mark changes, so that counting while typing pays for
the query alone. Readings may be shared between threads.

    NotReady    the shop has no facts or no features yet
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from django.conf import settings
from django.db.models import Count, Max, Sum

from laoke.audiences.compiled import Compiled
from laoke.audiences.compiling import count_query
from laoke.audiences.sources import day_number
from laoke.audiences.tree import Everyone
from laoke.customers import mirrors
from laoke.groups.mirrors import member_rows
from laoke.insights.fake_orders import flags as fake_orders
from laoke.insights.fake_orders.mirroring import laid_over as flags_laid_over
from laoke.promotions.coupons import mirroring as coupons
from laoke.promotions.rewards import mirroring as rewards
from laoke.shops import catalog, dirty
from laoke.shops.clock import clock_from_env
from laoke.shops.mirroring import keys_table
from laoke.shops.models import Dirty, Shop

if TYPE_CHECKING:
    import pyarrow as pa

    from laoke.warehouse.engine import Overlay, Reader
    from laoke.warehouse.storage import Folder

# Who is one person is not laid over: the features were built with the map of their catalog entry, and both must agree.
OVERLAID = ("customer_tags", "customer_reach", "group_members")
# Flags of fake orders are: what somebody just cleared counts in the sales at once, in the features with the next ones.
BY_ORDER = fake_orders.MIRROR
KEPT = 8
Value = TypeVar("Value")


class NotReady(Exception):
    """Nothing to count over: code `no_facts` (nothing imported yet) or `no_features` (not worked out yet)."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Reading:
    """One shop as of one catalog entry, with the overlays of one state of the ledger."""

    shop_id: int
    catalog_id: int
    as_of_day: int
    people: int
    reader: Reader

    def with_fakes(self) -> Reading:
        """The same state with suspect and confirmed fake orders counted like any other, in what is asked of orders.

        What is known of each customer (the features) stays without them.
        """
        return replace(self, reader=self.reader.counting_all())

    @property
    def as_of(self) -> date:
        return date.fromordinal(self.as_of_day + date(1970, 1, 1).toordinal())

    def table(self, query: Compiled) -> pa.Table:
        """The result as an Arrow table."""
        return self.reader.answer_in_parts(query.parts, query.rest, query.params)

    def rows(self, query: Compiled) -> list[dict[str, Any]]:
        """The result as dictionaries, for few rows."""
        rows: list[dict[str, Any]] = self.table(query).to_pylist()
        return rows


class _Kept:
    """The last few values by key; threads that want the same one wait for it, others do not."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._values: OrderedDict[Hashable, Future[Any]] = OrderedDict()

    def get(self, key: Hashable, compute: Callable[[], Value]) -> Value:
        with self._lock:
            mine = key not in self._values
            if mine:
                self._values[key] = Future()
                while len(self._values) > KEPT:
                    self._values.popitem(last=False)
            self._values.move_to_end(key)
            promised: Future[Value] = self._values[key]
        if mine:
            try:
                promised.set_result(compute())
            except BaseException as error:
                with self._lock:
                    self._values.pop(key, None)
                promised.set_exception(error)
                raise
        return promised.result()


_readings = _Kept()
_days = _Kept()


def reading_of(shop: Shop, today: date | None = None) -> Reading:
    """The newest state of a shop. `today` (default: the shop's clock) decides which consents have run out.

    Raises
    ------
    NotReady
        before the first import and before the first features.
    """
    from laoke.warehouse.engine import Reader
    from laoke.warehouse.limits import unlimited

    root: Folder = settings.PLACE.warehouse
    entry = catalog.current()
    if entry is None:
        raise NotReady("no_facts")
    today = today or clock_from_env(shop.timezone).today()
    state = _dirty_state(shop.pk)

    def compute() -> Reading:
        plain = Reader(root, entry.versions)
        with unlimited():
            as_of_day, people = _days.get(
                (root, entry.pk, shop.pk), lambda: _features_day(plain, shop.pk, entry.as_of_day)
            )
        laid_over = overlays(shop, today) if state != (0, None, None) else {}
        return Reading(shop.pk, entry.pk, as_of_day, people, Reader(root, entry.versions, laid_over))

    return _readings.get((root, entry.pk, shop.pk, state, today if state[0] else None), compute)


def _dirty_state(shop_id: int) -> tuple[int, int | None, int | None]:
    """Changes whenever a mark comes, changes or goes."""
    watched = (*OVERLAID, BY_ORDER, coupons.MIRROR, *rewards.MIRRORS)
    found = Dirty.objects.filter(shop_id=shop_id, mirror__in=watched).aggregate(
        n=Count("pk"), newest=Max("pk"), revisions=Sum("revision")
    )
    return found["n"], found["newest"], found["revisions"]


def _features_day(reader: Reader, shop_id: int, entry_day: date) -> tuple[int, int]:
    """The newest day of features not after the entry's, and how many persons it has."""
    found = reader.rows(
        "SELECT max(as_of_day) AS day FROM customer_features WHERE shop_id = $shop_id AND as_of_day <= $day",
        {"shop_id": shop_id, "day": day_number(entry_day)},
    )
    day = found[0]["day"]
    if day is None:
        # Another shop's import made the entry: this one may have nothing in it.
        known = reader.rows("SELECT 1 FROM orders WHERE shop_id = $shop_id LIMIT 1", {"shop_id": shop_id})
        raise NotReady("no_features" if known else "no_facts")
    query = count_query(Everyone(), shop_id, day)
    return day, reader.answer(query.sql, query.params)["n"][0].as_py()


def overlays(
    shop: Shop, today: date, touches: mirrors.TouchCounts | None = None
) -> dict[str, Callable[[], Overlay]]:
    """What the ledger decided and the mirrors do not hold yet, for `Reader(overlays=…)`.

    Whose rows are out of date is read now, their present rows when a query first needs them: they are true whenever
    they are read. Touch counts are 0 for the overlaid persons unless given: no filter reads them.
    """
    found: dict[str, Callable[[], Overlay]] = {}
    for name in OVERLAID:
        people = [int(key) for _pk, _shop, key, _revision in dirty.waiting(name, shop.pk)]
        if people:
            found[name] = partial(_overlay, name, shop, people, today, touches)
    orders = [key for _pk, _shop, key, _revision in dirty.waiting(BY_ORDER, shop.pk)]
    if orders:
        found[BY_ORDER] = partial(flags_laid_over, shop, orders)
    marked = [int(key) for _pk, _shop, key, _revision in dirty.waiting(coupons.MIRROR, shop.pk)]
    if marked:
        found[coupons.MIRROR] = partial(coupons.laid_over, shop, marked)
    for name, mirror in rewards.MIRRORS.items():
        keys = [int(key) for _pk, _shop, key, _revision in dirty.waiting(name, shop.pk)]
        if keys:
            found[name] = partial(mirror.laid_over, shop, keys)
    return found


def _overlay(
    name: str, shop: Shop, people: Sequence[int], today: date, touches: mirrors.TouchCounts | None
) -> Overlay:
    from laoke.warehouse.mirrors import overlay_of

    rows = present_rows(name, shop, people, today, touches)
    return overlay_of(name, rows, keys_table(name, shop, KEY_COLUMNS[name], people))


KEY_COLUMNS = {
    "customer_tags": "person_id", "customer_reach": "person_id", "group_members": "person_id",
    "person_map": "customer_id",
}  # fmt: skip


def present_rows(
    name: str, shop: Shop, keys: Sequence[int], today: date, touches: mirrors.TouchCounts | None = None
) -> pa.Table:
    """The ledger's rows of a mirror for these keys."""
    if name == "customer_tags":
        return mirrors.tag_rows(shop, keys)
    if name == "group_members":
        return member_rows(shop, keys)
    if name == "customer_reach":
        return mirrors.reach_rows(shop, keys, today, touches)
    return mirrors.person_map_rows(shop, keys)

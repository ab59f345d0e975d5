"""Who was written to, for queries: the mirror `touches`, and the counts of recent messages that reach shows.

The mirror is written by the steps of every mirror: rows of the marked keys in one Delta commit, then the catalog entry
and the removal of the marks in one ledger transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from django.conf import settings
from django.db import transaction

from laoke.customers.mirrors import TouchCounts, Touched
from laoke.dispatch.models import Message
from laoke.dispatch.sets import among, listed, rows, stamp
from laoke.dispatch.states import REACHED
from laoke.shops import catalog, dirty
from laoke.shops.bulk import pieces, write_in_batches
from laoke.shops.locks import warehouse_writer
from laoke.shops.models import Shop

if TYPE_CHECKING:
    import pyarrow as pa

    from laoke.warehouse.store import Warehouse

MOST_MARKS = 50_000
LOCK_SECONDS = 2.0
EPOCH = date(1970, 1, 1)


class MirrorRows(NamedTuple):
    """Keys of a mirror that are marked, as the warehouse wants them, and their present rows."""

    keys: pa.Table
    rows: pa.Table


def counts_of(shop: Shop, people: Sequence[int] | None, today: date) -> TouchCounts:
    """Marketing messages of the last 30 days by person and channel; of everybody when `people` is None."""
    end = datetime.combine(today + timedelta(days=1), time.min)
    since = {days: stamp(end - timedelta(days=days)) for days in (7, 30)}
    states = ", ".join(f"'{state}'" for state in sorted(REACHED))
    sql = (
        "SELECT m.person_id, o.channel, max(m.sent_at), SUM(CASE WHEN m.sent_at >= %s THEN 1 ELSE 0 END), COUNT(*) "
        "FROM dispatch_message m JOIN dispatch_occasion o ON o.id = m.occasion_id "
        f"WHERE o.shop_id = %s AND o.is_marketing AND m.state IN ({states}) AND m.sent_at >= %s"
    )
    grouped = " GROUP BY m.person_id, o.channel"
    given: list[Any] = [since[7], shop.pk, since[30]]
    if people is None:
        found = rows(sql + grouped, given)
    else:
        found = []
        for piece in pieces(people):
            found += rows(f"{sql} AND {among('m.person_id')}{grouped}", [*given, listed(piece)])
    return {
        (person, channel): Touched(day_of(last), week, month) for person, channel, last, week, month in found
    }


def touch_rows(shop: Shop, keys: Sequence[tuple[int, int]]) -> pa.Table:
    """The present rows of `touches` for (person, occasion) keys; a key without a message has none."""
    from laoke.warehouse.contracts import CONTRACTS

    contract = CONTRACTS["touches"]
    wanted = set(keys)
    found: list[dict[str, Any]] = []
    for piece in pieces(sorted({occasion for _person, occasion in keys})):
        messages = Message.objects.filter(occasion__shop=shop, occasion_id__in=piece).values_list(
            "person_id", "occasion_id", "occasion__kind", "occasion__ref_id", "occasion__campaign_ref",
            "occasion__channel", "arm", "state", "settled_at", "sent_at", "due_at", "cost_millis",
        )  # fmt: skip
        for (
            person,
            occasion,
            kind,
            ref,
            campaign,
            channel,
            arm,
            state,
            settled,
            sent,
            due,
            cost,
        ) in messages.iterator(5_000):
            if (person, occasion) not in wanted:
                continue
            at = settled or sent or due
            found.append(
                {
                    "shop_id": shop.pk, "person_id": person, "occasion_id": occasion,
                    "round_id": ref if kind == "round" else None, "campaign_id": campaign, "channel": channel,
                    "arm": arm, "state": state, "at": at, "day": day_of(at), "cost_millis": cost, "import_id": 0,
                }
            )  # fmt: skip
    return _table(contract, found)


def write_touches(shop: Shop, warehouse: Warehouse, now: datetime) -> bool:
    """Write the marked keys to the mirror; True when there were any.

    Raises
    ------
    WriterBusy
        while an import writes the warehouse; the marks stay until the next time.
    """
    return write_marked("touches", shop, warehouse, now, _rows)


def write_marked(
    name: str,
    shop: Shop,
    warehouse: Warehouse,
    now: datetime,
    rows_of: Callable[[Shop, Sequence[str]], MirrorRows],
) -> bool:
    """Write the marked keys of one of these mirrors, as `rows_of` says what they are now; True when there were any."""
    entry = catalog.current()
    marks = dirty.waiting(name, shop.pk, limit=MOST_MARKS) if entry else []
    if not marks:
        return False
    with warehouse_writer(settings.PLACE.home, LOCK_SECONDS):
        version = _write(name, shop, warehouse, rows_of(shop, [key for _pk, _shop, key, _revision in marks]))
        with transaction.atomic():
            before = catalog.current()
            assert before is not None  # an entry never goes away
            catalog.publish({name: version}, as_of_day=before.as_of_day, now=now, reason=name)
        write_in_batches(marks, dirty.clear)
    return True


def _write(name: str, shop: Shop, warehouse: Warehouse, given: MirrorRows) -> int:
    from laoke.warehouse.mirrors import apply_mirror

    app_id = f"mirror-{name}-{shop.pk}"
    # Rows are read anew each time, so no write may be skipped as a repeat; the writer's lock makes this safe.
    number = (warehouse.applied(name, app_id) or 0) + 1
    written = apply_mirror(warehouse, name, given.rows, given.keys, app_id=app_id, app_version=number)
    return written.version


def _rows(shop: Shop, marked: Sequence[str]) -> MirrorRows:
    import pyarrow as pa

    keys = [_key(key) for key in marked]
    named = pa.table(
        {
            "shop_id": pa.array([shop.pk] * len(keys), pa.int64()),
            "person_id": pa.array([person for person, _ in keys], pa.int64()),
            "occasion_id": pa.array([occasion for _, occasion in keys], pa.int64()),
        }
    )
    return MirrorRows(named, touch_rows(shop, keys))


def _table(contract: Any, found: list[dict[str, Any]]) -> pa.Table:
    import pyarrow as pa

    return pa.Table.from_pylist(found, schema=contract.arrow_schema()) if found else contract.empty()


def _key(text: str) -> tuple[int, int]:
    person, _, occasion = text.partition(":")
    return int(person), int(occasion)


def day_of(at: datetime | str) -> int:
    """Days since 1970-01-01 of a moment, as Django or the database itself gives it."""
    moment = datetime.fromisoformat(at) if isinstance(at, str) else at
    return (moment.date() - EPOCH).days

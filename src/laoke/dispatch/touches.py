"""Who was written to, for queries: the mirror `touches`, and the counts of recent messages that reach shows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from laoke.customers.mirrors import TouchCounts, Touched
from laoke.dispatch.models import Message
from laoke.dispatch.sets import among, listed, rows, stamp
from laoke.dispatch.states import REACHED
from laoke.shops.bulk import pieces
from laoke.shops.mirroring import MirrorRows, write_marked
from laoke.shops.models import Shop

if TYPE_CHECKING:
    import pyarrow as pa

    from laoke.warehouse.store import Warehouse

EPOCH = date(1970, 1, 1)


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

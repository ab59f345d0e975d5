"""What is asked order by order: orders that a message named, and parcels that are on their way."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import transaction

from laoke.intake.models import PlatformMessage, PullCursor, PullStream
from laoke.intake.top import asking, listening
from laoke.intake.top.call import TIME_FORMAT, TopTrouble
from laoke.intake.top.staging import Gathered
from laoke.intake.top.streams import OVERLAP
from laoke.intake.top.turns import Asker
from laoke.shops import catalog
from laoke.warehouse.store import Warehouse

MESSAGES_NAME, TRACES_NAME = "淘宝消息里的订单", "淘宝物流"
TRACE_TOPICS = "taobao_logistics_"
BATCH_MESSAGES, BATCH_PARCELS = 50, 100
# Parcels on their way are asked about as often as this, and for so long after they were shipped.
TRACES_REST, TRACES_SINCE = timedelta(hours=2), timedelta(days=30)


def pull_named(asker: Asker, cursors: dict[str, PullCursor]) -> None:
    """Read the orders that messages named. What messages leave out, the changes bring."""
    while asker.in_time():
        asker.check()
        messages = listening.to_be_read(asker.connection, BATCH_MESSAGES)
        if not messages:
            return
        parcels = [one for one in messages if one.topic.startswith(TRACE_TOPICS)]
        trades = [one for one in messages if not one.topic.startswith(TRACE_TOPICS)]
        if trades:
            _read_orders(asker, trades, cursors[PullStream.CHANGES])
        if parcels:
            _read_parcels(asker, parcels, cursors[PullStream.TRACES])


def _read_orders(asker: Asker, messages: list[PlatformMessage], changes: PullCursor) -> None:
    """What was read before trouble came is stored; the rest stays to be read."""
    gathered, now, trouble = Gathered(), asker.around.now, None
    try:
        asking.gather_trades(asker.client, [{"tid": tid} for tid in _orders_of(messages)], gathered)
    except TopTrouble as met:
        trouble = met
    asker.around.step("messages_read")
    known = gathered.trades.keys() | gathered.aside.keys()
    read = [one for one in messages if one.order_id in known]

    def moved() -> None:
        asker.check()
        listening.note_read(read, now())
        # The changes will list these orders too: as long as they are the same, they are not asked for again.
        seen = {trade.order_id: trade.modified.strftime(TIME_FORMAT) for trade in gathered.trades.values()}
        edge = (changes.reached - OVERLAP).strftime(TIME_FORMAT)
        changes.seen = changes.seen | {key: at for key, at in seen.items() if at >= edge}
        changes.save(update_fields=["seen"])

    if read:
        asker.load(gathered, f"{MESSAGES_NAME} {now():%Y-%m-%d %H:%M}", moved)
    if trouble is not None:
        raise trouble


def _read_parcels(asker: Asker, messages: list[PlatformMessage], cursor: PullCursor) -> None:
    """At once while the platform tells parcels; else the message has nothing to say, and the next round asks."""
    gathered, now, asked = Gathered(), asker.around.now, _orders_of(messages)
    trouble = None
    if not cursor.trouble:
        done, trouble = _ask_parcels(asker, asked, gathered)
        asked = asked[:done]
    if trouble is not None and trouble.kind in ("permission", "refused"):
        asked, trouble = _orders_of(messages), None
    read = [one for one in messages if one.order_id in set(asked)]

    def moved() -> None:
        asker.check()
        listening.note_read(read, now())
        cursor.rows += len(gathered)
        cursor.save(update_fields=["rows"])

    if read:
        _load_or_move(asker, gathered, moved)
    if trouble is not None:
        raise trouble


def _ask_parcels(asker: Asker, orders: list[str], into: Gathered) -> tuple[int, TopTrouble | None]:
    """Ask about one parcel after the other; how many answered before trouble came."""
    for place, order in enumerate(orders):
        try:
            asking.gather_traces(asker.client, [order], into)
        except TopTrouble as trouble:
            return place, trouble
    return len(orders), None


def _orders_of(messages: list[PlatformMessage]) -> list[str]:
    return list(dict.fromkeys(one.order_id for one in messages))


def pull_traces(asker: Asker, cursor: PullCursor, ceiling: datetime) -> bool:
    """Ask about every parcel that has not arrived, those shipped first first; whether all were asked.

    `until` is how far this round is: the time of shipping of the last order asked, `seen` its number.
    """
    while asker.in_time():
        asker.check()
        since = cursor.until or ceiling - TRACES_SINCE
        parcels = _on_their_way(asker, since, str(cursor.seen.get("order") or ""))
        gathered = Gathered()
        done, trouble = _ask_parcels(asker, [order for order, _ in parcels], gathered)
        asker.around.step("page_read")
        more = trouble is not None or len(parcels) == BATCH_PARCELS
        if done or trouble is None:
            _move(asker, cursor, gathered, parcels[done - 1] if more else None, ceiling)
            asker.around.told(cursor.stream, cursor.reached)
        if trouble is not None:
            raise trouble
        if not more:
            return True
    return False


def _move(
    asker: Asker, cursor: PullCursor, gathered: Gathered, last: tuple[str, datetime] | None, ceiling: datetime
) -> None:
    now = asker.around.now

    def moved() -> None:
        asker.check()
        cursor.until, cursor.seen = (last[1], {"order": last[0]}) if last else (None, {})
        cursor.reached = cursor.reached if last else ceiling
        cursor.rows += len(gathered)
        cursor.answered_at, cursor.trouble = now(), {}
        cursor.save()

    _load_or_move(asker, gathered, moved)


def _load_or_move(asker: Asker, gathered: Gathered, moved: Callable[[], None]) -> None:
    if gathered.is_empty:
        with transaction.atomic():
            moved()
        return
    asker.load(gathered, f"{TRACES_NAME} {asker.around.now():%Y-%m-%d %H:%M}", moved)


_ON_THEIR_WAY = """
SELECT o.order_id, o.shipped_at FROM orders AS o
WHERE o.shop_id = $shop_id AND o.status IN ('partly_shipped', 'shipped', 'signed', 'finished')
  AND (o.shipped_at > $since OR (o.shipped_at = $since AND o.order_id > $last)) {known}
ORDER BY o.shipped_at, o.order_id LIMIT {most}
"""
_NOT_ARRIVED = """
  AND NOT EXISTS (SELECT 1 FROM shipment_events AS e
                  WHERE e.shop_id = o.shop_id AND e.order_id = o.order_id AND e.kind = 'signed')
"""


def _on_their_way(asker: Asker, since: datetime, last: str) -> list[tuple[str, datetime]]:
    """Orders that were shipped after that and whose parcel is not known to have arrived."""
    entry = catalog.current()
    if entry is None or "orders" not in entry.versions:
        return []
    reader = Warehouse(asker.around.place.warehouse).reader(entry.versions)
    known = _NOT_ARRIVED if "shipment_events" in entry.versions else ""
    text = _ON_THEIR_WAY.format(known=known, most=BATCH_PARCELS)
    told = {"shop_id": asker.connection.shop_id, "since": since, "last": last}
    rows = reader.cursor(text).execute(text, told).fetchall()
    return [(str(order), shipped) for order, shipped in rows]

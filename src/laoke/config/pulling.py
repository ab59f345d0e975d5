"""Pulling with what follows it: the worker's turns, and the command that pulls until nothing is left."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings

from laoke.config.refreshing import refresh_shop
from laoke.dispatch.models import Occasion, OccasionState
from laoke.insights.refresh import features_behind
from laoke.intake.models import Connection, ImportRun, ImportState, PullCursor
from laoke.intake.top import connections
from laoke.intake.top.call import TIME_FORMAT
from laoke.intake.top.listening import Listening, listening_to
from laoke.intake.top.pulling import pull
from laoke.intake.top.staging import PULLED
from laoke.intake.top.turns import Pulling, Turn
from laoke.intake.top.words import stream_trouble_text, trouble_text
from laoke.shops.models import CatalogEntry, Shop

# The worker has other things to do: a turn is short, and the next one goes on from its cursor.
TURN_SECONDS = 10.0
TURN_SECONDS_WHILE_SENDING = 1.0
TURN_WAITS = (0.5, 2.0)
SORTED_EVERY = timedelta(minutes=15)


def pull_turn(clock: Callable[[], datetime]) -> bool:
    """One short turn of the connection that waits longest; whether there was one."""
    for connection in connections.due(clock())[:1]:
        seconds = TURN_SECONDS_WHILE_SENDING if _is_sending(clock()) else TURN_SECONDS
        around = Pulling(settings.PLACE, clock, spread=random.random, seconds=seconds, waits=TURN_WAITS)
        try:
            return pull(connection, around) is not None
        except connections.LeaseLost:
            return True
    return False


def _is_sending(now: datetime) -> bool:
    """Whether the worker has messages to send that would have to wait for a longer turn."""
    return Occasion.objects.filter(
        state=OccasionState.RUNNING, not_before__lte=now, not_after__gt=now
    ).exists()


def listening_of(kept: dict[str, Any], clock: Callable[[], datetime]) -> Listening:
    """The lines that a worker keeps open between its turns."""
    if "listen" not in kept:
        kept["listen"] = Listening(clock, spread=random.random)
    lines: Listening = kept["listen"]
    return lines


def pull_all(
    connection: Connection, clock: Callable[[], datetime], told: Callable[[str, datetime], None]
) -> Turn | None:
    """Pull until everything up to now is stored, and sort the customers anew; None when a worker pulls right now."""
    turn = pull(connection, Pulling(settings.PLACE, clock, spread=random.random, told=told))
    if turn is not None and features_behind(connection.shop):
        refresh_shop(connection.shop, settings.PLACE, now=clock())
    return turn


def features_can_wait(shop: Shop, now: datetime) -> bool:
    """Whether customers were sorted a short while ago and only pulled orders came since.

    They come every few minutes, and sorting a large shop takes longer than that. Sending is decided from the orders
    themselves and waits for nothing.
    """
    newest = ImportRun.objects.filter(shop=shop, state=ImportState.DONE).order_by("-catalog_ref").first()
    if newest is None or newest.profile not in PULLED:
        return False
    of_shop = ImportRun.objects.filter(shop=shop).values("pk")
    sorted_since = CatalogEntry.objects.filter(
        reason="features", import_ref__in=of_shop, created_at__gt=now - SORTED_EVERY, created_at__lte=now
    )
    return sorted_since.exists()


def status_of(connection: Connection) -> dict[str, Any]:
    """A connection as the command line tells it: no secret, no session."""
    return {
        "shop": connection.shop.name,
        "app_key": connection.app_key,
        "trial": connection.is_loopback,
        "state": connection.state,
        "trouble": connection.trouble,
        "message": trouble_text(connection.trouble),
        "pulled_at": _told(connection.pulled_at),
        "next_pull_at": _told(connection.next_pull_at),
        "streams": {cursor.stream: _stream(cursor) for cursor in connection.cursors.order_by("pk")},
        "messages": listening_to(connection),
    }


def _stream(cursor: PullCursor) -> dict[str, Any]:
    return {
        "began": _told(cursor.began),
        "reached": _told(cursor.reached),
        "goal": _told(cursor.goal),
        "rows": cursor.rows,
        "gaps": cursor.gaps,
        "answered_at": _told(cursor.answered_at),
        "trouble": cursor.trouble,
        "message": stream_trouble_text(cursor.trouble),
    }


def _told(at: datetime | None) -> str | None:
    return at.strftime(TIME_FORMAT) if at else None

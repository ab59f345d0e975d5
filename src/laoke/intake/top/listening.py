"""Listening to the platform's messages, beside whatever else a worker does.

A message is confirmed after it is stored, so one that is lost on the way is told again; it is stored once by its
number; and it only says which order to read again, so it does not matter in which order messages come. What no message
tells is found by the changes that are pulled anyway.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Q

from laoke.intake.models import Connection, ConnectionState, Listener, PlatformMessage
from laoke.intake.top import connections
from laoke.intake.top.call import TIME_FORMAT, Account, TopClient, TopTrouble
from laoke.intake.top.line import Line, Told, number_in

ASK_EVERY = 5.0
AT_ONCE = 200
LEASE = timedelta(minutes=2)
# The shortest time between a message and the turn that reads its order: messages of one order come together.
READ_SOON = timedelta(seconds=5)
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=5), timedelta(minutes=10)
# What the app may not do today it may not do in a minute either.
REFUSED_WAIT = timedelta(hours=6)
# A number is known this long after its order was read; the platform tells again within a day.
KNOWN_FOR = timedelta(days=7)


@dataclass
class _Open:
    """A line of this worker, and when it was last asked."""

    line: Line
    token: int
    asked: float = -ASK_EVERY


@dataclass
class Listening:
    """The lines that one worker holds. `step` is called after each step (tests kill there)."""

    now: Callable[[], datetime]
    spread: Callable[[], float] = lambda: 0.5
    monotonic: Callable[[], float] = time.monotonic
    step: Callable[[str], None] = lambda name: None
    _lines: dict[int, _Open] = field(default_factory=dict)

    def turn(self) -> bool:
        """Hear what came in on every line and open those that are missing; whether there was anything."""
        active = Connection.objects.filter(state=ConnectionState.ACTIVE)
        found = {one.pk: one for one in active.select_related("shop")}
        for pk in set(self._lines) - set(found):
            self._leave(pk)
        worked = False
        for connection in found.values():
            listener = _listener_of(connection)
            if listener is None:
                self._drop(connection.pk)
                continue
            try:
                if connection.pk in self._lines:
                    worked = self._hear(connection, listener) or worked
                elif self._take(listener):
                    self._open(connection, listener)
                    worked = True
            except TopTrouble as trouble:
                self._drop(connection.pk)
                self._trouble(listener, trouble)
            except Listener.DoesNotExist:
                # Forgotten meanwhile: there is nothing to say it in, and nobody to listen for.
                self._drop(connection.pk)
        return worked

    def close(self) -> None:
        """Close all lines; another worker may open them at once."""
        for pk in list(self._lines):
            self._leave(pk)

    def _leave(self, pk: int) -> None:
        """Close a line and let others, or ourselves, open it again at once."""
        held = Listener.objects.filter(connection_id=pk, lease_token=self._lines[pk].token)
        held.update(lease_until=None, since=None)
        self._drop(pk)

    def _take(self, listener: Listener) -> bool:
        now = self.now()
        free = Q(lease_until=None) | Q(lease_until__lt=now)
        due = Q(next_at=None) | Q(next_at__lte=now)
        taken = Listener.objects.filter(free, due, pk=listener.pk, lease_token=listener.lease_token).update(
            lease_token=F("lease_token") + 1, lease_until=now + LEASE
        )
        listener.refresh_from_db()
        return bool(taken)

    def _open(self, connection: Connection, listener: Listener) -> None:
        account, now = connections.account_to_call(connection), self.now()
        seller = listener.seller or self._permit(account)
        line = Line.open(account, now)
        self._lines[connection.pk] = _Open(line, listener.lease_token)
        self.step("opened")
        if not Listener.objects.filter(pk=listener.pk).update(
            seller=seller, since=now, answered_at=now, trouble={}, failures=0, next_at=None
        ):
            raise Listener.DoesNotExist

    def _permit(self, account: Account) -> str:
        """Have the platform tell this seller's messages; the seller's number there."""
        with TopClient(account, now=self.now, sleep=lambda seconds: None, waits=()) as client:
            client.call("taobao.tmc.user.permit")
            told = client.call("taobao.user.seller.get", {"fields": "user_id"}).get("user")
        seller = number_in(told.get("user_id")) if isinstance(told, dict) else ""
        if not seller:
            raise TopTrouble("away", "taobao.user.seller.get", code="unreadable")
        return seller

    def _hear(self, connection: Connection, listener: Listener) -> bool:
        held, now = self._lines[connection.pk], self.now()
        ours = Listener.objects.filter(pk=listener.pk, lease_token=held.token)
        # An open line answers: the websocket itself asks every twenty seconds and closes without an answer.
        if not ours.update(lease_until=now + LEASE, answered_at=now):
            self._drop(connection.pk)
            return False
        if self.monotonic() - held.asked >= ASK_EVERY:
            held.line.ask()
            held.asked = self.monotonic()
        told = held.line.heard(AT_ONCE)
        if not told:
            return False
        self.step("heard")
        _store(connection, told, now)
        self.step("stored")
        held.line.confirm(one.number for one in told)
        self.step("confirmed")
        return True

    def _drop(self, pk: int) -> None:
        held = self._lines.pop(pk, None)
        if held is not None:
            held.line.close()

    def _trouble(self, listener: Listener, trouble: TopTrouble) -> None:
        """Say why nothing is heard and when it is tried again, each time later; orders are pulled as ever."""
        now = self.now()
        wait = min(FIRST_WAIT * 2 ** min(listener.failures, 12), LONGEST_WAIT)
        if not trouble.may_pass:
            wait = REFUSED_WAIT
        wait = max(wait * (0.8 + 0.4 * self.spread()), timedelta(seconds=min(trouble.wait_seconds, 86_400.0)))
        Listener.objects.filter(pk=listener.pk).update(
            trouble={**trouble.as_dict(), "at": now.strftime(TIME_FORMAT)}, failures=F("failures") + 1,
            since=None, next_at=now + wait, lease_until=None,
        )  # fmt: skip


def _listener_of(connection: Connection) -> Listener | None:
    """The listener of a connection, made where there is none; None when the connection is gone."""
    if (known := Listener.objects.filter(connection=connection).first()) is not None:
        return known
    with transaction.atomic():
        if not _is_there(connection.pk):
            return None
        return Listener.objects.get_or_create(connection=connection)[0]


def _is_there(pk: int) -> bool:
    """Whether nobody has forgotten the connection; nobody does until the end of the transaction."""
    return Connection.objects.select_for_update().filter(pk=pk).first() is not None


def _store(connection: Connection, told: Sequence[Told], now: datetime) -> None:
    """Keep which orders are to be read again, for whichever connection of the same app a message is."""
    sellers = Listener.objects.filter(
        connection__app_key=connection.app_key, connection__gateway=connection.gateway
    ).exclude(seller="")
    by_seller = {one.seller: one for one in sellers}
    for seller in {one.seller for one in told} & set(by_seller):
        of_seller = {one.number: one for one in told if one.seller == seller and one.order_id and one.number}
        rows = [
            PlatformMessage(
                connection_id=by_seller[seller].connection_id, number=one.number, topic=one.topic,
                order_id=one.order_id, heard_at=now,
            )
            for one in of_seller.values()
        ]  # fmt: skip
        _keep(by_seller[seller], rows, sum(one.seller == seller for one in told), now)


def _keep(listener: Listener, rows: list[PlatformMessage], told: int, now: datetime) -> None:
    with transaction.atomic():
        if not _is_there(listener.connection_id):
            return
        numbers = [row.number for row in rows]
        new = (
            len(rows)
            - PlatformMessage.objects.filter(connection_id=listener.connection_id, number__in=numbers).count()
        )
        PlatformMessage.objects.bulk_create(rows, ignore_conflicts=True, batch_size=100)
        Listener.objects.filter(pk=listener.pk).update(
            heard=F("heard") + new, again=F("again") + told - new, heard_at=now, answered_at=now
        )
        if new:
            # Not while a back-off runs: the platform has asked for quiet, and the orders stay to be read.
            Connection.objects.filter(
                pk=listener.connection_id, failures=0, next_pull_at__gt=now + READ_SOON
            ).update(next_pull_at=now + READ_SOON)


def to_be_read(connection: Connection, most: int) -> list[PlatformMessage]:
    """Messages whose orders are not read yet, the oldest first."""
    rows = PlatformMessage.objects.filter(connection=connection, read_at=None)
    return list(rows.order_by("pk")[:most])


def note_read(messages: Sequence[PlatformMessage], now: datetime) -> None:
    """Their orders are stored; call it in the transaction that makes them visible."""
    PlatformMessage.objects.filter(pk__in=[one.pk for one in messages]).update(read_at=now)


def forget_read(now: datetime) -> int:
    """Delete messages that were read long ago; how many."""
    deleted, _ = PlatformMessage.objects.filter(read_at__lt=now - KNOWN_FOR).delete()
    return deleted


def listening_to(connection: Connection) -> dict[str, Any]:
    """How the command line tells of the line."""
    listener = Listener.objects.filter(connection=connection).first()
    if listener is None:
        return {"since": None, "heard": 0, "again": 0, "to_be_read": 0, "trouble": {}}
    waiting = PlatformMessage.objects.filter(connection=connection, read_at=None).count()
    since = listener.since.strftime(TIME_FORMAT) if listener.since else None
    return {
        "since": since,
        "heard": listener.heard,
        "again": listener.again,
        "to_be_read": waiting,
        "trouble": listener.trouble,
    }

"""A shop's connection to the platform: made, signed in anew, paused, forgotten; and the lease of whoever pulls.

A demo shop connects to nothing. What a loopback tells stays in the facts, so a trial needs a shop of its own: one that
holds no orders but those of trials, and such a shop is never connected to the platform itself.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q

from laoke.customers.resealing import SealedKind
from laoke.customers.sealing import VaultError, open_sealed, seal
from laoke.intake.models import (
    Connection,
    ConnectionState,
    ImportRun,
    ImportState,
    Listener,
    PlatformMessage,
    PullCursor,
)
from laoke.intake.top import trials
from laoke.intake.top.call import GATEWAY, Account, TopTrouble
from laoke.intake.top.staging import PULLED, TRIAL_PROFILE
from laoke.shops import audit
from laoke.shops.keys import KeyFileError
from laoke.shops.models import Shop, User

LEASE = timedelta(minutes=10)
GATEWAYS = frozenset({GATEWAY})
ZONE = "Asia/Shanghai"


class ConnectionRefused(Exception):
    """A connection that may not be made.

    `code` is `demo_shop`, `zone`, `empty`, `gateway`, `trial_away`, `trial_needs_own_shop`, `trial_shop`, `connected`
    or `sealed`; `params` fill its sentence.
    """

    def __init__(self, code: str, **params: str) -> None:
        super().__init__(code)
        self.code, self.params = code, params


class LeaseLost(Exception):
    """Another worker took the connection over, or it was paused or forgotten meanwhile: nothing is written."""


class Forgotten(LeaseLost):
    """The connection is gone. What was stored before stays."""


def is_trial(gateway: str) -> bool:
    """Whether an address is of this machine."""
    with suppress(ValueError):
        return ipaddress.ip_address(urlsplit(gateway).hostname or "").is_loopback
    return False


def connect(
    shop: Shop, *, app_key: str, secret: str, session: str, by: User | None, now: datetime, gateway: str = GATEWAY
) -> Connection:  # fmt: skip
    """Make the shop's connection; pulling begins at the worker's next turn.

    Raises
    ------
    ConnectionRefused
        for a demo shop, a shop outside the platform's time zone, an empty field, an address that is neither the
        platform's nor that of a running `laoke gateway top`, and for mixing a trial with real orders. Nothing is
        written then.
    """
    trial = is_trial(gateway)
    _check(shop, gateway, trial, app_key.strip(), secret.strip(), session.strip())
    sealed, key_id = seal({"secret": secret.strip(), "session": session.strip()}, bound_to(shop.pk))
    with transaction.atomic():
        connection = Connection.objects.create(
            shop=shop, app_key=app_key.strip(), gateway=gateway, is_loopback=trial, sealed_secret=sealed, key_id=key_id,
            next_pull_at=now, created_by=by, created_at=now,
        )  # fmt: skip
        audit.record("connection.make", shop=shop, actor=by, at=now, subject=app_key.strip(), trial=trial)
    return connection


def _check(shop: Shop, gateway: str, trial: bool, *told: str) -> None:
    if shop.is_demo:
        raise ConnectionRefused("demo_shop")
    if shop.timezone != ZONE:
        raise ConnectionRefused("zone")
    if not all(told):
        raise ConnectionRefused("empty")
    if gateway not in GATEWAYS and not trial:
        raise ConnectionRefused("gateway")
    if trial and (there := _missed(gateway)) is not None:
        raise ConnectionRefused("trial_away", found=gateway, expected=there)
    if Connection.objects.filter(shop=shop).exists():
        raise ConnectionRefused("connected")
    stored = ImportRun.objects.filter(shop=shop, state=ImportState.DONE)
    if trial and stored.exclude(profile=TRIAL_PROFILE).exists():
        raise ConnectionRefused("trial_needs_own_shop")
    if not trial and stored.filter(profile=TRIAL_PROFILE).exists():
        raise ConnectionRefused("trial_shop")


def _missed(gateway: str) -> str | None:
    """The trial gateways that run, in words, where this is none of them; None where it is one."""
    there = trials.running(settings.PLACE.home)
    return None if gateway in there else ", ".join(there) or "—"


def sign_in(connection: Connection, session: str, *, by: User | None, now: datetime) -> None:
    """Put a new session in the place of one that ran out, and go on from the cursor.

    Raises
    ------
    ConnectionRefused
        for an empty session, and where the secret that stands beside it does not open.
    """
    if not session.strip():
        raise ConnectionRefused("empty")
    with transaction.atomic():
        row = Connection.objects.select_for_update().get(pk=connection.pk)
        try:
            secrets = open_sealed(row.sealed_secret, row.key_id, bound_to(row.shop_id))
        except VaultError:
            raise ConnectionRefused("sealed") from None
        sealed, key_id = seal({**secrets, "session": session.strip()}, bound_to(row.shop_id))
        Connection.objects.filter(pk=row.pk).update(
            sealed_secret=sealed,
            key_id=key_id,
            state=ConnectionState.ACTIVE,
            trouble={},
            failures=0,
            next_pull_at=now,
        )
        _try_all_again(row)
        audit.record("connection.sign_in", shop=connection.shop, actor=by, at=now, subject=connection.app_key)
    connection.refresh_from_db()


def pause(connection: Connection, *, by: User | None, now: datetime) -> None:
    """Pull no more until `resume`; what is being pulled at this moment is not stored."""
    _turn(connection, ConnectionState.PAUSED, "connection.pause", by, now)


def resume(connection: Connection, *, by: User | None, now: datetime) -> None:
    """Go on where it stopped, also after trouble that somebody has mended."""
    _turn(connection, ConnectionState.ACTIVE, "connection.resume", by, now)


def _turn(connection: Connection, state: str, act: str, by: User | None, now: datetime) -> None:
    with transaction.atomic():
        Connection.objects.filter(pk=connection.pk).update(
            state=state,
            trouble={},
            failures=0,
            next_pull_at=now,
            lease_token=F("lease_token") + 1,
            lease_until=None,
        )
        _try_all_again(connection)
        audit.record(act, shop=connection.shop, actor=by, at=now, subject=connection.app_key)
    connection.refresh_from_db()


def _try_all_again(connection: Connection) -> None:
    """What was refused may be allowed now."""
    PullCursor.objects.filter(connection=connection).update(next_at=None)
    Listener.objects.filter(connection=connection).update(next_at=None, failures=0)


def forget(connection: Connection, *, by: User | None, now: datetime) -> None:
    """Delete secret, session and cursors. The orders that were pulled stay."""
    with transaction.atomic():
        # Whoever is about to write for it has written, or finds it gone.
        Connection.objects.select_for_update().filter(pk=connection.pk).first()
        audit.record("connection.forget", shop=connection.shop, actor=by, at=now, subject=connection.app_key)
        connection.delete()


def start_over(import_ids: Sequence[int]) -> int:
    """Pull anew what imports brought that were taken back; of how many connections the cursors go.

    The cursors stand behind facts that are gone. From nothing, all that the platform still tells is pulled again.
    """
    shops = ImportRun.objects.filter(pk__in=import_ids, profile__in=PULLED).values("shop")
    ours = Connection.objects.filter(shop__in=shops)
    PullCursor.objects.filter(connection__in=ours).delete()
    PlatformMessage.objects.filter(connection__in=ours).delete()
    # Whoever pulls right now must not store behind that.
    return ours.update(lease_token=F("lease_token") + 1, lease_until=None)


def account_of(connection: Connection) -> Account:
    """The opened account; it is never printed or logged."""
    told = open_sealed(connection.sealed_secret, connection.key_id, bound_to(connection.shop_id))
    return Account(connection.app_key, told["secret"], told["session"], connection.gateway)


def account_to_call(connection: Connection) -> Account:
    """The account for whoever is about to call.

    Raises
    ------
    TopTrouble
        when the secrets do not open (`sealed`), or no trial gateway runs at the address any more (`trial`).
    """
    if connection.is_loopback and (there := _missed(connection.gateway)) is not None:
        raise TopTrouble("trial", "", found=connection.gateway, expected=there)
    try:
        return account_of(connection)
    except (VaultError, KeyFileError) as error:
        raise TopTrouble("sealed", "", code=type(error).__name__) from None


def due(now: datetime) -> list[Connection]:
    """The connections whose turn has come and that nobody pulls from, the longest waiting first."""
    free = Q(lease_until=None) | Q(lease_until__lt=now)
    rows = Connection.objects.filter(free, state=ConnectionState.ACTIVE, next_pull_at__lte=now)
    return list(rows.select_related("shop", "shop__owner").order_by("next_pull_at", "pk"))


def take(connection: Connection, now: datetime) -> bool:
    """Take the lease; False when another was quicker. Raises Forgotten."""
    free = Q(lease_until=None) | Q(lease_until__lt=now)
    taken = Connection.objects.filter(free, pk=connection.pk, lease_token=connection.lease_token).update(
        lease_token=F("lease_token") + 1, lease_until=now + LEASE
    )
    try:
        connection.refresh_from_db()
    except Connection.DoesNotExist:
        raise Forgotten from None
    return bool(taken)


def held(connection: Connection, now: datetime) -> None:
    """Make sure the lease is still ours, and prolong it. Raises LeaseLost; Forgotten when the connection is gone."""
    ours = Connection.objects.filter(pk=connection.pk, lease_token=connection.lease_token)
    if not ours.update(lease_until=now + LEASE):
        raise LeaseLost if Connection.objects.filter(pk=connection.pk).exists() else Forgotten


def bound_to(shop_id: int) -> str:
    """What a connection's secrets are sealed for."""
    return f"connection|{shop_id}"


SEALED_HERE = (SealedKind(Connection, "sealed_secret", lambda row: bound_to(row.shop_id)),)

"""Accounts at providers: their sealed secrets, their hours, and the channel object that speaks for them.

A demo shop may use loopbacks only, and is refused anything else here, at the one place where channels are built. A real
shop on a loopback rehearses: nobody is reached, and what the loopback says of people is not kept.
"""

from __future__ import annotations

import hmac
import os
import secrets as randomness
from datetime import datetime, time
from typing import Any

from laoke.customers.models import Channel as Medium
from laoke.customers.sealing import open_sealed, seal
from laoke.dispatch.channels import CHANNELS, channel
from laoke.dispatch.channels.base import Channel, ChannelSettingsError
from laoke.dispatch.models import Gateway, Occasion
from laoke.dispatch.text.hours import Override, allowed_window, hours_of
from laoke.dispatch.text.window import Window
from laoke.shops import audit
from laoke.shops.models import Shop, User

LOOPBACK_KEY, LOOPBACK_SECRET = "loopback", "loopback-secret"
LOOPBACK_ENDPOINT = "127.0.0.1:8027"
# The loopback takes a call up to 900 s after its signing and finds it 2 s later (its own declared values).
LOOPBACK_ABSENCE_PROOF_S = 904.0
LOOPBACK_PRICE_MILLIS = 45


class GatewayRefused(Exception):
    """A gateway that may not be used: `demo_needs_loopback`, `loopback_differs`, `settings` or `no_provider`."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(detail or code)
        self.code, self.detail = code, detail


def make_gateway(
    shop: Shop,
    *,
    name: str,
    provider: str,
    settings: dict[str, Any],
    secrets: dict[str, str],
    now: datetime,
    by: User | None,
    opens_at: time = time(8, 0),
    closes_at: time = time(20, 0),
    price_millis: int = 45,
    quota_left: int | None = None,
    is_loopback: bool = False,
) -> Gateway:
    """A new account; its settings are tried by building the channel once. Price in 1/1000 yuan per segment.

    Raises
    ------
    GatewayRefused
        for an unknown provider, settings that cannot work, or a demo shop with a real endpoint.
    """
    if provider not in CHANNELS:
        raise GatewayRefused("no_provider", provider)
    sealed, key_id = seal(secrets, secret_bound_to(shop.pk, name))
    gateway = Gateway(
        shop=shop, name=name, channel=CHANNELS[provider].medium, provider=provider, is_loopback=is_loopback,
        settings={"hook": randomness.token_urlsafe(12), **settings}, sealed_secret=sealed, key_id=key_id,
        opens_at=opens_at, closes_at=closes_at, price_millis=price_millis, quota_left=quota_left, created_at=now,
    )  # fmt: skip
    _build(gateway)
    gateway.save(force_insert=True)
    audit.record("gateway.make", shop=shop, actor=by, at=now, subject=name, provider=provider)
    return gateway


def make_loopback_gateway(
    shop: Shop, *, now: datetime, name: str = "演练网关", by: User | None = None
) -> Gateway:
    """The rehearsal gateway of a shop: the Aliyun protocol on this machine, at `LAOKE_LOOPBACK` (host:port)."""
    known = Gateway.objects.filter(shop=shop, name=name).first()
    return known or make_gateway(
        shop, name=name, provider="aliyun",
        settings={"access_key": LOOPBACK_KEY, "absence_proof_after_s": LOOPBACK_ABSENCE_PROOF_S},
        secrets={"secret": LOOPBACK_SECRET}, now=now, by=by, price_millis=LOOPBACK_PRICE_MILLIS, is_loopback=True,
    )  # fmt: skip


def gateway_of_hook(key: str) -> Gateway | None:
    """The gateway whose pushes come to the address with this key: providers do not sign what they push."""
    # Compared one by one and in full: how long an answer takes tells nothing of how much was right.
    found = None
    for gateway in Gateway.objects.select_related("shop").order_by("-pk"):
        own = str(gateway.settings.get("hook") or "")
        if own and hmac.compare_digest(own.encode(), key.encode("utf-8", "surrogatepass")):
            found = gateway
    return found


_BUILT: dict[tuple[Any, ...], Channel] = {}


def channel_for(gateway: Gateway) -> Channel:
    """The channel of a gateway, built once per process and settings.

    Raises
    ------
    GatewayRefused
        when a demo shop would reach people, or the settings cannot work.
    """
    key = (
        gateway.pk,
        repr(sorted(gateway.settings.items())),
        bytes(gateway.sealed_secret),
        _loopback_endpoint(),
    )
    if key not in _BUILT:
        for old in [k for k in _BUILT if k[0] == gateway.pk]:
            del _BUILT[old]
        _BUILT[key] = _build(gateway)
    return _BUILT[key]


def _build(gateway: Gateway) -> Channel:
    kind = CHANNELS.get(gateway.provider)
    if kind is None:
        raise GatewayRefused("no_provider", gateway.provider)
    given = {name: value for name, value in gateway.settings.items() if name in kind.settings}
    given |= open_sealed(
        gateway.sealed_secret, gateway.key_id, secret_bound_to(gateway.shop_id, gateway.name)
    )
    if gateway.is_loopback and "endpoint" in kind.settings:
        given.setdefault("endpoint", _loopback_endpoint())
    try:
        built = channel(gateway.provider, given)
    except (ChannelSettingsError, TypeError) as error:
        raise GatewayRefused("settings", str(error)) from error
    if gateway.shop.is_demo and not built.loopback:
        raise GatewayRefused("demo_needs_loopback")
    if built.loopback != gateway.is_loopback:
        raise GatewayRefused("loopback_differs")
    return built


def _loopback_endpoint() -> str:
    return os.environ.get("LAOKE_LOOPBACK") or LOOPBACK_ENDPOINT


def secret_bound_to(shop_id: int, name: str) -> str:
    """What a gateway's secrets are sealed for."""
    return f"gateway|{shop_id}|{name}"


def is_rehearsal(shop: Shop, gateway: Gateway | None) -> bool:
    """Whether a real shop uses a gateway that reaches nobody (演练)."""
    return gateway is not None and gateway.is_loopback and not shop.is_demo


def release_gateway(gateway: Gateway, *, by: User | None, now: datetime) -> None:
    """The trouble that stopped the account is gone: rounds go on by themselves."""
    Gateway.objects.filter(pk=gateway.pk).update(stopped_reason="")
    audit.record("gateway.release", shop=gateway.shop, actor=by, at=now, subject=gateway.name)
    gateway.refresh_from_db()


def shop_window(shop: Shop) -> Window:
    """The shop's own hours for marketing (`settings["marketing_hours"]`, two times of the clock)."""
    opens, closes = shop.settings.get("marketing_hours", ["08:00", "20:00"])
    return Window.of(time.fromisoformat(opens), time.fromisoformat(closes))


def sending_window(occasion: Occasion) -> Window | None:
    """The hours of a day in which an occasion may be sent: law and gateway, the shop, the account, an override."""
    gateway = occasion.gateway
    if gateway is None:
        return None
    account = Window.of(gateway.opens_at, gateway.closes_at)
    signed = occasion.rules.get("override")
    override = Override(signed["role"], signed["reason"]) if signed else None
    hours = hours_of(gateway.provider, shop=shop_window(occasion.shop), account=account)
    return allowed_window("marketing" if occasion.is_marketing else "notice", hours, override)


def may_send_now(occasion: Occasion, now: datetime) -> bool:
    """Whether this is an hour for the occasion; a test to one's own number may go at any time."""
    window = sending_window(occasion)
    return occasion.kind == "test" or (window is not None and now in window)


def media() -> list[tuple[str, str]]:
    """The kinds of channel that can be sent on, as (value, name)."""
    return [(str(value), str(label)) for value, label in Medium.choices]

"""When a round may go: the hours of its channel, the proposal where a window lies outside them, and who may sign.

A round by a gateway keeps to that gateway's hours. A hand-over list sends nothing by itself: it has no hours here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from laoke.customers.models import Channel
from laoke.dispatch.gateways import shop_window
from laoke.dispatch.models import Gateway
from laoke.dispatch.text.hours import Hours, Override, allowed_window, check_window, hours_of, propose
from laoke.dispatch.text.issues import Issue
from laoke.dispatch.text.window import Window
from laoke.shops.models import Shop


def hours_for(shop: Shop, gateway: Gateway | None) -> Hours:
    """The windows that meet for a gateway: its provider's, its account's, the shop's own setting."""
    own = shop_window(shop)
    if gateway is None:
        return hours_of("default", shop=own)
    return hours_of(gateway.provider, shop=own, account=Window.of(gateway.opens_at, gateway.closes_at))


def window_issues(
    shop: Shop,
    channel: str,
    gateway: Gateway | None,
    opens_at: datetime,
    closes_at: datetime,
    override: Override | None = None,
) -> list[Issue]:
    """What speaks against sending from `opens_at` to `closes_at`; errors refuse."""
    if channel == Channel.HANDOVER:
        empty = closes_at <= opens_at
        return [Issue("window_empty", params={"start": opens_at, "end": closes_at})] if empty else []
    return check_window("marketing", opens_at, closes_at, hours_for(shop, gateway), override)


@dataclass(frozen=True)
class Placed:
    """Where a planned window ended up, and the issue that moved it (None when it stayed)."""

    opens_at: datetime
    closes_at: datetime
    moved_by: Issue | None = None


def place_window(
    shop: Shop, channel: str, gateway: Gateway | None, opens_at: datetime, closes_at: datetime
) -> Placed:
    """The window of a playbook as it may be: the nearest stretch allowed where the gateway's hours refuse it."""
    for issue in window_issues(shop, channel, gateway, opens_at, closes_at):
        if issue.code == "outside_hours":
            window = allowed_window("marketing", hours_for(shop, gateway))
            assert window is not None
            first, last = propose(opens_at, closes_at, window)
            return Placed(first, last, issue)
    return Placed(opens_at, closes_at)

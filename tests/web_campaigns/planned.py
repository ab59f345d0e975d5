"""A Double-11 campaign of the demo shop, planned two days before its day."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from tests.people import Demo

if TYPE_CHECKING:
    from laoke.campaigns.models import Campaign


def planned(demo: Demo, name: str = "双11 2026") -> Campaign:
    from laoke.campaigns.planning import plan
    from laoke.campaigns.playbook import playbook
    from laoke.dispatch.gateways import make_loopback_gateway
    from laoke.shops.clock import clock_from_env

    make_loopback_gateway(demo.shop, now=demo.now)
    return plan(
        playbook("double11"), date(2026, 11, 11), demo.shop, name=name, by=demo.owner, clock=clock_from_env()
    )

"""The loopback of the platform for tests: one made-up shop, a clock that is moved by hand, sleeps that are counted."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from laoke.intake.top.call import Account, TopClient
from laoke.intake.top.loopback import APP_KEY, SECRET, SESSION, LoopbackTop
from laoke.intake.top.loopback_shop import MadeShop, make_shop

NOW = datetime(2026, 10, 31, 10, 0)


@dataclass
class MovedClock:
    """A clock that stands until it is moved."""

    at: datetime = NOW

    def __call__(self) -> datetime:
        return self.at

    def move(self, **by: float) -> None:
        self.at += timedelta(**by)


@dataclass
class Sleeps:
    """Instead of sleeping: what was asked for."""

    slept: list[float] = field(default_factory=list)

    def __call__(self, seconds: float) -> None:
        self.slept.append(seconds)


def small_shop(trades: int = 400, days: int = 100, ahead: int = 10, seed: int = 11) -> MadeShop:
    """Trades from so many days before NOW to some days after it."""
    return make_shop(seed, trades=trades, start=NOW - timedelta(days=days), end=NOW + timedelta(days=ahead))


def client_of(
    platform: LoopbackTop, clock: MovedClock, sleeps: Sleeps | None = None, **account: Any
) -> TopClient:
    told = {"app_key": APP_KEY, "secret": SECRET, "session": SESSION, "gateway": platform.gateway, **account}
    return TopClient(Account(**told), now=clock, sleep=sleeps or Sleeps(), timeout_seconds=2.0)

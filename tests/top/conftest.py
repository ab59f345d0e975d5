"""A shop that is connected to a loopback of the platform, whose clock is moved by hand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from laoke.intake.models import Connection
    from laoke.intake.top.loopback import LoopbackTop
    from laoke.shops.models import Shop
    from tests.top.platform import MovedClock


@pytest.fixture
def clock() -> MovedClock:
    from tests.top.platform import MovedClock

    return MovedClock()


@pytest.fixture
def three_weeks(monkeypatch: pytest.MonkeyPatch) -> None:
    """So many days instead of three months, so that a test asks for fewer windows."""
    from laoke.intake.top import pulling

    monkeypatch.setattr(pulling, "HISTORY", timedelta(days=21))


@pytest.fixture
def platform(clock: MovedClock, three_weeks: None) -> Iterator[LoopbackTop]:
    from laoke.intake.top.loopback import LoopbackTop
    from tests.top.platform import small_shop

    with LoopbackTop(small_shop(trades=110, days=24), clock) as platform:
        yield platform


@pytest.fixture
def shop(home: Path) -> Shop:
    from laoke.shops.setup import add_shop
    from tests.top.platform import NOW

    return add_shop("试用店", now=NOW)


@pytest.fixture
def connection(shop: Shop, home: Path, platform: LoopbackTop) -> Iterator[Connection]:
    from laoke.intake.top import connections
    from laoke.intake.top.loopback import APP_KEY, SECRET, SESSION
    from laoke.intake.top.trials import announced
    from tests.top.platform import NOW

    with announced(home, platform.bound_port):
        yield connections.connect(
            shop, app_key=APP_KEY, secret=SECRET, session=SESSION, by=None, now=NOW, gateway=platform.gateway
        )

"""What a forked child does in the tests of killed pulls: connect, pull to the end, tell what a reader sees."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings

from laoke.intake.models import Connection, ImportRun, PullCursor
from laoke.intake.top import connections, pulling
from laoke.intake.top.loopback import APP_KEY, SECRET, SESSION
from laoke.intake.top.pulling import pull
from laoke.intake.top.turns import Pulling
from laoke.shops.models import Shop
from laoke.shops.setup import add_shop
from tests.crash import imports_tasks
from tests.crash.imports_tasks import look

__all__ = ["connect", "look", "pull_all", "warm_up", "where"]

# So many days instead of three months and so few trades a batch, so that a pull has many places to die at.
pulling.HISTORY = timedelta(days=12)
pulling.BATCH_TRADES = 12


def warm_up() -> None:
    imports_tasks.warm_up()


def connect(gateway: str, now: str) -> None:
    at = datetime.fromisoformat(now)
    shop = add_shop("试用店", now=at)
    connections.connect(
        shop, app_key=APP_KEY, secret=SECRET, session=SESSION, by=None, now=at, gateway=gateway
    )


def pull_all(now: str) -> None:
    """Pull as a worker does that starts after the last one's lease ran out."""
    at = datetime.fromisoformat(now)
    turn = pull(Connection.objects.get(), Pulling(settings.PLACE, lambda: at, sleep=lambda seconds: None))
    assert turn is not None and turn.done, turn


def where(path: str) -> None:
    """The cursors, and how each import ended."""
    told = {
        "reached": {one.stream: one.reached.isoformat() for one in PullCursor.objects.all()},
        "imports": list(ImportRun.objects.order_by("pk").values("state", "counts", "money")),
        "shops": Shop.objects.count(),
    }
    Path(path).write_text(json.dumps(told), encoding="utf-8")

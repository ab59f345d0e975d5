"""Scoring a shop's orders: those that newer imports concern, or all of them when a day or the rules are new.

(1) which days, (2) their signals, (3) the ledger's rows and their marks, (4) how far it came. Killed anywhere it is
done again from the same import. The mirror and the features that follow are written by who calls.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from laoke.insights.fake_orders.flags import keep_scores, rules_of
from laoke.insights.fake_orders.scoring import day_span, score_days, sharers_of, touched_days
from laoke.insights.models import FakeScan
from laoke.intake.models import ImportRun
from laoke.shops import catalog
from laoke.shops.models import Shop
from laoke.shops.place import Place
from laoke.warehouse.store import Warehouse

EVER = (datetime(1900, 1, 1), datetime(9999, 1, 1))


@dataclass(frozen=True)
class Scan:
    """What a scan did: the days (as numbers since 1970-01-01), orders worth keeping, rows of the ledger changed."""

    days: tuple[int, int] | None
    kept: int = 0
    changed: int = 0


def scan_orders(shop: Shop, place: Place, *, now: datetime, everything: bool = False) -> Scan:
    """Score what has come since the last scan; all orders on a new day, after new rules, or when asked to."""
    entry = catalog.current()
    if entry is None:
        return Scan(None)
    rules = rules_of(shop)
    # As the ledger gives it back, so that both compare equal.
    scoring = json.loads(json.dumps(rules.scoring))
    last = FakeScan.objects.filter(shop=shop).first()
    whole = everything or last is None or last.day != now.date() or last.rules != scoring
    reader = Warehouse(place.warehouse).reader(entry.versions)
    since = -1 if whole or last is None else _before_newer(shop, last.catalog_ref)
    days = None if since is None else touched_days(reader, shop.pk, since)
    kept = changed = 0
    if days is not None or whole:
        found = score_days(reader, shop.pk, days, rules, sharers_of(shop)) if days is not None else []
        # Scores of orders that are no longer there lie outside the days that are.
        span = EVER if whole or days is None else day_span(days)
        kept, changed = len(found), keep_scores(shop, found, span, now)
    day = now.date() if whole or last is None else last.day
    FakeScan.objects.update_or_create(
        shop=shop, defaults={"catalog_ref": entry.pk, "rules": scoring, "day": day, "scanned_at": now}
    )
    return Scan(days, kept, changed)


def _before_newer(shop: Shop, catalog_ref: int) -> int | None:
    """The number below those of all imports that were published after an entry; None when there are none.

    Imports are numbered when they begin: one that took long comes with a smaller number than one before it.
    """
    newer = ImportRun.objects.filter(shop=shop, catalog_ref__gt=catalog_ref)
    first = newer.order_by("pk").values_list("pk", flat=True).first()
    return None if first is None else first - 1

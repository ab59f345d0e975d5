"""What stands in the ledger about orders that look fake: scores, and what people decided about them.

A decision is never overwritten by a score, and no score is lost by a decision. Whatever changes an order's flag marks
its key of the mirror in the same transaction, so that every figure follows.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Count, Q, QuerySet, Sum

from laoke.insights.fake_orders.rules import FLOOR, MOST, Rules, RulesRefused, Scored
from laoke.insights.models import Decision, OrderFlag
from laoke.shops import audit, choices, dirty
from laoke.shops.bulk import insert_many, is_sqlite, pieces, write_in_batches
from laoke.shops.models import Shop, User

MIRROR = "order_flags"
SETTING = "fake_orders"


def rules_of(shop: Shop) -> Rules:
    """The weights and the threshold of a shop."""
    return Rules.of(shop.settings.get(SETTING, {}))


def flag_of(decision: str, score: int, threshold: int) -> str:
    """`confirmed`, `cleared`, `suspect`, or '' for an order that nothing is held against."""
    return decision or ("suspect" if score >= threshold else "")


def suspects(shop: Shop, threshold: int | None = None) -> QuerySet[OrderFlag]:
    """Orders that are suspect by their score alone."""
    least = rules_of(shop).threshold if threshold is None else threshold
    return OrderFlag.objects.filter(shop=shop, decision=Decision.NONE, score__gte=least)


def keep_scores(shop: Shop, scored: Sequence[Scored], span: tuple[datetime, datetime], now: datetime) -> int:
    """Put new scores of the orders placed within `span` in place of the old ones; how many rows changed.

    Rows that are no longer worth keeping go, unless a person decided about them: theirs stay with what was found last.
    """
    known = {
        row.order_id: row
        for row in OrderFlag.objects.filter(shop=shop, placed_at__range=span).iterator(5_000)
    }
    new = {one.order_id: one for one in scored}
    changed = [one for one in scored if _differs(known.get(one.order_id), one)]
    gone = [row for order, row in known.items() if order not in new]
    _upsert(shop, changed, now)
    undecided = [row.order_id for row in gone if not row.decision]
    write_in_batches(undecided, lambda piece: _drop(shop, piece))
    emptied = [(row.pk, row.order_id) for row in gone if row.decision and row.score]
    write_in_batches(emptied, lambda piece: _empty(shop, piece, now))
    return len(changed) + len(undecided) + len(emptied)


def _differs(row: OrderFlag | None, one: Scored) -> bool:
    return row is None or (row.score, row.paid_cents, row.placed_at, row.reasons) != (
        one.score, one.paid_cents, one.placed_at, [reason.as_dict() for reason in one.reasons]
    )  # fmt: skip


def _upsert(shop: Shop, changed: Sequence[Scored], now: datetime) -> None:
    def stored(moment: datetime) -> object:
        return moment.isoformat(sep=" ") if is_sqlite() else moment

    rows = [
        (
            shop.pk, one.order_id, stored(one.placed_at), one.paid_cents, one.score,
            json.dumps([reason.as_dict() for reason in one.reasons]),
            "," + "".join(f"{reason.signal}," for reason in one.reasons), Decision.NONE.value, stored(now),
        )
        for one in changed
    ]  # fmt: skip

    def write(piece: Sequence[tuple[Any, ...]]) -> None:
        insert_many(
            "insights_orderflag"
            " (shop_id, order_id, placed_at, paid_cents, score, reasons, signals, decision, scored_at)",
            piece,
            "ON CONFLICT (shop_id, order_id) DO UPDATE SET placed_at = excluded.placed_at, "
            "paid_cents = excluded.paid_cents, score = excluded.score, reasons = excluded.reasons, "
            "signals = excluded.signals, scored_at = excluded.scored_at",
        )
        dirty.mark(shop.pk, MIRROR, [row[1] for row in piece])

    write_in_batches(rows, write)


def _drop(shop: Shop, orders: Sequence[str]) -> None:
    """Rows that a person decided about meanwhile stay."""
    for piece in pieces(orders, 500):
        OrderFlag.objects.filter(shop=shop, order_id__in=piece, decision=Decision.NONE).delete()
    dirty.mark(shop.pk, MIRROR, orders)


def _empty(shop: Shop, rows: Sequence[tuple[int, str]], now: datetime) -> None:
    for piece in pieces([pk for pk, _order in rows], 500):
        OrderFlag.objects.filter(pk__in=piece).update(score=0, reasons=[], signals="", scored_at=now)
    dirty.mark(shop.pk, MIRROR, [order for _pk, order in rows])


def decide(shop: Shop, orders: Sequence[str], decision: str, *, by: User, now: datetime) -> int:
    """Confirm, clear, or take a decision back (''); how many orders it changed.

    The orders must have a row; others are left alone, and so are those that are decided so already. Many are written
    piece by piece, each with its audit row.
    """
    wanted = Decision(decision)
    changed = 0

    def write(piece: Sequence[str]) -> None:
        nonlocal changed
        rows = OrderFlag.objects.select_for_update().filter(shop=shop, order_id__in=piece)
        moved = list(rows.exclude(decision=wanted).values_list("pk", "order_id"))
        if not moved:
            return
        OrderFlag.objects.filter(pk__in=[pk for pk, _order in moved]).update(
            decision=wanted, decided_by=by if wanted else None, decided_at=now if wanted else None
        )
        dirty.mark(shop.pk, MIRROR, [order for _pk, order in moved])
        audit.record(
            f"fake_orders.{wanted.value or 'undecide'}", shop=shop, actor=by, at=now, count=len(moved),
            subject=moved[0][1] if len(moved) == 1 else "",
        )  # fmt: skip
        changed += len(moved)

    for piece in pieces(sorted(set(orders)), 500):
        write_in_batches(piece, write)
    return changed


def set_threshold(shop: Shop, threshold: int, *, by: User, now: datetime) -> int:
    """Move the line from which an order is suspect; how many orders it puts on the other side.

    Raises
    ------
    RulesRefused
        for a threshold below what is kept, or above 100.
    """
    if not FLOOR <= threshold <= MOST:
        raise RulesRefused("threshold")
    with transaction.atomic():
        low, high = sorted((rules_of(choices.locked(shop)).threshold, threshold))
        change_rules(shop, {"threshold": threshold}, by=by, now=now)
        moved = list(
            OrderFlag.objects.filter(
                shop=shop, decision=Decision.NONE, score__gte=low, score__lt=high
            ).values_list("order_id", flat=True)
        )
        dirty.mark(shop.pk, MIRROR, moved)
    return len(moved)


def change_rules(shop: Shop, chosen: dict[str, Any], *, by: User, now: datetime) -> bool:
    """Keep other rules beside those that somebody else may just have set, points signal by signal; True when something
    changed. Scores follow when the orders are scored again.

    Raises
    ------
    RulesRefused
    """
    with transaction.atomic():
        before = choices.locked(shop).settings.get(SETTING, {})
        kept = {**before, **chosen}
        if "points" in chosen:
            kept["points"] = {**before.get("points", {}), **chosen["points"]}
        Rules.of(kept)
        return bool(choices.change(shop, {SETTING: kept}, by=by, now=now))


@dataclass(frozen=True)
class Sums:
    """Orders and what was paid for them, in cents."""

    orders: int = 0
    paid_cents: int = 0


@dataclass(frozen=True)
class Standing:
    """What a shop's flags add up to at one threshold; `left_out` is suspect and confirmed together."""

    suspect: Sums
    confirmed: Sums
    cleared: Sums

    @property
    def left_out(self) -> Sums:
        return Sums(
            self.suspect.orders + self.confirmed.orders, self.suspect.paid_cents + self.confirmed.paid_cents
        )


def standing(shop: Shop, threshold: int | None = None) -> Standing:
    """What stands at the shop's threshold, or would stand at another one."""
    least = rules_of(shop).threshold if threshold is None else threshold
    kinds = {
        "suspect": Q(decision=Decision.NONE, score__gte=least),
        "confirmed": Q(decision=Decision.CONFIRMED),
        "cleared": Q(decision=Decision.CLEARED),
    }
    asked: dict[str, Any] = {}
    for name, kind in kinds.items():
        asked[f"{name}_n"] = Count("pk", filter=kind)
        asked[f"{name}_cents"] = Sum("paid_cents", filter=kind)
    row = OrderFlag.objects.filter(shop=shop).aggregate(**asked)
    return Standing(**{name: Sums(row[f"{name}_n"], row[f"{name}_cents"] or 0) for name in kinds})


def of_orders(shop: Shop, orders: Iterable[str]) -> dict[str, OrderFlag]:
    """The rows of these orders, few of them."""
    rows = OrderFlag.objects.filter(shop=shop, order_id__in=list(orders))
    return {row.order_id: row for row in rows}

"""How well scores tell fake orders from honest ones, where somebody knows which are fake: precision and recall."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from laoke.insights.fake_orders.rules import FLOOR, MOST, POINTS
from laoke.insights.models import OrderFlag
from laoke.shops.models import Shop

# What a plain export of orders lets one see: no parcels, no phones.
ORDERS_ONLY = frozenset({"burst", "cluster", "same_goods", "new_accounts", "memo_flag"})
STEP = 10


def held_against(shop: Shop, planted: Collection[str], threshold: int) -> dict[str, Any]:
    """Scores of a shop against the orders known to be fake; what people decided is left aside.

    `by_threshold` says the same for other thresholds, `orders_only` for the signals that a plain order export shows,
    `without` for all signals but one, `signals` how many planted and how many other kept orders carry each signal.
    """
    fakes = frozenset(planted)
    rows = list(OrderFlag.objects.filter(shop=shop).values_list("order_id", "score", "reasons"))
    scores = [(order, score) for order, score, _reasons in rows]

    def by(signals: Collection[str]) -> list[tuple[str, int]]:
        return [
            (order, sum(reason["points"] for reason in reasons if reason["signal"] in signals))
            for order, _score, reasons in rows
        ]

    signals: dict[str, dict[str, int]] = {}
    for order, _score, reasons in rows:
        for reason in reasons:
            counts = signals.setdefault(reason["signal"], {"planted": 0, "others": 0})
            counts["planted" if order in fakes else "others"] += 1
    return {
        **rates(scores, fakes, threshold),
        "by_threshold": {str(least): rates(scores, fakes, least) for least in range(FLOOR, MOST + 1, STEP)},
        "orders_only": rates(by(ORDERS_ONLY), fakes, threshold),
        "without": {name: rates(by(POINTS.keys() - {name}), fakes, threshold) for name in sorted(signals)},
        "signals": signals,
    }


def rates(scores: Iterable[tuple[str, int]], fakes: frozenset[str], threshold: int) -> dict[str, Any]:
    """Precision (how many of the flagged are fake) and recall (how many of the fake are flagged).

    Nothing flagged is never wrong: precision 1. No fakes: recall 1.
    """
    flagged = {order for order, score in scores if score >= threshold}
    right = len(flagged & fakes)
    return {
        "flagged": len(flagged),
        "right": right,
        "wrong": len(flagged) - right,
        "missed": len(fakes) - right,
        "precision": round(right / len(flagged), 4) if flagged else 1.0,
        "recall": round(right / len(fakes), 4) if fakes else 1.0,
    }

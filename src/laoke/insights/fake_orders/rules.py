"""What each signal of a fake order is worth, and the score of one order: values in, values out.

Sources of the signals are in docs/reference/fake-orders.md. A score is the sum of the points of the signals found,
100 at most. The default threshold lies above every single signal but the shop's own mark, and above what any honest
order was seen to gather: one loud signal needs another beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

# Signal → points. The order is the order of telling: what weighs most comes first among equals.
POINTS: dict[str, int] = {
    "memo_flag": 50,
    "burst": 35,
    "reused_waybill": 30,
    "shared_contact": 25,
    "cluster": 20,
    "no_trace": 20,
    "paid_back": 20,
    "same_goods": 15,
    "new_accounts": 10,
    "signed_soon": 10,
    "quick_confirm": 5,
}
THRESHOLD = 50
# Scores below are not kept: no threshold can be set there.
FLOOR = 30
MOST = 100

# The limits that evidence is held against; the query reads them under the same names.
LIMITS: dict[str, int] = {
    "burst_ratio": 3,  # orders ÷ buyers of an hour
    "burst_orders": 6,
    "burst_each": 3,  # orders of the buyer within that hour: those with the largest share
    "cluster_buyers": 3,
    "same_goods": 3,
    "waybill_buyers": 2,
    "new_orders": 10,
    "new_percent": 80,
    "new_above": 20,
}
SHARED_CONTACT = 3
_SIZE = 10_000_000  # orders and buyers of a window stand in one number


class RulesRefused(ValueError):
    """Rules that cannot be: `code` is `threshold`, `points` or `signal`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Rules:
    """A shop's weights: points by signal, the score from which an order is suspect, memo flags it uses for fakes."""

    threshold: int = THRESHOLD
    points: Mapping[str, int] = field(default_factory=lambda: dict(POINTS))
    memo_flags: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if not FLOOR <= self.threshold <= MOST:
            raise RulesRefused("threshold")
        if set(self.points) != set(POINTS):
            raise RulesRefused("signal")
        if any(not 0 <= points <= MOST for points in self.points.values()):
            raise RulesRefused("points")
        if any(not 1 <= flag <= 9 for flag in self.memo_flags):
            raise RulesRefused("signal")

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> Rules:
        """From a shop's settings; what it has not set is the default."""
        known = {name: stored.get("points", {}).get(name, points) for name, points in POINTS.items()}
        return cls(
            threshold=stored.get("threshold", THRESHOLD),
            points=known,
            memo_flags=tuple(sorted(stored.get("memo_flags", ()))),
        )

    @property
    def scoring(self) -> dict[str, Any]:
        """What scores depend on: when it changes, all orders are scored anew. The threshold is no part of it."""
        return {"points": dict(self.points), "memo_flags": list(self.memo_flags), "limits": LIMITS}

    def params(self) -> dict[str, Any]:
        """The parameters of the query, but for shop and days."""
        asked = {f"p_{name}": points for name, points in self.points.items() if name != "shared_contact"}
        flags = "," + "".join(f"{flag}," for flag in self.memo_flags) if self.memo_flags else ""
        return {
            **LIMITS,
            **asked,
            "flags": flags,
            "floor": FLOOR,
            "elsewhere": self.points["shared_contact"],
        }


@dataclass(frozen=True)
class Reason:
    """A signal that was found: its code, its points, and the values that show it. Never personal data."""

    signal: str
    points: int
    found: Mapping[str, int]

    def as_dict(self) -> dict[str, Any]:
        return {"signal": self.signal, "points": self.points, **self.found}


@dataclass(frozen=True)
class Scored:
    """One order with its score and reasons, the heaviest first."""

    order_id: str
    placed_at: datetime
    paid_cents: int
    score: int
    reasons: tuple[Reason, ...]


def score_of(row: Mapping[str, Any], rules: Rules, sharers: int = 0) -> tuple[int, tuple[Reason, ...]]:
    """Score and reasons of one row of the query; `sharers` have the buyer's phone or mail, the buyer included."""
    found = signals_of(row, sharers)
    reasons = tuple(
        Reason(name, rules.points[name], found[name])
        for name in POINTS
        if name in found and rules.points[name] > 0
    )
    reasons = tuple(sorted(reasons, key=lambda reason: -reason.points))
    return min(MOST, sum(reason.points for reason in reasons)), reasons


def signals_of(row: Mapping[str, Any], sharers: int = 0) -> dict[str, dict[str, int]]:
    """Signal → the values that show it, for the signals this order carries."""
    found: dict[str, dict[str, int]] = {}
    for scope, size in (("shop", row["shop_burst"]), ("goods", row["goods_burst"])):
        if size is not None:
            orders, buyers = divmod(size, _SIZE)
            found["burst"] = {"orders": orders, "buyers": buyers, "goods": int(scope == "goods")}
    if row["cluster"] is not None:
        orders, buyers = divmod(row["cluster"], _SIZE)
        found["cluster"] = {"orders": orders, "buyers": buyers}
    for name, column, word in (
        ("same_goods", "same_goods", "orders"),
        ("reused_waybill", "waybill_buyers", "buyers"),
        ("memo_flag", "memo_flag", "flag"),
    ):
        if row[column] is not None:
            found[name] = {word: row[column]}
    if sharers >= SHARED_CONTACT:
        found["shared_contact"] = {"buyers": sharers}
    if row["new_orders"] is not None:
        found["new_accounts"] = {"orders": row["new_orders"], "single": row["new_single"]}
    if row["no_trace"]:
        found["no_trace"] = {}
    if row["signed_soon"]:
        found["signed_soon"] = {"minutes": _minutes(row["left_at"], row["signed_at"])}
    if row["quick_confirm"]:
        signed = row["signed_at"] is not None
        since = row["signed_at"] if signed else row["shipped_at"]
        found["quick_confirm"] = {"minutes": _minutes(since, row["finished_at"]), "signed": int(signed)}
    if row["paid_back"]:
        found["paid_back"] = {"cents": row["back_cents"], "paid_cents": row["paid_cents"]}
    return found


def _minutes(begin: datetime, end: datetime) -> int:
    return int((end - begin).total_seconds() // 60)

"""The filter read slowly and plainly over rows in memory: the rival of the compiled query."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from laoke.audiences.tree import (
    Amount,
    And,
    Between,
    BoughtProduct,
    Bounds,
    Condition,
    Consented,
    Day,
    Has,
    Node,
    Not,
    OneOf,
    Or,
    Reachable,
    Tagged,
    Window,
    Within,
)


@dataclass
class Shop:
    """All that is known of a shop; `features` holds stage, group, class and place of each person."""

    as_of_day: int
    orders: list[dict[str, Any]]
    lines: list[dict[str, Any]]
    people: dict[int, int]
    features: dict[int, dict[str, Any]]
    contacts: dict[int, dict[str, bool]]
    tags: set[tuple[int, str]] = field(default_factory=set)
    reach: dict[tuple[int, str], tuple[bool, bool]] = field(default_factory=dict)
    refunds: list[dict[str, Any]] = field(default_factory=list)

    def members(self, node: Node) -> list[int]:
        """The persons that the filter holds for, by number."""
        return sorted(person for person in self.features if self.holds(node, person))

    def holds(self, node: Node, person: int) -> bool:
        match node:
            case And(parts):
                return all(self.holds(part, person) for part in parts)
            case Or(parts):
                return any(self.holds(part, person) for part in parts)
            case Not(part):
                return not self.holds(part, person)
            case _:
                return self.condition(node, person)

    def condition(self, node: Condition, person: int) -> bool:
        match node:
            case Amount("average_order", bounds, window):
                bought = self.bought(person, window)
                days = len({row["paid_day"] for row in bought})
                paid = sum(row["paid_cents"] for row in bought)
                low, high = bounds.low or 0, 10**18 if bounds.high is None else bounds.high
                return bool(days) and low * days <= paid <= high * days
            case Amount(measure, bounds, window):
                value = self.measure(measure, self.bought(person, window))
                sign = {"refunded": 1, "net_spent": -1}.get(measure, 0)
                return within(bounds, value + sign * self.sent_back(person, window))
            case Day(name, when):
                days = [row["paid_day"] for row in self.bought(person, None)]
                if not days:
                    return False
                day = max(days) if name == "last_order" else min(days)
                return in_days(when, day) if isinstance(when, Between) else within(when, self.as_of_day - day)
            case OneOf(name, values):
                return self.features[person][{"group": "group3"}.get(name, name)] in values
            case Tagged(tag):
                return (person, tag) in self.tags
            case Reachable(channel):
                return self.reach.get((person, channel), (False, False))[0]
            case Consented(channel):
                return self.reach.get((person, channel), (False, False))[1]
            case Has(contact):
                return self.contacts[person][contact]
            case BoughtProduct(words, bounds, window):
                rows = [row for row in self.bought(person, window) if self.mentions(row, words.lower())]
                return within(bounds, len({row["paid_day"] for row in rows}))
            case _:
                return True

    def mentions(self, row: dict[str, Any], words: str) -> bool:
        titles = [row["titles"], *(one["title"] for one in self.lines if one["order_id"] == row["order_id"])]
        return any(words in title.lower() for title in titles)

    def bought(self, person: int, window: Window) -> list[dict[str, Any]]:
        mine = [
            row
            for row in self.orders
            if row["customer_id"] is not None
            and self.people.get(row["customer_id"], row["customer_id"]) == person
        ]
        paid = [row for row in mine if row["paid_day"] is not None and row["paid_day"] <= self.as_of_day]
        if isinstance(window, Within):
            return [row for row in paid if self.as_of_day - row["paid_day"] <= window.days]
        return paid if window is None else [row for row in paid if in_days(window, row["paid_day"])]

    def sent_back(self, person: int, window: Window) -> int:
        mine = [
            row for row in self.refunds
            if not row["order_id"] and row["finished_at"] is not None and row["customer_id"] is not None
            and self.people.get(row["customer_id"], row["customer_id"]) == person
            and row["created_day"] <= self.as_of_day
        ]  # fmt: skip
        if isinstance(window, Within):
            mine = [row for row in mine if self.as_of_day - row["created_day"] <= window.days]
        elif window is not None:
            mine = [row for row in mine if in_days(window, row["created_day"])]
        return sum(row["amount_cents"] for row in mine)

    def measure(self, measure: str, rows: list[dict[str, Any]]) -> int:
        totals: dict[str, int] = defaultdict(int)
        for row in rows:
            totals["items"] += row["item_count"]
            totals["used_coupon"] += row["coupon_used"]
            totals["spent"] += row["paid_cents"]
            totals["refunded"] += row["refunded_cents"]
            totals["net_spent"] += row["paid_cents"] - row["refunded_cents"]
        totals["bought"] = len({row["paid_day"] for row in rows})
        return totals[measure]


def within(bounds: Bounds, value: int) -> bool:
    return (bounds.low is None or value >= bounds.low) and (bounds.high is None or value <= bounds.high)


def in_days(window: Between, day: int) -> bool:
    return window.first <= date.fromordinal(day + date(1970, 1, 1).toordinal()) <= window.last

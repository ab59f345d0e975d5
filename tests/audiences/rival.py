"""The filter read slowly and plainly over rows in memory: the rival of the compiled query."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from laoke.audiences.tree import (
    GOODS,
    WEEKDAYS,
    Amount,
    And,
    Between,
    Birthday,
    BoughtPriced,
    BoughtProduct,
    Bounds,
    Condition,
    Consented,
    Coupons,
    Day,
    Expected,
    HadCase,
    Has,
    High,
    InGroup,
    Node,
    Not,
    OfGoods,
    OneOf,
    Or,
    RandomShare,
    Reachable,
    RefundTimes,
    Reviewed,
    Rewards,
    Sequence,
    Step,
    Tagged,
    Touched,
    Trait,
    Window,
    Within,
)
from laoke.experiments.assignment import Q, mix, salt_of

TIERS = {"first": {"上海"}, "new_first": {"杭州"}}  # of the cities that trees know
GOT = {"sending", "unknown", "accepted", "delivered", "undelivered", "no_receipt", "given_up", "handed_over"}


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
    products: dict[str, str] = field(default_factory=dict)
    reviews: list[dict[str, Any]] = field(default_factory=list)
    touches: list[dict[str, Any]] = field(default_factory=list)
    records: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    groups: set[tuple[int, str]] = field(default_factory=set)
    replies: list[dict[str, Any]] = field(default_factory=list)
    values: dict[int, dict[str, Any]] = field(default_factory=dict)
    coupons: list[dict[str, Any]] = field(default_factory=list)
    points: list[dict[str, Any]] = field(default_factory=list)
    draws: list[dict[str, Any]] = field(default_factory=list)
    referrals: list[dict[str, Any]] = field(default_factory=list)
    cases: list[dict[str, Any]] = field(default_factory=list)

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
            case Amount("coupon_share", bounds, window):
                rows = self.bought(person, window)
                return in_share(bounds, sum(row["coupon_used"] for row in rows), len(rows))
            case Amount("refund_share", bounds, window):
                rows = self.bought(person, window)
                back = self.measure("refunded", rows) + self.sent_back(person, window)
                return in_share(bounds, back, self.measure("spent", rows))
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
                return self.one_of(name, values, person)
            case InGroup(group):
                return any(one == person and group in (None, name) for one, name in self.groups)
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
            case Trait(name, bounds):
                return self.trait(name, bounds, person)
            case High(what):
                return bool(self.features[person][f"{what[0]}_high"])
            case Birthday(days):
                return any(self.has_birthday(one["birthday"], days) for one in self.records.get(person, []))
            case RandomShare(share, seed):
                return mix(person, salt_of("random_share", seed)) * 10_000 < share * Q
            case _:
                return self.fact(node, person)

    def fact(self, node: Condition, person: int) -> bool:
        match node:
            case OfGoods(measure, words, bounds, window):
                by, what = GOODS[measure]
                lines = [
                    (row, one)
                    for row, one in self.lines_of(person, window)
                    if self.is_of(one, by, words.lower())
                ]
                values = {
                    "days": len({row["paid_day"] for row, _ in lines}),
                    "items": sum(one["quantity"] for _, one in lines),
                    "cents": sum(one["paid_cents"] for _, one in lines),
                }
                return within(bounds, values[what])
            case BoughtPriced(price, bounds, window):
                lines = [
                    row
                    for row, one in self.lines_of(person, window)
                    if within(price, one["unit_price_cents"])
                ]
                return within(bounds, len({row["paid_day"] for row in lines}))
            case Reviewed(bounds, rating, photo, window):
                mine = {
                    row["order_id"] for row in self.orders if self.person_of(row["customer_id"]) == person
                }
                found = [
                    one for one in self.reviews
                    if one["order_id"] in mine and (rating is None or within(rating, one["rating"]))
                    and (one["has_photo"] or not photo) and self.is_in(window, one["day"])
                ]  # fmt: skip
                return within(bounds, len(found))
            case RefundTimes(bounds, kind, window):
                return within(bounds, self.refund_times(person, kind, window))
            case Touched("answered", bounds, channel, window):
                return within(bounds, len(self.answered(person, channel, window)))
            case HadCase():
                return within(node.bounds, self.cases_of(person, node))
            case Coupons(measure, bounds, issue, window):
                return within(bounds, self.coupons_of(person, measure, issue, window))
            case Rewards():
                return within(node.bounds, self.rewarded(person, node))
            case Touched(measure, bounds, channel, window):
                states = GOT if measure == "touched" else {"delivered"}
                return within(bounds, len(self.touched(person, states, channel, window)))
            case Sequence(first, then, days, negated, window):
                before = self.happened(first, person, window)
                after = self.happened(then, person, None)
                least = 0 if {first.kind, then.kind} & {"touched", "answered"} else 1
                if negated:
                    last = max(before, default=None)
                    due = last is not None and last + days <= self.as_of_day
                    return due and not any(least <= day - last <= days for day in after)
                return any(least <= day - start <= days for start in before for day in after)
            case Expected("expected_orders", bounds, days):
                said = self.values.get(person)
                return said is not None and within(bounds, hundredths(said[f"orders_{days}"], 100))
            case Expected(_, bounds, days):
                said = self.values.get(person)
                return said is not None and within(bounds, said[f"spend_{days}"])
            case _:
                return True

    def one_of(self, name: str, values: tuple[str, ...], person: int) -> bool:
        known, records = self.features[person], self.records.get(person, [])
        if name == "usual_weekday":
            return known["weekday_mode"] is not None and WEEKDAYS[known["weekday_mode"]] in values
        if name == "bought_month":
            return any(known["months_mask"] & 1 << int(month) - 1 for month in values)
        if name == "birthday_month":
            return any(one["birthday"] and str(int(one["birthday"][:2])) in values for one in records)
        if name == "platform_level":
            return any(one["level"] in values for one in records)
        if name == "city_tier":
            return any(known["city"] in TIERS[tier] for tier in values)
        return known[{"group": "group3"}.get(name, name)] in values

    def trait(self, name: str, bounds: Bounds, person: int) -> bool:
        known = self.features[person]
        if name in ("mean_gap", "overdue"):
            days = sorted({row["paid_day"] for row in self.bought(person, None)})
            if len(days) < 2:
                return False
            if name == "mean_gap":
                return in_share(bounds, days[-1] - days[0], len(days) - 1, of=1)
            return in_share(bounds, (self.as_of_day - days[-1]) * (len(days) - 1), days[-1] - days[0])
        if name == "active_probability":
            said = self.values.get(person)
            return said is not None and within(bounds, hundredths(said["p_alive"], 10_000))
        if name == "fm_score":
            return known["f_score"] is not None and within(
                bounds, -(-(known["f_score"] + known["m_score"]) // 2)
            )
        value = known[{"usual_hour": "hour_mode", "rfm_spent": "rfm_cents"}.get(name, name)]
        return value is not None and within(bounds, value)

    def has_birthday(self, birthday: str, days: int) -> bool:
        """Looked for on every single day; on the 28th of a February without a 29th also the 29th."""
        today = date.fromordinal(self.as_of_day + date(1970, 1, 1).toordinal())
        marks = set()
        for ago in range(days + 1):
            day = today + timedelta(days=ago)
            marks.add(day.strftime("%m-%d"))
            if day.month == 2 and (day + timedelta(days=1)).month == 3:
                marks.add("02-29")
        return birthday in marks

    def person_of(self, customer: int | None) -> int | None:
        return None if customer is None else self.people.get(customer, customer)

    def lines_of(self, person: int, window: Window) -> list[tuple[dict[str, Any], dict[str, Any]]]:
        return [
            (row, one)
            for row in self.bought(person, window)
            for one in self.lines
            if one["order_id"] == row["order_id"]
        ]

    def is_of(self, line: dict[str, Any], by: str, words: str) -> bool:
        text = line["title"] if by == "product" else self.products.get(line["product_id"], "")
        return words in text.lower()

    def is_in(self, window: Window, day: int) -> bool:
        if day > self.as_of_day:
            return False
        if isinstance(window, Within):
            return self.as_of_day - day <= window.days
        return window is None or in_days(window, day)

    def refund_times(self, person: int, kind: str, window: Window) -> int:
        buyers = {row["order_id"]: row["customer_id"] for row in self.orders}
        found = 0
        for one in self.refunds:
            if (
                one["finished_at"] is None
                or kind not in ("", one["kind"])
                or not self.is_in(window, one["created_day"])
            ):
                continue
            if one["order_id"] and one["order_id"] not in buyers:
                continue
            customer = buyers.get(one["order_id"]) or one["customer_id"]
            found += self.person_of(customer) == person
        return found

    def cases_of(self, person: int, node: HadCase) -> int:
        states = {"": (True, False), "open": (True,), "closed": (False,)}[node.state]
        return sum(
            self.person_of(one["person_id"]) == person and node.kind in ("", one["kind"])
            and one["is_open"] in states and self.is_in(node.window, one["opened_day"])
            for one in self.cases
        )  # fmt: skip

    def coupons_of(self, person: int, measure: str, issue: str, window: Window) -> int:
        """Each coupon by its last event alone; what was rolled back is held again."""
        last: dict[int, dict[str, Any]] = {}
        for one in sorted(self.coupons, key=lambda row: row["event_id"]):
            last[one["coupon_id"]] = one
        found = 0
        for one in last.values():
            if self.person_of(one["customer_id"]) != person or issue not in ("", one["issue"]):
                continue
            good = one["kind"] in ("claimed", "rolled_back")
            good = good and one["from_day"] <= self.as_of_day <= one["to_day"]
            used = one["kind"] == "redeemed" and self.is_in(window, one["day"])
            found += good if measure == "holds_coupon" else used
        return found

    def rewarded(self, person: int, node: Rewards) -> int:
        if node.measure in ("drew", "won"):
            return sum(
                self.person_of(one["customer_id"]) == person and node.lottery in ("", one["lottery"])
                and (one["won"] or node.measure == "drew") and self.is_in(node.window, one["day"])
                for one in self.draws
            )  # fmt: skip
        if node.measure in ("brought", "was_brought"):
            return self.brought(person, node.measure, node.window)
        return self.points_of(person, node.measure, node.window)

    def brought(self, person: int, measure: str, window: Window) -> int:
        """Void for being one person, one household or no new friend, it never was a referral."""
        part = {"brought": "referrer", "was_brought": "friend"}[measure]
        found = 0
        for one in self.referrals:
            mine = one["part"] == part and self.person_of(one["customer_id"]) == person
            real = one["reason"] in ("", "limit", "erased")
            found += mine and real and self.is_in(window, one["day"])
        return found

    def points_of(self, person: int, measure: str, window: Window) -> int:
        """Lot by lot for what is left, move by move for what came and went."""
        mine = [one for one in self.points if self.person_of(one["customer_id"]) == person]
        if measure == "points_earned":
            return sum(
                one["points"] for one in mine
                if one["kind"] in ("earned", "given") and self.is_in(window, one["day"])
            )  # fmt: skip
        if measure == "points_used":
            return -sum(
                one["points"] for one in mine
                if one["kind"] == "used" and one["stands"] and self.is_in(window, one["day"])
            )  # fmt: skip
        left: dict[tuple[int, int | None, int | None], int] = defaultdict(int)
        for one in mine:
            left[one["lot_id"], one["from_day"], one["to_day"]] += one["points"]
        total = 0
        for (_lot, first, last), points in left.items():
            if isinstance(window, Within):
                ends = last is not None and self.as_of_day <= last <= self.as_of_day + window.days
                total += points if ends else 0
            elif (first is None or first <= self.as_of_day) and (last is None or last >= self.as_of_day):
                total += points
        return total

    def touched(self, person: int, states: set[str], channel: str, window: Window) -> list[int]:
        return [
            one["day"] for one in self.touches
            if self.person_of(one["person_id"]) == person and one["state"] in states and channel in ("", one["channel"])
            and self.is_in(window, one["day"])
        ]  # fmt: skip

    def answered(self, person: int, channel: str, window: Window) -> list[int]:
        return [
            one["day"] for one in self.replies
            if self.person_of(one["person_id"]) == person and not one["opts_out"]
            and channel in ("", one["channel"]) and self.is_in(window, one["day"])
        ]  # fmt: skip

    def happened(self, step: Step, person: int, window: Window) -> set[int]:
        if step.kind == "touched":
            return set(self.touched(person, GOT, step.words, window))
        if step.kind == "answered":
            return set(self.answered(person, step.words, window))
        rows = self.bought(person, window)
        if step.kind == "product":
            rows = [row for row in rows if self.mentions(row, step.words.lower())]
        if step.kind == "category":
            rows = [
                row
                for row, one in self.lines_of(person, window)
                if self.is_of(one, "category", step.words.lower())
            ]
        return {row["paid_day"] for row in rows}

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
            taken_off = max(row["seller_discount_cents"], row["platform_discount_cents"]) > 0
            totals["full_price"] += not row["coupon_used"] and not taken_off
            totals["refunded"] += row["refunded_cents"]
            totals["net_spent"] += row["paid_cents"] - row["refunded_cents"]
        totals["bought"] = len({row["paid_day"] for row in rows})
        return totals[measure]


def hundredths(value: float, times: int) -> int:
    """Rounded half up, as one would write it down."""
    return int(value * times + 0.5)


def within(bounds: Bounds, value: int) -> bool:
    return (bounds.low is None or value >= bounds.low) and (bounds.high is None or value <= bounds.high)


def in_share(bounds: Bounds, part: int, whole: int, *, of: int = 10_000) -> bool:
    """part / whole in `of`ths lies within."""
    low, high = bounds.low or 0, 10**18 if bounds.high is None else bounds.high
    return whole > 0 and low * whole <= part * of <= high * whole


def in_days(window: Between, day: int) -> bool:
    return window.first <= date.fromordinal(day + date(1970, 1, 1).toordinal()) <= window.last

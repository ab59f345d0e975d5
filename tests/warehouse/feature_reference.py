"""customer_features again, slowly and plainly: the rival of the query, for small shops in tests."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from laoke.warehouse.features import CutPoints

CLASSES = {
    (True, True, True): "key_value",
    (False, True, True): "key_recall",
    (True, False, True): "key_develop",
    (False, False, True): "key_retain",
    (True, True, False): "general_value",
    (False, True, False): "general_keep",
    (True, False, False): "general_new",
    (False, False, False): "general_lost",
}


def features(
    orders: list[dict],
    customers: list[dict],
    person_map: dict[int, int],
    fakes: set[str],
    as_of: int,
    cuts: CutPoints,
    refunds: Sequence[dict] = (),
) -> dict[int, dict[str, Any]]:
    """{person: features} of shop 1."""
    bought: dict[int, list[dict]] = defaultdict(list)
    for row in orders:
        is_mine = row["shop_id"] == 1 and row["customer_id"] is not None and row["order_id"] not in fakes
        if is_mine and row["paid_day"] is not None and row["paid_day"] <= as_of:
            bought[person_map.get(row["customer_id"], row["customer_id"])].append(row)
    found = {person: _history(rows, as_of, cuts) for person, rows in bought.items()}
    for row in refunds:
        if row["order_id"] == "" and row["finished_at"] is not None and row["created_day"] <= as_of:
            one = found.get(person_map.get(row["customer_id"], row["customer_id"]))
            if one is not None:
                _give_back(one, row["amount_cents"], as_of - row["created_day"], cuts)
    _score(found, as_of, cuts)
    for customer in customers:
        person = person_map.get(customer["customer_id"], customer["customer_id"])
        found.setdefault(
            person, {"orders": 0, "lifecycle": "prospect", "group3": "ordinary", "rfm": "", "net_cents": 0}
        )
    return found


def _history(rows: list[dict], as_of: int, cuts: CutPoints) -> dict[str, Any]:
    days: dict[int, list[dict]] = defaultdict(list)
    for row in rows:
        days[row["paid_day"]].append(row)
    result: dict[str, Any] = {"first_day": min(days), "last_day": max(days), "orders": len(days)}
    for window in (30, 90, 180, 365):
        inside = [row for row in rows if as_of - row["paid_day"] <= window]
        result[f"orders_{window}"] = len({row["paid_day"] for row in inside})
        result[f"paid_cents_{window}"] = sum(row["paid_cents"] for row in inside)
    result["paid_cents"] = sum(row["paid_cents"] for row in rows)
    result["refunded_cents"] = sum(row["refunded_cents"] for row in rows)
    result["net_cents"] = result["paid_cents"] - result["refunded_cents"]
    result["net_cents_365"] = sum(_net(row) for row in rows if as_of - row["paid_day"] <= 365)
    result["item_count"] = sum(row["item_count"] for row in rows)
    result["coupon_orders"] = sum(row["coupon_used"] for row in rows)
    gaps = len(days) - 1
    result["mean_gap_days"] = (max(days) - min(days)) / gaps if gaps else None
    result["weekday_mode"] = _mode(rows_of_day[0]["paid_weekday"] for rows_of_day in days.values())
    result["hour_mode"] = _mode(min(row["paid_hour"] for row in rows_of_day) for rows_of_day in days.values())
    result["months_mask"] = sum({1 << (row["paid_at"].month - 1) for row in rows})
    places = {day: max((r["province"], r["city"]) for r in rs) for day, rs in days.items()}
    known = [day for day in places if places[day] != ("", "")]
    result["province"], result["city"] = places[max(known)] if known else ("", "")
    result["f"] = len([day for day in days if as_of - day <= cuts.rfm_days])
    result["m"] = sum(_net(row) for row in rows if as_of - row["paid_day"] <= cuts.rfm_days)
    result["lifecycle"] = _stage(as_of - max(days), len(days), cuts)
    is_recent = as_of - max(days) <= cuts.group_active_days
    result["group3"] = "loyal" if len(days) >= cuts.loyal_orders else "active" if is_recent else "ordinary"
    return result


def _give_back(one: dict[str, Any], cents: int, days_since: int, cuts: CutPoints) -> None:
    one["refunded_cents"] += cents
    one["net_cents"] -= cents
    one["net_cents_365"] -= cents if days_since <= 365 else 0
    one["m"] -= cents if days_since <= cuts.rfm_days else 0


def _net(row: dict) -> int:
    return row["paid_cents"] - row["refunded_cents"]


def _mode(values: Any) -> int:
    counts = Counter(values)
    return min(value for value in counts if counts[value] == max(counts.values()))


def _stage(days_since: int, orders: int, cuts: CutPoints) -> str:
    if days_since <= cuts.active_days:
        return "new_customer" if orders == 1 else "active"
    if days_since <= cuts.silent_days:
        return "silent"
    if days_since <= cuts.dormant_days:
        return "dormant"
    return "nearly_lost" if days_since <= cuts.nearly_lost_days else "lost"


def _score(found: dict[int, dict[str, Any]], as_of: int, cuts: CutPoints) -> None:
    for letter, source in (("r", "last_day"), ("f", "f"), ("m", "m")):
        values = [one[source] for one in found.values()]
        fixed = {"r": cuts.r_high_days, "f": cuts.f_high_orders, "m": cuts.m_high_cents}[letter]
        for one in found.values():
            below = sum(value < one[source] for value in values)
            one[f"{letter}_score"] = 1 + below * 5 // len(values)
            if cuts.score_by != "quintile":
                one[f"{letter}_score"] = _fixed_score(letter, one, found, as_of, cuts)
            if cuts.high_by == "mean":
                one[f"{letter}_high"] = one[source] > Fraction(sum(values), len(values))
            elif cuts.high_by == "median":
                one[f"{letter}_high"] = below * 2 >= len(values)
            elif letter == "r":
                one["r_high"] = as_of - one["last_day"] <= fixed
            else:
                one[f"{letter}_high"] = one[source] >= fixed
    for one in found.values():
        one["rfm"] = CLASSES[one["r_high"], one["f_high"], one["m_high"]]


def _fixed_score(letter: str, one: dict, found: dict[int, dict], as_of: int, cuts: CutPoints) -> int:
    if letter == "r":
        return 5 - sum(as_of - one["last_day"] > cut for cut in cuts.r_cuts)
    if letter == "f":
        return 1 + sum(one["f"] >= cut for cut in cuts.f_cuts)
    if cuts.score_by == "lines":
        return 1 + sum(one["m"] >= line for line in cuts.m_lines)
    amount = max(sum(each["m"] for each in found.values()), 0) // max(
        sum(each["f"] for each in found.values()), 1
    )
    return 1 + sum(one["m"] >= cut * amount for cut in cuts.m_cuts)

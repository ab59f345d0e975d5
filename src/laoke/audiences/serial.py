"""A filter tree as JSON and back. What is read is validated as strictly as what is parsed from text."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from laoke.audiences.tree import (
    MAX_DEPTH,
    Amount,
    And,
    Between,
    Birthday,
    BoughtPriced,
    BoughtProduct,
    Bounds,
    Consented,
    Coupons,
    Day,
    Everyone,
    Expected,
    HadCase,
    Has,
    High,
    InGroup,
    InSegment,
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
    TreeError,
    Window,
    Within,
)
from laoke.audiences.tree_size import check_size


def to_json(node: Node) -> dict[str, Any]:
    """The tree as plain dictionaries, lists, texts and integers."""
    match node:
        case And(parts):
            return {"kind": "and", "parts": [to_json(part) for part in parts]}
        case Or(parts):
            return {"kind": "or", "parts": [to_json(part) for part in parts]}
        case Not(part):
            return {"kind": "not", "part": to_json(part)}
        case Amount(measure, bounds, window):
            return {"kind": "amount", "measure": measure, **_range(bounds), **_window(window)}
        case Day(field, when):
            return {"kind": "day", "field": field, **_range_or_days(when)}
        case OneOf(field, values):
            return {"kind": "one_of", "field": field, "values": list(values)}
        case InGroup(group):
            return {"kind": "in_group"} if group is None else {"kind": "in_group", "group": group}
        case Tagged(tag):
            return {"kind": "tag", "tag": tag}
        case Consented(channel):
            return {"kind": "consent", "channel": channel}
        case Reachable(channel):
            return {"kind": "reachable", "channel": channel}
        case Has(contact):
            return {"kind": "has", "contact": contact}
        case BoughtProduct(words, bounds, window):
            return {"kind": "bought_product", "words": words, **_range(bounds), **_window(window)}
        case Trait(name, bounds):
            return {"kind": "trait", "name": name, **_range(bounds)}
        case Expected(measure, bounds, days):
            return {"kind": "expected", "measure": measure, **_range(bounds), "days": days}
        case High(what):
            return {"kind": "high", "what": what}
        case Birthday(days):
            return {"kind": "birthday", "days": days}
        case RandomShare(share, seed):
            return {"kind": "random_share", "share": share, "seed": seed}
        case InSegment(name, tree):
            # What it said when it was looked up stands beside the name; it is looked up again when this is read.
            return {"kind": "segment", "name": name, **({} if tree is None else {"says": to_json(tree)})}
        case _:
            return _of_facts(node)


def _of_facts(node: Node) -> dict[str, Any]:
    match node:
        case OfGoods(measure, words, bounds, window):
            return {"kind": "goods", "measure": measure, "words": words, **_range(bounds), **_window(window)}
        case BoughtPriced(price, bounds, window):
            return {"kind": "bought_priced", "price": _range(price), **_range(bounds), **_window(window)}
        case Sequence(first, then, days, negated, window):
            told = {
                "kind": "sequence",
                "first": _step(first),
                "then": _step(then),
                "days": days,
                "not": negated,
            }
            return {**told, **_window(window)}
        case Reviewed(bounds, rating, photo, window):
            stars = {} if rating is None else {"rating": _range(rating)}
            return {"kind": "reviewed", **_range(bounds), **stars, "photo": photo, **_window(window)}
        case RefundTimes(bounds, kind, window):
            return {"kind": "refund_times", "of": kind, **_range(bounds), **_window(window)}
        case HadCase(bounds, kind, state, window):
            told = {"kind": "had_case", "of": kind, "state": state}
            return {**told, **_range(bounds), **_window(window)}
        case Coupons(measure, bounds, issue, window):
            told = {"kind": "coupons", "measure": measure, "issue": issue}
            return {**told, **_range(bounds), **_window(window)}
        case Rewards(measure, bounds, lottery, window):
            told = {"kind": "rewards", "measure": measure, "lottery": lottery}
            return {**told, **_range(bounds), **_window(window)}
        case Touched(measure, bounds, channel, window):
            told = {"kind": "touched", "measure": measure, "channel": channel}
            return {**told, **_range(bounds), **_window(window)}
        case _:
            return {"kind": "everyone"}


def _step(step: Step) -> dict[str, Any]:
    return {"kind": step.kind, "words": step.words}


def _range(bounds: Bounds) -> dict[str, Any]:
    return {"low": bounds.low, "high": bounds.high}


def _window(window: Window) -> dict[str, Any]:
    if isinstance(window, Within):
        return {"within": window.days}
    return {} if window is None else {"from": window.first.isoformat(), "to": window.last.isoformat()}


def _range_or_days(when: Bounds | Between) -> dict[str, Any]:
    return _range(when) if isinstance(when, Bounds) else _window(when)


def from_json(data: object) -> Node:
    """The tree that `to_json` wrote.

    Raises
    ------
    TreeError
        when the data is no filter.
    """
    node = _node(data, 0)
    check_size(node)
    return node


def _node(data: object, depth: int) -> Node:
    if not isinstance(data, Mapping) or depth > MAX_DEPTH:
        raise TreeError("no_filter" if depth <= MAX_DEPTH else "too_deep", most=MAX_DEPTH)
    kind = data.get("kind")
    if kind in ("and", "or"):
        parts = tuple(_node(part, depth + 1) for part in _list(data.get("parts")))
        return And(parts) if kind == "and" else Or(parts)
    if kind == "not":
        return Not(_node(data.get("part"), depth + 1))
    if not isinstance(kind, str) or kind not in _READERS:
        raise TreeError(
            "unknown_value", what="kind", found=str(kind), allowed=["and", "or", "not", *_READERS]
        )
    return _READERS[kind](data)


def _list(value: object) -> list[Any]:
    if not isinstance(value, list):
        raise TreeError("no_filter")
    return value


def _read_bounds(data: Mapping[str, Any]) -> Bounds:
    return Bounds(data.get("low"), data.get("high"))


def _read_window(data: Mapping[str, Any]) -> Window:
    if "within" in data:
        return Within(data["within"])
    if "from" in data or "to" in data:
        return Between(_day(data.get("from")), _day(data.get("to")))
    return None


def _day(value: object) -> date:
    try:
        return date.fromisoformat(str(value))
    except ValueError as error:
        raise TreeError("bad_date", found=str(value)) from error


def _read_day(data: Mapping[str, Any]) -> Day:
    window = _read_window(data)
    return Day(_text(data, "field"), window if isinstance(window, Between) else _read_bounds(data))


def _text(data: Mapping[str, Any], key: str) -> str:
    value = data.get(key)
    if not isinstance(value, str):
        raise TreeError("empty_text")
    return value


def _read_step(value: object) -> Step:
    data = _mapping(value)
    return Step(_text(data, "kind"), _text(data, "words"))


def _mapping(value: object) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise TreeError("no_filter")
    return value


def _read_reviewed(data: Mapping[str, Any]) -> Reviewed:
    rating = _read_bounds(_mapping(data["rating"])) if "rating" in data else None
    return Reviewed(_read_bounds(data), rating, data.get("photo", False), _read_window(data))


_READERS: Mapping[str, Callable[[Mapping[str, Any]], Node]] = {
    "everyone": lambda data: Everyone(),
    "amount": lambda data: Amount(_text(data, "measure"), _read_bounds(data), _read_window(data)),
    "day": _read_day,
    "one_of": lambda data: OneOf(_text(data, "field"), tuple(str(v) for v in _list(data.get("values")))),
    "tag": lambda data: Tagged(_text(data, "tag")),
    "in_group": lambda data: InGroup(_text(data, "group") if "group" in data else None),
    "consent": lambda data: Consented(_text(data, "channel")),
    "reachable": lambda data: Reachable(_text(data, "channel")),
    "has": lambda data: Has(_text(data, "contact")),
    "bought_product": lambda data: BoughtProduct(
        _text(data, "words"), _read_bounds(data), _read_window(data)
    ),
    "goods": lambda data: OfGoods(
        _text(data, "measure"), _text(data, "words"), _read_bounds(data), _read_window(data)
    ),
    "bought_priced": lambda data: BoughtPriced(
        _read_bounds(_mapping(data.get("price"))), _read_bounds(data), _read_window(data)
    ),
    "sequence": lambda data: Sequence(
        _read_step(data.get("first")), _read_step(data.get("then")), data.get("days", 0), data.get("not", False),
        _read_window(data),
    ),
    "reviewed": _read_reviewed,
    "refund_times": lambda data: RefundTimes(_read_bounds(data), _text(data, "of"), _read_window(data)),
    "had_case": lambda data: HadCase(
        _read_bounds(data), _text(data, "of"), _text(data, "state"), _read_window(data)
    ),
    "touched": lambda data: Touched(
        _text(data, "measure"), _read_bounds(data), _text(data, "channel"), _read_window(data)
    ),
    "coupons": lambda data: Coupons(
        _text(data, "measure"), _read_bounds(data), _text(data, "issue"), _read_window(data)
    ),
    "rewards": lambda data: Rewards(
        _text(data, "measure"), _read_bounds(data), _text(data, "lottery"), _read_window(data)
    ),
    "trait": lambda data: Trait(_text(data, "name"), _read_bounds(data)),
    "expected": lambda data: Expected(_text(data, "measure"), _read_bounds(data), data.get("days", 0)),
    "high": lambda data: High(_text(data, "what")),
    "birthday": lambda data: Birthday(data.get("days", -1)),
    "random_share": lambda data: RandomShare(data.get("share", 0), _text(data, "seed")),
    "segment": lambda data: InSegment(_text(data, "name")),
}  # fmt: skip

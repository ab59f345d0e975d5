"""The filter as data: a tree of conditions joined by and, or, not. Validated on construction, plain JSON outside.

Counts are whole numbers, money is integer cents, times are days before the as-of day or calendar days. Every bound is
inclusive. The tree knows neither its text form (`text.py`) nor its query (`compiling.py`).

    TreeError    the data is no filter: `code` and `params` say why
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

MAX_DEPTH = 40
MAX_CONDITIONS = 200
MAX_VALUES = 500
MAX_TEXT = 100
LARGEST = 10**13
LONGEST_DAYS = 20_000

COUNT_MEASURES = ("bought", "items", "used_coupon")
MONEY_MEASURES = ("spent", "net_spent", "refunded", "average_order")
MEASURES = COUNT_MEASURES + MONEY_MEASURES
# What a measure without bounds means; the others say nothing without a bound.
USUAL_LOW = {"bought": 1, "items": 1, "used_coupon": 1, "refunded": 1}
DAY_FIELDS = ("last_order", "first_order")
TEXT_FIELDS = ("city", "province", "lifecycle", "group", "rfm")
LIFECYCLES = ("prospect", "new_customer", "active", "silent", "dormant", "nearly_lost", "lost")
GROUPS = ("loyal", "active", "ordinary")
RFM_CLASSES = (
    "key_value", "key_recall", "key_develop", "key_retain",
    "general_value", "general_keep", "general_new", "general_lost",
)  # fmt: skip
CLOSED_VALUES = {"lifecycle": LIFECYCLES, "group": GROUPS, "rfm": RFM_CLASSES}
CHANNELS = ("sms", "email", "call", "handover")
CONTACTS = ("phone", "email", "nick")


class TreeError(ValueError):
    """Data that is no filter. `code` is stable, `params` fill the message."""

    def __init__(self, code: str, **params: Any) -> None:
        super().__init__(f"{code} {params}")
        self.code, self.params = code, params


def _refuse_unless(holds: bool, code: str, **params: Any) -> None:
    if not holds:
        raise TreeError(code, **params)


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _check_known(value: object, known: tuple[str, ...], what: str) -> None:
    _refuse_unless(value in known, "unknown_value", what=what, found=str(value), allowed=list(known))


def _check_text(value: object) -> None:
    _refuse_unless(isinstance(value, str) and bool(value.strip()), "empty_text")
    _refuse_unless(len(str(value)) <= MAX_TEXT, "text_too_long", most=MAX_TEXT)


@dataclass(frozen=True)
class Bounds:
    """Both ends inclusive; None = open. Counts, cents or days, never negative."""

    low: int | None = None
    high: int | None = None

    def __post_init__(self) -> None:
        for end in (self.low, self.high):
            _refuse_unless(
                end is None or (_is_whole(end) and 0 <= end <= LARGEST), "bad_bound", found=str(end)
            )
        _refuse_unless(self.low is not None or self.high is not None, "no_bound")
        if self.low is not None and self.high is not None:
            _refuse_unless(self.low <= self.high, "empty_range", low=self.low, high=self.high)

    def holds(self, value: int) -> bool:
        """Whether the value lies within."""
        return (self.low is None or value >= self.low) and (self.high is None or value <= self.high)


@dataclass(frozen=True)
class Within:
    """Not more than so many days before the as-of day."""

    days: int

    def __post_init__(self) -> None:
        _refuse_unless(
            _is_whole(self.days) and 0 <= self.days <= LONGEST_DAYS, "bad_window", found=str(self.days)
        )


@dataclass(frozen=True)
class Between:
    """From one calendar day to another, both included."""

    first: date
    last: date

    def __post_init__(self) -> None:
        _refuse_unless(
            type(self.first) is date and type(self.last) is date, "bad_window", found=str(self.first)
        )
        _refuse_unless(
            self.first <= self.last, "empty_range", low=self.first.isoformat(), high=self.last.isoformat()
        )


Window = Within | Between | None


@dataclass(frozen=True)
class Everyone:
    """Every person of the shop."""


@dataclass(frozen=True)
class Amount:
    """How often, how many or how much, in a window. `bought` counts purchase days, `average_order` divides by them."""

    measure: str
    bounds: Bounds
    window: Window = None

    def __post_init__(self) -> None:
        _check_known(self.measure, MEASURES, "measure")


@dataclass(frozen=True)
class Day:
    """When the first or the last purchase was: days ago (Bounds) or calendar days (Between)."""

    field: str
    when: Bounds | Between

    def __post_init__(self) -> None:
        _check_known(self.field, DAY_FIELDS, "day")
        if isinstance(self.when, Bounds):
            for end in (self.when.low, self.when.high):
                _refuse_unless(end is None or end <= LONGEST_DAYS, "bad_window", found=str(end))


@dataclass(frozen=True)
class OneOf:
    """A text of the person is one of these values."""

    field: str
    values: tuple[str, ...]

    def __post_init__(self) -> None:
        _check_known(self.field, TEXT_FIELDS, "field")
        _refuse_unless(0 < len(self.values) <= MAX_VALUES, "bad_list", most=MAX_VALUES)
        _refuse_unless(len(set(self.values)) == len(self.values), "doubled_value")
        for value in self.values:
            _check_text(value)
            if self.field in CLOSED_VALUES:
                _check_known(value, CLOSED_VALUES[self.field], self.field)


@dataclass(frozen=True)
class Tagged:
    """The person has a tag of the shop."""

    tag: str

    def __post_init__(self) -> None:
        _check_text(self.tag)


@dataclass(frozen=True)
class Consented:
    """The person consented to marketing on the channel and did not refuse it since."""

    channel: str

    def __post_init__(self) -> None:
        _check_known(self.channel, CHANNELS, "channel")


@dataclass(frozen=True)
class Reachable:
    """The person may and can be written to on the channel."""

    channel: str

    def __post_init__(self) -> None:
        _check_known(self.channel, CHANNELS, "channel")


@dataclass(frozen=True)
class Has:
    """A contact or key of that kind came with some order of the person."""

    contact: str

    def __post_init__(self) -> None:
        _check_known(self.contact, CONTACTS, "contact")


@dataclass(frozen=True)
class BoughtProduct:
    """Purchase days on which a product was bought whose title has these words."""

    words: str
    bounds: Bounds = Bounds(1, None)
    window: Window = None

    def __post_init__(self) -> None:
        _check_text(self.words)


@dataclass(frozen=True)
class Not:
    """The part does not hold."""

    part: Node


@dataclass(frozen=True)
class And:
    """All parts hold. At least two; an And within it is written flat (`all_of`)."""

    parts: tuple[Node, ...]

    def __post_init__(self) -> None:
        _refuse_unless(len(self.parts) >= 2 and not any(isinstance(p, And) for p in self.parts), "bad_join")


@dataclass(frozen=True)
class Or:
    """One part holds at least. At least two; an Or within it is written flat (`any_of`)."""

    parts: tuple[Node, ...]

    def __post_init__(self) -> None:
        _refuse_unless(len(self.parts) >= 2 and not any(isinstance(p, Or) for p in self.parts), "bad_join")


Condition = Everyone | Amount | Day | OneOf | Tagged | Consented | Reachable | Has | BoughtProduct
Node = Condition | Not | And | Or


def all_of(*parts: Node) -> Node:
    """The parts joined by and, flat."""
    flat = [one for part in parts for one in (part.parts if isinstance(part, And) else (part,))]
    return flat[0] if len(flat) == 1 else And(tuple(flat))


def any_of(*parts: Node) -> Node:
    """The parts joined by or, flat."""
    flat = [one for part in parts for one in (part.parts if isinstance(part, Or) else (part,))]
    return flat[0] if len(flat) == 1 else Or(tuple(flat))


def children(node: Node) -> tuple[Node, ...]:
    """The parts of a join or a not; none of a condition."""
    if isinstance(node, And | Or):
        return node.parts
    return (node.part,) if isinstance(node, Not) else ()


def conditions(node: Node) -> Iterator[Condition]:
    """The conditions of a tree from left to right, each as often as it stands there."""
    if not isinstance(node, And | Or | Not):
        yield node
    for child in children(node):
        yield from conditions(child)


def check_size(node: Node) -> None:
    """Refuse a tree too deep or too wide to be meant.

    Raises
    ------
    TreeError
        `too_deep` or `too_many`.
    """
    _refuse_unless(_depth(node, 0) <= MAX_DEPTH, "too_deep", most=MAX_DEPTH)
    _refuse_unless(sum(1 for _ in conditions(node)) <= MAX_CONDITIONS, "too_many", most=MAX_CONDITIONS)


def _depth(node: Node, above: int) -> int:
    if above > MAX_DEPTH:
        return above
    return max((_depth(child, above + 1) for child in children(node)), default=above + 1)

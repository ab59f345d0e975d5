"""Filters that can hold for nobody: what they say is found out from the tree alone, before anything is counted.

Only what is certain is named, whatever the facts are: parts joined by and whose values cannot meet. A filter of which
nothing is found may still hold for nobody.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from laoke.audiences.tree import (
    CLOSED_VALUES,
    Amount,
    And,
    Between,
    Bounds,
    Coupons,
    Day,
    Everyone,
    Expected,
    HadCase,
    InSegment,
    Node,
    Not,
    OneOf,
    Or,
    Rewards,
    Touched,
    Trait,
    Window,
    Within,
)

# More in a longer window is no less: false for what may be negative or is divided.
GROWING = ("bought", "items", "used_coupon", "full_price", "spent", "refunded")
# Of each person one value at most; of months there may be several.
SINGLE = ("city", "province", "lifecycle", "group", "rfm", "usual_weekday")
# As the query spells places: 内蒙古 is 内蒙古自治区.
_ENDINGS = {
    "city": ("市",),
    "province": ("省", "市", "特别行政区", "维吾尔自治区", "壮族自治区", "回族自治区", "自治区"),
}


@dataclass(frozen=True)
class Contradiction:
    """Parts that cannot hold together; one part alone when it can hold for nobody by itself."""

    parts: tuple[Node, ...]


def contradiction_in(node: Node) -> Contradiction | None:
    """The first contradiction that leaves nobody, or None. Named segments count as far as they were looked up."""
    match node:
        case Or(parts):
            found = [contradiction_in(part) for part in parts]
            return found[0] if all(found) else None
        case And(parts):
            return next((one for one in map(contradiction_in, parts) if one), None) or _between(parts)
        case Not(Everyone()):
            return Contradiction((node,))
        case InSegment(_, tree) if tree is not None and contradiction_in(tree):
            return Contradiction((node,))
    return None


def _between(parts: Sequence[Node]) -> Contradiction | None:
    """Two of the parts that cannot meet: each with each, but only those that look at the same thing."""
    for at, first in enumerate(parts):
        for second in parts[at + 1 :]:
            if _exclude(first, second) or _exclude(second, first):
                return Contradiction((first, second))
    return _nothing_left(parts)


def _exclude(first: Node, second: Node) -> bool:
    """The two cannot both hold; asked both ways round."""
    if isinstance(second, Not) and second.part == first:
        return True
    match first, second:
        case Amount(), Amount():
            return _amounts(first, second)
        case Trait(name, bounds), Trait(other, more) if name == other:
            return not _meet(bounds, more)
        case Expected(name, bounds, days), Expected(other, more, horizon) if (name, days) == (other, horizon):
            return not _meet(bounds, more)
        case Coupons(), Coupons() if replace(first, bounds=second.bounds) == second:
            return not _meet(first.bounds, second.bounds)
        case HadCase(), HadCase() if replace(first, bounds=second.bounds) == second:
            return not _meet(first.bounds, second.bounds)
        case Rewards(), Rewards() if first.lottery == second.lottery or not second.lottery:
            return _rewards(first, second)
        case Touched(), Touched() if first.channel == second.channel or not second.channel:
            return _messages(first, second)
        case Day(field, when), Day(other, more):
            return _days(field, when, other, more)
        case Amount("bought", Bounds(_, 0), None), Day() | Trait("mean_gap" | "overdue" | "usual_hour", _):
            return True
        case OneOf(field, values), OneOf(other, more) if field == other and field in SINGLE:
            return not _named(field, values) & _named(field, more)
        case OneOf(field, values), Not(OneOf(other, more)) if field == other and field in SINGLE:
            return _named(field, values) <= _named(field, more)
    return False


def _more_within(first: Amount | Touched | Rewards, second: Amount | Touched | Rewards) -> bool:
    """At least so many in a window, and fewer in one that holds it."""
    inner, outer = first.bounds.low, second.bounds.high
    return _holds(second.window, first.window) and inner is not None and outer is not None and inner > outer


def _amounts(first: Amount, second: Amount) -> bool:
    """The same measure: one window whose ranges do not meet, or more in a window than in a longer one."""
    if first.measure != second.measure:
        return first.measure == "bought" and _never_bought(first, second)
    if first.window == second.window:
        return not _meet(first.bounds, second.bounds)
    return first.measure in GROWING and _more_within(first, second)


def _messages(first: Touched, second: Touched) -> bool:
    """More messages than in a longer window, on all channels, or of those that were delivered than were sent."""
    asks = [(one.measure, one.channel, one.window) for one in (first, second)]
    if asks[0] == asks[1]:
        return not _meet(first.bounds, second.bounds)
    counted = first.measure == second.measure or (first.measure, second.measure) == ("delivered", "touched")
    return counted and _more_within(first, second)


def _rewards(first: Rewards, second: Rewards) -> bool:
    """More than in a longer window, in one lottery than in all, or more prizes than draws."""
    asks = [(one.measure, one.lottery, one.window) for one in (first, second)]
    if asks[0] == asks[1]:
        return not _meet(first.bounds, second.bounds)
    counted = first.measure == second.measure or (first.measure, second.measure) == ("won", "drew")
    return counted and _more_within(first, second)


def _never_bought(bought: Amount, other: Amount) -> bool:
    """Nothing was bought in the whole window, and yet there was something in it."""
    if bought.bounds.high != 0 or not _holds(bought.window, other.window):
        return False
    if other.measure in ("average_order", "coupon_share"):
        return True
    return other.measure in ("items", "used_coupon", "full_price", "spent") and (other.bounds.low or 0) > 0


def _holds(outer: Window, inner: Window) -> bool:
    """Every day of the inner window lies in the outer one, whatever day it is."""
    if outer is None or outer == inner:
        return True
    if isinstance(outer, Within) and isinstance(inner, Within):
        return inner.days <= outer.days
    if isinstance(outer, Between) and isinstance(inner, Between):
        return outer.first <= inner.first and inner.last <= outer.last
    return False


def _days(field: str, when: Bounds | Between, other: str, more: Bounds | Between) -> bool:
    """The same day in two ranges that do not meet, or a first purchase after the last."""
    if isinstance(when, Between) and isinstance(more, Between):
        if field == other:
            return when.last < more.first or more.last < when.first
        return field == "last_order" and when.last < more.first
    if isinstance(when, Bounds) and isinstance(more, Bounds):
        if field == other:
            return not _meet(when, more)
        # So many days ago: the last purchase lies further back than the first may.
        return field == "last_order" and more.high is not None and (when.low or 0) > more.high
    return False


def _meet(first: Bounds, second: Bounds) -> bool:
    low = max(first.low or 0, second.low or 0)
    highs = [high for high in (first.high, second.high) if high is not None]
    return not highs or low <= min(highs)


def _named(field: str, values: Sequence[str]) -> set[str]:
    """The values, places without their ending."""
    found = set()
    for value in values:
        endings = (one for one in _ENDINGS.get(field, ()) if value.endswith(one))
        found.add(value.removesuffix(next((one for one in endings if len(value) - len(one) >= 2), "")))
    return found


def _nothing_left(parts: Sequence[Node]) -> Contradiction | None:
    """A closed list of which every value was excluded, by several parts."""
    for field in ("lifecycle", "group"):
        gone = [part for part in parts if isinstance(part, Not) and _is_of(part.part, field)]
        values = {value for part in gone for value in _values(part.part)}
        if values == set(CLOSED_VALUES[field]):
            return Contradiction(tuple(gone))
    return None


def _is_of(node: Node, field: str) -> bool:
    return isinstance(node, OneOf) and node.field == field


def _values(node: Node) -> Iterator[str]:
    if isinstance(node, OneOf):
        yield from node.values

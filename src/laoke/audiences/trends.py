"""A segment over time, and segments over each other.

Who would have been in a segment at a month end is asked of the features of that day, with the same filter and that day
as today: windows count back from it. What was decided (tags, consent, reach) and what a customer record says is known
as it is now only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from laoke.audiences.compiling import count_query, members_query
from laoke.audiences.counting import tree_of
from laoke.audiences.figures import overlap_query
from laoke.audiences.readings import Reading, reading_of
from laoke.audiences.tree import (
    HELD_NOW,
    Consented,
    Coupons,
    Everyone,
    HadCase,
    Has,
    InGroup,
    Node,
    OneOf,
    Reachable,
    Rewards,
    Tagged,
    everywhere,
)
from laoke.audiences.value_basis import asks_value
from laoke.promotions.past_segments import SegmentThen, month_ends_before
from laoke.shops.models import Shop

EPOCH = date(1970, 1, 1)
MONTHS = 12
MOST_OVERLAID = 8


@dataclass(frozen=True)
class Moment:
    """How many were in a segment on a day, of how many the shop knew by then."""

    day: date
    n: int
    people: int

    @property
    def share(self) -> float:
        return self.n / self.people if self.people else 0.0


@dataclass(frozen=True)
class Trend:
    """Month ends, oldest first, and the day of the figures last. `missing` month ends have no features yet;
    `as_now` says that the filter reads what is known as of now only."""

    moments: tuple[Moment, ...]
    missing: tuple[date, ...]
    as_now: bool


def trend(shop: Shop, given: str | Node, today: date | None = None) -> Trend:
    """Who would have been in the segment at the last twelve month ends."""
    node = tree_of(shop, given)
    reading = reading_of(shop, today)
    kept = reading.reader.query("feature_days", shop_id=shop.pk, to_day=reading.as_of_day)
    have = set(kept.column("as_of_day").to_pylist())
    ends = _month_ends(reading.as_of, MONTHS)
    span = reading.reader.remembered("orders_span", shop_id=shop.pk).to_pylist()[0]
    first = reading.as_of_day if span["first_paid_day"] is None else span["first_paid_day"]
    days = [end for end in ends if (end - EPOCH).days in have]
    # Before the first purchase nobody was there: nothing is missing then.
    missing = [end for end in ends if (end - EPOCH).days not in have and (end - EPOCH).days >= first]
    moments = [_moment(reading, node, (day - EPOCH).days) for day in [*days, reading.as_of]]
    return Trend(tuple(moments), tuple(missing), _reads_now(node))


def _month_ends(today: date, count: int) -> list[date]:
    """The last days of the months before this one, oldest first; today is none of them."""
    ends, first = [], today.replace(day=1)
    for _ in range(count):
        ends.append(first - timedelta(days=1))
        first = ends[-1].replace(day=1)
    return ends[::-1]


def _moment(reading: Reading, node: Node, day: int) -> Moment:
    n, people = (reading.rows(count_query(one, reading.shop_id, day))[0]["n"] for one in (node, Everyone()))
    return Moment(EPOCH + timedelta(days=day), n, people)


def _reads_now(node: Node) -> bool:
    for one in everywhere(node):
        if isinstance(one, Tagged | InGroup | Consented | Reachable | Has) or asks_value(one):
            return True
        if isinstance(one, Coupons | Rewards) and one.measure in (*HELD_NOW, "points_ending"):
            return True
        if isinstance(one, HadCase) and one.state:
            return True
        if isinstance(one, OneOf) and one.field == "platform_level":
            return True
    return False


def people_then(shop: Shop, given: str | Node, first: date, last: date, today: date) -> SegmentThen:
    """Who would have been in the segment at the month end before each order of a period.

    Raises
    ------
    NotReady, FilterError, TreeError
    """
    node, reading = tree_of(shop, given), reading_of(shop, today)
    kept = reading.reader.query("feature_days", shop_id=shop.pk, to_day=reading.as_of_day)
    have = set(kept.column("as_of_day").to_pylist())
    ends = [(end - EPOCH).days for end in month_ends_before(first, last)]
    people = {
        end: reading.table(members_query(node, reading.shop_id, end, False))["person_id"].to_numpy()
        for end in ends
        if end in have
    }
    return SegmentThen(people, tuple(end for end in ends if end not in have), _reads_now(node))


@dataclass(frozen=True)
class Overlap:
    """How many are in each pair of some filters: `shared[i][j]`, the filter's own count where i = j; `apart[i]` are in
    none of the others, `anywhere` in one at least."""

    shared: tuple[tuple[int, ...], ...]
    apart: tuple[int, ...]
    anywhere: int
    people: int


def overlap(shop: Shop, given: Sequence[str | Node], today: date | None = None) -> Overlap:
    """The overlap of up to `MOST_OVERLAID` filters, in one pass over the customers."""
    if len(given) > MOST_OVERLAID:
        raise ValueError(f"{len(given)} filters, at most {MOST_OVERLAID} in one matrix")
    nodes = tuple(tree_of(shop, one) for one in given)
    reading = reading_of(shop, today)
    if not nodes:
        return Overlap((), (), 0, reading.people)
    row = reading.rows(overlap_query(nodes, reading.shop_id, reading.as_of_day))[0]
    size = range(len(nodes))
    shared = tuple(tuple(row[f"n_{min(i, j)}_{max(i, j)}"] for j in size) for i in size)
    return Overlap(shared, tuple(row[f"apart_{i}"] for i in size), row["anywhere"], reading.people)

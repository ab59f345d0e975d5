"""What a page asks of a segment: how many, who, a few of them, how they can be reached, and why one is in or out.

Each function takes the filter as text or tree and counts over the newest catalog entry with the ledger laid over it, so
a tag set now counts now. All of them may be called from many threads at once.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

from laoke.audiences import wording
from laoke.audiences.compiling import count_query, explain_query, members_query, steps_query
from laoke.audiences.figures import bands_query, profiles_query, reach_query, shape_query
from laoke.audiences.printing import print_filter
from laoke.audiences.readings import Reading, reading_of
from laoke.audiences.references import resolved
from laoke.audiences.text import parse
from laoke.audiences.tree import CHANNELS, And, Everyone, Node, Not, Or, children
from laoke.shops.models import Shop

if TYPE_CHECKING:
    import pyarrow as pa

LARGEST_SAMPLE = 200


@dataclass(frozen=True)
class Counted:
    """How many persons a filter holds for, of all the shop knows; seconds are the query's."""

    n: int
    people: int
    seconds: float
    catalog_id: int
    as_of: date

    @property
    def share(self) -> float:
        """0..1; 0 when the shop knows nobody."""
        return self.n / self.people if self.people else 0.0


@dataclass(frozen=True)
class Step:
    """One part of the outermost and: how many remain after it, and how many it took away."""

    text: str
    description: str
    remaining: int
    removed: int


@dataclass(frozen=True)
class ChannelReach:
    """How many of a segment can be reached on a channel, and of the others how many for which reason."""

    channel: str
    reachable: int
    reasons: dict[str, int]


@dataclass(frozen=True)
class Breakdown:
    """Who is in a segment. Sales are paid minus refunded in the last 365 days, in cents; `often` is by the least
    purchase days of each band, provinces stand with the most first."""

    n: int
    people: int
    lifecycle: dict[str, int]
    groups: dict[str, int]
    often: dict[str, int]
    provinces: dict[str, int]
    orders: int
    paid_cents: int
    net_cents: int
    sales_cents: int
    shop_sales_cents: int
    reach: tuple[ChannelReach, ...]
    catalog_id: int
    as_of: date

    @property
    def sales_share(self) -> float | None:
        """Share of the shop's sales, None when it had none."""
        return self.sales_cents / self.shop_sales_cents if self.shop_sales_cents > 0 else None


@dataclass(frozen=True)
class Explained:
    """One node of a filter for one person: whether it holds and, for a condition, what was found."""

    text: str
    description: str
    held: bool
    joined_by: str = ""
    found: Any = None
    found_text: str = ""
    parts: tuple[Explained, ...] = field(default=())


def tree_of(shop: Shop, given: str | Node) -> Node:
    """The tree of a text, with what the segments it names say now.

    Raises
    ------
    FilterError, TreeError
        for a text that is no filter, and for a segment that is not there.
    """
    return resolved(shop, parse(given) if isinstance(given, str) else given)


def count(shop: Shop, given: str | Node, today: date | None = None) -> Counted:
    """How many persons the filter holds for now."""
    node = tree_of(shop, given)
    reading = reading_of(shop, today)
    return count_in(reading, node)


def count_in(reading: Reading, node: Node) -> Counted:
    """The count over one reading."""
    begun = time.perf_counter()
    n = reading.rows(count_query(node, reading.shop_id, reading.as_of_day))[0]["n"]
    return Counted(n, reading.people, time.perf_counter() - begun, reading.catalog_id, reading.as_of)


def steps(shop: Shop, given: str | Node, today: date | None = None) -> list[Step]:
    """How many remain after each part of the outermost and, in the order of the text."""
    return count_by_steps(shop, given, today)[1]


def count_by_steps(shop: Shop, given: str | Node, today: date | None = None) -> tuple[Counted, list[Step]]:
    """The count and the steps to it, in one query: who remains after the last part is who is counted."""
    node = tree_of(shop, given)
    reading = reading_of(shop, today)
    parts = node.parts if isinstance(node, And) else (node,)
    begun = time.perf_counter()
    found = reading.rows(steps_query(node, reading.shop_id, reading.as_of_day))
    seconds = time.perf_counter() - begun
    failed = {row["passed"]: row["n"] for row in found}
    remaining = sum(failed.values())
    result = []
    for at, part in enumerate(parts):
        removed = failed.get(at, 0)
        remaining -= removed
        result.append(Step(print_filter(part), wording.describe(part), remaining, removed))
    return Counted(remaining, reading.people, seconds, reading.catalog_id, reading.as_of), result


def members(shop: Shop, given: str | Node, today: date | None = None, *, values: bool = False) -> pa.Table:
    """`person_id` of every member by number; with `values` a column for each thing the filter looked at."""
    reading = reading_of(shop, today)
    return reading.table(members_query(tree_of(shop, given), reading.shop_id, reading.as_of_day, values))


def sample(
    shop: Shop, given: str | Node, n: int = 20, seed: int = 0, today: date | None = None
) -> list[dict[str, Any]]:
    """Some members with what a list shows of them; the same seed gives the same persons."""
    import numpy as np

    from laoke.experiments.assignment import mix_array

    reading = reading_of(shop, today)
    found = reading.table(members_query(tree_of(shop, given), reading.shop_id, reading.as_of_day))
    people = found.column("person_id").to_numpy()
    order = np.lexsort((people, mix_array(people, seed)))[: min(n, LARGEST_SAMPLE)]
    chosen = tuple(sorted(int(person) for person in people[order]))
    return reading.rows(profiles_query(reading.shop_id, reading.as_of_day, chosen)) if chosen else []


def breakdown(shop: Shop, given: str | Node, today: date | None = None) -> Breakdown:
    """Stages, groups, money and reachability of the members."""
    node = tree_of(shop, given)
    reading = reading_of(shop, today)
    key = (reading.shop_id, reading.as_of_day)
    rows = reading.rows(shape_query(node, *key))
    everyone = reading.rows(shape_query(Everyone(), *key))
    bands = reading.rows(bands_query(node, *key))
    reach = []
    for channel in CHANNELS:
        reasons = {row["reason"]: row["n"] for row in reading.rows(reach_query(node, *key, channel))}
        reachable = reasons.pop("", 0)
        reach.append(
            ChannelReach(channel, reachable, dict(sorted(reasons.items(), key=lambda item: -item[1])))
        )
    return Breakdown(
        n=_total(rows, "n"),
        people=reading.people,
        lifecycle=_by(rows, "lifecycle"),
        groups=_by(rows, "group3"),
        often=_by(bands, "band"),
        provinces=dict(sorted(_by(bands, "province").items(), key=lambda item: (-item[1], item[0]))),
        orders=_total(rows, "orders"),
        paid_cents=_total(rows, "paid_cents"),
        net_cents=_total(rows, "net_cents"),
        sales_cents=_total(rows, "net_cents_365"),
        shop_sales_cents=_total(everyone, "net_cents_365"),
        reach=tuple(reach),
        catalog_id=reading.catalog_id,
        as_of=reading.as_of,
    )


def _total(rows: list[dict[str, Any]], name: str) -> int:
    return sum(row[name] for row in rows)


def _by(rows: list[dict[str, Any]], name: str) -> dict[str, int]:
    totals: dict[str, int] = {}
    for row in rows:
        totals[str(row[name])] = totals.get(str(row[name]), 0) + row["n"]
    return totals


def explain(shop: Shop, given: str | Node, person_id: int, today: date | None = None) -> Explained | None:
    """Why a person is in or out: each condition with what was found. None when the shop does not know the person."""
    node = tree_of(shop, given)
    reading = reading_of(shop, today)
    found = reading.rows(explain_query(node, reading.shop_id, reading.as_of_day, person_id))
    if not found:
        return None
    pairs = len(found[0]) // 2
    seen = iter([(bool(found[0][f"c{at}"]), found[0][f"v{at}"]) for at in range(1, pairs + 1)])
    return _explained(node, seen)


def _explained(node: Node, seen: Iterator[tuple[bool, Any]]) -> Explained:
    """The tree with its answers; conditions come from left to right, as the query listed them."""
    text, description = print_filter(node), wording.describe(node)
    if not isinstance(node, And | Or | Not):
        held, value = next(seen)
        found = wording.plain_value(node, value)
        return Explained(text, description, held, found=found, found_text=wording.found_text(node, value))
    parts = tuple(_explained(child, seen) for child in children(node))
    answers = [part.held for part in parts]
    if isinstance(node, Not):
        return Explained(text, description, not answers[0], "not", parts=parts)
    if isinstance(node, And):
        return Explained(text, description, all(answers), "and", parts=parts)
    return Explained(text, description, any(answers), "or", parts=parts)

"""All customers of a shop at once: RFM, life cycle and its movement, groups, gaps between purchases, demand by time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from laoke.warehouse.contracts import RFM_CLASSES

if TYPE_CHECKING:
    from laoke.warehouse.engine import Reader

SCORES = (1, 2, 3, 4, 5)
EPOCH = date(1970, 1, 1)
# A movement is read against the month end nearest to this many days ago.
MOVEMENT_DAYS = 30


@dataclass(frozen=True)
class Cell:
    """Persons and net money (cents) with one recency and one frequency score."""

    r_score: int
    f_score: int
    persons: int
    net_cents: int


@dataclass(frozen=True)
class RfmClass:
    """One of the eight classes: persons, net money in cents."""

    rfm: str
    persons: int
    net_cents: int


@dataclass(frozen=True)
class Rfm:
    """The grid of 25 cells, the eight classes, and all payers."""

    cells: tuple[Cell, ...]
    classes: tuple[RfmClass, ...]
    persons: int
    net_cents: int


def rfm(reader: Reader, shop_id: int, as_of_day: int) -> Rfm:
    """The payers of a shop by recency and frequency score and by class; every cell and class is there, also empty."""
    rows = reader.query("rfm_grid", shop_id=shop_id, as_of_day=as_of_day).to_pylist()
    cells = dict.fromkeys(((r, f) for r in SCORES for f in SCORES), (0, 0))
    classes = dict.fromkeys(RFM_CLASSES, (0, 0))
    for row in rows:
        at, name = (row["r_score"], row["f_score"]), row["rfm"]
        cells[at] = (cells[at][0] + row["persons"], cells[at][1] + row["net_cents"])
        classes[name] = (classes[name][0] + row["persons"], classes[name][1] + row["net_cents"])
    return Rfm(
        cells=tuple(Cell(r, f, *cells[r, f]) for r, f in cells),
        classes=tuple(RfmClass(name, *found) for name, found in classes.items()),
        persons=sum(persons for persons, _net in cells.values()),
        net_cents=sum(net for _persons, net in cells.values()),
    )


@dataclass(frozen=True)
class Part:
    """Persons and net money (cents) of one stage or group."""

    name: str
    persons: int
    net_cents: int


def stages(reader: Reader, shop_id: int, as_of_day: int) -> list[Part]:
    """Persons by stage of life."""
    rows = reader.query("lifecycle_counts", shop_id=shop_id, as_of_day=as_of_day).to_pylist()
    return [Part(row["lifecycle"], row["persons"], row["net_cents"]) for row in rows]


def groups(reader: Reader, shop_id: int, as_of_day: int) -> list[Part]:
    """Payers by the three groups."""
    rows = reader.query("group_counts", shop_id=shop_id, as_of_day=as_of_day).to_pylist()
    return [Part(row["group3"], row["persons"], row["net_cents"]) for row in rows]


@dataclass(frozen=True)
class Movement:
    """Who moved between stages since `since`: (from, to) → persons. 'none' is who was not known then."""

    since: date
    moves: dict[tuple[str, str], int]

    def into(self, stage: str) -> int:
        """How many came to a stage from another one."""
        return sum(n for (before, after), n in self.moves.items() if after == stage and before != stage)

    def out_of(self, stage: str) -> int:
        """How many left a stage."""
        return sum(n for (before, after), n in self.moves.items() if before == stage and after != stage)


def movement(reader: Reader, shop_id: int, as_of_day: int) -> Movement | None:
    """The movement since the kept day nearest to 30 days ago; None when no earlier day is kept."""
    rows = reader.query("feature_days", shop_id=shop_id, to_day=as_of_day - 1).to_pylist()
    earlier = [row["as_of_day"] for row in rows]
    if not earlier:
        return None
    before = min(earlier, key=lambda day: (abs(as_of_day - MOVEMENT_DAYS - day), day))
    found = reader.query(
        "lifecycle_movement", shop_id=shop_id, as_of_day=as_of_day, before_day=before
    ).to_pylist()
    moves = {(row["from_lifecycle"], row["to_lifecycle"]): row["persons"] for row in found}
    return Movement(EPOCH + timedelta(days=before), moves)


@dataclass(frozen=True)
class Gaps:
    """How long people stay away between two purchases: (days, how often), ascending."""

    counts: tuple[tuple[int, int], ...]

    @property
    def total(self) -> int:
        return sum(n for _days, n in self.counts)

    def quantile(self, share: float) -> int | None:
        """The shortest gap within which this share (0..1) of the gaps lies; None when there are none."""
        needed, seen = share * self.total, 0
        for days, n in self.counts:
            seen += n
            if seen >= needed:
                return days
        return None

    def by_width(self, width: int, bars: int) -> list[int]:
        """Gaps in bars of so many days; the last bar holds all longer ones."""
        found = [0] * bars
        for days, n in self.counts:
            found[min((days - 1) // width, bars - 1)] += n
        return found


def gaps(reader: Reader, shop_id: int, from_day: int, to_day: int) -> Gaps:
    """The gaps between purchases of a period."""
    rows = reader.query("repurchase_gaps", shop_id=shop_id, from_day=from_day, to_day=to_day).to_pylist()
    return Gaps(tuple((row["gap_days"], row["gaps"]) for row in rows))


def week(reader: Reader, shop_id: int, from_day: int, to_day: int) -> list[list[int]]:
    """Paid orders by weekday (0 = Monday) and hour."""
    found = [[0] * 24 for _weekday in range(7)]
    for row in reader.query("hour_demand", shop_id=shop_id, from_day=from_day, to_day=to_day).to_pylist():
        found[row["weekday"]][row["hour"]] = row["orders"]
    return found


@dataclass(frozen=True)
class Month:
    """What was paid in a calendar month; money in cents."""

    year: int
    month: int
    orders: int
    net_cents: int


def months(reader: Reader, shop_id: int, from_day: int, to_day: int) -> list[Month]:
    """Demand by month, in order of time; months without a sale are left out."""
    rows = reader.query("month_demand", shop_id=shop_id, from_day=from_day, to_day=to_day).to_pylist()
    return [Month(row["year"], row["month"], row["orders"], row["net_cents"]) for row in rows]


def first_day(reader: Reader, shop_id: int) -> int | None:
    """The first day something was paid on."""
    day: int | None = reader.query("orders_span", shop_id=shop_id).to_pylist()[0]["first_paid_day"]
    return day


def best_hours(counts: Sequence[Sequence[int]], width: int = 3) -> tuple[int, float] | None:
    """The start of the `width` hours in a row in which most is bought, and their share; None without orders."""
    by_hour = [sum(row[hour] for row in counts) for hour in range(24)]
    total = sum(by_hour)
    if not total:
        return None
    start = max(range(25 - width), key=lambda hour: (sum(by_hour[hour : hour + width]), -hour))
    return start, sum(by_hour[start : start + width]) / total

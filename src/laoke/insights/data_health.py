"""What a shop's facts lack and where they contradict each other: rows by day, facts that wait, money that differs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from laoke.insights.coverage import Gap, Told, gaps
from laoke.insights.refresh import EPOCH
from laoke.intake.models import ImportRun, ImportState
from laoke.intake.reading.roles import ORDER_GRAINS

if TYPE_CHECKING:
    import pyarrow as pa

    from laoke.shops.models import Shop
    from laoke.warehouse.engine import Reader

# Kinds of which every day should have rows; of the others a day without is nothing strange.
DENSE = frozenset({"order", "product_day", "traffic_day", "ad_day"})
# Comparisons of two sources of the same money, by the query that finds where they differ.
COMPARISONS = (
    "lines_against_orders",
    "refunds_against_orders",
    "money_against_orders",
    "shop_days_against_orders",
)


@dataclass(frozen=True)
class KindCoverage:
    """One kind of fact: rows by day, the imports that told of it (newest first), and what is missing."""

    kind: str
    counts: dict[date, int]
    imports: tuple[int, ...]
    gaps: tuple[Gap, ...] = ()

    @property
    def rows(self) -> int:
        return sum(self.counts.values())

    @property
    def first(self) -> date:
        return min(self.counts)

    @property
    def last(self) -> date:
        return max(self.counts)

    @property
    def missing_days(self) -> int:
        return sum(gap.days for gap in self.gaps)


@dataclass(frozen=True)
class Difference:
    """What two sources say of one order, or with `order_id` '' of one day."""

    order_id: str
    day: date
    left_cents: int
    right_cents: int

    @property
    def cents(self) -> int:
        return self.right_cents - self.left_cents


@dataclass(frozen=True)
class Comparison:
    """Where two sources of the same money differ, newest first."""

    name: str
    table: pa.Table

    @property
    def count(self) -> int:
        return int(self.table.num_rows)

    @property
    def cents(self) -> int:
        """By how much they differ in all, whichever says more."""
        import pyarrow.compute as pc

        return int(pc.sum(pc.abs(self.table["difference_cents"])).as_py() or 0)

    def rows(self, start: int = 0, count: int | None = None) -> Iterator[Difference]:
        for row in self.table.slice(start, count).to_pylist():
            day = EPOCH + timedelta(days=row["day"])
            yield Difference(row["order_id"], day, row["left_cents"], row["right_cents"])


@dataclass
class _Files:
    told: list[Told] = field(default_factory=list)
    imports: list[int] = field(default_factory=list)


def coverage(shop: Shop, reader: Reader) -> list[KindCoverage]:
    """Every kind of which there is anything, in the order of the kinds' names in `fact_days`."""
    files = _files(shop)
    counts: dict[str, dict[date, int]] = defaultdict(dict)
    for row in reader.query("fact_days", shop_id=shop.pk).to_pylist():
        counts[row["kind"]][EPOCH + timedelta(days=row["day"])] = row["n"]
    return [
        KindCoverage(
            kind,
            by_day,
            tuple(files[kind].imports),
            tuple(gaps(by_day, files[kind].told, dense=kind in DENSE)),
        )
        for kind, by_day in counts.items()
    ]


def _files(shop: Shop) -> dict[str, _Files]:
    """What the imports of each kind speak of; those that were taken back speak of nothing."""
    found: dict[str, _Files] = defaultdict(_Files)
    done = ImportRun.objects.filter(shop=shop, state=ImportState.DONE).order_by("-pk")
    for pk, grain, name, detail in done.values_list("pk", "grain", "file_name", "detail"):
        kind = "order" if grain in ORDER_GRAINS else grain
        found[kind].imports.append(pk)
        if told := _told(name, detail):
            found[kind].told.append(told)
    return found


def _told(file_name: str, detail: dict[str, object]) -> Told | None:
    first, last = detail.get("first_created"), detail.get("last_created")
    if not isinstance(first, str) or not isinstance(last, str):
        return None
    from laoke.intake.reading.reading import time_in_name

    return Told(datetime.fromisoformat(first), datetime.fromisoformat(last), time_in_name(file_name))


def waiting(shop: Shop, reader: Reader) -> dict[str, tuple[int, int]]:
    """Facts without the order they belong to, and orders without a buyer: rows and orders of each."""
    rows = reader.query("facts_that_wait", shop_id=shop.pk).to_pylist()
    return {row["what"]: (row["n"], row["orders"]) for row in rows}


def comparison(shop: Shop, reader: Reader, name: str) -> Comparison:
    """One of COMPARISONS."""
    return Comparison(name, reader.query(name, shop_id=shop.pk))


def newest(found: Sequence[KindCoverage]) -> date | None:
    """The last day of which the orders tell."""
    return next((one.last for one in found if one.kind == "order"), None)

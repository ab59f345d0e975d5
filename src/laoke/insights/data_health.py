"""What a shop's facts lack and where they contradict each other: rows by day, facts that wait, money that differs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from django.db.models import Count, Max

from laoke.insights.coverage import Gap, Told, gaps
from laoke.insights.refresh import EPOCH
from laoke.intake.models import ImportRun, ImportState
from laoke.intake.reading.roles import ORDER_GRAINS

if TYPE_CHECKING:
    import pyarrow as pa
    from django.db.models import QuerySet

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

# Facts that wait for an order which no file has told yet, by what they are.
WAITS = (
    "lines_without_order",
    "refunds_without_order",
    "moves_without_order",
    "shipments_without_order",
    "reviews_without_order",
)
NO_DAY = -1  # of facts that tell no day

_SUMS = "SELECT count(*) AS n, CAST(coalesce(sum(abs(difference_cents)), 0) AS BIGINT) AS cents FROM {rows} AS found"
_NEWEST = "SELECT * FROM {rows} AS found ORDER BY day DESC, order_id LIMIT $most"
_AFTER = (
    "SELECT * FROM {rows} AS found WHERE day < $day OR (day = $day AND order_id > $order_id) "
    "ORDER BY day DESC, order_id LIMIT $most"
)
_BEFORE = (
    "SELECT * FROM {rows} AS found WHERE day > $day OR (day = $day AND order_id < $order_id) "
    "ORDER BY day, order_id DESC LIMIT $most"
)

_WAITING = "SELECT what, CAST(sum(n) AS BIGINT) AS n, count(*) AS orders FROM {rows} AS found GROUP BY what"
_WAIT_SPAN = (
    "SELECT count(*) AS n, min(CASE WHEN day >= 0 THEN day END) AS first_day, "
    "max(CASE WHEN day >= 0 THEN day END) AS last_day FROM {rows} AS found WHERE what = $what"
)
_WAITS = "SELECT * FROM {rows} AS found WHERE what = $what ORDER BY day DESC, order_id LIMIT $most"
_WAITS_AFTER = (
    "SELECT * FROM {rows} AS found WHERE what = $what AND (day < $day OR (day = $day AND order_id > $order_id)) "
    "ORDER BY day DESC, order_id LIMIT $most"
)
_WAITS_BEFORE = (
    "SELECT * FROM {rows} AS found WHERE what = $what AND (day > $day OR (day = $day AND order_id < $order_id)) "
    "ORDER BY day, order_id DESC LIMIT $most"
)


@dataclass(frozen=True)
class KindCoverage:
    """One kind of fact: rows by day, and what is missing."""

    kind: str
    counts: dict[date, int]
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
class Source:
    """One layout in which a kind of fact came, how often, and when last."""

    profile: str
    imports: int
    newest: datetime


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
    """In how many places two sources of the same money differ, and by how much in all, whichever says more."""

    name: str
    count: int
    cents: int


@dataclass(frozen=True)
class Awaited:
    """An order that no file has told yet: how many facts wait for it, and their newest day since 1970 or NO_DAY."""

    order_id: str
    day_number: int
    rows: int

    @property
    def day(self) -> date | None:
        return None if self.day_number == NO_DAY else EPOCH + timedelta(days=self.day_number)


@dataclass(frozen=True)
class WaitSpan:
    """For how many orders facts of one kind wait, and the first and last day they tell of, if any."""

    orders: int
    first: date | None
    last: date | None


@dataclass(frozen=True)
class NamelessMonth:
    """Orders of one month and those of them that name no buyer, with what was paid."""

    month: str
    orders: int
    nameless: int
    paid_cents: int
    nameless_cents: int


def coverage(shop: Shop, reader: Reader) -> list[KindCoverage]:
    """Every kind of which there is anything, in the order of the kinds' names in `fact_days`."""
    told = _told_by_files(shop)
    counts: dict[str, dict[date, int]] = defaultdict(dict)
    for row in reader.remembered("fact_days", shop_id=shop.pk).to_pylist():
        counts[row["kind"]][EPOCH + timedelta(days=row["day"])] = row["n"]
    return [
        KindCoverage(kind, by_day, tuple(gaps(by_day, told[kind], dense=kind in DENSE)))
        for kind, by_day in counts.items()
    ]


def sources(shop: Shop) -> dict[str, list[Source]]:
    """By kind of fact the layouts it came in, the most frequent first; imports that were taken back are none."""
    found: dict[str, dict[str, Source]] = defaultdict(dict)
    groups = _done(shop).values("grain", "profile").annotate(n=Count("pk"), newest=Max("finished_at"))
    for group in groups.order_by("grain", "profile"):
        own = found[_kind(group["grain"])]
        before = own.get(group["profile"])
        own[group["profile"]] = Source(
            group["profile"],
            group["n"] + (before.imports if before else 0),
            max(group["newest"], before.newest) if before else group["newest"],
        )
    return {kind: sorted(own.values(), key=lambda one: -one.imports) for kind, own in found.items()}


def _done(shop: Shop) -> QuerySet[ImportRun]:
    return ImportRun.objects.filter(shop=shop, state=ImportState.DONE)


def _kind(grain: str) -> str:
    return "order" if grain in ORDER_GRAINS else grain


def _told_by_files(shop: Shop) -> dict[str, list[Told]]:
    """What the imports of each kind speak of, the newest first; those that were taken back speak of nothing."""
    found: dict[str, list[Told]] = defaultdict(list)
    spans = _done(shop).filter(detail__first_created__isnull=False).order_by("-pk")
    columns = ("grain", "file_name", "detail__first_created", "detail__last_created")
    for grain, name, first, last in spans.values_list(*columns).iterator():
        if told := _told(name, first, last):
            found[_kind(grain)].append(told)
    return found


def _told(file_name: str, first: object, last: object) -> Told | None:
    if not isinstance(first, str) or not isinstance(last, str):
        return None
    from laoke.intake.reading.reading import time_in_name

    return Told(datetime.fromisoformat(first), datetime.fromisoformat(last), time_in_name(file_name))


def waiting(shop: Shop, reader: Reader) -> dict[str, tuple[int, int]]:
    """Facts of WAITS without the order they belong to, and orders without a buyer: rows and orders of each."""
    rows = reader.remembered("waiting_orders", _WAITING, shop_id=shop.pk).to_pylist()
    nameless = sum(month.nameless for month in nameless_months(shop, reader))
    found = {row["what"]: (row["n"], row["orders"]) for row in rows}
    return dict.fromkeys(WAITS, (0, 0)) | found | {"orders_without_customer": (nameless, nameless)}


def wait_span(shop: Shop, reader: Reader, what: str) -> WaitSpan:
    """One of WAITS, summed up."""
    (found,) = reader.remembered("waiting_orders", _WAIT_SPAN, shop_id=shop.pk, what=what).to_pylist()
    first, last = (
        None if number is None else EPOCH + timedelta(days=number)
        for number in (found["first_day"], found["last_day"])
    )
    return WaitSpan(found["n"], first, last)


def awaited(shop: Shop, reader: Reader, what: str, most: int) -> Iterator[Awaited]:
    """The orders that facts of one of WAITS wait for, the newest `most`; those without a day last."""
    return _awaited(reader.query("waiting_orders", _WAITS, shop_id=shop.pk, what=what, most=most))


def awaited_after(shop: Shop, reader: Reader, what: str, most: int, place: tuple[int, str]) -> list[Awaited]:
    """At most `most` that stand after the day and order number of `place`, in the same order."""
    return list(_awaited(_awaited_beside(shop, reader, what, _WAITS_AFTER, most, place)))


def awaited_before(shop: Shop, reader: Reader, what: str, most: int, place: tuple[int, str]) -> list[Awaited]:
    """At most `most` that stand just before the day and order number of `place`, in the same order."""
    return list(_awaited(_awaited_beside(shop, reader, what, _WAITS_BEFORE, most, place)))[::-1]


def _awaited_beside(
    shop: Shop, reader: Reader, what: str, wrapper: str, most: int, place: tuple[int, str]
) -> pa.Table:
    day, order_id = place
    return reader.query(
        "waiting_orders", wrapper, shop_id=shop.pk, what=what, most=most, day=day, order_id=order_id
    )


def _awaited(found: pa.Table) -> Iterator[Awaited]:
    for batch in found.to_batches(max_chunksize=1_000):
        for row in batch.to_pylist():
            yield Awaited(row["order_id"], row["day"], row["n"])


def nameless_months(shop: Shop, reader: Reader) -> list[NamelessMonth]:
    """Months with orders that name no buyer, the newest first."""
    rows = reader.remembered("orders_without_customer", shop_id=shop.pk).to_pylist()
    return [
        NamelessMonth(
            row["month"],
            row["orders"],
            row["without_customer"],
            row["paid_cents"],
            row["without_customer_cents"],
        )
        for row in reversed(rows)
        if row["without_customer"]
    ]


def comparison(shop: Shop, reader: Reader, name: str) -> Comparison:
    """One of COMPARISONS, summed up."""
    (sums,) = reader.remembered(name, _SUMS, shop_id=shop.pk).to_pylist()
    return Comparison(name, sums["n"], sums["cents"])


def differences(shop: Shop, reader: Reader, name: str, most: int) -> Iterator[Difference]:
    """Where the two sources of one of COMPARISONS differ, the newest `most`."""
    return _differences(reader.query(name, _NEWEST, shop_id=shop.pk, most=most))


def differences_after(
    shop: Shop, reader: Reader, name: str, most: int, place: tuple[date, str]
) -> list[Difference]:
    """At most `most` that stand after the day and order number of `place`, in the same order."""
    return list(_differences(_beside(shop, reader, name, _AFTER, most, place)))


def differences_before(
    shop: Shop, reader: Reader, name: str, most: int, place: tuple[date, str]
) -> list[Difference]:
    """At most `most` that stand just before the day and order number of `place`, in the same order."""
    return list(_differences(_beside(shop, reader, name, _BEFORE, most, place)))[::-1]


def _beside(
    shop: Shop, reader: Reader, name: str, wrapper: str, most: int, place: tuple[date, str]
) -> pa.Table:
    day, order_id = place
    number = (day - EPOCH).days
    return reader.query(name, wrapper, shop_id=shop.pk, most=most, day=number, order_id=order_id)


def _differences(found: pa.Table) -> Iterator[Difference]:
    for batch in found.to_batches(max_chunksize=1_000):
        for row in batch.to_pylist():
            day = EPOCH + timedelta(days=row["day"])
            yield Difference(row["order_id"], day, row["left_cents"], row["right_cents"])


def newest(found: Sequence[KindCoverage]) -> date | None:
    """The last day of which the orders tell."""
    return next((one.last for one in found if one.kind == "order"), None)

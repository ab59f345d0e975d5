"""Customer value of a shop: from its facts to the table `customer_value` and the report of how it was found.

Two summaries are asked of the warehouse: of today, and of a day some months ago. What customers bought in between
chooses the model (`laoke.lifetime`); fitted to today's summary it predicts everybody.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import transaction

from laoke.insights.models import ValueReport
from laoke.insights.refresh import day_number
from laoke.insights.summary import customer_summary
from laoke.shops import catalog
from laoke.shops.locks import warehouse_writer
from laoke.shops.models import CatalogEntry, FeatureBasis, Job, Shop
from laoke.shops.place import Place
from laoke.warehouse.customer_value import CUSTOMER_VALUE, HORIZONS
from laoke.warehouse.store import Warehouse

if TYPE_CHECKING:
    import pyarrow as pa

    from laoke.lifetime.choosing import Past, ShopValue
    from laoke.lifetime.customers import Histories
    from laoke.warehouse.engine import Reader

# The hold-out is the last third of what is known, between a month and a year; with less than three months nothing can
# be held against anything.
HOLDOUT_SHARE, SHORTEST_HOLDOUT, LONGEST_HOLDOUT = 3, 30, 365
SHORTEST_HISTORY = 90
# What the summaries are made of: when one of them moved meanwhile, what was computed is of people as they were.
BASIS = ("orders", "person_map", "order_flags")
JOB, REST_AFTER_A_TRY = "customer_value", timedelta(hours=6)

Told = Callable[[float], None]


@dataclass(frozen=True)
class Valued:
    """What was computed of an entry of the catalog: the rows to store and the report; `model` '' = nothing."""

    entry: CatalogEntry
    rows: pa.Table
    model: str
    report: dict[str, Any]


def refresh_value(
    shop: Shop, place: Place, *, now: datetime, told: Told = lambda share: None
) -> ValueReport | None:
    """Value every customer of a shop anew and publish it, with the report; None when there are no facts.

    The same facts give the same rows. Computed while others may write; only when an import or an erasure came in
    between is it computed once more, with everybody else waiting.
    """
    found = _valued(shop, place, now, told)
    if found is None:
        return None
    with warehouse_writer(place.home):
        entry = catalog.current()
        if entry is None or _basis(entry) != _basis(found.entry):
            found = _valued(shop, place, now, told)
        if found is None:
            return None
        return _published(shop, place, found, now)


def _published(shop: Shop, place: Place, found: Valued, now: datetime) -> ValueReport:
    """Write the rows in place of those of before; entry and report in one transaction."""
    entry = catalog.current()
    assert entry is not None  # the caller holds the lock and has read one
    warehouse = Warehouse(place.warehouse)
    warehouse.align(entry.versions)
    app_id = f"value-{shop.pk}-{entry.pk}"
    written = warehouse.replace("customer_value", found.rows, where={"shop_id": shop.pk}, app_id=app_id)
    with transaction.atomic():
        published = catalog.publish(
            {"customer_value": written.version}, as_of_day=entry.as_of_day, now=now, reason="value",
            import_ref=entry.import_ref,
        )  # fmt: skip
        report, _ = ValueReport.objects.update_or_create(
            shop=shop,
            defaults={
                "as_of_day": now.date(), "catalog_ref": published.pk, "model": found.model, "report": found.report,
                "computed_at": now,
            },
        )  # fmt: skip
    return report


def _basis(entry: CatalogEntry) -> dict[str, int | None]:
    return {table: entry.versions.get(table) for table in BASIS}


def _valued(shop: Shop, place: Place, now: datetime, told: Told) -> Valued | None:
    from laoke.insights.value_report import as_report
    from laoke.lifetime.choosing import value_customers

    entry = catalog.current()
    if entry is None or "orders" not in entry.versions:
        return None
    reader, today = Warehouse(place.warehouse).reader(entry.versions), day_number(now.date())
    summary = customer_summary(reader, shop.pk, today)
    told(0.1)
    span = int(summary["age_days"].to_numpy().max()) if summary.num_rows else 0
    about = {"days": span, "customers": summary.num_rows}
    if span < SHORTEST_HISTORY:
        refusal = {"model": "", "code": "too_short", "params": {"found": span, "needed": SHORTEST_HISTORY}}
        return Valued(entry, CUSTOMER_VALUE.empty(), "", {**about, "model": "", "refusals": [refusal]})
    horizon = min(max(span // HOLDOUT_SHARE, SHORTEST_HOLDOUT), LONGEST_HOLDOUT)
    past = _past(reader, shop.pk, today - horizon, horizon, summary)
    told(0.2)
    value = value_customers(_histories(summary), past, HORIZONS, told=lambda share: told(0.2 + 0.7 * share))
    rows = _rows(shop.pk, today, summary, value)
    since = {"held_out_from": (now.date() - timedelta(days=horizon)).isoformat()}
    return Valued(entry, rows, value.model, {**about, **since, **as_report(value), **_sums(value)})


def _histories(summary: pa.Table) -> Histories:
    """The summary in days and yuan."""
    import numpy as np

    from laoke.lifetime.customers import Histories

    frequency = summary["frequency"].to_numpy()
    spend = summary["repeat_cents"].to_numpy() / np.maximum(frequency, 1) / 100
    return Histories.of(frequency, summary["recency_days"].to_numpy(), summary["age_days"].to_numpy(), spend)


def _past(reader: Reader, shop_id: int, day: int, horizon: int, now: pa.Table) -> Past:
    """The customers of `day` and what they bought since. Everybody of then is there now; both are sorted by person."""
    import numpy as np

    from laoke.lifetime.choosing import Past

    then = customer_summary(reader, shop_id, day)
    rows = np.searchsorted(now["person_id"].to_numpy(), then["person_id"].to_numpy())
    later, cents = (
        now[name].to_numpy()[rows] - then[name].to_numpy() for name in ("frequency", "repeat_cents")
    )
    return Past(_histories(then), later.astype(np.int64), float(cents.sum()) / 100, float(horizon))


def _rows(shop_id: int, today: int, summary: pa.Table, value: ShopValue) -> pa.Table:
    """Rows of the table `customer_value`."""
    import numpy as np
    import pyarrow as pa

    count = summary.num_rows
    columns: dict[str, Any] = {
        "shop_id": np.full(count, shop_id), "person_id": summary["person_id"],
        "as_of_day": np.full(count, today, np.int32), "model": pa.repeat(value.model, count),
        "p_alive": _or_null(value.expected.alive), **_sureness(value, count), "import_id": np.zeros(count, np.int64),
    }  # fmt: skip
    spend, bounds = value.expected.spend, value.intervals
    assert spend is not None  # a chosen way always says an amount
    for at, days in enumerate(HORIZONS):
        columns[f"orders_{days}"] = value.expected.orders[:, at]
        columns[f"orders_{days}_low"] = bounds.orders_low[:, at].astype(np.int32)
        columns[f"orders_{days}_high"] = bounds.orders_high[:, at].astype(np.int32)
        columns[f"spend_{days}"] = _cents(spend[:, at])
        for end, amounts in (("low", bounds.spend_low), ("high", bounds.spend_high)):
            known = pa.nulls(count, pa.int64()) if amounts is None else _cents(amounts[:, at])
            columns[f"spend_{days}_{end}"] = known
    return CUSTOMER_VALUE.conform(pa.table(columns))


def _sureness(value: ShopValue, count: int) -> dict[str, Any]:
    """Ends of the probability of being active; unknown where the probability is."""
    import pyarrow as pa

    ends = {"p_alive_low": value.intervals.alive_low, "p_alive_high": value.intervals.alive_high}
    return {
        name: pa.nulls(count, pa.float64()) if end is None else pa.array(end) for name, end in ends.items()
    }


def _cents(yuan: Any) -> Any:
    import numpy as np

    return np.rint(yuan * 100).astype(np.int64)


def _or_null(values: Any) -> pa.Array:
    """NaN is how numpy says 'unknown', null how a table does."""
    import pyarrow as pa

    return pa.array(values, pa.float64(), from_pandas=True)


def _sums(value: ShopValue) -> dict[str, Any]:
    """What all customers together are expected to bring, how many are active, what the best tenth brings."""
    import numpy as np

    spend = value.expected.spend
    assert spend is not None
    year = np.sort(spend[:, -1])[::-1]
    best = year[: -(-len(year) // 10)].sum()
    alive = value.expected.alive
    return {
        "alive": None if np.isnan(alive).any() else float(alive.sum()),
        "best_tenth": float(best / year.sum()) if year.sum() > 0 else None,
        "totals": [
            {"days": days, "orders": float(told.sum()), "cents": round(float(money.sum()) * 100)}
            for days, told, money in zip(HORIZONS, value.expected.orders.T, spend.T, strict=True)
        ],
    }  # fmt: skip


# Lines between the bands of expected spend in a year, in cents.
BANDS = (1_000, 5_000, 10_000, 30_000, 100_000, 300_000)


def value_of(reader: Reader, shop_id: int, person_id: int) -> dict[str, Any] | None:
    """The row of one person; None where nothing was computed of him."""
    rows: list[dict[str, Any]] = reader.query(
        "person_value", shop_id=shop_id, person_id=person_id
    ).to_pylist()
    return rows[0] if rows else None


def spend_bands(reader: Reader, shop_id: int) -> list[dict[str, Any]]:
    """Customers and expected spend of a year by band: 0 below the first line of BANDS, 6 from the last on."""
    lines = {f"line_{at}": cents for at, cents in enumerate(BANDS, start=1)}
    rows: list[dict[str, Any]] = reader.query("value_bands", shop_id=shop_id, **lines).to_pylist()
    return rows


def top_customers(reader: Reader, shop_id: int, most: int) -> list[dict[str, Any]]:
    """Whoever is expected to bring most within a year, the first first."""
    rows: list[dict[str, Any]] = reader.query("value_top", shop_id=shop_id, page_rows=most).to_pylist()
    return rows


def value_due(shop: Shop, now: datetime, *, at_night: bool) -> bool:
    """Whether a worker should value the customers by itself: there are features, and there is no report of today at
    night, or none at all by day. What has just been tried, and failed, rests for some hours."""
    known = ValueReport.objects.filter(shop=shop).values_list("as_of_day", flat=True).first()
    if known is not None and (known >= now.date() or not at_night):
        return False
    if not FeatureBasis.objects.filter(shop=shop).exists():
        return False
    tried = Job.objects.filter(shop=shop, kind=JOB, created_at__gt=now - REST_AFTER_A_TRY)
    return not tried.exists()

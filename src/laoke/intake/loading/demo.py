"""Loading the made-up shop: the same people and facts steps as an import, from tables instead of a file."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction

from laoke.customers.vault import store_order_texts
from laoke.intake.loading.buyers import buyers
from laoke.intake.loading.facts import FactsWriter
from laoke.intake.loading.people import People
from laoke.intake.loading.stage import Stage
from laoke.intake.models import ImportRun, ImportState
from laoke.shops import catalog
from laoke.shops.locks import warehouse_writer
from laoke.shops.models import CatalogEntry, Shop
from laoke.shops.place import Place
from laoke.warehouse.contracts import CONTRACTS
from laoke.warehouse.store import Warehouse

if TYPE_CHECKING:
    import pyarrow as pa

    from laoke.intake.demo.shop import DemoPlan, DemoRun

RUN_TABLES = ("order_lines", "refunds", "shipment_events", "reviews")


@dataclass(frozen=True)
class DemoLoaded:
    """What was loaded: the catalog entry, orders and customers, and the persons who consented to messages."""

    entry: CatalogEntry
    orders: int
    customers: int
    consenting: list[int]
    seconds: dict[str, float]


def load_demo(
    shop: Shop, plan: DemoPlan, place: Place, *, now: datetime, progress: Callable[[int, int], None]
) -> DemoLoaded:
    """Put a planned demo shop into an empty shop: people, sealed contacts, facts, one catalog entry."""
    run = ImportRun.objects.create(
        shop=shop, file_name="示例店", file_sha256=f"{plan.seed:064x}", file_size=0, profile="demo",
        state=ImportState.READING, created_at=now,
    )  # fmt: skip
    stage = Stage(place.staging / f"demo-{run.pk}")
    people = People(shop, now)
    seconds = {}
    begun = time.perf_counter()
    book, orders = plan.traffic_book(), 0
    for part in plan.runs(book=book):
        _stage_run(stage, part, shop, run, people)
        orders += part.orders.num_rows
        progress(orders, plan.orders)
    for table, rows in (
        ("products", plan.products()), ("traffic_days", book.traffic_days()), ("product_days", book.product_days())
    ):  # fmt: skip
        stage.add(table, _facts(table, rows, shop, run, None))
    seconds["making"] = time.perf_counter() - begun - people.counts.seconds
    flags = people.flags()
    consenting = _consenting(people, plan.people())
    seconds["people"] = people.counts.seconds
    begun = time.perf_counter()
    entry = _write(stage, shop, run, place, flags, now)
    stage.clear()
    seconds["facts"] = time.perf_counter() - begun
    return DemoLoaded(entry, orders, plan.customers, consenting, seconds)


def _stage_run(stage: Stage, part: DemoRun, shop: Shop, run: ImportRun, people: People) -> None:
    import pyarrow as pa
    import pyarrow.compute as pc

    told = part.order_people
    customers = people.customers_of(told.select(["nick"]))
    address = pc.binary_join_element_wise(
        told["province"], told["city"], told["district"], told["street"], " "
    )
    contacts = told.append_column("address", address)
    # A gift goes to somebody else's phone and door: those are not the buyer's contacts.
    own = pc.invert(told["gift"])
    people.note_contacts(
        contacts.filter(own), _array(customers.filter(_array(own))), part.orders["created_at"].filter(own)
    )
    of_order = dict(zip(part.orders["order_id"].to_pylist(), customers.to_pylist(), strict=True))
    _store_reviews(shop, part.review_texts, of_order)
    rows = part.orders.append_column("row_no", pa.array(range(part.orders.num_rows), pa.int64()))
    stage.add("orders", _facts("orders", rows.drop_columns(["row_no"]), shop, run, customers, rows["row_no"]))
    for table in RUN_TABLES:
        facts = getattr(part, table)
        buyers_of = None
        if "customer_id" in CONTRACTS[table].by_name:
            buyers_of = pa.array([of_order.get(order) for order in facts["order_id"].to_pylist()], pa.int64())
        stage.add(table, _facts(table, facts, shop, run, buyers_of))


def _store_reviews(shop: Shop, texts: pa.Table, of_order: dict[str, int | None]) -> None:
    by_order: dict[str, dict[str, str]] = {}
    for row in texts.to_pylist():
        by_order.setdefault(row["order_id"], {})[f"review:{row['product_id']}"] = row["text"]
    store_order_texts(shop, [(order, of_order.get(order), words) for order, words in by_order.items()])


def _facts(
    table: str,
    rows: pa.Table,
    shop: Shop,
    run: ImportRun,
    customers: pa.Array | None,
    row_no: pa.Array | None = None,
) -> pa.Table:
    import pyarrow as pa

    count = rows.num_rows
    kept = rows.append_column("shop_id", pa.repeat(pa.scalar(shop.pk, pa.int64()), count))
    kept = kept.append_column("import_id", pa.repeat(pa.scalar(run.pk, pa.int64()), count))
    if customers is not None:
        kept = kept.append_column("customer_id", customers)
    filled = CONTRACTS[table].conform(kept)
    return filled if row_no is None else filled.append_column("row_no", row_no)


def _consenting(people: People, told: pa.Table) -> list[int]:
    """Persons (here still equal to customers) whose made-up consent says yes."""
    import pyarrow.compute as pc

    agreed = told.filter(pc.fill_null(told["consent"], False))
    return [
        customer
        for customer in people.customers_of(agreed.select(["nick"])).to_pylist()
        if customer is not None
    ]


def _write(
    stage: Stage, shop: Shop, run: ImportRun, place: Place, flags: pa.Table, now: datetime
) -> CatalogEntry:
    with warehouse_writer(place.home):
        entry = catalog.current()
        writer = FactsWriter(
            Warehouse(place.warehouse), entry.versions if entry else {}, f"demo-{run.pk}", lambda name: None
        )
        known = buyers(writer.reader, stage.parts["orders"], flags, shop_id=shop.pk, import_id=run.pk)
        stage.add("customers", known)
        written = writer.write(stage, grain="order")
        with transaction.atomic():
            published = catalog.publish(
                written.versions, as_of_day=now.date(), now=now, reason="demo", import_ref=run.pk
            )
            run.state, run.finished_at, run.catalog_ref = ImportState.DONE, now, published.pk
            run.counts = {"read": sum(written.orders.values()), "accepted": written.orders["new"]}
            run.save()
    return published


def _array(values: pa.ChunkedArray | pa.Array) -> pa.Array:
    return values.combine_chunks() if hasattr(values, "combine_chunks") else values

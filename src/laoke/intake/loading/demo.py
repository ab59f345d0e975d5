"""Loading the made-up shop: the same people and facts steps as an import, from tables instead of a file."""

from __future__ import annotations

import itertools
import time
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import transaction

from laoke.customers import review_texts
from laoke.experiments.assignment import mix, salt_of
from laoke.intake.loading import list_prices
from laoke.intake.loading.buyers import buyers
from laoke.intake.loading.facts import FactsWriter, contract_rows
from laoke.intake.loading.people import People
from laoke.intake.loading.seen import seen_buyers
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
class Response:
    """A person of the demo shop whom a message moves to one more order, some time after `after`."""

    customer_id: int
    occasion_id: int
    after: datetime


@dataclass(frozen=True)
class DemoLoaded:
    """What was loaded: the catalog entry, orders and customers, and the persons who consented to messages."""

    entry: CatalogEntry
    orders: int
    customers: int
    consenting: list[int]
    seconds: dict[str, float]


def load_demo(
    shop: Shop,
    plan: DemoPlan,
    place: Place,
    *,
    now: datetime,
    progress: Callable[[int, int], None],
    responses: Sequence[Response] = (),
) -> DemoLoaded:
    """Put the demo shop as it stands at `now` into its shop: people, sealed contacts, facts, one catalog entry.

    Loading it again at a later time adds what has happened meanwhile, as a newer export would. `responses` get one
    order each, like an order that somebody else placed within ten days after the message.
    """
    plan = plan.as_of(now)
    run = ImportRun.objects.create(
        shop=shop, file_name="示例店", file_sha256=f"{plan.seed:064x}", file_size=0, profile="demo",
        state=ImportState.READING, created_at=now, seen_at=now.replace(microsecond=0),
    )  # fmt: skip
    stage = Stage(place.staging / f"demo-{run.pk}")
    people = People(shop, now, new_id=_repeatable_ids(plan.seed))
    seconds = {}
    begun = time.perf_counter()
    book, orders = plan.traffic_book(), 0
    told = _Responses(responses)
    for part in plan.runs(book=book):
        _stage_run(stage, part, shop, run, people, first_row=orders)
        told.collect(part)
        orders += part.orders.num_rows
        progress(orders, len(plan.placed))
    for table, rows in told.tables().items():
        stage.add(
            table,
            contract_rows(
                table, rows, shop, run, None, _row_numbers(rows, orders) if table == "orders" else None
            ),
        )
    for table, rows in (
        ("products", plan.products()), ("traffic_days", book.traffic_days()), ("product_days", book.product_days())
    ):  # fmt: skip
        stage.add(table, contract_rows(table, _until(rows, now), shop, run, None))
    listed = _listed(contract_rows("products", plan.products(), shop, run, None), shop, place, now.date())
    if listed.num_rows:
        stage.add("list_prices", listed)
    seconds["making"] = time.perf_counter() - begun - people.counts.seconds
    flags = people.flags()
    consenting = _consenting(people, _buyers_so_far(plan))
    seconds["people"] = people.counts.seconds
    begun = time.perf_counter()
    entry = _write(stage, shop, run, place, flags, now)
    stage.clear()
    seconds["facts"] = time.perf_counter() - begun
    return DemoLoaded(entry, orders + told.count, flags.num_rows, consenting, seconds)


def _listed(products: pa.Table, shop: Shop, place: Place, today: date) -> pa.Table:
    """What the products' list prices add to the history that is there."""
    entry = catalog.current()
    reader = Warehouse(place.warehouse).reader(entry.versions if entry else {})
    return list_prices.told_prices(reader, products, today)


def _repeatable_ids(seed: int) -> Callable[[], int]:
    """Customer ids that the same seed gives again, so that the figures of the tutorial are the ones people see.

    Ids that are taken already are left out: a demo shop may stand beside others, and is loaded again as time goes on.
    """
    from laoke.customers.models import Customer

    start = (seed * 2_654_435_761 % 2**38 + 1) << 23
    known = (
        Customer.objects.filter(pk__gte=start, pk__lt=start + 2**23)
        .order_by("-pk")
        .values_list("pk", flat=True)
    )
    return itertools.count(max(known.first() or 0, start) + 1).__next__


class _Responses:
    """Clones orders for those whom a message moved: same basket, same moment, another buyer and number."""

    def __init__(self, responses: Sequence[Response]) -> None:
        self._responses, self.count = sorted(responses, key=lambda r: (r.occasion_id, r.customer_id)), 0
        self._orders: list[pa.Table] = []
        self._lines: list[pa.Table] = []

    def collect(self, part: DemoRun) -> None:
        """Keep what could be cloned: paid orders after the first message."""
        import pyarrow.compute as pc

        if not self._responses:
            return
        first = min(response.after for response in self._responses)
        usable = pc.and_(
            pc.greater(part.orders["created_at"], first), pc.greater(part.orders["paid_cents"], 0)
        )
        chosen = part.orders.filter(pc.fill_null(usable, False))
        self._orders.append(chosen)
        known = pc.is_in(part.order_lines["order_id"], value_set=_array(chosen["order_id"]))
        self._lines.append(part.order_lines.filter(known))

    def tables(self) -> dict[str, pa.Table]:
        """The cloned orders and their lines."""
        import pyarrow as pa

        if not self._orders or not sum(table.num_rows for table in self._orders):
            return {}
        orders, lines = pa.concat_tables(self._orders), pa.concat_tables(self._lines)
        created = orders["created_at"].to_pylist()
        chosen: list[tuple[int, str, int]] = []
        for response in self._responses:
            within = range(
                bisect_right(created, response.after),
                bisect_right(created, response.after + timedelta(days=10)),
            )
            if within:
                place = within[
                    mix(response.customer_id, salt_of("demo response", response.occasion_id)) % len(within)
                ]
                number = f"88{response.occasion_id:06d}{response.customer_id % 10**10:010d}"
                chosen.append((place, number, response.customer_id))
        self.count = len(chosen)
        cloned = orders.take(pa.array([place for place, _, _ in chosen], pa.int64()))
        wanted: dict[str, list[Any]] = {orders["order_id"][place].as_py(): [] for place, _, _ in chosen}
        for place, number, _ in chosen:
            wanted[orders["order_id"][place].as_py()].append(number)
        copies = [
            (row, number)
            for row, old in enumerate(lines["order_id"].to_pylist())
            for number in wanted.get(old, ())
        ]
        cloned_lines = lines.take(pa.array([row for row, _ in copies], pa.int64()))
        return {
            "orders": _with(
                _with(cloned, "order_id", pa.array([number for _, number, _ in chosen], pa.string())),
                "customer_id", pa.array([customer for _, _, customer in chosen], pa.int64()),
            ),
            "order_lines": _with(cloned_lines, "order_id", pa.array([number for _, number in copies], pa.string())),
        }  # fmt: skip


def _with(table: pa.Table, name: str, values: pa.Array) -> pa.Table:
    if name in table.column_names:
        return table.set_column(table.column_names.index(name), name, values)
    return table.append_column(name, values)


def _row_numbers(rows: pa.Table, before: int) -> pa.Array:
    import pyarrow as pa

    return pa.array(range(before, before + rows.num_rows), pa.int64())


def _until(rows: pa.Table, now: datetime) -> pa.Table:
    """Days of traffic that have begun; tables without days stay as they are."""
    import pyarrow.compute as pc

    if "date_day" not in rows.column_names:
        return rows
    return rows.filter(pc.less_equal(rows["date_day"], (now.date() - date(1970, 1, 1)).days))


def _buyers_so_far(plan: DemoPlan) -> pa.Table:
    import numpy as np
    import pyarrow as pa

    told = plan.people()
    return told.filter(pa.array(np.isin(told["buyer_no"].to_numpy(), plan.placed.buyer + 1)))


def _stage_run(
    stage: Stage, part: DemoRun, shop: Shop, run: ImportRun, people: People, *, first_row: int
) -> None:
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
    stage.add(
        "orders",
        contract_rows("orders", part.orders, shop, run, customers, _row_numbers(part.orders, first_row)),
    )
    for table in RUN_TABLES:
        facts = getattr(part, table)
        buyers_of = None
        if "customer_id" in CONTRACTS[table].by_name:
            buyers_of = pa.array([of_order.get(order) for order in facts["order_id"].to_pylist()], pa.int64())
        stage.add(table, contract_rows(table, facts, shop, run, buyers_of))


def _store_reviews(shop: Shop, texts: pa.Table, of_order: dict[str, int | None]) -> None:
    review_texts.keep(
        shop,
        [
            review_texts.Words(
                row["order_id"],
                row["product_id"],
                0,
                {"review_text": row["text"]},
                of_order.get(row["order_id"]),
            )
            for row in texts.to_pylist()
        ],
    )


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
        known = buyers(
            writer.reader, seen_buyers(stage.parts["orders"]), flags, shop_id=shop.pk, import_id=run.pk
        )
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

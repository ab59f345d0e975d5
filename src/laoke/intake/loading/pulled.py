"""Loading what was pulled from a platform: the same people, facts and catalog steps as a file's, for one batch.

Where a file can be read again from its beginning, a pull goes on from its cursor. So the cursor moves in the very
transaction that makes the batch visible: killed before that, the same stretch is pulled and loaded once more, and the
facts are the same as after one time.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import transaction

from laoke.intake.loading import quarantine
from laoke.intake.loading.buyers import buyers
from laoke.intake.loading.facts import FactsWriter, contract_rows
from laoke.intake.loading.people import People
from laoke.intake.loading.run import Surroundings, details, sums
from laoke.intake.loading.stage import Stage
from laoke.intake.models import ImportRun, ImportState
from laoke.shops import catalog
from laoke.shops.locks import warehouse_writer
from laoke.shops.models import Shop
from laoke.warehouse.store import Warehouse

if TYPE_CHECKING:
    import pyarrow as pa

    from laoke.intake.reading.batches import ReadingSummary, StagedBatch

UNFINISHED = (ImportState.READING, ImportState.PEOPLE, ImportState.FACTS)


@dataclass(frozen=True)
class Pulled:
    """One batch with its sums. `name` and `sha256` are what the list of imports shows, `header` names the columns of
    rows put aside."""

    name: str
    profile: str
    sha256: str
    batch: StagedBatch
    summary: ReadingSummary
    header: list[str]


def load_pulled(
    shop: Shop, pulled: Pulled, around: Surroundings, *, moved: Callable[[], None], lock_seconds: float = 60.0
) -> ImportRun:
    """Take one batch in; `moved` writes the cursor inside the transaction that makes the batch visible.

    Every attempt is an import of its own: what a killed one left in the tables is taken back, and is never mistaken
    for this batch, which may tell more.

    Raises
    ------
    WriterBusy
        when another writer holds the warehouse longer than `lock_seconds`; nothing is visible then.
    """
    now = around.now()
    ImportRun.objects.filter(shop=shop, profile=pulled.profile, state__in=UNFINISHED).update(
        state=ImportState.CANCELLED, finished_at=now
    )
    run = ImportRun.objects.create(
        shop=shop, file_name=pulled.name, file_sha256=pulled.sha256, file_size=0, profile=pulled.profile,
        created_at=now, detail={"header": pulled.header},
    )  # fmt: skip
    stage = Stage(around.place.staging / f"pulled-{run.pk}")
    try:
        people, flags, seconds = _people(run, pulled.batch, stage, around)
        _enter(run, ImportState.FACTS)
        with warehouse_writer(around.place.home, lock_seconds):
            _facts_and_publish(run, pulled, stage, people, flags, seconds, around, moved)
    except BaseException:
        ImportRun.objects.filter(pk=run.pk, state__in=UNFINISHED).update(
            state=ImportState.CANCELLED, finished_at=around.now()
        )
        raise
    finally:
        stage.clear()
    around.step("published")
    return run


def _people(
    run: ImportRun, batch: StagedBatch, stage: Stage, around: Surroundings
) -> tuple[People, pa.Table, dict[str, float]]:
    """Buyers become customers; the rows are staged with their numbers instead of their keys."""
    import pyarrow as pa

    _enter(run, ImportState.PEOPLE)
    people = People(run.shop, around.now(), stopped=None)
    orders, who = batch.orders, batch.identities
    customers = people.customers_of(who)
    people.note_contacts(who, customers, orders["created_at"])
    people.note_texts(who, orders["order_id"], customers)
    of_order = dict(zip(orders["order_id"].to_pylist(), customers.to_pylist(), strict=True))
    stage.add("orders", contract_rows("orders", _bare(orders), run.shop, run, customers, orders["row_no"]))
    if batch.lines is not None:
        stage.add("order_lines", contract_rows("order_lines", _bare(batch.lines), run.shop, run, None))
    if batch.refunds is not None:
        told = [of_order.get(order) for order in batch.refunds["order_id"].to_pylist()]
        owners = pa.array(told, pa.int64())
        stage.add("refunds", contract_rows("refunds", _bare(batch.refunds), run.shop, run, owners))
    quarantine.put_aside(run, batch.quarantined, around.now().date())
    flags = people.flags()
    around.step("people_stored")
    return people, flags, {"people": people.counts.seconds}


def _bare(rows: pa.Table) -> pa.Table:
    return rows.drop_columns(["row_no"])


def _facts_and_publish(
    run: ImportRun,
    pulled: Pulled,
    stage: Stage,
    people: People,
    flags: pa.Table,
    seconds: dict[str, float],
    around: Surroundings,
    moved: Callable[[], None],
) -> None:
    begun = time.perf_counter()
    entry = catalog.current()
    warehouse = Warehouse(around.place.warehouse, failpoint=lambda name: around.step(f"table_{name}"))
    writer = FactsWriter(warehouse, entry.versions if entry else {}, f"pulled-{run.pk}", around.step)
    if stage.parts.get("orders"):
        stage.add(
            "customers",
            buyers(writer.reader, stage.parts["orders"], flags, shop_id=run.shop_id, import_id=run.pk),
        )
    written = writer.write(stage, grain="order", shop_id=run.shop_id)
    now = around.now()
    run.counts, run.money = sums(pulled.summary, written)
    seconds["facts"] = time.perf_counter() - begun
    run.detail |= details(pulled.summary, written, people) | {"seconds": seconds}
    around.step("before_publish")
    with transaction.atomic():
        published = catalog.publish(
            written.versions, as_of_day=now.date(), now=now, reason="import", import_ref=run.pk
        )
        run.state, run.catalog_ref, run.finished_at = ImportState.DONE, published.pk, now
        run.save()
        moved()


def _enter(run: ImportRun, state: str) -> None:
    run.state = state
    run.save(update_fields=["state"])

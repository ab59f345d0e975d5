"""Loading what was pulled from a platform: the same people, facts and catalog steps as a file's, for one batch.

Where a file can be read again from its beginning, a pull goes on from its cursor. So the cursor moves in the very
transaction that makes the batch visible: killed before that, the same stretch is pulled and loaded once more, and the
facts are the same as after one time.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Max

from laoke.customers.sealing import waybill_digests
from laoke.intake.loading import quarantine, review_files
from laoke.intake.loading.buyers import buyers
from laoke.intake.loading.facts import FactsWriter, contract_rows
from laoke.intake.loading.people import People
from laoke.intake.loading.run import Surroundings, details, sums
from laoke.intake.loading.seen import seen_buyers
from laoke.intake.loading.stage import Stage
from laoke.intake.models import ImportRun, ImportState
from laoke.shops import catalog
from laoke.shops.locks import warehouse_writer
from laoke.shops.models import Shop
from laoke.warehouse.store import Warehouse

if TYPE_CHECKING:
    import pyarrow as pa

    from laoke.intake.reading.batches import ReadingSummary, StagedBatch
    from laoke.intake.reading.kinds import FactKind

# A pull every few minutes leaves hundreds of rows a day; after this long nobody asks for one of them.
KEPT_FOR = timedelta(days=30)
UNFINISHED = (ImportState.READING, ImportState.PEOPLE, ImportState.FACTS)


@dataclass(frozen=True)
class Others:
    """A batch of facts that are no orders: their kind, and the columns that are told."""

    kind: FactKind
    told: frozenset[str]


@dataclass(frozen=True)
class Pulled:
    """One batch with its sums. `name` and `sha256` are what the list of imports shows, `header` names the columns of
    rows put aside; `others` says what it holds in place of orders."""

    name: str
    profile: str
    sha256: str
    batch: StagedBatch
    summary: ReadingSummary
    header: list[str]
    others: Others | None = None


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
        grain=pulled.others.kind.grain if pulled.others else "order", created_at=now, detail={"header": pulled.header},
    )  # fmt: skip
    stage = Stage(around.place.staging / f"pulled-{run.pk}")
    try:
        if pulled.others is None:
            people, flags, seconds = _people(run, pulled.batch, stage, around)
        else:
            people, flags, seconds = _others(run, pulled.batch, pulled.others, stage, around)
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
    people = People(run.shop, around.now(), stopped=None, mending=True)
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


def _others(
    run: ImportRun, batch: StagedBatch, others: Others, stage: Stage, around: Surroundings
) -> tuple[People, pa.Table, dict[str, float]]:
    """Facts beside orders are staged; a level needs its buyer, a waybill its digest, a review's words the vault."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    _enter(run, ImportState.PEOPLE)
    people = People(run.shop, around.now(), stopped=None, mending=True)
    rows, customers = batch.facts[others.kind.table], None
    if others.kind.table == "customers":
        known = people.customers_of(batch.identities, np.zeros(rows.num_rows, dtype=bool))
        rows, customers = rows.filter(pc.is_valid(known)), known.drop_null()
    elif others.kind.table == "shipment_events":
        digests = waybill_digests(batch.identities["waybill"].to_pylist())
        rows = rows.append_column("waybill_digest", pa.array(digests, pa.string()))
    elif others.kind.table == "reviews":
        review_files.keep_words(run.shop, rows, batch.identities)
    stage.add(others.kind.table, contract_rows(others.kind.table, rows, run.shop, run, customers))
    quarantine.put_aside(run, batch.quarantined, around.now().date())
    around.step("people_stored")
    return people, people.flags(), {"people": people.counts.seconds}


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
            buyers(
                writer.reader,
                seen_buyers(stage.parts["orders"]),
                flags,
                shop_id=run.shop_id,
                import_id=run.pk,
            ),
        )
    review_files.claim_words(run.shop, writer.reader, stage)
    if pulled.others is None:
        written = writer.write(stage, grain="order", shop_id=run.shop_id, whole_lines=True)
    else:
        others = pulled.others
        written = writer.write_facts(stage, others.kind, told=others.told, seen_at=None, shop_id=run.shop_id)
    now = around.now()
    run.counts, run.money = sums(pulled.summary, written)
    run.seen_at = pulled.summary.seen_at
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


def forget_pulls(profiles: Sequence[str], now: datetime) -> int:
    """Delete the rows of old batches but the last of each kind and shop, and those with rows put aside; how many."""
    pulls = ImportRun.objects.filter(profile__in=profiles)
    last = (
        pulls.filter(state=ImportState.DONE)
        .values("shop", "grain")
        .annotate(last=Max("pk"))
        .values_list("last", flat=True)
    )
    old = pulls.filter(created_at__lt=now - KEPT_FOR, quarantined__isnull=True).exclude(state__in=UNFINISHED)
    _, by_model = old.exclude(pk__in=list(last)).delete()
    return by_model.get(ImportRun._meta.label, 0)


def _enter(run: ImportRun, state: str) -> None:
    run.state = state
    run.save(update_fields=["state"])

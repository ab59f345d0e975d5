"""One import, by the steps of the catalog protocol. Each step may be killed and the import run again.

1. read     the file becomes staged parts without identifiers; bad rows go to quarantine
2. people   identities are resolved batch by batch, contacts sealed (both may be repeated)
3. facts    under the write lock: tables brought to the catalog's versions, compared, one commit per table; those of
            orders already while the last contacts are sealed
4. publish  the catalog entry and 'done' in one ledger transaction: the moment the import becomes visible
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.db import transaction

from laoke.customers.sealing import waybill_digests
from laoke.intake.loading import quarantine, review_files
from laoke.intake.loading.ahead import Position, grouped, meanwhile, reading_ahead
from laoke.intake.loading.buyers import buyers
from laoke.intake.loading.customer_files import CustomerList, listed
from laoke.intake.loading.facts import FactsWriter, FactsWritten
from laoke.intake.loading.newer_lines import leave_newer_lines
from laoke.intake.loading.people import People
from laoke.intake.loading.seen import seen_buyers
from laoke.intake.loading.stage import Stage, sweep
from laoke.intake.models import ImportRun, ImportState
from laoke.intake.reading.cells import CLOCKS_DIFFER
from laoke.intake.reading.fact_rows import told_columns
from laoke.intake.reading.kinds import FACT_KINDS
from laoke.intake.reading.opening import Source, open_source
from laoke.intake.reading.reading import choose_layout, read_batches, time_in_name
from laoke.intake.reading.refusals import IntakeRefused, ReadingStopped, storable
from laoke.intake.reading.warming import load_kernels_for
from laoke.shops import audit, catalog
from laoke.shops.bulk import few_collections
from laoke.shops.locks import import_runner, warehouse_writer
from laoke.shops.models import Shop, User
from laoke.shops.place import Place
from laoke.warehouse.contracts import CONTRACTS
from laoke.warehouse.store import Warehouse

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    from laoke.intake.reading.batches import QuarantinedRow as PutAside
    from laoke.intake.reading.batches import ReadingSummary, StagedBatch
    from laoke.intake.reading.profiles import Layout

Step = Callable[[str], None]
# Keys are looked up and written for so many rows at a time: each time the whole index of identities is walked.
ROWS_AT_ONCE = 100_000
# Of more orders the buyers are looked for after the orders are written: both at once would take half a gigabyte more.
ORDERS_AT_ONCE = 1_500_000
DIGEST_BYTES = 64 * 1024 * 1024
READ_SHARE = 70  # of 100 parts of progress; the rest is people and facts


@dataclass(frozen=True)
class Options:
    """How to read a file: its name at the owner's, a profile or a mapping {role: header}, and a cut.

    A batch that was sent as JSON knows how its orders stand in `rows`, and brings the rows that are in no file."""

    file_name: str
    profile: str = ""
    mapping: dict[str, str] | None = None
    grain: str = "order"
    until: datetime | None = None
    seen_at: datetime | None = None
    rows: dict[str, str] | None = None
    refused: tuple[PutAside, ...] = ()


@dataclass(frozen=True)
class Surroundings:
    """What an import needs from outside. `step` is called after each step (tests kill there)."""

    place: Place
    now: Callable[[], datetime]
    progress: Callable[[int, int], None] = lambda done, total: None
    cancelled: Callable[[], bool] = lambda: False
    step: Step = lambda name: None


def begin(shop: Shop, path: Path, options: Options, *, by: User | None, now: datetime) -> ImportRun:
    """The row of an import that is about to run; one that was cut short with the same file is taken up again."""
    load_kernels_for(path)
    sha = file_sha256(path)
    unfinished = ImportRun.objects.filter(
        shop=shop,
        file_sha256=sha,
        until=options.until,
        job=None,
        state__in=(ImportState.READING, ImportState.PEOPLE, ImportState.FACTS),
    ).first()
    if unfinished is not None:
        return unfinished
    return ImportRun.objects.create(
        shop=shop, file_name=options.file_name, file_sha256=sha, file_size=path.stat().st_size, until=options.until,
        profile=options.profile, mapping=options.mapping or {}, created_by=by, created_at=now,
    )  # fmt: skip


def file_sha256(path: Path) -> str:
    """The digest that names a file. Its pieces are large: between two of them the interpreter's lock is asked for,
    which the thread that loads the kernels meanwhile may hold for milliseconds."""
    digest = hashlib.sha256()
    piece = memoryview(bytearray(min(DIGEST_BYTES, max(1, path.stat().st_size))))
    with path.open("rb", buffering=0) as file:
        while count := file.readinto(piece):
            digest.update(piece[:count])
    return digest.hexdigest()


def run_import(run: ImportRun, path: Path, options: Options, around: Surroundings) -> ImportRun:
    """Take a file in. The run's row tells the outcome: done, refused (with code and parameters) or cancelled.

    A run that another process works on is waited for; one that is done already (the process died after that, before
    it could say so) is given back as it is.

    Raises
    ------
    IntakeRefused
        when the file as a whole cannot be read; nothing of it is visible then.
    """
    with import_runner(around.place.home, run.pk), few_collections():
        sweep_staging(around.place)
        run.refresh_from_db()
        return run if run.state == ImportState.DONE else _run_alone(run, path, options, around)


def sweep_staging(place: Place) -> int:
    """Delete the staging folders of imports that have ended; how many."""
    return sweep(place.staging, _over)


def _over(runs: list[int]) -> set[int]:
    """Those of the runs that have ended."""
    ended = (ImportState.DONE, ImportState.REFUSED, ImportState.CANCELLED)
    return set(ImportRun.objects.filter(pk__in=runs, state__in=ended).values_list("pk", flat=True))


def _run_alone(run: ImportRun, path: Path, options: Options, around: Surroundings) -> ImportRun:
    load_kernels_for(path)
    stage = Stage(around.place.staging / f"{run.file_sha256[:20]}-{run.pk}")
    try:
        with open_source(path, mapping=options.mapping) as source:
            return _Import(run, source, options, around, stage).all_steps()
    except ReadingStopped:
        _end(run, ImportState.CANCELLED, around.now(), {})
        raise
    except IntakeRefused as refusal:
        _end(run, ImportState.REFUSED, around.now(), {"code": refusal.code, "params": refusal.params})
        raise
    finally:
        stage.clear()


def _somebody_stopped(run: ImportRun) -> bool:
    """Whether this run, or another of the shop, was begun by somebody who may have died: a header was read, no end."""
    begun = (ImportState.READING, ImportState.PEOPLE, ImportState.FACTS)
    others = ImportRun.objects.filter(shop=run.shop, state__in=begun).exclude(pk=run.pk)
    return "header" in run.detail or others.exists()


class _Import:
    def __init__(
        self, run: ImportRun, source: Source, options: Options, around: Surroundings, stage: Stage
    ) -> None:
        self.run, self.source, self.options, self.around, self.stage = run, source, options, around, stage
        self.shop = run.shop
        self.people = People(run.shop, around.now(), stopped=None, mending=_somebody_stopped(run))
        self.listed = CustomerList(run, self.people)
        self.seconds: dict[str, float] = {}

    def all_steps(self) -> ImportRun:
        layout = choose_layout(
            self.source,
            self.options.mapping,
            profile=self.options.profile or None,
            grain=self.options.grain,  # type: ignore[arg-type]
            zone=self.shop.timezone,
            rows=self.options.rows,
        )
        begun = time.perf_counter()
        summary = self._read(layout)
        self.seconds["reading"] = time.perf_counter() - begun - self.people.counts.seconds
        self._enter(ImportState.PEOPLE)
        flags = self._store_people() if layout.grain in FACT_KINDS else None
        begun, sealing = time.perf_counter(), self.people.counts.seconds
        with warehouse_writer(self.around.place.home):
            writer = self._facts_writer()
            if flags is not None:
                self._write_facts(writer, layout, summary, flags)
            else:
                self._write_orders(writer, layout, summary)
            self.around.progress(95, 100)
            self.seconds["facts"] = time.perf_counter() - begun - (self.people.counts.seconds - sealing)
            self._publish(summary, writer.written)
        self.around.progress(100, 100)
        return self.run

    def _store_people(self) -> pa.Table:
        """Seal the contacts that are left; which keys and contacts each customer of the file has."""
        flags = self.people.flags()
        self.listed.tell_people()
        self.seconds["people"] = self.people.counts.seconds
        self.around.step("people_stored")
        self.around.progress(READ_SHARE + 5, 100)
        self._check_cancel()
        self._enter(ImportState.FACTS)
        return flags

    def _read(self, layout: Layout) -> ReadingSummary:
        self.run.profile, self.run.grain = layout.id, layout.grain
        self.run.detail = {"header": storable(layout.header), "encoding": self.source.text_encoding}
        self._enter(ImportState.READING)
        position = Position()
        reading = read_batches(
            self.source,
            layout,
            file_name=self.options.file_name,
            seen_at=self.options.seen_at,
            until=self.options.until,
            latest=self.around.now() + CLOCKS_DIFFER,
            stamp_later=True,
            progress=position.note,
        )
        with closing(reading_ahead(reading)) as batches:
            for group in grouped(batches, lambda batch: batch.identities.num_rows, ROWS_AT_ONCE, first=1):
                self._check_cancel()
                if layout.grain in FACT_KINDS:
                    for batch in group:
                        self._stage_facts(batch)
                        self.around.step("batch_staged")
                    continue
                for batch, customers in self._with_customers(group):
                    self._stage(batch, customers)
                    self.around.step("batch_staged")
                self.around.progress(position.share(READ_SHARE), 100)
        self.stage.settle()
        self._refuse_rows(reading.summary)
        return reading.summary

    def _refuse_rows(self, summary: ReadingSummary) -> None:
        """Rows of a batch that could not even stand in its file are put aside with the others, and counted."""
        quarantine.put_aside(self.run, self.options.refused, self.around.now().date())
        for row in self.options.refused:
            for tally in (summary.read, summary.quarantined):
                tally.add(1, row.cents)
            summary.money_unreadable += not row.money_readable
            summary.reasons[row.reason_code] += 1

    def _with_customers(self, group: list[StagedBatch]) -> Iterator[tuple[StagedBatch, pa.Array]]:
        """The batches of a group, each with the customers of its identities: keys are looked up for all at once."""
        import numpy as np
        import pyarrow as pa

        is_order = np.concatenate([_are_orders(batch) for batch in group])
        customers = self.people.customers_of(
            pa.concat_tables([batch.identities for batch in group]), is_order
        )
        start = 0
        for batch in group:
            yield batch, customers.slice(start, batch.identities.num_rows)
            start += batch.identities.num_rows

    def _stage(self, batch: StagedBatch, customers: pa.Array) -> None:
        import pyarrow as pa

        by_row = pa.table({"row_no": batch.identities["row_no"], "customer_id": customers})
        orders = batch.orders
        order_customers = _taken(by_row, orders["row_no"])
        if orders.num_rows == batch.identities.num_rows:
            self.people.note_contacts(batch.identities, order_customers, orders["created_at"])
            self.people.note_texts(batch.identities, orders["order_id"], order_customers)
        else:
            of_orders = batch.identities.take(_positions(batch.identities["row_no"], orders["row_no"]))
            self.people.note_contacts(of_orders, order_customers, orders["created_at"])
        self._stage_later("orders", orders, order_customers)
        if batch.lines is not None:
            self._stage_later("order_lines", batch.lines, None)
        if batch.refunds is not None:
            self._stage_later("refunds", batch.refunds, _taken(by_row, batch.refunds["row_no"]))
        quarantine.put_aside(self.run, batch.quarantined, self.around.now().date())

    def _stage_facts(self, batch: StagedBatch) -> None:
        """Rows of a file that is none of orders: of those, lists of customers alone tell who somebody is."""
        import pyarrow as pa

        for table, rows in batch.facts.items():
            if table == "customers":
                self._stage_later(table, *self.listed.rows(batch))
                continue
            if table == "shipment_events":
                waybills = batch.identities["waybill"].to_pylist()
                rows = rows.append_column("waybill_digest", pa.array(waybill_digests(waybills), pa.string()))
            if table == "reviews":
                review_files.keep_words(self.shop, rows, batch.identities)
            self._stage_later(table, rows, None)
        quarantine.put_aside(self.run, batch.quarantined, self.around.now().date())

    def _stage_later(self, table: str, rows: pa.Table, customers: pa.Array | None) -> None:
        self.stage.later(table, lambda: self._facts_of(table, rows, customers))

    def _facts_of(self, table: str, rows: pa.Table, customers: pa.Array | None) -> pa.Table:
        """The rows with shop, import and customer, in the contract's columns; orders keep their row number."""
        import pyarrow as pa

        count = rows.num_rows
        own = {
            "shop_id": pa.repeat(pa.scalar(self.shop.pk, pa.int64()), count),
            "import_id": pa.repeat(pa.scalar(self.run.pk, pa.int64()), count),
        }
        row_no = rows["row_no"]
        kept = rows.drop_columns(["row_no"])
        for name, values in own.items():
            kept = kept.append_column(name, values)
        if customers is not None:
            kept = kept.append_column("customer_id", customers)
        filled = CONTRACTS[table].conform(kept)
        CONTRACTS[table].check_columns(filled)
        return filled.append_column("row_no", row_no) if table == "orders" else filled

    def _facts_writer(self) -> FactsWriter:
        entry = catalog.current()
        warehouse = Warehouse(
            self.around.place.warehouse, failpoint=lambda name: self.around.step(f"table_{name}")
        )
        app_id = f"import-{self.run.pk}-after-{entry.pk if entry else 0}-{self.run.created_at:%H%M%S%f}"
        return FactsWriter(warehouse, entry.versions if entry else {}, app_id, self.around.step)

    def _write_orders(self, writer: FactsWriter, layout: Layout, summary: ReadingSummary) -> None:
        """Orders with what hangs on them, then their buyers. No one sees orders before they are published, so they need
        not wait for the last contacts: those take one processor while facts take the other."""
        review_files.claim_words(self.shop, writer.reader, self.stage)

        parts = tuple(self.stage.parts.get("orders", ()))

        def orders() -> None:
            if layout.grain == "line":
                leave_newer_lines(writer, self.stage)
            writer.write(self.stage, grain=layout.grain, seen_at=summary.seen_at, shop_id=self.shop.pk)

        with meanwhile(2 if summary.orders <= ORDERS_AT_ONCE else 1) as beside:
            written, seen = beside.submit(orders), beside.submit(seen_buyers, parts)
            flags = self._store_people()
            told = buyers(writer.reader, seen.result(), flags, shop_id=self.shop.pk, import_id=self.run.pk)
            written.result()
        if parts:
            writer.write_buyers(told)

    def _write_facts(
        self, writer: FactsWriter, layout: Layout, summary: ReadingSummary, flags: pa.Table
    ) -> None:
        """The one table of a file of other facts."""
        review_files.claim_words(self.shop, writer.reader, self.stage)
        if layout.grain == "customer":
            rows = listed(writer.reader, self.stage.parts.get("customers", []), flags, self.run, self.people)
            writer.write_customers(rows, given=summary.accepted.rows)
        elif kind := FACT_KINDS.get(layout.grain):
            told = told_columns(kind, set(layout.columns))
            seen_at, listed_on = summary.seen_at, self._listed_on()
            writer.write_facts(
                self.stage, kind, told=told, seen_at=seen_at, shop_id=self.shop.pk, listed_on=listed_on
            )

    def _listed_on(self) -> date:
        """The day of which a list of goods tells: as it was said or stands in the file's name, else today."""
        now = self.around.now()
        said = self.options.seen_at or time_in_name(self.options.file_name)
        return min(said or now, now).date()

    def _publish(self, summary: ReadingSummary, written: FactsWritten) -> None:
        now = self.around.now()
        self.run.counts, self.run.money = sums(summary, written)
        self.run.seen_at = summary.seen_at
        self.run.detail |= details(summary, written, self.people) | {"seconds": self.seconds}
        self.around.step("before_publish")
        with transaction.atomic():
            entry = catalog.publish(
                written.versions, as_of_day=now.date(), now=now, reason="import", import_ref=self.run.pk
            )
            self.run.state, self.run.catalog_ref, self.run.finished_at = ImportState.DONE, entry.pk, now
            self.run.error = {}
            self.run.save()
            audit.record(
                "import", shop=self.shop, actor=self.run.created_by, at=now, subject=self.run.file_name,
                count=self.run.counts["read"], sha256=self.run.file_sha256,
                **({"token": self.run.token.prefix} if self.run.token else {}),
            )  # fmt: skip
        self.around.step("published")

    def _enter(self, state: str) -> None:
        self.run.state = state
        self.run.save(update_fields=["state", "profile", "grain", "detail"])

    def _check_cancel(self) -> None:
        if self.around.cancelled():
            raise ReadingStopped


def sums(summary: ReadingSummary, written: FactsWritten) -> tuple[dict[str, int], dict[str, int]]:
    """Rows and cents of an import: read = accepted + unchanged + quarantined + held_back, in both."""
    decided = written.decided
    counts = {
        "read": summary.read.rows,
        "accepted": decided.accepted_rows,
        "new": decided.rows["new"],
        "changed": decided.rows["changed"],
        "unchanged": decided.rows["unchanged"],
        "quarantined": summary.quarantined.rows,
        "held_back": summary.held_back.rows,
        "ignored": summary.ignored,
    }
    money = {
        "read": summary.read.cents,
        "accepted": decided.accepted_cents,
        "new": decided.cents["new"],
        "changed": decided.cents["changed"],
        "unchanged": decided.cents["unchanged"],
        "quarantined": summary.quarantined.cents,
        "held_back": summary.held_back.cents,
    }
    return counts, money


def details(summary: ReadingSummary, written: FactsWritten, people: People) -> dict[str, Any]:
    """What else the result page tells."""
    return {
        "reasons": dict(summary.reasons),
        "money_unreadable": summary.money_unreadable,
        "paid_cents": summary.paid_cents,
        "refunded_cents": summary.refunded_cents,
        "orders": {**written.orders, "read": summary.orders},
        "waiting": written.waiting,
        "lines": summary.lines,
        "refunds": summary.refunds,
        "people": asdict(people.counts),
        "first_created": _iso(summary.first_created),
        "last_created": _iso(summary.last_created),
    }


def _iso(at: datetime | None) -> str | None:
    return at.isoformat(sep=" ", timespec="seconds") if at else None


def _are_orders(batch: StagedBatch) -> NDArray[np.bool_]:
    """Which rows of the identities are orders; the others are goods sent back."""
    import numpy as np

    rows = batch.identities["row_no"].to_numpy()
    return np.isin(rows, batch.orders["row_no"].to_numpy())


def _positions(haystack: pa.ChunkedArray, needles: pa.ChunkedArray) -> pa.Array:
    import pyarrow.compute as pc

    return pc.index_in(
        needles, value_set=haystack.combine_chunks() if hasattr(haystack, "combine_chunks") else haystack
    )


def _taken(by_row: pa.Table, rows: pa.ChunkedArray) -> pa.Array:
    """The customer of each row number."""
    import pyarrow as pa

    if rows.equals(by_row["row_no"]):  # as in every file of orders
        return by_row["customer_id"].combine_chunks()
    taken = by_row["customer_id"].take(_positions(by_row["row_no"], rows))
    return taken.combine_chunks() if isinstance(taken, pa.ChunkedArray) else taken


def _end(run: ImportRun, state: str, now: datetime, error: dict[str, Any]) -> None:
    run.state, run.finished_at, run.error = state, now, error
    run.save(update_fields=["state", "finished_at", "error", "profile", "grain", "detail"])

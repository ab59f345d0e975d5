"""The way through a file: an optional first pass for its as-of time, then batches, then the sums.

Small files go through plain Python, large ones through compiled kernels; both give the same batches.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

from laoke.intake.reading.batches import ReadingSummary, StagedBatch
from laoke.intake.reading.cells import EPOCH, FIRST_YEAR, LAST_YEAR, OK, micros_of
from laoke.intake.reading.kinds import FACT_KINDS
from laoke.intake.reading.opening import Source
from laoke.intake.reading.profiles import (
    SHOP_ZONE,
    Layout,
    Recognition,
    layout_of,
    layout_of_recognition,
    part_of,
)
from laoke.intake.reading.records import Chunk, PlainChunk
from laoke.intake.reading.refusals import MIB, IntakeRefused, ReadingStopped
from laoke.intake.reading.roles import ROLES, TELLS_ORDERS, Grain, missing_roles
from laoke.intake.reading.verdicts import refuse_damaged_ids

Engine = Literal["auto", "plain", "compiled"]
Progress = Callable[[int, int], None]

_STAMP = re.compile(r"(?<!\d)(20\d{2})(\d{2})(\d{2})[-_ ]?(\d{2})(\d{2})(\d{2})?(?!\d)")
_SEARCHED_BYTES = MIB
_TIME_ROLES = ("created_at", "paid_at", "shipped_at", "finished_at", "modified_at")


def choose_layout(
    source: Source,
    mapping: Mapping[str, str] | None = None,
    *,
    profile: str | None = None,
    grain: Grain = "order",
    zone: str = SHOP_ZONE,
    rows: Mapping[str, str] | None = None,
) -> Layout:
    """The layout to read a source with: a mapping {role: header name}, a profile by id, or the best recognised.

    `zone` is that of the shop's clock, for times that tell their offset. `rows` says with a mapping how an order stands
    in its rows, where whoever wrote the file knows that.

    Raises IntakeRefused `header_not_recognised` when nothing fits completely, naming what is missing of the
    nearest layout and the columns there are; `part_alone` when it tells orders only together with other files.
    """
    found: list[Recognition] = source.recognitions
    if mapping is not None:
        # what its columns mean was told anew; how an order stands in its rows is still that of the export it is
        known = found[0].profile if found and found[0].complete and found[0].profile.grain == grain else None
        return layout_of(
            source.header, mapping, id="mapping", grain=grain, serials=source.from_sheet, delimiter=source.delimiter,
            zone=zone, rows=rows if rows is not None else known.rows if known else None,
        )  # fmt: skip
    if profile is not None:
        found = [recognition for recognition in found if recognition.profile.id == profile]
    if not found or not found[0].complete:
        refuse_part_alone(source.header)
        raise IntakeRefused(
            "header_not_recognised",
            nearest=found[0].profile.id if found else None,
            missing=list(found[0].missing if found else missing_roles(set(), grain)),
            found=[name for name in source.header if name],
        )
    return layout_of_recognition(
        source.header, found[0], serials=source.from_sheet, delimiter=source.delimiter, zone=zone
    )


def refuse_part_alone(header: Sequence[str]) -> None:
    """Raise when a file with this header is one of several that only tell orders together."""
    found = part_of(header)
    if found is not None:
        profile, part = found
        raise IntakeRefused("part_alone", profile=profile.id, part=profile.parts.index(part))


class Reading:
    """Batches of a source, to be iterated once; `summary` is complete when the iteration is."""

    def __init__(
        self,
        source: Source,
        layout: Layout,
        *,
        file_name: str,
        seen_at: datetime | None,
        until: datetime | None,
        latest: datetime | None,
        progress: Progress | None,
        cancelled: Callable[[], bool] | None,
        engine: Engine,
        stamp_later: bool = False,
    ) -> None:
        self.source = source
        # Of a file that is read up to a day, later rows are held back, whatever the clock says.
        self.layout = layout if latest is None or until else replace(layout, latest=micros_of(latest))
        self.summary = ReadingSummary()
        self._until = None if until is None else micros_of(until)
        self._seen_at = seen_at or time_in_name(file_name)
        self._progress, self._cancelled, self._engine = progress, cancelled, engine
        # A file of other facts tells its time by its rows alone: nothing in them depends on it.
        fact = layout.grain in FACT_KINDS
        self._stamp_later = fact or (stamp_later and layout.grain == "order" and self._seen_at is None)

    def __iter__(self) -> Iterator[StagedBatch]:
        plain = self._plain_data()
        seen_at = 0 if self._stamp_later else self._as_of(plain)
        self.summary.seen_at = EPOCH + timedelta(microseconds=seen_at)
        if self.layout.grain in FACT_KINDS:
            yield from self._fact_batches(plain)
        elif self.layout.grain == "line":
            yield from self._line_batches(plain, seen_at)
        else:
            yield from self._order_batches(plain, seen_at)
        if not self.summary.read.rows:
            raise IntakeRefused("no_data_rows", line=self.source.header_line)
        if self._stamp_later:
            told = micros_of(self._seen_at) if self._seen_at else self.summary.latest_micros
            self.summary.seen_at = EPOCH + timedelta(microseconds=self._until_at_most(told))

    def _line_batches(self, plain: bytes | None, seen_at: int) -> Iterator[StagedBatch]:
        from laoke.intake.reading.lines import line_batches
        from laoke.intake.reading.told import told_batches

        if any(self.layout.has(role) for role in TELLS_ORDERS):
            return told_batches(
                lambda: self._chunks(self.layout, plain), self._parts(), seen_at, self._until, self.summary
            )
        chunks = self._chunks(self.layout, plain)
        return line_batches(chunks, self._parts(), seen_at, self._until, self.summary)

    def _order_batches(self, plain: bytes | None, seen_at: int) -> Iterator[StagedBatch]:
        from laoke.intake.reading.orders import order_batch

        if plain is None:
            self._refuse_ahead()
        first_row = 1
        for chunk in self._chunks(self.layout, plain):
            refuse_damaged_ids(chunk)
            batch = order_batch(
                chunk, seen_at=seen_at, until=self._until, first_row=first_row, summary=self.summary
            )
            first_row += chunk.rows
            yield batch

    def _fact_batches(self, plain: bytes | None) -> Iterator[StagedBatch]:
        from laoke.intake.reading.fact_rows import fact_batch

        ids = [role for role in FACT_KINDS[self.layout.grain].id_roles if self.layout.has(role)]
        first_row = 1
        for chunk in self._chunks(self.layout, plain):
            for role in ids:
                if ROLES[role].kind == "id":
                    refuse_damaged_ids(chunk, role)
            yield fact_batch(chunk, until=self._until, first_row=first_row, summary=self.summary)
            first_row += chunk.rows

    def _refuse_ahead(self) -> None:
        """What refuses a large file far below its beginning refuses it before the first batch is given: the people of
        the batches before would stay in the ledger without an order. A packed file is unpacked to its end here; the
        order numbers are looked at only where the text has an E+ at all, which is seldom and quickly told."""
        if _holds_exponent(self.source):
            survey = replace(self.layout, columns={"order_id": self.layout.columns["order_id"]}, marks={})
            for chunk in self._chunks(survey, None):
                refuse_damaged_ids(chunk)

    def _plain_data(self) -> bytes | None:
        """The whole text of a small file; None when the kernels shall read it."""
        limits = self.source.limits
        if self._engine == "compiled" or (self._engine == "auto" and self.source.size > limits.plain_bytes):
            return None
        with self.source.data() as stream:
            return stream.read_all(limits.plain_bytes if self._engine == "auto" else 2**62)

    def _chunks(self, layout: Layout, plain: bytes | None) -> Iterator[Chunk]:
        source, limits = self.source, self.source.limits
        if plain is not None:
            yield PlainChunk(plain, source.data_line, layout, source.text_encoding, limits.cell_bytes)
            self._tell(source.size)
            return
        from laoke.intake.reading.compiled import compiled_chunks

        with source.data() as stream:
            for chunk in compiled_chunks(stream, layout, source.data_line, source.text_encoding, limits):
                yield chunk
                self._tell(stream.position)

    def _tell(self, position: int) -> None:
        if self._cancelled is not None and self._cancelled():
            raise ReadingStopped
        if self._progress is not None:
            self._progress(position, self.source.size)

    def _as_of(self, plain: bytes | None) -> int:
        """The time the file speaks of: as told, else by its name, else its latest; never after `until` or `latest`."""
        return self._until_at_most(micros_of(self._seen_at) if self._seen_at else self._latest_time(plain))

    def _until_at_most(self, micros: int) -> int:
        bounds = [bound for bound in (self._until, self.layout.latest) if bound is not None]
        return min([micros, *bounds])

    def _latest_time(self, plain: bytes | None) -> int:
        roles = {role: self.layout.columns[role] for role in _TIME_ROLES if self.layout.has(role)}
        columns = {"order_id": self.layout.columns["order_id"], **roles}
        survey = replace(self.layout, columns=columns, marks={})
        latest = 0
        for chunk in self._chunks(survey, plain):
            if self.layout.grain == "order":
                refuse_damaged_ids(chunk)
            for role in roles:
                micros, states = chunk.times(role)
                latest = max(latest, int(micros[states == OK].max(initial=0)))
        return latest

    def _parts(self) -> int:
        return max(1, -(-self.source.size // self.source.limits.part_bytes))


def read_batches(
    source: Source,
    layout: Layout | None = None,
    *,
    file_name: str | None = None,
    seen_at: datetime | None = None,
    until: datetime | None = None,
    latest: datetime | None = None,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
    engine: Engine = "auto",
    stamp_later: bool = False,
) -> Reading:
    """Read a source in batches of tens of thousands of rows; iterate the result, then look at its `summary`.

    `file_name` is the name the owner's file had (its time, as in ExportOrderList201905151650.csv, is the as-of time
    unless `seen_at` is given). Rows created after `until` are held back: counted, not given. Rows of which anything
    happened after `latest` are put aside. `progress(done, all)`
    counts bytes of the file; `cancelled()` is asked after each chunk and ends reading with ReadingStopped. Raises
    IntakeRefused also while iterating: a batch given before then must not become visible.

    The as-of time of a file that does not tell it is its latest time, which takes a pass of its own to find. With
    `stamp_later` the caller spares that pass: `seen_at` of the batches then means nothing, and is to be replaced by
    `summary.seen_at` once all are read.
    """
    return Reading(
        source,
        layout or choose_layout(source),
        file_name=file_name or source.path.name,
        seen_at=seen_at,
        until=until,
        latest=latest,
        progress=progress,
        cancelled=cancelled,
        engine=engine,
        stamp_later=stamp_later,
    )


def _holds_exponent(source: Source) -> bool:
    """Whether `E+` or `e+` stands anywhere in the text. A packed text is read to its end in any case."""
    import numpy as np

    found = False
    block = np.zeros(_SEARCHED_BYTES + 1, np.uint8)  # the last byte of one block stands before the next
    with source.data() as stream:
        while count := stream.readinto(block.data[1:]):
            signs = np.flatnonzero(block[1 : count + 1] == ord("+"))
            found = found or bool((block[signs] | 0x20 == ord("e")).any())
            if found and source.kind != "gzip":
                return True
            block[0] = block[count]
    return found


def time_in_name(file_name: str) -> datetime | None:
    """The moment of export when the name holds one: 201905151650 or 20190515165030."""
    for found in _STAMP.finditer(Path(file_name).stem):
        try:
            moment = datetime(*(int(part or 0) for part in found.groups()))  # type: ignore[arg-type]
        except ValueError:
            continue
        if FIRST_YEAR <= moment.year <= LAST_YEAR:
            return moment
    return None

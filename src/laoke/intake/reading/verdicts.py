"""The verdict on each row of a chunk: accepted, put aside with a reason, held back, or no data row at all.

The first reason found is the one told. Money is counted once per row here, so that the sums of a file add up
by construction.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from laoke.intake.reading.batches import QuarantinedRow, ReadingSummary
from laoke.intake.reading.cells import AHEAD, EMPTY, EPOCH, IMPOSSIBLE, OK, OTHER, UNREADABLE
from laoke.intake.reading.records import CUT, EXTRA, FILLED, TOO_LONG, UNCLOSED, Chunk, Numbers, States
from laoke.intake.reading.refusals import IntakeRefused

if TYPE_CHECKING:
    import pyarrow as pa

Mask = np.ndarray[Any, np.dtype[np.bool_]]

# A billion yuan in one row: a slip of the keys, or an id in the wrong column. Sums of rows go further (contracts).
LARGEST_CENTS = 100_000_000_000
LARGEST_COUNT = 2**31 - 1
ID_PATTERN = r"^[0-9A-Za-z_.:#/\-]{1,64}$"
_SCIENTIFIC_ID = r"^[0-9](\.[0-9]+)?[eE]\+?[0-9]{1,3}$"
SHOWN = 80
_ROUNDED_AMONG, _ROUNDED_AT_LEAST = 1000, 20
_TOTAL_WORDS = (
    "总计",
    "合计",
    "小计",
    "总和",
    "汇总",
    "备注:",
    "备注：",
    "说明",
    "注:",
    "注：",
    "导出时间",
    "数据说明",
)
_TOTALS = (*_TOTAL_WORDS, "#")


class Verdict:
    """Reasons by row. `role` of a reason names the column to show with it."""

    def __init__(self, chunk: Chunk) -> None:
        self.chunk = chunk
        self.ignored = np.zeros(chunk.rows, np.bool_)
        self.held_back = np.zeros(chunk.rows, np.bool_)
        self.cents = np.zeros(chunk.rows, np.int64)
        self.money_readable = np.ones(chunk.rows, np.bool_)
        self._reason = np.zeros(chunk.rows, np.int16)
        self._reasons: list[tuple[str, str]] = [("", "")]

    @property
    def clean(self) -> Mask:
        """Rows with no reason against them so far."""
        clean: Mask = (self._reason == 0) & ~self.ignored
        return clean

    @property
    def accepted(self) -> Mask:
        return self.clean & ~self.held_back

    def reject(self, mask: Mask, code: str, role: str = "") -> None:
        hit = mask & (self._reason == 0)
        if hit.any():
            self._reasons.append((code, role))
            self._reason[hit] = len(self._reasons) - 1

    def check_shape(self, created_states: States, counted: Mask | None = None) -> None:
        """Totals and remarks, rows cut off, quotes left open, overlong cells, too few or too many cells.

        `counted` are rows with an order number, a quantity or a price: such a row is no remark unless its order number
        is a word for one.
        """
        chunk = self.chunk
        faults = chunk.faults
        short = chunk.counts <= max(chunk.layout.columns.values())
        self._ignore_totals(short, created_states, counted)
        self.reject((faults & CUT) > 0, "row_cut_off")
        self.reject((faults & UNCLOSED) > 0, "quote_not_closed")
        self.reject((faults & TOO_LONG) > 0, "cell_too_long")
        self.reject(short, "too_few_cells")
        self.reject((faults & EXTRA) > 0, "too_many_cells")
        self.money_readable &= ~short & ((faults & (CUT | UNCLOSED | EXTRA | TOO_LONG)) == 0)

    def _ignore_totals(self, short: Mask, created_states: States, counted: Mask | None) -> None:
        faults = self.chunk.faults
        self.ignored |= (faults & (FILLED | CUT | UNCLOSED | TOO_LONG)) == 0
        candidates = ~self.ignored & (short | (created_states != OK)) & ((faults & TOO_LONG) == 0)
        for row in np.flatnonzero(candidates):
            if counted is not None and counted[row]:
                self.ignored[row] = self.chunk.cell("order_id", int(row)).startswith(_TOTAL_WORDS)
                continue
            raw = self.chunk.raw(int(row)).strip(" \t,\"'=")
            if not raw or raw.startswith(_TOTALS):
                self.ignored[row] = True

    def check_ids(self, role: str, ids: pa.Array, *, needed: bool = True) -> None:
        """Missing ids, and ids that hold blanks, words or more than 64 characters."""
        import pyarrow as pa
        import pyarrow.compute as pc

        chunk = self.chunk
        states, length = chunk.plain_ids(role), lengths(ids)
        if needed:
            self.reject(length == 0, "order_id_missing" if role == "order_id" else "id_missing", role)
        looked_at = np.flatnonzero((length > 0) & ((states != OK) | (length > 64)) & self.clean)
        if not len(looked_at):
            return
        some = ids.take(pa.array(looked_at))
        strange = np.zeros(chunk.rows, np.bool_)
        strange[looked_at] = ~pc.match_substring_regex(some, ID_PATTERN).to_numpy(zero_copy_only=False)
        self.reject(strange, "id_unreadable", role)

    def check_time(self, role: str, states: States, *, required: bool = False) -> None:
        if required:
            self.reject(states == EMPTY, "time_missing", role)
        self.reject(states == UNREADABLE, "time_unreadable", role)
        self.reject(states == IMPOSSIBLE, "time_impossible", role)
        self.reject(states == AHEAD, "time_ahead", role)

    def check_money(self, role: str, values: Numbers, states: States, *, signed: bool = False) -> None:
        self.reject(states == UNREADABLE, "money_unreadable", role)
        self.reject(np.abs(values) > LARGEST_CENTS, "money_too_large", role)
        if not signed:
            self.reject(values < 0, "negative_amount", role)

    def count_money(self, cents: Numbers, readable: Mask) -> None:
        """What each row adds to the file's sum; rows whose money cannot be read or trusted add nothing."""
        self.money_readable &= readable & (np.abs(cents) <= LARGEST_CENTS)
        self.cents = np.where(self.money_readable, cents, 0)

    def hold_back(self, created: Numbers, until: int | None) -> None:
        if until is not None:
            self.held_back = self.clean & (created > until)

    def quarantined(self) -> list[QuarantinedRow]:
        return [self._quarantined(int(row)) for row in np.flatnonzero((self._reason > 0) & ~self.ignored)]

    def _quarantined(self, row: int) -> QuarantinedRow:
        code, role = self._reasons[self._reason[row]]
        chunk, layout = self.chunk, self.chunk.layout
        params: dict[str, Any] = {}
        if role:
            params = {"column": layout.header[layout.columns[role]], "found": chunk.cell(role, row)[:SHOWN]}
        elif code in ("too_few_cells", "too_many_cells", "row_cut_off"):
            params = {"found": int(chunk.counts[row]), "expected": layout.width}
        elif code == "cell_too_long" and 0 <= (place := chunk.overlong(row)) < layout.width:
            params = {"column": layout.header[place]}
        return QuarantinedRow(
            int(chunk.lines[row]),
            code,
            params,
            int(self.cents[row]),
            chunk.raw(row),
            bool(self.money_readable[row]),
        )

    def reasons(self) -> Iterator[tuple[int, str, str]]:
        """Each row put aside with the code and the role of its reason."""
        for row in np.flatnonzero((self._reason > 0) & ~self.ignored):
            yield int(row), *self._reasons[self._reason[row]]

    def add_to(self, summary: ReadingSummary, created: Numbers | None) -> None:
        """Add this chunk's rows and cents to the sums of the file; `created` is None where rows have no time."""
        cents, accepted = self.cents, self.accepted
        self.add_rejected_to(summary)
        held = self.held_back & self.clean
        for tally, mask in ((summary.accepted, accepted), (summary.held_back, held)):
            tally.add(mask.sum(), cents[mask].sum())
            summary.read.add(mask.sum(), cents[mask].sum())
        if created is not None and accepted.any():
            summary.note_created(moment(created[accepted].min()), moment(created[accepted].max()))

    def add_rejected_to(self, summary: ReadingSummary) -> None:
        """Add only the rows put aside, and how many were no data rows."""
        quarantined = (self._reason > 0) & ~self.ignored
        for tally in (summary.read, summary.quarantined):
            tally.add(quarantined.sum(), self.cents[quarantined].sum())
        summary.ignored += int(self.ignored.sum())
        summary.money_unreadable += int((quarantined & ~self.money_readable).sum())
        codes, counts = np.unique(self._reason[quarantined], return_counts=True)
        for code, count in zip(codes, counts, strict=True):
            summary.reasons[self._reasons[code][0]] += int(count)


def refuse_damaged_ids(chunk: Chunk, role: str = "order_id") -> None:
    """Raise when Excel has damaged the order numbers (or another role's): the digits are lost, no row can be trusted.

    That is one number as 1.23E+18, or long numbers that all have zeros behind the 15 digits that Excel keeps.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    ids = chunk.texts(role)
    looked_at = np.flatnonzero(chunk.plain_ids(role) == OTHER)
    if len(looked_at):
        damaged = pc.match_substring_regex(ids.take(pa.array(looked_at)), _SCIENTIFIC_ID)
        place = pc.index(damaged, True).as_py()
        if place >= 0:
            _refuse_ids(chunk, role, int(looked_at[place]))
    long = pc.match_substring_regex(ids.slice(0, _ROUNDED_AMONG), r"^[0-9]{17,}$")
    rounded = pc.match_substring_regex(ids.slice(0, _ROUNDED_AMONG), r"^[0-9]{15}0{2,}$")
    count = pc.sum(long).as_py() or 0
    if count >= _ROUNDED_AT_LEAST and pc.sum(rounded).as_py() == count:
        _refuse_ids(chunk, role, int(pc.index(rounded, True).as_py()))


def _refuse_ids(chunk: Chunk, role: str, row: int) -> None:
    raise IntakeRefused(
        "ids_in_scientific_notation",
        line=int(chunk.lines[row]),
        found=chunk.cell(role, row)[:SHOWN],
        column=chunk.layout.header[chunk.layout.columns[role]],
    )


def lengths(texts: pa.Array) -> Numbers:
    """Bytes of each text."""
    import pyarrow.compute as pc

    found: Numbers = pc.binary_length(texts).to_numpy(zero_copy_only=False)
    return found


def moment(micros: Any) -> Any:
    """Microseconds since 1970-01-01 as a naive datetime."""
    return EPOCH + timedelta(microseconds=int(micros))

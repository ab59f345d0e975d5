"""What several rows tell together, as a chunk of which each row is one unit, so that `orders.py` rules it too.

A unit is an order, told once, on every row alike, or on its first row only; or, where every row is a sub-order with a
state and money of its own, that row. A blank cell tells nothing; cells that tell different things contradict each
other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from laoke.intake.reading.cells import EMPTY, OK, OTHER
from laoke.intake.reading.parts import groups_of
from laoke.intake.reading.profiles import Layout
from laoke.intake.reading.records import FILLED, Codes, Numbers, States, numbered

if TYPE_CHECKING:
    import pyarrow as pa

    from laoke.intake.reading.verdicts import Mask

STATE = ":state"  # behind the name of a column of numbers: the column of their states


@dataclass(frozen=True, slots=True)
class Told:
    """What the rows of each unit tell of one thing: the row that tells it (-1: none does), and of the units whose rows
    contradict each other a row that differs (-1: none does)."""

    row: Numbers
    other: Numbers


def first_told(filled: Mask, differs: Any, begins: Numbers, better: Mask | None = None) -> Told:
    """The first filled row of each unit (of those in `better`, if any), and the first that differs from it.

    `differs(row, from_row)` compares rows by their places.
    """
    rows = len(filled)
    if not rows:
        nobody = np.zeros(0, np.int64)
        return Told(nobody, nobody)
    places, unit = np.arange(rows), groups_of(begins, rows)

    def first(mask: Mask) -> Numbers:
        found = np.minimum.reduceat(np.where(mask, places, rows), begins)
        return np.where(found == rows, -1, found)

    told = first(filled)
    if better is not None and better.any():
        preferred = first(better)
        told = np.where(preferred >= 0, preferred, told)
    strange = filled & (told[unit] >= 0)
    strange[strange] = differs(places[strange], told[unit][strange])
    return Told(told, first(strange))


class Units:
    """The rows of whole orders, sorted, read as units that begin at `begins`."""

    def __init__(self, rows: pa.Table, begins: Numbers) -> None:
        self.rows, self.begins = rows, begins
        self.count = len(begins)
        self.told: dict[str, Told] = {}

    def numbers(self, role: str) -> tuple[Numbers, States]:
        """What each unit tells of a time, an amount or a count; one that cannot be read goes before one that can."""
        values = self.rows.column(role).to_numpy()
        states = self.rows.column(role + STATE).to_numpy()
        broken = (states != OK) & (states != EMPTY)
        told = first_told(
            states != EMPTY, lambda a, b: (values[a] != values[b]) & ~broken[b], self.begins, broken
        )
        self.told[role] = told
        nobody = told.row < 0
        if not len(values):
            return values, states
        return np.where(nobody, 0, values[told.row]), np.where(nobody, EMPTY, states[told.row]).astype(
            np.uint8
        )

    def texts(self, role: str) -> pa.Array:
        """What each unit tells in words, null where it tells nothing."""
        import pyarrow as pa

        column = self.rows.column(role).combine_chunks()
        codes = column.dictionary_encode().indices
        numbers = codes.fill_null(-1).to_numpy(zero_copy_only=False)
        told = first_told(numbers >= 0, lambda a, b: numbers[a] != numbers[b], self.begins)
        self.told[role] = told
        return column.take(pa.array(told.row, mask=told.row < 0))


class UnitChunk:
    """Units as the rules of orders see a chunk: one row each, its cells parsed already."""

    def __init__(
        self,
        layout: Layout,
        ids: pa.Array,
        numbers: Mapping[str, tuple[Numbers, States]],
        texts: Mapping[str, pa.Array],
    ) -> None:
        roles = ("order_id", *numbers, *texts)
        self.layout = Layout(
            layout.id, "order", {role: place for place, role in enumerate(roles)}, len(roles), roles,
            rows=layout.rows, zone=layout.zone,
        )  # fmt: skip
        self.rows = len(ids)
        self.lines = np.zeros(self.rows, np.int64)
        self.counts: Codes = np.full(self.rows, len(roles), np.int32)
        self.faults = np.full(self.rows, FILLED, np.uint8)
        self._numbers, self._texts = dict(numbers), {"order_id": ids, **texts}

    def raw(self, row: int) -> str:
        """A unit is never a remark; its rows have been looked at."""
        return "unit"

    def overlong(self, row: int) -> int:
        return -1

    def cell(self, role: str, row: int) -> str:
        return self._texts[role][row].as_py() or ""

    def decimals(self, role: str, places: int) -> tuple[Numbers, States]:
        return self._numbers[role]

    def times(self, role: str) -> tuple[Numbers, States]:
        return self._numbers[role]

    def plain_ids(self, role: str) -> States:
        return np.full(self.rows, OTHER, np.uint8)

    def texts(self, role: str, *, nullable: bool = False) -> pa.Array:
        return self._texts[role] if nullable else self._texts[role].fill_null("")

    def distinct(self, role: str) -> tuple[Codes, list[str]]:
        return numbered(self.texts(role).to_pylist())

    def heads(self, role: str, parts: int) -> tuple[Codes, list[str]]:
        return numbered([" ".join(cell.split(" ")[:parts]) for cell in self.texts(role).to_pylist()])

"""Rows of one order brought together, wherever they stand in a file.

A large file is dealt out to parts by a checksum of the order number, each part on disk in a temporary folder, and each
part is worked on by itself: memory holds one part at a time.
"""

from __future__ import annotations

import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import numpy as np

if TYPE_CHECKING:
    import pyarrow as pa

    from laoke.intake.reading.records import Numbers


class Parts:
    """Tables with a column `order_id`, dealt out so that an order is in one part as a whole."""

    def __init__(self, count: int) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="laoke-lines-", ignore_cleanup_errors=True)
        self._paths = [Path(self._folder.name) / f"{part}.arrow" for part in range(count)]
        self._writers: list[Any] = [None] * count

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._folder.cleanup()

    def deal(self, table: pa.Table) -> None:
        """Append the rows to the parts that their orders belong to."""
        import pyarrow as pa

        for part, piece in _dealt(table, len(self._paths)):
            if self._writers[part] is None:
                self._writers[part] = pa.ipc.new_file(str(self._paths[part]), piece.schema)
            self._writers[part].write_table(piece)

    def tables(self) -> Iterator[pa.Table]:
        """Every part that has been dealt to, once; nothing is dealt after that."""
        import pyarrow as pa

        for writer in self._writers:
            if writer is not None:
                writer.close()
        for path, writer in zip(self._paths, self._writers, strict=True):
            if writer is not None:
                with pa.OSFile(str(path)) as file:
                    table = pa.ipc.open_file(file).read_all()
                yield table


def _dealt(table: pa.Table, parts: int) -> Iterator[tuple[int, pa.Table]]:
    import pyarrow as pa

    if parts == 1 or not table.num_rows:
        yield 0, table
        return
    encoded = table.column("order_id").combine_chunks().dictionary_encode()
    part_of = np.array(
        [zlib.crc32(text.encode()) % parts for text in encoded.dictionary.to_pylist()], np.int32
    )
    dealt = part_of[encoded.indices.to_numpy()]
    for part in np.unique(dealt):
        yield int(part), table.filter(pa.array(dealt == part))


def by_order(rows: pa.Table) -> pa.Table:
    """Sorted by order and row, orders in the order of their first row: a file gives the same batches however its
    codes fall."""
    import pyarrow as pa

    rows = rows.combine_chunks()
    order, row_no = codes_of(rows, "order_id"), rows.column("row_no").to_numpy()
    first_of = np.full(int(order.max(initial=-1)) + 1, np.iinfo(np.int64).max)
    np.minimum.at(first_of, order, row_no)
    return rows.take(pa.array(np.lexsort((row_no, first_of[order]))))


def begins_of(rows: pa.Table) -> Numbers:
    """Where each order begins, of rows that `by_order` has sorted."""
    return np.flatnonzero(np.diff(codes_of(rows, "order_id"), prepend=-1) != 0)


def groups_of(begins: Numbers, rows: int) -> Numbers:
    """The number of the group that each row is in."""
    starts = np.zeros(rows, np.int64)
    starts[begins[1:]] = 1
    return np.cumsum(starts)


def codes_of(rows: pa.Table, name: str) -> Numbers:
    """Each text as a number, in order of first sight."""
    column = rows.column(name).combine_chunks().dictionary_encode()
    codes: Numbers = column.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    return codes


def occurrences(rows: pa.Table, name: str) -> Numbers:
    """How often the text of a row stood before in the same order."""
    order, told, row_no = (
        codes_of(rows, "order_id"),
        codes_of(rows, name),
        rows.column("row_no").to_numpy(),
    )
    by_text = np.lexsort((row_no, told, order))
    found = np.empty(rows.num_rows, np.int64)
    found[by_text] = runs(order[by_text], told[by_text])
    return found


def runs(*keys: Numbers) -> Numbers:
    """Position of each element within its run of equal keys."""
    size = len(keys[0])
    begins = np.zeros(size, np.bool_)
    begins[:1] = True
    for key in keys:
        begins[1:] |= key[1:] != key[:-1]
    positions = np.arange(size)
    return positions - np.maximum.accumulate(np.where(begins, positions, 0))

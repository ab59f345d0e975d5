"""How large the tables are: rows, files and bytes of the versions that an entry names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from laoke.warehouse import delta

if TYPE_CHECKING:
    from laoke.warehouse.store import Warehouse


@dataclass(frozen=True)
class TableSize:
    """One version of a table. `rows` is what its log says."""

    table: str
    version: int
    rows: int
    files: int
    bytes: int


def table_sizes(warehouse: Warehouse, versions: Mapping[str, int]) -> list[TableSize]:
    """The sizes of these versions, the largest first. The data files are not opened.

    Raises
    ------
    WarehouseError, DeltaError
        when a version cannot be opened (`laoke.warehouse.inspection` tells what is damaged).
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    found = []
    for table, version in versions.items():
        told = pa.table(delta.open_table(warehouse.folder(table), version).get_add_actions(flatten=True))
        sums = {
            name: int(pc.sum(told[name]).as_py() or 0) if name in told.column_names else 0
            for name in ("num_records", "size_bytes")
        }
        found.append(TableSize(table, version, sums["num_records"], told.num_rows, sums["size_bytes"]))
    return sorted(found, key=lambda one: (-one.bytes, one.table))

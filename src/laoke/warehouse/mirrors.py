"""Mirrors: how decisions of the ledger reach a query, written every few seconds and overlaid in between.

The package that owns a decision says which keys are dirty and what their rows are now; here that state is put
into the mirror, or laid over it while the mirror still lags. A key is any leading part of the mirror's key: all
tags of a person are one key (shop_id, person_id).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from laoke.warehouse.contracts import CONTRACTS
from laoke.warehouse.delta import WarehouseError
from laoke.warehouse.engine import Overlay

if TYPE_CHECKING:
    import pyarrow as pa

    from laoke.warehouse.store import Warehouse, WriteResult

MIRRORS = tuple(name for name, contract in CONTRACTS.items() if contract.role == "mirror")


def apply_mirror(
    warehouse: Warehouse, name: str, rows: pa.Table, dirty: pa.Table, *, app_id: str, app_version: int
) -> WriteResult:
    """Write the present state of dirty keys: their old rows go, `rows` come, in one commit.

    `dirty` holds the keys (a key without rows is a deleted one); rows of a key that is not dirty are refused,
    because they would be doubled. `app_version` must rise for one `app_id`, for instance with the revision.
    """
    overlay = overlay_of(name, rows, dirty)
    return warehouse.change(name, overlay.rows, overlay.dirty, app_id=app_id, app_version=app_version)


def overlay_of(name: str, rows: pa.Table, dirty: pa.Table) -> Overlay:
    """The overlay for `Reader(overlays={name: …})`: keys the mirror is wrong about, and their present rows."""
    contract = CONTRACTS.get(name)
    if contract is None or contract.role != "mirror":
        raise WarehouseError(f"{name!r} is no mirror; mirrors are {', '.join(MIRRORS)}")
    strange = [column for column in dirty.column_names if column not in contract.key]
    if strange or not dirty.column_names:
        raise WarehouseError(
            f"{name}: dirty keys must be columns of {', '.join(contract.key)}, found {strange}"
        )
    conformed = contract.conform(rows)
    contract.check(conformed)
    keys = _as_key_types(name, dirty)
    stray = conformed.join(keys, keys.column_names, join_type="left anti").num_rows
    if stray:
        raise WarehouseError(f"{name}: {stray} rows belong to no dirty key")
    return Overlay(keys, conformed)


def _as_key_types(name: str, dirty: pa.Table) -> pa.Table:
    """The distinct dirty keys with the contract's types."""
    import pyarrow as pa

    contract = CONTRACTS[name]
    schema = pa.schema([(column, contract.by_name[column].arrow_type()) for column in dirty.column_names])
    keys = dirty.cast(schema)
    return keys.group_by(keys.column_names).aggregate([])

"""What a table promises: columns with type, key, unit and meaning, and the check that every write passes.

The tables themselves are declared in `contracts.py`. Nothing here knows Delta or DuckDB; pyarrow is imported
inside functions so that naming a contract costs nothing at start-up.

    ContractError   the data does not keep the contract: names table, column, found, expected
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

# 10 trillion yuan: a row of a file holds a billion at most (intake), an order of ten thousand lines ten thousand times
# that. What a person spent in all is a sum of such rows; only int64 bounds it.
LARGEST_CENTS = 1_000_000_000_000_000
LARGEST_SUM = 2**63 - 1
FIRST_DAY, LAST_DAY = 0, 47_482  # 1970-01-01 .. 2099-12-31
LONGEST_TEXT = 4_000
# Up to here keys are compared in memory.
FEW_ROWS = 50_000


@dataclass(frozen=True)
class Kind:
    """A column type by name: its Arrow type, its Delta/DuckDB names and the range a value must stay in."""

    arrow: str
    delta: str
    duckdb: str
    low: int | None = None
    high: int | None = None
    pattern: str = ""


KINDS: dict[str, Kind] = {
    "text": Kind("string", "string", "VARCHAR"),
    "int64": Kind("int64", "long", "BIGINT"),
    "id": Kind("int64", "long", "BIGINT", low=1),
    "int32": Kind("int32", "integer", "INTEGER"),
    "count": Kind("int32", "integer", "INTEGER", low=0),
    "int8": Kind("int8", "byte", "TINYINT"),
    "bool": Kind("bool", "boolean", "BOOLEAN"),
    "ratio": Kind("double", "double", "DOUBLE"),
    "cents": Kind("int64", "long", "BIGINT", low=0, high=LARGEST_CENTS),
    "signed_cents": Kind("int64", "long", "BIGINT", low=-LARGEST_CENTS, high=LARGEST_CENTS),
    "sum_cents": Kind("int64", "long", "BIGINT", low=0, high=LARGEST_SUM),
    "signed_sum_cents": Kind("int64", "long", "BIGINT", low=-LARGEST_SUM, high=LARGEST_SUM),
    "timestamp": Kind("timestamp[us]", "timestamp_ntz", "TIMESTAMP"),
    "day": Kind("int32", "integer", "INTEGER", low=FIRST_DAY, high=LAST_DAY),
    "weekday": Kind("int8", "byte", "TINYINT", low=0, high=6),
    "hour": Kind("int8", "byte", "TINYINT", low=0, high=23),
    "month": Kind("string", "string", "VARCHAR", pattern=r"^[0-9]{4}-(0[1-9]|1[0-2])$"),
}


class ContractError(ValueError):
    """Data that does not keep its table's contract; `table`, `column`, `found`, `expected` say where and how."""

    def __init__(self, table: str, column: str, found: str, expected: str) -> None:
        self.table, self.column, self.found, self.expected = (
            table,
            column,
            found,
            expected,
        )
        super().__init__(f"{table}.{column}: found {found}, expected {expected}")


@dataclass(frozen=True)
class Column:
    """One column: `type` is a key of KINDS, `values` the closed list of a text enumeration (empty = open)."""

    name: str
    type: str
    meaning: str = ""
    key: bool = False
    nullable: bool = False
    unit: str = ""
    values: tuple[str, ...] = ()
    low: int | None = None
    high: int | None = None
    default: str | int | float | bool | None = None  # what rows from before the column read as

    @property
    def kind(self) -> Kind:
        return KINDS[self.type]

    def arrow_type(self) -> pa.DataType:
        import pyarrow as pa

        if self.type == "timestamp":
            return pa.timestamp("us")
        return pa.type_for_alias(self.kind.arrow)

    @property
    def range(self) -> tuple[int | None, int | None]:
        low = self.low if self.low is not None else self.kind.low
        high = self.high if self.high is not None else self.kind.high
        return low, high

    def check(self, table: str, values: pa.ChunkedArray) -> None:
        """Refuse a wrong type, a null where none may be, a value outside range, list or pattern."""
        if values.type != self.arrow_type():
            raise ContractError(table, self.name, str(values.type), str(self.arrow_type()))
        if values.null_count and not self.nullable:
            raise ContractError(table, self.name, f"{values.null_count} nulls", "no null")
        self._check_range(table, values)
        if self.values:
            self._check_enumeration(table, values)
        elif self.kind.arrow == "string":
            self._check_text(table, values)

    def _check_range(self, table: str, values: pa.ChunkedArray) -> None:
        import pyarrow.compute as pc

        low, high = self.range
        if (low is None and high is None) or len(values) == values.null_count:
            return
        found = pc.min_max(values).as_py()
        if low is not None and found["min"] < low:
            raise ContractError(table, self.name, str(found["min"]), f"at least {low}")
        if high is not None and found["max"] > high:
            raise ContractError(table, self.name, str(found["max"]), f"at most {high}")

    def _check_enumeration(self, table: str, values: pa.ChunkedArray) -> None:
        import pyarrow.compute as pc

        strange = [v for v in pc.unique(values).to_pylist() if v is not None and v not in self.values]
        if strange:
            raise ContractError(table, self.name, repr(sorted(strange)[:3]), " | ".join(self.values))

    def _check_text(self, table: str, values: pa.ChunkedArray) -> None:
        import pyarrow.compute as pc

        if len(values) == values.null_count:
            return
        if self.kind.pattern:
            distinct = [v for v in pc.unique(values).to_pylist() if v is not None]
            fits = pc.match_substring_regex(_text_array(distinct), self.kind.pattern).to_pylist()
            strange = [v for v, fit in zip(distinct, fits, strict=True) if not fit]
            if strange:
                raise ContractError(table, self.name, repr(strange[:3]), self.kind.pattern)
            return
        longest = pc.max(pc.binary_length(values)).as_py()
        if longest > LONGEST_TEXT:
            raise ContractError(
                table,
                self.name,
                f"a text of {longest} bytes",
                f"at most {LONGEST_TEXT} bytes",
            )
        if self.key and pc.any(pc.equal(pc.binary_length(values), 0)).as_py():
            raise ContractError(table, self.name, "an empty key", "a text")


def _text_array(values: list[str]) -> pa.Array:
    import pyarrow as pa

    return pa.array(values, pa.string())


@dataclass(frozen=True)
class Contract:
    """A table: its columns in order, the partition column (or None) and whether it is a mirror or derived."""

    name: str
    columns: tuple[Column, ...]
    partition: str | None = None
    meaning: str = ""
    role: str = "fact"  # fact | mirror | derived
    month_from: str = ""  # the timestamp column whose month is the partition
    file_rows: int = 0  # of a table without partitions: rows per file, 0 = a file for each thread that writes
    file_order: str = ""  # with file_rows: by what rows lie together in files (SQL)

    @cached_property
    def by_name(self) -> dict[str, Column]:
        return {column.name: column for column in self.columns}

    @cached_property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    @cached_property
    def key(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns if column.key)

    def arrow_schema(self) -> pa.Schema:
        """The Arrow schema, in contract order; every field nullable, nulls are refused by `check`."""
        import pyarrow as pa

        return pa.schema([(column.name, column.arrow_type()) for column in self.columns])

    def empty(self) -> pa.Table:
        return self.arrow_schema().empty_table()

    def conform(self, table: pa.Table) -> pa.Table:
        """The same rows with the contract's columns, order and types; what can be derived is derived.

        Adds `import_id` 0, missing nullable columns as null, `X_day/_weekday/_hour` from `X_at`, `day` from
        `at` and `month` from the contract's time column. Columns that the contract does not know are refused.
        """
        from laoke.warehouse.columns_fill import fill

        return fill(self, table)

    def check(self, table: pa.Table) -> None:
        """Raise ContractError unless `table` keeps this contract: columns, types, nulls, ranges, lists, keys."""
        self.check_columns(table)
        self._check_unique(table)

    def check_columns(self, table: pa.Table) -> None:
        """`check` without the keys, for a part of a write whose keys are looked at as a whole."""
        found = list(table.column_names)
        if sorted(found) != sorted(self.names):
            self._refuse_columns(found)
        for column in self.columns:
            column.check(self.name, table.column(column.name))

    def _refuse_columns(self, found: list[str]) -> None:
        twice = sorted({name for name in found if found.count(name) > 1})
        missing = [name for name in self.names if name not in found]
        strange = [name for name in found if name not in self.by_name]
        if twice:
            raise ContractError(self.name, twice[0], "the column twice", "once")
        if missing:
            raise ContractError(self.name, missing[0], f"columns {', '.join(found)}", "this column")
        raise ContractError(
            self.name,
            strange[0],
            "a column the contract does not know",
            ", ".join(self.names),
        )

    def _check_unique(self, table: pa.Table) -> None:
        """Keys once each."""
        if not self.key or table.num_rows < 2:
            return
        found = _distinct(table.select(list(self.key)))
        if found == table.num_rows:
            return
        twice = table.num_rows - found
        raise ContractError(
            self.name, "+".join(self.key), f"{twice} repeated keys in one write", "each key once"
        )


def _distinct(keys: pa.Table) -> int:
    """How many different rows. Of many, distinct hashes are counted three times as fast; equal counts prove it."""
    if keys.num_rows <= FEW_ROWS:  # what a page lays over a mirror: opening a database takes longer
        return int(keys.group_by(keys.column_names).aggregate([]).num_rows)
    if any(_tells_apart(column) for column in keys.columns):
        return int(keys.num_rows)
    import duckdb

    found = 0
    with duckdb.connect(":memory:") as connection:
        connection.register("keys", keys)
        names = quoted(*keys.column_names)
        for distinct in (f"count(DISTINCT hash({names}))", f"count(DISTINCT ({names}))"):
            found = (connection.execute(f"SELECT {distinct} FROM keys").fetchone() or (0,))[0]
            if found == keys.num_rows:
                break
    return found


def _tells_apart(column: pa.ChunkedArray) -> bool:
    """Whether all are numbers and no two are equal: then this column alone tells the rows apart."""
    import numpy as np
    import pyarrow as pa

    if not pa.types.is_integer(column.type) or column.null_count:
        return False
    numbers = column.to_numpy()
    if (numbers[1:] > numbers[:-1]).all():
        return True
    if int(numbers.max()) - int(numbers.min()) < len(numbers) - 1:
        return False
    in_turn = np.sort(numbers)
    return bool((in_turn[1:] != in_turn[:-1]).all())


def quoted(*names: str) -> str:
    """Column names as SQL takes them in any place: `at` is a word of the language, and a table has it as a column."""
    return ", ".join(f'"{name}"' for name in names)


def literals(*values: object) -> str:
    """Texts as SQL takes them, for places where a parameter cannot stand."""
    return ", ".join("'" + str(value).replace("'", "''") + "'" for value in values)


def column(name: str, type: str, meaning: str = "", **options: Any) -> Column:
    """A column; a trailing `?` on the name makes it nullable, a leading `*` makes it part of the key."""
    key, nullable = name.startswith("*"), name.endswith("?")
    return Column(name.strip("*?"), type, meaning, key=key, nullable=nullable, **options)

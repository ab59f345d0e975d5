"""Arrow columns out of parsed numbers: times with their day, weekday and hour, months, and columns of nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pyarrow as pa

    from laoke.intake.reading.records import Numbers
    from laoke.intake.reading.verdicts import Mask

_HOUR = 3_600_000_000
_DAY = 24 * _HOUR


def timestamps(micros: Numbers, valid: Mask | None) -> pa.Array:
    """Microseconds since 1970-01-01 as timestamps without zone."""
    import pyarrow as pa

    return pa.array(micros, pa.int64(), mask=None if valid is None else ~valid).cast(pa.timestamp("us"))


def time_columns(stem: str, micros: Numbers, valid: Mask | None) -> dict[str, Any]:
    """`{stem}_at` with `_day`, `_weekday` (0 = Monday) and `_hour`; for created also `month`."""
    import pyarrow as pa

    mask = None if valid is None else ~valid
    days = micros // _DAY
    columns: dict[str, Any] = {
        f"{stem}_at": timestamps(micros, valid),
        f"{stem}_day": pa.array(days.astype(np.int32), mask=mask),
        f"{stem}_weekday": pa.array(((days + 3) % 7).astype(np.int8), mask=mask),
        f"{stem}_hour": pa.array((micros % _DAY // _HOUR).astype(np.int8), mask=mask),
    }
    if stem == "created":
        columns = {"month": months(micros), **columns}
    return columns


def months(micros: Numbers) -> pa.Array:
    """The month of each time as 'YYYY-MM'."""
    import pyarrow as pa

    found, codes = np.unique(micros // _DAY, return_inverse=True)
    names = found.astype("datetime64[D]").astype("datetime64[M]").astype(str)
    return pa.array(names.tolist(), pa.string()).take(pa.array(codes))


def nothing(rows: int, kind: pa.DataType) -> pa.Array:
    """A column of nulls."""
    import pyarrow as pa

    return pa.nulls(rows, kind)


def within(values: Numbers, most: int) -> Numbers:
    """Values of rejected rows made harmless, so that a column of a smaller type can be built before filtering."""
    return np.clip(values, 0, most)

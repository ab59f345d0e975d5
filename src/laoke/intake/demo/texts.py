"""Columns of text made without a Python string per row: digits, hex, money, times, choices from a list."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from laoke.intake.demo.draws import Bools, Ints

_HEX = np.frombuffer("".join(f"{byte:02x}" for byte in range(256)).encode(), dtype=np.uint16)


def fixed_width(letters: npt.NDArray[np.uint8]) -> pa.StringArray:
    """Text cells from an array of ASCII codes, one row of equal width each."""
    rows, width = letters.shape
    offsets = np.arange(rows + 1, dtype=np.int32) * width
    return pa.StringArray.from_buffers(
        rows, pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(letters))
    )


def digits(values: Ints, width: int) -> pa.StringArray:
    """Whole numbers as text of `width` digits with leading zeros."""
    letters = np.empty((len(values), width), dtype=np.uint8)
    rest = values.astype(np.int64, copy=True)
    for place in range(width - 1, -1, -1):
        rest, digit = np.divmod(rest, 10)
        letters[:, place] = digit + ord("0")
    return fixed_width(letters)


def hexes(bits: npt.NDArray[np.uint64]) -> pa.StringArray:
    """64 bits as 16 hexadecimal letters."""
    pairs = _HEX[bits.astype(">u8").view(np.uint8)]
    return fixed_width(pairs.view(np.uint8).reshape(len(bits), 16))


def money(cents: Ints) -> pa.Array:
    """Cents as yuan with two decimals: 12345 → "123.45". Amounts are not negative."""
    yuan, rest = np.divmod(cents, 100)
    return joined(pa.array(yuan).cast(pa.string()), digits(rest, 2), separator=".")


def picked(choices: Sequence[str], index: npt.NDArray[np.integer]) -> pa.Array:
    """The text at each index of a short list."""
    return pa.array(choices, pa.string()).take(pa.array(index))


def joined(*parts: pa.Array | str, separator: str = "") -> pa.Array:
    """Cells put together; a null part is left out."""
    return pc.binary_join_element_wise(*parts, separator, null_handling="skip")


def moments(seconds: Ints, known: Bools | None = None) -> pa.Array:
    """Seconds since 1970-01-01 of the shop's clock as timestamps; null where not known."""
    micros = pa.array(seconds * 1_000_000, pa.int64(), mask=None if known is None else ~known)
    return micros.cast(pa.timestamp("us"))


def moment_text(times: pa.Array) -> pa.Array:
    """Timestamps as exports write them, "2018-11-11 00:00:07"; empty where null."""
    return pc.fill_null(times.cast(pa.timestamp("s")).cast(pa.string()), "")


def masked(values: npt.NDArray[np.integer], known: Bools, kind: pa.DataType) -> pa.Array:
    """Numbers of an Arrow type with nulls where not known."""
    return pa.array(values, mask=~known).cast(kind)


def month_names(seconds: Ints) -> pa.Array:
    """'YYYY-MM' of each time."""
    months = seconds.astype("datetime64[s]").astype("datetime64[M]").astype(np.int64)
    if not len(months):
        return pa.array([], pa.string())
    first, last = int(months.min()), int(months.max())
    names = np.datetime_as_string(np.arange(first, last + 1).astype("datetime64[M]"))
    return picked([str(name) for name in names], months - first)


def chosen(where: Bools, values: pa.Array, otherwise: str) -> pa.Array:
    """The value where the condition holds, else one fixed text."""
    return pc.if_else(pa.array(where), values, pa.scalar(otherwise))


def run_together(cells: pa.Array) -> str:
    """All cells behind each other as one text; there may be no null among them."""
    offsets, letters = cells.buffers()[1:]
    ends = np.frombuffer(offsets, dtype=np.int32)[[cells.offset, cells.offset + len(cells)]]
    return letters[int(ends[0]) : int(ends[1])].to_pybytes().decode("utf-8")

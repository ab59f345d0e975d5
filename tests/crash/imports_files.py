"""Files of the import tests and what must be known after them, worked out in plain Python.

File number k brings new orders, finishes one of an earlier file, repeats one, and has one row that nobody can read.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from tests.intake.seller_files import FINISHED, SHIPPED, Row, write

STATES = {SHIPPED: ("shipped", 3), FINISHED: ("finished", 5)}
FIRST = datetime(2018, 11, 1, 8, 0)


@dataclass(frozen=True)
class File:
    """An export: its number says how new it is."""

    path: Path
    number: int
    rows: tuple[Row, ...]

    @property
    def readable(self) -> tuple[Row, ...]:
        return tuple(row for row in self.rows if row.order_id)

    @property
    def cents(self) -> int:
        return sum(_cents(row.total) for row in self.rows)


def _cents(yuan: str) -> int:
    return round(float(yuan) * 100)


def file(folder: Path, number: int, beside: int | None = None) -> File:
    """The file of a number; `beside` names an earlier file that shares its newest order and a new buyer."""
    base = number * 10
    rows = [
        Row(f"{base + 1}", nick=f"客{number}", total=f"{number}.01", paid=f"{number}.01", status=SHIPPED),
        Row(f"{base + 2}", nick=f"客{number}b", total="20.00", paid="20.00", created="2018-10-02 09:00:00"),
        # A buyer of the file before, a new order of theirs in another month.
        Row(f"{base + 3}", nick=f"客{max(number - 1, 0)}", total="30.50", paid="30.50", created="2018-09-03 09:00:00"),
        Row("", nick="没单号", total="4.00", paid="4.00"),
    ]  # fmt: skip
    for earlier in {number - 1, number - 2} & set(range(number)):
        status = FINISHED if earlier == number - 1 else SHIPPED
        total = f"{earlier}.01"
        rows.append(Row(f"{earlier * 10 + 1}", nick=f"客{earlier}", total=total, paid=total, status=status))
    if beside is not None:
        rows.append(Row(f"{beside * 10 + 4}", nick=f"共{beside}", total="8.80", paid="8.80", status=FINISHED))
    else:
        rows.append(Row(f"{base + 4}", nick=f"共{number}", total="8.80", paid="8.80", status=SHIPPED))
    at = FIRST + timedelta(minutes=number)
    return File(write(folder / f"ExportOrderList{at:%Y%m%d%H%M}.csv", rows), number, tuple(rows))


def known(files: Iterable[File]) -> dict[str, tuple[str, int, str]]:
    """Status, cents and nick of every order after these files, in whatever order they came."""
    newest: dict[str, tuple[tuple[int, int], tuple[str, int, str]]] = {}
    for one in files:
        for row in one.readable:
            status, rank = STATES[row.status]
            told = ((rank, one.number), (status, _cents(row.total), row.nick))
            newest[row.order_id] = max(newest.get(row.order_id, told), told)
    return {order_id: told for order_id, (_, told) in newest.items()}


def summary(files: Iterable[File]) -> list[int]:
    """What `watch` must see after these files: orders, money weighed with states, states, customers."""
    files = tuple(files)
    orders = known(files)
    ranks = dict(STATES.values())
    states = {(row.order_id, one.number) for one in files for row in one.readable}
    return [
        len(orders),
        sum(cents + 7 * ranks[status] for status, cents, _ in orders.values()),
        len(states),
        len({nick for _, _, nick in orders.values()}),
    ]

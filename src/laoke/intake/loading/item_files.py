"""Lines of orders from files of item details, which come before or after the orders they belong to.

An item file tells all lines of the orders that it names. Lines without a number of their own are numbered as they
stand (`#1`, `#2`); such lines never replace lines that have numbers. Where the file does not tell what was paid for a
line, the order's goods money is split over its lines by price, to the cent, and split anew when the order changes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from laoke.intake.loading.fact_files import last_of_each, position_in_group
from laoke.intake.reading.kinds import ALL
from laoke.money import allocate
from laoke.warehouse.contracts import CONTRACTS, Contract

if TYPE_CHECKING:
    import pyarrow as pa

NUMBERED = "#"
_CLOSED = ("关闭", "取消", "CLOSED")


def numbered(rows: pa.Table) -> pa.Table:
    """The rows of a file, each line with a number; of rows with one number the last."""
    import pyarrow as pa
    import pyarrow.compute as pc

    place = pa.array(position_in_group(rows["order_id"])).cast(pa.string())
    own = pc.binary_join_element_wise(pa.scalar(NUMBERED), place, "")
    line = pc.if_else(pc.equal(rows["line"], ALL), own, rows["line"])
    rows = rows.set_column(rows.schema.get_field_index("line"), "line", line)
    return last_of_each(rows, CONTRACTS["waiting_lines"])


def placed(lines: pa.Table, orders: pa.Table) -> pa.Table:
    """Rows of `order_lines` for those lines whose order is among `orders`, in the columns of the contract."""
    import pyarrow as pa
    import pyarrow.compute as pc

    place = pc.index_in(lines["order_id"], value_set=_whole(orders["order_id"]))
    lines = lines.filter(pc.is_valid(place))
    place = place.drop_null()
    of_order = orders.select(["month", "created_day", "paid_cents", "postage_cents"]).take(place)
    known = lines.append_column("month", of_order["month"]).append_column(
        "created_day", of_order["created_day"]
    )
    paid = lines["paid_cents"]
    if paid.null_count:
        paid = pa.array(_split(known, of_order))
    known = known.set_column(known.schema.get_field_index("paid_cents"), "paid_cents", paid)
    return CONTRACTS["order_lines"].conform(known)


def split_anew(lines: pa.Table, orders: pa.Table) -> pa.Table:
    """Stored lines without numbers of their own by what their orders say now; those that change."""
    import pyarrow as pa
    import pyarrow.compute as pc

    lines = lines.filter(pc.starts_with(lines["line"], NUMBERED))
    if not lines.num_rows:
        return lines
    at = lines.schema.get_field_index("paid_cents")
    unknown = lines.set_column(at, "paid_cents", pa.nulls(lines.num_rows, pa.int64()))
    after = placed(unknown.drop_columns(["month", "created_day"]), orders)
    # `placed` keeps the order of its lines, and every one of them has its order here
    return after.filter(pc.not_equal(after["paid_cents"], lines["paid_cents"]))


def _split(lines: pa.Table, of_order: pa.Table) -> list[int]:
    """What was paid for each line; told amounts stay, the rest of the order's goods money is split by price."""
    groups: dict[str, list[int]] = {}
    for row, order_id in enumerate(lines["order_id"].to_pylist()):
        groups.setdefault(order_id, []).append(row)
    told = lines["paid_cents"].to_pylist()
    prices, pieces = lines["unit_price_cents"].to_pylist(), lines["quantity"].to_pylist()
    states = lines["line_status"].to_pylist()
    paid, postage = of_order["paid_cents"].to_pylist(), of_order["postage_cents"].to_pylist()
    amounts = [amount or 0 for amount in told]
    for rows in groups.values():
        open_rows = [row for row in rows if told[row] is None]
        bought = [row for row in open_rows if not _is_closed(states[row])] or open_rows
        left = max(paid[rows[0]] - postage[rows[0]] - sum(told[row] or 0 for row in rows), 0)
        weights = [prices[row] * pieces[row] for row in bought]
        shares = allocate(left, weights if any(weights) else [1] * len(bought)) if bought else []
        for row, share in zip(bought, shares, strict=True):
            amounts[row] = share
    return amounts


def _is_closed(state: str) -> bool:
    return any(word in state for word in _CLOSED)


def replaced(contract: Contract, stored: pa.Table, given: pa.Table) -> tuple[pa.Table, pa.Table]:
    """Which of the given lines are taken, and the orders whose stored lines go for them.

    Lines without numbers do not replace lines with numbers, unless others of the same order are given with numbers:
    the file tells all of an order, one way or the other. An order whose lines are all stored as they are given is left
    alone.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    poor = pc.and_(_has_numbers(given, stored), pc.invert(_has_numbers(given, given)))
    taken = given.filter(pc.invert(poor))
    names = _told_names(contract)
    before, after = _by_order(stored, names), _by_order(taken, names)
    changed = [order for order, rows in after.items() if before.get(order) != rows]
    wanted = pa.array(changed, pa.string())
    return (
        taken.filter(pc.is_in(taken["order_id"], value_set=wanted)),
        stored.filter(pc.is_in(stored["order_id"], value_set=wanted)),
    )


def _has_numbers(lines: pa.Table, of: pa.Table) -> pa.Array | pa.ChunkedArray:
    """For each line whether its order has lines with numbers among these."""
    import pyarrow.compute as pc

    numbers = of.filter(pc.invert(pc.starts_with(of["line"], NUMBERED)))
    return pc.is_in(lines["order_id"], value_set=_whole(numbers["order_id"]))


def decided(
    contract: Contract, stored: pa.Table, taken: pa.Table, given: pa.Table
) -> list[tuple[str, int, int]]:
    """Rows and cents, as the file counts them, of lines that are new, changed and unchanged."""
    names = _told_names(contract)
    before = {(row["order_id"], row["line"]): row for row in stored.select(names).to_pylist()}
    after = {(row["order_id"], row["line"]): row for row in taken.select(names).to_pylist()}
    sums = {decision: [0, 0] for decision in ("new", "changed", "unchanged")}
    for row in given.to_pylist():
        key = row["order_id"], row["line"]
        decision = "unchanged"
        if key in after and before.get(key) != after[key]:
            decision = "changed" if key in before else "new"
        worth = row["quantity"] * row["unit_price_cents"] if row["paid_cents"] is None else row["paid_cents"]
        sums[decision][0] += 1
        sums[decision][1] += worth
    return [(decision, rows, cents) for decision, (rows, cents) in sums.items()]


def _told_names(contract: Contract) -> list[str]:
    return [name for name in contract.names if name != "import_id"]


def _by_order(rows: pa.Table, names: list[str]) -> dict[str, set[tuple[Any, ...]]]:
    found: dict[str, set[tuple[Any, ...]]] = {}
    place = names.index("order_id")
    for row in zip(*(rows[name].to_pylist() for name in names), strict=True):
        found.setdefault(row[place], set()).add(row)
    return found


def _whole(column: Any) -> Any:
    return column.combine_chunks() if hasattr(column, "combine_chunks") else column

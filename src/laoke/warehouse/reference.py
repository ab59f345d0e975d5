"""The reference pages of tables and queries, written from the contracts and the queries' own comments."""

from __future__ import annotations

from laoke.warehouse.contracts import CONTRACTS, Column, Contract
from laoke.warehouse.named import query_comment, query_names, query_parameters

_ROLES = {"fact": "fact", "mirror": "mirror of the ledger", "derived": "derived, may be recomputed"}


def tables_page() -> str:
    """`docs/reference/tables.md`."""
    lines = [
        "# Tables of the warehouse",
        "",
        "Written from `laoke.warehouse.contracts` by `python -m laoke.warehouse.reference`; do not edit by hand.",
        "",
        "Money is int64 cents. Times are the shop's local time without zone, in microseconds. Days are counted from",
        "1970-01-01, weekday 0 is Monday. Ids of platforms are text. `import_id` 0 means derived. A `?` marks a",
        "column that may be null. No table holds a name, nick, phone, e-mail, address, waybill or free text of buyers.",
    ]
    for contract in CONTRACTS.values():
        lines += ["", *_table(contract)]
    return "\n".join(lines) + "\n"


def _table(contract: Contract) -> list[str]:
    partition = f" Partitioned by `{contract.partition}`." if contract.partition else ""
    return [
        f"## {contract.name}",
        "",
        f"{contract.meaning} ({_ROLES[contract.role]}; key: {', '.join(contract.key)}.{partition})",
        "",
        "| column | type | meaning |",
        "|---|---|---|",
        *(_row(column) for column in contract.columns),
    ]


def _row(column: Column) -> str:
    meaning = column.meaning
    if column.values:
        meaning += ": " + ", ".join(f"`{value}`" if value else "''" for value in column.values)
    elif column.low is not None or column.high is not None:
        meaning += (
            f" (from {column.low})" if column.high is None else f" (from {column.low} to {column.high})"
        )
    return f"| {column.name}{'?' if column.nullable else ''} | {column.type} | {meaning} |"


def queries_page() -> str:
    """`docs/reference/queries.md`."""
    lines = [
        "# Named queries",
        "",
        "Written from `laoke/warehouse/queries/*.sql` by `python -m laoke.warehouse.reference`; do not edit by hand.",
        "`Reader.query(name, **params)` runs one. All read the views of one catalog entry; `orders_counted` leaves out",
        "suspect and confirmed fake orders, `lines_counted` are the lines of those that somebody known has paid.",
    ]
    for name in query_names():
        parameters = ", ".join(f"`{parameter}`" for parameter in query_parameters(name))
        lines += ["", f"## {name}", "", query_comment(name), "", f"Parameters: {parameters}."]
    return "\n".join(lines) + "\n"


def write_pages(folder: str = "docs/reference") -> None:
    """Write both pages into `folder`."""
    from pathlib import Path

    for name, text in (("tables.md", tables_page()), ("queries.md", queries_page())):
        (Path(folder) / name).write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    write_pages()

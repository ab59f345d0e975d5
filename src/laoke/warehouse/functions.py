"""Which SQL functions a query may use: those that DuckDB and Spark answer alike, checked before it runs.

Transpiling goes wrong silently (`date_diff`, `dayofweek`, `log` and `hash` pass unchanged and differ), so the list
is closed. Refused besides: what is random, lists, `first`/`any_value` (they name no order), `ntile`,
`row_number`, `lag` and `lead` without an order, and money sums that are not cast to BIGINT (DuckDB's HUGEINT
becomes a float in numpy).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlglot import exp

ALLOWED = frozenset(
    """
    abs and avg bit_or bitwise_or_agg case cast ceil coalesce concat contains count dense_rank ends_with exists
    extract first_value floor greatest if lag last_value lead least left length lower max min mod month ntile nullif
    or rank replace right round row_number sign starts_with str_position struct substring sum trim try_cast upper year
    """.split()
)
NEEDS_ORDER = frozenset({"rank", "dense_rank"})
# Which row comes first among equals must be said: the order has to end in an id.
NEEDS_TOTAL_ORDER = frozenset({"ntile", "row_number", "lag", "lead", "first_value", "last_value"})
MONEY_SUFFIXES = ("_cents", "_millis")


@dataclass(frozen=True)
class Complaint:
    """One thing a query may not do: `code` is stable, `detail` names the function or expression."""

    code: str  # unknown_function | needs_order | needs_total_order | money_sum_not_bigint | not_one_select
    detail: str


class RefusedQuery(ValueError):
    """A query that uses what the engines do not share; `complaints` lists all of it."""

    def __init__(self, complaints: list[Complaint]) -> None:
        self.complaints = complaints
        super().__init__("; ".join(f"{one.code}: {one.detail}" for one in complaints))


def check_functions(sql: str) -> None:
    """Raise RefusedQuery unless `sql` is one SELECT (DuckDB dialect) of allowed functions only."""
    complaints = complaints_about(sql)
    if complaints:
        raise RefusedQuery(complaints)


def complaints_about(sql: str) -> list[Complaint]:
    """Everything `check_functions` would refuse, in order of appearance."""
    import sqlglot
    from sqlglot import exp

    statements = [one for one in sqlglot.parse(sql, read="duckdb") if one is not None]
    if len(statements) != 1 or not isinstance(statements[0], exp.Query):
        return [Complaint("not_one_select", f"{len(statements)} statements")]
    return [one for node in statements[0].walk(bfs=False) for one in _about(node)]


def _about(node: exp.Expr) -> list[Complaint]:
    from sqlglot import exp

    if isinstance(node, (exp.Array, exp.ArrayAgg, exp.List, exp.Lambda)):
        return [Complaint("unknown_function", "list")]
    if isinstance(node, exp.TableSample):
        return [Complaint("unknown_function", "tablesample")]
    if not isinstance(node, exp.Func):
        return []
    name = function_name(node)
    found = []
    if name not in ALLOWED:
        found.append(Complaint("unknown_function", name))
    elif name in NEEDS_ORDER and not _order(node):
        found.append(Complaint("needs_order", name))
    elif name in NEEDS_TOTAL_ORDER and not _ends_in_an_id(_order(node)):
        found.append(Complaint("needs_total_order", name))
    if name == "sum" and _is_money(node) and not _is_cast_to_bigint(node):
        found.append(Complaint("money_sum_not_bigint", node.sql(dialect="duckdb")))
    return found


def function_name(node: exp.Func) -> str:
    """The name a function goes by here: as written when sqlglot does not know it, else its own name."""
    from sqlglot import exp

    name = node.name if isinstance(node, exp.Anonymous) else node.sql_name()
    return name.lower()


def _order(node: exp.Func) -> list[exp.Expr]:
    """The ORDER BY terms of the window around a function."""
    from sqlglot import exp

    window = node.find_ancestor(exp.Window)
    order = window.args.get("order") if window is not None else None
    return list(order.expressions) if order is not None else []


def _ends_in_an_id(order: list[exp.Expr]) -> bool:
    from sqlglot import exp

    return bool(order) and any(column.name.endswith("_id") for column in order[-1].find_all(exp.Column))


def _is_money(node: exp.Func) -> bool:
    from sqlglot import exp

    return any(column.name.endswith(MONEY_SUFFIXES) for column in node.find_all(exp.Column))


def _is_cast_to_bigint(node: exp.Expr) -> bool:
    """Directly, or around window, filter and coalesce: CAST(coalesce(sum(x), 0) AS BIGINT)."""
    from sqlglot import exp

    outer = node.parent
    while isinstance(outer, (exp.Window, exp.Filter, exp.Paren, exp.Coalesce)):
        outer = outer.parent
    return isinstance(outer, exp.Cast) and outer.to.is_type("bigint")

"""A statement in DuckDB's dialect as Spark SQL that gives the same answer, or a refusal.

The list of allowed functions (`functions.py`) comes first. What sqlglot does by itself: nulls last in every order,
`//` as DIV, `EXCLUDE` as EXCEPT. Ours: parameters carry DuckDB's types, and dividing by zero is null on both.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from laoke.warehouse.functions import check_functions

if TYPE_CHECKING:
    from sqlglot import exp

# bool before int, datetime before date: each is also an instance of the other.
TYPES: tuple[tuple[type, str], ...] = (
    (bool, "boolean"),
    (int, "bigint"),
    (float, "double"),
    (str, "text"),
    (datetime, "timestamp_ntz"),
    (date, "date"),
)


def type_name(value: Any) -> str:
    """What a parameter of this value is in SQL; a list has no counterpart and is refused."""
    if value is None:
        return "void"
    for kind, name in TYPES:
        if isinstance(value, kind):
            return name
    raise TypeError(f"a parameter may not be a {type(value).__name__}")


def translated(text: str, params: Mapping[str, Any]) -> str:
    """The statement for Spark, `$name` as `:name` with a cast to the type of its value; raises RefusedQuery."""
    return _translated(text, tuple(sorted((name, type_name(value)) for name, value in params.items())))


def argument(value: Any) -> Any:
    """A parameter's value as it is handed to Spark: times as text, which the cast reads without any time zone."""
    return value.isoformat(sep=" ") if isinstance(value, datetime) else value


@lru_cache(maxsize=512)
def _translated(text: str, types: tuple[tuple[str, str], ...]) -> str:
    import sqlglot

    check_functions(text)
    kinds = dict(types)
    tree = sqlglot.parse_one(text, read="duckdb")
    return tree.transform(lambda node: _adapted(node, kinds)).sql(dialect="spark", comments=False)


def _adapted(node: exp.Expr, kinds: Mapping[str, str]) -> exp.Expr:
    from sqlglot import exp

    if isinstance(node, exp.CTE):
        # Spark decides itself what is computed once.
        node.set("materialized", None)
    if isinstance(node, (exp.Parameter, exp.Placeholder)) and not isinstance(
        node.parent, exp.Cast | exp.Limit
    ):
        kind = kinds[node.name]
        return node if kind == "void" else exp.cast(exp.Placeholder(this=node.name), kind)
    if isinstance(node, exp.Limit) and isinstance(node.expression, (exp.Parameter, exp.Placeholder)):
        # A row limit has to be an INT.
        node.set("expression", exp.cast(exp.Placeholder(this=node.expression.name), "int"))
        return node
    if isinstance(node, (exp.IntDiv, exp.Mod)) and not isinstance(node.expression, (exp.Literal, exp.Nullif)):
        node.set("expression", exp.Nullif(this=node.expression.copy(), expression=exp.Literal.number(0)))
    return node

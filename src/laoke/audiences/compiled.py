"""A filter as a query: what the compiler makes and the engine answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlglot import exp

from laoke.audiences.sources import Sources
from laoke.warehouse.functions import check_functions
from laoke.warehouse.kept_parts import Part, in_one


@dataclass(frozen=True)
class Compiled:
    """A query with the values of its parameters: its sources, each a part that reads tables alone, and the rest, which
    reads them. `columns` names what it gives, in order."""

    parts: tuple[Part, ...]
    rest: str
    params: dict[str, str]
    columns: tuple[str, ...] = ()

    @property
    def sql(self) -> str:
        """The whole as one statement."""
        return in_one(self.parts, self.rest)


def finished(sources: Sources, query: exp.Select, columns: Sequence[str] = ()) -> Compiled:
    """The query as SQL, refused when it uses a function that the engines do not share."""
    parts = tuple(Part(one.alias, one.this.sql(dialect="duckdb", pretty=True)) for one in query.ctes)
    rest = query.copy()
    rest.set("with_", None)
    compiled = Compiled(parts, rest.sql(dialect="duckdb", pretty=True), dict(sources.params), tuple(columns))
    check_functions(compiled.sql)
    return compiled

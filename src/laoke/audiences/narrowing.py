"""Sources cut down to those for whom a condition holds, where a query asks for nothing else of them.

To be among such people is asked with IN and not joined: the source then needs each person once or more, not once, and
it is the source that is kept in memory while the features go by, whatever DuckDB guesses of their sizes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlglot import exp

from laoke.audiences.sources import number
from laoke.audiences.tree import Bounds

Between = Callable[[exp.Expr, Bounds], exp.Expr]


def holds_without(bounds: Bounds) -> bool:
    """Whether the bounds hold for somebody with no row at all, of whom a count is 0."""
    return not bounds.low


def by_count(body: exp.Select, bounds: Bounds, between: Between) -> exp.Select:
    """Of a source of `person_id` and a count: who has a row within the bounds; or outside of them, where they hold for
    whoever has none."""
    person, counted = body.selects[0], body.selects[1].unalias()
    least = bounds.high + 1 if not bounds.low and bounds.high is not None else bounds.low
    found = body.select(person.copy(), append=False)
    if least == 1 and (holds_without(bounds) or bounds.high is None) and isinstance(counted, exp.Count):
        found.set("group", None)
        return found
    inside = between(counted, bounds)
    return found.having(exp.not_(exp.paren(inside)) if holds_without(bounds) else inside)


def who_followed(body: exp.Select) -> exp.Select:
    """Of a source of `person_id` and `followed`: those with 1."""
    person, followed = body.selects[0], body.selects[1].unalias()
    return body.select(person.copy(), append=False).having(followed.eq(number(1)))


def in_any(bodies: Sequence[exp.Select]) -> exp.Query:
    """Who is in one of several sources of `person_id` at least."""
    first, *others = bodies
    found: exp.Query = first
    for other in others:
        found = exp.union(found, other, distinct=False)
    return found

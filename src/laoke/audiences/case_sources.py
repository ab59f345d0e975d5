"""After-sales cases by person, as a source of a filter: opened in a window, of a kind, open or done by now."""

from __future__ import annotations

from sqlglot import exp

from laoke.audiences.sources import Sources, column, person_map
from laoke.audiences.tree import Window


def cases(sources: Sources, kind: str, state: str, window: Window) -> str:
    """How many cases of a person were opened. A case keeps the number that it was opened for: it counts for the person
    that this one belongs to now."""

    def build() -> exp.Select:
        tests = [sources.of_shop("c"), *sources.days(window, column("c", "opened_day"))]
        tests += [column("c", "kind").eq(exp.Literal.string(kind))] if kind else []
        if state:
            is_open = column("c", "is_open")
            tests.append(is_open if state == "open" else exp.not_(is_open))
        now_is = exp.and_(
            column("m", "shop_id").eq(column("c", "shop_id")),
            column("m", "customer_id").eq(column("c", "person_id")),
        )
        person = exp.Coalesce(this=column("m", "person_id"), expressions=[column("c", "person_id")])
        return (
            exp.select(exp.alias_(person, "person_id"), exp.alias_(exp.Count(this=exp.Star()), "n"))
            .from_(exp.alias_(exp.to_table("service_cases"), "c", table=True))
            .join(person_map(), on=now_is, join_type="left")
            .where(*tests)
            .group_by(person.copy())
        )

    return sources.join(("cases", kind, state, window), build)

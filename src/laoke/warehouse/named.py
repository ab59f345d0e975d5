"""The named queries under `queries/`: found by name, with the comment that says what each answers."""

from __future__ import annotations

from functools import cache
from importlib import resources


class UnknownQuery(LookupError):
    """There is no query of that name; the message lists those there are."""


def query_names() -> list[str]:
    """Names of all queries, sorted."""
    folder = resources.files("laoke.warehouse") / "queries"
    return sorted(
        entry.name.removesuffix(".sql") for entry in folder.iterdir() if entry.name.endswith(".sql")
    )


@cache
def query_text(name: str) -> str:
    """The SQL of one named query, comment included."""
    if name not in query_names():
        raise UnknownQuery(f"no query {name!r}; there are {', '.join(query_names())}")
    return (resources.files("laoke.warehouse") / "queries" / f"{name}.sql").read_text(encoding="utf-8")


def query_comment(name: str) -> str:
    """The leading comment of a query, without its dashes."""
    lines = []
    for line in query_text(name).splitlines():
        if not line.startswith("--"):
            break
        lines.append(line.removeprefix("--").strip())
    return "\n".join(lines)

"""The named queries under `queries/`: found by name, with the comment that says what each answers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

_PARAMETER = re.compile(r"\$([a-z_][a-z0-9_]*)", re.IGNORECASE)
_COMMENT = re.compile(r"--[^\n]*")


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


def query_parameters(name: str) -> list[str]:
    """The `$name` parameters that a query needs, sorted."""
    return sorted(parameters_in(query_text(name)))


def parameters_in(text: str) -> set[str]:
    """Names after `$` in SQL, comments left aside."""
    return set(_PARAMETER.findall(without_comments(text)))


def told_apart(text: str, params: Mapping[str, Any]) -> tuple[object, ...]:
    """What two statements have in common that ask the same, whatever they call their parameters."""
    told = _PARAMETER.split(text)
    return tuple(params[word] if n % 2 else word for n, word in enumerate(told))


def without_comments(text: str) -> str:
    """SQL without its `--` comments; our queries have no string that holds one."""
    return _COMMENT.sub("", text)

"""The numbers of the seller's tools, read from `limits.toml`, with how sure each is."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from laoke.promotions.setup.values import Finding, Severity, Sure


@dataclass(frozen=True)
class Limit:
    """A bound of a tool: a least, a most, or the values that it takes. `source` and `seen` say where it was read."""

    key: str
    source: str
    sure: Sure
    seen: str
    least: int | None = None
    most: int | None = None
    values: tuple[int, ...] = ()

    def takes(self, number: int) -> bool:
        """Whether the tool takes this number."""
        if self.values and number not in self.values:
            return False
        return (self.least is None or number >= self.least) and (self.most is None or number <= self.most)

    def found(self, code: str, severity: Severity, **params: Any) -> Finding:
        """A finding that rests on this limit."""
        return Finding(code, severity, self.sure, params, f"{self.source} ({self.seen})")

    @property
    def top(self) -> int:
        """The most; asked for only of limits that have one."""
        assert self.most is not None, self.key
        return self.most


@cache
def limits() -> dict[str, Limit]:
    """All limits by key."""
    text = resources.files("laoke.promotions.setup").joinpath("limits.toml").read_text(encoding="utf-8")
    found = {}
    for row in tomllib.loads(text)["limit"]:
        values = tuple(row.get("values", row.get("yuan", ())))
        found[row["key"]] = Limit(
            row["key"], row["source"], row["sure"], row["seen"], row.get("least"), row.get("most"), values
        )
    return found


def limit(key: str) -> Limit:
    """One limit."""
    return limits()[key]

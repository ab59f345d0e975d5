"""What an item was listed at over time: stretches of one price, and what a struck-out price may lean on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

RAISED_DAYS = 30


@dataclass(frozen=True)
class Told:
    """An import told on a day that the item is listed at so many cents. `source` is the number of the import."""

    on: date
    cents: int
    source: int


@dataclass(frozen=True)
class Listed:
    """A stretch of one list price: first told on one day by an import, last told on another.

    Until the next stretch begins nobody told of another price; that it held every day between is not known.
    """

    cents: int
    first: date
    last: date
    source: int


@dataclass(frozen=True)
class Raised:
    """The list price went up on a day."""

    from_cents: int
    to_cents: int
    on: date


def stretches(told: Iterable[Told]) -> tuple[Listed, ...]:
    """Stretches of one price, the oldest first. Of two tellings of one day the later in the order given counts."""
    found: list[Listed] = []
    for one in {one.on: one for one in sorted(told, key=lambda one: one.on)}.values():
        if found and found[-1].cents == one.cents:
            found[-1] = Listed(one.cents, found[-1].first, one.on, found[-1].source)
        else:
            found.append(Listed(one.cents, one.on, one.on, one.source))
    return tuple(found)


def listed_at(listed: Sequence[Listed], cents: int) -> Listed | None:
    """The newest stretch at a price; None where it was never listed so, as far as is known."""
    return next((one for one in reversed(listed) if one.cents == cents), None)


def raised_before(listed: Sequence[Listed], start: date, *, days: int = RAISED_DAYS) -> Raised | None:
    """The newest rise of the list price within so many days before a day."""
    since = start - timedelta(days=days)
    for before, after in reversed(list(pairwise(listed))):
        if after.first >= start:
            continue
        if after.first < since:
            return None
        if after.cents > before.cents:
            return Raised(before.cents, after.cents, after.first)
    return None

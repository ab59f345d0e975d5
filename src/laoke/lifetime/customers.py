"""What a model is given of each customer, checked; and the same grouped, because most shops have far fewer different
histories than customers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from laoke.lifetime.refusals import BadHistory

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Histories:
    """Columns of equal length, one place per customer.

    `frequency` counts the periods with a purchase after the first one, `recency` is the age at the last purchase (0
    without repeats), `age` the time since the first purchase; both in the same unit. `spend` is the mean amount of
    the repeat purchases (0 without repeats).
    """

    frequency: Ints
    recency: Floats
    age: Floats
    spend: Floats

    @classmethod
    def of(cls, frequency: Any, recency: Any, age: Any, spend: Any = None) -> Histories:
        """Check columns of any number type.

        Raises
        ------
        BadHistory
            when a row cannot be: not finite, a count that is no whole number from 0 on, a last purchase before the
            first or after today, repeats without time, an amount below 0.
        """
        t_x, aged = (np.ascontiguousarray(column, np.float64) for column in (recency, age))
        given = np.ascontiguousarray(frequency)
        money = np.zeros(len(given)) if spend is None else np.ascontiguousarray(spend, np.float64)
        if not given.shape == t_x.shape == aged.shape == money.shape or given.ndim != 1:
            raise BadHistory(
                f"columns of one length expected, found {given.shape}, {t_x.shape}, {aged.shape}, {money.shape}"
            )
        for name, column in (("frequency", given), ("recency", t_x), ("age", aged), ("spend", money)):
            _refuse(~np.isfinite(column), f"{name} must be a finite number", column)
        x = given.astype(np.int64)
        _refuse((x != given) | (x < 0), "frequency must be a whole number from 0 on", given)
        _refuse((t_x < 0) | (t_x > aged), "recency must lie between 0 and the age", t_x)
        _refuse((x == 0) != (t_x == 0), "recency must be 0 without repeats and above 0 with them", t_x)
        _refuse(money < 0, "spend must not be below 0", money)
        return cls(x, t_x, aged, money)

    def __len__(self) -> int:
        return len(self.frequency)

    def take(self, rows: npt.NDArray[Any]) -> Histories:
        """The histories at these places."""
        return Histories(self.frequency[rows], self.recency[rows], self.age[rows], self.spend[rows])


def _refuse(wrong: npt.NDArray[np.bool_], what: str, column: npt.NDArray[Any]) -> None:
    if wrong.any():
        first = int(np.argmax(wrong))
        raise BadHistory(
            f"{what}: {int(wrong.sum())} rows are not, the first is row {first} with {column[first]}"
        )


@dataclass(frozen=True)
class Grouped:
    """Different histories with how many customers have each, those without repeats first.

    Ages and recencies are kept as places in short lists of different values: a logarithm is taken once per value.
    """

    x: Ints
    recency_at: Ints
    age_at: Ints
    weight: Floats
    recencies: Floats
    ages: Floats

    @property
    def customers(self) -> float:
        return float(self.weight.sum())

    @property
    def t_x(self) -> Floats:
        return self.recencies[self.recency_at]

    @property
    def age(self) -> Floats:
        return self.ages[self.age_at]

    def __len__(self) -> int:
        return len(self.x)

    def thinned(self, most: int) -> Grouped:
        """Every n-th group, so that at most `most` are left, weights kept: to look for a start on little data.

        Groups are sorted by frequency, so the share of each frequency stays.
        """
        step = -(-len(self) // most)
        if step <= 1:
            return self
        # Groups without repeats carry most customers and are few: all stay, with their weight cut alike.
        first = int(np.searchsorted(self.x, 1))
        rows = np.concatenate((np.arange(first), np.arange(first, len(self), step)))
        weight = self.weight[rows].copy()
        weight[:first] *= self.weight[rows[first:]].sum() / max(self.weight[first:].sum(), 1.0)
        return Grouped(
            self.x[rows], self.recency_at[rows], self.age_at[rows], weight, self.recencies, self.ages
        )


def grouped(histories: Histories) -> Grouped:
    """Count equal (frequency, recency, age) once."""
    recencies, recency_at = distinct(histories.recency)
    ages, age_at = distinct(histories.age)
    key = (histories.frequency * len(recencies) + recency_at) * len(ages) + age_at
    key.sort()
    new = np.ones(len(key), bool)
    np.not_equal(key[1:], key[:-1], out=new[1:])
    starts = np.flatnonzero(new)
    weight = np.diff(starts, append=len(key)).astype(np.float64)
    rest, age_of = np.divmod(key[starts], len(ages))
    x, recency_of = np.divmod(rest, len(recencies))
    return Grouped(x, recency_of, age_of, weight, recencies, ages)


def distinct(values: Floats) -> tuple[Floats, Ints]:
    """The different values, rising, and each row's place among them; whole numbers in a small range need no sort."""
    if not len(values):
        return values, np.zeros(0, np.int64)
    whole = values.astype(np.int64)
    top = int(whole.max()) + 1
    if top <= max(4 * len(values), 4096) and np.array_equal(whole, values):
        seen = np.zeros(top, bool)
        seen[whole] = True
        found = np.flatnonzero(seen)
        place = np.zeros(top, np.int64)
        place[found] = np.arange(len(found))
        return found.astype(np.float64), place[whole]
    different, place = np.unique(values, return_inverse=True)
    return different, place.astype(np.int64)

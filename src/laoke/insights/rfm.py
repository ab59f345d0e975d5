"""RFM: who is in which named group, who moves between groups, and what other lines would do before they are taken."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

from laoke.insights.natural_breaks import Breaks, natural_breaks
from laoke.insights.rfm_groups import GROUPS, group_of
from laoke.warehouse.features import CutPoints

if TYPE_CHECKING:
    from laoke.warehouse.engine import Reader

SCORES = 5
LETTERS = ("r", "f", "m")
Cuts = tuple[int, int, int, int]
Way = Literal["quintile", "fixed", "learnt"]
WAYS: tuple[Way, ...] = ("quintile", "fixed", "learnt")
# Frequency and money are looked at by proportion: from 1 to 2 purchases is as far as from 10 to 20. A step of the scale
# is half a per cent, so that there are a few thousand values at most.
SCALE = 200
# Stands for a line that nobody reaches.
NOBODY = 2**62


@dataclass(frozen=True)
class GroupSum:
    """Persons of a named group, their net cents, purchase days, and days since their last purchase, all summed up."""

    name: str
    persons: int
    net_cents: int
    orders: int
    days_since: int


def groups(reader: Reader, shop_id: int, as_of_day: int) -> list[GroupSum]:
    """All eleven groups in their order, also empty ones."""
    found = {name: [0, 0, 0, 0] for name in GROUPS}
    for row in reader.remembered("rfm_persons", shop_id=shop_id, as_of_day=as_of_day).to_pylist():
        sums = found[group_of(row["r_score"], row["f_score"], row["m_score"])]
        for at, name in enumerate(("persons", "net_cents", "orders", "days_since")):
            sums[at] += row[name]
    return [GroupSum(name, *sums) for name, sums in found.items()]


# From (None: not known then) → to: persons.
Moves = Counter[tuple[str | None, str]]


def movement(reader: Reader, shop_id: int, before_day: int, as_of_day: int) -> Moves:
    """Who went from which group to which between two kept days, those who stayed included."""
    moves: Moves = Counter()
    rows = reader.remembered(
        "rfm_movement", shop_id=shop_id, before_day=before_day, as_of_day=as_of_day
    ).to_pylist()
    for row in rows:
        before = group_of(row["r_before"], row["f_before"], row["m_before"]) if row["known_before"] else None
        moves[before, group_of(row["r_score"], row["f_score"], row["m_score"])] += row["persons"]
    return moves


@dataclass(frozen=True)
class DayGroups:
    """A kept day: persons by group, and what they had paid by then, refunds taken off."""

    day: int
    persons: Counter[str]
    net_cents: Counter[str]


def over_days(reader: Reader, shop_id: int, days: Sequence[int]) -> list[DayGroups]:
    """The groups on these kept days, which are given in rising order."""
    found = {day: DayGroups(day, Counter(), Counter()) for day in days}
    if not days:
        return []
    rows = reader.remembered("rfm_days", shop_id=shop_id, from_day=days[0], to_day=days[-1]).to_pylist()
    for row in rows:
        if row["as_of_day"] in found:
            name = group_of(row["r_score"], row["f_score"], row["m_score"])
            found[row["as_of_day"]].persons[name] += row["persons"]
            found[row["as_of_day"]].net_cents[name] += row["net_cents"]
    return list(found.values())


def messages_between(reader: Reader, shop_id: int, days: Sequence[int], states: Sequence[str]) -> list[int]:
    """How many messages in one of the states fall after each day up to the next one: one number less than days.

    Days rise, and there is one at least.
    """
    given = {"from_day": days[0] + 1, "to_day": days[-1], "states": f",{','.join(states)},"}
    rows = reader.remembered("touch_days", shop_id=shop_id, **given).to_pylist()
    return [
        sum(row["messages"] for row in rows if before < row["day"] <= day) for before, day in pairwise(days)
    ]


@dataclass(frozen=True)
class Learnt:
    """Lines that the values themselves suggest; `fits` says for each of r, f and m how much of the spread its classes
    explain, `values` from how many distinct values."""

    r_cuts: Cuts
    f_cuts: Cuts
    m_lines: Cuts
    fits: dict[str, float]
    values: dict[str, int]

    def taken_into(self, cuts: CutPoints) -> CutPoints:
        """The shop's cut points with these lines in place of those that scores were drawn by."""
        return replace(cuts, score_by="lines", r_cuts=self.r_cuts, f_cuts=self.f_cuts, m_lines=self.m_lines)


def learn(reader: Reader, shop_id: int, as_of_day: int) -> Learnt | None:
    """Natural breaks of recency (in days), frequency and money (by proportion); None without a payer."""
    counted: dict[str, dict[int, int]] = {letter: {} for letter in LETTERS}
    for row in reader.remembered("rfm_values", shop_id=shop_id, as_of_day=as_of_day).to_pylist():
        counted[row["letter"]][row["v"]] = row["persons"]
    if not counted["r"]:
        return None
    r_starts, r_breaks = _starts(counted["r"], lambda days: days)
    f_starts, f_breaks = _starts(counted["f"], _by_proportion)
    m_starts, m_breaks = _starts(counted["m"], _by_proportion)
    # The nearest days have the highest score: their line is the last day before the next class.
    near = [start - 1 for start in r_starts[1:]]
    return Learnt(
        _four(near, max(counted["r"])),
        _four(f_starts[1:], max(counted["f"]) + 1),
        _four([yuan * 100 for yuan in m_starts[1:]], (max(counted["m"]) + 1) * 100),
        {"r": r_breaks.fit, "f": f_breaks.fit, "m": m_breaks.fit},
        {letter: len(values) for letter, values in counted.items()},
    )


def _by_proportion(value: int) -> int:
    return round(SCALE * math.log1p(value))


def _starts(counted: Mapping[int, int], scaled: Callable[[int], int]) -> tuple[list[int], Breaks]:
    """The lowest value of each class, and the breaks on the scale."""
    lowest: dict[int, int] = {}
    persons: Counter[int] = Counter()
    for value in sorted(counted):
        at = scaled(value)
        lowest.setdefault(at, value)
        persons[at] += counted[value]
    places = sorted(persons)
    breaks = natural_breaks(places, [persons[at] for at in places], SCORES)
    return [lowest[places[start]] for start in breaks.starts], breaks


def _four(lines: Sequence[int], beyond: int) -> Cuts:
    """Four rising lines; where there are fewer classes the rest lie from `beyond` on, where they tell nobody apart."""
    found = list(lines)
    while len(found) < SCORES - 1:
        found.append(max(beyond, found[-1] + 1) if found else beyond)
    return found[0], found[1], found[2], found[3]


def proposal(way: Way, cuts: CutPoints, learnt: Learnt | None) -> CutPoints | None:
    """The shop's cut points scored in another way; None for learnt lines where there is nothing to learn from."""
    if way == "learnt":
        return learnt.taken_into(cuts) if learnt else None
    return replace(cuts, score_by=way)


@dataclass(frozen=True)
class Preview:
    """What lines would do: payers by each score of r, f and m, by group, how many get other scores, and who would go
    from which group to which. `lines` are the values from which scores 2 to 5 are reached, None = nobody reaches it."""

    lines: dict[str, tuple[int | None, ...]]
    scores: dict[str, tuple[int, ...]]
    moves: Moves
    persons: int
    other_scores: int

    @property
    def other_groups(self) -> int:
        return sum(n for (before, after), n in self.moves.items() if before != after)


def preview(reader: Reader, shop_id: int, as_of_day: int, cuts: CutPoints) -> Preview:
    """Score everybody by other cut points, without keeping anything."""
    params = {"shop_id": shop_id, "as_of_day": as_of_day}
    drawn = reader.remembered("feature_lines", **params, **cuts.params()).to_pylist()[0]
    lines = {letter: tuple(drawn[f"{letter}_{n}"] for n in range(2, SCORES + 1)) for letter in LETTERS}
    given = {
        f"{letter}_{n}": NOBODY if line is None else line
        for letter in LETTERS
        for n, line in enumerate(lines[letter], start=2)
    }
    scores = {letter: [0] * SCORES for letter in LETTERS}
    moves: Moves = Counter()
    persons = others = 0
    for row in reader.remembered("rfm_preview", **params, **given).to_pylist():
        n, after = row["persons"], tuple(row[f"{letter}_new"] for letter in LETTERS)
        before = tuple(row[f"{letter}_score"] for letter in LETTERS)
        for letter, score in zip(LETTERS, after, strict=True):
            scores[letter][score - 1] += n
        persons += n
        others += n if before != after else 0
        moves[group_of(*before), group_of(*after)] += n
    return Preview(lines, {letter: tuple(found) for letter, found in scores.items()}, moves, persons, others)

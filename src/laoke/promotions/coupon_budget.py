"""Who gets which coupon under a budget: the best choice of one level or none for each group of people.

Pure. A multiple-choice knapsack in whole cents, solved by HiGHS (scipy), with two bounds that nobody has to believe the
solver for: what all groups would bring without a budget, and the value of the relaxed problem, worked out by hand.

Per person of a group, with b orders without a coupon, t with one, m the margin of an order before the coupon, f its
face, u the share of orders that use it and c what the message costs:

    spent  = t u f             what the budget pays, also to those who would have bought anyway
    gained = (t - b) m - t u f - c

b and t are orders per million people; they come from a comparison with people held out, or are somebody's assumption.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from laoke.money.rounding import divide_half_up

MILLION = 1_000_000
MOST_GROUPS, MOST_LEVELS = 20, 8


@dataclass(frozen=True)
class Response:
    """Orders per million people with a coupon; `low` and `high` are the ends of its interval where it was measured,
    `source` says where, '' for an assumption."""

    treated_ppm: int
    low_ppm: int
    high_ppm: int
    source: str = ""

    @property
    def measured(self) -> bool:
        return bool(self.source)


@dataclass(frozen=True)
class Group:
    """People who are treated alike, and how they respond to each face value (cents) that they may get."""

    key: str
    people: int
    base_ppm: int
    margin_cents: int
    responses: dict[int, Response]


@dataclass(frozen=True)
class Terms:
    """What holds for all groups: the budget, the share of orders that use a coupon, the price of one message."""

    budget_cents: int
    used_bp: int = 10_000
    message_millis: int = 0


@dataclass(frozen=True)
class Option:
    """One level for one group: what it takes from the budget and what it brings, `low` and `high` at the ends of the
    response's interval; `even_ppm` are the orders per million from which it pays, None when no response would do."""

    face_cents: int
    spent_cents: int
    gained_cents: int
    low_cents: int
    high_cents: int
    even_ppm: int | None
    measured: bool


@dataclass(frozen=True)
class Chosen:
    """The outcome for one group. `why` is one of

    best      of all its levels this brings most
    budget    `wanted` would bring more, but the money brings more elsewhere
    loses     no level brings anything
    nobody    there is nobody in it
    unknown   nothing is known of how it responds
    """

    key: str
    option: Option | None
    wanted: Option | None
    why: str


@dataclass(frozen=True)
class BudgetPlan:
    """The choice for every group in the given order. No choice within the budget brings more than `bound_cents`;
    where that is `gained_cents`, the choice is proven best. `free_cents` is what all would bring without a budget."""

    groups: tuple[Chosen, ...]
    spent_cents: int
    gained_cents: int
    low_cents: int
    high_cents: int
    bound_cents: int
    free_cents: int
    measured: bool

    @property
    def proven(self) -> bool:
        return self.gained_cents == self.bound_cents


class NoResponse(Exception):
    """Nothing was measured and nothing assumed, for no group: there is nothing to choose by."""


def options_of(group: Group, terms: Terms) -> list[Option]:
    """The levels of a group by their face value."""
    return [_option(group, face, response, terms) for face, response in sorted(group.responses.items())]


def _option(group: Group, face: int, response: Response, terms: Terms) -> Option:
    def money(treated: int) -> tuple[int, int]:
        # One rounding for each amount: sums of groups are sums of what is shown.
        spent = divide_half_up(group.people * treated * terms.used_bp * face, MILLION * 10_000)
        more = divide_half_up(group.people * (treated - group.base_ppm) * group.margin_cents, MILLION)
        return spent, more - spent - divide_half_up(group.people * terms.message_millis, 10)

    spent, gained = money(response.treated_ppm)
    ends = sorted((money(response.low_ppm)[1], money(response.high_ppm)[1]))
    return Option(
        face,
        spent,
        gained,
        min(ends[0], gained),
        max(ends[1], gained),
        _even(group, face, terms),
        response.measured,
    )


def _even(group: Group, face: int, terms: Terms) -> int | None:
    """Orders per million people from which the level loses nothing, rounded up."""
    left = group.margin_cents - Fraction(terms.used_bp * face, 10_000)
    if left <= 0:
        return None
    needed = (group.base_ppm * group.margin_cents + Fraction(terms.message_millis * MILLION, 10)) / left
    return -(-needed.numerator // needed.denominator)


def best_plan(groups: Sequence[Group], terms: Terms) -> BudgetPlan:
    """The choice that brings most within the budget; of equals HiGHS's.

    Raises
    ------
    NoResponse
        when no group has a response to any level.
    """
    if not any(group.responses for group in groups):
        raise NoResponse
    options = [options_of(group, terms) for group in groups]
    # A level that brings nothing is never worth its money.
    worth = [[one for one in given if one.gained_cents > 0] for given in options]
    free = [max(given, key=lambda one: one.gained_cents, default=None) for given in worth]
    picked, bound = _solved(worth, terms.budget_cents)
    chosen = tuple(_told(group, options[at], picked[at], free[at]) for at, group in enumerate(groups))
    taken = [one for one in picked if one is not None]
    return BudgetPlan(
        groups=chosen,
        spent_cents=sum(one.spent_cents for one in taken),
        gained_cents=sum(one.gained_cents for one in taken),
        low_cents=sum(one.low_cents for one in taken),
        high_cents=sum(one.high_cents for one in taken),
        bound_cents=bound,
        free_cents=sum(one.gained_cents for one in free if one is not None),
        measured=all(one.measured for one in taken),
    )


def _told(group: Group, options: list[Option], picked: Option | None, wanted: Option | None) -> Chosen:
    if not group.people:
        return Chosen(group.key, None, None, "nobody")
    if not options:
        return Chosen(group.key, None, None, "unknown")
    if wanted is None:
        return Chosen(group.key, None, None, "loses")
    if picked is not None and picked.gained_cents == wanted.gained_cents:
        return Chosen(group.key, picked, None, "best")
    return Chosen(group.key, picked, wanted, "budget")


def _solved(worth: list[list[Option]], budget: int) -> tuple[list[Option | None], int]:
    """The chosen option of each group, and the least upper bound that was shown."""
    nothing: list[Option | None] = [None] * len(worth)
    places = [(at, one) for at, given in enumerate(worth) for one in given if one.spent_cents <= budget]
    if not places:
        return nothing, 0
    limit, relaxed = budget, relaxed_bound(worth, budget)
    while True:
        picked, bound = _by_highs(places, len(worth), limit)
        over = sum(one.spent_cents for one in picked if one is not None) - budget
        if over <= 0:
            break
        # The solver allows itself a part in a million; cents do not.
        limit -= over
    gained = sum(one.gained_cents for one in picked if one is not None)
    # Amounts are whole cents, so a bound may be rounded down; it never lies below what was reached.
    return picked, max(gained, min(bound, relaxed) if limit == budget else relaxed)


def _by_highs(places: list[tuple[int, Option]], groups: int, limit: int) -> tuple[list[Option | None], int]:
    import numpy as np
    from scipy.optimize import Bounds, LinearConstraint, milp

    gains = np.array([one.gained_cents for _, one in places], dtype=float)
    # In parts of the budget, so that the solver's tolerance means the same for every shop.
    spent = np.array([one.spent_cents for _, one in places], dtype=float) / max(limit, 1)
    once = np.zeros((groups, len(places)))
    once[[at for at, _ in places], np.arange(len(places))] = 1.0
    found = milp(
        -gains,
        integrality=np.ones(len(places)),
        bounds=Bounds(0, 1),
        constraints=[
            LinearConstraint(once, ub=1),
            LinearConstraint(spent[None, :], ub=1.0 if limit > 0 else 0.0),
        ],
        options={"mip_rel_gap": 0.0},
    )
    picked: list[Option | None] = [None] * groups
    if found.x is None:
        raise ArithmeticError(f"the solver gave nothing: {found.message}")
    for value, (at, one) in zip(found.x, places, strict=True):
        if value > 0.5:
            picked[at] = one
    return picked, int(np.floor(-found.mip_dual_bound + 1e-3))


def relaxed_bound(worth: Sequence[Sequence[Option]], budget: int) -> int:
    """What no choice within the budget can exceed, in exact arithmetic: groups may take parts of levels.

    Each group's levels are cut down to the upper edge of their hull; the steps from one to the next are then taken by
    what they bring per cent, the last of them in part (Sinha and Zoltners 1979).
    """
    steps: list[tuple[Fraction, int, int]] = []
    total = 0
    for given in worth:
        edge = [(0, 0)]
        for spent, gained in sorted((one.spent_cents, one.gained_cents) for one in given):
            if gained <= edge[-1][1]:
                continue
            while len(edge) > 1 and _bends_up(edge[-2], edge[-1], (spent, gained)):
                edge.pop()
            if spent == edge[-1][0]:
                edge[-1] = (spent, gained)
            else:
                edge.append((spent, gained))
        total += edge[0][1]
        for (before, less), (after, more) in pairwise(edge):
            steps.append((Fraction(more - less, after - before), after - before, more - less))
    left, bound = budget, Fraction(total)
    for _, spent, gained in sorted(steps, reverse=True):
        part = min(spent, left)
        bound += Fraction(gained * part, spent)
        left -= part
        if left <= 0:
            break
    return bound.numerator // bound.denominator


def _bends_up(first: tuple[int, int], middle: tuple[int, int], last: tuple[int, int]) -> bool:
    """Whether the middle point lies on or below the line from the first to the last."""
    return (middle[1] - first[1]) * (last[0] - first[0]) <= (last[1] - first[1]) * (middle[0] - first[0])

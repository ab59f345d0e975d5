"""The arithmetic of points: what a payment earns, what points are worth, how many an order may use, from which lots.

Pure: whole points and integer cents in and out; every division rounds down, in the shop's favour by less than one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

WHOLE_BP = 10_000
MOST_POINTS = 1_000_000_000_000


@dataclass(frozen=True)
class Earning:
    """`points` for every `cents` paid, in proportion."""

    points: int
    cents: int

    def of(self, paid_cents: int) -> int:
        """The points of a payment.

        >>> Earning(1, 100).of(12_999)
        129
        """
        return paid_cents * self.points // self.cents


@dataclass(frozen=True)
class Burning:
    """`points` are worth `cents`; used only in whole steps of `points`, so that the value is whole.

    `least` = points of the smallest use, `share_bp` = what share of an order points may pay, in ten thousandths.
    """

    points: int
    cents: int
    least: int
    share_bp: int

    def worth(self, points: int) -> int:
        """The cents that whole steps of points take off.

        >>> Burning(100, 100, 100, 5_000).worth(1_200)
        1200
        """
        return points // self.points * self.cents

    def most(self, usable: int, payable_cents: int, left_today: int | None = None) -> int:
        """The most points that an order of `payable_cents` can use of `usable`; 0 below the smallest use.

        >>> Burning(100, 100, 500, 3_000).most(9_999, 10_000), Burning(100, 100, 500, 3_000).most(400, 10_000)
        (3000, 0)
        """
        steps = min(usable // self.points, payable_cents * self.share_bp // WHOLE_BP // self.cents)
        if left_today is not None:
            steps = min(steps, left_today // self.points)
        points = steps * self.points
        return points if points >= self.least else 0


def take(lots: Sequence[tuple[int, int]], points: int) -> list[tuple[int, int]]:
    """Which lots give how many of `points`, the first ones first; less than asked when they hold less.

    >>> take([(7, 30), (8, 100)], 50)
    [(7, 30), (8, 20)]
    """
    taken: list[tuple[int, int]] = []
    for number, left in lots:
        if points <= 0:
            break
        part = min(left, points)
        if part > 0:
            taken.append((number, part))
            points -= part
    return taken

"""How much of the money comes from how few buyers and goods, and in which steps people of each stage of life spend."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from laoke.warehouse.engine import Reader

# Steps of net money per purchase in cents: 50, 100, 200, 300, 500 and 1,000 yuan. Below the first is step 0.
STEPS = (5_000, 10_000, 20_000, 30_000, 50_000, 100_000)


@dataclass(frozen=True)
class Hundredth:
    """One of up to a hundred equal parts of the buyers, the best first: persons, orders and net cents, and what the
    last of them spent."""

    part: int
    persons: int
    orders: int
    net_cents: int
    least_cents: int


@dataclass(frozen=True)
class Pareto:
    """The buyers of a period by hundredths."""

    parts: tuple[Hundredth, ...]

    @property
    def persons(self) -> int:
        return sum(one.persons for one in self.parts)

    @property
    def net_cents(self) -> int:
        return sum(one.net_cents for one in self.parts)

    def cumulated(self) -> list[tuple[float, float]]:
        """(share of the buyers, share of the net money) after each part, from (0, 0) on; empty without money."""
        return cumulated([(one.persons, one.net_cents) for one in self.parts])

    def best(self, percent: int) -> Hundredth | None:
        """The best so many per cent together, whole parts; None where there are fewer buyers than that tells apart."""
        if self.persons * percent < 100:
            return None  # not even one whole person: the best of ten are not their best hundredth
        chosen = [one for one in self.parts if one.part <= percent]
        return Hundredth(
            percent,
            sum(one.persons for one in chosen),
            sum(one.orders for one in chosen),
            sum(one.net_cents for one in chosen),
            min(one.least_cents for one in chosen),
        )

    def share_for(self, share: float) -> float | None:
        """The share of the buyers, whole parts, that brings this share of the net money; None without money."""
        return next((buyers for buyers, money in self.cumulated() if money >= share), None)


def cumulated(parts: Sequence[tuple[int, int]]) -> list[tuple[float, float]]:
    """Shares of counts and money added up part by part; empty where there is no money to share."""
    counts, money = sum(n for n, _cents in parts), sum(cents for _n, cents in parts)
    if not counts or money <= 0:
        return []
    found, n, cents = [(0.0, 0.0)], 0, 0
    for count, amount in parts:
        n, cents = n + count, cents + amount
        found.append((n / counts, cents / money))
    return found


def pareto(reader: Reader, shop_id: int, from_day: int, to_day: int) -> Pareto:
    """The buyers of a period, the best first."""
    rows = reader.remembered("money_ranks", shop_id=shop_id, from_day=from_day, to_day=to_day).to_pylist()
    return Pareto(tuple(Hundredth(**row) for row in rows))


@dataclass(frozen=True)
class GoodsMoney:
    """What one product brought in a period; money in cents."""

    product_id: str
    title: str
    orders: int
    units: int
    paid_cents: int
    net_cents: int


def goods(reader: Reader, shop_id: int, from_day: int, to_day: int, most: int) -> list[GoodsMoney]:
    """The products of a period by net money, at most `most`."""
    rows = reader.remembered(
        "goods_money", shop_id=shop_id, from_day=from_day, to_day=to_day, page_rows=most
    ).to_pylist()
    return [GoodsMoney(**row) for row in rows]


@dataclass(frozen=True)
class StageSpending:
    """Persons and net cents of one stage of life by step of what they spend a purchase, steps 0 to 6."""

    lifecycle: str
    persons: tuple[int, ...]
    net_cents: tuple[int, ...]

    @property
    def total(self) -> int:
        return sum(self.persons)


def spending_steps(reader: Reader, shop_id: int, as_of_day: int) -> list[StageSpending]:
    """Who spends how much a purchase, by stage of life."""
    steps = {f"step_{n}": cents for n, cents in enumerate(STEPS, start=1)}
    rows = reader.remembered("spending_steps", shop_id=shop_id, as_of_day=as_of_day, **steps).to_pylist()
    found: dict[str, tuple[list[int], list[int]]] = {}
    for row in rows:
        persons, net = found.setdefault(row["lifecycle"], ([0] * 7, [0] * 7))
        persons[row["step"]], net[row["step"]] = row["persons"], row["net_cents"]
    return [StageSpending(name, tuple(persons), tuple(net)) for name, (persons, net) in found.items()]

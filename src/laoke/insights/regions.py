"""Where a shop's orders go: buyers and money by province and city."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from laoke.warehouse.engine import Reader

# Below so many buyers an average tells of one or two of them.
FEW = 30


@dataclass(frozen=True)
class Region:
    """One province (`city` '') or city: buyers, orders, money in cents. '' = the source tells no place.

    `buyers_net_cents` is the net money of orders whose buyer is known.
    """

    province: str
    city: str
    buyers: int
    orders: int
    paid_cents: int
    net_cents: int
    buyers_net_cents: int

    @property
    def cents_per_buyer(self) -> int | None:
        return round(self.buyers_net_cents / self.buyers) if self.buyers else None


@dataclass(frozen=True)
class Regions:
    """Provinces and cities, each by falling net money."""

    provinces: tuple[Region, ...]
    cities: tuple[Region, ...]

    @property
    def net_cents(self) -> int:
        return sum(one.net_cents for one in self.provinces)


def regions(reader: Reader, shop_id: int, from_day: int, to_day: int) -> Regions:
    """Where the orders of a period went."""
    rows = reader.remembered("regions", shop_id=shop_id, from_day=from_day, to_day=to_day).to_pylist()
    found: dict[str, list[Region]] = {"province": [], "city": []}
    for row in rows:
        found[row.pop("level")].append(Region(**row))
    return Regions(tuple(found["province"]), tuple(found["city"]))

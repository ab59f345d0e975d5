"""Rule C32: who bought lately for more than the campaign will ask, and what they could ask back.

Platforms protect a price for some days after it was paid (usually 15): a later cut in the same shop on the same item is
asked back. Only item prices count, not coupons.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from laoke.campaigns.launch.finding import Finding
from laoke.promotions.ladder import Key


@dataclass(frozen=True)
class Dealt:
    """What one person paid for pieces of one item in the window: `deal_cents` each."""

    key: Key
    person: int
    deal_cents: int
    units: int


@dataclass(frozen=True)
class Protected:
    """One item: who bought it for more than its coming price, how many pieces, and the difference over them."""

    key: Key
    title: str
    price_cents: int
    highest_cents: int
    people: int
    units: int
    cents: int


@dataclass(frozen=True)
class Protection:
    """All items of a campaign that have such buyers, the largest difference first. `people` counts each once.

    first_day, last_day  the days of the window that are known
    """

    days: int
    first_day: date
    last_day: date
    people: int
    items: tuple[Protected, ...] = ()

    @property
    def units(self) -> int:
        return sum(one.units for one in self.items)

    @property
    def cents(self) -> int:
        """What would be owed if everybody asked."""
        return sum(one.cents for one in self.items)


def protection_of(
    prices: Mapping[Key, tuple[str, int]], dealt: Iterable[Dealt], days: int, first_day: date, last_day: date
) -> Protection:
    """Lay the coming prices (title and cents by item) over what was paid.

    An item without a variant takes the deals of all variants; one that is named both ways is measured by its variant.
    """
    found: dict[Key, list[Dealt]] = {}
    for one in dealt:
        key = next((key for key in _names(one.key) if key in prices), None)
        if key is not None and one.deal_cents > prices[key][1]:
            found.setdefault(key, []).append(one)
    items = [_item(key, *prices[key], deals) for key, deals in found.items()]
    people = {one.person for deals in found.values() for one in deals}
    items.sort(key=lambda one: (-one.cents, one.title, one.key.product_id, one.key.sku))
    return Protection(days, first_day, last_day, len(people), tuple(items))


def _names(key: Key) -> tuple[Key, Key]:
    return key, Key(key.product_id, "", key.title)


def _item(key: Key, title: str, price_cents: int, deals: Sequence[Dealt]) -> Protected:
    return Protected(
        key,
        title,
        price_cents,
        max(one.deal_cents for one in deals),
        len({one.person for one in deals}),
        sum(one.units for one in deals),
        sum((one.deal_cents - price_cents) * one.units for one in deals),
    )


def check_protection(protection: Protection | None) -> Iterator[Finding]:
    """Told once for the whole campaign."""
    if protection is None or not protection.people:
        return
    params = {
        "people": protection.people, "units": protection.units, "cents": protection.cents, "days": protection.days,
        "count": len(protection.items), "names": [one.title for one in protection.items[:3]],
    }  # fmt: skip
    yield Finding("price_protection", "campaign", params)

"""Member levels of a shop: the conditions of each, who has reached which, and who is near the next (P3.12).

A level is reached by either of its conditions, days of buying or net amount, over the last year or over all time; a
person has the highest they reach. Who is near the next has NEAR of its amount, or lacks one day of buying.
The platform grants levels on its own side: here one plans them, sees who would have which, and publishes the rules.

    LevelRefused    `no_condition`, `name`, `name_taken`, `not_rising` (a higher level must ask for more), `too_many`,
                    `too_large` (an amount that no filter can ask for)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import F

from laoke.audiences.compiling import count_query, members_query
from laoke.audiences.readings import Reading
from laoke.audiences.text import parse
from laoke.audiences.tree import LARGEST
from laoke.customers.models import MemberLevel
from laoke.shops import audit
from laoke.shops.models import Shop, User

if TYPE_CHECKING:
    from laoke.audiences.tree import Node

NEAR_PERCENT = 80
MOST_LEVELS = 6
YEAR, ALWAYS = "year", "always"


class LevelRefused(Exception):
    """A level that cannot be; `code` as above, `name` the level it meets."""

    def __init__(self, code: str, name: str = "") -> None:
        super().__init__(f"{code}: {name}")
        self.code, self.name = code, name


@dataclass(frozen=True)
class Standing:
    """A level with how many persons have it as their highest, and how many below are near it."""

    level: MemberLevel
    people: int
    near: int
    text: str
    near_text: str


def levels_of(shop: Shop) -> list[MemberLevel]:
    """The shop's levels, the lowest first."""
    return list(MemberLevel.objects.filter(shop=shop).order_by("rank"))


def save_level(
    shop: Shop,
    *,
    name: str,
    within: str,
    orders_from: int | None,
    net_cents_from: int | None,
    term_days: int,
    reward: str,
    by: User,
    now: datetime,
    level: MemberLevel | None = None,
) -> MemberLevel:
    """Make a level above the others, or change one; its rank follows from what it asks for.

    Raises
    ------
    LevelRefused
    """
    name = name.strip()
    if not name or len(name) > 20:
        raise LevelRefused("name")
    if not orders_from and not net_cents_from:
        raise LevelRefused("no_condition")
    if max(orders_from or 0, net_cents_from or 0) > LARGEST:
        raise LevelRefused("too_large")
    others = [one for one in levels_of(shop) if level is None or one.pk != level.pk]
    if any(one.name == name for one in others):
        raise LevelRefused("name_taken", name)
    if len(others) >= MOST_LEVELS:
        raise LevelRefused("too_many")
    made = level or MemberLevel(shop=shop)
    made.name, made.within, made.term_days, made.reward = name, within, term_days, reward.strip()[:200]
    made.orders_from, made.net_cents_from = orders_from or None, net_cents_from or None
    made.changed_at = now
    ordered = sorted([*others, made], key=_asks)
    for lower, higher in pairwise(ordered):
        if not _rises(lower, higher):
            raise LevelRefused("not_rising", lower.name if lower is not made else higher.name)
    with transaction.atomic():
        # Ranks are unique: those that move get out of the way first.
        MemberLevel.objects.filter(shop=shop).update(rank=-F("rank"))
        for rank, one in enumerate(ordered, start=1):
            one.rank = rank
            one.save()
        audit.record("level.save", shop=shop, actor=by, at=now, subject=name, count=len(ordered))
    return made


def _asks(level: MemberLevel) -> tuple[int, int]:
    return level.net_cents_from or 0, level.orders_from or 0


def _rises(lower: MemberLevel, higher: MemberLevel) -> bool:
    """Whether whoever reaches the higher has reached the lower: the same conditions, each asking for more."""
    if lower.within != higher.within:
        return False
    pairs = (
        (lower.orders_from, higher.orders_from), (lower.net_cents_from, higher.net_cents_from),
    )  # fmt: skip
    for below, above in pairs:
        if (below is None and above is not None) or (below and above and above <= below):
            return False
    return True


def remove_level(level: MemberLevel, *, by: User, now: datetime) -> None:
    """Take a level away; those above move down one rank."""
    shop, name = level.shop, level.name
    with transaction.atomic():
        level.delete()
        for rank, one in enumerate(levels_of(shop), start=1):
            MemberLevel.objects.filter(pk=one.pk).update(rank=rank)
        audit.record("level.remove", shop=shop, actor=by, at=now, subject=name)


def filter_of(level: MemberLevel) -> str:
    """The level's conditions in the filter language."""
    return _filter(level, level.orders_from, level.net_cents_from)


def near_filter(level: MemberLevel) -> str:
    """Who is near: one day of buying short, or with `NEAR_PERCENT` of the amount, and not there yet."""
    orders = level.orders_from - 1 if level.orders_from and level.orders_from > 1 else None
    # 0 for a level of one cent: everybody would be near it.
    cents = level.net_cents_from * NEAR_PERCENT // 100 if level.net_cents_from else 0
    if orders is None and not cents:
        return ""
    return (
        f"{_filter(level, orders, cents)} and not {_filter(level, level.orders_from, level.net_cents_from)}"
    )


def _filter(level: MemberLevel, orders: int | None, cents: int | None) -> str:
    window = ", within 365d" if level.within == YEAR else ""
    parts = []
    if orders:
        parts.append(f"bought({orders}+{window})")
    if cents:
        parts.append(f"net_spent(>= {cents // 100}.{cents % 100:02}{window})")
    return f"({' or '.join(parts)})"


def standings(levels: Sequence[MemberLevel], reading: Reading) -> list[Standing]:
    """How many persons have each level, the lowest first."""
    reached = [_count(reading, parse(filter_of(level))) for level in levels]
    found = []
    for at, level in enumerate(levels):
        above = reached[at + 1] if at + 1 < len(levels) else 0
        text = filter_of(level)
        if at + 1 < len(levels):
            text = f"{text} and not {filter_of(levels[at + 1])}"
        near_text = near_filter(level)
        near = _count(reading, parse(near_text)) if near_text else 0
        found.append(Standing(level, reached[at] - above, near, text, near_text))
    return found


def _count(reading: Reading, node: Node) -> int:
    return int(reading.rows(count_query(node, reading.shop_id, reading.as_of_day))[0]["n"])


def near_people(level: MemberLevel, reading: Reading) -> list[int]:
    """Everybody near a level, by number."""
    text = near_filter(level)
    if not text:
        return []
    found = reading.table(members_query(parse(text), reading.shop_id, reading.as_of_day))
    return [int(person) for person in found.column("person_id").to_pylist()]


@dataclass(frozen=True)
class Reached:
    """Where one person stands: the level they have, the next one, and what is missing for it."""

    level: MemberLevel | None
    next: MemberLevel | None
    orders_missing: int | None
    cents_missing: int | None


def reached(levels: Sequence[MemberLevel], row: dict[str, Any]) -> Reached:
    """Where a person of these features stands."""
    has: MemberLevel | None = None
    for level in levels:
        orders, cents = _of(level, row)
        if (level.orders_from and orders >= level.orders_from) or (
            level.net_cents_from and cents >= level.net_cents_from
        ):
            has = level
            continue
        short_orders = level.orders_from - orders if level.orders_from else None
        short_cents = level.net_cents_from - cents if level.net_cents_from else None
        return Reached(has, level, short_orders, short_cents)
    return Reached(has, None, None, None)


def _of(level: MemberLevel, row: dict[str, Any]) -> tuple[int, int]:
    year = level.within == YEAR
    return row["orders_365" if year else "orders"], row["net_cents_365" if year else "net_cents"]

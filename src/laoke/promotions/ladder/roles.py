"""Which part the items play: how many of each there are, how many a ladder wants, and a first proposal by price."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from laoke.promotions.ladder.values import Item, Key, Role

# Three low, three whose value shows, three normal, one deliberately high.
ADVISED: dict[Role, int] = {Role.LOW: 3, Role.VALUE: 3, Role.NORMAL: 3, Role.ANCHOR: 1}


@dataclass(frozen=True)
class RoleShare:
    """A role (None: not said) with how many items have it and how many of as many a ladder would give it."""

    role: Role | None
    count: int
    advised: int


def advised_counts(items: int) -> dict[Role, int]:
    """So many items in the proportion 3 : 3 : 3 : 1; what is left goes to the largest remainders, the lower role first.

    >>> list(advised_counts(10).values()), list(advised_counts(7).values())
    ([3, 3, 3, 1], [2, 2, 2, 1])
    """
    whole = sum(ADVISED.values())
    counts = {role: items * weight // whole for role, weight in ADVISED.items()}
    by_rest = sorted(ADVISED, key=lambda role: (-(items * ADVISED[role] % whole), role.rank))
    for role in by_rest[: items - sum(counts.values())]:
        counts[role] += 1
    return counts


def shares(items: Sequence[Item]) -> list[RoleShare]:
    """Every role beside what is advised for as many items; a last line for those without one, where there are any."""
    advised = advised_counts(len(items))
    found = [RoleShare(role, sum(one.role is role for one in items), advised[role]) for role in Role]
    without = sum(one.role is None for one in items)
    return [*found, RoleShare(None, without, 0)] if without else found


def proposed_roles(items: Sequence[Item]) -> dict[Key, Role]:
    """In each group the cheapest become low, the dearest the anchor, in the advised numbers; equal prices by key."""
    found: dict[Key, Role] = {}
    for name in {one.group for one in items}:
        ladder = sorted(
            (one for one in items if one.group == name),
            key=lambda one: (one.price_cents, one.product_id, one.sku, one.title),
        )
        steps = [role for role, count in advised_counts(len(ladder)).items() for _ in range(count)]
        found.update({one.key: role for one, role in zip(ladder, steps, strict=True)})
    return found

"""What speaks against a price, item by item. Every warning has the number of its rule and the figures it rests on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Literal

from laoke.money import FULL_BP
from laoke.promotions.ladder.figures import Priced
from laoke.promotions.ladder.listing import listed_at
from laoke.promotions.ladder.values import Key, Role, Terms

Severity = Literal["bad", "warn"]

# The numbers stand in docs/reference/price-ladder.md, each with its source.
RULES: dict[str, tuple[str, Severity]] = {
    "missing_cost": ("L1", "warn"),
    "below_cost": ("L2", "bad"),
    "loss": ("L3", "bad"),
    "below_floor": ("L4", "warn"),
    "invented_was": ("L5", "bad"),
    "no_baseline": ("L6", "warn"),
    "no_cut": ("L7", "warn"),
    "sold_lower": ("L8", "warn"),
    "above_list": ("L9", "warn"),
    "role_order": ("L10", "warn"),
    "too_close": ("L11", "warn"),
    "too_far": ("L12", "warn"),
    "competitor_cheaper": ("L13", "warn"),
    "stock_short": ("L14", "warn"),
    "was_not_listed": ("L15", "warn"),
    "list_raised": ("L16", "warn"),
}


@dataclass(frozen=True)
class Warned:
    """One warning. `params` holds amounts in cents (`…_cents`), shares (`…_bp`), counts and names of other items."""

    code: str
    params: Mapping[str, Any] = field(default_factory=dict)

    @property
    def rule(self) -> str:
        """The number under which the rule is written down."""
        return RULES[self.code][0]

    @property
    def severity(self) -> Severity:
        return RULES[self.code][1]


def warnings_of(priced: Sequence[Priced], terms: Terms) -> dict[Key, list[Warned]]:
    """The warnings of every item in the order of the rules; items without any are absent."""
    found: dict[Key, list[Warned]] = {}
    for one in priced:
        for check in (_money, _claim, _page, _outside, _listed):
            for warned in check(one):
                found.setdefault(one.item.key, []).append(warned)
    for name in {one.item.group for one in priced}:
        ladder = [one for one in priced if one.item.group == name and one.item.role is not None]
        for key, warned in (*_contradictions(ladder), *_steps(ladder, terms)):
            found.setdefault(key, []).append(warned)
    order = list(RULES)
    return {key: sorted(told, key=lambda one: order.index(one.code)) for key, told in found.items()}


def _money(one: Priced) -> Iterator[Warned]:
    """Only the worst: who sells below cost need not hear that the floor is missed as well."""
    price, cost = one.item.price_cents, one.item.cost_cents
    if cost is None or one.margin_cents is None or one.floor_cents is None:
        yield Warned("missing_cost")
    elif price < cost:
        yield Warned("below_cost", {"price_cents": price, "cost_cents": cost})
    elif one.margin_cents < 0:
        yield Warned("loss", {"loss_cents": -one.margin_cents, "floor_cents": one.floor_cents})
    elif price < one.floor_cents:
        yield Warned("below_floor", {"price_cents": price, "floor_cents": one.floor_cents})


def _claim(one: Priced) -> Iterator[Warned]:
    """What the page says it is cut from, and whether it is cut at all."""
    price, was, baseline = one.item.price_cents, one.item.was_cents, one.baseline.cents
    if was is not None and baseline is None:
        yield Warned("no_baseline", {"was_cents": was})
    elif was is not None and baseline is not None and was > baseline:
        yield Warned(
            "invented_was", {"was_cents": was, "baseline_cents": baseline, "kind": one.baseline.kind}
        )
    measured = [cents for cents in (was, baseline) if cents is not None]
    if measured and price >= min(measured):
        yield Warned("no_cut", {"price_cents": price, "baseline_cents": min(measured)})
        return
    lower = one.known.lowest_30_cents
    if baseline is not None and lower is not None and lower <= price < baseline:
        yield Warned("sold_lower", {"price_cents": price, "lowest_cents": lower})


def _page(one: Priced) -> Iterator[Warned]:
    listed = one.item.list_cents
    if listed is not None and one.item.price_cents > listed:
        yield Warned("above_list", {"price_cents": one.item.price_cents, "list_cents": listed})


def _outside(one: Priced) -> Iterator[Warned]:
    rival, known = one.known.competitor, one.known
    if rival is not None and rival.price_cents < one.item.price_cents:
        yield Warned(
            "competitor_cheaper",
            {
                "name": rival.name,
                "price_cents": rival.price_cents,
                "less_cents": one.item.price_cents - rival.price_cents,
            },
        )
    if known.stock is not None and known.units is not None and known.stock < known.units:
        yield Warned("stock_short", {"stock": known.stock, "units": known.units})


def _listed(one: Priced) -> Iterator[Warned]:
    """Whether the struck-out price was really asked, and whether the list price was raised just before the cut."""
    was, known = one.item.was_cents, one.known
    if was is not None and known.listed and listed_at(known.listed, was) is None:
        yield Warned("was_not_listed", {"was_cents": was, "list_cents": known.listed[-1].cents})
    raised = known.raised
    if raised is not None and one.item.price_cents < raised.to_cents:
        params = {"from_cents": raised.from_cents, "to_cents": raised.to_cents, "on": str(raised.on)}
        yield Warned("list_raised", params)


def _contradictions(ladder: Sequence[Priced]) -> Iterator[tuple[Key, Warned]]:
    """An item of a higher role that costs less than one of a lower role; told at the higher, with the dearest below."""
    for role in Role:
        below = [one for one in ladder if one.item.role is not None and one.item.role.rank < role.rank]
        if not below:
            continue
        dearest = max(below, key=_price).item
        for item in (one.item for one in ladder if one.item.role is role):
            if item.price_cents < dearest.price_cents:
                params = {
                    "role": role, "price_cents": item.price_cents, "other": dearest.title,
                    "other_role": dearest.role, "other_cents": dearest.price_cents,
                }  # fmt: skip
                yield item.key, Warned("role_order", params)


def _steps(ladder: Sequence[Priced], terms: Terms) -> Iterator[tuple[Key, Warned]]:
    """From the dearest of one role to the cheapest of the next; told at the latter. Roles that overlap have no step."""
    present = [[one for one in ladder if one.item.role is role] for role in Role]
    steps = [step for step in present if step]
    for lower, higher in pairwise(steps):
        top = max(lower, key=_price).item
        bottom = min(higher, key=_price).item
        if bottom.price_cents < top.price_cents:
            continue
        gap = (bottom.price_cents - top.price_cents) * FULL_BP // top.price_cents
        widest = terms.anchor_bp if bottom.role is Role.ANCHOR else terms.widest_bp
        params = {"gap_bp": gap, "other": top.title, "other_cents": top.price_cents}
        if gap < terms.closest_bp:
            yield bottom.key, Warned("too_close", params | {"bound_bp": terms.closest_bp})
        elif gap > widest:
            yield bottom.key, Warned("too_far", params | {"bound_bp": widest})


def _price(one: Priced) -> int:
    return one.item.price_cents

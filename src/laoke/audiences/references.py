"""What a filter names that lives elsewhere: other segments, looked up before it is counted, tags, and chat groups.

A reference is by name, so that the text says it. Renaming a segment renames it in the others (`segments.py`); one that
was put away, or a circle, refuses the filter with its reason, and so nothing can be counted, frozen or sent by it.
"""

from __future__ import annotations

from dataclasses import replace

from laoke.audiences.models import Segment
from laoke.audiences.text import parse
from laoke.audiences.tree import (
    And,
    Coupons,
    InGroup,
    InSegment,
    Node,
    Not,
    Or,
    Rewards,
    Tagged,
    TreeError,
    children,
    conditions,
    everywhere,
)
from laoke.audiences.value_basis import check_value
from laoke.customers.models import Tag
from laoke.groups.models import MemberGroup
from laoke.promotions.models import CouponIssue
from laoke.promotions.rewards.lotteries import lottery_names
from laoke.shops.models import Shop

MOST_WITHIN = 10
MOST_CONDITIONS = 1_000
# Of everything together. What writes the query goes down by calls: ten segments of the deepest trees would end it.
MOST_DEEP = 45


def resolved(shop: Shop, node: Node) -> Node:
    """The tree with what each named segment says now.

    Raises
    ------
    TreeError
        `segment_missing`, `segment_archived`, `segment_cycle` with the names in the circle, `segment_deep` or
        `too_many` when everything together is too large; as `check_value` does where customer value is asked for.
    """
    found = with_segments(shop, node)
    check_value(shop, found)
    return found


def with_segments(shop: Shop, node: Node) -> Node:
    """The same, whether customer value is known yet or not.

    Raises
    ------
    TreeError
        as `resolved` does, but for customer value.
    """
    if not any(isinstance(one, InSegment) for one in conditions(node)):
        return node
    found = _Lookup(shop).filled(node, ())
    if _size(found) > MOST_CONDITIONS:
        raise TreeError("too_many", most=MOST_CONDITIONS)
    if _depth(found) > MOST_DEEP:
        raise TreeError("too_deep", most=MOST_DEEP)
    return found


class _Lookup:
    """The segments of a shop while one filter is resolved; each is read and resolved once."""

    def __init__(self, shop: Shop) -> None:
        self.rows = {
            name: (text, archived)
            for name, text, archived in Segment.objects.filter(shop=shop).values_list(
                "name", "text", "archived"
            )
        }
        self.known: dict[str, Node] = {}

    def filled(self, node: Node, within: tuple[str, ...]) -> Node:
        match node:
            case And(parts):
                return And(tuple(self.filled(part, within) for part in parts))
            case Or(parts):
                return Or(tuple(self.filled(part, within) for part in parts))
            case Not(part):
                return Not(self.filled(part, within))
            case InSegment(name, _):
                return replace(node, tree=self.tree_of(name, within))
        return node

    def tree_of(self, name: str, within: tuple[str, ...]) -> Node:
        if name in within:
            raise TreeError("segment_cycle", names=[*within[within.index(name) :], name], name=name)
        if name not in self.known:
            if name not in self.rows:
                raise TreeError("segment_missing", name=name)
            text, archived = self.rows[name]
            if archived:
                raise TreeError("segment_archived", name=name)
            if len(within) >= MOST_WITHIN:
                raise TreeError("segment_deep", name=name, most=MOST_WITHIN)
            self.known[name] = self.filled(parse(text), (*within, name))
        return self.known[name]


def check_references(shop: Shop, node: Node, names: tuple[str, ...]) -> None:
    """Refuse a tree that cannot be kept as the segment of these names (the one it has, the one it gets): what it refers
    to is not there, or leads back to it.

    Raises
    ------
    TreeError
        as `resolved` does.
    """
    if any(isinstance(one, InSegment) for one in conditions(node)):
        _Lookup(shop).filled(node, names)


def _size(node: Node, known: dict[int, int] | None = None) -> int:
    """Conditions with those of the named segments, each as often as it would be read."""
    known = {} if known is None else known
    total = 0
    for one in conditions(node):
        total += 1
        if isinstance(one, InSegment) and one.tree is not None:
            key = id(one.tree)
            if key not in known:
                known[key] = _size(one.tree, known)
            total += known[key]
    return total


def _depth(node: Node, known: dict[int, int] | None = None) -> int:
    """How deep the tree goes, through the named segments too."""
    known = {} if known is None else known
    if isinstance(node, InSegment) and node.tree is not None:
        key = id(node.tree)
        if key not in known:
            known[key] = _depth(node.tree, known)
        return 1 + known[key]
    return 1 + max((_depth(child, known) for child in children(node)), default=0)


def unknown_tags(shop: Shop, node: Node) -> list[str]:
    """Tags that a filter (resolved or not) names and the shop does not have: nobody has them, so `not` lets all in."""
    named = sorted(set(tags_in(node)))
    if not named:
        return []
    there = set(Tag.objects.filter(shop=shop, name__in=named).values_list("name", flat=True))
    return [name for name in named if name not in there]


def unknown_groups(shop: Shop, node: Node) -> list[str]:
    """Chat groups that a filter names and of which the shop has none in use: nobody is in them."""
    named = sorted({one.group for one in everywhere(node) if isinstance(one, InGroup) and one.group})
    if not named:
        return []
    used = MemberGroup.objects.filter(shop=shop, name__in=named, state=MemberGroup.State.OPEN)
    there = set(used.values_list("name", flat=True))
    return [name for name in named if name not in there]


def unknown_issues(shop: Shop, node: Node) -> list[str]:
    """Issues of coupons that a filter (resolved or not) names and the shop does not have: nobody holds any of them."""
    named = sorted({one.issue for one in everywhere(node) if isinstance(one, Coupons) and one.issue})
    there = set(CouponIssue.objects.filter(shop=shop, name__in=named).values_list("name", flat=True))
    return [name for name in named if name not in there]


def unknown_lotteries(shop: Shop, node: Node) -> list[str]:
    """Lotteries that a filter (resolved or not) names and the shop never published: nobody drew in any of them."""
    named = sorted({one.lottery for one in everywhere(node) if isinstance(one, Rewards) and one.lottery})
    there = set(lottery_names(shop)) if named else set()
    return [name for name in named if name not in there]


def tags_in(node: Node) -> list[str]:
    """The tags that a filter names, and those of its segments once they were looked up."""
    return [one.tag for one in everywhere(node) if isinstance(one, Tagged)]


def renamed(node: Node, old: str, new: str) -> Node:
    """The tree with one segment called by another name."""
    match node:
        case And(parts):
            return And(tuple(renamed(part, old, new) for part in parts))
        case Or(parts):
            return Or(tuple(renamed(part, old, new) for part in parts))
        case Not(part):
            return Not(renamed(part, old, new))
        case InSegment(name, _) if name == old:
            return InSegment(new)
    return node

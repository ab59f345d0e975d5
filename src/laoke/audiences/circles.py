"""Tags by rule that build on each other: found before a rule or a segment is kept, with the way from one to the other.

Such tags may not lean on one another at all, not even without a circle: the worker takes one after the other, so that
what a tag builds on would be a step behind. A way is a list of what names the next, as a filter writes it, through
segments too: `tag("甲")`, `segment("常客")`, `tag("乙")`, `tag("甲")`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from laoke.audiences.models import Segment
from laoke.audiences.text import parse
from laoke.audiences.tokens import FilterError, quoted
from laoke.audiences.tree import InSegment, Node, Tagged, TreeError, conditions
from laoke.customers.models import Tag
from laoke.shops.models import Shop

# What a tag keeps of a refusal (`Tag.rule_error`) is short: a longer way loses its middle.
LONGEST_SAID = 90

Way = tuple[str, ...]


@dataclass(frozen=True)
class Leaning:
    """A tag by rule that leads to another (`builds_on`) or back to itself (`circle`), with the way."""

    code: str
    way: Way

    @property
    def said(self) -> str:
        """The way in one line, at most `LONGEST_SAID` characters of it."""
        whole = " → ".join(self.way)
        return whole if len(whole) <= LONGEST_SAID else f"{self.way[0]} → … → {self.way[-1]}"


def leaning_of_rule(tag: Tag, node: Node) -> Leaning | None:
    """What forbids this rule of this tag: a way from it back to the tag itself, or else to another tag by rule."""
    names = _Names(tag.shop, {})
    names.rules.pop(tag.name, None)
    start = _tag(tag.name)
    first: Way = ()
    for way, name in names.tags_from(node, (start,), set()):
        if name == tag.name:
            return Leaning("circle", way)
        first = first or (way if name in names.rules else ())
    return Leaning("builds_on", first) if first else None


def leaning_on(tag: Tag) -> Leaning | None:
    """What forbids any rule of this tag: the rule of another tag that leads to it."""
    names = _Names(tag.shop, {})
    names.rules.pop(tag.name, None)
    for other, rule in names.rules.items():
        for way, name in names.tags_from(rule, (_tag(other),), set()):
            if name == tag.name:
                return Leaning("builds_on", way)
    return None


def leaning_through(shop: Shop, node: Node, names: tuple[str, ...]) -> Leaning | None:
    """What forbids a segment of these names (the one it has, the one it gets): a way through it between such tags."""
    known = _Names(shop, dict.fromkeys(names, node))
    through = {_segment(name) for name in names}
    first: Leaning | None = None
    for tag, rule in known.rules.items():
        for way, name in known.tags_from(rule, (_tag(tag),), set()):
            if not through & set(way):
                continue
            if name == tag:
                return Leaning("circle", way)
            if name in known.rules and first is None:
                first = Leaning("builds_on", way)
    return first


class _Names:
    """Rules and segments of a shop by name while one way is looked for; what cannot be read leads nowhere."""

    def __init__(self, shop: Shop, segments: Mapping[str, Node]) -> None:
        by_rule = Tag.objects.filter(shop=shop).exclude(rule="").order_by("name")
        read = {name: _read(rule) for name, rule in by_rule.values_list("name", "rule")}
        self.rules: dict[str, Node] = {name: rule for name, rule in read.items() if rule is not None}
        # Those put away too: whoever takes one back opens the way again.
        self.texts = dict(Segment.objects.filter(shop=shop).values_list("name", "text"))
        self.segments: dict[str, Node | None] = dict(segments)

    def tags_from(self, node: Node, way: Way, seen: set[str]) -> Iterator[tuple[Way, str]]:
        """Each tag that a filter leads to, with the way to it, through segments and the rules of tags; each once."""
        for one in conditions(node):
            if isinstance(one, Tagged):
                step, further = _tag(one.tag), self.rules.get(one.tag)
            elif isinstance(one, InSegment):
                step, further = _segment(one.name), self._segment(one.name)
            else:
                continue
            if step in seen:
                continue
            seen.add(step)
            if isinstance(one, Tagged):
                yield (*way, step), one.tag
            if further is not None:
                yield from self.tags_from(further, (*way, step), seen)

    def _segment(self, name: str) -> Node | None:
        if name not in self.segments:
            self.segments[name] = _read(self.texts.get(name, ""))
        return self.segments[name]


def _read(text: str) -> Node | None:
    try:
        return parse(text)
    except (FilterError, TreeError):
        return None


def _tag(name: str) -> str:
    return f"tag({quoted(name)})"


def _segment(name: str) -> str:
    return f"segment({quoted(name)})"

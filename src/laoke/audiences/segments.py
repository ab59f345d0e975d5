"""Named segments: kept as text that people edit, with its tree beside it; and the six that a shop starts with.

SegmentRefused    the name is empty, too long or taken
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from laoke.audiences.circles import leaning_through
from laoke.audiences.counting import count
from laoke.audiences.models import Segment
from laoke.audiences.printing import print_filter
from laoke.audiences.references import check_references, renamed
from laoke.audiences.serial import to_json
from laoke.audiences.text import parse
from laoke.audiences.tokens import FilterError
from laoke.audiences.tree import TreeError
from laoke.customers.models import Tag
from laoke.shops.choices import locked
from laoke.shops.models import Shop, User

LONGEST_NAME = 60
# The three groups of every shop, whom to wake, whom to bring back once more, and whom a text message can reach.
BUILTIN = (
    ("活跃客户", 'group in ("active")', "近期买过，还不是忠诚客户"),
    ("忠诚客户", 'group in ("loyal")', "买过多次"),
    ("一般客户", 'group in ("ordinary") and bought', "其余买过的客户"),
    ("半年未购", "last_order(>= 181d)", "半年没有下单"),
    ("首单未复购", "bought(1) and last_order(>= 31d)", "只买过一次，一个月以上没有再买"),
    ("可短信触达", "reachable(sms)", "同意接收短信且号码可用"),
)


class SegmentRefused(Exception):
    """A name that cannot be used: code `empty_name`, `long_name` or `name_taken`."""

    def __init__(self, code: str, name: str) -> None:
        super().__init__(f"{code}: {name}")
        self.code, self.name = code, name


def save_segment(
    shop: Shop,
    name: str,
    text: str,
    *,
    by: User | None,
    now: datetime,
    note: str = "",
    segment: Segment | None = None,
) -> Segment:
    """Make a segment, or change the given one. The text is stored as the language prints it.

    Raises
    ------
    FilterError, TreeError
        for a text that is no filter, for one that names a segment that is not there or leads back to this one, and
        for one through which the rule of a tag would lead to a tag by rule: `rule_circle`, `rule_builds_on`.
    SegmentRefused
        for a name that is empty, too long or taken by another segment.
    """
    node = parse(text)
    name = name.strip()
    if not name:
        raise SegmentRefused("empty_name", name)
    if len(name) > LONGEST_NAME:
        raise SegmentRefused("long_name", name)
    taken = Segment.objects.filter(shop=shop, name=name)
    if segment is not None:
        taken = taken.exclude(pk=segment.pk)
    if taken.exists():
        raise SegmentRefused("name_taken", name)
    names = (name,) if segment is None else (segment.name, name)
    with transaction.atomic():
        locked(shop)  # a rule of a tag that is kept at the same time comes before or after
        check_references(shop, node, names)
        if leaning := leaning_through(shop, node, names):
            raise TreeError(f"rule_{leaning.code}", names=leaning.way, name=name)
        segment = segment or Segment(shop=shop, created_by=by, created_at=now)
        before, segment.name, segment.note = segment.name, name, note[:200]
        segment.text, segment.tree = print_filter(node), to_json(node)
        segment.last_count, segment.archived, segment.updated_at = None, False, now
        segment.save()
        if before and before != name:
            _rename_in_others(segment, before)
    return segment


def _rename_in_others(segment: Segment, before: str) -> None:
    """Segments and rules of tags that name this one name it by its new name."""
    for other in Segment.objects.filter(shop_id=segment.shop_id, text__contains="segment(").exclude(
        pk=segment.pk
    ):
        node = renamed(parse(other.text), before, segment.name)
        if (text := print_filter(node)) != other.text:
            Segment.objects.filter(pk=other.pk).update(text=text, tree=to_json(node))
    for tag in Tag.objects.filter(shop_id=segment.shop_id, rule__contains="segment("):
        try:
            node = renamed(parse(tag.rule), before, segment.name)
        except FilterError:
            continue  # a word of an older version: the page of the tag says so
        if (text := print_filter(node)) != tag.rule:
            Tag.objects.filter(pk=tag.pk, rule=tag.rule).update(rule=text)


def segments_of(shop: Shop) -> list[Segment]:
    """The shop's segments that are in use, oldest first."""
    return list(Segment.objects.filter(shop=shop, archived=False).order_by("pk"))


def archive_segment(segment: Segment, *, now: datetime) -> None:
    """Take a segment off the list; its snapshots stay."""
    Segment.objects.filter(pk=segment.pk).update(archived=True, updated_at=now)


def recount(segment: Segment, *, now: datetime) -> int:
    """Count a segment anew and keep the figure for lists."""
    found = count(segment.shop, segment.text, now.date()).n
    Segment.objects.filter(pk=segment.pk).update(last_count=found)
    segment.last_count = found
    return found


def ensure_builtin(shop: Shop, now: datetime) -> int:
    """Make the starter segments that the shop does not have (also not archived); how many were made."""
    has = set(Segment.objects.filter(shop=shop).values_list("name", flat=True))
    missing = [given for given in BUILTIN if given[0] not in has]
    for name, text, note in missing:
        save_segment(shop, name, text, by=None, now=now, note=note)
    return len(missing)

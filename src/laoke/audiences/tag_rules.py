"""Tags that a filter gives: who fits has the tag, who no longer fits loses it. The worker keeps them up to date.

One step compares the members of the filter with the people that have the tag and changes a bounded number of them, so
that sending and receipts wait for no tag; what is left is done in the next steps. A tag with a rule is its rule's
alone: nobody sets or takes it off by hand, and rules do not build on each other's tags (`circles.py`).

    RuleRefused    a rule that cannot be: `has_people`, `suppresses`, `circle`, `builds_on`; a text that is no filter:
                   FilterError; one that names a segment that is not there: TreeError
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import F, Q, QuerySet

from laoke.audiences.circles import leaning_of_rule, leaning_on
from laoke.audiences.differing import fits_and_differs
from laoke.audiences.printing import print_filter
from laoke.audiences.readings import NotReady, Reading, reading_of
from laoke.audiences.references import resolved, with_segments
from laoke.audiences.text import parse
from laoke.audiences.tokens import FilterError
from laoke.audiences.tree import Node, TreeError
from laoke.audiences.value_basis import WAITS
from laoke.customers import history, tags
from laoke.customers.models import PersonTag, Tag
from laoke.shops import audit
from laoke.shops.bulk import write_in_batches
from laoke.shops.choices import locked
from laoke.shops.models import User

if TYPE_CHECKING:
    import numpy as np

# People changed in one step: a quarter of a second of work, in transactions with rests between them.
STEP = 5_000
# A changed catalog alone asks for a new look not sooner than after this; a new day and a new rule do at once. As long
# is gone on with what a comparison found: the mirrors that a large tag is written to meanwhile publish catalogs.
REST = timedelta(minutes=10)


class RuleRefused(Exception):
    """A rule that a tag cannot have; `code` as above, `name` the tag, or the way from tag to tag."""

    def __init__(self, code: str, name: str = "") -> None:
        super().__init__(f"{code}: {name}")
        self.code, self.name = code, name


@dataclass
class _Left:
    """What a comparison found and is not done yet."""

    rule: str
    catalog_id: int
    made_at: datetime
    on: np.ndarray[Any, Any]
    off: np.ndarray[Any, Any]


# By tag: a comparison of a million people is not made anew for each step. Lost with the process, it is made again.
_left: dict[int, _Left] = {}


def set_rule(tag: Tag, text: str, *, by: User | None, now: datetime) -> Tag:
    """Let a filter decide who has the tag, from the worker's next turn on.

    Raises
    ------
    FilterError, TreeError, RuleRefused
    """
    node = parse(text)
    if tag.suppresses:
        raise RuleRefused("suppresses", tag.name)
    with transaction.atomic():
        locked(tag.shop)  # of two rules kept at once the second sees the first
        with_segments(tag.shop, node)
        tag.refresh_from_db(fields=["rule"])
        if not tag.rule and PersonTag.objects.filter(tag=tag).exists():
            raise RuleRefused("has_people", tag.name)
        if leaning := leaning_of_rule(tag, node) or leaning_on(tag):
            raise RuleRefused(leaning.code, leaning.said)
        tag.rule, tag.rule_error, tag.ruled_at, tag.ruled_catalog = print_filter(node), "", None, None
        tag.save(update_fields=["rule", "rule_error", "ruled_at", "ruled_catalog"])
        audit.record("tag.rule", shop=tag.shop, actor=by, at=now, subject=tag.name, rule=tag.rule)
    return tag


def drop_rule(tag: Tag, *, by: User | None, now: datetime) -> None:
    """Take the rule away; whoever has the tag keeps it, and people decide from now on."""
    Tag.objects.filter(pk=tag.pk).update(rule="", rule_error="", ruled_at=None, ruled_catalog=None)
    tag.refresh_from_db()
    audit.record("tag.rule", shop=tag.shop, actor=by, at=now, subject=tag.name, rule="")


def turn(now: datetime, stopped: Callable[[], bool] | None = None) -> bool:
    """One bounded step for the tag that waits longest; False when none waits."""
    waiting = list(_ruled())
    for gone in _left.keys() - {tag.pk for tag in waiting}:
        del _left[gone]
    for tag in waiting:
        # With something left nothing is read: whoever was marked a step ago would be laid over anew at each.
        left = _fresh(tag, now) or _looked_at(tag, now)
        if left is not None:
            _step(tag, left, now, stopped)
            return True
    return False


def _fresh(tag: Tag, now: datetime) -> _Left | None:
    """What is left of a comparison by the same rule, of the same day and not too long ago."""
    left = _left.get(tag.pk)
    if left is None or left.rule != tag.rule or left.made_at.date() != now.date():
        return None
    return left if now - left.made_at < REST else None


def _looked_at(tag: Tag, now: datetime) -> _Left | None:
    """A new comparison when one is due."""
    try:
        reading = reading_of(tag.shop, now.date())
    except NotReady:
        return None
    if not _is_due(tag, reading, now):
        return None
    try:
        node = resolved(tag.shop, parse(tag.rule))
    except (FilterError, TreeError) as broken:
        if broken.code in WAITS:
            return None
        # A word of an older version: said on the page, and not looked at again before the rule changes. A segment that
        # is gone may come back: that is asked again after a rest.
        named = broken.found if isinstance(broken, FilterError) else broken.params.get("name", "")
        _cannot(tag, f"{broken.code}: {named}", now)
        return None
    if leaning := leaning_of_rule(tag, node):
        _cannot(tag, f"{leaning.code}: {leaning.said}", now)
        return None
    return _compared(tag, node, reading, now)


def _cannot(tag: Tag, error: str, now: datetime) -> None:
    Tag.objects.filter(pk=tag.pk, rule=tag.rule).update(rule_error=error[:100], ruled_at=now)


def _ruled() -> QuerySet[Tag]:
    may_pass = Q(rule_error="")
    for code in ("segment_", "circle", "builds_on"):
        may_pass |= Q(rule_error__startswith=code)
    rows = Tag.objects.exclude(rule="").filter(may_pass).select_related("shop", "shop__owner")
    return rows.order_by(F("ruled_at").asc(nulls_first=True), "pk")


def _is_due(tag: Tag, reading: Reading, now: datetime) -> bool:
    if tag.ruled_at is None or tag.ruled_at.date() != now.date() or tag.pk in _left:
        return True
    return tag.ruled_catalog != reading.catalog_id and now - tag.ruled_at >= REST


def _step(tag: Tag, left: _Left, now: datetime, stopped: Callable[[], bool] | None) -> None:
    on, off = left.on[:STEP].tolist(), left.off[: max(0, STEP - len(left.on))].tolist()
    done_on = _apply(tag, on, tags.set_tag, now, stopped)
    done_off = _apply(tag, off, tags.unset_tag, now, stopped)
    left.on, left.off = left.on[done_on:], left.off[done_off:]
    if done_on or done_off:
        audit.record(
            "tag.ruled", shop=tag.shop, actor=None, at=now, subject=tag.name, count=done_on + done_off,
            on=done_on, off=done_off,
        )  # fmt: skip
    if len(left.on) or len(left.off):
        _left[tag.pk] = left
        return
    _left.pop(tag.pk, None)
    # Only for the rule that was read: one that was changed meanwhile is looked at anew.
    done = {"ruled_at": now, "ruled_catalog": left.catalog_id, "rule_error": ""}
    Tag.objects.filter(pk=tag.pk, rule=left.rule).update(**done)


def _compared(tag: Tag, node: Node, reading: Reading, now: datetime) -> _Left:
    import numpy as np

    tagged = PersonTag.objects.filter(tag=tag).values_list("person_id", flat=True).iterator()
    _fits, on, off = fits_and_differs(reading, node, tagged)
    # Merged since the features were made: the person that they are now is decided by the next features. Being erased:
    # nothing more is written down.
    same = [number for number, person in tags.present(tag.shop, on.tolist()).items() if number == person]
    return _Left(tag.rule, reading.catalog_id, now, np.array(sorted(same), np.int64), off)


def _apply(
    tag: Tag,
    people: Sequence[int],
    change: Callable[..., int],
    now: datetime,
    stopped: Callable[[], bool] | None,
) -> int:
    """Change people a short transaction at a time; how many were gone through before the worker was told to stop, or
    the rule was changed or taken away: what is left is no longer its."""

    def over() -> bool:
        told = stopped is not None and stopped()
        return told or not Tag.objects.filter(pk=tag.pk, rule=tag.rule).exists()

    def write(piece: Sequence[int]) -> None:
        change(tag, piece, by=None, now=now, source=history.RULE)

    return write_in_batches(people, write, stopped=over)

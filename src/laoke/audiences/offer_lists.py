"""The lists of who is in the segments that offers are for: counted by the worker, looked up by quotes.

As with tags by rule, one step compares the members of a filter with the list and changes a bounded number; what is left
is done in the next steps. A list is counted anew on a new day and when its segment was changed, at once; when the
facts, tags or anything else in the catalog changed, ten minutes after it was counted last at the soonest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db.models import F

from laoke.audiences.differing import fits_and_differs
from laoke.audiences.models import Segment
from laoke.audiences.readings import NotReady, reading_of
from laoke.audiences.references import (
    resolved,
    unknown_groups,
    unknown_issues,
    unknown_lotteries,
    unknown_tags,
)
from laoke.audiences.text import parse
from laoke.audiences.tokens import FilterError
from laoke.audiences.tree import Node, TreeError
from laoke.customers.tags import present
from laoke.promotions.buyer_lists import BOUGHT, segment_key, segment_number, wanted_keys
from laoke.promotions.models import BuyerList, BuyerListMember
from laoke.shops.bulk import insert_many, write_in_batches
from laoke.shops.models import Shop

if TYPE_CHECKING:
    import numpy as np

# People put on or taken off in one step: half a second of work, in short transactions with rests between them.
STEP = 10_000
REST = timedelta(minutes=10)
# A statement names so many people at most.
AT_ONCE = 500


class SegmentBroken(Exception):
    """A segment that cannot be counted, or not as it is meant: it names what the shop does not have. `code` and `name`
    as a refused filter has them, or `unknown` with the names; `error` is the refused filter where there is one."""

    def __init__(self, code: str, name: str, error: FilterError | TreeError | None = None) -> None:
        super().__init__(f"{code}: {name}")
        self.code, self.name, self.error = code, name, error


@dataclass
class _Left:
    """What a comparison found and is not done yet."""

    text: str
    catalog_id: int
    count: int
    on: np.ndarray[Any, Any]
    off: np.ndarray[Any, Any]


# By list, as for tags by rule. Lost with the process, the comparison is made again.
_left: dict[int, _Left] = {}


def tree_to_offer(shop: Shop, text: str) -> Node:
    """The tree of a segment that an offer may be for.

    Raises
    ------
    SegmentBroken
        when it refers to something that is gone: with `not` before it everybody would be in.
    """
    try:
        node = resolved(shop, parse(text))
    except TreeError as error:
        raise SegmentBroken(error.code, str(error.params.get("name", "")), error) from error
    except FilterError as error:
        raise SegmentBroken(error.code, error.found, error) from error
    looks = (unknown_tags, unknown_groups, unknown_issues, unknown_lotteries)
    unknown = [name for look in looks for name in look(shop, node)]
    if unknown:
        raise SegmentBroken("unknown", "、".join(unknown))
    return node


def to_choose(shop: Shop) -> list[Segment]:
    """The shop's segments that an offer may be for, by name: in use, and nothing that they refer to is gone."""
    return [
        row
        for row in Segment.objects.filter(shop=shop, archived=False).order_by("name")
        if _is_whole(shop, row)
    ]


def _is_whole(shop: Shop, row: Segment) -> bool:
    try:
        tree_to_offer(shop, row.text)
    except SegmentBroken:
        return False
    return True


def ensure_list(segment: Segment) -> BuyerList:
    """The list of a segment, made empty where it is not there yet: an offer is for a segment that has one."""
    row, _made = BuyerList.objects.get_or_create(
        shop_id=segment.shop_id, key=segment_key(segment.pk), defaults={"name": segment.name}
    )
    return row


def segment_of(row: BuyerList) -> Segment | None:
    """The segment of a list; None for a list of another kind, or when it is gone or put away."""
    number = segment_number(row.key)
    if number is None:
        return None
    return Segment.objects.filter(shop_id=row.shop_id, pk=number, archived=False).first()


def turn(now: datetime, stopped: Callable[[], bool] | None = None) -> bool:
    """One bounded step for the list that waits longest; False when none waits."""
    for shop in Shop.objects.order_by("pk"):
        wanted = wanted_keys(shop, now)
        if BOUGHT in wanted:
            BuyerList.objects.get_or_create(shop=shop, key=BOUGHT)
        rows = BuyerList.objects.filter(shop=shop).select_related("shop")
        for row in rows.order_by(F("tried_at").asc(nulls_first=True), "pk"):
            if row.key in wanted:
                if _bring_up(row, now, stopped):
                    return True
            elif row.counted_at is not None:
                _empty(row, stopped)
                return True
    return False


def _empty(row: BuyerList, stopped: Callable[[], bool] | None) -> None:
    """No offer asks for it any more: people are not listed for nothing. First of all it counts no longer."""
    _left.pop(row.pk, None)
    people = list(BuyerListMember.objects.filter(of=row).values_list("person_id", flat=True)[:STEP])
    if people:
        _take_off(row, people, stopped)
        return
    BuyerList.objects.filter(pk=row.pk).update(counted_at=None, tried_at=None, count=0, text="", error="")


def _bring_up(row: BuyerList, now: datetime, stopped: Callable[[], bool] | None) -> bool:
    """Take one step with a list that is due; False when it is not, or nothing can be counted yet."""
    text = "bought" if row.key == BOUGHT else ""
    if row.key != BOUGHT:
        segment = segment_of(row)
        if segment is None:
            return _cannot(row, "segment_archived", now)
        text = segment.text
        if row.name != segment.name:
            BuyerList.objects.filter(pk=row.pk).update(name=segment.name)
    left = _left.get(row.pk)
    if left is None or left.text != text:
        left = _compared(row, text, now)
    if left is None:
        return False
    _step(row, left, now, stopped)
    return True


def _is_due(row: BuyerList, text: str, catalog_id: int, now: datetime) -> bool:
    if row.tried_at is None or row.tried_at.date() != now.date() or row.text != text:
        return True
    return (row.error != "" or row.catalog_ref != catalog_id) and now - row.tried_at >= REST


def _compared(row: BuyerList, text: str, now: datetime) -> _Left | None:
    import numpy as np

    try:
        reading = reading_of(row.shop, now.date())
    except NotReady:
        return None
    if not _is_due(row, text, reading.catalog_id, now):
        return None
    try:
        node = tree_to_offer(row.shop, text)
    except SegmentBroken as broken:
        _cannot(row, str(broken), now, text)
        return None
    listed = BuyerListMember.objects.filter(of=row).values_list("person_id", flat=True).iterator()
    fits, on, off = fits_and_differs(reading, node, listed)
    # Being erased: nothing more is written down. Who was merged since is found under each of their numbers.
    kept = np.array(sorted(present(row.shop, on.tolist())), np.int64)
    return _Left(text, reading.catalog_id, len(fits) - (len(on) - len(kept)), kept, off)


def _cannot(row: BuyerList, error: str, now: datetime, text: str = "") -> bool:
    """Nobody is in a segment that cannot be counted, until it can again. False: there was nothing to do for long."""
    said = {"error": error[:100], "tried_at": now, "text": text}
    if row.error != said["error"] or row.text != text or row.tried_at is None or now - row.tried_at >= REST:
        BuyerList.objects.filter(pk=row.pk).update(**said)
    return False


def _step(row: BuyerList, left: _Left, now: datetime, stopped: Callable[[], bool] | None) -> None:
    on, off = left.on[:STEP].tolist(), left.off[: max(0, STEP - len(left.on))].tolist()
    put = write_in_batches(on, lambda people: _put_on(row, people), stopped=stopped)
    taken = _take_off(row, off, stopped)
    left.on, left.off = left.on[put:], left.off[taken:]
    if len(left.on) or len(left.off):
        _left[row.pk] = left
        return
    _left.pop(row.pk, None)
    BuyerList.objects.filter(pk=row.pk).update(
        text=left.text, count=left.count, counted_at=now, tried_at=now, catalog_ref=left.catalog_id, error=""
    )


def _put_on(row: BuyerList, people: Sequence[int]) -> None:
    insert_many(
        "promotions_buyerlistmember (of_id, person_id)",
        [(row.pk, one) for one in people],
        "ON CONFLICT DO NOTHING",
    )


def _take_off(row: BuyerList, people: Iterable[int], stopped: Callable[[], bool] | None) -> int:
    def write(piece: Sequence[int]) -> None:
        for first in range(0, len(piece), AT_ONCE):
            part = list(piece[first : first + AT_ONCE])
            BuyerListMember.objects.filter(of=row, person_id__in=part).delete()

    return write_in_batches(list(people), write, stopped=stopped)

"""The history of decisions about people: one row for each, written in the transaction of the decision."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from laoke.customers.contacts import mask_within
from laoke.customers.models import PersonChange, Tag
from laoke.shops.bulk import insert_many, stored_time
from laoke.shops.models import User

# How a decision came about.
HAND, FILE, RULE, IMPORT = "hand", "file", "rule", "import"

_ROWS = "customers_personchange (shop_id, person_id, act, tag_id, channel, purpose, source, reason, created_by_id, at)"
REASON_LENGTH = 200


def write(
    shop_id: int,
    act: str,
    people: Iterable[int],
    *,
    by: User | None,
    at: datetime,
    tag: Tag | None = None,
    channel: str = "",
    purpose: str = "",
    source: str = HAND,
    reason: str = "",
) -> None:
    """One row per person, within the transaction of the decision; numbers and addresses in the reason are masked."""
    actor, moment = by.pk if by else None, stored_time(at)
    told = (
        act,
        tag.pk if tag else None,
        channel,
        purpose,
        source,
        mask_within(reason)[:REASON_LENGTH],
        actor,
        moment,
    )
    insert_many(_ROWS, [(shop_id, person, *told) for person in people])


def of_people(shop_id: int, people: Sequence[int], most: int) -> list[PersonChange]:
    """The newest decisions about these numbers (a person and those merged into them), the newest first."""
    rows = PersonChange.objects.filter(shop_id=shop_id, person_id__in=list(people))
    return list(rows.select_related("tag", "created_by").order_by("-at", "-pk")[:most])

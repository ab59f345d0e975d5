"""Tags, person in charge and importance: what a shop says of its people (P1.1, P1.4, P1.7)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from laoke.customers.models import PersonCard, PersonTag, Tag
from laoke.shops import audit, dirty
from laoke.shops.bulk import execute_many, is_sqlite, write_in_batches
from laoke.shops.models import Shop, Staff, User

MAX_IMPORTANCE = 5


class TagRefused(Exception):
    """A tag that may not be set; `code` is `empty`, `too_long`, `needs_reason` or `looks`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


# Judging looks has no purpose that the law would accept (RULES 7.2): such a tag is refused by name.
_NO_PURPOSE = ("颜值", "长相", "素质")


def make_tag(shop: Shop, name: str, *, now: datetime, suppresses: bool = False) -> Tag:
    """The shop's tag of that name, made when it is new.

    Raises
    ------
    TagRefused
        for an empty or overlong name, or one that judges looks.
    """
    name = name.strip()
    if not name:
        raise TagRefused("empty")
    if len(name) > 30:
        raise TagRefused("too_long")
    if any(word in name for word in _NO_PURPOSE):
        raise TagRefused("looks")
    tag, _ = Tag.objects.get_or_create(
        shop=shop, name=name, defaults={"created_at": now, "suppresses": suppresses}
    )
    return tag


def set_tag(tag: Tag, people: Iterable[int], *, by: User | None, now: datetime, reason: str = "") -> int:
    """Put a tag on people; how many did not have it. A tag that keeps marketing away needs a reason."""
    if tag.suppresses and not reason.strip():
        raise TagRefused("needs_reason")
    wanted = sorted(set(people))
    with transaction.atomic():
        has = set(PersonTag.objects.filter(tag=tag, person_id__in=wanted).values_list("person_id", flat=True))
        fresh = [person for person in wanted if person not in has]
        PersonTag.objects.bulk_create(
            [PersonTag(tag=tag, person_id=p, reason=reason, created_by=by, created_at=now) for p in fresh],
            batch_size=500,
        )
        _mark(tag, fresh)
        if len(fresh) > 1 or tag.suppresses:
            audit.record("tag.set", shop=tag.shop, actor=by, at=now, subject=tag.name, count=len(fresh))
    return len(fresh)


def unset_tag(tag: Tag, people: Iterable[int]) -> int:
    """Take a tag off people; how many had it."""
    with transaction.atomic():
        wanted = sorted(set(people))
        removed, _ = PersonTag.objects.filter(tag=tag, person_id__in=wanted).delete()
        _mark(tag, wanted)
    return removed


def _mark(tag: Tag, people: list[int]) -> None:
    dirty.mark(tag.shop_id, "customer_tags", people)
    if tag.suppresses:
        dirty.mark(tag.shop_id, "customer_reach", people)


def set_card(
    shop: Shop, person_id: int, *, now: datetime, in_charge: Staff | None = None, importance: int = 0
) -> PersonCard:
    """Who looks after a person and how important they are (0 to 5)."""
    if not 0 <= importance <= MAX_IMPORTANCE:
        raise ValueError(f"importance: found {importance}, expected 0 to {MAX_IMPORTANCE}")
    card, _ = PersonCard.objects.update_or_create(
        shop=shop, person_id=person_id,
        defaults={"in_charge": in_charge, "importance": importance, "updated_at": now},
    )  # fmt: skip
    return card


def assign(
    shop: Shop, people: Iterable[int], *, in_charge: Staff | None, by: User | None, now: datetime
) -> int:
    """Give people to one colleague, or to nobody; how many. Their importance stays as it is."""
    wanted = sorted(set(people))
    rows = [(shop.pk, person, in_charge.pk if in_charge else None, stored_time(now)) for person in wanted]
    sql = (
        "INSERT INTO customers_personcard (shop_id, person_id, in_charge_id, importance, updated_at) "
        "VALUES (%s, %s, %s, 0, %s) ON CONFLICT (shop_id, person_id) DO UPDATE SET "
        "in_charge_id = excluded.in_charge_id, updated_at = excluded.updated_at"
    )
    write_in_batches(rows, lambda piece: execute_many(sql, piece))
    audit.record(
        "card.assign", shop=shop, actor=by, at=now, subject=str(in_charge.pk if in_charge else ""),
        count=len(wanted),
    )  # fmt: skip
    return len(wanted)


def stored_time(moment: datetime) -> object:
    """A time as raw SQL takes it on this database."""
    return moment.isoformat(sep=" ") if is_sqlite() else moment

"""Tags, person in charge and importance: what a shop says of its people (P1.1, P1.4, P1.7)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from laoke.customers import history
from laoke.customers.contacts import mask_within
from laoke.customers.models import Customer, Erasure, PersonCard, PersonChange, PersonTag, Tag
from laoke.shops import audit, dirty
from laoke.shops.bulk import execute_many, insert_many, pieces, stored_time, write_in_batches
from laoke.shops.models import Shop, Staff, User

MAX_IMPORTANCE = 5
_ROWS = "customers_persontag (tag_id, person_id, reason, source, created_by_id, created_at)"


class TagRefused(Exception):
    """A tag or card that may not be set or taken off; `code` is `empty`, `too_long`, `needs_reason`, `looks`, `ruled`
    (its rule alone decides who has it), `no_suppressing` (there is one of that name that keeps nothing away), or
    `erasing` (of all these people nothing may be written down any more)."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


# Judging looks has no purpose that the law would accept (RULES 7.2): such a tag is refused by name.
_NO_PURPOSE = ("颜值", "长相", "素质")


def make_tag(
    shop: Shop, name: str, *, now: datetime, suppresses: bool = False, by: User | None = None
) -> Tag:
    """The shop's tag of that name, made when it is new.

    Raises
    ------
    TagRefused
        for an empty or overlong name, one that judges looks, and for a tag that shall keep marketing away where the
        shop has one of that name that does not: whoever got it would be written to all the same.
    """
    name = name.strip()
    if not name:
        raise TagRefused("empty")
    if len(name) > 30:
        raise TagRefused("too_long")
    if any(word in name for word in _NO_PURPOSE):
        raise TagRefused("looks")
    tag, _ = Tag.objects.get_or_create(
        shop=shop, name=name, defaults={"created_at": now, "suppresses": suppresses, "created_by": by}
    )
    if suppresses and not tag.suppresses:
        raise TagRefused("no_suppressing")
    return tag


def present(shop: Shop, people: Iterable[int]) -> dict[int, int]:
    """{number: the person it is now}, without those that are being erased.

    The facts name people as they were known when the features were made: who was merged since stands there under the
    number that was given up, and who is being erased until the night.
    """
    found: dict[int, int] = {}
    for piece in pieces(sorted(set(people)), 5_000):
        moved = Customer.objects.filter(owner_id=shop.owner_id, pk__in=list(piece))
        now_of = dict(moved.values_list("pk", "person_id"))
        persons = {number: now_of.get(number, number) for number in piece}
        asked = Erasure.objects.filter(owner_id=shop.owner_id, person_id__in=[*persons, *persons.values()])
        gone = set(asked.values_list("person_id", flat=True))
        found |= {number: one for number, one in persons.items() if not {number, one} & gone}
    return found


def set_tag(
    tag: Tag,
    people: Iterable[int],
    *,
    by: User | None,
    now: datetime,
    reason: str = "",
    source: str = history.HAND,
) -> int:
    """Put a tag on people; how many did not have it. A tag that keeps marketing away needs a reason.

    A number that was merged away means the person it belongs to now; who is being erased gets nothing.
    """
    _check(tag, reason, source)
    reason = mask_within(reason)[:100]
    given = set(people)
    with transaction.atomic():
        wanted = sorted(set(present(tag.shop, given).values()))
        if given and not wanted and source != history.RULE:
            raise TagRefused("erasing")
        has = _tagged(tag, wanted)
        fresh = [person for person in wanted if person not in has]
        actor, moment = by.pk if by else None, stored_time(now)
        insert_many(_ROWS, [(tag.pk, person, reason, source, actor, moment) for person in fresh])
        told = {"by": by, "at": now, "tag": tag, "source": source, "reason": reason}
        history.write(tag.shop_id, PersonChange.Act.TAG_ON, fresh, **told)  # type: ignore[arg-type]
        _mark(tag, fresh)
        # A rule's changes are audited step by step by the rule.
        if fresh and source != history.RULE:
            audit.record("tag.set", shop=tag.shop, actor=by, at=now, subject=tag.name, count=len(fresh))
    return len(fresh)


def unset_tag(
    tag: Tag,
    people: Iterable[int],
    *,
    by: User | None,
    now: datetime,
    reason: str = "",
    source: str = history.HAND,
) -> int:
    """Take a tag off people; how many had it. Lifting one that keeps marketing away needs a reason."""
    _check(tag, reason, source)
    wanted = sorted(set(people))
    with transaction.atomic():
        had = sorted(_tagged(tag, wanted))
        for piece in pieces(had, 5_000):
            PersonTag.objects.filter(tag=tag, person_id__in=list(piece)).delete()
        told = {"by": by, "at": now, "tag": tag, "source": source, "reason": reason}
        history.write(tag.shop_id, PersonChange.Act.TAG_OFF, had, **told)  # type: ignore[arg-type]
        _mark(tag, had)
        if had and source != history.RULE:
            act = "tag.lift" if tag.suppresses else "tag.unset"
            audit.record(act, shop=tag.shop, actor=by, at=now, subject=tag.name, count=len(had))
    return len(had)


def _check(tag: Tag, reason: str, source: str) -> None:
    if tag.rule and source != history.RULE:
        raise TagRefused("ruled")
    if tag.suppresses and not reason.strip():
        raise TagRefused("needs_reason")


def _tagged(tag: Tag, people: Sequence[int]) -> set[int]:
    """Those of the persons that have the tag."""
    found: set[int] = set()
    for piece in pieces(people, 5_000):
        rows = PersonTag.objects.filter(tag=tag, person_id__in=list(piece))
        found |= set(rows.values_list("person_id", flat=True))
    return found


def _mark(tag: Tag, people: list[int]) -> None:
    dirty.mark(tag.shop_id, "customer_tags", people)
    if tag.suppresses:
        dirty.mark(tag.shop_id, "customer_reach", people)


def set_card(
    shop: Shop,
    person_id: int,
    *,
    now: datetime,
    in_charge: Staff | None = None,
    importance: int = 0,
    by: User | None = None,
) -> PersonCard:
    """Who looks after a person and how important they are (0 to 5).

    Raises
    ------
    TagRefused
        `erasing`
    """
    if not 0 <= importance <= MAX_IMPORTANCE:
        raise ValueError(f"importance: found {importance}, expected 0 to {MAX_IMPORTANCE}")
    with transaction.atomic():
        now_of = present(shop, [person_id])
        if not now_of:
            raise TagRefused("erasing")
        person_id = now_of[person_id]
        card, _ = PersonCard.objects.update_or_create(
            shop=shop, person_id=person_id,
            defaults={"in_charge": in_charge, "importance": importance, "updated_at": now},
        )  # fmt: skip
        history.write(shop.pk, PersonChange.Act.CARD, [person_id], by=by, at=now, reason=str(in_charge or ""))
        audit.record("card.set", shop=shop, actor=by, at=now, subject=str(person_id), importance=importance)
    return card


def assign(
    shop: Shop, people: Iterable[int], *, in_charge: Staff | None, by: User | None, now: datetime
) -> int:
    """Give people to one colleague, or to nobody; how many. Their importance stays as it is."""
    wanted = sorted(set(present(shop, people).values()))
    rows = [(shop.pk, person, in_charge.pk if in_charge else None, stored_time(now)) for person in wanted]
    sql = (
        "INSERT INTO customers_personcard (shop_id, person_id, in_charge_id, importance, updated_at) "
        "VALUES (%s, %s, %s, 0, %s) ON CONFLICT (shop_id, person_id) DO UPDATE SET "
        "in_charge_id = excluded.in_charge_id, updated_at = excluded.updated_at"
    )
    name = str(in_charge or "")

    def write(piece: Sequence[tuple[Any, ...]]) -> None:
        execute_many(sql, piece)
        people = [row[1] for row in piece]
        history.write(shop.pk, PersonChange.Act.CARD, people, by=by, at=now, reason=name)

    write_in_batches(rows, write)
    audit.record(
        "card.assign", shop=shop, actor=by, at=now, subject=str(in_charge.pk if in_charge else ""),
        count=len(wanted),
    )  # fmt: skip
    return len(wanted)

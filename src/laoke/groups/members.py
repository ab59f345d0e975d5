"""Making groups, and writing down who joined and who left. Every change is audited and marks the mirror behind.

GroupRefused    `name`, `name_taken`, `brush` (fake orders have no group here), `kind`, `capacity`, `closed`,
                `day` (in the future, or left before joined), `unknown`, `erasing`, `not_in`
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Count

from laoke.customers.contacts import mask_within
from laoke.customers.erasure import Traces
from laoke.customers.models import Customer, Erasure
from laoke.groups.models import GroupMember, MemberGroup
from laoke.shops import audit, dirty
from laoke.shops.bulk import pieces
from laoke.shops.models import Shop, Staff, User

HAND, FILE = "hand", "file"
MOST_CAPACITY = 100_000
# Groups in which orders are faked are refused by name: there is nothing lawful to keep a book of (RULES 4).
_BRUSHING = ("刷单", "补单", "刷手", "s单", "刷信誉")
WEEKS = 12
Kind, Platform, State = MemberGroup.Kind, MemberGroup.Platform, MemberGroup.State


class GroupRefused(Exception):
    """What cannot be written down; `code` as above."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Draft:
    """A group as it is to be."""

    name: str
    kind: str
    platform: str
    in_charge: Staff | None = None
    capacity: int | None = None


@dataclass(frozen=True)
class Stay:
    """One person's time in a group: joined, by which invitation, and left (None = still there)."""

    joined_on: date
    invite: str = ""
    left_on: date | None = None


@dataclass(frozen=True)
class Change:
    """What a book entry did: how many joined, left, and were as told already."""

    joined: int = 0
    left: int = 0
    unchanged: int = 0


@dataclass(frozen=True)
class Week:
    """Joins and leaves of a week that begins on a Monday."""

    monday: date
    joined: int
    left: int


def make_group(shop: Shop, draft: Draft, *, by: User, now: datetime) -> MemberGroup:
    """A new group.

    Raises
    ------
    GroupRefused
    """
    named = _checked(draft)
    try:
        with transaction.atomic():
            row = MemberGroup.objects.create(shop=shop, created_by=by, created_at=now, **named)
            audit.record("group.add", shop=shop, actor=by, at=now, subject=row.name, kind=row.kind)
    except IntegrityError as error:
        raise GroupRefused("name_taken") from error
    return row


def change_group(group: MemberGroup, draft: Draft, state: str, *, by: User, now: datetime) -> None:
    """Change what is told of a group, and whether it is in use.

    Raises
    ------
    GroupRefused
    """
    named = _checked(draft)
    if state not in State.values:
        raise GroupRefused("kind")
    asked_by_filters = (group.name, group.state) != (named["name"], state)
    for field, value in {**named, "state": state}.items():
        setattr(group, field, value)
    try:
        with transaction.atomic():
            group.save()
            if asked_by_filters:
                here = GroupMember.objects.filter(group=group, left_on=None)
                dirty.mark(group.shop_id, "group_members", list(here.values_list("person_id", flat=True)))
            audit.record("group.change", shop=group.shop, actor=by, at=now, subject=group.name, state=state)
    except IntegrityError as error:
        raise GroupRefused("name_taken") from error


def _checked(draft: Draft) -> dict[str, object]:
    name = draft.name.strip()
    if not name or len(name) > 40:
        raise GroupRefused("name")
    if any(word in name.lower() for word in _BRUSHING):
        raise GroupRefused("brush")
    if draft.kind not in Kind.values or draft.platform not in Platform.values:
        raise GroupRefused("kind")
    if draft.capacity is not None and not 1 <= draft.capacity <= MOST_CAPACITY:
        raise GroupRefused("capacity")
    return {
        "name": name, "kind": draft.kind, "platform": draft.platform, "in_charge": draft.in_charge,
        "capacity": draft.capacity,
    }  # fmt: skip


def check_stay(stay: Stay, today: date) -> None:
    """Refuse days that cannot be.

    Raises
    ------
    GroupRefused
        `day`
    """
    if stay.joined_on > today or (stay.left_on and not stay.joined_on <= stay.left_on <= today):
        raise GroupRefused("day")


def write_down(
    group: MemberGroup, stays: Mapping[int, Stay], *, by: User, now: datetime, source: str = HAND
) -> Change:
    """Write down when persons joined a group and, where told, left it. Told again it changes nothing.

    Whoever is in the group already stays as they are, or leaves on the day that is told.

    Raises
    ------
    GroupRefused
    """
    if group.state == State.CLOSED:
        raise GroupRefused("closed")
    for stay in stays.values():
        check_stay(stay, now.date())
    people = sorted(stays)
    _check_people(group.shop, people)
    with transaction.atomic():
        here = _open_rows(group, people)
        past = _past_stays(group, people)
        added, ended, unchanged = [], 0, 0
        for person in people:
            stay, row = stays[person], here.get(person)
            if row is not None and stay.left_on is not None:
                left_on = max(stay.left_on, row.joined_on)
                ended += GroupMember.objects.filter(pk=row.pk, left_on=None).update(left_on=left_on)
            elif row is not None or (person, stay.joined_on, stay.left_on) in past:
                unchanged += 1
            else:
                added.append(_row(group, person, stay, source, by, now))
        GroupMember.objects.bulk_create(added, batch_size=500)
        change = Change(len(added), ended + sum(row.left_on is not None for row in added), unchanged)
        dirty.mark(group.shop_id, "group_members", people)
        if change.joined or change.left:
            act = "group.file" if source == FILE else "group.join"
            audit.record(
                act,
                shop=group.shop,
                actor=by,
                at=now,
                subject=group.name,
                count=change.joined,
                left=change.left,
            )
    return change


def _row(group: MemberGroup, person: int, stay: Stay, source: str, by: User, now: datetime) -> GroupMember:
    return GroupMember(
        group=group, person_id=person, joined_on=stay.joined_on, left_on=stay.left_on,
        invite=mask_within(stay.invite.strip())[:40], source=source, added_by=by, added_at=now,
    )  # fmt: skip


def leave(group: MemberGroup, person_id: int, day: date, *, by: User, now: datetime) -> None:
    """Write down that somebody left.

    Raises
    ------
    GroupRefused
        `not_in` when they are not in the group, `day` when they left before they came, or in the future.
    """
    with transaction.atomic():
        row = _open_rows(group, [person_id]).get(person_id)
        if row is None:
            raise GroupRefused("not_in")
        check_stay(Stay(row.joined_on, left_on=day), now.date())
        if not GroupMember.objects.filter(pk=row.pk, left_on=None).update(left_on=day):
            raise GroupRefused("not_in")
        dirty.mark(group.shop_id, "group_members", [person_id])
        audit.record(
            "group.leave",
            shop=group.shop,
            actor=by,
            at=now,
            subject=str(person_id),
            count=1,
            group=group.name,
        )


def _check_people(shop: Shop, people: Sequence[int]) -> None:
    known: set[int] = set()
    for piece in pieces(people, 5_000):
        found = Customer.objects.filter(owner_id=shop.owner_id, person_id__in=list(piece))
        known |= set(found.values_list("person_id", flat=True))
    if len(known) < len(people):
        raise GroupRefused("unknown")
    if Erasure.objects.filter(owner_id=shop.owner_id, person_id__in=people).exists():
        raise GroupRefused("erasing")


def _open_rows(group: MemberGroup, people: Sequence[int]) -> dict[int, GroupMember]:
    found: dict[int, GroupMember] = {}
    for piece in pieces(people, 5_000):
        rows = GroupMember.objects.filter(group=group, person_id__in=list(piece), left_on=None)
        found.update((row.person_id, row) for row in rows)
    return found


def _past_stays(group: MemberGroup, people: Sequence[int]) -> set[tuple[int, date, date | None]]:
    found: set[tuple[int, date, date | None]] = set()
    for piece in pieces(people, 5_000):
        rows = GroupMember.objects.filter(group=group, person_id__in=list(piece)).exclude(left_on=None)
        found |= set(rows.values_list("person_id", "joined_on", "left_on"))
    return found


def here_now(group: MemberGroup, people: Sequence[int]) -> set[int]:
    """Those of these persons who are in the group now."""
    return set(_open_rows(group, sorted(set(people))))


def stays_of(shop: Shop, people: Iterable[int]) -> list[GroupMember]:
    """Every time these numbers (a person and those merged into them) were in a group of the shop, newest first."""
    rows = GroupMember.objects.filter(group__shop=shop, person_id__in=list(people))
    return list(rows.select_related("group", "added_by").order_by("-joined_on", "-pk"))


def by_week(groups: Sequence[MemberGroup], today: date, weeks: int = WEEKS) -> list[Week]:
    """Joins and leaves of the last weeks of these groups together, the running week last."""
    last = today - timedelta(days=today.weekday())
    mondays = [last - timedelta(weeks=back) for back in range(weeks - 1, -1, -1)]
    joined, left = (_per_week(groups, field, mondays[0]) for field in ("joined_on", "left_on"))
    return [Week(monday, joined.get(monday, 0), left.get(monday, 0)) for monday in mondays]


def _per_week(groups: Sequence[MemberGroup], field: str, since: date) -> dict[date, int]:
    rows = GroupMember.objects.filter(group__in=groups, **{f"{field}__gte": since})
    found: dict[date, int] = {}
    for day, n in rows.values_list(field).annotate(n=Count("pk")).order_by(field):
        monday = day - timedelta(days=day.weekday())
        found[monday] = found.get(monday, 0) + n
    return found


def forget_person(shop: Shop, traces: Traces, now: datetime) -> int:
    """Erasing: the person's rows go, in every shop of the owner."""
    return GroupMember.objects.filter(person_id__in=traces.people).delete()[0]

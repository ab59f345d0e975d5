"""What the ledger holds by person follows a merge and a split: consent, refusals, tags, cards, and what packages above
keep by person and have registered.

The rows of the number that is given up stay where they are; the kept number gets copies of what it lacks, remembered
by id in the link. A split takes all copies of the whole back and gives each part those of its own numbers again. What
keeps messages away is not taken back: whoever refused once, took a consent back or was put on the list of those left
alone while they were one, stays so on every side.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from laoke.customers.models import Consent, OptOut, PersonCard, PersonLink, PersonTag

Carried = dict[str, list[int]]


def carry_over(kept: int, given_up: int) -> Carried:
    """Copy to `kept` what only `given_up` has; ids of the copies by kind. One transaction with the merge."""
    _copy_refusals([given_up], [kept])
    _carry_withdrawals(given_up, [kept])
    return {kind: _copy(model, given_up, kept, same) for kind, (model, same) in _KINDS.items()}


def take_back(
    links: Sequence[PersonLink], before: int, parts: Sequence[Sequence[int]], since: datetime
) -> None:
    """Undo `carry_over` after `before`, one person since `since`, fell into `parts` (customer numbers, each sorted).

    `links` are all between these customers, ended ones too: a link that ended while another still held the two
    together had its copies until now.
    """
    others = [number for part in parts for number in part if number != before]
    persons = [part[0] for part in parts if part[0] != before]
    copies: Carried = {kind: [] for kind in _KINDS}
    for link in links:
        for kind, rows in link.evidence.get("carried", {}).items():
            copies[kind] += rows
    _copy_refusals([before], persons)
    _carry_withdrawals(before, others, since)
    _keep_away(before, persons, since, copies["tag"])
    lost: dict[str, set[tuple[Any, ...]]] = {}
    for kind, (model, same) in _KINDS.items():
        rows = model.objects.filter(pk__in=copies[kind])
        lost[kind] = {_key(row, same) for row in rows}
        rows.delete()
    for part in parts:
        _carry_within(part, lost, [link for link in links if _is_within(link, part)])


def _carry_within(
    part: Sequence[int], lost: dict[str, set[tuple[Any, ...]]], links: Sequence[PersonLink]
) -> None:
    """Give the person of a part what its other numbers have and the whole had copied; a link of it remembers that."""
    made: Carried = {kind: [] for kind in _KINDS}
    for number in part[1:]:
        for kind, rows in carry_over(part[0], number).items():
            model, same = _KINDS[kind]
            for row in model.objects.filter(pk__in=rows):
                # What was taken off the whole by hand was no copy any more, and does not come back.
                if _key(row, same) in lost[kind]:
                    made[kind].append(row.pk)
                else:
                    row.delete()
    holder = next((link for link in links if link.state == PersonLink.State.LINKED), None)
    for link in links:
        link.evidence = {**link.evidence, "carried": made if link is holder else {}}
        link.save(update_fields=["evidence"])


def _is_within(link: PersonLink, part: Sequence[int]) -> bool:
    return link.first_customer_id in part and link.second_customer_id in part


# By kind: the model, and what two rows of one person have in common of which one is enough.
_KINDS: dict[str, tuple[Any, tuple[str, ...]]] = {
    "consent": (Consent, ("shop_id", "channel", "purpose")),
    "tag": (PersonTag, ("tag_id",)),
    "card": (PersonCard, ("shop_id",)),
}


def register_kind(kind: str, model: Any, same: tuple[str, ...]) -> None:
    """Let a model of a package above, with a `person_id`, follow merges and splits too."""
    _KINDS[kind] = (model, same)


def _key(row: Any, same: Sequence[str]) -> tuple[Any, ...]:
    return tuple(getattr(row, name) for name in same)


def _carry_withdrawals(source: int, targets: Sequence[int], since: datetime | None = None) -> None:
    """A consent that the person took back (since then) ends under the other numbers too, if it was given before that.

    When the shop takes back what the consents of many rest on, that is no will of the person.
    """
    _model, names = _KINDS["consent"]
    taken = Consent.objects.filter(person_id=source).exclude(withdrawn_at=None).select_related("basis")
    for row in taken if since is None else taken.filter(withdrawn_at__gte=since):
        if row.withdrawn_at != row.basis.withdrawn_at:
            same = dict(zip(names, _key(row, names), strict=True))
            Consent.objects.filter(
                person_id__in=targets, withdrawn_at=None, given_at__lte=row.withdrawn_at, **same
            ).update(withdrawn_at=row.withdrawn_at)


def _keep_away(before: int, persons: Iterable[int], since: datetime, copies: Sequence[int]) -> None:
    """Tags that keep marketing away, put on the whole, go to every part; copies go back to where they are from."""
    put = PersonTag.objects.filter(person_id=before, tag__suppresses=True, created_at__gte=since)
    for row in put.exclude(pk__in=copies).order_by("pk"):
        for person in persons:
            if not PersonTag.objects.filter(tag_id=row.tag_id, person_id=person).exists():
                row.pk, row.person_id = None, person
                row.save(force_insert=True)


def _copy(model: Any, source: int, target: int, same: tuple[str, ...]) -> list[int]:
    has = set(model.objects.filter(person_id=target).values_list(*same))
    made = []
    for row in model.objects.filter(person_id=source).order_by("pk"):
        if _key(row, same) not in has:
            row.pk, row.person_id = None, target
            row.save(force_insert=True)
            made.append(row.pk)
    return made


_SAME_REFUSAL = ("shop_id", "channel", "purpose")


def _copy_refusals(sources: list[int], targets: list[int]) -> None:
    for target in targets:
        has = set(OptOut.objects.filter(person_id=target, ended_at=None).values_list(*_SAME_REFUSAL))
        for row in OptOut.objects.filter(person_id__in=sources, ended_at=None).order_by("pk"):
            same = (row.shop_id, row.channel, row.purpose)
            if same not in has:
                has.add(same)
                row.pk, row.person_id = None, target
                row.save(force_insert=True)

"""What the ledger holds by person follows a merge and a split: consent, refusals, tags, cards, and what packages above
keep by person and have registered.

The rows of the number that is given up stay where they are; the kept number gets copies of what it lacks, remembered
by id. A split takes the copies back, all but the refusals: whoever refused once stays refused on both sides.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from laoke.customers.models import Consent, OptOut, PersonCard, PersonTag

Carried = dict[str, list[int]]


def carry_over(kept: int, given_up: int) -> Carried:
    """Copy to `kept` what only `given_up` has; ids of the copies by kind. One transaction with the merge."""
    _copy_refusals([given_up], [kept])
    return {kind: _copy(model, given_up, kept, same) for kind, (model, same) in _KINDS.items()}


def take_back(carried: Carried, before: int, persons: Iterable[int]) -> None:
    """Undo `carry_over` after a split of `before` into `persons`; every side keeps the refusals of the whole."""
    _copy_refusals([before], [person for person in persons if person != before])
    for kind, (model, _same) in _KINDS.items():
        model.objects.filter(pk__in=carried.get(kind, [])).delete()


# By kind: the model, and what two rows of one person have in common of which one is enough.
_KINDS: dict[str, tuple[Any, tuple[str, ...]]] = {
    "consent": (Consent, ("shop_id", "channel", "purpose")),
    "tag": (PersonTag, ("tag_id",)),
    "card": (PersonCard, ("shop_id",)),
}


def register_kind(kind: str, model: Any, same: tuple[str, ...]) -> None:
    """Let a model of a package above, with a `person_id`, follow merges and splits too."""
    _KINDS[kind] = (model, same)


def _copy(model: Any, source: int, target: int, same: tuple[str, ...]) -> list[int]:
    has = set(model.objects.filter(person_id=target).values_list(*same))
    made = []
    for row in model.objects.filter(person_id=source).order_by("pk"):
        if tuple(getattr(row, name) for name in same) not in has:
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

"""What the ledger holds by person follows a merge and a split: consent, refusals, tags, cards.

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
    return {
        "consent": _copy(Consent, given_up, kept, ("shop_id", "channel", "purpose")),
        "tag": _copy(PersonTag, given_up, kept, ("tag_id",)),
        "card": _copy(PersonCard, given_up, kept, ("shop_id",)),
    }


def take_back(carried: Carried, before: int, persons: Iterable[int]) -> None:
    """Undo `carry_over` after a split of `before` into `persons`; every side keeps the refusals of the whole."""
    _copy_refusals([before], [person for person in persons if person != before])
    for kind, model in _MODELS.items():
        model.objects.filter(pk__in=carried.get(kind, [])).delete()


_MODELS: dict[str, Any] = {"consent": Consent, "tag": PersonTag, "card": PersonCard}


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

"""Opening a case and moving it on. Each step is a row of its own; a state is left by a conditional update.

CaseRefused    `kind`, `order`, `promised` (not after now), `words` (none where some are needed, or too long),
               `state` (not whither it leads, or somebody moved it meanwhile), `unknown`, `erasing`
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from laoke.customers.erasure import Traces
from laoke.customers.models import Customer, Erasure
from laoke.customers.resealing import SealedKind
from laoke.customers.sealing import Sealer, VaultError, open_text
from laoke.customers.vault import SCHEMA
from laoke.service import mirroring
from laoke.service.models import UNDONE, CaseStep, ServiceCase
from laoke.shops import audit
from laoke.shops.models import Shop, Staff, User

LONGEST = 1_000
Kind, State = ServiceCase.Kind, ServiceCase.State
# Whither each state leads. A case that was closed by mistake is opened again.
WAYS: dict[str, tuple[str, ...]] = {
    State.OPEN: (State.WAITING, State.SOLVED, State.CLOSED),
    State.WAITING: (State.OPEN, State.SOLVED, State.CLOSED),
    State.SOLVED: (State.OPEN, State.CLOSED),
    State.CLOSED: (State.OPEN,),
}


class CaseRefused(Exception):
    """What cannot be written down; `code` as above."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Draft:
    """A case as it is opened."""

    kind: str
    promised_by: datetime
    words: str
    order_id: str = ""
    in_charge: Staff | None = None


def open_case(shop: Shop, person_id: int, draft: Draft, *, by: User, now: datetime) -> ServiceCase:
    """Open a case of a customer.

    Raises
    ------
    CaseRefused
    """
    if draft.kind not in Kind.values:
        raise CaseRefused("kind")
    if len(draft.order_id.strip()) > 64:
        raise CaseRefused("order")
    _check_promise(draft.promised_by, now)
    words = _checked(draft.words, needed=True)
    if not Customer.objects.filter(owner_id=shop.owner_id, person_id=person_id).exists():
        raise CaseRefused("unknown")
    if Erasure.objects.filter(owner_id=shop.owner_id, person_id=person_id).exists():
        raise CaseRefused("erasing")
    with transaction.atomic():
        case = ServiceCase.objects.create(
            shop=shop, person_id=person_id, kind=draft.kind, order_id=draft.order_id.strip(), state=State.OPEN,
            in_charge=draft.in_charge, promised_by=draft.promised_by, opened_by=by, opened_at=now, changed_at=now,
        )  # fmt: skip
        _add_step(case, words, by, now)
        mirroring.mark(shop.pk, [case.pk])
        audit.record("case.open", shop=shop, actor=by, at=now, subject=str(case.pk), kind=case.kind)
    return case


def move(
    case: ServiceCase, state: str, *, words: str, promised_by: datetime, in_charge: Staff | None, by: User,
    now: datetime,
) -> None:  # fmt: skip
    """Take the next step: to another state, or in the same one with words, another promise or somebody else in charge.

    Solving and closing need words: what became of it.

    Raises
    ------
    CaseRefused
    """
    before = case.state
    if state != before and state not in WAYS[before]:
        raise CaseRefused("state")
    told = _checked(words, needed=state not in UNDONE and state != before)
    if state in UNDONE and promised_by != case.promised_by:
        _check_promise(promised_by, now)
    with transaction.atomic():
        moved = ServiceCase.objects.filter(pk=case.pk, state=before, changed_at=case.changed_at).update(
            state=state, promised_by=promised_by, in_charge=in_charge, changed_at=now
        )
        if not moved:
            raise CaseRefused("state")
        case.refresh_from_db()
        _add_step(case, told, by, now)
        mirroring.mark(case.shop_id, [case.pk])
        audit.record("case.move", shop=case.shop, actor=by, at=now, subject=str(case.pk), state=state)


def _check_promise(promised_by: datetime, now: datetime) -> None:
    if promised_by <= now:
        raise CaseRefused("promised")


def _checked(words: str, *, needed: bool) -> str:
    words = words.strip()
    if (needed and not words) or len(words) > LONGEST:
        raise CaseRefused("words")
    return words


def _add_step(case: ServiceCase, words: str, by: User, now: datetime) -> None:
    sealer = Sealer()
    CaseStep.objects.create(
        case=case, state=case.state, promised_by=case.promised_by, key_id=sealer.key_id,
        sealed=sealer.seal(words, _bound(case.pk)) if words else b"", created_by=by, at=now,
    )  # fmt: skip


def plain(step: CaseStep) -> str:
    """The words of a step; '' for none, and when no key opens them."""
    if not step.sealed:
        return ""
    try:
        return open_text(bytes(step.sealed), step.key_id, bound_to(step))
    except VaultError:
        return ""


def bound_to(row: Any) -> str:
    """What the words of a step are sealed for."""
    return _bound(row.case_id)


def _bound(case_id: int) -> str:
    return f"case|{case_id}|{SCHEMA}"


SEALED = (SealedKind(CaseStep, "sealed", bound_to),)


def cases_of(shop: Shop, people: Iterable[int]) -> list[ServiceCase]:
    """The cases of these numbers (a person and those merged into them), newest first."""
    rows = ServiceCase.objects.filter(shop=shop, person_id__in=list(people))
    return list(rows.select_related("in_charge__user").order_by("-opened_at", "-pk"))


def forget_person(shop: Shop, traces: Traces, now: datetime) -> int:
    """Erasing: the person's cases go with all their words, in every shop of the owner."""
    theirs = ServiceCase.objects.filter(person_id__in=traces.people)
    for shop_id, case in theirs.order_by("pk").values_list("shop_id", "pk"):
        mirroring.mark(shop_id, [case])
    return theirs.delete()[0]

"""The cases of one customer, as a card of their page, and the form that opens one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from laoke.service import cases
from laoke.service.models import UNDONE, ServiceCase
from laoke.shops.models import Shop, Staff
from laoke.web import components as ui
from laoke.web import figures

State = ServiceCase.State
STATES: dict[str, ui.Status] = {
    State.OPEN: ui.Status(State.OPEN.label, "run"),
    State.WAITING: ui.Status(State.WAITING.label, "warn"),
    State.SOLVED: ui.Status(State.SOLVED.label, "ok"),
    State.CLOSED: ui.Status(State.CLOSED.label),
}
USUAL_PROMISE = timedelta(hours=24)


@dataclass(frozen=True)
class CaseCard:
    """Cases of a person; what the form offers, empty for who may not open one."""

    table: ui.Table
    may_open: bool
    kinds: list[tuple[str, str]]
    staff: list[Staff]
    promised_by: str


def cases_card(
    shop: Shop, numbers: Sequence[int], staff: list[Staff], now: datetime, *, acts: bool
) -> CaseCard:
    """What the page shows of after-sales. `staff` is whom a case may be given to."""
    rows = [_row(one, now) for one in cases.cases_of(shop, numbers)]
    columns = [
        ui.Column("kind", _("哪种"), "nowrap"),
        ui.Column("state", _("状态"), card="end"),
        ui.Column("promised", _("答应在"), "nowrap", card="wide"),
        ui.Column("owner", _("负责人"), "nowrap", card="wide"),
    ]
    return CaseCard(
        ui.Table(columns, rows, caption=_("售后"), empty=ui.Empty(_("没有售后"), "")),
        acts,
        [(kind.value, str(kind.label)) for kind in ServiceCase.Kind],
        staff if acts else [],
        stamp(now + USUAL_PROMISE),
    )


def stamp(moment: datetime) -> str:
    """A time as a form's field holds it."""
    return f"{moment:%Y-%m-%dT%H:%M}"


def state_of(one: ServiceCase) -> ui.Status:
    return STATES[one.state]


def promise_of(one: ServiceCase, now: datetime) -> ui.Cell | str:
    """Until when something was promised, and that it is late; nothing once it is done."""
    if one.state not in UNDONE:
        return ""
    late = one.promised_by < now
    when = figures.when(one.promised_by, now)
    return ui.Cell(when, tone="bad" if late else "", sub=gettext("过了") if late else "")


def _row(one: ServiceCase, now: datetime) -> ui.Row:
    url = reverse("service_case", args=[one.pk])
    opened = gettext("%(day)s开的") % {"day": figures.day(one.opened_at, now)}
    return ui.Row(
        [
            ui.Cell(one.get_kind_display(), url=url, sub=opened),
            state_of(one),
            promise_of(one, now),
            str(one.in_charge or ""),
        ]
    )

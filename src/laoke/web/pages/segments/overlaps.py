"""How segments overlap: a matrix of people, each pair once, coloured by the share of the row's segment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from laoke.audiences import wording
from laoke.audiences.counting import tree_of
from laoke.audiences.models import Segment
from laoke.audiences.readings import NotReady
from laoke.audiences.slow_counts import SHOWN, on_page
from laoke.audiences.tree import TreeError
from laoke.audiences.trends import MOST_OVERLAID, Overlap, overlap
from laoke.shops.joins import clauses, named
from laoke.shops.models import Shop
from laoke.shops.unavailable_words import told
from laoke.warehouse.limits import TooLong
from laoke.web import components as ui
from laoke.web import figures, sheets
from laoke.web.access import allowed, clock_of, shop_of
from laoke.web.numbers import row_number
from laoke.web.pages.segments.places import LOOKS, tabs

# So many are laid over each other until others are chosen.
AT_FIRST = 5


@dataclass(frozen=True)
class OverlapPage:
    """The matrix, what may be chosen, and why there is none."""

    tabs: ui.Tabs
    choices: list[tuple[Segment, bool]]
    table: ui.Table | None
    found: Overlap | None
    why: str


@allowed(*LOOKS)
def overlaps(request: HttpRequest) -> HttpResponse:
    """The segments named by `s` in the address, else the first ones in use."""
    shop, now = shop_of(request), clock_of(request).now()
    rows = list(Segment.objects.filter(shop=shop, archived=False).order_by("pk")[:200])
    wanted = {row_number(text) for text in request.GET.getlist("s")[:MOST_OVERLAID]}
    chosen = [one for one in rows if one.pk in wanted] or rows[:AT_FIRST]
    table, found, why = _matrix(shop, chosen, now)
    if table is not None and sheets.wanted(request):
        return sheets.sheet(request, table.columns, table.rows, gettext("人群的重合"))
    choices = [(one, one in chosen) for one in rows]
    page = OverlapPage(tabs("segments_overlap"), choices, table, found, why)
    return render(request, "segments/overlap.html", {"page": page, "most": MOST_OVERLAID})


def _matrix(
    shop: Shop, chosen: Sequence[Segment], now: datetime
) -> tuple[ui.Table | None, Overlap | None, str]:
    """Segments that cannot be counted stay out, and are named."""
    there, why = [], []
    for one in chosen:
        try:
            tree_of(shop, one.text)
            there.append(one)
        except TreeError as error:
            why.append(named(one.name, wording.refusal_text(error)))
    try:
        with on_page(SHOWN):
            found = overlap(shop, [one.text for one in there], now.date())
    except NotReady as trouble:
        return None, None, wording.not_ready_text(trouble.code)
    except TooLong as slow:
        return None, None, told(slow)
    columns = [
        ui.Column("segment", _("人群"), "nowrap"),
        *(ui.Column(f"s{one.pk}", one.name, "num") for one in there),
        ui.Column("apart", _("只在这一群"), "num"),
    ]
    rows = [
        ui.Row([one.name, *(_cell(found, i, j) for j in range(len(there))), found.apart[i]])
        for i, one in enumerate(there)
    ]
    table = ui.Table(columns, rows, caption=_("人群的重合"), cards=False, stick_first=True)
    return (table if there else None), found, clauses(why)


def _cell(found: Overlap, row: int, column: int) -> ui.Cell:
    n, own = found.shared[row][column], found.shared[row][row]
    if row == column:
        return ui.Cell(figures.exact(n), tone="b")
    return ui.Cell(figures.exact(n), sub=figures.percent(n / own) if own else "")

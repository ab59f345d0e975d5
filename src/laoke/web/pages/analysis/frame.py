"""The frame of every analysis: its tabs, the days it looks at, with or without fake orders, its cards, its workbooks.

A view says what its cards are (`View`); the frame answers a browser with the page, HTMX with the part that changed, and
whoever may export with the rows of a card. Cards that take long come after the first ones.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from laoke.audiences.readings import NotReady, Reading, reading_of
from laoke.insights.analysis import first_day
from laoke.insights.fake_orders.flags import standing as standing_of_fakes
from laoke.shops.models import Role, Shop
from laoke.web import components as ui
from laoke.web import figures, sheets
from laoke.web.access import MARKETING, clock_of, shop_of
from laoke.web.components.base import Component, Words
from laoke.web.nothing_yet import nothing_yet
from laoke.web.pages.analysis.blocks import Block
from laoke.web.pages.analysis.spans import PERIODS, Span, span_of
from laoke.web.pages.overview.figures import newest_sale
from laoke.web.pages.overview.periods import FAKES, day_of, last_day

LOOKS = (*MARKETING, Role.ANALYST, Role.AUDITOR)
EXPORTS = frozenset({*MARKETING, Role.ANALYST})
TABS: tuple[tuple[str, Words], ...] = (
    ("analysis", _("全部客户")),
    ("analysis_demand", _("需求")),
    ("analysis_repurchase", _("复购")),
    ("analysis_concentration", _("集中度")),
    ("analysis_regions", _("地区")),
    ("analysis_coupons", _("用券")),
    ("analysis_returning", _("新客老客")),
    ("analysis_rfm", "RFM"),
)


@dataclass(frozen=True)
class Asked:
    """What an analysis is asked: the shop's facts, the days, and the request with its other choices.

    `first_known` and `last` are the first and last day that the facts tell of.
    """

    request: HttpRequest
    shop: Shop
    reading: Reading
    span: Span
    first_known: date
    last: date
    now: datetime

    def choice(self, name: str, allowed: Sequence[str], usual: str) -> str:
        """A choice of the address; anything else gives the usual one."""
        chosen = self.request.GET.get(name, usual)
        return chosen if chosen in allowed else usual


@dataclass(frozen=True)
class Seg:
    """A choice of a few, side by side."""

    label: Words
    tabs: list[ui.Tab]


@dataclass(frozen=True)
class Figures:
    """What a view shows at once: headline figures, cards, its own choices, and parts that are no chart or table."""

    kpis: ui.Kpis | None
    blocks: list[Block]
    choices: list[Seg] = field(default_factory=list)
    parts: list[tuple[str, Component]] = field(default_factory=list)


@dataclass(frozen=True)
class View:
    """One analysis.

    name      the name of its address
    figures   what it shows at once
    later     cards that come after the first view
    by_days   it looks at days that the user chooses
    meta      what is said under its heading
    """

    name: str
    title: Words
    figures: Callable[[Asked], Figures]
    later: Callable[[Asked], list[Block]] | None = None
    by_days: bool = True
    meta: Sequence[Words] = ()


@dataclass(frozen=True)
class TabPage:
    """A view as its template prints it."""

    title: Words
    path: str
    tabs: ui.Tabs
    known: str
    meta: Sequence[Words]
    span_said: str
    choices: list[Seg]
    dates: tuple[str, str] | None
    keep: list[tuple[str, str]]
    trouble: ui.Notice | None
    fakes_said: str
    kpis: ui.Kpis | None
    cards: list[tuple[str, Component]]
    later: ui.Loading | None
    whole_url: str


def tabs(here: str) -> ui.Tabs:
    """The analyses side by side."""
    return ui.Tabs([ui.Tab(label, reverse(name), name == here) for name, label in TABS], label=_("客户分析"))


def respond(request: HttpRequest, view: View) -> HttpResponse:
    """The page, the part that HTMX asks for, or the rows of a card as a workbook."""
    shop, now = shop_of(request), clock_of(request).now()
    try:
        reading = reading_of(shop, now.date())
    except NotReady as trouble:
        return _nothing(request, view, nothing_yet(trouble.code, request.role))  # type: ignore[attr-defined]
    first = first_day(reading.reader, reading.shop_id)
    if first is None:
        return _nothing(request, view, ui.Empty(_("还没有付过款的订单")))
    asked = _asked(request, shop, reading, day_of(first), now)
    if sheets.wanted(request):
        return _sheet(asked, view)
    if request.GET.get("part") == "later" and view.later is not None:
        return render(request, "analysis/cards.html", {"cards": _cards(asked, view.later(asked))})
    part = "analysis/figures.html" if request.htmx else "analysis/tab.html"  # type: ignore[attr-defined]
    return render(request, part, {"page": _page(asked, view)})


def _nothing(request: HttpRequest, view: View, empty: ui.Empty) -> HttpResponse:
    return render(request, "customers/none.html", {"title": view.title, "empty": empty})


def _asked(request: HttpRequest, shop: Shop, reading: Reading, first: date, now: datetime) -> Asked:
    if request.GET.get("fakes") == "with":
        reading = reading.with_fakes()
    last = max(first, last_day(now.date(), newest_sale(reading)))
    return Asked(request, shop, reading, span_of(request.GET, first, last), first, last, now)


def _page(asked: Asked, view: View) -> TabPage:
    request, found = asked.request, view.figures(asked)
    blocks, later = found.blocks, None
    if view.later is not None and request.GET.get("part") == "whole":
        blocks = [*blocks, *view.later(asked)]
    elif view.later is not None:
        later = ui.Loading(url=request.path + _query(request, part="later"))
    span = asked.span
    with_fakes = request.GET.get("fakes") == "with"
    flagged = bool(standing_of_fakes(asked.shop).left_out.orders)
    choices = list(found.choices)
    if flagged and view.by_days:
        choices.append(
            Seg(_("疑似刷单"), choice(request, "fakes", FAKES, "with" if with_fakes else "without"))
        )
    if view.by_days:
        choices.append(
            Seg(_("时段"), choice(request, "period", PERIODS, span.key, **{"from": None, "to": None}))
        )
    left_out = ("part", "export", "card", "period", "from", "to")
    return TabPage(
        title=view.title,
        path=request.path,
        tabs=tabs(view.name),
        known=figures.day_range(asked.first_known, asked.last, asked.now),
        meta=view.meta,
        span_said=_span_said(asked) if view.by_days else "",
        choices=choices,
        dates=(span.first.isoformat(), span.last.isoformat()) if view.by_days else None,
        keep=[(name, str(text)) for name, text in request.GET.items() if name not in left_out],
        trouble=ui.Notice(span.trouble, tone="warn") if span.trouble else None,
        fakes_said=_fakes_said(with_fakes) if flagged and view.by_days else "",
        kpis=found.kpis,
        cards=[*_cards(asked, blocks), *found.parts],
        later=later,
        whole_url=_query(request, part="whole"),
    )


def _span_said(asked: Asked) -> str:
    days = (asked.span.last - asked.span.first).days + 1
    said = gettext("看的是 %(span)s，共 %(n)s 天")
    return said % {
        "span": figures.day_range(asked.span.first, asked.span.last, asked.now),
        "n": figures.exact(days),
    }


def _fakes_said(with_fakes: bool) -> str:
    return gettext("疑似和确认刷单的也算在内") if with_fakes else gettext("疑似和确认刷单的不算在内")


def _query(request: HttpRequest, **changes: str | None) -> str:
    return ui.query_with(request.GET.urlencode(), **{"part": None, "export": None, "card": None, **changes})


def choice(
    request: HttpRequest, name: str, choices: dict[str, Words], chosen: str, **drop: str | None
) -> list[ui.Tab]:
    """The links of a choice: the address with that one choice changed."""
    return [
        ui.Tab(label, request.path + _query(request, **{**drop, name: key}), key == chosen)
        for key, label in choices.items()
    ]


def _cards(asked: Asked, blocks: Sequence[Block]) -> list[tuple[str, Component]]:
    request = asked.request
    may = request.role in EXPORTS  # type: ignore[attr-defined]
    return [
        (block.cls, block.card(request.path + _query(request, export="xlsx", card=block.id) if may else ""))
        for block in blocks
    ]


def _sheet(asked: Asked, view: View) -> HttpResponse:
    """The rows of the card that the address names."""
    request = asked.request
    if request.role not in EXPORTS:  # type: ignore[attr-defined]
        raise PermissionDenied
    blocks = view.figures(asked).blocks + (view.later(asked) if view.later is not None else [])
    block = next((one for one in blocks if one.id == request.GET.get("card")), None)
    if block is None:
        raise Http404
    table = block.rows()
    foot = [ui.Row(table.foot)] if table.foot else []
    return sheets.sheet(request, table.columns, [*table.rows, *foot], str(block.title))

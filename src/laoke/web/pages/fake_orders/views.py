"""Views of orders that look fake: the list to decide on, the line from which they leave the figures, the weights."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from laoke.audiences.readings import NotReady, Reading, reading_of
from laoke.insights.fake_orders import flags
from laoke.insights.fake_orders.rules import FLOOR, MOST
from laoke.insights.models import Decision, FakeScan, OrderFlag
from laoke.shops import jobs
from laoke.shops.models import Shop
from laoke.web import components as ui
from laoke.web import figures, lists, sheets
from laoke.web.access import allowed, clock_of, may_market, shop_of
from laoke.web.components.base import Words
from laoke.web.nav import SELLING
from laoke.web.nothing_yet import nothing_yet
from laoke.web.pages.fake_orders import listing, words
from laoke.web.pages.fake_orders.forms import RulesForm


@dataclass(frozen=True)
class LinePage:
    """The threshold, where it stands or is being moved to, and what would leave the figures there."""

    threshold: int
    kept: int
    said: str
    moved: str = ""
    low: int = FLOOR
    high: int = MOST


@dataclass(frozen=True)
class FakesPage:
    """The list with its figures; `bulk` only for those who decide."""

    kpis: ui.Kpis
    line: LinePage
    tabs: ui.Tabs
    filters: ui.Filters
    table: ui.Table
    bulk: ui.Bulk | None
    query: str
    may_change: bool
    given: listing.Asked
    signals: list[tuple[str, Words]] = field(default_factory=list)
    scanned: str = ""


@allowed(*SELLING)
def fake_orders(request: HttpRequest) -> HttpResponse:
    """The list to decide on."""
    shop, now = shop_of(request), clock_of(request).now()
    try:
        reading = reading_of(shop, now.date())
    except NotReady as trouble:
        empty = nothing_yet(trouble.code, request.role)  # type: ignore[attr-defined]
        return render(request, "customers/none.html", {"title": _("疑似刷单"), "empty": empty})
    given, threshold = listing.asked(request.GET), flags.rules_of(shop).threshold
    rows = listing.chosen(shop, given, threshold)
    found = lists.Listing(
        gettext("疑似刷单"),
        rows.select_related("decided_by"),
        listing.ORDER,
        listing.columns(),
        lines=lambda some: listing.lines(shop, reading, some, threshold, now),
    )
    if sheets.wanted(request):
        return found.sheet(request)
    return render(request, "fake_orders/list.html", {"page": _page(request, shop, reading, given, found)})


def _page(
    request: HttpRequest, shop: Shop, reading: Reading, given: listing.Asked, found: lists.Listing[OrderFlag]
) -> FakesPage:
    now = clock_of(request).now()
    may_change = may_market(request)
    count, query = found.rows.count(), request.GET.urlencode()
    stands = flags.standing(shop)
    table = found.table(
        found.found(request), request,
        empty=ui.Empty(_("这里没有订单"), _("每次导入后自动打分，到了门槛的会出现在这里")),
        order=gettext("按分数，从高到低"),
        count=ngettext("共 %(n)s 单", "共 %(n)s 单", count) % {"n": figures.exact(count)},
    )  # fmt: skip
    scan = FakeScan.objects.filter(shop=shop).first()
    return FakesPage(
        kpis=_kpis(stands),
        line=_line(shop, flags.rules_of(shop).threshold),
        tabs=_tabs(shop, stands, given),
        filters=_filters(request, given, count),
        table=replace(table, selectable=may_change),
        bulk=_bulk(count, given) if may_change and count else None,
        query=query,
        may_change=may_change,
        given=given,
        signals=list(words.SIGNALS.items()),
        scanned=figures.when(scan.scanned_at, now) if scan else "",
    )


def _kpis(stands: flags.Standing) -> ui.Kpis:
    def kpi(label: Words, sums: flags.Sums, note: Words) -> ui.Kpi:
        amount = figures.Amount.count(sums.orders, _("单"))
        return ui.Kpi(label, amount, note=f"{figures.yuan_short(sums.paid_cents)} · {note}")

    return ui.Kpis(
        [
            kpi(_("不计入"), stands.left_out, gettext("所有数字默认都不含")),
            kpi(_("疑似"), stands.suspect, gettext("分数到门槛，还没有人看")),
            kpi(_("已确认"), stands.confirmed, gettext("人定的，不计入")),
            kpi(_("已排除"), stands.cleared, gettext("人定的，照常计入")),
        ]
    )


def _line(shop: Shop, threshold: int) -> LinePage:
    kept = flags.rules_of(shop).threshold
    stands, before = flags.standing(shop, threshold), flags.standing(shop)
    apart = stands.left_out.orders - before.left_out.orders
    sums = stands.left_out
    said = gettext("不计入 %(sums)s") % {"sums": words.left_out(sums.orders, sums.paid_cents)}
    moved = ""
    if threshold != kept:
        many = gettext("比现在多 %(n)s 单") if apart >= 0 else gettext("比现在少 %(n)s 单")
        moved = many % {"n": figures.exact(abs(apart))}
    return LinePage(threshold, kept, said, moved)


@allowed(*SELLING)
def line(request: HttpRequest) -> HttpResponse:
    """What would leave the figures at another threshold; asked while it is being moved."""
    text = request.GET.get("threshold", "")
    wanted = int(text) if text.isascii() and text.isdigit() and len(text) < 4 else 0
    shop = shop_of(request)
    wanted = wanted if FLOOR <= wanted <= MOST else flags.rules_of(shop).threshold
    return render(request, "fake_orders/line.html", {"line": _line(shop, wanted)})


def _tabs(shop: Shop, stands: flags.Standing, given: listing.Asked) -> ui.Tabs:
    threshold = flags.rules_of(shop).threshold
    below = OrderFlag.objects.filter(shop=shop, decision="", score__lt=threshold).count()
    counts = {
        "suspect": stands.suspect.orders,
        "confirmed": stands.confirmed.orders,
        "cleared": stands.cleared.orders,
        "below": below,
    }
    here = reverse("fake_orders")
    return ui.Tabs(
        [
            ui.Tab(label, f"{here}?state={name}", not given.search and given.state == name, figures.wan(counts[name]))
            for name, label in listing.STATES.items()
        ],
        _("状态"),
    )  # fmt: skip


def _filters(request: HttpRequest, given: listing.Asked, count: int) -> ui.Filters:
    made = lists.filters(
        request,
        gettext("订单编号"),
        count=count,
        keep=("state", "signal", "least"),
        chips=listing.chips(given, request.GET.urlencode()),
    )
    return replace(made, add=ui.Action(_("条件"), dialog="conditions"))


def _bulk(count: int, given: listing.Asked) -> ui.Bulk:
    def act(decision: str, kind: str = "") -> ui.Action:
        url = reverse("fake_orders_decide", args=[decision])
        return ui.Action(words.DECISIONS[decision], url, kind)  # type: ignore[arg-type]

    acts = [act("confirmed", "danger"), act("cleared", "primary")]
    if given.search or given.state in (Decision.CONFIRMED, Decision.CLEARED):
        acts.append(act("undecide"))
    return ui.Bulk(
        "fakes",
        acts,
        _("单"),
        figures.exact(count),
    )


@dataclass(frozen=True)
class RulesPage:
    """The weights with what each signal looks at."""

    form: forms.Form
    may_change: bool
    facts: ui.Facts


@allowed(*SELLING)
@require_http_methods(["GET", "POST"])
def rules(request: HttpRequest) -> HttpResponse:
    """Points by signal. Changing them scores all orders anew; what people decided stays."""
    shop, now = shop_of(request), clock_of(request).now()
    may_change = may_market(request)
    if request.method == "POST" and not may_change:
        raise PermissionDenied
    known = flags.rules_of(shop)
    form = RulesForm(request.POST if request.method == "POST" else None, rules=known)
    if request.method == "POST" and form.is_valid():
        if flags.change_rules(shop, form.chosen(), by=request.user, now=now):  # type: ignore[arg-type]
            jobs.queue("fake_orders", shop=shop, now=now, by=request.user)  # type: ignore[arg-type]
            messages.success(request, gettext("已存，正在给全部订单重新打分"))
        return redirect("fake_orders_rules")
    facts = ui.Facts([(words.SIGNALS[name], str(points)) for name, points in known.points.items()])
    page = RulesPage(form, may_change, facts)
    status = 422 if request.method == "POST" else 200
    return render(request, "fake_orders/rules.html", {"page": page}, status=status)

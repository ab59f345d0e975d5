"""Coupon budgets: the list with the form for a new one, and one budget: what is known and assumed, who gets what."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from laoke.audiences.models import Segment
from laoke.audiences.slow_counts import SHOWN, on_page
from laoke.campaigns import coupon_budgets
from laoke.campaigns.coupon_budgets import BudgetRefused
from laoke.campaigns.models import CouponBudget
from laoke.promotions.models import Backtest
from laoke.shops.joins import listed
from laoke.shops.models import Shop
from laoke.shops.unavailable_words import told
from laoke.warehouse.limits import TooLong
from laoke.web import components as ui
from laoke.web import figures, lists, sheets
from laoke.web.access import allowed, clock_of, may_market, shop_of
from laoke.web.charts.budgets import money_by_group, money_by_group_table
from laoke.web.components.base import Words
from laoke.web.nav import SELLING
from laoke.web.pages.budgets.forms import BudgetForm, ResponseForm
from laoke.web.pages.budgets.words import headline, outcome_table

REFUSALS: dict[str, Words] = {
    "no_facts": _("还没有导入订单，不知道人群里有谁"),
    "no_segment": _("选的人群有的已经不在了，重新建一个预算"),
    "too_many": _("人群或面额太多了"),
    "no_response": _("没有量过，也没有写假设，说不出谁该发多少。先写假设，或者先发一轮带券、留对照的"),
}


@dataclass(frozen=True)
class BudgetList:
    """The form for a new one beside those that there are; without segments, the way to them."""

    form: BudgetForm | None
    no_segments: ui.Empty | None
    filters: ui.Filters
    table: ui.Table


@dataclass(frozen=True)
class BudgetPage:
    """One budget. `form` is None for who may only look; the result's parts are None until it is worked out."""

    row: CouponBudget
    facts: list[str]
    form: ResponseForm | None
    notice: ui.Notice | None
    kpis: ui.Kpis | None
    verdict: ui.Notice | None
    table: ui.Table | None
    chart: ui.ChartCard | None
    worked_out: str


@allowed(*SELLING)
def budgets(request: HttpRequest) -> HttpResponse:
    shop, now = shop_of(request), clock_of(request).now()
    listing = _listing(request, now)
    if sheets.wanted(request):
        return listing.sheet(request)
    form, no_segments = None, None
    if may_market(request):
        segments = list(Segment.objects.filter(shop=shop, archived=False).order_by("pk")[:200])
        initial = {"margin": _usual_margin(shop)}
        form = BudgetForm(request.POST or None, segments=segments, initial=initial)
        if request.method == "POST" and form.is_valid():
            made = _make(request, form)
            if made is not None:
                return redirect("budget", made.pk)
        if not segments:
            form, no_segments = None, _no_segments()
    elif request.method == "POST":
        raise PermissionDenied
    count = listing.rows.count()
    table = listing.table(
        listing.found(request),
        request,
        empty=ui.Empty(gettext("还没有预算"), gettext("写下预算和几档面额，看每一群发哪一档最赚")),
        order=gettext("新的在前"),
        count=gettext("共 %(n)s 个") % {"n": figures.exact(count)},
    )
    page = BudgetList(form, no_segments, lists.filters(request, gettext("名称"), count=count), table)
    wrong = form is not None and bool(form.errors)
    return render(request, "budgets/list.html", {"page": page}, status=422 if wrong else 200)


def _usual_margin(shop: Shop) -> int | None:
    """Margin per order of the newest backtest that knew costs; None without one."""
    for row in Backtest.objects.filter(shop=shop).order_by("-pk")[:20]:
        known, margin = row.result.get("cost_known_orders"), row.result.get("margin_before_cents")
        if known and margin and margin > 0:
            return round(margin / known)
    return None


def _no_segments() -> ui.Empty:
    return ui.Empty(
        gettext("还没有人群"),
        gettext("先建几个人群，再看谁发哪一档"),
        ui.Action(gettext("现成的人群"), reverse("segments_ready"), "primary"),
    )


def _make(request: HttpRequest, form: BudgetForm) -> CouponBudget | None:
    data = form.cleaned_data
    try:
        return coupon_budgets.make(
            shop_of(request), name=data["name"], budget_cents=data["budget"], margin_cents=data["margin"],
            message_millis=(data["message"] or 0) * 10, used_bp=data["used"] * 100, segments=data["segments"],
            faces=data["faces"], by=request.user, now=clock_of(request).now(),  # type: ignore[arg-type]
        )  # fmt: skip
    except BudgetRefused as refused:
        form.add_error(None, str(REFUSALS[refused.code]))
        return None


def _listing(request: HttpRequest, now: datetime) -> lists.Listing[CouponBudget]:
    rows = CouponBudget.objects.filter(shop=shop_of(request))
    if wanted := lists.searched(request):
        rows = rows.filter(name__icontains=wanted)
    return lists.Listing(
        gettext("券预算"),
        rows,
        ("-pk",),
        columns=[
            ui.Column("name", gettext("名称")),
            ui.Column("budget", gettext("预算（元）"), "num"),
            ui.Column("spent", gettext("会花（元）"), "num", priority=2, card="hide"),
            ui.Column("gained", gettext("会多赚（元）"), "num", card="end"),
            ui.Column("basis", gettext("依据"), "nowrap", priority=2),
            ui.Column("at", gettext("算于"), "nowrap", priority=3),
        ],
        lines=lambda found: [_row(one, now) for one in found],
    )


def _row(one: CouponBudget, now: datetime) -> ui.Row:
    result = one.result or {}
    basis = "" if one.result is None else gettext("量过的") if result["measured"] else gettext("有假设")
    return ui.Row(
        [
            ui.Cell(one.name),
            figures.cents(one.budget_cents),
            figures.cents(result.get("spent_cents")),
            figures.cents(result.get("gained_cents")),
            basis,
            figures.when(one.worked_out_at, now) if one.worked_out_at else gettext("还没算"),
        ],
        id=str(one.pk),
        url=reverse("budget", args=[one.pk]),
    )


@allowed(*SELLING)
def budget(request: HttpRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(CouponBudget, shop=shop_of(request), pk=pk)
    segments = coupon_budgets.segments_of(row)
    responses = coupon_budgets.measured_responses(row.shop)
    form = None
    if may_market(request):
        form = ResponseForm(request.POST or None, row=row, segments=segments, responses=responses)
        if request.method == "POST":
            # A budget whose every response was measured asks for nothing, and an empty form is as good as sent.
            form.is_bound = True
            if form.is_valid():
                try:
                    with on_page(SHOWN):
                        coupon_budgets.work_out(
                            row, form.assumed(), by=request.user, clock=clock_of(request)  # type: ignore[arg-type]
                        )  # fmt: skip
                    messages.success(request, gettext("算好了"))
                    return redirect("budget", row.pk)
                except BudgetRefused as refused:
                    form.add_error(None, str(REFUSALS[refused.code]))
                except TooLong as slow:
                    form.add_error(None, told(slow))
    elif request.method == "POST":
        raise PermissionDenied
    wrong = form is not None and bool(form.errors)
    page = _page(row, form, segments, clock_of(request).now())
    return render(request, "budgets/budget.html", {"page": page}, status=422 if wrong else 200)


def _page(row: CouponBudget, form: ResponseForm | None, segments: list[Segment], now: datetime) -> BudgetPage:
    facts = [
        gettext("预算 %(money)s") % {"money": figures.yuan(row.budget_cents)},
        gettext("每单毛利 %(money)s") % {"money": figures.yuan(row.margin_cents)},
        gettext("面额 %(faces)s 元") % {"faces": listed([figures.exact(face / 100) for face in row.faces])},
    ]
    if row.used_bp < 10_000:
        facts.append(gettext("%(share)s 的单用券") % {"share": figures.percent(row.used_bp / 10_000)})
    notice = None
    if len(segments) < len(row.segments):
        notice = ui.Notice(str(REFUSALS["no_segment"]), gettext("人群不全"), "warn")
    result = row.result
    if result is None:
        return BudgetPage(row, facts, form, notice, None, None, None, None, "")
    chart = None
    if any(group["chosen"] for group in result["groups"]):
        chart = ui.ChartCard(
            "by-group",
            gettext("每群花多少、多赚多少"),
            money_by_group(result),
            money_by_group_table(result),
            gettext("每个人群花的券钱和多赚的钱"),
            sub=gettext("元"),
            legend=ui.Legend([(gettext("多赚"), "c1", ""), (gettext("花"), "c3", "")]),
        )
    return BudgetPage(
        row, facts, form, notice, _kpis(row, result), headline(result), outcome_table(result), chart,
        figures.when(row.worked_out_at, now),
    )  # fmt: skip


def _kpis(row: CouponBudget, result: dict[str, Any]) -> ui.Kpis:
    left = row.budget_cents - result["spent_cents"]
    between = ""
    if result["low_cents"] != result["high_cents"]:
        between = gettext("%(low)s 到 %(high)s") % {
            "low": figures.yuan(result["low_cents"]), "high": figures.yuan(result["high_cents"]),
        }  # fmt: skip
    return ui.Kpis(
        [
            ui.Kpi(gettext("会多赚"), figures.Amount.money(result["gained_cents"]), note=between),
            ui.Kpi(
                gettext("会花"),
                figures.Amount.money(result["spent_cents"]),
                note=gettext("剩 %(left)s") % {"left": figures.yuan(left)},
            ),
            ui.Kpi(
                gettext("最多能多赚"),
                figures.Amount.money(result["bound_cents"]),
                note=gettext("已证明没有更好的分法") if result["proven"] else gettext("没有分法能超过它"),
            ),
            ui.Kpi(
                gettext("预算不限时"),
                figures.Amount.money(result["free_cents"]),
                note=gettext("每群都发最赚的那档"),
            ),
        ]
    )

"""Plans side by side: made from a backtest, kept with a campaign, shown with what differs from the first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from laoke.campaigns import plan_comparisons
from laoke.campaigns.backtest_jobs import page_can, queue_again, queue_comparison
from laoke.campaigns.models import Campaign, CampaignState, PlanComparison
from laoke.campaigns.plan_comparisons import ComparisonRefused, Plan, title_of
from laoke.money import FULL_BP
from laoke.promotions.deepening import Assumed, Depth
from laoke.promotions.depth.break_even import BreakEven
from laoke.promotions.models import Backtest
from laoke.promotions.offers import OfferRefused
from laoke.shops.joins import clauses
from laoke.shops.models import Shop
from laoke.web import components as ui
from laoke.web import figures, sheets
from laoke.web.access import MARKETING, allowed, clock_of, may_market, shop_of
from laoke.web.charts.backtests import plans_by_net, plans_by_net_table
from laoke.web.components.base import Words
from laoke.web.components.tables import CellValue
from laoke.web.nav import SELLING
from laoke.web.pages.offers.depth_forms import CompareForm, Place
from laoke.web.pages.offers.depth_words import lift_text

REFUSALS: dict[str, Words] = {
    "none": _("再选一个回放，或写一组别的数"),
    "too_many": _("最多并排 5 个"),
    "other_days": _("只能比同一段日子的回放"),
    "no_change": _("这个优惠换不成这样的数：满减和券写 299-30，打折写 8.5"),
}
OTHERS = 20


@dataclass(frozen=True)
class ComparisonPage:
    """One comparison. `changed` says that facts are newer than it; `again` is whether it may be priced again."""

    row: PlanComparison
    facts: list[str]
    changed: ui.Notice | None
    again: bool
    verdict: ui.Notice
    table: ui.Table
    chart: ui.ChartCard | None


def compare_form(request: HttpRequest, one: Backtest) -> CompareForm:
    """The form beside a backtest, bound when it was sent."""
    shop, now = shop_of(request), clock_of(request).now()
    same = Backtest.objects.filter(shop=shop, period_from=one.period_from, period_to=one.period_to)
    others, seen = [], {_plan_key(one)}
    for other in same.exclude(pk=one.pk).order_by("-pk")[: 3 * OTHERS]:
        if _plan_key(other) not in seen and not other.result.get("refused"):
            seen.add(_plan_key(other))
            others.append(other)
    campaigns = Campaign.objects.filter(shop=shop).exclude(state=CampaignState.CANCELLED)
    campaigns = campaigns.order_by("-day", "-pk")[:50]
    used_by = campaigns_with(shop, one, now)
    start = {
        "name": gettext("%(name)s 并排") % {"name": (used_by.name if used_by else title_of(one))[:60]},
        "campaign": str(used_by.pk) if used_by else "",
    }
    return CompareForm(
        request.POST if request.method == "POST" else None,
        one=one,
        others=others[:OTHERS],
        campaigns=list(campaigns),
        initial=start,
    )


def _plan_key(one: Backtest) -> str:
    return "|".join(sorted(f"{offer['name']}:{offer['what']}" for offer in one.offers))


def campaigns_with(shop: Shop, one: Backtest, now: datetime) -> Campaign | None:
    """The next campaign that uses an offer of this backtest, or the last that did."""
    rows = [offer["row"] for offer in one.offers if offer.get("row")]
    found = Campaign.objects.filter(shop=shop, campaign_offers__offer__in=rows).distinct()
    coming = found.filter(ends_at__gt=now).order_by("day", "pk").first()
    return coming or found.order_by("-day", "-pk").first()


def make_comparison(request: HttpRequest, one: Backtest, form: CompareForm) -> str | None:
    """Where what a valid form asks for stands, or the job that makes it; None with the reason on the form."""
    shop, data, clock = shop_of(request), form.cleaned_data, clock_of(request)
    others = list(Backtest.objects.filter(shop=shop, pk__in=data.get("others") or []).order_by("pk"))
    campaign = Campaign.objects.filter(shop=shop, pk=data["campaign"] or 0).first()
    try:
        variations = [_variation(one, form.place, *change) for change in data.get("changes") or []]
        asked = (shop, data["name"], one, others, variations)
        if not page_can(shop, 1 + len(others) + len(variations), one.period_from, one.period_to):
            job = queue_comparison(*asked, campaign=campaign, by=request.user, now=clock.now())  # type: ignore[arg-type]
            return reverse("backtest_job", args=[job.pk])
        row = plan_comparisons.compare(*asked, campaign=campaign, by=request.user, clock=clock)  # type: ignore[arg-type]
        return reverse("comparison", args=[row.pk])
    except ComparisonRefused as refused:
        form.add_error(None, str(REFUSALS[refused.code]))
    except OfferRefused as refused:
        form.add_error(None, refused.message)
    return None


def _variation(one: Backtest, place: Place, said: str, given: list[int]) -> tuple[str, Plan]:
    name = place.name(said)
    plan = plan_comparisons.varied(one, place.offer_id, given, name, place.step)
    return _label(one, place.offer_id, name), plan


def _label(one: Backtest, offer_id: str, name: str) -> str:
    """A plan by the names of its offers, one of them changed."""
    return " + ".join(name if offer["offer_id"] == offer_id else offer["name"] for offer in one.offers)


@allowed(*SELLING)
def comparison(request: HttpRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(PlanComparison.objects.select_related("campaign"), shop=shop_of(request), pk=pk)
    page = _page(request, row)
    if sheets.wanted(request):
        return sheets.book(request, [(gettext("并排"), _whole(page.table))], row.name)
    return render(request, "offers/comparison.html", {"page": page})


@require_POST
@allowed(*MARKETING)
def comparison_again(request: HttpRequest, pk: int) -> HttpResponse:
    """Price all of it on the facts of now, here or by the worker."""
    shop = shop_of(request)
    row = get_object_or_404(PlanComparison, shop=shop, pk=pk)
    first = plan_comparisons.variants_of(row)[0][1]
    if not page_can(shop, len(row.variants), first.period_from, first.period_to):
        job = queue_again(row, by=request.user, now=clock_of(request).now())  # type: ignore[arg-type]
        return redirect("backtest_job", job.pk)
    try:
        plan_comparisons.again(row, by=request.user, clock=clock_of(request))  # type: ignore[arg-type]
        messages.success(request, gettext("用现在的数据算好了"))
    except OfferRefused as refused:
        messages.error(request, refused.message)
    return redirect("comparison", row.pk)


def _page(request: HttpRequest, row: PlanComparison) -> ComparisonPage:
    now = clock_of(request).now()
    variants = plan_comparisons.variants_of(row)
    told = [plan_figures(one) for _, one in variants]
    first = variants[0][1]
    facts = [
        figures.day_range(first.period_from, first.period_to, now),
        gettext("%(n)s 单") % {"n": figures.exact(first.result["orders"])},
        gettext("算于 %(at)s") % {"at": figures.when(row.created_at, now)},
    ]
    chart = None
    if _same_orders(told) and any(one["net"] is not None for one in told):
        names = [_letter(place, name) for place, (name, _one) in enumerate(variants)]
        chart = ui.ChartCard(
            "plans",
            gettext("净利和让利"),
            plans_by_net(names, told),
            plans_by_net_table(names, told),
            gettext("每个方案剩多少、让多少"),
            sub=gettext("成本已知的订单的净利，所有订单的让利，元"),
            legend=ui.Legend([(gettext("净利"), "c1", ""), (gettext("让利"), "c3", "")]),
        )
    may = may_market(request)
    return ComparisonPage(
        row, facts, _changed(row, now), may, _verdict(variants, told), _table(variants, told), chart
    )


def _changed(row: PlanComparison, now: datetime) -> ui.Notice | None:
    entry = plan_comparisons.changed_since(row.catalog_ref)
    if entry is None:
        return None
    text = gettext("算好以后，订单、商品或刷单的数据在 %(at)s 变过，下面还是当时的数。")
    return ui.Notice(text % {"at": figures.when(entry.created_at, now)}, gettext("数据变过"), "warn")


def _letter(place: int, name: str) -> str:
    return f"{'ABCDE'[place]} {name}"


def plan_figures(one: Backtest) -> dict[str, Any]:
    """What a plan is compared by, in cents and orders; None where it is not known.

    `known` is how many orders net, margin and losses are of; `basis` differs between plans where they are of different
    orders, as an order with a gift of unknown cost is in none of them.
    """
    result = one.result
    if result.get("refused"):
        names = ("orders", "given", "revenue", "share_bp", "known", "basis", *COSTED)
        return dict.fromkeys(names) | {"needed": result["needed_orders"]}
    row = getattr(one, "depth", None)
    depth = Depth(row.facts, Assumed.read(row.assumed)) if row is not None else None
    net = depth.facts["net"] if depth is not None else None
    known = net is not None and net["orders"] > 0
    listed = result["list_cents"]
    return {
        "orders": result["discounted_orders"],
        "given": result["discount_cents"],
        "share_bp": round(result["discount_cents"] * FULL_BP / listed) if listed else None,
        "revenue": result["revenue_after_cents"],
        "known": result["cost_known_orders"],
        "basis": (result["cost_known_orders"], result["margin_before_cents"]),
        "margin": result["margin_after_cents"],
        "net": net["after_net_cents"] if net is not None and known else None,
        "losing": net["losing_after"] if net is not None and known else None,
        "loss": net["loss_after_cents"] if net is not None and known else None,
        "lift": depth.break_even("listed") if depth is not None else None,
    }


def _same_orders(told: Sequence[dict[str, Any]]) -> bool:
    """Whether what rests on costs is of the same orders in every plan."""
    return len({one["basis"] for one in told if one["basis"] is not None}) < 2


def _verdict(variants: Sequence[tuple[str, Backtest]], told: Sequence[dict[str, Any]]) -> ui.Notice:
    known = [(one["net"], place) for place, one in enumerate(told) if one["net"] is not None]
    if not known:
        return ui.Notice(gettext("没有一单知道成本，只能比让利和成交。"), gettext("说不出哪个最赚"), "warn")
    if not _same_orders(told):
        return ui.Notice(
            gettext(
                "每个方案成本已知的订单不一样：送了成本未知的赠品的单不在里面。毛利、净利、亏损和要多卖多少都不能比，先写上赠品的成本。"
            ),
            gettext("说不出哪个最赚"),
            "warn",
        )
    net, place = max(known, key=lambda one: (one[0], -one[1]))
    text = gettext("顾客行为不变时，它剩 %(net)s。带来更多订单的方案可能反过来，看各要多卖多少。")
    return ui.Notice(
        text % {"net": figures.yuan(net)},
        gettext("%(name)s 净利最高") % {"name": _letter(place, variants[place][0])},
        "ok",
    )


ROWS: tuple[tuple[str, Words], ...] = (
    ("orders", _("被优惠到的订单")),
    ("given", _("让利（元）")),
    ("share_bp", _("让掉原价的")),
    ("revenue", _("成交（元）")),
    ("known", _("成本已知的订单")),
    ("margin", _("毛利（元）")),
    ("net", _("净利（元）")),
    ("losing", _("会亏的订单")),
    ("loss", _("亏损（元）")),
    ("lift", _("要多卖才回本")),
)
COSTED = ("margin", "net", "losing", "loss", "lift")
"""These are of the orders whose cost is known, and are held against each other only where those are the same."""
MONEY = ("given", "revenue", "margin", "net", "loss")


def _table(variants: Sequence[tuple[str, Backtest]], told: Sequence[dict[str, Any]]) -> ui.Table:
    """A row per figure, a column per plan; under each figure what differs from the first. The best net is tinted.

    What rests on costs is not compared where the plans know them of different orders.
    """
    same = _same_orders(told)
    known = [one["net"] for one in told if one["net"] is not None] if same else []
    best = next((place for place, one in enumerate(told) if known and one["net"] == max(known)), -1)
    columns = [
        ui.Column("what", ""),
        *(ui.Column(f"v{place}", _letter(place, name), "num") for place, (name, _one) in enumerate(variants)),
    ]
    rows = [ui.Row([gettext("优惠"), *(ui.Cell(_offers(one)) for _, one in variants)])]
    for key, label in ROWS:
        cells: list[ui.Cell | str] = [str(label)]
        compared = same or key not in COSTED
        for place, one in enumerate(told):
            bad = compared and key in ("losing", "loss") and one[key]
            tone = "best" if place == best else "bad" if bad else ""
            differs = _difference(key, one, told[0]) if place and compared else ""
            cells.append(ui.Cell(_value(key, one), sub=differs, tone=tone))
        rows.append(ui.Row(cells))
    return ui.Table(columns, rows, caption=gettext("并排看"), cards=False, compare=True, stick_first=True)


def _offers(one: Backtest) -> str:
    if one.result.get("refused"):
        return gettext("订单太少，要 %(n)s 单") % {"n": figures.exact(one.result["needed_orders"])}
    return clauses(offer["what"] for offer in one.offers)


def _value(key: str, one: dict[str, Any]) -> str:
    value = one[key]
    if value is None:
        return "—"
    if key == "lift":
        return lift_text(value)
    if key in MONEY:
        return figures.cents(value)
    return figures.percent(value / FULL_BP) if key == "share_bp" else figures.exact(value)


def _difference(key: str, one: dict[str, Any], first: dict[str, Any]) -> str:
    mine, its = one[key], first[key]
    if key == "lift":
        if not isinstance(mine, BreakEven) or not isinstance(its, BreakEven):
            return ""
        mine, its = mine.lift_bp, its.lift_bp
    if mine is None or its is None or mine == its:
        return ""
    change = mine - its
    sign = "+" if change > 0 else ""
    if key in ("share_bp", "lift"):
        return f"{sign}{figures.points(change / FULL_BP, 2 if key == 'lift' else 1)}"
    return f"{sign}{figures.cents(change) if key in MONEY else figures.exact(change)}"


def _whole(table: ui.Table) -> ui.Table:
    """The table for a workbook: its first column has a head, and what differs stands in columns of its own."""
    columns = [ui.Column("what", gettext("指标"))]
    for place, column in enumerate(table.columns[1:]):
        columns.append(column)
        if place:
            columns.append(
                ui.Column(f"{column.key}-d", gettext("%(name)s，比 A") % {"name": column.label}, "num")
            )
    rows = []
    for row in table.rows:
        cells: list[CellValue] = [row.cells[0]]
        for place, cell in enumerate(row.cells[1:]):
            cells.append(cell)
            if place:
                cells.append(str(cell.sub).removeprefix("+") if isinstance(cell, ui.Cell) else "")
        rows.append(ui.Row(cells))
    return ui.Table(columns, rows)


def kept_with(shop: Shop, campaign: Campaign | None, now: datetime, most: int = 10) -> ui.TodoList | None:
    """The comparisons of a campaign, or of the whole shop; None without any."""
    rows = PlanComparison.objects.filter(Q(campaign=campaign) if campaign is not None else Q(), shop=shop)
    items = [
        ui.Todo(
            row.name,
            " · ".join(one["name"] for one in row.variants),
            "table",
            value=figures.when(row.created_at, now),
            url=reverse("comparison", args=[row.pk]),
        )
        for row in rows.order_by("-pk")[:most]
    ]
    return ui.TodoList(items) if items else None

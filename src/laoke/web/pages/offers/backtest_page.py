"""One backtest in full: its sums, what is seen deeper, the assumptions and the plans beside it."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext, ngettext, pgettext
from django.views.decorators.http import require_POST

from laoke.campaigns.plan_comparisons import changed_since, title_of
from laoke.promotions.backtesting import assume, replayed_terms
from laoke.promotions.deepening import Depth
from laoke.promotions.engine import Layer
from laoke.promotions.models import Backtest, BacktestDepth
from laoke.shops.joins import phrases
from laoke.web import components as ui
from laoke.web import figures, sheets
from laoke.web.access import MARKETING, allowed, clock_of, may_market, shop_of
from laoke.web.charts.offers import money_flow, money_flow_table
from laoke.web.nav import SELLING
from laoke.web.pages.offers.comparisons import compare_form, make_comparison
from laoke.web.pages.offers.depth import DepthView, depth_of, depth_view, initial
from laoke.web.pages.offers.depth_forms import AssumedForm, CompareForm
from laoke.web.pages.offers.depth_sheets import workbook
from laoke.web.pages.offers.depth_words import (
    LAYERS,
    by_layer,
    idle_notice,
    lift_kpi,
    net_kpi,
    notes,
    verdict,
)

COMPARED = 5


@dataclass(frozen=True)
class BacktestPage:
    """One backtest. A refused one has only its sentence, an older one no `depth`."""

    backtest: Backtest
    title: str
    facts: list[str]
    refusal: ui.Notice | None
    kpis: ui.Kpis | None
    verdict: ui.Notice | None
    per_offer: ui.Table | None
    compare: ui.Table | None
    flow: ui.ChartCard | None
    losses: ui.Table | None
    again: str
    idle: ui.Notice | None = None
    layers: ui.Table | None = None
    depth: DepthView | None = None
    comparing: CompareForm | None = None
    changed: ui.Notice | None = None


@allowed(*SELLING)
def backtest(request: HttpRequest, pk: int) -> HttpResponse:
    shop, now = shop_of(request), clock_of(request).now()
    one = get_object_or_404(Backtest, shop=shop, pk=pk)
    if sheets.wanted(request) and not one.result.get("refused"):
        return workbook(request, one, depth_of(one), _per_offer(one), now)
    return show_backtest(request, one)


@require_POST
@allowed(*MARKETING)
def backtest_assume(request: HttpRequest, pk: int) -> HttpResponse:
    """Keep other assumptions about buyers with a backtest; nothing is priced again."""
    one = get_object_or_404(Backtest, shop=shop_of(request), pk=pk)
    row = get_object_or_404(BacktestDepth, backtest=one)
    form = AssumedForm(request.POST)
    if not form.is_valid():
        return show_backtest(request, one, assuming=form)
    assume(row, form.assumed(), by=request.user, now=clock_of(request).now())  # type: ignore[arg-type]
    return redirect(reverse("backtest", args=[one.pk]) + "#steps")


@require_POST
@allowed(*MARKETING)
def backtest_compare(request: HttpRequest, pk: int) -> HttpResponse:
    """Put plans side by side; what cannot be compared is said here."""
    one = get_object_or_404(Backtest, shop=shop_of(request), pk=pk)
    form = compare_form(request, one)
    target = make_comparison(request, one, form) if form.is_valid() else None
    return show_backtest(request, one, comparing=form) if target is None else redirect(target)


def show_backtest(
    request: HttpRequest,
    one: Backtest,
    *,
    assuming: AssumedForm | None = None,
    comparing: CompareForm | None = None,
) -> HttpResponse:
    """The page of a backtest, with a form that was not accepted where there is one."""
    now, may = clock_of(request).now(), may_market(request)
    wrong = assuming is not None or comparing is not None
    depth = None if one.result.get("refused") else depth_of(one)
    page = _page(one, now, depth)
    if depth is not None:
        form = assuming or (AssumedForm(initial=initial(depth)) if may else None)
        page = replace(page, depth=depth_view(one, depth, form, now), losses=None)
    if may and not one.result.get("refused"):
        page = replace(page, comparing=comparing or compare_form(request, one))
    return render(request, "offers/backtest.html", {"page": page}, status=422 if wrong else 200)


def _page(one: Backtest, now: datetime, depth: Depth | None) -> BacktestPage:
    result = one.result
    again = reverse("backtests") + "?" + "&".join(f"offers={o['row']}" for o in one.offers if o.get("row"))
    facts = _facts(one, now)
    if result.get("refused"):
        text = gettext("这段日子只有 %(found)s 单，要 %(needed)s 单才说得准。换长一点的日子再试。") % {
            "found": figures.exact(result["orders"]),
            "needed": figures.exact(result["needed_orders"]),
        }
        notice = ui.Notice(
            text, gettext("订单太少，不给数字"), "warn", action=ui.Action(gettext("换时段"), again)
        )
        return BacktestPage(one, title_of(one), facts, notice, None, None, None, None, None, None, again)
    known = result["cost_known_orders"] / result["orders"] if result["orders"] else 0
    facts.append(gettext("成本已知 %(share)s") % {"share": figures.percent(known)})
    return BacktestPage(
        one,
        title_of(one),
        facts,
        None,
        _kpis(result, depth),
        verdict(result, depth),
        _per_offer(one),
        _compare(one, now),
        _flow(result),
        _losses(result),
        again,
        idle=idle_notice(one),
        layers=by_layer(one),
        changed=_changed(one, now),
    )


def _facts(one: Backtest, now: datetime) -> list[str]:
    """The days, how many orders, and what is missing or assumed of them."""
    return [
        figures.day_range(one.period_from, one.period_to, now),
        gettext("%(n)s 单") % {"n": figures.exact(one.result["orders"])},
        *notes(one),
    ]


def _changed(one: Backtest, now: datetime) -> ui.Notice | None:
    entry = changed_since(one.catalog_ref)
    if entry is None:
        return None
    text = gettext("回放以后，订单、商品或刷单的数据在 %(at)s 变过，下面还是当时的数。")
    return ui.Notice(text % {"at": figures.when(entry.created_at, now)}, gettext("数据变过"))


def _kpis(result: dict[str, Any], depth: Depth | None) -> ui.Kpis:
    share = result["discounted_orders"] / result["orders"] if result["orders"] else None
    before, after = result["margin_before_cents"], result["margin_after_cents"]
    delta = None
    if before and after is not None:
        delta = ui.Delta(after - before, figures.percent(abs(after / before - 1)), gettext("比当时"))
    mean, half = result.get("mean_discount_cents"), result.get("mean_discount_half_width_cents")
    each = ""
    if mean is not None:
        each = gettext("每单 %(mean)s") % {"mean": figures.yuan(round(mean))}
        if half is not None:
            each += f" ± {figures.cents(round(half))}"
    return ui.Kpis(
        [
            ui.Kpi(
                gettext("被优惠到的订单"),
                figures.Amount.count(result["discounted_orders"], gettext("单")),
                note=gettext("占 %(share)s") % {"share": figures.percent(share)},
            ),
            ui.Kpi(gettext("让利"), figures.Amount.money(result["discount_cents"]), note=each),
            ui.Kpi(gettext("毛利"), figures.Amount.money(after), delta, note=_margin_note(result)),
            *([net_kpi(depth)] if depth is not None else []),
            ui.Kpi(
                gettext("会亏的订单"),
                figures.Amount.count(result["loss_orders_after"], gettext("单")),
                note=_loss_note(result, depth),
            ),
            *([lift_kpi(depth)] if depth is not None else []),
        ]
    )


def _loss_note(result: dict[str, Any], depth: Depth | None) -> str:
    """How much is lost, and how many orders lose when fee and postage count too."""
    parts = []
    if result["loss_orders_after"]:
        parts.append(gettext("共亏 %(cents)s") % {"cents": figures.yuan(result["loss_cents_after"])})
    losing = depth.facts["net"]["losing_after"] if depth is not None else None
    if losing and losing != result["loss_orders_after"]:
        parts.append(gettext("算上扣点和运费 %(n)s 单") % {"n": figures.exact(losing)})
    return phrases(parts)


def _margin_note(result: dict[str, Any]) -> str:
    """Of which orders it is, and that gifts, benefits and waived postage are taken off it."""
    beside = result.get("gift_cost_cents", 0) + result.get("postage_off_cents", 0)
    if not beside:
        return gettext("成本已知的订单")
    return gettext("成本已知的订单；赠品、权益和免掉的运费 %(cents)s 算成本") % {
        "cents": figures.yuan(beside)
    }


def _per_offer(one: Backtest) -> ui.Table:
    names = {offer["offer_id"]: offer for offer in one.offers}
    return ui.Table(
        columns=[
            ui.Column("offer", pgettext("one of a list", "优惠")),
            ui.Column("what", gettext("内容"), "nowrap", priority=2),
            ui.Column("layer", gettext("哪一层"), "nowrap", priority=3, card="hide"),
            ui.Column("reach", gettext("够得着的订单"), "num", label_on_card=gettext("够得着")),
            ui.Column("used", gettext("用上的订单"), "num", card="hide"),
            ui.Column("given", gettext("让利（元）"), "num", card="end"),
        ],
        rows=[
            ui.Row(
                [
                    names.get(found["offer_id"], {}).get("name", found["offer_id"]),
                    names.get(found["offer_id"], {}).get("what", ""),
                    str(LAYERS.get(names.get(found["offer_id"], {}).get("layer", ""), "")),
                    figures.exact(found["qualifying_orders"]),
                    figures.exact(found["used_orders"]),
                    _given(found, names.get(found["offer_id"], {}).get("layer", "")),
                ],
                url=_offer_url(names.get(found["offer_id"], {})),
            )
            for found in one.result["offers"]
        ],
        caption=gettext("每个优惠"),
    )


def _given(found: dict[str, Any], layer: str) -> str:
    """What an offer gave: money, or gifts and benefits by number. Older backtests knew neither."""
    pieces = found.get("gift_pieces", 0)
    if not pieces:
        return figures.cents(found["discount_cents"])
    if layer == Layer.BENEFIT:
        return gettext("权益 %(n)s 份") % {"n": figures.exact(pieces)}
    return ngettext("%(n)s 件赠品", "%(n)s 件赠品", pieces) % {"n": figures.exact(pieces)}


def _offer_url(offer: dict[str, Any]) -> str:
    return reverse("offer", args=[offer["row"]]) if offer.get("row") else ""


def _compare(one: Backtest, now: datetime) -> ui.Table | None:
    """Other backtests of the same days and facts beside this one; the column with the best margin is tinted."""
    others = [
        other
        for other in Backtest.objects.filter(
            shop_id=one.shop_id,
            period_from=one.period_from,
            period_to=one.period_to,
            catalog_ref=one.catalog_ref,
        ).order_by("-pk")[:20]
        if not other.result.get("refused")
    ]
    distinct: dict[tuple[str, ...], Backtest] = {_key(one): one}
    for other in others:
        distinct.setdefault(_key(other), other)
    variants = list(distinct.values())[:COMPARED]
    then = one.result
    margins = [variant.result["margin_after_cents"] for variant in variants]
    known = [margin for margin in margins if margin is not None]
    best = margins.index(max(known)) if known and len(variants) > 1 else -1
    columns = [
        ui.Column("what", ""),
        ui.Column("then", gettext("当时实际"), "num"),
        *(ui.Column(f"v{n}", title_of(variant), "num") for n, variant in enumerate(variants)),
    ]
    rows = []
    for key, label in _labels().items():
        cells: list[ui.Cell | str] = [label, _then(key, then)]
        for number, variant in enumerate(variants):
            tone = (
                "best"
                if number == best
                else "bad"
                if key in ("lost", "loss") and variant.result["loss_orders_after"]
                else ""
            )
            cells.append(ui.Cell(_value(key, variant.result), tone=tone))
        rows.append(ui.Row(cells))
    return ui.Table(columns, rows, caption=gettext("并排看"), cards=False, compare=True, stick_first=True)


def _key(one: Backtest) -> tuple[str, ...]:
    """What its offers say: two plans may bear the same names and differ in goods or buyers."""
    return tuple(sorted(json.dumps(replayed_terms(offer), sort_keys=True) for offer in one.offers))


def _labels() -> dict[str, str]:
    return {
        "discounted": gettext("被优惠到的订单"),
        "given": gettext("让利（元）"),
        "revenue": gettext("成交（元）"),
        "margin": gettext("毛利（元）"),
        "rate": gettext("毛利率"),
        "lost": gettext("亏损的订单"),
        "loss": gettext("亏损（元）"),
    }


def _then(key: str, result: dict[str, Any]) -> str:
    return {
        "discounted": "—",
        "given": figures.cents(result["list_cents"] - result["revenue_before_cents"]),
        "revenue": figures.cents(result["revenue_before_cents"]),
        "margin": figures.cents(result["margin_before_cents"]),
        "rate": _rate(result["margin_before_cents"], result["cost_cents"]),
        "lost": figures.exact(result["loss_orders_before"]),
        "loss": figures.cents(result["loss_cents_before"]),
    }[key]


def _value(key: str, result: dict[str, Any]) -> str:
    return {
        "discounted": figures.exact(result["discounted_orders"]),
        "given": figures.cents(result["discount_cents"]),
        "revenue": figures.cents(result["revenue_after_cents"]),
        "margin": figures.cents(result["margin_after_cents"]),
        "rate": _rate(result["margin_after_cents"], result["cost_cents"]),
        "lost": figures.exact(result["loss_orders_after"]),
        "loss": figures.cents(result["loss_cents_after"]),
    }[key]


def _rate(margin: int | None, cost: int) -> str:
    """Margin per revenue of the orders whose cost is known; that revenue is margin + cost."""
    return figures.percent(margin / (margin + cost)) if margin is not None and margin + cost else "—"


def _flow(result: dict[str, Any]) -> ui.ChartCard | None:
    if result["margin_before_cents"] is None:
        return None
    option, cut = money_flow(result)
    sub = gettext("成本已知的 %(n)s 单，元") % {"n": figures.exact(result["cost_known_orders"])}
    if cut:
        sub += gettext("，轴从 %(cut)s 起") % {"cut": figures.wan(cut)}
    return ui.ChartCard(
        "flow",
        gettext("毛利怎么变的"),
        option,
        money_flow_table(result),
        gettext("从当时的毛利到用上这些优惠的毛利"),
        sub=sub,
    )


def _losses(result: dict[str, Any]) -> ui.Table:
    return ui.Table(
        columns=[
            ui.Column("order", pgettext("one of a list", "订单"), "nowrap"),
            ui.Column("loss", gettext("亏（元）"), "num", card="end"),
        ],
        rows=[
            ui.Row([one["order_id"], ui.Cell(figures.cents(-one["loss_cents"]), tone="bad")])
            for one in result["loss_examples"]
        ],
        caption=gettext("会亏的订单"),
        empty=ui.Empty(gettext("没有会亏的订单"))
        if result["cost_known_orders"]
        else ui.Empty(gettext("不知道哪些会亏"), gettext("商品的成本还没有导入")),
        tall=True,
    )

"""Backtests: offers replayed on the shop's own past orders; one in full, several side by side."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext, ngettext

from laoke.campaigns.editing import backtest_seen
from laoke.campaigns.models import Campaign, CampaignState
from laoke.promotions.backtesting import BacktestRefused, backtest, orders_until, usual_period
from laoke.promotions.models import Backtest, Offer
from laoke.promotions.offers import OfferRefused
from laoke.shops.joins import clauses
from laoke.web import components as ui
from laoke.web import figures, lists, sheets
from laoke.web.access import allowed, clock_of, shop_of
from laoke.web.charts.offers import money_flow, money_flow_table
from laoke.web.nav import SELLING
from laoke.web.numbers import row_number
from laoke.web.pages.offers.trying import BacktestForm
from laoke.web.pages.offers.views import may_market

COMPARED = 4


@dataclass(frozen=True)
class BacktestList:
    """The form for a new one beside those that were made; where there is no offer yet, the way to one."""

    form: BacktestForm | None
    no_offers: ui.Empty | None
    campaign: Campaign | None
    filters: ui.Filters
    tabs: ui.Tabs
    table: ui.Table
    until: date | None


@dataclass(frozen=True)
class BacktestPage:
    """One backtest. A refused one has only its sentence."""

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


@allowed(*SELLING)
def backtests(request: HttpRequest) -> HttpResponse:
    shop, now = shop_of(request), clock_of(request).now()
    listing = _listing(request, now)
    if sheets.wanted(request):
        return listing.sheet(request)
    until = orders_until(shop)
    rows = Offer.objects.filter(shop=shop, archived=False).order_by("-pk")[:200]
    chosen = request.GET.getlist("offers")
    campaign = _campaign(request) or _coming(request, now, chosen)
    first, last = usual_period(now.date(), campaign.day if campaign else None, until)
    if campaign is not None and not chosen:
        chosen = [str(offer) for offer in campaign.campaign_offers.values_list("offer_id", flat=True)]
    initial = {"offers": chosen, "period_from": first, "period_to": last}
    form = None
    if may_market(request):
        form = BacktestForm(request.POST or None, offers=list(rows), latest=now.date(), initial=initial)
        if request.method == "POST" and form.is_valid():
            made = _make(request, form, campaign)
            if made is not None:
                return redirect("backtest", made.pk)
    count = listing.rows.count()
    table = listing.table(
        listing.found(request),
        request,
        empty=ui.Empty(
            gettext("还没有回放过"), gettext("选优惠和一段过去的日子，几秒就知道要让多少利、会不会亏")
        ),
        order=gettext("新的在前"),
        count=gettext("共 %(n)s 次") % {"n": figures.exact(count)},
    )
    filters = lists.filters(request, gettext("优惠名"), count=count, keep=("view",))
    no_offers = None
    if form is not None and not rows:
        no_offers = ui.Empty(
            gettext("还没有优惠"),
            gettext("先建一个，再放到过去的订单上，看要让多少利、会不会亏"),
            ui.Action(gettext("新建优惠"), reverse("offer_new"), "primary", "plus"),
        )
    page = BacktestList(form, no_offers, campaign, filters, _tabs(request), table, until)
    wrong = form is not None and bool(form.errors)
    return render(request, "offers/backtests.html", {"page": page}, status=422 if wrong else 200)


def _campaign(request: HttpRequest) -> Campaign | None:
    number = request.POST.get("campaign") or request.GET.get("campaign") or ""
    return Campaign.objects.filter(shop=shop_of(request), pk=row_number(number) or 0).first()


def _coming(request: HttpRequest, now: datetime, chosen: list[str]) -> Campaign | None:
    """The next campaign with these offers, or with any: its days of last year are what one wants to see."""
    coming = Campaign.objects.filter(shop=shop_of(request), ends_at__gt=now, campaign_offers__isnull=False)
    if chosen:
        wanted = [row_number(number) or 0 for number in chosen]
        coming = coming.filter(campaign_offers__offer__in=wanted)
    return coming.exclude(state=CampaignState.CANCELLED).order_by("day", "pk").first()


def _make(request: HttpRequest, form: BacktestForm, campaign: Campaign | None) -> Backtest | None:
    data, shop = form.cleaned_data, shop_of(request)
    chosen = list(Offer.objects.filter(shop=shop, pk__in=data["offers"]).order_by("pk"))
    try:
        made = backtest(
            shop,
            chosen,
            data["period_from"],
            data["period_to"],
            by=request.user,  # type: ignore[arg-type]
            clock=clock_of(request),
        )
    except BacktestRefused as refused:
        words = {
            "no_facts": gettext("还没有导入订单，回放要有过去的订单"),
            "no_offers": gettext("选至少一个优惠"),
            "period": gettext("结束要不早于开始"),
        }
        form.add_error(None, words[refused.code])
        return None
    except OfferRefused as refused:
        form.add_error("offers", refused.message)
        return None
    # Whoever uses these offers has now seen what they would have cost.
    for one in Campaign.objects.filter(shop=shop, campaign_offers__offer__in=chosen).distinct():
        backtest_seen(one, made)
    if campaign is not None and not made.result.get("refused"):
        messages.success(request, gettext("「%(name)s」的优惠已记下这次回放") % {"name": campaign.name})
    return made


ASSUMED = ("member_price", "early_bird", "flash_sale", "threshold_gift")
"""Mechanics of which a backtest takes the dearest case (R17); the page says so."""

VIEWS = ("all", "loss", "fine")


def _tabs(request: HttpRequest) -> ui.Tabs:
    names = {"all": gettext("全部"), "loss": gettext("会亏的"), "fine": gettext("不会多亏的")}
    current = request.GET.get("view", "all")
    return ui.Tabs(
        [ui.Tab(names[key], lists.without_place(request, view=key), key == current, "") for key in VIEWS],
        gettext("哪些回放"),
    )


def _listing(request: HttpRequest, now: datetime) -> lists.Listing[Backtest]:
    rows = Backtest.objects.filter(shop=shop_of(request))
    view = request.GET.get("view", "all")
    if view in ("loss", "fine"):
        # Where no cost is known it is neither; and each database compares a JSON null in its own way.
        rows = rows.filter(result__cost_known_orders__gt=0)
        lost = {"result__loss_orders_after__gt": 0} if view == "loss" else {"result__loss_orders_after": 0}
        rows = rows.filter(**lost)
    if wanted := lists.searched(request):
        # The offers stand in the row as they were, so their names are looked through here.
        known = rows.values_list("pk", "offers")
        rows = rows.filter(
            pk__in=[pk for pk, offers in known if any(wanted in offer["name"] for offer in offers)]
        )
    return lists.Listing(
        gettext("回放"),
        rows,
        ("-pk",),
        columns=[
            ui.Column("offers", gettext("优惠")),
            ui.Column("period", gettext("用哪段订单"), "nowrap"),
            ui.Column("orders", gettext("订单"), "num", priority=2, card="hide"),
            ui.Column("hit", gettext("被优惠到"), "num", label_on_card=gettext("优惠到")),
            ui.Column("given", gettext("让利（元）"), "num", card="hide"),
            ui.Column("loss", gettext("亏的订单"), "num", card="hide"),
            ui.Column("at", gettext("算于"), "nowrap", priority=3, card="end"),
        ],
        lines=lambda found: [_row(one, now) for one in found],
    )


def _row(one: Backtest, now: datetime) -> ui.Row:
    result = one.result
    refused = bool(result.get("refused"))
    loss = None if refused else result["loss_orders_after"]
    return ui.Row(
        [
            ui.Cell(title_of(one), sub=clauses(offer["what"] for offer in one.offers)),
            figures.day_range(one.period_from, one.period_to, now),
            figures.exact(result["orders"]),
            gettext("订单太少") if refused else figures.exact(result["discounted_orders"]),
            "" if refused else figures.cents(result["discount_cents"]),
            ui.Cell(figures.exact(loss), tone="bad" if loss else "") if not refused else "",
            figures.when(one.created_at, now),
        ],
        id=str(one.pk),
        url=reverse("backtest", args=[one.pk]),
    )


def title_of(one: Backtest) -> str:
    return " + ".join(offer["name"] for offer in one.offers)


@allowed(*SELLING)
def backtest_page(request: HttpRequest, pk: int) -> HttpResponse:
    shop, now = shop_of(request), clock_of(request).now()
    one = get_object_or_404(Backtest, shop=shop, pk=pk)
    return render(request, "offers/backtest.html", {"page": _page(one, now)})


def _page(one: Backtest, now: datetime) -> BacktestPage:
    result = one.result
    basis = result.get("basis", {})
    facts = [
        figures.day_range(one.period_from, one.period_to, now),
        gettext("%(n)s 单") % {"n": figures.exact(result["orders"])},
    ]
    if basis.get("orders_with_totals"):
        text = gettext("其中 %(n)s 单只有总额，没有明细")
        facts.append(text % {"n": figures.exact(basis["orders_with_totals"])})
    if any(offer["mechanic"] in ASSUMED for offer in one.offers):
        facts.append(gettext("会员价、早鸟价按最低一档，秒杀和赠品不看数量"))
    again = reverse("backtests") + "?" + "&".join(f"offers={o['row']}" for o in one.offers if o.get("row"))
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
        _kpis(result),
        _verdict(result),
        _per_offer(one),
        _compare(one, now),
        _flow(result),
        _losses(result),
        again,
    )


def _kpis(result: dict[str, Any]) -> ui.Kpis:
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
    lost = result["loss_orders_after"]
    return ui.Kpis(
        [
            ui.Kpi(
                gettext("被优惠到的订单"),
                figures.Amount.count(result["discounted_orders"], gettext("单")),
                note=gettext("占 %(share)s") % {"share": figures.percent(share)},
            ),
            ui.Kpi(gettext("让利"), figures.Amount.money(result["discount_cents"]), note=each),
            ui.Kpi(gettext("毛利"), figures.Amount.money(after), delta, note=_margin_note(result)),
            ui.Kpi(
                gettext("会亏的订单"),
                figures.Amount.count(lost, gettext("单")),
                note=gettext("共亏 %(cents)s") % {"cents": figures.yuan(result["loss_cents_after"])}
                if lost
                else "",
            ),
        ]
    )


def _margin_note(result: dict[str, Any]) -> str:
    """Of which orders it is, and that gifts and waived postage are taken off it."""
    beside = result.get("gift_cost_cents", 0) + result.get("postage_off_cents", 0)
    if not beside:
        return gettext("成本已知的订单")
    return gettext("成本已知的订单；赠品和免掉的运费 %(cents)s 算成本") % {"cents": figures.yuan(beside)}


def _verdict(result: dict[str, Any]) -> ui.Notice:
    if not result["cost_known_orders"]:
        return ui.Notice(
            gettext("没有一单知道成本，说不出会不会亏。导入商品成本后再试。"), gettext("只知道让利"), "warn"
        )
    lost = result["loss_orders_after"] - result["loss_orders_before"]
    if lost > 0:
        text = gettext("按当时的订单，会多出 %(n)s 单亏本卖，先看下面的单子，再调门槛或排除商品。")
        return ui.Notice(text % {"n": figures.exact(lost)}, gettext("有的单会亏"), "warn")
    if not result["discounted_orders"]:
        return ui.Notice(gettext("这段日子没有一单够得着，门槛可能太高。"), gettext("没有人用得上"), "warn")
    return ui.Notice(
        gettext("按当时的订单，没有多出亏本的单。这是顾客行为不变时的结果。"), gettext("不会多亏"), "ok"
    )


def _per_offer(one: Backtest) -> ui.Table:
    names = {offer["offer_id"]: offer for offer in one.offers}
    return ui.Table(
        columns=[
            ui.Column("offer", gettext("优惠")),
            ui.Column("what", gettext("内容"), "nowrap", priority=2),
            ui.Column("reach", gettext("够得着的订单"), "num", label_on_card=gettext("够得着")),
            ui.Column("used", gettext("用上的订单"), "num", card="hide"),
            ui.Column("given", gettext("让利（元）"), "num", card="end"),
        ],
        rows=[
            ui.Row(
                [
                    names.get(found["offer_id"], {}).get("name", found["offer_id"]),
                    names.get(found["offer_id"], {}).get("what", ""),
                    figures.exact(found["qualifying_orders"]),
                    figures.exact(found["used_orders"]),
                    _given(found),
                ],
                url=_offer_url(names.get(found["offer_id"], {})),
            )
            for found in one.result["offers"]
        ],
        caption=gettext("每个优惠"),
    )


def _given(found: dict[str, Any]) -> str:
    """What an offer gave: money, or gifts by number. Older backtests knew no gifts."""
    pieces = found.get("gift_pieces", 0)
    if not pieces:
        return figures.cents(found["discount_cents"])
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
    distinct: dict[str, Backtest] = {_key(one): one}
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


def _key(one: Backtest) -> str:
    return "|".join(sorted(f"{offer['name']}:{offer['what']}" for offer in one.offers))


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
            ui.Column("order", gettext("订单"), "nowrap"),
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

"""Backtests: offers replayed on the shop's own past orders; one in full, several side by side."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext

from laoke.audiences.models import Segment
from laoke.audiences.slow_counts import SHOWN, on_page
from laoke.audiences.tokens import FilterError
from laoke.audiences.tree import TreeError
from laoke.audiences.wording import refusal_text
from laoke.campaigns.backtest_jobs import page_can, queue_backtest, replay_offers
from laoke.campaigns.models import Campaign, CampaignState
from laoke.campaigns.plan_comparisons import (
    PastWindow,
    comparable_window,
    segments_of,
    title_of,
    usual_terms,
)
from laoke.promotions.backtesting import BacktestRefused, orders_until
from laoke.promotions.depth.net import CostTerms
from laoke.promotions.models import Backtest, Offer
from laoke.promotions.offers import OfferRefused
from laoke.shops.joins import clauses
from laoke.shops.unavailable_words import told
from laoke.warehouse.limits import TooLong
from laoke.web import components as ui
from laoke.web import figures, lists, sheets
from laoke.web.access import allowed, clock_of, may_market, shop_of
from laoke.web.nav import SELLING
from laoke.web.numbers import row_number
from laoke.web.pages.offers.backtest_running import running_notice
from laoke.web.pages.offers.comparisons import kept_with
from laoke.web.pages.offers.trying import BacktestForm


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
    window: str
    comparisons: ui.TodoList | None
    running: ui.Notice | None


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
    window = comparable_window(shop, campaign, now.date(), until)
    if campaign is not None and not chosen:
        chosen = [str(offer) for offer in campaign.campaign_offers.values_list("offer_id", flat=True)]
    start = {
        "offers": chosen,
        "period_from": window.first,
        "period_to": window.last,
        "fee": usual_terms(shop, campaign).fee_bp,
    }
    form = None
    if may_market(request):
        segments = Segment.objects.filter(shop=shop, archived=False).order_by("pk")[:100]
        form = BacktestForm(
            request.POST or None, offers=list(rows), latest=now.date(), segments=list(segments), initial=start
        )
        if request.method == "POST" and form.is_valid():
            target = _make(request, form, campaign)
            if target is not None:
                return redirect(target)
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
    page = BacktestList(
        form, no_offers, campaign, filters, _tabs(request), table, until, _window_words(window),
        kept_with(shop, None, now), running_notice(shop),
    )  # fmt: skip
    wrong = form is not None and bool(form.errors)
    return render(request, "offers/backtests.html", {"page": page}, status=422 if wrong else 200)


def _window_words(window: PastWindow) -> str:
    """How the days that stand in the form were found."""
    return {
        "campaign": gettext("日子取上一次同样的活动「%(name)s」") % {"name": window.name},
        "same_days": gettext("以前没有办过同样的活动，日子取最近一个数据完整的同期：活动日前后 10 天"),
        "last_days": gettext("没有活动可比，日子取有数据的最近 90 天"),
    }[window.how]


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


def _make(request: HttpRequest, form: BacktestForm, campaign: Campaign | None) -> str | None:
    """Where the backtest stands, or the job that makes it; None with the reason on the form."""
    data, shop, clock = form.cleaned_data, shop_of(request), clock_of(request)
    chosen = list(Offer.objects.filter(shop=shop, pk__in=data["offers"]).order_by("pk"))
    numbers = [int(number) for number in data.get("segments") or []]
    days, by = (data["period_from"], data["period_to"]), request.user
    terms = CostTerms(data["fee"] or 0, data["postage"] or 0)
    try:
        if not page_can(shop, 1, *days):
            job = queue_backtest(shop, chosen, *days, terms=terms, segments=numbers, by=by, now=clock.now())  # type: ignore[arg-type]
            return reverse("backtest_job", args=[job.pk])
        # Without orders nobody is in any segment; the backtest then says what is missing.
        with on_page(SHOWN):
            people = segments_of(shop, numbers, clock.today()) if orders_until(shop) else []
        made = replay_offers(shop, chosen, *days, terms=terms, segments=people, by=by, clock=clock)  # type: ignore[arg-type]
    except (FilterError, TreeError) as error:
        form.add_error("segments", refusal_text(error))
        return None
    except TooLong as slow:
        form.add_error("segments", told(slow))
        return None
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
    if campaign is not None and not made.result.get("refused"):
        messages.success(request, gettext("「%(name)s」的优惠已记下这次回放") % {"name": campaign.name})
    return reverse("backtest", args=[made.pk])


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

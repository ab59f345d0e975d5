"""The list of reviews, one review, and working it out anew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.contrib import messages
from django.db.models import Max
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext, pgettext
from django.views.decorators.http import require_POST

from laoke.campaigns.models import Campaign, Review
from laoke.campaigns.refusals import CampaignRefused
from laoke.campaigns.review import latest_review, review
from laoke.web import components as ui
from laoke.web import figures, lists, sheets
from laoke.web.access import allowed, clock_of, may_market, shop_of
from laoke.web.charts.reviews import day_result_table, result_by_day
from laoke.web.nav import SELLING
from laoke.web.pages.campaigns.frame import CampaignFrame, find_campaign, frame_of, span_text, state_tag
from laoke.web.pages.campaigns.words import sentence_of
from laoke.web.pages.reviews.telling import (
    METRICS,
    Compared,
    forest_table,
    interval,
    metric_words,
    sentence,
)


@dataclass(frozen=True)
class ReviewList:
    """Campaigns with what their newest review says."""

    table: ui.Table
    filters: ui.Filters


@dataclass(frozen=True)
class ReviewPage:
    """One campaign's newest review; None while there is none."""

    frame: CampaignFrame
    review: Review | None
    empty: ui.Empty | None
    sentence: str
    facts: ui.Facts | None
    kpis: ui.Kpis | None
    forest: ui.Table | None
    metrics: list[tuple[str, str, bool]]
    uneven: list[str]
    days: ui.ChartCard | None
    meta: list[str]
    stale: str


@allowed(*SELLING)
def review_list(request: HttpRequest) -> HttpResponse:
    shop, now = shop_of(request), clock_of(request).now()
    rows = Campaign.objects.filter(shop=shop, starts_at__lte=now).annotate(newest=Max("reviews__pk"))
    if wanted := lists.searched(request):
        rows = rows.filter(name__icontains=wanted)
    count = rows.count()
    listing = lists.Listing(
        gettext("活动复盘"),
        rows,
        ("-pk",),
        columns=[
            ui.Column("campaign", pgettext("one of a list", "活动")),
            ui.Column("span", gettext("起止"), "nowrap", priority=2),
            ui.Column("paid", gettext("成交（元）"), "num", label_on_card="¥"),
            ui.Column("more", gettext("触达多带来的成交"), card="wide"),
            ui.Column("at", gettext("算于"), "nowrap", priority=3, card="hide"),
            ui.Column("state", gettext("状态"), "nowrap", card="end"),
        ],
        lines=lambda found: _list_rows(found, now),
    )
    if sheets.wanted(request):
        return listing.sheet(request)
    table = listing.table(
        listing.found(request),
        request,
        empty=ui.Empty(
            gettext("还没有开始过的活动"), gettext("活动开始、有轮次发出以后，就能看真正多带来多少")
        ),
        order=gettext("新的在前"),
        count=gettext("共 %(n)s 个") % {"n": figures.exact(count)},
    )
    filters = lists.filters(request, gettext("活动名"), count=count)
    return render(request, "reviews/list.html", {"page": ReviewList(table, filters)})


def _list_rows(found: Sequence[Campaign], now: datetime) -> list[ui.Row]:
    newest = {row.pk: row.newest for row in found}  # type: ignore[attr-defined]
    reviews = Review.objects.in_bulk([pk for pk in newest.values() if pk])
    return [_list_row(row, reviews.get(newest[row.pk]), now) for row in found]


def _list_row(row: Campaign, found: Review | None, now: datetime) -> ui.Row:
    paid = sum(day["paid_cents"] or 0 for day in found.result["days"]) if found else None
    more = interval(found.result["campaign"]["metrics"]["revenue"], "revenue") if found else ""
    return ui.Row(
        [
            row.name,
            span_text(row, now),
            figures.cents(paid),
            more,
            figures.when(found.created_at, now) if found else "",
            state_tag(row),
        ],
        id=str(row.pk),
        url=reverse("review", args=[row.pk]),
    )


@allowed(*SELLING)
def review_page(request: HttpRequest, pk: int) -> HttpResponse:
    shop, now = shop_of(request), clock_of(request).now()
    campaign = find_campaign(shop, pk)
    frame = frame_of(request, campaign, "review", now)
    found = latest_review(campaign)
    if found is None:
        action = None
        if may_market(request):
            url = reverse("review_make", args=[campaign.pk])
            action = ui.Action(gettext("算一次复盘"), url, "primary", method="post")
        empty = ui.Empty(gettext("还没有复盘"), gettext("有轮次发出以后就能算，数据每来一次都能重算"), action)
        page = ReviewPage(frame, None, empty, "", None, None, None, [], [], None, [], "")
        return render(request, "reviews/detail.html", {"page": page})
    metric = request.GET.get("metric", "")
    result = found.result
    if metric not in METRICS:
        withheld = result["campaign"]["metrics"]["profit"]["verdict"] == "withheld"
        metric = "revenue" if withheld else "profit"
    return render(request, "reviews/detail.html", {"page": _page(frame, found, metric, now)})


def _page(frame: CampaignFrame, found: Review, metric: str, now: datetime) -> ReviewPage:
    result = found.result
    whole = result["campaign"]
    days = result["days"]
    paid = sum(day["paid_cents"] or 0 for day in days)
    known = [day for day in days if day["paid_cents"] is not None]
    target = sum(day["target_cents"] or 0 for day in known) or None
    words = metric_words()
    meta = [gettext("看发出后 %(n)s 天的订单") % {"n": result["attribution_days"]}]
    if result["facts_until"]:
        meta.append(gettext("订单到 %(when)s") % {"when": result["facts_until"]})
    if not whole["window_over"]:
        meta.append(gettext("还没满 %(n)s 天，还会变") % {"n": result["attribution_days"]})
    if whole["merged_left_out"]:
        meta.append(gettext("两边都占的 %(n)s 人不算") % {"n": figures.exact(whole["merged_left_out"])})
    return ReviewPage(
        frame,
        found,
        None,
        sentence(whole, paid, target),
        ui.Facts(
            [
                *(
                    (gettext("多带来%(what)s") % {"what": words[key]}, interval(whole["metrics"][key], key))
                    for key in METRICS
                ),
                (gettext("花在触达"), figures.yuan(whole["message_cost_cents"])),
            ]
        ),
        _kpis(days, paid, target, whole),
        forest_table(_lines(result, frame), metric),
        [(key, words[key], key == metric) for key in METRICS],
        _uneven(result),
        _days_card(days, now),
        meta,
        figures.when(found.created_at, now),
    )


def _lines(result: dict[str, Any], frame: CampaignFrame) -> list[Compared]:
    lines = [
        Compared(
            f"{row['key'].upper()} {row['name']}",
            gettext("名单") if row["channel"] == "handover" else "",
            row,
        )
        for row in result["rounds"]
    ]
    return [*lines, Compared(gettext("整个活动"), gettext("每人只算一次"), result["campaign"])]


def _uneven(result: dict[str, Any]) -> list[str]:
    """A sentence for every comparison whose arms do not have their planned sizes."""
    said = []
    everything = [(row["name"], row) for row in result["rounds"]] + [
        (gettext("整个活动"), result["campaign"])
    ]
    for name, row in everything:
        srm = row["srm"]
        if not srm["even"]:
            said.append(
                gettext(
                    "「%(name)s」分组不均：对照应约 %(expected)s 人，实际 %(found)s 人，多半是名单中途改过。不下结论。"
                )
                % {
                    "name": name,
                    "expected": figures.exact(round(srm["expected"].get("held_out", 0))),
                    "found": figures.exact(srm["found"].get("held_out", 0)),
                }
            )
    return said


def _kpis(days: list[dict[str, Any]], paid: int, target: int | None, whole: dict[str, Any]) -> ui.Kpis:
    delta = None
    if target:
        change = paid / target - 1
        delta = ui.Delta(change, figures.percent(abs(change)), gettext("比目标"))
    orders = sum(day["orders"] or 0 for day in days)
    visitors = [day["visitors"] for day in days if day["visitors"] is not None]
    revenue = whole["metrics"]["revenue"].get("incremental")
    return ui.Kpis(
        [
            ui.Kpi(
                gettext("成交"),
                figures.Amount.money(paid),
                delta,
                hint=gettext("活动这些天买家付的钱，退款没有扣"),
            ),
            ui.Kpi(gettext("订单"), figures.Amount.count(orders, gettext("单"))),
            ui.Kpi(gettext("访客"), figures.Amount.count(sum(visitors) if visitors else None, gettext("人"))),
            ui.Kpi(
                gettext("触达的人"),
                figures.Amount.count(whole["treated"], gettext("人")),
                note=gettext("对照 %(n)s 人") % {"n": figures.exact(whole["held_out"])},
            ),
            ui.Kpi(gettext("花在触达"), figures.Amount.money(whole["message_cost_cents"])),
            ui.Kpi(
                gettext("每元带回"),
                figures.Amount(_back(revenue, whole), "¥")
                if _back(revenue, whole) != "—"
                else figures.Amount("—"),
                note=gettext("多带来的成交 ÷ 触达花费"),
            ),
        ]
    )


def _back(revenue: dict[str, float] | None, whole: dict[str, Any]) -> str:
    """Only where the data says that something came back."""
    cost = whole["message_cost_cents"]
    if revenue is None or not cost or whole["metrics"]["revenue"]["verdict"] != "helps":
        return "—"
    return f"{revenue['estimate'] / cost:,.1f}"


def _days_card(days: list[dict[str, Any]], now: datetime) -> ui.ChartCard:
    parsed = [{**day, "day": date.fromisoformat(day["day"])} for day in days]
    return ui.ChartCard(
        "days",
        gettext("每天的成交和目标"),
        result_by_day(parsed),
        day_result_table(parsed, now),
        gettext("活动每天的支付金额和目标"),
        legend=ui.Legend([(gettext("成交"), "c1", ""), (gettext("目标"), "c0", "dash")]),
    )


@require_POST
@allowed("owner", "operator", "analyst")
def review_make(request: HttpRequest, pk: int) -> HttpResponse:
    campaign = find_campaign(shop_of(request), pk)
    try:
        review(campaign, by=request.user, clock=clock_of(request))  # type: ignore[arg-type]
    except CampaignRefused as refused:
        messages.error(request, sentence_of(refused))
    else:
        messages.success(request, gettext("按最新的数据重算了"))
    return redirect("review", campaign.pk)

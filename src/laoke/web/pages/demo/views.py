"""The demo shop's clock. It goes forward only, and only while there is no real shop beside it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from laoke.campaigns.models import Campaign, CampaignState, Round, RoundState
from laoke.shops import audit, jobs
from laoke.shops.clock import set_demo_clock
from laoke.shops.models import Shop
from laoke.web import figures
from laoke.web.access import MARKETING, allowed, clock_of, shop_of
from laoke.web.demo_clock import end_of

MOST_ROUNDS = 4


@dataclass(frozen=True)
class Choice:
    """A moment to go to, and what happens then."""

    value: str
    moment: datetime
    label: str


@dataclass(frozen=True)
class NextStep:
    """What has become due by now, and its page."""

    label: str
    url: str
    action: str


@dataclass(frozen=True)
class ClockPage:
    """What the page of the clock shows."""

    now: datetime
    end: datetime
    choices: list[Choice]
    running_url: str
    next_steps: list[NextStep]


@allowed(*MARKETING)
@require_http_methods(["GET", "POST"])
def clock(request: HttpRequest) -> HttpResponse:
    """Show the clock, or turn it."""
    shop, now = shop_of(request), clock_of(request).now()
    end = end_of(shop)
    if end is None:
        raise Http404
    choices = _choices(shop, now, end)
    if request.method == "POST":
        chosen = next((c for c in choices if c.value == request.POST.get("to")), None)
        if chosen is None:
            messages.error(request, _("时钟只能往后拨，最远到 %(end)s") % {"end": figures.day(end, now)})
            return redirect("demo_clock")
        set_demo_clock(settings.PLACE.home, chosen.moment, time.time())
        jobs.queue("demo_advance", shop=shop, now=chosen.moment, by=request.user)  # type: ignore[arg-type]
        audit.record("demo.clock", shop=shop, actor=request.user, at=chosen.moment)  # type: ignore[arg-type]
        return redirect("demo_clock")
    running = jobs.under_way("demo_advance", shop=shop)
    url = reverse("job_progress", args=[running.pk]) if running else ""
    page = ClockPage(now, end, choices, url, [] if url else next_steps(shop, now))
    return render(request, "demo/clock.html", {"page": page})


def _told_at(campaign: Campaign) -> datetime:
    """When the days of the last round that its review counts are over."""
    last = campaign.rounds.order_by("opens_at").last()
    counted = timedelta(days=campaign.attribution_days)
    return campaign.ends_at if last is None else max(campaign.ends_at, last.opens_at + counted)


def next_steps(shop: Shop, now: datetime) -> list[NextStep]:
    """Rounds whose window is open, then campaigns that are over and not yet reviewed: why one turned the clock."""
    campaigns = Campaign.objects.filter(shop=shop).exclude(state=CampaignState.CANCELLED)
    due = Round.objects.filter(
        campaign__in=campaigns,
        opens_at__lte=now,
        closes_at__gt=now,
        state__in=(RoundState.DRAFT, RoundState.FROZEN),
    ).order_by("opens_at", "pk")
    steps = [
        NextStep(_("「%(round)s」可以发了") % {"round": row.name}, reverse("round", args=[row.pk]), _("去发"))
        for row in due
    ]
    over = campaigns.filter(ends_at__lte=now, reviews=None).order_by("ends_at", "pk")
    return steps + [
        NextStep(
            _("「%(campaign)s」结束了，可以复盘") % {"campaign": row.name},
            reverse("review", args=[row.pk]),
            _("去复盘"),
        )
        for row in over
        if _told_at(row) <= now
    ]


def _choices(shop: Shop, now: datetime, end: datetime) -> list[Choice]:
    morning = (now + timedelta(days=1)).replace(hour=10, minute=0, second=0, microsecond=0)
    found = [
        (now.replace(second=0, microsecond=0) + timedelta(hours=1), _("一小时后")),
        (morning, _("明天上午")),
    ]
    rounds = Round.objects.filter(
        campaign__shop=shop,
        opens_at__gt=now,
        state__in=(RoundState.DRAFT, RoundState.FROZEN, RoundState.RUNNING),
    ).order_by("opens_at")
    for row in rounds[:MOST_ROUNDS]:
        found.append((row.opens_at + timedelta(minutes=1), _("%(round)s 开始") % {"round": row.name}))
    running = Campaign.objects.filter(shop=shop, ends_at__gt=now).exclude(state=CampaignState.CANCELLED)
    for campaign in running.order_by("ends_at")[:2]:
        after = (_told_at(campaign) + timedelta(days=1)).replace(hour=10, minute=0)
        found.append((after, _("%(campaign)s 结束以后，去看复盘") % {"campaign": campaign.name}))
    chosen = sorted({moment: label for moment, label in found if now < moment <= end}.items())
    return [Choice(moment.isoformat(timespec="minutes"), moment, label) for moment, label in chosen]

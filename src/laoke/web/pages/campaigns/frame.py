"""What every page of one campaign shares: finding it, its steps, its tabs and the state in words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext, pgettext

from laoke.campaigns.models import Campaign, CampaignState
from laoke.shops.models import Shop
from laoke.web import components as ui
from laoke.web import figures
from laoke.web.access import may_market
from laoke.web.components.words import Tone
from laoke.web.nav import SELLING

STEPS = (
    CampaignState.IDEA,
    CampaignState.PLANNING,
    CampaignState.PRICING,
    CampaignState.READY,
    CampaignState.RUNNING,
    CampaignState.REVIEW,
)
TONES: dict[str, Tone] = {
    CampaignState.RUNNING: "brand",
    CampaignState.CANCELLED: "bad",
    CampaignState.REVIEW: "ok",
}


@dataclass(frozen=True)
class CampaignFrame:
    """The head of a campaign's page."""

    campaign: Campaign
    tag: ui.Tag
    tabs: ui.Tabs
    span: str
    in_charge: ui.Who | None
    may_edit: bool


def find_campaign(shop: Shop, pk: int) -> Campaign:
    """A campaign of this shop, else 404."""
    return get_object_or_404(
        Campaign.objects.select_related("in_charge__user", "shop", "holdout_signed_by"), shop=shop, pk=pk
    )


def frame_of(request: HttpRequest, campaign: Campaign, tab: str, now: datetime) -> CampaignFrame:
    """Name, state, tabs; `tab` is the URL name of the one shown."""
    places = [
        ("campaign", gettext("主页")),
        ("campaign_calendar", gettext("日历")),
        ("campaign_tasks", gettext("执行表")),
    ]
    if request.role in SELLING:  # type: ignore[attr-defined]
        places.append(("campaign_setup", gettext("后台设置")))
        places.append(("campaign_checks", gettext("上线检查")))
        places.append(("review", pgettext("page of a campaign", "复盘")))
    tabs = ui.Tabs(
        [ui.Tab(label, reverse(name, args=[campaign.pk]), name == tab) for name, label in places],
        campaign.name,
    )
    return CampaignFrame(
        campaign,
        state_tag(campaign),
        tabs,
        span_text(campaign, now),
        ui.Who(str(campaign.in_charge)) if campaign.in_charge else None,
        may_market(request),
    )


def span_text(campaign: Campaign, now: datetime) -> str:
    """`11-01 – 11-21`: an end at midnight does not reach into the next day."""
    return figures.day_range(campaign.starts_at, campaign.ends_at - timedelta(seconds=1), now)


def state_tag(campaign: Campaign) -> ui.Tag:
    return ui.Tag(campaign.get_state_display(), TONES.get(campaign.state, ""))


def stepper(campaign: Campaign, facts: dict[str, str]) -> ui.Stepper:
    """想法 策划 算价 就绪 进行 复盘, each with one fact."""
    at = STEPS.index(CampaignState(campaign.state)) if campaign.state in STEPS else -1
    return ui.Stepper(
        [
            ui.Step(
                state.label,
                facts.get(state, ""),
                "done" if number < at else "current" if number == at else "",
            )
            for number, state in enumerate(STEPS)
        ],
        gettext("活动的步骤"),
    )

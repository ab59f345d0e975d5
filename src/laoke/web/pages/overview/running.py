"""The campaign that runs or comes next: its phases, its rounds, and what has been sold since it began."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from laoke.audiences.readings import Reading
from laoke.campaigns.models import Campaign, CampaignState, Round, RoundState
from laoke.shops.models import Shop
from laoke.web import components as ui
from laoke.web import figures
from laoke.web.figures import Amount
from laoke.web.pages.overview.periods import day_number
from laoke.web.pages.overview.places import place

COMING = timedelta(days=45)
STATES = (CampaignState.PLANNING, CampaignState.PRICING, CampaignState.READY, CampaignState.RUNNING)
ROUND_SHAPES = {
    RoundState.DRAFT: "warn",
    RoundState.FROZEN: "",
    RoundState.RUNNING: "run",
    RoundState.PAUSED: "warn",
    RoundState.DONE: "ok",
    RoundState.CANCELLED: "",
}


@dataclass(frozen=True)
class PhaseBar:
    """A phase with the share of it that has passed, in percent."""

    name: str
    days: str
    meter: ui.Meter


@dataclass(frozen=True)
class RunningCard:
    """What the overview says of a campaign."""

    name: str
    state: ui.Tag
    days: str
    open: ui.Action | None
    sold: Amount | None
    target: str
    phases: list[PhaseBar]
    rounds: list[tuple[str, ui.Status, str]]


def campaign_now(shop: Shop, now: datetime) -> Campaign | None:
    """The campaign that runs, or the next one within 45 days."""
    return (
        Campaign.objects.filter(shop=shop, state__in=STATES, ends_at__gt=now, starts_at__lte=now + COMING)
        .prefetch_related("phases", "rounds")
        .order_by("starts_at", "pk")
        .first()
    )


def running_card(campaign: Campaign, reading: Reading | None, now: datetime) -> RunningCard:
    """The campaign's card; what was sold counts from its first day on."""
    begun = campaign.starts_at <= now
    url = place("campaign", campaign.pk)
    tone = "brand" if begun else "line"
    return RunningCard(
        campaign.name,
        ui.Tag(campaign.get_state_display(), tone),  # type: ignore[arg-type]
        figures.day_range(campaign.starts_at, campaign.ends_at, now),
        ui.Action(_("打开活动"), url, small=True) if url else None,
        Amount.money(_sold(campaign, reading, now)) if begun and reading else None,
        figures.yuan_short(campaign.target_cents) if campaign.target_cents is not None else "",
        [_phase(phase, now) for phase in campaign.phases.all()],
        [_round(row, now) for row in campaign.rounds.all() if row.state != RoundState.CANCELLED][:6],
    )


def _sold(campaign: Campaign, reading: Reading, now: datetime) -> int:
    rows = reading.reader.remembered(
        "daily_sales",
        shop_id=reading.shop_id,
        as_of_day=reading.as_of_day,
        from_day=day_number(campaign.starts_at.date()),
        to_day=day_number(now.date()),
    ).to_pylist()
    return sum(int(row["paid_cents"]) for row in rows)


def _phase(phase: object, now: datetime) -> PhaseBar:
    first, last = phase.starts_at, phase.ends_at  # type: ignore[attr-defined]
    length = (last - first).total_seconds() or 1
    passed = min(1.0, max(0.0, (now - first).total_seconds() / length))
    name = phase.name  # type: ignore[attr-defined]
    label = _("%(name)s 过了 %(share)s") % {"name": name, "share": figures.percent(passed, 0)}
    return PhaseBar(name, figures.day_range(first, last, now), ui.Meter(100 * passed, "", label))


def _round(row: Round, now: datetime) -> tuple[str, ui.Status, str]:
    label = f"{row.title} · {row.get_channel_display()}"
    shape = ROUND_SHAPES[RoundState(row.state)]
    return label, ui.Status(row.get_state_display(), shape), figures.when(row.opens_at, now)  # type: ignore[arg-type]

"""Changing the rows of a campaign: name, holdout, phases, rounds, targets; moving it all to another day.

A round can be changed while it is a draft. What was prepared or sent stays as it was: a new round is made instead.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction

from laoke.audiences.counting import tree_of
from laoke.audiences.models import Segment
from laoke.audiences.tokens import FilterError
from laoke.audiences.tree import TreeError
from laoke.audiences.wording import refusal_text
from laoke.campaigns.advice import say_issues
from laoke.campaigns.models import Campaign, CampaignOffer, Phase, Round, RoundState, Target
from laoke.campaigns.refusals import CampaignRefused
from laoke.campaigns.windows import window_issues
from laoke.customers.models import Channel
from laoke.dispatch.models import Gateway
from laoke.dispatch.text.hours import Override
from laoke.dispatch.text.issues import Issue, Severity
from laoke.promotions.models import Backtest, Offer
from laoke.shops import audit
from laoke.shops.joins import clauses
from laoke.shops.models import Staff, User
from laoke.work import tasks as work

MOST_HOLDOUT = Decimal(50)
BUILT_CHANNELS = (Channel.SMS, Channel.HANDOVER)


class WindowRefused(CampaignRefused):
    """A window outside the hours. `issues` are the findings, `proposed` the window that would do (None: none would)."""

    def __init__(self, issues: Sequence[Issue]) -> None:
        self.issues = tuple(issues)
        proposed = self.proposed
        super().__init__(
            "window_refused",
            proposed_start=proposed[0].isoformat(sep=" ", timespec="minutes") if proposed else None,
            proposed_end=proposed[1].isoformat(sep=" ", timespec="minutes") if proposed else None,
            override_possible=self.override_possible,
        )

    @property
    def proposed(self) -> tuple[datetime, datetime] | None:
        """The nearest window inside the hours."""
        for issue in self.issues:
            if issue.code == "outside_hours":
                return issue.params["proposed_start"], issue.params["proposed_end"]  # type: ignore[return-value]
        return None

    @property
    def override_possible(self) -> bool:
        """Whether a signature with a role and a reason would do."""
        return any(issue.params.get("override_possible") for issue in self.issues)

    @property
    def message(self) -> str:
        """All findings as sentences."""
        return clauses(say_issues(list(self.issues)))


def check_draft(row: Round) -> None:
    """Refuse to touch a round that was prepared or sent."""
    if row.state != RoundState.DRAFT:
        raise CampaignRefused("round_not_draft", state=row.get_state_display())


def set_round_window(
    row: Round,
    opens_at: datetime,
    closes_at: datetime,
    *,
    by: User | None,
    now: datetime,
    override: Override | None = None,
) -> list[Issue]:
    """Give a round another window; what is worth knowing but does not refuse comes back.

    Raises
    ------
    WindowRefused
        when it lies outside the gateway's hours; it holds the proposal and says whether a signature would do.
    CampaignRefused
        `round_not_draft`.
    """
    check_draft(row)
    issues = window_issues(row.campaign.shop, row.channel, row.gateway, opens_at, closes_at, override)
    errors = [issue for issue in issues if issue.severity is Severity.ERROR]
    if errors:
        raise WindowRefused(errors)
    signed = any(issue.code == "late_by_override" for issue in issues)
    row.opens_at, row.closes_at = opens_at, closes_at
    row.hours_override_by = by if signed else None
    row.hours_override_reason = override.reason.strip()[:200] if signed and override else ""
    _save(
        row, by, now, "window", ["opens_at", "closes_at", "hours_override_by", "hours_override_reason"],
        reason=row.hours_override_reason,
    )  # fmt: skip
    return issues


def override_of(row: Round) -> Override | None:
    """The signature for late hours that a round carries, in the signer's role of that shop."""
    if not row.hours_override_reason or row.hours_override_by_id is None:
        return None
    staff = Staff.objects.filter(shop=row.campaign.shop, user_id=row.hours_override_by_id).first()
    return Override(staff.role if staff else "", row.hours_override_reason)


def set_round_segment(
    row: Round, segment: Segment | None, text: str, *, by: User | None, now: datetime
) -> None:
    """Give a round another group of people: a stored segment, or a text of its own.

    Raises
    ------
    CampaignRefused
        `round_not_draft`, or `segment_text` with the problem.
    """
    check_draft(row)
    try:
        tree_of(row.campaign.shop, text)
    except (FilterError, TreeError) as error:
        raise CampaignRefused("segment_text", problem=refusal_text(error)) from None
    row.segment, row.segment_text = segment, text
    _save(row, by, now, "segment", ["segment", "segment_text"])


def set_round_text(
    row: Round,
    body: str,
    *,
    by: User | None,
    now: datetime,
    signature: str | None = None,
    variables: dict[str, str] | None = None,
) -> None:
    """Give a round another text. A test message sent for the text before no longer counts.

    Raises
    ------
    CampaignRefused
        `round_not_draft`.
    """
    check_draft(row)
    row.body = body.strip()
    if signature is not None:
        row.signature = signature.strip()[:20]
    if variables is not None:
        row.variables = dict(variables)
    _save(row, by, now, "text", ["body", "signature", "variables"])


def set_round_channel(
    row: Round, channel: str, gateway: Gateway | None, *, by: User | None, now: datetime
) -> None:
    """Send a round another way. The window is kept where the new way allows it, else it is refused.

    Raises
    ------
    CampaignRefused
        `channel_unbuilt`, `no_gateway`, `round_not_draft`.
    WindowRefused
        when the present window lies outside the new gateway's hours.
    """
    check_draft(row)
    if channel not in BUILT_CHANNELS:
        raise CampaignRefused("channel_unbuilt", channel=channel, known=[str(one) for one in BUILT_CHANNELS])
    if channel != Channel.HANDOVER and (gateway is None or gateway.shop_id != row.campaign.shop_id):
        raise CampaignRefused("no_gateway", channel=str(Channel(channel).label))
    issues = window_issues(row.campaign.shop, channel, gateway, row.opens_at, row.closes_at, override_of(row))
    errors = [issue for issue in issues if issue.severity is Severity.ERROR]
    if errors:
        raise WindowRefused(errors)
    row.channel, row.gateway = channel, gateway if channel != Channel.HANDOVER else None
    _save(row, by, now, "channel", ["channel", "gateway"])


def set_round_offer(row: Round, offer: Offer | None, *, by: User | None, now: datetime) -> None:
    """Attach an offer of the shop to a round, or none. It joins the campaign's offers.

    Raises
    ------
    CampaignRefused
        `round_not_draft`.
    """
    check_draft(row)
    if offer is not None and offer.shop_id == row.campaign.shop_id:
        CampaignOffer.objects.get_or_create(campaign=row.campaign, offer=offer)
    row.offer = offer
    _save(row, by, now, "offer", ["offer"])


def set_round_holdout(row: Round, percent: Decimal | None, *, by: User | None, now: datetime) -> None:
    """A holdout of this round's own, besides the campaign's; None takes it away.

    Raises
    ------
    CampaignRefused
        `holdout_range`, `round_not_draft`.
    """
    check_draft(row)
    if percent is not None:
        _check_percent(percent)
    row.holdout_percent = percent
    _save(row, by, now, "holdout", ["holdout_percent"])


def add_round(
    campaign: Campaign,
    *,
    key: str,
    name: str,
    number: int,
    channel: str,
    gateway: Gateway | None,
    segment_text: str,
    body: str,
    opens_at: datetime,
    closes_at: datetime,
    by: User | None,
    now: datetime,
    signature: str = "",
) -> Round:
    """A further round of a campaign; the same checks as for changes.

    Raises
    ------
    CampaignRefused, WindowRefused
        as the setters say; nothing is written then.
    """
    with transaction.atomic():
        row = Round.objects.create(
            campaign=campaign, key=key, name=name[:60], number=number, channel=Channel.HANDOVER,
            opens_at=opens_at, closes_at=closes_at, body=body.strip(), signature=signature[:20],
        )  # fmt: skip
        set_round_segment(row, None, segment_text, by=by, now=now)
        set_round_channel(row, channel, gateway, by=by, now=now)
        set_round_window(row, opens_at, closes_at, by=by, now=now)
    return row


def set_holdout(campaign: Campaign, percent: Decimal, *, by: User | None, reason: str, now: datetime) -> None:
    """Set the campaign's holdout. None at all needs a person who signs and a reason.

    Raises
    ------
    CampaignRefused
        `holdout_range`, `holdout_reason`, or `holdout_fixed` once a round was prepared.
    """
    _check_percent(percent)
    if percent == 0 and (by is None or not reason.strip()):
        raise CampaignRefused("holdout_reason")
    if campaign.rounds.exclude(state__in=(RoundState.DRAFT, RoundState.CANCELLED)).exists():
        raise CampaignRefused("holdout_fixed")
    campaign.holdout_percent = percent
    campaign.holdout_signed_by, campaign.holdout_reason = (
        (by, reason.strip()[:200]) if percent == 0 else (None, "")
    )
    with transaction.atomic():
        campaign.save(update_fields=["holdout_percent", "holdout_signed_by", "holdout_reason"])
        audit.record(
            "campaign.holdout",
            shop=campaign.shop,
            actor=by,
            at=now,
            subject=campaign.name,
            percent=str(percent),
        )


def _check_percent(percent: Decimal) -> None:
    if not Decimal(0) <= percent <= MOST_HOLDOUT:
        raise CampaignRefused("holdout_range", percent=str(percent))


def edit_campaign(
    campaign: Campaign,
    *,
    by: User | None,
    now: datetime,
    name: str | None = None,
    theme: str | None = None,
    state: str | None = None,
    in_charge: Staff | None = None,
    attribution_days: int | None = None,
) -> None:
    """Change what a campaign says of itself; what is None stays.

    Raises
    ------
    CampaignRefused
        `name_taken`.
    """
    taken = Campaign.objects.filter(shop=campaign.shop, name=name).exclude(pk=campaign.pk)
    if name is not None and taken.exists():
        raise CampaignRefused("name_taken", name=name)
    wanted = {
        "name": name, "theme": theme, "state": state, "in_charge": in_charge,
        "attribution_days": attribution_days,
    }  # fmt: skip
    changed = {field: value for field, value in wanted.items() if value is not None}
    for field, value in changed.items():
        setattr(campaign, field, value)
    if changed:
        with transaction.atomic():
            campaign.save(update_fields=list(changed))
            audit.record(
                "campaign.edit",
                shop=campaign.shop,
                actor=by,
                at=now,
                subject=campaign.name,
                fields=sorted(changed),
            )


def move_phase(
    phase: Phase, starts_at: datetime, ends_at: datetime, *, by: User | None, now: datetime
) -> None:
    """Give a phase other days; the campaign spans its phases.

    Raises
    ------
    CampaignRefused
        `phase_order`.
    """
    if ends_at <= starts_at:
        raise CampaignRefused("phase_order", name=phase.name)
    phase.starts_at, phase.ends_at = starts_at, ends_at
    with transaction.atomic():
        phase.save(update_fields=["starts_at", "ends_at"])
        _span(phase.campaign)
        audit.record("phase.move", shop=phase.campaign.shop, actor=by, at=now, subject=str(phase.pk))


def _span(campaign: Campaign) -> None:
    phases = list(campaign.phases.all())
    campaign.starts_at = min(phase.starts_at for phase in phases)
    campaign.ends_at = max(phase.ends_at for phase in phases)
    campaign.save(update_fields=["starts_at", "ends_at"])


def set_target(target: Target, cents: int, *, by: User | None, now: datetime) -> None:
    """A target by hand: the factors no longer explain it, so they are dropped. The campaign's sum follows."""
    target.cents, target.visitors, target.conversion_ppm, target.cents_per_buyer = cents, None, None, None
    with transaction.atomic():
        target.save(update_fields=["cents", "visitors", "conversion_ppm", "cents_per_buyer"])
        campaign = target.campaign
        campaign.target_cents = sum(campaign.targets.values_list("cents", flat=True))
        campaign.save(update_fields=["target_cents"])
        audit.record("target.set", shop=campaign.shop, actor=by, at=now, subject=str(target.pk), cents=cents)


def use_offer(campaign: Campaign, offer: Offer, *, by: User | None, now: datetime) -> CampaignOffer:
    """Take an offer of the shop into a campaign."""
    with transaction.atomic():
        row, new = CampaignOffer.objects.get_or_create(campaign=campaign, offer=offer)
        if new:
            audit.record("campaign.offer", shop=campaign.shop, actor=by, at=now, subject=str(offer.pk))
    return row


def drop_offer(campaign: Campaign, offer: Offer, *, by: User | None, now: datetime) -> None:
    """Take an offer out of a campaign and of its drafted rounds."""
    with transaction.atomic():
        campaign.campaign_offers.filter(offer=offer).delete()
        campaign.rounds.filter(offer=offer, state=RoundState.DRAFT).update(offer=None)
        audit.record("campaign.offer_drop", shop=campaign.shop, actor=by, at=now, subject=str(offer.pk))


def backtest_seen(campaign: Campaign, backtest: Backtest) -> int:
    """Note that a backtest was seen for the campaign's offers that it holds; how many."""
    ids = [offer["row"] for offer in backtest.offers if offer.get("row")]
    return campaign.campaign_offers.filter(offer_id__in=ids).update(backtest=backtest)


def shift_campaign(campaign: Campaign, day: date, *, by: User | None, now: datetime) -> list[Round]:
    """Move the campaign and all that belongs to it to another day; the rounds that then lie outside their hours.

    Phases, drafted rounds, open tasks, targets and the windows of offers move by the same days; days named in
    drafted texts are rewritten.

    Raises
    ------
    CampaignRefused
        `started` when a round was prepared, `day_past`.
    """
    if campaign.rounds.exclude(state__in=(RoundState.DRAFT, RoundState.CANCELLED)).exists():
        raise CampaignRefused("started")
    if day < now.date():
        raise CampaignRefused("day_past", day=day, today=now.date())
    by_time = day - campaign.day
    with transaction.atomic():
        for phase in campaign.phases.all():
            phase.starts_at, phase.ends_at = phase.starts_at + by_time, phase.ends_at + by_time
            phase.save(update_fields=["starts_at", "ends_at"])
        for row in campaign.rounds.filter(state=RoundState.DRAFT):
            row.opens_at, row.closes_at = row.opens_at + by_time, row.closes_at + by_time
            row.body = _with_new_days(row.body, campaign, by_time)
            row.save(update_fields=["opens_at", "closes_at", "body"])
        # Moved in the order that keeps days unique at every step.
        for target in campaign.targets.order_by("-day" if by_time.days > 0 else "day"):
            target.day += by_time
            target.save(update_fields=["day"])
        _shift_offers(campaign, by_time)
        work.shift(campaign.shop, "campaign", campaign.pk, by_time)
        campaign.day = day
        campaign.save(update_fields=["day"])
        _span(campaign)
        audit.record(
            "campaign.shift", shop=campaign.shop, actor=by, at=now, subject=campaign.name, days=by_time.days
        )
    return [row for row in campaign.rounds.all() if _outside(row)]


def _outside(row: Round) -> bool:
    issues = window_issues(
        row.campaign.shop, row.channel, row.gateway, row.opens_at, row.closes_at, override_of(row)
    )
    return any(issue.severity is Severity.ERROR for issue in issues)


_DAY = re.compile(r"(?<!\d)(\d{1,2})月(\d{1,2})日")


def _with_new_days(body: str, campaign: Campaign, by_time: timedelta) -> str:
    """The text with the campaign's own days moved, in one pass: a day moved onto another is not moved twice."""
    moved = {
        (day.month, day.day): day + by_time
        for day in (campaign.day, campaign.day - timedelta(days=1), campaign.starts_at.date())
    }

    def new(found: re.Match[str]) -> str:
        day = moved.get((int(found[1]), int(found[2])))
        return found[0] if day is None else f"{day.month}月{day.day}日"

    return _DAY.sub(new, body)


def _shift_offers(campaign: Campaign, by_time: timedelta) -> None:
    for link in campaign.campaign_offers.select_related("offer"):
        offer = link.offer
        offer.starts_at, offer.ends_at = offer.starts_at + by_time, offer.ends_at + by_time
        offer.terms = {
            **offer.terms,
            "window": {"start": offer.starts_at.isoformat(), "end": offer.ends_at.isoformat()},
        }
        offer.save(update_fields=["starts_at", "ends_at", "terms"])


def _save(row: Round, by: User | None, now: datetime, what: str, fields: list[str], **detail: Any) -> None:
    with transaction.atomic():
        row.save(update_fields=fields)
        audit.record(f"round.{what}", shop=row.campaign.shop, actor=by, at=now, subject=str(row.pk), **detail)

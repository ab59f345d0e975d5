"""Several changes of one round at once, as a form or a command gives them; the setters of `editing` decide each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import transaction

from laoke.audiences.models import Segment
from laoke.campaigns import editing
from laoke.campaigns.advice import say_issues
from laoke.campaigns.models import Round
from laoke.campaigns.planning import default_gateway
from laoke.campaigns.refusals import CampaignRefused
from laoke.campaigns.templates import set_template_code
from laoke.customers.models import Channel
from laoke.dispatch.text.hours import Override
from laoke.promotions.models import Offer
from laoke.shops.models import Staff, User


@dataclass(frozen=True)
class Changes:
    """What is to change; None stays. `segment` is the name of a stored one or a text; `offer` a number, 0 for none."""

    channel: str | None = None
    segment: str | None = None
    text: str | None = None
    signature: str | None = None
    variables: dict[str, str] | None = None
    opens: datetime | None = None
    closes: datetime | None = None
    override_reason: str = ""
    offer: str | None = None
    holdout: Decimal | None = None
    template_code: str | None = None


def apply_changes(row: Round, changes: Changes, *, by: User | None, now: datetime) -> list[str]:
    """Make all changes or none; notes worth reading come back.

    Raises
    ------
    CampaignRefused, editing.WindowRefused
        as the setters say.
    """
    notes: list[str] = []
    with transaction.atomic():
        if changes.segment is not None:
            _segment(row, changes.segment, by, now)
        if any(part is not None for part in (changes.text, changes.signature, changes.variables)):
            editing.set_round_text(
                row,
                row.body if changes.text is None else changes.text,
                signature=changes.signature,
                variables=None if changes.variables is None else {**row.variables, **changes.variables},
                by=by,
                now=now,
            )
        if changes.opens is not None or changes.closes is not None:
            notes += _window(row, changes, by, now)
        if changes.channel is not None:
            gateway = None
            if changes.channel != Channel.HANDOVER:
                gateway = default_gateway(row.campaign.shop, changes.channel)
            editing.set_round_channel(row, changes.channel, gateway, by=by, now=now)
        if changes.offer is not None:
            editing.set_round_offer(row, _offer(row, changes.offer), by=by, now=now)
        if changes.holdout is not None:
            editing.set_round_holdout(row, changes.holdout or None, by=by, now=now)
        if changes.template_code is not None:
            set_template_code(row, changes.template_code, by=by, now=now)
    return notes


def _segment(row: Round, given: str, by: User | None, now: datetime) -> None:
    stored = Segment.objects.filter(shop=row.campaign.shop, name=given, archived=False).first()
    editing.set_round_segment(row, stored, stored.text if stored else given, by=by, now=now)


def _window(row: Round, changes: Changes, by: User | None, now: datetime) -> list[str]:
    override = None
    if changes.override_reason and by is not None:
        staff = Staff.objects.filter(shop=row.campaign.shop, user=by).first()
        override = Override(staff.role if staff else "", changes.override_reason)
    issues = editing.set_round_window(
        row, changes.opens or row.opens_at, changes.closes or row.closes_at, by=by, now=now, override=override
    )
    return say_issues(issues)


def _offer(row: Round, given: str) -> Offer | None:
    if given in ("", "0"):
        return None
    offer = (
        Offer.objects.filter(shop=row.campaign.shop, archived=False, pk=int(given)).first()
        if given.isdigit()
        else None
    )
    if offer is None:
        known = Offer.objects.filter(shop=row.campaign.shop, archived=False).values_list("pk", flat=True)
        raise CampaignRefused("offer_unknown", offer=given, known=[str(pk) for pk in known])
    return offer

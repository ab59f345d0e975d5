"""The moments of a campaign that its deposits set: until when they are paid, and from when the balance is."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext

from laoke.campaigns.models import CampaignOffer
from laoke.promotions.engine import DepositExpansion
from laoke.promotions.offers import offer_value
from laoke.web import components as ui
from laoke.web import figures


def deposit_moments(
    links: Iterable[CampaignOffer], now: datetime, *, sells: bool
) -> list[tuple[datetime, ui.Moment]]:
    """When deposits end and balances begin, each with its moment for sorting; the offer's page for who may see it."""
    found = []
    for link in links:
        mechanic = offer_value(link.offer).mechanic
        if not isinstance(mechanic, DepositExpansion):
            continue
        url = reverse("offer", args=[link.offer_id]) if sells else ""
        for title, at in (
            (gettext("付定金截止"), mechanic.deposit_until),
            (gettext("付尾款开始"), mechanic.balance_from),
        ):
            when = f"{figures.table_day(at, now)} {at:%H:%M}"
            icon = "check" if at <= now else ""
            found.append((at, ui.Moment(title, when, text=link.offer.name, icon=icon, url=url)))
    return found

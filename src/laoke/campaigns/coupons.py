"""What texts say of the campaign's coupons."""

from __future__ import annotations

from laoke.campaigns.models import Campaign
from laoke.promotions.models import Offer


def face_value(row: Offer) -> str | None:
    """The face value of a coupon in yuan as texts write it; None for an offer without one."""
    face = row.terms["terms"].get("face_cents")
    if not face:
        return None
    return str(face // 100) if face % 100 == 0 else f"{face / 100:.2f}"


def face_values(campaign: Campaign) -> list[str]:
    """The face values of all coupons of a campaign, in the order of its offers."""
    links = campaign.campaign_offers.select_related("offer").order_by("pk")
    return [value for value in (face_value(link.offer) for link in links) if value is not None]

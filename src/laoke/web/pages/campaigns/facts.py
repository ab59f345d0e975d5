"""What the facts and the ledger say of a campaign so far: sales by day, money spent on messages, state of rounds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Count, Q, Sum

from laoke.campaigns.models import Campaign, Round
from laoke.campaigns.targets import DaySales, sales_by_day
from laoke.dispatch.models import Arm, Message, MessageState
from laoke.dispatch.states import REACHED
from laoke.promotions.facts import reader_at
from laoke.shops import catalog

REACHED_STATES = tuple(str(state) for state in REACHED)


@dataclass(frozen=True)
class RoundFigures:
    """One round in numbers. `treated` are those who were to be written to; amounts in 1/1000 yuan."""

    segment: int = 0
    treated: int = 0
    held_out: int = 0
    sent: int = 0
    delivered: int = 0
    cost_millis: int = 0

    @property
    def percent(self) -> int:
        return 100 * self.sent // self.treated if self.treated else 0

    @property
    def delivered_share(self) -> float | None:
        return self.delivered / self.sent if self.sent else None


def sales_of(campaign: Campaign, now: datetime) -> dict[date, DaySales]:
    """Sales of the campaign's days until today; quiet days are absent."""
    entry = catalog.current()
    first = campaign.starts_at.date()
    last = min(now.date(), (campaign.ends_at - timedelta(seconds=1)).date())
    if entry is None or last < first:
        return {}
    return sales_by_day(reader_at(entry), campaign.shop_id, first, last)


def round_figures(rounds: list[Round]) -> dict[int, RoundFigures]:
    """Numbers of several rounds by round id, in one query."""
    by_occasion = {row.occasion_id: row.pk for row in rounds if row.occasion_id}
    if not by_occasion:
        return {}
    counted = (
        Message.objects.filter(occasion_id__in=list(by_occasion))
        .values("occasion_id")
        .annotate(
            segment=Count("pk"),
            treated=Count("pk", filter=Q(arm=Arm.TREATED)),
            held_out=Count("pk", filter=Q(arm=Arm.HELD_OUT)),
            sent=Count("pk", filter=Q(state__in=REACHED_STATES)),
            delivered=Count("pk", filter=Q(state=MessageState.DELIVERED)),
            cost=Sum("cost_millis"),
        )
    )
    return {
        by_occasion[row["occasion_id"]]: RoundFigures(
            row["segment"], row["treated"], row["held_out"], row["sent"], row["delivered"], row["cost"] or 0
        )
        for row in counted
    }

"""Coupons that published lotteries promise: how many are still to be given, and which lottery binds an issue.

Whoever publishes a lottery, stops an issue, or changes an offer holds the row of the issue or offer first, so what is
read here stays true until the transaction ends.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import F, QuerySet, Sum

from laoke.promotions.rewards.lottery_models import Lottery, LotteryDraw, LotteryPrize

DUE = "due"


def promising(now: datetime, *, offer: int | None = None, issue: int | None = None) -> Lottery | None:
    """The published lottery whose end comes last among those that are not over and have coupons of the offer, or of
    the issue, among their prizes."""
    which = {"issue": issue} if offer is None else {"issue__offer": offer}
    found = _open_prizes(now).filter(**which).select_related("lottery")
    last = found.order_by("-lottery__ends_at", "-lottery_id").first()
    return None if last is None else last.lottery


def told_of(lottery: Lottery) -> dict[str, Any]:
    """What a refusal says of the lottery that stands in the way."""
    return {"lottery": lottery.name, "until": f"{lottery.ends_at:%Y-%m-%d %H:%M}"}


def owed(issue: int, now: datetime) -> int:
    """How many coupons of an issue published lotteries may still have to give: what is left of open prizes, and what
    was won and could not be given yet."""
    left = _open_prizes(now).filter(issue=issue).aggregate(n=Sum(F("stock") - F("given")))["n"] or 0
    return int(left) + LotteryDraw.objects.filter(prize__issue=issue, state=DUE).count()


def _open_prizes(now: datetime) -> QuerySet[LotteryPrize]:
    return LotteryPrize.objects.filter(
        lottery__published_at__isnull=False, lottery__over_at=None, lottery__ends_at__gt=now
    )

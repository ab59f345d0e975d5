"""A shop with a lottery: a notebook in one of ten draws, ten points in half of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from laoke.promotions.rewards import lotteries, lottery_draws
from laoke.promotions.rewards.lotteries import Prize, Rules
from laoke.promotions.rewards.lottery_models import Lottery, LotteryDraw, LotteryPrize
from laoke.shops.models import Shop
from tests.promotions_rows.points_shop import ANNA, NOW, PointsShop

SEED = bytes(range(32))
END = datetime(2026, 11, 20)
NOTEBOOK = Prize("手账本", "goods", 5, value_cents=3_900, odds_ppm=100_000)
POINTS = Prize("10 积分", "points", 40, odds_ppm=500_000, points=10)


def rules(**changes: Any) -> Rules:
    told = {
        "kind": "lottery", "name": "双11 抽奖", "organiser": "某某公司", "conditions": "下过单的客人；七天内兑",
        "starts_at": NOW, "ends_at": END, "per_person_limit": 100, "prizes": [NOTEBOOK, POINTS],
    }  # fmt: skip
    return Rules(**told | changes)


@dataclass
class LotteryShop:
    """One shop with points; Anna and Ben are its customers."""

    points: PointsShop

    @classmethod
    def of(cls, shop: Shop) -> LotteryShop:
        return cls(PointsShop.of(shop))

    @property
    def shop(self) -> Shop:
        return self.points.shop

    def draft(self, **changes: Any) -> Lottery:
        return lotteries.save_draft(self.shop, rules(**changes), by=None, now=NOW)

    def open(self, **changes: Any) -> Lottery:
        """A published one, whose seed is always the same."""
        return lotteries.publish(self.draft(**changes), by=None, now=NOW, random=lambda n: SEED[:n])

    def drawn(
        self, lottery: Lottery, text: str = "", customer: int = ANNA, now: datetime = NOW
    ) -> LotteryDraw:
        return lottery_draws.draw(lottery, customer, text, now=now, by="t")


def later(minutes: float) -> datetime:
    return NOW + timedelta(minutes=minutes)


def in_order(lottery: Lottery) -> None:
    """Draws are numbered without a gap, every prize was given as often as it was won and never above its stock, and
    the published seed makes exactly these prizes."""
    fresh = Lottery.objects.get(pk=lottery.pk)
    draws = list(LotteryDraw.objects.filter(lottery=lottery).order_by("number"))
    assert [one.number for one in draws] == list(range(1, fresh.drawn + 1))
    for prize in LotteryPrize.objects.filter(lottery=lottery):
        assert prize.given == sum(one.prize_id == prize.pk for one in draws) <= prize.stock

"""Rows of lotteries and scratch cards. Draws hang on customers and not on persons, as coupons and points do."""

from __future__ import annotations

from django.db import models

from laoke.promotions.rewards.models import PointsLot
from laoke.shops.models import Shop, User


class Lottery(models.Model):
    """A lottery (odds for each draw) or a pile of scratch cards (so many cards, so many prizes among them).

    Once published, `terms` is what `commitment` binds and nothing of it changes any more. The seed lies in the vault
    until the end, then in `seed`. Its row is what every draw holds. `link` is that of the last draw, '' before the
    first and while all were drawn before there were links.
    """

    shop = models.ForeignKey(Shop, models.CASCADE, related_name="lotteries")
    kind = models.CharField(max_length=10)
    name = models.CharField(max_length=80)
    organiser = models.CharField(max_length=120)
    conditions = models.TextField()
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    per_person_limit = models.PositiveIntegerField()
    per_day_limit = models.PositiveIntegerField(null=True)
    cost_points = models.PositiveIntegerField(default=0)
    cards = models.PositiveIntegerField(default=0)
    drawn = models.PositiveIntegerField(default=0)
    link = models.CharField(max_length=64, blank=True, default="", db_default="")
    terms = models.JSONField(default=dict)
    commitment = models.CharField(max_length=64, blank=True)
    sealed = models.BinaryField(default=b"")
    key_id = models.CharField(max_length=20, blank=True)
    seed = models.CharField(max_length=64, blank=True)
    published_at = models.DateTimeField(null=True)
    over_at = models.DateTimeField(null=True)
    over_reason = models.CharField(max_length=200, blank=True)
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(
                fields=["ends_at"],
                condition=models.Q(over_at__isnull=True, published_at__isnull=False),
                name="lottery_running",
            )
        ]

    def __str__(self) -> str:
        return self.name


class LotteryPrize(models.Model):
    """One kind of prize: goods, points, or coupons of an issue; `odds_ppm` in a million, 0 with scratch cards."""

    lottery = models.ForeignKey(Lottery, models.CASCADE, related_name="prizes")
    place = models.PositiveIntegerField()
    title = models.CharField(max_length=80)
    kind = models.CharField(max_length=10)
    value_cents = models.BigIntegerField()
    odds_ppm = models.PositiveIntegerField(default=0)
    stock = models.PositiveIntegerField()
    given = models.PositiveIntegerField(default=0)
    points = models.PositiveBigIntegerField(default=0)
    issue = models.ForeignKey("promotions.CouponIssue", models.PROTECT, null=True, related_name="+")

    class Meta:
        # Held by the draws already; a fault there must end in an error and not in a prize that is not there.
        constraints = [
            models.UniqueConstraint(fields=["lottery", "place"], name="lottery_prize_place"),
            models.CheckConstraint(
                condition=models.Q(given__lte=models.F("stock")), name="lottery_prize_stock"
            ),
        ]


class LotteryDraw(models.Model):
    """One draw. `state`: none (no prize), due (won, not handed over), given, forgone (its winner was erased).

    Of the person's own text only the hash is kept. `link` binds the draw and all before it (`fair_draws.link`), '' when
    it was drawn before there were links.
    """

    lottery = models.ForeignKey(Lottery, models.CASCADE, related_name="draws", db_index=False)
    number = models.PositiveIntegerField()
    customer_id = models.BigIntegerField(null=True)
    text_sha256 = models.CharField(max_length=64)
    link = models.CharField(max_length=64, blank=True, default="", db_default="")
    prize = models.ForeignKey(LotteryPrize, models.PROTECT, null=True, related_name="draws")
    state = models.CharField(max_length=10)
    reason = models.CharField(max_length=200, blank=True)
    coupon = models.ForeignKey("promotions.Coupon", models.SET_NULL, null=True, related_name="+")
    points_lot = models.ForeignKey(PointsLot, models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField()
    by = models.CharField(max_length=80, blank=True)
    settled_at = models.DateTimeField(null=True)
    settled_by = models.CharField(max_length=80, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["lottery", "number"], name="lottery_draw_once")]
        indexes = [
            models.Index(fields=["customer_id", "lottery"], name="lottery_draw_customer"),
            models.Index(fields=["lottery", "state"], name="lottery_draw_state"),
        ]

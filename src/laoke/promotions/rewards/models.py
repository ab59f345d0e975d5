"""Rows of rewards. Like coupons they hang on customers and not on persons: a merge or a split moves nothing."""

from __future__ import annotations

from django.db import models

from laoke.shops.models import Shop, User


class PointsScheme(models.Model):
    """The shop's rule for points; its row is what every move of points holds.

    `earn_points` for each `earn_cents` paid; `burn_points` take off `burn_cents`. `wait_days` after earning points can
    be used, `good_days` after it they end; None = never.
    """

    shop = models.OneToOneField(Shop, models.CASCADE, related_name="points_scheme")
    earn_points = models.PositiveIntegerField()
    earn_cents = models.PositiveIntegerField()
    burn_points = models.PositiveIntegerField()
    burn_cents = models.PositiveIntegerField()
    least_points = models.PositiveIntegerField()
    most_share_bp = models.PositiveIntegerField()
    most_a_day = models.PositiveIntegerField(null=True)
    wait_days = models.PositiveIntegerField(default=0)
    good_days = models.PositiveIntegerField(null=True)
    is_earning = models.BooleanField(default=True)
    updated_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()


class PointsLot(models.Model):
    """Points that came together and end together; `left` of them can still be used. `taken_back` went on refunds.

    Of an order: what was paid and refunded, and the rule of that day, so that a refund is counted by it.
    """

    shop = models.ForeignKey(Shop, models.CASCADE, related_name="+", db_index=False)
    customer_id = models.BigIntegerField(null=True)
    source = models.CharField(max_length=10)
    order_id = models.CharField(max_length=64, blank=True)
    points = models.PositiveBigIntegerField()
    left = models.PositiveBigIntegerField()
    taken_back = models.PositiveBigIntegerField(default=0)
    paid_cents = models.BigIntegerField(default=0)
    refunded_cents = models.BigIntegerField(default=0)
    earn_points = models.PositiveIntegerField(default=0)
    earn_cents = models.PositiveIntegerField(default=1)
    at = models.DateTimeField()
    usable_from = models.DateTimeField()
    good_until = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(left__gte=0) & models.Q(left__lte=models.F("points")),
                name="points_lot_left",
            ),
            models.CheckConstraint(
                condition=models.Q(refunded_cents__lte=models.F("paid_cents")), name="points_lot_refunded"
            ),
            models.UniqueConstraint(
                fields=["shop", "order_id"], condition=models.Q(source="order"), name="points_order_once"
            ),
        ]
        indexes = [
            models.Index(fields=["shop", "customer_id"], name="points_lot_customer"),
            models.Index(fields=["good_until"], condition=models.Q(left__gt=0), name="points_lot_ends"),
        ]


class PointsHold(models.Model):
    """Points that an order has taken: reserved until `due_at`, redeemed, or given back."""

    shop = models.ForeignKey(Shop, models.CASCADE, related_name="+", db_index=False)
    customer_id = models.BigIntegerField(null=True)
    order_id = models.CharField(max_length=64)
    points = models.PositiveBigIntegerField()
    cents = models.BigIntegerField()
    state = models.CharField(max_length=12)
    at = models.DateTimeField()
    due_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["shop", "order_id"],
                condition=models.Q(state__in=("reserved", "redeemed")),
                name="points_hold_once",
            )
        ]
        indexes = [
            models.Index(fields=["shop", "customer_id", "at"], name="points_hold_customer"),
            models.Index(fields=["due_at"], condition=models.Q(due_at__isnull=False), name="points_hold_due"),
        ]


class PointsPart(models.Model):
    """How many of a hold's points came out of one lot, which they return to."""

    hold = models.ForeignKey(PointsHold, models.CASCADE, related_name="parts")
    lot = models.ForeignKey(PointsLot, models.CASCADE, related_name="+")
    points = models.PositiveBigIntegerField()


class PointsOwed(models.Model):
    """Points of a refunded order that had been used already: the next ones that come settle them."""

    shop = models.ForeignKey(Shop, models.CASCADE, related_name="+", db_index=False)
    customer_id = models.BigIntegerField(null=True)
    order_id = models.CharField(max_length=64)
    points = models.PositiveBigIntegerField()
    left = models.PositiveBigIntegerField()
    at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(
                fields=["shop", "customer_id"], condition=models.Q(left__gt=0), name="points_owed_customer"
            )
        ]


class PointsEvent(models.Model):
    """What happened to a customer's points: `points` is the change of what is theirs, so the sum is what is left.

    Append-only; erasing a person empties `customer_id` and `note`.
    """

    shop = models.ForeignKey(Shop, models.CASCADE, related_name="+", db_index=False)
    customer_id = models.BigIntegerField(null=True)
    kind = models.CharField(max_length=12)
    points = models.BigIntegerField()
    lot = models.ForeignKey(PointsLot, models.CASCADE, null=True, related_name="+")
    order_id = models.CharField(max_length=64, blank=True)
    at = models.DateTimeField()
    by = models.CharField(max_length=80, blank=True)
    note = models.CharField(max_length=200, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["shop", "customer_id"], name="points_event_customer"),
            models.Index(fields=["shop", "kind", "at"], name="points_event_kind"),
        ]

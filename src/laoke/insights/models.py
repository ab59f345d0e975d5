"""Rows of insights: what was decided about orders that look fake, how far a shop's orders are scored, and how its
customers' value was found."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from laoke.shops.models import Shop, User


class Decision(models.TextChoices):
    NONE = "", _("疑似")
    CONFIRMED = "confirmed", _("确认刷单")
    CLEARED = "cleared", _("不是刷单")


class OrderFlag(models.Model):
    """An order with a score worth keeping, or one that a person decided about.

    Score and reasons are computed and may be computed again; the decision is a person's and stays. Suspect is what has
    no decision and a score from the shop's threshold on. No buyer stands here: the order's row in the facts names them.
    """

    shop = models.ForeignKey(Shop, models.CASCADE, related_name="order_flags", db_index=False)
    order_id = models.CharField(max_length=40)
    placed_at = models.DateTimeField()
    paid_cents = models.BigIntegerField()
    score = models.SmallIntegerField()
    reasons = models.JSONField(default=list)
    signals = models.CharField(max_length=200, blank=True)  # ",burst,cluster,": what a filter looks for
    decision = models.CharField(max_length=10, choices=Decision.choices, default=Decision.NONE, blank=True)
    decided_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    scored_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["shop", "order_id"], name="order_flag_once")]
        indexes = [
            models.Index(fields=["shop", "decision", "-score", "order_id"], name="order_flag_listed"),
            models.Index(fields=["shop", "placed_at"], name="order_flag_placed"),
        ]


class FakeScan(models.Model):
    """How far a shop's orders are scored: up to which catalog entry, by which rules, when."""

    shop = models.OneToOneField(Shop, models.CASCADE, related_name="fake_scan")
    catalog_ref = models.BigIntegerField()
    rules = models.JSONField()
    day = models.DateField()  # of the last scan of all orders
    scanned_at = models.DateTimeField()


class ValueReport(models.Model):
    """How the value of a shop's customers was found last: which models were tried, what their hold-out said, which one
    is used and with which parameters (`report`, see `insights.value_report`). The values themselves are in the
    warehouse (`customer_value`), at the version that `catalog_ref` names."""

    shop = models.OneToOneField(Shop, models.CASCADE, related_name="value_report")
    as_of_day = models.DateField()
    catalog_ref = models.BigIntegerField()
    model = models.CharField(max_length=20, blank=True)  # "" = nothing could be said
    report = models.JSONField(default=dict)
    computed_at = models.DateTimeField()

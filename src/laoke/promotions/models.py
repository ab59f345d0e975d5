"""Rows of promotions: stored offers and the backtests that were seen before a launch."""

from __future__ import annotations

from django.db import models

from laoke.shops.models import Shop, User


class Offer(models.Model):
    """An offer is data (mechanic, scope, window, limits, audience, layer); `laoke.promotions.engine` reads `terms`."""

    shop = models.ForeignKey(Shop, models.CASCADE, related_name="offers")
    name = models.CharField(max_length=80)
    mechanic = models.CharField(max_length=30)
    terms = models.JSONField()
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    platform_activity_id = models.CharField(max_length=40, blank=True)
    archived = models.BooleanField(default=False)
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name


class Backtest(models.Model):
    """Offers replayed on a past period of the shop, with the catalog entry that was read."""

    shop = models.ForeignKey(Shop, models.CASCADE, related_name="backtests")
    offers = models.JSONField()
    period_from = models.DateField()
    period_to = models.DateField()
    catalog_ref = models.BigIntegerField()
    result = models.JSONField()
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField()

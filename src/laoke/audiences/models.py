"""Rows of audiences: named segments, and snapshots that are never recomputed."""

from __future__ import annotations

from django.db import models

from laoke.shops.models import Shop, User


class Segment(models.Model):
    """A named filter. The text is the truth that people edit; the tree is its parsed form."""

    shop = models.ForeignKey(Shop, models.CASCADE, related_name="segments")
    name = models.CharField(max_length=60)
    text = models.TextField()
    tree = models.JSONField()
    note = models.CharField(max_length=200, blank=True)
    archived = models.BooleanField(default=False)
    last_count = models.BigIntegerField(null=True)
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["shop", "name"], name="segment_name_once_per_shop")]

    def __str__(self) -> str:
        return self.name


class Snapshot(models.Model):
    """A frozen segment: a file of person ids with the feature values that its filter read."""

    shop = models.ForeignKey(Shop, models.CASCADE, related_name="snapshots")
    segment = models.ForeignKey(Segment, models.SET_NULL, null=True, related_name="snapshots")
    name = models.CharField(max_length=60)
    text = models.TextField()
    catalog_ref = models.BigIntegerField()
    as_of_day = models.DateField()
    path = models.CharField(max_length=255)
    sha256 = models.CharField(max_length=64)
    count = models.BigIntegerField()
    erased = models.BigIntegerField(
        default=0
    )  # of `count`, people who were erased since and stand in no file
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField()

"""Rows of work: a task has one person in charge, a due time, what to do when it fails (P4.7)."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from laoke.shops.models import Role, Shop, Staff, User


class TaskState(models.TextChoices):
    OPEN = "open", _("待办")
    DOING = "doing", _("在做")
    DONE = "done", _("做完")
    DROPPED = "dropped", _("不做了")


class Task(models.Model):
    """One job of one person. `source_kind`/`source_id` name what it belongs to without importing it."""

    shop = models.ForeignKey(Shop, models.CASCADE, related_name="tasks")
    source_kind = models.CharField(max_length=20, blank=True)
    source_id = models.BigIntegerField(null=True)
    phase_key = models.CharField(max_length=40, blank=True)
    key = models.CharField(max_length=60, blank=True)
    number = models.PositiveSmallIntegerField(default=0)
    title = models.CharField(max_length=120)
    detail = models.TextField(blank=True)
    role = models.CharField(max_length=20, choices=Role.choices, default=Role.OPERATOR)
    in_charge = models.ForeignKey(Staff, models.SET_NULL, null=True, related_name="tasks")
    starts_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField()
    after = models.ManyToManyField("self", symmetrical=False, related_name="before")
    if_it_fails = models.TextField(blank=True)
    evidence_wanted = models.CharField(max_length=300, blank=True)
    evidence = models.CharField(max_length=300, blank=True)
    state = models.CharField(max_length=10, choices=TaskState.choices, default=TaskState.OPEN)
    done_at = models.DateTimeField(null=True)
    done_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")

    class Meta:
        indexes = [
            models.Index(fields=["shop", "state", "due_at"], name="task_shop_state_due"),
            models.Index(fields=["source_kind", "source_id"], name="task_source"),
        ]

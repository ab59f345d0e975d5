"""A case and what was done about it. What people write is sealed: names, numbers and addresses stand there."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from laoke.shops.models import Shop, Staff, User


class ServiceCase(models.Model):
    """One matter of one customer, with who sees to it and until when something was promised."""

    class Kind(models.TextChoices):
        RETURN = "return", _("退换货")
        REFUND = "refund", _("退款")
        DELAY = "delay", _("物流慢、丢件")
        QUALITY = "quality", _("质量问题")
        REVIEW = "review", _("差评")
        OTHER = "other", _("别的")

    class State(models.TextChoices):
        OPEN = "open", _("在处理")
        WAITING = "waiting", _("等回音")
        SOLVED = "solved", _("解决了")
        CLOSED = "closed", _("关了")

    shop = models.ForeignKey(Shop, models.CASCADE, related_name="+")
    person_id = models.BigIntegerField(db_index=True)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    order_id = models.CharField(max_length=64, blank=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    in_charge = models.ForeignKey(Staff, models.SET_NULL, null=True, related_name="+")
    promised_by = models.DateTimeField()
    opened_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    opened_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["shop", "state", "promised_by"], name="case_due")]


# What is still owed to somebody.
UNDONE = (ServiceCase.State.OPEN, ServiceCase.State.WAITING)


class CaseStep(models.Model):
    """A step of a case: the state after it, and the words of whoever took it, sealed ('' = none)."""

    case = models.ForeignKey(ServiceCase, models.CASCADE, related_name="steps")
    state = models.CharField(max_length=10, choices=ServiceCase.State.choices)
    promised_by = models.DateTimeField()
    sealed = models.BinaryField()
    key_id = models.CharField(max_length=20)
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField()

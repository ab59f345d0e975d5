"""Groups and who is in them. Laoke keeps the book: it never speaks in a group and signs in to none."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from laoke.shops.models import Shop, Staff, User


class MemberGroup(models.Model):
    """One chat group of the shop. A closed one keeps its people in the book and is no longer asked for by filters."""

    class Kind(models.TextChoices):
        DEAL = "deal", _("淘客群")
        VIP = "vip", _("VIP 群")
        SHARING = "sharing", _("晒单群")
        OTHER = "other", _("其他群")

    class Platform(models.TextChoices):
        WECHAT = "wechat", _("微信群")
        WECOM = "wecom", _("企业微信客户群")
        TAOBAO = "taobao", _("淘宝群聊")
        OTHER = "other", _("别的地方")

    class State(models.TextChoices):
        OPEN = "open", _("在用")
        CLOSED = "closed", _("停用")

    shop = models.ForeignKey(Shop, models.CASCADE, related_name="+")
    name = models.CharField(max_length=40)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    platform = models.CharField(max_length=10, choices=Platform.choices)
    in_charge = models.ForeignKey(Staff, models.SET_NULL, null=True, related_name="+")
    capacity = models.PositiveIntegerField(null=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["shop", "name"], name="group_name_once_per_shop")]

    def __str__(self) -> str:
        return self.name


class GroupMember(models.Model):
    """A time somebody was in a group: since when, by which invitation, until when. Coming back is another row."""

    group = models.ForeignKey(MemberGroup, models.CASCADE, related_name="members")
    person_id = models.BigIntegerField(db_index=True)
    joined_on = models.DateField()
    left_on = models.DateField(null=True)
    invite = models.CharField(max_length=40, blank=True)
    source = models.CharField(max_length=20)
    added_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    added_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["group", "person_id"], condition=models.Q(left_on=None), name="in_group_once"
            )
        ]
        indexes = [models.Index(fields=["group", "joined_on"], name="group_joined")]

"""Rows of the house itself: who owns which shop, who works there, what ran, what was audited, what belongs together."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    OWNER = "owner", _("店长")
    OPERATOR = "operator", _("运营")
    SERVICE = "service", _("客服")
    DESIGNER = "designer", _("美工")
    WAREHOUSE = "warehouse", _("仓储")
    ANALYST = "analyst", _("分析")
    AUDITOR = "auditor", _("审计")


class Platform(models.TextChoices):
    TMALL = "tmall", _("天猫")
    TAOBAO = "taobao", _("淘宝")
    OTHER = "other", _("其他")


class User(AbstractUser):
    """A person who signs in. What they may do is said per shop by `Staff`."""

    must_change_password = models.BooleanField(default=False)
    language = models.CharField(max_length=10, default="zh-hans")
    theme = models.CharField(max_length=10, default="system")


class Owner(models.Model):
    """Who owns shops: people are known across the shops of one owner."""

    name = models.CharField(max_length=100)

    def __str__(self) -> str:
        return self.name


class Shop(models.Model):
    """One shop on one platform."""

    owner = models.ForeignKey(Owner, models.PROTECT, related_name="shops")
    name = models.CharField(max_length=100)
    platform = models.CharField(max_length=20, choices=Platform.choices, default=Platform.TMALL)
    category = models.CharField(max_length=50, blank=True)
    timezone = models.CharField(max_length=50, default="Asia/Shanghai")
    currency = models.CharField(max_length=3, default="CNY")
    is_demo = models.BooleanField(default=False)
    settings = models.JSONField(default=dict)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["owner", "name"], name="shop_name_once_per_owner")]

    def __str__(self) -> str:
        return self.name


class Staff(models.Model):
    """A user's role in a shop."""

    user = models.ForeignKey(User, models.CASCADE, related_name="staff")
    shop = models.ForeignKey(Shop, models.CASCADE, related_name="staff")
    role = models.CharField(max_length=20, choices=Role.choices)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "shop"], name="one_role_per_user_and_shop")]

    def __str__(self) -> str:
        return self.user.get_full_name() or self.user.username


class JobState(models.TextChoices):
    QUEUED = "queued", _("排队")
    RUNNING = "running", _("进行中")
    DONE = "done", _("完成")
    FAILED = "failed", _("没做成")
    CANCELLED = "cancelled", _("已取消")


class Job(models.Model):
    """Long work with progress and cancel. A worker claims it by a lease; a lease that ran out may be claimed again."""

    shop = models.ForeignKey(Shop, models.CASCADE, related_name="jobs")
    kind = models.CharField(max_length=40)
    state = models.CharField(max_length=10, choices=JobState.choices, default=JobState.QUEUED)
    params = models.JSONField(default=dict)
    result = models.JSONField(default=dict)
    error = models.JSONField(default=dict)
    done = models.BigIntegerField(default=0)
    total = models.BigIntegerField(default=0)
    note = models.CharField(max_length=200, blank=True)
    cancel_requested = models.BooleanField(default=False)
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    worker = models.CharField(max_length=80, blank=True)
    lease_token = models.IntegerField(default=0)
    lease_until = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["state", "created_at"], name="job_state_created")]


class Upload(models.Model):
    """A file that a user gave us, kept under our own name, sealed, outside static."""

    shop = models.ForeignKey(Shop, models.CASCADE, related_name="uploads")
    name = models.CharField(max_length=255)
    path = models.CharField(max_length=255)
    size = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField()


class ApiToken(models.Model):
    """What a shop's own system signs its requests with: known by its prefix, kept as a digest only.

    `minute` and `used` count the requests of one minute, in whichever process they are answered.
    """

    shop = models.ForeignKey(Shop, models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=60)
    prefix = models.CharField(max_length=16, unique=True)
    digest = models.CharField(max_length=64)
    scopes = models.JSONField(default=list)
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    minute = models.BigIntegerField(default=0)
    used = models.IntegerField(default=0)

    def __str__(self) -> str:
        return self.name


class AuditEvent(models.Model):
    """One act that must be answerable later. Append-only; each row's hash covers the one before it.

    `key_id` names the key that the hash is made with; empty for rows from before there was one.
    """

    shop = models.ForeignKey(Shop, models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()
    actor = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    actor_name = models.CharField(max_length=150)
    act = models.CharField(max_length=60)
    subject = models.CharField(max_length=200, blank=True)
    count = models.BigIntegerField(default=0)
    detail = models.JSONField(default=dict)
    previous_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64, unique=True)
    key_id = models.CharField(max_length=40, default="")

    class Meta:
        indexes = [models.Index(fields=["shop", "at"], name="audit_shop_at")]


class CatalogEntry(models.Model):
    """The version of every warehouse table that belongs together. Readers use the newest; nobody reads 'latest'."""

    versions = models.JSONField()
    as_of_day = models.DateField()
    created_at = models.DateTimeField()
    reason = models.CharField(max_length=40)
    import_ref = models.BigIntegerField(null=True)
    mirrors_revision = models.BigIntegerField(default=0)
    pinned = models.BooleanField(default=False)

    class Meta:
        indexes = [models.Index(fields=["created_at"], name="catalog_created")]


class FeatureBasis(models.Model):
    """What a shop's newest features of today were built from: the facts of an entry, the day, and the rules."""

    shop = models.OneToOneField(Shop, models.CASCADE, primary_key=True, related_name="+")
    entry = models.ForeignKey(CatalogEntry, models.CASCADE, related_name="+")
    as_of_day = models.DateField()
    recipe = models.CharField(max_length=64)


class UpkeepRun(models.Model):
    """One round of upkeep of the tables and what it freed; without an end it was cut short and begins anew."""

    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    result = models.JSONField(default=dict)


class WorkerSeen(models.Model):
    """When a worker last said that it is there."""

    name = models.CharField(max_length=80, primary_key=True)
    at = models.DateTimeField()


class Dirty(models.Model):
    """A mirror's key whose ledger rows changed after the mirror was last written. A set: one row per key."""

    shop = models.ForeignKey(Shop, models.CASCADE, related_name="+")
    mirror = models.CharField(max_length=40)
    key = models.CharField(max_length=80)
    revision = models.BigIntegerField(default=1)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["shop", "mirror", "key"], name="dirty_key_once")]


class KeyCheck(models.Model):
    """The check value of a key, so that a wrong key file is refused."""

    kind = models.CharField(max_length=20)
    key_id = models.CharField(max_length=40)
    check_value = models.CharField(max_length=64)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "key_id"], name="one_check_per_key")]

"""Rows of intake: what was imported, what was put aside, which mappings a shop has used, and where it pulls from."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from laoke.shops.models import ApiToken, Job, Shop, User


class ImportState(models.TextChoices):
    READING = "reading", _("读取中")
    PEOPLE = "people", _("认人中")
    FACTS = "facts", _("写入中")
    DONE = "done", _("完成")
    REFUSED = "refused", _("没导入")
    CANCELLED = "cancelled", _("已取消")
    UNDONE = "undone", _("已撤回")


class ImportRun(models.Model):
    """One file, or one batch of the shop's own system, taken in. Visible from the moment its catalog entry exists,
    which is the moment it is `done`. `token` is what a batch was sent with."""

    shop = models.ForeignKey(Shop, models.CASCADE, related_name="imports")
    job = models.OneToOneField(Job, models.SET_NULL, null=True, related_name="import_run")
    file_name = models.CharField(max_length=255)
    file_sha256 = models.CharField(max_length=64)
    file_size = models.BigIntegerField()
    until = models.DateTimeField(null=True)
    profile = models.CharField(max_length=60, blank=True)
    grain = models.CharField(max_length=20, default="order")
    seen_at = models.DateTimeField(null=True)
    mapping = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=ImportState.choices, default=ImportState.READING)
    counts = models.JSONField(default=dict)
    money = models.JSONField(default=dict)
    detail = models.JSONField(default=dict)
    error = models.JSONField(default=dict)
    catalog_ref = models.BigIntegerField(null=True)
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    token = models.ForeignKey(ApiToken, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["shop", "-created_at"], name="import_shop_created"),
            models.Index(fields=["shop", "state", "grain", "seen_at"], name="import_shop_seen"),
        ]


class QuarantinedRow(models.Model):
    """A row that could not be read: line, reason, its money, the sealed original. Deleted after 30 days."""

    run = models.ForeignKey(ImportRun, models.CASCADE, related_name="quarantined")
    line = models.BigIntegerField()
    reason = models.CharField(max_length=40)
    params = models.JSONField(default=dict)
    cents = models.BigIntegerField(default=0)
    sealed = models.BinaryField()
    key_id = models.CharField(max_length=20)
    expires_on = models.DateField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "line"], name="quarantined_line_once")]


class SentBatch(models.Model):
    """One batch that the shop's own system sent and that was taken. Its key and the digest of its body tell a request
    that is sent again from another one; `errors` are those of its refused rows, numbers of people masked."""

    shop = models.ForeignKey(Shop, models.CASCADE, related_name="batches")
    token = models.ForeignKey(ApiToken, models.SET_NULL, null=True, related_name="+")
    key = models.CharField(max_length=100)
    kind = models.CharField(max_length=20)
    body_sha256 = models.CharField(max_length=64)
    job = models.OneToOneField(Job, models.CASCADE, related_name="batch")
    rows = models.IntegerField()
    errors = models.JSONField(default=list)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["shop", "key"], name="one_batch_per_key")]
        indexes = [models.Index(fields=["created_at"], name="batch_created")]


class SavedMapping(models.Model):
    """Which column is what, for a header that the shop has corrected once: remembered by the header's digest."""

    shop = models.ForeignKey(Shop, models.CASCADE, related_name="mappings")
    name = models.CharField(max_length=100)
    header_digest = models.CharField(max_length=64)
    header = models.JSONField()
    grain = models.CharField(max_length=20, default="order")
    mapping = models.JSONField()
    # Taken from a file: every name its columns may have ({role: [names]}), and where they come from by its own words.
    names = models.JSONField(default=dict)
    source = models.CharField(max_length=200, blank=True)
    is_taken = models.BooleanField(default=False)
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["shop", "header_digest"], name="one_mapping_per_header")
        ]


class ConnectionState(models.TextChoices):
    ACTIVE = "active", _("在拉取")
    PAUSED = "paused", _("已暂停")
    SIGN_IN = "sign_in", _("要重新授权")
    STOPPED = "stopped", _("停了")


class Connection(models.Model):
    """A shop's account at its platform, from which orders are pulled. Secret and session are sealed together.

    Whoever pulls holds the lease; `lease_token` decides when two did.
    """

    shop = models.OneToOneField(Shop, models.CASCADE, related_name="connection")
    app_key = models.CharField(max_length=40)
    gateway = models.CharField(max_length=200)
    is_loopback = models.BooleanField(default=False)
    sealed_secret = models.BinaryField()
    key_id = models.CharField(max_length=20)
    state = models.CharField(max_length=10, choices=ConnectionState.choices, default=ConnectionState.ACTIVE)
    trouble = models.JSONField(default=dict)
    failures = models.IntegerField(default=0)
    pulled_at = models.DateTimeField(null=True)
    next_pull_at = models.DateTimeField()
    lease_token = models.IntegerField(default=0)
    lease_until = models.DateTimeField(null=True)
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField()


class PullStream(models.TextChoices):
    CHANGES = "changes", _("订单变动")
    REFUNDS = "refunds", _("退款")
    HISTORY = "history", _("最近三个月的订单")
    TRACES = "traces", _("物流")
    RATINGS = "ratings", _("评价")
    MEMBERS = "members", _("会员等级")


class PullCursor(models.Model):
    """How far a stream has come. Everything of it before `reached` is stored; `until` and `page` are the window that
    is being read and the page of it that comes next.

    `goal` is where a stream ends, null for one that never does. `seen` names what the end of the last window told, so
    that the overlap of the next one is not fetched twice. `gaps` are spans that the platform no longer tells.
    `answered_at` is when the platform last answered, `trouble` why it does not tell this stream, while it tells others;
    before `next_at` it is not asked again.
    """

    connection = models.ForeignKey(Connection, models.CASCADE, related_name="cursors")
    stream = models.CharField(max_length=10, choices=PullStream.choices)
    began = models.DateTimeField()
    reached = models.DateTimeField()
    goal = models.DateTimeField(null=True)
    until = models.DateTimeField(null=True)
    page = models.IntegerField(null=True)
    seen = models.JSONField(default=dict)
    gaps = models.JSONField(default=list)
    rows = models.BigIntegerField(default=0)
    answered_at = models.DateTimeField(null=True)
    trouble = models.JSONField(default=dict)
    next_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["connection", "stream"], name="one_cursor_per_stream")]


class Listener(models.Model):
    """A connection's line to the message service: who holds it, what came over it, and when it is tried again.

    `seller` is the seller's number there: all sellers of an app are told of on one line.
    """

    connection = models.OneToOneField(Connection, models.CASCADE, related_name="listener")
    seller = models.CharField(max_length=40, blank=True)
    since = models.DateTimeField(null=True)
    answered_at = models.DateTimeField(null=True)
    heard_at = models.DateTimeField(null=True)
    heard = models.BigIntegerField(default=0)
    again = models.BigIntegerField(default=0)
    trouble = models.JSONField(default=dict)
    failures = models.IntegerField(default=0)
    next_at = models.DateTimeField(null=True)
    lease_token = models.IntegerField(default=0)
    lease_until = models.DateTimeField(null=True)


class PlatformMessage(models.Model):
    """A message of the platform: an order to be read again. Its number stays for a while after that, because the
    platform tells more than once; nothing else of it is kept."""

    connection = models.ForeignKey(Connection, models.CASCADE, related_name="messages", db_index=False)
    number = models.CharField(max_length=40)
    topic = models.CharField(max_length=80)
    order_id = models.CharField(max_length=40)
    heard_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["connection", "number"], name="message_once")]
        indexes = [models.Index(fields=["connection", "read_at"], name="message_to_be_read")]

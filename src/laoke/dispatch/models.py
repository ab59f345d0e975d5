"""The message ledger: every message is a row from planning to its last report, and every move is a row too.

States and allowed moves stand in `dispatch/states.py`. A provider call is a `Batch`; each number in it an `Attempt`.
"""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from laoke.customers.models import Channel
from laoke.shops.models import Shop, User


class Gateway(models.Model):
    """An account at a provider, its hours, price and quota. Secrets are sealed with the vault key."""

    shop = models.ForeignKey(Shop, models.CASCADE, related_name="gateways")
    name = models.CharField(max_length=60)
    channel = models.CharField(max_length=10, choices=Channel.choices)
    provider = models.CharField(max_length=20)
    is_loopback = models.BooleanField(default=False)
    settings = models.JSONField(default=dict)
    sealed_secret = models.BinaryField(default=b"")
    key_id = models.CharField(max_length=20, blank=True)
    opens_at = models.TimeField()
    closes_at = models.TimeField()
    price_millis = models.BigIntegerField(default=0)
    quota_left = models.BigIntegerField(null=True)
    stopped_reason = models.CharField(max_length=60, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["shop", "name"], name="gateway_name_once_per_shop")]

    def __str__(self) -> str:
        return self.name


class TemplateKind(models.TextChoices):
    MARKETING = "marketing", _("营销")
    NOTICE = "notice", _("通知")


class MessageTemplate(models.Model):
    """A text with `${name}` variables as filed with the gateway."""

    shop = models.ForeignKey(Shop, models.CASCADE, related_name="message_templates")
    name = models.CharField(max_length=60)
    channel = models.CharField(max_length=10, choices=Channel.choices, default=Channel.SMS)
    kind = models.CharField(max_length=10, choices=TemplateKind.choices, default=TemplateKind.MARKETING)
    signature = models.CharField(max_length=20, blank=True)
    body = models.TextField()
    provider_code = models.CharField(max_length=40, blank=True)
    archived = models.BooleanField(default=False)
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["shop", "name"], name="template_name_once_per_shop")]

    def __str__(self) -> str:
        return self.name


class OccasionState(models.TextChoices):
    DRAFT = "draft", _("准备中")
    RUNNING = "running", _("发送中")
    PAUSED = "paused", _("已暂停")
    CANCELLED = "cancelled", _("已取消")
    FINISHED = "finished", _("发完")


class Occasion(models.Model):
    """One reason to write to people: a round, a care step or a test. `epoch` changes when it is paused or stopped."""

    shop = models.ForeignKey(Shop, models.CASCADE, related_name="occasions")
    kind = models.CharField(max_length=10)
    ref_id = models.BigIntegerField(null=True)
    name = models.CharField(max_length=100)
    channel = models.CharField(max_length=10, choices=Channel.choices)
    gateway = models.ForeignKey(Gateway, models.PROTECT, null=True, related_name="occasions")
    template = models.ForeignKey(MessageTemplate, models.PROTECT, null=True, related_name="occasions")
    is_marketing = models.BooleanField(default=True)
    signature = models.CharField(max_length=20, blank=True)
    body = models.TextField(blank=True)
    provider_code = models.CharField(max_length=40, blank=True)
    variables = models.JSONField(default=dict)
    rules = models.JSONField(default=dict)
    campaign_ref = models.BigIntegerField(null=True)
    state = models.CharField(max_length=10, choices=OccasionState.choices, default=OccasionState.DRAFT)
    epoch = models.IntegerField(default=0)
    not_before = models.DateTimeField()
    not_after = models.DateTimeField()
    catalog_ref = models.BigIntegerField(null=True)
    planned_at = models.DateTimeField(null=True)
    launched_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    pause_reason = models.CharField(max_length=200, blank=True)
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["kind", "ref_id"], name="occasion_kind_ref")]


class Arm(models.TextChoices):
    NONE = "", _("未分组")
    TREATED = "treated", _("发送")
    HELD_OUT = "held_out", _("对照")


class MessageState(models.TextChoices):
    PLANNED = "planned", _("待发")
    HELD_OUT = "held_out", _("对照不发")
    SUPPRESSED = "suppressed", _("不发")
    CANCELLED = "cancelled", _("已取消")
    EXPIRED = "expired", _("过时未发")
    CLAIMED = "claimed", _("已领取")
    HANDED_OVER = "handed_over", _("已交名单")
    SENDING = "sending", _("发送中")
    ACCEPTED = "accepted", _("已受理")
    REJECTED = "rejected", _("被拒")
    UNKNOWN = "unknown", _("结果未知")
    GIVEN_UP = "given_up", _("按已发计")
    DELIVERED = "delivered", _("送达")
    UNDELIVERED = "undelivered", _("未送达")
    NO_RECEIPT = "no_receipt", _("无回执")


class Message(models.Model):
    """One person on one occasion.

    `arm` is empty for those who were left out before arms were drawn. `due_at` is when it may be claimed, `look_at`
    when the reaper has to look at it: the lease's end, the call's deadline, or 72 hours after acceptance.
    """

    occasion = models.ForeignKey(
        Occasion, models.CASCADE, related_name="messages", db_constraint=False, db_index=False
    )
    person_id = models.BigIntegerField()
    customer_id = models.BigIntegerField(null=True)
    arm = models.CharField(max_length=10, choices=Arm.choices, blank=True)
    contact_digest = models.CharField(max_length=32, null=True)
    state = models.CharField(max_length=12, choices=MessageState.choices)
    reason = models.CharField(max_length=40, blank=True)
    due_at = models.DateTimeField()
    lease_owner = models.CharField(max_length=80, blank=True)
    lease_token = models.IntegerField(default=0)
    look_at = models.DateTimeField(null=True)
    alone = models.BooleanField(default=False)
    attempts = models.PositiveSmallIntegerField(default=0)
    segments = models.PositiveSmallIntegerField(default=0)
    cost_millis = models.BigIntegerField(default=0)
    list_number = models.PositiveIntegerField(null=True)
    sent_at = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["occasion", "person_id"], name="one_message_per_person_and_occasion"
            ),
            # Not by state: an index that names it in its condition would be rewritten at every move.
            models.UniqueConstraint(
                fields=["occasion", "contact_digest"],
                condition=models.Q(arm="treated"),
                name="one_treated_message_per_contact",
            ),
        ]
        indexes = [
            models.Index(fields=["person_id"], name="message_person"),
            models.Index(
                fields=["occasion", "due_at"],
                condition=models.Q(state="planned"),
                name="message_due",
            ),
            models.Index(
                fields=["look_at"],
                condition=models.Q(state__in=("claimed", "sending", "accepted")),
                name="message_look_at",
            ),
            models.Index(
                fields=["occasion", "state"],
                condition=models.Q(state__in=("claimed", "sending", "unknown")),
                name="message_open",
            ),
        ]


class Batch(models.Model):
    """One provider call: one id of ours for the whole call."""

    occasion = models.ForeignKey(Occasion, models.CASCADE, related_name="batches", db_constraint=False)
    gateway = models.ForeignKey(Gateway, models.PROTECT, related_name="+", db_constraint=False)
    out_id = models.CharField(max_length=40, unique=True)
    worker = models.CharField(max_length=80)
    people = models.PositiveIntegerField()
    written_at = models.DateTimeField()
    deadline = models.DateTimeField()
    provider_id = models.CharField(max_length=80, blank=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["provider_id"], condition=~models.Q(provider_id=""), name="batch_provider"),
        ]


class Attempt(models.Model):
    """One number in one provider call, written before the call is made. Its own id towards channels is the message's:
    a message stands in a batch once."""

    class Outcome(models.TextChoices):
        OPEN = "open", _("进行中")
        NOT_SENT = "not_sent", _("没有发出")
        NOT_ACCEPTED = "not_accepted", _("未受理")
        ACCEPTED = "accepted", _("已受理")
        REJECTED = "rejected", _("被拒")
        UNKNOWN = "unknown", _("未知")
        ABSENT = "absent", _("查证未受理")

    message = models.ForeignKey(
        Message, models.CASCADE, related_name="attempt_rows", db_constraint=False, db_index=False
    )
    batch = models.ForeignKey(
        Batch, models.CASCADE, related_name="attempts", db_constraint=False, db_index=False
    )
    lease_token = models.IntegerField()
    sealed_recipient = models.BinaryField()
    key_id = models.CharField(max_length=20)
    written_at = models.DateTimeField()
    deadline = models.DateTimeField()
    outcome = models.CharField(max_length=12, choices=Outcome.choices, default=Outcome.OPEN)
    code = models.CharField(max_length=80, blank=True)
    settled_at = models.DateTimeField(null=True)
    next_query_at = models.DateTimeField(null=True)
    queries = models.PositiveSmallIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["batch", "message"], name="message_once_per_batch")]
        indexes = [
            models.Index(fields=["message"], name="attempt_message"),
            models.Index(
                fields=["next_query_at"],
                condition=models.Q(outcome="unknown"),
                name="attempt_unsettled",
            ),
        ]


class ProviderEvent(models.Model):
    """A receipt or a reply as it came in, once per key, applied once."""

    gateway = models.ForeignKey(Gateway, models.CASCADE, related_name="events")
    kind = models.CharField(max_length=10)
    event_key = models.CharField(max_length=120)
    sealed = models.BinaryField()
    key_id = models.CharField(max_length=20)
    received_at = models.DateTimeField()
    applied_at = models.DateTimeField(null=True)
    message_id = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["gateway", "kind", "event_key"], name="provider_event_once")
        ]
        indexes = [
            models.Index(fields=["id"], condition=models.Q(applied_at=None), name="provider_event_waiting"),
        ]


class Transition(models.Model):
    """A move of a message from one state to another. Append-only."""

    message = models.ForeignKey(
        Message, models.CASCADE, related_name="transitions", db_constraint=False, db_index=False
    )
    at = models.DateTimeField()
    before = models.CharField(max_length=12)
    after = models.CharField(max_length=12)
    reason = models.CharField(max_length=60, blank=True)
    by = models.CharField(max_length=150)

    class Meta:
        indexes = [models.Index(fields=["message"], name="transition_message")]


class Reply(models.Model):
    """What a person wrote back; the text is sealed. Opt-outs are applied at once, the rest waits for service."""

    shop = models.ForeignKey(Shop, models.CASCADE, related_name="replies")
    person_id = models.BigIntegerField(null=True)
    channel = models.CharField(max_length=10, choices=Channel.choices)
    contact_mask = models.CharField(max_length=32)
    sealed_text = models.BinaryField()
    key_id = models.CharField(max_length=20)
    is_opt_out = models.BooleanField()
    received_at = models.DateTimeField()
    handled_at = models.DateTimeField(null=True)


class HandoverFile(models.Model):
    """A numbered, hashed list that was handed over to the platform's own tool, and what came back.

    `path` is empty while there is no file: before it is written, and again once it was forgotten.
    """

    occasion = models.ForeignKey(Occasion, models.CASCADE, related_name="handover_files")
    number = models.PositiveIntegerField()
    path = models.CharField(max_length=255, blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    with_phone = models.BooleanField(default=False)
    people = models.BigIntegerField()
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField()
    written_at = models.DateTimeField(null=True)
    downloaded_at = models.DateTimeField(null=True)
    forget_asked_at = models.DateTimeField(null=True)
    forgotten_at = models.DateTimeField(null=True)
    result_imported_at = models.DateTimeField(null=True)
    result = models.JSONField(default=dict)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["occasion", "number"], name="handover_number_once")]

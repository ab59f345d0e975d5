"""Rows of a campaign: playbook + date + shop became real rows that people edit."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from laoke.audiences.models import Segment, Snapshot
from laoke.customers.models import Channel
from laoke.dispatch.models import Gateway, MessageTemplate, Occasion
from laoke.promotions.models import Backtest, Offer
from laoke.shops.models import Shop, Staff, User


class CampaignState(models.TextChoices):
    IDEA = "idea", pgettext_lazy("campaign state", "想法")
    PLANNING = "planning", pgettext_lazy("campaign state", "策划")
    PRICING = "pricing", pgettext_lazy("campaign state", "算价")
    READY = "ready", pgettext_lazy("campaign state", "就绪")
    RUNNING = "running", pgettext_lazy("campaign state", "进行")
    REVIEW = "review", pgettext_lazy("campaign state", "复盘")
    CANCELLED = "cancelled", _("已取消")


class Campaign(models.Model):
    """One campaign of one shop."""

    shop = models.ForeignKey(Shop, models.CASCADE, related_name="campaigns")
    name = models.CharField(max_length=80)
    playbook = models.CharField(max_length=40)
    purpose = models.CharField(max_length=20, default="sell")
    theme = models.CharField(max_length=80, blank=True)
    day = models.DateField()
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=CampaignState.choices, default=CampaignState.PLANNING)
    target_cents = models.BigIntegerField(null=True)
    target_basis = models.JSONField(default=dict)
    contingencies = models.JSONField(default=list)
    holdout_percent = models.DecimalField(max_digits=4, decimal_places=1, default=10)
    holdout_signed_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    holdout_reason = models.CharField(max_length=200, blank=True)
    attribution_days = models.PositiveSmallIntegerField(default=15)
    in_charge = models.ForeignKey(Staff, models.SET_NULL, null=True, related_name="+")
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["shop", "name"], name="campaign_name_once_per_shop")]

    def __str__(self) -> str:
        return self.name


class Phase(models.Model):
    """A stretch of the campaign: warm-up, the day, thanks (P4.12)."""

    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="phases")
    key = models.CharField(max_length=40)
    name = models.CharField(max_length=40)
    goal = models.CharField(max_length=200, blank=True)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()

    class Meta:
        ordering = ["starts_at", "pk"]
        constraints = [models.UniqueConstraint(fields=["campaign", "key"], name="phase_key_once")]


class RoundState(models.TextChoices):
    DRAFT = "draft", _("待准备")
    FROZEN = "frozen", _("已备好")
    RUNNING = "running", _("发送中")
    PAUSED = "paused", _("已暂停")
    DONE = "done", _("发完")
    CANCELLED = "cancelled", _("已取消")


class Round(models.Model):
    """The unit of reaching people: segment x channel x message x time window x offer x holdout."""

    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="rounds")
    number = models.PositiveSmallIntegerField()
    key = models.CharField(max_length=40)
    name = models.CharField(max_length=60)
    channel = models.CharField(max_length=10, choices=Channel.choices)
    segment = models.ForeignKey(Segment, models.PROTECT, null=True, related_name="rounds")
    segment_text = models.TextField(blank=True)
    gateway = models.ForeignKey(Gateway, models.PROTECT, null=True, related_name="rounds")
    template = models.ForeignKey(MessageTemplate, models.PROTECT, null=True, related_name="rounds")
    signature = models.CharField(max_length=20, blank=True)
    body = models.TextField(blank=True)
    variables = models.JSONField(default=dict)
    offer = models.ForeignKey(Offer, models.SET_NULL, null=True, related_name="rounds")
    opens_at = models.DateTimeField()
    closes_at = models.DateTimeField()
    hours_override_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    hours_override_reason = models.CharField(max_length=200, blank=True)
    advice = models.JSONField(default=list)
    holdout_percent = models.DecimalField(max_digits=4, decimal_places=1, null=True)
    state = models.CharField(max_length=10, choices=RoundState.choices, default=RoundState.DRAFT)
    snapshot = models.ForeignKey(Snapshot, models.PROTECT, null=True, related_name="rounds")
    occasion = models.OneToOneField(Occasion, models.PROTECT, null=True, related_name="round")
    test_occasion = models.ForeignKey(Occasion, models.SET_NULL, null=True, related_name="+")
    tested_at = models.DateTimeField(null=True)
    tested_body_hash = models.CharField(max_length=64, blank=True)

    class Meta:
        ordering = ["number", "pk"]
        constraints = [models.UniqueConstraint(fields=["campaign", "key"], name="round_key_once")]

    @property
    def title(self) -> str:
        """`1A 轻提醒`: what a round is called wherever it is named."""
        return f"{self.key.upper()} {self.name}"


class CampaignOffer(models.Model):
    """An offer used by a campaign, and the backtest that was seen for it."""

    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="campaign_offers")
    offer = models.ForeignKey(Offer, models.PROTECT, related_name="+")
    backtest = models.ForeignKey(Backtest, models.SET_NULL, null=True, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["campaign", "offer"], name="offer_once_per_campaign")]


class Target(models.Model):
    """What a day of the campaign is to bring. Sales = visitors x conversion x paid per buyer, where traffic is known.

    `conversion_ppm` counts buyers per million visitors.
    """

    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="targets")
    day = models.DateField()
    visitors = models.BigIntegerField(null=True)
    conversion_ppm = models.BigIntegerField(null=True)
    cents_per_buyer = models.BigIntegerField(null=True)
    cents = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["campaign", "day"], name="target_once_per_day")]


class Review(models.Model):
    """A computed review of a campaign at one catalog entry."""

    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="reviews")
    catalog_ref = models.BigIntegerField()
    until = models.DateTimeField()
    result = models.JSONField()
    created_at = models.DateTimeField()


class PlanComparison(models.Model):
    """Up to five plans of offers on the same past orders, side by side; the first is what the others differ from.

    `variants` is [{"name", "backtest"}] in their order; `catalog_ref` the entry at which all of them were priced.
    """

    shop = models.ForeignKey(Shop, models.CASCADE, related_name="plan_comparisons")
    campaign = models.ForeignKey(Campaign, models.SET_NULL, null=True, related_name="plan_comparisons")
    name = models.CharField(max_length=80)
    variants = models.JSONField()
    catalog_ref = models.BigIntegerField()
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name


class CouponBudget(models.Model):
    """Who of some segments gets which coupon under a budget: what was asked, what was assumed, what was worked out.

    `segments` are row numbers in their order: whoever is in two counts for the first. `assumed` holds what nobody has
    measured, as orders per million people: {segment: {"base": n, "faces": {face in cents: n}}}. `result` is null until
    it is worked out.
    """

    shop = models.ForeignKey(Shop, models.CASCADE, related_name="coupon_budgets")
    name = models.CharField(max_length=60)
    budget_cents = models.BigIntegerField()
    margin_cents = models.BigIntegerField()
    message_millis = models.IntegerField(default=0)
    used_bp = models.PositiveSmallIntegerField(default=10_000)
    segments = models.JSONField()
    faces = models.JSONField()
    assumed = models.JSONField(default=dict)
    result = models.JSONField(null=True)
    worked_out_at = models.DateTimeField(null=True)
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name


class PriceSheet(models.Model):
    """What the items of a campaign (or of none yet) are to cost. `starts_at` is when the prices begin to hold.

    Its content stands in versions, of which the newest is in force.
    """

    shop = models.ForeignKey(Shop, models.CASCADE, related_name="price_sheets")
    campaign = models.OneToOneField(Campaign, models.SET_NULL, null=True, related_name="price_sheet")
    name = models.CharField(max_length=80)
    starts_at = models.DateTimeField()
    archived = models.BooleanField(default=False)
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["shop", "name"], name="price_sheet_name_once_per_shop")
        ]

    def __str__(self) -> str:
        return self.name


class PriceVersion(models.Model):
    """One state of a price sheet, never changed: its items and terms as `campaigns.price_sheets` writes them.

    `file_name` and `sha256` are those of the uploaded file, `restored` the version that was taken back.
    """

    sheet = models.ForeignKey(PriceSheet, models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    items = models.JSONField()
    terms = models.JSONField()
    file_name = models.CharField(max_length=255, blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    restored = models.PositiveIntegerField(null=True)
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["sheet", "number"], name="price_version_once")]


class CompetitorPrice(models.Model):
    """What the like of an item cost elsewhere on a day, and where that was seen. Every sheet of the shop reads it.

    The item is named as price sheets name it: by product and variant, by title only where there is no number.
    """

    shop = models.ForeignKey(Shop, models.CASCADE, related_name="competitor_prices")
    product_id = models.CharField(max_length=64, blank=True)
    sku = models.CharField(max_length=120, blank=True)
    title = models.TextField(blank=True)
    competitor = models.CharField(max_length=60)
    price_cents = models.BigIntegerField()
    seen_on = models.DateField()
    source = models.CharField(max_length=300)
    added_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    added_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["shop", "product_id", "sku", "title", "competitor", "seen_on"],
                name="competitor_price_once_a_day",
            )
        ]


class PageWords(models.Model):
    """What the shop's pages say of a campaign (banner, titles, detail pages), kept so that its words can be checked."""

    campaign = models.OneToOneField(Campaign, models.CASCADE, related_name="page_words")
    words = models.TextField(blank=True)
    changed_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    changed_at = models.DateTimeField()


class LaunchSignature(models.Model):
    """Somebody lets a campaign go although a launch check forbids it: which rule, of what, in exactly which state.

    `state` is the digest of what was checked; when that changes, the signature holds no more. `role` is the signer's at
    that moment.
    """

    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="launch_signatures")
    code = models.CharField(max_length=40)
    subject = models.CharField(max_length=250)
    state = models.CharField(max_length=64)
    reason = models.CharField(max_length=300)
    role = models.CharField(max_length=20)
    by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["campaign", "state"],
                condition=models.Q(withdrawn_at=None),
                name="launch_state_signed_once",
            )
        ]

"""Rows of promotions: stored offers and the backtests that were seen before a launch."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from laoke.promotions.rewards import lottery_models, referral_models  # noqa: F401 - Django looks for rows from here
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


class BacktestDepth(models.Model):
    """What a backtest shows beyond its sums (`promotions.deepening`), and what the operator assumed of buyers since.

    Beside the backtest, so that a list of many does not read it.
    """

    backtest = models.OneToOneField(Backtest, models.CASCADE, related_name="depth")
    facts = models.JSONField()
    assumed = models.JSONField(default=dict)


class CouponIssue(models.Model):
    """Coupons of one offer under one set of limits: how many, how many each, for how much, and until when.

    `made` and `taken_cents` (reserved and redeemed together) are kept with every move, in its transaction.
    """

    shop = models.ForeignKey(Shop, models.CASCADE, related_name="coupon_issues")
    offer = models.ForeignKey(Offer, models.PROTECT, related_name="coupon_issues")
    name = models.CharField(max_length=80)
    total_limit = models.PositiveIntegerField()
    per_person_limit = models.PositiveIntegerField(null=True)
    budget_cents = models.BigIntegerField(null=True)
    valid_from = models.DateTimeField()
    valid_to = models.DateTimeField(null=True)
    days_after_claim = models.PositiveIntegerField(null=True)
    made = models.PositiveIntegerField(default=0)
    taken_cents = models.BigIntegerField(default=0)
    stopped_at = models.DateTimeField(null=True)
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        # Held by the moves already; a fault there must end in an error and not in money.
        constraints = [
            models.CheckConstraint(condition=models.Q(made__lte=models.F("total_limit")), name="issue_total"),
            models.CheckConstraint(condition=models.Q(taken_cents__gte=0), name="issue_taken"),
            models.CheckConstraint(
                condition=models.Q(budget_cents=None) | models.Q(taken_cents__lte=models.F("budget_cents")),
                name="issue_budget",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class CouponBatch(models.Model):
    """Codes of an issue that are made together; a making that was cut short goes on where it stopped."""

    issue = models.ForeignKey(CouponIssue, models.CASCADE, related_name="batches")
    wanted = models.PositiveIntegerField()
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)


class Coupon(models.Model):
    """One coupon with its code. It hangs on a customer as facts do, so a merge or split of persons moves nothing.

    `due_at` is when time alone changes the state.
    """

    shop = models.ForeignKey(Shop, models.CASCADE, related_name="+", db_index=False)
    issue = models.ForeignKey(CouponIssue, models.CASCADE, related_name="coupons", db_index=False)
    batch = models.ForeignKey(CouponBatch, models.CASCADE, null=True, related_name="coupons", db_index=False)
    code = models.CharField(max_length=12)
    state = models.CharField(max_length=10)
    customer_id = models.BigIntegerField(null=True)
    valid_to = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True)
    order_id = models.CharField(max_length=64, blank=True)
    cents = models.BigIntegerField(default=0)
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["shop", "code"], name="coupon_code_once")]
        indexes = [
            models.Index(fields=["issue", "state"], name="coupon_issue_state"),
            models.Index(
                fields=["customer_id"], condition=models.Q(customer_id__isnull=False), name="coupon_customer"
            ),
            models.Index(fields=["due_at"], condition=models.Q(due_at__isnull=False), name="coupon_due"),
            models.Index(
                fields=["shop", "order_id"], condition=models.Q(order_id__gt=""), name="coupon_order"
            ),
        ]


class CouponEvent(models.Model):
    """What happened to a coupon. Append-only; erasing a person empties `customer_id`."""

    issue = models.ForeignKey(CouponIssue, models.CASCADE, related_name="events", db_index=False)
    coupon = models.ForeignKey(Coupon, models.CASCADE, related_name="events")
    kind = models.CharField(max_length=12)
    at = models.DateTimeField()
    customer_id = models.BigIntegerField(null=True)
    order_id = models.CharField(max_length=64, blank=True)
    cents = models.BigIntegerField(default=0)
    by = models.CharField(max_length=80, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["issue", "kind", "at"], name="coupon_event_issue"),
            models.Index(
                fields=["customer_id"],
                condition=models.Q(customer_id__isnull=False),
                name="coupon_event_customer",
            ),
        ]


class CouponCall(models.Model):
    """A request of the shop's own system that did something, with its answer: the same key and body never twice."""

    shop = models.ForeignKey(Shop, models.CASCADE, related_name="+", db_index=False)
    key = models.CharField(max_length=100)
    body_sha256 = models.CharField(max_length=64)
    answer = models.JSONField(default=dict)
    created_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["shop", "key"], name="coupon_call_once")]


class BuyerList(models.Model):
    """A list of persons that offers ask for (`promotions.buyer_lists`), with what it was counted from and when.

    `error` says why it cannot be counted now: nobody is in it then. `tried_at` is when that was last asked.
    """

    shop = models.ForeignKey(Shop, models.CASCADE, related_name="buyer_lists")
    key = models.CharField(max_length=40)
    name = models.CharField(max_length=60, blank=True)
    text = models.TextField(blank=True)
    count = models.BigIntegerField(default=0)
    counted_at = models.DateTimeField(null=True)
    catalog_ref = models.BigIntegerField(null=True)
    tried_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=100, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["shop", "key"], name="buyer_list_once")]


class BuyerListMember(models.Model):
    """A person on a list."""

    of = models.ForeignKey(BuyerList, models.CASCADE, related_name="members", db_index=False)
    person_id = models.BigIntegerField(db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["of", "person_id"], name="buyer_list_person_once")]


class SetupState(models.TextChoices):
    TO_DO = "to_do", _("要设置")
    DONE = "done", _("已设置")
    ENDED = "ended", _("已结束")


class OfferSetup(models.Model):
    """How far an offer is set up in the seller's back office, by whom, and where it stands there.

    The number of the activity is the offer's `platform_activity_id`. `link` is shown to people and used nowhere else.
    `planned_issued` is how many coupons are to be issued.
    """

    offer = models.OneToOneField(Offer, models.CASCADE, related_name="setup")
    state = models.CharField(max_length=10, choices=SetupState.choices, default=SetupState.TO_DO)
    link = models.CharField(max_length=500, blank=True)
    planned_issued = models.PositiveIntegerField(null=True)
    set_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    set_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    ended_at = models.DateTimeField(null=True)
    updated_at = models.DateTimeField()


class OfferReport(models.Model):
    """What the back office counted of an offer up to `as_of`, by file or typed in. Never changed; the newest counts."""

    offer = models.ForeignKey(Offer, models.CASCADE, related_name="reports")
    as_of = models.DateTimeField()
    issued = models.BigIntegerField(null=True)
    taken = models.BigIntegerField(null=True)
    used = models.BigIntegerField(null=True)
    file_name = models.CharField(max_length=255, blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    added_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    added_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["offer", "as_of"], name="offer_report_newest")]

"""Rows of referrals: the shop's rule, the invitations, who came by whom, what was refunded and what was shared."""

from __future__ import annotations

from django.db import models

from laoke.shops.models import Shop, User


class ReferralScheme(models.Model):
    """The rule; its row is what every move of a referral holds. Rewards are points.

    `steps` = [[from how many friends on, points], …], rising; `friend_points` go to who came. A friend's first paid
    order of `least_cents` or more counts after `window_days`. `like_points` for each like of something shared.
    """

    shop = models.OneToOneField(Shop, models.CASCADE, related_name="referral_scheme")
    steps = models.JSONField()
    friend_points = models.PositiveIntegerField(default=0)
    least_cents = models.BigIntegerField(default=0)
    window_days = models.PositiveIntegerField()
    most_rewards = models.PositiveIntegerField(null=True)
    like_points = models.PositiveIntegerField(default=0)
    most_likes_a_day = models.PositiveIntegerField(default=0)
    is_open = models.BooleanField(default=True)
    updated_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()


class Invitation(models.Model):
    """The code by which a customer invites."""

    shop = models.ForeignKey(Shop, models.CASCADE, related_name="+", db_index=False)
    customer_id = models.BigIntegerField(null=True)
    code = models.CharField(max_length=12)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["shop", "code"], name="invitation_code_once")]
        indexes = [models.Index(fields=["shop", "customer_id"], name="invitation_customer")]


class Referral(models.Model):
    """A friend who came by an invitation. One level: nothing of it reaches whoever invited the inviter.

    `state`: waiting (for the first order), counting (its window runs until `due_at`), rewarded, void (with `reason`).
    """

    shop = models.ForeignKey(Shop, models.CASCADE, related_name="+", db_index=False)
    invitation = models.ForeignKey(Invitation, models.CASCADE, related_name="referrals")
    referrer_id = models.BigIntegerField(null=True)
    friend_id = models.BigIntegerField(null=True)
    state = models.CharField(max_length=10)
    reason = models.CharField(max_length=20, blank=True)
    order_id = models.CharField(max_length=64, blank=True)
    paid_cents = models.BigIntegerField(default=0)
    points = models.PositiveIntegerField(default=0)
    at = models.DateTimeField()
    due_at = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["shop", "referrer_id"], name="referral_referrer"),
            models.Index(fields=["shop", "friend_id"], name="referral_friend"),
            models.Index(fields=["shop", "order_id"], name="referral_order"),
            models.Index(fields=["due_at"], condition=models.Q(due_at__isnull=False), name="referral_due"),
        ]


class RefundedOrder(models.Model):
    """An order that was refunded before it earned anything, whether its payment had been told by then or not."""

    shop = models.ForeignKey(Shop, models.CASCADE, related_name="+", db_index=False)
    order_id = models.CharField(max_length=64)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["shop", "order_id"], name="refunded_order_once")]


class Share(models.Model):
    """Something that a customer shared, and how many of its likes were rewarded."""

    shop = models.ForeignKey(Shop, models.CASCADE, related_name="+", db_index=False)
    customer_id = models.BigIntegerField(null=True)
    share_id = models.CharField(max_length=64)
    likes = models.PositiveIntegerField(default=0)
    rewarded = models.PositiveIntegerField(default=0)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["shop", "share_id"], name="share_once")]
        indexes = [models.Index(fields=["shop", "customer_id", "at"], name="share_customer")]

"""The shop's rule for points: written by people, with every change in the audit; held by each move of points."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from laoke.money import MAX_CENTS
from laoke.promotions.rewards.models import PointsScheme
from laoke.promotions.rewards.points_rules import WHOLE_BP, Burning, Earning
from laoke.promotions.rewards.refusals import RewardRefused
from laoke.shops import audit
from laoke.shops.models import Shop, User

MOST_RULE = 1_000_000_000
MOST_DAYS = 3_650
MOST_WAIT = 365
LEAST_SHARE_BP = 100


@dataclass(frozen=True)
class Terms:
    """What the rule promises: `earn_points` for each `earn_cents` paid, `burn_points` take off `burn_cents`.

    None = no such limit: points that never end, as many a day as there are.
    """

    earn_points: int
    earn_cents: int
    burn_points: int
    burn_cents: int
    least_points: int
    most_share_bp: int = WHOLE_BP
    most_a_day: int | None = None
    wait_days: int = 0
    good_days: int | None = None

    def check(self) -> None:
        """
        Raises
        ------
        RewardRefused
            with the first wrong part.
        """
        if not (1 <= self.earn_points <= MOST_RULE and 1 <= self.earn_cents <= MAX_CENTS):
            raise RewardRefused("earn_wrong")
        if not (1 <= self.burn_points <= MOST_RULE and 1 <= self.burn_cents <= MAX_CENTS):
            raise RewardRefused("burn_wrong")
        if not LEAST_SHARE_BP <= self.most_share_bp <= WHOLE_BP:
            raise RewardRefused("share_wrong")
        if not 1 <= self.least_points <= MOST_RULE or self.least_points % self.burn_points:
            raise RewardRefused("least_wrong")
        if self.most_a_day is not None and not self.least_points <= self.most_a_day <= MOST_RULE:
            raise RewardRefused("day_wrong")
        if self.good_days is not None and not 1 <= self.good_days <= MOST_DAYS:
            raise RewardRefused("good_days_wrong", most=MOST_DAYS)
        if not 0 <= self.wait_days <= MOST_WAIT or (
            self.good_days is not None and self.wait_days >= self.good_days
        ):
            raise RewardRefused("wait_days_wrong", most=MOST_WAIT)


def set_scheme(shop: Shop, terms: Terms, *, by: User | None, now: datetime) -> PointsScheme:
    """Write the rule, or change it. Points that were earned keep their end; what they are worth is today's rule.

    Raises
    ------
    RewardRefused
    """
    terms.check()
    with transaction.atomic():
        scheme, _made = PointsScheme.objects.update_or_create(
            shop=shop,
            defaults={**asdict(terms), "updated_by": by, "updated_at": now},
            create_defaults={**asdict(terms), "updated_by": by, "updated_at": now, "created_at": now},
        )
        audit.record("points.rule", shop=shop, actor=by, at=now, subject=str(scheme.pk), **asdict(terms))
    return scheme


def set_earning(shop: Shop, is_earning: bool, *, by: User | None, now: datetime) -> None:
    """Stop giving points for orders, or go on. What people have stays usable: it was promised."""
    with transaction.atomic():
        if (
            PointsScheme.objects.filter(shop=shop)
            .exclude(is_earning=is_earning)
            .update(is_earning=is_earning)
        ):
            act = "points.resume" if is_earning else "points.stop"
            audit.record(act, shop=shop, actor=by, at=now)


def locked_scheme(shop: Shop) -> PointsScheme:
    """The rule, held until the transaction ends.

    Raises
    ------
    RewardRefused
        `no_points_scheme` when the shop has none.
    """
    found = PointsScheme.objects.select_for_update(no_key=True).filter(shop=shop).first()
    if found is None:
        raise RewardRefused("no_points_scheme")
    return found


def shops_held(owner_id: int) -> list[int]:
    """The owner's shops that have a rule, each rule held until the transaction ends."""
    schemes = PointsScheme.objects.select_for_update(of=("self",), no_key=True).filter(
        shop__owner_id=owner_id
    )
    return [scheme.shop_id for scheme in schemes.order_by("pk")]


def terms_of(scheme: PointsScheme) -> Terms:
    """The rule as it stands."""
    values: dict[str, Any] = {name: getattr(scheme, name) for name in Terms.__dataclass_fields__}
    return Terms(**values)


def earning_of(scheme: PointsScheme) -> Earning:
    return Earning(scheme.earn_points, scheme.earn_cents)


def burning_of(scheme: PointsScheme) -> Burning:
    return Burning(scheme.burn_points, scheme.burn_cents, scheme.least_points, scheme.most_share_bp)

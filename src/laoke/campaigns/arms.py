"""Who is treated and who is held out: the shop's standing holdout, the campaign's, and a round's own.

The draw is the hash of `experiments.assignment`; an arm that an earlier round of the campaign recorded wins over it. A
person merged from two of different arms is treated and left out of the review, where they are counted.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal

from django.db import connection

from laoke.campaigns.models import Campaign, Round
from laoke.dispatch.models import Occasion
from laoke.experiments.assignment import (
    HELD_OUT,
    TREATED,
    Holdout,
    arm_indexes,
    salt_of,
    settle_arm,
)
from laoke.shops.models import Shop

ROUND_KIND = "round"


def standing_percent(shop: Shop) -> Decimal:
    """The share of people who get no marketing at all, in percent; 0 unless the shop set one."""
    return Decimal(str(shop.settings.get("standing_holdout_percent", 0)))


def holdouts_of(row: Round) -> list[Holdout]:
    """The levels that apply to a round, the widest first; a level without a share is absent."""
    campaign = row.campaign
    levels = (
        Holdout("shop", salt_of("shop", campaign.shop_id), _bp(standing_percent(campaign.shop))),
        Holdout(
            "campaign", salt_of("campaign", campaign.shop_id, campaign.pk), _bp(campaign.holdout_percent)
        ),
        Holdout(
            "round",
            salt_of("round", campaign.shop_id, campaign.pk, row.key),
            _bp(row.holdout_percent or Decimal(0)),
        ),
    )
    return [level for level in levels if level.share_bp]


def _bp(percent: Decimal) -> int:
    return int(Decimal(percent) * 100)


def shares_rule(row: Round) -> dict[str, int]:
    """The shares as an occasion keeps them, in parts of 10,000: what the review checks sizes against."""
    return {holdout.level: holdout.share_bp for holdout in holdouts_of(row)}


def arm_function(row: Round) -> Callable[[Sequence[int]], list[str]]:
    """Arms of persons for `dispatch.planning`."""
    holdouts = holdouts_of(row)

    def arms(people: Sequence[int]) -> list[str]:
        if not people or not holdouts:
            return [TREATED] * len(people)
        held: dict[str, list[bool]] = {level.level: _held(people, level) for level in holdouts}
        recorded = recorded_arms(row.campaign, besides=row.occasion_id) if "campaign" in held else {}
        return [_arm(person, place, held, recorded.get(person, set())) for place, person in enumerate(people)]

    return arms


def _held(people: Sequence[int], holdout: Holdout) -> list[bool]:
    import numpy as np

    drawn = arm_indexes(np.asarray(people, dtype=np.int64), holdout.salt, holdout.shares())
    return (drawn == 0).tolist()


def _arm(person: int, place: int, held: dict[str, list[bool]], recorded: set[str]) -> str:
    if "shop" in held and held["shop"][place]:
        return HELD_OUT
    hashed = HELD_OUT if "campaign" in held and held["campaign"][place] else TREATED
    settled = settle_arm(recorded, hashed).arm or TREATED
    if settled == TREATED and "round" in held and held["round"][place]:
        return HELD_OUT
    return settled


_RECORDED = """
    SELECT DISTINCT COALESCE(c.person_id, m.person_id), m.arm, m.occasion_id
    FROM dispatch_message m LEFT JOIN customers_customer c ON c.id = m.person_id
    WHERE m.occasion_id = %s AND m.arm IN ('treated', 'held_out')
"""


def recorded_arms(campaign: Campaign, *, besides: int | None = None) -> dict[int, set[str]]:
    """The arms that earlier rounds wrote down, by the present person: two when differently placed people were merged.

    Who was held out by a round's own holdout says nothing of the campaign's.
    """
    found: dict[int, set[str]] = {}
    occasions = Occasion.objects.filter(
        shop_id=campaign.shop_id, kind=ROUND_KIND, campaign_ref=campaign.pk, launched_at__isnull=False
    )
    for occasion in occasions.exclude(pk=besides) if besides is not None else occasions:
        own_holdout = bool(occasion.rules.get("holdout", {}).get("round"))
        with connection.cursor() as cursor:
            cursor.execute(_RECORDED, [occasion.pk])
            for person, arm, _occasion in cursor.fetchall():
                if not (own_holdout and arm == HELD_OUT):
                    found.setdefault(person, set()).add(arm)
    return found

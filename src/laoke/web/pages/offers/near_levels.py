"""Who is near the next level of a reward: a ready filter for each level, opened as a new segment."""

from __future__ import annotations

from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext

from laoke.promotions import engine
from laoke.web import components as ui
from laoke.web.pages.offers.fields import plain_yuan

NEAR_PERCENT = 80
"""From this share of a level's spending on somebody is near it."""


def near_levels(value: engine.Offer) -> list[tuple[str, ui.Action]]:
    """A fact per level of a level reward, none for other offers."""
    if not isinstance(value.mechanic, engine.LevelReward):
        return []
    days = value.mechanic.term_days
    return [
        (gettext("快到%(level)s的人") % {"level": level.group}, _segment(level.spend_cents, days))
        for level in value.mechanic.levels
    ]


def _segment(spend_cents: int, days: int) -> ui.Action:
    least = spend_cents * NEAR_PERCENT // 100
    text = f"net_spent({plain_yuan(least)}..{plain_yuan(spend_cents - 1)}, within {days}d)"
    label = gettext("消费了 %(least)s 以上、不到 %(spend)s") % {
        "least": plain_yuan(least),
        "spend": plain_yuan(spend_cents),
    }
    return ui.Action(label, f"{reverse('segment_new')}?{urlencode({'text': text})}", small=True)

"""Where the demo shop's clock leads once it has been turned: rounds that may go out, campaigns to review."""

from __future__ import annotations

from datetime import timedelta

from django.urls import reverse

from laoke.campaigns.models import CampaignState, RoundState
from laoke.web.pages.demo.views import next_steps
from tests.people import Demo
from tests.web_campaigns.planned import planned


def test_a_round_whose_window_is_open_is_what_comes_next(demo: Demo) -> None:
    row = planned(demo).rounds.get(key="3")
    before, opened, closed = row.opens_at - timedelta(minutes=1), row.opens_at, row.closes_at

    found = next_steps(demo.shop, opened)

    assert ("「最后提醒」可以发了", reverse("round", args=[row.pk]), "去发") in [
        (step.label, step.url, step.action) for step in found
    ]
    assert "「最后提醒」可以发了" not in [step.label for step in next_steps(demo.shop, before)]
    assert "「最后提醒」可以发了" not in [step.label for step in next_steps(demo.shop, closed)]

    row.state = RoundState.DONE
    row.save(update_fields=["state"])
    assert "「最后提醒」可以发了" not in [step.label for step in next_steps(demo.shop, opened)]


def test_a_campaign_is_reviewed_when_the_days_of_its_last_round_are_over(demo: Demo) -> None:
    campaign = planned(demo)
    last = campaign.rounds.order_by("opens_at").last()
    told = last.opens_at + timedelta(days=campaign.attribution_days)

    assert next_steps(demo.shop, told - timedelta(minutes=1)) == []
    (step,) = next_steps(demo.shop, told)
    assert (step.label, step.url) == (
        "「双11 2026」结束了，可以复盘",
        reverse("review", args=[campaign.pk]),
    )

    campaign.state = CampaignState.CANCELLED
    campaign.save(update_fields=["state"])
    assert next_steps(demo.shop, told) == []

"""Finding campaigns, rounds and tasks by what people call them; a wrong name lists those there are."""

from __future__ import annotations

from collections.abc import Sequence

from laoke.campaigns.models import Campaign, Round
from laoke.campaigns.refusals import CampaignRefused
from laoke.shops.models import Shop
from laoke.work.models import Task
from laoke.work.tasks import tasks_of


def campaigns_of(shop: Shop) -> list[Campaign]:
    """All campaigns of a shop, the latest day first."""
    return list(Campaign.objects.filter(shop=shop).select_related("in_charge__user").order_by("-day", "-pk"))


def find_campaign(shop: Shop, name: str) -> Campaign:
    """A campaign by its name or its number.

    Raises
    ------
    CampaignRefused
        `campaign_unknown` with the names there are.
    """
    rows = Campaign.objects.filter(shop=shop)
    found = rows.filter(name=name).first()
    if found is None and name.isdigit():
        found = rows.filter(pk=int(name)).first()
    if found is None:
        raise CampaignRefused("campaign_unknown", name=name, known=[row.name for row in campaigns_of(shop)])
    return found


def find_rounds(campaign: Campaign, key: str | None) -> list[Round]:
    """The round of that key (`1a`), all rounds of that number (`1`), or all of the campaign.

    Raises
    ------
    CampaignRefused
        `round_unknown` with the keys there are.
    """
    rows = list(
        campaign.rounds.select_related(
            "campaign__shop", "segment", "gateway", "offer", "occasion", "snapshot"
        )
    )
    if key is None:
        return rows
    found = [row for row in rows if row.key == key] or [row for row in rows if str(row.number) == key]
    if not found:
        raise CampaignRefused("round_unknown", key=key, known=[row.key for row in rows])
    return found


def one_round(campaign: Campaign, key: str) -> Round:
    """Exactly one round of that key; a number that several rounds share is refused with their keys."""
    found = find_rounds(campaign, key)
    if len(found) > 1:
        raise CampaignRefused("round_unknown", key=key, known=[row.key for row in found])
    return found[0]


def campaign_tasks(campaign: Campaign) -> Sequence[Task]:
    """The tasks of a campaign in their order."""
    return list(tasks_of(campaign.shop, "campaign", campaign.pk))


def find_task(campaign: Campaign, key: str) -> Task:
    """A task of a campaign by its key or its number.

    Raises
    ------
    CampaignRefused
        `task_unknown`.
    """
    for task in campaign_tasks(campaign):
        if key in (task.key, str(task.number)):
            return task
    raise CampaignRefused("task_unknown", key=key)

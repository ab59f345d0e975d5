"""A campaign's offers in the seller's back office: their sheets, how far each is, and the reminders as tasks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from laoke.campaigns.models import Campaign, CampaignOffer
from laoke.promotions.facts import reader_at
from laoke.promotions.models import Offer, OfferSetup, SetupState
from laoke.promotions.setup import Product, Sheet
from laoke.promotions.setups import set_state, sheets_of
from laoke.shops import audit, catalog
from laoke.shops.models import Platform, Role, Shop, User
from laoke.work import tasks as work
from laoke.work.models import Task

AHEAD = timedelta(days=1)
SOURCE = "campaign"


@dataclass(frozen=True)
class OfferPlace:
    """One offer of a campaign: its sheet, how far it is, and the task that reminds of it (None where none does)."""

    offer: Offer
    sheet: Sheet
    setup: OfferSetup
    task: Task | None


def has_back_office(shop: Shop) -> bool:
    """Whether the shop is on a platform whose tools are known."""
    return shop.platform in (Platform.TAOBAO, Platform.TMALL)


def products_of(shop: Shop) -> list[Product]:
    """The shop's product list at the newest catalog entry; empty before the first import."""
    entry = catalog.current()
    if entry is None:
        return []
    rows = reader_at(entry).query("priced_goods", shop_id=shop.pk).to_pylist()
    return [
        Product(row["product_id"], row["title"], row["category"], row["list_price_cents"]) for row in rows
    ]


def places(campaign: Campaign, now: datetime) -> list[OfferPlace]:
    """The campaign's offers in the order in which they were put to use."""
    rows = offers_of(campaign)
    sheets = sheets_of(campaign.shop, rows, products_of(campaign.shop), now)
    setups = {
        one.offer_id: one
        for one in OfferSetup.objects.filter(offer__in=rows).select_related("set_by", "ended_by")
    }
    tasks = {
        task.key: task
        for task in Task.objects.filter(
            shop=campaign.shop,
            source_kind=SOURCE,
            source_id=campaign.pk,
            key__in=[task_key(row) for row in rows],
        )
    }
    return [
        OfferPlace(row, sheets[row.pk], setups.get(row.pk) or OfferSetup(offer=row), tasks.get(task_key(row)))
        for row in rows
    ]


def offers_of(campaign: Campaign) -> list[Offer]:
    """The offers of the campaign's plan."""
    links = CampaignOffer.objects.filter(campaign=campaign).select_related("offer__shop").order_by("pk")
    return [link.offer for link in links]


def task_key(row: Offer) -> str:
    """By which a campaign's task for an offer is found again."""
    return f"setup-{row.pk}"


def wants_reminder(one: OfferPlace, now: datetime) -> bool:
    """Whether an offer is still to be set up by the seller, in time, and no task reminds of it."""
    waits = one.setup.state == SetupState.TO_DO and one.offer.ends_at > now
    return waits and one.task is None and one.sheet.tool.is_sellers


def remind(campaign: Campaign, found: Sequence[OfferPlace], *, by: User | None, now: datetime) -> int:
    """Put a task for every offer that is still to be set up and has none into the campaign's table; how many.

    It is due a day before the offer begins, or when it begins where less time is left.
    """
    wanted = [one for one in found if wants_reminder(one, now)]
    if not wanted:
        return 0
    with transaction.atomic():
        # Two people may ask at once: the second waits here, and finds the tasks of the first.
        Campaign.objects.select_for_update().get(pk=campaign.pk)
        rows = list(work.tasks_of(campaign.shop, SOURCE, campaign.pk))
        there, number = {row.key for row in rows}, max((row.number for row in rows), default=0)
        wanted = [one for one in wanted if task_key(one.offer) not in there]
        made = work.add_tasks(
            campaign.shop, [_task(one, number + place, now) for place, one in enumerate(wanted, 1)],
            source_kind=SOURCE, source_id=campaign.pk,
        )  # fmt: skip
        audit.record(
            "campaign.setup_tasks",
            shop=campaign.shop,
            actor=by,
            at=now,
            subject=str(campaign.pk),
            count=len(made),
        )
    return len(made)


def _task(one: OfferPlace, number: int, now: datetime) -> work.NewTask:
    row = one.offer
    due = row.starts_at - AHEAD
    if due <= now:
        due = max(row.starts_at, now + timedelta(hours=1))
    return work.NewTask(
        key=task_key(row), number=number, title=(_("在后台设置「%(name)s」") % {"name": row.name})[:120],
        detail=_("照活动的「后台设置」一页填，建好后记下活动号和链接"), role=Role.OPERATOR, starts_at=None, due_at=due,
        evidence=_("活动号"), if_it_fails=_("没设好就先不要发带这个优惠的消息"),
    )  # fmt: skip


def mark(campaign: Campaign, row: Offer, state: str, *, by: User | None, now: datetime) -> OfferSetup:
    """Say how far an offer is; its task is done with it, and open again when it is to be set up after all.

    Raises
    ------
    SetupRefused
        as `set_state`.
    """
    with transaction.atomic():
        kept = set_state(row, state, by=by, now=now)
        task = Task.objects.filter(
            shop=campaign.shop, source_kind=SOURCE, source_id=campaign.pk, key=task_key(row)
        ).first()
        if task is not None and state == SetupState.DONE and task.state in work.OPEN_STATES:
            work.set_state(task, "done", by=by, now=now, evidence=row.platform_activity_id, anyway=True)
        elif task is not None and state == SetupState.TO_DO and task.state == "done":
            work.set_state(task, "open", by=by, now=now)
    return kept

"""Backtests and comparisons over so many orders that no page waits for them: queued, and made by the worker.

A job holds what was asked as plain data. What it makes stands in its result from the very transaction that makes it:
a worker that is killed before leaves nothing, one that is killed after is not repeated.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.db import transaction

from laoke.audiences.readings import NotReady
from laoke.audiences.tokens import FilterError
from laoke.audiences.tree import TreeError
from laoke.campaigns import plan_comparisons
from laoke.campaigns.editing import backtest_seen
from laoke.campaigns.models import Campaign, PlanComparison
from laoke.campaigns.plan_comparisons import Plan, people_then, plan_told, segments_of
from laoke.promotions import backtesting, engine
from laoke.promotions.backtesting import BacktestRefused, Told
from laoke.promotions.deepening import SegmentPeople
from laoke.promotions.depth.net import CostTerms
from laoke.promotions.models import Backtest, Offer
from laoke.promotions.offers import OfferRefused, offer_value
from laoke.shops import jobs
from laoke.shops.clock import Clock
from laoke.shops.models import Job, Shop, User

JOB = "backtest"


class NotPriced(Exception):
    """What could be priced when it was asked for can no longer be: `backtest_gone` (deleted meanwhile),
    `backtest_facts` (no orders any more), `backtest_offers`, `backtest_segments` (changed so that they do not work)."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def page_can(shop: Shop, plans: int, first: date, last: date) -> bool:
    """Whether a page prices so many plans on the orders of these days itself."""
    return plans * backtesting.baskets_of(shop, first, last) <= settings.PAGE_BASKETS


def replay_offers(
    shop: Shop,
    offers: Plan,
    first: date,
    last: date,
    *,
    terms: CostTerms,
    segments: Sequence[SegmentPeople],
    by: User | None,
    clock: Clock,
    job: Job | None = None,
    told: Told | None = None,
) -> Backtest:
    """One backtest; whoever uses its offers has then seen what they would have cost.

    Raises
    ------
    BacktestRefused, OfferRefused
        as `backtesting.backtest`.
    JobCancelled
        when `job` is no longer this worker's.
    """
    then = people_then(shop, [offers], first, last, clock.today())
    priced = backtesting.price_plans(
        shop, [offers], first, last, terms=terms, segments=segments, then=then, told=told
    )
    rows = [one.pk for one in offers if isinstance(one, Offer)]
    with transaction.atomic():
        [made] = backtesting.keep_plans(priced, by=by, clock=clock)
        for one in Campaign.objects.filter(shop=shop, campaign_offers__offer__in=rows).distinct():
            backtest_seen(one, made)
        if job is not None:
            jobs.keep_result(job, {"backtest": made.pk})
    return made


def queue_backtest(
    shop: Shop,
    offers: Plan,
    first: date,
    last: date,
    *,
    terms: CostTerms,
    segments: Iterable[int],
    by: User | None,
    now: datetime,
) -> Job:
    """Have the worker replay offers on these days. Raises as `backtesting.backtest`."""
    backtesting.checked([offers], first, last)
    return jobs.queue(
        JOB, shop=shop, now=now, by=by, what="replay", offers=_told(offers), first=str(first), last=str(last),
        terms=asdict(terms), segments=list(segments),
    )  # fmt: skip


def queue_comparison(
    shop: Shop,
    name: str,
    first: Backtest,
    others: Sequence[Backtest],
    variations: Sequence[tuple[str, Plan]],
    *,
    campaign: Campaign | None,
    by: User | None,
    now: datetime,
) -> Job:
    """Have the worker put plans side by side. Raises as `plan_comparisons.compare`."""
    plans = plan_comparisons.comparable(first, others, variations)
    backtesting.checked([plan for _, plan in plans], first.period_from, first.period_to)
    return jobs.queue(
        JOB, shop=shop, now=now, by=by, what="compare", name=name, first=first.pk,
        others=[one.pk for one in others], variations=[[label, _told(plan)] for label, plan in variations],
        campaign=campaign.pk if campaign else None,
    )  # fmt: skip


def queue_again(row: PlanComparison, *, by: User | None, now: datetime) -> Job:
    """Have the worker price a comparison on the facts of now; the job that does so already, if there is one."""
    return jobs.queue_once(JOB, shop=row.shop, now=now, by=by, what="again", comparison=row.pk)


def _told(offers: Plan) -> list[dict[str, Any]]:
    """Offers as plain data, with the number of their row where they have one."""
    return [
        {"row": one.pk, **engine.offer_to_dict(offer_value(one))} if isinstance(one, Offer) else dict(one)
        for one in offers
    ]


def run(job: Job, now: datetime, told: Told) -> dict[str, Any]:
    """The worker's part; the result names the `backtest` or the `comparison`.

    Raises
    ------
    NotPriced
        with the reason.
    JobCancelled
        when it was cancelled, or another worker has taken it over.
    """
    if job.result:
        return job.result  # the worker before died between making it and saying so
    clock = Clock(start=now, frozen=True)
    make = {"replay": _replay, "compare": _compare, "again": _again}[job.params["what"]]
    try:
        return make(job, clock, told)
    except BacktestRefused as refused:
        raise NotPriced("backtest_facts") from refused
    except OfferRefused as refused:
        raise NotPriced("backtest_offers") from refused
    except (FilterError, TreeError, NotReady) as refused:
        raise NotPriced("backtest_segments") from refused


def _replay(job: Job, clock: Clock, told: Told) -> dict[str, Any]:
    asked: Mapping[str, Any] = job.params
    made = replay_offers(
        job.shop, plan_told(asked["offers"]), date.fromisoformat(asked["first"]), date.fromisoformat(asked["last"]),
        terms=CostTerms(**asked["terms"]), segments=segments_of(job.shop, asked["segments"], clock.today()),
        by=job.created_by, clock=clock, job=job, told=told,
    )  # fmt: skip
    return {"backtest": made.pk}


def _compare(job: Job, clock: Clock, told: Told) -> dict[str, Any]:
    asked: Mapping[str, Any] = job.params
    known = Backtest.objects.filter(shop=job.shop).in_bulk([asked["first"], *asked["others"]])
    if len(known) < 1 + len(asked["others"]):
        raise NotPriced("backtest_gone")
    row = plan_comparisons.compare(
        job.shop, asked["name"], known[asked["first"]], [known[pk] for pk in asked["others"]],
        [(label, plan_told(plan)) for label, plan in asked["variations"]],
        campaign=Campaign.objects.filter(shop=job.shop, pk=asked["campaign"] or 0).first(),
        by=job.created_by, clock=clock, told=told,
        done=lambda made: jobs.keep_result(job, {"comparison": made.pk}),
    )  # fmt: skip
    return {"comparison": row.pk}


def _again(job: Job, clock: Clock, told: Told) -> dict[str, Any]:
    row = PlanComparison.objects.filter(shop=job.shop, pk=job.params["comparison"]).first()
    if row is None:
        raise NotPriced("backtest_gone")
    result = {"comparison": row.pk}
    plan_comparisons.again(
        row, by=job.created_by, clock=clock, told=told, done=lambda made: jobs.keep_result(job, result)
    )
    return result

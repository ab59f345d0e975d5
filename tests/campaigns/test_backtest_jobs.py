"""Backtests that the worker makes: as a page would make them, once, and not against a worker that took them over."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pytest

from laoke.campaigns import backtest_jobs, plan_comparisons
from laoke.campaigns.models import CampaignOffer, PlanComparison
from laoke.promotions.backtesting import BacktestRefused, backtest, baskets_of
from laoke.promotions.depth.net import CostTerms
from laoke.promotions.models import Backtest, Offer
from laoke.promotions.offers import add_offer, edit_offer
from laoke.shops import jobs
from laoke.shops.models import Job, JobState
from tests.campaigns.stores import Store, bought
from tests.campaigns.test_plan_comparisons import NOVEMBER, campaign
from tests.promotions_rows.test_offers import coupon, steps

TERMS = CostTerms(500, 100)


@dataclass
class Past:
    """120 orders of 400 in November, and 满 300 减 40."""

    store: Store
    offer: Offer

    def queued(self, **given: Any) -> Job:
        return backtest_jobs.queue_backtest(
            self.store.shop, [self.offer], *NOVEMBER, terms=TERMS, segments=[], by=self.store.owner, now=self.store.now,
            **given,
        )  # fmt: skip

    def claimed(self, **later: int) -> Job:
        job = jobs.claim("w", self.store.now + timedelta(**later), [backtest_jobs.JOB])
        assert job is not None
        return job

    def run(self, job: Job, told: Any = lambda done, total: None) -> dict[str, Any]:
        return backtest_jobs.run(job, self.store.now, told)


@pytest.fixture
def past(store: Store) -> Past:
    store.sold(
        *[
            bought(f"A{n}", n, date(2025, 11, 11), goods_cents=40_000, paid_cents=40_000)
            for n in range(1, 121)
        ],
        bought("B1", 1, date(2025, 12, 1)),
    )
    return Past(store, add_offer(store.shop, steps((30_000, 4_000)), by=store.owner, now=store.now))


def test_a_page_prices_as_many_baskets_as_the_setting_says(past: Past, settings: Any) -> None:
    shop = past.store.shop
    assert baskets_of(shop, *NOVEMBER) == 120
    settings.PAGE_BASKETS = 240
    assert backtest_jobs.page_can(shop, 2, *NOVEMBER)
    assert not backtest_jobs.page_can(shop, 3, *NOVEMBER)


def test_before_the_first_import_the_page_says_so_itself(store: Store, settings: Any) -> None:
    settings.PAGE_BASKETS = 0
    assert baskets_of(store.shop, *NOVEMBER) == 0
    assert backtest_jobs.page_can(store.shop, 5, *NOVEMBER)


def test_the_worker_makes_what_a_page_would_make(past: Past) -> None:
    coming = campaign(past.store, "双11 2026", date(2026, 11, 11))
    CampaignOffer.objects.create(campaign=coming, offer=past.offer)
    past.queued()
    told: list[tuple[int, int]] = []
    made = Backtest.objects.get(pk=past.run(past.claimed(), lambda *both: told.append(both))["backtest"])
    here = backtest(past.store.shop, [past.offer], *NOVEMBER, by=None, clock=past.store.clock, terms=TERMS)

    assert (made.result, made.offers, made.depth.facts) == (here.result, here.offers, here.depth.facts)
    assert made.offers[0]["row"] == past.offer.pk
    assert made.created_by == past.store.owner
    assert CampaignOffer.objects.get().backtest == made, "who uses the offer has seen it"
    assert told == [(0, 2), (1, 2), (2, 2)]


def test_an_offer_that_was_edited_while_it_waited_is_priced_as_it_was_asked(past: Past) -> None:
    past.queued()
    edit_offer(past.offer, steps((30_000, 9_000)), by=past.store.owner, now=past.store.now)
    made = Backtest.objects.get(pk=past.run(past.claimed())["backtest"])
    assert made.result["discount_cents"] == 120 * 4_000
    assert made.offers[0]["row"] is None


def test_a_worker_that_takes_over_after_it_was_made_makes_nothing_twice(past: Past) -> None:
    past.queued()
    first = past.claimed()
    past.run(first)
    second = past.claimed(seconds=61)

    assert (second.pk, second.lease_token) == (first.pk, first.lease_token + 1)
    assert past.run(second) == {"backtest": Backtest.objects.get().pk}


def test_a_worker_that_lost_its_job_and_one_that_was_told_to_stop_keep_nothing(past: Past) -> None:
    past.queued()
    lost, current = past.claimed(), past.claimed(seconds=61)
    with pytest.raises(jobs.JobCancelled):
        past.run(lost)
    assert not Backtest.objects.exists()
    assert jobs.cancel(current, past.store.now)
    with pytest.raises(jobs.JobCancelled):
        past.run(current)
    assert not Backtest.objects.exists()


def test_a_comparison_is_made_and_made_again(past: Past) -> None:
    store = past.store
    first = backtest(store.shop, [past.offer], *NOVEMBER, by=None, clock=store.clock, terms=TERMS)
    other = backtest(store.shop, [coupon(offer_id="c")], *NOVEMBER, by=None, clock=store.clock)
    changed = plan_comparisons.varied(first, first.offers[0]["offer_id"], [20_000, 1_000], "满200减10")
    backtest_jobs.queue_comparison(
        store.shop, "并排", first, [other], [("满200减10", changed)], campaign=None, by=store.owner, now=store.now,
    )  # fmt: skip
    job = past.claimed()
    row = PlanComparison.objects.get(pk=past.run(job)["comparison"])
    jobs.finish(job, JobState.DONE, store.now, result=job.result)

    assert [name for name, _ in plan_comparisons.variants_of(row)] == ["满减", "店铺券", "满200减10"]
    variants = plan_comparisons.variants_of(row)
    assert [one.result["discount_cents"] for _, one in variants] == [120 * 4_000, 120 * 2_000, 120 * 1_000]

    asked = backtest_jobs.queue_again(row, by=store.owner, now=store.now)
    assert backtest_jobs.queue_again(row, by=store.owner, now=store.now) == asked, "it waits already"
    assert past.run(past.claimed()) == {"comparison": row.pk}
    before = [one.pk for _, one in variants]
    row.refresh_from_db()
    assert all(one.pk not in before for _, one in plan_comparisons.variants_of(row))


def test_what_is_gone_or_does_not_work_any_more_is_refused_with_its_reason(past: Past) -> None:
    store = past.store
    first = backtest(store.shop, [past.offer], *NOVEMBER, by=None, clock=store.clock)
    second = backtest(store.shop, [coupon(offer_id="c")], *NOVEMBER, by=None, clock=store.clock)
    backtest_jobs.queue_comparison(
        store.shop, "并排", first, [second], [], campaign=None, by=None, now=store.now
    )
    row = plan_comparisons.compare(
        store.shop, "另一个", first, [second], [], campaign=None, by=None, clock=store.clock
    )
    backtest_jobs.queue_again(row, by=None, now=store.now)
    Backtest.objects.filter(pk=second.pk).delete()
    PlanComparison.objects.all().delete()
    for _ in range(2):
        with pytest.raises(backtest_jobs.NotPriced, match="backtest_gone"):
            past.run(past.claimed())


def test_what_cannot_be_priced_is_refused_before_it_waits(past: Past) -> None:
    with pytest.raises(BacktestRefused, match="period"):
        backtest_jobs.queue_backtest(
            past.store.shop, [past.offer], *reversed(NOVEMBER), terms=TERMS, segments=[], by=None,
            now=past.store.now,
        )  # fmt: skip
    assert not Job.objects.exists()

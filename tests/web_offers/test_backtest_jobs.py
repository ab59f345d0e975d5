"""Backtests over more orders than a page prices: the page leads to their progress, then to what was made."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from laoke.campaigns.models import PlanComparison
from laoke.promotions.models import Backtest, Offer
from laoke.shops.models import Job, JobState, Role
from tests.people import Demo, person
from tests.web_offers.test_backtest_depth import PERIOD
from tests.web_offers.test_pages import new
from tests.web_segments.test_slow_counts import work


@pytest.fixture
def asked(demo: Demo, settings: Any) -> str:
    """The address of the job of a backtest that no page prices."""
    new(demo)
    settings.PAGE_BASKETS = 0
    answer = demo.client().post(reverse("backtests"), {"offers": [Offer.objects.get().pk], **PERIOD})
    return str(answer.url)


def test_the_page_shows_the_progress_and_leads_to_the_result_when_it_is_there(demo: Demo, asked: str) -> None:
    job = Job.objects.get(kind="backtest")
    waiting = demo.client().get(asked)
    assert asked == reverse("backtest_job", args=[job.pk])
    assert waiting.context["page"].title == "满399减60"
    assert waiting.context["page"].progress.note == "排队"
    assert reverse("job_progress", args=[job.pk]) in waiting.content.decode()
    listed = demo.client().get(reverse("backtests")).context["page"]
    assert str(listed.running.title) == "后台正在算" and listed.running.action.url == asked
    assert not Backtest.objects.exists()

    assert work(demo) == 1
    part = demo.client().get(reverse("job_progress", args=[job.pk]))
    assert part["HX-Refresh"] == "true"
    assert demo.client().get(asked).url == reverse("backtest", args=[Backtest.objects.get().pk])
    assert demo.client().get(reverse("backtests")).context["page"].running is None


def test_plans_side_by_side_are_made_by_the_worker_too_and_made_again(demo: Demo, asked: str) -> None:
    work(demo)
    one = Backtest.objects.get()
    form = {"name": "试两种", "offer": one.offers[0]["offer_id"], "changes": "299-30"}
    answer = demo.client().post(reverse("backtest_compare", args=[one.pk]), form)
    page = demo.client().get(answer.url).context["page"]
    assert page.title == "试两种" and page.ended is None

    work(demo)
    row = PlanComparison.objects.get()
    assert demo.client().get(answer.url).url == reverse("comparison", args=[row.pk])

    again = demo.client().post(reverse("comparison_again", args=[row.pk]))
    assert demo.client().get(again.url).context["page"].title == "试两种"
    before = row.variants
    work(demo)
    row.refresh_from_db()
    assert demo.client().get(again.url).url == reverse("comparison", args=[row.pk])
    assert [one["backtest"] for one in row.variants] != [one["backtest"] for one in before]


def test_one_that_was_cancelled_says_that_nothing_was_kept(demo: Demo, asked: str) -> None:
    demo.client().post(reverse("job_cancel", args=[Job.objects.get(kind="backtest").pk]))
    ended = demo.client().get(asked).context["page"].ended
    assert (str(ended.title), ended.tone) == ("已取消", "warn")
    assert work(demo) == 0
    assert not Backtest.objects.exists()


@pytest.mark.parametrize(
    ("code", "said"),
    [("backtest_gone", "要比的回放已经不在了，没有算。"), ("broken", "没做成，已有的数据没有变。")],
)
def test_one_that_was_not_made_says_why(demo: Demo, asked: str, code: str, said: str) -> None:
    Job.objects.filter(kind="backtest").update(state=JobState.FAILED, error={"code": code})
    ended = demo.client().get(asked).context["page"].ended
    assert (str(ended.title), ended.tone) == ("没有算成", "bad")
    assert str(ended.text).startswith(said)


def test_a_wrong_request_is_refused_on_its_form_and_does_not_wait(demo: Demo, asked: str) -> None:
    before = Job.objects.count()
    work(demo)
    one = Backtest.objects.get()
    form = {"name": "并排", "offer": one.offers[0]["offer_id"], "changes": "8.5"}
    answer = demo.client().post(reverse("backtest_compare", args=[one.pk]), form)
    assert answer.status_code == 422
    assert Job.objects.count() == before


def test_an_analyst_sees_the_progress_and_cannot_cancel_and_other_work_is_not_shown_here(
    demo: Demo, asked: str
) -> None:
    seen = demo.client(person(demo, "analyst", Role.ANALYST)).get(asked)
    assert seen.context["page"].progress.cancel_url == ""
    assert demo.client(person(demo, "service", Role.SERVICE)).get(asked).status_code == 403
    other = Job.objects.create(shop=demo.shop, kind="features", created_at=demo.now)
    assert demo.client().get(reverse("backtest_job", args=[other.pk])).status_code == 404

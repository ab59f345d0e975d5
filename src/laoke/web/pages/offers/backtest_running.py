"""A backtest or a comparison that the worker makes: how far it is, then where it stands, or why it was not made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from laoke.campaigns.backtest_jobs import JOB
from laoke.campaigns.models import PlanComparison
from laoke.promotions.models import Backtest
from laoke.shops import jobs
from laoke.shops.joins import phrases
from laoke.shops.models import Job, JobState, Shop
from laoke.web import components as ui
from laoke.web import figures
from laoke.web.access import allowed, clock_of, may_market, shop_of
from laoke.web.components.base import Words
from laoke.web.nav import SELLING
from laoke.web.pages.imports.progress import failure_text, is_over, progress_of

REASONS: dict[str, Words] = {
    "backtest_gone": _("要比的回放已经不在了，没有算。"),
    "backtest_facts": _("订单已经撤回，没有可以回放的。"),
    "backtest_offers": _("优惠改过，合不到一起了。改好优惠，再回放一次。"),
    "backtest_segments": _("选的人群改过，数不出来了。看看人群，再回放一次。"),
}


@dataclass(frozen=True)
class JobPage:
    """What is made on which days; its bar while it runs, `ended` when nothing came of it."""

    title: str
    facts: list[str]
    progress: ui.Progress
    progress_url: str
    ended: ui.Notice | None


@allowed(*SELLING)
@require_GET
def backtest_job(request: HttpRequest, pk: int) -> HttpResponse:
    """The progress; what is done leads to its page."""
    job = get_object_or_404(Job, shop=shop_of(request), kind=JOB, pk=pk)
    if job.state == JobState.DONE:
        return redirect(_target(job))
    now = clock_of(request).now()
    days = _days(job)
    facts = [figures.day_range(*days, now)] if days is not None else []
    page = JobPage(
        _title(job),
        [*facts, gettext("单子多，后台在算；可以离开这一页，算好了在回放里")] if not is_over(job) else facts,
        progress_of(job, now, may_cancel=may_market(request)),
        reverse("job_progress", args=[job.pk]),
        _ended(job) if is_over(job) else None,
    )
    return render(request, "offers/backtest_job.html", {"page": page})


def _target(job: Job) -> str:
    if "comparison" in job.result:
        return reverse("comparison", args=[job.result["comparison"]])
    return reverse("backtest", args=[job.result["backtest"]])


def _title(job: Job) -> str:
    asked: dict[str, Any] = job.params
    if asked["what"] == "replay":
        return " + ".join(offer["name"] for offer in asked["offers"])
    if asked["what"] == "compare":
        return str(asked["name"])
    row = PlanComparison.objects.filter(shop_id=job.shop_id, pk=asked["comparison"]).first()
    return row.name if row is not None else gettext("并排看")


def _days(job: Job) -> tuple[Any, Any] | None:
    from datetime import date

    asked: dict[str, Any] = job.params
    if asked["what"] == "replay":
        return date.fromisoformat(asked["first"]), date.fromisoformat(asked["last"])
    if asked["what"] == "compare":
        first = Backtest.objects.filter(shop_id=job.shop_id, pk=asked["first"]).first()
        return (first.period_from, first.period_to) if first is not None else None
    return None


def _ended(job: Job) -> ui.Notice:
    """A job that made nothing, with the way to try again."""
    again = ui.Action(gettext("再回放一次"), reverse("backtests"), small=True)
    if job.state == JobState.CANCELLED:
        return ui.Notice(gettext("什么都没有存。"), gettext("已取消"), "warn", action=again)
    reason = REASONS.get(str(job.error.get("code", "")))
    text = str(reason) if reason is not None else failure_text(job)
    return ui.Notice(text, gettext("没有算成"), "bad", action=again)


def running_notice(shop: Shop) -> ui.Notice | None:
    """The newest one that the worker makes or will make; None where there is none."""
    job = jobs.under_way(JOB, shop=shop)
    if job is None:
        return None
    return ui.Notice(
        phrases([_title(job), str(JobState(job.state).label)]),
        gettext("后台正在算"),
        action=ui.Action(gettext("看进度"), reverse("backtest_job", args=[job.pk]), small=True),
    )

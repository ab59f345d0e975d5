"""The calendar of a campaign, and the same rows as an execution table that prints and goes to Excel."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext

from laoke.campaigns.finding import campaign_tasks
from laoke.campaigns.models import Campaign, CampaignState
from laoke.web import components as ui
from laoke.web import sheets
from laoke.web.access import EVERYONE, allowed, clock_of, may_market, shop_of
from laoke.web.pages.campaigns.facts import round_figures
from laoke.web.pages.campaigns.frame import CampaignFrame, find_campaign, frame_of
from laoke.web.pages.campaigns.gantt import Gantt, day_text, gantt
from laoke.web.pages.campaigns.tasks import task_status
from laoke.work.models import Task
from laoke.work.tasks import counts


@dataclass(frozen=True)
class CalendarPage:
    """The Gantt of a campaign; on a phone `lines` are read as a list."""

    frame: CampaignFrame
    gantt: Gantt
    others: list[tuple[str, str]]
    facts: str
    legend: ui.Legend


@dataclass(frozen=True)
class NoCalendar:
    """There is no campaign yet."""

    empty: ui.Empty


@dataclass(frozen=True)
class ExecutionTable:
    """Every phase, round and task with its time, its person and its state."""

    frame: CampaignFrame
    table: ui.Table
    facts: str


@allowed(*EVERYONE)
def calendar(request: HttpRequest) -> HttpResponse:
    """The calendar of the campaign that is on, else of the next, else of the last."""
    shop, now = shop_of(request), clock_of(request).now()
    rows = Campaign.objects.filter(shop=shop).exclude(state=CampaignState.CANCELLED)
    chosen = (
        rows.filter(starts_at__lte=now, ends_at__gt=now).order_by("ends_at").first()
        or rows.filter(starts_at__gt=now).order_by("starts_at").first()
        or rows.order_by("-ends_at").first()
    )
    if chosen is not None:
        return redirect("campaign_calendar", chosen.pk)
    action = None
    if may_market(request):
        action = ui.Action(gettext("新建活动"), reverse("campaign_new"), "primary")
    empty = ui.Empty(gettext("日历还是空的"), gettext("有了活动，阶段、轮次和任务就排在这里"), action)
    return render(request, "campaigns/no_calendar.html", {"page": NoCalendar(empty)})


@allowed(*EVERYONE)
def campaign_calendar(request: HttpRequest, pk: int) -> HttpResponse:
    shop, now = shop_of(request), clock_of(request).now()
    campaign = find_campaign(shop, pk)
    rounds = list(campaign.rounds.all().order_by("opens_at", "pk"))
    tasks = list(campaign_tasks(campaign))
    progress = {key: value.percent for key, value in round_figures(rounds).items()}
    drawn = gantt(campaign, list(campaign.phases.all()), rounds, tasks, progress, now)
    others = [
        (row.name, reverse("campaign_calendar", args=[row.pk]))
        for row in Campaign.objects.filter(shop=shop)
        .exclude(pk=campaign.pk)
        .exclude(state=CampaignState.CANCELLED)
        .order_by("-day")[:6]
    ]
    legend = ui.Legend(
        [
            (gettext("计划"), "c1-soft", ""),
            (gettext("已完成"), "c0", ""),
            (gettext("晚了"), "warn", ""),
            (gettext("今天"), "seal", "ln"),
        ]
    )
    frame = frame_of(request, campaign, "campaign_calendar", now)
    page = CalendarPage(frame, drawn, others, _facts(tasks, now), legend)
    return render(request, "campaigns/calendar.html", {"page": page})


@allowed(*EVERYONE)
def campaign_tasks_page(request: HttpRequest, pk: int) -> HttpResponse:
    """The execution table: what the calendar draws, as rows in the order of time."""
    shop, now = shop_of(request), clock_of(request).now()
    campaign = find_campaign(shop, pk)
    tasks = list(campaign_tasks(campaign))
    rows = _execution_rows(campaign, tasks, now)
    table = ui.Table(
        columns=[
            ui.Column("what", gettext("事情")),
            ui.Column("phase", gettext("阶段"), "nowrap", priority=2, card="hide"),
            ui.Column("who", gettext("谁"), "nowrap"),
            ui.Column("from", gettext("开始"), "nowrap", priority=2, card="hide"),
            ui.Column("due", gettext("到期"), "nowrap"),
            ui.Column("proof", gettext("凭证"), "wrap", priority=3, card="hide"),
            ui.Column("fails", gettext("若出问题"), "wrap", priority=3, card="hide"),
            ui.Column("state", gettext("状态"), "nowrap", card="end"),
        ],
        rows=[row for _, row in sorted(rows, key=lambda pair: pair[0])],
        caption=gettext("执行表"),
        empty=ui.Empty(gettext("这个活动没有任务和轮次")),
    )
    if sheets.wanted(request):
        return sheets.sheet(
            request, table.columns, table.rows, gettext("执行表 %(name)s") % {"name": campaign.name}
        )
    page = ExecutionTable(frame_of(request, campaign, "campaign_tasks", now), table, _facts(tasks, now))
    return render(request, "campaigns/tasks.html", {"page": page})


def _execution_rows(campaign: Campaign, tasks: list[Task], now: datetime) -> list[tuple[datetime, ui.Row]]:
    """Rounds and tasks with the time they begin."""
    names = {phase.key: phase.name for phase in campaign.phases.all()}
    rows = [
        (
            row.opens_at,
            ui.Row(
                [
                    row.title,
                    gettext("触达"),
                    row.get_channel_display(),
                    day_text(row.opens_at, now),
                    day_text(row.closes_at, now),
                    "",
                    "",
                    row.get_state_display(),
                ],
                id=f"round-{row.pk}",
                url=reverse("round", args=[row.pk]),
            ),
        )
        for row in campaign.rounds.all()
    ]
    rows += [
        (
            task.starts_at or task.due_at,
            ui.Row(
                [
                    task.title,
                    names.get(task.phase_key, ""),
                    ui.Who(str(task.in_charge)) if task.in_charge else task.get_role_display(),
                    day_text(task.starts_at, now),
                    day_text(task.due_at, now),
                    task.evidence or task.evidence_wanted,
                    task.if_it_fails,
                    task_status(task, now),
                ],
                id=f"task-{task.pk}",
                url=reverse("task", args=[task.pk]),
            ),
        )
        for task in tasks
    ]
    return rows


def _facts(tasks: list[Task], now: datetime) -> str:
    found = counts(tasks, now)
    return gettext("%(all)s 件任务，完成 %(done)s，晚 %(late)s，没有负责人 %(unassigned)s") % found

"""Everybody's tasks by due time, and one task: who, until when, evidence, what came before, what if it fails."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext, pgettext
from django.views.decorators.http import require_POST

from laoke.campaigns.models import Campaign
from laoke.shops.models import Role
from laoke.web import components as ui
from laoke.web import figures, lists, sheets
from laoke.web.access import EVERYONE, MARKETING, allowed, clock_of, may_market, shop_of
from laoke.web.pages.campaigns.forms import TaskForm
from laoke.web.pages.campaigns.words import sentence_of
from laoke.work import tasks as work
from laoke.work.models import Task, TaskState


@dataclass(frozen=True)
class TaskList:
    """Tasks of the shop, the most urgent first."""

    tabs: ui.Tabs
    filters: ui.Filters
    table: ui.Table
    late: int


@dataclass(frozen=True)
class TaskPage:
    """One task."""

    task: Task
    status: ui.Status
    facts: ui.Facts
    before: list[Task]
    form: TaskForm | None
    may_finish: bool
    campaign: Campaign | None


def task_status(task: Task, now: datetime) -> ui.Status:
    """Its state; what is open past its time is late."""
    if task.state == TaskState.DONE:
        return ui.Status(task.get_state_display(), "ok")
    if task.state == TaskState.DROPPED:
        return ui.Status(task.get_state_display(), "")
    if task.due_at < now:
        return ui.Status(gettext("晚了"), "warn")
    return ui.Status(task.get_state_display(), "run" if task.state == TaskState.DOING else "")


def may_finish(request: HttpRequest, task: Task) -> bool:
    """The person in charge, and whoever leads the campaign; the auditor only reads."""
    role, staff = request.role, request.staff  # type: ignore[attr-defined]
    if role == Role.AUDITOR:
        return False
    return (
        role in MARKETING
        or task.in_charge_id == staff.pk
        or (task.in_charge_id is None and task.role == role)
    )


VIEWS = ("open", "mine", "late", "done")


@allowed(*EVERYONE)
def task_list(request: HttpRequest) -> HttpResponse:
    shop, now = shop_of(request), clock_of(request).now()
    view = request.GET.get("view", "open")
    view = view if view in VIEWS else "open"
    still = Q(state__in=work.OPEN_STATES)
    mine = Q(in_charge=request.staff)  # type: ignore[attr-defined]
    wanted = {
        "open": still,
        "mine": still & mine,
        "late": still & Q(due_at__lt=now),
        "done": Q(state__in=(TaskState.DONE, TaskState.DROPPED)),
    }
    everything = Task.objects.filter(shop=shop)
    counted = {key: everything.filter(condition).count() for key, condition in wanted.items()}
    rows = everything.filter(wanted[view]).select_related("in_charge__user")
    if words := lists.searched(request):
        rows = rows.filter(title__icontains=words)
    count = rows.count()
    campaigns = dict(Campaign.objects.filter(shop=shop).values_list("pk", "name"))
    listing = lists.Listing(
        gettext("任务"),
        rows,
        ("-done_at", "-pk") if view == "done" else ("due_at", "pk"),
        columns=[
            ui.Column("what", pgettext("one of a list", "任务")),
            ui.Column("campaign", pgettext("one of a list", "活动"), "nowrap", priority=2, card="hide"),
            ui.Column("role", gettext("环节"), "nowrap", priority=2, card="hide"),
            ui.Column("who", gettext("负责人"), "nowrap", card="end"),
            ui.Column("due", gettext("到期"), "nowrap"),
            ui.Column("proof", gettext("凭证"), "wrap", priority=3, card="hide"),
            ui.Column("state", gettext("状态"), "nowrap", card="end"),
        ],
        lines=lambda found: [_row(task, campaigns, now) for task in found],
    )
    if sheets.wanted(request):
        return listing.sheet(request)
    table = listing.table(
        listing.found(request),
        request,
        empty=ui.Empty(gettext("没有要办的任务"), gettext("活动的任务按玩法排好，到期前会出现在这里")),
        order=gettext("刚做完的在前") if view == "done" else gettext("先到期的在前"),
        count=gettext("共 %(n)s 件") % {"n": figures.exact(count)},
    )
    filters = lists.filters(request, gettext("任务"), count=count, keep=("view",))
    return render(
        request,
        "campaigns/task_list.html",
        {"page": TaskList(_tabs(view, counted), filters, table, counted["late"])},
    )


def _tabs(view: str, counted: dict[str, int]) -> ui.Tabs:
    names = {
        "open": gettext("要做的"),
        "mine": gettext("我的"),
        "late": gettext("晚了的"),
        "done": gettext("做完的"),
    }
    return ui.Tabs(
        [
            ui.Tab(names[key], ui.query_with("", view=key), key == view, figures.exact(counted[key]))
            for key in VIEWS
        ],
        gettext("哪些任务"),
    )


def _row(task: Task, campaigns: dict[int, str], now: datetime) -> ui.Row:
    campaign = campaigns.get(task.source_id or 0, "") if task.source_kind == "campaign" else ""
    late = task.state in work.OPEN_STATES and task.due_at < now
    return ui.Row(
        [
            task.title,
            campaign,
            ui.Tag(task.get_role_display()),
            ui.Who(str(task.in_charge)) if task.in_charge else "",
            ui.Cell(figures.when(task.due_at, now), tone="warn" if late else ""),
            task.evidence or task.evidence_wanted,
            task_status(task, now),
        ],
        id=str(task.pk),
        name=task.title,
        url=reverse("task", args=[task.pk]),
    )


@allowed(*EVERYONE)
def task_page(request: HttpRequest, pk: int) -> HttpResponse:
    shop, now = shop_of(request), clock_of(request).now()
    task = get_object_or_404(Task.objects.select_related("in_charge__user", "done_by"), shop=shop, pk=pk)
    form = None
    if may_market(request):
        form = TaskForm(request.POST or None, shop=shop, initial=_initial(task))
        if request.method == "POST" and form.is_valid():
            _save(task, form, request, now)
            messages.success(request, gettext("已存"))
            return redirect("task", task.pk)
    elif request.method == "POST":
        raise PermissionDenied
    campaign = None
    if task.source_kind == "campaign":
        campaign = Campaign.objects.filter(shop=shop, pk=task.source_id or 0).first()
    facts: list[tuple[str, ui.Component | str]] = [
        (gettext("负责人"), ui.Who(str(task.in_charge)) if task.in_charge else gettext("还没有定")),
        (gettext("环节"), task.get_role_display()),
        (gettext("到期"), figures.when(task.due_at, now)),
        (gettext("怎么做"), task.detail or "—"),
        (gettext("要什么凭证"), task.evidence_wanted or "—"),
        (gettext("若出问题"), task.if_it_fails or "—"),
    ]
    if task.done_at:
        facts.append(
            (
                gettext("完成"),
                f"{figures.when(task.done_at, now)} {task.done_by.get_full_name() if task.done_by else ''}",
            )
        )
        facts.append((gettext("凭证"), task.evidence or "—"))
    page = TaskPage(
        task,
        task_status(task, now),
        ui.Facts(facts),
        work.blocked_by(task),
        form,
        may_finish(request, task),
        campaign,
    )
    return render(
        request,
        "campaigns/task.html",
        {"page": page},
        status=422 if form is not None and form.errors else 200,
    )


def _initial(task: Task) -> dict[str, object]:
    return {
        "title": task.title,
        "detail": task.detail,
        "role": task.role,
        "in_charge": task.in_charge_id,
        "starts_at": task.starts_at,
        "due_at": task.due_at,
        "if_it_fails": task.if_it_fails,
    }


def _save(task: Task, form: TaskForm, request: HttpRequest, now: datetime) -> None:
    data, by = form.cleaned_data, request.user
    if data["in_charge"] != task.in_charge:
        work.assign(task, data["in_charge"], by=by, now=now)  # type: ignore[arg-type]
    names = ("title", "detail", "role", "starts_at", "due_at", "if_it_fails")
    changed = {name: data[name] for name in names if data[name] != getattr(task, name)}
    work.edit(task, by=by, now=now, **changed)  # type: ignore[arg-type]


@require_POST
@allowed(*EVERYONE)
def task_state(request: HttpRequest, pk: int) -> HttpResponse:
    shop, now = shop_of(request), clock_of(request).now()
    task = get_object_or_404(Task, shop=shop, pk=pk)
    if not may_finish(request, task):
        raise PermissionDenied
    try:
        work.set_state(
            task,
            request.POST.get("state", ""),
            by=request.user,  # type: ignore[arg-type]
            now=now,
            evidence=request.POST.get("evidence", ""),
            anyway=request.POST.get("anyway") == "1",
        )
    except work.TaskRefused as refused:
        messages.error(request, sentence_of(refused))
        return redirect("task", task.pk)
    messages.success(request, gettext("已记下：%(state)s") % {"state": task.get_state_display()})
    return redirect("task", task.pk) if task.state in work.OPEN_STATES else redirect("tasks")

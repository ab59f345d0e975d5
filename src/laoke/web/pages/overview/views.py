"""Views of the overview and of today."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, time

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from laoke.audiences.readings import NotReady, Reading, reading_of
from laoke.campaigns.models import Round, RoundState
from laoke.insights.fake_orders.flags import standing as standing_of_fakes
from laoke.shops.models import Job, JobState, Role, Shop
from laoke.web import charts, figures
from laoke.web import components as ui
from laoke.web.access import EVERYONE, READS, allowed, clock_of, shop_of
from laoke.web.charts.overview import day_label
from laoke.web.components.base import Words
from laoke.web.nav import SELLING
from laoke.web.nothing_yet import nothing_yet
from laoke.web.pages.imports.progress import progress_of
from laoke.web.pages.overview import cards
from laoke.web.pages.overview import figures as numbers
from laoke.web.pages.overview.periods import BASES, FAKES, PERIODS, Period, last_day, period_of, year_before
from laoke.web.pages.overview.places import place
from laoke.web.pages.overview.running import ROUND_SHAPES, RunningCard, campaign_now, running_card
from laoke.web.pages.overview.waiting import due_today, waiting_for


@dataclass(frozen=True)
class OverviewPage:
    """What the overview shows. Without facts only `empty` and what waits."""

    subtitle: str
    todo: ui.TodoList
    todo_count: int
    empty: ui.Empty | None = None
    stale: str = ""
    periods: list[ui.Tab] = field(default_factory=list)
    bases: list[ui.Tab] = field(default_factory=list)
    fakes: list[ui.Tab] = field(default_factory=list)
    fakes_said: str = ""
    fakes_url: str = ""
    kpis: ui.Kpis | None = None
    sales: ui.ChartCard | None = None
    lifecycle: ui.BarList | None = None
    lifecycle_note: str = ""
    groups: ui.StackBar | None = None
    people: int = 0
    people_url: str = ""
    heat: list[tuple[Words, list[tuple[int, str]]]] = field(default_factory=list)
    heat_note: str = ""
    campaign: RunningCard | None = None


@allowed(*EVERYONE)
def overview(request: HttpRequest) -> HttpResponse:
    shop, now = shop_of(request), clock_of(request).now()
    role = request.role  # type: ignore[attr-defined]
    todo = waiting_for(shop, role, now)
    page: OverviewPage
    if role not in READS:
        # Designers and warehouse hands see their work, not the shop's money.
        page = OverviewPage(_subtitle(shop, now), _todo_list(todo), len(todo))
    else:
        try:
            reading = reading_of(shop, now.date())
        except NotReady as trouble:
            empty = nothing_yet(trouble.code, role)
            page = OverviewPage(_subtitle(shop, now), _todo_list(todo), len(todo), empty)
        else:
            page = _filled(request, shop, reading, now, todo)
    part = "overview/parts/figures.html" if request.htmx else "overview/overview.html"  # type: ignore[attr-defined]
    return render(request, part, {"page": page})


def _todo_list(todo: list[ui.Todo]) -> ui.TodoList:
    return ui.TodoList(todo, empty=_("没有要办的事"))


def _subtitle(shop: Shop, now: datetime) -> str:
    weekday = str(cards.WEEKDAYS[now.weekday()])
    parts = [f"{figures.day(now, now)} {figures.date_text(now)} {weekday}"]
    campaign = campaign_now(shop, now)
    if campaign is not None and campaign.starts_at > now:
        days = (campaign.starts_at.date() - now.date()).days
        parts.append(
            ngettext("距%(name)s %(n)s 天", "距%(name)s %(n)s 天", days) % {"name": campaign.name, "n": days}
        )
    elif campaign is not None:
        days = (now.date() - campaign.starts_at.date()).days + 1
        parts.append(_("%(name)s第 %(n)s 天") % {"name": campaign.name, "n": days})
    return " · ".join(parts)


def _filled(
    request: HttpRequest, shop: Shop, reading: Reading, now: datetime, todo: list[ui.Todo]
) -> OverviewPage:
    with_fakes = request.GET.get("fakes") == "with"
    reading = reading.with_fakes() if with_fakes else reading
    newest = numbers.newest_sale(reading)
    last = last_day(now.date(), newest)
    period = period_of(request.GET.get("period", ""), request.GET.get("against", ""), last)
    current, before = numbers.sales_of(reading, period)
    again = numbers.repurchase_of(reading, last), numbers.repurchase_of(reading, year_before(last))
    reach = numbers.reachable_by_sms(reading), reading.people
    standing = numbers.standing_of(reading)
    campaign = campaign_now(shop, now)
    hours = numbers.hours_of(reading, last)
    fakes = numbers.suspects_of(reading, period)
    flagged = bool(standing_of_fakes(shop).left_out.orders)
    return OverviewPage(
        subtitle=_subtitle(shop, now),
        todo=_todo_list(todo),
        todo_count=len(todo),
        stale=cards.data_until_text(last, now),
        periods=_choices(request, "period", PERIODS, period.key),
        bases=_choices(request, "against", BASES, period.basis),
        fakes=_choices(request, "fakes", FAKES, "with" if with_fakes else "without") if flagged else [],
        fakes_said=cards.fakes_text(fakes, with_fakes) if flagged else "",
        fakes_url=place("fake_orders") if _sees_fakes(request) else "",
        kpis=cards.headline(
            current, before, numbers.weeks_of(reading, last), again, reach, period, with_fakes
        ),
        sales=_sales(reading, period, campaign, with_fakes),
        lifecycle=cards.lifecycle_bars(standing),
        lifecycle_note=_("和 %(day)s 比") % {"day": figures.day(standing.since, now)}
        if standing.since
        else "",
        groups=cards.group_bar(numbers.groups_of(reading)),
        people=sum(standing.now.get(name, 0) for name in numbers.LIFECYCLES),
        people_url=place("customers"),
        heat=cards.heat_of(hours) if hours else [],
        heat_note=cards.busiest(hours),
        campaign=running_card(campaign, reading, now) if campaign else None,
    )


def _choices(request: HttpRequest, name: str, choices: dict[str, Words], chosen: str) -> list[ui.Tab]:
    query = request.GET.urlencode()
    return [
        ui.Tab(label, ui.query_with(query, **{name: key}), key == chosen) for key, label in choices.items()
    ]


def _sees_fakes(request: HttpRequest) -> bool:
    """Whether the list of suspect orders opens for who asks."""
    return request.role in SELLING  # type: ignore[attr-defined]


def _sales(reading: Reading, period: Period, campaign: object, with_fakes: bool) -> ui.ChartCard:
    """At least two weeks of days, so that a single day is seen among its neighbours."""
    shown = period if period.days >= 14 else period_of("30", period.basis, period.last)
    days = numbers.days_of(reading, shown)
    suspects = numbers.suspects_of(reading, shown).orders
    return cards.sales_card(days, suspects, _span(campaign, days), with_fakes)


def _span(campaign: object, days: list[numbers.Day]) -> charts.Span | None:
    if campaign is None:
        return None
    first, last = campaign.starts_at.date(), campaign.ends_at.date()  # type: ignore[attr-defined]
    inside = [day.day for day in days if first <= day.day <= last]
    if not inside:
        return None
    name = campaign.name  # type: ignore[attr-defined]
    return charts.Span(name, day_label(inside[0]), day_label(inside[-1]))


@dataclass(frozen=True)
class TodayPage:
    """Today's work: what is due, what goes out, what runs."""

    tasks: ui.TodoList
    task_count: int
    late_count: int
    mine: bool
    tabs: ui.Tabs
    rounds: ui.Table
    jobs: list[ui.Progress]
    todo: ui.TodoList


@allowed(*EVERYONE)
def today(request: HttpRequest) -> HttpResponse:
    shop, now = shop_of(request), clock_of(request).now()
    role, staff = request.role, request.staff  # type: ignore[attr-defined]
    mine = request.GET.get("who") == "me"
    tasks = due_today(shop, now, 200, staff if mine else None)
    query = request.GET.urlencode()
    page = TodayPage(
        tasks=ui.TodoList(tasks, empty=_("今天没有到期的任务")),
        task_count=len(tasks),
        late_count=sum(1 for task in tasks if task.tone == "bad"),
        mine=mine,
        tabs=ui.Tabs(
            [
                ui.Tab(_("全店"), ui.query_with(query, who=None), not mine),
                ui.Tab(_("我的"), ui.query_with(query, who="me"), mine),
            ],
            label=_("谁的任务"),
        ),
        rounds=_rounds_today(shop, now),
        jobs=[
            progress_of(job, now, may_cancel=role in (Role.OWNER, Role.OPERATOR)) for job in _running(shop)
        ],
        todo=ui.TodoList(waiting_for(shop, role, now, with_tasks=False), empty=_("没有要办的事")),
    )
    return render(request, "overview/today.html", {"page": page})


def _running(shop: Shop) -> list[Job]:
    return list(
        Job.objects.filter(shop=shop, state__in=(JobState.QUEUED, JobState.RUNNING)).order_by("pk")[:10]
    )


def _rounds_today(shop: Shop, now: datetime) -> ui.Table:
    begin, end = datetime.combine(now.date(), time.min), datetime.combine(now.date(), time.max)
    rows = (
        Round.objects.filter(campaign__shop=shop, opens_at__lte=end, closes_at__gte=begin)
        .exclude(state=RoundState.CANCELLED)
        .select_related("campaign")
        .order_by("opens_at", "pk")[:50]
    )
    columns = [
        ui.Column("round", pgettext("one of a list", "轮次"), "nowrap"),
        ui.Column("channel", _("渠道")),
        ui.Column("window", _("时段"), "nowrap", card="wide"),
        ui.Column("state", _("状态"), card="end"),
    ]
    shown = [
        ui.Row(
            [
                ui.Cell(row.title, sub=row.campaign.name),
                row.get_channel_display(),
                f"{figures.when(row.opens_at, now)} – {figures.when(row.closes_at, now)}",
                ui.Status(row.get_state_display(), ROUND_SHAPES[RoundState(row.state)]),  # type: ignore[arg-type]
            ],
            url=place("round", row.pk),
        )
        for row in rows
    ]
    empty = ui.Empty(_("今天没有要发的"), _("轮次的时段到了会出现在这里。"))
    return ui.Table(columns, shown, caption=_("今天发出的轮次"), empty=empty)

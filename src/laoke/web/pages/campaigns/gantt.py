"""A campaign on a scale of days: phases as brackets, rounds and tasks as bars, today as a line."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.urls import reverse
from django.utils.translation import gettext, pgettext_lazy

from laoke.campaigns.models import Campaign, Phase, Round, RoundState
from laoke.web import components as ui
from laoke.web import figures
from laoke.work.models import Task, TaskState

DAY = timedelta(days=1)
WEEKDAYS = (
    pgettext_lazy("weekday in one letter", "一"),
    pgettext_lazy("weekday in one letter", "二"),
    pgettext_lazy("weekday in one letter", "三"),
    pgettext_lazy("weekday in one letter", "四"),
    pgettext_lazy("weekday in one letter", "五"),
    pgettext_lazy("weekday in one letter", "六"),
    pgettext_lazy("weekday in one letter", "日"),
)


@dataclass(frozen=True)
class Day:
    """One column: weekday, day of the month, and its mark (now, ev, we)."""

    weekday: str
    number: int
    mark: str


@dataclass(frozen=True)
class Bar:
    """A bar `length` days long that begins `at` days after the first column. `kind`: done, late, span, ms."""

    at: float
    length: float
    kind: str = ""
    percent: int = 0
    text: str = ""


@dataclass(frozen=True)
class Line:
    """One row: what, who, its bar."""

    title: str
    bar: Bar
    url: str = ""
    who: ui.Who | None = None
    note: str = ""
    span: str = ""
    is_phase: bool = False


@dataclass(frozen=True)
class Gantt:
    """The whole picture; `now_at` is None when today lies outside."""

    days: Sequence[Day]
    lines: Sequence[Line]
    now_at: float | None

    @property
    def columns(self) -> int:
        return len(self.days)


def gantt(
    campaign: Campaign,
    phases: Sequence[Phase],
    rounds: Sequence[Round],
    tasks: Sequence[Task],
    progress: dict[int, int],
    now: datetime,
) -> Gantt:
    """Phases in their order; below each its rounds and tasks. `progress` is percent by round id."""
    first, last = _span(campaign, phases, rounds, tasks)
    scale = _Scale(first, last)
    lines: list[Line] = []
    left_rounds, left_tasks = list(rounds), list(tasks)
    for number, phase in enumerate(phases):
        end = phases[number + 1].starts_at if number + 1 < len(phases) else None
        own_rounds = [row for row in left_rounds if end is None or row.opens_at < end]
        own_tasks = [task for task in left_tasks if task.phase_key == phase.key]
        left_rounds = [row for row in left_rounds if row not in own_rounds]
        left_tasks = [task for task in left_tasks if task not in own_tasks]
        count = gettext("%(n)s 件") % {"n": len(own_rounds) + len(own_tasks)}
        bar = scale.bar(phase.starts_at, phase.ends_at, "span")
        url = reverse("campaign_phase", args=[campaign.pk, phase.pk])
        span = figures.day_range(phase.starts_at, phase.ends_at - timedelta(seconds=1), now)
        lines.append(Line(phase.name, bar, url, note=count, span=span, is_phase=True))
        lines += [_round_line(scale, row, progress, now) for row in own_rounds]
        lines += [_task_line(scale, task, now) for task in own_tasks]
    lines += [_round_line(scale, row, progress, now) for row in left_rounds]
    lines += [_task_line(scale, task, now) for task in left_tasks]
    here = (now - scale.start) / DAY
    return Gantt(
        scale.days(campaign.day, now.date()), lines, round(here, 3) if 0 <= here <= scale.columns else None
    )


class _Scale:
    """Days from `first` to `last`, both shown."""

    def __init__(self, first: date, last: date) -> None:
        self.start = datetime.combine(first, datetime.min.time())
        self.columns = (last - first).days + 1

    def bar(self, begins: datetime, ends: datetime, kind: str = "", percent: int = 0, text: str = "") -> Bar:
        at = (begins - self.start) / DAY
        # A short job must still be seen and hit: a quarter of a day is the least width.
        return Bar(round(at, 3), round(max(0.25, (ends - begins) / DAY), 3), kind, percent, text)

    def days(self, event: date, today: date) -> list[Day]:
        found = []
        for number in range(self.columns):
            day = self.start.date() + number * DAY
            mark = "we" if day.weekday() > 4 else ""
            mark = "ev" if day == event else mark
            found.append(Day(str(WEEKDAYS[day.weekday()]), day.day, "now" if day == today else mark))
        return found


def _span(
    campaign: Campaign, phases: Iterable[Phase], rounds: Iterable[Round], tasks: Iterable[Task]
) -> tuple[date, date]:
    begins = [campaign.starts_at, *(row.opens_at for row in rounds), *(p.starts_at for p in phases)]
    begins += [task.starts_at or task.due_at for task in tasks]
    # A phase that ends at midnight does not reach into the next day.
    ends = [campaign.ends_at - timedelta(seconds=1), *(row.closes_at for row in rounds)]
    ends += [task.due_at for task in tasks]
    return min(begins).date(), max(ends).date()


ROUND_KINDS = {RoundState.DONE: "done", RoundState.CANCELLED: "done"}


def _round_line(scale: _Scale, row: Round, progress: dict[int, int], now: datetime) -> Line:
    late = row.closes_at < now and row.state in (RoundState.DRAFT, RoundState.FROZEN)
    percent = progress.get(row.pk, 0)
    text = f"{percent}%" if row.state in (RoundState.RUNNING, RoundState.PAUSED) else ""
    kind = "late" if late else ROUND_KINDS.get(RoundState(row.state), "")
    bar = scale.bar(row.opens_at, row.closes_at, kind, percent if text else 0, text)
    title = row.title
    span = f"{day_text(row.opens_at, now)} – {day_text(row.closes_at, now)}"
    return Line(title, bar, reverse("round", args=[row.pk]), note=row.get_channel_display(), span=span)


def _task_line(scale: _Scale, task: Task, now: datetime) -> Line:
    over = task.state in (TaskState.DONE, TaskState.DROPPED)
    kind = "done" if over else "late" if task.due_at < now else ""
    bar = scale.bar(task.starts_at or task.due_at - DAY / 4, task.due_at, kind)
    who = ui.Who(str(task.in_charge)) if task.in_charge else None
    note = "" if who else str(task.get_role_display())
    span = gettext("%(when)s 前") % {"when": day_text(task.due_at, now)}
    return Line(task.title, bar, reverse("task", args=[task.pk]), who, note, span)


def day_text(moment: datetime | None, now: datetime) -> str:
    """`11-01 17:30` for the table view."""
    return f"{figures.table_day(moment, now)} {moment:%H:%M}" if moment else "—"

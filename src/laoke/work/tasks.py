"""Tasks as people work with them: who does it, until when, what shows that it is done, what came before it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from laoke.shops import audit
from laoke.shops.models import Role, Shop, Staff, User
from laoke.work.models import Task, TaskState


class TaskRefused(Exception):
    """A change of a task that is refused; `code` is `state`, `after_open`, `evidence` or `role`."""

    def __init__(self, code: str, **params: Any) -> None:
        super().__init__(code, params)
        self.code, self.params = code, params


OPEN_STATES = (TaskState.OPEN, TaskState.DOING)


@dataclass(frozen=True)
class NewTask:
    """A task to be written; `after` names the keys of the tasks before it."""

    key: str
    number: int
    title: str
    role: str
    starts_at: datetime | None
    due_at: datetime
    phase_key: str = ""
    detail: str = ""
    evidence: str = ""
    if_it_fails: str = ""
    after: tuple[str, ...] = ()


def add_tasks(
    shop: Shop, tasks: Sequence[NewTask], *, source_kind: str = "", source_id: int | None = None
) -> list[Task]:
    """Write tasks of one source with their order. Each goes to the one person of its role, when there is one."""
    people = _only_person_per_role(shop)
    with transaction.atomic():
        rows = [
            Task.objects.create(
                shop=shop, source_kind=source_kind, source_id=source_id, key=task.key, number=task.number,
                title=task.title, detail=task.detail, role=task.role, in_charge=people.get(task.role),
                phase_key=task.phase_key, starts_at=task.starts_at, due_at=task.due_at,
                evidence_wanted=task.evidence, if_it_fails=task.if_it_fails,
            )
            for task in tasks
        ]  # fmt: skip
        by_key = {row.key: row for row in rows}
        for task in tasks:
            by_key[task.key].after.set([by_key[key] for key in task.after])
    return rows


def _only_person_per_role(shop: Shop) -> dict[str, Staff]:
    """Nobody is put in charge by guess: a role with two people is left to be assigned."""
    found: dict[str, list[Staff]] = {}
    for staff in Staff.objects.filter(shop=shop).select_related("user"):
        found.setdefault(staff.role, []).append(staff)
    return {role: people[0] for role, people in found.items() if len(people) == 1}


def tasks_of(shop: Shop, source_kind: str, source_id: int) -> QuerySet[Task]:
    """The tasks of one source in their order, with the people in charge."""
    return (
        Task.objects.filter(shop=shop, source_kind=source_kind, source_id=source_id)
        .select_related("in_charge__user", "done_by")
        .prefetch_related("after")
        .order_by("number", "pk")
    )


def due_tasks(shop: Shop, until: datetime, *, in_charge: Staff | None = None) -> QuerySet[Task]:
    """Open tasks due by then, the most urgent first; with `in_charge` only that person's."""
    rows = Task.objects.filter(shop=shop, state__in=OPEN_STATES, due_at__lte=until)
    if in_charge is not None:
        rows = rows.filter(in_charge=in_charge)
    return rows.select_related("in_charge__user").order_by("due_at", "number", "pk")


def late_tasks(shop: Shop, now: datetime) -> QuerySet[Task]:
    """Open tasks whose due time has passed."""
    return due_tasks(shop, now)


def blocked_by(task: Task) -> list[Task]:
    """The tasks before it that are still open."""
    return list(task.after.filter(state__in=OPEN_STATES).order_by("number", "pk"))


def assign(task: Task, staff: Staff | None, *, by: User | None, now: datetime) -> None:
    """Put one person in charge, or nobody.

    Raises
    ------
    TaskRefused
        `role` when the person does not work in this shop.
    """
    if staff is not None and staff.shop_id != task.shop_id:
        raise TaskRefused("role", name=str(staff))
    task.in_charge = staff
    with transaction.atomic():
        task.save(update_fields=["in_charge"])
        audit.record(
            "task.assign",
            shop=task.shop,
            actor=by,
            at=now,
            subject=str(task.pk),
            to=staff.pk if staff else None,
        )


def edit(
    task: Task,
    *,
    by: User | None,
    now: datetime,
    title: str | None = None,
    detail: str | None = None,
    role: str | None = None,
    starts_at: datetime | None = None,
    due_at: datetime | None = None,
    if_it_fails: str | None = None,
) -> None:
    """Change what a task says; what is None stays.

    Raises
    ------
    TaskRefused
        `role` for a role that does not exist.
    """
    if role is not None and role not in Role.values:
        raise TaskRefused("role", name=role)
    wanted = {
        "title": title, "detail": detail, "role": role, "starts_at": starts_at, "due_at": due_at,
        "if_it_fails": if_it_fails,
    }  # fmt: skip
    changed = {name: value for name, value in wanted.items() if value is not None}
    for name, value in changed.items():
        setattr(task, name, value)
    if changed:
        with transaction.atomic():
            task.save(update_fields=list(changed))
            audit.record(
                "task.edit", shop=task.shop, actor=by, at=now, subject=str(task.pk), fields=sorted(changed)
            )


def set_state(
    task: Task, state: str, *, by: User | None, now: datetime, evidence: str = "", anyway: bool = False
) -> None:
    """Move a task to another state.

    Done needs the evidence that the task asks for, and the tasks before it to be over unless `anyway`.

    Raises
    ------
    TaskRefused
        `state`, `after_open` (with the open titles) or `evidence` (with what is wanted).
    """
    if state not in TaskState.values:
        raise TaskRefused("state", state=state, known=list(TaskState.values))
    evidence = evidence.strip() or task.evidence
    if state == TaskState.DONE:
        waiting = blocked_by(task)
        if waiting and not anyway:
            raise TaskRefused("after_open", titles=[one.title for one in waiting])
        if task.evidence_wanted and not evidence:
            raise TaskRefused("evidence", wanted=task.evidence_wanted)
    before, task.state, task.evidence = task.state, state, evidence[:300]
    over = state in (TaskState.DONE, TaskState.DROPPED)
    task.done_at, task.done_by = (now, by) if over else (None, None)
    with transaction.atomic():
        task.save(update_fields=["state", "evidence", "done_at", "done_by"])
        audit.record(
            "task.state", shop=task.shop, actor=by, at=now, subject=str(task.pk), before=before, after=state
        )


def shift(shop: Shop, source_kind: str, source_id: int, by_time: timedelta) -> int:
    """Move the open tasks of a source in time; how many moved."""
    rows = list(
        Task.objects.filter(state__in=OPEN_STATES, shop=shop, source_kind=source_kind, source_id=source_id)
    )
    for row in rows:
        row.due_at += by_time
        if row.starts_at is not None:
            row.starts_at += by_time
        row.save(update_fields=["starts_at", "due_at"])
    return len(rows)


def counts(tasks: Iterable[Task], now: datetime) -> dict[str, int]:
    """How many are open, late, done and without a person in charge."""
    rows = list(tasks)
    still = [task for task in rows if task.state in OPEN_STATES]
    return {
        "all": len(rows),
        "open": len(still),
        "late": sum(1 for task in still if task.due_at < now),
        "done": sum(1 for task in rows if task.state == TaskState.DONE),
        "unassigned": sum(1 for task in still if task.in_charge_id is None),
    }

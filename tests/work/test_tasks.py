"""Tasks: one person in charge, an order, evidence before done, and a shop's own only."""

from datetime import datetime, timedelta

import pytest

from laoke.shops.models import Role, Staff
from laoke.shops.setup import add_shop, add_user
from laoke.work import tasks as work
from laoke.work.models import Task, TaskState
from laoke.work.tasks import NewTask, TaskRefused

NOW = datetime(2026, 10, 20, 10)


@pytest.fixture
def shop(db):
    return add_shop("半亩棉旗舰店", now=NOW)


def person(shop, name, role):
    user, _password = add_user(name, shops=[shop], role=role, now=NOW)
    return Staff.objects.get(user=user, shop=shop)


def new(key, number=1, *, after=(), role="operator", evidence="", due=NOW):
    return NewTask(key, number, key, role, None, due, after=after, evidence=evidence, if_it_fails="问店长")


def test_a_role_of_one_person_gets_the_task_and_a_role_of_two_is_left_open(shop):
    boss = person(shop, "boss", Role.OWNER)
    for name in ("a", "b"):
        person(shop, name, Role.OPERATOR)

    rows = work.add_tasks(shop, [new("goal", role="owner"), new("offers", 2)])

    assert [row.in_charge for row in rows] == [boss, None]


def test_done_needs_the_tasks_before_it_and_its_evidence(shop):
    first, second = work.add_tasks(
        shop, [new("goal"), new("offers", 2, after=("goal",), evidence="回放截图")]
    )

    with pytest.raises(TaskRefused) as error:
        work.set_state(second, TaskState.DONE, by=None, now=NOW)
    assert (error.value.code, error.value.params) == ("after_open", {"titles": ["goal"]})
    work.set_state(first, TaskState.DONE, by=None, now=NOW)
    with pytest.raises(TaskRefused) as error:
        work.set_state(second, TaskState.DONE, by=None, now=NOW)
    assert error.value.code == "evidence"
    assert Task.objects.get(pk=second.pk).state == TaskState.OPEN

    work.set_state(second, TaskState.DONE, by=None, now=NOW, evidence="图 3")
    assert Task.objects.get(pk=second.pk).done_at == NOW


def test_a_task_may_be_done_before_its_turn_when_someone_says_so(shop):
    _first, second = work.add_tasks(shop, [new("goal"), new("offers", 2, after=("goal",))])

    work.set_state(second, TaskState.DONE, by=None, now=NOW, anyway=True)

    assert second.state == TaskState.DONE


def test_opening_a_task_again_forgets_who_did_it(shop):
    (row,) = work.add_tasks(shop, [new("goal")])
    work.set_state(row, TaskState.DONE, by=None, now=NOW)

    work.set_state(row, TaskState.OPEN, by=None, now=NOW)

    assert row.done_at is None


def test_unknown_states_and_strangers_are_refused(shop):
    (row,) = work.add_tasks(shop, [new("goal")])
    stranger = person(add_shop("别家", now=NOW), "else", Role.OPERATOR)

    with pytest.raises(TaskRefused):
        work.set_state(row, "finished", by=None, now=NOW)
    with pytest.raises(TaskRefused):
        work.assign(row, stranger, by=None, now=NOW)
    with pytest.raises(TaskRefused):
        work.edit(row, by=None, now=NOW, role="king")
    assert Task.objects.get(pk=row.pk).in_charge is None


def test_what_is_late_comes_first_and_other_shops_are_not_listed(shop):
    work.add_tasks(
        shop, [new("late", due=NOW - timedelta(days=1)), new("soon", 2, due=NOW + timedelta(hours=1))]
    )
    work.add_tasks(add_shop("别家", now=NOW), [new("other", due=NOW - timedelta(days=9))])

    assert [task.key for task in work.late_tasks(shop, NOW)] == ["late"]
    assert [task.key for task in work.due_tasks(shop, NOW + timedelta(days=1))] == ["late", "soon"]


def test_open_tasks_move_and_done_ones_stay(shop):
    done, still = work.add_tasks(shop, [new("goal"), new("offers", 2)], source_kind="campaign", source_id=7)
    work.set_state(done, TaskState.DONE, by=None, now=NOW)

    assert work.shift(shop, "campaign", 7, timedelta(days=3)) == 1
    assert Task.objects.get(pk=still.pk).due_at == NOW + timedelta(days=3)
    assert Task.objects.get(pk=done.pk).due_at == NOW
    assert work.counts(work.tasks_of(shop, "campaign", 7), NOW) == {
        "all": 2, "open": 1, "late": 0, "done": 1, "unassigned": 1,
    }  # fmt: skip

"""Chat groups: what is written down, what is refused, and that it follows merges, erasures and the mirror."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from laoke.audiences import counting, mirroring
from laoke.audiences.references import unknown_groups
from laoke.audiences.text import parse
from laoke.customers import links
from laoke.customers.models import Customer, Erasure
from laoke.groups import members
from laoke.groups.members import Change, Draft, GroupRefused, Stay
from laoke.groups.models import GroupMember, MemberGroup
from laoke.shops import dirty
from laoke.shops.clock import parse_clock
from laoke.shops.models import AuditEvent, Owner, Shop, User
from tests.audiences.world import NOW, TODAY, World

pytestmark = pytest.mark.django_db
VIP = Draft("老客 VIP 群", "vip", "wechat", None, 500)


def known(world: World, *numbers: int) -> None:
    for number in numbers:
        Customer.objects.create(pk=number, owner=world.owner, person_id=number, created_at=NOW)


def group(world: World, name: str = VIP.name) -> MemberGroup:
    return members.make_group(world.shop, replace(VIP, name=name), by=world.user, now=NOW)


def write(world: World, row: MemberGroup, stays: dict[int, Stay], **more: str) -> Change:
    return members.write_down(row, stays, by=world.user, now=NOW, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"name": " "}, "name"), ({"name": "长" * 41}, "name"), ({"name": "刷单互助群"}, "brush"),
        ({"name": "S单群"}, "brush"), ({"kind": "brush"}, "kind"), ({"platform": "icq"}, "kind"),
        ({"capacity": 0}, "capacity"), ({"capacity": 100_001}, "capacity"),
    ],
)  # fmt: skip
def test_a_group_that_cannot_be_is_refused(world: World, change: dict[str, object], code: str) -> None:
    with pytest.raises(GroupRefused) as refused:
        members.make_group(world.shop, replace(VIP, **change), by=world.user, now=NOW)  # type: ignore[arg-type]
    assert refused.value.code == code and not MemberGroup.objects.exists()


def test_a_name_stands_once_in_a_shop(world: World) -> None:
    row = group(world)
    other = Shop.objects.create(owner=Owner.objects.create(name="别家"), name="别家店", created_at=NOW)
    members.make_group(other, VIP, by=world.user, now=NOW)
    with pytest.raises(GroupRefused) as refused:
        group(world)
    assert refused.value.code == "name_taken"
    second = group(world, "福利群")
    with pytest.raises(GroupRefused):
        members.change_group(second, VIP, "open", by=world.user, now=NOW)
    assert MemberGroup.objects.get(pk=second.pk).name == "福利群"
    assert AuditEvent.objects.filter(act="group.add", subject=row.name).count() == 2


def test_joining_is_written_down_once_and_coming_back_is_another_row(world: World) -> None:
    known(world, 1, 2)
    row, monday = group(world), TODAY - timedelta(days=9)
    first = {1: Stay(monday, "包裹卡 13800000001"), 2: Stay(TODAY)}
    assert write(world, row, first, source=members.FILE) == Change(joined=2)
    assert write(world, row, first) == Change(unchanged=2)
    assert AuditEvent.objects.get(act="group.file").count == 2
    assert GroupMember.objects.get(person_id=1).invite == "包裹卡 138 **** **01"
    members.leave(row, 1, TODAY, by=world.user, now=NOW)
    with pytest.raises(GroupRefused) as refused:
        members.leave(row, 1, TODAY, by=world.user, now=NOW)
    assert refused.value.code == "not_in"
    assert write(world, row, {1: Stay(TODAY)}) == Change(joined=1)
    told = [(one.joined_on, one.left_on) for one in members.stays_of(world.shop, [1])]
    assert told == [(TODAY, None), (monday, TODAY)]
    assert members.here_now(row, [1, 2, 3]) == {1, 2}


def test_a_list_may_tell_who_left_and_telling_it_again_changes_nothing(world: World) -> None:
    known(world, 1, 2)
    row, before = group(world), TODAY - timedelta(days=3)
    write(world, row, {1: Stay(before)})
    told = {
        1: Stay(TODAY - timedelta(days=8), left_on=TODAY - timedelta(days=5)),
        2: Stay(before, left_on=TODAY),
    }
    assert write(world, row, told) == Change(joined=1, left=2)
    assert GroupMember.objects.get(person_id=1).left_on == before  # they cannot have left before they came
    assert not GroupMember.objects.filter(left_on=None).exists()
    again = {2: told[2]}
    assert write(world, row, again) == Change(unchanged=1)


@pytest.mark.parametrize(
    "stay",
    [
        Stay(TODAY + timedelta(days=1)), Stay(TODAY, left_on=TODAY - timedelta(days=1)),
        Stay(TODAY, left_on=TODAY + timedelta(days=1)),
    ],
)  # fmt: skip
def test_days_that_cannot_be_are_refused(world: World, stay: Stay) -> None:
    known(world, 1)
    row = group(world)
    with pytest.raises(GroupRefused) as refused:
        write(world, row, {1: stay})
    assert refused.value.code == "day" and not GroupMember.objects.exists()


def test_nobody_unknown_or_being_erased_is_written_down_and_nothing_in_a_closed_group(world: World) -> None:
    known(world, 1)
    row = group(world)
    for number, code in ((1, "erasing"), (9, "unknown")):
        if code == "erasing":
            Erasure.objects.create(
                owner=world.owner, shop=world.shop, person_id=1, requested_by=world.user, requested_at=NOW
            )
        with pytest.raises(GroupRefused) as refused:
            write(world, row, {number: Stay(TODAY)})
        assert refused.value.code == code
    Erasure.objects.all().delete()
    members.change_group(row, VIP, "closed", by=world.user, now=NOW)
    with pytest.raises(GroupRefused) as closed:
        write(world, row, {1: Stay(TODAY)})
    assert closed.value.code == "closed" and not GroupMember.objects.exists()


def test_weeks_begin_on_monday_and_count_joins_and_leaves(world: World) -> None:
    known(world, 1, 2, 3)
    row, today = group(world), date(2026, 11, 11)  # a Wednesday
    now = datetime(2026, 11, 11, 10)
    stays = {1: Stay(date(2026, 11, 9)), 2: Stay(date(2026, 11, 8), left_on=today), 3: Stay(date(2026, 8, 1))}
    members.write_down(row, stays, by=world.user, now=now)
    weeks = members.by_week([row], today, 2)
    assert [(week.monday, week.joined, week.left) for week in weeks] == [
        (date(2026, 11, 2), 1, 0), (date(2026, 11, 9), 1, 1),
    ]  # fmt: skip


def test_a_merge_takes_the_groups_along_and_a_split_gives_them_back(world: World) -> None:
    known(world, 1, 2)
    both, only = group(world), group(world, "福利群")
    write(world, both, {1: Stay(TODAY), 2: Stay(TODAY - timedelta(days=2))})
    write(world, only, {2: Stay(TODAY)})
    link = links.join_by_hand(world.shop, 1, 2, why="本人说的", by=world.user, now=NOW)
    here = GroupMember.objects.filter(person_id=1).order_by("pk")
    assert list(here.values_list("group__name", flat=True)) == [both.name, only.name]
    links.undo(link, world.shop, by=world.user, now=NOW)
    assert list(GroupMember.objects.filter(person_id=1).values_list("group__name", flat=True)) == [both.name]
    assert GroupMember.objects.filter(person_id=2).count() == 2


def test_a_filter_asks_for_one_group_or_any_and_counts_at_once(world: World) -> None:
    known(world, 1, 2, 3)
    world.buyers(1, 2, 3)
    vip, deals = group(world), group(world, "福利群")
    write(world, vip, {1: Stay(TODAY), 2: Stay(TODAY)})
    write(world, deals, {1: Stay(TODAY)})

    def counts() -> list[int]:
        texts = ("in_group", f'in_group("{vip.name}")', 'in_group("福利群")', "not in_group")
        return [counting.count(world.shop, text, TODAY).n for text in texts]

    assert counts() == [2, 2, 1, 1]
    clock = parse_clock(f"={NOW.isoformat(sep=' ', timespec='minutes')}")
    assert mirroring.write_mirrors(world.shop, world.warehouse, clock)
    assert dirty.waiting("group_members", world.shop.pk) == []
    assert counts() == [2, 2, 1, 1]
    members.leave(vip, 2, TODAY, by=world.user, now=NOW)
    assert counts() == [1, 1, 1, 2]
    members.change_group(deals, replace(VIP, name="清仓群"), "open", by=world.user, now=NOW)
    assert counts() == [1, 1, 0, 2]
    members.change_group(vip, VIP, "closed", by=world.user, now=NOW)
    assert counts() == [1, 0, 0, 2]
    mirroring.mirror_everything(world.shop, world.warehouse, clock)
    assert counts() == [1, 0, 0, 2]
    named = parse(f'in_group("{vip.name}") or not in_group("没有") or in_group("清仓群") or in_group')
    assert unknown_groups(world.shop, named) == ["没有", vip.name]


def test_another_shop_sees_nothing_of_it(world: World) -> None:
    known(world, 1)
    write(world, group(world), {1: Stay(TODAY)})
    other = Shop.objects.create(owner=world.owner, name="分店", created_at=NOW)
    assert members.stays_of(other, [1]) == []
    assert User.objects.count() > 0

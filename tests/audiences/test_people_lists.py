"""Lists of people out of files: who is found by nick, phone and order number, and what finds nobody."""

from __future__ import annotations

from pathlib import Path

import pytest

from laoke.audiences import people_lists
from laoke.audiences.people_lists import ListRefused, Named, match, read_list
from laoke.customers.identities import join, resolve
from laoke.customers.vault import Contact, store_contacts
from tests.audiences.world import AS_OF, NOW, World
from tests.warehouse.shops import order

pytestmark = pytest.mark.django_db


def written(tmp_path: Path, text: str, encoding: str = "utf-8-sig") -> Path:
    path = tmp_path / "名单.csv"
    path.write_bytes(text.encode(encoding))
    return path


def people(world: World, *nicks: str) -> list[int]:
    found = resolve(world.shop, [(("nick", nick),) for nick in nicks], now=NOW)
    return [one for one in found.ids if one is not None]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030"])
def test_lines_are_read_with_their_numbers_and_reasons(tmp_path: Path, encoding: str) -> None:
    path = written(tmp_path, "旺旺ID,手机号,原因\n小圆,13800000021,太挑剔\n,,\n青木,,\n", encoding)
    assert read_list(path) == [Named(2, "小圆", "13800000021", "", "太挑剔"), Named(4, "青木", "", "", "")]


def test_a_list_may_be_one_column_and_tell_of_a_group(tmp_path: Path) -> None:
    assert read_list(written(tmp_path, "旺旺\n小圆\n青木\n")) == [Named(2, "小圆"), Named(3, "青木")]
    told = written(tmp_path, "旺旺,进群时间,退群时间,邀请\n小圆,2026-11-02,2026-11-08,包裹卡\n")
    assert read_list(told) == [Named(2, "小圆", joined="2026-11-02", left="2026-11-08", invite="包裹卡")]


def test_an_excel_list_is_read_like_a_csv(tmp_path: Path) -> None:
    from laoke.shops.sheets import write_xlsx

    path = write_xlsx(
        tmp_path / "名单.xlsx", ["会员名", "订单编号"], [["小圆", ""], ["", "1234567890123456789"]]
    ).path
    assert [(one.nick, one.order_id) for one in read_list(path)] == [
        ("小圆", ""), ("", "1234567890123456789"),
    ]  # fmt: skip


def test_a_file_that_names_nobody_says_what_it_found(tmp_path: Path) -> None:
    with pytest.raises(ListRefused) as refused:
        read_list(written(tmp_path, "城市,金额\n杭州,12\n"))
    assert refused.value.code == "columns" and refused.value.params["found"] == ["城市", "金额"]


def test_too_many_lines_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(people_lists, "MOST_LINES", 2)
    with pytest.raises(ListRefused) as refused:
        read_list(written(tmp_path, "旺旺,备注\na,x\nb,x\nc,x\n"))
    assert refused.value.code == "too_long"


def test_everybody_is_found_by_what_their_line_gives(world: World) -> None:
    first, second, third = people(world, "小圆", "青木", "阿禾")
    store_contacts(world.shop, [Contact(second, phone="13800000021")])
    world.load([order("A1", third, day=AS_OF - 5)])
    reader = world.warehouse.reader()
    named = [
        Named(2, nick="小圆", reason="挑剔"), Named(3, phone="+86 138-0000-0021"), Named(4, order_id="A1"),
        Named(5, nick="没有这人", order_id="A1", reason="第二次"),
    ]  # fmt: skip
    found = match(world.shop, named, reader)
    assert found.people == {first: "挑剔", second: "", third: ""}
    assert (found.lines, found.unmatched) == (4, [])


def test_what_finds_nobody_or_several_says_why(world: World) -> None:
    first, second = people(world, "小圆", "青木")
    store_contacts(world.shop, [Contact(first, phone="13800000021"), Contact(second, phone="13800000021")])
    named = [
        Named(2, nick="没有"),
        Named(3, phone="13800000021"),
        Named(4, nick="小**圆"),
        Named(5, reason="x"),
    ]
    found = match(world.shop, named, None)
    assert [(one.named.line, one.why) for one in found.unmatched] == [
        (2, "unknown"), (3, "many"), (4, "masked"), (5, "empty"),
    ]  # fmt: skip
    assert found.unmatched[1].named.mask == "138 **** **21"
    join(world.shop, first, second, reason="phone", now=NOW)
    assert match(world.shop, named[1:2], None).people == {first: ""}


def test_another_owners_people_are_not_found(world: World) -> None:
    from laoke.shops.models import Owner, Shop

    people(world, "小圆")
    store_contacts(world.shop, [Contact(people(world, "小圆")[0], phone="13800000021")])
    other = Shop.objects.create(owner=Owner.objects.create(name="别人"), name="别家", created_at=NOW)
    found = match(other, [Named(2, nick="小圆"), Named(3, phone="13800000021")], None)
    assert found.people == {} and [one.why for one in found.unmatched] == ["unknown", "unknown"]
    [own] = [one for one in resolve(other, [(("nick", "阿禾"),)], now=NOW).ids if one is not None]
    world.load([order("B1", own, day=AS_OF - 5)], shop=other)
    line = Named(4, phone="13800000021", order_id="B1")
    assert match(other, [line], world.warehouse.reader()).people == {own: ""}, "the order tells who it is"


def test_a_cell_that_names_nobody_for_its_length_is_refused(tmp_path: Path) -> None:
    """The reader of the standard library ends at 131,072 letters in one cell."""
    with pytest.raises(ListRefused) as refused:
        read_list(written(tmp_path, f"旺旺,备注\n小圆,{'长' * 140_000}\n"))
    assert refused.value.code == "cell"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("旺旺\n小圆\n", Named(2, "小圆")),
        ("手机号\n13800000021\n", Named(2, phone="13800000021")),
        ("\n订单号\n1234567890123456789\n", Named(3, order_id="1234567890123456789")),
    ],
)
def test_a_list_may_have_one_column(tmp_path: Path, text: str, line: Named) -> None:
    assert read_list(written(tmp_path, text)) == [line]

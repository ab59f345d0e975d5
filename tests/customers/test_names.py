"""Finding people by a part of their name: digests only, and what was opened really holds it."""

from __future__ import annotations

from datetime import datetime

import pytest

from laoke.customers import names
from laoke.customers.identities import resolve
from laoke.customers.models import NamePart, NameWaiting
from laoke.customers.vault import Contact, store_contacts
from laoke.shops.models import Owner, Shop

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 10, 31, 10)


@pytest.fixture
def shop() -> Shop:
    return Shop.objects.create(owner=Owner.objects.create(name="半亩棉"), name="旗舰店", created_at=NOW)


def people(shop: Shop, *contacts: tuple[str, str]) -> list[int]:
    """Customers of these (nick, name), findable."""
    found = resolve(shop, [(("nick", nick),) for nick, _name in contacts], now=NOW)
    ids = [one for one in found.ids if one is not None]
    store_contacts(shop, [Contact(one, nick=n, name=m) for one, (n, m) in zip(ids, contacts, strict=True)])
    names.index_waiting()
    return ids


def test_a_part_of_a_name_finds_whoever_really_has_it(shop: Shop) -> None:
    first, second, third = people(
        shop, ("雪夜访戴的小船", "欧阳小圆"), ("tbabc123", "阳欧小圆"), ("青木", "王五")
    )
    for text, wanted in (
        ("小圆", [first, second]), ("欧阳", [first]), ("欧阳小圆", [first]), ("圆小", []), ("王", [third]), ("五", []),
        ("欧阳圆", []), ("雪夜访戴", [first]), ("雪夜访戴的小", [first]), ("夜访戴的", []), ("ＴＢａｂｃ", [second]),
        ("tba", []), ("  ", []),
    ):  # fmt: skip
        assert names.find(shop, text).persons == wanted, text


def test_it_finds_what_a_slow_reading_of_every_name_finds(shop: Shop) -> None:
    known = ["张三", "张三丰", "三张", "李张三", "丰三张", "张", "三三三", "Ann Lee", "annlee"]
    ids = people(shop, *((f"nick-{n}", name) for n, name in enumerate(known)))
    plain = {one: names.normal(name) for one, name in zip(ids, known, strict=True)}
    texts = {
        text[a:b] for text in plain.values() for a in range(len(text)) for b in range(a + 1, len(text) + 1)
    }
    for text in sorted(texts):
        slow = {
            one for one, name in plain.items() if (text in name if len(text) > 1 else name.startswith(text))
        }
        nick = {one for n, one in enumerate(ids) if len(text) >= 4 and f"nick-{n}".startswith(text)}
        assert set(names.find(shop, text).persons) == slow | nick, text


def test_a_name_is_findable_only_after_the_worker_was_there(shop: Shop) -> None:
    [one] = [n for n in resolve(shop, [(("nick", "小圆"),)], now=NOW).ids if n is not None]
    store_contacts(shop, [Contact(one, name="欧阳小圆")])
    assert names.find(shop, "欧阳").persons == [] and NameWaiting.objects.count() == 1
    assert names.index_waiting() == 1
    assert names.find(shop, "欧阳").persons == [one]
    assert names.index_waiting() == 0 and not NameWaiting.objects.exists()


def test_a_changed_name_is_found_by_the_new_one_alone(shop: Shop) -> None:
    [one] = people(shop, ("小圆", "欧阳小圆"))
    store_contacts(shop, [Contact(one, name="司马相如", seen_micros=9)])
    names.index_waiting()
    assert names.find(shop, "司马").persons == [one]
    assert names.find(shop, "欧阳").persons == []


def test_masked_names_and_other_shops_are_not_found(shop: Shop) -> None:
    people(shop, ("t**8", "欧**"), ("小圆", "欧阳"))
    assert not names.find(shop, "欧*").persons
    other = Shop.objects.create(owner=shop.owner, name="专卖店", created_at=NOW)
    assert names.find(other, "欧阳").persons == []


def test_too_many_are_told_and_not_all_opened(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    people(shop, *((f"n{n}", f"欧阳{n}") for n in range(6)))
    monkeypatch.setattr(names, "MOST_OPENED", 4)
    found = names.find(shop, "欧阳")
    assert (len(found.persons), found.more) == (4, True)


def test_no_part_stands_in_clear_and_equal_parts_are_equal_digests(shop: Shop) -> None:
    people(shop, ("a1", "张三"), ("a2", "张三"))
    rows = list(NamePart.objects.values_list("digest", "customer_id"))
    assert len(rows) == 6 and len({digest for digest, _customer in rows}) == 4
    assert names.index_waiting() == 0

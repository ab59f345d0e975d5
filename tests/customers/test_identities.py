"""Who is who: keyed digests, masked values, erased keys, two importers, merges by one row."""

from __future__ import annotations

from datetime import datetime
from itertools import count

import pytest

from laoke.customers import identities
from laoke.customers.identities import Resolution, key_digests, resolve, single_keys, usable_keys
from laoke.customers.models import Customer, Identity, PersonLink, Tombstone
from laoke.customers.sealing import digest, keys
from laoke.shops.models import Dirty, Owner, Shop

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 10, 31, 10)


@pytest.fixture
def owner() -> Owner:
    return Owner.objects.create(name="半亩棉")


@pytest.fixture
def shop(owner: Owner) -> Shop:
    return Shop.objects.create(owner=owner, name="旗舰店", created_at=NOW)


def ids(start: int = 1000):
    return count(start).__next__


def nick(value: str) -> tuple[tuple[str, str], ...]:
    return (("nick", value),)


def test_the_same_key_gives_the_same_customer_for_ever(shop: Shop) -> None:
    first = resolve(shop, [nick("小圆"), nick("青木")], now=NOW, new_id=ids())
    again = resolve(shop, [nick("青木"), nick("小圆")], now=NOW, new_id=ids(9000))
    assert first.ids == [1000, 1001] and first.new_customers == {1000, 1001}
    assert again.ids == [1001, 1000] and again.new_customers == set()


def test_no_nick_is_stored_in_clear(shop: Shop) -> None:
    resolve(shop, [nick("小圆")], now=NOW, new_id=ids())
    row = Identity.objects.get()
    assert "小圆" not in row.digest and len(row.digest) == 24
    assert [[row.digest]] == key_digests(shop, [nick("小圆")])


def test_the_parts_of_a_digest_cannot_run_into_each_other() -> None:
    key = keys().identity.current
    assert digest(key, "nick", "owner:1", "2") != digest(key, "nick", "owner:12", "")


@pytest.mark.parametrize("masked", ["t**8", "张**", "小＊圆", "  ", "", None])
def test_masked_and_empty_values_are_never_keys(masked: str | None) -> None:
    assert usable_keys({"nick": masked}) == ()


def test_keys_stand_in_a_fixed_order() -> None:
    found = usable_keys({"ouid": "AAE1", "nick": " 小圆 ", "member": "8801", "omid": None})
    assert found == (("nick", "小圆"), ("member", "8801"), ("ouid", "AAE1"))


def test_rows_of_one_kind_have_the_keys_that_each_would_have_alone() -> None:
    values = ["小圆", " tb1 ", "t**8", "小＊圆", "  ", "", "小圆"]
    assert single_keys("nick", values) == [usable_keys({"nick": value}) for value in values]
    assert single_keys("nick", values)[:3] == [(("nick", "小圆"),), (("nick", "tb1"),), ()]


def test_an_erased_person_among_known_ones_stays_without_a_customer(shop: Shop) -> None:
    resolve(shop, [nick("小圆"), nick("小方")], now=NOW, new_id=ids())
    [[buried]] = key_digests(shop, [nick("小圆")])
    Tombstone.objects.create(digest=buried, owner=shop.owner, created_at=NOW)
    found = resolve(shop, [nick("小圆"), nick("小方")], now=NOW, new_id=ids())
    assert (found.ids, found.erased, found.new_customers) == ([None, 1001], 1, set())


def test_a_row_without_a_usable_key_has_no_customer(shop: Shop) -> None:
    assert resolve(shop, [(), nick("小圆")], now=NOW, new_id=ids()).ids == [None, 1000]


def test_keys_of_one_row_are_one_customer(shop: Shop) -> None:
    row = (("nick", "小圆"), ("ouid", "AAE1"))
    found = resolve(shop, [row, nick("小圆"), (("ouid", "AAE1"),)], now=NOW, new_id=ids())
    assert found.ids == [1000, 1000, 1000]
    assert Customer.objects.count() == 1 and Identity.objects.count() == 2


def test_a_row_that_holds_the_keys_of_two_customers_joins_them(shop: Shop) -> None:
    resolve(shop, [nick("小圆"), (("ouid", "AAE1"),)], now=NOW, new_id=ids())
    found = resolve(shop, [(("nick", "小圆"), ("ouid", "AAE1"))], now=NOW, new_id=ids(9000))
    assert found.ids == [1000] and found.joined == 1
    assert set(Customer.objects.values_list("pk", "person_id")) == {(1000, 1000), (1001, 1000)}
    link = PersonLink.objects.get()
    assert (link.state, link.reason) == ("linked", "same_row")
    assert Dirty.objects.filter(mirror="person_map", key="1001").exists()


def test_a_row_seen_again_joins_nothing_anew(shop: Shop) -> None:
    resolve(shop, [nick("小圆"), (("ouid", "AAE1"),)], now=NOW, new_id=ids())
    row = [(("nick", "小圆"), ("ouid", "AAE1"))]
    resolve(shop, row, now=NOW)
    assert resolve(shop, row, now=NOW).joined == 0
    assert PersonLink.objects.count() == 1


def test_two_shops_of_one_owner_know_a_nick_but_not_a_shop_bound_id(shop: Shop, owner: Owner) -> None:
    other = Shop.objects.create(owner=owner, name="二店", created_at=NOW)
    first = resolve(shop, [nick("小圆"), (("ouid", "AAE1"),)], now=NOW, new_id=ids())
    second = resolve(other, [nick("小圆"), (("ouid", "AAE1"),)], now=NOW, new_id=ids(9000))
    assert second.ids[0] == first.ids[0]
    assert second.ids[1] != first.ids[1]


def test_another_owner_does_not_know_the_nick(shop: Shop) -> None:
    stranger = Shop.objects.create(owner=Owner.objects.create(name="别家"), name="别家店", created_at=NOW)
    first = resolve(shop, [nick("小圆")], now=NOW, new_id=ids())
    assert resolve(stranger, [nick("小圆")], now=NOW, new_id=ids(9000)).ids != first.ids


def test_a_buried_key_gives_no_customer(shop: Shop) -> None:
    [[buried]] = key_digests(shop, [nick("小圆")])
    Tombstone.objects.create(digest=buried, owner=shop.owner, created_at=NOW)
    found = resolve(
        shop, [nick("小圆"), nick("青木"), (("nick", "小圆"), ("ouid", "AAE1"))], now=NOW, new_id=ids()
    )
    assert found.ids == [None, 1000, None] and found.erased == 2
    assert Identity.objects.count() == 1


def test_of_two_importers_the_first_insert_has_the_say(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other importer's rows land between our look-up and our insert."""
    insert = identities._insert
    raced: list[Resolution | None] = []

    def late(*args: object) -> int:
        if not raced:
            raced.append(None)
            raced[0] = resolve(shop, [nick("小圆")], now=NOW, new_id=ids(500))
        return insert(*args)

    monkeypatch.setattr(identities, "_insert", late)
    found = resolve(shop, [nick("小圆"), nick("青木")], now=NOW, new_id=ids(1000))
    assert raced[0] is not None and raced[0].ids == [500]
    assert found.ids == [500, 1001]
    assert found.new_customers == {1001}


def test_importers_that_split_the_keys_of_one_row_end_with_one_person(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    insert = identities._insert
    raced: list[Resolution | None] = []

    def late(*args: object) -> int:
        if not raced:
            raced.append(None)
            raced[0] = resolve(shop, [nick("小圆")], now=NOW, new_id=ids(500))
        return insert(*args)

    monkeypatch.setattr(identities, "_insert", late)
    found = resolve(shop, [(("nick", "小圆"), ("ouid", "AAE1"))], now=NOW, new_id=ids(1000))
    assert found.ids == [500] and found.joined == 1
    assert set(Customer.objects.values_list("pk", "person_id")) == {(500, 500), (1000, 500)}


def test_ids_are_positive_63_bit_numbers_that_go_up_by_one() -> None:
    take = identities.new_customer_ids(lambda below: below - 1)
    first = take()
    assert 0 < first < 2**63 and take() == first + 1
    assert identities.new_customer_ids(lambda below: 0)() == 2**23

"""The vault: sealed for one shop and one customer, newest record wins, masks on lists, an audit row for each look."""

from __future__ import annotations

from datetime import datetime
from importlib import import_module

import pytest
from django.db import connection

from laoke.customers import contacts, vault
from laoke.customers.models import ContactIndex, Customer, VaultRecord
from laoke.customers.profiles import find_people, masks_of
from laoke.customers.sealing import VaultError, contact_digest, open_sealed, seal
from laoke.customers.vault import Contact, open_contact, show_contact, store_contacts
from laoke.shops.models import AuditEvent, Owner, Shop, User

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 10, 31, 10)
DAY = 86_400_000_000


@pytest.fixture
def shop() -> Shop:
    return Shop.objects.create(owner=Owner.objects.create(name="半亩棉"), name="旗舰店", created_at=NOW)


@pytest.fixture
def customer(shop: Shop) -> int:
    return Customer.objects.create(id=7001, owner=shop.owner, person_id=7001, created_at=NOW).pk


def test_a_record_opens_for_its_shop_and_customer_only(shop: Shop, customer: int) -> None:
    store_contacts(shop, [Contact(customer, nick="小圆", phone="13800000021")])
    record = VaultRecord.objects.select_related("shop").get()
    assert open_contact(record).phone == "13800000021"
    record.customer_id = 7002
    with pytest.raises(VaultError):
        open_contact(record)
    record.customer_id, record.shop_id = customer, shop.pk + 1
    with pytest.raises(VaultError):
        open_contact(record)


def test_changed_bytes_and_an_unknown_key_do_not_open() -> None:
    sealed, key_id = seal({"nick": "小圆"}, "contact|1|2|v1")
    assert open_sealed(sealed, key_id, "contact|1|2|v1") == {"nick": "小圆"}
    with pytest.raises(VaultError):
        open_sealed(sealed[:-1] + bytes([sealed[-1] ^ 1]), key_id, "contact|1|2|v1")
    with pytest.raises(VaultError):
        open_sealed(sealed[:5], key_id, "contact|1|2|v1")
    with pytest.raises(VaultError):
        open_sealed(sealed, "vault-9", "contact|1|2|v1")


def test_the_same_content_is_sealed_differently_each_time() -> None:
    assert seal({"nick": "小圆"}, "a")[0] != seal({"nick": "小圆"}, "a")[0]


def test_nothing_of_a_contact_stands_in_clear(shop: Shop, customer: int) -> None:
    store_contacts(
        shop, [Contact(customer, nick="小圆子圆", name="张小圆", phone="13800000021", email="yuan@a.com")]
    )
    row = VaultRecord.objects.values().get()
    stored = repr({name: value for name, value in row.items() if name != "sealed"}) + repr(
        bytes(row["sealed"])
    )
    for clear in ("小圆子圆", "张小圆", "13800000021", "yuan@a.com"):
        assert clear not in stored
    assert (row["nick_mask"], row["name_mask"], row["phone_mask"]) == ("小**圆", "张**", "138 **** **21")


def test_a_later_record_replaces_and_an_earlier_one_does_not(shop: Shop, customer: int) -> None:
    store_contacts(shop, [Contact(customer, phone="13800000021", seen_micros=10 * DAY)])
    old = store_contacts(shop, [Contact(customer, phone="13900000099", seen_micros=9 * DAY)])
    assert (old.new, old.changed, old.unchanged) == (0, 0, 1)
    new = store_contacts(shop, [Contact(customer, phone="13700000055", seen_micros=11 * DAY)])
    assert (new.new, new.changed, new.unchanged) == (0, 1, 0)
    assert open_contact(VaultRecord.objects.get()).phone == "13700000055"
    assert list(ContactIndex.objects.values_list("digest", flat=True)) == [
        contact_digest("phone", "13700000055")
    ]


def test_the_same_again_changes_nothing(shop: Shop, customer: int) -> None:
    given = [Contact(customer, phone="13800000021", seen_micros=DAY)]
    store_contacts(shop, given)
    before = bytes(VaultRecord.objects.get().sealed)
    assert store_contacts(shop, given).unchanged == 1
    assert bytes(VaultRecord.objects.get().sealed) == before


@pytest.mark.parametrize(
    ("phone", "state"),
    [
        ("13800000021", "valid"), ("10012345678", "invalid"), ("0571-88888888", "invalid"), ("138****0021", "masked"),
        ("", "none"), ("12345", "invalid"), ("12012345678", "invalid"),
    ],
)  # fmt: skip
def test_what_a_phone_is(phone: str, state: str) -> None:
    assert contacts.mobile_state(contacts.clean_phone(phone), demo=False) == state


def test_the_demo_range_counts_in_a_demo_shop_alone() -> None:
    assert contacts.mobile_state("10012345678", demo=True) == "valid"


@pytest.mark.parametrize(
    "written",
    ["'13800000021", "+86 138-0000-0021", "0086 13800000021", "１３８００００００２１", "8613800000021"],
)
def test_a_phone_is_the_same_however_it_is_written(written: str) -> None:
    assert contacts.clean_phone(written) == "13800000021"


def test_showing_writes_one_audit_row_each_time(shop: Shop, customer: int) -> None:
    store_contacts(shop, [Contact(customer, nick="小圆", phone="13800000021")])
    boss = User.objects.create(username="boss")
    record = VaultRecord.objects.select_related("shop").get()
    assert show_contact(record, actor=boss, now=NOW, field="phone") == "13800000021"
    show_contact(record, actor=boss, now=NOW, field="nick")
    events = AuditEvent.objects.filter(act="contact.show").order_by("pk")
    assert [event.detail["field"] for event in events] == ["phone", "nick"]
    assert "13800000021" not in repr(list(events.values()))


def test_order_texts_are_sealed_by_order(shop: Shop, customer: int) -> None:
    from laoke.customers.models import OrderText

    vault.store_order_texts(shop, [("A-1", customer, {"buyer_message": "放门卫"})])
    vault.store_order_texts(shop, [("A-1", customer, {"buyer_message": "放前台"})])
    row = OrderText.objects.get()
    assert vault.open_order_text(row) == {"buyer_message": "放前台"}
    row.order_id = "A-2"
    with pytest.raises(VaultError):
        vault.open_order_text(row)


def test_people_are_found_by_a_whole_contact_and_never_by_a_part(shop: Shop, customer: int) -> None:
    store_contacts(shop, [Contact(customer, phone="13800000021", email="yuan@a.com")])
    assert find_people(shop, "+86 13800000021") == [customer]
    assert find_people(shop, "YUAN@a.com") == [customer]
    for part in ("1380000002", "yuan@a", "", "%", "138%"):
        assert find_people(shop, part) == []


def test_masks_come_from_the_newest_record_that_has_them(shop: Shop, customer: int) -> None:
    store_contacts(
        shop, [Contact(customer, nick="小圆圆", phone="13800000021", seen_micros=DAY)], source="order"
    )
    store_contacts(shop, [Contact(customer, phone="13900000099", seen_micros=2 * DAY)], source="member")
    shown = masks_of(shop, [customer])[customer]
    assert (shown.nick, shown.phone) == ("小**圆", "139 **** **99")


def test_an_update_makes_those_findable_whom_a_dead_import_had_left_out(shop: Shop, customer: int) -> None:
    other = Customer.objects.create(id=7002, owner=shop.owner, person_id=7002, created_at=NOW).pk
    third = Customer.objects.create(id=7003, owner=shop.owner, person_id=7003, created_at=NOW).pk
    store_contacts(
        shop,
        [
            Contact(customer, nick="小圆", phone="13800000021", email="xiaoyuan@example.com"),
            Contact(other, nick="青木", phone="13800000021"),
            Contact(third, nick="没有号码"),
        ],
    )
    whole = set(ContactIndex.objects.values_list("digest", "customer_id", "shop_id"))
    assert len(whole) == 3
    ContactIndex.objects.filter(customer_id=customer).delete()
    assert find_people(shop, "13800000021") == [7002] and find_people(shop, "xiaoyuan@example.com") == []

    update = import_module("laoke.customers.migrations.0013_everybody_is_findable")
    with connection.cursor() as cursor:
        for _again in range(2):
            for digest in ("phone_digest", "email_digest"):
                cursor.execute(update.MISSED.format(digest=digest))

    assert set(ContactIndex.objects.values_list("digest", "customer_id", "shop_id")) == whole
    assert ContactIndex.objects.count() == 3
    assert sorted(find_people(shop, "13800000021")) == [7001, 7002]
    assert find_people(shop, "xiaoyuan@example.com") == [7001]

"""What a person tells the shop themselves: a WeCom id as a key, a phone in the vault."""

from __future__ import annotations

from datetime import datetime

import pytest

from laoke.customers.attaching import AttachRefused, attach
from laoke.customers.identities import resolve
from laoke.customers.models import Identity, VaultRecord
from laoke.customers.profiles import find_people
from laoke.customers.vault import open_contact
from laoke.shops.models import AuditEvent, Owner, Shop, User

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 10, 31, 10)


@pytest.fixture
def shop() -> Shop:
    return Shop.objects.create(owner=Owner.objects.create(name="半亩棉"), name="旗舰店", created_at=NOW)


@pytest.fixture
def boss() -> User:
    return User.objects.create(username="boss")


@pytest.fixture
def two(shop: Shop) -> list[int]:
    found = resolve(shop, [(("nick", "小圆"),), (("nick", "青木"),)], now=NOW)
    return [one for one in found.ids if one is not None]


def test_a_phone_and_a_wechat_are_kept_and_found(shop: Shop, boss: User, two: list[int]) -> None:
    attach(shop, two[0], wecom="wmEAAA1", phone="138 0000 0021", by=boss, now=NOW)
    attach(shop, two[0], wecom="wmEAAA1", by=boss, now=NOW)
    assert Identity.objects.get(kind="wecom").customer_id == two[0]
    record = VaultRecord.objects.get(source="told")
    assert (open_contact(record).phone, record.phone_state) == ("13800000021", "valid")
    assert find_people(shop, "13800000021") == [two[0]]
    assert [
        row.detail["kinds"] for row in AuditEvent.objects.filter(act="contact.attach").order_by("pk")
    ] == [
        ["wecom", "phone"],
        ["wecom"],
    ]


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"phone": "12345"}, "phone"), ({"phone": "138****0021"}, "phone"), ({"wecom": "a b"}, "wecom"),
        ({"wecom": "x" * 65}, "wecom"),
    ],
)  # fmt: skip
def test_what_is_no_number_is_refused(
    shop: Shop, boss: User, two: list[int], given: dict[str, str], code: str
) -> None:
    with pytest.raises(AttachRefused) as refused:
        attach(shop, two[0], by=boss, now=NOW, **given)
    assert refused.value.code == code
    assert not VaultRecord.objects.exists() and not AuditEvent.objects.exists()


def test_a_wechat_of_somebody_else_is_not_taken_over(shop: Shop, boss: User, two: list[int]) -> None:
    attach(shop, two[0], wecom="wmEAAA1", by=boss, now=NOW)
    with pytest.raises(AttachRefused) as refused:
        attach(shop, two[1], wecom="wmEAAA1", phone="13800000021", by=boss, now=NOW)
    assert refused.value.code == "other" and not VaultRecord.objects.exists()

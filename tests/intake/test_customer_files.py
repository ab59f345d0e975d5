"""Lists of customers: keys, contacts, level, birthday and tags; never a consent that nobody proved."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from laoke.customers.models import Consent, Customer, OptOut, PersonTag, VaultRecord
from laoke.customers.vault import open_contact
from laoke.intake.loading.customer_files import month_day
from laoke.shops.models import Shop
from tests.intake.facts import counts, stored, table, take
from tests.intake.seller_files import Row, write

pytestmark = pytest.mark.django_db(transaction=True)

LIN = {
    "会员名": "小林的店客", "姓名": "林小满", "手机": "13912345678", "邮箱": "lin@example.com", "省份": "浙江省",
    "城市": "杭州市", "生日": "1990-05-20", "等级": "金卡", "标签": "复购，爱晒图",
}  # fmt: skip


def people(path: Path, *rows: dict[str, str]) -> Path:
    return table(path, "laoke_customers", [{**LIN, **row} for row in rows])


def known(**changed: Any) -> dict[str, Any]:
    row = stored("customers")[0]
    row.pop("customer_id")
    return row | changed


def test_a_list_makes_a_customer_with_contacts_level_birthday_and_tags(shop: Shop, tmp_path: Path) -> None:
    result = take(shop, people(tmp_path / "a.csv", {}))

    assert result["profile"] == "laoke_customers"
    assert counts(result) == (1, 1, 0, 0, 0)
    assert known() == {
        "first_seen": datetime(2018, 11, 1, 9), "province": "浙江", "city": "杭州", "level": "金卡",
        "birthday": "05-20", "has_nick": True, "has_phone": True, "has_email": True, "phone_state": "valid",
    }  # fmt: skip
    contact = open_contact(VaultRecord.objects.get())
    assert (contact.name, contact.phone, contact.email) == ("林小满", "13912345678", "lin@example.com")
    assert sorted(PersonTag.objects.values_list("tag__name", flat=True)) == ["复购", "爱晒图"]


def test_the_same_list_again_changes_nothing(shop: Shop, tmp_path: Path) -> None:
    take(shop, people(tmp_path / "a.csv", {}))
    again = take(shop, people(tmp_path / "a.csv", {}))

    assert counts(again) == (1, 0, 0, 1, 0)
    assert again["people"]["contacts_unchanged"] == 1
    assert PersonTag.objects.count() == 2


def test_a_list_and_orders_come_to_the_same_whichever_is_first(shop: Shop, tmp_path: Path) -> None:
    orders = write(tmp_path / "orders.csv", [Row("1000000000000000001", nick="小林的店客")])
    take(shop, people(tmp_path / "a.csv", {"成为客户时间": ""}))
    take(shop, orders)

    assert Customer.objects.count() == 1
    expected = known(first_seen=datetime(2018, 10, 1, 10))
    assert known() == expected
    assert counts(take(shop, people(tmp_path / "a.csv", {}))) == (1, 0, 0, 1, 0)


def test_a_yes_in_a_file_is_no_consent_and_a_refusal_is_kept(shop: Shop, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(
        "会员名,手机,姓名,生日,等级,接收短信,接收邮件\n甲店客,13900000001,甲,,,是,yes\n乙店客,13900000002,乙,,,退订,否\n",
        "utf-8",
    )
    result = take(shop, path, mapping=None)
    take(shop, path)

    assert result["people"]["agreed"] == {"sms": 1, "email": 1}
    assert Consent.objects.count() == 0
    assert list(OptOut.objects.values_list("channel", "source")) == [("sms", "file")]


def test_a_list_may_say_of_what_purposes_it_speaks(shop: Shop, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(
        "会员名,手机,姓名,生日,等级,接收短信,接收邮件,同意目的\n"
        "甲店客,13900000001,甲,,,是,是,营销、售后服务\n乙店客,13900000002,乙,,,退订,否,画像分析\n"
        "丙店客,13900000003,丙,,,退订,是,随便\n丁店客,13900000004,丁,,,退订,否,营销\n",
        "utf-8",
    )
    result = take(shop, path, mapping=None)
    take(shop, path)

    assert result["people"]["agreed"] == {
        "sms": 1, "sms:care": 1, "email": 1, "email:care": 1, "email:unknown": 1,
    }  # fmt: skip
    assert result["people"]["refused"] == 3
    refused = sorted(OptOut.objects.values_list("channel", "purpose"))
    assert refused == [("sms", "all"), ("sms", "marketing"), ("sms", "profiling")]


def test_nobody_is_made_of_a_phone_a_name_or_a_masked_nick(shop: Shop, tmp_path: Path) -> None:
    result = take(shop, people(tmp_path / "a.csv", {"会员名": ""}, {"会员名": "小**客"}))

    assert counts(result) == (2, 0, 0, 0, 2)
    assert result["reasons"] == {"nobody_named": 2}
    assert Customer.objects.count() == 0


def test_of_two_rows_of_one_customer_the_last_counts(shop: Shop, tmp_path: Path) -> None:
    result = take(shop, people(tmp_path / "a.csv", {}, {"等级": "黑卡", "标签": ""}))

    assert counts(result) == (2, 1, 0, 1, 0)
    assert known()["level"] == "黑卡"


def test_tags_that_the_law_or_the_eye_does_not_bear_are_left_out(shop: Shop, tmp_path: Path) -> None:
    result = take(shop, people(tmp_path / "a.csv", {"标签": f"颜值高|{'长' * 31}|老客"}))

    assert list(PersonTag.objects.values_list("tag__name", flat=True)) == ["老客"]
    assert result["people"]["tags_refused"] == 2


def test_a_youzan_customer_is_known_by_the_phone_of_the_account(shop: Shop, tmp_path: Path) -> None:
    row = {
        "客户手机号": "13912345678",
        "客户姓名": "林小满",
        "客户生日": "05-20",
        "标签": "会员",
        "免费等级": "VIP1",
    }
    masked = {**row, "客户手机号": "186******05"}
    result = take(shop, table(tmp_path / "a.csv", "youzan_customer_34", [row, masked]))

    assert counts(result) == (2, 1, 0, 0, 1)
    assert (known()["birthday"], known()["level"]) == ("05-20", "VIP1")


def test_a_list_of_olist_joins_the_buyers_of_orders_to_persons(shop: Shop, tmp_path: Path) -> None:
    path = tmp_path / "olist.csv"
    path.write_text(
        "customer_id,customer_unique_id,customer_zip_code_prefix,customer_city,customer_state\n"
        "order1,person,35182,timoteo,MG\norder2,person,20231,rio de janeiro,RJ\n",
        "utf-8",
    )
    assert take(shop, path)["profile"] == "olist_customers"
    assert Customer.objects.values("person_id").distinct().count() == 1


def test_an_unknown_file_of_orders_is_no_list_of_customers(shop: Shop, tmp_path: Path) -> None:
    from laoke.intake.reading.profiles import recognise

    best = recognise(["单号", "会员名", "手机", "姓名", "省份", "金额", "下单日"])[0]
    assert not (best.complete and best.profile.grain == "customer")


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("1990-05-20", "05-20"), ("5月20日", "05-20"), ("1990年5月20日", "05-20"), ("05/20", "05-20"),
        ("19900520", "05-20"), ("1990-02-29 00:00:00", "02-29"), ("2-30", ""), ("13-01", ""), ("属马", ""), ("", ""),
    ],
)  # fmt: skip
def test_of_a_birthday_only_month_and_day_are_kept(said: str, kept: str) -> None:
    assert month_day(said) == kept


def test_a_tag_that_a_rule_decides_is_left_to_the_rule(shop: Shop, tmp_path: Path) -> None:
    from laoke.customers.models import Tag

    Tag.objects.create(shop=shop, name="复购", rule="bought(2+)", created_at=datetime(2018, 11, 1))
    result = take(shop, people(tmp_path / "a.csv", {}))

    assert list(PersonTag.objects.values_list("tag__name", "source")) == [("爱晒图", "file")]
    assert result["people"]["tags_refused"] == 1

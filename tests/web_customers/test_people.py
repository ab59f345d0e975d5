"""One person as a person on the pages: joined by hand, consents, their data handed out, found by a part of the name."""

from __future__ import annotations

import io
import json
import re
import zipfile
from typing import TYPE_CHECKING

import pytest
from django.apps import apps

if TYPE_CHECKING:
    from tests.people import Demo

pytestmark = pytest.mark.django_db


def text(response) -> str:
    return response.content.decode()


def consenting(demo: Demo) -> int:
    from laoke.customers.models import Consent

    return int(Consent.objects.order_by("person_id").values_list("person_id", flat=True)[0])


def contact_of(demo: Demo, person: int):
    from laoke.customers.profiles import records_of
    from laoke.customers.vault import open_contact

    return open_contact(records_of(demo.shop, [person])[0])


GIVEN = {
    "channel": "sms", "purpose": "marketing", "role": "seller", "wording_version": "2026-11",
    "given_on": "2026-11-08", "wording": "我同意接收优惠短信", "proof": "聊天截图",
}  # fmt: skip


def test_two_people_are_joined_by_hand_on_the_page_and_taken_apart(demo: Demo) -> None:
    from laoke.customers.models import Customer, PersonLink

    first, second = list(Customer.objects.order_by("pk").values_list("pk", flat=True)[:2])
    client = demo.client()
    client.post(f"/customers/{first}/join/", {"other": contact_of(demo, second).nick, "why": ""})
    assert "写上凭什么知道是同一个人" in text(client.get(f"/customers/{first}/"))
    client.post(f"/customers/{first}/join/", {"other": "没有这个人", "why": "本人说的"})
    assert "找到 0 位，要正好一位" in text(client.get(f"/customers/{first}/"))
    client.post(f"/customers/{first}/join/", {"other": str(second), "why": "本人说的"})
    page = text(client.get(f"/customers/{first}/"))
    assert "同事手工合并" in page and "本人说的，林夏 2026-11-09" in page
    assert "和另一位合并成一个人" in text(client.get(f"/customers/{first}/history/"))
    client.post(f"/links/{PersonLink.objects.get().pk}/undo/")
    assert client.get(f"/customers/{second}/").status_code == 200
    assert "拆开成两个人" in text(client.get(f"/customers/{second}/history/"))


def test_a_consent_is_given_shown_and_taken_back_on_the_page(demo: Demo) -> None:
    from laoke.customers.models import Consent, VaultRecord

    known = set(Consent.objects.values_list("person_id", flat=True))
    record = VaultRecord.objects.filter(phone_state="valid").exclude(customer_id__in=known).order_by("pk")[0]
    person, client = record.customer_id, demo.client()
    client.post(f"/customers/{person}/give/", {**GIVEN, "proof": ""})
    assert "没有登记：「凭证在哪」没有填对" in text(client.get(f"/customers/{person}/"))
    client.post(f"/customers/{person}/give/", {**GIVEN, "given_on": "2026-12-01"})
    assert "同意的日子要在今天或以前" in text(client.get(f"/customers/{person}/"))
    assert not Consent.objects.filter(person_id=person).exists()
    client.post(f"/customers/{person}/give/", GIVEN)
    page = text(client.get(f"/customers/{person}/"))
    for said in ("第 2026-11 版：我同意接收优惠短信", "聊天截图", "店铺自己", "营销消息"):
        assert said in page
    client.post(f"/customers/{person}/take/", {"channel": "sms", "purpose": "marketing"})
    assert "收回短信用于营销消息的同意" in text(client.get(f"/customers/{person}/history/"))
    client.post(f"/customers/{person}/refuse/", {"channel": "sms"})
    client.post(f"/customers/{person}/give/", GIVEN)
    assert "这个人拒绝过" in text(client.get(f"/customers/{person}/"))
    client.post(f"/customers/{person}/give/", {**GIVEN, "asked_again": "on"})
    assert "又愿意短信用于营销消息" in text(client.get(f"/customers/{person}/history/"))


def test_each_purpose_is_agreed_to_and_refused_by_itself_on_the_page(demo: Demo) -> None:
    from laoke.customers import consent
    from laoke.customers.models import Consent, OptOut
    from laoke.shops.models import AuditEvent

    person, client = consenting(demo), demo.client()
    care = {**GIVEN, "purpose": "care", "wording": "我同意接收发货和售后通知"}
    client.post(f"/customers/{person}/give/", {**care, "purpose": "selling on"})
    assert "没有登记：「目的」没有填对" in text(client.get(f"/customers/{person}/"))
    client.post(f"/customers/{person}/give/", care)
    assert "第 2026-11 版：我同意接收发货和售后通知" in text(client.get(f"/customers/{person}/"))
    assert "同意短信用于服务和关怀" in text(client.get(f"/customers/{person}/history/"))
    assert Consent.objects.filter(person_id=person, channel="sms", withdrawn_at=None).count() == 2
    assert client.post(f"/customers/{person}/refuse/", {"channel": "sms", "purpose": "x"}).status_code == 400
    client.post(f"/customers/{person}/refuse/", {"channel": "sms", "purpose": "profiling"})
    assert "拒绝短信用于画像分析" in text(client.get(f"/customers/{person}/history/"))
    assert AuditEvent.objects.get(act="consent.refuse").detail["purpose"] == "profiling"
    assert list(OptOut.objects.values_list("channel", "purpose", "source")) == [("sms", "profiling", "staff")]
    today = demo.now.date()
    assert consent.refused(demo.shop.pk, "sms", [person], today) == {person: "no_profiling"}
    assert consent.refused(demo.shop.pk, "sms", [person], today, "care") == {}
    told = client.post(f"/customers/{person}/hand-out/").content
    parts = json.loads(zipfile.ZipFile(io.BytesIO(told)).read("person.json"))["parts"]
    assert [one["purpose"] for one in parts["consents"] if one["channel"] == "sms"] == ["marketing", "care"]
    assert [one["purpose"] for one in parts["refusals"]] == ["profiling"]


def test_service_may_take_a_consent_but_not_give_one(demo: Demo) -> None:
    person, client = consenting(demo), demo.client(demo.service)
    assert client.post(f"/customers/{person}/give/", GIVEN).status_code == 403
    assert client.post(f"/customers/{person}/hand-out/").status_code == 403
    assert client.post(f"/customers/{person}/join/", {"other": "x"}).status_code == 403
    address, good = f"/customers/{person}/take/", {"channel": "sms", "purpose": "marketing"}
    assert client.post(address, good).status_code == 302
    assert client.post(address, {**good, "channel": "pigeon"}).status_code == 400
    assert client.post(address, {**good, "purpose": "all"}).status_code == 400


def test_everything_of_one_person_is_handed_out_as_json_and_excel(demo: Demo, tmp_path) -> None:
    from python_calamine import load_workbook

    from laoke.customers import tags
    from laoke.shops.models import AuditEvent

    person = consenting(demo)
    tags.set_tag(tags.make_tag(demo.shop, "=爱晒图", now=demo.now), [person], by=demo.owner, now=demo.now)
    answer = demo.client().post(f"/customers/{person}/hand-out/")
    archive = zipfile.ZipFile(io.BytesIO(answer.content))
    told = json.loads(archive.read("person.json"))
    contact = contact_of(demo, person)
    parts = told["parts"]
    assert told["person"] == str(person)
    assert parts["contacts"][0]["phone"] == contact.phone and parts["contacts"][0]["nick"] == contact.nick
    assert parts["consents"][0]["wording"].startswith("我同意半亩棉") and parts["tags"][0]["tag"] == "=爱晒图"
    assert len(parts["orders"]) > 0 and parts["features"][0]["orders"] > 0
    book = tmp_path / "person.xlsx"
    book.write_bytes(archive.read("person.xlsx"))
    assert load_workbook(str(book)).sheet_names == list(parts)
    event = AuditEvent.objects.get(act="person.export")
    assert event.subject == str(person) and event.count == sum(map(len, parts.values()))
    assert not list(demo.place.exports.glob("person-*"))


def test_every_table_that_names_a_person_is_handed_out_or_says_why_not() -> None:
    import inspect

    from laoke.customers.models import Customer
    from laoke.web.pages.customers import own_data

    told = inspect.getsource(own_data)
    for model in apps.get_models():
        if not model.__module__.startswith("laoke."):
            continue
        names = {field.name for field in model._meta.get_fields() if field.concrete}
        to_customer = any(
            field.concrete and field.related_model is Customer for field in model._meta.get_fields()
        )
        if "person_id" in names or to_customer or model is Customer:
            table = model._meta.db_table
            handed = re.search(rf"\b{model.__name__}\.objects", told) or (
                "refusals_of" in told and table == "customers_optout"
            )
            assert bool(handed) != (table in own_data.NOT_HANDED_OUT), table
    assert all(len(reason) > 15 for reason in own_data.NOT_HANDED_OUT.values())


def test_a_part_of_a_name_finds_people_and_leaves_an_audit_row(demo: Demo) -> None:
    from laoke.customers import names
    from laoke.customers.models import NameWaiting, VaultRecord
    from laoke.customers.vault import open_contact
    from laoke.shops.models import AuditEvent

    while names.index_waiting():
        pass
    assert not NameWaiting.objects.exists()
    named = [open_contact(one).name for one in VaultRecord.objects.order_by("pk")[:200]]
    part = next(name[:2] for name in named if len(name) >= 3 and "*" not in name)
    client = demo.client()
    found = client.get("/customers/", {"q": part})
    if found.status_code == 200:
        total = re.search(r"共 ([\d,]+) 人", text(found))
        assert total and int(total[1]) >= 2
    event = AuditEvent.objects.filter(act="contact.search").get()
    assert event.count >= 1 and event.detail == {"by_part": True} and event.subject == ""
    assert part not in json.dumps(event.detail, ensure_ascii=False)
    client.get("/customers/", {"q": part, "after": "1_1"})
    assert AuditEvent.objects.filter(act="contact.search").count() == 1, "paging is no new search"


def test_a_search_that_leaves_people_out_says_so_in_the_list_itself(
    demo: Demo, monkeypatch: pytest.MonkeyPatch
) -> None:
    from laoke.web.pages.customers import listing

    def found(more: bool) -> None:
        answer = listing.Searched([1, 2], by_part=True, more=more)
        monkeypatch.setattr(listing, "searched", lambda *_given: answer)

    for headers in ({}, {"HX-Request": "true"}):
        found(more=True)
        assert text(demo.client().get("/customers/", {"q": "王"}, headers=headers)).count("没有全列出来") == 1
        found(more=False)
        assert "没有全列出来" not in text(demo.client().get("/customers/", {"q": "王"}, headers=headers))


def test_a_search_that_begins_on_a_later_page_is_written_down_too(demo: Demo) -> None:
    """Else a place in the address would open the vault without a word in the audit."""
    from laoke.shops.models import AuditEvent

    client = demo.client()
    client.get("/customers/", {"q": "小圆", "after": "x"})
    assert AuditEvent.objects.filter(act="contact.search").count() == 1
    client.get("/customers/", {"q": "小圆", "after": "1_1"})
    assert AuditEvent.objects.filter(act="contact.search").count() == 1
    client.get("/customers/", {"q": "青木", "before": "1_1"})
    assert AuditEvent.objects.filter(act="contact.search").count() == 2
    assert "小圆" not in json.dumps(dict(client.session), ensure_ascii=False)


def test_asking_why_somebody_is_in_a_segment_is_a_search_for_people(demo: Demo) -> None:
    from laoke.shops.models import AuditEvent

    contact = contact_of(demo, consenting(demo))
    demo.client().post("/segments/why/", {"text": "everyone", "person": contact.phone or contact.nick})
    event = AuditEvent.objects.filter(act="contact.search").get()
    assert (event.count, event.subject) == (1, "")


def test_the_conditions_of_the_list_become_the_segment_of_the_same_people(demo: Demo) -> None:
    from django.http import QueryDict

    from laoke.web.pages.customers import listing, views

    def said(query: str) -> str:
        return listing.as_filter(listing.asked(QueryDict(query)))

    assert said("year_from=1234567.89") == "net_spent(>= 1234567.89, within 365d)"
    assert said("r_score=5&f_score=1&group3=loyal") == 'group in ("loyal") and r_score(5) and f_score(1)'
    for narrower in ("q=小圆", "mine=1&city=杭州"):
        given = listing.asked(QueryDict(narrower))
        assert views.segment_url(given) == "", "the segment would hold more people than the list"


def test_a_merge_or_split_of_somebody_being_erased_is_refused_in_words(demo: Demo) -> None:
    from laoke.customers import links
    from laoke.customers.models import Customer, Erasure

    first, second = Customer.objects.order_by("pk").values_list("pk", flat=True)[:2]
    link = links.join_by_hand(demo.shop, first, second, why="打电话说的", by=demo.owner, now=demo.now)
    Erasure.objects.create(
        owner=demo.shop.owner, shop=demo.shop, person_id=first, requested_by=demo.owner, requested_at=demo.now
    )
    page = demo.client().post(f"/links/{link.pk}/undo/", follow=True)
    assert "不能再合并或拆开" in text(page)
    assert Customer.objects.get(pk=second).person_id == first

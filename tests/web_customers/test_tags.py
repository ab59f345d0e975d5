"""The pages of tags, of the people left alone, and looking up by Wangwang."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

if TYPE_CHECKING:
    from tests.people import Demo

pytestmark = pytest.mark.django_db


def text(response) -> str:
    return response.content.decode()


def contacts(demo: Demo, n: int) -> list:
    from laoke.customers.models import VaultRecord
    from laoke.customers.vault import open_contact

    return [open_contact(one) for one in VaultRecord.objects.filter(phone_state="valid").order_by("pk")[:n]]


def a_list(*lines: str) -> SimpleUploadedFile:
    return SimpleUploadedFile("名单.csv", "\n".join(lines).encode("utf-8-sig"), "text/csv")


def test_a_file_puts_a_tag_on_whom_it_names_and_lists_the_rest(demo: Demo) -> None:
    from laoke.customers.models import PersonTag, Tag
    from laoke.shops.models import AuditEvent, Upload

    one, two = contacts(demo, 2)
    client = demo.client()
    file = a_list("旺旺,手机", f"{one.nick},", f",{two.phone}", "没有这个人,", "小**圆,")
    page = text(client.post("/customers/tags/file/", {"name": "晒图", "file": file}))
    assert "给 2 人打上了标签" in page and "店里没有这个人" in page and "打了星号，认不出" in page
    assert "没**人" in page and "没有这个人," not in page
    tag = Tag.objects.get(name="晒图")
    assert set(PersonTag.objects.filter(tag=tag).values_list("person_id", "source", "reason")) == {
        (one.customer_id, "file", "名单.csv"), (two.customer_id, "file", "名单.csv"),
    }  # fmt: skip
    event = AuditEvent.objects.get(act="tag.file")
    assert (event.count, event.detail["lines"], event.detail["unmatched"]) == (2, 4, 2)
    assert not Upload.objects.filter(forgotten_at=None).exists() if hasattr(Upload, "forgotten_at") else True
    file = a_list("旺旺,x", f"{one.nick},")
    client.post("/customers/tags/file/", {"name": "晒图", "file": file, "off": "1"})
    assert list(PersonTag.objects.filter(tag=tag).values_list("person_id", flat=True)) == [two.customer_id]
    page = text(client.get(f"/customers/tags/{tag.pk}/"))
    assert "来自文件 1" in page and "去掉标签" in page and "林夏" in page


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (("城市,金额", "杭州,1"), "没有认得出人的列"),
        (("旺旺,备注", ",x"), "不止一个人|这一行没写是谁"),
        ((), "空的"),
    ],
)
def test_a_file_that_names_nobody_says_what_is_wrong(demo: Demo, lines: tuple[str, ...], said: str) -> None:
    client = demo.client()
    file = a_list(*lines) if lines else SimpleUploadedFile("空.csv", b"")
    answer = client.post("/customers/tags/file/", {"name": "晒图", "file": file})
    page = text(answer) if answer.status_code == 200 else text(client.get("/customers/tags/"))
    assert re.search(said, page)


def test_a_rule_is_shown_runs_and_can_be_dropped(demo: Demo) -> None:
    from laoke.audiences import tag_rules
    from laoke.customers.models import PersonTag, Tag

    client = demo.client()
    client.post("/customers/tags/rule/", {"name": "老朋友", "text": 'group in ("loyal")'})
    tag = Tag.objects.get(name="老朋友")
    page = text(client.get("/customers/tags/"))
    assert "按规则" in page and "还在算" in page
    while tag_rules.turn(demo.now):
        pass
    page = text(client.get(f"/customers/tags/{tag.pk}/"))
    n = PersonTag.objects.filter(tag=tag).count()
    assert n > 10 and "group in (&quot;loyal&quot;)" in page and "算过" in page
    listed = re.search(r"共 ([\d,]+) 人", text(client.get("/customers/?tag=老朋友")))
    assert listed and int(listed[1].replace(",", "")) == n
    person = PersonTag.objects.filter(tag=tag).order_by("pk")[0].person_id
    client.post(f"/customers/{person}/untag/", {"tag": "老朋友"})
    assert "这个标签按规则打，不能手工改" in text(client.get(f"/customers/{person}/"))
    client.post(f"/customers/tags/{tag.pk}/drop-rule/")
    client.post(f"/customers/{person}/untag/", {"tag": "老朋友"})
    assert PersonTag.objects.filter(tag=tag).count() == n - 1


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"name": "甲", "text": "bought("}, "读不懂"), ({"name": "甲"}, "选一个人群，或写条件"),
        ({"name": "甲", "text": 'tag("甲")'}, "会绕圈子"), ({"name": "高颜值", "text": "bought"}, "不能给人的长相"),
    ],
)  # fmt: skip
def test_a_rule_that_cannot_be_says_why(demo: Demo, sent: dict[str, str], said: str) -> None:
    from laoke.customers.models import Tag

    client = demo.client()
    client.post("/customers/tags/rule/", sent)
    assert said in text(client.get("/customers/tags/"))
    assert not Tag.objects.exclude(rule="").exists()


def test_the_ready_labels_are_made_once(demo: Demo) -> None:
    from laoke.customers.models import Tag

    client = demo.client()
    assert "晒图志愿者" in text(client.get("/customers/tags/"))
    client.post("/customers/tags/ready/")
    client.post("/customers/tags/ready/")
    assert sorted(Tag.objects.values_list("name", flat=True)) == sorted(
        ["普通客户", "忠诚客户", "优质客户", "淘客单", "晒图志愿者"]
    )
    assert "现成的标签" not in text(client.get("/customers/tags/"))


def test_somebody_is_left_alone_with_a_reason_and_let_go_with_one(demo: Demo) -> None:
    from laoke.customers import consent
    from laoke.customers.models import PersonTag
    from laoke.shops.models import AuditEvent

    [one] = contacts(demo, 1)
    client = demo.client()
    client.post("/customers/suppressed/add/", {"who": one.phone, "reason": ""})
    assert "都要写原因" in text(client.get("/customers/suppressed/"))
    client.post("/customers/suppressed/add/", {"who": one.phone, "reason": "太挑剔"})
    page = text(client.get("/customers/suppressed/"))
    assert "太挑剔" in page and "林夏" in page and "共 1 人" in page
    assert consent.refused(demo.shop.pk, "sms", [one.customer_id], demo.now.date()) == {
        one.customer_id: "tag"
    }
    row = PersonTag.objects.get()
    assert client.get("/customers/suppressed/", {"q": one.nick}).content.count(b"lift-") > 0
    assert demo.client(demo.service).post(f"/customers/suppressed/{row.pk}/lift/").status_code == 403
    assert demo.client(demo.service).post(
        f"/customers/{one.customer_id}/untag/", {"tag": row.tag.name, "reason": "x"}
    ).status_code == 403  # fmt: skip
    client.post(f"/customers/suppressed/{row.pk}/lift/", {"reason": " "})
    assert PersonTag.objects.exists()
    client.post(f"/customers/suppressed/{row.pk}/lift/", {"reason": "道过歉了"})
    assert not PersonTag.objects.exists() and AuditEvent.objects.filter(act="tag.lift").count() == 1
    assert "道过歉了" in text(client.get(f"/customers/{one.customer_id}/history/"))


def test_a_file_adds_people_each_with_their_reason(demo: Demo) -> None:
    from laoke.customers.models import PersonTag

    one, two = contacts(demo, 2)
    client = demo.client()
    lines = ("旺旺,原因", f"{one.nick},恶意退货", f"{two.nick},")
    client.post("/customers/suppressed/file/", {"file": a_list(*lines)})
    assert "有的行没写原因" in text(client.get("/customers/suppressed/")) and not PersonTag.objects.exists()
    page = text(client.post("/customers/suppressed/file/", {"file": a_list(*lines), "reason": "太挑剔"}))
    assert "2 人加进了名单" in page
    assert set(PersonTag.objects.values_list("person_id", "reason", "source")) == {
        (one.customer_id, "恶意退货", "file"), (two.customer_id, "太挑剔", "file"),
    }  # fmt: skip


def test_a_wangwang_id_finds_the_person_and_takes_their_wechat(demo: Demo) -> None:
    from laoke.customers import tags
    from laoke.customers.models import Identity, PersonTag

    [one] = contacts(demo, 1)
    tags.make_tag(demo.shop, "晒图志愿者", now=demo.now)
    client = demo.client(demo.service)
    assert "店里没有这个旺旺号" in text(client.post("/customers/lookup/", {"nick": "没有这个人"}))
    page = text(client.post("/customers/lookup/", {"nick": one.nick}))
    assert "累计净付" in page and "晒图志愿者" in page and one.phone not in page
    client.post(f"/customers/lookup/{one.customer_id}/", {"wecom": "wmAAA", "phone": "", "tag": "晒图志愿者"})
    assert Identity.objects.get(kind="wecom").customer_id == one.customer_id
    assert PersonTag.objects.get().tag.name == "晒图志愿者"
    client.post(f"/customers/lookup/{one.customer_id}/", {"phone": "123"})
    assert "手机号不对" in text(client.get(f"/customers/{one.customer_id}/"))


@pytest.mark.parametrize(
    "address", ["tags/file/", "tags/rule/", "tags/ready/", "suppressed/add/", "suppressed/file/"]
)
def test_an_analyst_looks_at_tags_and_changes_none(demo: Demo, address: str) -> None:
    client = demo.client(demo.analyst)
    assert client.get("/customers/tags/").status_code == 200
    assert client.get("/customers/suppressed/").status_code == 200
    assert client.post(f"/customers/{address}").status_code == 403
    assert client.get("/customers/lookup/").status_code == 403


def test_a_file_lifts_nobody_from_being_left_alone_without_a_reason(demo: Demo) -> None:
    from laoke.customers import tags
    from laoke.customers.models import PersonTag
    from tests.web_customers.test_people import consenting, contact_of

    person = consenting(demo)
    away = tags.make_tag(demo.shop, "恶意退货", now=demo.now, suppresses=True)
    tags.set_tag(away, [person], by=demo.owner, now=demo.now, reason="三次空包")
    given = {"name": away.name, "file": a_list("旺旺", contact_of(demo, person).nick), "off": "1"}
    page = text(demo.client().post("/customers/tags/file/", given, follow=True))
    assert "都要写原因" in page
    assert PersonTag.objects.filter(tag=away, person_id=person).exists()


def test_a_normal_tag_of_that_name_is_not_taken_for_one_that_keeps_messages_away(demo: Demo) -> None:
    from laoke.customers import tags
    from laoke.customers.models import PersonTag
    from tests.web_customers.test_people import consenting

    person = consenting(demo)
    tags.make_tag(demo.shop, "投诉", now=demo.now)
    given = {"new_tag": "投诉", "suppresses": "1", "reason": "骂客服"}
    page = text(demo.client().post(f"/customers/{person}/tag/", given, follow=True))
    assert "已经有同名的标签，它不拦消息" in page
    assert not PersonTag.objects.filter(person_id=person).exists()

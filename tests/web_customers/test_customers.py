"""The list of customers, one customer, and what is done with them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

if TYPE_CHECKING:
    from tests.people import Demo

pytestmark = pytest.mark.django_db


def text(response) -> str:
    return response.content.decode()


def first_person(demo: Demo) -> int:
    """The person on top of the list."""
    page = text(demo.client().get("/customers/"))
    found = re.search(r'data-href="/customers/(\d+)/"', page)
    assert found
    return int(found[1])


def test_the_list_shows_masked_people_and_their_figures(demo: Demo) -> None:
    response = demo.client().get("/customers/")
    page = text(response)
    assert response.status_code == 200
    assert page.count('name="ids"') == 50
    assert "**" in page and "最近付款" in page


def test_pages_follow_each_other_without_a_gap(demo: Demo) -> None:
    client = demo.client()
    seen: list[str] = []
    address = "/customers/"
    for _page in range(20):
        page = text(client.get(address))
        seen += re.findall(r'data-href="/customers/(\d+)/"', page)
        following = re.search(r'rel="next" href="([^"]+)"', page)
        if not following:
            break
        address = "/customers/" + following[1].replace("&amp;", "&")
    total = re.search(r"共 ([\d,]+) 人", page)
    assert total and len(seen) == len(set(seen)) == int(total[1].replace(",", ""))


def test_the_list_asks_the_ledger_a_bounded_number_of_times(demo: Demo) -> None:
    client = demo.client()
    client.get("/customers/")
    with CaptureQueriesContext(
        connection,
    ) as asked:
        client.get("/customers/")
    assert len(asked) <= 30


def test_conditions_are_the_address_and_show_as_chips(demo: Demo) -> None:
    page = text(demo.client().get("/customers/?group3=loyal&orders_from=3&days_to=400&year_from=100"))
    for words in ("忠诚", "≥ 3", "400 天内", "¥"):
        assert words in page


def test_nonsense_in_the_address_is_left_out(demo: Demo) -> None:
    response = demo.client().get(
        "/customers/?orders_from=abc&sort=evil&after=x_y&year_from=--&r_score=99999999999"
    )
    assert response.status_code == 200 and 'name="ids"' in text(response)


def test_nobody_found_says_what_to_do(demo: Demo) -> None:
    page = text(demo.client().get("/customers/?q=没有这个人"))
    assert "没有找到「没有这个人」" in page and "要写全" in page


def test_htmx_gets_the_rows_alone(demo: Demo) -> None:
    page = text(demo.client().get("/customers/?sort=-net", headers={"HX-Request": "true"}))
    assert "<html" not in page and 'name="ids"' in page


@pytest.mark.parametrize("sort", ["last", "-last", "first", "orders", "-net", "year", "refunded"])
def test_every_order_has_a_page(demo: Demo, sort: str) -> None:
    assert demo.client().get(f"/customers/?sort={sort}").status_code == 200


def test_a_whole_phone_leads_to_the_person_and_a_part_to_nobody(demo: Demo) -> None:
    from laoke.customers.models import VaultRecord
    from laoke.customers.vault import open_contact

    record = VaultRecord.objects.filter(phone_state="valid").order_by("pk")[0]
    contact = open_contact(record)
    client = demo.client()
    found = client.get("/customers/", {"q": contact.nick})
    assert found.status_code == 302 and found["location"].startswith("/customers/")
    assert "没有找到" in text(client.get("/customers/", {"q": contact.nick[:-1]}))
    assert client.get("/customers/", {"q": f"+86 {contact.phone}"}).status_code in (200, 302)


def test_an_order_number_leads_to_its_buyer(demo: Demo) -> None:
    from laoke.audiences.readings import reading_of

    reading = reading_of(demo.shop, demo.now.date())
    order = reading.reader.rows(
        "SELECT order_id, customer_id FROM orders WHERE customer_id IS NOT NULL ORDER BY order_id LIMIT 1"
    )[0]
    found = demo.client().get("/customers/", {"q": order["order_id"]})
    assert found.status_code == 302 and found["location"] == f"/customers/{order['customer_id']}/"


def test_columns_are_kept_for_one_colleague(demo: Demo) -> None:
    client = demo.client()
    client.post("/customers/columns/", {"column": ["net", "evil", "gap"]})
    page = text(client.get("/customers/"))
    assert "平均间隔" in page.split("<tbody")[0].split("<thead")[1]
    other = text(demo.client(demo.operator).get("/customers/"))
    assert "平均间隔" not in other.split("<tbody")[0].split("<thead")[1]


def test_a_tag_set_on_many_counts_at_once(demo: Demo) -> None:
    client = demo.client()
    ids = re.findall(r'name="ids" value="(\d+)"', text(client.get("/customers/")))[:3]
    client.post("/customers/tag/", {"ids": ids, "new_tag": "爱晒图"})
    assert "共 3 人" in text(client.get("/customers/", {"tag": "爱晒图"}))


def test_all_means_all_that_match(demo: Demo) -> None:
    from laoke.customers.models import PersonTag

    client = demo.client()
    page = text(client.get("/customers/?group3=loyal"))
    total = re.search(r"共 ([\d,]+) 人", page)
    assert total
    client.post("/customers/tag/", {"all": "1", "query": "group3=loyal", "new_tag": "老朋友"})
    assert PersonTag.objects.count() == int(total[1].replace(",", ""))


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"new_tag": "高颜值"}, "不能给人的长相"),
        ({"new_tag": ""}, "标签要有名字"),
        ({"new_tag": "很" * 31}, "最长 30 个字"),
        ({"new_tag": "别烦", "suppresses": "1"}, "要写原因"),
    ],
)
def test_a_bad_tag_is_refused_with_its_reason(demo: Demo, sent: dict[str, str], said: str) -> None:
    client = demo.client()
    person = first_person(demo)
    client.post("/customers/tag/", {"ids": [person], **sent})
    assert said in text(client.get("/customers/"))


def test_people_are_given_to_a_colleague_and_found_as_mine(demo: Demo) -> None:
    from laoke.shops.models import Staff

    client = demo.client()
    person = first_person(demo)
    staff = Staff.objects.get(user=demo.owner)
    client.post("/customers/assign/", {"ids": [person], "in_charge": staff.pk})
    page = text(client.get("/customers/?mine=1"))
    assert "共 1 人" in page and "林夏" in page


def test_one_customer_shows_figures_history_and_reach(demo: Demo) -> None:
    page = text(demo.client().get(f"/customers/{first_person(demo)}/"))
    for words in ("累计净付", "来往", "能不能联系到", "凭什么认得"):
        assert words in page


def test_the_keys_of_a_customer_come_after_the_page(demo: Demo) -> None:
    client, person = demo.client(), first_person(demo)
    address = f"/customers/{person}/keys/"
    assert f'hx-get="{address}"' in text(client.get(f"/customers/{person}/"))
    part = text(client.get(address))
    assert "旺旺昵称" in part and "<html" not in part
    assert client.get("/customers/1/keys/").status_code == 404


def test_showing_a_contact_is_one_audit_row(demo: Demo) -> None:
    from laoke.customers.profiles import records_of
    from laoke.customers.vault import open_contact
    from laoke.shops.models import AuditEvent

    person = first_person(demo)
    nick = open_contact(records_of(demo.shop, [person])[0]).nick
    client = demo.client()
    assert nick not in text(client.get(f"/customers/{person}/"))
    shown = client.post(f"/customers/{person}/contact/", {"field": "nick"})
    assert nick in text(shown)
    assert AuditEvent.objects.filter(act="contact.show").count() == 1
    assert client.post(f"/customers/{person}/contact/", {"field": "sealed"}).status_code == 400


def test_an_analyst_may_look_but_not_touch(demo: Demo) -> None:
    person = first_person(demo)
    client = demo.client(demo.analyst)
    page = text(client.get(f"/customers/{person}/"))
    assert "显示手机" not in page and "删除…" not in page
    for address in ("contact/", "tag/", "erase/", "card/", "refuse/"):
        assert client.post(f"/customers/{person}/{address}").status_code == 403
    assert client.post("/customers/tag/").status_code == 403


def test_a_stranger_is_sent_to_sign_in(demo: Demo, client) -> None:
    assert client.get("/customers/").status_code == 302


def test_a_person_of_nobody_is_not_found(demo: Demo) -> None:
    assert demo.client().get("/customers/12345/").status_code == 404


def test_a_refusal_is_written_down_and_shown(demo: Demo) -> None:
    client, person = demo.client(), first_person(demo)
    client.post(f"/customers/{person}/refuse/", {"channel": "sms"})
    page = text(client.get(f"/customers/{person}/"))
    assert "已退订" in page
    assert "拒绝短信用于所有目的" in text(client.get(f"/customers/{person}/history/"))
    assert client.post(f"/customers/{person}/refuse/", {"channel": "pigeon"}).status_code == 400


def test_importance_and_colleague_are_kept(demo: Demo) -> None:
    from laoke.shops.models import Staff

    client, person = demo.client(), first_person(demo)
    staff = Staff.objects.get(user=demo.operator)
    client.post(f"/customers/{person}/card/", {"importance": "4", "in_charge": staff.pk})
    page = text(client.get(f"/customers/{person}/"))
    assert "周禾负责" in page and "重要度 高" in page
    assert client.post(f"/customers/{person}/card/", {"importance": "9"}).status_code == 400


def test_hostile_nicks_and_tags_are_shown_as_text(demo: Demo) -> None:
    from laoke.customers.models import VaultRecord

    person = first_person(demo)
    VaultRecord.objects.filter(customer__person_id=person).update(nick_mask="<img src=x onerror=alert(1)>")
    client = demo.client()
    client.post(f"/customers/{person}/tag/", {"new_tag": "<b>=HYPERLINK()</b>"})
    for address in ("/customers/", f"/customers/{person}/"):
        page = text(client.get(address))
        assert "<img src=x" not in page and "<b>=HYPERLINK" not in page
        assert "&lt;img src=x" in page


def test_a_merge_is_proposed_accepted_and_taken_back_on_pages(demo: Demo) -> None:
    from laoke.customers import links
    from laoke.customers.models import ContactIndex, Customer, PersonLink, VaultRecord

    two = list(VaultRecord.objects.filter(phone_state="valid").order_by("pk")[:2])
    VaultRecord.objects.filter(pk=two[1].pk).update(phone_digest=two[0].phone_digest)
    ContactIndex.objects.create(digest=two[0].phone_digest, customer_id=two[1].customer_id, shop=demo.shop)
    links.propose(demo.shop, now=demo.now)
    link = PersonLink.objects.filter(first_customer_id=min(r.customer_id for r in two)).first()
    assert link
    client = demo.client()
    assert "用同一个电话" in text(client.get("/customers/links/"))
    assert "对可能是同一人" in text(client.get("/customers/"))
    client.post(f"/links/{link.pk}/accept/")
    persons = set(
        Customer.objects.filter(pk__in=[r.customer_id for r in two]).values_list("person_id", flat=True)
    )
    assert len(persons) == 1
    gone = max(r.customer_id for r in two)
    assert client.get(f"/customers/{gone}/")["location"] == f"/customers/{persons.pop()}/"
    client.post(f"/links/{link.pk}/undo/")
    assert client.get(f"/customers/{gone}/").status_code == 200
    assert client.post(f"/links/{link.pk}/marry/").status_code == 404


def test_erasing_shows_its_steps(demo: Demo) -> None:
    from laoke.customers import erasure

    person = first_person(demo)
    client = demo.client()
    assert "个人信息？" in text(client.get(f"/customers/{person}/"))
    stopped: list[list[int]] = []
    before = list(erasure._registered)
    erasure.register_messages(
        erasure.Messages(
            lambda ids, now: stopped.append(list(ids)) or 0, lambda ids: False, lambda ids, now: 0, len
        )
    )
    try:
        client.post(f"/customers/{person}/erase/")
    finally:
        erasure._registered[:] = before
    page = text(client.get(f"/customers/{person}/"))
    assert "正在删除这个人的个人信息" in page and "还没做" in page
    assert person in stopped[0]


def test_the_export_is_the_list_as_a_safe_workbook(demo: Demo, tmp_path) -> None:
    from python_calamine import load_workbook

    from laoke.customers.models import VaultRecord
    from laoke.shops.models import AuditEvent

    client = demo.client()
    person = first_person(demo)
    VaultRecord.objects.filter(customer__person_id=person).update(nick_mask="=HYPERLINK(1)")
    answer = client.get("/customers/export/?sort=-last&days_to=30")
    file = tmp_path / "export.xlsx"
    file.write_bytes(b"".join(answer.streaming_content))
    rows = load_workbook(str(file)).get_sheet_by_index(0).to_python()
    total = re.search(r"共 ([\d,]+) 人", text(client.get("/customers/?days_to=30")))
    assert total and len(rows) - 1 == int(total[1].replace(",", ""))
    assert rows[0][:2] == ["客户号", "客户"] and rows[1][0] == str(person) and rows[1][1] == "=HYPERLINK(1)"
    event = AuditEvent.objects.get(act="customers.export")
    assert event.count == len(rows) - 1 and len(event.detail["sha256"]) == 64
    assert demo.client(demo.service).get("/customers/export/").status_code == 403


def test_an_export_that_would_take_too_long_is_refused(demo: Demo, monkeypatch: pytest.MonkeyPatch) -> None:
    from laoke.web.pages.customers import export

    monkeypatch.setattr(export, "MOST_ROWS", 10)
    client = demo.client()
    assert client.get("/customers/export/").status_code == 302
    assert "一次最多导出 10 人" in text(client.get("/customers/"))

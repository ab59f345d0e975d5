"""The pages of after-sales: opened on the customer's page, sorted by what is due, with words for some eyes."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.people import Demo

pytestmark = pytest.mark.django_db
OPEN = {
    "kind": "delay", "order_id": "", "promised_by": "2026-11-10T09:00", "in_charge": "", "words": "三天没动静",
}  # fmt: skip


def text(response) -> str:
    return response.content.decode()


def somebody(n: int = 0) -> int:
    from laoke.customers.models import Customer

    return int(Customer.objects.order_by("pk").values_list("person_id", flat=True)[n])


def test_a_case_is_opened_moved_and_told_on_the_customers_line(demo: Demo) -> None:
    from laoke.service.models import ServiceCase

    person, client = somebody(), demo.client(demo.service)
    client.post(f"/service/person/{person}/open/", {**OPEN, "promised_by": "2026-11-09T09:00"})
    assert "答应的时间要在现在以后" in text(client.get(f"/customers/{person}/"))
    client.post(f"/service/person/{person}/open/", {**OPEN, "promised_by": "bald"})
    assert not ServiceCase.objects.exists()
    client.post(f"/service/person/{person}/open/", OPEN)
    case = ServiceCase.objects.get()
    page = text(client.get(f"/service/{case.pk}/"))
    assert "三天没动静" in page and "物流慢、丢件" in page and "在处理" in page
    told = {"promised_by": "2026-11-10T09:00", "in_charge": "", "words": ""}
    client.post(f"/service/{case.pk}/move/", {**told, "state": "solved"})
    assert "写上怎么回事或怎么解决的" in text(client.get(f"/service/{case.pk}/"))
    client.post(f"/service/{case.pk}/move/", {**told, "state": "solved", "words": "补发了"})
    line = text(client.get(f"/customers/{person}/history/?kind=case"))
    assert "开了售后（物流慢、丢件）" in line and "售后（物流慢、丢件）：解决了" in line
    assert "补发了" not in line
    parts = json.loads(
        zipfile.ZipFile(io.BytesIO(demo.client().post(f"/customers/{person}/hand-out/").content)).read(
            "person.json"
        )
    )["parts"]
    assert [(one["state"], one["words"]) for one in parts["cases"]] == [
        ("open", "三天没动静"), ("solved", "补发了"),
    ]  # fmt: skip


def test_the_list_has_what_is_due_first_and_says_what_is_late(demo: Demo) -> None:
    from laoke.service import cases
    from laoke.service.cases import Draft

    early = demo.now - timedelta(days=2)
    for n, (kind, hours) in enumerate((("quality", 72), ("review", 24), ("refund", 60))):
        draft = Draft(kind, early + timedelta(hours=hours), "说明")
        cases.open_case(demo.shop, somebody(n), draft, by=demo.owner, now=early)
    client = demo.client()
    page = text(client.get("/service/"))
    assert "1 件过了答应的时间" in page
    places = [page.index(kind) for kind in ("差评</a>", "退款</a>", "质量问题</a>")]
    assert places == sorted(places)
    assert "还没有办完的售后" in text(client.get("/service/?done=1"))
    assert client.get("/service/?export=xlsx")["Content-Type"].startswith("application/vnd")


def test_words_are_for_those_who_talk_with_buyers(demo: Demo) -> None:
    from laoke.service import cases
    from laoke.service.cases import Draft

    draft = Draft("other", demo.now + timedelta(days=1), "她的电话是 13800000001")
    case = cases.open_case(demo.shop, somebody(), draft, by=demo.owner, now=demo.now)
    analyst = demo.client(demo.analyst)
    page = text(analyst.get(f"/service/{case.pk}/"))
    assert "13800000001" not in page and "记下一步" not in page
    assert analyst.post(f"/service/{case.pk}/move/", {"state": "closed"}).status_code == 403
    assert analyst.post(f"/service/person/{somebody()}/open/", OPEN).status_code == 403
    assert "开一个售后" not in text(analyst.get(f"/customers/{somebody()}/"))
    assert demo.client().get("/service/999999/").status_code == 404

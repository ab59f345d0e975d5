"""Customers that are companies: contacts sealed, quotes and contracts with state and value."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.people import Demo

pytestmark = pytest.mark.django_db

DEAL = {
    "kind": "quote",
    "title": "春节礼盒 200 套",
    "value": "36000.50",
    "number": "Q-1",
    "until": "2026-11-01",
}


def text(response) -> str:
    return response.content.decode()


def company(demo: Demo) -> int:
    from laoke.customers.models import TradeCompany

    demo.client().post("/customers/trade/", {"name": "杭州某酒店"})
    return TradeCompany.objects.get().pk


def test_a_company_with_its_deals_adds_up(demo: Demo) -> None:
    from laoke.customers.models import TradeDeal
    from laoke.shops.models import AuditEvent

    client, pk = demo.client(), company(demo)
    client.post(f"/customers/trade/{pk}/deal/", DEAL)
    client.post(
        f"/customers/trade/{pk}/deal/", {**DEAL, "kind": "contract", "title": "年度供货", "value": "120000"}
    )
    quote, contract = TradeDeal.objects.order_by("pk")
    client.post(f"/customers/trade/deals/{contract.pk}/move/", {"state": "signed"})
    page = text(client.get(f"/customers/trade/{pk}/"))
    assert "36,000.50" in page and "120,000.00" in page and "已过期" in page and "已签" in page
    assert "36,000.50" in text(client.get("/customers/trade/"))
    client.post(f"/customers/trade/deals/{quote.pk}/move/", {"state": "accepted"})
    assert "现在不能改成这个状态" in text(client.get(f"/customers/trade/{pk}/"))
    client.post(f"/customers/trade/deals/{quote.pk}/move/", {"state": "sent"})
    quote.refresh_from_db()
    assert quote.state == "sent" and AuditEvent.objects.filter(act="trade.state").count() == 2


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"title": " "}, "写上内容"),
        ({"value": "-5"}, "大于零"),
        ({"value": "一万"}, "大于零"),
        ({"kind": "x"}, "状态"),
    ],
)
def test_a_deal_that_makes_no_sense_is_refused(demo: Demo, changed: dict[str, str], said: str) -> None:
    from laoke.customers.models import TradeDeal

    client, pk = demo.client(), company(demo)
    client.post(f"/customers/trade/{pk}/deal/", {**DEAL, **changed})
    assert said in text(client.get(f"/customers/trade/{pk}/")) and not TradeDeal.objects.exists()


def test_who_speaks_for_a_company_is_sealed_and_shown_with_an_audit_row(demo: Demo) -> None:
    from laoke.customers.models import TradeContact
    from laoke.shops.models import AuditEvent

    client, pk = demo.client(demo.service), company(demo)
    told = {"name": "欧阳经理", "phone": "0571-88886666", "email": "m@example.com", "role": "采购"}
    client.post(f"/customers/trade/{pk}/contact/", {**told, "phone": "", "email": ""})
    assert "至少写一样" in text(client.get(f"/customers/trade/{pk}/"))
    client.post(f"/customers/trade/{pk}/contact/", told)
    row = TradeContact.objects.get()
    page = text(client.get(f"/customers/trade/{pk}/"))
    assert "欧阳经理" not in page and "欧**" in page and "057188886666" not in page
    shown = text(client.post(f"/customers/trade/contacts/{row.pk}/show/"))
    assert "欧阳经理 · 057188886666 · m@example.com" in shown
    assert AuditEvent.objects.filter(act="contact.show").count() == 1
    assert client.post(f"/customers/trade/contacts/{row.pk}/remove/").status_code == 403
    assert client.post("/customers/trade/", {"name": "另一家"}).status_code == 403
    demo.client().post(f"/customers/trade/contacts/{row.pk}/remove/")
    assert not TradeContact.objects.exists()


def test_a_contact_who_buys_as_well_is_erased_with_the_person(demo: Demo) -> None:
    from laoke.customers import erasure
    from laoke.customers.models import TradeContact, VaultRecord
    from laoke.customers.vault import open_contact

    record = VaultRecord.objects.filter(phone_state="valid").order_by("pk")[0]
    client, pk = demo.client(), company(demo)
    client.post(f"/customers/trade/{pk}/contact/", {"name": "王经理", "phone": open_contact(record).phone})
    assert TradeContact.objects.get().person_id == record.customer_id
    erasure.request_erasure(demo.shop, record.customer_id, by=demo.owner, now=demo.now)
    erasure.delete_records(now=demo.now)
    assert not TradeContact.objects.exists()

"""One order as a page: found by its number, with every state that a file told, and the words of its reviews."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any

import pytest
from django.urls import reverse

if TYPE_CHECKING:
    from tests.people import Demo

pytestmark = pytest.mark.django_db


def text(response: Any) -> str:
    return html.unescape(response.content.decode())


def rows(demo: Demo, sql: str) -> list[dict[str, Any]]:
    from laoke.audiences.readings import reading_of

    found: list[dict[str, Any]] = reading_of(demo.shop).reader.rows(sql)
    return found


def reviewed(demo: Demo) -> dict[str, Any]:
    """A finished order with a review, a buyer and lines."""
    return rows(
        demo,
        "SELECT o.order_id, o.customer_id, o.paid_cents, r.rating"
        " FROM orders AS o JOIN reviews AS r ON r.order_id = o.order_id"
        " WHERE o.status = 'finished' AND o.customer_id IS NOT NULL ORDER BY o.order_id LIMIT 1",
    )[0]


def test_an_order_shows_its_state_money_goods_and_who_bought(demo: Demo) -> None:
    found = reviewed(demo)
    page = text(demo.client().get(reverse("order"), {"no": found["order_id"]}))

    for said in ("这一单的经过", "交易成功", "买了什么", "物流", "评价", f"{found['rating']} 星"):
        assert said in page
    assert f'href="/customers/{found["customer_id"]}/"' in page


def test_the_search_and_the_customer_lead_to_the_order(demo: Demo) -> None:
    found = reviewed(demo)
    address = f"/orders/?no={found['order_id']}"

    assert address in text(demo.client().get(reverse("palette"), {"q": found["order_id"]}))
    page = text(demo.client().get(f"/customers/{found['customer_id']}/history/?kind=review"))
    assert address in page
    assert f"评价 {found['rating']} 星" in page


def test_the_words_of_reviews_are_shown_only_when_asked_and_each_time_in_the_audit(demo: Demo) -> None:
    from laoke.customers.review_texts import words_of
    from laoke.shops.models import AuditEvent

    order = reviewed(demo)["order_id"]
    words = next(iter(words_of(demo.shop, [order]).values()))["review_text"]
    client = demo.client()
    assert words not in text(client.get(reverse("order"), {"no": order}))

    assert words in text(client.post(reverse("order_words"), {"no": order}))
    assert [event.subject for event in AuditEvent.objects.filter(act="review.show")] == [order]


def test_an_analyst_sees_the_order_and_not_the_words(demo: Demo) -> None:
    from laoke.shops.models import AuditEvent

    order = reviewed(demo)["order_id"]
    client = demo.client(demo.analyst)
    assert "看评价的文字" not in text(client.get(reverse("order"), {"no": order}))
    assert client.post(reverse("order_words"), {"no": order}).status_code == 403
    assert not AuditEvent.objects.filter(act="review.show").exists()


def test_a_number_that_is_not_there_says_what_to_do(demo: Demo) -> None:
    client = demo.client()
    missing = client.get(reverse("order"), {"no": "99 <b>&"})
    assert missing.status_code == 404
    assert "没有这个单号" in text(missing)
    assert "<b>&" not in missing.content.decode()
    assert "输入完整的订单号" in text(client.get(reverse("order")))
    assert client.post(reverse("order_words"), {"no": "99"}).status_code == 404


def test_an_order_of_another_shop_is_not_there(demo: Demo) -> None:
    from laoke.shops.models import Owner, Role, Shop

    order = reviewed(demo)["order_id"]
    foreign = Shop.objects.create(owner=Owner.objects.create(name="别家"), name="别家店", created_at=demo.now)
    demo.owner.staff.create(shop=foreign, role=Role.OWNER)
    client = demo.client()
    client.post(reverse("shop_switch"), {"shop": foreign.pk})

    assert order not in text(client.get(reverse("order")))
    assert "买了什么" not in text(client.get(reverse("order"), {"no": order}))
    assert client.post(reverse("order_words"), {"no": order}).status_code == 404

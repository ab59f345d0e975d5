"""Words of reviews lie in one place: those that lay beside the memos of orders are moved there, once."""

from __future__ import annotations

from datetime import datetime
from importlib import import_module

import pytest
from django.apps import apps

from laoke.customers import review_texts, vault
from laoke.customers.models import Customer, OrderText, ReviewText
from laoke.customers.sealing import seal
from laoke.shops.models import Owner, Shop

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 10, 31, 10)


@pytest.fixture
def shop() -> Shop:
    shop = Shop.objects.create(owner=Owner.objects.create(name="半亩棉"), name="旗舰店", created_at=NOW)
    Customer.objects.create(id=7001, owner=shop.owner, person_id=7001, created_at=NOW)
    return shop


def move() -> None:
    import_module("laoke.customers.migrations.0005_review_words_in_one_place").move(apps, None)


def test_words_beside_a_memo_are_moved_and_the_memo_stays(shop: Shop) -> None:
    told = {"seller_memo": "送礼袋", "review:600001": "手感软", "review:600002": "起球"}
    vault.store_order_texts(shop, [("A-1", 7001, told), ("A-2", None, {"review:600001": "一般"})])
    vault.store_order_texts(shop, [("A-3", 7001, {"buyer_message": "放前台"})])

    move()

    assert review_texts.words_of(shop, ["A-1", "A-2", "A-3"]) == {
        ("A-1", "600001"): {"review_text": "手感软"},
        ("A-1", "600002"): {"review_text": "起球"},
        ("A-2", "600001"): {"review_text": "一般"},
    }
    assert {row.order_id: vault.open_order_text(row) for row in OrderText.objects.all()} == {
        "A-1": {"seller_memo": "送礼袋"},
        "A-3": {"buyer_message": "放前台"},
    }
    assert set(ReviewText.objects.values_list("order_id", "customer_id")) == {("A-1", 7001), ("A-2", None)}


def test_moved_again_nothing_changes_and_newer_words_stay(shop: Shop) -> None:
    vault.store_order_texts(shop, [("A-1", 7001, {"review:600001": "手感软"})])
    move()
    review_texts.keep(shop, [review_texts.Words("A-1", "600001", 1, {"review_text": "洗后变硬"})])

    move()

    assert review_texts.words_of(shop, ["A-1"]) == {("A-1", "600001"): {"review_text": "洗后变硬"}}
    assert ReviewText.objects.get().customer_id == 7001


def test_a_row_that_does_not_open_stays_as_it_is(shop: Shop) -> None:
    sealed, key_id = seal({"review:600001": "手感软"}, "order|0|elsewhere|v1")
    row = OrderText.objects.create(shop=shop, order_id="A-1", customer_id=7001, sealed=sealed, key_id=key_id)

    move()

    row.refresh_from_db()
    assert (bytes(row.sealed), row.key_id) == (sealed, key_id)
    assert ReviewText.objects.count() == 0

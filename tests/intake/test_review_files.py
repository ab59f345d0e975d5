"""Files of reviews: stars and times as facts, the words in the vault, before or after their orders."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from laoke.customers import review_texts
from laoke.customers.models import Customer, ReviewText
from laoke.intake.loading import review_files
from laoke.shops.models import Shop
from tests.intake.facts import counts, stored, table, take
from tests.intake.seller_files import Row, write

pytestmark = pytest.mark.django_db(transaction=True)

ORDER = "1000000000000000001"
REVIEW = {
    "订单编号": ORDER, "商品ID": "600000000001", "评分": "好评", "评价时间": "2018-10-20 09:30:00",
    "评价内容": "很软，手机 13800000000 见 https://img.example/1.jpg", "描述相符": "5", "物流服务": "4", "晒图": "3",
}  # fmt: skip


def reviews(path: Path, *rows: dict[str, str]) -> Path:
    return table(path, "laoke_reviews", [{**REVIEW, **row} for row in rows])


def orders(path: Path) -> Path:
    return write(path, [Row(ORDER, nick="小林的店客")])


def test_a_review_is_a_fact_without_its_words(shop: Shop, tmp_path: Path) -> None:
    take(shop, orders(tmp_path / "orders.csv"))
    result = take(shop, reviews(tmp_path / "r.csv", {}))

    assert result["profile"] == "laoke_reviews"
    assert counts(result) == (1, 1, 0, 0, 0)
    assert result["waiting"] == 0
    assert stored("reviews") == [
        {
            "month": "2018-10", "order_id": ORDER, "product_id": "600000000001", "rating": 5, "score_description": 5,
            "score_service": None, "score_logistics": 4, "at": datetime(2018, 10, 20, 9, 30), "day": 17824,
            "has_photo": True, "topics": "",
        }
    ]  # fmt: skip


def test_the_words_are_sealed_for_their_writer_without_addresses_of_pictures(
    shop: Shop, tmp_path: Path
) -> None:
    take(shop, orders(tmp_path / "orders.csv"))
    take(shop, reviews(tmp_path / "r.csv", {"追评内容": "洗过也不掉色"}))

    words = {"review_text": "很软，手机 13800000000 见", "review_more": "洗过也不掉色"}
    assert review_texts.words_of(shop, [ORDER]) == {(ORDER, "600000000001"): words}
    row = ReviewText.objects.get()
    assert "很软".encode() not in bytes(row.sealed)
    assert row.customer_id == Customer.objects.get().pk


def test_reviews_before_and_after_their_orders_come_to_the_same(shop: Shop, tmp_path: Path) -> None:
    first = take(shop, reviews(tmp_path / "r.csv", {}))
    assert first["waiting"] == 1
    assert ReviewText.objects.get().customer_id is None

    take(shop, orders(tmp_path / "orders.csv"))
    assert ReviewText.objects.get().customer_id == Customer.objects.get().pk
    assert counts(take(shop, reviews(tmp_path / "r.csv", {}))) == (1, 0, 0, 1, 0)


def test_of_one_review_the_latest_counts_whatever_the_order_of_files(shop: Shop, tmp_path: Path) -> None:
    earlier = reviews(tmp_path / "a.csv", {"评分": "1", "评价内容": "掉色"})
    later = reviews(
        tmp_path / "b.csv", {"评分": "4", "评价时间": "2018-10-22 08:00:00", "评价内容": "换了就好"}
    )
    for path in (later, earlier):
        take(shop, path)

    assert [row["rating"] for row in stored("reviews")] == [4]
    assert review_texts.words_of(shop, [ORDER])[ORDER, "600000000001"] == {"review_text": "换了就好"}
    assert counts(take(shop, earlier)) == (1, 0, 0, 1, 0)


def test_in_one_file_the_latest_row_of_a_review_counts(shop: Shop, tmp_path: Path) -> None:
    later = {"评分": "2", "评价时间": "2018-10-25 08:00:00"}
    result = take(shop, reviews(tmp_path / "a.csv", later, {}))

    assert counts(result) == (2, 1, 0, 1, 0)
    assert [row["rating"] for row in stored("reviews")] == [2]


@pytest.mark.parametrize(
    ("said", "stars"),
    [("5星", 5), ("4.0", 4), ("五星", 5), ("中评", 3), ("差评", 1), ("2分", 2), ("GOOD", 5)],
)
def test_stars_are_told_by_figures_and_by_words(shop: Shop, tmp_path: Path, said: str, stars: int) -> None:
    take(shop, reviews(tmp_path / "a.csv", {"评分": said}))
    assert [row["rating"] for row in stored("reviews")] == [stars]


def test_reviews_that_cannot_be_read_are_put_aside_and_their_words_are_not_kept(
    shop: Shop, tmp_path: Path
) -> None:
    bad: list[dict[str, Any]] = [
        {"评分": "6"}, {"评分": ""}, {"评分": "4.5"}, {"服务态度": "不错"}, {"评价时间": ""}, {"订单编号": ""},
    ]  # fmt: skip
    result = take(shop, reviews(tmp_path / "a.csv", *bad))

    assert counts(result) == (6, 0, 0, 0, 6)
    assert result["reasons"] == {"word_unknown": 4, "time_missing": 1, "order_id_missing": 1}
    assert ReviewText.objects.count() == 0


def test_a_review_of_an_erased_buyer_is_kept_without_its_words(shop: Shop, tmp_path: Path) -> None:
    from laoke.customers.models import Erasure
    from laoke.shops.models import User

    take(shop, orders(tmp_path / "orders.csv"))
    buyer = Customer.objects.get()
    Erasure.objects.create(
        owner_id=shop.owner_id, shop=shop, person_id=buyer.person_id,
        requested_by=User.objects.create(username="boss"), requested_at=datetime(2018, 10, 30),
    )  # fmt: skip
    take(shop, reviews(tmp_path / "r.csv", {}))

    assert [row["rating"] for row in stored("reviews")] == [5]
    assert ReviewText.objects.count() == 0


def test_reviews_of_olist_are_of_the_order_as_a_whole(shop: Shop, tmp_path: Path) -> None:
    path = tmp_path / "olist.csv"
    path.write_text(
        "review_id,order_id,review_score,review_comment_title,review_comment_message,review_creation_date,"
        "review_answer_timestamp\n"
        "aa,o1,1,Não chegou,Péssimo,2018-08-15 00:00:00,2018-08-15 04:10:37\n"
        "bb,o2,5,,,2018-01-18 00:00:00,2018-01-18 19:12:30\n",
        "utf-8",
    )
    result = take(shop, path)

    assert result["profile"] == "olist_reviews"
    assert {(row["order_id"], row["product_id"], row["rating"]) for row in stored("reviews")} == {
        ("o1", "all", 1),
        ("o2", "all", 5),
    }
    assert review_texts.words_of(shop, ["o1", "o2"]) == {
        ("o1", "all"): {"review_title": "Não chegou", "review_text": "Péssimo"}
    }


def test_buyers_of_orders_are_not_looked_at_where_no_words_wait(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    take(shop, orders(tmp_path / "orders.csv"))
    take(shop, reviews(tmp_path / "r.csv", {}))
    read: list[str] = []
    real = review_files._read

    def note(parts: list[Path], columns: list[str]) -> Any:
        read.extend(columns)
        return real(parts, columns)

    monkeypatch.setattr(review_files, "_read", note)
    take(shop, write(tmp_path / "more.csv", [Row("1000000000000000002", nick="小林的店客")]))
    assert read == []

    take(shop, reviews(tmp_path / "later.csv", {"订单编号": "1000000000000000003"}))
    read.clear()
    take(shop, write(tmp_path / "most.csv", [Row("1000000000000000003", nick="小林的店客")]))

    assert read == ["order_id", "customer_id"]
    assert ReviewText.objects.filter(customer=None).count() == 0

"""What the text box offers: words with their meaning, the shop's own values, nothing of persons, and never for long."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.people import Demo

pytestmark = pytest.mark.django_db
URL = "/segments/suggest/"


def offered(demo: Demo, head: str) -> dict[str, Any]:
    """What is offered once the shop's values were read."""
    for _try in range(200):
        answer = demo.client().post(URL, {"head": head})
        assert answer.status_code == 200
        found: dict[str, Any] = answer.json()
        if not found["later"]:
            return found
        time.sleep(0.05)
    raise AssertionError("still being read")


def inserts(demo: Demo, head: str) -> list[str]:
    return [one["insert"] for one in offered(demo, head)["options"]]


def test_words_of_the_language_come_with_their_meaning(demo: Demo) -> None:
    assert offered(demo, "bought(2+) and exp") == {
        "word": "exp",
        "options": [
            {"insert": "expected_orders(", "label": "预计购买次数"},
            {"insert": "expected_spend(", "label": "预计消费"},
        ],
        "later": False,
    }
    assert inserts(demo, "bought ")[:3] == ["and ", "or ", "then "]
    assert inserts(demo, "cit") == ["city in (", "city_tier in ("]
    assert offered(demo, "group in (lo")["options"] == [{"insert": "loyal", "label": "忠诚"}]


def test_who_types_chinese_is_offered_chinese(demo: Demo) -> None:
    assert inserts(demo, "城") == ["城市 in (", "城市级别 in ("]
    assert inserts(demo, "bought and 标") == ["标签("]
    assert inserts(demo, "group in (忠") == ["忠诚"]
    assert inserts(demo, 'group in ("忠') == ['"忠诚"']


def test_a_finished_word_and_a_text_that_cannot_be_read_offer_nothing(demo: Demo) -> None:
    assert inserts(demo, "bought and everyone") == []
    assert inserts(demo, "bougt(2+) and ") == []
    assert inserts(demo, "bought(2+)") == []  # the joining words come after a blank
    assert inserts(demo, "a" * 20_000) == []


def test_values_are_those_of_the_shop_the_usual_first(demo: Demo) -> None:
    from laoke.audiences.segments import save_segment
    from laoke.customers.tags import make_tag

    for name in ("挑剔", "不挑", "晒单"):
        make_tag(demo.shop, name, now=demo.now)
    save_segment(demo.shop, "老朋友", "bought(2+)", by=demo.owner, now=demo.now)
    assert inserts(demo, 'tag("挑') == ['"挑剔"', '"不挑"']
    assert inserts(demo, "segment(") == ['"老朋友"']
    for head in ("city in (", "province in (", "bought_product(", "bought_category("):
        found = inserts(demo, head)
        assert found and all(one.startswith('"') for one in found) and len(found) <= 12
    city = inserts(demo, "city in (")[0]
    assert city in inserts(demo, f"city in ({city[:3]}")
    assert inserts(demo, 'city in ("没有这个城市') == []


def test_issues_and_lotteries_are_offered_once_their_quote_is_typed(demo: Demo) -> None:
    from laoke.promotions.rewards import lotteries
    from laoke.promotions.rewards.points_scheme import Terms, set_scheme
    from tests.promotions_rows.coupon_shop import CouponShop
    from tests.promotions_rows.lottery_shop import SEED, rules
    from tests.promotions_rows.points_shop import NOW as THEN
    from tests.promotions_rows.points_shop import RULE

    shop = demo.shop
    CouponShop.of(shop).issue()
    set_scheme(shop, Terms(**RULE), by=None, now=THEN)
    for name in ("双11 抽奖", "年货节刮刮卡"):
        draft = lotteries.save_draft(shop, rules(name=name), by=None, now=THEN)
        lotteries.publish(draft, by=None, now=THEN, random=lambda n: SEED[:n])
    lotteries.save_draft(shop, rules(name="没公布的"), by=None, now=THEN)

    assert inserts(demo, 'holds_coupon("') == ['"双11 券"']
    assert inserts(demo, 'won(2+, "') == ['"年货节刮刮卡"', '"双11 抽奖"']
    assert inserts(demo, 'drew("双') == ['"双11 抽奖"']
    assert inserts(demo, 'drew("2') == []
    assert inserts(demo, "drew(")[0] == "2+"
    assert inserts(demo, "中") == ["中奖"]


def test_another_shops_tags_are_not_offered(demo: Demo) -> None:
    from laoke.customers.tags import make_tag
    from laoke.shops.models import Shop

    other = Shop.objects.create(owner=demo.shop.owner, name="另一家", created_at=demo.now)
    make_tag(other, "别家的", now=demo.now)
    assert inserts(demo, 'tag("别家') == []


def test_only_who_may_look_at_segments_is_answered(demo: Demo) -> None:
    assert demo.client(demo.service).post(URL, {"head": ""}).status_code == 403
    assert demo.client(demo.analyst).post(URL, {"head": ""}).status_code == 200
    assert demo.client().get(URL).status_code == 405


def test_values_that_take_long_hold_nobody_up(demo: Demo, monkeypatch: pytest.MonkeyPatch) -> None:
    """The reading is kept from ending; the answer comes all the same and says that more will be there."""
    from laoke.audiences import known_values
    from laoke.audiences.readings import Reading

    may_end = threading.Event()

    def slow(reading: Reading, column: str) -> tuple[str, ...]:
        may_end.wait(60)
        return ("杭州",)

    known_values._kept.clear()
    monkeypatch.setattr(
        known_values, "SLOTS", {**known_values.SLOTS, "city": ("customer_features", "city", slow)}
    )
    assert demo.client().post(URL, {"head": "city in ("}).json() == {"word": "", "options": [], "later": True}
    assert inserts(demo, "bought ")[0] == "and "  # words are offered meanwhile
    may_end.set()
    assert inserts(demo, "city in (") == ['"杭州"']
    known_values._kept.clear()

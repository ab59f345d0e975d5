"""Coupons over the API: a basket is quoted, a coupon reserved, redeemed, rolled back; each refusal has its code."""

from __future__ import annotations

import json
import time
from dataclasses import fields
from datetime import timedelta
from typing import Any

import pytest
from django.http import HttpResponse

from laoke.customers.models import Identity
from laoke.promotions import engine
from laoke.promotions.coupons.codes import shown_code
from laoke.promotions.models import Coupon, CouponCall, CouponEvent
from laoke.promotions.offers import add_offer
from laoke.shops.models import ApiToken, AuditEvent, Shop
from laoke.shops.setup import add_shop
from laoke.shops.tokens import make_token
from laoke.web.pages.api.access import SCOPES
from laoke.web.pages.api.openapi import document
from tests.promotions_rows.coupon_shop import ANNA, BEN, NOW, CouponShop

pytestmark = pytest.mark.django_db

BASKET = {"lines": [{"line_id": "1", "product_id": "P1", "unit_price_cents": 12_000, "quantity": 2}]}
SMALL = {"lines": [{"line_id": "1", "product_id": "P1", "unit_price_cents": 12_000}]}


class Till:
    """The shop's own system with its token."""

    def __init__(self, client: Any, shop: Shop, scopes: tuple[str, ...] = SCOPES) -> None:
        self.token, self.text = make_token(shop, name="收银", scopes=scopes, days=30, by=None, now=NOW)
        self.client, self.key = client, 0

    def ask(self, act: str, key: str | None = None, raw: bytes | None = None, **body: Any) -> HttpResponse:
        self.key += 1
        headers = {
            "Authorization": f"Bearer {self.text}",
            "Idempotency-Key": f"k{self.key}" if key is None else key,
        }
        data = json.dumps(body).encode() if raw is None else raw
        return self.client.generic(  # type: ignore[no-any-return]
            "POST", f"/api/v1/coupons/{act}", data, content_type="application/json", headers=headers
        )

    def told(self, act: str, status: int = 200, **given: Any) -> dict[str, Any]:
        answer = self.ask(act, **given)
        assert answer.status_code == status, answer.content.decode()
        return json.loads(answer.content)  # type: ignore[no-any-return]


@pytest.fixture
def here(home: Any, db: None, monkeypatch: pytest.MonkeyPatch) -> CouponShop:
    monkeypatch.setenv("LAOKE_NOW", f"={NOW:%Y-%m-%d %H:%M}")
    return CouponShop.of(add_shop("书店", now=NOW))


@pytest.fixture
def till(here: CouponShop, client: Any) -> Till:
    return Till(client, here.shop)


def test_a_coupon_is_quoted_reserved_redeemed_and_rolled_back(here: CouponShop, till: Till) -> None:
    issue = here.issue(budget_cents=10_000)
    claimed = till.told("claim", issue=str(issue.pk), customer={"nick": "书友甲"})
    code, who = claimed["code"], {"customer_id": claimed["customer_id"]}
    assert (claimed["state"], claimed["valid_to"]) == ("claimed", "2026-11-20 00:00:00")
    assert Identity.objects.get().customer_id == int(claimed["customer_id"])

    quoted = till.told("quote", code=code, customer=who, basket=BASKET)
    assert (quoted["payable_cents"], quoted["discount_cents"]) == (22_000, 2_000)
    assert quoted["coupon"] | {"code": ""} == {
        "code": "", "state": "claimed", "usable": True, "discount_cents": 2_000, "refused": None,
    }  # fmt: skip
    assert "店铺券" in quoted["trace"][1]["message"]

    reserved = till.told("reserve", code=code, customer=who, order_id="S-1", basket=BASKET)
    assert reserved | {"code": "", "customer_id": ""} == {
        "code": "", "issue": str(issue.pk), "state": "reserved", "order_id": "S-1", "discount_cents": 2_000,
        "customer_id": "", "valid_to": "2026-11-20 00:00:00", "reserved_until": "2026-11-09 10:30:00",
        "payable_cents": 22_000,
    }  # fmt: skip
    assert till.told("redeem", code=code, order_id="S-1")["state"] == "redeemed"
    assert till.told("rollback", code=code, order_id="S-1")["state"] == "claimed"

    acts = ["coupon.claim", "coupon.reserve", "coupon.redeem", "coupon.roll_back"]
    rows = AuditEvent.objects.filter(act__in=acts).order_by("pk")
    assert [(row.act, row.detail["token"]) for row in rows] == [(act, till.token.prefix) for act in acts]
    kinds = CouponEvent.objects.order_by("pk").values_list("kind", "by")
    assert [kind for kind, _by in kinds] == ["issued", "claimed", "reserved", "redeemed", "rolled_back"]
    assert kinds[3][1] == f"api:{till.token.prefix}"


def test_a_quote_prices_with_the_running_offers_and_says_what_is_missing(
    here: CouponShop, till: Till
) -> None:
    off = {
        "name": "八折", "layer": "item", "mechanic": "percent_off", "terms": {"pay_bp": 8_000},
        "window": {"start": "2026-11-01T00:00:00", "end": "2026-12-01T00:00:00"},
    }  # fmt: skip
    add_offer(here.shop, off, by=None, now=NOW)
    [coupon] = here.codes(here.issue(), 1)

    bare = till.told("quote", basket=BASKET)
    assert (bare["payable_cents"], bare["coupon"]) == (19_200, None)
    assert bare["refused"][0]["message"] == "买家没有领这张券"

    short = till.told("quote", code=shown_code(coupon.code), basket=BASKET)
    assert short["coupon"]["refused"] == {
        "code": "coupon_not_used", "message": "这一单用不上这张券：满 199.00 可用，还差 7.00。",
    }  # fmt: skip
    assert Coupon.objects.get().state == "issued" and not CouponCall.objects.exists()


def category_offer(here: CouponShop) -> CouponShop:
    """A second coupon offer of the shop, in the other layer: 15 off from 100 on."""
    offer = {
        "name": "品类券 15", "layer": "category_coupon", "mechanic": "shop_coupon",
        "terms": {"threshold_cents": 10_000, "face_cents": 1_500},
        "window": {"start": "2026-11-01T00:00:00", "end": "2026-12-01T00:00:00"},
    }  # fmt: skip
    return CouponShop(here.shop, add_offer(here.shop, offer, by=None, now=NOW))


def test_the_best_of_what_a_customer_holds_is_found_and_the_others_say_why(
    here: CouponShop, till: Till
) -> None:
    other = category_offer(here)
    sooner = here.claimed(here.issue(valid_to=NOW + timedelta(days=2)))
    later, category = here.claimed(here.issue()), other.claimed(other.issue())
    poor, taken = other.claimed(other.issue(budget_cents=1)), here.claimed(here.issue())
    here.reserved(taken, order="A-9")
    here.claimed(here.issue(), customer=BEN)

    quoted = till.told("quote", held=True, customer={"customer_id": str(ANNA)}, basket=BASKET)
    assert (quoted["payable_cents"], quoted["coupon"]) == (20_500, None)
    told = {row["code"].replace("-", ""): row for row in quoted["coupons"]}
    assert set(told) == {one.code for one in (sooner, later, category, poor, taken)}
    assert {code for code, row in told.items() if row["used"]} == {sooner.code, category.code}
    assert told[sooner.code]["discount_cents"] == 2_000 and told[category.code]["discount_cents"] == 1_500
    assert told[later.code]["refused"] == {
        "code": "coupon_second", "message": "同一个优惠的券每单用一张，这一单用先到期的那张。",
    }  # fmt: skip
    assert told[poor.code]["refused"]["code"] == "coupon_second"
    assert told[taken.code]["refused"]["code"] == "reserved"
    assert Coupon.objects.filter(state="claimed").count() == 5 and not CouponCall.objects.exists()


def test_the_best_of_named_codes_says_what_each_other_one_would_cost(here: CouponShop, till: Till) -> None:
    offer = {
        "name": "满 100 减 30", "layer": "coupon", "mechanic": "shop_coupon",
        "terms": {"threshold_cents": 10_000, "face_cents": 3_000},
        "window": {"start": "2026-11-01T00:00:00", "end": "2026-12-01T00:00:00"},
    }  # fmt: skip
    better = CouponShop(here.shop, add_offer(here.shop, offer, by=None, now=NOW))
    [small], [large] = here.codes(here.issue(), 1), better.codes(better.issue(), 1, seed=2)
    quoted = till.told("quote", codes=[small.code, large.code, small.code], basket=BASKET)
    assert quoted["payable_cents"] == 21_000
    assert {row["code"].replace("-", ""): row["refused"] for row in quoted["coupons"]} == {
        large.code: None,
        small.code: {
            "code": "coupon_not_used", "message": "这一单用不上这张券：用它要比这样搭配多付 10.00。",
        },
    }  # fmt: skip


def test_coupons_of_one_order_are_reserved_for_what_they_take_beside_each_other(
    here: CouponShop, till: Till
) -> None:
    """The two of them would take 40.00 off a basket of 35.00: the second one takes what the first one leaves."""
    terms = {"layer": "category_coupon", "terms": {"threshold_cents": 0, "face_cents": 2_000}}
    window = {"start": "2026-11-01T00:00:00", "end": "2026-12-01T00:00:00"}
    offer = {"name": "品类券 20", "mechanic": "shop_coupon", "window": window} | terms
    other = CouponShop(here.shop, add_offer(here.shop, offer, by=None, now=NOW))
    plain = {"name": "无门槛 20", "mechanic": "shop_coupon", "window": window} | terms | {"layer": "coupon"}
    first_shop = CouponShop(here.shop, add_offer(here.shop, plain, by=None, now=NOW))
    first = first_shop.claimed(first_shop.issue(budget_cents=2_000))
    second = other.claimed(other.issue(budget_cents=2_000))
    given = {
        "customer": {"customer_id": str(ANNA)}, "order_id": "S-1",
        "basket": {"lines": [{"line_id": "1", "product_id": "P1", "unit_price_cents": 3_500}]},
    }  # fmt: skip

    kept = till.told("reserve", code=second.code, beside=[first.code], **given)
    assert (kept["discount_cents"], kept["payable_cents"]) == (1_500, 0)
    kept = till.told("reserve", code=first.code, beside=[second.code], **given)
    assert (kept["discount_cents"], kept["payable_cents"]) == (2_000, 0)
    assert till.told("redeem", code=second.code, order_id="S-1")["discount_cents"] == 1_500

    third = first_shop.claimed(first_shop.issue())
    refused = till.told("reserve", 422, code=third.code, beside=[first.code, second.code], **given)
    assert refused["code"] == "coupon_second"


def offer_of(here: CouponShop, name: str, face_cents: int, layer: str = "coupon") -> CouponShop:
    """One more coupon offer of the shop, without a threshold."""
    offer = {
        "name": name, "layer": layer, "mechanic": "shop_coupon",
        "terms": {"threshold_cents": 0, "face_cents": face_cents},
        "window": {"start": "2026-11-01T00:00:00", "end": "2026-12-01T00:00:00"},
    }  # fmt: skip
    return CouponShop(here.shop, add_offer(here.shop, offer, by=None, now=NOW))


ORDER = {"customer": {"customer_id": str(ANNA)}, "order_id": "S-1"}
POOR = {"lines": [{"line_id": "1", "product_id": "P1", "unit_price_cents": 3_500}]}


def test_a_second_coupon_of_a_layer_is_refused_whether_the_first_is_named_or_not(
    here: CouponShop, till: Till
) -> None:
    better = offer_of(here, "无门槛 30", 3_000)
    first, second = here.claimed(here.issue()), better.claimed(better.issue())
    till.told("reserve", code=first.code, basket=BASKET, **ORDER)

    for beside in ({}, {"beside": [first.code]}):
        refused = till.told("reserve", 422, code=second.code, basket=BASKET, **beside, **ORDER)
        assert (refused["code"], "同层只用一个" in refused["message"]) == ("coupon_not_used", True)
    till.told("redeem", code=first.code, order_id="S-1")
    assert till.told("reserve", 422, code=second.code, basket=BASKET, **ORDER)["code"] == "coupon_not_used"
    # of another order it may be the one
    assert till.told("reserve", code=second.code, basket=BASKET, **(ORDER | {"order_id": "S-2"}))


def test_a_coupon_that_ends_sooner_does_not_take_the_place_of_the_one_that_is_kept(
    here: CouponShop, till: Till
) -> None:
    kept = here.claimed(here.issue())
    sooner = here.claimed(here.issue(valid_to=NOW + timedelta(days=2)))
    till.told("reserve", code=kept.code, basket=BASKET, **ORDER)

    for beside in ({}, {"beside": [kept.code]}):
        refused = till.told("reserve", 422, code=sooner.code, basket=BASKET, **beside, **ORDER)
        assert refused["code"] == "coupon_second"
    assert till.told("reserve", 409, code=kept.code, basket=BASKET, **ORDER)["code"] == "reserved"


def test_planned_coupons_change_nothing_that_is_kept(here: CouponShop, till: Till) -> None:
    """What was kept for itself leaves 15.00 of 35.00: no plan gives the next one more, or the place of the first."""
    first_shop, better = offer_of(here, "无门槛 20", 2_000), offer_of(here, "无门槛 30", 3_000)
    other = offer_of(here, "品类券 20", 2_000, "category_coupon")
    first, planned = first_shop.claimed(first_shop.issue()), better.claimed(better.issue())
    category = other.claimed(other.issue(budget_cents=2_000))
    given = {"basket": POOR} | ORDER
    assert till.told("reserve", code=category.code, **given)["discount_cents"] == 2_000

    kept = till.told("reserve", code=first.code, **given)
    # The quote gives it 20.00 and the category coupon 15.00; that one has 20.00 already.
    assert (kept["discount_cents"], kept["payable_cents"]) == (1_500, 0)
    refused = till.told("reserve", 422, code=planned.code, beside=[first.code, category.code], **given)
    assert refused["code"] == "coupon_not_used"
    assert sum(Coupon.objects.filter(order_id="S-1").values_list("cents", flat=True)) == 3_500


def test_a_planned_coupon_does_not_take_the_place_of_one_that_is_kept(here: CouponShop, till: Till) -> None:
    better, other = offer_of(here, "无门槛 30", 3_000), category_offer(here)
    first, planned = here.claimed(here.issue()), better.claimed(better.issue())
    category = other.claimed(other.issue())
    till.told("reserve", code=first.code, basket=BASKET, **ORDER)

    kept = till.told("reserve", code=category.code, beside=[planned.code], basket=BASKET, **ORDER)

    assert (kept["discount_cents"], kept["payable_cents"]) == (1_500, 24_000 - 2_000 - 1_500)


def test_what_was_kept_and_ran_out_makes_room_again(
    here: CouponShop, till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    better = offer_of(here, "无门槛 30", 3_000)
    first, second = here.claimed(here.issue()), better.claimed(better.issue())
    till.told("reserve", code=first.code, basket=BASKET, **ORDER)
    assert till.told("reserve", 422, code=second.code, basket=BASKET, **ORDER)["code"] == "coupon_not_used"

    monkeypatch.setenv("LAOKE_NOW", "=2026-11-09 10:30")

    assert till.told("reserve", code=second.code, basket=BASKET, **ORDER)["discount_cents"] == 3_000


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"codes": "7KQ2"}, 400, "body_shape"),
        ({"codes": [], "code": "7KQ2"}, 400, "coupons_named_twice"),
        ({"codes": ["7KQ2MX9T4HRA"] * 101}, 422, "coupons_too_many"),
        ({"codes": ["nothing"]}, 404, "code_wrong"),
        ({"held": False}, 400, "body_shape"),
        ({"held": True}, 400, "field_missing"),
    ],
)
def test_what_cannot_be_compared_has_its_code(till: Till, body: Any, status: int, code: str) -> None:
    assert till.told("quote", status, basket=BASKET, **body)["code"] == code


def test_a_customer_whom_nobody_knows_holds_nothing(till: Till) -> None:
    quoted = till.told("quote", held=True, customer={"nick": "没见过"}, basket=BASKET)
    assert (quoted["payable_cents"], quoted["coupons"]) == (24_000, [])


def test_a_reservation_that_the_basket_does_not_earn_is_refused(here: CouponShop, till: Till) -> None:
    coupon = here.claimed(here.issue())
    given = {"code": coupon.code, "order_id": "S-1", "customer": {"customer_id": str(ANNA)}}

    refused = till.told("reserve", 422, basket=SMALL, **given)

    assert (refused["code"], Coupon.objects.get().state) == ("coupon_not_used", "claimed")
    over = here.claimed(here.issue(budget_cents=1_999))
    assert (
        till.told("reserve", 409, basket=BASKET, **(given | {"code": over.code}))["code"] == "budget_used_up"
    )


def test_the_same_request_is_done_once_and_the_key_with_another_body_is_refused(
    here: CouponShop, till: Till
) -> None:
    coupon = here.claimed(here.issue())
    body = {"code": coupon.code, "order_id": "S-1", "customer": {"customer_id": str(ANNA)}, "basket": BASKET}

    first, again = till.ask("reserve", key="a", **body), till.ask("reserve", key="a", **body)

    assert (first.content, first.status_code) == (again.content, again.status_code)
    assert ("Idempotent-Replay" in first, again["Idempotent-Replay"]) == (False, "true")
    other = till.told("reserve", 422, key="a", **(body | {"order_id": "S-2"}))
    assert (other["code"], "2026-11-09 10:00:00" in other["message"]) == ("key_used", True)
    # the same bytes for another act are another request
    assert till.told("redeem", 422, key="a", code=coupon.code, order_id="S-1")["code"] == "key_used"
    assert CouponEvent.objects.filter(kind="reserved").count() == 1


def test_a_refused_request_does_not_use_its_key_up(here: CouponShop, till: Till) -> None:
    coupon = here.claimed(here.issue())
    body = {"code": coupon.code, "order_id": "S-1"}
    assert till.told("redeem", 409, key="a", **body)["code"] == "not_reserved"
    here.reserved(coupon, order="S-1")

    assert till.told("redeem", key="a", **body)["state"] == "redeemed"


@pytest.mark.parametrize(
    ("act", "body", "status", "code"),
    [
        ("redeem", {"order_id": "S-1"}, 400, "field_missing"),
        ("redeem", {"code": "2222-2222-2222", "order_id": "S-1"}, 404, "coupon_unknown"),
        ("redeem", {"code": "2222-2222-2223", "order_id": "S-1"}, 404, "code_wrong"),
        ("redeem", {"code": 5, "order_id": "S-1"}, 400, "body_shape"),
        ("redeem", {"code": "2222-2222-2222", "order_id": "S 1"}, 404, "coupon_unknown"),
        ("redeem", {"code": "x", "order_id": "S-1", "price": 1}, 400, "field_unknown"),
        ("claim", {"issue": "9", "customer": {"nick": "甲"}}, 404, "issue_unknown"),
        ("claim", {"issue": "9"}, 400, "field_missing"),
        ("claim", {"issue": "9", "customer": {"customer_id": "5"}}, 404, "customer_unknown"),
        ("claim", {"issue": "9", "customer": {"phone": "13900000000"}}, 400, "field_unknown"),
        ("claim", {"issue": "9", "customer": {"nick": "甲**8"}}, 404, "customer_unknown"),
        ("quote", {"basket": {"lines": []}}, 422, "no_lines"),
        ("quote", {"basket": BASKET | {"buyer": {"held_coupons": ["offer-1"]}}}, 422, "told_by_ledger"),
        ("quote", {"basket": {"lines": [BASKET["lines"][0] | {"unit_price_cents": 1.5}]}}, 422, "not_a_whole_number"),
        ("spend", {}, 404, "not_found"),
    ],
)  # fmt: skip
def test_what_is_wrong_has_its_code(
    till: Till, act: str, body: dict[str, Any], status: int, code: str
) -> None:
    assert till.told(act, status, **body)["code"] == code
    assert not CouponCall.objects.exists()


def test_the_document_names_every_field_of_a_basket() -> None:
    schemas = document()["components"]["schemas"]
    basket = schemas["basket"]["properties"]

    assert set(basket) == {field.name for field in fields(engine.Basket)}
    # Which coupons somebody holds the ledger says.
    assert set(basket["buyer"]["properties"]) == {field.name for field in fields(engine.Buyer)} - {
        "held_coupons"
    }


def test_a_limit_per_person_holds_for_an_offer_that_is_no_coupon(here: CouponShop, till: Till) -> None:
    sale = add_offer(
        here.shop,
        {
            "name": "半价", "layer": "item", "mechanic": "percent_off", "terms": {"pay_bp": 5_000},
            "window": {"start": "2026-11-01T00:00:00", "end": "2026-12-01T00:00:00"}, "limits": {"per_person": 2},
        },
        by=None,
        now=NOW,
    )  # fmt: skip
    name, coupon = sale.terms["offer_id"], here.claimed(here.issue())
    who = {"customer_id": str(ANNA)}

    def quoted(used: int, **more: Any) -> dict[str, Any]:
        basket = BASKET | {"buyer": {"used": {name: used, "long over": 9}}}
        return till.told("quote", basket=basket, customer=who, **more)

    assert quoted(1)["payable_cents"] == 12_000
    over = quoted(2)
    assert (over["payable_cents"], over["refused"][0]["code"]) == (24_000, "limit_reached")
    assert (
        quoted(2, code=coupon.code)["payable_cents"]
        == quoted(2, codes=[coupon.code])["payable_cents"]
        == 22_000
    )
    counted = BASKET | {"buyer": {"used": {here.offer.terms["offer_id"]: 1}}}
    assert till.told("quote", 422, basket=counted)["code"] == "told_by_ledger"
    assert till.told("quote", 422, basket=counted, codes=[coupon.code])["code"] == "told_by_ledger"


def test_a_name_that_stands_twice_is_never_guessed(till: Till) -> None:
    assert (
        till.told("redeem", 400, raw=b'{"code": "a", "code": "b", "order_id": "S"}')["code"] == "name_twice"
    )
    assert till.told("redeem", 400, raw=b"[1]")["code"] == "body_shape"
    assert till.told("redeem", 400, raw=b"{")["code"] == "not_json"
    assert till.told("redeem", 400, key="", code="a", order_id="S")["code"] == "key_missing"


def test_each_scope_does_its_own_and_no_shop_sees_anothers_codes(here: CouponShop, client: Any) -> None:
    coupon = here.claimed(here.issue())
    body = {"code": coupon.code, "order_id": "S-1"}
    reader = Till(client, here.shop, ("coupons:quote",))
    assert reader.told("redeem", 403, **body)["code"] == "scope_missing"
    assert reader.told("quote", basket=BASKET)["payable_cents"] == 24_000
    stranger = Till(client, add_shop("别家", now=NOW))
    assert stranger.told("redeem", 404, **body)["code"] == "coupon_unknown"


def test_a_budget_that_a_lost_order_holds_is_quoted_again_when_its_time_is_over(
    here: CouponShop, till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    issue = here.issue(budget_cents=2_000)
    lost, wanted = here.claimed(issue), here.claimed(issue)
    here.reserved(lost)
    given = {"code": wanted.code, "customer": {"customer_id": str(ANNA)}, "basket": BASKET}
    assert till.told("quote", **given)["coupon"]["refused"]["code"] == "budget_used_up"

    monkeypatch.setenv("LAOKE_NOW", "=2026-11-09 10:30")

    assert till.told("quote", **given)["coupon"]["usable"]
    assert till.told("reserve", order_id="S-2", **given)["state"] == "reserved"


def test_a_checkout_may_ask_more_often_than_facts_are_sent(till: Till) -> None:
    minute = int(time.time()) // 60
    ApiToken.objects.filter(pk=till.token.pk).update(used=11_998, minute=minute)

    statuses = [till.ask("quote", basket=BASKET).status_code for _ in range(3)]

    if int(time.time()) // 60 == minute:
        assert statuses == [200, 200, 429]


def test_the_description_names_every_act_and_refusal() -> None:
    from laoke.web.pages.api.coupons import SCOPE_OF, STATUSES

    paths = document()["paths"]
    assert {f"/api/v1/coupons/{act}" for act in (*SCOPE_OF, "quote")} <= set(paths)
    for act in SCOPE_OF:
        answers = paths[f"/api/v1/coupons/{act}"]["post"]["responses"]
        assert {"200", "400", "401", "403", "404", "409", "422", "429"} <= set(answers)
    told = json.dumps(document())
    assert [code for code in STATUSES if code not in told] == []

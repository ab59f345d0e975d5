"""Who is in the segment of an offer, and whose word counts on a first order, in the shop's own checkout."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from laoke.customers.erasure import Traces
from laoke.customers.identities import join
from laoke.promotions import engine
from laoke.promotions.buyer_lists import (
    BOUGHT,
    forget_people,
    segment_key,
    segment_number,
    wanted_keys,
)
from laoke.promotions.coupons import pricing
from laoke.promotions.coupons.refusals import CouponRefused
from laoke.promotions.describing import audience_text, shop_page_text
from laoke.promotions.models import BuyerList, BuyerListMember, Offer
from laoke.promotions.offers import OfferRefused, add_offer, archive_offer, edit_offer, offer_value
from laoke.shops.models import Shop
from laoke.shops.setup import add_shop
from laoke.shops.tokens import make_token
from tests.promotions.doc_examples import sections, tables
from tests.promotions_rows.coupon_shop import ANNA, BEN, NOW, CouponShop

pytestmark = pytest.mark.django_db

OLD = segment_key(7)
LINE = engine.Line("1", "P1", 20_000)
NOBODY: int | None = None


def listed(shop: Shop, key: str, *people: int, **more: Any) -> BuyerList:
    """A list as the worker leaves it."""
    given = {"counted_at": NOW, "name": "半年未购", "count": len(people)} | more
    row = BuyerList.objects.create(shop=shop, key=key, **given)
    BuyerListMember.objects.bulk_create(BuyerListMember(of=row, person_id=person) for person in people)
    return row


def cut(shop: Shop, audience: str) -> Offer:
    """20 % off everything, for an audience."""
    given = {
        "name": "八折", "layer": "item", "mechanic": "percent_off", "terms": {"pay_bp": 8_000}, "audience": audience,
        "window": {"start": "2026-11-01T00:00:00", "end": "2026-12-01T00:00:00"},
    }  # fmt: skip
    return add_offer(shop, given, by=None, now=NOW)


def quoted(shop: Shop, customer: int | None, **buyer: Any) -> engine.Quote:
    basket = engine.Basket((LINE,), buyer=engine.Buyer(**buyer))
    return pricing.price(shop, basket, None, customer, NOW).quote


@pytest.fixture
def here(db: None, home: Any) -> CouponShop:
    return CouponShop.of(add_shop("书店", now=NOW))


@pytest.fixture
def shop(here: CouponShop) -> Shop:
    archive_offer(here.offer, by=None, now=NOW)
    return here.shop


@pytest.mark.parametrize("row", tables(sections()["E54"])[0])
def test_e54_a_buyer_is_in_the_segment_or_the_quote_says_why_not(shop: Shop, row: dict[str, str]) -> None:
    people = [ANNA] if row["in it"] == "yes" else [BEN]
    state: dict[str, Any] = {
        "counted": {},
        "not counted": {"counted_at": None},
        "broken": {"error": "segment_archived"},
    }
    listed(shop, OLD, *people, **state[row["list"]])
    cut(shop, OLD)
    found = quoted(shop, ANNA if row["customer"] == "Anna" else NOBODY)
    assert [one.code for one in found.refused] == ([row["refused"]] if row["refused"] else [])
    assert found.payable_cents == (20_000 if row["refused"] else 16_000)


def test_the_refusal_names_the_segment_and_when_it_was_counted(shop: Shop) -> None:
    listed(shop, OLD, BEN)
    cut(shop, OLD)
    [refusal] = quoted(shop, ANNA).refused
    assert engine.refusal_sentence(refusal) == "买家不在人群「半年未购」里（2026-11-09 10:00 数的）"
    english = "the buyer is not in the segment “半年未购” as counted at 2026-11-09 10:00"
    assert engine.refusal_sentence(refusal, "en") == english


@pytest.mark.parametrize("row", tables(sections()["E53"])[0])
def test_e53_an_earlier_order_overrules_the_checkout(shop: Shop, row: dict[str, str]) -> None:
    listed(shop, BOUGHT, *([ANNA] if row["paid orders"] != "0" else []))
    cut(shop, engine.FIRST_ORDER)
    customer = ANNA if row["customer"] == "Anna" else NOBODY
    found = quoted(shop, customer, first_order=row["checkout says"] == "first")
    assert found.payable_cents == (16_000 if row["counts as"] == "first" else 20_000)
    step = found.trace[0]
    assert (step.rule, step.code) == ("R39", row["trace"])
    assert sum(one.amount_cents for one in found.trace[:-1]) == found.payable_cents
    assert engine.step_sentence(step) and engine.step_sentence(step, "en")


def test_old_customers_have_their_offer_whatever_the_checkout_says(shop: Shop) -> None:
    listed(shop, BOUGHT, ANNA)
    cut(shop, engine.OLD_CUSTOMER)
    assert quoted(shop, ANNA, first_order=True).payable_cents == 16_000
    assert quoted(shop, BEN, first_order=True).payable_cents == 20_000


def test_offers_for_everybody_ask_nothing(shop: Shop, django_assert_num_queries: Any) -> None:
    cut(shop, "")
    with django_assert_num_queries(1):
        assert quoted(shop, ANNA).trace[0].rule != "R39"


def test_a_segment_costs_a_quote_four_look_ups(shop: Shop, django_assert_num_queries: Any) -> None:
    listed(shop, OLD, ANNA)
    cut(shop, OLD)
    with django_assert_num_queries(5):  # the offers; the lists, the person, its numbers, the entry
        assert quoted(shop, ANNA).payable_cents == 16_000


def test_a_merged_buyer_is_in_what_either_of_them_was_in(shop: Shop) -> None:
    listed(shop, OLD, BEN)
    cut(shop, OLD)
    join(shop, ANNA, BEN, reason="hand", now=NOW)
    assert quoted(shop, ANNA).payable_cents == quoted(shop, BEN).payable_cents == 16_000


def test_the_checkout_does_not_say_who_is_in_a_segment(shop: Shop) -> None:
    listed(shop, OLD)
    cut(shop, OLD)
    with pytest.raises(CouponRefused) as refused:
        quoted(shop, ANNA, groups=frozenset({OLD}))
    assert (refused.value.code, refused.value.params) == ("told_by_ledger", {"field": "basket.buyer.groups"})
    assert quoted(shop, ANNA, groups=frozenset({"gold"})).payable_cents == 20_000


def test_a_coupon_of_a_segment_is_refused_with_the_reason_in_the_quote_and_at_the_claim(
    here: CouponShop,
) -> None:
    listed(here.shop, OLD, BEN)
    terms = {**here.offer.terms, "audience": OLD}
    edit_offer(here.offer, terms, by=None, now=NOW)
    [coupon] = here.codes(here.issue(), 1)
    priced = pricing.price(here.shop, engine.Basket((LINE,)), coupon, ANNA, NOW)
    assert priced.refused is not None
    assert priced.refused.message == (
        "这一单用不上这张券：买家不在人群「半年未购」里（2026-11-09 10:00 数的）。"
    )
    best = pricing.price_best(here.shop, engine.Basket((LINE,)), [coupon], ANNA, NOW)
    assert (best.used, best.refused[coupon.pk].message) == ({}, priced.refused.message)
    assert pricing.price(here.shop, engine.Basket((LINE,)), coupon, BEN, NOW).discount_cents == 2_000

    pricing.check_claim(here.shop, here.offer, BEN)
    with pytest.raises(CouponRefused) as refused:
        pricing.check_claim(here.shop, here.offer, ANNA)
    assert (
        refused.value.message == "这位客户领不了这批券：买家不在人群「半年未购」里（2026-11-09 10:00 数的）。"
    )


def test_who_has_bought_cannot_claim_what_is_for_first_orders(here: CouponShop) -> None:
    listed(here.shop, BOUGHT, ANNA)
    edit_offer(here.offer, {**here.offer.terms, "audience": engine.FIRST_ORDER}, by=None, now=NOW)
    pricing.check_claim(here.shop, here.offer, BEN)
    with pytest.raises(CouponRefused) as refused:
        pricing.check_claim(here.shop, here.offer, ANNA)
    assert refused.value.message == "这位客户领不了这批券：买家在店里付过款，不是首单。"


def test_an_offer_is_for_a_segment_that_the_shop_has_a_list_of(shop: Shop) -> None:
    with pytest.raises(OfferRefused) as refused:
        cut(shop, OLD)
    assert (refused.value.field, refused.value.message) == ("offer.audience", "店里没有这个人群，重新选一个")
    other = add_shop("另一家", now=NOW)
    listed(other, OLD)
    with pytest.raises(OfferRefused):
        cut(shop, OLD)
    assert Offer.objects.filter(shop=shop).count() == 1


def test_lists_are_wanted_for_offers_that_are_not_over(shop: Shop) -> None:
    listed(shop, OLD)
    row = cut(shop, OLD)
    assert wanted_keys(shop, NOW) == {OLD}
    assert wanted_keys(shop, datetime(2026, 12, 1)) == set()
    archive_offer(row, by=None, now=NOW)
    assert wanted_keys(shop, NOW) == set()


def test_who_has_bought_is_listed_only_where_a_checkout_may_ask(shop: Shop) -> None:
    cut(shop, engine.OLD_CUSTOMER)
    assert wanted_keys(shop, NOW) == set()
    token, _text = make_token(shop, name="收银", scopes=("coupons:quote",), days=30, by=None, now=NOW)
    assert wanted_keys(shop, NOW) == {BOUGHT}
    type(token).objects.update(revoked_at=NOW)
    assert wanted_keys(shop, NOW) == set()


def test_an_erased_person_leaves_every_list(shop: Shop) -> None:
    listed(shop, OLD, ANNA, BEN)
    listed(shop, BOUGHT, ANNA)
    assert forget_people(shop, Traces((ANNA,), frozenset(), frozenset()), NOW) == 2
    assert list(BuyerListMember.objects.values_list("person_id", flat=True)) == [BEN]


def test_a_segment_is_named_wherever_the_offer_says_who_it_is_for(shop: Shop) -> None:
    assert (segment_number("segment:7"), segment_number("segment:x"), segment_number("gold")) == (
        7,
        None,
        None,
    )
    listed(shop, OLD)
    assert audience_text(OLD) == "人群“半年未购”"
    said = shop_page_text(offer_value(cut(shop, OLD)))
    assert "只给店铺选定的顾客" in said
    assert "半年未购" not in str(said), "buyers do not read what the shop calls them"

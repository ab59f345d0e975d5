"""Stored offers: what is refused is said in Chinese at its field, and nothing is written then."""

from datetime import datetime

import pytest

from laoke.promotions.engine import Layer, ShopCoupon
from laoke.promotions.models import Offer
from laoke.promotions.offers import (
    OfferRefused,
    add_offer,
    archive_offer,
    describe,
    edit_offer,
    offer_value,
    round_amount,
)
from laoke.shops.models import AuditEvent

WINDOW = {"start": "2026-11-11T00:00:00", "end": "2026-11-12T00:00:00"}


def coupon(**changes):
    terms = {"threshold_cents": 19_900, "face_cents": 2_000, **changes.pop("terms", {})}
    return {
        "name": "店铺券",
        "layer": "coupon",
        "mechanic": "shop_coupon",
        "terms": terms,
        "window": WINDOW,
    } | changes


def steps(*pairs, **terms):
    listed = [{"threshold_cents": threshold, "off_cents": off} for threshold, off in pairs]
    return {
        "name": "满减", "layer": "shop", "mechanic": "threshold_discount", "terms": {"steps": listed, **terms},
        "window": WINDOW,
    }  # fmt: skip


def test_an_offer_is_stored_whole_and_read_back(store):
    row = add_offer(store.shop, coupon(), by=store.owner, now=store.now)

    value = offer_value(row)
    assert (value.offer_id, value.layer) == (f"offer-{row.pk}", Layer.COUPON)
    assert value.mechanic == ShopCoupon(19_900, 2_000, must_hold=True)
    assert (row.mechanic, row.starts_at) == ("shop_coupon", datetime(2026, 11, 11))
    assert AuditEvent.objects.filter(act="offer.add", subject=str(row.pk)).exists()


@pytest.mark.parametrize(
    ("data", "field", "message"),
    [
        (coupon(terms={"face_cents": 20_000}), "offer.terms.face_cents", "面额比门槛还大"),
        (coupon(terms={"face_cents": 0}), "offer.terms.face_cents", "面额要在 0.01"),
        (coupon(layer="shop"), "offer.layer", "这种优惠不能放在「shop」层"),
        (coupon(name=" "), "offer.name", "名称不能为空"),
        (coupon(window={}), "offer.window", "写明从几时到几时"),
        (
            coupon(window={**WINDOW, "end": "2026-11-10T00:00:00"}),
            "offer.window.end",
            "结束时间要晚于开始时间",
        ),
        (coupon(color="red"), "offer.color", "不认识 color"),
        (steps(), "offer.terms.steps", "至少写一档满减"),
        (steps((10_000, 1_000), (20_000, 900)), "offer.terms.steps", "一档比一档高"),
        (steps((10_000, 1_000), cap_cents=500), "offer.terms.cap_cents", "只有每满减才有封顶"),
        ("not an offer", "offer", "要是一组键和值"),
    ],
)
def test_a_wrong_offer_is_refused_at_its_field(store, data, field, message):
    with pytest.raises(OfferRefused) as error:
        add_offer(store.shop, data, by=store.owner, now=store.now)

    assert error.value.field == field
    assert message in error.value.message
    assert not Offer.objects.exists()


def test_a_refused_edit_changes_nothing(store):
    row = add_offer(store.shop, coupon(), by=store.owner, now=store.now)

    with pytest.raises(OfferRefused):
        edit_offer(row, coupon(terms={"face_cents": -1}), by=store.owner, now=store.now)

    row.refresh_from_db()
    assert row.terms["terms"]["face_cents"] == 2_000


def test_an_edit_keeps_the_number_of_the_offer(store):
    row = add_offer(store.shop, coupon(), by=store.owner, now=store.now)

    edit_offer(row, coupon(terms={"face_cents": 3_000}), by=store.owner, now=store.now)

    assert offer_value(row).offer_id == f"offer-{row.pk}"
    assert describe(offer_value(row)) == "满 199 券减 30"


def test_an_archived_offer_stays_for_what_names_it(store):
    row = add_offer(store.shop, coupon(), by=store.owner, now=store.now)

    archive_offer(row, by=store.owner, now=store.now)

    assert Offer.objects.get(pk=row.pk).archived


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (steps((30_000, 4_000), repeating=True, cap_cents=12_000), "每满 300 减 40，封顶 120"),
        (steps((10_000, 1_000), (20_000, 2_550)), "满 100 减 10，满 200 减 25.50"),
        (coupon(terms={"threshold_cents": 0}), "无门槛券 20"),
        (coupon(layer="item", mechanic="percent_off", terms={"pay_bp": 8_500}), "8.5 折"),
    ],
)
def test_what_an_offer_says_of_itself(store, data, said):
    if data["mechanic"] == "percent_off":
        data["terms"] = {"pay_bp": 8_500}
    assert describe(offer_value(add_offer(store.shop, data, by=None, now=store.now))) == said


@pytest.mark.parametrize(
    ("cents", "rounded"), [(23_780, 24_000), (1_940, 1_900), (80, 100), (0, 100), (123_456, 120_000)]
)
def test_round_amounts(cents, rounded):
    assert round_amount(cents) == rounded

"""The mirror of coupons: what somebody has alone, a row for each thing that happened, nothing behind the ledger."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.conf import settings

from laoke.config.mirroring import mirror_shop, write_all_mirrors
from laoke.customers import erasure
from laoke.promotions import offers
from laoke.promotions.coupons import issues, moves
from laoke.promotions.coupons.mirroring import coupon_rows, laid_over
from laoke.promotions.facts import day_number
from laoke.shops import catalog
from laoke.shops.models import Dirty
from tests.campaigns.stores import Store, bought
from tests.promotions_rows.coupon_shop import ANNA, END, NOW, CouponShop, later

pytestmark = pytest.mark.django_db


@pytest.fixture
def here(store: Store) -> CouponShop:
    shop = CouponShop.of(store.shop)
    store.keyed |= {ANNA}
    store.sold(bought("1", ANNA, date(2026, 10, 1)))
    return shop


def stored(store: Store) -> list[dict[str, Any]]:
    entry = catalog.current()
    assert entry is not None
    rows = store.warehouse.reader(entry.versions).rows("SELECT * FROM coupon_events ORDER BY event_id")
    return list(rows)


def test_what_happened_to_a_held_coupon_is_mirrored_whole(here: CouponShop, store: Store) -> None:
    issue = here.issue()
    here.codes(issue, 3)
    coupon = here.claimed(issue)
    here.reserved(coupon)
    moves.redeem(coupon, order_id="A-1", now=later(5), by="t")

    assert write_all_mirrors(settings.PLACE, NOW)

    rows = stored(store)
    assert [(row["kind"], row["latest"], row["off_cents"]) for row in rows] == [
        ("issued", False, 0), ("claimed", False, 0), ("reserved", False, 2_000), ("redeemed", True, 2_000),
    ]  # fmt: skip
    assert {(row["customer_id"], row["issue"], row["coupon_id"]) for row in rows} == {
        (ANNA, "双11 券", coupon.pk)
    }
    assert {(row["from_day"], row["to_day"]) for row in rows} == {
        (day_number(NOW.date()), day_number(END.date()) - 1),
    }  # fmt: skip
    assert not Dirty.objects.filter(mirror="coupon_events").exists()
    assert not write_all_mirrors(settings.PLACE, NOW)


def test_a_coupon_that_changed_again_is_replaced_and_one_of_nobody_goes(
    here: CouponShop, store: Store
) -> None:
    coupon = here.claimed(here.issue())
    write_all_mirrors(settings.PLACE, NOW)
    here.reserved(coupon)
    moves.roll_back(coupon, order_id="A-1", now=later(1), by="t")
    write_all_mirrors(settings.PLACE, NOW)
    assert [row["kind"] for row in stored(store) if row["latest"]] == ["rolled_back"]
    assert len(stored(store)) == 4

    moves.forget_person(here.shop, erasure.Traces((ANNA,), frozenset(), frozenset()), later(2))
    write_all_mirrors(settings.PLACE, NOW)

    assert stored(store) == []


def test_a_stopped_issue_ends_the_day_before_for_whoever_holds_a_coupon_of_it(
    here: CouponShop, store: Store
) -> None:
    issue = here.issue()
    here.claimed(issue)
    write_all_mirrors(settings.PLACE, NOW)

    issues.stop_issue(issue, by=None, now=NOW)
    write_all_mirrors(settings.PLACE, NOW)

    assert {row["to_day"] for row in stored(store)} == {day_number(NOW.date()) - 1}


def test_an_offer_put_away_ends_the_day_before_for_whoever_holds_a_coupon_of_it(
    here: CouponShop, store: Store
) -> None:
    offer = here.offer
    here.claimed(here.issue())
    write_all_mirrors(settings.PLACE, NOW)

    offers.archive_offer(offer, by=None, now=NOW)
    write_all_mirrors(settings.PLACE, NOW)
    assert {row["to_day"] for row in stored(store)} == {day_number(NOW.date()) - 1}

    offers.archive_offer(offer, by=None, now=later(1), archived=False)
    write_all_mirrors(settings.PLACE, NOW)
    assert {row["to_day"] for row in stored(store)} == {day_number(END.date()) - 1}


def test_an_offer_that_ends_sooner_ends_the_coupons_that_people_hold(here: CouponShop, store: Store) -> None:
    issue = here.issue()
    here.claimed(issue)
    write_all_mirrors(settings.PLACE, NOW)

    sooner = later(60 * 24)
    window = {**issue.offer.terms["window"], "end": sooner.isoformat()}
    offers.edit_offer(issue.offer, {**issue.offer.terms, "window": window}, by=None, now=NOW)
    write_all_mirrors(settings.PLACE, NOW)

    last = day_number((sooner - timedelta(microseconds=1)).date())
    assert {row["to_day"] for row in stored(store)} == {last}


def test_what_is_not_written_yet_is_laid_over(here: CouponShop) -> None:
    coupon = here.claimed(here.issue())

    assert laid_over(here.shop, [coupon.pk]).rows.num_rows == 2


def test_the_whole_mirror_is_written_anew_after_a_restore(here: CouponShop, store: Store) -> None:
    here.claimed(here.issue())
    Dirty.objects.all().delete()

    mirror_shop(store.shop, settings.PLACE, NOW)

    assert len(stored(store)) == coupon_rows(here.shop).num_rows == 2

"""Coupons of one's own: what is done with them, what is refused and why, and that time alone lets go."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from laoke.customers import erasure
from laoke.customers.identities import join
from laoke.promotions.coupons import issues, moves
from laoke.promotions.coupons.codes import make_codes, shown_code
from laoke.promotions.coupons.pricing import price, price_best
from laoke.promotions.coupons.refusals import SENTENCES, CouponRefused
from laoke.promotions.engine import Basket, Line
from laoke.promotions.models import Coupon, CouponBatch, CouponEvent, CouponIssue
from laoke.promotions.offers import OfferRefused, archive_offer
from laoke.shops.models import AuditEvent, Dirty
from tests.campaigns.stores import Store
from tests.promotions_rows.coupon_shop import ANNA, BEN, END, FACE, NOW, CouponShop, in_order, later, told

pytestmark = pytest.mark.django_db


@pytest.fixture
def here(store: Store) -> CouponShop:
    return CouponShop.of(store.shop)


def refused(work: Callable[[], object]) -> CouponRefused:
    with pytest.raises(CouponRefused) as found:
        work()
    assert found.value.message
    return found.value


def test_a_coupon_goes_from_issue_to_use_and_every_step_is_in_the_ledger(here: CouponShop) -> None:
    issue = here.issue(budget_cents=10_000)
    coupon = here.claimed(issue)

    here.reserved(coupon)
    moves.redeem(coupon, order_id="A-1", now=later(5), by="t")

    assert told(coupon) == [
        ("issued", None, "", 0), ("claimed", ANNA, "", 0), ("reserved", ANNA, "A-1", 2_000),
        ("redeemed", ANNA, "A-1", 2_000),
    ]  # fmt: skip
    counts = issues.counts_of(issue)
    assert (counts["redeemed"], counts.taken_cents, counts.redeemed_cents) == (1, 2_000, 2_000)
    in_order(issue)


def test_a_thousand_codes_are_made_in_one_batch_each_with_its_event(here: CouponShop) -> None:
    issue = here.issue(total_limit=1_000)
    coupons = here.codes(issue, 1_000)

    assert len({coupon.code for coupon in coupons}) == 1_000
    assert CouponEvent.objects.filter(issue=issue, kind="issued").count() == 1_000
    assert {(coupon.state, coupon.valid_to, coupon.due_at) for coupon in coupons} == {("issued", END, END)}
    assert CouponBatch.objects.get().done_at == NOW
    assert refused(lambda: issues.order_codes(issue, 1, by=None, now=NOW)).params == {
        "most": 1_000,
        "left": 0,
    }


def test_a_code_that_the_shop_has_already_is_drawn_anew(here: CouponShop) -> None:
    first = here.codes(here.issue(), 10, seed=1)
    second = here.codes(here.issue(), 10, seed=1)

    assert len({coupon.code for coupon in first + second}) == 20


def test_a_making_that_was_cut_short_goes_on_and_makes_no_code_too_many(here: CouponShop) -> None:
    issue = here.issue(total_limit=30)
    batch = issues.order_codes(issue, 30, by=None, now=NOW)
    from laoke.promotions.coupons.rows import insert_codes

    insert_codes(issue, batch.pk, make_codes(12, random.Random(3).randbytes), NOW)

    assert issues.make_batch(batch, now=NOW) == 30
    assert Coupon.objects.filter(batch=batch).count() == 30


def test_a_batch_that_was_cancelled_gives_its_room_back(here: CouponShop) -> None:
    issue = here.issue(total_limit=30)
    batch = issues.order_codes(issue, 30, by=None, now=NOW)

    issues.cut_batch(batch, NOW)

    assert CouponIssue.objects.get(pk=issue.pk).made == 0
    assert len(here.codes(issue, 30)) == 30


@pytest.mark.parametrize(
    ("terms", "code"),
    [
        ({"name": " "}, "name_empty"), ({"total_limit": 0}, "total_wrong"),
        ({"per_person_limit": 0}, "per_person_wrong"),
        ({"budget_cents": 0}, "budget_wrong"), ({"days_after_claim": 0}, "days_wrong"),
        ({"valid_to": None}, "validity_missing"), ({"valid_to": NOW}, "validity_empty"),
    ],
)  # fmt: skip
def test_terms_that_promise_nothing_are_refused(here: CouponShop, terms: dict[str, Any], code: str) -> None:
    assert refused(lambda: here.issue(**terms)).code == code
    assert not CouponIssue.objects.exists()


def test_only_offers_that_people_must_hold_have_codes(here: CouponShop) -> None:
    here.offer.terms["terms"]["must_hold"] = False
    assert refused(lambda: here.issue()).code == "offer_not_coupon"
    here.offer.terms["terms"]["must_hold"] = True
    archive_offer(here.offer, by=None, now=NOW)
    assert refused(lambda: here.issue()).code == "offer_over"


def test_each_person_gets_no_more_than_the_limit_also_when_two_turn_out_to_be_one(here: CouponShop) -> None:
    issue = here.issue(per_person_limit=2)
    here.claimed(issue)
    here.claimed(issue, BEN)
    here.claimed(issue, BEN)
    assert refused(lambda: here.claimed(issue, BEN)).params == {"most": 2}

    join(here.shop, ANNA, BEN, reason="hand", now=NOW)

    assert refused(lambda: here.claimed(issue, ANNA)).code == "person_limit"


def test_the_offers_own_limit_of_uses_counts_over_all_issues(store: Store) -> None:
    here = CouponShop.of(store.shop, per_person=1)
    first, second = here.claimed(here.issue()), here.claimed(here.issue())
    here.reserved(first)

    assert refused(lambda: here.reserved(second, order="A-2")).code == "use_limit"
    here.reserved(second, order="A-2", now=later(30))


def test_the_budget_is_never_overrun_and_comes_back_with_what_is_rolled_back(here: CouponShop) -> None:
    issue = here.issue(budget_cents=5_000)
    first, second, third = (here.claimed(issue) for _ in range(3))
    here.reserved(first)
    here.reserved(second, order="A-2")
    found = refused(lambda: here.reserved(third, order="A-3"))
    assert found.params == {"left_cents": 1_000, "wanted_cents": 2_000}
    assert found.message == "预算只剩 10.00 元，这一单要减 20.00 元。"

    moves.redeem(first, order_id="A-1", now=NOW, by="t")
    moves.roll_back(first, order_id="A-1", now=NOW, by="t")
    here.reserved(third, order="A-3")

    in_order(issue)
    assert told(first)[-1] == ("rolled_back", ANNA, "A-1", 2_000)
    assert Coupon.objects.get(pk=first.pk).state == "claimed"


def test_a_reservation_ends_by_itself_whoever_comes_next(here: CouponShop) -> None:
    issue = here.issue(budget_cents=2_000)
    first, second = here.claimed(issue), here.claimed(issue, BEN)
    here.reserved(first)
    assert refused(lambda: here.reserved(second, BEN, "B-1", now=later(29))).code == "budget_used_up"

    here.reserved(second, BEN, "B-1", now=later(30))

    assert told(first)[-1] == ("rolled_back", ANNA, "A-1", 2_000)
    assert CouponEvent.objects.get(coupon=first, kind="rolled_back").by == "clock"
    assert refused(lambda: moves.redeem(first, order_id="A-1", now=later(31), by="t")).code == "not_reserved"
    in_order(issue)


def test_a_late_payment_is_told_that_the_reservation_is_over(here: CouponShop) -> None:
    coupon = here.claimed(here.issue())
    here.reserved(coupon)

    found = refused(lambda: moves.redeem(coupon, order_id="A-1", now=later(30), by="t"))

    assert found.message == "占用在 2026-11-09 10:30:00 到时，已放开。再占用一次。"
    here.reserved(coupon, now=later(30))
    moves.redeem(coupon, order_id="A-1", now=later(31), by="t")


def test_time_lets_go_of_reservations_and_ends_coupons(here: CouponShop) -> None:
    issue = here.issue(total_limit=10)
    held, waiting, used = here.claimed(issue), here.claimed(issue), here.claimed(issue)
    here.codes(issue, 2)
    here.reserved(held)
    here.reserved(used, order="A-2")
    moves.redeem(used, order_id="A-2", now=NOW, by="t")

    assert moves.expire_due(later(29)) == 0
    assert moves.expire_due(later(30)) == 1
    assert moves.expire_due(END) == 4
    assert moves.expire_due(END) == 0

    assert [Coupon.objects.get(pk=one.pk).state for one in (held, waiting, used)] == [
        "expired",
        "expired",
        "redeemed",
    ]
    assert told(waiting)[-1] == ("expired", ANNA, "", 0)
    in_order(issue)


def test_a_coupon_counts_its_days_from_the_claim(here: CouponShop) -> None:
    issue = here.issue(valid_to=None, days_after_claim=3)
    code = here.codes(issue, 1)[0]
    assert code.valid_to is None

    moves.claim_code(code, ANNA, now=later(60), by="t")

    assert Coupon.objects.get(pk=code.pk).valid_to == NOW + timedelta(days=3, hours=1)
    at = datetime(2026, 11, 12, 11, 0)
    assert refused(lambda: here.reserved(code, now=at)).code == "expired"
    here.reserved(code, now=at - timedelta(seconds=1))


def test_moves_out_of_turn_are_refused_in_words(here: CouponShop) -> None:
    issue = here.issue()
    coupon, other = here.claimed(issue), here.codes(issue, 1)[0]
    assert refused(lambda: moves.redeem(coupon, order_id="A-1", now=NOW, by="t")).code == "not_reserved"
    assert (
        refused(lambda: moves.roll_back(coupon, order_id="A-1", now=NOW, by="t")).code
        == "nothing_to_roll_back"
    )
    assert refused(lambda: moves.claim_code(coupon, BEN, now=NOW, by="t")).code == "not_claimable"
    assert refused(lambda: here.reserved(coupon, BEN)).code == "not_theirs"
    assert refused(lambda: here.reserved(coupon, None)).code == "customer_needed"

    here.reserved(coupon)
    assert refused(lambda: here.reserved(coupon, order="A-2")).message == (
        "这张券正被订单 A-1 占着，到 2026-11-09 10:30:00 为止。等它用掉、撤回或到时。"
    )
    assert refused(lambda: moves.redeem(coupon, order_id="A-2", now=NOW, by="t")).code == "other_order"
    assert refused(lambda: moves.block(coupon, actor=None, now=NOW)).code == "not_blockable"
    moves.redeem(coupon, order_id="A-1", now=NOW, by="t")
    assert refused(lambda: moves.redeem(coupon, order_id="A-1", now=NOW, by="t")).code == "redeemed"

    moves.block(other, actor=None, now=NOW)
    assert refused(lambda: here.reserved(other)).code == "blocked"
    assert AuditEvent.objects.filter(act="coupon.block", subject=str(other.pk)).exists()
    in_order(issue)


def test_a_code_of_nobody_is_used_by_its_bearer_or_becomes_a_customers(here: CouponShop) -> None:
    free, named = here.codes(here.issue(), 2)

    here.reserved(free, None)
    here.reserved(named, BEN, "B-1")

    assert told(free)[1:] == [("reserved", None, "A-1", 2_000)]
    assert told(named)[1:] == [("claimed", BEN, "", 0), ("reserved", BEN, "B-1", 2_000)]
    limited = here.codes(here.issue(per_person_limit=1), 1, seed=2)[0]
    assert refused(lambda: here.reserved(limited, None)).code == "customer_needed"


def test_a_stopped_issue_gives_nothing_out_and_lets_an_order_under_way_end(here: CouponShop) -> None:
    issue = here.issue()
    coupon, other = here.claimed(issue), here.claimed(issue)
    here.reserved(coupon)

    assert issues.stop_issue(issue, by=None, now=NOW)
    assert not issues.stop_issue(issue, by=None, now=NOW)

    assert refused(lambda: here.reserved(other, order="A-2")).code == "issue_stopped"
    assert refused(lambda: here.claimed(issue)).code == "issue_stopped"
    moves.redeem(coupon, order_id="A-1", now=later(1), by="t")


def test_a_coupon_is_found_by_its_code_as_typed_in_its_own_shop_alone(here: CouponShop, store: Store) -> None:
    coupon = here.claimed(here.issue())

    assert moves.find(here.shop, shown_code(coupon.code).lower()).pk == coupon.pk
    assert refused(lambda: moves.find(here.shop, "2222-2222-2223")).code == "code_wrong"
    assert refused(lambda: moves.find(here.shop, "2222-2222-2222")).code == "coupon_unknown"


def test_an_erased_person_is_in_no_coupon_and_in_no_event(here: CouponShop) -> None:
    issue = here.issue(budget_cents=4_000)
    used, held, ordered = (here.claimed(issue) for _ in range(3))
    here.reserved(used)
    moves.redeem(used, order_id="A-1", now=NOW, by="t")
    here.reserved(ordered, order="A-2")

    traces = erasure.Traces((ANNA,), frozenset(), frozenset())
    assert moves.forget_person(here.shop, traces, later(9)) == 3

    assert not Coupon.objects.filter(customer_id=ANNA).exists()
    assert not CouponEvent.objects.filter(customer_id=ANNA).exists()
    assert [Coupon.objects.get(pk=one.pk).state for one in (used, held, ordered)] == [
        "redeemed", "blocked", "blocked",
    ]  # fmt: skip
    assert CouponIssue.objects.get(pk=issue.pk).taken_cents == 2_000


def test_the_mirror_hears_of_coupons_that_somebody_has(here: CouponShop) -> None:
    issue = here.issue()
    here.codes(issue, 3)
    assert not Dirty.objects.filter(mirror="coupon_events").exists()

    coupon = here.claimed(issue)

    assert list(Dirty.objects.filter(mirror="coupon_events").values_list("key", flat=True)) == [
        str(coupon.pk)
    ]


def test_a_price_follows_the_terms_as_they_are_stored_and_refuses_those_that_cannot_be_read(
    here: CouponShop,
) -> None:
    coupon = here.claimed(here.issue())
    basket = Basket((Line("1", "coat", 30_000),))
    assert price(here.shop, basket, coupon, ANNA, NOW).discount_cents == FACE
    here.offer.terms["terms"]["face_cents"] = 3_000
    here.offer.save(update_fields=["terms"])
    assert price(here.shop, basket, coupon, ANNA, NOW).discount_cents == 3_000
    assert list(price_best(here.shop, basket, [coupon], ANNA, NOW).used.values()) == [3_000]
    here.offer.terms["terms"]["face_cents"] = 0
    here.offer.save(update_fields=["terms"])
    for work in (
        lambda: price(here.shop, basket, coupon, ANNA, NOW),
        lambda: price_best(here.shop, basket, [coupon], ANNA, NOW),
    ):
        with pytest.raises(OfferRefused):
            work()


def test_every_refusal_has_its_sentence() -> None:
    blanks = dict.fromkeys(
        ("left_cents", "wanted_cents", "most", "left", "kept", "found"), 0
    ) | dict.fromkeys(
        "order_id until state held at why name when field fields expected known lottery".split(), "x"
    )
    for code in SENTENCES:
        assert "%(" not in CouponRefused(code, **blanks).message

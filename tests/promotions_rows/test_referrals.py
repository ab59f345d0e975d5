"""Referrals in the ledger: one level, after the window, never for oneself or one's own household, once for each."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest

from laoke.customers import erasure
from laoke.customers.models import ContactIndex, Customer
from laoke.promotions.coupons.codes import shown_code
from laoke.promotions.facts import reader_at
from laoke.promotions.rewards import points, referrals
from laoke.promotions.rewards.models import PointsEvent
from laoke.promotions.rewards.points_scheme import Terms as PointsTerms
from laoke.promotions.rewards.points_scheme import set_scheme
from laoke.promotions.rewards.referral_models import Invitation, Referral, ReferralScheme, Share
from laoke.promotions.rewards.referrals import Terms
from laoke.promotions.rewards.refusals import REFERRAL, RewardRefused
from laoke.shops import catalog
from laoke.shops.models import AuditEvent, Shop
from laoke.shops.setup import add_shop
from tests.promotions_rows.points_shop import ANNA, BEN, NOW, RULE, PointsShop, after

if TYPE_CHECKING:
    from tests.campaigns.stores import Store
    from tests.people import Demo

pytestmark = pytest.mark.django_db

CHEN, DORA = 103, 104


def rule(**changes: Any) -> Terms:
    told = {"steps": ((1, 1_000), (3, 2_000)), "window_days": 15, "friend_points": 500, "least_cents": 5_000}
    return Terms(**told | changes)


@pytest.fixture
def shop(store: Store) -> Shop:
    PointsShop.of(store.shop, good_days=None)
    for number in (CHEN, DORA):
        Customer.objects.create(id=number, owner=store.shop.owner, person_id=number, created_at=NOW)
    referrals.set_scheme(store.shop, rule(), by=None, now=NOW)
    return store.shop


def refused(work: Callable[[], object]) -> RewardRefused:
    with pytest.raises(RewardRefused) as caught:
        work()
    return caught.value


def code_of(shop: Shop, customer: int = ANNA) -> str:
    return shown_code(
        referrals.invite(shop, customer, now=NOW, random=random.Random(customer).randbytes).code
    )


def came(shop: Shop, friend: int, referrer: int = ANNA) -> Referral:
    return referrals.accept(shop, code_of(shop, referrer), friend, now=NOW)


def paid(shop: Shop, friend: int, order: str, cents: int = 9_900, now: datetime = NOW) -> Referral | None:
    return referrals.paid(shop, friend, order_id=order, paid_cents=cents, now=now)


def usable(shop: Shop, customer: int) -> int:
    return points.balance_of(shop, [customer], after(999)).usable


def states() -> list[tuple[str, str]]:
    return list(Referral.objects.order_by("pk").values_list("state", "reason"))


def test_both_are_rewarded_when_the_friends_first_order_stands_after_the_window(shop: Shop) -> None:
    came(shop, BEN)
    counting = paid(shop, BEN, "B-1")
    assert counting is not None and counting.due_at == after(15)
    assert paid(shop, BEN, "B-2") is None

    assert referrals.reward_due(after(14.99)) == 0
    assert referrals.reward_due(after(15)) == 1
    assert referrals.reward_due(after(99)) == 0

    assert (usable(shop, ANNA), usable(shop, BEN)) == (1_000, 500)
    assert states() == [("rewarded", "")]
    assert list(PointsEvent.objects.values_list("kind", "lot__source").distinct()) == [("given", "referral")]


def test_only_the_one_who_invited_is_rewarded_and_nobody_above(shop: Shop) -> None:
    came(shop, BEN, ANNA)
    came(shop, CHEN, BEN)
    paid(shop, CHEN, "C-1")
    referrals.reward_due(after(15))

    assert (usable(shop, ANNA), usable(shop, BEN), usable(shop, CHEN)) == (0, 1_000, 500)


def test_the_reward_rises_with_the_number_of_friends(shop: Shop) -> None:
    for friend in (BEN, CHEN, DORA):
        came(shop, friend)
        paid(shop, friend, f"O-{friend}")
    referrals.reward_due(after(15))

    assert list(Referral.objects.order_by("pk").values_list("points", flat=True)) == [1_000, 1_000, 2_000]
    assert usable(shop, ANNA) == 4_000


def test_a_refunded_order_earns_nothing_and_the_next_one_may(shop: Shop) -> None:
    came(shop, BEN)
    paid(shop, BEN, "B-1")
    assert referrals.refunded(shop, order_id="B-1", now=after(3)) is not None
    assert referrals.refunded(shop, order_id="B-1", now=after(3)) is None
    assert referrals.reward_due(after(20)) == 0

    paid(shop, BEN, "B-2", now=after(20))
    assert referrals.refunded(shop, order_id="B-2", now=after(35)) is None
    assert referrals.reward_due(after(35)) == 1
    assert usable(shop, ANNA) == 1_000


def test_a_refunded_order_that_is_told_again_stays_refunded(shop: Shop) -> None:
    came(shop, BEN)
    paid(shop, BEN, "B-1")
    referrals.refunded(shop, order_id="B-1", now=after(3))

    assert paid(shop, BEN, "B-1", now=after(4)) is None
    assert referrals.reward_due(after(99)) == 0
    assert paid(shop, BEN, "B-2", now=after(99)) is not None


def test_a_refund_that_is_told_before_its_payment_counts(shop: Shop) -> None:
    came(shop, BEN)
    for _ in range(2):
        assert referrals.refunded(shop, order_id="B-1", now=NOW) is None

    assert paid(shop, BEN, "B-1") is None
    assert states() == [("waiting", "")]
    assert (usable(shop, ANNA), referrals.reward_due(after(99))) == (0, 0)


def test_a_small_order_is_not_the_first_one(shop: Shop) -> None:
    came(shop, BEN)

    assert paid(shop, BEN, "B-1", cents=4_999) is None
    assert paid(shop, BEN, "B-2", cents=5_000) is not None
    assert paid(shop, DORA, "D-1") is None


def test_nobody_invites_themselves_by_whichever_number(shop: Shop) -> None:
    assert refused(lambda: came(shop, ANNA)).code == "referral_same_person"
    Customer.objects.filter(pk=BEN).update(person_id=ANNA)
    assert refused(lambda: came(shop, BEN)).code == "referral_same_person"
    assert code_of(shop, BEN) == code_of(shop, ANNA)
    assert not Referral.objects.exists()


def share_a_phone(shop: Shop, *customers: int) -> None:
    for customer in customers:
        ContactIndex.objects.create(digest="one-phone", customer_id=customer, shop=shop)


def test_one_household_is_no_referral(shop: Shop) -> None:
    share_a_phone(shop, ANNA, BEN)

    assert refused(lambda: came(shop, BEN)).message == "你们用过同一个电话或邮箱，算一家人，不能互相邀请。"
    assert not Referral.objects.exists()


def test_what_becomes_known_within_the_window_counts_too(shop: Shop) -> None:
    for friend in (BEN, CHEN):
        came(shop, friend)
        paid(shop, friend, f"O-{friend}")
    share_a_phone(shop, ANNA, BEN)
    Customer.objects.filter(pk=CHEN).update(person_id=ANNA)

    assert referrals.reward_due(after(15)) == 2

    assert states() == [("void", "household"), ("void", "same_person")]
    assert not PointsEvent.objects.exists()


def test_two_friends_who_turn_out_to_be_one_are_rewarded_once(shop: Shop) -> None:
    for friend in (BEN, CHEN):
        came(shop, friend)
        paid(shop, friend, f"O-{friend}")
    Customer.objects.filter(pk=CHEN).update(person_id=BEN)

    referrals.reward_due(after(15))

    assert states() == [("rewarded", ""), ("void", "already")]
    assert usable(shop, ANNA) == 1_000


def test_a_friend_comes_once_and_is_new(shop: Shop) -> None:
    came(shop, BEN)
    assert refused(lambda: came(shop, BEN, CHEN)).code == "referral_already"
    points.earn(shop, DORA, order_id="D-1", paid_cents=100, now=NOW, by="t")
    assert refused(lambda: came(shop, DORA)).code == "referral_not_new"
    assert (
        refused(lambda: referrals.accept(shop, "2222-2222-2222", CHEN, now=NOW)).code == "invitation_unknown"
    )
    assert refused(lambda: referrals.accept(shop, "?", CHEN, now=NOW)).code == "invitation_unknown"


def test_who_bought_before_by_the_facts_is_no_new_friend(demo: Demo) -> None:
    entry = catalog.current()
    assert entry is not None
    rows = reader_at(entry).rows(
        "SELECT customer_id, bool_or(paid_at IS NOT NULL) AS paid FROM orders WHERE customer_id IS NOT NULL "
        f"AND shop_id = {demo.shop.pk} GROUP BY ALL ORDER BY ALL"
    )
    buyer = next(row["customer_id"] for row in rows if row["paid"])
    set_scheme(demo.shop, PointsTerms(**RULE), by=None, now=NOW)
    new, inviter = (
        Customer.objects.create(id=number, owner=demo.shop.owner, person_id=number, created_at=NOW)
        for number in (10**9, 10**9 + 1)
    )
    referrals.set_scheme(demo.shop, rule(), by=None, now=NOW)

    assert refused(lambda: came(demo.shop, buyer, inviter.pk)).code == "referral_not_new"
    assert came(demo.shop, new.pk, inviter.pk).state == "waiting"
    # by whichever of the person's numbers
    Customer.objects.filter(pk=new.pk).update(person_id=Customer.objects.get(pk=buyer).person_id)
    Referral.objects.all().delete()
    assert refused(lambda: came(demo.shop, new.pk, inviter.pk)).code == "referral_not_new"


def test_there_is_a_most_for_one_person(shop: Shop) -> None:
    referrals.set_scheme(shop, rule(most_rewards=1), by=None, now=NOW)
    for friend in (BEN, CHEN):
        came(shop, friend)
        paid(shop, friend, f"O-{friend}")

    referrals.reward_due(after(15))

    assert states() == [("rewarded", ""), ("void", "limit")]
    assert (usable(shop, ANNA), usable(shop, CHEN)) == (1_000, 0)


def test_who_has_come_is_rewarded_when_no_new_friends_are_taken(shop: Shop) -> None:
    came(shop, BEN)
    referrals.set_open(shop, False, by=None, now=NOW)
    referrals.set_open(shop, False, by=None, now=NOW)

    assert refused(lambda: referrals.invite(shop, CHEN, now=NOW)).code == "referral_stopped"
    paid(shop, BEN, "B-1")
    assert referrals.reward_due(after(15)) == 1
    assert AuditEvent.objects.filter(act="referral.stop").count() == 1


def test_new_likes_are_rewarded_once_and_up_to_the_days_limit(shop: Shop) -> None:
    assert refused(lambda: like(shop, "S-1", 5)).code == "likes_not_rewarded"
    referrals.set_scheme(shop, rule(like_points=2, most_likes_a_day=100), by=None, now=NOW)

    assert [like(shop, "S-1", likes) for likes in (30, 30, 20, 80)] == [60, 0, 0, 100]
    assert [like(shop, "S-2", likes) for likes in (15, 90)] == [30, 10]
    assert like(shop, "S-3", 1) == 0
    assert like(shop, "S-4", 7, now=after(1)) == 14
    # What is liked later counts for the day on which it was shared.
    assert like(shop, "S-1", 200, now=after(1)) == 0

    assert usable(shop, ANNA) == 214
    assert sum(Share.objects.values_list("rewarded", flat=True)) == 107
    assert refused(lambda: like(shop, "S-1", 99, BEN)).code == "share_of_another"


def like(shop: Shop, share: str, likes: int, customer: int = ANNA, now: datetime = NOW) -> int:
    return referrals.liked(shop, customer, share, likes, now=now, by="t")[1]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"steps": ()}, "referral_steps"),
        ({"steps": ((2, 100),)}, "referral_steps"),
        ({"steps": ((1, 100), (1, 200))}, "referral_steps"),
        ({"steps": ((1, 200), (3, 100))}, "referral_steps"),
        ({"steps": ((1, 0),)}, "points_wrong"),
        ({"friend_points": -1}, "points_wrong"),
        ({"window_days": 366}, "referral_window"),
        ({"least_cents": -1}, "referral_least"),
        ({"most_rewards": 0}, "referral_most"),
        ({"most_likes_a_day": -1}, "referral_likes"),
    ],
)
def test_a_rule_that_cannot_be_is_refused(shop: Shop, changes: dict[str, Any], code: str) -> None:
    assert refused(lambda: referrals.set_scheme(shop, rule(**changes), by=None, now=NOW)).code == code
    assert referrals.terms_of(ReferralScheme.objects.get()) == rule()


def test_rewards_need_points_to_be_given_in(shop: Shop) -> None:
    bare = add_shop("新店", now=NOW)
    assert refused(lambda: referrals.set_scheme(bare, rule(), by=None, now=NOW)).code == "no_points_scheme"
    assert refused(lambda: referrals.invite(bare, ANNA, now=NOW)).code == "no_referral_scheme"


def test_an_erased_person_is_named_by_no_referral(shop: Shop) -> None:
    referrals.set_scheme(shop, rule(like_points=1, most_likes_a_day=9), by=None, now=NOW)
    came(shop, BEN)
    came(shop, CHEN, BEN)
    paid(shop, CHEN, "C-1")
    like(shop, "S-1", 1, BEN)

    traces = erasure.Traces((BEN,), frozenset(), frozenset())
    assert referrals.forget_person(shop, traces, NOW) == 4

    assert states() == [("void", "erased"), ("void", "erased")]
    rows = Referral.objects.order_by("pk").values_list("referrer_id", "friend_id")
    assert list(rows) == [(ANNA, None), (None, CHEN)]
    assert not Invitation.objects.filter(customer_id=BEN).exists()
    assert not Share.objects.filter(customer_id=BEN).exists()
    assert referrals.reward_due(after(15)) == 0
    code = shown_code(Invitation.objects.get(customer_id=None).code)
    assert refused(lambda: referrals.accept(shop, code, DORA, now=NOW)).code == "invitation_unknown"


def test_every_refusal_has_its_sentence() -> None:
    for code in REFERRAL:
        assert "%(" not in RewardRefused(code, most=1).message

"""Points in the ledger: earned, used first in first out, taken back on refund, never below zero, ended, forgotten."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from laoke.customers import erasure
from laoke.customers.models import Customer
from laoke.promotions.rewards import points
from laoke.promotions.rewards.models import PointsEvent, PointsHold, PointsLot, PointsOwed, PointsScheme
from laoke.promotions.rewards.points_scheme import Terms, set_earning, set_scheme
from laoke.promotions.rewards.refusals import POINTS, RewardRefused
from laoke.shops.models import AuditEvent
from laoke.shops.setup import add_shop
from tests.promotions_rows.points_shop import ANNA, BEN, NOW, RULE, PointsShop, after, in_order, told

if TYPE_CHECKING:
    from tests.campaigns.stores import Store

pytestmark = pytest.mark.django_db


@pytest.fixture
def here(store: Store) -> PointsShop:
    return PointsShop.of(store.shop)


def refused(work: Callable[[], object]) -> RewardRefused:
    with pytest.raises(RewardRefused) as caught:
        work()
    return caught.value


def test_an_order_earns_once_and_its_points_pay_the_next(here: PointsShop) -> None:
    lot = here.earned(39_990, "A-1")
    assert (lot.points, lot.left, lot.good_until) == (399, 399, after(30))
    assert refused(lambda: here.earned(39_990, "A-1")).code == "order_earned"

    held = here.reserved(300, "A-2")
    assert (held.cents, held.due_at, here.usable()) == (300, after(minutes=30), 99)
    assert here.balance().reserved == 300
    assert points.redeem(here.shop, order_id="A-2", now=NOW, by="t").state == "redeemed"

    assert here.balance() == points.Balance(99, 0, 0, 0, after(30), 99)
    assert told() == [("earned", 399, "A-1"), ("used", -300, "A-2")]
    in_order(here.shop)


def test_what_ends_first_is_used_first(here: PointsShop) -> None:
    first = here.earned(20_000, "A-1")
    second = here.earned(20_000, "A-2", now=after(5))
    lasting = points.give(here.shop, ANNA, 200, source="gift", note="生日", now=after(6), by="t")
    PointsLot.objects.filter(pk=lasting.pk).update(good_until=None)

    here.redeemed(500, "A-3", now=after(7))

    left = dict(PointsLot.objects.values_list("pk", "left"))
    assert left == {first.pk: 0, second.pk: 0, lasting.pk: 100}
    in_order(here.shop)


def test_points_end_on_their_day_and_are_gone_with_or_without_a_worker(here: PointsShop) -> None:
    here.earned(20_000, "A-1")
    here.earned(10_000, "A-2", now=after(3))
    assert here.balance(now=after(29)).ending == 200

    assert here.usable(now=after(30)) == 100
    assert refused(lambda: here.reserved(200, now=after(30))).params == {"have": 100, "wanted": 200}

    assert points.end_due(after(30)) == 1
    assert points.end_due(after(30)) == 0
    assert told()[-1] == ("expired", -200, "A-1")
    assert here.usable(now=after(30)) == 100
    in_order(here.shop)


def test_points_wait_for_the_end_of_the_returns(store: Store) -> None:
    here = PointsShop.of(store.shop, wait_days=7)
    here.earned(20_000, "A-1")

    assert (here.balance().usable, here.balance().waiting) == (0, 200)
    assert refused(lambda: here.reserved(100)).code == "points_short"
    here.reserved(100, now=after(7))


def test_a_use_stays_within_step_share_day_and_balance(store: Store) -> None:
    here = PointsShop.of(store.shop, least_points=200, most_share_bp=5_000, most_a_day=500)
    here.earned(100_000, "A-1")

    assert refused(lambda: here.reserved(100)).params == {"least": 200}
    assert refused(lambda: here.reserved(250)).params == {"step": 100}
    assert refused(lambda: here.reserved(300, payable=500)).params == {"most": 200}
    here.redeemed(300, "A-2")
    assert refused(lambda: here.reserved(300, "A-3")).params == {"most": 500, "left": 200}
    assert refused(lambda: here.reserved(200, "A-2")).code == "order_has_points"
    assert refused(lambda: here.reserved(1_000, "A-4", now=after(1))).code == "points_short"
    here.reserved(300, "A-3", now=after(1))
    in_order(here.shop)


def test_an_order_that_is_off_gives_its_points_back_to_their_lots(here: PointsShop) -> None:
    lot = here.earned(30_000, "A-1")
    here.redeemed(200, "A-2")

    here.rolled_back("A-2", after(1))

    assert PointsLot.objects.get(pk=lot.pk).left == 300
    assert told()[1:] == [("used", -200, "A-2"), ("returned", 200, "A-2")]
    assert refused(lambda: here.rolled_back("A-2")).code == "no_points_used"
    here.reserved(100, "A-2")
    in_order(here.shop)


def test_a_reservation_that_is_lost_holds_the_points_for_half_an_hour(here: PointsShop) -> None:
    here.earned(20_000, "A-1")
    here.reserved(200, "A-2")

    assert refused(lambda: here.reserved(100, "A-3", now=after(minutes=29))).code == "points_short"
    assert here.usable(now=after(minutes=30)) == 200
    gone = refused(lambda: points.redeem(here.shop, order_id="A-2", now=after(minutes=30), by="t"))
    assert gone.code == "points_hold_over"
    here.reserved(100, "A-3", now=after(minutes=30))

    assert list(PointsHold.objects.order_by("pk").values_list("order_id", "state")) == [
        ("A-2", "rolled_back"), ("A-3", "reserved"),
    ]  # fmt: skip
    assert points.end_due(after(minutes=61)) == 1
    assert here.usable(now=after(minutes=61)) == 200
    in_order(here.shop)


def test_a_refund_takes_its_share_back_and_never_more_than_was_earned(here: PointsShop) -> None:
    here.earned(39_990, "A-1")

    assert here.refunded(10_000, "A-1").taken_back == 100
    assert here.refunded(29_990, "A-1").taken_back == 399

    assert here.usable() == 0
    assert refused(lambda: here.refunded(1, "A-1")).message == "退款加起来超过了这一单付的 399.90 元。"
    assert refused(lambda: here.refunded(1, "A-9")).code == "order_unknown"
    in_order(here.shop)


def test_a_refund_of_used_points_takes_others_and_what_is_missing_is_owed(here: PointsShop) -> None:
    here.earned(50_000, "A-1")
    here.redeemed(400, "A-2")
    here.earned(20_000, "A-3")

    here.refunded(50_000, "A-1")
    assert here.balance() == points.Balance(0, 0, 0, 200, None, 0)
    assert told()[3:] == [("taken_back", -100, "A-1"), ("taken_back", -200, "A-1")]

    here.earned(30_000, "A-4")
    assert (here.usable(), here.balance().owed) == (100, 0)
    assert told()[-2:] == [("earned", 300, "A-4"), ("settled", -200, "A-1")]
    in_order(here.shop)


def test_points_that_come_back_settle_what_is_owed_first(here: PointsShop) -> None:
    here.earned(30_000, "A-1")
    here.redeemed(300, "A-2")
    here.refunded(20_000, "A-1")
    assert here.balance().owed == 200

    here.rolled_back("A-2")

    assert here.balance() == points.Balance(100, 0, 0, 0, after(30), 100)
    in_order(here.shop)


def test_points_that_ended_unused_are_not_asked_back(here: PointsShop) -> None:
    here.earned(10_000, "A-1")
    here.redeemed(100, "A-2")
    here.earned(20_000, "A-3")
    here.redeemed(100, "A-4")
    points.end_due(after(30))

    here.refunded(20_000, "A-3", after(31))

    # A hundred of two were used, a hundred ended by themselves.
    assert here.balance(now=after(31)).owed == 100
    in_order(here.shop)


def test_a_joined_person_uses_the_points_of_all_their_numbers_and_a_split_takes_each_its_own(
    here: PointsShop,
) -> None:
    here.earned(10_000, "A-1", ANNA)
    here.earned(10_000, "B-1", BEN)
    assert refused(lambda: here.reserved(200)).code == "points_short"

    Customer.objects.filter(pk=BEN).update(person_id=ANNA)
    here.redeemed(200, "A-2")
    assert here.usable(ANNA, BEN) == 0

    Customer.objects.filter(pk=BEN).update(person_id=BEN)
    here.rolled_back("A-2")
    assert (here.usable(ANNA), here.usable(BEN)) == (100, 100)
    in_order(here.shop)


def test_points_of_one_shop_are_none_of_another(here: PointsShop) -> None:
    other = add_shop("分店", now=NOW, owner=here.shop.owner)
    set_scheme(other, Terms(**RULE), by=None, now=NOW)
    here.earned(10_000, "A-1")

    assert points.balance_of(other, [ANNA], NOW).usable == 0
    bare = add_shop("新店", now=NOW)
    missing = refused(lambda: points.earn(bare, ANNA, order_id="A-1", paid_cents=1, now=NOW, by="t"))
    assert missing.code == "no_points_scheme"


def test_what_was_promised_stays_usable_when_earning_is_stopped(here: PointsShop) -> None:
    here.earned(10_000, "A-1")
    set_earning(here.shop, False, by=None, now=NOW)
    set_earning(here.shop, False, by=None, now=NOW)

    assert refused(lambda: here.earned(10_000, "A-2")).code == "earning_stopped"
    here.redeemed(100, "A-2")
    assert AuditEvent.objects.filter(act="points.stop").count() == 1
    set_earning(here.shop, True, by=None, now=NOW)
    here.earned(10_000, "A-2")


def test_a_present_has_its_reason_and_its_audit_row(here: PointsShop, store: Store) -> None:
    blank = refused(lambda: points.present(here.shop, ANNA, 50, why=" ", actor=store.owner, now=NOW))
    assert blank.code == "reason_missing"
    assert not PointsLot.objects.exists()

    points.present(here.shop, ANNA, 50, why="发货晚了", actor=store.owner, now=NOW)

    assert PointsEvent.objects.get().note == "发货晚了"
    row = AuditEvent.objects.get(act="points.give")
    assert (row.subject, row.count, row.actor) == (str(ANNA), 50, store.owner)


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"earn_points": 0}, "earn_wrong"),
        ({"burn_cents": 0}, "burn_wrong"),
        ({"most_share_bp": 10_001}, "share_wrong"),
        ({"least_points": 150}, "least_wrong"),
        ({"most_a_day": 99}, "day_wrong"),
        ({"good_days": 0}, "good_days_wrong"),
        ({"wait_days": 30}, "wait_days_wrong"),
    ],
)
def test_a_rule_that_cannot_be_is_refused(here: PointsShop, wrong: dict[str, Any], code: str) -> None:
    assert refused(lambda: set_scheme(here.shop, Terms(**RULE | wrong), by=None, now=NOW)).code == code
    assert PointsScheme.objects.get().earn_points == 1


def test_a_new_rule_leaves_the_ends_of_old_points_and_refunds_by_the_old_one(here: PointsShop) -> None:
    here.earned(10_000, "A-1")
    set_scheme(here.shop, Terms(**RULE | {"earn_points": 2, "good_days": None}), by=None, now=NOW)
    here.earned(10_000, "A-2")

    assert list(PointsLot.objects.order_by("pk").values_list("points", "good_until")) == [
        (100, after(30)), (200, None),
    ]  # fmt: skip
    assert here.refunded(5_000, "A-1").taken_back == 50
    assert [
        row.detail["earn_points"] for row in AuditEvent.objects.filter(act="points.rule").order_by("pk")
    ] == [1, 2]


def test_an_erased_person_has_no_points_and_is_named_nowhere(here: PointsShop) -> None:
    here.earned(50_000, "A-1")
    here.redeemed(100, "A-2")
    here.reserved(100, "A-3")
    here.earned(10_000, "B-1", BEN)

    traces = erasure.Traces((ANNA,), frozenset(), frozenset())
    assert points.forget_person(here.shop, traces, after(1)) == 5
    assert points.forget_person(here.shop, traces, after(1)) == 0

    for model in (PointsLot, PointsHold, PointsOwed, PointsEvent):
        assert not model.objects.filter(customer_id=ANNA).exists()
    assert PointsLot.objects.get(order_id="A-1").left == 0
    assert here.usable(BEN) == 100
    # A refund that comes later finds nobody and does no harm.
    assert here.refunded(50_000, "A-1").taken_back == 500
    assert not PointsOwed.objects.exists()
    in_order(here.shop)


def test_every_refusal_has_its_sentence() -> None:
    blanks = dict.fromkeys(("paid_cents",), 0) | dict.fromkeys(
        "most step least left have wanted order_id until".split(), "x"
    )
    for code in POINTS:
        assert "%(" not in RewardRefused(code, **blanks).message

"""The mirrors of points, draws and referrals: what is somebody's alone, nothing behind the ledger, counted at once."""

from __future__ import annotations

import dataclasses
import random
from datetime import date, datetime
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings

from laoke.audiences import counting
from laoke.audiences.readings import reading_of
from laoke.audiences.references import unknown_lotteries
from laoke.audiences.text import parse
from laoke.config.mirroring import mirror_shop, write_all_mirrors
from laoke.customers import erasure
from laoke.customers.links import join_by_hand
from laoke.customers.models import Customer
from laoke.promotions.facts import day_number
from laoke.promotions.rewards import lottery_draws, points, points_scheme, referrals
from laoke.promotions.rewards.lotteries import lottery_names
from laoke.promotions.rewards.mirroring import DRAWS, MIRRORS, POINTS, REFERRALS
from laoke.promotions.rewards.referral_models import Referral
from laoke.promotions.rewards.referrals import Terms
from laoke.shops import catalog
from laoke.shops.models import Dirty
from tests.campaigns.stores import Store, bought
from tests.promotions_rows.lottery_shop import NOTEBOOK, LotteryShop
from tests.promotions_rows.points_shop import ANNA, BEN, NOW, RULE, PointsShop, after

pytestmark = pytest.mark.django_db

CHEN = 103
SURE = [dataclasses.replace(NOTEBOOK, odds_ppm=1_000_000)]
TODAY = day_number(NOW.date())


@pytest.fixture
def lottery_shop(store: Store) -> LotteryShop:
    """Anna, Ben and Chen have bought; the figures are of the day on which the tests stand."""
    shop = LotteryShop.of(store.shop)
    Customer.objects.create(id=CHEN, owner=store.shop.owner, person_id=CHEN, created_at=NOW)
    store.keyed |= {ANNA, BEN, CHEN}
    store.now = NOW
    store.sold(
        bought("1", ANNA, date(2026, 10, 1)),
        bought("2", BEN, date(2026, 10, 2)),
        bought("3", CHEN, date(2026, 10, 3)),
    )
    Dirty.objects.all().delete()
    return shop


@pytest.fixture
def here(lottery_shop: LotteryShop) -> PointsShop:
    return lottery_shop.points


def stored(store: Store, name: str) -> list[dict[str, Any]]:
    entry = catalog.current()
    assert entry is not None
    key = {"points_events": "event_id", "lottery_draws": "draw_id", "referrals": "referral_id, part"}[name]
    return list(store.warehouse.reader(entry.versions).rows(f"SELECT * FROM {name} ORDER BY {key}"))


def members(store: Store, text: str, now: datetime = NOW) -> list[int]:
    found = counting.members(store.shop, text, now.date())
    return list(found.column("person_id").to_pylist())


def gone(*people: int) -> erasure.Traces:
    return erasure.Traces(people, frozenset(), frozenset())


# Points


def test_every_move_of_points_is_mirrored_with_its_sign_and_the_days_of_its_lot(
    here: PointsShop, store: Store
) -> None:
    here.earned(20_000, "A-1")
    here.redeemed(100, "A-2", now=after(1))
    here.refunded(5_000, "A-1", now=after(2))
    points.give(here.shop, ANNA, 30, source=points.GIFT, note="生日", now=after(3), by="t")
    assert write_all_mirrors(settings.PLACE, after(3))

    rows = stored(store, "points_events")

    assert [(row["kind"], row["source"], row["points"], row["stands"]) for row in rows] == [
        ("earned", "order", 200, True), ("used", "order", -100, True), ("taken_back", "order", -50, True),
        ("given", "gift", 30, True),
    ]  # fmt: skip
    assert [row["day"] - TODAY for row in rows] == [0, 1, 2, 3]
    assert [(row["from_day"], row["to_day"] - TODAY) for row in rows] == [(None, 30)] * 3 + [(None, 33)]
    assert {row["customer_id"] for row in rows} == {ANNA}
    assert sum(row["points"] for row in rows) == here.usable(now=after(3)) == 80
    assert "生日" not in str(rows), "what a colleague wrote stays in the ledger"
    assert not Dirty.objects.filter(mirror="points_events").exists()
    assert not write_all_mirrors(settings.PLACE, after(3))


def test_points_that_wait_have_the_first_day_on_which_they_can_be_used_and_endless_ones_no_last(
    store: Store, here: PointsShop
) -> None:
    rule = {**RULE, "wait_days": 7, "good_days": None}
    points_scheme.set_scheme(here.shop, points_scheme.Terms(**rule), by=None, now=NOW)
    here.earned(10_000, "A-1")

    [row] = POINTS.rows(here.shop).to_pylist()

    assert (row["from_day"], row["to_day"]) == (TODAY + 7, None)
    assert members(store, "points_held") == [] and members(store, "points_earned(100)") == [ANNA]


def test_what_an_order_keeps_or_gives_back_was_not_used(here: PointsShop, store: Store) -> None:
    here.earned(100_000, "A-1")
    here.reserved(300, "A-2")
    assert members(store, "points_used") == [] and members(store, "points_held(700)") == [ANNA]

    points.redeem(here.shop, order_id="A-2", now=after(minutes=5), by="t")
    assert members(store, "points_used(300)") == [ANNA]

    here.rolled_back("A-2", after(minutes=6))
    assert members(store, "points_used") == [] and members(store, "points_held(1000)") == [ANNA]
    here.redeemed(200, "A-2", now=after(minutes=7))
    assert members(store, "points_used(200)") == [ANNA]
    kinds = [(row["kind"], row["points"], row["stands"]) for row in POINTS.rows(here.shop).to_pylist()]
    assert kinds[1:] == [("used", -300, False), ("returned", 300, True), ("used", -200, True)]


def test_points_that_paid_for_a_draw_stay_used_when_the_order_they_came_of_gives_others_back(
    lottery_shop: LotteryShop, store: Store
) -> None:
    here = lottery_shop.points
    here.earned(30_000, "A-1")
    here.redeemed(100, "A-1")
    lottery_shop.drawn(lottery_shop.open(cost_points=100, prizes=SURE))
    here.rolled_back("A-1", after(minutes=9))

    used = [row for row in POINTS.rows(here.shop).to_pylist() if row["kind"] == "used"]

    assert [(row["order_id"], row["stands"]) for row in used] == [("A-1", False), ("A-1", True)]
    assert members(store, "points_used(100)") == [ANNA]


def test_what_ends_is_asked_for_before_and_gone_after(here: PointsShop, store: Store) -> None:
    here.earned(20_000, "A-1")
    assert members(store, "points_ending(200, within 30d)") == [ANNA]
    assert members(store, "points_ending(within 29d)") == []

    points.end_due(after(31))
    assert members(store, "points_ending(within 90d)") == members(store, "points_held") == []
    assert write_all_mirrors(settings.PLACE, after(31))
    assert [row["kind"] for row in stored(store, "points_events")] == ["earned", "expired"]


def test_points_count_before_and_after_they_are_mirrored_alike(here: PointsShop, store: Store) -> None:
    here.earned(20_000, "A-1")
    here.earned(50_000, "B-1", BEN)
    assert members(store, "points_held(300+)") == [BEN]
    write_all_mirrors(settings.PLACE, NOW)
    assert members(store, "points_held(300+)") == [BEN]

    here.redeemed(300, "B-2", BEN)

    assert members(store, "points_held(200)") == [ANNA, BEN]
    assert counting.count(store.shop, "points_held(0)", NOW.date()).n == 1


def test_two_who_turn_out_to_be_one_hold_their_points_together(here: PointsShop, store: Store) -> None:
    here.earned(20_000, "A-1")
    here.earned(50_000, "B-1", BEN)
    join_by_hand(store.shop, ANNA, BEN, why="同一个人", by=store.owner, now=NOW)
    write_all_mirrors(settings.PLACE, NOW)

    assert members(store, "points_held(700)") == [ANNA]


def test_why_somebody_is_in_or_out_says_how_many_points(here: PointsShop, store: Store) -> None:
    here.earned(20_000, "A-1")

    told = counting.explain(store.shop, "points_held(100+) and brought", ANNA, NOW.date())

    assert told is not None and not told.held
    assert [(part.held, part.found_text) for part in told.parts] == [(True, "200"), (False, "0")]


# Draws


def test_a_draw_is_mirrored_with_what_it_won(lottery_shop: LotteryShop, store: Store) -> None:
    lottery = lottery_shop.open(prizes=SURE)
    lottery_shop.drawn(lottery)
    hopeless = lottery_shop.open(name="刮一刮", prizes=[dataclasses.replace(NOTEBOOK, odds_ppm=1)])
    lottery_shop.drawn(hopeless, customer=BEN)
    assert write_all_mirrors(settings.PLACE, NOW)

    rows = stored(store, "lottery_draws")

    assert [(row["customer_id"], row["lottery"], row["won"], row["prize"], row["state"]) for row in rows] == [
        (ANNA, "双11 抽奖", True, "手账本", "due"), (BEN, "刮一刮", False, "", "none"),
    ]  # fmt: skip
    assert {row["day"] for row in rows} == {TODAY}
    assert members(store, "drew") == [ANNA, BEN] and members(store, "won") == [ANNA]
    assert members(store, 'drew("刮一刮", within 7d)') == [BEN]

    [draw] = DRAWS.held(store.shop).filter(customer_id=ANNA)
    lottery_draws.settle(draw, note="寄了", actor=store.owner, now=after(1))
    write_all_mirrors(settings.PLACE, after(1))
    assert stored(store, "lottery_draws")[0]["state"] == "given"


def test_a_lottery_that_the_shop_never_published_is_told(lottery_shop: LotteryShop) -> None:
    lottery_shop.open(prizes=SURE)
    lottery_shop.draft(name="还没公布")

    assert lottery_names(lottery_shop.shop) == ["双11 抽奖"]
    asked = parse('drew("双11 抽奖") or not (won("还没公布") and drew("没有的"))')
    assert unknown_lotteries(lottery_shop.shop, asked) == ["没有的", "还没公布"]


# Referrals


@pytest.fixture
def brought(here: PointsShop) -> Referral:
    """Ben came by Anna's invitation, before he had bought; Chen has one of her own."""
    terms = Terms(((1, 1_000),), 15, friend_points=500, least_cents=5_000)
    referrals.set_scheme(here.shop, terms, by=None, now=NOW)
    invitation = referrals.invite(here.shop, ANNA, now=NOW, random=random.Random(1).randbytes)
    found = Referral.objects.create(
        shop=here.shop, invitation=invitation, referrer_id=ANNA, friend_id=BEN, state="waiting", at=NOW
    )
    Dirty.objects.all().delete()
    mirror_shop(here.shop, settings.PLACE, NOW)
    return found


def test_both_sides_of_a_referral_are_mirrored_and_neither_says_who_the_other_is(
    brought: Referral, store: Store
) -> None:
    rows = stored(store, "referrals")

    assert [(row["part"], row["customer_id"], row["state"]) for row in rows] == [
        ("friend", BEN, "waiting"), ("referrer", ANNA, "waiting"),
    ]  # fmt: skip
    assert members(store, "brought") == [ANNA] and members(store, "was_brought(within 7d)") == [BEN]
    assert members(store, "brought(2+)") == []


def test_how_far_a_referral_is_follows_the_ledger(brought: Referral, store: Store) -> None:
    def state() -> list[str]:
        assert write_all_mirrors(settings.PLACE, NOW)
        return sorted({row["state"] for row in stored(store, "referrals")})

    referrals.paid(store.shop, BEN, order_id="B-9", paid_cents=9_900, now=NOW)
    assert state() == ["counting"]
    referrals.refunded(store.shop, order_id="B-9", now=after(1))
    assert state() == ["waiting"]
    referrals.paid(store.shop, BEN, order_id="B-10", paid_cents=9_900, now=after(2))
    assert referrals.reward_due(after(30)) == 1
    assert state() == ["rewarded"]
    assert members(store, "points_earned(1000)", after(30)) == []  # the figures are of an earlier day
    assert members(store, "points_held(1000)", after(30)) == [ANNA]


def test_a_friend_who_came_is_counted_at_once(here: PointsShop, store: Store, brought: Referral) -> None:
    store.known([104])
    code = referrals.invite(here.shop, CHEN, now=NOW, random=random.Random(2).randbytes).code
    referrals.accept(here.shop, code, 104, now=NOW)

    assert members(store, "brought") == [ANNA, CHEN]


def test_a_referral_within_a_household_is_none(brought: Referral, store: Store) -> None:
    Referral.objects.filter(pk=brought.pk).update(state="void", reason="household")
    mirror_shop(store.shop, settings.PLACE, NOW)
    assert members(store, "brought or was_brought") == []

    Referral.objects.filter(pk=brought.pk).update(reason="limit")
    mirror_shop(store.shop, settings.PLACE, NOW)
    assert members(store, "brought or was_brought") == [ANNA, BEN]


# All three


def test_nothing_of_an_erased_person_stays_in_the_mirrors(
    lottery_shop: LotteryShop, store: Store, brought: Referral
) -> None:
    here = lottery_shop.points
    here.earned(20_000, "A-1")
    here.earned(30_000, "B-1", BEN)
    lottery_shop.drawn(lottery_shop.open(prizes=SURE))
    write_all_mirrors(settings.PLACE, NOW)
    assert [len(stored(store, name)) for name in MIRRORS] == [2, 1, 2]

    for forget in (referrals.forget_person, lottery_draws.forget_person, points.forget_person):
        forget(here.shop, gone(ANNA), after(1))
    write_all_mirrors(settings.PLACE, after(1))

    left = {name: [row["customer_id"] for row in stored(store, name)] for name in MIRRORS}
    assert left == {"points_events": [BEN], "lottery_draws": [], "referrals": [BEN]}
    assert members(store, "was_brought") == [BEN]


def test_the_whole_mirrors_are_written_anew_after_a_restore(
    lottery_shop: LotteryShop, store: Store, brought: Referral
) -> None:
    lottery_shop.points.earned(20_000, "A-1")
    lottery_shop.drawn(lottery_shop.open(prizes=SURE))
    Dirty.objects.all().delete()

    mirror_shop(store.shop, settings.PLACE, NOW)

    assert [len(stored(store, name)) for name in MIRRORS] == [1, 1, 2]
    assert [len(mirror.rows(store.shop)) for mirror in (POINTS, DRAWS, REFERRALS)] == [1, 1, 2]


def test_a_shop_that_never_had_any_gets_no_tables(store: Store, here: PointsShop) -> None:
    mirror_shop(store.shop, settings.PLACE, NOW)

    entry = catalog.current()
    assert entry is not None and not entry.versions.keys() & MIRRORS.keys()
    assert reading_of(store.shop, NOW.date()).people == 3
    assert members(store, "points_held or drew or brought") == []
    assert members(store, "points_held(0) and won(0)") == [ANNA, BEN, CHEN]


def test_what_was_there_before_the_mirrors_waits_for_them_like_new(
    lottery_shop: LotteryShop, store: Store, brought: Referral
) -> None:
    here = lottery_shop.points
    here.earned(20_000, "A-1")
    here.earned(30_000, "A-2")
    here.earned(30_000, "B-1", BEN)
    draw = lottery_shop.drawn(lottery_shop.open(prizes=SURE))
    points.forget_person(here.shop, gone(BEN), after(1))
    Dirty.objects.all().delete()

    import_module("laoke.promotions.migrations.0010_rewards_are_mirrored").mark_all(apps, None)

    assert list(Dirty.objects.order_by("mirror").values_list("mirror", "key", "shop_id")) == [
        ("lottery_draws", str(draw.pk), here.shop.pk), ("points_events", str(ANNA), here.shop.pk),
        ("referrals", str(brought.pk), here.shop.pk),
    ]  # fmt: skip

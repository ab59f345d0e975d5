"""Lotteries in the ledger: promised, drawn, handed over, ended, checked by anybody, and within the law."""

from __future__ import annotations

import dataclasses
import random
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from laoke.customers import erasure
from laoke.customers.models import Customer
from laoke.promotions.buyer_lists import BOUGHT
from laoke.promotions.coupons import issues, moves
from laoke.promotions.coupons.refusals import CouponRefused
from laoke.promotions.models import BuyerList, BuyerListMember, Coupon, Offer
from laoke.promotions.offers import OfferRefused, archive_offer, edit_offer
from laoke.promotions.rewards import fair_draws, lotteries, lottery_draws
from laoke.promotions.rewards.lotteries import Prize
from laoke.promotions.rewards.lottery_models import Lottery, LotteryDraw, LotteryPrize
from laoke.promotions.rewards.models import PointsScheme
from laoke.promotions.rewards.refusals import LOTTERY, RewardRefused
from laoke.shops.models import AuditEvent
from tests.promotions_rows.coupon_shop import CouponShop
from tests.promotions_rows.lottery_shop import (
    END,
    NOTEBOOK,
    POINTS,
    SEED,
    LotteryShop,
    in_order,
    later,
    rules,
)
from tests.promotions_rows.points_shop import ANNA, BEN, NOW

if TYPE_CHECKING:
    from tests.campaigns.stores import Store

pytestmark = pytest.mark.django_db


@pytest.fixture
def here(store: Store) -> LotteryShop:
    return LotteryShop.of(store.shop)


def refused(work: Callable[[], object]) -> RewardRefused:
    with pytest.raises(RewardRefused) as caught:
        work()
    return caught.value


def coupon_prize(here: LotteryShop, store: Store, stock: int = 2, **terms: Any) -> Prize:
    Customer.objects.all().delete()
    issue = CouponShop.of(here.shop).issue(**{"valid_to": END} | terms)
    return Prize("满 199 减 20", "coupon", stock, odds_ppm=1_000_000, issue=issue)


def test_a_seed_is_bound_before_the_first_draw_and_lies_sealed_until_the_end(here: LotteryShop) -> None:
    lottery = here.open()

    assert lottery.commitment == fair_draws.commitment(SEED.hex(), lottery.terms)
    assert lottery.seed == "" and SEED.hex().encode() not in bytes(lottery.sealed)
    assert lottery.terms["prizes"][0] == {
        "title": "手账本", "kind": "goods", "value_cents": 3_900, "odds_ppm": 100_000, "stock": 5, "points": 0,
    }  # fmt: skip
    assert AuditEvent.objects.get(act="lottery.publish").detail["sha256"] == lottery.commitment


def test_every_draw_is_what_the_published_seed_makes_it(here: LotteryShop) -> None:
    lottery = here.open()
    for number in range(60):
        here.drawn(lottery, f"我的话 {number}", (ANNA, BEN)[number % 2])
    in_order(lottery)

    over = lotteries.end(lottery, by=None, now=END)

    told = lotteries.published(over)
    assert fair_draws.verify(told) == fair_draws.Verdict(60, True, ())
    assert "customer" not in str(told)
    won = Counter(draw["prize"] for draw in told["draws"])
    assert (won[0], won[0] + won[1] + won[None]) == (LotteryPrize.objects.get(place=0).given, 60)


def test_points_are_given_at_once_and_goods_are_due_until_they_are_handed_over(
    here: LotteryShop, store: Store
) -> None:
    lottery = here.open(prizes=[dataclasses.replace(POINTS, odds_ppm=900_000, stock=1), NOTEBOOK])

    first, second = here.drawn(lottery), here.drawn(lottery)

    assert (first.state, here.points.usable()) == ("given", 10)
    assert (second.prize, second.state) == (LotteryPrize.objects.get(place=1), "due")
    assert refused(lambda: settle(second, "", store)).code == "reason_missing"
    assert settle(second, "顺丰 1234", store).state == "given"
    assert refused(lambda: settle(second, "再来", store)).code == "nothing_due"
    row = LotteryDraw.objects.get(number=2)
    assert (row.reason, row.settled_by, row.settled_at) == ("顺丰 1234", store.owner.username, later(9))
    assert AuditEvent.objects.get(act="lottery.settle").detail["number"] == 2


def settle(draw: LotteryDraw, note: str, store: Store) -> LotteryDraw:
    return lottery_draws.settle(draw, note=note, actor=store.owner, now=later(9))


def test_a_coupon_is_claimed_and_one_that_is_not_there_stays_won(here: LotteryShop, store: Store) -> None:
    prize = coupon_prize(here, store, per_person_limit=1)
    lottery = here.open(prizes=[prize])

    first, second = here.drawn(lottery), here.drawn(lottery)

    assert (first.state, Coupon.objects.get().customer_id) == ("given", ANNA)
    assert (second.state, second.reason) == ("due", "每人限领 1 张，这位客户已领满。")
    prize.issue.per_person_limit = 2  # type: ignore[union-attr]
    prize.issue.save()  # type: ignore[union-attr]
    assert settle(second, "", store).state == "given"
    assert Coupon.objects.count() == 2
    in_order(lottery)


def test_something_else_settles_a_coupon_that_cannot_be_given(here: LotteryShop, store: Store) -> None:
    lottery = here.open(prizes=[coupon_prize(here, store, per_person_limit=1)])
    here.drawn(lottery)
    due = here.drawn(lottery)
    assert settle(due, "", store).state == "due", "nobody said what they got instead"

    done = settle(due, "换成了一只杯子", store)

    assert (done.state, done.reason, done.coupon) == ("given", "换成了一只杯子", None)
    assert refused(lambda: settle(due, "再来", store)).code == "nothing_due"
    in_order(lottery)


def test_who_could_not_claim_a_coupon_that_can_be_won_draws_no_lot(here: LotteryShop, store: Store) -> None:
    prize = coupon_prize(here, store)
    assert prize.issue is not None
    offer = prize.issue.offer
    edit_offer(offer, {**offer.terms, "audience": "first_order"}, by=None, now=NOW)
    bought = BuyerList.objects.create(shop=here.shop, key=BOUGHT, counted_at=NOW)
    BuyerListMember.objects.create(of=bought, person_id=ANNA)
    lottery = here.open(
        prizes=[dataclasses.replace(NOTEBOOK, odds_ppm=999_999), dataclasses.replace(prize, odds_ppm=1)]
    )

    why = refused(lambda: here.drawn(lottery))

    assert (why.code, why.params["name"]) == ("lottery_not_for_them", "满 199 减 20")
    assert why.message.startswith("这位客户抽不了：奖品里有「满 199 减 20」，")
    assert Lottery.objects.get(pk=lottery.pk).drawn == 0
    assert here.drawn(lottery, customer=BEN).state == "due"
    in_order(lottery)


def test_stock_is_never_passed_and_used_up_prizes_pass_on(here: LotteryShop) -> None:
    many = [
        dataclasses.replace(NOTEBOOK, stock=2, odds_ppm=1_000_000),
        dataclasses.replace(POINTS, odds_ppm=0, stock=1),
    ]
    assert refused(lambda: here.open(prizes=many)).code == "lottery_odds"
    many = [
        dataclasses.replace(NOTEBOOK, stock=2, odds_ppm=999_999),
        dataclasses.replace(POINTS, odds_ppm=1, stock=1),
    ]
    lottery = here.open(prizes=many)

    won = [here.drawn(lottery).prize for _ in range(5)]

    assert [one.place if one else None for one in won] == [0, 0, 1, None, None]
    in_order(lottery)


def test_there_are_at_least_as_many_cards_as_prizes(here: LotteryShop) -> None:
    here.draft(kind="scratch", cards=45)
    assert refused(lambda: here.draft(kind="scratch", cards=44)).params == {"stock": 45, "most": 10_000_000}


def test_scratch_cards_are_drawn_to_the_last(here: LotteryShop) -> None:
    prizes = [dataclasses.replace(NOTEBOOK, stock=3), dataclasses.replace(POINTS, stock=5)]
    lottery = here.open(kind="scratch", cards=20, prizes=prizes)

    for number in range(20):
        here.drawn(lottery, str(number))

    assert list(
        LotteryPrize.objects.filter(lottery=lottery).order_by("place").values_list("given", flat=True)
    ) == [3, 5]
    assert refused(lambda: here.drawn(lottery)).code == "lottery_over"
    in_order(lottery)
    assert lotteries.end_due(later(1)) == 1
    assert fair_draws.verify(lotteries.published(Lottery.objects.get(pk=lottery.pk))).is_fair


def test_a_person_draws_so_often_in_all_and_so_often_a_day_whatever_number_they_use(
    here: LotteryShop,
) -> None:
    Customer.objects.filter(pk=BEN).update(person_id=ANNA)
    lottery = here.open(per_person_limit=3, per_day_limit=2)

    here.drawn(lottery, customer=ANNA)
    here.drawn(lottery, customer=BEN)
    assert refused(lambda: here.drawn(lottery)).params == {"most": 2}
    here.drawn(lottery, now=NOW + timedelta(days=1))
    assert refused(lambda: here.drawn(lottery, now=NOW + timedelta(days=2))).params == {"most": 3}
    in_order(lottery)


def test_a_draw_that_costs_points_takes_them_or_does_not_happen(here: LotteryShop) -> None:
    lottery = here.open(cost_points=30, prizes=[NOTEBOOK])
    here.points.earned(5_000, "E-1")

    here.drawn(lottery)
    assert here.points.usable() == 20
    assert refused(lambda: here.drawn(lottery)).code == "points_short"
    assert (here.points.usable(), Lottery.objects.get(pk=lottery.pk).drawn) == (20, 1)


def test_nothing_is_drawn_before_it_begins_after_it_ends_or_from_a_draft(here: LotteryShop) -> None:
    draft = here.draft()
    assert refused(lambda: here.drawn(draft)).code == "lottery_not_open"
    lottery = here.open(starts_at=later(60))
    assert refused(lambda: here.drawn(lottery)).message == "2026-11-09 11:00 才开始。"
    assert refused(lambda: here.drawn(lottery, now=END)).code == "lottery_over"
    assert refused(lambda: here.drawn(lottery, "长" * 101, now=later(60))).code == "text_too_long"
    here.drawn(lottery, "长" * 100, now=later(60))
    assert LotteryDraw.objects.count() == 1


def test_what_was_published_does_not_change(here: LotteryShop) -> None:
    lottery = here.open()

    again = refused(
        lambda: lotteries.save_draft(here.shop, rules(name="改了"), by=None, now=NOW, lottery=lottery)
    )
    assert again.code == "lottery_published"
    assert refused(lambda: lotteries.publish(lottery, by=None, now=NOW)).code == "lottery_published"
    assert Lottery.objects.get(pk=lottery.pk).name == "双11 抽奖"
    late = here.draft()
    assert refused(lambda: lotteries.publish(late, by=None, now=END)).code == "lottery_past"


def test_it_ends_by_itself_and_before_its_time_only_with_a_reason(here: LotteryShop) -> None:
    lottery, other = here.open(), here.open()
    assert refused(lambda: lotteries.end(lottery, by=None, now=NOW)).code == "reason_missing"
    assert lotteries.end_due(END - timedelta(seconds=1)) == 0

    early = lotteries.end(lottery, why="奖品发错", by=None, now=NOW)
    assert (early.seed, early.over_reason) == (SEED.hex(), "奖品发错")
    assert refused(lambda: here.drawn(lottery)).code == "lottery_over"
    assert refused(lambda: lotteries.end(lottery, why="再", by=None, now=NOW)).code == "lottery_not_open"

    assert (lotteries.end_due(END), lotteries.end_due(END)) == (1, 0)
    assert Lottery.objects.get(pk=other.pk).seed == SEED.hex()
    early_rows = AuditEvent.objects.filter(act="lottery.end").order_by("pk")
    assert [row.detail["early"] for row in early_rows] == [True, False]


def test_a_seed_that_cannot_be_opened_keeps_no_other_lottery_open(
    here: LotteryShop, caplog: pytest.LogCaptureFixture
) -> None:
    broken, other = here.open(), here.open()
    Lottery.objects.filter(pk=broken.pk).update(sealed=b"x")

    assert (lotteries.end_due(END), lotteries.end_due(END)) == (1, 0)

    assert Lottery.objects.get(pk=other.pk).seed == SEED.hex()
    assert Lottery.objects.get(pk=broken.pk).over_at is None
    assert [one.getMessage() for one in caplog.records] == [f"lottery {broken.pk} cannot be ended"] * 2


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"name": " "}, "name_missing"),
        ({"organiser": ""}, "organiser_missing"),
        ({"conditions": ""}, "conditions_missing"),
        ({"ends_at": NOW}, "lottery_times"),
        ({"per_person_limit": 0}, "lottery_person_wrong"),
        ({"per_day_limit": 101}, "lottery_day_wrong"),
        ({"prizes": []}, "lottery_prizes"),
        ({"prizes": [dataclasses.replace(NOTEBOOK, stock=0)]}, "prize_wrong"),
        ({"prizes": [dataclasses.replace(NOTEBOOK, odds_ppm=1_000_001)]}, "lottery_odds"),
        ({"prizes": [dataclasses.replace(NOTEBOOK, value_cents=0)]}, "prize_value"),
        ({"prizes": [dataclasses.replace(NOTEBOOK, value_cents=5_000_001)]}, "prize_too_high"),
        ({"prizes": [dataclasses.replace(POINTS, points=0)]}, "prize_points"),
        ({"prizes": [dataclasses.replace(POINTS, points=5_000_001)]}, "prize_too_high"),
        ({"prizes": [Prize("券", "coupon", 1, odds_ppm=1)]}, "prize_issue"),
    ],
)
def test_what_the_law_or_sense_does_not_let_be_is_refused(
    here: LotteryShop, changes: dict[str, Any], code: str
) -> None:
    assert refused(lambda: here.draft(**changes)).code == code
    assert not Lottery.objects.exists()


def test_the_highest_prize_may_be_worth_fifty_thousand_yuan(here: LotteryShop) -> None:
    here.draft(prizes=[dataclasses.replace(NOTEBOOK, value_cents=5_000_000)])

    told = refused(lambda: here.draft(prizes=[dataclasses.replace(NOTEBOOK, value_cents=5_000_001)])).message
    assert told == "“手账本”值 50,000.01 元：抽奖的最高奖不得超过 50,000.00 元（《规范促销行为暂行规定》）。"


def test_coupons_that_would_not_be_there_until_the_end_are_not_promised(
    here: LotteryShop, store: Store
) -> None:
    prize = coupon_prize(here, store, stock=101)
    draft = here.draft(prizes=[prize])

    assert refused(lambda: lotteries.publish(draft, by=None, now=NOW)).params == {
        "title": "满 199 减 20", "stock": 101, "left": 100,
    }  # fmt: skip
    assert Lottery.objects.get().commitment == ""
    fits = here.draft(prizes=[dataclasses.replace(prize, stock=100)], ends_at=END + timedelta(days=1))
    assert refused(lambda: lotteries.publish(fits, by=None, now=NOW)).code == "prize_issue_short"


def test_a_prize_is_worth_what_it_is_worth_when_it_is_published(here: LotteryShop, store: Store) -> None:
    prize = dataclasses.replace(coupon_prize(here, store), odds_ppm=1)
    draft, dear = here.draft(prizes=[prize, POINTS]), here.draft(prizes=[prize])
    assert prize.issue is not None
    offer = prize.issue.offer
    edit_offer(
        offer, {**offer.terms, "terms": {"face_cents": 3_000, "threshold_cents": 19_900}}, by=None, now=NOW
    )
    PointsScheme.objects.update(burn_cents=7)

    terms = lotteries.publish(draft, by=None, now=NOW).terms

    assert [one["value_cents"] for one in terms["prizes"]] == [
        3_000,
        70 // PointsScheme.objects.get().burn_points,
    ]
    assert list(draft.prizes.order_by("place").values_list("value_cents", flat=True)) == [
        one["value_cents"] for one in terms["prizes"]
    ]
    changed = {**offer.terms, "terms": {"face_cents": 5_000_001, "threshold_cents": 9_000_000}}
    Offer.objects.update(terms={**offer.terms, **changed})
    assert refused(lambda: lotteries.publish(dear, by=None, now=NOW)).code == "prize_too_high"
    assert Lottery.objects.get(pk=dear.pk).commitment == ""


def test_the_commitment_binds_the_issue_its_offer_and_what_points_are_worth(
    here: LotteryShop, store: Store
) -> None:
    prize = dataclasses.replace(coupon_prize(here, store), odds_ppm=1)
    assert prize.issue is not None

    terms = here.open(prizes=[prize, POINTS]).terms

    coupon = terms["prizes"][0]["coupon"]
    assert (coupon["issue"], coupon["valid_to"]) == (str(prize.issue.pk), "2026-11-20 00:00:00")
    assert coupon["offer"] == prize.issue.offer.terms
    scheme = PointsScheme.objects.get()
    assert terms["prizes"][1]["points_worth"] == {"points": scheme.burn_points, "cents": scheme.burn_cents}


def test_an_issue_has_room_for_all_that_is_promised_of_it(here: LotteryShop, store: Store) -> None:
    prize = dataclasses.replace(coupon_prize(here, store, stock=60), odds_ppm=500_000)
    twice = here.draft(prizes=[prize, dataclasses.replace(prize, title="再来一张")])
    assert refused(lambda: lotteries.publish(twice, by=None, now=NOW)).params == {
        "title": "满 199 减 20 / 再来一张", "stock": 120, "left": 100,
    }  # fmt: skip
    first = here.open(prizes=[dataclasses.replace(prize, odds_ppm=1_000_000)])
    here.drawn(first)

    # One of the sixty is made; the others are still promised.
    other = here.draft(prizes=[dataclasses.replace(prize, stock=41)])
    assert refused(lambda: lotteries.publish(other, by=None, now=NOW)).params["left"] == 40
    lotteries.end(first, why="改", by=None, now=NOW)
    assert lotteries.publish(other, by=None, now=NOW).commitment


def test_coupons_that_were_won_and_not_given_keep_their_room(here: LotteryShop, store: Store) -> None:
    prize = coupon_prize(here, store, per_person_limit=1)
    first = here.open(prizes=[prize])
    assert [here.drawn(first).state, here.drawn(first).state] == ["given", "due"]
    lotteries.end(first, why="改", by=None, now=NOW)

    all_left = here.draft(prizes=[dataclasses.replace(prize, stock=99)])
    assert refused(lambda: lotteries.publish(all_left, by=None, now=NOW)).params["left"] == 98


def test_what_a_lottery_promises_is_neither_stopped_nor_changed_until_it_is_over(
    here: LotteryShop, store: Store
) -> None:
    prize = coupon_prize(here, store)
    issue = prize.issue
    assert issue is not None
    lottery = here.open(prizes=[prize])
    dearer = {**issue.offer.terms, "terms": {"face_cents": 1, "threshold_cents": 19_900}}

    with pytest.raises(CouponRefused) as stopping:
        issues.stop_issue(issue, by=None, now=NOW)
    assert stopping.value.message == (
        "抽奖“双11 抽奖”已公布要送这一批券，停了就兑不了奖。"
        "等它 2026-11-20 00:00 结束，或请店主在抽奖页提前结束，再停。"
    )
    for work in (
        lambda: edit_offer(issue.offer, dearer, by=None, now=NOW),
        lambda: archive_offer(issue.offer, by=None, now=NOW),
    ):
        with pytest.raises(OfferRefused) as caught:
            work()
        assert "抽奖「双11 抽奖」" in caught.value.message and "2026-11-20 00:00" in caught.value.message
    row = Offer.objects.get(pk=issue.offer_id)
    assert (row.terms, row.archived, issue.offer.archived) == (issue.offer.terms, False, False)

    lotteries.end(lottery, why="改", by=None, now=NOW)
    assert issues.stop_issue(issue, by=None, now=NOW)
    edit_offer(issue.offer, dearer, by=None, now=NOW)
    archive_offer(issue.offer, by=None, now=NOW)


def test_a_draft_and_one_whose_end_is_past_bind_nothing(here: LotteryShop, store: Store) -> None:
    prize = coupon_prize(here, store)
    assert prize.issue is not None
    here.open(prizes=[prize])

    archive_offer(prize.issue.offer, by=None, now=END)
    other = coupon_prize(here, store)
    here.draft(prizes=[other])
    assert issues.stop_issue(other.issue, by=None, now=NOW)  # type: ignore[arg-type]


def test_an_erased_person_is_in_no_draw_and_the_draws_can_still_be_checked(here: LotteryShop) -> None:
    lottery = here.open(prizes=[dataclasses.replace(NOTEBOOK, odds_ppm=1_000_000)])
    here.drawn(lottery)
    here.drawn(lottery, customer=BEN)

    traces = erasure.Traces((ANNA,), frozenset(), frozenset())
    assert lottery_draws.forget_person(here.shop, traces, later(1)) == 1

    assert list(LotteryDraw.objects.order_by("number").values_list("customer_id", "state")) == [
        (None, "forgone"), (BEN, "due"),
    ]  # fmt: skip
    assert fair_draws.verify(lotteries.published(lotteries.end(lottery, by=None, now=END))).is_fair


def test_each_lottery_has_a_seed_of_its_own(here: LotteryShop) -> None:
    source = random.Random(7)
    seeds = set()
    for _ in range(3):
        lotteries.publish(here.draft(), by=None, now=NOW, random=source.randbytes)
    for one in Lottery.objects.all():
        seeds.add(lotteries.seed_of(one))
    assert len(seeds) == 3 and all(len(seed) == 64 for seed in seeds)


def test_every_refusal_has_its_sentence() -> None:
    blanks = dict.fromkeys(("value_cents", "most_cents"), 0) | dict.fromkeys(
        "most stock title left at name why".split(), "x"
    )
    for code in LOTTERY:
        assert "%(" not in RewardRefused(code, **blanks).message


def test_each_draw_is_linked_to_the_one_before_and_the_last_link_stands_in_the_lottery(
    here: LotteryShop,
) -> None:
    lottery = here.open()
    drawn = [here.drawn(lottery, str(number)) for number in range(12)]

    last = lottery.commitment
    for one in drawn:
        place = one.prize.place if one.prize else None
        last = fair_draws.link(last, one.number, one.text_sha256, place)
        assert one.link == last
    assert Lottery.objects.get().link == last
    over = lotteries.end(lottery, by=None, now=END)
    assert AuditEvent.objects.get(act="lottery.end").detail["link"] == last
    told = lotteries.published(over)
    assert (told["terms"]["linked"], told["link"]) == (True, last)
    assert fair_draws.verify(told, {one.number: one.link for one in drawn}) == fair_draws.Verdict(
        12, True, ()
    )


def test_draws_altered_with_their_count_are_found_by_a_receipt(here: LotteryShop) -> None:
    lottery = here.open(prizes=[dataclasses.replace(NOTEBOOK, odds_ppm=1)])
    receipts = {one.number: one.link for one in (here.drawn(lottery, str(n)) for n in range(5))}

    LotteryDraw.objects.filter(number__gt=3).delete()
    Lottery.objects.update(drawn=3, link=receipts[3])

    told = lotteries.published(lotteries.end(lottery, by=None, now=END))
    assert fair_draws.verify(told).is_fair, "by itself it agrees"
    assert [(one.code, one.number) for one in fair_draws.verify(told, receipts).wrong] == [
        ("held", 4), ("held", 5),
    ]  # fmt: skip
    LotteryDraw.objects.filter(number=2).update(text_sha256=fair_draws.text_digest("别人"))
    told = lotteries.published(Lottery.objects.get())
    assert [(one.code, one.number) for one in fair_draws.verify(told).wrong] == [("link", 2)]


def test_draws_from_before_there_were_links_are_bound_by_the_next_one(here: LotteryShop) -> None:
    lottery = here.open()
    for number in range(3):
        here.drawn(lottery, str(number))
    LotteryDraw.objects.update(link="")
    Lottery.objects.update(
        link="", terms={name: one for name, one in lottery.terms.items() if name != "linked"}
    )
    lottery.refresh_from_db()
    Lottery.objects.update(commitment=fair_draws.commitment(SEED.hex(), lottery.terms))

    here.drawn(lottery, "新的")

    told = lotteries.published(lotteries.end(lottery, by=None, now=END))
    assert [bool(one["link"]) for one in told["draws"]] == [False, False, False, True]
    assert fair_draws.verify(told) == fair_draws.Verdict(4, True, (), unlinked=3)
    LotteryDraw.objects.filter(number=1).update(text_sha256=fair_draws.text_digest("别人"))
    told = lotteries.published(Lottery.objects.get())
    assert ("link", 4) in [(one.code, one.number) for one in fair_draws.verify(told).wrong]


def test_coupons_that_a_lottery_promises_are_kept_for_it(here: LotteryShop, store: Store) -> None:
    """Ten there are; six of them are promised, so four are left for whoever claims or makes codes."""
    prize = dataclasses.replace(coupon_prize(here, store, stock=6, total_limit=10))
    issue = prize.issue
    assert issue is not None
    lottery = here.open(prizes=[prize])

    issues.order_codes(issue, 1, by=None, now=NOW)
    for _ in range(3):
        moves.claim_new(issue, BEN, now=NOW, by="t")
    with pytest.raises(CouponRefused) as kept:
        moves.claim_new(issue, BEN, now=NOW, by="t")
    assert (kept.value.code, kept.value.params) == ("issue_kept", {"kept": 6, "left": 0})
    assert kept.value.message == "这一批券有 6 张留给已公布的抽奖当奖品，此外只剩 0 张。"
    with pytest.raises(CouponRefused) as kept:
        issues.order_codes(issue, 2, by=None, now=NOW)
    assert kept.value.code == "issue_kept"

    assert [here.drawn(lottery, str(n)).state for n in range(6)] == ["given"] * 6
    with pytest.raises(CouponRefused) as used_up:
        moves.claim_new(issue, BEN, now=NOW, by="t")
    assert used_up.value.code == "issue_used_up"
    in_order(lottery)


def test_what_is_kept_is_free_again_when_the_lottery_is_over(here: LotteryShop, store: Store) -> None:
    prize = coupon_prize(here, store, stock=6, total_limit=6, per_person_limit=1)
    issue = prize.issue
    assert issue is not None
    lottery = here.open(prizes=[prize])
    assert [here.drawn(lottery, str(n)).state for n in range(2)] == ["given", "due"]

    lotteries.end(lottery, why="奖品发错", by=None, now=NOW)

    # One was given, one is won and still due.
    assert issues.order_codes(issue, 4, by=None, now=NOW).wanted == 4
    with pytest.raises(CouponRefused) as kept:
        issues.order_codes(issue, 1, by=None, now=NOW)
    assert (kept.value.code, kept.value.params["kept"]) == ("issue_kept", 1)

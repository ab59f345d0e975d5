"""Coupon budgets of a shop: what counts as measured, whose people count where, and what is refused."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from laoke.audiences.models import Segment
from laoke.audiences.segments import save_segment
from laoke.audiences.snapshots import freeze
from laoke.campaigns.coupon_budgets import BudgetRefused, make, measured_responses, work_out
from laoke.campaigns.models import CouponBudget, Review, Round
from laoke.campaigns.planning import plan
from laoke.campaigns.playbook import playbook
from laoke.promotions.models import Offer
from laoke.shops.models import AuditEvent
from laoke.shops.setup import add_shop
from tests.campaigns.stores import NOW, Store, bought

OVER = {"window_over": True, "treated": 1_800, "held_out": 200}
HELPS = {
    "verdict": "helps",
    "held_out_per_person": 0.03,
    "difference": {"estimate": 0.02, "low": 0.004, "high": 0.036},
}


@pytest.fixture
def people(store: Store) -> Store:
    """Ten buyers: 1 to 6 bought once, 7 to 10 twice."""
    rows = [bought(f"A{n}", n, date(2026, 10, 1)) for n in range(1, 11)]
    rows += [bought(f"B{n}", n, date(2026, 10, 9)) for n in range(7, 11)]
    store.sold(*rows)
    return store


def segment(store: Store, name: str, text: str) -> int:
    return save_segment(store.shop, name, text, by=store.owner, now=NOW).pk


def budget(store: Store, segments: list[int], **given: Any) -> CouponBudget:
    terms = {
        "budget_cents": 10**6,
        "margin_cents": 6_000,
        "message_millis": 0,
        "used_bp": 10_000,
        "faces": [500, 1_000],
    }
    return make(store.shop, name="双11 券", segments=segments, by=store.owner, now=NOW, **(terms | given))


def reviewed(store: Store, name: str, segment_id: int, told: dict[str, Any], face: int = 1_000) -> None:
    """A campaign whose round 2 sent a coupon to the segment, and what its review says of that round."""
    campaign = plan(
        playbook("double11"), date(2026, 11, 11), store.shop, name=name, by=store.owner, clock=store.clock
    )
    offer = Offer.objects.create(
        shop=store.shop, name="券", mechanic="shop_coupon", terms={"terms": {"face_cents": face}}, starts_at=NOW,
        ends_at=NOW + timedelta(days=9), created_at=NOW, updated_at=NOW,
    )  # fmt: skip
    Round.objects.filter(campaign=campaign, key="2").update(segment_id=segment_id, offer=offer)
    result = {"rounds": [{"key": "2", **told}], "attribution_days": 15}
    Review.objects.create(campaign=campaign, catalog_ref=1, until=NOW, result=result, created_at=NOW)


def test_a_review_with_held_out_people_is_a_measure(people: Store) -> None:
    once = segment(people, "一次", "bought(1)")
    reviewed(people, "双11", once, {**OVER, "metrics": {"orders": HELPS}})
    found = measured_responses(people.shop)[(once, 1_000)]
    assert (found.base_ppm, found.treated_ppm, found.low_ppm, found.high_ppm) == (
        30_000,
        50_000,
        34_000,
        66_000,
    )
    assert found.people == 2_000 and found.source.startswith("双11 · 2 ")


def test_a_window_that_runs_and_a_round_without_held_out_people_measure_nothing(people: Store) -> None:
    once = segment(people, "一次", "bought(1)")
    reviewed(people, "跑着的", once, {**OVER, "window_over": False, "metrics": {"orders": HELPS}})
    reviewed(
        people,
        "没对照",
        once,
        {**OVER, "metrics": {"orders": {"verdict": "no_control", "difference": None}}},
        500,
    )
    assert measured_responses(people.shop) == {}


def test_a_newer_measure_replaces_an_older_one(people: Store) -> None:
    once = segment(people, "一次", "bought(1)")
    reviewed(people, "去年", once, {**OVER, "metrics": {"orders": {**HELPS, "held_out_per_person": 0.5}}})
    reviewed(people, "今年", once, {**OVER, "metrics": {"orders": HELPS}})
    assert measured_responses(people.shop)[(once, 1_000)].base_ppm == 30_000


def test_a_measure_is_of_the_coupon_that_the_text_told_of(people: Store) -> None:
    once = segment(people, "一次", "bought(1)")
    reviewed(people, "双11", once, {**OVER, "metrics": {"orders": HELPS}})
    Round.objects.filter(key="2").update(body="领券${coupon_value}元", variables={"coupon_value": "10"})
    Offer.objects.filter(name="券").update(terms={"terms": {"face_cents": 5_000}})

    assert set(measured_responses(people.shop)) == {(once, 1_000)}


def test_a_segment_that_was_changed_since_has_no_measure(people: Store) -> None:
    once = segment(people, "一次", "bought(1)")
    reviewed(people, "双11", once, {**OVER, "metrics": {"orders": HELPS}})
    frozen = freeze(people.shop, Segment.objects.get(pk=once), now=NOW, by=people.owner)
    Round.objects.filter(key="2").update(snapshot=frozen)
    assert set(measured_responses(people.shop)) == {(once, 1_000)}

    Segment.objects.filter(pk=once).update(text="bought(2+)")
    assert measured_responses(people.shop) == {}


def test_whoever_is_in_two_segments_counts_for_the_first(people: Store) -> None:
    twice, everyone = segment(people, "两次", "bought(2+)"), segment(people, "买过", "bought")
    row = budget(people, [twice, everyone])
    assumed = {str(pk): {"base": 100_000, "faces": {"500": 300_000}} for pk in (twice, everyone)}
    result = work_out(row, assumed, by=people.owner, clock=people.clock).result
    assert [(group["name"], group["people"]) for group in result["groups"]] == [("两次", 4), ("买过", 6)]
    # 4 people: 1.2 orders of 5 yuan are 6 yuan, 0.8 more orders bring 48
    assert [group["chosen"]["spent_cents"] for group in result["groups"]] == [600, 900]
    assert [group["chosen"]["gained_cents"] for group in result["groups"]] == [4_200, 6_300]
    assert (result["spent_cents"], result["gained_cents"], result["measured"]) == (1_500, 10_500, False)
    assert AuditEvent.objects.filter(act="coupon_budget.work_out", shop=people.shop).count() == 1


def test_what_was_measured_is_not_overruled_by_an_assumption(people: Store) -> None:
    once = segment(people, "一次", "bought(1)")
    reviewed(people, "双11", once, {**OVER, "metrics": {"orders": HELPS}})
    row = budget(people, [once])
    assumed = {str(once): {"base": 0, "faces": {"1000": 900_000}}}
    (group,) = work_out(row, assumed, by=people.owner, clock=people.clock).result["groups"]
    assert group["base_ppm"] == 30_000
    assert [(one["face_cents"], one["treated_ppm"], one["measured"]) for one in group["options"]] == [
        (1_000, 50_000, True)
    ]


def test_without_a_measure_and_without_an_assumption_nothing_is_worked_out(people: Store) -> None:
    row = budget(people, [segment(people, "一次", "bought(1)")])
    with pytest.raises(BudgetRefused, match="no_response"):
        work_out(row, {}, by=people.owner, clock=people.clock)
    row.refresh_from_db()
    assert row.result is None and row.worked_out_at is None


def test_a_segment_that_is_gone_is_not_left_out_silently(people: Store) -> None:
    once, twice = segment(people, "一次", "bought(1)"), segment(people, "两次", "bought(2+)")
    row = budget(people, [once, twice])
    type(row).objects.filter(pk=row.pk).update(segments=[once, twice])
    from laoke.audiences.models import Segment

    Segment.objects.filter(pk=twice).update(archived=True)
    with pytest.raises(BudgetRefused, match="no_segment"):
        work_out(row, {}, by=people.owner, clock=people.clock)


def test_segments_of_another_shop_and_the_same_twice_are_refused(people: Store) -> None:
    once = segment(people, "一次", "bought(1)")
    other = add_shop("别家", now=NOW)
    foreign = save_segment(other, "一次", "bought(1)", by=None, now=NOW).pk
    for wanted in ([], [foreign], [once, once]):
        with pytest.raises(BudgetRefused, match="no_segment"):
            budget(people, wanted)
    assert not CouponBudget.objects.exists()


def test_before_the_first_import_there_is_nobody_to_choose_from(store: Store) -> None:
    row = budget(store, [segment(store, "一次", "bought(1)")])
    with pytest.raises(BudgetRefused, match="no_facts"):
        work_out(row, {}, by=store.owner, clock=store.clock)

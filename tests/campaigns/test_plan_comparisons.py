"""Plans side by side on the same past, and which past that is."""

from datetime import date, datetime

import pytest
from django.conf import settings

from laoke.audiences.models import Segment
from laoke.audiences.offer_lists import ensure_list
from laoke.campaigns import plan_comparisons
from laoke.campaigns.backtest_jobs import replay_offers
from laoke.campaigns.models import Campaign, CampaignState, PlanComparison
from laoke.campaigns.plan_comparisons import ComparisonRefused, PastWindow, comparable_window
from laoke.campaigns.price_sheets import make_sheet
from laoke.insights.refresh import add_month_end
from laoke.promotions.backtesting import backtest
from laoke.promotions.coupons import issues
from laoke.promotions.depth.net import CostTerms
from laoke.promotions.ladder import Terms
from laoke.promotions.models import Backtest, CouponIssue
from laoke.promotions.offers import add_offer, edit_offer
from laoke.shops.models import AuditEvent
from tests.campaigns.stores import bought
from tests.promotions_rows.test_offers import coupon, steps

NOVEMBER = (date(2025, 11, 1), date(2025, 11, 30))
TODAY = date(2026, 10, 20)


def campaign(store, name, day, **given):
    starts, ends = datetime(day.year, day.month, day.day), datetime(day.year, day.month, day.day + 3)
    fields = {"playbook": "double11", "starts_at": starts, "ends_at": ends} | given
    return Campaign.objects.create(shop=store.shop, name=name, day=day, created_at=store.now, **fields)


def test_the_past_of_a_campaign_is_the_last_one_like_it(store):
    campaign(store, "双11 2023", date(2023, 11, 11))
    campaign(store, "双11 2024", date(2024, 11, 11))
    campaign(store, "双11 没办", date(2025, 11, 11), state=CampaignState.CANCELLED)
    campaign(store, "上新", date(2025, 11, 11), playbook="new_goods")
    coming = campaign(store, "双11 2026", date(2026, 11, 11))

    assert comparable_window(store.shop, coming, TODAY, None) == PastWindow(
        date(2024, 11, 11), date(2024, 11, 13), "campaign", "双11 2024"
    )
    known_only_until = date(2024, 11, 12)
    assert comparable_window(store.shop, coming, TODAY, known_only_until).name == "双11 2023"


def test_without_such_a_campaign_it_is_the_same_days_or_the_last(store):
    coming = campaign(store, "双11 2026", date(2026, 11, 11))
    assert comparable_window(store.shop, coming, TODAY, None) == PastWindow(
        date(2025, 11, 1), date(2025, 11, 21), "same_days"
    )
    assert comparable_window(store.shop, None, TODAY, None) == PastWindow(
        date(2026, 7, 22), date(2026, 10, 19), "last_days"
    )


def test_the_fee_comes_from_the_campaigns_price_sheet_and_its_postage_does_not(store):
    coming = campaign(store, "双11 2026", date(2026, 11, 11))
    assert plan_comparisons.usual_terms(store.shop, coming) == CostTerms()
    make_sheet(
        store.shop, "双11价格", store.now, terms=Terms(postage_cents=600, fee_bp=450), campaign=coming, best=0,
        by=store.owner, now=store.now,
    )  # fmt: skip
    make_sheet(
        store.shop, "平时", store.now, terms=Terms(postage_cents=700), campaign=None, best=0, by=store.owner,
        now=store.now,
    )  # fmt: skip
    assert plan_comparisons.usual_terms(store.shop, coming) == CostTerms(450, 0), (
        "6.00 is what sending a piece costs, before what the buyer pays of it"
    )
    assert plan_comparisons.usual_terms(store.shop, None) == CostTerms(500, 0)


def percent():
    return {
        "offer_id": "t",
        "name": "九折",
        "layer": "item",
        "mechanic": "percent_off",
        "terms": {"pay_bp": 9_000},
    }


@pytest.fixture
def one(store):
    """满 300 减 40 and a coupon on 120 orders of 400."""
    store.sold(
        *[
            bought(f"A{n}", n, date(2025, 11, 11), goods_cents=40_000, paid_cents=40_000)
            for n in range(1, 121)
        ]
    )
    offers = [
        add_offer(store.shop, data, by=store.owner, now=store.now)
        for data in (steps((30_000, 4_000)), coupon())
    ]
    return backtest(
        store.shop, offers, *NOVEMBER, by=store.owner, clock=store.clock, terms=CostTerms(500, 100)
    )


def side_by_side(store, one, *variations, others=(), campaign=None):
    named = [
        (name, plan_comparisons.varied(one, one.offers[place]["offer_id"], figures, name))
        for name, place, figures in variations
    ]
    return plan_comparisons.compare(
        store.shop, "并排", one, others, named, campaign=campaign, by=store.owner, clock=store.clock
    )


def test_variations_are_priced_on_the_same_orders_and_kept_with_the_campaign(store, one):
    coming = campaign(store, "双11 2026", date(2026, 11, 11))
    row = side_by_side(
        store, one, ("满300减50", 0, [30_000, 5_000]), ("券减30", 1, [19_900, 3_000]), campaign=coming
    )

    variants = plan_comparisons.variants_of(PlanComparison.objects.get(campaign=coming))
    assert [name for name, _ in variants] == ["满减 + 店铺券", "满300减50", "券减30"]
    assert [found.result["discount_cents"] for _, found in variants] == [
        120 * 6_000,
        120 * 7_000,
        120 * 7_000,
    ]
    assert [found.offers[0]["name"] for _, found in variants] == ["满减", "满300减50", "满减"]
    assert {found.depth.facts["terms"]["fee_bp"] for _, found in variants} == {500}
    assert [offer["row"] is None for offer in variants[1][1].offers] == [True, False]
    assert row.catalog_ref == variants[0][1].catalog_ref
    assert AuditEvent.objects.get(act="backtest.compare").count == 3


def test_a_changed_coupon_keeps_what_its_issue_gives_out(store, one):
    row = add_offer(store.shop, coupon(), by=None, now=store.now)
    terms = issues.Terms("双11 券", 200, store.now, days_after_claim=9, budget_cents=238_000)
    issues.add_issue(row, terms, by=None, now=store.now)
    first = backtest(store.shop, [row], *NOVEMBER, by=None, clock=store.clock)
    row = side_by_side(store, first, ("券减25", 0, [19_900, 2_500]))

    def given():
        return [found.result["discount_cents"] for _, found in plan_comparisons.variants_of(row)]

    assert given() == [119 * 2_000, 95 * 2_500], "2,380.00 are 119 coupons of 20.00 and 95 of 25.00"
    changed = plan_comparisons.variants_of(row)[1][1].offers[0]
    assert (changed["row"], changed["limits_of"]) == (None, first.offers[0]["row"])
    CouponIssue.objects.update(budget_cents=None, total_limit=110)
    plan_comparisons.again(row, by=store.owner, clock=store.clock)
    row.refresh_from_db()
    assert given() == [110 * 2_000, 110 * 2_500], "110 coupons of either"


def test_an_offer_for_a_segment_goes_to_those_who_were_in_it_at_the_end_of_the_month_before(store):
    """70 had bought in October; in November they and 60 others bought twice each, and ten orders have no buyer."""
    store.sold(
        *[bought(f"O{n}", n, date(2025, 10, 20)) for n in range(1, 71)],
        *[bought(f"{day}-{n}", n, date(2025, 11, day)) for day in (5, 25) for n in range(1, 131)],
        *[bought(f"N{n}", None, date(2025, 11, 11)) for n in range(10)],
        *[bought(f"D{n}", n, date(2025, 12, 2)) for n in range(101, 131)],
    )
    segment = Segment.objects.create(
        shop=store.shop, name="买过的", text="bought(1+)", tree={}, created_at=store.now, updated_at=store.now
    )
    ensure_list(segment)
    only = percent() | {"audience": f"segment:{segment.pk}"}
    until = date(2025, 12, 31)

    def priced():
        return replay_offers(
            store.shop, [only], NOVEMBER[0], until, terms=CostTerms(), segments=[], by=None, clock=store.clock
        )

    unknown = priced()
    assert unknown.result["discounted_orders"] == 300, "no month end is kept: everybody has it"
    assert "2025-10、2025-11 月底谁在人群里没有存" in unknown.offers[0]["assumed"]

    while add_month_end(store.shop, settings.PLACE, now=store.now):
        pass
    known = priced()
    assert known.result["discounted_orders"] == 2 * 70 + 10 + 30, "the 30 of December had bought in November"
    assert known.offers[0]["assumed"] == (
        "「九折」只算到下单前那个月底在人群“买过的”里的买家的单上，不知道是谁的单也算（R40）"
    )
    segment.text = 'tag("没有的")'
    segment.save()
    assert "没有算" in priced().offers[0]["assumed"], "a broken segment is nobody's"


def test_a_discount_varies_by_its_rate(store, one):
    first = backtest(store.shop, [percent()], *NOVEMBER, by=None, clock=store.clock)
    row = side_by_side(store, first, ("8折", 0, [8_000]))
    assert plan_comparisons.variants_of(row)[1][1].result["discount_cents"] == 120 * 8_000


def test_a_step_of_a_ladder_varies_and_the_others_stay(store, one):
    ladder = add_offer(
        store.shop, steps((20_000, 2_000), (40_000, 5_000), (60_000, 9_000)), by=store.owner, now=store.now
    )
    first = backtest(store.shop, [ladder], *NOVEMBER, by=None, clock=store.clock)
    [changed] = plan_comparisons.varied(first, first.offers[0]["offer_id"], [39_900, 6_000], "第 2 档", 1)

    assert [tuple(step.values()) for step in changed["terms"]["steps"]] == [
        (20_000, 2_000),
        (39_900, 6_000),
        (60_000, 9_000),
    ]
    assert plan_comparisons.steps_of(first.offers[0])[1] == {"threshold_cents": 40_000, "off_cents": 5_000}
    for step in (3, -1):
        with pytest.raises(ComparisonRefused, match="no_change"):
            plan_comparisons.varied(first, first.offers[0]["offer_id"], [39_900, 6_000], "x", step)
    row = plan_comparisons.compare(
        store.shop, "并排", first, [], [("第 2 档", [changed])], campaign=None, by=None, clock=store.clock
    )
    assert plan_comparisons.variants_of(row)[1][1].result["discount_cents"] == 120 * 6_000


@pytest.mark.parametrize(("figures", "place"), [([9_000], 0), ([1, 2, 3], 0), ([30_000], 1)])
def test_a_step_does_not_become_a_rate(store, one, figures, place):
    with pytest.raises(ComparisonRefused, match="no_change"):
        plan_comparisons.varied(one, one.offers[place]["offer_id"], figures, "x")
    with pytest.raises(ComparisonRefused, match="no_change"):
        plan_comparisons.varied(one, "of another plan", [30_000, 1_000], "x")


def test_one_plan_alone_six_plans_and_other_days_are_refused(store, one):
    with pytest.raises(ComparisonRefused, match="none"):
        side_by_side(store, one)
    with pytest.raises(ComparisonRefused, match="too_many"):
        side_by_side(store, one, *[(f"{off}", 0, [30_000, off]) for off in range(1_000, 6_000, 1_000)])
    other = backtest(
        store.shop, [coupon(offer_id="c")], date(2025, 11, 2), NOVEMBER[1], by=None, clock=store.clock
    )
    with pytest.raises(ComparisonRefused, match="other_days"):
        side_by_side(store, one, others=[other])
    assert not PlanComparison.objects.exists()


def test_it_says_when_facts_changed_and_prices_all_of_it_again(store, one):
    row = side_by_side(store, one, ("满300减50", 0, [30_000, 5_000]))
    assert plan_comparisons.changed_since(row.catalog_ref) is None
    store.publish()
    assert plan_comparisons.changed_since(row.catalog_ref) is None, "another entry, the same facts"

    store.sold(bought("late", 900, date(2025, 11, 12), goods_cents=40_000, paid_cents=40_000))
    assert plan_comparisons.changed_since(row.catalog_ref) is not None
    plan_comparisons.again(row, by=store.owner, clock=store.clock)

    row.refresh_from_db()
    assert plan_comparisons.changed_since(row.catalog_ref) is None
    told = [(name, found.result["orders"]) for name, found in plan_comparisons.variants_of(row)]
    assert told == [("满减 + 店铺券", 121), ("满300减50", 121)]


def test_a_plan_stays_what_it_was_when_its_offer_is_changed(store, one):
    row = one.offers[0]["row"]
    assert [getattr(part, "pk", None) for part in plan_comparisons.plan_of(one)] == [
        offer["row"] for offer in one.offers
    ]
    from laoke.promotions.models import Offer

    edit_offer(Offer.objects.get(pk=row), steps((30_000, 9_000)), by=store.owner, now=store.now)
    first, second = plan_comparisons.plan_of(Backtest.objects.get(pk=one.pk))
    assert first["terms"]["steps"] == [{"threshold_cents": 30_000, "off_cents": 4_000}]
    assert second.pk == one.offers[1]["row"]

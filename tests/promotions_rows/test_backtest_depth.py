"""What a backtest stores beyond its sums, on small facts against figures worked out by hand."""

from datetime import date

import numpy as np
import pytest

from laoke.promotions.backtesting import assume, backtest, backtest_plans
from laoke.promotions.deepening import Assumed, Depth, SegmentPeople
from laoke.promotions.depth.break_even import BreakEven, NoBreakEven
from laoke.promotions.depth.net import CostTerms
from laoke.promotions.models import Backtest, BacktestDepth
from laoke.promotions.offers import OfferRefused, add_offer
from laoke.shops.models import AuditEvent
from tests.campaigns.stores import bought, line_of, product
from tests.promotions_rows.test_offers import coupon, steps

NOVEMBER = (date(2025, 11, 1), date(2025, 11, 30))


def orders_of(first, number, *, day=11, offset=0, **given):
    when = date(2025, 11, day)
    return [bought(f"{first}{n:03}", n + offset, when, **given) for n in range(1, number + 1)]


def priced(store, *rows, cost=6_000):
    """Orders of one piece of P1 each, at what the order paid."""
    store.wrote("products", [product("P1", cost)])
    store.wrote("order_lines", [line_of(row, unit_price_cents=row["paid_cents"]) for row in rows])
    store.sold(*rows)


def of(row):
    return BacktestDepth.objects.get(backtest=row).facts


def test_the_net_is_what_fee_and_postage_leave(store):
    # 200 orders of 200.00 at a cost of 60.00: 20 off, 5 % of 180.00 and 8.00 postage leave 103.00 of each.
    priced(store, *orders_of("A", 200, goods_cents=20_000, paid_cents=20_000))
    offer = add_offer(store.shop, coupon(), by=store.owner, now=store.now)

    row = backtest(
        store.shop, [offer], *NOVEMBER, by=store.owner, clock=store.clock, terms=CostTerms(500, 800)
    )
    facts = of(row)

    assert facts["terms"] == {"fee_bp": 500, "postage_cents": 800}
    assert facts["net"]["after_net_cents"] == 200 * 10_300
    assert facts["net"]["listed_net_cents"] == facts["net"]["paid_net_cents"] == 200 * 12_200
    assert facts["net"]["goods_rate_bp"] == 6_500
    assert Depth(facts, Assumed()).break_even("listed") == BreakEven(1_845, 37), "12,200 / 10,300 = 1.18447"
    assert (facts["steps"], facts["off_cents"]) == ([19_900], 2_000)
    assert facts["losing"] == []


def test_the_orders_at_a_loss_stand_with_all_that_they_cost(store):
    rows = orders_of("A", 110, goods_cents=20_000, paid_cents=20_000)
    priced(store, *rows, cost=17_500)
    offer = add_offer(store.shop, coupon(), by=store.owner, now=store.now)

    facts = of(backtest(store.shop, [offer], *NOVEMBER, by=None, clock=store.clock, terms=CostTerms(500, 0)))

    assert len(facts["losing"]) == 100, "of 110 the first hundred"
    assert facts["losing"][0] == {
        "order_id": "A001", "listed_cents": 20_000, "after_cents": 18_000, "cost_cents": 17_500, "beside_cents": 0,
        "fee_cents": 900, "postage_cents": 0, "net_cents": -400, "offer_ids": [f"offer-{offer.pk}"],
    }  # fmt: skip
    assert facts["net"]["losing_after"] == 110
    assert Depth(facts, Assumed()).break_even("listed") == NoBreakEven("no_margin")


def test_without_any_cost_nothing_is_said_of_profit(store):
    store.sold(*orders_of("A", 120, goods_cents=20_000, paid_cents=20_000))
    offer = add_offer(store.shop, coupon(), by=store.owner, now=store.now)

    depth = Depth(of(backtest(store.shop, [offer], *NOVEMBER, by=None, clock=store.clock)), Assumed())

    assert depth.break_even("paid") == NoBreakEven("cost_unknown")
    assert (depth.rate_bp, depth.fill_up) == (None, None)
    assumed = Depth(depth.facts, Assumed(rate=40)).fill_up
    assert assumed is not None
    assert (assumed.rate_bp, assumed.off_cents) == (4_000, 2_000)


def test_without_a_step_of_its_own_a_tenth_of_the_middle_order_is_tried(store):
    priced(store, *orders_of("A", 120, goods_cents=23_400, paid_cents=23_400))
    tenth = {"name": "九折", "layer": "item", "mechanic": "percent_off", "terms": {"pay_bp": 9_000}}
    row = backtest(store.shop, [tenth | {"offer_id": "t"}], *NOVEMBER, by=None, clock=store.clock)
    assert Depth(of(row), Assumed()).off_cents == 2_100, "the middle order is 210.60 after the discount"


def test_buyers_are_told_by_what_they_had_bought_before(store):
    # Persons 1 to 40 bought in October, and 1 to 10 twice; 41 to 120 come for the first time; ten orders have no buyer.
    october = [bought(f"O{n}", n, date(2025, 10, 5)) for n in range(1, 41)]
    again = [bought(f"P{n}", n, date(2025, 10, 6)) for n in range(1, 11)]
    now = orders_of("A", 120, goods_cents=20_000, paid_cents=20_000)
    nobody = [row | {"order_id": f"N{n}", "customer_id": None} for n, row in enumerate(now[:10])]
    store.sold(*october, *again, *now, *nobody)
    offer = add_offer(store.shop, coupon(), by=store.owner, now=store.now)
    people = SegmentPeople("十月买过", np.arange(1, 41))

    facts = of(backtest(store.shop, [offer], *NOVEMBER, by=None, clock=store.clock, segments=[people]))

    assert [(one["key"], one["orders"], one["discount_cents"]) for one in facts["history"]] == [
        ("first", 80, 160_000), ("second", 30, 60_000), ("third_to_fifth", 10, 20_000), ("unknown", 10, 20_000),
    ]  # fmt: skip
    assert [(one["key"], one["orders"], one["discount_cents"]) for one in facts["segments"]] == [
        ("十月买过", 40, 80_000)
    ]
    assert facts["since_day"] == (date(2025, 10, 5) - date(1970, 1, 1)).days


def test_a_refused_period_stores_nothing_deeper(store):
    store.sold(*orders_of("A", 20))
    offer = add_offer(store.shop, coupon(), by=store.owner, now=store.now)
    backtest(store.shop, [offer], *NOVEMBER, by=None, clock=store.clock)
    assert not BacktestDepth.objects.exists()


def test_several_plans_are_stored_together_or_not_at_all(store):
    store.sold(*orders_of("A", 120, goods_cents=40_000, paid_cents=40_000))
    plans = [[steps((30_000, off)) | {"offer_id": "s"}] for off in (2_000, 3_000)]

    made = backtest_plans(store.shop, plans, *NOVEMBER, by=None, clock=store.clock)
    assert [row.result["discount_cents"] for row in made] == [240_000, 360_000]
    assert [of(row)["off_cents"] for row in made] == [2_000, 3_000]

    with pytest.raises(OfferRefused):
        backtest_plans(store.shop, [plans[0], [*plans[0], *plans[0]]], *NOVEMBER, by=None, clock=store.clock)
    assert Backtest.objects.count() == 2


def test_assumptions_are_kept_with_who_changed_them(store):
    store.sold(*orders_of("A", 120, goods_cents=40_000, paid_cents=40_000))
    offer = add_offer(store.shop, coupon(), by=store.owner, now=store.now)
    row = BacktestDepth.objects.get(
        backtest=backtest(store.shop, [offer], *NOVEMBER, by=None, clock=store.clock)
    )
    before = row.facts

    assume(row, Assumed(limit=20, off_cents=3_000), by=store.owner, now=store.now)

    row.refresh_from_db()
    assert Assumed.read(row.assumed) == Assumed(limit=20, off_cents=3_000)
    assert row.facts == before
    assert AuditEvent.objects.filter(act="backtest.assume", subject=str(row.backtest_id)).count() == 1
    assert Assumed.read({"limit": 5, "of another time": 1}) == Assumed(limit=5)

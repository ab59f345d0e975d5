"""Backtests on small facts against figures worked out by hand."""

from datetime import date, datetime

import pytest

from laoke.promotions.backtesting import LOSSES, BacktestRefused, backtest, orders_until, usual_period
from laoke.promotions.models import Backtest
from laoke.promotions.offers import OfferRefused, add_offer
from laoke.shops.models import CatalogEntry
from laoke.shops.setup import add_shop
from tests.campaigns.stores import bought, line_of, make_store, product
from tests.promotions_rows.test_offers import coupon, steps

NOVEMBER = (date(2025, 11, 1), date(2025, 11, 30))


def orders_of(first, number, **given):
    return [bought(f"{first}{n}", n, date(2025, 11, 11), **given) for n in range(1, number + 1)]


def test_totals_against_hand_computed_figures(store):
    # 100 orders of 100 yuan (below the threshold), 200 of 400 yuan paid at 390: 满 300 减 40.
    store.sold(
        *orders_of("S", 100),
        *orders_of("L", 200, goods_cents=40_000, paid_cents=40_000, postage_cents=1_000, refunded_cents=500),
        bought("before", 1, date(2025, 10, 31), goods_cents=90_000),
        bought("unpaid", 1, date(2025, 11, 11), status="unpaid", goods_cents=90_000),
    )
    offer = add_offer(store.shop, steps((30_000, 4_000)), by=store.owner, now=store.now)

    row = backtest(store.shop, [offer], *NOVEMBER, by=store.owner, clock=store.clock)

    told = row.result
    assert (told["orders"], told["discounted_orders"], told["discount_cents"]) == (300, 200, 200 * 4_000)
    assert told["list_cents"] == 100 * 10_000 + 200 * 40_000
    assert told["revenue_before_cents"] == 100 * 10_000 + 200 * 39_000
    assert told["revenue_after_cents"] == 100 * 10_000 + 200 * 36_000
    assert told["margin_before_cents"] is None and told["loss_examples"] == []
    assert [told[name] for name in LOSSES] == [None] * 4, "no cost is known, so no loss is"
    assert told["basis"] == {"orders_with_lines": 0, "orders_with_totals": 300}
    assert told["offers"] == [
        {
            "offer_id": f"offer-{offer.pk}", "qualifying_orders": 200, "used_orders": 200,
            "discount_cents": 800_000, "gift_pieces": 0,
        }
    ]  # fmt: skip


def test_lines_with_costs_give_margins_and_the_orders_at_a_loss(store):
    # Two pieces at 100 each, cost 60 and 95: with 20 off from 199 on, paid 180 against 155; one order of P2 alone: no
    # discount. Orders of two P2 cost 190: 180 is a loss of 10.
    mixed, twice, single = orders_of("M", 50), orders_of("T", 40), orders_of("X", 20)
    for rows, paid in ((mixed, 20_000), (twice, 20_000), (single, 10_000)):
        for row in rows:
            row |= {"goods_cents": paid, "paid_cents": paid}
    store.wrote("products", [product("P1", 6_000), product("P2", 9_500)])
    store.wrote(
        "order_lines",
        [line_of(row) for row in mixed]
        + [line_of(row, 2, product_id="P2") for row in mixed]
        + [line_of(row, product_id="P2", quantity=2, paid_cents=20_000) for row in twice]
        + [line_of(row, product_id="P2") for row in single],
    )
    store.sold(*mixed, *twice, *single)
    offer = add_offer(store.shop, coupon(), by=store.owner, now=store.now)

    told = backtest(store.shop, [offer], *NOVEMBER, by=store.owner, clock=store.clock).result

    assert told["discount_cents"] == 90 * 2_000
    assert told["cost_cents"] == 50 * 15_500 + 40 * 19_000 + 20 * 9_500
    assert told["margin_before_cents"] == 50 * 4_500 + 40 * 1_000 + 20 * 500
    assert told["margin_after_cents"] == 50 * 2_500 + 40 * -1_000 + 20 * 500
    assert (told["loss_orders_before"], told["loss_orders_after"], told["loss_cents_after"]) == (
        0,
        40,
        40_000,
    )
    assert len(told["loss_examples"]) == 40
    assert told["loss_examples"][0] == {"order_id": "T1", "loss_cents": 1_000}


def test_a_product_without_cost_takes_its_order_out_of_the_margins(store):
    rows = orders_of("M", 120)
    store.wrote("products", [product("P1", 6_000), product("P2", None)])
    store.wrote(
        "order_lines", [line_of(row, product_id="P1" if n < 100 else "P2") for n, row in enumerate(rows)]
    )
    store.sold(*rows)
    offer = add_offer(store.shop, coupon(terms={"threshold_cents": 5_000}), by=None, now=store.now)

    told = backtest(store.shop, [offer], *NOVEMBER, by=None, clock=store.clock).result

    assert (told["cost_known_orders"], told["cost_unknown_orders"]) == (100, 20)
    assert told["margin_after_cents"] == 100 * (8_000 - 6_000)


def test_examples_stop_at_a_hundred(store):
    rows = orders_of("M", 150)
    store.wrote("products", [product("P1", 9_900)])
    store.wrote("order_lines", [line_of(row) for row in rows])
    store.sold(*rows)
    offer = add_offer(store.shop, coupon(terms={"threshold_cents": 5_000}), by=None, now=store.now)

    told = backtest(store.shop, [offer], *NOVEMBER, by=None, clock=store.clock).result

    assert (told["loss_orders_after"], len(told["loss_examples"])) == (150, 100)


def test_too_few_orders_are_refused_with_how_many_are_needed_and_no_other_figure(store):
    store.sold(*orders_of("S", 20, goods_cents=40_000))
    offer = add_offer(store.shop, coupon(), by=None, now=store.now)

    told = backtest(store.shop, [offer], *NOVEMBER, by=None, clock=store.clock).result

    assert told == {
        "refused": "too_few_orders", "orders": 20, "needed_orders": 100,
        "basis": {"orders_with_lines": 0, "orders_with_totals": 20},
    }  # fmt: skip


def test_the_catalog_entry_is_named_and_pinned(store):
    store.sold(*orders_of("S", 20))
    offer = add_offer(store.shop, coupon(), by=None, now=store.now)

    row = backtest(store.shop, [offer], *NOVEMBER, by=None, clock=store.clock)

    assert CatalogEntry.objects.get(pk=row.catalog_ref).pinned


def test_another_shops_orders_are_not_priced(store):
    other = make_store("另一家店")
    store.sold(*orders_of("S", 120, goods_cents=40_000), publish=False)
    other.sold(*[bought(f"O{n}", 1_000 + n, date(2025, 11, 11)) for n in range(130)])
    offer = add_offer(store.shop, coupon(), by=None, now=store.now)

    assert backtest(store.shop, [offer], *NOVEMBER, by=None, clock=store.clock).result["orders"] == 120


def test_offers_that_are_not_stored_may_be_replayed(store):
    store.sold(*orders_of("S", 120, goods_cents=40_000))

    row = backtest(store.shop, [coupon(offer_id="try")], *NOVEMBER, by=None, clock=store.clock)

    assert row.result["discounted_orders"] == 120
    assert (row.offers[0]["row"], row.offers[0]["what"]) == (None, "满 199 券减 20")


def test_what_cannot_be_replayed_is_refused_and_not_stored(store):
    with pytest.raises(BacktestRefused, match="no_facts"):
        backtest(store.shop, [coupon(offer_id="try")], *NOVEMBER, by=None, clock=store.clock)
    store.sold(*orders_of("S", 20))
    with pytest.raises(BacktestRefused, match="no_offers"):
        backtest(store.shop, [], *NOVEMBER, by=None, clock=store.clock)
    with pytest.raises(BacktestRefused, match="period"):
        backtest(store.shop, [coupon(offer_id="a")], *reversed(NOVEMBER), by=None, clock=store.clock)
    with pytest.raises(OfferRefused):
        backtest(
            store.shop, [coupon(offer_id="a"), coupon(offer_id="a")], *NOVEMBER, by=None, clock=store.clock
        )
    assert not Backtest.objects.exists()


def test_the_usual_period_is_last_years_event_or_the_last_90_days():
    today = date(2026, 10, 20)
    assert usual_period(today, date(2026, 11, 11)) == (date(2025, 11, 1), date(2025, 11, 21))
    assert usual_period(today) == (date(2026, 7, 22), date(2026, 10, 19))
    assert usual_period(today, date(2024, 2, 29)) == (date(2024, 2, 19), date(2024, 3, 10))


def test_the_usual_period_ends_where_the_orders_end():
    today, known = date(2026, 11, 29), date(2018, 12, 31)
    assert usual_period(today, date(2026, 12, 12), known) == (date(2018, 12, 2), date(2018, 12, 22))
    assert usual_period(today, date(2026, 12, 30), known) == (date(2017, 12, 20), date(2018, 1, 9))
    assert usual_period(today, None, known) == (date(2018, 10, 3), date(2018, 12, 31))


def test_the_orders_of_one_shop_end_where_they_end_whatever_another_has(store):
    store.sold(bought("last", 1, date(2025, 11, 30)), bought("before", 1, date(2025, 11, 11)))

    assert orders_until(store.shop) == date(2025, 11, 30)
    assert orders_until(add_shop("空店", now=datetime(2026, 1, 1))) is None

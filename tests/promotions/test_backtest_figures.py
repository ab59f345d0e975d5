"""The arithmetic of a backtest: figures from columns, sums that add up, and refusals of broken columns."""

from typing import Any

import numpy as np
import pytest

from laoke.promotions.columnar import (
    BasketColumns,
    backtest_figures,
    columns_from_lines,
    columns_from_totals,
    loss_baskets,
    price_baskets,
)
from laoke.promotions.columnar.figures import BacktestFigures
from laoke.promotions.engine import (
    DiscountStep,
    EngineError,
    Layer,
    Offer,
    Scope,
    ShopCoupon,
    ThresholdDiscount,
)
from tests.promotions.doc_examples import cents, sections, tables

SHOP = Offer("shop", Layer.SHOP, ThresholdDiscount((DiscountStep(10_000, 2_000),)))


def example() -> tuple[BasketColumns, list[int], dict[str, str], list[dict[str, str]]]:
    """E21 of the pricing page: columns, what was paid, the figures it promises, its orders."""
    orders, figures = tables(sections()["E21"])
    costs = [-1 if row["cost"] == "unknown" else cents(row["cost"]) for row in orders]
    columns = columns_from_totals([cents(row["goods"]) for row in orders], costs)
    return (
        columns,
        [cents(row["paid then"]) for row in orders],
        {r["figure"]: r["value"] for r in figures},
        orders,
    )


def test_e21_the_figures_of_a_backtest() -> None:
    columns, paid, promised, orders = example()
    priced = price_baskets(columns, [SHOP])
    assert priced.payable_cents.tolist() == [cents(row["payable now"]) for row in orders]
    assert priced.discount_cents[0].tolist() == [cents(row["discount"]) for row in orders]
    figures = backtest_figures(columns, priced, np.array(paid))
    assert {
        "orders": figures.orders,
        "qualifying orders": figures.offers[0].qualifying_orders,
        "cost unknown, orders": figures.cost_unknown_orders,
        "loss orders before": figures.loss_orders_before,
        "loss orders after": figures.loss_orders_after,
    } == {name: int(value) for name, value in promised.items() if "." not in value}
    assert {
        "discount given": figures.discount_cents,
        "revenue before": figures.revenue_before_cents,
        "revenue after": figures.revenue_after_cents,
        "margin before": figures.margin_before_cents,
        "margin after": figures.margin_after_cents,
        "loss after": figures.loss_cents_after,
    } == {name: cents(value) for name, value in promised.items() if "." in value}


def test_a_small_period_is_refused_with_the_number_it_needs() -> None:
    columns, _, _, _ = example()
    figures = backtest_figures(columns, price_baskets(columns, [SHOP]))
    assert figures.refusal is not None
    assert (figures.refusal.found, figures.refusal.needed) == (4, 100)
    assert figures.to_dict()["refused"] == "too_few_orders"


def test_a_long_period_is_answered() -> None:
    columns = columns_from_totals(np.tile([9_000, 12_000], 200))
    figures = backtest_figures(columns, price_baskets(columns, [SHOP]))
    assert (figures.orders, figures.needed_orders, figures.refusal) == (400, 386, None)
    assert (figures.margin_before_cents, figures.margin_after_cents) == (None, None)
    assert figures.to_dict()["mean_discount_cents"] == 1000


def test_a_period_priced_in_pieces_adds_up() -> None:
    goods = np.arange(5_000, 25_000, 7)
    costs = goods * 9 // 10
    whole = _figures(goods, costs)
    assert _figures(goods[:1000], costs[:1000]) + _figures(goods[1000:], costs[1000:]) == whole
    assert whole.sums.cents_squared == whole.offers[0].used_orders * 2_000**2


def test_figures_of_different_offers_do_not_add_up() -> None:
    columns = columns_from_totals([100])
    other = Offer("other", Layer.SHOP, SHOP.mechanic)
    with pytest.raises(ValueError, match="do not add up"):
        backtest_figures(columns, price_baskets(columns, [SHOP])) + backtest_figures(
            columns, price_baskets(columns, [other])
        )


def test_the_orders_below_cost_come_largest_loss_first() -> None:
    columns = columns_from_totals([10_000, 10_000, 10_000, 10_000], [8_500, 9_999, 7_000, -1])
    positions, losses = loss_baskets(columns, price_baskets(columns, [SHOP]))
    assert positions.tolist() == [1, 0]
    assert losses.tolist() == [1_999, 500]


def test_a_coupon_is_open_to_all_unless_the_caller_says_to_whom() -> None:
    columns = columns_from_totals([5_000, 5_000])
    coupon = Offer("coupon", Layer.COUPON, ShopCoupon(5_000, 500))
    assert price_baskets(columns, [coupon]).payable_cents.tolist() == [4_500, 4_500]
    some = price_baskets(columns, [coupon], {"coupon": np.array([False, True])})
    assert some.payable_cents.tolist() == [5_000, 4_500]
    assert some.reached.tolist() == [[False, True]]


def test_lines_become_columns_by_order_with_categories() -> None:
    columns, orders = columns_from_lines(
        ["b", "b", "a"], ["p2", "p1", "p2"], [1, 2, 1], [100, 200, 300], [-1, 5, 6], {"p2": "hats"}
    )
    assert orders.tolist() == ["b", "a"]
    assert columns.offsets.tolist() == [0, 2, 3]
    assert columns.product_ids == ("p1", "p2")
    assert columns.categories == ("", "hats")
    assert columns.product.tolist() == [1, 0, 1]
    costs, known = columns.basket_costs()
    assert (costs.tolist(), known.tolist()) == ([0, 6], [False, True])


def test_no_baskets_give_no_figures() -> None:
    columns, _ = columns_from_lines([], [], [], [], [], {})
    figures = backtest_figures(columns, price_baskets(columns, [SHOP]))
    assert (figures.orders, figures.discount_cents, figures.needed_orders) == (0, 0, 100)
    assert figures.sums.mean_cents is None


def test_without_offers_everything_costs_its_price() -> None:
    columns = columns_from_totals([5_000])
    assert price_baskets(columns, []).payable_cents.tolist() == [5_000]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"offsets": [0, 0, 2]}, "broken_offsets"),
        ({"offsets": [0, 1]}, "broken_offsets"),
        ({"quantity": [1]}, "unequal_length"),
        ({"quantity": [0, 1]}, "out_of_range"),
        ({"unit_price_cents": [-1, 1]}, "out_of_range"),
        ({"unit_price_cents": [1, 3_000_000_001]}, "basket_too_large"),
        ({"product": [0, 5]}, "unknown_product_number"),
        ({"categories": ()}, "unequal_length"),
    ],
)
def test_broken_columns_are_refused(change: dict[str, Any], code: str) -> None:
    given: dict[str, Any] = {
        "offsets": [0, 1, 2],
        "product": [0, 0],
        "quantity": [1, 1],
        "unit_price_cents": [1, 1],
        "cost_cents": [1, 1],
        "product_ids": ("p",),
        "categories": ("",),
    } | change
    arrays = {name: value if isinstance(value, tuple) else np.array(value) for name, value in given.items()}
    with pytest.raises(EngineError) as refused:
        BasketColumns(**arrays)
    assert refused.value.code == code


def test_lines_of_one_order_must_lie_together() -> None:
    with pytest.raises(EngineError) as refused:
        columns_from_lines(["a", "b", "a"], ["p"] * 3, [1] * 3, [1] * 3, [1] * 3, {})
    assert refused.value.code == "order_not_together"


def test_eligibility_must_name_known_offers_and_fit() -> None:
    columns = columns_from_totals([100])
    for eligible, code in (
        ({"x": np.array([True])}, "unknown_offer"),
        ({"shop": np.array([])}, "unequal_length"),
    ):
        with pytest.raises(EngineError) as refused:
            price_baskets(columns, [SHOP], eligible)
        assert refused.value.code == code


def test_arrays_of_other_kinds_are_priced_without_compiling_again() -> None:
    from laoke.promotions.columnar import kernel

    price_baskets(columns_from_totals([20_000]), [SHOP])
    compiled = len(kernel.price_baskets.signatures)
    goods = np.array([20_000], dtype=np.int32)
    goods.flags.writeable = False
    one = np.array([1])
    columns = BasketColumns(np.array([0, 1], np.int32), one - 1, one, goods, one, ("p",), ("",))
    assert price_baskets(columns, [SHOP]).payable_cents.tolist() == [18_000]
    assert len(kernel.price_baskets.signatures) == compiled


def test_the_largest_basket_allowed_does_not_overflow() -> None:
    half = 1_500_000_000
    columns, _ = columns_from_lines(["a", "a"], ["p", "q"], [1, 1], [half, half], [-1, -1], {})
    offer = Offer("shop", Layer.SHOP, ThresholdDiscount((DiscountStep(2 * half, 2 * half - 1),)))
    priced = price_baskets(columns, [offer])
    assert priced.line_payable_cents.tolist() == [0, 1]
    assert backtest_figures(columns, priced).sums.cents_squared == (2 * half - 1) ** 2


def test_offers_on_products_find_nothing_where_lines_are_not_known() -> None:
    offer = Offer("shop", Layer.SHOP, SHOP.mechanic, scope=Scope(product_ids=frozenset({"p"})))
    assert price_baskets(columns_from_totals([20_000]), [offer]).payable_cents.tolist() == [20_000]


def _figures(goods: Any, costs: Any) -> BacktestFigures:
    columns = columns_from_totals(goods, costs)
    return backtest_figures(columns, price_baskets(columns, [SHOP]))

"""The figures of a backtest as its pages write them: of the same orders, of the whole, and rounded the right way."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from laoke.promotions.deepening import Assumed, Depth
from laoke.promotions.depth.break_even import break_even
from laoke.promotions.depth.thresholds import FillUp, step_figures
from laoke.promotions.depth.values import order_values
from laoke.web.charts.backtests import steps_table
from laoke.web.pages.offers import comparisons
from laoke.web.pages.offers.depth import _segments, history_table
from laoke.web.pages.offers.depth_words import break_even_facts, lift_text


def plan(name: str, known: int, before: int, after: int) -> Any:
    """A plan that knows the cost of so many orders, and what they left before and leave after."""
    result = {
        "orders": 100, "discounted_orders": 50, "discount_cents": 20_000, "list_cents": 1_000_000,
        "revenue_after_cents": 980_000, "cost_known_orders": known, "margin_before_cents": before,
        "margin_after_cents": after,
    }  # fmt: skip
    net = {
        "orders": known, "listed_net_cents": before, "paid_net_cents": before, "after_net_cents": after,
        "losing_after": 3, "loss_after_cents": 300,
    }  # fmt: skip
    depth = SimpleNamespace(facts={"net": net}, assumed={})
    return name, SimpleNamespace(result=result, depth=depth, offers=[{"what": name}])


def side_by_side(*plans: Any) -> tuple[Any, dict[str, Any]]:
    told = [comparisons.plan_figures(one) for _name, one in plans]
    table = comparisons._table(plans, told)
    return comparisons._verdict(plans, told), {str(row.cells[0]): row.cells[1:] for row in table.rows}


COSTED = ("毛利（元）", "净利（元）", "会亏的订单", "亏损（元）", "要多卖才回本")


def test_plans_whose_costs_are_known_of_different_orders_are_not_held_against_each_other() -> None:
    # B gives a gift of unknown cost to forty orders, so that its net is of sixty.
    verdict, rows = side_by_side(plan("满减", 100, 50_000, 40_000), plan("送布袋", 60, 30_000, 29_000))

    assert (str(verdict.title), verdict.tone) == ("说不出哪个最赚", "warn")
    assert "成本已知的订单不一样" in str(verdict.text)
    assert [cell.value for cell in rows["成本已知的订单"]] == ["100", "60"]
    assert rows["成本已知的订单"][1].sub == "−40"
    for name in COSTED:
        assert [(cell.tone, cell.sub) for cell in rows[name]] == [("", ""), ("", "")], name
    assert [cell.value for cell in rows["净利（元）"]] == ["400.00", "290.00"]
    assert {cell.tone for cells in rows.values() for cell in cells} == {""}


def test_as_many_orders_that_are_others_are_not_the_same() -> None:
    verdict, rows = side_by_side(plan("送杯子", 60, 30_000, 29_000), plan("送布袋", 60, 31_000, 29_500))
    assert str(verdict.title) == "说不出哪个最赚"
    assert {cell.tone for name in COSTED for cell in rows[name]} == {""}


def test_plans_on_the_same_orders_are_compared() -> None:
    verdict, rows = side_by_side(plan("满减", 100, 50_000, 40_000), plan("打折", 100, 50_000, 45_000))
    assert str(verdict.title) == "B 打折 净利最高"
    assert rows["净利（元）"][1].tone == "best" and rows["净利（元）"][1].sub == "+50.00"
    assert rows["亏损（元）"][0].tone == "bad"


def group(key: str, cents: int) -> dict[str, Any]:
    return {
        "key": key, "orders": 2, "helped": 1, "listed_cents": 20_000, "discount_cents": cents, "net_cents": None,
    }  # fmt: skip


def test_the_share_of_a_segment_is_of_the_whole_discount() -> None:
    facts = {"history": [group("first", 1_200), group("unknown", 800)], "segments": [group("常客", 500)]}
    depth = Depth(facts, Assumed())
    segments = _segments(depth)

    assert segments is not None
    assert segments.rows[0].cells[6] == "25.0%"
    assert [row.cells[6] for row in history_table(depth).rows] == ["60.0%", "40.0%"]


@pytest.mark.parametrize(
    ("orders", "before", "after", "shown", "extra"),
    [
        (200, 100_000, 81_300, "23.01%", 47),  # 23.001 %
        (10_000, 1_000_000, 999_700, "0.04%", 4),  # 0.03001 %
        (100, 50_000, 40_000, "25.00%", 25),
        (100, 2_000_000, 100_000, "1,900.00%", 1_900),
    ],
)
def test_the_lift_that_pays_is_never_shown_lower_than_it_takes(
    orders: int, before: int, after: int, shown: str, extra: int
) -> None:
    from laoke.config.commands.pricing import _lift_text

    net = {"orders": orders, "listed_net_cents": before, "paid_net_cents": before, "after_net_cents": after}
    facts = break_even_facts(Depth({"net": net}, Assumed()))

    assert lift_text(break_even(orders, before, after)) == f"+{shown}"
    assert facts.facts[0][1] == f"订单要多 {shown}，也就是多 {extra:,} 单"
    stored = {
        "net": net, "terms": {"fee_bp": 0, "postage_cents": 0}, "history": [], "off_cents": 100,
        "values": order_values(np.array([10_000])).told(), "steps": [],
    }  # fmt: skip
    net["goods_rate_bp"] = None  # type: ignore[assignment]
    row: Any = SimpleNamespace(depth=SimpleNamespace(facts=stored, assumed={}))
    assert _lift_text(row) == f"比不打折多 {shown.replace(',', '')}，{extra:,} 单"


def test_how_many_must_fill_up_is_shown_to_the_hundredth_of_a_percent() -> None:
    orders = order_values(np.array([25_000, 25_000, 28_000, 29_000, 31_000]))
    table = steps_table([step_figures(orders, 30_000, FillUp(1_000, 4_000))], "")
    assert table.rows[0].cells[-1] == "83.34%"


def test_a_difference_of_lifts_is_of_what_is_shown() -> None:
    _verdict, rows = side_by_side(plan("满减", 100, 100_000, 81_300), plan("打折", 100, 100_000, 80_000))
    assert [cell.value for cell in rows["要多卖才回本"]] == ["+23.01%", "+25.00%"]
    assert rows["要多卖才回本"][1].sub == "+1.99 点"

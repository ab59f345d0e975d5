"""The figures of a backtest as its pages write them: of the same orders, of the whole, and rounded the right way."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from laoke.promotions.deepening import Assumed, Depth
from laoke.promotions.depth.break_even import break_even
from laoke.promotions.depth.thresholds import FillUp, own_steps, step_figures
from laoke.promotions.depth.values import order_values
from laoke.web.charts.backtests import steps_table
from laoke.web.pages.offers import comparisons
from laoke.web.pages.offers.backtest_page import _key
from laoke.web.pages.offers.depth import _best, _own_steps, _segments, history_table
from laoke.web.pages.offers.depth_words import (
    break_even_facts,
    idle_notice,
    lift_kpi,
    lift_text,
    totals_words,
    verdict,
)


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


@pytest.mark.parametrize(("orders", "note"), [(100, ""), (4_000, "；只算成本已知的单")])
def test_more_orders_are_more_of_those_whose_cost_is_known(orders: int, note: str) -> None:
    net = {"orders": 100, "listed_net_cents": 50_000, "paid_net_cents": 0, "after_net_cents": 40_000}
    kpi = lift_kpi(Depth({"net": net, "history": [{"orders": orders}]}, Assumed()))
    assert (str(kpi.value), str(kpi.note)) == ("+25.00%", f"25 单，和不打折比{note}")


def test_how_many_must_fill_up_is_shown_to_the_hundredth_of_a_percent() -> None:
    orders = order_values(np.array([25_000, 25_000, 28_000, 29_000, 31_000]))
    table = steps_table([step_figures(orders, 30_000, FillUp(1_000, 4_000))], "")
    assert table.rows[0].cells[-1] == "83.34%"


def test_a_difference_of_lifts_is_of_what_is_shown() -> None:
    _verdict, rows = side_by_side(plan("满减", 100, 100_000, 81_300), plan("打折", 100, 100_000, 80_000))
    assert [cell.value for cell in rows["要多卖才回本"]] == ["+23.01%", "+25.00%"]
    assert rows["要多卖才回本"][1].sub == "+1.99 点"


def replayed(basis: tuple[int, int], *offers: tuple[str, bool, int, int]) -> Any:
    """A backtest of (with lines, totals only) orders; of each offer its name, whether it needs lines, how many orders
    reached and used it."""
    return SimpleNamespace(
        offers=[
            {"offer_id": name, "name": name, "needs_lines": needs} for name, needs, _reached, _used in offers
        ],
        result={
            "basis": {"orders_with_lines": basis[0], "orders_with_totals": basis[1]},
            "offers": [
                {"offer_id": name, "qualifying_orders": reached, "used_orders": used}
                for name, _needs, reached, used in offers
            ],
        },
    )


def test_orders_with_only_a_total_name_the_offers_that_leave_them_unpriced() -> None:
    price, rate, pieces = ("一口价", True, 5, 5), ("满减", False, 9, 9), ("满 2 件", True, 3, 3)

    assert totals_words(replayed((10, 1_200), price, rate, pieces)) == (
        "其中 1,200 单只有总额，没有明细，这些优惠没算到它们头上：一口价、满 2 件"
    )
    assert totals_words(replayed((10, 1_200), rate)) == "其中 1,200 单只有总额，没有明细"
    assert totals_words(replayed((10, 0), price)) == ""


def test_an_offer_is_not_called_idle_where_no_order_could_show_it() -> None:
    blind, idle, used = ("满 2 件", True, 0, 0), ("满 9999", False, 0, 0), ("满减", False, 9, 9)

    assert idle_notice(replayed((0, 500), blind, used)) is None
    both = idle_notice(replayed((0, 500), blind, idle, used))
    assert both is not None and both.text == "没有一单够得着：满 9999"
    seen = idle_notice(replayed((100, 400), blind, used))
    assert seen is not None and seen.text == "没有一单够得着：满 2 件"


def judged(
    known: int, gross: tuple[int, int], net: tuple[int, int], fee_bp: int = 500, used: int = 50
) -> tuple[str, str, str]:
    result = {
        "orders": 100, "cost_known_orders": known, "discounted_orders": used, "offers": [{"used_orders": used}],
        "loss_orders_before": gross[0], "loss_orders_after": gross[1],
    }  # fmt: skip
    facts = {
        "terms": {"fee_bp": fee_bp, "postage_cents": 0},
        "net": {"losing_paid": net[0], "losing_after": net[1]},
    }
    found = verdict(result, Depth(facts, Assumed()))
    return str(found.title), found.tone, str(found.text)


def test_the_verdict_counts_fee_and_postage() -> None:
    assert judged(100, (0, 0), (3, 40)) == (
        "有的单会亏",
        "warn",
        "算上扣点和运费，会亏的有 40 单，当时是 3 单；先看下面的单子，再调门槛或排除商品。",
    )
    assert judged(100, (9, 4), (9, 4), fee_bp=0) == (
        "不会多亏",
        "ok",
        "会亏的有 4 单，当时是 9 单；这是顾客行为不变时的结果。",
    )


def test_the_verdict_says_of_how_many_orders_it_knows() -> None:
    assert judged(2, (0, 0), (0, 0)) == (
        "成本已知的单不会多亏",
        "",
        "算上扣点和运费，会亏的有 0 单，当时是 0 单；只看了成本已知的 2 单，另外 98 单不知道；"
        "这是顾客行为不变时的结果。",
    )


def test_an_offer_of_gifts_alone_is_used() -> None:
    result = {
        "orders": 100, "cost_known_orders": 100, "discounted_orders": 0, "offers": [{"used_orders": 80}],
        "loss_orders_before": 0, "loss_orders_after": 0,
    }  # fmt: skip
    assert str(verdict(result, None).title) == "不会多亏"
    nobody = result | {"offers": [{"used_orders": 0}]}
    assert str(verdict(nobody, None).title) == "没有人用得上"


LADDER = {
    "offer_id": "a", "name": "满减", "layer": "shop", "mechanic": "threshold_discount", "what": "", "row": None,
    "assumed": "", "needs_lines": False,
    "terms": {"steps": [
        {"threshold_cents": 20_000, "off_cents": 2_000}, {"threshold_cents": 30_000, "off_cents": 5_000}
    ]},
}  # fmt: skip
FACE = {
    "offer_id": "b", "name": "券", "layer": "coupon", "mechanic": "shop_coupon",
    "terms": {"threshold_cents": 10_000, "face_cents": 500},
}  # fmt: skip


def test_each_step_of_a_plan_is_weighed_by_what_it_takes_off_itself() -> None:
    steps = [10_000, 20_000, 30_000]
    values = order_values(np.array([9_500, 15_000, 25_000, 35_000]), steps)
    facts = {"values": values.told(), "steps": steps, "off_cents": 2_000, "terms": {"fee_bp": 0}}
    row: Any = SimpleNamespace(offers=[LADDER, FACE])

    table = _own_steps(row, Depth(facts, Assumed()), FillUp(2_000, 4_000), None)

    assert table is not None
    assert [str(column.label) for column in table.columns[:3]] == ["门槛（元）", "减（元）", "已达到"]
    # 3 orders are over 100 and one is near and lacks 5.00: a fifth of it fills up, (2.00 − 5.00) / 5 − 15.00.
    assert [[str(getattr(cell, "value", cell)) for cell in line.cells] for line in table.rows] == [
        ["100.00", "5.00", "3", "1", "5.00", "−15.90", "−15.60", "−15.30", "全凑也亏"],
        ["200.00", "20.00", "2", "0", "—", "−40.00", "−40.00", "−40.00", "全凑也亏"],
        ["300.00", "30.00", "1", "1", "50.00", "−33.00", "−32.00", "−31.00", "全凑也亏"],
    ]


def test_a_threshold_stands_to_the_cent_in_a_sentence() -> None:
    from laoke.promotions.engine import Layer, Offer, ShopCoupon

    assert own_steps([Offer("c", Layer.COUPON, ShopCoupon(0, 500))]) == [], (
        "without a threshold there is no step"
    )
    values = order_values(np.full(100, 1_230_000), [1_234_550])
    fill = FillUp(1_250, 9_000, likely_bp=10_000, low_bp=10_000, high_bp=10_000)
    facts = {"values": values.told(), "steps": [], "off_cents": 1_250, "terms": {"fee_bp": 0}}

    found = _best(Depth(facts, Assumed()), fill, [step_figures(values, 1_234_550, fill)])

    assert str(found.title) == "满 12,345.50 减 12.50 赚得最多"


def test_plans_of_the_same_names_are_told_apart_by_what_their_offers_say() -> None:
    sale = {"name": "8 折", "what": "8 折", "mechanic": "percent_off", "scope": {}, "row": 1}
    some = sale | {"scope": {"categories": ["枕头"]}}

    def key(*offers: dict[str, Any]) -> Any:
        row: Any = SimpleNamespace(offers=list(offers))
        return _key(row)

    assert key(sale) != key(some)
    assert key(sale, some) == key(some | {"row": 2}, sale), "in any order, whatever is noted beside them"

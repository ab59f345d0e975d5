"""The tutorial's first figures are those that the product gives: a demo shop of full size on the day of its words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.flows.commands import Laoke
from tests.flows.documented import DOCS

pytestmark = pytest.mark.timeout(600)

NAME, START = "双11 2026", "2026-10-31 10:00"
LAPSED = "bought(2+, within 365d) and not bought(within 90d)"


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The figures of the first four steps, as the pages write them."""
    laoke = Laoke(tmp_path_factory.mktemp("tutorial") / "home")
    laoke("demo", "--start", START)
    frozen = f"={START}"
    customers = laoke("segment", "count", "everyone", now=frozen)["count"]
    lapsed = laoke("segment", "count", LAPSED, now=frozen)["count"]
    planned = laoke("plan", "double11", "--on", "2026-11-11", now=frozen)["campaign"]
    priced = laoke("backtest", NAME, now=frozen)
    return {
        "customers": f"{customers:,}",
        "lapsed": f"{lapsed:,}",
        "target": yuan(planned["target_cents"]),
        "orders": f"{priced['orders']:,}",
        "discounted": f"{priced['discounted_orders']:,}",
        "discount": yuan(priced["discount_cents"]),
        "lost": f"{priced['loss_orders_after']:,}",
        "lost_before": f"{priced['loss_orders_before']:,}",
    }


def yuan(cents: int) -> str:
    return f"{cents // 100:,}.{cents % 100:02d}"


ENGLISH = (
    "there are {customers} customers so far",
    "{lapsed} people who bought at least",
    "a target of ¥ {target}",
    "of {orders} orders {discounted} would have had a discount, ¥ {discount} together",
    "{lost} orders would have been sold at a loss, where last year's own discounts made it {lost_before}",
)
CHINESE = (
    "写着到这时有 {customers} 位",
    "{lapsed} 人一年里买过两次以上",
    "目标 ¥ {target}",
    "{orders} 单里 {discounted} 单会有优惠，一共让利 ¥ {discount}",
    "会亏的 {lost} 单；去年自己的优惠让 {lost_before} 单亏",
)


@pytest.mark.parametrize(("name", "words"), [("README.md", ENGLISH), ("README.zh-CN.md", CHINESE)])
def test_the_figures_of_the_tutorial_are_those_of_the_product(
    told: dict[str, Any], name: str, words: tuple[str, ...]
) -> None:
    page = (Path(DOCS) / "tutorial" / name).read_text(encoding="utf-8")
    assert [said for said in (one.format(**told) for one in words) if said not in page] == []

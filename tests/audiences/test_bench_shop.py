"""The drawn shop of the bench: its features come from its orders, and decisions count the moment they are made."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from django.conf import settings

from laoke.audiences import bench, bench_orders, counting
from laoke.shops.models import Dirty
from laoke.warehouse.store import Warehouse
from tests.audiences.world import NOW, TODAY, World

CUSTOMERS, ORDERS = 500, 2_500


@pytest.fixture
def filled(world: World) -> bench.Filled:
    return bench.fill_shop(world.shop, settings.PLACE, NOW, customers=CUSTOMERS, orders=ORDERS)


def members(filled: bench.Filled, text: str) -> set[int]:
    return set(counting.members(filled.shop, text, TODAY).column("person_id").to_pylist())


def test_every_customer_buys_within_the_months_and_the_same_seed_draws_the_same() -> None:
    last = date(2018, 11, 1)
    first, second = (
        bench_orders.draw_orders(CUSTOMERS, ORDERS, last, np.random.default_rng(7)) for _ in range(2)
    )
    assert len(first.buyers) == len(first.days) == ORDERS
    assert set(first.buyers.tolist()) == set(range(CUSTOMERS))
    assert len(set(first.customers.tolist())) == CUSTOMERS
    assert (first.days[:-1] <= first.days[1:]).all()
    assert date.fromordinal(first.first_day + date(1970, 1, 1).toordinal()) == date(2015, 12, 1)
    assert first.days[0] >= 0 and first.days[-1] <= (last - date(2015, 12, 1)).days
    assert first.customers.tolist() == second.customers.tolist()
    assert first.days.tolist() == second.days.tolist()


def test_the_features_are_those_of_the_drawn_orders(filled: bench.Filled) -> None:
    reader = Warehouse(settings.PLACE.warehouse).reader()
    params = {"shop_id": filled.shop.pk}
    [told] = reader.rows(
        "SELECT count(*) AS people, sum(paid_cents) AS paid FROM customer_features WHERE shop_id = $shop_id",
        params,
    )
    [facts] = reader.rows(
        "SELECT count(*) AS n, sum(paid_cents) AS paid FROM orders WHERE shop_id = $shop_id", params
    )
    [lines] = reader.rows("SELECT count(*) AS n FROM order_lines WHERE shop_id = $shop_id", params)
    assert facts["n"] == ORDERS
    assert told == {"people": CUSTOMERS - CUSTOMERS // 50, "paid": facts["paid"]}
    assert ORDERS // 10 <= lines["n"] <= ORDERS // 10 + 12  # each quarter begins with one


def test_decisions_are_laid_over_what_the_mirrors_hold(filled: bench.Filled, world: World) -> None:
    text = bench.TAG_REACH.format(yuan=bench.FIRST_YUAN)
    buyers = f"bought(2+, within 365d) and spent(>= {bench.FIRST_YUAN}, within 365d)"
    mirrored = members(filled, text)
    bench.decide(filled, world.user, NOW, 50)
    chosen = bench_orders.persons_apart(filled.drawn, 50)
    assert {
        name: Dirty.objects.filter(mirror=name).count() for name in ("customer_tags", "customer_reach")
    } == {"customer_tags": 50, "customer_reach": 50}
    tagged, refused = set(chosen[:25]), set(chosen[40:])
    welcome = (members(filled, buyers) & set(chosen)) - tagged - refused
    assert members(filled, text) == (mirrored - set(chosen)) | welcome
    assert welcome and mirrored & set(chosen)


def test_each_figure_counts_again_with_another_amount(filled: bench.Filled, world: World) -> None:
    found = {one.figure: one for one in bench.bench_counts(filled, world.user, NOW, runs=2, decided=20)}
    assert list(found) == [
        "segment_count_features", "segment_count_features_tag_reach", "segment_count_laid_over",
        "segment_count_by_steps", "segment_count_odd_window", "segment_count_product",
    ]  # fmt: skip
    assert found["segment_count_by_steps"].found == found["segment_count_laid_over"].found > 0
    for one in found.values():
        assert len(one.wall_ms) == len(one.cpu_ms) == 2
        assert one.p95_ms >= min(one.wall_ms) > 0

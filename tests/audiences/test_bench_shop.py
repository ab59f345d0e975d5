"""The drawn shop of the bench: its features come from its orders, and decisions count the moment they are made."""

from __future__ import annotations

import re
from datetime import date

import numpy as np
import pytest
from django.conf import settings

from laoke.audiences import bench, bench_examples, bench_orders, counting
from laoke.config.bench.checkout import filter_examples
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
    assert facts["n"] == ORDERS
    assert told == {"people": CUSTOMERS - CUSTOMERS // 50, "paid": facts["paid"]}


def test_single_facts_are_those_of_the_drawn_orders(filled: bench.Filled) -> None:
    reader = Warehouse(settings.PLACE.warehouse).reader()

    def one(text: str) -> int:
        [found] = reader.rows(text)
        return int(found["n"])

    same = "ON s.shop_id = o.shop_id AND s.order_id = o.order_id"
    lines = f"SELECT count(*) AS n FROM orders o JOIN order_lines s {same} AND s.month = o.month"
    refunds = (
        f"SELECT count(*) AS n FROM orders o JOIN refunds s {same} AND s.amount_cents = o.refunded_cents"
    )
    assert one(lines) == ORDERS
    assert one(refunds) == one("SELECT count(*) AS n FROM orders WHERE refunded_cents > 0") > 0
    assert 0.15 * ORDERS < one(f"SELECT count(*) AS n FROM orders o JOIN reviews s {same}") < 0.25 * ORDERS
    assert one("SELECT count(*) AS n FROM touches") == 2 * CUSTOMERS
    same = "p.product_id = l.product_id AND p.category <> ''"
    known = f"SELECT count(*) AS n FROM order_lines l JOIN products p ON {same}"
    assert one(known) == ORDERS


def test_customers_of_the_ledger_are_the_ones_who_buy() -> None:
    known = np.arange(100, 600, dtype=np.int64)
    drawn = bench_orders.draw_orders(CUSTOMERS, ORDERS, date(2018, 11, 1), np.random.default_rng(7), known)
    assert sorted(drawn.customers.tolist()) == known.tolist()


def test_examples_are_told_apart_by_what_they_read(filled: bench.Filled, world: World) -> None:
    texts = {
        1: "bought(2+)", 2: 'tag("挑剔") or reachable(sms)', 3: "bought(2+, within 200d)", 4: "has(phone)",
        5: 'segment("老朋友")', 6: "touched",
    }  # fmt: skip
    bench_examples.named_segments(filled.shop, texts, world.user, NOW)
    examples = bench_examples.sorted_out(filled.shop, texts, TODAY)
    assert [one.number for one in examples if one.facts] == [3, 4]
    counted = bench_examples.count_examples(filled.shop, examples, TODAY, runs=2, of_facts=1)
    found = {one.number: warm for one, warm in counted}
    assert {number: len(warm.wall_ms) for number, warm in found.items()} == {
        1: 2,
        2: 2,
        3: 1,
        4: 1,
        5: 2,
        6: 2,
    }
    assert found[1].figure == "segment_example_01"
    assert all(warm.found == len(members(filled, texts[number])) > 0 for number, warm in found.items())


def test_every_documented_example_can_be_counted_on_the_drawn_shop(
    filled: bench.Filled, world: World
) -> None:
    texts = filter_examples()
    bench_examples.named_segments(filled.shop, texts, world.user, NOW)
    examples = bench_examples.sorted_out(filled.shop, texts, TODAY)
    found = {
        one.number: warm.found
        for one, warm in bench_examples.count_examples(filled.shop, examples, TODAY, runs=1, of_facts=1)
    }
    assert len(found) == len(texts) >= 50
    typed = {
        one.number: warm.found
        for one, warm in bench_examples.count_typed(filled.shop, examples, TODAY, runs=1)
    }
    assert typed == found
    told = "expected|active_|answered|holds_coupon|points_|drew|brought|had_case"
    about = {number for number, text in texts.items() if re.search(told, text)}
    assert about and [number for number in about if not found[number]] == []


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

"""Ready segments read, count, and (the eleven of RFM) hold everybody once; trends and overlaps add up."""

from __future__ import annotations

from datetime import date

import pytest
from sqlglot import exp

from laoke.audiences import counting
from laoke.audiences.compiled import finished
from laoke.audiences.compiling import Compiler
from laoke.audiences.contradictions import contradiction_in
from laoke.audiences.printing import print_filter
from laoke.audiences.readings import reading_of
from laoke.audiences.ready import FAMILIES, READY, ready_segments
from laoke.audiences.segments import LONGEST_NAME, save_segment
from laoke.audiences.text import parse
from laoke.audiences.trends import overlap, trend
from laoke.shops import catalog
from laoke.warehouse.features import build_features, write_features
from tests.audiences.test_conditions import both
from tests.audiences.world import AS_OF, NOW, TODAY, World
from tests.warehouse.shops import order


@pytest.mark.parametrize("ready", READY, ids=lambda one: one.key)
def test_a_ready_segment_is_a_filter_that_may_hold(ready) -> None:
    node = parse(ready.text)
    assert print_filter(node) == ready.text and contradiction_in(node) is None
    assert ready.family in FAMILIES and str(ready.note) and len(str(ready.name)) <= LONGEST_NAME


def test_keys_and_names_are_there_once_and_the_groups_are_eleven() -> None:
    assert len({one.key for one in READY}) == len({str(one.name) for one in READY}) == len(READY)
    assert sum(one.family == "rfm" for one in READY) == 11


def test_the_eleven_groups_hold_everybody_once(world: World) -> None:
    reading, slow = both(world, 7)
    groups = [parse(one.text) for one in READY if one.family == "rfm"]
    for person in slow.features:
        assert sum(slow.holds(node, person) for node in groups) == 1
    compiler = Compiler(reading.shop_id, AS_OF)
    flags = [exp.alias_(compiler.holds(node), f"g{at}") for at, node in enumerate(groups)]
    rows = reading.rows(finished(compiler.sources, compiler.sources.query(flags)))
    assert len(rows) == len(slow.features) and all(sum(row.values()) == 1 for row in rows)


def test_fans_of_the_categories_that_most_people_buy(world: World) -> None:
    reading, slow = both(world, 7)
    fans = [one for one in ready_segments(reading) if one.family == "goods"]
    buyers: dict[str, set[int]] = {}
    for person in slow.features:
        for row, line in slow.lines_of(person, None):
            category = slow.products.get(line["product_id"], "")
            if category and row["paid_day"] >= AS_OF - 365:
                buyers.setdefault(category, set()).add(person)
    expected = sorted(buyers, key=lambda one: (-len(buyers[one]), one))
    assert [one.key for one in fans] == [f"fans_{category}" for category in expected]
    assert parse(fans[0].text) and ready_segments(None) == list(READY)


def test_the_trend_counts_with_the_features_of_each_month_end(world: World) -> None:
    world.load(
        [
            order("a1", 1, day=AS_OF - 100), order("a2", 1, day=AS_OF - 20),
            order("b1", 2, day=AS_OF - 45), order("c1", 3, day=AS_OF - 3),
        ]
    )  # fmt: skip
    epoch = date(1970, 1, 1)
    september, october = date(2025, 9, 30), date(2025, 10, 31)
    assert date(2025, 11, 8) == TODAY
    for end in (september, october):
        day = (end - epoch).days
        features = build_features(world.warehouse.reader(), day, world.shop.pk)
        write_features(world.warehouse, features, day, world.shop.pk, app_id=world.new("month"))
    catalog.publish(world.warehouse.versions(), as_of_day=TODAY, now=NOW, reason="month_end")
    found = trend(world.shop, "bought(2+) or last_order(<= 40d)", TODAY)
    # a: first bought on July 31, again on October 19; b on September 24; c on November 5
    assert [(one.day, one.n, one.people) for one in found.moments] == [
        (september, 1, 2), (october, 2, 2), (TODAY, 2, 3),
    ]  # fmt: skip
    assert (found.missing, found.as_now) == ((date(2025, 7, 31), date(2025, 8, 31)), False)
    assert trend(world.shop, 'tag("晒单")', TODAY).as_now


def test_overlaps_are_those_of_the_sets(world: World) -> None:
    _reading, slow = both(world, 3)
    save_segment(world.shop, "用券的", "used_coupon", by=None, now=NOW)
    texts = ["bought(2+)", "last_order(<= 180d)", 'segment("用券的")', 'tag("晒单")']
    sets = [set(slow.members(parse(text.replace('segment("用券的")', "used_coupon")))) for text in texts]
    found = overlap(world.shop, texts, TODAY)
    assert found.shared == tuple(tuple(len(one & other) for other in sets) for one in sets)
    everyone = set().union(*sets)
    assert (found.anywhere, found.people) == (len(everyone), len(slow.features))
    assert found.apart == tuple(
        len(one - set().union(*(other for other in sets if other is not one))) for one in sets
    )
    assert overlap(world.shop, [], TODAY).shared == ()
    with pytest.raises(ValueError, match="at most 8"):
        overlap(world.shop, ["bought"] * 9, TODAY)


def test_a_breakdown_by_purchases_and_provinces_holds_everybody(world: World) -> None:
    _reading, slow = both(world, 3)
    told = counting.breakdown(world.shop, "everyone", TODAY)
    assert sum(told.often.values()) == sum(told.provinces.values()) == told.n == len(slow.features)
    days = [one["orders"] for one in slow.features.values()]
    assert told.often.get("3", 0) == sum(3 <= one <= 4 for one in days)
    assert list(told.provinces.values()) == sorted(told.provinces.values(), reverse=True)
    assert reading_of(world.shop, TODAY).people == told.n

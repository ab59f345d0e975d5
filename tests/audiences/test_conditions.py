"""Every condition against a slow and plain reading of the same rows."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from laoke.audiences import counting
from laoke.audiences.printing import print_filter
from laoke.audiences.readings import Reading, reading_of
from laoke.audiences.text import parse
from laoke.audiences.tree import Node
from tests.audiences import rival
from tests.audiences.trees import CITIES, TAGS, trees
from tests.audiences.world import AS_OF, NOW, TODAY, World
from tests.warehouse.shops import at, order, orders, refund, table

TEXTS = st.sampled_from([*TAGS, "四件套", "Silk", "a'; DROP TABLE orders; --", "$t1", "100%"])


def random_facts(seed: int) -> dict[str, Any]:
    """Some forty orders of a dozen customers, three of them one person, with everything that a filter may look at."""
    draw = random.Random(seed)
    rows, lines = [], []
    for number in range(40):
        day = AS_OF - draw.choice([0, 1, 29, 30, 31, 90, 91, 180, 181, 365, 366, draw.randrange(700)])
        status = draw.choice(["finished"] * 6 + ["unpaid", "closed_unpaid", "closed_refunded"])
        paid = draw.choice([0, 1, 9_999, 10_000, 10_001, 25_000])
        given = (
            {"paid_cents": paid, "refunded_cents": draw.choice([0, 0, paid])} if "un" not in status else {}
        )
        city = draw.choice([*CITIES, ""])
        titles = draw.choice(["纯棉四件套", "SILK 枕套", "毛巾 100% 棉", ""])
        given |= {
            "city": city,
            "province": city,
            "item_count": draw.randrange(4),
            "coupon_used": draw.random() < 0.4,
        }
        buyer = draw.choice([None, *range(1, 12)])
        rows.append(order(f"o{number}", buyer, day=day, status=status, titles=titles, **given))
        if draw.random() < 0.3:
            lines.append(line(f"o{number}", day))
    days_back = [-1, 0, 14, 30, 90, 91, 365, 366, 500]
    refunds = [
        refund(
            f"r{number}", draw.choice([None, *range(1, 14)]), day=AS_OF - draw.choice(days_back),
            amount_cents=draw.choice([1, 9_999, 20_000]), order_id=draw.choice(["", "", "o1"]),
            **draw.choice([{}, {}, {"finished_at": None}]),
        )
        for number in range(15)
    ]  # fmt: skip
    people = {11: 1, 10: 1, 1: 1}
    customers = [customer(number, draw) for number in range(1, 14)]
    return {"rows": rows, "lines": lines, "refunds": refunds, "people": people, "customers": customers}


def line(order_id: str, day: int) -> dict[str, Any]:
    return {
        "order_id": order_id, "line": "1", "product_id": "p", "sku": "", "outer_code": "", "title": "真丝四件套",
        "quantity": 1, "unit_price_cents": 1, "paid_cents": 1, "refunded_cents": 0, "line_status": "",
        "created_day": day, "month": "2025-01", "import_id": 1,
    }  # fmt: skip


def customer(number: int, draw: random.Random) -> dict[str, Any]:
    return {
        "customer_id": number, "first_seen": at(AS_OF - 900), "province": "", "city": "", "level": "",
        "birthday": "", "has_nick": draw.random() < 0.5, "has_phone": draw.random() < 0.5,
        "has_email": draw.random() < 0.2, "phone_state": draw.choice(["valid", "none"]), "import_id": 1,
    }  # fmt: skip


def decisions(
    world: World, seed: int
) -> tuple[set[tuple[int, str]], dict[tuple[int, str], tuple[bool, bool]]]:
    """Tags and reach of some persons, written to the mirrors."""
    draw = random.Random(seed)
    tags = {(person, tag) for person in range(1, 14) for tag in TAGS if draw.random() < 0.3}
    reach = {
        (person, channel): (draw.random() < 0.5, draw.random() < 0.5)
        for person in range(1, 14) for channel in ("sms", "handover") if draw.random() < 0.6
    }  # fmt: skip
    shop = world.shop.pk
    tag_rows = [{"shop_id": shop, "person_id": person, "tag": tag} for person, tag in sorted(tags)]
    reach_rows = [
        {
            "shop_id": shop, "person_id": person, "channel": channel, "reachable": can, "consented": agreed,
            "reason": "" if can else "no_consent", "touches_7": 0, "touches_30": 0,
        }
        for (person, channel), (can, agreed) in sorted(reach.items())
    ]  # fmt: skip
    world.write("customer_tags", table("customer_tags", tag_rows), "tags")
    world.write("customer_reach", table("customer_reach", reach_rows), "reach")
    return tags, reach


def both(world: World, seed: int) -> tuple[Reading, rival.Shop]:
    """The shop as the product reads it and as the rival does."""
    facts = random_facts(seed)
    tags, reach = decisions(world, seed)
    world.load(**facts)
    reading = reading_of(world.shop, TODAY)
    features = reading.reader.rows("SELECT * FROM customer_features WHERE as_of_day = $day", {"day": AS_OF})
    contacts: dict[int, dict[str, bool]] = {}
    for one in facts["customers"]:
        person = facts["people"].get(one["customer_id"], one["customer_id"])
        kept = contacts.setdefault(person, {"phone": False, "email": False, "nick": False})
        for kind in kept:
            kept[kind] = kept[kind] or one[f"has_{kind}"]
    kept_rows = orders(*facts["rows"]).to_pylist()
    by_person = {row["person_id"]: row for row in features}
    return reading, rival.Shop(
        AS_OF, kept_rows, facts["lines"], facts["people"], by_person, contacts, tags, reach, facts["refunds"]
    )


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_any_filter_holds_for_whom_the_rival_says(world: World, seed: int) -> None:
    reading, slow = both(world, seed)

    @settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(trees(TEXTS))
    def agree(tree: Node) -> None:
        expected = slow.members(tree)
        found = (
            reading.table(counting.members_query(tree, reading.shop_id, AS_OF))
            .column("person_id")
            .to_pylist()
        )
        assert found == expected, print_filter(tree)
        assert counting.count_in(reading, tree).n == len(expected)

    agree()


def test_why_a_person_is_in_agrees_with_who_is_in(world: World) -> None:
    _reading, slow = both(world, 4)

    @settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(trees(TEXTS))
    def agree(tree: Node) -> None:
        members = slow.members(tree)
        for person in (1, 5, 13):
            if person in slow.features:
                explained = counting.explain(world.shop, tree, person, TODAY)
                assert explained is not None and explained.held == (person in members), print_filter(tree)

    agree()
    assert counting.explain(world.shop, "everyone", 999, TODAY) is None


def test_hostile_texts_are_plain_texts(world: World) -> None:
    hostile = "x') OR 1=1; DROP TABLE customers_tag; --"
    world.load(
        [
            order("a", 1, day=AS_OF - 5, city=hostile),
            order("b", 2, day=AS_OF - 5, city="杭州", titles="$t1 --"),
        ]
    )
    found = counting.members(world.shop, parse(f'city = "{hostile}"'), TODAY).column("person_id").to_pylist()
    assert found == [1]
    found = counting.members(world.shop, 'bought_product("$t1 --")', TODAY).column("person_id").to_pylist()
    assert found == [2]
    assert counting.count(world.shop, f'tag("{hostile}")', TODAY).n == 0


def test_figures_are_per_shop_and_people_across(world: World) -> None:
    second = world.another_shop("分店")
    world.load([order("a", 1, day=AS_OF - 5), order("b", 2, day=AS_OF - 5)])
    world.load([order("c", 21, day=AS_OF - 5)], shop=second, people={21: 1})
    first = counting.members(world.shop, "bought(1)", TODAY).column("person_id").to_pylist()
    other = counting.members(second, "bought(1)", TODAY).column("person_id").to_pylist()
    assert (first, other) == ([1, 2], [1])
    assert counting.breakdown(second, "everyone", TODAY).paid_cents == 10_000
    assert counting.explain(second, "everyone", 2, TODAY) is None
    assert NOW.date() == counting.count(second, "everyone", TODAY).as_of

"""What is handed out of a person who buys in two shops of one owner."""

from __future__ import annotations

import json
import zipfile
from dataclasses import replace
from datetime import timedelta

import pytest

from laoke.customers import consent
from laoke.customers.models import Customer
from laoke.promotions.rewards import lotteries, lottery_draws, points, points_scheme, referrals
from laoke.web.pages.customers import own_data
from tests.audiences.world import AS_OF, NOW, World
from tests.promotions_rows.lottery_shop import NOTEBOOK, rules
from tests.promotions_rows.points_shop import RULE
from tests.warehouse.shops import order

pytestmark = pytest.mark.django_db

SURE = replace(NOTEBOOK, odds_ppm=1_000_000)


def test_the_facts_and_refusals_of_every_shop_of_the_owner_are_handed_out(world: World) -> None:
    other = world.another_shop("分店")
    world.load([order("a1", 1, day=AS_OF - 10), order("a2", 2, day=AS_OF - 10)])
    world.load([order("b1", 1, day=AS_OF - 20)], shop=other)
    consent.opt_out(other, "sms", now=NOW, source="reply", person_id=1)
    path = own_data.write(world.shop, 1, [1], by=world.user, now=NOW)
    with zipfile.ZipFile(path) as archive:
        parts = json.loads(archive.read("person.json"))["parts"]
    assert {(row["shop"], row["order_id"]) for row in parts["orders"]} == {("主店", "a1"), ("分店", "b1")}
    assert {row["shop"] for row in parts["features"]} == {"主店", "分店"}
    assert [(row["shop"], row["channel"]) for row in parts["refusals"]] == [("分店", "sms")]
    path.unlink()


def test_points_draws_and_referrals_are_handed_out_without_the_other_one(world: World) -> None:
    world.load([order("a1", 1, day=AS_OF - 10)])
    for number in (1, 2):
        Customer.objects.create(pk=number, owner=world.shop.owner, person_id=number, created_at=NOW)
    points_scheme.set_scheme(world.shop, points_scheme.Terms(**RULE), by=None, now=NOW)
    points.earn(world.shop, 1, order_id="a1", paid_cents=10_000, now=NOW, by="t")
    wanted = rules(starts_at=NOW, ends_at=NOW + timedelta(days=9), prizes=[SURE])
    lottery = lotteries.publish(lotteries.save_draft(world.shop, wanted, by=None, now=NOW), by=None, now=NOW)
    lottery_draws.draw(lottery, 1, "", now=NOW, by="t")
    referrals.set_scheme(world.shop, referrals.Terms(((1, 1_000),), 15), by=None, now=NOW)
    referrals.accept(world.shop, referrals.invite(world.shop, 1, now=NOW).code, 2, now=NOW)

    path = own_data.write(world.shop, 1, [1], by=world.user, now=NOW)

    with zipfile.ZipFile(path) as archive:
        parts = json.loads(archive.read("person.json"))["parts"]
    path.unlink()
    assert [(row["kind"], row["points"], row["order_id"]) for row in parts["points"]] == [
        ("earned", 100, "a1")
    ]
    assert [(row["lottery"], row["prize"], row["state"]) for row in parts["draws"]] == [
        ("双11 抽奖", "手账本", "due")
    ]
    [brought] = parts["referrals"]
    assert (brought["as"], brought["state"]) == ("referrer", "waiting")
    assert "friend_id" not in brought

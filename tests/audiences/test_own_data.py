"""What is handed out of a person who buys in two shops of one owner."""

from __future__ import annotations

import json
import zipfile

import pytest

from laoke.customers import consent
from laoke.web.pages.customers import own_data
from tests.audiences.world import AS_OF, NOW, World
from tests.warehouse.shops import order

pytestmark = pytest.mark.django_db


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

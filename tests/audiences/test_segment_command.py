"""`laoke segment`: one JSON object, exit 1 with a reason and the place for a filter that is none."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from laoke.audiences.models import Segment
from laoke.config.cli import app
from tests.audiences.world import AS_OF, World
from tests.warehouse.shops import order


@pytest.fixture
def shop(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setenv("LAOKE_NOW", "=2025-11-08 10:00")
    world.load([order("a", 1, day=AS_OF - 5), order("b", 1, day=AS_OF - 9), order("c", 2, day=AS_OF - 300)])
    return world


def laoke(*words: str, code: int = 0) -> dict:
    done = CliRunner().invoke(app, ["--json", "segment", *words])
    assert done.exit_code == code, done.output
    return json.loads(done.stdout)


def test_count(shop: World) -> None:
    found = laoke("count", "bought(2+) or used_coupon", "--breakdown")
    assert (found["count"], found["people"], found["as_of"]) == (1, 2, "2025-11-08")
    assert found["breakdown"]["groups"] == {"loyal": 1}


def test_a_wrong_filter_is_refused_with_its_place(shop: World) -> None:
    refused = laoke("count", "bought(2+) and citty = 杭州", code=1)
    assert (refused["error"], refused["position"], refused["length"]) == ("unknown_condition", 15, 5)
    assert refused["allowed"][0] == "city"
    assert laoke("save", "bought(", "--name", "x", code=1)["error"] == "ends_early"
    assert not Segment.objects.exists()


def test_list_save_and_explain(shop: World) -> None:
    assert laoke("save", "bought(1)", "--name", "一次客")["count"] == 1
    assert laoke("save", "bought(1)", "--name", "一次客", code=1)["error"] == "name_taken"
    listed = {row["name"]: row["count"] for row in laoke("list")["segments"]}
    assert listed == {
        "一次客": 1, "活跃客户": 0, "忠诚客户": 1, "一般客户": 1, "半年未购": 1, "首单未复购": 1, "可短信触达": 0,
    }  # fmt: skip
    told = laoke("explain", "bought(2+)", "--person", "2")
    assert (told["person"], told["held"], told["why"]["found"]) == ("2", False, 1)
    assert laoke("explain", "bought", "--person", "99", code=1)["error"] == "no_person"

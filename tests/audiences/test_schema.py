"""The published schema of a tree says what the reader takes: no more, no less where a schema can tell."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest
from django.test import Client
from hypothesis import given

from laoke.audiences.schema import filter_schema
from laoke.audiences.serial import _READERS, from_json, to_json
from laoke.audiences.tree import InSegment, Node, Tagged
from tests.audiences.test_language import ANY_TEXT
from tests.audiences.trees import trees

CHECK = jsonschema.Draft202012Validator(filter_schema())


@given(trees(ANY_TEXT, segments=True))
def test_every_tree_is_as_the_schema_says(tree: Node) -> None:
    assert CHECK.is_valid(to_json(tree))


def test_a_running_laoke_serves_it(client: Client) -> None:
    answer = client.get("/api/v1/filter.schema.json")
    assert answer.status_code == 200 and answer.json() == filter_schema()


def test_a_segment_that_was_looked_up_says_what_it_was() -> None:
    data = to_json(InSegment("老朋友", Tagged("晒单")))
    assert CHECK.is_valid(data) and data["says"] == {"kind": "tag", "tag": "晒单"}
    assert from_json(data) == InSegment("老朋友")


def test_the_schema_knows_the_kinds_that_the_reader_knows() -> None:
    named = {one["$ref"].rpartition("/")[2] for one in filter_schema()["$defs"]["node"]["oneOf"]}
    assert named == {"and", "or", "not", *_READERS}
    jsonschema.Draft202012Validator.check_schema(filter_schema())


@pytest.mark.parametrize(
    "data",
    [
        {}, {"kind": "drop"}, {"kind": "and", "parts": []},
        {"kind": "amount", "measure": "sales", "low": 1, "high": None},
        {"kind": "amount", "measure": "spent", "low": "1", "high": None}, {"kind": "tag", "tag": ""},
        {"kind": "in_group", "group": ""}, {"kind": "in_group", "group": None},
        {"kind": "one_of", "field": "group", "values": ["vip"]}, {"kind": "reachable", "channel": "fax"},
        {"kind": "sequence", "first": {"kind": "bought", "words": ""}, "then": {"kind": "bought", "words": ""},
         "days": 0, "not": False},
        {"kind": "random_share", "share": 10_001, "seed": "x"}, {"kind": "reviewed", "low": 1, "high": None},
        {"kind": "everyone", "more": 1},
    ],
)  # fmt: skip
def test_what_is_no_filter_breaks_the_schema(data: dict[str, Any]) -> None:
    assert not CHECK.is_valid(data)

"""The filter language: what is written is what is meant, and a refusal says where, what, and what instead."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from laoke.audiences import wording
from laoke.audiences.printing import print_filter
from laoke.audiences.serial import from_json, to_json
from laoke.audiences.text import parse
from laoke.audiences.tokens import FilterError
from laoke.audiences.tree import (
    Amount,
    And,
    Between,
    BoughtProduct,
    Bounds,
    Day,
    Everyone,
    Node,
    Not,
    OneOf,
    Or,
    Tagged,
    TreeError,
    Within,
)
from tests.audiences.trees import trees

ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20).filter(
    lambda t: bool(t.strip())
)


@given(trees(ANY_TEXT, segments=True))
def test_what_is_printed_reads_back_as_the_same_tree(tree: Node) -> None:
    assert parse(print_filter(tree)) == tree
    assert from_json(to_json(tree)) == tree


@given(st.text(max_size=60))
def test_no_text_at_all_breaks_the_parser(text: str) -> None:
    try:
        assert print_filter(parse(text))
    except FilterError as error:
        assert wording.refusal_text(error)
        assert 0 <= error.position <= len(text)


DESIGN = """bought(2+, within 365d) and spent(>= 500, within 365d) and last_order(90d..365d)
  and city in ("杭州", "上海") and not used_coupon and not tag("挑剔")"""


def test_the_example_of_the_design() -> None:
    assert parse(DESIGN) == And(
        (
            Amount("bought", Bounds(2), Within(365)),
            Amount("spent", Bounds(50_000), Within(365)),
            Day("last_order", Bounds(90, 365)),
            OneOf("city", ("杭州", "上海")),
            Not(Amount("used_coupon", Bounds(1))),
            Not(Tagged("挑剔")),
        )
    )
    assert print_filter(parse(DESIGN)) == DESIGN.replace("\n ", "")


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("bought", Amount("bought", Bounds(1))),
        ("bought(2)", Amount("bought", Bounds(2, 2))),
        ("bought(> 2)", Amount("bought", Bounds(3))),
        ("bought(< 2)", Amount("bought", Bounds(None, 1))),
        ("bought(0, within 2w)", Amount("bought", Bounds(0, 0), Within(14))),
        ("bought(within 6m)", Amount("bought", Bounds(1), Within(180))),
        (
            "bought(in 2025-11-01..2025-11-11)",
            Amount("bought", Bounds(1), Between(date(2025, 11, 1), date(2025, 11, 11))),
        ),
        ("spent(100..99999.99)", Amount("spent", Bounds(10_000, 9_999_999))),
        ("spent(> 0.1)", Amount("spent", Bounds(11))),
        ("last_order(> 1y)", Day("last_order", Bounds(366))),
        ("first_order(2025-11-11)", Day("first_order", Between(date(2025, 11, 11), date(2025, 11, 11)))),
        ('bought_product("四件套", 2+, within 90d)', BoughtProduct("四件套", Bounds(2), Within(90))),
        ("group in (忠诚, 活跃客户)", OneOf("group", ("loyal", "active"))),
        ("city = 杭州", OneOf("city", ("杭州",))),
        ('city not in ("杭州")', Not(OneOf("city", ("杭州",)))),
        (
            "买过（2+，近 3个月）且 非 标签（“难缠”）",
            And((Amount("bought", Bounds(2), Within(90)), Not(Tagged("难缠")))),
        ),
        ("消费（＞＝ １００元）", Amount("spent", Bounds(10_000))),
        ("EVERYONE", Everyone()),
        ('tag("a\\"b\\\\c\\nd")', Tagged('a"b\\c\nd')),
    ],
)
def test_what_each_form_means(text: str, tree: Node) -> None:
    assert parse(text) == tree


def test_not_binds_closest_then_and_then_or() -> None:
    bought, coupon, picky = parse("bought"), parse("used_coupon"), parse('tag("挑剔")')
    assert parse('bought or not used_coupon and tag("挑剔")') == Or((bought, And((Not(coupon), picky))))
    assert parse('not (bought or used_coupon) and tag("挑剔")') == And((Not(Or((bought, coupon))), picky))
    assert parse("(bought and used_coupon) and bought") == And((bought, coupon, bought))


@pytest.mark.parametrize(
    ("text", "code", "position", "found", "first_allowed"),
    [
        ("", "empty", 0, "", "bought"),
        ("bouhgt(2+)", "unknown_condition", 0, "bouhgt", "bought"),
        ("bought and laster(90d)", "unknown_condition", 11, "laster", "last_order"),
        ("bought(2+", "ends_early", 9, "", ")"),
        ("bought(2d)", "no_unit_here", 7, "2d", "2+"),
        ("bought(2.5)", "not_whole", 7, "2.5", None),
        ("bought(< 0)", "empty_range", 7, "<", None),
        ("bought(5..2)", "empty_range", 0, "bought", None),
        ("bought bought", "expected", 7, "bought", "and"),
        ("last_order(90)", "needs_unit", 11, "90", "d"),
        ("last_order(90days)", "needs_unit", 11, "90days", "d"),
        ("last_order(90000d)", "bad_window", 0, "last_order", None),
        ("spent", "ends_early", 5, "", "("),
        ("spent(>= 1.234)", "bad_money", 9, "1.234", "500"),
        ("first_order(2025-02-30)", "bad_date", 12, "2025-02-30", "2025-11-11"),
        ("group in (loyl)", "unknown_word", 10, "loyl", "loyal"),
        ("reachable(sns)", "unknown_word", 10, "sns", "sms"),
        ("city in (杭州", "ends_early", 11, "", ")"),
        ('tag("x', "unclosed_text", 4, '"x', None),
        ('tag("")', "empty_text", 0, "tag", None),
        ("bought; drop table", "strange_letter", 6, ";", None),
        ("not " * 100 + "bought", "too_deep", 320, "", None),
        ("(" * 90 + "bought" + ")" * 90, "too_deep", 80, "", None),
        (" or ".join(["bought"] * 201), "too_many", 0, "", None),
        ("a" * 10_001, "too_long", 10_000, "", None),
    ],
)
def test_a_refusal_says_where_what_and_what_instead(
    text: str, code: str, position: int, found: str, first_allowed: str | None
) -> None:
    with pytest.raises(FilterError) as refused:
        parse(text)
    error = refused.value
    assert (error.code, error.position, error.found) == (code, position, found)
    assert (error.allowed[0] if error.allowed else None) == first_allowed
    assert "%(" not in wording.refusal_text(error)


def test_a_refusal_reads_as_a_sentence() -> None:
    with pytest.raises(FilterError) as refused:
        parse("group in (loyl)")
    assert wording.refusal_text(refused.value) == "“loyl”不能用在这里，可以写：loyal、active、ordinary"


@pytest.mark.parametrize(
    "data",
    [
        None, [], {}, {"kind": "drop"}, {"kind": "and", "parts": []}, {"kind": "and", "parts": "x"},
        {"kind": "amount", "measure": "spent", "low": "1"}, {"kind": "amount", "measure": "spent", "low": True},
        {"kind": "amount", "measure": "sales", "low": 1}, {"kind": "amount", "measure": "spent"},
        {"kind": "amount", "measure": "spent", "low": 1, "within": -1}, {"kind": "tag", "tag": ""},
        {"kind": "one_of", "field": "group", "values": ["vip"]}, {"kind": "one_of", "field": "city", "values": []},
        {"kind": "day", "field": "last_order", "from": "x", "to": "y"}, {"kind": "not"},
        {"kind": "reachable", "channel": "fax"},
    ],
)  # fmt: skip
def test_data_that_is_no_filter_is_refused(data: object) -> None:
    with pytest.raises(TreeError):
        from_json(data)


def test_a_filter_in_words() -> None:
    assert wording.describe(parse("bought(2+, within 90d) and not (used_coupon or city = 杭州)")) == (
        "近 90 天购买次数 ≥ 2，且不满足：用券单数 ≥ 1，或城市：杭州"
    )
    assert wording.describe(parse("spent(>= 500) or last_order(90d..365d)")) == (
        "消费金额 ≥ ¥500.00，或最近一次购买 在 90 至 365 天前"
    )

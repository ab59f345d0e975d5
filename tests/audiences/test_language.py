"""The filter language: what is written is what is meant, and a refusal says where, what, and what instead."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlglot import parse as parse_sql

from laoke.audiences import wording
from laoke.audiences.compiling import count_query
from laoke.audiences.names import CHINESE_CONDITIONS, CONDITION_NAMES
from laoke.audiences.printing import print_filter
from laoke.audiences.serial import from_json, to_json
from laoke.audiences.text import parse
from laoke.audiences.tokens import FilterError
from laoke.audiences.tree import (
    MESSAGE_STEPS,
    Amount,
    And,
    Between,
    BoughtProduct,
    Bounds,
    Coupons,
    Day,
    Everyone,
    Expected,
    HadCase,
    InGroup,
    Node,
    Not,
    OneOf,
    Or,
    RandomShare,
    RefundTimes,
    Reviewed,
    Rewards,
    Sequence,
    Step,
    Tagged,
    Touched,
    Trait,
    TreeError,
    Within,
)
from laoke.warehouse.named import parameters_in
from tests.audiences.trees import trees

ANY_TEXT = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=20
).filter(lambda t: bool(t.strip()))


def reads_back(tree: Node) -> None:
    text = print_filter(tree)
    assert parse(text) == tree
    assert print_filter(parse(text)) == text
    assert from_json(json.loads(json.dumps(to_json(tree)))) == tree
    assert wording.describe(tree)


def stays_or_is_refused(text: str) -> None:
    """A text is a filter that prints as itself from then on, or it is refused with a place in it."""
    try:
        tree = parse(text)
    except FilterError as error:
        # Every place of the sentence is filled; what was typed may look like one, and is said as it was typed.
        assert wording.refusal_text(error).count("%(") <= text.count("%(")
        assert 0 <= error.position <= len(text) and error.length >= 1
        return
    printed = print_filter(tree)
    assert parse(printed) == tree and print_filter(parse(printed)) == printed


def texts_stay_parameters(tree: Node) -> None:
    """The statement is one SELECT and the same whatever was typed; what was typed stands in its parameters alone."""
    query, plain = (count_query.__wrapped__(one, 1, 20_400) for one in (tree, renamed(tree)))
    assert query.sql == plain.sql
    assert len(parse_sql(query.sql, read="duckdb")) == 1
    assert parameters_in(query.sql) == query.params.keys()


TYPED = ("tag", "words", "group", "issue")


def words_kept(value: object, name: str = "") -> set[str]:
    """Places, levels and channels of the tree: a tag of the same letters shares their parameter, so it keeps them."""
    if isinstance(value, str):
        return set() if name in TYPED else {value}
    if isinstance(value, tuple):
        return set().union(*(words_kept(one, name) for one in value))
    if isinstance(value, Step) and value.kind in MESSAGE_STEPS:
        return {value.words}
    if is_dataclass(value) and not isinstance(value, type):
        return set().union(*(words_kept(getattr(value, one.name), one.name) for one in fields(value)))
    return set()


def renamed(tree: Node) -> Node:
    """The tree with another text for each that was typed: letters of no other meaning, the same for the same."""
    others = {kept: kept for kept in words_kept(tree)}

    def plain(value: object, name: str) -> object:
        if isinstance(value, str) and value and name in TYPED:
            # Goods are looked for in small letters, tags, groups and issues of coupons as they are.
            compared = value.lower() if name == "words" else value
            return others.setdefault(compared, f"wort{len(others)}")
        if isinstance(value, tuple):
            return tuple(plain(one, name) for one in value)
        if (
            is_dataclass(value)
            and not isinstance(value, type)
            and not (isinstance(value, Step) and value.kind in MESSAGE_STEPS)
        ):
            return replace(
                value, **{one.name: plain(getattr(value, one.name), one.name) for one in fields(value)}
            )
        return value

    found: Node = plain(tree, "")  # type: ignore[assignment]
    return found


# Pieces of the language in any order come much further into the parser than letters do.
PIECES = st.lists(
    st.sampled_from(
        [
            *CONDITION_NAMES, *CHINESE_CONDITIONS, "and", "or", "not", "then", "且", "或", "非", "within", "in", "近",
            "(", ")", ",", "（", "）", "，", "..", "+", ">=", "<", "=", "0", "2", "99.90", "90d", "30%",
            "12 月", "1e9", "9" * 20,
            "2025-11-11", "2025-02-30", '"杭州"', "“挑剔”", '"', "\\", "sms", "goods", "rating", "photo", "first", "11",
            ";", "--", "$t1", "\0", "\n", " " * 50, "%", "😀",
        ]
    ),
    max_size=14,
).map(" ".join)  # fmt: skip
TEXTS = st.one_of(st.text(max_size=60), PIECES, PIECES.map(lambda text: text.replace(" ", "")))


@pytest.mark.timeout(600)
@settings(max_examples=1_000)
@given(trees(ANY_TEXT, segments=True))
def test_what_is_printed_reads_back_as_the_same_tree(tree: Node) -> None:
    reads_back(tree)


@pytest.mark.timeout(600)
@settings(max_examples=1_000)
@given(TEXTS)
def test_no_text_at_all_breaks_the_parser(text: str) -> None:
    stays_or_is_refused(text)


@pytest.mark.timeout(600)
@settings(max_examples=500)
@given(trees(ANY_TEXT))
def test_what_people_typed_is_never_sql(tree: Node) -> None:
    texts_stay_parameters(tree)


@pytest.mark.prove
@pytest.mark.timeout(7200)
@settings(max_examples=50_000)
@given(trees(ANY_TEXT))
def test_fifty_thousand_trees_compile_without_a_word_of_their_texts(tree: Node) -> None:
    texts_stay_parameters(tree)


@pytest.mark.prove
@pytest.mark.timeout(7200)
@settings(max_examples=50_000)
@given(trees(ANY_TEXT, segments=True))
def test_fifty_thousand_trees_read_back(tree: Node) -> None:
    reads_back(tree)


def test_what_looks_like_a_place_to_be_filled_is_said_as_it_was_typed() -> None:
    stays_or_is_refused("「%(」")
    with pytest.raises(FilterError) as refused:
        parse("「%(n)s」")
    assert wording.refusal_text(refused.value).count("%(") == 1


@pytest.mark.prove
@pytest.mark.timeout(7200)
@settings(max_examples=50_000)
@given(TEXTS)
def test_fifty_thousand_texts_stay_or_are_refused(text: str) -> None:
    stays_or_is_refused(text)


@pytest.mark.parametrize(
    "longer",
    [
        lambda n: " or ".join(["bought"] * (n // 50)),
        lambda n: "bought(1" + " " * n,
        lambda n: "1 " * (n // 2),
        lambda n: "a" * n,
        lambda n: '"' + "\\\\" * (n // 2),
        lambda n: "(" * n,
        lambda n: "not " * (n // 4),
        lambda n: "9" * n,
        lambda n: 'city in ("' + '", "'.join(str(i) for i in range(n // 12)) + '")',
        lambda n: "bought then " * (n // 12),
    ],
)
def test_twice_the_text_takes_no_more_than_about_twice_the_steps(longer: Callable[[int], str]) -> None:
    """Counted, not timed: the lines of Python that run, with the same text at two lengths, both below the longest."""
    short, long = steps_of(longer(3_000)), steps_of(longer(6_000))
    assert long <= 2.5 * short + 2_000


def steps_of(text: str) -> int:
    count = 0

    def trace(frame: object, event: str, argument: object) -> object:
        nonlocal count
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        stays_or_is_refused(text)
    finally:
        sys.settrace(before)
    return count


def test_a_number_before_many_blanks_is_read_at_once() -> None:
    """Counted by the clock, generously: two runs of blanks side by side took seconds here."""
    begun = time.process_time()
    stays_or_is_refused("bought(1" + " " * 9_900)
    assert time.process_time() - begun < 0.5


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
        ("用券占比（>= 12.5％）", Amount("coupon_share", Bounds(1_250))),
        (
            "reviewed(rating 1..3, photo, within 90d)",
            Reviewed(rating=Bounds(1, 3), photo=True, window=Within(90)),
        ),
        ("评价（近 90天，有图，星级 5）", Reviewed(rating=Bounds(5, 5), photo=True, window=Within(90))),
        ("退款次数（退货，2+）", RefundTimes(Bounds(2), "goods")),
        (
            "买过商品（“羽绒被”）然后 非 买过类目（“被套”）近 30天",
            Sequence(Step("product", "羽绒被"), Step("category", "被套"), 30, negated=True),
        ),
        ("not bought then bought within 9d", Not(Sequence(Step("bought"), Step("bought"), 9))),
        ("购买月份 属于（11月，12 月）", OneOf("bought_month", ("11", "12"))),
        ("city_tier = 新一线", OneOf("city_tier", ("new_first",))),
        ("随机（10%，“双十一”）", RandomShare(1_000, "双十一")),
        ("expected_orders(>= 0.5, within 90d)", Expected("expected_orders", Bounds(50), 90)),
        ("expected_orders(0.25..2, within 1y)", Expected("expected_orders", Bounds(25, 200), 365)),
        ("预计消费（>= 100元，未来 90天）", Expected("expected_spend", Bounds(10_000), 90)),
        ("活跃概率（>= 60%）", Trait("active_probability", Bounds(6_000))),
        ("回复过（2+，短信，近 30天）", Touched("answered", Bounds(2), "sms", Within(30))),
        (
            "touched(sms) then not answered within 3d",
            Sequence(Step("touched", "sms"), Step("answered"), 3, negated=True),
        ),
        ("had_case", HadCase()),
        (
            "had_case(within 90d, open, quality, 2+)",
            HadCase(Bounds(2), "quality", "open", Within(90)),
        ),
        ("有过售后（质量，办完，近 30天）", HadCase(kind="quality", state="closed", window=Within(30))),
        ("售后（2+，没完）", HadCase(Bounds(2), state="open")),
        ("holds_coupon", Coupons("holds_coupon")),
        ("持有券（“双11 券”，2+）", Coupons("holds_coupon", Bounds(2), "双11 券")),
        ('used_code(within 30d, "券")', Coupons("used_code", issue="券", window=Within(30))),
        ("持有积分（500+）", Rewards("points_held", Bounds(500))),
        ("points_held", Rewards("points_held")),
        ("到期积分（未来 30天）", Rewards("points_ending", window=Within(30))),
        ("points_ending(100+, within 2w)", Rewards("points_ending", Bounds(100), window=Within(14))),
        ("points_earned(within 90d, >= 100)", Rewards("points_earned", Bounds(100), window=Within(90))),
        ("用掉积分", Rewards("points_used")),
        ("抽过奖（“双11 抽奖”，近 30天，2+）", Rewards("drew", Bounds(2), "双11 抽奖", Within(30))),
        ("won", Rewards("won")),
        ("带来朋友（2+）", Rewards("brought", Bounds(2))),
        ("was_brought(within 90d)", Rewards("was_brought", window=Within(90))),
        ("被带来(近90天)", Rewards("was_brought", window=Within(90))),
        (
            "到期积分（未来３０天）且 买过（2+，近3个月）",
            And(
                (
                    Rewards("points_ending", window=Within(30)),
                    Amount("bought", Bounds(2), Within(90)),
                )
            ),
        ),
        ('tag("a\\"b\\\\c\\nd")', Tagged('a"b\\c\nd')),
        ("in_group", InGroup()),
        ('在群("VIP 群")', InGroup("VIP 群")),
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
        (f"points_held({10**14})", "bad_bound", 12, str(10**14), None),
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
        ('in_group("")', "empty_text", 0, "in_group", None),
        ("bought; drop table", "strange_letter", 6, ";", None),
        ("not " * 100 + "bought", "too_deep", 320, "", None),
        ("(" * 90 + "bought" + ")" * 90, "too_deep", 80, "", None),
        (" or ".join(["bought"] * 201), "too_many", 0, "", None),
        ("a" * 10_001, "too_long", 10_000, "", None),
        ("coupon_share(>= 50)", "needs_percent", 16, "50", ">= 50%"),
        ("coupon_share(>= 0.001%)", "bad_share", 16, "0.001%", "500"),
        ("spent(>= 5%)", "no_unit_here", 9, "5%", ">= 500"),
        ("r_score(6+)", "out_of_range", 0, "r_score", None),
        ("usual_hour(24)", "out_of_range", 0, "usual_hour", None),
        ("random_share(0%, 甲)", "out_of_range", 0, "random_share", None),
        ("reviewed(rating 6)", "out_of_range", 0, "reviewed", None),
        ("reviewed(photo, photo)", "said_twice", 16, "photo", None),
        ("reviewed(stars 5)", "unknown_word", 9, "stars", "rating"),
        ("refund_times(food)", "unknown_word", 13, "food", "goods"),
        ("touched(2+, fax)", "unknown_word", 12, "fax", "call"),
        ("had_case(food)", "unknown_word", 9, "food", "closed"),
        ("had_case(open, closed)", "said_twice", 15, "closed", None),
        ("had_case(refund, return)", "said_twice", 17, "return", None),
        ("had_case(", "ends_early", 9, "", "2+"),
        ("had_case(30d)", "no_unit_here", 9, "30d", "2+"),
        ("holds_coupon(双11)", "expected", 13, "双11", "2+"),
        ("holds_coupon(within 30d)", "expected", 13, "within", "2+"),
        ('used_code("甲", "乙")', "said_twice", 15, "乙", None),
        ("points_held(within 30d)", "expected", 12, "within", "2+"),
        ('points_held("x")', "expected", 12, "x", "2+"),
        ("points_ending", "ends_early", 13, "", "("),
        ("points_ending(", "ends_early", 14, "", "2+"),
        ("points_ending(100+)", "expected", 18, ")", ","),
        ("points_ending(100+, 30d)", "expected", 20, "30d", "within"),
        ("points_ending(within 30000d)", "bad_window", 0, "points_ending", None),
        ("points_earned(100d)", "no_unit_here", 14, "100d", "2+"),
        ("drew(双11)", "expected", 5, "双11", "2+"),
        ('won("甲", "乙")', "said_twice", 9, "乙", None),
        ('brought("甲")', "expected", 8, "甲", "2+"),
        ("brougt", "unknown_condition", 0, "brougt", "brought"),
        ("bought_month in (13)", "unknown_word", 17, "13", "1"),
        ("city_tier in (third)", "unknown_word", 14, "third", "first"),
        ("expected_orders(>= 1)", "expected", 20, ")", ","),
        ("expected_orders(>= 1, 90d)", "expected", 22, "90d", "within"),
        ("expected_orders(>= 1, within 91d)", "bad_horizon", 29, "91d", "30d"),
        ("expected_orders(>= 0.505, within 90d)", "bad_decimal", 19, "0.505", "500"),
        ("expected_spend(within 90d)", "expected", 15, "within", ">= 500"),
        ("active_probability(>= 101%)", "out_of_range", 0, "active_probability", None),
        ("birthday(7d)", "expected", 9, "7d", "within"),
        ("birthday(within 400d)", "bad_window", 0, "birthday", None),
        ('spent_on_product("x")', "expected", 20, ")", ","),
        ("bought(2+) then bought within 30d", "bad_step", 0, "bought", "bought"),
        ('tag("x") then bought within 30d', "bad_step", 0, "tag", "bought"),
        ("bought then touched within 30d", "expected", 12, "touched", "bought"),
        ("bought then bought(within 5d) within 30d", "bad_step", 12, "bought", "bought"),
        ("bought then bought", "ends_early", 18, "", "within"),
        ("bought then bought within 0d", "bad_window", 0, "bought", None),
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
        {"kind": "reachable", "channel": "fax"}, {"kind": "trait", "name": "r_score", "low": 6, "high": None},
        {"kind": "sequence", "first": {"kind": "touched", "words": "fax"}, "then": {}, "days": 1, "not": False},
        {"kind": "sequence", "days": 1, "first": {"kind": "bought", "words": ""},
         "then": {"kind": "touched", "words": ""}},
        {"kind": "reviewed", "low": 1, "rating": 5}, {"kind": "reviewed", "low": 1, "photo": "yes"},
        {"kind": "birthday", "days": 366}, {"kind": "random_share", "share": 0, "seed": "x"},
        {"kind": "goods", "measure": "bought_product", "words": "x", "low": 1}, {"kind": "bought_priced", "low": 1},
        {"kind": "refund_times", "of": "food", "low": 1}, {"kind": "segment", "name": " "},
        {"kind": "had_case", "of": "war", "state": "", "low": 1}, {"kind": "had_case", "of": "", "low": 1},
        {"kind": "had_case", "of": "", "state": "waiting", "low": 1},
        {"kind": "coupons", "measure": "holds_coupon", "issue": "", "low": 1, "high": None, "within": 30},
        {"kind": "coupons", "measure": "lost", "issue": "", "low": 1}, {"kind": "coupons", "measure": "used_code"},
        {"kind": "rewards", "measure": "points_held", "lottery": "", "low": 1, "high": None, "within": 30},
        {"kind": "rewards", "measure": "points_ending", "lottery": "", "low": 1, "high": None},
        {"kind": "rewards", "measure": "points_ending", "lottery": "", "low": 1, "from": "2025-11-01",
         "to": "2025-11-11"},
        {"kind": "rewards", "measure": "brought", "lottery": "甲", "low": 1},
        {"kind": "rewards", "measure": "lost", "lottery": "", "low": 1},
        {"kind": "rewards", "measure": "drew", "low": 1},
        {"kind": "high", "what": "x"}, {"kind": "expected", "measure": "expected_orders", "low": 50, "days": 91},
        {"kind": "expected", "measure": "spend", "low": 50, "days": 90},
        {"kind": "expected", "measure": "expected_spend", "low": 50},
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


@pytest.mark.parametrize("text", ['tag("a\x00b")', 'tag("\ud800")', "bought \x00", 'tag("a\\\udfffb")'])
def test_what_no_database_takes_is_refused_where_it_stands(text: str) -> None:
    with pytest.raises(FilterError) as refused:
        parse(text)
    assert refused.value.code == "strange_letter"
    assert refused.value.position == next(n for n, one in enumerate(text) if one in "\x00\ud800\udfff")
    wording.refusal_text(refused.value).encode("utf-8")


def test_a_word_that_joins_is_no_unit_of_the_number_before_it() -> None:
    assert parse("birthday_month = 3 and bought") == And(
        (OneOf("birthday_month", ("3",)), Amount("bought", Bounds(1)))
    )
    assert parse("bought_month = 11 OR bought") == parse('bought_month in ("11") or bought')


def test_the_largest_count_can_be_written_and_read() -> None:
    node = Amount("items", Bounds(10**13, None))
    assert parse(print_filter(node)) == node
    with pytest.raises(FilterError) as refused:
        parse(f"items({10**13 + 1}+)")
    assert refused.value.code == "bad_bound"

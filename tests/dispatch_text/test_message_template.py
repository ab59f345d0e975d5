"""Variables are replaced once and never read again; previews show what a round may cost."""

import pytest

from laoke.dispatch.text.gateways import rules_of
from laoke.dispatch.text.issues import error
from laoke.dispatch.text.preview import millis_to_cents, preview
from laoke.dispatch.text.template import check_template, check_values, parse
from laoke.dispatch.text.variables import VARIABLES, fitting_value

ALIYUN, TENCENT, HUAWEI = rules_of("aliyun"), rules_of("tencent"), rules_of("huawei")


def codes(body, rules=ALIYUN, marketing=True):
    return [issue.code for issue in check_template(parse(body), VARIABLES, rules, marketing=marketing)]


def test_a_value_that_looks_like_a_variable_stays_text():
    template = parse("亲爱的${buyer_nick}，${amount}元")
    assert template.render({"buyer_nick": "${amount}", "amount": "5"}) == "亲爱的${amount}，5元"


def test_a_template_gives_back_its_source():
    assert parse("${buyer_nick}，你好").source == "${buyer_nick}，你好"
    assert parse("没有变量").render({}) == "没有变量"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("${buyer_nick}，店里上新了", []),
        ("${buyer_nick}你好${buyer_nick}", ["repeated_variable"]),
        ("${buyer_nick}${city}你好", ["adjacent_variables"]),
        ("${buyer_nick} ${city}你好", ["adjacent_variables"]),
        ("${buyer_nick}，${city}。", ["only_variables"]),
        ("", ["empty_body"]),
        ("${buyer nick}你好", ["broken_placeholder"]),
        ("${buyer_nick 你好", ["broken_placeholder"]),
        ("$5 起，${city}", []),
    ],
)
def test_template_rules(body, expected):
    assert codes(body) == expected


def test_an_unknown_variable_lists_those_there_are():
    found = check_template(parse("${phone}你好"), {"city", "amount"}, ALIYUN, marketing=True)
    assert found == [error("unknown_variable", name="phone", known=["amount", "city"])]


def test_huawei_takes_no_variables_in_marketing():
    assert codes("${buyer_nick}你好", HUAWEI) == ["variables_in_promotion"]
    assert codes("${buyer_nick}你好", HUAWEI, marketing=False) == []


def test_a_value_has_one_to_thirty_five_characters_at_aliyun():
    template = parse("${buyer_nick}你好")
    assert check_values(template, {"buyer_nick": "名" * 35}, ALIYUN) == []
    assert check_values(template, {"buyer_nick": "名" * 36}, ALIYUN) == [
        error("long_value", name="buyer_nick", length=36, limit=35)
    ]
    assert check_values(template, {"buyer_nick": "名" * 36}, TENCENT) == []
    assert check_values(template, {}, ALIYUN) == [error("missing_value", name="buyer_nick")]


@pytest.mark.parametrize(
    ("name", "raw", "expected"),
    [
        ("buyer_nick", "小雨", "小雨"),
        ("buyer_nick", "t**8", "亲"),
        ("buyer_nick", None, "亲"),
        ("buyer_nick", "小雨🌸", "亲"),
        ("buyer_nick", "名" * 36, "亲"),
        ("buyer_nick", "${amount}", "${amount}"),
        ("order_no", "", None),
        (
            "item_title",
            "加厚羊毛围巾女秋冬款百搭长款保暖披肩两用红色",
            "加厚羊毛围巾女秋冬款百搭长款保暖披肩两…",
        ),
        ("city", " 杭州 \n 市 ", "杭州 市"),
    ],
)
def test_values_that_may_not_stand_in_a_text_give_way(name, raw, expected):
    assert fitting_value(VARIABLES[name], raw, 35) == expected


def test_every_example_has_the_length_asked_for():
    for variable in VARIABLES.values():
        assert 1 <= variable.shortest <= variable.usual <= variable.longest <= 35
        assert len(variable.example(variable.longest)) == variable.longest


def test_the_preview_shows_the_spread_of_segments_and_cost():
    body = parse("${buyer_nick}，" + "字" * 55 + "，拒收请回复R")
    found = preview("老客", body, ALIYUN, price_millis=45, people=1000)
    # 4 for 【老客】, the nick, 1 comma, 55, and 7 for the opt-out words
    assert (found.shortest.length, found.usual.length, found.longest.length) == (68, 75, 92)
    assert (found.shortest.segments, found.usual.segments, found.longest.segments) == (1, 2, 2)
    assert found.shortest.text.startswith("【老客】小，字")
    assert found.segment_range == (1000, 2000)
    assert found.cost_range_millis == (45_000, 90_000)
    assert [(issue.code, dict(issue.params)) for issue in found.issues] == [
        ("segments_vary", {"least": 1, "most": 2})
    ]


def test_the_preview_shows_the_value_that_everyone_gets():
    body = parse("${buyer_nick}，老客券${coupon_value}元，拒收请回复R")
    found = preview("老客", body, ALIYUN, price_millis=45, values={"coupon_value": "1280"})
    assert found.usual.text == "【老客】小雨的花园小雨的，老客券1280元，拒收请回复R"
    assert "老客券1280元" in found.shortest.text
    assert "老客券1280元" in found.longest.text


def test_a_value_above_the_gateways_limit_leaves_the_example():
    body = parse("老客券${coupon_value}元")
    assert ALIYUN.value_max == 35
    found = preview("老客", body, ALIYUN, price_millis=45, values={"coupon_value": "9" * 36})
    assert found.usual.text == "【老客】老客券20元"


def test_the_longest_reading_is_the_one_that_must_fit():
    assert [i.code for i in preview("老客", parse("字" * 497), ALIYUN, price_millis=1).issues] == ["too_long"]
    assert preview("老客", parse("字" * 496), ALIYUN, price_millis=1).issues == ()


def test_a_budget_is_rounded_up_to_the_cent():
    assert [millis_to_cents(m) for m in (0, 1, 10, 45, 50)] == [0, 1, 1, 5, 5]

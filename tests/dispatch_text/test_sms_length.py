"""Segments, emoji and signatures as the carriers count and refuse them."""

import pytest

from laoke.dispatch.text.gateways import rules_of
from laoke.dispatch.text.issues import Severity, error
from laoke.dispatch.text.length import check_characters, check_length, received_length, segments_of
from laoke.dispatch.text.signature import check_body_brackets, check_signature

ALIYUN, HUAWEI = rules_of("aliyun"), rules_of("huawei")


@pytest.mark.parametrize(
    ("length", "segments"),
    [(0, 0), (1, 1), (70, 1), (71, 2), (134, 2), (135, 3), (160, 3), (201, 3), (202, 4), (500, 8)],
)
def test_seventy_fit_one_segment_and_sixty_seven_each_of_more(length, segments):
    assert segments_of(length) == segments


def test_the_brackets_of_the_signature_count():
    assert received_length("老客", "a b，") == 8


def test_a_rare_character_counts_one_and_is_warned_about():
    assert received_length("老客", "𠮷") == 5
    assert [(i.code, i.severity) for i in check_characters("𠮷野家")] == [
        ("rare_character", Severity.WARNING)
    ]


@pytest.mark.parametrize("text", ["买一送一🎁", "⭐好货", "☀️", "👨‍👩‍👧", "1️⃣", "🇨🇳"])
def test_emoji_are_refused(text):
    assert [issue.code for issue in check_characters(text)] == ["emoji"]


@pytest.mark.parametrize("text", ["★☆♥√①→￥～", "双11 满200减30，T恤", "ｆｕｌｌ　ｗｉｄｔｈ"])
def test_plain_symbols_pass(text):
    assert check_characters(text) == []


def test_line_breaks_are_refused():
    assert check_characters("一\n二") == [error("control_character")]


def test_more_than_five_hundred_characters_are_refused():
    assert check_length(500) == []
    assert check_length(501) == [error("too_long", length=501, limit=500)]


@pytest.mark.parametrize(
    ("sign", "codes"),
    [
        ("老客旗舰店", []),
        ("Laoke", []),
        ("", ["signature_missing"]),
        ("【老客】", ["signature_brackets"]),
        ("老", ["signature_length"]),
        ("一二三四五六七八九十一二三", ["signature_length"]),
        ("老客 店", ["signature_characters"]),
        ("老客·店", ["signature_characters"]),
        ("12345", ["signature_digits"]),
        ("老客测试", ["signature_test"]),
        ("laokeTest", ["signature_test"]),
    ],
)
def test_signatures(sign, codes):
    assert [issue.code for issue in check_signature(sign, ALIYUN)] == codes


def test_huawei_allows_sixteen_characters():
    assert check_signature("一二三四五六七八九十一二三四五六", HUAWEI) == []


def test_brackets_belong_to_the_gateway():
    assert check_body_brackets("【店】你好") == [error("body_brackets")]
    assert check_body_brackets("你好") == []

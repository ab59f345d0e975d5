"""The way out of marketing: its words at the end of a text, and what counts as using it."""

import pytest

from laoke.dispatch.text.check import check_message
from laoke.dispatch.text.gateways import rules_of
from laoke.dispatch.text.issues import error
from laoke.dispatch.text.opt_out import check_opt_out, read_reply, with_opt_out

ALIYUN, QINIU = rules_of("aliyun"), rules_of("qiniu")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("老客专享，来看看", "老客专享，来看看，拒收请回复R"),
        ("老客专享，来看看。", "老客专享，来看看。拒收请回复R"),
        ("老客专享，拒收请回复R", "老客专享，拒收请回复R"),
        ("老客专享，回T退订", "老客专享，拒收请回复R"),
        ("老客专享 回TD退订。", "老客专享，拒收请回复R"),
        ("老客专享，退订回T", "老客专享，拒收请回复R"),
    ],
)
def test_the_words_are_put_exactly_once(body, expected):
    assert with_opt_out(body, "marketing", ALIYUN) == expected
    assert with_opt_out(expected, "marketing", ALIYUN) == expected
    assert check_opt_out(expected, "marketing", ALIYUN) == []


def test_each_gateway_has_its_own_words():
    assert with_opt_out("来看看", "marketing", QINIU) == "来看看，回T退订"
    assert check_opt_out("来看看，回T退订", "marketing", ALIYUN) == [
        error("opt_out_missing", wanted="拒收请回复R")
    ]


def test_marketing_without_and_notices_with_the_words_are_refused():
    assert check_opt_out("来看看", "marketing", ALIYUN) == [error("opt_out_missing", wanted="拒收请回复R")]
    assert check_opt_out("拒收请回复R，看看，拒收请回复R", "marketing", ALIYUN) == [
        error("opt_out_repeated", count=2)
    ]
    assert check_opt_out("已发货，拒收请回复R", "notice", ALIYUN) == [error("opt_out_in_notice")]
    assert check_opt_out("已发货，由圆通速递送达", "notice", ALIYUN) == []
    assert with_opt_out("已发货", "notice", ALIYUN) == "已发货"


def test_a_notice_carries_no_offer():
    found = check_opt_out("已发货，下次满减等你", "notice", ALIYUN)
    assert found == [error("marketing_in_notice", words=["满减"])]


@pytest.mark.parametrize(
    "text",
    ["R", "r", "Ｒ", " R。", "R，不要再发", "R 谢谢", "R thanks", "T", "TD", "td!", "TUI", "N", "0000",
     "回复R", "回T", "请回复TD退订", "退订", "退", "退 订", "请帮我退订", "取消", "取消短信",
     "拒收", "不要再发了", "求求你别发了", "TD退订"],
)  # fmt: skip
def test_a_refusal_is_read_as_one(text):
    assert read_reply(text).opts_out


@pytest.mark.parametrize(
    "text",
    ["", "你好", "退货怎么弄", "退款什么时候到", "取消订单", "退差价吗", "Thanks", "Red one please",
     "N95口罩有吗", "几号发货",
     "100000", "00001", "T恤"],
)  # fmt: skip
def test_a_question_goes_to_the_service_inbox(text):
    assert not read_reply(text).opts_out


def test_the_keyword_is_named():
    assert (read_reply("ｔｄ，谢谢").keyword, read_reply("ｔｄ，谢谢").text) == ("TD", "TD谢谢")


def test_a_good_text_passes_all_checks_and_a_bad_one_names_each_fault():
    good = "${buyer_nick}，双11预售开始，满200减30，点 ${short_link} 看看，拒收请回复R"
    assert [issue.code for issue in check_message("老客旗舰店", good, "marketing", ALIYUN)] == [
        "segments_vary"
    ]
    bad = "【老客】全网第一，五星好评返现🎁"
    assert [issue.code for issue in check_message("老", bad, "marketing", ALIYUN)] == [
        "signature_length", "body_brackets", "emoji", "paid_praise", "absolute_word", "opt_out_missing",
    ]  # fmt: skip


def test_variables_and_opt_out_words_alone_are_no_text():
    found = check_message("老客", "${buyer_nick}，拒收请回复R", "marketing", ALIYUN)
    assert "only_variables" in [issue.code for issue in found]

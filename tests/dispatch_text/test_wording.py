"""Words that law, platforms and gateways refuse, and the harmless ones that look like them."""

import pytest

from laoke.dispatch.text.issues import Severity, error
from laoke.dispatch.text.wording import DEFAULT_WORDING, Wording, check_wording


@pytest.mark.parametrize(
    "text",
    ["好评返现", "五星返3元", "5星截图领红包", "全5分", "晒图好评返", "截图找客服领红包", "追评送小礼物", "晒单返现",
     "好 评 返 现", "返现求好评", "满分评价有礼", "好评有礼"],
)  # fmt: skip
def test_paid_praise_is_refused(text):
    assert [issue.code for issue in check_wording(text)] == ["paid_praise"]


@pytest.mark.parametrize(
    "text",
    ["好评如潮，领券下单", "好评爆款返场", "感谢您的真实评价", "五星级酒店同款，满100送袜子", "评价有礼"],
)
def test_honest_words_about_reviews_pass(text):
    assert check_wording(text) == []


@pytest.mark.parametrize("word", DEFAULT_WORDING.hard)
def test_hard_words_refuse(word):
    assert check_wording(f"我们的围巾{word}哦") == [error("absolute_word", word=word)]


@pytest.mark.parametrize("word", DEFAULT_WORDING.soft)
def test_soft_words_warn(word):
    found = check_wording(f"我们的围巾{word}哦")
    assert [(i.code, i.severity, i.params["word"]) for i in found] == [
        ("strong_word", Severity.WARNING, word)
    ]


@pytest.mark.parametrize(
    "text",
    [
        "最佳食用期12个月",
        "最佳赏味期",
        "最大尺码XXL",
        "最晚发货11月15日",
        "最后3小时",
        "第一次来",
        "第一步",
        "第一时间",
        "最近",
        "唯一编号",
    ],
)
def test_exempt_phrases_pass(text):
    assert check_wording(text) == []


def test_a_longer_word_hides_the_shorter_inside_it():
    assert [issue.params["word"] for issue in check_wording("第一品牌")] == ["第一品牌"]
    assert [issue.params["word"] for issue in check_wording("第一次就选第一")] == ["第一"]


def test_spaces_and_full_width_forms_hide_nothing():
    assert [issue.params["word"] for issue in check_wording("国 家 级，１００％有效")] == [
        "国家级",
        "100%有效",
    ]


def test_leading_buyers_away_is_warned_about():
    assert [issue.code for issue in check_wording("加vx领福利")] == ["leads_away"]


def test_a_shop_may_bring_its_own_lists():
    own = Wording(hard=("神器",), soft=(), exempt=(), praise=(), lead_away=())
    assert check_wording("清洁神器，全网第一", own) == [error("absolute_word", word="神器")]
    assert check_wording("神器", Wording((), (), (), (), ())) == []

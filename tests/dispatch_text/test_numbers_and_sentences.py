"""Which numbers exist, how people are shown, and that every code has its sentence."""

import re
from datetime import datetime
from pathlib import Path

import pytest

from laoke.dispatch import text
from laoke.dispatch.text.issues import error, refused, warning
from laoke.dispatch.text.messages import SENTENCES, VARIABLE_LABELS, say
from laoke.dispatch.text.numbers import (
    demo_mobile,
    is_accepted,
    is_demo_mobile,
    is_valid_mobile,
    mask_email,
    mask_mobile,
    mask_name,
    mask_nick,
    normal_mobile,
)
from laoke.dispatch.text.variables import VARIABLES


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("13800000021", "13800000021"),
        (" 138-0000-0021 ", "13800000021"),
        ("+86 138 0000 0021", "13800000021"),
        ("008613800000021", "13800000021"),
        ("8613800000021", "13800000021"),
        ("１３８００００００２１", "13800000021"),
        ("'13800000021", "13800000021"),
        ("10000000007", "10000000007"),
        ("12800000021", None),
        ("1380000002", None),
        ("138000000211", None),
        ("138****0021", None),
        ("1.38E+10", None),
        ("0571-88888888", None),
        ("", None),
    ],
)
def test_numbers_are_read_as_eleven_digits_or_not_at_all(raw, expected):
    assert normal_mobile(raw) == expected


def test_demo_numbers_are_never_real_and_only_loopbacks_take_them():
    number = demo_mobile(7)
    assert number == "10000000007" and demo_mobile(10**8 - 1) == "10099999999"
    assert is_demo_mobile(number) and not is_valid_mobile(number)
    assert is_accepted(number, loopback=True) and not is_accepted(number, loopback=False)
    assert is_accepted("13800000021", loopback=False) and is_accepted("13800000021", loopback=True)
    with pytest.raises(ValueError, match="100,000,000 demo numbers"):
        demo_mobile(10**8)


def test_people_are_shown_masked():
    assert mask_mobile("13800000021") == "138 **** **21"
    assert mask_mobile("057188888888") == "***"
    assert [mask_nick(nick) for nick in ("小雨和圆圆", "小圆", "圆", "")] == ["小**圆", "小**", "**", "**"]
    assert [mask_name(name) for name in ("张三", "张", "")] == ["张**", "**", "**"]
    assert [mask_email(mail) for mail in ("abc@example.com", "@example.com", "abc")] == [
        "a***@example.com",
        "***",
        "***",
    ]


def plain(msgid):
    return msgid


def test_findings_are_said_in_whole_sentences():
    found = error("unknown_variable", name="phone", known=["amount", "city"])
    assert say(found, plain) == "没有变量 phone，可用的有：amount、city"
    late = error(
        "outside_hours", start=datetime(2026, 11, 10, 20), end=datetime(2026, 11, 10, 22), window="08:00–20:00",
        proposed_start=datetime(2026, 11, 10, 18), proposed_end=datetime(2026, 11, 10, 20),
    )  # fmt: skip
    assert say(late, plain) == (
        "11-10 20:00 到 11-10 22:00 不在可发时段 08:00–20:00 内，可以改到 11-10 18:00 – 11-10 20:00"
    )
    assert say(error("override_role", role="service", roles=["owner", "operator"]), plain) == (
        "客服不能批准晚发，可以批准的有：店长、运营"
    )
    assert say(error("broken_placeholder"), plain) == "有一个 ${ 没写完整，变量的写法是 ${buyer_nick}"


def test_every_code_has_a_sentence_and_every_variable_a_label():
    folder = Path(text.__file__).parent
    source = "".join(path.read_text(encoding="utf-8") for path in folder.glob("*.py"))
    used = set(re.findall(r'(?:error|warning|Issue)\(\s*"(\w+)"', source)) | {"only_variables", "empty_body"}
    assert used == set(SENTENCES)
    assert set(VARIABLE_LABELS) == set(VARIABLES)


def test_only_errors_refuse():
    assert refused([warning("emoji"), error("emoji")])
    assert not refused([warning("emoji")])

"""Figures read as DESIGN_SYSTEM 10 writes them, in Chinese and in English."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from django.utils import translation

from laoke.web import figures
from laoke.web.figures import Amount

NOW = datetime(2026, 11, 9, 9, 40)


@pytest.mark.parametrize(
    ("value", "places", "text"),
    [
        (0, 1, "0"),
        (9999, 1, "9,999"),
        (10000, 1, "1万"),
        (12046, 1, "1.2万"),
        (128240, 2, "12.82万"),
        (99_999_999, 1, "1亿"),
        (123_456_789, 2, "1.23亿"),
        (-12046, 1, "−1.2万"),
        (0.5, 1, "0.5"),
        (None, 1, "—"),
    ],
)
def test_ten_thousands_are_wan(value: float | None, places: int, text: str) -> None:
    assert figures.wan(value, places) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(9999, "9,999"), (12046, "12K"), (1_284_000, "1.3M"), (2_500_000_000, "2.5B"), (999_999, "1M")],
)
def test_english_has_thousands_and_millions(value: int, text: str) -> None:
    with translation.override("en"):
        assert figures.wan(value) == text


@pytest.mark.parametrize(
    ("value", "text", "cell"),
    [
        (8900, "¥\u00a089.00", "89.00"),
        (123456789, "¥\u00a01,234,567.89", "1,234,567.89"),
        (-4380, "−¥\u00a043.80", "−43.80"),
        (0, "¥\u00a00.00", "0.00"),
        (None, "—", "—"),
    ],
)
def test_money_is_exact(value: int | None, text: str, cell: str) -> None:
    assert figures.yuan(value) == text
    assert figures.cents(value) == cell


def test_short_money_keeps_its_sign_and_space() -> None:
    assert figures.yuan_short(436821460) == "¥\u00a0436.8万"
    assert figures.yuan_short(-436821460, 2) == "−¥\u00a0436.82万"
    assert figures.yuan_short(99999) == "¥\u00a0999.99"


def test_shares_and_their_differences() -> None:
    assert figures.percent(0.384) == "38.4%"
    assert figures.percent(-0.0001) == "0.0%"
    assert figures.points(0.023) == "2.3 点"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.04, "0 秒"),
        (4.8, "4.8 秒"),
        (8, "8 秒"),
        (59.6, "1 分"),
        (200, "3 分 20 秒"),
        (7500, "2 小时 5 分"),
        (273600, "3 天 4 小时"),
    ],
)
def test_durations(seconds: float, text: str) -> None:
    assert figures.duration(seconds) == text


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (datetime(2026, 11, 9, 9, 36), "今天 09:36"),
        (datetime(2026, 11, 8, 23, 59), "昨天 23:59"),
        (datetime(2026, 11, 10, 20, 0), "明天 20:00"),
        (datetime(2026, 9, 18, 10, 20), "9月18日 10:20"),
        (date(2025, 11, 11), "2025年11月11日"),
        (None, "—"),
    ],
)
def test_times_say_today(moment: date | None, text: str) -> None:
    assert figures.when(moment, NOW) == text


def test_days_back_and_table_days() -> None:
    assert figures.ago(date(2026, 7, 1), NOW) == "131 天前"
    assert figures.ago(date(2026, 11, 21), NOW) == "12 天后"
    assert figures.table_day(date(2026, 11, 9), NOW) == "11-09"
    assert figures.table_day(date(2025, 11, 9), NOW) == "2025-11-09"
    assert figures.day_range(date(2026, 11, 1), date(2026, 11, 10), NOW) == "11-01 – 11-10"
    assert figures.day_range(date(2026, 11, 5), date(2026, 11, 5), NOW) == "11-05"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("13812345621", "138 **** **21"),
        ("yuan@example.com", "y***@***.com"),
        ("小小圆圆", "小**圆"),
        ("小**圆", "小**圆"),
        ("圆", "*"),
        ("", "—"),
    ],
)
def test_what_is_shown_of_a_person_is_masked(value: str, text: str) -> None:
    assert figures.masked(value) == text


def test_headline_amounts_come_in_parts() -> None:
    assert Amount.money(436821460) == Amount("436.82", "¥", "万", "¥\u00a04,368,214.60")
    assert Amount.money(17253) == Amount("172.53", "¥")
    assert Amount.count(25318, "人") == Amount("25,318", "", "人")
    assert Amount.count(118240, "人") == Amount("11.82", "", "万人", "118,240 人")
    assert Amount.share(0.384) == Amount("38.4", "", "%")
    assert Amount.money(None) == Amount("—")

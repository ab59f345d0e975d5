"""What one cell means."""

from datetime import datetime

import pytest

from laoke.intake.reading.cells import (
    EMPTY,
    IMPOSSIBLE,
    OK,
    UNREADABLE,
    decimal_units,
    micros_of,
    tidy,
    time_micros,
)
from laoke.intake.reading.places import place_of
from laoke.intake.reading.statuses import (
    CLOSED,
    NOT_TOLD,
    STATUSES,
    UNKNOWN,
    channel_of,
    flag_of,
    status_code,
)


@pytest.mark.parametrize(
    ("cell", "cents"),
    [
        ("268.00", 26800),
        ("268.00元", 26800),
        ("￥1,234.50", 123450),
        ("¥ 3", 300),
        ("0元", 0),
        (".5", 50),
        ("5.", 500),
        ("-3.5", -350),
        ("- 3", -300),
        ("１２．５", 1250),
        ("12.340", 1234),
        (" 12\u3000", 1200),
        ("9999999999999", 999999999999900),
    ],
)
def test_money_is_read_to_the_cent(cell: str, cents: int) -> None:
    assert decimal_units(cell, 2) == (cents, OK)


@pytest.mark.parametrize("cell", ["", " ", "-", "——", "无退款申请", "没有申请退款"])
def test_a_dash_or_no_refund_is_no_money(cell: str) -> None:
    assert decimal_units(cell, 2) == (0, EMPTY)


@pytest.mark.parametrize(
    "cell",
    [
        "12.345",
        "1e5",
        "--5",
        "-¥-5",
        "+￥-5",
        "- -5",
        "(5.00)",
        "（5.00）",
        "1,2",
        "十元",
        "12-3",
        "0x10",
        "1.2.3",
        "nan",
        "٣",
        "99999999999999",
    ],
)
def test_what_is_no_exact_amount_is_unreadable(cell: str) -> None:
    assert decimal_units(cell, 2) == (0, UNREADABLE)


@pytest.mark.parametrize(
    "cell",
    [
        "2018-12-31 15:21:00",
        "2018/12/31 15:21",
        "2018-12-31T15:21:00.0",
        "20181231152100",
        "20181231 15:21",
        "2018年12月31日 15时21分",
        "2018.12.31 15:21",
    ],
)
def test_a_time_is_read_in_every_form_of_the_exports(cell: str) -> None:
    assert time_micros(cell) == (micros_of(datetime(2018, 12, 31, 15, 21)), OK)


@pytest.mark.parametrize("cell", ["2018-12-31", "2018/12/31", "20181231", "2018年12月31日"])
def test_a_date_alone_is_its_midnight(cell: str) -> None:
    assert time_micros(cell) == (micros_of(datetime(2018, 12, 31)), OK)


@pytest.mark.parametrize("cell", ["2018-02-30", "2018-13-01", "1899-12-31", "2018-12-31 25:00", "2150-01-01"])
def test_a_day_no_calendar_has_is_impossible(cell: str) -> None:
    assert time_micros(cell) == (0, IMPOSSIBLE)


@pytest.mark.parametrize(
    "cell", ["12/31/2018", "昨天", "2018", "2018-12", "43465.6", "2018-12-31 15", "٢018-12-31"]
)
def test_what_is_no_time_is_unreadable(cell: str) -> None:
    assert time_micros(cell) == (0, UNREADABLE)


def test_day_numbers_of_excel_are_read_in_books_only() -> None:
    assert time_micros("43465.639710648", serials=True) == (micros_of(datetime(2018, 12, 31, 15, 21, 11)), OK)
    assert time_micros("43465", serials=True) == (micros_of(datetime(2018, 12, 31)), OK)
    assert time_micros("10000", serials=True) == (0, IMPOSSIBLE)


@pytest.mark.parametrize(
    ("cell", "inside"),
    [
        ('="100"', "100"),
        ('=""', ""),
        ("'13800", "13800"),
        (" 100\t", "100"),
        ('=" 100 "', "100"),
        ("=SUM(A1)", "=SUM(A1)"),
        ('=HYPERLINK("http://x")', '=HYPERLINK("http://x")'),
        ("=", "="),
    ],
)
def test_guards_are_taken_off_and_formulas_stay_text(cell: str, inside: str) -> None:
    assert tidy(cell) == inside


@pytest.mark.parametrize(
    ("cell", "zone", "told"),
    [
        ("2024-01-02 10:00:00 +0900", "Asia/Shanghai", datetime(2024, 1, 2, 9)),
        ("2024-01-02 00:30:00 +08:00", "Asia/Shanghai", datetime(2024, 1, 2, 0, 30)),
        ("2024-07-01 23:00:00 -0400", "America/New_York", datetime(2024, 7, 1, 23)),
        ("2024-01-01 02:00:00 UTC", "America/New_York", datetime(2023, 12, 31, 21)),
        ("2024-01-02T10:00Z", "Asia/Shanghai", datetime(2024, 1, 2, 18)),
    ],
)
def test_a_time_that_tells_its_offset_is_carried_to_the_shop_s_clock(
    cell: str, zone: str, told: datetime
) -> None:
    assert time_micros(cell, zone=zone) == (micros_of(told), OK)


@pytest.mark.parametrize("cell", ["2024-01-02 +0900", "2024-01-02 10:00 +2900", "2024-01-02 10:00 09:00"])
def test_a_half_told_offset_is_no_time(cell: str) -> None:
    assert time_micros(cell)[1] != OK


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("浙江省 杭州市 西湖区 某某路1号(310000)", ("浙江", "杭州", "西湖区")),
        ("北京 北京市 丰台区 ***(000000)", ("北京", "北京", "丰台区")),
        ("广东省 中山市  ***(000000)", ("广东", "中山", "")),
        ("河南省 济源市 其它区 某路", ("河南", "济源", "其它区")),
        ("湖北省 省直辖县级行政区划 仙桃市 某路", ("湖北", "仙桃", "")),
        ("湖北省 恩施土家族苗族自治州 利川市 某路", ("湖北", "恩施土家族苗族自治州", "利川市")),
        ("广西壮族自治区", ("广西", "", "")),
        ("上海 浦东新区 某路", ("上海", "上海", "浦东新区")),
        ("香港特别行政区 九龙 观塘区 某路", ("香港", "九龙", "观塘区")),
        ("浙江省 文三路12号 501室", ("浙江", "", "")),
        ("浙江省杭州市西湖区文三路12号", ("浙江", "杭州", "西湖区")),
        ("江西南昌市青山湖区昌东工业区", ("江西", "南昌", "青山湖区")),
        ("北京朝阳区三环以内某路", ("北京", "北京", "朝阳区")),
        ("江苏盐城市亭湖区", ("江苏", "盐城", "亭湖区")),
        ("云南大理白族自治州大理市", ("云南", "大理白族自治州", "大理市")),
        ("广东东莞市石排埔心工业区", ("广东", "东莞", "")),
        ("广东东莞市长安镇上沙社区", ("广东", "东莞", "")),
        ("浙江杭州城市花园", ("浙江", "", "")),
        ("某人的家 杭州市 西湖区", ("", "", "")),
        ("", ("", "", "")),
    ],
)
def test_only_province_city_and_district_leave_an_address(address: str, place: tuple[str, str, str]) -> None:
    assert place_of(address) == place


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("等待买家付款", "unpaid"),
        ("买家已付款，等待卖家发货", "paid"),
        ("买家已付款,等待卖家发货", "paid"),
        ("部分发货", "partly_shipped"),
        ("卖家已发货，等待买家确认", "shipped"),
        ("TRADE_BUYER_SIGNED", "signed"),
        ("交易成功", "finished"),
        ("trade_closed_by_taobao", "closed_unpaid"),
        ("TRADE_CLOSED", "closed_refunded"),
        ("等待出库", "paid"),
        ("（锁定）等待出库", "paid"),
        ("等待确认收货", "shipped"),
        ("已发货，待收货", "shipped"),
        ("未发货，退款成功", "closed_refunded"),
        ("备货中", "paid"),
        ("已收货", "finished"),
        ("partially_refunded", "paid"),
        ("voided", "closed_unpaid"),
        ("wc-completed", "finished"),
    ],
)
def test_every_status_word_of_the_exports_is_known(word: str, status: str) -> None:
    assert STATUSES[status_code(word)] == status


def test_one_word_for_both_ways_of_closing_is_left_open() -> None:
    assert status_code("交易关闭") == CLOSED
    assert status_code("(删除)等待出库") == CLOSED
    assert status_code("cancelled") == CLOSED
    assert status_code(" ") == NOT_TOLD
    assert status_code("飞走了") == UNKNOWN


def test_channel_and_flag_words() -> None:
    assert [channel_of(word) for word in ("手机订单", "是", "", "否", "PC")] == [
        "mobile",
        "mobile",
        "pc",
        "pc",
        "pc",
    ]
    assert [flag_of(word) for word in ("", "红旗", "3", "紫色", "彩虹")] == [0, 1, 3, 5, 0]

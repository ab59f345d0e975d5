"""Reading, writing, rounding and splitting amounts of money."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from laoke.money import (
    MAX_CENTS,
    MoneyError,
    allocate,
    allocate_capped,
    divide_half_up,
    format_cents,
    parse_cents,
    pay_cents,
    plain_cents,
    short_cents,
    short_count,
)


@pytest.mark.parametrize(
    ("text", "cents"),
    [
        ("0", 0),
        ("12", 1200),
        ("12.5", 1250),
        ("12.50", 1250),
        ("12.500000", 1250),
        ("￥1,234.50", 123450),
        ("¥ 1,234.50", 123450),
        ("268.00元", 26800),
        ("CNY 5", 500),
        ("1.2万", 1_200_000),
        ("1.234567万", 1_234_567),
        ("3万元", 3_000_000),
        ("1.5亿", 15_000_000_000),
        ("１，２３４．５０", 123450),
        ("￥−12.00", -1200),
        ("-￥12.00", -1200),
        ("－３", -300),
        ("+7", 700),
        ("\t 9.90 \u3000", 990),
    ],
)
def test_an_amount_is_read_exactly(text: str, cents: int) -> None:
    assert parse_cents(text) == cents


@pytest.mark.parametrize("text", ["", " ", "\t", "-", "—", "——", "--", "−", "－", "–"])
def test_a_dash_or_nothing_is_no_amount(text: str) -> None:
    assert parse_cents(text) is None


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("NaN", "not_an_amount"),
        ("inf", "not_an_amount"),
        ("1.23E+18", "scientific"),
        ("1e5", "scientific"),
        ("1.005", "too_precise"),
        ("1.23456789万", "too_precise"),
        ("12,34", "not_an_amount"),
        ("1,2345.00", "not_an_amount"),
        ("1.2.3", "not_an_amount"),
        ("12.", "not_an_amount"),
        ("--5", "not_an_amount"),
        ("-¥-5", "not_an_amount"),
        ("无退款申请", "not_an_amount"),
        ("12 34", "not_an_amount"),
        ("①2", "not_an_amount"),
        ("٣", "not_an_amount"),
        ("99999999999999.00", "too_large"),
        ("9" * 5000, "not_an_amount"),
    ],
)
def test_anything_else_is_refused_with_a_code(text: str, code: str) -> None:
    with pytest.raises(MoneyError) as refused:
        parse_cents(text)
    assert refused.value.code == code
    assert len(refused.value.text) <= 40


@given(st.integers(-MAX_CENTS, MAX_CENTS))
def test_what_is_written_reads_back(cents: int) -> None:
    assert parse_cents(plain_cents(cents)) == cents
    assert parse_cents(format_cents(cents, symbol="¥ ")) == cents


def test_exact_amounts_carry_separators_and_two_decimals() -> None:
    assert format_cents(0) == "0.00"
    assert format_cents(123456789) == "1,234,567.89"
    assert format_cents(-5) == "−0.05"
    assert format_cents(-123450, symbol="¥ ") == "−¥ 1,234.50"
    assert plain_cents(-123450) == "-1234.50"


@pytest.mark.parametrize(
    ("cents", "chinese", "english"),
    [
        (999, "9.99", "9.99"),
        (999_999, "9,999.99", "9,999.99"),
        (1_000_000, "1.0万", "10.0K"),
        (1_234_567, "1.2万", "12.3K"),
        (-1_250_000, "−1.3万", "−12.5K"),
        (99_995_000, "100.0万", "1.0M"),
        (9_999_999_999, "1.0亿", "100.0M"),
        (123_456_789_012, "12.3亿", "1.2B"),
    ],
)
def test_short_amounts_turn_at_ten_thousand_and_carry_into_the_next_unit(
    cents: int, chinese: str, english: str
) -> None:
    assert short_cents(cents) == chinese
    assert short_cents(cents, language="en") == english


def test_short_amounts_take_two_decimals_in_key_figures_and_a_symbol() -> None:
    assert short_cents(1_234_567, decimals=2, symbol="¥ ") == "¥ 1.23万"
    assert short_cents(12_345_670_000, decimals=0) == "1亿"


def test_counts_are_whole_below_ten_thousand() -> None:
    assert short_count(0) == "0"
    assert short_count(-9999) == "−9,999"
    assert short_count(12_345) == "1.2万"
    assert short_count(12_345, language="en") == "12.3K"


@pytest.mark.parametrize(
    ("numerator", "denominator", "rounded"),
    [(5, 10, 1), (4, 10, 0), (-5, 10, -1), (15, 10, 2), (25, 10, 3), (0, 7, 0)],
)
def test_halves_go_away_from_zero(numerator: int, denominator: int, rounded: int) -> None:
    assert divide_half_up(numerator, denominator) == rounded


def test_a_denominator_must_be_positive() -> None:
    with pytest.raises(ValueError, match="denominator"):
        divide_half_up(1, 0)


def test_a_percentage_price_is_rounded_half_up_to_the_cent() -> None:
    assert pay_cents(999, 8500) == 849
    assert pay_cents(10, 8500) == 9
    assert pay_cents(1, 1) == 0


def test_shares_follow_the_weights_and_the_rest_goes_to_the_first_largest() -> None:
    assert allocate(5000, [8000, 32000]) == [1000, 4000]
    assert allocate(100, [1, 1, 1]) == [34, 33, 33]
    assert allocate(100, [1, 2, 2]) == [20, 40, 40]
    assert allocate(101, [1, 2, 2]) == [20, 41, 40]
    assert allocate(0, []) == []


def test_an_amount_without_weights_or_below_zero_is_refused() -> None:
    with pytest.raises(ValueError, match="all weights are zero"):
        allocate(1, [0, 0])
    with pytest.raises(ValueError, match="negative"):
        allocate(-1, [1])
    with pytest.raises(ValueError, match="negative"):
        allocate(1, [2, -1])


def test_a_full_line_passes_its_excess_on() -> None:
    assert allocate_capped(100, [1, 1], [20, 500]) == [20, 80]
    assert allocate_capped(100, [1, 1, 1], [10, 20, 500]) == [10, 20, 70]
    assert allocate_capped(100, [1, 0], [40, 500]) == [40, 60]
    assert allocate_capped(1000, [1, 1], [20, 50]) == [20, 50]


def test_caps_must_match_the_weights() -> None:
    with pytest.raises(ValueError, match="2 weights but 1 caps"):
        allocate_capped(1, [1, 1], [1])
    with pytest.raises(ValueError, match="negative cap"):
        allocate_capped(1, [1], [-1])


def test_a_single_line_takes_what_its_cap_allows_and_no_negative_value() -> None:
    assert [allocate_capped(total, [weight], [50]) for total, weight in ((30, 7), (30, 0), (80, 7))] == [
        [30],
        [30],
        [50],
    ]
    with pytest.raises(ValueError, match="no negative total or weight"):
        allocate_capped(30, [-1], [50])
    with pytest.raises(ValueError, match="no negative total or weight"):
        allocate_capped(-1, [7], [50])


def test_a_total_of_all_weights_gives_each_its_weight() -> None:
    assert allocate(100, [60, 0, 40]) == [60, 0, 40]


weighted = st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 10_000)), min_size=1, max_size=8)


@given(st.integers(0, 10_000), weighted)
def test_parts_equal_the_whole(total: int, lines: list[tuple[int, int]]) -> None:
    weights = [weight for weight, _ in lines]
    if not any(weights):
        return
    shares = allocate(total, weights)
    assert sum(shares) == total
    for share, weight in zip(shares, weights, strict=True):
        assert 0 <= share - total * weight // sum(weights) < len(weights)


@given(st.integers(0, 30_000), weighted)
def test_capped_parts_fill_what_there_is_room_for(total: int, lines: list[tuple[int, int]]) -> None:
    weights, caps = [w for w, _ in lines], [c for _, c in lines]
    shares = allocate_capped(total, weights, caps)
    assert sum(shares) == min(total, sum(caps))
    assert all(0 <= share <= cap for share, cap in zip(shares, caps, strict=True))

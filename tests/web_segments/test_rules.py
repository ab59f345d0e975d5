"""Rows of the builder say what the text says, both ways."""

from __future__ import annotations

import pytest
from django.http import QueryDict

from laoke.audiences.names import CONDITION_NAMES
from laoke.audiences.printing import print_filter
from laoke.audiences.text import parse
from laoke.audiences.tree import GOODS
from laoke.web.pages.segments.rules import KINDS, RuleRow, RuleTrouble, fresh_row, node_of, rows_from, rows_of

TEXTS = [
    "bought(2+, within 365d)",
    "bought",
    "spent(>= 500, within 365d)",
    "net_spent(100.50..300)",
    "last_order(90d..365d)",
    "last_order(>= 181d)",
    "first_order(<= 30d)",
    'city in ("杭州", "上海")',
    'lifecycle in ("silent", "dormant")',
    'tag("挑剔")',
    "reachable(sms)",
    "consent(email)",
    "has(phone)",
    'bought_product("四件套", 2+, within 180d)',
    "everyone",
    "not used_coupon",
    'bought(2+) and not tag("挑剔") and last_order(<= 90d)',
    'bought and (city in ("杭州") or reachable(sms)) and not has(email)',
    'bought and (city in ("杭州") or not tag("挑剔"))',
    "full_price(within 15d)",
    "coupon_share(>= 12.5%, within 365d)",
    "refund_share(10%..50%)",
    "refund_times(2+, goods, within 90d)",
    "refund_times",
    "reviewed(rating 1..3, photo, within 90d)",
    "reviewed(2+)",
    'bought_category("床上用品", 2+)',
    'items_of_product("枕套", 3..5, within 30d)',
    'spent_on_category("毛巾", >= 100.50, within 365d)',
    "bought_priced(99.90..300, 2+, within 365d)",
    "bought_priced(<= 50)",
    'bought_product("四件套") then not bought_category("毛巾") within 30d',
    "touched then bought within 7d",
    'touched(sms) then bought_product("枕") within 7d',
    "bought(within 90d) then bought within 7d",
    "touched(2+, sms, within 30d)",
    "delivered(0, within 30d)",
    "answered(2+, sms, within 30d)",
    "touched then not answered within 3d",
    "answered then bought within 7d",
    "touched then answered(sms) within 3d",
    "expected_orders(>= 0.5, within 90d)",
    "expected_orders(0.05..1.5, within 365d)",
    "expected_spend(>= 99.90, within 30d)",
    "active_probability(>= 60%)",
    "had_case",
    "had_case(2+, quality, open, within 90d)",
    "not had_case(0, closed)",
    "holds_coupon",
    'holds_coupon("双11 券", 2+)',
    'used_code("双11 券", 0, within 30d)',
    "used_code(2..3)",
    "points_held(500+)",
    "points_ending(100+, within 30d)",
    "points_ending(within 7d)",
    "points_earned(100+, within 90d)",
    "not points_used(within 90d)",
    'drew(2+, "双11 抽奖", within 30d)',
    "won",
    "brought(2+, within 365d)",
    "was_brought(within 90d)",
    "points_used(in 2025-11-01..2025-11-11)",
    "mean_gap(20d..60d)",
    "overdue(>= 150%)",
    "usual_hour(20..23)",
    "fm_score(4+)",
    "rfm_spent(>= 500.50)",
    "high(money)",
    "birthday(within 7d)",
    'birthday_month in ("11", "12")',
    'usual_weekday in ("sat", "sun")',
    'city_tier in ("first")',
    'platform_level in ("88VIP")',
    'segment("老朋友、新朋友") and not random_share(0.5%, "双十一")',
    "reviewed(in 2025-11-01..2025-11-11)",
    "spent(>= 10, in 2025-11-01..2025-11-11)",
    "not (bought and reachable(sms))",
    "bought or (reachable(sms) and has(email))",
]


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_becomes_rows_and_the_same_text_again(text: str) -> None:
    node = parse(text)
    assert node_of(rows_of(node)) == node
    assert print_filter(node_of(rows_of(node))) == print_filter(node)


WANT_WORDS = {
    "text", "city", "province", "tag", "segment", "platform_level", "sequence", "bought_product", *GOODS,
}  # fmt: skip


@pytest.mark.parametrize("kind", sorted(set(KINDS) - WANT_WORDS))
def test_a_new_row_is_a_filter_at_once(kind: str) -> None:
    assert rows_of(node_of([fresh_row(kind)]))[0].kind == kind


@pytest.mark.parametrize("kind", sorted(WANT_WORDS))
def test_a_new_row_that_wants_words_says_so(kind: str) -> None:
    with pytest.raises(RuleTrouble) as found:
        node_of([fresh_row(kind)])
    assert found.value.code == "empty"


def test_every_condition_of_the_language_has_its_row() -> None:
    assert set(CONDITION_NAMES) | {"text", "sequence"} == set(KINDS)


def test_what_controls_cannot_say_stays_as_its_text() -> None:
    [row] = rows_of(parse("spent(>= 10, in 2025-11-01..2025-11-11)"))
    assert (row.kind, row.text) == ("text", "spent(>= 10, in 2025-11-01..2025-11-11)")


@pytest.mark.parametrize(
    ("row", "code"),
    [
        (RuleRow("bought", low="很多"), "number"),
        (RuleRow("spent", low="-x"), "money"),
        (RuleRow("spent"), "empty"),
        (RuleRow("last_order", low="90", high="30"), "range"),
        (RuleRow("city"), "empty"),
        (RuleRow("tag"), "empty"),
        (RuleRow("text"), "empty"),
        (RuleRow("bought_product", text=" "), "empty"),
        (RuleRow("bought", low="2", days="1年"), "number"),
        (RuleRow("coupon_share", low="八成"), "number"),
        (RuleRow("coupon_share", low="1.234"), "number"),
        (RuleRow("bought_priced", low="2"), "empty"),
        (RuleRow("bought_priced", low2="300", high2="100"), "range"),
        (RuleRow("birthday"), "empty"),
        (RuleRow("points_ending", low="100"), "empty"),
        (RuleRow("points_held", low="一百"), "number"),
        (RuleRow("random_share", low="10"), "empty"),
        (RuleRow("spent_on_product", text="枕"), "empty"),
        (RuleRow("sequence", values=("product", "bought"), days="30"), "empty"),
        (RuleRow("sequence", values=("bought", "bought")), "empty"),
    ],
)
def test_a_row_that_says_nothing_is_named(row: RuleRow, code: str) -> None:
    with pytest.raises(RuleTrouble) as found:
        node_of([fresh_row("bought"), row])
    assert (found.value.row, found.value.code) == (1, code)


def test_money_may_be_written_as_people_do() -> None:
    assert print_filter(node_of([RuleRow("spent", low="1.2万")])) == "spent(>= 12000)"


def test_what_is_held_takes_no_window_along_from_another_condition() -> None:
    assert print_filter(node_of([RuleRow("points_held", low="100", days="30")])) == "points_held(100+)"
    assert print_filter(node_of([RuleRow("holds_coupon", days="30", text="券")])) == 'holds_coupon("券")'
    assert print_filter(node_of([RuleRow("brought", low="2", text="双11 抽奖")])) == "brought(2+)"


def test_no_rows_mean_everyone() -> None:
    assert print_filter(node_of([])) == "everyone"


def test_a_posted_sequence_and_a_posted_kind_are_read() -> None:
    posted = QueryDict(mutable=True)
    posted.setlist("row", ["0", "1"])
    posted.setlist("values-0", ["product", "category"])
    posted.setlist("values-1", [""])
    posted.update(
        {
            "kind-0": "sequence", "text-0": "四件套", "text2-0": "毛巾", "days-0": "30", "flag-0": "1",
            "kind-1": "touched", "low-1": "2",
        }
    )  # fmt: skip
    assert print_filter(node_of(rows_from(posted))) == (
        'bought_product("四件套") then not bought_category("毛巾") within 30d and touched(2+)'
    )


def test_a_posted_form_is_read_in_its_order_and_strange_kinds_are_dropped() -> None:
    posted = QueryDict(mutable=True)
    posted.setlist("row", ["1", "0", "2"])
    posted.update(
        {"kind-1": "city", "values-1": "杭州、上海, 杭州", "kind-0": "bought", "low-0": "2", "kind-2": "evil"}
    )
    rows = rows_from(posted)
    assert [row.kind for row in rows] == ["city", "bought"]
    assert rows[0].values == ("杭州", "上海")

"""Rows of the builder say what the text says, both ways."""

from __future__ import annotations

import pytest
from django.http import QueryDict

from laoke.audiences.printing import print_filter
from laoke.audiences.text import parse
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
    "spent(>= 10, in 2025-11-01..2025-11-11)",
    "not (bought and reachable(sms))",
    "bought or (reachable(sms) and has(email))",
]


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_becomes_rows_and_the_same_text_again(text: str) -> None:
    node = parse(text)
    assert node_of(rows_of(node)) == node
    assert print_filter(node_of(rows_of(node))) == print_filter(node)


@pytest.mark.parametrize(
    "kind", [kind for kind in KINDS if kind not in ("text", "city", "province", "tag", "refunded")]
)
def test_a_new_row_is_a_filter_at_once(kind: str) -> None:
    if kind in ("items", "used_coupon", "everyone", "average_order"):
        assert node_of([fresh_row(kind)])
    elif kind != "bought_product":
        assert rows_of(node_of([fresh_row(kind)]))[0].kind == kind


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
    ],
)
def test_a_row_that_says_nothing_is_named(row: RuleRow, code: str) -> None:
    with pytest.raises(RuleTrouble) as found:
        node_of([fresh_row("bought"), row])
    assert (found.value.row, found.value.code) == (1, code)


def test_money_may_be_written_as_people_do() -> None:
    assert print_filter(node_of([RuleRow("spent", low="1.2万")])) == "spent(>= 12000)"


def test_no_rows_mean_everyone() -> None:
    assert print_filter(node_of([])) == "everyone"


def test_a_posted_form_is_read_in_its_order_and_strange_kinds_are_dropped() -> None:
    posted = QueryDict(mutable=True)
    posted.setlist("row", ["1", "0", "2"])
    posted.update(
        {"kind-1": "city", "values-1": "杭州、上海, 杭州", "kind-0": "bought", "low-0": "2", "kind-2": "evil"}
    )
    rows = rows_from(posted)
    assert [row.kind for row in rows] == ["city", "bought"]
    assert rows[0].values == ("杭州", "上海")

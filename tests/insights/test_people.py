"""The list of customers page by page, forwards and backwards, in every order, beside a plain rival."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from laoke.insights import people
from laoke.insights.people import Order, PeoplePage, Wanted
from laoke.warehouse.engine import Reader
from laoke.warehouse.features import build_features, write_features
from laoke.warehouse.store import Warehouse
from tests.insights.small import DAYS, TODAY, bought, shop
from tests.warehouse.shops import table

COLUMN = {
    "last": "last_day", "first": "first_day", "orders": "orders", "net": "net_cents", "net_365": "net_cents_365",
    "refunded": "refunded_cents", "gap": "mean_gap_days",
}  # fmt: skip
SALES = st.lists(
    # Few amounts and days, so that many are equal; of some nobody ever paid.
    st.tuples(
        st.integers(1, 12), DAYS, st.sampled_from([0, 500, 1_000]), st.sampled_from([0, 500]), st.booleans()
    ),
    min_size=1,
    max_size=40,
)


def featured(reader: Reader) -> Reader:
    """The reader of the same tables with the features of today."""
    warehouse = Warehouse(reader.root)
    write_features(warehouse, build_features(warehouse.reader(), TODAY, 1), TODAY, 1, app_id="features")
    return warehouse.reader()


def in_order(rows: list[dict[str, Any]], order: Order) -> list[int]:
    """Everybody by value, who has none as if it were the least, then by number."""

    def key(row: dict[str, Any]) -> tuple[float, int]:
        value = row[COLUMN[order.sort]]
        return (-1 if value is None else int(value // 1)) * order.sign, row["person_id"]

    return [row["person_id"] for row in sorted(rows, key=key)]


def ids(page: PeoplePage) -> list[int]:
    return [row["person_id"] for row in page.rows]


@given(SALES, st.sampled_from(sorted(COLUMN)), st.booleans(), st.integers(1, 5))
@settings(max_examples=25, deadline=None)
def test_pages_follow_each_other_both_ways_as_a_rival_sorts(
    sales: list[Any], sort: str, descending: bool, size: int
) -> None:
    rows = []
    for n, (who, day, paid, back, is_paid) in enumerate(sales):
        row = bought(n, who, day, paid, min(paid, back))
        rows.append(row if is_paid else row | {"paid_at": None, "paid_cents": 0, "refunded_cents": 0})
    order = Order(sort, descending)
    with shop(rows) as plain:
        reader = featured(plain)
        known = reader.rows("SELECT * FROM customer_features")
        expected = in_order(known, order)

        def page(**at: str) -> PeoplePage:
            return people.page_of_people(reader, 1, TODAY, Wanted(), order, rows=size, **at)

        pages = [page()]
        while pages[-1].following:
            pages.append(page(after=pages[-1].following))
        assert [one for each in pages for one in ids(each)] == expected
        assert {each.matched for each in pages} == {len(expected)}
        assert pages[0].previous == ""
        for before, here in pairwise(pages):
            assert ids(page(before=here.previous)) == ids(before)
        whole = people.page_of_people(reader, 1, TODAY, Wanted(), order, rows=people.FOUND_FIRST + 1)
        assert ids(whole) == expected
        if whole.rows:
            first = {name: whole.rows[0][name] for name in pages[0].rows[0] if name != "sort_value"}
            assert first == pages[0].rows[0]
        assert people.all_people(reader, 1, TODAY, Wanted()) == sorted(expected)


def test_conditions_tags_and_channels_narrow_the_list_and_its_count() -> None:
    rows = [bought(n, n, TODAY - n, 1_000 * n) for n in range(1, 9)]
    with shop(rows) as plain:
        warehouse = Warehouse(plain.root)
        tags = [{"shop_id": one, "person_id": n, "tag": "挑剔"} for one, n in ((1, 2), (1, 3), (2, 4))]
        reach = [
            {
                "shop_id": 1, "person_id": n, "channel": channel, "reachable": can, "consented": can, "reason": "",
                "touches_7": 0, "touches_30": 0,
            }
            for n, channel, can in ((2, "sms", False), (3, "sms", True), (4, "sms", True), (5, "email", True))
        ]  # fmt: skip
        warehouse.append("customer_tags", table("customer_tags", tags), app_id="tags")
        warehouse.append("customer_reach", table("customer_reach", reach), app_id="reach")
        reader = featured(plain)

        def found(**wanted: Any) -> tuple[list[int], int]:
            page = people.page_of_people(reader, 1, TODAY, Wanted(**wanted), Order("net"), rows=50)
            assert people.all_people(reader, 1, TODAY, Wanted(**wanted)) == sorted(ids(page))
            return ids(page), page.matched

        assert found() == ([8, 7, 6, 5, 4, 3, 2, 1], 8)
        assert found(tag="挑剔") == ([3, 2], 2)
        assert found(tag="没有的") == ([], 0)
        assert found(reach="sms") == ([4, 3], 2)
        assert found(tag="挑剔", reach="sms") == ([3], 1)
        assert found(days_to=2, persons=[1, 2, 3]) == ([2, 1], 2)
        assert found(persons=[]) == ([], 0)


@pytest.mark.parametrize("way", ["after", "before"])
@pytest.mark.parametrize("key", ["", "x", "1", "1_2_3", "_", f"{2**63}_1", "1.5_2"])
def test_a_broken_key_gives_the_first_page(key: str, way: str) -> None:
    at = {way: key}
    with shop([bought(n, n, TODAY, 1_000) for n in range(1, 4)]) as plain:
        page = people.page_of_people(featured(plain), 1, TODAY, Wanted(), Order(), rows=2, **at)
    assert ids(page) == [1, 2] and page.previous == ""

"""The rows of the list: what is read for the columns shown, and pages of those who can be reached or were found."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from laoke.insights import people
from laoke.insights.people import Order, Wanted

if TYPE_CHECKING:
    from tests.people import Demo

pytestmark = pytest.mark.django_db


def walked(demo: Demo, wanted: Wanted, order: Order, rows: int = 7) -> tuple[list[int], set[int]]:
    """Everybody page by page, and the counts that the pages told."""
    from laoke.audiences.readings import reading_of

    reading = reading_of(demo.shop, demo.now.date())
    seen: list[int] = []
    told, after = set(), ""
    while True:
        page = people.page_of_people(
            reading.reader, demo.shop.pk, reading.as_of_day, wanted, order, rows=rows, after=after,
            columns=("person_id", "orders"),
        )  # fmt: skip
        assert all(row.keys() >= {"person_id", "orders"} for row in page.rows)
        seen += [row["person_id"] for row in page.rows]
        told.add(page.matched)
        after = page.following
        if not after:
            return seen, told


def everybody(demo: Demo, wanted: Wanted) -> list[int]:
    from laoke.audiences.readings import reading_of

    reading = reading_of(demo.shop, demo.now.date())
    return people.all_people(reading.reader, demo.shop.pk, reading.as_of_day, wanted)


@pytest.mark.parametrize("nearest", [8, 40, 2_000])
@pytest.mark.parametrize("order", [Order("last"), Order("net"), Order("first", descending=False)])
def test_those_who_can_be_reached_follow_each_other_however_many_are_looked_at_first(
    demo: Demo, monkeypatch: pytest.MonkeyPatch, nearest: int, order: Order
) -> None:
    wanted = Wanted(reach="sms")
    monkeypatch.setattr(people, "NEAREST", nearest)
    seen, told = walked(demo, wanted, order, rows=20)
    monkeypatch.setattr(people, "NEAREST", 0)
    assert (seen, told) == walked(demo, wanted, order, rows=200)
    assert sorted(seen) == everybody(demo, wanted) and told == {len(seen)} and len(seen) > 40


def test_chosen_persons_are_counted_on_the_way_on_every_page(demo: Demo) -> None:
    some = everybody(demo, Wanted())[::3][:25]
    seen, told = walked(demo, Wanted(persons=some), Order("net"))
    assert sorted(seen) == sorted(some) and told == {25}
    loyal, counts = walked(demo, Wanted(persons=some, orders_from=2), Order("last"), rows=30)
    assert set(loyal) <= set(some) and counts == {len(loyal)}
    assert walked(demo, Wanted(persons=[]), Order()) == ([], {0})


def test_each_column_of_the_list_says_what_it_reads(demo: Demo) -> None:
    from laoke.web.pages.customers import listing

    assert listing.FIELDS.keys() == listing.COLUMNS.keys()
    for name in listing.COLUMNS:
        demo.client().post("/customers/columns/", {"column": [name]})
        assert demo.client().get("/customers/").status_code == 200

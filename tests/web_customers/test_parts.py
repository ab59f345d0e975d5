"""The page of one customer and its two parts: what each holds, how they come together, what they ask of the ledger."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.web_customers.test_history import AS_PART, busiest, text

if TYPE_CHECKING:
    from django.test import Client

    from tests.people import Demo

pytestmark = pytest.mark.django_db

# Sessions, the colleague and the frame are in it; most of what is left are cards, each with one question.
MOST_QUESTIONS = {"": 30, "history/": 22, "habits/": 9}


def test_the_page_keeps_room_for_its_parts_and_they_come_as_parts(demo: Demo) -> None:
    client, person = demo.client(), busiest(demo)
    page = text(client.get(f"/customers/{person}/"))
    for part, holds in (("history", "下单"), ("habits", "两次之间")):
        address = f"/customers/{person}/{part}/"
        place = re.search(rf'<(\w+)[^>]* id="{part}"[^>]*>', page)
        assert (
            place and f'hx-get="{address}" hx-trigger="load"' in place[0] and 'aria-busy="true"' in place[0]
        )
        assert holds not in page
        found = text(client.get(address, headers=AS_PART))
        assert (
            holds in found and f'id="{part}"' in found and "<html" not in found and "aria-busy" not in found
        )


def test_without_scripts_a_part_is_read_as_a_page_of_its_own(demo: Demo) -> None:
    client, person = demo.client(), busiest(demo)
    page = text(client.get(f"/customers/{person}/"))
    for part, holds in (("history", "下单"), ("habits", "两次之间")):
        address = f"/customers/{person}/{part}/"
        assert f'<noscript><a class="link" href="{address}">' in page
        whole = text(client.get(address))
        assert "<html" in whole and holds in whole and f'href="/customers/{person}/">回到这位客户' in whole
        assert "hx-swap-oob" not in whole and "hx-replace-url" not in whole


def test_the_address_of_the_page_says_which_place_of_the_line_it_shows(demo: Demo) -> None:
    client, person = demo.client(), busiest(demo)
    page = text(client.get(f"/customers/{person}/?kind=order&evil=1"))
    assert f'hx-get="/customers/{person}/history/?kind=order"' in page
    part = text(client.get(f"/customers/{person}/history/?kind=order", headers=AS_PART))
    assert f'hx-replace-url="/customers/{person}/?kind=order"' in part
    assert f'hx-get="/customers/{person}/history/?"' in part


def test_the_next_order_takes_its_place_among_the_figures(demo: Demo) -> None:
    client, person = demo.client(), busiest(demo)
    assert 'class="kpi" id="next-order">' in text(client.get(f"/customers/{person}/"))
    part = text(client.get(f"/customers/{person}/habits/", headers=AS_PART))
    assert 'class="kpi" id="next-order" hx-swap-oob="true">' in part


def test_the_orders_that_a_case_may_be_about_come_with_the_line(demo: Demo) -> None:
    person = busiest(demo)
    page = text(demo.client(demo.service).get(f"/customers/{person}/"))
    assert re.search(r'id="k-order"[^>]*><option value="">不为哪一单</option></select>', page)
    part = text(demo.client(demo.service).get(f"/customers/{person}/history/", headers=AS_PART))
    newest = re.search(r'href="/orders/\?no=([^"]+)"', part)
    choice = part.split('id="k-order"')[1]
    assert newest and f"<option>{newest[1]}</option>" in choice and "hx-swap-oob" in choice
    # An analyst opens no case: there is no place for it in their page.
    assert "k-order" not in text(
        demo.client(demo.analyst).get(f"/customers/{person}/history/", headers=AS_PART)
    )


def test_parts_of_nobody_are_not_found_and_strangers_sign_in(demo: Demo, client: Client) -> None:
    for part in ("history", "habits"):
        assert demo.client().get(f"/customers/12345/{part}/").status_code == 404
        assert client.get(f"/customers/{busiest(demo)}/{part}/").status_code == 302
        assert client.get(f"/customers/{busiest(demo)}/{part}/", headers=AS_PART).status_code == 401


@pytest.mark.parametrize("part", MOST_QUESTIONS)
def test_each_answer_asks_the_ledger_a_bounded_number_of_times(demo: Demo, part: str) -> None:
    client, address = demo.client(), f"/customers/{busiest(demo)}/{part}"
    headers = AS_PART if part else {}
    client.get(address, headers=headers)
    with CaptureQueriesContext(connection) as asked:
        client.get(address, headers=headers)
    told = "\n".join(one["sql"][:150] for one in asked.captured_queries)
    assert len(asked) <= MOST_QUESTIONS[part], told


def test_no_card_asks_what_another_has_asked(demo: Demo) -> None:
    client, address = demo.client(), f"/customers/{busiest(demo)}/"
    client.get(address)
    with CaptureQueriesContext(connection) as asked:
        client.get(address)
    said = [one["sql"] for one in asked.captured_queries]
    assert len(said) == len(set(said)), [one for one in said if said.count(one) > 1]

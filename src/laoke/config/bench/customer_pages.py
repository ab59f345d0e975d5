"""The list of customers, a search in it and one customer's page, over HTTP, in a shop of a million customers.

A real server process, one signed-in browser that asks for one page after the other, nothing else going on. A customer's
page comes in three answers: the page, then what happened and what they usually do, which HTMX puts into it. Each is
measured by itself, and `customer_whole` is the time until all three are there: the page, then both parts at once.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from laoke.config.bench.installation import ask, process, signed_in, wait_for
from laoke.config.bench.measures import Bench, Figure, Measured, Size, spent
from laoke.config.bench.ports import free_port

if TYPE_CHECKING:
    from laoke.shops.models import Shop

CUSTOMERS = {"small": 2_000, "full": 1_000_000}
ORDERS = {"small": 10_000, "full": 10_000_000}
ROUNDS = {"small": 1, "full": 6}
PERSONS = {"small": 5, "full": 80}
LIMIT_MS = 200
HERE = "/customers/"
PARTS = ("history/", "habits/")
# The conditions that the list's own dialog and its saved views set.
FILTERS: tuple[dict[str, str], ...] = (
    {"group3": "loyal"}, {"lifecycle": "dormant"}, {"lifecycle": "silent", "city": "杭州市"}, {"rfm": "key_value"},
    {"tag": "挑剔"}, {"reach": "sms"}, {"orders_from": "3", "year_from": "500", "reach": "email"},
    {"days_from": "90", "days_to": "365", "sort": "-year"}, {"province": "浙江省", "r_score": "5"}, {"mine": "1"},
)  # fmt: skip
SORTS = ("last", "-first", "-orders", "-year", "-net", "net", "-refunded")
# Where deep pages lie, as shares of the list.
DEPTHS = (0.1, 0.5, 0.999)


def _laoke(size: Size, folder: Path) -> Iterator[Measured]:
    from laoke.config.bench.house import NOW, new_shop, open_house
    from laoke.config.bench.known_people import fill_known_shop

    open_house()
    shop = new_shop()
    fill_known_shop(shop, NOW, customers=CUSTOMERS[size], orders=ORDERS[size])
    yield from measure_pages(shop, size)


def measure_pages(shop: Shop, size: Size) -> Iterator[Measured]:
    """Ask a server of this installation for each kind of page."""
    from laoke.config.bench.house import NOW

    os.environ["LAOKE_NOW"] = NOW.isoformat(sep=" ")
    cookie, port = signed_in(), free_port()

    def page_at(page: str) -> float:
        return ask(port, page, cookie)

    def part_at(page: str) -> float:
        return ask(port, page, cookie, as_part=True)

    def whole_at(page: str) -> float:
        begun = time.perf_counter()
        page_at(page)
        with ThreadPoolExecutor(len(PARTS)) as browser:
            list(browser.map(part_at, (page + part for part in PARTS)))
        return (time.perf_counter() - begun) * 1000

    persons = _persons(shop, size)
    kinds: dict[str, tuple[Callable[[str], float], list[str], int]] = {
        "customer_list": (page_at, _lists(shop), ROUNDS[size]),
        "customer_search": (page_at, _searches(shop, size), ROUNDS[size]),
        "customer_page": (page_at, persons, 1),
        "customer_timeline": (part_at, [page + PARTS[0] for page in persons], 1),
        "customer_habits": (part_at, [page + PARTS[1] for page in persons], 1),
        "customer_whole": (whole_at, persons, 1),
    }
    with process("web", "--port", port):
        wait_for(port)
        for figure, (asking, pages, rounds) in kinds.items():
            # A first look at some, not counted: templates are compiled, files opened.
            for page in pages[:2]:
                asking(page)
            with spent() as elapsed:
                took = _asked(asking, pages, rounds)
            yield _summed(figure, took, CUSTOMERS[size], elapsed.wall)


def _asked(asking: Callable[[str], float], pages: Sequence[str], rounds: int) -> dict[str, list[float]]:
    """Milliseconds by page."""
    took: dict[str, list[float]] = {page: [] for page in pages}
    for _ in range(rounds):
        for page in pages:
            took[page].append(asking(page))
    return took


def _summed(figure: str, took: dict[str, list[float]], customers: int, wall: float) -> Measured:
    import numpy as np

    spans = [span for spans in took.values() for span in spans]
    slowest = max(took, key=lambda page: median(took[page]))
    note = (
        f"p95 of {len(spans)}, median {median(spans):.0f} ms, most {max(spans):.0f} ms; slowest "
        f"{slowest if figure in ('customer_list', 'customer_search') else 'person'} {median(took[slowest]):.0f} ms"
    )
    return Measured(figure, float(np.percentile(spans, 95)), customers, wall, 0.0, note=note)


def _lists(shop: Shop) -> list[str]:
    """First pages by every order and condition, and pages far down."""
    asked = [{}, *({"sort": sort} for sort in SORTS), *FILTERS]
    asked += [{"sort": sort, "after": key} for sort in ("-last", "-net") for key in _deep_keys(shop, sort)]
    return [f"{HERE}?{urlencode(one)}" if one else HERE for one in asked]


def _deep_keys(shop: Shop, sort: str) -> list[str]:
    """The keys behind which the pages far down a list begin."""
    from laoke.audiences.readings import reading_of
    from laoke.config.bench.house import NOW

    reading = reading_of(shop, NOW.date())
    value = "coalesce(last_day, -1)" if sort == "-last" else "net_cents"
    found = []
    for depth in DEPTHS:
        [row] = reading.reader.rows(
            f"SELECT -CAST({value} AS BIGINT) AS key, person_id FROM customer_features "
            "WHERE shop_id = $shop_id AND as_of_day = $day ORDER BY 1, 2 LIMIT 1 OFFSET $place",
            {"shop_id": shop.pk, "day": reading.as_of_day, "place": int(reading.people * depth)},
        )
        found.append(f"{row['key']}_{row['person_id']}")
    return found


def _searches(shop: Shop, size: Size) -> list[str]:
    """By whole nick, phone and order number, by a name and by a part of one, and for somebody who is not there."""
    from laoke.config.bench.known_people import name_of, nick_of, phone_of

    n = CUSTOMERS[size]
    words = [
        nick_of(n // 3),
        nick_of(n // 2),
        phone_of(n // 4),
        phone_of(n - 1),
        str(10**17 + ORDERS[size] // 2),
    ]
    words += [name_of(n // 5), name_of(n // 7)[:2], nick_of(n // 3)[:6], "19900000000", "查无此人"]
    return [f"{HERE}?{urlencode({'q': word})}" for word in words]


def _persons(shop: Shop, size: Size) -> list[str]:
    """People from all over the list: the one who bought most first, each place a little further down."""
    from laoke.audiences.readings import reading_of
    from laoke.config.bench.house import NOW

    reading = reading_of(shop, NOW.date())
    rows = reading.reader.rows(
        "SELECT person_id FROM customer_features WHERE shop_id = $shop_id AND as_of_day = $day "
        "ORDER BY orders DESC, person_id",
        {"shop_id": shop.pk, "day": reading.as_of_day},
    )
    step = max(1, len(rows) // PERSONS[size])
    return [f"{HERE}{row['person_id']}/" for row in rows[::step]]


BENCH = Bench(
    figures={
        "customer_list": Figure("ms", limit=LIMIT_MS),
        "customer_search": Figure("ms", limit=LIMIT_MS),
        "customer_page": Figure("ms", limit=LIMIT_MS),
        "customer_timeline": Figure("ms", limit=LIMIT_MS),
        "customer_habits": Figure("ms", limit=LIMIT_MS),
        "customer_whole": Figure("ms"),
    },
    sides={"laoke": _laoke},
    runs=1,
)

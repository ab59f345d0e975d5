"""The demo shop as a whole: planned once, then made in runs of orders of any size with the same result.

`generate` gives everything in memory; `plan` gives a shop that hands out its tables run by run, for millions of
orders. Order states are those known at `end`, which is also the `seen_at` of every order.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from datetime import datetime

import pyarrow as pa

from laoke.intake.demo import tables
from laoke.intake.demo.buying import Purchases, brushing_size, purchases
from laoke.intake.demo.draws import Draws
from laoke.intake.demo.goods import Goods, catalogue
from laoke.intake.demo.people import People
from laoke.intake.demo.reviews import reviews
from laoke.intake.demo.seasons import Calendar, calendar
from laoke.intake.demo.traffic import TrafficBook

RUN_ORDERS = 100_000


@dataclass(frozen=True)
class DemoRun:
    """Tables of consecutive orders (by time of placing), in the columns of the contracts."""

    orders: pa.Table
    order_lines: pa.Table
    refunds: pa.Table
    shipment_events: pa.Table
    reviews: pa.Table
    review_texts: pa.Table
    order_people: pa.Table
    planted_fakes: pa.Table


@dataclass(frozen=True)
class DemoShop(DemoRun):
    """All tables of a demo shop. `planted_fakes` is the truth about brushed orders and no fact of the shop."""

    products: pa.Table
    traffic_days: pa.Table
    product_days: pa.Table
    people: pa.Table
    plan: DemoPlan


@dataclass(frozen=True)
class DemoPlan:
    """A shop whose buyers and times of orders are settled; the rest follows run by run."""

    seed: int
    customers: int
    orders: int
    end: datetime
    draws: Draws
    days: Calendar
    goods: Goods
    buyers: People
    placed: Purchases

    def as_of(self, moment: datetime) -> DemoPlan:
        """The same shop at an earlier time: later orders are not placed yet, earlier ones stand as they stood then."""
        seconds = int((moment - datetime(1970, 1, 1)).total_seconds())
        known = self.placed.created <= seconds
        placed = Purchases(*(getattr(self.placed, column.name)[known] for column in fields(Purchases)))
        return replace(self, days=replace(self.days, end=moment), placed=placed)

    def run(self, first: int, count: int) -> tables.Run:
        """Orders number `first` and up to `count` − 1 following, before they become tables."""
        part = slice(first, first + count)
        placed = Purchases(*(getattr(self.placed, column.name)[part] for column in fields(Purchases)))
        return tables.Run(self.draws, self.days, self.goods, self.buyers, placed, first, self.orders)

    def runs(self, run_orders: int = RUN_ORDERS, book: TrafficBook | None = None) -> Iterator[DemoRun]:
        """The tables in runs; a `book` (see `traffic_book`) counts the traffic on the way."""
        for first in range(0, len(self.placed), run_orders):
            run = self.run(first, run_orders)
            if book is not None:
                book.add(run)
            yield _tables(run)

    def traffic_book(self) -> TrafficBook:
        """An empty book for the traffic and product days; close it after the last run."""
        return TrafficBook(self.draws, self.days, self.goods)

    def products(self) -> pa.Table:
        return self.goods.table()

    def people(self, first: int = 0, last: int | None = None) -> pa.Table:
        """Buyers `first` … `last` − 1, counted from 0; all by default."""
        return self.buyers.table(first, last)


def _tables(run: tables.Run) -> DemoRun:
    facts, words = reviews(run)
    return DemoRun(
        orders=tables.orders(run),
        order_lines=tables.order_lines(run),
        refunds=tables.refunds(run),
        shipment_events=tables.shipment_events(run),
        reviews=facts,
        review_texts=words,
        order_people=tables.order_people(run),
        planted_fakes=tables.planted_fakes(run),
    )


def plan(seed: int, customers: int, orders: int, end: datetime) -> DemoPlan:
    """Settle who orders when, in the 731 days that end at `end` (local time of the shop, without zone).

    Parameters
    ----------
    customers
        buyers, the accounts of brushers included; each of them has at least one order.
    orders
        orders of every state together, closed and fake ones included; between 1 and 8 per customer.

    Raises
    ------
    ValueError
        when the numbers do not fit each other or `end` carries a zone.
    """
    if end.tzinfo is not None:
        raise ValueError(f"end {end.isoformat()} carries a zone: times of a shop are local and have none")
    draws, days = Draws(seed), calendar(end.replace(microsecond=0))
    placed = purchases(draws, days, customers, orders)
    brushers = brushing_size(customers, orders)[1]
    buyers = People(draws, customers, brushers)
    return DemoPlan(seed, customers, orders, end, draws, days, catalogue(draws, days), buyers, placed)


def generate(seed: int, customers: int, orders: int, end: datetime, run_orders: int = RUN_ORDERS) -> DemoShop:
    """Make a whole demo shop in memory. `run_orders` changes the speed, never the result; errors as in `plan`."""
    planned = plan(seed, customers, orders, end)
    book = planned.traffic_book()
    runs = list(planned.runs(run_orders, book))
    joined = {
        column.name: pa.concat_tables([getattr(run, column.name) for run in runs])
        for column in fields(DemoRun)
    }
    return DemoShop(
        **joined,
        products=planned.products(),
        traffic_days=book.traffic_days(),
        product_days=book.product_days(),
        people=planned.people(),
        plan=planned,
    )

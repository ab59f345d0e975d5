"""Visitors by source and by product, made to fit the orders: sales are counted, visits follow from conversion.

Orders, buyers, pieces and money of a day are exact sums of the paid orders of that day, fakes included, because
the platform counts them too. Brushed orders come by search with few visits, so conversion jumps on their days.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from laoke.intake.demo import texts
from laoke.intake.demo.buying import fake_mask
from laoke.intake.demo.draws import Draws, Floats, Ints
from laoke.intake.demo.goods import Goods
from laoke.intake.demo.seasons import DAYS, Calendar
from laoke.intake.demo.tables import Run


@dataclass(frozen=True)
class Source:
    """Where visitors come from: share of orders, conversion, and what it costs."""

    name: str
    share: float
    conversion: float
    cents_per_visitor: float = 0.0
    commission: float = 0.0  # of sales


SOURCES = (
    Source("手淘搜索", 0.34, 0.034),
    Source("手淘推荐", 0.10, 0.014),
    Source("购物车", 0.14, 0.120),
    Source("我的淘宝", 0.10, 0.095),
    Source("直通车", 0.13, 0.022, cents_per_visitor=130.0),
    Source("引力魔方", 0.07, 0.013, cents_per_visitor=75.0),
    Source("淘宝客", 0.07, 0.045, commission=0.06),
    Source("淘宝直播", 0.05, 0.026, commission=0.03),
)
_SEARCH = 0


@dataclass
class TrafficBook:
    """Sums by day that grow with each run of orders; `traffic_days` and `product_days` close the book."""

    draws: Draws
    days: Calendar
    goods: Goods
    orders: Ints = field(init=False)
    fakes: Ints = field(init=False)
    sales: Ints = field(init=False)
    units: Ints = field(init=False)
    product_sales: Ints = field(init=False)
    buyer_keys: list[Ints] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        by_source, by_product = DAYS * len(SOURCES), DAYS * len(self.goods)
        self.orders, self.fakes, self.sales = (np.zeros(by_source, dtype=np.int64) for _ in range(3))
        self.units, self.product_sales = (np.zeros(by_product, dtype=np.int64) for _ in range(2))

    def add(self, run: Run) -> None:
        """Count the paid orders of a run."""
        row = np.flatnonzero(run.paid)
        day = self.days.day_of(run.life.paid[row])
        fake = fake_mask(run.placed)[row]
        source = self.draws.weighted("source", run.index[row], [source.share for source in SOURCES])
        cell = day * len(SOURCES) + np.where(fake, _SEARCH, source)
        self.orders += _count(cell, len(self.orders))
        self.fakes += _count(cell[fake], len(self.orders))
        self.sales += _sum(cell, run.basket.total[row], len(self.sales))
        basket = run.basket
        order, line = np.nonzero(basket.used & run.paid[:, None])
        paid_day = self.days.day_of(run.life.paid[order])
        cell = paid_day * len(self.goods) + basket.product[order, line]
        self.units += _sum(cell, basket.quantity[order, line], len(self.units))
        self.product_sales += _sum(cell, basket.due[order, line], len(self.units))
        self.buyer_keys.append(np.unique(cell * np.int64(2**31) + run.placed.buyer[order]))

    def traffic_days(self) -> pa.Table:
        """One row per day and source."""
        number = np.arange(DAYS * len(SOURCES))
        source = number % len(SOURCES)
        share, rate, click, fee = (
            np.array([getattr(s, name) for s in SOURCES])[source]
            for name in ("share", "conversion", "cents_per_visitor", "commission")
        )
        real = self.orders - self.fakes
        by_day = self.days.demand.reshape(DAYS, 24).sum(axis=1)
        expected = (by_day / by_day.sum() * real.sum())[number // len(SOURCES)] * share
        visits = _visits(self.draws, "visitors", number, (0.6 * real + 0.4 * expected) / rate)
        visitors = np.maximum(visits + self.fakes, self.orders)
        cost = (visitors * click * (0.85 + 0.3 * self.draws.uniform("click price", number))).astype(np.int64)
        return pa.table(
            {
                "date_day": self._date(number // len(SOURCES)),
                "source": texts.picked([s.name for s in SOURCES], source),
                "visitors": pa.array(visitors, pa.int32()),
                "cost_cents": cost + (self.sales * fee).astype(np.int64),
                "orders": pa.array(self.orders, pa.int32()),
                "sales_cents": self.sales,
            }
        )

    def product_days(self) -> pa.Table:
        """One row per listed product and day."""
        day, product = np.divmod(np.arange(DAYS * len(self.goods)), len(self.goods))
        listed = self.days.start_seconds + (day + 1) * 86400 > self.goods.listed_seconds[product]
        row = np.flatnonzero(listed)
        buyers = _count(np.unique(np.concatenate(self.buyer_keys)) // 2**31, len(day))[row]
        day, product, units = day[row], product[row], self.units[row]
        draw = self.draws.uniform
        rate = 0.012 + 0.03 * draw("product conversion", product)
        idle = 0.3 * self.goods.popularity[product] * max(1.0, buyers.sum() / len(row))
        visitors = np.maximum(_visits(self.draws, "product visitors", row, (buyers + idle) / rate), buyers)
        clicks = visitors + (visitors * 0.25 * draw("clicks", row)).astype(np.int64)
        impressions = (clicks / (0.03 + 0.04 * draw("click rate", product))).astype(np.int64)
        dwell = visitors * (18 + 40 * draw("dwell", product)) * (0.9 + 0.2 * draw("dwell day", row))
        shares = {
            "bounces": 0.45 + 0.25 * draw("bounce", product),
            "inquiries": 0.02 + 0.05 * draw("inquiry", product),
            "favourites": 0.02 + 0.05 * draw("favourite", product),
            "cart_adds": 0.05 + 0.08 * draw("cart", product),
        }
        return pa.table(
            {
                "product_id": self.goods.ids.take(pa.array(product)),
                "date_day": self._date(day),
                "impressions": pa.array(impressions, pa.int32()),
                "clicks": pa.array(clicks, pa.int32()),
                "visitors": pa.array(visitors, pa.int32()),
                "dwell_seconds": dwell.astype(np.int64),
                **{
                    name: pa.array((visitors * part + draw(name, row)).astype(np.int64), pa.int32())
                    for name, part in shares.items()
                },
                "buyers": pa.array(buyers, pa.int32()),
                "units": pa.array(units, pa.int32()),
                "sales_cents": self.product_sales[row],
            }
        )

    def _date(self, day: Ints) -> pa.Array:
        return pa.array(self.days.start_seconds // 86400 + day, pa.int32())


def _count(cell: Ints, size: int) -> Ints:
    return np.bincount(cell, minlength=size)


def _sum(cell: Ints, amount: Ints, size: int) -> Ints:
    # Sums of doubles are exact below 2^53 cents, far above any shop's sales of a day.
    return np.bincount(cell, weights=amount, minlength=size).astype(np.int64)


def _visits(draws: Draws, stream: str, index: Ints, mean: Floats) -> Ints:
    """Counts around a mean, spreading a little more than Poisson's law."""
    spread = np.sqrt(mean + (0.06 * mean) ** 2)
    return np.maximum(np.round(mean + spread * draws.normal(stream, index)), 0).astype(np.int64)

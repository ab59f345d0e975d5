"""The rhythm of a Tmall shop: how much people buy in each hour, and what prices and offers hold on each day.

Sale events are written as days around their date with the demand of an ordinary day as 1. Orders of all people
are placed on this one clock of demand, so that peaks and lulls appear in the behaviour of each person.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import numpy as np

from laoke.intake.demo.draws import Floats, Ints

DAYS = 731
_MONTHS = (0.85, 0.75, 1.0, 0.95, 0.95, 0.95, 0.85, 0.95, 1.1, 1.2, 1.1, 1.0)
_WEEKDAYS = (1.02, 1.0, 0.99, 0.98, 0.96, 0.97, 1.08)
_HOURS = np.array(
    (
        0.35, 0.20, 0.12, 0.08, 0.06, 0.08, 0.20, 0.40, 0.70, 1.00, 1.30, 1.25,
        1.10, 1.20, 1.25, 1.25, 1.20, 1.10, 1.05, 1.25, 1.60, 1.90, 1.80, 1.10,
    )
)  # fmt: skip
_PEAK_HOURS = np.array(
    (
        6.0, 2.5, 1.2, 0.6, 0.3, 0.3, 0.5, 0.8, 1.2, 1.5, 1.5, 1.3,
        1.2, 1.2, 1.2, 1.2, 1.1, 1.0, 1.0, 1.2, 1.8, 2.2, 2.4, 2.0,
    )
)  # fmt: skip
# Days around the Spring Festival: people travel, carriers rest.
_FESTIVAL = {
    **dict.fromkeys(range(-7, -2), 0.6),
    **dict.fromkeys(range(-2, 5), 0.25),
    **dict.fromkeys(range(5, 10), 0.5),
}
_GROWTH_PER_YEAR = 0.2


@dataclass(frozen=True)
class SaleEvent:
    """A sale of the platform: demand by day around its date, and what the shop and the platform give."""

    name: str
    month: int
    day: int
    demand: Mapping[int, float]
    offer_days: tuple[int, ...]
    price_permille: int
    shop_step: tuple[int, int]  # spend, off (cents), once
    platform_step: tuple[int, int]  # every so much, off (cents), repeating
    backlog: float  # how much longer shipping takes on the peak day


EVENTS = (
    SaleEvent("38", 3, 8, {-1: 0.8, 0: 3.2, 1: 1.5}, (0, 1), 900, (19900, 1500), (20000, 2000), 1.3),
    SaleEvent(
        "618",
        6,
        18,
        {-17: 3.2, -16: 2.2, -15: 1.5, **dict.fromkeys(range(-5, 0), 0.7), 0: 12.0, 1: 1.6, 2: 1.2},
        (-17, -16, -15, 0, 1, 2),
        820,
        (29900, 2000),
        (30000, 5000),
        2.0,
    ),
    SaleEvent("99", 9, 9, {0: 3.0, 1: 1.4}, (0, 1), 900, (19900, 1500), (20000, 2000), 1.2),
    SaleEvent(
        "double11",
        11,
        11,
        {-10: 3.0, -9: 2.2, -8: 1.6, **dict.fromkeys(range(-7, 0), 0.6), 0: 26.0, 1: 2.2, 2: 1.4},
        (-10, -9, -8, 0, 1, 2),
        780,
        (29900, 3000),
        (30000, 5000),
        3.2,
    ),
    SaleEvent("1212", 12, 12, {0: 4.5, 1: 1.3}, (0, 1), 880, (19900, 1500), (20000, 2000), 1.4),
)


@dataclass(frozen=True)
class Calendar:
    """Demand and offers of the 731 days that end with the day of `end`; arrays are by day."""

    end: datetime
    start: datetime
    demand: Floats  # by hour, 731 × 24 long, zero after `end`
    event: Ints  # position in EVENTS whose offers hold, −1 = none
    peak: Ints  # position in EVENTS whose main day it is, −1 = none
    backlog: Floats  # factor on shipping and transit times
    festival_until: Ints  # day on which carriers work again, if this one is a rest day; else the day itself
    months: Ints = field(repr=False)  # month of the year, 1…12
    month_number: Ints = field(repr=False)  # months since the start

    @property
    def start_seconds(self) -> int:
        return int((self.start - datetime(1970, 1, 1)).total_seconds())

    @property
    def end_seconds(self) -> int:
        return int((self.end - datetime(1970, 1, 1)).total_seconds())

    def day_of(self, seconds: Ints) -> Ints:
        """Position of the day of each time (seconds since 1970)."""
        return (seconds - self.start_seconds) // 86400


def calendar(end: datetime) -> Calendar:
    """Lay out the two years that end at `end` (local time of the shop)."""
    start = datetime(end.year, end.month, end.day) - timedelta(days=DAYS - 1)
    days = [start.date() + timedelta(days=n) for n in range(DAYS)]
    demand = _day_demand(days)
    event, peak = _events(days, demand)
    hourly = _hourly(demand, peak, end, start)
    months = np.array([day.month for day in days], dtype=np.int64)
    number = np.array([(day.year - days[0].year) * 12 + day.month - days[0].month for day in days])
    return Calendar(end, start, hourly, event, peak, _backlog(peak), _festival_rest(days), months, number)


def _day_demand(days: list[date]) -> Floats:
    demand = np.array([_MONTHS[day.month - 1] * _WEEKDAYS[day.weekday()] for day in days])
    demand *= 1 + _GROWTH_PER_YEAR * np.arange(len(days)) / 365
    for position, weight in _around_festivals(days):
        demand[position] *= weight
    return demand


def _spring_festival(year: int) -> date:
    from lunardate import LunarDate

    return LunarDate(year, 1, 1).to_solar_date()


def _around_festivals(days: list[date]) -> list[tuple[int, float]]:
    found = []
    for year in range(days[0].year, days[-1].year + 1):
        new_year = (_spring_festival(year) - days[0]).days
        found += [(new_year + n, weight) for n, weight in _FESTIVAL.items() if 0 <= new_year + n < len(days)]
    return found


def _events(days: list[date], demand: Floats) -> tuple[Ints, Ints]:
    offers, peaks = np.full(len(days), -1), np.full(len(days), -1)
    for year in range(days[0].year, days[-1].year + 2):
        for number, event in enumerate(EVENTS):
            middle = (date(year, event.month, event.day) - days[0]).days
            for offset, weight in event.demand.items():
                if 0 <= middle + offset < len(days):
                    demand[middle + offset] *= weight
            for offset in event.offer_days:
                if 0 <= middle + offset < len(days):
                    offers[middle + offset] = number
            if 0 <= middle < len(days):
                peaks[middle] = number
    return offers, peaks


def _hourly(demand: Floats, peak: Ints, end: datetime, start: datetime) -> Floats:
    big = np.isin(peak, [n for n, event in enumerate(EVENTS) if event.backlog >= 2])
    shape = np.where(big[:, None], _PEAK_HOURS / _PEAK_HOURS.sum(), _HOURS / _HOURS.sum())
    hourly = (demand[:, None] * shape).ravel()
    last = (end - start) / timedelta(hours=1)
    part = np.clip(last - np.arange(len(hourly)), 0.0, 1.0)
    return hourly * part


def _backlog(peak: Ints) -> Floats:
    """Parcels pile up on the main day and the pile melts away within a week."""
    factor = np.ones(len(peak))
    for day in np.flatnonzero(peak >= 0):
        top = EVENTS[peak[day]].backlog
        for after in range(min(7, len(peak) - int(day))):
            factor[day + after] = max(factor[day + after], 1 + (top - 1) * 0.72**after)
    return factor


def _festival_rest(days: list[date]) -> Ints:
    until = np.arange(len(days))
    for year in range(days[0].year, days[-1].year + 1):
        new_year = (_spring_festival(year) - days[0]).days
        rest = np.arange(max(0, new_year - 3), max(0, min(len(days), new_year + 6)))
        until[rest] = new_year + 6
    return until

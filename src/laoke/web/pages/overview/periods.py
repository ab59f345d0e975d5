"""The stretch of days a page looks at, and the one it is compared with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from django.utils.translation import gettext_lazy as _

from laoke.web.components.base import Words

EPOCH = date(1970, 1, 1)
# Data that is older than this is looked at as of its own last day: a shop that imports once a month still sees a month.
FRESH_DAYS = 7
PERIODS: dict[str, Words] = {"1": _("昨天"), "7": _("7 天"), "30": _("30 天"), "year": _("今年")}
BASES: dict[str, Words] = {"year": _("比去年同期"), "before": _("比上一期")}
FAKES: dict[str, Words] = {"without": _("不含疑似刷单"), "with": _("含疑似刷单")}


def day_number(day: date) -> int:
    """Days since 1970-01-01, as facts count them."""
    return (day - EPOCH).days


def day_of(number: int) -> date:
    """The day of a day number."""
    return EPOCH + timedelta(days=number)


@dataclass(frozen=True)
class Period:
    """Whole days from `first` to `last`, and the days they are compared with."""

    key: str
    basis: str
    first: date
    last: date
    before_first: date
    before_last: date

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    def params(self) -> dict[str, int]:
        """As the named queries want them."""
        return {
            "from_day": day_number(self.first),
            "to_day": day_number(self.last),
            "year_before_from_day": day_number(self.before_first),
            "year_before_to_day": day_number(self.before_last),
        }


def last_day(today: date, newest: date | None) -> date:
    """The last whole day to show: yesterday, or the data's own last day when nothing came in for a week."""
    yesterday = today - timedelta(days=1)
    if newest is None or (yesterday - newest).days <= FRESH_DAYS:
        return yesterday
    return newest


def period_of(key: str, basis: str, last: date) -> Period:
    """The chosen period that ends on `last`; unknown choices give the last 30 days against last year."""
    key = key if key in PERIODS else "30"
    basis = basis if basis in BASES else "year"
    first = last.replace(month=1, day=1) if key == "year" else last - timedelta(days=int(key) - 1)
    if basis == "year":
        return Period(key, basis, first, last, year_before(first), year_before(last))
    days = (last - first).days + 1
    return Period(key, basis, first, last, first - timedelta(days=days), first - timedelta(days=1))


def year_before(day: date) -> date:
    """The same date a year earlier; 29 February becomes the 28th."""
    try:
        return day.replace(year=day.year - 1)
    except ValueError:
        return day.replace(year=day.year - 1, day=28)

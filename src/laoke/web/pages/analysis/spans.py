"""The days an analysis looks at: a choice of usual stretches, or two dates of one's own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from django.http import QueryDict
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from laoke.web.components.base import Words
from laoke.web.pages.overview.periods import day_number

PERIODS: dict[str, Words] = {"90": _("90 天"), "365": _("一年"), "all": _("全部")}
USUAL = "365"
_LONGEST = 10


@dataclass(frozen=True)
class Span:
    """Whole days from `first` to `last`. `key` is the usual stretch, '' for dates of one's own; `trouble` says why
    given dates were not taken."""

    key: str
    first: date
    last: date
    trouble: str = ""

    def params(self) -> dict[str, int]:
        """As the named queries want them."""
        return {"from_day": day_number(self.first), "to_day": day_number(self.last)}


def span_of(query: QueryDict, first_known: date, last: date) -> Span:
    """The stretch that the address asks for, `period` or `from` and `to`; what makes no sense gives the last year."""
    given = query.get("from", "").strip(), query.get("to", "").strip()
    trouble = ""
    if any(given):
        found = _dates(given, first_known, last)
        if isinstance(found, Span):
            return found
        trouble = found
    key = query.get("period", USUAL)
    key = key if key in PERIODS else USUAL
    first = min(first_known, last) if key == "all" else last - timedelta(days=int(key) - 1)
    return Span(key, first, last, trouble)


def _dates(given: tuple[str, str], first_known: date, last: date) -> Span | str:
    ends = []
    for text, missing in zip(given, (first_known, last), strict=True):
        try:
            ends.append(date.fromisoformat(text) if text else missing)
        except ValueError:
            said = gettext("「%(found)s」不是日期，写成 2026-11-09 这样。先按一年看")
            return said % {"found": text[:_LONGEST]}
    first, until = ends
    if first > until:
        said = gettext("开始 %(first)s 在结束 %(last)s 之后，换一下再看。先按一年看")
        return said % {"first": first.isoformat(), "last": until.isoformat()}
    return Span("", max(first, first_known) if until >= first_known else first, min(until, max(first, last)))

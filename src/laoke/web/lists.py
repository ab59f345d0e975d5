"""Lists over rows of the database: a page by keyset in both directions, its search bar, the same rows as a workbook.

The address holds the place: `after` and `before` carry the values of the order's fields of a row, so that a page stays
where it is while rows come and go. The workbook is read in the same order, piece by piece, and holds all rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext

from laoke.web import components as ui
from laoke.web import figures, sheets
from laoke.web.numbers import row_number

PAGE_ROWS = 50
PIECE = 500  # rows of a workbook that are read at once
LONGEST_SEARCH = 100

Model = TypeVar("Model", bound=models.Model)
Line = TypeVar("Line")
Place = TypeVar("Place")


def searched(request: HttpRequest) -> str:
    """What is searched for; a text no database takes is shortened to what it takes.

    It stands in the address, also when it is a number or a nick: only so do paging, going back and the workbook keep
    what was found. Our logs hold no addresses, no other site is told one; a browser's own history is its user's.
    """
    return request.GET.get("q", "").replace("\0", "").strip()[:LONGEST_SEARCH]


def without_place(request: HttpRequest, **changes: str | None) -> str:
    """The list's address with some keys changed, at its first page."""
    return ui.query_with(request.GET.urlencode(), after=None, before=None, export=None, **changes)


def filters(
    request: HttpRequest,
    label: str,
    *,
    count: int,
    keep: Sequence[str] = (),
    chips: Sequence[ui.Chip] = (),
    actions: Sequence[ui.Action] = (),
) -> ui.Filters:
    """The bar above a list: search, conditions in force, how many rows, the list as a workbook."""
    return ui.Filters(
        search_value=searched(request),
        search_label=label,
        chips=chips,
        keep=[(name, request.GET[name]) for name in keep if request.GET.get(name)],
        count=figures.rows_text(count),
        actions=actions,
        export=ui.query_with(request.GET.urlencode(), export="xlsx", after=None, before=None),
    )


@dataclass(frozen=True)
class Found(Generic[Line]):
    """One page of rows and the addresses of the pages beside it."""

    rows: list[Line]
    previous_url: str
    next_url: str


def found_page(
    request: HttpRequest,
    size: int,
    after: Place | None,
    before: Place | None,
    *,
    on: Callable[[Place | None, int], list[Line]],
    back: Callable[[Place, int], list[Line]],
    mark: Callable[[Line], str],
) -> Found[Line]:
    """The page after or before a place of a list, wherever its rows come from.

    on      at most so many rows after a place, from the beginning for None
    back    at most so many rows just before a place, in the list's own order
    mark    what the address says of the place of a row
    """
    query = request.GET.urlencode()

    def link(**place: str) -> str:
        return ui.query_with(query, **{"after": None, "before": None, **place})

    if before is not None:
        rows = back(before, size + 1)
        if len(rows) > size:
            rows = rows[1:]
            return Found(rows, link(before=mark(rows[0])), link(after=mark(rows[-1])))
        # What stands before is no more than a page: the first page holds all of it.
        after = None
    rows = on(after, size + 1)
    following = link(after=mark(rows[size - 1])) if len(rows) > size else ""
    rows = rows[:size]
    if after is None:
        return Found(rows, "", following)
    return Found(rows, link(before=mark(rows[0])) if rows else link(), following)


@dataclass(frozen=True)
class Listing(Generic[Model]):
    """A list: its rows, their order, and how rows become lines.

    name    caption of the table and name of the workbook
    order   fields with `-` for falling, the last of them unique
    lines   makes the lines of some rows; it is called once for each page and for each piece of the workbook
    """

    name: str
    rows: QuerySet[Model]
    order: Sequence[str]
    columns: Sequence[ui.Column]
    lines: Callable[[list[Model]], list[ui.Row]]
    per_page: int = 100

    def found(self, request: HttpRequest) -> Found[Model]:
        """The page that the address asks for; a place that nobody can read is the first page."""
        turned = [_turned(name) for name in self.order]

        def on(mark: list[Any] | None, most: int) -> list[Model]:
            wanted = self.rows if mark is None else self.rows.filter(_behind(self.order, mark))
            return list(wanted.order_by(*self.order)[:most])

        def back(mark: list[Any], most: int) -> list[Model]:
            return list(self.rows.filter(_behind(turned, mark)).order_by(*turned)[:most])[::-1]

        places = self._mark(request, "after"), self._mark(request, "before")
        return found_page(request, min(self.per_page, PAGE_ROWS), *places, on=on, back=back, mark=self._text)

    def table(
        self,
        found: Found[Model],
        request: HttpRequest,
        *,
        empty: ui.Empty,
        order: str,
        count: str = "",
        target: str = "",
    ) -> ui.Table:
        """The page as a table with its pager; a search that finds nothing says so."""
        if searched(request):
            everything = ui.Action(gettext("看全部"), without_place(request, q=None))
            empty = ui.FilteredOut(gettext("没有符合的"), gettext("换个词，或看全部"), everything)
        return ui.Table(
            self.columns,
            self.lines(found.rows),
            caption=self.name,
            query=request.GET.urlencode(),
            target=target,
            empty=empty,
            pager=ui.Pager(found.previous_url, found.next_url, order, count),
        )

    def sheet(self, request: HttpRequest) -> HttpResponse:
        """All rows as a workbook; a list too long for one says so and stays."""
        count = self.rows.count()
        if count > sheets.MOST_ROWS:
            said = gettext("有 %(n)s 行，一次最多导出 %(most)s 行。加个条件再导出")
            messages.error(
                request, said % {"n": figures.exact(count), "most": figures.exact(sheets.MOST_ROWS)}
            )
            return redirect(request.path + without_place(request))
        return sheets.sheet(request, self.columns, self._all_lines(), self.name)

    def _all_lines(self) -> Iterator[ui.Row]:
        after: list[Any] | None = None
        while True:
            wanted = self.rows if after is None else self.rows.filter(_behind(self.order, after))
            piece = list(wanted.order_by(*self.order)[:PIECE])
            if not piece:
                return
            yield from self.lines(piece)
            after = [getattr(piece[-1], name.lstrip("-")) for name in self.order]

    def _text(self, row: Model) -> str:
        return "|".join(_written(getattr(row, name.lstrip("-"))) for name in self.order)

    def _mark(self, request: HttpRequest, key: str) -> list[Any] | None:
        parts = request.GET.get(key, "").split("|")
        if len(parts) != len(self.order):
            return None
        values = []
        for name, part in zip(self.order, parts, strict=True):
            value = _read(self.rows.model, name.lstrip("-"), part)
            if value is None:
                return None
            values.append(value)
        return values


def _turned(name: str) -> str:
    return name[1:] if name.startswith("-") else f"-{name}"


def _behind(order: Sequence[str], mark: Sequence[Any]) -> Q:
    """Rows after the one with these values: later in the first field, or equal there and later in the next."""
    wanted, equal = Q(pk__in=[]), Q()
    for name, value in zip(order, mark, strict=True):
        field = name.lstrip("-")
        later = f"{field}__lt" if name.startswith("-") else f"{field}__gt"
        wanted |= equal & Q(**{later: value})
        equal &= Q(**{field: value})
    return wanted


def _written(value: Any) -> str:
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _read(model: type[models.Model], name: str, text: str) -> Any:
    field = model._meta.pk if name == "pk" else model._meta.get_field(name)
    if isinstance(field, models.IntegerField):
        return row_number(text)
    assert isinstance(field, models.Field)
    try:
        value = field.to_python(text)
    except ValidationError:
        return None
    return None if isinstance(value, datetime) and value.tzinfo is not None else value

"""A list as an Excel file: the columns of the page, all its rows, an audit row with count and hash."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.html import strip_tags
from django.utils.http import content_disposition_header
from django.utils.translation import gettext

from laoke.shops import audit
from laoke.shops.open_files import let_go
from laoke.shops.sheets import WrittenSheet, write_book, write_xlsx
from laoke.web import components as ui
from laoke.web.access import clock_of, shop_of
from laoke.web.components.tables import CellValue

# What is written while one waits.
MOST_ROWS = 100_000
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_FIGURE = re.compile(r"[-−]?\d{1,3}(,\d{3})*(\.\d+)?|[-−]?\d{1,15}(\.\d+)?")


def wanted(request: HttpRequest) -> bool:
    """Whether the list is asked for as a file."""
    return request.GET.get("export") == "xlsx"


def sheet(
    request: HttpRequest, columns: Sequence[ui.Column], rows: Iterable[ui.Row], name: str
) -> HttpResponse:
    """The rows as a workbook that is safe to open; the act is written down. Columns without a head hold buttons."""
    path = _path(request)
    return _answer(request, write_xlsx(path, *_page(columns, rows), sheet=gettext("名单")), name)


def book(request: HttpRequest, pages: Sequence[tuple[str, ui.Table]], name: str) -> HttpResponse:
    """Several tables of a page as one workbook, a sheet each under its name; the act is written down."""
    sheets = [(title, *_page(table.columns, table.rows)) for title, table in pages]
    return _answer(request, write_book(_path(request), sheets), name)


def _path(request: HttpRequest) -> Path:
    shop, now = shop_of(request), clock_of(request).now()
    place: Path = settings.PLACE.exports
    return place / f"list-{shop.pk}-{request.user.pk}-{now:%Y%m%d-%H%M%S-%f}.xlsx"


def _page(
    columns: Sequence[ui.Column], rows: Iterable[ui.Row]
) -> tuple[list[str], Iterable[list[str | int | float]]]:
    shown = [(at, column) for at, column in enumerate(columns) if column.label]
    header = [strip_tags(str(column.label)) for _, column in shown]
    return header, ([value_of(row.cells[at], column.kind) for at, column in shown] for row in rows)


def _answer(request: HttpRequest, written: WrittenSheet, name: str) -> HttpResponse:
    shop, now, path = shop_of(request), clock_of(request).now(), written.path
    body = path.read_bytes()
    let_go(path)
    audit.record(
        "list.export",
        shop=shop,
        actor=request.user,  # type: ignore[arg-type]
        at=now,
        subject=name[:200],
        count=written.rows,
        sha256=written.sha256,
    )
    answer = HttpResponse(body, content_type=XLSX)
    answer["Content-Disposition"] = (
        content_disposition_header(True, f"{name}-{now:%Y%m%d}.xlsx") or "attachment"
    )
    return answer


def value_of(cell: CellValue, kind: str) -> str | int | float:
    """What a cell says, without its shape; what stands in a column of figures is a number again."""
    text = _text_of(cell)
    if kind == "num" and isinstance(text, str) and _FIGURE.fullmatch(text):
        plain = text.replace(",", "").replace("−", "-")
        return float(plain) if "." in plain else int(plain)
    return "" if text == "—" else text


def _text_of(cell: CellValue) -> str | int:
    value = cell.value if isinstance(cell, ui.Cell) else cell
    if isinstance(value, int):
        return value
    if isinstance(value, ui.Status | ui.Tag):
        return str(value.text)
    if isinstance(value, ui.Who):
        return value.name
    return strip_tags(str(value)) if isinstance(value, ui.Component) else str(value)

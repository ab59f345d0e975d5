"""A list as an Excel file: the columns of the page, all rows up to a limit, an audit row with count and hash."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.html import strip_tags
from django.utils.http import content_disposition_header
from django.utils.translation import gettext

from laoke.shops import audit
from laoke.shops.sheets import write_xlsx
from laoke.web import components as ui
from laoke.web.access import clock_of, shop_of
from laoke.web.components.tables import CellValue

MOST_ROWS = 10_000
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def wanted(request: HttpRequest) -> bool:
    """Whether the list is asked for as a file."""
    return request.GET.get("export") == "xlsx"


def page_rows(request: HttpRequest, usual: int) -> int:
    """How many rows a view reads: a page, or everything the file may hold."""
    return MOST_ROWS if wanted(request) else usual


def sheet(request: HttpRequest, table: ui.Table, name: str) -> HttpResponse:
    """The table as a workbook that is safe to open; the act is written down."""
    shop, now = shop_of(request), clock_of(request).now()
    path = settings.PLACE.exports / f"list-{shop.pk}-{request.user.pk}-{now:%Y%m%d-%H%M%S-%f}.xlsx"
    header = [strip_tags(str(column.label)) for column in table.columns]
    written = write_xlsx(
        path, header, ([text_of(cell) for cell in row.cells] for row in table.rows), sheet=gettext("名单")
    )
    body = written.path.read_bytes()
    written.path.unlink(missing_ok=True)
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


def text_of(cell: CellValue) -> str | int:
    """What a cell says, without its shape."""
    value = cell.value if isinstance(cell, ui.Cell) else cell
    if isinstance(value, int):
        return value
    if isinstance(value, ui.Status | ui.Tag):
        return str(value.text)
    if isinstance(value, ui.Who):
        return value.name
    return strip_tags(str(value)) if isinstance(value, ui.Component) else str(value)

"""A price sheet as a workbook, and a workbook back: shown first, kept when somebody says so."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import content_disposition_header
from django.utils.translation import gettext, pgettext
from django.views.decorators.http import require_POST

from laoke.campaigns import price_sheets
from laoke.campaigns.models import PriceSheet, PriceVersion
from laoke.campaigns.price_columns import ITEM_COLUMNS
from laoke.campaigns.price_files import Change, Laid, Seen, read_file
from laoke.campaigns.price_sheets import PriceRefused, items_of, newest, terms_of
from laoke.campaigns.table_files import RefusedRow
from laoke.promotions.ladder import Item, Role
from laoke.shops import audit
from laoke.shops.joins import clauses, named
from laoke.shops.models import Upload
from laoke.shops.open_files import let_go
from laoke.shops.sheets import write_xlsx
from laoke.shops.uploads import forget, opened
from laoke.web import components as ui
from laoke.web import figures, sheets
from laoke.web.access import MARKETING, allowed, clock_of, shop_of
from laoke.web.nav import SELLING
from laoke.web.numbers import row_number
from laoke.web.pages.prices.item_table import file_header, file_row
from laoke.web.pages.prices.reading import find_sheet, read_sheet, version_of
from laoke.web.pages.prices.words import file_refusal_text, rate_text, refusal_text, role_text
from laoke.web.small_files import Unreadable, readable, taken_in

MOST_SHOWN = 200


@dataclass(frozen=True)
class Preview:
    """What an uploaded file would change, before it does."""

    sheet: PriceSheet
    upload: Upload
    base: int
    facts: ui.Facts
    changes: ui.Table | None
    refused: ui.Table | None
    refused_url: str
    absent: int
    absent_names: str
    nothing: bool
    competitors: bool


@allowed(*SELLING)
def price_file(request: HttpRequest, pk: int) -> HttpResponse:
    """The sheet as a workbook, with figures and warnings beside what may be changed."""
    shop, now = shop_of(request), clock_of(request).now()
    sheet = find_sheet(request, pk)
    reading = read_sheet(sheet, *version_of(request, sheet), now.date())
    path = settings.PLACE.exports / f"prices-{sheet.pk}-{request.user.pk}-{now:%Y%m%d-%H%M%S-%f}.xlsx"
    rows = [file_row(reading, one) for one in reading.priced]
    written = write_xlsx(path, file_header(), rows, sheet=gettext("价格表"))
    audit.record(
        "price_sheet.file", shop=shop, actor=request.user, at=now,  # type: ignore[arg-type]
        subject=f"{sheet.pk}/{reading.version.number}", count=written.rows, sha256=written.sha256,
    )  # fmt: skip
    # A thousand rows at most: answered whole, so that no file stays open or behind.
    answer = HttpResponse(path.read_bytes(), content_type=sheets.XLSX)
    let_go(path)
    name = f"{sheet.name}-{reading.version.number}.xlsx"
    answer["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    return answer


@require_POST
@allowed(*MARKETING)
def price_upload(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a file in and show what it would change."""
    sheet, today = find_sheet(request, pk), clock_of(request).now().date()
    missing = gettext("选一个文件：Excel 或 CSV，一行一件商品")
    upload = taken_in(request, missing, lambda brought: _read(brought, newest(sheet), today))
    if upload is None:
        return redirect("price_sheet", sheet.pk)
    return redirect("price_preview", sheet.pk, upload.pk)


@allowed(*MARKETING)
def price_preview(request: HttpRequest, pk: int, upload: int) -> HttpResponse:
    """What the file would change; sent back, it does. Only who brought the file goes on with it."""
    shop, now = shop_of(request), clock_of(request).now()
    sheet = find_sheet(request, pk)
    brought = get_object_or_404(Upload, shop=shop, pk=upload, created_by=request.user)
    if request.method == "POST" and request.POST.get("act") == "drop":
        forget(brought)
        messages.success(request, gettext("没有改，文件已删掉"))
        return redirect("price_sheet", sheet.pk)
    last = newest(sheet)
    try:
        read = _read(brought, last, now.date())
    except Unreadable as why:
        messages.error(request, str(why))
        return redirect("price_sheet", sheet.pk)
    if sheets.wanted(request):
        return _refused_file(request, read)
    if request.method == "POST" and _kept(request, sheet, brought, read, last):
        forget(brought)
        return redirect("price_sheet", sheet.pk)
    return render(request, "prices/preview.html", {"page": _preview(request, sheet, brought, read, last)})


def _read(upload: Upload, last: PriceVersion, today: date) -> Laid | Seen:
    with readable(file_refusal_text), opened(upload) as path:
        return read_file(path, items_of(last), terms_of(last), today)


def _kept(
    request: HttpRequest, sheet: PriceSheet, upload: Upload, read: Laid | Seen, last: PriceVersion
) -> bool:
    """Whether the file was put to use; what stands against it is told on the page."""
    now, user = clock_of(request).now(), request.user
    if isinstance(read, Seen):
        count = price_sheets.keep_competitors(sheet.shop, read.prices, by=user, now=now, sha256=upload.sha256)  # type: ignore[arg-type]
        messages.success(request, gettext("记下了 %(n)s 个对手价") % {"n": figures.exact(count)})
        return True
    items = read.without_absent if request.POST.get("absent") == "drop" else read.items
    try:
        price_sheets.save_version(
            sheet, items, terms_of(last), base=row_number(request.POST.get("base", "")) or 0, by=user, now=now,  # type: ignore[arg-type]
            file_name=upload.name, sha256=upload.sha256,
        )  # fmt: skip
    except PriceRefused as refused:
        messages.error(request, refusal_text(refused))
        return False
    said = gettext("改了 %(n)s 件") % {"n": figures.exact(len(read.changes))}
    if read.refused:
        said = clauses([said, figures.unused_rows_text(len(read.refused))])
    messages.success(request, said)
    return True


def _preview(
    request: HttpRequest, sheet: PriceSheet, upload: Upload, read: Laid | Seen, last: PriceVersion
) -> Preview:
    refused = _refused_table(read.refused)
    refused_url = ui.query_with("", export="xlsx") if read.refused else ""
    told = (gettext("没用上的行"), figures.rows_text(len(read.refused)))
    file = (gettext("文件"), upload.name)
    if isinstance(read, Seen):
        facts = [file, (gettext("对手价"), gettext("%(n)s 个") % {"n": figures.exact(read.count)}), told]
        table = _prices_table(read, items_of(last))
        return Preview(
            sheet, upload, last.number, ui.Facts(facts), table, refused, refused_url, 0, "",
            not read.count, competitors=True,
        )  # fmt: skip
    added = sum(one.old is None for one in read.changes)
    pieces = gettext("%(n)s 件")
    facts = [
        file,
        (gettext("要改"), pieces % {"n": figures.exact(len(read.changes) - added)}),
        (gettext("新加"), pieces % {"n": figures.exact(added)}),
        (gettext("没变"), pieces % {"n": figures.exact(read.unchanged)}),
        (gettext("文件里没有的"), pieces % {"n": figures.exact(len(read.absent))}),
        told,
    ]
    names = clauses(one.title or one.product_id for one in read.absent[:5])
    return Preview(
        sheet, upload, last.number, ui.Facts(facts), _changes_table(read.changes), refused, refused_url,
        len(read.absent), names, not read.changes and not read.absent, competitors=False,
    )  # fmt: skip


def _changes_table(changes: list[Change]) -> ui.Table | None:
    if not changes:
        return None
    return ui.Table(
        [
            ui.Column("item", pgettext("one of a list", "商品")),
            ui.Column("what", gettext("改什么"), "wrap", card="wide"),
        ],
        [
            ui.Row([ui.Cell(one.new.title or one.new.product_id, sub=one.new.sku), _what(one)])
            for one in changes[:MOST_SHOWN]
        ],
        caption=gettext("要改的商品"),
    )


def _what(change: Change) -> str:
    """`活动价（元） 39.90 → 35.00；成本（元） — → 12.00`; of a new item what the file says of it."""
    heads = {column.name: str(column.head) for column in ITEM_COLUMNS}
    if change.old is None:
        given = [
            named(heads[name], _shown(name, change.new)) for name in change.names if getattr(change.new, name)
        ]
        return clauses([gettext("新加"), *given])
    old = change.old
    return clauses(f"{heads[name]} {_shown(name, old)} → {_shown(name, change.new)}" for name in change.names)


def _shown(name: str, item: Item) -> str:
    value = getattr(item, name)
    if value is None or value == "":
        return figures.NOTHING
    if isinstance(value, Role):
        return role_text(value)
    if name.endswith("_bp"):
        return rate_text(value)
    return figures.cents(value) if name.endswith("_cents") else str(value)


def _prices_table(seen: Seen, items: list[Item]) -> ui.Table | None:
    titles = {one.key: one.title or one.product_id for one in items}
    rows = [
        ui.Row([titles[key], one.name, figures.cents(one.price_cents), f"{one.seen_on:%Y-%m-%d}", one.source])
        for key, prices in seen.prices.items()
        for one in prices
    ]
    columns = [
        ui.Column("item", pgettext("one of a list", "商品")), ui.Column("competitor", gettext("对手"), "nowrap"),
        ui.Column("price", gettext("对手价（元）"), "num"), ui.Column("day", gettext("看到的日期"), "nowrap"),
        ui.Column("source", gettext("出处"), "wrap", card="hide"),
    ]  # fmt: skip
    return ui.Table(columns, rows[:MOST_SHOWN], caption=gettext("对手价")) if rows else None


def _refused_table(refused: list[RefusedRow]) -> ui.Table | None:
    columns = [
        ui.Column("line", pgettext("one of a list", "行"), "num"), ui.Column("column", gettext("列"), "nowrap"),
        ui.Column("found", gettext("写的是"), "wrap"), ui.Column("expected", gettext("要写"), "wrap", card="wide"),
    ]  # fmt: skip
    rows = [
        ui.Row([figures.exact(one.line), str(one.column), one.found[:100], str(one.expected)])
        for one in refused[:MOST_SHOWN]
    ]
    return ui.Table(columns, rows, caption=gettext("没用上的行")) if rows else None


def _refused_file(request: HttpRequest, read: Laid | Seen) -> HttpResponse:
    """The rows that are not taken, as they came, with why: mended and uploaded again they lose nothing."""
    heads = [*read.header, gettext("第几行"), gettext("哪一列"), gettext("要写")]
    columns = [ui.Column(str(at), head) for at, head in enumerate(heads)]
    width = len(read.header)
    rows = [
        ui.Row([*one.row[:width], *[""] * (width - len(one.row)), str(one.line), str(one.column), str(one.expected)])
        for one in read.refused
    ]  # fmt: skip
    return sheets.sheet(request, columns, rows, gettext("没用上的行"))

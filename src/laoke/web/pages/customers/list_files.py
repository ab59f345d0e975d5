"""A list of people that a colleague uploads: read, matched, and what it was used for told line by line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.http import HttpRequest
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from laoke.audiences import people_lists
from laoke.audiences.people_lists import ListRefused, Matched
from laoke.audiences.readings import NotReady, reading_of
from laoke.intake.reading.messages import refusal_message
from laoke.intake.reading.refusals import IntakeRefused
from laoke.shops.joins import listed
from laoke.shops.models import Shop, Upload
from laoke.shops.uploads import UploadDamaged, UploadRefused, forget, opened, refused_text, store_upload
from laoke.web import components as ui
from laoke.web import figures
from laoke.web.access import clock_of, shop_of
from laoke.web.components.base import Words

if TYPE_CHECKING:
    from laoke.warehouse.engine import Reader

MOST_SHOWN = 200
WHY: dict[str, Words] = {
    "unknown": _("店里没有这个人"),
    "many": _("不止一个人用它，分不清"),
    "masked": _("打了星号，认不出"),
    "empty": _("这一行没写是谁"),
}


class FileRefused(Exception):
    """A file that cannot be used, with the sentence that says why and what to do."""


@dataclass(frozen=True)
class FileResult:
    """What came of a file: the figures, and the lines that named nobody (the first of them)."""

    title: Words
    facts: ui.Facts
    unmatched: ui.Table | None
    back_url: str
    back: Words


def matched_file(request: HttpRequest) -> Matched:
    """The people of the uploaded file.

    Raises
    ------
    FileRefused
    """
    upload = kept_file(request)
    try:
        return matched_upload(request, upload)
    finally:
        forget(upload)


def kept_file(request: HttpRequest) -> Upload:
    """The uploaded file, sealed, for whoever looks at it first and uses it then.

    Raises
    ------
    FileRefused
    """
    file = request.FILES.get("file")
    if file is None:
        raise FileRefused(gettext("选一个文件：Excel 或 CSV，一行一个人"))
    try:
        return store_upload(shop_of(request), file, by=request.user, now=clock_of(request).now())  # type: ignore[arg-type]
    except UploadRefused as refused:
        raise FileRefused(refused_text(refused)) from refused


def matched_upload(request: HttpRequest, upload: Upload) -> Matched:
    """The people of a file that was kept.

    Raises
    ------
    FileRefused
    """
    shop, now = shop_of(request), clock_of(request).now()
    try:
        with opened(upload) as path:
            named = people_lists.read_list(path)
    except ListRefused as refused:
        raise FileRefused(_refusal(refused)) from refused
    except UploadDamaged as damaged:
        raise FileRefused(gettext("这个文件已经不在了，重新传一次")) from damaged
    except IntakeRefused as refused:
        raise FileRefused(refusal_message(refused.code, refused.params)) from refused
    return people_lists.match(shop, named, _reader(shop, now))


def _reader(shop: Shop, now: datetime) -> Reader | None:
    try:
        return reading_of(shop, now.date()).reader
    except NotReady:
        return None


def _refusal(refused: ListRefused) -> str:
    if refused.code == "columns":
        said = gettext("没有认得出人的列。要有一列叫旺旺、手机或订单号，现有的列：%(found)s")
        return said % {"found": listed(refused.params["found"])}
    if refused.code == "too_long":
        return gettext("最多 %(most)s 行，分几份再传") % {"most": figures.exact(refused.params["most"])}
    if refused.code == "cell":
        return gettext("有一格长得不像名单。用 Excel 打开看看，只留要用的列再传")
    return gettext("文件里没有一行写了人")


def result_of(
    title: Words, found: Matched, done: int, verb: Callable[[str], str], back: tuple[Words, str]
) -> FileResult:
    """The page of a file that was used; `done` people were changed, `verb` says how with their number."""
    facts: list[tuple[Words, str]] = [
        (_("文件里"), figures.rows_text(found.lines)),
        (_("认出"), gettext("%(n)s 人") % {"n": figures.exact(len(found.people))}),
        (_("做了"), verb(figures.exact(done))),
        (
            _("认不出"),
            figures.rows_text(len(found.unmatched)),
        ),
    ]
    rows = [
        ui.Row([str(one.named.line), one.named.mask or "—", WHY[one.why]])
        for one in found.unmatched[:MOST_SHOWN]
    ]
    columns = [
        ui.Column("line", pgettext_lazy("one of a list", "行"), "num"),
        ui.Column("given", _("写的是")),
        ui.Column("why", _("为什么")),
    ]
    table = ui.Table(columns, rows, caption=_("认不出的行")) if rows else None
    return FileResult(title, ui.Facts(facts), table, back[1], back[0])

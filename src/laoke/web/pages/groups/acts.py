"""What is done with chat groups: changed, people written down by hand or by a file that is looked at first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from laoke.audiences.people_lists import Matched, Named
from laoke.customers import links
from laoke.groups import members
from laoke.groups.members import GroupRefused, Stay
from laoke.groups.models import MemberGroup
from laoke.intake.reading.cells import time_micros
from laoke.shops.models import Upload
from laoke.shops.uploads import forget
from laoke.web import components as ui
from laoke.web import figures
from laoke.web.access import MARKETING, allowed, clock_of, shop_of
from laoke.web.components.base import Words
from laoke.web.numbers import row_number
from laoke.web.pages.customers.list_files import MOST_SHOWN, WHY, FileRefused, kept_file, matched_upload
from laoke.web.pages.groups.views import REFUSALS, TALKS, draft_from, group_of

EPOCH = datetime(1970, 1, 1)
BAD_DAY: Words = _("日子读不懂，或在今天以后，或退群早于进群")


@dataclass(frozen=True)
class Told:
    """What a file says of a group: stays of those it knows, and the lines that cannot be used."""

    stays: dict[int, Stay]
    refused: list[tuple[Named, Words]]


@dataclass(frozen=True)
class PreviewPage:
    """What a file would do, before it does it."""

    group: MemberGroup
    upload: Upload
    facts: ui.Facts
    refused: ui.Table | None
    usable: bool


@require_POST
@allowed(*MARKETING)
def change(request: HttpRequest, group_id: int) -> HttpResponse:
    """Change what is told of a group."""
    row, now = group_of(request, group_id), clock_of(request).now()
    try:
        members.change_group(
            row, draft_from(request), request.POST.get("state", ""), by=request.user, now=now  # type: ignore[arg-type]
        )  # fmt: skip
    except GroupRefused as refused:
        messages.error(request, str(REFUSALS[refused.code]))
    else:
        messages.success(request, gettext("记下了"))
    return redirect("group", group_id)


def _day(text: str, otherwise: date | None) -> date | None:
    """A day of a form or a file in any usual writing; `otherwise` for nothing.

    Raises
    ------
    GroupRefused
        `day` when it cannot be read.
    """
    if not text.strip():
        return otherwise
    micros, state = time_micros(text.strip(), serials=True)
    if state:
        raise GroupRefused("day")
    return (EPOCH + timedelta(microseconds=micros)).date()


@require_POST
@allowed(*TALKS)
def join(request: HttpRequest, person_id: int) -> HttpResponse:
    """Write down that one person joined a group."""
    shop, now, post = shop_of(request), clock_of(request).now(), request.POST
    if not links.customers_of(shop, person_id):
        raise Http404
    chosen = row_number(post.get("group", "")) or 0
    row = MemberGroup.objects.filter(shop=shop, pk=chosen).select_related("shop__owner").first()
    if row is None:
        messages.error(request, gettext("没有这个群了，刷新页面再看"))
        return redirect("customer", person_id)
    try:
        joined_on = _day(post.get("joined_on", ""), now.date()) or now.date()
        done = members.write_down(
            row, {person_id: Stay(joined_on, post.get("invite", ""))}, by=request.user, now=now  # type: ignore[arg-type]
        )  # fmt: skip
    except GroupRefused as refused:
        messages.error(request, str(REFUSALS[refused.code]))
    else:
        said = gettext("记下了：进了群「%(group)s」") if done.joined else gettext("本来就在群「%(group)s」里")
        messages.success(request, said % {"group": row.name})
    return redirect("customer", person_id)


@require_POST
@allowed(*TALKS)
def leave(request: HttpRequest, group_id: int, person_id: int) -> HttpResponse:
    """Write down that one person left a group today."""
    row, now = group_of(request, group_id), clock_of(request).now()
    try:
        members.leave(row, person_id, now.date(), by=request.user, now=now)  # type: ignore[arg-type]
    except GroupRefused as refused:
        messages.error(request, str(REFUSALS[refused.code]))
    else:
        messages.success(request, gettext("记下了：退了群「%(group)s」") % {"group": row.name})
    return redirect("customer", person_id) if request.POST.get("back") else redirect("group", group_id)


def told_by(found: Matched, today: date) -> Told:
    """The stays of a file, day by day checked; every line that cannot be used keeps its reason."""
    stays: dict[int, Stay] = {}
    refused: list[tuple[Named, Words]] = [(one.named, WHY[one.why]) for one in found.unmatched]
    for person, line in found.first.items():
        try:
            left_on = _day(line.left, None)
            # Of whoever only left, nobody told when they came: they were there on that day.
            stay = Stay(_day(line.joined, left_on or today) or today, line.invite, left_on)
            members.check_stay(stay, today)
        except GroupRefused:
            refused.append((line, BAD_DAY))
        else:
            stays[person] = stay
    return Told(stays, sorted(refused, key=lambda pair: pair[0].line))


@require_POST
@allowed(*TALKS)
def look_at_file(request: HttpRequest, group_id: int) -> HttpResponse:
    """What a file says, before anything is written down."""
    row = group_of(request, group_id)
    try:
        upload = kept_file(request)
    except FileRefused as refused:
        messages.error(request, str(refused))
        return redirect("group", group_id)
    try:
        found = matched_upload(request, upload)
    except FileRefused as refused:
        forget(upload)
        messages.error(request, str(refused))
        return redirect("group", group_id)
    told = told_by(found, clock_of(request).now().date())
    return render(request, "groups/preview.html", {"page": _preview(row, upload, found, told)})


def _preview(row: MemberGroup, upload: Upload, found: Matched, told: Told) -> PreviewPage:
    here = members.here_now(row, list(told.stays))
    leaving = {person for person, stay in told.stays.items() if stay.left_on}
    people = gettext("%(n)s 人")
    facts: list[tuple[Words, str]] = [
        (_("文件里"), figures.rows_text(found.lines)),
        (_("要记进群"), people % {"n": figures.exact(len(told.stays.keys() - here))}),
        (_("要记退群"), people % {"n": figures.exact(len(leaving))}),
        (_("本来就在群里"), people % {"n": figures.exact(len(here - leaving))}),
        (
            _("同一个人写了几行，只用第一行"),
            figures.rows_text(_repeated(found)),
        ),
        (
            _("用不了"),
            figures.rows_text(len(told.refused)),
        ),
    ]
    return PreviewPage(row, upload, ui.Facts(facts), refused_table(told), bool(told.stays))


def _repeated(found: Matched) -> int:
    return found.lines - len(found.unmatched) - len(found.first)


def refused_table(told: Told) -> ui.Table | None:
    """The lines that cannot be used, the first of them; who they name is masked."""
    columns = [
        ui.Column("line", pgettext_lazy("one of a list", "行"), "num"),
        ui.Column("given", _("写的是")),
        ui.Column("why", _("为什么")),
    ]
    rows = [ui.Row([str(one.line), one.mask or "—", why]) for one, why in told.refused[:MOST_SHOWN]]
    return ui.Table(columns, rows, caption=_("用不了的行")) if rows else None


def _kept(request: HttpRequest, upload_id: int) -> Upload:
    """A file that this colleague brought to this shop."""
    return get_object_or_404(Upload, pk=upload_id, shop=shop_of(request), created_by=request.user)


@require_POST
@allowed(*TALKS)
def use_file(request: HttpRequest, group_id: int, upload_id: int) -> HttpResponse:
    """Write down what the file says, and tell which lines were left out."""
    row, now, upload = group_of(request, group_id), clock_of(request).now(), _kept(request, upload_id)
    try:
        found = matched_upload(request, upload)
        told = told_by(found, now.date())
        done = members.write_down(row, told.stays, by=request.user, now=now, source=members.FILE)  # type: ignore[arg-type]
    except FileRefused as refused:
        forget(upload)
        messages.error(request, str(refused))
        return redirect("group", group_id)
    except GroupRefused as refusal:
        messages.error(request, str(REFUSALS[refusal.code]))
        return redirect("group", group_id)
    forget(upload)
    said: dict[str, Any] = {
        "joined": figures.exact(done.joined), "left": figures.exact(done.left),
        "same": figures.exact(done.unchanged), "refused": figures.exact(len(told.refused)),
    }  # fmt: skip
    text = gettext("进群 %(joined)s 人，退群 %(left)s 人，本来就是这样 %(same)s 人，用不了 %(refused)s 行")
    messages.success(request, text % said)
    return redirect("group", group_id)


@require_POST
@allowed(*TALKS)
def drop_file(request: HttpRequest, group_id: int, upload_id: int) -> HttpResponse:
    """Do not use the file after all."""
    row = group_of(request, group_id)
    forget(_kept(request, upload_id))
    messages.success(request, gettext("没有用这个文件，已删掉"))
    return redirect(reverse("group", args=[row.pk]))

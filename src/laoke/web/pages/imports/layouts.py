"""Layouts that the shop explained or took from others: listed, shared as a file, renamed, deleted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from laoke.intake.models import SavedMapping
from laoke.intake.reading.messages import row_is
from laoke.intake.sharing import (
    LARGEST,
    LayoutRefused,
    delete_layout,
    layout_text,
    rename_layout,
    take_layout,
)
from laoke.shops.models import Role
from laoke.web import components as ui
from laoke.web import figures
from laoke.web.access import MARKETING, allowed, clock_of, may_market, shop_of

SEES = (Role.OWNER, Role.OPERATOR, Role.ANALYST, Role.AUDITOR)


@dataclass(frozen=True)
class SavedLayout:
    """One layout as the page shows it."""

    pk: int
    name: str
    facts: list[str]
    file_url: str
    delete: ui.Dialog | None


@dataclass(frozen=True)
class LayoutsPage:
    """The layouts of the shop, newest first; `problem` is why a file was not taken."""

    saved: list[SavedLayout]
    may_change: bool
    problem: str
    empty: ui.Empty


@allowed(*SEES)
@require_http_methods(["GET", "POST"])
def layouts(request: HttpRequest) -> HttpResponse:
    """The list; a file that is sent is taken as one more."""
    shop, now = shop_of(request), clock_of(request).now()
    may, problem = may_market(request), ""
    if request.method == "POST":
        if not may:
            return HttpResponse(status=403)
        file = request.FILES.get("layout")
        try:
            if file is None:
                raise LayoutRefused("not_toml")
            saved = take_layout(shop, file.read(LARGEST + 1), by=request.user, now=now)  # type: ignore[arg-type]
        except LayoutRefused as refusal:
            problem = refusal.message
        else:
            messages.success(request, _("收下了“%(name)s”，同样表头的文件直接认") % {"name": saved.name})
            return redirect("import_layouts")
    rows = SavedMapping.objects.filter(shop=shop).select_related("created_by").order_by("-pk")
    page = LayoutsPage(
        [_saved(row, now, may) for row in rows],
        may,
        problem,
        ui.Empty(
            _("还没有记住的版式"),
            _("导入认不出的表时指定每列是什么，就记在这里；也可以收下别人给的版式文件。"),
        ),
    )
    return render(request, "imports/layouts.html", {"page": page}, status=422 if problem else 200)


def _saved(row: SavedMapping, now: datetime, may: bool) -> SavedLayout:
    who = row.created_by.get_username() if row.created_by else _("命令行")
    said = _("%(who)s 收下于 %(when)s") if row.is_taken else _("%(who)s 指定于 %(when)s")
    facts = [
        row_is(row.grain),
        ngettext("%(all)s 列用 %(used)s 列", "%(all)s 列用 %(used)s 列", len(row.header))
        % {"all": len(row.header), "used": len(row.mapping)},
        said % {"who": who, "when": figures.when(row.created_at, now)},
        row.source,
    ]
    dialog = ui.Dialog(
        f"delete-{row.pk}",
        _("删掉版式“%(name)s”？") % {"name": row.name},
        _("删掉"),
        reverse("import_layout_delete", args=[row.pk]),
        text=_("已经导入的数据不变；同样表头的文件下次要重新指定。"),
        danger=True,
    )
    return SavedLayout(
        row.pk,
        row.name,
        [fact for fact in facts if fact],
        reverse("import_layout_file", args=[row.pk]),
        dialog if may else None,
    )


def _mine(request: HttpRequest, pk: int) -> SavedMapping:
    return get_object_or_404(SavedMapping.objects.select_related("shop"), pk=pk, shop=shop_of(request))


@allowed(*SEES)
@require_GET
def download(request: HttpRequest, pk: int) -> HttpResponse:
    """The layout as a file to give to others."""
    saved = _mine(request, pk)
    response = HttpResponse(layout_text(saved), content_type="application/toml; charset=utf-8")
    name = "".join("-" if sign in '\\/:*?"<>|' else sign for sign in saved.name)
    response["Content-Disposition"] = content_disposition_header(True, f"{name}.toml") or "attachment"
    return response


@allowed(*MARKETING)
@require_POST
def rename(request: HttpRequest, pk: int) -> HttpResponse:
    saved = _mine(request, pk)
    try:
        rename_layout(saved, request.POST.get("name", ""), by=request.user, now=clock_of(request).now())  # type: ignore[arg-type]
    except LayoutRefused as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, _("改好了"))
    return redirect("import_layouts")


@allowed(*MARKETING)
@require_POST
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    saved = _mine(request, pk)
    delete_layout(saved, by=request.user, now=clock_of(request).now())  # type: ignore[arg-type]
    messages.success(request, _("删掉了“%(name)s”") % {"name": saved.name})
    return redirect("import_layouts")

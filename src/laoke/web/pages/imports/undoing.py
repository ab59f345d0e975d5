"""Views of taking an import back: what would go with it, and the start of it."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from laoke.intake.models import ImportRun, ImportState
from laoke.intake.undoing import REASONS, Undo, undo_of
from laoke.shops import jobs
from laoke.shops.joins import listed
from laoke.shops.models import Job
from laoke.web import components as ui
from laoke.web import figures
from laoke.web.access import MARKETING, allowed, clock_of, shop_of
from laoke.web.numbers import row_number
from laoke.web.pages.data.words import table_name

SHOWN = 50


@dataclass(frozen=True)
class UndoPage:
    """What taking an import back would do, and whether that is possible here."""

    facts: ui.Facts
    later: ui.Table | None
    problem: ui.Notice | None
    seen: int


def last_try(run: ImportRun) -> Job | None:
    """The newest job that takes, or tried to take, this import back."""
    return (
        Job.objects.filter(shop=run.shop, kind="undo_import", params__import=run.pk).order_by("-pk").first()
    )


def is_under_way(run: ImportRun) -> bool:
    """Whether it is being taken back at this moment."""
    return jobs.under_way("undo_import", shop=run.shop, **{"import": run.pk}) is not None


@allowed(*MARKETING)
@require_http_methods(["GET", "POST"])
def undo(request: HttpRequest, pk: int) -> HttpResponse:
    run = get_object_or_404(ImportRun, pk=pk, shop=shop_of(request), state=ImportState.DONE)
    found = undo_of(run.pk)
    if request.method == "POST" and not found.touches_others:
        now, by, seen = clock_of(request).now(), request.user, row_number(request.POST.get("seen", "")) or 0
        jobs.queue_once(
            "undo_import", shop=run.shop, now=now, by=by, also={"seen": seen}, **{"import": run.pk}  # type: ignore[arg-type]
        )  # fmt: skip
        messages.success(request, _("排上了，后台马上撤回"))
        return redirect("import_result", run.pk)
    return render(request, "imports/undo.html", {"page": _page(found), "run": run})


def _page(found: Undo) -> UndoPage:
    facts: list[tuple[str, str]] = [
        (_("退回的"), _("%(n)s 行，%(tables)s") % _extent(found)),
        (_("留下的"), _("认出的客户、同意和标签；隔离的行")),
        (_("以后"), _("文件还能再导，不会重复")),
    ]
    problem = None
    if found.touches_others:
        problem = ui.Notice(
            str(REASONS["other_shop"]) % {"number": found.run.pk}, _("不能在这里撤回"), "warn"
        )
    later = _later(found) if found.later and not found.touches_others else None
    return UndoPage(ui.Facts(facts), later, problem, found.newest)


def _extent(found: Undo) -> dict[str, str]:
    names = [table_name(table) for table in found.target]
    return {"n": figures.exact(found.run.counts.get("accepted", 0)), "tables": listed(sorted(names))}


def _later(found: Undo) -> ui.Table:
    """What came after it and goes too, the oldest first: the tables are brought back as a whole."""
    shown = found.later[:SHOWN]
    rows = [ui.Row([one.name, figures.exact(one.rows)]) for one in shown]
    more = len(found.later) - len(shown)
    if more:
        rows.append(ui.Row([_("还有 %(n)s 次") % {"n": figures.exact(more)}, ""]))
    return ui.Table(
        [ui.Column("name", _("文件"), "wrap"), ui.Column("rows", _("接受"), "num", label_on_card=_("行"))],
        rows,
        caption=_("一起退掉的导入"),
    )

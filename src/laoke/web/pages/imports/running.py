"""Views of work that runs: its progress, asked for every second, and its cancel."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from laoke.intake.models import ImportRun
from laoke.shops import jobs
from laoke.shops.models import Job, JobState
from laoke.web import components as ui
from laoke.web.access import EVERYONE, MARKETING, allowed, clock_of, may_market, shop_of
from laoke.web.pages.imports.progress import failure_text, is_over, progress_of, title_of

MOST_IDS = 50


def numbers_of(ids: str) -> list[int]:
    """The numbers of an address like 3-4-5."""
    parts = ids.split("-")
    if len(parts) > MOST_IDS or not all(
        part.isascii() and part.isdigit() and len(part) < 19 for part in parts
    ):
        raise Http404
    return [int(part) for part in parts]


@dataclass(frozen=True)
class JobLine:
    """One job of a list: its bar, or how it ended and where that leads."""

    progress: ui.Progress | None
    notice: ui.Notice | None


@dataclass(frozen=True)
class RunningPage:
    """Imports that run; the part asks for itself again until `over`."""

    lines: list[JobLine]
    over: bool
    url: str


@allowed(*EVERYONE)
@require_GET
def job(request: HttpRequest, pk: int) -> HttpResponse:
    """The progress of any job of the shop, for a page to hold; when it is over the page is loaded anew."""
    found = get_object_or_404(Job, pk=pk, shop=shop_of(request))
    may_cancel = may_market(request)
    line = JobLine(progress_of(found, clock_of(request).now(), may_cancel=may_cancel), None)
    page = RunningPage([line], is_over(found), reverse("job_progress", args=[pk]))
    response = render(request, "imports/parts/running.html", {"page": page})
    if page.over:
        response["HX-Refresh"] = "true"
    return response


@allowed(*MARKETING)
@require_POST
def cancel(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(Job, pk=pk, shop=shop_of(request))
    if jobs.cancel(found, clock_of(request).now()):
        messages.info(request, _("正在取消 %(what)s") % {"what": title_of(found)})
    else:
        messages.info(request, _("已经结束了，没有什么可取消"))
    back = request.headers.get("Referer", "")
    if url_has_allowed_host_and_scheme(back, {request.get_host()}, require_https=request.is_secure()):
        return redirect(back)
    return redirect("imports")


@allowed(*MARKETING)
@require_GET
def imports_running(request: HttpRequest, ids: str) -> HttpResponse:
    """Imports that were started together; over, they lead to the result, or to the list when there are several."""
    wanted = numbers_of(ids)
    found = list(Job.objects.filter(shop=shop_of(request), kind="import", pk__in=wanted).order_by("pk"))
    if not found:
        raise Http404
    over = all(is_over(one) for one in found)
    done = [one for one in found if one.state == JobState.DONE]
    runs = dict(ImportRun.objects.filter(job__in=done).values_list("job_id", "pk"))
    if len(done) == len(found) == len(runs):
        target = reverse("import_result", args=[runs[found[0].pk]]) if len(found) == 1 else reverse("imports")
        return _lead_to(request, target)
    now = clock_of(request).now()
    page = RunningPage([_line(one, runs, now) for one in found], over, reverse("import_running", args=[ids]))
    part = "imports/parts/running.html" if request.htmx else "imports/running.html"  # type: ignore[attr-defined]
    return render(request, part, {"page": page})


def _lead_to(request: HttpRequest, target: str) -> HttpResponse:
    if request.htmx:  # type: ignore[attr-defined]
        response = HttpResponse()
        response["HX-Redirect"] = target
        return response
    return redirect(target)


def _line(one: Job, runs: dict[int, int], now: object) -> JobLine:
    if not is_over(one):
        return JobLine(progress_of(one, now, may_cancel=True), None)  # type: ignore[arg-type]
    if one.state == JobState.DONE:
        url = reverse("import_result", args=[runs[one.pk]]) if one.pk in runs else ""
        look = ui.Action(_("看结果"), url, small=True) if url else None
        return JobLine(None, ui.Notice(_("导入完成"), title_of(one), "ok", action=look))
    if one.state == JobState.CANCELLED:
        return JobLine(
            None, ui.Notice(_("已取消，没有导入任何订单"), title_of(one), "warn", action=_again(one))
        )
    return JobLine(None, ui.Notice(failure_text(one), title_of(one), "bad", action=_again(one)))


def _again(one: Job) -> ui.Action | None:
    """Back to the file: it is still there, so that its columns can be explained or it can be started again."""
    from laoke.shops.models import Upload

    upload = one.params.get("upload")
    if "sent" in one.params:
        return None  # the system that sent it sends it again
    if not Upload.objects.filter(pk=upload, shop_id=one.shop_id).exists():
        return ui.Action(_("重新选文件"), reverse("import_new"), small=True)
    return ui.Action(_("再来一次"), reverse("import_files", args=[upload]), small=True)

"""Hand-over lists of a round: building them, taking one along (audited), bringing back what the platform says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext, ngettext
from django.views.decorators.http import require_POST

from laoke.campaigns.models import Round
from laoke.campaigns.rounds import follow_all
from laoke.customers.models import Channel
from laoke.dispatch import handover, list_files
from laoke.dispatch.models import HandoverFile
from laoke.dispatch.occasions import OccasionRefused
from laoke.intake.reading.messages import refusal_message
from laoke.intake.reading.refusals import IntakeRefused
from laoke.shops.joins import listed
from laoke.shops.uploads import UploadRefused, forget, opened, store_upload
from laoke.web import figures
from laoke.web.access import MARKETING, allowed, clock_of, shop_of
from laoke.web.pages.rounds.finding import find_round
from laoke.web.pages.rounds.forms import ResultForm


@dataclass(frozen=True)
class GivenList:
    """A list of a round; `again` when it was forgotten and may be written once more."""

    file: HandoverFile
    again: bool


def given_lists(row: Round, now: datetime) -> list[GivenList]:
    """The lists of a round by number; none for a round that is sent."""
    if row.occasion is None or row.channel != Channel.HANDOVER:
        return []
    files = HandoverFile.objects.filter(occasion=row.occasion).select_related("occasion").order_by("number")
    return [GivenList(file, list_files.may_be_written_again(file, now)) for file in files]


def _refusal(refused: OccasionRefused) -> str:
    if refused.code == "columns":
        return gettext("结果表里没有认得出人或状态的列，现有的列：%(found)s") % {
            "found": listed(refused.params["found"])
        }
    if refused.code == "too_early":
        return gettext("还没到时间，%(when)s 起才能备名单") % {
            "when": f"{refused.params['not_before']:%m-%d %H:%M}"
        }
    known = {
        "not_handover": gettext("这一轮不是名单导出"),
        "not_running": gettext("这一轮没有在发送"),
        "too_large": gettext("结果文件太大，分几份导入"),
        "list_over": gettext("这一轮已结束，名单不再写"),
        "list_settled": gettext("这份名单上没有还能交出去的人"),
    }
    return known.get(refused.code, gettext("现在做不了这一步"))


@require_POST
@allowed(*MARKETING)
def round_lists(request: HttpRequest, pk: int) -> HttpResponse:
    """Build the lists that are due."""
    row = find_round(shop_of(request), pk)
    if row.occasion is None:
        raise Http404
    try:
        files = handover.hand_over(
            row.occasion,
            by=request.user,  # type: ignore[arg-type]
            now=clock_of(request).now(),
            with_phone=request.POST.get("with_phone") == "1",
        )
    except OccasionRefused as refused:
        messages.error(request, _refusal(refused))
    else:
        follow_all()
        people = figures.exact(sum(file.people for file in files))
        messages.success(
            request,
            ngettext(
                "备好 %(files)s 份名单，共 %(people)s 人",
                "备好 %(files)s 份名单，共 %(people)s 人",
                len(files),
            )
            % {"files": len(files), "people": people},
        )
    return redirect("round", row.pk)


@require_POST
@allowed(*MARKETING)
def round_list_file(request: HttpRequest, pk: int, file_pk: int) -> HttpResponseBase:
    """Take a list along: each time is one audit row with count and hash."""
    row = find_round(shop_of(request), pk)
    file = get_object_or_404(
        HandoverFile.objects.select_related("occasion__shop"), pk=file_pk, occasion_id=row.occasion_id
    )
    if file.forgotten_at is not None:
        return _again(request, row, file)
    as_csv = request.POST.get("as") == "csv"
    path = handover.file_path(file, as_csv=as_csv)
    try:
        taken = path.open("rb") if file.sha256 else None
    except FileNotFoundError:
        # Not written to the end, or forgotten since the row was read: the page of the round says which.
        taken = None
    if taken is None:
        if HandoverFile.objects.filter(pk=file.pk, forgotten_at=None).exists():
            messages.error(request, gettext("这份名单还没写完，再备一次"))
        else:
            messages.error(request, gettext("这份名单刚被忘掉，可以再写一份"))
        return redirect("round", row.pk)
    handover.downloaded(file, by=request.user, now=clock_of(request).now())  # type: ignore[arg-type]
    return FileResponse(taken, as_attachment=True, filename=path.name)


def _again(request: HttpRequest, row: Round, file: HandoverFile) -> HttpResponse:
    """Write a forgotten list once more; it is taken along from the page then."""
    try:
        handover.write_again(file, by=request.user, now=clock_of(request).now())  # type: ignore[arg-type]
    except OccasionRefused as refused:
        messages.error(request, _refusal(refused))
    else:
        messages.success(request, gettext("第 %(n)s 份名单重新写好了") % {"n": file.number})
    return redirect("round", row.pk)


@require_POST
@allowed(*MARKETING)
def round_results(request: HttpRequest, pk: int) -> HttpResponse:
    row, form = find_round(shop_of(request), pk), ResultForm(request.POST, request.FILES)
    if row.occasion is None:
        raise Http404
    if not form.is_valid():
        messages.error(request, gettext("选一个结果文件"))
        return redirect("round", row.pk)
    shop, now = shop_of(request), clock_of(request).now()
    try:
        upload = store_upload(shop, form.cleaned_data["file"], by=request.user, now=now)  # type: ignore[arg-type]
    except UploadRefused as refused:
        words = {"empty": gettext("文件是空的"), "too_large": gettext("文件太大")}
        messages.error(request, words[refused.code])
        return redirect("round", row.pk)
    try:
        with opened(upload) as path:
            counts = handover.import_results(row.occasion, path, by=request.user, now=now)  # type: ignore[arg-type]
    except OccasionRefused as refused:
        messages.error(request, _refusal(refused))
    except IntakeRefused as refused:
        messages.error(request, refusal_message(refused.code, refused.params))
    else:
        follow_all()
        messages.success(
            request,
            gettext(
                "读了 %(rows)s 行：送达 %(delivered)s，没送到 %(undelivered)s，没变 %(unchanged)s，认不出 %(not_found)s"
            )
            % counts,
        )
    finally:
        forget(upload)
    return redirect("round", row.pk)

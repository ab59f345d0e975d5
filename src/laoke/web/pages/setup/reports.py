"""A report of the back office as a file: taken in, shown with what it says of which offer, kept when somebody says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import get_language, gettext, ngettext, pgettext
from django.views.decorators.http import require_POST

from laoke.campaigns.models import Campaign
from laoke.campaigns.offer_reports import ReadReport, read_report
from laoke.campaigns.setting_up import offers_of
from laoke.campaigns.table_files import FileRefused, RefusedRow
from laoke.intake.reading.profiles import Recognition
from laoke.promotions.setup.links import SetupRefused
from laoke.promotions.setups import add_report
from laoke.shops.joins import clauses
from laoke.shops.models import Upload
from laoke.shops.uploads import forget, opened
from laoke.web import components as ui
from laoke.web import figures
from laoke.web.access import MARKETING, allowed, clock_of, shop_of
from laoke.web.pages.campaigns.frame import CampaignFrame, find_campaign, frame_of
from laoke.web.pages.imports.words import SURE
from laoke.web.pages.setup.forms import ColumnsForm
from laoke.web.pages.setup.words import file_refusal_text, refusal_text
from laoke.web.small_files import Unreadable, readable, taken_in

MOST_SHOWN = 200


@dataclass(frozen=True)
class ReportPreview:
    """What a file says of the campaign's offers, before it is kept; `incomplete` until the columns are chosen."""

    frame: CampaignFrame
    upload: Upload
    facts: ui.Facts
    form: ColumnsForm
    incomplete: bool
    rows: ui.Table | None
    refused: ui.Table | None
    may_keep: bool


@require_POST
@allowed(*MARKETING)
def campaign_setup_report(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a file in."""
    shop, now = shop_of(request), clock_of(request).now()
    campaign = find_campaign(shop, pk)
    missing = gettext("选一个文件：Excel 或 CSV，一行一个优惠")
    upload = taken_in(request, missing, lambda brought: _read(brought, campaign, now, now, None))
    if upload is None:
        return redirect("campaign_setup", campaign.pk)
    return redirect("campaign_setup_preview", campaign.pk, upload.pk)


@allowed(*MARKETING)
def campaign_setup_preview(request: HttpRequest, pk: int, upload: int) -> HttpResponse:
    """What the file says; sent back, it is kept. Only who brought the file goes on with it."""
    shop, now = shop_of(request), clock_of(request).now()
    campaign = find_campaign(shop, pk)
    brought = get_object_or_404(Upload, shop=shop, pk=upload, created_by=request.user)
    act = request.POST.get("act", "")
    if act == "drop":
        forget(brought)
        messages.success(request, gettext("没有记，文件已删掉"))
        return redirect("campaign_setup", campaign.pk)
    try:
        read = _read(brought, campaign, now, now, None)
        form = ColumnsForm(
            request.POST or None, header=read.header, mapping=read.mapping, initial={"until": now}
        )
        if form.is_bound and form.is_valid():
            read = _read(brought, campaign, form.cleaned_data["until"], now, form.mapping)
    except Unreadable as why:
        messages.error(request, str(why))
        return redirect("campaign_setup", campaign.pk)
    if act == "keep" and form.is_valid() and read.rows and _kept(request, brought, read, now):
        forget(brought)
        return redirect("campaign_setup", campaign.pk)
    page = _preview(request, campaign, brought, read, form, now)
    status = 422 if form.is_bound and form.errors else 200
    return render(request, "setup/preview.html", {"page": page}, status=status)


def _read(
    upload: Upload, campaign: Campaign, until: datetime, now: datetime, mapping: dict[str, str] | None
) -> ReadReport:
    def told(refused: FileRefused) -> str:
        return file_refusal_text(refused.code, refused.params)

    with readable(told), opened(upload) as path:
        return read_report(path, offers_of(campaign), min(until, now), now, mapping)


def _kept(request: HttpRequest, upload: Upload, read: ReadReport, now: datetime) -> bool:
    try:
        for row in read.rows:
            add_report(
                row.offer, row.counts, row.as_of, by=request.user, now=now,  # type: ignore[arg-type]
                file_name=upload.name, sha256=upload.sha256,
            )  # fmt: skip
    except SetupRefused as refused:
        messages.error(request, refusal_text(refused))
        return False
    said = ngettext("记下了 %(n)s 个优惠的数", "记下了 %(n)s 个优惠的数", len(read.rows)) % {
        "n": figures.exact(len(read.rows))
    }
    if read.refused:
        said = clauses([said, figures.unused_rows_text(len(read.refused))])
    messages.success(request, said)
    return True


def _preview(
    request: HttpRequest,
    campaign: Campaign,
    upload: Upload,
    read: ReadReport,
    form: ColumnsForm,
    now: datetime,
) -> ReportPreview:
    facts = [
        (gettext("文件"), upload.name),
        (gettext("认成"), _layout_text(read.recognition)),
        (gettext("这个活动的"), figures.rows_text(len(read.rows))),
        (gettext("别的优惠"), figures.rows_text(read.others)),
        (gettext("没用上的行"), figures.rows_text(len(read.refused))),
    ]
    return ReportPreview(
        frame_of(request, campaign, "campaign_setup", now), upload, ui.Facts(facts), form, bool(read.missing),
        _rows_table(read, now), _refused_table(read.refused), bool(read.rows),
    )  # fmt: skip


def _layout_text(found: Recognition | None) -> str:
    if found is None:
        return gettext("认不出来，在下面选每列是什么")
    profile = found.profile
    title = profile.title_en if (get_language() or "").startswith("en") else profile.title_zh
    return clauses([title, str(SURE[profile.sure])])


def _rows_table(read: ReadReport, now: datetime) -> ui.Table | None:
    if not read.rows:
        return None
    return ui.Table(
        [
            ui.Column("offer", pgettext("one of a list", "优惠")),
            ui.Column("by", gettext("怎么认的"), "nowrap", priority=2, card="hide"),
            ui.Column("issued", gettext("发行"), "num", label_on_card=gettext("发行")),
            ui.Column("taken", gettext("领取"), "num", label_on_card=gettext("领取")),
            ui.Column("used", gettext("使用"), "num", label_on_card=gettext("使用")),
            ui.Column("as_of", gettext("统计到"), "nowrap", card="end"),
        ],
        [
            ui.Row(
                [
                    row.offer.name,
                    gettext("活动号") if row.by_number else gettext("名称"),
                    figures.exact(row.counts.issued),
                    figures.exact(row.counts.taken),
                    figures.exact(row.counts.used),
                    figures.when(row.as_of, now),
                ]
            )
            for row in read.rows[:MOST_SHOWN]
        ],
        caption=gettext("会记下的"),
    )


def _refused_table(rows: list[RefusedRow]) -> ui.Table | None:
    if not rows:
        return None
    return ui.Table(
        [
            ui.Column("line", pgettext("one of a list", "行"), "num"),
            ui.Column("column", gettext("列"), "nowrap"),
            ui.Column("found", gettext("写的是"), "wrap", card="wide"),
            ui.Column("expected", gettext("应该是"), "wrap", card="wide"),
        ],
        [
            ui.Row(
                [figures.exact(one.line), str(one.column), one.found or gettext("空的"), str(one.expected)]
            )
            for one in rows[:MOST_SHOWN]
        ],
        caption=gettext("没用上的行"),
    )

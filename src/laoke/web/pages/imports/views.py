"""Views of choosing files: the list of imports, the upload, what was recognised, what each column is, the start."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from laoke.intake.dropped import folder_of
from laoke.intake.joined import join_uploads
from laoke.intake.models import ImportRun, ImportState
from laoke.intake.preview import Preview, job_options, look_at, remember
from laoke.intake.reading.messages import profile_title, refusal_message, role_name, row_is
from laoke.intake.reading.profiles import profiles
from laoke.intake.reading.roles import GRAINS, ORDER_GRAINS, Grain
from laoke.intake.top.staging import PULLED
from laoke.shops import jobs
from laoke.shops.joins import listed
from laoke.shops.models import Job, JobState, Role, Shop, Upload
from laoke.shops.uploads import UploadRefused, forget, limit_bytes, refused_text, size_text, store_upload
from laoke.web import components as ui
from laoke.web import figures, lists, sheets
from laoke.web.access import MARKETING, allowed, clock_of, may_market, shop_of
from laoke.web.components.base import Words
from laoke.web.numbers import row_number
from laoke.web.pages.imports.forms import MOST_FILES, FilesForm, MappingForm, StartForm
from laoke.web.pages.imports.progress import progress_of
from laoke.web.pages.imports.running import numbers_of
from laoke.web.pages.imports.words import PLATFORMS, STATE_SHAPES, SURE, refusal_text, sent_by

# How an import can end: what runs stands above the list with its progress.
ENDS = (ImportState.DONE, ImportState.REFUSED, ImportState.CANCELLED, ImportState.UNDONE)
SEES = (Role.OWNER, Role.OPERATOR, Role.ANALYST, Role.AUDITOR)


@dataclass(frozen=True)
class ImportsPage:
    """All imports, the newest first, and those that run now."""

    table: ui.Table
    filters: ui.Filters
    tabs: ui.Tabs
    running: list[ui.Progress]
    running_url: str
    form: FilesForm | None


@allowed(*SEES)
@require_GET
def imports(request: HttpRequest) -> HttpResponse:
    shop, now = shop_of(request), clock_of(request).now()
    may = may_market(request)
    open_jobs = list(
        Job.objects.filter(shop=shop, kind="import", state__in=(JobState.QUEUED, JobState.RUNNING)).order_by(
            "pk"
        )[:20]
    )
    ids = "-".join(str(job.pk) for job in open_jobs)
    listing = _listing(request, shop, now)
    if sheets.wanted(request):
        return listing.sheet(request)
    count = listing.rows.count()
    page = ImportsPage(
        listing.table(
            listing.found(request),
            request,
            empty=_empty(bool(request.GET.get("state") or request.GET.get("bad"))),
            order=_("最近的在前"),
            count=_("共 %(n)s 个") % {"n": figures.exact(count)},
            target="#list",
        ),
        lists.filters(request, _("文件名"), count=count, keep=("state", "bad")),
        _tabs(request),
        [progress_of(job, now, may_cancel=may) for job in open_jobs],
        reverse("import_running", args=[ids]) if ids and may else "",
        FilesForm() if may else None,
    )
    part = "imports/parts/list.html" if request.htmx else "imports/list.html"  # type: ignore[attr-defined]
    return render(request, part, {"page": page})


def _tabs(request: HttpRequest) -> ui.Tabs:
    """Which imports: all, those with rows put aside, and those in one state."""
    state, bad = request.GET.get("state", ""), bool(request.GET.get("bad"))
    places: list[tuple[Words, str | None, str | None, bool]] = [
        (_("全部"), None, None, not bad and state not in ImportState.values),
        (_("有隔离行的"), None, "1", bad),
        *((one.label, one.value, None, not bad and state == one.value) for one in ENDS),
    ]
    return ui.Tabs(
        [
            ui.Tab(label, lists.without_place(request, state=wanted, bad=with_bad), current)
            for label, wanted, with_bad, current in places
        ],
        _("哪些导入"),
    )


def _listing(request: HttpRequest, shop: Shop, now: datetime) -> lists.Listing[ImportRun]:
    # A connection brings hundreds of batches a day: of those only what was put aside concerns anybody here.
    rows = ImportRun.objects.filter(shop=shop).exclude(profile__in=PULLED, quarantined__isnull=True)
    rows = rows.select_related("token")
    state = request.GET.get("state", "")
    if search := lists.searched(request):
        rows = rows.filter(file_name__icontains=search)
    if state in ImportState.values:
        rows = rows.filter(state=state)
    if request.GET.get("bad"):
        rows = rows.filter(quarantined__isnull=False).distinct()
    columns = [
        ui.Column("file", _("文件"), "wrap"),
        ui.Column("when", _("导入时间"), "nowrap", card="wide"),
        ui.Column("read", _("读到（行）"), "num", label_on_card=_("行")),
        ui.Column("accepted", _("接受"), "num", priority=2, card="hide"),
        ui.Column("unchanged", _("未变"), "num", priority=3, card="hide"),
        ui.Column("quarantined", _("隔离"), "num", label_on_card=_("隔离")),
        ui.Column("money", _("金额（元）"), "num", priority=2, card="hide"),
        ui.Column("state", _("状态"), card="end"),
    ]
    return lists.Listing(
        _("导入"), rows, ("-pk",), columns, lines=lambda found: [_row(run, now) for run in found]
    )


def _row(run: ImportRun, now: datetime) -> ui.Row:
    counts = run.counts
    bad = counts.get("quarantined", 0)
    return ui.Row(
        [
            ui.Cell(run.file_name, sub=_told_of(run)),
            figures.when(run.created_at, now),
            ui.Cell(figures.exact(counts.get("read")), sub=_after_cut(counts.get("held_back", 0))),
            *(figures.exact(counts.get(name)) for name in ("accepted", "unchanged")),
            ui.Cell(figures.exact(bad), tone="warn") if bad else figures.exact(counts.get("quarantined")),
            figures.cents(run.money.get("read")),
            ui.Status(run.get_state_display(), STATE_SHAPES[ImportState(run.state)]),
        ],
        url=reverse("import_result", args=[run.pk]),
        name=run.file_name,
    )


def _told_of(run: ImportRun) -> str:
    """Why it was not imported, else which system sent it."""
    if run.state == ImportState.REFUSED:
        return refusal_text(run)
    return sent_by(run.token) if run.token else ""


def _after_cut(rows: int) -> str:
    """What keeps the columns from adding up: rows of orders after the cut, which were left for a later import."""
    return _("截止后未导 %(n)s") % {"n": figures.exact(rows)} if rows else ""


def _empty(filtered: bool) -> ui.Empty:
    if filtered:
        return ui.FilteredOut(
            _("没有这样的导入"), _("去掉条件再看。"), ui.Action(_("去掉条件"), reverse("imports"))
        )
    return ui.Empty(_("还没有导入过"), _("从千牛导出订单报表，选进来就开始。"))


@dataclass(frozen=True)
class NewPage:
    """Where files are chosen."""

    form: FilesForm
    limit: str
    most: int
    folder: str
    layouts: ui.Table


def _layouts() -> ui.Table:
    """The exports that are recognised as they are."""
    columns = [
        ui.Column("what", _("是什么"), "wrap"),
        ui.Column("years", _("年份"), "nowrap", label_on_card=_("年份")),
        ui.Column("sure", _("准不准"), "nowrap", label_on_card=_("准不准")),
    ]
    known = [
        ui.Row([profile_title(profile), profile.years, SURE[profile.sure]])
        for profile in sorted(
            profiles().values(),
            key=lambda one: (PLATFORMS.index(one.platform), one.grain not in ORDER_GRAINS, one.years),
        )
    ]
    return ui.Table(columns, known, caption=_("直接认得的导出"))


@allowed(*MARKETING)
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    form = FilesForm()
    if request.method == "POST":
        form = FilesForm(request.POST, request.FILES)
        if form.is_valid():
            kept = _store(request, form)
            if kept:
                where = reverse("import_files", args=["-".join(str(one.pk) for one in kept)])
                return JsonResponse({"to": where}) if _by_script(request) else redirect(where)
        if _by_script(request):
            return JsonResponse({"errors": list(form.errors.get("files", []))}, status=422)
    status = 422 if request.method == "POST" else 200
    page = NewPage(
        form,
        size_text(limit_bytes()),
        MOST_FILES,
        str(folder_of(settings.PLACE, shop_of(request))),
        _layouts(),
    )
    return render(request, "imports/new.html", {"page": page}, status=status)


def _by_script(request: HttpRequest) -> bool:
    """Whether the script that shows the bytes sent asks: it goes on by itself and says errors where the files stand."""
    return request.headers.get("Accept") == "application/json"


def _store(request: HttpRequest, form: FilesForm) -> list[Upload]:
    """Seal every file; a refused one is told at the field, or beside the others that were taken."""
    kept = []
    refused = []
    for file in form.cleaned_data["files"]:
        try:
            kept.append(
                store_upload(shop_of(request), file, by=request.user, now=clock_of(request).now())  # type: ignore[arg-type]
            )
        except UploadRefused as refusal:
            refused.append(refused_text(refusal))
    if len(kept) > 1:
        kept, not_joined = join_uploads(
            shop_of(request), kept, by=request.user, now=clock_of(request).now()  # type: ignore[arg-type]
        )  # fmt: skip
        refused += [refusal_message(one.code, one.params) for one in not_joined]
    for text in refused:
        if kept:
            messages.error(request, text)
        else:
            form.add_error("files", text)
    return kept


@dataclass(frozen=True)
class FileCard:
    """One chosen file: what it is, or why it cannot be read."""

    name: str
    facts: str
    state: ui.Status
    problem: ui.Notice | None
    columns: ui.Table | None
    columns_note: str
    actions: list[ui.Action]


@dataclass(frozen=True)
class FilesPage:
    """Chosen files, before they are loaded."""

    cards: list[FileCard]
    ready: int
    form: StartForm
    start_url: str


@allowed(*MARKETING)
@require_GET
def files(request: HttpRequest, ids: str) -> HttpResponse:
    return _files_page(request, ids, StartForm())


def _files_page(request: HttpRequest, ids: str, form: StartForm, status: int = 200) -> HttpResponse:
    chosen = _uploads(request, ids)
    previews = [look_at(upload) for upload in chosen]
    page = FilesPage(
        [_card(upload, preview, ids) for upload, preview in zip(chosen, previews, strict=True)],
        sum(1 for preview in previews if preview.ready),
        form,
        reverse("import_start", args=[ids]),
    )
    return render(request, "imports/files.html", {"page": page}, status=status)


def _uploads(request: HttpRequest, ids: str) -> list[Upload]:
    found = list(
        Upload.objects.filter(shop=shop_of(request), pk__in=numbers_of(ids))
        .select_related("shop")
        .order_by("pk")
    )
    if not found:
        raise Http404
    return found


def _card(upload: Upload, preview: Preview, ids: str) -> FileCard:
    facts = [size_text(upload.size), preview.encoding.upper(), preview.title]
    if preview.found_by in ("profile", "saved"):
        facts.append(_("和这种表头 %(share)s 相同") % {"share": figures.percent(preview.score, 0)})
    known = sum(1 for column in preview.columns if column.role)
    problem = None
    if preview.refusal is not None:
        text = refusal_message(*preview.refusal)
        if preview.refusal[0] == "header_not_recognised":
            text = f"{text} {_('缺的是按订单看；是商品、退款、流量、评价，打开后先选一行是什么。')}"
        problem = ui.Notice(text, tone="warn" if preview.can_map else "bad")
    map_url = f"{reverse('import_columns', args=[upload.pk])}?of={ids}"
    actions = []
    if preview.can_map:
        label = _("改对应") if preview.ready else _("指定每列是什么")
        actions.append(ui.Action(label, map_url, icon="edit", small=True))
    actions.append(
        ui.Action(
            _("不导这个"),
            reverse("import_drop", args=[upload.pk]),
            method="post",
            small=True,
            hidden=[("rest", ids)],
        )
    )
    if preview.ready:
        state = ui.Status(_("按上次的对应") if preview.found_by == "memory" else _("认出来了"), "ok")
    else:
        state = ui.Status(_("认不出来"), "warn") if preview.can_map else ui.Status(_("读不了"), "bad")
    return FileCard(
        preview.file_name,
        " · ".join(fact for fact in facts if fact),
        state,
        problem,
        columns_table(preview) if preview.ready else None,
        ngettext(
            "%(all)s 列认出 %(known)s 列，%(rest)s 列用不到",
            "%(all)s 列认出 %(known)s 列，%(rest)s 列用不到",
            len(preview.header),
        )
        % {"all": len(preview.header), "known": known, "rest": len(preview.header) - known},
        actions,
    )


def columns_table(preview: Preview) -> ui.Table:
    """How the columns are understood, with masked values of the first rows."""
    columns = [
        ui.Column("header", _("文件里的列"), "nowrap"),
        ui.Column("role", _("当作"), "nowrap"),
        ui.Column("samples", _("前几个值"), "wrap", card="wide"),
    ]
    rows = [
        ui.Row([column.header, role_name(column.role), ui.Cell(listed(column.samples[:3]), tone="muted")])
        for column in preview.columns
        if column.role
    ]
    return ui.Table(columns, rows, caption=_("列是这样认的"), tall=True)


@allowed(*MARKETING)
@require_POST
def drop(request: HttpRequest, pk: int) -> HttpResponse:
    forget(get_object_or_404(Upload, pk=pk, shop=shop_of(request)))
    rest = [
        part
        for part in request.POST.get("rest", "").split("-")
        if row_number(part) is not None and part != str(pk)
    ]
    return redirect("import_files", "-".join(rest)) if rest else redirect("import_new")


@allowed(*MARKETING)
@require_POST
def start(request: HttpRequest, ids: str) -> HttpResponse:
    form = StartForm(request.POST)
    if not form.is_valid():
        return _files_page(request, ids, form, 422)
    shop, now = shop_of(request), clock_of(request).now()
    started = []
    for upload in _uploads(request, ids):
        preview = look_at(upload)
        if preview.ready:
            options = job_options(preview, until=form.moment())
            job = jobs.queue("import", shop=shop, now=now, by=request.user, upload=upload.pk, options=options)  # type: ignore[arg-type]
            started.append(job)
    if not started:
        messages.error(request, _("没有可以导入的文件"))
        return redirect("import_files", ids)
    return redirect("import_running", "-".join(str(job.pk) for job in started))


@dataclass(frozen=True)
class ColumnsPage:
    """What each column of a file is."""

    name: str
    form: MappingForm
    grains: ui.Tabs
    problem: str
    preview: ui.Table
    back: str


@allowed(*MARKETING)
@require_http_methods(["GET", "POST"])
def columns(request: HttpRequest, pk: int) -> HttpResponse:
    upload = get_object_or_404(Upload.objects.select_related("shop"), pk=pk, shop=shop_of(request))
    preview = look_at(upload)
    group = request.GET.get("of", "")
    back = reverse("import_files", args=[group if upload.pk in numbers_of(group or "0") else upload.pk])
    if not preview.can_map:
        return redirect(back)
    asked = request.GET.get("grain", preview.grain)
    grain: Grain = next((one for one in GRAINS if one == asked), "order")
    form = MappingForm(preview, grain, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        shop, now = shop_of(request), clock_of(request).now()
        remember(
            shop, preview.header, form.cleaned_data, grain=grain, name=upload.name, by=request.user, now=now  # type: ignore[arg-type]
        )  # fmt: skip
        messages.success(request, _("记住了，下次同样表头的文件直接认"))
        return redirect(back)
    query = request.GET.urlencode()
    page = ColumnsPage(
        upload.name,
        form,
        ui.Tabs(
            [ui.Tab(row_is(one), ui.query_with(query, grain=one), one == grain) for one in GRAINS],
            _("一行是什么"),
        ),
        refusal_message(*preview.refusal) if preview.refusal else "",
        _samples_table(preview),
        back,
    )
    return render(
        request, "imports/columns.html", {"page": page}, status=422 if request.method == "POST" else 200
    )


def _samples_table(preview: Preview) -> ui.Table:
    """The first rows as they stand in the file, masked."""
    shown = [column for column in preview.columns if column.header]
    rows = max((len(column.samples) for column in shown), default=0)
    columns = [ui.Column(str(at), column.header, "nowrap") for at, column in enumerate(shown)]
    lines = [
        ui.Row([column.samples[row] if row < len(column.samples) else "" for column in shown])
        for row in range(rows)
    ]
    return ui.Table(columns, lines, caption=_("文件的前几行"), cards=False, stick_first=True)

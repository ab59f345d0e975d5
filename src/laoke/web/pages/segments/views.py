"""Pages of segments. The builder's parts come back by HTMX: rows and text follow each other, the count follows both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from laoke.audiences import wording
from laoke.audiences.models import Segment, Snapshot
from laoke.audiences.readings import NotReady, reading_of
from laoke.audiences.segments import SegmentRefused, archive_segment, recount, save_segment
from laoke.audiences.slow_counts import SHOWN, count_later, counted_by_worker, later_text, on_page
from laoke.audiences.snapshots import freeze
from laoke.audiences.text import parse
from laoke.audiences.tokens import FilterError
from laoke.audiences.tree import TreeError
from laoke.shops import audit
from laoke.shops.joins import clauses
from laoke.shops.models import Shop
from laoke.shops.unavailable_words import told
from laoke.warehouse.limits import Replaced, TooLong, replaced, replacing
from laoke.web import components as ui
from laoke.web import figures, lists, sheets
from laoke.web.access import MARKETING, allowed, clock_of, may_market, shop_of
from laoke.web.components.base import Words
from laoke.web.numbers import row_number
from laoke.web.pages.segments import building, rules
from laoke.web.pages.segments.building import Builder
from laoke.web.pages.segments.places import EXPORTS, LOOKS, tabs

# So many segments stand on a page of the list: each is counted anew when it opens.
COUNTED_NOW = 30
REFUSALS: dict[str, Words] = {
    "empty_name": _("人群要有名字"),
    "long_name": _("名字最长 60 个字"),
    "name_taken": _("已经有叫这个名字的人群"),
}
START = "bought(2+, within 365d)"


@dataclass(frozen=True)
class SegmentList:
    """The segments in use; `not_ready` says why nothing can be counted."""

    tabs: ui.Tabs
    table: ui.Table
    filters: ui.Filters
    not_ready: str


@allowed(*LOOKS)
def segments(request: HttpRequest) -> HttpResponse:
    """The segments in use with their present counts."""
    shop, now = shop_of(request), clock_of(request).now()
    found = Segment.objects.filter(shop=shop, archived=False)
    if wanted := lists.searched(request):
        found = found.filter(Q(name__icontains=wanted) | Q(note__icontains=wanted))
    people, why = _people(shop, now)
    count = found.count()
    listing = lists.Listing(
        gettext("人群"),
        found.annotate(frozen=Count("snapshots")),
        ("pk",),
        _columns(),
        lines=lambda rows: _rows(rows, people, now),
        per_page=COUNTED_NOW,
    )
    if sheets.wanted(request):
        return listing.sheet(request)
    table = listing.table(
        listing.found(request),
        request,
        empty=ui.Empty(
            _("还没有人群"),
            _("把一类客户的条件存下来，以后一直能用"),
            ui.Action(_("新建人群"), reverse("segment_new")),
        ),
        order=gettext("先建的在前"),
        count=gettext("共 %(n)s 个") % {"n": figures.exact(count)},
    )
    page = SegmentList(
        tabs("segments"), table, lists.filters(request, gettext("人群名、备注"), count=count), why
    )
    return render(request, "segments/list.html", {"page": page})


def _people(shop: Shop, now: datetime) -> tuple[int, str]:
    try:
        return reading_of(shop, now.date()).people, ""
    except NotReady as trouble:
        return 0, wording.not_ready_text(trouble.code)


def _columns() -> list[ui.Column]:
    return [
        ui.Column("name", _("人群"), "nowrap"),
        ui.Column("says", _("条件"), card="wide"),
        ui.Column("count", _("人数"), "num", card="end"),
        ui.Column("share", _("占客户"), "num", card="hide"),
        ui.Column("frozen", _("定格"), "num", card="hide", hint=_("定格下来、不再变的名单有几份")),
        ui.Column("changed", _("改过"), "nowrap", card="hide", priority=3),
    ]


def _rows(found: Sequence[Segment], people: int, now: datetime) -> list[ui.Row]:
    """Segments with their present counts; a workbook of very many shows the figure of their last count."""
    troubles = _recounted(found[:COUNTED_NOW], now) if people else {}
    rows = []
    for one in found:
        share = figures.percent(one.last_count / people) if people and one.last_count is not None else ""
        count = "" if one.last_count is None else one.last_count
        says, tone = troubles.get(one.pk) or (wording.describe(parse(one.text)), "")
        cells = [
            one.name, ui.Cell(says, sub=one.note, tone=tone), count, share,
            one.frozen or "", figures.when(one.updated_at, now),  # type: ignore[attr-defined]
        ]  # fmt: skip
        rows.append(ui.Row(cells, id=str(one.pk), name=one.name, url=reverse("segment", args=[one.pk])))
    return rows


def _recounted(found: Sequence[Segment], now: datetime) -> dict[int, tuple[str, str]]:
    """Count these segments anew, within the time of one page together; why one is not counted, and in which tone, by
    its number. What takes longer is left to the worker, and its figure shown when it has one."""
    troubles = {}
    known = counted_by_worker(found)
    with on_page():
        for one in found:
            try:
                one.last_count = known[one.pk] if one.pk in known else recount(one, now=now)
            except TreeError as error:
                one.last_count = None
                troubles[one.pk] = wording.refusal_text(error), "bad"
            except TooLong:
                troubles[one.pk] = later_text(count_later(one, now=now, by=None)), "muted"
    return troubles


@dataclass(frozen=True)
class SaveTrouble:
    """Why a segment was not kept: the field (`name` or `text`) and the sentence."""

    field: str
    said: Words


@dataclass(frozen=True)
class SegmentPage:
    """The builder for a new or a kept segment, and what was frozen of it."""

    segment: Segment | None
    name: str
    note: str
    builder: Builder
    snapshots: ui.Table | None
    may_change: bool
    may_export: bool
    starts: list[Segment]
    trouble: SaveTrouble | None


def _page(
    request: HttpRequest, segment: Segment | None, text: str, trouble: SaveTrouble | None = None
) -> SegmentPage:
    """The builder; after a refusal the name and the note stay as they were typed."""
    typed = request.POST if trouble else {}
    shop, now = shop_of(request), clock_of(request).now()
    builder = building.from_text(shop, text, now.date())
    if builder.too_long and segment is not None and text == segment.text:
        later = later_text(count_later(segment, now=now, by=request.user))  # type: ignore[arg-type]
        said = [one for one in (builder.not_ready, later) if one]
        builder = replace(builder, not_ready=clauses(said))
    return SegmentPage(
        segment=segment,
        name=typed.get("name", segment.name if segment else ""),
        note=typed.get("note", segment.note if segment else ""),
        builder=builder,
        snapshots=_snapshots(segment, now) if segment else None,
        may_change=may_market(request),
        may_export=request.role in EXPORTS,  # type: ignore[attr-defined]
        starts=list(Segment.objects.filter(shop=shop, archived=False).order_by("pk")[:20]),
        trouble=trouble,
    )


def _snapshots(segment: Segment, now: datetime) -> ui.Table | None:
    found = Snapshot.objects.filter(segment=segment).select_related("created_by").order_by("-pk")[:50]
    rows = [
        ui.Row(
            [
                one.name,
                one.count,
                f"{one.as_of_day:%Y-%m-%d}",
                figures.when(one.created_at, now),
                one.sha256[:12],
            ]
        )
        for one in found
    ]
    columns = [
        ui.Column("name", _("名单")),
        ui.Column("count", _("人数"), "num", card="end"),
        ui.Column("as_of", _("数据到"), "nowrap"),
        ui.Column("at", _("定格时间"), "nowrap", card="hide"),
        ui.Column("hash", _("指纹"), "nowrap", card="hide", priority=3),
    ]
    return ui.Table(columns, rows, caption=_("定格的名单")) if rows else None


@allowed(*LOOKS)
def new(request: HttpRequest) -> HttpResponse:
    """The builder with a text from the address, or a usual beginning."""
    return render(
        request, "segments/one.html", {"page": _page(request, None, request.GET.get("text", "") or START)}
    )


@allowed(*LOOKS)
def segment(request: HttpRequest, segment_id: int) -> HttpResponse:
    """One segment in the builder."""
    found = get_object_or_404(Segment, pk=segment_id, shop=shop_of(request))
    return render(request, "segments/one.html", {"page": _page(request, found, found.text)})


@require_POST
@allowed(*LOOKS)
def preview(request: HttpRequest) -> HttpResponse:
    """What follows from a change: of the rows, of the text, or a row added, removed, or turned into another kind.

    What the same user's page still counts of the text before it, and of who is in there, is ended.
    """
    try:
        with replacing(_question(request, "count")):
            replaced(_question(request, "more"))
            return _previewed(request)
    except Replaced:
        return HttpResponse(status=204)


def _question(request: HttpRequest, what: str) -> tuple[int | None, str, str]:
    """What tells one question of a page from those that take its place: whose it is, on which page, and what."""
    return request.user.pk, request.headers.get("HX-Current-URL", ""), what


def _previewed(request: HttpRequest) -> HttpResponse:
    shop, now = shop_of(request), clock_of(request).now()
    text = request.POST.get("text", "")
    if request.POST.get("source") == "text":
        builder = building.from_text(shop, text, now.date())
        # What can be read and not counted has its rows too.
        return _part(request, builder, draw_rows=bool(builder.lines) or not builder.trouble)
    rows = rules.rows_from(request.POST)
    changed = _act(rows, request.POST.get("act", ""))
    builder = building.from_rows(shop, rows, text, now.date())
    return _part(request, builder, draw_rows=changed, draw_text=not builder.trouble)


def _part(request: HttpRequest, builder: Builder, **draw: bool) -> HttpResponse:
    """The parts that changed. While something cannot be read the old figure stays and is told to be old; its shares and
    its sample go, since those on the page may be of the text before that."""
    answer = render(request, "segments/preview.html", {"b": builder, **draw})
    if builder.counted is None and not builder.not_ready:
        answer["HX-Reswap"] = "none"
    return answer


def _act(rows: list[rules.RuleRow], act: str) -> bool:
    """Add, remove or restart a row; whether the rows must be drawn anew."""
    name, _sep, at = act.partition(":")
    if name == "add" and len(rows) < rules.MOST_ROWS:
        rows.append(rules.fresh_row("last_order"))
    elif name == "any" and len(rows) < rules.MOST_ROWS - 1:
        group = f"n{len(rows)}"
        rows += [rules.fresh_row("group", group), rules.fresh_row("reachable", group)]
    elif name == "more":
        last = max((n for n, row in enumerate(rows) if row.group == at), default=len(rows) - 1)
        rows.insert(last + 1, rules.fresh_row("last_order", at))
    elif name == "not" and len(rows) < rules.MOST_ROWS:
        rows.append(rules.RuleRow("last_order", negated=True, high="15"))
    elif name == "drop" and (place := row_number(at)) is not None and place < len(rows):
        del rows[place]
    elif name == "kind" and (place := row_number(at)) is not None and place < len(rows):
        old = rows[place]
        started = rules.fresh_row(old.kind, old.group)
        rows[place] = rules.RuleRow(
            started.kind, old.negated, old.group, started.low, started.high, started.days, started.values
        )
    else:
        return False
    return True


@require_POST
@allowed(*LOOKS)
def more(request: HttpRequest) -> HttpResponse:
    """Shares, reach, stages and a sample of a text."""
    shop, now = shop_of(request), clock_of(request).now()
    try:
        node = parse(request.POST.get("text", ""))
        seed = row_number(request.POST.get("seed", "")) or 0
        with replacing(_question(request, "more")), on_page():
            return render(request, "segments/more.html", {"m": building.more_of(shop, node, now, seed)})
    except (FilterError, TreeError, NotReady):
        return HttpResponse("")
    except Replaced:
        return HttpResponse(status=204)
    except TooLong:
        return render(request, "segments/more_later.html")


@require_POST
@allowed(*LOOKS)
def why(request: HttpRequest) -> HttpResponse:
    """Why somebody is in or out."""
    shop, now = shop_of(request), clock_of(request).now()
    try:
        node = parse(request.POST.get("text", ""))
        with on_page():
            answer = building.answer_of(shop, node, request.POST.get("person", "").strip(), now)
        audit.record(
            "contact.search", shop=shop, actor=request.user, at=now, count=int(bool(answer.name)), by_part=False  # type: ignore[arg-type]
        )  # fmt: skip
    except (FilterError, TreeError) as error:
        answer = building.Answer("", False, [], wording.refusal_text(error))
    except NotReady as trouble:
        answer = building.Answer("", False, [], wording.not_ready_text(trouble.code))
    except TooLong as slow:
        answer = building.Answer("", False, [], told(slow))
    return render(request, "segments/why.html", {"answer": answer})


@require_POST
@allowed(*MARKETING)
def save(request: HttpRequest) -> HttpResponse:
    """Keep a filter under a name: a new segment, or the changed one."""
    shop, now = shop_of(request), clock_of(request).now()
    known = request.POST.get("segment", "")
    old = (
        get_object_or_404(Segment, pk=row_number(known), shop=shop)
        if known and "copy" not in request.POST
        else None
    )
    name, text = request.POST.get("name", ""), request.POST.get("text", "")
    note = request.POST.get("note", "")
    try:
        kept = save_segment(shop, name, text, by=request.user, now=now, note=note, segment=old)  # type: ignore[arg-type]
    except (FilterError, TreeError) as error:
        trouble = SaveTrouble("text", wording.refusal_text(error))
    except SegmentRefused as refusal:
        trouble = SaveTrouble("name", REFUSALS[refusal.code])
    else:
        messages.success(request, gettext("存好了「%(name)s」") % {"name": kept.name})
        return redirect("segment", kept.pk)
    return render(request, "segments/one.html", {"page": _page(request, old, text, trouble)}, status=422)


@require_POST
@allowed(*MARKETING)
def freeze_now(request: HttpRequest, segment_id: int) -> HttpResponse:
    """Freeze the list of people as it is now."""
    found = get_object_or_404(Segment, pk=segment_id, shop=shop_of(request))
    try:
        with on_page(SHOWN):
            taken = freeze(shop_of(request), found, now=clock_of(request).now(), by=request.user)  # type: ignore[arg-type]
    except NotReady as trouble:
        messages.error(request, wording.not_ready_text(trouble.code))
    except TreeError as error:
        messages.error(request, wording.refusal_text(error))
    except TooLong as slow:
        messages.error(request, told(slow))
    else:
        messages.success(
            request,
            ngettext("定格了 %(n)s 人", "定格了 %(n)s 人", taken.count) % {"n": figures.exact(taken.count)},
        )
    return redirect("segment", found.pk)


@require_POST
@allowed(*MARKETING)
def archive(request: HttpRequest, segment_id: int) -> HttpResponse:
    """Take a segment off the list."""
    found = get_object_or_404(Segment, pk=segment_id, shop=shop_of(request))
    archive_segment(found, now=clock_of(request).now())
    messages.success(request, gettext("收起了「%(name)s」，定格的名单还在") % {"name": found.name})
    return redirect("segments")

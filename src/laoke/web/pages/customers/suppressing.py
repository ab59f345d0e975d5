"""The people whom the shop itself decided to leave alone (P1.7): with the reason, by hand and by file, and lifted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from laoke.customers import history, profiles, tags
from laoke.customers.models import PersonTag, Tag
from laoke.shops import audit
from laoke.shops.models import Shop
from laoke.web import components as ui
from laoke.web import figures, lists, sheets
from laoke.web.access import MARKETING, READS, allowed, clock_of, may_market, shop_of
from laoke.web.pages.customers.acts import TAG_REFUSALS
from laoke.web.pages.customers.finding import persons_named
from laoke.web.pages.customers.list_files import FileRefused, matched_file, result_of
from laoke.web.pages.customers.listing import title_of
from laoke.web.pages.customers.timeline import SOURCES

NAME = "不打扰"


@dataclass(frozen=True)
class Lift:
    """A row that may be lifted, for its question."""

    pk: int
    name: str


@dataclass(frozen=True)
class SuppressedPage:
    """The list, the newest first."""

    filters: ui.Filters
    table: ui.Table
    lifts: list[Lift]
    may_change: bool


def suppress_tag(shop: Shop, now: datetime) -> Tag:
    """The shop's own tag for this list; one that keeps marketing away, whatever else bears its name."""
    known = Tag.objects.filter(shop=shop, name=NAME, suppresses=True).first()
    if known is not None:
        return known
    taken = Tag.objects.filter(shop=shop, name=NAME).exists()
    return tags.make_tag(shop, f"{NAME}名单" if taken else NAME, now=now, suppresses=True)


@allowed(*READS)
@require_GET
def suppressed(request: HttpRequest) -> HttpResponse:
    shop, now = shop_of(request), clock_of(request).now()
    may = may_market(request)
    rows = PersonTag.objects.filter(tag__shop=shop, tag__suppresses=True)
    if wanted := lists.searched(request):
        persons = persons_named(shop, wanted, now)
        audit.record(
            "contact.search", shop=shop, actor=request.user, at=now, count=len(persons), by_part=False  # type: ignore[arg-type]
        )  # fmt: skip
        rows = rows.filter(person_id__in=persons) | rows.filter(reason__icontains=wanted)
    columns = [
        ui.Column("person", _("客户"), "nowrap"),
        ui.Column("reason", _("原因"), "wrap", card="wide"),
        ui.Column("tag", pgettext_lazy("one of a list", "标签"), "nowrap", card="hide"),
        ui.Column("source", _("怎么来的"), "nowrap", card="hide"),
        ui.Column("by", _("谁"), "nowrap", card="hide"),
        ui.Column("at", _("时间"), "nowrap", card="end"),
        ui.Column("act", "", "min", card="wide"),
    ]
    listing = lists.Listing(
        gettext("不打扰名单"),
        rows.select_related("tag", "created_by"),
        ("-created_at", "-pk"),
        columns,
        lines=lambda found: _lines(shop, found, now, may),
    )
    if sheets.wanted(request):
        return listing.sheet(request)
    found, count = listing.found(request), rows.count()
    names = _titles(shop, found.rows)
    page = SuppressedPage(
        lists.filters(request, gettext("会员名、手机号、原因"), count=count),
        listing.table(
            found,
            request,
            empty=ui.Empty(_("名单上还没有人"), _("太挑剔、多次恶意退货的客户，可以放到这里，以后不打扰")),
            order=gettext("最近的在前"),
            count=gettext("共 %(n)s 人") % {"n": figures.exact(count)},
        ),
        [Lift(row.pk, names[row.person_id]) for row in found.rows] if may else [],
        may,
    )
    return render(request, "customers/suppressed.html", {"page": page})


def _titles(shop: Shop, rows: list[PersonTag]) -> dict[int, str]:
    masks = profiles.masks_of(shop, [row.person_id for row in rows])
    return {
        row.person_id: title_of(row.person_id, masks.get(row.person_id, profiles.Masks())) for row in rows
    }


def _lines(shop: Shop, rows: list[PersonTag], now: datetime, may: bool) -> list[ui.Row]:
    names = _titles(shop, rows)
    return [
        ui.Row(
            [
                ui.Cell(names[row.person_id], url=reverse("customer", args=[row.person_id])),
                row.reason,
                row.tag.name,
                SOURCES.get(row.source, row.source),
                (row.created_by.get_full_name() or row.created_by.username) if row.created_by else "",
                figures.when(row.created_at, now),
                ui.Action(_("解除…"), dialog=f"lift-{row.pk}", small=True) if may else "",
            ]
        )
        for row in rows
    ]


@require_POST
@allowed(*MARKETING)
def add(request: HttpRequest) -> HttpResponse:
    """Put one person on the list."""
    shop, now = shop_of(request), clock_of(request).now()
    found = persons_named(shop, request.POST.get("who", "")[:100], now)
    if len(found) != 1:
        said = gettext("找到 %(n)s 位，要正好一位。写全会员名、手机号、订单号或客户号")
        messages.error(request, said % {"n": len(found)})
        return redirect("suppressed")
    reason = request.POST.get("reason", "").strip()
    try:
        tags.set_tag(suppress_tag(shop, now), found, by=request.user, now=now, reason=reason)  # type: ignore[arg-type]
    except tags.TagRefused as refusal:
        messages.error(request, str(TAG_REFUSALS[refusal.code]))
    else:
        messages.success(request, gettext("加上了，以后不打扰"))
    return redirect("suppressed")


@require_POST
@allowed(*MARKETING)
def by_file(request: HttpRequest) -> HttpResponse:
    """Put everybody on the list whom a file names, each with the reason of their line or the one given for all."""
    shop, now = shop_of(request), clock_of(request).now()
    general = request.POST.get("reason", "").strip()
    try:
        found = matched_file(request)
    except FileRefused as refused:
        messages.error(request, str(refused))
        return redirect("suppressed")
    by_reason: dict[str, list[int]] = {}
    for person, reason in found.people.items():
        by_reason.setdefault(reason[:100] or general, []).append(person)
    if "" in by_reason:
        messages.error(request, gettext("有的行没写原因。在「原因」列里写上，或填一个通用的原因"))
        return redirect("suppressed")
    done = 0
    try:
        tag = suppress_tag(shop, now)
        for reason, people in sorted(by_reason.items()):
            done += tags.set_tag(tag, people, by=request.user, now=now, reason=reason, source=history.FILE)  # type: ignore[arg-type]
    except tags.TagRefused as refusal:
        messages.error(request, str(TAG_REFUSALS[refusal.code]))
        return redirect("suppressed")
    audit.record(
        "tag.file", shop=shop, actor=request.user, at=now, subject=tag.name, count=done, lines=found.lines,  # type: ignore[arg-type]
        unmatched=len(found.unmatched), off=False,
    )  # fmt: skip
    pattern, title = gettext("%(n)s 人加进了名单"), gettext("不打扰名单")
    result = result_of(title, found, done, lambda n: pattern % {"n": n}, (title, reverse("suppressed")))
    return render(request, "customers/list_file.html", {"page": result})


@require_POST
@allowed(*MARKETING)
def lift(request: HttpRequest, row_id: int) -> HttpResponse:
    """Take one person off the list, with the reason."""
    shop, now = shop_of(request), clock_of(request).now()
    row = get_object_or_404(
        PersonTag.objects.select_related("tag"), pk=row_id, tag__shop=shop, tag__suppresses=True
    )
    reason = request.POST.get("reason", "").strip()
    try:
        tags.unset_tag(row.tag, [row.person_id], by=request.user, now=now, reason=reason)  # type: ignore[arg-type]
    except tags.TagRefused as refusal:
        messages.error(request, str(TAG_REFUSALS[refusal.code]))
    else:
        messages.success(request, gettext("解除了，有同意的渠道可以再联系"))
    return redirect("suppressed")

"""The tags of a shop: all of them with how they came about, one with its history, by file and by rule."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext, ngettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from laoke.audiences import tag_rules, wording
from laoke.audiences.models import Segment
from laoke.audiences.text import parse
from laoke.audiences.tokens import FilterError
from laoke.audiences.tree import TreeError
from laoke.customers import history, profiles, tags
from laoke.customers.models import PersonChange, PersonTag, Tag
from laoke.shops import audit
from laoke.shops.joins import listed, phrases
from laoke.shops.models import Shop, User
from laoke.web import components as ui
from laoke.web import figures, lists, sheets
from laoke.web.access import MARKETING, READS, allowed, clock_of, may_market, shop_of
from laoke.web.components.base import Words
from laoke.web.pages.customers.acts import TAG_REFUSALS
from laoke.web.pages.customers.list_files import FileRefused, matched_file, result_of
from laoke.web.pages.customers.listing import title_of
from laoke.web.pages.customers.timeline import SOURCES

# The labels of the playbook (P1.4): what a filter can decide comes with its rule, the others are set by people.
READY: tuple[tuple[str, str], ...] = (
    ("普通客户", 'group in ("ordinary") and bought'),
    ("忠诚客户", 'group in ("loyal")'),
    ("优质客户", 'rfm in ("key_value")'),
    ("淘客单", ""),
    ("晒图志愿者", ""),
)
RULE_REFUSALS: dict[str, Words] = {
    "has_people": _("「%(name)s」已经手工打给了一些人。规则会把不符合的人拿掉，所以请换个名字"),
    "circle": _("规则会绕圈子，最后又用到自己：%(name)s。把条件直接写出来"),
    "builds_on": _("按规则的标签不能用到另一个按规则的标签：%(name)s。把条件直接写出来"),
    "suppresses": _("「%(name)s」是不打扰的标签，每个人都要有原因，不能按规则打"),
}


@dataclass(frozen=True)
class TagsPage:
    """All tags of the shop."""

    filters: ui.Filters
    table: ui.Table
    segments: list[Segment]
    missing: str
    may_change: bool


@dataclass(frozen=True)
class TagPage:
    """One tag: how it comes about, who has it, what happened with it."""

    tag: Tag
    facts: ui.Facts
    filters: ui.Filters
    history: ui.Table
    people_url: str
    error: str
    may_change: bool


@allowed(*READS)
@require_GET
def tags_page(request: HttpRequest) -> HttpResponse:
    shop, now = shop_of(request), clock_of(request).now()
    rows = Tag.objects.filter(shop=shop)
    if wanted := lists.searched(request):
        rows = rows.filter(name__icontains=wanted)
    listing = lists.Listing(
        gettext("标签"),
        rows.select_related("created_by"),
        ("-pk",),
        [
            ui.Column("tag", pgettext_lazy("one of a list", "标签"), "nowrap"),
            ui.Column("people", _("人数"), "num", label_on_card=_("人")),
            ui.Column("source", _("怎么来的"), card="end"),
            ui.Column("rule", _("规则"), "wrap", card="wide"),
            ui.Column("by", _("谁建的"), "nowrap", priority=2, card="hide"),
            ui.Column("at", _("最近变动"), "nowrap", priority=2, card="hide"),
        ],
        lines=lambda found: _lines(found, now),
    )
    if sheets.wanted(request):
        return listing.sheet(request)
    count = rows.count()
    known = set(Tag.objects.filter(shop=shop).values_list("name", flat=True))
    page = TagsPage(
        lists.filters(request, gettext("标签名"), count=count),
        listing.table(
            listing.found(request),
            request,
            empty=ui.Empty(_("还没有标签"), _("在客户页上手工打，或按文件、按规则打")),
            order=gettext("最近的在前"),
            count=gettext("共 %(n)s 个") % {"n": figures.exact(count)},
        ),
        list(Segment.objects.filter(shop=shop, archived=False).order_by("name")),
        listed(name for name, _rule in READY if name not in known),
        may_market(request),
    )
    return render(request, "customers/tags.html", {"page": page})


def _lines(found: list[Tag], now: datetime) -> list[ui.Row]:
    """One row per tag; people and last changes by one question each."""
    ids = [tag.pk for tag in found]
    counts: dict[int, dict[str, int]] = {}
    counted = PersonTag.objects.filter(tag__in=ids).values_list("tag_id", "source").annotate(n=Count("pk"))
    for tag_id, source, n in counted:
        counts.setdefault(tag_id, {})[source] = n
    newest = {
        tag_id: PersonChange.objects.filter(tag=tag_id).order_by("-pk").values_list("at", flat=True).first()
        for tag_id in ids
    }
    return [_line(tag, counts.get(tag.pk, {}), newest.get(tag.pk), now) for tag in found]


def _line(tag: Tag, counts: dict[str, int], newest: datetime | None, now: datetime) -> ui.Row:
    name = ui.Cell(tag.name, url=reverse("tag", args=[tag.pk]), sub=_("不打扰") if tag.suppresses else "")
    by = tag.created_by.get_full_name() or tag.created_by.username if tag.created_by else ""
    return ui.Row(
        [
            name,
            sum(counts.values()),
            _sources(tag, counts),
            ui.Cell(described(tag.rule), sub=_state(tag, now)) if tag.rule else "",
            by,
            figures.when(newest, now) if newest else "",
        ],
        url=reverse("tag", args=[tag.pk]),
        name=tag.name,
    )


def _sources(tag: Tag, counts: dict[str, int]) -> str:
    if tag.rule:
        return gettext("按规则")
    told = [
        f"{SOURCES.get(name, name)} {figures.exact(n)}"
        for name, n in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    ]
    return " · ".join(told) or gettext("手工")


def described(rule: str) -> str:
    """A rule in words; one that can no longer be read stands as it is."""
    try:
        return wording.describe(parse(rule))
    except FilterError:
        return rule


def _error_said(error: str) -> str:
    code, _sep, name = error.partition(": ")
    if code in ("segment_missing", "segment_archived"):
        return wording.refusal_text(TreeError(code, name=name))
    if code in RULE_REFUSALS:
        return str(RULE_REFUSALS[code]) % {"name": name}
    return gettext("规则读不懂了：%(error)s") % {"error": error}


def _state(tag: Tag, now: datetime) -> str:
    if tag.rule_error:
        return _error_said(tag.rule_error)
    if tag.ruled_at is None:
        return gettext("还在算")
    return gettext("%(when)s 算过") % {"when": figures.when(tag.ruled_at, now)}


@allowed(*READS)
@require_GET
def tag_page(request: HttpRequest, tag_id: int) -> HttpResponse:
    shop, now = shop_of(request), clock_of(request).now()
    tag = get_object_or_404(Tag.objects.select_related("created_by"), pk=tag_id, shop=shop)
    rows = PersonChange.objects.filter(tag=tag)
    if wanted := lists.searched(request):
        rows = rows.filter(reason__icontains=wanted)
    listing = lists.Listing(
        gettext("标签的变动") + f"-{tag.name}",
        rows.select_related("created_by"),
        ("-pk",),
        [
            ui.Column("at", _("时间"), "nowrap"),
            ui.Column("person", _("客户"), "nowrap"),
            ui.Column("act", _("怎么了"), "nowrap", card="end"),
            ui.Column("source", _("怎么来的"), "nowrap", card="hide"),
            ui.Column("by", _("谁"), "nowrap", card="hide"),
            ui.Column("reason", _("原因"), "wrap", card="wide"),
        ],
        lines=lambda found: _history(shop, found, now),
    )
    if sheets.wanted(request):
        return listing.sheet(request)
    counts = dict(PersonTag.objects.filter(tag=tag).values_list("source").annotate(n=Count("pk")))
    by = tag.created_by.get_full_name() or tag.created_by.username if tag.created_by else "—"
    facts: list[tuple[Words, str]] = [
        (_("人数"), figures.exact(sum(counts.values()))),
        (_("怎么来的"), _sources(tag, counts)),
        (_("谁建的"), phrases([by, figures.day(tag.created_at, now)])),
    ]
    if tag.rule:
        facts += [(_("规则"), described(tag.rule)), (_("写成"), tag.rule), (_("状态"), _state(tag, now))]
    page = TagPage(
        tag,
        ui.Facts(facts),
        lists.filters(request, gettext("原因"), count=rows.count()),
        listing.table(
            listing.found(request), request, empty=ui.Empty(_("还没有变动"), ""), order=gettext("最近的在前")
        ),
        reverse("customers") + "?" + urlencode({"tag": tag.name}),
        tag.rule_error,
        may_market(request),
    )
    return render(request, "customers/tag.html", {"page": page})


def _history(shop: Shop, found: list[PersonChange], now: datetime) -> list[ui.Row]:
    masks = profiles.masks_of(shop, [change.person_id for change in found])
    rows = []
    for change in found:
        name = title_of(change.person_id, masks.get(change.person_id, profiles.Masks()))
        by: User | None = change.created_by
        rows.append(
            ui.Row(
                [
                    figures.when(change.at, now),
                    ui.Cell(name, url=reverse("customer", args=[change.person_id])),
                    change.get_act_display(),
                    SOURCES.get(change.source, change.source),
                    (by.get_full_name() or by.username) if by else "",
                    change.reason,
                ]
            )
        )
    return rows


def _named(request: HttpRequest) -> Tag:
    """The tag that a form names: one of the shop's, or a new one. Raises TagRefused."""
    return tags.make_tag(
        shop_of(request),
        request.POST.get("name", ""),
        now=clock_of(request).now(),
        suppresses=request.POST.get("suppresses") == "1",
        by=request.user,  # type: ignore[arg-type]
    )


@require_POST
@allowed(*MARKETING)
def by_file(request: HttpRequest) -> HttpResponse:
    """Put a tag on everybody that a file names, or take it off them."""
    now, off = clock_of(request).now(), request.POST.get("off") == "1"
    reason = request.POST.get("reason", "").strip()
    try:
        found = matched_file(request)
        tag = _named(request)
        change = tags.unset_tag if off else tags.set_tag
        # A tag that keeps marketing away is put on and lifted for a reason; the name of a file is none.
        why = reason or ("" if tag.suppresses else getattr(request.FILES.get("file"), "name", ""))
        done = change(tag, found.people, by=request.user, now=now, reason=why, source=history.FILE)  # type: ignore[arg-type]
    except FileRefused as refused:
        messages.error(request, str(refused))
        return redirect("tags")
    except tags.TagRefused as refusal:
        messages.error(request, str(TAG_REFUSALS[refusal.code]))
        return redirect("tags")
    audit.record(
        "tag.file", shop=tag.shop, actor=request.user, at=now, subject=tag.name, count=done,  # type: ignore[arg-type]
        lines=found.lines, unmatched=len(found.unmatched), off=off,
    )  # fmt: skip
    pattern = gettext("给 %(n)s 人去掉了标签") if off else gettext("给 %(n)s 人打上了标签")
    result = result_of(
        tag.name, found, done, lambda n: pattern % {"n": n}, (tag.name, reverse("tag", args=[tag.pk]))
    )
    return render(request, "customers/list_file.html", {"page": result})


@require_POST
@allowed(*MARKETING)
def by_rule(request: HttpRequest) -> HttpResponse:
    """Let a filter decide who has a tag; the text is typed, or that of a segment."""
    shop, now = shop_of(request), clock_of(request).now()
    text = request.POST.get("text", "").strip()
    chosen = request.POST.get("segment", "")
    if not text and chosen:
        segment = Segment.objects.filter(shop=shop, archived=False, name=chosen).first()
        text = segment.text if segment else ""
    if not text:
        messages.error(request, gettext("选一个人群，或写条件"))
        return redirect("tags")
    try:
        parse(text)
        tag = _named(request)
        tag_rules.set_rule(tag, text, by=request.user, now=now)  # type: ignore[arg-type]
    except FilterError as broken:
        where = text[max(0, broken.position - 6) : broken.position + broken.length + 6]
        messages.error(
            request, gettext("条件在「%(where)s」这里读不懂。先在人群页上写好再用") % {"where": where}
        )
        return redirect("tags")
    except TreeError as error:
        messages.error(request, wording.refusal_text(error))
        return redirect("tags")
    except tags.TagRefused as refusal:
        messages.error(request, str(TAG_REFUSALS[refusal.code]))
        return redirect("tags")
    except tag_rules.RuleRefused as refused:
        messages.error(request, str(RULE_REFUSALS[refused.code]) % {"name": refused.name})
        return redirect("tags")
    messages.success(request, gettext("记下了规则，几秒后开始打，人多时要几分钟"))
    return redirect("tag", tag.pk)


@require_POST
@allowed(*MARKETING)
def drop_rule(request: HttpRequest, tag_id: int) -> HttpResponse:
    """Let people decide again who has the tag."""
    tag = get_object_or_404(Tag, pk=tag_id, shop=shop_of(request))
    tag_rules.drop_rule(tag, by=request.user, now=clock_of(request).now())  # type: ignore[arg-type]
    messages.success(request, gettext("规则去掉了，现在有标签的人都留着"))
    return redirect("tag", tag.pk)


@require_POST
@allowed(*MARKETING)
def make_ready(request: HttpRequest) -> HttpResponse:
    """Make those of the playbook's labels that the shop does not have."""
    shop, now = shop_of(request), clock_of(request).now()
    known, made = set(Tag.objects.filter(shop=shop).values_list("name", flat=True)), 0
    for name, rule in READY:
        if name not in known:
            tag = tags.make_tag(shop, name, now=now, by=request.user)  # type: ignore[arg-type]
            if rule:
                tag_rules.set_rule(tag, rule, by=request.user, now=now)  # type: ignore[arg-type]
            made += 1
    messages.success(request, ngettext("建了 %(n)s 个标签", "建了 %(n)s 个标签", made) % {"n": made})
    return redirect("tags")

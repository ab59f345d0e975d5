"""All chat groups with how many are in them and who came each week, and one group with its people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext, ngettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods

from laoke.customers import profiles
from laoke.groups import members
from laoke.groups.models import GroupMember, MemberGroup
from laoke.shops.models import Role, Shop, Staff
from laoke.web import components as ui
from laoke.web import figures, lists, sheets
from laoke.web.access import MARKETING, READS, allowed, clock_of, may_market, shop_of
from laoke.web.charts.bars import time_bars
from laoke.web.charts.base import Series
from laoke.web.components.base import Words
from laoke.web.numbers import row_number
from laoke.web.pages.customers.listing import title_of
from laoke.web.pages.customers.timeline import SOURCES

TALKS = (*MARKETING, Role.SERVICE)
REFUSALS: dict[str, Words] = {
    "name": _("写上群名，最长 40 个字"),
    "name_taken": _("已经有叫这个名字的群了"),
    "brush": _("这里不给刷单、补单的群记账：它违法，也不算客户"),
    "kind": _("选一种群"),
    "capacity": _("人数上限写成 1 到 100000 的整数，没有就空着"),
    "closed": _("这个群停用了，先改回在用再记人"),
    "day": _("日子要在今天或以前，退群不能早于进群"),
    "unknown": _("没有这个人了，刷新页面再看"),
    "erasing": _("正在删除其中一个人的个人信息，不能再登记"),
    "not_in": _("这个人已经不在群里了，刷新页面再看"),
}


@dataclass(frozen=True)
class GroupsPage:
    """All groups of the shop."""

    filters: ui.Filters
    table: ui.Table
    weeks: ui.ChartCard | None
    staff: list[Staff]
    kinds: list[tuple[str, str]]
    platforms: list[tuple[str, str]]
    may_change: bool


@dataclass(frozen=True)
class GroupPage:
    """One group: what is told of it, who came each week, who is and was in it."""

    group: MemberGroup
    facts: ui.Facts
    over: str
    weeks: ui.ChartCard | None
    tabs: ui.Tabs
    filters: ui.Filters
    table: ui.Table
    staff: list[Staff]
    kinds: list[tuple[str, str]]
    platforms: list[tuple[str, str]]
    states: list[tuple[str, str]]
    may_change: bool
    may_talk: bool


def _choices(choices: type) -> list[tuple[str, str]]:
    return [(one.value, str(one.label)) for one in choices]  # type: ignore[attr-defined]


def staff_of(shop: Shop) -> list[Staff]:
    """Who may be in charge of a group."""
    return list(Staff.objects.filter(shop=shop).select_related("user").order_by("pk"))


def draft_from(request: HttpRequest) -> members.Draft:
    """The group that a form tells of.

    Raises
    ------
    GroupRefused
        `capacity` when it is no number.
    """
    post = request.POST
    told = post.get("capacity", "").strip()
    capacity = row_number(told) if told else None
    if told and capacity is None:
        raise members.GroupRefused("capacity")
    chosen = row_number(post.get("in_charge", "")) or 0
    staff = Staff.objects.filter(shop=shop_of(request), pk=chosen).first()
    return members.Draft(
        post.get("name", ""), post.get("kind", ""), post.get("platform", ""), staff, capacity
    )


@allowed(*READS)
@require_http_methods(["GET", "POST"])
def groups(request: HttpRequest) -> HttpResponse:
    """The list; a posted form adds a group."""
    shop, now = shop_of(request), clock_of(request).now()
    may = may_market(request)
    if request.method == "POST":
        if not may:
            raise PermissionDenied
        return _add(request)
    rows = MemberGroup.objects.filter(shop=shop).select_related("in_charge__user")
    if wanted := lists.searched(request):
        rows = rows.filter(name__icontains=wanted)
    listing = lists.Listing(
        gettext("群"), rows, ("-state", "-pk"), _columns(), lines=lambda found: _lines(found, now)
    )
    if sheets.wanted(request):
        return listing.sheet(request)
    count, every = rows.count(), list(MemberGroup.objects.filter(shop=shop))
    page = GroupsPage(
        lists.filters(request, gettext("群名"), count=count),
        listing.table(
            listing.found(request),
            request,
            empty=ui.Empty(_("还没有群"), _("把店里的微信群、淘宝群聊记在这里：谁在哪个群，什么时候来的")),
            order=gettext("在用的在前"),
            count=gettext("共 %(n)s 个") % {"n": figures.exact(count)},
        ),
        _weeks(every, now),
        staff_of(shop),
        _choices(MemberGroup.Kind),
        _choices(MemberGroup.Platform),
        may,
    )
    return render(request, "groups/list.html", {"page": page})


def _columns() -> list[ui.Column]:
    return [
        ui.Column("name", pgettext_lazy("one of a list", "群"), "nowrap"),
        ui.Column("kind", _("哪种"), "nowrap", card="hide"),
        ui.Column("platform", _("在哪"), "nowrap", card="hide"),
        ui.Column("here", _("现在的人"), "num", card="end", label_on_card=_("人")),
        ui.Column("capacity", _("上限"), "num", priority=3, card="hide"),
        ui.Column("joined", _("近 7 天进群"), "num", card="hide"),
        ui.Column("left", _("近 7 天退群"), "num", card="hide"),
        ui.Column("owner", _("负责人"), "nowrap", priority=2, card="hide"),
        ui.Column("state", _("状态"), card="wide"),
    ]


def _lines(found: list[MemberGroup], now: datetime) -> list[ui.Row]:
    """One row per group; its figures by one question for all of them."""
    since = now.date() - timedelta(days=7)
    counted = GroupMember.objects.filter(group__in=found).values("group_id")
    rows: dict[int, Any] = {
        row["group_id"]: row
        for row in counted.annotate(
            here=Count("pk", filter=Q(left_on=None)),
            joined=Count("pk", filter=Q(joined_on__gt=since)),
            left=Count("pk", filter=Q(left_on__gt=since)),
        )
    }
    none = {"here": 0, "joined": 0, "left": 0}
    return [_line(one, rows.get(one.pk, none)) for one in found]


def _line(one: MemberGroup, counts: dict[str, int]) -> ui.Row:
    url = reverse("group", args=[one.pk])
    return ui.Row(
        [
            ui.Cell(one.name, url=url),
            one.get_kind_display(),
            one.get_platform_display(),
            counts["here"],
            one.capacity or "",
            counts["joined"],
            counts["left"],
            str(one.in_charge or ""),
            _state(one),
        ],
        url=url,
        name=one.name,
    )


def _state(one: MemberGroup) -> ui.Status:
    return ui.Status(one.get_state_display(), "ok" if one.state == MemberGroup.State.OPEN else "")


def _weeks(every: Sequence[MemberGroup], now: datetime) -> ui.ChartCard | None:
    """Joins and leaves of twelve weeks; nothing while the book is empty."""
    weeks = members.by_week(every, now.date()) if every else []
    if not any(week.joined or week.left for week in weeks):
        return None
    names = [f"{week.monday:%m-%d}" for week in weeks]
    series = [
        Series(gettext("进群"), [week.joined for week in weeks], "c1"),
        Series(gettext("退群"), [week.left for week in weeks], "c0"),
    ]
    columns = [
        ui.Column("week", _("这周一")), ui.Column("joined", _("进群"), "num"), ui.Column("left", _("退群"), "num"),
    ]  # fmt: skip
    rows = [ui.Row([f"{week.monday:%Y-%m-%d}", week.joined, week.left]) for week in reversed(weeks)]
    return ui.ChartCard(
        "weeks", _("每周进出"), time_bars(names, series, stacked=False, axis="exact"),
        ui.Table(columns, rows, caption=_("每周进群和退群的人数")),
        label=_("近 12 周每周进群和退群的人数"), sub=_("按周一算起，最后一周还没过完"), size="sm",
    )  # fmt: skip


def _add(request: HttpRequest) -> HttpResponse:
    shop, now = shop_of(request), clock_of(request).now()
    try:
        row = members.make_group(shop, draft_from(request), by=request.user, now=now)  # type: ignore[arg-type]
    except members.GroupRefused as refused:
        messages.error(request, str(REFUSALS[refused.code]))
        return redirect("groups")
    messages.success(request, gettext("记下了"))
    return redirect("group", row.pk)


def group_of(request: HttpRequest, group_id: int) -> MemberGroup:
    """A group of the shop, or 404."""
    rows = MemberGroup.objects.filter(shop=shop_of(request)).select_related("shop__owner", "in_charge__user")
    return get_object_or_404(rows, pk=group_id)


@allowed(*READS)
@require_GET
def group(request: HttpRequest, group_id: int) -> HttpResponse:
    """One group with its people; `?gone=1` shows those who left."""
    row, now = group_of(request, group_id), clock_of(request).now()
    role, gone = request.role, request.GET.get("gone") == "1"  # type: ignore[attr-defined]
    everyone = GroupMember.objects.filter(group=row)
    here, left = everyone.filter(left_on=None), everyone.exclude(left_on=None)
    may_talk, rows = role in TALKS, left if gone else here
    if wanted := lists.searched(request):
        rows = rows.filter(invite__icontains=wanted)
    listing = lists.Listing(
        f"{row.name}-{gettext('群成员')}",
        rows.select_related("added_by"),
        ("-left_on", "-pk") if gone else ("-joined_on", "-pk"),
        _member_columns(gone),
        lines=lambda found: _member_lines(row, found, now, acts=may_talk and not gone),
    )
    if sheets.wanted(request):
        return listing.sheet(request)
    now_in = here.count()
    page = GroupPage(
        row,
        _facts(row, now_in, left, now),
        gettext("现在 %(n)s 人，超过了上限 %(most)s 人")
        % {"n": figures.exact(now_in), "most": figures.exact(row.capacity)}
        if row.capacity and now_in > row.capacity
        else "",
        _weeks([row], now),
        _tabs(row, now_in, left.count(), gone),
        lists.filters(request, gettext("怎么来的"), count=rows.count(), keep=("gone",)),
        listing.table(
            listing.found(request),
            request,
            empty=ui.Empty(_("没有退过群的人"), "") if gone else _nobody(),
            order=gettext("最近退群的在前") if gone else gettext("最近进群的在前"),
        ),
        staff_of(row.shop),
        _choices(MemberGroup.Kind),
        _choices(MemberGroup.Platform),
        _choices(MemberGroup.State),
        role in MARKETING,
        may_talk,
    )
    return render(request, "groups/one.html", {"page": page})


def _nobody() -> ui.Empty:
    return ui.Empty(_("群里还没有人"), _("在客户页上记，或按名单一次记一批"))


def _tabs(row: MemberGroup, here: int, left: int, gone: bool) -> ui.Tabs:
    url = reverse("group", args=[row.pk])
    return ui.Tabs(
        [
            ui.Tab(gettext("在群里"), url, current=not gone, count=str(here)),
            ui.Tab(gettext("退了的"), f"{url}?gone=1", current=gone, count=str(left)),
        ]
    )


def _facts(row: MemberGroup, here: int, left: QuerySet[GroupMember], now: datetime) -> ui.Facts:
    of = gettext("%(n)s / 上限 %(most)s") % {"n": figures.exact(here), "most": figures.exact(row.capacity)}
    return ui.Facts(
        [
            (_("哪种"), row.get_kind_display()),
            (_("在哪"), row.get_platform_display()),
            (_("现在的人"), of if row.capacity else figures.exact(here)),
            (
                _("退过群"),
                ngettext("%(n)s 人次", "%(n)s 人次", left.count()) % {"n": figures.exact(left.count())},
            ),
            (_("负责人"), str(row.in_charge or gettext("没有负责人"))),
            (_("记录建于"), figures.day(row.created_at, now)),
        ]
    )


def _member_columns(gone: bool) -> list[ui.Column]:
    columns = [
        ui.Column("person", _("客户"), "nowrap"),
        ui.Column("joined", _("进群"), "nowrap", card="end"),
        ui.Column("invite", _("怎么来的"), "wrap", card="wide"),
        ui.Column("source", _("登记"), "nowrap", priority=2, card="hide"),
        ui.Column("act", "", "min", card="wide"),
    ]
    if gone:
        columns[2:2] = [ui.Column("left", _("退群"), "nowrap", card="hide")]
        columns.pop()
    return columns


def _member_lines(row: MemberGroup, found: list[GroupMember], now: datetime, *, acts: bool) -> list[ui.Row]:
    masks = profiles.masks_of(row.shop, [one.person_id for one in found])
    lines = []
    for one in found:
        title = title_of(one.person_id, masks.get(one.person_id, profiles.Masks()))
        by = (one.added_by.get_full_name() or one.added_by.username) if one.added_by else ""
        cells: list[ui.Cell | Words | ui.Component | int] = [
            ui.Cell(title, url=reverse("customer", args=[one.person_id])),
            figures.day(one.joined_on, now),
            one.invite,
            ui.Cell(str(SOURCES.get(one.source, one.source)), sub=by),
        ]
        if one.left_on is not None:
            cells.insert(2, figures.day(one.left_on, now))
        else:
            url = reverse("group_leave", args=[row.pk, one.person_id])
            cells.append(ui.Action(_("今天退了"), url, method="post", small=True) if acts else "")
        lines.append(ui.Row(cells))
    return lines

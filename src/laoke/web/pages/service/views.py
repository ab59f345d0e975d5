"""Views of after-sales: the open cases by what is due, one case, opening one and moving it on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from laoke.customers import links, profiles
from laoke.service import cases as domain
from laoke.service.cases import CaseRefused, Draft
from laoke.service.models import UNDONE, CaseStep, ServiceCase
from laoke.shops.joins import phrases
from laoke.shops.models import Role, Shop, Staff
from laoke.web import components as ui
from laoke.web import figures, lists, sheets
from laoke.web.access import MARKETING, READS, allowed, clock_of, shop_of
from laoke.web.components.base import Words
from laoke.web.numbers import row_number
from laoke.web.pages.customers.listing import title_of
from laoke.web.pages.orders.words import order_url
from laoke.web.pages.service.card import promise_of, stamp, state_of

TALKS = (*MARKETING, Role.SERVICE)
REFUSALS: dict[str, Words] = {
    "kind": _("选一种售后"),
    "order": _("订单号最长 64 个字"),
    "promised": _("答应的时间要在现在以后"),
    "words": _("写上怎么回事或怎么解决的，最长 1000 字"),
    "state": _("同事刚改过这个售后，刷新页面再看"),
    "unknown": _("没有这个人了，刷新页面再看"),
    "erasing": _("正在删除这个人的个人信息，不能再登记"),
}
MOVES: dict[str, Words] = {
    "open": _("接着处理"), "waiting": _("等回音"), "solved": _("解决了"), "closed": _("关掉"),
}  # fmt: skip


@dataclass(frozen=True)
class CasesPage:
    """The cases: what is still owed, or what is done."""

    tabs: ui.Tabs
    filters: ui.Filters
    table: ui.Table
    late: int


@dataclass(frozen=True)
class CasePage:
    """One case with its steps; `moves` are the states it may go to from here, its own first."""

    case: ServiceCase
    title: str
    person_id: int
    person: str
    facts: ui.Facts
    steps: ui.Timeline
    moves: list[tuple[str, Words]]
    staff: list[Staff]
    promised_by: str
    may_move: bool


@allowed(*READS)
@require_GET
def cases(request: HttpRequest) -> HttpResponse:
    """What is owed to whom, the most urgent first; `?done=1` what is done, the newest first."""
    shop, now = shop_of(request), clock_of(request).now()
    done = request.GET.get("done") == "1"
    every = ServiceCase.objects.filter(shop=shop)
    undone = Q(state__in=UNDONE)
    rows = every.exclude(undone) if done else every.filter(undone)
    if wanted := lists.searched(request):
        rows = rows.filter(order_id__icontains=wanted)
    listing = lists.Listing(
        gettext("售后"),
        rows.select_related("in_charge__user", "shop__owner"),
        ("-changed_at", "-pk") if done else ("promised_by", "pk"),
        _columns(),
        lines=lambda found: _lines(shop, found, now),
    )
    if sheets.wanted(request):
        return listing.sheet(request)
    counts = every.aggregate(
        undone=Count("pk", filter=undone), all=Count("pk"),
        late=Count("pk", filter=undone & Q(promised_by__lt=now)),
    )  # fmt: skip
    empty = (
        ui.Empty(_("还没有办完的售后"), "")
        if done
        else ui.Empty(_("没有要办的售后"), _("客户有事，在他的页上开一个：谁负责，答应什么时候给回音"))
    )
    order = gettext("最近的在前") if done else gettext("先到期的在前")
    page = CasesPage(
        ui.Tabs(
            [
                ui.Tab(gettext("要办的"), reverse("service"), current=not done, count=str(counts["undone"])),
                ui.Tab(
                    gettext("办完的"), f"{reverse('service')}?done=1", current=done,
                    count=str(counts["all"] - counts["undone"]),
                ),
            ]
        ),
        lists.filters(request, gettext("订单号"), count=rows.count(), keep=("done",)),
        listing.table(listing.found(request), request, empty=empty, order=order),
        counts["late"],
    )  # fmt: skip
    return render(request, "service/list.html", {"page": page})


def _columns() -> list[ui.Column]:
    return [
        ui.Column("kind", _("哪种"), "nowrap"),
        ui.Column("person", _("客户"), "nowrap", card="wide"),
        ui.Column("promised", _("答应在"), "nowrap", card="end"),
        ui.Column("state", _("状态")),
        ui.Column("owner", _("负责人"), "nowrap", card="hide"),
        ui.Column("order", pgettext_lazy("one of a list", "订单"), "nowrap", priority=2, card="hide"),
        ui.Column("opened", _("开的"), "nowrap", priority=2, card="hide"),
        ui.Column("changed", _("最近变动"), "nowrap", priority=3, card="hide"),
    ]


def _lines(shop: Shop, found: list[ServiceCase], now: datetime) -> list[ui.Row]:
    masks = profiles.masks_of(shop, [one.person_id for one in found])
    lines = []
    for one in found:
        url = reverse("service_case", args=[one.pk])
        title = title_of(one.person_id, masks.get(one.person_id, profiles.Masks()))
        lines.append(
            ui.Row(
                [
                    ui.Cell(one.get_kind_display(), url=url),
                    title,
                    promise_of(one, now),
                    state_of(one),
                    str(one.in_charge or ""),
                    one.order_id,
                    figures.day(one.opened_at, now),
                    figures.when(one.changed_at, now),
                ],
                url=url,
                name=f"{one.get_kind_display()} {title}",
            )
        )
    return lines


def _case(request: HttpRequest, case_id: int) -> ServiceCase:
    rows = ServiceCase.objects.filter(shop=shop_of(request))
    return get_object_or_404(rows.select_related("shop__owner", "in_charge__user", "opened_by"), pk=case_id)


@allowed(*READS)
@require_GET
def case(request: HttpRequest, case_id: int) -> HttpResponse:
    """One case. Its words are for those who talk with buyers."""
    row, now = _case(request, case_id), clock_of(request).now()
    may = request.role in TALKS  # type: ignore[attr-defined]
    # A merge may have given the customer another number since.
    person = links.person_of(row.shop, row.person_id) or row.person_id
    masks = profiles.masks_of(row.shop, [person]).get(person, profiles.Masks())
    page = CasePage(
        row,
        row.get_kind_display(),
        person,
        title_of(person, masks),
        _facts(row, now),
        ui.Timeline([_step(step, now, shown=may) for step in _steps(row)]),
        [(row.state, _("还是「%(state)s」") % {"state": row.get_state_display()})]
        + [(state, MOVES[state]) for state in domain.WAYS[row.state]],
        list(Staff.objects.filter(shop=row.shop).select_related("user").order_by("pk")),
        stamp(row.promised_by),
        may,
    )
    return render(request, "service/one.html", {"page": page})


def _steps(row: ServiceCase) -> list[CaseStep]:
    return list(row.steps.select_related("created_by").order_by("-pk"))


def _facts(row: ServiceCase, now: datetime) -> ui.Facts:
    facts: list[tuple[Words, Words | ui.Component]] = [
        (_("状态"), state_of(row)),
        (_("答应在"), figures.when(row.promised_by, now)),
        (_("负责人"), str(row.in_charge or gettext("没有负责人"))),
        (_("开的"), phrases([_name(row.opened_by), figures.when(row.opened_at, now)])),
    ]
    if row.order_id:
        order = ui.Action(row.order_id, order_url(row.order_id), kind="quiet", small=True)
        facts.insert(1, (_("订单"), order))
    return ui.Facts(facts)


def _name(user: object) -> str:
    return (user.get_full_name() or user.username) if user else "—"  # type: ignore[attr-defined]


def _step(step: CaseStep, now: datetime, *, shown: bool) -> ui.Moment:
    words = ""
    if step.sealed:
        words = domain.plain(step) if shown else gettext("写了话，和客户打交道的同事看得到")
        words = words or gettext("这一笔打不开：钥匙不在")
    title = phrases([step.get_state_display(), _name(step.created_by)])
    done = step.state not in UNDONE
    return ui.Moment(title, figures.when(step.at, now), note=words, icon="check" if done else "note")


def _told(request: HttpRequest) -> tuple[datetime, Staff | None]:
    """The promise and who is in charge, as a form tells them.

    Raises
    ------
    CaseRefused
        `promised` when the time cannot be read.
    """
    try:
        promised = parse_datetime(request.POST.get("promised_by", "").strip())
    except ValueError:
        promised = None
    if promised is None or promised.tzinfo is not None:
        raise CaseRefused("promised")
    chosen = row_number(request.POST.get("in_charge", "")) or 0
    return promised, Staff.objects.filter(shop=shop_of(request), pk=chosen).first()


@require_POST
@allowed(*TALKS)
def open_one(request: HttpRequest, person_id: int) -> HttpResponse:
    """Open a case of a customer."""
    shop, now, post = shop_of(request), clock_of(request).now(), request.POST
    if not links.customers_of(shop, person_id):
        raise Http404
    try:
        promised, staff = _told(request)
        draft = Draft(post.get("kind", ""), promised, post.get("words", ""), post.get("order_id", ""), staff)
        row = domain.open_case(shop, person_id, draft, by=request.user, now=now)  # type: ignore[arg-type]
    except CaseRefused as refused:
        messages.error(request, str(REFUSALS[refused.code]))
        return redirect("customer", person_id)
    messages.success(request, gettext("开了，答应的时间到之前会排在前面"))
    return redirect("service_case", row.pk)


@require_POST
@allowed(*TALKS)
def move(request: HttpRequest, case_id: int) -> HttpResponse:
    """Take the next step of a case."""
    row, now = _case(request, case_id), clock_of(request).now()
    try:
        promised, staff = _told(request)
        domain.move(
            row, request.POST.get("state", ""), words=request.POST.get("words", ""), promised_by=promised,
            in_charge=staff, by=request.user, now=now,  # type: ignore[arg-type]
        )  # fmt: skip
    except CaseRefused as refused:
        messages.error(request, str(REFUSALS[refused.code]))
    else:
        messages.success(request, gettext("记下了"))
    return redirect("service_case", case_id)

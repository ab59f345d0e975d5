"""The inbox: what people wrote back, and messages of which nobody knows whether they went out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext, pgettext
from django.views.decorators.http import require_POST

from laoke.customers.profiles import find_people, masks_of
from laoke.dispatch.inbox import reply_text
from laoke.dispatch.models import Attempt, Message, MessageState, Occasion, Reply
from laoke.dispatch.settling import decide_all_unknown, decide_unknown
from laoke.shops import audit
from laoke.shops.models import Role, Shop
from laoke.web import components as ui
from laoke.web import figures, lists, sheets
from laoke.web.access import MARKETING, allowed, clock_of, may_market, shop_of
from laoke.web.nav import TALKING
from laoke.web.numbers import row_number

PAGE_ROWS = 50
HANDLES = frozenset({Role.OWNER, Role.OPERATOR, Role.SERVICE})


@dataclass(frozen=True)
class ReplyLine:
    """One reply as the list shows it; the text is shown when one asks for it."""

    reply: Reply
    who: str
    url: str
    when: str
    text: str = ""


@dataclass(frozen=True)
class Inbox:
    """Replies, newest first."""

    tabs: ui.Tabs
    filters: ui.Filters
    lines: list[ReplyLine]
    pager: ui.Pager
    empty: ui.Empty | None
    may_handle: bool


@dataclass(frozen=True)
class UnknownLine:
    """One message nobody knows about."""

    message: Message
    who: str
    phone: str
    when: str
    asking: bool


@dataclass(frozen=True)
class UnknownGroup:
    """The unknown messages of one occasion: how many, the first of them, and what one may sign."""

    occasion: Occasion
    count: int
    lines: list[UnknownLine]


@dataclass(frozen=True)
class UnknownPage:
    """Everything that waits for a decision."""

    tabs: ui.Tabs
    groups: list[UnknownGroup]
    may_decide: bool
    empty: ui.Empty


def inbox_tabs(shop: Shop, current: str) -> ui.Tabs:
    """要回的 · 处理过的 · 结果未知, with their counts."""
    waiting = Reply.objects.filter(shop=shop, handled_at=None).count()
    unknown = Message.objects.filter(occasion__shop=shop, state=MessageState.UNKNOWN).count()
    places = [
        ("open", gettext("要回的"), reverse("inbox"), waiting),
        ("done", gettext("处理过的"), reverse("inbox") + "?view=done", None),
        ("unknown", gettext("结果未知"), reverse("inbox_unknown"), unknown),
    ]
    return ui.Tabs(
        [
            ui.Tab(label, url, key == current, figures.exact(count) if count is not None else "")
            for key, label, url, count in places
        ],
        gettext("收件箱"),
    )


@allowed(*TALKING)
def inbox(request: HttpRequest) -> HttpResponse:
    shop, now = shop_of(request), clock_of(request).now()
    done = request.GET.get("view") == "done"
    rows = Reply.objects.filter(shop=shop, handled_at__isnull=not done)
    if wanted := lists.searched(request):
        rows = rows.filter(Q(person_id__in=find_people(shop, wanted)) | Q(contact_mask__icontains=wanted))
    count = rows.count()
    # The workbook tells who wrote and when; what they wrote is opened one by one, which is written down.
    listing = lists.Listing(
        gettext("收件箱"),
        rows,
        ("-pk",),
        columns=[
            ui.Column("who", pgettext("one of a list", "客户")),
            ui.Column("contact", gettext("号码"), "nowrap"),
            ui.Column("at", gettext("收到"), "nowrap"),
            ui.Column("opt_out", gettext("退订"), "nowrap"),
            ui.Column("handled", gettext("处理"), "nowrap"),
        ],
        lines=lambda found: [_sheet_row(line, now) for line in _lines(shop, found, now)],
    )
    if sheets.wanted(request):
        return listing.sheet(request)
    found = listing.found(request)
    lines = _lines(shop, found.rows, now)
    empty: ui.Empty | None = None
    if not lines and wanted:
        empty = ui.FilteredOut(
            gettext("没有符合的"),
            gettext("换个词，或看全部"),
            ui.Action(gettext("看全部"), lists.without_place(request, q=None)),
        )
    elif not lines:
        empty = ui.Empty(
            gettext("没有要回的") if not done else gettext("还没有处理过的"),
            gettext("回 R 或退订的当时就记下了，不用人管"),
        )
    page = Inbox(
        inbox_tabs(shop, "done" if done else "open"),
        lists.filters(request, gettext("会员名、手机号"), count=count, keep=("view",)),
        lines,
        ui.Pager(
            found.previous_url,
            found.next_url,
            gettext("新的在前"),
            gettext("共 %(n)s 条") % {"n": figures.exact(count)},
        ),
        empty,
        request.role in HANDLES,  # type: ignore[attr-defined]
    )
    return render(request, "rounds/inbox.html", {"page": page})


def _lines(shop: Shop, found: list[Reply], now: datetime) -> list[ReplyLine]:
    masks = masks_of(shop, [one.person_id for one in found if one.person_id])
    return [_line(one, masks, now) for one in found]


def _sheet_row(line: ReplyLine, now: datetime) -> ui.Row:
    reply = line.reply
    return ui.Row(
        [
            line.who,
            reply.contact_mask,
            line.when,
            gettext("已退订") if reply.is_opt_out else "",
            figures.when(reply.handled_at, now),
        ]
    )


def _line(reply: Reply, masks: dict, now: datetime, text: str = "") -> ReplyLine:  # type: ignore[type-arg]
    known = masks.get(reply.person_id)
    who = known.title if known and known.title else reply.contact_mask
    url = reverse("person_messages", args=[reply.person_id]) if reply.person_id else ""
    return ReplyLine(reply, who, url, figures.when(reply.received_at, now), text)


@require_POST
@allowed(*HANDLES)
def reply_show(request: HttpRequest, pk: int) -> HttpResponse:
    """Open the text of a reply: free text of a buyer, so it is an audited act."""
    shop, now = shop_of(request), clock_of(request).now()
    reply = get_object_or_404(Reply, shop=shop, pk=pk)
    audit.record("reply.show", shop=shop, actor=request.user, at=now, subject=str(reply.pk), count=1)  # type: ignore[arg-type]
    masks = masks_of(shop, [reply.person_id] if reply.person_id else [])
    line = _line(reply, masks, now, reply_text(reply))
    return render(request, "rounds/reply.html", {"line": line, "may_handle": True})


@require_POST
@allowed(*HANDLES)
def reply_handled(request: HttpRequest, pk: int) -> HttpResponse:
    shop, now = shop_of(request), clock_of(request).now()
    reply = get_object_or_404(Reply, shop=shop, pk=pk)
    Reply.objects.filter(pk=reply.pk, handled_at=None).update(handled_at=now)
    audit.record("reply.handled", shop=shop, actor=request.user, at=now, subject=str(reply.pk), count=1)  # type: ignore[arg-type]
    messages.success(request, gettext("已处理"))
    return redirect("inbox")


@allowed(*TALKING)
def inbox_unknown(request: HttpRequest) -> HttpResponse:
    shop, now = shop_of(request), clock_of(request).now()
    counted = (
        Message.objects.filter(occasion__shop=shop, state=MessageState.UNKNOWN)
        .values("occasion_id")
        .annotate(n=Count("pk"))
        .order_by("-occasion_id")[:20]
    )
    counts = {row["occasion_id"]: row["n"] for row in counted}
    occasions = Occasion.objects.in_bulk(list(counts))
    groups = [_group(shop, occasions[pk], count, now) for pk, count in counts.items()]
    empty = ui.Empty(
        gettext("每一条都知道去向"), gettext("网关没有回音的才会列在这里，先自动核对，核对不了的由人签字")
    )
    page = UnknownPage(inbox_tabs(shop, "unknown"), groups, may_market(request), empty)
    return render(request, "rounds/unknown.html", {"page": page})


def _group(shop: Shop, occasion: Occasion, count: int, now: datetime) -> UnknownGroup:
    found = list(
        Message.objects.filter(occasion=occasion, state=MessageState.UNKNOWN).order_by("sent_at", "pk")[
            :PAGE_ROWS
        ]
    )
    asked = set(
        Attempt.objects.filter(
            message__in=found, outcome=Attempt.Outcome.UNKNOWN, next_query_at__isnull=False
        ).values_list("message_id", flat=True)
    )
    masks = masks_of(shop, [message.person_id for message in found])
    lines = []
    for message in found:
        known = masks.get(message.person_id)
        lines.append(
            UnknownLine(
                message,
                known.title if known and known.title else gettext("没有会员名"),
                known.phone if known else "",
                figures.when(message.sent_at, now),
                message.pk in asked,
            )
        )
    return UnknownGroup(occasion, count, lines)


@require_POST
@allowed(*MARKETING)
def unknown_decide(request: HttpRequest, pk: int) -> HttpResponse:
    """Sign what became of one message, or of all of an occasion."""
    shop, now = shop_of(request), clock_of(request).now()
    occasion = get_object_or_404(Occasion, shop=shop, pk=pk)
    reason, sent = request.POST.get("reason", "").strip(), request.POST.get("sent") == "1"
    if not reason:
        messages.error(request, gettext("写明怎么知道的，例如「问过本人」"))
        return redirect("inbox_unknown")
    one = request.POST.get("message", "")
    if one:
        message = get_object_or_404(Message, occasion=occasion, pk=row_number(one))
        count = int(decide_unknown(message, sent=sent, by=request.user, reason=reason, now=now))  # type: ignore[arg-type]
    else:
        count = decide_all_unknown(occasion, sent=sent, by=request.user, reason=reason, now=now)  # type: ignore[arg-type]
    done = gettext("%(n)s 条按已发计") if sent else gettext("%(n)s 条会再发")
    messages.success(request, done % {"n": figures.exact(count)})
    return redirect("inbox_unknown")

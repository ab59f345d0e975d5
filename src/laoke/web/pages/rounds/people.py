"""The people of a round by what became of them, and everything one person was sent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext, ngettext, pgettext

from laoke.campaigns.checks import reason_label
from laoke.campaigns.models import Round
from laoke.customers.models import Customer
from laoke.customers.profiles import find_people, masks_of
from laoke.dispatch.models import Arm, Attempt, Message, MessageState, Reply, Transition
from laoke.dispatch.occasions import messages_of_person
from laoke.shops.models import Shop
from laoke.web import components as ui
from laoke.web import figures, lists, sheets
from laoke.web.access import allowed, clock_of, shop_of
from laoke.web.nav import SELLING, TALKING
from laoke.web.pages.rounds.finding import find_round
from laoke.web.pages.rounds.states import message_status, reason_word


@dataclass(frozen=True)
class RoundPeople:
    """People of a round, in the order they were planned."""

    round: Round
    table: ui.Table
    filters: ui.Filters
    title: str


@dataclass(frozen=True)
class PersonMessages:
    """What one person got and wrote back, newest first."""

    title: str
    customer_url: str
    timeline: ui.Timeline
    empty: ui.Empty | None
    facts: ui.Facts


def customer_url(person: int) -> str:
    """The page of a customer, when there is one."""
    try:
        return reverse("customer", args=[person])
    except NoReverseMatch:
        return ""


@allowed(*SELLING)
def round_people(request: HttpRequest, pk: int) -> HttpResponse:
    shop, now = shop_of(request), clock_of(request).now()
    row = find_round(shop, pk)
    rows = Message.objects.filter(occasion_id=row.occasion_id) if row.occasion_id else Message.objects.none()
    rows, title = _chosen(request, rows)
    if wanted := lists.searched(request):
        rows = rows.filter(person_id__in=find_people(shop, wanted))
    count = rows.count()
    listing = lists.Listing(
        f"{row.title} {title}",
        rows,
        ("pk",),
        columns=[
            ui.Column("who", pgettext("one of a list", "客户")),
            ui.Column("phone", gettext("号码"), "nowrap", priority=2),
            ui.Column("arm", gettext("分组"), "nowrap", priority=3, card="hide"),
            ui.Column("state", gettext("状态"), "nowrap", card="end"),
            ui.Column("reason", gettext("原因")),
            ui.Column("sent", gettext("发出"), "nowrap", priority=2, card="hide"),
            ui.Column("cost", gettext("花费（元）"), "num", priority=3, card="hide"),
        ],
        lines=lambda found: _rows(shop, found, now),
    )
    if sheets.wanted(request):
        return listing.sheet(request)
    table = listing.table(
        listing.found(request),
        request,
        empty=ui.Empty(gettext("这里没有人")),
        order=gettext("按进人群的先后"),
        count=ngettext("共 %(n)s 人", "共 %(n)s 人", count) % {"n": figures.exact(count)},
    )
    filters = lists.filters(
        request, gettext("会员名、手机号"), count=count, keep=("reason", "later", "arm", "state")
    )
    return render(request, "rounds/people.html", {"page": RoundPeople(row, table, filters, title)})


def _rows(shop: Shop, found: list[Message], now: datetime) -> list[ui.Row]:
    masks = masks_of(shop, [message.person_id for message in found])
    return [
        ui.Row(
            [
                masks[message.person_id].title if message.person_id in masks else gettext("没有会员名"),
                masks[message.person_id].phone if message.person_id in masks else "",
                message.get_arm_display(),
                message_status(message.state),
                reason_word(message.reason),
                figures.when(message.sent_at, now),
                f"{message.cost_millis / 1000:.3f}" if message.cost_millis else "",
            ],
            id=str(message.pk),
            url=reverse("person_messages", args=[message.person_id]),
        )
        for message in found
    ]


def _chosen(request: HttpRequest, rows):  # type: ignore[no-untyped-def]
    """What the funnel's link asks for: a reason before the draw, an arm, what left later, or a state."""
    query = request.GET
    if query.get("reason"):
        code = query["reason"]
        return rows.filter(arm=Arm.NONE, reason=code), reason_label(code)
    if query.get("later"):
        code = query["later"]
        gone = Q(state=code) | Q(state=MessageState.SUPPRESSED, reason=code)
        return rows.filter(arm=Arm.TREATED).filter(gone), reason_label(code)
    if query.get("arm") in Arm.values:
        return rows.filter(arm=query["arm"]), str(Arm(query["arm"]).label)
    if query.get("state") in MessageState.values:
        return rows.filter(state=query["state"]), str(MessageState(query["state"]).label)
    return rows, gettext("这一轮的人")


@allowed(*TALKING)
def person_messages(request: HttpRequest, person_id: int) -> HttpResponse:
    """Only persons the owner's shops know; only messages of this shop."""
    shop, now = shop_of(request), clock_of(request).now()
    if not Customer.objects.filter(owner_id=shop.owner_id, person_id=person_id).exists():
        raise Http404
    found = messages_of_person(shop, person_id)
    masks = masks_of(shop, [person_id]).get(person_id)
    replies = list(Reply.objects.filter(shop=shop, person_id=person_id).order_by("-pk")[:100])
    moments = [_message_moment(message, now) for message in found] + [
        _reply_moment(one, now) for one in replies
    ]
    moments.sort(key=lambda pair: pair[0], reverse=True)
    sent = [message for message in found if message.sent_at]
    cost = sum(message.cost_millis for message in sent)
    facts = ui.Facts(
        [
            (gettext("号码"), masks.phone if masks and masks.phone else "—"),
            (gettext("发过"), ngettext("%(n)s 条", "%(n)s 条", len(sent)) % {"n": len(sent)}),
            (gettext("花费"), figures.yuan(-(-cost // 10))),
            (gettext("回过"), ngettext("%(n)s 条", "%(n)s 条", len(replies)) % {"n": len(replies)}),
        ]
    )
    title = masks.title if masks and masks.title else gettext("没有会员名")
    empty = None if moments else ui.Empty(gettext("还没有给这个人发过"))
    page = PersonMessages(
        title, customer_url(person_id), ui.Timeline([one for _, one in moments]), empty, facts
    )
    return render(request, "rounds/person.html", {"page": page})


def _message_moment(message: Message, now: datetime) -> tuple[datetime, ui.Moment]:
    at = message.sent_at or message.settled_at or message.due_at
    trouble = message.state in (MessageState.UNDELIVERED, MessageState.REJECTED, MessageState.UNKNOWN)
    steps = list(Transition.objects.filter(message=message).order_by("pk"))
    path = " → ".join(f"{MessageState(step.after).label} {step.at:%H:%M:%S}" for step in steps)
    tries = Attempt.objects.filter(message=message).count()
    note = " · ".join(
        part
        for part in (
            path,
            reason_word(message.reason),
            ngettext("试了 %(n)s 次", "试了 %(n)s 次", tries) % {"n": tries} if tries > 1 else "",
        )
        if part
    )
    return at, ui.Moment(
        message.occasion.name,
        figures.when(at, now),
        note=note,
        text=message_status(message.state),
        kind="warn" if trouble else "",
        icon="sms" if message.occasion.channel == "sms" else "download",
    )


def _reply_moment(reply: Reply, now: datetime) -> tuple[datetime, ui.Moment]:
    text = gettext("回复退订，已记下") if reply.is_opt_out else gettext("回了一条，在收件箱里看")
    return reply.received_at, ui.Moment(
        gettext("回复"),
        figures.when(reply.received_at, now),
        text=text,
        kind="warn" if reply.is_opt_out else "key",
    )

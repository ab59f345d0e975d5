"""Everything that happened with one customer on one line of time: a page by keyset, filtered by kind.

A place on the line is (time, kind, number): two events of one second keep their order. Facts of one person are few and
come whole; what the ledger holds is read to a bound.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from laoke.audiences.readings import Reading
from laoke.customers import consent, history
from laoke.customers.models import OptOut, PersonChange, Purpose
from laoke.dispatch.models import Attempt, Message, Reply
from laoke.groups import members
from laoke.insights import people
from laoke.promotions.coupons import states
from laoke.promotions.models import CouponEvent
from laoke.service.models import CaseStep
from laoke.shops.joins import phrases
from laoke.shops.models import Shop
from laoke.web import components as ui
from laoke.web import figures, lists
from laoke.web.components.base import Words
from laoke.web.pages.customers import merging, reward_moments, words
from laoke.web.pages.orders.words import order_url

ROWS = 24
MOST = 1_000  # of one kind
BAD_STARS = 2
# What is read of each order: each column more is unpacked for a whole part of each month's file.
ORDER_COLUMNS = (
    "order_id", "month", "created_at", "paid_at", "status", "total_cents", "paid_cents", "refunded_cents",
    "coupon_used", "titles", "flag",
)  # fmt: skip
KINDS: dict[str, Words] = {
    "": _("全部"),
    "order": _("订单"),
    "refund": _("退款"),
    "review": _("评价"),
    "message": _("消息"),
    "coupon": _("券"),
    "points": _("积分"),
    "draw": _("抽奖"),
    "referral": _("老带新"),
    "case": _("售后"),
    "group": _("群"),
    "decision": _("标签和同意"),
}
SOURCES: dict[str, Words] = {
    "hand": _("手工"),
    "staff": _("同事登记"),
    "file": _("来自文件"),
    "rule": _("按规则"),
    "import": _("导入时"),
    "reply": _("本人回复"),
    "carrier": _("运营商名单"),
}


# What a customer would call an event; a reservation lasts minutes and is told by what becomes of it.
COUPON_TITLES: dict[str, Words] = {
    states.CLAIMED: _("领了券「%(issue)s」"),
    states.REDEEMED: _("用了券「%(issue)s」，减 %(off)s"),
    states.ROLLED_BACK: _("券「%(issue)s」退回，没减 %(off)s"),
    states.EXPIRED: _("券「%(issue)s」过期没用"),
    states.BLOCKED: _("券「%(issue)s」停用了"),
}


REWARDS = {
    "points": reward_moments.of_points,
    "draw": reward_moments.of_draws,
    "referral": reward_moments.of_referrals,
}


@dataclass(frozen=True)
class Event:
    """One event; `bought` is the day of a paid order."""

    at: datetime
    kind: str
    number: str
    moment: ui.Moment
    bought: date | None = None

    @property
    def place(self) -> tuple[datetime, str, str]:
        return self.at, self.kind, self.number


@dataclass(frozen=True)
class History:
    """One page of the line with its filter and the addresses beside it."""

    timeline: ui.Timeline
    kinds: list[tuple[str, Words, str, bool, int]]
    previous_url: str
    next_url: str
    earlier: int


@dataclass(frozen=True)
class Facts:
    """What the warehouse says of the person."""

    orders: Sequence[dict[str, Any]] = ()
    refunds: Sequence[dict[str, Any]] = ()
    reviews: Sequence[dict[str, Any]] = ()


def facts_of(reading: Reading | None, members: Sequence[int]) -> Facts:
    """The orders, refunds and reviews of the person's customers; nothing before the first import.

    Their orders are looked for once among everybody's, all else by the numbers of these.
    """
    if reading is None:
        return Facts()
    reader, shop_id = reading.reader, reading.shop_id
    orders = people.orders_of(reader, shop_id, members, ORDER_COLUMNS)
    return Facts(
        orders[:MOST],
        people.refunds_of(reader, shop_id, members, orders, MOST),
        people.reviews_of(reader, shop_id, orders, MOST),
    )


def history_of(
    request: HttpRequest, shop: Shop, person_id: int, members: Sequence[int], facts: Facts, now: datetime
) -> History:
    """The page of the line that the address asks for."""
    events = events_of(shop, person_id, members, facts, now)
    kind = request.GET.get("kind", "")
    kind = kind if kind in KINDS else ""
    chosen = [event for event in events if not kind or event.kind == kind]

    def on(place: tuple[datetime, str, str] | None, most: int) -> list[Event]:
        return [event for event in chosen if place is None or event.place < place][:most]

    def back(place: tuple[datetime, str, str], most: int) -> list[Event]:
        return [event for event in chosen if event.place > place][-most:]

    places = _place(request.GET.get("after", "")), _place(request.GET.get("before", ""))
    found = lists.found_page(request, ROWS, *places, on=on, back=back, mark=_mark)
    counts = {name: sum(event.kind == name for event in events) for name in KINDS}
    counts[""] = len(events)
    tabs = [
        (name or "all", label, lists.without_place(request, kind=name or None), name == kind, counts[name])
        for name, label in KINDS.items()
        if counts[name] or name == kind or not name
    ]
    last = found.rows[-1].place if found.rows else None
    earlier = sum(event.place < last for event in chosen) if last else 0
    return History(ui.Timeline(_with_gaps(found.rows)), tabs, found.previous_url, found.next_url, earlier)


def events_of(shop: Shop, person_id: int, members: Sequence[int], facts: Facts, now: datetime) -> list[Event]:
    """Every event, the newest first."""
    numbers = sorted({person_id, *members})
    events = [_order(order, now) for order in facts.orders]
    events += [_refund(refund, now) for refund in facts.refunds]
    events += [_review(review, now) for review in facts.reviews]
    events += _messages(shop, numbers, now)
    events += _coupons(shop, numbers, now)
    for kind, told in REWARDS.items():
        events += [Event(one.at, kind, one.number, one.moment) for one in told(shop, numbers, now, MOST)]
    events += _groups(shop, numbers, now)
    events += _cases(shop, numbers, now)
    events += _decisions(shop, person_id, numbers, now)
    return sorted(events, key=lambda event: event.place, reverse=True)


def _place(text: str) -> tuple[datetime, str, str] | None:
    at, _kind, rest = text.partition("|")
    kind, _number, number = rest.partition("|")
    try:
        moment = datetime.fromisoformat(at)
    except ValueError:
        return None
    return None if moment.tzinfo is not None or kind not in KINDS else (moment, kind, number)


def _mark(event: Event) -> str:
    return f"{event.at.isoformat()}|{event.kind}|{event.number}"


def _with_gaps(events: Sequence[Event]) -> list[ui.Moment]:
    """The events with the days between two purchases."""
    shown: list[ui.Moment] = []
    newer: date | None = None
    for event in events:
        if event.bought is not None:
            if newer is not None and (newer - event.bought).days > 0:
                days = (newer - event.bought).days
                said = ngettext("相隔 %(n)s 天", "相隔 %(n)s 天", days) % {"n": figures.exact(days)}
                shown.append(ui.Moment(gap=said))
            newer = event.bought
        shown.append(event.moment)
    return shown


def _order(order: dict[str, Any], now: datetime) -> Event:
    at, paid = order["paid_at"] or order["created_at"], order["paid_at"]
    if paid is None:
        title = gettext("拍下没付款 %(money)s") % {"money": figures.yuan(order["total_cents"])}
        kind, icon = "", "clock"
    elif order["refunded_cents"]:
        title = gettext("下单 %(money)s，退 %(back)s") % {
            "money": figures.yuan(order["paid_cents"]), "back": figures.yuan(order["refunded_cents"]),
        }  # fmt: skip
        kind, icon = "warn", "back"
    else:
        title = gettext("下单 %(money)s") % {"money": figures.yuan(order["paid_cents"])}
        kind, icon = "key", "bag"
    flags = {"suspect": gettext("疑似刷单，不计入"), "confirmed": gettext("刷单，不计入")}
    used = gettext("用了券") if order["coupon_used"] else ""
    said = [str(words.ORDER_STATES[order["status"]]), used, flags.get(order["flag"], "")]
    moment = ui.Moment(
        title,
        figures.when(at, now),
        note=" · ".join(filter(None, said)),
        text=order["titles"],
        kind=kind,  # type: ignore[arg-type]
        icon=icon,
        url=order_url(order["order_id"]),
    )
    return Event(at, "order", order["order_id"], moment, paid.date() if paid else None)


def _refund(refund: dict[str, Any], now: datetime) -> Event:
    pattern = gettext("退货退款 %(money)s") if refund["kind"] == "goods" else gettext("仅退款 %(money)s")
    note = " · ".join(filter(None, [refund["reason"], refund["state"]]))
    moment = ui.Moment(
        pattern % {"money": figures.yuan(refund["amount_cents"])},
        figures.when(refund["created_at"], now),
        note=note,
        kind="warn",
        icon="back",
        url=order_url(refund["order_id"]) if refund["order_id"] else "",
    )
    return Event(refund["created_at"], "refund", refund["refund_id"], moment)


def _review(review: dict[str, Any], now: datetime) -> Event:
    moment = ui.Moment(
        gettext("评价 %(n)s 星") % {"n": review["rating"]},
        figures.when(review["at"], now),
        note=gettext("有晒图") if review["has_photo"] else "",
        kind="warn" if review["rating"] <= BAD_STARS else "",
        icon="star",
        url=order_url(review["order_id"]),
    )
    return Event(review["at"], "review", f"{review['order_id']}/{review['product_id']}", moment)


def _messages(shop: Shop, numbers: Sequence[int], now: datetime) -> list[Event]:
    """Messages with what each attempt came to, and what the person wrote back."""
    rows = Message.objects.filter(occasion__shop=shop, person_id__in=numbers).select_related("occasion")
    found = list(rows.order_by("-pk")[:MOST])
    tried: dict[int, list[Attempt]] = {}
    for attempt in Attempt.objects.filter(message__in=[one.pk for one in found]).order_by("pk"):
        tried.setdefault(attempt.message_id, []).append(attempt)
    events = [_message(one, tried.get(one.pk, []), now) for one in found]
    for reply in Reply.objects.filter(shop=shop, person_id__in=numbers).order_by("-pk")[:MOST]:
        said = gettext("回复要求退订") if reply.is_opt_out else gettext("回复了消息")
        icon = words.CHANNEL_ICONS[reply.channel]
        moment = ui.Moment(said, figures.when(reply.received_at, now), icon=icon)
        events.append(Event(reply.received_at, "message", f"r{reply.pk:019}", moment))
    return events


def _cases(shop: Shop, numbers: Sequence[int], now: datetime) -> list[Event]:
    """Cases opened, and the states they went to; what was written stands on the case's own page."""
    steps = CaseStep.objects.filter(case__shop=shop, case__person_id__in=numbers).select_related("case")
    events: list[Event] = []
    before: dict[int, str] = {}
    for step in steps.order_by("pk")[:MOST]:
        kind, state = step.case.get_kind_display(), step.get_state_display()
        if before.get(step.case_id) == step.state:
            continue  # a word or another promise: the case's own page tells it
        pattern = (
            gettext("售后（%(kind)s）：%(state)s")
            if step.case_id in before
            else gettext("开了售后（%(kind)s）")
        )
        before[step.case_id] = step.state
        moment = ui.Moment(
            pattern % {"kind": kind, "state": state}, figures.when(step.at, now), icon="note",
            url=reverse("service_case", args=[step.case_id]),
        )  # fmt: skip
        events.append(Event(step.at, "case", f"{step.pk:019}", moment))
    return events


def _groups(shop: Shop, numbers: Sequence[int], now: datetime) -> list[Event]:
    """Joining and leaving chat groups, told by day. A merge copies a stay to the other number: it is told once."""
    events: dict[tuple[int, date, bool], Event] = {}
    for stay in members.stays_of(shop, numbers):
        name = {"group": stay.group.name}
        told = [(stay.joined_on, gettext("进了群「%(group)s」") % name, stay.invite, "people")]
        if stay.left_on is not None:
            told.append((stay.left_on, gettext("退了群「%(group)s」") % name, "", "x"))
        for day, title, note, icon in told:
            at, left = datetime.combine(day, time.min), icon == "x"
            moment = ui.Moment(title, figures.day(day, now), note=note, icon=icon)
            number = f"{'l' if left else 'j'}{stay.pk:019}"
            events[stay.group_id, day, left] = Event(at, "group", number, moment)
    return list(events.values())


def _message(one: Message, attempts: Sequence[Attempt], now: datetime) -> Event:
    at = one.settled_at or one.sent_at or one.due_at
    title = gettext("%(channel)s：%(name)s") % {
        "channel": one.occasion.get_channel_display(),
        "name": one.occasion.name,
    }
    said = [one.get_state_display()]
    if one.reason in words.REACH_REASONS:
        said.append(str(words.REACH_REASONS[one.reason]))
    if len(attempts) > 1:
        outcomes = phrases([attempt.get_outcome_display() for attempt in attempts])
        said.append(gettext("试了 %(n)s 次：%(outcomes)s") % {"n": len(attempts), "outcomes": outcomes})
    icon = words.CHANNEL_ICONS[one.occasion.channel]
    moment = ui.Moment(title, figures.when(at, now), note=" · ".join(said), icon=icon)
    return Event(at, "message", f"{one.pk:019}", moment)


def _coupons(shop: Shop, numbers: Sequence[int], now: datetime) -> list[Event]:
    """Coupons of the shop's own that were claimed, used, taken back, and that ended."""
    rows = CouponEvent.objects.filter(issue__shop=shop, customer_id__in=numbers, kind__in=COUPON_TITLES)
    events = []
    for one in rows.select_related("issue", "coupon").order_by("-pk")[:MOST]:
        title = COUPON_TITLES[one.kind] % {"issue": one.issue.name, "off": figures.yuan(one.cents)}
        order = gettext("订单 %(order)s") % {"order": one.order_id} if one.order_id else ""
        moment = ui.Moment(
            title,
            figures.when(one.at, now),
            note=" · ".join(filter(None, [f"…{one.coupon.code[-4:]}", order])),
            kind="key" if one.kind == states.REDEEMED else "",
            icon="ticket",
        )
        events.append(Event(one.at, "coupon", f"{one.pk:019}", moment))
    return events


def _decisions(shop: Shop, person_id: int, numbers: Sequence[int], now: datetime) -> list[Event]:
    changes = history.of_people(shop.pk, numbers, MOST)
    events = [_change(change, now) for change in changes]
    told = {
        (one.at, one.channel, one.purpose or Purpose.MARKETING)
        for one in changes
        if one.act == PersonChange.Act.CONSENT
    }
    for given in consent.consents_of(shop.pk, person_id):
        if (given.given_at, given.channel, given.purpose) not in told:
            title = gettext("同意%(channel)s用于%(purpose)s") % _named(given.channel, given.purpose)
            note = gettext("第 %(version)s 版原话") % {"version": given.basis.wording_version}
            moment = ui.Moment(title, figures.when(given.given_at, now), note=note, icon="check")
            events.append(Event(given.given_at, "decision", f"c{given.pk:019}", moment))
    refusals: dict[tuple[str, str, datetime], OptOut] = {}
    for refusal in consent.refusals_of(shop, person_id).order_by("-pk"):
        refusals[refusal.channel, refusal.purpose, refusal.at] = (
            refusal  # a merge copies them to the other number
        )
    for refusal in refusals.values():
        title = gettext("拒绝%(channel)s用于%(purpose)s") % _named(refusal.channel, refusal.purpose)
        source = SOURCES.get(refusal.source, refusal.source)
        moment = ui.Moment(title, figures.when(refusal.at, now), note=source, kind="warn", icon="x")
        events.append(Event(refusal.at, "decision", f"o{refusal.pk:019}", moment))
    return events


def _named(channel: str, purpose: str) -> dict[str, Words]:
    return {"channel": words.CHANNELS.get(channel, ""), "purpose": words.PURPOSES.get(purpose, "")}


def _change(change: PersonChange, now: datetime) -> Event:
    act = PersonChange.Act(change.act)
    agreed = _named(change.channel, change.purpose or Purpose.MARKETING)
    reason = change.reason
    if act in (PersonChange.Act.JOINED, PersonChange.Act.SPLIT):
        reason = str(merging.REASONS.get(reason, reason))
    titles: dict[str, str] = {
        PersonChange.Act.TAG_ON: gettext("打上「%(tag)s」") % {"tag": change.tag or ""},
        PersonChange.Act.TAG_OFF: gettext("去掉「%(tag)s」") % {"tag": change.tag or ""},
        PersonChange.Act.CONSENT: gettext("同意%(channel)s用于%(purpose)s") % agreed,
        PersonChange.Act.WITHDRAWN: gettext("收回%(channel)s用于%(purpose)s的同意") % agreed,
        PersonChange.Act.ASKED_AGAIN: gettext("又愿意%(channel)s用于%(purpose)s") % agreed,
        PersonChange.Act.JOINED: gettext("和另一位合并成一个人"),
        PersonChange.Act.SPLIT: gettext("拆开成两个人"),
        PersonChange.Act.CARD: gettext("改了负责人或重要度"),
    }
    icons = {PersonChange.Act.TAG_OFF: "x", PersonChange.Act.WITHDRAWN: "x", PersonChange.Act.CARD: "people"}
    name = (change.created_by.get_full_name() or change.created_by.username) if change.created_by else ""
    note = " · ".join(filter(None, [name or str(SOURCES.get(change.source, "")), reason]))
    away = change.tag is not None and change.tag.suppresses and act == PersonChange.Act.TAG_ON
    moment = ui.Moment(
        titles[act],
        figures.when(change.at, now),
        note=note,
        kind="warn" if away or act == PersonChange.Act.WITHDRAWN else "",
        icon=icons.get(act, "check"),
    )
    return Event(change.at, "decision", f"h{change.pk:019}", moment)

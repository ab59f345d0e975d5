"""One customer as a page: figures, what happened, how they can be reached, and who they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Count, Q
from django.urls import reverse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from laoke.audiences.readings import NotReady, Reading, reading_of
from laoke.customers import consent, erasure, links, profiles
from laoke.customers.models import Erasure, OptOut, PersonCard, PersonTag, Tag, VaultRecord
from laoke.dispatch.models import Message
from laoke.insights import people
from laoke.shops.models import AuditEvent, Role, Shop, Staff
from laoke.web import components as ui
from laoke.web import figures
from laoke.web.charts.customers import heat_levels, order_dots
from laoke.web.components.base import Words
from laoke.web.figures import Amount
from laoke.web.pages.customers import merging, words
from laoke.web.pages.customers.listing import day_of, title_of
from laoke.web.pages.orders.words import order_url
from laoke.web.pages.value.card import ValueCard, card_of

MOMENTS = 24
ALL_MOMENTS = 500
BAD_STARS = 2
MAY_SEE_CONTACTS = frozenset({Role.OWNER, Role.OPERATOR, Role.SERVICE})


@dataclass(frozen=True)
class Heat:
    """Orders by weekday and hour as levels 0..4, with the counts as a table."""

    rows: list[tuple[Words, list[int]]]
    peak: str
    table: ui.Table


@dataclass(frozen=True)
class CustomerPage:
    """One customer. `records` are the sealed records whose fields may be shown, each time with an audit row."""

    person_id: int
    title: str
    place: str
    group: ui.Tag | None
    lifecycle: Words
    tags: list[PersonTag]
    all_tags: list[Tag]
    card: PersonCard | None
    importance: Words
    importances: list[tuple[int, Words]]
    staff: list[Staff]
    kpis: ui.Kpis | None
    first_day: date | None
    timeline: ui.Timeline
    earlier: int
    dots: ui.ChartCard | None
    heat: Heat | None
    value: ValueCard | None
    bought: ui.BarList | None
    reach: ui.Table
    shown_today: int
    records: list[VaultRecord]
    shows: list[tuple[str, Words]]
    refusals: list[tuple[str, Words]]
    keys: ui.Facts
    links: list[merging.Pair]
    erasures: list[ui.Facts]
    erase: ui.Dialog | None
    may_change: bool


def page_of(
    shop: Shop, person_id: int, members: Sequence[int], now: datetime, *, role: str, all_moments: bool = False
) -> CustomerPage:
    """Everything the page shows of a person."""
    try:
        reading: Reading | None = reading_of(shop, now.date())
    except NotReady:
        reading = None
    row = people.features_of(reading.reader, shop.pk, person_id, reading.as_of_day) if reading else None
    orders = people.orders_of(reading.reader, shop.pk, person_id) if reading else []
    reviews = people.reviews_of(reading.reader, shop.pk, person_id) if reading else []
    masks = profiles.masks_of(shop, [person_id]).get(person_id, profiles.Masks())
    title = title_of(person_id, masks)
    card = profiles.cards_of(shop, [person_id]).get(person_id)
    erasures = erasure.erasures_of(shop, person_id)
    may_change = role in (Role.OWNER, Role.OPERATOR)
    most = ALL_MOMENTS if all_moments else MOMENTS
    moments, earlier = _moments(shop, person_id, orders, reviews, now, most)
    return CustomerPage(
        person_id=person_id,
        title=title,
        place=" ".join(dict.fromkeys(filter(None, [row["province"], row["city"]]))) if row else "",
        group=ui.Tag(words.GROUPS[row["group3"]], words.GROUP_TONES[row["group3"]])
        if row and row["orders"]
        else None,
        lifecycle=words.LIFECYCLES[row["lifecycle"]] if row else "",
        tags=list(
            PersonTag.objects.filter(tag__shop=shop, person_id=person_id).select_related("tag").order_by("pk")
        ),
        all_tags=list(Tag.objects.filter(shop=shop).order_by("name")),
        card=card,
        importance=words.IMPORTANCE[card.importance if card else 0],
        importances=list(enumerate(words.IMPORTANCE)),
        staff=list(Staff.objects.filter(shop=shop).select_related("user").order_by("pk")),
        kpis=_kpis(row, now) if row and row["orders"] else None,
        first_day=day_of(row["first_day"]) if row else None,
        timeline=ui.Timeline(moments),
        earlier=earlier,
        dots=_dots(orders, now),
        heat=_heat(orders),
        value=card_of(reading.reader, shop.pk, person_id, now) if reading else None,
        bought=_bought(orders),
        reach=_reach(shop, person_id, masks, reading, now),
        shown_today=AuditEvent.objects.filter(shop=shop, act="contact.show", at__date=now.date()).count(),
        records=profiles.records_of(shop, [person_id]) if role in MAY_SEE_CONTACTS else [],
        shows=_shows(masks) if role in MAY_SEE_CONTACTS else [],
        refusals=_can_refuse(shop, person_id),
        keys=_keys(members),
        links=merging.pairs(shop, links.links_of(shop, person_id), now),
        erasures=[_course(shop, one, now) for one in erasures],
        erase=_erase(person_id, title, len(orders)) if may_change and not erasures else None,
        may_change=may_change,
    )


def _kpis(row: dict[str, Any], now: datetime) -> ui.Kpis:
    last = day_of(row["last_day"])
    since = (now.date() - last).days if last else 0
    year = gettext("近一年 %(money)s") % {"money": figures.yuan(row["net_cents_365"])}
    back = gettext("退款 %(money)s") % {"money": figures.yuan(row["refunded_cents"])}
    scores = {"r": row["r_score"], "f": row["f_score"], "m": row["m_score"]}
    return ui.Kpis(
        [
            ui.Kpi(_("累计净付"), Amount.money(row["net_cents"]), note=year),
            ui.Kpi(
                _("购买天数"), Amount.count(row["orders"], _("天")),
                note=back if row["refunded_cents"] else gettext("没有退款"),
            ),
            ui.Kpi(
                _("平均每次"), Amount.money(row["net_cents"] // row["orders"]),
                note=gettext("共 %(n)s 件") % {"n": figures.exact(row["item_count"])},
            ),
            _gap_kpi(row["mean_gap_days"], since),
            ui.Kpi(_("最近付款"), Amount.count(since, _("天前")), note=figures.day(last, now)),
            ui.Kpi(
                _("RFM 分类"), str(words.RFM.get(row["rfm"], "—")),
                note=gettext("R %(r)s · F %(f)s · M %(m)s") % scores,
            ),
        ]
    )  # fmt: skip


def _gap_kpi(gap: float | None, since: int) -> ui.Kpi:
    """How long a person usually stays away, and by how much they are late now."""
    if gap is None:
        return ui.Kpi(_("平均间隔"), "—", note=gettext("买过一次，还算不出"))
    late = (
        gettext("已比平均晚 %(n)s 天") % {"n": figures.exact(round(since - gap))}
        if since > gap
        else gettext("还没到平均间隔")
    )
    return ui.Kpi(_("平均间隔"), Amount.count(round(gap), _("天")), note=late)


def _moments(
    shop: Shop,
    person_id: int,
    orders: Sequence[dict[str, Any]],
    reviews: Sequence[dict[str, Any]],
    now: datetime,
    most: int,
) -> tuple[list[ui.Moment], int]:
    """Orders, reviews, messages and refusals, the newest first, the days between two purchases, and how many more
    there are."""
    dated: list[tuple[datetime, ui.Moment, date | None]] = [_order_moment(order, now) for order in orders]
    dated += [_review_moment(review, now) for review in reviews]
    sent = Message.objects.filter(occasion__shop=shop, person_id=person_id).select_related("occasion")
    dated += [_message_moment(one, now) for one in sent.order_by("-pk")[:ALL_MOMENTS]]
    for refusal in OptOut.objects.filter(shop=shop, person_id=person_id):
        label = words.CHANNELS[refusal.channel]
        title = gettext("不再接收%(channel)s") % {"channel": label}
        dated.append(
            (refusal.at, ui.Moment(title, figures.when(refusal.at, now), kind="warn", icon="x"), None)
        )
    dated.sort(key=lambda item: item[0], reverse=True)
    shown: list[ui.Moment] = []
    newer: date | None = None
    for _at, moment, bought in dated[:most]:
        if bought is not None:
            if newer is not None and (newer - bought).days > 0:
                days = (newer - bought).days
                shown.append(
                    ui.Moment(
                        gap=ngettext("相隔 %(n)s 天", "相隔 %(n)s 天", days) % {"n": figures.exact(days)}
                    )
                )
            newer = bought
        shown.append(moment)
    return shown, max(0, len(dated) - most)


def _order_moment(order: dict[str, Any], now: datetime) -> tuple[datetime, ui.Moment, date | None]:
    at, paid = order["paid_at"] or order["created_at"], order["paid_at"]
    if paid is None:
        title, kind, icon = (
            gettext("拍下没付款 %(money)s") % {"money": figures.yuan(order["total_cents"])},
            "",
            "clock",
        )
    elif order["refunded_cents"]:
        title = gettext("下单 %(money)s，退 %(back)s") % {
            "money": figures.yuan(order["paid_cents"]), "back": figures.yuan(order["refunded_cents"]),
        }  # fmt: skip
        kind, icon = "warn", "back"
    else:
        title, kind, icon = (
            gettext("下单 %(money)s") % {"money": figures.yuan(order["paid_cents"])},
            "key",
            "bag",
        )
    flags = {"suspect": gettext("疑似刷单，不计入"), "confirmed": gettext("刷单，不计入")}
    used = gettext("用了券") if order["coupon_used"] else ""
    said = [str(words.ORDER_STATES[order["status"]]), used, flags.get(order["flag"], "")]
    note = " · ".join(filter(None, said))
    moment = ui.Moment(
        title,
        figures.when(at, now),
        note=note,
        text=order["titles"],
        kind=kind,  # type: ignore[arg-type]
        icon=icon,
        url=order_url(order["order_id"]),
    )
    return at, moment, paid.date() if paid else None


def _review_moment(review: dict[str, Any], now: datetime) -> tuple[datetime, ui.Moment, None]:
    bad = review["rating"] <= BAD_STARS
    moment = ui.Moment(
        gettext("评价 %(n)s 星") % {"n": review["rating"]},
        figures.when(review["at"], now),
        note=gettext("有晒图") if review["has_photo"] else "",
        kind="warn" if bad else "",
        icon="star",
        url=order_url(review["order_id"]),
    )
    return review["at"], moment, None


def _message_moment(one: Message, now: datetime) -> tuple[datetime, ui.Moment, None]:
    at = one.settled_at or one.sent_at or one.due_at
    title = gettext("%(channel)s：%(name)s") % {
        "channel": one.occasion.get_channel_display(),
        "name": one.occasion.name,
    }
    note = one.get_state_display()
    if one.reason in words.REACH_REASONS:
        note = f"{note} · {words.REACH_REASONS[one.reason]}"
    return (
        at,
        ui.Moment(title, figures.when(at, now), note=note, icon=words.CHANNEL_ICONS[one.occasion.channel]),
        None,
    )


def _paid(orders: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        order
        for order in orders
        if order["paid_at"] is not None and order["flag"] not in ("suspect", "confirmed")
    ]


def _dots(orders: Sequence[dict[str, Any]], now: datetime) -> ui.ChartCard | None:
    paid = sorted(_paid(orders), key=lambda order: order["paid_at"])
    if len(paid) < 2:
        return None
    rows = [
        ui.Row([f"{order['paid_at']:%Y-%m-%d %H:%M}", figures.cents(order["paid_cents"])])
        for order in reversed(paid)
    ]
    table = ui.Table(
        [ui.Column("at", _("付款时间")), ui.Column("paid", _("实付（元）"), "num")], rows, caption=_("每一单")
    )
    option = order_dots([(o["paid_at"].date(), o["paid_cents"]) for o in paid], now.date(), gettext("今天"))
    return ui.ChartCard(
        "dots",
        _("多久来一次"),
        option,
        table,
        label=_("每一单的时间和金额"),
        sub=_("每个点是一单，大小是金额"),
        size="sm",
    )


def _heat(orders: Sequence[dict[str, Any]]) -> Heat | None:
    paid = _paid(orders)
    if not paid:
        return None
    counts = [[0] * 24 for _day in range(7)]
    for order in paid:
        counts[order["paid_at"].weekday()][order["paid_at"].hour] += 1
    by_hour = [sum(row[hour] for row in counts) for hour in range(24)]
    at = max(range(24), key=lambda hour: (by_hour[hour], -hour))
    cells = [
        ui.Row([words.WEEKDAYS[day], gettext("%(hour)s 点") % {"hour": hour}, counts[day][hour]])
        for day in range(7)
        for hour in range(24)
        if counts[day][hour]
    ]
    table = ui.Table(
        [ui.Column("day", _("星期")), ui.Column("hour", _("时段")), ui.Column("n", _("单数"), "num")], cells
    )
    rows = list(zip(words.WEEKDAYS, heat_levels(counts), strict=True))
    return Heat(rows, gettext("最多在 %(from)s – %(to)s 点") % {"from": at, "to": at + 1}, table)


def _bought(orders: Sequence[dict[str, Any]], most: int = 6) -> ui.BarList | None:
    by_title: dict[str, int] = {}
    for order in _paid(orders):
        if order["titles"]:
            by_title[order["titles"]] = (
                by_title.get(order["titles"], 0) + order["paid_cents"] - order["refunded_cents"]
            )
    best = sorted(
        ((cents, title) for title, cents in by_title.items() if cents > 0), key=lambda x: (-x[0], x[1])
    )[:most]
    if not best:
        return None
    return ui.BarList(
        [
            ui.Bar(title[:16], cents, figures.yuan_short(cents), exact=figures.yuan(cents))
            for cents, title in best
        ]
    )


def _reach(
    shop: Shop, person_id: int, masks: profiles.Masks, reading: Reading | None, now: datetime
) -> ui.Table:
    """By channel: contact, whether it may be used, on what that rests, and how often in 30 days."""
    found = people.reach_by_person(reading.reader, shop.pk, [person_id]).get(person_id, {}) if reading else {}
    given = {one.channel: one for one in consent.consents_of(shop.pk, person_id) if one.withdrawn_at is None}
    sent = _sent(shop, person_id, now - timedelta(days=30))
    rows = []
    for channel, label in words.CHANNELS.items():
        row = found.get(channel)
        reason = row["reason"] if row else words.missing_reach(channel, masks.phone_state, masks.email_state)
        contact = {"email": masks.email, "handover": masks.nick}.get(channel, masks.phone)
        cells = [
            label, ui.Cell(contact, tone="masked"), _state(reason), _basis(given.get(channel), now),
            sent.get(channel, 0),
        ]  # fmt: skip
        rows.append(ui.Row(cells))
    columns = [
        ui.Column("channel", _("渠道")),
        ui.Column("contact", _("联系方式"), "nowrap"),
        ui.Column("state", _("状态"), card="end"),
        ui.Column("basis", _("依据"), card="wide"),
        ui.Column("sent", _("30 天内"), "num", card="hide"),
    ]
    return ui.Table(columns, rows, caption=_("能不能联系到"))


def _state(reason: str) -> ui.Status:
    if not reason:
        return ui.Status(_("可以"), "ok")
    return ui.Status(words.REACH_REASONS.get(reason, reason), "bad" if reason == "opted_out" else "warn")


def _sent(shop: Shop, person_id: int, since: datetime) -> dict[str, int]:
    """Marketing messages to a person by channel."""
    sent = Message.objects.filter(occasion__shop=shop, occasion__is_marketing=True, person_id=person_id)
    counted = sent.filter(sent_at__gte=since).values_list("occasion__channel").annotate(n=Count("pk"))
    return dict(counted)


def _basis(row: Any, now: datetime) -> str:
    if row is None:
        return ""
    return gettext("%(day)s 登记的同意，第 %(version)s 版") % {
        "day": figures.day(row.given_at, now),
        "version": row.basis.wording_version,
    }


def _shows(masks: profiles.Masks) -> list[tuple[str, Words]]:
    """The fields of the vault that may be shown, those that there are."""
    there = (
        ("nick", _("昵称"), masks.nick),
        ("name", _("姓名"), masks.name),
        ("phone", _("手机"), masks.phone),
        ("email", _("邮箱"), masks.email),
        ("address", _("地址"), masks.title),
    )
    return [(name, label) for name, label, value in there if value]


def _can_refuse(shop: Shop, person_id: int) -> list[tuple[str, Words]]:
    """Channels on which a refusal can still be written down."""
    done = set(
        OptOut.objects.filter(Q(person_id=person_id), shop=shop, ended_at=None).values_list(
            "channel", flat=True
        )
    )
    return [(channel, label) for channel, label in words.CHANNELS.items() if channel not in done]


def _keys(members: Sequence[int]) -> ui.Facts:
    kinds = profiles.key_kinds_of(members)
    shown: list[tuple[Words, Any]] = [
        (label, ngettext("%(n)s 个", "%(n)s 个", kinds[kind]) % {"n": kinds[kind]})
        for kind, label in words.KEY_KINDS.items()
        if kind in kinds
    ]
    shown.append((_("合并的客户号"), figures.exact(len(members))))
    return ui.Facts(shown)


def _course(shop: Shop, one: Erasure, now: datetime) -> ui.Facts:
    """The steps of an erasure with their dates."""

    def at(moment: datetime | None) -> str:
        return figures.when(moment, now) if moment else gettext("还没做")

    return ui.Facts(
        [
            (_("要求删除"), at(one.requested_at)),
            (_("待发的消息停下"), at(one.messages_suppressed_at)),
            (_("联系方式、标签、同意删除"), at(one.vault_deleted_at)),
            (_("订单里的客户号换成随机号"), at(one.facts_rewritten_at)),
            (_("旧数据文件清除"), at(one.vacuumed_at)),
        ]
    )


def _erase(person_id: int, title: str, orders: int) -> ui.Dialog:
    return ui.Dialog(
        "erase",
        gettext("删除 %(name)s 的个人信息？") % {"name": title},
        _("删除这个人"),
        reverse("customer_erase", args=[person_id]),
        will=ui.Facts(
            [
                (_("马上"), _("不再发任何消息，以后的导入也不认得这个人")),
                (_("几分钟内"), _("联系方式、标签、同意、负责人全部删除")),
                (_("当夜"), gettext("%(n)s 单留作店铺账目，但不再能认出是谁") % {"n": orders}),
                (_("能否撤回"), _("不能")),
            ]
        ),
        danger=True,
    )

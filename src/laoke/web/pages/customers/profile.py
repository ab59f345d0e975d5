"""One customer as a page: figures, what happened, how they can be reached, and who they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import Count
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from laoke.audiences import levels
from laoke.audiences.readings import NotReady, Reading, reading_of
from laoke.customers import consent, erasure, links, mirrors, notes, profiles
from laoke.customers.models import (
    EVERY_PURPOSE,
    Consent,
    Erasure,
    OptOut,
    PersonCard,
    PersonTag,
    Purpose,
    Tag,
    VaultRecord,
)
from laoke.dispatch.models import Message
from laoke.insights import people
from laoke.insights.refresh import cut_points
from laoke.shops.models import AuditEvent, Role, Shop, Staff
from laoke.web import components as ui
from laoke.web import figures
from laoke.web.components.base import Words
from laoke.web.figures import Amount
from laoke.web.pages.customers import agreements, coupons, habits, merging, parts, points, words
from laoke.web.pages.customers.level_words import missing_words
from laoke.web.pages.customers.listing import day_of, title_of
from laoke.web.pages.groups.card import GroupCard, groups_of
from laoke.web.pages.service.card import CaseCard, cases_card
from laoke.web.pages.value.card import ValueCard, card_of

# What the page tells of the features.
FEATURES = (
    "first_day", "last_day", "orders", "orders_365", "net_cents", "net_cents_365", "refunded_cents", "item_count",
    "mean_gap_days", "rfm_orders", "rfm_cents", "r_score", "f_score", "m_score", "rfm", "lifecycle", "group3",
    "province", "city",
)  # fmt: skip
MAY_SEE_CONTACTS = frozenset({Role.OWNER, Role.OPERATOR, Role.SERVICE})


@dataclass(frozen=True)
class CustomerPage:
    """One customer. `records` are the sealed records whose fields may be shown, each time with an audit row.

    What happened and what they usually do come after the page, `history` and `habits`: both read the orders.
    """

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
    level: str
    first_day: date | None
    history: parts.Later
    habits: parts.Later | None
    story: ui.Facts | None
    value: ValueCard | None
    coupons: ui.Table | None
    points: points.PointsCard | None
    reach: ui.Table
    shown_today: int
    records: list[VaultRecord]
    shows: list[tuple[str, Words]]
    refusals: list[tuple[str, Words]]
    purposes: list[tuple[str, Words, Words]]
    notes: list[notes.Note]
    chats: GroupCard | None
    cases: CaseCard
    agreements: agreements.Agreements
    keys: ui.Loading
    links: list[merging.Pair]
    erasures: list[ui.Facts]
    erase: ui.Dialog | None
    may_change: bool


def page_of(
    request: HttpRequest, shop: Shop, person_id: int, members: Sequence[int], now: datetime
) -> CustomerPage:
    """Everything the page shows of a person."""
    role = request.role  # type: ignore[attr-defined]
    reading = reading_or_none(shop, now)
    row = _features(reading, person_id) if reading else None
    bought = row if row and row["orders"] else None
    known = _known(shop, person_id)
    title = title_of(person_id, known.masks)
    card = profiles.cards_of(shop, [person_id]).get(person_id)
    staff = list(Staff.objects.filter(shop=shop).select_related("user").order_by("pk"))
    erasures = erasure.erasures_of(shop, person_id)
    may_change, talks = role in (Role.OWNER, Role.OPERATOR), role in MAY_SEE_CONTACTS
    numbers = [person_id, *members]
    return CustomerPage(
        person_id=person_id,
        title=title,
        place=" ".join(dict.fromkeys(filter(None, [row["province"], row["city"]]))) if row else "",
        group=ui.Tag(words.GROUPS[bought["group3"]], words.GROUP_TONES[bought["group3"]]) if bought else None,
        lifecycle=words.LIFECYCLES[row["lifecycle"]] if row else "",
        tags=list(
            PersonTag.objects.filter(tag__shop=shop, person_id=person_id).select_related("tag").order_by("pk")
        ),
        all_tags=list(Tag.objects.filter(shop=shop).order_by("name")),
        card=card,
        importance=words.IMPORTANCE[card.importance if card else 0],
        importances=list(enumerate(words.IMPORTANCE)),
        staff=staff,
        kpis=_kpis(bought, parts.habits_url(person_id), now) if bought else None,
        level=_level(shop, row) if row else "",
        first_day=day_of(row["first_day"]) if row else None,
        history=parts.history_later(request, person_id, bought["orders"] if bought else 0),
        habits=parts.habits_later(person_id, bought["orders"]) if bought else None,
        story=habits.story(bought, cut_points(shop).rfm_days, now) if bought else None,
        coupons=coupons.coupons_of(shop, members, now),
        points=points.points_of(shop, members, now),
        value=card_of(reading.reader, shop.pk, person_id, now) if reading else None,
        reach=_reach(shop, person_id, known, now),
        shown_today=_shown_today(shop, now) if talks else 0,
        records=known.records if talks else [],
        shows=_shows(known.masks) if talks else [],
        refusals=_can_refuse(person_id, known.refusals),
        purposes=[(one, label, words.PURPOSE_MEANS[one]) for one, label in words.PURPOSES.items()],
        agreements=agreements.agreements_of(
            known.consents, known.refusals, now, gives=may_change, takes=talks
        ),
        notes=notes.of_people(shop, numbers) if talks else [],
        chats=groups_of(shop, person_id, numbers, now, acts=talks),
        cases=cases_card(shop, numbers, staff, now, acts=talks),
        keys=ui.Loading((40, 60), reverse("customer_keys", args=[person_id])),
        links=merging.pairs(shop, links.links_of(shop, members), now),
        erasures=[_course(shop, one, now) for one in erasures],
        erase=_erase(person_id, title) if may_change and not erasures else None,
        may_change=may_change,
    )


def _features(reading: Reading, person_id: int) -> dict[str, Any] | None:
    return people.features_of(reading.reader, reading.shop_id, person_id, reading.as_of_day, FEATURES)


@dataclass(frozen=True)
class Known:
    """What the ledger says of how a person can be reached, each asked once: several cards tell of it."""

    records: list[VaultRecord]
    masks: profiles.Masks
    consents: list[Consent]
    refusals: list[OptOut]


def _known(shop: Shop, person_id: int) -> Known:
    records = profiles.records_of(shop, [person_id])
    refusals = consent.refusals_of(shop, person_id, records)
    return Known(
        records,
        profiles.masks_in(records).get(person_id, profiles.Masks()),
        consent.consents_of(shop.pk, person_id),
        list(refusals.order_by("channel", "purpose", "-at")),
    )


def reading_or_none(shop: Shop, now: datetime) -> Reading | None:
    """What the shop's facts say today; None before the first import."""
    try:
        return reading_of(shop, now.date())
    except NotReady:
        return None


def _shown_today(shop: Shop, now: datetime) -> int:
    """How often contacts were shown today: between two times, for which the audit has an index."""
    begun = datetime.combine(now.date(), time())
    shown = AuditEvent.objects.filter(shop=shop, at__gte=begun, at__lt=begun + timedelta(days=1))
    return shown.filter(act="contact.show").count()


def _level(shop: Shop, row: dict[str, Any]) -> str:
    """The member level a person has reached, and what is missing for the next; '' in a shop without levels."""
    found = levels.reached(levels.levels_of(shop), row)
    has = found.level.name if found.level else ""
    if found.next is None:
        return has
    short = gettext("到「%(name)s」%(missing)s") % {
        "name": found.next.name, "missing": missing_words(found),
    }  # fmt: skip
    return " · ".join(filter(None, [has, short]))


def _kpis(row: dict[str, Any], habits_url: str, now: datetime) -> ui.Kpis:
    last = day_of(row["last_day"])
    since = (now.date() - last).days if last else 0
    year = gettext("近一年 %(money)s") % {"money": figures.yuan(row["net_cents_365"])}
    back = gettext("退款 %(money)s") % {"money": figures.yuan(row["refunded_cents"])}
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
            habits.next_kpi_later(habits_url),
        ]
    )  # fmt: skip


def _gap_kpi(gap: float | None, since: int) -> ui.Kpi:
    """How long a person usually stays away, and by how much they are late now."""
    if gap is None:
        return ui.Kpi(_("平均间隔"), "—", note=gettext("买过一次，还算不出"))
    late = (
        ngettext("已比平均晚 %(n)s 天", "已比平均晚 %(n)s 天", round(since - gap))
        % {"n": figures.exact(round(since - gap))}
        if since > gap
        else gettext("还没到平均间隔")
    )
    return ui.Kpi(_("平均间隔"), Amount.count(round(gap), _("天")), note=late)


def _reach(shop: Shop, person_id: int, known: Known, now: datetime) -> ui.Table:
    """By channel: contact, whether marketing may go there, on what that rests, how often in 30 days, and whether
    notices may."""
    found = mirrors.reach_of(shop, [person_id], now.date()).get(person_id, {})
    given = {
        one.channel: one
        for one in known.consents
        if one.withdrawn_at is None and one.purpose == Purpose.MARKETING
    }
    sent = _sent(shop, person_id, now - timedelta(days=30))
    no_care = consent.refused_channels(known.refusals, Purpose.CARE)
    masks, rows = known.masks, []
    for channel, label in words.CHANNELS.items():
        row = found.get(channel)
        reason = row["reason"] if row else words.missing_reach(channel, masks.phone_state, masks.email_state)
        contact = {"email": masks.email, "handover": masks.nick}.get(channel, masks.phone)
        cells = [
            label, ui.Cell(contact, tone="masked"), _state(reason), _basis(given.get(channel), now),
            sent.get(channel, 0), _notices(reason, channel in no_care),
        ]  # fmt: skip
        rows.append(ui.Row(cells))
    columns = [
        ui.Column("channel", _("渠道")),
        ui.Column("contact", _("联系方式"), "nowrap"),
        ui.Column("state", _("营销消息"), card="end"),
        ui.Column("basis", _("依据"), card="wide"),
        ui.Column("sent", _("30 天内"), "num", card="hide"),
        ui.Column("notices", _("发货、售后通知"), "nowrap", card="wide", label_on_card=_("发货、售后通知")),
    ]
    return ui.Table(columns, rows, caption=_("能不能联系到"))


def _state(reason: str) -> ui.Status:
    if not reason:
        return ui.Status(_("可以"), "ok")
    return ui.Status(words.REACH_REASONS.get(reason, reason), "bad" if reason == "opted_out" else "warn")


_NO_CONTACT = ("no_contact", "masked", "invalid", "dead_contact")


def _notices(reason: str, refused: bool) -> ui.Status:
    """Whether notices may go on a channel: they rest on the order, and need a contact and no refusal."""
    if refused:
        return ui.Status(_("已拒绝"), "bad")
    if reason in _NO_CONTACT:
        return ui.Status(words.REACH_REASONS[reason], "warn")
    return ui.Status(_("可以"), "ok")


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


def _can_refuse(person_id: int, refusals: Sequence[OptOut]) -> list[tuple[str, Words]]:
    """Channels on which a refusal can still be written down."""
    own = [one for one in refusals if one.person_id == person_id and one.ended_at is None]
    done = {one.channel for one in own if one.purpose == EVERY_PURPOSE}
    return [(channel, label) for channel, label in words.CHANNELS.items() if channel not in done]


def keys_of(members: Sequence[int]) -> ui.Facts:
    """By what the person is recognised. Asked for by itself, since keys are looked through for it whole."""
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


def _erase(person_id: int, title: str) -> ui.Dialog:
    return ui.Dialog(
        "erase",
        gettext("删除 %(name)s 的个人信息？") % {"name": title},
        _("删除这个人"),
        reverse("customer_erase", args=[person_id]),
        will=ui.Facts(
            [
                (_("马上"), _("不再发任何消息，以后的导入也不认得这个人")),
                (_("几分钟内"), _("联系方式、标签、同意、负责人全部删除")),
                (_("当夜"), _("订单都留作店铺账目，但不再能认出是谁")),
                (_("能否撤回"), _("不能")),
            ]
        ),
        danger=True,
    )

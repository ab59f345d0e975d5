"""Tables of set-up sheets: fields to copy, goods, findings, and the back office's numbers beside the orders."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext, ngettext, pgettext

from laoke.campaigns.models import Campaign
from laoke.campaigns.reconciling import Reconciled
from laoke.campaigns.setting_up import OfferPlace
from laoke.promotions.models import OfferReport, OfferSetup, SetupState
from laoke.promotions.setup import Activity, Cause, Finding, Sheet
from laoke.web import components as ui
from laoke.web import figures
from laoke.web.components.words import State
from laoke.web.pages.setup.words import (
    TOOLS,
    basis_text,
    field_name,
    finding_texts,
    severity_status,
    value_text,
)

MOST_ITEMS = 200
STATES: dict[str, State] = {SetupState.TO_DO: "", SetupState.DONE: "ok", SetupState.ENDED: "run"}


def state_status(setup: OfferSetup) -> ui.Status:
    """How far an offer is, with its shape."""
    return ui.Status(setup.get_state_display(), STATES[setup.state])


def who_and_when(setup: OfferSetup, now: datetime) -> str:
    """`林夏 11-09 10:00`, of the newest change of state; empty before the first."""
    ended = setup.state == SetupState.ENDED
    at, who = (setup.ended_at, setup.ended_by) if ended else (setup.set_at, setup.set_by)
    if at is None:
        return ""
    name = (who.get_full_name() or who.username) if who else ""
    return f"{name} {figures.when(at, now)}".strip()


def offers_table(campaign: Campaign, found: Sequence[OfferPlace], now: datetime) -> ui.Table:
    """The offers of the campaign with their tool, state, number, link and what was found."""
    return ui.Table(
        [
            ui.Column("offer", pgettext("one of a list", "优惠")),
            ui.Column("tool", gettext("后台工具"), "wrap"),
            ui.Column("findings", gettext("检查"), "nowrap", card="end"),
            ui.Column("number", gettext("活动号"), "nowrap", label_on_card=gettext("活动号")),
            ui.Column(
                "link", gettext("链接"), "wrap", priority=3, card="wide", label_on_card=gettext("链接")
            ),
            ui.Column("task", gettext("提醒"), "nowrap", priority=3, card="hide"),
            ui.Column("state", gettext("状态"), "nowrap"),
        ],
        [
            ui.Row(
                [
                    ui.Cell(one.offer.name, sub=_window(one, now)),
                    TOOLS[one.sheet.tool],
                    worst_status(one.sheet),
                    one.offer.platform_activity_id or figures.NOTHING,
                    _short(one.setup.link) or figures.NOTHING,
                    figures.when(one.task.due_at, now) if one.task is not None else figures.NOTHING,
                    ui.Cell(state_status(one.setup), sub=who_and_when(one.setup, now)),
                ],
                url=reverse("campaign_setup_offer", args=[campaign.pk, one.offer.pk]),
            )
            for one in found
        ],
        caption=gettext("优惠在后台的设置"),
        empty=ui.Empty(gettext("这个活动没有优惠"), gettext("没有优惠就没有要在后台设置的")),
    )


def _short(link: str) -> str:
    """The site and the beginning of the path; the whole link stands on the offer's page."""
    text = link.removeprefix("https://")
    return text if len(text) <= 32 else f"{text[:32]}…"


def _window(one: OfferPlace, now: datetime) -> str:
    return f"{figures.when(one.offer.starts_at, now)} – {figures.when(one.offer.ends_at, now)}"


def worst_status(sheet: Sheet) -> ui.Status:
    """The gravest of what was found, with how many there are of it."""
    worst = sheet.worst
    if worst is None:
        return ui.Status(gettext("没有问题"), "ok")
    of_it = [one for one in sheet.findings if one.severity == worst]
    status = severity_status(of_it[0])
    return ui.Status(gettext("%(what)s %(n)s 项") % {"what": status.text, "n": len(of_it)}, status.state)


def fields_table(activity: Activity, number: int) -> ui.Table:
    """What to fill in, field by field."""
    return ui.Table(
        [
            ui.Column("field", gettext("项目")),
            ui.Column("value", gettext("后台填"), "wrap", card="end"),
            ui.Column("api", gettext("接口字段"), "nowrap", priority=2, card="hide"),
            ui.Column("api_value", gettext("接口值"), "nowrap", priority=2, card="hide"),
        ],
        [
            ui.Row(
                [
                    field_name(field),
                    ui.Cell(value_text(field), tone="b"),
                    field.api or figures.NOTHING,
                    field.api_value or figures.NOTHING,
                ]
            )
            for field in activity.fields
        ],
        caption=gettext("第 %(n)s 个活动要填的") % {"n": number},
    )


def items_table(activity: Activity) -> ui.Table | None:
    """The goods that take part; None where the whole shop does or none is known."""
    if not activity.items:
        return None
    priced = any(one.cents is not None for one in activity.items)
    return ui.Table(
        [
            ui.Column("product", gettext("商品编号"), "nowrap"),
            ui.Column("title", gettext("名称"), "wrap", card="wide"),
            ui.Column("price", gettext("活动价（元）") if priced else gettext("价格"), "num", card="end"),
        ],
        [
            ui.Row([one.product_id, one.title or figures.NOTHING, figures.cents(one.cents)])
            for one in activity.items[:MOST_ITEMS]
        ],
        caption=gettext("参加的商品"),
        tall=True,
    )  # fmt: skip


def findings_table(findings: Iterable[Finding]) -> ui.Table:
    """What was found, what was expected, what to do, and how sure the bound is."""
    return ui.Table(
        [
            ui.Column("rule", gettext("编号"), "nowrap"),
            ui.Column("severity", gettext("多要紧"), "nowrap", card="end"),
            ui.Column("found", gettext("查到"), "wrap", card="wide", label_on_card=gettext("查到")),
            ui.Column("expected", gettext("应该"), "wrap", card="wide", label_on_card=gettext("应该")),
            ui.Column("todo", gettext("怎么办"), "wrap", card="wide", label_on_card=gettext("怎么办")),
            ui.Column(
                "sure", gettext("依据"), "wrap", priority=2, card="wide", label_on_card=gettext("依据")
            ),
        ],
        [
            ui.Row([one.rule, severity_status(one), *finding_texts(one), basis_text(one) or figures.NOTHING])
            for one in findings
        ],
        caption=gettext("检查"),
        empty=ui.Empty(gettext("没有问题"), gettext("照着填就行；后台不收的，以后台为准")),
    )


def reconciled_table(campaign: Campaign, found: Sequence[Reconciled]) -> ui.Table:
    """Every offer: what the back office counts, what orders show, and the difference."""
    return ui.Table(
        [
            ui.Column("offer", pgettext("one of a list", "优惠")),
            ui.Column("issued", gettext("发行"), "num", priority=2, card="hide"),
            ui.Column("taken", gettext("领取"), "num", label_on_card=gettext("领取")),
            ui.Column("used", gettext("使用"), "num", label_on_card=gettext("使用")),
            ui.Column("shown", gettext("订单看得出"), "num", label_on_card=gettext("订单看得出")),
            ui.Column("gap", gettext("差"), "num", card="end", label_on_card=gettext("差")),
            ui.Column("rest", gettext("说不清的"), "num", priority=2, card="hide"),
        ],
        [
            ui.Row(
                [
                    one.offer.name,
                    *(figures.exact(getattr(one.report, name, None)) for name in ("issued", "taken", "used")),
                    figures.exact(one.orders.shown) if one.orders else figures.NOTHING,
                    signed(one.difference.gap) if one.difference else figures.NOTHING,
                    signed(one.difference.rest) if one.difference else figures.NOTHING,
                ],
                url=reverse("campaign_setup_offer", args=[campaign.pk, one.offer.pk]) + "#orders",
            )
            for one in found
        ],
        caption=gettext("后台和订单"),
    )


def signed(number: int) -> str:
    """A difference with its sign."""
    return f"+{figures.exact(number)}" if number > 0 else figures.exact(number)


def cause_texts(cause: Cause) -> tuple[str, str]:
    """Why, and how many of it there are."""
    texts = {
        "unpaid": gettext("拍下时用了，没付款就关了或还没付；后台可能已经算使用"),
        "fake": gettext("像刷单的订单，别处都不算它"),
        "maybe": gettext("用没用这个优惠，减的钱都对得上，分不出来"),
        "unexplained": gettext("减了钱，但活动里的优惠怎么凑都不是这个数：手工改价，或别的优惠"),
        "no_goods": gettext("不知道买了什么，算不出该减多少；导入商品明细就知道"),
        "refunded": gettext("整单退款；券可能退回给买家，后台不再算使用"),
    }
    found = ngettext("%(n)s 单", "%(n)s 单", cause.found) % {"n": figures.exact(cause.found)}
    return texts[cause.code], found


def causes_table(one: Reconciled) -> ui.Table | None:
    """The difference by cause; what no cause accounts for stands last."""
    difference = one.difference
    if difference is None or not difference.gap:
        return None
    rows = [
        ui.Row([text, found, figures.exact(cause.accounts), gettext("是") if cause.sure else gettext("可能")])
        for cause, (text, found) in ((cause, cause_texts(cause)) for cause in difference.causes)
    ]
    if difference.rest:
        rows.append(
            ui.Row(
                [
                    gettext("找不到原因的"),
                    figures.NOTHING,
                    figures.exact(abs(difference.rest)),
                    figures.NOTHING,
                ]
            )
        )
    return ui.Table(
        [
            ui.Column("cause", gettext("原因"), "wrap", card="wide"),
            ui.Column("found", gettext("这样的订单"), "num", label_on_card=gettext("这样的订单")),
            ui.Column("accounts", gettext("能说明差里的"), "num", label_on_card=gettext("能说明差里的")),
            ui.Column("sure", gettext("确定吗"), "nowrap", card="end"),
        ],
        rows,
        caption=gettext("差在哪"),
        foot=[gettext("合计"), figures.NOTHING, figures.exact(abs(difference.gap)), figures.NOTHING],
    )


def reports_table(rows: Sequence[OfferReport], now: datetime) -> ui.Table:
    """What the back office counted over time, the newest first."""
    return ui.Table(
        [
            ui.Column("as_of", gettext("统计到"), "nowrap"),
            ui.Column("issued", gettext("发行"), "num", label_on_card=gettext("发行")),
            ui.Column("taken", gettext("领取"), "num", label_on_card=gettext("领取")),
            ui.Column("used", gettext("使用"), "num", label_on_card=gettext("使用")),
            ui.Column("source", gettext("哪来的"), "wrap", card="wide"),
        ],
        [
            ui.Row(
                [
                    figures.when(row.as_of, now),
                    figures.exact(row.issued),
                    figures.exact(row.taken),
                    figures.exact(row.used),
                    ui.Cell(row.file_name or gettext("手工抄的"), sub=str(row.added_by or "")),
                ]
            )
            for row in rows
        ],
        caption=gettext("后台的数"),
        empty=ui.Empty(gettext("还没有后台的数"), gettext("上传报表，或在这里抄进来")),
    )

"""The list of orders that look fake: its conditions, its columns, and the rows with evidence and buyer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from laoke.audiences.readings import Reading
from laoke.customers import profiles
from laoke.insights.fake_orders.flags import flag_of
from laoke.insights.fake_orders.rules import MOST, POINTS
from laoke.insights.models import Decision, OrderFlag
from laoke.shops.models import Shop
from laoke.web import components as ui
from laoke.web import figures
from laoke.web.components.base import Words
from laoke.web.pages.customers.listing import title_of
from laoke.web.pages.fake_orders import words

STATES: dict[str, Words] = {
    "suspect": _("疑似"),
    "confirmed": _("已确认"),
    "cleared": _("已排除"),
    "below": _("门槛以下"),
}
SHAPES: dict[str, ui.Status] = {
    "suspect": ui.Status(_("疑似"), "warn"),
    "confirmed": ui.Status(_("确认刷单"), "bad"),
    "cleared": ui.Status(_("不是刷单"), "ok"),
    "": ui.Status(_("门槛以下"), ""),
}
ORDER = ("-score", "order_id")


@dataclass(frozen=True)
class Asked:
    """What the address asks for; what makes no sense there is left out."""

    state: str = "suspect"
    signal: str = ""
    least: int = 0
    search: str = ""


def asked(query: QueryDict) -> Asked:
    state, signal, least = (query.get(name, "") for name in ("state", "signal", "least"))
    return Asked(
        state=state if state in STATES else "suspect",
        signal=signal if signal in POINTS else "",
        least=min(int(least), MOST) if least.isascii() and least.isdigit() and len(least) < 4 else 0,
        search=query.get("q", "").replace("\0", "").strip()[:40],
    )


def chosen(shop: Shop, given: Asked, threshold: int) -> QuerySet[OrderFlag]:
    """The rows asked for. An order's number finds it in any state."""
    rows = OrderFlag.objects.filter(shop=shop)
    if given.search:
        return rows.filter(order_id=given.search)
    undecided = rows.filter(decision=Decision.NONE)
    rows = {
        "suspect": undecided.filter(score__gte=threshold),
        "below": undecided.filter(score__lt=threshold),
        "confirmed": rows.filter(decision=Decision.CONFIRMED),
        "cleared": rows.filter(decision=Decision.CLEARED),
    }[given.state]
    if given.signal:
        rows = rows.filter(signals__contains=f",{given.signal},")
    return rows.filter(score__gte=given.least) if given.least else rows


def columns() -> list[ui.Column]:
    return [
        ui.Column("order", pgettext_lazy("one of a list", "订单")),
        ui.Column("buyer", pgettext_lazy("one of a list", "买家"), "nowrap", priority=2),
        ui.Column("paid", _("付款（元）"), "num", label_on_card="¥"),
        ui.Column("score", _("得分"), "num", card="end", label_on_card=_("得分")),
        ui.Column("evidence", _("依据"), "wrap", card="wide"),
        ui.Column("state", _("状态"), "nowrap"),
    ]


def lines(
    shop: Shop, reading: Reading, rows: Sequence[OrderFlag], threshold: int, now: datetime
) -> list[ui.Row]:
    """The rows of a page or of a piece of the workbook, each with what the facts say of the order."""
    facts = _facts(reading, [row.order_id for row in rows])
    people = [one["person_id"] for one in facts.values() if one["person_id"] is not None]
    masks = profiles.masks_of(shop, sorted(set(people)))
    return [_line(row, facts.get(row.order_id), masks, threshold, now) for row in rows]


def _facts(reading: Reading, orders: Sequence[str]) -> dict[str, dict[str, Any]]:
    listed = "," + "".join(f"{order}," for order in orders) if orders else ""
    rows = reading.reader.query("fake_buyers", shop_id=reading.shop_id, order_ids=listed).to_pylist()
    return {row["order_id"]: row for row in rows}


def _line(
    row: OrderFlag,
    fact: dict[str, Any] | None,
    masks: dict[int, profiles.Masks],
    threshold: int,
    now: datetime,
) -> ui.Row:
    placed = figures.when(row.placed_at, now)
    goods = fact["titles"][:16] if fact else ""
    return ui.Row(
        [
            ui.Cell(row.order_id, sub=" · ".join(filter(None, [placed, goods]))),
            _buyer(fact, masks),
            figures.cents(row.paid_cents),
            row.score,
            words.evidence(row.reasons) or gettext("现在没有找到信号"),
            _state(row, threshold, now),
        ],
        id=row.order_id,
        name=row.order_id,
    )


def _buyer(fact: dict[str, Any] | None, masks: dict[int, profiles.Masks]) -> ui.Cell:
    if fact is None or fact["person_id"] is None:
        return ui.Cell(gettext("没有客户"), tone="muted")
    person = fact["person_id"]
    said = gettext("%(orders)s 单里 %(flagged)s 单不计入") % {
        "orders": fact["buyer_orders"], "flagged": fact["buyer_flagged"],
    }  # fmt: skip
    title = title_of(person, masks.get(person, profiles.Masks()))
    return ui.Cell(title, sub=said, url=reverse("customer", args=[person]))


def _state(row: OrderFlag, threshold: int, now: datetime) -> ui.Cell:
    shape = SHAPES[flag_of(row.decision, row.score, threshold)]
    if not row.decision:
        return ui.Cell(shape)
    who = row.decided_by.get_full_name() or row.decided_by.username if row.decided_by else ""
    said = " · ".join(filter(None, [who, figures.when(row.decided_at, now)]))
    return ui.Cell(shape, sub=said)


def chips(given: Asked, query: str) -> list[ui.Chip]:
    """The conditions in force, each with the address without it."""
    shown: list[tuple[str, Words, Words]] = [
        ("signal", _("信号"), words.SIGNALS[given.signal] if given.signal else ""),
        ("least", _("分数"), f"≥ {given.least}" if given.least else ""),
    ]
    without = {"after": None, "before": None}
    return [
        ui.Chip(label, value, ui.query_with(query, **{name: None}, **without))
        for name, label, value in shown
        if value
    ]

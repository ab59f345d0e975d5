"""The course of the RFM groups over the kept month ends, with the messages sent between them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from laoke.dispatch.states import REACHED
from laoke.insights import rfm
from laoke.insights.rfm import DayGroups
from laoke.insights.rfm_groups import GROUPS
from laoke.web import components as ui
from laoke.web import figures
from laoke.web.charts.analysis import group_trend
from laoke.web.components.base import Words
from laoke.web.components.tables import CellValue
from laoke.web.pages.analysis.blocks import Block
from laoke.web.pages.analysis.frame import Asked
from laoke.web.pages.analysis.words import RFM_GROUPS
from laoke.web.pages.overview.periods import day_of

SHOWN: dict[str, Words] = {"persons": _("人数"), "net": _("净付")}
DAYS = 13  # a year of month ends, and the newest day


def shown_in(asked: Asked) -> str:
    """What of the groups the address asks for."""
    return asked.choice("course", list(SHOWN), "persons")


def kept_days(asked: Asked) -> list[int]:
    """The days of which features are kept, rising: month ends and the newest one."""
    kept = asked.reading.reader.query(
        "feature_days", shop_id=asked.shop.pk, to_day=asked.reading.as_of_day
    ).to_pylist()
    return sorted(row["as_of_day"] for row in kept)


def kept_day(number: int) -> str:
    """A month end by the name of its month; the newest day, which is none, by its date."""
    found: date = day_of(number)
    if (found + timedelta(days=1)).day == 1:
        return gettext("%(month)s 底") % {"month": f"{found:%Y-%m}"}
    return found.isoformat()


def course(asked: Asked) -> Block:
    """How many people each group had, or what they paid, at each month end; the messages sent until then below."""
    reader, shop, shown = asked.reading.reader, asked.shop.pk, shown_in(asked)
    days = kept_days(asked)[-DAYS:]
    found = rfm.over_days(reader, shop, days)
    # What was sent before the first day shown is not asked.
    sent = [None, *rfm.messages_between(reader, shop, days, REACHED)] if days else []
    names = [name for name in GROUPS if name != "prospects"]
    if shown == "net":
        values = [[one.net_cents[name] / 100 for one in found] for name in names]
    else:
        values = [[float(one.persons[name]) for one in found] for name in names]
    option = group_trend(
        [RFM_GROUPS[name] for name in names], [kept_day(day) for day in days], values,
        value="yuan" if shown == "net" else "exact", messages=sent, sent=gettext("发出的消息"),
    )  # fmt: skip
    sub = gettext("每组和自己最多的时候比，越深越多")
    foot = gettext("净付是这组人到那天为止一共付的，减去退款")
    if any(sent):
        foot = gettext("点的大小是从上一个日子到这一个发出的消息；净付是这组人到那天为止一共付的，减去退款")
    empty = None
    if len(days) < 2:
        empty, sub, foot = ui.Empty(_("还没有更早的月末数据"), _("下个月起能看到走势。")), "", ""
    return Block(
        "course", _("各组的走势"), _table(found, sent), option, empty=empty, size="lg", sub=sub,
        label=_("每个月末十个买过的分组各有多少人、付了多少，和这期间发出的消息"),
        foot=foot,
    )  # fmt: skip


def _table(found: Sequence[DayGroups], sent: Sequence[int | None]) -> ui.Table:
    """A row per day and group, the newest day first; messages stand in the first row of their day."""
    rows = []
    for one, messages in reversed(list(zip(found, sent, strict=True))):
        for at, name in enumerate(GROUPS):
            cells: list[CellValue] = [kept_day(one.day), RFM_GROUPS[name], one.persons[name]]
            cells.append(figures.cents(one.net_cents[name]) if name != "prospects" else "")
            cells.append("" if at or messages is None else messages)
            rows.append(ui.Row(cells))
    columns = [
        ui.Column("day", _("到")),
        ui.Column("group", _("分组")),
        ui.Column("persons", _("人数"), "num"),
        ui.Column("net", _("净付（元）"), "num"),
        ui.Column("sent", _("发出的消息"), "num"),
    ]
    return ui.Table(columns, rows, caption=_("各组的走势"), cards=False)

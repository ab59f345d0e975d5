"""The points of a person, on their page: what they have, and what happened last."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from laoke.promotions.rewards.models import PointsEvent
from laoke.promotions.rewards.points import balance_of
from laoke.shops.models import Shop
from laoke.web import components as ui
from laoke.web import figures
from laoke.web.components.base import Words
from laoke.web.components.words import Content
from laoke.web.pages.rewards.points import event_lines

MOST = 20


@dataclass(frozen=True)
class PointsCard:
    """How the person stands, and the last moves."""

    balance: ui.Facts
    events: ui.Table


def points_of(shop: Shop, members: Sequence[int], now: datetime) -> PointsCard | None:
    """The points of the person's customers in this shop; None where there never were any."""
    rows = (
        PointsEvent.objects.filter(shop=shop, customer_id__in=members).select_related("lot").order_by("-pk")
    )
    events = list(rows[:MOST])
    if not events:
        return None
    found = balance_of(shop, members, now)
    facts: list[tuple[Words, Content]] = [(_("能用的"), figures.exact(found.usable))]
    for label, number in (
        (_("等着生效"), found.waiting), (_("占用中"), found.reserved), (_("退款欠的"), found.owed),
    ):  # fmt: skip
        if number:
            facts.append((label, figures.exact(number)))
    if found.next_end is not None:
        ends = {"n": figures.exact(found.ending), "at": figures.when(found.next_end, now)}
        facts.append((_("最先到期"), gettext("%(n)s 分，%(at)s") % ends))
    # Whose they are is told by the page itself.
    kept = [0, 1, 2, 4, 5]
    lines = [ui.Row([line.cells[at] for at in kept], id=line.id) for line in event_lines(events, now)]
    return PointsCard(
        ui.Facts(facts),
        ui.Table(
            [
                ui.Column("at", _("时间"), "nowrap"),
                ui.Column("kind", _("做了什么"), "nowrap"),
                ui.Column("points", _("积分"), "num", card="end"),
                ui.Column("order", pgettext_lazy("one of a list", "订单"), "nowrap", priority=2),
                ui.Column("until", _("有效到"), "nowrap", card="hide"),
            ],
            lines,
            caption=_("最近的积分"),
        ),
    )

"""What one customer is expected to do, in plain words: a card on the customer's page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from laoke.insights.value import value_of
from laoke.warehouse.customer_value import HORIZONS
from laoke.warehouse.engine import Reader
from laoke.web import components as ui
from laoke.web import figures
from laoke.web.pages.customers.listing import day_of
from laoke.web.pages.value import words

YEAR = HORIZONS[-1]


@dataclass(frozen=True)
class ValueCard:
    """`says` is the sentence, `table` the four horizons, `sub` from which day and model it comes."""

    says: str
    table: ui.Table
    sub: str


def card_of(reader: Reader, shop_id: int, person_id: int, now: datetime) -> ValueCard | None:
    """The card of a person; None while nothing was computed of him."""
    row = value_of(reader, shop_id, person_id)
    if row is None:
        return None
    day = day_of(row["as_of_day"])
    sub = gettext("%(day)s算的，%(model)s") % {
        "day": figures.day(day, now),
        "model": words.model(row["model"]),
    }
    return ValueCard(_says(row), _table(row), sub)


def _says(row: dict[str, Any]) -> str:
    parts = []
    if row["p_alive"] is not None:
        parts.append(_alive(row))
    orders = {
        "n": orders_text(row[f"orders_{YEAR}"]), "low": row[f"orders_{YEAR}_low"], "high": row[f"orders_{YEAR}_high"],
    }  # fmt: skip
    parts.append(gettext("一年内预计买 %(n)s 次，十回里九回在 %(low)s–%(high)s 次之间") % orders)
    spend = {"money": figures.yuan(row[f"spend_{YEAR}"])}
    if row[f"spend_{YEAR}_high"] is None:
        parts.append(gettext("预计花 %(money)s（按他平均每次的金额，给不出范围）") % spend)
    else:
        spend |= {end: figures.yuan(row[f"spend_{YEAR}_{end}"]) for end in ("low", "high")}
        parts.append(gettext("预计花 %(money)s，十回里九回在 %(low)s – %(high)s 之间") % spend)
    return gettext("。").join(parts)


def _alive(row: dict[str, Any]) -> str:
    """The probability of still being a customer, with its interval where that is wider than what is printed."""
    share, *ends = (
        None if row[name] is None else figures.percent(row[name], 0)
        for name in ("p_alive", "p_alive_low", "p_alive_high")
    )
    if None in ends or ends[0] == ends[1]:
        return gettext("还是客户的可能 %(share)s") % {"share": share}
    between = {"share": share, "low": ends[0], "high": ends[1]}
    return gettext("还是客户的可能 %(share)s（九成把握在 %(low)s–%(high)s 之间）") % between


def orders_text(value: float) -> str:
    """Expected purchases: two digits below ten, else one."""
    return f"{value:.2f}" if value < 10 else f"{value:.1f}"


def _table(row: dict[str, Any]) -> ui.Table:
    rows = []
    for days in HORIZONS:
        high = row[f"spend_{days}_high"]
        between = (
            figures.NOTHING
            if high is None
            else f"{figures.cents(row[f'spend_{days}_low'])} – {figures.cents(high)}"
        )
        rows.append(
            ui.Row([
                gettext("%(n)s 天内") % {"n": days}, orders_text(row[f"orders_{days}"]),
                f"{row[f'orders_{days}_low']} – {row[f'orders_{days}_high']}",
                figures.cents(row[f"spend_{days}"]), between,
            ])
        )  # fmt: skip
    columns = [
        ui.Column("days", _("时间")),
        ui.Column("orders", _("预计次数"), "num"),
        ui.Column("orders_between", _("九成在"), "num"),
        ui.Column("spend", _("预计金额（元）"), "num"),
        ui.Column("spend_between", _("九成在"), "num"),
    ]
    return ui.Table(columns, rows, caption=_("预计会买多少"), cards=False)

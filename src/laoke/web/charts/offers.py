"""How the margin of a period changes when offers are laid over its orders."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext

from laoke.web import components as ui
from laoke.web import figures
from laoke.web.charts.bars import Change, waterfall
from laoke.web.charts.base import Option


def _steps(result: dict[str, Any]) -> list[tuple[str, int, bool]]:
    """(name, cents, is a total): margin then, what the offers change, margin with the offers. Exact by construction."""
    before, after = result["margin_before_cents"], result["margin_after_cents"]
    return [
        (gettext("当时毛利"), before, True),
        (gettext("优惠后变化"), after - before, False),
        (gettext("用上优惠"), after, True),
    ]


def money_flow(result: dict[str, Any]) -> tuple[Option, float]:
    """The waterfall in yuan, and where its axis begins: above zero only when both totals are far from it."""
    steps = _steps(result)
    low = min(cents for _, cents, total in steps if total) / 100
    change = abs(steps[1][1]) / 100
    cut = 0.0
    if low > 0 and change < low / 4:
        cut = float(int((low - 3 * change) // 1000 * 1000)) if low - 3 * change > 1000 else 0.0
    changes = [Change(name, cents / 100, total) for name, cents, total in steps]
    return waterfall(changes, label="wan", value="yuan", cut=cut), cut


def money_flow_table(result: dict[str, Any]) -> ui.Table:
    """The same steps in cents."""
    return ui.Table(
        columns=[ui.Column("step", gettext("步骤")), ui.Column("cents", gettext("金额（元）"), "num")],
        rows=[ui.Row([name, figures.cents(cents)]) for name, cents, _ in _steps(result)],
        caption=gettext("毛利怎么变的"),
        cards=False,
    )

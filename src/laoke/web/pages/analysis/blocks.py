"""What an analysis consists of: cards with a chart and its table, or a table alone, each as a workbook for who may."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from laoke.web import components as ui
from laoke.web.components.base import Component, Words


@dataclass(frozen=True)
class Foot(Component):
    """What is said below a card, and the way to its rows as a workbook."""

    template: ClassVar[str] = "analysis/foot.html"
    text: Words
    url: str


@dataclass(frozen=True)
class TableCard(Component):
    """A card that holds a table and nothing else."""

    template: ClassVar[str] = "analysis/table_card.html"
    title: Words
    sub: Words
    table: ui.Table
    foot: Foot | None


@dataclass(frozen=True)
class Block:
    """One card of an analysis. Without `option` it is its table; `whole` gives all rows where the card shows some.

    `cls` is its width in the grid; `label` the sentence read instead of the chart.
    """

    id: str
    title: Words
    table: ui.Table
    option: dict[str, Any] | None = None
    label: Words = ""
    sub: Words = ""
    legend: ui.Legend | None = None
    size: Literal["", "sm", "lg"] = ""
    foot: Words = ""
    empty: ui.Empty | None = None
    cls: str = "c12"
    whole: Callable[[], ui.Table] | None = None

    def card(self, export_url: str) -> Component:
        """The card; an empty address leaves the workbook out."""
        has_rows = bool(self.table.rows) and self.empty is None
        foot = Foot(self.foot, export_url if has_rows else "")
        shown = foot if self.foot or foot.url else None
        if self.option is None:
            return TableCard(self.title, self.sub, self.table, shown)
        return ui.ChartCard(
            self.id, self.title, self.option, self.table, label=self.label, sub=self.sub, legend=self.legend,
            size=self.size, foot=shown or "", empty=self.empty,
        )  # fmt: skip

    def rows(self) -> ui.Table:
        """The table with all its rows."""
        return self.whole() if self.whole is not None else self.table

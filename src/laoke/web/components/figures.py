"""Figures on a page: KPIs with their comparison, bars and shares, label and value lists."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from laoke.web.components.base import Component, Content, Words, percent_class
from laoke.web.components.words import Delta
from laoke.web.figures import Amount


@dataclass(frozen=True)
class Kpi(Component):
    """One headline figure: label, value, change with its basis, a line of help and up to 12 points of history.

    `id` is its place on the page; with `late` it comes with a later answer and takes that place.
    """

    template: ClassVar[str] = "components/kpi.html"
    label: Words
    value: Amount | str
    delta: Delta | None = None
    note: Content = ""
    spark: Sequence[float] = ()
    hint: Words = ""
    url: str = ""
    id: str = ""
    late: bool = False

    @property
    def amount(self) -> Amount:
        return self.value if isinstance(self.value, Amount) else Amount(self.value)

    @property
    def spark_points(self) -> str:
        """Points of the line in a box of 72 × 28, the lowest at 25 and the highest at 3."""
        low, high = min(self.spark), max(self.spark)
        span = (high - low) or 1
        step = 72 / max(1, len(self.spark) - 1)
        return " ".join(f"{i * step:.1f},{25 - 22 * (v - low) / span:.1f}" for i, v in enumerate(self.spark))

    @property
    def spark_end(self) -> str:
        return self.spark_points.rsplit(",", 1)[1]


@dataclass(frozen=True)
class Kpis(Component):
    """A block of 4, 6 or 8 figures; 2 and 3 also stand, 5 and 7 leave a hole."""

    template: ClassVar[str] = "components/kpis.html"
    kpis: Sequence[Kpi]


@dataclass(frozen=True)
class Facts(Component):
    """Label and value list."""

    template: ClassVar[str] = "components/facts.html"
    facts: Sequence[tuple[Words, Content]]


@dataclass(frozen=True)
class Meter(Component):
    """A share 0..100 as a thin bar with its figure beside it. `tone`: empty, w (warning), g (grey)."""

    template: ClassVar[str] = "components/meter.html"
    percent: float
    text: Words = ""
    label: Words = ""
    tone: str = ""

    @property
    def width(self) -> str:
        return percent_class("w", self.percent)


@dataclass(frozen=True)
class Part:
    """One part of a stacked bar; `key` is a series key: c0 … c8, c1-soft, ok, warn, bad, sunken."""

    label: Words
    value: float
    text: Words = ""
    key: str = "c1"


@dataclass(frozen=True)
class StackBar(Component):
    """Parts of a whole in one bar, with their figures as a legend."""

    template: ClassVar[str] = "components/stackbar.html"
    parts: Sequence[Part]
    label: Words = ""
    tall: bool = False
    legend: bool = True

    @property
    def shares(self) -> list[tuple[Part, float, str]]:
        total = sum(part.value for part in self.parts) or 1
        shares = [(part, 100 * part.value / total) for part in self.parts]
        return [(part, share, percent_class("w", share)) for part, share in shares]


@dataclass(frozen=True)
class Bar:
    """One row of a bar list: name, length, the figure, and a note such as a share or a change."""

    label: Content
    value: float
    text: Words
    note: Content = ""
    key: str = "c1"
    exact: Words = ""
    url: str = ""


@dataclass(frozen=True)
class BarList(Component):
    """Horizontal bars in a list; the longest fills the width unless `full` names what 100 % is."""

    template: ClassVar[str] = "components/barlist.html"
    bars: Sequence[Bar]
    full: float = 0

    @property
    def rows(self) -> list[tuple[Bar, float, str]]:
        full = self.full or max((abs(bar.value) for bar in self.bars), default=0) or 1
        widths = [(bar, 100 * abs(bar.value) / full) for bar in self.bars]
        return [(bar, width, percent_class("w", width)) for bar, width in widths]


@dataclass(frozen=True)
class Legend(Component):
    """What the colours of a chart mean: (words, series key, mark) with mark box, ln or dash."""

    template: ClassVar[str] = "components/legend.html"
    items: Sequence[tuple[Words, str, str]]

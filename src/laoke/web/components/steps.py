"""Things in order: tabs, steps of a campaign or round, a customer's history, a funnel, intervals, a price."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from laoke.web.components.base import Component, Content, Words, percent_class
from laoke.web.figures import MINUS, exact


@dataclass(frozen=True)
class Tab:
    """A view of the same object, with its count."""

    label: Words
    url: str
    current: bool = False
    count: Words = ""
    icon: str = ""


@dataclass(frozen=True)
class Tabs(Component):
    """Views inside one object, or saved views of a list."""

    template: ClassVar[str] = "components/tabs.html"
    tabs: Sequence[Tab]
    label: Words = ""


@dataclass(frozen=True)
class Step:
    """A state of a campaign or round with one fact."""

    label: Words
    fact: Words = ""
    state: Literal["", "done", "current"] = ""


@dataclass(frozen=True)
class Stepper(Component):
    """The states in order: done has a tick, the current one is filled."""

    template: ClassVar[str] = "components/stepper.html"
    steps: Sequence[Step]
    label: Words = ""


@dataclass(frozen=True)
class Moment:
    """One event: filled = money (key), ring = contact (empty), amber = trouble (warn), red ring = sale day (sale).

    `gap` alone writes the time between two orders.
    """

    title: Content = ""
    when: Words = ""
    note: Content = ""
    text: Content = ""
    kind: Literal["", "key", "warn", "sale"] = ""
    icon: str = ""
    gap: Words = ""
    url: str = ""


@dataclass(frozen=True)
class Timeline(Component):
    """Events, newest first."""

    template: ClassVar[str] = "components/timeline.html"
    moments: Sequence[Moment]


@dataclass(frozen=True)
class FunnelStep:
    """A sum (solid) or a loss (`lost`, hatched); `url` opens the people of it."""

    label: Words
    people: int
    lost: bool = False
    url: str = ""


@dataclass(frozen=True)
class FunnelRow:
    """A step with the place of its bar in percent of the first sum."""

    step: FunnelStep
    at: float
    width: float

    @property
    def text(self) -> str:
        return (MINUS if self.step.lost else "") + exact(self.step.people)

    @property
    def classes(self) -> str:
        return f"{percent_class('at', self.at)} {percent_class('w', self.width)}"


class UnevenFunnel(ValueError):
    """A sum of the funnel is not what the losses before it leave."""


@dataclass(frozen=True)
class Funnel(Component):
    """From a segment to the messages sent: losses always add up, or building it fails with `UnevenFunnel`."""

    template: ClassVar[str] = "components/funnel.html"
    steps: Sequence[FunnelStep]

    def __post_init__(self) -> None:
        left: int | None = None
        for step in self.steps:
            if step.lost and left is not None:
                left -= step.people
            elif left is not None and left != step.people:
                raise UnevenFunnel(f"{step.label}: {step.people}, expected {left} after the losses")
            else:
                left = step.people

    @property
    def rows(self) -> list[FunnelRow]:
        full = max(1, self.steps[0].people if self.steps else 1)
        rows, left = [], 0
        for step in self.steps:
            if step.lost:
                left -= step.people
                rows.append(FunnelRow(step, 100 * left / full, 100 * step.people / full))
            else:
                left = step.people
                rows.append(FunnelRow(step, 0, 100 * left / full))
        return rows


@dataclass(frozen=True)
class Forest(Component):
    """A point with its interval on a shared axis from `low` to `high`; hollow when the interval holds zero.

    Without an estimate `why_not` says why there is none.
    """

    template: ClassVar[str] = "components/forest.html"
    low: float
    high: float
    estimate: float | None = None
    interval: tuple[float, float] | None = None
    label: Words = ""
    why_not: Words = ""

    def place(self, value: float) -> float:
        """Where a value lies, in percent of the axis, cut at its ends."""
        span = (self.high - self.low) or 1
        return round(max(0.0, min(100.0, 100 * (value - self.low) / span)), 1)

    @property
    def zero(self) -> float:
        return self.place(0)

    @property
    def unclear(self) -> bool:
        return self.interval is not None and self.interval[0] <= 0 <= self.interval[1]

    @property
    def marks(self) -> dict[str, float]:
        """Percent for the SVG: point, start and length of the interval."""
        if self.estimate is None or self.interval is None:
            return {}
        start, end = self.place(self.interval[0]), self.place(self.interval[1])
        return {"point": self.place(self.estimate), "start": start, "end": end}


@dataclass(frozen=True)
class ForestAxis(Component):
    """The scale of a column of forest rows."""

    template: ClassVar[str] = "components/forest_axis.html"
    low: float
    high: float
    ticks: Sequence[float]

    @property
    def places(self) -> list[tuple[str, float]]:
        span = (self.high - self.low) or 1
        return [(exact(tick), round(100 * (tick - self.low) / span, 1)) for tick in self.ticks]


@dataclass(frozen=True)
class TraceStep:
    """A step of a price: what, how much (text in yuan), by which rule; totals are tinted."""

    label: Words
    amount: str
    rule: Words = ""
    total: bool = False
    tone: Literal["", "ok", "bad"] = ""


@dataclass(frozen=True)
class PriceTrace(Component):
    """How one order came to its price: one box per step."""

    template: ClassVar[str] = "components/trace.html"
    steps: Sequence[TraceStep]
    note: Words = ""

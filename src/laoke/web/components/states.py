"""The states a page or card can be in when it has nothing, too little, or not yet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from laoke.web.components.base import Component, Words, percent_class
from laoke.web.components.words import Action


@dataclass(frozen=True)
class Empty(Component):
    """Nothing there yet: a line drawing, one sentence, one button."""

    template: ClassVar[str] = "components/empty.html"
    title: Words
    text: Words = ""
    action: Action | None = None
    drawing: Literal["chart", "lens", "lock"] = "chart"


@dataclass(frozen=True)
class FilteredOut(Empty):
    """Filtered to nothing: says which condition to drop and what that would give."""

    drawing: Literal["chart", "lens", "lock"] = "lens"


@dataclass(frozen=True)
class NotAllowed(Empty):
    """Partial permission: what one may not see, and whom to ask."""

    drawing: Literal["chart", "lens", "lock"] = "lock"


@dataclass(frozen=True)
class Loading(Component):
    """A skeleton of the final size, seen after 400 ms. With `url` it is replaced by what that address answers."""

    template: ClassVar[str] = "components/loading.html"
    lines: Sequence[int] = (40, 100, 85, 92, 60)
    url: str = ""


@dataclass(frozen=True)
class Trouble(Component):
    """An error: what happened, what was not lost, what to do, and a short code for whoever looks into it."""

    template: ClassVar[str] = "components/trouble.html"
    title: Words
    text: Words
    code: str = ""
    again_url: str = ""


@dataclass(frozen=True)
class Stale(Component):
    """The figures are old: since when, and why if known."""

    template: ClassVar[str] = "components/stale.html"
    text: Words


@dataclass(frozen=True)
class Progress(Component):
    """Running work: what, n of m, time left, how to cancel and what cancelling leaves behind.

    With `poll_url` the element asks for itself again every 2 s until the answer has no `poll_url`.
    """

    template: ClassVar[str] = "components/progress.html"
    what: Words
    percent: float
    note: Words = ""
    cancel_url: str = ""
    cancel_note: Words = ""
    poll_url: str = ""

    @property
    def width(self) -> str:
        return percent_class("w", self.percent)

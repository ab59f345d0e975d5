"""Words with a shape: tags, states, changes, people, notices. Colour never stands alone here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from laoke.web.components.base import Component, Content, Words

Tone = Literal["", "brand", "ok", "warn", "bad", "line"]
State = Literal["", "ok", "run", "warn", "bad"]

NOTICE_ICONS = {"": "info", "ok": "ok", "warn": "warn", "bad": "bad"}


@dataclass(frozen=True)
class Icon(Component):
    """A drawing of `icons.svg`; with a label it is read aloud, without one it is ornament."""

    template: ClassVar[str] = "components/icon.html"
    name: str
    label: Words = ""
    tone: str = ""


@dataclass(frozen=True)
class Tag(Component):
    """A fact in a small box. Trouble and success carry their word, never the colour alone."""

    template: ClassVar[str] = "components/tag.html"
    text: Words
    tone: Tone = ""
    icon: str = ""


@dataclass(frozen=True)
class Tags(Component):
    """Several tags in a row."""

    template: ClassVar[str] = "components/tags.html"
    tags: Sequence[Tag]


@dataclass(frozen=True)
class Status(Component):
    """A state with its shape: ● ok, ◐ run, ▲ warn, ◆ bad, ○ waiting (empty)."""

    template: ClassVar[str] = "components/status.html"
    text: Words
    state: State = ""


@dataclass(frozen=True)
class Delta(Component):
    """A change with its basis: `Delta(12.6, "12.6%", "比去年同期")` prints ▲12.6% 比去年同期.

    The sign of `change` chooses the arrow; the text has no sign. None means there is nothing to compare with.
    """

    template: ClassVar[str] = "components/delta.html"
    change: float | None
    text: Words
    basis: Words = ""

    @property
    def direction(self) -> str:
        if self.change is None or self.change == 0:
            return "flat"
        return "up" if self.change > 0 else "down"


@dataclass(frozen=True)
class Who(Component):
    """A colleague: round initial and name."""

    template: ClassVar[str] = "components/who.html"
    name: str
    note: Words = ""

    @property
    def initial(self) -> str:
        return self.name[:1]

    @property
    def shade(self) -> str:
        return ("", "b", "c", "d")[sum(map(ord, self.name)) % 4]


@dataclass(frozen=True)
class Action(Component):
    """A button or link, named by verb and object. `kind`: primary, quiet, danger, danger solid, or none.

    With `url` and `method` "get" it is a link; with "post" a small form; with `dialog` it opens that dialog. `why_not`
    disables it and says why.
    """

    template: ClassVar[str] = "components/action.html"
    label: Words
    url: str = ""
    kind: str = ""
    icon: str = ""
    method: Literal["get", "post"] = "get"
    dialog: str = ""
    why_not: Words = ""
    small: bool = False
    grow: bool = False
    hidden: Sequence[tuple[str, str]] = ()
    busy_label: Words = ""


@dataclass(frozen=True)
class Notice(Component):
    """What remains true on the page. `tone`: empty (news), ok, warn, bad."""

    template: ClassVar[str] = "components/notice.html"
    text: Content
    title: Words = ""
    tone: Literal["", "ok", "warn", "bad"] = ""
    code: str = ""
    action: Action | None = None

    @property
    def icon(self) -> str:
        return NOTICE_ICONS[self.tone]


@dataclass(frozen=True)
class Toast(Component):
    """A short message at the bottom left for 6 s (trouble stays), with 撤回 when `undo_url` is given."""

    template: ClassVar[str] = "components/toast.html"
    text: Words
    tone: Literal["", "ok", "warn", "bad"] = "ok"
    undo_url: str = ""

    @property
    def icon(self) -> str:
        return NOTICE_ICONS[self.tone]

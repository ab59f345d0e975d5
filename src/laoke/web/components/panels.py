"""Things that hold other things: a chart with its table, a question before what cannot be undone, the palette."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from django.utils.safestring import SafeString, mark_safe

from laoke.web.components.base import Component, Content, Words
from laoke.web.components.figures import Facts, Legend
from laoke.web.components.states import Empty
from laoke.web.components.tables import Table
from laoke.web.components.words import Action

# What would end a script element or open a comment, as JSON escapes: the element then holds data only.
_JSON_ESCAPES = {ord("<"): "\\u003C", ord(">"): "\\u003E", ord("&"): "\\u0026"}


@dataclass(frozen=True)
class ChartCard(Component):
    """A card with a chart and, behind 图 | 表, the table of the same numbers.

    `id` is unique on the page; `option` comes from `laoke.web.charts`; `label` is the sentence read instead of the
    picture. `size`: sm 160, empty 260, lg 340 px high.
    """

    template: ClassVar[str] = "components/chart_card.html"
    id: str
    title: Words
    option: dict[str, object]
    table: Table
    label: Words
    sub: Words = ""
    legend: Legend | None = None
    size: Literal["", "sm", "lg"] = ""
    foot: Content = ""
    empty: Empty | None = None

    @property
    def option_json(self) -> SafeString:
        text = json.dumps(self.option, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        return mark_safe(text.translate(_JSON_ESCAPES))


@dataclass(frozen=True)
class Dialog(Component):
    """A question before something that cannot be undone or costs money.

    The title asks, `will` says who, when, what it costs and whether it can be taken back, the button is named after the
    act and carries the number when it is large. Opened by any element with `data-dialog-open="<id>"`.
    """

    template: ClassVar[str] = "components/dialog.html"
    id: str
    title: Words
    confirm: Words
    url: str
    will: Facts | None = None
    text: Content = ""
    cancel: Words = ""
    danger: bool = False
    hidden: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True)
class PaletteItem:
    """A place or command found: words, a note on the right, keys if it has any."""

    label: Words
    url: str
    icon: str = "right"
    note: Words = ""
    keys: Sequence[str] = ()


@dataclass(frozen=True)
class PaletteResults(Component):
    """What the palette's address answers: groups of places (customers, orders, campaigns, pages, commands)."""

    template: ClassVar[str] = "components/palette_results.html"
    groups: Sequence[tuple[Words, Sequence[PaletteItem]]]
    query: str = ""


@dataclass(frozen=True)
class Todo:
    """A line of a list that asks for something: what, why, one button."""

    text: Content
    note: Content = ""
    icon: str = ""
    tone: Literal["", "ok", "warn", "bad", "run"] = ""
    action: Action | None = None
    value: Content = ""
    url: str = ""


@dataclass(frozen=True)
class TodoList(Component):
    """Lines with icon, sentence, reason and what to do: 等你处理, 还缺什么, checks before sending."""

    template: ClassVar[str] = "components/todo_list.html"
    items: Sequence[Todo]
    empty: Words = ""

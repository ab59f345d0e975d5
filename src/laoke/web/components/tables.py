"""Lists: a table that folds its least important columns, its filter bar, its pager and what one does with many rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

from django.http import QueryDict

from laoke.web.components.base import Component, Content, Words
from laoke.web.components.states import Empty
from laoke.web.components.words import Action


@dataclass(frozen=True)
class Column:
    """A column of a table.

    kind      empty for text, `num` for figures (right-aligned), `min`, `nowrap`, `wrap`
    sort      key for the address; empty means it cannot be sorted
    priority  1 always stays; 3 folds first and 2 next when the table is narrow
    card      place when a row becomes a card on a phone: "" (next line), `hide`, `end` (right), `wide`, `1`, `2`
    label_on_card  the small word before the value on a card
    """

    key: str
    label: Words
    kind: Literal["", "num", "min", "nowrap", "wrap"] = ""
    sort: str = ""
    priority: Literal[1, 2, 3] = 1
    card: Literal["", "hide", "end", "wide", "1", "2"] = ""
    label_on_card: Words = ""
    hint: Words = ""

    @property
    def classes(self) -> str:
        names = [
            self.kind,
            f"p{self.priority}" if self.priority > 1 else "",
            f"m-{self.card}" if self.card else "",
        ]
        return " ".join(filter(None, names))

    @property
    def head_classes(self) -> str:
        return " ".join(filter(None, ["num" if self.kind == "num" else "", f"p{self.priority}"]))


@dataclass(frozen=True)
class Cell:
    """One value. `tone`: muted, bad (a loss), warn, ok, b (bold), best (the tinted column of a comparison)."""

    value: Content
    sub: Content = ""
    url: str = ""
    title: Words = ""
    tone: str = ""
    extra: Content = ""

    @property
    def tone_class(self) -> str:
        return f"c-{self.tone}" if self.tone in ("bad", "warn", "ok", "up", "down", "brand") else self.tone


CellValue = Cell | Content


@dataclass(frozen=True)
class Row:
    """One line. `id` makes it selectable in a table that allows it; `url` is where Enter leads."""

    cells: Sequence[CellValue]
    id: str = ""
    name: Words = ""
    url: str = ""
    selected: bool = False


@dataclass(frozen=True)
class Sort:
    """The order in force: the key of a column and the direction."""

    key: str
    descending: bool = True

    @classmethod
    def parse(cls, text: str, allowed: Sequence[str], default: str) -> Sort:
        """Read `-paid` or `paid` from the address; anything not allowed gives the default."""
        chosen = text if text.lstrip("-") in allowed else default
        return cls(chosen.lstrip("-"), chosen.startswith("-"))

    @property
    def text(self) -> str:
        return ("-" if self.descending else "") + self.key

    @property
    def aria(self) -> str:
        return "descending" if self.descending else "ascending"


@dataclass(frozen=True)
class Head:
    """A column's head with the address that sorts by it."""

    column: Column
    href: str = ""
    aria_sort: str = ""


@dataclass(frozen=True)
class Pager(Component):
    """Keyset paging: previous, next, what order, how many. Never page numbers."""

    template: ClassVar[str] = "components/pager.html"
    previous_url: str = ""
    next_url: str = ""
    order: Words = ""
    count: Words = ""


@dataclass(frozen=True)
class Table(Component):
    """A list of rows under heads.

    `query` is the address's query of this page (`request.GET.urlencode()`); sorting keeps it and drops the paging keys.
    `target` is the CSS selector HTMX replaces on sorting and paging; without it links load the page.
    `empty` is shown instead of rows when there are none.
    """

    template: ClassVar[str] = "components/table.html"
    columns: Sequence[Column]
    rows: Sequence[Row]
    caption: Words = ""
    sort: Sort | None = None
    query: str = ""
    target: str = ""
    foot: Sequence[CellValue] = ()
    empty: Empty | None = None
    pager: Pager | None = None
    selectable: bool = False
    cards: bool = True
    stick_first: bool = False
    roomy: bool = False
    compare: bool = False
    tall: bool = False

    def __post_init__(self) -> None:
        for row in (*self.rows, *([Row(self.foot)] if self.foot else [])):
            if len(row.cells) != len(self.columns):
                raise ValueError(
                    f"a row has {len(row.cells)} cells, the table has {len(self.columns)} columns"
                )

    @property
    def classes(self) -> str:
        flags = {
            "cards": self.cards,
            "stick1": self.stick_first,
            "roomy": self.roomy,
            "cmp": self.compare,
        }
        return " ".join(["table", *(name for name, on in flags.items() if on)])

    @property
    def heads(self) -> list[Head]:
        heads = []
        for column in self.columns:
            if not column.sort:
                heads.append(Head(column))
                continue
            current = self.sort if self.sort and self.sort.key == column.sort else None
            chosen = Sort(column.sort, not current.descending if current else column.kind == "num")
            href = query_with(self.query, sort=chosen.text, after=None, before=None)
            heads.append(Head(column, href, current.aria if current else ""))
        return heads

    @property
    def lines(self) -> list[tuple[Row, list[tuple[Column, Cell]]]]:
        return [(row, self._paired(row)) for row in self.rows]

    @property
    def foot_cells(self) -> list[tuple[Column, Cell]]:
        made = [cell if isinstance(cell, Cell) else Cell(cell) for cell in self.foot]
        return list(zip(self.columns, made, strict=True))

    def _paired(self, row: Row) -> list[tuple[Column, Cell]]:
        made = [cell if isinstance(cell, Cell) else Cell(cell) for cell in row.cells]
        return list(zip(self.columns, [_never_blank(cell) for cell in made], strict=True))


def _never_blank(cell: Cell) -> Cell:
    """Empty is 「—」, never blank; a cell that has something beside its value may stay without one."""
    if cell.value == "" and not cell.extra and not cell.sub:
        return replace(cell, value="—", tone=cell.tone or "muted")
    return cell


def query_with(query: str, **changes: str | None) -> str:
    """`?…` with some keys replaced, or dropped when their value is None; other keys keep their order."""
    values = QueryDict(query, mutable=True)
    for key, value in changes.items():
        values.pop(key, None)
        if value is not None:
            values[key] = value
    return "?" + values.urlencode()


@dataclass(frozen=True)
class Chip:
    """One condition in force: 生命周期 **沉默** ×; `off_url` is the list without it."""

    label: Words
    value: Words
    off_url: str


@dataclass(frozen=True)
class Filters(Component):
    """The bar above a list: search, conditions in force, one more condition, the live count, columns, export.

    `keep` are query keys that the search form sends along. `add` opens a dialog or page with the conditions. `export`
    is where the same list comes as a workbook.
    """

    template: ClassVar[str] = "components/filters.html"
    search_name: str = "q"
    search_value: str = ""
    search_label: Words = ""
    chips: Sequence[Chip] = ()
    keep: Sequence[tuple[str, str]] = ()
    add: Action | None = None
    count: Words = ""
    actions: Sequence[Action] = ()
    export: str = ""
    target: str = ""


@dataclass(frozen=True)
class Bulk(Component):
    """What one does with the chosen rows. It stands hidden until a row is chosen and counts them itself.

    Each action posts the ids as `ids`, or `all=1` with the list's query when everything was chosen.
    `form` is the id of the form that wraps the table.
    """

    template: ClassVar[str] = "components/bulk.html"
    form: str
    actions: Sequence[Action]
    noun: Words
    all_count: Words = ""

"""A price sheet as a file, both ways, and competitors' prices that come as one.

What is uploaded is laid over the newest version row by row: columns that the file lacks stay as they are, items that it
does not name stay, a row that cannot be read changes nothing and is told with what was found and what was expected.

    FileRefused   columns (nothing names an item, or says anything of it), competitor_columns, empty, too_long;
                  what is no table at all is an IntakeRefused
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import date
from pathlib import Path
from typing import Any

from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from laoke.campaigns.price_columns import (
    COMPETITOR_COLUMNS,
    ITEM_COLUMNS,
    NAMING,
)
from laoke.campaigns.price_sheets import MOST_ITEMS
from laoke.campaigns.table_files import (
    FileRefused,
    FileRows,
    RefusedRow,
    columns_at,
    read_row,
    rows_of,
)
from laoke.money import FULL_BP
from laoke.promotions.ladder import Competitor, Item, Key, Terms

FIELDS = {one.name for one in fields(Item)}
NAMES = tuple(one.name for one in NAMING)


@dataclass(frozen=True)
class Change:
    """An item that the file changes: as it is (None when it is new) and as it would be, with the fields that differ."""

    old: Item | None
    new: Item
    names: tuple[str, ...]


@dataclass
class Laid:
    """A file laid over a sheet. `items` is the sheet as it would be; `absent` are items that the file does not name."""

    header: tuple[str, ...]
    items: list[Item] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    unchanged: int = 0
    absent: list[Item] = field(default_factory=list)
    refused: list[RefusedRow] = field(default_factory=list)

    @property
    def without_absent(self) -> list[Item]:
        """The items if those that the file does not name are taken out."""
        gone = {one.key for one in self.absent}
        return [one for one in self.items if one.key not in gone]


@dataclass
class Seen:
    """A file of competitors' prices: those of items of the sheet, and the rows that are not taken."""

    header: tuple[str, ...]
    prices: dict[Key, list[Competitor]] = field(default_factory=dict)
    refused: list[RefusedRow] = field(default_factory=list)

    @property
    def count(self) -> int:
        return sum(map(len, self.prices.values()))


def read_file(path: Path, items: Sequence[Item], terms: Terms, today: date) -> Laid | Seen:
    """A CSV or Excel file: competitors' prices when it has a column of competitors, else items.

    Raises
    ------
    FileRefused, IntakeRefused
    """
    rows = _rows(path)
    at = columns_at(COMPETITOR_COLUMNS, rows.header)
    if "competitor" in at:
        return _seen(rows, at, items, today)
    at = columns_at(ITEM_COLUMNS, rows.header)
    if not at.keys() & {"product_id", "title"} or not at.keys() - {one.name for one in NAMING}:
        raise FileRefused("columns", found=list(rows.header))
    return _laid(rows, at, items, terms)


def _rows(path: Path) -> FileRows:
    return rows_of(
        path, {head for one in (*ITEM_COLUMNS, *COMPETITOR_COLUMNS) for head in (str(one.head), *one.others)}
    )


def _laid(rows: FileRows, at: Mapping[str, int], items: Sequence[Item], terms: Terms) -> Laid:
    laid, names_of = Laid(rows.header), _Names(items)
    held = {one.key: one for one in items}
    named: dict[Key, int] = {}
    for line, row in rows.lines:
        read = read_row(ITEM_COLUMNS, at, line, row)
        if isinstance(read, RefusedRow):
            laid.refused.append(read)
            continue
        key = names_of.find(read) or _key_of(read)
        refused = _unfit(read, key, held, named, terms, (line, row))
        if refused is not None:
            laid.refused.append(refused)
            continue
        old = held.get(key)
        new = _with(old, read)
        named[key] = line
        names = tuple(name for name in read if old is None or getattr(old, name) != getattr(new, name))
        if old is None or names:
            laid.changes.append(Change(old, new, names))
        else:
            laid.unchanged += 1
        held[key] = new
    laid.items = list(held.values())
    # A row that could not be read names its item all the same: it is not one that the file leaves out.
    refused_keys = {
        names_of.find(told) or _key_of(told) for told in (_naming(at, one.row) for one in laid.refused)
    }
    laid.absent = [one for one in items if one.key not in named and one.key not in refused_keys]
    return laid


def _unfit(
    read: dict[str, Any],
    key: Key,
    held: Mapping[Key, Item],
    named: Mapping[Key, int],
    terms: Terms,
    where: tuple[int, tuple[str, ...]],
) -> RefusedRow | None:
    """Why a row of readable cells is not taken."""
    line, row = where

    def refused(column: Promise, found: str, expected: Promise | str) -> RefusedRow:
        return RefusedRow(line, column, found, expected, row)

    if not key.product_id and not key.title:
        return refused(NAMING[0].head, "", _("商品编号或名称"))
    if key in named:
        return refused(
            NAMING[0].head,
            key.product_id or key.title,
            format_lazy(_("每件写一行；第 {line} 行已经有它"), line=named[key]),
        )
    new = _with(held.get(key), read)
    if new.price_cents <= 0:
        return refused(_("活动价（元）"), "", _("新加的一件要写活动价"))
    fee = terms.fee_bp if new.fee_bp is None else new.fee_bp
    wanted = terms.margin_bp if new.margin_bp is None else new.margin_bp
    if fee + wanted >= FULL_BP:
        return refused(_("想要的毛利率（%）"), f"{(fee + wanted) / 100:g}%", _("扣点和毛利率加起来不到 100%"))
    if key not in held and len(held) >= MOST_ITEMS:
        return refused(NAMING[0].head, key.product_id or key.title, _("一张价格表最多 1000 件"))
    return None


def _with(old: Item | None, read: Mapping[str, Any]) -> Item:
    """The item with what the file says; an empty cell says that there is nothing, a missing column says nothing."""
    # Which item it is cannot be taken away: a row that names it by its title alone keeps its number.
    given = {name: value for name, value in read.items() if name in FIELDS and (value or name not in NAMES)}
    if given.get("price_cents") is None:
        # A price cannot be taken away: an item without one would not be on the sheet.
        given["price_cents"] = old.price_cents if old else 0
    if old is not None:
        return replace(old, **given)
    return Item(**{"product_id": "", "title": "", **given})


def _key_of(read: Mapping[str, Any]) -> Key:
    return Key.of(read.get("product_id", ""), read.get("sku", ""), read.get("title", ""))


def _naming(at: Mapping[str, int], row: Sequence[str]) -> dict[str, str]:
    """What a row says of which item it is."""
    return {name: row[at[name]] if name in at and at[name] < len(row) else "" for name in NAMES}


def _seen(rows: FileRows, at: Mapping[str, int], items: Sequence[Item], today: date) -> Seen:
    missing = [one.head for one in COMPETITOR_COLUMNS[len(NAMING) :] if one.name not in at]
    if missing or not at.keys() & {"product_id", "title"}:
        raise FileRefused(
            "competitor_columns", missing=[str(head) for head in missing], found=list(rows.header)
        )
    names, seen = _Names(items), Seen(rows.header)
    for line, row in rows.lines:
        read = read_row(COMPETITOR_COLUMNS, at, line, row)
        if isinstance(read, RefusedRow):
            seen.refused.append(read)
            continue
        key = names.find(read)
        why = next(_wrong_price(read, key, today), None)
        if why is not None or key is None:
            column, found, expected = why or (NAMING[0].head, "", _("商品编号或名称"))
            seen.refused.append(RefusedRow(line, column, found, expected, row))
            continue
        one = Competitor(read["competitor"], read["price_cents"], read["seen_on"], read["source"])
        seen.prices.setdefault(key, []).append(one)
    return seen


class _Names:
    """The items of a sheet by what a competitor's row may call them: by number and variant, by number, by title."""

    def __init__(self, items: Iterable[Item]) -> None:
        self._by_key: dict[Key, Key] = {}
        self._by_title: dict[str, Key] = {}
        for one in items:
            self._by_key[one.key] = one.key
            self._by_title.setdefault(one.title, one.key)

    def find(self, read: Mapping[str, Any]) -> Key | None:
        key = self._by_key.get(_key_of(read))
        return key if key is not None or read.get("product_id") else self._by_title.get(read.get("title", ""))


def _wrong_price(
    read: Mapping[str, Any], key: Key | None, today: date
) -> Iterator[tuple[Promise, str, Promise | str]]:
    heads = {one.name: one.head for one in COMPETITOR_COLUMNS}
    if key is None:
        given = read.get("product_id") or read.get("title") or ""
        yield heads["product_id"], given, _("这张价格表里有的商品")
    for name, wanted in (
        ("competitor", _("对手的店名")),
        ("price_cents", _("大于 0 的金额，例如 39.90")),
        ("seen_on", _("日期，例如 2026-11-01")),
        ("source", _("在哪看到的，例如网址")),
    ):
        if not read[name]:
            yield heads[name], "", wanted
    if read["seen_on"] and read["seen_on"] > today:
        yield heads["seen_on"], f"{read['seen_on']:%Y-%m-%d}", _("今天或更早的日期")

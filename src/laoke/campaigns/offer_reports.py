"""Reports of the back office as files: how many of each offer were issued, taken and used, by the layouts of `intake`.

A row is put to the offer of the campaign that bears its number, else to the one of its name. A row that cannot be read,
or that speaks of an offer twice, is put aside; rows of other offers are counted and passed over.

    FileRefused   columns (what is needed was not found), duplicate (a column that would have to be chosen), ids
                  (numbers that Excel has damaged), empty, too_long
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from pathlib import Path

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from laoke.campaigns.table_files import FileRefused, FileRows, RefusedRow, rows_of
from laoke.intake.reading.cells import EMPTY, EPOCH, OK, decimal_units, time_micros
from laoke.intake.reading.profiles import (
    Recognition,
    layout_of,
    normal_name,
    recognise_report,
    report_profiles,
)
from laoke.intake.reading.refusals import IntakeRefused
from laoke.intake.reading.roles import Grain, missing_roles, roles_of
from laoke.promotions.models import Offer
from laoke.promotions.setups import LARGEST, Counts

GRAIN: Grain = "offer_report"
ROLE_NAMES = tuple(role.name for role in roles_of(GRAIN))
COUNTS = ("issued", "taken", "used")
# What Excel makes of a number with more digits than it holds.
_DAMAGED = re.compile(r"\d(\.\d+)?[eE]\+?\d+")


class _Wrong(Exception):
    """Why a row is put aside: the role of the cell, what stands there, what was expected."""

    def __init__(self, role: str, found: str, expected: Promise) -> None:
        super().__init__(role)
        self.role, self.found, self.expected = role, found, expected


@dataclass(frozen=True)
class ReportRow:
    """One row of the file that speaks of an offer, by its number or by its name."""

    line: int
    offer: Offer
    by_number: bool
    counts: Counts
    as_of: datetime


@dataclass
class ReadReport:
    """A file of the back office. `mapping` {role: column} is how it was read; `missing` are roles without which it
    cannot be: then nothing else is filled, and somebody has to say which column is which."""

    header: tuple[str, ...]
    recognition: Recognition | None
    mapping: dict[str, str]
    missing: tuple[str, ...] = ()
    rows: list[ReportRow] = field(default_factory=list)
    refused: list[RefusedRow] = field(default_factory=list)
    others: int = 0


def read_report(
    path: Path,
    offers: Sequence[Offer],
    until: datetime,
    now: datetime,
    mapping: Mapping[str, str] | None = None,
) -> ReadReport:
    """Read a file. `until` is up to when rows count that do not say it; `mapping` overrides what is recognised.

    Raises
    ------
    FileRefused, IntakeRefused
    """
    names = {
        head for profile in report_profiles().values() for found in profile.names.values() for head in found
    }
    table = rows_of(path, names | set((mapping or {}).values()))
    recognition = next(iter(recognise_report(table.header)), None)
    chosen = dict(mapping) if mapping is not None else dict(recognition.mapping) if recognition else {}
    missing = missing_roles(set(chosen), GRAIN)
    if missing:
        return ReadReport(table.header, recognition, chosen, missing)
    at = _places(table.header, chosen)
    read = ReadReport(table.header, recognition, chosen)
    _fill(read, table, at, offers, until, now)
    return read


def _places(header: Sequence[str], mapping: Mapping[str, str]) -> dict[str, int]:
    try:
        return layout_of(header, mapping, id=GRAIN, grain=GRAIN).columns
    except IntakeRefused as refused:
        if refused.code == "duplicate_column":
            raise FileRefused("duplicate", column=str(refused.params["column"])) from None
        raise FileRefused("columns", found=[one for one in header if normal_name(one)]) from None


class _Offers:
    """The offers of a campaign as a row may call them."""

    def __init__(self, rows: Sequence[Offer]) -> None:
        self._by_number = {row.platform_activity_id: row for row in rows if row.platform_activity_id}
        self._by_name: dict[str, list[Offer]] = {}
        for row in rows:
            self._by_name.setdefault(normal_name(row.name), []).append(row)

    def of(self, number: str, name: str) -> Offer | None:
        """Whose row it is; None for another's. A number that is not the one noted for that name is another's."""
        if number in self._by_number:
            return self._by_number[number]
        named = [
            row
            for row in self._by_name.get(normal_name(name), [])
            if not (number and row.platform_activity_id)
        ]
        if len(named) > 1:
            raise _Wrong("offer_name", name, _("活动里只有一个优惠叫这个名字；先给它们记下活动号"))
        return named[0] if named else None


def _fill(
    read: ReadReport,
    table: FileRows,
    at: Mapping[str, int],
    rows: Sequence[Offer],
    until: datetime,
    now: datetime,
) -> None:
    offers, said = _Offers(rows), set[int]()
    for line, cells in table.lines:
        told = {name: cells[place] if place < len(cells) else "" for name, place in at.items()}
        number = told.get("activity_id", "")
        if _DAMAGED.fullmatch(number):
            raise FileRefused("ids", line=line, column=read.mapping["activity_id"], found=number)
        try:
            offer = offers.of(number, told.get("offer_name", ""))
            if offer is None:
                read.others += 1
                continue
            counts, as_of = _counts(told, table.from_sheet, until, now)
            if offer.pk in said:
                role = "activity_id" if number else "offer_name"
                raise _Wrong(role, told[role], _("一个优惠写一行，留合计的那一行"))
        except _Wrong as wrong:
            column = read.mapping[wrong.role]
            read.refused.append(RefusedRow(line, column, wrong.found, wrong.expected, cells))
            continue
        said.add(offer.pk)
        read.rows.append(ReportRow(line, offer, number == offer.platform_activity_id != "", counts, as_of))


def _counts(
    told: Mapping[str, str], from_sheet: bool, until: datetime, now: datetime
) -> tuple[Counts, datetime]:
    """The figures of a row, and until when they count."""
    found: dict[str, int] = {}
    for name in COUNTS:
        value, state = decimal_units(told.get(name, ""), 0)
        if state == EMPTY:
            continue
        if state != OK or not 0 <= value <= LARGEST:
            raise _Wrong(name, told[name], _("不小于 0 的整数，例如 1200"))
        found[name] = value
    if not found:
        raise _Wrong(next(one for one in COUNTS if one in told), "", _("至少写一个数：发行、领取或使用"))
    return Counts(**found), _until(told.get("counted_until", ""), from_sheet, until, now)


def _until(cell: str, from_sheet: bool, until: datetime, now: datetime) -> datetime:
    micros, state = time_micros(cell, serials=from_sheet)
    if state == EMPTY:
        return until
    if state != OK:
        raise _Wrong("counted_until", cell, _("时间，例如 2026-11-12 或 2026-11-12 10:00"))
    at = EPOCH + timedelta(microseconds=micros)
    if at > now:
        raise _Wrong("counted_until", cell, _("今天或更早的时间"))
    # A day alone: what was counted on it is in.
    return min(at + timedelta(days=1), now) if at.time() == time() else at

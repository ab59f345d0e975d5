"""Known layouts as data (`intake/layouts/*.toml`), and how a header is matched to one or to a given mapping.

Columns are found by name, never by position. A name may occur twice; only when a role would have to choose
between the two is the file refused.
"""

from __future__ import annotations

import tomllib
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import resources
from typing import Any

from laoke.intake.reading.kinds import FACT_KINDS
from laoke.intake.reading.refusals import IntakeRefused
from laoke.intake.reading.roles import ROLES, Grain, missing_roles, plays

_BRACKETS = str.maketrans("（）［］【】：", "()[][]:")
# A fact file is recognised when it shares so much with its profile, or when so many of its columns are used.
_LIKE, _USED = 0.4, 0.5
# An incomplete header that shares less with a profile is not of its kind: what it lacks says nothing.
_NEAR = 0.2
_NEED_ONE_COLUMN = frozenset({"id", "money", "time", "count"})

SHOP_ZONE = "Asia/Shanghai"

# What a profile may say of its rows in [rows], and the values each takes (docs/reference/layouts.md, rule 12).
_ROW_RULES: dict[str, tuple[str, ...]] = {
    "money": ("order", "line"),
    "order_id": ("carried",),
    "date_in_id": ("yymmdd",),
    "without_goods": ("allowed",),
    "paid_told_by": ("status",),
}


def normal_name(name: str) -> str:
    """A header name without blanks, byte order mark and quoting, brackets and letters in half width."""
    name = unicodedata.normalize("NFKC", name.strip().strip("\ufeff")).translate(_BRACKETS)
    if name.startswith('="') and name.endswith('"'):
        name = name[2:-1]
    return "".join(
        character for character in name if not character.isspace() and character not in "\ufeff\u200b'\""
    )


@dataclass(frozen=True)
class Part:
    """One of the files that a platform spreads its orders over, known by the columns it cannot do without.

    `sums` are added up by order, so that the part has one row of each. `totals` {new column: column} are sums of the
    order beside each of its rows; `fixed` {new column: text} are what every row tells without writing it.
    """

    zh: str
    en: str
    needs: tuple[str, ...]
    sums: tuple[str, ...] = ()
    totals: Mapping[str, str] = field(default_factory=dict)
    fixed: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Profile:
    """One known layout: which header names fill which role, and what is particular about its rows.

    `rows` says how an order stands in its rows, `sure` how well its names and their meaning are known. Where one file
    alone tells too little, `parts` are those that are joined by the column `key`, the one with the orders first.
    """

    id: str
    platform: str
    title_zh: str
    title_en: str
    years: str
    source: str
    grain: Grain
    header: tuple[str, ...]
    names: dict[str, tuple[str, ...]]
    marks: dict[str, str] = field(default_factory=dict)
    rows: dict[str, str] = field(default_factory=dict)
    sure: str = "high"
    key: str = ""
    parts: tuple[Part, ...] = ()


@dataclass(frozen=True)
class Layout:
    """A header made readable: role → column, how wide a row is, what stands between cells, whether numbers may
    be Excel's day serials, how an order stands in its rows, the zone of the shop's clock, and after which moment
    (microseconds) nothing can have happened yet."""

    id: str
    grain: Grain
    columns: dict[str, int]
    width: int
    header: tuple[str, ...]
    serials: bool = False
    marks: Mapping[str, str] = field(default_factory=dict)
    delimiter: str = ","
    rows: Mapping[str, str] = field(default_factory=dict)
    zone: str = SHOP_ZONE
    latest: int | None = None

    def has(self, role: str) -> bool:
        return role in self.columns


@dataclass(frozen=True)
class Recognition:
    """How well a header fits a profile. `mapping` is role → header name as in the file; best score first.

    `missing` are roles without which the file cannot be read, `unused` the columns no role takes.
    """

    profile: Profile
    score: float
    mapping: dict[str, str]
    missing: tuple[str, ...]
    unused: tuple[str, ...]

    @property
    def is_near(self) -> bool:
        """Whether it is worth telling what the header lacks to be of this profile."""
        return self.complete or self.score >= _NEAR

    @property
    def is_like(self) -> bool:
        """Whether nothing is missing and the header is like that of the profile."""
        return not self.missing and self.score >= _LIKE

    @property
    def complete(self) -> bool:
        """Whether the file can be read so. A goods list asks for so little that an order file of a shop system that
        nobody knows would pass for one: files of facts must be like their profile, or have most columns used."""
        if self.missing or self.profile.grain not in FACT_KINDS:
            return not self.missing
        columns = len(self.unused) + len(self.mapping)
        if self.profile.grain == "customer":
            # A list of people needs a key alone, which any file of orders has: it must be like its profile.
            return self.is_like
        return self.score >= _LIKE or len(self.mapping) >= _USED * columns


@lru_cache(maxsize=1)
def profiles() -> dict[str, Profile]:
    """All layouts of files that are imported, by id."""
    return _profiles_in("layouts")


@lru_cache(maxsize=1)
def report_profiles() -> dict[str, Profile]:
    """The layouts of reports that are no facts: a campaign reads them, an import never takes a file for one."""
    return _profiles_in("layouts/reports")


def _profiles_in(folder: str) -> dict[str, Profile]:
    found = {}
    for file in sorted(resources.files("laoke.intake").joinpath(folder).iterdir(), key=lambda f: f.name):
        if file.name.endswith(".toml"):
            profile = _profile(tomllib.loads(file.read_text(encoding="utf-8")))
            found[profile.id] = profile
    return found


def _profile(data: dict[str, Any]) -> Profile:
    names = {
        role: tuple(normal_name(name) for name in accepted) for role, accepted in data["columns"].items()
    }
    strange = {role for role in names if not plays(role, data["grain"])}
    if strange:
        raise ValueError(f"layout {data['id']}: no such role: {', '.join(sorted(strange))}")
    rows = data.get("rows", {})
    wrong = [key for key, value in rows.items() if value not in _ROW_RULES.get(key, ())]
    if wrong:
        raise ValueError(f"layout {data['id']}: no such rule of rows: {', '.join(sorted(wrong))}")
    return Profile(
        id=data["id"],
        platform=data["platform"],
        title_zh=data["title"]["zh"],
        title_en=data["title"]["en"],
        years=data["years"],
        source=data["source"],
        grain=data["grain"],
        header=tuple(normal_name(name) for name in data["header"]),
        names=names,
        marks=data.get("marks", {}),
        rows=rows,
        sure=data["sure"],
        key=data.get("join", {}).get("key", ""),
        parts=tuple(_part(part) for part in data.get("join", {}).get("parts", ())),
    )


def _part(data: dict[str, Any]) -> Part:
    needs, sums = tuple(data["needs"]), tuple(data.get("sums", ()))
    return Part(data["zh"], data["en"], needs, sums, data.get("totals", {}), data.get("fixed", {}))


def part_of(header: Sequence[str]) -> tuple[Profile, Part] | None:
    """The layout that a file with this header is only a part of, and which part."""
    names = {normal_name(name) for name in header}
    return next(
        (
            (profile, part)
            for profile in profiles().values()
            for part in profile.parts
            if names.issuperset(part.needs)
        ),
        None,
    )


def recognise(header: Sequence[str]) -> list[Recognition]:
    """Every profile that shares a name with the header, best first; complete ones before incomplete ones.

    A profile of other facts that lacks a column and shares little is left out: a header that nobody knows is more
    likely one of orders, and the user is told what orders lack."""
    names = [normal_name(name) for name in header]
    found = [_recognition(profile, header, names) for profile in profiles().values()]
    told = (r for r in found if r.score > 0 and (r.is_near or r.profile.grain not in FACT_KINDS))
    return sorted(told, key=lambda r: (not r.complete, -r.score, r.profile.id))


def recognise_report(header: Sequence[str]) -> list[Recognition]:
    """Every layout of a report that shares a column with the header, best first, complete ones before the others."""
    found = [recognition_of(profile, header) for profile in report_profiles().values()]
    return sorted(
        (one for one in found if one.mapping), key=lambda r: (bool(r.missing), -r.score, r.profile.id)
    )


def recognition_of(profile: Profile, header: Sequence[str]) -> Recognition:
    """How well a header fits a profile that is not one of those that come with Laoke."""
    return _recognition(profile, header, [normal_name(name) for name in header])


def _recognition(profile: Profile, header: Sequence[str], names: list[str]) -> Recognition:
    mapping = {}
    for role, accepted in profile.names.items():
        for name in accepted:
            if name in names:
                mapping[role] = header[names.index(name)]
                break
    taken = {normal_name(name) for name in mapping.values()}
    known = set(names) & (set(profile.header) | taken)
    union = (set(names) | set(profile.header)) - {""}
    unused = tuple(
        original for original, name in zip(header, names, strict=True) if name and name not in taken
    )
    score = round(len(known) / len(union), 4) if union else 0.0
    return Recognition(profile, score, mapping, missing_roles(set(mapping), profile.grain), unused)


def layout_of(
    header: Sequence[str],
    mapping: Mapping[str, str],
    *,
    id: str,
    grain: Grain,
    serials: bool = False,
    marks: Mapping[str, str] | None = None,
    delimiter: str = ",",
    rows: Mapping[str, str] | None = None,
    zone: str = SHOP_ZONE,
) -> Layout:
    """Check a mapping {role: header name} against a header and give the layout to read with.

    Refuses: a role that does not exist (`unknown_role`), a column that is not there (`column_missing`, with the
    columns there are), required roles left out (`roles_missing`), a name that stands twice (`duplicate_column`).
    """
    names = [normal_name(name) for name in header]
    columns: dict[str, int] = {}
    for role, wanted in mapping.items():
        if not plays(role, grain):
            raise IntakeRefused("unknown_role", role=role)
        name = normal_name(wanted)
        places = [place for place, found in enumerate(names) if found == name]
        if not places or not name:
            raise IntakeRefused(
                "column_missing", role=role, column=wanted, found=[n for n in header if n.strip()]
            )
        if len(places) > 1 and ROLES[role].kind in _NEED_ONE_COLUMN:
            raise IntakeRefused(
                "duplicate_column", column=wanted.strip(), first=places[0] + 1, second=places[1] + 1
            )
        columns[role] = places[0]
    missing = missing_roles(set(columns), grain)
    if missing:
        raise IntakeRefused("roles_missing", roles=list(missing), found=[n for n in header if n.strip()])
    return Layout(
        id, grain, columns, len(header), tuple(header), serials, dict(marks or {}), delimiter, dict(rows or {}), zone
    )  # fmt: skip


def layout_of_recognition(
    header: Sequence[str],
    recognition: Recognition,
    *,
    serials: bool = False,
    delimiter: str = ",",
    zone: str = SHOP_ZONE,
) -> Layout:
    """The layout of a recognised header; optional roles of a name that stands twice take the first."""
    profile = recognition.profile
    return layout_of(
        header, recognition.mapping, id=profile.id, grain=profile.grain, serials=serials, marks=profile.marks,
        delimiter=delimiter, rows=profile.rows, zone=zone,
    )  # fmt: skip

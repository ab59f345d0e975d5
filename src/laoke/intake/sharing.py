"""Layouts that a shop explained once, to be shared: written as one small file, taken from one, renamed, deleted.

The file has the form of the layouts that come with Laoke (`intake/layouts/*.toml`). One from elsewhere is a stranger's:
it is read strictly, may say nothing but what columns are called and mean, and never goes over what a shop has said
itself.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from laoke.intake.models import SavedMapping
from laoke.intake.preview import header_digest
from laoke.intake.reading.profiles import layout_of, normal_name, profiles
from laoke.intake.reading.refusals import IntakeRefused
from laoke.intake.reading.roles import GRAINS, plays
from laoke.shops import audit
from laoke.shops.models import Shop, User

LARGEST = 64 * 1024
MOST_COLUMNS, MOST_NAMES, LONGEST_NAME = 500, 20, 200
MOST_SAVED = 500
_KEYS = frozenset({"id", "platform", "years", "grain", "source", "sure", "header", "title", "columns"})
_ID = re.compile(r"[a-z0-9_]{1,60}")
_HIDDEN = re.compile(r"[\x00-\x1f\x7f\u202a-\u202e\u2066-\u2069]")

REFUSALS: dict[str, Promise] = {
    "too_large": _("这个版式文件超过 64 KB，不像版式。"),
    "not_toml": _("这不是版式文件：要的是 Laoke 导出的 .toml 文本。"),
    "strange_key": _("版式文件里有不认识的“%(key)s”，没有收。"),
    "missing_key": _("版式文件里缺“%(key)s”。"),
    "wrong_value": _("版式文件里的“%(key)s”写得不对，没有收。"),
    "unknown_role": _("版式文件里有不认识的字段“%(key)s”，没有收。可能来自更新的 Laoke。"),
    "not_enough": _("这个版式少了必要的列，照它读不了文件。"),
    "known_header": _("同样表头的版式已经有了：%(key)s。要换，先把它删掉。"),
    "shipped": _("这个版式 Laoke 自带（%(key)s），不用收。"),
    "name_taken": _("已经有叫“%(key)s”的版式。换个名字。"),
    "no_name": _("名字要有 1 到 100 个字。"),
    "too_many": _("存下的版式太多了，先删掉不用的。"),
}


class LayoutRefused(Exception):
    """A layout that is not taken, or a name that is not given; `code` is one of `REFUSALS`."""

    def __init__(self, code: str, key: str = "") -> None:
        super().__init__(code)
        self.code, self.key = code, key

    @property
    def message(self) -> str:
        return str(REFUSALS[self.code]) % {"key": self.key}


@dataclass(frozen=True)
class SharedLayout:
    """What a file says: a name, what one row is, the header, and which names fill which role."""

    name: str
    grain: str
    source: str
    header: tuple[str, ...]
    names: dict[str, tuple[str, ...]]

    @property
    def mapping(self) -> dict[str, str]:
        """The role's column in the header itself, where it has one."""
        of = {normal_name(name): name for name in self.header}
        told = {role: [of[n] for n in names if n in of] for role, names in self.names.items()}
        return {role: found[0] for role, found in told.items() if found}


def layout_text(saved: SavedMapping) -> str:
    """The layout as a file; it holds names of columns alone, nothing of the shop or of its people."""
    header = [normal_name(name) for name in saved.header]
    names = saved.names or {role: [name] for role, name in saved.mapping.items()}
    lines = [
        f"id = {_quoted(f'saved_{saved.header_digest[:12]}')}",
        'platform = "other"',
        'years = ""',
        f"grain = {_quoted(saved.grain)}",
        f"source = {_quoted(saved.source)}",
        'sure = "medium"',
        f"header = [{', '.join(map(_quoted, header))}]",
        "",
        "[title]",
        f"zh = {_quoted(saved.name)}",
        f"en = {_quoted(saved.name)}",
        "",
        "[columns]",
        *(
            f"{role} = [{', '.join(_quoted(normal_name(name)) for name in given)}]"
            for role, given in sorted(names.items())
        ),
    ]
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    return json.dumps(_HIDDEN.sub(" ", text), ensure_ascii=False)


def read_layout(data: bytes) -> SharedLayout:
    """What a file says, checked in every part.

    Raises
    ------
    LayoutRefused
    """
    if len(data) > LARGEST:
        raise LayoutRefused("too_large")
    try:
        said = tomllib.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        raise LayoutRefused("not_toml") from None
    strange, missing = sorted(set(said) - _KEYS), sorted(_KEYS - set(said))
    if strange:
        raise LayoutRefused("strange_key", _shown(strange[0]))
    if missing:
        raise LayoutRefused("missing_key", missing[0])
    if _ID.fullmatch(_text("id", said["id"])) is None:
        raise LayoutRefused("wrong_value", "id")
    grain = _text("grain", said["grain"])
    if grain not in GRAINS:
        raise LayoutRefused("wrong_value", "grain")
    for key in ("platform", "years", "sure"):
        _text(key, said[key])
    header = tuple(_names("header", said["header"], MOST_COLUMNS))
    found = SharedLayout(
        _title(said["title"]), grain, _text("source", said["source"]), header, _columns(said, grain)
    )
    _check_readable(found)
    return found


def _columns(said: Mapping[str, Any], grain: str) -> dict[str, tuple[str, ...]]:
    columns = said["columns"]
    if not isinstance(columns, dict):
        raise LayoutRefused("wrong_value", "columns")
    for role in columns:
        if not plays(role, grain):  # type: ignore[arg-type]
            raise LayoutRefused("unknown_role", _shown(role))
    return {
        role: tuple(normal_name(name) for name in _names(role, given, MOST_NAMES))
        for role, given in columns.items()
    }


def _check_readable(found: SharedLayout) -> None:
    try:
        layout_of(found.header, found.mapping, id="mapping", grain=found.grain)  # type: ignore[arg-type]
    except IntakeRefused:
        raise LayoutRefused("not_enough") from None


def _title(given: Any) -> str:
    if not isinstance(given, dict) or set(given) != {"zh", "en"}:
        raise LayoutRefused("wrong_value", "title")
    _text("title", given["en"])
    return _checked_name(_text("title", given["zh"]))


def _text(key: str, value: Any) -> str:
    if not isinstance(value, str) or len(value) > 2 * LONGEST_NAME or _HIDDEN.search(value):
        raise LayoutRefused("wrong_value", key)
    return value


def _names(key: str, values: Any, most: int) -> Iterable[str]:
    if not isinstance(values, list) or not 1 <= len(values) <= most:
        raise LayoutRefused("wrong_value", key)
    for value in values:
        if not isinstance(value, str) or len(value) > LONGEST_NAME or _HIDDEN.search(value):
            raise LayoutRefused("wrong_value", key)
    return values


def _shown(text: str) -> str:
    return _HIDDEN.sub(" ", text)[:40]


def _checked_name(name: str) -> str:
    name = name.strip()
    if not 1 <= len(name) <= 100 or _HIDDEN.search(name):
        raise LayoutRefused("no_name")
    return name


def take_layout(shop: Shop, data: bytes, *, by: User | None, now: datetime) -> SavedMapping:
    """Keep a layout from a file for this shop; files with its header, or one like it, are read by it from then on.

    Raises
    ------
    LayoutRefused
        also where the shop has a layout of that header or name, or Laoke knows the header itself.
    """
    found = read_layout(data)
    digest, mine = header_digest(found.header), SavedMapping.objects.filter(shop=shop)
    for profile in profiles().values():
        if header_digest(profile.header) == digest:
            raise LayoutRefused("shipped", profile.id)
    if (same := mine.filter(header_digest=digest).first()) is not None:
        raise LayoutRefused("known_header", same.name)
    if mine.filter(name=found.name).exists():
        raise LayoutRefused("name_taken", found.name)
    if mine.count() >= MOST_SAVED:
        raise LayoutRefused("too_many")
    saved = SavedMapping.objects.create(
        shop=shop, name=found.name, header_digest=digest, header=list(found.header), grain=found.grain,
        mapping=found.mapping, names={role: list(names) for role, names in found.names.items()},
        source=found.source[:200], is_taken=True, created_by=by, created_at=now,
    )  # fmt: skip
    audit.record("layout.take", shop=shop, actor=by, at=now, subject=saved.name)
    return saved


def rename_layout(saved: SavedMapping, name: str, *, by: User | None, now: datetime) -> None:
    """Give a layout another name.

    Raises
    ------
    LayoutRefused
        for an empty or overlong name, or one that another layout of the shop has.
    """
    name = _checked_name(name)
    if SavedMapping.objects.filter(shop=saved.shop_id, name=name).exclude(pk=saved.pk).exists():
        raise LayoutRefused("name_taken", name)
    before, saved.name = saved.name, name
    saved.save(update_fields=["name"])
    audit.record("layout.rename", shop=saved.shop, actor=by, at=now, subject=name, before=before)


def delete_layout(saved: SavedMapping, *, by: User | None, now: datetime) -> None:
    """Forget a layout. What was imported by it stays."""
    audit.record("layout.delete", shop=saved.shop, actor=by, at=now, subject=saved.name)
    saved.delete()

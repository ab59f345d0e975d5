"""What stands on a page for people to read, and what of it is the shop's own data."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings

from laoke.shops.models import User

# The brackets around a signature belong to the message, so they are no fault.
CHINESE = re.compile(r"[\u3001-\u300f\u3012-\u301f\u4e00-\u9fff\uff00-\uff65]")
OURS = ("shops", "customers", "intake", "work", "promotions", "audiences", "dispatch", "campaigns")
READ_ALOUD = ("title", "aria-label", "placeholder", "alt", "summary")
# From this length on, a part of a text of the shop is taken for that text cut short.
SHORTENED = 8
# Elements without an end tag.
VOID = frozenset({"area", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"})


class Texts(HTMLParser):
    """The texts of a page, with what screen readers say and what charts and scripts are given.

    Left out is what is marked to be Chinese in every language (`lang="zh-Hans"`) or to be a drawing (the seal).
    """

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._open: list[tuple[str, bool, bool]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        above = self._open[-1][1] if self._open else False
        ours = given.get("lang", "").startswith("zh") or "seal" in given.get("class", "").split()
        left_out = above or ours or tag == "style"
        is_json = given.get("type") == "application/json" if tag == "script" else "data-json" in given
        if tag == "script" and not is_json:
            left_out = True
        if not left_out:
            self.found += [given[name] for name in READ_ALOUD if given.get(name)]
            self.found += [value for name, value in given.items() if name.startswith("data-")]
        if tag not in VOID:
            self._open.append((tag, left_out, is_json))

    def handle_endtag(self, tag: str) -> None:
        while self._open:
            if self._open.pop()[0] == tag:
                return

    def handle_data(self, data: str) -> None:
        _tag, left_out, is_json = self._open[-1] if self._open else ("", False, False)
        if left_out or not data.strip():
            return
        self.found += list(strings(json.loads(data))) if is_json else [" ".join(data.split())]


def strings(value: Any) -> Iterator[str]:
    """Every text within a value of JSON, keys too."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield name
            yield from strings(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from strings(inner)


def chinese_of_rows(warehouse: Path) -> list[str]:
    """Every Chinese text of the shop's own rows and facts, longest first; each of its lines too."""
    found = set(_of_ledger()) | set(_of_facts(warehouse)) | set(_of_playbooks())
    found |= {name for _code, name in settings.LANGUAGES}
    found.add(settings.PLACE.home.name)  # a folder that somebody named
    for text in list(found):
        found |= {" ".join(line.split()) for line in text.splitlines()} | {" ".join(text.split())}
        found.add(text.removesuffix("市"))
    return sorted((text for text in found if CHINESE.search(text)), key=len, reverse=True)


def _of_ledger() -> Iterator[str]:
    for name in OURS:
        for model in apps.get_app_config(name).get_models():
            columns = [field.attname for field in model._meta.concrete_fields if not field.is_relation]
            for row in model._default_manager.values_list(*columns):
                yield from strings(list(row))
    # The round sign of a person is the first letter of the name.
    yield from (user.first_name[:1] for user in User.objects.all())


def _of_playbooks() -> Iterator[str]:
    """A playbook's own words are the shop's: what a campaign is planned from is written in its language."""
    from laoke import campaigns

    for file in (Path(campaigns.__file__).parent / "playbooks").glob("*.toml"):
        yield from strings(tomllib.loads(file.read_text(encoding="utf-8")))


def _of_facts(warehouse: Path) -> Iterator[str]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    for file in warehouse.rglob("*.parquet"):
        kept = pq.ParquetFile(file)
        names = [field.name for field in kept.schema_arrow if pa.types.is_string(field.type)]
        for column in kept.read(columns=names).columns if names else []:
            yield from (text for text in column.unique().to_pylist() if text)


def _is_own(text: str, data: list[str]) -> bool:
    """Part of one of the shop's texts, as a title cut short is."""
    return len(text) >= SHORTENED and any(text in own for own in data)


def chinese_left(page: str, data: list[str]) -> list[str]:
    """Texts of the page in which Chinese is left when the shop's own data is taken out."""
    reader = Texts()
    reader.feed(page)
    left = []
    for text in dict.fromkeys(reader.found):
        rest = text
        if not CHINESE.search(text) or _is_own(text, data):
            continue
        for own in data:
            rest = rest.replace(own, "")
        if CHINESE.search(rest):
            left.append(f"{text[:90]!r} leaves {rest[:40]!r}")
    return left

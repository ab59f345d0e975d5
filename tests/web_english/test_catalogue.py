"""The English catalogue is whole: nothing untranslated or guessed, what is compiled is what is written."""

from __future__ import annotations

import ast
import gettext
import re
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import pytest

import laoke

PACKAGE = Path(laoke.__file__).parent
PO = PACKAGE / "locale" / "en" / "LC_MESSAGES" / "django.po"
_LINE = re.compile(r'(?:(msgctxt|msgid_plural|msgid|msgstr(?:\[\d\])?) )?(".*")')
_PLACEHOLDER = re.compile(r"%(?:\((\w+)\))?[sdgf%]")


@dataclass
class Entry:
    """One sentence of the catalogue, with its forms by keyword."""

    line: int
    fuzzy: bool = False
    forms: dict[str, str] = field(default_factory=dict)

    @property
    def keys(self) -> list[str]:
        """How the compiled catalogue finds it: with its context and, for a count, its forms."""
        return [self.forms[name] for name in ("msgid", "msgid_plural") if name in self.forms]

    @property
    def said(self) -> list[str]:
        return [text for name, text in self.forms.items() if name.startswith("msgstr")]


def entries() -> list[Entry]:
    """The catalogue's sentences, without its header."""
    found: list[Entry] = []
    for block in re.split(r"\n{2,}", PO.read_text(encoding="utf-8")):
        entry, keyword = Entry(len(found)), ""
        for line in block.splitlines():
            if line.startswith("#,"):
                entry.fuzzy = entry.fuzzy or "fuzzy" in line
            elif told := _LINE.fullmatch(line):
                keyword = told[1] or keyword
                entry.forms[keyword] = entry.forms.get(keyword, "") + ast.literal_eval(told[2])
        if entry.forms.get("msgid"):
            found.append(entry)
    return found


def test_every_sentence_is_translated_and_none_is_guessed() -> None:
    assert len(entries()) > 1_500
    assert [entry.keys[0] for entry in entries() if entry.fuzzy] == []
    assert [entry.keys[0] for entry in entries() if not all(entry.said)] == []


def test_a_translation_names_no_value_that_the_sentence_does_not_have() -> None:
    wrong = [
        entry.keys[0]
        for entry in entries()
        for text in entry.said
        if not set(_PLACEHOLDER.findall(text)) - {""} <= set(_PLACEHOLDER.findall(" ".join(entry.keys)))
    ]
    assert wrong == []


def test_what_is_compiled_is_what_is_written() -> None:
    with PO.with_suffix(".mo").open("rb") as compiled:
        catalogue = gettext.GNUTranslations(compiled)
    for entry in entries():
        single, context, said = entry.forms["msgid"], entry.forms.get("msgctxt"), entry.said
        if "msgid_plural" in entry.forms:
            told = [
                catalogue.npgettext(context, single, entry.forms["msgid_plural"], count)
                if context
                else catalogue.ngettext(single, entry.forms["msgid_plural"], count)
                for count in (1, 2)
            ]
            assert told == said
        else:
            assert (catalogue.pgettext(context, single) if context else catalogue.gettext(single)) == said[0]


def test_every_marked_sentence_of_the_source_is_in_the_catalogue(tmp_path: Path) -> None:
    if shutil.which("xgettext") is None:
        pytest.skip("needs gettext")
    words = ("_", "gettext", "gettext_lazy", "gettext_noop", "ngettext:1,2", "ngettext_lazy:1,2")
    contexts = ("pgettext:1c,2", "pgettext_lazy:1c,2", "npgettext:1c,2,3")
    files = sorted(
        str(file.relative_to(PACKAGE)) for file in PACKAGE.rglob("*.py") if "_" in (text := file.read_text("utf-8"))
        and "gettext" in text
    )  # fmt: skip
    keywords = [f"--keyword={word}" for word in (*words, *contexts)]
    made = subprocess.run(
        ["xgettext", "--language=Python", "--from-code=UTF-8", "--no-wrap", "--output=-", *keywords, *files],
        cwd=PACKAGE,
        capture_output=True,
        check=True,
    ).stdout.decode("utf-8")
    marked = {ast.literal_eval(text) for text in re.findall(r'^msgid (".+")$', made, re.MULTILINE)} - {""}
    known = {entry.forms["msgid"] for entry in entries()}

    assert len(marked) > 1_000
    assert sorted(marked - known) == []


def test_no_sentence_is_marked_by_a_name_that_is_not_collected() -> None:
    """`scripts/messages` knows these names only; a sentence marked by another would stay Chinese for ever."""
    collected = {"_"} | {
        f"{kind}gettext{end}" for kind in ("", "n", "p", "np") for end in ("", "_lazy", "_noop")
    }
    other = []
    for file in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module == "django.utils.translation":
                renamed = [one.asname for one in node.names if "gettext" in one.name and one.asname]
                other += [f"{file.name}: {name}" for name in renamed if name not in collected]
    assert other == []

"""The documentation is held to the source: links lead somewhere, pages are found, lists are complete."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
import reference

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
FRONT = [ROOT / name for name in ("README.md", "README.zh-CN.md", "CONTRIBUTING.md", "CHANGELOG.md")]
LINK = re.compile(r"(?<!`)\[[^\]\n]*\]\(([^)\s]+)\)")
SETTING = re.compile(r"""["'](LAOKE_[A-Z_]+|DATABASE_URL)["']""")


def _links(page: Path) -> list[Path]:
    """The files that a page links to, anchors cut off; links to other sites are none of ours."""
    targets = [target.partition("#")[0] for target in LINK.findall(page.read_text(encoding="utf-8"))]
    return [(page.parent / target).resolve() for target in targets if target and "://" not in target]


def _anchor(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def _reachable(start: Path) -> set[Path]:
    seen: set[Path] = set()
    waiting = [start.resolve()]
    while waiting:
        page = waiting.pop()
        if page in seen or page.suffix != ".md" or not page.exists():
            continue
        seen.add(page)
        waiting += _links(page)
    return seen


@pytest.mark.parametrize("page", [*PAGES, *FRONT], ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    if not page.exists():
        pytest.fail(f"{page.name} is missing")
    assert [str(target) for target in _links(page) if not target.exists()] == []


def test_every_anchor_is_a_heading() -> None:
    broken = []
    for page in [*PAGES, *(page for page in FRONT if page.exists())]:
        for target in LINK.findall(page.read_text(encoding="utf-8")):
            name, _, anchor = target.partition("#")
            if not anchor or "://" in target:
                continue
            text = ((page.parent / name) if name else page).read_text(encoding="utf-8")
            if anchor not in {_anchor(heading) for heading in re.findall(r"^#+ (.*)$", text, re.MULTILINE)}:
                broken.append(f"{page.name}: {target}")
    assert broken == []


def test_every_page_is_found_from_the_index() -> None:
    lost = {page.resolve() for page in PAGES} - _reachable(DOCS / "README.md")
    assert sorted(str(page.relative_to(ROOT)) for page in lost) == []


HOW_TO = sorted(page for page in (DOCS / "how-to").glob("*.md") if not page.name.endswith(".zh-CN.md"))


@pytest.mark.parametrize("page", HOW_TO, ids=lambda page: page.name)
def test_every_how_to_is_there_in_chinese_and_leads_to_the_other(page: Path) -> None:
    """What a shop does is read in Chinese: the same commands in the same order, one click apart."""
    twin = page.with_suffix(".zh-CN.md")
    english, chinese = page.read_text(encoding="utf-8"), twin.read_text(encoding="utf-8")
    assert f"[中文]({twin.name})" in english
    assert f"[English]({page.name})" in chinese
    assert _commands(chinese) == _commands(english)


def _commands(text: str) -> list[str]:
    """The first words of every command in a block of code."""
    return re.findall(r"^    (?:\.venv\\Scripts\\)?laoke ([a-z][a-z-]*)", text, re.MULTILINE)


@pytest.mark.parametrize("name", ["hand-over.md", "hand-over.zh-CN.md"])
def test_the_page_of_lists_names_every_column_and_word_that_a_result_may_have(name: str) -> None:
    from laoke.dispatch.channels.handover import lists

    text = (DOCS / "how-to" / name).read_text(encoding="utf-8")
    heads = {head.lower() for known in lists.COLUMN_NAMES.values() for head in known}
    table = text.partition("| ")[2].lower()
    assert [head for head in sorted(heads) if head not in table] == []
    assert [word for word in (*lists._DELIVERED, *lists._UNDELIVERED) if word not in text] == []


def test_every_setting_of_the_source_is_in_the_reference_and_no_other() -> None:
    source = {
        name
        for path in (ROOT / "src").rglob("*.py")
        for name in SETTING.findall(path.read_text(encoding="utf-8"))
    }
    page = (DOCS / "reference" / "settings.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `([A-Z_]+)` \|", page, re.MULTILINE)) == source


@pytest.mark.parametrize(
    ("page", "made"),
    [
        (reference.STATES, reference.states_page),
        (reference.COMMANDS, reference.commands_page),
        (reference.API, reference.api_page),
        (reference.OPENAPI, reference.openapi_text),
        (reference.FILTER, reference.filter_text),
    ],
    ids=["states", "commands", "api", "openapi", "filter"],
)
def test_a_made_page_is_what_the_source_says(page: Path, made: Callable[[], str]) -> None:
    assert page.read_text(encoding="utf-8") == made(), (
        "the source changed: .venv/bin/python scripts/reference.py writes the page anew"
    )


def test_decisions_are_numbered_tagged_short_and_say_what_why_and_cost() -> None:
    decisions = sorted((DOCS / "adr").glob("*.md"))
    assert [path.name[:4] for path in decisions] == [f"{n:04d}" for n in range(1, len(decisions) + 1)]
    for path in decisions:
        text = path.read_text(encoding="utf-8")
        headings = re.findall(r"^## (.*)$", text, re.MULTILINE)
        assert text.startswith(f"# {path.name[:4]} "), path.name
        assert "\nTags: " in text, path.name
        assert headings == ["What", "Why", "What it costs"], path.name
        assert len(text.splitlines()) < 60, path.name


def test_every_dependency_has_its_line_in_a_decision() -> None:
    """What a shop installs; the reason stands in docs/adr or it does not enter."""
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    names = [re.split(r"[<>=\[]", line)[0] for line in project["dependencies"]]
    decided = "".join(path.read_text(encoding="utf-8").lower() for path in (DOCS / "adr").glob("*.md"))
    spoken = {"python-calamine": "calamine", "django-axes": "django-axes"}
    assert [name for name in names if spoken.get(name, name) not in decided] == []


def test_the_glossary_gives_a_word_one_meaning() -> None:
    text = (DOCS / "glossary.md").read_text(encoding="utf-8")
    words = [
        row.split("|")[1].strip() for row in text.splitlines() if row.startswith("| ") and "---" not in row
    ]
    fixed = [word for word in words if word != "code"]
    assert len(fixed) > 60
    assert sorted(word for word in set(fixed) if fixed.count(word) > 1) == []

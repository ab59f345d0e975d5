"""What a page may hold: no inline style or script, known HTMX attributes, icons and colours that exist."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from laoke.web.charts.base import FORMATS

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "laoke"
STATIC = SOURCE / "web" / "static"
TEMPLATES = sorted(SOURCE.rglob("templates/**/*.html"))

INLINE_STYLE = re.compile(r"<style\b|\sstyle\s*=", re.I)
HANDLER = re.compile(r"\son\w+\s*=|\bhx-on|javascript:|\bjs:", re.I)
SCRIPT = re.compile(r"<script\b([^>]*)>", re.I)
HTMX = re.compile(r"\b(?:data-)?(hx-[a-z-]+)")
FILTERED_TRIGGER = re.compile(r"hx-trigger\s*=\s*[\"'][^\"']*\[(?!type)")


def breaches(text: str) -> Iterator[str]:
    """What the content security policy would refuse or HTMX would ignore."""
    if INLINE_STYLE.search(text):
        yield "inline style"
    if HANDLER.search(text):
        yield "inline handler"
    for attributes in SCRIPT.findall(text):
        if "src=" not in attributes and 'type="application/json"' not in attributes:
            yield "inline script"
    if FILTERED_TRIGGER.search(text):
        yield "trigger filter, which needs eval"
    if re.search(r"https?://(?!www\.w3\.org)", text):
        yield "another origin"


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_no_template_breaks_the_policy(template: Path) -> None:
    assert list(breaches(template.read_text(encoding="utf-8"))) == []


def test_components_bring_no_script_because_htmx_takes_it_out_of_what_it_swaps() -> None:
    base = (SOURCE / "web" / "templates" / "web" / "base_root.html").read_text(encoding="utf-8")
    assert '"allowScriptTags":false' in base
    parts = [path for path in TEMPLATES if path.parent.name in ("components", "parts", "analysis")]
    assert len(parts) > 40
    assert [path.name for path in parts if SCRIPT.search(path.read_text(encoding="utf-8"))] == []


@pytest.mark.parametrize(
    ("text", "breach"),
    [
        ('<i style="width:1px">', "inline style"),
        ("<style>", "inline style"),
        ('<a onclick="x()">', "inline handler"),
        ('<a hx-on:click="x">', "inline handler"),
        ("<script>x()</script>", "inline script"),
        ('<a hx-trigger="click[ctrlKey]">', "trigger filter, which needs eval"),
        ('<img src="https://cdn.example/x.png">', "another origin"),
    ],
)
def test_the_rules_find_what_they_forbid(text: str, breach: str) -> None:
    assert breach in list(breaches(text))


def test_plain_markup_passes_the_rules() -> None:
    scripts = '<script src="/static/a.js" defer></script><script type="application/json">{}</script>'
    assert list(breaches(scripts + '<i class="w51" data-w="51"></i>')) == []


def test_every_htmx_attribute_exists_in_the_vendored_htmx() -> None:
    library = (STATIC / "vendor" / "htmx" / "htmx.min.js").read_text(encoding="utf-8")
    known = set(re.findall(r"hx-[a-z]+(?:-[a-z]+)*", library)) | {
        f"hx-{verb}" for verb in ("get", "post", "put", "delete", "patch")
    }
    used = {name for template in TEMPLATES for name in HTMX.findall(template.read_text(encoding="utf-8"))}
    assert used - known == set()
    assert 'version:"2.0.11"' in library


def _icons() -> set[str]:
    return set(
        re.findall(r'id="i-([a-z0-9]+)"', (STATIC / "laoke" / "icons.svg").read_text(encoding="utf-8"))
    )


def _icon_literals(source: str) -> Iterator[str]:
    """Icon names in Python: the first argument of Icon, and `icon=` anywhere."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        if name == "Icon" and node.args and isinstance(node.args[0], ast.Constant):
            yield str(node.args[0].value)
        for keyword in node.keywords:
            if keyword.arg == "icon" and isinstance(keyword.value, ast.Constant) and keyword.value.value:
                yield str(keyword.value.value)


def test_every_icon_used_is_drawn() -> None:
    used = {
        name
        for template in TEMPLATES
        for name in re.findall(r"""\{%\s*icon\s+["']([\w-]+)["']""", template.read_text(encoding="utf-8"))
    }
    for module in (SOURCE / "web").rglob("*.py"):
        used |= set(_icon_literals(module.read_text(encoding="utf-8")))
    assert used - _icons() == set()
    assert "home" in used


def _layer(name: str, css: str) -> str:
    return css.split(f"@layer {name}{{", 1)[1].split("\n@layer", 1)[0]


def test_page_styles_bring_no_colours_of_their_own() -> None:
    css = (STATIC / "laoke" / "laoke-pages.css").read_text(encoding="utf-8")
    assert re.findall(r"#[0-9a-fA-F]{3,8}\b", css) == []
    assert re.findall(r"rgb\([^)]*\)", css) == ["rgb(20 24 32/.42)"]
    assert set(re.findall(r"@layer (\w+)\{", css)) == {"page", "utilities", "print"}


def test_nothing_in_the_script_is_evaluated() -> None:
    for name in ("app.js", "theme.js", "upload.js", "builder.js", "gantt.js"):
        script = (STATIC / "laoke" / name).read_text(encoding="utf-8")
        assert (
            re.findall(r"\beval\(|new Function|\.innerHTML|document\.write|insertAdjacentHTML", script) == []
        )


def test_the_script_knows_every_format() -> None:
    script = (STATIC / "laoke" / "app.js").read_text(encoding="utf-8")
    block = script.split("const formats = {", 1)[1].split("\n};", 1)[0]
    assert set(re.findall(r"^\s{2}(\w+):", block, re.M)) == FORMATS


def test_vendored_files_come_with_their_licences() -> None:
    for folder in (STATIC / "vendor").iterdir():
        assert (folder / "LICENSE").is_file(), folder.name


# --- contrast, DESIGN_SYSTEM 2


def _tokens(theme: str) -> dict[str, str]:
    css = _layer("tokens", (STATIC / "laoke" / "laoke.css").read_text(encoding="utf-8"))
    light, dark = css.split('[data-theme="dark"]{', 1)
    found = dict(re.findall(r"--([\w-]+):\s*(#[0-9a-f]{3,6})", light))
    return (
        {**found, **dict(re.findall(r"--([\w-]+):\s*(#[0-9a-f]{3,6})", dark))} if theme == "dark" else found
    )


def _luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    linear = []
    for at in (0, 2, 4):
        part = int(digits[at : at + 2], 16) / 255
        linear.append(part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4)
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(one: str, other: str) -> float:
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


GROUNDS = ("paper", "surface", "surface-2", "sunken")
TEXTS = ("ink", "ink-2", "ink-3", "brand", "up", "down", "ok", "warn", "bad")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_stands_out_from_what_it_stands_on(theme: str) -> None:
    tokens = _tokens(theme)
    pairs = [(text, ground) for text in TEXTS for ground in GROUNDS]
    pairs += [(name, f"{name}-soft") for name in ("brand", "ok", "warn", "bad")]
    pairs += [("ink", f"{name}-soft") for name in ("brand", "ok", "warn", "bad")]
    pairs += [("ink-2", f"{name}-soft") for name in ("brand", "ok", "warn", "bad")]
    pairs += [("on-brand", "brand"), ("on-brand", "brand-2"), ("on-seal", "seal"), ("surface", "ink")]
    weak = {pair: round(_contrast(tokens[pair[0]], tokens[pair[1]]), 2) for pair in pairs}
    assert {pair: ratio for pair, ratio in weak.items() if ratio < 4.5} == {}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_series_shapes_and_input_edges_can_be_seen(theme: str) -> None:
    tokens = _tokens(theme)
    marks = [f"c{number}" for number in range(9)] + ["edge", "ok", "warn-fill", "bad", "focus", "seal"]
    weak = {mark: round(_contrast(tokens[mark], tokens["surface"]), 2) for mark in marks}
    assert {mark: ratio for mark, ratio in weak.items() if ratio < 3} == {}

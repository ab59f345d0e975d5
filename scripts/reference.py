#!/usr/bin/env python3
"""Write docs/reference/states.md, commands.md, api.md, openapi.json and filter.schema.json from the source: run it when
a closed list, a command, a field of the API or a condition of a filter changes.

tests/house/test_docs.py compares the pages with what this makes.
"""

from __future__ import annotations

import inspect
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from api_page import api_page, openapi_text

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "reference"
STATES = FOLDER / "states.md"
COMMANDS = FOLDER / "commands.md"
API = FOLDER / "api.md"
OPENAPI = FOLDER / "openapi.json"
FILTER = FOLDER / "filter.schema.json"
STATES_OPENING = """# States and kinds

Every closed list of the ledger: the word in the code and in `--json` answers, and the word on the screen.
"""
COMMANDS_OPENING = """# Commands

What `laoke` can do on the command line; `laoke COMMAND --help` says the same.
"""


def _lists_in(names: dict[str, object], module: str, prefix: str = "") -> Iterator[tuple[str, type]]:
    from django.db.models import Model, TextChoices

    for name, value in names.items():
        if not isinstance(value, type) or value.__module__ != module:
            continue
        if issubclass(value, TextChoices):
            yield prefix + name, value
        elif issubclass(value, Model):
            yield from _lists_in(dict(vars(value)), module, f"{name}.")


def states_page() -> str:
    """The whole page; Django must be set up."""
    from django.apps import apps
    from django.utils.translation import override

    parts = [STATES_OPENING]
    with override("zh-hans"):
        for config in apps.get_app_configs():
            if config.models_module is None or not config.name.startswith("laoke."):
                continue
            module = config.models_module
            for name, choices in _lists_in(vars(module), module.__name__):
                rows = "".join(f"| `{value}` | {label} |\n" for value, label in choices.choices)  # type: ignore[attr-defined]
                parts.append(f"## {config.label}.{name}\n\n| code | 屏幕 |\n|---|---|\n{rows}")
    return "\n".join(parts)


def _signature(path: str, command: Any) -> str:
    """One heading, the command's own words, and a row per argument and option."""
    rows = []
    for parameter in command.params:
        names = ", ".join(f"`{name}`" for name in (*parameter.opts, *parameter.secondary_opts))
        if parameter.param_type_name == "argument":
            names = f"`{parameter.metavar or parameter.name.upper()}`"
        said = " ".join((getattr(parameter, "help", None) or "").split()).replace("|", "\\|")
        if "--help" not in parameter.opts:
            rows.append(f"| {names} | {said} |\n")
    table = f"\n| 参数 | 说明 |\n|---|---|\n{''.join(rows)}" if rows else ""
    return f"## {path}\n\n{inspect.cleandoc(command.help or '')}\n{table}"


def _commands(path: str, command: Any) -> Iterator[str]:
    if not command.hidden:
        yield _signature(path, command)
        for name, below in sorted(getattr(command, "commands", {}).items()):
            yield from _commands(f"{path} {name}", below)


def commands_page() -> str:
    """The whole page, from the command line's own help."""
    import typer

    from laoke.config.cli import app

    return "\n".join([COMMANDS_OPENING, *_commands("laoke", typer.main.get_command(app))])


def filter_text() -> str:
    """The schema of a filter's tree."""
    from laoke.audiences.schema import schema_text

    return schema_text()


def main() -> None:
    """Write the pages."""
    import django

    with tempfile.TemporaryDirectory() as home:
        os.environ |= {"LAOKE_HOME": home, "DJANGO_SETTINGS_MODULE": "laoke.config.settings"}
        django.setup()
        STATES.write_text(states_page(), encoding="utf-8")
        COMMANDS.write_text(commands_page(), encoding="utf-8")
        API.write_text(api_page(), encoding="utf-8")
        OPENAPI.write_text(openapi_text(), encoding="utf-8")
        FILTER.write_text(filter_text(), encoding="utf-8")


if __name__ == "__main__":
    main()

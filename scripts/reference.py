#!/usr/bin/env python3
"""Write docs/reference/states.md from the ledger's models: run it when a closed list changes.

tests/house/test_docs.py compares the page with what this makes.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

PAGE = Path(__file__).resolve().parent.parent / "docs" / "reference" / "states.md"
OPENING = """# States and kinds

Every closed list of the ledger: the word in the code and in `--json` answers, and the word on the screen.
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

    parts = [OPENING]
    with override("zh-hans"):
        for config in apps.get_app_configs():
            if config.models_module is None or not config.name.startswith("laoke."):
                continue
            module = config.models_module
            for name, choices in _lists_in(vars(module), module.__name__):
                rows = "".join(f"| `{value}` | {label} |\n" for value, label in choices.choices)  # type: ignore[attr-defined]
                parts.append(f"## {config.label}.{name}\n\n| code | 屏幕 |\n|---|---|\n{rows}")
    return "\n".join(parts)


def main() -> None:
    """Write the page."""
    import django

    with tempfile.TemporaryDirectory() as home:
        os.environ |= {"LAOKE_HOME": home, "DJANGO_SETTINGS_MODULE": "laoke.config.settings"}
        django.setup()
        PAGE.write_text(states_page(), encoding="utf-8")


if __name__ == "__main__":
    main()

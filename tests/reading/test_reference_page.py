"""docs/reference/layouts.md names every layout, role and code."""

from __future__ import annotations

from pathlib import Path

from laoke.intake.reading import ROLES, profiles
from laoke.intake.reading.messages import REFUSALS, ROW_REASONS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "layouts.md"


def test_the_page_names_everything_there_is() -> None:
    text = PAGE.read_text(encoding="utf-8")
    names = [*profiles(), *ROLES, *REFUSALS, *ROW_REASONS]
    assert [name for name in names if f"`{name}`" not in text] == []

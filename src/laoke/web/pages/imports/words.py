"""Words and shapes that several pages of imports share."""

from __future__ import annotations

from laoke.intake.models import ImportState
from laoke.web.components.words import State

STATE_SHAPES: dict[ImportState, State] = {
    ImportState.READING: "run",
    ImportState.PEOPLE: "run",
    ImportState.FACTS: "run",
    ImportState.DONE: "ok",
    ImportState.REFUSED: "bad",
    ImportState.CANCELLED: "warn",
}


def size_text(size: int) -> str:
    """Bytes as people read them: 812 B, 48.6 MB."""
    amount, unit = float(size), "B"
    for larger in ("KB", "MB", "GB"):
        if amount < 1024:
            break
        amount, unit = amount / 1024, larger
    return f"{amount:.0f} {unit}" if unit == "B" or amount == int(amount) else f"{amount:.1f} {unit}"

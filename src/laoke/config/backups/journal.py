"""The file that says that a restore was decided: every command looks for it, so nothing heavy is loaded here."""

from __future__ import annotations

from pathlib import Path

JOURNAL = "restore.json"


def is_unfinished(home: Path) -> bool:
    """Whether a restore was decided here and not brought to its end."""
    return (home / JOURNAL).exists()

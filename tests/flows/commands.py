"""Running `laoke` as a shop's operator would: one process per command, its JSON as the answer."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Laoke:
    """The command line with a home of its own."""

    home: Path

    def __call__(self, *words: str, now: str = "", refused: bool = False) -> dict[str, Any]:
        """Run a command and return its JSON object (the last one printed)."""
        done = self.run(*words, now=now)
        assert done.returncode == (1 if refused else 0), (
            f"{words}: {done.stdout[-1500:]}\n{done.stderr[-3000:]}"
        )
        assert "Traceback" not in done.stderr, done.stderr[-3000:]
        found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
        return found

    def run(self, *words: str, now: str = "") -> subprocess.CompletedProcess[str]:
        """Run a command with `--json`."""
        clock = ["--now", now] if now else []
        return subprocess.run(
            [sys.executable, "-m", "laoke", "--home", str(self.home), "--json", *clock, *words],
            capture_output=True, text=True, encoding="utf-8", check=False, stdin=subprocess.DEVNULL,
            env={**{k: v for k, v in os.environ.items() if k != "DJANGO_SETTINGS_MODULE"}, "DATABASE_URL": ""},
        )  # fmt: skip

"""Running `laoke` as a shop's operator would: one process per command, its JSON as the answer."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# What only the tests have installed and pyarrow would load where it finds it.
SHOP_PC = Path(__file__).parent / "shop_pc"


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
            env=_environment(),
        )  # fmt: skip


def _environment() -> dict[str, str]:
    """Of a shop's PC: nothing of Django's, and no module that Laoke does not bring."""
    told = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    path = os.pathsep.join(filter(None, (str(SHOP_PC), told.get("PYTHONPATH"))))
    return {**told, "DATABASE_URL": "", "PYTHONPATH": path}

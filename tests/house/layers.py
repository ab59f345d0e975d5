"""The layers of the house as pyproject.toml states them: the one place, read by the linter and by the tests."""

from __future__ import annotations

import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def layer_numbers() -> dict[str, int]:
    """Package name to its floor, 0 being the lowest; siblings share a floor."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = project["tool"]["importlinter"]["contracts"]
    layers = next(contract["layers"] for contract in contracts if contract["id"] == "layers")
    return {
        name.strip(" ()"): floor for floor, line in enumerate(reversed(layers)) for name in line.split("|")
    }


def may_use(upper: str, lower: str) -> bool:
    """Whether a package may use another: itself or one below it; siblings may not."""
    floors = layer_numbers()
    return upper == lower or floors[upper] > floors[lower]

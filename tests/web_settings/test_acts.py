"""Whoever reads the audit trail reads words, not codes."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import laoke
from laoke.web.pages.settings.acts import ACTS, act_name


def recorded() -> Iterator[str]:
    """Every act that the source writes down by its name."""
    for path in Path(laoke.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Call)
                and ast.unparse(node.func) in ("audit.record", "record")
                and node.args
            ):
                first = node.args[0]
                if isinstance(first, ast.Constant) and isinstance(first.value, str):
                    yield first.value


def test_every_act_that_is_written_down_has_words() -> None:
    found = set(recorded())

    assert len(found) > 50
    assert sorted(found - set(ACTS)) == []
    assert act_name("backtest.make") == "做回放"
    assert act_name("round.window") == "改轮次"
    assert act_name("older.act") == "older.act"

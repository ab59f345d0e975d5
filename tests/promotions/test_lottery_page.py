"""The lines of the how-to page find out about a lottery what the product does, with nothing but Python."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.promotions.test_fair_draws import drawn, linked, terms


def run(folder: Path, published: dict[str, Any]) -> subprocess.CompletedProcess[str]:
    text = (ROOT / "docs" / "how-to" / "lotteries.md").read_text(encoding="utf-8")
    [lines] = re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    (folder / "check.py").write_text(lines, encoding="utf-8")
    (folder / "lottery.json").write_text(json.dumps(published, ensure_ascii=False), encoding="utf-8")
    words = [sys.executable, "-I", str(folder / "check.py"), str(folder / "lottery.json")]
    return subprocess.run(words, capture_output=True, text=True, encoding="utf-8", check=False, timeout=100)


@pytest.mark.parametrize(("kind", "cards", "draws"), [("lottery", 0, 500), ("scratch", 60, 60)])
def test_the_lines_agree_with_what_was_published_and_see_what_was_changed(
    tmp_path: Path, kind: str, cards: int, draws: int
) -> None:
    published = drawn(draws, terms(kind, cards))
    fair = run(tmp_path, published)
    assert (fair.returncode, fair.stdout) == (0, f"{draws} draws are what the seed makes them\n"), fair.stderr

    cut_off = published | {"draws": published["draws"][:-1]}
    assert run(tmp_path, cut_off).returncode == 1
    told = published["draws"][7]
    told["prize"] = 1 if told["prize"] is None else None
    assert run(tmp_path, published).returncode == 1


@pytest.mark.parametrize("first", [1, 9])
def test_the_lines_see_a_draw_that_does_not_follow_the_one_before(tmp_path: Path, first: int) -> None:
    published = linked(drawn(40, terms()), first)
    assert run(tmp_path, published).returncode == 0
    published["draws"][19]["link"] = "0" * 64
    altered = run(tmp_path, published)
    assert altered.returncode == 1 and "20 does not follow the draw before" in altered.stderr
    promised = drawn(40, terms() | {"linked": True})
    assert run(tmp_path, linked(promised)).returncode == 0
    assert "1 does not follow" in run(tmp_path, promised).stderr

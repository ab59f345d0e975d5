"""Every bench runs on tiny sizes and says well-formed lines. What they measure is looked at by people."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from laoke.config.bench import NAMES, bench_named, checkout, running
from laoke.config.bench.measures import Bench, Measured, Size
from laoke.config.bench.running import Line, as_json, run_benches, table

DAY = date(2026, 11, 11)


@pytest.mark.bench
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", NAMES)
def test_a_bench_tells_each_of_its_figures(name: str) -> None:
    lines = list(run_benches([name], "small", day=DAY))
    assert {line.figure for line in lines} == set(bench_named(name).figures)
    for line in lines:
        told = json.loads(as_json(line))
        assert told.keys() == {field.name for field in dataclasses.fields(Line)}
        assert told["value"] > 0 and told["n"] > 0 and told["unit"] and told["machine"]
        assert told["date"] == "2026-11-11"


def line(side: str, value: float, **told: object) -> Line:
    given = {
        "figure": "laoke_help", "side": side, "value": value, "unit": "s", "n": 7, "runs": 1, "wall_seconds": value,
        "cpu_seconds": 0.1, "peak_mb": None, "limit": None, "ratio_to_ours": None, "note": "", "machine": "here",
        "date": "2026-11-11",
    }  # fmt: skip
    return Line(**{**given, **told})  # type: ignore[arg-type]


def test_the_table_tells_whether_a_limit_was_kept() -> None:
    lines = [
        line("laoke", 0.4, limit=0.5),
        line("laoke", 0.6, limit=0.5),
        line("other", 2.0, ratio_to_ours=0.2),
    ]
    rows = table(lines, ["laoke_help"]).splitlines()
    assert [word for row in rows for word in row.split() if word in ("kept", "missed")] == ["kept", "missed"]
    assert rows[3].split() == ["laoke_help", "other", "2.0", "s", "7", "0.1", "0.2"]


def test_a_figure_where_more_is_better_misses_a_limit_from_below() -> None:
    slow = line("laoke", 19_000, figure="ledger_alone", limit=20_000)
    assert "≥ 20,000  missed" in table([slow], ["ledger_alone"])


def test_a_side_that_cannot_run_here_is_told_and_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    def one(size: Size, folder: Path) -> Iterator[Measured]:
        raise AssertionError("a measured side runs in a process of its own")

    bench = Bench(
        figures={}, sides={"laoke": one, "other": one, "third": one},
        needs={"other": "no_such_module"}, lacks={"laoke": lambda: "", "third": lambda: "no server is installed"},
    )  # fmt: skip
    assert running._sides("made_up", bench) == ["laoke"]
    assert capsys.readouterr().err.splitlines() == [
        "made_up: without other: no_such_module is not installed",
        "made_up: without third: no server is installed",
    ]


def test_the_documented_examples_are_found_beside_the_sources(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    found = checkout.filter_examples()
    assert found[1] == "bought(2+, within 365d)" and list(found) == list(range(1, len(found) + 1))
    monkeypatch.setattr(checkout, "ROOT", tmp_path)
    assert checkout.filter_examples() == {}
    assert checkout.why_no_postgres().endswith("is not beside the sources")

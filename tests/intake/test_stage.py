"""Parts that are written in a thread of the stage's own: in order, all there when settled, no error lost."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from laoke.intake.loading.stage import WAITING_PARTS, Stage


def part(number: int) -> pa.Table:
    return pa.table({"row_no": [number], "status": ["paid"]})


def broken() -> pa.Table:
    raise ValueError("no part")


def test_parts_stand_in_the_order_in_which_they_were_given(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "stage")
    for number in range(3 * WAITING_PARTS):
        stage.later("orders", lambda number=number: part(number))
    stage.settle()
    assert [pq.read_table(path)["row_no"].to_pylist() for path in stage.parts["orders"]] == [
        [number] for number in range(3 * WAITING_PARTS)
    ]


def test_what_goes_wrong_while_a_part_is_written_is_told_when_it_is_settled(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "stage")
    stage.later("orders", broken)
    with pytest.raises(ValueError, match="no part"):
        stage.settle()


def test_what_goes_wrong_is_told_before_too_many_parts_wait(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "stage")
    stage.later("orders", broken)
    with pytest.raises(ValueError, match="no part"):
        for number in range(WAITING_PARTS):
            stage.later("orders", lambda number=number: part(number))


def test_clearing_leaves_nothing_behind_that_still_waits(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "stage")
    for number in range(WAITING_PARTS):
        stage.later("orders", lambda number=number: part(number))
    stage.clear()
    assert not (tmp_path / "stage").exists()

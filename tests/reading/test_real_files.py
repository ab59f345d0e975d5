"""Real exports, where they lie beside the project: exact counts and sums."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.reading.exports import orders_of, read_all


@pytest.mark.parametrize("engine", ["plain", "compiled"])
def test_two_years_of_a_bookshop(shared: Path, engine: Any) -> None:
    batches, reading = read_all(shared / "ExportOrderList_derived_2017_2018.csv", engine=engine)
    summary = reading.summary
    assert (summary.accepted.rows, summary.accepted.cents) == (2660, 48531902)
    assert (summary.quarantined.rows, summary.ignored) == (0, 0)
    # 371,107.39 by the columns, and 8,709.04 of 48 orders that were closed after payment with no amount told
    assert (summary.paid_cents, summary.refunded_cents) == (37_110_739 + 870_904, 2_747_004 + 870_904)
    assert (summary.first_created, summary.last_created) == (
        datetime(2017, 1, 2, 23, 28, 56),
        datetime(2018, 12, 31, 15, 21, 11),
    )
    nicks = {nick for batch in batches for nick in batch.identities.column("nick").to_pylist()}
    assert len(nicks) == 1817
    assert not any(row["paid_at"] for row in orders_of(batches) if row["month"] == "2018-04")


def test_the_bookshop_known_up_to_october(shared: Path) -> None:
    _, reading = read_all(
        shared / "ExportOrderList_derived_2017_2018.csv", until=datetime(2018, 10, 31, 23, 59, 59)
    )
    summary = reading.summary
    assert summary.accepted.rows + summary.held_back.rows == 2660
    assert summary.accepted.cents + summary.held_back.cents == 48531902
    assert summary.last_created is not None and summary.last_created < datetime(2018, 11, 1)


def test_a_year_of_a_gift_wholesaler(shared: Path) -> None:
    _, reading = read_all(shared / "online_retail.csv.gz")
    summary = reading.summary
    assert (summary.read.rows, summary.read.cents) == (541_909, 974_774_793)
    assert (summary.lines, summary.refunds, summary.orders) == (531_282, 9_288, 20_725)
    assert dict(summary.reasons) == {"negative_count": 1336, "bookkeeping_row": 3}


def test_reviews_in_a_book_are_no_orders(shared: Path) -> None:
    from laoke.intake.reading import IntakeRefused, choose_layout, open_source

    with (
        open_source(shared / "reviews_hairwash_tmall.xlsx") as source,
        pytest.raises(IntakeRefused) as caught,
    ):
        choose_layout(source)
    assert caught.value.code == "header_not_recognised"

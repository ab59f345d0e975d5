"""What reading gives: batches of checked columns, rows put aside, and the sums that must add up.

The tables follow the warehouse's contracts without `shop_id`, `customer_id` and `import_id`, which the loader adds,
and with `row_no`, which ties a row to its identities.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class QuarantinedRow:
    """A row put aside: its line in the file, why, its money (0 when unreadable) and the row as it was written."""

    line: int
    reason_code: str
    params: dict[str, Any]
    cents: int
    raw_text: str
    money_readable: bool = True


@dataclass(frozen=True, slots=True)
class StagedBatch:
    """Some tens of thousands of rows. `identities` has one row per accepted row_no, empty cells as null. A file of
    other facts gives `facts` by table, and no orders."""

    orders: pa.Table
    lines: pa.Table | None
    refunds: pa.Table | None
    identities: pa.Table
    quarantined: list[QuarantinedRow]
    facts: dict[str, pa.Table] = field(default_factory=dict)


@dataclass(slots=True)
class Tally:
    """Rows and their money in cents: 总金额 of an order file, of a line file what was paid for its goods."""

    rows: int = 0
    cents: int = 0

    def add(self, rows: int, cents: int) -> None:
        self.rows += int(rows)
        self.cents += int(cents)


@dataclass(slots=True)
class ReadingSummary:
    """The sums of a file: `read` = `accepted` + `quarantined` + `held_back`, in rows and in cents.

    `ignored` are rows of totals and remarks, not part of `read`. `money_unreadable` counts quarantined rows whose
    money is in no sum. `paid_cents` and `refunded_cents` are those of accepted rows. `held_back` came after
    `until`. `latest_micros` is the latest time of any row, in microseconds since 1970.
    """

    read: Tally = field(default_factory=Tally)
    accepted: Tally = field(default_factory=Tally)
    quarantined: Tally = field(default_factory=Tally)
    held_back: Tally = field(default_factory=Tally)
    ignored: int = 0
    money_unreadable: int = 0
    paid_cents: int = 0
    refunded_cents: int = 0
    orders: int = 0
    lines: int = 0
    refunds: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    seen_at: datetime | None = None
    latest_micros: int = 0
    first_created: datetime | None = None
    last_created: datetime | None = None

    def note_created(self, first: datetime, last: datetime) -> None:
        """Widen the span of the accepted orders' times."""
        self.first_created = min(filter(None, (self.first_created, first)))
        self.last_created = max(filter(None, (self.last_created, last)))

    @property
    def adds_up(self) -> bool:
        parts = (self.accepted, self.quarantined, self.held_back)
        return self.read.rows == sum(p.rows for p in parts) and self.read.cents == sum(p.cents for p in parts)

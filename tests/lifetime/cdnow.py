"""CDNOW, the field's standard data: the sample's customers from the raw purchases, and from the published summary."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime
from pathlib import Path

import numpy as np

from laoke.lifetime.customers import Histories, Ints

CALIBRATION_END, HOLDOUT_WEEKS = date(1997, 9, 30), 39.0


def purchases(shared: Path) -> dict[str, dict[date, float]]:
    """Dollars by customer and day."""
    days: dict[str, dict[date, float]] = defaultdict(lambda: defaultdict(float))
    for line in (shared / "cdnow" / "CDNOW_sample.txt").read_text(encoding="ascii").splitlines():
        _, customer, day, _, dollars = line.split()
        days[customer][datetime.strptime(day, "%Y%m%d").date()] += float(dollars)
    return days


def calibration(shared: Path) -> tuple[Histories, Ints, float]:
    """Histories in weeks at the end of the calibration, purchases of the 39 weeks after it, and their dollars."""
    rows, later, dollars = [], [], 0.0
    for days in purchases(shared).values():
        first = min(days)
        again = [day for day in days if first < day <= CALIBRATION_END]
        after = [day for day in days if day > CALIBRATION_END]
        rows.append((
            len(again), (max(again) - first).days / 7 if again else 0.0, (CALIBRATION_END - first).days / 7,
            sum(days[day] for day in again) / len(again) if again else 0.0,
        ))  # fmt: skip
        later.append(len(after))
        dollars += sum(days[day] for day in after)
    return Histories.of(*zip(*rows, strict=True)), np.array(later), dollars


def summary(shared: Path) -> Histories:
    """The published summary, rounded to hundredths of a week."""
    file = shared / "cdnow" / "cdnow_customers_summary_with_transactions.csv"
    columns = np.loadtxt(file, delimiter=",", skiprows=1).T
    return Histories.of(*columns[1:5])

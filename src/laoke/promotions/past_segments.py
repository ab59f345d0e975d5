"""Segments in a backtest (rule R40): who would have been in one at the end of the month before each order.

Who that was is asked above (`audiences.trends.people_then`), for a lower package evaluates no segment; here it opens an
offer to their orders, and says how that was known.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from laoke.promotions import engine

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from laoke.promotions.past_limits import Times

    Then = Mapping[str, "SegmentThen"]


@dataclass(frozen=True)
class SegmentThen:
    """The persons of a segment at month ends, by the day (since 1970). Of `missing` month ends nobody knows them;
    `as_now` says that the filter asks for something that is known as of now only."""

    people: Mapping[int, NDArray[np.int64]]
    missing: tuple[int, ...] = ()
    as_now: bool = False


def month_ends_before(first: date, last: date) -> list[date]:
    """The last day of the month before each day of a period, each once, rising."""
    found: list[date] = []
    day = last
    while day >= first or not found:
        found.append(day.replace(day=1) - timedelta(days=1))
        day = found[-1]
    return found[::-1]


def open_to_segments(
    offers: Sequence[engine.Offer],
    found: dict[str, NDArray[np.bool_]],
    then: Then,
    times: Times,
) -> dict[str, NDArray[np.bool_]]:
    """The same with offers for a segment kept to orders whose buyer was in it; buyers nobody knows, and orders after a
    month end of which nobody knows the segment, have the offer: the dearest case."""
    import numpy as np

    opened = dict(found)
    asked = [offer for offer in offers if offer.audience in then]
    if not asked:
        return opened
    months = times.day.astype("datetime64[D]").astype("datetime64[M]")
    ends = months.astype("datetime64[D]").astype(np.int64) - 1
    for offer in asked:
        mine = np.ones(len(ends), np.bool_)
        for end, people in then[offer.audience].people.items():
            here = ends == end
            mine[here] = (times.person[here] < 0) | np.isin(times.person[here], people)
        opened[offer.offer_id] = mine & opened[offer.offer_id] if offer.offer_id in opened else mine
    return opened

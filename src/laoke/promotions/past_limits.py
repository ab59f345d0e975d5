"""Limits in a backtest (rule R41): which offers have any, in which order the past orders came, what was held back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from laoke.promotions import engine
from laoke.promotions.facts import day_number
from laoke.promotions.models import CouponIssue, Offer, OfferSetup

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from laoke.promotions.columnar.in_time import Cap, InTime
    from laoke.warehouse.engine import Reader


@dataclass(frozen=True)
class Times:
    """Who bought each order (−1: nobody knows), its place among all orders of the period, and the day on which it was
    paid (since 1970), per order."""

    person: NDArray[np.int64]
    place: NDArray[np.int64]
    day: NDArray[np.int64]


def caps_of(offers: Sequence[engine.Offer], rows: Sequence[Offer | None]) -> dict[str, Cap]:
    """The limits of each offer: its own, and those of what is given out of the stored coupon that its row is."""
    from laoke.promotions.columnar.in_time import cap_of

    return {
        offer.offer_id: cap_of(offer, *(_given_out(row) if row is not None else ()))
        for offer, row in zip(offers, rows, strict=True)
    }


def _given_out(row: Offer) -> tuple[int | None, int | None, int | None]:
    """How many coupons of an offer one person and all can have, and how many cents these may take off: those of its
    issues that were not stopped, else as many as are planned for the platform. One coupon is one use; what issues allow
    adds up, and what one of them does not limit is not limited."""
    issues = CouponIssue.objects.filter(offer=row, stopped_at=None)
    if found := list(issues.values_list("per_person_limit", "total_limit", "budget_cents")):
        each, total, budget = (
            None if None in column else sum(filter(None, column)) for column in zip(*found, strict=True)
        )
        return each, total, budget
    planned = OfferSetup.objects.filter(offer=row).values_list("planned_issued", flat=True).first()
    return None, planned, None


def are_limited(offers: Sequence[engine.Offer], caps: Mapping[str, Cap]) -> bool:
    """Whether any offer can be used up, so that it matters who came first."""
    from laoke.promotions.columnar.in_time import has_stock

    return any(has_stock(offer) or not caps[offer.offer_id].is_none for offer in offers)


def times_of(
    reader: Reader, shop_id: int, period_from: date, period_to: date, parts: Sequence[NDArray[Any]]
) -> tuple[Times, ...]:
    """When the orders of each part came and who placed them, at the catalog entry that is priced."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    days = {"from_day": day_number(period_from), "to_day": day_number(period_to)}
    rows = reader.query("backtest_times", shop_id=shop_id, **days)
    persons, places, paid = (rows[name].to_numpy() for name in ("person_id", "place", "day"))
    found = []
    for order_ids in parts:
        at = pc.index_in(pa.array(order_ids, pa.string()), value_set=rows["order_id"])
        numbers = np.asarray(at.to_numpy(zero_copy_only=False), dtype=np.int64)
        found.append(Times(persons[numbers], places[numbers], paid[numbers]))
    return tuple(found)


def limits_told(found: InTime, times: Sequence[Times]) -> dict[str, Any]:
    """What limits held back, as stored: orders that reached an offer when it was used up, in all and by offer; and how
    many orders have no known buyer, whom no limit per person holds back."""
    return {
        "orders": found.orders,
        "offers": found.by_offer(),
        "unknown_buyers": sum(int((one.person < 0).sum()) for one in times),
    }

"""What a backtest stores beyond its sums, and what it says under the operator's assumptions.

`facts_of` is worked out once, from the columns that were priced. What is assumed of buyers may be changed afterwards:
the answers come from the facts alone, so nothing is read or priced again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import date
from typing import TYPE_CHECKING, Any

from laoke.money import FULL_BP
from laoke.promotions import engine
from laoke.promotions.facts import day_number

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from laoke.promotions.depth.break_even import BreakEven, NoBreakEven
    from laoke.promotions.depth.combinations import Combination
    from laoke.promotions.depth.net import CostTerms
    from laoke.promotions.depth.orders import PricedOrders
    from laoke.promotions.depth.pairs import FirmPair, PairGrid
    from laoke.promotions.depth.thresholds import FillUp
    from laoke.promotions.depth.values import OrderValues
    from laoke.warehouse.engine import Reader

MOST_LOSING = 100
PERCENT_BP = FULL_BP // 100


@dataclass(frozen=True)
class SegmentPeople:
    """A segment and the persons in it now."""

    name: str
    person_ids: NDArray[np.int64]


@dataclass(frozen=True)
class Known:
    """What is known of the orders besides their price: the person (−1: none) and how many orders they had paid for
    before, per order; segments; since when there are orders at all (days since 1970)."""

    person_ids: NDArray[np.int64]
    earlier: NDArray[np.int64]
    segments: tuple[SegmentPeople, ...]
    since_day: int | None


def known_of(
    reader: Reader,
    shop_id: int,
    period_from: date,
    period_to: date,
    order_ids: NDArray[Any],
    segments: Sequence[SegmentPeople],
) -> Known:
    """Who placed these orders, at the catalog entry that was priced."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    days = {"from_day": day_number(period_from), "to_day": day_number(period_to)}
    rows = reader.query("backtest_buyers", shop_id=shop_id, **days)
    at = pc.fill_null(pc.index_in(pa.array(order_ids, pa.string()), value_set=rows["order_id"]), -1)
    places = np.asarray(at.to_numpy(zero_copy_only=False), dtype=np.int64)

    def column(name: str) -> NDArray[np.int64]:
        found = np.append(rows[name].to_numpy(), -1)  # the place −1 is the one of no buyer
        return np.asarray(found, dtype=np.int64)[places]

    span = reader.remembered("orders_span", shop_id=shop_id).to_pylist()[0]
    return Known(column("person_id"), column("earlier"), tuple(segments), span["first_paid_day"])


def facts_of(
    orders: PricedOrders, offers: Sequence[engine.Offer], terms: CostTerms, known: Known
) -> dict[str, Any]:
    """The facts as stored. Orders at a loss are the hundred worst, combinations the sixty that took off the most."""
    from laoke.promotions.depth import benefit, combinations, net, values

    steps, left = values.thresholds_of(offers), net.net_after(orders, terms)
    return {
        "terms": asdict(terms),
        "net": net.told(net.net_figures(orders, terms)),
        "losing": [asdict(one) for one in net.losing_orders(orders, terms, MOST_LOSING)],
        "values": values.order_values(orders.value, steps).told(),
        "steps": steps,
        "off_cents": first_off(offers),
        "combinations": [one.told() for one in combinations.combinations(orders)],
        "history": [one.told() for one in benefit.by_history(orders, known.earlier, left)],
        "segments": [
            benefit.benefit(orders, benefit.members(known.person_ids, one.person_ids), one.name, left).told()
            for one in known.segments
        ],
        "since_day": known.since_day,
    }


def first_off(offers: Sequence[engine.Offer]) -> int | None:
    """What the first step of the plan takes off in cents: of its 满减, else of a coupon; None without either."""
    mechanics = [offer.mechanic for offer in offers]
    for one in mechanics:
        if isinstance(one, engine.ThresholdDiscount):
            return one.steps[0].off_cents
    return next((one.face_cents for one in mechanics if isinstance(one, engine.ShopCoupon)), None)


@dataclass(frozen=True)
class Assumed:
    """What the operator assumes, nothing of it measured. Shares in percent; None takes what the period's orders left.

    limit    no order should lose more of its price than this
    off_cents, reach, low, likely, high   the step that is looked for, and how buyers fill up to it
    follow   how far the shares follow the amount where another is taken off: 0 not at all, 100 in proportion
    rate     what one more yuan of goods leaves after its cost and the fee
    """

    limit: int = 50
    off_cents: int | None = None
    reach: int = 20
    low: int = 10
    likely: int = 20
    high: int = 30
    follow: int = 100
    rate: int | None = None

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> Assumed:
        """From a stored row; what is not there stands at its default."""
        names = {field.name for field in fields(cls)}
        return cls(**{name: value for name, value in data.items() if name in names})


@dataclass(frozen=True)
class Depth:
    """The facts of one backtest as values, under assumptions."""

    facts: Mapping[str, Any]
    assumed: Assumed

    @property
    def values(self) -> OrderValues:
        """The orders by value."""
        from laoke.promotions.depth.values import OrderValues

        return OrderValues.read(self.facts["values"])

    @property
    def combinations(self) -> list[Combination]:
        """Which offers met, the one that took off the most first."""
        from laoke.promotions.depth.combinations import Combination

        return [Combination.read(one) for one in self.facts["combinations"]]

    @property
    def off_cents(self) -> int:
        """What the step takes off: as assumed, else the plan's own first step, else a tenth of the middle order."""
        if self.assumed.off_cents is not None:
            return self.assumed.off_cents
        own: int | None = self.facts["off_cents"]
        middle = self.values.middle_cents or 0
        return own if own is not None else max(100, middle // 1_000 * 100)

    @property
    def rate_bp(self) -> int | None:
        """What a yuan of goods leaves: as assumed, else as the orders of the period left it; None if nobody knows."""
        if self.assumed.rate is not None:
            return self.assumed.rate * PERCENT_BP
        measured: int | None = self.facts["net"]["goods_rate_bp"]
        return measured

    @property
    def fill_up(self) -> FillUp | None:
        """The step and the assumptions about it; None as long as nobody knows what goods leave."""
        from laoke.promotions.depth.thresholds import FillUp

        if self.rate_bp is None:
            return None
        one = self.assumed
        return FillUp(
            self.off_cents,
            self.rate_bp,
            self.facts["terms"]["fee_bp"],
            *(share * PERCENT_BP for share in (one.reach, one.low, one.likely, one.high)),
        )

    @property
    def pairs(self) -> PairGrid | None:
        """What each pair of round threshold and amount would earn; None as long as nobody knows what goods leave."""
        from laoke.promotions.depth.pairs import pair_grid

        fill = self.fill_up
        if fill is None:
            return None
        return pair_grid(self.values, *self._grid, fill, self.assumed.follow * PERCENT_BP)

    @property
    def firm_pairs(self) -> list[FirmPair]:
        """The best pair under nine other assumptions; none as long as nobody knows what goods leave."""
        from laoke.promotions.depth.pairs import firm_pairs

        fill = self.fill_up
        return firm_pairs(self.values, *self._grid, fill) if fill is not None else []

    @property
    def _grid(self) -> tuple[list[int], list[int]]:
        """Thresholds, and amounts that a seller's tool takes: whole yuan as a coupon's face may be."""
        from laoke.promotions.depth.pairs import YUAN, round_amounts, round_thresholds
        from laoke.promotions.setup.limits import limit

        thresholds, taken = round_thresholds(self.values), limit("coupon_face_manual")
        own = self.off_cents
        amounts = round_amounts(thresholds, own)
        return thresholds, [one for one in amounts if one == own or taken.takes(one // YUAN)]

    def break_even(self, before: str) -> BreakEven | NoBreakEven:
        """How many more orders pay for the offers: against the same orders without any offer (`listed`) or as they were
        sold then (`paid`)."""
        from laoke.promotions.depth.break_even import break_even

        net = self.facts["net"]
        return break_even(net["orders"], net[f"{before}_net_cents"], net["after_net_cents"])

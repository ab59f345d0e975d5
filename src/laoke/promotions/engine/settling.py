"""What is settled after the purchase: balances of deposits, groups that fill or fail, differences back (R31 to R33).

Orders in, their outcome out, at a moment: pure, in cents, whatever order they are given in. What was paid is always
what is kept, given back or still open.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from laoke.money import MAX_CENTS, pay_cents
from laoke.promotions.engine.errors import EngineError, check_between
from laoke.promotions.engine.together import DepositExpansion, GroupBuy, MoreCheaper
from laoke.promotions.engine.values import Offer

SETTLED = (DepositExpansion, GroupBuy, MoreCheaper)
"""The mechanics that hang on what happens after the purchase."""


@dataclass(frozen=True, slots=True)
class Goods:
    """Pieces of one kind: their price before the offer and how many."""

    unit_price_cents: int
    quantity: int = 1

    def __post_init__(self) -> None:
        check_between("unit_price_cents", self.unit_price_cents, 0, MAX_CENTS)
        check_between("quantity", self.quantity, 1, 1_000_000)


@dataclass(frozen=True, slots=True)
class PaidOrder:
    """An order that took part in an offer, as far as it must be known to settle it. Times are shop time.

    A deposit: `paid_cents` is the deposit, `balance_cents` what was paid later, at `balance_at` (None = not paid).
    A group: `joins` is the order that opened it ("" = opens one). More buyers: `goods` are the pieces in scope,
    `off_cents` what other offers took off them; what was paid follows. `returned` orders are no buyers at the end.
    """

    order_id: str
    buyer: str
    at: datetime
    paid_cents: int = 0
    balance_at: datetime | None = None
    balance_cents: int = 0
    joins: str = ""
    goods: tuple[Goods, ...] = ()
    off_cents: int = 0
    returned: bool = False

    def __post_init__(self) -> None:
        for name in ("order_id", "buyer"):
            if not getattr(self, name):
                raise EngineError("empty", name)
        for name in ("paid_cents", "balance_cents", "off_cents"):
            check_between(name, getattr(self, name), 0, MAX_CENTS)
        for name in ("at", "balance_at"):
            moment = getattr(self, name)
            if moment is not None and moment.tzinfo is not None:
                raise EngineError("time_with_zone", name)


@dataclass(frozen=True, slots=True)
class SettledOrder:
    """What became of an order, and of what was paid for it: paid = kept + back + open, cents.

    `state`: completed, forfeited (the deposit stays with the shop), waiting, formed, failed, returned.
    `group` is the order that opened its group.
    """

    order_id: str
    state: str
    paid_cents: int
    kept_cents: int = 0
    back_cents: int = 0
    open_cents: int = 0
    group: str = ""


@dataclass(frozen=True, slots=True)
class SettledGroup:
    """A group: the order that opened it, its orders in time order, its state and when it filled or failed."""

    group: str
    state: str
    order_ids: tuple[str, ...]
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Settlement:
    """All orders in time order, of equals by id, and the groups in the order in which they were opened.

    `buyers` and `pay_bp` say where a price that falls with the buyers ended (None = below its first step).
    """

    orders: tuple[SettledOrder, ...]
    groups: tuple[SettledGroup, ...] = ()
    buyers: int = 0
    pay_bp: int | None = None

    @property
    def paid_cents(self) -> int:
        """What all orders paid; the three below add up to it."""
        return sum(order.paid_cents for order in self.orders)

    @property
    def kept_cents(self) -> int:
        """What stays with the shop."""
        return sum(order.kept_cents for order in self.orders)

    @property
    def back_cents(self) -> int:
        """What goes back to buyers."""
        return sum(order.back_cents for order in self.orders)

    @property
    def open_cents(self) -> int:
        """What is paid but not settled yet."""
        return sum(order.open_cents for order in self.orders)


def settle(offer: Offer, orders: Iterable[PaidOrder], at: datetime) -> Settlement:
    """Settle the orders of a deposit, a group buy or a price that falls with the buyers, as it stands at `at`.

    Raises EngineError for an offer of another kind, and for the first order that `sift` refuses.
    """
    ordered, refused = sift(offer, orders, at)
    if refused:
        raise refused[0].reason
    mechanic = offer.mechanic
    if isinstance(mechanic, DepositExpansion):
        return Settlement(tuple(_balance(order, offer.window.end, at) for order in ordered))
    if isinstance(mechanic, GroupBuy):
        return _groups(ordered, mechanic, at)
    assert isinstance(mechanic, MoreCheaper)
    return _differences(ordered, mechanic, offer.window.end, at)


@dataclass(frozen=True, slots=True)
class Unsettled:
    """An order that cannot be settled, and why."""

    order: PaidOrder
    reason: EngineError


def sift(
    offer: Offer, orders: Iterable[PaidOrder], at: datetime
) -> tuple[list[PaidOrder], tuple[Unsettled, ...]]:
    """The orders that can be settled at `at`, in time order and of equals by id, and those that cannot.

    Refused are `duplicate_order_id` (the later one), `order_after_settling`, `order_out_of_window`,
    `deposit_out_of_time` and `balance_out_of_time`. Raises EngineError `nothing_to_settle` for another kind of offer.
    """
    if not isinstance(offer.mechanic, SETTLED):
        raise EngineError("nothing_to_settle", "offer.mechanic")
    fit, refused, seen = [], [], set[str]()
    for order in sorted(orders, key=lambda order: (order.at, order.order_id)):
        reason = (
            EngineError("duplicate_order_id", "orders", order_id=order.order_id)
            if order.order_id in seen
            else _against(offer, order, at)
        )
        seen.add(order.order_id)
        if reason is None:
            fit.append(order)
        else:
            refused.append(Unsettled(order, reason))
    return fit, tuple(refused)


def _against(offer: Offer, order: PaidOrder, at: datetime) -> EngineError | None:
    """Why an order was no order of the offer at its moment (R13, R31), or None."""

    def reason(code: str, field: str) -> EngineError:
        return EngineError(code, field, order_id=order.order_id)

    if order.at > at:
        return reason("order_after_settling", "at")
    if not offer.window.includes(order.at):
        return reason("order_out_of_window", "at")
    mechanic, balance_at, end = offer.mechanic, order.balance_at, offer.window.end
    if not isinstance(mechanic, DepositExpansion):
        return None
    if order.at >= mechanic.deposit_until:
        return reason("deposit_out_of_time", "at")
    if balance_at is not None and (
        not mechanic.balance_from <= balance_at <= at or (end is not None and balance_at >= end)
    ):
        return reason("balance_out_of_time", "balance_at")
    return None


def _balance(order: PaidOrder, end: datetime | None, at: datetime) -> SettledOrder:
    """Rule R31: both paid in time, or the deposit is kept when the time is over."""
    paid = order.paid_cents
    if order.balance_at is not None:
        both = paid + order.balance_cents
        return SettledOrder(order.order_id, "completed", both, kept_cents=both)
    if end is not None and at >= end:
        return SettledOrder(order.order_id, "forfeited", paid, kept_cents=paid)
    return SettledOrder(order.order_id, "waiting", paid, open_cents=paid)


@dataclass(slots=True)
class _Group:
    """A group while its orders come."""

    opener: PaidOrder
    until: datetime
    orders: list[PaidOrder]

    def takes(self, order: PaidOrder, people: int) -> bool:
        """Not full, not over, and nobody twice."""
        return (
            len(self.orders) < people
            and order.at < self.until
            and all(one.buyer != order.buyer for one in self.orders)
        )


def _groups(ordered: Sequence[PaidOrder], mechanic: GroupBuy, at: datetime) -> Settlement:
    """Rule R32: each order joins the group that it names while that takes it, else it opens its own."""
    groups: dict[str, _Group] = {}
    of_order: dict[str, str] = {}
    for order in ordered:
        named = groups.get(of_order.get(order.joins, ""))
        if named is not None and named.takes(order, mechanic.people):
            named.orders.append(order)
            of_order[order.order_id] = named.opener.order_id
        else:
            until = order.at + timedelta(hours=mechanic.hours)
            groups[order.order_id] = _Group(order, until, [order])
            of_order[order.order_id] = order.order_id
    settled = {name: _settled_group(group, mechanic.people, at) for name, group in groups.items()}
    return Settlement(
        tuple(_of_group(order, settled[of_order[order.order_id]]) for order in ordered),
        tuple(settled.values()),
    )


def _settled_group(group: _Group, people: int, at: datetime) -> SettledGroup:
    ids = tuple(order.order_id for order in group.orders)
    if len(ids) == people:
        return SettledGroup(group.opener.order_id, "formed", ids, group.orders[-1].at)
    if at >= group.until:
        return SettledGroup(group.opener.order_id, "failed", ids, group.until)
    return SettledGroup(group.opener.order_id, "waiting", ids)


def _of_group(order: PaidOrder, group: SettledGroup) -> SettledOrder:
    """Kept where the group formed, all of it back where it failed."""
    paid, state = order.paid_cents, group.state
    if state == "formed":
        return SettledOrder(order.order_id, state, paid, kept_cents=paid, group=group.group)
    if state == "failed":
        return SettledOrder(order.order_id, state, paid, back_cents=paid, group=group.group)
    return SettledOrder(order.order_id, state, paid, open_cents=paid, group=group.group)


def _differences(
    ordered: Sequence[PaidOrder], mechanic: MoreCheaper, end: datetime | None, at: datetime
) -> Settlement:
    """Rule R33: what was paid at the price of its moment, and the difference to the last price at the end."""
    came: set[str] = set()
    paid: dict[str, int] = {}
    for order in ordered:
        came.add(order.buyer)
        paid[order.order_id] = max(0, _asked(order, _rate(mechanic, len(came))) - order.off_cents)
    buyers = len({order.buyer for order in ordered if not order.returned})
    last = _rate(mechanic, buyers)
    over = end is not None and at >= end
    settled = []
    for order in ordered:
        cents = paid[order.order_id]
        if order.returned:
            settled.append(SettledOrder(order.order_id, "returned", cents, back_cents=cents))
        elif not over:
            settled.append(SettledOrder(order.order_id, "waiting", cents, open_cents=cents))
        else:
            final = max(0, _asked(order, last) - order.off_cents)
            kept = min(cents, final)
            settled.append(SettledOrder(order.order_id, "completed", cents, kept, cents - kept))
    return Settlement(tuple(settled), buyers=buyers, pay_bp=last)


def _rate(mechanic: MoreCheaper, buyers: int) -> int | None:
    """The rate that so many buyers reach; None below the first step."""
    reached = mechanic.reached(buyers)
    return None if reached is None else mechanic.variants[reached].pay_bp


def _asked(order: PaidOrder, pay_bp: int | None) -> int:
    """What the pieces cost at a rate, rounded per piece (R3)."""
    return sum(
        (goods.unit_price_cents if pay_bp is None else pay_cents(goods.unit_price_cents, pay_bp))
        * goods.quantity
        for goods in order.goods
    )

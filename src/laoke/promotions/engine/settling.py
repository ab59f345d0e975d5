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

    Raises EngineError for an offer of another kind, two orders with one id, and an order after `at`.
    """
    ordered = sorted(orders, key=lambda order: (order.at, order.order_id))
    seen: set[str] = set()
    for order in ordered:
        if order.order_id in seen:
            raise EngineError("duplicate_order_id", "orders", order_id=order.order_id)
        seen.add(order.order_id)
        if order.at > at:
            raise EngineError("order_after_settling", "orders", order_id=order.order_id)
    mechanic = offer.mechanic
    if isinstance(mechanic, DepositExpansion):
        return Settlement(tuple(_balance(order, mechanic, offer.window.end, at) for order in ordered))
    if isinstance(mechanic, GroupBuy):
        return _groups(ordered, mechanic, at)
    if isinstance(mechanic, MoreCheaper):
        return _differences(ordered, mechanic, offer.window.end, at)
    raise EngineError("nothing_to_settle", "offer.mechanic")


def _balance(
    order: PaidOrder, mechanic: DepositExpansion, end: datetime | None, at: datetime
) -> SettledOrder:
    """Rule R31: both paid in time, or the deposit is kept when the time is over."""
    paid = order.paid_cents
    balance_at = order.balance_at
    if (
        balance_at is not None
        and mechanic.balance_from <= balance_at <= at
        and (end is None or balance_at < end)
    ):
        both = paid + order.balance_cents
        return SettledOrder(order.order_id, "completed", both, kept_cents=both)
    if balance_at is not None:
        raise EngineError("balance_out_of_time", "balance_at", order_id=order.order_id)
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

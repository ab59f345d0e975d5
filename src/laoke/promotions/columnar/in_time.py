"""Limits that past orders use up one after the other (rule R41): per person, in all, a coupon's budget, pieces at a
flash price, gifts.

Whether an offer is open to an order hangs on the orders before it, and on which offers those used. All orders are
priced with everything open; then each offer is closed from where its limit is used up, and all are priced again, until
nothing changes. Each time at least one more order is right for good, so this ends; mostly after the second time.
Gifts change no price, so they are handed out once, at the end. Where no offer has a limit, orders are priced once.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from laoke.promotions.columnar.columns import BasketColumns, Ints
from laoke.promotions.columnar.figures import discount_sums
from laoke.promotions.columnar.giving import steps_reached
from laoke.promotions.columnar.pricing import PricedBaskets, price_baskets
from laoke.promotions.engine import DiscountSums, FlashSale, GiftStep, Layer, Offer, ShopCoupon, ThresholdGift

Flags = npt.NDArray[np.bool_]
NOBODY = -1


@dataclass(frozen=True, slots=True)
class Cap:
    """How often an offer may be used by one person and in all, how many pieces it has, how many cents a coupon may take
    off in all; None = no such limit."""

    per_person: int | None = None
    total: int | None = None
    pieces: int | None = None
    budget_cents: int | None = None

    @property
    def is_none(self) -> bool:
        """True where nothing is limited."""
        return self == Cap()


@dataclass(frozen=True, slots=True)
class Part:
    """Orders as columns, with what `price_baskets` is given of them; `person` and `place` are per order: who bought
    (−1: nobody knows, which is limited per person by nothing) and where it stands among the orders of all parts."""

    columns: BasketColumns
    eligible: Mapping[str, Flags]
    variant: Mapping[str, Ints]
    person: Ints
    place: Ints


@dataclass(frozen=True, slots=True)
class InTime:
    """The priced parts; by offer that has a limit which orders of each part reached it when it was used up. `unlimited`
    are the discounts if nothing was ever used up."""

    priced: tuple[PricedBaskets, ...]
    unlimited: DiscountSums
    held_back: dict[str, tuple[Flags, ...]] = field(default_factory=dict)

    @property
    def orders(self) -> int:
        """How many orders went without something that others had used up."""
        if not self.held_back:
            return 0
        parts = zip(*self.held_back.values(), strict=True)
        return sum(int(np.logical_or.reduce(part).sum()) for part in parts)

    def by_offer(self) -> dict[str, int]:
        """The same by offer."""
        return {name: sum(int(part.sum()) for part in parts) for name, parts in self.held_back.items()}


def cap_of(
    offer: Offer, per_person: int | None = None, total: int | None = None, budget_cents: int | None = None
) -> Cap:
    """The limits of an offer: its own, and what was stated beside it; of two the lower. Only coupons have a budget."""
    own, mechanic = offer.limits.per_person, offer.mechanic
    known = [one for one in (own, per_person) if one is not None]
    pieces = mechanic.stock if isinstance(mechanic, FlashSale) else None
    budget = budget_cents if isinstance(mechanic, ShopCoupon) else None
    return Cap(min(known, default=None), total, pieces, budget)


def has_stock(offer: Offer) -> bool:
    """Whether a gift of the offer can run out."""
    mechanic = offer.mechanic
    return isinstance(mechanic, ThresholdGift) and any(
        choice.stock is not None for step in mechanic.steps for choice in step.choices
    )


def price_in_time(parts: Sequence[Part], offers: Sequence[Offer], caps: Mapping[str, Cap]) -> InTime:
    """Price all parts under limits, in the order of the orders' places."""
    gifts = [
        offer
        for offer in offers
        if offer.layer is Layer.GIFT and (has_stock(offer) or not caps[offer.offer_id].is_none)
    ]
    handed = {offer.offer_id for offer in gifts}
    limited = [offer for offer in offers if offer.offer_id not in handed and not caps[offer.offer_id].is_none]
    # Gifts are handed out at the end: until then nobody has them.
    opened = {name: tuple(np.zeros(len(part.place), np.bool_) for part in parts) for name in handed}
    priced = _priced(parts, offers, opened)
    unlimited = DiscountSums()
    for part, done in zip(parts, priced, strict=True):
        unlimited += discount_sums(part.columns, done)
    if not limited and not gifts:
        return InTime(priced, unlimited)
    order = _Order.of(parts)
    everyone = tuple(np.ones(len(part.place), np.bool_) for part in parts)
    opened |= {one.offer_id: everyone for one in limited}
    reached = {one.offer_id: _reached(priced, one) for one in limited}
    used = {one.offer_id: _uses(parts, priced, one) for one in limited}
    while limited:
        found = {
            one.offer_id: order.apart(_open(one, caps[one.offer_id], used[one.offer_id], parts, order))
            for one in limited
        }
        if all(_same(flags, opened[name]) for name, flags in found.items()):
            break
        opened |= found
        priced = _priced(parts, offers, opened)
        for one in limited:
            # What a closed order would use stays as it was when it was open.
            is_open = np.concatenate(opened[one.offer_id])
            used[one.offer_id] = np.where(is_open, _uses(parts, priced, one), used[one.offer_id])
    held = {
        name: tuple(was & ~is_open for was, is_open in zip(reached[name], opened[name], strict=True))
        for name in reached
    }
    for offer in gifts:
        held[offer.offer_id] = _hand_out(offer, caps[offer.offer_id], parts, priced, order)
    return InTime(priced, unlimited, held)


def _priced(
    parts: Sequence[Part], offers: Iterable[Offer], opened: Mapping[str, tuple[Flags, ...]]
) -> tuple[PricedBaskets, ...]:
    asked, found = list(offers), []
    for number, part in enumerate(parts):
        eligible = dict(part.eligible)
        for name, flags in opened.items():
            eligible[name] = flags[number] & eligible[name] if name in eligible else flags[number]
        found.append(price_baskets(part.columns, asked, eligible, variant=part.variant))
    return tuple(found)


def _same(found: Sequence[Flags], before: Sequence[Flags]) -> bool:
    return all(np.array_equal(one, other) for one, other in zip(found, before, strict=True))


@dataclass(frozen=True, slots=True)
class _Order:
    """All orders of all parts in the order of time: `by_time` are their numbers, part after part."""

    by_time: Ints
    person: Ints
    ends: Ints

    @classmethod
    def of(cls, parts: Sequence[Part]) -> "_Order":
        places = np.concatenate([part.place for part in parts])
        persons = np.concatenate([part.person for part in parts])
        ends = np.cumsum([len(part.place) for part in parts])
        return cls(np.argsort(places, kind="stable"), persons, ends)

    def apart(self, of_all: Flags) -> tuple[Flags, ...]:
        """A column of all orders as one for each part."""
        return tuple(np.split(of_all, self.ends[:-1]))


def _row_of(priced: Sequence[PricedBaskets], offer: Offer) -> int:
    return [one.offer_id for one in priced[0].offers].index(offer.offer_id)


def _reached(priced: Sequence[PricedBaskets], offer: Offer) -> tuple[Flags, ...]:
    row = _row_of(priced, offer)
    return tuple(part.reached[row].copy() for part in priced)


def _uses(parts: Sequence[Part], priced: Sequence[PricedBaskets], offer: Offer) -> Ints:
    """How much of an offer each order uses, as two rows: pieces at a flash price, else 1 where something is taken off
    or given; and the cents that are taken off."""
    row, found = _row_of(priced, offer), []
    for part, done in zip(parts, priced, strict=True):
        if isinstance(offer.mechanic, FlashSale):
            at_it = np.where(done.item_offer == row, part.columns.quantity, 0)
            uses = part.columns.basket_sums(at_it)
        else:
            uses = (done.gift_pieces.get(row, done.discount_cents[row]) > 0).astype(np.int64)
        found.append(np.stack([uses, done.discount_cents[row]]))
    return np.concatenate(found, axis=1)


def _open(offer: Offer, cap: Cap, used: Ints, parts: Sequence[Part], order: _Order) -> Flags:
    """To which orders an offer is open, when each uses of it what is told as long as it is open."""
    (in_time, cents), persons = used[:, order.by_time], order.person[order.by_time]
    if isinstance(offer.mechanic, FlashSale):
        wanted = np.concatenate([_wanted(part.columns, offer) for part in parts])[order.by_time]
        flags = _while_stock_lasts(cap, wanted, in_time, persons)
    else:
        flags = np.ones(len(in_time), np.bool_)
        if cap.per_person is not None:
            flags &= (persons == NOBODY) | (_before_by_person(in_time, persons) < cap.per_person)
        if cap.total is not None:
            counted = in_time * flags
            flags &= np.cumsum(counted) - counted < cap.total
        if cap.budget_cents is not None and isinstance(offer.mechanic, ShopCoupon):
            # Open while a whole coupon is left: whether an order may have one then hangs on earlier orders alone.
            taken = cents * flags
            flags &= np.cumsum(taken) - taken <= cap.budget_cents - offer.mechanic.face_cents
    answer = np.empty_like(flags)
    answer[order.by_time] = flags
    return answer


def _before_by_person(uses: Ints, persons: Ints) -> Ints:
    """How often each order's person had used it before, orders in the order of time."""
    grouped = np.argsort(persons, kind="stable")
    sums = np.cumsum(uses[grouped])
    starts = np.flatnonzero(np.r_[True, persons[grouped][1:] != persons[grouped][:-1]])
    base = np.repeat((sums - uses[grouped])[starts], np.diff(np.r_[starts, len(grouped)]))
    before = np.empty_like(sums)
    before[grouped] = sums - uses[grouped] - base
    return before


def _wanted(columns: BasketColumns, offer: Offer) -> Ints:
    """Pieces of each basket in scope whose list price is above the flash price (R29)."""
    covers = np.array(
        [offer.reach.covers(*one) for one in zip(columns.product_ids, columns.categories, strict=True)],
        np.bool_,
    )
    price = offer.mechanic.price_cents if isinstance(offer.mechanic, FlashSale) else 0
    dearer = covers[columns.product] & (columns.unit_price_cents > price)
    found: Ints = columns.basket_sums(np.where(dearer, columns.quantity, 0))
    return found


def _while_stock_lasts(cap: Cap, wanted: Ints, sold: Ints, persons: Ints) -> Flags:
    """Open is an order that wants no more pieces than are left, within the other limits; all in the order of time."""
    flags, left = np.ones(len(wanted), np.bool_), cap.pieces or 0
    counter = _Counter(cap)
    columns = zip(wanted.tolist(), sold.tolist(), persons.tolist(), strict=True)
    for number, (wants, takes, person) in enumerate(columns):
        if counter.is_over(person) or wants > left:
            flags[number] = False
        elif takes:
            left -= takes
            counter.count(person)
    return flags


def _hand_out(
    offer: Offer, cap: Cap, parts: Sequence[Part], priced: Sequence[PricedBaskets], order: _Order
) -> tuple[Flags, ...]:
    """Give a gift to the orders that reach it, in the order of time, while there are any; who went without.

    Of the choices that are left an order gets the one that costs most, the first of equals; one of which the cost is
    unknown makes the cost of the order unknown and comes before those (R41).
    """
    row, mechanic = _row_of(priced, offer), offer.mechanic
    if not isinstance(mechanic, ThresholdGift):
        raise TypeError(f"offer {offer.offer_id} gives nothing")
    steps = np.concatenate(
        [
            steps_reached(part.columns, offer, done.line_base_cents, part.eligible.get(offer.offer_id))
            for part, done in zip(parts, priced, strict=True)
        ]
    )
    pieces, cost = np.zeros(len(steps), np.int64), np.zeros(len(steps), np.int64)
    known, open_to = np.ones(len(steps), np.bool_), np.ones(len(steps), np.bool_)
    counter = _Counter(cap)
    for number in order.by_time[steps[order.by_time] >= 0].tolist():
        person = int(order.person[number])
        if counter.is_over(person):
            open_to[number] = False
        elif (given := counter.take(mechanic.steps[steps[number]], person)) is not None:
            pieces[number], known[number] = mechanic.steps[steps[number]].pieces, given[1]
            cost[number] = given[0]
    held = (steps >= 0) & (pieces == 0)
    for part, done in enumerate(priced):
        mine = slice(int(order.ends[part]) - len(parts[part].place), int(order.ends[part]))
        done.reached[row] = (steps[mine] >= 0) & open_to[mine]
        done.gift_pieces[row][:] = pieces[mine]
        done.gift_cost_cents[:] += cost[mine]
        done.gift_cost_known[:] &= known[mine]
    return order.apart(held)


class _Counter:
    """What went out of one offer so far."""

    def __init__(self, cap: Cap) -> None:
        self._cap, self._given = cap, 0
        self._of_person: dict[int, int] = {}
        self._taken: dict[str, int] = {}

    def is_over(self, person: int) -> bool:
        """Whether the limits let nobody, or not this person, have it any more."""
        if self._cap.total is not None and self._given >= self._cap.total:
            return True
        most = self._cap.per_person
        return most is not None and person != NOBODY and self._of_person.get(person, 0) >= most

    def count(self, person: int) -> None:
        """One more use."""
        self._given += 1
        self._of_person[person] = self._of_person.get(person, 0) + 1

    def take(self, step: GiftStep, person: int) -> tuple[int, bool] | None:
        """Give the dearest that is left: (cost of all its pieces, whether it is known); None when all are gone."""
        left = [
            one
            for one in step.choices
            if one.stock is None or one.stock - self._taken.get(one.product_id, 0) >= step.pieces
        ]
        if not left:
            return None
        chosen = max(left, key=lambda one: (one.cost_cents is None, one.cost_cents or 0))
        self._taken[chosen.product_id] = self._taken.get(chosen.product_id, 0) + step.pieces
        self.count(person)
        return (chosen.cost_cents or 0) * step.pieces, chosen.cost_cents is not None

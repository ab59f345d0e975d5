"""What one offer promises on the lines in its scope: the price of a piece, or an amount and how it is split.

Promises are made on item-level prices (rule R4) and know nothing of other offers; what is left to take and who wins
is decided in `quoting`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from laoke.money import pay_cents
from laoke.promotions.engine.beside import PIECES, FreePostage, GiftStep, ThresholdGift
from laoke.promotions.engine.by_pieces import AddonPurchase, AnyBundle, BuyGet, NthPiece, SetBundle
from laoke.promotions.engine.item_prices import AmountOff, FixedPrice, PercentOff, WasNow
from laoke.promotions.engine.ladders import (
    CountDiscount,
    CountOff,
    ShopCoupon,
    ThresholdDiscount,
    ThresholdRate,
)
from laoke.promotions.engine.mechanics import Mechanic
from laoke.promotions.engine.together import DepositExpansion, GroupBuy
from laoke.promotions.engine.values import Line


class Part(NamedTuple):
    """What an offer covers of a basket: positions in pricing order, the same as bits, the lines there, their pieces."""

    positions: tuple[int, ...]
    mask: int
    lines: tuple[Line, ...]
    line_ids: tuple[str, ...]
    pieces: int


class Wares(NamedTuple):
    """A part of a basket with its item-level prices: per line that of a piece and of all pieces, and their sum."""

    positions: tuple[int, ...]
    mask: int
    lines: tuple[Line, ...]
    line_ids: tuple[str, ...]
    pieces: int
    units: tuple[int, ...]
    bases: tuple[int, ...]
    cents: int


class Promise(NamedTuple):
    """How often an offer is reached (0 = not), what it promises then, by which weights it is split, by which rule.

    `code` is that of its step in the trace, where the layer does not say enough.
    """

    times: int
    face_cents: int
    weights: Sequence[int]
    rule: str
    code: str = ""


@dataclass(slots=True)
class Shortfall:
    """What is missing to the next step, in cents or in pieces, and what that step takes off (a face or a rate).

    `threshold` and `found` are in the same unit as `missing`; `off_cents` or `pay_bp` says what the step gives, the
    rate on all pieces or on one; `gives` names it where it is neither amount nor rate on everything (see NextStep).
    """

    unit: str
    threshold: int
    found: int
    off_cents: int | None = None
    pay_bp: int | None = None
    gives: str = ""

    @property
    def missing(self) -> int:
        """How much more it takes."""
        return self.threshold - self.found


def unit_price(mechanic: Mechanic, line: Line) -> int:
    """Rule R3: what an item-level offer asks for a piece of `line`, never more than its list price."""
    listed = line.unit_price_cents
    match mechanic:
        case PercentOff():
            return pay_cents(listed, mechanic.pay_bp)
        case AmountOff():
            return listed - mechanic.off_cents if mechanic.off_cents < listed else listed
        case FixedPrice() | GroupBuy():
            return min(listed, mechanic.price_cents)
        case DepositExpansion():
            return listed - mechanic.off_cents if listed >= mechanic.least_price_cents else listed
        case WasNow():
            asked = [one.price_cents for one in mechanic.prices if one.product_id == line.product_id]
            return min([listed, *asked])
    raise TypeError(f"{type(mechanic).__name__} is no item-level price")


def promise(mechanic: Mechanic, wares: Wares, counted: Wares) -> Promise:
    """What an order-level offer promises on its lines; `counted` are those whose sum is tested (mostly the same)."""
    plain = _PROMISES.get(type(mechanic))
    if plain is not None:
        return plain(mechanic, wares)
    if isinstance(mechanic, AddonPurchase):
        return _addon(mechanic, wares, counted)
    raise TypeError(f"{type(mechanic).__name__} promises nothing on lines")


def shortfall(mechanic: Mechanic, wares: Wares) -> Shortfall | None:
    """What is missing to the next step of an order-level offer; None when there is none."""
    found = _SHORTFALLS.get(type(mechanic))
    return None if found is None else found(mechanic, wares)


def measured(by: str, wares: Wares) -> int:
    """The sum or the number of pieces in scope."""
    return wares.pieces if by == PIECES else wares.cents


def gift_step(mechanic: ThresholdGift, wares: Wares) -> GiftStep | None:
    """Rule R26: the highest step that is reached."""
    found = measured(mechanic.by, wares)
    reached = [step for step in mechanic.steps if step.threshold <= found]
    return reached[-1] if reached else None


def _gift_shortfall(mechanic: ThresholdGift, wares: Wares) -> Shortfall | None:
    found = measured(mechanic.by, wares)
    for step in mechanic.steps:
        if step.threshold > found:
            return Shortfall(mechanic.by, step.threshold, found, gives="gift")
    return None


def _postage_shortfall(mechanic: FreePostage, wares: Wares) -> Shortfall | None:
    found = measured(mechanic.by, wares)
    return (
        None
        if found >= mechanic.threshold
        else Shortfall(mechanic.by, mechanic.threshold, found, gives="postage")
    )


def cuts(wares: Wares, pay_bp: int) -> list[int]:
    """Rule R9: what a rate takes off each line, rounded per piece."""
    return [
        (unit - pay_cents(unit, pay_bp)) * line.quantity
        for unit, line in zip(wares.units, wares.lines, strict=True)
    ]


def _percent(mechanic: PercentOff, wares: Wares) -> Promise:
    weights = cuts(wares, mechanic.pay_bp)
    return Promise(1, sum(weights), weights, "R9")


def _coupon(mechanic: ShopCoupon, wares: Wares) -> Promise:
    return Promise(int(wares.cents >= mechanic.threshold_cents), mechanic.face_cents, wares.bases, "R8")


def _threshold(mechanic: ThresholdDiscount, wares: Wares) -> Promise:
    """Rules R5 and R6: how often, and how much."""
    if mechanic.repeating:
        step = mechanic.steps[0]
        times = wares.cents // step.threshold_cents
        off = times * step.off_cents
        return Promise(
            times, off if mechanic.cap_cents is None else min(off, mechanic.cap_cents), wares.bases, "R6"
        )
    off = 0
    for step in mechanic.steps:
        if step.threshold_cents > wares.cents:
            break
        off = step.off_cents
    return Promise(int(off > 0), off, wares.bases, "R5")


def _coupon_shortfall(mechanic: ShopCoupon, wares: Wares) -> Shortfall | None:
    if wares.cents >= mechanic.threshold_cents:
        return None
    return Shortfall("cents", mechanic.threshold_cents, wares.cents, off_cents=mechanic.face_cents)


def _threshold_shortfall(mechanic: ThresholdDiscount, wares: Wares) -> Shortfall | None:
    if mechanic.repeating:
        step = mechanic.steps[0]
        times = wares.cents // step.threshold_cents + 1
        off = times * step.off_cents
        if mechanic.cap_cents is not None:
            if off - step.off_cents >= mechanic.cap_cents:
                return None
            off = min(off, mechanic.cap_cents)
        return Shortfall("cents", times * step.threshold_cents, wares.cents, off_cents=off)
    for step in mechanic.steps:
        if step.threshold_cents > wares.cents:
            return Shortfall("cents", step.threshold_cents, wares.cents, off_cents=step.off_cents)
    return None


def _rate(pay_bp: int | None, wares: Wares, rule: str, code: str) -> Promise:
    """Rules R21 and R22: a rate on every piece, or nothing when no step is reached."""
    if pay_bp is None:
        return Promise(0, 0, (), rule, code)
    weights = cuts(wares, pay_bp)
    return Promise(1, sum(weights), weights, rule, code)


def _threshold_rate(mechanic: ThresholdRate, wares: Wares) -> Promise:
    reached = [step.pay_bp for step in mechanic.steps if step.threshold_cents <= wares.cents]
    return _rate(reached[-1] if reached else None, wares, "R21", "threshold_rate")


def _count_discount(mechanic: CountDiscount, wares: Wares) -> Promise:
    pieces = wares.pieces
    reached = [step.pay_bp for step in mechanic.steps if step.pieces <= pieces]
    return _rate(reached[-1] if reached else None, wares, "R22", "count_discount")


def _count_off(mechanic: CountOff, wares: Wares) -> Promise:
    """Rule R22: amounts by pieces."""
    pieces = wares.pieces
    if mechanic.repeating:
        times = pieces // mechanic.steps[0].pieces
        off = times * mechanic.steps[0].off_cents
        face = off if mechanic.cap_cents is None else min(off, mechanic.cap_cents)
        return Promise(times, face, wares.bases, "R22", "count_off")
    reached = [step.off_cents for step in mechanic.steps if step.pieces <= pieces]
    return Promise(len(reached[-1:]), reached[-1] if reached else 0, wares.bases, "R22", "count_off")


def _nth_piece(mechanic: NthPiece, wares: Wares) -> Promise:
    return _cheapest(wares, (mechanic.nth, 1, mechanic.pay_bp, mechanic.most_times), "nth_piece")


def _buy_get(mechanic: BuyGet, wares: Wares) -> Promise:
    group = mechanic.buy + mechanic.get
    return _cheapest(wares, (group, mechanic.get, 0, mechanic.most_times), "buy_get")


def _cheapest(wares: Wares, terms: tuple[int, int, int, int | None], code: str) -> Promise:
    """Rule R23: of every `group` pieces the `cut` cheapest are paid at a rate."""
    group, cut, pay_bp, most_times = terms
    times = wares.pieces // group
    if most_times is not None:
        times = min(times, most_times)
    weights, left = [0] * len(wares.lines), times * cut
    for place in sorted(range(len(weights)), key=wares.units.__getitem__):
        taken = min(left, wares.lines[place].quantity)
        weights[place] = (wares.units[place] - pay_cents(wares.units[place], pay_bp)) * taken
        left -= taken
    return Promise(times, sum(weights), weights, "R23", code)


def _any_bundle(mechanic: AnyBundle, wares: Wares) -> Promise:
    """Rule R24: groups of the dearest pieces, as long as a group costs more than the bundle."""
    dearest = sorted(range(len(wares.lines)), key=lambda place: -wares.units[place])
    stacks = [_Stack([(place, wares.units[place], wares.lines[place].quantity) for place in dearest])]
    return _bundles(wares, stacks, [mechanic.pieces], mechanic.price_cents, mechanic.most_times, "any_bundle")


def _set_bundle(mechanic: SetBundle, wares: Wares) -> Promise:
    """Rule R24: whole sets; of a product on several lines the dearest pieces first."""
    stacks = []
    for part in mechanic.parts:
        own = [place for place, line in enumerate(wares.lines) if line.product_id == part.product_id]
        own.sort(key=lambda place: -wares.units[place])
        stacks.append(_Stack([(place, wares.units[place], wares.lines[place].quantity) for place in own]))
    needs = [part.pieces for part in mechanic.parts]
    return _bundles(wares, stacks, needs, mechanic.price_cents, mechanic.most_times, "set_bundle")


class _Stack:
    """Pieces in the order in which bundles take them: (place, price, pieces) of one line after the other."""

    def __init__(self, rows: list[tuple[int, int, int]]) -> None:
        self._rows = rows
        self._next, self._used = 0, 0
        self.left = sum(quantity for _place, _unit, quantity in rows)

    def whole(self, need: int) -> int:
        """How many bundles can be filled alike from the line that is next."""
        return (self._rows[self._next][2] - self._used) // need

    def take(self, pieces: int) -> list[tuple[int, int]]:
        """(place, cents) of the next pieces, which must be there."""
        taken = []
        self.left -= pieces
        while pieces:
            place, unit, quantity = self._rows[self._next]
            now = min(pieces, quantity - self._used)
            taken.append((place, unit * now))
            pieces -= now
            self._used += now
            if self._used == quantity:
                self._next, self._used = self._next + 1, 0
        return taken


def _bundles(
    wares: Wares, stacks: list[_Stack], needs: list[int], price_cents: int, most_times: int | None, code: str
) -> Promise:
    """Fill bundles one after the other; each further one is worth no more than the one before."""
    whole = min(stack.left // need for stack, need in zip(stacks, needs, strict=True))
    whole = whole if most_times is None else min(whole, most_times)
    weights, made, worth = [0] * len(wares.lines), 0, 0
    while made < whole:
        alike = min(stack.whole(need) for stack, need in zip(stacks, needs, strict=True))
        count = max(1, min(alike, whole - made))
        taken = [
            piece for stack, need in zip(stacks, needs, strict=True) for piece in stack.take(need * count)
        ]
        cents = sum(part for _place, part in taken)
        if cents <= price_cents * count:
            break
        for place, part in taken:
            weights[place] += part
        made, worth = made + count, worth + cents - price_cents * count
    return Promise(whole, worth, weights, "R24", code)


def _addon(mechanic: AddonPurchase, wares: Wares, counted: Wares) -> Promise:
    """Rule R25: the choices in the basket at their prices, those on which most is saved first."""
    weights = [0] * len(wares.lines)
    if counted.cents < mechanic.threshold_cents:
        return Promise(0, 0, weights, "R25")
    asked = {choice.product_id: choice.price_cents for choice in mechanic.choices}
    saved = [
        max(0, unit - asked[line.product_id]) for unit, line in zip(wares.units, wares.lines, strict=True)
    ]
    left = mechanic.most_pieces
    for place in sorted(range(len(weights)), key=lambda place: -saved[place]):
        taken = min(left, wares.lines[place].quantity)
        weights[place] = saved[place] * taken
        left -= taken
    return Promise(1, sum(weights), weights, "R25")


def _threshold_rate_shortfall(mechanic: ThresholdRate, wares: Wares) -> Shortfall | None:
    for step in mechanic.steps:
        if step.threshold_cents > wares.cents:
            return Shortfall("cents", step.threshold_cents, wares.cents, pay_bp=step.pay_bp)
    return None


def _count_discount_shortfall(mechanic: CountDiscount, wares: Wares) -> Shortfall | None:
    pieces = wares.pieces
    for step in mechanic.steps:
        if step.pieces > pieces:
            return Shortfall("pieces", step.pieces, pieces, pay_bp=step.pay_bp)
    return None


def _count_off_shortfall(mechanic: CountOff, wares: Wares) -> Shortfall | None:
    pieces = wares.pieces
    if mechanic.repeating:
        step = mechanic.steps[0]
        times = pieces // step.pieces + 1
        off = times * step.off_cents
        if mechanic.cap_cents is not None:
            if off - step.off_cents >= mechanic.cap_cents:
                return None
            off = min(off, mechanic.cap_cents)
        return Shortfall("pieces", times * step.pieces, pieces, off_cents=off)
    for step in mechanic.steps:
        if step.pieces > pieces:
            return Shortfall("pieces", step.pieces, pieces, off_cents=step.off_cents)
    return None


def _groups_shortfall(
    group: int, most_times: int | None, wares: Wares, pay_bp: int | None = None, gives: str = ""
) -> Shortfall | None:
    """What is missing to one more group of pieces; what it saves hangs on which piece is added."""
    pieces = wares.pieces
    times = pieces // group + 1
    if most_times is not None and times > most_times:
        return None
    return Shortfall("pieces", times * group, pieces, pay_bp=pay_bp, gives=gives)


def _nth_shortfall(mechanic: NthPiece, wares: Wares) -> Shortfall | None:
    return _groups_shortfall(mechanic.nth, mechanic.most_times, wares, mechanic.pay_bp, "one")


def _buy_get_shortfall(mechanic: BuyGet, wares: Wares) -> Shortfall | None:
    gives = "one" if mechanic.get == 1 else ""
    return _groups_shortfall(mechanic.buy + mechanic.get, mechanic.most_times, wares, 0, gives)


def _any_bundle_shortfall(mechanic: AnyBundle, wares: Wares) -> Shortfall | None:
    return _groups_shortfall(mechanic.pieces, mechanic.most_times, wares)


def _set_bundle_shortfall(mechanic: SetBundle, wares: Wares) -> Shortfall | None:
    """The pieces of one more set that are not in the basket."""
    have = dict.fromkeys(mechanic.own_products, 0)
    for line in wares.lines:
        have[line.product_id] += line.quantity
    sets = min(have[part.product_id] // part.pieces for part in mechanic.parts) + 1
    if mechanic.most_times is not None and sets > mechanic.most_times:
        return None
    missing = sum(max(0, sets * part.pieces - have[part.product_id]) for part in mechanic.parts)
    needed = sets * sum(part.pieces for part in mechanic.parts)
    return Shortfall("pieces", needed, needed - missing)


def _addon_shortfall(mechanic: AddonPurchase, counted: Wares) -> Shortfall | None:
    if counted.cents >= mechanic.threshold_cents:
        return None
    return Shortfall("cents", mechanic.threshold_cents, counted.cents, gives="addon")


_PROMISES: dict[type, Callable[[Any, Wares], Promise]] = {
    PercentOff: _percent,
    ShopCoupon: _coupon,
    ThresholdDiscount: _threshold,
    ThresholdRate: _threshold_rate,
    CountDiscount: _count_discount,
    CountOff: _count_off,
    NthPiece: _nth_piece,
    BuyGet: _buy_get,
    AnyBundle: _any_bundle,
    SetBundle: _set_bundle,
}
_SHORTFALLS: dict[type, Callable[[Any, Wares], Shortfall | None]] = {
    ShopCoupon: _coupon_shortfall,
    ThresholdDiscount: _threshold_shortfall,
    ThresholdRate: _threshold_rate_shortfall,
    CountDiscount: _count_discount_shortfall,
    CountOff: _count_off_shortfall,
    NthPiece: _nth_shortfall,
    BuyGet: _buy_get_shortfall,
    AnyBundle: _any_bundle_shortfall,
    SetBundle: _set_bundle_shortfall,
    AddonPurchase: _addon_shortfall,
    ThresholdGift: _gift_shortfall,
    FreePostage: _postage_shortfall,
}

"""The state of one calculation: the lines of a basket, what offers cover, and what is still payable."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from operator import attrgetter

from laoke.promotions.engine.promises import Part, Shortfall, Wares, unit_price
from laoke.promotions.engine.results import Benefit, Consumed, Gift, NextStep, Refusal, Share, TraceStep
from laoke.promotions.engine.together import DepositExpansion
from laoke.promotions.engine.values import Basket, Layer, Line, Offer

_ADDON = Layer.ADDON
_LINE_ID, _QUANTITY = attrgetter("line_id"), attrgetter("quantity")

NOTHING = Part((), 0, (), (), 0)


class Ground:
    """What is the same in every outcome: the lines in pricing order, and for each offer what it covers.

    Item-level offers have their price per piece by position, order-level ones the part in their scope. `deposits` has
    the deposit of a piece by the id of each offer whose prices were asked for and that wants one (R31). Of each line
    `units` has the list price of a piece, `listed` that of all.
    """

    __slots__ = (
        "_everything",
        "_parts",
        "_prices",
        "_products",
        "basket",
        "deposits",
        "lines",
        "listed",
        "units",
    )

    def __init__(self, basket: Basket) -> None:
        self.basket = basket
        lines = basket.lines
        self.lines: tuple[Line, ...] = tuple(sorted(lines, key=_LINE_ID)) if len(lines) > 1 else lines
        self.units = [line.unit_price_cents for line in self.lines]
        self.listed = [line.unit_price_cents * line.quantity for line in self.lines]
        self._products = {line.product_id for line in self.lines}
        self._everything = Part(
            tuple(range(len(lines))),
            (1 << len(lines)) - 1,
            self.lines,
            tuple(map(_LINE_ID, self.lines)),
            sum(map(_QUANTITY, self.lines)),
        )
        self._parts: dict[str, Part] = {}
        self._prices: dict[str, dict[int, int]] = {}
        self.deposits: dict[str, int] = {}

    def part(self, offer: Offer) -> Part:
        """The lines that an offer covers."""
        found = self._parts.get(offer.offer_id)
        if found is None:
            reach = offer.reach
            if reach.is_all:
                found = self._everything
            elif reach.product_ids and not reach.categories and reach.product_ids.isdisjoint(self._products):
                found = NOTHING
            else:
                found = self._where(reach.covers)
            self._parts[offer.offer_id] = found
        return found

    def prices(self, offer: Offer) -> dict[int, int]:
        """Price per piece by position under an item-level offer."""
        found = self._prices.get(offer.offer_id)
        if found is None:
            found = self._prices[offer.offer_id] = {
                position: unit_price(offer.mechanic, self.lines[position])
                for position in self.part(offer).positions
            }
            if isinstance(offer.mechanic, DepositExpansion):
                self.deposits[offer.offer_id] = offer.mechanic.deposit_cents
        return found

    def counted(self, offer: Offer) -> Part:
        """The lines whose sum or pieces are tested: those in scope, but for an add-on the other goods."""
        return self._where(offer.counts) if offer.layer is _ADDON else self.part(offer)

    def _where(self, covers: Callable[[str, str], bool]) -> Part:
        return self._part(
            [position for position, line in enumerate(self.lines) if covers(line.product_id, line.category)]
        )

    def _part(self, positions: Sequence[int]) -> Part:
        mask, pieces, lines, line_ids = 0, 0, [], []
        for position in positions:
            line = self.lines[position]
            mask |= 1 << position
            pieces += line.quantity
            lines.append(line)
            line_ids.append(line.line_id)
        return Part(tuple(positions), mask, tuple(lines), tuple(line_ids), pieces) if lines else NOTHING


@dataclass(slots=True)
class Pricing:
    """The state of one calculation: lines in pricing order with what is still payable on each.

    `deposits` are the parts of lines that are paid beforehand, by position: no offer takes anything off them (R31);
    None where there are none, which is what most outcomes are.
    """

    ground: Ground
    told: bool
    units: list[int]
    base: list[int]
    room: list[int]
    item_offer: list[str]
    shares: list[list[Share]]
    wares: dict[int, Wares] = field(default_factory=dict)
    consumed: list[Consumed] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)
    next_steps: list[NextStep] = field(default_factory=list)
    trace: list[TraceStep] = field(default_factory=list)
    used: list[str] = field(default_factory=list)
    gifts: list[Gift] = field(default_factory=list)
    benefits: tuple[Benefit, ...] = ()
    postage_off: int = 0
    deposits: dict[int, int] | None = None
    deposit_cents: int = 0

    @property
    def goods_cents(self) -> int:
        """What is payable for the goods."""
        return sum(self.room) + self.deposit_cents

    def payable(self, position: int) -> int:
        """What is payable on a line, its deposit included."""
        return self.room[position] + (self.deposits or {}).get(position, 0)

    @property
    def total_cents(self) -> int:
        """What is payable for goods and postage."""
        return self.goods_cents + self.ground.basket.postage_cents - self.postage_off

    def branch(self) -> Pricing:
        """What may go on differently from here, untold; prices of pieces and deposits are the same in both."""
        found = Pricing(
            self.ground, False, self.units, self.base, list(self.room), self.item_offer, [], self.wares
        )
        found.deposits, found.deposit_cents = self.deposits, self.deposit_cents
        found.postage_off = self.postage_off
        return found

    def wares_of(self, part: Part) -> Wares:
        """The part with its item-level prices; to be asked after the item layer."""
        found = self.wares.get(part.mask)
        if found is None:
            positions = part.positions
            if len(positions) == len(self.base):
                units, bases = tuple(self.units), tuple(self.base)
            else:
                units = tuple([self.units[position] for position in positions])
                bases = tuple([self.base[position] for position in positions])
            found = self.wares[part.mask] = Wares(*part, units, bases, sum(bases))
        return found

    def refuse(self, offer: Offer, code: str, **params: int | str) -> None:
        """Say why an offer is not used."""
        if self.told:
            self.refused.append(Refusal(offer.offer_id, code, params))

    def note(self, rule: str, code: str, amount_cents: int, **params: int | str) -> None:
        """Write down one step."""
        if self.told:
            self.trace.append(TraceStep(rule, code, params, amount_cents))

    def missing(self, offer: Offer, missing: Shortfall | None, *, reached: bool) -> None:
        """Say what is missing to the next step and, when none is reached, refuse the offer for it (rule R14)."""
        if missing is None or not self.told:
            return
        wanted = missing.missing
        self.next_steps.append(
            NextStep(offer.offer_id, missing.unit, wanted, missing.off_cents, missing.pay_bp, missing.gives)
        )
        if reached:
            return
        if missing.unit == "pieces":
            self.refuse(
                offer, "pieces_not_met", pieces=missing.threshold, found=missing.found, missing=wanted
            )
        else:
            self.refuse(
                offer,
                "threshold_not_met",
                threshold_cents=missing.threshold,
                scope_cents=missing.found,
                missing_cents=wanted,
            )

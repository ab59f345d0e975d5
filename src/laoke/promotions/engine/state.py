"""The state of one calculation: the lines of a basket, what offers cover, and what is still payable."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from operator import attrgetter

from laoke.promotions.engine.promises import Shortfall, Wares, unit_price
from laoke.promotions.engine.results import Benefit, Consumed, Gift, NextStep, Refusal, Share, TraceStep
from laoke.promotions.engine.together import DepositExpansion
from laoke.promotions.engine.values import Basket, Layer, Line, Offer

_LINE_ID = attrgetter("line_id")


class Ground:
    """What is the same in every outcome: the lines in pricing order, and for each offer what it covers.

    Item-level offers have their price per piece by position, order-level ones the positions in their scope. `deposits`
    has the deposit of a piece by the id of each offer whose prices were asked for and that wants one (R31).
    """

    __slots__ = ("_prices", "_scopes", "basket", "deposits", "everything", "lines")

    def __init__(self, basket: Basket) -> None:
        self.basket = basket
        self.lines: tuple[Line, ...] = tuple(sorted(basket.lines, key=_LINE_ID))
        self.everything = tuple(range(len(self.lines)))
        self._scopes: dict[str, tuple[int, ...]] = {}
        self._prices: dict[str, dict[int, int]] = {}
        self.deposits: dict[str, int] = {}

    def scope(self, offer: Offer) -> tuple[int, ...]:
        """The positions of the lines that an offer covers."""
        found = self._scopes.get(offer.offer_id)
        if found is None:
            found = self._scopes[offer.offer_id] = self._scope(offer)
        return found

    def prices(self, offer: Offer) -> dict[int, int]:
        """Price per piece by position under an item-level offer."""
        found = self._prices.get(offer.offer_id)
        if found is None:
            found = self._prices[offer.offer_id] = {
                position: unit_price(offer.mechanic, self.lines[position]) for position in self.scope(offer)
            }
            if isinstance(offer.mechanic, DepositExpansion):
                self.deposits[offer.offer_id] = offer.mechanic.deposit_cents
        return found

    def counted(self, offer: Offer) -> tuple[int, ...]:
        """The positions whose sum or pieces are tested: those in scope, but for an add-on the other goods."""
        return self._where(offer.counts) if offer.layer is Layer.ADDON else self.scope(offer)

    def _scope(self, offer: Offer) -> tuple[int, ...]:
        reach = offer.reach
        return self.everything if reach.is_all else self._where(reach.covers)

    def _where(self, covers: Callable[[str, str], bool]) -> tuple[int, ...]:
        return tuple(
            [position for position, line in enumerate(self.lines) if covers(line.product_id, line.category)]
        )


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
    wares: dict[tuple[int, ...], Wares] = field(default_factory=dict)
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
        """What may go on differently from here, untold; prices of pieces are the same in both."""
        return Pricing(
            self.ground, False, self.units, self.base, list(self.room), self.item_offer, [], self.wares
        )

    def wares_of(self, positions: tuple[int, ...]) -> Wares:
        """The lines at these positions with their item-level prices; to be asked after the item layer."""
        found = self.wares.get(positions)
        if found is None:
            bases = tuple([self.base[position] for position in positions])
            found = self.wares[positions] = Wares(
                positions,
                tuple([self.ground.lines[position] for position in positions]),
                tuple([self.units[position] for position in positions]),
                bases,
                sum(bases),
            )
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
        self.next_steps.append(
            NextStep(
                offer.offer_id,
                missing.unit,
                missing.missing,
                missing.off_cents,
                missing.pay_bp,
                missing.gives,
            )
        )
        if reached:
            return
        if missing.unit == "pieces":
            self.refuse(
                offer,
                "pieces_not_met",
                pieces=missing.threshold,
                found=missing.found,
                missing=missing.missing,
            )
        else:
            self.refuse(
                offer,
                "threshold_not_met",
                threshold_cents=missing.threshold,
                scope_cents=missing.found,
                missing_cents=missing.missing,
            )

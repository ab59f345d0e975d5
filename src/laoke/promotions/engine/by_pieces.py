"""Order-level mechanics that count pieces: the N-th at a rate, buy X get Y, bundles, and goods added at a price.

Prices are item-level prices. Where pieces of one offer cost differently, it is said here which ones count.
"""

from dataclasses import dataclass

from laoke.money import FULL_BP, MAX_CENTS
from laoke.promotions.engine.errors import EngineError, check_between
from laoke.promotions.engine.item_prices import check_products
from laoke.promotions.engine.ladders import MOST_PIECES

MOST_PARTS = 20
MOST_CHOICES = 50


@dataclass(frozen=True, slots=True)
class NthPiece:
    """第 N 件 X 折 (第二件半价): of every `nth` pieces in scope one is paid at `pay_bp`, the cheapest pieces first.

    `most_times` bounds how often per order (None = as often as there are pieces).
    """

    nth: int
    pay_bp: int
    most_times: int | None = None

    def __post_init__(self) -> None:
        check_between("nth", self.nth, 2, MOST_PIECES)
        check_between("pay_bp", self.pay_bp, 0, FULL_BP - 1)
        _check_times(self.most_times)


@dataclass(frozen=True, slots=True)
class BuyGet:
    """买 X 送 Y: of every `buy` + `get` pieces in scope the `get` cheapest cost nothing."""

    buy: int
    get: int
    most_times: int | None = None

    def __post_init__(self) -> None:
        check_between("buy", self.buy, 1, MOST_PIECES)
        check_between("get", self.get, 1, MOST_PIECES)
        _check_times(self.most_times)


@dataclass(frozen=True, slots=True)
class AnyBundle:
    """任选 N 件 M 元: every `pieces` pieces in scope cost `price_cents` together, the dearest bundled first.

    A group that would cost more than its pieces do is not made.
    """

    pieces: int
    price_cents: int
    most_times: int | None = None

    def __post_init__(self) -> None:
        check_between("pieces", self.pieces, 2, MOST_PIECES)
        check_between("price_cents", self.price_cents, 1, MAX_CENTS)
        _check_times(self.most_times)


@dataclass(frozen=True, slots=True)
class Part:
    """How many pieces of a product a set needs."""

    product_id: str
    pieces: int = 1

    def __post_init__(self) -> None:
        if not self.product_id:
            raise EngineError("empty", "product_id")
        check_between("pieces", self.pieces, 1, MOST_PIECES)


@dataclass(frozen=True, slots=True)
class SetBundle:
    """套餐: these products together cost `price_cents`, as often as the basket holds the whole set."""

    parts: tuple[Part, ...]
    price_cents: int
    most_times: int | None = None

    def __post_init__(self) -> None:
        check_products("parts", [part.product_id for part in self.parts], MOST_PARTS)
        if sum(part.pieces for part in self.parts) < 2:
            raise EngineError("one_piece_is_no_set", "parts")
        check_between("price_cents", self.price_cents, 1, MAX_CENTS)
        _check_times(self.most_times)

    @property
    def own_products(self) -> frozenset[str]:
        """The products that it names."""
        return frozenset(part.product_id for part in self.parts)


@dataclass(frozen=True, slots=True)
class AddonChoice:
    """A product that may be added, and its price then."""

    product_id: str
    price_cents: int

    def __post_init__(self) -> None:
        if not self.product_id:
            raise EngineError("empty", "product_id")
        check_between("price_cents", self.price_cents, 1, MAX_CENTS)


@dataclass(frozen=True, slots=True)
class AddonPurchase:
    """加价购: from `threshold_cents` of other goods in scope on, up to `most_pieces` of the choices at their prices.

    The choices do not count towards the threshold; those on which most is saved come first.
    """

    threshold_cents: int
    choices: tuple[AddonChoice, ...]
    most_pieces: int = 1

    def __post_init__(self) -> None:
        check_between("threshold_cents", self.threshold_cents, 1, MAX_CENTS)
        check_products("choices", [choice.product_id for choice in self.choices], MOST_CHOICES)
        check_between("most_pieces", self.most_pieces, 1, MOST_PIECES)

    @property
    def own_products(self) -> frozenset[str]:
        """The products that may be added."""
        return frozenset(choice.product_id for choice in self.choices)


def _check_times(most_times: int | None) -> None:
    if most_times is not None:
        check_between("most_times", most_times, 1, MOST_PIECES)

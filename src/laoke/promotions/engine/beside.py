"""Mechanics that change no price of goods: gifts from a sum or number of pieces on, and free postage."""

from dataclasses import dataclass

from laoke.money import MAX_CENTS
from laoke.promotions.engine.by_pieces import MOST_CHOICES
from laoke.promotions.engine.errors import EngineError, check_between
from laoke.promotions.engine.item_prices import check_products
from laoke.promotions.engine.ladders import MOST_PIECES

CENTS, PIECES = "cents", "pieces"


@dataclass(frozen=True, slots=True)
class GiftChoice:
    """A gift: what it is, what it sells for in the shop, what it costs (None = unknown) and how many there are.

    Name and value are what the law wants named; `stock` None means that it does not run out.
    """

    product_id: str
    title: str
    value_cents: int
    cost_cents: int | None = None
    stock: int | None = None

    def __post_init__(self) -> None:
        for name in ("product_id", "title"):
            if not getattr(self, name).strip():
                raise EngineError("empty", name)
        check_between("value_cents", self.value_cents, 1, MAX_CENTS)
        if self.cost_cents is not None:
            check_between("cost_cents", self.cost_cents, 0, MAX_CENTS)
        if self.stock is not None:
            check_between("stock", self.stock, 1, MAX_CENTS)


@dataclass(frozen=True, slots=True)
class GiftStep:
    """From `threshold` on (cents or pieces), `pieces` of one of the choices are given."""

    threshold: int
    choices: tuple[GiftChoice, ...]
    pieces: int = 1

    def __post_init__(self) -> None:
        check_between("threshold", self.threshold, 1, MAX_CENTS)
        check_between("pieces", self.pieces, 1, MOST_PIECES)
        check_products("choices", [choice.product_id for choice in self.choices], MOST_CHOICES)


@dataclass(frozen=True, slots=True)
class ThresholdGift:
    """满赠: the gift of the highest step that is reached, by the sum (`cents`) or the number of `pieces` in scope."""

    steps: tuple[GiftStep, ...]
    by: str = CENTS

    def __post_init__(self) -> None:
        _check_measure(self.by)
        if not self.steps:
            raise EngineError("no_steps", "steps")
        for lower, upper in zip(self.steps, self.steps[1:], strict=False):
            if upper.threshold <= lower.threshold:
                raise EngineError("gifts_must_rise", "steps")


@dataclass(frozen=True, slots=True)
class FreePostage:
    """包邮: from a sum or number of pieces in scope on (0 = always), but not to the excluded provinces.

    A province is excluded by the beginning of its name: 新疆 is 新疆维吾尔自治区 too.
    """

    threshold: int = 0
    by: str = CENTS
    excluded_regions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _check_measure(self.by)
        check_between("threshold", self.threshold, 0, MAX_CENTS)
        if any(not region.strip() for region in self.excluded_regions):
            raise EngineError("empty", "excluded_regions")

    def excludes(self, region: str) -> bool:
        """True when the postage to this province is not taken off."""
        return region.startswith(self.excluded_regions)


def _check_measure(by: str) -> None:
    if by not in (CENTS, PIECES):
        raise EngineError("unknown_choice", "by", found=by, known=f"{CENTS}, {PIECES}")

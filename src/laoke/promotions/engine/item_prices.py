"""Item-level mechanics: what a single piece costs (rule R3). One of them applies per line, the cheapest."""

from dataclasses import dataclass

from laoke.money import FULL_BP, MAX_CENTS
from laoke.promotions.engine.errors import EngineError, check_between

MOST_PRICES = 500
"""Products in one list of prices; a list is read by people."""


@dataclass(frozen=True, slots=True)
class PercentOff:
    """折扣: the buyer pays `pay_bp` ten-thousandths of the price of each piece (8 折 = 8000)."""

    pay_bp: int

    def __post_init__(self) -> None:
        check_between("pay_bp", self.pay_bp, 1, FULL_BP - 1)


@dataclass(frozen=True, slots=True)
class AmountOff:
    """直降: `off_cents` off each piece. A piece that costs no more than that is left as it is, so nothing is free."""

    off_cents: int

    def __post_init__(self) -> None:
        check_between("off_cents", self.off_cents, 1, MAX_CENTS)


@dataclass(frozen=True, slots=True)
class FixedPrice:
    """一口价: each piece in scope costs `price_cents`, if it does not cost less already."""

    price_cents: int

    def __post_init__(self) -> None:
        check_between("price_cents", self.price_cents, 1, MAX_CENTS)


@dataclass(frozen=True, slots=True)
class ProductPrice:
    """One product's price now, and the price it is compared with on the shop page (None = none is shown)."""

    product_id: str
    price_cents: int
    was_cents: int | None = None

    def __post_init__(self) -> None:
        if not self.product_id:
            raise EngineError("empty", "product_id")
        check_between("price_cents", self.price_cents, 1, MAX_CENTS)
        if self.was_cents is not None:
            check_between("was_cents", self.was_cents, 1, MAX_CENTS)
            if self.was_cents <= self.price_cents:
                raise EngineError("was_not_above_now", "was_cents", price_cents=self.price_cents)


@dataclass(frozen=True, slots=True)
class WasNow:
    """限时特价 (原价/现价): a list of products with their prices; it names its products itself, a scope does not."""

    prices: tuple[ProductPrice, ...]

    def __post_init__(self) -> None:
        check_products("prices", [one.product_id for one in self.prices], MOST_PRICES)

    @property
    def own_products(self) -> frozenset[str]:
        """The products that it names."""
        return frozenset(one.product_id for one in self.prices)


def check_products(name: str, product_ids: list[str], most: int) -> None:
    """Refuse an empty list, one that is too long, and a product named twice."""
    if not product_ids:
        raise EngineError("no_products", name)
    if len(product_ids) > most:
        raise EngineError("too_many_products", name, found=len(product_ids), most=most)
    seen: set[str] = set()
    for product_id in product_ids:
        if product_id in seen:
            raise EngineError("product_twice", name, product_id=product_id)
        seen.add(product_id)

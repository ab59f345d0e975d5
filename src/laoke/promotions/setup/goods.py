"""Which products take part in an offer, as the lists that the tools want."""

from __future__ import annotations

from collections.abc import Sequence

from laoke.promotions.engine import Offer
from laoke.promotions.setup.values import Product, SheetItem, Standing


def covered(offer: Offer, standing: Standing) -> list[Product]:
    """The products in the offer's reach, in the order of the product list. A product that is named and not in the
    list stands with its number alone: it takes part all the same."""
    reach = offer.reach
    found = [one for one in standing.products if reach.covers(one.product_id, one.category)]
    known = {one.product_id for one in standing.products}
    named = sorted(reach.product_ids - known - reach.excluded_product_ids)
    return [*found, *(Product(one, "", "", 0) for one in named)]


def items_of(products: Sequence[Product]) -> tuple[SheetItem, ...]:
    """The products without a price of their own."""
    return tuple(SheetItem(one.product_id, one.title) for one in products)


def chunks(items: Sequence[SheetItem], most: int) -> list[tuple[SheetItem, ...]]:
    """The items in lists of at most `most`."""
    return [tuple(items[start : start + most]) for start in range(0, len(items), most)]

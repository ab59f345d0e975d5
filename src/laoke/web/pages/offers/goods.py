"""The shop's products as the editor offers them and as a typed basket prices them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from laoke.money import format_cents
from laoke.promotions.engine import (
    FIRST_ORDER,
    Basket,
    Buyer,
    GroupBuy,
    Line,
    MemberPrice,
    MoreCheaper,
    Offer,
)
from laoke.promotions.facts import reader_at
from laoke.shops import catalog
from laoke.shops.models import Shop

MOST_PRODUCTS = 2_000


@dataclass(frozen=True)
class Product:
    """One product of the products table; `cost_cents` is None where the shop has not said."""

    product_id: str
    title: str
    category: str
    list_price_cents: int
    cost_cents: int | None

    @property
    def label(self) -> str:
        return f"{self.title} · {format_cents(self.list_price_cents)}"


@dataclass(frozen=True)
class Goods:
    """All products, ordered by category and title."""

    products: tuple[Product, ...] = ()

    @cached_property
    def by_id(self) -> dict[str, Product]:
        return {product.product_id: product for product in self.products}

    @cached_property
    def titles(self) -> dict[str, str]:
        return {product.product_id: product.title for product in self.products}

    @cached_property
    def categories(self) -> list[str]:
        return sorted({product.category for product in self.products if product.category})

    def basket(
        self, picked: list[tuple[str, int]], offers: Sequence[Offer], postage_cents: int | None = None
    ) -> Basket | None:
        """The picked products as the engine prices them; None when nothing was picked.

        Whoever buys them is meant by the first of the offers that are being tried, holds the coupons and has the best
        member levels of all, buys in their groups, and is the buyer with whom their first steps of buyers are reached.
        """
        lines = tuple(
            Line(
                str(number),
                product,
                self.by_id[product].list_price_cents,
                quantity,
                category=self.by_id[product].category,
                cost_cents=self.by_id[product].cost_cents,
            )
            for number, (product, quantity) in enumerate(picked, 1)
            if product in self.by_id
        )
        mechanics = {offer.offer_id: offer.mechanic for offer in offers}
        levels = [
            level.group for one in mechanics.values() if isinstance(one, MemberPrice) for level in one.levels
        ]
        audience = offers[0].audience
        buyer = Buyer(
            groups=frozenset({audience, *levels}),
            first_order=audience == FIRST_ORDER,
            held_coupons=frozenset(mechanics),
            joined=frozenset(offer for offer, one in mechanics.items() if isinstance(one, GroupBuy)),
        )
        came = {
            offer: one.steps[0].buyers - 1 for offer, one in mechanics.items() if isinstance(one, MoreCheaper)
        }
        return Basket(lines, postage_cents or 0, buyer, taken=came) if lines else None


def goods_of(shop: Shop) -> Goods:
    """The shop's products at the newest catalog entry; none before the first import."""
    entry = catalog.current()
    if entry is None:
        return Goods()
    rows = reader_at(entry).query("goods_on_offer", shop_id=shop.pk, page_rows=MOST_PRODUCTS).to_pylist()
    return Goods(tuple(Product(**row) for row in rows))

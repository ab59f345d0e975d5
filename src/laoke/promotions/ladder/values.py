"""What a price sheet is made of. Amounts are cents of one piece, rates ten-thousandths (500 = 5 %)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from laoke.money import FULL_BP
from laoke.promotions.ladder.listing import Listed, Raised

COMPETITOR_DAYS = 30


class Role(StrEnum):
    """The part an item plays on the ladder, from the cheapest to the dearest."""

    LOW = "low"
    VALUE = "value"
    NORMAL = "normal"
    ANCHOR = "anchor"

    @property
    def rank(self) -> int:
        """0 for the lowest step."""
        return list(Role).index(self)


@dataclass(frozen=True)
class Key:
    """Which item: product and variant as the platform numbers them; where it gives no number, the title.

    An empty variant stands for all variants of the product.
    """

    product_id: str
    sku: str = ""
    title: str = ""

    @classmethod
    def of(cls, product_id: str, sku: str, title: str) -> Key:
        """The title is part of the key only where there is no number: titles change."""
        return cls(product_id, sku, "") if product_id else cls("", sku, title)


@dataclass(frozen=True)
class Item:
    """One item as people wrote it. None means not said: then the sheet's terms hold, or the figure is unknown.

    group        items of one group form one ladder (quilts are not compared with pillows)
    list_cents   what the page says without a campaign
    price_cents  what it costs in the campaign
    was_cents    the price the page says it is cut from
    """

    product_id: str
    title: str
    price_cents: int
    sku: str = ""
    group: str = ""
    role: Role | None = None
    list_cents: int | None = None
    was_cents: int | None = None
    cost_cents: int | None = None
    postage_cents: int | None = None
    fee_bp: int | None = None
    margin_bp: int | None = None

    @property
    def key(self) -> Key:
        return Key.of(self.product_id, self.sku, self.title)


@dataclass(frozen=True)
class Terms:
    """What holds for every item that says nothing else, and how far the steps of a ladder lie apart.

    postage_cents  what sending one piece costs the shop
    fee_bp         the platform's share of the price
    margin_bp      the share of the price that must be left; fee and margin together stay below the whole
    closest_bp     a step must be at least so much dearer than the one below, or nobody sees it
    widest_bp      and at most so much, or nobody climbs it; anchor_bp is the same for the step to an anchor
    """

    postage_cents: int = 0
    fee_bp: int = 500
    margin_bp: int = 2_000
    closest_bp: int = 1_000
    widest_bp: int = FULL_BP
    anchor_bp: int = 2 * FULL_BP


@dataclass(frozen=True)
class Competitor:
    """A price seen elsewhere: whose, how much, when and where."""

    name: str
    price_cents: int
    seen_on: date
    source: str


@dataclass(frozen=True)
class Known:
    """What the facts say of one item. Prices are what somebody paid for a piece; None means there was no such deal.

    lowest_7_cents   the lowest of the 7 × 24 hours before the start
    lowest_30_cents  the lowest of the 30 days before
    last_cents       of the newest deal before the start, and its day
    units            pieces of the last comparable period; None when nothing is known of that period
    listed           what the product was listed at before the start, the oldest first; empty where no import told it
    raised           the newest rise of that within the 30 days before the start
    """

    lowest_7_cents: int | None = None
    lowest_30_cents: int | None = None
    last_cents: int | None = None
    last_on: date | None = None
    units: int | None = None
    stock: int | None = None
    competitor: Competitor | None = None
    listed: tuple[Listed, ...] = ()
    raised: Raised | None = None


def nearest_competitor(
    seen: Iterable[Competitor], until: date, *, days: int = COMPETITOR_DAYS
) -> Competitor | None:
    """The cheapest among the newest price of each competitor, of those seen within `days` up to a day.

    An older one says nothing of today; of equal prices the newest, then the first by name.
    """
    newest: dict[str, Competitor] = {}
    for one in sorted(seen, key=lambda one: one.seen_on):
        if until - timedelta(days=days) <= one.seen_on <= until:
            newest[one.name] = one
    found = sorted(newest.values(), key=lambda one: (one.price_cents, -one.seen_on.toordinal(), one.name))
    return found[0] if found else None

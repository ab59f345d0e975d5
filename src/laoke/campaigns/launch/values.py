"""What a campaign is to the checks before its launch. Amounts are cents, times shop-local, odds parts of a million."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from laoke.campaigns.launch.protection import Protection
from laoke.promotions.engine import Offer
from laoke.promotions.ladder import Key, Terms
from laoke.promotions.ladder import Priced as LadderPriced

Place = Literal["name", "theme", "page", "offer", "gift", "coupon", "item", "round"]
# Where people read a claim about goods; a round's own check looks at its other words.
ROUND: Place = "round"


@dataclass(frozen=True)
class Ware:
    """One product of the shop; None where the product list brings no such figure. `sold_cents` is its newest deal."""

    product_id: str
    title: str
    category: str = ""
    list_cents: int | None = None
    stock: int | None = None
    sold_cents: int | None = None


@dataclass(frozen=True)
class Planned:
    """An offer of the campaign by its number. `over`: it is put away, or ends before it is told of.

    gifts  pieces that it gave in the backtest that was seen; None where none was seen
    """

    number: int
    offer: Offer
    over: bool = False
    gifts: int | None = None


@dataclass(frozen=True)
class Said:
    """Words that people will read: where they stand, of what (a name), and the words themselves."""

    place: Place
    about: str
    words: str


@dataclass(frozen=True)
class CouponTerms:
    """An issue of the shop's own coupons by its number. None = no such limit; `taken_cents` are used or reserved.

    wanted_cents  what the backtest that was seen took off by this offer; None where none was seen
    """

    number: int
    name: str
    offer: int
    total: int
    made: int
    per_person: int | None
    budget_cents: int | None
    taken_cents: int
    valid_from: datetime
    valid_to: datetime | None
    stopped: bool = False
    wanted_cents: int | None = None
    days_after_claim: int | None = None

    @property
    def promised(self) -> tuple[object, ...]:
        """What the issue says, however many of it were made and used meanwhile."""
        return (
            self.name, self.total, self.per_person, self.budget_cents, self.valid_from, self.valid_to,
            self.days_after_claim,
        )  # fmt: skip


@dataclass(frozen=True)
class Prize:
    """One kind of prize: what it is worth (goods at the price they sell for), how likely, how many. None = not said."""

    name: str
    value_cents: int
    odds_ppm: int | None = None
    stock: int | None = None


@dataclass(frozen=True)
class Draw:
    """A lottery or scratch card. Empty or None = not said."""

    name: str
    organiser: str
    starts_at: datetime | None
    ends_at: datetime | None
    prizes: tuple[Prize, ...]


@dataclass(frozen=True)
class Priced:
    """Prices that are measured together by the rules of the ladder: a price sheet, or the prices of one offer.

    `about` is its name, `subject` its lasting mark: `sheet:3`, `offer:12`. The prices of an offer are no ladder and
    have no cost. `holds` is plain data of when and on what terms they hold: a sheet's start, or the whole offer.
    """

    subject: str
    about: str
    items: tuple[LadderPriced, ...]
    terms: Terms
    is_sheet: bool
    holds: Any = None


@dataclass(frozen=True)
class Carried:
    """A round: whom it reaches (the text of its segment), and the offer that it carries."""

    name: str
    people: str
    offer: int | None


@dataclass(frozen=True)
class OtherOffer:
    """An offer outside this campaign that runs at the same time; `campaign` is the name of the one it belongs to."""

    number: int
    offer: Offer
    campaign: str = ""


@dataclass(frozen=True)
class OtherPrice:
    """A price of another sheet in the same days."""

    sheet: str
    key: Key
    price_cents: int


@dataclass(frozen=True)
class Plan:
    """A campaign with all that its checks read.

    orders_until  the day of the newest order known; None before the first import
    levels        the names of the shop's published member levels
    protection    who bought lately for more; None where no price of one piece is planned
    """

    starts_at: datetime
    ends_at: datetime
    offers: tuple[Planned, ...] = ()
    said: tuple[Said, ...] = ()
    coupons: tuple[CouponTerms, ...] = ()
    draws: tuple[Draw, ...] = ()
    wares: tuple[Ware, ...] = ()
    priced: tuple[Priced, ...] = ()
    rounds: tuple[Carried, ...] = ()
    others: tuple[OtherOffer, ...] = ()
    other_prices: tuple[OtherPrice, ...] = ()
    levels: frozenset[str] = frozenset()
    orders_until: date | None = None
    protection: Protection | None = None

    def offer(self, number: int) -> Offer | None:
        """The campaign's offer of this number."""
        return next((one.offer for one in self.offers if one.number == number), None)

"""What a set-up sheet is made of: the tool, the activities to make in it with their fields, and what was found.

Amounts are cents, rates what the buyer pays in ten-thousandths (8 折 = 8000), times the shop's local time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal

Severity = Literal["bad", "warn", "note"]
Sure = Literal["primary", "unverified", ""]
FieldKind = Literal["text", "cents", "rate", "count", "time", "flag", "choice", "texts"]
FieldValue = str | int | bool | datetime | tuple[str, ...]


class Tool(StrEnum):
    """Where in the seller's back office an offer is set up."""

    ITEM = "item"
    SHOP = "shop"
    BUNDLE = "bundle"
    COUPON = "coupon"
    MEMBER = "member"
    PLATFORM = "platform"
    NONE = "none"

    @property
    def is_sellers(self) -> bool:
        """True where the seller fills something in; of the platform's own campaigns goods are signed up only."""
        return self not in (Tool.PLATFORM, Tool.NONE)


@dataclass(frozen=True)
class Field:
    """One field to fill in. `name` is a code for the words of a page; `step` numbers the steps of a ladder, 0 = none.

    `api` names the field of the platform's interface and what it takes ("" where none is known): amounts there are in
    cents for some tools and in yuan for others, which is why it stands beside.
    """

    name: str
    kind: FieldKind
    value: FieldValue
    api: str = ""
    api_value: str = ""
    step: int = 0


@dataclass(frozen=True)
class SheetItem:
    """A product that takes part; `cents` is its price in the activity or None where the activity says it for all."""

    product_id: str
    title: str
    cents: int | None = None


@dataclass(frozen=True)
class Activity:
    """One activity to make in the tool. Without items the whole shop takes part (`whole_shop`)."""

    fields: tuple[Field, ...]
    items: tuple[SheetItem, ...] = ()
    whole_shop: bool = False


@dataclass(frozen=True)
class Finding:
    """What speaks against setting an offer up as it is. `params` say what was found and what was expected, `source`
    where a number was read and when ("" where a missing field says it).

    bad    the tool does not take it, by the platform's own documents
    warn   it can be set up, and works otherwise than planned, or is not known to be taken
    note   worth looking at before setting it up
    """

    code: str
    severity: Severity
    sure: Sure = ""
    params: Mapping[str, Any] = field(default_factory=dict)
    source: str = ""

    @property
    def rule(self) -> str:
        """The number under which it is written down in docs/reference/setup-sheets.md."""
        return FINDINGS[self.code]


@dataclass(frozen=True)
class Sheet:
    """What is to be set up for one offer."""

    tool: Tool
    activities: tuple[Activity, ...]
    findings: tuple[Finding, ...]

    @property
    def worst(self) -> Severity | None:
        """The gravest severity found, None when nothing was."""
        order: tuple[Severity, ...] = ("bad", "warn", "note")
        return next((one for one in order if any(found.severity == one for found in self.findings)), None)


@dataclass(frozen=True)
class Product:
    """A product as the shop's list knows it; a list price of 0 is none."""

    product_id: str
    title: str
    category: str
    list_price_cents: int


@dataclass(frozen=True)
class Standing:
    """How the shop stands: its products, what runs in each tool already, and the number of coupons to be issued.

    `products` are all that the product list has; `live` counts activities that are set up and not over, by tool,
    without the offer in question.
    """

    products: tuple[Product, ...] = ()
    live: Mapping[Tool, int] = field(default_factory=dict)
    planned_issued: int | None = None


# The numbers under which docs/reference/setup-sheets.md explains them, in the order in which they are told.
FINDINGS: dict[str, str] = {
    "no_tool": "S1",
    "platform_signs_up": "S2",
    "audience": "S3",
    "per_person_unknown": "S4",
    "goods_unknown": "S5",
    "over": "S6",
    "coupon_face_api": "C1",
    "coupon_face_manual": "C2",
    "coupon_threshold": "C3",
    "coupon_threshold_cents": "C4",
    "coupon_days": "C5",
    "coupon_per_person": "C6",
    "coupon_live": "C7",
    "coupon_issued": "C8",
    "coupon_claimed": "C9",
    "shop_steps": "M1",
    "shop_cap": "M2",
    "shop_repeating_pieces": "M3",
    "shop_rate": "M4",
    "shop_lowest_rate": "M5",
    "shop_gift_choice": "M6",
    "shop_gift_stock": "M7",
    "shop_nth_piece": "M8",
    "shop_most_times": "M9",
    "item_goods": "I1",
    "item_activities": "I2",
    "item_name": "I3",
    "item_per_person": "I4",
    "item_no_list_price": "I5",
    "item_not_below": "I6",
    "item_amounts": "I7",
    "item_stock": "I8",
    "bundle_unknown": "B1",
    "member_level": "G1",
    "member_rate": "G2",
    "member_rate_places": "G3",
    "member_no_window": "G4",
}

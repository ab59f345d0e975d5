"""Fields of an activity: values with the name and the unit that the platform's interface gives them."""

from __future__ import annotations

from datetime import datetime

from laoke.money import plain_cents
from laoke.promotions.engine import Offer
from laoke.promotions.setup.values import Field

PERMILLE = 10
"""Ten-thousandths in one of the interface's parts: 800 there is 8 折, 8000 here."""


def named(offer: Offer) -> Field:
    """The name of the activity."""
    return Field("name", "text", offer.name)


def times(start: datetime | None, end: datetime | None) -> tuple[Field, ...]:
    """Beginning and end, where the offer has them."""
    given = (("start", start), ("end", end))
    return tuple(Field(name, "time", moment) for name, moment in given if moment is not None)


def fen(name: str, cents: int, api: str = "", step: int = 0) -> Field:
    """An amount that the interface takes in cents."""
    return Field(name, "cents", cents, api, str(cents) if api else "", step)


def in_yuan(name: str, cents: int, api: str, step: int = 0) -> Field:
    """An amount that the interface takes in yuan."""
    return Field(name, "cents", cents, api, plain_cents(cents).removesuffix(".00") if api else "", step)


def rate(name: str, pay_bp: int, api: str = "", step: int = 0) -> Field:
    """A rate; the interface takes thousandths (800 = 8 折)."""
    return Field(name, "rate", pay_bp, api, f"{pay_bp / PERMILLE:g}" if api else "", step)


def count(name: str, number: int, api: str = "", step: int = 0) -> Field:
    """A number of pieces, coupons or people."""
    return Field(name, "count", number, api, str(number) if api else "", step)


def flag(name: str, on: bool, api: str = "") -> Field:
    """Yes or no."""
    return Field(name, "flag", on, api, ("true" if on else "false") if api else "")


def choice(name: str, value: str, api: str = "", api_value: str = "") -> Field:
    """One of a few words."""
    return Field(name, "choice", value, api, api_value)

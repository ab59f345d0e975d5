"""What requests of the shop's own system are made of: named fields, an order's number, a customer by number or keys."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from laoke.customers.identities import KINDS, known_customer, resolve, usable_keys
from laoke.customers.links import person_of
from laoke.customers.models import Erasure
from laoke.promotions.coupons.refusals import CouponRefused
from laoke.shops.models import ApiToken, Shop

LONGEST_LABEL = 64
_LABEL = re.compile(r"[\x21-\x7e]{1,64}", re.ASCII)

Json = dict[str, Any]
Body = Mapping[str, Any]


@dataclass(frozen=True)
class Caller:
    """Whose token asks, and when."""

    token: ApiToken
    now: datetime

    @property
    def shop(self) -> Shop:
        return self.token.shop

    @property
    def name(self) -> str:
        return f"api:{self.token.prefix}"


def only(body: Body, *known: str) -> None:
    """
    Raises
    ------
    CouponRefused
        `field_unknown` for the first field that is not known.
    """
    for name in body:
        if name not in known:
            raise CouponRefused("field_unknown", field=name[:80], known=", ".join(known))


def text_of(body: Body, name: str) -> str:
    """A field that must be there as text."""
    if name not in body:
        raise CouponRefused("field_missing", field=name)
    value = body[name]
    if not isinstance(value, str):
        raise CouponRefused("body_shape", field=name, expected="text")
    return value


def whole_of(body: Body, name: str, most: int, least: int = 0) -> int:
    """A whole number that must be there, from `least` to `most`."""
    if name not in body:
        raise CouponRefused("field_missing", field=name)
    value = body[name]
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise CouponRefused("body_shape", field=name, expected=f"{least}-{most}")
    return value


def order_id_of(body: Body) -> str:
    """The order in the shop's own system."""
    return label_of(body, "order_id")


def label_of(body: Body, name: str) -> str:
    """A name that the shop's own system gives to something: visible ASCII."""
    value = text_of(body, name)
    if not _LABEL.fullmatch(value):
        raise CouponRefused("body_shape", field=name, expected=f"1-{LONGEST_LABEL} ASCII")
    return value


def customer_of(caller: Caller, body: Body, *, make: bool) -> int | None:
    """The customer that a request names by number or by one or more strong keys; None when it names none, or, unless
    one is to be made, one that nobody has seen."""
    given = body.get("customer")
    if given is None:
        return None
    if (
        not isinstance(given, Mapping)
        or not given
        or not all(isinstance(value, str) for value in given.values())
    ):
        raise CouponRefused("body_shape", field="customer", expected='{"customer_id": "…"}')
    only(given, "customer_id", *KINDS)
    customer_id = _numbered(caller.shop, given["customer_id"]) if "customer_id" in given else None
    if customer_id is None:
        customer_id = _by_keys(caller, dict(given), make)
    if customer_id is not None and _is_erased(caller.shop, customer_id):
        raise CouponRefused("customer_erased")
    return customer_id


def _numbered(shop: Shop, text: str) -> int:
    number = int(text) if text.isascii() and text.isdigit() and len(text) <= 19 else 0
    if not 0 < number < 2**63 or person_of(shop, number) is None:
        raise CouponRefused("customer_unknown")
    return number


def _by_keys(caller: Caller, given: dict[str, Any], make: bool) -> int | None:
    keys = usable_keys(given)
    if not keys:
        raise CouponRefused("customer_unknown")
    if not make:
        return known_customer(caller.shop, keys)
    [found] = resolve(caller.shop, [keys], now=caller.now).ids
    if found is None:
        raise CouponRefused("customer_erased")
    return found


def _is_erased(shop: Shop, customer_id: int) -> bool:
    person = person_of(shop, customer_id)
    return person is not None and Erasure.objects.filter(owner_id=shop.owner_id, person_id=person).exists()


def moment_told(moment: datetime | None) -> str:
    """A moment as the API writes it."""
    return moment.isoformat(sep=" ", timespec="seconds") if moment else ""

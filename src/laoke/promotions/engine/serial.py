"""Baskets, offers and quotes as JSON-serialisable dicts, and back with validation.

Reading is strict: unknown fields, wrong types and missing fields are refused with the path of the field, so that
a file written by hand says where it is wrong. Amounts are whole cents, times ISO texts in shop time.
"""

from dataclasses import asdict, fields
from datetime import datetime
from enum import StrEnum
from typing import Any

from laoke.promotions.engine.errors import EngineError
from laoke.promotions.engine.reading import Fields, at
from laoke.promotions.engine.results import (
    Benefit,
    Consumed,
    Gift,
    NextStep,
    Quote,
    QuotedLine,
    Refusal,
    Share,
    TraceStep,
)
from laoke.promotions.engine.terms import mechanic_from_terms, mechanic_name, terms_to_dict
from laoke.promotions.engine.values import Basket, Buyer, Layer, Limits, Line, Offer, Scope, Window

Json = dict[str, Any]


def offer_to_dict(offer: Offer) -> Json:
    """The offer as plain data; `offer_from_dict` reads it back to an equal value."""
    return {
        "offer_id": offer.offer_id,
        "name": offer.name,
        "layer": offer.layer.value,
        "mechanic": mechanic_name(offer.mechanic),
        "terms": terms_to_dict(offer.mechanic),
        "scope": {
            "product_ids": sorted(offer.scope.product_ids),
            "categories": sorted(offer.scope.categories),
            "excluded_product_ids": sorted(offer.scope.excluded_product_ids),
        },
        "window": {
            "start": None if offer.window.start is None else offer.window.start.isoformat(),
            "end": None if offer.window.end is None else offer.window.end.isoformat(),
        },
        "limits": {"per_person": offer.limits.per_person},
        "audience": offer.audience,
    }


def offer_from_dict(data: Any, path: str = "offer") -> Offer:
    """The offer that `data` describes. Raises EngineError with the path of the first wrong field."""
    fields = Fields(data, path)
    layer = _enum(Layer, fields.text("layer"), f"{path}.layer")
    mechanic = mechanic_from_terms(fields.text("mechanic"), fields.nested("terms"), path)
    scope, window, limits = fields.nested("scope"), fields.nested("window"), fields.nested("limits")
    values = {
        "offer_id": fields.text("offer_id"),
        "name": fields.text("name", ""),
        "audience": fields.text("audience", ""),
        "scope": Scope(
            scope.texts("product_ids"), scope.texts("categories"), scope.texts("excluded_product_ids")
        ),
        "window": at(path, lambda: Window(window.moment("start"), window.moment("end"))),
        "limits": at(path, lambda: Limits(limits.whole_or_none("per_person"))),
    }
    for part in (fields, scope, window, limits):
        part.check_none_left()
    return at(path, lambda: Offer(layer=layer, mechanic=mechanic, **values))  # type: ignore[arg-type]


def basket_to_dict(basket: Basket) -> Json:
    """The basket as plain data; `basket_from_dict` reads it back to an equal value."""
    buyer = basket.buyer
    return {
        "lines": [asdict(line) for line in basket.lines],
        "postage_cents": basket.postage_cents,
        "buyer": {
            "groups": sorted(buyer.groups),
            "first_order": buyer.first_order,
            "held_coupons": sorted(buyer.held_coupons),
            "used": dict(sorted(buyer.used.items())),
            "deposits": dict(sorted(buyer.deposits.items())),
            "joined": sorted(buyer.joined),
            "spent": dict(sorted(buyer.spent.items())),
        },
        "region": basket.region,
        "chosen_gifts": dict(sorted(basket.chosen_gifts.items())),
        "taken": dict(sorted(basket.taken.items())),
    }


def basket_from_dict(data: Any, path: str = "basket") -> Basket:
    """The basket that `data` describes. Raises EngineError with the path of the first wrong field."""
    fields = Fields(data, path)
    lines = tuple(
        _line(item, f"{path}.lines[{position}]") for position, item in enumerate(fields.list("lines"))
    )
    buyer = fields.nested("buyer")
    known = Buyer(
        groups=buyer.texts("groups"),
        first_order=buyer.flag("first_order", False),
        held_coupons=buyer.texts("held_coupons"),
        used=_numbers(buyer, "used"),
        deposits=_numbers(buyer, "deposits"),
        joined=buyer.texts("joined"),
        spent=_numbers(buyer, "spent"),
    )
    postage_cents, region = fields.whole("postage_cents", 0), fields.text("region", "")
    picked = fields.nested("chosen_gifts")
    chosen_gifts = {offer_id: picked.text(offer_id) for offer_id in picked.names()}
    taken = _numbers(fields, "taken")
    fields.check_none_left()
    buyer.check_none_left()
    return at(path, lambda: Basket(lines, postage_cents, known, region, chosen_gifts, taken))


def request_from_dict(data: Any) -> tuple[Basket, tuple[Offer, ...], datetime | None]:
    """Basket, offers and moment of a pricing request `{"basket": …, "offers": […], "at": "2026-11-11T00:00:00"}`.

    `at` may be left out: then None, and the caller's clock decides. Raises EngineError with the path.
    """
    fields = Fields(data, "")
    basket = basket_from_dict(fields.take("basket"), "basket")
    offers = tuple(
        offer_from_dict(item, f"offers[{position}]") for position, item in enumerate(fields.list("offers"))
    )
    at = fields.moment("at")
    fields.check_none_left()
    return basket, offers, at


def quote_to_dict(quote: Quote) -> Json:
    """The quote as plain data, balance and margin included."""
    return {**_plain(quote), "balance_cents": quote.balance_cents, "margin_cents": quote.margin_cents}


_TOLD = {
    kind: tuple(one.name for one in fields(kind))
    for kind in (Quote, QuotedLine, Share, Gift, Benefit, Consumed, Refusal, NextStep, TraceStep)
}


def _plain(value: Any) -> Any:
    """What `asdict` gives, without its copies: a checkout waits for this."""
    names = _TOLD.get(type(value))
    if names is not None:
        return {name: _plain(getattr(value, name)) for name in names}
    return tuple(map(_plain, value)) if type(value) is tuple else value


def _numbers(part: Fields, name: str) -> dict[str, int]:
    """Whole numbers by name; none where the field is left out."""
    given = part.nested(name)
    return {key: given.whole(key) for key in given.names()}


def _line(data: Any, path: str) -> Line:
    fields = Fields(data, path)
    values: Json = {
        "line_id": fields.text("line_id"),
        "product_id": fields.text("product_id"),
        "unit_price_cents": fields.whole("unit_price_cents"),
        "quantity": fields.whole("quantity", 1),
        "sku": fields.text("sku", ""),
        "category": fields.text("category", ""),
        "cost_cents": fields.whole_or_none("cost_cents"),
    }
    fields.check_none_left()
    return at(path, lambda: Line(**values))


def _enum(kind: type[Layer], text: str, path: str) -> Layer:
    members: list[StrEnum] = list(kind)
    if text not in members:
        raise EngineError("unknown_choice", path, found=text, known=", ".join(members))
    return kind(text)

"""Baskets, offers and quotes as JSON-serialisable dicts, and back with validation.

Reading is strict: unknown fields, wrong types and missing fields are refused with the path of the field, so that
a file written by hand says where it is wrong. Amounts are whole cents, times ISO texts in shop time.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar

from laoke.promotions.engine.results import Quote
from laoke.promotions.engine.values import (
    Basket,
    Buyer,
    DiscountStep,
    EngineError,
    Layer,
    Limits,
    Line,
    Mechanic,
    Offer,
    PercentOff,
    Scope,
    ShopCoupon,
    ThresholdDiscount,
    Window,
)

Json = dict[str, Any]
Value = TypeVar("Value")

_MECHANIC_NAMES: dict[type[PercentOff] | type[ThresholdDiscount] | type[ShopCoupon], str] = {
    PercentOff: "percent_off",
    ThresholdDiscount: "threshold_discount",
    ShopCoupon: "shop_coupon",
}


def offer_to_dict(offer: Offer) -> Json:
    """The offer as plain data; `offer_from_dict` reads it back to an equal value."""
    terms = asdict(offer.mechanic)
    if isinstance(offer.mechanic, ThresholdDiscount):
        terms["steps"] = [asdict(step) for step in offer.mechanic.steps]
    return {
        "offer_id": offer.offer_id,
        "name": offer.name,
        "layer": offer.layer.value,
        "mechanic": _MECHANIC_NAMES[type(offer.mechanic)],
        "terms": terms,
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
    fields = _Fields(data, path)
    layer = _enum(Layer, fields.text("layer"), f"{path}.layer")
    mechanic = _mechanic(fields.text("mechanic"), fields.nested("terms"), path)
    scope, window, limits = fields.nested("scope"), fields.nested("window"), fields.nested("limits")
    values = {
        "offer_id": fields.text("offer_id"),
        "name": fields.text("name", ""),
        "audience": fields.text("audience", ""),
        "scope": Scope(
            scope.texts("product_ids"), scope.texts("categories"), scope.texts("excluded_product_ids")
        ),
        "window": _at(path, lambda: Window(window.moment("start"), window.moment("end"))),
        "limits": _at(path, lambda: Limits(limits.whole_or_none("per_person"))),
    }
    for part in (fields, scope, window, limits):
        part.check_none_left()
    return _at(path, lambda: Offer(layer=layer, mechanic=mechanic, **values))  # type: ignore[arg-type]


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
        },
    }


def basket_from_dict(data: Any, path: str = "basket") -> Basket:
    """The basket that `data` describes. Raises EngineError with the path of the first wrong field."""
    fields = _Fields(data, path)
    lines = tuple(
        _line(item, f"{path}.lines[{position}]") for position, item in enumerate(fields.list("lines"))
    )
    buyer = fields.nested("buyer")
    used = buyer.nested("used")
    known = Buyer(
        groups=buyer.texts("groups"),
        first_order=buyer.flag("first_order", False),
        held_coupons=buyer.texts("held_coupons"),
        used={offer_id: used.whole(offer_id) for offer_id in used.names()},
    )
    postage_cents = fields.whole("postage_cents", 0)
    fields.check_none_left()
    buyer.check_none_left()
    return _at(path, lambda: Basket(lines, postage_cents, known))


def request_from_dict(data: Any) -> tuple[Basket, tuple[Offer, ...], datetime | None]:
    """Basket, offers and moment of a pricing request `{"basket": …, "offers": […], "at": "2026-11-11T00:00:00"}`.

    `at` may be left out: then None, and the caller's clock decides. Raises EngineError with the path.
    """
    fields = _Fields(data, "")
    basket = basket_from_dict(fields.take("basket"), "basket")
    offers = tuple(
        offer_from_dict(item, f"offers[{position}]") for position, item in enumerate(fields.list("offers"))
    )
    at = fields.moment("at")
    fields.check_none_left()
    return basket, offers, at


def quote_to_dict(quote: Quote) -> Json:
    """The quote as plain data, margin included."""
    return {**asdict(quote), "margin_cents": quote.margin_cents}


def _line(data: Any, path: str) -> Line:
    fields = _Fields(data, path)
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
    return _at(path, lambda: Line(**values))


def _mechanic(name: str, terms: "_Fields", path: str) -> Mechanic:
    readers: dict[str, Callable[[_Fields], Mechanic]] = {
        "percent_off": lambda part: PercentOff(part.whole("pay_bp")),
        "threshold_discount": _threshold_discount,
        "shop_coupon": lambda part: ShopCoupon(
            part.whole("threshold_cents"), part.whole("face_cents"), part.flag("must_hold", True)
        ),
    }
    if name not in readers:
        raise EngineError("unknown_choice", f"{path}.mechanic", found=name, known=", ".join(readers))
    mechanic = _at(terms.path, lambda: readers[name](terms))
    terms.check_none_left()
    return mechanic


def _threshold_discount(terms: "_Fields") -> ThresholdDiscount:
    steps = []
    for position, item in enumerate(terms.list("steps")):
        part = _Fields(item, f"{terms.path}.steps[{position}]")
        threshold, off = part.whole("threshold_cents"), part.whole("off_cents")
        part.check_none_left()
        steps.append(_step(part.path, threshold, off))
    return ThresholdDiscount(tuple(steps), terms.flag("repeating", False), terms.whole_or_none("cap_cents"))


def _step(path: str, threshold_cents: int, off_cents: int) -> DiscountStep:
    return _at(path, lambda: DiscountStep(threshold_cents, off_cents))


def _enum(kind: type[Layer], text: str, path: str) -> Layer:
    members: list[StrEnum] = list(kind)
    if text not in members:
        raise EngineError("unknown_choice", path, found=text, known=", ".join(members))
    return kind(text)


def _at(path: str, build: Callable[[], Value]) -> Value:
    """Build a value; a refusal gets the path in front of its field, unless it already has one."""
    try:
        return build()
    except EngineError as error:
        if error.field.startswith(path):
            raise
        raise EngineError(error.code, f"{path}.{error.field}", **error.params) from None


class _Fields:
    """The fields of one JSON object, taken one by one; what is left at the end is unknown."""

    def __init__(self, data: Any, path: str) -> None:
        if not isinstance(data, Mapping) or not all(isinstance(name, str) for name in data):
            raise EngineError("not_an_object", path)
        self.path = path
        self._left = dict(data)

    def names(self) -> list[str]:
        return list(self._left)

    def take(self, name: str) -> Any:
        if name not in self._left:
            raise EngineError("missing", self._at(name))
        return self._left.pop(name)

    def nested(self, name: str) -> "_Fields":
        return _Fields(self._left.pop(name, {}), self._at(name))

    def list(self, name: str) -> list[Any]:
        value = self.take(name)
        if not isinstance(value, list):
            raise EngineError("not_a_list", self._at(name))
        return value

    def text(self, name: str, default: str | None = None) -> str:
        value = self.take(name) if default is None else self._left.pop(name, default)
        if not isinstance(value, str):
            raise EngineError("not_a_text", self._at(name))
        return value

    def texts(self, name: str) -> frozenset[str]:
        value = self._left.pop(name, [])
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise EngineError("not_a_list_of_texts", self._at(name))
        return frozenset(value)

    def flag(self, name: str, default: bool) -> bool:
        value = self._left.pop(name, default)
        if not isinstance(value, bool):
            raise EngineError("not_true_or_false", self._at(name))
        return value

    def whole(self, name: str, default: int | None = None) -> int:
        value = self.take(name) if default is None else self._left.pop(name, default)
        if isinstance(value, bool) or not isinstance(value, int):
            raise EngineError("not_a_whole_number", self._at(name))
        return value

    def whole_or_none(self, name: str) -> int | None:
        return None if self._left.get(name) is None and self._drop(name) else self.whole(name)

    def moment(self, name: str) -> datetime | None:
        value = self._left.pop(name, None)
        if value is None:
            return None
        try:
            moment = datetime.fromisoformat(value)
        except (TypeError, ValueError):
            raise EngineError("not_a_time", self._at(name)) from None
        if moment.tzinfo is not None:
            raise EngineError("time_with_zone", self._at(name))
        return moment

    def check_none_left(self) -> None:
        if self._left:
            raise EngineError("unknown_field", self._at(sorted(self._left)[0]))

    def _drop(self, name: str) -> bool:
        self._left.pop(name, None)
        return True

    def _at(self, name: str) -> str:
        return f"{self.path}.{name}" if self.path else name

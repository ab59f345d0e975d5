"""Orders to settle and their settlement as JSON, read as strictly as baskets are (`serial`)."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from laoke.promotions.engine.errors import EngineError
from laoke.promotions.engine.reading import Fields, at
from laoke.promotions.engine.serial import Json, offer_from_dict
from laoke.promotions.engine.settling import Goods, PaidOrder, Settlement
from laoke.promotions.engine.values import Offer


def settling_request_from_dict(data: Any) -> tuple[Offer, tuple[PaidOrder, ...], datetime | None]:
    """Offer, orders and moment of `{"offer": …, "orders": […], "at": "2026-11-12T00:00:00"}`.

    `at` may be left out: then None, and the caller's clock decides. Raises EngineError with the path.
    """
    offer, items, moment = settling_parts_from_dict(data)
    if offer is None:
        raise EngineError("missing", "offer")
    orders = tuple(paid_order_from_dict(item, f"orders[{place}]") for place, item in enumerate(items))
    return offer, orders, moment


def settling_parts_from_dict(data: Any) -> tuple[Offer | None, list[Any], datetime | None]:
    """The same with the orders as they stand, for who reads them one by one, and without an offer where none is named.

    Raises EngineError with the path.
    """
    fields = Fields(data, "")
    offer = offer_from_dict(fields.take("offer"), "offer") if "offer" in fields.names() else None
    items, moment = fields.list("orders"), fields.moment("at")
    fields.check_none_left()
    return offer, items, moment


def settlement_to_dict(settlement: Settlement) -> Json:
    """The settlement as plain data with its sums, times as ISO texts."""
    groups = [
        {**asdict(group), "at": None if group.at is None else group.at.isoformat()}
        for group in settlement.groups
    ]
    return {
        "orders": [asdict(order) for order in settlement.orders],
        "groups": groups,
        "buyers": settlement.buyers,
        "pay_bp": settlement.pay_bp,
        "paid_cents": settlement.paid_cents,
        "kept_cents": settlement.kept_cents,
        "back_cents": settlement.back_cents,
        "open_cents": settlement.open_cents,
    }


def paid_order_from_dict(data: Any, path: str) -> PaidOrder:
    """One order of a request; `path` says where it stands. Raises EngineError."""
    fields = Fields(data, path)
    moment = fields.moment("at")
    if moment is None:
        raise EngineError("missing", f"{path}.at")
    goods = fields.list("goods") if "goods" in fields.names() else []
    values: Json = {
        "order_id": fields.text("order_id"),
        "buyer": fields.text("buyer"),
        "at": moment,
        "paid_cents": fields.whole("paid_cents", 0),
        "balance_at": fields.moment("balance_at"),
        "balance_cents": fields.whole("balance_cents", 0),
        "joins": fields.text("joins", ""),
        "goods": tuple(_goods(one, f"{path}.goods[{place}]") for place, one in enumerate(goods)),
        "off_cents": fields.whole("off_cents", 0),
        "returned": fields.flag("returned", False),
    }
    fields.check_none_left()
    return at(path, lambda: PaidOrder(**values))


def _goods(data: Any, path: str) -> Goods:
    fields = Fields(data, path)
    price, pieces = fields.whole("unit_price_cents"), fields.whole("quantity", 1)
    fields.check_none_left()
    return at(path, lambda: Goods(price, pieces))

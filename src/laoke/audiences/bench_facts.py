"""What else the large shop of the bench knows: products with their categories, reviews, refunds and messages.

Drawn from its orders, so that every condition of the filter language meets rows: a refund of every order that got money
back, a review of every fifth, and two messages a customer in the last year.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

from laoke.audiences.bench_orders import EPOCH, TITLES, Drawn, conformed, moments, words

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from laoke.warehouse.store import Warehouse

DAY = 86_400
CATEGORIES = ("床上用品", "毛巾浴巾", "夏季凉品")
TOUCHES_EACH, TOUCH_DAYS = 2, 365
STATES = ("delivered",) * 9 + ("accepted", "undelivered", "held_out")


def refunds(orders: Mapping[str, Any], draw: np.random.Generator) -> dict[str, Any]:
    """One of every order that got money back, asked for three days after the payment and settled two days later."""
    import numpy as np

    chosen = np.flatnonzero(orders["refunded_cents"])
    n, asked = len(chosen), seconds_of(orders["paid_at"], chosen) + 3 * DAY
    return {
        "shop_id": orders["shop_id"][chosen], "refund_id": orders["order_id"].take(chosen),
        "order_id": orders["order_id"].take(chosen), "line": words(np.zeros(n, np.int32), [""]),
        "customer_id": orders["customer_id"][chosen], "amount_cents": orders["refunded_cents"][chosen],
        "kind": words(draw.integers(0, 2, n), ["money", "goods"]), "phase": words(np.zeros(n, np.int32), ["after"]),
        "reason": words(np.zeros(n, np.int32), ["不想要了"]), "state": words(np.zeros(n, np.int32), ["退款成功"]),
        "created_at": moments(asked), "finished_at": moments(asked + 2 * DAY),
    }  # fmt: skip


def reviews(orders: Mapping[str, Any], draw: np.random.Generator) -> dict[str, Any]:
    """One of every fifth order, ten days after it was placed: most have five stars, one in ten a photo."""
    import numpy as np

    chosen = np.flatnonzero(draw.random(len(orders["shop_id"])) < 0.2)
    n = len(chosen)
    return {
        "shop_id": orders["shop_id"][chosen], "order_id": orders["order_id"].take(chosen),
        "product_id": orders["titles"].take(chosen), "rating": 5 - 2 * (draw.random(n) < 0.1) - (draw.random(n) < 0.1),
        "at": moments(seconds_of(orders["created_at"], chosen) + 10 * DAY), "has_photo": draw.random(n) < 0.1,
        "topics": words(np.zeros(n, np.int32), [""]),
    }  # fmt: skip


def write_products(warehouse: Warehouse, shop_id: int) -> None:
    """Every title as a product of one category."""
    import numpy as np

    n = len(TITLES)
    kinds = [1 if "巾" in title else 2 if "凉" in title else 0 for title in TITLES]
    columns = {
        "shop_id": np.full(n, shop_id), "product_id": list(TITLES), "title": list(TITLES),
        "category": words(np.array(kinds), CATEGORIES), "list_price_cents": np.full(n, 19_900),
        "season": [""] * n,
    }  # fmt: skip
    warehouse.append("products", conformed("products", columns), app_id="bench-products")


def write_touches(
    warehouse: Warehouse, drawn: Drawn, shop_id: int, last: date, draw: np.random.Generator
) -> None:
    """Messages of the last year by time, as the mirror of messages grows."""
    import numpy as np

    n = len(drawn.customers) * TOUCHES_EACH
    seconds = np.sort(draw.integers(0, TOUCH_DAYS * DAY, n)) + ((last - EPOCH).days - TOUCH_DAYS) * DAY
    columns = {
        "shop_id": np.full(n, shop_id), "person_id": drawn.customers[draw.integers(0, len(drawn.customers), n)],
        "occasion_id": np.arange(1, n + 1), "channel": words(draw.integers(0, 5, n) // 4, ["sms", "email"]),
        "arm": words(np.zeros(n, np.int32), ["treated"]), "state": words(draw.integers(0, len(STATES), n), STATES),
        "at": moments(seconds), "cost_millis": np.full(n, 45),
    }  # fmt: skip
    warehouse.append("touches", conformed("touches", columns), app_id="bench-touches")


def seconds_of(times: Any, chosen: NDArray[np.int64]) -> NDArray[np.int64]:
    """Seconds since 1970 of the chosen ones of a column of moments, all of them known."""
    found: NDArray[np.int64] = times.take(chosen).cast("int64").to_numpy() // 1_000_000
    return found

"""What else the large shop of the bench knows: products with their categories, reviews, refunds, messages and what
came back, coupons, points, draws, referrals, groups, and what each person is expected to buy.

Drawn, so that every condition of the filter language meets rows: a refund of every order that got money back, a review
of every fifth, two messages a customer in the last year and an answer of one in twenty, a coupon and points of every
second, draws of one in five, a friend of one in ten, a group of one in ten. What is expected is drawn too: how it is
found has a bench of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

from laoke.audiences.bench_orders import EPOCH, TITLES, Drawn, conformed, moments, words
from laoke.audiences.tree import CASE_KINDS
from laoke.warehouse.customer_value import HORIZONS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from laoke.warehouse.store import Warehouse

DAY = 86_400
CATEGORIES = ("床上用品", "毛巾浴巾", "夏季凉品")
TOUCHES_EACH, TOUCH_DAYS = 2, 365
ISSUE, LOTTERY = "双11 券", "双11 抽奖"
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


def write_answers(
    warehouse: Warehouse, drawn: Drawn, shop_id: int, last: date, draw: np.random.Generator
) -> None:
    """A reply of one customer in twenty in the last year, one in ten of them a refusal."""
    import numpy as np

    people = np.sort(drawn.customers[draw.random(len(drawn.customers)) < 0.05])
    n = len(people)
    columns = {
        "shop_id": np.full(n, shop_id), "reply_id": np.arange(1, n + 1), "person_id": people,
        "channel": words(np.zeros(n, np.int32), ["sms"]), "opts_out": draw.random(n) < 0.1,
        "day": (last - EPOCH).days - draw.integers(0, TOUCH_DAYS, n).astype(np.int32),
    }  # fmt: skip
    warehouse.append("replies", conformed("replies", columns), app_id="bench-replies")


def write_coupons(
    warehouse: Warehouse, drawn: Drawn, shop_id: int, last: date, draw: np.random.Generator
) -> None:
    """A coupon of every second customer, taken in the last 60 days; a third of them used since."""
    import numpy as np

    people = np.sort(drawn.customers[draw.random(len(drawn.customers)) < 0.5])
    n, today = len(people), (last - EPOCH).days
    claimed = today - draw.integers(20, 60, n)
    used = np.flatnonzero(draw.random(n) < 1 / 3)
    coupons = np.concatenate([np.arange(1, n + 1), used + 1])
    days = np.concatenate([claimed, claimed[used] + draw.integers(0, 20, len(used))]).astype(np.int32)
    latest = np.ones(len(coupons), bool)
    latest[used] = False
    columns = {
        "shop_id": np.full(len(coupons), shop_id), "coupon_id": coupons, "event_id": np.arange(1, len(coupons) + 1),
        "issue_id": np.ones(len(coupons), np.int64), "issue": words(np.zeros(len(coupons), np.int32), [ISSUE]),
        "customer_id": people[coupons - 1],
        "kind": words((np.arange(len(coupons)) >= n).astype(np.int32), ["claimed", "redeemed"]), "latest": latest,
        "at": moments(days.astype(np.int64) * DAY), "day": days,
        "from_day": np.full(len(coupons), today - 60, np.int32), "to_day": np.full(len(coupons), today + 10, np.int32),
        "order_id": words(np.zeros(len(coupons), np.int32), [""]),
        "off_cents": np.where(np.arange(len(coupons)) >= n, 2_000, 0),
    }  # fmt: skip
    warehouse.append("coupon_events", conformed("coupon_events", columns), app_id="bench-coupons")


def write_points(
    warehouse: Warehouse, drawn: Drawn, shop_id: int, last: date, draw: np.random.Generator
) -> None:
    """Points of every second customer, earned in the last 60 days and good for 80; half of them used a part since."""
    import numpy as np

    people = np.sort(drawn.customers[draw.random(len(drawn.customers)) < 0.5])
    n, today = len(people), (last - EPOCH).days
    earned, points = today - draw.integers(20, 60, n), draw.integers(100, 1_000, n)
    used = np.flatnonzero(draw.random(n) < 0.5)
    lots = np.concatenate([np.arange(n), used])
    days = np.concatenate([earned, earned[used] + draw.integers(0, 20, len(used))]).astype(np.int32)
    is_use = np.arange(len(lots)) >= n
    columns = {
        "shop_id": np.full(len(lots), shop_id), "customer_id": people[lots], "event_id": np.arange(1, len(lots) + 1),
        "lot_id": lots + 1, "kind": words(is_use.astype(np.int32), ["earned", "used"]),
        "source": words(np.zeros(len(lots), np.int32), ["order"]), "points": np.where(is_use, -50, points[lots]),
        "stands": np.ones(len(lots), bool), "at": moments(days.astype(np.int64) * DAY), "day": days,
        "to_day": (earned[lots] + 80).astype(np.int32), "order_id": words(np.zeros(len(lots), np.int32), [""]),
    }  # fmt: skip
    warehouse.append("points_events", conformed("points_events", columns), app_id="bench-points")


def write_draws(
    warehouse: Warehouse, drawn: Drawn, shop_id: int, last: date, draw: np.random.Generator
) -> None:
    """Four draws of one customer in five in the last 30 days, one in five of them with a prize."""
    import numpy as np

    people = np.repeat(np.sort(drawn.customers[draw.random(len(drawn.customers)) < 0.2]), 4)
    n, days = len(people), (last - EPOCH).days - draw.integers(0, 30, len(people)).astype(np.int32)
    won = draw.random(n) < 0.2
    columns = {
        "shop_id": np.full(n, shop_id), "draw_id": np.arange(1, n + 1), "lottery_id": np.ones(n, np.int64),
        "lottery": words(np.zeros(n, np.int32), [LOTTERY]), "customer_id": people, "won": won,
        "prize": words(won.astype(np.int32), ["", "手账本"]), "state": words(won.astype(np.int32), ["none", "given"]),
        "at": moments(days.astype(np.int64) * DAY), "day": days,
    }  # fmt: skip
    warehouse.append("lottery_draws", conformed("lottery_draws", columns), app_id="bench-draws")


def write_referrals(
    warehouse: Warehouse, drawn: Drawn, shop_id: int, last: date, draw: np.random.Generator
) -> None:
    """One customer in ten came by another in the last year; whoever brings one brings two."""
    import numpy as np

    chosen = draw.permutation(drawn.customers)
    friends = chosen[: len(chosen) // 10]
    n, others = len(friends), chosen[len(chosen) // 10 :]
    days = (last - EPOCH).days - draw.integers(0, 365, n).astype(np.int32)
    columns = {
        "shop_id": np.full(2 * n, shop_id), "referral_id": np.tile(np.arange(1, n + 1), 2),
        "part": words(np.repeat([0, 1], n), ["referrer", "friend"]),
        "customer_id": np.concatenate([others[np.arange(n) // 2], friends]),
        "state": words(np.zeros(2 * n, np.int32), ["rewarded"]), "reason": words(np.zeros(2 * n, np.int32), [""]),
        "at": moments(np.tile(days, 2).astype(np.int64) * DAY), "day": np.tile(days, 2),
    }  # fmt: skip
    warehouse.append("referrals", conformed("referrals", columns), app_id="bench-referrals")


def write_cases(
    warehouse: Warehouse, drawn: Drawn, shop_id: int, last: date, draw: np.random.Generator
) -> None:
    """Two cases of one customer in five in the last year, one in five of them still open."""
    import numpy as np

    people = np.repeat(np.sort(drawn.customers[draw.random(len(drawn.customers)) < 0.2]), 2)
    n = len(people)
    columns = {
        "shop_id": np.full(n, shop_id), "case_id": np.arange(1, n + 1), "person_id": people,
        "kind": words(draw.integers(0, len(CASE_KINDS), n), CASE_KINDS), "is_open": draw.random(n) < 0.2,
        "opened_day": (last - EPOCH).days - draw.integers(0, 365, n).astype(np.int32),
    }  # fmt: skip
    warehouse.append("service_cases", conformed("service_cases", columns), app_id="bench-cases")


def write_groups(warehouse: Warehouse, drawn: Drawn, shop_id: int, draw: np.random.Generator) -> None:
    """One customer in ten in a chat group."""
    import numpy as np

    people = np.sort(drawn.customers[draw.random(len(drawn.customers)) < 0.1])
    names = words(draw.integers(0, 4, len(people)), [f"会员群 {number}" for number in range(1, 5)])
    columns = {"shop_id": np.full(len(people), shop_id), "person_id": people, "group_name": names}
    warehouse.append("group_members", conformed("group_members", columns), app_id="bench-groups")


def write_expected(
    warehouse: Warehouse, drawn: Drawn, shop_id: int, last: date, draw: np.random.Generator
) -> None:
    """What every customer is expected to buy, wide rows as the real table has them."""
    import numpy as np

    people = np.sort(drawn.customers)
    n, alive = len(people), draw.random(len(people))
    columns: dict[str, Any] = {
        "shop_id": np.full(n, shop_id), "person_id": people, "as_of_day": np.full(n, (last - EPOCH).days, np.int32),
        "model": words(np.zeros(n, np.int32), ["bg_nbd"]), "p_alive": alive, "p_alive_low": alive * 0.8,
        "p_alive_high": np.minimum(1.0, alive * 1.2),
    }  # fmt: skip
    for days in HORIZONS:
        orders = alive * draw.gamma(1.0, days / 200, n)
        spend = (orders * draw.integers(5_000, 40_000, n)).astype(np.int64)
        columns[f"orders_{days}"] = orders
        columns[f"orders_{days}_low"] = np.floor(orders / 2).astype(np.int32)
        columns[f"orders_{days}_high"] = np.ceil(orders * 2).astype(np.int32)
        columns[f"spend_{days}"] = spend
        columns[f"spend_{days}_low"], columns[f"spend_{days}_high"] = spend // 2, spend * 2
    warehouse.append("customer_value", conformed("customer_value", columns), app_id="bench-value")


def seconds_of(times: Any, chosen: NDArray[np.int64]) -> NDArray[np.int64]:
    """Seconds since 1970 of the chosen ones of a column of moments, all of them known."""
    found: NDArray[np.int64] = times.take(chosen).cast("int64").to_numpy() // 1_000_000
    return found

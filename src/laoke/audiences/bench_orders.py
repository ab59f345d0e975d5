"""Orders of a large shop, drawn as columns: what the bench of segment counts stands on.

Every customer buys at least once, some very often (the share falls with the square of the rank), each within a span of
their own, so that there are new, active and lost ones. The same seed gives the same shop. Written by the quarter, as
`orders`, `order_lines` (of every tenth order, or of all), `customers`, and the mirrors as the ledger would have filled
them; `bench_facts` adds what else single facts tell.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    from laoke.warehouse.store import Warehouse

EPOCH = date(1970, 1, 1)
MONTHS, MONTHS_AT_ONCE = 36, 3
LINES_OF_EVERY = 10
TAG = "挑剔"
GOODS = ("羽绒被", "蚕丝被", "四件套", "床笠", "枕芯", "枕套", "毛巾", "浴巾", "凉席", "夏凉被", "毛毯")
KINDS = ("加厚", "儿童", "双人", "全棉", "家用", "礼盒装", "加大", "可水洗")
TITLES = tuple(f"{kind}{goods}" for goods in GOODS for kind in KINDS)
# Of two years of days the second is unknown: every other customer told no birthday.
BIRTHDAYS = tuple(f"{EPOCH + timedelta(days=at):%m-%d}" if at < 365 else "" for at in range(730))
LEVELS = ("", "88VIP", "超级会员")
PLACES = tuple(
    (province, city)
    for province, cities in (
        ("浙江省", "杭州市 宁波市 温州市 嘉兴市 金华市 台州市"), ("上海", "上海市"), ("北京", "北京市"),
        ("江苏省", "南京市 苏州市 无锡市 常州市 南通市 徐州市"), ("四川省", "成都市 绵阳市 德阳市 南充市"),
        ("广东省", "广州市 深圳市 佛山市 东莞市 珠海市 惠州市 中山市"), ("湖北省", "武汉市 宜昌市 襄阳市"),
        ("陕西省", "西安市 咸阳市 宝鸡市"), ("山东省", "济南市 青岛市 烟台市 潍坊市"),
        ("福建省", "福州市 厦门市 泉州市"),
    )
    for city in cities.split()
)  # fmt: skip


@dataclass(frozen=True)
class Drawn:
    """Who bought when: customers by number, and of each order the place of its customer there and its day, by day."""

    first_day: int
    customers: NDArray[np.int64]
    buyers: NDArray[np.int32]
    days: NDArray[np.int16]


def draw_orders(
    customers: int, orders: int, last: date, draw: np.random.Generator, known: NDArray[np.int64] | None = None
) -> Drawn:
    """So many orders in the 36 months that end on `last`, of so many customers or of those whom a ledger knows."""
    import numpy as np

    begin = _first_of_months(last)[0]
    span = (last - begin).days + 1
    # Positive, 63 bits, in no order of arrival: numbers as customers get them.
    people = np.unique(draw.integers(1, 2**62, customers, dtype=np.int64)) if known is None else known
    n = len(people)
    again = (n * draw.random(orders - n) ** 2).astype(np.int32)
    buyers = np.concatenate([np.arange(n, dtype=np.int32), again])
    # Heavy buyers have low places here; which number they bear says nothing.
    people = people[draw.permutation(n)]
    begun = draw.integers(0, span, n)
    active = np.minimum(draw.exponential(400, n), span - 1 - begun)
    days = (begun[buyers] + draw.random(orders) * (active[buyers] + 1)).astype(np.int16)
    days = np.minimum(days, span - 1).astype(np.int16)
    order = np.argsort(days, kind="stable")
    return Drawn((begin - EPOCH).days, people, buyers[order], days[order])


def write_orders(
    warehouse: Warehouse,
    drawn: Drawn,
    shop_id: int,
    last: date,
    draw: np.random.Generator,
    *,
    facts: bool = False,
) -> None:
    """Append orders and lines, a quarter at a time; with `facts` a line of every order, reviews and refunds."""
    import numpy as np

    from laoke.audiences import bench_facts

    starts = _first_of_months(last)[::MONTHS_AT_ONCE]
    edges = [int(np.searchsorted(drawn.days, (start - starts[0]).days)) for start in starts]
    for number, (low, high) in enumerate(zip(edges, [*edges[1:], len(drawn.days)], strict=True)):
        if low == high:
            continue
        orders = _orders(drawn, low, high, shop_id, draw)
        warehouse.append("orders", conformed("orders", orders), app_id=f"bench-orders-{number}")
        tables = {"order_lines": _lines(orders, 1 if facts else LINES_OF_EVERY)}
        if facts:
            tables |= {
                "refunds": bench_facts.refunds(orders, draw),
                "reviews": bench_facts.reviews(orders, draw),
            }
        for name, columns in tables.items():
            warehouse.append(name, conformed(name, columns), app_id=f"bench-{name}-{number}")


def write_people(
    warehouse: Warehouse, drawn: Drawn, shop_id: int, owner_id: int, draw: np.random.Generator
) -> None:
    """Customers, who of them are one person (a fiftieth is another's), tags of one in twenty, reach of seven in ten."""
    import numpy as np

    n = len(drawn.customers)
    joined = n // 50
    same = {"customer_id": drawn.customers[-joined:], "person_id": drawn.customers[-2 * joined : -joined]}
    persons = np.sort(drawn.customers[: n - joined])
    tagged = persons[draw.random(len(persons)) < 0.05]
    for name, columns in (
        ("customers", _customers(drawn, draw)),
        ("person_map", {**same, "owner_id": np.full(joined, owner_id)}),
        ("customer_tags", {"person_id": tagged, "tag": words(np.zeros(len(tagged), np.int32), [TAG])}),
        ("customer_reach", _reach(persons, draw)),
    ):
        rows = conformed(name, {"shop_id": _all(shop_id, columns), **columns})
        warehouse.append(name, rows, app_id=f"bench-{name}")


def persons_apart(drawn: Drawn, count: int) -> list[int]:
    """Persons of one customer each, from all over the shop."""
    alone = len(drawn.customers) - 2 * (len(drawn.customers) // 50)
    step = max(1, alone // count)
    return [int(person) for person in drawn.customers[:alone:step][:count]]


def _first_of_months(last: date) -> list[date]:
    firsts = [last.replace(day=1)]
    while len(firsts) < MONTHS:
        firsts.append((firsts[-1] - timedelta(days=1)).replace(day=1))
    return firsts[::-1]


def _orders(drawn: Drawn, low: int, high: int, shop_id: int, draw: np.random.Generator) -> dict[str, Any]:
    import numpy as np
    import pyarrow as pa

    n = high - low
    buyers, days = drawn.buyers[low:high], drawn.days[low:high].astype(np.int64) + drawn.first_day
    second = days * 86_400 + draw.integers(8 * 3_600, 86_000, n)
    is_paid, is_refunded = draw.random(n) < 0.95, draw.random(n) < 0.04
    goods = draw.integers(30, 500, n) * 100
    discount = goods // 10 * draw.integers(0, 3, n)
    paid = np.where(is_paid, goods - discount, 0)
    created, paid_at = moments(second), moments(second + draw.integers(20, 399, n), absent=~is_paid)
    place = (buyers * np.int64(7_919)) % len(PLACES)
    none = np.zeros(n, np.int64)
    nothing = words(np.zeros(n, np.int32), [""])
    return {
        "month": _months(days), "shop_id": np.full(n, shop_id),
        "order_id": pa.array(np.arange(low, high) + 10**17).cast(pa.string()),
        "customer_id": drawn.customers[buyers],
        "status": words(np.where(is_paid, 0, 1), ["finished", "closed_unpaid"]),
        "created_at": created, "paid_at": paid_at, "goods_cents": goods, "postage_cents": none,
        "seller_discount_cents": discount, "platform_discount_cents": none, "deposit_cents": none,
        "balance_cents": none, "total_cents": goods - discount, "paid_cents": paid,
        "refunded_cents": np.where(is_refunded, paid, 0), "item_count": draw.integers(1, 4, n),
        "channel": words(draw.integers(0, 5, n) // 4, ["mobile", "pc"]),
        "province": words(place, [province for province, _city in PLACES]),
        "city": words(place, [city for _province, city in PLACES]), "district": nothing,
        "coupon_used": draw.random(n) < 0.2, "close_reason": nothing, "memo_flag": none,
        "titles": words(draw.integers(0, len(TITLES), n), TITLES), "seen_at": created,
        "state_rank": np.full(n, 5),
    }  # fmt: skip


def _lines(orders: Mapping[str, Any], of_every: int) -> dict[str, Any]:
    """A line of every tenth order, those whose details were exported too, or of all."""
    import numpy as np

    every = slice(None, None, of_every)
    chosen = np.arange(0, len(orders["shop_id"]), of_every)
    n = len(chosen)
    told = {name: orders[name].take(chosen) for name in ("month", "order_id", "titles", "created_at")}
    nothing = words(np.zeros(n, np.int32), [""])
    return {
        "month": told["month"], "shop_id": orders["shop_id"][every], "order_id": told["order_id"],
        "line": words(np.zeros(n, np.int32), ["1"]), "product_id": told["titles"], "sku": nothing,
        "outer_code": nothing, "title": told["titles"], "quantity": orders["item_count"][every],
        "unit_price_cents": orders["goods_cents"][every], "paid_cents": orders["paid_cents"][every],
        "refunded_cents": orders["refunded_cents"][every], "line_status": nothing,
        "created_day": told["created_at"].cast("int64").to_numpy() // 86_400_000_000,
    }  # fmt: skip


def _customers(drawn: Drawn, draw: np.random.Generator) -> dict[str, Any]:
    import numpy as np

    n = len(drawn.customers)
    place = (np.arange(n) * np.int64(7_919)) % len(PLACES)
    has_phone = draw.random(n) < 0.9
    return {
        "customer_id": drawn.customers, "first_seen": moments(np.full(n, drawn.first_day * 86_400)),
        "province": words(place, [province for province, _city in PLACES]),
        "city": words(place, [city for _province, city in PLACES]),
        "level": words(draw.integers(0, len(LEVELS), n), LEVELS),
        "birthday": words(draw.integers(0, 730, n), BIRTHDAYS),
        "has_nick": np.ones(n, bool), "has_phone": has_phone, "has_email": np.zeros(n, bool),
        "phone_state": words(np.where(has_phone, 0, 1), ["valid", "none"]),
    }  # fmt: skip


def _reach(persons: NDArray[np.int64], draw: np.random.Generator) -> dict[str, Any]:
    """Four channels for those about whom something was decided, by channel and person as the ledger writes them."""
    import numpy as np

    decided = persons[draw.random(len(persons)) < 0.7]
    n = len(decided) * 4
    can = draw.random(n) < 0.6
    none = np.zeros(n, np.int32)
    return {
        "person_id": np.tile(decided, 4),
        "channel": words(np.repeat(np.arange(4), len(decided)), ["sms", "email", "call", "handover"]),
        "reachable": can, "consented": can, "reason": words(np.where(can, 0, 1), ["", "opted_out"]),
        "touches_7": none, "touches_30": none,
    }  # fmt: skip


def _months(days: NDArray[np.int64]) -> pa.Array:
    """'2018-10' of days in rising order."""
    import numpy as np

    named, codes = np.unique(days, return_inverse=True)
    return words(codes, [f"{EPOCH + timedelta(days=int(day)):%Y-%m}" for day in named])


def moments(seconds: NDArray[np.int64], absent: NDArray[np.bool_] | None = None) -> pa.Array:
    import pyarrow as pa

    return pa.array(seconds * 1_000_000, pa.int64(), mask=absent).cast(pa.timestamp("us"))


def words(codes: NDArray[Any], values: Sequence[str]) -> pa.Array:
    """A text column from the place of each row's word."""
    import pyarrow as pa

    return pa.DictionaryArray.from_arrays(pa.array(codes, pa.int32()), pa.array(list(values))).cast(
        pa.string()
    )


def _all(shop_id: int, columns: Mapping[str, Any]) -> NDArray[np.int64]:
    import numpy as np

    return np.full(len(next(iter(columns.values()))), shop_id, np.int64)


def conformed(name: str, columns: Mapping[str, Any]) -> pa.Table:
    import pyarrow as pa

    from laoke.warehouse.contracts import CONTRACTS

    return CONTRACTS[name].conform(pa.table(dict(columns)))

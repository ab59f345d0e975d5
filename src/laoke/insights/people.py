"""Lists of people out of the features: which, in which order, one page at a time; and one person's own history."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from laoke.warehouse.engine import Reader

# What each order goes by; who has no such value comes last from high to low.
SORTS = {
    "last": "r.last_day",
    "first": "r.first_day",
    "orders": "r.orders",
    "net": "r.net_cents",
    "net_365": "r.net_cents_365",
    "refunded": "r.refunded_cents",
    "gap": "CAST(floor(r.mean_gap_days) AS BIGINT)",
}
MAY_LACK = frozenset({"last", "first", "gap"})
LACKING = -1  # stands in a key for no value
_KEY = re.compile(r"(-?[0-9]{1,18})_(-?[0-9]{1,19})")
# Up to so many rows are found first, by the columns of the order, and then read whole.
FOUND_FIRST = 200
# Among so many, the first in the order, those who can be reached are looked for before all are.
NEAREST = 2_000
# Each condition of equality lets whole files be passed over, one of many values does not: for few orders they are asked
# for one by one.
ONE_BY_ONE = 12


@dataclass(frozen=True)
class Wanted:
    """Which people a list shows. Empty text and −1 mean all; days are days since the last purchase, money is cents.

    `persons` None means everybody; an empty list nobody.
    """

    lifecycle: str = ""
    group3: str = ""
    rfm: str = ""
    province: str = ""
    city: str = ""
    tag: str = ""
    reach: str = ""
    r_score: int = -1
    f_score: int = -1
    orders_from: int = -1
    net_365_from: int = -1
    days_from: int = -1
    days_to: int = -1
    persons: Sequence[int] | None = None

    def params(self) -> dict[str, Any]:
        """The parameters of the query; the persons stand around it."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__ if name != "persons"}


@dataclass(frozen=True)
class PeoplePage:
    """Rows of one page, how many match in all, and the keys of the pages beside it ("" = there is none)."""

    rows: list[dict[str, Any]]
    matched: int
    previous: str = ""
    following: str = ""


@dataclass(frozen=True)
class Order:
    """The order of a list: one of `SORTS` and a direction; equal values go by number."""

    sort: str = "net"
    descending: bool = True

    def __post_init__(self) -> None:
        if self.sort not in SORTS:
            raise ValueError(f"sort: found {self.sort!r}, expected one of {', '.join(SORTS)}")

    @property
    def sign(self) -> int:
        """What turns a value into the number by which keys rise."""
        return -1 if self.descending else 1

    def behind(self, key: int, tie: int, *, backwards: bool) -> str:
        """The condition of lying behind (or before) a key."""
        value, falling = SORTS[self.sort], self.descending != backwards
        number = f"r.person_id {'<' if backwards else '>'} {tie}"
        at = self.sign * key
        if self.sort in MAY_LACK and at == LACKING:
            same = f"({value} IS NULL AND {number})"
            return same if falling else f"({same} OR {value} IS NOT NULL)"
        further = f"{value} {'<' if falling else '>'} {at} OR ({value} = {at} AND {number})"
        return f"({further} OR {value} IS NULL)" if falling and self.sort in MAY_LACK else f"({further})"

    def clause(self, *, backwards: bool) -> str:
        """ORDER BY, forwards or backwards."""
        falling = self.descending != backwards
        way = "DESC" if falling else "ASC"
        if self.sort in MAY_LACK:
            way += " NULLS LAST" if falling else " NULLS FIRST"
        return f"ORDER BY sort_value {way}, r.person_id {'DESC' if backwards else 'ASC'}"


def _where(wanted: Wanted, *further: str) -> str:
    """The conditions of a statement around the query that reach beyond features: tags, channels, chosen persons."""
    tests = [] if wanted.persons is None else [_numbers("person_id", wanted.persons)]
    # As sets: looked up by EXISTS beside the shop, each person's row costs ten times as much.
    if wanted.tag:
        tests.append(
            "r.person_id IN (SELECT t.person_id FROM customer_tags AS t WHERE t.shop_id = $shop_id AND t.tag = $tag)"
        )
    if wanted.reach:
        tests.append(
            "r.person_id IN (SELECT c.person_id FROM customer_reach AS c "
            "WHERE c.shop_id = $shop_id AND c.channel = $reach AND c.reachable)"
        )
    found = " AND ".join([*tests, *filter(None, further)])
    return f" WHERE {found}" if found else ""


def page_of_people(
    reader: Reader,
    shop_id: int,
    as_of_day: int,
    wanted: Wanted,
    order: Order,
    *,
    rows: int,
    after: str = "",
    before: str = "",
    columns: Sequence[str] = ("*",),
) -> PeoplePage:
    """One page: after a key, before a key, or the first, with these columns of the query. Keys come from `PeoplePage`;
    a broken one gives the first."""
    key = _key(after or before)
    backwards = key is not None and not after
    given = {"shop_id": shop_id, "as_of_day": as_of_day, **wanted.params()}
    if wanted.persons is not None and len(wanted.persons) <= rows and key is None:
        few = _few(reader, given, wanted, order, columns)
        return PeoplePage(few, len(few))
    behind = order.behind(*key, backwards=backwards) if key else ""
    asked = "r.person_id" if rows <= FOUND_FIRST else _asked(columns)
    way = order.clause(backwards=backwards)
    found = _nearest(reader, given, wanted, order, behind, way, rows + 1) if rows <= FOUND_FIRST else []
    if not found:
        source, counted = _source(wanted, behind)
        text = (
            f"SELECT {SORTS[order.sort]} AS sort_value, {asked}{counted} FROM {source} {way} LIMIT {rows + 1}"
        )
        found = reader.query("customers_page", text, **given).to_pylist()
    more, found = len(found) > rows, found[:rows]
    if backwards:
        found.reverse()
    if not found:
        return PeoplePage([], 0)
    first, last = (_text(found[n], order) for n in (0, -1))
    has_before = more if backwards else key is not None
    has_after = True if backwards else more
    whole = _whole(reader, given, found, order, columns) if rows <= FOUND_FIRST else found
    matched = found[0].get("matched") or _matched(reader, given, wanted)
    return PeoplePage(whole, matched, first if has_before else "", last if has_after else "")


def _nearest(
    reader: Reader, given: dict[str, Any], wanted: Wanted, order: Order, behind: str, way: str, most: int
) -> list[dict[str, Any]]:
    """The first of those who can be reached, out of the `NEAREST` in this order; [] when there are too few of them.

    To meet all that can be reached with everybody takes four times as long, and mostly a page of them is among these.
    """
    if not wanted.reach or wanted.persons is not None:
        return []
    where = f" WHERE {behind}" if behind else ""
    near = f"SELECT {SORTS[order.sort]} AS sort_value, r.person_id FROM {{rows}} AS r{where} {way} LIMIT {NEAREST}"
    text = f"SELECT r.sort_value, r.person_id FROM ({near}) AS r{_where(wanted)} {way} LIMIT {most}"
    found: list[dict[str, Any]] = reader.query("customers_page", text, **given).to_pylist()
    return found if len(found) == most else []


def _source(wanted: Wanted, behind: str) -> tuple[str, str]:
    """What a page is cut from, and the column that counts how many match: of chosen persons all are met on the way."""
    if wanted.persons is None:
        return f"{{rows}} AS r{_where(wanted, behind)}", ""
    among = f"(SELECT r.*, count(*) OVER () AS matched FROM {{rows}} AS r{_where(wanted)}) AS r"
    return f"{among} WHERE {behind}" if behind else among, ", r.matched"


def _few(
    reader: Reader, given: dict[str, Any], wanted: Wanted, order: Order, columns: Sequence[str]
) -> list[dict[str, Any]]:
    """Those of a page of chosen persons that match, whole: no more can be found, so that nothing is counted."""
    if not wanted.persons:
        return []
    around = (
        f"SELECT {SORTS[order.sort]} AS sort_value, {_asked(columns)} FROM {{rows}} AS r{_where(wanted)} "
        f"{order.clause(backwards=False)}"
    )
    rows: list[dict[str, Any]] = reader.query("customers_page", around, **given).to_pylist()
    return rows


def _asked(columns: Sequence[str]) -> str:
    """These columns of `r`."""
    return ", ".join(f"r.{column}" for column in columns)


def _matched(reader: Reader, given: dict[str, Any], wanted: Wanted) -> int:
    """How many of everybody match; remembered for as long as the tables stay the same."""
    around = f"SELECT count(*) AS n FROM {{rows}} AS r{_where(wanted)}"
    found: int = reader.remembered("customers_page", around, **given)["n"][0].as_py()
    return found


def _whole(
    reader: Reader,
    given: dict[str, Any],
    found: Sequence[dict[str, Any]],
    order: Order,
    columns: Sequence[str],
) -> list[dict[str, Any]]:
    """The rows of these persons in their order, by the range that their values and numbers lie in: what lies elsewhere
    is not read."""
    ids = [row["person_id"] for row in found]
    tests = [_numbers("person_id", ids), f"r.person_id BETWEEN {min(ids)} AND {max(ids)}"]
    values = [row["sort_value"] for row in found if row["sort_value"] is not None]
    if len(values) == len(found) and order.sort != "gap":
        tests.append(f"{SORTS[order.sort]} BETWEEN {min(values)} AND {max(values)}")
    everybody = {name: given[name] for name in ("shop_id", "as_of_day")} | Wanted().params()
    around = f"SELECT {_asked(columns)} FROM {{rows}} AS r WHERE {' AND '.join(tests)}"
    rows = {row["person_id"]: row for row in reader.query("customers_page", around, **everybody).to_pylist()}
    return [rows[person] for person in ids]


def _key(text: str) -> tuple[int, int] | None:
    found = _KEY.fullmatch(text)
    return (int(found[1]), int(found[2])) if found else None


def _text(row: dict[str, Any], order: Order) -> str:
    value = LACKING if row["sort_value"] is None else row["sort_value"]
    return f"{order.sign * value}_{row['person_id']}"


def all_people(reader: Reader, shop_id: int, as_of_day: int, wanted: Wanted) -> list[int]:
    """Every person that matches, by number: for acts on a whole list."""
    around = f"SELECT r.person_id FROM {{rows}} AS r{_where(wanted)}"
    found = reader.query(
        "customers_page", around, shop_id=shop_id, as_of_day=as_of_day, **wanted.params()
    )  # fmt: skip
    return sorted(found["person_id"].to_pylist())


def customer_of_order(reader: Reader, shop_id: int, order_id: str) -> int | None:
    """The customer of an order by its exact number."""
    found = reader.query("order_customer", shop_id=shop_id, order_id=order_id).to_pylist()
    return found[0]["customer_id"] if found else None


def features_of(
    reader: Reader, shop_id: int, person_id: int, as_of_day: int, columns: Sequence[str] = ("*",)
) -> dict[str, Any] | None:
    """What the features of a day say of one person, in these columns; None when that day does not know them."""
    around = f"SELECT {_asked(columns)} FROM {{rows}} AS r WHERE r.as_of_day = $as_of_day"
    given = {"shop_id": shop_id, "person_id": person_id, "as_of_day": as_of_day}
    rows = reader.query("person_features", around, **given).to_pylist()
    return rows[0] if rows else None


def own_customers(reader: Reader, shop_id: int, person_id: int) -> list[int]:
    """The customer numbers of one person as the mirror has them."""
    found: list[int] = reader.query("person_customers", shop_id=shop_id, person_id=person_id)[
        "customer_id"
    ].to_pylist()
    return found


def orders_of(
    reader: Reader, shop_id: int, customers: Sequence[int], columns: Sequence[str] = ("*",)
) -> list[dict[str, Any]]:
    """All orders of these customers, the newest first, with these columns of the query."""
    tests = [f"r.customer_id = {int(customer)}" for customer in customers]
    found = _one_by_one(tests, _numbers("customer_id", customers))
    around = f"SELECT {_asked(columns)} FROM ({found}) AS r ORDER BY r.created_at DESC, r.order_id DESC"
    rows: list[dict[str, Any]] = reader.query("person_orders", around, shop_id=shop_id).to_pylist()
    return rows


def reviews_of(
    reader: Reader, shop_id: int, orders: Sequence[dict[str, Any]], most: int = 200
) -> list[dict[str, Any]]:
    """The reviews of these orders, the newest first. Of whatever month: clocks of exports differ, and whoever asks for
    their own data gets all of it."""
    given = {f"order_id_{at}": row["order_id"] for at, row in enumerate(orders)}
    found = _one_by_one([f"r.order_id = ${name}" for name in given], _texts("order_id", given))
    around = (
        "SELECT r.order_id, r.product_id, r.rating, r.at, r.has_photo "
        f"FROM ({found}) AS r ORDER BY r.at DESC, r.order_id, r.product_id LIMIT {most}"
    )
    rows: list[dict[str, Any]] = reader.query(
        "person_reviews", around, shop_id=shop_id, **given
    ).to_pylist()  # fmt: skip
    return rows


def refunds_of(
    reader: Reader, shop_id: int, customers: Sequence[int], orders: Sequence[dict[str, Any]], most: int = 200
) -> list[dict[str, Any]]:
    """The refunds of these customers and those of their orders that name nobody, the newest first.

    An import gives a refund the buyer of its order, so that mostly none is left to be found by its order.
    """
    given = {f"order_id_{at}": row["order_id"] for at, row in enumerate(orders)}
    tests = [f"r.customer_id = {int(customer)}" for customer in customers]
    together = _numbers("customer_id", customers)
    if given and _has_nameless_refunds(reader, shop_id):
        nameless = f"r.customer_id IS NULL AND {_texts('order_id', given)}"
        tests.append(nameless)
        together = f"({together} OR {nameless})"
    else:
        given = {}
    found = _one_by_one(tests, together)
    around = (
        "SELECT r.refund_id, r.order_id, r.amount_cents, r.kind, r.phase, r.reason, r.state, r.created_at, "
        f"r.finished_at FROM ({found}) AS r ORDER BY r.created_at DESC, r.refund_id LIMIT {most}"
    )
    rows: list[dict[str, Any]] = reader.query(
        "person_refunds", around, shop_id=shop_id, **given
    ).to_pylist()  # fmt: skip
    return rows


def _has_nameless_refunds(reader: Reader, shop_id: int) -> bool:
    """Whether any refund names an order and no buyer."""
    around = "SELECT count(*) AS n FROM {rows} AS r WHERE r.customer_id IS NULL AND r.order_id <> ''"
    return bool(reader.remembered("person_refunds", around, shop_id=shop_id)["n"][0].as_py())


def categories_of(
    reader: Reader, shop_id: int, orders: Sequence[dict[str, Any]], most: int = 50
) -> list[dict[str, Any]]:
    """What was bought with these orders by category, the most money first: paid ones that the reader counts."""
    counted = [row for row in orders if row["paid_at"] is not None and row["flag"] not in reader.exclude]
    # Lines lie in the month of their order: the other months' files are not opened.
    found, given = _by_order(counted)
    around = f"""
SELECT
  coalesce(p.category, '') AS category, count(DISTINCT r.order_id) AS orders,
  CAST(sum(r.quantity) AS BIGINT) AS pieces, CAST(sum(r.net_cents) AS BIGINT) AS net_cents
FROM ({found}) AS r
LEFT JOIN products AS p ON p.shop_id = $shop_id AND p.product_id = r.product_id
GROUP BY 1 ORDER BY net_cents DESC, category LIMIT {most}
"""
    rows: list[dict[str, Any]] = reader.query("person_lines", around, shop_id=shop_id, **given).to_pylist()
    return rows


def _by_order(orders: Sequence[dict[str, Any]]) -> tuple[str, dict[str, str]]:
    """Rows of these orders in files of the month of their order: the statement, and the texts in it."""
    months = {f"month_{at}": month for at, month in enumerate(sorted({row["month"] for row in orders}))}
    place = {month: name for name, month in months.items()}
    ids = {f"order_id_{at}": row["order_id"] for at, row in enumerate(orders)}
    tests = [
        f"r.month = ${place[row['month']]} AND r.order_id = ${name}"
        for name, row in zip(ids, orders, strict=True)
    ]
    together = f"{_texts('month', months)} AND {_texts('order_id', ids)}"
    return _one_by_one(tests, together), {**months, **ids}


def _one_by_one(tests: Sequence[str], together: str) -> str:
    """Rows of the query that pass one of the tests, no row several: few tests each by itself, many by one condition."""
    if not 0 < len(tests) <= ONE_BY_ONE:
        return f"SELECT * FROM {{rows}} AS r WHERE {together}"
    return " UNION ALL ".join(f"SELECT * FROM {{rows}} AS r WHERE {test}" for test in tests)


def _numbers(name: str, values: Sequence[int]) -> str:
    """The column of `r` is one of these numbers."""
    return f"r.{name} IN ({', '.join(str(int(value)) for value in values)})" if values else "false"


def _texts(name: str, given: dict[str, str]) -> str:
    """The column of `r` is one of these parameters."""
    return f"r.{name} IN ({', '.join(f'${one}' for one in given)})" if given else "false"


def customers_of_orders(reader: Reader, shop_id: int, order_ids: Sequence[str]) -> dict[str, int]:
    """{order: customer} of those of the orders that the shop has and whose buyer is known."""
    rows = reader.rows(
        "SELECT o.order_id, o.customer_id FROM orders AS o WHERE o.shop_id = $shop_id AND o.customer_id IS NOT NULL "
        "AND o.order_id IN (SELECT unnest(CAST($order_ids AS VARCHAR[])))",
        {"shop_id": shop_id, "order_ids": list(order_ids)},
    )
    return {row["order_id"]: row["customer_id"] for row in rows}

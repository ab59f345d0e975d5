"""Lists of people out of the features: which, in which order, one page at a time; and one person's own history."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from laoke.warehouse.engine import Reader

SORTS = ("last", "first", "orders", "net", "net_365", "refunded", "gap")
FIRST = (-(2**62), -(2**62) * 2)


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
    sign: int = field(init=False, default=1)

    def __post_init__(self) -> None:
        if self.sort not in SORTS:
            raise ValueError(f"sort: found {self.sort!r}, expected one of {', '.join(SORTS)}")
        object.__setattr__(self, "sign", -1 if self.descending else 1)


# One page of those who match, and how many they are: what the list shows is read for the rows of the page alone.
_PAGE = """
WITH matched AS (SELECT r.person_id, r.sort_key, r.tie FROM {rows} AS r{among}),
page AS (
  SELECT person_id, sort_key, tie FROM matched
  WHERE sort_key > $after_key OR (sort_key = $after_key AND tie > $after_tie)
  ORDER BY sort_key, tie
  LIMIT $page_rows
)
SELECT
  f.person_id, f.first_day, f.last_day, f.orders, f.orders_365, f.paid_cents, f.refunded_cents, f.net_cents,
  f.net_cents_365, f.item_count, f.mean_gap_days, f.r_score, f.f_score, f.m_score, f.rfm, f.lifecycle, f.group3,
  f.province, f.city, f.coupon_orders, p.sort_key, p.tie, (SELECT count(*) FROM matched) AS matched
FROM page AS p
JOIN customer_features AS f ON f.person_id = p.person_id
WHERE f.shop_id = $shop_id AND f.as_of_day = $as_of_day
ORDER BY p.sort_key, p.tie
"""
_ALL = "SELECT r.person_id FROM {rows} AS r{among}"


def _among(people: Sequence[int] | None) -> str:
    """The condition of a statement around a query that is about these persons alone; '' for everybody."""
    return "" if people is None else f" WHERE {_numbers('person_id', people)}"


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
) -> PeoplePage:
    """One page: after a key, before a key, or the first. Keys come from `PeoplePage`; a broken one gives the first."""
    backwards = bool(before) and not after
    turn = -1 if backwards else 1
    key, tie = _key(after or before)
    at = (turn * key, turn * tie) if (after or before) and (key, tie) != FIRST else FIRST
    found = reader.query(
        "customers_page", _PAGE.replace("{among}", _among(wanted.persons)), shop_id=shop_id, as_of_day=as_of_day,
        sort=order.sort, sign=turn * order.sign, tie=turn, after_key=at[0], after_tie=at[1], page_rows=rows + 1,
        **wanted.params(),
    ).to_pylist()  # fmt: skip
    more, found = len(found) > rows, found[:rows]
    matched = found[0]["matched"] if found else 0
    if backwards:
        found.reverse()
    if not found:
        return PeoplePage([], 0)
    first, last = (_text(found[n], turn) for n in (0, -1))
    has_before = more if backwards else bool(after)
    has_after = True if backwards else more
    return PeoplePage(found, matched, first if has_before else "", last if has_after else "")


def _key(text: str) -> tuple[int, int]:
    key, _, tie = text.partition("_")
    try:
        found = int(key), int(tie)
    except ValueError:
        return FIRST
    return found if max(abs(part) for part in found) < 2**63 else FIRST


def _text(row: dict[str, Any], turn: int) -> str:
    return f"{turn * row['sort_key']}_{turn * row['tie']}"


def all_people(reader: Reader, shop_id: int, as_of_day: int, wanted: Wanted) -> list[int]:
    """Every person that matches, by number: for acts on a whole list."""
    found = reader.query(
        "customers_page", _ALL.replace("{among}", _among(wanted.persons)), shop_id=shop_id, as_of_day=as_of_day,
        sort="net", sign=-1, tie=1, **wanted.params(),
    )  # fmt: skip
    return sorted(found["person_id"].to_pylist())


def customer_of_order(reader: Reader, shop_id: int, order_id: str) -> int | None:
    """The customer of an order by its exact number."""
    found = reader.query("order_customer", shop_id=shop_id, order_id=order_id).to_pylist()
    return found[0]["customer_id"] if found else None


def reach_by_person(
    reader: Reader, shop_id: int, people: Sequence[int]
) -> dict[int, dict[str, dict[str, Any]]]:
    """{person: {channel: row of the reach mirror}} for those about whom something was decided."""
    found: dict[int, dict[str, dict[str, Any]]] = {}
    around = (
        f"SELECT * FROM {{rows}} AS r WHERE {_numbers('person_id', people)} ORDER BY r.person_id, r.channel"
    )
    rows = reader.query("person_reach", around, shop_id=shop_id).to_pylist()
    for row in rows:
        found.setdefault(row["person_id"], {})[row["channel"]] = row
    return found


def features_of(reader: Reader, shop_id: int, person_id: int, as_of_day: int) -> dict[str, Any] | None:
    """What the features of a day say of one person; None when that day does not know them."""
    around = "SELECT * FROM {rows} AS r WHERE r.as_of_day = $as_of_day"
    given = {"shop_id": shop_id, "person_id": person_id, "as_of_day": as_of_day}
    rows = reader.query("person_features", around, **given).to_pylist()
    return rows[0] if rows else None


def own_customers(reader: Reader, shop_id: int, person_id: int) -> list[int]:
    """The customer numbers of one person as the mirror has them."""
    found: list[int] = reader.query("person_customers", shop_id=shop_id, person_id=person_id)[
        "customer_id"
    ].to_pylist()
    return found


def orders_of(reader: Reader, shop_id: int, customers: Sequence[int]) -> list[dict[str, Any]]:
    """All orders of these customers, the newest first."""
    own = _numbers("customer_id", customers)
    around = f"SELECT * FROM {{rows}} AS r WHERE {own} ORDER BY r.created_at DESC, r.order_id DESC"
    rows: list[dict[str, Any]] = reader.query("person_orders", around, shop_id=shop_id).to_pylist()
    return rows


def reviews_of(
    reader: Reader, shop_id: int, orders: Sequence[dict[str, Any]], most: int = 200
) -> list[dict[str, Any]]:
    """The reviews of these orders, the newest first."""
    own, given = _texts("order_id", _ids(orders))
    around = (
        f"SELECT * FROM {{rows}} AS r WHERE {own} ORDER BY r.at DESC, r.order_id, r.product_id LIMIT {most}"
    )
    rows: list[dict[str, Any]] = reader.query(
        "person_reviews", around, shop_id=shop_id, **given
    ).to_pylist()  # fmt: skip
    return rows


def refunds_of(
    reader: Reader, shop_id: int, customers: Sequence[int], orders: Sequence[dict[str, Any]], most: int = 200
) -> list[dict[str, Any]]:
    """The refunds of these orders and those that name one of the customers, the newest first."""
    own, given = _texts("order_id", _ids(orders))
    around = (
        "SELECT r.refund_id, r.order_id, r.amount_cents, r.kind, r.phase, r.reason, r.state, r.created_at, "
        f"r.finished_at FROM {{rows}} AS r WHERE {own} OR {_numbers('customer_id', customers)} "
        f"ORDER BY r.created_at DESC, r.refund_id LIMIT {most}"
    )
    rows: list[dict[str, Any]] = reader.query(
        "person_refunds", around, shop_id=shop_id, **given
    ).to_pylist()  # fmt: skip
    return rows


def categories_of(
    reader: Reader, shop_id: int, orders: Sequence[dict[str, Any]], most: int = 50
) -> list[dict[str, Any]]:
    """What was bought with these orders by category, the most money first: paid ones that the reader counts."""
    counted = [row for row in orders if row["paid_at"] is not None and row["flag"] not in reader.exclude]
    # Lines lie in the month of their order: the other months' files are not opened.
    of_months, months = _texts("month", sorted({row["month"] for row in counted}))
    of_orders, ids = _texts("order_id", _ids(counted))
    around = f"""
SELECT
  r.category, count(DISTINCT r.order_id) AS orders, CAST(sum(r.quantity) AS BIGINT) AS pieces,
  CAST(sum(r.net_cents) AS BIGINT) AS net_cents
FROM {{rows}} AS r WHERE {of_months} AND {of_orders}
GROUP BY r.category ORDER BY net_cents DESC, category LIMIT {most}
"""
    rows: list[dict[str, Any]] = reader.query(
        "person_lines", around, shop_id=shop_id, **months, **ids
    ).to_pylist()  # fmt: skip
    return rows


def _ids(orders: Sequence[dict[str, Any]]) -> list[str]:
    return [row["order_id"] for row in orders]


def _numbers(name: str, values: Sequence[int]) -> str:
    """The column of `r` is one of these numbers."""
    return f"r.{name} IN ({', '.join(str(int(value)) for value in values)})" if values else "false"


def _texts(name: str, values: Sequence[str]) -> tuple[str, dict[str, str]]:
    """The column of `r` is one of these texts, and the parameters that hold them."""
    given = {f"{name}_{at}": value for at, value in enumerate(values)}
    return f"r.{name} IN ({', '.join(f'${one}' for one in given)})" if given else "false", given


def customers_of_orders(reader: Reader, shop_id: int, order_ids: Sequence[str]) -> dict[str, int]:
    """{order: customer} of those of the orders that the shop has and whose buyer is known."""
    rows = reader.rows(
        "SELECT o.order_id, o.customer_id FROM orders AS o WHERE o.shop_id = $shop_id AND o.customer_id IS NOT NULL "
        "AND o.order_id IN (SELECT unnest(CAST($order_ids AS VARCHAR[])))",
        {"shop_id": shop_id, "order_ids": list(order_ids)},
    )
    return {row["order_id"]: row["customer_id"] for row in rows}

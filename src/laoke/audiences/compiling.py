"""A filter tree compiled to one query, built from expressions and never from pasted text.

The fast path reads `customer_features` and mirrors only; a window that is not precomputed, a product or a contact adds
one grouped pass over the facts. Every condition compiles to a definite yes or no (never null), so that `not` means not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from sqlglot import exp

from laoke.audiences.sources import (
    FEATURES,
    Sources,
    bigint,
    column,
    day_number,
    is_not_null,
    number,
    or_zero,
    precomputed,
)
from laoke.audiences.tree import (
    Amount,
    And,
    Between,
    BoughtProduct,
    Bounds,
    Condition,
    Consented,
    Day,
    Has,
    Node,
    Not,
    OneOf,
    Or,
    Reachable,
    Tagged,
    Window,
    conditions,
)
from laoke.warehouse.functions import check_functions

# The column of facts or features behind each measure.
MEASURE_COLUMNS = {
    "bought": "orders",
    "items": "item_count",
    "used_coupon": "coupon_orders",
    "spent": "paid_cents",
    "net_spent": "net_cents",
    "refunded": "refunded_cents",
}
# What money back that names no order does to a measure, as in the features.
BACK_JOINS: dict[str, type[exp.Add] | type[exp.Sub]] = {"refunded_cents": exp.Add, "net_cents": exp.Sub}
FIELD_COLUMNS = {"group": "group3"}
_SUFFIXES = {
    "city": ("市",),
    "province": ("省", "市", "特别行政区", "维吾尔自治区", "壮族自治区", "回族自治区", "自治区"),
}


@dataclass(frozen=True)
class Compiled:
    """A query with the values of its parameters. `columns` names what it gives, in order."""

    sql: str
    params: dict[str, str]
    columns: tuple[str, ...] = ()


class Compiler:
    """Compiles one tree for one shop and day; the conditions share their sources."""

    def __init__(self, shop_id: int, as_of_day: int) -> None:
        self.sources = Sources(shop_id, as_of_day)
        self.as_of_day = as_of_day

    def holds(self, node: Node) -> exp.Expr:
        """The tree as a boolean expression."""
        match node:
            case And(parts):
                return exp.and_(*(self.holds(part) for part in parts))
            case Or(parts):
                return exp.or_(*(self.holds(part) for part in parts))
            case Not(part):
                return exp.not_(self.holds(part))
            case Amount(measure, bounds, window):
                return self._amount(measure, bounds, window)
            case Day():
                return self._day(node)
            case OneOf(field, values):
                return column(FEATURES, FIELD_COLUMNS.get(field, field)).isin(
                    *(self.sources.text(value) for value in _spellings(field, values))
                )
            case Tagged(tag):
                return is_not_null(column(self.sources.tag(tag), "person_id"))
            case Reachable(channel):
                return is_not_null(column(self.sources.allowed("reachable", channel), "person_id"))
            case Consented(channel):
                return is_not_null(column(self.sources.allowed("consented", channel), "person_id"))
            case Has(contact):
                return or_zero(column(self.sources.contacts(), f"has_{contact}")).eq(number(1))
            case BoughtProduct(_, bounds, _):
                return between(self.value(node), bounds)
            case _:
                return exp.true()

    def value(self, node: Condition) -> exp.Expr:
        """What the condition looks at: a number, a text, a day or a flag of the person."""
        match node:
            case Amount("average_order", _, window):
                days = self._measure("bought", window)
                paid = self._measure("spent", window)
                whole = exp.IntDiv(this=paid, expression=days.copy())
                return exp.Case().when(days > number(0), whole)
            case Amount(measure, _, window):
                return self._measure(measure, window)
            case Day(field, _):
                return column(FEATURES, "last_day" if field == "last_order" else "first_day")
            case OneOf(field, _):
                return column(FEATURES, FIELD_COLUMNS.get(field, field))
            case Tagged() | Has() | Consented():
                return self.holds(node)
            case Reachable(channel):
                return column(self.sources.reach(channel), "reason")
            case BoughtProduct(words, _, window):
                return or_zero(column(self.sources.product(words, window), "orders"))
            case _:
                return column(FEATURES, "person_id")

    def _measure(self, measure: str, window: Window) -> exp.Expr:
        name = MEASURE_COLUMNS[measure]
        ready = precomputed(name, window)
        if ready:
            return column(FEATURES, ready)
        of_orders = or_zero(column(self.sources.orders(window), name))
        if name not in BACK_JOINS:
            return of_orders
        back = or_zero(column(self.sources.sent_back(window), "cents"))
        return exp.paren(BACK_JOINS[name](this=of_orders, expression=back))

    def _amount(self, measure: str, bounds: Bounds, window: Window) -> exp.Expr:
        if measure != "average_order":
            return between(self._measure(measure, window), bounds)
        # paid / days compared without dividing, so that no cent is lost.
        days, paid = bigint(self._measure("bought", window)), self._measure("spent", window)
        tests: list[exp.Expr] = [days > number(0)]
        if bounds.low is not None:
            tests.append(paid >= exp.Mul(this=days.copy(), expression=number(bounds.low)))
        if bounds.high is not None:
            tests.append(paid.copy() <= exp.Mul(this=days.copy(), expression=number(bounds.high)))
        return exp.and_(*tests)

    def _day(self, node: Day) -> exp.Expr:
        day = self.value(node)
        if isinstance(node.when, Between):
            first, last = day_number(node.when.first), day_number(node.when.last)
            tests = [day >= number(first), day.copy() <= number(last)]
        else:
            # So many days ago at least is on or before that day.
            low, high = node.when.low, node.when.high
            tests = [] if high is None else [day >= number(self.as_of_day - high)]
            tests += [] if low is None else [day.copy() <= number(self.as_of_day - low)]
        return exp.and_(is_not_null(day.copy()), *tests)


def between(value: exp.Expr, bounds: Bounds) -> exp.Expr:
    """The value lies within the bounds."""
    if bounds.low is not None and bounds.low == bounds.high:
        return value.eq(number(bounds.low))
    tests: list[exp.Expr] = [] if bounds.low is None else [value.copy() >= number(bounds.low)]
    tests += [] if bounds.high is None else [value.copy() <= number(bounds.high)]
    return exp.and_(*tests)


def _spellings(field: str, values: Sequence[str]) -> list[str]:
    """The values and, for places, their names without and with 省 or 市: facts may spell them either way."""
    spelled = list(values)
    suffixes = _SUFFIXES.get(field, ())
    for value in values:
        for suffix in suffixes:
            if value.endswith(suffix) and len(value) - len(suffix) >= 2:
                spelled.append(value.removesuffix(suffix))
                break
        else:
            spelled += [value + suffix for suffix in suffixes]
    return list(dict.fromkeys(spelled))


def finished(compiler: Compiler, query: exp.Select, columns: Sequence[str] = ()) -> Compiled:
    """The query as SQL, refused when it uses a function that the engines do not share."""
    sql = query.sql(dialect="duckdb", pretty=True)
    check_functions(sql)
    return Compiled(sql, dict(compiler.sources.params), tuple(columns))


@lru_cache(maxsize=256)
def count_query(node: Node, shop_id: int, as_of_day: int) -> Compiled:
    """How many persons the filter holds for: one row `n`."""
    compiler = Compiler(shop_id, as_of_day)
    holds = compiler.holds(node)
    count = exp.alias_(exp.Count(this=exp.Star()), "n")
    return finished(compiler, compiler.sources.query([count]).where(holds), ("n",))


@lru_cache(maxsize=256)
def steps_query(node: Node, shop_id: int, as_of_day: int) -> Compiled:
    """Persons by how many parts of the outermost and held before one failed: rows (passed, n)."""
    compiler = Compiler(shop_id, as_of_day)
    parts = node.parts if isinstance(node, And) else (node,)
    passed = exp.Case()
    for at, part in enumerate(parts):
        passed = passed.when(exp.not_(compiler.holds(part)), number(at))
    passed = passed.else_(number(len(parts)))
    count = exp.alias_(exp.Count(this=exp.Star()), "n")
    query = compiler.sources.query([exp.alias_(passed, "passed"), count]).group_by(passed.copy())
    return finished(compiler, query, ("passed", "n"))


@lru_cache(maxsize=256)
def members_query(node: Node, shop_id: int, as_of_day: int, values: bool = False) -> Compiled:
    """The persons by number; with `values` also what each condition looked at, as columns named by `value_names`."""
    compiler = Compiler(shop_id, as_of_day)
    holds = compiler.holds(node)
    selected: list[exp.Expr] = [column(FEATURES, "person_id")]
    columns = ["person_id"]
    if values:
        for name, condition in value_names(node).items():
            selected.append(exp.alias_(compiler.value(condition), name))
            columns.append(name)
    query = compiler.sources.query(selected).where(holds).order_by(column(FEATURES, "person_id"))
    return finished(compiler, query, columns)


def explain_query(node: Node, shop_id: int, as_of_day: int, person_id: int) -> Compiled:
    """Of one person, for each condition from left to right: whether it holds (c1, c2, …) and what it saw (v1, …)."""
    compiler = Compiler(shop_id, as_of_day)
    selected: list[exp.Expr] = []
    columns: list[str] = []
    for at, condition in enumerate(conditions(node), start=1):
        selected.append(exp.alias_(compiler.holds(condition), f"c{at}"))
        selected.append(exp.alias_(compiler.value(condition), f"v{at}"))
        columns += [f"c{at}", f"v{at}"]
    query = compiler.sources.query(selected).where(column(FEATURES, "person_id").eq(number(person_id)))
    return finished(compiler, query, columns)


def value_names(node: Node) -> dict[str, Condition]:
    """A column name for each distinct value that a filter looks at: `orders_365`, `city`, `tag_1` …"""
    named: dict[str, Condition] = {}
    seen: dict[tuple[object, ...], str] = {}
    for condition in conditions(node):
        key = _value_key(condition)
        if key is None or key in seen:
            continue
        base = str(key[0])
        name = base if base not in named else f"{base}_{len(named) + 1}"
        seen[key], named[name] = name, condition
    return named


def _value_key(condition: Condition) -> tuple[object, ...] | None:
    """What tells two values apart, a name for the column first; None when there is nothing to see."""
    match condition:
        case Amount(measure, _, window):
            days = getattr(window, "days", None)
            return (f"{measure}_{days}d" if days is not None else measure, window)
        case Day(field, _) | OneOf(field, _):
            return (field,)
        case Tagged(tag):
            return ("tag", tag)
        case Reachable(channel):
            return (f"reach_{channel}",)
        case Consented(channel):
            return (f"consent_{channel}",)
        case Has(contact):
            return (f"has_{contact}",)
        case BoughtProduct(words, _, window):
            return ("product_days", words, window)
        case _:
            return None

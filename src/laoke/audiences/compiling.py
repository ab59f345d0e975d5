"""A filter tree compiled to one query, built from expressions and never from pasted text.

The fast path reads `customer_features` and mirrors only; a window that is not precomputed, a product or a contact adds
one grouped pass over the facts. Every condition compiles to a definite yes or no (never null), so that `not` means not.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from sqlglot import exp, parse_one

from laoke.audiences import fact_sources
from laoke.audiences.city_tiers import CITIES
from laoke.audiences.compiled import Compiled, finished
from laoke.audiences.condition_sources import count_source, sequence_source
from laoke.audiences.fact_sources import count_of
from laoke.audiences.narrowing import by_count, holds_without, in_any, who_followed
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
    EXPECTED,
    SHARE_MEASURES,
    WEEKDAYS,
    WHOLE,
    Amount,
    And,
    Between,
    Birthday,
    BoughtPriced,
    BoughtProduct,
    Bounds,
    Condition,
    Consented,
    Coupons,
    Day,
    Expected,
    HadCase,
    Has,
    High,
    InGroup,
    InSegment,
    Node,
    Not,
    OfGoods,
    OneOf,
    Or,
    RandomShare,
    Reachable,
    RefundTimes,
    Reviewed,
    Rewards,
    Tagged,
    Touched,
    Trait,
    TreeError,
    Window,
    conditions,
)
from laoke.audiences.tree import Sequence as Steps
from laoke.experiments.assignment import Q, mix_sql, salt_of

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
FIELD_COLUMNS = {
    "group": "group3", "city_tier": "city", "usual_weekday": "weekday_mode", "bought_month": "months_mask",
}  # fmt: skip
_SUFFIXES = {
    "city": ("市",),
    "province": ("省", "市", "特别行政区", "维吾尔自治区", "壮族自治区", "回族自治区", "自治区"),
}


class Compiler:
    """Compiles one tree for one shop and day; the conditions share their sources."""

    def __init__(
        self, shop_id: int, as_of_day: int, days_to_two: bool = False, only_whether: bool = False
    ) -> None:
        self.sources = Sources(shop_id, as_of_day, days_to_two, only_whether)
        self.as_of_day = as_of_day

    @classmethod
    def that_decides(cls, shop_id: int, as_of_day: int, *nodes: Node, in_where: bool = True) -> Compiler:
        """For queries that only ask whether these trees hold, and show no value of any condition; `in_where` unless
        they ask it elsewhere."""
        return cls(shop_id, as_of_day, all(two_days_decide(node) for node in nodes), in_where)

    def holds(self, node: Node) -> exp.Expr:
        """The tree as a boolean expression."""
        match node:
            case And(parts):
                return exp.and_(*self._all_of(parts))
            case Or(parts):
                return exp.or_(*self._any_of(parts))
            case Not(part):
                return exp.not_(self.holds(part))
            case Amount(measure, bounds, window):
                return self._amount(measure, bounds, window)
            case Day():
                return self._day(node)
            case OneOf(field, values):
                return self._one_of(field, values)
            case InGroup(group):
                return self.sources.in_group(group)
            case Tagged(tag):
                return self.sources.tag(tag)
            case Reachable() | Consented():
                return self.sources.allowed(*_permission(node))
            case Has(contact):
                return or_zero(column(self.sources.contacts(), f"has_{contact}")).eq(number(1))
            case Expected() | Trait("active_probability"):
                return self._valued([node])
            case Trait(name, bounds):
                return self._trait(name, bounds)
            case High(what):
                return column(FEATURES, f"{what[0]}_high")
            case RandomShare(share, seed):
                return exp.Mul(this=_drawn(seed), expression=number(WHOLE)) < number(share * Q)
            case InSegment(name, tree):
                if tree is None:
                    raise TreeError("segment_missing", name=name)
                return exp.paren(self.holds(tree))
            case Birthday():
                return count_of(fact_sources.birthdays(self.sources, node.days), "hit").eq(number(1))
            case Steps() if self.sources.only_whether:
                return self._stepped(node)
            case Steps():
                # No row (null) says that the first never happened: neither followed nor not followed.
                followed = exp.Coalesce(this=self.value(node), expressions=[number(-1)])
                return followed.eq(number(0 if node.negated else 1))
            case HadCase() | Touched() | Coupons() | Rewards() if self.sources.only_whether:
                return self._counted(node)
            case (
                BoughtProduct()
                | HadCase()
                | OfGoods()
                | BoughtPriced()
                | Reviewed()
                | RefundTimes()
                | Touched()
                | Coupons()
                | Rewards()
            ):
                return between(self.value(node), node.bounds)
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
            case Amount(measure, _, window) if measure in SHARE_MEASURES:
                part, of = self._share(measure, window)
                tenths = exp.paren(exp.Mul(this=part, expression=number(WHOLE)))
                return exp.Case().when(of > number(0), exp.IntDiv(this=tenths, expression=of.copy()))
            case Amount(measure, _, window):
                return self._measure(measure, window)
            case Day(field, _):
                return column(FEATURES, "last_day" if field == "last_order" else "first_day")
            case OneOf("birthday_month", values):
                return column(fact_sources.birth_months(self.sources, values), "birthday")
            case OneOf("platform_level", _):
                return column(fact_sources.levels(self.sources, None), "level")
            case OneOf(field, _):
                return column(FEATURES, FIELD_COLUMNS.get(field, field))
            case Tagged() | InGroup() | Has() | Consented() | High() | InSegment():
                return self.holds(node)
            case Expected() | Trait("active_probability"):
                return _said(node, fact_sources.value(self.sources))
            case Trait(name, _):
                return self._trait_value(name)
            case RandomShare(_, seed):
                return exp.IntDiv(
                    this=exp.paren(exp.Mul(this=_drawn(seed), expression=number(WHOLE))), expression=number(Q)
                )
            case Reachable(channel):
                return column(self.sources.reach(channel), "reason")
            case BoughtProduct(words, _, window):
                return or_zero(column(self.sources.product(words, window), "orders"))
            case _:
                return self._fact(node)

    def _all_of(self, parts: Sequence[Node]) -> list[exp.Expr]:
        """The parts of an and; what it asks of customer value is asked together."""
        valued = [part for part in parts if isinstance(part, Expected | Trait) and _is_of_value(part)]
        together = [self._valued(valued)] if self.sources.only_whether and valued else []
        return [*(self.holds(part) for part in parts if not together or part not in valued), *together]

    def _any_of(self, parts: Sequence[Node]) -> list[exp.Expr]:
        """The parts of an or; what it asks of consent and reach is asked together."""
        permitted = [part for part in parts if isinstance(part, Reachable | Consented)]
        if not self.sources.only_whether or len(permitted) < 2:
            return [self.holds(part) for part in parts]
        flags = tuple(_permission(part) for part in permitted)
        together = self.sources.is_among(
            ("allowed", *flags), lambda: in_any([self.sources.allowing(*flag) for flag in flags])
        )
        return [*(self.holds(part) for part in parts if part not in permitted), together]

    def _valued(self, nodes: Sequence[Condition]) -> exp.Expr:
        """Whether customer value says so of all of these, which it says nothing of for some."""
        whether = self.sources.only_whether
        table = "customer_value" if whether else fact_sources.value(self.sources)
        said = [(_said(node, table), node.bounds) for node in nodes]  # type: ignore[union-attr]
        tests = [between(value, bounds) for value, bounds in said]
        if not whether:
            return exp.and_(*(is_not_null(value.copy()) for value, _bounds in said), *tests)
        return self.sources.is_among(
            ("value", *nodes), lambda: fact_sources.valued(self.sources).where(*tests)
        )

    def _counted(self, node: HadCase | Touched | Coupons | Rewards) -> exp.Expr:
        """Whether a count of single facts lies within its bounds, where nobody asks for the count itself."""
        among = self.sources.narrowed(
            lambda sources: count_source(sources, node),
            node.bounds,
            lambda body: by_count(body, node.bounds, between),
        )
        return exp.not_(among) if holds_without(node.bounds) else among

    def _stepped(self, node: Steps) -> exp.Expr:
        """Whether a sequence holds, where nobody asks of others whether it does not."""
        if node.negated:
            return self.sources.is_among(
                ("sequence", node),
                lambda: fact_sources.unfollowed(self.sources, node.first, node.then, node.days, node.window),
            )
        return self.sources.narrowed(lambda sources: sequence_source(sources, node), "followed", who_followed)

    def _fact(self, node: Condition) -> exp.Expr:
        """What a condition on single facts counts."""
        match node:
            case Steps():
                return column(sequence_source(self.sources, node), "followed")
            case Birthday(days):
                return column(fact_sources.birthdays(self.sources, days), "birthday")
            case _:
                found = count_source(self.sources, node)
                return count_of(*found) if found else column(FEATURES, "person_id")

    def _one_of(self, field: str, values: Sequence[str]) -> exp.Expr:
        """Never null: who has no such text has none of the values."""
        if field == "usual_weekday":
            mode = column(FEATURES, "weekday_mode")
            return exp.and_(
                is_not_null(mode), mode.copy().isin(*(number(WEEKDAYS.index(one)) for one in values))
            )
        if field == "bought_month":
            bits = sum(1 << (int(month) - 1) for month in set(values))
            both = exp.BitwiseAnd(this=column(FEATURES, "months_mask"), expression=number(bits))
            return exp.paren(both) > number(0)
        if field == "birthday_month":
            return count_of(fact_sources.birth_months(self.sources, tuple(values)), "hit").eq(number(1))
        if field == "platform_level":
            return is_not_null(column(fact_sources.levels(self.sources, tuple(values)), "person_id"))
        if field == "city_tier":
            values, field = [city for tier in values for city in CITIES[tier]], "city"
        return column(FEATURES, FIELD_COLUMNS.get(field, field)).isin(
            *(self.sources.text(value) for value in _spellings(field, values))
        )

    def _trait(self, name: str, bounds: Bounds) -> exp.Expr:
        """Gaps are compared as span and number of gaps, without dividing; false where there is none."""
        orders = exp.Sub(this=bigint(column(FEATURES, "orders")), expression=number(1))
        span = column(FEATURES, "last_day") - column(FEATURES, "first_day")
        if name == "mean_gap":
            return exp.and_(
                column(FEATURES, "orders") >= number(2), *_at_least_and_most(span, orders, bounds)
            )
        if name == "overdue":
            since = exp.paren(number(self.as_of_day) - column(FEATURES, "last_day"))
            gone = exp.Mul(this=exp.Mul(this=since, expression=exp.paren(orders)), expression=number(WHOLE))
            return exp.and_(column(FEATURES, "orders") >= number(2), *_at_least_and_most(gone, span, bounds))
        value = self._trait_value(name)
        return exp.and_(is_not_null(value.copy()), between(value, bounds))

    def _trait_value(self, name: str) -> exp.Expr:
        match name:
            case "mean_gap":
                return column(FEATURES, "mean_gap_days")
            case "overdue":
                orders = exp.paren(bigint(column(FEATURES, "orders")) - number(1))
                since = exp.paren(number(self.as_of_day) - column(FEATURES, "last_day"))
                gone = exp.paren(
                    exp.Mul(this=exp.Mul(this=since, expression=orders), expression=number(WHOLE))
                )
                span = exp.paren(column(FEATURES, "last_day") - column(FEATURES, "first_day"))
                many = column(FEATURES, "orders") >= number(2)
                return exp.Case().when(many, exp.IntDiv(this=gone, expression=span))
            case "fm_score":
                both = column(FEATURES, "f_score") + column(FEATURES, "m_score") + number(1)
                return exp.IntDiv(this=exp.paren(both), expression=number(2))
            case "usual_hour":
                return column(FEATURES, "hour_mode")
            case "rfm_spent":
                return column(FEATURES, "rfm_cents")
            case _:
                return column(FEATURES, name)

    def _share(self, measure: str, window: Window) -> tuple[exp.Expr, exp.Expr]:
        """The part and the whole of a share."""
        if measure == "refund_share":
            return bigint(self._measure("refunded", window)), bigint(self._measure("spent", window))
        table = fact_sources.shares(self.sources, window)
        return bigint(count_of(table, "coupons")), bigint(count_of(table, "n"))

    def _measure(self, measure: str, window: Window) -> exp.Expr:
        if measure == "full_price":
            return count_of(fact_sources.shares(self.sources, window), "at_full_price")
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
        if measure in SHARE_MEASURES:
            part, whole = self._share(measure, window)
            tenths = exp.Mul(this=part, expression=number(WHOLE))
            return exp.and_(whole > number(0), *_at_least_and_most(tenths, whole, bounds))
        if measure != "average_order":
            return between(self._measure(measure, window), bounds)
        # paid / days compared without dividing, so that no cent is lost.
        days, paid = bigint(self._measure("bought", window)), self._measure("spent", window)
        return exp.and_(days > number(0), *_at_least_and_most(paid, days, bounds))

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


def _at_least_and_most(part: exp.Expr, whole: exp.Expr, bounds: Bounds) -> list[exp.Expr]:
    """part / whole lies within the bounds, for a whole above 0."""
    tests: list[exp.Expr] = []
    if bounds.low is not None:
        tests.append(part >= exp.Mul(this=_times(whole), expression=number(bounds.low)))
    if bounds.high is not None:
        tests.append(part.copy() <= exp.Mul(this=_times(whole), expression=number(bounds.high)))
    return tests


def _rounded(value: exp.Expr, times: int) -> exp.Expr:
    """A fraction as whole parts, rounded as it is shown: what is compared is what one sees."""
    parts = exp.Mul(this=value, expression=number(times)) + exp.Literal.number("0.5")
    return bigint(exp.Floor(this=parts))


def _is_of_value(node: Expected | Trait) -> bool:
    return isinstance(node, Expected) or node.name == "active_probability"


def _said(node: Condition, table: str) -> exp.Expr:
    """What a table of customer value says of a person, as it is shown."""
    if not isinstance(node, Expected):
        return _rounded(column(table, "p_alive"), WHOLE)
    said = column(table, f"{node.measure.removeprefix('expected_')}_{node.days}")
    return said if EXPECTED[node.measure] == "money" else _rounded(said, 100)


def _permission(node: Node) -> tuple[str, str]:
    """The flag of the reach mirror and the channel that a condition asks for."""
    assert isinstance(node, Reachable | Consented)
    return ("reachable" if isinstance(node, Reachable) else "consented"), node.channel


def _times(whole: exp.Expr) -> exp.Expr:
    """The expression as a factor."""
    return exp.paren(whole.copy()) if isinstance(whole, exp.Binary) else whole.copy()


@lru_cache(maxsize=64)
def _drawn_once(seed: str) -> exp.Expr:
    text = mix_sql(f"{FEATURES}.person_id", salt_of("random_share", seed))
    return exp.paren(parse_one(text, read="duckdb"))


def _drawn(seed: str) -> exp.Expr:
    """The house's mix of the person's id: a number below Q, the same for the same word."""
    return _drawn_once(seed).copy()


def two_days_decide(node: Node) -> bool:
    """Whether no condition of a tree tells more than two purchase days apart that are counted from the facts."""
    for one in conditions(node):
        match one:
            case Amount("bought" | "average_order", _, window) if precomputed("orders", window):
                continue
            case Amount("average_order"):
                return False
            case Amount("bought", bounds) | BoughtProduct(_, bounds) | BoughtPriced(_, bounds):
                decides = _two_decide(bounds)
            case OfGoods("bought_category", _, bounds):
                decides = _two_decide(bounds)
            case InSegment(_, tree):
                decides = tree is None or two_days_decide(tree)
            case _:
                continue
        if not decides:
            return False
    return True


def _two_decide(bounds: Bounds) -> bool:
    return (bounds.low or 0) <= 2 and (bounds.high is None or bounds.high <= 1)


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


@lru_cache(maxsize=256)
def count_query(node: Node, shop_id: int, as_of_day: int) -> Compiled:
    """How many persons the filter holds for: one row `n`."""
    compiler = Compiler.that_decides(shop_id, as_of_day, node)
    holds = compiler.holds(node)
    count = exp.alias_(exp.Count(this=exp.Star()), "n")
    return finished(compiler.sources, compiler.sources.query([count]).where(holds), ("n",))


@lru_cache(maxsize=256)
def steps_query(node: Node, shop_id: int, as_of_day: int) -> Compiled:
    """Persons by how many parts of the outermost and held before one failed: rows (passed, n)."""
    compiler = Compiler.that_decides(shop_id, as_of_day, node, in_where=False)
    parts = node.parts if isinstance(node, And) else (node,)
    passed = exp.Case()
    for at, part in enumerate(parts):
        passed = passed.when(exp.not_(compiler.holds(part)), number(at))
    passed = passed.else_(number(len(parts)))
    count = exp.alias_(exp.Count(this=exp.Star()), "n")
    query = compiler.sources.query([exp.alias_(passed, "passed"), count]).group_by(passed.copy())
    return finished(compiler.sources, query, ("passed", "n"))


@lru_cache(maxsize=256)
def members_query(node: Node, shop_id: int, as_of_day: int, values: bool = False) -> Compiled:
    """The persons by number; with `values` also what each condition looked at, as columns named by `value_names`."""
    compiler = Compiler(shop_id, as_of_day) if values else Compiler.that_decides(shop_id, as_of_day, node)
    holds = compiler.holds(node)
    selected: list[exp.Expr] = [column(FEATURES, "person_id")]
    columns = ["person_id"]
    if values:
        for name, condition in value_names(node).items():
            selected.append(exp.alias_(compiler.value(condition), name))
            columns.append(name)
    query = compiler.sources.query(selected).where(holds).order_by(column(FEATURES, "person_id"))
    return finished(compiler.sources, query, columns)


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
    return finished(compiler.sources, query, columns)


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


_FACT_NAMES: dict[type, str] = {
    Steps: "sequence", Reviewed: "reviews", RefundTimes: "refunds", Touched: "touches", Coupons: "coupons",
}  # fmt: skip


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
        case InGroup(group):
            return ("in_group", group)
        case Reachable(channel):
            return (f"reach_{channel}",)
        case Consented(channel):
            return (f"consent_{channel}",)
        case Has(contact):
            return (f"has_{contact}",)
        case BoughtProduct(words, _, window):
            return ("product_days", words, window)
        case OfGoods(measure, words, _, window):
            return (measure, words, window)
        case BoughtPriced(price, _, window):
            return ("priced_days", price, window)
        case Trait(name, _):
            return (name,)
        case Expected(measure, _, days):
            return (f"{measure}_{days}d",)
        case Rewards(measure, _, lottery, window):
            return (measure, lottery, window)
        case High(what):
            return (f"high_{what}",)
        case InSegment(name, _):
            return ("segment", name)
        case RandomShare(_, seed):
            return ("random_share", seed)
        case Birthday():
            return ("birthday",)
        case Steps() | Reviewed() | RefundTimes() | Touched() | Coupons():
            return (_FACT_NAMES[type(condition)], condition)
        case HadCase():
            return ("cases", condition)
        case _:
            return None

"""The queries around a segment that are no count: who they are, how they can be reached, what they bring.

Built over the members query as a subquery, so that every figure is about the same people.
"""

from __future__ import annotations

from functools import lru_cache

from sqlglot import exp

from laoke.audiences.compiled import Compiled, finished
from laoke.audiences.compiling import Compiler
from laoke.audiences.sources import (
    FEATURES,
    Sources,
    bigint,
    column,
    is_not_null,
    number,
    or_zero,
    person_map,
    person_of,
    same_customer,
)
from laoke.audiences.tree import Everyone, Node

PROFILE_COLUMNS = (
    "person_id", "first_day", "last_day", "orders", "orders_365", "paid_cents", "net_cents", "net_cents_365",
    "lifecycle", "group3", "rfm", "province", "city",
)  # fmt: skip


@lru_cache(maxsize=256)
def shape_query(node: Node, shop_id: int, as_of_day: int) -> Compiled:
    """Members by lifecycle and group: rows (lifecycle, group3, n, orders, paid_cents, net_cents, net_cents_365)."""
    compiler = Compiler.that_decides(shop_id, as_of_day, node)
    holds = compiler.holds(node)
    groups = [column(FEATURES, "lifecycle"), column(FEATURES, "group3")]
    sums = [
        exp.alias_(or_zero(bigint(exp.Sum(this=column(FEATURES, name)))), name)
        for name in ("orders", "paid_cents", "net_cents", "net_cents_365")
    ]
    count = exp.alias_(exp.Count(this=exp.Star()), "n")
    query = compiler.sources.query([*groups, count, *sums]).where(holds)
    query = query.group_by(*(group.copy() for group in groups))
    return finished(
        compiler.sources,
        query,
        ("lifecycle", "group3", "n", "orders", "paid_cents", "net_cents", "net_cents_365"),
    )


@lru_cache(maxsize=256)
def reach_query(node: Node, shop_id: int, as_of_day: int, channel: str) -> Compiled:
    """Members by why they cannot be reached on a channel ('' = they can): rows (reason, n).

    A person without a row in the mirror was never decided upon: not reachable, because of the contact that came
    with the orders, else for want of consent. `reach_rows` of the customers package says the same of the ledger.
    """
    compiler = Compiler.that_decides(shop_id, as_of_day, node)
    holds = compiler.holds(node)
    decided = column(compiler.sources.reach(channel), "reason")
    reason = exp.Coalesce(this=decided, expressions=[undecided_reason(compiler, channel)])
    count = exp.alias_(exp.Count(this=exp.Star()), "n")
    query = compiler.sources.query([exp.alias_(reason, "reason"), count]).where(holds)
    return finished(compiler.sources, query.group_by(reason.copy()), ("reason", "n"))


def undecided_reason(compiler: Compiler, channel: str) -> exp.Expr:
    """Why a person without a row in the reach mirror cannot be reached."""
    if channel == "handover":
        return exp.Literal.string("no_consent")
    contacts = compiler.sources.contacts()
    case = exp.Case()
    if channel == "email":
        has = or_zero(column(contacts, "has_email")).eq(number(0))
        return case.when(has, exp.Literal.string("no_contact")).else_(exp.Literal.string("no_consent"))
    rank = or_zero(column(contacts, "phone_rank"))
    for value, reason in ((0, "no_contact"), (1, "masked"), (2, "invalid")):
        case = case.when(rank.copy().eq(number(value)), exp.Literal.string(reason))
    return case.else_(exp.Literal.string("no_consent"))


@lru_cache(maxsize=64)
def profiles_query(shop_id: int, as_of_day: int, people: tuple[int, ...]) -> Compiled:
    """What a list shows of these persons (at most a page of them), by number."""
    compiler = Compiler(shop_id, as_of_day)
    selected = [column(FEATURES, name) for name in PROFILE_COLUMNS]
    query = compiler.sources.query(selected).where(
        column(FEATURES, "person_id").isin(*(number(one) for one in people))
        if people
        else exp.not_(Compiler(shop_id, as_of_day).holds(Everyone()))
    )
    return finished(compiler.sources, query.order_by(column(FEATURES, "person_id")), PROFILE_COLUMNS)


@lru_cache(maxsize=64)
def overlap_query(nodes: tuple[Node, ...], shop_id: int, as_of_day: int) -> Compiled:
    """One row over all persons: `n_i_j` in both of two filters (i <= j), `apart_i` in that one alone, `anywhere` in one
    at least."""
    compiler = Compiler.that_decides(shop_id, as_of_day, *nodes, in_where=False)
    flags = [
        exp.alias_(exp.Case().when(compiler.holds(node), number(1)).else_(number(0)), f"f{at}")
        for at, node in enumerate(nodes)
    ]
    total: exp.Expr = number(0)
    for at in range(len(nodes)):
        total = total + column("q", f"f{at}")
    selected = []
    for i in range(len(nodes)):
        for j in range(i, len(nodes)):
            both = exp.Mul(this=column("q", f"f{i}"), expression=column("q", f"f{j}"))
            selected.append(_summed(both, f"n_{i}_{j}"))
        alone = exp.Case().when(exp.and_(column("q", f"f{i}").eq(number(1)), total.eq(number(1))), number(1))
        selected.append(_summed(alone.else_(number(0)), f"apart_{i}"))
    anywhere = exp.Case().when(total > number(0), number(1)).else_(number(0))
    selected.append(_summed(anywhere, "anywhere"))
    query = exp.select(*selected).from_(compiler.sources.query(flags).subquery("q"))
    return finished(compiler.sources, query)


def _summed(value: exp.Expr, name: str) -> exp.Expr:
    return exp.alias_(or_zero(bigint(exp.Sum(this=value))), name)


# Purchase days at which a bar of the breakdown begins, as the frequency buckets of RFM are drawn.
ORDER_BANDS = (0, 1, 2, 3, 5, 10)


@lru_cache(maxsize=64)
def bands_query(node: Node, shop_id: int, as_of_day: int) -> Compiled:
    """Members by province and purchase days: rows (province, band, n, net_cents_365); band is the least of its days."""
    compiler = Compiler.that_decides(shop_id, as_of_day, node)
    holds = compiler.holds(node)
    band = exp.Case()
    for least in reversed(ORDER_BANDS):
        band = band.when(column(FEATURES, "orders") >= number(least), number(least))
    province = column(FEATURES, "province")
    net = exp.alias_(or_zero(bigint(exp.Sum(this=column(FEATURES, "net_cents_365")))), "net_cents_365")
    count = exp.alias_(exp.Count(this=exp.Star()), "n")
    query = compiler.sources.query([province, exp.alias_(band, "band"), count, net]).where(holds)
    return finished(
        compiler.sources,
        query.group_by(province.copy(), band.copy()),
        ("province", "band", "n", "net_cents_365"),
    )


@lru_cache(maxsize=64)
def categories_query(shop_id: int, as_of_day: int, most: int) -> Compiled:
    """The categories that most persons bought from in a year: rows (category, persons)."""
    compiler = Compiler(shop_id, as_of_day)
    sources: Sources = compiler.sources
    persons = exp.Count(this=exp.Distinct(expressions=[person_of("o")]))
    of_order = exp.and_(
        column("l", "shop_id").eq(column("o", "shop_id")), column("l", "order_id").eq(column("o", "order_id"))
    )
    of_product = exp.and_(
        column("p", "shop_id").eq(column("l", "shop_id")),
        column("p", "product_id").eq(column("l", "product_id")),
    )
    query = (
        exp.select(column("p", "category"), exp.alias_(persons, "persons"))
        .from_(exp.alias_(exp.to_table("orders_counted"), "o", table=True))
        .join(exp.alias_(exp.to_table("order_lines"), "l", table=True), on=of_order)
        .join(exp.alias_(exp.to_table("products"), "p", table=True), on=of_product)
        .join(person_map(), on=same_customer("o"), join_type="left")
        .where(
            sources.of_shop("o"),
            is_not_null(column("o", "customer_id")),
            column("p", "category").neq(exp.Literal.string("")),
            column("o", "paid_day") >= number(as_of_day - 365),
            column("o", "paid_day") <= number(as_of_day),
        )
        .group_by(column("p", "category"))
        .order_by(exp.Ordered(this=exp.column("persons"), desc=True), column("p", "category"))
        .limit(most)
    )
    return finished(compiler.sources, query, ("category", "persons"))

"""The queries around a segment that are no count: who they are, how they can be reached, what they bring.

Built over the members query as a subquery, so that every figure is about the same people.
"""

from __future__ import annotations

from functools import lru_cache

from sqlglot import exp

from laoke.audiences.compiling import Compiled, Compiler, finished
from laoke.audiences.sources import FEATURES, bigint, column, number, or_zero
from laoke.audiences.tree import Everyone, Node

PROFILE_COLUMNS = (
    "person_id", "first_day", "last_day", "orders", "orders_365", "paid_cents", "net_cents", "net_cents_365",
    "lifecycle", "group3", "rfm", "province", "city",
)  # fmt: skip


@lru_cache(maxsize=256)
def shape_query(node: Node, shop_id: int, as_of_day: int) -> Compiled:
    """Members by lifecycle and group: rows (lifecycle, group3, n, orders, paid_cents, net_cents, net_cents_365)."""
    compiler = Compiler(shop_id, as_of_day)
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
        compiler, query, ("lifecycle", "group3", "n", "orders", "paid_cents", "net_cents", "net_cents_365")
    )


@lru_cache(maxsize=256)
def reach_query(node: Node, shop_id: int, as_of_day: int, channel: str) -> Compiled:
    """Members by why they cannot be reached on a channel ('' = they can): rows (reason, n).

    A person without a row in the mirror was never decided upon: not reachable, because of the contact that came
    with the orders, else for want of consent. `reach_rows` of the customers package says the same of the ledger.
    """
    compiler = Compiler(shop_id, as_of_day)
    holds = compiler.holds(node)
    decided = column(compiler.sources.reach(channel), "reason")
    reason = exp.Coalesce(this=decided, expressions=[undecided_reason(compiler, channel)])
    count = exp.alias_(exp.Count(this=exp.Star()), "n")
    query = compiler.sources.query([exp.alias_(reason, "reason"), count]).where(holds)
    return finished(compiler, query.group_by(reason.copy()), ("reason", "n"))


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
    return finished(compiler, query.order_by(column(FEATURES, "person_id")), PROFILE_COLUMNS)

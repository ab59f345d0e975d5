"""Where a filter's values come from, as parts of one query: the features, mirrors by person, and facts by person.

Each source is a common table expression with one row per person at most, joined to the features once however often the
filter mentions it. Numbers stand in the SQL as literals; texts that people typed are parameters, never SQL.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial

from sqlglot import exp

from laoke.audiences.tree import Between, Window

EPOCH = date(1970, 1, 1).toordinal()
FEATURES = "f"


def column(table: str, name: str) -> exp.Column:
    """`table.name`."""
    return exp.column(name, table=table)


def number(value: int) -> exp.Expr:
    """An integer literal."""
    return exp.Literal.number(value) if value >= 0 else exp.Neg(this=exp.Literal.number(-value))


def bigint(expression: exp.Expr) -> exp.Cast:
    """CAST(… AS BIGINT): sums stay integers."""
    return exp.Cast(this=expression, to=exp.DataType.build("bigint"))


def or_zero(expression: exp.Expr) -> exp.Coalesce:
    """coalesce(…, 0)."""
    return exp.Coalesce(this=expression, expressions=[number(0)])


def is_not_null(expression: exp.Expr) -> exp.Expr:
    """… IS NOT NULL."""
    return exp.Not(this=exp.Is(this=expression, expression=exp.Null()))


def day_number(day: date) -> int:
    """Days since 1970-01-01."""
    return day.toordinal() - EPOCH


@dataclass
class Sources:
    """The sources of one query: asked for by the conditions, joined by `query`.

    `days_to_two` where no condition tells more than two purchase days apart; `only_whether` where conditions stand in
    WHERE alone and nothing else of a person is wanted (`narrowing.py`): `among` holds the sources of these.
    """

    shop_id: int
    as_of_day: int
    days_to_two: bool = False
    only_whether: bool = False
    params: dict[str, str] = field(default_factory=dict)
    tables: dict[tuple[object, ...], tuple[str, exp.Select]] = field(default_factory=dict)
    among: dict[tuple[object, ...], tuple[str, exp.Query]] = field(default_factory=dict)

    def text(self, value: str) -> exp.Parameter:
        """A parameter that holds a text; the same text is the same parameter."""
        for name, given in self.params.items():
            if given == value:
                return exp.Parameter(this=exp.var(name))
        name = f"t{len(self.params) + 1}"
        self.params[name] = value
        return exp.Parameter(this=exp.var(name))

    def tag(self, tag: str) -> exp.Expr:
        """Whether a person has a tag. Few have one: a join finds them sooner, and nobody at once where none has."""
        return self.is_joined(
            ("tag", tag),
            lambda: (
                exp.select(column("customer_tags", "person_id"))
                .from_("customer_tags")
                .where(self.of_shop("customer_tags"), column("customer_tags", "tag").eq(self.text(tag)))
            ),
        )

    def in_group(self, group: str | None) -> exp.Expr:
        """Whether a person is in a chat group, or in any for None: once each, however many they are in."""

        def members() -> exp.Select:
            found = (
                exp.select(column("group_members", "person_id"))
                .from_("group_members")
                .where(self.of_shop("group_members"))
            )
            if group is None:
                return found.distinct()
            return found.where(column("group_members", "group_name").eq(self.text(group)))

        return self.is_joined(("in_group", group), members)

    def allowed(self, flag: str, channel: str) -> exp.Expr:
        """Whether a person is `reachable` or has `consented` on a channel: filtered before the join, half its time."""
        key, build = (flag, channel), partial(self.allowing, flag, channel)
        return self.is_among(key, build) if self.only_whether else self.is_joined(key, build)

    def allowing(self, flag: str, channel: str) -> exp.Select:
        """Persons with a flag of the reach mirror on a channel."""
        return (
            exp.select(column("customer_reach", "person_id"))
            .from_("customer_reach")
            .where(
                self.of_shop("customer_reach"),
                column("customer_reach", "channel").eq(self.text(channel)),
                column("customer_reach", flag),
            )
        )

    def reach(self, channel: str) -> str:
        """Why persons of the reach mirror cannot be reached on a channel, '' = they can."""
        names = ("person_id", "reason")
        return self.join(
            ("reach", channel),
            lambda: (
                exp.select(*(column("customer_reach", name) for name in names))
                .from_("customer_reach")
                .where(
                    self.of_shop("customer_reach"),
                    column("customer_reach", "channel").eq(self.text(channel)),
                )
            ),
        )

    def contacts(self) -> str:
        """What contacts and keys came with a person's orders: has_phone, has_email, has_nick as 0 or 1, and the best
        phone state as a rank (see `PHONE_RANKS`)."""
        return self.join(("contacts",), self._contacts)

    def orders(self, window: Window) -> str:
        """Counted orders by person in a window: purchase days, money, pieces, coupons."""
        return self.join(("orders", window), lambda: self._orders(window))

    def sent_back(self, window: Window) -> str:
        """Money back by person that names no order, by the day it was asked for."""
        return self.join(("sent_back", window), lambda: self._sent_back(window))

    def product(self, words: str, window: Window) -> str:
        """Purchase days by person on which a title with these words was bought."""
        return self.join(("product", words.lower(), window), lambda: self._product(words, window))

    def query(self, selected: Sequence[exp.Expr]) -> exp.Select:
        """SELECT … FROM the features of the day, with every source joined."""
        select = exp.select(*selected).from_(
            exp.alias_(exp.to_table("customer_features"), FEATURES, table=True)
        )
        for name, body in self.tables.values():
            same = column(name, "person_id").eq(column(FEATURES, "person_id"))
            select = select.with_(name, as_=body).join(exp.to_table(name), on=same, join_type="left")
        for name, people in self.among.values():
            select = select.with_(name, as_=people)
        return select.where(self.of_shop(FEATURES), column(FEATURES, "as_of_day").eq(number(self.as_of_day)))

    def join(self, key: tuple[object, ...], build: Callable[[], exp.Select]) -> str:
        """The name of the source with this key, built when it is asked for first; its kind comes first in the key."""
        if key not in self.tables:
            self.tables[key] = (self._next_name(key), build())
        return self.tables[key][0]

    def is_joined(self, key: tuple[object, ...], build: Callable[[], exp.Select]) -> exp.Expr:
        """Whether the person has a row in the source with this key."""
        return is_not_null(column(self.join(key, build), "person_id"))

    def is_among(self, key: tuple[object, ...], build: Callable[[], exp.Query]) -> exp.Expr:
        """Whether the person is among those of a source of `person_id`."""
        if key not in self.among:
            self.among[key] = (self._next_name(key), build())
        people = exp.select("person_id").from_(self.among[key][0])
        within = exp.In(this=column(FEATURES, "person_id"), query=people.subquery())
        # A bare IN is made a join, and of that DuckDB keeps the features in memory where it takes them for fewer.
        return exp.Case().when(within, number(1)).else_(number(0)).eq(number(1))

    def narrowed(
        self, ask: Callable[[Sources], object], kind: object, narrow: Callable[[exp.Select], exp.Select]
    ) -> exp.Expr:
        """Whether the person is in what `narrow` leaves of the source that `ask` would join; `kind` tells what it
        leaves from what others do."""
        beside = replace(self, tables={})
        ask(beside)
        ((key, (_name, body)),) = beside.tables.items()
        return self.is_among((*key, kind), lambda: narrow(body))

    def bodies(self) -> list[exp.Query]:
        """What all sources are read by."""
        return [body for _name, body in (*self.tables.values(), *self.among.values())]

    def _next_name(self, key: tuple[object, ...]) -> str:
        return f"{key[0]}_{len(self.tables) + len(self.among) + 1}"

    def of_shop(self, table: str) -> exp.Expr:
        """The row is the shop's."""
        return column(table, "shop_id").eq(number(self.shop_id))

    def _contacts(self) -> exp.Select:
        person = person_of("c")
        ranks = exp.Case()
        for state, rank in PHONE_RANKS.items():
            ranks = ranks.when(column("c", "phone_state").eq(exp.Literal.string(state)), number(rank))
        return (
            exp.select(
                exp.alias_(person, "person_id"),
                *(
                    exp.alias_(most(column("c", name)), name)
                    for name in ("has_phone", "has_email", "has_nick")
                ),
                exp.alias_(exp.Max(this=ranks.else_(number(0))), "phone_rank"),
            )
            .from_(exp.alias_(exp.to_table("customers"), "c", table=True))
            .join(person_map(), on=same_customer("c"), join_type="left")
            .where(self.of_shop("c"))
            .group_by(person.copy())
        )

    def counted(
        self, window: Window, selected: Sequence[exp.Expr], of: exp.Expr | str = "orders_counted"
    ) -> exp.Select:
        """Counted orders, or their lines, as `o` by person."""
        return self.bought(window, selected, of).group_by(person_of("o"))

    def bought(
        self, window: Window, selected: Sequence[exp.Expr], of: exp.Expr | str = "orders_counted"
    ) -> exp.Select:
        """Counted orders, or their lines, as `o` with their person; unpaid ones have no paid_day and so never pass."""
        return (
            exp.select(exp.alias_(person_of("o"), "person_id"), *selected)
            .from_(exp.alias_(exp.maybe_parse(of, into=exp.Table), "o", table=True))
            .join(person_map(), on=same_customer("o"), join_type="left")
            .where(
                self.of_shop("o"),
                is_not_null(column("o", "customer_id")),
                *self.days(window, column("o", "paid_day")),
            )
        )

    def days(self, window: Window, day: exp.Expr) -> Sequence[exp.Expr]:
        """The window as comparisons of a day column; nothing after the as-of day counts."""
        if isinstance(window, Between):
            last = min(day_number(window.last), self.as_of_day)
            return [day.copy() >= number(day_number(window.first)), day.copy() <= number(last)]
        upper = [day.copy() <= number(self.as_of_day)]
        return upper if window is None else [day.copy() >= number(self.as_of_day - window.days), *upper]

    def _orders(self, window: Window) -> exp.Select:
        coupon = exp.Case().when(column("o", "coupon_used"), number(1)).else_(number(0))
        net = exp.Sub(this=column("o", "paid_cents"), expression=column("o", "refunded_cents"))
        return self.counted(
            window,
            [
                exp.alias_(days_bought(self.days_to_two), "orders"),
                exp.alias_(bigint(exp.Sum(this=column("o", "paid_cents"))), "paid_cents"),
                exp.alias_(bigint(exp.Sum(this=column("o", "refunded_cents"))), "refunded_cents"),
                exp.alias_(bigint(exp.Sum(this=net)), "net_cents"),
                exp.alias_(bigint(exp.Sum(this=column("o", "item_count"))), "item_count"),
                exp.alias_(bigint(exp.Sum(this=coupon)), "coupon_orders"),
            ],
        )

    def _sent_back(self, window: Window) -> exp.Select:
        person = person_of("r")
        return (
            exp.select(
                exp.alias_(person, "person_id"),
                exp.alias_(bigint(exp.Sum(this=column("r", "amount_cents"))), "cents"),
            )
            .from_(exp.alias_(exp.to_table("refunds"), "r", table=True))
            .join(person_map(), on=same_customer("r"), join_type="left")
            .where(
                self.of_shop("r"),
                column("r", "order_id").eq(exp.Literal.string("")),
                is_not_null(column("r", "finished_at")),
                is_not_null(column("r", "customer_id")),
                *self.days(window, column("r", "created_day")),
            )
            .group_by(person.copy())
        )

    def _product(self, words: str, window: Window) -> exp.Select:
        return self.counted(
            window, [exp.alias_(days_bought(self.days_to_two), "orders")], self.mentioning(words, window)
        )

    def mentioning(self, words: str, window: Window) -> exp.Subquery:
        """Buyer and day of each counted order that names a product with these words, in its titles or in a line, once
        for either."""

        def found(table: str, title: str) -> exp.Select:
            return (
                exp.select(*(column("o", name) for name in ("shop_id", "customer_id", "paid_day")))
                .from_(exp.alias_(exp.to_table(table), "o", table=True))
                .where(
                    self.of_shop("o"),
                    *self.days(window, column("o", "paid_day")),
                    mentions(self, column("o", title), words),
                )
            )

        both = exp.union(found("orders_counted", "titles"), found("lines_counted", "title"), distinct=False)
        return exp.Subquery(this=both)


PHONE_RANKS = {"valid": 3, "invalid": 2, "masked": 1}


def most(flag: exp.Expr) -> exp.Max:
    """1 when the flag holds for one row of the group at least, else 0."""
    return exp.Max(this=exp.Case().when(flag, number(1)).else_(number(0)))


def days_bought(to_two: bool) -> exp.Expr:
    """Purchase days of a group of orders `o`; with `to_two` two at most are told apart, which takes half the time."""
    day = column("o", "paid_day")
    if not to_two:
        return exp.Count(this=exp.Distinct(expressions=[day]))
    several = exp.Min(this=day) < exp.Max(this=day.copy())
    return exp.Case().when(several, number(2)).else_(number(1))


def mentions(sources: Sources, title: exp.Expr, words: str) -> exp.Expr:
    """A text has these words, in large or small letters."""
    return exp.Contains(this=exp.Lower(this=title), expression=sources.text(words.lower()))


def person_of(table: str) -> exp.Coalesce:
    """The person of a customer: as mapped, else the customer's own number."""
    return exp.Coalesce(this=column("m", "person_id"), expressions=[column(table, "customer_id")])


def person_map() -> exp.Expr:
    """The mirror of who is one person, as `m`."""
    return exp.alias_(exp.to_table("person_map"), "m", table=True)


def same_customer(table: str) -> exp.Expr:
    """The row of the map is that of the table's customer."""
    return exp.and_(
        column("m", "shop_id").eq(column(table, "shop_id")),
        column("m", "customer_id").eq(column(table, "customer_id")),
    )


_MEASURED = ("orders", "paid_cents", "net_cents", "refunded_cents", "item_count", "coupon_orders")


def precomputed(measure: str, window: Window) -> str:
    """The feature column that holds a measure for this window, or '' when the facts must be asked."""
    if isinstance(window, Between):
        return ""
    return _PRECOMPUTED.get((measure, None if window is None else window.days), "")


_PRECOMPUTED: dict[tuple[str, int | None], str] = {
    **{(measure, None): measure for measure in _MEASURED},
    **{
        (measure, days): f"{measure}_{days}"
        for measure in ("orders", "paid_cents")
        for days in (30, 90, 180, 365)
    },
    ("net_cents", 365): "net_cents_365",
}

"""Sources of one row per person read from single facts: goods, sequences, reviews, refunds, messages, customer records.

Each function gives the SELECT of one source; `sources.Sources` names it and joins it. All of them read counted orders
alone, so what a fake order brought does not count here either.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta

from sqlglot import exp

from laoke.audiences.sources import (
    EPOCH,
    Sources,
    bigint,
    column,
    days_bought,
    is_not_null,
    mentions,
    most,
    number,
    or_zero,
    person_map,
    person_of,
    same_customer,
)
from laoke.audiences.tree import (
    DRAW_MEASURES,
    MESSAGE_STEPS,
    POINT_MEASURES,
    Between,
    Bounds,
    Step,
    Window,
    Within,
)

# States of a message after which the person has got it, or may have; the package that owns messages says the same.
REACHED = (
    "sending", "unknown", "accepted", "delivered", "undelivered", "no_receipt", "given_up", "handed_over",
)  # fmt: skip
DELIVERED = ("delivered",)
# What happened last to a coupon that its holder could still use; the package that owns coupons says the same.
HELD, USED = ("claimed", "rolled_back"), ("redeemed",)
# Kinds of moves by which points come, and why a referral that is void never was one; the package that owns them says
# the same.
EARNED, NONE_AT_ALL = ("earned", "given"), ("same_person", "household", "already")


def goods(sources: Sources, by: str, words: str, window: Window) -> str:
    """Lines of goods by person: purchase days, pieces and money of what the words find."""
    return sources.join(
        ("goods", by, words.lower(), window),
        lambda: _lines(sources, window).where(_wanted(sources, by, words)),
    )


def priced(sources: Sources, price: Bounds, window: Window) -> str:
    """Lines by person whose piece cost so much."""

    def build() -> exp.Select:
        unit = column("o", "unit_price_cents")
        tests: list[exp.Expr] = [] if price.low is None else [unit.copy() >= number(price.low)]
        tests += [] if price.high is None else [unit.copy() <= number(price.high)]
        return _lines(sources, window).where(*tests)

    return sources.join(("priced", price, window), build)


def shares(sources: Sources, window: Window) -> str:
    """Orders by person, how many with a coupon, and how many with nothing taken off their price."""

    def build() -> exp.Select:
        coupon = exp.Case().when(column("o", "coupon_used"), number(1)).else_(number(0))
        full = exp.and_(
            exp.not_(column("o", "coupon_used")),
            column("o", "seller_discount_cents") <= number(0),
            column("o", "platform_discount_cents") <= number(0),
        )
        at_full = exp.Case().when(full, number(1)).else_(number(0))
        return sources.counted(
            window,
            [
                exp.alias_(exp.Count(this=exp.Star()), "n"),
                exp.alias_(bigint(exp.Sum(this=coupon)), "coupons"),
                exp.alias_(bigint(exp.Sum(this=at_full)), "at_full_price"),
            ],
        )

    return sources.join(("shares", window), build)


def _lines(sources: Sources, window: Window) -> exp.Select:
    """Lines of counted orders by person."""
    return sources.counted(
        window,
        [
            exp.alias_(days_bought(sources.days_to_two), "days"),
            exp.alias_(bigint(exp.Sum(this=column("o", "quantity"))), "items"),
            exp.alias_(bigint(exp.Sum(this=column("o", "paid_cents"))), "cents"),
        ],
        "lines_counted",
    )


def _wanted(sources: Sources, by: str, words: str) -> exp.Expr:
    """The line `o` is of the product or category."""
    if by == "product":
        return mentions(sources, column("o", "title"), words)
    return exp.In(this=column("o", "product_id"), query=exp.Subquery(this=_products(sources, words)))


def _products(sources: Sources, words: str) -> exp.Select:
    return (
        exp.select(column("p", "product_id"))
        .from_(exp.alias_(exp.to_table("products"), "p", table=True))
        .where(sources.of_shop("p"), mentions(sources, column("p", "category"), words))
    )


def sequence(
    sources: Sources, first: Step, then: Step, days: int, negated: bool, window: Window
) -> str:  # fmt: skip
    """By person whether the one was followed by the other: `followed` 1 or 0; no row where the one never happened.

    Negated, only the last of the first counts, and only once the days after it have passed.
    """

    least = _least(first, then)

    def build() -> exp.Select:
        before, after = _happened(sources, first, window), _happened(sources, then, _until(window, days))
        if negated:
            return _after_the_last(before, after, least, days, sources.as_of_day)
        return _after_any(before, after, least, days)

    return sources.join(("sequence", first, then, days, negated, window), build)


def unfollowed(sources: Sources, first: Step, then: Step, days: int, window: Window) -> exp.Select:
    """Persons whose last of the first was not followed by the other in the days after it, which have passed."""
    before, after = _happened(sources, first, window), _happened(sources, then, _until(window, days))
    same = column("d", "person_id").eq(column("b", "person_id"))
    return (
        exp.select(column("b", "person_id"))
        .from_(_last(before, days, sources.as_of_day).subquery("b"))
        .join(after.subquery("d"), on=exp.and_(same, _in_time(_least(first, then), days)), join_type="anti")
    )


def _least(first: Step, then: Step) -> int:
    """How many days later the second must come at least."""
    return 0 if first.kind in MESSAGE_STEPS or then.kind in MESSAGE_STEPS else 1


def _last(before: exp.Select, days: int, as_of_day: int) -> exp.Select:
    """By person the last day, where so many days have passed since."""
    latest = bigint(exp.Max(this=column("e", "day")))
    return (
        exp.select(column("e", "person_id"), exp.alias_(latest, "day"))
        .from_(before.subquery("e"))
        .group_by(column("e", "person_id"))
        .having(latest.copy() <= number(as_of_day - days))
    )


def _in_time(least: int, days: int) -> exp.Expr:
    """The day of `d` lies so many days after that of `b`."""
    return exp.and_(
        column("d", "day") >= exp.Add(this=column("b", "day"), expression=number(least)),
        column("d", "day") <= exp.Add(this=column("b", "day"), expression=number(days)),
    )


def _after_the_last(
    before: exp.Select, after: exp.Select, least: int, days: int, as_of_day: int
) -> exp.Select:
    """By person whether the second came within the days after the last of the first, where these have passed."""
    in_time = _in_time(least, days)
    return (
        exp.select(column("b", "person_id"), exp.alias_(most(in_time), "followed"))
        .from_(_last(before, days, as_of_day).subquery("b"))
        .join(after.subquery("d"), on=column("d", "person_id").eq(column("b", "person_id")), join_type="left")
        .group_by(column("b", "person_id"))
    )


def _after_any(before: exp.Select, after: exp.Select, least: int, days: int) -> exp.Select:
    """By person whether the second came within the days after any of the first.

    Each day looks ahead by itself: paired with each other, the days of one who bought a thousand times are a million.
    """
    events = exp.union(_marked(before, is_first=True), _marked(after, is_first=False), distinct=False)
    ahead = exp.Window(
        this=exp.Max(this=column("e", "is_then")),
        partition_by=[column("e", "person_id")],
        order=exp.Order(expressions=[exp.Ordered(this=column("e", "day"))]),
        spec=exp.WindowSpec(
            kind="RANGE",
            start=number(least),
            start_side="FOLLOWING",
            end=number(days),
            end_side="FOLLOWING",
        ),
    )
    seen = exp.select(
        column("e", "person_id"), column("e", "is_then"), exp.alias_(or_zero(ahead), "followed")
    ).from_(events.subquery("e"))
    return (
        exp.select(column("s", "person_id"), exp.alias_(exp.Max(this=column("s", "followed")), "followed"))
        .from_(seen.subquery("s"))
        .where(column("s", "is_then").eq(number(0)))
        .group_by(column("s", "person_id"))
    )


def _until(window: Window, days: int) -> Window:
    """Where what follows can lie: from the first day of the window to so many days after its last."""
    if not isinstance(window, Between):
        return window
    return Between(window.first, date.fromordinal(min(window.last.toordinal() + days, date.max.toordinal())))


def _marked(found: exp.Select, *, is_first: bool) -> exp.Select:
    """Persons and days, each pair once, with whether they are of the second step."""
    return (
        exp.select(
            column("d", "person_id"), column("d", "day"), exp.alias_(number(0 if is_first else 1), "is_then")
        )
        .from_(found.subquery("d"))
        .group_by(column("d", "person_id"), column("d", "day"))
    )


def _happened(sources: Sources, step: Step, window: Window) -> exp.Select:
    """Persons and days of one happening."""
    if step.kind in MESSAGE_STEPS:
        touched = step.kind == "touched"
        found = (
            _messages(sources, REACHED, step.words, window)
            if touched
            else _answers(sources, step.words, window)
        )
        return found.select(exp.alias_(_told(), "person_id"), exp.alias_(column("t", "day"), "day"))
    day = [exp.alias_(column("o", "paid_day"), "day")]
    if step.kind == "product":
        return sources.bought(window, day, sources.mentioning(step.words, window))
    if step.kind == "category":
        return sources.bought(window, day, "lines_counted").where(_wanted(sources, "category", step.words))
    return sources.bought(window, day)


def reviews(sources: Sources, rating: Bounds | None, photo: bool, window: Window) -> str:
    """Reviews by person, by the day of the review."""

    def build() -> exp.Select:
        same_order = exp.and_(
            column("o", "shop_id").eq(column("r", "shop_id")),
            column("o", "order_id").eq(column("r", "order_id")),
        )
        tests = [sources.of_shop("r"), is_not_null(column("o", "customer_id"))]
        if rating is not None:
            tests += [] if rating.low is None else [column("r", "rating") >= number(rating.low)]
            tests += [] if rating.high is None else [column("r", "rating") <= number(rating.high)]
        tests += [column("r", "has_photo")] if photo else []
        person = person_of("o")
        return (
            exp.select(exp.alias_(person, "person_id"), exp.alias_(exp.Count(this=exp.Star()), "n"))
            .from_(exp.alias_(exp.to_table("reviews"), "r", table=True))
            .join(exp.alias_(exp.to_table("orders_counted"), "o", table=True), on=same_order)
            .join(person_map(), on=same_customer("o"), join_type="left")
            .where(*tests, *sources.days(window, column("r", "day")))
            .group_by(person.copy())
        )

    return sources.join(("reviews", rating, photo, window), build)


def refunds(sources: Sources, kind: str, window: Window) -> str:
    """Settled refunds by person, by the day they were asked for: the buyer of the order, else of the refund."""

    def build() -> exp.Select:
        same_order = exp.and_(
            column("o", "shop_id").eq(column("s", "shop_id")),
            column("o", "order_id").eq(column("s", "order_id")),
        )
        tests = [
            sources.of_shop("s"),
            is_not_null(column("s", "finished_at")),
            exp.or_(column("s", "order_id").eq(exp.Literal.string("")), is_not_null(column("o", "order_id"))),
        ]
        tests += [column("s", "kind").eq(exp.Literal.string(kind))] if kind else []
        buyer = exp.Coalesce(this=column("o", "customer_id"), expressions=[column("s", "customer_id")])
        settled = (
            exp.select(column("s", "shop_id"), exp.alias_(buyer, "customer_id"))
            .from_(exp.alias_(exp.to_table("refunds"), "s", table=True))
            .join(
                exp.alias_(exp.to_table("orders_counted"), "o", table=True), on=same_order, join_type="left"
            )
            .where(*tests, *sources.days(window, column("s", "created_day")))
        )
        person = person_of("r")
        return (
            exp.select(exp.alias_(person, "person_id"), exp.alias_(exp.Count(this=exp.Star()), "n"))
            .from_(settled.subquery("r"))
            .join(person_map(), on=same_customer("r"), join_type="left")
            .where(is_not_null(column("r", "customer_id")))
            .group_by(person.copy())
        )

    return sources.join(("refunds", kind, window), build)


def touches(sources: Sources, states: tuple[str, ...], channel: str, window: Window) -> str:
    """Messages by person whose state is one of these."""

    def build() -> exp.Select:
        count, person = exp.alias_(exp.Count(this=exp.Star()), "n"), _told()
        found = _messages(sources, states, channel, window).select(exp.alias_(person, "person_id"), count)
        return found.group_by(person.copy())

    return sources.join(("touches", states, channel, window), build)


def _messages(sources: Sources, states: tuple[str, ...], channel: str, window: Window) -> exp.Select:
    tests: list[exp.Expr] = [column("t", "state").isin(*(exp.Literal.string(one) for one in states))]
    return _exchanged(sources, "touches", tests, channel, window)


def answers(sources: Sources, channel: str, window: Window) -> str:
    """What persons wrote back, by the day it came; a refusal is no answer."""

    def build() -> exp.Select:
        count, person = exp.alias_(exp.Count(this=exp.Star()), "n"), _told()
        found = _answers(sources, channel, window).select(exp.alias_(person, "person_id"), count)
        return found.group_by(person.copy())

    return sources.join(("answers", channel, window), build)


def _answers(sources: Sources, channel: str, window: Window) -> exp.Select:
    return _exchanged(sources, "replies", [exp.not_(column("t", "opts_out"))], channel, window)


def _exchanged(
    sources: Sources, table: str, tests: list[exp.Expr], channel: str, window: Window
) -> exp.Select:
    """Messages `t` of one direction, beside the person `m` that the one written to belongs to now."""
    said = [] if not channel else [column("t", "channel").eq(sources.text(channel))]
    now_is = exp.and_(
        column("m", "shop_id").eq(column("t", "shop_id")),
        column("m", "customer_id").eq(column("t", "person_id")),
    )
    return (
        exp.Select()
        .from_(exp.alias_(exp.to_table(table), "t", table=True))
        .join(person_map(), on=now_is, join_type="left")
        .where(sources.of_shop("t"), *tests, *said, *sources.days(window, column("t", "day")))
    )


def _told() -> exp.Coalesce:
    """Whoever was written to, or wrote, as the person that this one belongs to now: a message keeps its old number."""
    return exp.Coalesce(this=column("m", "person_id"), expressions=[column("t", "person_id")])


def coupons(sources: Sources, measure: str, issue: str, window: Window) -> str:
    """The shop's own coupons by person: held and good on the as-of day, or used in a window. One that was rolled back
    is held again and was not used."""

    def build() -> exp.Select:
        held = measure == "holds_coupon"
        kinds, today = HELD if held else USED, number(sources.as_of_day)
        tests = [sources.of_shop("v"), column("v", "latest")]
        tests.append(column("v", "kind").isin(*(exp.Literal.string(one) for one in kinds)))
        tests += [column("v", "issue").eq(sources.text(issue))] if issue else []
        if held:
            tests += [column("v", "from_day") <= today, column("v", "to_day") >= today.copy()]
        else:
            tests += sources.days(window, column("v", "day"))
        person = person_of("v")
        return (
            exp.select(exp.alias_(person, "person_id"), exp.alias_(exp.Count(this=exp.Star()), "n"))
            .from_(exp.alias_(exp.to_table("coupon_events"), "v", table=True))
            .join(person_map(), on=same_customer("v"), join_type="left")
            .where(*tests)
            .group_by(person.copy())
        )

    return sources.join(("coupons", measure, issue, window), build)


def rewards(sources: Sources, measure: str, lottery: str, window: Window) -> str:
    """Points by person, or how many draws or referrals are theirs."""

    def build() -> exp.Select:
        if measure in POINT_MEASURES:
            tests = _points(sources, measure, window)
            points = column("v", "points")
            counted: exp.Expr = bigint(
                exp.Sum(this=exp.Neg(this=points) if measure == "points_used" else points)
            )
        else:
            tests = [*_told_of(sources, measure, lottery), *sources.days(window, column("v", "day"))]
            counted = exp.Count(this=exp.Star())
        table = _REWARD_TABLES.get(measure, "points_events")
        person = person_of("v")
        return (
            exp.select(exp.alias_(person, "person_id"), exp.alias_(counted, "n"))
            .from_(exp.alias_(exp.to_table(table), "v", table=True))
            .join(person_map(), on=same_customer("v"), join_type="left")
            .where(sources.of_shop("v"), *tests)
            .group_by(person.copy())
        )

    return sources.join(("rewards", measure, lottery, window), build)


_REWARD_TABLES = {
    "drew": "lottery_draws", "won": "lottery_draws", "brought": "referrals", "was_brought": "referrals",
}  # fmt: skip


def _points(sources: Sources, measure: str, window: Window) -> Sequence[exp.Expr]:
    """Which moves of points count: all of those that can be used or that end, or single ones by their day."""
    today, last = sources.as_of_day, column("v", "to_day")
    if measure == "points_held":
        first = column("v", "from_day")
        return [
            exp.or_(exp.Is(this=first, expression=exp.Null()), first.copy() <= number(today)),
            exp.or_(exp.Is(this=last, expression=exp.Null()), last.copy() >= number(today)),
        ]
    if measure == "points_ending":
        assert isinstance(window, Within)  # as the tree checks
        return [last >= number(today), last.copy() <= number(today + window.days)]
    kinds = EARNED if measure == "points_earned" else ("used",)
    moved = [column("v", "kind").isin(*(exp.Literal.string(one) for one in kinds)), column("v", "stands")]
    return [*moved, *sources.days(window, column("v", "day"))]


def _told_of(sources: Sources, measure: str, lottery: str) -> list[exp.Expr]:
    """Which draws or referrals count."""
    if measure in DRAW_MEASURES:
        named = [column("v", "lottery").eq(sources.text(lottery))] if lottery else []
        return [*named, *([column("v", "won")] if measure == "won" else [])]
    part = "referrer" if measure == "brought" else "friend"
    none = column("v", "reason").isin(*(exp.Literal.string(one) for one in NONE_AT_ALL))
    return [column("v", "part").eq(exp.Literal.string(part)), exp.not_(none)]


def value(sources: Sources) -> str:
    """Customer value by person; all that is asked of it comes from one join."""
    return sources.join(
        ("value",),
        lambda: exp.select("*").from_("customer_value").where(sources.of_shop("customer_value")),
    )


def valued(sources: Sources) -> exp.Select:
    """The persons of whom customer value says something."""
    person = column("customer_value", "person_id")
    return exp.select(person).from_("customer_value").where(sources.of_shop("customer_value"))


def birthdays(sources: Sources, days: int) -> str:
    """Persons whose birthday is on the as-of day or so many days after it."""
    return sources.join(("birthday", days), lambda: _born(sources, _soon(sources.as_of_day, days)))


def birth_months(sources: Sources, months: tuple[str, ...]) -> str:
    """Persons whose birthday is in one of these months."""

    def test(birthday: exp.Expr) -> exp.Expr:
        month = exp.Substring(this=birthday, start=number(1), length=number(2))
        return month.isin(*(exp.Literal.string(f"{int(one):02}") for one in months))

    return sources.join(("birth_month", months), lambda: _born(sources, test))


def _born(sources: Sources, test: Callable[[exp.Expr], exp.Expr]) -> exp.Select:
    """Customer records with a birthday by person: `hit` 1 when one of them passes."""
    birthday, person = column("c", "birthday"), person_of("c")
    return (
        exp.select(
            exp.alias_(person, "person_id"),
            exp.alias_(most(test(birthday)), "hit"),
            exp.alias_(exp.Max(this=birthday.copy()), "birthday"),
        )
        .from_(exp.alias_(exp.to_table("customers"), "c", table=True))
        .join(person_map(), on=same_customer("c"), join_type="left")
        .where(sources.of_shop("c"), birthday.copy().neq(exp.Literal.string("")))
        .group_by(person.copy())
    )


def _soon(as_of_day: int, days: int) -> Callable[[exp.Expr], exp.Expr]:
    """'MM-DD' lies in the days from the as-of day on, over the end of a year too."""
    first = date.fromordinal(as_of_day + EPOCH)
    start, end = first.strftime("%m-%d"), _last_mark(first, days)

    def test(birthday: exp.Expr) -> exp.Expr:
        after, until = birthday >= exp.Literal.string(start), birthday.copy() <= exp.Literal.string(end)
        if days >= 365:
            return birthday.neq(exp.Literal.string(""))
        return exp.and_(after, until) if start <= end else exp.or_(after, until)

    return test


def _last_mark(first: date, days: int) -> str:
    """The last day as 'MM-DD'; who was born on 29 February has the birthday on the 28th of other years."""
    last = first + timedelta(days=days)
    return "02-29" if (last + timedelta(days=1)).strftime("%m-%d") == "03-01" else last.strftime("%m-%d")


def levels(sources: Sources, names: tuple[str, ...] | None) -> str:
    """Persons with one of these levels on the platform, or everybody's; of several the alphabetically last."""

    def build() -> exp.Select:
        level, person = column("c", "level"), person_of("c")
        known = [level.copy().neq(exp.Literal.string(""))]
        wanted = known if names is None else [level.copy().isin(*(sources.text(one) for one in names))]
        return (
            exp.select(exp.alias_(person, "person_id"), exp.alias_(exp.Max(this=level), "level"))
            .from_(exp.alias_(exp.to_table("customers"), "c", table=True))
            .join(person_map(), on=same_customer("c"), join_type="left")
            .where(sources.of_shop("c"), *wanted)
            .group_by(person.copy())
        )

    return sources.join(("level", names), build)


def count_of(table: str, name: str) -> exp.Expr:
    """A count of a source, 0 where the person has no row."""
    return or_zero(column(table, name))

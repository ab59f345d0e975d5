"""Backtest: the offers on the shop's own orders of a past period, as they were bought (rules R17 to R19).

Lines are priced where the source gave them, totals otherwise, by no offer that needs lines; an offer for first orders
or old customers is given to those. Cost is that of the products where known. A result names its catalog entry, which is
pinned, so that it can be worked out again. What is seen deeper (`deepening`) is worked out from the same columns.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import transaction

from laoke.promotions import deepening, engine
from laoke.promotions.assuming import (
    asks_history,
    assumed_open,
    assumed_variants,
    assumption,
    needs_lines,
    open_to_buyers,
    open_to_totals,
)
from laoke.promotions.deepening import Assumed, SegmentPeople
from laoke.promotions.describing import describe
from laoke.promotions.facts import day_number, day_of, reader_at
from laoke.promotions.models import Backtest, BacktestDepth, Offer
from laoke.promotions.offers import OfferRefused, offer_value
from laoke.promotions.past_levels import level_names, level_variants, levels_of, open_to_levels
from laoke.promotions.past_limits import Times, are_limited, caps_of, limits_told, times_of
from laoke.promotions.past_segments import open_to_segments
from laoke.shops import audit, catalog
from laoke.shops.clock import Clock
from laoke.shops.models import CatalogEntry, Shop, User

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    from laoke.promotions.columnar import BacktestFigures, BasketColumns, PricedBaskets
    from laoke.promotions.columnar.in_time import Cap
    from laoke.promotions.depth.net import CostTerms
    from laoke.promotions.depth.orders import PricedOrders
    from laoke.promotions.past_levels import Levels
    from laoke.promotions.past_segments import Then
    from laoke.warehouse.engine import Reader

MOST_EXAMPLES = 100
LOSSES = ("loss_orders_before", "loss_orders_after", "loss_cents_before", "loss_cents_after")


class BacktestRefused(Exception):
    """A backtest that cannot be made: `no_facts`, `no_offers` or `period` (its end before its start)."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Example:
    """An order that would have been sold below cost."""

    order_id: str
    loss_cents: int


@dataclass(frozen=True)
class Replay:
    """The figures of a period and the orders at a loss, the largest loss first. `basis` counts orders by what is
    known of them: with lines, or with totals only. `orders` are all of them, priced. `limits` says what limits held
    back, None where nothing is limited."""

    figures: BacktestFigures
    examples: tuple[Example, ...]
    basis: dict[str, int]
    orders: PricedOrders
    limits: dict[str, Any] | None = None


@dataclass(frozen=True)
class PastOrders:
    """The orders of a period as columns: those with lines, then those with totals only; what each paid for its goods
    then, and its number. `earlier` says of each how many its buyer had paid for before (−1: nobody knows who it was),
    `times` when it came and whose it was; None where that was not asked. `levels` are the buyers' levels by name."""

    parts: tuple[tuple[BasketColumns, NDArray[np.int64], NDArray[Any]], ...]
    earlier: tuple[NDArray[np.int64], ...] | None = None
    times: tuple[Times, ...] | None = None
    levels: Levels | None = None


@dataclass(frozen=True)
class PricedPlan:
    """A plan with what is stored of it: its offers as values and as given (rows, or JSON of what is not stored), what
    limits them, the figures, the facts."""

    values: Sequence[engine.Offer]
    given: Sequence[Offer | Mapping[str, Any]]
    caps: Mapping[str, Cap]
    result: dict[str, Any]
    facts: dict[str, Any] | None


@dataclass(frozen=True)
class PricedPlans:
    """Several plans on the orders of one period at one catalog entry, priced and not yet kept; `levels` are the
    members' levels that the buyers of the period have, `then` who was in the segments that offers are for."""

    shop: Shop
    period: tuple[date, date]
    entry: CatalogEntry
    levels: Levels
    then: Then
    plans: tuple[PricedPlan, ...]


# How many steps are done, of how many; whoever listens may raise to stop.
Told = Callable[[int, int], None]


def backtest(
    shop: Shop,
    offers: Sequence[Offer | Mapping[str, Any]],
    period_from: date,
    period_to: date,
    *,
    by: User | None,
    clock: Clock,
    terms: CostTerms | None = None,
    segments: Sequence[SegmentPeople] = (),
    then: Then | None = None,
) -> Backtest:
    """Replay offers (rows, or JSON of offers that are not stored) on the orders paid from one day to another.

    A period with too few orders is stored as a refusal with how many it needs: it was seen, but proves nothing.
    `terms` are the platform's fee and the shop's postage, `segments` whose share of the discount is told, `then` who
    was in the segments that offers are for, by audience. JSON with the number of a stored offer as `limits_of` is held
    by what limits the coupons of that one.

    Raises
    ------
    BacktestRefused
        before the first import, without offers, or for a period that ends before it begins.
    OfferRefused
        when offers do not go together.
    """
    [made] = backtest_plans(
        shop, [offers], period_from, period_to, by=by, clock=clock, terms=terms, segments=segments, then=then
    )
    return made


def backtest_plans(
    shop: Shop,
    plans: Sequence[Sequence[Offer | Mapping[str, Any]]],
    period_from: date,
    period_to: date,
    *,
    by: User | None,
    clock: Clock,
    terms: CostTerms | None = None,
    segments: Sequence[SegmentPeople] = (),
    then: Then | None = None,
) -> list[Backtest]:
    """Several plans on the same orders, which are read once; all are stored or none. Raises as `backtest`."""
    priced = price_plans(shop, plans, period_from, period_to, terms=terms, segments=segments, then=then)
    return keep_plans(priced, by=by, clock=clock)


def checked(
    plans: Sequence[Sequence[Offer | Mapping[str, Any]]], period_from: date, period_to: date
) -> tuple[CatalogEntry, list[list[engine.Offer]]]:
    """The facts of now and the offers as values, if there is something to price. Raises as `backtest`."""
    entry = catalog.current()
    if entry is None:
        raise BacktestRefused("no_facts")
    if not plans or not all(plans):
        raise BacktestRefused("no_offers")
    if period_to < period_from:
        raise BacktestRefused("period")
    return entry, [_values(offers) for offers in plans]


def baskets_of(shop: Shop, period_from: date, period_to: date) -> int:
    """How many orders of a period there are to price; 0 before the first import."""
    entry = catalog.current()
    if entry is None:
        return 0
    days = {"from_day": day_number(period_from), "to_day": day_number(period_to)}
    rows = reader_at(entry).remembered("backtest_orders", shop_id=shop.pk, **days)
    return int(rows["orders"][0].as_py())


def price_plans(
    shop: Shop,
    plans: Sequence[Sequence[Offer | Mapping[str, Any]]],
    period_from: date,
    period_to: date,
    *,
    terms: CostTerms | None = None,
    segments: Sequence[SegmentPeople] = (),
    then: Then | None = None,
    told: Told | None = None,
) -> PricedPlans:
    """What `keep_plans` stores; nothing is written here. Raises as `backtest`."""
    from laoke.promotions.depth.net import CostTerms

    entry, values = checked(plans, period_from, period_to)
    tell = told or (lambda done, total: None)
    reader, period = reader_at(entry), (period_from, period_to)
    tell(0, len(plans) + 1)
    rows = [[_limits_row(shop, one) for one in offers] for offers in plans]
    limits = [caps_of(*both) for both in zip(values, rows, strict=True)]
    then = then or {}
    past = past_orders(
        reader,
        shop.pk,
        *period,
        buyers=any(map(asks_history, values)),
        timed=any(map(are_limited, values, limits))
        or any(offer.audience in then for plan in values for offer in plan),
        levels=any(level_names(offer) for plan in values for offer in plan),
    )
    known, found = None, []
    for number, (plan, given, caps) in enumerate(zip(values, plans, limits, strict=True), 1):
        tell(number, len(plans) + 1)
        try:
            replayed = replay(past, plan, caps, then)
        except engine.EngineError as error:
            raise OfferRefused.of(error) from None
        facts = None
        if replayed.figures.refusal is None:
            if known is None:
                known = deepening.known_of(reader, shop.pk, *period, replayed.orders.order_ids, segments)
            facts = deepening.facts_of(replayed.orders, plan, terms or CostTerms(), known)
        # The columns are let go of: of several plans only the figures stay.
        found.append(PricedPlan(plan, given, caps, result_of(replayed), facts))
    tell(len(plans) + 1, len(plans) + 1)
    return PricedPlans(shop, period, entry, past.levels or {}, then, tuple(found))


def keep_plans(priced: PricedPlans, *, by: User | None, clock: Clock) -> list[Backtest]:
    """Store priced plans, all or none."""
    with transaction.atomic():
        return [_store(priced, plan, by, clock) for plan in priced.plans]


def _values(offers: Sequence[Offer | Mapping[str, Any]]) -> list[engine.Offer]:
    values = [offer_value(one) if isinstance(one, Offer) else _given(one) for one in offers]
    try:
        engine.check_offers(values)
    except engine.EngineError as error:
        raise OfferRefused.of(error) from None
    return values


def _limits_row(shop: Shop, one: Offer | Mapping[str, Any]) -> Offer | None:
    """The stored offer whose coupons limit this one: itself, or the one that JSON names. Raises OfferRefused."""
    if isinstance(one, Offer) or not (number := one.get(LIMITS_OF)):
        return one if isinstance(one, Offer) else None
    row = Offer.objects.filter(shop=shop, pk=number).first() if type(number) is int else None
    if row is None:
        raise OfferRefused("unknown_offer", LIMITS_OF)
    return row


LIMITS_OF = "limits_of"
# What a stored backtest says of its offers beside their terms.
NOTES = frozenset({"row", LIMITS_OF, "what", "assumed", "needs_lines"})


def replayed_terms(told: Mapping[str, Any]) -> dict[str, Any]:
    """The terms of an offer of a stored backtest, without the notes beside them."""
    return {name: value for name, value in told.items() if name not in NOTES}


def replayed(told: Mapping[str, Any]) -> engine.Offer:
    """An offer of a stored backtest."""
    return engine.offer_from_dict(replayed_terms(told))


def _given(data: Mapping[str, Any]) -> engine.Offer:
    terms = {name: value for name, value in data.items() if name != LIMITS_OF}
    try:
        return engine.offer_from_dict(terms)
    except engine.EngineError as error:
        raise OfferRefused.of(error) from None


def assume(row: BacktestDepth, assumed: Assumed, *, by: User | None, now: datetime) -> None:
    """Keep what the operator assumes of buyers with a backtest; the facts stay as they are."""
    row.assumed = asdict(assumed)
    with transaction.atomic():
        row.save(update_fields=["assumed"])
        shop, subject = row.backtest.shop, str(row.backtest_id)
        audit.record("backtest.assume", shop=shop, actor=by, at=now, subject=subject)


AROUND = timedelta(days=10)


def usual_period(today: date, day: date | None = None, known_until: date | None = None) -> tuple[date, date]:
    """The period to look at when nobody names one: the 21 days around the campaign's day in the newest year whose
    orders are known whole; else the last 90 days that are known.

    `known_until` is the day of the shop's newest order, None before the first.
    """
    last = min(today - timedelta(days=1), known_until or today)
    if day is not None:
        middle = day
        while middle + AROUND > last:
            middle = _year_before(middle)
        return middle - AROUND, middle + AROUND
    return last - timedelta(days=89), last


def _year_before(day: date) -> date:
    if (day.month, day.day) == (2, 29):
        return date(day.year - 1, 2, 28)
    return day.replace(year=day.year - 1)


def orders_until(shop: Shop) -> date | None:
    """The day of the shop's newest order; None before the first import."""
    entry = catalog.current()
    if entry is None:
        return None
    row = reader_at(entry).remembered("orders_span", shop_id=shop.pk).to_pylist()[0]
    return day_of(row["last_day"]) if row["last_day"] is not None else None


def past_orders(
    reader: Reader,
    shop_id: int,
    period_from: date,
    period_to: date,
    *,
    buyers: bool = False,
    timed: bool = False,
    levels: bool = False,
) -> PastOrders:
    """The orders of a period at one catalog entry; with `buyers`, which of them were a person's first; with `timed`, in
    which order they came and whose they were, and with `levels` which level each buyer has."""
    days = {"shop_id": shop_id, "from_day": day_number(period_from), "to_day": day_number(period_to)}
    parts = (
        _with_lines(reader.query("backtest_lines", **days)),
        _with_totals(reader.query("backtest_totals", **days)),
    )
    period, numbers = (period_from, period_to), [part[2] for part in parts]
    times = times_of(reader, shop_id, *period, numbers) if timed or levels else None
    had = levels_of(reader, shop_id, *period) if levels else None
    if not buyers:
        return PastOrders(parts, times=times, levels=had)
    known = [deepening.known_of(reader, shop_id, *period, one, ()) for one in numbers]
    return PastOrders(parts, tuple(one.earlier for one in known), times, had)


def replay(
    past: PastOrders,
    offers: Sequence[engine.Offer],
    caps: Mapping[str, Cap] | None = None,
    then: Then | None = None,
) -> Replay:
    """The figures of past orders under offers. Orders with totals only stand unpriced by offers that need lines.

    Under `caps` what is limited is used up by those who came first, and by `then` offers for a segment go to those who
    were in it, so the orders must be `timed`.
    """
    totals_part = past.parts[1]
    opened = [assumed_open(offers, part[2]) for part in past.parts]
    if past.earlier is not None:
        opened = [open_to_buyers(offers, *both) for both in zip(opened, past.earlier, strict=True)]
    if past.times is not None and past.levels is not None:
        opened = [
            open_to_levels(offers, mine, past.levels, time.person)
            for mine, time in zip(opened, past.times, strict=True)
        ]
    if past.times is not None and then:
        opened = [
            open_to_segments(offers, mine, then, time) for mine, time in zip(opened, past.times, strict=True)
        ]
    eligible = [opened[0], open_to_totals(offers, opened[1], len(totals_part[2]))]
    priced, limits, unlimited = _priced_under(past, offers, eligible, caps)
    with_lines, totals = (_figures(*part, done) for part, done in zip(past.parts, priced, strict=True))
    examples = sorted([*with_lines[1], *totals[1]], key=lambda one: (-one.loss_cents, one.order_id))
    figures = with_lines[0] + totals[0]
    if unlimited is not None:
        figures = replace(figures, unlimited=unlimited)
    return Replay(
        figures,
        tuple(examples[:MOST_EXAMPLES]),
        {"orders_with_lines": with_lines[0].orders, "orders_with_totals": totals[0].orders},
        with_lines[2].joined(totals[2]),
        limits,
    )


def _priced_under(
    past: PastOrders,
    offers: Sequence[engine.Offer],
    eligible: Sequence[dict[str, NDArray[np.bool_]]],
    caps: Mapping[str, Cap] | None,
) -> tuple[Sequence[PricedBaskets], dict[str, Any] | None, engine.DiscountSums | None]:
    """Both parts priced; where there are limits also what they held back, and the discounts if there were none."""
    from laoke.promotions.columnar import price_baskets
    from laoke.promotions.columnar.in_time import Part, price_in_time

    variants = [assumed_variants(offers, part[0].basket_count) for part in past.parts]
    if past.times is not None and past.levels is not None:
        members = [level_variants(offers, past.levels, time.person) for time in past.times]
        variants = [one | more for one, more in zip(variants, members, strict=True)]
    given = list(zip(past.parts, eligible, variants, strict=True))
    if caps is None or not are_limited(offers, caps):
        free = [price_baskets(part[0], offers, may, variant=variant) for part, may, variant in given]
        return free, None, None
    if past.times is None:
        raise ValueError("limits need orders in their order of time")
    found = price_in_time(
        [
            Part(part[0], may, variant, time.person, time.place)
            for (part, may, variant), time in zip(given, past.times, strict=True)
        ],
        offers,
        caps,
    )
    return found.priced, limits_told(found, past.times), found.unlimited


def _with_lines(rows: pa.Table) -> tuple[BasketColumns, NDArray[np.int64], NDArray[Any]]:
    from laoke.promotions.columnar import UNKNOWN_COST, columns_from_lines

    product_ids, categories = rows["product_id"].to_pylist(), rows["category"].to_pylist()
    order_ids = rows["order_id"].to_numpy(zero_copy_only=False)
    columns, baskets = columns_from_lines(
        order_ids,
        product_ids,
        _numbers(rows, "quantity"),
        _numbers(rows, "unit_price_cents"),
        _numbers(rows, "cost_cents", UNKNOWN_COST),
        dict(zip(product_ids, categories, strict=True)),
    )
    paid = _numbers(rows, "goods_paid_cents")[columns.offsets[:-1]]
    return columns.placed(*_places(rows.take(columns.offsets[:-1]))), paid, baskets


def _places(rows: pa.Table) -> tuple[NDArray[np.int64], list[str]]:
    """Postage and province of each order."""
    return _numbers(rows, "postage_cents"), rows["province"].to_pylist()


def _with_totals(rows: pa.Table) -> tuple[BasketColumns, NDArray[np.int64], NDArray[Any]]:
    from laoke.promotions.columnar import columns_from_totals

    columns = columns_from_totals(_numbers(rows, "goods_cents")).placed(*_places(rows))
    baskets = rows["order_id"].to_numpy(zero_copy_only=False)
    return columns, _numbers(rows, "goods_paid_cents"), baskets


def _numbers(rows: pa.Table, name: str, missing: int = 0) -> NDArray[np.int64]:
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    column = pc.fill_null(pc.cast(rows[name], pa.int64()), missing)
    return np.asarray(column.to_numpy(zero_copy_only=False), dtype=np.int64)


def _figures(
    columns: BasketColumns, paid: NDArray[np.int64], baskets: NDArray[Any], priced: PricedBaskets
) -> tuple[BacktestFigures, list[Example], PricedOrders]:
    from laoke.promotions.columnar import backtest_figures, loss_baskets
    from laoke.promotions.depth.orders import priced_orders

    positions, losses = loss_baskets(columns, priced)
    examples = [
        Example(str(baskets[place]), int(loss))
        for place, loss in zip(positions[:MOST_EXAMPLES], losses[:MOST_EXAMPLES], strict=True)
    ]
    figures = backtest_figures(columns, priced, paid)
    return figures, examples, priced_orders(columns, priced, paid, baskets)


def _store(priced: PricedPlans, plan: PricedPlan, by: User | None, clock: Clock) -> Backtest:
    now, shop, result = clock.now(), priced.shop, plan.result
    told = [
        {
            "row": given.pk if isinstance(given, Offer) else None,
            LIMITS_OF: None if isinstance(given, Offer) else given.get(LIMITS_OF),
            "what": describe(value),
            "assumed": assumption(value, plan.caps[value.offer_id], priced.levels, priced.then),
            "needs_lines": needs_lines(value),
            **engine.offer_to_dict(value),
        }
        for value, given in zip(plan.values, plan.given, strict=True)
    ]
    with transaction.atomic():
        catalog.pin(priced.entry.pk)
        stored = Backtest.objects.create(
            shop=shop, offers=told, period_from=priced.period[0], period_to=priced.period[1],
            catalog_ref=priced.entry.pk, result=result, created_by=by, created_at=now,
        )  # fmt: skip
        if plan.facts is not None:
            BacktestDepth.objects.create(backtest=stored, facts=plan.facts)
        audit.record(
            "backtest.make",
            shop=shop,
            actor=by,
            at=now,
            subject=str(stored.pk),
            count=result["orders"],
        )
    return stored


def result_of(replayed: Replay) -> dict[str, Any]:
    """A replay as stored: beside a refusal stands no figure but how many orders there are and are needed."""
    figures = replayed.figures
    if figures.refusal is not None:
        return {
            "refused": figures.refusal.code,
            "orders": figures.orders,
            "needed_orders": figures.needed_orders,
            "basis": replayed.basis,
        }
    told = figures.to_dict()
    if replayed.limits is not None:
        told["limits"] = replayed.limits
    if not figures.cost_known_orders:
        # Nobody knows which orders lose money: that is no figure, and not none of them.
        told |= dict.fromkeys(LOSSES)
    return {
        **told,
        "basis": replayed.basis,
        "loss_examples": [
            {"order_id": one.order_id, "loss_cents": one.loss_cents} for one in replayed.examples
        ],
    }

"""店铺宝 (满减, 满折, 满赠, 满包邮): what the interface calls 满就送. Amounts there are cents, rates thousandths."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from laoke.money import FULL_BP
from laoke.promotions import engine
from laoke.promotions.engine import Offer
from laoke.promotions.setup.fields import PERMILLE, choice, count, fen, flag, named, rate, times
from laoke.promotions.setup.goods import covered, items_of
from laoke.promotions.setup.values import Activity, Field, Finding, Standing

PIECES = "pieces"
MOST_STEPS = 12


def shop_activities(offer: Offer, standing: Standing) -> tuple[Activity, ...]:
    """One activity: who takes part, then its steps."""
    whole = offer.reach.is_all
    fields = [
        named(offer),
        *times(offer.window.start, offer.window.end),
        choice("range", "whole_shop" if whole else "some_goods", "participate_range"),
        *_STEPS[type(offer.mechanic)](offer.mechanic),
    ]
    items = () if whole else items_of(covered(offer, standing))
    return (Activity(tuple(fields), items, whole),)


def shop_findings(offer: Offer) -> Iterator[Finding]:
    """What the fields of the tool cannot say, and the shop's lowest rate, which nobody but the back office knows."""
    mechanic = offer.mechanic
    yield from _steps_found(mechanic)
    yield from _rates_found(mechanic)
    if isinstance(mechanic, engine.ThresholdGift):
        yield from _gifts_found(mechanic)
    if isinstance(mechanic, engine.NthPiece):
        yield from _nth_found(mechanic)
    deepest = lowest_rate(mechanic)
    if deepest is not None:
        yield Finding("shop_lowest_rate", "note", "primary", {"found_bp": deepest})


def _number(place: int, steps: tuple[Any, ...]) -> int:
    """The number of a step, 0 where there is only one."""
    return place if len(steps) > 1 else 0


def _amounts(mechanic: engine.ThresholdDiscount) -> Iterator[Field]:
    for place, step in enumerate(mechanic.steps, 1):
        number = _number(place, mechanic.steps)
        yield fen("threshold", step.threshold_cents, "total_price", number)
        yield fen("off", step.off_cents, "decrease_amount", number)
    yield flag("multiple", mechanic.repeating, "is_amount_multiple")


def _rates(mechanic: engine.ThresholdRate) -> Iterator[Field]:
    for place, step in enumerate(mechanic.steps, 1):
        number = _number(place, mechanic.steps)
        yield fen("threshold", step.threshold_cents, "total_price", number)
        yield rate("rate", step.pay_bp, "discount_rate", number)


def _pieces_rate(mechanic: engine.CountDiscount) -> Iterator[Field]:
    for place, step in enumerate(mechanic.steps, 1):
        number = _number(place, mechanic.steps)
        yield count("pieces", step.pieces, "item_count", number)
        yield rate("rate", step.pay_bp, "discount_rate", number)


def _pieces_off(mechanic: engine.CountOff) -> Iterator[Field]:
    for place, step in enumerate(mechanic.steps, 1):
        number = _number(place, mechanic.steps)
        yield count("pieces", step.pieces, "item_count", number)
        yield fen("off", step.off_cents, "decrease_amount", number)
    yield flag("multiple", mechanic.repeating)


def _nth(mechanic: engine.NthPiece) -> Iterator[Field]:
    yield count("pieces", mechanic.nth, "item_count")
    yield rate("rate", equal_rate(mechanic), "discount_rate")


def _gifts(mechanic: engine.ThresholdGift) -> Iterator[Field]:
    for place, step in enumerate(mechanic.steps, 1):
        number = _number(place, mechanic.steps)
        yield _measure(mechanic.by, step.threshold, number)
        titles = tuple(choice.title for choice in step.choices)
        yield Field("gift", "texts", titles, "gift", "", number)
        yield count("gift_pieces", step.pieces, step=number)


def _postage(mechanic: engine.FreePostage) -> Iterator[Field]:
    if mechanic.threshold:
        yield _measure(mechanic.by, mechanic.threshold, 0)
    yield flag("free_postage", on=True)
    if mechanic.excluded_regions:
        yield Field("excluded_regions", "texts", mechanic.excluded_regions, "exclude_area")


def _measure(by: str, threshold: int, step: int) -> Field:
    if by == PIECES:
        return count("pieces", threshold, "item_count", step)
    return fen("threshold", threshold, "total_price", step)


_STEPS: dict[type, Callable[[Any], Iterator[Field]]] = {
    engine.ThresholdDiscount: _amounts,
    engine.ThresholdRate: _rates,
    engine.CountDiscount: _pieces_rate,
    engine.CountOff: _pieces_off,
    engine.NthPiece: _nth,
    engine.ThresholdGift: _gifts,
    engine.FreePostage: _postage,
}


def equal_rate(mechanic: engine.NthPiece) -> int:
    """What is paid for `nth` pieces of one price, rounded down to a ten-thousandth: second at half price is 7500."""
    return ((mechanic.nth - 1) * FULL_BP + mechanic.pay_bp) // mechanic.nth


def lowest_rate(mechanic: Any) -> int | None:
    """The least that is paid of goods by the offer, in ten-thousandths; None where it changes no price.

    Amounts are deepest exactly at a threshold; by pieces their depth depends on prices and is not known.
    """
    if isinstance(mechanic, engine.ThresholdDiscount):
        return min(FULL_BP - FULL_BP * one.off_cents // one.threshold_cents for one in mechanic.steps)
    if isinstance(mechanic, engine.ThresholdRate | engine.CountDiscount):
        return min(one.pay_bp for one in mechanic.steps)
    return equal_rate(mechanic) if isinstance(mechanic, engine.NthPiece) else None


def _steps_found(mechanic: Any) -> Iterator[Finding]:
    steps: tuple[Any, ...] = getattr(mechanic, "steps", ())
    if len(steps) > 1:
        yield Finding("shop_steps", "warn", "primary", {"found": len(steps)})
    if getattr(mechanic, "cap_cents", None) is not None:
        by = "piece_steps" if isinstance(mechanic, engine.CountOff) else "steps"
        params = {"found_cents": mechanic.cap_cents, by: _unfolded(mechanic)}
        yield Finding("shop_cap", "bad", "primary", params)
    if isinstance(mechanic, engine.CountOff) and mechanic.repeating:
        yield Finding("shop_repeating_pieces", "warn", "primary", {"found": steps[0].pieces})


def _unfolded(mechanic: engine.ThresholdDiscount | engine.CountOff) -> tuple[tuple[int, int], ...]:
    """A capped 'every N' as steps (threshold or pieces, off) up to the cap, where the last takes off what is left.

    Of more than `MOST_STEPS` only the first: nobody types them.
    """
    assert mechanic.cap_cents is not None
    first = mechanic.steps[0]
    size = first.threshold_cents if isinstance(first, engine.DiscountStep) else first.pieces
    times_ = min(-(-mechanic.cap_cents // first.off_cents), MOST_STEPS)
    return tuple((size * n, min(first.off_cents * n, mechanic.cap_cents)) for n in range(1, times_ + 1))


def _rates_found(mechanic: Any) -> Iterator[Finding]:
    if not isinstance(mechanic, engine.ThresholdRate | engine.CountDiscount):
        return
    for step in mechanic.steps:
        if step.pay_bp % PERMILLE:
            yield Finding("shop_rate", "bad", "primary", {"found_bp": step.pay_bp})


def _gifts_found(mechanic: engine.ThresholdGift) -> Iterator[Finding]:
    if any(len(step.choices) > 1 for step in mechanic.steps):
        most = max(len(step.choices) for step in mechanic.steps)
        yield Finding("shop_gift_choice", "warn", "primary", {"found": most})
    stocks = [choice.stock for step in mechanic.steps for choice in step.choices if choice.stock is not None]
    if stocks:
        yield Finding("shop_gift_stock", "warn", "primary", {"found": min(stocks)})


def _nth_found(mechanic: engine.NthPiece) -> Iterator[Finding]:
    params = {"pieces": mechanic.nth, "rate_bp": equal_rate(mechanic), "pay_bp": mechanic.pay_bp}
    yield Finding("shop_nth_piece", "warn", "unverified", params)
    if equal_rate(mechanic) % PERMILLE:
        yield Finding("shop_rate", "bad", "primary", {"found_bp": equal_rate(mechanic)})
    if mechanic.most_times is not None:
        yield Finding("shop_most_times", "warn", "primary", {"found": mechanic.most_times})

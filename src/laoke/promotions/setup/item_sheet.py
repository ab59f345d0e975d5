"""单品宝: prices of single goods. One activity holds so many goods, and takes the same amount or rate off them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from laoke.promotions import engine
from laoke.promotions.engine import Offer
from laoke.promotions.setup.fields import choice, count, fen, named, rate, times
from laoke.promotions.setup.goods import chunks, covered, items_of
from laoke.promotions.setup.limits import limit
from laoke.promotions.setup.values import Activity, Field, Finding, Product, SheetItem, Standing, Tool

MINUS, DISCOUNT = ("minus", "0"), ("discount", "1")


def item_activities(offer: Offer, standing: Standing) -> tuple[Activity, ...]:
    """As many activities as the goods, the amounts and, of an early bird, the times need."""
    mechanic = offer.mechanic
    if isinstance(mechanic, engine.EarlyBird):
        return tuple(one for part in _early(offer, mechanic, standing) for one in part)
    if isinstance(mechanic, engine.PercentOff):
        return _split(offer, _goods(offer, standing), (_kind(DISCOUNT), rate("rate", mechanic.pay_bp)))
    if isinstance(mechanic, engine.AmountOff):
        return _split(offer, _goods(offer, standing), (_kind(MINUS), fen("off", mechanic.off_cents)))
    return tuple(
        activity
        for off, items in sorted(_by_amount(offer, standing).items())
        for activity in _split(offer, items, (_kind(MINUS), fen("off", off)))
    )


def _goods(offer: Offer, standing: Standing) -> tuple[SheetItem, ...]:
    return items_of(covered(offer, standing))


def _kind(kind: tuple[str, str]) -> Field:
    return choice("promotion_type", kind[0], "promotion_type", kind[1])


def _split(
    offer: Offer,
    items: Sequence[SheetItem],
    fields: tuple[Field, ...],
    window: tuple[datetime | None, datetime | None] | None = None,
) -> tuple[Activity, ...]:
    start, end = window or (offer.window.start, offer.window.end)
    limits = (
        count("per_person", offer.limits.per_person)
        if offer.limits.per_person is not None
        else choice("per_person", "no_limit", "", "10000"),
    )
    given = (named(offer), *times(start, end), *fields, *limits)
    return tuple(Activity(given, part) for part in chunks(items, limit("item_goods").top))


def _early(offer: Offer, mechanic: engine.EarlyBird, standing: Standing) -> Iterator[tuple[Activity, ...]]:
    start = offer.window.start
    for step in mechanic.steps:
        until = min(step.until, offer.window.end) if offer.window.end is not None else step.until
        if start is None or start < until:
            fields = (_kind(DISCOUNT), rate("rate", step.pay_bp))
            yield _split(offer, _goods(offer, standing), fields, (start, until))
            start = until


def prices_of(offer: Offer) -> dict[str, int]:
    """The price of each product that the offer names a price for; "" stands for all in its scope."""
    mechanic = offer.mechanic
    if isinstance(mechanic, engine.WasNow):
        return {one.product_id: one.price_cents for one in mechanic.prices}
    if isinstance(mechanic, engine.FixedPrice | engine.FlashSale):
        return {"": mechanic.price_cents}
    return {}


def _priced(offer: Offer, standing: Standing) -> Iterator[tuple[Product, int]]:
    prices = prices_of(offer)
    for product in covered(offer, standing):
        price = prices.get(product.product_id, prices.get(""))
        if price is not None:
            yield product, price


def _by_amount(offer: Offer, standing: Standing) -> dict[int, list[SheetItem]]:
    """Goods by what is to come off their list price. Those without one, or not dearer, are left out and told."""
    found: dict[int, list[SheetItem]] = {}
    for product, price in _priced(offer, standing):
        if product.list_price_cents > price:
            item = SheetItem(product.product_id, product.title, price)
            found.setdefault(product.list_price_cents - price, []).append(item)
    return found


def item_findings(offer: Offer, standing: Standing, activities: Sequence[Activity]) -> Iterator[Finding]:
    """How many activities it takes, what the tool has no field for, and goods whose price cannot be written."""
    goods, most = len(covered(offer, standing)), limit("item_goods")
    if goods > most.top:
        params = {"found": goods, "most": most.top, "activities": len(activities)}
        yield most.found("item_goods", "note", **params, per_call=limit("item_goods_per_call").top)
    room, live = limit("item_activities"), standing.live.get(Tool.ITEM, 0)
    if live + len(activities) > room.top:
        yield room.found("item_activities", "bad", found=len(activities), live=live, most=room.top)
    name = limit("item_name")
    if len(offer.name) > name.top:
        yield name.found("item_name", "note", found=offer.name, most=name.top)
    yield from _per_person(offer)
    yield from _prices_found(offer, standing)
    if isinstance(offer.mechanic, engine.FlashSale):
        yield Finding("item_stock", "warn", "primary", {"found": offer.mechanic.stock})


def _per_person(offer: Offer) -> Iterator[Finding]:
    bound, found = limit("item_per_person"), offer.limits.per_person
    if found is not None and not bound.takes(found):
        yield bound.found("item_per_person", "bad", found=found, values=bound.values)


def _prices_found(offer: Offer, standing: Standing) -> Iterator[Finding]:
    priced = list(_priced(offer, standing))
    unknown = [product for product, _price in priced if not product.list_price_cents]
    if unknown:
        yield Finding("item_no_list_price", "bad", "", {"found": len(unknown), "products": _names(unknown)})
    above = [product for product, price in priced if 0 < product.list_price_cents <= price]
    if above:
        yield Finding("item_not_below", "warn", "", {"found": len(above), "products": _names(above)})
    amounts = len(_by_amount(offer, standing))
    if amounts > 1:
        yield Finding("item_amounts", "note", "primary", {"found": amounts})


def _names(products: Sequence[Product]) -> tuple[str, ...]:
    return tuple(one.title or one.product_id for one in products[:3])

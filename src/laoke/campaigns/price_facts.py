"""What the shop's facts say of the items of a price sheet: deals before the start, pieces of a like period, stock."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from laoke.campaigns.list_prices import listings
from laoke.campaigns.models import CompetitorPrice
from laoke.promotions.backtesting import usual_period
from laoke.promotions.facts import day_number, day_of, reader_at
from laoke.promotions.ladder import (
    Competitor,
    Item,
    Key,
    Known,
    Listed,
    nearest_competitor,
    raised_before,
)
from laoke.shops import catalog
from laoke.shops.models import Shop

if TYPE_CHECKING:
    import pyarrow as pa

    from laoke.warehouse.engine import Reader

# A deal older than this is not told as the newest before the start.
SINCE = timedelta(days=365)


@dataclass(frozen=True)
class PriceFacts:
    """The facts of a sheet at one catalog entry.

    until       day of the newest order; None before the first import
    period      the comparable period, first and last day; None without orders
    unsplit     orders of that period that tell no price of one item: no lines, and not one piece
    """

    known: dict[Key, Known] = field(default_factory=dict)
    until: date | None = None
    period: tuple[date, date] | None = None
    unsplit: int = 0

    def of(self, item: Item) -> Known:
        return self.known.get(item.key, Known())


def price_facts(shop: Shop, starts_at: datetime, items: Iterable[Item], today: date) -> PriceFacts:
    """What is known of each item before `starts_at`."""
    wanted = {one.key for one in items}
    rivals = _competitors(shop, wanted, min(today, starts_at.date()))
    entry = catalog.current()
    span = None if entry is None else _span(reader_at(entry), shop)
    listed = listings(shop, {key.product_id for key in wanted}, starts_at.date())
    if entry is None or span is None:
        bare = {
            key: Known(competitor=rivals.get(key))
            for key in wanted
            if key in rivals or key.product_id in listed
        }
        return PriceFacts({key: _with_list(one, key, listed, starts_at.date()) for key, one in bare.items()})
    reader = reader_at(entry)
    period = comparable(today, starts_at.date(), span)
    deals = _Deals(_deal_rows(reader, shop, starts_at, period, wanted))
    stock = _stock(reader, shop, wanted)
    known = {
        key: _with_list(
            deals.of(key, stock.get(key.product_id) if not key.sku else None, rivals.get(key)),
            key,
            listed,
            starts_at.date(),
        )
        for key in wanted
    }
    days = {"from_day": day_number(period[0]), "to_day": day_number(period[1])}
    unsplit = reader.remembered("unsplit_orders", shop_id=shop.pk, **days).to_pylist()[0]["orders"]
    return PriceFacts(known, span[1], period, unsplit)


def _with_list(known: Known, key: Key, listed: Mapping[str, tuple[Listed, ...]], start: date) -> Known:
    found = listed.get(key.product_id, ())
    return replace(known, listed=found, raised=raised_before(found, start)) if found else known


def comparable(today: date, day: date, span: tuple[date, date]) -> tuple[date, date]:
    """The days around the same day of the newest known year, else the last 90 known days."""
    first, last = span
    found = usual_period(today, day, last)
    return found if found[1] >= first else usual_period(today, None, last)


def best_sold(shop: Shop, starts_at: datetime, most: int, today: date) -> list[Item]:
    """The items that sold the most pieces in the comparable period, as a sheet begins with them: at their list price.

    Where the product list brings none they begin at the price of their newest deal. Empty before the first import.
    """
    entry = catalog.current()
    span = None if entry is None else _span(reader_at(entry), shop)
    if entry is None or span is None:
        return []
    reader = reader_at(entry)
    period = comparable(today, starts_at.date(), span)
    goods = {row["product_id"]: row for row in reader.remembered("priced_goods", shop_id=shop.pk).to_pylist()}
    merged: dict[Key, dict[str, Any]] = {}
    for row in _deal_rows(reader, shop, starts_at, period, None):
        key = Key.of(row["product_id"], "", row["title"])
        held = merged.setdefault(key, {"title": row["title"], "units": 0, "last": None})
        held["units"] += row["units"]
        if row["last_at"] is not None and (held["last"] is None or row["last_at"] > held["last"][0]):
            held["last"] = (row["last_at"], row["last_cents"])
    order = sorted(merged, key=lambda key: (-merged[key]["units"], key.product_id, key.title))
    found = (_first_item(key, merged[key], goods.get(key.product_id)) for key in order)
    return [one for one in found if one is not None][:most]


def _first_item(key: Key, sold: dict[str, Any], listed: dict[str, Any] | None) -> Item | None:
    tag = (listed or {}).get("list_price_cents") or None
    price = tag or (sold["last"][1] if sold["last"] else 0)
    if not price:
        return None
    return Item(
        key.product_id,
        (listed or {}).get("title") or sold["title"],
        price,
        group=(listed or {}).get("category") or "",
        list_cents=tag,
        cost_cents=(listed or {}).get("cost_cents"),
    )


def _span(reader: Reader, shop: Shop) -> tuple[date, date] | None:
    row = reader.remembered("orders_span", shop_id=shop.pk).to_pylist()[0]
    if row["last_paid_day"] is None:
        return None
    return day_of(row["first_paid_day"]), day_of(row["last_paid_day"])


def _deal_rows(
    reader: Reader, shop: Shop, starts_at: datetime, period: tuple[date, date], wanted: set[Key] | None
) -> list[dict[str, Any]]:
    table = reader.remembered(
        "deal_prices",
        shop_id=shop.pk,
        since_at=min(starts_at - SINCE, datetime.combine(period[0], time())),
        start_at=starts_at,
        seven_at=starts_at - timedelta(days=7),
        thirty_at=starts_at - timedelta(days=30),
        from_day=day_number(period[0]),
        to_day=day_number(period[1]),
    )
    return (table if wanted is None else only_wanted(table, wanted)).to_pylist()


def only_wanted(table: pa.Table, wanted: set[Key], title: str = "title") -> pa.Table:
    """The rows of these items: a large shop has far more products than a sheet. `title` is the column of titles."""
    import pyarrow as pa
    import pyarrow.compute as pc

    products = pa.array(sorted({key.product_id for key in wanted if key.product_id}), pa.string())
    titles = pa.array(sorted({key.title for key in wanted if not key.product_id}), pa.string())
    nameless = pc.equal(table["product_id"], "")
    by_number = pc.is_in(table["product_id"], value_set=products)
    return table.filter(pc.or_(by_number, pc.and_(nameless, pc.is_in(table[title], value_set=titles))))


def _stock(reader: Reader, shop: Shop, wanted: set[Key]) -> dict[str, int]:
    products = {key.product_id for key in wanted if key.product_id}
    rows = reader.remembered("priced_goods", shop_id=shop.pk).to_pylist()
    return {
        row["product_id"]: row["stock"]
        for row in rows
        if row["product_id"] in products and row["stock"] is not None
    }


class _Deals:
    """Deals by item; an item without a variant takes those of all variants."""

    def __init__(self, rows: Iterable[dict[str, Any]]) -> None:
        self._rows: dict[str | tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
        for row in rows:
            self._rows[row["product_id"] or ("", row["title"])].append(row)

    def of(self, key: Key, stock: int | None, rival: Competitor | None) -> Known:
        rows = self._rows.get(key.product_id or ("", key.title), [])
        if key.sku:
            rows = [row for row in rows if row["sku"] == key.sku]
        newest = max((row for row in rows if row["last_at"]), key=lambda row: row["last_at"], default=None)
        return Known(
            _least(rows, "lowest_7_cents"),
            _least(rows, "lowest_30_cents"),
            newest["last_cents"] if newest else None,
            newest["last_at"].date() if newest else None,
            sum(row["units"] for row in rows),
            stock,
            rival,
        )


def _least(rows: Iterable[dict[str, Any]], name: str) -> int | None:
    return min((row[name] for row in rows if row[name] is not None), default=None)


def _competitors(shop: Shop, wanted: set[Key], until: date) -> dict[Key, Competitor]:
    seen: dict[Key, list[Competitor]] = defaultdict(list)
    for row in CompetitorPrice.objects.filter(shop=shop, seen_on__lte=until):
        key = Key(row.product_id, row.sku, row.title)
        if key in wanted:
            seen[key].append(Competitor(row.competitor, row.price_cents, row.seen_on, row.source))
    nearest = {key: nearest_competitor(found, until) for key, found in seen.items()}
    return {key: found for key, found in nearest.items() if found is not None}

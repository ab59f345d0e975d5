"""What the orders show of a campaign's offers, beside what the back office counted of them.

An order's discount does not say which offer it came from. It is compared with what every set of the campaign's offers
takes off the same goods (`laoke.promotions.setup.matching`): what only sets with an offer come to shows it. What the
shop took off is the column of the shop's discount where the orders of the period tell one, else the goods at their
prices less what was due for them and what the platform took off.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from laoke.campaigns.comparing import Assigned, starts_at, touches_table
from laoke.campaigns.models import Campaign, CampaignOffer, Round
from laoke.dispatch.models import Arm, Message
from laoke.dispatch.states import REACHED
from laoke.promotions.engine import Layer
from laoke.promotions.engine import Offer as OfferValue
from laoke.promotions.facts import day_number, reader_at
from laoke.promotions.models import Offer, OfferReport
from laoke.promotions.offers import offer_value
from laoke.promotions.setup import (
    Difference,
    OfferOrders,
    Report,
    SentEstimate,
    difference_of,
    sent_estimate,
)
from laoke.promotions.setups import newest_reports, report_value
from laoke.shops import catalog

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    from laoke.promotions.columnar import BasketColumns
    from laoke.promotions.setup.matching import Matched
    from laoke.warehouse.engine import Reader


@dataclass(frozen=True)
class Reconciled:
    """One offer: its newest report, what orders show, the difference by cause, and how many of those were sent it.

    `orders` is None with `why` as the reason: `no_facts`, `not_begun`, `too_many` (offers and prices to tell apart),
    `not_shown` (no column of orders shows this kind). `by_column` says whether the orders tell the shop's discount in a
    column, `coupon` whether they tell where a coupon was used. `rounds` are how many rounds with this offer were sent.
    """

    offer: Offer
    report: OfferReport | None
    orders: OfferOrders | None
    why: str = ""
    difference: Difference | None = None
    estimate: SentEstimate | None = None
    rounds: int = 0
    by_column: bool = True
    coupon: bool = False
    known_until: datetime | None = None


def reconcile(campaign: Campaign, now: datetime) -> list[Reconciled]:
    """Every offer of the campaign, in the order in which they were put to use."""
    from laoke.promotions.setup.matching import are_few_enough, is_shown_by_orders

    links = CampaignOffer.objects.filter(campaign=campaign).select_related("offer__shop").order_by("pk")
    rows = [link.offer for link in links]
    reports = newest_reports(rows)
    values = {row.pk: offer_value(row) for row in rows}
    shown = [row for row in rows if is_shown_by_orders(values[row.pk])]
    begun = [row for row in shown if row.starts_at <= now]
    few = are_few_enough([values[row.pk] for row in shown])
    entry = catalog.current()
    looked = None
    if entry is not None and begun and few:
        looked = _Looked.of(reader_at(entry), campaign, begun, values, reports, now)
    found = []
    for row in rows:
        report = reports.get(row.pk)
        if looked is not None and row in begun:
            found.append(looked.reconciled(row, report))
            continue
        if row not in shown:
            why = "not_shown"
        elif not few:
            why = "too_many"
        else:
            why = "no_facts" if entry is None else "not_begun"
        found.append(Reconciled(row, report, None, why))
    return found


def until_of(row: Offer, report: OfferReport | None, now: datetime) -> datetime:
    """Until when orders of an offer are counted: its end, and not beyond the moment of the report."""
    return min(row.ends_at, report.as_of if report is not None else now, now)


@dataclass(frozen=True)
class _Orders:
    """Orders as flat arrays, one entry each; `baskets` are those whose goods are known, `at` their places."""

    order_ids: list[str]
    created: NDArray[np.datetime64]
    buyer_known: NDArray[np.bool_]
    paid: NDArray[np.bool_]
    paid_back: NDArray[np.bool_]
    fake: NDArray[np.bool_]
    coupon_used: NDArray[np.bool_]
    off_cents: NDArray[np.int64]
    by_column: bool
    coupon_told: bool
    columns: BasketColumns | None
    at: NDArray[np.int64]


@dataclass(frozen=True)
class _Looked:
    """The orders of the period and what each offer's matching says of those with goods."""

    reader: Reader
    campaign: Campaign
    orders: _Orders
    matched: Mapping[str, Matched]
    unexplained: NDArray[np.bool_]
    ran: Mapping[int, NDArray[np.bool_]]
    days: Mapping[str, int]
    known_until: datetime | None
    now: datetime

    @classmethod
    def of(
        cls,
        reader: Reader,
        campaign: Campaign,
        rows: Sequence[Offer],
        values: Mapping[int, OfferValue],
        reports: Mapping[int, OfferReport],
        now: datetime,
    ) -> _Looked:
        import numpy as np

        from laoke.promotions.setup.matching import match_baskets

        first = min(row.starts_at for row in rows)
        last = max(until_of(row, reports.get(row.pk), now) for row in rows)
        days = {
            "shop_id": campaign.shop_id, "from_day": day_number(first.date()),
            "to_day": day_number(max(first, last).date()),
        }  # fmt: skip
        orders = _orders(reader.query("setup_orders", **days))
        ran = {row.pk: _while(orders.created, row.starts_at, row.ends_at) for row in rows}
        offers = [values[row.pk] for row in rows]
        matched: Mapping[str, Matched] = {}
        unexplained = np.zeros(len(orders.at), dtype=np.bool_)
        if orders.columns is not None:
            open_to = {values[row.pk].offer_id: ran[row.pk][orders.at] for row in rows}
            coupon = orders.coupon_used[orders.at] if orders.coupon_told else None
            matched, unexplained = match_baskets(
                orders.columns,
                offers,
                open_to,
                orders.off_cents[orders.at],
                coupon,
                orders.created[orders.at],
            )
        seen = reader.query("orders_span", shop_id=campaign.shop_id).to_pylist()[0]["seen_at"]
        return cls(reader, campaign, orders, matched, unexplained, ran, days, seen, now)

    def reconciled(self, row: Offer, report: OfferReport | None) -> Reconciled:
        rounds = _rounds(self.campaign, row)
        counted = self._counted(row, until_of(row, report, self.now), rounds)
        value = report_value(report)
        told = value or Report(self.now)
        return Reconciled(
            row, report, counted,
            difference=difference_of(told, counted, self.known_until, row.ends_at),
            estimate=sent_estimate(value, counted) if rounds else None,
            rounds=len(rounds), by_column=self.orders.by_column,
            coupon=self.orders.coupon_told and offer_value(row).layer is Layer.COUPON, known_until=self.known_until,
        )  # fmt: skip

    def _counted(self, row: Offer, until: datetime, rounds: Sequence[Round]) -> OfferOrders:
        import numpy as np

        orders = self.orders
        counts = self.ran[row.pk] & (orders.created <= np.datetime64(until, "us"))
        loose = np.ones(len(orders.order_ids), dtype=np.bool_)
        loose[orders.at] = False
        off = orders.off_cents != 0 if orders.by_column else np.ones_like(loose)
        no_goods = int((counts & loose & orders.paid & ~orders.fake & off).sum())
        found = self.matched.get(offer_value(row).offer_id)
        if found is None:
            return OfferOrders(no_goods=no_goods)
        at = orders.at
        here, real = counts[at], ~orders.fake[at]
        paid = here & orders.paid[at]
        shown = paid & real & found.shown
        known = shown & orders.buyer_known[at]
        sent = self._sent(rounds, [orders.order_ids[place] for place in at[known]]) if known.any() else 0
        return OfferOrders(
            reached=int((paid & real & found.reached).sum()), shown=int(shown.sum()),
            refunded=int((shown & orders.paid_back[at]).sum()), maybe=int((paid & real & found.maybe).sum()),
            unexplained=int((paid & real & self.unexplained & found.reached).sum()), no_goods=no_goods,
            unpaid=int((here & ~orders.paid[at] & real & found.shown).sum()),
            fake=int((paid & ~real & found.shown).sum()), known=int(known.sum()), sent=sent,
            discount_cents=int(found.off_cents[shown].sum()),
        )  # fmt: skip

    def _sent(self, rounds: Sequence[Round], order_ids: Sequence[str]) -> int:
        """How many of these orders came from somebody whom a message of the rounds had reached before."""
        from laoke.warehouse.engine import Reader as WarehouseReader

        touches = _touches(self.campaign, rounds)
        if touches is None:
            return 0
        reader = self.reader
        versions = {name: version for name, version in reader.versions.items() if name != "touches"}
        placed = WarehouseReader(reader.root, versions, {"touches": touches}, exclude=reader.exclude)
        found = set(placed.query("setup_sent", **self.days)["order_id"].to_pylist())
        return sum(1 for one in order_ids if one in found)


def _while(created: NDArray[np.datetime64], start: datetime, end: datetime) -> NDArray[np.bool_]:
    import numpy as np

    return np.asarray((created >= np.datetime64(start, "us")) & (created < np.datetime64(end, "us")))


def _orders(rows: pa.Table) -> _Orders:
    """The rows of `setup_orders`: an order's own figures from its first row, its goods from all of them."""
    import numpy as np

    from laoke.promotions.columnar import UNKNOWN_COST, columns_from_lines

    ids = rows["order_id"].to_numpy(zero_copy_only=False)
    firsts = np.flatnonzero(np.r_[True, ids[1:] != ids[:-1]]) if len(ids) else np.zeros(0, dtype=np.int64)
    heads = rows.take(firsts)
    quantity = _numbers(rows, "quantity")
    known = quantity > 0
    columns, at, goods = None, np.zeros(0, dtype=np.int64), np.zeros(len(firsts), dtype=np.int64)
    if known.any():
        lines = rows.filter(known)
        products = lines["product_id"].to_pylist()
        columns, baskets = columns_from_lines(
            lines["order_id"].to_numpy(zero_copy_only=False), products, quantity[known],
            _numbers(lines, "unit_price_cents"), np.full(int(known.sum()), UNKNOWN_COST),
            dict(zip(products, lines["category"].to_pylist(), strict=True)),
        )  # fmt: skip
        place = {name: number for number, name in enumerate(ids[firsts])}
        at = np.array([place[name] for name in baskets], dtype=np.int64)
        goods[at] = columns.basket_sums(columns.unit_price_cents * columns.quantity)
    seller, platform = _numbers(heads, "seller_discount_cents"), _numbers(heads, "platform_discount_cents")
    by_column = bool((seller != 0).any())
    worked_out = np.maximum(goods - _numbers(heads, "goods_due_cents") - platform, 0)
    worked_out[goods == 0] = 0
    coupon = _numbers(heads, "coupon_used") > 0
    return _Orders(
        [str(name) for name in ids[firsts]], _moments(heads, "created_at"), _given(heads, "person_id"),
        _numbers(heads, "paid") > 0, _numbers(heads, "paid_back") > 0, _numbers(heads, "fake") > 0, coupon,
        seller if by_column else worked_out, by_column, bool((coupon & (platform <= 0)).any()), columns, at,
    )  # fmt: skip


def _numbers(rows: pa.Table, name: str) -> NDArray[np.int64]:
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    column = pc.fill_null(pc.cast(rows[name], pa.int64()), 0)
    return np.asarray(column.to_numpy(zero_copy_only=False), dtype=np.int64)


def _moments(rows: pa.Table, name: str) -> NDArray[np.datetime64]:
    import numpy as np

    return np.asarray(rows[name].to_numpy(zero_copy_only=False)).astype("datetime64[us]")


def _given(rows: pa.Table, name: str) -> NDArray[np.bool_]:
    import numpy as np
    import pyarrow.compute as pc

    return np.asarray(pc.is_valid(rows[name]).to_numpy(zero_copy_only=False), dtype=np.bool_)


def _rounds(campaign: Campaign, row: Offer) -> list[Round]:
    """The rounds that told people of the offer and could have reached somebody."""
    rounds = Round.objects.filter(campaign=campaign, offer=row, occasion__launched_at__isnull=False)
    return list(rounds.select_related("occasion", "campaign"))


def _touches(campaign: Campaign, rounds: Sequence[Round]) -> pa.Table | None:
    """Whom a message of the rounds reached, and when; None when nobody."""
    import numpy as np
    import pyarrow as pa

    assigned, moments = [], []
    for row in rounds:
        assert row.occasion is not None
        start = starts_at(row.occasion)
        found = list(
            Message.objects.filter(
                occasion=row.occasion, arm=Arm.TREATED, state__in=[str(state) for state in REACHED]
            ).values_list("person_id", "sent_at")
        )
        people = np.asarray([person for person, _at in found], dtype=np.int64)
        assigned.append(Assigned(row, start, people, np.zeros(len(people), dtype=np.bool_), 0))
        moments += [at or start for _person, at in found]
    if not moments:
        return None
    table: Any = touches_table(campaign.shop_id, assigned)
    return table.set_column(table.schema.get_field_index("at"), "at", pa.array(moments, pa.timestamp("us")))

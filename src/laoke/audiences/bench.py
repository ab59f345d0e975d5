"""How fast a segment counts while somebody types: a shop of many orders, counted on the way that the pages take.

Orders are drawn, features computed from them by the product's own refresh, tags and refusals of some hundred persons
decided in the ledger and not yet mirrored. Then each filter is counted again and again, each time with another amount,
as it is while one types: read, compiled, and asked over the newest catalog entry with the ledger laid over it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from statistics import median
from typing import TYPE_CHECKING

from laoke.audiences import bench_orders, counting
from laoke.customers import consent, tags
from laoke.customers.models import Channel, Customer, VaultRecord
from laoke.insights.models import ValueReport
from laoke.insights.refresh import refresh_features
from laoke.shops import catalog
from laoke.shops.models import Shop, User
from laoke.shops.place import Place

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from laoke.audiences.bench_orders import Drawn

SEED = 20_261_111
# What `{yuan}` stands for goes up by one with each count.
FIRST_YUAN = 300
FEATURES = (
    "bought(2+, within 365d) and spent(>= {yuan}, within 365d) and last_order(90d..365d) "
    'and city in ("杭州", "上海") and not used_coupon'
)
TAG_REACH = 'bought(2+, within 365d) and spent(>= {yuan}, within 365d) and not tag("挑剔") and reachable(sms)'
FACTS = {
    # No window of 200 days is ready, and no product: both ask every order of every customer.
    "segment_count_odd_window": "bought(2+, within 200d) and spent(>= {yuan}, within 200d)",
    "segment_count_product": 'bought_product("羽绒被", 2+, within 365d) and spent(>= {yuan}, within 365d)',
}


@dataclass(frozen=True)
class Filled:
    """A shop ready to be counted, and the seconds of making it."""

    shop: Shop
    drawn: Drawn
    write_seconds: float
    refresh_seconds: float
    refresh_cpu_seconds: float
    join_seconds: float
    join_cpu_seconds: float


@dataclass(frozen=True)
class Warm:
    """Warm counts of one filter: persons found by the first, and milliseconds by the clock and of CPU of each."""

    figure: str
    found: int
    wall_ms: tuple[float, ...]
    cpu_ms: tuple[float, ...]

    @property
    def p95_ms(self) -> float:
        import numpy as np

        return float(np.percentile(self.wall_ms, 95))

    @property
    def told(self) -> str:
        return (
            f"p95 of {len(self.wall_ms)}, median {median(self.wall_ms):.1f} ms, CPU {median(self.cpu_ms):.1f} ms; "
            f"{self.found:,} people"
        )


def fill_shop(
    shop: Shop,
    place: Place,
    now: datetime,
    *,
    customers: int,
    orders: int,
    known: NDArray[np.int64] | None = None,
) -> Filled:
    """Draw and publish the shop's facts and mirrors, and compute its features from them; `known` are the customers of
    whom the ledger knows already."""
    import numpy as np

    from laoke.audiences import bench_facts
    from laoke.warehouse.joined_lines import join_next
    from laoke.warehouse.store import Warehouse

    begun = time.perf_counter()
    draw, today = np.random.default_rng(SEED), now.date()
    warehouse = Warehouse(place.warehouse)
    drawn = bench_orders.draw_orders(customers, orders, today, draw, known)
    bench_orders.write_orders(warehouse, drawn, shop.pk, today, draw, facts=True)
    bench_orders.write_people(warehouse, drawn, shop.pk, shop.owner_id, draw)
    bench_facts.write_products(warehouse, shop.pk)
    for write in (bench_facts.write_touches, bench_facts.write_answers, bench_facts.write_coupons):
        write(warehouse, drawn, shop.pk, today, draw)
    bench_facts.write_groups(warehouse, drawn, shop.pk, draw)
    bench_facts.write_expected(warehouse, drawn, shop.pk, today, draw)
    # Last, so that all before them is drawn as it was without them.
    rewards = (bench_facts.write_points, bench_facts.write_draws, bench_facts.write_referrals)
    for write in (*rewards, bench_facts.write_cases):
        write(warehouse, drawn, shop.pk, today, draw)
    entry = catalog.publish(warehouse.versions(), as_of_day=today, now=now, reason="import")
    ValueReport.objects.create(
        shop=shop, as_of_day=today, catalog_ref=entry.pk, model="bg_nbd", report={}, computed_at=now
    )
    written, cpu = time.perf_counter(), time.process_time()
    refresh_features(shop, place, now=now)
    refreshed, joined_cpu = time.perf_counter(), time.process_time()
    while join_next(warehouse.root, warehouse.versions()):
        pass  # a month each, as the worker does it
    joined = time.perf_counter() - refreshed
    return Filled(
        shop, drawn, written - begun, refreshed - written, joined_cpu - cpu, joined, time.process_time() - joined_cpu
    )  # fmt: skip


def decide(filled: Filled, user: User, now: datetime, people: int) -> None:
    """Let so many persons consent, be tagged and in part refuse, in the ledger: their rows of tags and of reach are
    out of date in the mirrors from now on."""
    shop, chosen = filled.shop, bench_orders.persons_apart(filled.drawn, people)
    Customer.objects.bulk_create(
        [Customer(pk=person, owner_id=shop.owner_id, person_id=person, created_at=now) for person in chosen]
    )
    VaultRecord.objects.bulk_create(
        VaultRecord(
            customer_id=person, shop=shop, sealed=b"", key_id="bench", phone_state="valid",
            phone_digest=f"bench-{person}", content_digest="bench", seen_at=now,
        )
        for person in chosen
    )  # fmt: skip
    declared = consent.Declaration(
        Channel.SMS, "owner", "同意接收本店短信", "1", now.date(), now.date(), "会员协议"
    )
    consent.declare(shop, declared, by=user, now=now)
    tags.set_tag(tags.make_tag(shop, "会员群", now=now), chosen, by=user, now=now)
    tags.set_tag(tags.make_tag(shop, bench_orders.TAG, now=now), chosen[: people // 2], by=user, now=now)
    for person in chosen[-people // 5 :]:
        consent.opt_out(shop, Channel.SMS, now=now, source="reply", person_id=person)


def count_warm(
    figure: str,
    shop: Shop,
    text: str,
    today: date,
    runs: int,
    *,
    by_steps: bool = False,
    first_yuan: int = FIRST_YUAN,
) -> Warm:
    """Count after two that warm up, each time with another amount; with its steps as the builder shows them."""
    wall, cpu, found = [], [], 0
    for run in range(-2, runs):
        begun, spent = time.perf_counter(), time.process_time()
        typed = text.format(yuan=first_yuan + run)
        counted = (
            counting.count_by_steps(shop, typed, today)[0] if by_steps else counting.count(shop, typed, today)
        )
        if run >= 0:
            wall.append((time.perf_counter() - begun) * 1000)
            cpu.append((time.process_time() - spent) * 1000)
        if run == 0:
            found = counted.n
    return Warm(figure, found, tuple(wall), tuple(cpu))


def bench_counts(filled: Filled, user: User, now: datetime, *, runs: int, decided: int) -> Iterator[Warm]:
    """Over features, with tags and reach, the same with decisions laid over, and over the facts."""
    shop, today = filled.shop, now.date()
    yield count_warm("segment_count_features", shop, FEATURES, today, runs)
    yield count_warm("segment_count_features_tag_reach", shop, TAG_REACH, today, runs)
    decide(filled, user, now, decided)
    yield count_warm("segment_count_laid_over", shop, TAG_REACH, today, runs)
    yield count_warm("segment_count_by_steps", shop, TAG_REACH, today, runs, by_steps=True)
    for figure, text in FACTS.items():
        yield count_warm(figure, shop, text, today, max(runs // 4, 2))  # seconds each, and no limit

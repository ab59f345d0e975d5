"""Ratings, parcels and levels: exact facts, a cursor each, and a refusal of one that holds up no other."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from laoke.customers import review_texts
from laoke.customers.models import Identity, OrderText, ReviewText
from laoke.customers.sealing import waybill_digests
from laoke.customers.vault import open_order_text
from laoke.intake.models import Connection, ConnectionState, ImportRun, PullCursor
from laoke.intake.top.loopback import Fault, LoopbackTop
from laoke.intake.top.loopback_others import members_of, ratings_of, trace_row
from laoke.shops.models import Shop
from tests.top.platform import NOW, MovedClock, check_truth, pull_once, stored

pytestmark = pytest.mark.django_db(transaction=True)

STARS = {"good": 3, "neutral": 2, "bad": 1}
KINDS = {
    "CONSIGN": "shipped", "GOT": "shipped", "DEPARTURE": "in_transit", "ARRIVAL": "in_transit",
    "SENT_CITY": "arrived_city", "SENT_SCAN": "out_for_delivery", "SIGNED": "signed",
}  # fmt: skip


def true_ratings(platform: LoopbackTop, clock: MovedClock) -> list[tuple[Any, ...]]:
    until = clock() - timedelta(minutes=1)
    found = ratings_of(platform.shop, until)
    return sorted((one.tid, one.num_iid, STARS[one.result], one.at) for one in found)


def true_traces(platform: LoopbackTop, clock: MovedClock, shop: Shop) -> list[tuple[Any, ...]]:
    since, found = clock() - timedelta(minutes=1) - timedelta(days=30), []
    known = {row[0] for row in stored("orders", "order_id", shop)}
    for trade in platform.shop.trades.values():
        if trade.tid in known and trade.shipped and since < trade.shipped <= clock() and not trade.closed:
            told = trace_row(trade, clock())
            [digest] = waybill_digests([told["out_sid"]])
            steps = told["trace_list"]["transit_step_info"]
            found += [
                (trade.tid, one["status_time"], KINDS[one["action"]], told["company_name"], digest)
                for one in steps
            ]
    return sorted(found)


REVIEWS = 'order_id, product_id, rating, "at"'
TRACES = "order_id, strftime(\"at\", '%Y-%m-%d %H:%M:%S'), kind, carrier, waybill_digest"


def test_ratings_are_facts_and_their_words_are_in_the_vault(
    connection: Connection, shop: Shop, platform: LoopbackTop, clock: MovedClock
) -> None:
    pull_once(connection, clock)

    rated = true_ratings(platform, clock)
    assert stored("reviews", REVIEWS, shop) == rated
    told = review_texts.words_of(shop, [tid for tid, _, _, _ in rated])
    assert set(told) == {(tid, product) for tid, product, _, _ in rated}
    assert {words["review_text"] for words in told.values()} == {
        "手感软，尺寸正合适",
        "一般，颜色比图片深",
        "洗了一次就起球",
    }
    buyers = dict(stored("orders", "order_id, customer_id", shop))
    assert dict(ReviewText.objects.values_list("order_id", "customer_id")) == {
        tid: buyers.get(tid) for tid, _, _, _ in rated
    }
    assert PullCursor.objects.get(stream="ratings").reached == NOW - timedelta(minutes=1)


def test_a_rating_leaves_the_memo_of_its_order_and_the_order_leaves_the_rating(
    connection: Connection, shop: Shop, platform: LoopbackTop, clock: MovedClock
) -> None:
    pull_once(connection, clock)
    both = next(
        trade
        for trade in platform.shop.trades.values()
        if trade.tid in {row[0] for row in true_ratings(platform, clock)}
        and OrderText.objects.filter(order_id=trade.tid).exists()
    )
    object.__setattr__(both, "memo", "送礼袋")
    clock.move(minutes=30)
    platform.shop.touch(both.tid, clock())
    clock.move(minutes=5)
    pull_once(connection, clock)
    text = open_order_text(OrderText.objects.get(order_id=both.tid))
    assert text["seller_memo"] == "送礼袋"
    assert review_texts.words_of(shop, [both.tid])


def test_parcels_are_followed_until_they_arrive_and_their_numbers_are_not_kept(
    connection: Connection, shop: Shop, platform: LoopbackTop, clock: MovedClock
) -> None:
    pull_once(connection, clock)
    assert stored("shipment_events", TRACES, shop) == true_traces(platform, clock, shop)
    under_way = {row[0] for row in stored("shipment_events", "order_id", shop)} - {
        row[0] for row in stored("shipment_events", "order_id, kind", shop) if row[1] == "signed"
    }
    assert under_way

    clock.move(hours=3)
    platform.calls.clear()
    pull_once(connection, clock)
    arrived = len(platform.shop.trades)
    assert len(under_way) <= platform.calls["taobao.logistics.trace.search"] < arrived / 4
    assert stored("shipment_events", TRACES, shop) == true_traces(platform, clock, shop)
    platform.calls.clear()
    clock.move(minutes=30)
    pull_once(connection, clock)
    assert platform.calls["taobao.logistics.trace.search"] == 0


def test_levels_come_to_the_buyers_by_their_keys(
    connection: Connection, shop: Shop, platform: LoopbackTop, clock: MovedClock
) -> None:
    pull_once(connection, clock)
    until = clock() - timedelta(minutes=1)
    wanted = sorted(one.row()["grade_name"] for one in members_of(platform.shop, until))
    told = stored("customers", "level, customer_id, first_seen, province", shop)
    assert sorted(row[0] for row in told if row[0]) == wanted
    assert Identity.objects.filter(kind="nick").count() == 0
    # The level changes nothing else of a customer.
    assert any(row[3] for row in told if row[0])

    clock.move(days=3)
    pull_once(connection, clock)
    until = clock() - timedelta(minutes=1)
    wanted = sorted(one.row()["grade_name"] for one in members_of(platform.shop, until))
    levels = [row[0] for row in stored("customers", "level, customer_id", shop) if row[0]]
    assert sorted(levels) == wanted


@pytest.mark.parametrize(
    ("method", "stream"),
    [
        ("taobao.traderates.get", "ratings"), ("taobao.logistics.trace.search", "traces"),
        ("taobao.crm.members.increment.get", "members"),
    ],
)  # fmt: skip
def test_a_stream_that_the_app_may_not_read_says_so_and_holds_up_no_other(
    connection: Connection, shop: Shop, platform: LoopbackTop, clock: MovedClock, method: str, stream: str
) -> None:
    platform.faults = [Fault("forbidden", left=10**6, methods=(method,))]

    turn = pull_once(connection, clock)

    assert (turn.done, turn.trouble, connection.state) == (True, None, ConnectionState.ACTIVE)
    check_truth(shop, platform, clock)
    told = {cursor.stream: cursor for cursor in PullCursor.objects.all()}
    refused = told.pop(stream)
    assert (refused.trouble["kind"], refused.trouble["method"]) == ("permission", method)
    assert (refused.rows, refused.next_at) == (0, NOW + timedelta(hours=6))
    assert all(not one.trouble and one.answered_at == NOW for one in told.values())
    assert all(one.rows for one in told.values() if one.stream != "changes")

    platform.faults = []
    platform.calls.clear()
    clock.move(hours=5)
    pull_once(connection, clock)
    assert platform.calls[method] == 0
    clock.move(hours=1)
    pull_once(connection, clock)
    told_now = PullCursor.objects.get(stream=stream)
    assert told_now.rows > 0 and not told_now.trouble


def test_trouble_in_a_stream_of_its_own_goes_on_from_its_cursor(
    connection: Connection, shop: Shop, platform: LoopbackTop, clock: MovedClock
) -> None:
    platform.faults = [Fault("away", left=4, after=10, methods=("taobao.traderates.get",))]
    turn = pull_once(connection, clock)
    assert turn.trouble is not None and turn.trouble.kind == "away"
    cursor = PullCursor.objects.get(stream="ratings")
    assert NOW - timedelta(days=180) < cursor.reached < NOW - timedelta(days=30)
    clock.move(minutes=5)
    assert pull_once(connection, clock).done
    assert stored("reviews", REVIEWS, shop) == true_ratings(platform, clock)


def test_a_rating_that_cannot_be_read_is_put_aside(
    connection: Connection, shop: Shop, platform: LoopbackTop, clock: MovedClock, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    strange = true_ratings(platform, clock)[0]
    whole = "laoke.intake.top.loopback_others.MadeRating.row"
    row = type(next(ratings_of(platform.shop, clock()))).row
    monkeypatch.setattr(whole, lambda one: row(one) | ({"result": "?"} if one.tid == strange[0] else {}))
    turn = pull_once(connection, clock)
    aside = sum(one[0] == strange[0] for one in true_ratings(platform, clock))
    assert turn.aside == aside
    [run] = ImportRun.objects.filter(quarantined__isnull=False).distinct()
    assert (run.grain, run.counts["quarantined"]) == ("review", aside)
    assert {row.reason for row in run.quarantined.all()} == {"word_unknown"}
    assert run.counts["read"] == run.counts["accepted"] + run.counts["unchanged"] + run.counts["quarantined"]

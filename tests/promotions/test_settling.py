"""Deposits, groups and differences are settled to the cent, whatever order the orders come in, as a slow rival does."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from laoke.promotions.engine import (
    BuyersStep,
    DepositExpansion,
    EngineError,
    Goods,
    GroupBuy,
    Layer,
    MoreCheaper,
    Offer,
    PaidOrder,
    PercentOff,
    Window,
    settle,
    settlement_to_dict,
    settling_request_from_dict,
    sift,
)

START = datetime(2026, 11, 1)
HOUR = timedelta(hours=1)
END = START + 40 * HOUR
DEPOSIT = Offer(
    "d",
    Layer.ITEM,
    DepositExpansion(5_000, 10_000, START + 10 * HOUR, START + 20 * HOUR),
    window=Window(START, END),
)
GROUP = Offer("g", Layer.ITEM, GroupBuy(5_900, 3, 6))
MORE = Offer(
    "m",
    Layer.ITEM,
    MoreCheaper((BuyersStep(2, 9_000), BuyersStep(4, 7_777))),
    window=Window(START, END),
)

ids = [f"{number:02}" for number in range(10)]
buyers = st.sampled_from("abcdef")
hours = st.integers(0, 30).map(lambda hour: START + hour * HOUR)
prices = st.integers(0, 20_000)


def orders(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[list[PaidOrder]]:
    """Up to ten orders with ids of their own, in any order."""
    one = st.builds(PaidOrder, order_id=st.sampled_from(ids), buyer=buyers, at=hours, **fields)
    return st.lists(one, max_size=10, unique_by=lambda order: order.order_id)


def rival_groups(given_orders: list[PaidOrder], at: datetime) -> dict[str, tuple[str, str]]:
    """Group and state of each order; every group is written out anew for every order."""
    came: list[tuple[PaidOrder, str]] = []
    for order in sorted(given_orders, key=lambda one: (one.at, one.order_id)):
        group = order.order_id
        for earlier, named in came:
            inside = [other for other, theirs in came if theirs == named]
            late = order.at - inside[0].at >= 6 * HOUR
            if earlier.order_id == order.joins and len(inside) < 3 and not late:
                group = order.order_id if order.buyer in {other.buyer for other in inside} else named
        came.append((order, group))
    size = Counter(group for _order, group in came)
    opened = {order.order_id: order.at for order, _group in came}
    return {
        order.order_id: (
            group,
            "formed" if size[group] == 3 else "failed" if at >= opened[group] + 6 * HOUR else "waiting",
        )
        for order, group in came
    }


@given(orders(paid_cents=prices, joins=st.sampled_from(["", *ids])), st.integers(30, 40), st.randoms())
def test_groups_fill_fail_and_wait_as_the_rival_says(given_orders: Any, hour: int, random: Any) -> None:
    at = START + hour * HOUR
    found = settle(GROUP, given_orders, at)
    shuffled = list(given_orders)
    random.shuffle(shuffled)

    assert settle(GROUP, shuffled, at) == found
    assert {one.order_id: (one.group, one.state) for one in found.orders} == rival_groups(given_orders, at)
    assert found.paid_cents == sum(order.paid_cents for order in given_orders)
    assert found.paid_cents == found.kept_cents + found.back_cents + found.open_cents
    for one in found.orders:
        parts = {"formed": one.kept_cents, "failed": one.back_cents, "waiting": one.open_cents}
        assert parts[one.state] == one.paid_cents == one.kept_cents + one.back_cents + one.open_cents
    members = [name for group in found.groups for name in group.order_ids]
    assert sorted(members) == sorted(order.order_id for order in given_orders)


def rival_price(order: PaidOrder, number: int) -> int:
    """What an order pays when so many buyers have come, piece by piece."""
    rate = 7_777 if number >= 4 else 9_000 if number >= 2 else 10_000
    pieces = [goods.unit_price_cents for goods in order.goods for _piece in range(goods.quantity)]
    return max(0, sum((2 * price * rate + 10_000) // 20_000 for price in pieces) - order.off_cents)


some_goods = st.lists(st.builds(Goods, prices, st.integers(1, 3)), min_size=1, max_size=2).map(tuple)


@given(orders(goods=some_goods, off_cents=st.integers(0, 5_000), returned=st.booleans()), st.booleans())
def test_the_difference_to_the_last_price_goes_back_as_the_rival_says(given_orders: Any, over: bool) -> None:
    found = settle(MORE, given_orders, END if over else END - HOUR)
    in_time = sorted(given_orders, key=lambda one: (one.at, one.order_id))
    stayed = len({order.buyer for order in given_orders if not order.returned})

    assert found.buyers == stayed
    for place, (order, one) in enumerate(zip(in_time, found.orders, strict=True)):
        paid = rival_price(order, len({other.buyer for other in in_time[: place + 1]}))
        kept = 0 if order.returned or not over else min(paid, rival_price(order, stayed))
        assert (one.paid_cents, one.kept_cents) == (paid, kept)
        assert one.open_cents == (0 if over or order.returned else paid)
    assert found.paid_cents == found.kept_cents + found.back_cents + found.open_cents


in_time = st.integers(0, 9).map(lambda hour: START + hour * HOUR)


@given(
    st.lists(
        st.builds(PaidOrder, order_id=st.sampled_from(ids), buyer=buyers, at=in_time, paid_cents=prices),
        max_size=10,
        unique_by=lambda order: order.order_id,
    ),
    st.sets(st.sampled_from(ids)),
    st.integers(30, 45),
)
def test_deposits_are_completed_kept_or_wait(given_orders: Any, paying: set[str], hour: int) -> None:
    given_orders = [
        PaidOrder(
            one.order_id, one.buyer, one.at, one.paid_cents, START + 25 * HOUR if pays else None, 777 * pays
        )
        for one in given_orders
        for pays in [one.order_id in paying]
    ]
    found = settle(DEPOSIT, given_orders, START + hour * HOUR)

    for order, one in zip(sorted(given_orders, key=lambda o: (o.at, o.order_id)), found.orders, strict=True):
        unpaid = "forfeited" if hour >= 40 else "waiting"
        assert one.state == ("completed" if order.order_id in paying else unpaid)
        assert one.paid_cents == order.paid_cents + order.balance_cents
        assert one.back_cents == 0, "a deposit is not refunded"
    assert found.paid_cents == found.kept_cents + found.open_cents


def test_what_is_waited_for_is_said_with_its_moment() -> None:
    came = [PaidOrder(str(n), f"b{n}", START + n * HOUR, 5_900, joins="0" if n else "") for n in range(3)]

    (group,) = settle(GROUP, came, START + 3 * HOUR).groups
    (short,) = settle(GROUP, came[:2], START + 6 * HOUR).groups

    assert (group.state, group.order_ids, group.at) == ("formed", ("0", "1", "2"), START + 2 * HOUR)
    assert (short.state, short.at) == ("failed", START + 6 * HOUR)


@pytest.mark.parametrize(
    ("offer", "given_orders", "code"),
    [
        (GROUP, [PaidOrder("1", "a", START), PaidOrder("1", "b", START)], "duplicate_order_id"),
        (GROUP, [PaidOrder("1", "a", END + HOUR)], "order_after_settling"),
        (
            DEPOSIT,
            [PaidOrder("1", "a", START, 5_000, START + 19 * HOUR, 100)],
            "balance_out_of_time",
        ),
        (DEPOSIT, [PaidOrder("1", "a", START, 5_000, END, 100)], "balance_out_of_time"),
        (
            DEPOSIT,
            [PaidOrder("1", "a", START + 10 * HOUR, 5_000, START + 25 * HOUR, 100)],
            "deposit_out_of_time",
        ),
        (DEPOSIT, [PaidOrder("1", "a", START - HOUR, 5_000)], "order_out_of_window"),
        (MORE, [PaidOrder("1", "a", START - HOUR, goods=(Goods(100),))], "order_out_of_window"),
        (Offer("p", Layer.ITEM, PercentOff(8_000)), [], "nothing_to_settle"),
    ],
)
def test_what_cannot_be_settled_is_refused(offer: Offer, given_orders: Any, code: str) -> None:
    with pytest.raises(EngineError) as refused:
        settle(offer, given_orders, END)
    assert refused.value.code == code


def test_orders_that_can_be_settled_are_told_from_those_that_cannot() -> None:
    last = START + 10 * HOUR
    came = [
        PaidOrder("late", "a", last, 5_000),
        PaidOrder("just", "b", last - timedelta(seconds=1), 5_000),
        PaidOrder("twice", "c", START, 5_000),
        PaidOrder("twice", "c", START + HOUR, 5_000),
        PaidOrder("soon", "d", START, 5_000, START + 19 * HOUR, 100),
    ]

    fit, refused = sift(DEPOSIT, came, END)

    assert [order.order_id for order in fit] == ["twice", "just"]
    assert [(one.order.order_id, one.reason.code) for one in refused] == [
        ("soon", "balance_out_of_time"),
        ("twice", "duplicate_order_id"),
        ("late", "deposit_out_of_time"),
    ]
    assert [one.state for one in settle(DEPOSIT, fit, END).orders] == ["forfeited", "forfeited"]


@pytest.mark.parametrize(
    ("build", "field", "code"),
    [
        (lambda: PaidOrder("", "a", START), "order_id", "empty"),
        (lambda: PaidOrder("1", "", START), "buyer", "empty"),
        (lambda: PaidOrder("1", "a", START, -1), "paid_cents", "out_of_range"),
        (lambda: PaidOrder("1", "a", START.replace(tzinfo=UTC)), "at", "time_with_zone"),
        (lambda: Goods(-1), "unit_price_cents", "out_of_range"),
        (lambda: Goods(1, 0), "quantity", "out_of_range"),
    ],
)
def test_an_order_that_means_nothing_cannot_exist(build: Any, field: str, code: str) -> None:
    with pytest.raises(EngineError) as refused:
        build()
    assert (refused.value.field, refused.value.code) == (field, code)


REQUEST: dict[str, Any] = {
    "offer": {
        "offer_id": "m",
        "layer": "item",
        "mechanic": "more_cheaper",
        "terms": {"steps": [{"buyers": 2, "pay_bp": 9_000}]},
        "window": {"end": "2026-11-02T00:00:00"},
    },
    "orders": [
        {
            "order_id": "1",
            "buyer": "a",
            "at": "2026-11-01T10:00:00",
            "goods": [{"unit_price_cents": 10_000}],
        },
        {
            "order_id": "2",
            "buyer": "b",
            "at": "2026-11-01T11:00:00",
            "goods": [{"unit_price_cents": 500, "quantity": 2}],
        },
    ],
    "at": "2026-11-02T00:00:00",
}


def test_a_settlement_is_asked_for_and_answered_as_json() -> None:
    offer, given_orders, at = settling_request_from_dict(REQUEST)
    assert at is not None
    told = settlement_to_dict(settle(offer, given_orders, at))

    assert (told["buyers"], told["pay_bp"], told["groups"]) == (2, 9_000, [])
    assert (told["paid_cents"], told["kept_cents"], told["back_cents"]) == (10_900, 9_900, 1_000)
    assert [one["back_cents"] for one in told["orders"]] == [1_000, 0]


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"at": None}, "orders[0].at", "missing"),
        ({"at": "gestern"}, "orders[0].at", "not_a_time"),
        ({"paid": 1}, "orders[0].paid", "unknown_field"),
        ({"goods": [{"unit_price_cents": "1"}]}, "orders[0].goods[0].unit_price_cents", "not_a_whole_number"),
        ({"buyer": ""}, "orders[0].buyer", "empty"),
    ],
)
def test_a_wrong_request_is_refused_with_the_path_of_the_field(
    change: dict[str, Any], field: str, code: str
) -> None:
    orders_given = [{**REQUEST["orders"][0], **change}]
    with pytest.raises(EngineError) as refused:
        settling_request_from_dict({**REQUEST, "orders": orders_given})
    assert (refused.value.field, refused.value.code) == (field, code)

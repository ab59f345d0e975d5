"""Each signal of a fake order on hand-made rows: what is found with its values, and what lies just short of it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from laoke.insights.fake_orders.rules import (
    FLOOR,
    POINTS,
    THRESHOLD,
    Rules,
    RulesRefused,
    score_of,
    signals_of,
)
from tests.fake_orders import rival
from tests.fake_orders.shops import DAY, EVERY_SIGNAL, MIDDAY, event, placed, reader_of, refund, rows_of
from tests.warehouse.shops import EPOCH


def found(
    tmp_path, orders, events=(), refunds=(), rules: Rules = EVERY_SIGNAL, days=(DAY, DAY)
) -> dict[str, dict]:
    """Order → signal → values, of orders that carry any."""
    reader = reader_of(tmp_path, orders=list(orders), shipment_events=list(events), refunds=list(refunds))
    return {row["order_id"]: signals_of(row) for row in rows_of(reader, rules, days)}


def crowd(orders_by_buyer: list[int], gap: int = 60, **given) -> list[dict]:
    """Orders in turn, one every `gap` seconds, so many of each buyer; another article each time unless told."""
    buyers = [buyer for buyer, n in enumerate(orders_by_buyer, start=1) for _ in range(n)]
    return [placed(f"A{n:02}", buyer, seconds=n * gap, **given) for n, buyer in enumerate(buyers)]


def test_six_orders_of_two_buyers_within_an_hour_are_a_burst(tmp_path):
    orders = [row | {"titles": f"茶 {n}"} for n, row in enumerate(crowd([3, 3]))]
    signals = found(tmp_path, orders)
    assert sorted(signals) == [f"A{n:02}" for n in range(6)]
    assert {str(one["burst"]) for one in signals.values()} == {"{'orders': 6, 'buyers': 2, 'goods': 0}"}


@pytest.mark.parametrize(
    ("orders_by_buyer", "gap"),
    [([3, 2], 60), ([2, 2, 2], 60), ([6], 60), ([5, 2], 60), ([3, 3], 720)],
    ids=["five orders", "two each", "one buyer alone", "one who ordered anew", "an hour exactly"],
)
def test_less_than_that_is_no_burst(tmp_path, orders_by_buyer, gap):
    orders = [row | {"titles": f"茶 {n}"} for n, row in enumerate(crowd(orders_by_buyer, gap))]
    assert found(tmp_path, orders) == {}


def test_a_burst_of_one_article_is_seen_in_a_busy_hour(tmp_path):
    others = [placed(f"B{n:02}", 100 + n, seconds=n * 10, titles=f"茶 {n}") for n in range(30)]
    signals = found(tmp_path, [*crowd([3, 3]), *others])
    assert sorted(signals) == [f"A{n:02}" for n in range(6)]
    assert signals["A00"]["burst"] == {"orders": 6, "buyers": 2, "goods": 1}


def test_a_burst_over_the_turn_of_a_clock_hour_is_one_burst(tmp_path):
    orders = [
        row | {"created_at": row["created_at"] + timedelta(minutes=40)} for row in crowd([3, 3], gap=400)
    ]
    signals = found(tmp_path, orders)
    assert {str(one["burst"]) for one in signals.values()} == {"{'orders': 6, 'buyers': 2, 'goods': 1}"}
    assert len(signals) == 6


def test_who_orders_once_amid_a_burst_is_not_part_of_it(tmp_path):
    orders = [*crowd([4, 4]), placed("B", 9, seconds=100)]
    signals = found(tmp_path, orders)
    assert "B" not in signals
    assert signals["A00"]["burst"] == {"orders": 9, "buyers": 3, "goods": 1}


def test_three_buyers_of_one_article_in_one_district_within_an_hour_are_a_cluster(tmp_path):
    orders = crowd([1, 1, 1], gap=1_799, district="余杭区")
    assert found(tmp_path, orders) == {
        order: {"cluster": {"orders": 3, "buyers": 3}} for order in ("A00", "A01", "A02")
    }
    assert found(tmp_path, crowd([1, 1, 1], gap=1_800, district="余杭区")) == {}
    assert found(tmp_path, crowd([1, 1, 1], gap=60)) == {}, "without a district there is no place"


def test_the_same_article_three_times_in_a_day_by_one_buyer(tmp_path):
    day = [placed(f"A{n}", 1, seconds=n * 43_199) for n in range(3)]
    assert found(tmp_path, day, days=(DAY, DAY + 1)) == {
        f"A{n}": {"same_goods": {"orders": 3}} for n in range(3)
    }
    longer = [placed(f"A{n}", 1, seconds=n * 43_200) for n in range(3)]
    assert found(tmp_path, longer, days=(DAY, DAY + 1)) == {}


def test_one_waybill_for_two_buyers_is_reused_and_for_one_buyer_shared(tmp_path):
    orders = [placed("A", 1), placed("B", 2), placed("C", 3), placed("D", 3, seconds=9)]
    events = [event(one, "shipped", 6, "w1" if one in "AB" else "w2") for one in "ABCD"]
    assert found(tmp_path, orders, events) == {
        "A": {"reused_waybill": {"buyers": 2}},
        "B": {"reused_waybill": {"buyers": 2}},
    }


def test_signed_within_twelve_hours_of_leaving(tmp_path):
    orders = [placed("A", 1), placed("B", 2)]
    events = [
        event("A", "shipped", 6),
        event("A", "signed", 17.5),
        event("B", "shipped", 6),
        event("B", "signed", 18),
    ]
    assert found(tmp_path, orders, events) == {"A": {"signed_soon": {"minutes": 690}}}


def test_confirmed_within_a_day_of_the_door_or_where_that_is_unknown_of_shipping(tmp_path):
    orders = [
        placed("A", 1, finished_at=MIDDAY + timedelta(hours=70)),
        placed("B", 2, finished_at=MIDDAY + timedelta(hours=10)),
        placed("C", 3, finished_at=MIDDAY + timedelta(hours=30)),
    ]
    assert found(tmp_path, orders, [event("A", "signed", 47)]) == {
        "A": {"quick_confirm": {"minutes": 1_380, "signed": 1}},
        "B": {"quick_confirm": {"minutes": 240, "signed": 0}},
    }


def test_a_parcel_nobody_saw_stands_out_only_where_others_were_seen(tmp_path):
    orders = [placed("A", 1), placed("B", 2)]
    assert found(tmp_path, orders, [event("A", "in_transit", 20)]) == {"B": {"no_trace": {}}}
    more = [*orders, placed("C", 3)]
    assert found(tmp_path, more, [event("A", "in_transit", 20)]) == {}, (
        "two of three without: the file tells little"
    )


def test_money_back_soon_after_a_parcel_left(tmp_path):
    orders = [placed(one, n) for n, one in enumerate("ABCDE", start=1)]
    orders[3] |= {"shipped_at": None}
    refunds = [
        refund("A", 9_500, 71), refund("B", 9_499, 10), refund("C", 10_000, 72), refund("D", 10_000, 1),
        refund("E", 10_000, 1, kind="goods"),
    ]  # fmt: skip
    assert found(tmp_path, orders, refunds=refunds) == {
        "A": {"paid_back": {"cents": 9_500, "paid_cents": 10_000}}
    }


def test_a_finished_order_that_gave_everything_back_where_no_refunds_are_known(tmp_path):
    orders = [
        placed("A", 1, refunded_cents=10_000),
        placed("B", 2, refunded_cents=10_000, status="closed_refunded", state_rank=5),
        placed("C", 3, refunded_cents=4_000),
    ]
    assert found(tmp_path, orders) == {"A": {"paid_back": {"cents": 10_000, "paid_cents": 10_000}}}


def test_memo_flags_speak_only_where_the_shop_says_what_they_mean(tmp_path):
    orders = [placed("A", 1, memo_flag=4), placed("B", 2, memo_flag=5)]
    assert found(tmp_path, orders) == {"A": {"memo_flag": {"flag": 4}}}
    assert found(tmp_path, orders, rules=Rules()) == {}


def test_single_order_accounts_that_crowd_on_one_article_against_the_shops_own_share(tmp_path):
    crowd_of_new = [placed(f"N{n:02}", 100 + n, seconds=n * 4_000) for n in range(10)]
    regulars = [
        placed(f"R{n:02}{k}", n, seconds=-86_400 * k, created_day=DAY - k, titles=f"壶 {k}")
        for n in range(1, 11)
        for k in (1, 2)
    ]
    signals = found(tmp_path, [*crowd_of_new, *regulars])
    assert {str(one) for one in signals.values()} == {"{'new_accounts': {'orders': 10, 'single': 10}}"}
    assert len(signals) == 10
    assert found(tmp_path, crowd_of_new) == {}, "a shop whose buyers are all new sees nothing in it"
    assert found(tmp_path, [*crowd_of_new[:9], *regulars]) == {}


def test_unpaid_orders_and_other_days_are_not_judged(tmp_path):
    unpaid = [row | {"paid_at": None, "status": "unpaid"} for row in crowd([3, 3])]
    assert found(tmp_path, unpaid) == {}
    assert found(tmp_path, crowd([3, 3]), days=(DAY + 1, DAY + 1)) == {}


def test_persons_are_buyers_so_two_nicks_of_one_are_one(tmp_path):
    reader = reader_of(
        tmp_path,
        orders=crowd([3, 3]),
        person_map=[{"shop_id": 1, "customer_id": 2, "person_id": 1, "owner_id": 1, "import_id": 0}],
    )
    assert {row["goods_burst"] for row in rows_of(reader)} == {None}, "one person alone is no burst"


def test_a_shared_phone_counts_from_three_persons_on(tmp_path):
    (row,) = rows_of(reader_of(tmp_path, orders=[placed("A", 1, memo_flag=4)]))
    assert "shared_contact" not in signals_of(row, 2)
    assert signals_of(row, 3)["shared_contact"] == {"buyers": 3}


def test_a_score_is_the_sum_of_points_with_the_heaviest_reason_first_and_ends_at_100(tmp_path):
    orders = [row | {"memo_flag": 4} for row in crowd([3, 3, 3], district="余杭区")]
    row = rows_of(reader_of(tmp_path, orders=orders))[0]
    score, reasons = score_of(row, EVERY_SIGNAL, 3)
    assert [(one.signal, one.points) for one in reasons] == [
        ("memo_flag", 50), ("burst", 35), ("shared_contact", 25), ("cluster", 20), ("same_goods", 15),
    ]  # fmt: skip
    assert score == 100
    lighter = Rules(points={**POINTS, "memo_flag": 0, "burst": 10}, memo_flags=(4,))
    score, reasons = score_of(row, lighter, 0)
    assert (score, [one.signal for one in reasons]) == (45, ["cluster", "same_goods", "burst"])


def test_only_orders_worth_keeping_come_back(tmp_path):
    reader = reader_of(tmp_path, orders=[placed("A", 1, finished_at=MIDDAY + timedelta(hours=10))])
    asked = reader.query("fake_signals", shop_id=1, from_day=DAY, to_day=DAY, **Rules().params())
    assert POINTS["quick_confirm"] + POINTS["shared_contact"] == FLOOR
    assert asked.num_rows == 1, "with a shared phone it would be worth keeping"
    heavier = Rules(points={**POINTS, "quick_confirm": 4})
    assert reader.query("fake_signals", shop_id=1, from_day=DAY, to_day=DAY, **heavier.params()).num_rows == 0


def test_by_default_no_signal_is_enough_alone_but_the_shops_own_mark():
    assert [name for name, points in POINTS.items() if points >= THRESHOLD] == ["memo_flag"]
    honest = ("paid_back", "signed_soon", "quick_confirm")
    assert sum(POINTS[name] for name in honest) < THRESHOLD


@pytest.mark.parametrize(
    ("given_rules", "code"),
    [
        ({"threshold": 29}, "threshold"),
        ({"threshold": 101}, "threshold"),
        ({"points": {**POINTS, "burst": 101}}, "points"),
        ({"points": {"burst": 10}}, "signal"),
        ({"memo_flags": (0,)}, "signal"),
    ],
)
def test_rules_that_cannot_be_are_refused(given_rules, code):
    with pytest.raises(RulesRefused) as refused:
        Rules(**given_rules)
    assert refused.value.code == code


def test_a_shop_that_set_one_weight_keeps_the_other_defaults():
    rules = Rules.of({"points": {"burst": 40}, "threshold": 60, "memo_flags": [5, 4]})
    assert rules.points == {**POINTS, "burst": 40}
    assert (rules.threshold, rules.memo_flags) == (60, (4, 5))


def both(tmp_path, orders, events=(), refunds=()):
    """The signals of each order that has any, by the query and by the rival."""
    rows = [row | {"created_day": (row["created_at"] - EPOCH).days} for row in orders]
    slow = rival.signals(rows, events, refunds, EVERY_SIGNAL.memo_flags)
    fast = found(tmp_path, rows, events, refunds, days=(DAY - 1, DAY + 3))
    return fast, {order: signals for order, signals in slow.items() if signals}


# Steps of a quarter of an hour and of six hours meet the edges of the windows often.
CROWDS = st.lists(
    st.tuples(
        st.one_of(st.integers(0, 9).map(lambda n: n * 900), st.integers(0, 6).map(lambda n: n * 21_600)),
        st.sampled_from([1, 1, 2, 2, 3, 4, None]),
        st.sampled_from(["茶", "茶", "茶", "壶", ""]),
        st.sampled_from(["余杭区", "余杭区", "西湖区", ""]),
    ),
    min_size=6,
    max_size=18,
)


@settings(max_examples=80)
@given(drawn=CROWDS)
def test_the_query_and_the_slow_rival_see_the_same_crowds(tmp_path_factory, drawn):
    orders = [
        placed(f"A{n:02}", customer, seconds=seconds, titles=titles, district=district)
        for n, (seconds, customer, titles, district) in enumerate(drawn)
    ]
    fast, slow = both(tmp_path_factory.getbasetemp(), orders)
    assert fast == slow


COURSES = st.lists(
    st.fixed_dictionaries(
        {
            "customer_id": st.sampled_from([None, 1, 2, 3]),
            "paid": st.sampled_from([True, True, True, False]),
            "memo_flag": st.sampled_from([0, 4, 5]),
            "refunded_cents": st.sampled_from([0, 9_499, 9_500]),
            "status": st.sampled_from(["finished", "finished", "signed"]),
            "finished_hours": st.sampled_from([10, 29, 30, 41, 42, 200]),
            "signed_hours": st.sampled_from([None, 17, 18, 40]),
            "seen": st.booleans(),
            "waybill": st.sampled_from(["", "", "w1"]),
            "back": st.sampled_from([None, None, (9_500, 71), (9_499, 71), (10_000, 72)]),
        }
    ),
    max_size=6,
)


@settings(max_examples=40)
@given(drawn=COURSES)
def test_the_query_and_the_slow_rival_see_the_same_courses(tmp_path_factory, drawn):
    orders, events, refunds = [], [], []
    for n, one in enumerate(drawn):
        number = f"A{n:02}"
        row = placed(number, one["customer_id"], titles="")
        row |= {name: one[name] for name in ("memo_flag", "refunded_cents", "status")}
        row["finished_at"] = MIDDAY + timedelta(hours=one["finished_hours"])
        row["paid_at"] = row["paid_at"] if one["paid"] else None
        orders.append(row)
        events.append(event(number, "shipped", 6, one["waybill"]))
        if one["signed_hours"]:
            events.append(event(number, "signed", one["signed_hours"]))
        if one["seen"]:
            events.append(event(number, "in_transit", 9))
        if one["back"]:
            refunds.append(refund(number, *one["back"]))
    fast, slow = both(tmp_path_factory.getbasetemp(), orders, events, refunds)
    assert fast == slow

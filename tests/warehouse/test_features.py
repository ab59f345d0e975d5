"""customer_features: cut points by example, and the whole query against the slow plain rival."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from laoke.warehouse.contracts import CUSTOMER_FEATURES, FEATURE_LINES
from laoke.warehouse.features import CutPoints, build_features, drop_features, write_features
from laoke.warehouse.store import Warehouse
from tests.warehouse import feature_reference, scores
from tests.warehouse.shops import at, order, orders, refund, table

AS_OF = 18_000


def ago(days, order_id, customer_id=1, **given):
    return order(order_id, customer_id, day=AS_OF - days, **given)


def of(warehouse, *rows, cuts=None, person=1):
    warehouse.replace("orders", orders(*rows), app_id="")
    found = scores.built(warehouse.reader(), AS_OF, 1, cuts).to_pylist()
    return next((one for one in found if one["person_id"] == person), None)


STAGES = [
    (0, 1, "new_customer"),
    (90, 1, "new_customer"),
    (90, 2, "active"),
    (91, 1, "silent"),
    (91, 2, "silent"),
    (180, 1, "silent"),
    (181, 2, "dormant"),
    (365, 1, "dormant"),
    (366, 1, "nearly_lost"),
    (720, 3, "nearly_lost"),
    (721, 1, "lost"),
]


@pytest.mark.parametrize(("days", "purchases", "stage"), STAGES)
def test_the_stage_of_life_by_days_since_the_last_purchase(warehouse, days, purchases, stage):
    rows = [ago(days + 10 * i, f"A{i}") for i in range(purchases)]

    assert of(warehouse, *rows)["lifecycle"] == stage


def test_orders_of_one_day_are_one_purchase_and_all_their_money(warehouse):
    one = of(warehouse, ago(5, "A", paid_cents=100), ago(5, "B", paid_cents=50, refunded_cents=30))

    assert (one["orders"], one["paid_cents"], one["net_cents"], one["lifecycle"]) == (
        1,
        150,
        120,
        "new_customer",
    )


def test_a_person_is_in_one_group_loyal_before_active_before_ordinary(warehouse):
    assert of(warehouse, ago(400, "A"), ago(500, "B"))["group3"] == "loyal"
    assert of(warehouse, ago(90, "A"))["group3"] == "active"
    assert of(warehouse, ago(91, "A"))["group3"] == "ordinary"
    assert of(warehouse, ago(5, "A"), ago(9, "B"), cuts=CutPoints(loyal_orders=3))["group3"] == "active"


def test_unpaid_later_and_fake_orders_do_not_count(warehouse):
    flag = {"shop_id": 1, "order_id": "F", "flag": "confirmed", "score": 9, "reasons": ""}
    warehouse.append("order_flags", table("order_flags", [flag]), app_id="flags")

    one = of(warehouse, ago(5, "A"), ago(3, "B", status="unpaid"), ago(-1, "C"), ago(2, "F"))

    assert (one["orders"], one["last_day"]) == (1, AS_OF - 5)


def test_customers_of_one_person_are_one_row(warehouse):
    rows = [{"shop_id": 1, "customer_id": 2, "person_id": 1, "owner_id": 1}]
    warehouse.append("person_map", table("person_map", rows), app_id="map")

    one = of(warehouse, ago(5, "A", 1), ago(9, "B", 2))

    assert (one["orders"], one["first_day"], one["mean_gap_days"]) == (2, AS_OF - 9, 4.0)
    assert of(warehouse, ago(9, "B", 2), person=2) is None


def test_money_back_that_names_no_order_comes_off_who_sent_the_goods_back(warehouse):
    back = [
        refund("1", 1, day=AS_OF, amount_cents=40),
        refund("2", 2, day=AS_OF - 365, amount_cents=1_000),
        refund("3", 1, day=AS_OF - 366, amount_cents=300),
        refund("of an order", 1, day=AS_OF, order_id="A"),
        refund("not settled", 1, day=AS_OF, finished_at=None),
        refund("tomorrow", 1, day=AS_OF + 1),
        refund("of nobody known", None, day=AS_OF),
        refund("of another shop", 1, day=AS_OF, shop_id=2),
    ]
    rows = [{"shop_id": 1, "customer_id": 2, "person_id": 1, "owner_id": 1}]
    warehouse.append("refunds", table("refunds", back), app_id="refunds")
    warehouse.append("person_map", table("person_map", rows), app_id="map")

    one = of(warehouse, ago(400, "A", paid_cents=900), ago(5, "B", paid_cents=500, refunded_cents=60))

    assert (one["paid_cents"], one["refunded_cents"], one["net_cents"]) == (1_400, 1_400, 0)
    assert one["net_cents_365"] == 500 - 60 - 40 - 1_000


def test_the_money_score_is_of_what_was_kept_after_goods_sent_back(warehouse):
    warehouse.append("refunds", table("refunds", [refund("1", 2, day=AS_OF, amount_cents=9_999)]), app_id="r")

    rows = [ago(5, "A", 1, paid_cents=5_000), ago(5, "B", 2, paid_cents=10_000)]
    first, second = of(warehouse, *rows), of(warehouse, *rows, person=2)

    assert (first["m_score"], first["m_high"]) == (3, True)
    assert (second["net_cents"], second["m_score"], second["m_high"]) == (1, 1, False)


def test_someone_on_file_who_never_bought_is_a_prospect(warehouse):
    customer = {
        "shop_id": 1,
        "customer_id": 9,
        "first_seen": at(AS_OF),
        "province": "浙江省",
        "city": "杭州市",
        "level": "",
        "birthday": "",
        "has_nick": True,
        "has_phone": False,
        "has_email": False,
        "phone_state": "none",
    }
    warehouse.append("customers", table("customers", [customer]), app_id="c")

    one = of(warehouse, ago(5, "A"), person=9)

    assert (one["lifecycle"], one["rfm"], one["orders"], one["first_day"], one["city"]) == (
        "prospect",
        "",
        0,
        None,
        "杭州市",
    )
    assert (one["r_score"], one["r_high"], one["group3"]) == (None, False, "ordinary")


def test_equal_persons_get_equal_scores(warehouse):
    warehouse.replace("orders", orders(*(ago(5, f"{i}", i) for i in range(1, 11))), app_id="")

    found = scores.built(warehouse.reader(), AS_OF, 1).to_pylist()

    assert {(one["r_score"], one["f_score"], one["m_score"]) for one in found} == {(1, 1, 1)}


def test_five_different_persons_get_the_five_scores(warehouse):
    rows = [ago(50 - 10 * i, f"{i}", i + 1, paid_cents=1_000 * (i + 1)) for i in range(5)]
    warehouse.replace("orders", orders(*rows), app_id="")

    found = scores.built(warehouse.reader(), AS_OF, 1).to_pylist()

    assert [(one["person_id"], one["r_score"], one["m_score"]) for one in found] == [
        (i, i, i) for i in range(1, 6)
    ]


def test_nobody_at_all(warehouse):
    assert build_features(warehouse.reader(), AS_OF, 1).rows.num_rows == 0


@pytest.mark.parametrize(
    "cuts",
    [
        {"silent_days": 80},
        {"f_cuts": (2, 2, 5, 10)},
        {"high_by": "luck"},
        {"m_lines": (1, 1, 2, 3)},
        {"score_by": "dice"},
    ],
)
def test_cut_points_that_make_no_sense_are_refused(cuts):
    with pytest.raises(ValueError, match=r"must rise|unknown rule"):
        CutPoints(**cuts)


def test_features_of_a_day_replace_those_of_the_same_day_only(warehouse):
    warehouse.append("orders", orders(ago(100, "A"), ago(5, "B", 2)), app_id="import:1")
    for number, day in enumerate((AS_OF - 30, AS_OF, AS_OF)):
        features = build_features(warehouse.reader(), day, 1)
        CUSTOMER_FEATURES.check(features.rows)
        FEATURE_LINES.check(features.lines)
        write_features(warehouse, features, day, 1, app_id=f"features:{number}")

    def days():
        text = "SELECT as_of_day - 18000 AS day, count(*) AS n FROM customer_features GROUP BY 1 ORDER BY 1"
        return [tuple(row.values()) for row in warehouse.reader().sql(text).to_pylist()]

    assert days() == [(-30, 1), (0, 2)]
    drop_features(warehouse, AS_OF - 30, 1, app_id="features:drop")
    assert days() == [(0, 2)]


def test_rows_from_before_there_were_lines_keep_the_scores_they_were_stored_with(warehouse):
    warehouse.append("orders", orders(ago(100, "A"), ago(5, "B", 2)), app_id="import:1")
    told = scores.built(warehouse.reader(), AS_OF, 1)
    warehouse.append("customer_features", told, app_id="as written before")

    assert scores.stored(warehouse, AS_OF, 1).equals(told)
    assert [row["r_score"] for row in told.to_pylist()] == [1, 3]

    scores.put_features(warehouse, AS_OF - 50, 1)
    assert scores.stored(warehouse, AS_OF, 1).equals(told)


ORDERS = st.lists(
    st.builds(
        lambda customer, ago_days, hour, cents, back, place, **rest: order(
            "",
            customer,
            paid_at=at(AS_OF - ago_days, hour),
            created_at=at(AS_OF - ago_days, hour),
            paid_cents=cents,
            refunded_cents=min(cents, back),
            province=place,
            city=place and place + "市",
            **rest,
        ),
        customer=st.sampled_from([None, 1, 2, 3, 4]),
        ago_days=st.sampled_from([-1, 0, 30, 31, 90, 91, 200, 365, 366, 730, 731, 900]),
        hour=st.sampled_from([0, 9, 23]),
        cents=st.integers(0, 100_000),
        back=st.sampled_from([0, 0, 500, 10**6]),
        place=st.sampled_from(["", "浙江", "上海"]),
        coupon_used=st.booleans(),
        item_count=st.integers(1, 3),
        shop_id=st.sampled_from([1, 1, 1, 2]),
    ),
    max_size=14,
)
REFUNDS = st.lists(
    st.builds(
        lambda customer, ago_days, cents, rest: refund(
            "", customer, day=AS_OF - ago_days, amount_cents=cents, **rest
        ),
        customer=st.sampled_from([None, 1, 2, 3, 4]),
        ago_days=st.sampled_from([-1, 0, 365, 366, 730, 731]),
        cents=st.integers(0, 100_000),
        rest=st.sampled_from([{}, {}, {"order_id": "O1"}, {"finished_at": None}]),
    ),
    max_size=4,
)
CUTS = st.builds(
    CutPoints,
    high_by=st.sampled_from(["mean", "median", "fixed"]),
    score_by=st.sampled_from(["quintile", "fixed", "lines"]),
    rfm_days=st.sampled_from([365, 730]),
    loyal_orders=st.sampled_from([2, 3]),
)


@settings(max_examples=30)
@given(
    rows=ORDERS, back=REFUNDS, cuts=CUTS, merged=st.booleans(), fakes=st.sets(st.integers(0, 3), max_size=2)
)
def test_the_query_says_what_the_plain_rival_says(rows, back, cuts, merged, fakes):
    back = [row | {"refund_id": f"R{i}"} for i, row in enumerate(back)]
    rows = [row | {"order_id": f"O{i}"} for i, row in enumerate(rows)]
    person_map = {2: 1} if merged else {}
    made = orders(*rows)
    flags = [{"shop_id": 1, "order_id": f"O{i}", "flag": "suspect", "score": 1, "reasons": ""} for i in fakes]
    links = [{"shop_id": 1, "customer_id": c, "person_id": p, "owner_id": 1} for c, p in person_map.items()]

    with tempfile.TemporaryDirectory() as folder:
        warehouse = Warehouse(Path(folder))
        warehouse.append("orders", made, app_id="1")
        warehouse.append("refunds", table("refunds", back), app_id="2")
        reader = warehouse.reader(
            overlays={"order_flags": table("order_flags", flags), "person_map": table("person_map", links)}
        )
        found = {one["person_id"]: one for one in scores.built(reader, AS_OF, 1, cuts).to_pylist()}

    expected = feature_reference.features(
        made.to_pylist(), [], person_map, {f"O{i}" for i in fakes}, AS_OF, cuts, back
    )
    assert found.keys() == expected.keys()
    for person, one in expected.items():
        assert {name: found[person][name] for name in one if name in found[person]} == {
            name: value for name, value in one.items() if name in found[person]
        }

"""What a backtest assumes of offers that the past did not have: stated with the offer, said, and always the same."""

from dataclasses import replace
from datetime import date, datetime

import numpy as np
import pytest

from laoke.promotions import engine
from laoke.promotions.assuming import assumed_open, assumed_variants, assumption, needs_lines
from laoke.promotions.backtesting import PastOrders, backtest, replay
from laoke.promotions.columnar import columns_from_lines, columns_from_totals
from laoke.promotions.columnar.in_time import cap_of
from laoke.promotions.coupons import issues
from laoke.promotions.facts import day_number
from laoke.promotions.models import OfferSetup
from laoke.promotions.offers import OfferRefused, add_offer, offer_value
from laoke.promotions.past_limits import caps_of
from laoke.promotions.past_segments import SegmentThen
from tests.campaigns.stores import bought, line_of, make_store
from tests.promotions_rows.test_offers import of

NOVEMBER = (date(2025, 11, 1), date(2025, 11, 30))
NOON = datetime(2026, 11, 11, 12)
# What the facts say of each customer beside their level.
SEEN = {
    "first_seen": NOON, "province": "", "city": "", "birthday": "", "has_nick": True, "has_phone": False,
    "has_email": False, "phone_state": "none",
}  # fmt: skip
OFF = engine.ThresholdDiscount((engine.DiscountStep(1_000, 500),))


def offer(mechanic, layer=engine.Layer.ITEM, name="预售"):
    return engine.Offer("o", layer, mechanic, name)


def group(share):
    return offer(engine.GroupBuy(5_900, 3, 24, share))


def falling(buyers):
    steps = (engine.BuyersStep(10, 9_000), engine.BuyersStep(20, 8_000))
    return offer(engine.MoreCheaper(steps, buyers))


def test_a_share_of_the_orders_is_drawn_by_their_numbers():
    orders = np.array([f"T{number}" for number in range(10_000)], dtype=object)

    found = assumed_open([group(6_000)], orders)["o"]

    assert 5_850 < found.sum() < 6_150
    assert (assumed_open([group(6_000)], orders[::-1])["o"][::-1] == found).all(), (
        "the same orders in any order"
    )
    assert assumed_open([group(10_000)], orders) == {}, "all of them are not drawn"


@pytest.mark.parametrize(("buyers", "number"), [(9, -1), (10, 1), (20, 0), (500, 0)])
def test_so_many_buyers_reach_their_step(buyers, number):
    assert assumed_variants([falling(buyers)], 3)["o"].tolist() == [number] * 3
    assert assumed_variants([falling(None)], 3) == {}, "none stated is the last step"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (
            offer(engine.DepositExpansion(5_000, 10_000, NOON, NOON, 8_050)),
            "假设「预售」有 80.5% 的订单付定金也付尾款",
        ),
        (group(6_000), "假设「预售」有 60% 的订单成团，其余按没有拼团算"),
        (falling(None), "假设「预售」降到最后一档"),
        (falling(12), "假设「预售」有 12 人买"),
        (
            offer(engine.LevelReward((engine.LevelStep("金", 1, "杯"),)), engine.Layer.BENEFIT, "会员"),
            "假设「会员」每单升一级，送最贵的升级礼",
        ),
        (
            offer(engine.ServiceBenefit("service", "改裤脚"), engine.Layer.BENEFIT, "改"),
            "「改」没写成本，不算成本",
        ),
        (offer(engine.ServiceBenefit("service", "改裤脚", cost_cents=5), engine.Layer.BENEFIT), ""),
        (offer(engine.PercentOff(8_000)), ""),
        (offer(engine.ShopCoupon(0, 500), engine.Layer.COUPON, "券"), "假设能用「券」的人都领了"),
        (offer(engine.ShopCoupon(0, 500, must_hold=False), engine.Layer.COUPON, "券"), ""),
        (
            replace(offer(engine.PercentOff(8_000), name="新客"), audience="first_order"),
            "「新客」只算到首单顾客的单上，不知道是谁的单也算",
        ),
        (
            replace(offer(engine.PercentOff(8_000), name="金卡"), audience="金"),
            "「金卡」只给「金」，回放里人人都算",
        ),
        (
            replace(group(6_000), audience="old_customer", limits=engine.Limits(2)),
            "假设「预售」有 60% 的订单成团，其余按没有拼团算；「预售」只算到老客的单上，不知道是谁的单也算；"
            "「预售」每人限用 2 次，按付款先后算；不知道是谁的单不限",
        ),
        (
            replace(offer(engine.PercentOff(8_000), name="老朋友"), audience="segment:7"),
            "「老朋友」只给人群“7”，那时谁在人群里没有算，回放里人人都算（R40）",
        ),
        (
            replace(offer(engine.PercentOff(8_000), name="老朋友"), audience="segment:8"),
            "「老朋友」只算到下单前那个月底在人群“8”里的买家的单上，不知道是谁的单也算（R40）",
        ),
        (
            replace(offer(engine.PercentOff(8_000), name="老朋友"), audience="segment:9"),
            "「老朋友」：2025-10、2025-11 月底谁在人群里没有存，下一个月的单人人都算；"
            "「老朋友」的人群里，标签、社群、授权、能不能触达和客户价值只知道现在的，按现在的算",
        ),
        (
            replace(offer(engine.PercentOff(8_000), name="银卡"), audience="银"),
            "「银卡」只算到现在是「银」的买家的单上，不知道是谁的单也算",
        ),
        (
            offer(
                engine.MemberPrice((engine.MemberLevel("金", 8_800), engine.MemberLevel("银", 9_000))),
                name="会员",
            ),
            "「会员」按买家现在的会员等级算，那时的等级没有记；不知道是谁的单按最低一档",
        ),
        (
            offer(engine.MemberPrice((engine.MemberLevel("金", 8_800),)), name="会员"),
            "「会员」按最低一档：这段日子的买家没有一位有这些等级",
        ),
        (offer(engine.FlashSale(990, 50), name="秒"), "「秒」限量 50 件，按付款先后卖完为止"),
        (
            offer(
                engine.ThresholdGift((engine.GiftStep(1, (engine.GiftChoice("g", "杯", 990, stock=3),)),)),
                engine.Layer.GIFT,
                "送",
            ),
            "「送」的赠品按付款先后送完为止，先送贵的",
        ),
    ],
)
def test_an_assumption_is_a_sentence(db, value, said):
    then = {
        "segment:8": SegmentThen({day_number(date(2025, 10, 31)): np.array([1])}),
        "segment:9": SegmentThen(
            {}, (day_number(date(2025, 10, 31)), day_number(date(2025, 11, 30))), as_now=True
        ),
    }
    assert assumption(value, cap_of(value), {"银": np.array([1])}, then) == said


def test_figures_follow_the_assumption_and_name_it(store):
    rows = [
        bought(f"S{n}", n, date(2025, 11, 11), goods_cents=20_000, paid_cents=20_000) for n in range(1, 401)
    ]
    store.wrote("order_lines", [line_of(row, unit_price_cents=20_000) for row in rows])
    store.sold(*rows)
    steps = [{"buyers": 10, "pay_bp": 9_000}, {"buyers": 1_000, "pay_bp": 5_000}]
    falling_price = of("more_cheaper", "item", steps=steps, assumed_buyers=400)
    in_groups = of("group_buy", "item", price_cents=17_000, people=3, hours=24, assumed_bp=5_000)
    card = of("service_benefit", "benefit", kind="gift", title="卡", value_cents=990, cost_cents=200)
    offers = [
        add_offer(store.shop, data, by=store.owner, now=store.now)
        for data in (falling_price, in_groups, card)
    ]

    row = backtest(store.shop, offers, *NOVEMBER, by=store.owner, clock=store.clock)
    told = {one["offer_id"]: one for one in row.result["offers"]}
    more, groups, cards = (told[f"offer-{one.pk}"] for one in offers)

    assert [one["assumed"] for one in row.offers] == [
        "假设「more_cheaper」有 400 人买",
        "假设「group_buy」有 50% 的订单成团，其余按没有拼团算",
        "",
    ]
    assert 150 < groups["used_orders"] < 250 and groups["used_orders"] + more["used_orders"] == 400
    assert groups["discount_cents"] == groups["used_orders"] * 3_000
    assert more["discount_cents"] == more["used_orders"] * 2_000
    assert (cards["used_orders"], cards["gift_pieces"], row.result["gift_cost_cents"]) == (400, 400, 80_000)


def test_what_is_limited_is_used_up_by_who_came_first(store):
    """400 orders of 100 people, one a day and person: the fourth of each is the newest."""
    rows = [
        bought(f"S{n:03}", n % 100 + 1, date(2025, 11, 11 + n // 100), goods_cents=20_000, paid_cents=20_000)
        for n in range(400)
    ]
    store.wrote("order_lines", [line_of(row, unit_price_cents=20_000) for row in rows])
    store.sold(*rows)
    twice = of("threshold_discount", "shop", steps=[{"threshold_cents": 10_000, "off_cents": 1_000}])
    card = of(
        "threshold_gift",
        "gift",
        steps=[
            {
                "threshold": 10_000,
                "pieces": 1,
                "choices": [
                    {"product_id": "g", "title": "杯", "value_cents": 990, "cost_cents": 300, "stock": 40}
                ],
            }
        ],
    )
    coupon = of("shop_coupon", "coupon", threshold_cents=0, face_cents=500)
    added = [
        add_offer(store.shop, data, by=store.owner, now=store.now)
        for data in (twice | {"limits": {"per_person": 2}}, card, coupon)
    ]
    terms = issues.Terms("双11 券", 250, store.now, days_after_claim=9)
    issues.add_issue(added[2], terms, by=store.owner, now=store.now)

    row = backtest(store.shop, added, *NOVEMBER, by=store.owner, clock=store.clock)
    told = {one["offer_id"]: one for one in row.result["offers"]}
    off, gift, half = (told[f"offer-{one.pk}"] for one in added)

    assert (off["used_orders"], off["qualifying_orders"], off["discount_cents"]) == (200, 200, 200_000)
    assert (gift["gift_pieces"], row.result["gift_cost_cents"]) == (40, 12_000)
    assert (half["used_orders"], half["discount_cents"]) == (250, 125_000)
    ids = [f"offer-{one.pk}" for one in added]
    assert row.result["limits"] == {
        "orders": 360, "offers": {ids[0]: 200, ids[1]: 360, ids[2]: 150}, "unknown_buyers": 0,
    }  # fmt: skip
    assert [one["assumed"] for one in row.offers] == [
        "「threshold_discount」每人限用 2 次，按付款先后算；不知道是谁的单不限",
        "「threshold_gift」的赠品按付款先后送完为止，先送贵的",
        "假设能用「shop_coupon」的人都领了；「shop_coupon」一共 250 张，按付款先后用完为止",
    ]


def test_member_prices_go_by_the_levels_that_buyers_have_now(store):
    """Of 300 orders a third each by gold, silver and no member; the last ten have no buyer."""
    rows = [
        bought(f"S{n:03}", n + 1, date(2025, 11, 11), goods_cents=10_000, paid_cents=10_000)
        for n in range(300)
    ]
    for row in rows[290:]:
        row["customer_id"] = None
    store.wrote("order_lines", [line_of(row, unit_price_cents=10_000) for row in rows])
    names = ("金", "银")
    store.wrote(
        "customers",
        [{"customer_id": n + 1, "level": names[n % 3], **SEEN} for n in range(290) if n % 3 < 2],
    )
    store.sold(*rows)
    price = of(
        "member_price", "item", levels=[{"group": "金", "pay_bp": 8_000}, {"group": "银", "pay_bp": 9_000}]
    )
    only = of("threshold_discount", "shop", steps=[{"threshold_cents": 100, "off_cents": 50}]) | {
        "audience": "银"
    }
    added = [add_offer(store.shop, data, by=store.owner, now=store.now) for data in (price, only)]

    row = backtest(store.shop, added, *NOVEMBER, by=store.owner, clock=store.clock)
    told = {one["offer_id"]: one for one in row.result["offers"]}
    members, silver = (told[f"offer-{one.pk}"] for one in added)

    assert members["used_orders"] == 97 + 97 + 10
    assert members["discount_cents"] == 97 * 2_000 + 97 * 1_000 + 10 * 2_000
    assert (silver["used_orders"], silver["discount_cents"]) == (107, 5_350)
    assert "limits" not in row.result


def test_coupons_that_are_planned_for_the_platform_are_their_total(store):
    data = of("shop_coupon", "coupon", threshold_cents=0, face_cents=500)
    row = add_offer(store.shop, data, by=None, now=store.now)
    value = offer_value(row)
    assert caps_of([value], [row])[value.offer_id] == cap_of(value)
    OfferSetup.objects.create(offer=row, planned_issued=70, updated_at=store.now)
    assert caps_of([value], [row])[value.offer_id].total == 70
    assert caps_of([value], [None])[value.offer_id].total is None
    for name, each in (("一", 1), ("二", 2)):
        terms = issues.Terms(name, 30, store.now, days_after_claim=9, per_person_limit=each)
        issues.add_issue(row, terms, by=None, now=store.now)
    cap = caps_of([value], [row])[value.offer_id]
    assert (cap.per_person, cap.total, cap.budget_cents) == (3, 60, None)


def test_the_budgets_of_all_issues_are_spent_by_those_who_came_first(store):
    store.sold(
        *[
            bought(f"S{n:03}", n + 1, date(2025, 11, 11), goods_cents=10_000, paid_cents=10_000)
            for n in range(400)
        ]
    )
    row = add_offer(
        store.shop, of("shop_coupon", "coupon", threshold_cents=0, face_cents=500), by=None, now=store.now
    )
    for name, budget in (("一", 100_000), ("二", 50_300)):
        terms = issues.Terms(name, 900, store.now, days_after_claim=9, budget_cents=budget)
        issues.add_issue(row, terms, by=None, now=store.now)

    made = backtest(store.shop, [row], *NOVEMBER, by=None, clock=store.clock)

    assert made.result["discount_cents"] == 300 * 500, (
        "300 coupons are 1,500.00 of 1,503.00, and 3.00 are no coupon"
    )
    assert made.result["limits"] == {"orders": 100, "offers": {f"offer-{row.pk}": 100}, "unknown_buyers": 0}
    assert made.offers[0]["assumed"] == (
        "假设能用「shop_coupon」的人都领了；「shop_coupon」一共 1800 张，按付款先后用完为止；"
        "「shop_coupon」的预算 1,503.00 元，按付款先后用完为止，剩下的不够一张就停"
    )


def test_few_coupons_do_not_make_a_period_too_short(store):
    store.sold(
        *[
            bought(f"S{n:03}", n + 1, date(2025, 11, 11), goods_cents=10_000, paid_cents=10_000)
            for n in range(120)
        ]
    )
    given = of("shop_coupon", "coupon", threshold_cents=0, face_cents=500)
    row = add_offer(store.shop, given, by=None, now=store.now)
    issues.add_issue(row, issues.Terms("一", 3, store.now, days_after_claim=9), by=None, now=store.now)

    made = backtest(store.shop, [row], *NOVEMBER, by=None, clock=store.clock)

    assert (made.result["needed_orders"], made.result["refused"]) == (100, None)
    assert (made.result["discount_cents"], made.result["limits"]["orders"]) == (1_500, 117)


def test_terms_that_name_a_stored_offer_are_limited_as_its_coupons_are(store):
    store.sold(
        *[
            bought(f"S{n:03}", n + 1, date(2025, 11, 11), goods_cents=10_000, paid_cents=10_000)
            for n in range(120)
        ]
    )
    given = of("shop_coupon", "coupon", threshold_cents=0, face_cents=500)
    row = add_offer(store.shop, given, by=None, now=store.now)
    issues.add_issue(row, issues.Terms("一", 100, store.now, days_after_claim=9), by=None, now=store.now)
    dearer = of("shop_coupon", "coupon", threshold_cents=0, face_cents=900) | {
        "offer_id": "x",
        "limits_of": row.pk,
    }

    made = backtest(store.shop, [dearer], *NOVEMBER, by=None, clock=store.clock)

    assert made.result["discount_cents"] == 100 * 900
    assert (made.offers[0]["row"], made.offers[0]["limits_of"]) == (None, row.pk)
    for wrong in (row.pk + 1, "x", True):
        with pytest.raises(OfferRefused, match="limits_of: unknown_offer") as refused:
            backtest(store.shop, [dearer | {"limits_of": wrong}], *NOVEMBER, by=None, clock=store.clock)
    assert "按哪个优惠的券限量" in refused.value.message
    other = make_store("别的店", owner_name="other")
    other.sold(bought("Z1", 900, date(2025, 11, 11)))
    with pytest.raises(OfferRefused, match="unknown_offer"):
        backtest(other.shop, [dearer], *NOVEMBER, by=None, clock=store.clock)


BY_LINES = [
    group(6_000),
    offer(engine.FixedPrice(5_900)),
    offer(engine.FlashSale(5_900, 10_000)),
    offer(engine.AmountOff(1_000)),
    offer(engine.DepositExpansion(5_000, 10_000, NOON, NOON)),
    offer(engine.CountDiscount((engine.CountDiscountStep(1, 9_000),)), engine.Layer.SHOP),
    offer(engine.CountOff((engine.CountOffStep(1, 900),), repeating=True), engine.Layer.SHOP),
    offer(engine.NthPiece(2, 5_000), engine.Layer.SHOP),
    offer(engine.BuyGet(1, 1), engine.Layer.SHOP),
    offer(engine.AnyBundle(2, 9_900), engine.Layer.SHOP),
    offer(engine.SetBundle((engine.Part("p", 2),), 9_900), engine.Layer.SHOP),
    offer(engine.AddonPurchase(10_000, (engine.AddonChoice("p", 990),)), engine.Layer.ADDON),
    offer(engine.WasNow((engine.ProductPrice("p", 990),))),
    offer(
        engine.ThresholdGift((engine.GiftStep(1, (engine.GiftChoice("g", "杯", 990),)),), by="pieces"),
        engine.Layer.GIFT,
    ),
    offer(engine.FreePostage(1, by="pieces"), engine.Layer.POSTAGE),
    replace(offer(engine.PercentOff(8_000)), scope=engine.Scope(categories=frozenset({"茶具"}))),
]


@pytest.mark.parametrize("value", BY_LINES, ids=lambda value: type(value.mechanic).__name__)
def test_no_order_of_which_only_the_total_is_known_is_priced_by_what_needs_its_lines(value):
    lines, numbers = columns_from_lines(["L"], ["p"], [1], [40_000], [-1], {})
    totals = columns_from_totals([50_000, 120_000])
    past = PastOrders(
        (
            (lines, np.array([40_000]), numbers),
            (totals, np.array([50_000, 120_000]), np.array(["T1", "T2"], dtype=object)),
        )
    )

    found = replay(past, [value, engine.Offer("r", engine.Layer.CROSS_SHOP, OFF)])

    assert needs_lines(value)
    assert found.orders.after[1:].tolist() == [49_500, 119_500], "only what looks at the whole order"
    assert found.orders.used[:, 1:].sum() == 2
    [reached] = [one for one in found.figures.offers if one.offer_id == "o"]
    assert reached.qualifying_orders <= 1, "the one order with lines"


@pytest.mark.parametrize(
    "value",
    [
        offer(engine.PercentOff(8_000)),
        offer(OFF, engine.Layer.SHOP),
        offer(engine.ShopCoupon(0, 100), engine.Layer.COUPON),
        replace(offer(engine.PercentOff(8_000)), scope=engine.Scope(excluded_product_ids=frozenset({"p"}))),
    ],
    ids=lambda value: type(value.mechanic).__name__,
)
def test_what_looks_at_the_whole_order_needs_no_lines(value):
    assert not needs_lines(value)


@pytest.mark.parametrize(
    ("audience", "used"),
    [("", 750), ("first_order", 450), ("old_customer", 350), ("金", 750)],
)
def test_an_offer_for_first_orders_or_old_customers_is_given_to_those(store, audience, used):
    # 300 people came before, and 400 come in November for the first time; of 50 orders nobody knows the buyer.
    store.sold(
        *[bought(f"B{n}", n, date(2025, 10, 11)) for n in range(1, 301)],
        *[bought(f"N{n}", n, date(2025, 11, 11)) for n in range(1, 701)],
        *[bought(f"U{n}", None, date(2025, 11, 12)) for n in range(1, 51)],
    )
    data = of("shop_coupon", "coupon", threshold_cents=0, face_cents=500) | {"audience": audience}
    row = add_offer(store.shop, data, by=store.owner, now=store.now)

    made = backtest(store.shop, [row], *NOVEMBER, by=store.owner, clock=store.clock)

    assert (made.result["orders"], made.result["discounted_orders"]) == (750, used)
    assert made.result["discount_cents"] == used * 500
    given = {one["key"]: one["discount_cents"] for one in made.depth.facts["history"]}
    assert (given["first"] > 0, given["second"] > 0) == (
        audience != "old_customer",
        audience != "first_order",
    )

"""Stored offers: what is refused is said in Chinese at its field, and nothing is written then."""

from datetime import datetime

import pytest
from django.utils.translation import override

from laoke.promotions.describing import audience_text, describe, shop_page_text
from laoke.promotions.engine import Layer, ShopCoupon
from laoke.promotions.models import Offer
from laoke.promotions.offers import (
    OfferRefused,
    add_offer,
    archive_offer,
    edit_offer,
    offer_value,
    round_amount,
)
from laoke.shops.models import AuditEvent

WINDOW = {"start": "2026-11-11T00:00:00", "end": "2026-11-12T00:00:00"}


def coupon(**changes):
    terms = {"threshold_cents": 19_900, "face_cents": 2_000, **changes.pop("terms", {})}
    return {
        "name": "店铺券",
        "layer": "coupon",
        "mechanic": "shop_coupon",
        "terms": terms,
        "window": WINDOW,
    } | changes


def steps(*pairs, **terms):
    listed = [{"threshold_cents": threshold, "off_cents": off} for threshold, off in pairs]
    return {
        "name": "满减", "layer": "shop", "mechanic": "threshold_discount", "terms": {"steps": listed, **terms},
        "window": WINDOW,
    }  # fmt: skip


def test_an_offer_is_stored_whole_and_read_back(store):
    row = add_offer(store.shop, coupon(), by=store.owner, now=store.now)

    value = offer_value(row)
    assert (value.offer_id, value.layer) == (f"offer-{row.pk}", Layer.COUPON)
    assert value.mechanic == ShopCoupon(19_900, 2_000, must_hold=True)
    assert (row.mechanic, row.starts_at) == ("shop_coupon", datetime(2026, 11, 11))
    assert AuditEvent.objects.filter(act="offer.add", subject=str(row.pk)).exists()


@pytest.mark.parametrize(
    ("data", "field", "message"),
    [
        (coupon(terms={"face_cents": 20_000}), "offer.terms.face_cents", "面额比门槛还大"),
        (coupon(terms={"face_cents": 0}), "offer.terms.face_cents", "面额要在 0.01"),
        (coupon(layer="shop"), "offer.layer", "这种优惠不能放在「shop」层"),
        (coupon(name=" "), "offer.name", "名称不能为空"),
        (coupon(window={}), "offer.window", "写明从几时到几时"),
        (
            coupon(window={**WINDOW, "end": "2026-11-10T00:00:00"}),
            "offer.window.end",
            "结束时间要晚于开始时间",
        ),
        (coupon(color="red"), "offer.color", "不认识 color"),
        (steps(), "offer.terms.steps", "至少写一档"),
        (steps((10_000, 1_000), (20_000, 900)), "offer.terms.steps", "一档比一档高"),
        (steps((10_000, 1_000), cap_cents=500), "offer.terms.cap_cents", "只有每满减才有封顶"),
        ("not an offer", "offer", "要是一组键和值"),
    ],
)
def test_a_wrong_offer_is_refused_at_its_field(store, data, field, message):
    with pytest.raises(OfferRefused) as error:
        add_offer(store.shop, data, by=store.owner, now=store.now)

    assert error.value.field == field
    assert message in error.value.message
    assert not Offer.objects.exists()


def test_a_refused_edit_changes_nothing(store):
    row = add_offer(store.shop, coupon(), by=store.owner, now=store.now)

    with pytest.raises(OfferRefused):
        edit_offer(row, coupon(terms={"face_cents": -1}), by=store.owner, now=store.now)

    row.refresh_from_db()
    assert row.terms["terms"]["face_cents"] == 2_000


def test_an_edit_keeps_the_number_of_the_offer(store):
    row = add_offer(store.shop, coupon(), by=store.owner, now=store.now)

    edit_offer(row, coupon(terms={"face_cents": 3_000}), by=store.owner, now=store.now)

    assert offer_value(row).offer_id == f"offer-{row.pk}"
    assert describe(offer_value(row)) == "满 199 券减 30"


def test_an_archived_offer_stays_for_what_names_it(store):
    row = add_offer(store.shop, coupon(), by=store.owner, now=store.now)

    archive_offer(row, by=store.owner, now=store.now)

    assert Offer.objects.get(pk=row.pk).archived


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (steps((30_000, 4_000), repeating=True, cap_cents=12_000), "每满 300 减 40，封顶 120"),
        (steps((10_000, 1_000), (20_000, 2_550)), "满 100 减 10，满 200 减 25.50"),
        (coupon(terms={"threshold_cents": 0}), "无门槛券 20"),
        (coupon(layer="item", mechanic="percent_off", terms={"pay_bp": 8_500}), "8.5 折"),
    ],
)
def test_what_an_offer_says_of_itself(store, data, said):
    if data["mechanic"] == "percent_off":
        data["terms"] = {"pay_bp": 8_500}
    assert describe(offer_value(add_offer(store.shop, data, by=None, now=store.now))) == said


def of(mechanic, layer="shop", **terms):
    return {"name": mechanic, "layer": layer, "mechanic": mechanic, "terms": terms, "window": WINDOW}


GIFTS = [
    {"product_id": "cup", "title": "马克杯", "value_cents": 1_990, "cost_cents": 600, "stock": 500},
    {"product_id": "bag", "title": "布袋", "value_cents": 900},
]
DEPOSIT = of(
    "deposit_expansion",
    "item",
    deposit_cents=5_000,
    counts_cents=10_000,
    deposit_until="2026-11-11T02:00:00",
    balance_from="2026-11-11T20:00:00",
)
TWO_PARTS = [{"product_id": "pot", "pieces": 1}, {"product_id": "cup", "pieces": 2}]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (of("amount_off", "item", off_cents=2_000), "每件直降 20"),
        (of("fixed_price", "item", price_cents=9_900), "一口价 99"),
        (of("was_now", "item", prices=[{"product_id": "a", "price_cents": 5_900}]), "特价 59"),
        (
            of("was_now", "item", prices=[{"product_id": "a", "price_cents": 5_900, "was_cents": 8_900}]),
            "原价 89，现价 59",
        ),
        (
            of(
                "was_now",
                "item",
                prices=[{"product_id": p, "price_cents": c} for p, c in (("a", 990), ("b", 500))],
            ),
            "2 件商品特价，5 起",
        ),
        (
            of("threshold_rate", steps=[{"threshold_cents": 20_000, "pay_bp": 9_000}]),
            "满 200 打 9 折",
        ),
        (
            of("count_discount", steps=[{"pieces": 2, "pay_bp": 9_000}, {"pieces": 3, "pay_bp": 8_500}]),
            "满 2 件打 9 折，满 3 件打 8.5 折",
        ),
        (of("count_off", steps=[{"pieces": 2, "off_cents": 1_000}]), "满 2 件减 10"),
        (
            of("count_off", steps=[{"pieces": 2, "off_cents": 1_000}], repeating=True, cap_cents=3_000),
            "每 2 件减 10，封顶 30",
        ),
        (of("nth_piece", nth=2, pay_bp=5_000), "第二件半价"),
        (of("nth_piece", nth=3, pay_bp=0, most_times=2), "第 3 件免费，每单最多 2 次"),
        (of("nth_piece", nth=2, pay_bp=6_000), "第 2 件 6 折"),
        (of("buy_get", buy=2, get=1), "买 2 件送 1 件"),
        (of("any_bundle", pieces=3, price_cents=9_900), "任选 3 件 99 元"),
        (of("set_bundle", parts=TWO_PARTS, price_cents=14_900), "套餐 3 件 149 元"),
        (
            of(
                "addon_purchase",
                "addon",
                threshold_cents=19_900,
                choices=[{"product_id": "a", "price_cents": 990}],
            ),
            "满 199 加 9.90 元换购",
        ),
        (
            of("threshold_gift", "gift", steps=[{"threshold": 19_900, "choices": GIFTS[:1]}]),
            "满 199 送马克杯",
        ),
        (
            of(
                "threshold_gift", "gift", by="pieces", steps=[{"threshold": 3, "pieces": 2, "choices": GIFTS}]
            ),
            "满 3 件送马克杯、布袋中的一种 2 件",
        ),
        (of("free_postage", "postage", threshold=9_900), "满 99 包邮"),
        (of("free_postage", "postage", threshold=2, by="pieces"), "满 2 件包邮"),
        (of("free_postage", "postage"), "包邮"),
        (
            of(
                "member_price",
                "item",
                levels=[{"group": g, "pay_bp": p} for g, p in (("银", 9_000), ("金", 8_800))],
            ),
            "会员价：金 8.8 折，银 9 折",
        ),
        (
            of("early_bird", "item", steps=[{"until": "2026-11-11T02:00:00", "pay_bp": 7_000}]),
            "早鸟价：11-11 02:00 前 7 折",
        ),
        (of("flash_sale", "item", price_cents=990, stock=100), "秒杀价 9.90，限量 100 件"),
        (DEPOSIT, "定金 50 抵 100，11-11 02:00 前付定金，11-11 20:00 起付尾款"),
        (of("group_buy", "item", price_cents=5_900, people=3, hours=24), "3 人团，拼团价 59"),
        (
            of(
                "more_cheaper",
                "item",
                steps=[{"buyers": n, "pay_bp": p} for n, p in ((100, 9_000), (300, 8_500))],
            ),
            "越买越便宜：满 100 人 9 折，满 300 人 8.5 折",
        ),
        (of("service_benefit", "benefit", kind="gift", title="卡片", value_cents=990), "送卡片"),
        (of("service_benefit", "benefit", kind="longer_return", days=15), "退货期多 15 天"),
        (of("service_benefit", "benefit", kind="longer_warranty", days=180), "质保多 180 天"),
        (of("service_benefit", "benefit", kind="service", title="免费改裤脚"), "免费改裤脚"),
        (
            of(
                "level_reward",
                "benefit",
                levels=[
                    {"group": g, "spend_cents": c, "reward": "杯子"}
                    for g, c in (("银卡", 50_000), ("金卡", 100_000))
                ],
            ),
            "满 500 升银卡，送杯子，满 1000 升金卡，送杯子",
        ),
    ],
)
def test_every_mechanic_is_stored_and_says_what_it_does(store, data, said):
    row = add_offer(store.shop, data, by=None, now=store.now)

    row.refresh_from_db()
    assert row.mechanic == data["mechanic"]
    assert describe(offer_value(row)) == said


@pytest.mark.parametrize(
    ("data", "field", "message"),
    [
        (of("amount_off", "item", off_cents=0), "offer.terms.off_cents", "减额要在 0.01"),
        (
            of("was_now", "item", prices=[{"product_id": "a", "price_cents": 900, "was_cents": 800}]),
            "offer.terms.prices[0].was_cents",
            "原价要高于现价",
        ),
        (of("was_now", "item", prices=[]), "offer.terms.prices", "商品和价格至少写一个商品"),
        (
            of("set_bundle", parts=[TWO_PARTS[0], TWO_PARTS[0]], price_cents=1),
            "offer.terms.parts",
            "商品 pot 写了两次",
        ),
        (of("set_bundle", parts=TWO_PARTS[:1], price_cents=1), "offer.terms.parts", "套餐至少要两件"),
        (
            of("set_bundle", parts=TWO_PARTS, price_cents=1) | {"scope": {"categories": ["茶"]}},
            "offer.scope",
            "不要再写适用范围",
        ),
        (
            of(
                "threshold_rate",
                steps=[{"threshold_cents": 2, "pay_bp": 9_000}, {"threshold_cents": 3, "pay_bp": 9_500}],
            ),
            "offer.terms.steps",
            "折扣要一档比一档低",
        ),
        (
            of("threshold_gift", "gift", steps=[{"threshold": 1, "choices": GIFTS}], by="weight"),
            "offer.terms.by",
            "按什么算不能是 weight",
        ),
        (
            of("threshold_gift", "gift", steps=[{"threshold": 1, "choices": [{**GIFTS[0], "title": " "}]}]),
            "offer.terms.steps[0].choices[0].title",
            "赠品名称不能为空",
        ),
        (of("free_postage", "postage", excluded_regions=[""]), "offer.terms.excluded_regions", "不能为空"),
        (of("nth_piece", nth=1, pay_bp=5_000), "offer.terms.nth", "第几件要在 2 到 1000 之间"),
        (of("buy_get", "item", buy=1, get=1), "offer.layer", "不能放在「item」层"),
        (
            DEPOSIT | {"terms": {**DEPOSIT["terms"], "counts_cents": 4_000}},
            "offer.terms.counts_cents",
            "定金抵的钱要比定金多",
        ),
        (
            DEPOSIT | {"terms": {**DEPOSIT["terms"], "deposit_until": "2026-11-10T00:00:00"}},
            "offer.deposit_until",
            "付定金的截止要晚于优惠的开始",
        ),
        (
            of("group_buy", "item", price_cents=1, people=1, hours=1),
            "offer.terms.people",
            "几人成团要在 2 到 1000 之间",
        ),
        (
            of("service_benefit", "benefit", kind="gift", title="卡"),
            "offer.terms.value_cents",
            "礼品要写价值",
        ),
        (
            of("level_reward", "benefit", levels=[{"group": "金", "spend_cents": 1, "reward": ""}]),
            "offer.terms.levels[0].reward",
            "升级礼不能为空",
        ),
    ],
)
def test_a_wrong_mechanic_is_refused_in_the_words_of_its_user(store, data, field, message):
    with pytest.raises(OfferRefused) as error:
        add_offer(store.shop, data, by=None, now=store.now)

    assert error.value.field == field
    assert message in error.value.message


def test_the_shop_page_says_conditions_goods_time_limits_and_stacking(store):
    data = of("nth_piece", nth=2, pay_bp=5_000) | {
        "scope": {"categories": ["茶具"], "excluded_product_ids": ["7"]},
        "limits": {"per_person": 1},
    }

    assert shop_page_text(offer_value(add_offer(store.shop, data, by=None, now=store.now))) == [
        "第二件半价",
        "件数合计，价低的几件享受优惠",
        "适用：茶具，除 1 件外",
        "时间：2026-11-11 00:00 到 2026-11-12 00:00",
        "每人限用 1 次",
        "同一件商品只参加一个同类优惠，自动取减得多的；门槛按单品价合计，不含运费",
    ]


def test_the_shop_page_names_gifts_with_value_and_number_and_regions_without_postage(store):
    gift = of("threshold_gift", "gift", steps=[{"threshold": 19_900, "choices": GIFTS}])
    postage = of("free_postage", "postage", threshold=9_900, excluded_regions=["新疆", "西藏"])

    said = [
        shop_page_text(offer_value(add_offer(store.shop, one, by=None, now=store.now)))
        for one in (gift, postage)
    ]

    assert said[0][:3] == [
        "满 199 送马克杯、布袋中的一种",
        "马克杯：价值 19.90 元，共 500 件，送完为止",
        "布袋：价值 9 元",
    ]
    assert said[1][:2] == ["满 99 包邮", "新疆、西藏不包邮"]


@pytest.mark.parametrize(
    ("cents", "rounded"),
    [
        (23_780, 24_000),
        (1_940, 1_900),
        (80, 100),
        (0, 100),
        (123_456, 120_000),
        (33_453, 33_000),
        (33_500, 34_000),
        (99_960, 100_000),
        (949, 900),
        (950, 1_000),
    ],
)
def test_round_amounts(cents, rounded):
    assert round_amount(cents) == rounded


def test_the_shop_page_says_when_a_deposit_is_lost_and_what_a_group_gets_back(store):
    group = of("group_buy", "item", price_cents=5_900, people=3, hours=24)
    benefit = of("service_benefit", "benefit", kind="gift", title="卡片", value_cents=990) | {
        "audience": "old_customer"
    }

    said = [
        shop_page_text(offer_value(add_offer(store.shop, one, by=None, now=store.now)))
        for one in (DEPOSIT, group, benefit)
    ]

    assert said[0][1:4] == [
        "定金不退：活动结束前没有付尾款的，定金不退",
        "其他优惠减的是尾款，不减定金",
        "单价低于 250 元的商品不参加",
    ]
    assert said[1][1:3] == [
        "开团后 24 小时内凑满 3 人成团，没凑满的全额退款",
        "同一个人在一个团里只算一次，成团后发货",
    ]
    assert said[2][1:4] == ["卡片：价值 9.90 元", "适用：全店", "给谁：老客"]
    assert said[2][-1] == "和其他优惠可以一起享受，不影响价格"


def test_the_shop_page_names_the_products_that_an_offer_names_with_their_prices(store):
    titles = {"p1": "云朵被", "p2": "乳胶枕"}
    prices = [
        {"product_id": "p1", "price_cents": 29_900, "was_cents": 39_900},
        {"product_id": "p2", "price_cents": 9_990, "was_cents": None},
        {"product_id": "p3", "price_cents": 4_900, "was_cents": None},
    ]
    many = [{"product_id": f"m{n}", "price_cents": 100, "was_cents": None} for n in range(33)]
    offers = (
        of("was_now", "item", prices=prices),
        of("set_bundle", parts=[{"product_id": "p1"}, {"product_id": "p2", "pieces": 2}], price_cents=39_900),
        of("addon_purchase", "addon", threshold_cents=19_900, choices=[
            {"product_id": "p2", "price_cents": 4_990}, {"product_id": "p3", "price_cents": 900}
        ]),
        of("was_now", "item", prices=many),
    )  # fmt: skip

    said = [
        shop_page_text(offer_value(add_offer(store.shop, one, by=None, now=store.now)), titles)
        for one in offers
    ]

    assert said[0][:5] == [
        "3 件商品特价，49 起",
        "云朵被：原价 399，现价 299",
        "乳胶枕：特价 99.90",
        "p3：特价 49",
        "适用：3 件商品",
    ]
    assert said[1][:2] == ["套餐 3 件 399 元", "套餐里有：云朵被 1 件、乳胶枕 2 件"]
    assert said[2][:4] == [
        "满 199 加 9 元起换购",
        "每单最多换购 1 件",
        "换购的商品不计入门槛",
        "可以换购：乳胶枕 49.90 元、p3 9 元",
    ]
    assert said[3][31] == "另有 3 件商品，价格见商品页"


def test_old_customers_are_not_called_by_the_name_of_the_product():
    assert audience_text("old_customer") == "老客"
    with override("en"):
        assert audience_text("old_customer") == "Returning customers"

"""Offers and backtests in the browser: writing one, trying a basket, replaying the past, and who may not."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.urls import reverse

from laoke.promotions.backtesting import LOSSES
from laoke.promotions.models import Backtest, Offer
from laoke.shops.models import Role
from tests.people import Demo, person
from tests.web_campaigns.planned import planned

THRESHOLD = {
    "name": "满399减60",
    "threshold_1": "399",
    "off_1": "60",
    "starts_at": "2026-11-11T00:00",
    "ends_at": "2026-11-12T00:00",
    "scope": "all",
}


def new(demo: Demo, mechanic: str = "threshold_discount", **fields: Any) -> Any:
    url = f"{reverse('offer_new')}?mechanic={mechanic}"
    return demo.client().post(url, {**THRESHOLD, **fields})


def test_an_offer_is_written_in_yuan_and_stored_in_cents(demo: Demo) -> None:
    answer = new(demo, threshold_1="１,３99元", off_1="0.06万", repeating="on", cap="120")

    offer = Offer.objects.get()
    assert answer.status_code == 302
    assert offer.terms["terms"] == {
        "steps": [{"threshold_cents": 139900, "off_cents": 60000}],
        "repeating": True,
        "cap_cents": 12000,
    }
    assert "每满 1399 减 600，封顶 120" in demo.client().get(reverse("offers")).content.decode()


@pytest.mark.parametrize(
    ("fields", "field", "message"),
    [
        ({"off_1": "500"}, "off_1", "减的比门槛还多"),
        ({"threshold_1": "很多"}, "threshold_1", "写一个金额"),
        ({"threshold_1": "1.234"}, "threshold_1", "最多到分"),
        ({"threshold_2": "499"}, "off_2", "门槛和减额要一起写"),
        ({"threshold_2": "300", "off_2": "80"}, "threshold_2", "要一档比一档高"),
        ({"cap": "50"}, "cap", "只有每满减才有封顶"),
        ({"ends_at": "2026-11-10T00:00"}, "ends_at", "结束时间要晚于开始时间"),
        ({"scope": "categories"}, "categories", "选至少一个类目"),
        ({"scope": "products", "product_ids": "没有的"}, "product_ids", "店里没有商品 没有的"),
        ({"name": ""}, "name", ""),
    ],
)
def test_a_wrong_field_is_refused_where_it_stands(
    demo: Demo, fields: dict[str, str], field: str, message: str
) -> None:
    answer = new(demo, **fields)

    assert answer.status_code == 422
    assert message in " ".join(answer.context["page"].form.errors[field])
    assert not Offer.objects.exists()


def test_a_discount_and_a_coupon_have_their_own_forms(demo: Demo) -> None:
    assert new(demo, "percent_off", pay="8.5 折").status_code == 302
    assert new(demo, "shop_coupon", name="券", face="30", threshold="", must_hold="on").status_code == 302

    assert [offer.terms["terms"] for offer in Offer.objects.order_by("pk")] == [
        {"pay_bp": 8500},
        {"threshold_cents": 0, "face_cents": 3000, "must_hold": True},
    ]


def two_products(demo: Demo) -> list[str]:
    goods = demo.client().get(reverse("offer_new")).context["page"].form.goods.products
    return [one.product_id for one in goods[:2]]


def gift(number: str, title: str, value: int, cost: int | None, stock: int | None) -> dict[str, Any]:
    return {
        "product_id": number,
        "title": title,
        "value_cents": value,
        "cost_cents": cost,
        "stock": stock,
    }


def test_every_mechanic_has_its_form_and_an_edit_shows_it_again(demo: Demo) -> None:
    first, second = two_products(demo)
    forms: list[tuple[str, dict[str, str], dict[str, Any]]] = [
        ("amount_off", {"off": "20"}, {"off_cents": 2000}),
        ("fixed_price", {"price": "99"}, {"price_cents": 9900}),
        (
            "was_now",
            {"prices": f"{first} 59 89\n{second} 9.9"},
            {
                "prices": [
                    {"product_id": first, "price_cents": 5900, "was_cents": 8900},
                    {"product_id": second, "price_cents": 990, "was_cents": None},
                ]
            },
        ),
        (
            "threshold_rate",
            {"from_1": "200", "gives_1": "9", "from_2": "300", "gives_2": "8.5"},
            {
                "steps": [
                    {"threshold_cents": 20000, "pay_bp": 9000},
                    {"threshold_cents": 30000, "pay_bp": 8500},
                ]
            },
        ),
        ("count_discount", {"from_1": "2", "gives_1": "9"}, {"steps": [{"pieces": 2, "pay_bp": 9000}]}),
        (
            "count_off",
            {"from_1": "2", "gives_1": "12", "repeating": "on", "cap": "30"},
            {"steps": [{"pieces": 2, "off_cents": 1200}], "repeating": True, "cap_cents": 3000},
        ),
        (
            "nth_piece",
            {"nth": "2", "pay_bp": "0", "most_times": "3"},
            {"nth": 2, "pay_bp": 0, "most_times": 3},
        ),
        ("buy_get", {"buy": "2", "get": "1"}, {"buy": 2, "get": 1, "most_times": None}),
        (
            "any_bundle",
            {"pieces": "3", "price_cents": "99"},
            {"pieces": 3, "price_cents": 9900, "most_times": None},
        ),
        (
            "set_bundle",
            {"parts": f"{first}\n{second} 2", "price_cents": "149"},
            {
                "parts": [{"product_id": first, "pieces": 1}, {"product_id": second, "pieces": 2}],
                "price_cents": 14900,
                "most_times": None,
            },
        ),
        (
            "addon_purchase",
            {"threshold": "199", "most_pieces": "1", "choices": f"{first} 9.90"},
            {
                "threshold_cents": 19900,
                "choices": [{"product_id": first, "price_cents": 990}],
                "most_pieces": 1,
            },
        ),
        (
            "threshold_gift",
            {"by": "cents", "from_1": "199", "pieces_1": "1", "gifts_1": "cup 马克杯 19.9 6 500\nbag 布袋 9"},
            {
                "by": "cents",
                "steps": [
                    {
                        "threshold": 19900,
                        "pieces": 1,
                        "choices": [
                            {
                                "product_id": "cup",
                                "title": "马克杯",
                                "value_cents": 1990,
                                "cost_cents": 600,
                                "stock": 500,
                            },
                            {
                                "product_id": "bag",
                                "title": "布袋",
                                "value_cents": 900,
                                "cost_cents": None,
                                "stock": None,
                            },
                        ],
                    }
                ],
            },
        ),
        (
            "member_price",
            {"level_1": "金卡", "pay_1": "8.8", "level_2": "银卡", "pay_2": "9"},
            {"levels": [{"group": "金卡", "pay_bp": 8800}, {"group": "银卡", "pay_bp": 9000}]},
        ),
        (
            "early_bird",
            {"until_1": "2026-11-11T02:00", "pay_1": "7", "until_2": "2026-11-11T08:00", "pay_2": "8"},
            {
                "steps": [
                    {"until": "2026-11-11T02:00:00", "pay_bp": 7000},
                    {"until": "2026-11-11T08:00:00", "pay_bp": 8000},
                ]
            },
        ),
        ("flash_sale", {"price": "9.9", "stock": "100"}, {"price_cents": 990, "stock": 100}),
        (
            "deposit_expansion",
            {
                "deposit_cents": "50",
                "counts_cents": "100",
                "deposit_until": "2026-11-11T02:00",
                "balance_from": "2026-11-11T20:00",
                "assumed": "80",
            },
            {
                "deposit_cents": 5000,
                "counts_cents": 10000,
                "deposit_until": "2026-11-11T02:00:00",
                "balance_from": "2026-11-11T20:00:00",
                "assumed_bp": 8000,
            },
        ),
        (
            "group_buy",
            {"price_cents": "59", "people": "3", "hours": "24", "assumed": "60.25"},
            {"price_cents": 5900, "people": 3, "hours": 24, "assumed_bp": 6025},
        ),
        (
            "more_cheaper",
            {"from_1": "100", "gives_1": "9", "from_2": "300", "gives_2": "8.5", "assumed_buyers": "120"},
            {
                "steps": [{"buyers": 100, "pay_bp": 9000}, {"buyers": 300, "pay_bp": 8500}],
                "assumed_buyers": 120,
            },
        ),
        (
            "service_benefit",
            {"kind": "gift", "title": "手写卡", "value_cents": "9.9", "cost_cents": "2"},
            {"kind": "gift", "title": "手写卡", "days": None, "value_cents": 990, "cost_cents": 200},
        ),
        (
            "service_benefit",
            {"kind": "longer_return", "days": "15", "level": "金卡"},
            {"kind": "longer_return", "title": "", "days": 15, "value_cents": None, "cost_cents": None},
        ),
        (
            "level_reward",
            {
                "term_days": "365",
                "level_1": "银卡",
                "spend_1": "500",
                "reward_1": "杯子",
                "cost_1": "6",
                "level_2": "金卡",
                "spend_2": "1000",
                "reward_2": "茶壶",
            },
            {
                "levels": [
                    {"group": "银卡", "spend_cents": 50000, "reward": "杯子", "cost_cents": 600},
                    {"group": "金卡", "spend_cents": 100000, "reward": "茶壶", "cost_cents": None},
                ],
                "term_days": 365,
            },
        ),
        (
            "free_postage",
            {"by": "pieces", "threshold": "2", "excluded_regions": "新疆、西藏"},
            {"by": "pieces", "threshold": 2, "excluded_regions": ["新疆", "西藏"]},
        ),
    ]
    client = demo.client()
    for mechanic, fields, terms in forms:
        assert new(demo, mechanic, **fields).status_code == 302, mechanic
        offer = Offer.objects.latest("pk")
        assert (offer.mechanic, offer.terms["terms"]) == (mechanic, terms)
        page = client.get(reverse("offer_edit", args=[offer.pk]))
        again = {name: page.context["page"].form[name].value() for name in fields}
        assert client.post(page.request["PATH_INFO"], {**THRESHOLD, **fields}).status_code == 302
        assert None not in again.values()
        home = client.get(reverse("offer", args=[offer.pk])).content.decode()
        assert "店铺页文案" in home and "时间：2026-11-11 00:00 到 2026-11-12 00:00" in home
    assert client.get(reverse("offers")).status_code == 200


@pytest.mark.parametrize(
    ("mechanic", "fields", "field", "message"),
    [
        ("was_now", {"prices": "没有的 5"}, "prices", "店里没有商品 没有的"),
        ("was_now", {"prices": "1 五元"}, "prices", "第 1 行看不懂：1 五元"),
        ("set_bundle", {"parts": "", "price_cents": "9"}, "parts", ""),
        ("threshold_rate", {"from_1": "200", "gives_1": "11"}, "gives_1", "写 0.1 到 9.99 折"),
        (
            "threshold_rate",
            {"from_1": "200", "gives_1": "8", "from_2": "300", "gives_2": "9"},
            "from_2",
            "门槛和优惠都要一档比一档高",
        ),
        ("count_discount", {"from_1": "2", "gives_1": "9", "from_2": "3"}, "gives_2", "门槛和优惠要一起写"),
        ("count_off", {"from_1": "2", "gives_1": "9", "cap": "5"}, "cap", "只有每满减才有封顶"),
        ("nth_piece", {"nth": "1", "pay_bp": "5"}, "nth", ""),
        ("any_bundle", {"pieces": "3", "price_cents": ""}, "price_cents", ""),
        (
            "threshold_gift",
            {"by": "cents", "from_1": "9", "gifts_1": "杯子"},
            "gifts_1",
            "第 1 行看不懂：杯子",
        ),
        (
            "threshold_gift",
            {"by": "cents", "from_1": "9", "gifts_1": "a 杯 1", "from_2": "8", "gifts_2": "a 杯 1"},
            "from_2",
            "第二档的门槛要更高",
        ),
        (
            "threshold_gift",
            {"by": "cents", "from_1": "9", "gifts_1": "a 杯 1", "from_2": "19"},
            "gifts_2",
            "门槛和赠品要一起写",
        ),
        ("member_price", {"level_1": "金卡"}, "pay_1", ""),
        (
            "member_price",
            {"level_1": "金卡", "pay_1": "8", "level_2": "金卡", "pay_2": "9"},
            "level_2",
            "等级 金卡 写了两次",
        ),
        (
            "early_bird",
            {"until_1": "2026-11-11T02:00", "pay_1": "7", "until_2": "2026-11-11T01:00", "pay_2": "8"},
            "until_2",
            "时间要一档比一档晚",
        ),
        ("flash_sale", {"price": "9.9", "stock": "0"}, "stock", ""),
        (
            "deposit_expansion",
            {
                "deposit_cents": "50",
                "counts_cents": "50",
                "deposit_until": "2026-11-11T02:00",
                "balance_from": "2026-11-11T20:00",
                "assumed": "100",
            },
            "counts_cents",
            "定金抵的钱要比定金多",
        ),
        (
            "deposit_expansion",
            {
                "deposit_cents": "50",
                "counts_cents": "100",
                "deposit_until": "2026-11-11T02:00",
                "balance_from": "2026-11-12T00:00",
                "assumed": "100",
            },
            "balance_from",
            "付尾款的开始要早于优惠的结束",
        ),
        ("group_buy", {"price_cents": "59", "people": "1", "hours": "24", "assumed": "100"}, "people", ""),
        ("group_buy", {"price_cents": "59", "people": "2", "hours": "24", "assumed": "101"}, "assumed", ""),
        ("more_cheaper", {"from_1": "100", "gives_1": "9", "from_2": "300"}, "gives_2", "门槛和优惠要一起写"),
        ("service_benefit", {"kind": "gift", "title": "卡"}, "value_cents", "写礼品的价值"),
        ("service_benefit", {"kind": "longer_return"}, "days", "写多几天"),
        ("service_benefit", {"kind": "service"}, "title", "写叫什么"),
        (
            "level_reward",
            {"term_days": "365", "level_1": "银卡", "spend_1": "500", "reward_1": "杯", "level_2": "金卡"},
            "spend_2",
            "等级、消费额和升级礼要一起写",
        ),
        ("free_postage", {"by": "pieces", "threshold": "1.5"}, "threshold", "件数要是整数"),
    ],
)
def test_a_wrong_field_of_a_mechanic_is_refused_where_it_stands(
    demo: Demo, mechanic: str, fields: dict[str, str], field: str, message: str
) -> None:
    answer = new(demo, mechanic, **fields)

    assert answer.status_code == 422
    assert message in " ".join(answer.context["page"].form.errors[field])
    assert not Offer.objects.exists()


def test_a_basket_short_of_a_step_says_what_is_missing(demo: Demo) -> None:
    client = demo.client()
    goods = client.get(reverse("offer_new")).context["page"].form.goods.products
    basket = {"mechanic": "count_discount", "product_1": goods[0].product_id, "quantity_1": "2"}
    typed = {**THRESHOLD, **basket, "from_1": "3", "gives_1": "8"}

    text = client.post(reverse("offer_try"), typed).content.decode()

    assert "满399减60：再买 1 件，打 8 折" in text
    assert "满 3 件可用，还差 1 件" in text


def test_an_edit_shows_what_was_stored_and_changes_it(demo: Demo) -> None:
    new(demo)
    offer = Offer.objects.get()
    url = reverse("offer_edit", args=[offer.pk])

    page = demo.client().get(url).content.decode()
    demo.client().post(url, {**THRESHOLD, "off_1": "80"})

    assert 'value="399"' in page and 'value="60"' in page
    offer.refresh_from_db()
    assert offer.terms["terms"]["steps"][0]["off_cents"] == 8000


def test_a_typed_basket_is_priced_with_its_trace(demo: Demo) -> None:
    client = demo.client()
    goods = client.get(reverse("offer_new")).context["page"].form.goods.products
    dear = max(goods, key=lambda one: one.list_price_cents)
    basket = {"mechanic": "threshold_discount", "product_1": dear.product_id, "quantity_1": "3"}

    text = client.post(reverse("offer_try"), {**THRESHOLD, **basket}).content.decode()
    unfinished = client.post(reverse("offer_try"), {**basket, "name": "x"}).content.decode()

    assert "应付" in text and "60.00" in text
    assert f"{(3 * dear.list_price_cents - 6000) / 100:,.2f}" in text
    assert "把优惠写完整" in unfinished


def test_a_basket_is_priced_with_the_other_running_offers_and_the_best_of_their_coupons(demo: Demo) -> None:
    client = demo.client()
    goods = client.get(reverse("offer_new")).context["page"].form.goods.products
    dear = max(goods, key=lambda one: one.list_price_cents)
    new(demo, threshold_1="1", off_1="1")
    offer = Offer.objects.get()
    for face in ("10", "25"):
        typed = {"name": f"券 {face}", "threshold": "", "face": face, "must_hold": "on"}
        assert new(demo, "shop_coupon", **typed).status_code == 302
    url, basket = reverse("offer", args=[offer.pk]), {"product_1": dear.product_id, "quantity_1": "3"}

    alone = client.get(url, basket).context["page"].quote
    together = client.get(url, {**basket, "together": "on"}).context["page"].quote

    assert len(alone.refused) == 0
    assert together.refused == ("券 10：用它要比这样搭配多付 15.00",)
    assert [step.rule for step in together.trace.steps][1:3] == ["规则 R5", "规则 R8"]


def test_a_hostile_name_stays_text(demo: Demo) -> None:
    new(demo, name="<script>alert(1)</script>")

    page = demo.client().get(reverse("offers")).content.decode()
    assert "<script>alert" not in page and "&lt;script&gt;alert" in page


def test_a_backtest_shows_what_the_offers_would_have_cost(demo: Demo) -> None:
    new(demo, threshold_1="199", off_1="20")
    form = {"offers": [Offer.objects.get().pk], "period_from": "2025-01-01", "period_to": "2026-11-08"}

    made = demo.client().post(reverse("backtests"), form)
    answer = demo.client().get(made.url)

    result = Backtest.objects.get().result
    page = answer.content.decode()
    assert not result.get("refused")
    assert f"{result['discounted_orders']:,}" in page
    assert answer.context["page"].per_offer.rows[0].cells[0] == "满399减60"
    assert answer.context["page"].compare.rows[0].cells[0] == "被优惠到的订单"


def test_without_an_offer_the_page_leads_to_making_one(demo: Demo) -> None:
    page = demo.client().get(reverse("backtests")).content.decode()
    assert "先建一个，再放到过去的订单上" in page
    assert f'href="{reverse("offer_new")}"' in page
    assert 'id="backtest-form"' not in page

    new(demo)
    page = demo.client().get(reverse("backtests")).content.decode()
    assert 'id="backtest-form"' in page
    assert "先建一个，再放到过去的订单上" not in page


def test_the_coming_campaign_lends_its_offers_and_its_days_of_last_year(demo: Demo) -> None:
    new(demo)
    lone = Offer.objects.get().pk
    campaign = planned(demo)
    own = {str(link.offer_id) for link in campaign.campaign_offers.all()}

    bare = demo.client().get(reverse("backtests")).context["page"].form.initial
    other = demo.client().get(reverse("backtests"), {"offers": lone}).context["page"].form.initial

    assert set(bare["offers"]) == own
    assert (bare["period_from"], bare["period_to"]) == (date(2025, 11, 1), date(2025, 11, 21))
    assert other["offers"] == [str(lone)]
    assert other["period_to"] == demo.now.date() - timedelta(days=1), "the campaign does not use this offer"


def test_a_short_period_is_refused_with_how_many_orders_it_needs(demo: Demo) -> None:
    new(demo, threshold_1="199", off_1="20")
    form = {"offers": [Offer.objects.get().pk], "period_from": "2026-03-03", "period_to": "2026-03-04"}

    page = demo.client().get(demo.client().post(reverse("backtests"), form).url).content.decode()

    result = Backtest.objects.get().result
    assert f"只有 {result['orders']} 单，要 {result['needed_orders']:,} 单" in page


def test_without_any_cost_nobody_knows_what_would_lose_money(demo: Demo) -> None:
    new(demo, threshold_1="199", off_1="20")
    client = demo.client()
    form = {"offers": [Offer.objects.get().pk], "period_from": "2025-01-01", "period_to": "2026-11-08"}
    client.post(reverse("backtests"), form)
    made = Backtest.objects.get()
    made.result |= {"cost_known_orders": 0, "margin_before_cents": None, "margin_after_cents": None}
    made.result |= dict.fromkeys(LOSSES) | {"loss_examples": []}
    made.save()
    made.depth.facts["net"]["orders"], made.depth.facts["losing"] = 0, []
    made.depth.save()

    page = client.get(reverse("backtest", args=[made.pk])).content.decode()
    listed = {
        view: client.get(reverse("backtests"), {"view": view}).content.decode()
        for view in ("fine", "loss", "all")
    }

    assert "没有一单知道成本" in page and "不知道哪些会亏" in page
    assert "没有会亏的订单" not in page
    assert [f"/backtests/{made.pk}/" in listed[view] for view in ("fine", "loss", "all")] == [
        False,
        False,
        True,
    ]


def test_a_backtest_needs_offers_and_days_in_order(demo: Demo) -> None:
    answer = demo.client().post(
        reverse("backtests"), {"period_from": "2026-03-04", "period_to": "2026-03-03"}
    )

    assert answer.status_code == 422
    assert set(answer.context["page"].form.errors) == {"offers", "period_to"}


def test_who_only_reads_gets_no_buttons_and_is_refused(demo: Demo) -> None:
    new(demo)
    offer = Offer.objects.get()
    reader, keeper = demo.client(demo.analyst), demo.client(person(demo, "cang", Role.WAREHOUSE))

    assert reverse("offer_new") not in reader.get(reverse("offers")).content.decode()
    assert "修改优惠" not in reader.get(reverse("offer", args=[offer.pk])).content.decode()
    assert "backtest-form" not in reader.get(reverse("backtests")).content.decode()
    for name in ("offer_edit", "offer_archive", "offer_activity"):
        assert reader.post(reverse(name, args=[offer.pk])).status_code == 403
    assert keeper.get(reverse("offers")).status_code == 403
    offer.refresh_from_db()
    assert not offer.archived


def test_the_list_costs_the_same_few_questions_however_long_it_is(
    demo: Demo, django_assert_max_num_queries: Any
) -> None:
    for number in range(6):
        new(demo, name=f"优惠{number}")
    client = demo.client()
    with django_assert_max_num_queries(14):
        assert client.get(reverse("offers")).status_code == 200


def test_who_an_offer_is_for_is_picked_kept_and_said(demo: Demo) -> None:
    new(demo, audience="old_customer")
    new(demo, "service_benefit", kind="longer_return", days="15", level="金卡")
    plain, benefit = Offer.objects.order_by("pk")
    assert (plain.terms["audience"], benefit.terms["audience"]) == ("old_customer", "金卡")
    client = demo.client()

    form = client.get(reverse("offer_edit", args=[benefit.pk])).context["page"].form
    fresh = client.get(f"{reverse('offer_new')}?mechanic=service_benefit").context["page"].form
    home = client.get(reverse("offer", args=[plain.pk])).content.decode()

    assert (form["level"].value(), form["audience"].value()) == ("金卡", "")
    assert fresh["audience"].value() == "old_customer"
    assert "给谁：老客" in home


def test_an_audience_from_a_file_survives_an_edit(demo: Demo) -> None:
    new(demo)
    offer = Offer.objects.get()
    offer.terms["audience"] = "vip"
    offer.save()
    url = reverse("offer_edit", args=[offer.pk])

    form = demo.client().get(url).context["page"].form
    demo.client().post(url, {**THRESHOLD, "audience": form["audience"].value()})

    offer.refresh_from_db()
    assert offer.terms["audience"] == "vip"


def test_a_backtest_says_what_it_assumes_of_what_the_past_did_not_have(demo: Demo) -> None:
    new(demo, "group_buy", name="三人团", price_cents="9.9", people="3", hours="24", assumed="60")
    half = Offer.objects.get()
    form = {"offers": [half.pk], "period_from": "2025-01-01", "period_to": "2026-11-08"}

    page = demo.client().get(demo.client().post(reverse("backtests"), form).url).content.decode()
    result = Backtest.objects.get().result

    assert "假设「三人团」有 60% 的订单成团，其余按没有拼团算" in page
    share = result["offers"][0]["qualifying_orders"] / result["orders"]
    assert 0.55 < share < 0.65


def test_a_level_reward_leads_to_those_who_are_near_a_level(demo: Demo) -> None:
    fields = {"term_days": "365", "level_1": "银卡", "spend_1": "500", "reward_1": "杯子"}
    new(demo, "level_reward", **fields)
    client = demo.client()

    page = client.get(reverse("offer", args=[Offer.objects.get().pk]))
    action = dict(page.context["page"].facts.facts)["快到银卡的人"]

    assert "net_spent(400..499.99, within 365d)" in client.get(action.url).content.decode()


def test_a_typed_basket_says_what_is_deposit_and_what_is_promised(demo: Demo) -> None:
    client = demo.client()
    goods = client.get(reverse("offer_new")).context["page"].form.goods.products
    dear = max(goods, key=lambda one: one.list_price_cents)
    basket = {"product_1": dear.product_id, "quantity_1": "2"}
    presale = {
        "mechanic": "deposit_expansion",
        "deposit_cents": "10",
        "counts_cents": "20",
        "deposit_until": "2026-11-11T02:00",
        "balance_from": "2026-11-11T20:00",
        "assumed": "100",
    }
    benefit = {"mechanic": "service_benefit", "kind": "longer_return", "days": "15"}

    paid = client.post(reverse("offer_try"), {**THRESHOLD, **basket, **presale}).content.decode()
    promised = client.post(reverse("offer_try"), {**THRESHOLD, **basket, **benefit}).content.decode()

    balance = (2 * dear.list_price_cents - 2 * 1_000 - 2_000) / 100
    assert f"其中定金 20.00，尾款 {balance:,.2f}" in paid
    assert "老客权益「满399减60」，退货期多 15 天" in promised

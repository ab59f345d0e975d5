"""Every rule of the launch checks by itself: values in, findings out, and what lies just inside is let pass."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from laoke.campaigns.launch import (
    RULES,
    Carried,
    CouponTerms,
    Dealt,
    Draw,
    Finding,
    OtherOffer,
    OtherPrice,
    Plan,
    Planned,
    Priced,
    Prize,
    Protected,
    Protection,
    Said,
    Signed,
    Ware,
    check_plan,
    complexity_of,
    group_of,
    protection_of,
    weigh,
)
from laoke.campaigns.launch.prices import claimed_items
from laoke.promotions import engine
from laoke.promotions.engine import Layer, Scope, Window
from laoke.promotions.ladder import Item, Key, Known, Terms, price_item

START, END = datetime(2026, 11, 11), datetime(2026, 11, 12)
HOUR = timedelta(hours=1)
DAY = Window(START, END)
QUILT = Ware("P1", "云朵被", "被子", 39_900, 100)
PILLOW = Ware("P2", "枕头", "枕头", 9_900, 30)
REDUCED = engine.ThresholdDiscount((engine.DiscountStep(30_000, 4_000),), repeating=True, cap_cents=12_000)
COUPON = engine.ShopCoupon(20_000, 2_000)


def offer(mechanic: Any, layer: Layer = Layer.SHOP, name: str = "双11", **given: Any) -> engine.Offer:
    return engine.Offer(given.pop("offer_id", "o"), layer, mechanic, name, **{"window": DAY, **given})


def plan(*offers: engine.Offer, **given: Any) -> Plan:
    planned = tuple(Planned(number, one) for number, one in enumerate(offers, 1))
    return Plan(START, END, planned, **{"wares": (QUILT, PILLOW), **given})


def found(one: Plan, code: str) -> list[Finding]:
    return [finding for finding in check_plan(one) if finding.code == code]


def codes(one: Plan) -> list[str]:
    return [finding.code for finding in check_plan(one)]


def said(words: str, place: Any = "page", **given: Any) -> list[str]:
    return codes(plan(said=(Said(place, "", words),), **given))


# ---------------------------------------------------------------- together


def test_two_offers_at_once_pass_and_a_third_blocks() -> None:
    gift = offer(
        engine.FreePostage(),
        Layer.POSTAGE,
        "包邮",
        offer_id="c",
        window=Window(START + timedelta(hours=8), END),
    )
    two = [offer(REDUCED, name="满减"), offer(COUPON, Layer.COUPON, "券", offer_id="b")]

    assert found(plan(*two), "too_many_offers") == []
    [blocked] = found(plan(*two, gift), "too_many_offers")
    assert blocked.params == {"count": 3, "most": 2, "names": ["满减", "券", "包邮"]}
    assert (blocked.rule.number, blocked.severity) == ("C1", "block")


def test_offers_one_after_the_other_and_those_of_the_platform_are_not_at_once() -> None:
    day = timedelta(days=1)
    later = [
        offer(REDUCED, offer_id=f"o{n}", window=Window(START + n * day, END + n * day)) for n in range(3)
    ]
    official = offer(engine.PercentOff(9_000), Layer.OFFICIAL_CUT, offer_id="p")

    assert found(plan(*later), "too_many_offers") == []
    assert found(plan(later[0], official, replace(official, offer_id="q")), "too_many_offers") == []


def test_the_score_of_complexity_adds_what_a_buyer_must_keep_in_mind() -> None:
    easy = complexity_of([offer(engine.ThresholdDiscount((engine.DiscountStep(30_000, 4_000),)))])
    usual = complexity_of([offer(REDUCED), offer(COUPON, Layer.COUPON, offer_id="b")])

    assert (easy.points, easy.band, easy.parts) == (1, "easy", (("offers", 1),))
    assert dict(usual.parts) == {"offers": 2, "repeating": 1, "cap": 1, "claim": 1}
    assert (usual.points, usual.band) == (5, "fair")


def test_offers_that_are_hard_to_read_are_warned_of_with_their_parts() -> None:
    steps = tuple(engine.CountDiscountStep(n, 10_000 - 500 * n) for n in (2, 3, 5))
    hard = [
        offer(engine.CountDiscount(steps), scope=Scope(frozenset({"P1"})), limits=engine.Limits(1), offer_id="a"),
        offer(COUPON, Layer.COUPON, offer_id="b", audience="first_order", window=Window(START, END + timedelta(1))),
        offer(engine.PercentOff(9_000), Layer.ITEM, offer_id="c", scope=Scope(excluded_product_ids=frozenset({"P2"}))),
    ]  # fmt: skip

    [warned] = found(plan(*hard), "too_complex")
    assert (warned.params["points"], warned.params["most"]) == (11, 8)
    assert dict(warned.params["parts"]) == {
        "offers": 3, "steps": 2, "goods": 1, "per_person": 1, "claim": 1, "buyers": 1, "left_out": 1, "times": 1,
    }  # fmt: skip


def test_an_offer_that_is_over_blocks() -> None:
    over = Plan(START, END, (Planned(7, offer(REDUCED, name="去年"), over=True),))

    assert [(one.subject, one.params) for one in found(over, "offer_over")] == [("offer:7", {"name": "去年"})]


# ---------------------------------------------------------------- prices


def sheet(*items: Item, known: Known | None = None, **given: Any) -> Priced:
    priced = tuple(price_item(one, known or Known(), Terms()) for one in items)
    return Priced("sheet:3", "双11价格", priced, Terms(), given.get("is_sheet", True))


def test_each_rule_of_a_price_sheet_joins_once_with_its_own_number_and_how_many() -> None:
    items = [Item(f"P{n}", f"被{n}", 10_000, was_cents=20_000, cost_cents=2_000) for n in range(1, 6)]
    one = plan(priced=(sheet(*items, known=Known(15_000, 15_000, 15_000)),), orders_until=date(2026, 11, 10))

    assert [(two.code, two.rule.number, two.severity) for two in check_plan(one)] == [
        ("ladder.invented_was", "L5", "block")
    ]
    [invented] = found(one, "ladder.invented_was")
    assert invented.params == {"about": "双11价格", "count": 5, "names": ["被1", "被2", "被3"]}
    assert invented.subject == "sheet:3"


def test_a_price_of_an_offer_is_asked_only_what_its_page_claims() -> None:
    item = Item("P1", "云朵被", 10_000, was_cents=20_000)
    one = plan(priced=(sheet(item, known=Known(10_000), is_sheet=False),), orders_until=date(2026, 11, 10))

    # No cost is known, but an offer is no price sheet: that is not asked here.
    assert codes(one) == ["ladder.invented_was", "ladder.no_cut"]


@pytest.mark.parametrize(
    ("until", "warned"), [(None, True), (date(2026, 11, 3), True), (date(2026, 11, 4), False)]
)
def test_deals_that_are_not_known_up_to_the_start_are_said(until: date | None, warned: bool) -> None:
    one = plan(priced=(sheet(Item("P1", "云朵被", 10_000, cost_cents=1)),), orders_until=until)

    assert bool(found(one, "baseline_not_known")) is warned


def test_without_prices_nobody_asks_for_deals() -> None:
    assert codes(plan(orders_until=None)) == []


@pytest.mark.parametrize(
    ("mechanic", "prices"),
    [
        (engine.PercentOff(8_000), [31_920, 7_920]),
        (engine.AmountOff(10_000), [29_900]),
        (engine.FixedPrice(9_900), [9_900, 9_900]),
        (engine.FlashSale(1_800, 100), [1_800, 1_800]),
        (engine.EarlyBird((engine.EarlyStep(START, 7_000), engine.EarlyStep(END, 9_000))), [35_910, 8_910]),
        (engine.MemberPrice((engine.MemberLevel("VIP", 9_000), engine.MemberLevel("SVIP", 8_500))), [35_910, 8_910]),
        (engine.WasNow((engine.ProductPrice("P1", 29_900, 39_900),)), [29_900]),
        (engine.GroupBuy(8_800, people=3, hours=24), [8_800, 8_800]),
        (engine.DepositExpansion(1_000, 10_000, START + HOUR, START + 2 * HOUR), [30_900]),
        (engine.MoreCheaper((engine.BuyersStep(10, 9_000), engine.BuyersStep(100, 8_000))), [35_910, 8_910]),
    ],
)  # fmt: skip
def test_item_offers_say_what_a_piece_will_cost_the_last_buyer(mechanic: Any, prices: list[int]) -> None:
    items = claimed_items(offer(mechanic, Layer.ITEM), (QUILT, PILLOW))

    assert [one.price_cents for one in items] == prices


def test_a_deposit_is_no_claim_of_a_piece_that_is_too_cheap_to_take_part() -> None:
    deposit = offer(engine.DepositExpansion(5_000, 10_000, START + HOUR, START + 2 * HOUR), Layer.ITEM)

    def claimed(cents: int) -> list[int]:
        return [one.price_cents for one in claimed_items(deposit, (replace(QUILT, list_cents=cents),))]

    assert [claimed(cents) for cents in (12_000, 24_999, 25_000)] == [[], [], [20_000]]


def test_a_rate_says_nothing_of_goods_without_a_list_price_or_out_of_scope() -> None:
    unlisted = replace(QUILT, list_cents=None)
    some = offer(engine.PercentOff(8_000), Layer.ITEM, scope=Scope(categories=frozenset({"枕头"})))

    assert [one.product_id for one in claimed_items(some, (QUILT, PILLOW))] == ["P2"]
    assert claimed_items(offer(engine.PercentOff(8_000), Layer.ITEM), (unlisted,)) == []
    assert claimed_items(offer(REDUCED), (QUILT,)) == []


# ---------------------------------------------------------------- words


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("全国第一的被子", "absolute_word"),
        ("全 国 第 一", "absolute_word"),
        ("史上最低", "strong_word"),
        ("五星好评返现", "paid_praise"),
        ("加微信领券", "leads_away"),
        ("枕头能治疗颈椎病", "medical_claim"),
        ("最终解释权归本店", "hidden_terms"),
        ("专柜价 999", "reference_price"),
        ("全场8折", "cut_from_what"),
        ("直降50", "cut_from_what"),
        ("现价 99", "price_not_offered"),
        ("原价999", "was_in_words"),
        ("原价再减", "was_in_words"),
    ],
)
def test_words_that_may_not_stand_on_a_page_are_found_with_where(words: str, code: str) -> None:
    one = plan(said=(Said("page", "", words),))

    assert code in codes(one)
    [finding] = found(one, code)
    assert (finding.subject, finding.params["place"]) == ("page", "page")


@pytest.mark.parametrize(
    "words",
    [
        "最佳食用期 30 天",
        "第一次来的朋友",
        "吊牌价 8 折",
        "按页面价直降 50",
        "满 300 减 40",
        "最后 2 小时",
        "",
    ],
)
def test_words_that_are_lawful_pass(words: str) -> None:
    assert said(words) == []


def test_a_former_price_in_words_needs_a_deal_of_that_price() -> None:
    item = Item("P1", "云朵被", 29_900, was_cents=39_900, cost_cents=1)
    priced = (sheet(item, known=Known(39_900, 39_900)),)
    given = {"priced": priced, "orders_until": date(2026, 11, 10)}

    assert said("原价399，现价299", **given) == []
    assert said("原价 399.00 元", **given) == []
    assert said("原价399,300 元起包邮", **given) == [], "two amounts, and not 399,300"
    assert said("原价 499", **given) == ["was_in_words"]
    assert said("现价 199", **given) == ["price_not_offered"]
    dear = (sheet(replace(item, price_cents=99_900, was_cents=129_900), known=Known(129_900, 129_900)),)
    thousands = {"priced": dear, "orders_until": date(2026, 11, 10)}
    assert said("原价¥1,299.00，现价 999", **thousands) == []
    assert said("原价 1,399，现价 1,999", **thousands) == ["was_in_words", "price_not_offered"]
    # The deal was lower than what the sheet calls the former price: the words fall with it.
    invented = (sheet(item, known=Known(35_000, 35_000)),)
    assert "was_in_words" in said("原价399", priced=invented, orders_until=date(2026, 11, 10))


def test_a_round_is_asked_of_its_prices_only_since_its_own_check_reads_the_rest() -> None:
    assert said("全国第一，原价 999", "round") == ["was_in_words"]


def test_the_name_of_an_item_offer_says_from_which_price_it_cuts() -> None:
    bare = offer(engine.AmountOff(5_000), Layer.ITEM, "直降 50")
    told = offer(engine.AmountOff(5_000), Layer.ITEM, "页面价直降 50")

    assert [one.params["words"] for one in found(plan(bare), "cut_from_what")] == [["直降"]]
    assert found(plan(told), "cut_from_what") == []
    assert found(plan(offer(REDUCED, name="立减")), "cut_from_what") == []


# ---------------------------------------------------------------- coupons, prizes, gifts


def issue(**given: Any) -> CouponTerms:
    usual: dict[str, Any] = {
        "number": 7, "name": "老客券", "offer": 1, "total": 1_000, "made": 0, "per_person": 1,
        "budget_cents": 2_000_000, "taken_cents": 0, "valid_from": START, "valid_to": END,
    }  # fmt: skip
    return CouponTerms(**usual | given)


def of_issue(**given: Any) -> list[str]:
    return codes(plan(offer(COUPON, Layer.COUPON), coupons=(issue(**given),)))


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"valid_to": END + timedelta(seconds=1)}, "coupon_not_usable"),
        ({"valid_to": None, "days_after_claim": 30}, "coupon_not_usable"),
        ({"stopped": True}, "coupon_used_up"),
        ({"taken_cents": 2_000_000}, "coupon_used_up"),
        ({"per_person": None}, "coupon_unlimited"),
        ({"budget_cents": None}, "coupon_without_budget"),
        ({"wanted_cents": 2_000_001}, "coupon_budget_short"),
    ],
)
def test_a_coupon_is_a_promise_with_limits(given: dict[str, Any], code: str) -> None:
    assert of_issue() == []
    assert of_issue(**given) == [code]


def test_a_coupon_with_days_after_claiming_and_one_limited_by_its_offer_pass() -> None:
    limited = offer(COUPON, Layer.COUPON, limits=engine.Limits(1))

    one_day = (END - START).days
    assert of_issue(valid_to=None, days_after_claim=one_day, wanted_cents=2_000_000) == []
    assert codes(plan(limited, coupons=(issue(per_person=None),))) == []


def test_a_stopped_issue_is_no_matter_while_another_of_the_offer_runs() -> None:
    stopped, running = issue(name="旧的", stopped=True), issue()

    assert codes(plan(offer(COUPON, Layer.COUPON), coupons=(stopped, running))) == []


def test_a_signature_for_coupons_that_outlive_their_offer_stays_while_they_are_used() -> None:
    longer = END + timedelta(days=1)
    states = {
        check_plan(
            plan(
                offer(COUPON, Layer.COUPON),
                coupons=(issue(valid_to=longer, made=made, taken_cents=100 * made),),
            )
        )[0].state
        for made in (0, 1)
    }

    assert len(states) == 1


@pytest.mark.parametrize(
    "given",
    [
        {"number": 8}, {"total": 1_000_000}, {"per_person": 9}, {"budget_cents": 9_000_000},
        {"valid_from": START - HOUR}, {"days_after_claim": 30},
    ],
)  # fmt: skip
def test_a_signature_for_coupons_that_outlive_their_offer_is_for_that_issue_and_its_limits(
    given: dict[str, Any],
) -> None:
    longer = {"valid_to": END + timedelta(days=1)}

    def block(more: dict[str, Any]) -> Finding:
        [one] = found(
            plan(offer(COUPON, Layer.COUPON), coupons=(issue(**longer | more),)), "coupon_not_usable"
        )
        return one

    assert block({}).subject == "coupon:7"
    assert weigh([block(given)], [signed(block({}))]).signed == []


def test_without_a_budget_the_most_that_it_may_cost_is_told() -> None:
    one = plan(offer(COUPON, Layer.COUPON), coupons=(issue(budget_cents=None),))

    [warned] = found(one, "coupon_without_budget")
    assert warned.params["most_cents"] == 2_000_000


def test_a_coupon_that_pays_for_whole_goods_is_told_with_their_names() -> None:
    free = offer(engine.ShopCoupon(0, 9_900), Layer.COUPON, "无门槛")
    bound = offer(engine.ShopCoupon(9_901, 9_900), Layer.COUPON, "有门槛")

    [warned] = found(plan(free), "coupon_free_goods")
    assert (warned.params["count"], warned.params["names"]) == (1, ["枕头"])
    assert found(plan(bound), "coupon_free_goods") == []


def draw(*prizes: Prize, **given: Any) -> Draw:
    usual: dict[str, Any] = {"name": "刮刮卡", "organiser": "半亩棉", "starts_at": START, "ends_at": END}
    return Draw(prizes=prizes, **usual | given)


CAR = Prize("电动车", 5_000_000, 10)


def test_a_prize_of_fifty_thousand_yuan_passes_and_a_cent_more_blocks() -> None:
    assert codes(plan(draws=(draw(CAR),))) == []
    [blocked] = found(plan(draws=(draw(replace(CAR, value_cents=5_000_001)),)), "prize_above_cap")
    assert (blocked.rule.number, blocked.severity, blocked.params["most_cents"]) == (
        "C21",
        "block",
        5_000_000,
    )


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        (draw(CAR, organiser=""), ["organiser"]),
        (draw(CAR, starts_at=None, ends_at=None), ["starts_at", "ends_at"]),
        (draw(), ["prizes"]),
        (draw(replace(CAR, name=" ")), ["name"]),
        (draw(replace(CAR, odds_ppm=None)), ["odds"]),
    ],
)
def test_a_draw_that_does_not_say_what_the_law_wants_blocks(given: Draw, missing: list[str]) -> None:
    [blocked] = found(plan(draws=(given,)), "draw_unclear")

    assert (blocked.params["missing"], blocked.severity) == (missing, "block")


def test_a_number_stands_for_odds_and_odds_add_up_to_certain_at_most() -> None:
    by_number = draw(replace(CAR, odds_ppm=None, stock=1))

    assert codes(plan(draws=(by_number,))) == []
    assert codes(plan(draws=(draw(replace(CAR, odds_ppm=1_000_000)),))) == []
    assert codes(plan(draws=(draw(CAR, replace(CAR, name="被", odds_ppm=999_991)),))) == ["odds_wrong"]
    assert codes(plan(draws=(draw(replace(CAR, odds_ppm=0)),))) == ["odds_wrong"]


def gift(**given: Any) -> engine.Offer:
    choice = engine.GiftChoice("P2", "枕头", **{"value_cents": 9_900, "stock": 30, **given})
    return offer(engine.ThresholdGift((engine.GiftStep(30_000, (choice,)),)), Layer.GIFT, "满赠")


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"stock": 31}, "gift_not_in_stock"),
        ({"stock": None}, "gift_number_unsaid"),
        ({"value_cents": 9_901}, "gift_value"),
    ],
)
def test_a_gift_is_there_and_worth_what_is_said(given: dict[str, Any], code: str) -> None:
    assert codes(plan(gift())) == []
    assert codes(plan(gift(**given))) == [code]


def test_a_gift_that_lately_sold_for_more_may_be_called_so() -> None:
    dearer = replace(PILLOW, sold_cents=10_000)

    assert codes(plan(gift(value_cents=10_000), wares=(QUILT, dearer))) == []
    assert codes(plan(gift(value_cents=99_900), wares=(QUILT,))) == []


def test_gifts_that_the_backtest_would_run_out_of_are_told() -> None:
    def with_gifts(pieces: int | None) -> Plan:
        return Plan(START, END, (Planned(1, gift(), gifts=pieces),), wares=(PILLOW,))

    assert codes(with_gifts(30)) == codes(with_gifts(None)) == []
    [warned] = found(with_gifts(31), "gift_short")
    assert (warned.params["stock"], warned.params["wanted"]) == (30, 31)


# ---------------------------------------------------------------- buyers


def test_a_price_for_some_blocks_unless_they_are_a_published_level() -> None:
    for_some = offer(engine.PercentOff(8_000), Layer.ITEM, "老客价", audience="高价值")

    [blocked] = found(plan(for_some), "price_for_some")
    assert (blocked.severity, blocked.params) == ("block", {"name": "老客价", "buyers": "高价值"})
    assert codes(plan(for_some, levels=frozenset({"高价值"}))) == []


def test_new_buyers_are_a_warning_and_gifts_for_some_are_no_price() -> None:
    newcomers = offer(COUPON, Layer.COUPON, audience=engine.FIRST_ORDER)

    assert codes(plan(newcomers)) == ["new_buyers_only"]
    assert codes(plan(replace(gift(), audience="高价值"))) == []


def test_a_member_price_names_levels_that_are_published() -> None:
    members = offer(engine.MemberPrice((engine.MemberLevel("VIP", 9_000),)), Layer.ITEM, "会员价")

    assert codes(plan(members, levels=frozenset({"VIP"}))) == []
    [warned] = found(plan(members), "level_unknown")
    assert warned.params == {"name": "会员价", "levels": ["VIP"]}


def test_rounds_that_bring_different_people_different_prices_block() -> None:
    small, large = (
        offer(COUPON, Layer.COUPON, "小券"),
        offer(engine.ShopCoupon(20_000, 5_000), Layer.COUPON, "大券", offer_id="b"),
    )
    loyal, all_others = Carried("1A", 'group in ("loyal")', 1), Carried("1B", 'group in ("ordinary")', 2)

    [blocked] = found(plan(small, large, rounds=(loyal, all_others)), "price_by_round")
    assert blocked.params == {"round": "1A", "other_round": "1B", "offer": "小券", "other": "大券"}
    for changed in ({"offer": 1}, {"offer": None}, {"people": loyal.people}):
        fine = replace(all_others, **changed)
        assert codes(plan(small, large, rounds=(loyal, fine))) == []
    elsewhere = replace(large, scope=Scope(frozenset({"P2"})))
    here = replace(small, scope=Scope(frozenset({"P1"})))
    assert codes(plan(here, elsewhere, rounds=(loyal, all_others))) == []


# ---------------------------------------------------------------- price protection


def test_who_bought_for_more_is_counted_once_and_the_difference_is_summed() -> None:
    quilt, pillow = Key("P1"), Key("P2")
    first, last = date(2026, 10, 27), date(2026, 11, 10)
    told = protection_of(
        {quilt: ("云朵被", 30_000), pillow: ("枕头", 9_000), Key("P2", "大"): ("枕头 大", 12_000)},
        [
            Dealt(Key("P1", "白"), 1, 39_900, 2),
            Dealt(quilt, 2, 30_000, 1),
            Dealt(Key("P2", "小"), 1, 9_900, 1),
            Dealt(Key("P2", "大"), 3, 11_000, 1),
            Dealt(Key("P9"), 4, 99_900, 1),
        ],
        15, first, last,
    )  # fmt: skip

    assert told == Protection(
        15, first, last, 1,
        (
            Protected(quilt, "云朵被", 30_000, 39_900, 1, 2, 19_800),
            Protected(pillow, "枕头", 9_000, 9_900, 1, 1, 900),
        ),
    )  # fmt: skip
    assert (told.units, told.cents) == (3, 20_700)
    [warned] = found(plan(protection=told), "price_protection")
    assert (warned.params["people"], warned.params["cents"], warned.severity) == (1, 20_700, "warn")
    assert codes(plan(protection=replace(told, people=0, items=()))) == []


# ---------------------------------------------------------------- beside


def test_offers_at_the_same_time_on_the_same_goods_are_told_by_layer() -> None:
    mine = offer(REDUCED, name="满减", scope=Scope(categories=frozenset({"被子"})))
    same = OtherOffer(8, offer(REDUCED, name="店铺满减", offer_id="x"), "周年庆")
    other = OtherOffer(9, offer(COUPON, Layer.COUPON, "群券", offer_id="y"))

    one = plan(mine, others=(same, other))
    told = [
        (two.code, *(two.params[name] for name in ("other", "campaign", "names"))) for two in check_plan(one)
    ]
    assert told == [
        ("same_layer_elsewhere", "店铺满减", "周年庆", ["云朵被"]),
        ("stacks_elsewhere", "群券", "", ["云朵被"]),
    ]  # fmt: skip


def test_offers_at_other_times_or_on_other_goods_do_not_meet() -> None:
    mine = offer(REDUCED, scope=Scope(frozenset({"P1"})))
    later = OtherOffer(8, offer(REDUCED, offer_id="x", window=Window(END, END + timedelta(1))))
    apart = OtherOffer(9, offer(REDUCED, offer_id="y", scope=Scope(frozenset({"P2"}))))

    assert codes(plan(mine, others=(later, apart))) == []
    # Neither product nor category is on the list of products.
    other = OtherOffer(8, offer(REDUCED, offer_id="x", scope=Scope(frozenset({"P7"}), frozenset({"毛巾"}))))
    [named] = found(plan(offer(REDUCED), others=(other,)), "same_layer_elsewhere")
    assert named.params["names"] == ["P7", "毛巾"]
    whole = plan(offer(REDUCED), others=(OtherOffer(8, offer(REDUCED, offer_id="x")),))
    assert found(whole, "same_layer_elsewhere")[0].params["count"] == 0


def test_an_item_with_two_prices_at_once_blocks() -> None:
    items = (sheet(Item("P1", "云朵被", 29_900, cost_cents=1)),)
    given = {"priced": items, "orders_until": date(2026, 11, 10)}

    assert codes(plan(other_prices=(OtherPrice("周年庆", Key("P1"), 29_900),), **given)) == []
    [blocked] = found(
        plan(other_prices=(OtherPrice("周年庆", Key("P1"), 28_900),), **given), "priced_elsewhere"
    )
    assert (blocked.params["price_cents"], blocked.params["other_cents"]) == (29_900, 28_900)


# ---------------------------------------------------------------- signatures


def signed(finding: Finding, **given: Any) -> Signed:
    one = Signed(
        finding.code, finding.subject, finding.state, "林夏", "owner", "有凭证", "2026-11-01 10:00", 1
    )
    return replace(one, **given)


def test_a_signature_lifts_exactly_the_block_in_the_state_it_was_given_for() -> None:
    for_some = offer(engine.PercentOff(8_000), Layer.ITEM, "老客价", audience="高价值")
    [blocked] = found(plan(for_some), "price_for_some")
    signature = signed(blocked)

    lifted = weigh(check_plan(plan(for_some)), [signature])
    assert (lifted.blocks, lifted.signed, lifted.lapsed) == ([], [(blocked, signature)], ())
    cheaper = replace(for_some, mechanic=engine.PercentOff(7_900))
    changed = weigh(check_plan(plan(cheaper)), [signature])
    assert [one.code for one in changed.blocks] == ["price_for_some"]
    assert (changed.signed, changed.lapsed) == ([], (signature,))


@pytest.mark.parametrize(
    "changed",
    [
        {"item": Item("P1", "云朵被", 100, was_cents=50_000)},
        {"item": Item("P1", "云朵被", 29_000, was_cents=50_000, list_cents=60_000)},
        {"holds": {"end": "2027-11-11"}},
        {"terms": Terms(fee_bp=600)},
    ],
)
def test_a_signature_for_a_price_is_for_its_amount_its_terms_and_its_days(changed: dict[str, Any]) -> None:
    was = {
        "item": Item("P1", "云朵被", 29_000, was_cents=50_000),
        "holds": {"end": "2026-11-12"},
        "terms": Terms(),
    }

    def block(item: Item, **given: Any) -> Finding:
        priced = replace(sheet(item, known=Known(35_000, 35_000), is_sheet=False), **given)
        [one] = found(plan(priced=(priced,), orders_until=date(2026, 11, 10)), "ladder.invented_was")
        return one

    assert weigh([block(**was)], [signed(block(**was))]).blocks == []
    assert [one.code for one in weigh([block(**was | changed)], [signed(block(**was))]).blocks] == [
        "ladder.invented_was"
    ]


def test_a_warning_needs_no_signature_and_takes_none() -> None:
    [warned] = found(plan(said=(Said("theme", "", "冠军"),)), "strong_word")

    assert weigh([warned], [signed(warned)]).signed == []
    assert weigh([warned], []).warnings == [warned]


def test_every_rule_has_a_number_of_its_own_and_a_group() -> None:
    numbers = [rule.number for rule in RULES.values()]

    assert len(set(numbers)) == len(numbers) == 35 + 16
    assert {group_of(code) for code in RULES} == {"offers", "prices", "words", "limits", "buyers", "beside"}
    assert sum(rule.severity == "block" for rule in RULES.values()) == 15 + 3

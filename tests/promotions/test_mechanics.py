"""Each mechanic refuses what it cannot mean, is written as JSON and read back, and says what is missing to more."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from laoke.promotions.engine import (
    AddonChoice,
    AddonPurchase,
    AmountOff,
    AnyBundle,
    Basket,
    Buyer,
    BuyersStep,
    BuyGet,
    CountDiscount,
    CountDiscountStep,
    CountOff,
    CountOffStep,
    DepositExpansion,
    EarlyBird,
    EarlyStep,
    EngineError,
    FixedPrice,
    FlashSale,
    FreePostage,
    GiftChoice,
    GiftStep,
    GroupBuy,
    Layer,
    LevelReward,
    LevelStep,
    Line,
    MemberLevel,
    MemberPrice,
    MoreCheaper,
    NextStep,
    NthPiece,
    Offer,
    Part,
    ProductPrice,
    RateStep,
    Scope,
    ServiceBenefit,
    SetBundle,
    ThresholdGift,
    ThresholdRate,
    WasNow,
    Window,
    next_step_sentence,
    offer_from_dict,
    offer_to_dict,
    quote,
    refund,
    refusal_sentence,
)

NOON = datetime(2026, 11, 11, 12)
CUP = AddonChoice("cup", 990)
MUG = (GiftChoice("mug", "马克杯", 1_990, 600),)
SILVER, GOLD = LevelStep("银卡", 50_000, "杯子", 300), LevelStep("金卡", 100_000, "茶壶")


def deposit(**changes: Any) -> DepositExpansion:
    """50 yuan that count as 100, paid until noon, the balance from an hour later on."""
    terms = {
        "deposit_cents": 5_000,
        "counts_cents": 10_000,
        "deposit_until": NOON,
        "balance_from": NOON + timedelta(hours=1),
    }
    return DepositExpansion(**{**terms, **changes})


@pytest.mark.parametrize(
    ("build", "field", "code"),
    [
        (lambda: AmountOff(0), "off_cents", "out_of_range"),
        (lambda: FixedPrice(0), "price_cents", "out_of_range"),
        (lambda: ProductPrice("", 1), "product_id", "empty"),
        (lambda: ProductPrice("cup", 100, 100), "was_cents", "was_not_above_now"),
        (lambda: WasNow(()), "prices", "no_products"),
        (lambda: WasNow((ProductPrice("cup", 1), ProductPrice("cup", 2))), "prices", "product_twice"),
        (lambda: WasNow(tuple(ProductPrice(str(n), 1) for n in range(501))), "prices", "too_many_products"),
        (lambda: ThresholdRate(()), "steps", "no_steps"),
        (lambda: ThresholdRate((RateStep(100, 9_000), RateStep(200, 9_000))), "steps", "rates_must_fall"),
        (lambda: RateStep(100, 10_000), "pay_bp", "out_of_range"),
        (
            lambda: CountDiscount((CountDiscountStep(3, 9_000), CountDiscountStep(2, 8_000))),
            "steps",
            "rates_must_fall",
        ),
        (lambda: CountDiscountStep(0, 9_000), "pieces", "out_of_range"),
        (lambda: CountOff(()), "steps", "no_steps"),
        (lambda: CountOff((CountOffStep(2, 100), CountOffStep(3, 100))), "steps", "steps_must_rise"),
        (
            lambda: CountOff((CountOffStep(2, 100), CountOffStep(3, 200)), True),
            "steps",
            "repeating_needs_one_step",
        ),
        (lambda: CountOff((CountOffStep(2, 100),), cap_cents=50), "cap_cents", "cap_needs_repeating"),
        (lambda: NthPiece(1, 5_000), "nth", "out_of_range"),
        (lambda: NthPiece(2, 10_000), "pay_bp", "out_of_range"),
        (lambda: NthPiece(2, 5_000, 0), "most_times", "out_of_range"),
        (lambda: BuyGet(0, 1), "buy", "out_of_range"),
        (lambda: BuyGet(1, 0), "get", "out_of_range"),
        (lambda: AnyBundle(1, 100), "pieces", "out_of_range"),
        (lambda: AnyBundle(2, 0), "price_cents", "out_of_range"),
        (lambda: Part("", 1), "product_id", "empty"),
        (lambda: SetBundle((Part("cup"),), 100), "parts", "one_piece_is_no_set"),
        (lambda: SetBundle((Part("cup"), Part("cup")), 100), "parts", "product_twice"),
        (lambda: AddonChoice("", 1), "product_id", "empty"),
        (lambda: AddonPurchase(0, (CUP,)), "threshold_cents", "out_of_range"),
        (lambda: AddonPurchase(100, ()), "choices", "no_products"),
        (lambda: AddonPurchase(100, (CUP,), 0), "most_pieces", "out_of_range"),
        (
            lambda: Offer(
                "o", Layer.ITEM, WasNow((ProductPrice("cup", 1),)), scope=Scope(frozenset({"cup"}))
            ),
            "scope",
            "scope_in_terms",
        ),
        (lambda: MemberLevel(" ", 9_000), "group", "empty"),
        (lambda: MemberPrice(()), "levels", "no_steps"),
        (
            lambda: MemberPrice((MemberLevel("vip", 9_000), MemberLevel("vip", 8_000))),
            "levels",
            "level_twice",
        ),
        (lambda: EarlyStep(NOON.replace(tzinfo=UTC), 9_000), "until", "time_with_zone"),
        (lambda: EarlyBird(()), "steps", "no_steps"),
        (lambda: EarlyBird((EarlyStep(NOON, 9_000), EarlyStep(NOON, 9_500))), "steps", "early_must_rise"),
        (lambda: FlashSale(990, 0), "stock", "out_of_range"),
        (lambda: GiftChoice("cup", " ", 100), "title", "empty"),
        (lambda: GiftChoice("cup", "杯", 100, stock=0), "stock", "out_of_range"),
        (lambda: GiftStep(100, ()), "choices", "no_products"),
        (lambda: ThresholdGift(()), "steps", "no_steps"),
        (lambda: ThresholdGift((GiftStep(2, MUG), GiftStep(2, MUG))), "steps", "gifts_must_rise"),
        (lambda: ThresholdGift((GiftStep(2, MUG),), "weight"), "by", "unknown_choice"),
        (lambda: FreePostage(-1), "threshold", "out_of_range"),
        (lambda: deposit(deposit_cents=0), "deposit_cents", "out_of_range"),
        (lambda: deposit(counts_cents=5_000), "counts_cents", "deposit_must_grow"),
        (lambda: deposit(balance_from=NOON - timedelta(minutes=1)), "balance_from", "balance_before_deposit"),
        (lambda: deposit(deposit_until=NOON.replace(tzinfo=UTC)), "deposit_until", "time_with_zone"),
        (lambda: deposit(assumed_bp=0), "assumed_bp", "out_of_range"),
        (
            lambda: Offer("o", Layer.ITEM, deposit(), window=Window(NOON)),
            "deposit_until",
            "deposit_outside_window",
        ),
        (
            lambda: Offer("o", Layer.ITEM, deposit(), window=Window(end=NOON + timedelta(hours=1))),
            "balance_from",
            "balance_outside_window",
        ),
        (lambda: Offer("o", Layer.SHOP, deposit()), "layer", "mechanic_not_in_layer"),
        (lambda: GroupBuy(5_900, 1, 24), "people", "out_of_range"),
        (lambda: GroupBuy(5_900, 2, 0), "hours", "out_of_range"),
        (lambda: GroupBuy(0, 2, 24), "price_cents", "out_of_range"),
        (lambda: GroupBuy(5_900, 2, 24, 10_001), "assumed_bp", "out_of_range"),
        (lambda: BuyersStep(0, 9_000), "buyers", "out_of_range"),
        (lambda: MoreCheaper(()), "steps", "no_steps"),
        (lambda: MoreCheaper((BuyersStep(5, 9_000), BuyersStep(5, 8_000))), "steps", "rates_must_fall"),
        (lambda: MoreCheaper((BuyersStep(5, 9_000),), -1), "assumed_buyers", "out_of_range"),
        (lambda: ServiceBenefit("party", "酒会"), "kind", "unknown_choice"),
        (lambda: ServiceBenefit("longer_return"), "days", "days_of_a_period"),
        (lambda: ServiceBenefit("service", "改裤脚", 3), "days", "days_of_a_period"),
        (lambda: ServiceBenefit("service", " "), "title", "empty"),
        (lambda: ServiceBenefit("gift", "卡片"), "value_cents", "value_of_a_gift"),
        (lambda: ServiceBenefit("service", "改裤脚", value_cents=1), "value_cents", "value_of_a_gift"),
        (lambda: LevelStep("金卡", 1, " "), "reward", "empty"),
        (lambda: LevelStep("金卡", 0, "杯子"), "spend_cents", "out_of_range"),
        (lambda: LevelReward(()), "levels", "no_steps"),
        (lambda: LevelReward((GOLD, SILVER)), "levels", "levels_must_rise"),
        (lambda: LevelReward((SILVER, LevelStep("银卡", 60_000, "杯"))), "levels", "level_twice"),
        (lambda: LevelReward((SILVER,), 0), "term_days", "out_of_range"),
        (lambda: FreePostage(excluded_regions=(" ",)), "excluded_regions", "empty"),
        (lambda: Offer("o", Layer.SHOP, AmountOff(100)), "layer", "mechanic_not_in_layer"),
        (lambda: Offer("o", Layer.SHOP, AddonPurchase(100, (CUP,))), "layer", "mechanic_not_in_layer"),
    ],
)
def test_a_mechanic_that_means_nothing_cannot_exist(build: Any, field: str, code: str) -> None:
    with pytest.raises(EngineError) as refused:
        build()
    assert (refused.value.field, refused.value.code) == (field, code)


def test_a_mechanic_is_written_by_its_own_fields() -> None:
    offer = Offer("o", Layer.ADDON, AddonPurchase(19_900, (CUP,), 2))
    data = offer_to_dict(offer)
    assert (data["mechanic"], data["terms"]) == (
        "addon_purchase",
        {
            "threshold_cents": 19_900,
            "choices": [{"product_id": "cup", "price_cents": 990}],
            "most_pieces": 2,
        },
    )
    assert offer_from_dict(data) == offer


@pytest.mark.parametrize(
    ("terms", "field", "code"),
    [
        ({"threshold_cents": 1}, "offer.terms.choices", "missing"),
        ({"threshold_cents": 1, "choices": [7]}, "offer.terms.choices[0]", "not_an_object"),
        (
            {"threshold_cents": 1, "choices": [{"product_id": 7, "price_cents": 1}]},
            "offer.terms.choices[0].product_id",
            "not_a_text",
        ),
        (
            {"threshold_cents": 1, "choices": [{"product_id": "a", "price_cents": 0}]},
            "offer.terms.choices[0].price_cents",
            "out_of_range",
        ),
        (
            {"threshold_cents": 1, "choices": [{"product_id": "a", "price_cents": 1, "x": 1}]},
            "offer.terms.choices[0].x",
            "unknown_field",
        ),
    ],
)
def test_wrong_terms_are_refused_with_the_path_of_the_field(
    terms: dict[str, Any], field: str, code: str
) -> None:
    data = {"offer_id": "o", "layer": "addon", "mechanic": "addon_purchase", "terms": terms}
    with pytest.raises(EngineError) as refused:
        offer_from_dict(data)
    assert (refused.value.field, refused.value.code) == (field, code)


@pytest.mark.parametrize(
    ("layer", "mechanic", "pieces", "step", "said"),
    [
        (
            Layer.SHOP,
            ThresholdRate((RateStep(10_000, 9_000), RateStep(20_000, 8_500))),
            3,
            NextStep("o", "cents", 5_000, None, 8_500),
            "再买 50.00，打 8.5 折",
        ),
        (
            Layer.SHOP,
            CountDiscount((CountDiscountStep(5, 8_000),)),
            3,
            NextStep("o", "pieces", 2, None, 8_000),
            "再买 2 件，打 8 折",
        ),
        (
            Layer.SHOP,
            CountOff((CountOffStep(2, 1_000),), True, 2_000),
            3,
            NextStep("o", "pieces", 1, 2_000, None),
            "再买 1 件，共减 20.00",
        ),
        (
            Layer.SHOP,
            NthPiece(2, 5_000),
            3,
            NextStep("o", "pieces", 1, None, 5_000, "one"),
            "再买 1 件，其中一件 5 折",
        ),
        (Layer.SHOP, BuyGet(2, 1), 2, NextStep("o", "pieces", 1, None, 0, "one"), "再买 1 件，其中一件免费"),
        (Layer.SHOP, AnyBundle(3, 9_900), 3, NextStep("o", "pieces", 3, None, None), "再买 3 件又够一次"),
        (
            Layer.SHOP,
            SetBundle((Part("tea"), Part("pot", 2)), 100),
            2,
            NextStep("o", "pieces", 2, None, None),
            "再买 2 件又够一次",
        ),
        (
            Layer.GIFT,
            ThresholdGift((GiftStep(16_000, MUG),)),
            3,
            NextStep("o", "cents", 1_000, None, None, "gift"),
            "再买 10.00 送赠品",
        ),
        (
            Layer.POSTAGE,
            FreePostage(4, "pieces"),
            3,
            NextStep("o", "pieces", 1, None, None, "postage"),
            "再买 1 件包邮",
        ),
        (
            Layer.ITEM,
            MoreCheaper((BuyersStep(3, 9_000), BuyersStep(10, 8_000))),
            3,
            NextStep("o", "buyers", 2, None, 9_000),
            "再来 2 人，打 9 折",
        ),
        (
            Layer.BENEFIT,
            LevelReward((SILVER, GOLD)),
            3,
            NextStep("o", "cents", 35_000, None, None, "level"),
            "再付 350.00 升级",
        ),
        (
            Layer.ADDON,
            AddonPurchase(19_900, (CUP,)),
            3,
            NextStep("o", "cents", 4_900, None, None, "addon"),
            "再买 49.00 可以换购",
        ),
    ],
)
def test_a_quote_says_what_is_missing_to_the_next_step(
    layer: Layer, mechanic: Any, pieces: int, step: NextStep, said: str
) -> None:
    found = quote(Basket((Line("1", "tea", 5_000, pieces),)), [Offer("o", layer, mechanic)], NOON)
    assert found.next_steps == (step,)
    assert next_step_sentence(found.next_steps[0]) == said
    assert next_step_sentence(found.next_steps[0], "en")


@pytest.mark.parametrize(
    "mechanic",
    [
        CountOff((CountOffStep(2, 1_000),), True, 1_000),
        NthPiece(2, 5_000, 1),
        BuyGet(1, 1, 1),
        AnyBundle(2, 9_900, 1),
        ThresholdRate((RateStep(100, 9_000),)),
    ],
)
def test_where_nothing_more_can_be_had_no_next_step_is_named(mechanic: Any) -> None:
    found = quote(Basket((Line("1", "tea", 5_000, 3),)), [Offer("o", Layer.SHOP, mechanic)], NOON)
    assert found.next_steps == ()


def test_a_million_pieces_are_bundled_at_once() -> None:
    basket = Basket((Line("1", "tea", 50, 1_000_000), Line("2", "pot", 40, 999_999)))
    found = quote(basket, [Offer("o", Layer.SHOP, AnyBundle(3, 100))], NOON)
    assert found.discount_cents == 333_333 * 50 + 1 * 30 + 333_332 * 20


def test_gifts_and_waived_postage_count_against_the_margin() -> None:
    offers = [
        Offer("gift", Layer.GIFT, ThresholdGift((GiftStep(10_000, MUG, 2),))),
        Offer("free", Layer.POSTAGE, FreePostage()),
    ]
    found = quote(Basket((Line("1", "tea", 10_000, cost_cents=4_000),), 1_200), offers, NOON)
    assert (found.payable_cents, found.cost_cents, found.margin_cents) == (10_000, 5_200, 4_800 - 1_200)
    unknown = Offer("gift", Layer.GIFT, ThresholdGift((GiftStep(1, (GiftChoice("mug", "马克杯", 1_990),)),)))
    assert quote(Basket((Line("1", "tea", 10_000, cost_cents=4_000),)), [unknown], NOON).margin_cents is None


def coat(quantity: int = 1, **buyer: Any) -> Basket:
    """Coats at 399.00 with a cost of 100.00, postage 10.00."""
    return Basket((Line("1", "coat", 39_900, quantity, cost_cents=10_000),), 1_000, Buyer(**buyer))


@pytest.mark.parametrize(
    ("moment", "paid", "quantity", "code", "said"),
    [
        (NOON - timedelta(minutes=1), 0, 2, "", ""),
        (NOON, 0, 1, "deposit_over", "付定金到 2026-11-11 12:00 为止"),
        (NOON, 1, 1, "balance_not_yet", "定金已付，2026-11-11 13:00 起付尾款"),
        (NOON + timedelta(hours=1), 1, 2, "deposit_short", "付了 1 件的定金，这单要 2 件"),
        (NOON + timedelta(hours=1), 2, 2, "", ""),
    ],
)
def test_a_deposit_counts_in_its_time_and_with_it_later(
    moment: datetime, paid: int, quantity: int, code: str, said: str
) -> None:
    found = quote(
        coat(quantity, deposits={"o": paid} if paid else {}), [Offer("o", Layer.ITEM, deposit())], moment
    )

    assert [refusal.code for refusal in found.refused] == ([code] if code else [])
    if code:
        assert refusal_sentence(found.refused[0]) == said
        assert (found.deposit_cents, found.balance_cents) == (0, found.payable_cents)
    else:
        assert (found.deposit_cents, found.balance_cents) == (10_000, 2 * 29_900 + 1_000)


def test_a_piece_takes_part_when_a_fifth_of_it_covers_the_deposit_and_a_balance_is_left() -> None:
    def paid(price: int, mechanic: DepositExpansion) -> int:
        return quote(
            Basket((Line("1", "a", price),)), [Offer("o", Layer.ITEM, mechanic)], NOON - timedelta(hours=1)
        ).payable_cents

    assert [paid(price, deposit()) for price in (25_000, 24_999)] == [20_000, 24_999]
    most = deposit(counts_cents=30_000)
    assert [paid(price, most) for price in (30_001, 30_000)] == [5_001, 30_000]


def test_the_deposit_comes_back_with_a_piece_that_is_returned() -> None:
    offers = [Offer("o", Layer.ITEM, deposit())]
    found = quote(coat(2), offers, NOON - timedelta(hours=1))
    assert refund(found, offers, {"1": 1}).cents == 34_900


def test_a_group_says_how_many_are_missing_and_is_full_at_its_number() -> None:
    offer = Offer("o", Layer.ITEM, GroupBuy(29_900, 3, 24))

    def asked(came: int, joined: bool = True) -> Any:
        basket = Basket(
            (Line("1", "coat", 39_900),),
            buyer=Buyer(joined=frozenset({"o"} if joined else ())),
            taken={"o": came},
        )
        return quote(basket, [offer], NOON)

    assert [next_step_sentence(step) for step in asked(0).next_steps] == ["再来 2 人成团"]
    assert (asked(2).payable_cents, asked(2).next_steps) == (29_900, ())
    assert [refusal_sentence(one) for one in asked(3).refused] == ["这个团 3 人满了"]
    assert [refusal_sentence(one, "en") for one in asked(1, False).refused] == ["not bought in a group of 3"]
    assert asked(1, False).next_steps == ()


def test_a_buyer_who_comes_again_is_no_further_buyer() -> None:
    offer = Offer("o", Layer.ITEM, MoreCheaper((BuyersStep(2, 9_000), BuyersStep(4, 8_000))))

    def asked(came: int, used: int) -> tuple[int, list[int | None]]:
        basket = Basket((Line("1", "a", 9_999),), buyer=Buyer(used={"o": used}), taken={"o": came})
        found = quote(basket, [offer], NOON)
        return found.payable_cents, [step.missing for step in found.next_steps]

    assert asked(3, 1) == (8_999, [1]), "a, b and c have bought, and b buys again: three buyers"
    assert asked(3, 0) == (7_999, []), "d is the fourth"
    assert asked(1, 2) == (9_999, [1])
    assert asked(0, 1) == (9_999, [1]), "who has bought is a buyer even where nobody was counted"


def test_a_benefit_is_promised_and_its_stated_cost_counts_against_the_margin_and_no_price() -> None:
    offers = [
        Offer("card", Layer.BENEFIT, ServiceBenefit("gift", "卡片", value_cents=990, cost_cents=200)),
        Offer("hem", Layer.BENEFIT, ServiceBenefit("service", "改裤脚")),
        Offer("back", Layer.BENEFIT, ServiceBenefit("longer_return", days=15)),
        Offer("safe", Layer.BENEFIT, ServiceBenefit("longer_warranty", days=180), audience="old_customer"),
    ]
    old, new = (quote(coat(first_order=first), offers, NOON) for first in (False, True))

    assert old.payable_cents == new.payable_cents == 40_900
    assert [(one.kind, one.title, one.days) for one in old.benefits] == [
        ("longer_return", "", 15),
        ("gift", "卡片", None),
        ("service", "改裤脚", None),
        ("longer_warranty", "", 180),
    ]
    assert (old.cost_cents, old.margin_cents) == (10_200, 39_900 - 10_200)
    assert [refusal.code for refusal in new.refused] == ["not_in_audience"]


@pytest.mark.parametrize(
    ("spent", "levels", "cost", "code"),
    [
        (0, [], 0, "level_not_passed"),
        (49_999, ["银卡"], 300, ""),
        (10_100, ["银卡"], 300, ""),
        (50_000, [], 0, "level_not_passed"),
        (60_100, ["金卡"], 0, ""),
        (100_000, [], 0, "highest_level"),
    ],
)
def test_a_reward_is_earned_by_the_order_that_passes_the_level(
    spent: int, levels: list[str], cost: int, code: str
) -> None:
    offer = Offer("o", Layer.BENEFIT, LevelReward((SILVER, GOLD)))
    found = quote(coat(spent={"o": spent}), [offer], NOON)

    assert [one.level for one in found.benefits] == levels
    assert found.cost_cents == 10_000 + cost
    assert [refusal.code for refusal in found.refused] == ([code] if code else [])


def test_an_order_that_passes_two_levels_earns_both_rewards() -> None:
    offer = Offer("o", Layer.BENEFIT, LevelReward((SILVER, GOLD)))
    found = quote(coat(3), [offer], NOON)
    assert [one.title for one in found.benefits] == ["杯子", "茶壶"]
    assert found.next_steps == ()

"""Set-up sheets: which tool executes an offer, what to fill in, and what its known bounds say against it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from laoke.promotions import engine
from laoke.promotions.engine import Layer, Limits, Offer, Scope, Window
from laoke.promotions.setup import FINDINGS, Product, Sheet, Standing, Tool, limits, sheet_of, tool_of
from laoke.promotions.setup.links import SetupRefused, check_activity_id, check_link

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "setup-sheets.md"
NOW = datetime(2026, 10, 20, 10)
RAN = Window(datetime(2026, 11, 11), datetime(2026, 11, 12))
GOODS = tuple(Product(f"P{n}", f"被子{n}", "被子", 10_000 + 100 * n) for n in range(1, 4))


def offer(layer: Layer, mechanic: Any, **given: Any) -> Offer:
    return Offer(
        **{"offer_id": "o1", "layer": layer, "mechanic": mechanic, "name": "双十一", "window": RAN} | given
    )


def off(*steps: tuple[int, int], **given: Any) -> engine.ThresholdDiscount:
    return engine.ThresholdDiscount(tuple(engine.DiscountStep(*step) for step in steps), **given)


def made(value: Offer, **standing: Any) -> Sheet:
    return sheet_of(value, Standing(**{"products": GOODS} | standing), NOW)


def codes(sheet: Sheet) -> list[str]:
    return [one.code for one in sheet.findings]


def told(sheet: Sheet, code: str) -> dict[str, Any]:
    return dict(next(one.params for one in sheet.findings if one.code == code))


def filled(sheet: Sheet, at: int = 0) -> dict[str, Any]:
    """The fields of an activity by name, with their number where there are several steps."""
    return {f"{one.name}{one.step or ''}": one.value for one in sheet.activities[at].fields}


COUPON = engine.ShopCoupon(20_000, 2_000)
EACH_KIND: dict[str, tuple[Layer, Any, Tool]] = {
    "percent_off": (Layer.ITEM, engine.PercentOff(8_500), Tool.ITEM),
    "amount_off": (Layer.ITEM, engine.AmountOff(500), Tool.ITEM),
    "fixed_price": (Layer.ITEM, engine.FixedPrice(9_900), Tool.ITEM),
    "was_now": (Layer.ITEM, engine.WasNow((engine.ProductPrice("P1", 9_000),)), Tool.ITEM),
    "early_bird": (
        Layer.ITEM,
        engine.EarlyBird((engine.EarlyStep(datetime(2026, 11, 11, 2), 8_000),)),
        Tool.ITEM,
    ),
    "flash_sale": (Layer.ITEM, engine.FlashSale(1_800, 50), Tool.ITEM),
    "member_price": (Layer.ITEM, engine.MemberPrice((engine.MemberLevel("VIP", 8_000),)), Tool.MEMBER),
    "threshold_discount": (Layer.SHOP, off((30_000, 4_000)), Tool.SHOP),
    "threshold_rate": (Layer.SHOP, engine.ThresholdRate((engine.RateStep(30_000, 9_000),)), Tool.SHOP),
    "count_discount": (Layer.SHOP, engine.CountDiscount((engine.CountDiscountStep(3, 8_000),)), Tool.SHOP),
    "count_off": (Layer.SHOP, engine.CountOff((engine.CountOffStep(3, 5_000),)), Tool.SHOP),
    "nth_piece": (Layer.SHOP, engine.NthPiece(2, 5_000), Tool.SHOP),
    "buy_get": (Layer.SHOP, engine.BuyGet(2, 1), Tool.NONE),
    "any_bundle": (Layer.SHOP, engine.AnyBundle(3, 9_900), Tool.NONE),
    "set_bundle": (
        Layer.SHOP,
        engine.SetBundle((engine.Part("P1"), engine.Part("P2", 2)), 19_900),
        Tool.BUNDLE,
    ),
    "addon_purchase": (
        Layer.ADDON,
        engine.AddonPurchase(20_000, (engine.AddonChoice("P3", 990),)),
        Tool.NONE,
    ),
    "threshold_gift": (
        Layer.GIFT,
        engine.ThresholdGift((engine.GiftStep(29_900, (engine.GiftChoice("G1", "枕巾", 3_900),)),)),
        Tool.SHOP,
    ),
    "free_postage": (Layer.POSTAGE, engine.FreePostage(9_900, excluded_regions=("新疆",)), Tool.SHOP),
    "shop_coupon": (Layer.COUPON, COUPON, Tool.COUPON),
}


@pytest.mark.parametrize("name", EACH_KIND)
def test_every_kind_of_offer_has_its_tool_or_is_said_to_have_none(name: str) -> None:
    layer, mechanic, tool = EACH_KIND[name]
    sheet = made(offer(layer, mechanic))

    assert sheet.tool == tool
    assert bool(sheet.activities) == (tool is not Tool.NONE)
    assert ("no_tool" in codes(sheet)) == (tool is Tool.NONE)


def test_what_the_platform_runs_itself_is_signed_up_for() -> None:
    for layer, mechanic in (
        (Layer.OFFICIAL_CUT, engine.PercentOff(8_500)),
        (Layer.CROSS_SHOP, off((30_000, 5_000), repeating=True)),
        (Layer.CATEGORY_COUPON, COUPON),
    ):
        sheet = made(offer(layer, mechanic))
        assert (sheet.tool, sheet.activities, codes(sheet)) == (Tool.PLATFORM, (), ["platform_signs_up"])


def test_a_plain_amount_off_is_filled_in_with_cents_for_the_interface() -> None:
    sheet = made(offer(Layer.SHOP, off((30_000, 4_000), repeating=True)))

    assert filled(sheet) == {
        "name": "双十一", "start": datetime(2026, 11, 11), "end": datetime(2026, 11, 12), "range": "whole_shop",
        "threshold": 30_000, "off": 4_000, "multiple": True,
    }  # fmt: skip
    api = {one.api: one.api_value for one in sheet.activities[0].fields if one.api_value}
    assert api == {"total_price": "30000", "decrease_amount": "4000", "is_amount_multiple": "true"}
    assert sheet.activities[0].whole_shop
    # 260 of 300 is paid at the threshold itself; only the back office knows the shop's lowest rate.
    assert (codes(sheet), told(sheet, "shop_lowest_rate")) == (["shop_lowest_rate"], {"found_bp": 8_667})
    assert sheet.worst == "note"


def test_a_cap_has_no_field_and_is_unfolded_into_steps() -> None:
    sheet = made(offer(Layer.SHOP, off((30_000, 4_000), repeating=True, cap_cents=10_000)))

    assert sheet.worst == "bad"
    assert told(sheet, "shop_cap") == {
        "found_cents": 10_000,
        "steps": ((30_000, 4_000), (60_000, 8_000), (90_000, 10_000)),
    }
    by_pieces = engine.CountOff((engine.CountOffStep(3, 5_000),), repeating=True, cap_cents=9_000)
    sheet = made(offer(Layer.SHOP, by_pieces))
    assert told(sheet, "shop_cap")["piece_steps"] == ((3, 5_000), (6, 9_000))
    assert told(sheet, "shop_repeating_pieces") == {"found": 3}
    endless = made(offer(Layer.SHOP, off((100, 1), repeating=True, cap_cents=10**9)))
    assert len(told(endless, "shop_cap")["steps"]) == 12


def test_steps_are_numbered_and_said_to_be_one_too_many_for_the_interface() -> None:
    sheet = made(offer(Layer.SHOP, off((10_000, 1_000), (20_000, 3_000))))

    assert [filled(sheet)[name] for name in ("threshold1", "off1", "threshold2", "off2")] == [
        10_000, 1_000, 20_000, 3_000,
    ]  # fmt: skip
    assert told(sheet, "shop_steps") == {"found": 2}


@pytest.mark.parametrize(
    ("pay_bp", "api", "refused"), [(8_000, "800", False), (8_550, "855", False), (8_555, "855.5", True)]
)
def test_rates_are_thousandths(pay_bp: int, api: str, refused: bool) -> None:
    sheet = made(offer(Layer.SHOP, engine.ThresholdRate((engine.RateStep(30_000, pay_bp),))))

    assert next(one.api_value for one in sheet.activities[0].fields if one.name == "rate") == api
    assert ("shop_rate" in codes(sheet)) == refused


def test_the_second_at_half_price_is_a_rate_on_equal_pieces_and_says_how_sure_that_is() -> None:
    sheet = made(offer(Layer.SHOP, engine.NthPiece(2, 5_000, most_times=1)))

    assert (filled(sheet)["pieces"], filled(sheet)["rate"]) == (2, 7_500)
    nth = next(one for one in sheet.findings if one.code == "shop_nth_piece")
    assert (nth.severity, nth.sure) == ("warn", "unverified")
    assert codes(sheet) == ["shop_lowest_rate", "shop_nth_piece", "shop_most_times"]
    # Two thirds cannot be written in thousandths.
    assert "shop_rate" in codes(made(offer(Layer.SHOP, engine.NthPiece(3, 0))))


def test_gifts_and_postage_have_fields_of_their_own() -> None:
    choices = (
        engine.GiftChoice("G1", "枕巾", 3_900, stock=30),
        engine.GiftChoice("G2", "毛巾", 1_900, stock=50),
    )
    sheet = made(offer(Layer.GIFT, engine.ThresholdGift((engine.GiftStep(2, choices),), by="pieces")))

    assert (filled(sheet)["pieces"], filled(sheet)["gift"]) == (2, ("枕巾", "毛巾"))
    assert (told(sheet, "shop_gift_choice"), told(sheet, "shop_gift_stock")) == ({"found": 2}, {"found": 30})

    layer, postage, _tool = EACH_KIND["free_postage"]
    sheet = made(offer(layer, postage))
    assert filled(sheet)["excluded_regions"] == ("新疆",)
    assert codes(sheet) == []
    assert sheet.worst is None


def test_a_coupon_that_both_ways_take_says_nothing() -> None:
    value = offer(Layer.COUPON, COUPON, limits=Limits(1))
    sheet = made(value, planned_issued=500)

    assert codes(sheet) == []
    assert filled(sheet) | {"name": "", "start": None, "end": None} == {
        "coupon_kind": "shop_coupon", "name": "", "face": 2_000, "threshold": 20_000, "start": None, "end": None,
        "issued": 500, "per_person": 1,
    }  # fmt: skip
    api = {one.api: one.api_value for one in sheet.activities[0].fields if one.api}
    # The condition is written in yuan, unlike every amount of 满就送.
    assert api == {"condition": "200", "total_count": "500", "person_limit_count": "1"}


@pytest.mark.parametrize(
    ("threshold", "face", "found"),
    [
        (20_000, 2_000, []),
        (20_000, 1_500, ["coupon_face_api"]),
        (20_000, 1_550, ["coupon_face_api", "coupon_face_manual"]),
        (300_000, 100_100, ["coupon_face_api", "coupon_face_manual"]),
        (0, 500, ["coupon_threshold"]),
        (2_000, 2_000, ["coupon_threshold"]),
        (20_050, 2_000, ["coupon_threshold_cents"]),
    ],
)
def test_faces_and_thresholds_of_coupons(threshold: int, face: int, found: list[str]) -> None:
    value = offer(Layer.COUPON, engine.ShopCoupon(threshold, face), limits=Limits(1))
    sheet = made(value, planned_issued=1)

    assert codes(sheet) == found
    # What nobody has confirmed refuses nothing.
    assert sheet.worst != "bad"


@pytest.mark.parametrize(
    ("per_person", "severity"), [(1, None), (2, "note"), (5, None), (6, "bad"), (None, "note")]
)
def test_coupons_per_person(per_person: int | None, severity: str | None) -> None:
    value = offer(Layer.COUPON, COUPON, limits=Limits(per_person))
    assert made(value, planned_issued=1).worst == severity


def test_what_else_is_said_of_coupons() -> None:
    long = Window(datetime(2026, 11, 1), datetime(2026, 12, 31, 1))
    value = offer(
        Layer.COUPON, engine.ShopCoupon(20_000, 2_000, must_hold=False), window=long, limits=Limits(1)
    )
    sheet = made(value, live={Tool.COUPON: 50})

    assert codes(sheet) == ["coupon_days", "coupon_live", "coupon_issued", "coupon_claimed"]
    assert told(sheet, "coupon_days") == {"found": 61, "most": 60}
    assert [one.severity for one in sheet.findings] == ["warn", "bad", "warn", "warn"]
    assert "coupon_live" not in codes(made(value, live={Tool.COUPON: 49}))


def test_a_coupon_for_a_category_lists_its_goods() -> None:
    value = offer(
        Layer.COUPON,
        COUPON,
        scope=Scope(categories=frozenset({"被子"}), excluded_product_ids=frozenset({"P2"})),
    )
    sheet = made(value)

    assert filled(sheet)["coupon_kind"] == "item_coupon"
    assert [one.product_id for one in sheet.activities[0].items] == ["P1", "P3"]
    unknown = made(replace(value, scope=Scope(categories=frozenset({"毛巾"}))))
    assert told(unknown, "goods_unknown") == {"categories": ("毛巾",)}
    assert unknown.worst == "bad"


def test_a_named_product_that_no_list_has_takes_part_all_the_same() -> None:
    sheet = made(offer(Layer.COUPON, COUPON, scope=Scope(frozenset({"P9"}))))
    assert [(one.product_id, one.title) for one in sheet.activities[0].items] == [("P9", "")]


def test_single_prices_are_split_by_a_hundred_and_fifty_goods() -> None:
    many = tuple(Product(f"P{n}", "", "被子", 10_000) for n in range(151))
    sheet = made(offer(Layer.ITEM, engine.PercentOff(8_500)), products=many)

    assert [len(one.items) for one in sheet.activities] == [150, 1]
    assert told(sheet, "item_goods") == {"found": 151, "most": 150, "activities": 2, "per_call": 50}
    assert (filled(sheet)["promotion_type"], filled(sheet)["rate"]) == ("discount", 8_500)
    full = made(offer(Layer.ITEM, engine.PercentOff(8_500)), products=many, live={Tool.ITEM: 29})
    assert told(full, "item_activities") == {"found": 2, "live": 29, "most": 30}
    assert "item_activities" not in codes(
        made(offer(Layer.ITEM, engine.PercentOff(8_500)), products=many, live={Tool.ITEM: 28})
    )


def test_fixed_prices_become_amounts_off_the_list_price() -> None:
    goods = (*GOODS, Product("P4", "没标价", "被子", 0), Product("P5", "便宜", "被子", 9_000))
    sheet = made(offer(Layer.ITEM, engine.FixedPrice(10_000)), products=goods)

    goods_of = [[one.product_id for one in activity.items] for activity in sheet.activities]
    amounts = [filled(sheet, at)["off"] for at in range(3)]
    assert (amounts, goods_of) == ([100, 200, 300], [["P1"], ["P2"], ["P3"]])
    assert {one.cents for activity in sheet.activities for one in activity.items} == {10_000}
    assert codes(sheet) == ["item_no_list_price", "item_not_below", "item_amounts"]
    assert told(sheet, "item_no_list_price") == {"found": 1, "products": ("没标价",)}
    assert told(sheet, "item_not_below") == {"found": 1, "products": ("便宜",)}


def test_an_early_bird_is_one_activity_after_the_other() -> None:
    steps = (
        engine.EarlyStep(datetime(2026, 11, 11, 2), 8_000),
        engine.EarlyStep(datetime(2026, 11, 20), 9_000),
    )
    sheet = made(offer(Layer.ITEM, engine.EarlyBird(steps)))

    found = [
        (filled(sheet, at)["start"].hour, filled(sheet, at)["end"], filled(sheet, at)["rate"])
        for at in (0, 1)
    ]
    assert found == [(0, datetime(2026, 11, 11, 2), 8_000), (2, RAN.end, 9_000)]


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({"name": "双十一大促"}, []),
        ({"name": "双十一大促销"}, ["item_name"]),
        ({"limits": Limits(2)}, []),
        ({"limits": Limits(3)}, ["item_per_person"]),
        ({"audience": "老客"}, ["audience"]),
        ({"window": Window(datetime(2026, 10, 1), NOW)}, ["over"]),
    ],
)
def test_what_is_said_of_single_prices(given: dict[str, Any], found: list[str]) -> None:
    assert codes(made(offer(Layer.ITEM, engine.AmountOff(500), **given))) == found


def test_a_flash_sale_has_no_field_for_its_stock() -> None:
    assert told(made(offer(Layer.ITEM, engine.FlashSale(1_800, 50))), "item_stock") == {"found": 50}


def test_limits_and_audiences_that_shop_offers_cannot_hold() -> None:
    value = offer(Layer.SHOP, off((30_000, 4_000)), limits=Limits(2), audience="新客")
    assert codes(made(value)) == ["audience", "per_person_unknown", "shop_lowest_rate"]


def test_a_set_is_copied_and_said_to_be_unchecked() -> None:
    layer, bundle, _tool = EACH_KIND["set_bundle"]
    sheet = made(offer(layer, replace(bundle, most_times=1)))

    assert (filled(sheet)["set_price"], filled(sheet)["set_piece2"]) == (19_900, 2)
    assert [(one.product_id, one.title) for one in sheet.activities[0].items] == [
        ("P1", "被子1"),
        ("P2", "被子2"),
    ]
    assert [(one.code, one.sure) for one in sheet.findings] == [
        ("shop_most_times", "unverified"), ("bundle_unknown", "unverified"),
    ]  # fmt: skip


def test_member_rates_are_the_platforms_levels_and_never_below_seven_tenths() -> None:
    levels = (
        engine.MemberLevel("VIP", 9_505),
        engine.MemberLevel("钻石", 6_900),
        engine.MemberLevel("普通会员", 7_000),
    )
    sheet = made(offer(Layer.ITEM, engine.MemberPrice(levels), scope=Scope(frozenset({"P1"}))))

    assert codes(sheet) == ["member_level", "member_rate", "member_rate_places", "member_no_window"]
    assert told(sheet, "member_level")["found"] == ("钻石",)
    assert told(sheet, "member_rate") == {"found_bp": 6_900, "least_bp": 7_000, "level": "钻石"}
    assert told(sheet, "member_no_window") == {"whole": False}


def test_the_reference_page_names_every_finding_and_every_number() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert [code for code, rule in FINDINGS.items() if f"| {rule} | `{code}` |" not in text] == []
    assert [key for key in limits() if f"`{key}`" not in text] == []


def test_numbers_are_sure_only_where_a_source_says_so() -> None:
    assert {one.sure for one in limits().values()} == {"primary", "unverified"}
    assert sorted(key for key, one in limits().items() if one.sure == "unverified") == [
        "coupon_days_manual", "coupon_face_manual", "coupon_per_person_manual",
    ]  # fmt: skip
    assert limits()["coupon_faces_api"].values == (3, 5, 10, 20, 50, 100)


@pytest.mark.parametrize(
    "link",
    [
        "https://taoquan.taobao.com/coupon/unify_apply.htm?sellerId=1&activityId=abc_1#x",
        "https://a.b.cn:443/",
        "",
    ],
)
def test_links_that_are_kept(link: str) -> None:
    assert check_link(f"  {link} ") == link


@pytest.mark.parametrize(
    ("link", "code"),
    [
        ("http://taoquan.taobao.com/", "link_https"),
        ("javascript:alert(1)", "link_https"),
        ("//taobao.com/x", "link_https"),
        ("data:text/html,x", "link_https"),
        ("https://boss:secret@taobao.com/", "link_user"),
        ("https://taobao.com@evil.example/", "link_user"),
        ("https://127.0.0.1/", "link_host"),
        ("https://[::1]/", "link_host"),
        ("https://localhost/", "link_host"),
        ("https://taobao.com:8443/", "link_host"),
        ("https://", "link_host"),
        ("https://a..b.cn/", "link_host"),
        ("https://taobao.com:99999/", "link_broken"),
        ("https://[::1/", "link_broken"),
        ("https://淘宝.com/", "link_broken"),
        ("https://tao bao.com/", "link_broken"),
        ("https://taobao.com/\n", None),
        ("https://taobao.com/a\nb", "link_broken"),
        ("https://taobao.com/<script>", "link_broken"),
        ('https://taobao.com/"onx=', "link_broken"),
        ("https://taobao.com/\\..\\", "link_broken"),
        ("https://taobao.com/\x00", "link_broken"),
        ("https://taobao.com/" + "a" * 500, "link_long"),
    ],
)  # fmt: skip
def test_links_that_are_not(link: str, code: str | None) -> None:
    if code is None:
        assert check_link(link) == link.strip()
        return
    with pytest.raises(SetupRefused) as refused:
        check_link(link)
    assert refused.value.code == code


def test_numbers_of_activities() -> None:
    assert [check_activity_id(text) for text in ("", " 1234567890123456789 ", "a_b-1")] == [
        "", "1234567890123456789", "a_b-1",
    ]  # fmt: skip
    for wrong in ("1" * 41, "12 34", "<b>", "１２３", "1/2", "1.2E+17"):
        with pytest.raises(SetupRefused) as refused:
            check_activity_id(wrong)
        assert refused.value.code == "activity_id"


def test_a_kind_that_nobody_has_named_has_no_tool() -> None:
    layer, mechanic, _tool = EACH_KIND["any_bundle"]
    assert tool_of(offer(layer, mechanic)) is Tool.NONE

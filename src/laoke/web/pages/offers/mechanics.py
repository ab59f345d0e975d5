"""The editor's forms of the other mechanics, and the groups in which the kinds of offers are shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from laoke.promotions.engine import Layer
from laoke.web.pages.offers.benefit_forms import LevelRewardForm, ServiceBenefitForm
from laoke.web.pages.offers.by_buyer import EarlyBirdForm, FlashSaleForm, MemberPriceForm
from laoke.web.pages.offers.fields import (
    DiscountField,
    MoneyField,
    ProductFiguresField,
)
from laoke.web.pages.offers.forms import (
    COUPON,
    PERCENT,
    STEPS,
    SWITCH,
    THRESHOLD,
    YUAN,
    CouponForm,
    OfferForm,
    PercentForm,
    ThresholdForm,
)
from laoke.web.pages.offers.giving import GiftForm, PostageForm
from laoke.web.pages.offers.together import DepositForm, GroupBuyForm

PIECES, TENTHS, TIMES, PEOPLE = _("件"), _("折"), _("次"), _("人")


class AmountOffForm(OfferForm):
    """直降."""

    mechanic = "amount_off"
    layer = Layer.ITEM
    layout = (("off",),)
    units = {"off": YUAN}

    off = MoneyField(label=_("每件减"), help_text=_("价格不高于减额的商品不减"))

    def terms(self) -> dict[str, Any]:
        return {"off_cents": self.cleaned_data["off"]}

    @classmethod
    def initial_of(cls, terms: Mapping[str, Any]) -> dict[str, Any]:
        return {**super().initial_of(terms), "off": terms["terms"]["off_cents"]}


class FixedPriceForm(OfferForm):
    """一口价."""

    mechanic = "fixed_price"
    layer = Layer.ITEM
    layout = (("price",),)
    units = {"price": YUAN}

    price = MoneyField(label=_("每件价格"), help_text=_("本来就更便宜的商品不变"))

    def terms(self) -> dict[str, Any]:
        return {"price_cents": self.cleaned_data["price"]}

    @classmethod
    def initial_of(cls, terms: Mapping[str, Any]) -> dict[str, Any]:
        return {**super().initial_of(terms), "price": terms["terms"]["price_cents"]}


class WasNowForm(OfferForm):
    """限时特价."""

    mechanic = "was_now"
    layer = Layer.ITEM
    layout = (("prices",),)
    own_products = True

    prices = ProductFiguresField(
        label=_("商品和价格"),
        figures=("money", "money"),
        help_text=_("一行一个：商品编号 现价 原价。原价可以不写；写了就不能高于活动前 7 天的最低成交价"),
    )

    def clean_terms(self, data: dict[str, Any]) -> None:
        for number, figures in data.get("prices") or []:
            if len(figures) > 1 and figures[1] <= figures[0]:
                self.add_error("prices", _("商品 %(number)s 的原价要高于现价") % {"number": number})

    def terms(self) -> dict[str, Any]:
        rows = self.cleaned_data["prices"]
        return {
            "prices": [
                {"product_id": number, "price_cents": now, "was_cents": was[0] if was else None}
                for number, (now, *was) in rows
            ]
        }

    @classmethod
    def initial_of(cls, terms: Mapping[str, Any]) -> dict[str, Any]:
        rows = [
            (one["product_id"], [one["price_cents"], *([one["was_cents"]] if one["was_cents"] else [])])
            for one in terms["terms"]["prices"]
        ]
        return {**super().initial_of(terms), "prices": rows}


class LadderForm(OfferForm):
    """Up to three steps of a threshold and what it gives; fields are `from_1`, `gives_1` and so on."""

    layout: tuple[tuple[str, ...], ...] = (("from_1", "gives_1"),)
    more = (("from_2", "gives_2", "from_3", "gives_3"),)
    more_label = _("再加两档")
    step_names: tuple[str, str]
    rising = False

    def clean_terms(self, data: dict[str, Any]) -> None:
        before: tuple[int, int] | None = None
        for number in range(1, STEPS + 1):
            reached, gives = data.get(f"from_{number}"), data.get(f"gives_{number}")
            if reached is None and gives is None:
                continue
            if reached is None or gives is None:
                missing = f"from_{number}" if reached is None else f"gives_{number}"
                if missing not in self.errors:
                    self.add_error(missing, _("门槛和优惠要一起写"))
                continue
            if before and (
                reached <= before[0] or (gives <= before[1] if self.rising else gives >= before[1])
            ):
                self.add_error(f"from_{number}", _("门槛和优惠都要一档比一档高"))
            before = (reached, gives)

    def terms(self) -> dict[str, Any]:
        data, (threshold, gives) = self.cleaned_data, self.step_names
        return {
            "steps": [
                {threshold: data[f"from_{n}"], gives: data[f"gives_{n}"]}
                for n in range(1, STEPS + 1)
                if data.get(f"from_{n}") is not None
            ]
        }

    @classmethod
    def initial_of(cls, terms: Mapping[str, Any]) -> dict[str, Any]:
        values, (threshold, gives) = super().initial_of(terms), cls.step_names
        for number, step in enumerate(terms["terms"]["steps"][:STEPS], 1):
            values |= {f"from_{number}": step[threshold], f"gives_{number}": step[gives]}
        return values


def _units(threshold: Any, gives: Any) -> dict[str, Any]:
    numbers = range(1, STEPS + 1)
    return {f"from_{n}": threshold for n in numbers} | {f"gives_{n}": gives for n in numbers}


class ThresholdRateForm(LadderForm):
    """满折."""

    mechanic = "threshold_rate"
    layer = Layer.SHOP
    units = _units(YUAN, TENTHS)
    step_names = ("threshold_cents", "pay_bp")

    from_1 = MoneyField(label=_("满"))
    gives_1 = DiscountField(label=_("打"))
    from_2 = MoneyField(label=_("第二档满"), required=False)
    gives_2 = DiscountField(label=_("第二档打"), required=False)
    from_3 = MoneyField(label=_("第三档满"), required=False)
    gives_3 = DiscountField(label=_("第三档打"), required=False)


class CountDiscountForm(LadderForm):
    """满件折."""

    mechanic = "count_discount"
    layer = Layer.SHOP
    units = _units(PIECES, TENTHS)
    step_names = ("pieces", "pay_bp")

    from_1 = forms.IntegerField(label=_("满"), min_value=1, max_value=1000)
    gives_1 = DiscountField(label=_("打"))
    from_2 = forms.IntegerField(label=_("第二档满"), min_value=1, max_value=1000, required=False)
    gives_2 = DiscountField(label=_("第二档打"), required=False)
    from_3 = forms.IntegerField(label=_("第三档满"), min_value=1, max_value=1000, required=False)
    gives_3 = DiscountField(label=_("第三档打"), required=False)


class CountOffForm(LadderForm):
    """满件减."""

    mechanic = "count_off"
    layer = Layer.SHOP
    layout = (("from_1", "gives_1"), ("repeating", "cap"))
    units = _units(PIECES, YUAN) | {"cap": YUAN, "repeating": SWITCH}
    step_names = ("pieces", "off_cents")
    rising = True

    from_1 = forms.IntegerField(label=_("满"), min_value=1, max_value=1000)
    gives_1 = MoneyField(label=_("减"))
    from_2 = forms.IntegerField(label=_("第二档满"), min_value=1, max_value=1000, required=False)
    gives_2 = MoneyField(label=_("第二档减"), required=False)
    from_3 = forms.IntegerField(label=_("第三档满"), min_value=1, max_value=1000, required=False)
    gives_3 = MoneyField(label=_("第三档减"), required=False)
    repeating = forms.BooleanField(label=_("每满都减"), required=False)
    cap = MoneyField(label=_("最多减"), required=False)

    def clean_terms(self, data: dict[str, Any]) -> None:
        super().clean_terms(data)
        if data.get("repeating") and (data.get("from_2") or data.get("from_3")):
            self.add_error("repeating", _("每满减只能有一档，清掉后面的档"))
        if data.get("cap") and not data.get("repeating"):
            self.add_error("cap", _("只有每满减才有封顶"))

    def terms(self) -> dict[str, Any]:
        data = self.cleaned_data
        return {**super().terms(), "repeating": data["repeating"], "cap_cents": data["cap"]}

    @classmethod
    def initial_of(cls, terms: Mapping[str, Any]) -> dict[str, Any]:
        own = terms["terms"]
        return {**super().initial_of(terms), "repeating": own["repeating"], "cap": own["cap_cents"]}


class MoreCheaperForm(LadderForm):
    """越买越便宜."""

    mechanic = "more_cheaper"
    layer = Layer.ITEM
    layout = (("from_1", "gives_1"), ("assumed_buyers",))
    units = _units(PEOPLE, TENTHS) | {"assumed_buyers": PEOPLE}
    step_names = ("buyers", "pay_bp")

    from_1 = forms.IntegerField(label=_("买家满"), min_value=1, max_value=10_000_000)
    gives_1 = DiscountField(label=_("打"))
    from_2 = forms.IntegerField(label=_("第二档满"), min_value=1, max_value=10_000_000, required=False)
    gives_2 = DiscountField(label=_("第二档打"), required=False)
    from_3 = forms.IntegerField(label=_("第三档满"), min_value=1, max_value=10_000_000, required=False)
    gives_3 = DiscountField(label=_("第三档打"), required=False)
    assumed_buyers = forms.IntegerField(
        label=_("回放假设有多少人买"),
        min_value=0,
        max_value=10_000_000,
        required=False,
        help_text=_("不填就是降到最后一档；过去没有这种优惠，回放只能假设"),
    )

    def terms(self) -> dict[str, Any]:
        return {**super().terms(), "assumed_buyers": self.cleaned_data["assumed_buyers"]}

    @classmethod
    def initial_of(cls, terms: Mapping[str, Any]) -> dict[str, Any]:
        return {**super().initial_of(terms), "assumed_buyers": terms["terms"]["assumed_buyers"]}


class PiecesForm(OfferForm):
    """What is counted by pieces and may be bounded per order."""

    plain: tuple[str, ...]
    """Fields that are named as the engine names them."""

    most_times = forms.IntegerField(label=_("每单最多"), min_value=1, max_value=1000, required=False)

    def terms(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in (*self.plain, "most_times")}

    @classmethod
    def initial_of(cls, terms: Mapping[str, Any]) -> dict[str, Any]:
        own = terms["terms"]
        return {**super().initial_of(terms), **{name: own[name] for name in (*cls.plain, "most_times")}}


class NthPieceForm(PiecesForm):
    """第 N 件 X 折."""

    mechanic = "nth_piece"
    layer = Layer.SHOP
    layout = (("nth", "pay_bp", "most_times"),)
    units = {"nth": PIECES, "pay_bp": TENTHS, "most_times": TIMES}
    plain = ("nth", "pay_bp")

    nth = forms.IntegerField(label=_("第几件"), min_value=2, max_value=1000, initial=2)
    pay_bp = DiscountField(
        label=_("这件打"), initial=5000, free=True, help_text=_("0 是免费；价低的一件先享受")
    )


class BuyGetForm(PiecesForm):
    """买 X 送 Y."""

    mechanic = "buy_get"
    layer = Layer.SHOP
    layout = (("buy", "get", "most_times"),)
    units = {"buy": PIECES, "get": PIECES, "most_times": TIMES}
    plain = ("buy", "get")

    buy = forms.IntegerField(label=_("买"), min_value=1, max_value=1000, initial=2)
    get = forms.IntegerField(
        label=_("送"), min_value=1, max_value=1000, initial=1, help_text=_("送的是适用商品里价低的")
    )


class AnyBundleForm(PiecesForm):
    """任选 N 件 M 元."""

    mechanic = "any_bundle"
    layer = Layer.SHOP
    layout = (("pieces", "price_cents", "most_times"),)
    units = {"pieces": PIECES, "price_cents": YUAN, "most_times": TIMES}
    plain = ("pieces", "price_cents")

    pieces = forms.IntegerField(label=_("任选"), min_value=2, max_value=1000)
    price_cents = MoneyField(label=_("一共"))


class SetBundleForm(PiecesForm):
    """套餐."""

    mechanic = "set_bundle"
    layer = Layer.SHOP
    layout = (("parts",), ("price_cents", "most_times"))
    units = {"price_cents": YUAN, "most_times": TIMES}
    plain = ("price_cents",)
    own_products = True

    parts = ProductFiguresField(
        label=_("套餐里的商品"),
        figures=("pieces",),
        least=0,
        help_text=_("一行一个：商品编号 件数，不写就是 1 件"),
    )
    price_cents = MoneyField(label=_("一套"))

    def clean_terms(self, data: dict[str, Any]) -> None:
        parts = data.get("parts")
        if parts and sum(figures[0] if figures else 1 for _number, figures in parts) < 2:
            self.add_error("parts", _("套餐至少要两件"))

    def terms(self) -> dict[str, Any]:
        rows = self.cleaned_data["parts"]
        parts = [{"product_id": number, "pieces": figures[0] if figures else 1} for number, figures in rows]
        return {**super().terms(), "parts": parts}

    @classmethod
    def initial_of(cls, terms: Mapping[str, Any]) -> dict[str, Any]:
        rows = [(one["product_id"], [one["pieces"]]) for one in terms["terms"]["parts"]]
        return {**super().initial_of(terms), "parts": rows}


class AddonForm(OfferForm):
    """加价购."""

    mechanic = "addon_purchase"
    layer = Layer.ADDON
    layout = (("threshold", "most_pieces"), ("choices",))
    units = {"threshold": YUAN, "most_pieces": PIECES}

    threshold = MoneyField(label=_("满"), help_text=_("适用商品的合计，换购的商品不算在内"))
    most_pieces = forms.IntegerField(label=_("每单最多换购"), min_value=1, max_value=1000, initial=1)
    choices = ProductFiguresField(
        label=_("换购的商品"), figures=("money",), help_text=_("一行一个：商品编号 换购价")
    )

    def terms(self) -> dict[str, Any]:
        data = self.cleaned_data
        return {
            "threshold_cents": data["threshold"],
            "choices": [
                {"product_id": number, "price_cents": figures[0]} for number, figures in data["choices"]
            ],
            "most_pieces": data["most_pieces"],
        }

    @classmethod
    def initial_of(cls, terms: Mapping[str, Any]) -> dict[str, Any]:
        own = terms["terms"]
        return {
            **super().initial_of(terms),
            "threshold": own["threshold_cents"],
            "most_pieces": own["most_pieces"],
            "choices": [(one["product_id"], [one["price_cents"]]) for one in own["choices"]],
        }


FORMS: dict[str, type[OfferForm]] = {
    form.mechanic: form
    for form in (
        ThresholdForm,
        ThresholdRateForm,
        CountDiscountForm,
        CountOffForm,
        CouponForm,
        PercentForm,
        AmountOffForm,
        FixedPriceForm,
        WasNowForm,
        NthPieceForm,
        BuyGetForm,
        AnyBundleForm,
        SetBundleForm,
        AddonForm,
        MemberPriceForm,
        EarlyBirdForm,
        FlashSaleForm,
        DepositForm,
        GroupBuyForm,
        MoreCheaperForm,
        GiftForm,
        PostageForm,
        ServiceBenefitForm,
        LevelRewardForm,
    )
}

MECHANICS: dict[str, Any] = {
    THRESHOLD: _("满减"),
    "threshold_rate": _("满折"),
    "count_discount": _("满件折"),
    "count_off": _("满件减"),
    COUPON: _("店铺券"),
    PERCENT: _("折扣"),
    "amount_off": _("直降"),
    "fixed_price": _("一口价"),
    "was_now": _("限时特价"),
    "nth_piece": _("第几件优惠"),
    "buy_get": _("买几送几"),
    "any_bundle": _("任选几件"),
    "set_bundle": _("套餐"),
    "addon_purchase": _("加价购"),
    "member_price": _("会员价"),
    "early_bird": _("早鸟价"),
    "flash_sale": _("秒杀"),
    "deposit_expansion": _("定金膨胀"),
    "group_buy": _("拼团"),
    "more_cheaper": _("越买越便宜"),
    "threshold_gift": _("满赠"),
    "free_postage": _("包邮"),
    "service_benefit": _("老客权益"),
    "level_reward": _("升级礼"),
}

GROUPS: dict[Any, tuple[str, ...]] = {
    _("满减满折"): (THRESHOLD, "threshold_rate", "count_discount", "count_off"),
    _("优惠券"): (COUPON,),
    _("单品价"): (
        PERCENT,
        "amount_off",
        "fixed_price",
        "was_now",
        "member_price",
        "early_bird",
        "flash_sale",
    ),
    _("多件优惠"): ("nth_piece", "buy_get", "any_bundle", "set_bundle", "addon_purchase"),
    _("定金和拼团"): ("deposit_expansion", "group_buy", "more_cheaper"),
    _("赠品和包邮"): ("threshold_gift", "free_postage"),
    _("老客和会员"): ("service_benefit", "level_reward"),
}
"""Kinds of offers as the editor shows them: a group first, then a mechanic of it."""

"""The editor's forms of prices that hang on the buyer, the time or the stock: 会员价, 早鸟价, 秒杀."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from laoke.promotions.engine import Layer
from laoke.web.pages.offers.fields import DiscountField, MomentField, MoneyField
from laoke.web.pages.offers.forms import STEPS, YUAN, OfferForm

TENTHS = _("折")


class MemberPriceForm(OfferForm):
    """会员价: up to three levels."""

    mechanic = "member_price"
    layer = Layer.ITEM
    layout = (("level_1", "pay_1"),)
    more = (("level_2", "pay_2", "level_3", "pay_3"),)
    more_label = _("再加两级")
    units = {f"pay_{number}": TENTHS for number in range(1, STEPS + 1)}

    level_1 = forms.CharField(
        label=_("会员等级"), max_length=40, help_text=_("和人群里写的等级一样，例如 金卡")
    )
    pay_1 = DiscountField(label=_("打"))
    level_2 = forms.CharField(label=_("第二级"), max_length=40, required=False)
    pay_2 = DiscountField(label=_("第二级打"), required=False)
    level_3 = forms.CharField(label=_("第三级"), max_length=40, required=False)
    pay_3 = DiscountField(label=_("第三级打"), required=False)

    def clean_terms(self, data: dict[str, Any]) -> None:
        seen: set[str] = set()
        for number in range(1, STEPS + 1):
            level, pay = data.get(f"level_{number}"), data.get(f"pay_{number}")
            if level and level in seen:
                self.add_error(f"level_{number}", _("等级 %(group)s 写了两次") % {"group": level})
            if bool(level) != (pay is not None):
                missing = f"pay_{number}" if level else f"level_{number}"
                if missing not in self.errors:
                    self.add_error(missing, _("等级和折扣要一起写"))
            seen.add(level or "")

    def terms(self) -> dict[str, Any]:
        data = self.cleaned_data
        return {
            "levels": [
                {"group": data[f"level_{n}"], "pay_bp": data[f"pay_{n}"]}
                for n in range(1, STEPS + 1)
                if data.get(f"level_{n}")
            ]
        }

    @classmethod
    def initial_of(cls, terms: Mapping[str, Any]) -> dict[str, Any]:
        values = super().initial_of(terms)
        for number, level in enumerate(terms["terms"]["levels"][:STEPS], 1):
            values |= {f"level_{number}": level["group"], f"pay_{number}": level["pay_bp"]}
        return values


class EarlyBirdForm(OfferForm):
    """早鸟价: up to three steps of time."""

    mechanic = "early_bird"
    layer = Layer.ITEM
    layout = (("until_1", "pay_1"),)
    more = (("until_2", "pay_2", "until_3", "pay_3"),)
    more_label = _("再加两档")
    units = {f"pay_{number}": TENTHS for number in range(1, STEPS + 1)}

    until_1 = MomentField(label=_("在这之前"))
    pay_1 = DiscountField(label=_("打"))
    until_2 = MomentField(label=_("第二档在这之前"), required=False)
    pay_2 = DiscountField(label=_("第二档打"), required=False)
    until_3 = MomentField(label=_("第三档在这之前"), required=False)
    pay_3 = DiscountField(label=_("第三档打"), required=False)

    def clean_terms(self, data: dict[str, Any]) -> None:
        before: tuple[datetime, int] | None = None
        for number in range(1, STEPS + 1):
            until, pay = data.get(f"until_{number}"), data.get(f"pay_{number}")
            if until is None and pay is None:
                continue
            if until is None or pay is None:
                missing = f"until_{number}" if until is None else f"pay_{number}"
                if missing not in self.errors:
                    self.add_error(missing, _("时间和折扣要一起写"))
                continue
            if before and (until <= before[0] or pay <= before[1]):
                self.add_error(f"until_{number}", _("时间要一档比一档晚，折扣要一档比一档高"))
            before = (until, pay)

    def terms(self) -> dict[str, Any]:
        data = self.cleaned_data
        return {
            "steps": [
                {"until": data[f"until_{n}"].isoformat(), "pay_bp": data[f"pay_{n}"]}
                for n in range(1, STEPS + 1)
                if data.get(f"until_{n}")
            ]
        }

    @classmethod
    def initial_of(cls, terms: Mapping[str, Any]) -> dict[str, Any]:
        values = super().initial_of(terms)
        for number, step in enumerate(terms["terms"]["steps"][:STEPS], 1):
            values |= {
                f"until_{number}": datetime.fromisoformat(step["until"]),
                f"pay_{number}": step["pay_bp"],
            }
        return values


class FlashSaleForm(OfferForm):
    """秒杀."""

    mechanic = "flash_sale"
    layer = Layer.ITEM
    layout = (("price", "stock"),)
    units = {"price": YUAN, "stock": _("件")}

    price = MoneyField(label=_("秒杀价"))
    stock = forms.IntegerField(
        label=_("限量"), min_value=1, max_value=10_000_000, help_text=_("剩下的不够一单要的，这单不按秒杀价")
    )

    def terms(self) -> dict[str, Any]:
        return {"price_cents": self.cleaned_data["price"], "stock": self.cleaned_data["stock"]}

    @classmethod
    def initial_of(cls, terms: Mapping[str, Any]) -> dict[str, Any]:
        own = terms["terms"]
        return {**super().initial_of(terms), "price": own["price_cents"], "stock": own["stock"]}

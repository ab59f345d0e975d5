"""The editor's forms of prices that hang on a second payment or on other buyers: 定金膨胀, 拼团."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from laoke.promotions.engine import Layer
from laoke.web.pages.offers.fields import MomentField, MoneyField
from laoke.web.pages.offers.forms import YUAN, OfferForm

ASSUMED = _("过去没有这种优惠，回放只能假设；看结果时写在旁边")


class AssumedField(forms.DecimalField):
    """A share of the orders, in percent to two decimals; read into ten-thousandths."""

    def __init__(self, **kwargs: Any) -> None:
        least, most = Decimal("0.01"), Decimal(100)
        super().__init__(
            min_value=least, max_value=most, decimal_places=2, initial=100, help_text=ASSUMED, **kwargs
        )

    def clean(self, value: Any) -> Any:
        percent = super().clean(value)
        return None if percent is None else int(percent * 100)

    @staticmethod
    def typed(assumed_bp: int) -> Decimal:
        """The other way round, for the field."""
        return Decimal(assumed_bp) / 100


class DepositForm(OfferForm):
    """定金膨胀. The offer's own start and end are those of the deposit and of the balance."""

    mechanic = "deposit_expansion"
    layer = Layer.ITEM
    layout = (("deposit_cents", "counts_cents"), ("deposit_until", "balance_from"), ("assumed",))
    units = {"deposit_cents": YUAN, "counts_cents": YUAN, "assumed": "%"}

    deposit_cents = MoneyField(label=_("每件定金"), help_text=_("不超过单价的五分之一，更便宜的商品不参加"))
    counts_cents = MoneyField(label=_("抵"), help_text=_("付尾款时抵这么多"))
    deposit_until = MomentField(label=_("付定金截止"), help_text=_("从优惠的开始时间起可以付"))
    balance_from = MomentField(label=_("付尾款开始"), help_text=_("到优惠的结束时间为止，不付的定金不退"))
    assumed = AssumedField(label=_("回放假设付定金也付尾款的订单"))

    def clean_terms(self, data: dict[str, Any]) -> None:
        deposit, counts = data.get("deposit_cents"), data.get("counts_cents")
        if deposit and counts and counts <= deposit:
            self.add_error("counts_cents", _("定金抵的钱要比定金多"))
        until, start = data.get("deposit_until"), data.get("balance_from")
        if until and start and start < until:
            self.add_error("balance_from", _("付尾款要在付定金结束之后"))

    def terms(self) -> dict[str, Any]:
        data = self.cleaned_data
        return {
            "deposit_cents": data["deposit_cents"],
            "counts_cents": data["counts_cents"],
            "deposit_until": data["deposit_until"].isoformat(),
            "balance_from": data["balance_from"].isoformat(),
            "assumed_bp": data["assumed"],
        }

    @classmethod
    def initial_of(cls, terms: Mapping[str, Any]) -> dict[str, Any]:
        own = terms["terms"]
        return {
            **super().initial_of(terms),
            "deposit_cents": own["deposit_cents"],
            "counts_cents": own["counts_cents"],
            "deposit_until": datetime.fromisoformat(own["deposit_until"]),
            "balance_from": datetime.fromisoformat(own["balance_from"]),
            "assumed": AssumedField.typed(own["assumed_bp"]),
        }


class GroupBuyForm(OfferForm):
    """拼团."""

    mechanic = "group_buy"
    layer = Layer.ITEM
    layout = (("price_cents",), ("people", "hours"), ("assumed",))
    units = {"price_cents": YUAN, "people": _("人"), "hours": _("小时"), "assumed": "%"}

    price_cents = MoneyField(label=_("拼团价"), help_text=_("每件；本来就更便宜的商品不变"))
    people = forms.IntegerField(label=_("几人成团"), min_value=2, max_value=1000, initial=2)
    hours = forms.IntegerField(
        label=_("开团后几小时内凑满"), min_value=1, max_value=720, initial=24, help_text=_("没凑满的全额退款")
    )
    assumed = AssumedField(label=_("回放假设成团的订单"))

    def terms(self) -> dict[str, Any]:
        data = self.cleaned_data
        plain = {name: data[name] for name in ("price_cents", "people", "hours")}
        return {**plain, "assumed_bp": data["assumed"]}

    @classmethod
    def initial_of(cls, terms: Mapping[str, Any]) -> dict[str, Any]:
        own = terms["terms"]
        plain = {name: own[name] for name in ("price_cents", "people", "hours")}
        return {**super().initial_of(terms), **plain, "assumed": AssumedField.typed(own["assumed_bp"])}

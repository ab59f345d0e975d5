"""The offer editor, one form per mechanic, and the basket typed to see what an offer does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from laoke.promotions.buyer_lists import segment_number
from laoke.promotions.describing import audience_text
from laoke.promotions.engine import FIRST_ORDER, OLD_CUSTOMER, Layer
from laoke.shops.joins import listed
from laoke.web.pages.offers.fields import DiscountField, MomentField, MoneyField
from laoke.web.pages.offers.goods import Goods

PERCENT, THRESHOLD, COUPON = "percent_off", "threshold_discount", "shop_coupon"
STEPS = 3
ALL, CATEGORIES, PRODUCTS = "all", "categories", "products"
YUAN, SWITCH = _("元"), "switch"
"""Units behind a field; a switch has none and is shown as one."""


class ProductsField(forms.CharField):
    """Product numbers, one per line; each must be one of the shop's."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("widget", forms.Textarea(attrs={"rows": 3}))
        super().__init__(required=False, **kwargs)
        self.known: Mapping[str, str] = {}

    def to_python(self, value: Any) -> list[str]:  # type: ignore[override]  # one text, many numbers
        text = str(super().to_python(value) or "")
        return list(dict.fromkeys(text.replace(",", " ").replace("，", " ").split()))

    def validate(self, value: Any) -> None:
        strange = [number for number in value if self.known and number not in self.known]
        if strange:
            raise forms.ValidationError(
                _("店里没有商品 %(numbers)s"), params={"numbers": listed(strange[:5])}
            )

    def run_validators(self, value: Any) -> None:
        """Lengths of text say nothing about a list."""

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, (list, tuple, set, frozenset)) else value


Rows = list[list[tuple[forms.BoundField, str]]]


class OfferForm(forms.Form):
    """What every offer has; subclasses add what their mechanic takes off.

    `layout` names the mechanic's own fields, a tuple per row, each with its unit; what stands in `more` is folded away
    until it is used. A mechanic that names its products itself has no scope (`own_products`).
    """

    mechanic: str
    layer: Layer
    layout: tuple[tuple[str, ...], ...] = ()
    more: tuple[tuple[str, ...], ...] = ()
    more_label: Any = ""
    units: Mapping[str, Any] = {}
    own_products = False
    first_audience = ""
    """Who a new offer of this kind is for until somebody says otherwise."""

    name = forms.CharField(label=_("名称"), max_length=80)
    starts_at = MomentField(label=_("开始"))
    ends_at = MomentField(label=_("结束"))
    scope = forms.ChoiceField(
        label=_("适用"),
        widget=forms.RadioSelect,
        choices=[(ALL, _("全店")), (CATEGORIES, _("几个类目")), (PRODUCTS, _("指定商品"))],
        initial=ALL,
    )
    categories = forms.MultipleChoiceField(
        label=_("类目"), widget=forms.CheckboxSelectMultiple, required=False
    )
    product_ids = ProductsField(label=_("商品编号"), help_text=_("一行一个"))
    excluded_product_ids = ProductsField(label=_("不参加的商品"), help_text=_("一行一个，写了就一定不参加"))
    audience = forms.ChoiceField(label=_("给谁"), required=False)
    per_person = forms.IntegerField(label=_("每人限用"), min_value=1, required=False)

    def __init__(
        self, *args: Any, goods: Goods, segments: Sequence[tuple[str, str]] = (), **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.goods, self.segments = goods, segments
        if not self.data and not self.initial.get("starts_at"):
            self.initial.setdefault("scope", ALL)
        self._offer_audiences()
        self.fields["categories"].choices = [(name, name) for name in goods.categories]  # type: ignore[attr-defined]
        if self.own_products:
            self.fields["scope"].required = False
        for field in self.fields.values():
            if hasattr(field, "known"):
                field.known = goods.titles

    @classmethod
    def audiences(cls) -> dict[str, Any]:
        """The audiences of every shop that one can pick, by key; beside them stand its segments."""
        return {"": _("所有人"), FIRST_ORDER: _("首单顾客"), OLD_CUSTOMER: pgettext_lazy("buyers", "老客")}

    def _offer_audiences(self) -> None:
        """Those to pick from, and the stored one where it is none of them."""
        known = self.audiences() | dict(self.segments)
        stored = str(self.initial.get("audience", self.first_audience))
        self.initial["audience"] = stored
        self.fields["audience"].choices = list(({stored: audience_text(stored)} | known).items())  # type: ignore[attr-defined]

    def clean_audience(self) -> str:
        """A segment that can no longer be chosen can no longer be kept either."""
        audience = str(self.cleaned_data["audience"])
        if segment_number(audience) is not None and audience not in dict(self.segments):
            raise forms.ValidationError(
                _("%(who)s现在用不了：已收起，或用到了已经没有的东西。先改好它，或另选"),
                params={"who": audience_text(audience)},
            )
        return audience

    @property
    def term_rows(self) -> Rows:
        """The mechanic's fields as rows of (field, unit)."""
        return self._rows(self.layout)

    @property
    def more_rows(self) -> Rows:
        """The fields that are folded away at first."""
        return self._rows(self.more)

    @property
    def more_open(self) -> bool:
        """True when one of the folded fields is filled or wrong."""
        return any(self[name].value() or self[name].errors for row in self.more for name in row)

    def _rows(self, layout: tuple[tuple[str, ...], ...]) -> Rows:
        return [[(self[name], self.units.get(name, "")) for name in row] for row in layout]

    def _scope_of(self, data: Mapping[str, Any]) -> str:
        return ALL if self.own_products else str(data.get("scope"))

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if self.own_products:
            data["scope"] = ALL
        if data.get("scope") == CATEGORIES and not data.get("categories"):
            self.add_error("categories", _("选至少一个类目"))
        if data.get("scope") == PRODUCTS and not data.get("product_ids") and "product_ids" not in self.errors:
            self.add_error("product_ids", _("写至少一个商品编号"))
        start, end = data.get("starts_at"), data.get("ends_at")
        if start and end and end <= start:
            self.add_error("ends_at", _("结束时间要晚于开始时间"))
        self.clean_terms(data)
        return data

    def clean_terms(self, data: dict[str, Any]) -> None:
        """What this mechanic refuses beyond single fields."""

    def terms(self) -> dict[str, Any]:
        """The mechanic's part of the offer's JSON."""
        raise NotImplementedError

    def offer_data(self) -> dict[str, Any]:
        """The whole offer as `promotions.offers` reads it."""
        data = self.cleaned_data
        return {
            "name": data["name"],
            "layer": self.layer.value,
            "mechanic": self.mechanic,
            "terms": self.terms(),
            "scope": {
                "product_ids": data["product_ids"] if self._scope_of(data) == PRODUCTS else [],
                "categories": data["categories"] if self._scope_of(data) == CATEGORIES else [],
                "excluded_product_ids": data["excluded_product_ids"],
            },
            "window": {"start": data["starts_at"].isoformat(), "end": data["ends_at"].isoformat()},
            "limits": {"per_person": data["per_person"]},
            "audience": data["audience"],
        }

    @classmethod
    def initial_of(cls, terms: Mapping[str, Any]) -> dict[str, Any]:
        """The form's values for a stored offer."""
        scope, window = terms["scope"], terms["window"]
        kind = PRODUCTS if scope["product_ids"] else CATEGORIES if scope["categories"] else ALL
        return {
            "name": terms["name"],
            "starts_at": datetime.fromisoformat(window["start"]),
            "ends_at": datetime.fromisoformat(window["end"]),
            "scope": kind,
            "categories": scope["categories"],
            "product_ids": scope["product_ids"],
            "excluded_product_ids": scope["excluded_product_ids"],
            "per_person": terms["limits"]["per_person"],
            "audience": terms["audience"],
        }

    def focus_on(self, path: str, message: str) -> None:
        """Put an engine's refusal at the field it speaks of, or at the head of the form."""
        word = path.rsplit(".", 1)[-1].split("[", 1)[0]
        name = {"end": "ends_at", "start": "starts_at", "pay_bp": "pay"}.get(word, word)
        self.add_error(name if name in self.fields else None, message)


class PercentForm(OfferForm):
    """折扣."""

    mechanic = PERCENT
    layer = Layer.ITEM
    layout = (("pay",),)
    units = {"pay": _("折")}

    pay = DiscountField(label=_("折扣"))

    def terms(self) -> dict[str, Any]:
        return {"pay_bp": self.cleaned_data["pay"]}

    @classmethod
    def initial_of(cls, terms: Mapping[str, Any]) -> dict[str, Any]:
        return {**super().initial_of(terms), "pay": terms["terms"]["pay_bp"]}


class ThresholdForm(OfferForm):
    """满减: up to three steps, or one that repeats."""

    mechanic = THRESHOLD
    layer = Layer.SHOP
    layout = (("threshold_1", "off_1"), ("repeating", "cap"))
    more = (("threshold_2", "off_2", "threshold_3", "off_3"),)
    more_label = _("再加两档")
    units = {name: YUAN for row in (*more, *layout) for name in row if name != "repeating"} | {
        "repeating": SWITCH
    }

    threshold_1 = MoneyField(label=_("满"))
    off_1 = MoneyField(label=_("减"))
    threshold_2 = MoneyField(label=_("第二档满"), required=False)
    off_2 = MoneyField(label=_("第二档减"), required=False)
    threshold_3 = MoneyField(label=_("第三档满"), required=False)
    off_3 = MoneyField(label=_("第三档减"), required=False)
    repeating = forms.BooleanField(label=_("每满都减"), required=False)
    cap = MoneyField(label=_("最多减"), required=False)

    def clean_terms(self, data: dict[str, Any]) -> None:
        before: tuple[int, int] | None = None
        for number in range(1, STEPS + 1):
            threshold, off = data.get(f"threshold_{number}"), data.get(f"off_{number}")
            if threshold is None and off is None:
                continue
            if threshold is None or off is None:
                missing = "threshold" if threshold is None else "off"
                if f"{missing}_{number}" not in self.errors:
                    self.add_error(f"{missing}_{number}", _("门槛和减额要一起写"))
                continue
            if off > threshold:
                self.add_error(f"off_{number}", _("减的比门槛还多"))
            if before and (threshold <= before[0] or off <= before[1]):
                self.add_error(f"threshold_{number}", _("门槛和减额要一档比一档高"))
            before = (threshold, off)
        if data.get("repeating") and (data.get("threshold_2") or data.get("threshold_3")):
            self.add_error("repeating", _("每满减只能有一档，清掉后面的档"))
        if data.get("cap") and not data.get("repeating"):
            self.add_error("cap", _("只有每满减才有封顶"))

    def terms(self) -> dict[str, Any]:
        data = self.cleaned_data
        steps = [
            {"threshold_cents": data[f"threshold_{n}"], "off_cents": data[f"off_{n}"]}
            for n in range(1, STEPS + 1)
            if data.get(f"threshold_{n}") is not None
        ]
        return {"steps": steps, "repeating": data["repeating"], "cap_cents": data["cap"]}

    @classmethod
    def initial_of(cls, terms: Mapping[str, Any]) -> dict[str, Any]:
        own, values = terms["terms"], super().initial_of(terms)
        for number, step in enumerate(own["steps"][:STEPS], 1):
            values[f"threshold_{number}"] = step["threshold_cents"]
            values[f"off_{number}"] = step["off_cents"]
        return {**values, "repeating": own["repeating"], "cap": own["cap_cents"]}


class CouponForm(OfferForm):
    """店铺券."""

    mechanic = COUPON
    layer = Layer.COUPON
    layout = (("threshold", "face"), ("must_hold",))
    units = {"threshold": YUAN, "face": YUAN}

    threshold = MoneyField(label=_("满"), required=False, help_text=_("不填就是无门槛"))
    face = MoneyField(label=_("面额"))
    must_hold = forms.BooleanField(label=_("领了才能用"), required=False, initial=True)

    def clean_terms(self, data: dict[str, Any]) -> None:
        threshold, face = data.get("threshold"), data.get("face")
        if threshold and face and face > threshold:
            self.add_error("face", _("面额比门槛还大"))

    def terms(self) -> dict[str, Any]:
        data = self.cleaned_data
        return {
            "threshold_cents": data["threshold"] or 0,
            "face_cents": data["face"],
            "must_hold": data["must_hold"],
        }

    @classmethod
    def initial_of(cls, terms: Mapping[str, Any]) -> dict[str, Any]:
        own = terms["terms"]
        return {
            **super().initial_of(terms),
            "threshold": own["threshold_cents"] or None,
            "face": own["face_cents"],
            "must_hold": own["must_hold"],
        }

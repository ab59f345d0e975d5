"""Forms of price sheets: the sheet with its terms, and one item."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from laoke.campaigns.price_columns import LONGEST, ROLE_WORDS, read_rate
from laoke.campaigns.price_sheets import MOST_ITEMS
from laoke.campaigns.table_files import CellRefused
from laoke.promotions.ladder import Item, Role, Terms
from laoke.web.pages.offers.fields import MomentField, MoneyField

MOST_CENTS = 10**9  # ten million yuan: what one piece costs at most
LATEST = datetime(2100, 1, 1)


class RateField(forms.CharField):
    """A percentage, read into ten-thousandths: `5`, `4.25%`; None when it is empty and may be."""

    def __init__(self, *, most_bp: int = 9_999, **kwargs: Any) -> None:
        kwargs.setdefault("widget", forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}))
        super().__init__(**kwargs)
        self.most_bp = most_bp

    def to_python(self, value: Any) -> Any:
        text = str(super().to_python(value) or "")
        try:
            return read_rate(text, self.most_bp)
        except CellRefused:
            most = f"{self.most_bp / 100:g}"
            raise forms.ValidationError(_("0 到 %(most)s 的百分数"), params={"most": most}) from None

    def validate(self, value: Any) -> None:
        if value is None and self.required:
            raise forms.ValidationError(self.error_messages["required"], code="required")

    def run_validators(self, value: Any) -> None:
        """Lengths of text say nothing about a rate."""

    def prepare_value(self, value: Any) -> Any:
        return f"{value / 100:g}" if isinstance(value, int) else value


class PieceMoneyField(MoneyField):
    """What one piece costs; `above_zero` where nothing is no price."""

    def __init__(self, *, above_zero: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.above_zero = above_zero

    def to_python(self, value: Any) -> Any:
        cents = super().to_python(value)
        if cents is not None and cents > MOST_CENTS:
            raise forms.ValidationError(self.error_messages["too_large"], code="too_large")
        if cents == 0 and self.above_zero:
            raise forms.ValidationError(_("要大于 0"), code="not_positive")
        return cents


class SheetForm(forms.Form):
    """Name, start and terms of a sheet."""

    name = forms.CharField(label=_("名称"), max_length=80)
    starts_at = MomentField(label=_("活动价从什么时候开始"), help_text=_("基准价看这之前 7 天和 30 天的成交"))
    postage_cents = PieceMoneyField(label=_("每件邮费"))
    fee_bp = RateField(label=_("平台扣点"))
    margin_bp = RateField(label=_("想要的毛利率"))
    closest_bp = RateField(label=_("相邻两档至少差"), most_bp=100_000)
    widest_bp = RateField(label=_("相邻两档最多差"), most_bp=100_000)
    anchor_bp = RateField(label=_("到形象款最多差"), most_bp=100_000)

    def clean_starts_at(self) -> datetime:
        starts_at: datetime = self.cleaned_data["starts_at"]
        if not datetime(2000, 1, 1) <= starts_at < LATEST:
            raise forms.ValidationError(_("写 2000 年到 2099 年的时间"))
        return starts_at

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        fee, margin = data.get("fee_bp"), data.get("margin_bp")
        if fee is not None and margin is not None and fee + margin >= 10_000:
            self.add_error("margin_bp", _("和扣点加起来要不到 100%"))
        least, most = data.get("closest_bp"), data.get("widest_bp")
        if least is not None and most is not None and least > most:
            self.add_error("widest_bp", _("不能比至少差还小"))
        return data

    def terms(self) -> Terms:
        """The terms as typed."""
        names = ("postage_cents", "fee_bp", "margin_bp", "closest_bp", "widest_bp", "anchor_bp")
        return Terms(**{name: self.cleaned_data[name] for name in names})


class NewSheetForm(SheetForm):
    """A sheet that does not exist yet: for which campaign, and with which items it begins."""

    campaign = forms.ChoiceField(label=_("给哪个活动"), required=False)
    best = forms.IntegerField(
        label=_("先放上次同期卖得最多的"), min_value=0, max_value=MOST_ITEMS, initial=30,
        help_text=_("0 就是空表，自己加或上传"),
    )  # fmt: skip

    def __init__(self, *args: Any, campaigns: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["campaign"].choices = [("", _("不给活动")), *campaigns]  # type: ignore[attr-defined]


class ItemForm(forms.Form):
    """One item of a sheet. `base` is the version that was shown."""

    product_id = forms.CharField(label=_("商品编号"), max_length=LONGEST["product_id"], required=False)
    sku = forms.CharField(
        label=_("规格"), max_length=LONGEST["sku"], required=False, help_text=_("空着就是所有规格一起")
    )
    title = forms.CharField(label=_("名称"), max_length=LONGEST["title"])
    group = forms.CharField(
        label=_("分组"), max_length=LONGEST["group"], required=False, help_text=_("同一组的才放在一起比高低")
    )
    role = forms.ChoiceField(
        label=_("角色"),
        required=False,
        choices=[("", _("没定角色")), *((role.value, ROLE_WORDS[role]) for role in Role)],
    )
    list_cents = PieceMoneyField(label=_("标价"), required=False, above_zero=True)
    price_cents = PieceMoneyField(label=_("活动价"), above_zero=True)
    was_cents = PieceMoneyField(
        label=_("划线价"),
        required=False,
        above_zero=True,
        help_text=_("页面上写着从哪个价降下来；不写就空着"),
    )
    cost_cents = PieceMoneyField(label=_("成本"), required=False)
    postage_cents = PieceMoneyField(label=_("邮费"), required=False, help_text=_("空着就照整张表的"))
    fee_bp = RateField(label=_("平台扣点"), required=False, help_text=_("空着就照整张表的"))
    margin_bp = RateField(label=_("想要的毛利率"), required=False, help_text=_("空着就照整张表的"))
    base = forms.IntegerField(widget=forms.HiddenInput)

    def item(self) -> Item:
        """The item as typed."""
        data = {name: value for name, value in self.cleaned_data.items() if name != "base"}
        return Item(**{**data, "role": Role(data["role"]) if data["role"] else None})

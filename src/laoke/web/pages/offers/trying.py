"""Forms beside the editor: the basket typed to see what an offer does, and the days of a backtest."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from laoke.campaigns.plan_comparisons import MOST_SEGMENTS
from laoke.web.pages.offers.fields import DayField, MoneyField
from laoke.web.pages.offers.goods import Goods
from laoke.web.pages.prices.forms import PieceMoneyField, RateField

BASKET_LINES = 3


class BasketForm(forms.Form):
    """A few products and how many of each."""

    def __init__(self, *args: Any, goods: Goods, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [("", "—"), *((one.product_id, one.label) for one in goods.products)]
        for number in range(1, BASKET_LINES + 1):
            self.fields[f"product_{number}"] = forms.ChoiceField(
                label=_("商品 %(n)s") % {"n": number}, choices=choices, required=False
            )
            self.fields[f"quantity_{number}"] = forms.IntegerField(
                label=_("件数"), min_value=1, max_value=99, required=False, initial=1
            )

        self.fields["postage"] = MoneyField(label=_("运费"), required=False)
        self.fields["together"] = forms.BooleanField(label=_("和店里同时在跑的优惠一起算"), required=False)

    @property
    def postage_cents(self) -> int | None:
        """The postage that was typed; None when there is none or it cannot be read."""
        return self.cleaned_data.get("postage") if self.is_bound and self.is_valid() else None

    @property
    def together(self) -> bool:
        """Whether the shop's other offers of that time are to be priced too."""
        return self.is_bound and self.is_valid() and bool(self.cleaned_data.get("together"))

    def picked(self) -> list[tuple[str, int]]:
        """(product, pieces) of the lines that name a product."""
        data = self.cleaned_data
        lines = [(data[f"product_{n}"], data[f"quantity_{n}"] or 1) for n in range(1, BASKET_LINES + 1)]
        return [(product, quantity) for product, quantity in lines if product]

    @property
    def rows(self) -> list[tuple[forms.BoundField, forms.BoundField]]:
        return [(self[f"product_{n}"], self[f"quantity_{n}"]) for n in range(1, BASKET_LINES + 1)]


class BacktestForm(forms.Form):
    """Which offers to replay on which days, what the platform and the postage take, and whose share is told."""

    offers = forms.MultipleChoiceField(label=_("优惠"), widget=forms.CheckboxSelectMultiple)
    period_from = DayField(label=_("从"))
    period_to = DayField(label=_("到"))
    fee = RateField(label=_("平台扣点（%）"), required=False)
    postage = PieceMoneyField(
        label=_("每单要贴的运费（元）"),
        required=False,
        help_text=_("寄一单的运费减去买家付的；空着就是不贴"),
    )
    segments = forms.MultipleChoiceField(
        label=_("看哪些人群得了让利"),
        widget=forms.CheckboxSelectMultiple,
        required=False,
        help_text=_("按今天在人群里的人，最多 8 个"),
    )

    def __init__(
        self, *args: Any, offers: Sequence[Any], latest: Any, segments: Sequence[Any], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.latest = latest
        self.fields["segments"].choices = [(str(row.pk), row.name) for row in segments]  # type: ignore[attr-defined]
        if not segments:
            del self.fields["segments"]
        self.fields["offers"].choices = [(str(row.pk), row.name) for row in offers]  # type: ignore[attr-defined]

    def clean_segments(self) -> list[str]:
        chosen: list[str] = self.cleaned_data["segments"]
        if len(chosen) > MOST_SEGMENTS:
            raise forms.ValidationError(gettext("最多 %(n)s 个人群") % {"n": MOST_SEGMENTS})
        return chosen

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        first, last = data.get("period_from"), data.get("period_to")
        if first and last and last < first:
            self.add_error("period_to", _("结束要不早于开始"))
        elif first and last and last - first > timedelta(days=731):
            self.add_error("period_to", _("一次最多回放两年"))
        if last and self.latest and last > self.latest:
            self.add_error("period_to", _("订单只到 %(day)s") % {"day": self.latest.isoformat()})
        return data

"""Forms of a round: its people, its text with the values of variables, its time; a template; a test."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from laoke.audiences.models import Segment
from laoke.campaigns.models import Round
from laoke.dispatch.models import TemplateKind
from laoke.dispatch.recipients import PERSONAL
from laoke.dispatch.text.messages import VARIABLE_LABELS
from laoke.dispatch.text.template import parse
from laoke.dispatch.text.variables import VARIABLES
from laoke.promotions.models import Offer
from laoke.shops.models import Shop
from laoke.web.pages.offers.fields import MomentField

OWN_TEXT = ""


class RoundForm(forms.Form):
    """Everything of a drafted round. Values of variables that are the same for all are asked for by name."""

    way = forms.ChoiceField(label=_("怎么发"))
    segment = forms.ChoiceField(label=_("人群"), required=False)
    segment_text = forms.CharField(
        label=_("或自己写条件"), required=False, widget=forms.Textarea(attrs={"rows": 2, "class": "code"})
    )
    opens_at = MomentField(label=_("开始"))
    closes_at = MomentField(label=_("结束"))
    override_reason = forms.CharField(
        label=_("晚发的理由"),
        max_length=200,
        required=False,
        help_text=_("超出平常时段才写，记在你名下"),
    )
    offer = forms.ChoiceField(label=_("带哪个优惠"), required=False)
    holdout = forms.DecimalField(
        label=_("这一轮另留多少人不发"),
        min_value=Decimal(0),
        max_value=Decimal(50),
        decimal_places=1,
        required=False,
    )
    signature = forms.CharField(label=_("签名"), max_length=20, required=False)
    text = forms.CharField(label=_("正文"), required=False, widget=forms.Textarea(attrs={"rows": 4}))
    template_code = forms.CharField(label=_("网关的模板编号"), max_length=40, required=False)

    def __init__(self, *args: Any, row: Round, ways: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        shop = row.campaign.shop
        self.fields["way"].choices = ways  # type: ignore[attr-defined]
        self.fields["segment"].choices = [(OWN_TEXT, _("自己写条件")), *segments_of(shop)]  # type: ignore[attr-defined]
        self.fields["offer"].choices = [("0", _("不带")), *offers_of(shop)]  # type: ignore[attr-defined]
        body = self.data.get("text", row.body) if self.is_bound else row.body
        for name in shared_variables(body):
            self.fields[f"var_{name}"] = forms.CharField(
                label=gettext(VARIABLE_LABELS.get(name, name)), required=False, max_length=35
            )

    @property
    def variable_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.fields if name.startswith("var_")]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not data.get("segment") and not (data.get("segment_text") or "").strip():
            self.add_error("segment_text", _("选一个人群，或写条件"))
        opens, closes = data.get("opens_at"), data.get("closes_at")
        if opens and closes and closes <= opens:
            self.add_error("closes_at", _("结束时间要晚于开始时间"))
        return data

    @property
    def variables(self) -> dict[str, str]:
        """Values by variable; an empty one is left as it is missing."""
        return {
            name.removeprefix("var_"): value
            for name, value in self.cleaned_data.items()
            if name.startswith("var_") and value
        }

    @staticmethod
    def initial_of(row: Round, template_code: str) -> dict[str, Any]:
        way = f"gateway-{row.gateway_id}" if row.gateway_id else "handover"
        values = {f"var_{name}": row.variables.get(name, "") for name in shared_variables(row.body)}
        return {
            "way": way,
            "segment": row.segment.name if row.segment else OWN_TEXT,
            "segment_text": "" if row.segment else row.segment_text,
            "opens_at": row.opens_at,
            "closes_at": row.closes_at,
            "override_reason": row.hours_override_reason,
            "offer": str(row.offer_id or 0),
            "holdout": row.holdout_percent,
            "signature": row.signature,
            "text": row.body,
            "template_code": template_code,
            **values,
        }


def shared_variables(body: str) -> list[str]:
    """Variables of a text whose value is the same for everyone and has to be given; the shop's name is known."""
    own = (*PERSONAL, "shop_name")
    return [name for name in dict.fromkeys(parse(body).names) if name in VARIABLES and name not in own]


def segments_of(shop: Shop) -> list[tuple[str, str]]:
    rows = Segment.objects.filter(shop=shop, archived=False).order_by("name")
    return [(row.name, row.name) for row in rows]


def offers_of(shop: Shop) -> list[tuple[str, str]]:
    return [
        (str(row.pk), row.name)
        for row in Offer.objects.filter(shop=shop, archived=False).order_by("-pk")[:200]
    ]


class TestForm(forms.Form):
    """One's own number, and what stands in for what is personal."""

    number = forms.CharField(
        label=_("自己的号码"),
        max_length=20,
        widget=forms.TextInput(
            attrs={
                "inputmode": "tel",
                "class": "input",
                "placeholder": _("自己的号码"),
                "aria-label": _("自己的号码"),
            }
        ),
    )


class TemplateForm(forms.Form):
    """A text as it is filed with the gateway."""

    name = forms.CharField(label=_("名称"), max_length=60)
    kind = forms.ChoiceField(label=_("用途"), choices=TemplateKind.choices)
    signature = forms.CharField(label=_("签名"), max_length=20)
    body = forms.CharField(label=_("正文"), widget=forms.Textarea(attrs={"rows": 4}))
    provider_code = forms.CharField(
        label=_("网关的模板编号"), max_length=40, required=False, help_text=_("报备通过后抄过来")
    )


class DecideForm(forms.Form):
    """What became of messages nobody knows about; signed with a reason."""

    sent = forms.ChoiceField(choices=[("1", _("按已发计")), ("0", _("没发出去，再发"))])
    reason = forms.CharField(max_length=200)


class ResultForm(forms.Form):
    """What the platform's tool says of the people handed over."""

    file = forms.FileField(label=_("平台导出的结果（CSV 或 Excel）"))

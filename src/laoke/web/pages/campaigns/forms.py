"""Forms of a campaign: a new one from a playbook, its own facts, its holdout, its days, phases, targets, tasks."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from laoke.campaigns.models import Campaign, CampaignState
from laoke.campaigns.playbook import playbook, playbook_names
from laoke.shops.models import Role, Shop, Staff
from laoke.web.pages.offers.fields import DayField, MomentField, MoneyField


class CampaignForm(forms.Form):
    """A new campaign: which playbook, which day, which name."""

    playbook = forms.ChoiceField(label=_("玩法"))
    day = DayField(label=_("活动日"))
    name = forms.CharField(label=_("名称"), max_length=80, required=False, help_text=_("不填就用玩法和年份"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["playbook"].choices = [(key, playbook(key).name) for key in playbook_names()]  # type: ignore[attr-defined]


class CampaignFactsForm(forms.Form):
    """What a campaign says of itself."""

    name = forms.CharField(label=_("名称"), max_length=80)
    theme = forms.CharField(label=_("一句话"), max_length=80, required=False)
    state = forms.ChoiceField(label=_("走到哪一步"), choices=CampaignState.choices)
    in_charge = forms.ModelChoiceField(label=_("负责人"), queryset=Staff.objects.none(), required=False)
    attribution_days = forms.IntegerField(
        label=_("复盘看几天"), min_value=1, max_value=60, help_text=_("发出以后多少天内的订单都算")
    )

    def __init__(self, *args: Any, shop: Shop, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["in_charge"].queryset = staff_of(shop)  # type: ignore[attr-defined]

    @staticmethod
    def initial_of(campaign: Campaign) -> dict[str, Any]:
        return {
            "name": campaign.name,
            "theme": campaign.theme,
            "state": campaign.state,
            "in_charge": campaign.in_charge_id,
            "attribution_days": campaign.attribution_days,
        }


class ShiftForm(forms.Form):
    """Another day for the whole campaign."""

    day = DayField(label=_("活动日"), help_text=_("阶段、没备好的轮次、没做完的任务、优惠和目标一起挪"))


class HoldoutForm(forms.Form):
    """How many are not written to, so that what the campaign earned can be told."""

    percent = forms.DecimalField(
        label=_("留多少人不发"), min_value=Decimal(0), max_value=Decimal(50), decimal_places=1
    )
    reason = forms.CharField(
        label=_("不留的理由"),
        max_length=200,
        required=False,
        help_text=_("填 0 就算不出真正多带来多少，要写理由，并记在你名下"),
    )


class PhaseForm(forms.Form):
    """The days of a phase."""

    starts_at = MomentField(label=_("开始"))
    ends_at = MomentField(label=_("结束"))


class TargetForm(forms.Form):
    """What one day is to bring."""

    cents = MoneyField(
        label=_("目标"), widget=forms.TextInput(attrs={"inputmode": "decimal", "class": "input"})
    )


class TaskForm(forms.Form):
    """What a task says."""

    title = forms.CharField(label=_("任务"), max_length=120)
    detail = forms.CharField(label=_("怎么做"), required=False, widget=forms.Textarea(attrs={"rows": 3}))
    role = forms.ChoiceField(label=_("环节"), choices=Role.choices)
    in_charge = forms.ModelChoiceField(
        label=_("负责人"), queryset=Staff.objects.none(), required=False, empty_label=_("还没有定")
    )
    starts_at = MomentField(label=_("开始"), required=False)
    due_at = MomentField(label=_("到期"))
    if_it_fails = forms.CharField(
        label=_("若出问题"), required=False, widget=forms.Textarea(attrs={"rows": 2})
    )

    def __init__(self, *args: Any, shop: Shop, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["in_charge"].queryset = staff_of(shop)  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("starts_at") and data.get("due_at") and data["due_at"] < data["starts_at"]:
            self.add_error("due_at", _("到期要晚于开始"))
        return data


class RoundNewForm(forms.Form):
    """A further round: who, by which way, when."""

    key = forms.RegexField(
        r"^[a-z0-9_]{1,40}$",
        label=_("编号"),
        help_text=_("例如 3 或 1d"),
        error_messages={"invalid": _("只用小写字母、数字和下划线")},
    )
    name = forms.CharField(label=_("名称"), max_length=60)
    way = forms.ChoiceField(label=_("怎么发"))
    segment_text = forms.CharField(
        label=_("发给谁"), widget=forms.Textarea(attrs={"rows": 2, "class": "code"})
    )
    body = forms.CharField(label=_("正文"), required=False, widget=forms.Textarea(attrs={"rows": 3}))
    opens_at = MomentField(label=_("开始"))
    closes_at = MomentField(label=_("结束"))

    def __init__(self, *args: Any, ways: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["way"].choices = ways  # type: ignore[attr-defined]


def staff_of(shop: Shop) -> Any:
    """The people of a shop, for pickers."""
    return Staff.objects.filter(shop=shop).select_related("user").order_by("pk")

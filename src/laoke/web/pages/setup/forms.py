"""Forms of set-up sheets: where an offer stands on the platform, and the back office's numbers typed in or by file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from laoke.campaigns.offer_reports import GRAIN, ROLE_NAMES
from laoke.intake.reading.roles import roles_of
from laoke.promotions.setup import Tool
from laoke.promotions.setup.links import LONGEST_ID, LONGEST_LINK
from laoke.promotions.setups import LARGEST
from laoke.web.pages.offers.fields import MomentField


class PlaceForm(forms.Form):
    """The number of the activity, its link, and of coupons how many are to be issued."""

    activity_id = forms.CharField(
        label=_("活动号或券号"),
        max_length=LONGEST_ID,
        required=False,
        help_text=_("在后台建好后抄过来，对账用"),
    )
    link = forms.CharField(
        label=_("链接"),
        max_length=LONGEST_LINK,
        required=False,
        help_text=_("以 https:// 开头；只在这里给人看，不会用到别处"),
    )
    planned_issued = forms.IntegerField(
        label=_("发行量"), min_value=1, max_value=LARGEST, required=False, help_text=_("要发多少张")
    )

    def __init__(self, *args: Any, tool: Tool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if tool is not Tool.COUPON:
            del self.fields["planned_issued"]


class NumbersForm(forms.Form):
    """What the back office shows of one offer, typed in."""

    issued = forms.IntegerField(label=_("发行"), min_value=0, max_value=LARGEST, required=False)
    taken = forms.IntegerField(label=_("领取"), min_value=0, max_value=LARGEST, required=False)
    used = forms.IntegerField(label=_("使用"), min_value=0, max_value=LARGEST, required=False)
    as_of = MomentField(label=_("统计到"))


class ColumnsForm(forms.Form):
    """Which column of a report means what, and until when its rows count where they do not say so."""

    until = MomentField(label=_("统计到"), help_text=_("文件里没有写的行，算到这个时间"))

    def __init__(self, *args: Any, header: Sequence[str], mapping: dict[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = list(dict.fromkeys(name for name in header if name.strip()))
        for role in roles_of(GRAIN):
            self.fields[role.name] = forms.ChoiceField(
                label=ROLE_LABELS[role.name],
                choices=[("", _("没有这一列")), *((name, name) for name in names)],
                required=False,
                initial=mapping.get(role.name, ""),
            )

    @property
    def mapping(self) -> dict[str, str]:
        """The chosen columns by role."""
        return {name: self.cleaned_data[name] for name in ROLE_NAMES if self.cleaned_data.get(name)}

    @property
    def columns(self) -> list[Any]:
        """The fields of the columns, as the page shows them."""
        return [self[name] for name in ROLE_NAMES]


ROLE_LABELS = {
    "activity_id": _("活动号或券号"),
    "offer_name": _("活动或券的名称"),
    "issued": _("发行"),
    "taken": _("领取"),
    "used": _("使用"),
    "counted_until": _("统计到（列）"),
}

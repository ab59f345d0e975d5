"""Forms of the settings."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from laoke.customers.consent import Declaration, DeclarationRefused, check_declaration
from laoke.customers.models import Channel, Purpose
from laoke.shops.models import Role
from laoke.warehouse.features import CutPoints
from laoke.web.pages.settings.scopes import scope_choices

TIME = forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
DATE = {"type": "date"}
WHOLE = {
    "invalid": _("写成数字"),
    "required": _("填上数字"),
    "min_value": _("至少 %(limit_value)s"),
    "max_value": _("最多 %(limit_value)s"),
    "max_decimal_places": _("小数最多 %(max)s 位"),
}


def whole(label: Any, low: int, high: int, help_text: Any = "") -> forms.IntegerField:
    """A whole number between two limits."""
    return forms.IntegerField(
        label=label, min_value=low, max_value=high, help_text=help_text, error_messages=WHOLE
    )


class ShopNaming(forms.Form):
    """What a shop is called and what it sells."""

    name = forms.CharField(label=_("店名"), max_length=100, error_messages={"required": _("填上店名")})
    category = forms.CharField(label=_("类目"), max_length=50, required=False, help_text=_("如 家纺、女装"))


class ShopForm(ShopNaming):
    """Name and trade of the shop, its signature and its hours."""

    sms_signature = forms.CharField(
        label=_("短信签名"), max_length=20, required=False, help_text=_("在服务商报备过的，不带【】")
    )
    opens = forms.TimeField(label=_("营销从"), widget=TIME, error_messages={"invalid": _("写成 08:00")})
    closes = forms.TimeField(
        label=_("营销到"),
        widget=TIME,
        help_text=_("只能比服务商允许的更窄"),
        error_messages={"invalid": _("写成 20:00")},
    )
    handover_days = whole(
        _("名单文件留几天"),
        1,
        90,
        _("导回结果后马上忘掉；没有结果的，备好这么多天后忘掉。份数、人数和校验值留着"),
    )

    def clean_sms_signature(self) -> str:
        return str(self.cleaned_data["sms_signature"]).strip().strip("【】")

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("opens") and data.get("closes") and data["opens"] >= data["closes"]:
            self.add_error("closes", _("要晚于开始的时间"))
        return data


class CutsForm(forms.Form):
    """Where the shop draws its lines between groups of customers; days since the last purchase."""

    active_days = whole(_("活跃：几天内买过"), 1, 3650)
    silent_days = whole(_("沉默：到几天"), 1, 3650)
    dormant_days = whole(_("沉睡：到几天"), 1, 3650)
    nearly_lost_days = whole(_("预流失：到几天"), 1, 3650, _("再往后算流失"))
    loyal_orders = whole(_("忠诚：买过几次起"), 2, 100, _("同一天的单算一次"))
    group_active_days = whole(_("活跃组：几天内买过"), 1, 3650, _("没到忠诚次数的人里"))
    rfm_days = whole(_("RFM 看最近几天"), 30, 3650)
    high_by = forms.ChoiceField(
        label=_("高低怎么分"),
        choices=[("mean", _("比平均")), ("median", _("比中位")), ("fixed", _("比固定的线"))],
    )
    r_high_days = whole(_("固定线：几天内算近"), 1, 3650)
    f_high_orders = whole(_("固定线：几次算多"), 1, 100)
    m_high_cents = forms.DecimalField(
        label=_("固定线：几元算高"), min_value=0, max_value=10_000_000, decimal_places=2, error_messages=WHOLE
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        order = ("active_days", "silent_days", "dormant_days", "nearly_lost_days")
        for before, after in pairwise(order):
            if before in data and after in data and data[before] >= data[after]:
                self.add_error(after, _("要比前一档大"))
        return data

    def cut_points(self) -> CutPoints:
        """The chosen lines."""
        chosen = dict(self.cleaned_data)
        chosen["m_high_cents"] = int(Decimal(chosen["m_high_cents"]) * 100)
        return CutPoints(**chosen)


class ReachForm(forms.Form):
    """How often a person may be written to, and how many are never written to."""

    day = whole(_("24 小时内最多"), 1, 10)
    week = whole(_("7 天内最多"), 1, 30)
    month = whole(_("30 天内最多"), 1, 100)
    standing_holdout_percent = forms.DecimalField(
        label=_("长期对照组"),
        min_value=0,
        max_value=20,
        decimal_places=1,
        help_text=_("这些人什么营销都不发，用来看所有活动加起来有没有用；0 是不留"),
        error_messages=WHOLE,
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        for before, after in (("day", "week"), ("week", "month")):
            if before in data and after in data and data[before] > data[after]:
                self.add_error(after, _("不能比更短的时间还少"))
        return data


class HireForm(forms.Form):
    """A new colleague."""

    username = forms.CharField(
        label=_("账号"),
        max_length=50,
        help_text=_("字母和数字，登录用"),
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none"}),
        error_messages={"required": _("填上账号")},
    )
    name = forms.CharField(label=_("姓名"), max_length=100, required=False)
    role = forms.ChoiceField(label=_("角色"), choices=Role.choices, initial=Role.OPERATOR)


class ConsentForm(forms.Form):
    """On what the consent of the shop's buyers rests."""

    channel = forms.ChoiceField(label=_("渠道"), choices=Channel.choices)
    purpose = forms.ChoiceField(
        label=_("目的"), choices=Purpose.choices, initial=Purpose.MARKETING,
        help_text=_("一条依据只管一个目的：同意收通知，不等于同意收营销"),
    )  # fmt: skip
    role = forms.ChoiceField(
        label=_("以什么身份收集"),
        choices=[("seller", _("店铺自己")), ("platform", _("平台会员协议")), ("brand", _("品牌会员"))],
    )
    wording = forms.CharField(
        label=_("顾客看到的原话"),
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("照抄下单页、会员页上的那句，一个字都别改"),
        error_messages={"required": _("填上顾客看到的原话")},
    )
    wording_version = forms.CharField(
        label=_("版本"), max_length=20, help_text=_("如 2024-01"), error_messages={"required": _("填上版本")}
    )
    collected_from = forms.DateField(label=_("从哪天开始收集"), widget=forms.DateInput(attrs=DATE))
    collected_to = forms.DateField(label=_("到哪天"), widget=forms.DateInput(attrs=DATE))
    expires_on = forms.DateField(
        label=_("有效到"), required=False, widget=forms.DateInput(attrs=DATE), help_text=_("没有期限就空着")
    )
    proof = forms.CharField(
        label=_("凭证在哪"),
        max_length=200,
        help_text=_("截图、合同或页面存档放在哪里，查起来找得到"),
        error_messages={"required": _("写上凭证放在哪")},
    )

    FAULTS = {
        "wording": ("wording", _("太短，照抄完整的原话")),
        "proof": ("proof", _("写上凭证放在哪")),
        "channel": ("channel", _("没有这个渠道")),
        "purpose": ("purpose", _("没有这个目的")),
        "period": ("collected_to", _("要在开始之后、今天之前")),
        "expired": ("expires_on", _("已经过期了")),
    }

    def __init__(self, today: date, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = today
        for name in ("collected_from", "collected_to", "expires_on"):
            self.fields[name].error_messages.update(
                {"invalid": _("看不懂这个日期，写成 2024-01-31"), "required": _("填上日期")}
            )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not self.errors:
            try:
                check_declaration(self.declaration(), self.today)
            except DeclarationRefused as refused:
                field, text = self.FAULTS[refused.code]
                self.add_error(field, text)
        return data

    def declaration(self) -> Declaration:
        """What is declared."""
        return Declaration(**self.cleaned_data)


class HoursForm(forms.Form):
    """Hours, price and quota of a gateway."""

    opens_at = forms.TimeField(label=_("可发从"), widget=TIME, initial="08:00")
    closes_at = forms.TimeField(label=_("可发到"), widget=TIME, initial="20:00")
    price = forms.DecimalField(
        label=_("每条价格"),
        min_value=0,
        max_value=10,
        decimal_places=3,
        initial="0.045",
        help_text=_("70 字一条，长的按 67 字拆"),
        error_messages=WHOLE,
    )
    quota_left = forms.IntegerField(
        label=_("余量"),
        min_value=0,
        max_value=1_000_000_000,
        required=False,
        help_text=_("还剩几条；不知道就空着"),
        error_messages=WHOLE,
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("opens_at") and data.get("closes_at") and data["opens_at"] >= data["closes_at"]:
            self.add_error("closes_at", _("要晚于开始的时间"))
        return data

    def price_millis(self) -> int:
        """1/1000 yuan per segment."""
        return int(Decimal(self.cleaned_data["price"]) * 1000)


class AliyunForm(HoursForm):
    """An account at Aliyun's message service."""

    name = forms.CharField(
        label=_("名称"), max_length=60, initial=_("阿里云短信"), error_messages={"required": _("填上名称")}
    )
    access_key = forms.CharField(
        label="AccessKey ID",
        max_length=100,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"required": _("填上 AccessKey ID")},
    )
    secret = forms.CharField(
        label="AccessKey Secret",
        max_length=200,
        strip=True,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("加密保存，存下后不再显示"),
        error_messages={"required": _("填上 AccessKey Secret")},
    )
    field_order = ["name", "access_key", "secret", "opens_at", "closes_at", "price", "quota_left"]

    def clean_name(self) -> str:
        name = str(self.cleaned_data["name"]).strip()
        if not name:
            raise ValidationError(_("填上名称"))
        return name


class SessionForm(forms.Form):
    """A seller's session at the platform."""

    session = forms.CharField(
        label="session",
        max_length=300,
        strip=True,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("卖家授权后平台给的，加密保存，存下后不再显示"),
        error_messages={"required": _("填上 session")},
    )


class TopForm(SessionForm):
    """An app of the Taobao Open Platform and the seller's session."""

    app_key = forms.CharField(
        label="App Key",
        max_length=40,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"required": _("填上 App Key")},
    )
    secret = forms.CharField(
        label="App Secret",
        max_length=200,
        strip=True,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("加密保存，存下后不再显示"),
        error_messages={"required": _("填上 App Secret")},
    )
    gateway = forms.CharField(
        label=_("演练地址"),
        max_length=200,
        required=False,
        help_text=_("演练时填 laoke gateway top 给的地址；接真的平台就空着"),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    field_order = ["app_key", "secret", "session", "gateway"]


class TokenForm(forms.Form):
    """A token for a system of the shop: what it may do, and for how long."""

    name = forms.CharField(
        label=_("名称"),
        max_length=60,
        help_text=_("哪个系统用它，如 仓库 ERP。一个系统一个，停用时不连累别的"),
        error_messages={"required": _("填上名称")},
    )
    days = forms.TypedChoiceField(
        label=_("有效期"),
        coerce=int,
        choices=[(30, _("30 天")), (90, _("90 天")), (365, _("一年"))],
        initial=365,
        help_text=_("到期前再建一个换上"),
    )
    scopes = forms.MultipleChoiceField(
        label=_("能做什么"),
        choices=scope_choices,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("只勾用得到的"),
        error_messages={"required": _("至少勾一样")},
    )

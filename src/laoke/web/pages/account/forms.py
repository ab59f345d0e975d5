"""Forms of the account: signing in, a new password, what a person prefers."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from laoke.shops.models import Owner, Platform, Shop, User
from laoke.web.pages.settings.forms import ShopNaming

THEMES = [("system", _("跟随系统")), ("light", _("浅色")), ("dark", _("深色"))]
# Django's own sentences say 您; these are ours, by the code of the validator.
PASSWORD_FAULTS = {
    "password_too_short": _("太短，至少 10 个字符"),
    "password_too_common": _("太常见，一猜就中，换一个"),
    "password_too_similar": _("和账号或姓名太像，换一个"),
}


class LoginForm(forms.Form):
    """Name and password."""

    username = forms.CharField(
        label=_("账号"),
        max_length=150,
        widget=forms.TextInput(
            attrs={"class": "lg", "autocomplete": "username", "autofocus": True, "autocapitalize": "none"}
        ),
        error_messages={"required": _("填上账号")},
    )
    password = forms.CharField(
        label=_("密码"),
        max_length=200,
        strip=False,
        widget=forms.PasswordInput(attrs={"class": "lg", "autocomplete": "current-password"}),
        error_messages={"required": _("填上密码")},
    )


class PasswordForm(forms.Form):
    """The old password and a new one, twice."""

    old = forms.CharField(
        label=_("现在的密码"),
        max_length=200,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
        error_messages={"required": _("填上现在的密码")},
    )
    new = forms.CharField(
        label=_("新密码"),
        max_length=200,
        strip=False,
        help_text=_("至少 10 个字符，别和账号相同"),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        error_messages={"required": _("填上新密码")},
    )
    again = forms.CharField(
        label=_("再输一遍"),
        max_length=200,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        error_messages={"required": _("把新密码再输一遍")},
    )

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_old(self) -> str:
        old = str(self.cleaned_data["old"])
        if not self.user.check_password(old):
            raise ValidationError(_("和现在的密码对不上"))
        return old

    def clean_new(self) -> str:
        new = str(self.cleaned_data["new"])
        try:
            validate_password(new, self.user)
        except ValidationError as error:
            faults = [PASSWORD_FAULTS.get(one.code or "", one.message) for one in error.error_list]
            raise ValidationError(faults[0]) from error
        if self.user.check_password(new):
            raise ValidationError(_("和现在的密码一样，换一个"))
        return new

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("new") and data.get("again") and data["new"] != data["again"]:
            self.add_error("again", _("两遍不一样"))
        return data


class NewShopForm(ShopNaming):
    """A further shop of the same owner."""

    platform = forms.ChoiceField(label=_("平台"), choices=Platform.choices, initial=Platform.TMALL)

    def __init__(self, owner: Owner, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.owner = owner
        # It stands on one page with the profile, which has a name too.
        self.auto_id = "shop_%s"

    def clean_name(self) -> str:
        name = str(self.cleaned_data["name"]).strip()
        if Shop.objects.filter(owner=self.owner, name=name).exists():
            raise ValidationError(_("已有叫这个名字的店"))
        return name


class ProfileForm(forms.Form):
    """How a person is called, and in which language and light they work."""

    name = forms.CharField(label=_("姓名"), max_length=150, required=False, help_text=_("同事看到的名字"))
    language = forms.ChoiceField(label=_("语言"), choices=settings.LANGUAGES)
    theme = forms.ChoiceField(label=_("界面"), choices=THEMES)

"""The form of the weights."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from laoke.insights.fake_orders.rules import MOST, POINTS, Rules
from laoke.web.pages.fake_orders import words
from laoke.web.pages.settings.forms import whole

FLAGS = [("1", _("1 红")), ("2", _("2 黄")), ("3", _("3 绿")), ("4", _("4 蓝")), ("5", _("5 紫"))]


class RulesForm(forms.Form):
    """Points by signal, and the memo flags that this shop uses for fake orders. Each stands beside what it was when the
    page was opened: only what somebody changed is set, so that two people do not undo each other."""

    def __init__(self, *args: Any, rules: Rules, **given: Any) -> None:
        start = {**rules.points, "memo_flags": [str(flag) for flag in rules.memo_flags]}
        super().__init__(*args, **{"initial": start, **given})
        for name in POINTS:
            self.fields[name] = whole(words.SIGNALS[name], 0, MOST, words.MEANINGS[name])
        self.fields["memo_flags"] = forms.MultipleChoiceField(
            label=_("哪些旗记刷单"), choices=FLAGS, required=False, widget=forms.CheckboxSelectMultiple,
            help_text=_("不选就不看旗帜：颜色的意思每家店不同"),
        )  # fmt: skip
        for field in self.fields.values():
            field.show_hidden_initial = True

    def chosen(self) -> dict[str, Any]:
        """What was changed, as the shop's settings keep it."""
        data, changed = self.cleaned_data, self.changed_data
        chosen: dict[str, Any] = {"points": {name: data[name] for name in POINTS if name in changed}}
        if "memo_flags" in changed:
            chosen["memo_flags"] = sorted(int(flag) for flag in data["memo_flags"])
        return chosen

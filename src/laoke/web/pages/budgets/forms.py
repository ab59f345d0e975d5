"""What a coupon budget is made of, and how often people are assumed to buy with each coupon."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from laoke.audiences.models import Segment
from laoke.campaigns.coupon_budgets import Responses
from laoke.campaigns.models import CouponBudget
from laoke.money import MoneyError, parse_cents
from laoke.promotions.coupon_budget import MOST_GROUPS, MOST_LEVELS
from laoke.web import figures
from laoke.web.pages.offers.fields import MoneyField

PPM_PER_HUNDRED = 10_000  # one order of a hundred people, in orders per million
LARGEST_RATE = Decimal(1_000)


class FacesField(forms.CharField):
    """Face values in yuan, read into cents."""

    def to_python(self, value: Any) -> list[int]:  # type: ignore[override]  # one text, many amounts
        text = str(super().to_python(value) or "")
        faces = []
        for part in text.replace(",", " ").replace("，", " ").replace("、", " ").split():
            try:
                cents = parse_cents(part)
            except MoneyError:
                cents = None
            if not cents or cents < 0:
                raise forms.ValidationError(
                    _("“%(part)s”不是面额，写成 5、10、20"), code="face", params={"part": part[:20]}
                )
            faces.append(cents)
        return sorted(set(faces))

    def validate(self, value: Any) -> None:
        if not value:
            raise forms.ValidationError(_("写至少一个面额"), code="required")
        if len(value) > MOST_LEVELS:
            raise forms.ValidationError(_("最多 %(n)s 个面额"), code="many", params={"n": MOST_LEVELS})

    def run_validators(self, value: Any) -> None:
        """Lengths of text say nothing about a list."""


class BudgetForm(forms.Form):
    """The money, the coupons and the people among whom to choose."""

    name = forms.CharField(label=_("名称"), max_length=60)
    budget = MoneyField(label=_("券的预算（元）"))
    faces = FacesField(label=_("面额（元）"), help_text=_("几档都写上，如 5、10、20"))
    margin = MoneyField(label=_("每单毛利（元）"), help_text=_("用券之前，扣掉成本、邮费、平台费"))
    used = forms.IntegerField(
        label=_("多少单用券（%）"),
        min_value=1,
        max_value=100,
        initial=100,
        help_text=_("不知道就写 100：每单都用，最贵的算法"),
    )
    message = MoneyField(label=_("每条消息（元）"), required=False)
    segments = forms.MultipleChoiceField(
        label=_("人群"),
        widget=forms.CheckboxSelectMultiple,
        help_text=_("同时在几个人群里的人，算在列在前面的那个"),
    )

    def __init__(self, *args: Any, segments: Sequence[Segment], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["segments"].choices = [(str(one.pk), one.name) for one in segments]  # type: ignore[attr-defined]

    def clean_segments(self) -> list[int]:
        """Row numbers in the order in which they stand."""
        chosen = set(self.cleaned_data["segments"])
        if len(chosen) > MOST_GROUPS:
            raise forms.ValidationError(gettext("最多 %(n)s 个人群") % {"n": MOST_GROUPS})
        choices = self.fields["segments"].choices  # type: ignore[attr-defined]
        return [int(number) for number, _name in choices if number in chosen]

    def clean_margin(self) -> int:
        cents: int = self.cleaned_data["margin"]
        if cents <= 0:
            raise forms.ValidationError(gettext("毛利要大于零"))
        return cents


class RateField(forms.DecimalField):
    """Orders of a hundred people, read into orders per million."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            required=False, min_value=0, max_value=LARGEST_RATE, max_digits=8, decimal_places=4,
            widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}), **kwargs,
        )  # fmt: skip

    def clean(self, value: Any) -> int | None:
        found = super().clean(value)
        return None if found is None else int(found * PPM_PER_HUNDRED)

    def prepare_value(self, value: Any) -> Any:
        return rate(value) if isinstance(value, int) else value


def rate(ppm: int) -> str:
    """Orders per million as orders of a hundred people, without idle zeros."""
    return f"{(Decimal(ppm) / PPM_PER_HUNDRED).normalize():f}"


class ResponseForm(forms.Form):
    """For each segment, how many of a hundred buy without a coupon and with each; what was measured is not asked."""

    def __init__(
        self, *args: Any, row: CouponBudget, segments: Sequence[Segment], responses: Responses, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.row, self.segments, self.responses = row, segments, responses
        for one in segments:
            kept = row.assumed.get(str(one.pk), {})
            if not self.measured(one):
                self.fields[f"base_{one.pk}"] = RateField(label=_("不发券"), initial=kept.get("base"))
            for face in row.faces:
                if (one.pk, face) not in responses:
                    label = gettext("发 %(face)s 元") % {"face": figures.exact(face / 100)}
                    self.fields[f"face_{one.pk}_{face}"] = RateField(
                        label=label, initial=kept.get("faces", {}).get(str(face))
                    )

    def measured(self, one: Segment) -> bool:
        """Whether a round has told what the segment buys without a coupon."""
        return any((one.pk, face) in self.responses for face in self.row.faces)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        for one in self.segments:
            typed = [name for name in data if name.startswith(f"face_{one.pk}_") and data[name] is not None]
            base = f"base_{one.pk}"
            if typed and not self.measured(one) and data.get(base) is None and base not in self.errors:
                self.add_error(base, _("没有不发券时的单数，说不出券多带来几单"))
        return data

    def assumed(self) -> dict[str, Any]:
        """The typed rates as a budget keeps them."""
        data, kept = self.cleaned_data, {}
        for one in self.segments:
            faces = {
                str(face): data[name]
                for face in self.row.faces
                if data.get(name := f"face_{one.pk}_{face}") is not None
            }
            kept[str(one.pk)] = {"base": data.get(f"base_{one.pk}"), "faces": faces}
        return kept

    @property
    def groups(self) -> list[tuple[Segment, list[forms.BoundField], list[tuple[str, str]]]]:
        """Each segment with the fields that are asked and, in words, what was measured."""
        found = []
        for one in self.segments:
            fields = [self[name] for name in self.fields if name.split("_")[1] == str(one.pk)]
            told = [
                (
                    gettext("发 %(face)s 元") % {"face": figures.exact(face / 100)},
                    gettext("不发 %(base)s 单，发了 %(treated)s 单（%(low)s 到 %(high)s）· %(source)s，%(n)s 人")
                    % {
                        "base": rate(told.base_ppm), "treated": rate(told.treated_ppm), "low": rate(told.low_ppm),
                        "high": rate(told.high_ppm), "source": told.source, "n": figures.exact(told.people),
                    },
                )
                for face in self.row.faces
                if (told := self.responses.get((one.pk, face))) is not None
            ]  # fmt: skip
            found.append((one, fields, told))
        return found

"""What is assumed of buyers, and which plans are put side by side."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from django import forms
from django.utils.translation import gettext, pgettext
from django.utils.translation import gettext_lazy as _

from laoke.campaigns.models import Campaign
from laoke.campaigns.plan_comparisons import (
    MOST_VARIANTS,
    VARIED,
    ComparisonRefused,
    steps_of,
    title_of,
)
from laoke.money import FULL_BP, MoneyError, parse_cents
from laoke.promotions.deepening import Assumed
from laoke.promotions.models import Backtest
from laoke.web.pages.offers.fields import MoneyField, plain_yuan

MOST_OFF = 10_000_000


def _percent(label: Any, least: int = 0, most: int = 100, **more: Any) -> forms.IntegerField:
    return forms.IntegerField(label=label, min_value=least, max_value=most, **more)


class AssumedForm(forms.Form):
    """How buyers are assumed to fill up, and what should never happen."""

    off_cents = MoneyField(
        label=_("试哪种满减：减多少（元）"), required=False, help_text=_("空着就用方案里的第一档")
    )
    reach = _percent(_("离门槛多近算差一点（%）"), 1, 90, help_text=_("占门槛的百分之几"))
    low = _percent(_("最少多少人凑单（%）"))
    likely = _percent(_("大概多少人凑单（%）"))
    high = _percent(_("最多多少人凑单（%）"))
    follow = _percent(
        _("减得多，凑单的人跟着多多少（%）"), help_text=_("100 是成比例：减一半，凑单的人也少一半；0 是不变")
    )
    rate = _percent(
        _("多卖一元剩多少（%）"), 1, 99, required=False, help_text=_("空着就用这段订单的：扣掉成本和扣点")
    )
    limit = _percent(_("一单最多让多少（%）"), 1, 99, help_text=_("超过的单子会列出来"))

    def clean_off_cents(self) -> int | None:
        cents: int | None = self.cleaned_data["off_cents"]
        if cents is not None and not 0 < cents <= MOST_OFF:
            raise forms.ValidationError(gettext("写 0.01 到 100000 元"))
        return cents

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        low, likely, high = (data.get(name) for name in ("low", "likely", "high"))
        if None not in (low, likely, high) and not low <= likely <= high:  # type: ignore[operator]
            self.add_error("likely", _("要在最少和最多之间"))
        return data

    def assumed(self) -> Assumed:
        """The assumptions as typed."""
        return Assumed(**{name: self.cleaned_data[name] for name in self.fields})


Variation = tuple[str, list[int]]


class VariationsField(forms.CharField):
    """Other figures for one offer: `299-30、399-50` (threshold and off in yuan) or rates in 折 (`8.5、9`)."""

    def to_python(self, value: Any) -> list[Variation]:  # type: ignore[override]  # one text, many variations
        text = str(super().to_python(value) or "")
        found = []
        for part in re.split(r"[\s,，、;；]+", text.strip()):
            if part:
                found.append(self._read(part))
        return found

    def _read(self, part: str) -> Variation:
        pair = re.fullmatch(r"满?([\d.]+)(?:减|-|－)([\d.]+)", part)
        try:
            if pair is not None:
                threshold, off = parse_cents(pair[1]), parse_cents(pair[2])
                if threshold and off and off < threshold:
                    return _step_name(threshold, off), [threshold, off]
            elif rate := re.fullmatch(r"([\d.]+)折?", part):
                bp = Decimal(rate[1]) * (FULL_BP // 10)
                if bp == int(bp) and 0 < bp < FULL_BP:
                    return pgettext("offer", "%(rate)s折") % {"rate": rate[1]}, [int(bp)]
        except (MoneyError, InvalidOperation):
            pass
        raise forms.ValidationError(
            _("“%(part)s”看不懂，写成 299-30 或 8.5"), code="variation", params={"part": part[:20]}
        )

    def validate(self, value: Any) -> None:
        if len(value) >= MOST_VARIANTS:
            raise forms.ValidationError(_("最多并排 %(n)s 个"), code="many", params={"n": MOST_VARIANTS})

    def run_validators(self, value: Any) -> None:
        """Lengths of text say nothing about a list."""

    def prepare_value(self, value: Any) -> Any:
        return value if isinstance(value, str) else ""


@dataclass(frozen=True)
class Place:
    """Figures of a plan that may be changed: an offer, or one of the steps of a 满减 (`steps` says how many it has)."""

    label: str
    offer_id: str
    step: int = 0
    steps: int = 1

    def name(self, figures: str) -> str:
        """What the offer is called with other figures there."""
        if self.steps == 1:
            return figures
        return gettext("%(figures)s（第 %(n)s 档）") % {"figures": figures, "n": self.step + 1}


def _places(one: Backtest) -> Iterator[tuple[str, Place]]:
    """Every place of a plan by the value that a choice sends."""
    for offer in one.offers:
        if offer["mechanic"] not in VARIED:
            continue
        name, offer_id, steps = offer["name"], offer["offer_id"], steps_of(offer)
        if len(steps) < 2:
            yield offer_id, Place(name, offer_id)
            continue
        for number, step in enumerate(steps):
            said = _step_name(step["threshold_cents"], step["off_cents"])
            label = gettext("%(offer)s 第 %(n)s 档：%(step)s") % {
                "offer": name,
                "n": number + 1,
                "step": said,
            }
            yield f"{offer_id}#{number}", Place(label, offer_id, number, len(steps))


def _step_name(threshold: int, off: int) -> str:
    return gettext("满%(from)s减%(off)s") % {"from": plain_yuan(threshold), "off": plain_yuan(off)}


class CompareForm(forms.Form):
    """Plans beside a backtest: others of the same days, and this one with other figures for one offer."""

    name = forms.CharField(label=_("名称"), max_length=80)
    campaign = forms.ChoiceField(label=_("存到哪个活动"), required=False)
    others = forms.MultipleChoiceField(
        label=_("同一段日子的回放"), widget=forms.CheckboxSelectMultiple, required=False
    )
    offer = forms.ChoiceField(label=_("换哪个优惠的数"), required=False)
    changes = VariationsField(
        label=_("换成"), required=False, help_text=_("满减和券写 299-30、399-50，打折写 8.5、9")
    )

    def __init__(
        self,
        *args: Any,
        one: Backtest,
        others: Sequence[Backtest],
        campaigns: Sequence[Campaign],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.one = one
        self._places = dict(_places(one))
        choices: dict[str, list[tuple[str, Any]]] = {
            "campaign": [("", _("不存到活动")), *((str(row.pk), row.name) for row in campaigns)],
            "others": [(str(row.pk), title_of(row)) for row in others],
            "offer": [(value, place.label) for value, place in self._places.items()],
        }
        for name, values in choices.items():
            self.fields[name].choices = values  # type: ignore[attr-defined]
        for name, there in (("others", choices["others"]), ("offer", choices["offer"])):
            if not there:
                del self.fields[name]
        if "offer" not in self.fields:
            del self.fields["changes"]

    @property
    def place(self) -> Place:
        """Which figures a valid form changes. Raises ComparisonRefused where none was chosen."""
        chosen = self._places.get(self.cleaned_data["offer"])
        if chosen is None:
            raise ComparisonRefused("no_change")
        return chosen

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        count = 1 + len(data.get("others") or []) + len(data.get("changes") or [])
        if not self.errors and count < 2:
            raise forms.ValidationError(gettext("再选一个回放，或写一组别的数"))
        if not self.errors and count > MOST_VARIANTS:
            raise forms.ValidationError(gettext("最多并排 %(n)s 个") % {"n": MOST_VARIANTS})
        return data

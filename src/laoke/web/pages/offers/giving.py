"""The editor's forms of what is given beside the goods: gifts and free postage."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from laoke.promotions.engine import Layer
from laoke.web.pages.offers.fields import GiftsField, MeasureField, measure_of, typed_measure
from laoke.web.pages.offers.forms import OfferForm

MEASURES = [("cents", _("金额（元）")), ("pieces", _("件数"))]
GIFT_LINES = _("一行一个：编号 名称 价值 成本 数量，例如 cup 马克杯 19.9 6 500。成本和数量可以不写")


def check_pieces(form: forms.Form, data: Mapping[str, Any], *names: str) -> None:
    """Pieces come whole."""
    for name in names:
        if data.get("by") == "pieces" and (data.get(name) or 0) % 100:
            form.add_error(name, _("件数要是整数"))


class GiftForm(OfferForm):
    """满赠."""

    mechanic = "threshold_gift"
    layer = Layer.GIFT
    layout = (("by", "from_1", "pieces_1"), ("gifts_1",))
    more = (("from_2", "pieces_2"), ("gifts_2",))
    more_label = _("再加一档")
    units = {"pieces_1": _("件"), "pieces_2": _("件")}

    by = forms.ChoiceField(label=_("按什么算"), choices=MEASURES)
    from_1 = MeasureField(label=_("满"))
    pieces_1 = forms.IntegerField(label=_("送几件"), min_value=1, max_value=1000, initial=1)
    gifts_1 = GiftsField(label=_("赠品，买家选一种"), help_text=GIFT_LINES)
    from_2 = MeasureField(label=_("第二档满"), required=False)
    pieces_2 = forms.IntegerField(label=_("第二档送几件"), min_value=1, max_value=1000, required=False)
    gifts_2 = GiftsField(label=_("第二档赠品"), help_text=GIFT_LINES, required=False)

    def clean_terms(self, data: dict[str, Any]) -> None:
        second = data.get("from_2"), data.get("gifts_2")
        if any(second) and not all(second):
            missing = "gifts_2" if second[0] else "from_2"
            if missing not in self.errors:
                self.add_error(missing, _("门槛和赠品要一起写"))
        check_pieces(self, data, "from_1", "from_2")
        first = data.get("from_1")
        if first and second[0] and second[0] <= first:
            self.add_error("from_2", _("第二档的门槛要更高"))

    def terms(self) -> dict[str, Any]:
        data = self.cleaned_data
        steps = [
            {
                "threshold": measure_of(data["by"], data[f"from_{n}"]),
                "pieces": data.get(f"pieces_{n}") or 1,
                "choices": data[f"gifts_{n}"],
            }
            for n in (1, 2)
            if data.get(f"from_{n}")
        ]
        return {"by": data["by"], "steps": steps}

    @classmethod
    def initial_of(cls, terms: Mapping[str, Any]) -> dict[str, Any]:
        own, values = terms["terms"], super().initial_of(terms)
        values["by"] = own["by"]
        for number, step in enumerate(own["steps"][:2], 1):
            values |= {
                f"from_{number}": typed_measure(own["by"], step["threshold"]),
                f"pieces_{number}": step["pieces"],
                f"gifts_{number}": step["choices"],
            }
        return values


class PostageForm(OfferForm):
    """包邮."""

    mechanic = "free_postage"
    layer = Layer.POSTAGE
    layout = (("by", "threshold"), ("excluded_regions",))

    by = forms.ChoiceField(label=_("按什么算"), choices=MEASURES)
    threshold = MeasureField(label=_("满"), required=False, help_text=_("不填就是都包邮"))
    excluded_regions = forms.CharField(
        label=_("不包邮的地区"),
        required=False,
        max_length=300,
        help_text=_("省份，用空格隔开，例如 新疆 西藏"),
    )

    def clean_terms(self, data: dict[str, Any]) -> None:
        check_pieces(self, data, "threshold")

    def terms(self) -> dict[str, Any]:
        data = self.cleaned_data
        regions = data["excluded_regions"].replace("，", " ").replace("、", " ").replace(",", " ").split()
        threshold = data.get("threshold")
        return {
            "by": data["by"],
            "threshold": measure_of(data["by"], threshold) if threshold else 0,
            "excluded_regions": list(dict.fromkeys(regions)),
        }

    @classmethod
    def initial_of(cls, terms: Mapping[str, Any]) -> dict[str, Any]:
        own = terms["terms"]
        return {
            **super().initial_of(terms),
            "by": own["by"],
            "threshold": typed_measure(own["by"], own["threshold"]) if own["threshold"] else None,
            "excluded_regions": " ".join(own["excluded_regions"]),
        }

"""The editor's forms of what old customers have beside the price: 老客权益 and 升级礼."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from laoke.promotions.buyer_lists import segment_number
from laoke.promotions.engine import OLD_CUSTOMER, Layer
from laoke.web.pages.offers.fields import MoneyField
from laoke.web.pages.offers.forms import STEPS, YUAN, OfferForm

KINDS = [
    ("gift", _("送礼品")),
    ("longer_return", _("退货期更长")),
    ("longer_warranty", _("质保更长")),
    ("service", _("服务")),
]
PERIODS = ("longer_return", "longer_warranty")
DAYS, COST = _("天"), _("每单的成本；不写就不算成本")


class ServiceBenefitForm(OfferForm):
    """老客权益."""

    mechanic = "service_benefit"
    layer = Layer.BENEFIT
    layout = (("kind", "title"), ("days", "value_cents"), ("cost_cents", "level"))
    units = {"days": DAYS, "value_cents": YUAN, "cost_cents": YUAN}
    first_audience = OLD_CUSTOMER

    kind = forms.ChoiceField(label=_("权益"), choices=KINDS)
    title = forms.CharField(
        label=_("叫什么"), max_length=80, required=False, help_text=_("例如 手写卡片、免费改裤脚")
    )
    days = forms.IntegerField(
        label=_("多几天"),
        min_value=1,
        max_value=3650,
        required=False,
        help_text=_("退货期或质保，在原有的上面加"),
    )
    value_cents = MoneyField(label=_("价值"), required=False, help_text=_("礼品要写"))
    cost_cents = MoneyField(label=_("成本"), required=False, help_text=COST)
    level = forms.CharField(
        label=_("只给会员等级"), max_length=40, required=False, help_text=_("不写就按下面的「给谁」")
    )

    def clean_terms(self, data: dict[str, Any]) -> None:
        kind = data.get("kind")
        if kind in PERIODS and not data.get("days") and "days" not in self.errors:
            self.add_error("days", _("写多几天"))
        if kind not in PERIODS and not data.get("title") and "title" not in self.errors:
            self.add_error("title", _("写叫什么"))
        if kind == "gift" and not data.get("value_cents") and "value_cents" not in self.errors:
            self.add_error("value_cents", _("写礼品的价值"))

    def terms(self) -> dict[str, Any]:
        data, kind = self.cleaned_data, self.cleaned_data["kind"]
        return {
            "kind": kind,
            "title": data["title"],
            "days": data["days"] if kind in PERIODS else None,
            "value_cents": data["value_cents"] if kind == "gift" else None,
            "cost_cents": data["cost_cents"],
        }

    def offer_data(self) -> dict[str, Any]:
        level = self.cleaned_data["level"].strip()
        return {**super().offer_data(), **({"audience": level} if level else {})}

    @classmethod
    def initial_of(cls, terms: Mapping[str, Any]) -> dict[str, Any]:
        values = super().initial_of(terms)
        if values["audience"] not in cls.audiences() and segment_number(values["audience"]) is None:
            values |= {"level": values["audience"], "audience": ""}
        return {**values, **terms["terms"]}


class LevelRewardForm(OfferForm):
    """升级礼: up to three levels."""

    mechanic = "level_reward"
    layer = Layer.BENEFIT
    layout = (("term_days",), ("level_1", "spend_1"), ("reward_1", "cost_1"))
    more = (("level_2", "spend_2", "reward_2", "cost_2"), ("level_3", "spend_3", "reward_3", "cost_3"))
    more_label = _("再加两级")
    units = {f"{name}_{n}": YUAN for n in range(1, STEPS + 1) for name in ("spend", "cost")} | {
        "term_days": DAYS
    }

    term_days = forms.IntegerField(
        label=_("算最近几天的消费"),
        min_value=1,
        max_value=3650,
        initial=365,
        help_text=_("实付货款，不含运费"),
    )
    level_1 = forms.CharField(
        label=_("会员等级"), max_length=40, help_text=_("和人群里写的等级一样，例如 金卡")
    )
    spend_1 = MoneyField(label=_("消费满"))
    reward_1 = forms.CharField(label=_("升级礼"), max_length=80, help_text=_("例如 定制杯子一只"))
    cost_1 = MoneyField(label=_("成本"), required=False, help_text=COST)
    level_2 = forms.CharField(label=_("第二级"), max_length=40, required=False)
    spend_2 = MoneyField(label=_("第二级消费满"), required=False)
    reward_2 = forms.CharField(label=_("第二级升级礼"), max_length=80, required=False)
    cost_2 = MoneyField(label=_("第二级成本"), required=False)
    level_3 = forms.CharField(label=_("第三级"), max_length=40, required=False)
    spend_3 = MoneyField(label=_("第三级消费满"), required=False)
    reward_3 = forms.CharField(label=_("第三级升级礼"), max_length=80, required=False)
    cost_3 = MoneyField(label=_("第三级成本"), required=False)

    def clean_terms(self, data: dict[str, Any]) -> None:
        seen: set[str] = set()
        before = 0
        for number in range(1, STEPS + 1):
            names = [f"{name}_{number}" for name in ("level", "spend", "reward")]
            missing = [name for name in names if not data.get(name)]
            if missing and len(missing) < len(names) and not any(name in self.errors for name in missing):
                self.add_error(missing[0], _("等级、消费额和升级礼要一起写"))
            level, spend = data.get(names[0]), data.get(names[1])
            if level and level in seen:
                self.add_error(names[0], _("等级 %(group)s 写了两次") % {"group": level})
            if spend and spend <= before:
                self.add_error(names[1], _("消费额要一级比一级高"))
            seen.add(level or "")
            before = spend or before

    def terms(self) -> dict[str, Any]:
        data = self.cleaned_data
        levels = [
            {
                "group": data[f"level_{n}"],
                "spend_cents": data[f"spend_{n}"],
                "reward": data[f"reward_{n}"],
                "cost_cents": data[f"cost_{n}"],
            }
            for n in range(1, STEPS + 1)
            if data.get(f"level_{n}")
        ]
        return {"levels": levels, "term_days": data["term_days"]}

    @classmethod
    def initial_of(cls, terms: Mapping[str, Any]) -> dict[str, Any]:
        own, values = terms["terms"], super().initial_of(terms)
        values["term_days"] = own["term_days"]
        for number, level in enumerate(own["levels"][:STEPS], 1):
            values |= {
                f"level_{number}": level["group"],
                f"spend_{number}": level["spend_cents"],
                f"reward_{number}": level["reward"],
                f"cost_{number}": level["cost_cents"],
            }
        return values

"""The draft of a lottery as a form: its rules, and a row for each kind of prize."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from laoke.promotions.models import CouponIssue
from laoke.promotions.rewards import lotteries
from laoke.promotions.rewards.fair_draws import LOTTERY, ODDS_BASE, SCRATCH
from laoke.promotions.rewards.lottery_models import Lottery, LotteryPrize
from laoke.promotions.rewards.points_rules import MOST_POINTS
from laoke.shops.models import Shop
from laoke.web.pages.offers.fields import MomentField, MoneyField

ROWS = 5
PPM_PER_PERCENT = ODDS_BASE // 100
KINDS = [(LOTTERY, _("抽奖：每次按概率")), (SCRATCH, _("刮刮卡：一共多少张，奖在里面"))]
PRIZES = [
    (lotteries.GOODS, _("实物")),
    (lotteries.POINTS, _("积分")),
    (lotteries.COUPON, _("自有券")),
]


class LotteryForm(forms.Form):
    """The rules. What is left empty has no limit."""

    kind = forms.ChoiceField(label=_("抽法"), choices=KINDS)
    name = forms.CharField(label=_("名称"), max_length=80)
    organiser = forms.CharField(label=_("主办单位"), max_length=120, help_text=_("营业执照上的名字"))
    conditions = forms.CharField(
        label=_("参加条件和兑奖"), widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("谁能参加、怎么兑、多久内兑；员工和家人不参加也写在这里"),
    )  # fmt: skip
    starts_at = MomentField(label=_("从"))
    ends_at = MomentField(label=_("到"))
    per_person_limit = forms.IntegerField(
        label=_("每人限抽"), min_value=1, max_value=lotteries.MOST_LIMIT, initial=1
    )
    per_day_limit = forms.IntegerField(
        label=_("每人每天限抽"), min_value=1, required=False, help_text=_("不限就留空")
    )
    cost_points = forms.IntegerField(label=_("抽一次用"), min_value=0, max_value=MOST_POINTS, initial=0)
    cards = forms.IntegerField(
        label=_("刮刮卡总张数"), min_value=0, max_value=lotteries.MOST_CARDS, required=False,
        help_text=_("只有刮刮卡要写"),
    )  # fmt: skip


class PrizeForm(forms.Form):
    """One kind of prize; a row without a title is none."""

    title = forms.CharField(label=_("奖品"), max_length=80, required=False)
    kind = forms.ChoiceField(label=_("是什么"), choices=PRIZES, required=False)
    stock = forms.IntegerField(label=_("数量"), min_value=1, max_value=lotteries.MOST_CARDS, required=False)
    odds = forms.DecimalField(
        label=_("中奖概率"), min_value=Decimal("0.0001"), max_value=100, decimal_places=4, required=False,
        help_text=_("抽奖才写"),
    )  # fmt: skip
    value = MoneyField(label=_("价值"), required=False, help_text=_("实物才写，按市场价"))
    points = forms.IntegerField(label=_("积分"), min_value=1, max_value=MOST_POINTS, required=False)
    issue = forms.ModelChoiceField(
        CouponIssue.objects.none(), label=_("券批"), required=False, empty_label="—"
    )

    def __init__(self, *args: Any, shop: Shop, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        issues = CouponIssue.objects.filter(shop=shop, stopped_at=None).select_related("offer__shop", "shop")
        self.fields["issue"].queryset = issues.order_by("-pk")  # type: ignore[attr-defined]

    def prize(self) -> lotteries.Prize | None:
        """The prize of the row."""
        data = self.cleaned_data
        if not data.get("title"):
            return None
        return lotteries.Prize(
            data["title"], data["kind"] or lotteries.GOODS, data["stock"] or 0, data["value"] or 0,
            int((data["odds"] or 0) * PPM_PER_PERCENT), data["points"] or 0, data["issue"],
        )  # fmt: skip


PrizeRows = forms.formset_factory(PrizeForm, extra=0, max_num=lotteries.MOST_PRIZES)


def initial_of(lottery: Lottery) -> dict[str, Any]:
    """A stored draft as the form's values."""
    return {name: getattr(lottery, name) for name in LotteryForm.base_fields} | {
        "cards": lottery.cards or None
    }


def initial_rows(lottery: Lottery | None) -> list[dict[str, Any]]:
    """The prizes of a draft, and empty rows for more."""
    found = [] if lottery is None else [_row(one) for one in lottery.prizes.order_by("place")]
    return found + [{} for _ in range(max(1, ROWS - len(found)))]


def _row(prize: LotteryPrize) -> dict[str, Any]:
    return {
        "title": prize.title, "kind": prize.kind, "stock": prize.stock,
        "odds": Decimal(prize.odds_ppm) / PPM_PER_PERCENT if prize.odds_ppm else None,
        "value": prize.value_cents if prize.kind == lotteries.GOODS else None,
        "points": prize.points or None, "issue": prize.issue_id,
    }  # fmt: skip


def rules_of(form: LotteryForm, rows: Any) -> lotteries.Rules:
    """What both forms say together."""
    prizes = [prize for prize in (row.prize() for row in rows) if prize is not None]
    data = dict(form.cleaned_data)
    data["cards"] = data["cards"] or 0
    return lotteries.Rules(**data, prizes=prizes)

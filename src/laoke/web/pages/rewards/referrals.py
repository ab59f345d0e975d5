"""Referrals: the shop's rule, how many came and what it gave, each friend with where they stand and why not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from laoke.customers.links import customers_of
from laoke.promotions.rewards import referrals
from laoke.promotions.rewards.referral_models import Referral, ReferralScheme, Share
from laoke.promotions.rewards.refusals import RewardRefused
from laoke.shops.models import Shop
from laoke.web import components as ui
from laoke.web import figures, lists, sheets
from laoke.web.access import MARKETING, allowed, clock_of, may_market, shop_of
from laoke.web.components.base import Words
from laoke.web.nav import SELLING
from laoke.web.numbers import row_number
from laoke.web.pages.offers.fields import MoneyField
from laoke.web.pages.rewards.points import customer_link

STATE_WORDS: dict[str, Words] = {
    referrals.WAITING: _("等首单"),
    referrals.COUNTING: _("等过期限"),
    referrals.REWARDED: _("给了"),
    referrals.VOID: _("不算"),
}
STATE_TONES = {referrals.COUNTING: "run", referrals.REWARDED: "ok", referrals.VOID: "warn"}
REASON_WORDS: dict[str, Words] = {
    referrals.SAME_PERSON: _("是同一个人"),
    referrals.HOUSEHOLD: _("用过同一个电话或邮箱"),
    referrals.ALREADY: _("这个人已经算过一次"),
    referrals.LIMIT: _("邀请的人到上限了"),
    referrals.ERASED: _("资料已删"),
}
_FIELDS = {
    "referral_steps": "steps", "referral_window": "window_days", "referral_least": "least_cents",
    "referral_most": "most_rewards", "referral_likes": "like_points",
}  # fmt: skip


class StepsField(forms.CharField):
    """From how many friends on a friend is worth how many points, a step on each line: `1 1000`."""

    widget = forms.Textarea(attrs={"rows": 3})

    def to_python(self, value: Any) -> tuple[tuple[int, int], ...]:  # type: ignore[override]  # one text, many numbers
        steps = []
        for line in str(super().to_python(value) or "").splitlines():
            words = line.replace("，", " ").replace(",", " ").split()
            if not words:
                continue
            numbers = [row_number(word) for word in words]
            if len(numbers) != 2 or None in numbers:
                raise forms.ValidationError(
                    _("“%(line)s”看不懂，写成“第几位起 多少分”，如 1 1000"),
                    code="line",
                    params={"line": line[:40]},
                )
            steps.append((numbers[0] or 0, numbers[1] or 0))
        return tuple(steps)

    def validate(self, value: Any) -> None:
        if not value:
            raise forms.ValidationError(self.error_messages["required"], code="required")

    def run_validators(self, value: Any) -> None:
        """Lengths of text say nothing about steps."""

    def prepare_value(self, value: Any) -> Any:
        return (
            value if isinstance(value, str) else "\n".join(f"{start} {given}" for start, given in value or ())
        )


class RuleForm(forms.Form):
    """The rule. What is left empty has no limit."""

    steps = StepsField(
        label=_("每位朋友给邀请的人"), help_text=_("一行一档：第几位起、多少分，如 1 1000，5 1500")
    )
    friend_points = forms.IntegerField(
        label=_("给朋友"), min_value=0, max_value=referrals.MOST_POINTS_EACH, initial=0
    )
    least_cents = MoneyField(label=_("首单至少付"), required=False)
    window_days = forms.IntegerField(
        label=_("付款几天后没退才给"), min_value=0, max_value=referrals.MOST_DAYS, initial=15
    )
    most_rewards = forms.IntegerField(
        label=_("每人最多得几次"), min_value=1, required=False, help_text=_("不限就留空")
    )
    like_points = forms.IntegerField(
        label=_("分享得一个赞给"), min_value=0, max_value=referrals.MOST_POINTS_EACH, initial=0,
        help_text=_("0 是不给；微信里不许诱导分享和集赞"),
    )  # fmt: skip
    most_likes_a_day = forms.IntegerField(
        label=_("每人每天最多算"), min_value=0, max_value=referrals.MOST_LIKES, initial=0
    )

    def terms(self) -> referrals.Terms:
        """The rule as it was typed."""
        given = dict(self.cleaned_data)
        return referrals.Terms(**given | {"least_cents": given["least_cents"] or 0})


@dataclass(frozen=True)
class ReferralPage:
    """The rule as a form, or as facts for who may only look; figures and friends once there is a rule."""

    status: ui.Status | None
    form: RuleForm | None
    rule: ui.Facts | None
    figures: ui.Kpis | None
    filters: ui.Filters
    table: ui.Table
    is_open: bool
    may_change: bool


@allowed(*SELLING)
def referral_home(request: HttpRequest) -> HttpResponse:
    shop = shop_of(request)
    listing = _listing(shop, request)
    if sheets.wanted(request):
        return listing.sheet(request)
    scheme = ReferralScheme.objects.filter(shop=shop).first()
    form = RuleForm(request.POST or None, initial=_initial(scheme))
    may_change = may_market(request)
    if request.method == "POST":
        if not may_change:
            raise PermissionDenied
        if form.is_valid() and _saved(request, form):
            messages.success(request, gettext("老带新的规则存好了"))
            return redirect("referrals")
    count = listing.rows.count()
    table = listing.table(
        listing.found(request), request, order=gettext("新的在前"),
        empty=ui.Empty(gettext("还没有朋友来"), gettext("自己的系统替客户要邀请码，朋友来了报一声")),
        count=ngettext("共 %(n)s 位", "共 %(n)s 位", count) % {"n": figures.exact(count)},
    )  # fmt: skip
    page = ReferralPage(
        None if scheme is None else _status(scheme),
        form if may_change else None,
        _rule(scheme) if scheme and not may_change else None,
        _figures(shop) if scheme else None,
        lists.filters(request, gettext("客户编号或订单号"), count=count),
        table,
        scheme is not None and scheme.is_open,
        may_change and scheme is not None,
    )
    return render(
        request, "rewards/referrals.html", {"page": page}, status=422 if form.errors and may_change else 200
    )


@require_POST
@allowed(*MARKETING)
def referral_open(request: HttpRequest) -> HttpResponse:
    """Take no new friends, or go on."""
    is_open = request.POST.get("open") == "1"
    referrals.set_open(
        shop_of(request), is_open, by=request.user, now=clock_of(request).now()  # type: ignore[arg-type]
    )  # fmt: skip
    told = gettext("又收新朋友了") if is_open else gettext("停了：不收新朋友，已经来的照样给")
    messages.success(request, told)
    return redirect("referrals")


def _saved(request: HttpRequest, form: RuleForm) -> bool:
    try:
        referrals.set_scheme(
            shop_of(request), form.terms(), by=request.user, now=clock_of(request).now()  # type: ignore[arg-type]
        )  # fmt: skip
    except RewardRefused as refused:
        form.add_error(_FIELDS.get(refused.code), refused.message)
        return False
    return True


def _initial(scheme: ReferralScheme | None) -> dict[str, Any]:
    return {} if scheme is None else vars(referrals.terms_of(scheme))


def _status(scheme: ReferralScheme) -> ui.Status:
    return ui.Status(gettext("进行中"), "run") if scheme.is_open else ui.Status(gettext("停了"), "")


def _rule(scheme: ReferralScheme) -> ui.Facts:
    score = gettext("%(n)s 分")
    terms = referrals.terms_of(scheme)
    steps = [
        (
            gettext("第 %(n)s 位起，给邀请的人") % {"n": start},
            score % {"n": figures.exact(given)},
        )
        for start, given in terms.steps
    ]
    most = gettext("不限") if terms.most_rewards is None else figures.exact(terms.most_rewards)
    return ui.Facts(
        [
            *steps,
            (_("给朋友"), score % {"n": figures.exact(terms.friend_points)}),
            (_("首单至少付"), figures.yuan(terms.least_cents)),
            (_("付款几天后没退才给"), gettext("%(n)s 天") % {"n": terms.window_days}),
            (_("每人最多得几次"), most),
            (_("分享得一个赞给"), score % {"n": figures.exact(terms.like_points)}),
            (_("每人每天最多算"), gettext("%(n)s 个赞") % {"n": figures.exact(terms.most_likes_a_day)}),
        ]
    )


def _figures(shop: Shop) -> ui.Kpis:
    rows = Referral.objects.filter(shop=shop)
    by_state = dict(rows.values_list("state").annotate(n=Count("pk")))
    rewarded = rows.filter(state=referrals.REWARDED).aggregate(given=Sum("points"), cents=Sum("paid_cents"))
    likes = figures.exact(Share.objects.filter(shop=shop).aggregate(n=Sum("rewarded"))["n"] or 0)
    liked = gettext("算过 %(n)s 个赞") % {"n": likes}
    void = gettext("不算的 %(n)s")

    def count(state: str) -> str:
        return figures.exact(by_state.get(state, 0))

    return ui.Kpis(
        [
            ui.Kpi(_("来的朋友"), figures.exact(rows.count()), note=void % {"n": count(referrals.VOID)}),
            ui.Kpi(_("等过期限"), count(referrals.COUNTING)),
            ui.Kpi(_("算数的首单"), count(referrals.REWARDED), note=figures.yuan(rewarded["cents"] or 0)),
            ui.Kpi(_("给邀请的人"), figures.exact(rewarded["given"] or 0), note=liked),
        ]
    )  # fmt: skip


def _listing(shop: Shop, request: HttpRequest) -> lists.Listing[Referral]:
    now = clock_of(request).now()
    rows = Referral.objects.filter(shop=shop)
    if wanted := lists.searched(request):
        person = row_number(wanted)
        customers = customers_of(shop, person) if person is not None else []
        rows = rows.filter(Q(order_id=wanted) | Q(referrer_id__in=customers) | Q(friend_id__in=customers))
    return lists.Listing(
        gettext("老带新"),
        rows,
        ("-pk",),
        columns=[
            ui.Column("at", gettext("什么时候来"), "nowrap"),
            ui.Column("friend", gettext("朋友"), "nowrap"),
            ui.Column("referrer", gettext("谁邀请的"), "nowrap", label_on_card=gettext("谁邀请的")),
            ui.Column("order", gettext("首单"), "nowrap", priority=2),
            ui.Column("paid", gettext("付了（元）"), "num", priority=2),
            ui.Column("points", gettext("给了"), "num", priority=3, card="hide"),
            ui.Column("state", gettext("状态"), "nowrap", card="end"),
            ui.Column("told", gettext("为什么"), priority=2),
        ],
        lines=lambda found: _lines(found, now),
    )


def _lines(found: Sequence[Referral], now: datetime) -> list[ui.Row]:
    return [
        ui.Row(
            [
                figures.when(one.at, now),
                customer_link(one.friend_id),
                customer_link(one.referrer_id),
                one.order_id or "—",
                figures.cents(one.paid_cents) if one.order_id else "—",
                figures.exact(one.points) if one.points else "—",
                ui.Status(STATE_WORDS[one.state], STATE_TONES.get(one.state, "")),  # type: ignore[arg-type]
                _why(one, now),
            ],
            id=str(one.pk),
        )
        for one in found
    ]


def _why(one: Referral, now: datetime) -> str:
    if one.due_at is not None:
        return gettext("%(at)s 没退就给") % {"at": figures.when(one.due_at, now)}
    return str(REASON_WORDS.get(one.reason, ""))

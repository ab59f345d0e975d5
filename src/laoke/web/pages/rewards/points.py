"""Points: the shop's rule, what is out, who has most, what happened; points given by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import OuterRef, Q, QuerySet, Subquery, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, pgettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from laoke.customers.links import customers_of
from laoke.customers.models import Customer, Erasure
from laoke.promotions.rewards import points, points_rows, points_scheme
from laoke.promotions.rewards.models import PointsEvent, PointsLot, PointsScheme
from laoke.promotions.rewards.points_rules import MOST_POINTS, WHOLE_BP
from laoke.promotions.rewards.refusals import RewardRefused
from laoke.shops.models import Shop
from laoke.web import components as ui
from laoke.web import figures, lists, sheets
from laoke.web.access import MARKETING, allowed, clock_of, may_market, shop_of
from laoke.web.components.base import Words
from laoke.web.nav import SELLING
from laoke.web.numbers import row_number
from laoke.web.pages.offers.coupon_pages import by_told, token_names
from laoke.web.pages.offers.fields import MoneyField

MOST_PEOPLE = 5
SOON = timedelta(days=30)
KIND_WORDS: dict[str, Words] = {
    points_rows.EARNED: _("消费得分"),
    points_rows.GIVEN: _("送的"),
    points_rows.USED: _("抵用"),
    points_rows.RETURNED: _("退回"),
    points_rows.EXPIRED: _("过期"),
    points_rows.TAKEN_BACK: _("退款收回"),
    points_rows.SETTLED: _("补欠分"),
    points_rows.FORGOTTEN: _("删除资料"),
}
GIVEN_WORDS: dict[str, Words] = {
    points.PRIZE: _("中奖"),
    points.REFERRAL: _("老带新"),
    points.SHARE: _("分享得赞"),
}
_FIELDS = {
    "earn_wrong": "earn_points", "burn_wrong": "burn_points", "share_wrong": "share", "least_wrong": "least_points",
    "day_wrong": "most_a_day", "good_days_wrong": "good_days", "wait_days_wrong": "wait_days",
}  # fmt: skip


class RuleForm(forms.Form):
    """The rule for points. What is left empty has no limit."""

    earn_cents = MoneyField(label=_("每消费"))
    earn_points = forms.IntegerField(label=_("得"), min_value=1, max_value=points_scheme.MOST_RULE)
    burn_points = forms.IntegerField(label=_("每用"), min_value=1, max_value=points_scheme.MOST_RULE)
    burn_cents = MoneyField(label=_("抵"))
    least_points = forms.IntegerField(
        label=_("一次至少用"), min_value=1, max_value=points_scheme.MOST_RULE, help_text=_("“每用”的整倍")
    )
    share = forms.IntegerField(label=_("一单最多抵"), min_value=1, max_value=100)
    most_a_day = forms.IntegerField(
        label=_("每人每天最多用"), min_value=1, max_value=points_scheme.MOST_RULE, required=False,
        help_text=_("不限就留空"),
    )  # fmt: skip
    wait_days = forms.IntegerField(
        label=_("几天后能用"), min_value=0, max_value=points_scheme.MOST_WAIT,
        help_text=_("过了退货期再用，退款就不会欠分"),
    )  # fmt: skip
    good_days = forms.IntegerField(
        label=_("有效"), min_value=1, max_value=points_scheme.MOST_DAYS, required=False,
        help_text=_("从得分那天算，先到期的先用；永久有效就留空"),
    )  # fmt: skip

    def terms(self) -> points_scheme.Terms:
        """The rule as it was typed."""
        given = dict(self.cleaned_data)
        share = given.pop("share")
        return points_scheme.Terms(**given, most_share_bp=share * WHOLE_BP // 100)


class GiveForm(forms.Form):
    """Points for one customer, by hand."""

    person = forms.CharField(label=_("客户编号"), max_length=20, help_text=_("客户页地址里的数字"))
    points = forms.IntegerField(label=_("积分"), min_value=1, max_value=MOST_POINTS)
    why = forms.CharField(label=_("为什么"), max_length=200)


@dataclass(frozen=True)
class PointsPage:
    """The rule as a form, or as facts for who may only look; figures, people and history once there is a rule."""

    status: ui.Status | None
    form: RuleForm | None
    rule: ui.Facts | None
    give: GiveForm | None
    figures: ui.Kpis | None
    people: ui.Table | None
    filters: ui.Filters
    history: ui.Table
    is_earning: bool
    may_change: bool


@allowed(*SELLING)
def points_home(request: HttpRequest) -> HttpResponse:
    shop = shop_of(request)
    listing = _listing(shop, request)
    if sheets.wanted(request):
        return listing.sheet(request)
    form = RuleForm(request.POST or None, initial=_initial(shop))
    if request.method == "POST":
        if request.role not in MARKETING:  # type: ignore[attr-defined]
            raise PermissionDenied
        if form.is_valid() and _saved(request, form):
            messages.success(request, gettext("积分规则存好了，已经得的分有效期不变"))
            return redirect("points")
    return _shown(request, listing, form, GiveForm())


@require_POST
@allowed(*MARKETING)
def points_earning(request: HttpRequest) -> HttpResponse:
    """Stop giving points for orders, or go on."""
    is_earning = request.POST.get("earning") == "1"
    points_scheme.set_earning(
        shop_of(request), is_earning, by=request.user, now=clock_of(request).now()  # type: ignore[arg-type]
    )  # fmt: skip
    told = gettext("又发积分了") if is_earning else gettext("停发了：不再记新的，已有的照样能用")
    messages.success(request, told)
    return redirect("points")


@require_POST
@allowed(*MARKETING)
def points_give(request: HttpRequest) -> HttpResponse:
    """Points for one customer by hand, with the reason."""
    shop, give = shop_of(request), GiveForm(request.POST)
    if give.is_valid() and _given(request, shop, give):
        messages.success(request, gettext("送好了"))
        return redirect("points")
    return _shown(request, _listing(shop, request), RuleForm(initial=_initial(shop)), give)


def _saved(request: HttpRequest, form: RuleForm) -> bool:
    try:
        points_scheme.set_scheme(
            shop_of(request), form.terms(), by=request.user, now=clock_of(request).now()  # type: ignore[arg-type]
        )  # fmt: skip
    except RewardRefused as refused:
        form.add_error(_FIELDS.get(refused.code), refused.message)
        return False
    return True


def _given(request: HttpRequest, shop: Shop, give: GiveForm) -> bool:
    person = row_number(give.cleaned_data["person"].strip()) or 0
    customers = customers_of(shop, person)
    erased = Erasure.objects.filter(owner_id=shop.owner_id, person_id=person).exists()
    if not customers or erased:
        give.add_error("person", gettext("没有这位客户"))
        return False
    try:
        points.present(
            shop, customers[0], give.cleaned_data["points"], why=give.cleaned_data["why"],
            actor=request.user, now=clock_of(request).now(),  # type: ignore[arg-type]
        )  # fmt: skip
    except RewardRefused as refused:
        give.add_error(None, refused.message)
        return False
    return True


def _shown(
    request: HttpRequest, listing: lists.Listing[PointsEvent], form: RuleForm, give: GiveForm
) -> HttpResponse:
    shop, now = shop_of(request), clock_of(request).now()
    scheme = PointsScheme.objects.filter(shop=shop).first()
    may_change = may_market(request)
    count = listing.rows.count()
    history = listing.table(
        listing.found(request), request, order=gettext("新的在前"),
        empty=ui.Empty(gettext("还没有积分的经过"), gettext("自己的系统记了第一笔，这里就有")),
        count=gettext("共 %(n)s 笔") % {"n": figures.exact(count)},
    )  # fmt: skip
    page = PointsPage(
        None if scheme is None else _status(scheme),
        form if may_change else None,
        _rule(scheme) if scheme and not may_change else None,
        give if scheme and may_change else None,
        _figures(scheme, now) if scheme else None,
        _people(shop, now) if scheme else None,
        lists.filters(request, gettext("订单号或客户编号"), count=count),
        history,
        scheme is not None and scheme.is_earning,
        may_change and scheme is not None,
    )
    wrong = bool(form.errors or give.errors)
    return render(request, "rewards/points.html", {"page": page}, status=422 if wrong else 200)


def _initial(shop: Shop) -> dict[str, int | None]:
    """The rule as it stands; before there is one, one point for a yuan and a hundred points for a yuan off."""
    scheme = PointsScheme.objects.filter(shop=shop).first()
    if scheme is None:
        return {
            "earn_cents": 100, "earn_points": 1, "burn_points": 100, "burn_cents": 100, "least_points": 100,
            "share": 50, "wait_days": 7, "good_days": 365,
        }  # fmt: skip
    terms = points_scheme.terms_of(scheme)
    return {**vars(terms), "share": terms.most_share_bp * 100 // WHOLE_BP}


def _status(scheme: PointsScheme) -> ui.Status:
    return ui.Status(gettext("发放中"), "run") if scheme.is_earning else ui.Status(gettext("停发"), "")


def _rule(scheme: PointsScheme) -> ui.Facts:
    def days(n: int | None, none: str) -> str:
        return none if n is None else gettext("%(n)s 天") % {"n": n}

    score = gettext("%(n)s 分")
    return ui.Facts(
        [
            (_("每消费"), figures.yuan(scheme.earn_cents)),
            (_("得"), score % {"n": figures.exact(scheme.earn_points)}),
            (_("每用"), score % {"n": figures.exact(scheme.burn_points)}),
            (_("抵"), figures.yuan(scheme.burn_cents)),
            (_("一次至少用"), score % {"n": figures.exact(scheme.least_points)}),
            (_("一单最多抵"), figures.percent(scheme.most_share_bp / WHOLE_BP, 0)),
            (
                _("每人每天最多用"),
                gettext("不限")
                if scheme.most_a_day is None
                else score % {"n": figures.exact(scheme.most_a_day)},
            ),
            (_("几天后能用"), days(scheme.wait_days, "")),
            (_("有效"), days(scheme.good_days, gettext("永久"))),
        ]
    )


def _figures(scheme: PointsScheme, now: datetime) -> ui.Kpis:
    out = _out(scheme.shop_id, now)
    left, soon = _left(out), _left(out.filter(good_until__lte=now + SOON))
    worth = figures.yuan(left * scheme.burn_cents // scheme.burn_points)
    since = PointsEvent.objects.filter(shop_id=scheme.shop_id, at__gt=now - SOON)
    gained = since.filter(kind__in=(points_rows.EARNED, points_rows.GIVEN))
    used = since.filter(kind__in=(points_rows.USED, points_rows.RETURNED))
    return ui.Kpis(
        [
            ui.Kpi(_("客户手里的积分"), figures.exact(left), note=gettext("值 %(money)s") % {"money": worth}),
            ui.Kpi(_("30 天里发的"), figures.exact(_points(gained))),
            ui.Kpi(_("30 天里用的"), figures.exact(-_points(used)), note=gettext("含占用中，扣掉退回的")),
            ui.Kpi(_("30 天内到期"), figures.exact(soon)),
        ]
    )  # fmt: skip


def _out(shop_id: int, now: datetime) -> QuerySet[PointsLot]:
    """Lots that people still have something of."""
    alive = Q(good_until=None) | Q(good_until__gt=now)
    return PointsLot.objects.filter(alive, shop_id=shop_id, left__gt=0, customer_id__isnull=False)


def _left(lots: QuerySet[PointsLot]) -> int:
    return int(lots.aggregate(n=Sum("left"))["n"] or 0)


def _points(events: QuerySet[PointsEvent]) -> int:
    return int(events.aggregate(n=Sum("points"))["n"] or 0)


def _people(shop: Shop, now: datetime) -> ui.Table:
    """Who has most, by person: customers that were joined count together."""
    person = Customer.objects.filter(pk=OuterRef("customer_id")).values("person_id")[:1]
    lots = _out(shop.pk, now).annotate(person=Subquery(person)).values("person")
    found = lots.annotate(n=Sum("left")).order_by("-n", "person")
    return ui.Table(
        [ui.Column("who", pgettext_lazy("one of a list", "客户")), ui.Column("points", _("积分"), "num")],
        [
            ui.Row(
                [str(one["person"]), figures.exact(one["n"])], url=reverse("customer", args=[one["person"]])
            )
            for one in found[:MOST_PEOPLE]
            if one["person"] is not None
        ],
        caption=_("积分最多的客户"),
        empty=ui.Empty(_("还没有人有积分"), _("订单付了款，让自己的系统来记")),
    )


def _listing(shop: Shop, request: HttpRequest) -> lists.Listing[PointsEvent]:
    now = clock_of(request).now()
    rows = PointsEvent.objects.filter(shop=shop).select_related("lot")
    if wanted := lists.searched(request):
        person = row_number(wanted)
        customers = customers_of(shop, person) if person is not None else []
        rows = rows.filter(
            Q(order_id=wanted) | Q(customer_id__in=[*customers, *([person] if person else [])])
        )
    return lists.Listing(
        gettext("积分明细"),
        rows,
        ("-pk",),
        columns=[
            ui.Column("at", gettext("时间"), "nowrap"),
            ui.Column("kind", gettext("做了什么"), "nowrap"),
            ui.Column("points", gettext("积分"), "num", card="end"),
            ui.Column("who", pgettext("one of a list", "客户"), "nowrap", priority=2),
            ui.Column("order", pgettext("one of a list", "订单"), "nowrap", priority=2),
            ui.Column("until", gettext("有效到"), "nowrap", priority=3, card="hide"),
            ui.Column("by", gettext("谁"), "nowrap", priority=3, card="hide"),
        ],
        lines=lambda found: event_lines(found, now),
    )


def event_lines(found: Sequence[PointsEvent], now: datetime) -> list[ui.Row]:
    """What happened to points, a line each."""
    tokens = token_names(one.by for one in found)
    return [
        ui.Row(
            [
                figures.when(one.at, now),
                ui.Cell(str(_kind(one)), sub=one.note),
                signed(one.points),
                customer_link(one.customer_id),
                one.order_id or "—",
                _until(one, now),
                by_told(one.by, tokens),
            ],
            id=str(one.pk),
        )
        for one in found
    ]


def _kind(one: PointsEvent) -> Words:
    if one.kind == points_rows.GIVEN and one.lot is not None:
        return GIVEN_WORDS.get(one.lot.source, KIND_WORDS[one.kind])
    return KIND_WORDS[one.kind]


def _until(one: PointsEvent, now: datetime) -> str:
    if one.lot is None or one.points <= 0:
        return "—"
    return gettext("永久") if one.lot.good_until is None else figures.when(one.lot.good_until, now)


def customer_link(customer_id: int | None) -> SafeString | str:
    """A customer as a link to the person's page; one who was erased is nobody."""
    if customer_id is None:
        return "—"
    return format_html(
        '<a class="link" href="{}">{}</a>', reverse("customer", args=[customer_id]), customer_id
    )


def signed(number: int) -> str:
    """A change, with its sign."""
    return f"+{figures.exact(number)}" if number > 0 else figures.exact(number)

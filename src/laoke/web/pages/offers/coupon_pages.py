"""Coupons of an offer: its issues, codes made and taken home as a file, what became of them, one code looked up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.db.models import Count, Max, Min
from django.db.models.functions import TruncDate
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.http import content_disposition_header
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from laoke.customers.links import person_of
from laoke.promotions.coupons import issues, moves, states
from laoke.promotions.coupons.code_files import STATE_WORDS, write_codes
from laoke.promotions.coupons.codes import shown_code
from laoke.promotions.coupons.refusals import CouponRefused
from laoke.promotions.models import Coupon, CouponBatch, CouponEvent, CouponIssue, Offer
from laoke.promotions.rewards import promised
from laoke.shops import jobs
from laoke.shops.models import ApiToken, Shop
from laoke.shops.open_files import let_go
from laoke.web import components as ui
from laoke.web import figures
from laoke.web.access import MARKETING, allowed, clock_of, may_market, shop_of
from laoke.web.charts import bars
from laoke.web.charts.base import Series
from laoke.web.components.base import Words
from laoke.web.nav import SELLING
from laoke.web.pages.offers.fields import MomentField, MoneyField
from laoke.web.sheets import XLSX

MOST_DAYS_SHOWN = 60
JOB = "coupon_codes"
EVENT_WORDS: dict[str, Words] = {
    states.ISSUED: _("做出来"),
    states.CLAIMED: _("领取"),
    states.RESERVED: _("占用"),
    states.REDEEMED: _("核销"),
    states.ROLLED_BACK: _("撤回"),
    states.EXPIRED: _("过期"),
    states.BLOCKED: _("停用"),
}
STATE_TONES = {states.RESERVED: "run", states.REDEEMED: "ok", states.BLOCKED: "bad"}


class IssueForm(forms.Form):
    """A new issue. What is left empty has no limit; one of the two ends must be there."""

    name = forms.CharField(label=_("名称"), max_length=80)
    total_limit = forms.IntegerField(label=_("最多多少张"), min_value=1, max_value=issues.MOST_COUPONS)
    per_person_limit = forms.IntegerField(
        label=_("每人限领"), min_value=1, max_value=issues.MOST_PER_PERSON, required=False,
        help_text=_("不限就留空；限了，用的时候要写明是谁"),
    )  # fmt: skip
    budget_cents = MoneyField(label=_("预算"), required=False, help_text=_("一共最多减多少，不限就留空"))
    valid_from = MomentField(label=_("从什么时候起能用"))
    valid_to = MomentField(label=_("到什么时候为止"), required=False)
    days_after_claim = forms.IntegerField(
        label=_("领后几天有效"), min_value=1, max_value=issues.MOST_DAYS, required=False,
        help_text=_("和上面的结束都写，先到的算"),
    )  # fmt: skip


@dataclass(frozen=True)
class IssueEditor:
    """The form of a new issue of an offer."""

    offer: Offer
    form: IssueForm


@dataclass(frozen=True)
class LookedUp:
    """One code: what it is now, how it got there, and whether it may be blocked."""

    shown: str
    status: ui.Status
    facts: ui.Facts
    events: ui.Table
    may_block: bool


@dataclass(frozen=True)
class IssuePage:
    """An issue: its terms, figures, batches of codes, redemptions by day."""

    issue: CouponIssue
    status: ui.Status
    facts: ui.Facts
    figures: ui.Kpis
    budget: ui.Meter | None
    batches: ui.Table
    chart: ui.ChartCard | None
    making: bool
    room: int
    room_text: str
    may_change: bool
    may_stop: bool
    stop: ui.Dialog
    typed: str = ""
    found: LookedUp | None = None
    trouble: str = ""


def issues_table(offer: Offer, now: datetime) -> ui.Table | None:
    """The issues of an offer, the newest first; None where the offer is none that people hold."""
    if not issues.is_held_coupon(offer):
        return None
    rows = CouponIssue.objects.filter(offer=offer).select_related("offer").order_by("-pk")
    return ui.Table(
        [
            ui.Column("name", _("批次")),
            ui.Column("made", _("张数"), "num"),
            ui.Column("used", _("已用"), "num"),
            ui.Column("money", _("占用和已用"), "num", priority=2),
            ui.Column("state", _("状态"), "nowrap", card="end"),
        ],
        [_issue_row(row, now) for row in rows],
        caption=_("这个优惠的券批"),
        empty=ui.Empty(_("还没有券批"), _("自有商城用自己的券码：定好张数、预算和有效期，再做码")),
    )


def _issue_row(row: CouponIssue, now: datetime) -> ui.Row:
    used = row.coupons.filter(state=states.REDEEMED).count()
    return ui.Row(
        [
            row.name,
            f"{figures.exact(row.made)} / {figures.exact(row.total_limit)}",
            figures.exact(used),
            figures.yuan(row.taken_cents),
            issue_status(row, now),
        ],
        url=reverse("coupon_issue", args=[row.pk]),
    )


def issue_status(row: CouponIssue, now: datetime) -> ui.Status:
    """Whether coupons of it can be given out and used."""
    if row.stopped_at is not None:
        return ui.Status(gettext("已停"), "bad")
    if row.offer.archived or row.offer.ends_at <= now or (row.valid_to is not None and row.valid_to <= now):
        return ui.Status(gettext("已结束"), "ok")
    if row.valid_from > now:
        return ui.Status(gettext("未开始"), "")
    return ui.Status(gettext("进行中"), "run")


def find_issue(shop: Shop, pk: int) -> CouponIssue:
    return get_object_or_404(CouponIssue.objects.select_related("offer", "shop"), shop=shop, pk=pk)


@allowed(*MARKETING)
def issue_new(request: HttpRequest, pk: int) -> HttpResponse:
    shop, now = shop_of(request), clock_of(request).now()
    offer = get_object_or_404(Offer, shop=shop, pk=pk)
    initial = {"valid_from": max(now, offer.starts_at), "valid_to": offer.ends_at, "name": offer.name}
    form = IssueForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            issue = issues.add_issue(
                offer, issues.Terms(**form.cleaned_data), by=request.user, now=now  # type: ignore[arg-type]
            )  # fmt: skip
        except CouponRefused as refused:
            form.add_error(_FIELDS.get(refused.code), refused.message)
        else:
            messages.success(request, gettext("券批建好了，下一步做码，或让自己的系统来领"))
            return redirect("coupon_issue", issue.pk)
    page = IssueEditor(offer, form)
    return render(request, "offers/issue_new.html", {"page": page}, status=422 if form.errors else 200)


_FIELDS = {"validity_missing": "valid_to", "validity_empty": "valid_to", "name_empty": "name"}


@require_GET
@allowed(*SELLING)
def issue_home(request: HttpRequest, pk: int) -> HttpResponse:
    issue = find_issue(shop_of(request), pk)
    return render(request, "offers/issue.html", {"page": _page(request, issue)})


@require_POST
@allowed(*SELLING)
def issue_look(request: HttpRequest, pk: int) -> HttpResponse:
    """One code and what happened to it. Not by an address: codes are money, and addresses are written down."""
    issue, typed = find_issue(shop_of(request), pk), request.POST.get("code", "")[:40].strip()
    found, trouble = None, ""
    try:
        found = _looked_up(request, moves.find(issue.shop, typed), clock_of(request).now())
    except CouponRefused as refused:
        trouble = refused.message
    page = _page(request, issue, typed=typed, found=found, trouble=trouble)
    return render(request, "offers/issue.html", {"page": page}, status=422 if trouble else 200)


@require_POST
@allowed(*MARKETING)
def issue_block(request: HttpRequest, pk: int) -> HttpResponse:
    """Make one code worthless."""
    issue, now = find_issue(shop_of(request), pk), clock_of(request).now()
    try:
        coupon = moves.find(issue.shop, request.POST.get("code", "")[:40])
        moves.block(coupon, actor=request.user, now=now)  # type: ignore[arg-type]
    except CouponRefused as refused:
        messages.error(request, _told(refused))
    else:
        messages.success(request, gettext("停用了，这个码再也不能用"))
    return redirect("coupon_issue", issue.pk)


def _told(refused: CouponRefused) -> str:
    """A refusal with the state in the page's own word."""
    if "state" in refused.params:
        refused.params["state"] = STATE_WORDS[refused.params["state"]]
    return refused.message


@require_POST
@allowed(*MARKETING)
def issue_codes(request: HttpRequest, pk: int) -> HttpResponse:
    """Have a worker make codes, or go on with a batch that was cut short."""
    issue, now = find_issue(shop_of(request), pk), clock_of(request).now()
    if text := request.POST.get("batch", ""):
        batch = get_object_or_404(
            CouponBatch, issue=issue, pk=int(text) if text.isdigit() else 0, done_at=None
        )
        jobs.queue_once(JOB, shop=issue.shop, now=now, by=request.user, batch=batch.pk)  # type: ignore[arg-type]
        return redirect("coupon_issue", issue.pk)
    count = request.POST.get("count", "").strip().replace(",", "")
    try:
        with transaction.atomic():
            number = int(count) if count.isascii() and count.isdigit() and len(count) < 10 else 0
            batch = issues.order_codes(issue, number, by=request.user, now=now)  # type: ignore[arg-type]
            jobs.queue(JOB, shop=issue.shop, now=now, by=request.user, batch=batch.pk)  # type: ignore[arg-type]
    except CouponRefused as refused:
        messages.error(request, refused.message)
    else:
        messages.success(
            request,
            ngettext("正在做 %(n)s 个码", "正在做 %(n)s 个码", batch.wanted)
            % {"n": figures.exact(batch.wanted)},
        )
    return redirect("coupon_issue", issue.pk)


@require_POST
@allowed(*MARKETING)
def issue_stop(request: HttpRequest, pk: int) -> HttpResponse:
    issue, now = find_issue(shop_of(request), pk), clock_of(request).now()
    try:
        issues.stop_issue(issue, by=request.user, now=now)  # type: ignore[arg-type]
    except CouponRefused as refused:
        messages.error(request, refused.message)
    else:
        messages.success(request, gettext("停了：不再发、不再用，占用中的订单可以走完"))
    return redirect("coupon_issue", issue.pk)


@require_POST
@allowed(*MARKETING)
def issue_file(request: HttpRequest, pk: int, batch_id: int) -> HttpResponse:
    """The codes of a batch as a workbook; the act is written down with count and hash."""
    shop, now = shop_of(request), clock_of(request).now()
    batch = get_object_or_404(
        CouponBatch.objects.select_related("issue"), issue=find_issue(shop, pk), pk=batch_id
    )
    path = settings.PLACE.exports / f"codes-{shop.pk}-{batch.pk}-{now:%Y%m%d-%H%M%S-%f}.xlsx"
    write_codes(path, batch.issue, batch=batch, by=request.user, now=now)  # type: ignore[arg-type]
    body = path.read_bytes()
    let_go(path)
    answer = HttpResponse(body, content_type=XLSX)
    name = gettext("券码-%(issue)s-%(batch)s") % {"issue": batch.issue.name, "batch": batch.pk}
    answer["Content-Disposition"] = content_disposition_header(True, f"{name}.xlsx") or "attachment"
    return answer


def _page(request: HttpRequest, issue: CouponIssue, **found: Any) -> IssuePage:
    now, may = clock_of(request).now(), may_market(request)
    counts, status = issues.counts_of(issue), issue_status(issue, now)
    room = max(0, issue.total_limit - issue.made - promised.owed(issue.pk, now))
    return IssuePage(
        issue,
        status,
        _facts(issue, counts, now),
        ui.Kpis(
            [
                ui.Kpi(_("已领"), figures.exact(_ever_claimed(issue)), note=_handed_note(counts)),
                ui.Kpi(_("占用中"), figures.exact(counts[states.RESERVED])),
                ui.Kpi(_("已用"), figures.exact(counts[states.REDEEMED]), note=figures.yuan(counts.redeemed_cents)),
                ui.Kpi(_("已过期"), figures.exact(counts[states.EXPIRED]), note=_blocked_note(counts)),
            ]
        ),
        _budget(counts),
        _batches(issue, now, may),
        _chart(issue),
        jobs.under_way(JOB, shop=issue.shop) is not None,
        room,
        gettext("还能做 %(n)s 个") % {"n": figures.exact(room)},
        may,
        may and issue.stopped_at is None,
        ui.Dialog(
            "stop",
            _("停掉这一批券？"),
            _("停掉这一批"),
            reverse("coupon_issue_stop", args=[issue.pk]),
            will=ui.Facts(
                [
                    (_("不再发"), gettext("还能做的 %(n)s 张") % {"n": figures.exact(room)}),
                    (_("不能再用"), gettext("已发出没用的 %(n)s 张") % {
                        "n": figures.exact(counts[states.ISSUED] + counts[states.CLAIMED]),
                    }),
                    (_("能反悔吗"), _("不能，要用就另建一批")),
                ]
            ),
            danger=True,
        ),
        **found,
    )  # fmt: skip


def _ever_claimed(issue: CouponIssue) -> int:
    return CouponEvent.objects.filter(issue=issue, kind=states.CLAIMED).count()


def _handed_note(counts: issues.Counts) -> str:
    return gettext("做了 %(made)s，没人领的 %(free)s") % {
        "made": figures.exact(counts.made),
        "free": figures.exact(counts[states.ISSUED]),
    }


def _blocked_note(counts: issues.Counts) -> str:
    blocked = counts[states.BLOCKED]
    return gettext("另停用 %(n)s") % {"n": figures.exact(blocked)} if blocked else ""


def _facts(issue: CouponIssue, counts: issues.Counts, now: datetime) -> ui.Facts:
    ends = [figures.when(issue.valid_to, now)] if issue.valid_to else []
    if issue.days_after_claim:
        ends.append(
            ngettext("领后 %(n)s 天", "领后 %(n)s 天", issue.days_after_claim) % {"n": issue.days_after_claim}
        )
    offer = _link(reverse("offer", args=[issue.offer_id]), issue.offer.name)
    return ui.Facts(
        [
            (_("优惠"), offer),
            (_("最多"), ngettext("%(n)s 张", "%(n)s 张", issue.total_limit) % {"n": figures.exact(issue.total_limit)}),
            (_("每人限领"), issue.per_person_limit or gettext("不限")),
            (_("预算"), _budget_text(counts)),
            (_("从"), figures.when(issue.valid_from, now)),
            (_("到"), gettext("%(first)s 或 %(second)s，先到的算") % dict(zip(("first", "second"), ends, strict=True))
             if len(ends) == 2 else ends[0]),
            (_("接口里的批号"), str(issue.pk)),
        ]
    )  # fmt: skip


def _link(url: str, text: str) -> SafeString:
    return format_html('<a class="link" href="{}">{}</a>', url, text)


def _budget_text(counts: issues.Counts) -> str:
    """What reservations and uses take of the budget."""
    if counts.budget_cents is None:
        return gettext("不限，用了 %(taken)s") % {"taken": figures.yuan(counts.taken_cents)}
    return gettext("%(taken)s / %(budget)s") % {
        "taken": figures.yuan(counts.taken_cents),
        "budget": figures.yuan(counts.budget_cents),
    }


def _budget(counts: issues.Counts) -> ui.Meter | None:
    if counts.budget_cents is None:
        return None
    share = 100 * counts.taken_cents / counts.budget_cents
    label = gettext("预算用了多少，含占用中")
    return ui.Meter(share, figures.percent(share / 100, 0), label, "w" if share >= 90 else "")


def _batches(issue: CouponIssue, now: datetime, may: bool) -> ui.Table:
    rows = CouponBatch.objects.filter(issue=issue).select_related("created_by").order_by("-pk")
    made = dict(
        Coupon.objects.filter(issue=issue, batch__isnull=False).values_list("batch").annotate(n=Count("pk"))
    )
    return ui.Table(
        [
            ui.Column("at", _("时间"), "nowrap"),
            ui.Column("codes", _("码"), "num"),
            ui.Column("by", _("谁"), "nowrap", card="hide"),
            ui.Column("state", _("状态"), "nowrap", card="end"),
            ui.Column("act", "", "min", card="wide"),
        ],
        [
            ui.Row(
                [
                    figures.when(row.created_at, now),
                    figures.exact(made.get(row.pk, 0)),
                    (row.created_by.get_full_name() or row.created_by.username) if row.created_by else "",
                    ui.Status(gettext("做好了"), "ok")
                    if row.done_at
                    else ui.Status(gettext("要做 %(n)s") % {"n": figures.exact(row.wanted)}, "run"),
                    _batch_act(row) if may else "",
                ]
            )
            for row in rows
        ],
        caption=_("做过的码"),
        empty=ui.Empty(_("还没有做过码"), _("印在卡片上或发给人的码在这里做；自己的系统领券不用先做")),
    )


def _batch_act(row: CouponBatch) -> ui.Action:
    if row.done_at is None:
        again = reverse("coupon_issue_codes", args=[row.issue_id])
        return ui.Action(_("接着做"), again, method="post", small=True, hidden=[("batch", str(row.pk))])
    return ui.Action(
        _("下载"), reverse("coupon_issue_file", args=[row.issue_id, row.pk]), method="post", small=True
    )


def _chart(issue: CouponIssue) -> ui.ChartCard | None:
    """Redemptions by day; None before the first one."""
    kinds = (states.REDEEMED, states.ROLLED_BACK)
    events = CouponEvent.objects.filter(issue=issue, kind__in=kinds)
    ends = events.filter(kind=states.REDEEMED).aggregate(first=Min("at"), last=Max("at"))
    if ends["first"] is None:
        return None
    last: date = ends["last"].date()
    first = max(ends["first"].date(), last - timedelta(days=MOST_DAYS_SHOWN - 1))
    found: Counter[tuple[date, str]] = Counter()
    for row in events.filter(at__gte=datetime(first.year, first.month, first.day)).annotate(
        day=TruncDate("at")
    ).values("day", "kind").annotate(n=Count("pk")):  # fmt: skip
        found[row["day"], row["kind"]] = row["n"]
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    names = [f"{day:%m-%d}" for day in days]
    used, back = ([found[day, kind] for day in days] for kind in kinds)
    option = bars.time_bars(names, [Series(_("核销"), used)], axis="exact")
    table = ui.Table(
        [
            ui.Column("day", _("日期")),
            ui.Column("used", _("核销"), "num"),
            ui.Column("back", _("撤回"), "num"),
        ],
        [
            ui.Row([day.isoformat(), figures.exact(one), figures.exact(other)])
            for day, one, other in zip(days, used, back, strict=True)
        ],
        caption=_("每天核销"),
    )
    total = sum(used)
    said = ngettext("%(days)s 天里核销 %(n)s 张", "%(days)s 天里核销 %(n)s 张", total) % {
        "days": len(days),
        "n": figures.exact(total),
    }
    return ui.ChartCard("redeemed", _("每天核销"), option, table, said, sub=_("张"), size="sm")


def _looked_up(request: HttpRequest, coupon: Coupon, now: datetime) -> LookedUp:
    state = moves.state_at(coupon, now)
    whose: Any = gettext("没人领")
    if coupon.customer_id is not None:
        person = person_of(coupon.shop, coupon.customer_id) or coupon.customer_id
        whose = _link(reverse("customer", args=[person]), str(person))
    facts: list[tuple[Words, Any]] = [
        (_("批次"), coupon.issue.name),
        (_("谁的"), whose),
        (_("有效到"), figures.when(coupon.valid_to, now) if coupon.valid_to else gettext("领了再算")),
    ]
    if state in states.TAKEN:
        facts.append((_("订单"), coupon.order_id))
        facts.append((_("减"), figures.yuan(coupon.cents)))
    events = list(CouponEvent.objects.filter(coupon=coupon).order_by("-pk")[:50])
    tokens = token_names(one.by for one in events)
    table = ui.Table(
        [
            ui.Column("at", _("时间"), "nowrap"),
            ui.Column("what", _("做了什么"), "nowrap"),
            ui.Column("order", pgettext_lazy("one of a list", "订单"), "nowrap"),
            ui.Column("cents", _("减"), "num"),
            ui.Column("by", _("谁"), "nowrap", card="hide"),
        ],
        [
            ui.Row(
                [
                    figures.when(one.at, now), EVENT_WORDS[one.kind], one.order_id or "—",
                    figures.yuan(one.cents) if one.cents else "—", by_told(one.by, tokens),
                ]
            )
            for one in events
        ],
        caption=_("这张券的经过"),
    )  # fmt: skip
    status = ui.Status(STATE_WORDS[state], STATE_TONES.get(state, ""))  # type: ignore[arg-type]
    may_block = may_market(request) and states.may_move(state, states.BLOCKED)
    return LookedUp(shown_code(coupon.code), status, ui.Facts(facts), table, may_block)


BY_TOKEN = "api:"


def token_names(told: Iterable[str]) -> dict[str, str]:
    """What the tokens among those who did something are called, by their prefix."""
    prefixes = {by.removeprefix(BY_TOKEN) for by in told if by.startswith(BY_TOKEN)}
    if not prefixes:
        return {}
    return dict(ApiToken.objects.filter(prefix__in=sorted(prefixes)).values_list("prefix", "name"))


def by_told(by: str, tokens: Mapping[str, str]) -> str:
    """Who an event is by, in words: a token of the shop's system, the clock, an erasure, a colleague."""
    if by.startswith(BY_TOKEN):
        prefix = by.removeprefix(BY_TOKEN)
        return gettext("接口 %(token)s") % {"token": tokens.get(prefix, prefix)}
    return {moves.CLOCK: gettext("到时自动"), "erasure": gettext("删除资料"), "": gettext("做码")}.get(by, by)

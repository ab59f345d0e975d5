"""Lotteries and scratch cards: the list, a draft, and one: odds and stock, every draw, whether it was fair."""

from __future__ import annotations

import json
from dataclasses import dataclass

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext, ngettext
from django.views.decorators.http import require_GET, require_POST

from laoke.promotions.rewards import fair_draws, lotteries, lottery_draws
from laoke.promotions.rewards.lottery_models import Lottery, LotteryDraw
from laoke.promotions.rewards.refusals import RewardRefused
from laoke.shops.models import Role, Shop
from laoke.web import components as ui
from laoke.web import figures, lists, sheets
from laoke.web.access import MARKETING, allowed, clock_of, may_market, shop_of
from laoke.web.nav import SELLING
from laoke.web.pages.rewards import lottery_words as words
from laoke.web.pages.rewards.lottery_forms import LotteryForm, PrizeRows, initial_of, initial_rows, rules_of

_FIELDS = {
    "name_missing": "name", "organiser_missing": "organiser", "conditions_missing": "conditions",
    "lottery_times": "ends_at", "lottery_person_wrong": "per_person_limit", "lottery_day_wrong": "per_day_limit",
    "lottery_cards": "cards",
}  # fmt: skip


@dataclass(frozen=True)
class LotteryList:
    """All of the shop."""

    filters: ui.Filters
    table: ui.Table
    may_make: bool


@dataclass(frozen=True)
class LotteryEditor:
    """A draft: the rules and its prizes."""

    lottery: Lottery | None
    form: LotteryForm
    rows: object


@dataclass(frozen=True)
class LotteryPage:
    """One lottery. `verdict` is there once somebody had it checked."""

    lottery: Lottery
    status: ui.Status
    figures: ui.Kpis
    facts: ui.Facts
    prizes: ui.Table
    proof: ui.Facts | None
    verdict: ui.Notice | None
    draws: ui.Table
    filters: ui.Filters
    is_draft: bool
    may_change: bool
    may_end: bool
    needs_reason: bool
    publish: ui.Dialog


@require_GET
@allowed(*SELLING)
def lottery_list(request: HttpRequest) -> HttpResponse:
    now = clock_of(request).now()
    rows = Lottery.objects.filter(shop=shop_of(request))
    if wanted := lists.searched(request):
        rows = rows.filter(name__icontains=wanted)
    listing = lists.Listing(
        gettext("抽奖"), rows, ("-pk",), words.list_columns(), lambda found: words.list_rows(found, now)
    )
    if sheets.wanted(request):
        return listing.sheet(request)
    count = rows.count()
    table = listing.table(
        listing.found(request), request, order=gettext("新的在前"),
        empty=ui.Empty(gettext("还没有抽奖"), gettext("写好奖品、概率和数量，公布以后谁都改不了，结束后谁都能核对")),
        count=gettext("共 %(n)s 个") % {"n": figures.exact(count)},
    )  # fmt: skip
    may_make = may_market(request)
    page = LotteryList(lists.filters(request, gettext("名称"), count=count), table, may_make)
    return render(request, "rewards/lotteries.html", {"page": page})


@allowed(*MARKETING)
def lottery_new(request: HttpRequest) -> HttpResponse:
    return _edited(request, None)


@allowed(*MARKETING)
def lottery_edit(request: HttpRequest, pk: int) -> HttpResponse:
    lottery = _find(shop_of(request), pk)
    if lottery.published_at is not None:
        messages.error(request, RewardRefused("lottery_published").message)
        return redirect("lottery", lottery.pk)
    return _edited(request, lottery)


def _edited(request: HttpRequest, lottery: Lottery | None) -> HttpResponse:
    shop, now = shop_of(request), clock_of(request).now()
    initial = initial_of(lottery) if lottery else {"organiser": shop.name, "starts_at": now}
    form = LotteryForm(request.POST or None, initial=initial)
    rows = PrizeRows(
        request.POST or None, initial=initial_rows(lottery), prefix="prizes",
        # A row that is as it was before is no empty one.
        form_kwargs={"shop": shop, "empty_permitted": False},
    )  # fmt: skip
    if request.method == "POST" and form.is_valid() and rows.is_valid():
        try:
            saved = lotteries.save_draft(
                shop, rules_of(form, rows), by=request.user, now=now, lottery=lottery  # type: ignore[arg-type]
            )  # fmt: skip
        except RewardRefused as refused:
            form.add_error(_FIELDS.get(refused.code), refused.message)
        else:
            messages.success(request, gettext("草稿存好了，看过再公布"))
            return redirect("lottery", saved.pk)
    wrong = bool(form.errors) or any(rows.errors)
    page = LotteryEditor(lottery, form, rows)
    return render(request, "rewards/lottery_edit.html", {"page": page}, status=422 if wrong else 200)


@require_GET
@allowed(*SELLING)
def lottery_home(request: HttpRequest, pk: int) -> HttpResponse:
    lottery = _find(shop_of(request), pk)
    listing = _draws(request, lottery)
    if sheets.wanted(request):
        return listing.sheet(request)
    return _shown(request, lottery, listing)


@require_POST
@allowed(*MARKETING)
def lottery_publish(request: HttpRequest, pk: int) -> HttpResponse:
    """Draw the seed and write down its hash: from here on nothing changes."""
    lottery = _find(shop_of(request), pk)
    try:
        lotteries.publish(lottery, by=request.user, now=clock_of(request).now())  # type: ignore[arg-type]
    except RewardRefused as refused:
        messages.error(request, refused.message)
    else:
        messages.success(request, gettext("公布了：把规则和摘要放到活动页上"))
    return redirect("lottery", lottery.pk)


@require_POST
@allowed(*MARKETING)
def lottery_end(request: HttpRequest, pk: int) -> HttpResponse:
    """Publish the seed; before its time only the owner, with a reason."""
    lottery, now = _find(shop_of(request), pk), clock_of(request).now()
    why = request.POST.get("why", "").strip()
    if not lotteries.is_through(lottery, now) and request.role != Role.OWNER:  # type: ignore[attr-defined]
        raise PermissionDenied
    try:
        lotteries.end(lottery, why=why, by=request.user, now=now)  # type: ignore[arg-type]
    except RewardRefused as refused:
        messages.error(request, refused.message)
    else:
        messages.success(request, gettext("结束了，种子公开了，谁都能核对"))
    return redirect("lottery", lottery.pk)


@require_POST
@allowed(*MARKETING)
def lottery_settle(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """Goods were handed over, or what could not be given is tried again."""
    draw = get_object_or_404(LotteryDraw, lottery=_find(shop_of(request), pk), number=number)
    note = request.POST.get("note", "")[:200]
    try:
        settled = lottery_draws.settle(
            draw, note=note, actor=request.user, now=clock_of(request).now()  # type: ignore[arg-type]
        )  # fmt: skip
    except RewardRefused as refused:
        messages.error(request, refused.message)
    else:
        if settled.state == lottery_draws.GIVEN:
            messages.success(request, gettext("兑好了"))
        else:
            messages.error(request, settled.reason)
    return redirect("lottery", pk)


@require_POST
@allowed(*SELLING)
def lottery_check(request: HttpRequest, pk: int) -> HttpResponse:
    """Compute every draw anew from the published seed."""
    lottery = _find(shop_of(request), pk)
    if not lottery.seed:
        messages.error(request, gettext("种子在抽奖结束时公开，那时才能核对"))
        return redirect("lottery", lottery.pk)
    verdict = words.verdict_notice(fair_draws.verify(lotteries.published(lottery)))
    return _shown(request, lottery, _draws(request, lottery), verdict)


@require_GET
@allowed(*SELLING)
def lottery_proof(request: HttpRequest, pk: int) -> HttpResponse:
    """All that is needed to check the draws, for anybody: no customer stands in it."""
    lottery = _find(shop_of(request), pk)
    body = json.dumps(lotteries.published(lottery), ensure_ascii=False, indent=1)
    answer = HttpResponse(body, content_type="application/json; charset=utf-8")
    name = gettext("抽奖-%(name)s") % {"name": lottery.name}
    answer["Content-Disposition"] = content_disposition_header(True, f"{name}.json") or "attachment"
    return answer


def _find(shop: Shop, pk: int) -> Lottery:
    return get_object_or_404(Lottery.objects.select_related("shop"), shop=shop, pk=pk)


def _draws(request: HttpRequest, lottery: Lottery) -> lists.Listing[LotteryDraw]:
    now, may = clock_of(request).now(), may_market(request)
    rows = LotteryDraw.objects.filter(lottery=lottery).select_related("prize", "coupon")
    if wanted := lists.searched(request):
        rows = rows.filter(prize__title__icontains=wanted)
    if request.GET.get("only") == "due":
        rows = rows.filter(state=lottery_draws.DUE)
    return lists.Listing(
        gettext("每一抽"),
        rows,
        ("-number",),
        words.draw_columns(),
        lambda found: words.draw_rows(found, now, may),
    )


def _shown(
    request: HttpRequest,
    lottery: Lottery,
    listing: lists.Listing[LotteryDraw],
    verdict: ui.Notice | None = None,
) -> HttpResponse:
    now, role = clock_of(request).now(), request.role  # type: ignore[attr-defined]
    count = listing.rows.count()
    draws = listing.table(
        listing.found(request), request, order=gettext("新的在前"),
        empty=ui.Empty(gettext("还没有人抽"), gettext("自己的系统替客户抽，每一抽都在这里")),
        count=ngettext("共 %(n)s 抽", "共 %(n)s 抽", count) % {"n": figures.exact(count)},
    )  # fmt: skip
    through = lotteries.is_through(lottery, now)
    open_now = lottery.published_at is not None and lottery.over_at is None
    page = LotteryPage(
        lottery,
        words.status_of(lottery, now),
        words.kpis(lottery),
        words.facts(lottery, now),
        words.prizes_table(lottery),
        words.proof(lottery, now),
        verdict,
        draws,
        _draw_filters(request, lottery, count),
        lottery.published_at is None,
        role in MARKETING,
        open_now and (role == Role.OWNER or (through and role in MARKETING)),
        open_now and not through,
        _publish_dialog(lottery),
    )
    return render(request, "rewards/lottery.html", {"page": page})


def _draw_filters(request: HttpRequest, lottery: Lottery, count: int) -> ui.Filters:
    due = LotteryDraw.objects.filter(lottery=lottery, state=lottery_draws.DUE).count()
    chosen = request.GET.get("only") == "due"
    url = lists.without_place(request, only=None if chosen else "due")
    label = gettext("看全部") if chosen else gettext("只看要兑的（%(n)s）") % {"n": figures.exact(due)}
    actions = [ui.Action(label, url, small=True)] if due or chosen else []
    return lists.filters(request, gettext("奖品"), count=count, keep=("only",), actions=actions)


def _publish_dialog(lottery: Lottery) -> ui.Dialog:
    return ui.Dialog(
        "publish",
        gettext("公布这个抽奖？"),
        gettext("公布"),
        reverse("lottery_publish", args=[lottery.pk]),
        will=ui.Facts(
            [
                (gettext("种子"), gettext("现在抽定，封在钥匙里，结束时公开")),
                (gettext("规则、概率、数量"), gettext("写进摘要，从此不能改")),
                *([(gettext("谁能抽"), only)] if (only := words.drawers(lottery)) else []),
                (gettext("能反悔吗"), gettext("不能，提前结束只有店主能，要写原因")),
            ]
        ),
    )

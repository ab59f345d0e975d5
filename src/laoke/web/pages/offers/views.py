"""Offers: list, editor with a live example, archive, and the number under which the platform runs them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext, override, pgettext
from django.views.decorators.http import require_POST

from laoke.campaigns.models import CampaignOffer
from laoke.promotions import engine, offers
from laoke.promotions.describing import audience_text, describe, scope_text, shop_page_text
from laoke.promotions.models import Offer
from laoke.promotions.setup.links import SetupRefused
from laoke.shops.models import Shop
from laoke.web import components as ui
from laoke.web import figures, lists, sheets
from laoke.web.access import MARKETING, allowed, clock_of, may_market, shop_of
from laoke.web.nav import SELLING
from laoke.web.pages.offers.coupon_pages import issues_table
from laoke.web.pages.offers.forms import THRESHOLD, OfferForm
from laoke.web.pages.offers.goods import goods_of
from laoke.web.pages.offers.mechanics import FORMS, GROUPS, MECHANICS
from laoke.web.pages.offers.near_levels import near_levels
from laoke.web.pages.offers.quoting import QuoteView, quote_view
from laoke.web.pages.offers.segments import choose_segment, segment_choices, segment_facts
from laoke.web.pages.offers.trying import BasketForm
from laoke.web.pages.setup.words import refusal_text as setup_refusal_text


@dataclass(frozen=True)
class OfferList:
    """The offers of the shop, newest first."""

    table: ui.Table
    filters: ui.Filters
    new: ui.Action | None


@dataclass(frozen=True)
class OfferEditor:
    """An offer being written: the form of its mechanic and the basket beside it."""

    form: OfferForm
    basket: BasketForm
    quote: QuoteView
    groups: ui.Tabs | None
    tabs: ui.Tabs | None
    title: str
    offer: Offer | None
    no_goods: bool


@dataclass(frozen=True)
class OfferHome:
    """One stored offer: its facts, where it is used, an example basket."""

    offer: Offer
    facts: ui.Facts
    basket: BasketForm
    quote: QuoteView
    status: ui.Status
    shop_text: list[tuple[str, str, list[str]]]
    may_edit: bool
    used_by: list[str]
    issues: ui.Table | None
    settled: bool


def status_of(row: Offer, now: datetime) -> ui.Status:
    """Where the offer's window lies from now."""
    if row.archived:
        return ui.Status(gettext("已收起"), "")
    if row.starts_at > now:
        return ui.Status(gettext("未开始"), "")
    if row.ends_at > now:
        return ui.Status(gettext("进行中"), "run")
    return ui.Status(gettext("已结束"), "ok")


def window_text(row: Offer, now: datetime) -> str:
    """`11-11 00:00 – 11-12 00:00`."""
    first, last = figures.table_day(row.starts_at, now), figures.table_day(row.ends_at, now)
    return f"{first} {row.starts_at:%H:%M} – {last} {row.ends_at:%H:%M}"


@allowed(*SELLING)
def offer_list(request: HttpRequest) -> HttpResponse:
    shop, now = shop_of(request), clock_of(request).now()
    wanted, archived = lists.searched(request), request.GET.get("archived") == "1"
    rows = Offer.objects.filter(shop=shop, archived=archived)
    if wanted:
        rows = rows.filter(name__icontains=wanted)
    count = rows.count()
    listing = lists.Listing(
        gettext("优惠"),
        rows,
        ("-pk",),
        columns=[
            ui.Column("name", pgettext("one of a list", "优惠")),
            ui.Column("what", gettext("内容"), "nowrap"),
            ui.Column("scope", gettext("适用"), priority=2, card="hide"),
            ui.Column("window", gettext("时间"), "nowrap", priority=2),
            ui.Column("activity", gettext("平台活动号"), "nowrap", priority=3, card="hide"),
            ui.Column("state", gettext("状态"), "nowrap", card="end"),
        ],
        lines=lambda found: [_row(row, now) for row in found],
    )
    if sheets.wanted(request):
        return listing.sheet(request)
    table = listing.table(
        listing.found(request),
        request,
        empty=_empty(filtered=archived, may_edit=may_market(request)),
        order=gettext("新的在前"),
        count=gettext("共 %(n)s 个") % {"n": figures.exact(count)},
    )
    other = ui.Action(
        gettext("在用的") if archived else gettext("收起的"),
        lists.without_place(request, archived=None if archived else "1"),
        small=True,
    )
    filters = lists.filters(request, gettext("优惠名"), count=count, keep=("archived",), actions=[other])
    new = (
        ui.Action(gettext("新建优惠"), reverse("offer_new"), "primary", "plus")
        if may_market(request)
        else None
    )
    return render(request, "offers/list.html", {"page": OfferList(table, filters, new)})


def _empty(*, filtered: bool, may_edit: bool) -> ui.Empty:
    """Nothing was written yet, or nothing fits what was asked for."""
    if filtered:
        return ui.FilteredOut(
            gettext("没有符合的优惠"),
            gettext("换个名字，或看全部"),
            ui.Action(gettext("看全部"), reverse("offers")),
        )
    return ui.Empty(
        gettext("还没有优惠"),
        gettext("先写一个满减或店铺券，再用过去的订单试一遍"),
        ui.Action(gettext("新建优惠"), reverse("offer_new"), "primary") if may_edit else None,
    )


def _row(row: Offer, now: datetime) -> ui.Row:
    value = offers.offer_value(row)
    return ui.Row(
        [
            ui.Cell(row.name, extra=ui.Tag(MECHANICS[row.mechanic])),
            describe(value),
            scope_text(value),
            window_text(row, now),
            row.platform_activity_id,
            status_of(row, now),
        ],
        id=str(row.pk),
        name=row.name,
        url=reverse("offer", args=[row.pk]),
    )


def find_offer(shop: Shop, pk: int) -> Offer:
    return get_object_or_404(Offer, shop=shop, pk=pk)


@allowed(*SELLING)
def offer_home(request: HttpRequest, pk: int) -> HttpResponse:
    shop, now = shop_of(request), clock_of(request).now()
    row = find_offer(shop, pk)
    value, goods = offers.offer_value(row), goods_of(shop)
    # A link or a search sends the basket in the address; the page shows the same price again.
    basket = BasketForm(request.GET if "product_1" in request.GET else None, goods=goods)
    picked = basket.picked() if basket.is_bound and basket.is_valid() else []
    tried = [value, *offers.running_beside(row)] if basket.together else [value]
    quote = quote_view(goods.basket(picked, tried, basket.postage_cents), tried, row.starts_at)
    if request.htmx:  # type: ignore[attr-defined]
        return render(request, "offers/quote.html", {"quote": quote})
    facts = ui.Facts(
        [
            (gettext("内容"), describe(value)),
            (gettext("适用"), scope_text(value)),
            (gettext("给谁"), audience_text(value.audience)),
            *segment_facts(shop, value, now),
            (gettext("时间"), window_text(row, now)),
            (gettext("每人限用"), value.limits.per_person or gettext("不限")),
            (gettext("平台活动号"), row.platform_activity_id or gettext("还没有填")),
            *near_levels(value),
        ]
    )
    used = CampaignOffer.objects.filter(offer=row, campaign__shop=shop).values_list(
        "campaign__name", flat=True
    )
    page = OfferHome(
        row,
        facts,
        basket,
        quote,
        status_of(row, now),
        _shop_texts(value, goods.titles),
        may_market(request),
        list(used),
        issues_table(row, now),
        isinstance(value.mechanic, engine.SETTLED),
    )
    return render(request, "offers/detail.html", {"page": page})


def _shop_texts(value: engine.Offer, titles: Mapping[str, str]) -> list[tuple[str, str, list[str]]]:
    """What the shop page says, in both languages of the product: (language code, its name, sentences)."""
    said = []
    for code, name in (("zh-hans", "中文"), ("en", "English")):
        with override(code):
            said.append((code, name, shop_page_text(value, titles)))
    return said


@allowed(*MARKETING)
def offer_new(request: HttpRequest) -> HttpResponse:
    mechanic = request.GET.get("mechanic", THRESHOLD)
    if mechanic not in FORMS:
        raise Http404
    now = clock_of(request).now()
    start = (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    initial = {"starts_at": start, "ends_at": start + timedelta(days=1), "scope": "all"}
    shop = shop_of(request)
    form = FORMS[mechanic](
        request.POST or None, initial=initial, goods=goods_of(shop), segments=segment_choices(shop)
    )
    return _edit(request, form, None)


@allowed(*MARKETING)
def offer_edit(request: HttpRequest, pk: int) -> HttpResponse:
    shop = shop_of(request)
    row = find_offer(shop, pk)
    kind = FORMS[row.mechanic]
    form = kind(
        request.POST or None,
        initial=kind.initial_of(row.terms),
        goods=goods_of(shop),
        segments=segment_choices(shop),
    )
    return _edit(request, form, row)


def _edit(request: HttpRequest, form: OfferForm, row: Offer | None) -> HttpResponse:
    if request.method == "POST" and form.is_valid():
        shop, now, data = shop_of(request), clock_of(request).now(), form.offer_data()
        choose_segment(shop, data["audience"])
        try:
            if row is None:
                saved = offers.add_offer(shop, data, by=request.user, now=now)  # type: ignore[arg-type]
            else:
                saved = offers.edit_offer(row, data, by=request.user, now=now)  # type: ignore[arg-type]
        except offers.OfferRefused as refused:
            form.focus_on(refused.field, refused.message)
        else:
            messages.success(
                request, gettext("已存「%(name)s」，用过去的订单试一遍再上") % {"name": saved.name}
            )
            return redirect("offer", saved.pk)
    goods = form.goods
    groups, tabs = (None, None) if row is not None else _mechanic_tabs(form.mechanic)
    title = row.name if row else gettext("新建优惠")
    basket = BasketForm(goods=goods)
    page = OfferEditor(
        form, basket, quote_view(None, [], datetime.min), groups, tabs, title, row, not goods.products
    )
    return render(request, "offers/edit.html", {"page": page}, status=422 if form.errors else 200)


def _mechanic_tabs(current: str) -> tuple[ui.Tabs, ui.Tabs | None]:
    """The groups of mechanics, and those of the current group where it has several."""

    def address(mechanic: str) -> str:
        return f"{reverse('offer_new')}?mechanic={mechanic}"

    groups = [ui.Tab(label, address(group[0]), current in group) for label, group in GROUPS.items()]
    (group,) = [group for group in GROUPS.values() if current in group]
    own = [ui.Tab(MECHANICS[key], address(key), key == current) for key in group]
    return (
        ui.Tabs(groups, gettext("优惠的大类")),
        ui.Tabs(own, gettext("优惠方式")) if len(own) > 1 else None,
    )


@require_POST
@allowed(*MARKETING)
def offer_try(request: HttpRequest) -> HttpResponse:
    """The example under the offer as it is typed, before it is saved."""
    shop = shop_of(request)
    goods = goods_of(shop)
    kind = FORMS.get(request.POST.get("mechanic", ""))
    if kind is None:
        raise Http404
    form = kind(request.POST, goods=goods, segments=segment_choices(shop))
    basket = BasketForm(request.POST, goods=goods)
    picked = basket.picked() if basket.is_valid() else []
    if not form.is_valid():
        view = QuoteView(None, hint=gettext("把优惠写完整，这里就会算给你看"))
    else:
        try:
            value = offers.read_offer(form.offer_data())
        except offers.OfferRefused as refused:
            view = QuoteView(None, hint=refused.message)
        else:
            at = value.window.start or clock_of(request).now()
            view = quote_view(goods.basket(picked, [value], basket.postage_cents), [value], at)
    return render(request, "offers/quote.html", {"quote": view})


@require_POST
@allowed(*MARKETING)
def offer_archive(request: HttpRequest, pk: int) -> HttpResponse:
    row, now = find_offer(shop_of(request), pk), clock_of(request).now()
    archived = request.POST.get("archived", "1") == "1"
    try:
        offers.archive_offer(row, by=request.user, now=now, archived=archived)  # type: ignore[arg-type]
    except offers.OfferRefused as refused:
        messages.error(request, refused.message)
        return redirect("offer", row.pk)
    messages.success(request, gettext("已收起") if archived else gettext("已放回列表"))
    return redirect("offers")


@require_POST
@allowed(*MARKETING)
def offer_activity(request: HttpRequest, pk: int) -> HttpResponse:
    row, now = find_offer(shop_of(request), pk), clock_of(request).now()
    try:
        offers.set_activity_id(row, request.POST.get("platform_activity_id", ""), by=request.user, now=now)  # type: ignore[arg-type]
    except SetupRefused as refused:
        messages.error(request, setup_refusal_text(refused))
    else:
        messages.success(request, gettext("已记下平台活动号"))
    return redirect("offer", row.pk)

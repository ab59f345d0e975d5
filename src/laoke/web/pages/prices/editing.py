"""Changing price sheets: a new one, its terms, one item, an older version taken back, put away."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_POST

from laoke.campaigns import price_sheets
from laoke.campaigns.models import Campaign, CampaignState, PriceSheet
from laoke.campaigns.price_sheets import PriceRefused, items_of, newest, terms_of
from laoke.promotions.ladder import Item, Terms
from laoke.web import components as ui
from laoke.web.access import MARKETING, allowed, clock_of, shop_of
from laoke.web.numbers import row_number
from laoke.web.pages.prices.forms import ItemForm, NewSheetForm, SheetForm
from laoke.web.pages.prices.list_history import list_history
from laoke.web.pages.prices.reading import find_sheet
from laoke.web.pages.prices.words import refusal_text


@dataclass(frozen=True)
class SheetEditor:
    """A sheet being made or changed."""

    form: SheetForm
    title: str
    sheet: PriceSheet | None


@dataclass(frozen=True)
class ItemEditor:
    """An item being added or changed; `at` is its place on the sheet, None for a new one."""

    form: ItemForm
    title: str
    sheet: PriceSheet
    at: int | None
    base: int
    history: ui.ChartCard | ui.Empty | None


@allowed(*MARKETING)
def price_new(request: HttpRequest) -> HttpResponse:
    shop, now = shop_of(request), clock_of(request).now()
    open_to = Campaign.objects.filter(shop=shop, ends_at__gt=now, price_sheet__isnull=True)
    campaigns = list(open_to.exclude(state=CampaignState.CANCELLED).order_by("day", "pk"))
    asked = row_number(request.GET.get("campaign", "")) or 0
    chosen = next((one for one in campaigns if one.pk == asked), None)
    day = chosen.day if chosen else now.date() + timedelta(days=7)
    initial: dict[str, Any] = {
        **asdict(Terms()), "best": 30, "campaign": str(chosen.pk) if chosen else "",
        "name": chosen.name if chosen else "", "starts_at": _midnight(day),
    }  # fmt: skip
    form = NewSheetForm(
        request.POST or None, initial=initial, campaigns=[(str(one.pk), one.name) for one in campaigns]
    )
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            made = price_sheets.make_sheet(
                shop,
                data["name"],
                data["starts_at"],
                terms=form.terms(),
                campaign=next((one for one in campaigns if str(one.pk) == data["campaign"]), None),
                best=data["best"],
                by=request.user,  # type: ignore[arg-type]
                now=now,
            )
        except PriceRefused as refused:
            form.add_error(_field_of(refused), refusal_text(refused))
        else:
            messages.success(request, gettext("建好了。成本没写的补上，角色是照价格排的，改成你要的"))
            return redirect("price_sheet", made.pk)
    return _edited(request, SheetEditor(form, gettext("新建价格表"), None))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time())


@allowed(*MARKETING)
def price_edit(request: HttpRequest, pk: int) -> HttpResponse:
    sheet, now = find_sheet(request, pk), clock_of(request).now()
    last = newest(sheet)
    initial = {**last.terms, "name": sheet.name, "starts_at": sheet.starts_at}
    form = SheetForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        data, user = form.cleaned_data, request.user
        try:
            if form.terms() != terms_of(last):
                price_sheets.save_version(
                    sheet, items_of(last), form.terms(), base=last.number, by=user, now=now  # type: ignore[arg-type]
                )  # fmt: skip
            price_sheets.move_sheet(sheet, data["name"], data["starts_at"], by=user, now=now)  # type: ignore[arg-type]
        except PriceRefused as refused:
            form.add_error(_field_of(refused), refusal_text(refused))
        else:
            messages.success(request, gettext("已保存"))
            return redirect("price_sheet", sheet.pk)
    return _edited(request, SheetEditor(form, sheet.name, sheet))


def _field_of(refused: PriceRefused) -> str | None:
    return {"name_taken": "name", "no_room": "margin_bp", "campaign_taken": "campaign"}.get(refused.code)


def _edited(request: HttpRequest, page: SheetEditor) -> HttpResponse:
    return render(request, "prices/edit.html", {"page": page}, status=422 if page.form.errors else 200)


@allowed(*MARKETING)
def price_item_new(request: HttpRequest, pk: int) -> HttpResponse:
    return _item(request, find_sheet(request, pk), None)


@allowed(*MARKETING)
def price_item(request: HttpRequest, pk: int, at: int) -> HttpResponse:
    return _item(request, find_sheet(request, pk), at)


def _item(request: HttpRequest, sheet: PriceSheet, at: int | None) -> HttpResponse:
    last, now = newest(sheet), clock_of(request).now()
    items = items_of(last)
    old = _at(items, at)
    initial: dict[str, Any] = {**(asdict(old) if old else {}), "base": last.number}
    form = ItemForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        changed = price_sheets.put_item(items, old.key if old else None, form.item())
        if _saved(request, sheet, changed, form, now):
            return redirect("price_sheet", sheet.pk)
    title = (old.title or old.product_id) if old else gettext("加一件")
    history = list_history(sheet.shop, old, now) if old is not None and old.product_id else None
    page = ItemEditor(form, title, sheet, at, last.number, history)
    return render(request, "prices/item.html", {"page": page}, status=422 if form.errors else 200)


def _at(items: list[Item], at: int | None) -> Item | None:
    if at is None:
        return None
    if at >= len(items):
        raise Http404
    return items[at]


def _saved(
    request: HttpRequest, sheet: PriceSheet, items: list[Item], form: forms.Form, now: datetime
) -> bool:
    last = newest(sheet)
    try:
        price_sheets.save_version(
            sheet, items, terms_of(last), base=form.cleaned_data["base"], by=request.user, now=now  # type: ignore[arg-type]
        )  # fmt: skip
    except PriceRefused as refused:
        form.add_error("margin_bp" if refused.code == "no_room" else None, refusal_text(refused))
        return False
    messages.success(request, gettext("已保存"))
    return True


@require_POST
@allowed(*MARKETING)
def price_item_remove(request: HttpRequest, pk: int, at: int) -> HttpResponse:
    sheet, now = find_sheet(request, pk), clock_of(request).now()
    last = newest(sheet)
    items = items_of(last)
    gone = _at(items, at)
    assert gone is not None
    left = [one for one in items if one.key != gone.key]
    try:
        base = row_number(request.POST.get("base", "")) or 0
        price_sheets.save_version(sheet, left, terms_of(last), base=base, by=request.user, now=now)  # type: ignore[arg-type]
    except PriceRefused as refused:
        messages.error(request, refusal_text(refused))
    else:
        messages.success(request, gettext("拿掉了「%(name)s」，旧的一版还在") % {"name": gone.title})
    return redirect("price_sheet", sheet.pk)


@require_POST
@allowed(*MARKETING)
def price_restore(request: HttpRequest, pk: int) -> HttpResponse:
    sheet, now = find_sheet(request, pk), clock_of(request).now()
    number = row_number(request.POST.get("number", "")) or 0
    try:
        price_sheets.restore(sheet, number, base=newest(sheet).number, by=request.user, now=now)  # type: ignore[arg-type]
    except PriceRefused as refused:
        messages.error(request, refusal_text(refused))
    else:
        messages.success(request, gettext("用回了第 %(n)s 版") % {"n": number})
    return redirect("price_sheet", sheet.pk)


@require_POST
@allowed(*MARKETING)
def price_archive(request: HttpRequest, pk: int) -> HttpResponse:
    sheet, now = find_sheet(request, pk), clock_of(request).now()
    archived = request.POST.get("archived", "1") == "1"
    price_sheets.archive_sheet(sheet, archived=archived, by=request.user, now=now)  # type: ignore[arg-type]
    messages.success(request, gettext("已收起") if archived else gettext("已放回列表"))
    return redirect("prices")

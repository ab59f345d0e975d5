"""Settling what was paid for an offer: a file is taken in, shown with what it says, and settled as of a moment.

Nothing is stored but the sealed file itself, which goes when somebody says so, else after a week. What the last few
files said stays in memory, so that paging through 20,000 orders does not read the file each time.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from laoke.campaigns.settlement_files import MOST_ROWS, Payments, columns_of, read_payments
from laoke.campaigns.settlements import SettledPayments, file_refusal_text, settle_payments
from laoke.promotions import engine
from laoke.promotions.models import Offer
from laoke.promotions.offers import offer_value
from laoke.shops import audit
from laoke.shops.models import Shop, Upload
from laoke.shops.open_files import let_go
from laoke.shops.sheets import write_xlsx
from laoke.shops.uploads import forget, opened
from laoke.web import components as ui
from laoke.web import figures, lists, sheets
from laoke.web.access import MARKETING, allowed, clock_of, may_market, shop_of
from laoke.web.components.base import Words
from laoke.web.nav import SELLING
from laoke.web.pages.offers.fields import MomentField
from laoke.web.pages.offers.settlement_tables import (
    DUE,
    chosen_orders,
    columns_table,
    facts_of,
    kpis_of,
    named_states,
    order_page,
    orders_table,
    orders_text,
    refused_table,
    states_table,
    template_table,
)
from laoke.web.small_files import Unreadable, readable, taken_in

MOST_KEPT = 4
_lock = threading.Lock()
_kept: OrderedDict[tuple[int, str], tuple[engine.Offer, Payments]] = OrderedDict()

RULES: dict[type, Words] = {
    engine.DepositExpansion: _(
        "定金和尾款都按时付了就完成；优惠结束还没付尾款的，定金不退；没结束的先等着。付定金截止以后才付的不算定金。"
    ),
    engine.GroupBuy: _(
        "按付款时间一单一单看：跟的团还没满、没过时间、团里没有同一个买家，就进那个团，不然自己开团。满员就成团，过了时间没满全退。"
    ),
    engine.MoreCheaper: _(
        "每单先按付款那一刻的价算；优惠结束时按最后的价，多付的退差价。买家只数一次，退了整单的不数。"
    ),
}


class AtForm(forms.Form):
    """The moment as of which one settles: no later than now."""

    at = MomentField(label=_("结算到什么时候"), help_text=_("结束以后才是最后的结果；之前的先算一遍看看"))

    def __init__(self, *args: Any, now: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._now = now

    def clean_at(self) -> datetime:
        at: datetime = self.cleaned_data["at"]
        if at > self._now:
            raise ValidationError(gettext("不能晚于现在"))
        return at


@dataclass(frozen=True)
class SettlementHome:
    """Where a file is brought: what is settled how, and what a file holds."""

    offer: Offer
    rule: str
    template: ui.Table
    may: bool
    most: str


@dataclass(frozen=True)
class SettlementPreview:
    """What a file says before it is settled."""

    offer: Offer
    upload: Upload
    facts: ui.Facts
    columns: ui.Table | None
    refused: ui.Table | None
    form: AtForm
    nothing: bool


@dataclass(frozen=True)
class SettledPage:
    """The settlement: sums on top, the orders, and the rows that do not count."""

    offer: Offer
    upload: Upload
    facts: list[str]
    notices: list[ui.Notice]
    kpis: ui.Kpis
    states: ui.Table
    tabs: ui.Tabs
    filters: ui.Filters
    table: ui.Table
    refused: ui.Table | None
    preview_url: str


def is_settled(row: Offer) -> bool:
    """Whether an offer is one of which something is settled after the purchase."""
    return isinstance(offer_value(row).mechanic, engine.SETTLED)


def settling_offers(rows: Iterable[Offer]) -> ui.TodoList | None:
    """Links to the settlement of those offers that have one; None where none has."""
    items = [
        ui.Todo(row.name, icon="table", url=reverse("offer_settlement", args=[row.pk]))
        for row in rows
        if is_settled(row)
    ]
    return ui.TodoList(items) if items else None


def _find(shop: Shop, pk: int) -> Offer:
    """An offer of the shop that is settled, else 404."""
    row = get_object_or_404(Offer, shop=shop, pk=pk)
    if not is_settled(row):
        raise Http404
    return row


@allowed(*SELLING)
def offer_settlement(request: HttpRequest, pk: int) -> HttpResponse:
    row = _find(shop_of(request), pk)
    value = offer_value(row)
    page = SettlementHome(
        row,
        str(RULES[type(value.mechanic)]),
        template_table(value),
        may_market(request),
        figures.exact(MOST_ROWS),
    )
    return render(request, "offers/settlement.html", {"page": page})


@allowed(*SELLING)
def offer_settlement_template(request: HttpRequest, pk: int) -> HttpResponse:
    """An empty workbook with the columns that a file has."""
    row, now = _find(shop_of(request), pk), clock_of(request).now()
    path = settings.PLACE.exports / f"settlement-{row.pk}-{request.user.pk}-{now:%Y%m%d-%H%M%S-%f}.xlsx"
    heads = [str(column.head) for column in columns_of(offer_value(row))]
    write_xlsx(path, heads, [], sheet=gettext("结算"))
    answer = HttpResponse(path.read_bytes(), content_type=sheets.XLSX)
    let_go(path)
    name = gettext("%(name)s 结算模板.xlsx") % {"name": row.name}
    answer["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    return answer


@require_POST
@allowed(*MARKETING)
def offer_settlement_file(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a file in and show what it says."""
    shop, now = shop_of(request), clock_of(request).now()
    row = _find(shop, pk)
    value, read = offer_value(row), list[Payments]()
    missing = gettext("选一个文件：Excel 或 CSV，一行一单")
    upload = taken_in(request, missing, lambda brought: read.append(_read(brought, value)))
    if upload is None:
        return redirect("offer_settlement", row.pk)
    audit.record(
        "offer.settlement", shop=shop, actor=request.user, at=now,  # type: ignore[arg-type]
        subject=str(row.pk), count=read[0].rows, sha256=upload.sha256,
    )  # fmt: skip
    return redirect("offer_settled", row.pk, upload.pk)


@allowed(*MARKETING)
def offer_settled(request: HttpRequest, pk: int, upload: int) -> HttpResponse:
    """What the file says, and once a moment is named its settlement. Only who brought the file goes on with it."""
    shop, now = shop_of(request), clock_of(request).now()
    row = _find(shop, pk)
    brought = get_object_or_404(Upload, shop=shop, pk=upload, created_by=request.user)
    if request.method == "POST":
        with _lock:
            _kept.pop((brought.pk, brought.sha256), None)
        forget(brought)
        messages.success(request, gettext("文件已删掉"))
        return redirect("offer_settlement", row.pk)
    try:
        payments = _read(brought, offer_value(row))
    except Unreadable as why:
        messages.error(request, str(why))
        return redirect("offer_settlement", row.pk)
    given = request.GET if "at" in request.GET else None
    form = AtForm(given, now=now, initial={"at": min(payments.at or now, now)})
    if form.is_bound and form.is_valid():
        return _settled(request, row, brought, payments, form.cleaned_data["at"])
    page = _preview(row, brought, payments, form, now)
    status = 422 if form.is_bound else 200
    return render(request, "offers/settlement_preview.html", {"page": page}, status=status)


def _read(upload: Upload, offer: engine.Offer) -> Payments:
    """What the file says of the offer as it is now: an upload never changes, the offer's columns may."""
    key = (upload.pk, upload.sha256)
    with _lock:
        known = _kept.get(key)
        if known is not None and known[0] == offer:
            _kept.move_to_end(key)
            return known[1]
    with readable(file_refusal_text), opened(upload) as path:
        found = read_payments(path, offer)
    with _lock:
        _kept[key] = (offer, found)
        while len(_kept) > MOST_KEPT:
            _kept.popitem(last=False)
    return found


def _preview(
    row: Offer, upload: Upload, payments: Payments, form: AtForm, now: datetime
) -> SettlementPreview:
    # As of now: an earlier moment refuses more rows, and its result says which.
    settled = settle_payments(offer_value(row), payments, now)
    facts = ui.Facts(
        [
            (gettext("文件"), upload.name),
            (gettext("写了东西的"), figures.rows_text(payments.rows)),
            (gettext("能算的"), orders_text(len(settled.orders))),
            (gettext("没有算的"), figures.rows_text(len(settled.refused))),
        ]
    )
    return SettlementPreview(
        row, upload, facts, columns_table(payments), refused_table(settled.refused), form, not settled.orders
    )


def _settled(
    request: HttpRequest, row: Offer, upload: Upload, payments: Payments, at: datetime
) -> HttpResponse:
    value, now = offer_value(row), clock_of(request).now()
    settled = settle_payments(value, payments, at)
    view = request.GET.get("view", "all")
    view = view if view in ("all", DUE, *named_states(settled)) else "all"
    orders = chosen_orders(settled, view, lists.searched(request))
    name = gettext("%(name)s 结算") % {"name": row.name}
    if sheets.wanted(request):
        refused = refused_table(settled.refused, None)
        pages = [
            (gettext("合计"), states_table(settled)),
            (gettext("每一单"), orders_table(settled, value, orders, now)),
            *([(gettext("没有算的行"), refused)] if refused is not None else []),
        ]
        return sheets.book(request, pages, name)
    found = order_page(request, orders)
    count = ngettext("共 %(n)s 单", "共 %(n)s 单", len(orders)) % {"n": figures.exact(len(orders))}
    pager = ui.Pager(found.previous_url, found.next_url, gettext("先付的在前"), count)
    everything = ui.Action(gettext("看全部"), lists.without_place(request, q=None, view=None))
    empty = ui.FilteredOut(gettext("没有符合的单"), gettext("换个订单号，或看全部"), everything)
    page = SettledPage(
        row,
        upload,
        [gettext("结算到 %(at)s") % {"at": figures.when(at, now)}, *facts_of(settled, value)],
        _notices(settled),
        kpis_of(settled, value),
        states_table(settled),
        _tabs(request, settled, view),
        lists.filters(request, gettext("订单号"), count=len(orders), keep=("at", "view")),
        orders_table(settled, value, found.rows, now, pager, empty),
        refused_table(settled.refused),
        reverse("offer_settled", args=[row.pk, upload.pk]),
    )
    return render(request, "offers/settled.html", {"page": page})


def _tabs(request: HttpRequest, settled: SettledPayments, view: str) -> ui.Tabs:
    tabs = []
    for key, label in {"all": gettext("全部"), DUE: gettext("要退的"), **named_states(settled)}.items():
        count = len(chosen_orders(settled, key, ""))
        tabs.append(ui.Tab(label, lists.without_place(request, view=key), key == view, figures.exact(count)))
    return ui.Tabs(tabs, gettext("哪些单"))


def _notices(settled: SettledPayments) -> list[ui.Notice]:
    """What makes the result less than final: rows left out, orders that still wait, groups that are not there."""
    found = []
    if settled.refused:
        text = gettext("下面列着原因和怎么办。它们可能改变别的单的结果：改好再传一次。")
        count = len(settled.refused)
        title = ngettext("有 %(n)s 行没有算", "有 %(n)s 行没有算", count) % {"n": figures.exact(count)}
        found.append(ui.Notice(text, title, "warn"))
    if settled.astray:
        text = gettext("团长那一单不在文件里，它们当作自己开团。订单号写错就改，漏了就补上再传。")
        said = ngettext("%(n)s 单跟的团找不到", "%(n)s 单跟的团找不到", settled.astray)
        title = said % {"n": figures.exact(settled.astray)}
        found.append(ui.Notice(text, title, "warn"))
    if settled.settlement.open_cents:
        text = gettext("优惠或团还没结束，到时候再算一遍。")
        title = gettext("还有 %(money)s 没定") % {"money": figures.yuan(settled.settlement.open_cents)}
        found.append(ui.Notice(text, title))
    return found

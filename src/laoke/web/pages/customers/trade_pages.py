"""Customers that are companies: the list with what is open and agreed, and one company with contacts and deals."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from laoke.customers import trade
from laoke.customers.models import TradeCompany, TradeContact, TradeDeal
from laoke.customers.sealing import VaultError
from laoke.money.parsing import MoneyError, parse_cents
from laoke.shops.models import Role, Staff
from laoke.web import components as ui
from laoke.web import figures, lists, sheets
from laoke.web.access import MARKETING, READS, allowed, clock_of, may_market, shop_of
from laoke.web.components.base import Words
from laoke.web.numbers import row_number

TALKS = (*MARKETING, Role.SERVICE)
REFUSALS: dict[str, Words] = {
    "name": _("写上名字，公司最长 100 个字，联系人最长 40 个字"),
    "name_taken": _("已经有这家公司了"),
    "contact": _("电话和邮箱至少写一样"),
    "phone": _("电话不对：7 到 13 位数字"),
    "email": _("邮箱不对"),
    "title": _("写上内容，最长 100 个字"),
    "value": _("金额写成 500 或 500.00，要大于零"),
    "state": _("现在不能改成这个状态，刷新页面再看"),
}
STATES: dict[str, ui.Status] = {
    "draft": ui.Status(_("草稿")),
    "sent": ui.Status(_("已报出"), "run"),
    "accepted": ui.Status(_("已接受"), "ok"),
    "signed": ui.Status(_("已签"), "run"),
    "done": ui.Status(_("做完"), "ok"),
    "lost": ui.Status(_("没成"), "bad"),
}
MOVES: dict[str, Words] = {
    "draft": _("重新谈"), "sent": _("报出"), "accepted": _("接受了"), "signed": _("签了"), "done": _("做完了"),
    "lost": _("没成"),
}  # fmt: skip


@dataclass(frozen=True)
class CompaniesPage:
    """All companies."""

    filters: ui.Filters
    table: ui.Table
    staff: list[Staff]
    may_change: bool


@dataclass(frozen=True)
class CompanyPage:
    """One company: figures, who speaks for it, quotes and contracts."""

    company: TradeCompany
    sums: ui.Facts
    contacts: list[TradeContact]
    deals: ui.Table
    kinds: list[tuple[str, str]]
    may_talk: bool
    may_change: bool


@allowed(*READS)
@require_http_methods(["GET", "POST"])
def companies(request: HttpRequest) -> HttpResponse:
    """The list; a posted form adds a company."""
    shop = shop_of(request)
    may = may_market(request)
    if request.method == "POST":
        if not may:
            raise PermissionDenied
        return _add_company(request)
    rows = TradeCompany.objects.filter(shop=shop).select_related("in_charge__user")
    if wanted := lists.searched(request):
        rows = rows.filter(name__icontains=wanted)
    listing = lists.Listing(
        gettext("企业客户"),
        rows,
        ("-pk",),
        [
            ui.Column("name", _("公司"), "nowrap"),
            ui.Column("quotes", _("在谈的报价（元）"), "num", card="hide"),
            ui.Column("contracts", _("签了的合同（元）"), "num", card="end"),
            ui.Column("contacts", _("联系人"), "num", card="hide"),
            ui.Column("owner", _("负责人"), "nowrap", card="hide"),
        ],
        lines=_lines,
    )
    if sheets.wanted(request):
        return listing.sheet(request)
    count = rows.count()
    page = CompaniesPage(
        lists.filters(request, gettext("公司名"), count=count),
        listing.table(
            listing.found(request),
            request,
            empty=ui.Empty(_("还没有企业客户"), _("成批采购的公司记在这里：谁联系、报过什么价、签了什么")),
            order=gettext("最近的在前"),
            count=gettext("共 %(n)s 家") % {"n": figures.exact(count)},
        ),
        list(Staff.objects.filter(shop=shop).select_related("user").order_by("pk")),
        may,
    )
    return render(request, "customers/trade.html", {"page": page})


def _sums(deals: Any) -> tuple[int, int, int]:
    """Cents of open quotes, of signed contracts, and of all contracts that were signed or are done."""
    kind, state = TradeDeal.Kind, TradeDeal.State
    found = deals.aggregate(
        quotes=Sum("value_cents", filter=Q(kind=kind.QUOTE, state__in=(state.DRAFT, state.SENT))),
        signed=Sum("value_cents", filter=Q(kind=kind.CONTRACT, state=state.SIGNED)),
        all=Sum("value_cents", filter=Q(kind=kind.CONTRACT, state__in=(state.SIGNED, state.DONE))),
    )
    return found["quotes"] or 0, found["signed"] or 0, found["all"] or 0


def _lines(found: list[TradeCompany]) -> list[ui.Row]:
    ids = [company.pk for company in found]
    people = dict(TradeContact.objects.filter(company__in=ids).values_list("company").annotate(n=Count("pk")))
    rows = []
    for company in found:
        quotes, signed, _all = _sums(TradeDeal.objects.filter(company=company))
        url = reverse("trade_company", args=[company.pk])
        rows.append(
            ui.Row(
                [
                    ui.Cell(company.name, url=url), figures.cents(quotes), figures.cents(signed),
                    people.get(company.pk, 0), str(company.in_charge or ""),
                ],
                url=url,
                name=company.name,
            )
        )  # fmt: skip
    return rows


def _add_company(request: HttpRequest) -> HttpResponse:
    shop = shop_of(request)
    staff = Staff.objects.filter(shop=shop, pk=row_number(request.POST.get("in_charge", "")) or 0).first()
    try:
        row = trade.add_company(
            shop, request.POST.get("name", ""), by=request.user, now=clock_of(request).now(), in_charge=staff  # type: ignore[arg-type]
        )  # fmt: skip
    except trade.TradeRefused as refused:
        messages.error(request, str(REFUSALS[refused.code]))
        return redirect("trade")
    messages.success(request, gettext("记下了"))
    return redirect("trade_company", row.pk)


def _company(request: HttpRequest, company_id: int) -> TradeCompany:
    rows = TradeCompany.objects.filter(shop=shop_of(request)).select_related("shop", "in_charge__user")
    return get_object_or_404(rows, pk=company_id)


@allowed(*READS)
@require_GET
def company(request: HttpRequest, company_id: int) -> HttpResponse:
    now, row = clock_of(request).now(), _company(request, company_id)
    role = request.role  # type: ignore[attr-defined]
    quotes, signed, every = _sums(row.deals)
    page = CompanyPage(
        row,
        ui.Facts(
            [
                (_("在谈的报价"), figures.yuan(quotes)),
                (_("签了、还没做完的合同"), figures.yuan(signed)),
                (_("签了的和做完的合同"), figures.yuan(every)),
            ]
        ),
        list(row.contacts.order_by("pk")),
        _deals(row, now, role in MARKETING),
        [(kind.value, str(kind.label)) for kind in TradeDeal.Kind],
        role in TALKS,
        role in MARKETING,
    )
    return render(request, "customers/trade_company.html", {"page": page})


@dataclass(frozen=True)
class Moves(ui.Component):
    """Buttons for the states a deal can move to."""

    template = "customers/trade_moves.html"
    url: str
    states: list[tuple[str, Words]]


def _deals(row: TradeCompany, now: datetime, may: bool) -> ui.Table:
    rows = []
    for deal in row.deals.select_related("created_by").order_by("-created_at", "-pk"):
        over = deal.until is not None and deal.until < now.date() and deal.state in trade.OPEN
        until = figures.day(deal.until, now) if deal.until else ""
        states = [(state, MOVES[state]) for state in trade.WAYS[deal.kind][deal.state]]
        rows.append(
            ui.Row(
                [
                    deal.get_kind_display(),
                    ui.Cell(deal.title, sub=deal.number),
                    figures.cents(deal.value_cents),
                    STATES[deal.state],
                    ui.Cell(until, tone="warn" if over else "", sub=gettext("已过期") if over else ""),
                    figures.when(deal.changed_at, now),
                    Moves(reverse("trade_move", args=[deal.pk]), states) if may and states else "",
                ]
            )
        )
    columns = [
        ui.Column("kind", _("哪种"), "nowrap"),
        ui.Column("title", _("内容"), "wrap", card="wide"),
        ui.Column("value", _("金额（元）"), "num", card="end"),
        ui.Column("state", _("状态")),
        ui.Column("until", _("有效到"), "nowrap", card="hide"),
        ui.Column("at", _("最近变动"), "nowrap", card="hide"),
        ui.Column("act", "", "min", card="wide"),
    ]
    return ui.Table(
        columns, rows, caption=_("报价和合同"), empty=ui.Empty(_("还没有报价和合同"), ""), roomy=True
    )


@require_POST
@allowed(*TALKS)
def add_contact(request: HttpRequest, company_id: int) -> HttpResponse:
    """Seal who speaks for the company."""
    row, post = _company(request, company_id), request.POST
    speaker = trade.Speaker(post.get("name", ""), post.get("phone", ""), post.get("email", ""))
    try:
        trade.add_contact(
            row, speaker, role=post.get("role", ""), by=request.user, now=clock_of(request).now()  # type: ignore[arg-type]
        )  # fmt: skip
    except trade.TradeRefused as refused:
        messages.error(request, str(REFUSALS[refused.code]))
    else:
        messages.success(request, gettext("记下了"))
    return redirect("trade_company", row.pk)


def _contact(request: HttpRequest, contact_id: int) -> TradeContact:
    rows = TradeContact.objects.filter(company__shop=shop_of(request)).select_related("company__shop")
    return get_object_or_404(rows, pk=contact_id)


@require_POST
@allowed(*TALKS)
def show_contact(request: HttpRequest, contact_id: int) -> HttpResponse:
    """Who it is in clear: one audit row each time."""
    row = _contact(request, contact_id)
    try:
        speaker = trade.show_contact(row, by=request.user, now=clock_of(request).now())  # type: ignore[arg-type]
    except VaultError:
        return render(request, "customers/contact.html", {"value": "", "field": "phone"})
    told = " · ".join(filter(None, [speaker.name, speaker.phone, speaker.email]))
    return render(request, "customers/contact.html", {"value": told, "field": "phone"})


@require_POST
@allowed(*MARKETING)
def remove_contact(request: HttpRequest, contact_id: int) -> HttpResponse:
    """Forget who spoke for the company."""
    row = _contact(request, contact_id)
    trade.remove_contact(row, by=request.user, now=clock_of(request).now())  # type: ignore[arg-type]
    messages.success(request, gettext("删掉了"))
    return redirect("trade_company", row.company_id)


@require_POST
@allowed(*MARKETING)
def add_deal(request: HttpRequest, company_id: int) -> HttpResponse:
    """Write down a quote or a contract."""
    row, post = _company(request, company_id), request.POST
    try:
        trade.add_deal(
            row, kind=post.get("kind", ""), title=post.get("title", ""), value_cents=_cents(post.get("value", "")),
            number=post.get("number", ""), until=_date(post.get("until", "")), by=request.user,  # type: ignore[arg-type]
            now=clock_of(request).now(),
        )  # fmt: skip
    except trade.TradeRefused as refused:
        messages.error(request, str(REFUSALS[refused.code]))
    else:
        messages.success(request, gettext("记下了"))
    return redirect("trade_company", row.pk)


def _cents(text: str) -> int | None:
    try:
        return parse_cents(text) if text.strip() else None
    except MoneyError:
        return None


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None


@require_POST
@allowed(*MARKETING)
def move_deal(request: HttpRequest, deal_id: int) -> HttpResponse:
    """Move a quote or a contract on."""
    rows = TradeDeal.objects.filter(company__shop=shop_of(request)).select_related("company__shop")
    deal = get_object_or_404(rows, pk=deal_id)
    state = request.POST.get("state", "")
    try:
        moved = trade.move_deal(deal, state, by=request.user, now=clock_of(request).now())  # type: ignore[arg-type]
    except trade.TradeRefused as refused:
        messages.error(request, str(REFUSALS[refused.code]))
        return redirect("trade_company", deal.company_id)
    if not moved:
        messages.error(request, str(REFUSALS["state"]))
    return redirect("trade_company", deal.company_id)
